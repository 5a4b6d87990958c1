/* Sets of time as sorted, disjoint, half-open intervals [from, to).
 *
 * Invariant: v[i].from < v[i].to < v[i + 1].from; intervals that overlap or touch are one. The
 * struct is plain data, so that state that holds one can be written out and read back as it is.
 * INT64_MAX as `to` means that the end is not known yet. A set belongs to one thread while it is
 * changed. Functions that return bool return false when memory ran out: an addition then left the
 * set as it was, an operation on two sets left `out` incomplete.
 * Tested by tests/unit/test_time.c against a bitmap, and by tests/property/time_oracle.py. */
#ifndef ENT_TIME_INTERVAL_H
#define ENT_TIME_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ent_interval {
    int64_t from, to;
} ent_interval;

typedef struct ent_intervals {
    ent_interval *v;
    size_t n, cap;
} ent_intervals;

void ent_intervals_init(ent_intervals *set); /* a set that is all zero is initialised, too */
void ent_intervals_deinit(ent_intervals *set);
void ent_intervals_clear(ent_intervals *set); /* empties it and keeps the memory */

/* Adds [from, to) in any order; from >= to adds nothing. Constant time at the end of the set. */
bool ent_intervals_add(ent_intervals *set, int64_t from, int64_t to);

/* out becomes the result and must be neither a nor b; a and b may be the same. */
bool ent_intervals_union(ent_intervals *out, const ent_intervals *a, const ent_intervals *b);
bool ent_intervals_intersect(ent_intervals *out, const ent_intervals *a, const ent_intervals *b);
bool ent_intervals_subtract(ent_intervals *out, const ent_intervals *a, const ent_intervals *b);

/* Index of the first interval with to > t, or n: the one that contains t or the next one. */
size_t ent_intervals_find(const ent_intervals *set, int64_t t);

bool ent_intervals_contains(const ent_intervals *set, int64_t t);

/* Length of the set within [from, to); INT64_MAX if it is longer than that. */
int64_t ent_intervals_measure(const ent_intervals *set, int64_t from, int64_t to);

#endif
