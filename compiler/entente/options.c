/* See options.h. */
#include "compiler/entente/options.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/entente/run.h"
#include "compiler/syntax/diag.h"

static const char *nearest(const ent_command *command, const char *name)
{
    const char *names[64];
    size_t n = 0;
    for (; command->options[n].name && n < 64; n++) {
        names[n] = command->options[n].name;
    }
    return ent_diag_suggest(name, names, n);
}

static int find_option(const ent_command *command, const char *name, size_t len)
{
    for (int i = 0; command->options[i].name; i++) {
        if (strlen(command->options[i].name) == len &&
            memcmp(command->options[i].name, name, len) == 0) {
            return i;
        }
    }
    return -1;
}

static int take_option(ent_arguments *a, const char *name, const char **value)
{
    const char *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    int found = find_option(a->command, name, len);
    if (found < 0) {
        char bare[64];
        snprintf(bare, sizeof bare, "%.*s", (int)(len < 60 ? len : 60), name);
        const char *like = nearest(a->command, bare);
        ent_command_wrong(a->command, like ? "there is no option --%s: did you mean --%s?"
                                           : "there is no option --%s",
                          bare, like);
        return ENT_ARGUMENT_WRONG;
    }
    if (!a->command->options[found].value) {
        if (equals) {
            ent_command_wrong(a->command, "--%s takes no value", a->command->options[found].name);
            return ENT_ARGUMENT_WRONG;
        }
        *value = NULL;
        return found;
    }
    if (equals) {
        *value = equals + 1;
    } else if (a->at < a->argc) {
        *value = a->argv[a->at++];
    } else {
        ent_command_wrong(a->command, "--%s needs a value: %s", a->command->options[found].name,
                          a->command->options[found].value);
        return ENT_ARGUMENT_WRONG;
    }
    if (strcmp(a->command->options[found].name, "color") == 0 && strcmp(*value, "auto") != 0 &&
        strcmp(*value, "always") != 0 && strcmp(*value, "never") != 0) {
        ent_command_wrong(a->command, "--color is auto, always or never, not `%s`", *value);
        return ENT_ARGUMENT_WRONG;
    }
    return found;
}

int ent_arguments_next(ent_arguments *a, const char **value)
{
    if (a->at >= a->argc) {
        return ENT_ARGUMENT_END;
    }
    const char *text = a->argv[a->at++];
    *value = text;
    if (a->only_positional || text[0] != '-' || text[1] == 0) {
        return ENT_ARGUMENT_POSITIONAL;
    }
    if (strcmp(text, "--") == 0) {
        a->only_positional = true;
        return ent_arguments_next(a, value);
    }
    if (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0) {
        ent_command_help(a->command, stdout);
        return ENT_ARGUMENT_HELP;
    }
    if (strcmp(text, "-o") == 0) {
        return take_option(a, "output", value);
    }
    return take_option(a, text[1] == '-' ? text + 2 : text + 1, value);
}

static void wrap(FILE *out, const char *text, int indent)
{
    int column = indent;
    while (*text) {
        int len = 0;
        while (text[len] && text[len] != ' ' && text[len] != '\n') {
            len++;
        }
        if (column > indent && column + 1 + len > 79) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", len, text);
        column += len;
        text += len;
        if (*text == '\n') {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        text += *text != 0;
    }
    fputc('\n', out);
}

void ent_command_help(const ent_command *command, FILE *out)
{
    fprintf(out, "usage: entente %s %s\n\n", command->name, command->arguments);
    wrap(out, command->summary, 0);
    if (command->options[0].name) {
        fputs("\noptions:\n", out);
    }
    for (const ent_option *o = command->options; o->name; o++) {
        char left[64];
        bool output = strcmp(o->name, "output") == 0;
        snprintf(left, sizeof left, "  %s--%s%s%s", output ? "-o, " : "", o->name,
                 o->value ? " " : "", o->value ? o->value : "");
        if (strlen(left) > 30) {
            fprintf(out, "%s\n%*s", left, 32, "");
        } else {
            fprintf(out, "%-32s", left);
        }
        wrap(out, o->help, 32);
    }
    if (command->more) {
        fputc('\n', out);
        wrap(out, command->more, 0);
    }
}

int ent_arguments_all(const ent_command *command, int argc, char **argv,
                      int (*take)(const ent_command *command, void *user, int option,
                                  const char *value),
                      void *user, bool *go_on)
{
    ent_arguments arguments = {.command = command, .argc = argc, .at = 1, .argv = argv};
    *go_on = false;
    for (;;) {
        const char *value;
        int got = ent_arguments_next(&arguments, &value);
        if (got < 0 && got != ENT_ARGUMENT_POSITIONAL) {
            *go_on = got == ENT_ARGUMENT_END;
            return got == ENT_ARGUMENT_WRONG ? ENT_EXIT_USE : ENT_EXIT_OK;
        }
        int status = take(command, user, got, value);
        if (status != ENT_EXIT_OK) {
            return status;
        }
    }
}

int ent_command_wrong(const ent_command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("error: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n  = help: entente %s --help\n", command->name);
    return ENT_EXIT_USE;
}

bool ent_colour_wanted(const char *choice, FILE *stream)
{
    if (choice && strcmp(choice, "always") == 0) {
        return true;
    }
    const char *no_colour = getenv("NO_COLOR");
    return !(choice && strcmp(choice, "never") == 0) && !(no_colour && *no_colour) &&
           isatty(fileno(stream));
}
