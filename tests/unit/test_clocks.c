/* Duties: each way in which a clock can go, worked out by hand from the language's rules, and the
 * same whether the facts come all at once, row by row, in chunks or shuffled, with any number of
 * lanes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/state_clauses.h"
#include "tests/unit/state_drive.h"

typedef struct clock_case {
    const char *name;
    void (*shape)(prog *x, ent_duty_row *d);
    const char *script;
    int64_t to;
    const char *expected;
} clock_case;

static const clock_case clock_cases[] = {
    {"met", shape_plain, "0 A opened; 60 A resolved", 600,
     "A met at=0 due=240 done=60 elapsed=60 allowed=240"},
    {"met at the due instant", shape_plain, "0 A opened; 240 A resolved", 600,
     "A met at=0 due=240 done=240 elapsed=240 allowed=240"},
    {"a nanosecond late", shape_plain, "0 A opened; 240+1ns A resolved", 600,
     "A breach at=0 due=240 done=240+1ns elapsed=240+1ns allowed=240"},
    {"discharged where it began", shape_plain, "10 A opened; 10 A resolved", 600,
     "A met at=10 due=250 done=10 elapsed=0 allowed=240"},
    {"discharge without trigger", shape_plain, "10 A resolved; 20 B opened; 30 B resolved", 600,
     "B met at=20 due=260 done=30 elapsed=10 allowed=240"},
    {"open and over", shape_plain, "0 A opened", 600,
     "A breach at=0 due=240 elapsed=600 allowed=240 open"},
    {"open and not over", shape_plain, "0 A opened", 120,
     "A provisional at=0 due=240 elapsed=120 allowed=240 open"},
    {"open with nothing left", shape_plain, "0 A opened", 240,
     "A provisional at=0 due=240 elapsed=240 allowed=240 open"},
    {"a discharge at the end is not used", shape_plain, "0 A opened; 120 A resolved", 120,
     "A provisional at=0 due=240 elapsed=120 allowed=240 open"},
    {"a second trigger does nothing", shape_plain, "0 A opened; 100 A opened; 230 A resolved", 600,
     "A met at=0 due=240 done=230 elapsed=230 allowed=240"},
    {"again after the discharge", shape_plain,
     "0 A opened; 10 A resolved; 20 A opened; 50 A resolved", 600,
     "A met at=0 due=240 done=10 elapsed=10 allowed=240 | A met at=20 due=260 done=50 elapsed=30 "
     "allowed=240"},
    {"rows without a key are nobody's", shape_changed,
     "0 A opened HostCo; 5 A noted HostCo; 9 A assigned NetCo", 600,
     "A met at=0 due=240 done=9 elapsed=9 allowed=240"},
    {"two keys, in the order of their ends", shape_plain,
     "0 A opened; 1 B opened; 50 B resolved; 60 A resolved", 600,
     "B met at=1 due=241 done=50 elapsed=49 allowed=240 | A met at=0 due=240 done=60 elapsed=60 "
     "allowed=240"},
    {"one instant: subjects by their bytes", shape_plain, "0 b opened; 0 B opened; 0 a opened", 300,
     "B breach at=0 due=240 elapsed=300 allowed=240 open | a breach at=0 due=240 elapsed=300 "
     "allowed=240 open | "
     "b breach at=0 due=240 elapsed=300 allowed=240 open"},

    {"pause over due", shape_pausing, "0 A opened; 200 A pended; 500 A resumed; 530 A resolved",
     600, "A met at=0 due=540 done=530 elapsed=230 allowed=240"},
    {"discharged in a pause that begins at due", shape_pausing,
     "0 A opened; 240 A pended; 300 A resolved", 600,
     "A met at=0 due=240 done=300 elapsed=240 allowed=240"},
    {"paused with nothing left cannot run out", shape_pausing, "0 A opened; 240 A pended", 600,
     "A provisional at=0 due=240 elapsed=240 allowed=240 open"},
    {"run out before the pause", shape_pausing,
     "0 A opened; 250 A pended; 300 A resumed; 310 A resolved", 600,
     "A breach at=0 due=240 done=310 elapsed=260 allowed=240"},
    {"paused before the trigger", shape_pausing,
     "0 A pended; 100 A opened; 200 A resumed; 300 A resolved", 600,
     "A met at=100 due=440 done=300 elapsed=100 allowed=240"},
    {"a second pause row does nothing", shape_pausing,
     "0 A opened; 10 A pended; 20 A pended; 30 A resumed; 40 A resumed; 50 A resolved", 600,
     "A met at=0 due=260 done=50 elapsed=30 allowed=240"},
    {"pause open at the end", shape_pausing, "0 A opened; 100 A pended", 600,
     "A provisional at=0 due=740 elapsed=100 allowed=240 open"},
    {"another key's pause", shape_pausing,
     "0 A opened; 0 B opened; 10 B pended; 300 A resolved; 310 B resolved", 600,
     "A breach at=0 due=240 done=300 elapsed=300 allowed=240 | B met at=0 due=540 done=310 "
     "elapsed=10 allowed=240"},
    {"pause without length", shape_pausing,
     "0 A opened; 10 A pended; 10 A resumed; 240+1ns A resolved", 600,
     "A breach at=0 due=240 done=240+1ns elapsed=240+1ns allowed=240"},

    {"restart", shape_restart, "0 A opened; 100 A resolved; 200 A reopened; 300 A resolved", 600,
     "A met at=0 due=240 done=100 elapsed=100 allowed=240 | A met at=200 due=440 done=300 "
     "elapsed=100 allowed=240"},
    {"restart while it runs does nothing", shape_restart,
     "0 A opened; 100 A reopened; 300 A resolved", 600,
     "A breach at=0 due=240 done=300 elapsed=300 allowed=240"},
    {"restart of what never was", shape_restart, "0 A reopened; 100 A resolved", 600, ""},
    {"ignore", shape_ignore, "0 A opened; 100 A resolved; 200 A reopened; 300 A resolved", 600,
     "A met at=0 due=240 done=100 elapsed=100 allowed=240"},
    {"resume", shape_resume,
     "0 A opened; 100 A resolved; 200 A reopened; 350 A resolved; 400 A closed", 600,
     "A breach at=0 due=340 done=350 elapsed=250 allowed=240"},
    {"resume, closed at once", shape_resume, "0 A opened; 100 A resolved; 400 A closed", 600,
     "A met at=0 due=240 done=100 elapsed=100 allowed=240"},
    {"resume, not closed", shape_resume, "0 A opened; 100 A resolved", 600,
     "A provisional at=0 due=240 done=100 elapsed=100 allowed=240"},
    {"resume, not closed, too late", shape_resume, "0 A opened; 300 A resolved", 600,
     "A breach at=0 due=240 done=300 elapsed=300 allowed=240"},
    {"resume, reopened at the end", shape_resume, "0 A opened; 100 A resolved; 200 A reopened", 600,
     "A breach at=0 due=340 elapsed=500 allowed=240 open"},

    {"void", shape_void, "0 A opened; 100 A cancelled", 600,
     "A void at=0 due=240 done=100 elapsed=100 allowed=240"},
    {"void after the running out", shape_void, "0 A opened; 300 A cancelled; 310 A resolved", 600,
     "A breach at=0 due=240 done=310 elapsed=310 allowed=240"},
    {"void and opened again", shape_void, "0 A opened; 10 A cancelled; 20 A opened; 30 A resolved",
     600,
     "A void at=0 due=240 done=10 elapsed=10 allowed=240 | A met at=20 due=260 done=30 elapsed=10 "
     "allowed=240"},
    {"what voids and discharges voids", shape_void_and_discharge, "0 A opened; 30 A resolved", 600,
     "A void at=0 due=240 done=30 elapsed=30 allowed=240"},

    {"discharges, then triggers", shape_assignment,
     "0 A assigned NetCo; 60 A assigned NetCo; 100 A assigned HostCo", 600,
     "A met at=0 due=240 done=60 elapsed=60 allowed=240 | A met at=60 due=300 done=100 elapsed=40 "
     "allowed=240"},
    {"discharged by another feed", shape_visited, "0 A opened; 50 V1 visits B; 60 V2 visits A", 600,
     "A met at=0 due=240 done=60 elapsed=60 allowed=240"},
    {"ties go by feed", shape_visited, "0 V1 visits A; 0 A opened", 600,
     "A met at=0 due=240 done=0 elapsed=0 allowed=240"},

    {"by the trigger's priority", shape_by_priority,
     "0 A opened P3; 100 A noted P1; 110 A resolved", 600,
     "A met at=0 due=480 done=110 elapsed=110 allowed=480"},
    {"following", shape_following, "0 A opened P3; 100 A noted P1; 110 A resolved", 600,
     "A breach at=0 due=60 done=110 elapsed=110 allowed=60"},
    {"following there and back", shape_following,
     "0 A opened P3; 100 A noted P1; 150 A noted P3; 200 A resolved", 600,
     "A met at=0 due=480 done=200 elapsed=200 allowed=480"},
    {"following the discharge's row", shape_following, "0 A opened P3; 200 A resolved P2", 600,
     "A met at=0 due=240 done=200 elapsed=200 allowed=240"},
    {"following nothing", shape_following, "0 A opened P2; 100 A noted; 200 A resolved", 600,
     "A met at=0 due=240 done=200 elapsed=200 allowed=240"},
    {"no allowance for it", shape_p1_only, "0 A opened P2; 10 B opened P1; 20 B resolved", 600,
     "B met at=10 due=70 done=20 elapsed=10 allowed=60"},

    {"counting from", shape_counting, "0 A opened; 50 A assigned NetCo; 280 A resolved", 600,
     "A met at=0 due=290 done=280 elapsed=230 allowed=240"},
    {"counting from the first", shape_counting,
     "0 A opened; 10 A assigned HostCo; 50 A assigned NetCo; 60 A assigned NetCo; 300 A resolved",
     600, "A breach at=0 due=290 done=300 elapsed=250 allowed=240"},
    {"never counted", shape_counting, "0 A opened; 300 A resolved", 600,
     "A met at=0 done=300 elapsed=0 allowed=240"},
    {"counted before, but not retroactive", shape_counting,
     "0 A assigned NetCo; 100 A opened; 400 A resolved", 600,
     "A met at=100 done=400 elapsed=0 allowed=240"},
    {"retroactive", shape_retroactive,
     "0 A assigned NetCo; 30 A assigned NetCo; 100 A opened; 300 A resolved", 600,
     "A breach at=100 due=270 done=300 elapsed=270 allowed=240"},
    {"retroactive without anything before", shape_retroactive,
     "0 A opened; 30 A assigned NetCo; 100 A resolved", 600,
     "A met at=0 due=270 done=100 elapsed=70 allowed=240"},

    {"excused when", shape_excused_when,
     "0 A opened vip; 300 A resolved; 400 B opened vip; 410 B resolved", 600,
     "A excused at=0 due=240 done=300 elapsed=300 allowed=240 | B met at=400 due=640 done=410 "
     "elapsed=10 allowed=240"},
    {"excused when, of the trigger's row", shape_excused_when, "0 A opened; 300 A resolved vip",
     600, "A breach at=0 due=240 done=300 elapsed=300 allowed=240"},
    {"excused and open", shape_excused_when, "0 A opened vip", 600,
     "A excused at=0 due=240 elapsed=600 allowed=240 open"},
    {"excused during", shape_excused_during,
     "0 A opened; 200 A pended; 300 A resumed; 310 A resolved", 600,
     "A excused at=0 due=240 done=310 elapsed=310 allowed=240"},
    {"excused during, from its first instant", shape_excused_during,
     "0 A opened; 240 A pended; 310 A resolved", 600,
     "A excused at=0 due=240 done=310 elapsed=310 allowed=240"},
    {"excused during, not at its last", shape_excused_during,
     "0 A opened; 200 A pended; 240 A resumed; 310 A resolved", 600,
     "A breach at=0 due=240 done=310 elapsed=310 allowed=240"},

    /* Thursday 16:50; Friday is closed; Monday 16:20 */
    {"eight office hours", shape_office_8h, "4790 A opened; 10520 A resolved", 12000,
     "A met at=4790 due=10520 done=10520 elapsed=480 allowed=480"},
    {"eight office hours and a nanosecond", shape_office_8h, "4790 A opened; 10520+1ns A resolved",
     12000, "A breach at=4790 due=10520 done=10520+1ns elapsed=480+1ns allowed=480"},
    {"a whole office day lasts until the next opens", shape_office_day,
     "0 A opened; 1440 A resolved", 12000, "A met at=0 due=510 done=1440 elapsed=510 allowed=510"},
    {"office hours and a pause over the weekend", shape_office_pausing,
     "4790 A opened; 4800 A pended; 10140 A resumed; 11540 A resolved", 12000,
     "A met at=4790 due=11540 done=11540 elapsed=480 allowed=480"},
    /* Monday 09:00: paused until 17:30, then four hours */
    {"a calendar that pauses", shape_pausing_at_night, "0 A opened; 700 A resolved", 1000,
     "A met at=0 due=750 done=700 elapsed=190 allowed=240"},
    {"within four hours of a span", shape_within_span,
     "0 A opened; 100 A pended; 200 A resumed; 300 A pended; 441 A resolved", 1000,
     "A breach at=0 due=440 done=441 elapsed=241 allowed=240"},
    {"credit for each breach", shape_credit,
     "0 A opened; 10 B opened; 20 B resolved; 300 A resolved", 600,
     "B met at=10 due=250 done=20 elapsed=10 allowed=240 | "
     "A breach at=0 due=240 done=300 elapsed=300 allowed=240 credit=12.50"},
};

static void test_clocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof clock_cases / sizeof *clock_cases; i++) {
        const clock_case *c = &clock_cases[i];
        prog x = prog_new();
        int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
        ent_duty_row duty = prog_duty(&x, agreement);
        c->shape(&x, &duty);
        (void)ent_builder_add_duty(x.b, duty);
        ent_image *p = prog_load(&x);
        facts all = facts_of(c->script);
        expect_all(c->name, p, &all, until(c->to), c->expected);
        free(all.v);
        ent_image_destroy(p);
    }
    assert_true(n_driven_ahead > sizeof clock_cases / sizeof *clock_cases);
}

/* What was decided before the period is not decided again; what is later than it is not used. */
static void test_period(void **state)
{
    (void)state;
    ent_image *p = one_duty(shape_plain);
    facts all =
        facts_of("0 A opened; 60 A resolved; 0 B opened; 400 B resolved; 10 C opened; 20 D opened;"
                 "244 D resolved; 600 E opened");
    expect_all("from", p, &all, between(245, 600),
               "C breach at=10 due=250 elapsed=590 allowed=240 open");
    expect_all("the whole", p, &all, until(600),
               "A met at=0 due=240 done=60 elapsed=60 allowed=240 | D met at=20 due=260 done=244 "
               "elapsed=224 allowed=240 | "
               "B breach at=0 due=240 done=400 elapsed=400 allowed=240 | "
               "C breach at=10 due=250 elapsed=590 allowed=240 open");
    free(all.v);
    all = facts_of("0 A opened; 100 B opened");
    expect_all("by default to just after the latest row", p, &all, (drive_plan){0},
               "A provisional at=0 due=240 elapsed=100+1ns allowed=240 open | "
               "B provisional at=100 due=340 elapsed=0+1ns allowed=240 open");
    free(all.v);
    all = (facts){0};
    expect_all("no rows at all", p, &all, (drive_plan){0}, "");
    expect_all("no rows in a given period", p, &all, between(0, 10), "");
    ent_image_destroy(p);
}

static void test_allowance_from_slot(void **state)
{
    (void)state;
    ent_image *p = one_duty(shape_spent);
    facts all = facts_of("0 A opened; 0 B opened; 30 A resolved; 40 C opened");
    all.v[0].spent_ns = 25 * MINUTE_NS;
    all.v[3].spent_ns = -1;
    expect_all("from the row", p, &all, until(600),
               "A breach at=0 due=25 done=30 elapsed=30 allowed=25");
    telling out = {0};
    ent_fault error;
    drive_plan plan = until(600);
    ent_engine *s = drive(p, &all, &plan, &out, &error);
    assert_non_null(s);
    assert_int_equal(ent_engine_without_allowance(s), 2);
    ent_engine_free(s);
    free(out.v);
    free(all.v);
    ent_image_destroy(p);
}

/* A clock belongs to the version that was in force at its trigger; while one runs, no other starts.
 */
static void test_versions(void **state)
{
    (void)state;
    prog x = prog_new();
    int64_t first = prog_agreement(&x, 1, ENT_NO_DAY_FROM, BASE_DAY);
    int64_t second = prog_agreement(&x, 2, BASE_DAY + 1, ENT_NO_DAY_TO);
    ent_duty_row duty = prog_duty(&x, first);
    (void)ent_builder_add_duty(x.b, duty);
    duty = prog_duty(&x, second);
    x.b->allow.v[duty.first_allow].ns = 2 * HOUR_NS;
    (void)ent_builder_add_duty(x.b, duty);
    ent_image *p = prog_load(&x);
    facts all = facts_of(
        "0 A opened; 1000 A opened; 1010 A resolved; 1020 A opened; 1150 A resolved; 899 B opened;"
        "900 C opened; 1019 B resolved; 1021 C resolved");
    expect_all("versions", p, &all, until(2000),
               "A breach at=0 due=240 done=1010 elapsed=1010 allowed=240 | "
               "B met at=899 due=1139 done=1019 elapsed=120 allowed=240 | "
               "C breach at=900 due=1020 done=1021 elapsed=121 allowed=120 | "
               "A breach at=1020 due=1140 done=1150 elapsed=130 allowed=120");
    free(all.v);
    ent_image_destroy(p);
}

static void test_notices(void **state)
{
    (void)state;
    prog x = prog_new();
    ent_duty_row duty = prog_duty(&x, prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO));
    duty.warn = prog_ratio(&x, 3, 4);
    (void)ent_builder_add_duty(x.b, duty);
    ent_image *p = prog_load(&x);
    facts all = facts_of(
        "0 A opened; 0 B opened; 180 B resolved; 190 C opened; 400 C resolved; 420 A resolved");
    telling out = {0};
    ent_fault error;
    drive_plan plan = until(600);
    plan.notices = true;
    ent_engine *s = drive(p, &all, &plan, &out, &error);
    assert_non_null(s);
    size_t n;
    const ent_warning *v = ent_engine_notices(s, &n);
    /* B is done at the very instant; C is warned at 190 + 180; A is warned and runs out */
    assert_int_equal(n, 3);
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (v[i].at_ns - BASE_NS) / MINUTE_NS * (v[i].kind == ENT_WARNING_RUN_OUT ? 1000 : 1);
    }
    assert_int_equal(sum, 180 + 370 + 240 * 1000);
    ent_engine_free(s);
    free(out.v);
    free(all.v);
    ent_image_destroy(p);
}

/* --- more open clocks than are decided at once --- */

enum { MANY = 900, MANY_END = 1800 };

typedef struct expected_clock {
    int64_t final;
    char subject[16];
} expected_clock;

static int compare_expected(const void *a, const void *b)
{
    const expected_clock *x = a;
    const expected_clock *y = b;
    if (x->final != y->final) {
        return x->final < y->final ? -1 : 1;
    }
    return strcmp(x->subject, y->subject);
}

/* Opened in two versions of the agreement, which share the order of subjects; each seventh is resolved. */
static size_t many_clocks(facts *all, expected_clock *expected)
{
    for (size_t i = 0; i < MANY; i++) {
        size_t number = i * 619 % MANY; /* each once, in no order that bytes have */
        int64_t opened = (int64_t)(i * 1790 / MANY);
        int64_t done = i % 7 == 0 ? opened + 5 : MANY_END;
        char line[64];
        (void)snprintf(line, sizeof line, "%lld T%zu opened", (long long)opened, number);
        facts_line(all, line);
        if (done < MANY_END) {
            (void)snprintf(line, sizeof line, "%lld T%zu resolved", (long long)done, number);
            facts_line(all, line);
        }
        expected[i] = (expected_clock){.final = done};
        (void)snprintf(expected[i].subject, sizeof expected[i].subject, "T%zu", number);
    }
    qsort(expected, MANY, sizeof *expected, compare_expected);
    return MANY;
}

static void test_many_open(void **state)
{
    (void)state;
    static expected_clock expected[MANY];
    prog x = prog_new();
    int64_t first = prog_agreement(&x, 1, ENT_NO_DAY_FROM, BASE_DAY);
    (void)ent_builder_add_duty(x.b, prog_duty(&x, first));
    int64_t second = prog_agreement(&x, 2, BASE_DAY + 1, ENT_NO_DAY_TO);
    (void)ent_builder_add_duty(x.b, prog_duty(&x, second));
    ent_image *p = prog_load(&x);
    facts all = {0};
    size_t n = many_clocks(&all, expected);
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
        telling out = {0};
        ent_fault error;
        drive_plan plan = until(MANY_END);
        plan.mode = modes[m];
        plan.lanes_max = lanes[m % 3];
        plan.seed = m;
        ent_engine *s = drive(p, &all, &plan, &out, &error);
        assert_non_null(s);
        assert_int_equal(out.n, n);
        for (size_t i = 0; i < n; i++) {
            assert_string_equal(out.v[i].subject, expected[i].subject);
            assert_int_equal(out.v[i].d.final_ns, BASE_NS + expected[i].final * MINUTE_NS);
            assert_int_equal(out.v[i].d.open, expected[i].final == MANY_END);
        }
        ent_engine_free(s);
        free(out.v);
    }
    free(all.v);
    ent_image_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_period),
        cmocka_unit_test(test_allowance_from_slot),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_notices),
        cmocka_unit_test(test_many_open),
    };
    return cmocka_run_group_tests_name("clocks", tests, NULL, NULL);
}
