/* Objectives: a figure, for whom, held against what, in which windows, and what silence means. */
#include "compiler/check/checker.h"
#include "runtime/time/arith.h"

/* --- the figure and its subject --- */

static ent_symbol *measure_of(ent_scope *scope, const ent_node *n)
{
    const ent_node *name = n->kind == ENT_NODE_CALL ? n->kids[0] : n;
    if (name->kind != ENT_NODE_NAME)
        return NULL;
    ent_symbol *s = ent_scope_find(scope, name->name, true);
    return s != NULL && s->kind == ENT_NODE_MEASURE ? s : NULL;
}

static void supplied_services(ent_checker *ck, ent_objective_decl *o, const ent_node *n)
{
    const ent_party_decl *supplier = o->agreement->supplier;
    for (size_t i = 0; i < ck->m->n_services; i++) {
        bool end_to_end = o->agreement->is_framework;
        if ((ck->m->services[i]->provider != supplier && !end_to_end) || supplier == NULL)
            continue;
        ent_value *v = ENT_PUSH(ck, o->subjects, o->n_subjects);
        if (v != NULL)
            *v = (ent_value){.type = o->subject_type, .i = (int64_t)i, .span = n->span};
    }
    if (o->n_subjects > 0 || supplier == NULL)
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0435, n->span, "`%s` provides no service",
                               supplier->name);
    ent_diag_primary_label(d, "without an argument this is held for each service of the supplier");
    ent_diag_label(d, supplier->span, "no `service … by %s` in the framework", supplier->name);
    ent_diag_help(d, "name the service: `%s(…)`", o->measure->name);
}

static void check_subject(ent_checker *ck, ent_env *env, ent_objective_decl *o, const ent_node *n)
{
    const ent_measure_decl *m = o->measure;
    if (o->n_folds == 0 || m == NULL || m->per == NULL)
        return;
    const ent_fold_decl *fold = o->folds[0];
    for (size_t i = 0; i < o->n_folds && fold->n_groups == 0; i++)
        fold = o->folds[i];
    o->subject_field = m->per;
    if (fold->n_groups > 0) {
        o->subject_field = fold->groups[0]->name;
        o->subject_type = fold->groups[0]->type;
        o->subject_enumeration = fold->groups[0]->enumeration;
    } else {
        o->subject_field = fold->of->key_names[0];
        o->subject_type = fold->of->key_types[0];
    }
    if (n->kind == ENT_NODE_CALL) {
        ent_value v;
        const char *what =
            ent_check_printf(ck, "`%s` is kept per %s: its argument is", m->name, m->per);
        o->subject = ENT_SUBJECT_LISTED;
        if (!ent_eval_as(ck, env, n->kids[1], o->subject_type, what ? what : "", &v)) {
            o->type = ent_ty(ENT_TYPE_ERROR);
            return;
        }
        ent_value *slot = ENT_PUSH(ck, o->subjects, o->n_subjects);
        if (slot != NULL)
            *slot = v;
    } else if (o->subject_type.kind == ENT_TYPE_SERVICE) {
        o->subject = ENT_SUBJECT_LISTED;
        supplied_services(ck, o, n);
    } else {
        o->subject = ENT_SUBJECT_EACH;
    }
}

static void check_figure(ent_checker *ck, ent_scope *scope, ent_objective_decl *o,
                         const ent_node *n)
{
    ent_env env = ent_env_make(ENT_ENV_MEASURE, scope);
    env.objective = o;
    ent_symbol *s = measure_of(scope, n);
    bool listed = n->kind == ENT_NODE_CALL && n->n_kids == 2;
    if (s != NULL && s->decl != NULL && (n->kind == ENT_NODE_NAME || listed)) {
        ent_measure_decl *m = s->decl;
        s->used = true;
        if (listed && m->per == NULL) {
            o->expr = ent_check_measure_call(ck, &env, n, s); /* says that it takes none */
        } else {
            o->measure = m;
            o->measured_by = m->measured_by;
            env.measure = m;
            env.measure_depth = 1;
            o->expr = ent_expr(ck, &env, ent_kid(m->node, 2), ent_ty(ENT_TYPE_NONE));
        }
    } else {
        o->expr = ent_expr(ck, &env, n, ent_ty(ENT_TYPE_NONE));
    }
    o->type = o->expr->type;
    if (o->type.kind == ENT_TYPE_ERROR)
        return;
    if (o->n_folds == 0) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0436, n->span, "nothing is measured here");
        ent_label_type(ck, d, o->expr, true);
        ent_diag_help(d,
                      "take a figure over the rows of a feed: `share of … where …`, `count of …`");
        o->type = ent_ty(ENT_TYPE_ERROR);
        return;
    }
    if (!ent_ty_is_ordered(o->type)) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0307, n->span, "%s cannot be held against a target",
                         ent_ty_phrase(ck, o->type));
        ent_label_type(ck, d, o->expr, true);
        o->type = ent_ty(ENT_TYPE_ERROR);
        return;
    }
    ent_env constant = ent_env_make(ENT_ENV_CONST, scope);
    check_subject(ck, &constant, o, n);
    if (o->measured_by != NULL && o->measured_by == o->agreement->supplier) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_W0401, o->span, "`%s` measures what `%s` is held to",
                         o->measured_by->name, o->agreement->supplier->name);
        ent_diag_primary_label(d, "the measuring party gains when this is met");
        ent_diag_label(d, o->measure->span, "its figure is `measured by %s`", o->measured_by->name);
    }
}

/* --- the target --- */

static const char *target_example(ent_type t)
{
    switch (t.kind) {
    case ENT_TYPE_RATIO:
        return "at least 99.9%";
    case ENT_TYPE_DURATION:
        return "at most 400ms";
    case ENT_TYPE_MONEY:
        return "at most GBP 1000.00";
    case ENT_TYPE_INSTANT:
        return "at most 2026-12-31";
    default:
        return "at most 5";
    }
}

/* A decimal bound of a whole-number (or coarser decimal) measure, moved to the equivalent that it
 * can hold: a count is at most 2.5 exactly when it is at most 2. */
static bool moved_bound(ent_node *e, ent_type want, int compare, ent_value *out)
{
    if (e->type.kind != ENT_TYPE_DECIMAL ||
        (want.kind != ENT_TYPE_INT && want.kind != ENT_TYPE_DECIMAL))
        return false;
    const ent_node *literal = e->kind == ENT_NODE_UNARY ? e->kids[0] : e;
    if (literal->kind != ENT_NODE_LITERAL)
        return false;
    ent_q q = e->kind == ENT_NODE_UNARY ? ent_q_neg(literal->q) : literal->q;
    for (int32_t k = 0; want.kind == ENT_TYPE_DECIMAL && k < want.param; k++)
        if (!ent_q_mul(q, ent_q_from_i64(10), &q))
            return false;
    bool up = compare == ENT_CMP_AT_LEAST || compare == ENT_CMP_BELOW;
    ent_i128 v = up ? ent_q_ceil(q) : ent_q_floor(q);
    if (v > INT64_MAX || v < INT64_MIN)
        return false;
    *out = (ent_value){.type = want, .i = (int64_t)v, .span = e->span};
    return true;
}

static bool is_share(const ent_objective_decl *o)
{
    return o != NULL && o->n_folds == 1 && o->expr != NULL &&
           o->expr->kind == ENT_NODE_AGGREGATE && o->type.kind == ENT_TYPE_RATIO &&
           (o->folds[0]->kind == ENT_AGG_SHARE || o->folds[0]->kind == ENT_AGG_TIME_SHARE ||
            o->folds[0]->kind == ENT_AGG_TIME_OUTSIDE);
}

/* `at least 99` of a share is 9,900%: whoever writes it means 99%. */
static bool lacks_percent(ent_checker *ck, const ent_objective_decl *o, const ent_node *e,
                          const char *what)
{
    bool bare = e->kind == ENT_NODE_LITERAL && (e->op == ENT_LIT_INT || e->op == ENT_LIT_DECIMAL);
    if (!is_share(o) || !bare || ent_q_cmp(e->q, ent_q_from_i64(1)) <= 0)
        return false;
    const char *text = ent_check_source_text(ck, e->span);
    const char *mend = ent_check_printf(ck, "%s%%", text == NULL ? "" : text);
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0307, e->span,
                               "%s is a number above 1, and what is measured is a share", what);
    ent_diag_primary_label(d, "a share is at most 1, which is 100%%");
    if (mend != NULL)
        ent_diag_fix(d, e->span, mend, "did you mean `%s`?", mend);
    return true;
}

bool ent_check_bound(ent_checker *ck, ent_env *env, const ent_node *n, ent_type want, int compare,
                     const char *what, ent_value *out)
{
    *out = (ent_value){.type = ent_ty(ENT_TYPE_ERROR)};
    ent_node *e = ent_expr(ck, env, n, ent_ty(ENT_TYPE_NONE));
    if (e->type.kind == ENT_TYPE_ERROR || want.kind == ENT_TYPE_ERROR)
        return false;
    if (lacks_percent(ck, env->objective, e, what))
        return false;
    ent_node *c = ent_coerce(ck, env, e, want);
    if (c == NULL && moved_bound(e, want, compare, out))
        return true;
    if (c == NULL) {
        bool currencies = e->type.kind == ENT_TYPE_MONEY && want.kind == ENT_TYPE_MONEY;
        const ent_objective_decl *o = env->objective;
        ent_diag *d = ent_diag_add(ck->diags, currencies ? ENT_DIAG_E0303 : ENT_DIAG_E0307, e->span,
                                   "%s is %s, and what is measured is %s", what,
                                   ent_ty_phrase(ck, e->type), ent_ty_phrase(ck, want));
        ent_label_type(ck, d, e, true);
        if (o != NULL && ent_kid(o->node, 0) != NULL) {
            const ent_node *figure = o->node->kids[0];
            if (o->measure != NULL)
                ent_diag_label(d, figure->span, "`%s` is %s", o->measure->name,
                               ent_ty_phrase(ck, want));
            else
                ent_diag_label(d, figure->span, "this is %s", ent_ty_phrase(ck, want));
            if (o->measure != NULL)
                ent_diag_label(d, o->measure->span, "`%s` is declared here", o->measure->name);
        }
        ent_diag_help(d, "a bound for it looks like `%s`", target_example(want));
        return false;
    }
    if (ent_eval(ck, c, out)) {
        out->span = n->span;
        return true;
    }
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0316, n->span, "%s must be a constant", what);
    ent_diag_primary_label(d, "this is not known before there are facts");
    return false;
}

static void check_target(ent_checker *ck, ent_scope *scope, ent_objective_decl *o,
                         const ent_node *n)
{
    if (n == NULL || ent_kid(n, 0) == NULL) {
        o->target.type = ent_ty(ENT_TYPE_ERROR);
        return;
    }
    ent_env env = ent_env_make(ENT_ENV_CONST, scope);
    env.objective = o;
    o->compare = n->op;
    o->target_text = ent_check_source_text(ck, n->kids[0]->span);
    if (!ent_check_bound(ck, &env, n->kids[0], o->type, n->op, "the target", &o->target)) {
        o->target.type = ent_ty(ENT_TYPE_ERROR);
        return;
    }
    bool share = is_share(o);
    int one = share ? ent_q_cmp(o->target.q, ent_q_from_i64(1)) : -1;
    bool never = (n->op == ENT_CMP_AT_LEAST && one > 0) || (n->op == ENT_CMP_ABOVE && one >= 0);
    if (share && never) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_W0404, n->span, "this target can never be met");
        ent_diag_primary_label(d, "a share is at most 100%%");
    }
}

/* --- windows --- */

static void check_window(ent_checker *ck, ent_scope *scope, ent_objective_decl *o,
                         const ent_node *n)
{
    if (n == NULL)
        return; /* the parser has said so */
    o->window = n->op;
    if (n->op != ENT_UNIT_ROLLING)
        return;
    ent_env env = ent_env_make(ENT_ENV_CONST, scope);
    ent_value length = {0}, every = {.i = ENT_TIME_DAY_NS};
    if (!ent_eval_as(ck, &env, n->kids[0], ent_ty(ENT_TYPE_DURATION), "a rolling window is",
                     &length))
        return;
    if (ent_kid(n, 1) != NULL && !ent_eval_as(ck, &env, n->kids[1], ent_ty(ENT_TYPE_DURATION),
                                              "a rolling window moves by", &every))
        return;
    if (length.i <= 0 || every.i <= 0) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0443, n->span,
                                   "a rolling window must be longer than nothing, and move");
        ent_diag_primary_label(d, "no time at all");
        return;
    }
    o->roll_ns = length.i;
    if (every.i % ENT_TIME_DAY_NS == 0)
        o->every_days = every.i / ENT_TIME_DAY_NS;
    else
        o->every_ns = every.i;
}

/* --- exclusions and silence --- */

static void check_excluding(ent_checker *ck, ent_scope *scope, ent_objective_decl *o,
                            const ent_node *n)
{
    ent_feed_decl **feeds = NULL;
    size_t n_feeds = 0;
    for (size_t i = 0; i < o->n_folds; i++) {
        bool known = o->folds[i]->feed == NULL;
        for (size_t j = 0; j < n_feeds; j++)
            known = known || feeds[j] == o->folds[i]->feed;
        if (!known)
            ENT_PUSH_PTR(ck, feeds, n_feeds, o->folds[i]->feed);
    }
    for (size_t i = 0; i < n->n_kids; i++)
        for (size_t j = 0;
             n->kids[i] != NULL && n->kids[i]->kind == ENT_NODE_EXCLUDING && j < n->kids[i]->n_kids;
             j++)
            ent_check_spanuse(ck, scope, n->kids[i]->kids[j], feeds, n_feeds, &o->excluding,
                              &o->n_excluding);
    ent_use_spans(o->excluding, o->n_excluding);
}

static bool counts_silence(const ent_fold_decl *f)
{
    return f->kind == ENT_AGG_SHARE || f->kind == ENT_AGG_TIME_SHARE;
}

static void check_silence(ent_checker *ck, ent_objective_decl *o, const ent_node *n)
{
    const ent_node *missing = ent_clause(n, ENT_NODE_MISSING),
                   *no_data = ent_clause(n, ENT_NODE_NO_DATA);
    const ent_fold_decl *sampled = NULL, *ignoring = NULL;
    bool states = false; /* a state can grow stale, which is silence, whether or not its feed is sampled */
    if (missing != NULL)
        o->missing = missing->op;
    if (no_data != NULL)
        o->no_data = no_data->op;
    for (size_t i = 0; i < o->n_folds; i++) {
        const ent_fold_decl *f = o->folds[i];
        states |= f->kind == ENT_AGG_TIME_SHARE;
        if (f->feed == NULL || f->feed->interval_ns == 0)
            continue;
        sampled = sampled == NULL ? f : sampled;
        ignoring = !counts_silence(f) && ignoring == NULL ? f : ignoring;
    }
    if (missing == NULL && ent_broken(ck, n->span))
        return;
    if (sampled != NULL && missing == NULL) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0417, o->span,
                         "what do missing samples of `%s` count as?", sampled->feed->name);
        ent_diag_primary_label(d, "an agreement that leaves it open is ambiguous");
        ent_diag_label(d, sampled->feed->span, "`%s` is sampled at an interval",
                       sampled->feed->name);
        if (ignoring == NULL)
            ent_diag_help(
                d, "add `missing counts as down`, `missing counts as up` or `missing is ignored`");
        else
            ent_diag_help(d, "add `missing is ignored`");
    } else if (missing != NULL && sampled == NULL && !states) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_W0406, missing->span, "this has no effect");
        ent_diag_primary_label(d, "no feed that is measured here is sampled at an interval");
    } else if (missing != NULL && ignoring != NULL && missing->op != ENT_MISSING_IGNORED) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0439, missing->span,
                                   "a sample that is missing has no value that could count");
        ent_diag_primary_label(d, "only a share can count silence as up or down");
        ent_diag_label(d, ignoring->span, "this is taken over values");
        ent_diag_fix(d, missing->span, "missing is ignored", "write `missing is ignored`");
    }
}

/* The model has no excuse for a figure: say what does what is wanted. */
static void check_excuses(ent_checker *ck, const ent_node *n)
{
    for (size_t i = 0; i < n->n_kids; i++) {
        if (n->kids[i] == NULL || (n->kids[i]->kind != ENT_NODE_EXCUSED_WHEN &&
                                   n->kids[i]->kind != ENT_NODE_EXCUSED_DURING))
            continue;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_W0402, n->kids[i]->span,
                                   "`excused` changes nothing in an objective");
        ent_diag_primary_label(d, "only a duty is excused as a whole");
        ent_diag_help(d, "`excluding` takes stretches of time out of what is measured");
    }
}

static void check_warnings(ent_checker *ck, ent_objective_decl *o, const ent_node *n)
{
    const ent_node *warn = ent_clause(n, ENT_NODE_WARN_BUDGET),
                   *earn = ent_clause(n, ENT_NODE_EARN_BACK);
    ent_q one = ent_q_from_i64(1);
    if (warn != NULL && ent_kid(warn, 0) != NULL) {
        o->has_warn = true;
        o->warn = warn->kids[0]->q;
        if (o->warn.num <= 0 || ent_q_cmp(o->warn, one) > 0) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0442, warn->span,
                                       "the budget left lies between 0%% and 100%%");
            ent_diag_primary_label(d, "this warning says nothing");
        }
    }
    if (earn == NULL || ent_kid(earn, 0) == NULL)
        return;
    o->has_earn_back = true;
    o->earn_expected = earn->op == 1;
    o->earn_back = earn->kids[0]->q;
    o->earn_windows = earn->i;
    if (o->earn_back.num <= 0 || ent_q_cmp(o->earn_back, one) > 0 || earn->i < 1) {
        ent_diag *d = ent_diag_add(
            ck->diags, ENT_DIAG_E0442, earn->span,
            "what is earned back is up to 100%% of a credit, after one window or more");
        ent_diag_primary_label(d, "not possible");
    }
    if (o->earn_expected && ent_clause(n, ENT_NODE_EXPECTED) == NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0462, earn->span,
                                   "objective `%s` has no expected level", o->name);
        ent_diag_primary_label(d, "what is expected?");
        ent_diag_help(d, "add `expected at least 99.95%%`, or write `when met`");
    }
    if (ent_clause(n, ENT_NODE_CREDIT) == NULL) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_W0402, earn->span, "there is nothing to earn back");
        ent_diag_primary_label(d, "objective `%s` gives no credit", o->name);
    }
}

/* The level above the target that is hoped for: on its side, and no easier. */
static void check_expected(ent_checker *ck, ent_scope *scope, ent_objective_decl *o,
                           const ent_node *n)
{
    const ent_node *clause = ent_clause(n, ENT_NODE_EXPECTED), *compare = ent_kid(clause, 0);
    if (compare == NULL || ent_kid(compare, 0) == NULL || o->type.kind == ENT_TYPE_ERROR)
        return;
    ent_env env = ent_env_make(ENT_ENV_CONST, scope);
    env.objective = o;
    o->expected_text = ent_check_source_text(ck, compare->kids[0]->span);
    if (!ent_check_bound(ck, &env, compare->kids[0], o->type, compare->op, "the expected level",
                         &o->expected))
        return;
    o->expected_compare = compare->op;
    if (o->target.type.kind == ENT_TYPE_ERROR)
        return;
    bool up = compare->op == ENT_CMP_AT_LEAST || compare->op == ENT_CMP_ABOVE;
    bool target_up = o->compare == ENT_CMP_AT_LEAST || o->compare == ENT_CMP_ABOVE;
    int order = ent_value_cmp(&o->expected, &o->target);
    if (up == target_up && (up ? order >= 0 : order <= 0))
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0462, clause->span,
                               up == target_up ? "less is expected than is promised"
                                               : "what is expected goes the other way");
    ent_diag_primary_label(d, "expected");
    ent_diag_label(d, o->node->kids[1]->span, "promised");
}

static void check_weight(ent_checker *ck, ent_objective_decl *o, const ent_node *n)
{
    const ent_node *clause = ent_clause(n, ENT_NODE_WEIGHT);
    if (clause == NULL || ent_kid(clause, 0) == NULL)
        return;
    o->weight = clause->kids[0]->q;
    o->has_weight = o->weight.num > 0;
    if (o->has_weight)
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0442, clause->span,
                               "a weight is more than nothing");
    ent_diag_primary_label(d, "leave it out");
}

static void check_weight_used(ent_checker *ck, const ent_objective_decl *o)
{
    bool used = !o->has_weight;
    const ent_amount_decl *rates[] = {o->rate_amount, o->rate_max};
    for (size_t i = 0; i < 2; i++)
        used |= rates[i] != NULL && rates[i]->kind == ENT_AMOUNT_WEIGHT;
    for (size_t i = 0; i < o->n_steps; i++)
        used |= o->steps[i].amount != NULL && o->steps[i].amount->kind == ENT_AMOUNT_WEIGHT;
    if (used || ent_broken(ck, o->node->span))
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_W0402,
                               ent_clause(o->node, ENT_NODE_WEIGHT)->span,
                               "this takes a part of what is at risk, and nobody is paid it");
    ent_diag_primary_label(d, "`%s` gives no credit by it", o->name);
    ent_diag_help(d, "add `credit by weight`");
}

void ent_check_objective(ent_checker *ck, ent_scope *scope, const ent_node *n)
{
    ent_objective_decl *o = ent_check_alloc(ck, sizeof *o);
    if (o == NULL || ent_kid(n, 0) == NULL)
        return;
    ent_agreement_decl *a = scope->agreement;
    *o = (ent_objective_decl){.index = (int32_t)ck->m->n_objectives,
                              .agreement = a,
                              .name = n->name,
                              .title = n->title,
                              .doc = n->doc,
                              .node = (ent_node *)(uintptr_t)n,
                              .span = n->name_span};
    ENT_PUSH_PTR(ck, ck->m->objectives, ck->m->n_objectives, o);
    ENT_PUSH_PTR(ck, a->objectives, a->n_objectives, o);
    check_figure(ck, scope, o, n->kids[0]);
    check_target(ck, scope, o, ent_kid(n, 1));
    check_window(ck, scope, o, ent_kid(n, 2));
    for (size_t i = 0; i < o->n_folds; i++) {
        if (o->folds[i]->feed != NULL)
            o->folds[i]->feed->used = true;
        if (o->folds[i]->of != NULL) {
            ent_use_pattern(o->folds[i]->of->from);
            ent_use_pattern(o->folds[i]->of->to);
        }
    }
    if (o->type.kind != ENT_TYPE_ERROR) {
        check_excluding(ck, scope, o, n);
        check_silence(ck, o, n);
        check_warnings(ck, o, n);
        check_excuses(ck, n);
    }
    check_expected(ck, scope, o, n);
    check_weight(ck, o, n);
    const ent_node *credit = ent_clause(n, ENT_NODE_CREDIT);
    if (credit != NULL)
        ent_check_credit(ck, scope, o, credit);
    check_weight_used(ck, o);
}
