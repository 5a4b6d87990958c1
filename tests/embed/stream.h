/* A saved session in memory, for the tests that restore it. */
#ifndef TESTS_EMBED_STREAM_H
#define TESTS_EMBED_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct stream {
    unsigned char bytes[1 << 18];
    size_t n, at;
} stream;

/* false: there is no room left. */
static inline bool write_bytes(void *user, const void *bytes, size_t n)
{
    stream *s = user;
    if (n > sizeof s->bytes - s->n) {
        return false;
    }
    memcpy(s->bytes + s->n, bytes, n);
    s->n += n;
    return true;
}

/* false: there are not as many. */
static inline bool read_bytes(void *user, void *bytes, size_t n)
{
    stream *s = user;
    if (s->n - s->at < n) {
        return false;
    }
    memcpy(bytes, s->bytes + s->at, n);
    s->at += n;
    return true;
}
#endif
