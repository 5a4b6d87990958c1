/* A loadable extension of SQLite: agreements decided over its tables.
 *
 *   SELECT agreement, clause, subject, status, credit
 *     FROM entente_decide('club.entc', 'ticket', 'SELECT * FROM incidents WHERE year = 2026');
 *
 * A table-valued function: the program (a .entc file's path, or its bytes as a BLOB), then pairs of a feed and the
 * table, view or query that has its rows.  Feeds that are not named are read from the table or view of their name.
 * period_from, period_to, as_of and assume_signed are hidden columns, given as `WHERE period_from = '…'`.
 * Each row is a decision; `line` is the ledger's, the same as `entente run` writes.
 *
 * It reads files and runs queries, so that a database's own views and triggers, which may come from elsewhere, cannot
 * use it; statements and temporary views can.  Tested by tests/hosts/sqlite. */
#include <entente.h>
#include <sqlite3ext.h>

#include "rows.h"

SQLITE_EXTENSION_INIT1

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { FEEDS_MAX = 16, PROGRAM_MAX = 1 << 28 };
#define NS_PER_SECOND INT64_C(1000000000)

/* What a decision shows, in order. */
#define COLUMNS(X)                                                                                                    \
    X(seq) X(agreement) X(version) X(clause) X(title) X(kind) X(subject) X(window_from) X(window_to) X(at) X(due)     \
    X(done) X(open) X(final) X(elapsed) X(allowed) X(status) X(measure) X(measure_exact) X(target) X(shortfall)       \
    X(samples) X(bad) X(credit) X(currency) X(rule) X(accountable) X(accountable_to) X(structural_gap) X(line)
/* What can be given besides the program and the pairs. */
#define OPTIONS(X) X(period_from) X(period_to) X(as_of) X(assume_signed)

enum {
#define COLUMN_NUMBER(name) COLUMN_##name,
    COLUMNS(COLUMN_NUMBER) N_COLUMNS,
    ARGUMENT_PROGRAM = N_COLUMNS,
    ARGUMENT_PAIRS,
    ARGUMENT_OPTIONS = ARGUMENT_PAIRS + 2 * FEEDS_MAX,
    ARGUMENT_BEFORE_OPTIONS = ARGUMENT_OPTIONS - 1,
    OPTIONS(COLUMN_NUMBER) N_ALL,
#undef COLUMN_NUMBER
    N_ARGUMENTS = N_ALL - N_COLUMNS
};

/* A decision kept: where each column's text is in `bytes` (0: NULL), or its number. */
typedef struct kept {
    bool is_number[N_COLUMNS];
    sqlite3_int64 value[N_COLUMNS];
    size_t n_bytes, capacity;
    char *bytes;
    bool failed; /* no memory */
} kept;

typedef struct cursor {
    sqlite3_vtab_cursor base;
    sqlite3_value *arguments[N_ARGUMENTS];
    kept *rows;
    size_t n_rows, capacity, at;
} cursor;

typedef struct table {
    sqlite3_vtab base;
    sqlite3 *db;
} table;

/* --- a decision's columns --- */

static void keep_text(kept *row, int column, const char *text)
{
    if (!text || row->failed) {
        return;
    }
    size_t len = strlen(text) + 1;
    if (row->n_bytes + len + 1 > row->capacity) {
        size_t capacity = (row->n_bytes + len + 1) * 2;
        char *bytes = sqlite3_realloc64(row->bytes, capacity);
        if (!bytes) {
            row->failed = true;
            return;
        }
        row->bytes = bytes;
        row->capacity = capacity;
    }
    if (row->n_bytes == 0) {
        row->n_bytes = 1; /* 0 says NULL */
    }
    memcpy(row->bytes + row->n_bytes, text, len);
    row->value[column] = (sqlite3_int64)row->n_bytes;
    row->n_bytes += len;
}

static void keep_number(kept *row, int column, sqlite3_int64 value)
{
    row->is_number[column] = true;
    row->value[column] = value;
}

static int fraction_text(char *out, size_t size, int64_t ns)
{
    int n = snprintf(out, size, ".%09lld", (long long)ns);
    while (n > 1 && out[n - 1] == '0') {
        out[--n] = 0;
    }
    if (n == 1) {
        out[0] = 0;
    }
    return n;
}

static void keep_instant(kept *row, int column, int64_t ns)
{
    char text[64];
    char fraction[32];
    struct tm tm;
    int64_t rest = (ns % NS_PER_SECOND + NS_PER_SECOND) % NS_PER_SECOND;
    time_t seconds = (time_t)((ns - rest) / NS_PER_SECOND);
    (void)gmtime_r(&seconds, &tm);
    (void)fraction_text(fraction, sizeof fraction, rest);
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", tm.tm_year + 1900, tm.tm_mon + 1,
                   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction);
    keep_text(row, column, text);
}

static void keep_seconds(kept *row, int column, int64_t ns)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%lld", (long long)(ns / NS_PER_SECOND));
    (void)fraction_text(text + n, sizeof text - (size_t)n, ns % NS_PER_SECOND);
    keep_text(row, column, text);
}

static void keep_subject(kept *row, const ent_decision *d)
{
    sqlite3_str *joined = sqlite3_str_new(NULL);
    for (size_t i = 0; i < d->n_subject; i++) {
        sqlite3_str_appendf(joined, "%s%s", i > 0 ? "/" : "", d->subject[i].value);
    }
    row->failed |= sqlite3_str_errcode(joined) != SQLITE_OK;
    char *text = sqlite3_str_finish(joined);
    keep_text(row, COLUMN_subject, d->n_subject > 0 ? text : NULL);
    sqlite3_free(text);
}

static void keep_times(kept *row, const ent_decision *d)
{
    if (d->has_window) {
        keep_instant(row, COLUMN_window_from, d->from_ns);
        keep_instant(row, COLUMN_window_to, d->to_ns);
    }
    if (d->has_clock) {
        keep_instant(row, COLUMN_at, d->at_ns);
        keep_number(row, COLUMN_open, d->open);
        keep_seconds(row, COLUMN_elapsed, d->elapsed_ns);
        keep_seconds(row, COLUMN_allowed, d->allowed_ns);
    }
    if (d->has_due) {
        keep_instant(row, COLUMN_due, d->due_ns);
    }
    if (d->has_done) {
        keep_instant(row, COLUMN_done, d->done_ns);
    }
}

static void keep_decision(kept *row, const ent_decision *d)
{
    static const char *const kinds[] = {"objective", "duty", "pool"};
    static const char *const statuses[ENT_STATUS_COUNT] = {"met",         "breach",  "excused",     "void",
                                                           "provisional", "no_data", "not_in_force"};
    keep_number(row, COLUMN_seq, d->seq);
    keep_text(row, COLUMN_agreement, d->agreement);
    keep_number(row, COLUMN_version, d->version);
    keep_text(row, COLUMN_clause, d->clause);
    keep_text(row, COLUMN_title, d->title);
    keep_text(row, COLUMN_kind, kinds[d->kind]);
    keep_subject(row, d);
    keep_times(row, d);
    keep_number(row, COLUMN_final, d->final);
    keep_text(row, COLUMN_status, statuses[d->status]);
    keep_text(row, COLUMN_measure, d->measure);
    keep_text(row, COLUMN_measure_exact, d->measure_exact);
    keep_text(row, COLUMN_target, d->target);
    keep_text(row, COLUMN_shortfall, d->shortfall);
    if (d->has_counts) {
        keep_number(row, COLUMN_samples, d->counts.samples);
        keep_number(row, COLUMN_bad, d->counts.bad);
    }
    keep_text(row, COLUMN_credit, d->credit_amount);
    keep_text(row, COLUMN_currency, d->credit_currency);
    keep_text(row, COLUMN_rule, d->credit_rule);
    keep_text(row, COLUMN_accountable, d->accountable);
    keep_text(row, COLUMN_accountable_to, d->accountable_to);
    keep_text(row, COLUMN_structural_gap, d->structural_gap);
    keep_text(row, COLUMN_line, d->ledger_line);
    if (!row->failed && row->bytes[row->n_bytes - 2] == '\n') {
        row->bytes[row->n_bytes - 2] = 0;
    }
}

static bool on_decision(void *user, const ent_decision *d)
{
    cursor *c = user;
    if (c->n_rows == c->capacity) {
        size_t capacity = c->capacity ? c->capacity * 2 : 64;
        kept *rows = sqlite3_realloc64(c->rows, capacity * sizeof *rows);
        if (!rows) {
            return false;
        }
        c->rows = rows;
        c->capacity = capacity;
    }
    kept *row = &c->rows[c->n_rows++];
    memset(row, 0, sizeof *row);
    keep_decision(row, d);
    return !row->failed;
}

static void forget(cursor *c)
{
    for (size_t i = 0; i < c->n_rows; i++) {
        sqlite3_free(c->rows[i].bytes);
    }
    for (int i = 0; i < N_ARGUMENTS; i++) {
        sqlite3_value_free(c->arguments[i]);
        c->arguments[i] = NULL;
    }
    sqlite3_free(c->rows);
    c->rows = NULL;
    c->n_rows = c->capacity = c->at = 0;
}

/* --- arguments --- */

static sqlite3_value *argument(const cursor *c, int column)
{
    sqlite3_value *value = c->arguments[column - N_COLUMNS];
    return value && sqlite3_value_type(value) != SQLITE_NULL ? value : NULL;
}

static const char *argument_text(const cursor *c, int column)
{
    sqlite3_value *value = argument(c, column);
    return value ? (const char *)sqlite3_value_text(value) : NULL;
}

/* `2026-01-05T09:00:00Z`, with a fraction and an offset if need be. */
static bool read_instant(const char *text, int64_t *ns)
{
    struct tm tm = {0};
    char sign[2] = "";
    int hours = 0;
    int minutes = 0;
    int n = 0;
    int64_t fraction = 0;
    if (sscanf(text, "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
               &tm.tm_sec, &n) != 6 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
        tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 59) {
        return false;
    }
    const char *at = text + n;
    if (*at == '.') {
        int64_t unit = NS_PER_SECOND / 10;
        for (at++; *at >= '0' && *at <= '9' && unit > 0; at++, unit /= 10) {
            fraction += (*at - '0') * unit;
        }
    }
    if (strcmp(at, "Z") != 0 && (sscanf(at, "%1[+-]%2d:%2d%n", sign, &hours, &minutes, &n) != 3 || at[n] != 0)) {
        return false;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    int64_t offset = hours * INT64_C(3600) + minutes * INT64_C(60);
    int64_t seconds = (int64_t)timegm(&tm) + (sign[0] == '-' ? offset : -offset);
    return !__builtin_mul_overflow(seconds, NS_PER_SECOND, ns) && !__builtin_add_overflow(*ns, fraction, ns);
}

/* An instant as text, or seconds since 1970; absent: true, and *has is false. */
static bool take_instant(const cursor *c, int column, const char *name, bool *has, int64_t *ns, char **message)
{
    sqlite3_value *value = argument(c, column);
    if (!value) {
        return true;
    }
    *has = true;
    bool ok = sqlite3_value_type(value) == SQLITE_INTEGER
                  ? !__builtin_mul_overflow((int64_t)sqlite3_value_int64(value), NS_PER_SECOND, ns)
                  : sqlite3_value_type(value) == SQLITE_TEXT &&
                        read_instant((const char *)sqlite3_value_text(value), ns);
    if (!ok) {
        *message = sqlite3_mprintf("%s: expected an instant with its zone, as `2026-01-05T09:00:00Z`, or seconds "
                                   "since 1970, found `%s`", name, sqlite3_value_text(value));
    }
    return ok;
}

static bool take_options(const cursor *c, ent_session_options *o, char **message)
{
    sqlite3_value *signed_value = argument(c, COLUMN_assume_signed);
    o->assume_signed = signed_value && sqlite3_value_int(signed_value) != 0;
    return take_instant(c, COLUMN_period_from, "period_from", &o->has_from, &o->from_ns, message) &&
           take_instant(c, COLUMN_period_to, "period_to", &o->has_to, &o->to_ns, message) &&
           take_instant(c, COLUMN_as_of, "as_of", &o->has_as_of, &o->as_of_ns, message);
}

/* --- evaluation --- */

static bool failed(const ent_error *error, char **message)
{
    if (error->line > 0) {
        *message = sqlite3_mprintf("%s:%u:%u: %s", error->file, error->line, error->column, error->message);
    } else {
        *message = sqlite3_mprintf("%s", error->message);
    }
    return false;
}

static ent_program *load_bytes(const void *bytes, size_t len, const char *name, char **message)
{
    ent_program *program;
    ent_error error = {0};
    if (!ent_program_load(bytes, len, NULL, &program, &error)) {
        *message = sqlite3_mprintf("%s: %s", name, error.message);
    }
    return program;
}

static ent_program *load_file(const char *path, char **message)
{
    ent_program *program = NULL;
    FILE *file = fopen(path, "rb");
    long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (size < 0 || size > PROGRAM_MAX || fseek(file, 0, SEEK_SET) != 0) {
        *message = sqlite3_mprintf("cannot read the program `%s`", path);
    } else {
        char *bytes = sqlite3_malloc64((sqlite3_uint64)size + 1);
        if (bytes && fread(bytes, 1, (size_t)size, file) == (size_t)size) {
            program = load_bytes(bytes, (size_t)size, path, message);
        } else {
            *message = sqlite3_mprintf("cannot read the program `%s`", path);
        }
        sqlite3_free(bytes);
    }
    if (file) {
        (void)fclose(file);
    }
    return program;
}

static ent_program *load(const cursor *c, char **message)
{
    sqlite3_value *value = argument(c, ARGUMENT_PROGRAM);
    if (!value) {
        *message = sqlite3_mprintf("expected a program: the path of a .entc file, or its bytes");
        return NULL;
    }
    if (sqlite3_value_type(value) == SQLITE_BLOB) {
        return load_bytes(sqlite3_value_blob(value), (size_t)sqlite3_value_bytes(value), "program", message);
    }
    return load_file((const char *)sqlite3_value_text(value), message);
}

/* The source that was given for a feed, or NULL; *pair is its number. */
static const char *given_source(const cursor *c, const char *feed, int *pair)
{
    for (*pair = 0; *pair < FEEDS_MAX; (*pair)++) {
        const char *name = argument_text(c, ARGUMENT_PAIRS + 2 * *pair);
        if (name && strcmp(name, feed) == 0) {
            return argument_text(c, ARGUMENT_PAIRS + 2 * *pair + 1);
        }
    }
    return NULL;
}

/* Every pair names a feed, once, and has rows. */
static bool check_pairs(const cursor *c, const ent_program *program, char **message)
{
    for (int i = 0; i < FEEDS_MAX; i++) {
        const char *name = argument_text(c, ARGUMENT_PAIRS + 2 * i);
        const char *source = argument_text(c, ARGUMENT_PAIRS + 2 * i + 1);
        const ent_feed_info *feed = NULL;
        int first = i;
        for (size_t k = 0; name && (feed = ent_program_feed(program, k)) && strcmp(feed->name, name) != 0;) {
            k++;
        }
        if (name) {
            (void)given_source(c, name, &first);
        }
        if (name && !feed) {
            *message = sqlite3_mprintf("the program has no feed `%s`", name);
        } else if (!name != !source) {
            *message = sqlite3_mprintf("expected pairs of a feed and its rows, as 'ticket', 'SELECT … FROM tickets'");
        } else if (first != i) {
            *message = sqlite3_mprintf("the rows of `%s` are given twice", name);
        } else {
            continue;
        }
        return false;
    }
    return true;
}

static bool push_feeds(const cursor *c, sqlite3 *db, const ent_program *program, ent_session *session, char **message)
{
    const ent_feed_info *feed;
    int pair;
    for (size_t i = 0; (feed = ent_program_feed(program, i)); i++) {
        const char *source = given_source(c, feed->name, &pair);
        if (!source && !feed->used) {
            continue;
        }
        if (!source && !entente_has_table(db, feed->name)) {
            *message = sqlite3_mprintf("no table or view is called like the feed `%s`: say where its rows are, as "
                                       "'%s', 'SELECT … FROM …'", feed->name, feed->name);
            return false;
        }
        if (!entente_push_source(db, session, feed, source ? source : feed->name, message)) {
            return false;
        }
    }
    return true;
}

static bool evaluate(cursor *c, sqlite3 *db, char **message)
{
    ent_session_options options = {.user = c, .on_decision = on_decision, .ledger = ENT_LEDGER_WHOLE};
    ent_session *session = NULL;
    ent_error error = {0};
    ent_program *program = load(c, message);
    bool ok = program && check_pairs(c, program, message) && take_options(c, &options, message);
    ok = ok && (ent_session_new(program, &options, &session, &error) || failed(&error, message));
    ok = ok && push_feeds(c, db, program, session, message);
    ok = ok && (ent_session_finish(session, &error) || failed(&error, message));
    ent_session_free(session);
    ent_program_release(program);
    return ok;
}

/* --- the table --- */

static int on_connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **vtab, char **message)
{
    (void)aux, (void)argc, (void)argv, (void)message;
    sqlite3_str *schema = sqlite3_str_new(db);
    sqlite3_str_appendall(schema, "CREATE TABLE x(");
#define DECLARE(name) sqlite3_str_appendf(schema, "\"%s\", ", #name);
    COLUMNS(DECLARE)
#undef DECLARE
    sqlite3_str_appendall(schema, "program HIDDEN");
    for (int i = 1; i <= FEEDS_MAX; i++) {
        sqlite3_str_appendf(schema, ", feed_%d HIDDEN, rows_%d HIDDEN", i, i);
    }
#define DECLARE(name) sqlite3_str_appendf(schema, ", %s HIDDEN", #name);
    OPTIONS(DECLARE)
#undef DECLARE
    sqlite3_str_appendall(schema, ")");
    char *text = sqlite3_str_finish(schema);
    int status = text ? sqlite3_declare_vtab(db, text) : SQLITE_NOMEM;
    sqlite3_free(text);
    table *t = status == SQLITE_OK ? sqlite3_malloc(sizeof *t) : NULL;
    if (!t) {
        return status == SQLITE_OK ? SQLITE_NOMEM : status;
    }
    *t = (table){.db = db};
    (void)sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    *vtab = &t->base;
    return SQLITE_OK;
}

static int on_disconnect(sqlite3_vtab *vtab)
{
    sqlite3_free(vtab);
    return SQLITE_OK;
}

/* The plan is the list of the arguments that are given, a byte each. */
static int on_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
    bool taken[N_ARGUMENTS] = {false};
    char plan[N_ARGUMENTS + 1];
    int n = 0;
    for (int i = 0; i < info->nConstraint; i++) {
        int column = info->aConstraint[i].iColumn;
        if (column < N_COLUMNS || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) {
            continue;
        }
        if (!info->aConstraint[i].usable) {
            return SQLITE_CONSTRAINT;
        }
        if (taken[column - N_COLUMNS]) {
            continue; /* SQLite compares what is given twice */
        }
        taken[column - N_COLUMNS] = true;
        plan[n++] = (char)(column - N_COLUMNS + 1);
        info->aConstraintUsage[i].argvIndex = n;
        info->aConstraintUsage[i].omit = 1;
    }
    if (!taken[0]) {
        vtab->zErrMsg = sqlite3_mprintf("entente_decide: expected a program: the path of a .entc file, or its bytes");
        return SQLITE_ERROR;
    }
    plan[n] = 0;
    info->idxStr = sqlite3_mprintf("%s", plan);
    info->needToFreeIdxStr = 1;
    info->estimatedCost = 1e6;
    info->estimatedRows = 1000;
    return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

static int on_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
    (void)vtab;
    cursor *c = sqlite3_malloc(sizeof *c);
    if (!c) {
        return SQLITE_NOMEM;
    }
    memset(c, 0, sizeof *c);
    *out = &c->base;
    return SQLITE_OK;
}

static int on_close(sqlite3_vtab_cursor *base)
{
    forget((cursor *)base);
    sqlite3_free(base);
    return SQLITE_OK;
}

static int on_filter(sqlite3_vtab_cursor *base, int number, const char *plan, int argc, sqlite3_value **argv)
{
    (void)number;
    cursor *c = (cursor *)base;
    table *t = (table *)base->pVtab;
    char *message = NULL;
    forget(c);
    for (int i = 0; i < argc; i++) {
        if (!(c->arguments[plan[i] - 1] = sqlite3_value_dup(argv[i]))) {
            return SQLITE_NOMEM;
        }
    }
    if (evaluate(c, t->db, &message)) {
        return SQLITE_OK;
    }
    if (!message) {
        return SQLITE_NOMEM;
    }
    sqlite3_free(t->base.zErrMsg);
    t->base.zErrMsg = sqlite3_mprintf("entente_decide: %s", message);
    sqlite3_free(message);
    return SQLITE_ERROR;
}

static int on_next(sqlite3_vtab_cursor *base)
{
    ((cursor *)base)->at++;
    return SQLITE_OK;
}

static int on_eof(sqlite3_vtab_cursor *base)
{
    return ((cursor *)base)->at >= ((cursor *)base)->n_rows;
}

static int on_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    cursor *c = (cursor *)base;
    const kept *row = &c->rows[c->at];
    if (column >= N_COLUMNS) {
        if (c->arguments[column - N_COLUMNS]) {
            sqlite3_result_value(context, c->arguments[column - N_COLUMNS]);
        }
    } else if (row->is_number[column]) {
        sqlite3_result_int64(context, row->value[column]);
    } else if (row->value[column] > 0) {
        sqlite3_result_text(context, row->bytes + row->value[column], -1, SQLITE_TRANSIENT);
    }
    return SQLITE_OK;
}

static int on_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
    *rowid = (sqlite3_int64)((cursor *)base)->at + 1;
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .iVersion = 2, /* eponymous only: there is no xCreate */
    .xConnect = on_connect,
    .xBestIndex = on_best_index,
    .xDisconnect = on_disconnect,
    .xOpen = on_open,
    .xClose = on_close,
    .xFilter = on_filter,
    .xNext = on_next,
    .xEof = on_eof,
    .xColumn = on_column,
    .xRowid = on_rowid,
};

/* SQLite looks for this name in entente_sqlite.so. */
ENT_API int sqlite3_ententesqlite_init(sqlite3 *db, char **message, const sqlite3_api_routines *api);

int sqlite3_ententesqlite_init(sqlite3 *db, char **message, const sqlite3_api_routines *api)
{
    (void)message;
    SQLITE_EXTENSION_INIT2(api);
    return sqlite3_create_module(db, "entente_decide", &module, NULL);
}
