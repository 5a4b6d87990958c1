/* See rows.h.
 *
 * SQLite gives each value a type of its own, the library has one type a column: rows are gathered as long as each
 * column's values are of one kind, and pushed when a value of another kind comes.  Decisions do not depend on how
 * rows are portioned. */
#include "rows.h"

SQLITE_EXTENSION_INIT3

#include <string.h>

enum { ROWS_FIRST = 1024, NS_PER_SECOND = 1000000000 };

/* A column of a query on its way to a field. */
typedef struct column {
    const ent_feed_field *field; /* NULL: no field that an agreement reads is called like it */
    ent_column_type type;        /* ABSENT as long as there is no value */
    int64_t *data;               /* figures, or where each text begins: one more than rows */
    uint8_t *present;
    char *bytes;
    sqlite3_uint64 n_bytes, capacity_bytes;
} column;

typedef struct table {
    ent_session *session;
    const ent_feed_info *feed;
    sqlite3_stmt *stmt;
    column *columns;
    int n_columns;
    sqlite3_int64 n_rows, capacity, pushed; /* pushed: rows before these */
    char **message;
} table;

static bool fail(const table *t, const char *field, const char *what)
{
    *t->message = sqlite3_mprintf("feed `%s`, row %lld, field `%s`: %s", t->feed->name, t->pushed + t->n_rows + 1,
                                  field, what);
    return false;
}

static bool no_memory(const table *t)
{
    *t->message = NULL;
    return false;
}

/* --- gathering --- */

static bool reserve_rows(table *t)
{
    if (t->n_rows < t->capacity) {
        return true;
    }
    sqlite3_uint64 capacity = t->capacity ? (sqlite3_uint64)t->capacity * 2 : ROWS_FIRST;
    for (int i = 0; i < t->n_columns; i++) {
        column *c = &t->columns[i];
        int64_t *data = sqlite3_realloc64(c->data, (capacity + 1) * sizeof *data);
        c->data = data ? data : c->data;
        uint8_t *present = sqlite3_realloc64(c->present, capacity);
        c->present = present ? present : c->present;
        if (!data || !present) {
            return no_memory(t);
        }
        if (!t->capacity) {
            data[0] = 0;
        }
    }
    t->capacity = (sqlite3_int64)capacity;
    return true;
}

static bool add_text(const table *t, column *c, const char *text, sqlite3_uint64 len)
{
    sqlite3_uint64 needed = c->n_bytes + len + 1;
    if (needed > c->capacity_bytes) {
        char *bytes = sqlite3_realloc64(c->bytes, needed * 2);
        if (!bytes) {
            return no_memory(t);
        }
        c->bytes = bytes;
        c->capacity_bytes = needed * 2;
    }
    if (len > 0) {
        memcpy(c->bytes + c->n_bytes, text, len);
    }
    c->n_bytes += len;
    return true;
}

/* How a value goes into its field: the type of column, ABSENT for NULL, or 0 with *why. */
static ent_column_type type_of(const ent_feed_field *field, int storage, const char **why)
{
    ent_field_type type = field->type;
    bool exact = type == ENT_FIELD_DECIMAL || type == ENT_FIELD_RATIO || type == ENT_FIELD_MONEY;
    switch (storage) {
    case SQLITE_NULL:
        return ENT_COLUMN_ABSENT;
    case SQLITE_TEXT:
        return ENT_COLUMN_LARGE_UTF8;
    case SQLITE_INTEGER:
        return exact || type == ENT_FIELD_INT || type == ENT_FIELD_NUMBER ? ENT_COLUMN_INT64
               : type == ENT_FIELD_INSTANT                                ? ENT_COLUMN_INSTANT
                                                                          : ENT_COLUMN_LARGE_UTF8;
    case SQLITE_FLOAT:
        if (type == ENT_FIELD_NUMBER || type == ENT_FIELD_INT) {
            return ENT_COLUMN_DOUBLE;
        }
        *why = exact ? "a REAL is not exact: give text, as printf('%.2f', x) makes it, or an INTEGER"
                     : "expected text, found REAL";
        return 0;
    default:
        *why = "expected text, found BLOB";
        return 0;
    }
}

static bool take_integer(const table *t, column *c, sqlite3_int64 value)
{
    char text[32];
    if (c->type == ENT_COLUMN_LARGE_UTF8) {
        sqlite3_snprintf(sizeof text, text, "%lld", value);
        return add_text(t, c, text, strlen(text));
    }
    if (c->type == ENT_COLUMN_INSTANT && __builtin_mul_overflow(value, (sqlite3_int64)NS_PER_SECOND, &value)) {
        return fail(t, c->field->name, "expected seconds since 1970, within 292 years of it");
    }
    c->data[t->n_rows] = value;
    return true;
}

static bool take_value(const table *t, column *c, int index)
{
    int storage = sqlite3_column_type(t->stmt, index);
    c->present[t->n_rows] = storage != SQLITE_NULL;
    bool ok = true;
    if (storage == SQLITE_INTEGER) {
        ok = take_integer(t, c, sqlite3_column_int64(t->stmt, index));
    } else if (storage == SQLITE_FLOAT) {
        double value = sqlite3_column_double(t->stmt, index);
        memcpy(&c->data[t->n_rows], &value, sizeof value);
    } else if (storage == SQLITE_TEXT) {
        const char *text = (const char *)sqlite3_column_text(t->stmt, index);
        ok = text ? add_text(t, c, text, (sqlite3_uint64)sqlite3_column_bytes(t->stmt, index)) : no_memory(t);
    } else if (c->type != ENT_COLUMN_LARGE_UTF8) {
        c->data[t->n_rows] = 0;
    }
    if (c->type == ENT_COLUMN_LARGE_UTF8 || c->type == ENT_COLUMN_ABSENT) {
        c->data[t->n_rows + 1] = (int64_t)c->n_bytes;
    }
    return ok;
}

/* --- pushing --- */

static bool push_failed(const table *t, const ent_error *error)
{
    if (error->row > 0 && t->pushed > 0) { /* its row counts from this portion's first */
        *t->message = sqlite3_mprintf("%s (of the rows after row %lld)", error->message, t->pushed);
    } else if (error->line > 0) {
        *t->message = sqlite3_mprintf("%s:%u:%u: %s", error->file, error->line, error->column, error->message);
    } else {
        *t->message = sqlite3_mprintf("%s", error->message);
    }
    return false;
}

static bool push(table *t)
{
    ent_error error = {0};
    ent_column *columns = sqlite3_malloc64(((sqlite3_uint64)t->n_columns + 1) * sizeof *columns);
    size_t n = 0;
    if (!columns) {
        return no_memory(t);
    }
    for (int i = 0; i < t->n_columns; i++) {
        column *c = &t->columns[i];
        if (!c->field) {
            continue;
        }
        bool texts = c->type == ENT_COLUMN_LARGE_UTF8;
        columns[n++] = (ent_column){.name = c->field->name,
                                    .type = c->type,
                                    .data = texts ? (const void *)c->bytes : c->data,
                                    .offsets = texts ? c->data : NULL,
                                    .present = c->present};
    }
    columns[n] = (ent_column){.name = NULL};
    bool ok = ent_session_push(t->session, t->feed->name, columns, (size_t)t->n_rows, &error) ||
              push_failed(t, &error);
    sqlite3_free(columns);
    for (int i = 0; i < t->n_columns; i++) {
        t->columns[i].type = ENT_COLUMN_ABSENT;
        t->columns[i].n_bytes = 0;
        if (t->columns[i].data) {
            t->columns[i].data[0] = 0;
        }
    }
    t->pushed += t->n_rows;
    t->n_rows = 0;
    return ok;
}

/* Sets the columns' types to the row's, after pushing what is of another type. */
static bool agree_on_types(table *t)
{
    for (int i = 0; i < t->n_columns; i++) {
        column *c = &t->columns[i];
        const char *why = "";
        if (!c->field) {
            continue;
        }
        ent_column_type type = type_of(c->field, sqlite3_column_type(t->stmt, i), &why);
        if (type == 0) {
            return fail(t, c->field->name, why);
        }
        if (type == ENT_COLUMN_ABSENT || type == c->type) {
            continue;
        }
        if (c->type != ENT_COLUMN_ABSENT) {
            return push(t) && agree_on_types(t); /* now all are ABSENT */
        }
        c->type = type;
    }
    return true;
}

static bool take_row(table *t)
{
    if (!agree_on_types(t) || !reserve_rows(t)) {
        return false;
    }
    for (int i = 0; i < t->n_columns; i++) {
        column *c = &t->columns[i];
        if (c->field && !take_value(t, c, i)) {
            return false;
        }
    }
    t->n_rows++;
    return true;
}

/* --- queries --- */

bool entente_has_table(sqlite3 *db, const char *name)
{
    sqlite3_stmt *stmt;
    bool found = false;
    if (sqlite3_prepare_v2(db, "SELECT 1 FROM pragma_table_info(?1)", -1, &stmt, NULL) == SQLITE_OK) {
        sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
        found = sqlite3_step(stmt) == SQLITE_ROW;
    }
    sqlite3_finalize(stmt);
    return found;
}

static bool prepare(table *t, sqlite3 *db, const char *source)
{
    const char *tail = "";
    bool is_table = entente_has_table(db, source);
    if (!is_table && *source && !strpbrk(source, " \t\r\n(")) {
        *t->message = sqlite3_mprintf("rows of `%s`: there is no table or view `%s`", t->feed->name, source);
        return false;
    }
    char *query = is_table ? sqlite3_mprintf("SELECT * FROM \"%w\"", source) : sqlite3_mprintf("%s", source);
    if (!query) {
        return no_memory(t);
    }
    int status = sqlite3_prepare_v2(db, query, -1, &t->stmt, &tail);
    bool more = status == SQLITE_OK && tail[strspn(tail, " \t\r\n;")] != 0;
    sqlite3_free(query);
    if (status != SQLITE_OK) {
        *t->message = sqlite3_mprintf("rows of `%s`: %s", t->feed->name, sqlite3_errmsg(db));
    } else if (!t->stmt || more || !sqlite3_stmt_readonly(t->stmt) || sqlite3_column_count(t->stmt) == 0) {
        *t->message = sqlite3_mprintf("rows of `%s`: expected a table, a view, or one query that only reads",
                                      t->feed->name);
    } else {
        return true;
    }
    return false;
}

static bool match_columns(table *t)
{
    t->n_columns = sqlite3_column_count(t->stmt);
    sqlite3_uint64 size = (sqlite3_uint64)t->n_columns * sizeof *t->columns;
    t->columns = sqlite3_malloc64(size);
    if (!t->columns) {
        t->n_columns = 0;
        return no_memory(t);
    }
    memset(t->columns, 0, size);
    for (int i = 0; i < t->n_columns; i++) {
        const char *name = sqlite3_column_name(t->stmt, i);
        t->columns[i].type = ENT_COLUMN_ABSENT;
        for (size_t k = 0; name && k < t->feed->n_fields; k++) {
            const ent_feed_field *field = &t->feed->fields[k];
            if (field->used && sqlite3_stricmp(field->name, name) == 0) {
                t->columns[i].field = field;
            }
        }
    }
    return true;
}

static bool push_all(table *t, sqlite3 *db)
{
    int status;
    while ((status = sqlite3_step(t->stmt)) == SQLITE_ROW) {
        if (!take_row(t)) {
            return false;
        }
    }
    if (status != SQLITE_DONE) {
        *t->message = sqlite3_mprintf("rows of `%s`: %s", t->feed->name, sqlite3_errmsg(db));
        return false;
    }
    return push(t);
}

bool entente_push_source(sqlite3 *db, ent_session *session, const ent_feed_info *feed, const char *source,
                         char **message)
{
    table t = {.session = session, .feed = feed, .message = message};
    bool ok = prepare(&t, db, source) && match_columns(&t) && push_all(&t, db);
    for (int i = 0; i < t.n_columns; i++) {
        sqlite3_free(t.columns[i].data);
        sqlite3_free(t.columns[i].present);
        sqlite3_free(t.columns[i].bytes);
    }
    sqlite3_free(t.columns);
    sqlite3_finalize(t.stmt);
    return ok;
}
