/* Batches of text as rows of a feed: reader and binder are those of `run`, over memory.
 *
 * Which rows are late depends on the rows before them in the same source and on nothing else, so
 * the decisions do not depend on how fast which source was.  What does not fit and what is late
 * goes into the quarantine, a line of JSON each. */
#include "compiler/watch/internal.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/feed/origin.h"
#include "runtime/time/arith.h"
#include "runtime/time/civil.h"

typedef struct taking {
    ent_watch *w;
    const ent_watch_batch *batch;
    uint64_t header_lines;
    bool failed;
} taking;

bool ent_watch_is_text(const char *bytes, size_t len)
{
    static const char zstd[] = "\x28\xB5\x2F\xFD";
    for (size_t i = 0; i < len && i < 16; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c < 0x20 && c != '\t' && c != '\r' && c != '\n') {
            return false;
        }
    }
    return len < 4 || memcmp(bytes, zstd, 4) != 0;
}

/* --- quarantine --- */

static bool put_aside(taking *t, uint64_t line, const char *column, const char *cell,
                      size_t cell_len, const char *expected, const char *row, size_t row_len)
{
    ent_json_out out;
    ent_json_init(&out, 0);
    ent_json_begin_object(&out);
    ent_json_key_text(&out, "source", t->batch->source->key);
    ent_json_key(&out, "line");
    ent_json_uint(&out, line);
    if (column) {
        ent_json_key_text(&out, "column", column);
    }
    if (cell) {
        ent_json_key(&out, "cell");
        ent_json_text_len(&out, cell, cell_len);
    }
    ent_json_key_text(&out, "expected", expected);
    if (row) {
        ent_json_key(&out, "row");
        ent_json_text_len(&out, row, row_len);
    }
    ent_json_end_object(&out);
    ent_json_end_line(&out);
    bool ok = ent_json_is_complete(&out) && ent_watch_log_add(&t->w->quarantine, out.data, out.len);
    ent_json_deinit(&out);
    t->failed |= !ok;
    return ok;
}

/* Lines of the text in memory begin with the header; those of the source with what came before. */
static uint64_t source_line(const taking *t, uint64_t line)
{
    return line > t->header_lines ? t->batch->line + line - t->header_lines : line;
}

static bool on_bad(void *user, const ent_bad_row *bad)
{
    taking *t = user;
    t->batch->source->totals.bad++;
    return put_aside(t, source_line(t, bad->line), bad->column_name, bad->cell, bad->cell_len,
                     bad->expected ? bad->expected : "a row", bad->raw, bad->raw_len);
}

/* --- rows that are late, from the future, or of long ago --- */

static void find_raw(const ent_cells *cells, uint64_t line, const char **raw, size_t *len)
{
    *raw = NULL;
    *len = 0;
    for (uint32_t i = 0; i < cells->n_rows; i++) {
        if (cells->line[i] == line) {
            *raw = cells->raw[i];
            *len = cells->raw_len[i];
            return;
        }
    }
}

/* Why a row is not taken. */
typedef enum unfit { FITS, LATE, AHEAD, BEHIND } unfit;

static bool refuse_row(taking *t, const ent_cells *cells, uint64_t line, int64_t at, unfit why)
{
    static const char *const expected[] = {
        [LATE] = "a row at %s or later, as rows up to the lateness of this source are taken",
        [AHEAD] = "a row of the past; the clock says %s",
        [BEHIND] = "a row of at most --behind ago; the clock says %s"};
    ent_watch_source *s = t->batch->source;
    char text[160];
    char when[ENT_CIVIL_TEXT_MAX];
    char limit[ENT_CIVIL_TEXT_MAX];
    const char *raw;
    size_t len;
    find_raw(cells, line, &raw, &len);
    ent_civil_format(when, sizeof when, at, NULL);
    ent_civil_format(limit, sizeof limit, why == LATE ? s->watermark_ns : t->batch->now_ns, NULL);
    snprintf(text, sizeof text, expected[why], limit);
    s->totals.late += why == LATE;
    s->totals.bad += why != LATE;
    return put_aside(t, source_line(t, line), "at", when, strlen(when), text, raw, len);
}

static size_t lane_size(ent_class cls)
{
    return cls == ENT_CLASS_B ? 1 : cls == ENT_CLASS_Q ? sizeof(ent_q) : sizeof(int64_t);
}

static bool push_run(taking *t, const ent_rows *rows, ent_vector *shifted, size_t begin, size_t n,
                     const int64_t *origins)
{
    ent_watch *w = t->w;
    ent_watch_source *s = t->batch->source;
    ent_fault fault;
    for (int64_t i = 0; i < w->program->feed[s->feed].n_fields; i++) {
        const ent_vector *c = &rows->columns[i];
        shifted[i] =
            (ent_vector){c->cls, c->data ? (char *)c->data + begin * lane_size(c->cls) : NULL,
                         c->absent ? c->absent + begin : NULL};
    }
    if (!ent_engine_push(w->engine, s->feed, shifted, n, origins + begin, &fault)) {
        return ent_watch_fail(w, (int)fault.code, "%s", fault.message);
    }
    s->totals.rows += n;
    return true;
}

/* One wrong clock would make everything final, or make the watch count the minutes since 1970. */
static unfit judge(const taking *t, int64_t at)
{
    const ent_watch_options *o = t->w->options;
    return at > ent_time_add(t->batch->now_ns, o->ahead_ns)     ? AHEAD
           : at < ent_time_add(t->batch->now_ns, -o->behind_ns) ? BEHIND
           : at < t->batch->source->watermark_ns                ? LATE
                                                                : FITS;
}

static bool push_rows(taking *t, const ent_cells *cells, const ent_rows *rows, ent_vector *shifted)
{
    ent_watch *w = t->w;
    ent_watch_source *s = t->batch->source;
    const int64_t *at = rows->columns[w->program->feed[s->feed].at].data;
    int64_t origins[ENT_LANES_MAX];
    size_t begin = 0;
    for (size_t i = 0; i < rows->n; i++) {
        uint64_t line = (uint64_t)ent_origin_line(rows->origins[i]);
        unfit why = judge(t, at[i]);
        origins[i] = ent_origin_make(s->index, source_line(t, line));
        if (why != FITS) {
            if (!refuse_row(t, cells, line, at[i], why) ||
                (i > begin && !push_run(t, rows, shifted, begin, i - begin, origins))) {
                return false;
            }
            begin = i + 1;
            continue;
        }
        if (at[i] > s->newest_ns) {
            int64_t reached = ent_time_add(at[i], -s->lateness_ns);
            s->newest_ns = at[i];
            s->watermark_ns = reached > s->watermark_ns ? reached : s->watermark_ns;
        }
    }
    return rows->n == begin || push_run(t, rows, shifted, begin, rows->n - begin, origins);
}

/* --- reading --- */

typedef struct reading {
    ent_source_list list;
    ent_reader *reader;
    char *text;
} reading;

static void close_reading(reading *r)
{
    if (r->reader) {
        ent_reader_close(r->reader);
    }
    ent_source_list_deinit(&r->list);
    free(r->text);
}

static bool open_reading(reading *r, const ent_watch_batch *b, size_t len, ent_feed_error *err)
{
    const char *const *names;
    const char *bytes = b->text;
    uint32_t n = ent_binder_wanted(b->source->binder, &names);
    *r = (reading){0};
    if (b->format != ENT_FORMAT_JSONL) {
        r->text = malloc(b->header_len + 1 + len);
        if (!r->text) {
            return ent_feed_fail_memory(err, "rows");
        }
        if (b->header_len > 0) {
            memcpy(r->text, b->header, b->header_len);
        }
        r->text[b->header_len] = '\n';
        if (len > 0) {
            memcpy(r->text + b->header_len + 1, b->text, len);
        }
        bytes = r->text;
        len += b->header_len + 1;
    }
    ent_source *source = ent_source_open_memory(b->source->spec, bytes, len, b->format, err);
    if (!source || !ent_source_list_take(&r->list, source, err)) {
        return false;
    }
    uint32_t block = len < (1U << 16) ? 1U << 16 : len > (1U << 20) ? 1U << 20 : (uint32_t)len;
    ent_reader_options options = {.separator = ent_binder_separator(b->source->binder),
                                  .bad_rows = ENT_BAD_KEEP,
                                  .batch_rows = ENT_LANES_MAX,
                                  .block_size = block,
                                  .row_bytes_max = ENT_WATCH_ROW_MAX};
    r->reader = ent_reader_open(&r->list, names, n, &options, err);
    return r->reader != NULL;
}

bool ent_watch_header_fits(ent_watch *w, const ent_watch_batch *b, char *message, size_t size)
{
    const char *const *names;
    ent_feed_error err = {0};
    reading r;
    (void)w;
    if (b->format == ENT_FORMAT_JSONL) {
        return true;
    }
    bool ok = open_reading(&r, b, 0, &err);
    if (!ok) {
        snprintf(message, size, "%s", err.text);
    }
    uint32_t n = ent_binder_wanted(b->source->binder, &names);
    for (uint32_t i = 0; ok && i < n; i++) {
        if (!ent_reader_has_column(r.reader, i) && !ent_binder_optional(b->source->binder, i)) {
            snprintf(message, size, "`%s` has no column `%s`, which feed `%s` needs",
                     b->source->spec, names[i], b->source->feed_name);
            ok = false;
        }
    }
    close_reading(&r);
    return ok;
}

static uint64_t count_lines(const ent_watch_batch *b)
{
    uint64_t n = 0;
    for (size_t i = 0; b->format != ENT_FORMAT_JSONL && i < b->header_len; i++) {
        n += b->header[i] == '\n';
    }
    return b->format == ENT_FORMAT_JSONL ? 0 : n + 1;
}

bool ent_watch_take_rows(ent_watch *w, const ent_watch_batch *b)
{
    taking t = {.w = w, .batch = b, .header_lines = count_lines(b)};
    ent_feed_error err = {0};
    ent_rows rows = {0};
    reading r;
    const ent_cells *cells;
    size_t n_fields = (size_t)w->program->feed[b->source->feed].n_fields;
    ent_vector *shifted = calloc(n_fields + 1, sizeof *shifted);
    bool ok = shifted != NULL;
    int got = ok && open_reading(&r, b, b->len, &err) ? 1 : -1;
    while (ok && got > 0 && (got = ent_reader_next(r.reader, &cells, &err)) > 0) {
        ok = ent_binder_take(b->source->binder, cells, r.reader, on_bad, &t, &rows,
                             &b->source->totals.skipped) &&
             push_rows(&t, cells, &rows, shifted);
    }
    if (ok && got < 0) {
        /* what cannot be read as rows at all is put aside as one */
        b->source->totals.bad++;
        ok = err.code != ENT_FEED_MEMORY &&
             put_aside(&t, b->line + err.line, NULL, NULL, 0, err.text, NULL, 0);
    }
    if (shifted) {
        close_reading(&r);
    }
    free(shifted);
    return ok || w->status != 0 || ent_watch_fail(w, 4, "out of memory");
}
