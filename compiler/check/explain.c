/* The long explanations behind `entente explain CODE`; the texts stand in explain.def.
 * Every code of the table has at least its one-line meaning; golden tests compile the examples'
 * kin. */
#include <string.h>

#include "compiler/check/check.h"

const char *ent_explain_code(const char *code)
{
    static const struct {
        const char *code, *text;
    } texts[] = {
#define ENT_EXPLAIN(id, text) {#id, text},
#include "compiler/check/explain.def"
#undef ENT_EXPLAIN
    };
    for (size_t i = 0; code != NULL && i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].code, code) == 0)
            return texts[i].text;
    const ent_diag_info *info =
        ent_diag_code_info(code == NULL ? ENT_DIAG_NONE : ent_diag_code_find(code));
    return info != NULL ? info->meaning : NULL;
}
