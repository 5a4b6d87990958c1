/* What runtime/native wants of libffi and of the dynamic linker, where functions are JavaScript's: see ffi.h.
 * Tested by tests/hosts/natives.mjs. */
#include "dlfcn.h"
#include "ffi.h"

#include <stddef.h>
#include <stdlib.h>

#include "runtime/memory/account.h"

ffi_type ffi_type_uint8 = {1};
ffi_type ffi_type_double = {8};
ffi_type ffi_type_pointer = {sizeof(void *)};
ffi_type ffi_type_sint64 = {8};

ffi_status ffi_prep_cif(ffi_cif *cif, int abi, unsigned n, ffi_type *result, ffi_type **types)
{
    (void)abi;
    (void)result;
    (void)types;
    cif->n = n;
    return FFI_OK;
}

/* --- functions of the host --- */

__attribute__((import_module("entente"), import_name("call_host"))) void ent_js_call_host(uint32_t number, void *result,
                                                                                        void **values);

/* Its address is the number that ent_js_bind gave it. */
void ffi_call(ffi_cif *cif, void (*function)(void), void *result, void **values)
{
    (void)cif;
    ent_js_call_host((uint32_t)(uintptr_t)function, result, values);
}

/* Room for a text that a function of the host gives, until the next one.  It belongs to no session, because it may
 * outlive the one that asks. */
__attribute__((export_name("host_text"))) char *ent_js_host_text(size_t size)
{
    static char *room;
    ent_account *before = ent_account_enter(NULL);
    free(room);
    room = malloc(size ? size : 1);
    ent_account_leave(before);
    return room;
}

/* --- functions of the agreements --- */

/* Nothing calls a closure by its address, so that can be its own. */
void *ffi_closure_alloc(size_t size, void **code)
{
    *code = malloc(size);
    return *code;
}

void ffi_closure_free(void *closure)
{
    free(closure);
}

ffi_status ffi_prep_closure_loc(ffi_closure *closure, ffi_cif *cif, void (*call)(ffi_cif *, void *, void **, void *),
                                void *user, void *code)
{
    (void)code;
    *closure = (ffi_closure){cif, call, user};
    return FFI_OK;
}

/* --- libraries --- */

void *dlopen(const char *path, int mode)
{
    (void)path;
    (void)mode;
    return NULL;
}

void *dlsym(void *library, const char *name)
{
    (void)library;
    (void)name;
    return NULL;
}

int dlclose(void *library)
{
    (void)library;
    return 0;
}
