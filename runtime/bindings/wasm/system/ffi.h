/* libffi's part that runtime/native needs.  In WebAssembly there is nothing that it could call: no libraries, and no
 * function of the host is bound, so a program that declares one gets no session.  See native.c. */
#ifndef ENT_WASM_FFI_H
#define ENT_WASM_FFI_H

#include <stddef.h>
#include <stdint.h>

typedef struct ffi_type {
    unsigned short size;
} ffi_type;

typedef struct ffi_cif {
    unsigned n;
} ffi_cif;

typedef uint64_t ffi_arg;
typedef enum ffi_status { FFI_OK = 0 } ffi_status;
enum { FFI_DEFAULT_ABI = 1 };

extern ffi_type ffi_type_uint8, ffi_type_double, ffi_type_pointer, ffi_type_sint64;

ffi_status ffi_prep_cif(ffi_cif *cif, int abi, unsigned n, ffi_type *result, ffi_type **types);
typedef struct ffi_closure {
    ffi_cif *cif;
} ffi_closure;

/* There is no code to be made at run time: no memory for it. */
void *ffi_closure_alloc(size_t size, void **code);
void ffi_closure_free(void *closure);
ffi_status ffi_prep_closure_loc(ffi_closure *closure, ffi_cif *cif, void (*call)(ffi_cif *, void *, void **, void *),
                                void *user, void *code);
_Noreturn void ffi_call(ffi_cif *cif, void (*function)(void), void *result, void **values);

#endif
