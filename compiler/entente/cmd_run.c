/* `entente run`: the command line of run.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/entente/club_options.h"
#include "compiler/entente/run.h"
#include "runtime/vm/exact.h"

enum {
    FEED,
    FROM,
    TO,
    AS_OF,
    RESTATE,
    FORMAT,
    LEDGER,
    NOTICES,
    REPORT,
    BAD_ROWS,
    SEPARATOR,
    SORT_MEMORY,
    TMPDIR,
    JOBS,
    BATCH,
    PORTABLE,
    TRACE,
    FAIL_ON,
    ENT_CLUB_OPTION_NAMES
};
static const ent_option options[] = {
    {"feed", "NAME=SOURCE",
     "rows of a feed: a .csv, .tsv or .jsonl file, each also .gz, .zst or .xz, or - for standard "
     "input; may be given several times, also for one feed"},
    {"from", "T", "begin of the evaluated period: a date or an instant; default: the first row"},
    {"to", "T", "its end, not included; default: just after the last row"},
    {"as-of", "T",
     "take only rows whose `recorded` field is not after T; feeds without such a field are taken whole"},
    {"restate", "OLD.jsonl",
     "decide again what that ledger decided, over its period, and write what changed as adjustments; "
     "further ones are the restatements that followed it"},
    {"format", "table|jsonl|csv", "what goes to stdout: a table for people, the ledger, or CSV"},
    {"ledger", "FILE", "write the decisions, hash-chained, one JSON object a line"},
    {"notices", "FILE", "write early warnings and runnings-out, one JSON object a line"},
    {"report", "FILE.html", "write the table as a page to send and to print, with who answers and the facts"},
    {"bad-rows", "stop|quarantine=FILE",
     "stop at the first row that does not fit (the default), or put such rows aside in FILE"},
    {"separator", "C", "between the cells of CSV: one character, or `tab`"},
    {"sort-memory", "SIZE", "memory for sorting rows that are not in order, e.g. 512M; more goes to "
                            "temporary files"},
    {"tmpdir", "DIR", "where temporary files are; default /tmp"},
    {"jobs", "N", "threads; the decisions are the same for every N"},
    {"batch", "N", "rows that are worked on at once, 1 to 2048; the decisions are the same"},
    {"portable", NULL,
     "work as on any processor, without vector instructions and short cuts: slower, and the bytes are the same"},
    {"trace", NULL,
     "name the row of each fact by feed, file and line; the ledger's bytes then depend on where rows "
     "stand"},
    {"fail-on", "breach", "exit status 1 when there is a breach"},
    ENT_CLUB_OPTIONS,
    {NULL, NULL, NULL}};

typedef struct parsed {
    ent_run_options run;
    ent_club_options club;
} parsed;

static bool parse_size(const char *text, uint64_t *out)
{
    size_t n = strlen(text);
    uint64_t unit = 1;
    int64_t value;
    if (n > 1) {
        char c = text[n - 1];
        unit = c == 'K' || c == 'k'   ? UINT64_C(1) << 10
               : c == 'M' || c == 'm' ? UINT64_C(1) << 20
               : c == 'G' || c == 'g' ? UINT64_C(1) << 30
                                      : 1;
        n -= unit > 1;
    }
    if (!ent_parse_i64(text, n, &value) || value <= 0 || (uint64_t)value > UINT64_MAX / unit) {
        return false;
    }
    *out = (uint64_t)value * unit;
    return true;
}

static bool parse_count(const char *text, int64_t most, uint32_t *out)
{
    int64_t value;
    if (!ent_parse_i64(text, strlen(text), &value) || value < 1 || value > most) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

static int take_feed(const ent_command *self, parsed *p, const char *value)
{
    ent_feed_argument *feed = &p->run.feeds[p->run.n_feeds++];
    feed->name = value;
    return ent_take_feed(self, value, &feed->name_len, &feed->source);
}

static int take_choice(const ent_command *self, parsed *p, int option, const char *value)
{
    switch (option) {
    case FORMAT:
        if (strcmp(value, "table") == 0) {
            p->run.format = ENT_RUN_TABLE;
        } else if (strcmp(value, "jsonl") == 0) {
            p->run.format = ENT_RUN_JSONL;
        } else if (strcmp(value, "csv") == 0) {
            p->run.format = ENT_RUN_CSV;
        } else {
            return ent_command_wrong(self, "--format is table, jsonl or csv, not `%s`", value);
        }
        return ENT_EXIT_OK;
    case BAD_ROWS:
        if (strncmp(value, "quarantine=", 11) == 0 && value[11]) {
            p->run.quarantine = value + 11;
        } else if (strcmp(value, "stop") != 0) {
            return ent_command_wrong(self, "--bad-rows is stop or quarantine=FILE, not `%s`", value);
        }
        return ENT_EXIT_OK;
    case SEPARATOR:
        if (strcmp(value, "tab") == 0 || strcmp(value, "\\t") == 0) {
            p->run.separator = '\t';
        } else if (strlen(value) == 1 && value[0] != '"' && value[0] != '\n' && value[0] != '\r') {
            p->run.separator = value[0];
        } else {
            return ent_command_wrong(self, "--separator is one character or `tab`, not `%s`", value);
        }
        return ENT_EXIT_OK;
    case SORT_MEMORY:
        return parse_size(value, &p->run.sort_memory_bytes)
                   ? ENT_EXIT_OK
                   : ent_command_wrong(self, "--sort-memory is a size such as 512M, not `%s`", value);
    case JOBS:
        return parse_count(value, 256, &p->run.jobs)
                   ? ENT_EXIT_OK
                   : ent_command_wrong(self, "--jobs is 1 to 256, not `%s`", value);
    case BATCH:
        return parse_count(value, ENT_LANES_MAX, &p->run.batch_rows)
                   ? ENT_EXIT_OK
                   : ent_command_wrong(self, "--batch is 1 to 2048, not `%s`", value);
    case FAIL_ON:
        p->run.fail_on_breach = true;
        return strcmp(value, "breach") == 0
                   ? ENT_EXIT_OK
                   : ent_command_wrong(self, "--fail-on takes `breach`, not `%s`", value);
    default:
        return ENT_EXIT_OK;
    }
}

static int take(const ent_command *self, void *user, int option, const char *value)
{
    parsed *p = user;
    if (ent_club_options_take(&p->club, option == ENT_ARGUMENT_POSITIONAL ? NULL : options[option].name, value)) {
        return ENT_EXIT_OK;
    }
    switch (option) {
    case FEED:
        return take_feed(self, p, value);
    case FROM:
        p->run.from = value;
        return ENT_EXIT_OK;
    case TO:
        p->run.to = value;
        return ENT_EXIT_OK;
    case AS_OF:
        p->run.as_of = value;
        return ENT_EXIT_OK;
    case RESTATE:
        p->run.restate[p->run.n_restate++] = value;
        return ENT_EXIT_OK;
    case LEDGER:
        p->run.ledger = value;
        return ENT_EXIT_OK;
    case NOTICES:
        p->run.notices = value;
        return ENT_EXIT_OK;
    case REPORT:
        p->run.report = value;
        return ENT_EXIT_OK;
    case TMPDIR:
        p->run.folder = value;
        return ENT_EXIT_OK;
    case PORTABLE:
        p->run.portable = true;
        return ENT_EXIT_OK;
    case TRACE:
        p->run.trace = true;
        return ENT_EXIT_OK;
    default:
        return take_choice(self, p, option, value);
    }
}

static int run_parsed(const ent_command *self, parsed *p)
{
    ent_image *program;
    bool *not_in_force;
    if (p->club.n_paths == 0) {
        return ent_command_wrong(self, "no agreements to run");
    }
    p->run.colour = ent_colour_wanted(p->club.color, stdout);
    p->run.progress = isatty(STDERR_FILENO) != 0;
    int status = ent_club_obtain(&p->club, &program, &not_in_force);
    if (status == ENT_EXIT_OK) {
        p->run.not_in_force = not_in_force;
        status = ent_run(program, &p->run, stdout, stderr);
    }
    free(not_in_force);
    ent_image_destroy(program);
    return status;
}

static int run(const ent_command *self, int argc, char **argv)
{
    parsed p = {0};
    int status = ENT_EXIT_OK;
    bool go_on = false;
    bool room = ent_club_options_init(&p.club, argc);
    p.run.feeds = calloc((size_t)argc + 1, sizeof *p.run.feeds);
    p.run.restate = calloc((size_t)argc + 1, sizeof *p.run.restate);
    if (!room || !p.run.feeds || !p.run.restate) {
        fputs("error: out of memory\n", stderr);
        status = ENT_EXIT_ENVIRONMENT;
    }
    if (status == ENT_EXIT_OK) {
        status = ent_arguments_all(self, argc, argv, take, &p, &go_on);
    }
    if (go_on) {
        status = run_parsed(self, &p);
    }
    free(p.run.feeds);
    free(p.run.restate);
    ent_club_options_deinit(&p.club);
    return status;
}

const ent_command ent_command_run = {
    "run", "FILE... | X.entc --feed NAME=SOURCE...",
    "Decides what was met, what was breached and what it costs: agreements over files of facts.",
    options, run,
    "Rows need not be in order. Nothing is written unless all rows could be read; files appear whole "
    "or not at all."};
