/* Verifies one kernel: what it reads, then its instructions in order.
 *
 * The rules, which are also the contract that the interpreter relies on:
 *  - every operand that the format has is a register, index or number in range and of its class;
 * every field that the format does not have is zero;
 *  - a register is defined by exactly one instruction besides MOVEs, before it is read;
 *  - a register that is defined between IF and ELSE, or ELSE and END, is read only there (or
 * deeper);
 *  - MOVE writes only to registers defined by ABSENT_*: never to an input or a constant, whose
 * memory is not the kernel's;
 *  - IF, ELSE, END nest, at most 64 deep.  The target of an IF is its own ELSE, or its END if it
 * has none; the target of an ELSE is its END.  There are no other jumps, so all go forward and
 * kernels end;
 *  - SKIP stands in bind kernels only;
 *  - ARGS stand right before a call, as many as its function's parameters need;
 *  - outputs are registers that are defined outside of every branch.
 *
 * Tested in tests/unit/test_verifier.c. */
#include <stdlib.h>
#include <string.h>

#include "runtime/bytecode/format.h"
#include "runtime/bytecode/opcodes.h"
#include "runtime/bytecode/verifier.h"

enum { UNDEFINED = -1 };

typedef struct register_fact {
    int32_t region; /* UNDEFINED, or the number of the branch that defines it; 0: none */
    uint8_t depth;
    bool may_move; /* defined by ABSENT_* */
} register_fact;

typedef struct branch {
    int32_t region;
    uint32_t open; /* the IF or ELSE whose target is checked when its ELSE or END comes */
    bool has_else;
} branch;

typedef struct checker {
    const ent_image *p;
    const ent_kernel_row *row;
    int64_t kernel;
    const ent_instruction *code;
    const ent_reg_row *regs;
    register_fact *facts;
    branch branches[ENT_LIMIT_KERNEL_NESTING + 1];
    int32_t regions[ENT_LIMIT_KERNEL_NESTING + 1]; /* by depth; [0] is 0 */
    uint32_t depth;
    int32_t last_region;
    uint32_t at;
    ent_load_error *error;
} checker;

static bool refuse(checker *k, const char *reason)
{
    const char *name = ent_opcode_describe(k->code[k->at].op)->name;
    return ent_verify_refuse(k->error, "kernel %lld, instruction %u (%s): %s", (long long)k->kernel,
                             k->at, name, reason);
}

static bool is_visible(const checker *k, uint32_t reg)
{
    const register_fact *fact = &k->facts[reg];
    return fact->region != UNDEFINED && fact->depth <= k->depth &&
           k->regions[fact->depth] == fact->region;
}

static unsigned class_of(const checker *k, uint32_t reg)
{
    return (unsigned)k->regs[reg].cls;
}

/* `x` is the class that X stands for. */
static bool check_source(checker *k, uint16_t reg, unsigned want, unsigned x, bool any)
{
    if (want == ENT_OPCLASS_N) {
        return reg == 0 || refuse(k, "an operand that it does not have is not zero");
    }
    if (reg >= k->row->n_regs) {
        return refuse(k, "a register is out of range");
    }
    unsigned expected = want == ENT_OPCLASS_X ? x : want;
    if (!(want == ENT_OPCLASS_X && any) && class_of(k, reg) != expected) {
        return refuse(k, "a register has the wrong class");
    }
    return is_visible(k, reg) || refuse(k, "a register is read where it need not be defined");
}

static bool check_destination(checker *k, const ent_instruction *i, const ent_opcode_info *info)
{
    if (info->d == ENT_OPCLASS_N) {
        return i->d == 0 || refuse(k, "an operand that it does not have is not zero");
    }
    if (i->d >= k->row->n_regs) {
        return refuse(k, "a register is out of range");
    }
    if (info->d != ENT_OPCLASS_X && class_of(k, i->d) != info->d) {
        return refuse(k, "a register has the wrong class");
    }
    if (i->op == ENT_BC_MOVE) {
        return (is_visible(k, i->d) && k->facts[i->d].may_move) ||
               refuse(k, "it moves to a register that is no variable in sight");
    }
    return k->facts[i->d].region == UNDEFINED || refuse(k, "a register is defined twice");
}

static bool check_constant(checker *k, const ent_instruction *i)
{
    return (i->k < k->p->n_constants && k->p->constants[i->k].cls == class_of(k, i->d)) ||
           refuse(k, "there is no such constant of this class");
}

static bool check_input(checker *k, const ent_instruction *i)
{
    return (i->k < k->row->n_inputs &&
            k->p->input[k->row->first_input + i->k].cls == (int64_t)class_of(k, i->d)) ||
           refuse(k, "there is no such input of this class");
}

static bool is_call(unsigned op)
{
    return op == ENT_BC_CALL_B || op == ENT_BC_CALL_I || op == ENT_BC_CALL_F;
}

/* Arguments stand right before their call, so nothing is between them that could keep lanes from one and not from the
 * other. */
static bool check_args(checker *k)
{
    unsigned next = k->at + 1 < k->row->n_instructions ? k->code[k->at + 1].op : (unsigned)ENT_BC_ARGS + 1;
    return next == ENT_BC_ARGS || is_call(next) || refuse(k, "no call follows");
}

/* A call's operands, with those of the args before it, are its function's parameters; what it has not repeats the
 * first. */
static bool check_call(checker *k, const ent_instruction *i)
{
    uint16_t operands[ENT_LIMIT_NATIVE_PARAMS] = {i->a, i->b, i->c};
    if (i->k >= k->p->n_native) {
        return refuse(k, "there is no such native function");
    }
    const ent_native_row *native = &k->p->native[i->k];
    const int64_t params = native->n_params; /* 1 to ENT_LIMIT_NATIVE_PARAMS, see check_natives */
    const uint32_t more = (uint32_t)(params - 1) / 3;
    uint32_t given = 0;
    while (given < k->at && k->code[k->at - given - 1].op == ENT_BC_ARGS) {
        given++;
    }
    if (given != more) {
        return refuse(k, "the function has another number of parameters");
    }
    for (uint32_t n = 1; n <= more; n++) {
        const ent_instruction *args = &k->code[k->at - n];
        memcpy(operands + (size_t)3 * n, (const uint16_t[]){args->a, args->b, args->c}, 3 * sizeof *operands);
    }
    if (class_of(k, i->d) != ent_type_class((unsigned)native->type)) {
        return refuse(k, "the function's result has another class");
    }
    for (int64_t n = 0; n < 3 * ((int64_t)more + 1); n++) {
        bool fits = n >= params ? operands[n] == i->a
                                : class_of(k, operands[n]) ==
                                      ent_type_class((unsigned)k->p->native_param[native->first_param + n].type);
        if (!fits) {
            return refuse(k, "an operand does not fit the function's parameter");
        }
    }
    return true;
}

static bool check_number(checker *k, const ent_instruction *i, const ent_opcode_info *info)
{
    switch ((ent_format)info->format) {
    case ENT_FORMAT_DK:
        return check_constant(k, i);
    case ENT_FORMAT_DN:
        return check_input(k, i);
    case ENT_FORMAT_DAS:
        return i->k <= ENT_LIMIT_SCALE || refuse(k, "a scale is larger than 18");
    case ENT_FORMAT_DAW:
        return (i->k < k->p->n_strings && ent_verify_currency(&k->p->strings[i->k])) ||
               refuse(k, "there is no such currency");
    case ENT_FORMAT_AW:
        return i->k < k->p->n_strings || refuse(k, "there is no such string");
    case ENT_FORMAT_DAT:
        return i->k < k->p->n_timefmt || refuse(k, "there is no such time format");
    case ENT_FORMAT_DAE:
        return i->k < k->p->n_enumeration || refuse(k, "there is no such enumeration");
    case ENT_FORMAT_DABCF:
        return check_call(k, i);
    case ENT_FORMAT_ABC:
        return i->k == 0 ? check_args(k) : refuse(k, "an operand that it does not have is not zero");
    case ENT_FORMAT_AJ:
    case ENT_FORMAT_J:
        return i->k > k->at || refuse(k, "a jump does not go forward");
    default:
        return i->k == 0 || refuse(k, "an operand that it does not have is not zero");
    }
}

static void enter(checker *k)
{
    k->regions[k->depth] = ++k->last_region;
}

static bool check_nesting(checker *k, const ent_instruction *i)
{
    if (i->op == ENT_BC_IF) {
        if (k->depth >= ENT_LIMIT_KERNEL_NESTING) {
            return refuse(k, "conditions are nested more than 64 deep");
        }
        k->branches[++k->depth] = (branch){.open = k->at};
        enter(k);
        return true;
    }
    if (i->op != ENT_BC_ELSE && i->op != ENT_BC_END) {
        return true;
    }
    branch *innermost = &k->branches[k->depth];
    if (k->depth == 0 || (i->op == ENT_BC_ELSE && innermost->has_else)) {
        return refuse(k, "it has no IF");
    }
    if (k->code[innermost->open].k != k->at) {
        return refuse(k, "the jump before it does not lead here");
    }
    if (i->op == ENT_BC_END) {
        k->depth--;
        return true;
    }
    innermost->has_else = true;
    innermost->open = k->at;
    enter(k);
    return true;
}

static bool check_instruction(checker *k)
{
    const ent_instruction *i = &k->code[k->at];
    const ent_opcode_info *info = ent_opcode_describe(i->op);
    if (info->format == ENT_FORMAT_TRAP) {
        return refuse(k, "there is no such instruction");
    }
    if (i->reserved != 0) {
        return refuse(k, "a reserved field is not zero");
    }
    if (i->place >= k->p->n_place) {
        return refuse(k, "there is no such place");
    }
    if (!check_destination(k, i, info)) {
        return false;
    }
    unsigned x = info->d == ENT_OPCLASS_X ? class_of(k, i->d) : ENT_OPCLASS_N;
    bool any = info->d != ENT_OPCLASS_X;
    if (!check_source(k, i->a, info->a, x, any) || !check_source(k, i->b, info->b, x, any) ||
        !check_source(k, i->c, info->c, x, any) || !check_number(k, i, info) ||
        !check_nesting(k, i)) {
        return false;
    }
    if (i->op == ENT_BC_SKIP && k->row->kind != ENT_KERNEL_BIND) {
        return refuse(k, "only a bind kernel may skip rows");
    }
    if (info->d != ENT_OPCLASS_N && i->op != ENT_BC_MOVE) {
        k->facts[i->d] = (register_fact){
            .region = k->depth == 0 ? 0 : k->regions[k->depth],
            .depth = (uint8_t)k->depth,
            .may_move = i->op >= ENT_BC_ABSENT_B && i->op <= ENT_BC_ABSENT_Q,
        };
    }
    return true;
}

static bool check_outputs(checker *k)
{
    for (int64_t o = 0; o < k->row->n_outputs; o++) {
        int64_t reg = k->p->output[k->row->first_output + o].reg;
        if (reg >= k->row->n_regs || k->facts[reg].region != 0) {
            return ent_verify_refuse(k->error,
                                     "kernel %lld: output %lld is not defined on every path",
                                     (long long)k->kernel, (long long)o);
        }
    }
    return true;
}

/* The kernel's own row: kind, feed, inputs, and the run of its instructions. */
static bool check_row(const ent_image *p, int64_t kernel, ent_load_error *error)
{
    const ent_kernel_row *row = &p->kernel[kernel];
    const long long name = kernel;
    if ((uint64_t)row->first_instruction > p->n_instructions ||
        (uint64_t)row->n_instructions > p->n_instructions - (uint64_t)row->first_instruction) {
        return ent_verify_refuse(error, "kernel %lld: its instructions are out of range", name);
    }
    if (row->n_regs > ENT_LIMIT_KERNEL_REGS || row->n_inputs > ENT_LIMIT_KERNEL_INPUTS) {
        return ent_verify_refuse(error, "kernel %lld has too many registers or inputs", name);
    }
    bool on_rows = row->kind == ENT_KERNEL_ROW || row->kind == ENT_KERNEL_BIND;
    if (on_rows == (row->feed == -1)) {
        return ent_verify_refuse(error, "kernel %lld: only row and bind kernels have a feed", name);
    }
    for (int64_t n = 0; n < row->n_inputs; n++) {
        const ent_input_row *input = &p->input[row->first_input + n];
        bool fits = false;
        switch (input->kind) {
        case ENT_INPUT_FIELD:
        case ENT_INPUT_PREVIOUS:
            if (row->kind == ENT_KERNEL_ROW && input->index < p->feed[row->feed].n_fields) {
                const ent_field_row *field =
                    &p->field[p->feed[row->feed].first_field + input->index];
                fits = (int64_t)ent_type_class((unsigned)field->type) == input->cls;
            }
            break;
        case ENT_INPUT_COLUMN: /* the index is checked with the bind */
            fits = row->kind == ENT_KERNEL_BIND && input->cls == ENT_CLASS_I;
            break;
        case ENT_INPUT_FOLD: /* index and class are checked with the objective */
            fits = row->kind == ENT_KERNEL_DECISION;
            break;
        case ENT_INPUT_CHARGE:
            fits =
                row->kind == ENT_KERNEL_DECISION && input->index == 0 && input->cls == ENT_CLASS_Q;
            break;
        case ENT_INPUT_ELEMENT: /* the compiler hands over a column of the class */
            fits = row->kind == ENT_KERNEL_RULE;
            break;
        case ENT_INPUT_PARAM: /* index and class are checked with the function */
            fits = row->kind == ENT_KERNEL_DECISION;
            break;
        default:
            fits = row->kind == ENT_KERNEL_DECISION && input->index == 0;
            break;
        }
        if (!fits) {
            return ent_verify_refuse(error, "kernel %lld: input %lld does not fit its kind", name,
                                     (long long)n);
        }
    }
    return true;
}

bool ent_verify_kernel(const ent_image *p, int64_t kernel, ent_load_error *error)
{
    if (!check_row(p, kernel, error)) {
        return false;
    }
    const ent_kernel_row *row = &p->kernel[kernel];
    checker k = {
        .p = p,
        .row = row,
        .kernel = kernel,
        .code = p->instructions + row->first_instruction,
        .regs = p->reg + row->first_reg,
        .facts = malloc(((size_t)row->n_regs + 1) * sizeof *k.facts),
        .error = error,
    };
    if (k.facts == NULL) {
        return ent_verify_refuse(error, "out of memory");
    }
    for (int64_t r = 0; r < row->n_regs; r++) {
        k.facts[r] = (register_fact){.region = UNDEFINED};
    }
    bool ok = true;
    for (; ok && k.at < row->n_instructions; k.at++) {
        ok = check_instruction(&k);
    }
    if (ok && k.depth != 0) {
        ok = ent_verify_refuse(error, "kernel %lld: an IF has no END", (long long)kernel);
    }
    ok = ok && check_outputs(&k);
    free(k.facts);
    return ok;
}
