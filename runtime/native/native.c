/* See native.h.  The one file of the runtime that opens libraries. */
#include "runtime/native/native.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "host"

static const char *const words[] = {
    [ENT_TYPE_BOOL] = "bool",       [ENT_TYPE_INT] = "int",         [ENT_TYPE_NUMBER] = "number",
    [ENT_TYPE_DECIMAL] = "decimal", [ENT_TYPE_DURATION] = "duration", [ENT_TYPE_INSTANT] = "instant",
    [ENT_TYPE_TIME] = "time",       [ENT_TYPE_TEXT] = "text",       [ENT_TYPE_PARTY] = "party",
    [ENT_TYPE_SERVICE] = "service", [ENT_TYPE_ENUM] = "enum",
};
enum { WORDS = sizeof words / sizeof *words };

bool ent_native_takes(int64_t type)
{
    return type >= 0 && type < WORDS && words[type];
}

bool ent_native_gives(int64_t type)
{
    return ent_native_takes(type) && type != ENT_TYPE_PARTY && type != ENT_TYPE_SERVICE;
}

ffi_type *ent_native_type(int64_t type)
{
    switch (type) {
    case ENT_TYPE_BOOL:
        return &ffi_type_uint8;
    case ENT_TYPE_NUMBER:
        return &ffi_type_double;
    case ENT_TYPE_TEXT:
    case ENT_TYPE_ENUM:
    case ENT_TYPE_PARTY:
    case ENT_TYPE_SERVICE:
        return &ffi_type_pointer;
    default:
        return &ffi_type_sint64;
    }
}

static size_t put_type(char *buf, size_t size, int64_t type, int64_t param)
{
    int n = type == ENT_TYPE_DECIMAL ? snprintf(buf, size, "decimal(%d)", (int)param)
                                     : snprintf(buf, size, "%s", words[type]);
    return n < 0 ? 0 : (size_t)n;
}

void ent_native_signature(const ent_image *p, int64_t type, int64_t digits, int64_t first, int64_t n, char *buf,
                          size_t size)
{
    char text[16 * (ENT_LIMIT_NATIVE_PARAMS + 1)];
    size_t at = put_type(text, sizeof text, type, digits);
    for (int64_t i = 0; i < n; i++) {
        const ent_native_param_row *param = &p->native_param[first + i];
        at += (size_t)snprintf(text + at, sizeof text - at, "%s", i ? ", " : "(");
        at += put_type(text + at, sizeof text - at, param->type, param->param);
    }
    snprintf(buf, size, "%s)", text);
}

bool ent_native_same_signature(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += strspn(a, " ");
        b += strspn(b, " ");
        if (*a != *b || *a == 0) {
            return *a == *b;
        }
    }
}

int64_t ent_native_word(const ent_image *p, int64_t enumeration, const char *word)
{
    const ent_enumeration_row *list = &p->enumeration[enumeration];
    for (int64_t i = 0; i < list->n_members; i++) {
        if (strcmp(ent_image_text(p, p->member[list->first_member + i].name), word) == 0) {
            return i;
        }
    }
    return -1;
}

int64_t ent_native_find(const ent_image *p, const char *name)
{
    for (size_t i = 0; i < p->n_native; i++) {
        if (strcmp(ent_image_text(p, p->native[i].name), name) == 0) {
            return (int64_t)i;
        }
    }
    return -1;
}

int64_t ent_natives_unbound(const ent_image *p)
{
    for (size_t i = 0; i < p->n_native; i++) {
        if (!p->natives || !p->natives->v[i].call) {
            return (int64_t)i;
        }
    }
    return -1;
}

static bool is_allowed(const char *library, const char *const *allowed, size_t n)
{
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        found |= strcmp(library, allowed[i]) == 0;
    }
    return found;
}

static bool fail(ent_native_error *error, const ent_native_row *row, const char *name, const char *what,
                 const char *library)
{
    error->place = row->place;
    snprintf(error->message, sizeof error->message, "`extern fn %s`: %s `%s`", name, what, library);
    return false;
}

/* Finds the function in its library. */
static bool bind(const ent_image *p, const ent_native_row *row, ent_native *native, ent_native_error *error)
{
    const char *name = ent_image_text(p, row->name);
    const char *library = ent_image_text(p, row->library);
    native->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!native->library) {
        return fail(error, row, name, "there is no library", library);
    }
    void *symbol = dlsym(native->library, ent_image_text(p, row->symbol));
    if (!symbol) {
        char what[256];
        snprintf(what, sizeof what, "there is no function `%.128s` in", ent_image_text(p, row->symbol));
        return fail(error, row, name, what, library);
    }
    memcpy(&native->call, &symbol, sizeof native->call);
    return true;
}

bool ent_natives_open(ent_image *p, const char *const *allowed, size_t n_allowed, ent_native_error *error)
{
    *error = (ent_native_error){.place = -1};
    if (p->n_native == 0 || p->natives) {
        return true;
    }
    ent_natives *natives = calloc(1, sizeof *natives + p->n_native * sizeof natives->v[0]);
    if (!natives) {
        error->memory = true;
        snprintf(error->message, sizeof error->message, "out of memory");
        return false;
    }
    natives->n = p->n_native;
    p->natives = natives;
    for (size_t i = 0; i < p->n_native; i++) {
        const ent_native_row *row = &p->native[i];
        ent_native *native = &natives->v[i];
        for (int64_t k = 0; k < row->n_params; k++) {
            native->types[k] = ent_native_type(p->native_param[row->first_param + k].type);
        }
        const char *library = ent_image_text(p, row->library);
        if (ffi_prep_cif(&native->cif, FFI_DEFAULT_ABI, (unsigned)row->n_params, ent_native_type(row->type),
                         native->types) != FFI_OK) {
            return fail(error, row, ent_image_text(p, row->name), "libffi has no such call for", library);
        }
        if (strcmp(library, HOST) == 0) {
            continue;
        }
        if (!is_allowed(library, allowed, n_allowed)) {
            return fail(error, row, ent_image_text(p, row->name), "it is not allowed to use library", library);
        }
        if (!bind(p, row, native, error)) {
            return false;
        }
    }
    return true;
}

void ent_natives_close(ent_natives *natives)
{
    for (size_t i = 0; natives && i < natives->n; i++) {
        if (natives->v[i].library) {
            dlclose(natives->v[i].library);
        }
    }
    free(natives);
}
