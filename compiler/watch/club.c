/* From accepted text to lines of the ledger.
 *
 * The watermark is the least of the sources' watermarks.  The engine is moved there in steps that
 * end at whole minutes, so that what is asked of it in between, whether a warning is due, is asked
 * at the same instants however the input was cut; and after each step it gives out what has become
 * final.  So the ledger is a function of the rows, their order in each source, and the watermarks
 * that sources declared. */
#include "compiler/watch/internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/time/arith.h"
#include "runtime/time/civil.h"

void ent_watch_say(const ent_watch *w, const char *format, ...)
{
    char when[ENT_CIVIL_TEXT_MAX];
    va_list args;
    ent_civil_format(when, sizeof when, w->now_ns / ENT_WATCH_SECOND * ENT_WATCH_SECOND, NULL);
    fprintf(w->err, "%s ", when);
    va_start(args, format);
    vfprintf(w->err, format, args);
    va_end(args);
    fputc('\n', w->err);
    fflush(w->err);
}

bool ent_watch_fail(ent_watch *w, int status, const char *format, ...)
{
    va_list args;
    if (w->trial) {
        w->status = status; /* of a program that is only tried */
    }
    if (w->status == 0) {
        fputs("error: ", w->err);
        va_start(args, format);
        vfprintf(w->err, format, args);
        va_end(args);
        fputc('\n', w->err);
        w->status = status;
    }
    return false;
}

/* --- set-up --- */

static bool on_decision(void *user, const ent_engine *engine, const ent_verdict *decision)
{
    ent_watch *w = *(ent_watch **)user;
    return ent_ledger_decision_line(&w->ledger, engine, decision) && ent_watch_add_line(w);
}

bool ent_watch_add_line(ent_watch *w)
{
    if (w->trial) {
        return ent_watch_trial_line(w);
    }
    return ent_watch_log_add(&w->ledger_file, w->ledger.line.data, w->ledger.line.len) &&
           ent_watch_line_seen(w, w->ledger.line.data, w->ledger.line.len);
}

static bool open_binders(ent_watch *w)
{
    char message[256];
    for (size_t i = 0; i < w->n_sources; i++) {
        ent_watch_source *s = &w->sources[i];
        s->binder = ent_binder_new(w->program, s->feed, w->strings, w->vm, ENT_LANES_MAX, message,
                                   sizeof message);
        if (!s->binder) {
            return ent_watch_fail(w, 4, "%s", message);
        }
    }
    return true;
}

static ent_engine_options engine_options(const ent_watch *w)
{
    return (ent_engine_options){.zone_dir = ENT_WATCH_ZONES,
                                .has_from = w->has_from,
                                .from_ns = w->from_ns,
                                .has_to = w->has_to,
                                .to_ns = w->to_ns,
                                .not_in_force = w->not_in_force,
                                .strings = w->strings,
                                .on_decision = on_decision,
                                .user = w->self};
}

bool ent_watch_club_open(ent_watch *w)
{
    char message[256] = "out of memory";
    ent_fault fault;
    w->watermark_ns = INT64_MIN;
    w->strings = ent_strings_new(w->program);
    w->vm = w->strings ? ent_vm_new(w->program, w->strings, ENT_WATCH_ZONES, ENT_LANES_MAX, message,
                                    sizeof message)
                       : NULL;
    w->duties = calloc(w->program->n_duty + 1, sizeof *w->duties);
    w->objectives = calloc(w->program->n_objective + 1, sizeof *w->objectives);
    w->pools = calloc(w->program->n_pool + 1, sizeof *w->pools);
    w->self = malloc(sizeof *w->self);
    if (!w->vm || !w->duties || !w->objectives || !w->pools || !w->self) {
        return ent_watch_fail(w, 4, "%s", message);
    }
    *w->self = w;
    ent_engine_options options = engine_options(w);
    w->engine = ent_engine_new(w->program, &options, &fault);
    return w->engine ? open_binders(w) : ent_watch_fail(w, (int)fault.code, "%s", fault.message);
}

bool ent_watch_club_restore(ent_watch *w, ent_engine_reader reader, void *user)
{
    ent_fault fault;
    ent_engine *engine;
    ent_engine_options options = engine_options(w);
    if (!ent_engine_restore(w->program, &options, reader, user, &engine, &fault)) {
        return ent_watch_fail(w, 4, "the state cannot be taken up: %s", fault.message);
    }
    ent_engine_free(w->engine);
    w->engine = engine;
    return true;
}

void ent_watch_club_close(ent_watch *w)
{
    for (size_t i = 0; i < w->n_sources; i++) {
        ent_binder_free(w->sources[i].binder);
        w->sources[i].binder = NULL;
    }
    ent_engine_free(w->engine);
    ent_vm_free(w->vm);
    ent_strings_free(w->strings);
    free(w->duties);
    free(w->objectives);
    free(w->pools);
    free(w->self);
    w->self = NULL;
    w->engine = NULL;
    w->vm = NULL;
    w->strings = NULL;
    w->duties = w->objectives = w->pools = NULL;
}

/* --- the watermark --- */

ent_watch_source *ent_watch_slowest(const ent_watch *w)
{
    ent_watch_source *slowest = NULL;
    for (size_t i = 0; i < w->n_sources; i++) {
        ent_watch_source *s = &w->sources[i];
        if (!s->ended && (!slowest || s->watermark_ns < slowest->watermark_ns)) {
            slowest = s;
        }
    }
    return slowest;
}

size_t ent_watch_pending(const ent_watch *w)
{
    return ent_engine_pending(w->engine);
}

bool ent_watch_has_room(const ent_watch *w, const ent_watch_source *source)
{
    const ent_watch_source *slowest = ent_watch_slowest(w);
    return ent_watch_pending(w) < w->options->pending_max || !slowest ||
           source->watermark_ns <= slowest->watermark_ns;
}

int64_t ent_watch_reached(const ent_watch *w)
{
    int64_t reached = INT64_MAX;
    for (size_t i = 0; i < w->n_sources; i++) {
        const ent_watch_source *s = &w->sources[i];
        int64_t own = s->reached_ns > s->watermark_ns ? s->reached_ns : s->watermark_ns;
        reached = !s->ended && own < reached ? own : reached;
    }
    bool beyond = reached != INT64_MAX && reached > w->watermark_ns && ent_watch_pending(w) == 0;
    return beyond && !w->finished ? reached : w->watermark_ns;
}

static bool step(ent_watch *w, int64_t until)
{
    ent_fault fault;
    if (!ent_engine_advance(w->engine, until, &fault) || !ent_engine_settle(w->engine, &fault)) {
        return ent_watch_fail(w, (int)fault.code, "%s", fault.message);
    }
    w->watermark_ns = until;
    return true;
}

/* Before the first row there is nothing to look at. */
static int64_t first_row(const ent_watch *w)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < w->n_sources; i++) {
        const ent_feed_totals *t = ent_engine_feed_totals(w->engine, w->sources[i].feed);
        first = t->first_ns < first ? t->first_ns : first;
    }
    return first;
}

bool ent_watch_move(ent_watch *w)
{
    const ent_watch_source *slowest = ent_watch_slowest(w);
    int64_t until = slowest ? slowest->watermark_ns : w->watermark_ns;
    if (w->has_to && until > w->to_ns) {
        until = w->to_ns;
    }
    if (w->finished || until <= w->watermark_ns) {
        return true;
    }
    int64_t first = first_row(w);
    int64_t at = w->watermark_ns > first ? w->watermark_ns : first;
    bool ok = true;
    while (ok && at < until) {
        int64_t rest = at % ENT_WATCH_GRAIN;
        int64_t next =
            ent_time_add(at - (rest < 0 ? rest + ENT_WATCH_GRAIN : rest), ENT_WATCH_GRAIN);
        at = next;
        ok = next > until || (step(w, next) && ent_watch_warn(w));
    }
    return ok && (w->watermark_ns == until || step(w, until));
}

bool ent_watch_finish(ent_watch *w)
{
    ent_fault fault;
    if (w->finished) {
        return true;
    }
    if (!ent_watch_move(w)) {
        return false;
    }
    if (!ent_engine_finish(w->engine, &fault)) {
        return ent_watch_fail(w, (int)fault.code, "%s", fault.message);
    }
    w->finished = true;
    w->changes++;
    return true;
}

/* --- batches --- */

void ent_watch_note_disk(ent_watch *w, const char *what)
{
    int os_error = w->ledger_file.os_error  ? w->ledger_file.os_error
                   : w->quarantine.os_error ? w->quarantine.os_error
                                            : w->store.os_error;
    snprintf(w->disk_trouble, sizeof w->disk_trouble, "%s: %s", what, strerror(os_error));
}

static bool has_id(const ent_watch_batch *b)
{
    static const unsigned char none[sizeof b->id];
    return memcmp(b->id, none, sizeof none) != 0;
}

static bool keep_header(ent_watch_source *s, const ent_watch_batch *b)
{
    if (b->header_len == s->header_len &&
        (b->header_len == 0 || memcmp(b->header, s->header, b->header_len) == 0)) {
        return true;
    }
    char *copy = malloc(b->header_len + 1);
    if (!copy) {
        return false;
    }
    memcpy(copy, b->header, b->header_len);
    copy[b->header_len] = 0;
    free(s->header);
    s->header = copy;
    s->header_len = b->header_len;
    return true;
}

bool ent_watch_apply(ent_watch *w, const ent_watch_batch *b)
{
    ent_watch_source *s = b->source;
    if (b->len > 0 && !ent_watch_take_rows(w, b)) {
        return false;
    }
    if ((b->header_len > 0 && !keep_header(s, b)) ||
        (has_id(b) && !ent_watch_key_add(&s->keys, b->id))) {
        return ent_watch_fail(w, 4, "out of memory");
    }
    if (b->format == ENT_FORMAT_JSONL) {
        free(s->header);
        s->header = NULL;
        s->header_len = 0;
    }
    s->place = b->after;
    s->totals.batches += b->len > 0;
    s->ended |= b->end;
    s->watermark_ns = b->watermark_ns > s->watermark_ns ? b->watermark_ns : s->watermark_ns;
    s->heard_ns = b->now_ns;
    w->accepted++;
    w->changes++;
    return ent_watch_move(w);
}

ent_watch_answer ent_watch_accept(ent_watch *w, const ent_watch_batch *b, char *message,
                                  size_t size)
{
    char own[512];
    if (!message) {
        message = own;
        size = sizeof own;
    }
    message[0] = 0;
    w->changes++;
    if (has_id(b) && ent_watch_key_known(&b->source->keys, b->id)) {
        b->source->totals.repeated++;
        return ENT_WATCH_REPEATED;
    }
    if (b->len > 0 && !ent_watch_has_room(w, b->source)) {
        const ent_watch_source *slowest = ent_watch_slowest(w);
        snprintf(message, size, "too many rows wait for `%s`", slowest ? slowest->key : "the end");
        return ENT_WATCH_BUSY;
    }
    if (b->len > 0 && !ent_watch_header_fits(w, b, message, size)) {
        return ENT_WATCH_REFUSED;
    }
    if (w->finished) {
        snprintf(message, size, "the watch has come to its end");
        return ENT_WATCH_BUSY;
    }
    /* lines that the disk does not take are kept in memory, but no more of them are made */
    if (!ent_watch_log_flush(&w->ledger_file) || !ent_watch_log_flush(&w->quarantine) ||
        !ent_watch_journal(w, b)) {
        ent_watch_note_disk(w, "cannot write");
        snprintf(message, size, "%s", w->disk_trouble);
        return ENT_WATCH_BUSY;
    }
    w->disk_trouble[0] = 0;
    if (!ent_watch_apply(w, b)) {
        return ENT_WATCH_FAILED;
    }
    if (!ent_watch_log_flush(&w->ledger_file) || !ent_watch_log_flush(&w->quarantine)) {
        ent_watch_note_disk(w, "cannot write");
    }
    return ENT_WATCH_TAKEN;
}
