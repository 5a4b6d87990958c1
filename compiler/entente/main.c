/* The command `entente`: finds the subcommand.  Each subcommand is one file with one table. */
#include <signal.h>
#include <string.h>

#include "compiler/entente/options.h"
#include "compiler/entente/pages.h"
#include "compiler/entente/run.h"
#include "compiler/syntax/diag.h"
#include "runtime/include/entente.h"

static const ent_command *const commands[] = {
    &ent_command_check,
    &ent_command_build,
    &ent_command_run,
    &ent_command_watch,
    &ent_command_test,
    &ent_command_backtest,
    &ent_command_fmt,
    &ent_command_diff,
    &ent_command_sign,
    &ent_command_verify,
    &ent_command_explain,
    &ent_command_disasm,
    &ent_command_ledger,
    &ent_command_lsp,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void help(FILE *out)
{
    fputs("Entente: service agreements as code.\n\nusage: entente COMMAND ...\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++) {
        const char *end = strpbrk(commands[i]->summary, ".:;");
        int len = end ? (int)(end - commands[i]->summary) : (int)strlen(commands[i]->summary);
        fprintf(out, "  %-8s  %.*s\n", commands[i]->name, len, commands[i]->summary);
    }
    fputs("\n  entente COMMAND --help  tells more; entente --version says which this is.\n\n"
          "Exit status: 0 done; 1 a check found errors, a scenario failed, or --fail-on\n"
          "matched; 2 wrong use; 3 bad input data; 4 the environment failed.\n",
          out);
}

static const ent_command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static int no_command(const char *name)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++) {
        names[i] = commands[i]->name;
    }
    const char *like = ent_diag_suggest(name, names, COMMANDS);
    fprintf(stderr, "error: there is no command `%s`", name);
    if (like) {
        fprintf(stderr, ": did you mean `%s`?", like);
    }
    fputs("\n  = help: entente --help\n", stderr);
    return ENT_EXIT_USE;
}

static int run(int argc, char **argv)
{
    const ent_command *command = find(argv[1]);
    return command ? command->run(command, argc - 1, argv + 1) : no_command(argv[1]);
}

int main(int argc, char **argv)
{
    /* a closed pipe or a file at its limit is an error to report, not a reason to die half-way through a ledger */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    ent_large_pages();
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        help(stderr);
        return ENT_EXIT_USE;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        puts("entente " ENT_VERSION_TEXT);
        return ENT_EXIT_OK;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        if (argc == 2) {
            help(stdout);
            return ENT_EXIT_OK;
        }
        char ask[] = "--help", *asked[] = {argv[0], argv[2], ask, NULL};
        return run(3, asked);
    }
    return run(argc, argv);
}
