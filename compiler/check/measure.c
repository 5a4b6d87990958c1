/* Measures on their own: declared wherever they stand, and checked by themselves only if nothing
 * holds them (an objective checks the expression in its own context, aggregate.c). */
#include "compiler/check/checker.h"

void ent_declare_measure(ent_checker *ck, ent_scope *scope, ent_symbol *symbol)
{
    const ent_node *n = symbol->node, *per = ent_kid(n, 0), *by = ent_kid(n, 1);
    ent_measure_decl *m = ent_check_alloc(ck, sizeof *m);
    if (m == NULL)
        return;
    *m = (ent_measure_decl){.index = (int32_t)ck->m->n_measures,
                            .name = n->name,
                            .title = n->title,
                            .doc = n->doc,
                            .per = per != NULL ? per->name : NULL,
                            .agreement = scope->agreement,
                            .node = (ent_node *)(uintptr_t)n,
                            .span = n->name_span};
    if (by != NULL)
        m->measured_by = ent_resolve_party(ck, by->name, by->span);
    symbol->decl = m;
    ENT_PUSH_PTR(ck, ck->m->measures, ck->m->n_measures, m);
}

void ent_check_measure(ent_checker *ck, ent_scope *scope, ent_symbol *symbol)
{
    ent_measure_decl *m = symbol->decl;
    ent_objective_decl *scratch = ent_check_alloc(ck, sizeof *scratch);
    if (m == NULL || scratch == NULL)
        return;
    ent_env env = ent_env_make(ENT_ENV_MEASURE, scope);
    env.objective = scratch;
    env.measure = m;
    m->type = ent_expr(ck, &env, ent_kid(m->node, 2), ent_ty(ENT_TYPE_NONE))->type;
}
