/* Lines of JSON that look like the one before: one flat object whose members come in the same order and layout.
 *
 * What stands between the values is remembered and only compared; values are texts without escapes, numbers, `true`,
 * `false` and `null`, all in ASCII.  Whatever else a line is, this says nothing about it: it is for json_simd.h, which
 * knows all of JSON, so a line that is missed here costs time and never changes a cell.
 *
 * Many lines at once go by marks: a kernel of scan.h counts quotes and newlines and writes down those with which values
 * end.  Each line of the layout has as many, so everything in a line is found from these, and no line waits for where
 * the one before it ends.
 * Tested by tests/unit/test_feed.c and tests/property/feed_oracle.py. */
#ifndef ENT_FEED_JSON_PLAIN_H
#define ENT_FEED_JSON_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/feed/plain.h"
#include "runtime/feed/scan.h"

typedef struct ent_json_plain ent_json_plain;

/* The names must outlive it; the kind is of the kernel that finds quotes.  NULL: out of memory. */
ent_json_plain *ent_json_plain_new(const char *const *names, uint32_t n_names, ent_scan_kind kind);
void ent_json_plain_free(ent_json_plain *plain);

/* Fills row[0 .. n_names) and returns true if the line is such a one; else the row may hold anything.  A byte below a
 * blank follows the line, and as many readable ones as ENT_JSON_PADDING of json_simd.h. */
bool ent_json_plain_line(ent_json_plain *plain, const char *line, uint32_t len, ent_cell *row);

/* As many of the lines from text + from on as look like the line before, have every name, and no null; at most `most`,
 * and only lines that end at or before text[last], a newline; it may be fewer if others follow that differ from these
 * in which values are texts.  Returns how many, with *to behind them; `rows` is good until the next call.  Out of
 * memory, there are none. */
uint32_t ent_json_plain_rows(ent_json_plain *plain, const char *text, uint32_t from, uint32_t last,
                             uint32_t most, ent_plain_rows *rows, uint32_t *to);

#endif
