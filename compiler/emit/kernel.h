/* Builds one kernel: registers by class, value numbering, nesting, jump targets.
 *
 * Several kernels may be under construction at once on one builder: a kernel's own arrays go into
 * the tables when it is finished.
 *
 * Value numbering: the same operation on the same values gives the same register, so callers need
 * not avoid repetition.  A register that was computed inside an IF or ELSE branch is seen in that
 * branch and in those nested in it only; results leave a branch through a variable: `ent_kb_var`
 * before the IF, `ent_kb_move` inside, the variable's register afterwards.  Constants, inputs and
 * variables are defined at the kernel's start wherever they are first asked for, hence usable
 * everywhere.  A variable is absent until something is moved to it.
 *
 * Errors are sticky (an operand of the wrong class or out of its branch, more than 65,535
 * registers, no memory): calls return ENT_KB_NOREG, and ent_kb_finish returns -1 with the reason.
 * Tested in tests/unit/test_vm.c. */
#ifndef ENT_EMIT_KERNEL_H
#define ENT_EMIT_KERNEL_H

#include "compiler/emit/builder.h"

typedef struct ent_kb ent_kb;

enum { ENT_KB_NOREG = -1 };

/* feed: of row and bind kernels, else -1.  NULL: out of memory. */
ent_kb *ent_kb_new(ent_builder *b, int kind, int64_t feed, int64_t place);
void ent_kb_abandon(ent_kb *kb); /* frees without a trace; NULL is fine */

int32_t ent_kb_const_b(ent_kb *kb, bool value, int64_t place);
int32_t ent_kb_const_i(ent_kb *kb, int64_t value, int64_t place);
int32_t ent_kb_const_f(ent_kb *kb, double value, int64_t place);
int32_t ent_kb_const_q(ent_kb *kb, ent_q value, int64_t place);
int32_t ent_kb_absent(ent_kb *kb, ent_class cls, int64_t place);

/* The kernel's input of that kind and index; asked for again, the same register. */
int32_t ent_kb_input(ent_kb *kb, int kind, int64_t index, ent_class cls, int64_t place);

/* Any instruction with a result except const, input, absent and move.  Operands that the opcode
 * does not have are ENT_KB_NOREG (or anything); k is the string, timefmt, enumeration or small
 * number. */
int32_t ent_kb_op(ent_kb *kb, ent_opcode op, int32_t a, int32_t b, int32_t c, int64_t k,
                  int64_t place);

/* A call of a native function, with the ARGS that its 1 to ENT_LIMIT_NATIVE_PARAMS arguments need. */
int32_t ent_kb_call(ent_kb *kb, ent_opcode op, const int32_t *args, size_t n, int64_t native, int64_t place);

void ent_kb_if(ent_kb *kb, int32_t condition, int64_t place);
void ent_kb_else(ent_kb *kb, int64_t place); /* at most one per IF */
void ent_kb_end(ent_kb *kb, int64_t place);
int32_t ent_kb_var(ent_kb *kb, ent_class cls, int64_t place);
void ent_kb_move(ent_kb *kb, int32_t var, int32_t source, int64_t place);

void ent_kb_skip(ent_kb *kb, int64_t place);
/* The selected lanes fail with the message; value: what did not fit (a text id's text is shown). */
void ent_kb_fail(ent_kb *kb, int32_t value, int64_t message_string, int64_t place);

ent_class ent_kb_class(const ent_kb *kb, int32_t reg);
/* Number of the output whose value is the register's at the kernel's end; the same register gives
 * the same output.  The register must be defined outside of every branch. */
int64_t ent_kb_output(ent_kb *kb, int32_t reg);
size_t ent_kb_outputs(const ent_kb *kb); /* how many so far */
bool ent_kb_failed(const ent_kb *kb);

/* Index of the new row of the kernel table.  Frees the kb.  -1 and a reason if anything went wrong.
 */
int64_t ent_kb_finish(ent_kb *kb, char *error, size_t error_len);
#endif
