/* What the parts of the interpreter share.
 *
 *   vm.c        a kernel made ready: registers get memory, instructions become steps
 *   vm_run.c    dispatch                                    vm_one.c    kernels over one lane
 *   vm_ops.c    bool, integer and binary64 columns      vm_exact.c  rationals and conversions
 *   vm_parse.c  texts
 *
 * Memory: a register of a ready kernel points to a column (64-byte aligned) and to room for an
 * absence mask.  Registers whose lives do not overlap share them: programs are in single assignment
 * apart from variables, and run forwards only, so a register is dead after the last instruction
 * that names it. Inputs point to the caller's columns; constants are filled in when the kernel is
 * made ready.
 *
 * Absence: `absent` NULL says that no lane is; otherwise one byte a lane.  The datum of an absent
 * lane is zero (for Q: 0/1).  Hence the bools of an absent lane are false without looking at the
 * mask. A lane that an instruction with FAIL does not work on (not selected, or an operand absent)
 * is absent. */
#ifndef ENT_VM_INTERNAL_H
#define ENT_VM_INTERNAL_H

#include "runtime/bytecode/format.h"
#include "runtime/bytecode/opcodes.h"
#include "runtime/time/zone.h"
#include "runtime/vm/vm.h"

typedef struct ent_vm_reg {
    void *data;
    uint8_t *absent; /* NULL, or == mask, or the caller's */
    uint8_t *mask;   /* room */
    uint8_t cls;
    bool is_scalar; /* every lane is equal: a constant */
    bool is_text;   /* class I and known to hold text numbers */
} ent_vm_reg;

enum { ENT_VM_MEMO = 512 };

/* What texts were read as, by text number; a slot is overwritten by the next text that falls on it.
 */
typedef struct ent_vm_memo {
    int64_t id[ENT_VM_MEMO]; /* -1: free */
    union {
        uint8_t b;
        int64_t i;
        double f;
        ent_q q;
    } value[ENT_VM_MEMO];
} ent_vm_memo;

typedef struct ent_vm_step {
    uint16_t op;
    uint32_t k;
    uint32_t place;
    ent_vm_reg *d, *a, *b, *c;
    ent_vm_memo *memo; /* PARSE_*: made at the first use */
} ent_vm_step;

typedef struct ent_vm_kernel {
    ent_vm_step *steps; /* the last one is a TRAP: the end */
    ent_vm_reg *regs;
    size_t n_regs;
    uint32_t lanes; /* room for */
    uint32_t nesting;
    uint8_t *then_masks, *else_masks; /* nesting x lanes */
    uint8_t *skipped;
    void *memory;
} ent_vm_kernel;

/* A selection: NULL mask and !none is all lanes. */
typedef struct ent_vm_selection {
    const uint8_t *mask;
    bool none;
} ent_vm_selection;

typedef struct ent_vm_level {
    ent_vm_selection outer;
    ent_vm_selection otherwise;
} ent_vm_level;

struct ent_vm {
    const ent_image *program;
    ent_strings *strings;
    uint32_t lanes_max;
    ent_zone **zones; /* one a timefmt; equal names share one */
    ent_vm_kernel **kernels;
    ent_vm_kernel **singles; /* the same for one lane, whose columns lie close together */
    struct ent_vm_one **ones; /* and their form without absent values */
    uint8_t *no_one;          /* kernels that have no such form */
    bool (*dispatch)(ent_vm *vm, ent_vm_kernel *kernel);

    /* of the running kernel */
    uint32_t n; /* lanes */
    const ent_vector *inputs;
    ent_vm_selection selection;
    ent_vm_level levels[ENT_LIMIT_KERNEL_NESTING + 1];
    uint32_t depth;
    bool out_of_memory;
    bool any_skipped;
    uint8_t *skipped; /* of the running kernel */

    ent_lane_error *errors;
    uint32_t n_errors, errors_cap;
    uint8_t *failed; /* one byte a lane: has an error */
};

/* The interpreter's loop, threaded where the compiler can.  False: out of memory. */
bool ent_vm_dispatch(ent_vm *vm, ent_vm_kernel *kernel);

/* Reports that the lane failed, if it has not before.  text_id -1: none. */
__attribute__((format(printf, 5, 6))) void ent_vm_lane_fails(ent_vm *vm, const ent_vm_step *step,
                                                             uint32_t lane, int64_t text_id,
                                                             const char *format, ...);

/* dst's mask from the operands' (NULL: none); `strict` adds the lanes that are not selected.
 * Returns the mask, or NULL when no lane is absent, and sets it in d. */
uint8_t *ent_vm_absence(const ent_vm *vm, ent_vm_reg *d, const uint8_t *x, const uint8_t *y,
                        bool strict);

static inline bool ent_vm_selected(const ent_vm *vm, uint32_t lane)
{
    return !vm->selection.none && (vm->selection.mask == NULL || vm->selection.mask[lane] != 0);
}

/* Marks one lane of d absent; the caller sets the datum. */
void ent_vm_set_absent(const ent_vm *vm, ent_vm_reg *d, uint32_t lane);

size_t ent_vm_class_bytes(unsigned cls);

/* One function an opcode: ent_vm_op_<NAME>(vm, step). */
#define ENT_OP(number, id, mnemonic, format, d, a, b, c, flags, effect)                            \
    void ent_vm_op_##id(ent_vm *vm, const ent_vm_step *step);
#include "runtime/bytecode/opcodes.def"
#undef ENT_OP
#endif
