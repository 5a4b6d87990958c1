/* Rows and dates for scenarios that show what a diagnostic claims. */
#ifndef ENT_PROVE_COUNTEREXAMPLE_H
#define ENT_PROVE_COUNTEREXAMPLE_H

#include "compiler/prove/box.h"

/* Rows that fit both alternatives. */
ent_boxes ent_common_rows(const ent_boxer *x, const ent_alt_decl *a, const ent_alt_decl *b);
/* Whether one row may discharge both. */
bool ent_discharged_together(const ent_boxer *x, const ent_duty_decl *a, const ent_duty_decl *b);
/* Whether both are in force on some day, and are not two versions of one agreement. */
bool ent_in_force_together(const ent_agreement_decl *a, const ent_agreement_decl *b);
int64_t ent_first_common_day(const ent_agreement_decl *a, const ent_agreement_decl *b);

/* Whether a row of the box is skipped: a field that the fold reads is absent there. */
bool ent_is_skipped(const ent_box *box, const ent_fold_decl *f);
/* Whether rows that are written in a scenario under the feed's own names are read as they stand, and
 * not as a source's columns that go through its bind. */
bool ent_takes_rows(const ent_feed_decl *feed);
/* The header of a file of the feed, and a row of it that lies in the box: fields that the box
 * leaves open are `at` and the key as given, the first member of an enumeration, else absent. */
const char *ent_row_names(const ent_boxer *x, const ent_feed_decl *feed);
const char *ent_row(const ent_boxer *x, const ent_box *box, const ent_feed_decl *feed,
                    const char *at, const char *key);
/* Whether any text may be the key of a row of the box, at any time: the feed has one key, a text, and the
 * box speaks neither of it nor of `at`. */
bool ent_has_free_key(const ent_box *box, const ent_feed_decl *feed);
/* One line of a scenario: a row of the box. */
const char *ent_scenario_row(const ent_boxer *x, const ent_box *box, const ent_feed_decl *feed,
                             int64_t at, const char *key);
/* So much later that every clock has run out. */
int64_t ent_much_later(int64_t at);
/* The header of a scenario's rows and a row of the box at the start for T1, of which nothing is heard
 * again, and one for T2 much later.  NULL: the rows have no free key. */
const char *ent_overdue_rows(const ent_boxer *x, const ent_box *box, const ent_feed_decl *feed,
                             int64_t start);

/* Whether a row of the boxes may be one of the pattern, other than by its alternative `but`. */
bool ent_may_be(const ent_boxer *x, const ent_pattern_decl *pattern, const ent_feed_decl *feed,
                const ent_alt_decl *but, ent_boxes rows);
/* Whether nothing but its trigger and the lapse of time has a say in how a clock of the duty ends, apart
 * from rows that discharge or void it. */
bool ent_is_plain(const ent_duty_decl *d);
/* A row that begins a clock which is not excused, and that fulfils the condition (if not NULL); NULL:
 * none is certain. */
const ent_box *ent_beginning(const ent_boxer *x, const ent_duty_decl *d, const ent_node *where);
/* A row that discharges the duty and does not void it; NULL: none is certain. */
const ent_box *ent_discharging(const ent_boxer *x, const ent_duty_decl *d);
#endif
