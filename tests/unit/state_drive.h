/* Drives sessions for the tests of the engine: pushes facts in any manner, tells decisions as text,
 * and compares what every manner of arrival comes to.  See state_program.h. */
#ifndef ENT_TEST_STATE_DRIVE_H
#define ENT_TEST_STATE_DRIVE_H

#include "tests/unit/state_program.h"

/* --- decisions as text --- */

typedef struct told {
    ent_verdict d;
    char subject[64];
    char answer[512]; /* of a breach: the gap and the facts */
} told;

typedef struct telling {
    told *v;
    size_t n, capacity;
} telling;

static inline void subject_text(const ent_engine *s, const ent_verdict *d, char *out, size_t size)
{
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < ent_engine_subject_fields(s, d); i++) {
        char buf[64];
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? "/" : "",
                               ent_engine_subject_text(s, d, i, buf, sizeof buf));
    }
}

static inline void answer_text(const ent_answer *a, char *out, size_t size)
{
    out[0] = 0;
    size_t at = a ? (size_t)snprintf(out, size, "%s %zu", a->has_gap ? a->gap_text : "", a->n_facts) : 0;
    for (size_t i = 0; a && i < a->n_facts && at < size; i++) {
        const ent_fact *f = &a->facts[i];
        at += (size_t)snprintf(out + at, size - at, " %u@%lld:%lld-%lld", f->count, (long long)(f->from_ns - BASE_NS),
                               (long long)f->origin, (long long)f->until_origin);
    }
}

static inline bool tell(void *user, const ent_engine *s, const ent_verdict *d)
{
    telling *all = user;
    if (all->n == all->capacity) {
        size_t capacity = all->capacity ? all->capacity * 2 : 16;
        told *grown = realloc(all->v, capacity * sizeof *grown);
        if (!grown) {
            return false;
        }
        all->v = grown;
        all->capacity = capacity;
    }
    told *t = &all->v[all->n++];
    t->d = *d;
    t->d.answer = NULL; /* the session's */
    answer_text(d->answer, t->answer, sizeof t->answer);
    subject_text(s, d, t->subject, sizeof t->subject);
    return true;
}

/* A number of minutes from BASE_NS (or a length), with the nanoseconds that are over. */
static inline size_t put_minutes(char *out, size_t size, const char *name, int64_t ns)
{
    int64_t minutes = ns / MINUTE_NS;
    int64_t rest = ns % MINUTE_NS;
    return (size_t)(rest ? snprintf(out, size, " %s=%lld%+lldns", name, (long long)minutes,
                                    (long long)rest)
                         : snprintf(out, size, " %s=%lld", name, (long long)minutes));
}

static const char *const status_words[] = {"met",  "breach",      "excused",
                                           "void", "provisional", "no_data"};

/* A duty: `A breach at=0 due=240 done=300 elapsed=300 allowed=240`; an objective:
 * `hosting met 3/4 of 4-1 from=-540 to=900 missing=2`: the measure, samples and bad ones, the
 * window. */
static inline void decision_text(const told *t, char *out, size_t size)
{
    const ent_verdict *d = &t->d;
    size_t at = (size_t)snprintf(out, size, "%s%s%s", t->subject, t->subject[0] ? " " : "",
                                 status_words[d->status]);
    if (d->kind == ENT_VERDICT_DUTY) {
        at += put_minutes(out + at, size - at, "at", d->at_ns - BASE_NS);
        at += d->has_due ? put_minutes(out + at, size - at, "due", d->due_ns - BASE_NS) : 0;
        at += d->has_done ? put_minutes(out + at, size - at, "done", d->done_ns - BASE_NS) : 0;
        at += put_minutes(out + at, size - at, "elapsed", d->elapsed_ns);
        at += put_minutes(out + at, size - at, "allowed", d->allowed_ns);
        at += (size_t)snprintf(out + at, size - at, "%s", d->open ? " open" : "");
    } else {
        char text[ENT_Q_TEXT_SIZE] = "none";
        if (d->has_measure && d->measure_is_number) {
            (void)ent_format_double(d->measure_f, text);
        } else if (d->has_measure) {
            (void)ent_q_format_fraction(d->measure, text, sizeof text);
        }
        at += (size_t)snprintf(out + at, size - at, " %s of %lld-%lld", text,
                               (long long)d->counts.samples, (long long)d->counts.bad);
        at += put_minutes(out + at, size - at, "from", d->from_ns - BASE_NS);
        at += put_minutes(out + at, size - at, "to", d->to_ns - BASE_NS);
        const struct {
            const char *name;
            int64_t n;
        } extra[] = {{"missing", d->counts.missing},
                     {"absent", d->counts.absent},
                     {"excluded", d->counts.excluded}};
        for (size_t i = 0; i < 3; i++) {
            at += extra[i].n ? (size_t)snprintf(out + at, size - at, " %s=%lld", extra[i].name,
                                                (long long)extra[i].n)
                             : 0;
        }
    }
    if (d->has_credit) {
        char money[ENT_MONEY_TEXT_SIZE];
        (void)ent_money_format(d->credit_minor, 2, money, sizeof money);
        (void)snprintf(out + at, size - at, " credit=%s", money);
    }
}

/* --- drivers --- */

typedef enum drive_mode { DRIVE_BATCH, DRIVE_ROWS, DRIVE_CHUNKS, DRIVE_SHUFFLED } drive_mode;

typedef struct drive_plan {
    drive_mode mode;
    uint32_t lanes_max;
    uint64_t seed;
    bool has_from, has_to;
    int64_t from_ns, to_ns;
    bool notices;
} drive_plan;

static inline uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static inline int compare_facts(const void *a, const void *b)
{
    const fact *x = a;
    const fact *y = b;
    if (x->at != y->at) {
        return x->at < y->at ? -1 : 1;
    }
    return x->feed != y->feed ? x->feed - y->feed : x->line < y->line ? -1 : x->line > y->line;
}

/* Any order that keeps rows of one feed and one instant in theirs: what arrival may do. */
static inline void shuffle(fact *v, size_t n, uint64_t *seed)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = (size_t)(next_random(seed) % i);
        fact t = v[i - 1];
        v[i - 1] = v[k];
        v[k] = t;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++) {
            if (v[i].feed == v[k].feed && v[i].at == v[k].at && v[i].line > v[k].line) {
                fact t = v[i];
                v[i] = v[k];
                v[k] = t;
            }
        }
    }
}

/* Runs of one feed at a time, as they stand. */
static inline bool push_runs(ent_engine *s, const fact *v, size_t n, ent_fault *error)
{
    size_t begin = 0;
    while (begin < n) {
        size_t end = begin + 1;
        while (end < n && v[end].feed == v[begin].feed) {
            end++;
        }
        if (!facts_push(s, v + begin, end - begin, error)) {
            return false;
        }
        begin = end;
    }
    return true;
}

static inline bool drive_stream(ent_engine *s, const drive_plan *plan, fact *v, size_t n,
                                ent_fault *error)
{
    uint64_t seed = plan->seed;
    size_t begin = 0;
    while (begin < n) {
        size_t size = plan->mode == DRIVE_ROWS ? 1 : 1 + (size_t)(next_random(&seed) % 17);
        size_t end = begin + size < n ? begin + size : n;
        int64_t next = end < n ? v[end].at : INT64_MAX;
        if (plan->mode == DRIVE_SHUFFLED) {
            shuffle(v + begin, end - begin, &seed);
        }
        if (!push_runs(s, v + begin, end - begin, error) ||
            (next != INT64_MAX && !ent_engine_advance(s, next, error))) {
            return false;
        }
        begin = end;
    }
    return true;
}

static inline ent_engine_options plan_options(const drive_plan *plan, telling *out)
{
    return (ent_engine_options){.lanes_max = plan->lanes_max,
                                .has_from = plan->has_from,
                                .from_ns = plan->from_ns,
                                .has_to = plan->has_to,
                                .to_ns = plan->to_ns,
                                .notices = plan->notices,
                                .on_decision = tell,
                                .user = out};
}

/* All of it, from a new session to its end.  NULL with the error on failure; else the session,
 * ended. */
static inline ent_engine *drive(const ent_image *p, const facts *all, const drive_plan *plan,
                                 telling *out, ent_fault *error)
{
    ent_engine_options options = plan_options(plan, out);
    out->n = 0;
    ent_engine *s = ent_engine_new(p, &options, error);
    fact *v = s ? malloc((all->n + 1) * sizeof *v) : NULL;
    bool ok = v != NULL;
    if (s && !v) {
        *error =
            (ent_fault){.code = ENT_FAULT_ENVIRONMENT, .place = -1, .message = "out of memory"};
    }
    if (ok) {
        if (all->n > 0) {
            memcpy(v, all->v, all->n * sizeof *v);
        }
        if (plan->mode == DRIVE_BATCH) {
            ok = push_runs(s, v, all->n, error);
        } else {
            qsort(v, all->n, sizeof *v, compare_facts);
            ok = drive_stream(s, plan, v, all->n, error);
        }
        ok = ok && ent_engine_finish(s, error);
    }
    free(v);
    if (!ok) {
        ent_engine_free(s);
        return NULL;
    }
    return s;
}
/* --- all ways of driving --- */

enum { TEXT_MAX = 2048 };

static const drive_mode modes[] = {DRIVE_BATCH, DRIVE_ROWS, DRIVE_CHUNKS, DRIVE_SHUFFLED};
static const uint32_t lanes[] = {1, 7, 2048};

static inline void join(const telling *all, char *out, size_t size)
{
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < all->n && at < size; i++) {
        char text[256];
        decision_text(&all->v[i], text, sizeof text);
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? " | " : "", text);
    }
}

/* Slices made ready ahead, of up to 17 rows, two of them going round.  false: the program or the facts are not such. */
static inline bool drive_ahead(const ent_image *p, const facts *all, const drive_plan *plan, telling *out)
{
    ent_fault error;
    ent_engine_options options = plan_options(plan, out);
    out->n = 0;
    ent_engine *s = ent_engine_new(p, &options, &error);
    ent_ahead *ahead = s && all->n > 0 ? ent_ahead_new(s, all->v[0].feed) : NULL;
    ent_ready *ready[2] = {ahead ? ent_ready_new(ahead) : NULL, ahead ? ent_ready_new(ahead) : NULL};
    fact *v = malloc((all->n + 1) * sizeof *v);
    bool fits = ready[0] && ready[1] && v;
    for (size_t i = 0; fits && i < all->n; i++) {
        v[i] = all->v[i];
        fits = v[i].feed == v[0].feed;
    }
    if (fits) {
        uint64_t seed = plan->seed;
        size_t at = 0;
        qsort(v, all->n, sizeof *v, compare_facts);
        for (size_t begin = 0, end; begin < all->n; begin = end) {
            end = begin + 1 + (size_t)(next_random(&seed) % 17);
            end = end < all->n ? end : all->n;
            int64_t until = v[end - 1].at; /* its own rows wait for the next slice, as in the command */
            bool ok = facts_push_to(s, ahead, v + begin, end - begin, &error);
            if (!ok || !ent_ahead_cut(ahead, until, ready[at], &error) || !ent_engine_take(s, ready[at], &error)) {
                fail_msg("ahead: %s", error.message);
            }
            at = 1 - at;
        }
        ent_ahead_rest(ahead, ready[at]);
        if (!ent_engine_take(s, ready[at], &error) || !ent_engine_finish(s, &error)) {
            fail_msg("ahead: %s", error.message);
        }
    }
    free(v);
    ent_ready_free(ahead, ready[0]);
    ent_ready_free(ahead, ready[1]);
    ent_ahead_free(ahead);
    ent_engine_free(s);
    return fits;
}

static size_t n_driven_ahead, n_driven_in_pieces, n_gists;

/* Pieces of up to 23 rows made slices by two makers, as if two threads had read them; one in five is pushed instead, as
 * pieces are that have a bad row, and so are the first rows.  false: the program or the facts are not such. */
static inline bool drive_pieces(const ent_image *p, const facts *all, const drive_plan *plan, telling *out)
{
    ent_fault error;
    ent_engine_options options = plan_options(plan, out);
    out->n = 0;
    ent_engine *s = ent_engine_new(p, &options, &error);
    bool fits = s && all->n > 0 && ent_engine_takes_pieces(s, all->v[0].feed);
    ent_ahead *maker[2] = {NULL, NULL};
    ent_ready *made[2] = {NULL, NULL};
    fact *v = malloc((all->n + 1) * sizeof *v);
    for (size_t i = 0; fits && i < 2; i++) {
        maker[i] = ent_ahead_new_for_pieces(s, all->v[0].feed);
        made[i] = maker[i] ? ent_ready_new(maker[i]) : NULL;
        fits = made[i] && v;
    }
    for (size_t i = 0; fits && i < all->n; i++) {
        v[i] = all->v[i];
        fits = v[i].feed == v[0].feed;
    }
    if (fits) {
        uint64_t seed = plan->seed;
        qsort(v, all->n, sizeof *v, compare_facts);
        for (size_t begin = 0, end; begin < all->n; begin = end) {
            size_t at = (size_t)(next_random(&seed) % 2);
            end = begin + 1 + (size_t)(next_random(&seed) % 23);
            end = end < all->n ? end : all->n;
            bool pushed = begin == 0 || next_random(&seed) % 5 == 0;
            bool ok = facts_push_to(s, pushed ? NULL : maker[at], v + begin, end - begin, &error);
            if (ok && pushed) {
                ok = next_random(&seed) % 2 == 0 || ent_engine_advance(s, v[end - 1].at, &error);
            } else if (ok) {
                ok = ent_ahead_piece(maker[at], made[at]);
                n_gists += ok && made[at]->feed.gist.of > 0;
                ok = ok && ent_engine_take_piece(s, made[at], v[end - 1].at, 0, &error);
            }
            if (!ok) {
                fail_msg("pieces: %s", error.message);
            }
        }
        if (!ent_engine_finish(s, &error)) {
            fail_msg("pieces: %s", error.message);
        }
    }
    free(v);
    for (size_t i = 0; i < 2; i++) {
        ent_ready_free(maker[i], made[i]);
        ent_ahead_free(maker[i]);
    }
    ent_engine_free(s);
    return fits;
}

static inline void expect_ahead(const char *name, const ent_image *p, const facts *all, drive_plan plan,
                                const char *expected)
{
    for (size_t k = 0; k < 3; k++) {
        telling out = {0};
        char text[TEXT_MAX];
        plan.lanes_max = lanes[k];
        plan.seed = k + 1;
        if (drive_ahead(p, all, &plan, &out)) {
            join(&out, text, sizeof text);
            if (strcmp(text, expected) != 0) {
                fail_msg("%s, ahead, lanes %u:\n  got      %s\n  expected %s", name, lanes[k], text, expected);
            }
            n_driven_ahead++;
        }
        if (drive_pieces(p, all, &plan, &out)) {
            join(&out, text, sizeof text);
            if (strcmp(text, expected) != 0) {
                fail_msg("%s, in pieces, lanes %u:\n  got      %s\n  expected %s", name, lanes[k], text, expected);
            }
            n_driven_in_pieces++;
        }
        free(out.v);
    }
}

/* Runs in every mode and compares the decisions with the text. */
static inline void expect_all(const char *name, const ent_image *p, const facts *all,
                              drive_plan plan, const char *expected)
{
    for (size_t m = 0; m < 4; m++) {
        for (size_t k = 0; k < 3; k++) {
            telling out = {0};
            ent_fault error;
            char text[TEXT_MAX];
            plan.mode = modes[m];
            plan.lanes_max = lanes[k];
            plan.seed = m * 3 + k + 1;
            ent_engine *s = drive(p, all, &plan, &out, &error);
            if (!s) {
                fail_msg("%s, mode %zu, lanes %u: %s", name, m, lanes[k], error.message);
            }
            join(&out, text, sizeof text);
            if (strcmp(text, expected) != 0) {
                fail_msg("%s, mode %zu, lanes %u:\n  got      %s\n  expected %s", name, m, lanes[k],
                         text, expected);
            }
            ent_engine_free(s);
            free(out.v);
        }
    }
    expect_ahead(name, p, all, plan, expected);
}

static inline drive_plan until(int64_t minute)
{
    return (drive_plan){.has_to = true, .to_ns = BASE_NS + minute * MINUTE_NS};
}

static inline drive_plan between(int64_t from_minute, int64_t to_minute)
{
    drive_plan plan = until(to_minute);
    plan.has_from = true;
    plan.from_ns = BASE_NS + from_minute * MINUTE_NS;
    return plan;
}
#endif
