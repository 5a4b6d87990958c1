/* What the files of the watermelon share.  See watermelon.c. */
#ifndef ENT_PROVE_MELON_H
#define ENT_PROVE_MELON_H

#include "compiler/prove/counterexample.h"
#include "compiler/prove/internal.h"
#include "compiler/prove/trial.h"

enum { ENT_MELON_PARTS = 16, ENT_MELON_JUDGES = 48 };

typedef struct ent_melon_part { /* a service, and where its samples stand in the trial */
    const ent_service_decl *service;
    uint8_t *seen;          /* the whole's own where the service is the whole's */
    const ent_box *rows[3]; /* by ENT_SEEN_*: a row that surely is it */
} ent_melon_part;

typedef enum ent_melon_reason {
    ENT_MELON_TARGET = 0, /* bad samples within the targets */
    ENT_MELON_SPAN,       /* ... that lie in a span */
    ENT_MELON_SILENCE     /* nothing is heard */
} ent_melon_reason;

typedef struct ent_melon {
    ent_prover *p;
    ent_boxer x;
    ent_judge whole;
    ent_judge judges[ENT_MELON_JUDGES]; /* of the components' objectives */
    size_t n_judges;
    ent_melon_part service;
    ent_melon_part parts[ENT_MELON_PARTS];
    size_t n;
    bool own; /* parts[0] is the service's own, and the only one */
    uint8_t *seen;
    size_t capacity;
    /* what was found */
    ent_trial trial;
    ent_melon_reason reason;
    const ent_spanuse_decl *use; /* of SPAN: whose exclusion it is */
    const ent_box *begin, *end;  /* the rows between which the span holds */
    ent_ruling ruling;           /* of the whole */
} ent_melon;

/* A row of the service that is good or bad in the sense of the whole; NULL: none that is certain. */
const ent_box *ent_melon_row(const ent_melon *m, const ent_service_decl *s, bool good);
/* The rows between which the span of the exclusion holds for the service; false: none that is
 * certain, or rows that would do more than that. */
bool ent_melon_span_rows(ent_melon *m, const ent_spanuse_decl *use, const ent_service_decl *s);

/* Looks for a trial; false: none is found, or memory ran out. */
bool ent_melon_search(ent_melon *m);
void ent_melon_report(ent_melon *m);

/* Of two weeks every start on the hour is tried. */
enum { ENT_MELON_STARTS = 14 * 24 };

/* A clock of a duty with one of its allowances, apart from what rows do to it. */
typedef struct ent_melon_clock {
    const ent_duty_decl *d;
    const ent_allow_decl *allow;
    ent_calendar *calendar; /* NULL: plain time */
    ent_intervals pauses;   /* by calendars, up to the horizon */
    ent_calendar *excused[4];
    size_t n_excused;
} ent_melon_clock;

bool ent_melon_clock_make(ent_melon_clock *c, const ent_duty_decl *d, const ent_allow_decl *allow,
                          int64_t from);
void ent_melon_clock_stop(ent_melon_clock *c);
/* Up to when it is kept if it starts then.  False: not known: it runs on too long after `first`. */
bool ent_melon_kept_until(const ent_melon_clock *c, int64_t start, int64_t first, int64_t *at);
/* Whether a breach would be excused by a calendar. */
bool ent_melon_is_excused(const ent_melon_clock *c, int64_t start);
bool ent_melon_covers(const ent_agreement_decl *a, int64_t at);
/* Whether the row may be one of the pattern. */
bool ent_melon_may_fit(const ent_boxer *x, const ent_pattern_decl *pattern, const ent_box *row,
                       const ent_feed_decl *feed);
/* "8h of office" */
const char *ent_melon_allowance(ent_prover *p, const ent_allow_decl *a);

/* Chains of duties, each of which the row begins that discharges the one before it. */
void ent_prove_melon_chain(ent_prover *p, const ent_duty_decl *whole);
void ent_prove_melon_duty(ent_prover *p, const ent_duty_decl *whole);
#endif
