/* Command lines: each subcommand has one table of its options, from which parsing and --help both come. */
#ifndef ENT_ENTENTE_OPTIONS_H
#define ENT_ENTENTE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct ent_option {
    const char *name;  /* without the dashes */
    const char *value; /* what it takes, as --help shows it; NULL: nothing */
    const char *help;
} ent_option;

typedef struct ent_command {
    const char *name;
    const char *arguments; /* as --help shows them */
    const char *summary;
    const ent_option *options; /* ends with a name of NULL */
    int (*run)(const struct ent_command *self, int argc, char **argv);
    const char *more; /* paragraphs at the end of --help, or NULL */
} ent_command;

typedef struct ent_arguments {
    const ent_command *command;
    int argc, at;
    char **argv;
    bool only_positional; /* after `--` */
} ent_arguments;

enum { ENT_ARGUMENT_END = -1, ENT_ARGUMENT_POSITIONAL = -2, ENT_ARGUMENT_WRONG = -3, ENT_ARGUMENT_HELP = -4 };

/* The index of the next option in the command's table, or one of the above; *value is its value, or the
 * positional argument.  What is wrong has been said to stderr.  `-o` is a short form of an option `output`. */
int ent_arguments_next(ent_arguments *arguments, const char **value);

/* Gives every option and positional argument to `take`, until one of them does not answer ENT_EXIT_OK.  The exit
 * status so far; *go_on: all were taken, and the command has work to do. */
int ent_arguments_all(const ent_command *command, int argc, char **argv,
                      int (*take)(const ent_command *command, void *user, int option,
                                  const char *value),
                      void *user, bool *go_on);

void ent_command_help(const ent_command *command, FILE *out);
/* Says what is wrong and how to find help; returns the exit status for wrong use. */
int ent_command_wrong(const ent_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether to colour what goes to the stream: --color always|never|auto. */
bool ent_colour_wanted(const char *choice, FILE *stream);

extern const ent_command ent_command_check;
extern const ent_command ent_command_build;
extern const ent_command ent_command_run;
extern const ent_command ent_command_test;
extern const ent_command ent_command_backtest;
extern const ent_command ent_command_fmt;
extern const ent_command ent_command_explain;
extern const ent_command ent_command_diff;
extern const ent_command ent_command_sign;
extern const ent_command ent_command_verify;
extern const ent_command ent_command_disasm;
extern const ent_command ent_command_ledger;
extern const ent_command ent_command_lsp;
extern const ent_command ent_command_watch; /* in entente-watch what it is, in entente who starts that */
#define ENT_WATCH_SUMMARY \
    "Decides as facts come in, all day long: the same agreements on live sources."
#endif
