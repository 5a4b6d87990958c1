/* See clause.h. */
#include "runtime/judge/clause.h"

#define CLAUSE(word, row) \
    ((ent_clause){(word), (row)->agreement, (row)->name, (row)->title, (row)->order, (row)->place})

ent_clause ent_decision_clause(const ent_program *p, const ent_decision *d)
{
    switch (d->kind) {
    case ENT_DECISION_DUTY:
        return CLAUSE("duty", &p->duty[d->clause]);
    case ENT_DECISION_POOL:
        return CLAUSE("pool", &p->pool[d->clause]);
    default:
        return CLAUSE("objective", &p->objective[d->clause]);
    }
}
