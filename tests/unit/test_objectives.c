/* Objectives: folds of every kind, windows, silence, exclusions, outcomes and credits, worked out
 * by hand from the language's rules, and the same whatever the manner in which the facts come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/state_clauses.h"
#include "tests/unit/state_drive.h"

/* --- objectives: every kind of fold --- */

static void value_row(facts *all, int64_t minute, const char *id, int64_t event, const char *values)
{
    fact *f = facts_add(all, TICKET, BASE_NS + minute * MINUTE_NS);
    snprintf(f->key, sizeof f->key, "%s", id);
    f->event = event;
    long long cost, spent, tries, score, rate;
    double weight;
    int n = sscanf(values, "%lld %lf %lld %lld %lld %lld", &cost, &weight, &spent, &tries, &score,
                   &rate);
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

static ent_image *one_fold(const kind_case *c)
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
        ent_image *p = one_fold(c);
        char expected[128];
        const char *counts = strstr(c->expected, " absent");
        int n = counts ? (int)(counts - c->expected) : (int)strlen(c->expected);
        snprintf(expected, sizeof expected, "met %.*s from=-540 to=900%s", n, c->expected,
                 counts ? counts : "");
        expect_all(c->expected, p, &all, between(-540, 900), expected);
        ent_image_destroy(p);
    }
    free(all.v);
}

/* Nothing to compute from: no data, whatever the target; a count and a sum of nothing are 0 of
 * nothing. */
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
        ent_image *p = prog_load(&x);
        expect_all("no data", p, &none, between(-540, 900), cases[i].expected);
        ent_image_destroy(p);
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
        ent_image *p = prog_load(&x);
        char expected[96];
        snprintf(expected, sizeof expected, "%s %s of 3-0 from=-540 to=900", cases[i].status,
                 cases[i].slot == S_SPENT ? "840000000000" : "15/4");
        expect_all("target", p, &all, between(-540, 900), expected);
        ent_image_destroy(p);
    }
    free(all.v);
}

/* --- sampled feeds, spans, exclusions --- */

static const char probes[] =
    "0 hosting up; 1 hosting up; 2 hosting down; 3 hosting up; 1 hosting started;"
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
    {"missing counts as down", ENT_AGG_SHARE, ENT_MISSING_DOWN, false, -1, -1,
     "3/10 of 4-1 from=-540 to=900 missing=6"},
    {"missing counts as up", ENT_AGG_SHARE, ENT_MISSING_UP, false, -1, -1,
     "9/10 of 4-1 from=-540 to=900 missing=6"},
    {"missing is ignored", ENT_AGG_SHARE, ENT_MISSING_IGNORED, false, -1, -1,
     "3/4 of 4-1 from=-540 to=900 missing=6"},
    {"time share, down", ENT_AGG_TIME_SHARE, ENT_MISSING_DOWN, false, -1, -1,
     "2/5 of 4-0 from=-540 to=900"},
    {"time share, up", ENT_AGG_TIME_SHARE, ENT_MISSING_UP, false, -1, -1,
     "9/10 of 4-0 from=-540 to=900"},
    {"time share, ignored", ENT_AGG_TIME_SHARE, ENT_MISSING_IGNORED, false, -1, -1,
     "4/5 of 4-0 from=-540 to=900"},
    {"excluding", ENT_AGG_SHARE, ENT_MISSING_DOWN, true, -1, -1,
     "1/7 of 1-0 from=-540 to=900 missing=6 excluded=3"},
    {"excluding at most 2m", ENT_AGG_SHARE, ENT_MISSING_DOWN, true, 2, -1,
     "1/4 of 2-0 from=-540 to=900 missing=6 excluded=2"},
    /* up [0,1) and [4,5): the minutes between are excluded */
    {"time share, excluding", ENT_AGG_TIME_SHARE, ENT_MISSING_DOWN, true, -1, -1,
     "2/7 of 1-0 from=-540 to=900 excluded=3"},
    {"longest", ENT_AGG_LONGEST, ENT_MISSING_UNSAID, false, -1, SPAN_MAINTENANCE,
     "420000000000 of 0-0 from=-540 to=900"},
    {"time in", ENT_AGG_TIME_IN, ENT_MISSING_UNSAID, false, -1, SPAN_MAINTENANCE,
     "540000000000 of 0-0 from=-540 to=900"},
    {"time outside", ENT_AGG_TIME_OUTSIDE, ENT_MISSING_UNSAID, false, -1, SPAN_MAINTENANCE,
     "1/10 of 0-0 from=-540 to=900"},
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
        ent_objective_row row =
            prog_objective(&x, agreement, "figure", ratio ? ENT_TYPE_RATIO : ENT_TYPE_DURATION);
        row.missing = c->missing;
        if (c->excluding) {
            row.first_excluding =
                prog_use(&x, -1, SPAN_MAINTENANCE, PROBE, x.key_service,
                         c->at_most_minutes < 0 ? -1 : c->at_most_minutes * MINUTE_NS);
            row.n_excluding = 1;
        }
        (void)ent_builder_add_objective(x.b, row);
        ent_image *p = prog_load(&x);
        /* the period is ten minutes: the window is provisional, its figure is that of the period */
        char expected[128];
        snprintf(expected, sizeof expected, "provisional %s", c->expected);
        expect_all(c->name, p, &all, between(0, 10), expected);
        ent_image_destroy(p);
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
    ent_image *p = prog_load(&x);
    facts all = facts_of("0 hosting up; 1 hosting down; 2 hosting up; 3 hosting unknown; 5 B "
                         "opened NetCo; 6 A opened NetCo;"
                         "7 A noted HostCo; 8 A noted HostCo; 9 A noted");
    /* the window is eleven minutes: --from 889, and the day ends at 900 */
    for (size_t i = 0; i < all.n; i++) {
        all.v[i].at += 889 * MINUTE_NS;
    }
    expect_all("subjects", p, &all, between(889, 900),
               "hosting breach 1/5 of 3-1 from=-540 to=900 missing=7 absent=1 | network breach 0 "
               "of 0-0 from=-540 to=900 missing=11 | "
               "A/HostCo met 2 of 2-0 from=-540 to=900 | A/NetCo met 1 of 1-0 from=-540 to=900 | "
               "B/NetCo met 1 of 1-0 from=-540 to=900");
    free(all.v);
    ent_image_destroy(p);
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
    facts all = facts_of(
        "0 A opened; 899 B opened; 900 C opened; 2340+-1ns D opened; 3780 E opened; 4000 F opened");
    prog x = prog_new();
    count_each(&x, prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO), ENT_UNIT_DAY);
    ent_image *p = prog_load(&x);
    expect_all("days", p, &all, between(-540, 4500),
               "met 2 of 2-0 from=-540 to=900 | met 2 of 2-0 from=900 to=2340 | no_data none of "
               "0-0 from=2340 to=3780 | "
               "provisional 2 of 2-0 from=3780 to=5220");
    expect_all("the window at the end is final", p, &all, between(1000, 3780),
               "met 1 of 1-0 from=900 to=2340 | no_data none of 0-0 from=2340 to=3780");
    ent_image_destroy(p);

    x = prog_new();
    count_each(&x, prog_agreement(&x, 1, ENT_NO_DAY_FROM, BASE_DAY + 1), ENT_UNIT_WEEK);
    count_each(&x, prog_agreement(&x, 2, BASE_DAY + 2, ENT_NO_DAY_TO), ENT_UNIT_WEEK);
    p = prog_load(&x);
    expect_all("parts", p, &all, between(-540, 9540),
               "met 4 of 4-0 from=-540 to=2340 | met 2 of 2-0 from=2340 to=9540");
    ent_image_destroy(p);

    x = prog_new();
    count_each(&x, prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO), ENT_UNIT_ROLLING);
    x.b->objective.v[0].roll_ns = 2 * DAY_NS;
    x.b->objective.v[0].every_days = 1;
    p = prog_load(&x);
    expect_all("rolling", p, &all, between(-540, 4500),
               "met 4 of 4-0 from=-540 to=2340 | met 2 of 2-0 from=900 to=3780");
    ent_image_destroy(p);
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
    ent_image *p = prog_load(&x);
    facts all = facts_of(
        "0 A opened NetCo; 60 A resolved; 0 B opened NetCo; 300 B resolved; 100 D opened HostCo;"
        "800 C opened; 2000 C resolved; 940 E opened HostCo; 950 E resolved;"
        "10 F opened vip NetCo; 2001 F resolved; 2400 G opened");
    /* of day one: A met, B and D not (F is excused); of day two: C ran out, E met; G is no outcome
     * yet */
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
    ent_image_destroy(p);
}

/* --- credits --- */

static void test_credits(void **state)
{
    (void)state;
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    int64_t none =
        ent_builder_add_amount(x.b, (ent_amount_row){0, -1, -1, 0, prog_text(&x, "none"), -1});
    int64_t five = ent_builder_add_amount(
        x.b, (ent_amount_row){1, prog_ratio(&x, 1, 20), -1, 0, prog_text(&x, "5% of charge"), -1});
    int64_t most = ent_builder_add_amount(
        x.b, (ent_amount_row){1, prog_ratio(&x, 3, 50), -1, 0, prog_text(&x, "6%"), -1});
    x.b->agreement.v[agreement].first_cap =
        ent_builder_add_cap(x.b, (ent_cap_row){most, ENT_UNIT_MONTH, 0, 0, x.place});
    x.b->agreement.v[agreement].n_caps = 1;
    ent_fold_row fold = prog_fold(&x, ENT_AGG_SHARE, TICKET);
    fold.test = RESOLVED;
    (void)ent_builder_add_fold(x.b, fold);
    ent_objective_row row = prog_objective(&x, agreement, "figure", ENT_TYPE_RATIO);
    row.target = prog_ratio(&x, 1, 2);
    row.first_step = ent_builder_add_step(
        x.b, (ent_step_row){ENT_CMP_AT_LEAST, prog_ratio(&x, 1, 2), none, x.place});
    (void)ent_builder_add_step(x.b, (ent_step_row){ENT_CMP_OTHERWISE, -1, five, x.place});
    row.n_steps = 2;
    row.earn_back = prog_ratio(&x, 1, 2);
    row.earn_windows = 2;
    (void)ent_builder_add_objective(x.b, row);
    ent_image *p = prog_load(&x);
    facts all =
        facts_of("0 A opened; 1000 A opened; 2500 A resolved; 4000 A resolved; 5300 A resolved");
    expect_all("ladder, cap, earning back", p, &all, between(-540, 6660),
               "breach 0 of 1-1 from=-540 to=900 credit=50.00 | breach 0 of 1-1 from=900 to=2340 "
               "credit=10.00 | "
               "met 1 of 1-0 from=2340 to=3780 | met 1 of 1-0 from=3780 to=5220 credit=-5.00 | "
               "met 1 of 1-0 from=5220 to=6660");
    free(all.v);
    ent_image_destroy(p);

    /* a rate: GBP 1.00 for each started minute above ten, at most GBP 3.00 */
    static const struct {
        int64_t spent_ns;
        const char *credit;
    } rates[] = {{10 * MINUTE_NS, ""},
                 {10 * MINUTE_NS + 1, "1.00"},
                 {11 * MINUTE_NS, "1.00"},
                 {11 * MINUTE_NS + 1, "2.00"},
                 {99 * MINUTE_NS, "3.00"}};
    x = prog_new();
    agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    fold = prog_fold(&x, ENT_AGG_SUM, TICKET);
    fold.value = S_SPENT;
    fold.value_type = ENT_TYPE_DURATION;
    (void)ent_builder_add_fold(x.b, fold);
    row = prog_objective(&x, agreement, "figure", ENT_TYPE_DURATION);
    row.compare = ENT_CMP_AT_MOST;
    row.target = prog_ratio(&x, 10 * MINUTE_NS, 1);
    row.rate_amount = ent_builder_add_amount(
        x.b, (ent_amount_row){2, prog_ratio(&x, 1, 1), -1, 0, prog_text(&x, "GBP 1"), -1});
    row.rate_max = ent_builder_add_amount(
        x.b, (ent_amount_row){2, prog_ratio(&x, 3, 1), -1, 0, prog_text(&x, "GBP 3"), -1});
    row.rate_per = prog_ratio(&x, MINUTE_NS, 1);
    row.rate_above = 1;
    (void)ent_builder_add_objective(x.b, row);
    p = prog_load(&x);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        all = facts_of("0 A opened");
        all.v[0].spent_ns = rates[i].spent_ns;
        char expected[128];
        snprintf(expected, sizeof expected, "%s %lld of 1-0 from=-540 to=900%s%s",
                 i ? "breach" : "met", (long long)rates[i].spent_ns, i ? " credit=" : "",
                 rates[i].credit);
        expect_all("rate", p, &all, between(-540, 900), expected);
        free(all.v);
    }
    ent_image_destroy(p);
}

/* Two clauses breach for one ticket at one instant: the first in the source takes what the cap leaves. */
static void test_capped_ties(void **state)
{
    (void)state;
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    int64_t most = ent_builder_add_amount(
        x.b, (ent_amount_row){2, prog_ratio(&x, 15, 1), -1, 0, prog_text(&x, "GBP 15"), -1});
    x.b->agreement.v[agreement].first_cap =
        ent_builder_add_cap(x.b, (ent_cap_row){most, ENT_UNIT_MONTH, 0, 0, x.place});
    x.b->agreement.v[agreement].n_caps = 1;
    ent_duty_row duty = prog_duty(&x, agreement);
    shape_credit(&x, &duty);
    duty.discharge = prog_pattern(&x, RESOLVED, OPENED);
    x.b->allow.v[duty.first_allow].ns = 0;
    (void)ent_builder_add_duty(x.b, duty);
    duty.name = prog_text(&x, "again");
    (void)ent_builder_add_duty(x.b, duty);
    ent_image *p = prog_load(&x);
    facts all = facts_of("0 A opened; 10 A opened; 20 A resolved");
    expect_all("ties", p, &all, until(30),
               "A breach at=0 due=0 done=10 elapsed=10 allowed=0 credit=2.50 | "
               "A breach at=0 due=0 done=10 elapsed=10 allowed=0 credit=12.50 | "
               "A breach at=10 due=10 done=20 elapsed=10 allowed=0 credit=0.00 | "
               "A breach at=10 due=10 done=20 elapsed=10 allowed=0 credit=0.00");
    free(all.v);
    ent_image_destroy(p);
}

/* A sum that does not fit is an error with its place, never a wrapped number. */
static void test_too_large(void **state)
{
    (void)state;
    static const kind_case c = {ENT_AGG_SUM, ENT_TYPE_INT, S_TRIES, S_NO_TRIES, ""};
    ent_image *p = one_fold(&c);
    facts all = facts_of("0 A opened; 1 B opened");
    all.v[0].tries = all.v[1].tries = INT64_MAX;
    telling out = {0};
    ent_fault error;
    drive_plan plan = between(-540, 900);
    assert_null(drive(p, &all, &plan, &out, &error));
    assert_int_equal(error.code, ENT_FAULT_DATA);
    assert_string_equal(error.message, "a sum over the window's rows does not fit");
    assert_int_equal(error.place, 0);
    free(out.v);
    free(all.v);
    ent_image_destroy(p);
}

/* --- pieces --- */

typedef struct figure {
    int64_t kind, type, slot, absent, select, test, compare, target;
} figure;

/* Adds the fold of figure i; its objective is for the caller to finish and to add. */
static ent_objective_row figure_row(prog *x, int64_t agreement, size_t i, const figure *g, bool by_service)
{
    char name[16];
    snprintf(name, sizeof name, "%c_figure", (char)('a' + i));
    ent_fold_row fold = prog_fold(x, g->kind, PROBE);
    fold.select = g->select;
    fold.test = g->test;
    fold.value = g->slot;
    fold.absent = g->absent;
    fold.percent = g->kind == ENT_AGG_PERCENTILE ? prog_ratio(x, 19, 20) : -1;
    fold.first_group = x->key_service;
    fold.n_groups = by_service;
    (void)ent_builder_add_fold(x->b, fold);
    ent_objective_row row = prog_objective(x, agreement, name, g->kind == ENT_AGG_AVERAGE ? ENT_TYPE_RATIO : g->type);
    set_types(x, &x->b->fold.v[x->b->fold.n - 1], &row, g->slot < 0 ? ENT_TYPE_NONE : g->type);
    row.compare = g->compare;
    row.window = ENT_UNIT_DAY;
    row.target = prog_ratio(x, g->target, 1);
    if (by_service) {
        row.subject = 2;
        row.subject_field = prog_text(x, "service");
        row.subject_type = ENT_TYPE_SERVICE;
    }
    return row;
}

/* Figures of every kind whose folds are prepared, and of some that are not, each day or in windows that overlap, for all rows and by
 * ticket; upper and lower limits, and what is at the limit or near the ends of 64 bits. */
static ent_image *many_folds(void)
{
    static const figure folds[] = {
        {ENT_AGG_SHARE, ENT_TYPE_RATIO, -1, PS_NO_UP, -1, PS_UP, ENT_CMP_AT_LEAST, 1},
        {ENT_AGG_SHARE, ENT_TYPE_RATIO, -1, -1, -1, PS_UP, ENT_CMP_AT_LEAST, 1},
        {ENT_AGG_SHARE, ENT_TYPE_RATIO, -1, -1, PS_HOSTING, PS_UP, ENT_CMP_AT_MOST, 0},
        {ENT_AGG_COUNT, ENT_TYPE_INT, -1, -1, PS_UP, -1, ENT_CMP_AT_MOST, 20},
        {ENT_AGG_COUNT, ENT_TYPE_INT, -1, -1, -1, -1, ENT_CMP_AT_LEAST, 20},
        {ENT_AGG_SUM, ENT_TYPE_DURATION, PS_LATENCY, PS_NO_LATENCY, PS_UP, -1, ENT_CMP_AT_LEAST, 7},
        {ENT_AGG_AVERAGE, ENT_TYPE_DURATION, PS_LATENCY, PS_NO_LATENCY, -1, -1, ENT_CMP_AT_MOST, 5},
        {ENT_AGG_AVERAGE, ENT_TYPE_DURATION, PS_LATENCY, -1, -1, -1, ENT_CMP_BELOW, 5 * MINUTE_NS},
        {ENT_AGG_AVERAGE, ENT_TYPE_DURATION, PS_LATENCY, -1, -1, -1, ENT_CMP_BELOW, 100},
        {ENT_AGG_PERCENTILE, ENT_TYPE_DURATION, PS_LATENCY, PS_NO_LATENCY, -1, -1, ENT_CMP_AT_LEAST, 3},
        {ENT_AGG_PERCENTILE, ENT_TYPE_DURATION, PS_LATENCY, -1, -1, -1, ENT_CMP_AT_MOST, 6},
        {ENT_AGG_MEDIAN, ENT_TYPE_DURATION, PS_LATENCY, PS_NO_LATENCY, PS_HOSTING, -1, ENT_CMP_BELOW, 5 * MINUTE_NS},
        {ENT_AGG_FIRST, ENT_TYPE_DURATION, PS_LATENCY, PS_NO_LATENCY, -1, -1, ENT_CMP_AT_LEAST, 1},
        {ENT_AGG_LAST, ENT_TYPE_DURATION, PS_LATENCY, PS_NO_LATENCY, -1, -1, ENT_CMP_AT_MOST, 3},
    };
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    for (size_t i = 0; i < 2 * sizeof folds / sizeof *folds; i++) {
        size_t k = i / 2;
        ent_objective_row row = figure_row(&x, agreement, i, &folds[k], i % 2 == 1);
        row.window = k % 3 == 0 ? ENT_UNIT_ROLLING : ENT_UNIT_DAY;
        row.roll_ns = k % 3 == 0 ? 120 * MINUTE_NS : 0;
        row.every_ns = k % 3 == 0 ? 30 * MINUTE_NS : 0;
        row.missing = k % 2 ? ENT_MISSING_DOWN : ENT_MISSING_UNSAID;
        (void)ent_builder_add_objective(x.b, row);
    }
    return prog_load(&x);
}

/* Figures by service and day, all that slices have a gist for. */
static ent_image *folds_with_gist(void)
{
    static const figure folds[] = {
        {ENT_AGG_SHARE, ENT_TYPE_RATIO, -1, PS_NO_UP, -1, PS_UP, ENT_CMP_AT_LEAST, 1},
        {ENT_AGG_COUNT, ENT_TYPE_INT, -1, PS_NO_UP, -1, PS_UP, ENT_CMP_AT_MOST, 20},
        {ENT_AGG_SUM, ENT_TYPE_DURATION, PS_LATENCY, PS_NO_LATENCY, -1, -1, ENT_CMP_AT_MOST, 7},
        {ENT_AGG_AVERAGE, ENT_TYPE_DURATION, PS_LATENCY, PS_NO_LATENCY, -1, -1, ENT_CMP_AT_LEAST, 1},
        {ENT_AGG_AVERAGE, ENT_TYPE_DURATION, PS_LATENCY, -1, -1, -1, ENT_CMP_BELOW, 8},
        {ENT_AGG_PERCENTILE, ENT_TYPE_DURATION, PS_LATENCY, PS_NO_LATENCY, -1, -1, ENT_CMP_AT_MOST, 6},
        {ENT_AGG_MEDIAN, ENT_TYPE_DURATION, PS_LATENCY, PS_NO_LATENCY, -1, -1, ENT_CMP_AT_LEAST, 1},
    };
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    x.b->feed.v[PROBE].interval_ns = 0;
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
        ent_objective_row row = figure_row(&x, agreement, i, &folds[i], true);
        row.single = folds[i].kind != ENT_AGG_COUNT && folds[i].kind != ENT_AGG_SUM;
        (void)ent_builder_add_objective(x.b, row);
    }
    return prog_load(&x);
}

/* Rows on few instants, many of them at ends of windows; wide: some values fit neither 32 bits nor sums in 64. */
static facts many_rows(uint64_t *seed, bool wide)
{
    facts all = {0};
    size_t n = 50 + (size_t)(next_random(seed) % 400);
    for (size_t i = 0; i < n; i++) {
        uint64_t r = next_random(seed);
        int64_t minute = (int64_t)(r % 3) == 0 ? 900 + 60 * (int64_t)(r / 3 % 4) : 700 + 7 * (int64_t)(r / 3 % 60);
        fact *f = facts_add(&all, PROBE, BASE_NS + minute * MINUTE_NS);
        f->service = r / 1000 % 7 == 0 ? NO_VALUE : r / 1000 % 2 ? HOSTING : NETWORK;
        f->up = r / 10000 % 9 == 0 ? NO_VALUE : r / 100000 % 5 > 0;
        f->latency_ns = r / 1000000 % 7 == 0 ? NO_VALUE : (int64_t)(r / 10000000 % 9);
        f->latency_ns = wide && r / 7 % 11 == 0 ? INT64_MAX / 1000 - (int64_t)(r % 9) : f->latency_ns;
        f->line = (int64_t)i + 1;
    }
    return all;
}

/* The same where few are bad, and now and then something is absent or wide. */
static facts good_rows(uint64_t *seed)
{
    facts all = many_rows(seed, next_random(seed) % 5 == 0);
    bool complete = next_random(seed) % 5 > 0;
    for (size_t i = 0; i < all.n; i++) {
        fact *f = &all.v[i];
        uint64_t r = next_random(seed);
        f->up = f->up == NO_VALUE && !complete ? f->up : r % 19 > 0;
        f->latency_ns = f->latency_ns == NO_VALUE && complete ? 3 : f->latency_ns;
        f->latency_ns = f->latency_ns < 9 && f->latency_ns != NO_VALUE && r / 100 % 15 > 0
                            ? 2 + (int64_t)(r / 1500 % 5)
                            : f->latency_ns;
    }
    return all;
}

static void expect_pieces(ent_image *p, facts (*rows)(uint64_t *seed), size_t least)
{
    uint64_t seed = 7;
    for (int round = 0; round < 60; round++) {
        facts all = rows(&seed);
        telling whole = {0};
        telling pieces = {0};
        ent_fault error;
        drive_plan plan = round % 3 == 0   ? between(-540, 5220)
                          : round % 3 == 1 ? between(850, 960) /* rows before it and after it */
                                           : (drive_plan){.has_to = false};
        plan.lanes_max = lanes[round % 3];
        plan.seed = next_random(&seed);
        plan.mode = DRIVE_BATCH;
        ent_engine *s = drive(p, &all, &plan, &whole, &error);
        if (!s) {
            fail_msg("pieces, round %d: %s", round, error.message);
        }
        assert_true(drive_pieces(p, &all, &plan, &pieces));
        assert_int_equal(pieces.n, whole.n);
        assert_true(whole.n > least);
        for (size_t i = 0; i < whole.n; i++) {
            char a[256];
            char b[256];
            decision_text(&whole.v[i], a, sizeof a);
            decision_text(&pieces.v[i], b, sizeof b);
            assert_string_equal(b, a);
            assert_string_equal(pieces.v[i].answer, whole.v[i].answer);
        }
        ent_engine_free(s);
        free(whole.v);
        free(pieces.v);
        free(all.v);
    }
    ent_image_destroy(p);
}

static facts rows_of_all_kinds(uint64_t *seed)
{
    return many_rows(seed, next_random(seed) % 2 == 0);
}

static void test_pieces(void **state)
{
    (void)state;
    expect_pieces(many_folds(), rows_of_all_kinds, 28);
}

static void test_gists(void **state)
{
    (void)state;
    n_gists = 0;
    expect_pieces(folds_with_gist(), good_rows, 6);
    assert_in_range(n_gists, 200, 60 * 450 / 12); /* of some pieces, and not of all */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),     cmocka_unit_test(test_no_data),
        cmocka_unit_test(test_targets),   cmocka_unit_test(test_sampled),
        cmocka_unit_test(test_subjects),  cmocka_unit_test(test_windows),
        cmocka_unit_test(test_outcomes),  cmocka_unit_test(test_credits),
        cmocka_unit_test(test_capped_ties),
        cmocka_unit_test(test_too_large), cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_gists),
    };
    return cmocka_run_group_tests_name("objectives", tests, NULL, NULL);
}
