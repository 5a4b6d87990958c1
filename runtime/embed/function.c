/* Functions of the agreements as functions of C: a closure of libffi around a kernel that runs over one lane.
 *
 * Whoever calls it knows nothing of sessions, so a function has a vm, texts and an account of its own.  Texts are
 * interned and would pile up in the life of a callback; past TEXTS_MAX of them the table is made anew.
 * Which kernels there are: compiler/emit/lower_function.c.  Tested by tests/embed/function.c. */
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/bytecode/format.h"
#include "runtime/embed/embed.h"
#include "runtime/native/native.h"
#include "runtime/time/arith.h"
#include "runtime/time/zone.h"
#include "runtime/vm/vm.h"

enum { PARAMS = ENT_LIMIT_NATIVE_PARAMS, TEXTS_MAX = 4096, RESULT = 8 };

struct ent_function {
    ent_account account;
    ent_program *program;
    const ent_function_row *row;
    ffi_cif cif;
    ffi_type *types[PARAMS];
    ffi_closure *closure;
    void *code;
    ent_strings *strings;
    ent_vm *vm;
    char *text; /* the last result */
    size_t text_size;
    ent_error error; /* the first since it was asked for */
};

/* --- one call --- */

__attribute__((format(printf, 3, 4))) static bool fail(ent_function *f, ent_error_code code, const char *format, ...)
{
    if (f->error.code == ENT_OK) {
        char message[400];
        va_list list;
        va_start(list, format);
        (void)vsnprintf(message, sizeof message, format, list);
        va_end(list);
        (void)ent_embed_fail(&f->error, code, "`%.80s`: %s", ent_image_text(f->program->image, f->row->name), message);
        (void)ent_embed_place(f->program, &f->error, f->row->place);
    }
    return false;
}

static void drop_vm(ent_function *f)
{
    ent_vm_free(f->vm);
    ent_strings_free(f->strings);
    f->vm = NULL;
    f->strings = NULL;
}

/* A vm with few texts. */
static bool make_vm(ent_function *f)
{
    char why[256] = "out of memory";
    const ent_image *p = f->program->image;
    if (f->vm && ent_strings_count(f->strings) <= p->n_strings + TEXTS_MAX) {
        return true;
    }
    drop_vm(f);
    f->strings = ent_strings_new(p);
    f->vm = f->strings ? ent_vm_new(p, f->strings, ENT_ZONE_DIR_DEFAULT, 1, why, sizeof why) : NULL;
    return f->vm != NULL || fail(f, ENT_ERROR_ENVIRONMENT, "%s", why);
}

/* The place of a party or service of the name, or -1. */
static int64_t find_name(const ent_image *p, int64_t type, const char *name)
{
    size_t n = type == ENT_TYPE_PARTY ? p->n_party : p->n_service;
    for (size_t i = 0; i < n; i++) {
        int64_t own = type == ENT_TYPE_PARTY ? p->party[i].name : p->service[i].name;
        if (strcmp(ent_image_text(p, own), name) == 0) {
            return (int64_t)i;
        }
    }
    return -1;
}

static bool take_text(ent_function *f, const ent_native_param_row *param, const char *text, int64_t *value,
                      bool *absent)
{
    const ent_image *p = f->program->image;
    *absent = text == NULL;
    *value = text == NULL                      ? 0
             : param->type == ENT_TYPE_TEXT    ? ent_strings_intern(f->strings, text, strlen(text))
             : param->type == ENT_TYPE_ENUM    ? ent_native_word(p, param->param, text)
                                               : find_name(p, param->type, text);
    if (*value < 0) {
        return param->type == ENT_TYPE_TEXT ? fail(f, ENT_ERROR_MEMORY, "out of memory")
                                            : fail(f, ENT_ERROR_DATA, "there is no `%.100s`", text);
    }
    return true;
}

/* An argument as a column of one lane. */
typedef struct argument {
    union {
        uint8_t b;
        int64_t i;
        double f;
    } value;
    uint8_t absent;
} argument;

static bool take_argument(ent_function *f, const ent_native_param_row *param, const void *given, argument *out)
{
    bool absent = false;
    const char *text;
    switch (param->type) {
    case ENT_TYPE_BOOL:
        out->value.b = *(const uint8_t *)given != 0;
        break;
    case ENT_TYPE_NUMBER:
        memcpy(&out->value.f, given, sizeof out->value.f);
        if (!isfinite(out->value.f)) {
            return fail(f, ENT_ERROR_DATA, "an argument is not finite");
        }
        break;
    case ENT_TYPE_TEXT:
    case ENT_TYPE_ENUM:
    case ENT_TYPE_PARTY:
    case ENT_TYPE_SERVICE:
        memcpy(&text, given, sizeof text);
        if (!take_text(f, param, text, &out->value.i, &absent)) {
            return false;
        }
        break;
    default:
        memcpy(&out->value.i, given, sizeof out->value.i);
        if (param->type == ENT_TYPE_TIME && (out->value.i < 0 || out->value.i >= ENT_TIME_DAY_NS)) {
            return fail(f, ENT_ERROR_DATA, "an argument is no time of day");
        }
    }
    out->absent = absent;
    return true;
}

/* A copy, because the next call may drop the table that it is in. */
static const char *give_text(ent_function *f, const char *text)
{
    size_t size = strlen(text) + 1;
    if (size > f->text_size) {
        char *grown = realloc(f->text, size);
        if (!grown) {
            (void)fail(f, ENT_ERROR_MEMORY, "out of memory");
            return NULL;
        }
        f->text = grown;
        f->text_size = size;
    }
    return memcpy(f->text, text, size);
}

static void give_result(ent_function *f, const ent_vector *value, void *result)
{
    const ent_image *p = f->program->image;
    const int64_t *i = value->data;
    const char *text;
    switch (f->row->type) {
    case ENT_TYPE_BOOL:
        *(ffi_arg *)result = *(const uint8_t *)value->data;
        break;
    case ENT_TYPE_TEXT:
        text = give_text(f, ent_strings_get(f->strings, *i, NULL));
        memcpy(result, &text, sizeof text);
        break;
    case ENT_TYPE_ENUM:
        text = ent_image_text(p, p->member[p->enumeration[f->row->param].first_member + *i].name);
        memcpy(result, &text, sizeof text);
        break;
    default:
        memcpy(result, value->data, RESULT);
    }
}

static bool run(ent_function *f, void **args, void *result)
{
    const ent_image *p = f->program->image;
    const ent_kernel_row *kernel = &p->kernel[f->row->kernel];
    argument arguments[PARAMS];
    ent_vector inputs[PARAMS], output;
    const ent_lane_error *errors;
    uint32_t n_errors;
    if (!make_vm(f)) {
        return false;
    }
    for (int64_t i = 0; i < f->row->n_params; i++) {
        if (!take_argument(f, &p->native_param[f->row->first_param + i], args[i], &arguments[i])) {
            return false;
        }
    }
    for (int64_t i = 0; i < kernel->n_inputs; i++) {
        const ent_input_row *input = &p->input[kernel->first_input + i];
        argument *a = &arguments[input->index];
        inputs[i] = (ent_vector){(ent_class)input->cls, &a->value, a->absent ? &a->absent : NULL};
    }
    if (!ent_vm_run(f->vm, f->row->kernel, inputs, 1, &output, NULL, &errors, &n_errors)) {
        return fail(f, ENT_ERROR_MEMORY, "out of memory");
    }
    if (n_errors > 0) {
        bool first = f->error.code == ENT_OK;
        (void)fail(f, ENT_ERROR_DATA, "%s", errors[0].message);
        return first && ent_embed_place(f->program, &f->error, errors[0].place);
    }
    if (!output.absent || !output.absent[0]) {
        give_result(f, &output, result);
    }
    return true;
}

static void on_call(ffi_cif *cif, void *result, void **args, void *user)
{
    ent_function *f = user;
    (void)cif;
    memset(result, 0, sizeof(ffi_arg) > RESULT ? sizeof(ffi_arg) : RESULT);
    if (f->row->type == ENT_TYPE_NUMBER) {
        const double none = NAN;
        memcpy(result, &none, sizeof none);
    }
    ent_account *before = ent_account_enter(&f->account);
    (void)run(f, args, result);
    ent_account_leave(before);
}

/* --- life --- */

static const ent_function_row *find(const ent_program *program, const char *name, const char *signature,
                                    ent_error *error)
{
    char declared[192];
    const ent_image *p = program->image;
    for (size_t i = 0; i < p->n_function; i++) {
        const ent_function_row *row = &p->function[i];
        if (strcmp(ent_image_text(p, row->name), name) != 0) {
            continue;
        }
        ent_native_signature(p, row->type, row->param, row->first_param, row->n_params, declared, sizeof declared);
        if (ent_native_same_signature(declared, signature)) {
            return row;
        }
        (void)ent_embed_fail(error, ENT_ERROR_USAGE, "`fn %.100s` is declared as `%s`, not as `%.100s`", name, declared,
                             signature);
        (void)ent_embed_place(program, error, row->place);
        return NULL;
    }
    (void)ent_embed_fail(error, ENT_ERROR_USAGE, "the program has no `fn %.100s` that C could call", name);
    return NULL;
}

/* libffi sets up its memory for closures when it is first asked, and looks without a lock whether it has: so the first
 * time is ours alone. */
static void set_up_closures(void)
{
    void *code;
    ffi_closure_free(ffi_closure_alloc(sizeof(ffi_closure), &code));
}

static bool open_closure(ent_function *f, ent_error *error)
{
    const ent_image *p = f->program->image;
    for (int64_t i = 0; i < f->row->n_params; i++) {
        f->types[i] = ent_native_type(p->native_param[f->row->first_param + i].type);
    }
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, set_up_closures);
    f->closure = ffi_closure_alloc(sizeof *f->closure, &f->code);
    if (!f->closure) {
        return ent_embed_memory(error);
    }
    if (ffi_prep_cif(&f->cif, FFI_DEFAULT_ABI, (unsigned)f->row->n_params, ent_native_type(f->row->type), f->types) !=
            FFI_OK ||
        ffi_prep_closure_loc(f->closure, &f->cif, on_call, f, f->code) != FFI_OK) {
        return ent_embed_fail(error, ENT_ERROR_ENVIRONMENT, "libffi makes no closures here");
    }
    if (!make_vm(f)) {
        if (error) {
            *error = f->error;
        }
        return false;
    }
    return true;
}

bool ent_function_new(ent_program *program, const char *name, const char *signature, ent_function **out,
                      ent_error *error)
{
    if (!out || !program || !name || !signature) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "a function is made of a program, by its name and its signature");
    }
    *out = NULL;
    const ent_function_row *row = find(program, name, signature, error);
    if (!row) {
        return false;
    }
    ent_function *f = ent_account_new(&program->account.allocator, sizeof *f);
    if (!f) {
        return ent_embed_memory(error);
    }
    f->account = (ent_account){.allocator = program->account.allocator};
    f->program = ent_program_retain(program);
    f->row = row;
    ent_account *before = ent_account_enter(&f->account);
    bool ok = open_closure(f, error);
    ent_account_leave(before);
    if (!ok) {
        (void)ent_embed_excess(&f->account, error);
        ent_function_free(f);
        return false;
    }
    *out = f;
    return true;
}

void ent_function_free(ent_function *f)
{
    if (!f) {
        return;
    }
    ent_account *before = ent_account_enter(&f->account);
    if (f->closure) {
        ffi_closure_free(f->closure);
    }
    drop_vm(f);
    free(f->text);
    ent_account_leave(before);
    ent_program_release(f->program);
    ent_account_free(&f->account, f, sizeof *f);
}

void *ent_function_pointer(const ent_function *f)
{
    return f->code;
}

bool ent_function_error(ent_function *f, ent_error *error)
{
    bool ok = f->error.code == ENT_OK;
    if (error) {
        *error = f->error;
    }
    f->error = (ent_error){.code = ENT_OK};
    return ok;
}
