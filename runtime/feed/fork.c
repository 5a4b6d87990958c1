/* One file cut into pieces for several threads.  See reader.h.
 *
 * A newline ends a row unless it stands in quotes, and whether it does is known only from the beginning; so a text with
 * a quote anywhere is not cut.  Pieces are handed over by exchanging memory: only the part of a row behind the cut
 * is copied. */
#include <stdlib.h>
#include <string.h>

#include "runtime/feed/reader_private.h"

bool ent_piece_init(ent_piece *piece, const ent_reader *r, ent_feed_error *err) {
    piece->len = 0;
    piece->text = malloc((size_t)r->options.block_size + ENT_BLOCK_PADDING);
    return piece->text != NULL || ent_feed_fail_memory(err, "a block of a file");
}

void ent_piece_deinit(ent_piece *piece) {
    free(piece->text);
    *piece = (ent_piece){0};
}

static uint32_t *position(ent_reader *r) {
    return r->format == ENT_FORMAT_JSONL ? &r->json_at : &r->csv.start;
}

/* Pieces begin at the begin of their memory and are at least half full, if there is so much. */
static bool fill(ent_reader *r, ent_feed_error *err) {
    ent_block *block = &r->block;
    uint32_t *start = position(r);
    if (*start > 0) {
        block->len -= *start;
        memmove(block->text, block->text + *start, block->len);
        memset(block->text + block->len, ' ', ENT_BLOCK_PADDING);
        *start = 0;
    }
    while (block->len < block->cap / 2 && !block->end) {
        if (!ent_block_refill(block, 0, err)) {
            return false;
        }
    }
    return true;
}

/* The scan of a block that is handed over, or that moved, is void. */
static void forget_scan(ent_reader *r) {
    if (r->format != ENT_FORMAT_JSONL) {
        ent_scan_reset(&r->csv.scan);
        r->csv.row_at = 0;
    }
}

ent_split ent_reader_split(ent_reader *r, ent_piece *piece, ent_feed_error *err) {
    ent_block *block = &r->block;
    if (r->failed || r->ended || block->cap != r->options.block_size) {
        return ENT_SPLIT_SERIAL;
    }
    forget_scan(r);
    if (!fill(r, err)) {
        return ENT_SPLIT_FAILED;
    }
    const char *newline = memrchr(block->text, '\n', block->len);
    if (newline == NULL) {
        return block->end ? ENT_SPLIT_REST : ENT_SPLIT_SERIAL;
    }
    uint32_t cut = (uint32_t)(newline - block->text) + 1;
    if (r->format != ENT_FORMAT_JSONL && memchr(block->text, '"', cut) != NULL) {
        return ENT_SPLIT_SERIAL;
    }
    char *text = block->text;
    uint32_t left = block->len - cut;
    memcpy(piece->text, text + cut, left);
    memset(piece->text + left, ' ', ENT_BLOCK_PADDING);
    memset(text + cut, ' ', ENT_BLOCK_PADDING);
    block->text = piece->text;
    block->len = left;
    *piece = (ent_piece){text, cut};
    return ENT_SPLIT_TEXT;
}

void ent_reader_skip(ent_reader *r, uint64_t lines, uint64_t rows) {
    r->line += lines;
    r->number += rows;
    r->rows_total += rows;
}

bool ent_reader_adapt(ent_reader *fork, const ent_reader *r, ent_feed_error *err) {
    fork->source_at = r->source_at;
    fork->format = r->format;
    if (r->format == ENT_FORMAT_JSONL) {
        return fork->json != NULL || ent_json_lines_init(fork, err);
    }
    ent_cell *cells = calloc((size_t)r->n_header + 1, sizeof *cells);
    if (cells == NULL) {
        return ent_feed_fail_memory(err, "a header");
    }
    for (uint32_t i = 0; i < r->n_header; i++) {
        cells[i] = (ent_cell){r->header[i], (uint32_t)strlen(r->header[i]), ENT_CELL_PRESENT};
    }
    bool fine = ent_reader_set_header(fork, cells, r->n_header, err);
    free(cells);
    fork->csv.separator = r->csv.separator;
    fork->csv.has_header = true;
    return fine && (fork->csv.base != NULL || ent_csv_init(fork, err));
}

ent_reader *ent_reader_fork(const ent_reader *r, ent_feed_error *err) {
    ent_reader *fork = ent_reader_bare(r->sources, (const char *const *)r->names, r->n_names, &r->options, err);
    if (fork == NULL) {
        return NULL;
    }
    fork->forked = true;
    fork->block.cap = r->options.block_size;
    if (!ent_reader_adapt(fork, r, err)) {
        ent_reader_close(fork);
        return NULL;
    }
    return fork;
}

void ent_reader_give(ent_reader *fork, const ent_piece *piece, uint64_t line, uint64_t number) {
    fork->block = (ent_block){.text = piece->text,
                              .len = piece->len,
                              .cap = fork->options.block_size,
                              .begun = true,
                              .end = true};
    *position(fork) = 0;
    forget_scan(fork);
    fork->csv.line_finished = false;
    fork->line = line + 1;
    fork->number = number;
    fork->ended = fork->failed = false;
}

void ent_reader_place(const ent_reader *fork, uint64_t *line, uint64_t *number) {
    *line = fork->line - 1;
    *number = fork->number;
}
