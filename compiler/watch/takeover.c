/* Taking over a new version of the program without losing state.
 *
 * The new program decides all that was ever taken once more, in memory, and must come to the lines
 * that stand in the ledger, but for where its clauses stand in the source: an amendment changes
 * what is to come, never what was decided.  Then its state is the state that it would have had all
 * along, a line of kind `program` says so in the ledger, and a checkpoint makes it final.  If it
 * comes to anything else the old version goes on, and the first line that differs is told.  The
 * loop stands still for as long as that takes. */
#include "compiler/watch/internal.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/ledger/json_in.h"
#include "runtime/time/civil.h"

struct ent_watch_trial {
    const ent_watch *before; /* whose lines are compared */
    uint64_t next;           /* line to compare with, from 1 */
    uint64_t compared;
    bool differs;
    char message[512];
    char *buf;
    size_t capacity;
};

static bool is_compared(ent_json_slice key)
{
    return !ent_json_is(key, "seq") && !ent_json_is(key, "prev") && !ent_json_is(key, "hash") &&
           !ent_json_is(key, "source");
}

static bool next_member(ent_json_slice line, size_t *at, ent_json_slice *key, ent_json_slice *value)
{
    while (ent_json_next_member(line, at, key, value)) {
        if (is_compared(*key)) {
            return true;
        }
    }
    return false;
}

static bool same_line(ent_json_slice a, ent_json_slice b)
{
    size_t at_a = 0;
    size_t at_b = 0;
    ent_json_slice key_a, key_b, value_a, value_b;
    for (;;) {
        bool more_a = next_member(a, &at_a, &key_a, &value_a);
        bool more_b = next_member(b, &at_b, &key_b, &value_b);
        if (!more_a || !more_b) {
            return more_a == more_b;
        }
        if (!ent_json_same(key_a, key_b) || !ent_json_same(value_a, value_b)) {
            return false;
        }
    }
}

/* The next line that a program decided: not the first one, nor those that tell of an earlier
 * takeover. */
static bool next_decided(ent_watch_trial *t, ent_json_slice *line)
{
    for (; t->next <= t->before->n_lines; t->next++) {
        size_t len = ent_watch_line_read(t->before, t->next, &t->buf, &t->capacity);
        if (len < 2) {
            return false;
        }
        *line = (ent_json_slice){t->buf, len - 1};
        ent_json_slice kind = ent_json_text_of(ent_json_member(*line, "kind"));
        if (t->next > 1 && !ent_json_is(kind, "program")) {
            t->next++;
            return true;
        }
    }
    return false;
}

bool ent_watch_trial_line(ent_watch *w)
{
    ent_watch_trial *t = w->trial;
    ent_json_slice was;
    ent_json_slice is = {w->ledger.line.data, w->ledger.line.len - 1};
    if (t->differs) {
        return false;
    }
    if (!next_decided(t, &was)) {
        t->differs = true;
        snprintf(t->message, sizeof t->message, "it decides more than was decided: %.300s", is.p);
        return false;
    }
    t->compared++;
    if (!same_line(was, is)) {
        t->differs = true;
        snprintf(t->message, sizeof t->message,
                 "it decides line %llu of the ledger otherwise: %.300s",
                 (unsigned long long)t->next - 2, is.p);
        return false;
    }
    return true;
}

/* --- the new club --- */

static bool add_program_line(ent_watch *w, const char *was)
{
    char text[ENT_CIVIL_TEXT_MAX];
    ent_json_out *out = &w->ledger.line;
    ent_json_reset(out);
    ent_json_begin_object(out);
    ent_json_key_int(out, "seq", ++w->ledger.seq);
    ent_json_key_text(out, "kind", "program");
    if (w->watermark_ns != INT64_MIN) {
        ent_civil_format(text, sizeof text, w->watermark_ns, ent_engine_framework_zone(w->engine));
        ent_json_key_text(out, "at", text);
    }
    ent_json_key_text(out, "program", w->program->digest);
    if (was) {
        ent_json_key_text(out, "was", was);
    }
    return ent_ledger_finish_line(&w->ledger) && ent_watch_add_line(w);
}

static void close_trial(ent_watch *t)
{
    ent_watch_club_close(t);
    ent_watch_free_sources(t);
    ent_ledger_deinit(&t->ledger);
    ent_watch_log_close(&t->quarantine);
    ent_watch_store_close(&t->store);
    free(t->told_clocks.v);
    free(t->told_budgets.v);
    free(t->trial->buf);
}

static bool open_trial(ent_watch *t, const ent_watch *w)
{
    ent_ledger_init(&t->ledger);
    t->store = (ent_watch_store){.folder = strdup(w->store.folder), .lock = -1, .journal = -1};
    return t->store.folder && ent_watch_log_open(&t->quarantine, NULL) && ent_watch_resolve(t) &&
           ent_watch_club_open(t);
}

/* What a source is doing goes on; what it has come to is the new club's. */
static void move_inputs(ent_watch *w, ent_watch *t)
{
    for (size_t i = 0; i < w->n_sources; i++) {
        ent_watch_source *from = &w->sources[i];
        ent_watch_source *to = ent_watch_find_source(t, from->key, strlen(from->key));
        if (to) {
            to->input = from->input;
            to->heard_ns = from->heard_ns;
            to->stalled = from->stalled;
            memcpy(to->trouble, from->trouble, sizeof to->trouble);
            from->input = NULL;
        }
    }
}

/* What a club consists of: the members of a watch that change with its program. */
#define CLUB(X)                                                                                    \
    X(program)                                                                                     \
    X(not_in_force)                                                                                \
    X(strings)                                                                                     \
    X(vm)                                                                                          \
    X(engine)                                                                                      \
    X(sources)                                                                                     \
    X(n_sources)                                                                                   \
    X(duties)                                                                                      \
    X(objectives)                                                                                  \
    X(pools)                                                                                       \
    X(told_clocks)                                                                                 \
    X(told_budgets)                                                                                \
    X(watermark_ns)                                                                                \
    X(self)

static void swap(void *a, void *b, size_t n)
{
    unsigned char *x = a;
    unsigned char *y = b;
    for (size_t i = 0; i < n; i++) {
        unsigned char kept = x[i];
        x[i] = y[i];
        y[i] = kept;
    }
}

/* The trial becomes the club. */
static void exchange(ent_watch *w, ent_watch *t)
{
    ent_watch_standing_clear(w);
    w->standing.asked = false;
    w->changes++;
    move_inputs(w, t);
#define SWAP(member) swap(&w->member, &t->member, sizeof w->member);
    CLUB(SWAP)
#undef SWAP
    *w->self = w;
    *t->self = t;
}

/* The counts of clauses are read from the lines, for the clauses that there are now. */
static bool count_again(ent_watch *w)
{
    w->n_lines = 0;
    return ent_watch_read_lines(w, w->ledger_file.at);
}

static void refuse(ent_watch *w, const char *why)
{
    w->takeovers_refused++;
    ent_watch_say(w, "warning: the new version is not taken over: %s; the old one goes on", why);
}

bool ent_watch_takeover(ent_watch *w, ent_image *program, bool *not_in_force)
{
    ent_watch_trial trial = {.before = w, .next = 1};
    ent_watch t = {.options = w->options,
                   .err = w->err,
                   .program = program,
                   .not_in_force = not_in_force,
                   .now_ns = w->now_ns,
                   .trial = &trial};
    char was[sizeof w->program->digest];
    bool taken = false;
    t.ledger_file.fd = t.quarantine.fd = -1;
    memcpy(was, w->program->digest, sizeof was);
    if (strcmp(program->digest, was) == 0) {
        ent_watch_say(w, "note: the program is the same as before");
    } else if (!w->store.folder || w->options->forget) {
        refuse(w, "what was taken is not kept: it needs --state, and no --forget");
    } else if (!ent_watch_log_flush(&w->ledger_file)) {
        refuse(w, "the ledger cannot be written");
    } else {
        taken = open_trial(&t, w) && ent_watch_replay(&t, 0, 0) && !trial.differs;
        ent_json_slice left;
        if (taken && next_decided(&trial, &left)) {
            taken = false;
            snprintf(trial.message, sizeof trial.message, "it decides less than was decided");
        }
        if (taken) {
            exchange(w, &t);
            w->takeovers++;
            w->accepted++;
            ent_watch_say(
                w, "note: program %.12s… is taken over; it decides the %llu lines so far the same",
                w->program->digest, (unsigned long long)trial.compared);
        } else {
            refuse(w, trial.message[0] ? trial.message : "it cannot be run over what was taken");
        }
        close_trial(&t);
    }
    ent_image_destroy(t.program);
    free((void *)(uintptr_t)t.not_in_force);
    if (!taken) {
        return true;
    }
    bool ok = count_again(w) && add_program_line(w, was);
    if (ok) {
        ent_watch_checkpoint(w);
    }
    return ok || ent_watch_fail(w, 4, "out of memory");
}

/* --- a new version at the start --- */

/* The ledger as it stands, without what was torn off at its end. */
static bool read_ledger(ent_watch *w, ent_ledger *chain)
{
    char *buf = NULL;
    size_t capacity = 0;
    char last = 0;
    uint64_t whole = w->ledger_file.size;
    for (; whole > 0 && last != '\n'; whole -= last != '\n') {
        ent_watch_log_resume(&w->ledger_file, whole, 0);
        if (ent_watch_log_read(&w->ledger_file, whole - 1, &last, 1) != 1) {
            break;
        }
    }
    if (whole == 0 || !ent_watch_read_lines(w, whole)) {
        return w->status != 0 || ent_watch_fail(w, 4, "there is no ledger to go on with");
    }
    ent_watch_log_resume(&w->ledger_file, whole, w->n_lines);
    size_t len = ent_watch_line_read(w, w->n_lines, &buf, &capacity);
    ent_json_slice line = {buf, len > 0 ? len - 1 : 0};
    ent_json_slice hash = ent_json_text_of(ent_json_member(line, "hash"));
    bool ok = hash.len == ENT_HASH_TEXT_SIZE - 1;
    if (ok) {
        memcpy(chain->prev, hash.p, hash.len);
        chain->prev[hash.len] = 0;
        chain->seq = (int64_t)w->n_lines - 1;
    }
    free(buf);
    return ok || ent_watch_fail(w, 4, "the last line of the ledger has no hash");
}

bool ent_watch_take_up(ent_watch *w)
{
    ent_watch_trial trial = {.before = w, .next = 1};
    ent_ledger chain = {0};
    ent_json_slice left;
    if (w->options->forget) {
        return ent_watch_fail(
            w, 2, "the state in `%s` is another program's, and what was taken is not kept",
            w->store.folder);
    }
    if (!read_ledger(w, &chain)) {
        return false;
    }
    w->trial = &trial;
    bool ok = ent_watch_replay(w, 0, 0);
    w->trial = NULL;
    if (ok && next_decided(&trial, &left)) {
        trial.differs = true;
        snprintf(trial.message, sizeof trial.message, "it decides less than was decided");
    }
    free(trial.buf);
    if (trial.differs) {
        w->status = 0;
        return ent_watch_fail(
            w, 2, "the state in `%s` is another program's, and this one cannot take it up: %s",
            w->store.folder, trial.message);
    }
    memcpy(w->ledger.prev, chain.prev, sizeof w->ledger.prev);
    w->ledger.seq = chain.seq;
    w->accepted++;
    ok = ok && add_program_line(w, NULL);
    if (ok) {
        ent_watch_say(w,
                      "note: the state of another version is taken up; this one decides the %llu "
                      "lines so far the same",
                      (unsigned long long)trial.compared);
        ent_watch_checkpoint(w);
    }
    return ok;
}
