/* The text buffer between a source and a reader.
 *
 *     0            len        cap      cap + ENT_BLOCK_PADDING
 *     | kept | new  | free     | blanks |
 *
 * A refill moves what the reader still needs to the front and reads behind it, growing when little
 * room is left, so the work per byte stays bounded even for rows much longer than a block.  The
 * padding lets scanner and JSON parser load whole vectors, and leaves room for a last newline that
 * a file does not have.  The first refill drops a UTF-8 BOM and refuses UTF-16. */
#ifndef ENT_FEED_BLOCK_H
#define ENT_FEED_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/feed/source.h"

enum { ENT_BLOCK_PADDING = 192 };

typedef struct ent_block {
    ent_source *source;
    char *text;
    uint32_t len;
    uint32_t cap;
    bool begun;
    bool end; /* the source has no more */
} ent_block;

bool ent_block_init(ent_block *block, uint32_t block_size, ent_feed_error *err);
void ent_block_deinit(ent_block *block);

/* Starts over on another source. */
void ent_block_start(ent_block *block, ent_source *source);

/* Keeps the bytes from `keep` on, moves them to the front and reads at least one byte more, or sets
 * `end`. */
bool ent_block_refill(ent_block *block, uint32_t keep, ent_feed_error *err);

/* Appends a newline to a text whose last line has none.  Only at the end. */
void ent_block_finish_line(ent_block *block);

#endif
