/* Lowering of choices: `if`, `match`, and what may fail.  See lower.h.
 *
 * A choice is made by SELECT where both sides can be computed on every row; where one of them may
 * fail or leave the row out, it is computed on the rows that take it only.  The arms of a match
 * become one condition each, at one level, so that a match may have any number of arms. */
#include <stdio.h>
#include <string.h>

#include "compiler/emit/lower_internal.h"

/* --- what may fail --- */

static bool call_may_fail(const ent_node *n)
{
    switch (n->decl_kind) {
    case ENT_DECL_BUILTIN:
        switch ((ent_builtin)n->slot) {
        case ENT_BUILTIN_MIN:
        case ENT_BUILTIN_MAX:
        case ENT_BUILTIN_STARTS_WITH:
        case ENT_BUILTIN_ENDS_WITH:
        case ENT_BUILTIN_CONTAINS:
            return false;
        default:
            return true;
        }
    case ENT_DECL_FN:
    case ENT_DECL_PREVIOUS:
    case ENT_DECL_CHANGED:
        return false;
    default:
        return true;
    }
}

static bool has_else(const ent_node *match)
{
    return match->n_kids > 1 && match->kids[match->n_kids - 1]->kids[0] == NULL;
}

static bool node_may_fail(const ent_node *n, bool in_bind)
{
    switch (n->kind) {
    case ENT_NODE_SKIP:
        return true;
    case ENT_NODE_UNARY:
        return n->op == ENT_OP_NEG;
    case ENT_NODE_BINARY:
        return n->op == ENT_OP_ADD || n->op == ENT_OP_SUB || n->op == ENT_OP_MUL ||
               n->op == ENT_OP_DIV;
    case ENT_NODE_PERCENT_OF:
        return true;
    case ENT_NODE_COERCE:
        return n->type.kind == ENT_TYPE_DECIMAL && n->kids[0]->kind != ENT_NODE_LITERAL;
    case ENT_NODE_CALL:
        return call_may_fail(n);
    case ENT_NODE_MATCH:
        return in_bind && !has_else(n);
    default:
        return false;
    }
}

bool ent_lower_may_fail(ent_lower *lw, const ent_node *n, bool in_bind)
{
    if (n == NULL) {
        return false;
    }
    if (lw->failed || lw->nodes_left == 0 || lw->depth >= ENT_LOWER_DEPTH_MAX) {
        return true;
    }
    if (node_may_fail(n, in_bind)) {
        return true;
    }
    lw->nodes_left--;
    lw->depth++;
    bool fails = false;
    for (uint32_t i = n->kind == ENT_NODE_CALL ? 1 : 0; i < n->n_kids && !fails; i++) {
        fails = ent_lower_may_fail(lw, n->kids[i], in_bind);
    }
    if (!fails && n->kind == ENT_NODE_CALL && n->decl_kind == ENT_DECL_FN) {
        fails = ent_lower_may_fail(lw, ((const ent_fn_decl *)n->decl)->body, in_bind);
    }
    lw->depth--;
    return fails;
}

/* --- choosing --- */

/* Figures of a decision kernel may turn out to be exact ratios: see lower_expr.c. */
static ent_class choice_class(const ent_lower_env *env, ent_type type)
{
    bool measured = type.kind == ENT_TYPE_INT || type.kind == ENT_TYPE_DECIMAL ||
                    type.kind == ENT_TYPE_DURATION || type.kind == ENT_TYPE_INSTANT ||
                    type.kind == ENT_TYPE_TIME;
    return env->kind == ENT_KERNEL_DECISION && measured ? ENT_CLASS_Q : ent_type_class(type.kind);
}

/* The chosen lanes take the value, or leave. */
static void take(const ent_lower_env *env, int32_t var, ent_class cls, const ent_node *value)
{
    int64_t place = ent_lower_place(env->lw, value->span);
    if (value->kind == ENT_NODE_SKIP) {
        ent_kb_skip(env->kb, place);
        return;
    }
    int32_t reg = ent_lower_expr(env, value);
    ent_kb_move(env->kb, var, ent_lower_to_class(env, reg, value->type, cls, place), place);
}

static int32_t select_value(const ent_lower_env *env, int32_t condition, int32_t yes, int32_t no,
                      ent_type type, int64_t place)
{
    ent_lower_same_class(env, &yes, &no, type, place);
    return ent_kb_op(env->kb, ENT_BC_SELECT, condition, yes, no, 0, place);
}

int32_t ent_lower_if(const ent_lower_env *env, const ent_node *n)
{
    int64_t place = ent_lower_place(env->lw, n->span);
    bool bind = env->kind == ENT_KERNEL_BIND;
    int32_t condition = ent_lower_expr(env, n->kids[0]);
    if (!ent_lower_may_fail(env->lw, n->kids[1], bind) &&
        !ent_lower_may_fail(env->lw, n->kids[2], bind)) {
        int32_t yes = ent_lower_expr(env, n->kids[1]);
        int32_t no = ent_lower_expr(env, n->kids[2]);
        return select_value(env, condition, yes, no, n->type, place);
    }
    ent_class cls = choice_class(env, n->type);
    int32_t var = ent_kb_var(env->kb, cls, place);
    ent_kb_if(env->kb, condition, place);
    take(env, var, cls, n->kids[1]);
    ent_kb_else(env->kb, place);
    take(env, var, cls, n->kids[2]);
    ent_kb_end(env->kb, place);
    return var;
}

/* --- match --- */

static void add_text(char *out, size_t size, size_t *len, const char *text, size_t n)
{
    size_t room = size - *len - 1;
    n = n < room ? n : room;
    memcpy(out + *len, text, n);
    *len += n;
    out[*len] = '\0';
}

/* "expected one of New, Resolved": what the author's patterns say, as they are written. */
static int64_t expectation(const ent_lower_env *env, const ent_node *n)
{
    char message[192];
    size_t len = 0;
    bool first = true;
    add_text(message, sizeof message, &len, "expected one of ", 16);
    for (uint32_t i = 1; i < n->n_kids; i++) {
        const ent_node *patterns = n->kids[i]->kids[0];
        for (uint32_t k = 0; patterns != NULL && k < patterns->n_kids; k++) {
            ent_span span = patterns->kids[k]->span;
            size_t total = 0;
            const char *text = ent_sources_text(env->lw->m->sources, span.file, &total);
            size_t length = text == NULL || span.end > total ? 0 : span.end - span.start;
            if (len + length + 12 >= sizeof message) {
                add_text(message, sizeof message, &len, ", …", strlen(", …"));
                return ent_builder_text(env->lw->b, message);
            }
            add_text(message, sizeof message, &len, ", ", first ? 0 : 2);
            add_text(message, sizeof message, &len, text + span.start, length);
            first = false;
        }
    }
    return ent_builder_text(env->lw->b, message);
}

static int32_t arm_condition(const ent_lower_env *env, int32_t subject, const ent_node *arm,
                             ent_type type, int64_t place)
{
    int32_t any = ENT_KB_NOREG;
    for (uint32_t k = 0; k < arm->kids[0]->n_kids; k++) {
        int32_t pattern = ent_lower_expr(env, arm->kids[0]->kids[k]);
        int32_t hit = ent_lower_equal(env, subject, pattern, type, place);
        any = any < 0 ? hit : ent_kb_op(env->kb, ENT_BC_OR, any, hit, ENT_KB_NOREG, 0, place);
    }
    return any;
}

static int32_t both(const ent_lower_env *env, int32_t a, int32_t b, int64_t place)
{
    return a < 0 ? b : ent_kb_op(env->kb, ENT_BC_AND, a, b, ENT_KB_NOREG, 0, place);
}

/* The lanes that no arm has taken: a value that the bind does not list is a bad row; an absent one
 * is nobody's mistake and stays absent. */
static void refuse_rest(const ent_lower_env *env, const ent_node *n, int32_t subject, int32_t rest,
                        int64_t place)
{
    int32_t absent =
        ent_kb_op(env->kb, ENT_BC_IS_ABSENT, subject, ENT_KB_NOREG, ENT_KB_NOREG, 0, place);
    int32_t present = ent_kb_op(env->kb, ENT_BC_NOT, absent, ENT_KB_NOREG, ENT_KB_NOREG, 0, place);
    ent_kb_if(env->kb, both(env, rest, present, place), place);
    ent_kb_fail(env->kb, subject, expectation(env, n), place);
    ent_kb_end(env->kb, place);
}

static int32_t match_by_branches(const ent_lower_env *env, const ent_node *n, int32_t subject,
                                 int64_t place)
{
    ent_class cls = choice_class(env, n->type);
    int32_t var = ent_kb_var(env->kb, cls, place);
    int32_t rest = ENT_KB_NOREG;
    bool closed = false;
    for (uint32_t i = 1; i < n->n_kids && !closed; i++) {
        const ent_node *arm = n->kids[i];
        int64_t arm_place = ent_lower_place(env->lw, arm->span);
        closed = arm->kids[0] == NULL;
        if (closed && rest < 0) {
            take(env, var, cls, arm->kids[1]);
            break;
        }
        int32_t hit = closed ? rest : arm_condition(env, subject, arm, n->kids[0]->type, arm_place);
        ent_kb_if(env->kb, closed ? hit : both(env, rest, hit, arm_place), arm_place);
        take(env, var, cls, arm->kids[1]);
        ent_kb_end(env->kb, arm_place);
        int32_t miss =
            closed ? rest
                   : ent_kb_op(env->kb, ENT_BC_NOT, hit, ENT_KB_NOREG, ENT_KB_NOREG, 0, arm_place);
        rest = closed ? rest : both(env, rest, miss, arm_place);
    }
    if (!closed && env->kind == ENT_KERNEL_BIND && rest >= 0) {
        refuse_rest(env, n, subject, rest, place);
    }
    return var;
}

/* From the last arm to the first, so that the first that fits wins. */
static int32_t match_by_selects(const ent_lower_env *env, const ent_node *n, int32_t subject,
                                int64_t place)
{
    uint32_t last = n->n_kids;
    int32_t value = ENT_KB_NOREG;
    if (has_else(n)) {
        value = ent_lower_expr(env, n->kids[--last]->kids[1]);
    }
    for (uint32_t i = last; i > 1; i--) {
        const ent_node *arm = n->kids[i - 1];
        int64_t arm_place = ent_lower_place(env->lw, arm->span);
        int32_t hit = arm_condition(env, subject, arm, n->kids[0]->type, arm_place);
        int32_t yes = ent_lower_expr(env, arm->kids[1]);
        if (value < 0 && yes >= 0) {
            value = ent_kb_absent(env->kb, ent_kb_class(env->kb, yes), place);
        }
        value = select_value(env, hit, yes, value, n->type, arm_place);
    }
    return value;
}

int32_t ent_lower_match(const ent_lower_env *env, const ent_node *n)
{
    int64_t place = ent_lower_place(env->lw, n->span);
    bool bind = env->kind == ENT_KERNEL_BIND;
    int32_t subject = ent_lower_expr(env, n->kids[0]);
    bool branches = bind && !has_else(n);
    for (uint32_t i = 1; i < n->n_kids; i++) {
        branches = branches || ent_lower_may_fail(env->lw, n->kids[i]->kids[1], bind);
    }
    return branches ? match_by_branches(env, n, subject, place)
                    : match_by_selects(env, n, subject, place);
}
