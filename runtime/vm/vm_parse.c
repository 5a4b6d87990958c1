/* Instructions on texts: reading values from cells, and the few functions on texts.
 *
 * Columns repeat (states, groups, priorities, even times), so each instruction remembers what the
 * texts that it met last were read as, by text number.  What does not parse is an error of its
 * lane, in the words of the person who will mend the file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/time/civil.h"
#include "runtime/vm/read.h"
#include "runtime/vm/vm_internal.h"

typedef union value {
    uint8_t b;
    int64_t i;
    double f;
    ent_q q;
} value;

/* Reads a text; false if it does not fit. */
typedef bool reader(ent_vm *vm, const ent_vm_step *step, const char *p, size_t len, value *out);
/* Writes what was expected. */
typedef void expectation(const ent_vm *vm, const ent_vm_step *step, char *buf, size_t size);

static void store(const ent_vm_reg *d, uint32_t lane, const value *v)
{
    switch ((ent_class)d->cls) {
    case ENT_CLASS_B:
        ((uint8_t *)d->data)[lane] = v->b;
        break;
    case ENT_CLASS_I:
        ((int64_t *)d->data)[lane] = v->i;
        break;
    case ENT_CLASS_F:
        ((double *)d->data)[lane] = v->f;
        break;
    case ENT_CLASS_Q:
        ((ent_q *)d->data)[lane] = v->q;
        break;
    }
}

static value load(const ent_vm_memo *memo, size_t at, unsigned cls)
{
    value v = {.q = {0, 1}};
    switch (cls) {
    case ENT_CLASS_B:
        v.b = memo->value[at].b;
        break;
    case ENT_CLASS_I:
        v.i = memo->value[at].i;
        break;
    case ENT_CLASS_F:
        v.f = memo->value[at].f;
        break;
    default:
        v.q = memo->value[at].q;
        break;
    }
    return v;
}

static void remember(ent_vm_memo *memo, size_t at, int64_t id, unsigned cls, const value *v)
{
    memo->id[at] = id;
    switch (cls) {
    case ENT_CLASS_B:
        memo->value[at].b = v->b;
        break;
    case ENT_CLASS_I:
        memo->value[at].i = v->i;
        break;
    case ENT_CLASS_F:
        memo->value[at].f = v->f;
        break;
    default:
        memo->value[at].q = v->q;
        break;
    }
}

static void read_column(ent_vm *vm, const ent_vm_step *step, reader *convert, expectation *expected)
{
    const int64_t *ids = step->a->data;
    ent_vm_reg *d = step->d;
    ent_vm_memo *memo = step->memo;
    value none = {.q = {0, 1}};
    if (d->cls != ENT_CLASS_Q) {
        memset(&none, 0, sizeof none);
    }
    (void)ent_vm_absence(vm, d, step->a->absent, NULL, true);
    for (uint32_t i = 0; i < vm->n; i++) {
        if (d->absent != NULL && d->absent[i]) {
            store(d, i, &none);
            continue;
        }
        size_t at = (size_t)ids[i] % ENT_VM_MEMO;
        if (memo->id[at] == ids[i]) {
            value known = load(memo, at, d->cls);
            store(d, i, &known);
            continue;
        }
        size_t len = 0;
        const char *p = ent_strings_get(vm->strings, ids[i], &len);
        value v = none;
        if (convert(vm, step, p, len, &v)) {
            store(d, i, &v);
            remember(memo, at, ids[i], d->cls, &v);
        } else {
            char text[sizeof vm->errors->message];
            expected(vm, step, text, sizeof text);
            ent_vm_lane_fails(vm, step, i, ids[i], "%s", text);
            ent_vm_set_absent(vm, d, i);
            store(d, i, &none);
        }
    }
}

/* --- readers --- */

/* The types whose texts need no tables are read as cells are: by read.h. */
static bool read_typed(ent_type_kind type, int param, const char *currency, const char *p,
                       size_t len, value *out)
{
    ent_read_value v = {.q = {0, 1}};
    if (!ent_read(type, param, currency, p, len, &v)) {
        return false;
    }
    switch (ent_type_class(type)) {
    case ENT_CLASS_B:
        out->b = v.b;
        break;
    case ENT_CLASS_I:
        out->i = v.i;
        break;
    case ENT_CLASS_F:
        out->f = v.f;
        break;
    case ENT_CLASS_Q:
        out->q = v.q;
        break;
    }
    return true;
}

#define READ_TYPED(name, type, param, currency)                                                    \
    static bool name(ent_vm *vm, const ent_vm_step *step, const char *p, size_t len, value *out)   \
    {                                                                                              \
        (void)vm;                                                                                  \
        (void)step;                                                                                \
        return read_typed(type, param, currency, p, len, out);                                     \
    }
READ_TYPED(read_bool, ENT_TYPE_BOOL, 0, NULL)
READ_TYPED(read_int, ENT_TYPE_INT, 0, NULL)
READ_TYPED(read_number, ENT_TYPE_NUMBER, 0, NULL)
READ_TYPED(read_decimal, ENT_TYPE_DECIMAL, (int)step->k, NULL)
READ_TYPED(read_ratio, ENT_TYPE_RATIO, 0, NULL)
READ_TYPED(read_money, ENT_TYPE_MONEY, 0, vm->program->strings[step->k].p)
READ_TYPED(read_duration, ENT_TYPE_DURATION, 0, NULL)
READ_TYPED(read_instant, ENT_TYPE_INSTANT, 0, NULL)
READ_TYPED(read_clock, ENT_TYPE_TIME, 0, NULL)

static bool read_time(ent_vm *vm, const ent_vm_step *step, const char *p, size_t len, value *out)
{
    const ent_timefmt_row *row = &vm->program->timefmt[step->k];
    int64_t local_ns = 0;
    int64_t offset_ns = 0;
    bool has_offset = false;
    if (!ent_civil_parse_format(p, len, vm->program->strings[row->format].p, &local_ns, &has_offset,
                                &offset_ns)) {
        return false;
    }
    if (has_offset) {
        return !__builtin_sub_overflow(local_ns, offset_ns, &out->i);
    }
    out->i = ent_zone_to_utc(vm->zones[step->k], local_ns);
    return true;
}

static bool is_string(const ent_image *program, int64_t string, const char *p, size_t len)
{
    return string >= 0 && program->strings[string].len == len &&
           memcmp(program->strings[string].p, p, len) == 0;
}

static bool read_enum(ent_vm *vm, const ent_vm_step *step, const char *p, size_t len, value *out)
{
    const ent_enumeration_row *row = &vm->program->enumeration[step->k];
    for (int64_t i = 0; i < row->n_members; i++) {
        if (is_string(vm->program, vm->program->member[row->first_member + i].name, p, len)) {
            out->i = i;
            return true;
        }
    }
    return false;
}

static bool is_alias(const ent_image *program, int64_t first, int64_t n, const char *p,
                     size_t len)
{
    for (int64_t i = 0; i < n; i++) {
        if (is_string(program, program->alias[first + i].text, p, len)) {
            return true;
        }
    }
    return false;
}

/* Names go before titles and aliases of others. */
#define READ_NAMED(table)                                                                          \
    const ent_image *program = vm->program;                                                      \
    (void)step;                                                                                    \
    for (size_t i = 0; i < program->n_##table; i++) {                                              \
        if (is_string(program, program->table[i].name, p, len)) {                                  \
            out->i = (int64_t)i;                                                                   \
            return true;                                                                           \
        }                                                                                          \
    }                                                                                              \
    for (size_t i = 0; i < program->n_##table; i++) {                                              \
        if (is_string(program, program->table[i].title, p, len) ||                                 \
            is_alias(program, program->table[i].first_alias, program->table[i].n_aliases, p,       \
                     len)) {                                                                       \
            out->i = (int64_t)i;                                                                   \
            return true;                                                                           \
        }                                                                                          \
    }                                                                                              \
    return false

static bool read_party(ent_vm *vm, const ent_vm_step *step, const char *p, size_t len, value *out)
{
    READ_NAMED(party);
}

static bool read_service(ent_vm *vm, const ent_vm_step *step, const char *p, size_t len, value *out)
{
    READ_NAMED(service);
}

static bool intern(ent_vm *vm, const char *p, size_t len, value *out)
{
    out->i = ent_strings_intern(vm->strings, p, len);
    vm->out_of_memory = vm->out_of_memory || out->i < 0;
    return out->i >= 0;
}

static bool read_lower(ent_vm *vm, const ent_vm_step *step, const char *p, size_t len, value *out)
{
    char small[256] = "";
    char *copy = len <= sizeof small ? small : malloc(len);
    (void)step;
    if (copy == NULL) {
        vm->out_of_memory = true;
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        copy[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] - 'A' + 'a') : p[i];
    }
    bool ok = intern(vm, copy, len, out);
    if (copy != small) {
        free(copy);
    }
    return ok;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool read_trim(ent_vm *vm, const ent_vm_step *step, const char *p, size_t len, value *out)
{
    (void)step;
    while (len > 0 && is_blank(*p)) {
        p++;
        len--;
    }
    while (len > 0 && is_blank(p[len - 1])) {
        len--;
    }
    return intern(vm, p, len, out);
}

/* --- what was expected --- */

#define EXPECT(name, ...)                                                                          \
    static void name(const ent_vm *vm, const ent_vm_step *step, char *buf, size_t size)            \
    {                                                                                              \
        (void)vm;                                                                                  \
        (void)step;                                                                                \
        (void)snprintf(buf, size, __VA_ARGS__);                                                    \
    }
EXPECT(expect_bool, "expected %s", ent_read_expectation(ENT_TYPE_BOOL))
EXPECT(expect_int, "expected %s", ent_read_expectation(ENT_TYPE_INT))
EXPECT(expect_number, "expected %s", ent_read_expectation(ENT_TYPE_NUMBER))
EXPECT(expect_decimal, "expected a decimal with at most %u digit%s after the point",
       (unsigned)step->k, step->k == 1 ? "" : "s")
EXPECT(expect_ratio, "expected %s", ent_read_expectation(ENT_TYPE_RATIO))
EXPECT(expect_money, "expected an amount such as 12.50 or %.3s 12.50",
       vm->program->strings[step->k].p)
EXPECT(expect_duration, "expected %s", ent_read_expectation(ENT_TYPE_DURATION))
EXPECT(expect_instant, "expected %s", ent_read_expectation(ENT_TYPE_INSTANT))
EXPECT(expect_time, "expected a time of the form %.120s",
       vm->program->strings[vm->program->timefmt[step->k].format].p)
EXPECT(expect_clock, "expected %s", ent_read_expectation(ENT_TYPE_TIME))
EXPECT(expect_party, "expected the name, title or alias of a party")
EXPECT(expect_service, "expected the name, title or alias of a service")
EXPECT(expect_memory, "out of memory")

/* All members if they fit, else as many as do. */
static void expect_enum(const ent_vm *vm, const ent_vm_step *step, char *buf, size_t size)
{
    const ent_enumeration_row *row = &vm->program->enumeration[step->k];
    size_t at = 0;
    int written = snprintf(buf, size, "expected %s", row->n_members > 1 ? "one of " : "");
    at = written > 0 ? (size_t)written : 0;
    for (int64_t i = 0; i < row->n_members; i++) {
        const ent_string *name =
            &vm->program->strings[vm->program->member[row->first_member + i].name];
        if (at + name->len + 8 > size) {
            (void)snprintf(buf + at, size - at, "…");
            return;
        }
        written =
            snprintf(buf + at, size - at, "%s%s", name->p, i + 1 < row->n_members ? ", " : "");
        at += written > 0 ? (size_t)written : 0;
    }
}

/* --- instructions --- */

#define PARSE(id, read, expected)                                                                  \
    void ent_vm_op_##id(ent_vm *vm, const ent_vm_step *step)                                       \
    {                                                                                              \
        read_column(vm, step, read, expected);                                                     \
    }
PARSE(PARSE_BOOL, read_bool, expect_bool)
PARSE(PARSE_INT, read_int, expect_int)
PARSE(PARSE_NUMBER, read_number, expect_number)
PARSE(PARSE_DECIMAL, read_decimal, expect_decimal)
PARSE(PARSE_RATIO, read_ratio, expect_ratio)
PARSE(PARSE_MONEY, read_money, expect_money)
PARSE(PARSE_DURATION, read_duration, expect_duration)
PARSE(PARSE_INSTANT, read_instant, expect_instant)
PARSE(PARSE_TIME, read_time, expect_time)
PARSE(PARSE_ENUM, read_enum, expect_enum)
PARSE(PARSE_PARTY, read_party, expect_party)
PARSE(PARSE_SERVICE, read_service, expect_service)
PARSE(PARSE_CLOCK, read_clock, expect_clock)
PARSE(LOWER, read_lower, expect_memory)
PARSE(TRIM, read_trim, expect_memory)

typedef bool text_test(const char *p, size_t len, const char *part, size_t part_len);

static bool starts_with(const char *p, size_t len, const char *part, size_t part_len)
{
    return len >= part_len && memcmp(p, part, part_len) == 0;
}

static bool ends_with(const char *p, size_t len, const char *part, size_t part_len)
{
    return len >= part_len && memcmp(p + len - part_len, part, part_len) == 0;
}

static bool contains(const char *p, size_t len, const char *part, size_t part_len)
{
    return memmem(p, len, part, part_len) != NULL;
}

static void test_texts(ent_vm *vm, const ent_vm_step *step, text_test *test)
{
    const int64_t *x = step->a->data;
    const int64_t *y = step->b->data;
    uint8_t *r = step->d->data;
    for (uint32_t i = 0; i < vm->n; i++) {
        bool absent = (step->a->absent != NULL && step->a->absent[i]) ||
                      (step->b->absent != NULL && step->b->absent[i]);
        size_t len = 0;
        size_t part_len = 0;
        const char *p = ent_strings_get(vm->strings, x[i], &len);
        const char *part = ent_strings_get(vm->strings, y[i], &part_len);
        r[i] = !absent && test(p, len, part, part_len);
    }
    step->d->absent = NULL;
}

void ent_vm_op_STARTS_WITH(ent_vm *vm, const ent_vm_step *step)
{
    test_texts(vm, step, starts_with);
}

void ent_vm_op_ENDS_WITH(ent_vm *vm, const ent_vm_step *step)
{
    test_texts(vm, step, ends_with);
}

void ent_vm_op_CONTAINS(ent_vm *vm, const ent_vm_step *step)
{
    test_texts(vm, step, contains);
}
