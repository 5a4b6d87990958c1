/* The state in a file, and the way back after a restart.
 *
 * A checkpoint is the engine's own state (runtime/state/save.h) with what the watch knows beside
 * it: how far each source and each file was, and a place in the journal.  What was accepted since
 * then is applied again and makes the same lines, which the ledger's file already has as far as it
 * got (log.h). */
#include "compiler/watch/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/state/save.h"
#include "runtime/time/zone.h"

enum { FORMAT = 1, SEGMENT_MAX = 1 << 26 };

static int64_t steady_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * ENT_WATCH_SECOND + now.tv_nsec;
}

/* --- writing --- */

static void put_source(ent_watch_bytes *out, const ent_watch_source *s)
{
    ent_watch_put_text(out, s->key, strlen(s->key));
    ent_watch_put_i64(out, s->newest_ns);
    ent_watch_put_i64(out, s->watermark_ns);
    ent_watch_put_u64(out, s->ended);
    ent_watch_put(out, &s->totals, sizeof s->totals);
    ent_watch_put(out, &s->place, sizeof s->place);
    ent_watch_put_text(out, s->header, s->header ? s->header_len : 0);
    ent_watch_put_u64(out, s->keys.n);
    ent_watch_put_u64(out, s->keys.next);
    if (s->keys.n > 0) {
        ent_watch_put(out, s->keys.v, s->keys.n * sizeof *s->keys.v);
    }
}

static void put_told(ent_watch_bytes *out, const ent_watch_told *told)
{
    ent_watch_put_u64(out, told->n);
    if (told->n > 0) {
        ent_watch_put(out, told->v, told->n * sizeof *told->v);
    }
}

static void put_log(ent_watch_bytes *out, const ent_watch_log *log)
{
    ent_watch_put_u64(out, log->at);
    ent_watch_put_u64(out, log->lines);
}

static bool put_engine(void *user, const void *bytes, size_t n)
{
    ent_watch_bytes *out = user;
    ent_watch_put(out, bytes, n);
    return !out->failed;
}

static bool put_all(ent_watch *w, ent_watch_bytes *out)
{
    ent_fault fault;
    ent_watch_put_u64(out, FORMAT);
    ent_watch_put_text(out, w->program->digest, strlen(w->program->digest));
    ent_watch_put_u64(out, w->store.segment);
    ent_watch_put_u64(out, w->store.size);
    ent_watch_put_i64(out, w->watermark_ns);
    ent_watch_put(out, w->ledger.prev, ENT_HASH_TEXT_SIZE);
    ent_watch_put_i64(out, w->ledger.seq);
    put_log(out, &w->ledger_file);
    put_log(out, &w->quarantine);
    put_told(out, &w->told_clocks);
    put_told(out, &w->told_budgets);
    ent_watch_put_u64(out, w->n_sources);
    for (size_t i = 0; i < w->n_sources; i++) {
        put_source(out, &w->sources[i]);
    }
    if (!ent_engine_save(w->engine, put_engine, out, &fault)) {
        ent_watch_say(w, "warning: the state cannot be saved: %s", fault.message);
        return false;
    }
    return !out->failed;
}

void ent_watch_checkpoint(ent_watch *w)
{
    ent_watch_bytes out = {0};
    int64_t begun = steady_clock();
    if (!w->store.folder || w->finished || w->accepted == 0) {
        return;
    }
    bool ok = ent_watch_log_sync(&w->ledger_file) && ent_watch_log_sync(&w->quarantine);
    if (ok && w->store.size > SEGMENT_MAX) {
        ok = ent_watch_store_turn(&w->store);
    }
    ok = ok && put_all(w, &out) && ent_watch_store_checkpoint(&w->store, out.p, out.n);
    w->checkpoint_ns = ok ? w->now_ns : w->checkpoint_ns;
    w->checkpoints += ok;
    w->checkpoints_failed += !ok;
    w->checkpoint_bytes = out.n;
    w->checkpoint_took_ns = steady_clock() - begun;
    ent_watch_bytes_deinit(&out);
    if (ok) {
        w->accepted = 0;
        if (w->options->forget) {
            ent_watch_store_forget(&w->store, w->store.segment);
        }
    } else {
        ent_watch_note_disk(w, "cannot write a checkpoint");
    }
}

/* --- reading --- */

static bool get_keys(ent_watch_slice *in, ent_watch_keys *keys)
{
    uint64_t n = ent_watch_get_u64(in);
    uint64_t next = ent_watch_get_u64(in);
    if (in->failed || n > ENT_WATCH_KEYS || next >= ENT_WATCH_KEYS) {
        return false;
    }
    const unsigned char *v = ent_watch_get(in, (size_t)n * 16);
    for (uint64_t i = 0; v && i < n; i++) {
        /* the oldest first, so that it is the one that is forgotten next */
        uint64_t at = n < ENT_WATCH_KEYS ? i : (next + i) % n;
        if (!ent_watch_key_add(keys, v + at * 16)) {
            return false;
        }
    }
    return !in->failed;
}

static bool get_source(ent_watch *w, ent_watch_slice *in)
{
    size_t len;
    const char *key = ent_watch_get_text(in, &len);
    ent_watch_source *s = in->failed ? NULL : ent_watch_find_source(w, key, len);
    if (!s) {
        return !in->failed &&
               ent_watch_fail(
                   w, 2,
                   "the state in `%s` is about the source `%.*s`, which is not among --feed: name "
                   "it again, or take another --state",
                   w->store.folder, (int)len, key);
    }
    s->newest_ns = ent_watch_get_i64(in);
    s->watermark_ns = ent_watch_get_i64(in);
    s->ended = ent_watch_get_u64(in) != 0;
    const void *totals = ent_watch_get(in, sizeof s->totals);
    const void *place = ent_watch_get(in, sizeof s->place);
    if (!totals || !place) {
        return false;
    }
    memcpy(&s->totals, totals, sizeof s->totals);
    memcpy(&s->place, place, sizeof s->place);
    s->header = ent_watch_get_copy(in, &s->header_len);
    if (s->header && s->header_len == 0) {
        free(s->header);
        s->header = NULL;
    }
    return !in->failed && get_keys(in, &s->keys);
}

static bool get_told(ent_watch_slice *in, ent_watch_told *told)
{
    uint64_t n = ent_watch_get_u64(in);
    if (in->failed || n > in->n / 16) {
        return false;
    }
    const void *v = ent_watch_get(in, (size_t)n * 16);
    told->v = calloc((size_t)n + 1, sizeof *told->v);
    told->n = told->v ? (size_t)n : 0;
    if (told->v && v) {
        memcpy(told->v, v, (size_t)n * 16);
    }
    return told->v != NULL;
}

static bool get_log(ent_watch *w, ent_watch_slice *in, ent_watch_log *log)
{
    uint64_t at = ent_watch_get_u64(in);
    uint64_t lines = ent_watch_get_u64(in);
    if (!in->failed && at > log->size) {
        return ent_watch_fail(w, 4, "`%s` is shorter than it was at the last checkpoint",
                              log->path);
    }
    ent_watch_log_resume(log, at, lines);
    return !in->failed;
}

static bool get_engine(void *user, void *bytes, size_t n)
{
    ent_watch_slice *in = user;
    const void *p = ent_watch_get(in, n);
    if (p) {
        memcpy(bytes, p, n);
    }
    return p != NULL || n == 0;
}

static bool get_all(ent_watch *w, ent_watch_slice *in)
{
    const void *prev = ent_watch_get(in, ENT_HASH_TEXT_SIZE);
    if (!prev) {
        return false;
    }
    memcpy(w->ledger.prev, prev, ENT_HASH_TEXT_SIZE);
    w->ledger.seq = ent_watch_get_i64(in);
    if (!get_log(w, in, &w->ledger_file) || !get_log(w, in, &w->quarantine) ||
        !get_told(in, &w->told_clocks) || !get_told(in, &w->told_budgets)) {
        return false;
    }
    uint64_t n = ent_watch_get_u64(in);
    for (uint64_t i = 0; i < n; i++) {
        if (!get_source(w, in)) {
            return false;
        }
    }
    return ent_watch_club_restore(w, get_engine, in);
}

/* --- the way back --- */

bool ent_watch_read_lines(ent_watch *w, uint64_t until)
{
    enum { BLOCK = 1 << 16 };
    char *buf = malloc(BLOCK);
    size_t capacity = BLOCK;
    size_t n = 0;
    uint64_t at = 0;
    bool ok = buf != NULL;
    while (ok && at + n < until) {
        if (n == capacity) {
            char *grown = realloc(buf, capacity * 2);
            ok = grown != NULL;
            buf = grown ? grown : buf;
            capacity *= grown ? 2 : 1;
            continue;
        }
        size_t got = ent_watch_log_read(&w->ledger_file, at + n, buf + n, capacity - n);
        ok = got > 0;
        n += got;
        size_t done = 0;
        for (char *end; ok && (end = memchr(buf + done, '\n', n - done)) != NULL;) {
            size_t len = (size_t)(end - (buf + done)) + 1;
            ok = ent_watch_line_seen(w, buf + done, len);
            done += len;
        }
        memmove(buf, buf + done, n - done);
        n -= done;
        at += done;
    }
    free(buf);
    return ok || ent_watch_fail(w, 4, "the ledger cannot be read: %s", strerror(errno));
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

static bool resume(ent_watch *w, ent_watch_slice in)
{
    size_t len;
    bool known = ent_watch_get_u64(&in) == FORMAT;
    const char *digest = ent_watch_get_text(&in, &len);
    uint64_t segment = ent_watch_get_u64(&in);
    uint64_t at = ent_watch_get_u64(&in);
    w->watermark_ns = ent_watch_get_i64(&in);
    if (!known || in.failed) {
        return ent_watch_fail(w, 4, "the checkpoint in `%s` is of another version of Entente",
                              w->store.folder);
    }
    if (len != strlen(w->program->digest) || memcmp(digest, w->program->digest, len) != 0) {
        w->watermark_ns = INT64_MIN;
        return ent_watch_take_up(w);
    }
    if (!get_all(w, &in)) {
        return w->status != 0 ||
               ent_watch_fail(w, 4, "the checkpoint in `%s` cannot be read", w->store.folder);
    }
    return ent_watch_read_lines(w, w->ledger_file.at) && ent_watch_replay(w, segment, at);
}

bool ent_watch_recover(ent_watch *w)
{
    size_t n = 0;
    bool found;
    unsigned char *bytes = ent_watch_store_load(&w->store, &n, &found);
    if (found && !bytes) {
        return ent_watch_fail(w, 4, "%s", w->store.message);
    }
    bool ok = bytes ? resume(w, (ent_watch_slice){bytes, n, false})
                    : write_head(w) && (!w->store.folder || ent_watch_replay(w, 0, 0));
    free(bytes);
    return ok && w->status == 0;
}
