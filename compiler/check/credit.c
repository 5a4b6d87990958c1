/* Credits: amounts, caps, ladders' steps and rates.  What a ladder as a whole must be is in
 * ladder.c. */
#include "compiler/check/checker.h"

static void report_no_charge(ent_checker *ck, ent_env *env, ent_span span)
{
    const ent_agreement_decl *a = env->scope->agreement;
    if (a != NULL && ent_broken(ck, a->node->span))
        return; /* the charge may be what could not be read */
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0423, span, "a percentage of what? `%s` states no charge",
                     a != NULL ? a->name : "this");
    ent_diag_primary_label(d, "needs a `charge`");
    if (a != NULL)
        ent_diag_label(d, a->span, "this agreement");
    ent_diag_help(d,
                  "add `charge %s 1000.00 per month` to the agreement, or state an amount of money",
                  a != NULL && a->currency != NULL ? a->currency : "GBP");
}

static bool mentions_charge(const ent_node *n)
{
    if (n == NULL)
        return false;
    if (n->kind == ENT_NODE_NAME && ent_same(n->name, "charge"))
        return true;
    for (size_t i = 0; i < n->n_kids; i++)
        if (mentions_charge(n->kids[i]))
            return true;
    return false;
}

static void report_currency(ent_checker *ck, ent_env *env, const ent_node *n, const char *have,
                            const char *want)
{
    const ent_agreement_decl *a = env->scope->agreement;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0303, n->span,
                               "this amount is in %s, and %s is kept in %s", have,
                               a != NULL ? "the agreement" : "the framework", want);
    ent_diag_primary_label(d, "this is money (%s)", have);
    const ent_node *charge = a != NULL ? ent_clause(a->node, ENT_NODE_CHARGE) : NULL;
    if (charge != NULL)
        ent_diag_label(d, charge->span, "the charge is money (%s)", want);
    else if (ck->m->framework != NULL &&
             ent_clause(ck->m->framework->node, ENT_NODE_CURRENCY) != NULL)
        ent_diag_label(d, ent_clause(ck->m->framework->node, ENT_NODE_CURRENCY)->span,
                       "the framework's currency");
}

/* A function of nothing that gives a constant is an amount like a literal one. */
static void check_expression(ent_checker *ck, ent_env *env, ent_amount_decl *a,
                             const ent_node *from)
{
    ent_node *e = ent_expr(ck, env, from, ent_ty(ENT_TYPE_NONE));
    a->expr = e;
    if (e->type.kind == ENT_TYPE_ERROR)
        return;
    if (e->type.kind == ENT_TYPE_DECIMAL) {
        e = ent_coerce(ck, env, e, ent_ty(ENT_TYPE_RATIO));
        a->expr = e == NULL ? ck->error_node : e;
    }
    if (e != NULL && (e->type.kind == ENT_TYPE_MONEY || e->type.kind == ENT_TYPE_RATIO)) {
        ent_value v;
        if (ent_eval(ck, e, &v)) {
            a->kind = e->type.kind == ENT_TYPE_MONEY ? ENT_AMOUNT_MONEY : ENT_AMOUNT_PERCENT;
            a->q = v.q;
        }
        a->currency = e->type.currency;
        return;
    }
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0306, from->span,
                               "a credit is money or a ratio of the charge, not %s",
                               ent_ty_phrase(ck, a->expr->type));
    ent_label_type(ck, d, a->expr, true);
    if (a->expr->type.kind == ENT_TYPE_NUMBER)
        ent_diag_note(d, "`number` is binary floating point, which cannot keep money exactly");
    a->expr = ck->error_node;
}

static void check_weight(ent_checker *ck, ent_env *env, ent_amount_decl *amount);

ent_amount_decl *ent_check_amount(ent_checker *ck, ent_env *env, const ent_node *n,
                                  const char *currency, bool charge_there)
{
    ent_amount_decl *a = ent_check_alloc(ck, sizeof *a);
    if (a == NULL || n == NULL)
        return a;
    *a = (ent_amount_decl){.kind = n->op,
                           .q = ent_q_from_i64(0),
                           .span = n->span,
                           .text = ent_check_source_text(ck, n->span)};
    const ent_node *value = ent_kid(n, 0);
    switch (n->op) {
    case ENT_AMOUNT_NONE:
        return a;
    case ENT_AMOUNT_PERCENT:
        a->q = value->q;
        break;
    case ENT_AMOUNT_MONEY:
        a->q = value->q;
        a->currency = value->text;
        break;
    case ENT_AMOUNT_WEIGHT:
        check_weight(ck, env, a);
        (void)ent_q_mul(a->q, value->q, &a->q);
        return a;
    default:
        if (mentions_charge(value) && !charge_there) {
            report_no_charge(ck, env, n->span);
            a->expr = ck->error_node;
            return a;
        }
        check_expression(ck, env, a, value);
        if (a->expr == NULL || a->expr->type.kind == ENT_TYPE_ERROR)
            return a;
        break;
    }
    bool ratio = a->kind == ENT_AMOUNT_PERCENT ||
                 (a->kind == ENT_AMOUNT_EXPR && a->expr->type.kind == ENT_TYPE_RATIO);
    if (ratio && !charge_there)
        report_no_charge(ck, env, n->span);
    if (!ratio && currency != NULL && !ent_same(currency, a->currency))
        report_currency(ck, env, n, a->currency, currency);
    if (a->kind != ENT_AMOUNT_EXPR && a->q.num < 0) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0442, n->span, "a credit cannot be negative");
        ent_diag_primary_label(d, "this would be a charge");
    }
    return a;
}

/* --- caps --- */

static void add_cap(ent_checker *ck, ent_scope *scope, const ent_node *n, const char *currency,
                    bool charge_there, ent_cap_decl ***caps, size_t *n_caps)
{
    ent_env env = ent_env_make(ENT_ENV_AMOUNT, scope);
    ent_cap_decl *cap = ent_check_alloc(ck, sizeof *cap);
    if (cap == NULL)
        return;
    *cap = (ent_cap_decl){.unit = n->op, .months = n->i, .span = n->span};
    cap->amount = ent_check_amount(ck, &env, ent_kid(n, 0), currency, charge_there);
    for (size_t i = 0; i < *n_caps; i++) {
        const ent_cap_decl *other = (*caps)[i];
        if (other->unit != cap->unit || other->months != cap->months)
            continue;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0120, n->span,
                                   "two caps for the same stretch of time");
        ent_diag_label(d, other->span, "the first one");
        return;
    }
    if (n->i != 0 && (n->i < 2 || n->i > 120)) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0442, n->span,
                                   "a cap reaches over 2 to 120 months");
        ent_diag_primary_label(d, "not %lld", (long long)n->i);
        if (n->i == 1)
            ent_diag_help(d, "write `each month`");
    }
    ENT_PUSH_PTR(ck, *caps, *n_caps, cap);
}

void ent_check_caps(ent_checker *ck, ent_scope *scope, const ent_node *node, const char *currency,
                    bool charge_there, ent_cap_decl ***caps, size_t *n_caps)
{
    for (size_t i = 0; i < node->n_kids; i++) {
        const ent_node *k = node->kids[i];
        if (k->kind == ENT_NODE_REPLACE || k->kind == ENT_NODE_ADD)
            k = ent_kid(k, 0);
        if (k != NULL && k->kind == ENT_NODE_CREDIT_CAP)
            add_cap(ck, scope, k, currency, charge_there, caps, n_caps);
    }
}

/* --- what is at risk, and weights --- */

void ent_check_at_risk(ent_checker *ck, ent_scope *scope, const ent_node *node,
                       const ent_node *const *members, size_t n_members)
{
    ent_agreement_decl *a = scope->agreement;
    const ent_node *at = NULL;
    a->weights = ent_q_from_i64(0);
    for (size_t i = 0; i < node->n_kids; i++) {
        const ent_node *k = node->kids[i]->kind == ENT_NODE_REPLACE ||
                                    node->kids[i]->kind == ENT_NODE_ADD
                                ? ent_kid(node->kids[i], 0)
                                : node->kids[i];
        at = k != NULL && k->kind == ENT_NODE_AT_RISK ? k : at;
    }
    for (size_t i = 0; i < n_members; i++) {
        const ent_node *w = members[i]->kind == ENT_NODE_OBJECTIVE
                                ? ent_clause(members[i], ENT_NODE_WEIGHT)
                                : NULL;
        if (w != NULL && ent_kid(w, 0) != NULL && w->kids[0]->q.num > 0)
            (void)ent_q_add(a->weights, w->kids[0]->q, &a->weights);
    }
    ent_cap_decl *cap = at == NULL ? NULL : ent_check_alloc(ck, sizeof *cap);
    if (cap == NULL) {
        a->at_risk = a->before != NULL ? a->before->at_risk : NULL;
        return;
    }
    ent_env env = ent_env_make(ENT_ENV_AMOUNT, scope);
    *cap = (ent_cap_decl){.unit = at->op, .weighted = true, .span = at->span};
    cap->amount = ent_check_amount(ck, &env, ent_kid(at, 0), a->currency, a->has_charge);
    a->at_risk = cap;
    if (a->weights.num == 0 && !ent_broken(ck, node->span)) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_W0402, at->span, "nothing shares in this");
        ent_diag_primary_label(d, "no objective has a weight");
        ent_diag_help(d, "add `weight 40` and `credit by weight` to an objective");
    }
}

/* The part of what is at risk that `q` of the objective's weight is. */
static void check_weight(ent_checker *ck, ent_env *env, ent_amount_decl *amount)
{
    const ent_objective_decl *o = env->objective;
    const ent_agreement_decl *a = env->scope->agreement;
    amount->q = ent_q_from_i64(1); /* so that what is wrong is not also said to pay nothing */
    if (o == NULL || !o->has_weight) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0461, amount->span,
                                   o == NULL ? "this has no weight" : "`%s` has no weight",
                                   o == NULL ? "" : o->name);
        ent_diag_primary_label(d, "a part of which weight?");
        ent_diag_help(d, o == NULL ? "only an objective has a weight"
                                   : "add `weight 40` to the objective");
        return;
    }
    if (a->at_risk == NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0461, amount->span,
                                   "a weight of what? `%s` puts nothing at risk", a->name);
        ent_diag_primary_label(d, "needs `at risk`");
        ent_diag_label(d, a->span, "this agreement");
        ent_diag_help(d, "add `at risk 20%% of charge each month` to it");
        return;
    }
    if (o->window != a->at_risk->unit && o->window != ENT_UNIT_NONE) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0461, amount->span,
                                   "`%s` is not decided when what is at risk is counted", o->name);
        ent_diag_primary_label(d, "a part of what is at risk each time");
        ent_diag_label(d, a->at_risk->span, "counted so");
        ent_diag_label(d, o->node->kids[2]->span, "decided so");
        ent_diag_help(d, "give both the same window");
        return;
    }
    amount->of = a->at_risk->amount;
    (void)ent_q_div(o->weight, a->weights, &amount->q);
}

/* --- rates --- */

static void check_direction(ent_checker *ck, const ent_objective_decl *o, const ent_node *rate)
{
    bool needs_above = o->compare == ENT_CMP_AT_MOST || o->compare == ENT_CMP_BELOW;
    if (needs_above == (rate->op == 1) || o->target.type.kind == ENT_TYPE_ERROR)
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0425, rate->span,
                               "this pays for what is %s the target, where it is met",
                               rate->op == 1 ? "above" : "below");
    ent_diag_primary_label(d, "`%s`", rate->op == 1 ? "above" : "below");
    const ent_node *target = ent_kid(o->node, 1);
    if (target != NULL)
        ent_diag_label(d, target->span, "the target");
    ent_diag_help(d, "write `%s`", needs_above ? "above" : "below");
}

static void check_rate(ent_checker *ck, ent_env *env, ent_objective_decl *o, const ent_node *rate)
{
    const ent_agreement_decl *a = o->agreement;
    o->rate_amount = ent_check_amount(ck, env, ent_kid(rate, 0), a->currency, a->has_charge);
    o->rate_max = ent_kid(rate, 2) == NULL
                      ? NULL
                      : ent_check_amount(ck, env, rate->kids[2], a->currency, a->has_charge);
    o->rate_above = rate->op == 1;
    o->rate_pro_rata = rate->i == 1;
    o->rate_per.type = ent_ty(ENT_TYPE_ERROR);
    const ent_node *per = ent_kid(rate, 1);
    if (per == NULL || o->type.kind == ENT_TYPE_ERROR)
        return;
    check_direction(ck, o, rate);
    ent_env constant = ent_env_make(ENT_ENV_CONST, env->scope);
    ent_node *e = ent_expr(ck, &constant, per, ent_ty(ENT_TYPE_NONE));
    /* between instants, and between times of day, the distance is a duration */
    bool apart = o->type.kind == ENT_TYPE_INSTANT || o->type.kind == ENT_TYPE_TIME;
    ent_type unit = apart ? ent_ty(ENT_TYPE_DURATION) : o->type;
    ent_node *c = e->type.kind == ENT_TYPE_ERROR ? NULL : ent_coerce(ck, &constant, e, unit);
    if (e->type.kind == ENT_TYPE_ERROR)
        return;
    if (c == NULL || !ent_eval(ck, c, &o->rate_per)) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0424, per->span,
                                   "the rate is per %s, and what is measured is %s",
                                   ent_ty_text(ck, e->type), ent_ty_phrase(ck, o->type));
        ent_label_type(ck, d, e, true);
        ent_diag_label(d, o->node->kids[0]->span, "this is %s", ent_ty_phrase(ck, o->type));
        ent_diag_help(d, "write %s",
                      unit.kind == ENT_TYPE_RATIO      ? "`per 1%` (a percentage point)"
                      : unit.kind == ENT_TYPE_DURATION ? "`per 10ms`, `per 1h` or the like"
                                                       : "`per 1`, in the unit of the measure");
        o->rate_per.type = ent_ty(ENT_TYPE_ERROR);
        return;
    }
    ent_value zero = {.type = o->rate_per.type, .q = ent_q_from_i64(0)};
    if (ent_value_cmp(&o->rate_per, &zero) <= 0) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0443, per->span, "a rate is per something");
        ent_diag_primary_label(d, "this must be more than nothing");
    }
}

/* --- ladders --- */

static void check_step(ent_checker *ck, ent_env *env, ent_objective_decl *o, const ent_node *n)
{
    ent_step_decl step = {.compare = n->op, .span = n->span, .bound.type = ent_ty(ENT_TYPE_ERROR)};
    step.amount =
        ent_check_amount(ck, env, ent_kid(n, 0), o->agreement->currency, o->agreement->has_charge);
    if (n->op != ENT_CMP_OTHERWISE && ent_kid(n, 1) != NULL) {
        ent_env constant = ent_env_make(ENT_ENV_CONST, env->scope);
        constant.objective = o;
        ent_check_bound(ck, &constant, n->kids[1], o->type, n->op, "this bound", &step.bound);
        step.bound.span = n->kids[1]->span;
    }
    ent_step_decl *slot = ENT_PUSH(ck, o->steps, o->n_steps);
    if (slot != NULL)
        *slot = step;
}

void ent_check_credit(ent_checker *ck, ent_scope *scope, ent_objective_decl *o, const ent_node *n)
{
    ent_env env = ent_env_make(ENT_ENV_AMOUNT, scope);
    env.objective = o;
    env.figure_name = o->measure != NULL ? o->measure->name : NULL;
    o->rounding = n->op;
    for (size_t i = 0; i < n->n_kids; i++) {
        if (n->kids[i]->kind == ENT_NODE_RATE)
            check_rate(ck, &env, o, n->kids[i]);
        else if (n->kids[i]->kind == ENT_NODE_STEP)
            check_step(ck, &env, o, n->kids[i]);
    }
    if (o->n_steps > 0 && n->i != 1) /* `by weight` is what any breach costs */
        ent_check_ladder(ck, o, n);
}
