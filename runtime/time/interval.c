/* Sets of intervals; see interval.h for the invariant. The operations on two sets are single
 * sweeps. Tested by tests/unit/test_time.c. */
#include "interval.h"

#include <stdlib.h>
#include <string.h>

void ent_intervals_init(ent_intervals *set)
{
    *set = (ent_intervals){0};
}

void ent_intervals_deinit(ent_intervals *set)
{
    free(set->v);
    *set = (ent_intervals){0};
}

void ent_intervals_clear(ent_intervals *set)
{
    set->n = 0;
}

static bool reserve_one(ent_intervals *set)
{
    if (set->n < set->cap) {
        return true;
    }
    size_t cap = set->cap ? set->cap * 2 : 1; /* most keys have one */
    if (cap < set->cap || cap > SIZE_MAX / sizeof *set->v) {
        return false;
    }
    ent_interval *v = realloc(set->v, cap * sizeof *v);
    if (!v) {
        return false;
    }
    set->v = v;
    set->cap = cap;
    return true;
}

/* Index of the first interval with to >= t: the first that [t, ...) overlaps or touches. */
static size_t first_touching(const ent_intervals *set, int64_t t)
{
    size_t low = 0, high = set->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->v[middle].to >= t) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

bool ent_intervals_add(ent_intervals *set, int64_t from, int64_t to)
{
    if (from >= to) {
        return true;
    }
    if (set->n > 0 && set->n < set->cap && set->v[set->n - 1].to < from) {
        set->v[set->n++] = (ent_interval){from, to};
        return true;
    }
    size_t at = set->n == 0 || set->v[set->n - 1].to < from ? set->n : first_touching(set, from);
    size_t end = at;
    while (end < set->n && set->v[end].from <= to) {
        end++;
    }
    if (at == end) {
        if (!reserve_one(set)) {
            return false;
        }
        memmove(set->v + at + 1, set->v + at, (set->n - at) * sizeof *set->v);
        set->v[at] = (ent_interval){from, to};
        set->n++;
        return true;
    }
    /* One interval takes the place of at..end-1. */
    if (set->v[at].from > from) {
        set->v[at].from = from;
    }
    set->v[at].to = set->v[end - 1].to > to ? set->v[end - 1].to : to;
    memmove(set->v + at + 1, set->v + end, (set->n - end) * sizeof *set->v);
    set->n -= end - at - 1;
    return true;
}

bool ent_intervals_union(ent_intervals *out, const ent_intervals *a, const ent_intervals *b)
{
    out->n = 0;
    size_t i = 0, j = 0;
    while (i < a->n || j < b->n) {
        bool from_a = j == b->n || (i < a->n && a->v[i].from <= b->v[j].from);
        ent_interval next = from_a ? a->v[i++] : b->v[j++];
        if (!ent_intervals_add(out, next.from, next.to)) {
            return false;
        }
    }
    return true;
}

bool ent_intervals_intersect(ent_intervals *out, const ent_intervals *a, const ent_intervals *b)
{
    out->n = 0;
    size_t i = 0, j = 0;
    while (i < a->n && j < b->n) {
        ent_interval x = a->v[i], y = b->v[j];
        int64_t from = x.from > y.from ? x.from : y.from;
        int64_t to = x.to < y.to ? x.to : y.to;
        if (!ent_intervals_add(out, from, to)) {
            return false;
        }
        if (x.to <= y.to) {
            i++;
        } else {
            j++;
        }
    }
    return true;
}

bool ent_intervals_subtract(ent_intervals *out, const ent_intervals *a, const ent_intervals *b)
{
    out->n = 0;
    size_t j = 0;
    for (size_t i = 0; i < a->n; i++) {
        int64_t from = a->v[i].from, to = a->v[i].to;
        while (j < b->n && b->v[j].to <= from) {
            j++;
        }
        for (size_t k = j; k < b->n && b->v[k].from < to; k++) {
            if (!ent_intervals_add(out, from, b->v[k].from)) {
                return false;
            }
            from = b->v[k].to;
        }
        if (!ent_intervals_add(out, from, to)) {
            return false;
        }
    }
    return true;
}

size_t ent_intervals_find(const ent_intervals *set, int64_t t)
{
    return t == INT64_MAX ? set->n : first_touching(set, t + 1);
}

bool ent_intervals_contains(const ent_intervals *set, int64_t t)
{
    size_t i = ent_intervals_find(set, t);
    return i < set->n && set->v[i].from <= t;
}

int64_t ent_intervals_measure(const ent_intervals *set, int64_t from, int64_t to)
{
    uint64_t total = 0;
    for (size_t i = ent_intervals_find(set, from); i < set->n && set->v[i].from < to; i++) {
        int64_t low = set->v[i].from > from ? set->v[i].from : from;
        int64_t high = set->v[i].to < to ? set->v[i].to : to;
        if (low < high) {
            /* Disjoint parts of int64's range: their sum fits 64 unsigned bits. */
            total += (uint64_t)high - (uint64_t)low;
        }
    }
    return total > INT64_MAX ? INT64_MAX : (int64_t)total;
}
