/* Arena of chunks; interned names in an open-addressing table beside it.  See arena.h.
 *
 * Chunks double from 8 KiB to 1 MiB; larger requests get a chunk of their own.  Sizes come from
 * sources of at most 16 MiB, yet every addition is checked: an arena may be asked for anything. */
#include "compiler/syntax/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_MIN = 8 * 1024, CHUNK_MAX = 1024 * 1024, ALIGNMENT = 16 };

typedef struct chunk {
    struct chunk *next;
    size_t used;
    size_t size;
    size_t pad; /* keeps the data 16-aligned */
} chunk;

typedef struct interned {
    const char *text;
    size_t len;
    uint64_t hash;
} interned;

struct ent_arena {
    chunk *chunks;
    size_t chunk_next;
    size_t bytes;
    size_t bytes_max;
    interned *table;
    size_t table_cap; /* a power of two, or 0 */
    size_t table_used;
    bool failed;
};

ent_arena *ent_arena_create(size_t bytes_max)
{
    ent_arena *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return NULL;
    }
    a->bytes_max = bytes_max;
    a->chunk_next = CHUNK_MIN;
    return a;
}

void ent_arena_destroy(ent_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    chunk *c = arena->chunks;
    while (c != NULL) {
        chunk *next = c->next;
        free(c);
        c = next;
    }
    free(arena->table);
    free(arena);
}

static bool may_take(ent_arena *a, size_t bytes)
{
    size_t total;
    return !__builtin_add_overflow(a->bytes, bytes, &total) &&
           (a->bytes_max == 0 || total <= a->bytes_max);
}

static chunk *add_chunk(ent_arena *a, size_t need)
{
    size_t size = a->chunk_next > need ? a->chunk_next : need;
    size_t whole;
    if (__builtin_add_overflow(size, sizeof(chunk), &whole) || !may_take(a, whole)) {
        return NULL;
    }
    chunk *c = calloc(1, whole);
    if (c == NULL) {
        return NULL;
    }
    a->bytes += whole;
    c->size = size;
    /* A chunk for one large request goes behind the head, whose free space stays in use. */
    if (a->chunks != NULL && need > a->chunk_next) {
        c->next = a->chunks->next;
        a->chunks->next = c;
    } else {
        c->next = a->chunks;
        a->chunks = c;
        if (a->chunk_next < CHUNK_MAX) {
            a->chunk_next *= 2;
        }
    }
    return c;
}

void *ent_arena_alloc(ent_arena *arena, size_t bytes)
{
    size_t need;
    if (arena->failed || __builtin_add_overflow(bytes, (size_t)ALIGNMENT - 1, &need)) {
        arena->failed = true;
        return NULL;
    }
    need &= ~(size_t)(ALIGNMENT - 1);
    if (need == 0) {
        need = ALIGNMENT;
    }
    chunk *c = arena->chunks;
    if (c == NULL || c->size - c->used < need) {
        c = add_chunk(arena, need);
        if (c == NULL) {
            arena->failed = true;
            return NULL;
        }
    }
    char *p = (char *)(c + 1) + c->used;
    c->used += need;
    return p;
}

void *ent_arena_alloc_array(ent_arena *arena, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        arena->failed = true;
        return NULL;
    }
    return ent_arena_alloc(arena, bytes);
}

void *ent_arena_grow_array(ent_arena *arena, const void *old, size_t n_old, size_t n_new,
                           size_t size)
{
    void *p = ent_arena_alloc_array(arena, n_new, size);
    if (p != NULL && old != NULL && n_old > 0) {
        memcpy(p, old, n_old * size);
    }
    return p;
}

char *ent_arena_strndup(ent_arena *arena, const char *text, size_t len)
{
    size_t bytes;
    if (__builtin_add_overflow(len, (size_t)1, &bytes)) {
        arena->failed = true;
        return NULL;
    }
    char *p = ent_arena_alloc(arena, bytes);
    if (p != NULL && len > 0) {
        memcpy(p, text, len);
    }
    return p;
}

char *ent_arena_strdup(ent_arena *arena, const char *text)
{
    return ent_arena_strndup(arena, text, strlen(text));
}

char *ent_arena_vprintf(ent_arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *p = NULL;
    if (n < 0) {
        arena->failed = true;
    } else {
        p = ent_arena_alloc(arena, (size_t)n + 1);
        if (p != NULL) {
            (void)vsnprintf(p, (size_t)n + 1, format, again);
        }
    }
    va_end(again);
    return p;
}

char *ent_arena_printf(ent_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *p = ent_arena_vprintf(arena, format, args);
    va_end(args);
    return p;
}

static uint64_t hash_bytes(const char *text, size_t len)
{
    uint64_t h =
        14695981039346656037U; /* FNV-1a, then mixed for the low bits that the table uses */
    for (size_t i = 0; i < len; i++) {
        h = (h ^ (unsigned char)text[i]) * 1099511628211U;
    }
    h ^= h >> 32;
    h *= 0x9E3779B97F4A7C15U;
    return h ^ (h >> 29);
}

static bool grow_table(ent_arena *a)
{
    size_t cap = a->table_cap == 0 ? 256 : a->table_cap * 2;
    if (cap > SIZE_MAX / sizeof(interned) / 2 || !may_take(a, cap * sizeof(interned))) {
        return false;
    }
    interned *table = calloc(cap, sizeof *table);
    if (table == NULL) {
        return false;
    }
    for (size_t i = 0; i < a->table_cap; i++) {
        if (a->table[i].text == NULL) {
            continue;
        }
        size_t at = a->table[i].hash & (cap - 1);
        while (table[at].text != NULL) {
            at = (at + 1) & (cap - 1);
        }
        table[at] = a->table[i];
    }
    a->bytes += (cap - a->table_cap) * sizeof *table;
    free(a->table);
    a->table = table;
    a->table_cap = cap;
    return true;
}

const char *ent_intern(ent_arena *arena, const char *text, size_t len)
{
    if (arena->failed) {
        return NULL;
    }
    if ((arena->table_used + 1) * 4 > arena->table_cap * 3 && !grow_table(arena)) {
        arena->failed = true;
        return NULL;
    }
    uint64_t hash = hash_bytes(text, len);
    size_t at = hash & (arena->table_cap - 1);
    while (arena->table[at].text != NULL) {
        const interned *e = &arena->table[at];
        if (e->hash == hash && e->len == len && memcmp(e->text, text, len) == 0) {
            return e->text;
        }
        at = (at + 1) & (arena->table_cap - 1);
    }
    char *copy = ent_arena_strndup(arena, text, len);
    if (copy == NULL) {
        return NULL;
    }
    arena->table[at] = (interned){copy, len, hash};
    arena->table_used++;
    return copy;
}

const char *ent_intern_text(ent_arena *arena, const char *text)
{
    return ent_intern(arena, text, strlen(text));
}

bool ent_arena_failed(const ent_arena *arena)
{
    return arena->failed;
}

size_t ent_arena_bytes(const ent_arena *arena)
{
    return arena->bytes;
}
