/* The aggregates' transition, and the ways of a state between processes. */
#include "entente_pg.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(entente_collect);
PG_FUNCTION_INFO_V1(entente_combine);
PG_FUNCTION_INFO_V1(entente_save);
PG_FUNCTION_INFO_V1(entente_restore);

/* --- errors --- */

void ent_pg_throw(const ent_error *error, const char *detail)
{
    static const int codes[] = {[ENT_ERROR_USAGE] = ERRCODE_INVALID_PARAMETER_VALUE,
                                [ENT_ERROR_PROGRAM] = ERRCODE_INVALID_BINARY_REPRESENTATION,
                                [ENT_ERROR_DATA] = ERRCODE_DATA_EXCEPTION,
                                [ENT_ERROR_ENVIRONMENT] = ERRCODE_SYSTEM_ERROR,
                                [ENT_ERROR_MEMORY] = ERRCODE_OUT_OF_MEMORY};
    bool known = error->code > 0 && error->code < (int)lengthof(codes);
    ereport(ERROR,
            (errcode(known ? codes[error->code] : ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
             errmsg("entente: %s", error->message), detail ? errdetail("%s", detail) : 0,
             error->line > 0 ? errcontext("%s:%u:%u", error->file, error->line, error->column) : 0));
    pg_unreachable();
}

/* --- programs --- */

static void release(void *program)
{
    ent_program_release(program);
}

ent_program *ent_pg_program_keep(ent_program *program, MemoryContext context)
{
    MemoryContextCallback *callback = MemoryContextAlloc(context, sizeof *callback);
    callback->func = release;
    callback->arg = ent_program_retain(program);
    MemoryContextRegisterResetCallback(context, callback);
    return program;
}

ent_program *ent_pg_program_load(struct varlena *given, MemoryContext context)
{
    /* the callback is there before the program is: nothing can fail in between */
    MemoryContextCallback *callback = MemoryContextAllocZero(context, sizeof *callback);
    struct varlena *bytes = pg_detoast_datum(given);
    ent_program *program;
    ent_error error;
    callback->func = release;
    MemoryContextRegisterResetCallback(context, callback);
    if (!ent_program_load(VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ, NULL, &program, &error)) {
        ent_pg_throw(&error, NULL);
    }
    callback->arg = program;
    if (bytes != given) {
        pfree(bytes);
    }
    return program;
}

static bool same_bytes(struct varlena *a, struct varlena *b)
{
    return VARSIZE_ANY(a) == VARSIZE_ANY(b) && memcmp(a, b, VARSIZE_ANY(a)) == 0;
}

static bool same_program(struct varlena *a, struct varlena *b)
{
    return same_bytes(a, b) || same_bytes(pg_detoast_datum(a), pg_detoast_datum(b));
}

static struct varlena *copy_given(struct varlena *given, MemoryContext context)
{
    struct varlena *copy = MemoryContextAlloc(context, VARSIZE_ANY(given));
    memcpy(copy, given, VARSIZE_ANY(given));
    return copy;
}

/* What a call site knows from the rows before. */
typedef struct site {
    struct varlena *given;
    ent_program *program;
    MemoryContext context; /* of that program, and of the map */
    ent_pg_row_map *map;
} site;

static site *site_of(FunctionCallInfo fcinfo)
{
    site *s = fcinfo->flinfo->fn_extra;
    if (!s) {
        s = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof *s);
        fcinfo->flinfo->fn_extra = s;
    }
    return s;
}

static void site_use(site *s, struct varlena *given, MemoryContext parent)
{
    if (s->given && same_bytes(s->given, given)) {
        return;
    }
    if (s->context) {
        MemoryContextDelete(s->context);
    }
    memset(s, 0, sizeof *s);
    s->context = AllocSetContextCreate(parent, "entente program", ALLOCSET_SMALL_SIZES);
    s->program = ent_pg_program_load(given, s->context);
    s->given = copy_given(given, s->context);
}

/* --- states --- */

static MemoryContext aggregate_context(FunctionCallInfo fcinfo)
{
    MemoryContext context;
    if (!AggCheckCallContext(fcinfo, &context)) {
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("entente: called outside of an aggregate")));
    }
    return context;
}

static ent_pg_state *state_new(site *s, MemoryContext context)
{
    ent_pg_state *state = MemoryContextAllocZero(context, sizeof *state);
    state->context = context;
    state->program = ent_pg_program_keep(s->program, context);
    state->given = copy_given(s->given, context);
    return state;
}

static ent_pg_state *first_row(FunctionCallInfo fcinfo, site *s, struct varlena *given, MemoryContext context)
{
    Aggref *aggref = AggGetAggref(fcinfo);
    site_use(s, given, fcinfo->flinfo->fn_mcxt);
    ent_pg_state *state = state_new(s, context);
    state->ordered = aggref && aggref->aggorder != NIL;
    if (PG_NARGS() > 4 && !PG_ARGISNULL(4)) {
        ent_session_options options;
        Jsonb *json = PG_GETARG_JSONB_P(4);
        char *text = JsonbToCString(NULL, &json->root, VARSIZE(json));
        ent_pg_options_read(text, &options);
        state->options = MemoryContextStrdup(context, text);
    }
    return state;
}

Datum entente_collect(PG_FUNCTION_ARGS)
{
    MemoryContext context = aggregate_context(fcinfo);
    ent_pg_state *state = PG_ARGISNULL(0) ? NULL : (ent_pg_state *)PG_GETARG_POINTER(0);
    site *s = site_of(fcinfo);
    if (PG_ARGISNULL(1) || PG_ARGISNULL(2)) {
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("entente: the %s is NULL", PG_ARGISNULL(1) ? "program" : "feed's name")));
    }
    struct varlena *given = (struct varlena *)PG_GETARG_POINTER(1);
    if (!state) {
        state = first_row(fcinfo, s, given, context);
    } else if (!get_fn_expr_arg_stable(fcinfo->flinfo, 1) && !same_program(state->given, given)) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("entente: the rows of one group have different programs"),
                        errhint("GROUP BY the program.")));
    }
    if (PG_ARGISNULL(3)) {
        PG_RETURN_POINTER(state);
    }
    /* the map belongs to the site's program, a group's rows may come after those of another's */
    site_use(s, state->given, fcinfo->flinfo->fn_mcxt);
    char *feed = text_to_cstring(PG_GETARG_TEXT_PP(2));
    ent_pg_state_add(state, feed, PG_GETARG_DATUM(3), get_fn_expr_argtype(fcinfo->flinfo, 3), &s->map, s->context);
    pfree(feed);
    PG_RETURN_POINTER(state);
}

/* --- between processes --- */

Datum entente_combine(PG_FUNCTION_ARGS)
{
    MemoryContext context = aggregate_context(fcinfo);
    ent_pg_state *into = PG_ARGISNULL(0) ? NULL : (ent_pg_state *)PG_GETARG_POINTER(0);
    const ent_pg_state *from = PG_ARGISNULL(1) ? NULL : (ent_pg_state *)PG_GETARG_POINTER(1);
    if (!from) {
        if (!into) {
            PG_RETURN_NULL();
        }
        PG_RETURN_POINTER(into);
    }
    if (!into) {
        site *s = site_of(fcinfo);
        site_use(s, from->given, fcinfo->flinfo->fn_mcxt);
        into = state_new(s, context);
        into->options = from->options ? MemoryContextStrdup(context, from->options) : NULL;
        into->ordered = from->ordered;
    } else if (!same_program(into->given, from->given)) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("entente: the rows of one group have different programs")));
    }
    ent_pg_state_append(into, from->rows, from->len, from->n_rows);
    PG_RETURN_POINTER(into);
}

Datum entente_save(PG_FUNCTION_ARGS)
{
    const ent_pg_state *state = (ent_pg_state *)PG_GETARG_POINTER(0);
    struct varlena *program = pg_detoast_datum(state->given);
    Size n_program = VARSIZE(program);
    StringInfoData out;
    (void)aggregate_context(fcinfo);
    pq_begintypsend(&out);
    pq_sendint32(&out, (uint32)n_program);
    pq_sendbytes(&out, (char *)program, (int)n_program);
    pq_sendbyte(&out, state->ordered);
    pq_sendint32(&out, state->options ? (uint32)strlen(state->options) + 1 : 0);
    pq_sendbytes(&out, state->options ? state->options : "", state->options ? (int)strlen(state->options) + 1 : 0);
    pq_sendint64(&out, state->n_rows);
    if (state->len > MaxAllocSize - (Size)out.len - 1) {
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("entente: a parallel worker has rows of over 1 GB"),
                        errhint("Set max_parallel_workers_per_gather to 0.")));
    }
    pq_sendbytes(&out, state->rows, (int)state->len);
    PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

/* Of the bytes that entente_save made in another process of this server: the state lives only until it is combined. */
Datum entente_restore(PG_FUNCTION_ARGS)
{
    bytea *bytes = PG_GETARG_BYTEA_PP(0);
    ent_pg_state *state = palloc0(sizeof *state);
    StringInfoData in;
    (void)aggregate_context(fcinfo);
    initStringInfo(&in);
    appendBinaryStringInfo(&in, VARDATA_ANY(bytes), (int)VARSIZE_ANY_EXHDR(bytes));
    state->context = CurrentMemoryContext;
    int n_program = (int)pq_getmsgint(&in, 4);
    state->given = palloc((Size)n_program);
    pq_copymsgbytes(&in, (char *)state->given, n_program);
    state->ordered = pq_getmsgbyte(&in) != 0;
    int n_options = (int)pq_getmsgint(&in, 4);
    const char *options = pq_getmsgbytes(&in, n_options);
    state->options = n_options > 0 ? pstrdup(options) : NULL;
    state->n_rows = (uint64)pq_getmsgint64(&in);
    state->len = (Size)(in.len - in.cursor);
    state->rows = state->len > 0 ? in.data + in.cursor : NULL;
    PG_RETURN_POINTER(state);
}
