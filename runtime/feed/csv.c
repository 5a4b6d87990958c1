/* CSV rows out of a block of text.  See reader.h for what they mean and scan.h for how cell ends
 * are found.
 *
 * The scan says for each row where its last cell ends, so the number of cells is a subtraction, and
 * only wanted columns are looked at, column by column.  The scan always begins at a row's start:
 * after a refill what is left of a partial row is scanned again. */
#include <stdlib.h>
#include <string.h>

#include "runtime/feed/reader_private.h"
#include "runtime/feed/utf8.h"
#include "runtime/vm/simd.h"

/* Scanned ahead of the rows' taking; about what stays in the nearest cache. */
enum { SCAN_STEP = 16 << 10 };

/* Memory for `need` numbers, of which what there is stays. */
static bool numbers_reserve(uint32_t **numbers, size_t *capacity, size_t need, ent_feed_error *err) {
    if (need <= *capacity) {
        return true;
    }
    size_t grown = need + need / 2;
    uint32_t *memory = realloc(*numbers, grown * sizeof *memory);
    if (memory == NULL) {
        return ent_feed_fail_memory(err, "reading CSV");
    }
    *numbers = memory;
    *capacity = grown;
    return true;
}

/* Room for all cells and rows that the next `step` bytes may have. Few texts have nearly as many as bytes. */
static bool scan_reserve(ent_csv *csv, uint32_t step, ent_feed_error *err) {
    size_t most = (size_t)step + ENT_SCAN_PADDING;
    if (!numbers_reserve(&csv->ends_memory, &csv->ends_capacity, csv->scan.n_ends + most + 1, err) ||
        !numbers_reserve(&csv->scan.rows, &csv->rows_capacity, csv->scan.n_rows + most, err)) {
        return false;
    }
    csv->ends_memory[0] = UINT32_MAX; /* the first cell begins behind it, at 0 */
    csv->scan.ends = csv->ends_memory + 1;
    return true;
}

static bool dirty_reserve(ent_reader *r, ent_feed_error *err) {
    ent_csv *csv = &r->csv;
    if (csv->dirty_cap >= r->block.cap && csv->scan.dirty != NULL) {
        return true;
    }
    free(csv->scan.dirty);
    csv->scan.dirty = malloc(((size_t)r->block.cap + ENT_BLOCK_PADDING + ENT_SCAN_PADDING) / 64 + 1);
    csv->dirty_cap = r->block.cap;
    return csv->scan.dirty != NULL || ent_feed_fail_memory(err, "reading CSV");
}

bool ent_csv_init(ent_reader *r, ent_feed_error *err) {
    r->csv.kernel = ent_scan_kernel(r->options.portable ? ENT_SCAN_PORTABLE : r->options.scan);
    if (r->csv.kernel == NULL) {
        return ent_feed_fail(err, ENT_FEED_USE, "this processor does not have the wanted kernel");
    }
    r->csv.from = calloc(r->options.batch_rows, sizeof *r->csv.from);
    r->csv.base = calloc(r->options.batch_rows, sizeof *r->csv.base);
    if (r->csv.from == NULL || r->csv.base == NULL) {
        return ent_feed_fail_memory(err, "reading CSV");
    }
    return dirty_reserve(r, err);
}

void ent_csv_deinit(ent_reader *r) {
    free(r->csv.ends_memory);
    free(r->csv.scan.rows);
    free(r->csv.scan.dirty);
    free(r->csv.from);
    free(r->csv.base);
}

/* CR, LF and CRLF each count once. */
static uint64_t count_newlines(const char *text, uint32_t len) {
    uint64_t n = 0;
    for (uint32_t i = 0; i < len; i++) {
        n += text[i] == '\n' || (text[i] == '\r' && (i + 1 == len || text[i + 1] != '\n'));
    }
    return n;
}

static bool refill(ent_reader *r, ent_feed_error *err) {
    ent_csv *csv = &r->csv;
    if (!ent_block_refill(&r->block, csv->start, err) || !dirty_reserve(r, err)) {
        return false;
    }
    ent_scan_reset(&csv->scan);
    csv->row_at = 0;
    csv->start = 0;
    return true;
}

/* The line on which the quote opened that never closes: the last opening one of what is left. */
static bool fail_unclosed(ent_reader *r, ent_feed_error *err) {
    const char *text = r->block.text + r->csv.start;
    uint32_t len = r->block.len - r->csv.start;
    ent_scan_place place = ENT_PLACE_CELL_START;
    uint32_t opened = 0;
    for (uint32_t i = 0; i < len; i++) {
        char c = text[i];
        bool is_break = c == r->csv.separator || c == '\n' || c == '\r';
        if (place == ENT_PLACE_QUOTED) {
            place = c == '"' ? ENT_PLACE_AFTER_QUOTE : ENT_PLACE_QUOTED;
        } else if (c == '"' && place != ENT_PLACE_UNQUOTED) {
            opened = place == ENT_PLACE_CELL_START ? i : opened;
            place = ENT_PLACE_QUOTED;
        } else {
            place = is_break ? ENT_PLACE_CELL_START : ENT_PLACE_UNQUOTED;
        }
    }
    uint64_t line = r->line + count_newlines(text, opened);
    bool whole = len <= r->options.row_bytes_max + 1;
    if (place != ENT_PLACE_QUOTED) {
        return ent_reader_too_long(r, r->line, err);
    }
    ent_feed_fail(
        err, whole ? ENT_FEED_FORMAT : ENT_FEED_TOO_LONG,
        "the quote that opens on line %llu of `%s` %s: close it, or double it if it is part "
        "of the text",
        (unsigned long long)line, ent_reader_source_name(r),
        whole ? "never closes" : "does not close within the longest row allowed");
    if (err != NULL) {
        err->line = line;
    }
    return false;
}

/* More text, or the end.  1: there is some; 0: the end; -1: failure. */
static int more_text(ent_reader *r, ent_feed_error *err) {
    ent_csv *csv = &r->csv;
    uint32_t left = r->block.len - csv->start;
    if (left > r->options.row_bytes_max + 1) { /* one more may be the CR of its end */
        fail_unclosed(r, err);
        return -1;
    }
    if (!r->block.end) {
        return refill(r, err) ? 1 : -1;
    }
    if (left == 0) {
        return 0;
    }
    if (r->forked) { /* a piece ends with a newline: this one in quotes, and it has been cut wrongly */
        fail_unclosed(r, err);
        return -1;
    }
    if (csv->line_finished) {
        /* Tell the opening line without the newline that we added. */
        r->block.len--;
        fail_unclosed(r, err);
        return -1;
    }
    csv->line_finished = true;
    if (!refill(r, err)) {
        return -1;
    }
    ent_block_finish_line(&r->block);
    return 1;
}

/* One whole row.  `first` is the index of its first cell's end, `count` how many cells it has. */
typedef struct row {
    uint32_t from;
    uint32_t to;
    uint32_t first;
    uint32_t count;
    uint64_t line;
} row;

/* Scans until so many rows wait to be taken, or the text ends. */
static bool scan_rows(ent_reader *r, uint32_t wanted, ent_feed_error *err) {
    ent_csv *csv = &r->csv;
    uint32_t len = r->block.len;
    while (csv->scan.n_rows - csv->row_at < wanted && csv->scan.at < len) {
        uint32_t step = len - csv->scan.at > SCAN_STEP ? SCAN_STEP : len - csv->scan.at;
        if (!scan_reserve(csv, step, err)) {
            return false;
        }
        csv->kernel(&csv->scan, (const uint8_t *)r->block.text, csv->scan.at + step, (uint8_t)csv->separator);
    }
    return true;
}

/* Takes the next row that is not blank.  1: `out` is it; 0: more text is needed; -1: failure. */
static int take_row(ent_reader *r, row *out, ent_feed_error *err) {
    ent_csv *csv = &r->csv;
    const char *text = r->block.text;
    uint32_t len = r->block.len;
    for (;;) {
        if (!scan_rows(r, 1, err)) {
            return -1;
        }
        if (csv->scan.n_rows == csv->row_at) {
            return 0;
        }
        uint32_t last = csv->scan.rows[csv->row_at];
        uint32_t first = csv->row_at == 0 ? 0 : csv->scan.rows[csv->row_at - 1] + 1;
        uint32_t to = csv->scan.ends[last];
        uint32_t next = to + 1;
        if (text[to] == '\r') {
            if (next == len && !r->block.end) {
                return 0; /* its LF may be the next byte of the file */
            }
            next += next < len && text[next] == '\n';
        }
        uint32_t from = csv->start;
        if (to - from > r->options.row_bytes_max) {
            ent_reader_too_long(r, r->line, err);
            return -1;
        }
        *out = (row){from, to, first, last - first + 1, r->line};
        r->line++;
        if (csv->scan.quoted_newline) {
            r->line += count_newlines(text + from, to - from);
        }
        csv->row_at++;
        csv->start = next;
        if (to != from) {
            return 1;
        }
    }
}

typedef enum unquoting { UNQUOTED_FINE, UNQUOTED_TEXT_AFTER, UNQUOTED_MEMORY } unquoting;

/* A cell that begins with a quote: points inside it, or to an unescaped copy. */
static unquoting unquote(ent_reader *r, ent_cell *cell) {
    const char *p = cell->p + 1;
    const char *end = cell->p + cell->len;
    const char *quote = memchr(p, '"', (size_t)(end - p));
    if (quote != NULL && quote + 1 == end) {
        cell->p = p;
        cell->len -= 2;
        cell->state = cell->len > 0 ? ENT_CELL_PRESENT : ENT_CELL_EMPTY;
        return UNQUOTED_FINE;
    }
    char *out = ent_reader_side(r, cell->len);
    if (out == NULL) {
        return UNQUOTED_MEMORY;
    }
    uint32_t n = 0;
    while (quote != NULL && quote + 1 < end && quote[1] == '"') {
        size_t piece = (size_t)(quote + 1 - p);
        memcpy(out + n, p, piece);
        n += (uint32_t)piece;
        p = quote + 2;
        quote = memchr(p, '"', (size_t)(end - p));
    }
    if (quote == NULL || quote + 1 != end) {
        return UNQUOTED_TEXT_AFTER;
    }
    memcpy(out + n, p, (size_t)(quote - p));
    *cell = (ent_cell){out, n + (uint32_t)(quote - p), ENT_CELL_PRESENT};
    return UNQUOTED_FINE;
}

static bool header_fault(ent_reader *r, const row *h, uint32_t column, const char *what,
                         ent_feed_error *err) {
    ent_feed_fail(err, ENT_FEED_FORMAT, "column %u in the header of `%s` (line %llu) %s", column,
                  ent_reader_source_name(r), (unsigned long long)h->line, what);
    if (err != NULL) {
        err->line = h->line;
    }
    return false;
}

static bool take_header(ent_reader *r, const row *h, ent_feed_error *err) {
    ent_cell *cells = calloc(h->count, sizeof *cells);
    bool fine = cells != NULL || ent_feed_fail_memory(err, "a header");
    uint32_t from = h->from;
    for (uint32_t j = 0; fine && j < h->count; j++) {
        uint32_t to = r->csv.scan.ends[h->first + j];
        ent_cell *cell = &cells[j];
        *cell = (ent_cell){r->block.text + from, to - from, ENT_CELL_PRESENT};
        from = to + 1;
        unquoting status = cell->len > 0 && cell->p[0] == '"' ? unquote(r, cell) : UNQUOTED_FINE;
        size_t valid = ent_utf8_valid_prefix(cell->p, cell->len);
        if (status == UNQUOTED_MEMORY) {
            fine = ent_feed_fail_memory(err, "a header");
        } else if (status == UNQUOTED_TEXT_AFTER) {
            fine = header_fault(r, h, j + 1,
                                "has text after its closing quote: double the quotes "
                                "inside quotes",
                                err);
        } else if (valid < cell->len && cell->p[valid] == '\0') {
            fine = header_fault(r, h, j + 1,
                                "has a NUL byte: if the file is UTF-16, convert it with "
                                "`iconv -f UTF-16LE -t UTF-8`",
                                err);
        } else if (valid < cell->len) {
            fine = header_fault(r, h, j + 1,
                                "is not UTF-8: convert the file, for instance with "
                                "`iconv -f WINDOWS-1252 -t UTF-8`",
                                err);
        }
    }
    fine = fine && ent_reader_set_header(r, cells, h->count, err);
    free(cells);
    r->csv.has_header = fine;
    return fine;
}

bool ent_csv_begin(ent_reader *r, ent_feed_error *err) {
    ent_csv *csv = &r->csv;
    char given = r->options.separator;
    csv->separator = given != '\0' ? given : r->format == ENT_FORMAT_TSV ? '\t' : ',';
    csv->start = 0;
    csv->row_at = 0;
    csv->has_header = false;
    csv->line_finished = false;
    r->block.len = 0;
    ent_scan_reset(&csv->scan);
    while (!csv->has_header) {
        row header;
        int status = take_row(r, &header, err);
        if (status == 0) {
            status = more_text(r, err);
            if (status == 0) {
                return ent_feed_fail(err, ENT_FEED_FORMAT,
                                     "`%s` is empty: its first row must name the columns",
                                     ent_reader_source_name(r));
            }
        } else if (status > 0 && !take_header(r, &header, err)) {
            return false;
        }
        if (status < 0) {
            return false;
        }
    }
    return true;
}

/* The common case of take_row: rows that have been scanned, of as many cells as the header, in a text without quotes
 * and CRs.  Returns how many rows the batch has then. */
static uint32_t take_plain_rows(ent_reader *r, uint32_t n, uint32_t most) {
    ent_csv *csv = &r->csv;
    const uint32_t *rows = csv->scan.rows;
    const uint32_t *ends = csv->scan.ends;
    uint32_t left = csv->scan.n_rows - csv->row_at;
    uint32_t count = left < most - n ? left : most - n;
    uint32_t first = csv->row_at == 0 ? 0 : rows[csv->row_at - 1] + 1;
    uint32_t from = csv->start;
    uint32_t done = 0;
    for (; done < count; done++) {
        uint32_t last = rows[csv->row_at + done];
        uint32_t to = ends[last];
        uint32_t len = to - from;
        if (last - first + 1 != r->n_header || len - 1 >= r->options.row_bytes_max) {
            break;
        }
        csv->from[n + done] = from;
        csv->base[n + done] = first;
        r->row_line[n + done] = r->line + done;
        r->row_number[n + done] = r->number + done + 1;
        r->raw[n + done] = r->block.text + from;
        r->raw_len[n + done] = len;
        from = to + 1;
        first = last + 1;
    }
    csv->row_at += done;
    csv->start = from;
    r->line += done;
    r->number += done;
    return n + done;
}

/* Rows of the batch, without their cells. */
static int take_rows(ent_reader *r, ent_feed_error *err) {
    ent_csv *csv = &r->csv;
    uint32_t n = 0;
    row taken;
    int status = 1;
    while (n + r->n_problems < r->options.batch_rows) {
        if (csv->scan.plain && (n = take_plain_rows(r, n, r->options.batch_rows - r->n_problems)) +
                                       r->n_problems == r->options.batch_rows) {
            break;
        }
        status = take_row(r, &taken, err);
        if (status <= 0) {
            break;
        }
        const char *raw = r->block.text + taken.from;
        r->number++;
        if (__builtin_expect(taken.count != r->n_header, 0)) {
            ent_problem problem = {.number = r->number,
                                   .line = taken.line,
                                   .raw = raw,
                                   .raw_len = taken.to - taken.from,
                                   .row = ENT_NO_ROW,
                                   .detail = taken.count,
                                   .kind = ENT_PROBLEM_COUNT};
            if (!ent_reader_note(r, &problem, err)) {
                return -1;
            }
            continue;
        }
        csv->from[n] = taken.from;
        csv->base[n] = taken.first;
        r->row_line[n] = taken.line;
        r->row_number[n] = r->number;
        r->raw[n] = raw;
        r->raw_len[n] = taken.to - taken.from;
        n++;
    }
    r->batch.n_rows = n;
    return status;
}

static bool note_cell(ent_reader *r, uint32_t row_at, uint32_t wanted, ent_problem_kind kind,
                      ent_feed_error *err) {
    ent_problem problem = {.number = r->row_number[row_at],
                           .line = r->row_line[row_at],
                           .raw = r->raw[row_at],
                           .raw_len = r->raw_len[row_at],
                           .row = row_at,
                           .column = r->column[wanted] + 1,
                           .kind = kind,
                           .cell = r->cells[wanted][row_at],
                           .name = r->names[wanted]};
    return ent_reader_note(r, &problem, err);
}

static bool fill_column(ent_reader *r, uint32_t wanted, ent_feed_error *err) {
    const ent_csv *csv = &r->csv;
    const char *text = r->block.text;
    ent_cell *cells = r->cells[wanted];
    uint32_t n = r->batch.n_rows;
    uint32_t column = r->column[wanted];
    if (column == ENT_NO_COLUMN) {
        memset(cells, 0, n * sizeof *cells);
        return true;
    }
    for (uint32_t i = 0; csv->scan.plain && i < n; i++) {
        const uint32_t *ends = csv->scan.ends + csv->base[i] + column;
        uint32_t from = column == 0 ? csv->from[i] : ends[-1] + 1;
        uint32_t len = ends[0] - from;
        cells[i] = (ent_cell){text + from, len, (uint8_t)(ENT_CELL_EMPTY + (len > 0))};
    }
    for (uint32_t i = 0; !csv->scan.plain && i < n; i++) {
        const uint32_t *ends = csv->scan.ends + csv->base[i];
        uint32_t from = column == 0 ? csv->from[i] : ends[column - 1] + 1;
        uint32_t len = ends[column] - from;
        cells[i] = (ent_cell){text + from, len, len > 0 ? ENT_CELL_PRESENT : ENT_CELL_EMPTY};
        if (__builtin_expect(text[from] == '"' && len > 0, 0)) {
            unquoting status = unquote(r, &cells[i]);
            if (status == UNQUOTED_MEMORY) {
                return ent_feed_fail_memory(err, "a cell");
            }
            if (status == UNQUOTED_TEXT_AFTER && !note_cell(r, i, wanted, ENT_PROBLEM_QUOTE, err)) {
                return false;
            }
        }
    }
    return true;
}

/* Only rows in stretches that have a byte beyond ASCII, or NUL, are looked at again. */
static bool check_texts(ent_reader *r, ent_feed_error *err) {
    const uint8_t *dirty = r->csv.scan.dirty;
    for (uint32_t i = 0; i < r->batch.n_rows; i++) {
        uint32_t from = r->csv.from[i];
        uint32_t to = from + r->raw_len[i];
        bool look = false;
        for (uint32_t b = from >> 6; b <= to >> 6 && !look; b++) {
            look = dirty[b] != 0;
        }
        for (uint32_t c = 0; look && c < r->n_names; c++) {
            const ent_cell *cell = &r->cells[c][i];
            size_t valid = cell->state == ENT_CELL_PRESENT
                               ? ent_utf8_valid_prefix(cell->p, cell->len)
                               : cell->len;
            if (valid < cell->len &&
                !note_cell(r, i, c, cell->p[valid] == '\0' ? ENT_PROBLEM_NUL : ENT_PROBLEM_UTF8,
                           err)) {
                return false;
            }
        }
    }
    return true;
}

/* How many of the next rows have as many cells as the header. */
ENT_VECTORS static uint32_t count_regular(const ent_csv *csv, uint32_t first, uint32_t most, uint32_t cells) {
    enum { AT_ONCE = 64 };
    const uint32_t *rows = csv->scan.rows + csv->row_at;
    uint32_t n = 0;
    for (uint32_t wrong = 0; n + AT_ONCE <= most; n += AT_ONCE) {
        for (uint32_t i = 0; i < AT_ONCE; i++) {
            wrong |= rows[n + i] ^ (first + (n + i + 1) * cells - 1);
        }
        if (wrong != 0) {
            break;
        }
    }
    while (n < most && rows[n] == first + (n + 1) * cells - 1) {
        n++;
    }
    return n;
}

/* Makes a batch of plain rows, if the next rows are such and the header has all columns. */
static bool collect_plain(ent_reader *r) {
    ent_csv *csv = &r->csv;
    bool may_be = !r->options.portable && csv->scan.plain && r->n_header > 1 &&
                  r->block.len <= r->options.row_bytes_max;
    for (uint32_t c = 0; may_be && c < r->n_names; c++) {
        may_be = r->column[c] != ENT_NO_COLUMN;
    }
    if (!may_be || !scan_rows(r, r->options.batch_rows, NULL) || !csv->scan.plain) {
        return false; /* if there is no memory, take_rows will meet that, too */
    }
    uint32_t waiting = csv->scan.n_rows - csv->row_at;
    uint32_t most = waiting < r->options.batch_rows ? waiting : r->options.batch_rows;
    uint32_t first = csv->row_at == 0 ? 0 : csv->scan.rows[csv->row_at - 1] + 1;
    uint32_t n = most > 0 ? count_regular(csv, first, most, r->n_header) : 0;
    if (n == 0) {
        return false;
    }
    uint32_t to = csv->scan.ends[csv->scan.rows[csv->row_at + n - 1]];
    const uint8_t *dirty = csv->scan.dirty + csv->start / 64;
    if (csv->scan.any_dirty && memchr(dirty, 1, to / 64 - csv->start / 64 + 1) != NULL) {
        return false;
    }
    r->plain = (ent_plain_rows){r->block.text, csv->scan.ends + first, r->n_header, 0, r->plain_columns};
    r->batch.plain = &r->plain;
    r->batch.first_line = r->line;
    r->batch.n_rows = n;
    csv->row_at += n;
    csv->start = to + 1;
    r->line += n;
    r->number += n;
    return true;
}

int ent_csv_collect(ent_reader *r, ent_feed_error *err) {
    for (;;) {
        if (r->options.plain && collect_plain(r)) {
            return 1;
        }
        int status = take_rows(r, err);
        if (status < 0 && r->batch.n_rows == 0 && r->n_problems == 0) {
            return -1;
        }
        if (r->batch.n_rows > 0 || r->n_problems > 0) {
            break; /* a failure comes again at the next call, after these rows */
        }
        status = more_text(r, err);
        if (status <= 0) {
            return status;
        }
    }
    for (uint32_t c = 0; c < r->n_names; c++) {
        if (!fill_column(r, c, err)) {
            return -1;
        }
    }
    return r->csv.scan.any_dirty && !check_texts(r, err) ? -1 : 1;
}
