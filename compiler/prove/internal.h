/* What the files of the prover share.  See prove.h. */
#ifndef ENT_PROVE_INTERNAL_H
#define ENT_PROVE_INTERNAL_H

#include "compiler/prove/prove.h"

typedef struct ent_prover {
    ent_arena *arena;
    ent_sources *sources;
    ent_diags *diags;
    const ent_model *m;
} ent_prover;

/* Each reports what it finds; false: out of memory. */
bool ent_prove_rules(ent_prover *p);
#endif
