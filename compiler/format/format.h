/* The one canonical layout of a source file.
 *
 * Tokens and comments are kept as they are written, in their order; what is decided here is white space
 * alone, and the optional commas of ladders and matches.  The layout follows from the tokens, from where
 * the comments stand and from whether members are set apart by an empty line, so that formatting what is
 * formatted changes nothing.  Of a literate file only the blocks of code are laid out.
 * Tested by tests/property/format_driver.c, tests/golden/format and the examples, which are formatted. */
#ifndef ENT_FORMAT_FORMAT_H
#define ENT_FORMAT_FORMAT_H

#include "compiler/syntax/parse.h"

#define ENT_FORMAT_COLUMNS 100

typedef enum ent_format_result {
    ENT_FORMAT_DONE,
    ENT_FORMAT_SYNTAX,  /* the file has syntax errors: they are in `diags` */
    ENT_FORMAT_CHANGED, /* the layout would have changed the tree: a bug of the formatter, caught */
    ENT_FORMAT_MEMORY
} ent_format_result;

/* Appends the formatted text of the file to `out`. */
ent_format_result ent_format_file(ent_arena *arena, ent_sources *sources, uint32_t file,
                             ent_diags *diags, ent_text *out);
#endif
