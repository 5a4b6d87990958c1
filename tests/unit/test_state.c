/* The engine: clocks, folds, windows, credits, each against what the language says, worked out by hand; and
 * that nothing depends on how the facts come: all at once, row by row, in chunks, shuffled, with any
 * number of lanes.  The seeds of the random parts are printed; ENT_STATE_SEED in the environment sets the first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/state/state.h"
#include "tests/unit/state_program.h"

enum { TEXT_MAX = 2048 };

static const drive_mode modes[] = {DRIVE_BATCH, DRIVE_ROWS, DRIVE_CHUNKS, DRIVE_SHUFFLED};
static const uint32_t lanes[] = {1, 7, 2048};

/* --- all ways of driving --- */

static void join(const telling *all, char *out, size_t size)
{
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < all->n && at < size; i++) {
        char text[256];
        decision_text(&all->v[i], text, sizeof text);
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? " | " : "", text);
    }
}

/* Runs in every mode and compares the decisions with the text. */
static void expect_all(const char *name, const ent_program *p, const facts *all, drive_plan plan, const char *expected)
{
    for (size_t m = 0; m < 4; m++) {
        for (size_t k = 0; k < 3; k++) {
            telling out = {0};
            ent_error error;
            char text[TEXT_MAX];
            plan.mode = modes[m];
            plan.lanes_max = lanes[k];
            plan.seed = m * 3 + k + 1;
            ent_session *s = drive(p, all, &plan, &out, &error);
            if (!s) {
                fail_msg("%s, mode %zu, lanes %u: %s", name, m, lanes[k], error.message);
            }
            join(&out, text, sizeof text);
            if (strcmp(text, expected) != 0) {
                fail_msg("%s, mode %zu, lanes %u:\n  got      %s\n  expected %s", name, m, lanes[k], text, expected);
            }
            ent_session_free(s);
            free(out.v);
        }
    }
}

static drive_plan until(int64_t minute)
{
    return (drive_plan){.has_to = true, .to_ns = BASE_NS + minute * MINUTE_NS};
}

static drive_plan between(int64_t from_minute, int64_t to_minute)
{
    drive_plan plan = until(to_minute);
    plan.has_from = true;
    plan.from_ns = BASE_NS + from_minute * MINUTE_NS;
    return plan;
}

/* --- clocks --- */

static void shape_plain(prog *x, ent_duty_row *d)
{
    (void)x;
    (void)d;
}

static void shape_pausing(prog *x, ent_duty_row *d)
{
    d->first_pause = prog_use(x, -1, SPAN_HOLD, TICKET, x->key_id, -1);
    d->n_pauses = 1;
}

static void shape_restart(prog *x, ent_duty_row *d)
{
    d->undo_mode = ENT_UNDO_RESTART;
    d->undo = prog_pattern(x, REOPENED);
}

static void shape_ignore(prog *x, ent_duty_row *d)
{
    d->undo_mode = ENT_UNDO_IGNORE;
    d->undo = prog_pattern(x, REOPENED);
}

static void shape_resume(prog *x, ent_duty_row *d)
{
    d->undo_mode = ENT_UNDO_RESUME;
    d->undo = prog_pattern(x, REOPENED);
    d->until = prog_pattern(x, CLOSED);
}

static void shape_void(prog *x, ent_duty_row *d)
{
    d->void_when = prog_pattern(x, CANCELLED);
}

static void shape_void_and_discharge(prog *x, ent_duty_row *d)
{
    d->void_when = prog_pattern(x, RESOLVED);
}

static void shape_assignment(prog *x, ent_duty_row *d)
{
    d->trigger = prog_pattern(x, S_FOR_NETCO);
    d->discharge = prog_pattern(x, ASSIGNED, RESOLVED);
}

static void shape_changed(prog *x, ent_duty_row *d)
{
    d->trigger = prog_pattern(x, OPENED);
    d->discharge = prog_pattern(x, S_PARTY_CHANGED);
}

static void shape_by_priority(prog *x, ent_duty_row *d)
{
    d->allow_field = T_PRIORITY;
    d->first_allow = prog_allow(x, 0, 60 * MINUTE_NS, -1);
    (void)prog_allow(x, 1, 240 * MINUTE_NS, -1);
    (void)prog_allow(x, 2, 480 * MINUTE_NS, -1);
    d->n_allows = 3;
}

static void shape_following(prog *x, ent_duty_row *d)
{
    shape_by_priority(x, d);
    d->following = 1;
}

static void shape_p1_only(prog *x, ent_duty_row *d)
{
    d->allow_field = T_PRIORITY;
    d->first_allow = prog_allow(x, 0, 60 * MINUTE_NS, -1);
}

static void shape_spent(prog *x, ent_duty_row *d)
{
    x->b->allow.v[d->first_allow].ns = -1;
    x->b->allow.v[d->first_allow].slot = S_SPENT;
}

static void shape_counting(prog *x, ent_duty_row *d)
{
    d->counting = prog_pattern(x, S_FOR_NETCO);
}

static void shape_retroactive(prog *x, ent_duty_row *d)
{
    shape_counting(x, d);
    d->retroactive = 1;
}

static void shape_visited(prog *x, ent_duty_row *d)
{
    d->discharge = prog_pattern_of(x, VISIT, x->key_visit, (const int[]){ANY_ROW, -1});
}

static void shape_excused_when(prog *x, ent_duty_row *d)
{
    (void)x;
    d->excused_when = S_VIP;
}

static void shape_excused_during(prog *x, ent_duty_row *d)
{
    d->first_excused = prog_use(x, -1, SPAN_HOLD, TICKET, x->key_id, -1);
    d->n_excused = 1;
}

static void office_hours(prog *x, ent_duty_row *d, int64_t minutes)
{
    int64_t use = prog_use(x, 0, -1, -1, -1, -1);
    x->b->allow.v[d->first_allow].ns = minutes * MINUTE_NS;
    x->b->allow.v[d->first_allow].use = use;
}

static void shape_office_8h(prog *x, ent_duty_row *d)
{
    office_hours(x, d, 480);
}

static void shape_office_day(prog *x, ent_duty_row *d)
{
    office_hours(x, d, 510);
}

static void shape_office_pausing(prog *x, ent_duty_row *d)
{
    office_hours(x, d, 480);
    shape_pausing(x, d);
}

static void shape_pausing_at_night(prog *x, ent_duty_row *d)
{
    /* a calendar that pauses: the clock runs outside of office hours only */
    d->first_pause = prog_use(x, 0, -1, -1, -1, -1);
    d->n_pauses = 1;
}

static void shape_within_span(prog *x, ent_duty_row *d)
{
    /* `within 4h of hold`: only time on hold counts */
    x->b->allow.v[d->first_allow].use = prog_use(x, -1, SPAN_HOLD, TICKET, x->key_id, -1);
}

static void shape_credit(prog *x, ent_duty_row *d)
{
    d->credit = ent_builder_add_amount(
        x->b, (ent_amount_row){2, prog_ratio(x, 25, 2), -1, 0, prog_text(x, "GBP 12.50")});
}

typedef struct clock_case {
    const char *name;
    void (*shape)(prog *x, ent_duty_row *d);
    const char *script;
    int64_t to;
    const char *expected;
} clock_case;

static const clock_case clock_cases[] = {
    {"met", shape_plain, "0 A opened; 60 A resolved", 600, "A met at=0 due=240 done=60 elapsed=60 allowed=240"},
    {"met at the due instant", shape_plain, "0 A opened; 240 A resolved", 600,
     "A met at=0 due=240 done=240 elapsed=240 allowed=240"},
    {"a nanosecond late", shape_plain, "0 A opened; 240+1ns A resolved", 600,
     "A breach at=0 due=240 done=240+1ns elapsed=240+1ns allowed=240"},
    {"discharged where it began", shape_plain, "10 A opened; 10 A resolved", 600,
     "A met at=10 due=250 done=10 elapsed=0 allowed=240"},
    {"discharge without trigger", shape_plain, "10 A resolved; 20 B opened; 30 B resolved", 600,
     "B met at=20 due=260 done=30 elapsed=10 allowed=240"},
    {"open and over", shape_plain, "0 A opened", 600, "A breach at=0 due=240 elapsed=600 allowed=240 open"},
    {"open and not over", shape_plain, "0 A opened", 120, "A provisional at=0 due=240 elapsed=120 allowed=240 open"},
    {"open with nothing left", shape_plain, "0 A opened", 240,
     "A provisional at=0 due=240 elapsed=240 allowed=240 open"},
    {"a discharge at the end is not used", shape_plain, "0 A opened; 120 A resolved", 120,
     "A provisional at=0 due=240 elapsed=120 allowed=240 open"},
    {"a second trigger does nothing", shape_plain, "0 A opened; 100 A opened; 230 A resolved", 600,
     "A met at=0 due=240 done=230 elapsed=230 allowed=240"},
    {"again after the discharge", shape_plain, "0 A opened; 10 A resolved; 20 A opened; 50 A resolved", 600,
     "A met at=0 due=240 done=10 elapsed=10 allowed=240 | A met at=20 due=260 done=50 elapsed=30 allowed=240"},
    {"rows without a key are nobody's", shape_changed, "0 A opened HostCo; 5 A noted HostCo; 9 A assigned NetCo", 600,
     "A met at=0 due=240 done=9 elapsed=9 allowed=240"},
    {"two keys, in the order of their ends", shape_plain, "0 A opened; 1 B opened; 50 B resolved; 60 A resolved", 600,
     "B met at=1 due=241 done=50 elapsed=49 allowed=240 | A met at=0 due=240 done=60 elapsed=60 allowed=240"},
    {"one instant: subjects by their bytes", shape_plain, "0 b opened; 0 B opened; 0 a opened", 300,
     "B breach at=0 due=240 elapsed=300 allowed=240 open | a breach at=0 due=240 elapsed=300 allowed=240 open | "
     "b breach at=0 due=240 elapsed=300 allowed=240 open"},

    {"pause over due", shape_pausing, "0 A opened; 200 A pended; 500 A resumed; 530 A resolved", 600,
     "A met at=0 due=540 done=530 elapsed=230 allowed=240"},
    {"discharged in a pause that begins at due", shape_pausing, "0 A opened; 240 A pended; 300 A resolved", 600,
     "A met at=0 due=240 done=300 elapsed=240 allowed=240"},
    {"paused with nothing left cannot run out", shape_pausing, "0 A opened; 240 A pended", 600,
     "A provisional at=0 due=240 elapsed=240 allowed=240 open"},
    {"run out before the pause", shape_pausing, "0 A opened; 250 A pended; 300 A resumed; 310 A resolved", 600,
     "A breach at=0 due=240 done=310 elapsed=260 allowed=240"},
    {"paused before the trigger", shape_pausing, "0 A pended; 100 A opened; 200 A resumed; 300 A resolved", 600,
     "A met at=100 due=440 done=300 elapsed=100 allowed=240"},
    {"a second pause row does nothing", shape_pausing,
     "0 A opened; 10 A pended; 20 A pended; 30 A resumed; 40 A resumed; 50 A resolved", 600,
     "A met at=0 due=260 done=50 elapsed=30 allowed=240"},
    {"pause open at the end", shape_pausing, "0 A opened; 100 A pended", 600,
     "A provisional at=0 due=740 elapsed=100 allowed=240 open"},
    {"another key's pause", shape_pausing, "0 A opened; 0 B opened; 10 B pended; 300 A resolved; 310 B resolved", 600,
     "A breach at=0 due=240 done=300 elapsed=300 allowed=240 | B met at=0 due=540 done=310 elapsed=10 allowed=240"},
    {"pause without length", shape_pausing, "0 A opened; 10 A pended; 10 A resumed; 240+1ns A resolved", 600,
     "A breach at=0 due=240 done=240+1ns elapsed=240+1ns allowed=240"},

    {"restart", shape_restart, "0 A opened; 100 A resolved; 200 A reopened; 300 A resolved", 600,
     "A met at=0 due=240 done=100 elapsed=100 allowed=240 | A met at=200 due=440 done=300 elapsed=100 allowed=240"},
    {"restart while it runs does nothing", shape_restart, "0 A opened; 100 A reopened; 300 A resolved", 600,
     "A breach at=0 due=240 done=300 elapsed=300 allowed=240"},
    {"restart of what never was", shape_restart, "0 A reopened; 100 A resolved", 600, ""},
    {"ignore", shape_ignore, "0 A opened; 100 A resolved; 200 A reopened; 300 A resolved", 600,
     "A met at=0 due=240 done=100 elapsed=100 allowed=240"},
    {"resume", shape_resume, "0 A opened; 100 A resolved; 200 A reopened; 350 A resolved; 400 A closed", 600,
     "A breach at=0 due=340 done=350 elapsed=250 allowed=240"},
    {"resume, closed at once", shape_resume, "0 A opened; 100 A resolved; 400 A closed", 600,
     "A met at=0 due=240 done=100 elapsed=100 allowed=240"},
    {"resume, not closed", shape_resume, "0 A opened; 100 A resolved", 600,
     "A provisional at=0 due=240 done=100 elapsed=100 allowed=240"},
    {"resume, not closed, too late", shape_resume, "0 A opened; 300 A resolved", 600,
     "A breach at=0 due=240 done=300 elapsed=300 allowed=240"},
    {"resume, reopened at the end", shape_resume, "0 A opened; 100 A resolved; 200 A reopened", 600,
     "A breach at=0 due=340 elapsed=500 allowed=240 open"},

    {"void", shape_void, "0 A opened; 100 A cancelled", 600, "A void at=0 due=240 elapsed=100 allowed=240"},
    {"void after the running out", shape_void, "0 A opened; 300 A cancelled; 310 A resolved", 600,
     "A breach at=0 due=240 done=310 elapsed=310 allowed=240"},
    {"void and opened again", shape_void, "0 A opened; 10 A cancelled; 20 A opened; 30 A resolved", 600,
     "A void at=0 due=240 elapsed=10 allowed=240 | A met at=20 due=260 done=30 elapsed=10 allowed=240"},
    {"what voids and discharges voids", shape_void_and_discharge, "0 A opened; 30 A resolved", 600,
     "A void at=0 due=240 elapsed=30 allowed=240"},

    {"discharges, then triggers", shape_assignment, "0 A assigned NetCo; 60 A assigned NetCo; 100 A assigned HostCo",
     600,
     "A met at=0 due=240 done=60 elapsed=60 allowed=240 | A met at=60 due=300 done=100 elapsed=40 allowed=240"},
    {"discharged by another feed", shape_visited, "0 A opened; 50 V1 visits B; 60 V2 visits A", 600,
     "A met at=0 due=240 done=60 elapsed=60 allowed=240"},
    {"ties go by feed", shape_visited, "0 V1 visits A; 0 A opened", 600,
     "A met at=0 due=240 done=0 elapsed=0 allowed=240"},

    {"by the trigger's priority", shape_by_priority, "0 A opened P3; 100 A noted P1; 110 A resolved", 600,
     "A met at=0 due=480 done=110 elapsed=110 allowed=480"},
    {"following", shape_following, "0 A opened P3; 100 A noted P1; 110 A resolved", 600,
     "A breach at=0 due=60 done=110 elapsed=110 allowed=60"},
    {"following there and back", shape_following, "0 A opened P3; 100 A noted P1; 150 A noted P3; 200 A resolved", 600,
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
     "0 A opened; 10 A assigned HostCo; 50 A assigned NetCo; 60 A assigned NetCo; 300 A resolved", 600,
     "A breach at=0 due=290 done=300 elapsed=250 allowed=240"},
    {"never counted", shape_counting, "0 A opened; 300 A resolved", 600,
     "A met at=0 done=300 elapsed=0 allowed=240"},
    {"counted before, but not retroactive", shape_counting, "0 A assigned NetCo; 100 A opened; 400 A resolved", 600,
     "A met at=100 done=400 elapsed=0 allowed=240"},
    {"retroactive", shape_retroactive, "0 A assigned NetCo; 30 A assigned NetCo; 100 A opened; 300 A resolved", 600,
     "A breach at=100 due=270 done=300 elapsed=270 allowed=240"},
    {"retroactive without anything before", shape_retroactive, "0 A opened; 30 A assigned NetCo; 100 A resolved", 600,
     "A met at=0 due=270 done=100 elapsed=70 allowed=240"},

    {"excused when", shape_excused_when, "0 A opened vip; 300 A resolved; 400 B opened vip; 410 B resolved", 600,
     "A excused at=0 due=240 done=300 elapsed=300 allowed=240 | B met at=400 due=640 done=410 elapsed=10 allowed=240"},
    {"excused when, of the trigger's row", shape_excused_when, "0 A opened; 300 A resolved vip", 600,
     "A breach at=0 due=240 done=300 elapsed=300 allowed=240"},
    {"excused and open", shape_excused_when, "0 A opened vip", 600,
     "A excused at=0 due=240 elapsed=600 allowed=240 open"},
    {"excused during", shape_excused_during, "0 A opened; 200 A pended; 300 A resumed; 310 A resolved", 600,
     "A excused at=0 due=240 done=310 elapsed=310 allowed=240"},
    {"excused during, from its first instant", shape_excused_during, "0 A opened; 240 A pended; 310 A resolved", 600,
     "A excused at=0 due=240 done=310 elapsed=310 allowed=240"},
    {"excused during, not at its last", shape_excused_during,
     "0 A opened; 200 A pended; 240 A resumed; 310 A resolved", 600,
     "A breach at=0 due=240 done=310 elapsed=310 allowed=240"},

    /* Thursday 16:50; Friday is closed; Monday 16:20 */
    {"eight office hours", shape_office_8h, "4790 A opened; 10520 A resolved", 12000,
     "A met at=4790 due=10520 done=10520 elapsed=480 allowed=480"},
    {"eight office hours and a nanosecond", shape_office_8h, "4790 A opened; 10520+1ns A resolved", 12000,
     "A breach at=4790 due=10520 done=10520+1ns elapsed=480+1ns allowed=480"},
    {"a whole office day lasts until the next opens", shape_office_day, "0 A opened; 1440 A resolved", 12000,
     "A met at=0 due=510 done=1440 elapsed=510 allowed=510"},
    {"office hours and a pause over the weekend", shape_office_pausing,
     "4790 A opened; 4800 A pended; 10140 A resumed; 11540 A resolved", 12000,
     "A met at=4790 due=11540 done=11540 elapsed=480 allowed=480"},
    /* Monday 09:00: paused until 17:30, then four hours */
    {"a calendar that pauses", shape_pausing_at_night, "0 A opened; 700 A resolved", 1000,
     "A met at=0 due=750 done=700 elapsed=190 allowed=240"},
    {"within four hours of a span", shape_within_span,
     "0 A opened; 100 A pended; 200 A resumed; 300 A pended; 441 A resolved", 1000,
     "A breach at=0 due=440 done=441 elapsed=241 allowed=240"},
    {"credit for each breach", shape_credit, "0 A opened; 10 B opened; 20 B resolved; 300 A resolved", 600,
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
        ent_program *p = prog_load(&x);
        facts all = facts_of(c->script);
        expect_all(c->name, p, &all, until(c->to), c->expected);
        free(all.v);
        ent_program_destroy(p);
    }
}

static ent_program *one_duty(void (*shape)(prog *, ent_duty_row *))
{
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    ent_duty_row duty = prog_duty(&x, agreement);
    shape(&x, &duty);
    (void)ent_builder_add_duty(x.b, duty);
    return prog_load(&x);
}

/* What was decided before the period is not decided again; what is later than it is not used. */
static void test_period(void **state)
{
    (void)state;
    ent_program *p = one_duty(shape_plain);
    facts all = facts_of("0 A opened; 60 A resolved; 0 B opened; 400 B resolved; 10 C opened; 20 D opened;"
                         "244 D resolved; 600 E opened");
    expect_all("from", p, &all, between(245, 600), "C breach at=10 due=250 elapsed=590 allowed=240 open");
    expect_all("the whole", p, &all, until(600),
               "A met at=0 due=240 done=60 elapsed=60 allowed=240 | D met at=20 due=260 done=244 elapsed=224 allowed=240 | "
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
    ent_program_destroy(p);
}

static void test_allowance_from_slot(void **state)
{
    (void)state;
    ent_program *p = one_duty(shape_spent);
    facts all = facts_of("0 A opened; 0 B opened; 30 A resolved; 40 C opened");
    all.v[0].spent_ns = 25 * MINUTE_NS;
    all.v[3].spent_ns = -1;
    expect_all("from the row", p, &all, until(600), "A breach at=0 due=25 done=30 elapsed=30 allowed=25");
    telling out = {0};
    ent_error error;
    drive_plan plan = until(600);
    ent_session *s = drive(p, &all, &plan, &out, &error);
    assert_non_null(s);
    assert_int_equal(ent_session_without_allowance(s), 2);
    ent_session_free(s);
    free(out.v);
    free(all.v);
    ent_program_destroy(p);
}

/* A clock belongs to the version that was in force at its trigger; while one runs, no other starts. */
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
    ent_program *p = prog_load(&x);
    facts all = facts_of("0 A opened; 1000 A opened; 1010 A resolved; 1020 A opened; 1150 A resolved; 899 B opened;"
                         "900 C opened; 1019 B resolved; 1021 C resolved");
    expect_all("versions", p, &all, until(2000),
               "A breach at=0 due=240 done=1010 elapsed=1010 allowed=240 | "
               "B met at=899 due=1139 done=1019 elapsed=120 allowed=240 | "
               "C breach at=900 due=1020 done=1021 elapsed=121 allowed=120 | "
               "A breach at=1020 due=1140 done=1150 elapsed=130 allowed=120");
    free(all.v);
    ent_program_destroy(p);
}

static void test_notices(void **state)
{
    (void)state;
    prog x = prog_new();
    ent_duty_row duty = prog_duty(&x, prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO));
    duty.warn = prog_ratio(&x, 3, 4);
    (void)ent_builder_add_duty(x.b, duty);
    ent_program *p = prog_load(&x);
    facts all = facts_of("0 A opened; 0 B opened; 180 B resolved; 190 C opened; 400 C resolved; 420 A resolved");
    telling out = {0};
    ent_error error;
    drive_plan plan = until(600);
    plan.notices = true;
    ent_session *s = drive(p, &all, &plan, &out, &error);
    assert_non_null(s);
    size_t n;
    const ent_notice *v = ent_session_notices(s, &n);
    /* B is done at the very instant; C is warned at 190 + 180; A is warned and runs out */
    assert_int_equal(n, 3);
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (v[i].at_ns - BASE_NS) / MINUTE_NS * (v[i].kind == ENT_NOTICE_RUN_OUT ? 1000 : 1);
    }
    assert_int_equal(sum, 180 + 370 + 240 * 1000);
    ent_session_free(s);
    free(out.v);
    free(all.v);
    ent_program_destroy(p);
}

/* --- objectives: every kind of fold --- */

static ent_q q_of(int64_t num, int64_t den)
{
    ent_q q;
    assert_true(ent_q_make(num, den, &q));
    return q;
}

static void value_row(facts *all, int64_t minute, const char *id, int64_t event, const char *values)
{
    fact *f = facts_add(all, TICKET, BASE_NS + minute * MINUTE_NS);
    snprintf(f->key, sizeof f->key, "%s", id);
    f->event = event;
    long long cost, spent, tries, score, rate;
    double weight;
    int n = sscanf(values, "%lld %lf %lld %lld %lld %lld", &cost, &weight, &spent, &tries, &score, &rate);
    assert_int_equal(n, 6);
    /* hundredths of a pound; minutes; hundredths; one in so many; 0 is absent */
    f->has_cost = cost != 0;
    f->cost = q_of(cost, 100);
    f->has_weight = true;
    f->weight = weight;
    f->spent_ns = spent * MINUTE_NS;
    f->tries = tries ? tries : NO_VALUE;
    f->score = score;
    f->has_rate = rate != 0;
    f->rate = rate ? q_of(1, rate) : q_of(0, 1);
}

typedef struct kind_case {
    int64_t kind, type, slot, absent;
    const char *expected; /* figure and counts */
} kind_case;

static const kind_case kind_cases[] = {
    {ENT_AGG_SHARE, ENT_TYPE_RATIO, -1, -1, "1/3 of 3-2"},
    {ENT_AGG_COUNT, ENT_TYPE_INT, -1, -1, "3 of 3-0"},
    {ENT_AGG_SUM, ENT_TYPE_MONEY, S_COST, S_NO_COST, "59/4 of 2-0 absent=1"},
    {ENT_AGG_SUM, ENT_TYPE_NUMBER, S_WEIGHT, S_NO_WEIGHT, "0.6 of 3-0"},
    {ENT_AGG_SUM, ENT_TYPE_DURATION, S_SPENT, S_NO_SPENT, "840000000000 of 3-0"},
    {ENT_AGG_SUM, ENT_TYPE_DECIMAL, S_SCORE, S_NO_SCORE, "15/4 of 3-0"},
    {ENT_AGG_SUM, ENT_TYPE_RATIO, S_RATE, S_NO_RATE, "1/2 of 2-0 absent=1"},
    {ENT_AGG_AVERAGE, ENT_TYPE_NUMBER, S_WEIGHT, S_NO_WEIGHT, "0.2 of 3-0"},
    {ENT_AGG_AVERAGE, ENT_TYPE_MONEY, S_COST, S_NO_COST, "59/8 of 2-0 absent=1"},
    {ENT_AGG_MINIMUM, ENT_TYPE_RATIO, S_RATE, S_NO_RATE, "1/6 of 2-0 absent=1"},
    {ENT_AGG_MINIMUM, ENT_TYPE_DURATION, S_SPENT, S_NO_SPENT, "120000000000 of 3-0"},
    {ENT_AGG_MAXIMUM, ENT_TYPE_MONEY, S_COST, S_NO_COST, "21/2 of 2-0 absent=1"},
    {ENT_AGG_MAXIMUM, ENT_TYPE_NUMBER, S_WEIGHT, S_NO_WEIGHT, "0.3 of 3-0"},
    {ENT_AGG_MEDIAN, ENT_TYPE_DURATION, S_SPENT, S_NO_SPENT, "300000000000 of 3-0"},
    {ENT_AGG_PERCENTILE, ENT_TYPE_DECIMAL, S_SCORE, S_NO_SCORE, "2 of 3-0"},
    {ENT_AGG_PERCENTILE, ENT_TYPE_RATIO, S_RATE, S_NO_RATE, "1/3 of 2-0 absent=1"},
    {ENT_AGG_PERCENTILE, ENT_TYPE_NUMBER, S_WEIGHT, S_NO_WEIGHT, "0.3 of 3-0"},
    {ENT_AGG_FIRST, ENT_TYPE_INT, S_TRIES, S_NO_TRIES, "3 of 2-0 absent=1"},
    {ENT_AGG_LAST, ENT_TYPE_INT, S_TRIES, S_NO_TRIES, "1 of 2-0 absent=1"},
    {ENT_AGG_LAST, ENT_TYPE_DURATION, S_SPENT, S_NO_SPENT, "120000000000 of 3-0"},
    {ENT_AGG_LAST, ENT_TYPE_NUMBER, S_WEIGHT, S_NO_WEIGHT, "0.3 of 3-0"},
    {ENT_AGG_FIRST, ENT_TYPE_MONEY, S_COST, S_NO_COST, "21/2 of 2-0 absent=1"},
};

static void set_types(prog *x, ent_fold_row *fold, ent_objective_row *row, int64_t type)
{
    fold->value_type = type;
    fold->param = row->param = type == ENT_TYPE_DECIMAL ? 2 : type == ENT_TYPE_MONEY ? prog_text(x, "GBP") : -1;
}

static ent_program *one_fold(const kind_case *c)
{
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    ent_fold_row fold = prog_fold(&x, c->kind, TICKET);
    fold.select = OPENED;
    fold.test = c->kind == ENT_AGG_SHARE ? S_P1 : -1;
    fold.value = c->slot;
    fold.absent = c->absent;
    fold.percent = c->kind == ENT_AGG_PERCENTILE ? prog_ratio(&x, 19, 20) : -1;
    (void)ent_builder_add_fold(x.b, fold);
    ent_objective_row row = prog_objective(&x, agreement, "figure", c->type);
    set_types(&x, &x.b->fold.v[x.b->fold.n - 1], &row, c->slot < 0 ? ENT_TYPE_NONE : c->type);
    (void)ent_builder_add_objective(x.b, row);
    return prog_load(&x);
}

static facts three_tickets(void)
{
    facts all = {0};
    value_row(&all, 10, "A", OPENED, "1050 0.1 5 3 125 3");
    all.v[0].priority = 0;
    value_row(&all, 20, "B", OPENED, "425 0.2 7 1 50 6");
    value_row(&all, 25, "X", NOTED, "10000 9 99 99 999 1");
    value_row(&all, 30, "C", OPENED, "0 0.3 2 0 200 0");
    return all;
}

static void test_kinds(void **state)
{
    (void)state;
    facts all = three_tickets();
    for (size_t i = 0; i < sizeof kind_cases / sizeof *kind_cases; i++) {
        const kind_case *c = &kind_cases[i];
        ent_program *p = one_fold(c);
        char expected[128];
        const char *counts = strstr(c->expected, " absent");
        int n = counts ? (int)(counts - c->expected) : (int)strlen(c->expected);
        snprintf(expected, sizeof expected, "met %.*s from=-540 to=900%s", n, c->expected, counts ? counts : "");
        expect_all(c->expected, p, &all, between(-540, 900), expected);
        ent_program_destroy(p);
    }
    free(all.v);
}

/* Nothing to compute from: no data, whatever the target; a count and a sum of nothing are 0 of nothing. */
static void test_no_data(void **state)
{
    (void)state;
    static const struct {
        int64_t no_data;
        const char *expected;
    } cases[] = {{ENT_NODATA_UNSAID, "no_data none of 0-0 from=-540 to=900"},
                 {ENT_NODATA_BREACH, "breach none of 0-0 from=-540 to=900"},
                 {ENT_NODATA_MET, "met none of 0-0 from=-540 to=900"}};
    facts none = {0};
    for (size_t i = 0; i < 3; i++) {
        prog x = prog_new();
        int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
        (void)ent_builder_add_fold(x.b, prog_fold(&x, ENT_AGG_SHARE, TICKET));
        ent_objective_row row = prog_objective(&x, agreement, "figure", ENT_TYPE_RATIO);
        row.no_data = cases[i].no_data;
        (void)ent_builder_add_objective(x.b, row);
        ent_program *p = prog_load(&x);
        expect_all("no data", p, &none, between(-540, 900), cases[i].expected);
        ent_program_destroy(p);
    }
}

/* A target is met at the boundary and not beyond it, in every class of figure. */
static void test_targets(void **state)
{
    (void)state;
    static const struct {
        int64_t type, slot, compare, target;
        const char *status;
    } cases[] = {
        {ENT_TYPE_DURATION, S_SPENT, ENT_CMP_AT_MOST, 14 * MINUTE_NS, "met"},
        {ENT_TYPE_DURATION, S_SPENT, ENT_CMP_AT_MOST, 14 * MINUTE_NS - 1, "breach"},
        {ENT_TYPE_DURATION, S_SPENT, ENT_CMP_AT_LEAST, 14 * MINUTE_NS, "met"},
        {ENT_TYPE_DURATION, S_SPENT, ENT_CMP_AT_LEAST, 14 * MINUTE_NS + 1, "breach"},
        {ENT_TYPE_DURATION, S_SPENT, ENT_CMP_ABOVE, 14 * MINUTE_NS, "breach"},
        {ENT_TYPE_DURATION, S_SPENT, ENT_CMP_BELOW, 14 * MINUTE_NS + 1, "met"},
        {ENT_TYPE_DECIMAL, S_SCORE, ENT_CMP_AT_MOST, 375, "met"},
        {ENT_TYPE_DECIMAL, S_SCORE, ENT_CMP_AT_MOST, 374, "breach"},
        {ENT_TYPE_DECIMAL, S_SCORE, ENT_CMP_AT_LEAST, 376, "breach"},
    };
    facts all = three_tickets();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        prog x = prog_new();
        int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
        ent_fold_row fold = prog_fold(&x, ENT_AGG_SUM, TICKET);
        fold.select = OPENED;
        fold.value = cases[i].slot;
        (void)ent_builder_add_fold(x.b, fold);
        ent_objective_row row = prog_objective(&x, agreement, "figure", cases[i].type);
        set_types(&x, &x.b->fold.v[0], &row, cases[i].type);
        row.compare = cases[i].compare;
        row.target = prog_ratio(&x, cases[i].target, cases[i].slot == S_SPENT ? 1 : 100);
        (void)ent_builder_add_objective(x.b, row);
        ent_program *p = prog_load(&x);
        char expected[96];
        snprintf(expected, sizeof expected, "%s %s of 3-0 from=-540 to=900", cases[i].status,
                 cases[i].slot == S_SPENT ? "840000000000" : "15/4");
        expect_all("target", p, &all, between(-540, 900), expected);
        ent_program_destroy(p);
    }
    free(all.v);
}

/* --- sampled feeds, spans, exclusions --- */

static const char probes[] = "0 hosting up; 1 hosting up; 2 hosting down; 3 hosting up; 1 hosting started;"
                             "4 hosting finished; 3 network started";

typedef struct sampled_case {
    const char *name;
    int64_t kind, missing;
    bool excluding;
    int64_t at_most_minutes; /* -1: no bound */
    int64_t span;
    const char *expected;
} sampled_case;

static const sampled_case sampled_cases[] = {
    {"missing counts as down", ENT_AGG_SHARE, ENT_MISSING_DOWN, false, -1, -1, "3/10 of 4-1 from=-540 to=900 missing=6"},
    {"missing counts as up", ENT_AGG_SHARE, ENT_MISSING_UP, false, -1, -1, "9/10 of 4-1 from=-540 to=900 missing=6"},
    {"missing is ignored", ENT_AGG_SHARE, ENT_MISSING_IGNORED, false, -1, -1, "3/4 of 4-1 from=-540 to=900 missing=6"},
    {"time share, down", ENT_AGG_TIME_SHARE, ENT_MISSING_DOWN, false, -1, -1, "2/5 of 4-0 from=-540 to=900"},
    {"time share, up", ENT_AGG_TIME_SHARE, ENT_MISSING_UP, false, -1, -1, "9/10 of 4-0 from=-540 to=900"},
    {"time share, ignored", ENT_AGG_TIME_SHARE, ENT_MISSING_IGNORED, false, -1, -1, "4/5 of 4-0 from=-540 to=900"},
    {"excluding", ENT_AGG_SHARE, ENT_MISSING_DOWN, true, -1, -1,
     "1/7 of 1-0 from=-540 to=900 missing=6 excluded=3"},
    {"excluding at most 2m", ENT_AGG_SHARE, ENT_MISSING_DOWN, true, 2, -1,
     "1/4 of 2-0 from=-540 to=900 missing=6 excluded=2"},
    /* up [0,1) and [4,5): the minutes between are excluded */
    {"time share, excluding", ENT_AGG_TIME_SHARE, ENT_MISSING_DOWN, true, -1, -1,
     "2/7 of 1-0 from=-540 to=900 excluded=3"},
    {"longest", ENT_AGG_LONGEST, ENT_MISSING_UNSAID, false, -1, SPAN_MAINTENANCE, "420000000000 of 0-0 from=-540 to=900"},
    {"time in", ENT_AGG_TIME_IN, ENT_MISSING_UNSAID, false, -1, SPAN_MAINTENANCE, "540000000000 of 0-0 from=-540 to=900"},
    {"time outside", ENT_AGG_TIME_OUTSIDE, ENT_MISSING_UNSAID, false, -1, SPAN_MAINTENANCE, "1/10 of 0-0 from=-540 to=900"},
};

static void test_sampled(void **state)
{
    (void)state;
    facts all = facts_of(probes);
    for (size_t i = 0; i < sizeof sampled_cases / sizeof *sampled_cases; i++) {
        const sampled_case *c = &sampled_cases[i];
        prog x = prog_new();
        int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
        ent_fold_row fold = prog_fold(&x, c->kind, c->span < 0 ? PROBE : -1);
        fold.test = c->span < 0 ? PS_UP : -1;
        fold.absent = c->span < 0 ? PS_NO_UP : -1;
        fold.span = c->span;
        (void)ent_builder_add_fold(x.b, fold);
        bool ratio = c->span < 0 || c->kind == ENT_AGG_TIME_OUTSIDE;
        ent_objective_row row = prog_objective(&x, agreement, "figure", ratio ? ENT_TYPE_RATIO : ENT_TYPE_DURATION);
        row.missing = c->missing;
        if (c->excluding) {
            row.first_excluding = prog_use(&x, -1, SPAN_MAINTENANCE, PROBE, x.key_service,
                                           c->at_most_minutes < 0 ? -1 : c->at_most_minutes * MINUTE_NS);
            row.n_excluding = 1;
        }
        (void)ent_builder_add_objective(x.b, row);
        ent_program *p = prog_load(&x);
        /* the period is ten minutes: the window is provisional, its figure is that of the period */
        char expected[128];
        snprintf(expected, sizeof expected, "provisional %s", c->expected);
        expect_all(c->name, p, &all, between(0, 10), expected);
        ent_program_destroy(p);
    }
    free(all.v);
}

/* Listed subjects are decided even when they are silent, and found ones when they occur. */
static void test_subjects(void **state)
{
    (void)state;
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    ent_fold_row fold = prog_fold(&x, ENT_AGG_SHARE, PROBE);
    fold.test = PS_UP;
    fold.absent = PS_NO_UP;
    fold.first_group = x.key_service;
    fold.n_groups = 1;
    (void)ent_builder_add_fold(x.b, fold);
    ent_objective_row row = prog_objective(&x, agreement, "a_listed", ENT_TYPE_RATIO);
    row.missing = ENT_MISSING_DOWN;
    row.subject = 1;
    row.subject_field = prog_text(&x, "service");
    row.subject_type = ENT_TYPE_SERVICE;
    row.first_value = ent_builder_add_value(x.b, (ent_value_row){HOSTING});
    (void)ent_builder_add_value(x.b, (ent_value_row){NETWORK});
    row.n_values = 2;
    row.target = prog_ratio(&x, 1, 4);
    (void)ent_builder_add_objective(x.b, row);
    fold = prog_fold(&x, ENT_AGG_COUNT, TICKET);
    fold.first_group = x.key_id_party;
    fold.n_groups = 2;
    (void)ent_builder_add_fold(x.b, fold);
    row = prog_objective(&x, agreement, "b_found", ENT_TYPE_INT);
    row.subject = 2;
    row.subject_field = prog_text(&x, "id");
    (void)ent_builder_add_objective(x.b, row);
    ent_program *p = prog_load(&x);
    facts all = facts_of("0 hosting up; 1 hosting down; 2 hosting up; 3 hosting unknown; 5 B opened NetCo; 6 A opened NetCo;"
                         "7 A noted HostCo; 8 A noted HostCo; 9 A noted");
    /* the window is eleven minutes: --from 889, and the day ends at 900 */
    for (size_t i = 0; i < all.n; i++) {
        all.v[i].at += 889 * MINUTE_NS;
    }
    expect_all("subjects", p, &all, between(889, 900),
               "hosting breach 1/5 of 3-1 from=-540 to=900 missing=7 absent=1 | network breach 0 of 0-0 from=-540 to=900 missing=11 | "
               "A/HostCo met 2 of 2-0 from=-540 to=900 | A/NetCo met 1 of 1-0 from=-540 to=900 | "
               "B/NetCo met 1 of 1-0 from=-540 to=900");
    free(all.v);
    ent_program_destroy(p);
}

/* --- windows --- */

static void count_each(prog *x, int64_t agreement, int64_t unit)
{
    ent_fold_row fold = prog_fold(x, ENT_AGG_COUNT, TICKET);
    fold.select = OPENED;
    (void)ent_builder_add_fold(x->b, fold);
    ent_objective_row row = prog_objective(x, agreement, "opened", ENT_TYPE_INT);
    row.window = unit;
    (void)ent_builder_add_objective(x->b, row);
}

static void test_windows(void **state)
{
    (void)state;
    /* day ends are at 900, 2340, 3780, 5220, 6660; the week is -540..9540 */
    facts all = facts_of("0 A opened; 899 B opened; 900 C opened; 2340+-1ns D opened; 3780 E opened; 4000 F opened");
    prog x = prog_new();
    count_each(&x, prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO), ENT_UNIT_DAY);
    ent_program *p = prog_load(&x);
    expect_all("days", p, &all, between(-540, 4500),
               "met 2 of 2-0 from=-540 to=900 | met 2 of 2-0 from=900 to=2340 | no_data none of 0-0 from=2340 to=3780 | "
               "provisional 2 of 2-0 from=3780 to=5220");
    expect_all("the window at the end is final", p, &all, between(1000, 3780),
               "met 1 of 1-0 from=900 to=2340 | no_data none of 0-0 from=2340 to=3780");
    ent_program_destroy(p);

    x = prog_new();
    count_each(&x, prog_agreement(&x, 1, ENT_NO_DAY_FROM, BASE_DAY + 1), ENT_UNIT_WEEK);
    count_each(&x, prog_agreement(&x, 2, BASE_DAY + 2, ENT_NO_DAY_TO), ENT_UNIT_WEEK);
    p = prog_load(&x);
    expect_all("parts", p, &all, between(-540, 9540),
               "met 4 of 4-0 from=-540 to=2340 | met 2 of 2-0 from=2340 to=9540");
    ent_program_destroy(p);

    x = prog_new();
    count_each(&x, prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO), ENT_UNIT_ROLLING);
    x.b->objective.v[0].roll_ns = 2 * DAY_NS;
    x.b->objective.v[0].every_days = 1;
    p = prog_load(&x);
    expect_all("rolling", p, &all, between(-540, 4500),
               "met 4 of 4-0 from=-540 to=2340 | met 2 of 2-0 from=900 to=3780");
    ent_program_destroy(p);
    free(all.v);
}

/* --- outcomes --- */

static void test_outcomes(void **state)
{
    (void)state;
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    ent_duty_row duty = prog_duty(&x, agreement);
    duty.excused_when = S_VIP;
    int64_t index = ent_builder_add_duty(x.b, duty);
    ent_fold_row fold = prog_fold(&x, ENT_AGG_SHARE, prog_outcomes(&x, index));
    fold.test = RS_MET;
    fold.select = RS_COUNTS;
    (void)ent_builder_add_fold(x.b, fold);
    ent_objective_row row = prog_objective(&x, agreement, "in_time", ENT_TYPE_RATIO);
    row.target = prog_ratio(&x, 1, 2);
    (void)ent_builder_add_objective(x.b, row);
    fold.kind = ENT_AGG_MAXIMUM;
    fold.test = -1;
    fold.value = RS_ELAPSED;
    fold.value_type = ENT_TYPE_DURATION;
    fold.first_group = ent_builder_add_keyfield(x.b, (ent_keyfield_row){8});
    fold.n_groups = 1;
    (void)ent_builder_add_fold(x.b, fold);
    row = prog_objective(&x, agreement, "longest", ENT_TYPE_DURATION);
    row.subject = 2;
    row.subject_field = prog_text(&x, "party");
    row.window = ENT_UNIT_WEEK;
    (void)ent_builder_add_objective(x.b, row);
    ent_program *p = prog_load(&x);
    facts all = facts_of("0 A opened NetCo; 60 A resolved; 0 B opened NetCo; 300 B resolved; 100 D opened HostCo;"
                         "800 C opened; 2000 C resolved; 940 E opened HostCo; 950 E resolved;"
                         "10 F opened vip NetCo; 2001 F resolved; 2400 G opened");
    /* of day one: A met, B and D not (F is excused); of day two: C ran out, E met; G is no outcome yet */
    char duties[1024];
    snprintf(duties, sizeof duties,
             "A met at=0 due=240 done=60 elapsed=60 allowed=240 | "
             "B breach at=0 due=240 done=300 elapsed=300 allowed=240 | "
             "breach 1/3 of 3-2 from=-540 to=900 | "
             "E met at=940 due=1180 done=950 elapsed=10 allowed=240 | "
             "C breach at=800 due=1040 done=2000 elapsed=1200 allowed=240 | "
             "F excused at=10 due=250 done=2001 elapsed=1991 allowed=240 | "
             "met 1/2 of 2-1 from=900 to=2340 | "
             "provisional none of 0-0 from=2340 to=3780 | "
             "HostCo provisional 144000000000000 of 2-0 from=-540 to=9540 | "
             "NetCo provisional 18000000000000 of 2-0 from=-540 to=9540 | "
             "D breach at=100 due=340 elapsed=2400 allowed=240 open | "
             "G provisional at=2400 due=2640 elapsed=100 allowed=240 open");
    expect_all("outcomes", p, &all, between(-540, 2500), duties);
    free(all.v);
    ent_program_destroy(p);
}

/* --- credits --- */

static void test_credits(void **state)
{
    (void)state;
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    int64_t none = ent_builder_add_amount(x.b, (ent_amount_row){0, -1, -1, 0, prog_text(&x, "none")});
    int64_t five = ent_builder_add_amount(x.b, (ent_amount_row){1, prog_ratio(&x, 1, 20), -1, 0, prog_text(&x, "5% of charge")});
    int64_t most = ent_builder_add_amount(x.b, (ent_amount_row){1, prog_ratio(&x, 3, 50), -1, 0, prog_text(&x, "6%")});
    x.b->agreement.v[agreement].cap = ent_builder_add_cap(x.b, (ent_cap_row){most, ENT_UNIT_MONTH, x.place});
    ent_fold_row fold = prog_fold(&x, ENT_AGG_SHARE, TICKET);
    fold.test = RESOLVED;
    (void)ent_builder_add_fold(x.b, fold);
    ent_objective_row row = prog_objective(&x, agreement, "figure", ENT_TYPE_RATIO);
    row.target = prog_ratio(&x, 1, 2);
    row.first_step = ent_builder_add_step(x.b, (ent_step_row){ENT_CMP_AT_LEAST, prog_ratio(&x, 1, 2), none, x.place});
    (void)ent_builder_add_step(x.b, (ent_step_row){ENT_CMP_OTHERWISE, -1, five, x.place});
    row.n_steps = 2;
    row.earn_back = prog_ratio(&x, 1, 2);
    row.earn_windows = 2;
    (void)ent_builder_add_objective(x.b, row);
    ent_program *p = prog_load(&x);
    facts all = facts_of("0 A opened; 1000 A opened; 2500 A resolved; 4000 A resolved; 5300 A resolved");
    expect_all("ladder, cap, earning back", p, &all, between(-540, 6660),
               "breach 0 of 1-1 from=-540 to=900 credit=50.00 | breach 0 of 1-1 from=900 to=2340 credit=10.00 | "
               "met 1 of 1-0 from=2340 to=3780 | met 1 of 1-0 from=3780 to=5220 credit=-5.00 | "
               "met 1 of 1-0 from=5220 to=6660");
    free(all.v);
    ent_program_destroy(p);

    /* a rate: GBP 1.00 for each started minute above ten, at most GBP 3.00 */
    static const struct {
        int64_t spent_ns;
        const char *credit;
    } rates[] = {{10 * MINUTE_NS, ""}, {10 * MINUTE_NS + 1, "1.00"}, {11 * MINUTE_NS, "1.00"},
                 {11 * MINUTE_NS + 1, "2.00"}, {99 * MINUTE_NS, "3.00"}};
    x = prog_new();
    agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    fold = prog_fold(&x, ENT_AGG_SUM, TICKET);
    fold.value = S_SPENT;
    fold.value_type = ENT_TYPE_DURATION;
    (void)ent_builder_add_fold(x.b, fold);
    row = prog_objective(&x, agreement, "figure", ENT_TYPE_DURATION);
    row.compare = ENT_CMP_AT_MOST;
    row.target = prog_ratio(&x, 10 * MINUTE_NS, 1);
    row.rate_amount = ent_builder_add_amount(x.b, (ent_amount_row){2, prog_ratio(&x, 1, 1), -1, 0, prog_text(&x, "GBP 1")});
    row.rate_max = ent_builder_add_amount(x.b, (ent_amount_row){2, prog_ratio(&x, 3, 1), -1, 0, prog_text(&x, "GBP 3")});
    row.rate_per = prog_ratio(&x, MINUTE_NS, 1);
    row.rate_above = 1;
    (void)ent_builder_add_objective(x.b, row);
    p = prog_load(&x);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        all = facts_of("0 A opened");
        all.v[0].spent_ns = rates[i].spent_ns;
        char expected[128];
        snprintf(expected, sizeof expected, "%s %lld of 1-0 from=-540 to=900%s%s", i ? "breach" : "met",
                 (long long)rates[i].spent_ns, i ? " credit=" : "", rates[i].credit);
        expect_all("rate", p, &all, between(-540, 900), expected);
        free(all.v);
    }
    ent_program_destroy(p);
}

/* --- everything at once, at random, however it comes --- */

static ent_program *everything(void)
{
    prog x = prog_new();
    int64_t first = prog_agreement(&x, 1, ENT_NO_DAY_FROM, BASE_DAY + 1);
    int64_t second = prog_agreement(&x, 2, BASE_DAY + 2, ENT_NO_DAY_TO);
    void (*const shapes[])(prog *, ent_duty_row *) = {
        shape_pausing, shape_restart, shape_resume, shape_void, shape_assignment, shape_following, shape_retroactive,
        shape_visited, shape_excused_during, shape_office_pausing, shape_credit, shape_changed};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        for (int64_t version = 0; version < 2; version++) {
            ent_duty_row duty = prog_duty(&x, version ? second : first);
            char name[16];
            snprintf(name, sizeof name, "d%zu", i);
            duty.name = prog_text(&x, name);
            duty.order = (int64_t)x.b->duty.n;
            shapes[i](&x, &duty);
            (void)ent_builder_add_duty(x.b, duty);
        }
    }
    int64_t outcomes = prog_outcomes(&x, 0);
    static const struct {
        int64_t kind, value, absent, type;
    } kinds[] = {{ENT_AGG_SHARE, -1, -1, ENT_TYPE_NONE},
                 {ENT_AGG_SUM, S_WEIGHT, S_NO_WEIGHT, ENT_TYPE_NUMBER},
                 {ENT_AGG_AVERAGE, S_WEIGHT, S_NO_WEIGHT, ENT_TYPE_NUMBER},
                 {ENT_AGG_SUM, S_COST, S_NO_COST, ENT_TYPE_MONEY},
                 {ENT_AGG_MEDIAN, S_SPENT, S_NO_SPENT, ENT_TYPE_DURATION},
                 {ENT_AGG_LAST, S_TRIES, S_NO_TRIES, ENT_TYPE_INT},
                 {ENT_AGG_FIRST, S_SCORE, S_NO_SCORE, ENT_TYPE_DECIMAL}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        ent_fold_row fold = prog_fold(&x, kinds[i].kind, TICKET);
        fold.test = kinds[i].kind == ENT_AGG_SHARE ? S_P1 : -1;
        fold.value = kinds[i].value;
        fold.absent = kinds[i].absent;
        fold.first_group = i % 2 ? x.key_party : x.key_id_party;
        fold.n_groups = i % 2 ? 1 : 2;
        (void)ent_builder_add_fold(x.b, fold);
        char name[16];
        snprintf(name, sizeof name, "o%zu", i);
        int64_t type = kinds[i].type == ENT_TYPE_NONE ? ENT_TYPE_RATIO : kinds[i].type;
        ent_objective_row row = prog_objective(&x, i % 3 ? first : second, name, type);
        set_types(&x, &x.b->fold.v[x.b->fold.n - 1], &row, kinds[i].type);
        row.subject = 2;
        row.subject_field = prog_text(&x, "party");
        row.window = i % 3 == 0 ? ENT_UNIT_ROLLING : i % 3 == 1 ? ENT_UNIT_DAY : ENT_UNIT_WEEK;
        row.roll_ns = i % 3 == 0 ? 20 * HOUR_NS : 0;
        row.every_ns = i % 3 == 0 ? 5 * HOUR_NS : 0;
        (void)ent_builder_add_objective(x.b, row);
    }
    for (int i = 0; i < 6; i++) {
        ent_fold_row fold = prog_fold(&x, i % 2 ? ENT_AGG_TIME_SHARE : ENT_AGG_SHARE, PROBE);
        fold.test = PS_UP;
        fold.absent = PS_NO_UP;
        fold.first_group = x.key_service;
        fold.n_groups = i < 4;
        (void)ent_builder_add_fold(x.b, fold);
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        ent_objective_row row = prog_objective(&x, first, name, ENT_TYPE_RATIO);
        row.missing = ENT_MISSING_DOWN + i % 3;
        row.subject = i < 4 ? 2 : 0;
        row.subject_field = i < 4 ? prog_text(&x, "service") : -1;
        row.target = prog_ratio(&x, 1, 2);
        row.first_excluding = prog_use(&x, -1, SPAN_MAINTENANCE, PROBE, x.key_service, i % 2 ? 100 * MINUTE_NS : -1);
        row.n_excluding = 1;
        (void)ent_builder_add_objective(x.b, row);
    }
    ent_fold_row fold = prog_fold(&x, ENT_AGG_SHARE, outcomes);
    fold.test = RS_MET;
    fold.select = RS_COUNTS;
    (void)ent_builder_add_fold(x.b, fold);
    (void)ent_builder_add_objective(x.b, prog_objective(&x, first, "in_time", ENT_TYPE_RATIO));
    return prog_load(&x);
}

static facts random_facts(uint64_t *seed, size_t n)
{
    facts all = {0};
    for (size_t i = 0; i < n; i++) {
        int64_t minute = (int64_t)(next_random(seed) % 4000);
        char line[96];
        unsigned long long dice = next_random(seed);
        if (dice % 4 == 0) {
            snprintf(line, sizeof line, "%lld %s %s", (long long)minute, prog_services[dice / 4 % 2],
                     dice / 8 % 9 == 0 ? "unknown" : dice / 8 % 3 ? "up" : "down");
        } else if (dice % 16 == 1) {
            snprintf(line, sizeof line, "%lld %s %s", (long long)minute, prog_services[dice / 16 % 2], prog_changes[dice / 32 % 2]);
        } else if (dice % 16 == 2) {
            snprintf(line, sizeof line, "%lld V%llu visits T%llu", (long long)minute, dice / 16 % 5, dice / 80 % 6);
        } else {
            snprintf(line, sizeof line, "%lld T%llu %s %s %s %s", (long long)minute, dice / 16 % 6,
                     prog_events[dice / 96 % N_EVENTS], dice / 1024 % 5 < 3 ? prog_priorities[dice / 1024 % 5] : "free",
                     dice / 8192 % 4 < 3 ? prog_parties[dice / 8192 % 4] : "free", dice / 65536 % 7 ? "free" : "vip");
        }
        facts_line(&all, line);
        fact *f = &all.v[all.n - 1];
        if (f->feed == TICKET) {
            f->has_weight = next_random(seed) % 5 > 0;
            f->weight = (double)(int64_t)(next_random(seed) % 2000001 - 1000000) / 7.0;
            f->has_cost = next_random(seed) % 5 > 0;
            f->cost = q_of((int64_t)(next_random(seed) % 100000), 100);
            f->spent_ns = next_random(seed) % 5 ? (int64_t)(next_random(seed) % 1000000007) : NO_VALUE;
            f->tries = next_random(seed) % 5 ? (int64_t)(next_random(seed) % 9) : NO_VALUE;
            f->score = next_random(seed) % 5 ? (int64_t)(next_random(seed) % 900) : NO_VALUE;
        }
    }
    return all;
}

#define SAME(field)                                                                                \
    if (memcmp(&a->field, &b->field, sizeof a->field) != 0) {                                      \
        return #field;                                                                             \
    }

/* The first field in which two decisions differ, or NULL.  Subjects are compared as texts: their numbers
 * depend on the order of arrival, and nothing else may. */
static const char *difference(const told *x, const told *y)
{
    const ent_decision *a = &x->d;
    const ent_decision *b = &y->d;
    if (strcmp(x->subject, y->subject) != 0) {
        return "subject";
    }
    SAME(kind) SAME(status) SAME(has_measure) SAME(measure_is_number) SAME(has_due) SAME(has_done) SAME(open)
    SAME(has_credit) SAME(final) SAME(has_budget) SAME(clause) SAME(has_subject) SAME(final_ns) SAME(from_ns)
    SAME(to_ns) SAME(at_ns) SAME(due_ns) SAME(done_ns) SAME(elapsed_ns) SAME(allowed_ns) SAME(measure.num)
    SAME(measure.den) SAME(measure_f) SAME(counts) SAME(credit_fraction.num) SAME(credit_fraction.den)
    SAME(credit_minor) SAME(credit_earned) SAME(credit_rule) SAME(budget_left.num) SAME(budget_left.den)
    SAME(burn_rate.num) SAME(burn_rate.den) SAME(cause_line)
    return NULL;
}

static void compare_tellings(const telling *a, const telling *b, const char *what)
{
    for (size_t i = 0; i < a->n || i < b->n; i++) {
        const char *field = i < a->n && i < b->n ? difference(&a->v[i], &b->v[i]) : "number";
        if (field) {
            char x[256] = "nothing";
            char y[256] = "nothing";
            if (i < a->n) {
                decision_text(&a->v[i], x, sizeof x);
            }
            if (i < b->n) {
                decision_text(&b->v[i], y, sizeof y);
            }
            fail_msg("%s: decision %zu differs in %s:\n  %s\n  %s", what, i, field, x, y);
        }
    }
}

static void test_any_arrival(void **state)
{
    (void)state;
    const char *given = getenv("ENT_STATE_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 1;
    ent_program *p = everything();
    for (int round = 0; round < 6; round++, seed++) {
        uint64_t random = seed;
        facts all = random_facts(&random, 300);
        for (int period = 0; period < 2; period++) {
            telling expected = {0};
            ent_error error;
            drive_plan plan = period ? between(333, 3500) : (drive_plan){0};
            ent_session *s = drive(p, &all, &plan, &expected, &error);
            if (!s) {
                fail_msg("seed %llu: %s", (unsigned long long)seed, error.message);
            }
            assert_true(expected.n > 100);
            ent_session_free(s);
            for (size_t m = 0; m < 4; m++) {
                for (size_t k = 0; k < 3; k++) {
                    telling out = {0};
                    char what[64];
                    snprintf(what, sizeof what, "seed %llu, mode %zu, lanes %u", (unsigned long long)seed, m, lanes[k]);
                    plan.mode = modes[m];
                    plan.lanes_max = lanes[k];
                    plan.seed = seed * 100 + k;
                    s = drive(p, &all, &plan, &out, &error);
                    if (!s) {
                        fail_msg("%s: %s", what, error.message);
                    }
                    compare_tellings(&expected, &out, what);
                    ent_session_free(s);
                    free(out.v);
                }
            }
            free(expected.v);
        }
        free(all.v);
    }
    ent_program_destroy(p);
}

/* --- sessions --- */

static void test_late_rows(void **state)
{
    (void)state;
    ent_program *p = one_duty(shape_plain);
    telling out = {0};
    ent_error error;
    ent_session_options options = {.on_decision = tell, .user = &out};
    ent_session *s = ent_session_new(p, &options, &error);
    assert_non_null(s);
    facts all = facts_of("100 A opened; 99 B opened; 100 A resolved; 150 C opened; 50 D opened");
    /* a watermark below the first row says nothing about where the period begins */
    assert_true(facts_push(s, &all.v[0], 1, &error));
    assert_true(ent_session_advance(s, BASE_NS + 60 * MINUTE_NS, &error));
    assert_true(facts_push(s, &all.v[1], 1, &error));
    assert_true(ent_session_advance(s, BASE_NS + 100 * MINUTE_NS, &error));
    int64_t from, to;
    (void)ent_session_period(s, &from, &to);
    assert_int_equal((from - BASE_NS) / MINUTE_NS, 99);
    assert_true(facts_push(s, &all.v[2], 3, &error)); /* the row at the watermark is in time, D is late */
    assert_int_equal(ent_session_feed_totals(s, TICKET)->late, 1);
    assert_int_equal(ent_session_feed_totals(s, TICKET)->rows, 5);
    assert_true(ent_session_advance(s, BASE_NS, &error)); /* backwards: nothing */
    assert_true(ent_session_finish(s, &error));
    char text[TEXT_MAX];
    join(&out, text, sizeof text);
    assert_string_equal(text, "A met at=100 due=340 done=100 elapsed=0 allowed=240 | "
                              "B provisional at=99 due=339 elapsed=51+1ns allowed=240 open | "
                              "C provisional at=150 due=390 elapsed=0+1ns allowed=240 open");
    assert_true(ent_session_period(s, &from, &to));
    assert_int_equal(to, BASE_NS + 150 * MINUTE_NS + 1);
    assert_false(facts_push(s, &all.v[0], 1, &error));
    assert_int_equal(error.code, ENT_ERROR_USAGE);
    ent_session_free(s);
    free(out.v);
    free(all.v);
    ent_program_destroy(p);
}

static void test_misuse(void **state)
{
    (void)state;
    prog x = prog_new();
    ent_duty_row duty = prog_duty(&x, prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO));
    int64_t outcomes = prog_outcomes(&x, ent_builder_add_duty(x.b, duty));
    ent_program *p = prog_load(&x);
    ent_error error;
    ent_session_options options = {0};
    ent_session *s = ent_session_new(p, &options, &error);
    assert_non_null(s);
    ent_column columns[FACT_FIELDS] = {0};
    assert_false(ent_session_push(s, -1, columns, 1, NULL, &error));
    assert_false(ent_session_push(s, 99, columns, 1, NULL, &error));
    assert_false(ent_session_push(s, outcomes, columns, 1, NULL, &error));
    assert_int_equal(error.code, ENT_ERROR_USAGE);
    /* a field that a clause reads has to come with its column */
    assert_false(ent_session_push(s, TICKET, columns, 1, NULL, &error));
    assert_int_equal(error.code, ENT_ERROR_USAGE);
    ent_session_free(s);

    options.zone_dir = "/nowhere";
    s = ent_session_new(p, &options, &error);
    assert_non_null(s); /* UTC needs no file */
    ent_session_free(s);
    ent_program_destroy(p);
}

/* Rows with source lines among rows without: each keeps its own. */
static void test_origins(void **state)
{
    (void)state;
    ent_program *p = one_duty(shape_plain);
    telling out = {0};
    ent_error error;
    ent_session_options options = {.on_decision = tell, .user = &out};
    ent_session *s = ent_session_new(p, &options, &error);
    static const struct {
        const char *id;
        int64_t minute, line;
    } rows[] = {{"A", 0, 0}, {"B", 2, 0}, {"C", 1, 41}, {"D", 3, 42}, {"E", 4, 0}};
    for (size_t i = 0; i < 5; i++) {
        int64_t at = BASE_NS + rows[i].minute * MINUTE_NS;
        int64_t id = ent_strings_intern(ent_session_strings(s), rows[i].id, 1);
        int64_t event = OPENED;
        int64_t zero = 0;
        ent_q q = {0, 1};
        double f = 0;
        uint8_t b = 0;
        ent_column columns[FACT_FIELDS];
        for (size_t k = 0; k < T_N; k++) {
            columns[k] = (ent_column){ENT_CLASS_I, &zero, NULL};
        }
        columns[T_AT].data = &at;
        columns[T_ID].data = &id;
        columns[T_EVENT].data = &event;
        columns[T_COST] = columns[T_RATE] = (ent_column){ENT_CLASS_Q, &q, NULL};
        columns[T_WEIGHT] = (ent_column){ENT_CLASS_F, &f, NULL};
        columns[T_VIP] = (ent_column){ENT_CLASS_B, &b, NULL};
        assert_true(ent_session_push(s, TICKET, columns, 1, rows[i].line ? &rows[i].line : NULL, &error));
    }
    assert_true(ent_session_advance(s, BASE_NS + 2 * MINUTE_NS, &error));
    assert_true(ent_session_finish(s, &error));
    assert_int_equal(out.n, 5);
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 5; k++) {
            if (strcmp(out.v[i].subject, rows[k].id) == 0) {
                assert_int_equal(out.v[i].d.cause_line, rows[k].line);
            }
        }
    }
    ent_session_free(s);
    free(out.v);
    ent_program_destroy(p);
}

static bool refuse_decision(void *user, const ent_session *s, const ent_decision *d)
{
    (void)user;
    (void)s;
    (void)d;
    return false;
}

static void test_host_stops(void **state)
{
    (void)state;
    ent_program *p = one_duty(shape_plain);
    ent_error error;
    ent_session_options options = {.on_decision = refuse_decision};
    ent_session *s = ent_session_new(p, &options, &error);
    facts all = facts_of("0 A opened; 1 A resolved");
    assert_true(facts_push(s, all.v, 2, &error));
    assert_false(ent_session_finish(s, &error));
    assert_string_equal(error.message, "stopped by the host");
    ent_session_free(s);
    free(all.v);
    ent_program_destroy(p);
}

/* A sum that does not fit is an error with its place, never a wrapped number. */
static void test_too_large(void **state)
{
    (void)state;
    static const kind_case c = {ENT_AGG_SUM, ENT_TYPE_INT, S_TRIES, S_NO_TRIES, ""};
    ent_program *p = one_fold(&c);
    facts all = facts_of("0 A opened; 1 B opened");
    all.v[0].tries = all.v[1].tries = INT64_MAX;
    telling out = {0};
    ent_error error;
    drive_plan plan = between(-540, 900);
    assert_null(drive(p, &all, &plan, &out, &error));
    assert_int_equal(error.code, ENT_ERROR_DATA);
    assert_string_equal(error.message, "a sum over the window's rows does not fit");
    assert_int_equal(error.place, 0);
    free(out.v);
    free(all.v);
    ent_program_destroy(p);
}

/* --- folds --- */

static bool same_constant(const ent_constant *a, const ent_constant *b)
{
    switch (a->cls) {
    case ENT_CLASS_F:
        return memcmp(&a->v.f, &b->v.f, sizeof a->v.f) == 0;
    case ENT_CLASS_Q:
        return ent_q_cmp(a->v.q, b->v.q) == 0;
    default:
        return a->v.i == b->v.i;
    }
}

static void fold_rows(const ent_fold_row *fold, ent_fold_state *s, const ent_colbuf *values, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        s->rows++;
        s->observed++;
        s->n++;
        s->good += (int64_t)(i % 3);
        s->good_ns += (int64_t)i;
        s->bad_ns += 1;
        s->expected += 2;
        assert_true(fold->value < 0 || ent_fold_value(fold, s, values, i));
    }
}

static void merge_equals_whole(const ent_fold_row *fold, const ent_colbuf *values, size_t n, uint64_t *seed)
{
    ent_fold_state whole = {0};
    ent_fold_state merged = {0};
    fold_rows(fold, &whole, values, 0, n);
    for (size_t begin = 0; begin < n;) {
        size_t end = begin + next_random(seed) % (n - begin + 1);
        ent_fold_state part = {0};
        fold_rows(fold, &part, values, begin, end);
        assert_true(ent_fold_merge(fold, &merged, &part));
        ent_fold_deinit(&part);
        begin = end == begin ? begin : end;
    }
    ent_program p = {0};
    ent_constant percent = {.cls = ENT_CLASS_Q, .v.q = {3, 4}};
    p.constants = &percent;
    for (int missing = ENT_MISSING_UNSAID; missing <= ENT_MISSING_IGNORED; missing++) {
        ent_constant a = {0};
        ent_constant b = {0};
        bool a_absent, b_absent;
        ent_error error = {0};
        assert_true(ent_fold_result(&p, fold, &whole, 5, missing, &a, &a_absent, &error));
        assert_true(ent_fold_result(&p, fold, &merged, 5, missing, &b, &b_absent, &error));
        assert_int_equal(a_absent, b_absent);
        assert_true(a_absent || same_constant(&a, &b));
    }
    assert_int_equal(whole.n, merged.n);
    assert_int_equal(whole.rows, merged.rows);
    ent_fold_deinit(&whole);
    ent_fold_deinit(&merged);
}

static void test_fold_merge(void **state)
{
    (void)state;
    static const int64_t types[] = {ENT_TYPE_DURATION, ENT_TYPE_NUMBER, ENT_TYPE_RATIO};
    uint64_t seed = 42;
    for (size_t t = 0; t < 3; t++) {
        ent_colbuf values = {.cls = ent_type_class((unsigned)types[t])};
        size_t n = 200;
        assert_true(ent_colbuf_reserve(&values, n));
        values.n = n;
        for (size_t i = 0; i < n; i++) {
            int64_t v = (int64_t)(next_random(&seed) % 2001) - 1000;
            if (values.cls == ENT_CLASS_F) {
                ((double *)values.data)[i] = (double)v / 3.0 * (i % 5 ? 1.0 : 1e30);
            } else if (values.cls == ENT_CLASS_Q) {
                ((ent_q *)values.data)[i] = q_of(v, 1 + (int64_t)(i % 6));
            } else {
                ((int64_t *)values.data)[i] = v;
            }
        }
        for (int64_t kind = ENT_AGG_SHARE; kind <= ENT_AGG_TIME_OUTSIDE; kind++) {
            bool valued = kind != ENT_AGG_SHARE && kind != ENT_AGG_COUNT && kind != ENT_AGG_TIME_SHARE &&
                          kind != ENT_AGG_LONGEST && kind < ENT_AGG_TIME_IN;
            ent_fold_row fold = {.kind = kind, .value = valued ? 0 : -1, .percent = 0, .span = -1,
                                 .value_type = valued ? types[t] : ENT_TYPE_NONE, .param = -1};
            for (size_t round = 0; round < 5; round++) {
                merge_equals_whole(&fold, &values, round == 0 ? 0 : round == 1 ? 1 : n, &seed);
            }
        }
        ent_colbuf_deinit(&values);
    }
}

/* --- containers --- */

static void test_map(void **state)
{
    (void)state;
    ent_map map = {0};
    assert_int_equal(ent_map_get(&map, 7), ENT_MAP_NONE);
    for (int64_t i = 0; i < 5000; i++) {
        int64_t key = i % 2 ? INT64_MIN + i * 4096 : i * INT64_C(0x100000001);
        uint32_t *place = ent_map_at(&map, key);
        assert_non_null(place);
        assert_int_equal(*place, ENT_MAP_NONE);
        *place = (uint32_t)i;
    }
    for (int64_t i = 0; i < 5000; i++) {
        int64_t key = i % 2 ? INT64_MIN + i * 4096 : i * INT64_C(0x100000001);
        assert_int_equal(ent_map_get(&map, key), i);
        assert_int_equal(*ent_map_at(&map, key), i);
    }
    assert_int_equal(map.count, 5000);
    assert_int_equal(ent_map_get(&map, INT64_MAX), ENT_MAP_NONE);
    ent_map_deinit(&map);
    ent_map_deinit(&map);
}

static void test_tuples(void **state)
{
    (void)state;
    ent_tuples tuples = {0};
    for (int64_t i = 0; i < 1000; i++) {
        int64_t words[3] = {i % 10, i / 10 % 10, i / 100};
        assert_int_equal(ent_tuples_intern(&tuples, words, 3), i);
        assert_int_equal(ent_tuples_intern(&tuples, words, 3), i);
    }
    int64_t words[3] = {9, 9, 9};
    assert_int_equal(ent_tuples_intern(&tuples, words, 3), 999);
    assert_int_equal(ent_tuples_intern(&tuples, words, 2), 1000); /* another width is another tuple */
    assert_int_equal(ent_tuples_intern(&tuples, words, 2), 1000);
    assert_int_equal(tuples.values[tuples.offsets[1000] + 1], 9);
    ent_tuples_deinit(&tuples);
    assert_int_equal(tuples.n, 0);
}

static void test_colbuf(void **state)
{
    (void)state;
    static const int64_t numbers[5] = {1, 2, 3, 4, 5};
    static const uint8_t absent[5] = {0, 0, 1, 0, 0};
    ent_column from = {ENT_CLASS_I, (void *)(uintptr_t)numbers, NULL};
    ent_colbuf c = {.cls = ENT_CLASS_I};
    assert_true(ent_colbuf_append(&c, &from, 0, 5));
    assert_null(c.absent);
    from.absent = (uint8_t *)(uintptr_t)absent;
    assert_true(ent_colbuf_append(&c, &from, 0, 2)); /* none of these two is absent */
    assert_null(c.absent);
    assert_true(ent_colbuf_append(&c, &from, 1, 3));
    assert_non_null(c.absent);
    from.absent = NULL;
    for (int i = 0; i < 100; i++) {
        assert_true(ent_colbuf_append(&c, &from, 4, 1));
    }
    assert_int_equal(c.n, 110);
    for (size_t i = 0; i < c.n; i++) {
        assert_int_equal(c.absent[i], i == 8);
    }
    assert_int_equal(((int64_t *)c.data)[8], 3);
    assert_int_equal(((int64_t *)c.data)[109], 5);
    ent_colbuf_deinit(&c);
    assert_int_equal(c.cls, ENT_CLASS_I);
    assert_int_equal(ent_add_sat(INT64_MAX, 1), INT64_MAX);
    assert_int_equal(ent_add_sat(INT64_MIN, -1), INT64_MIN);
    assert_int_equal(ent_add_sat(2, 3), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_tuples),
        cmocka_unit_test(test_colbuf),
        cmocka_unit_test(test_fold_merge),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_period),
        cmocka_unit_test(test_allowance_from_slot),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_notices),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_no_data),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_sampled),
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_credits),
        cmocka_unit_test(test_any_arrival),
        cmocka_unit_test(test_late_rows),
        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_host_stops),
        cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
