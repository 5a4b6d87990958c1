/* Where the clause of a decision stands: finds the file, and whether the program made of it decided
 * the ledger. */
#ifndef ENT_ENTENTE_EXPLAIN_SOURCE_H
#define ENT_ENTENTE_EXPLAIN_SOURCE_H

#include "compiler/explain/explain.h"

typedef struct ent_source_places {
    const char *ledger;       /* its path */
    const char *const *files; /* sources, or one built program, as the user names them */
    size_t n_files;
    const char *const *folders;
    size_t n_folders;
    const char *stdlib_dir; /* NULL: beside the command */
} ent_source_places;

/* Fills the clause.  *image is the program, to be destroyed after the last use of the clause; NULL:
 * none. */
void ent_explain_source(ent_arena *arena, const ent_source_places *places,
                        const ent_xledger *ledger, const ent_xdecision *d, ent_xclause *clause,
                        ent_image **image);
#endif
