/* What a program takes, on standard output.  See cost.c. */
#ifndef ENT_ENTENTE_COST_H
#define ENT_ENTENTE_COST_H

#include <stddef.h>

#include "runtime/bytecode/program.h"

void ent_print_cost(const ent_image *p, size_t bytes);
#endif
