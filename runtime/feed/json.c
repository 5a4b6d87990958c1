/* JSON Lines out of a block of text.  See reader.h; the parsing of a line is in json_simd.cc. */
#include <stdlib.h>
#include <string.h>

#include "runtime/feed/reader_private.h"
#include "runtime/feed/utf8.h"

bool ent_json_lines_init(ent_reader *r, ent_feed_error *err) {
    r->json_row = calloc((size_t)r->n_names + 1, sizeof *r->json_row);
    r->json = ent_json_create((const char *const *)r->names, r->n_names);
    r->json_plain = ent_json_plain_new((const char *const *)r->names, r->n_names, r->options.scan);
    bool fine = r->json_row != NULL && r->json != NULL && r->json_plain != NULL;
    return fine || ent_feed_fail_memory(err, "reading JSON");
}

void ent_json_lines_deinit(ent_reader *r) {
    ent_json_destroy(r->json);
    ent_json_plain_free(r->json_plain);
    free(r->json_row);
}

static bool is_blank(const char *text, uint32_t len) {
    for (uint32_t i = 0; i < len; i++) {
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r') {
            return false;
        }
    }
    return true;
}

bool ent_json_lines_begin(ent_reader *r, ent_feed_error *err) {
    r->json_at = 0;
    r->block.len = 0;
    uint32_t i = 0;
    do {
        if (!ent_block_refill(&r->block, 0, err)) {
            return false;
        }
        while (i < r->block.len && (is_blank(r->block.text + i, 1) || r->block.text[i] == '\n')) {
            i++;
        }
    } while (i == r->block.len && !r->block.end && r->block.len < r->options.row_bytes_max);
    if (i < r->block.len && r->block.text[i] == '[') {
        return ent_feed_fail(err, ENT_FEED_FORMAT,
                             "`%s` is one JSON array, not one object per line: convert it with "
                             "`jq -c '.[]'`",
                             ent_reader_source_name(r));
    }
    return true;
}

/* 1: a line [*from, *to); 0: the end; 2: none in this block; -1: failure. */
static int take_line(ent_reader *r, uint32_t *from, uint32_t *to, ent_feed_error *err) {
    const char *text = r->block.text;
    uint32_t left = r->block.len - r->json_at;
    const char *newline = left > 0 ? memchr(text + r->json_at, '\n', left) : NULL;
    uint32_t end = newline != NULL ? (uint32_t)(newline - text) : r->block.len;
    if (end - r->json_at > r->options.row_bytes_max) {
        ent_reader_too_long(r, r->line, err);
        return -1;
    }
    if (newline == NULL && !r->block.end) {
        return 2;
    }
    if (newline == NULL && left == 0) {
        return 0;
    }
    *from = r->json_at;
    *to = end;
    r->json_at = newline != NULL ? end + 1 : end;
    if (*to > *from && text[*to - 1] == '\r') {
        --*to;
    }
    return 1;
}

static bool note_line(ent_reader *r, ent_problem *problem, uint32_t from, uint32_t to,
                      uint64_t line, ent_feed_error *err) {
    problem->number = r->number;
    problem->line = line;
    problem->raw = r->block.text + from;
    problem->raw_len = to - from;
    problem->row = ENT_NO_ROW;
    return ent_reader_note(r, problem, err);
}

/* What `\u0000` made of a wanted cell is as unusable as a NUL byte in CSV. */
static bool note_nul(ent_reader *r, uint32_t from, uint32_t to, uint64_t line, bool *found,
                     ent_feed_error *err) {
    for (uint32_t c = 0; c < r->n_names; c++) {
        const ent_cell *cell = &r->json_row[c];
        if (cell->state == ENT_CELL_PRESENT && memchr(cell->p, '\0', cell->len) != NULL) {
            ent_problem problem = {.kind = ENT_PROBLEM_NUL, .cell = *cell, .name = r->names[c]};
            *found = true;
            return note_line(r, &problem, from, to, line, err);
        }
    }
    return true;
}

static void add_row(ent_reader *r, const char *text, uint32_t len, uint64_t line) {
    uint32_t n = r->batch.n_rows++;
    for (uint32_t c = 0; c < r->n_names; c++) {
        r->cells[c][n] = r->json_row[c];
    }
    r->row_line[n] = line;
    r->row_number[n] = r->number;
    r->raw[n] = text;
    r->raw_len[n] = len;
}

/* A line that is not like the others, with all of JSON. */
static bool parse_line(ent_reader *r, uint32_t from, uint32_t to, uint64_t line, ent_feed_error *err) {
    const char *text = r->block.text + from;
    uint32_t len = to - from;
    char *scratch = NULL;
    bool escapes = memchr(text, '\\', len) != NULL;
    if (escapes) {
        scratch = ent_reader_side(r, len);
        if (scratch == NULL) {
            return ent_feed_fail_memory(err, "a line of JSON");
        }
    }
    ent_json_fault fault = {0};
    ent_json_status status = ent_json_line(r->json, text, len, scratch, r->json_row, &fault);
    if (status == ENT_JSON_MEMORY) {
        return ent_feed_fail_memory(err, "a line of JSON");
    }
    if (status == ENT_JSON_BAD) {
        size_t valid = ent_utf8_valid_prefix(text, len);
        ent_problem problem = {
            .kind = ENT_PROBLEM_JSON, .expected = fault.expected, .detail = fault.byte};
        if (valid < len) {
            problem.expected = text[valid] == '\0' ? "text without NUL bytes" : "valid UTF-8";
            problem.detail = (uint32_t)valid + 1;
        }
        return note_line(r, &problem, from, to, line, err);
    }
    bool unusable = false;
    if (escapes && !note_nul(r, from, to, line, &unusable, err)) {
        return false;
    }
    if (!unusable) {
        add_row(r, text, len, line);
    }
    return true;
}

static bool put_line(ent_reader *r, uint32_t from, uint32_t to, uint64_t line, ent_feed_error *err) {
    const char *text = r->block.text + from;
    r->number++;
    /* the last line of a file has nothing after it that ends a text */
    bool ended = to < r->block.len && !r->options.portable;
    if (ended && ent_json_plain_line(r->json_plain, text, to - from, r->json_row)) {
        add_row(r, text, to - from, line);
        return true;
    }
    return parse_line(r, from, to, line, err);
}

/* Makes a batch of plain rows, if a good many of the next lines are such. */
static bool collect_plain(ent_reader *r) {
    const char *text = r->block.text;
    uint32_t few = r->options.batch_rows / 8;
    const char *newline = memrchr(text + r->json_at, '\n', r->block.len - r->json_at);
    if (newline == NULL || r->block.len > r->options.row_bytes_max || r->options.portable) {
        return false;
    }
    uint32_t to;
    uint32_t last = (uint32_t)(newline - text);
    uint32_t n = ent_json_plain_rows(r->json_plain, text, r->json_at, last, r->options.batch_rows, &r->plain, &to);
    if (n == 0 || (n < few && to < last)) {
        return false;
    }
    r->batch.plain = &r->plain;
    r->batch.first_line = r->line;
    r->batch.n_rows = n;
    r->json_at = to;
    r->line += n;
    r->number += n;
    return true;
}

int ent_json_lines_collect(ent_reader *r, ent_feed_error *err) {
    if (r->options.plain && collect_plain(r)) {
        return 1;
    }
    while (r->batch.n_rows + r->n_problems < r->options.batch_rows) {
        uint32_t from = 0;
        uint32_t to = 0;
        int status = take_line(r, &from, &to, err);
        if (status != 1 && (r->batch.n_rows > 0 || r->n_problems > 0)) {
            break; /* what comes next comes at the next call */
        }
        if (status <= 0) {
            return status;
        }
        if (status == 2) {
            if (!ent_block_refill(&r->block, r->json_at, err)) {
                return -1;
            }
            r->json_at = 0;
            if (r->options.plain && collect_plain(r)) { /* the batch is empty, or this would not be reached */
                return 1;
            }
            continue;
        }
        uint64_t line = r->line++;
        if (!is_blank(r->block.text + from, to - from) && !put_line(r, from, to, line, err)) {
            return -1;
        }
    }
    return 1;
}
