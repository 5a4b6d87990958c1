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
    const uint8_t *key_absent;
    const int64_t *keys = ent_feedstate_keys(s, f, f->row->first_key, f->row->n_keys, &key_absent);
    if (!keys || !ent_colbuf_reserve(filled, f->n) ||
        !ent_reserve((void **)&f->givers, &f->givers_capacity, f->n, sizeof *f->givers) ||
        !ent_reserve((void **)&f->turns, &f->turns_capacity, f->n, sizeof *f->turns)) {
        return false;
    }
    int64_t *party = filled->data;
    for (size_t i = 0; i < f->n; i++) {
        bool names = said->n > i && !(said->absent && said->absent[i]);
        ent_named now = {.party = names ? ((const int64_t *)said->data)[i] : -1,
                         .origin = f->origin.n > i ? ((const int64_t *)f->origin.data)[i] : 0};
        f->turns[i] = 0;
        if (!(key_absent && key_absent[i])) {
            bool first;
            ent_named *known = named_of(&f->named, keys[i], &first);
            if (!known) {
                return false;
            }
            f->turns[i] = first || (names && known->party != now.party);
            if (names) {
                *known = now;
            } else if (known->party >= 0) {
                now = *known;
            }
        }
        party[i] = now.party;
        f->givers[i] = now.origin;
    }
    filled->n = f->n;
    f->turns_valid = true;
    return true;
}

void ent_named_keys_deinit(ent_named_keys *keys)
{
    ent_map_deinit(&keys->places);
    free(keys->v);
}
