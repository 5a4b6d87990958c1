/* Record batches of the Arrow C Data Interface as columns.
 *
 * What Arrow has and ent_column has too is handed on where it stands: 64-bit integers, doubles, texts with offsets,
 * nanoseconds.  The rest is widened or scaled into memory that lives as long as the push.  Lengths and offsets are
 * checked as far as the interface allows; buffers are taken to be as long as it says that they are. */
#include "runtime/embed/embed.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/vm/exact.h"

/* One child on its way to a column.  Freed with the push. */
typedef struct child {
    void *data;
    size_t *lengths;
    uint8_t *present;
    ent_column column;
} child;

typedef struct importing {
    const char *feed;
    const struct ArrowSchema *schema; /* of the child in hand */
    const struct ArrowArray *array;
    int64_t offset; /* of its first row in its buffers */
    size_t n;
    child *out;
    ent_error *error;
} importing;

static bool refuse(const importing *m, const char *what)
{
    return ent_embed_fail(m->error, ENT_ERROR_USAGE, "feed `%s`, column `%s`: %s", m->feed,
                          m->schema->name ? m->schema->name : "", what);
}

static bool bit_of(const void *bits, int64_t at)
{
    return ((const uint8_t *)bits)[at / 8] >> (at % 8) & 1;
}

/* Buffer i of the child's array; NULL: it has none. */
static const void *buffer(const struct ArrowArray *array, int64_t i)
{
    return i < array->n_buffers && array->buffers ? array->buffers[i] : NULL;
}

static bool take_validity(const importing *m)
{
    const void *bits = buffer(m->array, 0);
    if (!bits || m->array->null_count == 0) {
        return true;
    }
    m->out->present = malloc(m->n + 1);
    if (!m->out->present) {
        return ent_embed_memory(m->error);
    }
    for (size_t i = 0; i < m->n; i++) {
        m->out->present[i] = bit_of(bits, m->offset + (int64_t)i);
    }
    m->out->column.present = m->out->present;
    return true;
}

static bool is_there(const importing *m, size_t row)
{
    return !m->out->present || m->out->present[row];
}

static bool make_data(const importing *m, size_t element)
{
    m->out->data = malloc((m->n + 1) * element);
    m->out->column.data = m->out->data;
    return m->out->data || ent_embed_memory(m->error);
}

static bool row_does_not_fit(const importing *m, size_t row, const char *what)
{
    (void)ent_embed_fail(m->error, ENT_ERROR_DATA, "feed `%s`, row %zu, column `%s`: %s", m->feed, row + 1,
                         m->schema->name, what);
    if (m->error) {
        m->error->row = row + 1;
    }
    return false;
}

/* --- integers and what is made of them --- */

/* Any of Arrow's integers; false: it does not fit 64 bits with a sign. */
static bool integer_at(char format, const void *data, int64_t at, int64_t *out)
{
    switch (format) {
    case 'c':
        *out = ((const int8_t *)data)[at];
        return true;
    case 'C':
        *out = ((const uint8_t *)data)[at];
        return true;
    case 's':
        *out = ((const int16_t *)data)[at];
        return true;
    case 'S':
        *out = ((const uint16_t *)data)[at];
        return true;
    case 'i':
        *out = ((const int32_t *)data)[at];
        return true;
    case 'I':
        *out = ((const uint32_t *)data)[at];
        return true;
    case 'L':
        *out = (int64_t)((const uint64_t *)data)[at];
        return *out >= 0;
    default:
        *out = ((const int64_t *)data)[at];
        return true;
    }
}

/* Integers in units of `unit` ns, or as they are with unit 1. */
static bool take_integers(const importing *m, char format, int64_t unit, ent_column_type type)
{
    const void *data = buffer(m->array, 1);
    m->out->column.type = type;
    if (!data) {
        return m->n == 0 || refuse(m, "it has no data");
    }
    if (format == 'l' && unit == 1) {
        m->out->column.data = (const int64_t *)data + m->offset;
        return true;
    }
    if (!make_data(m, sizeof(int64_t))) {
        return false;
    }
    int64_t *out = m->out->data;
    for (size_t i = 0; i < m->n; i++) {
        out[i] = 0;
        int64_t value;
        if (is_there(m, i) && (!integer_at(format, data, m->offset + (int64_t)i, &value) ||
                               __builtin_mul_overflow(value, unit, &out[i]))) {
            return row_does_not_fit(m, i, "the value does not fit 64 bits");
        }
    }
    return true;
}

static bool take_floats(const importing *m)
{
    const float *data = buffer(m->array, 1);
    m->out->column.type = ENT_COLUMN_DOUBLE;
    if (!data || !make_data(m, sizeof(double))) {
        return data ? false : m->n == 0 || refuse(m, "it has no data");
    }
    for (size_t i = 0; i < m->n; i++) {
        ((double *)m->out->data)[i] = (double)data[m->offset + (int64_t)i];
    }
    return true;
}

static bool take_bools(const importing *m)
{
    const void *bits = buffer(m->array, 1);
    m->out->column.type = ENT_COLUMN_BOOL;
    if (!bits || !make_data(m, 1)) {
        return bits ? false : m->n == 0 || refuse(m, "it has no data");
    }
    for (size_t i = 0; i < m->n; i++) {
        ((uint8_t *)m->out->data)[i] = bit_of(bits, m->offset + (int64_t)i);
    }
    return true;
}

/* `d:PRECISION,SCALE` with 128 bits: two words, the low one first. */
static bool take_decimals(const importing *m)
{
    const uint64_t *words = buffer(m->array, 1);
    const char *comma = strchr(m->schema->format, ',');
    const char *bits = comma ? strchr(comma + 1, ',') : NULL;
    size_t digits = comma ? (bits ? (size_t)(bits - comma) : strlen(comma)) - 1 : 0;
    int64_t scale;
    if (!comma || !ent_parse_i64(comma + 1, digits, &scale) || (bits && strcmp(bits, ",128") != 0)) {
        return refuse(m, "only decimals of 128 bits can be taken");
    }
    m->out->column.type = ENT_COLUMN_DECIMAL;
    m->out->column.scale = scale < 0 || scale > 1000 ? 1000 : (int)scale;
    if (!words || !make_data(m, sizeof(int64_t))) {
        return words ? false : m->n == 0 || refuse(m, "it has no data");
    }
    for (size_t i = 0; i < m->n; i++) {
        const uint64_t *at = words + 2 * (m->offset + (int64_t)i);
        int64_t low = (int64_t)at[0];
        ((int64_t *)m->out->data)[i] = is_there(m, i) ? low : 0;
        if (is_there(m, i) && (int64_t)at[1] != (low < 0 ? -1 : 0)) {
            return row_does_not_fit(m, i, "the decimal does not fit 64 bits");
        }
    }
    return true;
}

/* --- texts --- */

static bool take_texts(const importing *m, bool large)
{
    static const int64_t no_offsets[1] = {0};
    const void *offsets = buffer(m->array, 1);
    m->out->column.type = large ? ENT_COLUMN_LARGE_UTF8 : ENT_COLUMN_UTF8;
    m->out->column.data = buffer(m->array, 2);
    if (!offsets) {
        m->out->column.offsets = no_offsets;
        return m->n == 0 || refuse(m, "it has no offsets");
    }
    m->out->column.offsets = large ? (const void *)((const int64_t *)offsets + m->offset)
                                   : (const void *)((const int32_t *)offsets + m->offset);
    return true;
}

static bool entry(const struct ArrowArray *words, bool large, int64_t at, const char **text, size_t *len)
{
    const void *offsets = buffer(words, 1);
    const char *bytes = buffer(words, 2);
    const void *bits = buffer(words, 0);
    if (at < 0 || at >= words->length || !offsets) {
        return false;
    }
    at += words->offset;
    int64_t begin = large ? ((const int64_t *)offsets)[at] : ((const int32_t *)offsets)[at];
    int64_t end = large ? ((const int64_t *)offsets)[at + 1] : ((const int32_t *)offsets)[at + 1];
    bool present = !bits || words->null_count == 0 || bit_of(bits, at);
    *text = !present || (!bytes && end > begin) ? NULL : bytes ? bytes + begin : "";
    *len = end > begin ? (size_t)(end - begin) : 0;
    return end >= begin && begin >= 0;
}

/* A dictionary of texts: one pointer a row. */
static bool take_dictionary(const importing *m)
{
    const struct ArrowSchema *schema = m->schema->dictionary;
    const struct ArrowArray *words = m->array->dictionary;
    bool large = strcmp(schema->format, "U") == 0;
    const void *indices = buffer(m->array, 1);
    if (!words || (!large && strcmp(schema->format, "u") != 0) || strlen(m->schema->format) != 1) {
        return refuse(m, "only dictionaries of texts can be taken");
    }
    m->out->column.type = ENT_COLUMN_TEXT;
    if (!indices) {
        return m->n == 0 || refuse(m, "it has no data");
    }
    m->out->lengths = malloc((m->n + 1) * sizeof *m->out->lengths);
    m->out->column.lengths = m->out->lengths;
    if (!m->out->lengths || !make_data(m, sizeof(char *))) {
        return ent_embed_memory(m->error);
    }
    for (size_t i = 0; i < m->n; i++) {
        const char **text = (const char **)m->out->data + i;
        int64_t at;
        *text = NULL;
        if (is_there(m, i) && (!integer_at(m->schema->format[0], indices, m->offset + (int64_t)i, &at) ||
                               !entry(words, large, at, text, &m->out->lengths[i]))) {
            return row_does_not_fit(m, i, "its dictionary has no such entry");
        }
    }
    return true;
}

/* --- formats --- */

static int64_t unit_of(char c)
{
    switch (c) {
    case 's':
        return 1000000000;
    case 'm':
        return 1000000;
    case 'u':
        return 1000;
    case 'n':
        return 1;
    default:
        return 0;
    }
}

/* `ts…`, `tD…`, `tt…`: timestamps, durations, times of day. */
static bool take_times(const importing *m)
{
    const char *f = m->schema->format;
    int64_t unit = strlen(f) >= 3 ? unit_of(f[2]) : 0;
    if (unit != 0 && f[1] == 's' && f[3] == ':') {
        return f[4] ? take_integers(m, 'l', unit, ENT_COLUMN_INSTANT)
                    : refuse(m, "a timestamp without a time zone is no instant: give it one, e.g. UTC");
    }
    if (unit != 0 && f[1] == 'D') {
        return take_integers(m, 'l', unit, ENT_COLUMN_DURATION);
    }
    if (unit != 0 && f[1] == 't') {
        return take_integers(m, unit >= 1000000 ? 'i' : 'l', unit, ENT_COLUMN_DURATION);
    }
    return refuse(m, "a column of dates or intervals cannot be taken");
}

static bool take_child(const importing *m)
{
    const char *f = m->schema->format;
    if (!f || m->array->length < 0 || m->array->offset < 0) {
        return refuse(m, "it is no Arrow array");
    }
    m->out->column.name = m->schema->name;
    if (!take_validity(m)) {
        return false;
    }
    if (m->schema->dictionary) {
        return take_dictionary(m);
    }
    if (strlen(f) == 1 && strchr("cCsSiIlL", f[0])) {
        return take_integers(m, f[0], 1, ENT_COLUMN_INT64);
    }
    switch (f[0]) {
    case 'n':
        m->out->column.type = ENT_COLUMN_ABSENT;
        return true;
    case 'b':
        return take_bools(m);
    case 'f':
        return take_floats(m);
    case 'g':
        m->out->column.type = ENT_COLUMN_DOUBLE;
        m->out->column.data = buffer(m->array, 1) ? (const double *)buffer(m->array, 1) + m->offset : NULL;
        return true;
    case 'u':
    case 'U':
        return take_texts(m, f[0] == 'U');
    case 'd':
        return take_decimals(m);
    case 't':
        return take_times(m);
    default:
        return refuse(m, "a column of this Arrow type cannot be taken");
    }
}

/* --- batches --- */

static bool check_batch(const char *feed, const struct ArrowSchema *schema, const struct ArrowArray *array,
                        ent_error *error)
{
    if (!schema || !array || !schema->format || strcmp(schema->format, "+s") != 0 ||
        schema->n_children != array->n_children || array->length < 0 || array->offset < 0) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "feed `%s`: expected a struct array, a record batch", feed);
    }
    if (array->null_count != 0 && buffer(array, 0)) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "feed `%s`: a record batch with absent rows", feed);
    }
    return true;
}

/* Columns of the children that a field is called after. */
static bool take_children(const ent_session *s, int64_t feed, const struct ArrowSchema *schema,
                          const struct ArrowArray *array, child *children, size_t *n_children, ent_error *error)
{
    const ent_image *p = s->program->image;
    for (int64_t i = 0; i < schema->n_children; i++) {
        const char *name = schema->children[i]->name;
        if (!name || ent_embed_field(p, &p->feed[feed], name) < 0) {
            continue;
        }
        importing m = {.feed = ent_image_text(p, p->feed[feed].name),
                       .schema = schema->children[i],
                       .array = array->children[i],
                       .offset = array->offset + array->children[i]->offset,
                       .n = (size_t)array->length,
                       .out = &children[(*n_children)++],
                       .error = error};
        if (m.array->length < array->offset + array->length) {
            return refuse(&m, "it is shorter than the record batch");
        }
        if (!take_child(&m)) {
            return false;
        }
    }
    return true;
}

static bool push(ent_session *s, const char *feed_name, const struct ArrowSchema *schema,
                 const struct ArrowArray *array, ent_error *error)
{
    int64_t feed = ent_embed_feed(s->program, feed_name, error);
    if (feed < 0 || !check_batch(feed_name, schema, array, error)) {
        return false;
    }
    size_t n = 0;
    child *children = calloc((size_t)schema->n_children + 1, sizeof *children);
    ent_column *columns = calloc((size_t)schema->n_children + 1, sizeof *columns);
    bool ok = (children && columns) || ent_embed_memory(error);
    ok = ok && take_children(s, feed, schema, array, children, &n, error);
    for (size_t i = 0; ok && i < n; i++) {
        columns[i] = children[i].column;
    }
    ok = ok && ent_session_push_columns(s, feed_name, columns, (size_t)array->length, error);
    for (size_t i = 0; children && i < n; i++) {
        free(children[i].data);
        free(children[i].lengths);
        free(children[i].present);
    }
    free(children);
    free(columns);
    return ok;
}

bool ent_session_push_arrow(ent_session *s, const char *feed, const struct ArrowSchema *schema,
                            const struct ArrowArray *array, ent_error *error)
{
    if (!ent_session_usable(s, error)) {
        return false;
    }
    ent_account *before = ent_account_enter(&s->account);
    bool ok = push(s, feed, schema, array, error);
    return ent_session_leave(s, before, ok, error);
}
