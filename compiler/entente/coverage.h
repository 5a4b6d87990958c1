/* Which clauses, outcomes and steps of ladders the scenarios reach.
 *
 * A clause that stands in several versions of an agreement is one entry for each place where it is written: what an
 * amendment leaves alone need not be tested twice.  Only what is final counts. */
#ifndef ENT_ENTENTE_COVERAGE_H
#define ENT_ENTENTE_COVERAGE_H

#include "compiler/entente/scenario.h"

typedef struct ent_covered_step {
    const char *text; /* as written: `5% of charge` */
    uint32_t line, column;
    bool reached;
} ent_covered_step;

typedef struct ent_covered_clause {
    const char *agreement, *name, *file;
    int64_t version; /* the first one that has it */
    uint32_t line, column;
    bool is_duty;
    bool met, breach, other; /* other: excused or void */
    ent_covered_step *steps;
    size_t n_steps;
} ent_covered_clause;

typedef struct ent_coverage {
    ent_covered_clause *v;
    size_t n;
} ent_coverage;

/* The clauses of the files' own agreements, none of them reached.  false: no memory. */
bool ent_coverage_init(const ent_compilation *c, ent_coverage *coverage);
void ent_coverage_add(const ent_scenario_run *run, ent_coverage *coverage);
#endif
