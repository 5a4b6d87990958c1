/* The engine's containers, folds and sessions; and that nothing depends on how the facts come: all
 * at once, row by row, in chunks, shuffled, with any number of lanes.  ENT_STATE_SEED in the
 * environment sets the first seed, which a failure names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/state/state.h"
#include "tests/unit/state_drive.h"
#include "tests/unit/state_everything.h"

/* --- everything at once, at random, however it comes --- */

#define SAME(field)                                                                                \
    if (memcmp(&a->field, &b->field, sizeof a->field) != 0) {                                      \
        return #field;                                                                             \
    }

/* The first field in which two decisions differ, or NULL.  Subjects are compared as texts: their
 * numbers depend on the order of arrival, and nothing else may. */
static const char *difference(const told *x, const told *y)
{
    const ent_verdict *a = &x->d;
    const ent_verdict *b = &y->d;
    if (strcmp(x->subject, y->subject) != 0) {
        return "subject";
    }
    SAME(kind)
    SAME(status) SAME(has_measure) SAME(measure_is_number) SAME(has_due) SAME(has_done) SAME(open)
        SAME(has_credit) SAME(final) SAME(has_budget) SAME(clause) SAME(has_subject) SAME(final_ns)
            SAME(from_ns) SAME(to_ns) SAME(at_ns) SAME(due_ns) SAME(done_ns) SAME(elapsed_ns)
                SAME(allowed_ns) SAME(measure.num) SAME(measure.den) SAME(measure_f) SAME(counts)
                    SAME(credit_fraction.num) SAME(credit_fraction.den) SAME(credit_minor)
                        SAME(credit_earned) SAME(credit_rule) SAME(budget_left.num)
                            SAME(budget_left.den) SAME(burn_rate.num) SAME(burn_rate.den)
                                SAME(cause_origin) return NULL;
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
    ent_image *p = everything();
    for (int round = 0; round < 6; round++, seed++) {
        uint64_t random = seed;
        facts all = random_facts(&random, 300);
        for (int period = 0; period < 2; period++) {
            telling expected = {0};
            ent_fault error;
            drive_plan plan = period ? between(333, 3500) : (drive_plan){0};
            ent_engine *s = drive(p, &all, &plan, &expected, &error);
            if (!s) {
                fail_msg("seed %llu: %s", (unsigned long long)seed, error.message);
            }
            assert_true(expected.n > 100);
            ent_engine_free(s);
            for (size_t m = 0; m < 4; m++) {
                for (size_t k = 0; k < 3; k++) {
                    telling out = {0};
                    char what[64];
                    snprintf(what, sizeof what, "seed %llu, mode %zu, lanes %u",
                             (unsigned long long)seed, m, lanes[k]);
                    plan.mode = modes[m];
                    plan.lanes_max = lanes[k];
                    plan.seed = seed * 100 + k;
                    s = drive(p, &all, &plan, &out, &error);
                    if (!s) {
                        fail_msg("%s: %s", what, error.message);
                    }
                    compare_tellings(&expected, &out, what);
                    ent_engine_free(s);
                    free(out.v);
                }
            }
            free(expected.v);
        }
        free(all.v);
    }
    ent_image_destroy(p);
}

/* --- sessions --- */

static void test_late_rows(void **state)
{
    (void)state;
    ent_image *p = one_duty(shape_plain);
    telling out = {0};
    ent_fault error;
    ent_engine_options options = {.on_decision = tell, .user = &out};
    ent_engine *s = ent_engine_new(p, &options, &error);
    assert_non_null(s);
    facts all = facts_of("100 A opened; 99 B opened; 100 A resolved; 50 D opened; 150 C opened");
    /* a watermark below the first row says nothing about where the period begins */
    assert_true(facts_push(s, &all.v[0], 1, &error));
    assert_true(ent_engine_advance(s, BASE_NS + 60 * MINUTE_NS, &error));
    assert_true(facts_push(s, &all.v[1], 1, &error));
    assert_true(ent_engine_advance(s, BASE_NS + 100 * MINUTE_NS, &error));
    int64_t from, to;
    (void)ent_engine_period(s, &from, &to);
    assert_int_equal((from - BASE_NS) / MINUTE_NS, 99);
    assert_true(
        facts_push(s, &all.v[2], 3, &error)); /* the row at the watermark is in time, D is late */
    assert_int_equal(ent_engine_feed_totals(s, TICKET)->late, 1);
    assert_int_equal(ent_engine_feed_totals(s, TICKET)->rows, 5);
    assert_true(ent_engine_advance(s, BASE_NS, &error)); /* backwards: nothing */
    assert_true(ent_engine_finish(s, &error));
    char text[TEXT_MAX];
    join(&out, text, sizeof text);
    assert_string_equal(text, "A met at=100 due=340 done=100 elapsed=0 allowed=240 | "
                              "B provisional at=99 due=339 elapsed=51+1ns allowed=240 open | "
                              "C provisional at=150 due=390 elapsed=0+1ns allowed=240 open");
    assert_true(ent_engine_period(s, &from, &to));
    assert_int_equal(to, BASE_NS + 150 * MINUTE_NS + 1);
    assert_false(facts_push(s, &all.v[0], 1, &error));
    assert_int_equal(error.code, ENT_FAULT_USAGE);
    ent_engine_free(s);
    free(out.v);
    free(all.v);
    ent_image_destroy(p);
}

static void test_misuse(void **state)
{
    (void)state;
    prog x = prog_new();
    ent_duty_row duty = prog_duty(&x, prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO));
    int64_t outcomes = prog_outcomes(&x, ent_builder_add_duty(x.b, duty));
    ent_image *p = prog_load(&x);
    ent_fault error;
    ent_engine_options options = {0};
    ent_engine *s = ent_engine_new(p, &options, &error);
    assert_non_null(s);
    ent_vector columns[FACT_FIELDS] = {0};
    assert_false(ent_engine_push(s, -1, columns, 1, NULL, &error));
    assert_false(ent_engine_push(s, 99, columns, 1, NULL, &error));
    assert_false(ent_engine_push(s, outcomes, columns, 1, NULL, &error));
    assert_int_equal(error.code, ENT_FAULT_USAGE);
    /* a field that a clause reads has to come with its column */
    assert_false(ent_engine_push(s, TICKET, columns, 1, NULL, &error));
    assert_int_equal(error.code, ENT_FAULT_USAGE);
    ent_engine_free(s);

    options.zone_dir = "/nowhere";
    s = ent_engine_new(p, &options, &error);
    assert_non_null(s); /* UTC needs no file */
    ent_engine_free(s);
    ent_image_destroy(p);
}

/* Rows with source lines among rows without: each keeps its own. */
static void test_origins(void **state)
{
    (void)state;
    ent_image *p = one_duty(shape_plain);
    telling out = {0};
    ent_fault error;
    ent_engine_options options = {.on_decision = tell, .user = &out};
    ent_engine *s = ent_engine_new(p, &options, &error);
    static const struct {
        const char *id;
        int64_t minute, line;
    } rows[] = {{"A", 0, 0}, {"B", 2, 0}, {"C", 1, 41}, {"D", 3, 42}, {"E", 4, 0}};
    for (size_t i = 0; i < 5; i++) {
        int64_t at = BASE_NS + rows[i].minute * MINUTE_NS;
        int64_t id = ent_strings_intern(ent_engine_strings(s), rows[i].id, 1);
        int64_t event = OPENED;
        int64_t zero = 0;
        ent_q q = {0, 1};
        double f = 0;
        uint8_t b = 0;
        ent_vector columns[FACT_FIELDS];
        for (size_t k = 0; k < T_N; k++) {
            columns[k] = (ent_vector){ENT_CLASS_I, &zero, NULL};
        }
        columns[T_AT].data = &at;
        columns[T_ID].data = &id;
        columns[T_EVENT].data = &event;
        columns[T_COST] = columns[T_RATE] = (ent_vector){ENT_CLASS_Q, &q, NULL};
        columns[T_WEIGHT] = (ent_vector){ENT_CLASS_F, &f, NULL};
        columns[T_VIP] = (ent_vector){ENT_CLASS_B, &b, NULL};
        assert_true(
            ent_engine_push(s, TICKET, columns, 1, rows[i].line ? &rows[i].line : NULL, &error));
    }
    assert_true(ent_engine_advance(s, BASE_NS + 2 * MINUTE_NS, &error));
    assert_true(ent_engine_finish(s, &error));
    assert_int_equal(out.n, 5);
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 5; k++) {
            if (strcmp(out.v[i].subject, rows[k].id) == 0) {
                assert_int_equal(out.v[i].d.cause_origin, rows[k].line);
            }
        }
    }
    ent_engine_free(s);
    free(out.v);
    ent_image_destroy(p);
}

static bool refuse_decision(void *user, const ent_engine *s, const ent_verdict *d)
{
    (void)user;
    (void)s;
    (void)d;
    return false;
}

static void test_host_stops(void **state)
{
    (void)state;
    ent_image *p = one_duty(shape_plain);
    ent_fault error;
    ent_engine_options options = {.on_decision = refuse_decision};
    ent_engine *s = ent_engine_new(p, &options, &error);
    facts all = facts_of("0 A opened; 1 A resolved");
    assert_true(facts_push(s, all.v, 2, &error));
    assert_false(ent_engine_finish(s, &error));
    assert_string_equal(error.message, "stopped by the host");
    ent_engine_free(s);
    free(all.v);
    ent_image_destroy(p);
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

static void fold_rows(const ent_fold_row *fold, ent_fold_state *s, const ent_colbuf *values,
                      size_t begin, size_t end)
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

static void merge_equals_whole(const ent_fold_row *fold, const ent_colbuf *values, size_t n,
                               uint64_t *seed)
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
    ent_image p = {0};
    ent_constant percent = {.cls = ENT_CLASS_Q, .v.q = {3, 4}};
    p.constants = &percent;
    for (int missing = ENT_MISSING_UNSAID; missing <= ENT_MISSING_IGNORED; missing++) {
        ent_constant a = {0};
        ent_constant b = {0};
        bool a_absent, b_absent;
        ent_fault error = {0};
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
            bool valued = kind != ENT_AGG_SHARE && kind != ENT_AGG_COUNT &&
                          kind != ENT_AGG_TIME_SHARE && kind != ENT_AGG_LONGEST &&
                          kind < ENT_AGG_TIME_IN;
            ent_fold_row fold = {.kind = kind,
                                 .value = valued ? 0 : -1,
                                 .percent = 0,
                                 .span = -1,
                                 .value_type = valued ? types[t] : ENT_TYPE_NONE,
                                 .param = -1};
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
    assert_int_equal(map.n_used + map.n_hashed, 5000);
    assert_int_equal(ent_map_get(&map, INT64_MAX), ENT_MAP_NONE);
    ent_map_deinit(&map);
    ent_map_deinit(&map);
}

/* Keys one after another end in the array, wherever they begin and whatever was hashed before; far apart they do not. */
static void test_map_dense(void **state)
{
    (void)state;
    ent_map map = {0};
    for (int64_t i = 0; i < 20000; i++) {
        uint32_t *place = ent_map_at(&map, 9000 + i);
        assert_non_null(place);
        assert_int_equal(*place, ENT_MAP_NONE);
        *place = (uint32_t)i;
        if (i % 3 == 0) {
            *ent_map_at(&map, 9000 + i / 2) = ENT_MAP_NONE;
            *ent_map_at(&map, 9000 + i / 2) = (uint32_t)(i / 2);
        }
    }
    assert_int_equal(map.n_used + map.n_hashed, 20000);
    assert_true(map.n_dense > 29000 && map.n_dense < 150000 && map.n_hashed == 0);
    for (int64_t i = -100; i < 20100; i++) {
        assert_int_equal(ent_map_get(&map, 9000 + i), i < 0 || i >= 20000 ? ENT_MAP_NONE : i);
    }
    ent_map_deinit(&map);
    for (int64_t i = 0; i < 60; i++) {
        *ent_map_at(&map, INT64_C(1) << i) = (uint32_t)i;
        *ent_map_at(&map, INT64_C(1) << i) = ENT_MAP_NONE;
        *ent_map_at(&map, INT64_C(1) << i) = (uint32_t)i;
    }
    assert_true(map.n_dense <= 2048);
    assert_int_equal(ent_map_get(&map, INT64_C(1) << 40), 40);
    ent_map_deinit(&map);
}

static size_t pages_in_use(const ent_map *map)
{
    size_t n = 0;
    for (size_t i = 0; i * ENT_MAP_PAGE < map->n_dense; i++) {
        n += map->pages[i].values != NULL;
    }
    return n;
}

/* Keys that come and go, most in order: what is there keeps its value, and only pages with such keys are kept. */
static void test_map_drops(void **state)
{
    (void)state;
    enum { KEYS = 40000, THERE = 2500 };
    static bool is_there[KEYS];
    static bool has_come[KEYS];
    ent_map map = {0};
    size_t n_keys = 0;
    for (int64_t i = 0; i < KEYS + THERE; i++) {
        int64_t come = i % 50 == 0 ? i / 2 : i; /* again, or out of order */
        int64_t go = i - THERE;
        if (come < KEYS) {
            *ent_map_at(&map, come) = (uint32_t)come;
            is_there[come] = true;
            n_keys += !has_come[come];
            has_come[come] = true;
        }
        if (go >= 0 && is_there[go]) {
            ent_map_drop(&map, go);
            is_there[go] = false;
        }
        if (i % 1000 == 0) {
            for (int64_t key = 0; key < KEYS; key++) {
                assert_int_equal(ent_map_get(&map, key), is_there[key] ? key : ENT_MAP_NONE);
            }
        }
    }
    for (int64_t key = 0; key < KEYS; key++) {
        if (is_there[key]) {
            ent_map_drop(&map, key);
        }
    }
    assert_int_equal(pages_in_use(&map), 0);
    *ent_map_at(&map, KEYS - 1) = 7;
    assert_int_equal(pages_in_use(&map), 1);
    assert_int_equal(ent_map_get(&map, KEYS - 1), 7);
    assert_int_equal(map.n_used + map.n_hashed, n_keys);
    int64_t far = INT64_C(1) << 50;
    *ent_map_at(&map, far) = 8;
    ent_map_drop(&map, far);
    assert_int_equal(ent_map_get(&map, far), ENT_MAP_NONE);
    ent_map_deinit(&map);
}

static int compare_integers(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The median is selected, not sorted for: narrow and wide ranges, both ends of 64 bits, equal values. */
static void test_selection(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    static int64_t integers[MANY];
    static double numbers[MANY];
    uint64_t seed = 42;
    for (size_t round = 0; round < 300; round++) {
        size_t n = 1 + (size_t)(seed >> 33) % (round < 100 ? 5 : MANY);
        ent_fold_row as_integer = {.kind = ENT_AGG_MEDIAN, .value_type = ENT_TYPE_INT};
        ent_fold_row as_number = {.kind = ENT_AGG_MEDIAN, .value_type = ENT_TYPE_NUMBER};
        ent_fold_state of_integers = {0};
        ent_fold_state of_numbers = {0};
        for (size_t i = 0; i < n; i++) {
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            unsigned shift = (unsigned)(round % 64);
            integers[i] = (int64_t)(seed >> shift << (round % 3 ? 0 : shift));
            integers[i] = seed >> 61 == 0 ? INT64_MIN : seed >> 61 == 1 ? INT64_MAX : integers[i];
            numbers[i] = (double)(integers[i] / 3) * (round % 2 ? 1e-300 : 1e200);
            ent_colbuf c = {.cls = ENT_CLASS_I, .data = &integers[i], .n = 1};
            ent_colbuf d = {.cls = ENT_CLASS_F, .data = &numbers[i], .n = 1};
            assert_true(ent_fold_value(&as_integer, &of_integers, &c, 0));
            assert_true(ent_fold_value(&as_number, &of_numbers, &d, 0));
        }
        qsort(integers, n, sizeof *integers, compare_integers);
        qsort(numbers, n, sizeof *numbers, compare_numbers);
        for (int again = 0; again < 2; again++) { /* the values stay what they are */
            ent_constant out;
            bool absent;
            assert_true(ent_fold_result(NULL, &as_integer, &of_integers, 0, 0, &out, &absent, NULL));
            assert_int_equal(out.v.i, integers[(n - 1) / 2]);
            assert_true(ent_fold_result(NULL, &as_number, &of_numbers, 0, 0, &out, &absent, NULL));
            assert_true(out.v.f == numbers[(n - 1) / 2]);
        }
        ent_fold_deinit(&of_integers);
        ent_fold_deinit(&of_numbers);
    }
}

/* What `kind` of data brings next: one value, a narrow range, a skewed one with rare values far away, two distant
 * clusters, a range that moves, all of 32 bits. */
static int32_t kept_value(unsigned kind, uint64_t seed, size_t i)
{
    uint32_t r = (uint32_t)(seed >> 32);
    switch (kind) {
    case 0:
        return INT32_MIN;
    case 1:
        return (int32_t)(r % 700) - 350;
    case 2:
        return r % 50 == 0 ? INT32_MAX - (int32_t)(r % 9) : (int32_t)((r % 300) * (r / 300 % 300) / 20);
    case 3:
        return (r & 1 ? 2000000000 : -2000000000) + (int32_t)(r % 4096);
    case 4:
        return (int32_t)(i / 3 + r % 100);
    default:
        return (int32_t)r;
    }
}

static void keep_narrow(ent_fold_state *state, int32_t value)
{
    ent_value_chunk *chunk = ent_ranks_room(state);
    assert_non_null(chunk);
    chunk->v[chunk->n++] = value;
    state->n_narrow++;
}

/* Integers that are counted once there are many are the same values: against sorting, with whole ones beside them. */
static void test_kept(void **state)
{
    (void)state;
    enum { MANY = 60000 };
    static int64_t all[MANY];
    const ent_fold_row fold = {.kind = ENT_AGG_MEDIAN, .value_type = ENT_TYPE_INT};
    uint64_t seed = 7;
    for (unsigned kind = 0; kind < 6; kind++) {
        for (size_t n = 1; n <= MANY; n = n * 7 / 2 + 1) {
            ent_fold_state kept[2] = {0};
            ent_fold_state merged = {0};
            for (size_t i = 0; i < n; i++) {
                seed = seed * 6364136223846793005U + 1442695040888963407U;
                all[i] = kept_value(kind, seed, i);
                ent_fold_state *into = &kept[i % 3 == 0];
                if (seed % 64 == 0) {
                    all[i] += seed % 128 == 0 ? INT64_C(1) << 40 : 0;
                    ent_colbuf one = {.cls = ENT_CLASS_I, .data = &all[i], .n = 1};
                    assert_true(ent_fold_value(&fold, into, &one, 0));
                } else {
                    keep_narrow(into, (int32_t)all[i]);
                }
            }
            assert_true(ent_fold_merge(&fold, &merged, &kept[0]) && ent_fold_merge(&fold, &merged, &kept[1]));
            qsort(all, n, sizeof *all, compare_integers);
            for (size_t at = 0; at < n; at += 1 + n / 23) {
                int64_t found;
                assert_true(ent_ranks_select(&merged, at, &found));
                assert_int_equal(found, all[at]);
            }
            size_t counted = merged.counts ? merged.counts->n : 0;
            assert_true(n < 5000 || kind == 3 || kind == 5 || counted > n / 2);
            ent_fold_deinit(&kept[0]);
            ent_fold_deinit(&kept[1]);
            ent_fold_deinit(&merged);
        }
    }
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
    assert_int_equal(ent_tuples_intern(&tuples, words, 2),
                     1000); /* another width is another tuple */
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
    ent_vector from = {ENT_CLASS_I, (void *)(uintptr_t)numbers, NULL};
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
        cmocka_unit_test(test_any_arrival), cmocka_unit_test(test_late_rows),
        cmocka_unit_test(test_misuse),      cmocka_unit_test(test_origins),
        cmocka_unit_test(test_host_stops),  cmocka_unit_test(test_fold_merge),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_map_dense),
        cmocka_unit_test(test_map_drops),
        cmocka_unit_test(test_selection),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_tuples),
        cmocka_unit_test(test_colbuf),
    };
    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
