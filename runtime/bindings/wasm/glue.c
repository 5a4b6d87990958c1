/* What entente.mjs calls: the public interface, flattened to numbers and pointers, so that JavaScript knows the layout
 * of no struct.  Decisions, notices, lines and how things stand come by the imported functions entente.on_...; what a
 * program consists of goes out as one JSON text.  Memory that crosses is malloc's of this module: made with
 * ent_js_alloc, freed with ent_js_free.
 * Tested by tests/hosts/wasm.sh. */
#include <stdlib.h>
#include <string.h>

#include <ffi.h>

#include "runtime/include/entente.h"
#include "runtime/ledger/json_out.h"
#include "runtime/ledger/ledger.h"

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(function) __attribute__((import_module("entente"), import_name(#function)))

/* false stops the session */
IMPORT(on_decision)
bool ent_js_on_decision(uint32_t session, const char *line, size_t len, bool final, bool open, int64_t from_ns,
                        int64_t to_ns, int64_t at_ns, int64_t due_ns, int64_t done_ns, unsigned has);
IMPORT(on_notice) bool ent_js_on_notice(uint32_t session, const char *line, size_t len, int64_t at_ns, int64_t due_ns);
/* Most of it as a JSON text; its instants and, as on_decision has it, the provisional decision. */
IMPORT(on_standing)
bool ent_js_on_standing(uint32_t session, const char *text, size_t text_len, int64_t gone_ns, int64_t left_ns,
                        const char *line, size_t len, bool final, bool open, int64_t from_ns, int64_t to_ns,
                        int64_t at_ns, int64_t due_ns, int64_t done_ns, unsigned has);
IMPORT(on_line) bool ent_js_on_line(uint32_t session, const char *line, size_t len);
/* Bytes of a session that is saved; false: it takes no more. */
IMPORT(on_saved) bool ent_js_on_saved(const void *bytes, size_t n);

EXPORT(alloc) void *ent_js_alloc(size_t size)
{
    return malloc(size ? size : 1);
}

EXPORT(free) void ent_js_free(void *memory)
{
    free(memory);
}

EXPORT(version) const char *ent_js_version(void)
{
    return ent_version();
}

/* --- errors --- */

EXPORT(error_new) ent_error *ent_js_error_new(void)
{
    return calloc(1, sizeof(ent_error));
}

EXPORT(error_number) uint32_t ent_js_error_number(const ent_error *error, int which)
{
    const uint32_t numbers[] = {(uint32_t)error->code, error->line, error->column, error->length,
                                (uint32_t)error->row};
    return numbers[which];
}

EXPORT(error_text) const char *ent_js_error_text(const ent_error *error, int which)
{
    return which == 0 ? error->message : which == 1 ? error->file : error->field;
}

/* --- programs --- */

EXPORT(program_load) ent_program *ent_js_program_load(const void *bytes, size_t len, ent_error *error)
{
    ent_program *program;
    return ent_program_load(bytes, len, NULL, &program, error) ? program : NULL;
}

EXPORT(program_release) void ent_js_program_release(ent_program *program)
{
    ent_program_release(program);
}

static void put_texts(ent_json_out *out, const char *key, const char *const *texts, size_t n)
{
    ent_json_key(out, key);
    ent_json_begin_array(out);
    for (size_t i = 0; i < n; i++) {
        ent_json_text(out, texts[i]);
    }
    ent_json_end_array(out);
}

static void put_field(ent_json_out *out, const ent_feed_field *field)
{
    static const char *const types[] = {
        [ENT_FIELD_BOOL] = "bool",         [ENT_FIELD_INT] = "int",         [ENT_FIELD_NUMBER] = "number",
        [ENT_FIELD_DECIMAL] = "decimal",   [ENT_FIELD_RATIO] = "ratio",     [ENT_FIELD_MONEY] = "money",
        [ENT_FIELD_DURATION] = "duration", [ENT_FIELD_INSTANT] = "instant", [ENT_FIELD_TIME] = "time",
        [ENT_FIELD_TEXT] = "text",         [ENT_FIELD_ENUM] = "enum",       [ENT_FIELD_PARTY] = "party",
        [ENT_FIELD_SERVICE] = "service"};
    ent_json_begin_object(out);
    ent_json_key_text(out, "name", field->name);
    ent_json_key_text(out, "type", types[field->type]);
    if (field->type == ENT_FIELD_DECIMAL) {
        ent_json_key_int(out, "digits", field->digits);
    }
    if (field->currency) {
        ent_json_key_text(out, "currency", field->currency);
    }
    if (field->words) {
        put_texts(out, "words", field->words, field->n_words);
    }
    ent_json_key_bool(out, "used", field->used);
    ent_json_key_bool(out, "key", field->key);
    ent_json_key_bool(out, "holder", field->holder);
    ent_json_key_bool(out, "recorded", field->recorded);
    ent_json_end_object(out);
}

static void put_feeds(ent_json_out *out, const ent_program *program)
{
    const ent_feed_info *feed;
    ent_json_key(out, "feeds");
    ent_json_begin_array(out);
    for (size_t i = 0; (feed = ent_program_feed(program, i)) != NULL; i++) {
        ent_json_begin_object(out);
        ent_json_key_text(out, "name", feed->name);
        ent_json_key_bool(out, "used", feed->used);
        ent_json_key_bool(out, "bound", feed->bound);
        ent_json_key_int(out, "intervalSeconds", feed->interval_ns / 1000000000);
        ent_json_key_int(out, "latenessSeconds", feed->lateness_ns / 1000000000);
        ent_json_key(out, "fields");
        ent_json_begin_array(out);
        for (size_t k = 0; k < feed->n_fields; k++) {
            put_field(out, &feed->fields[k]);
        }
        ent_json_end_array(out);
        ent_json_end_object(out);
    }
    ent_json_end_array(out);
}

static void put_clause(ent_json_out *out, const ent_clause_info *clause)
{
    static const char *const kinds[] = {
        [ENT_CLAUSE_OBJECTIVE] = "objective", [ENT_CLAUSE_DUTY] = "duty", [ENT_CLAUSE_POOL] = "pool"};
    ent_json_begin_object(out);
    ent_json_key_text(out, "kind", kinds[clause->kind]);
    ent_json_key_text(out, "name", clause->name);
    ent_json_key_text(out, "title", clause->title);
    ent_json_key_text(out, "target", clause->target);
    ent_json_key_text(out, "file", clause->file);
    ent_json_key_int(out, "line", clause->line);
    ent_json_key_int(out, "column", clause->column);
    ent_json_end_object(out);
}

static void put_agreements(ent_json_out *out, const ent_program *program)
{
    static const char *const types[] = {
        [ENT_AGREEMENT_IS_SLA] = "sla", [ENT_AGREEMENT_IS_OLA] = "ola", [ENT_AGREEMENT_IS_FRAMEWORK] = "framework"};
    const ent_agreement_info *a;
    ent_json_key(out, "agreements");
    ent_json_begin_array(out);
    for (size_t i = 0; (a = ent_program_agreement(program, i)) != NULL; i++) {
        ent_json_begin_object(out);
        ent_json_key_text(out, "type", types[a->type]);
        ent_json_key_text(out, "name", a->name);
        ent_json_key_text(out, "title", a->title);
        ent_json_key_int(out, "version", a->version);
        ent_json_key_text(out, "supplier", a->supplier);
        ent_json_key_text(out, "customer", a->customer);
        ent_json_key_text(out, "currency", a->currency);
        ent_json_key_bool(out, "needsSignatures", a->needs_signatures);
        ent_json_key(out, "clauses");
        ent_json_begin_array(out);
        for (size_t k = 0; k < a->n_clauses; k++) {
            put_clause(out, &a->clauses[k]);
        }
        ent_json_end_array(out);
        ent_json_end_object(out);
    }
    ent_json_end_array(out);
}

static void put_people(ent_json_out *out, const ent_program *program)
{
    static const char *const kinds[] = {[ENT_PARTY_IS_CLIENT] = "client",
                                        [ENT_PARTY_IS_INTEGRATOR] = "integrator",
                                        [ENT_PARTY_IS_PROVIDER] = "provider",
                                        [ENT_PARTY_IS_NOBODY] = "nobody"};
    const ent_party_info *party;
    const ent_service_info *service;
    ent_json_key(out, "parties");
    ent_json_begin_array(out);
    for (size_t i = 0; (party = ent_program_party(program, i)) != NULL; i++) {
        ent_json_begin_object(out);
        ent_json_key_text(out, "name", party->name);
        ent_json_key_text(out, "title", party->title);
        ent_json_key_text(out, "kind", kinds[party->kind]);
        ent_json_end_object(out);
    }
    ent_json_end_array(out);
    ent_json_key(out, "services");
    ent_json_begin_array(out);
    for (size_t i = 0; (service = ent_program_service(program, i)) != NULL; i++) {
        ent_json_begin_object(out);
        ent_json_key_text(out, "name", service->name);
        ent_json_key_text(out, "title", service->title);
        ent_json_key_text(out, "provider", service->provider);
        put_texts(out, "dependsOn", service->depends_on, service->n_depends_on);
        ent_json_end_object(out);
    }
    ent_json_end_array(out);
}

/* To be freed; NULL: memory. */
EXPORT(program_describe) char *ent_js_program_describe(const ent_program *program)
{
    ent_json_out out;
    ent_json_init(&out, 0);
    ent_json_begin_object(&out);
    ent_json_key_text(&out, "digest", ent_program_digest(program));
    put_feeds(&out, program);
    put_agreements(&out, program);
    put_people(&out, program);
    ent_json_end_object(&out);
    if (!ent_json_is_complete(&out)) {
        ent_json_deinit(&out);
        return NULL;
    }
    return out.data;
}

/* --- functions --- */

/* The host's function of that number, from 1, for an `extern fn`. */
EXPORT(bind)
bool ent_js_bind(ent_program *program, const char *name, uint32_t number, const char *signature, ent_error *error)
{
    return ent_bind(program, name, (void *)(uintptr_t)number, signature, error);
}

/* Of the agreements. */
EXPORT(function_new)
ent_function *ent_js_function_new(ent_program *program, const char *name, const char *signature, ent_error *error)
{
    ent_function *function;
    return ent_function_new(program, name, signature, &function, error) ? function : NULL;
}

/* args: a pointer to each argument, as libffi has them; result: 8 bytes.  False: it failed. */
EXPORT(function_call) bool ent_js_function_call(ent_function *function, void *result, void **args, ent_error *error)
{
    const ffi_closure *closure = ent_function_pointer(function);
    closure->call(closure->cif, result, args, closure->user);
    return ent_function_error(function, error);
}

/* --- sessions --- */

enum { HAS_WINDOW = 1, HAS_CLOCK = 2, HAS_DUE = 4, HAS_DONE = 8, HAS_GONE = 16 };
enum { SET_FROM = 1, SET_TO = 2, SET_AS_OF = 4, SET_WHOLE = 8, SET_NOTICES = 16, SET_SIGNED = 32 };

static unsigned has_of(const ent_decision *d)
{
    return (d->has_window ? HAS_WINDOW : 0u) | (d->has_clock ? HAS_CLOCK : 0u) | (d->has_due ? HAS_DUE : 0u) |
           (d->has_done ? HAS_DONE : 0u);
}

/* A session's number in JavaScript is all that a callback needs of its user. */
static bool tell_decision(void *user, const ent_decision *d)
{
    return ent_js_on_decision((uint32_t)(uintptr_t)user, d->ledger_line, d->ledger_line_len, d->final, d->open,
                              d->from_ns, d->to_ns, d->at_ns, d->due_ns, d->done_ns, has_of(d));
}

static bool tell_notice(void *user, const ent_notice *n)
{
    return ent_js_on_notice((uint32_t)(uintptr_t)user, n->line, n->line_len, n->at_ns, n->due_ns);
}

static bool tell_line(void *user, const char *line, size_t len)
{
    return ent_js_on_line((uint32_t)(uintptr_t)user, line, len);
}

/* What a session is made with; freed by who made it. */
EXPORT(options_new)
ent_session_options *ent_js_options_new(uint32_t number, unsigned set, int64_t from_ns, int64_t to_ns, int64_t as_of_ns)
{
    ent_session_options *options = malloc(sizeof *options);
    if (options) {
        *options = (ent_session_options){.size = sizeof *options,
                                         .user = (void *)(uintptr_t)number,
                                         .on_decision = tell_decision,
                                         .on_notice = set & SET_NOTICES ? tell_notice : NULL,
                                         .on_line = tell_line,
                                         .ledger = set & SET_WHOLE ? ENT_LEDGER_WHOLE : ENT_LEDGER_LIVE,
                                         .has_from = (set & SET_FROM) != 0,
                                         .has_to = (set & SET_TO) != 0,
                                         .from_ns = from_ns,
                                         .to_ns = to_ns,
                                         .has_as_of = (set & SET_AS_OF) != 0,
                                         .as_of_ns = as_of_ns,
                                         .assume_signed = (set & SET_SIGNED) != 0};
    }
    return options;
}

/* Texts with their lengths, or NULL. */
EXPORT(options_signed)
void ent_js_options_signed(ent_session_options *options, const char *signatures, size_t signatures_len,
                           const char *keys, size_t keys_len)
{
    options->signatures = signatures;
    options->signatures_len = signatures_len;
    options->keys = keys;
    options->keys_len = keys_len;
}

EXPORT(session_new)
ent_session *ent_js_session_new(ent_program *program, const ent_session_options *options, ent_error *error)
{
    ent_session *session;
    return ent_session_new(program, options, &session, error) ? session : NULL;
}

typedef struct stream {
    const char *at;
    size_t left;
} stream;

static bool take_bytes(void *user, void *bytes, size_t n)
{
    stream *s = user;
    if (n > s->left) {
        return false;
    }
    memcpy(bytes, s->at, n);
    s->at += n;
    s->left -= n;
    return true;
}

EXPORT(session_restore)
ent_session *ent_js_session_restore(ent_program *program, const ent_session_options *options, const char *bytes,
                                    size_t len, ent_error *error)
{
    ent_session *session;
    stream saved = {bytes, len};
    const ent_reader reader = {.read = take_bytes, .user = &saved, .options = options};
    return ent_session_restore(program, &reader, &session, error) ? session : NULL;
}

static bool give_bytes(void *user, const void *bytes, size_t n)
{
    (void)user;
    return ent_js_on_saved(bytes, n);
}

EXPORT(session_save) bool ent_js_session_save(ent_session *session, ent_error *error)
{
    return ent_session_save(session, &(ent_writer){.write = give_bytes, .error = error});
}

EXPORT(session_free) void ent_js_session_free(ent_session *session)
{
    ent_session_free(session);
}

/* Room for n columns and the end of the list; to be freed after the push. */
EXPORT(columns_new) ent_column *ent_js_columns_new(size_t n)
{
    return calloc(n + 1, sizeof(ent_column));
}

EXPORT(columns_set)
void ent_js_columns_set(ent_column *columns, size_t index, const char *name, int type, int scale, const void *data,
                        const void *offsets, const uint8_t *present)
{
    columns[index] = (ent_column){.name = name,
                                  .type = (ent_column_type)type,
                                  .scale = scale,
                                  .data = data,
                                  .offsets = offsets,
                                  .present = present};
}

EXPORT(session_push)
bool ent_js_session_push(ent_session *session, const char *feed, const ent_column *columns, size_t n,
                         ent_error *error)
{
    return ent_session_push(session, feed, columns, n, error);
}

EXPORT(session_advance) bool ent_js_session_advance(ent_session *session, int64_t watermark_ns, ent_error *error)
{
    return ent_session_advance(session, watermark_ns, error);
}

typedef struct asking {
    uint32_t session;
    ent_json_out out;
    bool no_memory;
} asking;

static void put_known(ent_json_out *out, const char *key, const char *text)
{
    if (text) {
        ent_json_key_text(out, key, text);
    }
}

static bool tell_standing(void *user, const ent_clause_standing *s)
{
    static const char *const units[] = {[ENT_BUDGET_IS_NONE] = NULL,
                                        [ENT_BUDGET_IS_SAMPLES] = "samples",
                                        [ENT_BUDGET_IS_SECONDS] = "seconds",
                                        [ENT_BUDGET_IS_MEASURE] = "measure"};
    asking *a = user;
    ent_json_out *out = &a->out;
    const ent_decision *d = s->decision;
    ent_json_reset(out);
    ent_json_begin_object(out);
    ent_json_key_text(out, "status", ent_status_name((int)s->status));
    ent_json_key_bool(out, "atRisk", s->at_risk);
    put_known(out, "budget", units[s->budget]);
    ent_json_key_bool(out, "budgetGrows", s->budget_grows);
    put_known(out, "budgetAllowed", s->budget_allowed);
    put_known(out, "budgetSpent", s->budget_spent);
    put_known(out, "budgetLeft", s->budget_left);
    put_known(out, "burnRate", s->burn_rate);
    put_known(out, "holder", s->holder);
    ent_json_key_bool(out, "paused", s->paused);
    ent_json_end_object(out);
    a->no_memory = !ent_json_is_complete(out);
    return !a->no_memory &&
           ent_js_on_standing(a->session, out->data, out->len, s->gone_ns, s->left_ns, d->ledger_line,
                              d->ledger_line_len, d->final, d->open, d->from_ns, d->to_ns, d->at_ns, d->due_ns,
                              d->done_ns, has_of(d) | (s->has_gone ? HAS_GONE : 0u));
}

EXPORT(session_standing)
bool ent_js_session_standing(ent_session *session, uint32_t number, int64_t at_ns, ent_error *error)
{
    asking a = {.session = number};
    ent_json_init(&a.out, 0);
    bool ok = ent_session_standing(session, at_ns, &(ent_listener){tell_standing, &a}, error);
    ent_json_deinit(&a.out);
    if (a.no_memory) {
        *error = (ent_error){.code = ENT_ERROR_MEMORY, .message = "out of memory"};
    }
    return ok;
}

EXPORT(session_finish) bool ent_js_session_finish(ent_session *session, ent_error *error)
{
    return ent_session_finish(session, error);
}

/* Three numbers: rows, late, unknown. */
EXPORT(session_counts) bool ent_js_session_counts(const ent_session *session, const char *feed, uint64_t *out)
{
    ent_row_counts counts;
    if (!ent_session_counts(session, feed, &counts)) {
        return false;
    }
    out[0] = counts.rows;
    out[1] = counts.late;
    out[2] = counts.unknown;
    return true;
}

/* Two instants. */
EXPORT(session_period) bool ent_js_session_period(const ent_session *session, int64_t *out)
{
    return ent_session_period(session, &out[0], &out[1]);
}
