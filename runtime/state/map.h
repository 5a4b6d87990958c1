/* A hash map from 64-bit keys to 32-bit indices, open addressing, no removal.
 *
 * Keyed state is kept in arrays in order of first appearance; the map only finds the place, so
 * iteration never depends on hashing.  A value of ENT_MAP_NONE stands for "no longer there".
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

typedef struct ent_map {
    ent_map_entry *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
} ent_map;

void ent_map_deinit(ent_map *map);
/* The value of the key, or ENT_MAP_NONE. */
uint32_t ent_map_get(const ent_map *map, int64_t key);
/* The place of the key's value, made with ENT_MAP_NONE if it is new; NULL when memory runs out.
 * Valid until the next call that may insert. */
uint32_t *ent_map_at(ent_map *map, int64_t key);
#endif
