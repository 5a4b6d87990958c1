/* The lines of a ledger after its first, out of the drafts that waited for it.
 *
 * They are made, begun to be hashed, ended and written some hundred at a time, in the block of memory in which they
 * were made.  With a second thread that one ends them, while this one makes and writes others; the bytes are the
 * same. */
#ifndef ENT_ENTENTE_LINES_H
#define ENT_ENTENTE_LINES_H

#include "compiler/entente/spool.h"
#include "runtime/ledger/ledger.h"

typedef struct ent_lines {
    ent_ledger *ledger; /* which made the drafts and the line before */
    const ent_engine *session;
    ent_spool *spool;
    bool threaded;
    void (*write)(void *user, const char *lines, size_t len);
    void *user;
} ent_lines;

/* false: memory, or what spool->os_error says. */
bool ent_lines_write(const ent_lines *lines);
#endif
