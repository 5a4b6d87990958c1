/* The verifier's two halves; see verifier.c and verify_kernel.c. */
#ifndef ENT_BYTECODE_VERIFIER_H
#define ENT_BYTECODE_VERIFIER_H

#include "runtime/bytecode/program.h"

/* Writes the reason and returns false, so that rules read `return ent_verify_refuse(...)`. */
__attribute__((format(printf, 2, 3))) bool ent_verify_refuse(ent_load_error *error,
                                                             const char *format, ...);

/* Everything: tables, then kernels, then what clauses ask of their kernels. */
bool ent_verify_program(const ent_image *p, ent_load_error *error);

/* Whether the text is a currency's code: three capital letters. */
bool ent_verify_currency(const ent_string *text);

/* One kernel's instructions; its row and its inputs have been checked. */
bool ent_verify_kernel(const ent_image *p, int64_t kernel, ent_load_error *error);

/* The clauses: feeds, patterns, duties, objectives; see verify_clauses.c. */
bool ent_verify_clauses(const ent_image *p, ent_load_error *error);
#endif
