/* Lowering of calls: functions are written out in place, built-in ones are instructions.  See
 * lower.h. */
#include <stdlib.h>

#include "compiler/emit/lower_internal.h"
#include "runtime/bytecode/format.h"
#include "runtime/native/native.h"

static int32_t op1(const ent_lower_env *env, ent_opcode op, int32_t a, int64_t k, int64_t place)
{
    return ent_kb_op(env->kb, op, a, ENT_KB_NOREG, ENT_KB_NOREG, k, place);
}

static int32_t op2(const ent_lower_env *env, ent_opcode op, int32_t a, int32_t b, int64_t place)
{
    return ent_kb_op(env->kb, op, a, b, ENT_KB_NOREG, 0, place);
}

static int32_t inline_function(const ent_lower_env *env, const ent_node *n)
{
    const ent_fn_decl *fn = n->decl;
    size_t n_args = n->n_kids - 1;
    int32_t *args = calloc(n_args + 1, sizeof *args);
    if (args == NULL) {
        return (int32_t)ent_lower_no_memory(env->lw);
    }
    for (size_t i = 0; i < n_args; i++) {
        args[i] = ent_lower_expr(env, n->kids[i + 1]);
    }
    ent_lower_env inner = *env;
    inner.args = args;
    inner.date_zone = NULL;
    int32_t reg = ent_lower_expr(&inner, fn->body);
    free(args);
    return reg;
}

/* Differs from the row before: one of the two is absent, or both are there and differ. */
static int32_t lower_changed(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    static const ent_opcode not_equal[] = {ENT_BC_NE_B, ENT_BC_NE_I, ENT_BC_NE_F, ENT_BC_NE_Q};
    int32_t now = ent_lower_field(env, ENT_INPUT_FIELD, n->decl, place);
    int32_t before = ent_lower_field(env, ENT_INPUT_PREVIOUS, n->decl, place);
    int32_t none_before = op1(env, ENT_BC_IS_ABSENT, before, 0, place);
    int32_t none_now = op1(env, ENT_BC_IS_ABSENT, now, 0, place);
    int32_t one = op2(env, ENT_BC_NE_B, none_now, none_before, place);
    int32_t differ = op2(env, not_equal[ent_kb_class(env->kb, now)], now, before, place);
    return op2(env, ENT_BC_OR, one, differ, place);
}

static int32_t lower_parse_time(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    ent_builder *b = env->lw->b;
    ent_timefmt_row row = {ent_builder_string(b, n->kids[2]->text, n->kids[2]->text_len),
                           ent_builder_text(b, n->text == NULL ? "UTC" : n->text)};
    int64_t index = 0;
    while (index < (int64_t)b->timefmt.n &&
           (b->timefmt.v[index].format != row.format || b->timefmt.v[index].zone != row.zone)) {
        index++;
    }
    if (index == (int64_t)b->timefmt.n) {
        index = ent_builder_add_timefmt(b, row);
    }
    return op1(env, ENT_BC_PARSE_TIME, ent_lower_expr(env, n->kids[1]), index, place);
}

static int32_t lower_extreme(const ent_lower_env *env, const ent_node *n, bool largest,
                             int64_t place)
{
    static const ent_opcode smaller[] = {(ent_opcode)ENT_OP_TRAP, ENT_BC_MIN_I, ENT_BC_MIN_F,
                                         ENT_BC_MIN_Q};
    static const ent_opcode larger[] = {(ent_opcode)ENT_OP_TRAP, ENT_BC_MAX_I, ENT_BC_MAX_F,
                                        ENT_BC_MAX_Q};
    int32_t best = ent_lower_expr(env, n->kids[1]);
    for (uint32_t i = 2; i < n->n_kids; i++) {
        int32_t other = ent_lower_expr(env, n->kids[i]);
        ent_lower_same_class(env, &best, &other, n->type, place);
        ent_class cls = ent_kb_class(env->kb, best);
        best = op2(env, largest ? larger[cls] : smaller[cls], best, other, place);
    }
    return best;
}

static int32_t lower_number(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    int32_t reg = ent_lower_expr(env, n->kids[1]);
    if (n->kids[1]->type.kind == ENT_TYPE_TEXT) {
        return op1(env, ENT_BC_PARSE_NUMBER, reg, 0, place);
    }
    return ent_lower_to_class(env, reg, n->kids[1]->type, ENT_CLASS_F, place);
}

static int32_t lower_builtin(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    static const ent_opcode plain[] = {
        [ENT_BUILTIN_INT] = ENT_BC_PARSE_INT,
        [ENT_BUILTIN_RATIO] = ENT_BC_PARSE_RATIO,
        [ENT_BUILTIN_DURATION] = ENT_BC_PARSE_DURATION,
        [ENT_BUILTIN_INSTANT] = ENT_BC_PARSE_INSTANT,
        [ENT_BUILTIN_TIME] = ENT_BC_PARSE_CLOCK,
        [ENT_BUILTIN_BOOL] = ENT_BC_PARSE_BOOL,
        [ENT_BUILTIN_LOWER] = ENT_BC_LOWER,
        [ENT_BUILTIN_TRIM] = ENT_BC_TRIM,
        [ENT_BUILTIN_FLOOR] = ENT_BC_Q_FLOOR,
        [ENT_BUILTIN_CEIL] = ENT_BC_Q_CEIL,
        [ENT_BUILTIN_STARTS_WITH] = ENT_BC_STARTS_WITH,
        [ENT_BUILTIN_ENDS_WITH] = ENT_BC_ENDS_WITH,
        [ENT_BUILTIN_CONTAINS] = ENT_BC_CONTAINS,
    };
    static const ent_opcode magnitude[] = {(ent_opcode)ENT_OP_TRAP, ENT_BC_ABS_I, ENT_BC_ABS_F,
                                           ENT_BC_ABS_Q};
    int32_t reg = ENT_KB_NOREG;
    switch ((ent_builtin)n->slot) {
    case ENT_BUILTIN_PARSE_TIME:
        return lower_parse_time(env, n, place);
    case ENT_BUILTIN_MIN:
    case ENT_BUILTIN_MAX:
        return lower_extreme(env, n, n->slot == ENT_BUILTIN_MAX, place);
    case ENT_BUILTIN_NUMBER:
        return lower_number(env, n, place);
    default:
        reg = ent_lower_expr(env, n->kids[1]);
        break;
    }
    switch ((ent_builtin)n->slot) {
    case ENT_BUILTIN_LOOKUP:
        return op1(env, n->type.kind == ENT_TYPE_PARTY ? ENT_BC_PARSE_PARTY : ENT_BC_PARSE_SERVICE,
                   reg, 0, place);
    case ENT_BUILTIN_DECIMAL:
        return op1(env, ENT_BC_PARSE_DECIMAL, reg, n->type.param, place);
    case ENT_BUILTIN_MONEY:
        return op1(env, ENT_BC_PARSE_MONEY, reg, ent_lower_type_param(env->lw, n->type), place);
    case ENT_BUILTIN_ABS:
        return op1(env, magnitude[ent_kb_class(env->kb, reg)], reg, 0, place);
    case ENT_BUILTIN_ROUND:
        return op1(env, ENT_BC_Q_TO_I, reg, n->type.param, place);
    case ENT_BUILTIN_STARTS_WITH:
    case ENT_BUILTIN_ENDS_WITH:
    case ENT_BUILTIN_CONTAINS:
        return op2(env, plain[n->slot], reg, ent_lower_expr(env, n->kids[2]), place);
    default:
        return op1(env, plain[n->slot], reg, 0, place);
    }
}

/* The row of the native function, made at its first call; -1: it cannot be handed to C. */
static int64_t native_row(const ent_lower_env *env, const ent_fn_decl *fn)
{
    ent_builder *b = env->lw->b;
    int64_t place = ent_lower_place(env->lw, fn->span);
    for (size_t i = 0; i < b->native.n; i++) {
        if (b->native.v[i].place == place) {
            return (int64_t)i;
        }
    }
    if (fn->n_params < 1 || fn->n_params > ENT_LIMIT_NATIVE_PARAMS) {
        return ent_lower_fail(env->lw, fn->span, "an `extern fn` has 1 to %d parameters", ENT_LIMIT_NATIVE_PARAMS);
    }
    if (!ent_native_gives(fn->result.kind)) {
        return ent_lower_fail(env->lw, fn->span, "C has no type for what `%s` gives", fn->name);
    }
    int64_t first = (int64_t)b->native_param.n;
    for (size_t i = 0; i < fn->n_params; i++) {
        ent_type type = fn->params[i].type;
        if (!ent_native_takes(type.kind)) {
            return ent_lower_fail(env->lw, fn->params[i].span, "C has no type for the parameter `%s`",
                                  fn->params[i].name);
        }
        (void)ent_builder_add_native_param(
            b, (ent_native_param_row){type.kind, ent_lower_type_param(env->lw, type)});
    }
    return ent_builder_add_native(
        b, (ent_native_row){ent_builder_text(b, fn->name), ent_builder_text(b, fn->symbol),
                            ent_builder_text(b, fn->library), first, (int64_t)fn->n_params, fn->result.kind,
                            ent_lower_type_param(env->lw, fn->result), place});
}

static int32_t lower_native(const ent_lower_env *env, const ent_node *n, int64_t place)
{
    const ent_fn_decl *fn = n->decl;
    int32_t args[ENT_LIMIT_NATIVE_PARAMS];
    if (env->kind == ENT_KERNEL_RULE) {
        return (int32_t)ent_lower_fail(env->lw, n->span, "a rule cannot call an `extern fn`");
    }
    int64_t native = native_row(env, fn);
    if (native < 0) {
        return ENT_KB_NOREG;
    }
    for (size_t i = 0; i < fn->n_params; i++) {
        args[i] = ent_lower_to_class(env, ent_lower_expr(env, n->kids[i + 1]), n->kids[i + 1]->type,
                                     ent_type_class(fn->params[i].type.kind), place);
    }
    static const ent_opcode calls[] = {ENT_BC_CALL_B, ENT_BC_CALL_I, ENT_BC_CALL_F};
    return ent_kb_call(env->kb, calls[ent_type_class(fn->result.kind)], args, fn->n_params, native, place);
}

int32_t ent_lower_call(const ent_lower_env *env, const ent_node *n)
{
    int64_t place = ent_lower_place(env->lw, n->span);
    switch ((ent_decl_kind)n->decl_kind) {
    case ENT_DECL_FN:
        return inline_function(env, n);
    case ENT_DECL_PREVIOUS:
        return ent_lower_field(env, ENT_INPUT_PREVIOUS, n->decl, place);
    case ENT_DECL_CHANGED:
        return lower_changed(env, n, place);
    case ENT_DECL_BUILTIN:
        return lower_builtin(env, n, place);
    case ENT_DECL_EXTERN:
        return lower_native(env, n, place);
    default:
        return (int32_t)ent_lower_fail(env->lw, n->span, "this cannot be called here");
    }
}
