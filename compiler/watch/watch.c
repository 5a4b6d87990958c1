/* See watch.h: the sources from the command line, the loop, the end. */
#include "compiler/watch/clients.h"
#include "compiler/watch/internal.h"
#include "compiler/watch/server.h"

#include <errno.h>
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

/* Where a complete source that has reached the instant is to stand.  While no row waits, nothing comes of time but
 * warnings and the ends of windows, which are looked for at whole minutes: a step in between would only be an entry of
 * the journal. */
static int64_t goal(const ent_watch *w, int64_t reached)
{
    bool last = w->has_to && reached >= w->to_ns;
    return last || ent_watch_pending(w) > 0 ? reached : reached - reached % ENT_WATCH_GRAIN;
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
        int64_t until = goal(w, reached);
        s->reached_ns = reached;
        s->heard_ns = w->now_ns;
        if (until <= s->watermark_ns) {
            continue;
        }
        ent_watch_batch b = {.source = s, .now_ns = w->now_ns, .after = s->place, .watermark_ns = until};
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

static bool is_polled(const ent_watch_source *s)
{
    return s->kind == ENT_WATCH_PROMETHEUS || s->kind == ENT_WATCH_SCRAPE;
}

static void wait_for_input(const ent_watch *w, int signals, bool more)
{
    struct curl_waitfd fds[3] = {{.fd = signals, .events = CURL_WAIT_POLLIN}};
    unsigned n = 1;
    int server = ent_watch_server_fd(w);
    int server_ms = ent_watch_server_timeout(w);
    int ms = more ? 0 : server_ms >= 0 && server_ms < TURN_MS ? server_ms : TURN_MS;
    if (server >= 0) {
        fds[n++] = (struct curl_waitfd){.fd = server, .events = CURL_WAIT_POLLIN};
    }
    for (size_t i = 0; i < w->n_sources; i++) {
        int fd = w->sources[i].kind == ENT_WATCH_STDIN && ent_watch_has_room(w, &w->sources[i])
                     ? ent_watch_follow_fd(&w->sources[i])
                     : -1;
        if (fd >= 0) {
            fds[n++] = (struct curl_waitfd){.fd = fd, .events = CURL_WAIT_POLLIN};
        }
    }
    ent_watch_clients_wait(w, fds, n, ms);
}

static bool reload(ent_watch *w)
{
    bool *not_in_force = NULL;
    w->reload = false;
    ent_image *program = w->options->compile(w->options->compile_user, &not_in_force);
    if (!program) {
        ent_watch_say(w, "warning: the new version has errors; the old one goes on");
        w->takeovers_refused++;
        return true;
    }
    return ent_watch_takeover(w, program, not_in_force);
}

/* Nobody may come to push while the disk is said to be full: whether it is over is tried out. */
static void look_for_room(ent_watch *w)
{
    bool troubled = w->disk_trouble[0] != 0;
    w->disk_trouble[0] = 0;
    if (!ent_watch_log_sync(&w->ledger_file) || !ent_watch_log_sync(&w->quarantine) ||
        !ent_watch_store_probe(&w->store)) {
        ent_watch_note_disk(w, "cannot write");
    } else if (troubled) {
        ent_watch_checkpoint(w);
    }
    if ((w->disk_trouble[0] != 0) != w->disk_told) {
        w->disk_told = !w->disk_told;
        ent_watch_say(w,
                      w->disk_told ? "warning: %s; nothing is taken until it can be kept%s"
                                   : "note: what is taken can be kept again%s%s",
                      w->disk_trouble, "");
    }
}

static void mind_the_disk(ent_watch *w)
{
    if (w->now_ns - w->synced_ns > ENT_WATCH_SECOND) {
        w->synced_ns = w->now_ns;
        look_for_room(w);
    }
    if (w->now_ns - w->checkpoint_tried_ns > w->options->checkpoint_ns) {
        w->checkpoint_tried_ns = w->now_ns;
        ent_watch_checkpoint(w);
    }
}

static bool turn(ent_watch *w, int signals)
{
    bool more;
    w->now_ns = wall_clock();
    take_signals(w, signals);
    if ((w->reload && !reload(w)) || !follow(w, &more) || !tick(w)) {
        return false;
    }
    ent_watch_server_turn(w);
    for (size_t i = 0; i < w->n_sources; i++) {
        if (is_polled(&w->sources[i])) {
            ent_watch_poll_turn(w, &w->sources[i]);
        }
    }
    ent_watch_clients_turn(w);
    ent_watch_hooks_turn(w);
    look_for_stalls(w);
    mind_the_disk(w);
    bool past = w->has_to && w->watermark_ns >= w->to_ns;
    if ((past || all_at_end(w)) && !w->finished) {
        bool ok = ent_watch_finish(w);
        w->stopping |= ok && !w->server;
        return ok;
    }
    if (!w->stopping) {
        wait_for_input(w, signals, more);
    }
    return w->status == 0;
}

static bool open_source(ent_watch *w, ent_watch_source *s)
{
    return is_followed(s) ? ent_watch_follow_open(w, s)
           : is_polled(s) ? ent_watch_poll_open(w, s)
                          : true;
}

static bool open_all(ent_watch *w)
{
    if (!ent_watch_store_open(&w->store, w->options->state_dir)) {
        return ent_watch_fail(w, 4, "%s", w->store.message);
    }
    bool ok = ent_watch_resolve(w) &&
              open_log(w, &w->ledger_file, w->options->ledger, "ledger.jsonl") &&
              open_log(w, &w->quarantine, w->options->quarantine, "quarantine.jsonl") &&
              ent_watch_club_open(w) && ent_watch_recover(w) && ent_watch_clients_open(w);
    for (size_t i = 0; ok && i < w->n_sources; i++) {
        ok = open_source(w, &w->sources[i]);
    }
    return ok && ent_watch_hooks_open(w) && ent_watch_server_open(w);
}

static void close_all(ent_watch *w)
{
    ent_watch_server_close(w);
    ent_watch_hooks_close(w);
    for (size_t i = 0; w->sources && i < w->n_sources; i++) {
        if (is_followed(&w->sources[i])) {
            ent_watch_follow_close(&w->sources[i]);
        } else if (is_polled(&w->sources[i])) {
            ent_watch_poll_close(w, &w->sources[i]);
        }
    }
    ent_watch_clients_close(w);
    ent_watch_club_close(w);
    ent_watch_free_sources(w);
    ent_watch_standing_free(w);
    free(w->lines);
    free(w->told_clocks.v);
    free(w->told_budgets.v);
    free(w->not_in_force);
    ent_ledger_deinit(&w->ledger);
    ent_watch_log_close(&w->ledger_file);
    ent_watch_log_close(&w->quarantine);
    ent_watch_store_close(&w->store);
}

int ent_watch_run(ent_image **program, const ent_watch_options *options, FILE *err)
{
    ent_watch w = {.options = options,
                   .err = err,
                   .program = *program,
                   .not_in_force = options->not_in_force,
                   .now_ns = wall_clock()};
    w.begun_ns = w.checkpoint_tried_ns = w.now_ns;
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
    if (ok) {
        ent_watch_checkpoint(&w);
    }
    *program = w.program;
    close_all(&w);
    if (signals >= 0) {
        close(signals);
    }
    return w.status;
}
