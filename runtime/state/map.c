/* See map.h. */
#include "runtime/state/map.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/memory/account.h"

/* Keys below this, and below so many times the number of keys, are worth a place in the array. */
enum { DENSE_FIRST = 1024, DENSE_FACTOR = 4 };

static uint64_t mix(int64_t key)
{
    uint64_t h = (uint64_t)key * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ (h >> 29);
}

void ent_map_deinit(ent_map *map)
{
    ent_account_forget_keys(map->n_used + map->n_hashed);
    free(map->entries);
    free(map->dense);
    free(map->seen);
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

/* Of a key beyond the array. */
uint32_t ent_map_find(const ent_map *map, int64_t key)
{
    if (map->capacity == 0) {
        return ENT_MAP_NONE;
    }
    const ent_map_entry *entry = probe(map->entries, map->capacity, key);
    return entry->used ? entry->value : ENT_MAP_NONE;
}

/* Hashes anew; keys that the array holds by now are left out. */
static bool rehash(ent_map *map, size_t capacity)
{
    ent_map_entry *entries = calloc(capacity, sizeof *entries);
    if (!entries) {
        return false;
    }
    map->n_hashed = 0;
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->entries[i].used && (uint64_t)map->entries[i].key >= map->n_dense) {
            *probe(entries, capacity, map->entries[i].key) = map->entries[i];
            map->n_hashed++;
        }
    }
    free(map->entries);
    map->entries = entries;
    map->capacity = capacity;
    return true;
}

/* Makes the array reach beyond the key; what was hashed and lies in it now moves there. */
static bool grow_dense(ent_map *map, int64_t key)
{
    size_t n = map->n_dense ? map->n_dense * 2 : DENSE_FIRST / 16;
    while (n <= (size_t)key) {
        n *= 2;
    }
    uint64_t *seen = realloc(map->seen, n / 64 * sizeof *seen);
    if (!seen) {
        return false;
    }
    map->seen = seen;
    uint32_t *dense = realloc(map->dense, n * sizeof *dense);
    if (!dense) {
        return false;
    }
    memset(seen + map->n_dense / 64, 0, (n - map->n_dense) / 64 * sizeof *seen);
    memset(dense + map->n_dense, 0xff, (n - map->n_dense) * sizeof *dense);
    for (size_t i = 0; i < map->capacity; i++) {
        const ent_map_entry *entry = &map->entries[i];
        if (entry->used && (uint64_t)entry->key >= map->n_dense && (uint64_t)entry->key < n) {
            dense[entry->key] = entry->value;
            seen[entry->key / 64] |= UINT64_C(1) << (entry->key % 64);
            map->n_used++;
        }
    }
    map->dense = dense;
    map->n_dense = n;
    return map->capacity == 0 || rehash(map, map->capacity);
}

static bool is_dense(const ent_map *map, int64_t key)
{
    return key >= 0 && (uint64_t)key < DENSE_FIRST + DENSE_FACTOR * (map->n_used + map->n_hashed);
}

uint32_t *ent_map_at(ent_map *map, int64_t key)
{
    if ((uint64_t)key >= map->n_dense && is_dense(map, key) && !grow_dense(map, key)) {
        return NULL;
    }
    if ((uint64_t)key < map->n_dense) {
        uint64_t bit = UINT64_C(1) << (key % 64);
        if (map->dense[key] == ENT_MAP_NONE && (map->seen[key / 64] & bit) == 0) {
            if (!ent_account_key()) {
                return NULL;
            }
            map->n_used++;
            map->seen[key / 64] |= bit;
        }
        return &map->dense[key];
    }
    /* at most 5/8 full: linear probing stays short */
    if (map->n_hashed * 8 >= map->capacity * 5 &&
        !rehash(map, map->capacity ? map->capacity * 2 : 16)) {
        return NULL;
    }
    ent_map_entry *entry = probe(map->entries, map->capacity, key);
    if (!entry->used) {
        if (!ent_account_key()) {
            return NULL;
        }
        *entry = (ent_map_entry){.key = key, .value = ENT_MAP_NONE, .used = 1};
        map->n_hashed++;
    }
    return &entry->value;
}

static void put_key(int64_t *keys, size_t n, uint32_t value, int64_t key)
{
    if (value < n) {
        keys[value] = key;
    }
}

void ent_map_keys(const ent_map *map, int64_t *keys, size_t n)
{
    for (size_t i = 0; i < map->n_dense; i++) {
        put_key(keys, n, map->dense[i], (int64_t)i);
    }
    for (size_t i = 0; i < map->capacity; i++) {
        const ent_map_entry *entry = &map->entries[i];
        if (entry->used && (uint64_t)entry->key >= map->n_dense) {
            put_key(keys, n, entry->value, entry->key);
        }
    }
}
