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

/* A party's time within one of a duty's allowances. */
typedef struct ent_report_time {
    int64_t party;
    const ent_allow_row *allow; /* the first of those that give the same time */
    ent_whose_time sum;
} ent_report_time;

/* Goes on to the next line of whose time the duty's clocks were: parties as declared, allowances ascending, only where
 * there was any.  Begins with all zero; false: there is none, or no other. */
bool ent_report_time_next(const ent_run_result *r, int64_t duty, ent_report_time *line);
/* "4h", "24h of office"; "computed" where each clock has its own. */
void ent_report_allowance(const ent_image *p, const ent_allow_row *allow, char *buf, size_t size);
/* Hours, minutes and seconds: "488,625:55:27"; with decimals where there are parts of a second. */
void ent_report_hours(ent_i128 ns, char *buf, size_t size);
/* The title of a duty, or its name. */
const char *ent_report_duty(const ent_image *p, int64_t duty);

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
