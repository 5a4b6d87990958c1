/* `entente lsp`: the language server, for editors.  Tested by tests/ide.py. */
#include "compiler/entente/compile.h"
#include "compiler/entente/options.h"
#include "compiler/entente/run.h"
#include "compiler/ide/server.h"

enum { STDLIB };
static const ent_option options[] = {{"stdlib", "DIR", "where `use std.NAME` finds its modules"},
                                     {NULL, NULL, NULL}};

static int run(const ent_command *self, int argc, char **argv)
{
    ent_arguments arguments = {.command = self, .argc = argc, .at = 1, .argv = argv};
    char found[4096];
    const char *stdlib = NULL;
    const char *value;
    for (int got; (got = ent_arguments_next(&arguments, &value)) != ENT_ARGUMENT_END;) {
        if (got == ENT_ARGUMENT_WRONG || got == ENT_ARGUMENT_HELP) {
            return got == ENT_ARGUMENT_HELP ? ENT_EXIT_OK : ENT_EXIT_USE;
        }
        if (got != STDLIB) {
            return ent_command_wrong(self, "no file is wanted: the editor says which ones are open");
        }
        stdlib = value;
    }
    return ent_ide_serve(stdin, stdout, stdlib != NULL ? stdlib : ent_find_stdlib(found, sizeof found));
}

const ent_command ent_command_lsp = {
    "lsp", "[--stdlib DIR]",
    "Serves editors: diagnostics while one writes, mends for them, what a name stands for, layout.",
    options, run,
    "An editor starts it and speaks the Language Server Protocol with it over standard input and "
    "output. What it shows of a file is what entente check says of it, with the texts of the "
    "editor in place of the files on disk. Exit status 1 if the editor leaves without a word."};
