/* What the files of the prover share.  See prove.h. */
#ifndef ENT_PROVE_INTERNAL_H
#define ENT_PROVE_INTERNAL_H

#include "compiler/prove/box.h"
#include "compiler/prove/elements.h"
#include "compiler/prove/prove.h"
#include "compiler/syntax/text.h"

typedef struct ent_reported {
    ent_diag_code code;
    ent_span span;
} ent_reported;

typedef struct ent_prover {
    ent_arena *arena;
    ent_sources *sources;
    ent_diags *diags;
    const ent_model *m;
    bool strict;        /* `require underpinning` */
    ent_collections at; /* of the day in hand */
    ent_reported *reported;
    size_t n_reported;
    bool out_of_memory;
} ent_prover;

/* Each reports what it finds; false: out of memory. */
bool ent_prove_rules(ent_prover *p);
/* The next ones look at the day in hand. */
void ent_prove_availability(ent_prover *p);
void ent_prove_times(ent_prover *p);
void ent_prove_accountability(ent_prover *p);

/* These look at the whole model once. */
void ent_prove_ladders(ent_prover *p);
void ent_prove_gaps(ent_prover *p);
void ent_prove_guards(ent_prover *p);
void ent_prove_claims(ent_prover *p);
void ent_prove_watermelons(ent_prover *p);
void ent_prove_dead(ent_prover *p);

/* A scenario of the objective with the figure, whose rows have the gap's value if there is one; false:
 * none is certain. */
bool ent_show_figure(ent_prover *p, const ent_ladder_case *c, const ent_match_gap *gap);
/* The same over the outcomes of a duty. */
bool ent_show_outcomes(ent_prover *p, const ent_ladder_case *c);

typedef struct ent_figure_shown {
    const ent_ladder_case *c;
    const ent_feed_decl *feed;
    const ent_service_decl *service; /* the subject, where there is one */
    const char *title;               /* after the objective's name; NULL: by its figure */
    int64_t day;                     /* in the window that has the figure */
    size_t n_rows;
} ent_figure_shown;

/* Shows the scenario with these rows, the lines of a file of the feed with its header. */
void ent_show_scenario(ent_prover *p, const ent_figure_shown *s, const ent_text *rows);

enum { ENT_SHOWN_MAX = 2 };

typedef struct ent_shown_rows {
    ent_boxes of[ENT_SHOWN_MAX]; /* one row of each */
    size_t n;
    const char *title; /* what the scenario is called, after the objective's name */
} ent_shown_rows;

/* A scenario of the objective with these rows, by which it has the case's figure (NULL text: none). */
bool ent_show_rows(ent_prover *p, const ent_ladder_case *c, const ent_shown_rows *rows);

/* Two conditions that no row fulfils together: a row for each, and where that is reported. */
typedef struct ent_never {
    ent_diag *diag;
    const ent_alt_decl *where; /* the alternative of a pattern that asks for both; NULL in a measure */
    ent_boxes first, second;   /* rows that fulfil all that is asked but the other; second may be empty */
    const char *title;
} ent_never;

void ent_show_never_counted(ent_prover *p, const ent_objective_decl *o, bool by_test,
                            const ent_never *never);
void ent_show_always(ent_prover *p, const ent_objective_decl *o, ent_diag *d, const ent_boxes *rows,
                     size_t n);
/* The pattern is one of the duty's: its trigger, or what discharges or voids it. */
void ent_show_never_happens(ent_prover *p, const ent_duty_decl *d, const ent_pattern_decl *pattern,
                            const ent_never *never);
void ent_show_never_excused(ent_prover *p, const ent_duty_decl *d, ent_diag *diag);
/* Of the allowance `if A then B else if C then D …` the first branch takes what the second is for. */
void ent_show_branch(ent_prover *p, const ent_duty_decl *d, ent_diag *diag, const ent_node *chain);
/* Rows that fulfil the condition once its match, if it is a part of it, says what the gap asks for. */
ent_boxes ent_gap_rows(ent_prover *p, ent_boxes in, const ent_node *condition,
                       const ent_match_gap *gap, bool *asked);

/* A diagnostic, unless that code was reported at that place on an earlier day: then NULL. */
ent_diag *ent_prove_report(ent_prover *p, ent_diag_code code, ent_span span, const char *format,
                           ...) __attribute__((format(printf, 4, 5)));

/* "99.95%": exact up to six places, rounded to six beyond. */
const char *ent_prove_percent(ent_prover *p, ent_q ratio);
/* "1h30m" */
const char *ent_prove_duration(ent_prover *p, int64_t ns);
/* "4.1 Availability", or the clause's name where it has no title. */
const char *ent_prove_title(const char *title, const char *name);
/* Whether the checked expressions say the same. */
bool ent_prove_same(const ent_node *a, const ent_node *b);
/* Whether the objective is a share, of samples or of time, held from below. */
bool ent_is_availability(const ent_objective_decl *o);
/* Whether the two say the same of one feed: aggregate, condition and windows. */
bool ent_is_alike(const ent_objective_decl *a, const ent_objective_decl *b);
/* All services that s stands on, each once, those farthest down first; NULL: out of memory. */
const ent_service_decl **ent_prove_closure(ent_prover *p, const ent_service_decl *s, size_t *n);
#endif
