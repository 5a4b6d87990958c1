/* Clocks divided by key: with any number of parts, and whichever part is ahead of the others, the same decisions in the
 * same order, the same counts and the same answers as of the engine that has all clocks itself; and the same decisions
 * where they need be in no order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/judge/answer.h"
#include "tests/unit/state_clauses.h"
#include "tests/unit/state_drive.h"

enum { TICKETS = 400, PARTS = 8, RING = 3, END = 3600 };

static void shape_pausing_and_credit(prog *x, ent_duty_row *d)
{
    shape_pausing(x, d);
    shape_credit(x, d);
}

static void (*const shapes[])(prog *, ent_duty_row *) = {
    shape_plain,      shape_pausing,   shape_restart,     shape_ignore,        shape_resume,
    shape_void,       shape_by_priority, shape_following, shape_spent,         shape_counting,
    shape_retroactive, shape_excused_when, shape_excused_during, shape_office_8h, shape_office_pausing,
    shape_within_span, shape_credit,    shape_pausing_and_credit};

static facts random_facts(uint64_t seed)
{
    static const int events[] = {ASSIGNED, ASSIGNED, PENDED, RESUMED, NOTED,
                                 RESOLVED, REOPENED, CANCELLED, CLOSED, OPENED};
    facts all = {0};
    for (int ticket = 0; ticket < TICKETS; ticket++) {
        int64_t minute = (int64_t)(next_random(&seed) % END);
        for (size_t k = 0, n = 2 + next_random(&seed) % 8; k < n; k++) {
            fact *f = facts_add(&all, TICKET, BASE_NS + minute * MINUTE_NS);
            (void)snprintf(f->key, sizeof f->key, "T%d", ticket);
            f->event = k == 0 ? OPENED : k == n - 1 ? RESOLVED : events[next_random(&seed) % 10];
            f->priority = (int64_t)(next_random(&seed) % 3);
            f->party = next_random(&seed) % 4 ? (int64_t)(next_random(&seed) % N_PARTIES) : NO_VALUE;
            minute += (int64_t)(next_random(&seed) % 5 ? next_random(&seed) % 90 : 0);
        }
    }
    return all;
}

/* What is told of a decision, whose answer is gone afterwards. */
typedef struct heard {
    char *text;
    size_t n, size;
} heard;

static bool hear(void *user, const ent_engine *s, const ent_verdict *d)
{
    heard *h = user;
    char line[512];
    told t = {.d = *d};
    subject_text(s, d, t.subject, sizeof t.subject);
    decision_text(&t, line, sizeof line);
    size_t n = strlen(line);
    for (size_t i = 0; d->answer && i < d->answer->n_parts; i++) {
        const ent_part *part = &d->answer->parts[i];
        n += (size_t)snprintf(line + n, sizeof line - n, "; %d %s %lld", (int)part->party,
                              part->share_text ? part->share_text : "-", (long long)part->held_ns);
    }
    n += (size_t)snprintf(line + n, sizeof line - n, "; %lld %lld %lld\n", (long long)d->final_ns,
                          (long long)d->cause_origin, (long long)d->done_origin);
    if (h->n + n >= h->size) {
        h->size = 2 * (h->n + n) + 1024;
        h->text = realloc(h->text, h->size);
        assert_non_null(h->text);
    }
    memcpy(h->text + h->n, line, n + 1);
    h->n += n;
    return true;
}

static void hear_clock(void *user, size_t part, const ent_engine *s, const ent_verdict *d)
{
    assert_int_equal(d->kind, ENT_VERDICT_DUTY);
    assert_true(part < PARTS && ent_engine_program(s)->duty[d->clause].credit < 0);
    assert_true(hear(user, s, d));
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Puts the lines in the order of their bytes. */
static void sort_lines(char *text)
{
    size_t n = 0;
    char *copy = strdup(text);
    char **lines = malloc((strlen(text) + 1) * sizeof *lines);
    assert_true(copy && lines);
    for (char *at = copy, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        *end = 0;
        lines[n++] = at;
    }
    qsort(lines, n, sizeof *lines, compare_lines);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(lines[i]);
        memcpy(text, lines[i], len);
        text[len] = '\n';
        text += len + 1;
    }
    free(lines);
    free(copy);
}

static ent_engine *new_engine(const ent_image *p, const drive_plan *plan, bool in_order, heard *out)
{
    ent_fault error;
    ent_engine_options options = plan_options(plan, NULL);
    options.whose_time = true;
    options.on_decision = hear;
    options.on_clock = in_order ? NULL : hear_clock;
    options.user = out;
    ent_engine *s = ent_engine_new(p, &options, &error);
    assert_non_null(s);
    return s;
}

/* Behind the decisions: what was counted. */
static void hear_counts(heard *h, const ent_engine *s)
{
    const ent_image *p = ent_engine_program(s);
    const ent_whose_time *t = ent_engine_whose_time(s, 0);
    size_t n = (size_t)p->duty[0].n_allows * p->n_party;
    h->text = realloc(h->text, h->n + 64 * (n + 1));
    assert_non_null(h->text);
    h->size = h->n + 64 * (n + 1);
    for (size_t i = 0; t && i < n; i++) {
        h->n += (size_t)snprintf(h->text + h->n, 64, "%d %d %d %lld\n", (int)t[i].clocks, (int)t[i].breaches,
                                 (int)t[i].longest, (long long)t[i].net_ns);
    }
    (void)snprintf(h->text + h->n, 64, "%d\n", (int)ent_engine_without_allowance(s));
}

static char *undivided(const ent_image *p, const facts *all, const drive_plan *plan, bool in_order)
{
    heard h = {0};
    ent_fault error;
    ent_engine *s = new_engine(p, plan, in_order, &h);
    assert_true(push_runs(s, all->v, all->n, &error) && ent_engine_finish(s, &error));
    hear_counts(&h, s);
    ent_engine_free(s);
    return h.text;
}

/* Slices of up to 90 rows; parts go on in any order, each as far as slices are made, and the engine takes one as soon
 * as all parts have.  NULL: the program is not such. */
static char *divided(const ent_image *p, const facts *all, const drive_plan *plan, size_t n_parts, bool in_order)
{
    heard h = {0};
    ent_fault error;
    ent_engine *s = new_engine(p, plan, in_order, &h);
    if (!ent_engine_divides(s, TICKET)) {
        ent_engine_free(s);
        return NULL;
    }
    assert_true(ent_engine_divide(s, n_parts));
    assert_int_equal(ent_engine_n_parts(s), n_parts);
    ent_ahead *ahead = ent_ahead_new(s, TICKET);
    ent_ready *ring[RING];
    for (size_t i = 0; i < RING; i++) {
        ring[i] = ent_ready_new(ahead);
        assert_non_null(ring[i]);
    }
    uint64_t seed = plan->seed;
    size_t taken[PARTS] = {0};
    size_t made = 0, given = 0, begin = 0;
    int64_t until = INT64_MIN;
    while (begin < all->n || given < made) {
        size_t least = made;
        for (size_t i = 0; i < n_parts; i++) {
            least = taken[i] < least ? taken[i] : least;
        }
        size_t part = (size_t)(next_random(&seed) % n_parts);
        if (given < least) {
            assert_true(ent_engine_take(s, ring[given++ % RING], &error));
        } else if (begin < all->n && made - given < RING && next_random(&seed) % 4 == 0) {
            size_t end = begin + 1 + (size_t)(next_random(&seed) % 90);
            end = end < all->n ? end : all->n;
            assert_true(facts_push_to(s, ahead, all->v + begin, end - begin, &error));
            begin = end;
            if (all->v[end - 1].at > until) {
                until = all->v[end - 1].at;
                assert_true(ent_ahead_cut(ahead, until, ring[made++ % RING], &error));
            }
        } else if (taken[part] < made) {
            assert_true(ent_engine_take_part(s, part, ring[taken[part]++ % RING], &error));
        }
    }
    ent_ahead_rest(ahead, ring[made % RING]);
    assert_true(ent_engine_take(s, ring[made % RING], &error) && ent_engine_finish(s, &error));
    hear_counts(&h, s);
    for (size_t i = 0; i < RING; i++) {
        ent_ready_free(ahead, ring[i]);
    }
    ent_ahead_free(ahead);
    ent_engine_free(s);
    return h.text;
}

static void check(size_t shape, uint64_t seed, size_t n_parts, char *got, const char *expected)
{
    size_t same = 0;
    while (got && got[same] && got[same] == expected[same]) {
        same++;
    }
    if (got && got[same] != expected[same]) {
        size_t from = same > 200 ? same - 200 : 0;
        fail_msg("shape %zu, seed %d, %zu parts:\n  got      %.300s\n  expected %.300s", shape, (int)seed, n_parts,
                 got + from, expected + from);
    }
    free(got);
}

static void test_parts(void **state)
{
    (void)state;
    size_t n_divided = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        ent_image *p = following(shapes[i]);
        for (uint64_t seed = 1; seed <= 4; seed++) {
            drive_plan plan = {.lanes_max = 64,
                               .seed = seed,
                               .has_to = seed % 2 == 0,
                               .to_ns = BASE_NS + END * MINUTE_NS,
                               .has_from = seed == 4,
                               .from_ns = BASE_NS + END / 3 * MINUTE_NS};
            facts all = random_facts(seed * 1000 + i);
            qsort(all.v, all.n, sizeof *all.v, compare_facts);
            char *expected = undivided(p, &all, &plan, true);
            for (size_t n = 2; n <= PARTS; n *= 2) {
                char *got = divided(p, &all, &plan, n, true);
                n_divided += got != NULL;
                check(i, seed, n, got, expected);
            }
            sort_lines(expected);
            for (size_t n = 1; n <= PARTS; n *= 2) {
                char *got = n == 1 ? undivided(p, &all, &plan, false) : divided(p, &all, &plan, n, false);
                if (got) {
                    sort_lines(got);
                }
                check(i, seed, n, got, expected);
            }
            free(expected);
            free(all.v);
        }
        ent_image_destroy(p);
    }
    assert_int_equal(n_divided, 4 * 3 * (sizeof shapes / sizeof *shapes));
}

/* What goes by another key than the rows' own, or is asked in their order, is not divided. */
static void test_not_divided(void **state)
{
    (void)state;
    heard h = {0};
    drive_plan plan = {.lanes_max = 64};
    ent_image *p = following(shape_visited); /* visits end clocks by the ticket's key, which is not theirs */
    ent_engine *s = new_engine(p, &plan, true, &h);
    assert_true(ent_engine_divides(s, TICKET));
    assert_true(ent_ahead_fits(s, VISIT));
    assert_false(ent_engine_divides(s, VISIT));
    assert_int_equal(ent_engine_n_parts(s), 0);
    ent_engine_free(s);
    ent_image_destroy(p);
    p = following(shape_plain);
    plan.notices = true;
    s = new_engine(p, &plan, true, &h);
    assert_false(ent_engine_divides(s, TICKET));
    ent_engine_free(s);
    ent_image_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_not_divided),
    };
    return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
