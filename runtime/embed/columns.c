/* A host's columns as the engine's: values are checked one by one, because a host is not a reader of files and its
 * mistakes are told by field and row. */
#include "runtime/embed/embed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/bytecode/format.h"
#include "runtime/feed/utf8.h"
#include "runtime/time/arith.h"

enum { SHOWN_MAX = 60 };
#define WHOLE_DOUBLE_MAX 9007199254740992.0

/* One column on its way. */
typedef struct filling {
    const ent_session *session;
    const ent_image *image;
    const ent_feed_row *feed;
    const ent_field_row *field;
    const ent_column *column;
    ent_vector *out;
    size_t n;
    ent_error *error;
} filling;

static const char *name_of(const filling *f)
{
    return ent_image_text(f->image, f->field->name);
}

static bool name_field(ent_error *error, const char *name)
{
    if (error) {
        (void)snprintf(error->field, sizeof error->field, "%s", name);
    }
    return false;
}

/* `found` may be NULL. */
static bool fail_value(const filling *f, size_t row, const char *found, size_t len)
{
    char expected[ENT_EXPECTED_MAX];
    char shown[SHOWN_MAX * 4 + 8] = "";
    ent_value_expectation(f->image, f->field, expected);
    if (found) {
        ent_utf8_show(shown, sizeof shown, found, len, SHOWN_MAX);
    }
    (void)ent_embed_fail(f->error, ENT_ERROR_DATA, "feed `%s`, row %zu, field `%s`: expected %s%s%s%s",
                         ent_image_text(f->image, f->feed->name), row + 1, name_of(f), expected,
                         found ? ", found `" : "", shown, found ? "`" : "");
    if (f->error) {
        f->error->row = row + 1;
    }
    return name_field(f->error, name_of(f));
}

static bool is_present(const ent_column *column, size_t row)
{
    return !column->present || column->present[row];
}

static void set_absent(const filling *f, size_t row)
{
    f->out->absent[row] = 1;
}

/* --- texts --- */

/* The text of a row; NULL: absent.  false: its offsets are impossible. */
static bool text_of(const filling *f, size_t row, const char **text, size_t *len)
{
    const ent_column *c = f->column;
    int64_t begin;
    int64_t end;
    *text = NULL;
    *len = 0;
    if (c->type == ENT_COLUMN_TEXT) {
        *text = ((const char *const *)c->data)[row];
        *len = !*text ? 0 : c->lengths ? c->lengths[row] : strlen(*text);
        return true;
    }
    if (c->type == ENT_COLUMN_UTF8) {
        begin = ((const int32_t *)c->offsets)[row];
        end = ((const int32_t *)c->offsets)[row + 1];
    } else {
        begin = ((const int64_t *)c->offsets)[row];
        end = ((const int64_t *)c->offsets)[row + 1];
    }
    if (begin < 0 || end < begin) {
        return false;
    }
    *len = (size_t)(end - begin);
    *text = *len > 0 ? (const char *)c->data + begin : "";
    return true;
}

static bool fail_text(const filling *f, size_t row, const char *what)
{
    (void)ent_embed_fail(f->error, ENT_ERROR_DATA, "feed `%s`, row %zu, field `%s`: %s",
                         ent_image_text(f->image, f->feed->name), row + 1, name_of(f), what);
    if (f->error) {
        f->error->row = row + 1;
    }
    return name_field(f->error, name_of(f));
}

static bool take_texts(const filling *f)
{
    ent_value_context context = {f->image, &f->session->names, f->session->strings};
    bool named = ent_value_is_name(f->field);
    for (size_t i = 0; i < f->n; i++) {
        const char *text;
        size_t len;
        if (!text_of(f, i, &text, &len)) {
            return fail_text(f, i, "its offsets go backwards");
        }
        if (!is_present(f->column, i) || len == 0) {
            set_absent(f, i);
            continue;
        }
        if (len > UINT32_MAX || ent_utf8_valid_prefix(text, len) < len) {
            return fail_text(f, i, len > UINT32_MAX ? "a text of over 4 GiB"
                                                    : "the text is not UTF-8, or contains NUL");
        }
        if (named) {
            int64_t meaning = ent_value_meaning(&context, f->field, text, len);
            if (meaning < 0) {
                return f->field->type == ENT_TYPE_TEXT ? ent_embed_memory(f->error) : fail_value(f, i, text, len);
            }
            ((int64_t *)f->out->data)[i] = meaning;
        } else if (!ent_value_read(f->image, f->field, text, len, f->out->data, i)) {
            return fail_value(f, i, text, len);
        }
    }
    return true;
}

/* --- figures --- */

static bool power_of_ten(int exponent, int64_t *out)
{
    *out = 1;
    for (int i = 0; i < exponent; i++) {
        *out *= 10;
    }
    return exponent >= 0 && exponent <= ENT_LIMIT_SCALE;
}

/* value * 10^-scale as the field's type, exactly, or not at all. */
static bool take_exact(const filling *f, size_t row, int64_t value, int scale)
{
    int64_t power;
    ent_q q;
    int digits = f->field->type == ENT_TYPE_DECIMAL ? (int)f->field->param : 0;
    if (f->field->type == ENT_TYPE_RATIO || f->field->type == ENT_TYPE_MONEY) {
        return power_of_ten(scale, &power) && ent_q_make(value, power, &q) &&
               (((ent_q *)f->out->data)[row] = q, true);
    }
    int64_t *out = (int64_t *)f->out->data + row;
    if (scale <= digits) {
        return power_of_ten(digits - scale, &power) && !__builtin_mul_overflow(value, power, out);
    }
    if (!power_of_ten(scale - digits, &power) || value % power != 0) {
        return false;
    }
    *out = value / power;
    return true;
}

static bool take_double(const filling *f, size_t row, double value)
{
    if (f->field->type == ENT_TYPE_NUMBER) {
        ((double *)f->out->data)[row] = value;
        return isfinite(value);
    }
    /* of an int: whole numbers that a double holds exactly */
    bool whole = isfinite(value) && value >= -WHOLE_DOUBLE_MAX && value <= WHOLE_DOUBLE_MAX && floor(value) == value;
    ((int64_t *)f->out->data)[row] = whole ? (int64_t)value : 0;
    return whole;
}

static bool take_figure(const filling *f, size_t row)
{
    const ent_column *c = f->column;
    int64_t value = c->type == ENT_COLUMN_BOOL || c->type == ENT_COLUMN_DOUBLE ? 0 : ((const int64_t *)c->data)[row];
    switch (c->type) {
    case ENT_COLUMN_BOOL:
        ((uint8_t *)f->out->data)[row] = ((const uint8_t *)c->data)[row] != 0;
        return true;
    case ENT_COLUMN_DOUBLE:
        return take_double(f, row, ((const double *)c->data)[row]);
    case ENT_COLUMN_INT64:
        if (f->field->type == ENT_TYPE_NUMBER) {
            ((double *)f->out->data)[row] = (double)value;
            return value >= -(int64_t)WHOLE_DOUBLE_MAX && value <= (int64_t)WHOLE_DOUBLE_MAX;
        }
        return take_exact(f, row, value, 0);
    case ENT_COLUMN_DECIMAL:
        return take_exact(f, row, value, c->scale);
    default: /* instants and durations are as they are */
        ((int64_t *)f->out->data)[row] = value;
        return f->field->type != ENT_TYPE_TIME || (value >= 0 && value < ENT_TIME_DAY_NS);
    }
}

static bool take_figures(const filling *f)
{
    for (size_t i = 0; i < f->n; i++) {
        if (!is_present(f->column, i)) {
            set_absent(f, i);
        } else if (!take_figure(f, i)) {
            return fail_value(f, i, NULL, 0);
        }
    }
    return true;
}

/* --- columns --- */

#define BIT(type) (1u << (type))
#define TEXTS (BIT(ENT_COLUMN_TEXT) | BIT(ENT_COLUMN_UTF8) | BIT(ENT_COLUMN_LARGE_UTF8))

/* Which types of columns a field takes, and how an error says it. */
static const struct fit {
    unsigned columns;
    const char *words;
} fits[] = {
    [ENT_TYPE_BOOL] = {BIT(ENT_COLUMN_BOOL), "bool"},
    [ENT_TYPE_INT] = {BIT(ENT_COLUMN_INT64) | BIT(ENT_COLUMN_DECIMAL) | BIT(ENT_COLUMN_DOUBLE), "int64"},
    [ENT_TYPE_NUMBER] = {BIT(ENT_COLUMN_DOUBLE) | BIT(ENT_COLUMN_INT64), "double"},
    [ENT_TYPE_DECIMAL] = {BIT(ENT_COLUMN_DECIMAL) | BIT(ENT_COLUMN_INT64), "decimal"},
    [ENT_TYPE_RATIO] = {BIT(ENT_COLUMN_DECIMAL) | BIT(ENT_COLUMN_INT64), "decimal"},
    [ENT_TYPE_MONEY] = {BIT(ENT_COLUMN_DECIMAL) | BIT(ENT_COLUMN_INT64), "decimal"},
    [ENT_TYPE_DURATION] = {BIT(ENT_COLUMN_DURATION), "duration"},
    [ENT_TYPE_INSTANT] = {BIT(ENT_COLUMN_INSTANT), "instant"},
    [ENT_TYPE_TIME] = {BIT(ENT_COLUMN_DURATION), "duration"},
    [ENT_TYPE_TEXT] = {0, NULL},
    [ENT_TYPE_ENUM] = {0, NULL},
    [ENT_TYPE_PARTY] = {0, NULL},
    [ENT_TYPE_SERVICE] = {0, NULL},
    [ENT_TYPE_CALENDAR] = {0, NULL},
};

static const char *const column_words[] = {
    [ENT_COLUMN_BOOL] = "bool",         [ENT_COLUMN_INT64] = "int64",       [ENT_COLUMN_DOUBLE] = "double",
    [ENT_COLUMN_DECIMAL] = "decimal",   [ENT_COLUMN_INSTANT] = "instant",   [ENT_COLUMN_DURATION] = "duration",
    [ENT_COLUMN_TEXT] = "text",         [ENT_COLUMN_UTF8] = "utf8",         [ENT_COLUMN_LARGE_UTF8] = "large utf8",
    [ENT_COLUMN_ABSENT] = "absent",
};

/* What a column of its type must have and has not, or NULL. */
static const char *lacking(const filling *f)
{
    const ent_column *c = f->column;
    if (c->type == ENT_COLUMN_UTF8 || c->type == ENT_COLUMN_LARGE_UTF8) {
        return c->offsets || f->n == 0 ? NULL : "offsets";
    }
    return c->data || f->n == 0 || c->type == ENT_COLUMN_ABSENT ? NULL : "data";
}

static bool check_column(const filling *f)
{
    const ent_column *c = f->column;
    const struct fit *fit = &fits[f->field->type];
    const char *feed = ent_image_text(f->image, f->feed->name);
    bool known = c->type >= ENT_COLUMN_BOOL && c->type <= ENT_COLUMN_ABSENT;
    if (!known || !(BIT(c->type) & (fit->columns | TEXTS | BIT(ENT_COLUMN_ABSENT)))) {
        (void)ent_embed_fail(f->error, ENT_ERROR_USAGE,
                             "feed `%s`, field `%s`: expected a column of type %s%stext, found %s", feed, name_of(f),
                             fit->words ? fit->words : "", fit->words ? " or " : "",
                             known ? column_words[c->type] : "none");
    } else if (c->type == ENT_COLUMN_DECIMAL && (c->scale < 0 || c->scale > ENT_LIMIT_SCALE)) {
        (void)ent_embed_fail(f->error, ENT_ERROR_USAGE, "feed `%s`, field `%s`: expected a scale of 0 to %d, found %d",
                             feed, name_of(f), ENT_LIMIT_SCALE, c->scale);
    } else if (lacking(f)) {
        (void)ent_embed_fail(f->error, ENT_ERROR_USAGE, "feed `%s`, field `%s`: the column has no %s", feed,
                             name_of(f), lacking(f));
    } else {
        return true;
    }
    return name_field(f->error, name_of(f));
}

static size_t lane_bytes(ent_class cls)
{
    return cls == ENT_CLASS_B ? 1 : cls == ENT_CLASS_Q ? sizeof(ent_q) : sizeof(int64_t);
}

static bool is_wanted(const ent_feed_row *feed, const ent_field_row *field, int64_t index)
{
    return feed->used && (field->used || index == feed->at);
}

bool ent_typed_rows_init(ent_typed_rows *rows, const ent_session *session, int64_t feed, size_t n, ent_error *error)
{
    const ent_feed_row *row = &session->program->image->feed[feed];
    *rows = (ent_typed_rows){.n_fields = (size_t)row->n_fields, .n = n};
    if (n > UINT32_MAX) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "more than %u rows in one push", UINT32_MAX);
    }
    rows->columns = calloc(rows->n_fields + 1, sizeof *rows->columns);
    return rows->columns || ent_embed_memory(error);
}

void ent_typed_rows_deinit(ent_typed_rows *rows)
{
    for (size_t i = 0; rows->columns && i < rows->n_fields; i++) {
        free(rows->columns[i].data);
        free(rows->columns[i].absent);
    }
    free(rows->columns);
    rows->columns = NULL;
}

static bool allocate(ent_vector *out, ent_class cls, size_t n)
{
    out->cls = cls;
    out->data = calloc(n + 1, lane_bytes(cls));
    out->absent = calloc(n + 1, 1);
    if (out->data && cls == ENT_CLASS_Q) {
        for (size_t i = 0; i < n; i++) {
            ((ent_q *)out->data)[i] = (ent_q){0, 1};
        }
    }
    return out->data && out->absent;
}

bool ent_typed_rows_take(ent_typed_rows *rows, const ent_session *session, int64_t feed, const ent_column *column,
                         int64_t field, ent_error *error)
{
    const ent_image *p = session->program->image;
    filling f = {.session = session,
                 .image = p,
                 .feed = &p->feed[feed],
                 .field = &p->field[p->feed[feed].first_field + field],
                 .column = column,
                 .out = &rows->columns[field],
                 .n = rows->n,
                 .error = error};
    if (!check_column(&f)) {
        return false;
    }
    if (!is_wanted(f.feed, f.field, field)) {
        return true;
    }
    if (f.out->data) {
        (void)ent_embed_fail(error, ENT_ERROR_USAGE, "feed `%s`: two columns are called `%s`",
                             ent_image_text(p, f.feed->name), name_of(&f));
        return name_field(error, name_of(&f));
    }
    if (!allocate(f.out, ent_type_class((unsigned)f.field->type), rows->n)) {
        return ent_embed_memory(error);
    }
    if (column->type == ENT_COLUMN_ABSENT) {
        memset(f.out->absent, 1, rows->n);
        return true;
    }
    return BIT(column->type) & TEXTS ? take_texts(&f) : take_figures(&f);
}

bool ent_typed_rows_check(const ent_typed_rows *rows, const ent_session *session, int64_t feed, ent_error *error)
{
    const ent_image *p = session->program->image;
    const ent_feed_row *row = &p->feed[feed];
    for (int64_t i = 0; i < row->n_fields; i++) {
        const ent_field_row *field = &p->field[row->first_field + i];
        ent_vector *c = &rows->columns[i];
        filling f = {.image = p, .feed = row, .field = field, .error = error};
        if (!c->data && is_wanted(row, field, i)) {
            const struct fit *fit = &fits[field->type];
            (void)ent_embed_fail(error, ENT_ERROR_USAGE, "feed `%s` has no column `%s`: expected one of type %s%stext",
                                 ent_image_text(p, row->name), name_of(&f), fit->words ? fit->words : "",
                                 fit->words ? " or " : "");
            return name_field(error, name_of(&f));
        }
        const uint8_t *first = c->absent && rows->n > 0 ? memchr(c->absent, 1, rows->n) : NULL;
        if (first && i == row->at) {
            return fail_value(&f, (size_t)(first - c->absent), NULL, 0);
        }
        if (!first) {
            free(c->absent);
            c->absent = NULL;
        }
    }
    return true;
}

int64_t ent_embed_feed(const ent_program *program, const char *name, ent_error *error)
{
    const ent_image *p = program->image;
    char names[320] = "";
    size_t at = 0;
    for (size_t i = 0; i < p->n_feed; i++) {
        const char *known = ent_image_text(p, p->feed[i].name);
        if (p->feed[i].kind != 0) {
            continue;
        }
        if (name && strcmp(known, name) == 0) {
            return (int64_t)i;
        }
        if (at < sizeof names - 64) {
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%.48s", at > 0 ? ", " : "", known);
        }
    }
    char shown[SHOWN_MAX * 4 + 8];
    ent_utf8_show(shown, sizeof shown, name ? name : "", name ? strlen(name) : 0, SHOWN_MAX);
    (void)ent_embed_fail(error, ENT_ERROR_USAGE, "there is no feed `%s`: the program's feeds are %s", shown,
                         at > 0 ? names : "none");
    return -1;
}
