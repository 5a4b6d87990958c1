/* Saving and restoring for the tests of the engine: states in memory, and a run in two parts. */
#ifndef ENT_TEST_STATE_SAVED_H
#define ENT_TEST_STATE_SAVED_H

#include "runtime/ledger/hash.h"
#include "runtime/state/save.h"
#include "tests/unit/state_drive.h"

typedef struct stored {
    uint8_t *p;
    size_t n, capacity, at;
    size_t most; /* bytes that fit; 0: any number */
} stored;

static inline bool store(void *user, const void *bytes, size_t n)
{
    stored *to = user;
    if (to->most && to->n + n > to->most) {
        return false;
    }
    if (to->n + n > to->capacity) {
        size_t capacity = (to->n + n) * 2;
        uint8_t *grown = realloc(to->p, capacity);
        if (!grown) {
            return false;
        }
        to->p = grown;
        to->capacity = capacity;
    }
    memcpy(to->p + to->n, bytes, n);
    to->n += n;
    return true;
}

static inline bool fetch(void *user, void *bytes, size_t n)
{
    stored *from = user;
    if (from->n - from->at < n) {
        return false;
    }
    memcpy(bytes, from->p + from->at, n);
    from->at += n;
    return true;
}

/* Makes the digest at the end fit what is before it. */
static inline void mend(stored *state)
{
    ent_hash hash;
    unsigned char digest[ENT_HASH_SIZE];
    if (!ent_hash_init(&hash) || !ent_hash_update(&hash, state->p, state->n - ENT_HASH_SIZE) ||
        !ent_hash_final(&hash, digest)) {
        abort();
    }
    memcpy(state->p + state->n - ENT_HASH_SIZE, digest, ENT_HASH_SIZE);
}

/* The first n of the facts, in order, all but the last `ahead` of them below the watermark. */
static inline bool drive_part(ent_engine *s, const fact *v, size_t n, size_t ahead,
                              ent_fault *error)
{
    return push_runs(s, v, n, error) &&
           (n <= ahead || ent_engine_advance(s, v[n - ahead].at, error));
}

static inline ent_engine *restored(const ent_image *p, stored *state, telling *out,
                                   ent_fault *error)
{
    ent_engine *s = NULL;
    ent_engine_options options = {.on_decision = tell, .user = out};
    state->at = 0;
    return ent_engine_restore(p, &options, fetch, state, &s, error) ? s : NULL;
}
#endif
