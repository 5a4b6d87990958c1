/* See kept.h. */
#include "compiler/entente/kept.h"

#include <stdlib.h>

#include "runtime/judge/answer.h"

static bool add_block(ent_kept_list *list)
{
    if (list->n_blocks == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 16;
        ent_verdict **grown = realloc(list->blocks, capacity * sizeof *grown);
        if (!grown) {
            return false;
        }
        list->blocks = grown;
        list->capacity = capacity;
    }
    ent_verdict *block = malloc(ENT_KEPT_BLOCK * sizeof *block);
    if (block) {
        list->blocks[list->n_blocks++] = block;
    }
    return block != NULL;
}

bool ent_kept_list_add(ent_kept_list *list, const ent_verdict *d)
{
    if (list->n == list->n_blocks * ENT_KEPT_BLOCK && !add_block(list)) {
        return false;
    }
    *ent_kept_at(list, list->n++) = *d;
    (void)ent_answer_keep(d->answer);
    return true;
}

void ent_kept_list_clear(ent_kept_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        ent_answer_free(ent_kept_at(list, i)->answer);
    }
    for (size_t i = 0; i < list->n_blocks; i++) {
        free(list->blocks[i]);
    }
    free(list->blocks);
    *list = (ent_kept_list){0};
}
