/* Trials: facts made up to show something, and what objectives make of them.
 *
 * A trial is a run of sampling instants, one interval apart, at each of which a service was seen good
 * or bad or was not seen at all; at most one span holds for a while.  An objective over a share of
 * such samples is decided on it window by window, by the rules by which the runtime decides a
 * scenario: windows in its own zone and within its dates, exclusions with their bounds, what silence
 * means.  So what is claimed of a trial holds when its scenario is run, which
 * tests/golden/diagnostics/counterexamples.sh does with every one that the golden tests show. */
#ifndef ENT_PROVE_TRIAL_H
#define ENT_PROVE_TRIAL_H

#include "compiler/check/model.h"
#include "runtime/time/calendar.h"
#include "runtime/time/interval.h"
#include "runtime/time/window.h"

/* The calendar as the runtime would build it, owned by the caller; NULL: no memory, or no such zone. */
ent_calendar *ent_decl_calendar(const ent_calendar_decl *declaration);

typedef enum ent_seen { ENT_SEEN_NOT = 0, ENT_SEEN_GOOD, ENT_SEEN_BAD } ent_seen;

typedef struct ent_trial {
    int64_t start, interval;
    size_t n;                        /* sampling instants; at the first and the last something is seen */
    const ent_span_decl *span;       /* holds during `held`; NULL: none does */
    const ent_service_decl *holder;  /* the span's key; NULL: it has none */
    ent_interval held;
    ent_interval period; /* only rolling windows that lie in it are decided */
    bool heard_whole;    /* a window counts as missed only if it lies within the run of samples */
} ent_trial;

/* One window of one objective in a trial. */
typedef struct ent_view {
    int64_t lo, hi;
    bool whole; /* not cut by the agreement's dates */
    ent_intervals out; /* what is excluded */
    int64_t left;      /* how many more may be bad: the searcher's */
} ent_view;

typedef struct ent_judge {
    const ent_objective_decl *o;
    const ent_service_decl *service;
    ent_zone *zone;
    ent_calendar **calendars; /* by exclusion; NULL: it is a span */
    int64_t from, to;         /* in force */
    ent_view *views;          /* of the trial in hand */
    size_t n_views, views_cap;
} ent_judge;

typedef struct ent_ruling {
    bool met;    /* in every window, and there is one */
    bool missed; /* in a window that is surely decided */
    int64_t bad, total; /* of the first missed window, else of all: in samples */
    ent_q figure;       /* of the first missed window */
    size_t windows;
} ent_ruling;

/* False: out of memory, or a zone that cannot be loaded.  Deinit is due either way. */
bool ent_judge_init(ent_judge *j, const ent_objective_decl *o, const ent_service_decl *s);
void ent_judge_deinit(ent_judge *j);
ent_rolling ent_judge_rolling(const ent_judge *j);

/* Whether the figure of good of total keeps to the objective's target. */
bool ent_is_kept(const ent_objective_decl *o, int64_t good, int64_t total);
/* The most bad samples of n with which it does. */
int64_t ent_bad_allowed(const ent_objective_decl *o, int64_t n);

/* Works out the objective's windows in the trial.  False: out of memory, or too many of them. */
bool ent_judge_look(ent_judge *j, const ent_trial *t);
/* The first view that ends after `at`, looked for from `first` on. */
size_t ent_judge_view(const ent_judge *j, size_t first, int64_t at);
bool ent_view_excludes(const ent_view *v, int64_t at);
ent_ruling ent_judge_rule(const ent_judge *j, const ent_trial *t, const uint8_t *seen);
#endif
