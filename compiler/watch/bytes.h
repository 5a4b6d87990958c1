/* Bytes to write into and to read from, little-endian: what journal entries and checkpoints are
 * made of.
 *
 * The first error sticks in both directions, so callers ask once, at the end. */
#ifndef ENT_WATCH_BYTES_H
#define ENT_WATCH_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ent_watch_bytes {
    unsigned char *p;
    size_t n, capacity;
    bool failed; /* out of memory */
} ent_watch_bytes;

void ent_watch_bytes_deinit(ent_watch_bytes *bytes);
void ent_watch_put(ent_watch_bytes *bytes, const void *p, size_t n);
void ent_watch_put_u64(ent_watch_bytes *bytes, uint64_t value);
void ent_watch_put_i64(ent_watch_bytes *bytes, int64_t value);
void ent_watch_put_text(ent_watch_bytes *bytes, const char *p, size_t n); /* its length first */

typedef struct ent_watch_slice {
    const unsigned char *p;
    size_t n;
    bool failed; /* it ended too early */
} ent_watch_slice;

const void *ent_watch_get(ent_watch_slice *slice, size_t n); /* NULL: failed, or n is 0 */
uint64_t ent_watch_get_u64(ent_watch_slice *slice);
int64_t ent_watch_get_i64(ent_watch_slice *slice);
const char *ent_watch_get_text(ent_watch_slice *slice, size_t *n);
/* The same, copied and ended by a NUL; NULL: failed or no memory. */
char *ent_watch_get_copy(ent_watch_slice *slice, size_t *n);
#endif
