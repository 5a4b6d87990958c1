/* One lane without absent values: a live event, a condition asked of one record.
 *
 * A kernel over one lane spends its time on calls, on loops of one turn and on masks.  So when no input is absent, a
 * second form of the kernel runs, made at its first use: values lie in words, a branch is a jump, constants are in
 * place, tests for absence that cannot hold are gone.  It exists for kernels of bools, integers and binary64 numbers in
 * which no value can be absent, which is found by following assignments through both ways of each branch.
 * Whatever would make a value absent or fail (a division by zero, a result that does not fit) ends the attempt, and the
 * kernel runs over its columns as always; it has no effects, so nothing has to be taken back.
 * Tested in tests/unit/test_vm.c, where every kernel runs with one lane, too. */
#ifndef ENT_VM_VM_ONE_H
#define ENT_VM_VM_ONE_H

#include "runtime/vm/vm.h"

typedef struct ent_vm_one ent_vm_one;

/* NULL with *possible false when the kernel has no such form, with *possible true when memory ran out. */
ent_vm_one *ent_vm_one_new(const ent_image *program, const ent_kernel_row *kernel, bool *possible);
void ent_vm_one_free(ent_vm_one *one);
/* False: run it over columns. */
bool ent_vm_one_run(ent_vm_one *one, const ent_vector *inputs, ent_vector *outputs);
#endif
