/* Lowering of expressions: literals, names, conversions, operators.  See lower.h.
 *
 * A value's class is that of its static type, with one exception: in decision kernels an average,
 * and what is computed from one, is an exact ratio (Q) also where its type is kept as a scaled
 * integer elsewhere (durations, decimals).  A Q register always holds the real value, an I register
 * of DECIMAL(k) the value times 10^k; `ent_lower_to_class` goes from one to the other. */
#include "compiler/emit/lower_internal.h"
#include "runtime/time/zone.h"

/* Bools have no order and no sums: the checker has seen to it. */
#define NO_SUCH_OP ((ent_opcode)ENT_OP_TRAP)

static int64_t power_of_ten(int32_t k)
{
    int64_t p = 1;
    for (int32_t i = 0; i < k; i++) {
        p *= 10;
    }
    return p;
}

static int32_t scale_of(ent_type type)
{
    return type.kind == ENT_TYPE_DECIMAL ? type.param : 0;
}

static int32_t op1(const ent_lower_env *env, ent_opcode op, int32_t a, int64_t k, int64_t place)
{
    return ent_kb_op(env->kb, op, a, ENT_KB_NOREG, ENT_KB_NOREG, k, place);
}

static int32_t op2(const ent_lower_env *env, ent_opcode op, int32_t a, int32_t b, int64_t place)
{
    return ent_kb_op(env->kb, op, a, b, ENT_KB_NOREG, 0, place);
}

int32_t ent_lower_to_class(const ent_lower_env *env, int32_t reg, ent_type type, ent_class cls,
                           int64_t place)
{
    ent_class have = ent_kb_class(env->kb, reg);
    if (reg < 0 || have == cls) {
        return reg;
    }
    if (have == ENT_CLASS_I && cls == ENT_CLASS_Q) {
        return op1(env, ENT_BC_I_TO_Q, reg, scale_of(type), place);
    }
    if (have == ENT_CLASS_Q && cls == ENT_CLASS_I) {
        return op1(env, ENT_BC_Q_TO_I, reg, scale_of(type), place);
    }
    if (have == ENT_CLASS_Q && cls == ENT_CLASS_F) {
        return op1(env, ENT_BC_Q_TO_F, reg, 0, place);
    }
    if (have == ENT_CLASS_I && cls == ENT_CLASS_F) {
        if (scale_of(type) == 0) {
            return op1(env, ENT_BC_I_TO_F, reg, 0, place);
        }
        reg = op1(env, ENT_BC_I_TO_Q, reg, scale_of(type), place);
        return op1(env, ENT_BC_Q_TO_F, reg, 0, place);
    }
    (void)ent_lower_fail(env->lw, ENT_NO_SPAN, "a value of class %d is needed as class %d",
                         (int)have, (int)cls);
    return ENT_KB_NOREG;
}

void ent_lower_same_class(const ent_lower_env *env, int32_t *a, int32_t *b, ent_type type,
                          int64_t place)
{
    if (*a >= 0 && *b >= 0 && ent_kb_class(env->kb, *a) != ent_kb_class(env->kb, *b)) {
        *a = ent_lower_to_class(env, *a, type, ENT_CLASS_Q, place);
        *b = ent_lower_to_class(env, *b, type, ENT_CLASS_Q, place);
    }
}

/* --- leaves --- */

static int32_t lower_date(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    if (env->date_zone == NULL) {
        return ent_kb_const_i(env->kb, n->i, place);
    }
    char reason[160] = "";
    ent_zone *zone = ent_zone_load(NULL, env->date_zone, reason, sizeof reason);
    if (zone == NULL) {
        (void)ent_lower_fail(env->lw, n->span, "time zone `%s`: %s", env->date_zone, reason);
        return ENT_KB_NOREG;
    }
    int64_t midnight = ent_zone_midnight(zone, n->i);
    ent_zone_free(zone);
    return ent_kb_const_i(env->kb, midnight, place);
}

static int32_t lower_literal(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    ent_i128 scaled = 0;
    switch (n->op) {
    case ENT_LIT_BOOL:
        return ent_kb_const_b(env->kb, n->i != 0, place);
    case ENT_LIT_TEXT:
        return ent_kb_const_i(env->kb, ent_builder_string(env->lw->b, n->text, n->text_len), place);
    case ENT_LIT_MONEY:
    case ENT_LIT_PERCENT:
        return ent_kb_const_q(env->kb, n->q, place);
    case ENT_LIT_DATE:
        return lower_date(env, n, place);
    case ENT_LIT_DECIMAL:
        if (ent_q_round(n->q, n->type.param, ENT_ROUND_HALF_EVEN, &scaled) && scaled <= INT64_MAX &&
            scaled >= INT64_MIN) {
            return ent_kb_const_i(env->kb, (int64_t)scaled, place);
        }
        return (int32_t)ent_lower_fail(env->lw, n->span, "the number does not fit");
    default:
        return ent_kb_const_i(env->kb, n->i, place);
    }
}

static int32_t lower_column(const ent_lower_env *env, ent_column_decl *column, int64_t place)
{
    ent_text_columns *c = env->columns;
    if (c->numbers[column->index] < 0) {
        c->numbers[column->index] = (int64_t)c->n;
        c->order[c->n++] = column;
    }
    return ent_kb_input(env->kb, ENT_INPUT_COLUMN, c->numbers[column->index], ENT_CLASS_I, place);
}

static int32_t lower_name(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    switch ((ent_decl_kind)n->decl_kind) {
    case ENT_DECL_FIELD:
        return ent_lower_field(env, ENT_INPUT_FIELD, n->decl, place);
    case ENT_DECL_COLUMN:
        return lower_column(env, n->decl, place);
    case ENT_DECL_MEMBER:
        return ent_kb_const_i(env->kb, n->slot, place);
    case ENT_DECL_PARTY:
        return ent_kb_const_i(env->kb, ((const ent_party_decl *)n->decl)->index, place);
    case ENT_DECL_SERVICE:
        return ent_kb_const_i(env->kb, ((const ent_service_decl *)n->decl)->index, place);
    case ENT_DECL_PARAM:
        return env->args == NULL ? ENT_KB_NOREG : env->args[n->slot];
    case ENT_DECL_CHARGE:
        return ent_kb_input(env->kb, ENT_INPUT_CHARGE, 0, ENT_CLASS_Q, place);
    case ENT_DECL_VARIABLE:
    case ENT_DECL_ELEMENT:
        return ent_lower_element(env, n);
    case ENT_DECL_FIGURE:
        return ent_kb_input(env->kb, ENT_INPUT_MEASURE, 0,
                            n->type.kind == ENT_TYPE_NUMBER ? ENT_CLASS_F : ENT_CLASS_Q, place);
    default:
        return (int32_t)ent_lower_fail(env->lw, n->span, "`%s` cannot be computed here",
                                       n->name == NULL ? "this" : n->name);
    }
}

/* --- conversions --- */

/* A literal that becomes another type is one constant, and the nearest number where it is no other.
 */
static bool lower_coerced_literal(const ent_lower_env *env, const ent_node *n, int64_t place,
                                  int32_t *reg)
{
    const ent_node *kid = n->kids[0];
    if (kid->kind != ENT_NODE_LITERAL) {
        return false;
    }
    ent_q q = kid->op == ENT_LIT_INT ? ent_q_from_i64(kid->i) : kid->q;
    if (kid->op != ENT_LIT_INT && kid->op != ENT_LIT_DECIMAL && kid->op != ENT_LIT_PERCENT) {
        return false;
    }
    ent_i128 scaled = 0;
    switch (n->type.kind) {
    case ENT_TYPE_NUMBER:
        *reg = ent_kb_const_f(env->kb, ent_q_to_double(q), place);
        return true;
    case ENT_TYPE_RATIO:
        *reg = ent_kb_const_q(env->kb, q, place);
        return true;
    case ENT_TYPE_DECIMAL:
        if (!ent_q_round(q, n->type.param, ENT_ROUND_HALF_EVEN, &scaled) || scaled > INT64_MAX ||
            scaled < INT64_MIN) {
            return false;
        }
        *reg = ent_kb_const_i(env->kb, (int64_t)scaled, place);
        return true;
    default:
        return false;
    }
}

static int32_t lower_coerce(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    const ent_node *kid = n->kids[0];
    int32_t reg = ENT_KB_NOREG;
    if (kid->type.kind == ENT_TYPE_DATE && n->type.kind == ENT_TYPE_INSTANT) {
        ent_lower_env dated = *env;
        dated.date_zone = n->text;
        return ent_lower_expr(&dated, kid);
    }
    if (lower_coerced_literal(env, n, place, &reg)) {
        return reg;
    }
    reg = ent_lower_expr(env, kid);
    switch (n->type.kind) {
    case ENT_TYPE_RATIO:
        return ent_lower_to_class(env, reg, kid->type, ENT_CLASS_Q, place);
    case ENT_TYPE_NUMBER:
        return ent_lower_to_class(env, reg, kid->type, ENT_CLASS_F, place);
    case ENT_TYPE_DECIMAL:
        if (ent_kb_class(env->kb, reg) != ENT_CLASS_I || n->type.param == scale_of(kid->type)) {
            return reg;
        }
        return op2(
            env, ENT_BC_MUL_I, reg,
            ent_kb_const_i(env->kb, power_of_ten(n->type.param - scale_of(kid->type)), place),
            place);
    default:
        return reg;
    }
}

/* --- operators --- */

int32_t ent_lower_equal(const ent_lower_env *env, int32_t a, int32_t b, ent_type type,
                        int64_t place)
{
    static const ent_opcode equal[] = {ENT_BC_EQ_B, ENT_BC_EQ_I, ENT_BC_EQ_F, ENT_BC_EQ_Q};
    ent_lower_same_class(env, &a, &b, type, place);
    return op2(env, equal[ent_kb_class(env->kb, a)], a, b, place);
}

static int32_t lower_compare(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    static const ent_opcode not_equal[] = {ENT_BC_NE_B, ENT_BC_NE_I, ENT_BC_NE_F, ENT_BC_NE_Q};
    static const ent_opcode less[] = {NO_SUCH_OP, ENT_BC_LT_I, ENT_BC_LT_F, ENT_BC_LT_Q};
    static const ent_opcode at_most[] = {NO_SUCH_OP, ENT_BC_LE_I, ENT_BC_LE_F, ENT_BC_LE_Q};
    int32_t a = ent_lower_expr(env, n->kids[0]);
    int32_t b = ent_lower_expr(env, n->kids[1]);
    ent_lower_same_class(env, &a, &b, n->kids[0]->type, place);
    ent_class cls = ent_kb_class(env->kb, a);
    switch (n->op) {
    case ENT_OP_EQ:
        return ent_lower_equal(env, a, b, n->kids[0]->type, place);
    case ENT_OP_NE:
        return op2(env, not_equal[cls], a, b, place);
    case ENT_OP_LT:
        return op2(env, less[cls], a, b, place);
    case ENT_OP_LE:
        return op2(env, at_most[cls], a, b, place);
    case ENT_OP_GT:
        return op2(env, less[cls], b, a, place);
    default:
        return op2(env, at_most[cls], b, a, place);
    }
}

static int32_t lower_times(const ent_lower_env *env, const ent_node *n, int32_t a, int32_t b,
                           int64_t place)
{
    ent_class ca = ent_kb_class(env->kb, a);
    ent_class cb = ent_kb_class(env->kb, b);
    if (ca == ENT_CLASS_F) {
        return op2(env, ENT_BC_MUL_F, a, b, place);
    }
    if (ca == ENT_CLASS_I && cb == ENT_CLASS_I) {
        return op2(env, ENT_BC_MUL_I, a, b, place);
    }
    /* a span of time by a ratio, rounded to its nanosecond; an average stays exact */
    if (ca == ENT_CLASS_I && n->kids[0]->type.kind == ENT_TYPE_DURATION &&
        env->kind != ENT_KERNEL_DECISION) {
        return op2(env, ENT_BC_SCALE_I, a, b, place);
    }
    a = ent_lower_to_class(env, a, n->kids[0]->type, ENT_CLASS_Q, place);
    b = ent_lower_to_class(env, b, n->kids[1]->type, ENT_CLASS_Q, place);
    return op2(env, ENT_BC_MUL_Q, a, b, place);
}

static int32_t lower_over(const ent_lower_env *env, const ent_node *n, int32_t a, int32_t b,
                          int64_t place)
{
    ent_class ca = ent_kb_class(env->kb, a);
    ent_class cb = ent_kb_class(env->kb, b);
    if (ca == ENT_CLASS_F) {
        return op2(env, ENT_BC_DIV_F, a, b, place);
    }
    if (n->type.kind == ENT_TYPE_DURATION && ca == ENT_CLASS_I &&
        env->kind != ENT_KERNEL_DECISION) {
        int32_t one = ent_kb_const_q(env->kb, ent_q_from_i64(1), place);
        return op2(env, ENT_BC_SCALE_I, a, op2(env, ENT_BC_DIV_Q, one, b, place), place);
    }
    if (ca == ENT_CLASS_I && cb == ENT_CLASS_I && n->kids[0]->type.kind != ENT_TYPE_DECIMAL) {
        return op2(env, ENT_BC_DIV_I, a, b, place);
    }
    a = ent_lower_to_class(env, a, n->kids[0]->type, ENT_CLASS_Q, place);
    b = ent_lower_to_class(env, b, n->kids[1]->type, ENT_CLASS_Q, place);
    return op2(env, ENT_BC_DIV_Q, a, b, place);
}

static int32_t lower_arithmetic(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    static const ent_opcode add[] = {NO_SUCH_OP, ENT_BC_ADD_I, ENT_BC_ADD_F, ENT_BC_ADD_Q};
    static const ent_opcode subtract[] = {NO_SUCH_OP, ENT_BC_SUB_I, ENT_BC_SUB_F, ENT_BC_SUB_Q};
    int32_t a = ent_lower_expr(env, n->kids[0]);
    int32_t b = ent_lower_expr(env, n->kids[1]);
    if (n->op == ENT_OP_MUL) {
        return lower_times(env, n, a, b, place);
    }
    if (n->op == ENT_OP_DIV) {
        return lower_over(env, n, a, b, place);
    }
    ent_lower_same_class(env, &a, &b, n->kids[0]->type, place);
    ent_class cls = ent_kb_class(env->kb, a);
    return op2(env, n->op == ENT_OP_ADD ? add[cls] : subtract[cls], a, b, place);
}

int32_t ent_lower_guarded(const ent_lower_env *env, int32_t guard, const ent_node *node)
{
    if (guard < 0 || !ent_lower_may_fail(env->lw, node, env->kind == ENT_KERNEL_BIND)) {
        return ent_lower_expr(env, node);
    }
    int64_t place = ent_lower_place(env->lw, node->span);
    ent_class cls = ent_type_class(node->type.kind);
    int32_t var = ent_kb_var(env->kb, cls, place);
    ent_kb_if(env->kb, guard, place);
    int32_t reg = ent_lower_expr(env, node);
    ent_kb_move(env->kb, var, ent_lower_to_class(env, reg, node->type, cls, place), place);
    ent_kb_end(env->kb, place);
    return var;
}

int32_t ent_lower_and(const ent_lower_env *env, int32_t acc, const ent_node *node)
{
    int32_t reg = ent_lower_guarded(env, acc, node);
    if (acc < 0 || ent_lower_may_fail(env->lw, node, env->kind == ENT_KERNEL_BIND)) {
        return reg; /* what was guarded is absent, hence no, where acc does not hold */
    }
    return op2(env, ENT_BC_AND, acc, reg, ent_lower_place(env->lw, node->span));
}

static int32_t lower_or(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    int32_t left = ent_lower_expr(env, n->kids[0]);
    if (!ent_lower_may_fail(env->lw, n->kids[1], env->kind == ENT_KERNEL_BIND)) {
        return op2(env, ENT_BC_OR, left, ent_lower_expr(env, n->kids[1]), place);
    }
    int32_t rest = op1(env, ENT_BC_NOT, left, 0, place);
    return op2(env, ENT_BC_OR, left, ent_lower_guarded(env, rest, n->kids[1]), place);
}

static int32_t lower_binary(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    switch (n->op) {
    case ENT_OP_AND:
        return ent_lower_and(env, ent_lower_expr(env, n->kids[0]), n->kids[1]);
    case ENT_OP_OR:
        return lower_or(env, n, place);
    case ENT_OP_EQ:
    case ENT_OP_NE:
    case ENT_OP_LT:
    case ENT_OP_LE:
    case ENT_OP_GT:
    case ENT_OP_GE:
        return lower_compare(env, n, place);
    default:
        return lower_arithmetic(env, n, place);
    }
}

static int32_t lower_unary(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    static const ent_opcode negate[] = {NO_SUCH_OP, ENT_BC_NEG_I, ENT_BC_NEG_F, ENT_BC_NEG_Q};
    int32_t reg = ent_lower_expr(env, n->kids[0]);
    return op1(env, n->op == ENT_OP_NOT ? ENT_BC_NOT : negate[ent_kb_class(env->kb, reg)], reg, 0,
               place);
}

static int32_t lower_in(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    int32_t subject = ent_lower_expr(env, n->kids[0]);
    int32_t any = ENT_KB_NOREG;
    for (uint32_t i = 1; i < n->n_kids; i++) {
        int32_t member = ent_lower_expr(env, n->kids[i]);
        int32_t hit = ent_lower_equal(env, subject, member, n->kids[0]->type, place);
        any = any < 0 ? hit : op2(env, ENT_BC_OR, any, hit, place);
    }
    return any < 0 ? ent_kb_const_b(env->kb, false, place) : any;
}

/* --- aggregates --- */

static ent_class figure_class(const ent_fold_decl *fold)
{
    switch (fold->kind) {
    case ENT_AGG_SHARE:
    case ENT_AGG_TIME_SHARE:
    case ENT_AGG_TIME_OUTSIDE:
        return ENT_CLASS_Q;
    case ENT_AGG_COUNT:
    case ENT_AGG_LONGEST:
    case ENT_AGG_TIME_IN:
        return ENT_CLASS_I;
    case ENT_AGG_AVERAGE:
        return fold->value_type.kind == ENT_TYPE_NUMBER ? ENT_CLASS_F : ENT_CLASS_Q;
    default:
        return ent_type_class(fold->value_type.kind);
    }
}

static int32_t lower_node(const ent_lower_env *env, const ent_node *n)
{
    int64_t place = ent_lower_place(env->lw, n->span);
    switch (n->kind) {
    case ENT_NODE_LITERAL:
        return lower_literal(env, n, place);
    case ENT_NODE_COERCE:
        return lower_coerce(env, n, place);
    case ENT_NODE_NAME:
    case ENT_NODE_MEMBER:
        return lower_name(env, n, place);
    case ENT_NODE_CALL:
        return ent_lower_call(env, n);
    case ENT_NODE_UNARY:
        return lower_unary(env, n, place);
    case ENT_NODE_BINARY:
        return lower_binary(env, n, place);
    case ENT_NODE_IS_ABSENT: {
        int32_t reg = op1(env, ENT_BC_IS_ABSENT, ent_lower_expr(env, n->kids[0]), 0, place);
        return n->op == 1 ? op1(env, ENT_BC_NOT, reg, 0, place) : reg;
    }
    case ENT_NODE_IN:
        return lower_in(env, n, place);
    case ENT_NODE_IF:
        return ent_lower_if(env, n);
    case ENT_NODE_MATCH:
        return ent_lower_match(env, n);
    case ENT_NODE_AGGREGATE:
        return ent_kb_input(env->kb, ENT_INPUT_FOLD, n->slot, figure_class(n->decl), place);
    case ENT_NODE_QUANTIFIER:
        return ent_lower_element(env, n);
    case ENT_NODE_PERCENT_OF: {
        int32_t charge = ent_kb_input(env->kb, ENT_INPUT_CHARGE, 0, ENT_CLASS_Q, place);
        return op2(env, ENT_BC_MUL_Q, ent_lower_expr(env, n->kids[0]), charge, place);
    }
    default:
        return (int32_t)ent_lower_fail(env->lw, n->span, "`%s` cannot be computed here",
                                       ent_node_kind_name(n->kind));
    }
}

int32_t ent_lower_expr(const ent_lower_env *env, const ent_node *node)
{
    ent_lower *lw = env->lw;
    if (lw->failed) {
        return ENT_KB_NOREG;
    }
    if (lw->nodes_left == 0 || lw->depth >= ENT_LOWER_DEPTH_MAX) {
        return (int32_t)ent_lower_fail(lw, node->span,
                                       "with its functions written out this becomes "
                                       "too large an expression");
    }
    lw->nodes_left--;
    lw->depth++;
    int32_t reg = lower_node(env, node);
    lw->depth--;
    return reg;
}
