/* The clause that a decision is of, whatever its kind: one place that knows the tables of clauses. */
#ifndef ENT_JUDGE_CLAUSE_H
#define ENT_JUDGE_CLAUSE_H

#include "runtime/bytecode/program.h"
#include "runtime/judge/verdict.h"

typedef struct ent_clause {
    const char *kind; /* as the ledger calls it */
    int64_t agreement;
    int64_t name, title; /* strings; the title may be -1 */
    int64_t order;
    int64_t place;
} ent_clause;

ent_clause ent_verdict_clause(const ent_image *program, const ent_verdict *decision);

#endif
