/* Rows of the server as texts in a state, and options of a session. */
#include "entente_pg.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* --- what a feed's fields are in rows of one type --- */

typedef struct column {
    const char *name; /* of the field; the program's memory */
    int attribute;    /* of the record, or -1 */
    Oid type;
    FmgrInfo output;
} column;

struct ent_pg_row_map {
    ent_pg_row_map *next;
    const ent_feed_info *feed;
    uint32 index; /* of the feed */
    Oid type;     /* of the record; jsonb: none */
    int32 typmod;
    int n_columns;
    column columns[FLEXIBLE_ARRAY_MEMBER]; /* one a used field */
};

static const ent_feed_info *find_feed(const ent_program *program, const char *name, uint32 *index)
{
    const ent_feed_info *feed;
    for (*index = 0; (feed = ent_program_feed(program, *index)) != NULL; ++*index) {
        if (strcmp(feed->name, name) == 0) {
            return feed;
        }
    }
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("entente: there is no feed \"%s\"", name)));
}

static void bind_column(column *c, TupleDesc tuple, const ent_feed_info *feed, MemoryContext context)
{
    Oid output;
    bool varlena;
    c->attribute = -1;
    for (int i = 0; tuple && i < tuple->natts; i++) {
        Form_pg_attribute attribute = TupleDescAttr(tuple, i);
        if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), c->name) == 0) {
            c->attribute = i;
            c->type = getBaseType(attribute->atttypid);
            getTypeOutputInfo(attribute->atttypid, &output, &varlena);
            fmgr_info_cxt(output, &c->output, context);
            return;
        }
    }
    if (tuple) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                        errmsg("entente: the row has no column \"%s\", which feed \"%s\" needs", c->name, feed->name)));
    }
}

static ent_pg_row_map *make_map(const ent_program *program, const char *name, Oid type, int32 typmod,
                                MemoryContext context)
{
    uint32 index;
    const ent_feed_info *feed = find_feed(program, name, &index);
    ent_pg_row_map *map = MemoryContextAllocZero(context, sizeof *map + feed->n_fields * sizeof *map->columns);
    TupleDesc tuple = OidIsValid(type) ? lookup_rowtype_tupdesc(type, typmod) : NULL;
    *map = (ent_pg_row_map){.feed = feed, .index = index, .type = type, .typmod = typmod};
    for (size_t i = 0; i < feed->n_fields; i++) {
        if (feed->fields[i].used) {
            column *c = &map->columns[map->n_columns++];
            c->name = feed->fields[i].name;
            bind_column(c, tuple, feed, context);
        }
    }
    if (tuple) {
        ReleaseTupleDesc(tuple);
    }
    return map;
}

static ent_pg_row_map *map_of(ent_pg_row_map **first, const ent_program *program, const char *name, Oid type,
                              int32 typmod, MemoryContext context)
{
    for (ent_pg_row_map *map = *first; map; map = map->next) {
        if (map->type == type && map->typmod == typmod && strcmp(map->feed->name, name) == 0) {
            return map;
        }
    }
    ent_pg_row_map *map = make_map(program, name, type, typmod, context);
    map->next = *first;
    *first = map;
    return map;
}

/* --- values as texts --- */

static void refuse(const column *c, const char *what, const char *hint)
{
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("entente: field \"%s\": %s", c->name, what),
                    hint ? errhint("%s", hint) : 0));
}

static char *instant_text(const column *c, TimestampTz at)
{
    struct pg_tm tm;
    fsec_t fraction;
    if (TIMESTAMP_NOT_FINITE(at) || timestamp2tm(at, NULL, &tm, &fraction, NULL, NULL) != 0) {
        refuse(c, "infinity is no instant", NULL);
    }
    return psprintf("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min,
                    tm.tm_sec, (int)fraction);
}

static char *duration_text(const column *c, const Interval *length)
{
    int64 days;
    int64 us;
    if (length->month != 0) {
        refuse(c, "months have no fixed length", "Give days, hours, minutes or seconds.");
    }
    if (pg_mul_s64_overflow(length->day, USECS_PER_DAY, &days) || pg_add_s64_overflow(days, length->time, &us)) {
        refuse(c, "the interval is too long", NULL);
    }
    return psprintf(INT64_FORMAT "us", us);
}

static char *value_text(column *c, Datum value)
{
    switch (c->type) {
    case BOOLOID:
        return pstrdup(DatumGetBool(value) ? "true" : "false");
    case TIMESTAMPTZOID:
        return instant_text(c, DatumGetTimestampTz(value));
    case TIMESTAMPOID:
        refuse(c, "a timestamp without time zone is no instant", "Say which zone: column AT TIME ZONE 'UTC'.");
        return NULL;
    case INTERVALOID:
        return duration_text(c, DatumGetIntervalP(value));
    default:
        return OutputFunctionCall(&c->output, value);
    }
}

/* NULL: absent. */
static char *json_text(const column *c, Jsonb *row)
{
    JsonbValue space;
    JsonbValue *v = getKeyJsonValueFromContainer(&row->root, c->name, (int)strlen(c->name), &space);
    if (!v || v->type == jbvNull) {
        return NULL;
    }
    switch (v->type) {
    case jbvString:
        return pnstrdup(v->val.string.val, (Size)v->val.string.len);
    case jbvBool:
        return pstrdup(v->val.boolean ? "true" : "false");
    case jbvNumeric:
        return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(v->val.numeric)));
    default:
        refuse(c, "expected a text, a number or true or false, found an object or array", NULL);
        return NULL;
    }
}

/* --- states --- */

void ent_pg_state_append(ent_pg_state *state, const char *rows, Size len, uint64 n_rows)
{
    if (len > state->capacity - state->len) {
        Size capacity = Max(state->capacity, 4096);
        while (len > capacity - state->len) {
            capacity *= 2;
        }
        if (capacity > MaxAllocHugeSize) {
            ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("entente: too many rows")));
        }
        state->rows = state->rows ? repalloc_huge(state->rows, capacity)
                                  : MemoryContextAllocHuge(state->context, capacity);
        state->capacity = capacity;
    }
    if (len > 0) {
        memcpy(state->rows + state->len, rows, len);
    }
    state->len += len;
    state->n_rows += n_rows;
}

static void put_number(ent_pg_state *state, uint32 value)
{
    ent_pg_state_append(state, (const char *)&value, sizeof value, 0);
}

static void put_text(ent_pg_state *state, const char *text)
{
    if (!text) {
        put_number(state, 0);
        return;
    }
    char *utf8 = pg_server_to_any(text, (int)strlen(text), PG_UTF8);
    put_number(state, (uint32)strlen(utf8));
    ent_pg_state_append(state, utf8, strlen(utf8), 0);
}

static void finish_row(ent_pg_state *state, Size begin)
{
    Size len = state->len - begin - sizeof(uint32);
    uint32 stored = (uint32)len;
    if (len > MaxAllocSize) {
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("entente: a row is longer than 1 GB")));
    }
    memcpy(state->rows + begin, &stored, sizeof stored);
    state->n_rows++;
}

static void add_record(ent_pg_state *state, ent_pg_row_map *map, HeapTupleHeader record)
{
    HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(record), .t_data = record};
    TupleDesc descriptor = lookup_rowtype_tupdesc(map->type, map->typmod);
    for (int i = 0; i < map->n_columns; i++) {
        column *c = &map->columns[i];
        bool absent;
        Datum value = heap_getattr(&tuple, c->attribute + 1, descriptor, &absent);
        put_text(state, absent ? NULL : value_text(c, value));
    }
    ReleaseTupleDesc(descriptor);
}

void ent_pg_state_add(ent_pg_state *state, const char *feed, Datum facts, Oid type, ent_pg_row_map **maps,
                      MemoryContext map_context)
{
    Size begin = state->len;
    bool is_json = type == JSONBOID;
    HeapTupleHeader record = is_json ? NULL : DatumGetHeapTupleHeader(facts);
    ent_pg_row_map *map = map_of(maps, state->program, feed, is_json ? InvalidOid : HeapTupleHeaderGetTypeId(record),
                                 is_json ? -1 : HeapTupleHeaderGetTypMod(record), map_context);
    put_number(state, 0);
    put_number(state, map->index);
    if (!is_json) {
        add_record(state, map, record);
    } else {
        Jsonb *row = DatumGetJsonbP(facts);
        if (!JB_ROOT_IS_OBJECT(row)) {
            ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("entente: a row is not a JSON object")));
        }
        for (int i = 0; i < map->n_columns; i++) {
            put_text(state, json_text(&map->columns[i], row));
        }
    }
    finish_row(state, begin);
}

/* --- options --- */

static int64 read_instant(const char *name, const char *text)
{
    TimestampTz at = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(text),
                                                             ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
    int64 us;
    int64 ns;
    if (TIMESTAMP_NOT_FINITE(at) ||
        pg_add_s64_overflow(at, (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY, &us) ||
        pg_mul_s64_overflow(us, 1000, &ns)) {
        ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
                        errmsg("entente: option \"%s\": %s is out of range", name, text)));
    }
    return ns;
}

static void take_option(const char *name, const JsonbValue *v, ent_session_options *o)
{
    const char *text = v->type == jbvString ? pnstrdup(v->val.string.val, (Size)v->val.string.len) : NULL;
    if (text && strcmp(name, "from") == 0) {
        o->has_from = true;
        o->from_ns = read_instant(name, text);
    } else if (text && strcmp(name, "to") == 0) {
        o->has_to = true;
        o->to_ns = read_instant(name, text);
    } else if (text && strcmp(name, "as_of") == 0) {
        o->has_as_of = true;
        o->as_of_ns = read_instant(name, text);
    } else if (text && strcmp(name, "signatures") == 0) {
        o->signatures = pg_server_to_any(text, (int)strlen(text), PG_UTF8);
        o->signatures_len = strlen(o->signatures);
    } else if (text && strcmp(name, "keys") == 0) {
        o->keys = pg_server_to_any(text, (int)strlen(text), PG_UTF8);
        o->keys_len = strlen(o->keys);
    } else if (v->type == jbvBool && strcmp(name, "assume_signed") == 0) {
        o->assume_signed = v->val.boolean;
    } else {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("entente: there is no option \"%s\" with such a value", name),
                        errhint("Options are from, to, as_of, signatures and keys, which are texts, and "
                                "assume_signed, which is true or false.")));
    }
}

void ent_pg_options_read(const char *text, ent_session_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->ledger = ENT_LEDGER_WHOLE;
    if (!text) {
        return;
    }
    Jsonb *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
    if (!JB_ROOT_IS_OBJECT(json)) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("entente: options are no JSON object")));
    }
    JsonbIterator *at = JsonbIteratorInit(&json->root);
    JsonbIteratorToken token;
    JsonbValue v;
    const char *name = NULL;
    while ((token = JsonbIteratorNext(&at, &v, true)) != WJB_DONE) {
        if (token == WJB_KEY) {
            name = pnstrdup(v.val.string.val, (Size)v.val.string.len);
        } else if (token == WJB_VALUE) {
            take_option(name, &v, options);
        }
    }
}
