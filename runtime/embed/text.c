/* Rows as text: what a file of facts holds, read by the same reader and bind as a file, from memory. */
#include "runtime/embed/embed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/feed/stream.h"

typedef struct reading {
    ent_session *session;
    const char *feed;
    ent_error *error;
    bool refused; /* a bad row ended the reading, and the error is filled */
} reading;

static bool on_bad(void *user, const ent_bad_row *bad)
{
    reading *r = user;
    const ent_session_options *o = &r->session->options;
    ent_refused_row row = {.feed = r->feed,
                           .row = bad->number,
                           .line = bad->line,
                           .column = bad->column,
                           .name = bad->column_name,
                           .cell = bad->cell,
                           .cell_len = bad->cell_len,
                           .text = bad->raw,
                           .text_len = bad->raw ? bad->raw_len : 0,
                           .expected = bad->expected};
    if (o->on_refused_row) {
        r->session->busy = true;
        bool go_on = o->on_refused_row(o->user, &row);
        r->session->busy = false;
        if (go_on) {
            return true;
        }
    }
    char text[1024];
    ent_bad_row_text(bad, text, sizeof text);
    (void)ent_embed_fail(r->error, ENT_ERROR_DATA, "%s", text);
    if (r->error) {
        r->error->row = bad->number;
        (void)snprintf(r->error->field, sizeof r->error->field, "%s", bad->column_name ? bad->column_name : "");
    }
    r->refused = true;
    return false;
}

/* --- rows of many batches as one --- */

static size_t lane_bytes(ent_class cls)
{
    return cls == ENT_CLASS_B ? 1 : cls == ENT_CLASS_Q ? sizeof(ent_q) : sizeof(int64_t);
}

static bool append_column(ent_vector *to, const ent_vector *from, size_t have, size_t n, size_t capacity)
{
    size_t size = lane_bytes(from->cls);
    void *data = realloc(to->data, capacity * size);
    if (!data) {
        return false;
    }
    to->data = data;
    uint8_t *absent = realloc(to->absent, capacity);
    if (!absent) {
        return false;
    }
    to->absent = absent;
    to->cls = from->cls;
    memcpy((char *)to->data + have * size, from->data, n * size);
    if (from->absent) {
        memcpy(to->absent + have, from->absent, n);
    } else {
        memset(to->absent + have, 0, n);
    }
    return true;
}

static bool append(ent_typed_rows *to, const ent_rows *from, size_t *capacity)
{
    size_t n = from->n;
    while (*capacity < to->n + n + 1) {
        *capacity = *capacity ? *capacity * 2 : 256;
    }
    for (size_t i = 0; i < to->n_fields; i++) {
        if (from->columns[i].data && !append_column(&to->columns[i], &from->columns[i], to->n, n, *capacity)) {
            return false;
        }
    }
    to->n += n;
    return true;
}

/* --- reading --- */

static bool find_format(const char *name, ent_format *format, ent_error *error)
{
    static const struct {
        const char *name;
        ent_format format;
    } formats[] = {{"csv", ENT_FORMAT_CSV}, {"tsv", ENT_FORMAT_TSV}, {"jsonl", ENT_FORMAT_JSONL}};
    *format = ENT_FORMAT_GUESS;
    if (!name) {
        return true;
    }
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(name, formats[i].name) == 0) {
            *format = formats[i].format;
            return true;
        }
    }
    return ent_embed_fail(error, ENT_ERROR_USAGE, "a text is csv, tsv or jsonl, not `%.60s`", name);
}

static bool make_vm(ent_session *s, ent_error *error)
{
    char message[256] = "out of memory";
    uint32_t lanes = s->options.batch_rows_max ? s->options.batch_rows_max : ENT_LANES_MAX;
    if (!s->bind_vm) {
        s->bind_vm = ent_vm_new(s->program->image, s->strings, s->zone_dir, lanes, message, sizeof message);
    }
    return s->bind_vm || ent_embed_fail(error, ENT_ERROR_ENVIRONMENT, "%s", message);
}

static bool fail_reading(const reading *r, const ent_feed_error *failure)
{
    if (r->refused) {
        return false;
    }
    return failure->code == ENT_FEED_MEMORY ? ent_embed_memory(r->error)
                                            : ent_embed_fail(r->error, ENT_ERROR_DATA, "%s", failure->text);
}

static bool read_all(reading *r, ent_stream *stream, ent_typed_rows *rows)
{
    ent_feed_error failure = {.code = ENT_FEED_OK};
    ent_rows batch;
    size_t capacity = 0;
    for (;;) {
        switch (ent_stream_next(stream, &batch, &failure)) {
        case ENT_STREAM_END:
            return true;
        case ENT_STREAM_ROWS:
            if (!append(rows, &batch, &capacity)) {
                return ent_embed_memory(r->error);
            }
            break;
        default:
            return fail_reading(r, &failure);
        }
    }
}


static bool take(reading *r, int64_t feed, ent_stream *stream, ent_typed_rows *rows)
{
    if (!ent_session_take(r->session, feed, rows, r->error)) {
        return false;
    }
    ent_stream_totals totals = ent_stream_totals_of(stream);
    r->session->feeds[feed].refused += totals.bad;
    r->session->feeds[feed].skipped += totals.skipped;
    return true;
}

static bool push(ent_session *s, const char *feed_name, const char *format, const char *bytes, size_t len,
                 ent_error *error)
{
    ent_feed_error failure = {.code = ENT_FEED_OK};
    ent_typed_rows rows;
    ent_format hint;
    if (!find_format(format, &hint, error)) {
        return false;
    }
    int64_t feed = ent_embed_feed(s->program, feed_name, error);
    if (feed < 0 || !make_vm(s, error)) {
        return false;
    }
    reading r = {.session = s, .feed = feed_name, .error = error};
    ent_stream_text text = {feed_name, bytes ? bytes : "", bytes ? len : 0};
    ent_stream_options options = {.texts = &text,
                                  .n_texts = 1,
                                  .text_format = hint,
                                  .batch_rows = s->options.batch_rows_max ? s->options.batch_rows_max : ENT_LANES_MAX,
                                  .unordered = true,
                                  .on_bad = on_bad,
                                  .user = &r};
    ent_stream *stream = ent_stream_open(s->program->image, feed, s->strings, s->bind_vm, &options, &failure);
    if (!stream) {
        return fail_reading(&r, &failure);
    }
    bool ok = ent_typed_rows_init(&rows, s, feed, 0, error) && read_all(&r, stream, &rows) &&
              take(&r, feed, stream, &rows);
    ent_typed_rows_deinit(&rows);
    ent_stream_close(stream);
    return ok;
}

bool ent_session_push_text(ent_session *s, const char *feed, const char *format, const char *bytes, size_t len,
                           ent_error *error)
{
    if (!ent_session_usable(s, error)) {
        return false;
    }
    ent_account *before = ent_account_enter(&s->account);
    bool ok = push(s, feed, format, bytes, len, error);
    return ent_session_leave(s, before, ok, error);
}
