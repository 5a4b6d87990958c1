/* The prover: what can be shown about a set of agreements before anything happens.
 *
 * Names and types are the checker's (compiler/check); here a model without errors is held against the
 * framework's rules and against arithmetic.  It is the compiler's only user of the vector interpreter:
 * rules are lowered to kernels (compiler/emit/rule.h), written, verified and run like any program.
 *
 *   elements.c  the collections of the model at a date, and what is read of their elements
 *   rules.c     running rules: batches, reductions, limits      witness.c  why a rule does not hold
 *   availability.c, times.c   underpinning                      accountability.c  who answers for what
 *   box.c       conditions as sets of values                    guards.c, claims.c, dead.c  what follows
 *   watermelon.c  all met below, missed above                   counterexample.c  rows to show it
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
