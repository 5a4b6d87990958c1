/* What changed in meaning between two sets of agreements.
 *
 * Both are compared as they were parsed, by the canonical form of their parts, so that comments, layout and the
 * spelling of figures are no difference.  Agreements are matched by name and version; a version that is
 * new is held against the one that it amends.  Each difference says where it is, what it is about and how
 * it reads before and after.  Tested in tests/golden/run/diff. */
#ifndef ENT_DIFF_DIFF_H
#define ENT_DIFF_DIFF_H

#include "compiler/check/model.h"

typedef enum ent_change { ENT_CHANGE_ADDED = 1, ENT_CHANGE_REMOVED, ENT_CHANGE_CHANGED } ent_change;

typedef struct ent_difference {
    const char *where; /* "HostingSLA version 3", "framework RetailClub", "shared" */
    const char *clause; /* "objective uptime", or NULL: the head */
    const char *what;   /* "target", or NULL: the whole clause */
    ent_change change;
    const char *before; /* the author's words, blanks collapsed; NULL where there is none */
    const char *after;
} ent_difference;

/* One set: what was loaded and what the checker made of it. */
typedef struct ent_diff_side {
    const ent_model *model;
    ent_node **files;
    size_t n_files;
} ent_diff_side;

typedef struct ent_differences {
    ent_difference *v;
    size_t n, capacity;
    const char **voided; /* versions whose digests are others now, or that are new: to be signed (again) */
    size_t n_voided, voided_capacity;
    bool failed; /* memory */
} ent_differences;

/* Texts live in the arena. */
void ent_diff(ent_arena *arena, const ent_diff_side *before, const ent_diff_side *after,
              ent_differences *out);
#endif
