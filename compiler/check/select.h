/* A model that has only some of the agreements: what a scenario's `using` asks for.
 *
 * The selection shares all declarations with the model it was made from and numbers them anew, so of
 * one model only the latest selection may be lowered.  Tested by tests/golden/run/test_*. */
#ifndef ENT_CHECK_SELECT_H
#define ENT_CHECK_SELECT_H

#include <stdbool.h>

#include "compiler/check/model.h"

/* All versions of the agreements named, and those whose outcomes their objectives read; names == NULL:
 * every agreement.  Pools need the whole club and are left out with the first agreement.  The
 * arrays live in the model's arena.  false: no memory. */
bool ent_model_select(const ent_model *model, const char *const *names, size_t n, ent_model *out);
#endif
