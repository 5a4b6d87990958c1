/* The long explanations behind `entente explain CODE`.  A page says what is wrong and why it is an
 * error, and shows a wrong and a right example; the texts stand in explain_*.def, as
 *     ENT_EXPLAIN(code, "text", "wrong example", "right example")
 * Every code has one.  An example is a whole file, most often on the little club of `std.example`:
 * the wrong one leads to that code and to nothing else, the right one to nothing at all.  Where no
 * text that could be printed is wrong in that way (a NUL byte), the wrong one is NULL and the text
 * tells.  tests/explain_pages.py compiles what the pages show. */
#include <string.h>

#include "compiler/check/check.h"

const ent_code_page *ent_explain_code(const char *code)
{
    static const ent_code_page pages[] = {
#define ENT_EXPLAIN(id, text, wrong, right) {#id, text, wrong, right},
#include "compiler/check/explain_model.def"
#include "compiler/check/explain_names.def"
#include "compiler/check/explain_proofs.def"
#include "compiler/check/explain_text.def"
#include "compiler/check/explain_types.def"
#undef ENT_EXPLAIN
    };
    for (size_t i = 0; code != NULL && i < sizeof pages / sizeof *pages; i++)
        if (strcmp(pages[i].code, code) == 0)
            return &pages[i];
    return NULL;
}

static void write_example(ent_text *out, const char *title, const char *example)
{
    ent_text_printf(out, "\n%s:\n\n", title);
    while (*example != '\0') {
        const char *end = strchr(example, '\n');
        size_t len = end == NULL ? strlen(example) : (size_t)(end - example);
        if (len > 0)
            ent_text_puts(out, "    ");
        ent_text_add(out, example, len);
        ent_text_putc(out, '\n');
        example += len + (end != NULL);
    }
}

void ent_explain_code_write(ent_text *out, const ent_diag_info *info)
{
    const ent_code_page *page = ent_explain_code(info->code);
    if (page == NULL)
        return;
    ent_text_printf(out, "%s %s (%s)\n\n%s\n\n%s\n", page->code, info->slug,
                    info->severity == ENT_SEVERITY_ERROR ? "error" : "warning", info->meaning,
                    page->text);
    if (page->wrong != NULL)
        write_example(out, "Wrong", page->wrong);
    write_example(out, "Right", page->right);
    if (strstr(page->right, "use std.example") != NULL)
        ent_text_puts(out, "\n`std.example` is a small club in the standard library: the examples can be "
                           "copied into a file\nand checked as they stand.\n");
}
