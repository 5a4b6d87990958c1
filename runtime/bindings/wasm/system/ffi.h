/* libffi's part that runtime/native and runtime/embed/function.c need.  In WebAssembly no call can be made up at run
 * time, and none need be: a function of the host is a number that JavaScript knows, and a closure is called by
 * ffi_closure's members.  Arguments and results lie in memory as libffi has them.  See native.c. */
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
    void (*call)(ffi_cif *cif, void *result, void **args, void *user);
    void *user;
} ffi_closure;

void *ffi_closure_alloc(size_t size, void **code);
void ffi_closure_free(void *closure);
ffi_status ffi_prep_closure_loc(ffi_closure *closure, ffi_cif *cif, void (*call)(ffi_cif *, void *, void **, void *),
                                void *user, void *code);
void ffi_call(ffi_cif *cif, void (*function)(void), void *result, void **values);

#endif
