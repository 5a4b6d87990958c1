/* The kernel builder.  See kernel.h.
 *
 * Two lists of instructions: the prelude (constants, inputs, variables) runs before the body
 * whatever the nesting in which it was asked for; jump targets of the body are counted from the
 * body's start and shifted by the prelude's length when the kernel is finished.
 *
 * Known values are entries in hash chains; entries are removed in the reverse order of their
 * insertion when a branch ends, which restores the chains.  A variable has a version that every
 * move advances and that is part of the key of what is computed from it. */
#include "compiler/emit/kernel.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/bytecode/format.h"
#include "runtime/bytecode/opcodes.h"

enum { CHAINS = 512, NESTING_MAX = 64, REGISTERS_MAX = 65535 };

typedef struct value_key {
    int64_t k;
    int32_t a, b, c;
    uint32_t version_a, version_b, version_c;
    uint32_t op;
} value_key;

typedef struct known_value {
    value_key key;
    int32_t reg;
    int32_t next; /* in its chain, or -1 */
    uint32_t chain;
} known_value;

typedef struct register_state {
    uint8_t cls;
    bool is_variable;
    uint32_t version;
    uint32_t region; /* where it is defined; 0 = outside of every branch */
} register_state;

typedef struct open_branch {
    uint32_t region;
    size_t n_known;  /* how many known values there were before the branch */
    size_t to_patch; /* the IF or ELSE whose target is still open */
    bool has_else;
} open_branch;

#define GROWING(type)                                                                              \
    struct {                                                                                       \
        type *v;                                                                                   \
        size_t n, cap;                                                                             \
    }

struct ent_kb {
    ent_builder *b;
    int kind;
    int64_t feed;
    int64_t place;
    GROWING(register_state) regs;
    GROWING(ent_instruction) prelude;
    GROWING(ent_instruction) body;
    GROWING(ent_input_row) inputs;
    GROWING(int32_t) outputs;
    GROWING(known_value) known;
    GROWING(known_value) pinned; /* constants and inputs: never forgotten */
    int32_t chains[CHAINS];
    int32_t pinned_chains[CHAINS];
    open_branch branches[NESTING_MAX];
    size_t depth;
    uint32_t next_region;
    bool failed;
    char reason[160];
};

__attribute__((format(printf, 2, 3))) static int32_t fail(ent_kb *kb, const char *format, ...)
{
    if (!kb->failed) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(kb->reason, sizeof kb->reason, format, args);
        va_end(args);
        kb->failed = true;
    }
    return ENT_KB_NOREG;
}

static bool grow(ent_kb *kb, void **v, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) {
        return true;
    }
    size_t bigger = *cap == 0 ? 16 : *cap * 2;
    size_t bytes = 0;
    void *grown = __builtin_mul_overflow(bigger, size, &bytes) ? NULL : realloc(*v, bytes);
    if (grown == NULL) {
        (void)fail(kb, "out of memory");
        return false;
    }
    *v = grown;
    *cap = bigger;
    return true;
}

/* Appends to one of the kernel's arrays; false when memory runs out. */
#define APPEND(kb, array, value, ok)                                                               \
    do {                                                                                           \
        void *append_v = (kb)->array.v;                                                            \
        (ok) = grow((kb), &append_v, (kb)->array.n, &(kb)->array.cap, sizeof *(kb)->array.v);      \
        if (ok) {                                                                                  \
            (kb)->array.v = append_v;                                                              \
            (kb)->array.v[(kb)->array.n++] = (value);                                              \
        }                                                                                          \
    } while (0)

ent_kb *ent_kb_new(ent_builder *b, int kind, int64_t feed, int64_t place)
{
    ent_kb *kb = calloc(1, sizeof *kb);
    if (kb == NULL) {
        return NULL;
    }
    kb->b = b;
    kb->kind = kind;
    kb->feed = feed;
    kb->place = place;
    kb->next_region = 1;
    for (size_t i = 0; i < CHAINS; i++) {
        kb->chains[i] = -1;
        kb->pinned_chains[i] = -1;
    }
    return kb;
}

void ent_kb_abandon(ent_kb *kb)
{
    if (kb == NULL) {
        return;
    }
    free(kb->regs.v);
    free(kb->prelude.v);
    free(kb->body.v);
    free(kb->inputs.v);
    free(kb->outputs.v);
    free(kb->known.v);
    free(kb->pinned.v);
    free(kb);
}

static uint32_t chain_of(const value_key *key)
{
    uint64_t h = (uint64_t)key->k * UINT64_C(0x9E3779B97F4A7C15);
    h ^= ((uint64_t)(uint32_t)key->a << 40) ^ ((uint64_t)(uint32_t)key->b << 20) ^
         (uint64_t)(uint32_t)key->c ^ ((uint64_t)key->op << 52);
    h *= UINT64_C(0xD6E8FEB86659FD93);
    return (uint32_t)(h >> 40) % CHAINS;
}

static bool same_key(const value_key *x, const value_key *y)
{
    return x->op == y->op && x->k == y->k && x->a == y->a && x->b == y->b && x->c == y->c &&
           x->version_a == y->version_a && x->version_b == y->version_b &&
           x->version_c == y->version_c;
}

static int32_t find_in(const known_value *values, int32_t at, const value_key *key)
{
    for (; at >= 0; at = values[at].next) {
        if (same_key(&values[at].key, key)) {
            return values[at].reg;
        }
    }
    return ENT_KB_NOREG;
}

static int32_t new_register(ent_kb *kb, ent_class cls, uint32_t region, bool is_variable)
{
    if (kb->regs.n >= REGISTERS_MAX) {
        return fail(kb, "the kernel needs more than %d registers", (int)REGISTERS_MAX);
    }
    register_state state = {.cls = (uint8_t)cls, .is_variable = is_variable, .region = region};
    bool ok = false;
    APPEND(kb, regs, state, ok);
    return ok ? (int32_t)(kb->regs.n - 1) : ENT_KB_NOREG;
}

static uint32_t current_region(const ent_kb *kb)
{
    return kb->depth == 0 ? 0 : kb->branches[kb->depth - 1].region;
}

static bool in_sight(const ent_kb *kb, int32_t reg)
{
    if (reg < 0 || (size_t)reg >= kb->regs.n) {
        return false;
    }
    uint32_t region = kb->regs.v[reg].region;
    if (region == 0) {
        return true;
    }
    for (size_t i = 0; i < kb->depth; i++) {
        if (kb->branches[i].region == region) {
            return true;
        }
    }
    return false;
}

static uint32_t place_index(int64_t place)
{
    return place < 0 || place > UINT32_MAX ? 0 : (uint32_t)place;
}

static bool emit(ent_kb *kb, unsigned op, int32_t d, int32_t a, int32_t b, int32_t c, int64_t k,
                 int64_t place)
{
    ent_instruction instruction = {
        .op = (uint16_t)op,
        .d = (uint16_t)(d < 0 ? 0 : d),
        .a = (uint16_t)(a < 0 ? 0 : a),
        .b = (uint16_t)(b < 0 ? 0 : b),
        .c = (uint16_t)(c < 0 ? 0 : c),
        .k = (uint32_t)k,
        .place = place_index(place),
    };
    bool ok = false;
    APPEND(kb, body, instruction, ok);
    return ok;
}

/* A prelude instruction `dst = op k`, known for the whole kernel unless `is_variable`. */
static int32_t pin(ent_kb *kb, unsigned op, ent_class cls, int64_t k, bool is_variable,
                   int64_t place)
{
    if (kb->failed) {
        return ENT_KB_NOREG;
    }
    value_key key = {.k = k, .a = -1, .b = -1, .c = -1, .op = op};
    uint32_t chain = chain_of(&key);
    if (!is_variable) {
        int32_t found = find_in(kb->pinned.v, kb->pinned_chains[chain], &key);
        if (found >= 0) {
            return found;
        }
    }
    int32_t reg = new_register(kb, cls, 0, is_variable);
    if (reg < 0) {
        return reg;
    }
    ent_instruction instruction = {
        .op = (uint16_t)op, .d = (uint16_t)reg, .k = (uint32_t)k, .place = place_index(place)};
    bool ok = false;
    APPEND(kb, prelude, instruction, ok);
    if (!ok || is_variable) {
        return ok ? reg : ENT_KB_NOREG;
    }
    known_value value = {.key = key, .reg = reg, .next = kb->pinned_chains[chain], .chain = chain};
    APPEND(kb, pinned, value, ok);
    if (!ok) {
        return ENT_KB_NOREG;
    }
    kb->pinned_chains[chain] = (int32_t)(kb->pinned.n - 1);
    return reg;
}

static int32_t pin_constant(ent_kb *kb, ent_class cls, int64_t constant, int64_t place)
{
    if (constant < 0) {
        return fail(kb, "out of memory");
    }
    return pin(kb, (unsigned)ENT_BC_CONST_B + (unsigned)cls, cls, constant, false, place);
}

int32_t ent_kb_const_b(ent_kb *kb, bool value, int64_t place)
{
    return pin_constant(kb, ENT_CLASS_B, ent_builder_const_b(kb->b, value), place);
}

int32_t ent_kb_const_i(ent_kb *kb, int64_t value, int64_t place)
{
    return pin_constant(kb, ENT_CLASS_I, ent_builder_const_i(kb->b, value), place);
}

int32_t ent_kb_const_f(ent_kb *kb, double value, int64_t place)
{
    return pin_constant(kb, ENT_CLASS_F, ent_builder_const_f(kb->b, value), place);
}

int32_t ent_kb_const_q(ent_kb *kb, ent_q value, int64_t place)
{
    return pin_constant(kb, ENT_CLASS_Q, ent_builder_const_q(kb->b, value), place);
}

int32_t ent_kb_absent(ent_kb *kb, ent_class cls, int64_t place)
{
    return pin(kb, (unsigned)ENT_BC_ABSENT_B + (unsigned)cls, cls, 0, false, place);
}

int32_t ent_kb_var(ent_kb *kb, ent_class cls, int64_t place)
{
    return pin(kb, (unsigned)ENT_BC_ABSENT_B + (unsigned)cls, cls, 0, true, place);
}

int32_t ent_kb_input(ent_kb *kb, int kind, int64_t index, ent_class cls, int64_t place)
{
    size_t at = 0;
    while (at < kb->inputs.n &&
           !(kb->inputs.v[at].kind == kind && kb->inputs.v[at].index == index)) {
        at++;
    }
    if (at == kb->inputs.n) {
        ent_input_row row = {.kind = kind, .index = index, .cls = (int64_t)cls};
        bool ok = false;
        APPEND(kb, inputs, row, ok);
        if (!ok) {
            return ENT_KB_NOREG;
        }
    } else if (kb->inputs.v[at].cls != (int64_t)cls) {
        return fail(kb, "input %lld of kind %d is read as two classes", (long long)index, kind);
    }
    return pin(kb, (unsigned)ENT_BC_INPUT_B + (unsigned)cls, cls, (int64_t)at, false, place);
}

/* Whether the operand is there, in sight and of the class; X and ANY take every class. */
static bool operand_fits(ent_kb *kb, const ent_opcode_info *info, int32_t reg, unsigned want,
                         ent_class x)
{
    if (!in_sight(kb, reg)) {
        (void)fail(kb, "%s: register %d is not in sight here", info->name, (int)reg);
        return false;
    }
    unsigned cls = kb->regs.v[reg].cls;
    unsigned expected = want;
    if (want == ENT_OPCLASS_X) {
        expected = (info->flags & ENT_OPFLAG_ANY) != 0 ? cls : (unsigned)x;
    }
    if (cls != expected) {
        (void)fail(kb, "%s: register %d has class %u, expected %u", info->name, (int)reg, cls,
                   expected);
        return false;
    }
    return true;
}

static uint32_t version_of(const ent_kb *kb, int32_t reg)
{
    return reg < 0 ? 0 : kb->regs.v[reg].version;
}

int32_t ent_kb_op(ent_kb *kb, ent_opcode op, int32_t a, int32_t b, int32_t c, int64_t k,
                  int64_t place)
{
    if (kb->failed) {
        return ENT_KB_NOREG;
    }
    const ent_opcode_info *info = ent_opcode_describe(op);
    ent_format format = (ent_format)info->format;
    if (!ent_format_has_d(format) || op == ENT_BC_MOVE || ent_format_sources(format) == 0) {
        return fail(kb, "%s is not made by ent_kb_op", info->name);
    }
    unsigned n = ent_format_sources(format);
    b = n >= 2 ? b : ENT_KB_NOREG;
    c = n >= 3 ? c : ENT_KB_NOREG;
    ent_class x = b >= 0 && in_sight(kb, b) ? (ent_class)kb->regs.v[b].cls : ENT_CLASS_B;
    if (!operand_fits(kb, info, a, info->a, x) ||
        (n >= 2 && !operand_fits(kb, info, b, info->b, x)) ||
        (n >= 3 && !operand_fits(kb, info, c, info->c, x))) {
        return ENT_KB_NOREG;
    }
    if (k < 0 || k > UINT32_MAX) {
        return fail(kb, "%s: operand %lld is out of range", info->name, (long long)k);
    }
    value_key key = {k, a, b, c, version_of(kb, a), version_of(kb, b), version_of(kb, c), op};
    uint32_t chain = chain_of(&key);
    int32_t reg = find_in(kb->known.v, kb->chains[chain], &key);
    if (reg >= 0) {
        return reg;
    }
    ent_class cls = info->d == ENT_OPCLASS_X ? x : (ent_class)info->d;
    reg = new_register(kb, cls, current_region(kb), false);
    if (reg < 0 || !emit(kb, op, reg, a, b, c, k, place)) {
        return ENT_KB_NOREG;
    }
    known_value value = {.key = key, .reg = reg, .next = kb->chains[chain], .chain = chain};
    bool ok = false;
    APPEND(kb, known, value, ok);
    if (!ok) {
        return ENT_KB_NOREG;
    }
    kb->chains[chain] = (int32_t)(kb->known.n - 1);
    return reg;
}

int32_t ent_kb_call(ent_kb *kb, ent_opcode op, const int32_t *args, size_t n, int64_t native, int64_t place)
{
    int32_t all[ENT_LIMIT_NATIVE_PARAMS];
    for (size_t i = 0; i < ENT_LIMIT_NATIVE_PARAMS; i++) {
        all[i] = i < n ? args[i] : args[0];
        if (!kb->failed && !in_sight(kb, all[i])) {
            return fail(kb, "call: register %d is not in sight here", (int)all[i]);
        }
    }
    if (n <= 3 || kb->failed) {
        return ent_kb_op(kb, op, all[0], all[1], all[2], native, place);
    }
    /* it is not looked for among the known values, whose keys have three operands */
    int32_t reg = new_register(kb, (ent_class)ent_opcode_describe(op)->d, current_region(kb), false);
    bool ok = reg >= 0;
    for (size_t i = (n - 1) / 3; i > 0 && ok; i--) {
        ok = emit(kb, ENT_BC_ARGS, -1, all[3 * i], all[3 * i + 1], all[3 * i + 2], 0, place);
    }
    return ok && emit(kb, op, reg, all[0], all[1], all[2], native, place) ? reg : ENT_KB_NOREG;
}

static void forget_to(ent_kb *kb, size_t n)
{
    while (kb->known.n > n) {
        const known_value *last = &kb->known.v[--kb->known.n];
        kb->chains[last->chain] = last->next;
    }
}

void ent_kb_if(ent_kb *kb, int32_t condition, int64_t place)
{
    if (kb->failed) {
        return;
    }
    if (kb->depth >= NESTING_MAX) {
        (void)fail(kb, "more than %d conditions inside each other", (int)NESTING_MAX);
        return;
    }
    if (!operand_fits(kb, ent_opcode_describe(ENT_BC_IF), condition, ENT_OPCLASS_B, ENT_CLASS_B) ||
        !emit(kb, ENT_BC_IF, -1, condition, -1, -1, 0, place)) {
        return;
    }
    kb->branches[kb->depth++] = (open_branch){
        .region = kb->next_region++, .n_known = kb->known.n, .to_patch = kb->body.n - 1};
}

void ent_kb_else(ent_kb *kb, int64_t place)
{
    if (kb->failed) {
        return;
    }
    if (kb->depth == 0 || kb->branches[kb->depth - 1].has_else) {
        (void)fail(kb, "ELSE without its IF");
        return;
    }
    open_branch *branch = &kb->branches[kb->depth - 1];
    if (!emit(kb, ENT_BC_ELSE, -1, -1, -1, -1, 0, place)) {
        return;
    }
    kb->body.v[branch->to_patch].k = (uint32_t)(kb->body.n - 1);
    branch->to_patch = kb->body.n - 1;
    branch->region = kb->next_region++;
    branch->has_else = true;
    forget_to(kb, branch->n_known);
}

void ent_kb_end(ent_kb *kb, int64_t place)
{
    if (kb->failed) {
        return;
    }
    if (kb->depth == 0) {
        (void)fail(kb, "END without its IF");
        return;
    }
    if (!emit(kb, ENT_BC_END, -1, -1, -1, -1, 0, place)) {
        return;
    }
    const open_branch *branch = &kb->branches[--kb->depth];
    kb->body.v[branch->to_patch].k = (uint32_t)(kb->body.n - 1);
    forget_to(kb, branch->n_known);
}

void ent_kb_move(ent_kb *kb, int32_t var, int32_t source, int64_t place)
{
    if (kb->failed) {
        return;
    }
    if (!in_sight(kb, var) || !kb->regs.v[var].is_variable) {
        (void)fail(kb, "MOVE: register %d is no variable", (int)var);
        return;
    }
    if (operand_fits(kb, ent_opcode_describe(ENT_BC_MOVE), source, ENT_OPCLASS_X,
                     (ent_class)kb->regs.v[var].cls) &&
        emit(kb, ENT_BC_MOVE, var, source, -1, -1, 0, place)) {
        kb->regs.v[var].version++;
    }
}

void ent_kb_skip(ent_kb *kb, int64_t place)
{
    if (!kb->failed) {
        (void)emit(kb, ENT_BC_SKIP, -1, -1, -1, -1, 0, place);
    }
}

void ent_kb_fail(ent_kb *kb, int32_t value, int64_t message_string, int64_t place)
{
    if (kb->failed) {
        return;
    }
    if (!in_sight(kb, value) || message_string < 0) {
        (void)fail(kb, "FAIL: register %d is not in sight here", (int)value);
        return;
    }
    (void)emit(kb, ENT_BC_FAIL, -1, value, -1, -1, message_string, place);
}

ent_class ent_kb_class(const ent_kb *kb, int32_t reg)
{
    return reg < 0 || (size_t)reg >= kb->regs.n ? ENT_CLASS_B : (ent_class)kb->regs.v[reg].cls;
}

int64_t ent_kb_output(ent_kb *kb, int32_t reg)
{
    if (kb->failed) {
        return -1;
    }
    if (reg < 0 || (size_t)reg >= kb->regs.n || kb->regs.v[reg].region != 0) {
        return fail(kb, "output: register %d is not defined on every path", (int)reg);
    }
    for (size_t i = 0; i < kb->outputs.n; i++) {
        if (kb->outputs.v[i] == reg) {
            return (int64_t)i;
        }
    }
    bool ok = false;
    APPEND(kb, outputs, reg, ok);
    return ok ? (int64_t)(kb->outputs.n - 1) : -1;
}

size_t ent_kb_outputs(const ent_kb *kb)
{
    return kb->outputs.n;
}

bool ent_kb_failed(const ent_kb *kb)
{
    return kb->failed;
}

static bool has_target(unsigned op)
{
    return op == ENT_BC_IF || op == ENT_BC_ELSE;
}

/* The kernel's arrays, appended to the builder's tables. */
static int64_t add_to_tables(ent_kb *kb)
{
    ent_builder *b = kb->b;
    ent_kernel_row row = {
        .kind = kb->kind,
        .feed = kb->feed,
        .first_instruction = (int64_t)b->instruction.n,
        .n_instructions = (int64_t)(kb->prelude.n + kb->body.n),
        .first_reg = (int64_t)b->reg.n,
        .n_regs = (int64_t)kb->regs.n,
        .first_input = (int64_t)b->input.n,
        .n_inputs = (int64_t)kb->inputs.n,
        .first_output = (int64_t)b->output.n,
        .n_outputs = (int64_t)kb->outputs.n,
        .place = kb->place,
    };
    for (size_t i = 0; i < kb->prelude.n; i++) {
        (void)ent_builder_add_instruction(b, kb->prelude.v[i]);
    }
    for (size_t i = 0; i < kb->body.n; i++) {
        ent_instruction instruction = kb->body.v[i];
        if (has_target(instruction.op)) {
            instruction.k += (uint32_t)kb->prelude.n;
        }
        (void)ent_builder_add_instruction(b, instruction);
    }
    for (size_t i = 0; i < kb->regs.n; i++) {
        (void)ent_builder_add_reg(b, (ent_reg_row){.cls = kb->regs.v[i].cls});
    }
    for (size_t i = 0; i < kb->inputs.n; i++) {
        (void)ent_builder_add_input(b, kb->inputs.v[i]);
    }
    for (size_t i = 0; i < kb->outputs.n; i++) {
        (void)ent_builder_add_output(b, (ent_output_row){.reg = kb->outputs.v[i]});
    }
    return ent_builder_add_kernel(b, row); /* -1 if any of the above failed: errors are sticky */
}

int64_t ent_kb_finish(ent_kb *kb, char *error, size_t error_len)
{
    int64_t kernel = -1;
    if (!kb->failed && kb->depth != 0) {
        (void)fail(kb, "IF without its END");
    }
    if (!kb->failed) {
        kernel = add_to_tables(kb);
        if (kernel < 0) {
            (void)fail(kb, "out of memory");
        }
    }
    if (kb->failed && error_len > 0) {
        (void)snprintf(error, error_len, "%s", kb->reason);
    }
    ent_kb_abandon(kb);
    return kernel;
}
