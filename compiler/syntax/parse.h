/* From source text to syntax tree.
 *
 * `ent_parse` reads one file of the compilation; success is "no error diagnostics".  Syntax errors
 * are recovered from at declarations, clauses, fields and arms, so that one run reports all of
 * them. A path that ends in ".ent.md" is literate: only fenced blocks marked `entente` are code.
 * The tree is defined in ast.h and ast.def.  Tested in tests/unit/test_syntax.c,
 * tests/golden/syntax/ and tests/fuzz/. */
#ifndef ENT_SYNTAX_PARSE_H
#define ENT_SYNTAX_PARSE_H

#include <stdint.h>

#include "compiler/syntax/arena.h"
#include "compiler/syntax/ast.h"
#include "compiler/syntax/diag.h"
#include "compiler/syntax/source.h"
#include "compiler/syntax/text.h"

#define ENT_PARSE_DEPTH_MAX 200 /* nested levels of expressions, events and braces */

/* The FILE node; NULL only when memory has run out.  After errors it is partial: what could not be
 * read is left out or an ERROR node, so check a tree only if its file had no errors.  Every other node
 * has the layout of ast.def.  The names in it are interned in the arena. */
ent_node *ent_parse(ent_arena *arena, ent_sources *sources, uint32_t file, ent_diags *diags);

/* The tree as indented text, one node a line, for golden tests and `--dump-tree`. */
void ent_dump_tree(const ent_node *node, ent_text *out);

/* True for words that cannot be a name without backquotes. */
bool ent_word_is_reserved(const char *word, size_t len);
#endif
