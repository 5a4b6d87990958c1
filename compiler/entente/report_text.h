/* How the reports for people say things: the table and the page have the same words. */
#ifndef ENT_ENTENTE_REPORT_TEXT_H
#define ENT_ENTENTE_REPORT_TEXT_H

#include "compiler/entente/run.h"

/* One decision of an objective or a pool, or all of a duty. */
typedef struct ent_report_entry {
    const ent_verdict *d; /* NULL: a duty */
    int64_t duty;
    int64_t agreement, order;
    size_t rank;
} ent_report_entry;

/* Objectives decision by decision, duties whole, in the order of agreements and clauses; there is room for all
 * decisions and duties.  Their number. */
size_t ent_report_entries(const ent_run_result *r, ent_report_entry *entries);

/* The two largest units. */
void ent_report_duration(int64_t ns, char *buf, size_t size);
void ent_report_subject(const ent_run_result *r, const ent_verdict *d, char *buf, size_t size);
/* The window as short as it can be said without losing it. */
void ent_report_window(const ent_run_result *r, const ent_verdict *d, char *buf, size_t size);
void ent_report_target(const ent_run_result *r, const ent_objective_row *row, char *buf, size_t size);
void ent_report_measure(const ent_run_result *r, const ent_verdict *d, char *buf, size_t size);
const char *ent_report_status(const ent_verdict *d);
/* Grouped, in the agreement's currency, without its name. */
void ent_report_money(const ent_run_result *r, int64_t agreement, ent_i128 minor, char *buf, size_t size);
/* The clause's title, or its name. */
const char *ent_report_label(const ent_image *p, const ent_verdict *d);
/* "3 met, 2 breach"; empty: nothing was counted. */
void ent_report_tally(const ent_tally *sum, bool duty, char *buf, size_t size);
#endif
