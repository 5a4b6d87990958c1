/* Functions of C that agreements call: `extern fn` of a library, or of the host.
 *
 *     bool              bool
 *     int               int64_t
 *     number            double; a result that is not finite is an error of its row
 *     decimal(k)        int64_t, in units of 10^-k
 *     duration, instant int64_t, ns (since 1970)
 *     time              int64_t, ns since midnight
 *     text              const char *, UTF-8, ended by NUL; as a result it is copied at once, and NULL is absent
 *     enum              const char *, the word; a result that is none of the words is an error of its row
 *     party, service    const char *, the name; as arguments only
 *
 * One prepared call interface (libffi) a function, used for every lane.  A function must be pure, because a verdict is
 * a function of agreements and facts, and may be called by any thread that has a session.
 * Tested by tests/embed/native.c. */
#ifndef ENT_NATIVE_NATIVE_H
#define ENT_NATIVE_NATIVE_H

#include <ffi.h>
#include <stdbool.h>

#include "runtime/bytecode/format.h"
#include "runtime/bytecode/program.h"

typedef struct ent_native {
    void (*call)(void); /* NULL: bound to nothing yet */
    void *library;      /* a handle of dlopen, or NULL */
    ffi_cif cif;
    ffi_type *types[ENT_LIMIT_NATIVE_PARAMS];
} ent_native;

typedef struct ent_natives {
    size_t n;
    ent_native v[];
} ent_natives;

typedef struct ent_native_error {
    bool memory;
    int64_t place;
    char message[512];
} ent_native_error;

/* Whether a value of the type can be handed to C; as a result. */
bool ent_native_takes(int64_t type);
bool ent_native_gives(int64_t type);

/* Looks up the functions of libraries, each of which must be among `allowed`; those of the `host` stay unbound.  To be
 * called once, before any session of the program.  False: the first that cannot be had. */
bool ent_natives_open(ent_image *program, const char *const *allowed, size_t n_allowed, ent_native_error *error);
void ent_natives_close(ent_natives *natives);
/* The number of the function, or -1. */
int64_t ent_native_find(const ent_image *program, const char *name);
/* How a function of these types is declared, e.g. `number(number, int)`; digits: of a decimal result; the parameters
 * are a run of native_param. */
void ent_native_signature(const ent_image *program, int64_t type, int64_t digits, int64_t first, int64_t n, char *buf,
                          size_t size);
/* But for blanks. */
bool ent_native_same_signature(const char *a, const char *b);
ffi_type *ent_native_type(int64_t type);
/* The place of the word in the enumeration, or -1. */
int64_t ent_native_word(const ent_image *program, int64_t enumeration, const char *word);
/* The first function that is bound to nothing, or -1. */
int64_t ent_natives_unbound(const ent_image *program);
#endif
