/* See vm_one.h. */
#include "runtime/vm/vm_one.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/bytecode/format.h"

/* What these do to the words of a step; put_instruction puts no other. */
#define ONE_COMPARES(X)                                                                            \
    X(EQ_B, s->a->b == s->b->b)                                                                    \
    X(NE_B, s->a->b != s->b->b)                                                                    \
    X(EQ_I, s->a->i == s->b->i)                                                                    \
    X(NE_I, s->a->i != s->b->i)                                                                    \
    X(LT_I, s->a->i < s->b->i)                                                                     \
    X(LE_I, s->a->i <= s->b->i)                                                                    \
    X(EQ_F, s->a->f == s->b->f)                                                                    \
    X(NE_F, s->a->f != s->b->f)                                                                    \
    X(LT_F, s->a->f < s->b->f)                                                                     \
    X(LE_F, s->a->f <= s->b->f)
#define ONE_TRUTHS(X)                                                                              \
    X(ABSENT_B, 0)                                                                                 \
    X(AND, s->a->b & s->b->b)                                                                      \
    X(OR, s->a->b | s->b->b)                                                                       \
    X(NOT, s->a->b ^ 1)
#define ONE_INTEGERS(X)                                                                            \
    X(ADD_I, __builtin_add_overflow)                                                               \
    X(SUB_I, __builtin_sub_overflow)                                                               \
    X(MUL_I, __builtin_mul_overflow)
#define ONE_NUMBERS(X)                                                                             \
    X(ADD_F, s->a->f + s->b->f)                                                                    \
    X(SUB_F, s->a->f - s->b->f)                                                                    \
    X(MUL_F, s->a->f *s->b->f)                                                                     \
    X(DIV_F, s->b->f == 0.0 ? (double)INFINITY : s->a->f / s->b->f)                                \
    X(I_TO_F, (double)s->a->i)

/* Steps of several instructions: a comparison whose truth goes straight into a conjunction, a disjunction or a
 * branch, and a conjunction that goes into a branch.  The forms of one comparison follow each other. */
enum {
    ONE_FUSED = ENT_BC_LIMIT,
#define ONE_NUMBERED(id, EXPR) ONE_##id, ONE_AND_##id, ONE_OR_##id, ONE_IF_##id, ONE_AND_IF_##id,
    ONE_COMPARES(ONE_NUMBERED)
#undef ONE_NUMBERED
    ONE_AND_IF,
    ONE_LIMIT
};
enum { ONE_PLUS_AND = 1, ONE_PLUS_OR = 2, ONE_PLUS_IF = 3, ONE_PLUS_AND_IF = 4, ONE_FORMS = 5 };

typedef union word {
    uint8_t b;
    int64_t i;
    double f;
} word;

typedef struct step {
    uint32_t op;
    uint32_t to; /* of jumps */
    word *d;
    const word *a, *b;
    const word *c; /* what the truth of a comparison is joined with */
} step;

typedef struct input {
    word *to;
    ent_class cls;
} input;

struct ent_vm_one {
    step *steps;
    word *words; /* one a register */
    input *inputs;
    size_t n_inputs;
    ent_vector *outputs;
    size_t n_outputs;
};

/* While it is made. */
typedef struct maker {
    const ent_image *program;
    const ent_kernel_row *kernel;
    const ent_instruction *code;
    ent_vm_one *one;
    size_t n_regs, n_steps;
    size_t block;     /* the first step that is done whenever the last one is */
    uint16_t *uses;   /* by register: instructions and outputs that read it */
    word **at;        /* by register: where its value lies */
    uint8_t *present; /* by register: has a value on every way to here */
    uint8_t *variable; /* by register: some MOVE writes it */
    uint8_t *never;   /* by register: a bool that is false */
    uint8_t *saved;   /* `present` before each open branch, and at the end of its first way */
    uint8_t *has_else;
    size_t depth;
    uint32_t *moved; /* by instruction: its step */
} maker;

void ent_vm_one_free(ent_vm_one *one)
{
    if (one != NULL) {
        free(one->steps);
        free(one->words);
        free(one->inputs);
        free(one->outputs);
        free(one);
    }
}

/* Fields that an instruction does not use count, too: then a register seems to be read once more than it is. */
static void count_use(maker *m, size_t reg)
{
    if (reg < m->n_regs && m->uses[reg] < UINT16_MAX) {
        m->uses[reg]++;
    }
}

static bool begin(maker *m)
{
    size_t n = m->n_regs + 1;
    size_t n_code = (size_t)m->kernel->n_instructions + 1;
    ent_vm_one *one = m->one = calloc(1, sizeof *one);
    m->at = calloc(n, sizeof(word *));
    m->present = calloc(n, 1);
    m->variable = calloc(n, 1);
    m->never = calloc(n, 1);
    m->saved = calloc(2 * (ENT_LIMIT_KERNEL_NESTING + 1), n);
    m->has_else = calloc(ENT_LIMIT_KERNEL_NESTING + 1, 1);
    m->moved = calloc(n_code, sizeof *m->moved);
    m->uses = calloc(n, sizeof *m->uses);
    if (one == NULL || m->at == NULL || m->present == NULL || m->variable == NULL || m->never == NULL ||
        m->saved == NULL || m->has_else == NULL || m->moved == NULL || m->uses == NULL) {
        return false;
    }
    one->n_inputs = (size_t)m->kernel->n_inputs;
    one->n_outputs = (size_t)m->kernel->n_outputs;
    one->steps = calloc(n_code, sizeof *one->steps);
    one->words = calloc(n, sizeof *one->words);
    one->inputs = calloc(one->n_inputs + 1, sizeof *one->inputs);
    one->outputs = calloc(one->n_outputs + 1, sizeof *one->outputs);
    for (size_t r = 0; one->words != NULL && r < n; r++) {
        m->at[r] = &one->words[r];
    }
    for (int64_t i = 0; i < m->kernel->n_instructions; i++) {
        m->variable[m->code[i].d] |= m->code[i].op == ENT_BC_MOVE;
        count_use(m, m->code[i].a);
        count_use(m, m->code[i].b);
    }
    for (int64_t o = 0; o < m->kernel->n_outputs; o++) {
        count_use(m, (size_t)m->program->output[m->kernel->first_output + o].reg);
    }
    return one->steps != NULL && one->words != NULL && one->inputs != NULL && one->outputs != NULL;
}

static void end(maker *m)
{
    free(m->at);
    free(m->present);
    free(m->variable);
    free(m->never);
    free(m->saved);
    free(m->has_else);
    free(m->moved);
    free(m->uses);
}

/* The step that made the value of a register which nobody else reads, if it is the last one and no way leads here
 * without it; or NULL. */
static step *maker_of(maker *m, size_t reg)
{
    step *last = m->n_steps > m->block ? &m->one->steps[m->n_steps - 1] : NULL;
    return last != NULL && last->d == m->at[reg] && m->uses[reg] == 1 && !m->variable[reg] ? last : NULL;
}

static bool is_compare(uint32_t op)
{
    return op > ONE_FUSED && op < ONE_AND_IF && (op - ONE_FUSED - 1) % ONE_FORMS == 0;
}

/* d = other AND (a comparison), or OR. */
static bool join(maker *m, const ent_instruction *i, uint32_t plus)
{
    const uint16_t others[2] = {i->b, i->a};
    const uint16_t operands[2] = {i->a, i->b};
    for (int k = 0; k < 2; k++) {
        step *last = maker_of(m, operands[k]);
        if (last != NULL && is_compare(last->op)) {
            last->op += plus;
            last->c = m->at[others[k]];
            last->d = m->at[i->d];
            return true;
        }
    }
    return false;
}

static void put(maker *m, const ent_instruction *i)
{
    m->one->steps[m->n_steps++] =
        (step){.op = i->op, .to = i->k, .d = m->at[i->d], .a = m->at[i->a], .b = m->at[i->b]};
}

static void put_constant(maker *m, const ent_instruction *i)
{
    const ent_constant *c = &m->program->constants[i->k];
    word *at = m->at[i->d];
    switch (i->op) {
    case ENT_BC_CONST_B:
        at->b = c->v.b;
        break;
    case ENT_BC_CONST_I:
        at->i = c->v.i;
        break;
    default:
        at->f = c->v.f;
        break;
    }
    m->present[i->d] = 1;
}

static bool put_input(maker *m, const ent_instruction *i)
{
    input *in = &m->one->inputs[i->k];
    if (in->to != NULL) { /* the same input once more */
        m->at[i->d] = in->to;
    }
    *in = (input){m->at[i->d], (ent_class)m->program->reg[m->kernel->first_reg + i->d].cls};
    m->present[i->d] = 1;
    return true;
}

/* A disjunction with what cannot hold is the other operand, unless that may change later. */
static void put_or(maker *m, const ent_instruction *i)
{
    const uint16_t others[2] = {i->b, i->a};
    const uint16_t operands[2] = {i->a, i->b};
    for (int k = 0; k < 2; k++) {
        if (m->never[operands[k]] && !m->variable[others[k]] && !m->variable[i->d]) {
            m->at[i->d] = m->at[others[k]];
            m->never[i->d] = m->never[others[k]];
            m->present[i->d] = 1;
            return;
        }
    }
    if (!join(m, i, ONE_PLUS_OR)) {
        put(m, i);
    }
    m->present[i->d] = 1;
}

static void put_and(maker *m, const ent_instruction *i)
{
    if (!join(m, i, ONE_PLUS_AND)) {
        put(m, i);
    }
    m->present[i->d] = 1;
}

static void put_compare(maker *m, const ent_instruction *i)
{
    static const uint16_t ops[ENT_BC_LIMIT] = {
#define ONE_OP(id, EXPR) [ENT_BC_##id] = ONE_##id,
        ONE_COMPARES(ONE_OP)
#undef ONE_OP
    };
    put(m, i);
    m->one->steps[m->n_steps - 1].op = ops[i->op];
    m->present[i->d] = 1;
}

/* What was made only to be moved is made where it goes. */
static void put_move(maker *m, const ent_instruction *i)
{
    step *last = maker_of(m, i->a);
    if (last != NULL) {
        last->d = m->at[i->d];
    } else {
        put(m, i);
    }
    m->present[i->d] = m->present[i->a];
}

/* --- branches: saved[2 * level] is what was present before, saved[2 * level + 1] at the end of the first way --- */

static uint8_t *saved(maker *m, size_t level, size_t which)
{
    return m->saved + (2 * level + which) * (m->n_regs + 1);
}

static bool put_if(maker *m, const ent_instruction *i)
{
    if (m->depth > ENT_LIMIT_KERNEL_NESTING) {
        return false;
    }
    memcpy(saved(m, m->depth, 0), m->present, m->n_regs);
    m->has_else[m->depth++] = 0;
    step *last = maker_of(m, i->a);
    if (last != NULL && is_compare(last->op)) {
        last->op += ONE_PLUS_IF;
        last->to = i->k;
    } else if (last != NULL && is_compare(last->op - ONE_PLUS_AND)) {
        last->op += ONE_PLUS_AND_IF - ONE_PLUS_AND;
        last->to = i->k;
    } else if (last != NULL && last->op == ENT_BC_AND) {
        last->op = ONE_AND_IF;
        last->to = i->k;
    } else {
        put(m, i);
    }
    m->block = m->n_steps;
    return true;
}

static void put_else(maker *m, const ent_instruction *i)
{
    size_t level = m->depth - 1;
    m->has_else[level] = 1;
    memcpy(saved(m, level, 1), m->present, m->n_regs);
    memcpy(m->present, saved(m, level, 0), m->n_regs);
    put(m, i);
    m->block = m->n_steps;
}

static void put_end(maker *m)
{
    size_t level = --m->depth;
    m->block = m->n_steps;
    const uint8_t *other = saved(m, level, m->has_else[level]);
    for (size_t r = 0; r < m->n_regs; r++) {
        m->present[r] &= other[r];
    }
}

static bool put_instruction(maker *m, const ent_instruction *i)
{
    switch (i->op) {
    case ENT_BC_CONST_B:
    case ENT_BC_CONST_I:
    case ENT_BC_CONST_F:
        put_constant(m, i);
        return true;
    case ENT_BC_ABSENT_B:
        put(m, i); /* its datum is false, which is all that conditions ask */
        return true;
    case ENT_BC_ABSENT_I:
    case ENT_BC_ABSENT_F:
        return true;
    case ENT_BC_INPUT_B:
    case ENT_BC_INPUT_I:
    case ENT_BC_INPUT_F:
        return put_input(m, i);
    case ENT_BC_MOVE:
        put_move(m, i);
        return true;
    case ENT_BC_IF:
        return put_if(m, i);
    case ENT_BC_ELSE:
        put_else(m, i);
        return true;
    case ENT_BC_END:
        put_end(m);
        return true;
    case ENT_BC_IS_ABSENT:
        m->never[i->d] = m->present[i->d] = 1; /* a word of zeros */
        return m->present[i->a] && !m->variable[i->d];
    case ENT_BC_OR:
        put_or(m, i);
        return true;
    case ENT_BC_AND:
        put_and(m, i);
        return true;
    case ENT_BC_NOT:
        put(m, i);
        m->present[i->d] = 1;
        return true;
    case ENT_BC_I_TO_F:
        put(m, i);
        m->present[i->d] = 1;
        return m->present[i->a];
#define ONE_CASE(id, EXPR) case ENT_BC_##id:
    ONE_COMPARES(ONE_CASE)
#undef ONE_CASE
        put_compare(m, i);
        return m->present[i->a] && m->present[i->b];
    case ENT_BC_ADD_I: case ENT_BC_SUB_I: case ENT_BC_MUL_I:
    case ENT_BC_ADD_F: case ENT_BC_SUB_F: case ENT_BC_MUL_F: case ENT_BC_DIV_F:
        put(m, i);
        m->present[i->d] = 1;
        return m->present[i->a] && m->present[i->b];
    default:
        return false;
    }
}

static bool branches(uint32_t op)
{
    uint32_t form = op > ONE_FUSED ? (op - ONE_FUSED - 1) % ONE_FORMS : 0;
    return op == ENT_BC_IF || op == ONE_AND_IF || (op < ONE_AND_IF && (form == ONE_PLUS_IF || form == ONE_PLUS_AND_IF));
}

/* Targets of jumps as steps: what is not true goes behind its ELSE, and an ELSE that is met ends its way. */
static void settle_jumps(maker *m)
{
    for (size_t k = 0; k < m->n_steps; k++) {
        step *s = &m->one->steps[k];
        if (branches(s->op) || s->op == ENT_BC_ELSE) {
            bool behind = s->op != ENT_BC_ELSE && m->code[s->to].op == ENT_BC_ELSE;
            s->to = m->moved[s->to] + behind;
        }
    }
}

static bool make(maker *m)
{
    for (int64_t at = 0; at < m->kernel->n_instructions; at++) {
        m->moved[at] = (uint32_t)m->n_steps;
        if (!put_instruction(m, &m->code[at])) {
            return false;
        }
    }
    m->one->steps[m->n_steps].op = ENT_OP_TRAP;
    settle_jumps(m);
    for (size_t o = 0; o < m->one->n_outputs; o++) {
        int64_t reg = m->program->output[m->kernel->first_output + (int64_t)o].reg;
        ent_class cls = (ent_class)m->program->reg[m->kernel->first_reg + reg].cls;
        if (!m->present[reg]) {
            return false;
        }
        m->one->outputs[o] = (ent_vector){cls, m->at[reg], NULL};
    }
    for (size_t k = 0; k < m->one->n_inputs; k++) {
        if (m->one->inputs[k].to == NULL) {
            return false;
        }
    }
    return true;
}

ent_vm_one *ent_vm_one_new(const ent_image *program, const ent_kernel_row *kernel, bool *possible)
{
    maker m = {.program = program,
               .kernel = kernel,
               .code = program->instructions + kernel->first_instruction,
               .n_regs = (size_t)kernel->n_regs};
    bool memory = begin(&m);
    bool made = memory && make(&m);
    *possible = made || !memory;
    end(&m);
    if (!made) {
        ent_vm_one_free(m.one);
        return NULL;
    }
    return m.one;
}

/* --- running --- */

#ifndef ENT_HAS_COMPUTED_GOTO
#ifdef __GNUC__
#define ENT_HAS_COMPUTED_GOTO 1
#else
#define ENT_HAS_COMPUTED_GOTO 0
#endif
#endif

static bool run_steps(const ent_vm_one *one)
{
    const step *s = one->steps;
#if ENT_HAS_COMPUTED_GOTO
#define LABEL(id, effect) [ENT_BC_##id] = &&op_##id,
#define LABELS(id, EXPR)                                                                           \
    [ONE_##id] = &&compare_##id, [ONE_AND_##id] = &&and_##id, [ONE_OR_##id] = &&or_##id,           \
    [ONE_IF_##id] = &&if_##id, [ONE_AND_IF_##id] = &&and_if_##id,
    __extension__ static const void *const labels[ONE_LIMIT] = {
        [ENT_OP_TRAP] = &&op_TRAP,  [ENT_BC_IF] = &&op_IF, [ENT_BC_ELSE] = &&op_ELSE,
        [ENT_BC_MOVE] = &&op_MOVE, [ONE_AND_IF] = &&and_if, ONE_TRUTHS(LABEL) ONE_INTEGERS(LABEL)
        ONE_NUMBERS(LABEL) ONE_COMPARES(LABELS)};
#define NEXT() __extension__({ goto *labels[s->op]; })
#define CASE(id) op_##id:
#define CASE_FUSED(name, number) name:
    NEXT();
#else
#define NEXT() continue
#define CASE(id) case ENT_BC_##id:
#define CASE_FUSED(name, number) case number:
    for (;;) {
        switch (s->op) {
#endif

#define TRUTH(id, EXPR)                                                                            \
    CASE(id)                                                                                       \
    s->d->b = (uint8_t)(EXPR);                                                                     \
    s++;                                                                                           \
    NEXT();
#define INTEGER(id, function)                                                                      \
    CASE(id)                                                                                       \
    if (function(s->a->i, s->b->i, &s->d->i)) {                                                    \
        return false;                                                                              \
    }                                                                                              \
    s++;                                                                                           \
    NEXT();
#define NUMBER(id, EXPR)                                                                           \
    CASE(id)                                                                                       \
    s->d->f = EXPR;                                                                                \
    if (!isfinite(s->d->f)) {                                                                      \
        return false;                                                                              \
    }                                                                                              \
    s++;                                                                                           \
    NEXT();

#define COMPARE(id, EXPR)                                                                          \
    CASE_FUSED(compare_##id, ONE_##id)                                                             \
    s->d->b = (EXPR);                                                                              \
    s++;                                                                                           \
    NEXT();                                                                                        \
    CASE_FUSED(and_##id, ONE_AND_##id)                                                             \
    s->d->b = (uint8_t)((EXPR)&s->c->b);                                                           \
    s++;                                                                                           \
    NEXT();                                                                                        \
    CASE_FUSED(or_##id, ONE_OR_##id)                                                               \
    s->d->b = (uint8_t)((EXPR) | s->c->b);                                                         \
    s++;                                                                                           \
    NEXT();                                                                                        \
    CASE_FUSED(if_##id, ONE_IF_##id)                                                               \
    s = (EXPR) ? s + 1 : one->steps + s->to;                                                       \
    NEXT();                                                                                        \
    CASE_FUSED(and_if_##id, ONE_AND_IF_##id)                                                       \
    s = ((EXPR)&s->c->b) ? s + 1 : one->steps + s->to;                                             \
    NEXT();

    ONE_COMPARES(COMPARE)
    ONE_TRUTHS(TRUTH)
    ONE_INTEGERS(INTEGER)
    ONE_NUMBERS(NUMBER)
    CASE(MOVE)
    *s->d = *s->a;
    s++;
    NEXT();
    CASE_FUSED(and_if, ONE_AND_IF)
    s = (s->a->b & s->b->b) ? s + 1 : one->steps + s->to;
    NEXT();
    CASE(IF)
    s = s->a->b ? s + 1 : one->steps + s->to;
    NEXT();
    CASE(ELSE)
    s = one->steps + s->to;
    NEXT();
#if ENT_HAS_COMPUTED_GOTO
op_TRAP:
    return true;
#else
        default: /* the TRAP behind the last instruction */
            return true;
        }
    }
#endif
}

bool ent_vm_one_run(ent_vm_one *one, const ent_vector *inputs, ent_vector *outputs)
{
    const input *end = one->inputs + one->n_inputs;
    for (const input *to = one->inputs; to < end; to++, inputs++) {
        if (inputs->cls != to->cls || inputs->data == NULL || (inputs->absent != NULL && inputs->absent[0])) {
            return false;
        }
        if (to->cls == ENT_CLASS_B) {
            to->to->b = *(const uint8_t *)inputs->data;
        } else { /* a number of either kind, as eight bytes */
            memcpy(to->to, inputs->data, sizeof(int64_t));
        }
    }
    if (!run_steps(one)) {
        return false;
    }
    const ent_vector *made = one->outputs;
    for (size_t n = one->n_outputs; n > 0; n--) {
        *outputs++ = *made++;
    }
    return true;
}
