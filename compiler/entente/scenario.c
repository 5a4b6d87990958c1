/* See scenario.h. */
#include "compiler/entente/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/check/checker.h"
#include "compiler/check/select.h"
#include "compiler/entente/ingest.h"
#include "runtime/judge/answer.h"
#include "runtime/native/native.h"
#include "runtime/time/window.h"

/* One feed's facts. */
typedef struct facts {
    int64_t feed; /* in the program */
    const char **paths;
    ent_stream_text *texts;
    uint32_t *text_lines; /* line of the source on which the text begins, less one */
    uint32_t n_paths, n_texts;
    const ent_node *given; /* the last one */
    int64_t first_ns, last_ns;
} facts;

typedef struct runner {
    const ent_compilation *c;
    ent_scenario_run *run;
    facts *feeds;
    size_t n_feeds;
    const facts *reading;
    ent_interval *heard;
    ent_vm *vm;
} runner;

static bool fail(ent_scenario_run *run, ent_span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail(ent_scenario_run *run, ent_span span, const char *format, ...)
{
    if (!run->error[0]) {
        va_list args;
        va_start(args, format);
        vsnprintf(run->error, sizeof run->error, format, args);
        va_end(args);
        run->error_span = span;
    }
    return false;
}

static bool no_memory(ent_scenario_run *run)
{
    return fail(run, run->node->span, "out of memory");
}

/* --- the program --- */

static bool has_column(const char *header, size_t len, const char *name)
{
    size_t n = strlen(name);
    for (size_t at = 0; at <= len;) {
        const char *end = memchr(header + at, ',', len - at);
        size_t cell = end ? (size_t)(end - header) - at : len - at;
        const char *text = header + at;
        bool quoted = cell >= 2 && text[0] == '"' && text[cell - 1] == '"';
        if (cell - 2 * quoted == n && memcmp(text + quoted, name, n) == 0) {
            return true;
        }
        at += cell + 1;
    }
    return false;
}

/* Facts that are written by hand mostly name the feed's own fields; those that have every column of its
 * bind are copied from a source and go through the bind. */
static bool is_for_bind(const ent_bind_decl *bind, const ent_node *given)
{
    if (given->op == 1) {
        return true;
    }
    const char *end = memchr(given->text, '\n', given->text_len);
    size_t len = end ? (size_t)(end - given->text) : given->text_len;
    for (size_t i = 0; i < bind->n_columns; i++) {
        if (!has_column(given->text, len, bind->columns[i]->name)) {
            return false;
        }
    }
    return true;
}

static bool drop_binds(const ent_node *scenario, ent_model *model)
{
    ent_bind_decl **kept =
        ent_arena_alloc_array(model->arena, model->n_binds + 1, sizeof *kept);
    size_t n = 0;
    if (kept == NULL) {
        return false;
    }
    for (size_t i = 0; i < model->n_binds; i++) {
        bool through = true;
        for (size_t k = 0; k < scenario->n_kids; k++) {
            const ent_node *given = scenario->kids[k];
            if (given->kind == ENT_NODE_GIVEN &&
                strcmp(given->name, model->binds[i]->feed->name) == 0) {
                through = through && is_for_bind(model->binds[i], given);
            }
        }
        if (through) {
            kept[n++] = model->binds[i];
        }
    }
    model->binds = kept;
    model->n_binds = n;
    return true;
}

/* What its agreements call of C. */
static bool open_natives(runner *r, const ent_node *scenario)
{
    ent_native_error error;
    const ent_image *p = r->run->program;
    if (ent_natives_open(r->run->program, r->c->libraries, r->c->n_libraries, &error)) {
        return true;
    }
    if (error.place < 0) {
        return fail(r->run, scenario->span, "%s", error.message);
    }
    const ent_place_row *place = &p->place[error.place];
    return fail(r->run, scenario->span, "%s:%lld:%lld: %s (--allow-extern LIB permits a library)",
                ent_image_text(p, p->source_file[place->file].path), (long long)place->line,
                (long long)place->column, error.message);
}

static bool make_program(runner *r)
{
    const ent_node *scenario = r->run->node;
    const char *names[256];
    size_t n = 0;
    bool uses = false;
    for (size_t i = 0; i < scenario->n_kids; i++) {
        const ent_node *k = scenario->kids[i];
        uses = uses || k->kind == ENT_NODE_USING;
        for (size_t j = 0; k->kind == ENT_NODE_USING && j < k->n_kids; j++) {
            if (n == sizeof names / sizeof *names) {
                return fail(r->run, k->span, "more than 256 agreements");
            }
            names[n++] = k->kids[j]->name;
        }
    }
    ent_model model;
    if (!ent_model_select(r->c->model, uses ? names : NULL, n, &model) ||
        !drop_binds(scenario, &model)) {
        return no_memory(r->run);
    }
    if (ent_compilation_program(r->c, &model, &r->run->program) != 0) {
        return fail(r->run, scenario->span, "the agreements of this scenario do not compile");
    }
    return open_natives(r, scenario);
}

/* --- its facts --- */

static int64_t find_feed(const ent_image *p, const char *name)
{
    for (size_t i = 0; i < p->n_feed; i++) {
        if (p->feed[i].kind == 0 && strcmp(ent_image_text(p, p->feed[i].name), name) == 0) {
            return (int64_t)i;
        }
    }
    return -1;
}

static facts *facts_of(runner *r, int64_t feed, size_t n_kids)
{
    for (size_t i = 0; i < r->n_feeds; i++) {
        if (r->feeds[i].feed == feed) {
            return &r->feeds[i];
        }
    }
    facts *f = &r->feeds[r->n_feeds];
    *f = (facts){.feed = feed, .first_ns = INT64_MAX, .last_ns = INT64_MIN};
    f->paths = calloc(n_kids + 1, sizeof *f->paths);
    f->texts = calloc(n_kids + 1, sizeof *f->texts);
    f->text_lines = calloc(n_kids + 1, sizeof *f->text_lines);
    r->n_feeds++;
    return f->paths && f->texts && f->text_lines ? f : NULL;
}

/* The source line before the text's first: that of the opening quotes, or the one before where the
 * text begins on the quotes' own line. */
static uint32_t line_before(const ent_compilation *c, const ent_node *given)
{
    size_t len;
    const char *source = ent_sources_text(c->sources, given->span.file, &len);
    uint32_t at = given->span.start;
    while (at + 3 < given->span.end && memcmp(source + at, "\"\"\"", 3) != 0) {
        at++;
    }
    uint32_t line = ent_source_position(c->sources, given->span.file, at).line;
    at += 3;
    while (at < given->span.end && (source[at] == ' ' || source[at] == '\t' || source[at] == '\r')) {
        at++;
    }
    return at < given->span.end && source[at] == '\n' ? line : line - 1;
}

static bool collect_facts(runner *r)
{
    const ent_node *scenario = r->run->node;
    r->feeds = calloc(scenario->n_kids + 1, sizeof *r->feeds);
    if (!r->feeds) {
        return no_memory(r->run);
    }
    for (size_t i = 0; i < scenario->n_kids; i++) {
        const ent_node *given = scenario->kids[i];
        int64_t feed = given->kind == ENT_NODE_GIVEN ? find_feed(r->run->program, given->name) : -1;
        if (feed < 0) {
            continue;
        }
        facts *f = facts_of(r, feed, scenario->n_kids);
        if (!f) {
            return no_memory(r->run);
        }
        f->given = given;
        if (given->op == 1) {
            f->paths[f->n_paths] =
                ent_check_relative(r->c->arena, r->c->sources, given->span.file, given->text);
            if (!f->paths[f->n_paths++]) {
                return no_memory(r->run);
            }
        } else {
            f->text_lines[f->n_texts] = line_before(r->c, given);
            f->texts[f->n_texts++] =
                (ent_stream_text){ent_sources_path(r->c->sources, given->span.file), given->text,
                                  given->text_len};
        }
    }
    return true;
}

/* --- reading --- */

static bool on_bad(void *user, const ent_bad_row *bad)
{
    runner *r = user;
    const facts *f = r->reading;
    ent_bad_row shown = *bad;
    char text[1024];
    /* of several texts in one file only the first one's lines can be told */
    if (f->n_texts > 0 && strcmp(bad->file, f->texts[0].name) == 0) {
        shown.line += f->text_lines[0];
    }
    ent_bad_row_text(&shown, text, sizeof text);
    fail(r->run, f->given->span, "%s", text);
    return false;
}

static ent_stream *open_facts(runner *r, facts *f)
{
    ent_feed_error error = {0};
    ent_stream_options options = {.specs = f->paths,
                                  .n_specs = f->n_paths,
                                  .texts = f->texts,
                                  .n_texts = f->n_texts,
                                  .batch_rows = ENT_LANES_MAX,
                                  .sort = true,
                                  .on_bad = on_bad,
                                  .user = r};
    r->reading = f;
    ent_stream *stream =
        ent_stream_open(r->run->program, f->feed, r->run->strings, r->vm, &options, &error);
    if (!stream) {
        fail(r->run, f->given->span, "%s", error.text);
    }
    return stream;
}

/* The period depends on where the facts begin and end, so they are read once for that. */
static bool measure_facts(runner *r)
{
    ent_scenario_run *run = r->run;
    run->first_ns = INT64_MAX;
    run->last_ns = INT64_MIN;
    for (size_t i = 0; i < r->n_feeds; i++) {
        facts *f = &r->feeds[i];
        ent_stream *stream = open_facts(r, f);
        ent_feed_error error = {0};
        ent_rows rows;
        ent_stream_result got = stream ? ENT_STREAM_ROWS : ENT_STREAM_FAILED;
        while (got == ENT_STREAM_ROWS) {
            got = ent_stream_next(stream, &rows, &error);
            if (got == ENT_STREAM_ROWS && rows.n > 0) {
                const int64_t *at = rows.columns[run->program->feed[f->feed].at].data;
                f->first_ns = at[0] < f->first_ns ? at[0] : f->first_ns;
                f->last_ns = at[rows.n - 1];
            }
        }
        ent_stream_close(stream);
        if (got != ENT_STREAM_END) {
            return fail(run, f->given->span, "%s", error.text);
        }
        run->first_ns = f->first_ns < run->first_ns ? f->first_ns : run->first_ns;
        run->last_ns = f->last_ns > run->last_ns ? f->last_ns : run->last_ns;
    }
    return true;
}

/* --- the period --- */

static ent_zone *load_zone(runner *r, int64_t name)
{
    char message[256];
    ent_zone *zone = ent_zone_load(NULL, name < 0 ? "UTC" : ent_image_text(r->run->program, name),
                                   message, sizeof message);
    if (!zone) {
        fail(r->run, r->run->node->span, "%s", message);
    }
    return zone;
}

static void widen(ent_scenario_run *run, const ent_zone *zone, const ent_objective_row *row)
{
    ent_interval first;
    ent_interval last;
    if (row && row->window == ENT_UNIT_ROLLING) {
        ent_rolling roll = {row->roll_ns, row->every_days, row->every_ns};
        if (ent_rolling_next_end(zone, &roll, run->last_ns, &last.to)) {
            first.from = last.to - row->roll_ns;
            run->from_ns = first.from < run->from_ns ? first.from : run->from_ns;
            run->to_ns = last.to > run->to_ns ? last.to : run->to_ns;
        }
        return;
    }
    ent_window_unit unit = row ? (ent_window_unit)(row->window - 1) : ENT_WINDOW_MONTH;
    ent_window_containing(zone, unit, run->first_ns, &first);
    ent_window_containing(zone, unit, run->last_ns, &last);
    run->from_ns = first.from < run->from_ns ? first.from : run->from_ns;
    run->to_ns = last.to > run->to_ns ? last.to : run->to_ns;
}

static bool whole_windows(runner *r)
{
    ent_scenario_run *run = r->run;
    const ent_image *p = run->program;
    run->whole = true;
    run->from_ns = INT64_MAX;
    run->to_ns = INT64_MIN;
    for (size_t i = 0; i <= p->n_objective; i++) {
        const ent_objective_row *row = i < p->n_objective ? &p->objective[i] : NULL;
        ent_zone *zone = load_zone(r, row               ? p->agreement[row->agreement].zone
                                      : p->n_framework ? p->framework[0].zone
                                                       : -1);
        if (!zone) {
            return false;
        }
        widen(run, zone, row);
        ent_zone_free(zone);
    }
    return true;
}

static bool said_period(runner *r, const ent_node *during)
{
    const ent_image *p = r->run->program;
    ent_zone *zone = load_zone(r, p->n_framework ? p->framework[0].zone : -1);
    if (!zone) {
        return false;
    }
    r->run->from_ns = ent_zone_midnight(zone, during->kids[0]->i);
    r->run->to_ns = ent_zone_midnight(zone, during->kids[1]->i + 1);
    ent_zone_free(zone);
    return true;
}

static bool settle_period(runner *r)
{
    ent_scenario_run *run = r->run;
    const ent_image *p = run->program;
    for (size_t i = 0; i < run->node->n_kids; i++) {
        if (run->node->kids[i]->kind == ENT_NODE_PERIOD) {
            return said_period(r, run->node->kids[i]);
        }
    }
    if (run->first_ns > run->last_ns) {
        return fail(run, run->node->span,
                    "a scenario without facts needs a period: `during 2026-01-01 .. 2026-01-31`");
    }
    r->heard = calloc(p->n_feed + 1, sizeof *r->heard);
    if (!r->heard) {
        return no_memory(run);
    }
    for (size_t i = 0; i < r->n_feeds; i++) {
        const facts *f = &r->feeds[i];
        int64_t interval = p->feed[f->feed].interval_ns;
        if (f->first_ns <= f->last_ns) {
            r->heard[f->feed] =
                (ent_interval){f->first_ns, interval > 0 ? f->last_ns + interval : INT64_MAX};
        }
    }
    return whole_windows(r);
}

/* --- deciding --- */

static bool on_decision(void *user, const ent_engine *session, const ent_verdict *decision)
{
    ent_scenario_run *run = user;
    (void)session;
    if (run->n == run->capacity) {
        size_t capacity = run->capacity ? run->capacity * 2 : 64;
        ent_verdict *grown = realloc(run->decisions, capacity * sizeof *grown);
        if (!grown) {
            return false;
        }
        run->decisions = grown;
        run->capacity = capacity;
    }
    run->decisions[run->n++] = *decision;
    (void)ent_answer_keep(decision->answer);
    return true;
}

static bool fail_session(ent_scenario_run *run, const ent_fault *error)
{
    return fail(run, run->node->span, "%s", error->message);
}

static bool take_rows(runner *r, ent_ingest *ingest)
{
    ent_scenario_run *run = r->run;
    ent_fault error;
    int64_t watermark = INT64_MIN;
    for (;;) {
        const ent_batch *batch = ent_ingest_next(ingest);
        if (batch->result == ENT_INGEST_END) {
            return ent_engine_finish(run->session, &error) || fail_session(run, &error);
        }
        if (batch->result != ENT_INGEST_ROWS) {
            return fail(run, run->node->span, "%s", batch->error.text);
        }
        if (batch->rows.n > 0 && !ent_engine_push(run->session, batch->feed, batch->rows.columns,
                                                   batch->rows.n, batch->rows.origins, &error)) {
            return fail_session(run, &error);
        }
        if (batch->watermark > watermark) {
            watermark = batch->watermark;
            if (!ent_engine_advance(run->session, watermark, &error)) {
                return fail_session(run, &error);
            }
        }
    }
}

static bool decide(runner *r)
{
    ent_scenario_run *run = r->run;
    ent_fault error;
    ent_engine_options options = {.has_from = true,
                                   .from_ns = run->from_ns,
                                   .has_to = true,
                                   .to_ns = run->to_ns,
                                   .heard = r->heard,
                                   .strings = run->strings,
                                   .on_decision = on_decision,
                                   .user = run};
    run->session = ent_engine_new(run->program, &options, &error);
    if (!run->session) {
        return fail_session(run, &error);
    }
    ent_ingest_feed *feeds = calloc(r->n_feeds + 1, sizeof *feeds);
    bool ok = feeds != NULL || no_memory(run);
    for (size_t i = 0; ok && i < r->n_feeds; i++) {
        feeds[i] = (ent_ingest_feed){.feed = r->feeds[i].feed,
                                     .sort = true,
                                     .last_at = INT64_MIN,
                                     .stream = open_facts(r, &r->feeds[i])};
        ok = feeds[i].stream != NULL;
    }
    if (ok) {
        ent_ingest *ingest = ent_ingest_start(run->session, feeds, r->n_feeds, false, NULL, 0, 0);
        ok = ingest ? take_rows(r, ingest) : no_memory(run);
        ent_ingest_stop(ingest);
    }
    for (size_t i = 0; feeds && i < r->n_feeds; i++) {
        ent_stream_close(feeds[i].stream);
    }
    free(feeds);
    return ok;
}

static bool prepare(runner *r)
{
    char message[256] = "out of memory";
    r->run->strings = ent_strings_new(r->run->program);
    r->vm = r->run->strings ? ent_vm_new(r->run->program, r->run->strings, ENT_ZONE_DIR_DEFAULT,
                                         ENT_LANES_MAX, message, sizeof message)
                            : NULL;
    return r->vm != NULL || fail(r->run, r->run->node->span, "%s", message);
}

bool ent_scenario_execute(const ent_compilation *c, const ent_node *scenario, ent_scenario_run *run)
{
    *run = (ent_scenario_run){.node = scenario, .error_span = scenario->span};
    runner r = {.c = c, .run = run};
    bool ok = make_program(&r) && prepare(&r) && collect_facts(&r) && measure_facts(&r) &&
              settle_period(&r) && decide(&r);
    for (size_t i = 0; i < r.n_feeds; i++) {
        free(r.feeds[i].paths);
        free(r.feeds[i].texts);
        free(r.feeds[i].text_lines);
    }
    free(r.feeds);
    free(r.heard);
    ent_vm_free(r.vm);
    return ok;
}

void ent_scenario_release(ent_scenario_run *run)
{
    ent_engine_free(run->session);
    ent_strings_free(run->strings);
    ent_image_destroy(run->program);
    for (size_t i = 0; i < run->n; i++) {
        ent_answer_free(run->decisions[i].answer);
    }
    free(run->decisions);
    run->session = NULL;
    run->strings = NULL;
    run->program = NULL;
    run->decisions = NULL;
}
