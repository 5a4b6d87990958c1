/* See clause.h. */
#include "runtime/judge/clause.h"

#define CLAUSE(word, row) \
    ((ent_clause){(word), (row)->agreement, (row)->name, (row)->title, (row)->order, (row)->place})

ent_clause ent_verdict_clause(const ent_image *p, const ent_verdict *d)
{
    switch (d->kind) {
    case ENT_VERDICT_DUTY:
        return CLAUSE("duty", &p->duty[d->clause]);
    case ENT_VERDICT_POOL:
        return CLAUSE("pool", &p->pool[d->clause]);
    default:
        return CLAUSE("objective", &p->objective[d->clause]);
    }
}
