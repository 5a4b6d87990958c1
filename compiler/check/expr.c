/* Expressions: names and operators, each copied and annotated (model.h says how); choices and
 * quantifiers are in choice.c.
 *
 * A bare name is looked up among the members of the type that its place expects first (`hint`);
 * else among variables, then the fields of the row in hand, then declarations.  Where something has
 * been reported the node's type is ERROR and nothing more is said about it. */
#include "compiler/check/checker.h"

#include <string.h>

ent_env ent_env_make(ent_env_kind kind, ent_scope *scope)
{
    ent_env env = {.kind = kind, .scope = scope};
    for (const ent_scope *at = scope; at != NULL && env.zone == NULL; at = at->outer)
        env.zone = at->zone;
    return env;
}

static ent_node *failed(ent_checker *ck, ent_node *n)
{
    if (n == NULL)
        return ck->error_node;
    n->type = ent_ty(ENT_TYPE_ERROR);
    return n;
}

static ent_node *as(ent_node *n, ent_type type, int decl_kind, void *decl, int32_t slot)
{
    n->kind = ENT_NODE_NAME;
    n->type = type;
    n->decl_kind = decl_kind;
    n->decl = decl;
    n->slot = slot;
    return n;
}

bool ent_name_member(ent_checker *ck, ent_node *n, ent_type hint)
{
    if (hint.kind == ENT_TYPE_ENUM) {
        ent_enumeration_decl *e = ck->m->enumerations[hint.param];
        int32_t m = ent_find_member(e, n->name);
        if (m < 0)
            return false;
        as(n, hint, ENT_DECL_MEMBER, e, m);
        return true;
    }
    if (hint.kind == ENT_TYPE_PARTY) {
        ent_party_decl *p = ent_find_party(ck, n->name);
        if (p == NULL)
            return false;
        as(n, hint, ENT_DECL_PARTY, p, p->index);
        return true;
    }
    if (hint.kind == ENT_TYPE_SERVICE) {
        ent_service_decl *s = ent_find_service(ck, n->name);
        if (s == NULL)
            return false;
        as(n, hint, ENT_DECL_SERVICE, s, s->index);
        return true;
    }
    return false;
}

static ent_column_decl *column_of(ent_checker *ck, ent_bind_decl *bind, const ent_node *n)
{
    for (size_t i = 0; i < bind->n_columns; i++)
        if (ent_same(bind->columns[i]->name, n->name))
            return bind->columns[i];
    ent_column_decl *c = ent_check_alloc(ck, sizeof *c);
    if (c == NULL)
        return NULL;
    *c = (ent_column_decl){.index = (int32_t)bind->n_columns, .name = n->name, .span = n->span};
    ENT_PUSH_PTR(ck, bind->columns, bind->n_columns, c);
    return c;
}

static const ent_var *find_var(const ent_env *env, const char *name)
{
    for (size_t i = env->n_vars; i-- > 0;)
        if (ent_same(env->vars[i].name, name))
            return &env->vars[i];
    return NULL;
}

static const ent_param_decl *find_param(const ent_env *env, const char *name)
{
    for (size_t i = 0; env->fn != NULL && i < env->fn->n_params; i++)
        if (ent_same(env->fn->params[i].name, name))
            return &env->fn->params[i];
    return NULL;
}

/* Variables, parameters, fields, columns, and what amounts may speak of. */
static bool name_inner(ent_checker *ck, ent_env *env, ent_node *n)
{
    const ent_var *v = find_var(env, n->name);
    if (v != NULL) {
        as(n, v->type, ENT_DECL_VARIABLE, (void *)(uintptr_t)v->node, 0);
        return true;
    }
    const ent_param_decl *p = find_param(env, n->name);
    if (p != NULL) {
        as(n, p->type, ENT_DECL_PARAM, (void *)(uintptr_t)p, p->index);
        return true;
    }
    ent_field_decl *f = env->kind == ENT_ENV_ROW ? ent_find_field(env->feed, n->name) : NULL;
    if (f != NULL) {
        as(n, f->type, ENT_DECL_FIELD, f, f->index);
        return true;
    }
    if (env->kind == ENT_ENV_BIND) {
        ent_column_decl *c = column_of(ck, env->bind, n);
        as(n, ent_ty(ENT_TYPE_TEXT), ENT_DECL_COLUMN, c, c == NULL ? 0 : c->index);
        return true;
    }
    ent_agreement_decl *a = env->scope->agreement;
    if (env->kind == ENT_ENV_AMOUNT && ent_same(n->name, "charge") && a != NULL && a->has_charge) {
        as(n, ent_ty_money(a->charge_currency), ENT_DECL_CHARGE, a, 0);
        return true;
    }
    if (env->kind == ENT_ENV_AMOUNT && env->objective != NULL &&
        (ent_same(n->name, "figure") || ent_same(n->name, env->figure_name))) {
        as(n, env->objective->type, ENT_DECL_FIGURE, env->objective, 0);
        return true;
    }
    return false;
}

static bool name_outer(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from,
                       ent_node **out)
{
    if (env->kind == ENT_ENV_RULE && ent_name_collection(n))
        return true;
    if (ent_name_member(ck, n, ent_ty(ENT_TYPE_PARTY)) ||
        ent_name_member(ck, n, ent_ty(ENT_TYPE_SERVICE)))
        return true;
    ent_symbol *s = ent_scope_find(env->scope, n->name, true);
    if (s == NULL)
        return false;
    if (s->kind == ENT_NODE_MEASURE && env->kind == ENT_ENV_MEASURE) {
        *out = ent_check_measure_call(ck, env, from, s);
        return true;
    }
    const ent_fn_decl *fn = s->kind == ENT_NODE_FN ? s->decl : NULL;
    if (fn != NULL && fn->n_params == 0) {
        ent_node *call = ent_check_copy(ck, from);
        ent_node **kids = ent_check_alloc(ck, sizeof *kids);
        if (call == NULL || kids == NULL)
            return false;
        kids[0] = n;
        call->kind = ENT_NODE_CALL;
        call->kids = kids;
        call->n_kids = 1;
        *out = ent_check_call(ck, env, call, ent_ty(ENT_TYPE_NONE));
        return true;
    }
    return false;
}

static ent_node *report_wrong_kind(ent_checker *ck, ent_env *env, ent_node *n, ent_symbol *s)
{
    s->used = true;
    const char *kind = ent_node_kind_name((unsigned)s->kind);
    bool rows = s->kind == ENT_NODE_FEED || s->kind == ENT_NODE_DUTY;
    ent_diag *d = ent_diag_add(ck->diags, rows ? ENT_DIAG_E0305 : ENT_DIAG_E0221, n->span,
                               "%s `%s` is not a value", kind, n->name);
    ent_diag_primary_label(d, "a value is expected here");
    ent_diag_label(d, s->span, "`%s` is declared here", n->name);
    if (rows && env->kind == ENT_ENV_MEASURE)
        ent_diag_help(d, "take a figure over its rows: `count of %s`, `share of %s where …`",
                      n->name, n->name);
    else if (rows)
        ent_diag_help(d, "events are joined before `where`: write `(A or B) where …`");
    else if (s->kind == ENT_NODE_MEASURE)
        ent_diag_help(d, "measures are held by objectives; a row's condition cannot read one");
    return failed(ck, n);
}

ent_node *ent_report_unknown(ent_checker *ck, ent_env *env, ent_node *n, ent_type hint)
{
    const char **names = NULL;
    size_t k = 0;
    if (hint.kind == ENT_TYPE_ERROR) /* of what it stands beside has been told already */
        return failed(ck, n);
    if (hint.kind == ENT_TYPE_ENUM)
        for (size_t i = 0; i < ck->m->enumerations[hint.param]->n_members; i++)
            ENT_PUSH_PTR(ck, names, k, ck->m->enumerations[hint.param]->members[i]);
    if (hint.kind == ENT_TYPE_PARTY)
        for (size_t i = 0; i < ck->m->n_parties; i++)
            ENT_PUSH_PTR(ck, names, k, ck->m->parties[i]->name);
    if (hint.kind == ENT_TYPE_SERVICE)
        for (size_t i = 0; i < ck->m->n_services; i++)
            ENT_PUSH_PTR(ck, names, k, ck->m->services[i]->name);
    if (k > 0 && hint.kind == ENT_TYPE_ENUM && env->kind != ENT_ENV_ROW) {
        ent_report_unknown_member(ck, ck->m->enumerations[hint.param], n->name, n->span);
        return failed(ck, n);
    }
    for (size_t i = 0; i < env->n_vars; i++)
        ENT_PUSH_PTR(ck, names, k, env->vars[i].name);
    for (size_t i = 0; env->fn != NULL && i < env->fn->n_params; i++)
        ENT_PUSH_PTR(ck, names, k, env->fn->params[i].name);
    for (size_t i = 0; env->kind == ENT_ENV_ROW && i < env->feed->n_fields; i++)
        ENT_PUSH_PTR(ck, names, k, env->feed->fields[i]->name);
    ent_diag_code code = ENT_DIAG_E0201;
    const char *what = "known here are", *message = "unknown name `%s`";
    if (hint.kind == ENT_TYPE_PARTY) {
        code = ENT_DIAG_E0202;
        message = "unknown party `%s`";
        what = "the framework's parties, and what else is known here, are";
    } else if (hint.kind == ENT_TYPE_SERVICE) {
        code = ENT_DIAG_E0203;
        message = "unknown service `%s`";
        what = "the framework's services, and what else is known here, are";
    } else if (hint.kind == ENT_TYPE_ENUM) {
        code = ENT_DIAG_E0206;
        message = "`%s` is neither a member nor a field";
        what = "members and fields are";
    } else if (env->kind == ENT_ENV_MEASURE) {
        code = ENT_DIAG_E0208;
        message = "unknown measure `%s`";
        what = "measures in reach are";
        for (ent_scope *at = env->scope; at != NULL; at = at->outer)
            for (size_t i = 0; i < at->n; i++)
                if (at->v[i].kind == ENT_NODE_MEASURE)
                    ENT_PUSH_PTR(ck, names, k, at->v[i].name);
    }
    if (ent_hidden(ck, n->name, names, k))
        return failed(ck, n);
    ent_diag *d = ent_diag_add(ck->diags, code, n->span, message, n->name);
    ent_diag_primary_label(d, "not found");
    if (env->kind == ENT_ENV_AMOUNT) {
        ent_diag_help(d,
                      "an amount may speak of `charge`, of `figure` (what was measured) and of "
                      "functions%s",
                      ent_same(n->name, "charge") ? "; this agreement states no charge" : "");
    } else {
        ent_check_suggest(ck, d, n->span, n->name, names, k, what);
    }
    if (env->kind == ENT_ENV_ROW && hint.kind == ENT_TYPE_NONE)
        ent_diag_label(d, env->feed->span, "the row in hand is of `%s`", env->feed->name);
    return failed(ck, n);
}

static ent_node *check_name(ent_checker *ck, ent_env *env, const ent_node *from, ent_type hint)
{
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    if (ent_name_member(ck, n, hint) || name_inner(ck, env, n))
        return n;
    ent_node *out = n;
    if (name_outer(ck, env, n, from, &out))
        return out;
    ent_symbol *s = ent_scope_find(env->scope, n->name, true);
    if (s != NULL)
        return report_wrong_kind(ck, env, n, s);
    return ent_report_unknown(ck, env, n, hint);
}

/* --- after a dot --- */

static ent_node *report_event_value(ent_checker *ck, ent_env *env, ent_node *n, const char *feed)
{
    bool condition = env->kind == ENT_ENV_ROW;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0305, n->span, "`%s.%s` is an event, not a %s",
                               feed, n->name, condition ? "condition" : "value");
    if (env->kind == ENT_ENV_MEASURE) {
        ent_diag_primary_label(d, "a figure is expected here");
        ent_diag_help(d, "count its rows: `count of %s.%s`", feed, n->name);
        return failed(ck, n);
    }
    ent_diag_primary_label(d, condition ? "the condition after `where` reaches up to here"
                                        : "a value is expected here");
    if (condition && ent_same(env->feed->name, feed))
        ent_diag_help(d,
                      "alternatives of events stand in parentheses: `(A where …) or %s.%s`; to ask "
                      "for this row's event write `event == %s`",
                      feed, n->name, n->name);
    else if (condition)
        ent_diag_help(d, "alternatives of events stand in parentheses: `(A where …) or %s.%s`",
                      feed, n->name);
    return failed(ck, n);
}

static ent_node *member_of_feed(ent_checker *ck, ent_env *env, ent_node *n, const char *base,
                                ent_symbol *s)
{
    s->used = true;
    const ent_duty_decl *duty = s->kind == ENT_NODE_DUTY ? s->decl : NULL;
    const ent_feed_decl *feed = s->kind == ENT_NODE_FEED ? s->decl : duty ? duty->outcomes : NULL;
    if (feed == NULL)
        return s->decl == NULL ? failed(ck, n) : report_wrong_kind(ck, env, n, s);
    ent_field_decl *f = ent_find_field(feed, n->name);
    if (f != NULL && env->kind == ENT_ENV_ROW && env->feed == feed)
        return as(n, f->type, ENT_DECL_FIELD, f, f->index);
    if (feed->event != NULL && ent_find_member(feed->event->enumeration, n->name) >= 0)
        return report_event_value(ck, env, n, base);
    if (env->kind == ENT_ENV_ROW && env->feed == feed) {
        ent_report_unknown_field(ck, feed, n->name, n->name_span);
        return failed(ck, n);
    }
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0222, n->span, "`%s.%s` is of another row",
                               base, n->name);
    if (env->kind == ENT_ENV_ROW) {
        ent_diag_primary_label(d, "the row in hand is of `%s`", env->feed->name);
        ent_diag_help(d, "a condition reads the fields of its own row only");
    } else {
        ent_diag_primary_label(d, "no row is in hand here");
        ent_diag_help(d, "take a figure over the rows: `average of %s.%s`", base, n->name);
    }
    return failed(ck, n);
}

static ent_node *check_member(ent_checker *ck, ent_env *env, const ent_node *from)
{
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    const ent_node *base = ent_kid(from, 0);
    if (env->kind == ENT_ENV_BIND && base->kind == ENT_NODE_NAME) {
        n->name = ent_check_printf(ck, "%s.%s", base->name, n->name); /* a nested JSON member */
        n->kind = ENT_NODE_NAME;
        n->n_kids = 0;
        return n->name != NULL && name_inner(ck, env, n) ? n : failed(ck, n);
    }
    if (base->kind == ENT_NODE_NAME && find_var(env, base->name) == NULL) {
        ent_symbol *s = ent_scope_find(env->scope, base->name, true);
        if (env->kind == ENT_ENV_ROW && ent_same(env->feed->name, base->name)) {
            if (s != NULL)
                return member_of_feed(ck, env, n, base->name, s);
        }
        if (s != NULL && !(env->kind == ENT_ENV_RULE && ent_find_party(ck, base->name)))
            return member_of_feed(ck, env, n, base->name, s);
    }
    ent_node *b = ent_expr(ck, env, base, ent_ty(ENT_TYPE_NONE));
    if (b->type.kind == ENT_TYPE_ERROR)
        return failed(ck, n);
    return ent_check_element(ck, n, b);
}

/* --- operators --- */

ent_type ent_peek(ent_checker *ck, ent_env *env, const ent_node *n)
{
    ent_type none = ent_ty(ENT_TYPE_NONE);
    if (n->kind == ENT_NODE_NAME) {
        const ent_var *v = find_var(env, n->name);
        const ent_param_decl *p = find_param(env, n->name);
        const ent_field_decl *f =
            env->kind == ENT_ENV_ROW ? ent_find_field(env->feed, n->name) : NULL;
        if (v != NULL || p != NULL || f != NULL)
            return v != NULL ? v->type : p != NULL ? p->type : f->type;
        if (env->kind == ENT_ENV_BIND)
            return none;
        if (ent_find_party(ck, n->name) != NULL)
            return ent_ty(ENT_TYPE_PARTY);
        return ent_find_service(ck, n->name) != NULL ? ent_ty(ENT_TYPE_SERVICE) : none;
    }
    if (n->kind == ENT_NODE_MEMBER && n->kids[0]->kind == ENT_NODE_NAME) {
        const ent_var *v = find_var(env, n->kids[0]->name);
        if (v != NULL)
            return ent_element_type(ck, v->type, n->name);
        ent_symbol *s = ent_scope_find(env->scope, n->kids[0]->name, true);
        const ent_feed_decl *feed = s != NULL && s->kind == ENT_NODE_FEED ? s->decl : NULL;
        if (env->kind == ENT_ENV_ROW && ent_same(n->kids[0]->name, env->feed->name))
            feed = env->feed;
        const ent_field_decl *f = ent_find_field(feed, n->name);
        return f == NULL ? none : f->type;
    }
    if (n->kind == ENT_NODE_CALL && n->n_kids == 2 && n->kids[0]->kind == ENT_NODE_NAME &&
        ent_same(n->kids[0]->name, "previous"))
        return ent_peek(ck, env, n->kids[1]);
    if (n->kind == ENT_NODE_CALL && n->kids[0]->kind == ENT_NODE_NAME) {
        const ent_symbol *s = ent_scope_find(env->scope, n->kids[0]->name, true);
        bool is_fn = s != NULL && (s->kind == ENT_NODE_FN || s->kind == ENT_NODE_EXTERN_FN);
        const ent_fn_decl *fn = is_fn ? s->decl : NULL;
        return fn == NULL ? none : fn->result;
    }
    return none;
}

ent_type ent_named_hint(ent_type t)
{
    return ent_ty_is_named(t) || t.kind == ENT_TYPE_ERROR ? t : ent_ty(ENT_TYPE_NONE);
}

/* `count of F where c / count of G`: the condition has taken in what was to be the second figure.
 * The rest of it means nothing then, and is not looked at. */
static ent_node *report_swallowed(ent_checker *ck, ent_node *n, const ent_node *figure)
{
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0437, figure->span,
                               "a figure over many rows cannot stand here");
    ent_diag_primary_label(d, "this condition sees one row at a time");
    ent_diag_help(d, "a condition reaches as far as it can: put the figure that it belongs to in "
                     "parentheses, as in `(count of F where …) / count of G`");
    return failed(ck, n);
}

static ent_node *check_operator(ent_checker *ck, ent_env *env, const ent_node *from)
{
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    if (n->op == ENT_OP_AND || n->op == ENT_OP_OR) {
        const char *word = n->op == ENT_OP_AND ? "what `and` joins" : "what `or` joins";
        n->kids[0] = ent_condition(ck, env, from->kids[0], word);
        n->kids[1] = ent_condition(ck, env, from->kids[1], word);
        bool bad =
            n->kids[0]->type.kind == ENT_TYPE_ERROR || n->kids[1]->type.kind == ENT_TYPE_ERROR;
        n->type = ent_ty(bad ? ENT_TYPE_ERROR : ENT_TYPE_BOOL);
        return n;
    }
    bool compares = n->op >= ENT_OP_EQ && n->op <= ENT_OP_GE;
    if (!compares && env->kind == ENT_ENV_ROW && from->kids[1]->kind == ENT_NODE_AGGREGATE)
        return report_swallowed(ck, n, from->kids[1]);
    ent_type hints[2] = {ent_ty(ENT_TYPE_NONE), ent_ty(ENT_TYPE_NONE)};
    if (compares) {
        hints[0] = ent_named_hint(ent_peek(ck, env, from->kids[1]));
        hints[1] = ent_named_hint(ent_peek(ck, env, from->kids[0]));
        /* `P1 == priority`: what peeks as a field of the other side's own kind keeps its meaning */
        if (from->kids[0]->kind == ENT_NODE_NAME && from->kids[1]->kind == ENT_NODE_NAME &&
            ent_ty_is_named(hints[0]) && ent_ty_is_named(hints[1]) && env->kind == ENT_ENV_ROW) {
            const ent_field_decl *l = ent_find_field(env->feed, from->kids[0]->name);
            const ent_field_decl *r = ent_find_field(env->feed, from->kids[1]->name);
            if (l != NULL && r == NULL)
                hints[0] = ent_ty(ENT_TYPE_NONE);
            if (r != NULL && l == NULL)
                hints[1] = ent_ty(ENT_TYPE_NONE);
        }
    }
    n->kids[0] = ent_expr(ck, env, from->kids[0], hints[0]);
    n->kids[1] = ent_expr(ck, env, from->kids[1], hints[1]);
    return compares ? ent_check_compare(ck, env, n, from) : ent_check_binary(ck, env, n, from);
}

static ent_node *check_unary(ent_checker *ck, ent_env *env, const ent_node *from, ent_type hint)
{
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    if (n->op == ENT_OP_NOT) {
        n->kids[0] = ent_condition(ck, env, from->kids[0], "what `not` denies");
        n->type = n->kids[0]->type;
        return n;
    }
    n->kids[0] = ent_expr(ck, env, from->kids[0], hint);
    ent_type t = n->kids[0]->type;
    n->type = t;
    if (t.kind == ENT_TYPE_ERROR || ent_ty_is_exact(t) || t.kind == ENT_TYPE_NUMBER ||
        t.kind == ENT_TYPE_MONEY || t.kind == ENT_TYPE_DURATION)
        return n;
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0301, n->span, "cannot negate %s", ent_ty_phrase(ck, t));
    ent_label_type(ck, d, n->kids[0], true);
    return failed(ck, n);
}

static ent_node *check_in(ent_checker *ck, ent_env *env, const ent_node *from)
{
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    n->kids[0] = ent_expr(ck, env, from->kids[0], ent_ty(ENT_TYPE_NONE));
    n->type = n->kids[0]->type.kind == ENT_TYPE_ERROR ? n->kids[0]->type : ent_ty(ENT_TYPE_BOOL);
    for (size_t i = 1; i < n->n_kids; i++) {
        ent_node *m = ent_expr(ck, env, from->kids[i], ent_named_hint(n->kids[0]->type));
        n->kids[i] = m;
        if (m->type.kind == ENT_TYPE_ERROR || n->type.kind == ENT_TYPE_ERROR) {
            n->type = ent_ty(ENT_TYPE_ERROR);
            continue;
        }
        if (ent_unify(ck, env, &n->kids[0], &n->kids[i]))
            continue;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0302, m->span, "cannot compare %s with %s",
                                   ent_ty_phrase(ck, n->kids[0]->type), ent_ty_phrase(ck, m->type));
        ent_label_type(ck, d, n->kids[0], false);
        ent_label_type(ck, d, m, true);
        n->type = ent_ty(ENT_TYPE_ERROR);
    }
    for (size_t i = 1; i < n->n_kids && n->type.kind != ENT_TYPE_ERROR; i++)
        ent_unify(ck, env, &n->kids[0],
                  &n->kids[i]); /* an earlier member may need what a later one asked */
    return n;
}

/* --- the rest --- */

static ent_node *check_literal(ent_checker *ck, const ent_node *from)
{
    static const uint8_t types[] = {
        [ENT_LIT_INT] = ENT_TYPE_INT,           [ENT_LIT_DECIMAL] = ENT_TYPE_DECIMAL,
        [ENT_LIT_PERCENT] = ENT_TYPE_RATIO,     [ENT_LIT_MONEY] = ENT_TYPE_MONEY,
        [ENT_LIT_DURATION] = ENT_TYPE_DURATION, [ENT_LIT_DATE] = ENT_TYPE_DATE,
        [ENT_LIT_INSTANT] = ENT_TYPE_INSTANT,   [ENT_LIT_TIME] = ENT_TYPE_TIME,
        [ENT_LIT_TEXT] = ENT_TYPE_TEXT,         [ENT_LIT_BOOL] = ENT_TYPE_BOOL,
    };
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    n->type = ent_ty(n->op < sizeof types ? (ent_type_kind)types[n->op] : ENT_TYPE_ERROR);
    if (ck->incomplete && ent_broken(ck, n->span))
        return failed(ck, n); /* it could not be read; its value is a stand-in */
    if (n->op == ENT_LIT_DECIMAL) {
        n->type.param = (int32_t)n->i;
        if (n->i > 18) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0316, n->span,
                                       "a decimal has at most 18 digits after the point");
            ent_diag_primary_label(d, "this has %lld", (long long)n->i);
            return failed(ck, n);
        }
    }
    if (n->op == ENT_LIT_MONEY)
        n->type.currency = n->text;
    return n;
}

static ent_node *check_percent_of(ent_checker *ck, ent_env *env, const ent_node *from)
{
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    n->kids[0] = check_literal(ck, from->kids[0]);
    n->kids[1] = ent_expr(ck, env, from->kids[1], ent_ty(ENT_TYPE_NONE));
    n->type = n->kids[1]->type;
    if (n->type.kind == ENT_TYPE_ERROR || n->type.kind == ENT_TYPE_MONEY)
        return n;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0306, n->kids[1]->span,
                               "a percentage is of money, not of %s", ent_ty_phrase(ck, n->type));
    ent_label_type(ck, d, n->kids[1], true);
    return failed(ck, n);
}

static ent_node *check_is_absent(ent_checker *ck, ent_env *env, const ent_node *from)
{
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    n->kids[0] = ent_expr(ck, env, from->kids[0], ent_ty(ENT_TYPE_NONE));
    n->type = ent_ty(n->kids[0]->type.kind == ENT_TYPE_ERROR ? ENT_TYPE_ERROR : ENT_TYPE_BOOL);
    return n;
}

ent_node *ent_expr(ent_checker *ck, ent_env *env, const ent_node *n, ent_type hint)
{
    if (n == NULL || ent_arena_failed(ck->arena))
        return ck->error_node;
    switch (n->kind) {
    case ENT_NODE_LITERAL:
        return check_literal(ck, n);
    case ENT_NODE_NAME:
        return check_name(ck, env, n, hint);
    case ENT_NODE_MEMBER:
        return check_member(ck, env, n);
    case ENT_NODE_CALL:
        return ent_check_call(ck, env, n, hint);
    case ENT_NODE_UNARY:
        return check_unary(ck, env, n, hint);
    case ENT_NODE_BINARY:
        return check_operator(ck, env, n);
    case ENT_NODE_IS_ABSENT:
        return check_is_absent(ck, env, n);
    case ENT_NODE_IN:
        return check_in(ck, env, n);
    case ENT_NODE_IF:
        return ent_check_if(ck, env, n, hint);
    case ENT_NODE_MATCH:
        return ent_check_match(ck, env, n, hint);
    case ENT_NODE_SKIP:
        return ent_check_branch(ck, env, n, hint);
    case ENT_NODE_QUANTIFIER:
        return ent_check_quantifier(ck, env, n);
    case ENT_NODE_AGGREGATE:
        return ent_check_aggregate(ck, env, n);
    case ENT_NODE_PERCENT_OF:
        return check_percent_of(ck, env, n);
    default:
        return ck->error_node;
    }
}

static const char *comparison_example(ent_type t)
{
    switch (t.kind) {
    case ENT_TYPE_DURATION:
        return "<= 400ms";
    case ENT_TYPE_RATIO:
        return ">= 99.9%";
    case ENT_TYPE_MONEY:
        return "> GBP 100.00";
    case ENT_TYPE_INSTANT:
        return ">= 2026-01-01";
    case ENT_TYPE_TEXT:
        return "== \"…\"";
    case ENT_TYPE_ENUM:
    case ENT_TYPE_PARTY:
    case ENT_TYPE_SERVICE:
        return "== …";
    default:
        return "> 0";
    }
}

ent_node *ent_condition(ent_checker *ck, ent_env *env, const ent_node *n, const char *where)
{
    ent_node *c = ent_expr(ck, env, n, ent_ty(ENT_TYPE_NONE));
    if (c->type.kind == ENT_TYPE_BOOL || c->type.kind == ENT_TYPE_ERROR)
        return c;
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0304, c->span, "%s must be true or false, not %s", where,
                     ent_ty_phrase(ck, c->type));
    ent_label_type(ck, d, c, true);
    ent_diag_help(d, "compare it with something, as in `%s %s`", ent_check_source_text(ck, c->span),
                  comparison_example(c->type));
    if (env->kind == ENT_ENV_ROW && ent_ty_is_ordered(c->type))
        ent_diag_note(d, "`at least`, `at most`, `above` and `below` begin the target of an "
                         "objective; inside of a condition write `>=`, `<=`, `>`, `<`");
    return failed(ck, ent_check_copy(ck, c));
}

ent_node *ent_expr_of(ent_checker *ck, ent_env *env, const ent_node *n, ent_type want,
                      const char *what)
{
    ent_node *e = ent_expr(ck, env, n, want);
    if (e->type.kind == ENT_TYPE_ERROR || want.kind == ENT_TYPE_ERROR)
        return e;
    ent_node *c = ent_coerce(ck, env, e, want);
    if (c != NULL)
        return c;
    bool currencies = e->type.kind == ENT_TYPE_MONEY && want.kind == ENT_TYPE_MONEY;
    ent_diag *d =
        ent_diag_add(ck->diags, currencies ? ENT_DIAG_E0303 : ENT_DIAG_E0306, e->span,
                     "%s %s, not %s", what, ent_ty_phrase(ck, want), ent_ty_phrase(ck, e->type));
    ent_label_type(ck, d, e, true);
    return failed(ck, ent_check_copy(ck, e));
}
