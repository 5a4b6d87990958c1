/* See prove.h. */
#include "compiler/prove/prove.h"

#include "compiler/prove/internal.h"

bool ent_prove(ent_arena *arena, ent_sources *sources, ent_diags *diags, const ent_model *model)
{
    ent_prover p = {.arena = arena, .sources = sources, .diags = diags, .m = model};
    if (ent_diags_error_count(diags) > 0 || model->framework == NULL) {
        return true;
    }
    return ent_prove_rules(&p);
}
