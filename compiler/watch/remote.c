/* Prometheus remote write, version 1: snappy around protobuf, POST /api/v1/write.
 *
 * Samples become rows with the columns `time`, `value`, and one for each label, `__name__` being
 * the metric's name; each source of kind `remote-write` takes those that its bind's `query`
 * selects.  A delivery that is sent again is known by its bytes and not taken twice. */
#include "compiler/watch/server.h"

#include <math.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/watch/sample.h"
#include "remote.pb-c.h"

/* Unpacked, a message may be many times its bytes: what it may take in all is bounded. */
typedef struct budget {
    size_t left;
} budget;

static void *take_bytes(void *user, size_t n)
{
    budget *b = user;
    if (n > b->left) {
        return NULL;
    }
    b->left -= n;
    return malloc(n);
}

static void give_back(void *user, void *p)
{
    (void)user;
    free(p);
}

static bool unpack(const ent_watch_request *r, char **bytes, size_t *n, ent_watch_reply *reply)
{
    *bytes = NULL;
    if (strcmp(r->coding, "snappy") != 0) {
        ent_watch_reply_error(reply, 415, "remote write comes as snappy");
        return false;
    }
    if (snappy_uncompressed_length(r->body, r->len, n) != SNAPPY_OK || *n > ENT_WATCH_BODY_MAX) {
        ent_watch_reply_error(reply, 400, "this is not snappy, or more than 16 MiB of it");
        return false;
    }
    *bytes = malloc(*n + 1);
    if (!*bytes || snappy_uncompress(r->body, r->len, *bytes, n) != SNAPPY_OK) {
        free(*bytes);
        *bytes = NULL;
        ent_watch_reply_error(reply, 400, "this is not snappy");
        return false;
    }
    return true;
}

typedef struct point {
    int64_t at;
    size_t series, sample;
} point;

/* By time, because what is behind a newer row of its source is late. */
static int by_time(const void *a, const void *b)
{
    const point *x = a;
    const point *y = b;
    if (x->at != y->at) {
        return x->at < y->at ? -1 : 1;
    }
    if (x->series != y->series) {
        return x->series < y->series ? -1 : 1;
    }
    return x->sample < y->sample ? -1 : x->sample > y->sample;
}

/* Room for the labels of any series of the message; NULL: memory. */
static ent_watch_label *make_labels(const WriteRequest *message)
{
    size_t most = 0;
    for (size_t i = 0; i < message->n_timeseries; i++) {
        size_t n = message->timeseries[i]->n_labels;
        most = n > most ? n : most;
    }
    return calloc(most + 1, sizeof(ent_watch_label));
}

static void take_labels(const TimeSeries *series, ent_watch_label *labels)
{
    for (size_t i = 0; i < series->n_labels; i++) {
        labels[i] = (ent_watch_label){series->labels[i]->name, series->labels[i]->value};
    }
}

/* A time that is out of reach is the last or first there is: as a row it does not fit, and the others are taken. */
static int64_t ns_of(int64_t ms)
{
    int64_t ns;
    return !__builtin_mul_overflow(ms, INT64_C(1000000), &ns) ? ns : ms > 0 ? INT64_MAX : INT64_MIN;
}

/* The samples of the series that are selected; how many. */
static size_t list_points(const WriteRequest *message, const ent_watch_selector *selector,
                          ent_watch_label *labels, point *points)
{
    size_t n = 0;
    for (size_t i = 0; i < message->n_timeseries; i++) {
        const TimeSeries *series = message->timeseries[i];
        take_labels(series, labels);
        bool selected = ent_watch_selects(selector, labels, series->n_labels);
        for (size_t k = 0; selected && k < series->n_samples; k++) {
            points[n++] = (point){ns_of(series->samples[k]->timestamp), i, k};
        }
    }
    return n;
}

static bool add_rows(const WriteRequest *message, const ent_watch_selector *selector,
                     ent_json_out *out)
{
    size_t n = 0;
    for (size_t i = 0; i < message->n_timeseries; i++) {
        n += message->timeseries[i]->n_samples;
    }
    ent_watch_label *labels = make_labels(message);
    point *points = calloc(n + 1, sizeof *points);
    bool ok = labels && points;
    if (ok) {
        n = list_points(message, selector, labels, points);
        qsort(points, n, sizeof *points, by_time);
    }
    for (size_t i = 0; ok && i < n; i++) {
        const TimeSeries *series = message->timeseries[points[i].series];
        take_labels(series, labels);
        ent_watch_sample_row(out, points[i].at, series->samples[points[i].sample]->value, labels,
                             series->n_labels);
    }
    free(points);
    free(labels);
    return ok;
}

static void give(ent_watch *w, ent_watch_source *s, const WriteRequest *message,
                 const ent_watch_request *r, ent_watch_reply *reply)
{
    ent_json_out rows;
    ent_json_init(&rows, 4 * (size_t)ENT_WATCH_BODY_MAX);
    bool ok = add_rows(message, &s->selector, &rows);
    if (!ok || rows.error == ENT_JSON_NO_MEMORY) {
        reply->retry_after = 1;
        ent_watch_reply_error(reply, 503, "out of memory");
    } else if (rows.error != ENT_JSON_OK) {
        ent_watch_reply_error(reply, 413, "the rows of this message are too many: send fewer in one");
    } else if (rows.len > 0) {
        ent_watch_batch b = {.source = s,
                             .format = ENT_FORMAT_JSONL,
                             .text = rows.data,
                             .len = rows.len,
                             .line = s->place.line,
                             .now_ns = w->now_ns,
                             .after = s->place,
                             .watermark_ns = INT64_MIN};
        for (size_t i = 0; i < rows.len; i++) {
            b.after.line += rows.data[i] == '\n';
        }
        if (ent_watch_digest(r->body, r->len, b.id)) {
            ent_watch_push_batch(w, &b, reply);
        }
    }
    ent_json_deinit(&rows);
}

void ent_watch_push_remote(ent_watch *w, const ent_watch_request *r, ent_watch_reply *reply)
{
    budget left = {.left = 8 * (size_t)ENT_WATCH_BODY_MAX};
    ProtobufCAllocator allocator = {take_bytes, give_back, &left};
    char *bytes;
    size_t n;
    bool any = false;
    if (!unpack(r, &bytes, &n, reply)) {
        return;
    }
    WriteRequest *message = write_request__unpack(&allocator, n, (const uint8_t *)bytes);
    free(bytes);
    if (!message) {
        ent_watch_reply_error(reply, 400, "this is no remote write message");
        return;
    }
    reply->status = 204;
    for (size_t i = 0; i < w->n_sources && reply->status < 300; i++) {
        if (w->sources[i].kind == ENT_WATCH_REMOTE_WRITE) {
            any = true;
            give(w, &w->sources[i], message, r, reply);
        }
    }
    write_request__free_unpacked(message, &allocator);
    if (!any) {
        ent_watch_reply_error(reply, 404,
                              "no feed takes remote write: start with --feed NAME=remote-write");
    } else if (reply->status == 200) {
        reply->status = 204;
    }
}
