/* A program as text for people: what it declares, its tables, and its kernels with the source lines
 * that they were made from beside them. */
#ifndef ENT_EMIT_DISASM_H
#define ENT_EMIT_DISASM_H

#include "compiler/syntax/text.h"
#include "runtime/bytecode/program.h"

/* Appends to `out`.  False when memory ran out. */
bool ent_disasm(const ent_image *program, ent_text *out);

/* One kernel only. */
bool ent_disasm_kernel(const ent_image *program, int64_t kernel, ent_text *out);
#endif
