/* Who has the key of each row of a slice, where `ticket time follows last holder`: whom the row names, or else
 * whoever the key's rows named last.
 *
 * Sources that fill the holder's column only when it changes say nothing in it on all other rows.  What they mean is
 * written into a column of its own, behind those of the fields: whatever asks whose time it is reads that one, and
 * conditions still see what the row says.
 * Tested by tests/unit/test_holder.c and tests/property/last_holder.py. */
#include <stdlib.h>

#include "runtime/state/state.h"

bool ent_feed_fills_holder(const ent_image *p, int64_t feed)
{
    bool asked = false;
    for (size_t i = 0; i < p->n_duty; i++) {
        asked = asked || p->duty[i].feed == feed;
    }
    return asked && p->feed[feed].kind == 0 && p->feed[feed].holder >= 0 && p->n_framework > 0 &&
           p->framework[0].ticket_time == ENT_TIME_LAST_HOLDER;
}

/* The place of the key; *first: it was made now.  ENT_MAP_NONE: no memory. */
static uint32_t place_of(ent_named_keys *keys, int64_t key, bool *first)
{
    uint32_t at = ent_map_get(&keys->places, key);
    *first = at == ENT_MAP_NONE;
    if (*first) {
        uint32_t *place = keys->n < ENT_MAP_NONE ? ent_map_at(&keys->places, key) : NULL;
        if (!place ||
            !ent_reserve((void **)&keys->parties, &keys->parties_capacity, keys->n + 1, sizeof *keys->parties) ||
            !ent_reserve((void **)&keys->origins, &keys->origins_capacity, keys->n + 1, sizeof *keys->origins)) {
            return ENT_MAP_NONE;
        }
        at = *place = (uint32_t)keys->n++;
        keys->parties[at] = -1;
        keys->origins[at] = 0;
    }
    return at;
}

/* The keys of rows to come: of where each is, and, once that has had time, of what is known of it. */
static void look_ahead(const ent_named_keys *named, const int64_t *keys, size_t left)
{
    enum { PLACE = 16, NAMED = 8 };
    if (left > PLACE && named->n > 0) {
        ent_map_prefetch(&named->places, keys[PLACE]);
        uint32_t at = ent_map_get(&named->places, keys[NAMED]);
        at &= 0 - (uint32_t)(at != ENT_MAP_NONE);
        __builtin_prefetch(&named->parties[at]);
        __builtin_prefetch(&named->origins[at]);
    }
}

/* Which rows name somebody is in no order: what depends on it is chosen, not branched for. */
bool ent_feedstate_fill_holder(ent_engine *s, ent_feedstate *f)
{
    static const int64_t none[1] = {-1};
    const ent_colbuf *said = &f->pending[f->row->holder];
    ent_colbuf *filled = &f->pending[f->holder];
    size_t n = f->n;
    const uint8_t *key_absent;
    const int64_t *keys = ent_feedstate_keys(s, f, f->row->first_key, f->row->n_keys, &key_absent);
    if (!keys || !ent_colbuf_reserve(filled, n) ||
        !ent_reserve((void **)&f->owned_givers, &f->givers_capacity, n, sizeof *f->owned_givers) ||
        !ent_reserve((void **)&f->turns, &f->turns_capacity, n, sizeof *f->turns)) {
        return false;
    }
    size_t n_said = said->n;
    const int64_t *parties = n_said > 0 ? said->data : none;
    const uint8_t *nobody = said->absent;
    const int64_t *rows = f->givers;
    int64_t *holders = filled->data;
    int64_t *givers = f->owned_givers;
    uint8_t *turns = f->turns;
    for (size_t i = 0; i < n; i++) {
        bool names = i < n_said && !(nobody && nobody[i]);
        int64_t row = rows ? rows[i] : 0;
        int64_t party = parties[i < n_said ? i : 0];
        if (key_absent && key_absent[i]) {
            holders[i] = names ? party : -1;
            givers[i] = row;
            turns[i] = 0;
            continue;
        }
        bool first;
        look_ahead(&f->named, keys + i, n - i);
        uint32_t at = place_of(&f->named, keys[i], &first);
        if (at == ENT_MAP_NONE) {
            return false;
        }
        int64_t before = f->named.parties[at];
        int64_t giver = f->named.origins[at];
        int64_t is_named = 0 - (int64_t)names;
        int64_t is_given = 0 - (int64_t)(before >= 0);
        party = (party & is_named) | (before & ~is_named);
        f->named.parties[at] = (int8_t)party;
        f->named.origins[at] = (row & is_named) | (giver & ~is_named);
        holders[i] = party;
        givers[i] = (giver & is_given & ~is_named) | (row & ~(is_given & ~is_named));
        turns[i] = first | (party != before);
    }
    filled->n = n;
    f->givers = givers;
    f->turns_valid = true;
    return true;
}

void ent_named_keys_deinit(ent_named_keys *keys)
{
    ent_map_deinit(&keys->places);
    free(keys->parties);
    free(keys->origins);
}
