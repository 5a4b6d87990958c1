/* `entente ledger`: what can be asked of a decision record. */
#ifndef ENT_ENTENTE_LEDGER_H
#define ENT_ENTENTE_LEDGER_H

#include <stddef.h>

#include "runtime/feed/error.h"

/* argv[0] is `ledger`.  Answers to stdout, complaints to stderr; the exit status. */
int ent_cmd_ledger(int argc, char **argv);

/* The whole content of a ledger, which may be compressed or `-`; NULL on failure. */
char *ent_ledger_read(const char *spec, size_t *len, ent_feed_error *error);
#endif
