/* Integers that medians and percentiles keep.
 *
 *     value -> the open chunk, 32 bits each -> once it is full, counts of the values of a window
 *
 * Which values came and how often is all that is ever asked, so a full chunk is counted: values in a window around the
 * median have a place each that says how often they came, and the chunk is used again.  So memory grows with the range
 * of the values, not with the rows, and it is never more than some times that of the values: a window has at most as
 * many places as there are values.  What lies outside stays in chunks, and so does everything where the range is too
 * wide.  Values beyond 32 bits are kept whole, behind each other.
 * Invariant: n_narrow is what is in chunks and counts.
 * Tested by tests/unit/test_state.c against sorting. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/state.h"

/* The greatest chunk is 2 KB with what is before it, so those of some hundred groups stay in the second cache. */
enum { CHUNK_FIRST = 12, CHUNK_MAX = 504 };

static void drop_chunk(ent_value_chunk **link)
{
    ent_value_chunk *chunk = *link;
    *link = chunk->next;
    free(chunk);
}

void ent_ranks_free(ent_fold_state *state)
{
    while (state->narrow) {
        drop_chunk(&state->narrow);
    }
    free(state->counts);
    state->counts = NULL;
    state->n_narrow = 0;
}

/* --- selection --- */

/* The values are counted by the top bits of their distance from the least; those that share the bits of the wanted one
 * are swapped to the front, and so on among them.  Each round takes 11 bits off the range, and decimals of one kind
 * lie close. */
int64_t ent_select_integer(int64_t *v, size_t n, size_t rank)
{
    enum { BITS = 11, BUCKETS = 1 << BITS };
    for (;;) {
        size_t count[BUCKETS] = {0};
        int64_t least = v[0];
        int64_t most = v[0];
        for (size_t i = 1; i < n; i++) {
            least = v[i] < least ? v[i] : least;
            most = v[i] > most ? v[i] : most;
        }
        uint64_t range = (uint64_t)most - (uint64_t)least;
        unsigned width = range == 0 ? 0 : 64 - (unsigned)__builtin_clzll(range);
        unsigned shift = width > BITS ? width - BITS : 0;
        for (size_t i = 0; i < n; i++) {
            count[((uint64_t)v[i] - (uint64_t)least) >> shift]++;
        }
        size_t bucket = 0;
        while (rank >= count[bucket]) {
            rank -= count[bucket++];
        }
        if (shift == 0) {
            return (int64_t)((uint64_t)least + bucket);
        }
        size_t kept = 0;
        for (size_t i = 0; i < n; i++) {
            int64_t value = v[i];
            if (((uint64_t)value - (uint64_t)least) >> shift == bucket) {
                v[i] = v[kept];
                v[kept++] = value;
            }
        }
        n = kept;
    }
}

/* --- counting --- */

/* Counts the chunk's values that lie in the window; the others move to the front.  No count overflows: a chunk adds
 * at most what it holds to a count, and all of them together are below 32 bits. */
static void count_chunk(ent_value_counts *counts, ent_value_chunk *chunk)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < chunk->n; i++) {
        uint32_t at = (uint32_t)chunk->v[i] - (uint32_t)counts->least;
        if (at < counts->size) {
            counts->count[at]++;
        } else {
            chunk->v[left++] = chunk->v[i];
        }
    }
    counts->n += chunk->n - left;
    chunk->n = left;
}

/* The least and the greatest of the values in chunks. */
static void find_range(const ent_value_chunk *chunk, int32_t *least, int32_t *most)
{
    *least = INT32_MAX;
    *most = INT32_MIN;
    for (; chunk; chunk = chunk->next) {
        for (uint32_t i = 0; i < chunk->n; i++) {
            *least = chunk->v[i] < *least ? chunk->v[i] : *least;
            *most = chunk->v[i] > *most ? chunk->v[i] : *most;
        }
    }
}

/* A window of at most so many places: that of the values so far, cut around the median of the latest chunk that has
 * some left, and whatever is counted already.  False: nothing is left to count, or what is counted leaves no room. */
static bool find_window(const ent_fold_state *state, int64_t places, int64_t *from, int64_t *to)
{
    int64_t sample[CHUNK_MAX];
    const ent_value_chunk *chunk = state->narrow;
    int32_t least;
    int32_t most;
    while (chunk && chunk->n == 0) {
        chunk = chunk->next;
    }
    if (!chunk) {
        return false;
    }
    for (uint32_t i = 0; i < chunk->n; i++) {
        sample[i] = chunk->v[i];
    }
    int64_t middle = ent_select_integer(sample, chunk->n, chunk->n / 2);
    find_range(chunk, &least, &most);
    *from = middle - places / 2;
    *from = *from < least ? least : *from;
    *to = *from + places;
    *to = *to > most ? (int64_t)most + 1 : *to;
    const ent_value_counts *counts = state->counts;
    if (counts->size > 0) {
        int64_t end = (int64_t)counts->least + counts->size;
        *from = *from < counts->least ? *from : counts->least;
        *to = *to > end ? *to : end;
    }
    return *to - *from <= places;
}

/* A window of no place counts nothing. */
static ent_value_counts *new_counts(int64_t least, int64_t size)
{
    ent_value_counts *counts = calloc(1, sizeof *counts + (size_t)size * sizeof counts->count[0]);
    if (counts) {
        counts->least = (int32_t)least;
        counts->size = (uint32_t)size;
    }
    return counts;
}

/* A wider window, and all chunks counted; false: no memory. */
static bool widen(ent_fold_state *state)
{
    int64_t from;
    int64_t to;
    int64_t places = state->n_narrow < INT32_MAX ? (int64_t)state->n_narrow : INT32_MAX;
    ent_value_counts *old = state->counts;
    old->tried = state->n_narrow;
    if (!find_window(state, places, &from, &to)) {
        return true;
    }
    ent_value_counts *wider = new_counts(from, to - from);
    if (!wider) {
        return false;
    }
    memcpy(wider->count + (old->size > 0 ? old->least - from : 0), old->count, old->size * sizeof old->count[0]);
    wider->n = old->n;
    wider->tried = old->tried;
    free(old);
    state->counts = wider;
    for (ent_value_chunk **link = &state->narrow; *link;) {
        count_chunk(wider, *link);
        if ((*link)->n == 0 && *link != state->narrow) {
            drop_chunk(link);
        } else {
            link = &(*link)->next;
        }
    }
    return true;
}

/* Makes room in the full chunk in front, if its values can be counted.  A sixteenth of the values may lie outside the
 * window; a wider one is looked for each time that there are twice as many. */
static bool count_full(ent_fold_state *state)
{
    if (state->n_narrow > UINT32_MAX) {
        return true;
    }
    if (!state->counts) {
        state->counts = new_counts(0, 0);
        return state->counts && widen(state);
    }
    ent_value_counts *counts = state->counts;
    count_chunk(counts, state->narrow);
    return state->n_narrow - counts->n <= state->n_narrow / 16 || state->n_narrow / 2 < counts->tried ||
           widen(state);
}

ent_value_chunk *ent_ranks_room(ent_fold_state *state)
{
    ent_value_chunk *chunk = state->narrow;
    if (chunk && chunk->n < chunk->capacity) {
        return chunk;
    }
    if (chunk && chunk->capacity == CHUNK_MAX) {
        if (!count_full(state)) {
            return NULL;
        }
        if (chunk->n <= CHUNK_MAX / 2) { /* one with less room would be full again too soon */
            return chunk;
        }
    }
    uint32_t capacity = chunk ? 2 * chunk->capacity : CHUNK_FIRST;
    capacity = capacity > CHUNK_MAX ? CHUNK_MAX : capacity;
    ent_value_chunk *fresh = malloc(sizeof *fresh + capacity * sizeof fresh->v[0]);
    if (fresh) {
        *fresh = (ent_value_chunk){chunk, 0, capacity};
        state->narrow = fresh;
    }
    return fresh;
}

static bool push(ent_fold_state *state, int32_t value)
{
    ent_value_chunk *chunk = ent_ranks_room(state);
    if (chunk) {
        chunk->v[chunk->n++] = value;
        state->n_narrow++;
    }
    return chunk != NULL;
}

bool ent_ranks_merge(ent_fold_state *into, const ent_fold_state *from)
{
    bool ok = true;
    for (const ent_value_chunk *chunk = from->narrow; ok && chunk; chunk = chunk->next) {
        for (uint32_t i = 0; ok && i < chunk->n; i++) {
            ok = push(into, chunk->v[i]);
        }
    }
    const ent_value_counts *counts = from->counts;
    for (uint32_t at = 0; ok && counts && at < counts->size; at++) {
        for (uint32_t i = 0; ok && i < counts->count[at]; i++) {
            ok = push(into, (int32_t)(counts->least + (int64_t)at));
        }
    }
    return ok;
}

/* --- the value at a place --- */

/* The values that are not counted, behind each other. */
static int64_t *others(const ent_fold_state *state, size_t *n)
{
    size_t counted = state->counts ? state->counts->n : 0;
    int64_t *all = malloc((state->n_values + state->n_narrow - counted + 1) * sizeof *all);
    *n = 0;
    if (all && state->n_values > 0) {
        memcpy(all, state->values, state->n_values * sizeof *all);
        *n = state->n_values;
    }
    for (const ent_value_chunk *chunk = state->narrow; all && chunk; chunk = chunk->next) {
        for (uint32_t i = 0; i < chunk->n; i++) {
            all[(*n)++] = chunk->v[i];
        }
    }
    return all;
}

/* How often each value of the window came, those of `v` that lie in it too; the others move to the front.  NULL: no
 * memory. */
static uint64_t *count_all(const ent_value_counts *counts, int64_t *v, size_t *n, uint64_t *inside)
{
    uint64_t *all = malloc((counts->size + 1) * sizeof *all);
    size_t left = 0;
    *inside = counts->n;
    for (uint32_t at = 0; all && at < counts->size; at++) {
        all[at] = counts->count[at];
    }
    for (size_t i = 0; all && i < *n; i++) {
        uint64_t at = (uint64_t)v[i] - (uint64_t)(int64_t)counts->least;
        if (at < counts->size) {
            all[at]++;
            ++*inside;
        } else {
            v[left++] = v[i];
        }
    }
    *n = left;
    return all;
}

static bool select_counted(const ent_value_counts *counts, int64_t *v, size_t n, uint64_t rank, int64_t *out)
{
    uint64_t inside;
    uint64_t *all = count_all(counts, v, &n, &inside);
    uint64_t below = 0;
    for (size_t i = 0; i < n; i++) {
        below += v[i] < counts->least;
    }
    if (all && rank >= below && rank < below + inside) {
        uint32_t at = 0;
        for (rank -= below; rank >= all[at]; at++) {
            rank -= all[at];
        }
        *out = counts->least + (int64_t)at;
    } else if (all) {
        *out = ent_select_integer(v, n, rank < below ? rank : rank - inside);
    }
    free(all);
    return all != NULL;
}

bool ent_ranks_select(const ent_fold_state *state, size_t rank, int64_t *out)
{
    size_t n;
    int64_t *v = others(state, &n);
    bool ok = v != NULL;
    if (ok && state->counts) {
        ok = select_counted(state->counts, v, n, rank, out);
    } else if (ok) {
        *out = ent_select_integer(v, n, rank);
    }
    free(v);
    return ok;
}
