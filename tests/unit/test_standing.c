/* How open windows and clocks stand: figures worked by hand from the formulas in standing.h.  The
 * period begins at minute 0, which is 09:00, so the day's window is 900 minutes long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/state/standing.h"
#include "tests/unit/state_saved.h"

#include "tests/unit/state_everything.h"

enum { ROWS_MAX = 64, TEXT_SIZE = 256 };

typedef struct told_rows {
    char v[ROWS_MAX][TEXT_SIZE];
    size_t n;
} told_rows;

static void put_q(char *out, size_t size, const char *name, ent_q q, int64_t unit)
{
    char text[ENT_Q_TEXT_SIZE];
    ent_q scaled;
    assert_true(ent_q_div(q, ent_q_from_i64(unit), &scaled));
    ent_q_format_fraction(scaled, text, sizeof text);
    size_t at = strlen(out);
    snprintf(out + at, size - at, " %s=%s", name, text);
}

static void put_number(char *out, size_t size, const char *name, int64_t ns)
{
    size_t at = strlen(out);
    (void)put_minutes(out + at, size - at, name, ns);
}

/* `share breach 3/60 allowed=9 spent=3 left=6 burn=5 gone=180` or `restore T1 provisional due=270
 * left=210 by=HostCo paused`; time in minutes. */
static bool tell_row(void *user, const ent_engine *copy, const ent_standing_row *row)
{
    told_rows *all = user;
    const ent_verdict *d = row->decision;
    const ent_image *p = ent_engine_program(copy);
    char *out = all->v[all->n++];
    char subject[64];
    assert_true(all->n < ROWS_MAX);
    assert_true(d->status == ENT_STATUS_PROVISIONAL || d->kind == ENT_VERDICT_DUTY);
    subject_text(copy, d, subject, sizeof subject);
    snprintf(out, TEXT_SIZE, "%s%s%s %s",
             ent_image_text(p, d->kind == ENT_VERDICT_DUTY ? p->duty[d->clause].name
                                                           : p->objective[d->clause].name),
             subject[0] ? " " : "", subject, status_words[row->status]);
    if (d->kind == ENT_VERDICT_DUTY) {
        size_t at = strlen(out);
        put_number(out, TEXT_SIZE, "due", d->due_ns - BASE_NS);
        put_number(out, TEXT_SIZE, "left", row->left_ns);
        at = strlen(out);
        snprintf(out + at, TEXT_SIZE - at, " by=%s%s",
                 ent_image_text(p, p->party[row->holder].name), row->paused ? " paused" : "");
        return true;
    }
    const ent_budget *b = &row->budget;
    if (b->unit != ENT_BUDGET_NONE) {
        int64_t unit = b->unit == ENT_BUDGET_TIME ? MINUTE_NS : 1;
        put_q(out, TEXT_SIZE, "allowed", b->allowed, unit);
        put_q(out, TEXT_SIZE, "spent", b->spent, unit);
        put_q(out, TEXT_SIZE, "left", b->left, unit);
    }
    if (b->has_rate) {
        put_q(out, TEXT_SIZE, "burn", b->burn_rate, 1);
    }
    if (b->has_gone) {
        put_number(out, TEXT_SIZE, "gone", b->gone_ns - BASE_NS);
    }
    return true;
}

static void expect_rows(const ent_engine *s, int64_t minute, const char *const *expected)
{
    told_rows *all = calloc(1, sizeof *all);
    ent_fault error;
    if (!ent_engine_standing(s, BASE_NS + minute * MINUTE_NS, tell_row, all, &error)) {
        fail_msg("%s", error.message);
    }
    size_t n = 0;
    for (; expected[n]; n++) {
        if (n >= all->n) {
            fail_msg("no row where there should be %s", expected[n]);
        }
        assert_string_equal(all->v[n], expected[n]);
    }
    if (all->n > n) {
        fail_msg("one row too many: %s", all->v[n]);
    }
    free(all);
}

static ent_engine *engine_for(const ent_image *p, const facts *all)
{
    ent_fault error;
    ent_engine_options options = {.has_from = true, .from_ns = BASE_NS};
    ent_engine *s = ent_engine_new(p, &options, &error);
    assert_non_null(s);
    assert_true(push_runs(s, all->v, all->n, &error));
    return s;
}

static void add_objective(prog *x, const char *name, ent_fold_row fold, int64_t type,
                          int64_t compare, int64_t num, int64_t den)
{
    (void)ent_builder_add_fold(x->b, fold);
    ent_objective_row row = prog_objective(x, 0, name, type);
    row.single = 1;
    row.compare = compare;
    row.target = prog_ratio(x, num, den);
    (void)ent_builder_add_objective(x->b, row);
}

static ent_image *budgets(void)
{
    prog x = prog_new();
    (void)prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    ent_fold_row share = prog_fold(&x, ENT_AGG_SHARE, PROBE);
    share.test = PS_UP;
    add_objective(&x, "share", share, ENT_TYPE_RATIO, ENT_CMP_AT_LEAST, 99, 100);
    ent_fold_row time = prog_fold(&x, ENT_AGG_TIME_SHARE, PROBE);
    time.test = PS_UP;
    add_objective(&x, "time", time, ENT_TYPE_RATIO, ENT_CMP_AT_LEAST, 95, 100);
    ent_fold_row urgent = prog_fold(&x, ENT_AGG_SHARE, TICKET);
    urgent.select = OPENED;
    urgent.test = S_P1;
    add_objective(&x, "urgent", urgent, ENT_TYPE_RATIO, ENT_CMP_AT_MOST, 1, 4);
    ent_fold_row count = prog_fold(&x, ENT_AGG_COUNT, TICKET);
    count.select = OPENED;
    add_objective(&x, "count", count, ENT_TYPE_INT, ENT_CMP_AT_MOST, 10, 1);
    ent_fold_row median = prog_fold(&x, ENT_AGG_MEDIAN, PROBE);
    median.value = PS_LATENCY;
    median.absent = PS_NO_LATENCY;
    median.value_type = ENT_TYPE_DURATION;
    add_objective(&x, "median", median, ENT_TYPE_DURATION, ENT_CMP_AT_MOST, 1, 1);
    return prog_load(&x);
}

/* One check a minute, down in minutes 30 to 32; eight tickets, one of them P1. */
static facts hour(void)
{
    facts all = {0};
    for (int i = 0; i < 60; i++) {
        char line[64];
        snprintf(line, sizeof line, "%d hosting %s", i, i >= 30 && i < 33 ? "down" : "up");
        facts_line(&all, line);
    }
    for (int i = 0; i < 8; i++) {
        char line[64];
        snprintf(line, sizeof line, "%d T%d opened %s", i * 5, i, i == 3 ? "P1" : "P2");
        facts_line(&all, line);
    }
    return all;
}

/* At minute 60 of 900: 60 samples and 840 to come, of which 1% may be bad; 3 are: a third of the
 * budget in a fifteenth of the time.  3 of 900 minutes at 5%: 45 may be bad.  One ticket in eight
 * is P1, and one in four may be.  8 tickets of 10 in an hour: the tenth comes at minute 75. */
static void test_budgets(void **state)
{
    (void)state;
    ent_image *p = budgets();
    facts all = hour();
    ent_engine *s = engine_for(p, &all);
    static const char *const expected[] = {
        "share breach allowed=9 spent=3 left=6 burn=5 gone=180",
        "time met allowed=45 spent=3 left=42 burn=1",
        "urgent met allowed=2 spent=1 left=1 burn=1/2",
        "count met allowed=10 spent=8 left=2 burn=12 gone=75",
        "median no_data",
        NULL};
    expect_rows(s, 60, expected);
    /* 45 minutes later nothing more has come, which is not bad unless it is said so */
    static const char *const later[] = {
        "share breach allowed=9 spent=3 left=6 burn=20/7 gone=315",
        "time met allowed=45 spent=3 left=42 burn=4/7",
        "urgent met allowed=2 spent=1 left=1 burn=1/2",
        "count met allowed=10 spent=8 left=2 burn=48/7 gone=131+15000000000ns",
        "median no_data",
        NULL};
    expect_rows(s, 105, later);
    ent_engine_free(s);
    free(all.v);
    ent_image_destroy(p);
}

static ent_image *clocks(void)
{
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    ent_duty_row restore = prog_duty(&x, agreement);
    shape_pausing(&x, &restore);
    (void)ent_builder_add_duty(x.b, restore);
    ent_duty_row close = prog_duty(&x, agreement);
    shape_resume(&x, &close);
    close.name = prog_text(&x, "resolve");
    (void)ent_builder_add_duty(x.b, close);
    x.b->framework.v[0].ticket_time = 1;
    return prog_load(&x);
}

/* Within 4 hours: T1 was paused after half an hour and has been for 20 minutes; T2 is with NetCo;
 * T3 is resolved and may be reopened. */
static void test_clocks(void **state)
{
    (void)state;
    ent_image *p = clocks();
    facts all = facts_of("0 T2 opened HostCo;10 T1 opened HostCo;15 T3 opened HostCo;"
                         "20 T2 assigned NetCo;35 T3 resolved HostCo;40 T1 pended HostCo");
    ent_engine *s = engine_for(p, &all);
    static const char *const soon[] = {
        "restore T1 provisional due=270 left=210 by=HostCo paused",
        "restore T2 provisional due=240 left=180 by=NetCo",
        "resolve T1 provisional due=250 left=190 by=HostCo",
        "resolve T2 provisional due=240 left=180 by=NetCo",
        "resolve T3 met due=255 left=220 by=HostCo paused",
        NULL};
    expect_rows(s, 60, soon);
    static const char *const late[] = {
        "restore T1 provisional due=510 left=210 by=HostCo paused",
        "restore T2 breach due=240 left=-60 by=NetCo",
        "resolve T1 breach due=250 left=-50 by=HostCo",
        "resolve T2 breach due=240 left=-60 by=NetCo",
        "resolve T3 met due=255 left=220 by=HostCo paused",
        NULL};
    expect_rows(s, 300, late);
    ent_engine_free(s);
    free(all.v);
    ent_image_destroy(p);
}

/* Of a window of two hours every hour, the one that ends next: from minute 60 to 180. */
static void test_rolling(void **state)
{
    (void)state;
    prog x = prog_new();
    (void)prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    ent_fold_row count = prog_fold(&x, ENT_AGG_COUNT, TICKET);
    count.select = OPENED;
    add_objective(&x, "count", count, ENT_TYPE_INT, ENT_CMP_AT_MOST, 4, 1);
    ent_objective_row *row = &x.b->objective.v[0];
    row->window = ENT_UNIT_ROLLING;
    row->roll_ns = 2 * HOUR_NS;
    row->every_ns = HOUR_NS;
    ent_image *p = prog_load(&x);
    facts all = facts_of("5 T1 opened;70 T2 opened;130 T3 opened");
    ent_engine *s = engine_for(p, &all);
    static const char *const expected[] = {"count met allowed=4 spent=2 left=2 burn=2/3", NULL};
    expect_rows(s, 150, expected);
    ent_engine_free(s);
    free(all.v);
    ent_image_destroy(p);
}

static bool count_rows(void *user, const ent_engine *copy, const ent_standing_row *row)
{
    (void)copy;
    (void)row;
    ++*(size_t *)user;
    return true;
}

static bool stop(void *user, const ent_engine *copy, const ent_standing_row *row)
{
    (void)user;
    (void)copy;
    (void)row;
    return false;
}

/* Asked after every row, the engine saves the same bytes as before and decides the same. */
static void test_engine_stays(void **state)
{
    (void)state;
    ent_image *p = everything();
    uint64_t seed = 23;
    facts all = random_facts(&seed, 60);
    qsort(all.v, all.n, sizeof *all.v, compare_facts);
    drive_plan plan = between(0, 3000);
    telling expected = {0};
    telling out = {0};
    ent_fault error;
    size_t n = 0;
    ent_engine *whole = drive(p, &all, &plan, &expected, &error);
    ent_engine_options options = plan_options(&plan, &out);
    ent_engine *s = ent_engine_new(p, &options, &error);
    for (size_t i = 0; i < all.n; i++) {
        stored before = {0};
        stored after = {0};
        assert_true(facts_push(s, &all.v[i], 1, &error));
        assert_true(i % 4 || i < 8 || ent_engine_advance(s, all.v[i - 7].at, &error));
        assert_true(ent_engine_save(s, store, &before, &error));
        assert_true(ent_engine_standing(s, all.v[i].at + 1, count_rows, &n, &error));
        assert_true(ent_engine_save(s, store, &after, &error));
        assert_true(before.n == after.n && memcmp(before.p, after.p, after.n) == 0);
        free(before.p);
        free(after.p);
    }
    assert_true(n > all.n);
    assert_false(ent_engine_standing(s, all.v[all.n - 1].at + 1, stop, NULL, &error));
    assert_string_equal(error.message, "stopped by the host");
    assert_false(ent_engine_standing(s, all.v[0].at - 1, count_rows, &n, &error));
    assert_string_equal(error.message, "standing is asked for below the watermark");
    assert_true(ent_engine_finish(s, &error));
    assert_int_equal(out.n, expected.n);
    for (size_t i = 0; i < out.n; i++) {
        char x[TEXT_SIZE];
        char y[TEXT_SIZE];
        decision_text(&out.v[i], x, sizeof x);
        decision_text(&expected.v[i], y, sizeof y);
        assert_string_equal(x, y);
    }
    assert_false(ent_engine_standing(s, INT64_MAX, count_rows, &n, &error));
    assert_string_equal(error.message, "standing is asked for after the end");
    ent_engine_free(whole);
    ent_engine_free(s);
    free(expected.v);
    free(out.v);
    free(all.v);
    ent_image_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_budgets), cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_rolling), cmocka_unit_test(test_engine_stays),
    };
    return cmocka_run_group_tests_name("standing", tests, NULL, NULL);
}
