/* Expressions that choose or run over collections: `if`, `match`, quantifiers.
 * Invariant: the branches of a choice end up with one type, or are `skip` in a bind; a match
 * outside of a bind is proved total. */
#include "compiler/check/checker.h"
#include "runtime/time/arith.h"

static ent_node *failed(ent_checker *ck, ent_node *n)
{
    if (n == NULL)
        return ck->error_node;
    n->type = ent_ty(ENT_TYPE_ERROR);
    return n;
}

/* --- choices --- */

ent_node *ent_check_branch(ent_checker *ck, ent_env *env, const ent_node *from, ent_type hint)
{
    if (from->kind != ENT_NODE_SKIP) {
        ent_node *e = ent_expr(ck, env, from, hint);
        bool misspelt = env->kind == ENT_ENV_BIND && from->kind == ENT_NODE_NAME &&
                        ent_ty_is_named(hint) && e->decl_kind == ENT_DECL_COLUMN;
        return misspelt ? ent_report_unknown(ck, env, e, hint) : e;
    }
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    n->type = hint;
    if (env->kind == ENT_ENV_BIND)
        return n;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0313, n->span, "`skip` outside of a bind");
    ent_diag_primary_label(d, "only a `bind` can leave a row out");
    return failed(ck, n);
}

/* Brings branches to one type; `first` is the one that decided.  False if it was reported. */
static bool join_branches(ent_checker *ck, ent_env *env, ent_node **first, ent_node **next,
                          const char *word)
{
    if ((*next)->kind == ENT_NODE_SKIP)
        return true;
    if (*first == NULL || (*first)->kind == ENT_NODE_SKIP)
        return true;
    if (ent_unify(ck, env, first, next))
        return true;
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0311, (*next)->span, "%s give different types", word);
    ent_label_type(ck, d, *first, false);
    ent_label_type(ck, d, *next, true);
    return false;
}

ent_node *ent_check_if(ent_checker *ck, ent_env *env, const ent_node *from, ent_type hint)
{
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    n->kids[0] = ent_condition(ck, env, from->kids[0], "what `if` asks");
    n->kids[1] = ent_check_branch(ck, env, from->kids[1], hint);
    n->kids[2] = ent_check_branch(ck, env, from->kids[2], hint);
    if (n->kids[0]->type.kind == ENT_TYPE_ERROR || n->kids[1]->type.kind == ENT_TYPE_ERROR ||
        n->kids[2]->type.kind == ENT_TYPE_ERROR)
        return failed(ck, n);
    if (!join_branches(ck, env, &n->kids[1], &n->kids[2], "`then` and `else`"))
        return failed(ck, n);
    n->type = n->kids[1]->kind == ENT_NODE_SKIP ? n->kids[2]->type : n->kids[1]->type;
    return n;
}

static bool check_pattern(ent_checker *ck, ent_env *env, ent_node *subject, ent_node *list,
                          bool *covered, const ent_node **seen, size_t n_covered)
{
    bool ok = true;
    for (size_t i = 0; i < list->n_kids; i++) {
        const ent_node *from = list->kids[i];
        ent_node *p;
        if (from->kind == ENT_NODE_NAME && subject->type.kind == ENT_TYPE_ENUM) {
            p = ent_check_copy(ck, from);
            if (p == NULL)
                return false;
            if (!ent_name_member(ck, p, subject->type)) {
                ent_report_unknown_member(ck, ck->m->enumerations[subject->type.param], p->name,
                                          p->span);
                p->type = ent_ty(ENT_TYPE_ERROR);
            } else if ((size_t)p->slot < n_covered && covered[p->slot]) {
                ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_W0402, p->span,
                                           "this arm is never reached for `%s`", p->name);
                ent_diag_label(d, seen[p->slot]->span, "an earlier arm takes it");
            } else if ((size_t)p->slot < n_covered) {
                covered[p->slot] = true;
                seen[p->slot] = p;
            }
        } else {
            p = ent_expr(ck, env, from, ent_named_hint(subject->type));
            ent_node *c = ent_coerce(ck, env, p, subject->type);
            if (c == NULL) {
                ent_diag *d =
                    ent_diag_add(ck->diags, ENT_DIAG_E0302, p->span, "cannot match %s with %s",
                                 ent_ty_phrase(ck, subject->type), ent_ty_phrase(ck, p->type));
                ent_label_type(ck, d, subject, false);
                ent_label_type(ck, d, p, true);
                p->type = ent_ty(ENT_TYPE_ERROR);
            } else {
                p = c;
            }
        }
        list->kids[i] = p;
        ok = ok && p->type.kind != ENT_TYPE_ERROR;
    }
    return ok;
}

/* Whether an arm has a pattern of that value. */
static bool takes(ent_checker *ck, const ent_node *n, const ent_value *wanted)
{
    for (size_t i = 1; i < n->n_kids; i++) {
        const ent_node *list = n->kids[i]->kids[0];
        for (size_t k = 0; list != NULL && k < list->n_kids; k++) {
            const ent_node *pattern = list->kids[k];
            ent_value v = {.i = pattern->slot};
            bool named = pattern->decl_kind == ENT_DECL_MEMBER ||
                         pattern->decl_kind == ENT_DECL_PARTY ||
                         pattern->decl_kind == ENT_DECL_SERVICE;
            bool known = named || ent_eval(ck, pattern, &v);
            bool text = wanted->type.kind == ENT_TYPE_TEXT;
            if (known && (text ? ent_same(v.text, wanted->text) : v.i == wanted->i))
                return true;
        }
    }
    return false;
}

size_t ent_count_values(const ent_checker *ck, ent_type type)
{
    return type.kind == ENT_TYPE_ENUM      ? ck->m->enumerations[type.param]->n_members
           : type.kind == ENT_TYPE_BOOL    ? 2
           : type.kind == ENT_TYPE_PARTY   ? ck->m->n_parties
           : type.kind == ENT_TYPE_SERVICE ? ck->m->n_services
                                           : 0;
}

const char *ent_value_text(ent_checker *ck, ent_type type, int64_t i, ent_value *v)
{
    *v = (ent_value){.type = type, .i = i};
    switch (type.kind) {
    case ENT_TYPE_ENUM:
        return ck->m->enumerations[type.param]->members[i];
    case ENT_TYPE_BOOL:
        return i == 1 ? "true" : "false";
    case ENT_TYPE_PARTY:
        return ck->m->parties[i]->name;
    case ENT_TYPE_SERVICE:
        return ck->m->services[i]->name;
    case ENT_TYPE_INT:
        return ent_check_printf(ck, "%lld", (long long)i);
    case ENT_TYPE_DURATION:
        return __builtin_mul_overflow(i, ENT_TIME_HOUR_NS, &v->i)
                   ? NULL
                   : ent_check_printf(ck, "%lldh", (long long)i);
    case ENT_TYPE_TEXT:
        v->text = i == 0 ? "other" : ent_check_printf(ck, "other %lld", (long long)i);
        return v->text == NULL ? NULL : ent_check_printf(ck, "\"%s\"", v->text);
    default:
        return NULL;
    }
}

/* What no arm takes is told, and kept for the prover. */
static void report_match_gap(ent_checker *ck, const ent_node *n, const ent_node *subject)
{
    const char **names = NULL;
    size_t k = 0, closed = ent_count_values(ck, subject->type);
    size_t tries = closed > 0 ? closed : (size_t)n->n_kids * 100 + 1;
    ent_value found = {0};
    for (size_t i = 0; i < tries && (closed > 0 || k == 0); i++) {
        ent_value v;
        const char *text = ent_value_text(ck, subject->type, (int64_t)i, &v);
        if (text == NULL)
            break;
        if (takes(ck, n, &v))
            continue;
        if (k == 0)
            found = v;
        ENT_PUSH_PTR(ck, names, k, text);
    }
    if (closed > 0 && k == 0)
        return;
    ent_diag *d = ent_diag_add(
        ck->diags, ENT_DIAG_E0312, subject->span, "this `match` does not say what to give for %s",
        closed > 0 ? ent_check_join(ck, names, k, 6, " and ") : "other values");
    ent_label_type(ck, d, subject, true);
    if (closed == 0 && k > 0)
        ent_diag_note(d, "no arm takes %s", names[0]);
    ent_diag_help(d, "add the missing arms, or `else -> …`");
    ent_match_gap *gap = k > 0 ? ENT_PUSH(ck, ck->m->match_gaps, ck->m->n_match_gaps) : NULL;
    if (gap != NULL)
        *gap = (ent_match_gap){d, n, found, names[0], NULL};
}

ent_node *ent_check_match(ent_checker *ck, ent_env *env, const ent_node *from, ent_type hint)
{
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    ent_node *subject = n->kids[0] = ent_expr(ck, env, from->kids[0], ent_ty(ENT_TYPE_NONE));
    bool ok = subject->type.kind != ENT_TYPE_ERROR, has_else = false;
    size_t members = subject->type.kind == ENT_TYPE_ENUM
                         ? ck->m->enumerations[subject->type.param]->n_members
                         : 0;
    bool *covered = ent_check_alloc(ck, members + 1);
    const ent_node **seen = ent_arena_alloc_array(ck->arena, members + 1, sizeof *seen);
    if (covered == NULL || seen == NULL)
        return ck->error_node;
    ent_node *first = NULL;
    for (size_t i = 1; i < n->n_kids; i++) {
        ent_node *arm = ent_check_copy(ck, from->kids[i]);
        if (arm == NULL)
            return ck->error_node;
        n->kids[i] = arm;
        if (has_else) {
            ent_diag *d =
                ent_diag_add(ck->diags, ENT_DIAG_W0402, arm->span, "this arm is never reached");
            ent_diag_primary_label(d, "`else` before it takes everything");
        }
        if (arm->kids[0] == NULL) {
            has_else = true;
        } else {
            arm->kids[0] = ent_check_copy(ck, arm->kids[0]);
            if (arm->kids[0] == NULL)
                return ck->error_node;
            if (ok && !check_pattern(ck, env, subject, arm->kids[0], covered, seen, members))
                n->type = ent_ty(ENT_TYPE_ERROR);
        }
        arm->kids[1] = ent_check_branch(ck, env, arm->kids[1], hint);
        arm->type = arm->kids[1]->type;
        if (arm->type.kind == ENT_TYPE_ERROR)
            ok = false;
        if (ok && !join_branches(ck, env, &first, &arm->kids[1], "the arms of this `match`"))
            ok = false;
        if (first == NULL && arm->kids[1]->kind != ENT_NODE_SKIP)
            first = arm->kids[1];
    }
    if (!has_else && env->kind != ENT_ENV_BIND && ok && n->type.kind != ENT_TYPE_ERROR)
        report_match_gap(ck, n, subject);
    if (!ok || n->type.kind == ENT_TYPE_ERROR)
        return failed(ck, n);
    n->type = first == NULL ? hint : first->type;
    for (size_t i = 1; i < n->n_kids; i++) {
        ent_node *arm = n->kids[i], *c = ent_coerce(ck, env, arm->kids[1], n->type);
        if (c != NULL && arm->kids[1]->kind != ENT_NODE_SKIP)
            arm->kids[1] = c;
        arm->type = n->type;
    }
    return n;
}

/* --- quantifiers --- */

static bool has_sum(ent_checker *ck, const ent_node *e)
{
    unsigned kind = e->type.kind;
    if (kind == ENT_TYPE_ERROR || ent_ty_is_exact(e->type) || kind == ENT_TYPE_NUMBER ||
        kind == ENT_TYPE_MONEY || kind == ENT_TYPE_DURATION)
        return kind != ENT_TYPE_ERROR;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0308, e->span, "%s cannot be summed",
                               ent_ty_phrase(ck, e->type));
    ent_label_type(ck, d, e, true);
    ent_diag_help(d, "a sum is of numbers, money or durations; `count` counts anything");
    return false;
}

ent_node *ent_check_quantifier(ent_checker *ck, ent_env *env, const ent_node *from)
{
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    ent_node *of = ent_expr(ck, env, from->kids[0], ent_ty(ENT_TYPE_NONE));
    n->kids[0] = of;
    if (of->type.kind != ENT_TYPE_COLLECTION) {
        if (of->type.kind != ENT_TYPE_ERROR) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0314, of->span, "%s is no collection",
                                       ent_ty_phrase(ck, of->type));
            ent_diag_primary_label(d, "`%s` runs over a collection", n->name);
            ent_diag_help(d, "collections are %s", ent_collection_list(ck));
        }
        return failed(ck, n);
    }
    if (env->n_vars == ENT_VARS_MAX)
        return failed(ck, n);
    env->vars[env->n_vars++] = (ent_var){.name = n->name,
                                         .node = n,
                                         .span = n->name_span,
                                         .type = ent_ty((ent_type_kind)of->type.param)};
    bool ok = true;
    if (ent_kid(from, 1) != NULL) {
        n->kids[1] = ent_condition(ck, env, from->kids[1], "the condition after `where`");
        ok = n->kids[1]->type.kind != ENT_TYPE_ERROR;
    }
    n->type = ent_ty(n->op == ENT_QUANT_COUNT ? ENT_TYPE_INT : ENT_TYPE_BOOL);
    if (ent_kid(from, 2) != NULL && n->op == ENT_QUANT_SUM) {
        n->kids[2] = ent_expr(ck, env, from->kids[2], ent_ty(ENT_TYPE_NONE));
        n->type = n->kids[2]->type;
        ok = ok && has_sum(ck, n->kids[2]);
    } else if (ent_kid(from, 2) != NULL) {
        n->kids[2] = ent_condition(ck, env, from->kids[2], "what holds for all");
        ok = ok && n->kids[2]->type.kind != ENT_TYPE_ERROR;
    }
    env->n_vars--;
    return ok ? n : failed(ck, n);
}
