/* Samples of Prometheus, wherever they come from, as rows of JSON Lines.
 *
 * A row has the columns `time`, `value`, and one a label; the metric's name is the label
 * `__name__`.  Labels that are themselves called `time` or `value` cannot be read.  Where nobody
 * evaluates PromQL, with remote write and text endpoints, the query of a bind must be a selector: a
 * name, and labels that are equal or not. */
#ifndef ENT_WATCH_SAMPLE_H
#define ENT_WATCH_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/ledger/json_out.h"

enum { ENT_WATCH_LABELS = 1024, ENT_WATCH_MATCHERS = 16 };

typedef struct ent_watch_label {
    const char *name, *value;
} ent_watch_label;

typedef struct ent_watch_selector {
    char *text; /* in which names and values stand, ended by NULs */
    struct {
        const char *name, *value;
        bool not_equal;
    } matchers[ENT_WATCH_MATCHERS];
    size_t n;
} ent_watch_selector;

/* `name{label="value", other!="value"}`; NULL selects all.  false: it is more than that, or no
 * memory. */
bool ent_watch_selector_init(ent_watch_selector *selector, const char *query);
void ent_watch_selector_deinit(ent_watch_selector *selector);
bool ent_watch_selects(const ent_watch_selector *selector, const ent_watch_label *labels, size_t n);

/* Adds a row; a value that is no number (Prometheus marks the end of a series so) adds none. */
void ent_watch_sample_text(ent_json_out *out, int64_t time_ns, const char *value,
                           const ent_watch_label *labels, size_t n);
void ent_watch_sample_row(ent_json_out *out, int64_t time_ns, double value,
                          const ent_watch_label *labels, size_t n);
#endif
