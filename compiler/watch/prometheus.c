/* Prometheus: range queries, first over the history of the windows in hand, then for what has come
 * since; and text endpoints that are scraped.
 *
 * A query is asked at whole steps (`sampled every`, else a minute) up to now less the lateness, so
 * an answer is complete: the watermark moves to its end even where there are no samples, and what
 * is asked after a restart goes on exactly there.  A server that does not answer holds the
 * watermark back, which is told. */
#include "compiler/watch/clients.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/time/arith.h"
#include "runtime/time/window.h"

enum { STEPS_MAX = 10000, BACKOFF_MAX = 60 };

typedef struct ent_watch_input {
    ent_watch_transfer transfer;
    size_t source; /* index: the array moves when a new program is taken over */
    const char *base;
    int64_t next_ns;  /* wall clock of the next request */
    int64_t until_ns; /* the end of what was asked */
    int64_t backoff_s;
    bool again; /* more of the history is to be asked for at once */
} input;

static int64_t step_of(const ent_watch *w, const ent_watch_source *s)
{
    int64_t step = w->program->feed[s->feed].interval_ns;
    return step > 0 ? step : 60 * ENT_WATCH_SECOND;
}

/* --- what to ask --- */

/* The begin of the earliest window that an objective has in hand now. */
static int64_t history_begin(const ent_watch *w)
{
    const ent_image *p = w->program;
    int64_t begin = w->now_ns;
    if (w->has_from) {
        return w->from_ns;
    }
    for (size_t i = 0; i < p->n_objective; i++) {
        const ent_objective_row *o = &p->objective[i];
        ent_interval window = {w->now_ns - o->roll_ns, w->now_ns};
        if (o->window != ENT_UNIT_ROLLING) {
            ent_window_containing(ent_engine_agreement_zone(w->engine, o->agreement),
                                  (ent_window_unit)(o->window - ENT_UNIT_DAY), w->now_ns, &window);
        }
        begin = window.from < begin ? window.from : begin;
    }
    return begin;
}

static void put_seconds(char *buf, size_t size, int64_t ns)
{
    snprintf(buf, size, "%lld.%03lld", (long long)(ns / ENT_WATCH_SECOND),
             (long long)(ns % ENT_WATCH_SECOND / 1000000));
}

static bool ask_range(ent_watch *w, ent_watch_source *s)
{
    input *in = s->input;
    int64_t step = step_of(w, s);
    int64_t start = s->watermark_ns == INT64_MIN ? history_begin(w) : s->watermark_ns;
    start = ent_time_floor_div(start + step - 1, step) * step;
    int64_t end = ent_time_floor_div(ent_time_add(w->now_ns, -s->lateness_ns), step) * step;
    char from[40], to[40], every[40];
    if (end < start) {
        in->next_ns = start + s->lateness_ns;
        return true;
    }
    in->again = end - start > STEPS_MAX * step;
    end = in->again ? start + STEPS_MAX * step : end;
    in->until_ns = end;
    put_seconds(from, sizeof from, start);
    put_seconds(to, sizeof to, end);
    put_seconds(every, sizeof every, step);
    char *query = curl_easy_escape(NULL, s->query, 0);
    size_t size = strlen(in->base) + (query ? strlen(query) : 0) + 200;
    char *url = query ? malloc(size) : NULL;
    bool ok = url != NULL;
    if (ok) {
        snprintf(url, size, "%s/api/v1/query_range?query=%s&start=%s&end=%s&step=%s", in->base,
                 query, from, to, every);
        ok = ent_watch_transfer_begin(w, &in->transfer, url, NULL, 0, NULL);
    }
    free(url);
    curl_free(query);
    return ok;
}

/* --- the answer of a range query --- */

typedef struct point {
    int64_t at;
    size_t series;
    const char *value;
} point;

static int by_time(const void *a, const void *b)
{
    const point *x = a;
    const point *y = b;
    if (x->at != y->at) {
        return x->at < y->at ? -1 : 1;
    }
    return x->series < y->series ? -1 : x->series > y->series;
}

static size_t count_points(const json_t *result)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(result); i++) {
        n += json_array_size(json_object_get(json_array_get(result, i), "values"));
    }
    return n;
}

static size_t list_points(const json_t *result, point *points)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(result); i++) {
        const json_t *values = json_object_get(json_array_get(result, i), "values");
        for (size_t k = 0; k < json_array_size(values); k++) {
            const json_t *pair = json_array_get(values, k);
            double seconds = json_number_value(json_array_get(pair, 0));
            const char *value = json_string_value(json_array_get(pair, 1));
            if (value && seconds > 0 && seconds < 9e9) {
                /* Prometheus knows milliseconds */
                points[n++] = (point){(int64_t)(seconds * 1000 + 0.5) * 1000000, i, value};
            }
        }
    }
    return n;
}

static void add_row(ent_json_out *rows, json_t *metric, const point *p)
{
    ent_watch_label labels[ENT_WATCH_LABELS];
    size_t n = 0;
    const char *name;
    json_t *value;
    json_object_foreach(metric, name, value)
    {
        if (n < ENT_WATCH_LABELS && json_string_value(value)) {
            labels[n++] = (ent_watch_label){name, json_string_value(value)};
        }
    }
    ent_watch_sample_text(rows, p->at, p->value, labels, n);
}

static bool give(ent_watch *w, ent_watch_source *s, const ent_json_out *rows, int64_t watermark)
{
    char message[512];
    ent_watch_batch b = {.source = s,
                         .format = ENT_FORMAT_JSONL,
                         .text = rows->data ? rows->data : "",
                         .len = rows->len,
                         .line = s->place.line,
                         .now_ns = w->now_ns,
                         .after = s->place,
                         .watermark_ns = watermark};
    for (size_t i = 0; i < rows->len; i++) {
        b.after.line += rows->data[i] == '\n';
    }
    if (ent_watch_accept(w, &b, message, sizeof message) == ENT_WATCH_TAKEN) {
        return true;
    }
    snprintf(s->trouble, sizeof s->trouble, "%.300s", message);
    return false;
}

static bool take_range(ent_watch *w, ent_watch_source *s, const ent_watch_bytes *answer)
{
    json_error_t error;
    ent_json_out rows;
    json_t *root = json_loadb((const char *)answer->p, answer->n, 0, &error);
    json_t *result = json_object_get(json_object_get(root, "data"), "result");
    const char *type =
        json_string_value(json_object_get(json_object_get(root, "data"), "resultType"));
    size_t n = count_points(result);
    point *points = type && strcmp(type, "matrix") == 0 ? calloc(n + 1, sizeof *points) : NULL;
    ent_json_init(&rows, 4 * (size_t)ENT_WATCH_BODY_MAX);
    bool ok = points != NULL;
    if (ok) {
        n = list_points(result, points);
        qsort(points, n, sizeof *points, by_time);
        for (size_t i = 0; i < n; i++) {
            add_row(&rows, json_object_get(json_array_get(result, points[i].series), "metric"),
                    &points[i]);
        }
        ok = rows.error == ENT_JSON_OK && give(w, s, &rows, s->input->until_ns + 1);
    } else {
        snprintf(s->trouble, sizeof s->trouble, "`%s` does not answer like a Prometheus",
                 s->input->base);
    }
    ent_json_deinit(&rows);
    free(points);
    json_decref(root);
    return ok;
}

/* --- a text endpoint --- */

/* Takes `{a="b",…}` apart where it stands; NULL: it is no such thing. */
static char *take_labels(char *p, ent_watch_label *labels, size_t *n)
{
    while (*p && *p != '}') {
        char *name = p;
        char *equals = strchr(p, '=');
        if (!equals || equals[1] != '"' || *n == ENT_WATCH_LABELS) {
            return NULL;
        }
        *equals = 0;
        char *out = p = equals + 2;
        labels[(*n)++] = (ent_watch_label){name, out};
        while (*p && *p != '"') {
            if (*p == '\\' && p[1]) {
                p++;
                *out++ = *p == 'n' ? '\n' : *p;
                p++;
            } else {
                *out++ = *p++;
            }
        }
        if (*p != '"') {
            return NULL;
        }
        p++;
        *out = 0;
        p += *p == ',';
        p += strspn(p, " ");
    }
    return *p ? p + 1 : NULL;
}

static void take_line(const ent_watch *w, const ent_watch_source *s, char *line, ent_json_out *rows)
{
    ent_watch_label labels[ENT_WATCH_LABELS];
    size_t n = 1;
    size_t len = strcspn(line, "{ \t");
    char then = line[len];
    char *rest = line + len + (then != 0);
    if (line[0] == '#' || len == 0) {
        return;
    }
    line[len] = 0;
    labels[0] = (ent_watch_label){"__name__", line};
    if (then == '{' && !(rest = take_labels(rest, labels, &n))) {
        return;
    }
    rest += strspn(rest, " \t");
    rest[strcspn(rest, " \t\r")] = 0;
    if (*rest && ent_watch_selects(&s->selector, labels, n)) {
        ent_watch_sample_text(rows, w->now_ns / 1000000 * 1000000, rest, labels, n);
    }
}

static bool take_text(ent_watch *w, ent_watch_source *s, ent_watch_bytes *answer)
{
    ent_json_out rows;
    ent_watch_put(answer, "", 1);
    if (answer->failed || memchr(answer->p, 0, answer->n - 1)) {
        snprintf(s->trouble, sizeof s->trouble, "`%s` does not answer with text", s->input->base);
        return false;
    }
    ent_json_init(&rows, 4 * (size_t)ENT_WATCH_BODY_MAX);
    for (char *line = (char *)answer->p; line;) {
        char *end = strchr(line, '\n');
        if (end) {
            *end = 0;
        }
        take_line(w, s, line, &rows);
        line = end ? end + 1 : NULL;
    }
    bool ok =
        rows.error == ENT_JSON_OK && give(w, s, &rows, ent_time_add(w->now_ns, -s->lateness_ns));
    ent_json_deinit(&rows);
    return ok;
}

bool ent_watch_poll_take(ent_watch *w, ent_watch_source *s, ent_watch_bytes *answer)
{
    return s->kind == ENT_WATCH_SCRAPE ? take_text(w, s, answer) : take_range(w, s, answer);
}

/* --- turns --- */

static void on_answer(ent_watch *w, ent_watch_transfer *t, const char *problem)
{
    input *in = t->user;
    ent_watch_source *s = &w->sources[in->source];
    bool ok = false;
    if (problem) {
        json_t *root = json_loadb((const char *)t->answer.p, t->answer.n, 0, NULL);
        const char *error = json_string_value(json_object_get(root, "error"));
        snprintf(s->trouble, sizeof s->trouble, "`%.100s`: %.60s%s%.120s", in->base, problem,
                 error ? ": " : "", error ? error : "");
        json_decref(root);
    } else {
        ok = ent_watch_poll_take(w, s, &t->answer);
    }
    ent_watch_bytes_deinit(&t->answer);
    if (!ok) {
        if (in->backoff_s == 0) {
            ent_watch_say(w, "warning: %s; asking again", s->trouble);
        }
        in->backoff_s = in->backoff_s == 0                ? 1
                        : in->backoff_s * 2 > BACKOFF_MAX ? BACKOFF_MAX
                                                          : in->backoff_s * 2;
        in->next_ns = w->now_ns + in->backoff_s * ENT_WATCH_SECOND;
        return;
    }
    if (in->backoff_s > 0) {
        ent_watch_say(w, "note: `%s` answers again", in->base);
    }
    s->trouble[0] = 0;
    in->backoff_s = 0;
    int64_t step = step_of(w, s);
    in->next_ns = in->again                     ? 0
                  : s->kind == ENT_WATCH_SCRAPE ? w->now_ns + step
                                                : in->until_ns + step + s->lateness_ns;
}

bool ent_watch_poll_open(ent_watch *w, ent_watch_source *s)
{
    input *in = calloc(1, sizeof *in);
    if (!in) {
        return ent_watch_fail(w, 4, "out of memory");
    }
    s->input = in;
    in->source = (size_t)(s - w->sources);
    in->base = strchr(s->spec, '+') + 1;
    in->transfer.done = on_answer;
    in->transfer.user = in;
    if (s->kind == ENT_WATCH_PROMETHEUS && !s->query) {
        return ent_watch_fail(
            w, 2,
            "what to ask for feed `%s`? say it in a bind: bind %s from prometheus query \"…\"",
            s->feed_name, s->feed_name);
    }
    return true;
}

void ent_watch_poll_close(ent_watch *w, ent_watch_source *s)
{
    if (s->input) {
        ent_watch_transfer_cancel(w, &s->input->transfer);
        free(s->input);
        s->input = NULL;
    }
}

void ent_watch_poll_turn(ent_watch *w, ent_watch_source *s)
{
    input *in = s->input;
    if (s->ended || in->transfer.easy || w->now_ns < in->next_ns || w->finished ||
        !ent_watch_has_room(w, s)) {
        return;
    }
    bool begun = s->kind == ENT_WATCH_SCRAPE
                     ? ent_watch_transfer_begin(w, &in->transfer, in->base, NULL, 0, NULL)
                     : ask_range(w, s);
    if (!begun) {
        snprintf(s->trouble, sizeof s->trouble, "`%.250s` cannot be asked", in->base);
        in->next_ns = w->now_ns + BACKOFF_MAX * ENT_WATCH_SECOND;
    }
}
