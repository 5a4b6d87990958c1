/* Clocks divided by their keys into parts, each of which is taken through slices by whatever thread is free.
 *
 *   ready slice -> its events dealt out by key -> part 0 .. n: spans, clocks -> decisions -> engine: order, given out
 *
 * What a row means to a clock depends on rows of its own key only, where duties and the spans that stop them or say
 * whose time it was go by the feed's own key (ent_engine_divides asks that).  So a part is an engine of its own that
 * has nothing but spans and duties: of every slice it has the events of its keys, in their order, and leaves its
 * decisions with the slice.  The engine puts those of all parts in the order of the ledger, as it does with its own; so
 * the decisions, and their order, are the same with any number of parts.
 * Not public: ahead.h is.  Tested by tests/unit/test_parts.c and tests/property/invariance.sh. */
#ifndef ENT_STATE_PARTS_H
#define ENT_STATE_PARTS_H

#include "runtime/state/ahead.h"
#include "runtime/state/state.h"

typedef struct ent_verdicts {
    ent_verdict *v;
    size_t n, capacity;
    int64_t *final_ns; /* of each of them */
    size_t instants_capacity;
} ent_verdicts;

/* What rows of a slice mean, and what clocks came to by them. */
typedef struct ent_meaning {
    ent_events *lists; /* one a span, then one a duty that leads; of each only the list */
    size_t n_lists, n_parts;
    size_t *ends;       /* by list and part, where in the list its events end; those of parts follow one another */
    ent_verdicts *told; /* one a part */
} ent_meaning;

struct ent_ready {
    ent_feedstate feed;
    ent_meaning meaning;
    int64_t index, until;
    bool rest;
};

typedef struct ent_parts {
    ent_engine *v;
    size_t n;
    ent_meaning rest; /* of slices that were not made ready ahead */
} ent_parts;

bool ent_meaning_init(ent_meaning *m, const ent_image *p, size_t n_parts);
void ent_meaning_deinit(ent_meaning *m);
/* Finds what the rows of the slice that `s` has in hand mean to its spans and duties, and deals it out to parts: each
 * has its events in the order in which they were. */
bool ent_meaning_find(ent_engine *s, ent_meaning *m);

void ent_parts_free(ent_engine *s);
/* Takes a slice that was not made ready through all parts, one after the other, and has their decisions. */
bool ent_parts_slice(ent_engine *s, ent_fault *error);
/* How many decisions the parts have left with the slice; those that are final before then, listed by address behind the
 * n that are, in the order of their instants if each part's are; the others moved behind the engine's own. */
size_t ent_parts_told(const ent_meaning *m);
size_t ent_parts_list(ent_meaning *m, int64_t before, ent_verdict **list, size_t n);
bool ent_parts_keep(ent_engine *s, ent_meaning *m, int64_t before);
/* Moves what a part has decided behind the engine's own decisions. */
bool ent_parts_collect(ent_engine *s, ent_engine *part);
/* The period is known to its end: tells the parts. */
void ent_parts_end(ent_engine *s);
/* Adds up what parts have counted. */
void ent_parts_add_up(ent_engine *s);

/* Who has the engine's clocks: its parts or, undivided, itself. */
static inline size_t ent_engine_owners(const ent_engine *s)
{
    return s->parts ? s->parts->n : 1;
}
static inline ent_engine *ent_engine_owner(ent_engine *s, size_t i)
{
    return s->parts ? &s->parts->v[i] : s;
}
#endif
