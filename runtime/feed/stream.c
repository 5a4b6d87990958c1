/* See stream.h. */
#include "runtime/feed/stream.h"
#include "runtime/feed/digest.h"
#include "runtime/feed/parallel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ent_stream {
    const ent_image *program;
    const ent_feed_row *feed;
    ent_strings *strings;
    ent_stream_options options;
    ent_source_list sources;
    ent_reader *reader; /* of a follower: its leader's */
    ent_binder *binder;
    ent_stream *leader, *follower; /* of a pair */
    const ent_cells *cells;        /* of a leader: the batch in hand, NULL at the end */
    uint32_t first_column;         /* in the reader */
    ent_parallel *parallel; /* NULL: not yet, or one thread */
    bool serial;            /* the parallel reading rests */
    uint32_t n_serial;      /* batches read without it of the file in hand */
    ent_reader *piece;      /* reads what the parallel reading left as text */
    uint32_t checked_file; /* whose header has been looked at, + 1 */
    bool sort;
    ent_sorter *sorter;
    bool sorted; /* all rows are in the sorter */
    uint32_t row_size, absent_offset;
    char *packed;
    ent_rows out; /* of the sorted stream */
    int64_t *out_origins;
    int64_t last_at;
    ent_stream_totals totals;
    ent_digest digest;
};

static void digest_rows(ent_stream *s, const ent_rows *rows)
{
    if (s->options.digest) {
        ent_digest_batch batch = {s->program, s->feed, s->strings, rows->columns, rows->n};
        ent_digest_take(&s->digest, &batch);
    }
}

bool ent_stream_digest(ent_stream *s, char text[ENT_HASH_TEXT_SIZE])
{
    text[0] = 0;
    return !s->options.digest || ent_digest_text(&s->digest, text);
}

/* --- opening --- */

static bool is_standard_input(const ent_stream_options *options)
{
    for (uint32_t i = 0; i < options->n_specs; i++) {
        if (strcmp(options->specs[i], "-") == 0) {
            return true;
        }
    }
    return false;
}

/* A pair's reader yields the leader's columns and then the follower's. */
static bool start_reader(ent_stream *s, ent_feed_error *err)
{
    const char *const *own;
    const char *const *others = NULL;
    uint32_t n = ent_binder_wanted(s->binder, &own);
    uint32_t n_others = s->follower ? ent_binder_wanted(s->follower->binder, &others) : 0;
    const char **names = calloc((size_t)n + n_others + 1, sizeof *names);
    if (!names) {
        return ent_feed_fail_memory(err, "columns");
    }
    memcpy(names, own, n * sizeof *names);
    if (n_others > 0) {
        memcpy(names + n, others, n_others * sizeof *names);
    }
    char separator = s->options.separator ? s->options.separator : ent_binder_separator(s->binder);
    ent_reader_options options = {.separator = separator,
                                  .bad_rows = ENT_BAD_KEEP,
                                  .plain = !s->follower,
                                  .portable = s->options.portable,
                                  .batch_rows = s->options.batch_rows};
    s->reader = ent_reader_open(&s->sources, names, n + n_others, &options, err);
    free(names);
    if (s->reader && s->follower) {
        s->follower->reader = s->reader;
        s->follower->first_column = n;
        ent_binder_set_first_column(s->follower->binder, n);
    }
    return s->reader != NULL;
}

static bool open_texts(ent_stream *s, ent_format hint, ent_feed_error *err)
{
    for (uint32_t i = 0; i < s->options.n_texts; i++) {
        const ent_stream_text *text = &s->options.texts[i];
        ent_source *source =
            ent_source_open_memory(text->name, text->bytes, text->len,
                                   s->options.text_format ? s->options.text_format : hint, err);
        if (!source || !ent_source_list_take(&s->sources, source, err)) {
            return false;
        }
    }
    return true;
}

static bool open_reader(ent_stream *s, ent_feed_error *err)
{
    static const ent_format formats[] = {ENT_FORMAT_GUESS, ENT_FORMAT_CSV, ENT_FORMAT_JSONL};
    for (uint32_t i = 0; i < s->options.n_specs; i++) {
        ent_format hint = formats[ent_binder_format(s->binder)];
        const char *dot = strrchr(s->options.specs[i], '.');
        /* `from csv` also names tab-separated files */
        if (hint == ENT_FORMAT_CSV && dot && strncmp(dot, ".tsv", 4) == 0) {
            hint = ENT_FORMAT_TSV;
        }
        if (!ent_source_list_add(&s->sources, s->options.specs[i], hint, err)) {
            return false;
        }
    }
    if (!open_texts(s, formats[ent_binder_format(s->binder)], err)) {
        return false;
    }
    return start_reader(s, err);
}

/* Packed rows: origin, one word (or a rational) a used field, then a byte of absence each. */
static void lay_out(ent_stream *s)
{
    uint32_t words = 1;
    uint32_t used = 0;
    for (int64_t i = 0; i < s->feed->n_fields; i++) {
        const ent_field_row *field = &s->program->field[s->feed->first_field + i];
        words += ent_type_class((unsigned)field->type) == ENT_CLASS_Q ? 4 : 1;
        used++;
    }
    s->absent_offset = words * 8;
    s->row_size = (s->absent_offset + used + 7) / 8 * 8;
}

static bool open_sorter(ent_stream *s, ent_feed_error *err)
{
    lay_out(s);
    ent_sorter_options options = {.row_size = s->row_size,
                                  .memory_bytes_max = s->options.sort_memory_bytes,
                                  .folder = s->options.folder};
    s->sorter = ent_sorter_new(&options, err);
    s->packed = malloc(s->row_size);
    s->out.columns = calloc((size_t)s->feed->n_fields + 1, sizeof *s->out.columns);
    s->out_origins = malloc(s->options.batch_rows * sizeof *s->out_origins);
    if (!s->sorter) {
        return false;
    }
    return (s->packed && s->out.columns && s->out_origins) || ent_feed_fail_memory(err, "rows");
}

static ent_stream *make_stream(const ent_stream_side *side, const ent_stream_options *options,
                               ent_feed_error *err)
{
    char message[128];
    ent_stream *s = calloc(1, sizeof *s);
    if (!s) {
        ent_feed_fail_memory(err, "a stream");
        return NULL;
    }
    s->program = side->program;
    s->feed = &side->program->feed[side->feed];
    s->strings = side->strings;
    s->options = *options;
    s->last_at = INT64_MIN;
    if (options->digest) {
        ent_digest_init(&s->digest);
    }
    s->sort = options->sort || is_standard_input(options);
    s->binder = ent_binder_new(side->program, side->feed, side->strings, side->vm,
                               options->batch_rows, message, sizeof message);
    if (!s->binder) {
        ent_feed_fail_memory(err, "a binder");
        ent_stream_close(s);
        return NULL;
    }
    if (options->portable) {
        ent_binder_set_portable(s->binder);
    }
    return s;
}

ent_stream *ent_stream_open(const ent_image *program, int64_t feed, ent_strings *strings,
                            ent_vm *vm, const ent_stream_options *options, ent_feed_error *err)
{
    ent_stream_side side = {program, feed, strings, vm};
    ent_stream *s = make_stream(&side, options, err);
    if (s && open_reader(s, err) && (!s->sort || open_sorter(s, err))) {
        return s;
    }
    ent_stream_close(s);
    return NULL;
}

bool ent_stream_open_pair(const ent_stream_side sides[2], const ent_stream_options *options,
                          ent_stream *streams[2], ent_feed_error *err)
{
    ent_stream *a = make_stream(&sides[0], options, err);
    ent_stream *b = a ? make_stream(&sides[1], options, err) : NULL;
    bool ok = a && b;
    if (ok) {
        a->follower = b;
        b->leader = a;
        ok = (ent_binder_format(a->binder) == ent_binder_format(b->binder) &&
              ent_binder_separator(a->binder) == ent_binder_separator(b->binder)) ||
             ent_feed_fail(err, ENT_FEED_USE, "two binds that read files in different ways");
    }
    ok = ok && open_reader(a, err) &&
         (!a->sort || (open_sorter(a, err) && open_sorter(b, err)));
    if (!ok) {
        ent_stream_close(b);
        ent_stream_close(a);
        a = b = NULL;
    }
    streams[0] = a;
    streams[1] = b;
    return ok;
}

void ent_stream_close(ent_stream *s)
{
    if (!s) {
        return;
    }
    ent_parallel_stop(s->parallel);
    if (s->reader && !s->leader) {
        ent_reader_close(s->reader);
    }
    ent_source_list_deinit(&s->sources);
    ent_binder_free(s->binder);
    ent_sorter_free(s->sorter);
    for (int64_t i = 0; s->out.columns && i < s->feed->n_fields; i++) {
        free(s->out.columns[i].data);
        free(s->out.columns[i].absent);
    }
    free(s->out.columns);
    free(s->out_origins);
    free(s->packed);
    ent_digest_deinit(&s->digest);
    free(s);
}

void ent_stream_lend(ent_stream *s, void *const *columns, int64_t *origins)
{
    ent_binder_lend(s->binder, columns, origins);
}

/* --- reading --- */

static bool check_header(ent_stream *s, const ent_cells *cells, ent_feed_error *err)
{
    if (cells->file_index + 1 == s->checked_file) {
        return true;
    }
    s->checked_file = cells->file_index + 1;
    const char *const *names;
    uint32_t n = ent_binder_wanted(s->binder, &names);
    for (uint32_t i = 0; i < n; i++) {
        if (ent_reader_has_column(s->reader, s->first_column + i)) {
            continue;
        }
        if (ent_binder_optional(s->binder, i)) {
            if (s->options.on_no_column) {
                s->options.on_no_column(s->options.user, cells->file, names[i]);
            }
            continue;
        }
        const char *only = ent_reader_header_name(s->reader, 0);
        const char *other = ent_reader_header_count(s->reader) == 1 ? strpbrk(only, ";|\t,") : NULL;
        if (other) {
            return ent_feed_fail(err, ENT_FEED_FORMAT,
                                 "`%s` has one column, `%s`: name its separator, as in "
                                 "--separator %s%.*s%s",
                                 cells->file, only, *other == '\t' ? "tab" : "'",
                                 *other == '\t' ? 0 : 1, other, *other == '\t' ? "" : "'");
        }
        char have[320];
        size_t at = 0;
        have[0] = 0;
        for (uint32_t k = 0; k < ent_reader_header_count(s->reader) && at + 64 < sizeof have; k++) {
            const char *name = ent_reader_header_name(s->reader, k);
            size_t len = strnlen(name, 48);
            at += (size_t)snprintf(have + at, sizeof have - at, "%s%.*s", k ? ", " : "", (int)len,
                                   name);
        }
        return ent_feed_fail(err, ENT_FEED_FORMAT,
                             "`%s` has no column `%s`, which feed `%s` needs; it has: %s; name the "
                             "right column in a `bind %s`",
                             cells->file, names[i],
                             ent_image_text(s->program, s->feed->name), have,
                             ent_image_text(s->program, s->feed->name));
    }
    return true;
}

typedef struct bad_sink {
    ent_stream *stream;
} bad_sink;

static bool count_bad(void *user, const ent_bad_row *bad)
{
    ent_stream *s = ((bad_sink *)user)->stream;
    s->totals.bad++;
    return s->options.on_bad(s->options.user, bad);
}

/* A follower looks at the batch that its leader has in hand. */
static int next_cells(ent_stream *s, ent_cells *cells, ent_feed_error *err)
{
    const ent_cells *own = NULL;
    int got = s->leader ? s->leader->cells != NULL : ent_reader_next(s->reader, &own, err);
    if (!s->leader) {
        s->cells = got == 1 ? own : NULL;
    }
    if (got == 1) {
        *cells = s->leader ? *s->leader->cells : *own;
        cells->cells += s->first_column;
    }
    return got;
}

static ent_stream_result take_cells(ent_stream *s, ent_reader *reader, const ent_cells *cells,
                                    ent_rows *rows, ent_feed_error *err)
{
    bad_sink sink = {s};
    if (!check_header(s, cells, err)) {
        return ENT_STREAM_FAILED;
    }
    if (!ent_binder_take(s->binder, cells, reader, count_bad, &sink, rows, &s->totals.skipped)) {
        if (ent_binder_out_of_memory(s->binder)) {
            ent_feed_fail_memory(err, "rows");
        } else {
            ent_feed_fail(err, ENT_FEED_STOPPED, "stopped at a bad row");
        }
        return ENT_STREAM_FAILED;
    }
    s->totals.rows += rows->n;
    return ENT_STREAM_ROWS;
}

/* The first batches of each file are read without other threads: most files have no more.  A pair is read by one. */
static bool go_parallel(ent_stream *s, ent_feed_error *err)
{
    enum { SERIAL_BATCHES = 8 };
    if (s->options.jobs < 2 || s->leader || s->follower || ++s->n_serial != SERIAL_BATCHES) {
        return true;
    }
    s->serial = false;
    if (s->parallel) {
        return ent_parallel_resume(s->parallel, err);
    }
    ent_parallel_options options = {.program = s->program,
                                    .feed = s->feed - s->program->feed,
                                    .strings = s->strings,
                                    .zone_dir = s->options.zone_dir,
                                    .batch_rows = s->options.batch_rows,
                                    .threads = s->options.jobs,
                                    .portable = s->options.portable,
                                    .making = s->options.making};
    s->parallel = ent_parallel_start(s->reader, &options, err);
    return s->parallel != NULL;
}

static ent_stream_result read_serial(ent_stream *s, ent_rows *rows, ent_feed_error *err)
{
    ent_cells cells;
    int got = next_cells(s, &cells, err);
    if (got <= 0) {
        if (s->parallel) {
            ent_parallel_end(s->parallel); /* while the last decisions are made */
        }
        return got == 0 ? ENT_STREAM_END : ENT_STREAM_FAILED;
    }
    if (cells.file_index + 1 != s->checked_file) {
        s->n_serial = 0;
    }
    ent_stream_result result = take_cells(s, s->reader, &cells, rows, err);
    return result == ENT_STREAM_ROWS && !go_parallel(s, err) ? ENT_STREAM_FAILED : result;
}

static ent_stream_result read_batch(ent_stream *s, ent_rows *rows, ent_feed_error *err)
{
    for (;;) {
        if (s->piece) {
            const ent_cells *cells;
            int got = ent_reader_next(s->piece, &cells, err);
            if (got != 0) {
                return got < 0 ? ENT_STREAM_FAILED : take_cells(s, s->piece, cells, rows, err);
            }
            s->piece = NULL;
        }
        if (!s->parallel || s->serial) {
            return read_serial(s, rows, err);
        }
        switch (ent_parallel_next(s->parallel, rows, &s->totals.skipped, &s->piece, err)) {
        case ENT_PARALLEL_ROWS:
            s->totals.rows += rows->n;
            return ENT_STREAM_ROWS;
        case ENT_PARALLEL_SERIAL:
            s->serial = true;
            break;
        case ENT_PARALLEL_PIECE:
            break;
        case ENT_PARALLEL_FAILED:
            return ENT_STREAM_FAILED;
        }
    }
}

static bool pack(ent_stream *s, const ent_rows *rows, uint32_t lane, ent_feed_error *err)
{
    memset(s->packed, 0, s->row_size);
    memcpy(s->packed, &rows->origins[lane], 8);
    size_t at = 8;
    size_t flag = s->absent_offset;
    for (int64_t i = 0; i < s->feed->n_fields; i++) {
        const ent_vector *c = &rows->columns[i];
        size_t size = c->cls == ENT_CLASS_Q ? sizeof(ent_q) : 8;
        size_t width = c->cls == ENT_CLASS_B ? 1 : size;
        if (c->data) {
            memcpy(s->packed + at, (const char *)c->data + lane * width, width);
            s->packed[flag] = (char)(c->absent && c->absent[lane]);
        }
        at += size;
        flag++;
    }
    return ent_sorter_add(s->sorter, ((const int64_t *)rows->columns[s->feed->at].data)[lane],
                          s->packed, err);
}

/* Puts a batch into the sorter. */
static bool pack_all(ent_stream *s, const ent_rows *rows, ent_feed_error *err)
{
    for (uint32_t lane = 0; lane < rows->n; lane++) {
        if (!pack(s, rows, lane, err)) {
            return false;
        }
    }
    for (int64_t i = 0; i < s->feed->n_fields; i++) {
        ent_vector *out = &s->out.columns[i];
        out->cls = rows->columns[i].cls;
        if (rows->columns[i].data && !out->data) {
            out->data =
                malloc(s->options.batch_rows * (out->cls == ENT_CLASS_Q ? sizeof(ent_q) : 8));
            out->absent = malloc(s->options.batch_rows);
            if (!out->data || !out->absent) {
                return ent_feed_fail_memory(err, "rows");
            }
        }
    }
    return true;
}

static bool sort_finish(ent_stream *s, ent_feed_error *err)
{
    s->sorted = ent_sorter_finish(s->sorter, err);
    return s->sorted;
}

/* The leader of a pair sorts for both. */
static ent_stream_result sort_all(ent_stream *s, ent_feed_error *err)
{
    ent_rows rows;
    ent_stream_result got;
    while ((got = read_batch(s, &rows, err)) == ENT_STREAM_ROWS) {
        if (!pack_all(s, &rows, err)) {
            return ENT_STREAM_FAILED;
        }
        if (s->follower && (read_batch(s->follower, &rows, err) != ENT_STREAM_ROWS ||
                            !pack_all(s->follower, &rows, err))) {
            return ENT_STREAM_FAILED;
        }
    }
    if (got != ENT_STREAM_END || !sort_finish(s, err) ||
        (s->follower && !sort_finish(s->follower, err))) {
        return ENT_STREAM_FAILED;
    }
    return ENT_STREAM_END;
}

static void unpack(ent_stream *s, const char *row, uint32_t lane)
{
    memcpy(&s->out_origins[lane], row, 8);
    size_t at = 8;
    size_t flag = s->absent_offset;
    for (int64_t i = 0; i < s->feed->n_fields; i++) {
        ent_vector *c = &s->out.columns[i];
        size_t size = c->cls == ENT_CLASS_Q ? sizeof(ent_q) : 8;
        size_t width = c->cls == ENT_CLASS_B ? 1 : size;
        if (c->data) {
            memcpy((char *)c->data + lane * width, row + at, width);
            c->absent[lane] = (uint8_t)row[flag];
        }
        at += size;
        flag++;
    }
}

static ent_stream_result next_sorted(ent_stream *s, ent_rows *rows, ent_feed_error *err)
{
    if (!s->sorted && sort_all(s, err) == ENT_STREAM_FAILED) {
        return ENT_STREAM_FAILED;
    }
    uint32_t n = 0;
    const void *row;
    int got = 1;
    while (n < s->options.batch_rows && (got = ent_sorter_next(s->sorter, NULL, &row, err)) == 1) {
        unpack(s, row, n++);
    }
    if (got < 0) {
        return ENT_STREAM_FAILED;
    }
    s->out.n = n;
    s->out.origins = s->out_origins;
    *rows = s->out;
    return n ? ENT_STREAM_ROWS : ENT_STREAM_END;
}

ent_stream_result ent_stream_next(ent_stream *s, ent_rows *rows, ent_feed_error *err)
{
    if (s->sort) {
        ent_stream_result got = next_sorted(s, rows, err);
        if (got == ENT_STREAM_ROWS) {
            digest_rows(s, rows);
        }
        return got;
    }
    ent_stream_result got = read_batch(s, rows, err);
    if (got != ENT_STREAM_ROWS) {
        return got;
    }
    if (rows->made) {
        if (rows->first_at < s->last_at) {
            return ENT_STREAM_DISORDER;
        }
        s->last_at = rows->last_at;
        return ENT_STREAM_ROWS;
    }
    const int64_t *at = rows->columns[s->feed->at].data;
    if (!s->options.unordered && rows->n > 0) {
        if (at[0] < s->last_at || ent_instants_descend(at, rows->n)) {
            return ENT_STREAM_DISORDER;
        }
        s->last_at = at[rows->n - 1];
    }
    digest_rows(s, rows);
    return ENT_STREAM_ROWS;
}

ent_stream_totals ent_stream_totals_of(const ent_stream *s)
{
    ent_stream_totals totals = s->totals;
    for (uint32_t i = 0; i < s->sources.count; i++) {
        uint64_t done;
        uint64_t total;
        ent_source_progress(s->sources.items[i], &done, &total);
        totals.done_bytes += done;
        totals.total_bytes += total;
    }
    return totals;
}
