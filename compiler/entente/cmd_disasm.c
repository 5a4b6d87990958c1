/* `entente disasm`: kernels and tables of a program, with source lines beside them. */
#include "compiler/emit/disasm.h"
#include "compiler/entente/compile.h"
#include "compiler/entente/options.h"
#include "compiler/entente/run.h"

enum { STDLIB };
static const ent_option options[] = {{"stdlib", "DIR", "where `use std.NAME` finds its modules"},
                                     {NULL, NULL, NULL}};

static int run(const ent_command *self, int argc, char **argv)
{
    ent_arguments arguments = {.command = self, .argc = argc, .at = 1, .argv = argv};
    ent_compile_options compile = {0};
    const char *value;
    const char *paths[256];
    size_t n = 0;
    for (int got; (got = ent_arguments_next(&arguments, &value)) != ENT_ARGUMENT_END;) {
        if (got == ENT_ARGUMENT_WRONG) {
            return ENT_EXIT_USE;
        }
        if (got == ENT_ARGUMENT_HELP) {
            return ENT_EXIT_OK;
        }
        if (got == STDLIB) {
            compile.stdlib_dir = value;
        } else if (n < sizeof paths / sizeof *paths) {
            paths[n++] = value;
        }
    }
    if (n == 0) {
        return ent_command_wrong(self, "no file to show");
    }
    ent_image *program = NULL;
    int status = ent_obtain_program(paths, n, &compile, &program);
    if (status != ENT_EXIT_OK) {
        return status;
    }
    ent_text text = {0};
    if (!ent_disasm(program, &text)) {
        fputs("error: out of memory\n", stderr);
        status = ENT_EXIT_ENVIRONMENT;
    } else {
        fputs(ent_text_str(&text), stdout);
    }
    ent_text_deinit(&text);
    ent_image_destroy(program);
    return status;
}

const ent_command ent_command_disasm = {
    "disasm", "X.entc | FILE...",
    "Shows the bytecode: tables and kernels, with the source lines that they come from.", options,
    run, NULL};
