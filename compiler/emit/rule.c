/* See rule.h. */
#include "compiler/emit/rule.h"

#include <stdlib.h>

#include "compiler/emit/lower_internal.h"
#include "compiler/syntax/arena.h"

/* The arena of the scopes; lower_internal.h knows rules by their scopes only. */
typedef struct rule_lower {
    ent_lower lw;
    ent_arena *arena;
} rule_lower;

static ent_arena *arena_of(const ent_lower_env *env)
{
    return ((rule_lower *)env->lw)->arena;
}

static bool is_path(const ent_node *n)
{
    while (n->decl_kind == ENT_DECL_ELEMENT) {
        n = n->kids[0];
    }
    return n->decl_kind == ENT_DECL_VARIABLE || n->decl_kind == ENT_DECL_PARTY ||
           n->decl_kind == ENT_DECL_SERVICE;
}

static bool same_path(const ent_node *a, const ent_node *b)
{
    while (a->decl_kind == ENT_DECL_ELEMENT && b->decl_kind == ENT_DECL_ELEMENT &&
           a->slot == b->slot) {
        a = a->kids[0];
        b = b->kids[0];
    }
    return a->decl_kind != ENT_DECL_ELEMENT && a->kind != ENT_NODE_QUANTIFIER &&
           a->decl_kind == b->decl_kind && a->decl == b->decl;
}

static ent_rule_scope *lower_scope(const ent_lower_env *outer, const ent_node *quantifier);

static int64_t add_column(const ent_lower_env *env, ent_rule_column column)
{
    ent_rule_scope *s = env->rule;
    ent_rule_column *grown = ent_arena_grow_array(arena_of(env), s->columns, s->n_columns,
                                                  s->n_columns + 1, sizeof *s->columns);
    if (grown == NULL) {
        return ent_lower_no_memory(env->lw);
    }
    s->columns = grown;
    s->columns[s->n_columns] = column;
    return (int64_t)s->n_columns++;
}

int32_t ent_lower_element(const ent_lower_env *env, const ent_node *n)
{
    int64_t place = ent_lower_place(env->lw, n->span);
    ent_rule_scope *s = env->rule;
    ent_class cls = ent_type_class(n->type.kind);
    if (s == NULL || (n->kind != ENT_NODE_QUANTIFIER && !is_path(n))) {
        return (int32_t)ent_lower_fail(env->lw, n->span,
                                       "a field is read of a variable, a party or a service only");
    }
    for (size_t i = 0; i < s->n_columns; i++) {
        const ent_node *known = s->columns[i].node;
        if (known == n || (known->kind != ENT_NODE_QUANTIFIER && same_path(n, known))) {
            return ent_kb_input(env->kb, ENT_INPUT_ELEMENT, (int64_t)i, cls, place);
        }
    }
    ent_rule_column column = {.node = n, .cls = cls};
    if (n->kind == ENT_NODE_QUANTIFIER) {
        column.inner = lower_scope(env, n);
        if (column.inner == NULL) {
            return ENT_KB_NOREG;
        }
    }
    int64_t at = add_column(env, column);
    return at < 0 ? ENT_KB_NOREG : ent_kb_input(env->kb, ENT_INPUT_ELEMENT, at, cls, place);
}

static void show(const ent_lower_env *env, const ent_node *n)
{
    ent_rule_scope *s = env->rule;
    int64_t output = ent_kb_output(env->kb, ent_lower_expr(env, n));
    ent_rule_shown *grown =
        ent_arena_grow_array(arena_of(env), s->shown, s->n_shown, s->n_shown + 1, sizeof *s->shown);
    if (grown == NULL) {
        (void)ent_lower_no_memory(env->lw);
        return;
    }
    s->shown = grown;
    s->shown[s->n_shown++] = (ent_rule_shown){n, output};
}

/* What explains a value: the parts of `and`, `or`, `not`, and the sides of comparisons.  What may
 * fail is left out, because here it would be computed where nobody asked for it. */
static void show_parts(const ent_lower_env *env, const ent_node *n)
{
    bool joins = n->kind == ENT_NODE_BINARY && n->op <= ENT_OP_AND;
    bool compares = n->kind == ENT_NODE_BINARY && n->op >= ENT_OP_EQ && n->op <= ENT_OP_GE;
    bool negates = n->kind == ENT_NODE_UNARY && n->op == ENT_OP_NOT;
    if ((!joins && !compares && !negates) || ent_lower_may_fail(env->lw, n, false)) {
        return;
    }
    for (uint32_t i = 0; i < n->n_kids; i++) {
        show(env, n->kids[i]);
        show_parts(env, n->kids[i]);
    }
}

static int64_t lower_output(const ent_lower_env *env, int32_t guard, const ent_node *n)
{
    int32_t reg = ent_lower_guarded(env, guard, n);
    ent_class cls = ent_type_class(n->type.kind);
    return ent_kb_output(
        env->kb, ent_lower_to_class(env, reg, n->type, cls, ent_lower_place(env->lw, n->span)));
}

static bool lower_body(ent_lower_env *env, const ent_node *guard, const ent_node *body,
                       ent_span span)
{
    ent_rule_scope *s = env->rule;
    int32_t holds = ENT_KB_NOREG;
    s->guard = s->result = -1;
    if (guard != NULL) {
        holds = ent_lower_expr(env, guard);
        s->guard = ent_kb_output(env->kb, holds);
        show_parts(env, guard);
    }
    if (body != NULL) {
        s->result = lower_output(env, holds, body);
        show_parts(env, body);
    }
    return ent_lower_finish_kernel(env->lw, env->kb, span, &s->kernel);
}

static ent_rule_scope *new_scope(ent_lower_env *env, ent_rule_scope *outer, ent_span span)
{
    env->kb = ent_kb_new(env->lw->b, ENT_KERNEL_RULE, -1, ent_lower_place(env->lw, span));
    env->rule = ent_arena_alloc(arena_of(env), sizeof *env->rule);
    if (env->kb == NULL || env->rule == NULL) {
        ent_kb_abandon(env->kb);
        (void)ent_lower_no_memory(env->lw);
        return NULL;
    }
    *env->rule = (ent_rule_scope){.outer = outer, .depth = outer == NULL ? 0 : outer->depth + 1};
    return env->rule;
}

static ent_rule_scope *lower_scope(const ent_lower_env *outer, const ent_node *quantifier)
{
    ent_lower_env env = *outer;
    ent_rule_scope *s = new_scope(&env, outer->rule, quantifier->span);
    if (s == NULL) {
        return NULL;
    }
    s->quantifier = quantifier;
    const ent_node *guard = quantifier->n_kids > 1 ? quantifier->kids[1] : NULL;
    const ent_node *body = quantifier->n_kids > 2 ? quantifier->kids[2] : NULL;
    return lower_body(&env, guard, body, quantifier->span) ? s : NULL;
}

static ent_rule_scope *lower_rule(rule_lower *rl, const ent_node *expr)
{
    ent_lower_env env = {.lw = &rl->lw, .kind = ENT_KERNEL_RULE};
    ent_rule_scope *s = new_scope(&env, NULL, expr->span);
    return s != NULL && lower_body(&env, NULL, expr, expr->span) ? s : NULL;
}

bool ent_lower_rules(const ent_model *model, ent_arena *arena, ent_builder *b,
                     ent_rule_scope **roots, ent_lower_error *error)
{
    *error = (ent_lower_error){.span = ENT_NO_SPAN};
    rule_lower rl = {.lw = {.m = model, .b = b, .error = error, .nodes_left = ENT_LOWER_NODES_MAX},
                     .arena = arena};
    ent_lower_club(&rl.lw);
    const ent_framework_decl *f = model->framework;
    for (size_t i = 0; i < f->n_requires && !rl.lw.failed; i++) {
        roots[i] = f->requires[i].expr == NULL ? NULL : lower_rule(&rl, f->requires[i].expr);
    }
    if (b->failed) {
        (void)ent_lower_no_memory(&rl.lw);
    }
    free(rl.lw.places);
    return !rl.lw.failed;
}
