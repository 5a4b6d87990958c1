/* One file cut into pieces for several threads.  See reader.h.
 *
 * A newline ends a row unless it stands in quotes, and whether it does is known only from the beginning; so a text with
 * a quote anywhere is not cut.  Ordinary files are cut at any places: the rows that begin in a stretch are found by the
 * thread that reads it, and whether it has quotes is seen meanwhile.  Other sources are read while they are cut: pieces
 * are handed over by exchanging memory, and only the part of a row behind the cut is copied. */
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

static bool has_quotes(const ent_reader *r, const char *text, size_t len) {
    return r->format != ENT_FORMAT_JSONL && memchr(text, '"', len) != NULL;
}

/* How far behind a cut the end of its row is looked for; and between two cuts. */
static uint32_t look(const ent_reader *r) {
    enum { LOOK = 4096 };
    uint32_t cap = r->options.block_size;
    return cap / 4 < LOOK ? cap / 4 : LOOK;
}

static uint32_t stretch(const ent_reader *r) { return r->options.block_size - look(r) - 1; }

/* From here on pieces are places in the file: what the block has will be read again. */
static void begin_ahead(ent_reader *r) {
    uint32_t *start = position(r);
    r->cut_at = r->row_from = ent_source_tell(r->block.source) - (r->block.len - *start);
    r->cuts_ahead = true;
    r->block.len = *start = 0;
}

/* Whole rows: those that begin between two cuts, a block each. */
static ent_split split_ahead(ent_reader *r, uint32_t n_blocks, ent_piece *piece) {
    uint64_t size = ent_source_size(r->block.source);
    uint64_t used = r->cut_at + look(r);
    uint64_t left = used < size ? (size - used) / stretch(r) : 0;
    if (left == 0) {
        return ENT_SPLIT_REST;
    }
    n_blocks = left < n_blocks ? (uint32_t)left : n_blocks;
    *piece = (ent_piece){.text = piece->text,
                         .n_behind = n_blocks - 1,
                         .from = r->cut_at,
                         .to = r->cut_at + stretch(r),
                         .first = r->cut_at == r->row_from};
    r->cut_at += (uint64_t)n_blocks * stretch(r);
    return ENT_SPLIT_TEXT;
}

static ent_split split_block(ent_reader *r, ent_piece *piece, ent_feed_error *err) {
    ent_block *block = &r->block;
    if (!fill(r, err)) {
        return ENT_SPLIT_FAILED;
    }
    const char *newline = memrchr(block->text, '\n', block->len);
    if (newline == NULL) {
        return block->end ? ENT_SPLIT_REST : ENT_SPLIT_SERIAL;
    }
    uint32_t cut = (uint32_t)(newline - block->text) + 1;
    if (has_quotes(r, block->text, cut)) {
        return ENT_SPLIT_SERIAL;
    }
    char *text = block->text;
    uint32_t left = block->len - cut;
    memcpy(piece->text, text + cut, left);
    memset(piece->text + left, ' ', ENT_BLOCK_PADDING);
    memset(text + cut, ' ', ENT_BLOCK_PADDING);
    block->text = piece->text;
    block->len = left;
    *piece = (ent_piece){.text = text, .len = cut, .fetched = true};
    return ENT_SPLIT_TEXT;
}

ent_split ent_reader_split(ent_reader *r, uint32_t n_blocks, ent_piece *piece, ent_feed_error *err) {
    if (r->failed || r->ended || r->block.cap != r->options.block_size) {
        return ENT_SPLIT_SERIAL;
    }
    forget_scan(r);
    if (!r->cuts_ahead && !r->cuts_read && !r->block.end && ent_source_is_random(r->block.source)) {
        begin_ahead(r);
    }
    return r->cuts_ahead ? split_ahead(r, n_blocks, piece) : split_block(r, piece, err);
}

bool ent_reader_turn(const ent_reader *r, ent_piece *piece) {
    if (piece->n_behind == 0) {
        return false;
    }
    *piece = (ent_piece){.text = piece->text,
                         .n_behind = piece->n_behind - 1,
                         .from = piece->to,
                         .to = piece->to + stretch(r)};
    return true;
}

/* The first one begins with a row; others behind the first newline from the byte before them on.  All end with the
 * first newline from the byte before the next one on. */
bool ent_reader_fetch(const ent_reader *r, ent_piece *piece) {
    if (piece->fetched) {
        return true;
    }
    uint64_t from = piece->first ? piece->from : piece->from - 1;
    size_t most = (size_t)(piece->to - from) + look(r);
    int64_t got = ent_source_read_at(r->block.source, from, piece->text, most);
    if (got != (int64_t)most) {
        return false;
    }
    const char *end = piece->text + most;
    const char *begin = piece->first ? piece->text - 1 : memchr(piece->text, '\n', most);
    const char *last = end - look(r) - 1;
    last = begin == NULL ? NULL : memchr(last, '\n', (size_t)(end - last));
    if (last == NULL) {
        return false;
    }
    piece->begin = (uint32_t)(begin + 1 - piece->text);
    piece->len = (uint32_t)(last - begin);
    piece->end = from + (uint64_t)(last + 1 - piece->text);
    memset(piece->text + piece->begin + piece->len, ' ', ENT_BLOCK_PADDING);
    piece->fetched = true;
    return true;
}

bool ent_reader_is_miscut(const ent_reader *fork, const ent_piece *piece, bool whole) {
    return piece->to > 0 && !(whole && fork->csv.scan.plain) &&
           has_quotes(fork, piece->text + piece->begin, piece->len);
}

bool ent_reader_cuts_ahead(const ent_reader *r, uint64_t *row_from) {
    *row_from = r->row_from;
    return r->cuts_ahead;
}

bool ent_reader_go_back(ent_reader *r, uint64_t at, ent_feed_error *err) {
    r->cuts_ahead = false;
    r->cuts_read = true;
    return ent_source_seek(r->block.source, at, err);
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
    fork->block = (ent_block){.text = piece->text + piece->begin,
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
