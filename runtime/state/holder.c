/* Who has the key of each row of a slice, where `ticket time follows last holder`: whom the row names, or else
 * whoever the key's rows named last.
 *
 * Sources that fill the holder's column only when it changes say nothing in it on all other rows.  What they mean is
 * written into a column of its own, behind those of the fields: whatever asks whose time it is reads that one, and
 * conditions still see what the row says.
 * Tested by tests/unit/test_holder.c and tests/property/last_holder.py. */
#include <stdlib.h>
#include <string.h>

#include "runtime/memory/account.h"
#include "runtime/state/state.h"
#include "runtime/vm/simd.h"

bool ent_feed_fills_holder(const ent_image *p, int64_t feed)
{
    bool asked = false;
    for (size_t i = 0; i < p->n_duty; i++) {
        asked = asked || p->duty[i].feed == feed;
    }
    return asked && p->feed[feed].kind == 0 && p->feed[feed].holder >= 0 && p->n_framework > 0 &&
           p->framework[0].ticket_time == ENT_TIME_LAST_HOLDER;
}

/* --- keys --- */

/* Makes room for the key in the arrays; false: its number is too large for that, or there is no memory. */
static bool reach(ent_named_keys *keys, int64_t key)
{
    enum { FIRST = 4096, FACTOR = 4, AT_ONCE = 4096 };
    if (key < 0 || (uint64_t)key >= FIRST + FACTOR * (uint64_t)keys->n || key >= ENT_NAMED_OTHER) {
        return false;
    }
    size_t before = keys->n_reached;
    size_t n = ((size_t)key / AT_ONCE + 1) * AT_ONCE;
    bool wide = keys->origins != NULL;
    bool narrow = keys->lines != NULL;
    if (!ent_reserve((void **)&keys->parties, &keys->parties_capacity, n, sizeof *keys->parties) ||
        (wide && !ent_reserve((void **)&keys->origins, &keys->origins_capacity, n, sizeof *keys->origins)) ||
        (narrow && !ent_reserve((void **)&keys->lines, &keys->lines_capacity, n, sizeof *keys->lines))) {
        return false;
    }
    memset(keys->parties + before, 0, (n - before) * sizeof *keys->parties);
    if (wide) {
        memset(keys->origins + before, 0, (n - before) * sizeof *keys->origins);
    } else if (narrow) {
        memset(keys->lines + before, 0, (n - before) * sizeof *keys->lines);
    }
    keys->n_reached = n;
    return true;
}

static bool widen(ent_named_keys *keys)
{
    if (!ent_reserve((void **)&keys->origins, &keys->origins_capacity, keys->n_reached + 1, sizeof *keys->origins)) {
        return false;
    }
    for (size_t i = 0; i < keys->n_reached; i++) {
        keys->origins[i] = keys->lines[i] && keys->parties[i] > 1 ? keys->common | keys->lines[i] : 0;
    }
    free(keys->lines);
    keys->lines = NULL;
    keys->lines_capacity = 0;
    return true;
}

bool ent_named_keys_fit(ent_named_keys *keys, const int64_t *origins, size_t n)
{
    uint64_t differ = 0;
    if (keys->origins || n == 0) {
        return true;
    }
    if (!keys->lines) {
        keys->common = (int64_t)((uint64_t)origins[0] & ~(uint64_t)UINT32_MAX);
        if (!ent_reserve((void **)&keys->lines, &keys->lines_capacity, keys->n_reached + 1, sizeof *keys->lines)) {
            return false;
        }
        memset(keys->lines, 0, keys->n_reached * sizeof *keys->lines);
    }
    for (size_t i = 0; i < n; i++) {
        differ |= (uint64_t)(origins[i] ^ keys->common);
    }
    return differ <= UINT32_MAX || widen(keys);
}

int64_t ent_named_origin(const ent_named_keys *keys, const ent_named *named)
{
    bool has_line = named->line && *named->line && *named->party > 1;
    return named->origin ? *named->origin : has_line ? keys->common | *named->line : 0;
}

void ent_named_set_origin(const ent_named *named, int64_t origin)
{
    if (named->origin) {
        *named->origin = origin;
    } else if (named->line) {
        *named->line = (uint32_t)origin;
    }
}

static bool add_other(ent_named_keys *keys, int64_t key)
{
    size_t at = keys->n_others;
    uint32_t *place = at < ENT_NAMED_OTHER ? ent_map_at(&keys->others, key) : NULL;
    if (!place ||
        !ent_reserve((void **)&keys->other_parties, &keys->other_parties_capacity, at + 1,
                     sizeof *keys->other_parties) ||
        !ent_reserve((void **)&keys->other_origins, &keys->other_origins_capacity, at + 1,
                     sizeof *keys->other_origins)) {
        return false;
    }
    keys->other_parties[at] = 0;
    keys->other_origins[at] = 0;
    keys->order[keys->n++ - keys->n_ascending] = ENT_NAMED_OTHER + (uint32_t)at;
    *place = (uint32_t)keys->n_others++;
    return true;
}

/* Of the last n keys, which `order` has and nothing before them, those that go on ascending need no place in it. */
static void leave_ascending(ent_named_keys *keys, size_t n)
{
    size_t i = 0;
    while (i < n && keys->order[i] < ENT_NAMED_OTHER &&
           (keys->n_ascending == 0 || keys->order[i] > keys->last_ascending)) {
        keys->last_ascending = keys->order[i++];
        keys->n_ascending++;
    }
    memmove(keys->order, keys->order + i, (n - i) * sizeof *keys->order);
}

bool ent_named_keys_at(ent_named_keys *keys, int64_t key, ent_named *named)
{
    bool reached = (uint64_t)key < keys->n_reached;
    bool known = reached && keys->parties[key] != 0;
    uint32_t other = known ? ENT_MAP_NONE : ent_map_get(&keys->others, key);
    if (!known && other == ENT_MAP_NONE) {
        size_t n_listed = keys->n - keys->n_ascending;
        if (!ent_reserve((void **)&keys->order, &keys->order_capacity, n_listed + 1, sizeof *keys->order)) {
            return false;
        }
        if (reached || reach(keys, key)) {
            if (!ent_account_keys(1)) {
                return false;
            }
            keys->order[n_listed] = (uint32_t)key;
            keys->n++;
            if (n_listed == 0) {
                leave_ascending(keys, 1);
            }
        } else {
            other = (uint32_t)keys->n_others;
            if (!add_other(keys, key)) {
                return false;
            }
        }
    }
    if (other != ENT_MAP_NONE) {
        *named = (ent_named){&keys->other_parties[other], &keys->other_origins[other], NULL};
    } else if (keys->origins) {
        *named = (ent_named){&keys->parties[key], &keys->origins[key], NULL};
    } else {
        *named = (ent_named){&keys->parties[key], NULL, keys->lines ? &keys->lines[key] : NULL};
    }
    return true;
}

int64_t *ent_named_keys_list(const ent_named_keys *keys)
{
    int64_t *list = calloc(keys->n + 1, sizeof *list);
    int64_t *others = calloc(keys->n_others + 1, sizeof *others);
    uint8_t *listed = calloc(keys->n_reached + 1, 1);
    size_t n_listed = keys->n - keys->n_ascending;
    if (!list || !others || !listed) {
        free(list);
        free(others);
        free(listed);
        return NULL;
    }
    ent_map_keys(&keys->others, others, keys->n_others);
    for (size_t i = 0; i < n_listed; i++) {
        uint32_t at = keys->order[i];
        list[keys->n_ascending + i] = at < ENT_NAMED_OTHER ? at : others[at - ENT_NAMED_OTHER];
        if (at < ENT_NAMED_OTHER) {
            listed[at] = 1;
        }
    }
    size_t n = 0;
    for (size_t key = 0; key < keys->n_reached && n < keys->n_ascending; key++) {
        list[n] = (int64_t)key;
        n += keys->parties[key] != 0 && !listed[key];
    }
    free(others);
    free(listed);
    return list;
}

void ent_named_keys_deinit(ent_named_keys *keys)
{
    ent_account_forget_keys(keys->n - keys->n_others);
    ent_map_deinit(&keys->others);
    free(keys->parties);
    free(keys->lines);
    free(keys->origins);
    free(keys->other_parties);
    free(keys->other_origins);
    free(keys->order);
}

/* --- rows --- */

/* What the rows of a slice say, and what becomes of it. */
typedef struct filling {
    const int64_t *keys;
    const uint8_t *key_absent;
    const int64_t *rows;
    int64_t *holders, *givers; /* givers NULL: no place was ever known */
    uint8_t *turns; /* at first, whom the row names: 2 + whom, or 0 */
} filling;

ENT_VECTORS static void read_named(const ent_colbuf *said, uint8_t *named, size_t n)
{
    const int64_t *party = said->data;
    const uint8_t *nobody = said->absent;
    size_t n_said = said->n < n ? said->n : n;
    memset(named + n_said, 0, n - n_said);
    for (size_t i = 0; i < n_said; i++) {
        named[i] = (uint8_t)(party[i] + 2);
    }
    for (size_t i = 0; nobody && i < n_said; i++) {
        named[i] &= (uint8_t)(0 - (nobody[i] == 0));
    }
}

/* Which rows name somebody, and which are the first of their key, is in no order: what depends on it is chosen, not
 * branched for. */
static inline uint8_t take_party(const filling *x, size_t i, uint8_t *last, int64_t is_named)
{
    uint8_t before = *last;
    uint8_t party = (uint8_t)(x->turns[i] | ((before | (before == 0)) & ~is_named));
    *last = party;
    x->holders[i] = party - 2;
    x->turns[i] = party != before;
    return party;
}

static inline void take_row(const filling *x, size_t i, uint8_t *last, int64_t *origin)
{
    int64_t is_named = 0 - (int64_t)(x->turns[i] != 0);
    uint8_t party = take_party(x, i, last, is_named);
    if (x->givers) {
        int64_t row = x->rows ? x->rows[i] : 0;
        int64_t giver = *origin ^ ((*origin ^ row) & is_named);
        int64_t is_given = 0 - (int64_t)(party > 1);
        *origin = giver;
        x->givers[i] = row ^ ((row ^ giver) & is_given);
    }
}

static inline void take_row_without_key(const filling *x, size_t i)
{
    uint8_t named = x->turns[i];
    x->holders[i] = named ? named - 2 : -1;
    x->turns[i] = 0;
    if (x->givers) {
        x->givers[i] = x->rows ? x->rows[i] : 0;
    }
}

/* How the rows are kept that named somebody. */
typedef enum kept_as { NOT_AT_ALL, NARROW, WIDE } kept_as;

/* Takes rows from `begin` on, while the arrays reach; the row at which it stops.  No key is elsewhere, and there is
 * room for all of them in `order`. */
static inline __attribute__((always_inline)) size_t take_while_reached(filling x, ent_named_keys *named, size_t begin,
                                                                       size_t end, kept_as as)
{
    enum { AHEAD = 48 };
    uint8_t *parties = named->parties;
    int64_t *origins = named->origins;
    uint32_t *lines = named->lines;
    uint32_t *order = named->order;
    uint64_t n_reached = named->n_reached;
    const int64_t common = named->common;
    size_t n_listed = named->n - named->n_ascending;
    size_t n = n_listed;
    size_t i = begin;
    for (; i < end; i++) {
        uint64_t key = (uint64_t)x.keys[i];
        uint64_t to_come = (uint64_t)x.keys[end - i > AHEAD ? i + AHEAD : i];
        if (x.key_absent && x.key_absent[i]) {
            take_row_without_key(&x, i);
            continue;
        }
        if (key >= n_reached) {
            break;
        }
        __builtin_prefetch((const void *)((uintptr_t)parties + to_come), 1);
        order[n] = (uint32_t)key;
        n += parties[key] == 0;
        if (as == WIDE) {
            __builtin_prefetch((const void *)((uintptr_t)origins + to_come * sizeof *origins), 1);
            take_row(&x, i, &parties[key], &origins[key]);
        } else if (as == NOT_AT_ALL) {
            (void)take_party(&x, i, &parties[key], 0 - (int64_t)(x.turns[i] != 0));
        } else {
            __builtin_prefetch((const void *)((uintptr_t)lines + to_come * sizeof *lines), 1);
            int64_t origin = (common & (0 - (int64_t)(lines[key] != 0))) | lines[key];
            take_row(&x, i, &parties[key], &origin);
            lines[key] = (uint32_t)origin;
        }
    }
    named->n += n - n_listed;
    if (n_listed == 0) {
        leave_ascending(named, n);
    }
    return i;
}

static size_t take_reached(const filling *x, ent_named_keys *named, size_t begin, size_t end)
{
    return !x->givers       ? take_while_reached(*x, named, begin, end, NOT_AT_ALL)
           : named->origins ? take_while_reached(*x, named, begin, end, WIDE)
                            : take_while_reached(*x, named, begin, end, NARROW);
}

static bool take_rows(const filling *x, ent_named_keys *named, size_t n)
{
    if ((x->rows && !ent_named_keys_fit(named, x->rows, n)) ||
        !ent_reserve((void **)&named->order, &named->order_capacity, named->n - named->n_ascending + n + 1,
                     sizeof *named->order)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (named->n_others == 0) {
            /* no more rows at once than there may be new keys; where there are none left, row by row */
            uint64_t left = ent_account_keys_left();
            size_t before = named->n;
            i = take_reached(x, named, i, left < n - i ? i + (size_t)left : n);
            if (!ent_account_keys(named->n - before)) {
                return false;
            }
        }
        if (i < n && x->key_absent && x->key_absent[i]) {
            take_row_without_key(x, i);
        } else if (i < n) {
            ent_named at;
            if (!ent_named_keys_at(named, x->keys[i], &at)) {
                return false;
            }
            int64_t origin = ent_named_origin(named, &at);
            take_row(x, i, at.party, &origin);
            ent_named_set_origin(&at, origin);
        }
    }
    return true;
}

bool ent_feedstate_fill_holder(ent_engine *s, ent_feedstate *f)
{
    const ent_colbuf *said = &f->pending[f->row->holder];
    ent_colbuf *filled = &f->pending[f->holder];
    size_t n = f->n;
    const uint8_t *key_absent;
    const int64_t *keys = ent_feedstate_keys(s, f, f->row->first_key, f->row->n_keys, &key_absent);
    bool placed = f->givers || f->named.lines || f->named.origins;
    if (!keys || !ent_colbuf_reserve(filled, n) ||
        (placed && !ent_reserve((void **)&f->owned_givers, &f->givers_capacity, n, sizeof *f->owned_givers)) ||
        !ent_reserve((void **)&f->turns, &f->turns_capacity, n, sizeof *f->turns)) {
        return false;
    }
    filling x = {.keys = keys,
                 .key_absent = key_absent,
                 .rows = f->givers,
                 .holders = filled->data,
                 .givers = placed ? f->owned_givers : NULL,
                 .turns = f->turns};
    read_named(said, f->turns, n);
    if (!take_rows(&x, &f->named, n)) {
        return false;
    }
    filled->n = n;
    f->givers = x.givers;
    f->turns_valid = true;
    return true;
}
