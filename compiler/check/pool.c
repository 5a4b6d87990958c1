/* Pools: who puts in what, and the objectives that they are paid for.
 *
 * `paid when` is kept in postfix order. A name of an objective stands for all its versions, so that an
 * amendment does not take the pool's objective away. */
#include "compiler/check/checker.h"

/* --- what it is paid for --- */

static ent_term_decl *push_term(ent_checker *ck, ent_pool_decl *p, int op, ent_span span)
{
    ent_term_decl *t = ENT_PUSH(ck, p->terms, p->n_terms);
    if (t != NULL)
        *t = (ent_term_decl){.op = op, .span = span};
    return t;
}

/* The versions of `name`, in all agreements or, unless it is NULL, in `agreement`. */
static void collect_goals(ent_checker *ck, const char *agreement, const char *name,
                          ent_term_decl *t)
{
    for (size_t i = 0; i < ck->m->n_objectives; i++) {
        ent_objective_decl *o = ck->m->objectives[i];
        if (ent_same(o->name, name) &&
            (agreement == NULL || ent_same(o->agreement->name, agreement)))
            ENT_PUSH_PTR(ck, t->goals, t->n_goals, o);
    }
}

static void report_no_goal(ent_checker *ck, const char *agreement, const char *name, ent_span span)
{
    const char **names = NULL;
    size_t n = 0;
    for (size_t i = 0; i < ck->m->n_objectives; i++)
        if (agreement == NULL || ent_same(ck->m->objectives[i]->agreement->name, agreement))
            ENT_PUSH_PTR(ck, names, n, ck->m->objectives[i]->name);
    if (ent_hidden(ck, name, names, n))
        return;
    for (size_t i = 0; i < ck->m->n_duties; i++) {
        const ent_duty_decl *duty = ck->m->duties[i];
        if (!ent_same(duty->name, name) ||
            (agreement != NULL && !ent_same(duty->agreement->name, agreement)))
            continue;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0221, span,
                                   "`%s` is a duty, and a pool is paid for objectives", name);
        ent_diag_primary_label(d, "has outcomes, one for each time it was due");
        ent_diag_label(d, duty->span, "declared here");
        ent_diag_help(d, "hold them in an objective: `share of %s where met at least …`", name);
        return;
    }
    ent_diag *d = agreement == NULL
                      ? ent_diag_add(ck->diags, ENT_DIAG_E0212, span, "unknown objective `%s`", name)
                      : ent_diag_add(ck->diags, ENT_DIAG_E0212, span, "`%s` has no objective `%s`",
                                     agreement, name);
    ent_diag_primary_label(d, "not found");
    ent_check_suggest(ck, d, span, name, names, n, "objectives are");
}

/* A bare name is the framework's own objective, or that of the one agreement that has it. */
static bool settle_agreement(ent_checker *ck, ent_term_decl *t, const ent_node *name)
{
    const ent_agreement_decl *own = NULL, *other = NULL;
    for (size_t i = 0; i < t->n_goals; i++) {
        const ent_agreement_decl *a = t->goals[i]->agreement;
        own = a->is_framework ? a : own;
        if (!ent_same(a->name, t->goals[0]->agreement->name))
            other = a;
    }
    if (other == NULL)
        return true;
    if (own != NULL) {
        t->goals = NULL;
        t->n_goals = 0;
        collect_goals(ck, own->name, name->name, t);
        return true;
    }
    const ent_agreement_decl *first = t->goals[0]->agreement;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0212, name->span,
                               "`%s` is an objective of several agreements", name->name);
    ent_diag_primary_label(d, "which one?");
    ent_diag_label(d, t->goals[0]->span, "of `%s`", first->name);
    ent_diag_help(d, "write `%s.%s.met` or `%s.%s.met`", first->name, name->name, other->name,
                  name->name);
    return false;
}

/* In a window of the pool at least one of the objective must end. */
static void check_windows(ent_checker *ck, const ent_pool_decl *p, const ent_term_decl *t)
{
    static const char *const units[] = {[ENT_UNIT_DAY] = "day",
                                        [ENT_UNIT_WEEK] = "week",
                                        [ENT_UNIT_MONTH] = "month",
                                        [ENT_UNIT_QUARTER] = "quarter",
                                        [ENT_UNIT_YEAR] = "year"};
    for (size_t i = 0; i < t->n_goals; i++) {
        const ent_objective_decl *o = t->goals[i];
        if (o->window == ENT_UNIT_ROLLING || o->window <= p->unit || o->window == ENT_UNIT_NONE)
            continue;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0460, t->span,
                                   "`%s` is decided each %s, and the pool each %s", o->name,
                                   units[o->window], units[p->unit]);
        ent_diag_primary_label(d, "most of the pool's windows would not know");
        ent_diag_label(d, o->span, "the objective");
        ent_diag_help(d, "fund the pool each %s", units[o->window]);
        return;
    }
}

static void check_met(ent_checker *ck, ent_pool_decl *p, const ent_node *n)
{
    const ent_node *base = n->kids[0];
    if (!ent_same(n->name, "met")) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0205, n->name_span,
                                   "of an objective only `met` can be asked, not `%s`", n->name);
        ent_diag_fix(d, n->name_span, "met", "write `met`");
        return;
    }
    bool full = base->kind == ENT_NODE_MEMBER && base->kids[0]->kind == ENT_NODE_NAME;
    const char *agreement = full ? base->kids[0]->name : NULL;
    if (full && ent_resolve_agreement(ck, agreement, base->kids[0]->span) == NULL)
        return;
    ent_span span = full ? base->name_span : base->span;
    ent_term_decl *t = push_term(ck, p, ENT_TERM_MET, n->span);
    if (t == NULL)
        return;
    collect_goals(ck, agreement, base->name, t);
    if (t->n_goals == 0)
        report_no_goal(ck, agreement, base->name ? base->name : "", span);
    else if (full || settle_agreement(ck, t, base))
        check_windows(ck, p, t);
}

static void check_paid_when(ent_checker *ck, ent_pool_decl *p, const ent_node *n)
{
    if (n == NULL)
        return;
    if (n->kind == ENT_NODE_MEMBER) {
        check_met(ck, p, n);
        return;
    }
    bool not = n->kind == ENT_NODE_UNARY && n->op == ENT_OP_NOT;
    bool joins = n->kind == ENT_NODE_BINARY && (n->op == ENT_OP_AND || n->op == ENT_OP_OR);
    if (!joins && !not) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0304, n->span,
                                   "a pool is paid when objectives are met");
        ent_diag_primary_label(d, "such as `end_to_end.met`");
        return;
    }
    for (size_t i = 0; i < n->n_kids; i++)
        check_paid_when(ck, p, n->kids[i]);
    (void)push_term(ck, p, not ? ENT_TERM_NOT : n->op == ENT_OP_AND ? ENT_TERM_AND : ENT_TERM_OR,
                    n->span);
}

/* --- who puts in what --- */

static void check_funders(ent_checker *ck, ent_pool_decl *p, const ent_node *of)
{
    if (of == NULL || of->name == NULL)
        return;
    if (ent_same(of->name, "provider")) {
        for (size_t i = 0; i < ck->m->n_parties; i++)
            if (ck->m->parties[i]->role == ENT_ROLE_PROVIDER)
                ENT_PUSH_PTR(ck, p->funders, p->n_funders, ck->m->parties[i]);
    } else {
        ent_party_decl *party = ent_resolve_party(ck, of->name, of->span);
        if (party != NULL)
            ENT_PUSH_PTR(ck, p->funders, p->n_funders, party);
        return;
    }
    if (p->n_funders > 0 || ent_broken(ck, ck->m->framework->node->span))
        return;
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0460, of->span, "nobody puts anything into this pool");
    ent_diag_primary_label(d, "the framework has no provider");
}

static bool funds(const ent_pool_decl *p, const ent_party_decl *party)
{
    for (size_t i = 0; i < p->n_funders; i++)
        if (p->funders[i] == party)
            return true;
    return false;
}

/* The charges that it takes a part of, or shares by: there are some, and all in the framework's currency. */
static void check_charges(ent_checker *ck, const ent_pool_decl *p)
{
    const ent_framework_decl *f = ck->m->framework;
    bool charge = false;
    bool reads = p->by_charge || p->amount->kind == ENT_AMOUNT_PERCENT;
    for (size_t i = 0; reads && i < ck->m->n_agreements; i++) {
        const ent_agreement_decl *a = ck->m->agreements[i];
        if (a->is_framework || a->kind != 0 || !a->has_charge || !funds(p, a->supplier))
            continue;
        charge = true;
        if (f->currency == NULL || ent_same(a->charge_currency, f->currency))
            continue;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0303, p->amount->span,
                                   "the charge of `%s` is in %s, and the pool is kept in %s", a->name,
                                   a->charge_currency, f->currency);
        ent_diag_primary_label(d, "a part of it is money (%s)", a->charge_currency);
        const ent_node *node = ent_clause(a->node, ENT_NODE_CHARGE);
        ent_diag_label(d, node != NULL ? node->span : a->span, "the charge");
        return;
    }
    if (charge || p->amount->kind != ENT_AMOUNT_PERCENT || p->n_funders == 0 || ck->incomplete)
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0423, p->amount->span,
                               "a percentage of what? no `sla` of %s states a charge",
                               p->n_funders == 1 ? p->funders[0]->name : "the providers");
    ent_diag_primary_label(d, "needs a `charge`");
    ent_diag_help(d, "state the charge in the `sla`, or write an amount of money");
}

static void check_amount(ent_checker *ck, ent_pool_decl *p, const ent_node *n)
{
    const ent_framework_decl *f = ck->m->framework;
    ent_env env = ent_env_make(ENT_ENV_AMOUNT, &ck->top);
    p->amount = ent_check_amount(ck, &env, n, f->currency, true);
    if (p->amount == NULL || n == NULL)
        return;
    if (f->currency == NULL && !ent_broken(ck, f->node->span)) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0460, p->name == NULL ? n->span : p->span,
                                   "in which currency is pool `%s` kept?", p->name);
        ent_diag_primary_label(d, "the framework states none");
        ent_diag_help(d, "add `currency GBP` to the framework");
    }
    if (p->amount->kind == ENT_AMOUNT_NONE) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0460, n->span,
                                   "nobody puts anything into this pool");
        ent_diag_primary_label(d, "no amount");
    }
    check_charges(ck, p);
}

static void check_name(ent_checker *ck, const ent_pool_decl *p)
{
    const ent_span *first = NULL;
    for (size_t i = 0; i < ck->m->n_pools; i++)
        if (ent_same(ck->m->pools[i]->name, p->name))
            first = &ck->m->pools[i]->span;
    for (size_t i = 0; i < p->agreement->n_objectives; i++)
        if (ent_same(p->agreement->objectives[i]->name, p->name))
            first = &p->agreement->objectives[i]->span;
    for (size_t i = 0; i < p->agreement->n_duties; i++)
        if (ent_same(p->agreement->duties[i]->name, p->name))
            first = &p->agreement->duties[i]->span;
    if (first == NULL)
        return;
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0213, p->span, "`%s` is declared twice", p->name);
    ent_diag_label(d, *first, "first declared here");
}

void ent_check_pool(ent_checker *ck, const ent_node *n)
{
    ent_pool_decl *p = ent_check_alloc(ck, sizeof *p);
    ent_agreement_decl *own = NULL;
    for (size_t i = 0; i < ck->m->n_agreements; i++)
        if (ck->m->agreements[i]->is_framework)
            own = ck->m->agreements[i];
    if (p == NULL || own == NULL)
        return;
    *p = (ent_pool_decl){.index = (int32_t)ck->m->n_pools,
                         .agreement = own,
                         .name = n->name,
                         .title = n->title,
                         .doc = n->doc,
                         .unit = n->op,
                         .by_charge = n->i == 1,
                         .order = ck->n_clauses++,
                         .node = (ent_node *)(uintptr_t)n,
                         .span = n->name_span};
    check_name(ck, p);
    check_funders(ck, p, ent_kid(n, 1));
    check_amount(ck, p, ent_kid(n, 0));
    check_paid_when(ck, p, ent_kid(n, 2));
    ENT_PUSH_PTR(ck, ck->m->pools, ck->m->n_pools, p);
}
