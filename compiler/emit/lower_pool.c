/* Lowering of pools: funders and the terms of `paid when`.  See lower.h. */
#include "compiler/emit/lower_internal.h"

static int64_t lower_terms(ent_lower *lw, const ent_pool_decl *p)
{
    int64_t first = (int64_t)lw->b->term.n;
    for (size_t i = 0; i < p->n_terms; i++) {
        const ent_term_decl *t = &p->terms[i];
        int64_t first_goal = (int64_t)lw->b->goal.n;
        for (size_t k = 0; k < t->n_goals; k++) {
            ent_builder_add_goal(lw->b, (ent_goal_row){t->goals[k]->index});
        }
        ent_builder_add_term(lw->b, (ent_term_row){t->op, first_goal, (int64_t)t->n_goals,
                                                   ent_lower_place(lw, t->span)});
    }
    return first;
}

static int64_t lower_funders(ent_lower *lw, const ent_pool_decl *p)
{
    int64_t first = (int64_t)lw->b->funder.n;
    for (size_t i = 0; i < p->n_funders; i++) {
        ent_builder_add_funder(lw->b, (ent_funder_row){p->funders[i]->index});
    }
    return first;
}

bool ent_lower_pools(ent_lower *lw)
{
    for (size_t i = 0; i < lw->m->n_pools && !lw->failed; i++) {
        const ent_pool_decl *p = lw->m->pools[i];
        ent_builder_add_pool(lw->b,
                             (ent_pool_row){.agreement = p->agreement->index,
                                            .name = ent_builder_text(lw->b, p->name),
                                            .title = ent_builder_text_or_none(lw->b, p->title),
                                            .amount = ent_lower_amount(lw, p->amount, NULL),
                                            .first_funder = lower_funders(lw, p),
                                            .n_funders = (int64_t)p->n_funders,
                                            .unit = p->unit,
                                            .by_charge = p->by_charge,
                                            .first_term = lower_terms(lw, p),
                                            .n_terms = (int64_t)p->n_terms,
                                            .order = p->order,
                                            .doc = ent_builder_text_or_none(lw->b, p->doc),
                                            .place = ent_lower_place(lw, p->span)});
    }
    return !lw->failed;
}
