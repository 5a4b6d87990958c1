/* See watch.h: the sources from the command line, the loop, the end. */
#include "compiler/watch/internal.h"
#include "compiler/watch/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "runtime/time/arith.h"
#include "runtime/time/civil.h"
#include "runtime/time/zone.h"


enum { TURN_MS = 200, CHUNKS_A_TURN = 8 };

static int64_t wall_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * ENT_WATCH_SECOND + now.tv_nsec;
}

/* --- sources --- */

static int64_t find_feed(const ent_image *p, const char *name, size_t len)
{
    for (size_t i = 0; i < p->n_feed; i++) {
        const char *known = ent_image_text(p, p->feed[i].name);
        if (p->feed[i].kind == 0 && strlen(known) == len && memcmp(known, name, len) == 0) {
            return (int64_t)i;
        }
    }
    return -1;
}

static bool no_feed(ent_watch *w, const char *name, size_t len)
{
    return ent_watch_fail(w, 2, "there is no feed `%.*s`", (int)(len < 60 ? len : 60), name);
}

static ent_watch_kind kind_of(const char *spec)
{
    return strcmp(spec, "-") == 0                      ? ENT_WATCH_STDIN
           : strcmp(spec, "push") == 0                 ? ENT_WATCH_PUSH
           : strcmp(spec, "remote-write") == 0         ? ENT_WATCH_REMOTE_WRITE
           : strncmp(spec, "prometheus+http", 15) == 0 ? ENT_WATCH_PROMETHEUS
           : strncmp(spec, "scrape+http", 11) == 0     ? ENT_WATCH_SCRAPE
                                                       : ENT_WATCH_FILE;
}

static int64_t setting(const ent_watch_setting *v, size_t n, const char *name, int64_t otherwise)
{
    for (size_t i = 0; i < n; i++) {
        if (v[i].name_len == 0 ||
            (strlen(name) == v[i].name_len && memcmp(v[i].name, name, v[i].name_len) == 0)) {
            otherwise = v[i].value;
        }
    }
    return otherwise;
}

static bool add_source(ent_watch *w, const ent_watch_feed *given)
{
    const ent_watch_options *o = w->options;
    int64_t feed = find_feed(w->program, given->name, given->name_len);
    if (feed < 0) {
        return no_feed(w, given->name, given->name_len);
    }
    const char *name = ent_image_text(w->program, w->program->feed[feed].name);
    if (!w->program->feed[feed].used) {
        ent_watch_say(w, "warning: no agreement uses feed `%s`: its rows are not read", name);
        return true;
    }
    ent_watch_source *s = &w->sources[w->n_sources];
    size_t len = given->name_len + 1 + strlen(given->source);
    s->key = malloc(len + 1);
    if (!s->key) {
        return ent_watch_fail(w, 4, "out of memory");
    }
    snprintf(s->key, len + 1, "%s=%s", name, given->source);
    if (ent_watch_find_source(w, s->key, len)) {
        free(s->key);
        s->key = NULL;
        return ent_watch_fail(w, 2, "--feed %s=%s is given twice", name, given->source);
    }
    for (size_t i = 0; i < w->n_sources; i++) {
        s->index += w->sources[i].feed == feed;
    }
    w->n_sources++;
    s->spec = s->key + given->name_len + 1;
    s->feed = feed;
    s->feed_name = name;
    s->kind = kind_of(given->source);
    s->newest_ns = s->watermark_ns = INT64_MIN;
    s->lateness_ns = setting(o->lateness, o->n_lateness, name, w->program->feed[feed].lateness_ns);
    int64_t bind = w->program->feed[feed].bind;
    int64_t query = bind >= 0 ? w->program->bind[bind].query : -1;
    s->query = query >= 0 ? ent_image_text(w->program, query) : NULL;
    bool unasked = s->kind == ENT_WATCH_REMOTE_WRITE || s->kind == ENT_WATCH_SCRAPE;
    if (unasked && !ent_watch_selector_init(&s->selector, s->query)) {
        return ent_watch_fail(
            w, 2,
            "`%s` is not a mere selector, and only a Prometheus server can answer more: use "
            "--feed %s=prometheus+http://…",
            s->query, name);
    }
    s->complete = setting(o->complete, o->n_complete, name, 0) != 0;
    s->heard_ns = w->now_ns;
    return true;
}

static bool check_settings(ent_watch *w, const ent_watch_setting *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (v[i].name_len > 0 && find_feed(w->program, v[i].name, v[i].name_len) < 0) {
            return no_feed(w, v[i].name, v[i].name_len);
        }
    }
    return true;
}

static bool resolve_sources(ent_watch *w)
{
    const ent_watch_options *o = w->options;
    size_t inputs = 0;
    w->sources = calloc(o->n_feeds + 1, sizeof *w->sources);
    if (!w->sources) {
        return ent_watch_fail(w, 4, "out of memory");
    }
    bool ok = check_settings(w, o->lateness, o->n_lateness) &&
              check_settings(w, o->complete, o->n_complete);
    for (size_t i = 0; ok && i < o->n_feeds; i++) {
        inputs += strcmp(o->feeds[i].source, "-") == 0;
        ok = add_source(w, &o->feeds[i]);
    }
    if (ok && inputs > 1) {
        return ent_watch_fail(w, 2, "`-`, standard input, can be the source of one feed only");
    }
    if (ok && w->n_sources == 0) {
        return ent_watch_fail(w, 2, "nothing to watch: name the sources with --feed NAME=SOURCE");
    }
    return ok;
}

static bool parse_when(const char *text, const ent_zone *zone, int64_t *ns)
{
    int64_t day;
    size_t n = strlen(text);
    if (ent_civil_parse_instant(text, n, ns)) {
        return true;
    }
    if (!ent_civil_parse_date(text, n, &day)) {
        return false;
    }
    *ns = ent_zone_midnight(zone, day);
    return true;
}

static bool resolve_period(ent_watch *w)
{
    const ent_image *p = w->program;
    char message[256];
    const char *name = p->n_framework ? ent_image_text(p, p->framework[0].zone) : "UTC";
    ent_zone *zone = ent_zone_load(ENT_WATCH_ZONES, name, message, sizeof message);
    if (!zone) {
        return ent_watch_fail(w, 4, "%s", message);
    }
    w->has_from = w->options->from != NULL;
    w->has_to = w->options->to != NULL;
    bool ok = (!w->has_from || parse_when(w->options->from, zone, &w->from_ns)) &&
              (!w->has_to || parse_when(w->options->to, zone, &w->to_ns));
    ent_zone_free(zone);
    if (!ok) {
        return ent_watch_fail(
            w, 2, "--from and --to are a date (2026-01-31) or an instant (2026-01-31T09:00:00Z)");
    }
    return !(w->has_from && w->has_to && w->from_ns >= w->to_ns) ||
           ent_watch_fail(w, 2, "--from is not before --to");
}

/* --- files --- */

static bool open_log(ent_watch *w, ent_watch_log *log, const char *given, const char *name)
{
    char path[4096];
    const char *at = given;
    if (!given && w->store.folder && ent_watch_store_path(&w->store, name, path, sizeof path)) {
        at = path;
    }
    return ent_watch_log_open(log, at) ||
           ent_watch_fail(w, 4, "cannot open `%s`: %s", at ? at : "a temporary file",
                          strerror(errno));
}

/* The first line says how the ledger was made. */
static bool write_head(ent_watch *w)
{
    char tzdata[64];
    if (!ent_zone_tzdata_version(ENT_WATCH_ZONES, tzdata, sizeof tzdata)) {
        snprintf(tzdata, sizeof tzdata, "unknown");
    }
    ent_ledger_run head = {.version = ENT_VERSION_TEXT, .tzdata = tzdata};
    return (ent_ledger_run_line(&w->ledger, w->engine, &head) && ent_watch_add_line(w)) ||
           ent_watch_fail(w, 4, "out of memory");
}

/* --- the loop --- */

static int open_signals(ent_watch *w)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        ent_watch_fail(w, 4, "cannot wait for signals: %s", strerror(errno));
        return -1;
    }
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) {
        ent_watch_fail(w, 4, "cannot wait for signals: %s", strerror(errno));
    }
    return fd;
}

static void take_signals(ent_watch *w, int fd)
{
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            w->reload = true;
        } else {
            w->stopping = true;
        }
    }
}

static bool is_followed(const ent_watch_source *s)
{
    return s->kind == ENT_WATCH_STDIN || s->kind == ENT_WATCH_FILE;
}

/* Always the one furthest behind first, so that the watermark can follow. */
static bool follow(ent_watch *w, bool *more)
{
    *more = false;
    for (int turn = 0; turn < CHUNKS_A_TURN; turn++) {
        bool any = false;
        for (size_t i = 0; i < w->n_sources; i++) {
            bool again = false;
            if (is_followed(&w->sources[i]) && !ent_watch_follow_turn(w, &w->sources[i], &again)) {
                return false;
            }
            any |= again;
        }
        *more = any;
        if (!any) {
            break;
        }
    }
    return true;
}

/* Sources that are complete up to now let time pass when nothing happens. */
static bool tick(ent_watch *w)
{
    for (size_t i = 0; i < w->n_sources; i++) {
        ent_watch_source *s = &w->sources[i];
        int64_t reached =
            ent_time_add(w->now_ns, -s->lateness_ns) / ENT_WATCH_SECOND * ENT_WATCH_SECOND;
        if (!s->complete || s->ended || reached <= s->watermark_ns || s->trouble[0] ||
            (is_followed(s) && !ent_watch_follow_at_end(s))) {
            continue;
        }
        ent_watch_batch b = {
            .source = s, .now_ns = w->now_ns, .after = s->place, .watermark_ns = reached};
        if (ent_watch_accept(w, &b, NULL, 0) == ENT_WATCH_FAILED) {
            return false;
        }
    }
    return true;
}

/* A source that says nothing keeps everything after its latest row provisional: that is said once,
 * and once more when it is over. */
static void look_for_stalls(ent_watch *w)
{
    for (size_t i = 0; i < w->n_sources; i++) {
        ent_watch_source *s = &w->sources[i];
        bool stalled = !s->ended && w->now_ns - s->heard_ns > w->options->stall_ns;
        if (stalled != s->stalled) {
            s->stalled = stalled;
            ent_watch_say(w,
                          stalled ? "warning: `%s` has been silent for a while: nothing after its "
                                    "latest row becomes final%s%s"
                                  : "note: `%s` speaks again%s%s",
                          s->key, stalled && s->trouble[0] ? ": " : "", stalled ? s->trouble : "");
        }
    }
}

static bool all_at_end(const ent_watch *w)
{
    for (size_t i = 0; i < w->n_sources; i++) {
        const ent_watch_source *s = &w->sources[i];
        bool at_end =
            s->ended || (w->options->until_end && is_followed(s) && ent_watch_follow_at_end(s));
        if (!at_end) {
            return false;
        }
    }
    return true;
}

static void wait_for_input(const ent_watch *w, int signals, bool more)
{
    struct pollfd fds[3] = {{.fd = signals, .events = POLLIN},
                            {.fd = -1, .events = POLLIN},
                            {.fd = ent_watch_server_fd(w), .events = POLLIN}};
    int server_ms = ent_watch_server_timeout(w);
    int ms = more ? 0 : server_ms >= 0 && server_ms < TURN_MS ? server_ms : TURN_MS;
    for (size_t i = 0; i < w->n_sources; i++) {
        if (w->sources[i].kind == ENT_WATCH_STDIN && ent_watch_has_room(w, &w->sources[i])) {
            fds[1].fd = ent_watch_follow_fd(&w->sources[i]);
        }
    }
    (void)poll(fds, 3, ms);
}

static bool turn(ent_watch *w, int signals)
{
    bool more;
    w->now_ns = wall_clock();
    take_signals(w, signals);
    if (!follow(w, &more) || !tick(w)) {
        return false;
    }
    ent_watch_server_turn(w);
    look_for_stalls(w);
    bool past = w->has_to && w->watermark_ns >= w->to_ns;
    if ((past || all_at_end(w)) && !w->finished) {
        bool ok = ent_watch_finish(w);
        w->stopping |= ok && !w->server;
        return ok;
    }
    if (!w->stopping) {
        wait_for_input(w, signals, more);
    }
    return true;
}

static bool open_all(ent_watch *w)
{
    if (!ent_watch_store_open(&w->store, w->options->state_dir)) {
        return ent_watch_fail(w, 4, "%s", w->store.message);
    }
    if (!resolve_sources(w) || !resolve_period(w) ||
        !open_log(w, &w->ledger_file, w->options->ledger, "ledger.jsonl") ||
        !open_log(w, &w->quarantine, w->options->quarantine, "quarantine.jsonl") ||
        !ent_watch_club_open(w) || !write_head(w) || !ent_watch_recover(w)) {
        return false;
    }
    for (size_t i = 0; i < w->n_sources; i++) {
        if (is_followed(&w->sources[i]) && !ent_watch_follow_open(w, &w->sources[i])) {
            return false;
        }
    }
    return ent_watch_server_open(w);
}

static void close_all(ent_watch *w)
{
    ent_watch_server_close(w);
    ent_watch_club_close(w);
    for (size_t i = 0; w->sources && i < w->n_sources; i++) {
        ent_watch_source *s = &w->sources[i];
        if (is_followed(s)) {
            ent_watch_follow_close(s);
        }
        free(s->keys.v);
        free(s->keys.buckets);
        ent_watch_selector_deinit(&s->selector);
        free(s->header);
        free(s->key);
    }
    free(w->sources);
    free(w->lines);
    ent_ledger_deinit(&w->ledger);
    ent_watch_log_close(&w->ledger_file);
    ent_watch_log_close(&w->quarantine);
    ent_watch_store_close(&w->store);
}

int ent_watch_run(ent_image **program, const ent_watch_options *options, FILE *err)
{
    ent_watch w = {.options = options, .err = err, .program = *program, .now_ns = wall_clock()};
    w.begun_ns = w.now_ns;
    w.ledger_file.fd = w.quarantine.fd = w.store.lock = w.store.journal = -1;
    ent_ledger_init(&w.ledger);
    int signals = open_signals(&w);
    bool ok = signals >= 0 && open_all(&w);
    while (ok && !w.stopping) {
        ok = turn(&w, signals);
    }
    if (w.engine && !(ent_watch_log_sync(&w.ledger_file) && ent_watch_log_sync(&w.quarantine))) {
        ent_watch_fail(&w, 4, "cannot write the ledger: %s", strerror(w.ledger_file.os_error));
    }
    *program = w.program;
    close_all(&w);
    if (signals >= 0) {
        close(signals);
    }
    return w.status;
}
