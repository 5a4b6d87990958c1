/* What the names of a document stand for: by the name, the declaration around it, and what stands before its dot.
 *
 * The tree is that of the parser, so all of it works while something else in the file is wrong.
 * Tested by tests/ide.py. */
#ifndef ENT_IDE_NAMES_H
#define ENT_IDE_NAMES_H

#include "compiler/ide/workspace.h"

/* The results of `textDocument/hover`, `definition`, `documentSymbol` and `completion`; null where there is nothing. */
json_t *ent_ide_hover(const ent_ide_unit *unit, uint32_t offset);
json_t *ent_ide_definition(const ent_ide_workspace *w, const ent_ide_unit *unit, uint32_t offset);
json_t *ent_ide_outline(const ent_ide_unit *unit);
json_t *ent_ide_completion(const ent_ide_unit *unit);
#endif
