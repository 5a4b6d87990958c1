/* See map.h. */
#include "runtime/state/map.h"

#include <stdlib.h>

static uint64_t mix(int64_t key)
{
    uint64_t h = (uint64_t)key * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ (h >> 29);
}

void ent_map_deinit(ent_map *map)
{
    free(map->entries);
    *map = (ent_map){0};
}

static ent_map_entry *probe(ent_map_entry *entries, size_t capacity, int64_t key)
{
    size_t mask = capacity - 1;
    size_t at = (size_t)mix(key) & mask;
    while (entries[at].used && entries[at].key != key) {
        at = (at + 1) & mask;
    }
    return &entries[at];
}

uint32_t ent_map_get(const ent_map *map, int64_t key)
{
    if (map->capacity == 0) {
        return ENT_MAP_NONE;
    }
    const ent_map_entry *entry = probe(map->entries, map->capacity, key);
    return entry->used ? entry->value : ENT_MAP_NONE;
}

static bool grow(ent_map *map)
{
    size_t capacity = map->capacity ? map->capacity * 2 : 16;
    ent_map_entry *entries = calloc(capacity, sizeof *entries);
    if (!entries) {
        return false;
    }
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->entries[i].used) {
            *probe(entries, capacity, map->entries[i].key) = map->entries[i];
        }
    }
    free(map->entries);
    map->entries = entries;
    map->capacity = capacity;
    return true;
}

uint32_t *ent_map_at(ent_map *map, int64_t key)
{
    /* at most 5/8 full: linear probing stays short */
    if (map->count * 8 >= map->capacity * 5 && !grow(map)) {
        return NULL;
    }
    ent_map_entry *entry = probe(map->entries, map->capacity, key);
    if (!entry->used) {
        *entry = (ent_map_entry){.key = key, .value = ENT_MAP_NONE, .used = 1};
        map->count++;
    }
    return &entry->value;
}
