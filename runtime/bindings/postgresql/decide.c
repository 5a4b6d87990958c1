/* The aggregates' end: one session over the rows of a state.
 *
 * Nothing that a callback of the session does may throw, because an error of the server jumps over the library's
 * frames: callbacks write into buffers that grow without throwing, and stop the session when the query is cancelled. */
#include "entente_pg.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(entente_decisions);
PG_FUNCTION_INFO_V1(entente_lines);

enum { PUSH_ROWS = 8192, PUSH_BYTES = 64 * 1024 * 1024, COLUMNS = 20, TEXT_MAX = 40 };

/* --- what the session tells --- */

typedef struct buffer {
    char *data;
    Size len, capacity;
    bool failed;
} buffer;

/* By callbacks only, so it does not throw. */
static bool put(buffer *b, const void *bytes, Size n)
{
    if (n > b->capacity - b->len) {
        Size capacity = Max(b->capacity, 8192);
        while (n > capacity - b->len && capacity <= MaxAllocHugeSize / 2) {
            capacity *= 2;
        }
        char *grown = n > capacity - b->len ? NULL : palloc_extended(capacity, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
        if (!grown) {
            b->failed = true;
            return false;
        }
        if (b->data) {
            memcpy(grown, b->data, b->len);
            pfree(b->data);
        }
        b->data = grown;
        b->capacity = capacity;
    }
    memcpy(b->data + b->len, bytes, n);
    b->len += n;
    return true;
}

typedef struct output {
    buffer lines;
    buffer decisions; /* COLUMNS texts each: a byte that says whether it is there, the text and a NUL */
    uint64 n_decisions;
} output;

static bool go_on(void)
{
    return !(InterruptPending && (QueryCancelPending || ProcDiePending));
}

static bool take_line(void *user, const char *line, size_t len)
{
    output *out = user;
    return put(&out->lines, line, len) && go_on();
}

static bool put_text(buffer *b, const char *text)
{
    char there = text != NULL;
    return put(b, &there, 1) && (!text || put(b, text, strlen(text) + 1));
}

static bool put_int(buffer *b, int64 value)
{
    char text[TEXT_MAX];
    snprintf(text, sizeof text, INT64_FORMAT, value);
    return put_text(b, text);
}

/* An instant as the server's timestamptz reads it, in microseconds: what is finer is cut off. */
static bool put_instant(buffer *b, bool has, int64 ns)
{
    char text[TEXT_MAX];
    if (!has) {
        return put_text(b, NULL);
    }
    int64 us = ns / 1000 - (ns % 1000 < 0);
    int64 day = us / USECS_PER_DAY - (us % USECS_PER_DAY < 0);
    int64 rest = us - day * USECS_PER_DAY;
    int year;
    int month;
    int date;
    j2date((int)day + UNIX_EPOCH_JDATE, &year, &month, &date);
    snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d:%02d.%06d+00", year, month, date,
             (int)(rest / USECS_PER_HOUR), (int)(rest / USECS_PER_MINUTE % 60), (int)(rest / USECS_PER_SEC % 60),
             (int)(rest % USECS_PER_SEC));
    return put_text(b, text);
}

/* The subject's bytes out of the ledger's line, where it is an object of texts. */
static bool put_subject(buffer *b, const ent_decision *d)
{
    static const char key[] = "\"subject\":";
    if (d->n_subject == 0) {
        return put_text(b, NULL);
    }
    const char *begin = strstr(d->ledger_line, key);
    const char *end = begin;
    bool quoted = false;
    if (!begin) {
        return put_text(b, NULL);
    }
    for (begin = end = begin + sizeof key - 1; *end && (quoted || *end != '}'); end++) {
        if (quoted && *end == '\\') {
            end++;
        } else if (*end == '"') {
            quoted = !quoted;
        }
    }
    char there = 1;
    return put(b, &there, 1) && put(b, begin, (Size)(end - begin) + 1) && put(b, "", 1);
}

static bool put_line(buffer *b, const ent_decision *d)
{
    char there = 1;
    return put(b, &there, 1) && put(b, d->ledger_line, d->ledger_line_len - 1) && put(b, "", 1);
}

/* The columns of entente_decision, in their order. */
static bool take_decision(void *user, const ent_decision *d)
{
    static const char *const kinds[] = {
        [ENT_CLAUSE_OBJECTIVE] = "objective", [ENT_CLAUSE_DUTY] = "duty", [ENT_CLAUSE_POOL] = "pool"};
    static const char *const statuses[ENT_STATUS_COUNT] = {
        [ENT_STATUS_MET] = "met",   [ENT_STATUS_BREACH] = "breach",           [ENT_STATUS_EXCUSED] = "excused",
        [ENT_STATUS_VOID] = "void", [ENT_STATUS_PROVISIONAL] = "provisional", [ENT_STATUS_NO_DATA] = "no_data",
        [ENT_STATUS_NOT_IN_FORCE] = "not_in_force"};
    output *out = user;
    buffer *b = &out->decisions;
    out->n_decisions++;
    return put_int(b, d->seq) && put_text(b, kinds[d->kind]) && put_text(b, d->agreement) && put_int(b, d->version) &&
           put_text(b, d->clause) && put_text(b, d->title) && put_subject(b, d) && put_text(b, statuses[d->status]) &&
           put_text(b, d->final ? "t" : "f") && put_instant(b, d->has_window || d->has_clock,
                                                            d->has_window ? d->from_ns : d->at_ns) &&
           put_instant(b, d->has_window, d->to_ns) && put_instant(b, d->has_due, d->due_ns) &&
           put_instant(b, d->has_done, d->done_ns) && put_text(b, d->measure) && put_text(b, d->target) &&
           put_text(b, d->shortfall) && put_text(b, d->credit_amount) && put_text(b, d->credit_currency) &&
           put_text(b, d->accountable) && put_line(b, d);
}

/* --- rows, in order --- */

static uint32 number_at(const char *p)
{
    uint32 value;
    memcpy(&value, p, sizeof value);
    return value;
}

/* By what rows say, feed by feed: the same whatever workers saw them. */
static int compare_rows(const void *a, const void *b)
{
    const char *x = *(char *const *)a;
    const char *y = *(char *const *)b;
    uint32 n = number_at(x);
    uint32 m = number_at(y);
    CHECK_FOR_INTERRUPTS();
    int order = memcmp(x + sizeof n, y + sizeof m, Min(n, m));
    return order != 0 ? order : (n > m) - (n < m);
}

static char **index_rows(const ent_pg_state *state)
{
    char **rows = palloc_extended((state->n_rows + 1) * sizeof *rows, MCXT_ALLOC_HUGE);
    char *at = state->rows;
    for (uint64 i = 0; i < state->n_rows; i++) {
        rows[i] = at;
        at += sizeof(uint32) + number_at(at);
    }
    if (!state->ordered) {
        qsort(rows, state->n_rows, sizeof *rows, compare_rows);
    }
    return rows;
}

static uint32 feed_of(const char *row)
{
    return number_at(row + sizeof(uint32));
}

/* "name = value, …" of a row that was refused. */
static char *show_row(const ent_feed_info *feed, const char *row)
{
    StringInfoData text;
    const char *at = row + 2 * sizeof(uint32);
    initStringInfo(&text);
    for (size_t i = 0; i < feed->n_fields; i++) {
        if (feed->fields[i].used) {
            uint32 len = number_at(at);
            appendStringInfo(&text, "%s%s = ", text.len > 0 ? ", " : "Row: ", feed->fields[i].name);
            appendBinaryStringInfo(&text, at + sizeof len, (int)len);
            at += sizeof len + len;
        }
    }
    return pg_any_to_server(text.data, text.len, PG_UTF8);
}

/* Pushes rows[0, n), which are of one feed. */
static void push(ent_session *session, const ent_feed_info *feed, char **rows, size_t n)
{
    ent_column *columns = palloc0((feed->n_fields + 1) * sizeof *columns);
    StringInfo texts = palloc(feed->n_fields * sizeof *texts + 1);
    int n_columns = 0;
    ent_error error;
    for (size_t i = 0; i < feed->n_fields; i++) {
        if (feed->fields[i].used) {
            int32 *offsets = palloc0((n + 1) * sizeof *offsets);
            initStringInfo(&texts[n_columns]);
            columns[n_columns++] =
                (ent_column){.name = feed->fields[i].name, .type = ENT_COLUMN_UTF8, .offsets = offsets};
        }
    }
    for (size_t r = 0; r < n; r++) {
        const char *at = rows[r] + 2 * sizeof(uint32);
        for (int i = 0; i < n_columns; i++) {
            uint32 len = number_at(at);
            appendBinaryStringInfo(&texts[i], at + sizeof len, (int)len);
            ((int32 *)columns[i].offsets)[r + 1] = texts[i].len;
            at += sizeof len + len;
        }
    }
    for (int i = 0; i < n_columns; i++) {
        columns[i].data = texts[i].data;
    }
    if (!ent_session_push(session, feed->name, columns, n, &error)) {
        /* numbers of rows are those of this push, which nobody knows: the row itself is told */
        ent_pg_throw(&error, error.row > 0 ? show_row(feed, rows[error.row - 1]) : NULL);
    }
}

static void push_all(ent_session *session, const ent_pg_state *state)
{
    MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "entente rows", ALLOCSET_DEFAULT_SIZES);
    char **rows = index_rows(state);
    for (uint64 i = 0; i < state->n_rows;) {
        uint64 end = i;
        Size bytes = 0;
        while (end < state->n_rows && end - i < PUSH_ROWS && feed_of(rows[end]) == feed_of(rows[i]) &&
               bytes < PUSH_BYTES) {
            bytes += number_at(rows[end++]);
        }
        CHECK_FOR_INTERRUPTS();
        MemoryContext before = MemoryContextSwitchTo(work);
        push(session, ent_program_feed(state->program, feed_of(rows[i])), rows + i, end - i);
        MemoryContextSwitchTo(before);
        MemoryContextReset(work);
        i = end;
    }
    MemoryContextDelete(work);
    pfree(rows);
}

/* --- the session --- */

static void decide(const ent_pg_state *state, output *out, bool want_decisions)
{
    ent_session_options options;
    ent_session *session;
    ent_error error;
    ent_pg_options_read(state->options, &options);
    options.user = out;
    options.on_line = want_decisions ? NULL : take_line;
    options.on_decision = want_decisions ? take_decision : NULL;
    if (!ent_session_new(state->program, &options, &session, &error)) {
        ent_pg_throw(&error, NULL);
    }
    PG_TRY();
    {
        push_all(session, state);
        if (!ent_session_finish(session, &error)) {
            CHECK_FOR_INTERRUPTS();
            if (out->lines.failed || out->decisions.failed) {
                ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
                                errdetail("The decisions do not fit.")));
            }
            ent_pg_throw(&error, NULL);
        }
    }
    PG_FINALLY();
    {
        ent_session_free(session);
    }
    PG_END_TRY();
}

Datum entente_lines(PG_FUNCTION_ARGS)
{
    output out = {.n_decisions = 0};
    if (PG_ARGISNULL(0)) {
        PG_RETURN_NULL();
    }
    decide((ent_pg_state *)PG_GETARG_POINTER(0), &out, false);
    if (out.lines.len > MaxAllocSize / 2) {
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("entente: a ledger of over 512 MB")));
    }
    const char *text = pg_any_to_server(out.lines.data, (int)out.lines.len, PG_UTF8);
    PG_RETURN_TEXT_P(text == out.lines.data ? cstring_to_text_with_len(text, (int)out.lines.len)
                                            : cstring_to_text(text));
}

static Datum make_decision(AttInMetadata *metadata, const char **at)
{
    char *values[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
        bool there = *(*at)++ != 0;
        values[i] = there ? pg_any_to_server(*at, (int)strlen(*at), PG_UTF8) : NULL;
        *at += there ? strlen(*at) + 1 : 0;
    }
    return HeapTupleGetDatum(BuildTupleFromCStrings(metadata, values));
}

Datum entente_decisions(PG_FUNCTION_ARGS)
{
    output out = {.n_decisions = 0};
    Oid type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
    if (PG_ARGISNULL(0)) {
        PG_RETURN_NULL();
    }
    TupleDesc tuple = OidIsValid(type) ? lookup_rowtype_tupdesc_copy(type, -1) : NULL;
    if (!tuple || tuple->natts != COLUMNS) {
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                        errmsg("entente: the type entente_decision is not that of this version of the library"),
                        errhint("ALTER EXTENSION entente UPDATE.")));
    }
    decide((ent_pg_state *)PG_GETARG_POINTER(0), &out, true);
    AttInMetadata *metadata = TupleDescGetAttInMetadata(tuple);
    ArrayBuildState *array = initArrayResult(type, CurrentMemoryContext, false);
    const char *at = out.decisions.data;
    for (uint64 i = 0; i < out.n_decisions; i++) {
        CHECK_FOR_INTERRUPTS();
        array = accumArrayResult(array, make_decision(metadata, &at), false, type, CurrentMemoryContext);
    }
    PG_RETURN_DATUM(makeArrayResult(array, CurrentMemoryContext));
}
