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

/* What is known of the key, and whether it is the key's first row; NULL: no memory. */
static ent_named *named_of(ent_named_keys *keys, int64_t key, bool *first)
{
    uint32_t at = ent_map_get(&keys->places, key);
    *first = at == ENT_MAP_NONE;
    if (*first) {
        uint32_t *place = keys->n < ENT_MAP_NONE ? ent_map_at(&keys->places, key) : NULL;
        if (!place || !ent_reserve((void **)&keys->v, &keys->capacity, keys->n + 1, sizeof *keys->v)) {
            return NULL;
        }
        at = *place = (uint32_t)keys->n++;
        keys->v[at] = (ent_named){.party = -1};
    }
    return &keys->v[at];
}

bool ent_feedstate_fill_holder(ent_engine *s, ent_feedstate *f)
{
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
    const int64_t *parties = said->data;
    const uint8_t *nobody = said->absent;
    const int64_t *rows = f->givers;
    size_t n_said = said->n;
    int64_t *holders = filled->data;
    int64_t *givers = f->owned_givers;
    uint8_t *turns = f->turns;
    for (size_t i = 0; i < n; i++) {
        bool names = i < n_said && !(nobody && nobody[i]);
        ent_named now = {.party = names ? parties[i] : -1, .origin = rows ? rows[i] : 0};
        bool turn = false;
        if (!(key_absent && key_absent[i])) {
            bool first;
            ent_named *known = named_of(&f->named, keys[i], &first);
            if (!known) {
                return false;
            }
            turn = first || (names && known->party != now.party);
            if (names) {
                *known = now;
            } else if (known->party >= 0) {
                now = *known;
            }
        }
        holders[i] = now.party;
        givers[i] = now.origin;
        turns[i] = turn;
    }
    filled->n = n;
    f->givers = givers;
    f->turns_valid = true;
    return true;
}

void ent_named_keys_deinit(ent_named_keys *keys)
{
    ent_map_deinit(&keys->places);
    free(keys->v);
}
