/* `entente watch`: the command line of compiler/watch. */
#include <stdlib.h>
#include <string.h>

#include "compiler/entente/club_options.h"
#include "compiler/entente/run.h"
#include "compiler/watch/watch.h"
#include "runtime/vm/exact.h"
#include "runtime/vm/read.h"

enum {
    FEED,
    STATE,
    LEDGER,
    QUARANTINE,
    LISTEN,
    TOKEN,
    VIEW_TOKEN,
    REQUEST_TIME,
    LATENESS,
    COMPLETE,
    FROM,
    TO,
    WEBHOOK,
    WEBHOOK_KEY,
    STALL,
    AHEAD,
    BEHIND,
    CHECKPOINT,
    PENDING,
    FORGET,
    UNTIL_END,
    ENT_CLUB_OPTION_NAMES
};
static const ent_option options[] = {
    {"feed", "NAME=SOURCE",
     "a source of a feed: a .csv, .tsv or .jsonl file that grows, - for standard input, `push` for "
     "POST "
     "/feed/NAME, `remote-write` for Prometheus remote write, prometheus+http://HOST:PORT for "
     "queries, "
     "scrape+http://HOST:PORT/metrics for a text endpoint; may be given several times"},
    {"state", "DIR", "keep state here: after a crash the watch goes on as if nothing had happened"},
    {"ledger", "FILE",
     "the decisions, hash-chained, one JSON object a line; default: DIR/ledger.jsonl"},
    {"quarantine", "FILE",
     "rows that do not fit or come too late, one JSON object a line; default: "
     "DIR/quarantine.jsonl"},
    {"listen", "ADDR",
     "serve the page, the endpoints and pushes at HOST:PORT; port 0 takes a free one"},
    {"token", "FILE",
     "whoever pushes or looks must carry the text of this file: `Authorization: Bearer TEXT`, or, to look, "
     "as password"},
    {"view-token", "FILE", "the text of this file is enough to look, and not to push"},
    {"request-time", "D", "cut off requests that take longer; default 2m"},
    {"lateness", "[NAME=]D",
     "how much later than a newer row of its source a row may come, e.g. 5m; default: what the "
     "feed or its "
     "bind says"},
    {"complete", "NAME",
     "the sources of this feed tell everything up to now, less the lateness: time passes by the "
     "clock on "
     "the wall when they are silent"},
    {"from", "T", "begin of the evaluated period: a date or an instant; default: the first row"},
    {"to", "T", "its end: the watch finishes when the watermark reaches it"},
    {"webhook", "URL",
     "post warnings and breaches there, each at least once; may be given several times"},
    {"webhook-key", "FILE",
     "sign what is posted: the key of an HMAC-SHA256, or `ed25519:` and a seed of 64 hex digits"},
    {"stall", "D", "say so when a source is silent for so long; default 5m"},
    {"ahead", "D", "rows further ahead of the clock do not fit; default 1h"},
    {"behind", "D", "nor do rows so long ago; default 1830d"},
    {"checkpoint", "D", "how often the state is written; default 30s"},
    {"pending", "N",
     "rows that may wait for a slower source before faster ones must; default 1000000"},
    {"forget", NULL,
     "do not keep what was taken once a checkpoint has it: less disk, and no new version can be "
     "taken over"},
    {"until-end", NULL, "finish when every source has been read to its end"},
    ENT_CLUB_OPTIONS,
    {NULL, NULL, NULL}};

typedef struct parsed {
    ent_watch_options watch;
    ent_watch_feed *feeds;
    ent_watch_setting *lateness, *complete;
    const char **webhooks;
    ent_club_options club;
} parsed;

static int take_duration(const ent_command *self, const char *option, const char *value,
                         int64_t *out)
{
    ent_read_value read;
    if (!ent_read(ENT_TYPE_DURATION, 0, NULL, value, strlen(value), &read) || read.i < 0) {
        return ent_command_wrong(self, "--%s is a duration such as 5m, not `%s`", option, value);
    }
    *out = read.i;
    return ENT_EXIT_OK;
}

static int take_feed(const ent_command *self, parsed *p, const char *value)
{
    ent_watch_feed *feed = &p->feeds[p->watch.n_feeds++];
    feed->name = value;
    return ent_take_feed(self, value, &feed->name_len, &feed->source);
}

static int take_lateness(const ent_command *self, parsed *p, const char *value)
{
    const char *equals = strchr(value, '=');
    ent_watch_setting *s = &p->lateness[p->watch.n_lateness++];
    *s = (ent_watch_setting){value, equals ? (size_t)(equals - value) : 0, 0};
    return take_duration(self, "lateness", equals ? equals + 1 : value, &s->value);
}

static int take_pending(const ent_command *self, parsed *p, const char *value)
{
    int64_t n;
    if (!ent_parse_i64(value, strlen(value), &n) || n < 1) {
        return ent_command_wrong(self, "--pending is a number of rows, not `%s`", value);
    }
    p->watch.pending_max = (uint64_t)n;
    return ENT_EXIT_OK;
}

static int take_value(const ent_command *self, parsed *p, int option, const char *value)
{
    switch (option) {
    case LATENESS:
        return take_lateness(self, p, value);
    case COMPLETE:
        p->complete[p->watch.n_complete++] = (ent_watch_setting){value, strlen(value), 1};
        return ENT_EXIT_OK;
    case WEBHOOK:
        p->webhooks[p->watch.n_webhooks++] = value;
        return ENT_EXIT_OK;
    case REQUEST_TIME:
        return take_duration(self, "request-time", value, &p->watch.request_ns);
    case STALL:
        return take_duration(self, "stall", value, &p->watch.stall_ns);
    case AHEAD:
        return take_duration(self, "ahead", value, &p->watch.ahead_ns);
    case BEHIND:
        return take_duration(self, "behind", value, &p->watch.behind_ns);
    case CHECKPOINT:
        return take_duration(self, "checkpoint", value, &p->watch.checkpoint_ns);
    case PENDING:
        return take_pending(self, p, value);
    case FORGET:
        p->watch.forget = true;
        return ENT_EXIT_OK;
    case UNTIL_END:
        p->watch.until_end = true;
        return ENT_EXIT_OK;
    default:
        return ENT_EXIT_OK;
    }
}

static int take(const ent_command *self, void *user, int option, const char *value)
{
    parsed *p = user;
    const char **text = option == STATE         ? &p->watch.state_dir
                        : option == LEDGER      ? &p->watch.ledger
                        : option == QUARANTINE  ? &p->watch.quarantine
                        : option == LISTEN      ? &p->watch.listen
                        : option == TOKEN       ? &p->watch.token_file
                        : option == VIEW_TOKEN  ? &p->watch.view_token_file
                        : option == FROM        ? &p->watch.from
                        : option == TO          ? &p->watch.to
                        : option == WEBHOOK_KEY ? &p->watch.webhook_key
                                                : NULL;
    if (ent_club_options_take(&p->club, option == ENT_ARGUMENT_POSITIONAL ? NULL : options[option].name, value)) {
        return ENT_EXIT_OK;
    }
    if (text) {
        *text = value;
        return ENT_EXIT_OK;
    }
    return option == FEED ? take_feed(self, p, value) : take_value(self, p, option, value);
}

static ent_image *compile_again(void *user, bool **not_in_force)
{
    parsed *p = user;
    ent_image *program;
    (void)ent_club_obtain(&p->club, &program, not_in_force);
    return program;
}

static int run_parsed(const ent_command *self, parsed *p)
{
    ent_image *program;
    bool *not_in_force;
    if (p->club.n_paths == 0) {
        return ent_command_wrong(self, "no agreements to watch");
    }
    int status = ent_club_obtain(&p->club, &program, &not_in_force);
    if (status != ENT_EXIT_OK) {
        return status;
    }
    p->watch.not_in_force = not_in_force;
    p->watch.feeds = p->feeds;
    p->watch.lateness = p->lateness;
    p->watch.complete = p->complete;
    p->watch.webhooks = p->webhooks;
    p->watch.compile = compile_again;
    p->watch.compile_user = p;
    status = ent_watch_run(&program, &p->watch, stderr);
    ent_image_destroy(program);
    return status;
}

static int run(const ent_command *self, int argc, char **argv)
{
    enum { MINUTE = 60 };
    const int64_t second = INT64_C(1000000000);
    parsed p = {.watch = {.stall_ns = 5 * MINUTE * second,
                          .ahead_ns = 60 * MINUTE * second,
                          .behind_ns = INT64_C(1830) * 24 * 60 * MINUTE * second,
                          .checkpoint_ns = 30 * second,
                          .request_ns = 2 * MINUTE * second,
                          .pending_max = 1000000}};
    int status = ENT_EXIT_OK;
    bool go_on = false;
    size_t n = (size_t)argc + 1;
    bool room = ent_club_options_init(&p.club, argc);
    p.feeds = calloc(n, sizeof *p.feeds);
    p.lateness = calloc(n, sizeof *p.lateness);
    p.complete = calloc(n, sizeof *p.complete);
    p.webhooks = calloc(n, sizeof *p.webhooks);
    if (!p.feeds || !p.lateness || !p.complete || !p.webhooks || !room) {
        fputs("error: out of memory\n", stderr);
        status = ENT_EXIT_ENVIRONMENT;
    }
    if (status == ENT_EXIT_OK) {
        status = ent_arguments_all(self, argc, argv, take, &p, &go_on);
    }
    if (go_on) {
        status = run_parsed(self, &p);
    }
    free(p.feeds);
    free(p.lateness);
    free(p.complete);
    free(p.webhooks);
    ent_club_options_deinit(&p.club);
    return status;
}

const ent_command ent_command_watch = {
    "watch",
    "FILE... | X.entc --feed NAME=SOURCE...",
    ENT_WATCH_SUMMARY,
    options,
    run,
    "SIGTERM ends it with its state kept, SIGHUP takes over a new version of the agreements. "
    "docs/operations.md "
    "tells how to run it."};
