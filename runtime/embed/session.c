/* Sessions: an engine with its texts, the ledger that its decisions become, and the host's callbacks. */
#include "runtime/embed/embed.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/feed/origin.h"
#include "runtime/ledger/notice.h"
#include "runtime/native/native.h"
#include "runtime/time/zone.h"

/* --- the ledger --- */

static bool stop(ent_session *s)
{
    s->stopped = true;
    return false;
}

/* Lines fail for want of memory only. */
static bool broken(ent_session *s)
{
    s->ledger_broken = true;
    return false;
}

static bool give_line(ent_session *s)
{
    const ent_session_options *o = &s->options;
    return !o->on_line || o->on_line(o->user, s->ledger.line.data, s->ledger.line.len) || stop(s);
}

/* The feeds whose rows were pushed and that an agreement uses, as `entente run` names those that it reads. */
static bool collect_feeds(ent_session *s, ent_ledger_feed *feeds, size_t *n)
{
    const ent_image *p = s->program->image;
    *n = 0;
    for (size_t i = 0; i < p->n_feed; i++) {
        ent_session_feed *f = &s->feeds[i];
        if (!f->given || !p->feed[i].used) {
            continue;
        }
        ent_ledger_feed *out = &feeds[(*n)++];
        *out = (ent_ledger_feed){.name = ent_image_text(p, p->feed[i].name),
                                 .rows = f->rows,
                                 .bad = f->refused,
                                 .skipped = f->skipped,
                                 .late = ent_engine_feed_totals(s->engine, (int64_t)i)->late};
        if (!ent_digest_text(&f->digest, out->digest)) {
            return false;
        }
    }
    return true;
}

static bool begin_ledger(ent_session *s)
{
    char tzdata[64];
    size_t n_feeds = 0;
    if (s->ledger_begun) {
        return true;
    }
    s->ledger_begun = true;
    (void)ent_zone_tzdata_version(s->zone_dir, tzdata, sizeof tzdata); /* `unknown` where nobody knows */
    ent_ledger_feed *feeds = calloc(s->program->image->n_feed + 1, sizeof *feeds);
    bool ok = feeds && (s->options.ledger == ENT_LEDGER_LIVE || collect_feeds(s, feeds, &n_feeds));
    ent_ledger_run run = {.version = ENT_VERSION_TEXT,
                          .tzdata = tzdata,
                          .feeds = feeds,
                          .n_feeds = n_feeds,
                          .has_as_of = s->options.has_as_of,
                          .as_of_ns = s->options.as_of_ns};
    ok = ok && ent_ledger_run_line(&s->ledger, s->engine, &run);
    free(feeds);
    return ok ? give_line(s) : broken(s);
}

/* The line that is in the ledger's hands, and the decision that it is. */
static bool tell(ent_session *s, const ent_verdict *verdict)
{
    const ent_session_options *o = &s->options;
    ent_decision decision;
    if (!give_line(s) || !o->on_decision) {
        return !s->stopped;
    }
    if (!ent_view_decision(&s->view, s->program->image, verdict, s->ledger.line.data, s->ledger.line.len,
                           s->ledger.seq, &decision)) {
        return broken(s);
    }
    return o->on_decision(o->user, &decision) || stop(s);
}

ent_whole_decision *ent_session_room(ent_session *s)
{
    if (s->n_kept == s->kept_capacity) {
        size_t capacity = s->kept_capacity ? s->kept_capacity * 2 : 256;
        ent_whole_decision *grown = realloc(s->kept, capacity * sizeof *grown);
        if (!grown) {
            return NULL;
        }
        s->kept = grown;
        s->kept_capacity = capacity;
    }
    return &s->kept[s->n_kept];
}

static bool keep(ent_session *s, const ent_engine *engine, const ent_verdict *verdict)
{
    ent_whole_decision *kept = ent_session_room(s);
    if (!kept || !ent_ledger_decision_members(&s->ledger, engine, verdict)) {
        return broken(s);
    }
    const ent_json_out *line = &s->ledger.line;
    *kept = (ent_whole_decision){.verdict = *verdict, .members = malloc(line->len), .len = line->len - 1};
    if (!kept->members) {
        return broken(s);
    }
    kept->verdict.answer = NULL;
    memcpy(kept->members, line->data + 1, kept->len); /* behind the brace */
    s->n_kept++;
    return true;
}

bool ent_session_heard(const ent_session *s)
{
    return s->options.on_decision || s->options.on_line;
}

static bool on_verdict(void *user, const ent_engine *engine, const ent_verdict *verdict)
{
    ent_session *s = user;
    if (!ent_session_heard(s)) {
        return true;
    }
    if (s->options.ledger == ENT_LEDGER_WHOLE) {
        return keep(s, engine, verdict);
    }
    return begin_ledger(s) &&
           (ent_ledger_decision_line(&s->ledger, engine, verdict) ? tell(s, verdict) : broken(s));
}

static bool tell_kept(ent_session *s)
{
    bool ok = begin_ledger(s);
    s->ledger.seq -= (int64_t)s->n_kept; /* they were counted when they were kept */
    for (size_t i = 0; ok && i < s->n_kept; i++) {
        s->ledger.seq++;
        ok = ent_ledger_line_of(&s->ledger, s->kept[i].members, s->kept[i].len) ? tell(s, &s->kept[i].verdict)
                                                                               : broken(s);
    }
    return ok;
}

static bool tell_notices(ent_session *s)
{
    const ent_image *p = s->program->image;
    const ent_session_options *o = &s->options;
    size_t n;
    const ent_warning *all = ent_engine_notices(s->engine, &n);
    if (n == 0 || !o->on_notice) {
        ent_engine_forget_notices(s->engine);
        return true;
    }
    ent_warning *sorted = malloc(n * sizeof *sorted);
    if (!sorted) {
        return broken(s);
    }
    memcpy(sorted, all, n * sizeof *sorted);
    ent_engine_forget_notices(s->engine);
    ent_notices_sort(s->engine, sorted, n);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        ent_notice notice;
        ok = (ent_notice_line(s->engine, &sorted[i], &s->notice_line) &&
              ent_view_notice(&s->view, p, &sorted[i], s->notice_line.data, s->notice_line.len, &notice)) ||
             broken(s);
        ok = ok && (o->on_notice(o->user, &notice) || stop(s));
    }
    free(sorted);
    return ok;
}

/* --- life --- */

static bool copy_options(ent_session *s, const ent_session_options *options, ent_error *error)
{
    s->options = *options;
    s->options.signatures = s->options.keys = NULL; /* judged once, at the beginning */
    const char *dir = s->options.zone_dir ? s->options.zone_dir : ENT_ZONE_DIR_DEFAULT;
    size_t len = strlen(dir) + 1;
    s->zone_dir = malloc(len);
    if (!s->zone_dir) {
        return ent_embed_memory(error);
    }
    memcpy(s->zone_dir, dir, len);
    s->options.zone_dir = s->zone_dir;
    s->watermark = INT64_MIN;
    s->until = s->options.has_to ? s->options.to_ns : INT64_MAX;
    if (s->options.has_from && s->options.has_to && s->options.from_ns >= s->options.to_ns) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "the period's `from` is not before its `to`");
    }
    if (s->options.batch_rows_max > ENT_LANES_MAX) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "batch_rows_max is 1 to %d, not %u", ENT_LANES_MAX,
                              s->options.batch_rows_max);
    }
    if (s->options.ledger != ENT_LEDGER_LIVE && s->options.ledger != ENT_LEDGER_WHOLE) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "there is no ledger of mode %d", (int)s->options.ledger);
    }
    return true;
}

static bool prepare(ent_session *s, ent_error *error)
{
    const ent_image *p = s->program->image;
    s->strings = ent_strings_new(p);
    s->feeds = calloc(p->n_feed + 1, sizeof *s->feeds);
    if (!s->strings || !s->feeds || !ent_names_init(&s->names, p)) {
        return ent_embed_memory(error);
    }
    for (size_t i = 0; i < p->n_feed; i++) {
        ent_digest_init(&s->feeds[i].digest);
    }
    return true;
}

static bool open_engine(ent_session *s, const ent_reader *reader, ent_error *error)
{
    ent_fault fault;
    ent_engine_options options = {.zone_dir = s->zone_dir,
                                  .lanes_max = s->options.batch_rows_max,
                                  .has_from = s->options.has_from,
                                  .from_ns = s->options.from_ns,
                                  .has_to = s->options.has_to,
                                  .to_ns = s->options.to_ns,
                                  .has_as_of = s->options.has_as_of,
                                  .as_of_ns = s->options.as_of_ns,
                                  .notices = s->options.on_notice != NULL,
                                  .prompt = true,
                                  .not_in_force = s->not_in_force,
                                  .strings = s->strings,
                                  .on_decision = on_verdict,
                                  .user = s};
    if (reader) {
        return ent_session_read(s, reader, &options, error);
    }
    s->engine = ent_engine_new(s->program->image, &options, &fault);
    return s->engine || ent_embed_fault(s->program, error, &fault);
}

bool ent_session_open(ent_program *program, const ent_session_options *options, const ent_reader *reader,
                      ent_session **out, ent_error *error)
{
    if (!out || !program) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "there is no %s", program ? "place for the session" : "program");
    }
    *out = NULL;
    int64_t unbound = ent_natives_unbound(program->image);
    if (unbound >= 0) {
        const ent_native_row *row = &program->image->native[unbound];
        (void)ent_embed_fail(error, ENT_ERROR_USAGE, "`extern fn %.100s` is bound to nothing: ent_bind binds it",
                             ent_image_text(program->image, row->name));
        return ent_embed_place(program, error, row->place);
    }
    ent_session_options own = {.user = NULL};
    if (options) {
        memcpy(&own, options, options->size == 0 || options->size > sizeof own ? sizeof own : options->size);
    }
    if (!own.allocator.resize) {
        own.allocator = program->account.allocator;
    }
    ent_session *s = ent_account_new(&own.allocator, sizeof *s);
    if (!s) {
        return ent_embed_memory(error);
    }
    s->account = (ent_account){.allocator = own.allocator,
                               .memory_max = own.memory_max,
                               .instructions_max = own.instructions_max};
    s->program = ent_program_retain(program);
    ent_account *before = ent_account_enter(&s->account);
    ent_ledger_init(&s->ledger);
    ent_json_init(&s->notice_line, 0);
    bool ok = copy_options(s, &own, error) && ent_embed_consent(program->image, &own, &s->not_in_force, error) &&
              prepare(s, error) && open_engine(s, reader, error);
    if (!reader) {
        s->account.keys = 0; /* names of parties and services are in such tables too, and are no keys */
    }
    s->account.keys_max = own.keys_max;
    ent_account_leave(before);
    if (!ok) {
        (void)ent_embed_excess(&s->account, error);
        ent_session_free(s);
        return false;
    }
    *out = s;
    return true;
}

bool ent_session_new(ent_program *program, const ent_session_options *options, ent_session **out, ent_error *error)
{
    return ent_session_open(program, options, NULL, out, error);
}

void ent_session_free(ent_session *s)
{
    if (!s) {
        return;
    }
    ent_account *before = ent_account_enter(&s->account);
    for (size_t i = 0; i < s->n_kept; i++) {
        free(s->kept[i].members);
    }
    free(s->kept);
    ent_session_drop_copy(s);
    ent_engine_free(s->engine);
    for (size_t i = 0; s->feeds && i < s->program->image->n_feed; i++) {
        ent_digest_deinit(&s->feeds[i].digest);
    }
    free(s->feeds);
    ent_vm_free(s->bind_vm);
    ent_names_deinit(&s->names);
    ent_strings_free(s->strings);
    free(s->not_in_force);
    ent_ledger_deinit(&s->ledger);
    ent_json_deinit(&s->notice_line);
    ent_view_deinit(&s->view);
    free(s->zone_dir);
    ent_account_leave(before);
    ent_program_release(s->program);
    ent_account_free(&s->account, s, sizeof *s);
}

/* --- rows and time --- */

bool ent_session_usable(ent_session *s, ent_error *error)
{
    if (!s || s->busy || s->failed || s->ended) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "%s",
                              !s          ? "there is no session"
                              : s->busy   ? "a callback must not call its session"
                              : s->failed ? "the session has failed before"
                                          : "the session has ended");
    }
    return true;
}

static bool has_failed(ent_session *s, ent_error *error, const ent_fault *fault)
{
    s->failed = true;
    return s->stopped         ? ent_embed_fail(error, ENT_ERROR_STOPPED, "stopped by a callback")
           : s->ledger_broken ? ent_embed_memory(error)
                              : ent_embed_fault(s->program, error, fault);
}

static void digest_rows(ent_session *s, int64_t feed, const ent_typed_rows *rows)
{
    const ent_image *p = s->program->image;
    ent_digest_batch batch = {p, &p->feed[feed], s->strings, rows->columns, rows->n};
    ent_digest_add(&s->feeds[feed].digest, &batch, s->watermark);
}

/* A row stands where it was pushed: the ledger names the facts of rows whose place is known. */
static int64_t *make_origins(const ent_session *s, int64_t feed, size_t n)
{
    int64_t *origins = malloc((n + 1) * sizeof *origins);
    for (size_t i = 0; origins && i < n; i++) {
        origins[i] = ent_origin_make(0, s->feeds[feed].rows + i + 1);
    }
    return origins;
}

bool ent_session_take(ent_session *s, int64_t feed, const ent_typed_rows *rows, ent_error *error)
{
    ent_fault fault;
    int64_t *origins = make_origins(s, feed, rows->n);
    if (!origins) {
        return ent_embed_memory(error);
    }
    ent_session_drop_copy(s);
    bool ok = ent_engine_push(s->engine, feed, rows->columns, rows->n, origins, &fault);
    free(origins);
    if (!ok) {
        return has_failed(s, error, &fault);
    }
    s->feeds[feed].given = true;
    s->feeds[feed].rows += rows->n;
    if (s->options.ledger == ENT_LEDGER_WHOLE && s->program->image->feed[feed].used) {
        digest_rows(s, feed, rows);
    }
    return true;
}

int64_t ent_embed_field(const ent_image *p, const ent_feed_row *feed, const char *name)
{
    for (int64_t i = 0; i < feed->n_fields; i++) {
        if (strcmp(ent_image_text(p, p->field[feed->first_field + i].name), name) == 0) {
            return i;
        }
    }
    return -1;
}

static bool no_field(const ent_image *p, const ent_feed_row *feed, const char *name, ent_error *error)
{
    (void)ent_embed_fail(error, ENT_ERROR_USAGE, "feed `%s` has no field `%.100s`",
                         ent_image_text(p, feed->name), name);
    if (error) {
        size_t len = strnlen(name, sizeof error->field - 1);
        memcpy(error->field, name, len);
        error->field[len] = 0;
    }
    return false;
}

bool ent_session_leave(ent_session *s, ent_account *before, bool ok, ent_error *error)
{
    ent_account_leave(before);
    if (!ok) {
        (void)ent_embed_excess(&s->account, error);
    }
    return ok;
}

bool ent_session_push_columns(ent_session *s, const char *feed_name, const ent_column *columns, size_t n,
                              ent_error *error)
{
    ent_typed_rows rows;
    const ent_image *p = s->program->image;
    int64_t feed = ent_embed_feed(s->program, feed_name, error);
    if (feed < 0 || !ent_typed_rows_init(&rows, s, feed, n, error)) {
        return false;
    }
    bool ok = true;
    for (const ent_column *c = columns; ok && c && c->name; c++) {
        int64_t field = ent_embed_field(p, &p->feed[feed], c->name);
        ok = field < 0 ? no_field(p, &p->feed[feed], c->name, error)
                       : ent_typed_rows_take(&rows, s, feed, c, field, error);
    }
    ok = ok && ent_typed_rows_check(&rows, s, feed, error) && ent_session_take(s, feed, &rows, error);
    ent_typed_rows_deinit(&rows);
    return ok;
}

bool ent_session_push(ent_session *s, const char *feed, const ent_column *columns, size_t n, ent_error *error)
{
    if (!ent_session_usable(s, error)) {
        return false;
    }
    ent_account *before = ent_account_enter(&s->account);
    bool ok = ent_session_push_columns(s, feed, columns, n, error);
    return ent_session_leave(s, before, ok, error);
}

bool ent_session_advance(ent_session *s, int64_t watermark, ent_error *error)
{
    ent_fault fault;
    if (!ent_session_usable(s, error)) {
        return false;
    }
    ent_account *before = ent_account_enter(&s->account);
    s->busy = true;
    ent_session_drop_copy(s);
    bool ok = ent_engine_advance(s->engine, watermark, &fault) && tell_notices(s);
    s->busy = false;
    watermark = watermark < s->until ? watermark : s->until;
    s->watermark = watermark > s->watermark ? watermark : s->watermark;
    for (size_t i = 0; s->options.ledger == ENT_LEDGER_WHOLE && i < s->program->image->n_feed; i++) {
        ent_digest_pass(&s->feeds[i].digest, s->watermark);
    }
    ok = ok || has_failed(s, error, &fault);
    return ent_session_leave(s, before, ok, error);
}

bool ent_session_finish(ent_session *s, ent_error *error)
{
    ent_fault fault;
    if (!ent_session_usable(s, error)) {
        return false;
    }
    ent_account *before = ent_account_enter(&s->account);
    s->busy = true;
    ent_session_drop_copy(s);
    bool ok = ent_engine_finish(s->engine, &fault) && tell_notices(s) && (!ent_session_heard(s) || tell_kept(s));
    s->busy = false;
    s->ended = true;
    ok = ok || has_failed(s, error, &fault);
    return ent_session_leave(s, before, ok, error);
}

bool ent_session_counts(const ent_session *s, const char *feed_name, ent_row_counts *counts)
{
    int64_t feed = s && counts ? ent_embed_feed(s->program, feed_name, NULL) : -1;
    if (feed < 0) {
        return false;
    }
    const ent_feed_totals *totals = ent_engine_feed_totals(s->engine, feed);
    *counts = (ent_row_counts){.rows = s->feeds[feed].rows,
                               .late = totals->late,
                               .unknown = totals->unknown,
                               .refused = s->feeds[feed].refused,
                               .skipped = s->feeds[feed].skipped};
    return true;
}

bool ent_session_period(const ent_session *s, int64_t *from_ns, int64_t *to_ns)
{
    return s && ent_engine_period(s->engine, from_ns, to_ns);
}

void ent_session_usage(const ent_session *s, ent_usage *usage)
{
    *usage = (ent_usage){s->account.memory + sizeof *s, s->account.memory_peak + sizeof *s, s->account.instructions,
                         s->account.keys};
}
