/* The verifier: what passes here cannot make the runtime read or write outside of its tables.
 *
 * In three steps, each relying on the ones before: every field of every record by its KIND (this
 * file); every kernel by itself (verify_kernel.c); what feeds, duties and objectives ask of each
 * other and of their kernels (verify_clauses.c, verify_facts.c).  It shares nothing with the emitter but the tables
 * of descriptions. The error is the first one found. Tested in tests/unit/test_verifier.c: a
 * rejection for every rule, and mutated files. */
#include "runtime/native/native.h"
#include "runtime/bytecode/verifier.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/bytecode/format.h"
#include "runtime/bytecode/opcodes.h"

bool ent_verify_refuse(ent_load_error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    return false;
}

bool ent_verify_currency(const ent_string *text)
{
    bool capital = text->len == 3;
    for (uint32_t i = 0; i < text->len && capital; i++) {
        capital = text->p[i] >= 'A' && text->p[i] <= 'Z';
    }
    return capital;
}

static size_t rows_of(const ent_image *p, int64_t table)
{
    switch (table) {
#define ROWS(number, name)                                                                         \
    case number:                                                                                   \
        return p->n_##name;
        ENT_TABLES(ROWS)
#undef ROWS
    default:
        return 0;
    }
}

static bool index_fits(int64_t value, size_t n)
{
    return value >= 0 && (uint64_t)value < n;
}

/* Whether the value is right for the field's KIND.  `first` is the value of the field before: COUNT
 * follows its FIRST. */
static bool field_fits(const ent_image *p, const ent_field_info *field, int64_t first,
                       int64_t value)
{
    switch (field->kind) {
    case ENT_KIND_STR:
        return index_fits(value, p->n_strings);
    case ENT_KIND_STR_OPT:
        return value == -1 || index_fits(value, p->n_strings);
    case ENT_KIND_REF:
        return index_fits(value, rows_of(p, field->bound));
    case ENT_KIND_REF_OPT:
        return value == -1 || index_fits(value, rows_of(p, field->bound));
    case ENT_KIND_FIRST:
        return value >= 0 && (uint64_t)value <= rows_of(p, field->bound);
    case ENT_KIND_COUNT:
        return value >= 0 && (uint64_t)value <= rows_of(p, field->bound) - (size_t)first;
    case ENT_KIND_CONST:
        return index_fits(value, p->n_constants);
    case ENT_KIND_CONST_OPT:
        return value == -1 || index_fits(value, p->n_constants);
    case ENT_KIND_ENUM:
    case ENT_KIND_FLAG:
        return value >= 0 && value < field->bound;
    case ENT_KIND_NAT:
        return value >= 0;
    case ENT_KIND_INT:
        return true;
    case ENT_KIND_SLOT:
    case ENT_KIND_FLD:
    case ENT_KIND_OPT:
        return value >= -1;
    }
    return false;
}

static bool check_table(const ent_image *p, const ent_table_info *info, const int64_t *rows,
                        size_t n_rows, ent_load_error *error)
{
    for (unsigned f = 0; f < info->n_fields; f++) {
        const ent_field_info *field = &info->fields[f];
        uint64_t run_rows = 0;
        for (size_t i = 0; i < n_rows; i++) {
            const int64_t *row = rows + i * info->n_fields;
            if (!field_fits(p, field, f > 0 ? row[f - 1] : 0, row[f])) {
                return ent_verify_refuse(error, "%s %zu: %s is %lld, which is no %s of %s",
                                         info->name, i, field->name, (long long)row[f],
                                         ent_kind_name(field->kind), field->target);
            }
            if (field->kind == ENT_KIND_COUNT) {
                run_rows += (uint64_t)row[f];
                if (run_rows > ENT_LIMIT_RUN_ROWS) {
                    return ent_verify_refuse(error, "%s: the runs of %s are too long altogether",
                                             info->name, field->name);
                }
            }
        }
    }
    return true;
}

static bool check_tables(const ent_image *p, ent_load_error *error)
{
#define CHECK(number, name)                                                                        \
    if (!check_table(p, ent_table_describe(number), (const int64_t *)p->name, p->n_##name,         \
                     error)) {                                                                     \
        return false;                                                                              \
    }
    ENT_TABLES(CHECK)
#undef CHECK
    return true;
}

static ent_u128 magnitude(ent_i128 value)
{
    return value < 0 ? -(ent_u128)value : (ent_u128)value;
}

static bool ratio_is_normal(ent_q q)
{
    if (q.den <= 0 || q.num < -ENT_I128_MAX) {
        return false;
    }
    ent_u128 a = magnitude(q.num);
    ent_u128 b = (ent_u128)q.den;
    while (b != 0) {
        ent_u128 rest = a % b;
        a = b;
        b = rest;
    }
    return a == 1;
}

static bool check_constants(const ent_image *p, ent_load_error *error)
{
    for (size_t i = 0; i < p->n_constants; i++) {
        const ent_constant *constant = &p->constants[i];
        bool fits = true;
        switch ((ent_class)constant->cls) {
        case ENT_CLASS_B:
            fits = constant->v.b <= 1;
            break;
        case ENT_CLASS_I:
            break;
        case ENT_CLASS_F:
            fits = isfinite(constant->v.f) != 0;
            break;
        case ENT_CLASS_Q:
            fits = ratio_is_normal(constant->v.q);
            break;
        }
        if (!fits) {
            return ent_verify_refuse(error, "constant %zu is no valid value of its class", i);
        }
    }
    return true;
}

/* An enumeration has words; other parameters of types mean nothing here, or what the loader has looked at. */
static bool fits_c(const ent_image *p, int64_t type, int64_t param)
{
    return ent_native_takes(type) && (type != ENT_TYPE_ENUM || (param >= 0 && (uint64_t)param < p->n_enumeration));
}

static bool check_natives(const ent_image *p, ent_load_error *error)
{
    for (size_t i = 0; i < p->n_native; i++) {
        const ent_native_row *row = &p->native[i];
        const ent_native_param_row *params = &p->native_param[row->first_param];
        bool fits = ent_native_gives(row->type) && fits_c(p, row->type, row->param) && row->n_params >= 1 &&
                    row->n_params <= ENT_LIMIT_NATIVE_PARAMS;
        for (int64_t k = 0; fits && k < row->n_params; k++) {
            fits = fits_c(p, params[k].type, params[k].param);
        }
        if (!fits) {
            return ent_verify_refuse(error, "native function %zu has parameters or a result that C has not", i);
        }
    }
    return true;
}

static bool has_class(int64_t type, int64_t cls)
{
    return (int64_t)ent_type_class((unsigned)type) == cls;
}

/* Functions for C: kernels of their parameters alone, which have been verified. */
static bool check_functions(const ent_image *p, ent_load_error *error)
{
    for (size_t i = 0; i < p->n_function; i++) {
        const ent_function_row *row = &p->function[i];
        const ent_native_param_row *params = &p->native_param[row->first_param];
        const ent_kernel_row *kernel = &p->kernel[row->kernel];
        bool fits = ent_native_gives(row->type) && fits_c(p, row->type, row->param) && row->n_params >= 1 &&
                    row->n_params <= ENT_LIMIT_NATIVE_PARAMS && kernel->kind == ENT_KERNEL_DECISION &&
                    kernel->n_outputs == 1;
        for (int64_t k = 0; fits && k < row->n_params; k++) {
            fits = fits_c(p, params[k].type, params[k].param);
        }
        for (int64_t k = 0; fits && k < kernel->n_inputs; k++) {
            const ent_input_row *input = &p->input[kernel->first_input + k];
            fits = input->kind == ENT_INPUT_PARAM && input->index < row->n_params &&
                   has_class(params[input->index].type, input->cls);
        }
        if (fits) {
            int64_t reg = p->output[kernel->first_output].reg;
            fits = has_class(row->type, p->reg[kernel->first_reg + reg].cls);
        }
        if (!fits) {
            return ent_verify_refuse(error, "function %zu does not fit its kernel, or C", i);
        }
    }
    return true;
}

bool ent_verify_program(const ent_image *p, ent_load_error *error)
{
    if (!check_constants(p, error) || !check_tables(p, error) || !check_natives(p, error)) {
        return false;
    }
    for (size_t i = 0; i < p->n_kernel; i++) {
        if (!ent_verify_kernel(p, (int64_t)i, error)) {
            return false;
        }
    }
    return check_functions(p, error) && ent_verify_clauses(p, error);
}
