/* See run.h.
 *
 * The feeds are read side by side, always the one that is furthest behind, so that the session's watermark can
 * follow: it is the least of the feeds' latest instants.  A feed that turns out not to be in order makes the run
 * start again with that feed sorted; nothing has been written by then.  What is written
 * is run_files.c's. */
#include "compiler/entente/run_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>


#include "compiler/syntax/diag.h"
#include "runtime/judge/answer.h"
#include "runtime/judge/clause.h"
#include "runtime/ledger/blake2b.h"
#include "runtime/time/civil.h"
#include "runtime/time/zone.h"

#define ZONE_DIR "/usr/share/zoneinfo"

/* --- messages --- */

int ent_run_fail(run *r, int status, const char *text)
{
    fprintf(r->err, "error: %s\n", text);
    return status;
}

static int fail_session(run *r, const ent_fault *error)
{
    const ent_image *p = r->program;
    if (r->stopped) {
        return ENT_EXIT_ENVIRONMENT;
    }
    if (error->place >= 0 && (size_t)error->place < p->n_place) {
        const ent_place_row *place = &p->place[error->place];
        fprintf(r->err, "error: %s\n  --> %s:%lld:%lld\n", error->message,
                ent_image_text(p, p->source_file[place->file].path), (long long)place->line,
                (long long)place->column);
    } else {
        fprintf(r->err, "error: %s\n", error->message);
    }
    return error->code == ENT_FAULT_DATA ? ENT_EXIT_DATA : ENT_EXIT_ENVIRONMENT;
}

int ent_run_fail_feed(run *r, const ent_feed_error *error)
{
    if (error->code == ENT_FEED_STOPPED && r->bad_row_reported) {
        return ENT_EXIT_DATA;
    }
    fprintf(r->err, "error: %s\n", error->text);
    switch (error->code) {
    case ENT_FEED_FORMAT:
    case ENT_FEED_COMPRESSION:
    case ENT_FEED_TOO_LONG:
    case ENT_FEED_BAD_ROW:
        return ENT_EXIT_DATA;
    default:
        return ENT_EXIT_ENVIRONMENT;
    }
}

static bool on_bad(void *user, const ent_bad_row *bad)
{
    run *r = user;
    if (r->quarantine) {
        ent_feed_error error = {0};
        if (ent_quarantine_add(r->quarantine, bad, &error)) {
            return true;
        }
        fprintf(r->err, "error: %s\n", error.text);
        return false;
    }
    char text[1024];
    ent_bad_row_text(bad, text, sizeof text);
    fprintf(r->err,
            "error: %s\n  = help: mend the row, or go on without such rows: "
            "--bad-rows quarantine=FILE\n",
            text);
    r->bad_row_reported = true;
    return false;
}

static void on_no_column(void *user, const char *file, const char *column)
{
    run *r = user;
    if (!r->warned) {
        fprintf(r->err, "warning: `%s` has no column `%s`: it is absent in every row\n", file,
                column);
    }
}

/* --- arguments --- */

static int64_t find_feed(const ent_image *p, const ent_feed_argument *argument)
{
    for (size_t i = 0; i < p->n_feed; i++) {
        const char *name = ent_image_text(p, p->feed[i].name);
        if (p->feed[i].kind == 0 && strlen(name) == argument->name_len &&
            memcmp(name, argument->name, argument->name_len) == 0) {
            return (int64_t)i;
        }
    }
    return -1;
}

static int no_feed(run *r, const ent_feed_argument *argument)
{
    const ent_image *p = r->program;
    const char *names[64];
    char wanted[64];
    size_t n = 0;
    for (size_t i = 0; i < p->n_feed && n < 64; i++) {
        if (p->feed[i].kind == 0) {
            names[n++] = ent_image_text(p, p->feed[i].name);
        }
    }
    snprintf(wanted, sizeof wanted, "%.*s",
             (int)(argument->name_len < 60 ? argument->name_len : 60), argument->name);
    const char *like = ent_diag_suggest(wanted, names, n);
    fprintf(r->err, "error: there is no feed `%s`", wanted);
    if (like) {
        fprintf(r->err, ": did you mean `%s`?", like);
    }
    fputs(n ? "\n  = note: the program's feeds are " : "\n  = note: the program has no feed", r->err);
    for (size_t i = 0; i < n; i++) {
        fprintf(r->err, "%s%s", i ? ", " : "", names[i]);
    }
    fputc('\n', r->err);
    return ENT_EXIT_USE;
}

/* Standard input can be read once. */
static int check_inputs(run *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->options->n_feeds; i++) {
        n += strcmp(r->options->feeds[i].source, "-") == 0;
    }
    return n <= 1 ? ENT_EXIT_OK
                  : ent_run_fail(r, ENT_EXIT_USE, "`-`, standard input, can be the source of one feed only");
}

static int resolve_feeds(run *r)
{
    const ent_image *p = r->program;
    r->feeds = calloc(p->n_feed + 1, sizeof *r->feeds);
    if (!r->feeds) {
        return ent_run_fail(r, ENT_EXIT_ENVIRONMENT, "out of memory");
    }
    for (size_t i = 0; i < r->options->n_feeds; i++) {
        if (find_feed(p, &r->options->feeds[i]) < 0) {
            return no_feed(r, &r->options->feeds[i]);
        }
    }
    for (size_t f = 0; f < p->n_feed; f++) {
        ent_ingest_feed *entry = &r->feeds[r->n_feeds];
        if (p->feed[f].kind != 0) {
            continue;
        }
        entry->feed = (int64_t)f;
        entry->last_at = INT64_MIN;
        entry->specs = calloc(r->options->n_feeds + 1, sizeof *entry->specs);
        if (!entry->specs) {
            return ent_run_fail(r, ENT_EXIT_ENVIRONMENT, "out of memory");
        }
        for (size_t i = 0; i < r->options->n_feeds; i++) {
            if (find_feed(p, &r->options->feeds[i]) == (int64_t)f) {
                entry->specs[entry->n_specs++] = r->options->feeds[i].source;
            }
        }
        if (entry->n_specs > 0 && !p->feed[f].used) {
            /* its rows would move the watermark past the period, which only used feeds make */
            fprintf(r->err, "warning: no agreement uses feed `%s`: its rows are not read\n",
                    ent_image_text(p, p->feed[f].name));
            entry->n_specs = 0;
        }
        if (entry->n_specs == 0) {
            if (p->feed[f].used) {
                const char *name = ent_image_text(p, p->feed[f].name);
                fprintf(r->err,
                        "warning: no rows for feed `%s`, which the agreements use; give them "
                        "with --feed %s=FILE\n",
                        name, name);
            }
            free(entry->specs);
            entry->specs = NULL;
            continue;
        }
        r->n_feeds++;
    }
    return ENT_EXIT_OK;
}

/* false: it is neither a date nor an instant. */
static bool resolve_when(run *r, const char *option, const char *text, const ent_zone *zone,
                         bool *has, int64_t *ns)
{
    *has = text != NULL;
    if (!text || ent_zone_instant(zone, text, ns)) {
        return true;
    }
    fprintf(r->err, "error: --%s `%s` is neither a date (2026-01-31) nor an instant "
                    "(2026-01-31T09:00:00Z)\n",
            option, text);
    return false;
}

/* A restatement is of the same period, unless another one is asked for. */
static int resolve_period(run *r)
{
    const ent_image *p = r->program;
    const ent_run_options *o = r->options;
    char message[256];
    if (o->n_restate > 0 && !o->from && !o->to) {
        r->has_from = r->has_to = ent_restatement_period(r->restate.core, &r->from, &r->to);
    }
    if (!o->from && !o->to && !o->as_of) {
        return ENT_EXIT_OK;
    }
    const char *name = p->n_framework ? ent_image_text(p, p->framework[0].zone) : "UTC";
    ent_zone *zone = ent_zone_load(ZONE_DIR, name, message, sizeof message);
    if (!zone) {
        return ent_run_fail(r, ENT_EXIT_ENVIRONMENT, message);
    }
    bool ok = resolve_when(r, "as-of", o->as_of, zone, &r->has_as_of, &r->as_of);
    if (ok && (o->from || o->to)) {
        ok = resolve_when(r, "from", o->from, zone, &r->has_from, &r->from) &&
             resolve_when(r, "to", o->to, zone, &r->has_to, &r->to);
    }
    ent_zone_free(zone);
    if (ok && r->has_from && r->has_to && r->from >= r->to) {
        return ent_run_fail(r, ENT_EXIT_USE, "--from is not before --to");
    }
    return ok ? ENT_EXIT_OK : ENT_EXIT_USE;
}

/* --- one attempt --- */

/* Whether the decisions of duties are wanted one by one, rather than counted or as lines. */
static bool wants_each(const ent_run_options *o)
{
    return o->n_restate > 0 || o->format == ENT_RUN_CSV;
}

static bool init_counts(const ent_image *p, ent_run_counts *counts)
{
    counts->duties = calloc(p->n_duty + 1, sizeof *counts->duties);
    counts->answers = calloc((p->n_agreement + 1) * (p->n_party + 1), sizeof *counts->answers);
    return counts->duties && counts->answers;
}

static void deinit_counts(ent_run_counts *counts)
{
    free(counts->duties);
    free(counts->answers);
    *counts = (ent_run_counts){0};
}

static void count(const ent_image *p, ent_run_counts *counts, const ent_engine *session, const ent_verdict *decision)
{
    if (decision->answer) {
        size_t n = p->n_party;
        int64_t agreement = ent_verdict_clause(p, decision).agreement;
        ent_tally_answer(&counts->answers[(size_t)agreement * (n + 1)], n, decision->answer);
    }
    if (decision->kind == ENT_VERDICT_DUTY) {
        ent_tally_clock(&counts->duties[decision->clause], session, decision);
    }
}

/* Parts of a session have counts of their own, as they are on several threads. */
static bool init_counts_of_parts(run *r)
{
    size_t n = ent_engine_n_parts(r->session);
    bool ok = true;
    r->of_parts = n > 0 ? calloc(n, sizeof *r->of_parts) : NULL;
    r->n_of_parts = r->of_parts ? n : 0;
    for (size_t i = 0; ok && i < r->n_of_parts; i++) {
        ok = init_counts(r->program, &r->of_parts[i]);
    }
    return ok && r->n_of_parts == n;
}

static void deinit_counts_of_parts(run *r)
{
    for (size_t i = 0; i < r->n_of_parts; i++) {
        deinit_counts(&r->of_parts[i]);
    }
    free(r->of_parts);
    r->of_parts = NULL;
    r->n_of_parts = 0;
}

static void add_up_counts(run *r)
{
    const ent_image *p = r->program;
    for (size_t i = 0; i < r->n_of_parts; i++) {
        const ent_run_counts *from = &r->of_parts[i];
        for (size_t k = 0; k < p->n_duty; k++) {
            ent_tally_add_clocks(&r->counts.duties[k], r->session, &from->duties[k]);
        }
        ent_tally_add_answers(r->counts.answers, from->answers, p->n_agreement * (p->n_party + 1));
    }
    deinit_counts_of_parts(r);
}

static void on_clock(void *user, size_t part, const ent_engine *session, const ent_verdict *decision)
{
    run *r = user;
    count(r->program, r->of_parts ? &r->of_parts[part] : &r->counts, session, decision);
}

/* Whether no more is made of a clock's decision than counts, for which it need not wait its turn. */
static bool counts_clocks(const run *r)
{
    return !wants_each(r->options) && !ent_run_drafts(r) && !r->options->portable;
}

static bool on_decision(void *user, const ent_engine *session, const ent_verdict *decision)
{
    run *r = user;
    r->breach |= decision->status == ENT_STATUS_BREACH;
    count(r->program, &r->counts, session, decision);
    if (ent_run_drafts(r) && !ent_run_draft(r, session, decision)) {
        return false;
    }
    bool counted = decision->kind == ENT_VERDICT_DUTY && !wants_each(r->options);
    return counted || ent_kept_list_add(&r->decisions, decision);
}

/* Whether a report for people is made, of all decisions rather than of what a restatement changes. */
static bool wants_summary(const ent_run_options *o)
{
    return o->report != NULL || (o->format == ENT_RUN_TABLE && o->n_restate == 0);
}

static void close_attempt(run *r)
{
    for (size_t i = 0; i < r->n_feeds; i++) {
        ent_stream_close(r->feeds[i].stream);
        r->feeds[i].stream = NULL;
        r->feeds[i].ended = false;
        r->feeds[i].last_at = INT64_MIN;
    }
    ent_engine_free(r->session);
    ent_vm_free(r->vm);
    ent_strings_free(r->strings);
    ent_quarantine_abort(r->quarantine);
    r->session = NULL;
    r->vm = NULL;
    r->strings = NULL;
    r->quarantine = NULL;
    ent_kept_list_clear(&r->decisions);
    ent_spool_clear(&r->spool);
    r->rows = 0;
    r->breach = false;
    deinit_counts(&r->counts);
    deinit_counts_of_parts(r);
    free(r->rooms);
    r->rooms = NULL;
}

static bool has_digest(const run *r)
{
    return r->options->ledger != NULL || r->options->format == ENT_RUN_JSONL;
}

/* Whether one thread reads and makes slices ready, and another decides. */
static bool is_ahead(const run *r)
{
    return r->options->jobs > 1 && r->n_feeds == 1 && ent_ahead_fits(r->session, r->feeds[0].feed);
}

/* The thread that decides is one of them.  Where it decides only, it has most to do; so where rows are hashed, too, the
 * others are as many as ever. */
static uint32_t threads_that_read(const run *r)
{
    return r->options->jobs - (is_ahead(r) && !has_digest(r));
}

/* Whether several threads give numbers to texts, or one looks for them meanwhile.  Who only asks for the text of a
 * number needs no lock. */
static bool shares_texts(const run *r)
{
    bool one = is_ahead(r) && threads_that_read(r) == 1 && r->program->n_claim == 0;
    return r->options->jobs > 1 && !one;
}

/* Pieces become slices where they are read, if nobody has to hash rows or to see those of other feeds in between. */
static ent_making making_of(const run *r, ent_ingest_feed *f)
{
    bool may = r->options->jobs > 1 && r->n_feeds == 1 && !has_digest(r) && !f->sort;
    return may ? ent_ingest_making(r->session, f) : (ent_making){0};
}

static int open_attempt(run *r)
{
    char message[256] = "out of memory";
    ent_fault error;
    ent_feed_error feed_error = {0};
    uint32_t batch = r->options->batch_rows ? r->options->batch_rows : ENT_LANES_MAX;
    r->strings = ent_strings_new(r->program);
    r->vm = r->strings ? ent_vm_new(r->program, r->strings, ZONE_DIR, batch, message,
                                    sizeof message)
                       : NULL;
    bool ok = init_counts(r->program, &r->counts);
    int64_t fields = 0;
    for (size_t i = 0; i < r->program->n_feed; i++) {
        fields = r->program->feed[i].n_fields > fields ? r->program->feed[i].n_fields : fields;
    }
    r->rooms = calloc((size_t)fields + 1, sizeof *r->rooms);
    if (!r->vm || !ok || !r->rooms) {
        return ent_run_fail(r, ENT_EXIT_ENVIRONMENT, message);
    }
    if (r->options->portable) {
        (void)ent_blake2b_choose(ENT_BLAKE2B_PORTABLE);
    }
    ent_engine_options options = {.zone_dir = ZONE_DIR,
                                   .lanes_max = batch,
                                   .has_from = r->has_from,
                                   .from_ns = r->from,
                                   .has_to = r->has_to,
                                   .to_ns = r->to,
                                   .has_as_of = r->has_as_of,
                                   .as_of_ns = r->as_of,
                                   .notices = r->options->notices != NULL,
                                   .subjects = ent_run_drafts(r),
                                   .portable = r->options->portable,
                                   .unplaced = !has_digest(r) && !r->options->notices,
                                   .whose_time = wants_summary(r->options),
                                   .not_in_force = r->options->not_in_force,
                                   .strings = r->strings,
                                   .on_decision = on_decision,
                                   .on_clock = counts_clocks(r) ? on_clock : NULL,
                                   .user = r};
    r->session = ent_engine_new(r->program, &options, &error);
    if (!r->session) {
        return fail_session(r, &error);
    }
    if (shares_texts(r) && !ent_strings_share(r->strings)) {
        return ent_run_fail(r, ENT_EXIT_ENVIRONMENT, "no lock for texts");
    }
    if (r->options->quarantine) {
        r->quarantine = ent_quarantine_open(r->options->quarantine, &feed_error);
        if (!r->quarantine) {
            return ent_run_fail_feed(r, &feed_error);
        }
    }
    for (size_t i = 0; i < r->n_feeds; i++) {
        ent_ingest_feed *f = &r->feeds[i];
        ent_stream_options stream = {.specs = f->specs,
                                     .n_specs = f->n_specs,
                                     .batch_rows = batch,
                                     .jobs = threads_that_read(r),
                                     .zone_dir = ZONE_DIR,
                                     .separator = r->options->separator,
                                     .sort = f->sort,
                                     .digest = has_digest(r),
                                     .making = making_of(r, f),
                                     .portable = r->options->portable,
                                     .sort_memory_bytes = r->options->sort_memory_bytes,
                                     .folder = r->options->folder,
                                     .on_bad = on_bad,
                                     .user = r,
                                     .on_no_column = on_no_column};
        f->stream = ent_stream_open(r->program, f->feed, r->strings, r->vm, &stream, &feed_error);
        if (!f->stream) {
            return ent_run_fail_feed(r, &feed_error);
        }
    }
    return ENT_EXIT_OK;
}

static void show_progress(run *r)
{
    struct timespec now;
    if (!r->options->progress) {
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec - r->begun.tv_sec < 1 || now.tv_sec == r->shown.tv_sec) {
        return;
    }
    r->shown = now;
    r->progress_shown = true;
    char text[32];
    fprintf(r->err, "\r%s rows", ent_count_text(r->rows, text, sizeof text));
    fflush(r->err);
}

static void clear_progress(run *r)
{
    if (r->progress_shown) {
        fputs("\r\033[K", r->err);
        r->progress_shown = false;
    }
}

enum { AGAIN = -1 };

static size_t rows_a_batch(const run *r)
{
    return r->options->batch_rows ? r->options->batch_rows : ENT_LANES_MAX;
}

/* Rows of streams that this thread reads are written where the session keeps them. */
static bool lend_rooms(run *r)
{
    size_t most = rows_a_batch(r);
    bool ok = true;
    for (size_t i = 0; ok && i < r->n_feeds && r->options->jobs < 2; i++) {
        ent_ingest_feed *f = &r->feeds[i];
        int64_t *origins;
        ok = ent_engine_room(r->session, f->feed, most, r->rooms, &origins);
        if (ok) {
            ent_stream_lend(f->stream, r->rooms, origins);
        }
    }
    return ok;
}

/* What a step costs for each key is spread over so many rows.  Several slices of a divided session are in memory at
 * once, which is better used by smaller ones. */
static size_t rows_a_step(const run *r)
{
    enum { BATCHES_A_STEP = 6, BATCHES_A_SLICE = 3 };
    return (ent_engine_n_parts(r->session) > 0 ? BATCHES_A_SLICE : BATCHES_A_STEP) * rows_a_batch(r);
}

static int take_batches(run *r, ent_ingest *ingest)
{
    ent_fault error;
    int64_t watermark = INT64_MIN;
    size_t enough = rows_a_step(r);
    for (;;) {
        if (!lend_rooms(r)) {
            return ent_run_fail(r, ENT_EXIT_ENVIRONMENT, "out of memory");
        }
        const ent_batch *batch = ent_ingest_next(ingest);
        bool taken = batch->ready && (batch->result == ENT_INGEST_ROWS || batch->result == ENT_INGEST_END);
        if (taken && !ent_engine_take(r->session, batch->ready, &error)) {
            return fail_session(r, &error);
        }
        switch (batch->result) {
        case ENT_INGEST_END:
            return ent_engine_finish(r->session, &error) ? ENT_EXIT_OK : fail_session(r, &error);
        case ENT_INGEST_DISORDER:
            return AGAIN;
        case ENT_INGEST_FAILED:
            return ent_run_fail_feed(r, &batch->error);
        case ENT_INGEST_FAULT:
            return fail_session(r, &batch->fault);
        case ENT_INGEST_ROWS:
            break;
        }
        if (batch->rows.made) {
            if (!ent_engine_take_piece(r->session, batch->rows.made, batch->rows.last_at,
                                       (int64_t)batch->rows.lines_before, &error)) {
                return fail_session(r, &error);
            }
            taken = true;
        }
        if (!taken && batch->rows.n > 0 && !ent_engine_push(r->session, batch->feed, batch->rows.columns,
                                                   batch->rows.n, batch->rows.origins, &error)) {
            return fail_session(r, &error);
        }
        r->rows += batch->rows.n;
        if (!taken && batch->watermark > watermark && ent_engine_pending(r->session) >= enough) {
            watermark = batch->watermark;
            if (!ent_engine_advance(r->session, watermark, &error)) {
                return fail_session(r, &error);
            }
        }
        show_progress(r);
    }
}

/* Whether a thread of its own reads: it hashes rows, takes them out of a sorter, or goes back and forth between feeds.
 * Where there is nothing of that, the threads of the stream are enough, and this one works among them. */
static bool reads_ahead(const run *r)
{
    return r->options->jobs > 1 && (r->n_feeds != 1 || has_digest(r) || r->feeds[0].sort);
}

static int read_all(run *r)
{
    enum { PARTS_A_THREAD = 2 };
    int64_t feed = r->feeds[0].feed;
    if (is_ahead(r) && ent_engine_divides(r->session, feed) &&
        !(ent_engine_divide(r->session, (size_t)PARTS_A_THREAD * r->options->jobs) && init_counts_of_parts(r))) {
        return ent_run_fail(r, ENT_EXIT_ENVIRONMENT, "out of memory");
    }
    ent_ahead *ahead = is_ahead(r) ? ent_ahead_new(r->session, feed) : NULL;
    bool threaded = ahead || reads_ahead(r);
    ent_ingest *ingest = ent_ingest_start(r->session, r->feeds, r->n_feeds, threaded, ahead, rows_a_step(r),
                                          rows_a_batch(r));
    if (!ingest) {
        return ent_run_fail(r, ENT_EXIT_ENVIRONMENT, "out of memory or threads");
    }
    int status = take_batches(r, ingest);
    ent_ingest_stop(ingest);
    return status;
}

/* --- results --- */

static int collect_totals(run *r)
{
    r->totals = calloc(r->n_feeds + 1, sizeof *r->totals);
    if (!r->totals) {
        return ent_run_fail(r, ENT_EXIT_ENVIRONMENT, "out of memory");
    }
    for (size_t i = 0; i < r->n_feeds; i++) {
        ent_stream_totals t = ent_stream_totals_of(r->feeds[i].stream);
        ent_ledger_feed *out = &r->totals[i];
        out->name = ent_image_text(r->program, r->program->feed[r->feeds[i].feed].name);
        out->rows = t.rows;
        out->bad = t.bad;
        out->skipped = t.skipped;
        out->late = ent_engine_feed_totals(r->session, r->feeds[i].feed)->late;
        if (!ent_stream_digest(r->feeds[i].stream, out->digest)) {
            return ent_run_fail(r, ENT_EXIT_ENVIRONMENT, "the rows could not be hashed");
        }
    }
    return ENT_EXIT_OK;
}

/* Of a restatement only what changed counts. */
static bool has_breach(const run *r)
{
    bool restates = r->options->n_restate > 0;
    bool breach = !restates && r->breach;
    for (size_t i = 0; restates && i < r->restate.n; i++) {
        breach |= r->restate.v[i].breach;
    }
    for (size_t i = 0; !restates && i < r->program->n_duty; i++) {
        breach |= r->counts.duties[i].by_status[ENT_STATUS_BREACH] > 0;
    }
    return breach;
}

static int conclude(run *r, FILE *out)
{
    char tzdata[64];
    int status = collect_totals(r);
    add_up_counts(r);
    if (status != ENT_EXIT_OK) {
        return status;
    }
    if (!ent_zone_tzdata_version(ZONE_DIR, tzdata, sizeof tzdata)) {
        memcpy(tzdata, "unknown", 8);
    }
    ent_ledger_run header = {.version = ENT_VERSION_TEXT,
                             .tzdata = tzdata,
                             .feeds = r->totals,
                             .n_feeds = r->n_feeds,
                             .has_as_of = r->has_as_of,
                             .as_of_ns = r->as_of};
    if (r->options->n_restate > 0) {
        header.restates = ent_restatement_hashes(r->restate.core, &header.n_restates);
    }
    ent_run_result result = {.session = r->session,
                             .decisions = &r->decisions,
                             .duties = r->counts.duties,
                             .answers = r->counts.answers,
                             .feeds = r->totals,
                             .n_feeds = r->n_feeds,
                             .without_allowance = ent_engine_without_allowance(r->session),
                             .claims_unanswered = ent_engine_claims_unanswered(r->session)};
    status = ent_run_write_files(r, &header, &result, out);
    if (status != ENT_EXIT_OK) {
        return status;
    }
    bool told = true;
    if (r->options->n_restate > 0 && r->options->format == ENT_RUN_TABLE) {
        ent_restate_table(&r->restate, r->options->restate[0], out);
    } else if (r->options->n_restate > 0 && r->options->format == ENT_RUN_CSV) {
        ent_restate_csv(&r->restate, out);
    } else if (r->options->format == ENT_RUN_TABLE) {
        told = ent_report_table(&result, out, r->options->colour);
    } else if (r->options->format == ENT_RUN_CSV) {
        told = ent_report_csv(&result, out);
    }
    if (!told) {
        return ent_run_fail(r, ENT_EXIT_ENVIRONMENT, "out of memory");
    }
    if (fflush(out) != 0 || ferror(out)) {
        fprintf(r->err, "error: cannot write the result: %s\n", strerror(errno));
        return ENT_EXIT_ENVIRONMENT;
    }
    return r->options->fail_on_breach && has_breach(r) ? ENT_EXIT_FOUND : ENT_EXIT_OK;
}

int ent_run(const ent_image *program, const ent_run_options *options, FILE *out, FILE *err)
{
    run r = {.program = program, .options = options, .err = err};
    clock_gettime(CLOCK_MONOTONIC, &r.begun);
    int status = check_inputs(&r);
    if (status == ENT_EXIT_OK) {
        status = resolve_feeds(&r);
    }
    if (status == ENT_EXIT_OK && options->n_restate > 0) {
        status = ent_restate_open(&r.restate, options->restate, options->n_restate, err);
    }
    if (status == ENT_EXIT_OK) {
        status = resolve_period(&r);
    }
    if (status == ENT_EXIT_OK) {
        status = ent_run_check_files(&r);
    }
    if (!ent_run_open_ledger(&r) && status == ENT_EXIT_OK) {
        status = ent_run_fail(&r, ENT_EXIT_ENVIRONMENT, "out of memory");
    }
    while (status == ENT_EXIT_OK) {
        status = open_attempt(&r);
        if (status == ENT_EXIT_OK) {
            status = read_all(&r);
        }
        clear_progress(&r);
        if (status == ENT_EXIT_OK) {
            status = conclude(&r, out);
            break;
        }
        if (status != AGAIN) {
            break;
        }
        close_attempt(&r);
        r.warned = true;
        status = ENT_EXIT_OK;
    }
    close_attempt(&r);
    for (size_t i = 0; r.feeds && i < r.n_feeds; i++) {
        free(r.feeds[i].specs);
    }
    free(r.feeds);
    free(r.totals);
    ent_kept_list_clear(&r.decisions);
    ent_run_close_ledger(&r);
    if (options->n_restate > 0) {
        ent_restate_close(&r.restate);
    }
    return status;
}
