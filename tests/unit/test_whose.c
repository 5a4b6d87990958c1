/* Whose time clocks were, counted: worked out by hand from who had the ticket when, and, over random tickets, the way
 * by holders against the way by which a breach is looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/state/save.h"
#include "tests/unit/state_clauses.h"
#include "tests/unit/state_drive.h"

static void shape_caused(prog *x, ent_duty_row *d)
{
    d->first_cause = prog_use(x, -1, SPAN_HOLD, TICKET, x->key_id, -1);
    d->n_causes = 1;
}

static void shape_paused_and_caused(prog *x, ent_duty_row *d)
{
    shape_pausing(x, d);
    shape_caused(x, d);
}

static void shape_office_caused(prog *x, ent_duty_row *d)
{
    shape_office_8h(x, d);
    shape_caused(x, d);
}

static void shape_counting_resume(prog *x, ent_duty_row *d)
{
    shape_counting(x, d);
    shape_resume(x, d);
}

/* Minutes, with the nanoseconds that are over. */
static const char *minutes(int64_t ns, char *buf, size_t size)
{
    size_t at = (size_t)snprintf(buf, size, "%lld", (long long)(ns / MINUTE_NS));
    if (ns % MINUTE_NS) {
        (void)snprintf(buf + at, size - at, "+%lldns", (long long)(ns % MINUTE_NS));
    }
    return buf;
}

/* `HostCo 240: 2 for 90, 1 late, 1 longest | NetCo …`: by allowance and party, the clocks it had and for how long. */
static void times_text(const ent_engine *s, char *out, size_t size)
{
    const ent_image *p = ent_engine_program(s);
    const ent_whose_time *t = ent_engine_whose_time(s, 0);
    size_t at = 0;
    out[0] = 0;
    assert_non_null(t);
    for (int64_t a = 0; a < p->duty[0].n_allows; a++) {
        for (size_t party = 0; party < p->n_party; party++, t++) {
            if (t->clocks > 0) {
                char allowed[32], held[32];
                at += (size_t)snprintf(out + at, size - at, "%s%s %s: %d for %s, %d late, %d longest", at ? " | " : "",
                                       prog_parties[party],
                                       minutes(p->allow[p->duty[0].first_allow + a].ns, allowed, sizeof allowed),
                                       (int)t->clocks, minutes((int64_t)t->net_ns, held, sizeof held), (int)t->breaches,
                                       (int)t->longest);
            } else {
                assert_true(t->net_ns == 0 && t->breaches == 0 && t->longest == 0);
            }
        }
    }
}

static void drive_times(const ent_image *p, const facts *all, int64_t to, bool portable, char *out, size_t size)
{
    ent_fault error;
    telling decisions = {0};
    ent_engine_options options = {.has_to = true,
                                  .to_ns = BASE_NS + to * MINUTE_NS,
                                  .portable = portable,
                                  .whose_time = true,
                                  .on_decision = tell,
                                  .user = &decisions};
    ent_engine *s = ent_engine_new(p, &options, &error);
    assert_non_null(s);
    assert_true(push_runs(s, all->v, all->n, &error) && ent_engine_finish(s, &error));
    times_text(s, out, size);
    ent_engine_free(s);
    free(decisions.v);
}

/* --- by hand --- */

typedef struct time_case {
    const char *name;
    void (*shape)(prog *, ent_duty_row *);
    const char *script;
    const char *expected;
} time_case;

static const time_case cases[] = {
    {"one holder", shape_plain, "0 A opened NetCo; 60 A resolved NetCo", "NetCo 240: 1 for 60, 0 late, 0 longest"},
    {"nobody named is the duty's own party", shape_plain, "0 A opened; 60 A resolved",
     "HostCo 240: 1 for 60, 0 late, 0 longest"},
    {"one after the other, and one again", shape_plain,
     "0 A opened NetCo; 60 A assigned Acme; 90 A assigned NetCo; 100 A resolved HostCo",
     "Acme 240: 1 for 30, 0 late, 0 longest | NetCo 240: 1 for 70, 0 late, 0 longest"},
    {"who has it for no time has had no ticket", shape_plain, "0 A opened NetCo; 0 A assigned Acme; 9 A resolved",
     "Acme 240: 1 for 9, 0 late, 0 longest"},
    {"a clock that is met at once is nobody's", shape_plain, "5 A opened NetCo; 5 A resolved NetCo", ""},
    {"a breach, and who had it longest", shape_plain, "0 A opened NetCo; 200 A assigned Acme; 300 A resolved",
     "Acme 240: 1 for 100, 1 late, 0 longest | NetCo 240: 1 for 200, 1 late, 1 longest"},
    {"as long as each other: the name that comes first", shape_plain,
     "0 A opened NetCo; 200 A assigned HostCo; 400 A resolved",
     "HostCo 240: 1 for 200, 1 late, 1 longest | NetCo 240: 1 for 200, 1 late, 0 longest"},
    {"neither void nor open clocks count", shape_void,
     "0 A opened NetCo; 60 A cancelled; 0 B opened NetCo; 0 C opened NetCo; 300 C cancelled; 0 D opened NetCo; "
     "301 D resolved",
     "NetCo 240: 1 for 301, 1 late, 1 longest"},
    {"an excused clock is left out", shape_excused_when,
     "0 A opened NetCo vip; 300 A resolved; 0 B opened NetCo vip; 9 B resolved",
     "NetCo 240: 1 for 9, 0 late, 0 longest"},
    {"pauses are nobody's time", shape_pausing,
     "0 A opened NetCo; 10 A pended NetCo; 50 A assigned HostCo; 60 A resumed HostCo; 90 A resolved",
     "HostCo 240: 1 for 30, 0 late, 0 longest | NetCo 240: 1 for 10, 0 late, 0 longest"},
    {"a pause at each end", shape_pausing,
     "0 A pended; 0 A opened NetCo; 10 A resumed NetCo; 20 A pended Acme; 30 A resolved",
     "NetCo 240: 1 for 10, 0 late, 0 longest"},
    {"a span's time goes before the holder's", shape_caused,
     "0 A opened NetCo; 10 A pended NetCo; 50 A assigned HostCo; 60 A resumed HostCo; 90 A resolved",
     "Acme 240: 1 for 50, 0 late, 0 longest | HostCo 240: 1 for 30, 0 late, 0 longest | "
     "NetCo 240: 1 for 10, 0 late, 0 longest"},
    {"a span that is a pause, too", shape_paused_and_caused,
     "0 A opened NetCo; 10 A pended NetCo; 50 A assigned HostCo; 60 A resumed HostCo; 90 A resolved",
     "HostCo 240: 1 for 30, 0 late, 0 longest | NetCo 240: 1 for 10, 0 late, 0 longest"},
    {"only office hours count", shape_office_8h,
     "0 A opened NetCo; 500 A assigned HostCo; 520 A assigned NetCo; 1000 A assigned Acme; 1500 A resolved",
     "Acme 480: 1 for 60, 1 late, 0 longest | HostCo 480: 1 for 10, 1 late, 0 longest | "
     "NetCo 480: 1 for 500, 1 late, 1 longest"},
    {"by allowance", shape_by_priority,
     "0 A opened P1 NetCo; 50 A resolved; 0 B opened P2 NetCo; 50 B resolved; 9 C opened P1 NetCo; 79 C resolved",
     "NetCo 60: 2 for 120, 1 late, 1 longest | NetCo 240: 1 for 50, 0 late, 0 longest"},
    {"the allowance that decides is the last one", shape_following,
     "0 A opened P1 NetCo; 9 A noted P2 NetCo; 80 A resolved", "NetCo 240: 1 for 80, 0 late, 0 longest"},
    {"restarted: two clocks", shape_restart, "0 A opened NetCo; 60 A resolved; 70 A reopened Acme; 90 A resolved",
     "Acme 240: 1 for 20, 0 late, 0 longest | NetCo 240: 1 for 60, 0 late, 0 longest"},
    {"resumed: one clock, without the time between", shape_resume,
     "0 A opened NetCo; 60 A resolved NetCo; 70 A reopened Acme; 90 A resolved Acme; 99 A closed",
     "Acme 240: 1 for 20, 0 late, 0 longest | NetCo 240: 1 for 60, 0 late, 0 longest"},
    {"counting later", shape_counting, "0 A opened Acme; 10 A assigned NetCo; 50 A assigned Acme; 60 A resolved",
     "Acme 240: 1 for 10, 0 late, 0 longest | NetCo 240: 1 for 40, 0 late, 0 longest"},
    {"counting from before the trigger", shape_retroactive,
     "0 A assigned NetCo; 10 A noted Acme; 50 A opened Acme; 60 A resolved",
     "Acme 240: 1 for 50, 0 late, 0 longest | NetCo 240: 1 for 10, 0 late, 0 longest"},
};

static void test_by_hand(void **state)
{
    (void)state;
    char text[TEXT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ent_image *p = following(cases[i].shape);
        facts all = facts_of(cases[i].script);
        for (int portable = 0; portable < 2; portable++) {
            drive_times(p, &all, 2000, portable, text, sizeof text);
            if (strcmp(text, cases[i].expected) != 0) {
                fail_msg("%s%s:\n  got      %s\n  expected %s", cases[i].name, portable ? ", portable" : "", text,
                         cases[i].expected);
            }
        }
        free(all.v);
        ent_image_destroy(p);
    }
}

/* --- the two ways --- */

static facts random_facts(uint64_t seed)
{
    static const int events[] = {ASSIGNED, ASSIGNED, PENDED, RESUMED, NOTED,
                                 RESOLVED, REOPENED, CANCELLED, CLOSED, OPENED};
    facts all = {0};
    for (int ticket = 0; ticket < 40; ticket++) {
        int64_t minute = (int64_t)(next_random(&seed) % 3000);
        for (size_t k = 0, n = 2 + next_random(&seed) % 12; k < n; k++) {
            fact *f = facts_add(&all, TICKET, BASE_NS + minute * MINUTE_NS + (int64_t)(next_random(&seed) % 4));
            (void)snprintf(f->key, sizeof f->key, "T%d", ticket);
            f->event = k == 0 ? OPENED : k == n - 1 ? RESOLVED : events[next_random(&seed) % 10];
            f->priority = (int64_t)(next_random(&seed) % 3);
            f->party = next_random(&seed) % 4 ? (int64_t)(next_random(&seed) % N_PARTIES) : NO_VALUE;
            minute += (int64_t)(next_random(&seed) % 5 ? next_random(&seed) % 90 : 0);
        }
    }
    return all;
}

static void test_two_ways(void **state)
{
    (void)state;
    static void (*const shapes[])(prog *, ent_duty_row *) = {
        shape_plain,       shape_pausing,        shape_caused,           shape_paused_and_caused, shape_office_8h,
        shape_office_caused, shape_office_pausing, shape_pausing_at_night, shape_within_span,     shape_by_priority,
        shape_following,   shape_restart,        shape_resume,           shape_counting,          shape_counting_resume,
        shape_retroactive, shape_void,           shape_excused_during};
    char text[2][TEXT_MAX];
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        ent_image *p = following(shapes[i]);
        bool several = false;
        for (uint64_t seed = 1; seed <= 30; seed++) {
            facts all = random_facts(seed * 1000 + i);
            for (int portable = 0; portable < 2; portable++) {
                drive_times(p, &all, 3600, portable, text[portable], sizeof text[portable]);
            }
            if (strcmp(text[0], text[1]) != 0) {
                fail_msg("shape %zu, seed %d:\n  by holders   %s\n  by stretches %s", i, (int)seed, text[0], text[1]);
            }
            several |= strstr(text[0], "NetCo") && strstr(text[0], "HostCo");
            free(all.v);
        }
        assert_true(several);
        ent_image_destroy(p);
    }
}

/* --- where it is not counted --- */

static bool take_bytes(void *user, const void *bytes, size_t n)
{
    (void)user, (void)bytes, (void)n;
    return true;
}

static bool give_bytes(void *user, void *bytes, size_t n)
{
    (void)user;
    memset(bytes, 0, n);
    return true;
}

static void test_not_counted(void **state)
{
    (void)state;
    ent_fault error;
    ent_image *p = following(shape_plain);
    const bool not_in_force[] = {true};
    ent_engine_options options = {.whose_time = true};
    ent_engine *s = ent_engine_new(p, &options, &error);
    assert_non_null(ent_engine_whose_time(s, 0));
    /* it is no part of a saved state, so an engine that counts it has none */
    assert_false(ent_engine_save(s, take_bytes, NULL, &error));
    assert_int_equal(error.code, ENT_FAULT_USAGE);
    ent_engine_free(s);
    assert_false(ent_engine_restore(p, &options, give_bytes, NULL, &s, &error));
    assert_int_equal(error.code, ENT_FAULT_USAGE);
    assert_null(s);
    options.not_in_force = not_in_force;
    s = ent_engine_new(p, &options, &error);
    assert_null(ent_engine_whose_time(s, 0));
    ent_engine_free(s);
    options = (ent_engine_options){0};
    s = ent_engine_new(p, &options, &error);
    assert_null(ent_engine_whose_time(s, 0));
    ent_engine_free(s);
    ent_image_destroy(p);
    p = one_duty(shape_plain); /* ticket time stays with owner */
    options.whose_time = true;
    s = ent_engine_new(p, &options, &error);
    assert_null(ent_engine_whose_time(s, 0));
    ent_engine_free(s);
    ent_image_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_two_ways),
        cmocka_unit_test(test_not_counted),
    };
    return cmocka_run_group_tests_name("whose time", tests, NULL, NULL);
}
