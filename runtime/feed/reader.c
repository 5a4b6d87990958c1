/* The common part of the readers: opening, going through the sources, and bad rows.
 * See reader.h and reader_private.h. */
#include "runtime/feed/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/feed/reader_private.h"

enum {
    BATCH_ROWS = 2048,
    BATCH_ROWS_MAX = 1 << 20,
    BLOCK_SIZE = 256 << 10, /* stays in a near cache */
    BLOCK_SIZE_MIN = 16,
    BLOCK_SIZE_MAX = 1 << 28,
    ROW_BYTES_MAX = 16 << 20,
    SIDE_CHUNK = 64 << 10
};

const char *ent_reader_source_name(const ent_reader *r) {
    uint32_t last = r->source_at < r->sources->count ? r->source_at : r->sources->count - 1;
    return ent_source_name(r->sources->items[last]);
}

char *ent_reader_side(ent_reader *r, size_t len) {
    len += ENT_CELL_SLACK;
    while (r->side_now != NULL && r->side_now->size - r->side_now->used < len &&
           r->side_now->next != NULL) {
        r->side_now = r->side_now->next;
        r->side_now->used = 0;
    }
    if (r->side_now == NULL || r->side_now->size - r->side_now->used < len) {
        size_t size = len > SIDE_CHUNK ? len : SIDE_CHUNK;
        ent_side_chunk *chunk = malloc(sizeof *chunk + size);
        if (chunk == NULL) {
            return NULL;
        }
        *chunk = (ent_side_chunk){.size = size};
        if (r->side_now == NULL) {
            r->side = chunk;
        } else {
            r->side_now->next = chunk;
        }
        r->side_now = chunk;
    }
    char *out = r->side_now->bytes + r->side_now->used;
    r->side_now->used += len;
    return out;
}

static void side_reset(ent_reader *r) {
    r->side_now = r->side;
    if (r->side != NULL) {
        r->side->used = 0;
    }
}

static void side_free(ent_reader *r) {
    ent_side_chunk *chunk = r->side;
    while (chunk != NULL) {
        ent_side_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

bool ent_reader_note(ent_reader *r, const ent_problem *problem, ent_feed_error *err) {
    if (r->n_problems == r->problem_capacity) {
        uint32_t capacity = r->problem_capacity == 0 ? 16 : r->problem_capacity * 2;
        ent_problem *problems = realloc(r->problems, capacity * sizeof *problems);
        if (problems == NULL) {
            return ent_feed_fail_memory(err, "bad rows");
        }
        r->problems = problems;
        r->problem_capacity = capacity;
    }
    r->problems[r->n_problems++] = *problem;
    return true;
}

bool ent_reader_too_long(ent_reader *r, uint64_t line, ent_feed_error *err) {
    ent_feed_fail(
        err, ENT_FEED_TOO_LONG,
        "the row of `%s` that starts on line %llu is longer than %u bytes: check the line "
        "ends and quotes of the file",
        ent_reader_source_name(r), (unsigned long long)line, r->options.row_bytes_max);
    if (err != NULL) {
        err->line = line;
    }
    return false;
}

static void header_free(ent_reader *r) {
    for (uint32_t i = 0; i < r->n_header; i++) {
        free(r->header[i]);
    }
    free(r->header);
    r->header = NULL;
    r->n_header = 0;
}

static bool bind_columns(ent_reader *r, ent_feed_error *err) {
    for (uint32_t i = 0; i < r->n_names; i++) {
        r->column[i] = ENT_NO_COLUMN;
        r->plain_columns[i] = (ent_plain_column){.lead = 1};
        for (uint32_t j = 0; j < r->n_header; j++) {
            if (strcmp(r->header[j], r->names[i]) != 0) {
                continue;
            }
            if (r->column[i] != ENT_NO_COLUMN) {
                return ent_feed_fail(err, ENT_FEED_FORMAT,
                                     "the header of `%s` has two columns named `%s` (%u and %u): "
                                     "rename one of them",
                                     ent_reader_source_name(r), r->names[i], r->column[i] + 1,
                                     j + 1);
            }
            r->column[i] = r->plain_columns[i].cell = j;
        }
    }
    return true;
}

bool ent_reader_set_header(ent_reader *r, const ent_cell *cells, uint32_t count,
                           ent_feed_error *err) {
    header_free(r);
    r->header = calloc(count, sizeof *r->header);
    if (r->header == NULL) {
        return ent_feed_fail_memory(err, "a header");
    }
    for (uint32_t j = 0; j < count; j++) {
        r->header[j] = strndup(cells[j].p, cells[j].len);
        if (r->header[j] == NULL) {
            return ent_feed_fail_memory(err, "a header");
        }
        r->n_header = j + 1;
    }
    return bind_columns(r, err);
}

static bool use(ent_feed_error *err, const char *what) {
    return ent_feed_fail(err, ENT_FEED_USE, "%s", what);
}

static bool take_options(ent_reader *r, const ent_reader_options *options, ent_feed_error *err) {
    ent_reader_options *o = &r->options;
    if (options != NULL) {
        *o = *options;
    }
    o->batch_rows = o->batch_rows == 0 ? BATCH_ROWS : o->batch_rows;
    o->block_size = o->block_size == 0 ? BLOCK_SIZE : o->block_size;
    o->row_bytes_max = o->row_bytes_max == 0 ? ROW_BYTES_MAX : o->row_bytes_max;
    char s = o->separator;
    if ((unsigned char)s >= 0x80 || s == '"' || s == '\n' || s == '\r') {
        return use(err,
                   "a separator is one ASCII character, no quote and no newline: try `,`, `;`, "
                   "`|` or a tab");
    }
    if (o->batch_rows > BATCH_ROWS_MAX || o->block_size < BLOCK_SIZE_MIN ||
        o->block_size > BLOCK_SIZE_MAX || o->row_bytes_max > BLOCK_SIZE_MAX) {
        return use(err,
                   "a batch is 1 to 1,048,576 rows, a block 16 B to 256 MiB, a row up to 256 MiB");
    }
    if (o->bad_rows == ENT_BAD_CALL && o->on_bad == NULL) {
        return use(err, "calling for bad rows needs a function to call");
    }
    return true;
}

static bool take_names(ent_reader *r, const char *const *names, uint32_t n, ent_feed_error *err) {
    r->names = calloc((size_t)n + 1, sizeof *r->names);
    r->column = calloc((size_t)n + 1, sizeof *r->column);
    r->plain_columns = calloc((size_t)n + 1, sizeof *r->plain_columns);
    if (r->names == NULL || r->column == NULL || r->plain_columns == NULL) {
        return ent_feed_fail_memory(err, "a reader");
    }
    r->n_names = n;
    for (uint32_t i = 0; i < n; i++) {
        r->names[i] = strdup(names[i]);
        if (r->names[i] == NULL) {
            return ent_feed_fail_memory(err, "a reader");
        }
    }
    return true;
}

static bool make_batch(ent_reader *r, ent_feed_error *err) {
    size_t rows = r->options.batch_rows;
    size_t cells;
    if (__builtin_mul_overflow(rows, (size_t)r->n_names + 1, &cells)) {
        return use(err, "too many columns");
    }
    r->cells = calloc((size_t)r->n_names + 1, sizeof *r->cells);
    r->cell_store = calloc(cells, sizeof *r->cell_store);
    r->row_line = calloc(rows, sizeof *r->row_line);
    r->row_number = calloc(rows, sizeof *r->row_number);
    r->raw = calloc(rows, sizeof *r->raw);
    r->raw_len = calloc(rows, sizeof *r->raw_len);
    if (r->cells == NULL || r->cell_store == NULL || r->row_line == NULL || r->row_number == NULL ||
        r->raw == NULL || r->raw_len == NULL) {
        return ent_feed_fail_memory(err, "a batch");
    }
    for (uint32_t i = 0; i < r->n_names; i++) {
        r->cells[i] = r->cell_store + rows * i;
    }
    r->batch = (ent_cells){.n_cols = r->n_names,
                           .cells = r->cells,
                           .line = r->row_line,
                           .number = r->row_number,
                           .raw = r->raw,
                           .raw_len = r->raw_len};
    return true;
}

static bool begin_source(ent_reader *r, ent_feed_error *err) {
    ent_source *source = r->sources->items[r->source_at];
    ent_block_start(&r->block, source);
    r->format = ent_source_format(source);
    r->line = 1;
    r->number = 0;
    r->open = true;
    r->cuts_ahead = r->cuts_read = false;
    header_free(r);
    if (r->format == ENT_FORMAT_JSONL) {
        return (r->json != NULL || ent_json_lines_init(r, err)) && ent_json_lines_begin(r, err);
    }
    return (r->csv.base != NULL || ent_csv_init(r, err)) && ent_csv_begin(r, err);
}

ent_reader *ent_reader_bare(const ent_source_list *sources, const char *const *names,
                            uint32_t n_names, const ent_reader_options *options,
                            ent_feed_error *err) {
    ent_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        ent_feed_fail_memory(err, "a reader");
        return NULL;
    }
    r->sources = sources;
    bool fine = sources->count > 0 || use(err, "a reader needs at least one source");
    if (!(fine && take_options(r, options, err) && take_names(r, names, n_names, err) &&
          make_batch(r, err))) {
        ent_reader_close(r);
        return NULL;
    }
    return r;
}

ent_reader *ent_reader_open(const ent_source_list *sources, const char *const *names,
                            uint32_t n_names, const ent_reader_options *options,
                            ent_feed_error *err) {
    ent_reader *r = ent_reader_bare(sources, names, n_names, options, err);
    if (r != NULL && !(ent_block_init(&r->block, r->options.block_size, err) && begin_source(r, err))) {
        ent_reader_close(r);
        return NULL;
    }
    return r;
}

void ent_reader_close(ent_reader *r) {
    if (r == NULL) {
        return;
    }
    ent_csv_deinit(r);
    ent_json_lines_deinit(r);
    if (!r->forked) {
        ent_block_deinit(&r->block);
    }
    header_free(r);
    side_free(r);
    for (uint32_t i = 0; i < r->n_names; i++) {
        free(r->names[i]);
    }
    free(r->names);
    free(r->column);
    free(r->plain_columns);
    free(r->cells);
    free(r->cell_store);
    free(r->row_line);
    free(r->row_number);
    free(r->raw);
    free(r->raw_len);
    free(r->problems);
    free(r->bad);
    free(r);
}

static int by_number_and_column(const void *left, const void *right) {
    const ent_problem *a = left;
    const ent_problem *b = right;
    if (a->number != b->number) {
        return a->number < b->number ? -1 : 1;
    }
    return (a->column > b->column) - (a->column < b->column);
}

static bool describe(ent_reader *r, const ent_problem *p, ent_bad_row *bad) {
    *bad = (ent_bad_row){.file = ent_reader_source_name(r),
                         .line = p->line,
                         .number = p->number,
                         .column = p->column,
                         .column_name = p->name,
                         .cell = p->cell.p,
                         .cell_len = p->cell.len,
                         .raw = p->raw,
                         .raw_len = p->raw_len};
    switch (p->kind) {
    case ENT_PROBLEM_COUNT: {
        enum { ROOM = 48 };
        char *text = ent_reader_side(r, ROOM);
        if (text == NULL) {
            return false;
        }
        (void)snprintf(text, ROOM, "%u %s, found %u", r->n_header,
                       r->n_header == 1 ? "cell" : "cells", p->detail);
        bad->expected = text;
        break;
    }
    case ENT_PROBLEM_UTF8: bad->expected = "valid UTF-8"; break;
    case ENT_PROBLEM_NUL: bad->expected = "text without NUL bytes"; break;
    case ENT_PROBLEM_QUOTE:
        bad->expected = "a separator or the row's end after the closing quote";
        break;
    case ENT_PROBLEM_JSON:
        bad->expected = p->expected;
        bad->byte = p->detail;
        break;
    }
    return true;
}

/* Sorts the problems, keeps the first of each row, and makes bad rows of them. */
static bool gather_bad(ent_reader *r, uint32_t *n_bad, ent_feed_error *err) {
    qsort(r->problems, r->n_problems, sizeof *r->problems, by_number_and_column);
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n_problems; i++) {
        if (n == 0 || r->problems[n - 1].number != r->problems[i].number) {
            r->problems[n++] = r->problems[i];
        }
    }
    r->n_problems = n;
    if (n > r->bad_capacity) {
        ent_bad_row *bad = realloc(r->bad, n * sizeof *bad);
        if (bad == NULL) {
            return ent_feed_fail_memory(err, "bad rows");
        }
        r->bad = bad;
        r->bad_capacity = n;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!describe(r, &r->problems[i], &r->bad[i])) {
            return ent_feed_fail_memory(err, "bad rows");
        }
    }
    *n_bad = n;
    return true;
}

static void move_row(ent_reader *r, uint32_t to, uint32_t from) {
    for (uint32_t c = 0; c < r->n_names; c++) {
        r->cells[c][to] = r->cells[c][from];
    }
    r->row_line[to] = r->row_line[from];
    r->row_number[to] = r->row_number[from];
    r->raw[to] = r->raw[from];
    r->raw_len[to] = r->raw_len[from];
}

/* Takes the rows that have problems out of the batch. */
static void compact(ent_reader *r) {
    uint32_t kept = 0;
    uint32_t p = 0;
    for (uint32_t row = 0; row < r->batch.n_rows; row++) {
        while (p < r->n_problems && r->problems[p].number < r->row_number[row]) {
            p++;
        }
        if (p < r->n_problems && r->problems[p].number == r->row_number[row]) {
            continue;
        }
        if (kept != row) {
            move_row(r, kept, row);
        }
        kept++;
    }
    r->batch.n_rows = kept;
}

/* The rows before a bad one at which reading stops are still good. */
static void cut_before(ent_reader *r, uint64_t number) {
    while (r->batch.n_rows > 0 && r->row_number[r->batch.n_rows - 1] > number) {
        r->batch.n_rows--;
    }
}

static void fail_later(ent_reader *r, const ent_bad_row *bad, ent_feed_code code) {
    ent_bad_row_fail(bad, &r->error);
    r->error.code = code;
    r->failed = true;
}

static bool apply_policy(ent_reader *r, ent_feed_error *err) {
    uint32_t n_bad = 0;
    r->rows_total += r->batch.n_rows;
    for (uint32_t i = 0; i < r->n_problems; i++) {
        r->rows_total += r->problems[i].row == ENT_NO_ROW;
    }
    if (r->n_problems == 0) {
        return true;
    }
    if (!gather_bad(r, &n_bad, err)) {
        return false;
    }
    compact(r);
    if (r->options.bad_rows == ENT_BAD_KEEP) {
        r->bad_total += n_bad;
        r->batch.n_bad = n_bad;
        r->batch.bad = r->bad;
        return true;
    }
    for (uint32_t i = 0; i < n_bad && !r->failed; i++) {
        r->bad_total++;
        if (r->options.bad_rows == ENT_BAD_STOP) {
            fail_later(r, &r->bad[i], ENT_FEED_BAD_ROW);
        } else if (!r->options.on_bad(r->options.user, &r->bad[i])) {
            fail_later(r, &r->bad[i], ENT_FEED_STOPPED);
        }
        if (r->failed) {
            cut_before(r, r->bad[i].number);
        }
    }
    return true;
}

static int report_failure(ent_reader *r, ent_feed_error *err) {
    r->failed = true;
    if (err != NULL) {
        *err = r->error;
    }
    return -1;
}

int ent_reader_next(ent_reader *r, const ent_cells **batch, ent_feed_error *err) {
    *batch = &r->batch;
    r->batch.n_rows = 0;
    r->batch.n_bad = 0;
    r->batch.bad = NULL;
    r->batch.plain = NULL;
    while (!r->failed && !r->ended) {
        side_reset(r);
        r->n_problems = 0;
        int status = r->format == ENT_FORMAT_JSONL ? ent_json_lines_collect(r, &r->error)
                                                   : ent_csv_collect(r, &r->error);
        if (status < 0 || (status > 0 && !apply_policy(r, &r->error))) {
            r->batch.n_rows = 0;
            return report_failure(r, err);
        }
        if (r->batch.n_rows > 0 || r->batch.n_bad > 0) {
            r->batch.file = ent_reader_source_name(r);
            r->batch.file_index = r->source_at;
            return 1;
        }
        if (status == 0 && !r->forked && r->source_at + 1 < r->sources->count) {
            r->source_at++;
            if (!begin_source(r, &r->error)) {
                return report_failure(r, err);
            }
        } else if (status == 0) {
            r->ended = true;
        }
    }
    return r->failed ? report_failure(r, err) : 0;
}

void ent_reader_spell(ent_reader *r) {
    const ent_plain_rows *plain = r->batch.plain;
    uint32_t n = r->batch.n_rows;
    for (uint32_t i = 0; plain != NULL && i < n; i++) {
        const uint32_t *ends = plain->ends + (size_t)i * plain->stride;
        uint32_t from = ends[(int64_t)plain->begin - 1] + 1;
        r->row_line[i] = r->batch.first_line + i;
        r->row_number[i] = r->number - n + i + 1;
        r->raw[i] = plain->text + from;
        r->raw_len[i] = ends[plain->stride - 1] - from;
    }
    for (uint32_t c = 0; plain != NULL && c < r->n_names; c++) {
        for (uint32_t i = 0; i < n; i++) {
            r->cells[c][i] = ent_plain_cell(plain, plain->columns[c], i);
        }
    }
    r->batch.plain = NULL;
}

bool ent_reader_has_column(const ent_reader *r, uint32_t i) {
    return i < r->n_names && (r->format == ENT_FORMAT_JSONL || r->column[i] != ENT_NO_COLUMN);
}

uint32_t ent_reader_header_count(const ent_reader *r) { return r->n_header; }

const char *ent_reader_header_name(const ent_reader *r, uint32_t column) {
    return column < r->n_header ? r->header[column] : NULL;
}

uint32_t ent_reader_column_number(const ent_reader *r, uint32_t i) {
    bool known = i < r->n_names && r->format != ENT_FORMAT_JSONL && r->column[i] != ENT_NO_COLUMN;
    return known ? r->column[i] + 1 : 0;
}

uint64_t ent_reader_rows(const ent_reader *r) { return r->rows_total; }
uint64_t ent_reader_bad_rows(const ent_reader *r) { return r->bad_total; }
