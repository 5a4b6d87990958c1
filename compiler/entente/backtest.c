/* See backtest.h. */
#include "compiler/entente/backtest.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/syntax/diag.h"
#include "runtime/judge/answer.h"
#include "runtime/time/civil.h"
#include "runtime/time/zone.h"

enum { AGAIN = -1, SIDES = 2 };

/* One feed as the two programs see it. */
typedef struct shared_feed {
    const char *name;
    const char **specs;
    uint32_t n_specs;
    int64_t feed[SIDES]; /* in each program; -1: it has no use for it */
    ent_stream *stream[SIDES];
    bool ended[SIDES];
    int64_t last_at[SIDES];
    bool sort;
} shared_feed;

typedef struct driver {
    ent_backtest *test;
    const ent_backtest_options *options;
    FILE *err;
    shared_feed *feeds;
    size_t n_feeds;
    bool has_from, has_to, warned, bad_row_reported;
    int64_t from, to;
} driver;

/* --- messages --- */

static int fail(const driver *d, int status, const char *text)
{
    fprintf(d->err, "error: %s\n", text);
    return status;
}

static int fail_session(const driver *d, const ent_backtest_side *side, const ent_fault *error)
{
    fprintf(d->err, "error: %s: %s\n", side->label, error->message);
    return error->code == ENT_FAULT_DATA ? ENT_EXIT_DATA : ENT_EXIT_ENVIRONMENT;
}

static int fail_feed(const driver *d, const ent_feed_error *error)
{
    if (error->code == ENT_FEED_STOPPED && d->bad_row_reported) {
        return ENT_EXIT_DATA;
    }
    fprintf(d->err, "error: %s\n", error->text);
    bool data = error->code == ENT_FEED_FORMAT || error->code == ENT_FEED_COMPRESSION ||
                error->code == ENT_FEED_TOO_LONG || error->code == ENT_FEED_BAD_ROW;
    return data ? ENT_EXIT_DATA : ENT_EXIT_ENVIRONMENT;
}

static bool on_bad(void *user, const ent_bad_row *bad)
{
    driver *d = user;
    char text[1024];
    ent_bad_row_text(bad, text, sizeof text);
    fprintf(d->err, "error: %s\n", text);
    d->bad_row_reported = true;
    return false;
}

static void on_no_column(void *user, const char *file, const char *column)
{
    const driver *d = user;
    if (!d->warned) {
        fprintf(d->err, "warning: `%s` has no column `%s`: it is absent in every row\n", file,
                column);
    }
}

/* --- which feeds --- */

static bool is_called(const ent_feed_argument *argument, const char *name)
{
    return strlen(name) == argument->name_len && memcmp(name, argument->name, argument->name_len) == 0;
}

static int64_t find_feed(const ent_image *p, const char *name, bool *known)
{
    for (size_t i = 0; i < p->n_feed; i++) {
        if (p->feed[i].kind == 0 && strcmp(ent_image_text(p, p->feed[i].name), name) == 0) {
            *known = true;
            return p->feed[i].used ? (int64_t)i : -1;
        }
    }
    return -1;
}

static shared_feed *feed_of(driver *d, const ent_feed_argument *argument)
{
    for (size_t i = 0; i < d->n_feeds; i++) {
        if (is_called(argument, d->feeds[i].name)) {
            return &d->feeds[i];
        }
    }
    shared_feed *f = &d->feeds[d->n_feeds];
    *f = (shared_feed){.name = strndup(argument->name, argument->name_len)};
    f->specs = calloc(d->options->n_feeds + 1, sizeof *f->specs);
    d->n_feeds++;
    return f->name && f->specs ? f : NULL;
}

static int resolve_feeds(driver *d)
{
    d->feeds = calloc(d->options->n_feeds + 1, sizeof *d->feeds);
    if (!d->feeds) {
        return fail(d, ENT_EXIT_ENVIRONMENT, "out of memory");
    }
    for (size_t i = 0; i < d->options->n_feeds; i++) {
        shared_feed *f = feed_of(d, &d->options->feeds[i]);
        bool known = false;
        if (!f) {
            return fail(d, ENT_EXIT_ENVIRONMENT, "out of memory");
        }
        f->specs[f->n_specs++] = d->options->feeds[i].source;
        for (int k = 0; k < SIDES; k++) {
            f->feed[k] = find_feed(d->test->sides[k].program, f->name, &known);
        }
        if (!known) {
            fprintf(d->err, "error: there is no feed `%s` in either of the two\n", f->name);
            return ENT_EXIT_USE;
        }
        if (f->feed[0] < 0 && f->feed[1] < 0) {
            fprintf(d->err, "warning: no agreement uses feed `%s`: its rows are not read\n", f->name);
        }
    }
    return ENT_EXIT_OK;
}

/* Dates are days in the old agreements' framework's zone. */
static int resolve_period(driver *d)
{
    const ent_image *p = d->test->sides[0].program;
    const char *const texts[] = {d->options->from, d->options->to};
    static const char *const names[] = {"from", "to"};
    int64_t *const out[] = {&d->from, &d->to};
    char message[256];
    d->has_from = texts[0] != NULL;
    d->has_to = texts[1] != NULL;
    const char *name = p->n_framework ? ent_image_text(p, p->framework[0].zone) : "UTC";
    ent_zone *zone = ent_zone_load(NULL, name, message, sizeof message);
    if (!zone) {
        return fail(d, ENT_EXIT_ENVIRONMENT, message);
    }
    int status = ENT_EXIT_OK;
    for (int i = 0; i < 2 && status == ENT_EXIT_OK; i++) {
        if (texts[i] && !ent_zone_instant(zone, texts[i], out[i])) {
            fprintf(d->err, "error: --%s `%s` is neither a date (2026-01-31) nor an instant "
                            "(2026-01-31T09:00:00Z)\n",
                    names[i], texts[i]);
            status = ENT_EXIT_USE;
        }
    }
    ent_zone_free(zone);
    if (status == ENT_EXIT_OK && d->has_from && d->has_to && d->from >= d->to) {
        status = fail(d, ENT_EXIT_USE, "--from is not before --to");
    }
    return status;
}

/* --- one attempt --- */

static void forget_decisions(ent_backtest_side *side)
{
    for (size_t i = 0; i < side->n; i++) {
        ent_answer_free(side->decisions[i].answer);
    }
    side->n = 0;
}

static bool on_decision(void *user, const ent_engine *session, const ent_verdict *decision)
{
    ent_backtest_side *side = user;
    (void)session;
    if (side->n == side->capacity) {
        size_t capacity = side->capacity ? side->capacity * 2 : 1024;
        ent_verdict *grown = realloc(side->decisions, capacity * sizeof *grown);
        if (!grown) {
            return false;
        }
        side->decisions = grown;
        side->capacity = capacity;
    }
    side->decisions[side->n++] = *decision;
    (void)ent_answer_keep(decision->answer);
    return true;
}

static void close_side(ent_backtest_side *side)
{
    ent_engine_free(side->session);
    ent_vm_free(side->vm);
    ent_strings_free(side->strings);
    side->session = NULL;
    side->vm = NULL;
    side->strings = NULL;
    forget_decisions(side);
}

static void close_streams(driver *d)
{
    for (size_t i = 0; i < d->n_feeds; i++) {
        ent_stream_close(d->feeds[i].stream[1]);
        ent_stream_close(d->feeds[i].stream[0]);
        d->feeds[i].stream[0] = d->feeds[i].stream[1] = NULL;
    }
}

static int open_side(driver *d, ent_backtest_side *side)
{
    char message[256] = "out of memory";
    ent_fault error;
    side->strings = ent_strings_new(side->program);
    side->vm = side->strings ? ent_vm_new(side->program, side->strings, ENT_ZONE_DIR_DEFAULT,
                                          ENT_LANES_MAX, message, sizeof message)
                             : NULL;
    if (!side->vm) {
        return fail(d, ENT_EXIT_ENVIRONMENT, message);
    }
    ent_engine_options options = {.has_from = d->has_from,
                                   .from_ns = d->from,
                                   .has_to = d->has_to,
                                   .to_ns = d->to,
                                   .strings = side->strings,
                                   .on_decision = on_decision,
                                   .user = side};
    side->session = ent_engine_new(side->program, &options, &error);
    return side->session ? ENT_EXIT_OK : fail_session(d, side, &error);
}

static ent_stream *open_one(driver *d, shared_feed *f, int k, const ent_stream_options *options,
                            ent_feed_error *error)
{
    const ent_backtest_side *side = &d->test->sides[k];
    return ent_stream_open(side->program, f->feed[k], side->strings, side->vm, options, error);
}

static int open_feed(driver *d, shared_feed *f)
{
    ent_feed_error error = {0};
    ent_stream_options options = {.specs = f->specs,
                                  .n_specs = f->n_specs,
                                  .batch_rows = ENT_LANES_MAX,
                                  .separator = d->options->separator,
                                  .sort = f->sort,
                                  .on_bad = on_bad,
                                  .user = d,
                                  .on_no_column = on_no_column};
    bool both = f->feed[0] >= 0 && f->feed[1] >= 0;
    for (int k = 0; k < SIDES; k++) {
        f->ended[k] = f->feed[k] < 0;
        f->last_at[k] = INT64_MIN;
    }
    if (both) {
        ent_stream_side sides[SIDES];
        for (int k = 0; k < SIDES; k++) {
            const ent_backtest_side *side = &d->test->sides[k];
            sides[k] = (ent_stream_side){side->program, f->feed[k], side->strings, side->vm};
        }
        if (ent_stream_open_pair(sides, &options, f->stream, &error)) {
            return ENT_EXIT_OK;
        }
        if (error.code != ENT_FEED_USE) {
            return fail_feed(d, &error);
        }
        d->test->read_twice++;
    }
    for (int k = 0; k < SIDES; k++) {
        if (f->feed[k] >= 0) {
            f->stream[k] = open_one(d, f, k, &options, &error);
            if (!f->stream[k]) {
                return fail_feed(d, &error);
            }
        }
    }
    return ENT_EXIT_OK;
}

static int open_attempt(driver *d)
{
    int status = ENT_EXIT_OK;
    d->test->rows = 0;
    d->test->read_twice = 0;
    for (int k = 0; k < SIDES && status == ENT_EXIT_OK; k++) {
        status = open_side(d, &d->test->sides[k]);
    }
    for (size_t i = 0; i < d->n_feeds && status == ENT_EXIT_OK; i++) {
        status = open_feed(d, &d->feeds[i]);
    }
    return status;
}

/* --- reading --- */

static int64_t reached(const shared_feed *f)
{
    int64_t least = INT64_MAX;
    for (int k = 0; k < SIDES; k++) {
        if (!f->ended[k] && f->last_at[k] < least) {
            least = f->last_at[k];
        }
    }
    return least;
}

static shared_feed *furthest_behind(driver *d)
{
    shared_feed *behind = NULL;
    for (size_t i = 0; i < d->n_feeds; i++) {
        shared_feed *f = &d->feeds[i];
        if (!(f->ended[0] && f->ended[1]) && (!behind || reached(f) < reached(behind))) {
            behind = f;
        }
    }
    return behind;
}

static int take_side(driver *d, shared_feed *f, int k, uint32_t *n)
{
    ent_backtest_side *side = &d->test->sides[k];
    ent_feed_error feed_error = {0};
    ent_fault error;
    ent_rows rows = {0};
    switch (ent_stream_next(f->stream[k], &rows, &feed_error)) {
    case ENT_STREAM_END:
        f->ended[k] = true;
        return ENT_EXIT_OK;
    case ENT_STREAM_DISORDER:
        f->sort = true;
        return AGAIN;
    case ENT_STREAM_FAILED:
        return fail_feed(d, &feed_error);
    case ENT_STREAM_ROWS:
        break;
    }
    *n = rows.n;
    if (rows.n == 0) {
        return ENT_EXIT_OK;
    }
    const int64_t *at = rows.columns[side->program->feed[f->feed[k]].at].data;
    f->last_at[k] = at[rows.n - 1];
    return ent_engine_push(side->session, f->feed[k], rows.columns, rows.n, rows.origins, &error)
               ? ENT_EXIT_OK
               : fail_session(d, side, &error);
}

static int advance(driver *d, int k)
{
    ent_backtest_side *side = &d->test->sides[k];
    ent_fault error;
    int64_t watermark = INT64_MAX;
    for (size_t i = 0; i < d->n_feeds; i++) {
        const shared_feed *f = &d->feeds[i];
        if (!f->ended[k] && f->last_at[k] < watermark) {
            watermark = f->last_at[k];
        }
    }
    if (watermark == INT64_MAX || watermark == INT64_MIN ||
        ent_engine_advance(side->session, watermark, &error)) {
        return ENT_EXIT_OK;
    }
    return fail_session(d, side, &error);
}

static int read_all(driver *d)
{
    shared_feed *f;
    int status = ENT_EXIT_OK;
    while (status == ENT_EXIT_OK && (f = furthest_behind(d)) != NULL) {
        uint32_t n[SIDES] = {0, 0};
        for (int k = 0; k < SIDES && status == ENT_EXIT_OK; k++) {
            status = f->ended[k] ? ENT_EXIT_OK : take_side(d, f, k, &n[k]);
        }
        d->test->rows += n[0] > n[1] ? n[0] : n[1];
        for (int k = 0; k < SIDES && status == ENT_EXIT_OK; k++) {
            status = advance(d, k);
        }
    }
    for (int k = 0; k < SIDES && status == ENT_EXIT_OK; k++) {
        ent_fault error;
        if (!ent_engine_finish(d->test->sides[k].session, &error)) {
            status = fail_session(d, &d->test->sides[k], &error);
        }
    }
    return status;
}

int ent_backtest_run(ent_backtest *test, const ent_image *const programs[2],
                     const char *const labels[2], const ent_backtest_options *options, FILE *err)
{
    driver d = {.test = test, .options = options, .err = err};
    *test = (ent_backtest){0};
    for (int k = 0; k < SIDES; k++) {
        test->sides[k] = (ent_backtest_side){.label = labels[k], .program = programs[k]};
    }
    int status = resolve_feeds(&d);
    if (status == ENT_EXIT_OK) {
        status = resolve_period(&d);
    }
    while (status == ENT_EXIT_OK) {
        status = open_attempt(&d);
        if (status == ENT_EXIT_OK) {
            status = read_all(&d);
        }
        close_streams(&d);
        if (status != AGAIN) {
            break;
        }
        close_side(&test->sides[0]);
        close_side(&test->sides[1]);
        d.warned = true;
        status = ENT_EXIT_OK;
    }
    for (size_t i = 0; i < d.n_feeds; i++) {
        free((char *)(uintptr_t)d.feeds[i].name);
        free(d.feeds[i].specs);
    }
    free(d.feeds);
    return status;
}

void ent_backtest_release(ent_backtest *test)
{
    for (int k = 0; k < SIDES; k++) {
        close_side(&test->sides[k]);
        forget_decisions(&test->sides[k]);
        free(test->sides[k].decisions);
        test->sides[k].decisions = NULL;
    }
}
