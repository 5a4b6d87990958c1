/* Drafts of a ledger's lines, in their order, until the ledger is written: its first line says the digest of all rows,
 * so none can be written before the last row is read.
 *
 * They wait in one buffer, and where that is too small in a temporary file that has no name, so that memory does not
 * grow with the number of decisions and nothing is left behind, however the run ends.
 * Tested by tests/property/spool.py and tests/fault/sweep.py. */
#ifndef ENT_ENTENTE_SPOOL_H
#define ENT_ENTENTE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ent_spool {
    const char *folder; /* for the file */
    char *buffer;
    size_t n, size, at; /* bytes in the buffer; when read: where the next draft is */
    int fd;             /* -1: there is no file */
    uint64_t stored, read;
    int os_error; /* of the file; 0 with a failure: memory */
} ent_spool;

/* The folder's name is the caller's.  memory_bytes: of the buffer, 0 for the usual 256 KiB, which is also the most. */
void ent_spool_init(ent_spool *spool, const char *folder, uint64_t memory_bytes);
/* Forgets all; drafts can then be added anew. */
void ent_spool_clear(ent_spool *spool);
bool ent_spool_add(ent_spool *spool, const char *draft, size_t n);
/* The first draft that was not read yet, valid until the next call; NULL in *draft: there is none.  No more can be
 * added once one was read.  false: it failed. */
bool ent_spool_next(ent_spool *spool, const char **draft);
#endif
