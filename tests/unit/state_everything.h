/* One program with clauses of every kind and random facts for it: what the tests of arrival and of
 * memory run. */
#ifndef ENT_TEST_STATE_EVERYTHING_H
#define ENT_TEST_STATE_EVERYTHING_H

#include "tests/unit/state_clauses.h"

static inline ent_image *everything(void)
{
    prog x = prog_new();
    int64_t first = prog_agreement(&x, 1, ENT_NO_DAY_FROM, BASE_DAY + 1);
    int64_t second = prog_agreement(&x, 2, BASE_DAY + 2, ENT_NO_DAY_TO);
    void (*const shapes[])(prog *, ent_duty_row *) = {
        shape_pausing,        shape_restart,        shape_resume,      shape_void,
        shape_assignment,     shape_following,      shape_retroactive, shape_visited,
        shape_excused_during, shape_office_pausing, shape_credit,      shape_changed};
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
        row.first_excluding =
            prog_use(&x, -1, SPAN_MAINTENANCE, PROBE, x.key_service, i % 2 ? 100 * MINUTE_NS : -1);
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

static inline facts random_facts(uint64_t *seed, size_t n)
{
    facts all = {0};
    for (size_t i = 0; i < n; i++) {
        int64_t minute = (int64_t)(next_random(seed) % 4000);
        char line[96];
        unsigned long long dice = next_random(seed);
        if (dice % 4 == 0) {
            snprintf(line, sizeof line, "%lld %s %s", (long long)minute,
                     prog_services[dice / 4 % 2],
                     dice / 8 % 9 == 0 ? "unknown"
                     : dice / 8 % 3    ? "up"
                                       : "down");
        } else if (dice % 16 == 1) {
            snprintf(line, sizeof line, "%lld %s %s", (long long)minute,
                     prog_services[dice / 16 % 2], prog_changes[dice / 32 % 2]);
        } else if (dice % 16 == 2) {
            snprintf(line, sizeof line, "%lld V%llu visits T%llu", (long long)minute, dice / 16 % 5,
                     dice / 80 % 6);
        } else {
            snprintf(line, sizeof line, "%lld T%llu %s %s %s %s", (long long)minute, dice / 16 % 6,
                     prog_events[dice / 96 % N_EVENTS],
                     dice / 1024 % 5 < 3 ? prog_priorities[dice / 1024 % 5] : "free",
                     dice / 8192 % 4 < 3 ? prog_parties[dice / 8192 % 4] : "free",
                     dice / 65536 % 7 ? "free" : "vip");
        }
        facts_line(&all, line);
        fact *f = &all.v[all.n - 1];
        if (f->feed == TICKET) {
            f->has_weight = next_random(seed) % 5 > 0;
            f->weight = (double)(int64_t)(next_random(seed) % 2000001 - 1000000) / 7.0;
            f->has_cost = next_random(seed) % 5 > 0;
            f->cost = q_of((int64_t)(next_random(seed) % 100000), 100);
            f->spent_ns =
                next_random(seed) % 5 ? (int64_t)(next_random(seed) % 1000000007) : NO_VALUE;
            f->tries = next_random(seed) % 5 ? (int64_t)(next_random(seed) % 9) : NO_VALUE;
            f->score = next_random(seed) % 5 ? (int64_t)(next_random(seed) % 900) : NO_VALUE;
        }
    }
    return all;
}
#endif
