/* The prover: what can be shown about a set of agreements before anything happens.
 *
 * Names and types are the checker's (compiler/check); here a model without errors is held against
 * the framework's rules and against arithmetic.  It is the compiler's only user of the vector
 * interpreter: rules are lowered to kernels (compiler/emit/rule.h), written, verified and run like
 * any program.
 *
 *   elements.c                  the collections of the model at a date, and their fields
 *   rules.c, witness.c          running rules in batches, and why one does not hold
 *   availability.c, times.c     underpinning
 *   accountability.c, dead.c    who answers for what, and what can never apply
 *   box.c, guards.c, claims.c   conditions as sets of values, and what follows
 *   watermelon.c, search.c, trial.c, melon_report.c, melon_duty.c
 *                               all met below and missed above
 *   counterexample.c            rows that show it
 *
 * Invariant: nothing is changed but the list of diagnostics.  Golden: tests/golden/diagnostics. */
#ifndef ENT_PROVE_PROVE_H
#define ENT_PROVE_PROVE_H

#include "compiler/check/model.h"
#include "compiler/syntax/arena.h"
#include "compiler/syntax/diag.h"

/* Does nothing if there are errors already.  False: out of memory. */
bool ent_prove(ent_arena *arena, ent_sources *sources, ent_diags *diags, const ent_model *model);
#endif
