/* A map from 64-bit keys to 32-bit indices.
 *
 * Most keys are numbers of texts, parties and tuples, handed out one after another: those index an array directly,
 * and keys that come together lie together.  It lies in pages, of which one is made when a key of it comes and let go
 * when all of them are no longer there, so that what was long ago takes no memory.  Other keys (numbers of a feed's
 * own, instants) are hashed, with open addressing.  The array grows only as long as a good part of it is in use.
 *
 * Keyed state is kept in arrays in order of first appearance; the map only finds the place, so
 * iteration never depends on hashing.  A value of ENT_MAP_NONE stands for "no longer there"; hashed keys stay.
 * Tested by tests/unit/test_state.c. */
#ifndef ENT_STATE_MAP_H
#define ENT_STATE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENT_MAP_NONE UINT32_MAX

typedef struct ent_map_entry {
    int64_t key;
    uint32_t value;
    uint32_t used;
} ent_map_entry;

/* Values of as many keys of the array; the first page is shorter while it is the only one. */
enum { ENT_MAP_PAGE = 1024 };
typedef struct ent_map_page {
    uint32_t *values; /* NULL: none is there */
    uint32_t n;       /* as many places were asked for and not dropped, at most */
} ent_map_page;

typedef struct ent_map {
    ent_map_page *pages; /* of the keys 0 .. n_dense - 1 */
    uint64_t *seen;      /* a bit for each of them: it was asked a place for */
    size_t n_dense, n_used;
    ent_map_entry *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t n_hashed;
    uint32_t n_parts; /* of so many parts of all keys it has one; 0: it has all */
} ent_map;

void ent_map_deinit(ent_map *map);
uint32_t ent_map_find(const ent_map *map, int64_t key);
/* The value of the key, or ENT_MAP_NONE. */
static inline uint32_t ent_map_get(const ent_map *map, int64_t key)
{
    if ((uint64_t)key >= map->n_dense) {
        return ent_map_find(map, key);
    }
    const uint32_t *values = map->pages[(uint64_t)key / ENT_MAP_PAGE].values;
    return values ? values[(uint64_t)key % ENT_MAP_PAGE] : ENT_MAP_NONE;
}
/* The key will be asked for soon. */
static inline void ent_map_prefetch(const ent_map *map, int64_t key)
{
    if ((uint64_t)key < map->n_dense) {
        const uint32_t *values = map->pages[(uint64_t)key / ENT_MAP_PAGE].values;
        __builtin_prefetch(values ? &values[(uint64_t)key % ENT_MAP_PAGE] : NULL);
    }
}
/* The place of the key's value, made with ENT_MAP_NONE if it is new; NULL when memory runs out.
 * Valid until the next call that may insert. */
uint32_t *ent_map_at(ent_map *map, int64_t key);
/* Gives a key that has a value ENT_MAP_NONE. */
void ent_map_drop(ent_map *map, int64_t key);
/* The keys by their values, of a map whose values are 0 .. n - 1, each once. */
void ent_map_keys(const ent_map *map, int64_t *keys, size_t n);
#endif
