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
    for (size_t i = 0; i * ENT_MAP_PAGE < map->n_dense; i++) {
        free(map->pages[i].values);
    }
    free(map->entries);
    free(map->pages);
    free(map->seen);
    *map = (ent_map){.n_parts = map->n_parts};
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

/* How many keys the page has. */
static size_t page_size(const ent_map *map)
{
    return map->n_dense < ENT_MAP_PAGE ? map->n_dense : ENT_MAP_PAGE;
}

static uint32_t *make_page(ent_map *map, ent_map_page *page)
{
    size_t bytes = page_size(map) * sizeof *page->values;
    page->values = malloc(bytes);
    page->n = 0;
    return page->values ? memset(page->values, 0xff, bytes) : NULL;
}

/* Makes the only page as large as the array will be. */
static bool grow_first_page(ent_map *map, size_t n)
{
    ent_map_page *page = map->pages;
    size_t size = n < ENT_MAP_PAGE ? n : ENT_MAP_PAGE;
    uint32_t *values = page->values ? realloc(page->values, size * sizeof *values) : NULL;
    if (!values) {
        return !page->values;
    }
    memset(values + map->n_dense, 0xff, (size - map->n_dense) * sizeof *values);
    page->values = values;
    return true;
}

/* The place of a key of the array; NULL: no memory. */
static uint32_t *dense_at(ent_map *map, uint64_t key)
{
    ent_map_page *page = &map->pages[key / ENT_MAP_PAGE];
    if (!page->values && !make_page(map, page)) {
        return NULL;
    }
    uint32_t *place = &page->values[key % ENT_MAP_PAGE];
    page->n += *place == ENT_MAP_NONE;
    return place;
}

/* Makes the array reach beyond the key; what was hashed and lies in it now moves there. */
static bool grow_dense(ent_map *map, int64_t key)
{
    size_t before = map->n_dense;
    size_t n = before ? before * 2 : DENSE_FIRST / 16;
    while (n <= (size_t)key) {
        n *= 2;
    }
    size_t n_pages = (n + ENT_MAP_PAGE - 1) / ENT_MAP_PAGE;
    size_t pages_before = (before + ENT_MAP_PAGE - 1) / ENT_MAP_PAGE;
    uint64_t *seen = realloc(map->seen, n / 64 * sizeof *seen);
    if (!seen) {
        return false;
    }
    map->seen = seen;
    ent_map_page *pages = realloc(map->pages, n_pages * sizeof *pages);
    if (!pages) {
        return false;
    }
    map->pages = pages;
    if (before < ENT_MAP_PAGE && before > 0 && !grow_first_page(map, n)) {
        return false;
    }
    memset(seen + before / 64, 0, (n - before) / 64 * sizeof *seen);
    memset(pages + pages_before, 0, (n_pages - pages_before) * sizeof *pages);
    map->n_dense = n;
    for (size_t i = 0; i < map->capacity; i++) {
        const ent_map_entry *entry = &map->entries[i];
        if (entry->used && (uint64_t)entry->key >= before && (uint64_t)entry->key < n) {
            uint32_t *place = dense_at(map, (uint64_t)entry->key);
            if (!place) {
                return false;
            }
            *place = entry->value;
            seen[entry->key / 64] |= UINT64_C(1) << (entry->key % 64);
            map->n_used++;
        }
    }
    return map->capacity == 0 || rehash(map, map->capacity);
}

static bool is_dense(const ent_map *map, int64_t key)
{
    size_t factor = DENSE_FACTOR * (map->n_parts ? map->n_parts : 1);
    return key >= 0 && (uint64_t)key < DENSE_FIRST + factor * (map->n_used + map->n_hashed);
}

uint32_t *ent_map_at(ent_map *map, int64_t key)
{
    if ((uint64_t)key >= map->n_dense && is_dense(map, key) && !grow_dense(map, key)) {
        return NULL;
    }
    if ((uint64_t)key < map->n_dense) {
        uint64_t bit = UINT64_C(1) << (key % 64);
        uint32_t *place = dense_at(map, (uint64_t)key);
        if (place && *place == ENT_MAP_NONE && (map->seen[key / 64] & bit) == 0) {
            if (!ent_account_keys(1)) {
                return NULL;
            }
            map->n_used++;
            map->seen[key / 64] |= bit;
        }
        return place;
    }
    /* at most 5/8 full: linear probing stays short */
    if (map->n_hashed * 8 >= map->capacity * 5 &&
        !rehash(map, map->capacity ? map->capacity * 2 : 16)) {
        return NULL;
    }
    ent_map_entry *entry = probe(map->entries, map->capacity, key);
    if (!entry->used) {
        if (!ent_account_keys(1)) {
            return NULL;
        }
        *entry = (ent_map_entry){.key = key, .value = ENT_MAP_NONE, .used = 1};
        map->n_hashed++;
    }
    return &entry->value;
}

void ent_map_drop(ent_map *map, int64_t key)
{
    if ((uint64_t)key >= map->n_dense) {
        probe(map->entries, map->capacity, key)->value = ENT_MAP_NONE;
        return;
    }
    ent_map_page *page = &map->pages[(uint64_t)key / ENT_MAP_PAGE];
    page->values[(uint64_t)key % ENT_MAP_PAGE] = ENT_MAP_NONE;
    if (--page->n == 0) {
        free(page->values);
        page->values = NULL;
    }
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
        put_key(keys, n, ent_map_get(map, (int64_t)i), (int64_t)i);
    }
    for (size_t i = 0; i < map->capacity; i++) {
        const ent_map_entry *entry = &map->entries[i];
        if (entry->used && (uint64_t)entry->key >= map->n_dense) {
            put_key(keys, n, entry->value, entry->key);
        }
    }
}
