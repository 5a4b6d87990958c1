/* The interpreter's loop.
 *
 * An instruction works on a whole column, so dispatch is a small part of the time; computed goto
 * keeps decision kernels (one lane, many instructions) quick.  The build without it is the switch;
 * the test includes this file a second time to hold the two against each other. Control
 * instructions are here because they move the program counter. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC optimize("O3") /* for the masks of IF, as in vm_ops.c */
#endif

#include "runtime/vm/simd.h"
#include "runtime/vm/vm_internal.h"

#ifndef ENT_HAS_COMPUTED_GOTO
#ifdef __GNUC__
#define ENT_HAS_COMPUTED_GOTO 1
#else
#define ENT_HAS_COMPUTED_GOTO 0
#endif
#endif

#ifndef ENT_VM_DISPATCH
#define ENT_VM_DISPATCH ent_vm_dispatch
#endif

/* IF: the new level, and whether any lane is left. */
ENT_VECTORS static bool begin_if(ent_vm *vm, const ent_vm_kernel *kernel, const ent_vm_reg *condition)
{
    const uint8_t *cond = condition->data;
    const uint8_t *outer = vm->selection.mask;
    uint8_t *restrict then_mask = kernel->then_masks + (size_t)vm->depth * kernel->lanes;
    uint8_t *restrict else_mask = kernel->else_masks + (size_t)vm->depth * kernel->lanes;
    const uint32_t n = vm->n;
    uint8_t some_then = 0;
    uint8_t some_else = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t in = outer == NULL ? 1 : outer[i];
        then_mask[i] = (uint8_t)(in & cond[i]);
        else_mask[i] = (uint8_t)(in & (cond[i] ^ 1));
        some_then |= then_mask[i];
        some_else |= else_mask[i];
    }
    bool whole = outer == NULL;
    ent_vm_level *level = &vm->levels[vm->depth++];
    level->outer = vm->selection;
    level->otherwise = (ent_vm_selection){whole && !some_then ? NULL : else_mask, !some_else};
    vm->selection = (ent_vm_selection){whole && !some_else ? NULL : then_mask, !some_then};
    return some_then;
}

static bool begin_else(ent_vm *vm)
{
    vm->selection = vm->levels[vm->depth - 1].otherwise;
    return !vm->selection.none;
}

static void end_if(ent_vm *vm)
{
    vm->selection = vm->levels[--vm->depth].outer;
}

bool ENT_VM_DISPATCH(ent_vm *vm, ent_vm_kernel *kernel)
{
    const ent_vm_step *step = kernel->steps;
#if ENT_HAS_COMPUTED_GOTO
    __extension__ static const void *const labels[ENT_BC_LIMIT] = {
        [0] = &&op_TRAP,
#define ENT_OP(number, id, mnemonic, format, d, a, b, c, flags, effect) [number] = &&op_##id,
#include "runtime/bytecode/opcodes.def"
#undef ENT_OP
    };
#define NEXT() __extension__({ goto *labels[step->op]; })
#define CASE(id) op_##id:
    NEXT();
#else
#define NEXT() continue
#define CASE(id) case ENT_BC_##id:
    for (;;) {
        switch (step->op) {
#endif

    CASE(IF)
    step = begin_if(vm, kernel, step->a) ? step + 1 : kernel->steps + step->k;
    NEXT();
    CASE(ELSE)
    step = begin_else(vm) ? step + 1 : kernel->steps + step->k;
    NEXT();
    CASE(END)
    end_if(vm);
    step++;
    NEXT();

#define RUN(id)                                                                                    \
    CASE(id)                                                                                       \
    ent_vm_op_##id(vm, step);                                                                      \
    step++;                                                                                        \
    NEXT();
    /* every other instruction, spelled by the table: the three above are passed over by pasting */
#define ENT_OP(number, id, mnemonic, format, d, a, b, c, flags, effect) ENT_VM_RUN_##format(id)
#define ENT_VM_RUN_AJ(id)
#define ENT_VM_RUN_J(id)
#define ENT_VM_RUN_NONE(id) ENT_VM_NONE_##id
#define ENT_VM_NONE_END
#define ENT_VM_NONE_SKIP RUN(SKIP)
#define ENT_VM_RUN_D(id) RUN(id)
#define ENT_VM_RUN_DK(id) RUN(id)
#define ENT_VM_RUN_DN(id) RUN(id)
#define ENT_VM_RUN_DA(id) RUN(id)
#define ENT_VM_RUN_DAB(id) RUN(id)
#define ENT_VM_RUN_DABC(id) RUN(id)
#define ENT_VM_RUN_DABCF(id) RUN(id)
#define ENT_VM_RUN_ABC(id) RUN(id)
#define ENT_VM_RUN_DAS(id) RUN(id)
#define ENT_VM_RUN_DAW(id) RUN(id)
#define ENT_VM_RUN_DAT(id) RUN(id)
#define ENT_VM_RUN_DAE(id) RUN(id)
#define ENT_VM_RUN_AW(id) RUN(id)
#include "runtime/bytecode/opcodes.def"
#undef ENT_OP

#if ENT_HAS_COMPUTED_GOTO
op_TRAP:
    return !vm->out_of_memory;
#else
        default: /* the TRAP behind the last instruction */
            return !vm->out_of_memory;
        }
    }
#endif
}
