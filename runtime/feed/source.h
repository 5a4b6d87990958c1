/* Sources: where bytes of facts come from.
 *
 * A source is a file or standard input, plain or compressed with gzip, zstd or xz.  Compression is
 * recognised by its magic bytes, so a wrongly named file still reads.  Reading uses read(2) and not
 * mmap: a file cut short under us is then an early end and no SIGBUS.  A compressed stream that
 * ends before its own end mark is an error, never a silent end.
 *
 * A source belongs to one thread at a time.  Tested in tests/unit/test_feed.c. */
#ifndef ENT_FEED_SOURCE_H
#define ENT_FEED_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/feed/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ent_source ent_source;

typedef enum ent_format {
    ENT_FORMAT_GUESS = 0, /* by name, else by the first byte that is not blank */
    ENT_FORMAT_CSV = 1,
    ENT_FORMAT_TSV = 2,
    ENT_FORMAT_JSONL = 3
} ent_format;

typedef enum ent_compression {
    ENT_COMPRESSION_NONE = 0,
    ENT_COMPRESSION_GZIP = 1,
    ENT_COMPRESSION_ZSTD = 2,
    ENT_COMPRESSION_XZ = 3
} ent_compression;

/* Sees the bytes of the content (after decompression), in order: for digests. */
typedef void (*ent_source_tap)(void *user, const void *bytes, size_t len);

/* Opens `spec`: a path, or `-` for standard input.  NULL on failure.  `hint` overrides name and
 * content.  The text of `spec` is copied. */
ent_source *ent_source_open(const char *spec, ent_format hint, ent_feed_error *err);

/* A source over bytes in memory, which must outlive it; they may be compressed too.  `name` is what
 * errors say. */
ent_source *ent_source_open_memory(const char *name, const void *bytes, size_t len, ent_format hint,
                                   ent_feed_error *err);

/* Closes; NULL is fine. */
void ent_source_close(ent_source *source);

/* Up to `cap` bytes of content.  Returns how many, 0 at the end, -1 on failure.  Fewer than `cap`
 * does not mean the end: what a pipe has is handed on. */
int64_t ent_source_read(ent_source *source, void *out, size_t cap, ent_feed_error *err);

/* Whether any stretch of the content can be read at any time: that of an ordinary file as it is. */
bool ent_source_is_random(const ent_source *source);

/* Up to `cap` bytes from `offset` on, wherever the source is; several threads may ask at a time.  Fewer: the file ends
 * there.  -1: it cannot be read. */
int64_t ent_source_read_at(const ent_source *source, uint64_t offset, void *out, size_t cap);

/* Where ent_source_read goes on, and going on elsewhere; false: that failed.  Only of random ones. */
uint64_t ent_source_tell(const ent_source *source);
uint64_t ent_source_size(const ent_source *source); /* when it was opened */
bool ent_source_seek(ent_source *source, uint64_t offset, ent_feed_error *err);

/* As given to open; `standard input` for `-`. */
const char *ent_source_name(const ent_source *source);

/* Never GUESS: resolved at opening. */
ent_format ent_source_format(const ent_source *source);
ent_compression ent_source_compression(const ent_source *source);

/* Must be set before the first read. */
void ent_source_set_tap(ent_source *source, ent_source_tap tap, void *user);

/* Bytes read from the file so far and its size, both before decompression; the size is 0 where
 * nobody knows it (pipes). */
void ent_source_progress(const ent_source *source, uint64_t *done, uint64_t *total);

/* Several sources read one after another as one feed, each with its own header. */
typedef struct ent_source_list {
    ent_source **items;
    uint32_t count;
    uint32_t capacity;
} ent_source_list;

/* Opens and appends; on failure the list is unchanged. */
bool ent_source_list_add(ent_source_list *list, const char *spec, ent_format hint,
                         ent_feed_error *err);

/* Appends an open source; the list owns it from then on, on failure too. */
bool ent_source_list_take(ent_source_list *list, ent_source *source, ent_feed_error *err);

/* Closes all sources and frees the list's memory. */
void ent_source_list_deinit(ent_source_list *list);

#ifdef __cplusplus
}
#endif

#endif
