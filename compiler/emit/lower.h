/* Lowering: from the checked model to the tables and kernels of a program.
 *
 * Why here: this is the only place that knows both what an author's clause means
 * (compiler/check/model.h) and what the engine reads (runtime/bytecode/tables.def).  The model must
 * be free of errors. Equal models give equal programs.  What is emitted is verified by the loader
 * like a stranger's file. Tested in tests/unit/test_emit.c and by the golden listings of
 * tests/golden/emit/. */
#ifndef ENT_EMIT_LOWER_H
#define ENT_EMIT_LOWER_H

#include "compiler/check/model.h"
#include "compiler/emit/builder.h"

typedef struct ent_lower_error {
    bool out_of_memory;
    ent_span span; /* ENT_NO_SPAN where there is no place */
    char message[256];
} ent_lower_error;

/* Fills the builder's tables.  False: `error` says why and where; the builder is of no use then. */
bool ent_lower_model(const ent_model *model, ent_builder *b, ent_lower_error *error);
#endif
