/* `entente backtest`: the command line of backtest.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/entente/backtest.h"
#include "compiler/entente/club_options.h"
#include "compiler/entente/options.h"

enum { FEED, FROM, TO, FORMAT, SEPARATOR, ALLOW_EXTERN, STDLIB, COLOR };
static const ent_option options[] = {
    {"feed", "NAME=SOURCE", "rows of a feed, as for entente run; each source is read once"},
    {"from", "T", "begin of the evaluated period: a date or an instant; default: the first row"},
    {"to", "T", "its end, not included; default: just after the last row"},
    {"format", "text|json", "what goes to stdout"},
    {"separator", "C", "between the cells of CSV: one character, or `tab`"},
    ENT_ALLOW_EXTERN,
    {"stdlib", "DIR", "where `use std.NAME` finds its modules"},
    {"color", "auto|always|never", "colour in diagnostics; NO_COLOR is honoured"},
    {NULL, NULL, NULL}};

typedef struct parsed {
    ent_backtest_options run;
    ent_compile_options compile;
    const char *paths[2];
    size_t n_paths;
    const char **libraries; /* that both may call */
    size_t n_libraries;
    const char *color;
    bool json;
} parsed;

static int take(const ent_command *self, void *user, int option, const char *value)
{
    parsed *p = user;
    ent_feed_argument *feed;
    switch (option) {
    case FEED:
        feed = &p->run.feeds[p->run.n_feeds++];
        feed->name = value;
        return ent_take_feed(self, value, &feed->name_len, &feed->source);
    case FROM:
        p->run.from = value;
        return ENT_EXIT_OK;
    case TO:
        p->run.to = value;
        return ENT_EXIT_OK;
    case FORMAT:
        p->json = strcmp(value, "json") == 0;
        return p->json || strcmp(value, "text") == 0
                   ? ENT_EXIT_OK
                   : ent_command_wrong(self, "--format is text or json, not `%s`", value);
    case SEPARATOR:
        p->run.separator = strcmp(value, "tab") == 0 ? '\t' : value[0];
        return p->run.separator == '\t' || strlen(value) == 1
                   ? ENT_EXIT_OK
                   : ent_command_wrong(self, "--separator is one character or `tab`, not `%s`", value);
    case ALLOW_EXTERN:
        p->libraries[p->n_libraries++] = value;
        return ENT_EXIT_OK;
    case STDLIB:
        p->compile.stdlib_dir = value;
        return ENT_EXIT_OK;
    case COLOR:
        p->color = value;
        return ENT_EXIT_OK;
    default:
        if (p->n_paths == 2) {
            return ent_command_wrong(self, "two sets of agreements are compared, not three");
        }
        p->paths[p->n_paths++] = value;
        return ENT_EXIT_OK;
    }
}

static int run_both(const parsed *p, const ent_image *const programs[2])
{
    ent_backtest test;
    int status = ent_backtest_run(&test, programs, p->paths, &p->run, stderr);
    if (status == ENT_EXIT_OK && !ent_backtest_report(&test, p->json, stdout)) {
        fputs("error: out of memory\n", stderr);
        status = ENT_EXIT_ENVIRONMENT;
    }
    if (status == ENT_EXIT_OK && (fflush(stdout) != 0 || ferror(stdout))) {
        fprintf(stderr, "error: cannot write the result: %s\n", strerror(errno));
        status = ENT_EXIT_ENVIRONMENT;
    }
    ent_backtest_release(&test);
    return status;
}

static int run_parsed(const ent_command *self, parsed *p)
{
    ent_image *programs[2] = {NULL, NULL};
    int status = ENT_EXIT_OK;
    if (p->n_paths < 2) {
        return ent_command_wrong(self, "two sets of agreements are compared: OLD and NEW");
    }
    p->compile.colour = ent_colour_wanted(p->color, stderr);
    for (int k = 0; k < 2 && status == ENT_EXIT_OK; k++) {
        status = ent_obtain_program(&p->paths[k], 1, &p->compile, &programs[k]);
        status = status == ENT_EXIT_OK ? ent_club_natives(programs[k], p->libraries, p->n_libraries) : status;
    }
    if (status == ENT_EXIT_OK) {
        const ent_image *const both[2] = {programs[0], programs[1]};
        status = run_both(p, both);
    }
    ent_image_destroy(programs[0]);
    ent_image_destroy(programs[1]);
    return status;
}

static int run(const ent_command *self, int argc, char **argv)
{
    parsed p = {0};
    bool go_on;
    p.run.feeds = calloc((size_t)argc + 1, sizeof *p.run.feeds);
    p.libraries = calloc((size_t)argc + 1, sizeof *p.libraries);
    if (!p.run.feeds || !p.libraries) {
        free(p.run.feeds);
        free(p.libraries);
        fputs("error: out of memory\n", stderr);
        return ENT_EXIT_ENVIRONMENT;
    }
    int status = ent_arguments_all(self, argc, argv, take, &p, &go_on);
    if (go_on) {
        status = run_parsed(self, &p);
    }
    free(p.run.feeds);
    free(p.libraries);
    return status;
}

const ent_command ent_command_backtest = {
    "backtest", "OLD NEW --feed NAME=SOURCE...",
    "Shows what a change of agreements would have changed over the same history: decisions that flip, "
    "credits, whom it helps and hurts.",
    options, run,
    "OLD and NEW are each one source file or built program. A decision is the same one in both if "
    "its agreement, clause, subject and window, or trigger, are."};
