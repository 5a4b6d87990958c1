/* What the engine does when memory runs out: allocation n fails, for n = 1, 2, ... until none is
 * left to fail. Each time the failure must come back as an error value, and a run that does not
 * fail must decide the same. Leaks are the sanitised build's to find.
 *
 * Wants to be linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc; without, it skips itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/state/standing.h"
#include "tests/unit/state_saved.h"

#include "tests/unit/state_everything.h"

void *__real_malloc(size_t size) __attribute__((weak));
void *__real_calloc(size_t n, size_t size) __attribute__((weak));
void *__real_realloc(void *p, size_t size) __attribute__((weak));
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

/* 0: nothing fails; else the allocation that brings it to 0 fails, and all after it if `for_ever`.
 */
static uint64_t countdown;
static bool for_ever, failed;

static bool fails(void)
{
    if (failed && for_ever) {
        return true;
    }
    if (countdown > 0 && --countdown == 0) {
        failed = true;
        return true;
    }
    return false;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

static bool is_wrapped(void)
{
    return __real_malloc != NULL && __real_calloc != NULL && __real_realloc != NULL;
}

static void fail_at(uint64_t n, bool ever)
{
    countdown = n;
    failed = false;
    for_ever = ever;
}

static bool stop_failing(void)
{
    bool was = failed;
    fail_at(0, false);
    return was;
}

static void same_texts(const telling *a, const telling *b, uint64_t n)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        char x[256];
        char y[256];
        decision_text(&a->v[i], x, sizeof x);
        decision_text(&b->v[i], y, sizeof y);
        if (strcmp(x, y) != 0) {
            fail_msg("allocation %llu: %s instead of %s", (unsigned long long)n, y, x);
        }
    }
}

static uint64_t sweep(const ent_image *p, const facts *all, drive_mode mode, bool ever,
                      const telling *expected)
{
    drive_plan plan = between(0, 3000);
    plan.mode = mode;
    plan.seed = 7;
    plan.notices = true;
    for (uint64_t n = 1;; n++) {
        telling out = {0};
        ent_fault error = {0};
        fail_at(n, ever);
        ent_engine *s = drive(p, all, &plan, &out, &error);
        bool did = stop_failing();
        if (s) {
            same_texts(expected, &out, n);
        } else {
            assert_int_equal(error.code, ENT_FAULT_ENVIRONMENT);
            assert_true(error.message[0] != 0);
        }
        ent_engine_free(s);
        free(out.v);
        if (!did) {
            assert_non_null(s);
            return n;
        }
    }
}

static void test_sessions(void **state)
{
    (void)state;
    if (!is_wrapped()) {
        skip();
    }
    ent_image *p = everything();
    uint64_t seed = 5;
    facts all = random_facts(&seed, 80);
    telling expected = {0};
    ent_fault error;
    drive_plan plan = between(0, 3000);
    plan.notices = true;
    ent_engine *s = drive(p, &all, &plan, &expected, &error);
    assert_non_null(s);
    ent_engine_free(s);
    assert_true(sweep(p, &all, DRIVE_BATCH, false, &expected) > 500);
    assert_true(sweep(p, &all, DRIVE_CHUNKS, true, &expected) > 500);
    free(expected.v);
    free(all.v);
    ent_image_destroy(p);
}

/* A failed allocation leaves the engine as it was, and no half of a restored one. */
static uint64_t sweep_saving(const ent_engine *s, const stored *expected)
{
    for (uint64_t n = 1;; n++) {
        stored state = {.p = malloc(expected->n), .capacity = expected->n};
        ent_fault error = {0};
        fail_at(n, false);
        bool ok = ent_engine_save(s, store, &state, &error);
        bool did = stop_failing();
        assert_true(ok ? !did && state.n == expected->n &&
                             memcmp(state.p, expected->p, state.n) == 0
                       : did && error.code == ENT_FAULT_ENVIRONMENT && error.message[0] != 0);
        free(state.p);
        if (!did) {
            return n;
        }
    }
}

static uint64_t sweep_restoring(const ent_image *p, stored *saved)
{
    for (uint64_t n = 1;; n++) {
        telling out = {0};
        ent_fault error = {0};
        fail_at(n, false);
        ent_engine *s = restored(p, saved, &out, &error);
        bool did = stop_failing();
        assert_true(s ? !did : did && error.code == ENT_FAULT_ENVIRONMENT && error.message[0] != 0);
        ent_engine_free(s);
        free(out.v);
        if (!did) {
            return n;
        }
    }
}

static uint64_t sweep_merging(const ent_image *p, const facts *all, const drive_plan *plan)
{
    for (uint64_t n = 1;; n++) {
        telling out = {0};
        ent_fault error = {0};
        ent_engine_options options = plan_options(plan, &out);
        ent_engine *into = ent_engine_new(p, &options, &error);
        ent_engine *from = ent_engine_new(p, &options, &error);
        assert_true(push_runs(into, all->v, 40, &error));
        assert_true(push_runs(from, all->v + 40, all->n - 40, &error));
        fail_at(n, false);
        bool ok = ent_engine_merge(into, from, &error);
        bool did = stop_failing();
        assert_true(ok ? !did
                       : did && error.code == ENT_FAULT_ENVIRONMENT && error.message[0] != 0);
        ent_engine_free(into);
        ent_engine_free(from);
        free(out.v);
        if (!did) {
            return n;
        }
    }
}

static bool count_rows(void *user, const ent_engine *copy, const ent_standing_row *row)
{
    (void)copy;
    (void)row;
    ++*(size_t *)user;
    return true;
}

/* Some failures can be lived with, as where a span only keeps more than it must. */
static uint64_t sweep_standing(const ent_engine *s, int64_t at)
{
    size_t expected = 0;
    ent_fault none;
    assert_true(ent_engine_standing(s, at, count_rows, &expected, &none) && expected > 0);
    for (uint64_t n = 1;; n++) {
        size_t rows = 0;
        ent_fault error = {0};
        fail_at(n, false);
        bool ok = ent_engine_standing(s, at, count_rows, &rows, &error);
        bool did = stop_failing();
        assert_true(ok ? rows == expected
                       : did && error.code == ENT_FAULT_ENVIRONMENT && error.message[0] != 0);
        if (!did) {
            return n;
        }
    }
}

static void test_saving(void **state)
{
    (void)state;
    if (!is_wrapped()) {
        skip();
    }
    ent_image *p = everything();
    uint64_t seed = 5;
    facts all = random_facts(&seed, 80);
    qsort(all.v, all.n, sizeof *all.v, compare_facts);
    drive_plan plan = between(0, 6000);
    plan.notices = true;
    telling out = {0};
    ent_fault error;
    stored saved = {0};
    ent_engine_options options = plan_options(&plan, &out);
    ent_engine *s = ent_engine_new(p, &options, &error);
    assert_non_null(s);
    assert_true(drive_part(s, all.v, 60, 5, &error) && ent_engine_save(s, store, &saved, &error));
    assert_true(sweep_saving(s, &saved) > 10);
    assert_true(sweep_restoring(p, &saved) > 100);
    assert_true(sweep_merging(p, &all, &plan) > 10);
    assert_true(sweep_standing(s, all.v[65].at) > 200);
    ent_engine_free(s);
    free(saved.p);
    free(out.v);
    free(all.v);
    ent_image_destroy(p);
}

static void test_loading(void **state)
{
    (void)state;
    if (!is_wrapped()) {
        skip();
    }
    prog x = prog_new();
    (void)ent_builder_add_duty(
        x.b, prog_duty(&x, prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO)));
    ent_load_error error;
    for (uint64_t n = 1;; n++) {
        ent_bytes bytes = {0};
        ent_image *p = NULL;
        fail_at(n, false);
        error.message[0] = 0;
        bool ok = ent_builder_write(x.b, &bytes, error.message, sizeof error.message) &&
                  ent_image_decode(bytes.p, bytes.n, &p, &error);
        bool did = stop_failing();
        assert_true(ok || (did && error.message[0] != 0));
        assert_true(ok == (p != NULL));
        ent_image_destroy(p);
        ent_bytes_deinit(&bytes);
        if (!did) {
            assert_true(n > 5);
            break;
        }
    }
    ent_builder_free(x.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_saving),
        cmocka_unit_test(test_loading),
    };
    return cmocka_run_group_tests_name("state memory", tests, NULL, NULL);
}
