/* Constants: what an expression of literals and functions is worth, exactly.
 *
 * Targets, bounds and rates are constants of the measure's type, so that a window's close compares
 * two values of one class.  A bound that a whole-number measure cannot hold (a count `at most 2.5`)
 * is moved to the equivalent whole number; the author's text is kept for reports. Invariant:
 * ent_eval reports nothing and fails rather than round (except into `number`). */
#include "compiler/check/checker.h"

#include <string.h>

#include "runtime/time/zone.h"

#define EVAL_DEPTH_MAX 64

typedef struct eval_frame {
    const ent_fn_decl *fn;
    const ent_value *args;
    unsigned depth;
} eval_frame;

static bool eval(const ent_node *n, const eval_frame *frame, ent_value *out);

static bool to_q(const ent_value *v, ent_q *out)
{
    switch (v->type.kind) {
    case ENT_TYPE_INT:
    case ENT_TYPE_DURATION:
    case ENT_TYPE_INSTANT:
    case ENT_TYPE_TIME:
        *out = ent_q_from_i64(v->i);
        return true;
    case ENT_TYPE_DECIMAL: {
        ent_i128 den = 1;
        for (int32_t k = 0; k < v->type.param; k++)
            den *= 10;
        return ent_q_make(v->i, den, out);
    }
    case ENT_TYPE_RATIO:
    case ENT_TYPE_MONEY:
        *out = v->q;
        return true;
    default:
        return false;
    }
}

static bool from_q(ent_q q, ent_type want, ent_value *out)
{
    out->type = want;
    if (want.kind == ENT_TYPE_RATIO || want.kind == ENT_TYPE_MONEY) {
        out->q = q;
        return true;
    }
    ent_q scaled = q;
    if (want.kind == ENT_TYPE_DECIMAL)
        for (int32_t k = 0; k < want.param; k++)
            if (!ent_q_mul(scaled, ent_q_from_i64(10), &scaled))
                return false;
    if (scaled.den != 1 || scaled.num > INT64_MAX || scaled.num < INT64_MIN)
        return false;
    out->i = (int64_t)scaled.num;
    return true;
}

static bool eval_literal(const ent_node *n, ent_value *out)
{
    out->i = n->i;
    out->text = n->text;
    out->text_len = n->text_len;
    if (n->op == ENT_LIT_DECIMAL)
        return from_q(n->q, n->type, out);
    out->q = n->q;
    return true;
}

/* A date is an instant where one is wanted: the midnight at which it begins, in the node's zone. */
static bool eval_date(const ent_node *n, int64_t day, ent_value *out)
{
    char reason[160] = "";
    ent_zone *zone = ent_zone_load(NULL, n->text, reason, sizeof reason);
    if (zone == NULL)
        return false;
    out->i = ent_zone_midnight(zone, day);
    ent_zone_free(zone);
    return true;
}

static bool eval_coerce(const ent_node *n, const eval_frame *frame, ent_value *out)
{
    ent_value v = {0};
    if (!eval(n->kids[0], frame, &v))
        return false;
    if (n->type.kind == ENT_TYPE_INSTANT)
        return eval_date(n, v.i, out);
    ent_q q;
    if (!to_q(&v, &q))
        return false;
    if (n->type.kind == ENT_TYPE_NUMBER) {
        out->f = ent_q_to_double(q);
        return true;
    }
    return from_q(q, n->type, out);
}

static bool eval_binary(const ent_node *n, const eval_frame *frame, ent_value *out)
{
    ent_value a = {0}, b = {0};
    ent_q x, y, z;
    if (!eval(n->kids[0], frame, &a) || !eval(n->kids[1], frame, &b))
        return false;
    if (n->type.kind == ENT_TYPE_NUMBER && a.type.kind == ENT_TYPE_NUMBER) {
        out->f = n->op == ENT_OP_ADD   ? a.f + b.f
                 : n->op == ENT_OP_SUB ? a.f - b.f
                 : n->op == ENT_OP_MUL ? a.f * b.f
                                       : a.f / b.f;
        return out->f - out->f == 0;
    }
    if (!to_q(&a, &x) || !to_q(&b, &y))
        return false;
    bool ok = n->op == ENT_OP_ADD   ? ent_q_add(x, y, &z)
              : n->op == ENT_OP_SUB ? ent_q_sub(x, y, &z)
              : n->op == ENT_OP_MUL ? ent_q_mul(x, y, &z)
              : n->op == ENT_OP_DIV ? y.num != 0 && ent_q_div(x, y, &z)
                                    : false;
    return ok && from_q(z, n->type, out);
}

static bool eval_call(const ent_node *n, const eval_frame *frame, ent_value *out)
{
    const ent_fn_decl *fn = n->decl;
    if (n->decl_kind != ENT_DECL_FN || fn->body == NULL || fn->n_params > ENT_KEYS_MAX ||
        frame->depth >= EVAL_DEPTH_MAX || n->n_kids != fn->n_params + 1)
        return false;
    ent_value args[ENT_KEYS_MAX] = {0};
    for (size_t i = 0; i < fn->n_params; i++)
        if (!eval(n->kids[i + 1], frame, &args[i]))
            return false;
    eval_frame inner = {.fn = fn, .args = args, .depth = frame->depth + 1};
    return eval(fn->body, &inner, out);
}

static bool eval_neg(const ent_node *n, const eval_frame *frame, ent_value *out)
{
    if (n->op != ENT_OP_NEG || !eval(n->kids[0], frame, out))
        return false;
    out->f = -out->f;
    if (out->q.den != 0)
        out->q = ent_q_neg(out->q);
    return !__builtin_sub_overflow((int64_t)0, out->i, &out->i);
}

static bool eval_name(const ent_node *n, const eval_frame *frame, ent_value *out)
{
    out->i = n->slot;
    switch (n->decl_kind) {
    case ENT_DECL_PARAM:
        if (frame->fn == NULL)
            return false;
        *out = frame->args[n->slot];
        return true;
    case ENT_DECL_MEMBER:
        return true;
    case ENT_DECL_PARTY:
        out->i = ((const ent_party_decl *)n->decl)->index;
        return true;
    case ENT_DECL_SERVICE:
        out->i = ((const ent_service_decl *)n->decl)->index;
        return true;
    default:
        return false;
    }
}

static bool eval(const ent_node *n, const eval_frame *frame, ent_value *out)
{
    if (n == NULL || n->type.kind == ENT_TYPE_ERROR)
        return false;
    *out = (ent_value){.type = n->type, .span = n->span};
    switch (n->kind) {
    case ENT_NODE_LITERAL:
        return eval_literal(n, out);
    case ENT_NODE_COERCE:
        return eval_coerce(n, frame, out);
    case ENT_NODE_UNARY:
        return eval_neg(n, frame, out);
    case ENT_NODE_BINARY:
        return eval_binary(n, frame, out);
    case ENT_NODE_CALL:
        return eval_call(n, frame, out);
    case ENT_NODE_NAME:
        return eval_name(n, frame, out);
    default:
        return false;
    }
}

bool ent_eval(ent_checker *ck, const ent_node *n, ent_value *out)
{
    (void)ck;
    eval_frame frame = {0};
    return eval(n, &frame, out);
}

bool ent_eval_as(ent_checker *ck, ent_env *env, const ent_node *n, ent_type want, const char *what,
                 ent_value *out)
{
    ent_node *node = ent_expr_of(ck, env, n, want, what);
    *out = (ent_value){.type = ent_ty(ENT_TYPE_ERROR), .span = n->span};
    if (node == NULL || node->type.kind == ENT_TYPE_ERROR)
        return false;
    if (ent_eval(ck, node, out)) {
        out->span = n->span;
        out->type = want;
        return true;
    }
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0316, n->span, "%s a constant", what);
    ent_diag_primary_label(d, "this is not known before there are facts, or does not fit %s",
                           ent_ty_phrase(ck, want));
    *out = (ent_value){.type = ent_ty(ENT_TYPE_ERROR), .span = n->span};
    return false;
}

int ent_value_cmp(const ent_value *a, const ent_value *b)
{
    switch (a->type.kind) {
    case ENT_TYPE_RATIO:
    case ENT_TYPE_MONEY:
        return ent_q_cmp(a->q, b->q);
    case ENT_TYPE_NUMBER:
        return (a->f > b->f) - (a->f < b->f);
    default:
        return (a->i > b->i) - (a->i < b->i);
    }
}
