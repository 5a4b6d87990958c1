/* Errors of the public interfaces, of runtime and compiler: see error.c. */
#ifndef ENT_EMBED_ERROR_H
#define ENT_EMBED_ERROR_H

#include "runtime/include/entente.h"
#include "runtime/memory/account.h"

/* Fills the error and returns false. */
__attribute__((format(printf, 3, 4))) bool ent_embed_fail(ent_error *error, ent_error_code code, const char *format,
                                                          ...);
bool ent_embed_memory(ent_error *error);
/* What the account in force exceeded, if it did; else false, with the error as it is. */
bool ent_embed_excess(const ent_account *account, ent_error *error);
#endif
