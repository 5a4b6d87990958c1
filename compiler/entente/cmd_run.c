/* `entente run`: the command line of run.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/entente/compile.h"
#include "compiler/entente/consent.h"
#include "compiler/entente/options.h"
#include "compiler/entente/run.h"
#include "runtime/native/native.h"
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
    BAD_ROWS,
    SEPARATOR,
    SORT_MEMORY,
    TMPDIR,
    JOBS,
    BATCH,
    TRACE,
    FAIL_ON,
    SIGNATURES,
    KEYS,
    ASSUME_SIGNED,
    ALLOW_EXTERN,
    STDLIB,
    COLOR
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
    {"bad-rows", "stop|quarantine=FILE",
     "stop at the first row that does not fit (the default), or put such rows aside in FILE"},
    {"separator", "C", "between the cells of CSV: one character, or `tab`"},
    {"sort-memory", "SIZE", "memory for sorting rows that are not in order, e.g. 512M; more goes to "
                            "temporary files"},
    {"tmpdir", "DIR", "where these files are; default /tmp"},
    {"jobs", "N", "threads; the decisions are the same for every N"},
    {"batch", "N", "rows that are worked on at once, 1 to 2048; the decisions are the same"},
    {"trace", NULL,
     "name the row of each fact by feed, file and line; the ledger's bytes then depend on where rows "
     "stand"},
    {"fail-on", "breach", "exit status 1 when there is a breach"},
    {"signatures", "FILE", "who has signed the agreements; default: X.entc.sig, beside a built program"},
    {"keys", "FILE", "which keys speak for whom, besides those that the framework declares"},
    {"assume-signed", NULL, "decide a draft as if every party had signed"},
    {"allow-extern", "LIB",
     "a library that `extern fn` may call, by the name that the agreements write; may be given several times"},
    {"stdlib", "DIR", "where `use std.NAME` finds its modules"},
    {"color", "auto|always|never", "colour; NO_COLOR is honoured"},
    {NULL, NULL, NULL}};

typedef struct parsed {
    ent_run_options run;
    ent_consent_files consent;
    bool assume_signed;
    ent_compile_options compile;
    const char *color;
    const char **paths;
    size_t n_paths;
    const char **libraries; /* that may be called */
    size_t n_libraries;
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
    const char *equals = strchr(value, '=');
    if (!equals || equals == value || equals[1] == 0) {
        return ent_command_wrong(self, "--feed wants NAME=SOURCE, not `%s`", value);
    }
    p->run.feeds[p->run.n_feeds++] =
        (ent_feed_argument){value, (size_t)(equals - value), equals + 1};
    return ENT_EXIT_OK;
}

static int take_choice(const ent_command *self, parsed *p, int option, const char *value)
{
    switch (option) {
    case FORMAT:
        if (strcmp(value, "jsonl") == 0) {
            p->run.format = ENT_RUN_JSONL;
        } else if (strcmp(value, "csv") == 0) {
            p->run.format = ENT_RUN_CSV;
        } else if (strcmp(value, "table") != 0) {
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
    case TMPDIR:
        p->run.folder = value;
        return ENT_EXIT_OK;
    case SIGNATURES:
        p->consent.signatures_path = value;
        return ENT_EXIT_OK;
    case KEYS:
        p->consent.keys_path = value;
        return ENT_EXIT_OK;
    case TRACE:
        p->run.trace = true;
        return ENT_EXIT_OK;
    case ASSUME_SIGNED:
        p->assume_signed = true;
        return ENT_EXIT_OK;
    case ALLOW_EXTERN:
        p->libraries[p->n_libraries++] = value;
        return ENT_EXIT_OK;
    case STDLIB:
        p->compile.stdlib_dir = value;
        return ENT_EXIT_OK;
    case COLOR:
        p->color = value;
        return ENT_EXIT_OK;
    case ENT_ARGUMENT_POSITIONAL:
        p->paths[p->n_paths++] = value;
        return ENT_EXIT_OK;
    default:
        return take_choice(self, p, option, value);
    }
}

/* What the agreements call of C; what is refused is told with its place. */
static int open_natives(const parsed *p, ent_image *program)
{
    ent_native_error error;
    if (ent_natives_open(program, p->libraries, p->n_libraries, &error)) {
        int64_t unbound = ent_natives_unbound(program);
        if (unbound < 0) {
            return ENT_EXIT_OK;
        }
        error.place = program->native[unbound].place;
        snprintf(error.message, sizeof error.message, "`extern fn %.100s` is for a host to bind, and this is none",
                 ent_image_text(program, program->native[unbound].name));
    }
    fprintf(stderr, "error: %s\n", error.message);
    if (error.place >= 0) {
        const ent_place_row *place = &program->place[error.place];
        fprintf(stderr, "  --> %s:%lld:%lld\n  = help: --allow-extern LIB permits a library\n",
                ent_image_text(program, program->source_file[place->file].path), (long long)place->line,
                (long long)place->column);
    }
    return error.memory ? ENT_EXIT_ENVIRONMENT : ENT_EXIT_USE;
}

static int run_parsed(const ent_command *self, parsed *p)
{
    if (p->n_paths == 0) {
        return ent_command_wrong(self, "no agreements to run");
    }
    p->compile.colour = ent_colour_wanted(p->color, stderr);
    p->run.colour = ent_colour_wanted(p->color, stdout);
    p->run.progress = isatty(STDERR_FILENO) != 0;
    ent_image *program = NULL;
    int status = ent_obtain_program(p->paths, p->n_paths, &p->compile, &program);
    bool *not_in_force = NULL;
    if (status == ENT_EXIT_OK) {
        status = open_natives(p, program);
    }
    if (status == ENT_EXIT_OK) {
        status = ent_consent_ask(program, p->paths, p->n_paths, &p->consent, p->assume_signed,
                                 &not_in_force, stderr);
    }
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
    p.run.feeds = calloc((size_t)argc + 1, sizeof *p.run.feeds);
    p.paths = calloc((size_t)argc + 1, sizeof *p.paths);
    p.run.restate = calloc((size_t)argc + 1, sizeof *p.run.restate);
    p.libraries = calloc((size_t)argc + 1, sizeof *p.libraries);
    if (!p.libraries || !p.run.feeds || !p.paths || !p.run.restate) {
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
    free(p.paths);
    free(p.libraries);
    free(p.run.restate);
    return status;
}

const ent_command ent_command_run = {
    "run", "FILE... | X.entc --feed NAME=SOURCE...",
    "Decides what was met, what was breached and what it costs: agreements over files of facts.",
    options, run,
    "Rows need not be in order. Nothing is written unless all rows could be read; files appear whole "
    "or not at all."};
