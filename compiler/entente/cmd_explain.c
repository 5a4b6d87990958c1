/* `entente explain CODE`: the long story of a diagnostic. */
#include <ctype.h>
#include <string.h>

#include "compiler/check/check.h"
#include "compiler/entente/options.h"
#include "compiler/entente/run.h"
#include "compiler/syntax/diag.h"

static const ent_option options[] = {{NULL, NULL, NULL}};

static int run(const ent_command *self, int argc, char **argv)
{
    ent_arguments arguments = {.command = self, .argc = argc, .at = 1, .argv = argv};
    const char *value;
    const char *code = NULL;
    for (int got; (got = ent_arguments_next(&arguments, &value)) != ENT_ARGUMENT_END;) {
        if (got == ENT_ARGUMENT_WRONG) {
            return ENT_EXIT_USE;
        }
        if (got == ENT_ARGUMENT_HELP) {
            return ENT_EXIT_OK;
        }
        if (code) {
            return ent_command_wrong(self, "one code at a time: `%s` or `%s`", code, value);
        }
        code = value;
    }
    if (!code) {
        return ent_command_wrong(self, "which code? for example: entente explain E0301");
    }
    char upper[8] = "";
    for (size_t i = 0; i + 1 < sizeof upper && code[i]; i++) {
        upper[i] = (char)toupper((unsigned char)code[i]);
    }
    ent_diag_code found = strlen(code) < sizeof upper ? ent_diag_code_find(upper) : ENT_DIAG_NONE;
    const ent_diag_info *info = ent_diag_code_info(found);
    if (!info) {
        return ent_command_wrong(self, "there is no diagnostic `%s`", code);
    }
    const char *text = ent_explain_code(info->code);
    printf("%s %s (%s)\n\n%s\n", info->code, info->slug,
           info->severity == ENT_SEVERITY_ERROR ? "error" : "warning", info->meaning);
    if (text) {
        printf("\n%s\n", text);
    }
    return ENT_EXIT_OK;
}

const ent_command ent_command_explain = {
    "explain", "CODE", "Tells more about a diagnostic such as E0301.", options, run, NULL};
