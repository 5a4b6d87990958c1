/* The insides of libentente-compiler's handle.  Only compiler/embed includes this; the public names are in
 * entente-compiler.h. */
#ifndef ENT_COMPILER_EMBED_H
#define ENT_COMPILER_EMBED_H

#include "compiler/emit/builder.h"
#include "compiler/include/entente-compiler.h"
#include "compiler/syntax/diag.h"
#include "runtime/memory/account.h"

struct ent_compiled {
    ent_account account;
    ent_arena *arena; /* of the diagnostics: what was compiled is gone by then */
    ent_diagnostic *diagnostics;
    size_t n_diagnostics;
    ent_text text;
    ent_bytes program;
    bool has_program;
};

/* Copies the diagnostics; false: out of memory. */
bool ent_compiled_take_diagnostics(ent_compiled *compiled, ent_diags *diags);

/* A module of the standard library, e.g. `itsm.ent`; NULL: there is none of that name. */
const char *ent_stdlib_module(const char *name, size_t *len);
#endif
