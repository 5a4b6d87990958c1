/* What opening and folding windows (objective.c) and closing them (close.c) share. */
#ifndef ENT_STATE_OBJECTIVE_H
#define ENT_STATE_OBJECTIVE_H

#include "runtime/state/state.h"

ent_group *ent_group_at(const ent_objectivestate *o, ent_window_state *w, int64_t key, bool make);
void ent_window_free(const ent_objectivestate *o, ent_window_state *w);
/* All that is excluded in the window up to `to` for one key of the feed. */
bool ent_excluded_set(ent_engine *s, const ent_objectivestate *o, const ent_window_state *w,
                         int64_t feed, const int64_t *use_keys, int64_t to, ent_intervals *out);
/* The same for a figure that is about no key: the union over all keys of the span. */
bool ent_excluded_use_of_all(ent_engine *s, const ent_spanuse_row *use, int64_t from, int64_t to,
                           ent_intervals *out);
/* Adds what one use takes out of [from, to), cut to its `at most`. */
bool ent_excluded_use(ent_engine *s, const ent_spanuse_row *use, int64_t key, int64_t from,
                    int64_t to, ent_intervals *out);
/* Shares count what is missing even where it is ignored: the decision says how much that was. */
bool ent_fold_tracks(const ent_engine *s, const ent_fold_row *fold);
/* Adds the tracker's time from where it was accounted up to `upto` to every window that it touches. */
bool ent_tracker_account(ent_engine *s, ent_objectivestate *o, size_t k, ent_tracker *t, int64_t upto);
/* The count of samples of one key of fold k in the window; NULL: no memory. */
int64_t *ent_window_seen(ent_engine *s, ent_window_state *w, size_t k, int64_t key);
/* Whether the subject of a fold's group is the feed's own single key: then a silent one is known by that
 * alone, and the group's samples are the key's. */
bool ent_fold_subject_is_key(const ent_engine *s, const ent_fold_row *fold);
bool ent_fold_lanes(ent_engine *s, ent_objectivestate *o, ent_window_state *w, size_t k,
                       size_t begin, size_t end, int64_t until);
/* Whether it is a sum of integers; or keeps integers. */
bool ent_fold_is_summed(const ent_fold_row *fold);
bool ent_fold_is_kept(const ent_fold_row *fold);
/* Integers that are not bad, first and last; none: the first is greater. */
typedef struct ent_value_interval {
    int64_t first, last;
} ent_value_interval;
ent_value_interval ent_good_values(const ent_causes *causes);
/* Whether the sum of the fold has the bad values in it, too, instead of having them by their causes alone. */
bool ent_fold_sums_all(const ent_objectivestate *o, const ent_fold_row *fold);
/* An objective before this one that folds the same rows in the same way, or -1; *own_causes: but others are bad. */
int64_t ent_folds_lender(const ent_engine *s, const ent_objectivestate *o, bool *own_causes);
/* Marks the lanes [begin, end) whose instant is excluded; *marks is NULL if nothing can be. */
bool ent_mark_excluded(ent_engine *s, ent_objectivestate *o, ent_window_state *w, ent_feedstate *f,
                       size_t begin, size_t end, int64_t until, uint8_t **marks);

/* --- budget.c --- */
/* false: the objective has none. */
bool ent_budget_of(const ent_engine *s, const ent_objectivestate *o, const ent_window_state *w,
                   const ent_group *g, int64_t hi, const ent_verdict *d, ent_budget *out);

/* --- note.c --- */
/* By time, then by what they are about. */
int ent_fact_compare(const ent_fact *a, const ent_fact *b);
/* A run of bad samples of one service and set of causes is one fact, as long as it is not interrupted: with samples
 * once an interval, and half of one later at most, there is no room for another sample in between.  The earliest are
 * kept, whatever the order in which they are settled, which differs with how the input was cut. */
bool ent_group_note(ent_group *g, int64_t interval, const ent_suspect *x, uint64_t causes);

/* --- cause.c --- */
bool ent_causes_init(ent_engine *s, ent_objectivestate *o, ent_fault *error);
void ent_causes_free(ent_engine *s, ent_causes *causes);
void ent_group_deinit_causes(ent_group *g);
/* Takes note of the slice's samples of services that others depend on. */
bool ent_causes_slice(ent_engine *s, ent_objectivestate *o);
/* Whether the row that counts is bad. */
bool ent_sample_is_bad(const ent_causes *c, const ent_fold_row *fold, const uint8_t *test,
                       const ent_colbuf *values, size_t lane);
/* A bad row of the group: charges it to its causes, at once or when they can be known. */
bool ent_causes_sample(ent_engine *s, ent_objectivestate *o, ent_window_state *w, ent_group *g,
                       ent_feedstate *f, size_t lane);
/* The tracker's stretch [from, to) of the window is in the wrong state. */
bool ent_causes_stretch(ent_engine *s, ent_objectivestate *o, ent_window_state *w, ent_group *g,
                        size_t tracker, int64_t from, int64_t to);
/* Charges what is missing, and counts as bad, to the service's own provider: n samples, or ns of a time share. */
bool ent_causes_missing(ent_engine *s, ent_objectivestate *o, ent_group *g, int64_t service,
                        int64_t n, int64_t ns);
/* Settles the suspects whose roots cannot change any more when all rows before `until` are known; all of
 * those of `window`, if it is not NULL. */
bool ent_causes_settle(ent_engine *s, ent_objectivestate *o, int64_t until,
                       const ent_window_state *window);

/* --- replay.c --- */
/* The answer for a breach of the group's window; NULL: memory. */
ent_answer *ent_replay_answer(ent_engine *s, const ent_objectivestate *o,
                              const ent_window_state *w, const ent_group *g, const ent_verdict *d);
/* Opens every window that begins before `until`. */
bool ent_open_windows(ent_engine *s, ent_objectivestate *o, int64_t until);

#endif
