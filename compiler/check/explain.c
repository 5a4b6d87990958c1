/* The long explanations behind `entente explain CODE`.  A page says what is wrong and why it is an
 * error, and shows a wrong and a right example; the texts stand in explain_*.def, as
 *     ENT_EXPLAIN(code, "text", "wrong example", "right example")
 * Every code has one.  An example is a whole file, most often on the little club of `std.example`:
 * the wrong one leads to that code and to nothing else, the right one to nothing at all.  Where no
 * text that could be printed is wrong in that way (a NUL byte), ENT_EXPLAIN_RIGHT leaves the wrong
 * one out, and the text tells.  tests/explain_pages.py compiles what the pages show. */
#include <string.h>

#include "compiler/check/check.h"

const char *ent_explain_code(const char *code)
{
    static const struct {
        const char *code, *text;
    } pages[] = {
#define ENT_EXPLAIN(id, text, wrong, right)                                                        \
    {#id, text "\n\nWrong:\n\n" wrong "\nRight:\n\n" right},
#define ENT_EXPLAIN_RIGHT(id, text, right) {#id, text "\n\nRight:\n\n" right},
#include "compiler/check/explain_model.def"
#include "compiler/check/explain_names.def"
#include "compiler/check/explain_proofs.def"
#include "compiler/check/explain_text.def"
#include "compiler/check/explain_types.def"
#undef ENT_EXPLAIN
#undef ENT_EXPLAIN_RIGHT
    };
    for (size_t i = 0; code != NULL && i < sizeof pages / sizeof *pages; i++)
        if (strcmp(pages[i].code, code) == 0)
            return pages[i].text;
    return NULL;
}
