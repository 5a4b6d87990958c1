/* See bytes.h. */
#include "compiler/watch/bytes.h"

#include <stdlib.h>
#include <string.h>

void ent_watch_bytes_deinit(ent_watch_bytes *b)
{
    free(b->p);
    *b = (ent_watch_bytes){0};
}

void ent_watch_put(ent_watch_bytes *b, const void *p, size_t n)
{
    if (b->failed || n == 0) {
        return;
    }
    if (n > b->capacity - b->n) {
        size_t capacity = b->capacity ? b->capacity * 2 : 256;
        while (capacity - b->n < n) {
            capacity *= 2;
        }
        unsigned char *grown = realloc(b->p, capacity);
        if (!grown) {
            b->failed = true;
            return;
        }
        b->p = grown;
        b->capacity = capacity;
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

void ent_watch_put_u64(ent_watch_bytes *b, uint64_t value)
{
    unsigned char raw[8];
    for (int i = 0; i < 8; i++) {
        raw[i] = (unsigned char)(value >> (8 * i));
    }
    ent_watch_put(b, raw, sizeof raw);
}

void ent_watch_put_i64(ent_watch_bytes *b, int64_t value)
{
    ent_watch_put_u64(b, (uint64_t)value);
}

void ent_watch_put_text(ent_watch_bytes *b, const char *p, size_t n)
{
    ent_watch_put_u64(b, n);
    ent_watch_put(b, p, n);
}

const void *ent_watch_get(ent_watch_slice *s, size_t n)
{
    if (s->failed || n > s->n) {
        s->failed = true;
        return NULL;
    }
    const void *p = n ? s->p : NULL;
    s->p += n;
    s->n -= n;
    return p;
}

uint64_t ent_watch_get_u64(ent_watch_slice *s)
{
    const unsigned char *raw = ent_watch_get(s, 8);
    uint64_t value = 0;
    for (int i = 0; raw && i < 8; i++) {
        value |= (uint64_t)raw[i] << (8 * i);
    }
    return value;
}

int64_t ent_watch_get_i64(ent_watch_slice *s)
{
    return (int64_t)ent_watch_get_u64(s);
}

const char *ent_watch_get_text(ent_watch_slice *s, size_t *n)
{
    uint64_t len = ent_watch_get_u64(s);
    *n = 0;
    if (s->failed || len > s->n) {
        s->failed = true;
        return NULL;
    }
    *n = (size_t)len;
    return ent_watch_get(s, (size_t)len);
}

char *ent_watch_get_copy(ent_watch_slice *s, size_t *n)
{
    const char *p = ent_watch_get_text(s, n);
    char *copy = s->failed ? NULL : malloc(*n + 1);
    if (!copy) {
        s->failed = true;
        return NULL;
    }
    if (*n > 0) {
        memcpy(copy, p, *n);
    }
    copy[*n] = 0;
    return copy;
}
