/* The text buffer.  See block.h. */
#include "runtime/feed/block.h"

#include <stdlib.h>
#include <string.h>

bool ent_block_init(ent_block *block, uint32_t block_size, ent_feed_error *err) {
    *block = (ent_block){.cap = block_size};
    block->text = malloc((size_t)block_size + ENT_BLOCK_PADDING);
    return block->text != NULL || ent_feed_fail_memory(err, "a block of a file");
}

void ent_block_deinit(ent_block *block) {
    free(block->text);
    *block = (ent_block){0};
}

void ent_block_start(ent_block *block, ent_source *source) {
    block->source = source;
    block->len = 0;
    block->begun = false;
    block->end = false;
}

static void pad(ent_block *block) {
    size_t room = (size_t)block->cap + ENT_BLOCK_PADDING - block->len;
    memset(block->text + block->len, ' ', room < ENT_BLOCK_PADDING ? room : ENT_BLOCK_PADDING);
}

static bool grow(ent_block *block, ent_feed_error *err) {
    uint32_t cap;
    if (__builtin_mul_overflow(block->cap, (uint32_t)2, &cap) || cap > INT32_MAX) {
        return ent_feed_fail(err, ENT_FEED_TOO_LONG, "a row of `%s` is longer than 1 GiB",
                             ent_source_name(block->source));
    }
    char *text = realloc(block->text, (size_t)cap + ENT_BLOCK_PADDING);
    if (text == NULL) {
        return ent_feed_fail_memory(err, "a long row");
    }
    block->text = text;
    block->cap = cap;
    return true;
}

static bool read_more(ent_block *block, ent_feed_error *err) {
    int64_t got =
        ent_source_read(block->source, block->text + block->len, block->cap - block->len, err);
    if (got < 0) {
        return false;
    }
    block->end = got == 0;
    block->len += (uint32_t)got;
    return true;
}

static bool drop_bom(ent_block *block, ent_feed_error *err) {
    while (!block->end && block->len < 4) {
        if (!read_more(block, err)) {
            return false;
        }
    }
    block->begun = true;
    const char *name = ent_source_name(block->source);
    if (block->len >= 2 &&
        (memcmp(block->text, "\xFF\xFE", 2) == 0 || memcmp(block->text, "\xFE\xFF", 2) == 0)) {
        return ent_feed_fail(
            err, ENT_FEED_FORMAT,
            "`%s` is UTF-16, not UTF-8: convert it with `iconv -f UTF-16 -t UTF-8`", name);
    }
    if (block->len >= 2 && (block->text[0] == '\0' || block->text[1] == '\0')) {
        return ent_feed_fail(err, ENT_FEED_FORMAT,
                             "`%s` begins with NUL bytes and is no UTF-8 text: if it is UTF-16, "
                             "convert it with `iconv -f UTF-16LE -t UTF-8`",
                             name);
    }
    if (block->len >= 3 && memcmp(block->text, "\xEF\xBB\xBF", 3) == 0) {
        block->len -= 3;
        memmove(block->text, block->text + 3, block->len);
    }
    return true;
}

bool ent_block_refill(ent_block *block, uint32_t keep, ent_feed_error *err) {
    uint32_t kept = block->len - keep;
    if (keep > 0 && kept > 0) {
        memmove(block->text, block->text + keep, kept);
    }
    block->len = kept;
    if (block->cap - block->len < block->cap / 2 && !grow(block, err)) {
        return false;
    }
    if (!(block->begun ? read_more(block, err) : drop_bom(block, err))) {
        return false;
    }
    pad(block);
    return true;
}

void ent_block_finish_line(ent_block *block) {
    block->text[block->len++] = '\n';
    pad(block);
}
