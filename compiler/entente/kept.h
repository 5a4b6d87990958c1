/* Decisions that are kept whole until the run is over, in blocks that never move: they are large, and an array that
 * grows would be copied, and be there twice meanwhile. */
#ifndef ENT_ENTENTE_KEPT_H
#define ENT_ENTENTE_KEPT_H

#include <stddef.h>

#include "runtime/judge/verdict.h"

enum { ENT_KEPT_BLOCK = 256 };

typedef struct ent_kept_list {
    ent_verdict **blocks;
    size_t n, n_blocks, capacity; /* decisions, blocks, room for blocks */
} ent_kept_list;

static inline ent_verdict *ent_kept_at(const ent_kept_list *list, size_t i)
{
    return &list->blocks[i / ENT_KEPT_BLOCK][i % ENT_KEPT_BLOCK];
}

/* false: memory.  The answer is kept, too. */
bool ent_kept_list_add(ent_kept_list *list, const ent_verdict *d);
/* Forgets all of them. */
void ent_kept_list_clear(ent_kept_list *list);
#endif
