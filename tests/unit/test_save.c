/* A saved engine: restored it goes on as if nothing had been, at whatever point it was saved;
 * bytes that are cut short, changed or made up are refused; and its size follows what is open.
 * Over random clubs and worlds: tests/property/save.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/state_saved.h"

#include "tests/unit/state_everything.h"

static void sort_facts(facts *all)
{
    qsort(all->v, all->n, sizeof *all->v, compare_facts);
}

static ent_engine *started(const ent_image *p, const drive_plan *plan, telling *out)
{
    ent_fault error;
    ent_engine_options options = plan_options(plan, out);
    ent_engine *s = ent_engine_new(p, &options, &error);
    assert_non_null(s);
    return s;
}

static void save_into(const ent_engine *s, stored *state)
{
    ent_fault error;
    *state = (stored){0};
    if (!ent_engine_save(s, store, state, &error)) {
        fail_msg("%s", error.message);
    }
}

static void same_text(const telling *a, const telling *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        char x[256];
        char y[256];
        decision_text(&a->v[i], x, sizeof x);
        decision_text(&b->v[i], y, sizeof y);
        assert_string_equal(x, y);
    }
}

/* Saved after every row and thrown away, it decides the same. */
static void test_at_every_point(void **state)
{
    (void)state;
    ent_image *p = everything();
    uint64_t seed = 11;
    facts all = random_facts(&seed, 120);
    sort_facts(&all);
    drive_plan plan = between(0, 3000);
    plan.notices = true;
    telling expected = {0};
    telling out = {0};
    ent_fault error;
    ent_engine *whole = drive(p, &all, &plan, &expected, &error);
    ent_engine *s = started(p, &plan, &out);
    for (size_t i = 0; i < all.n; i++) {
        stored first;
        stored second;
        assert_true(facts_push(s, &all.v[i], 1, &error));
        assert_true(i % 3 || i < 8 || ent_engine_advance(s, all.v[i - 7].at, &error));
        save_into(s, &first);
        ent_engine_free(s);
        s = restored(p, &first, &out, &error);
        if (!s) {
            fail_msg("after row %zu: %s", i, error.message);
        }
        assert_int_equal(first.at, first.n);
        save_into(s, &second);
        assert_int_equal(first.n, second.n);
        assert_memory_equal(first.p, second.p, first.n);
        free(first.p);
        free(second.p);
    }
    assert_true(ent_engine_finish(s, &error));
    same_text(&expected, &out);
    size_t n_expected;
    size_t n_found;
    const ent_warning *a = ent_engine_notices(whole, &n_expected);
    const ent_warning *b = ent_engine_notices(s, &n_found);
    assert_int_equal(n_expected, n_found);
    for (size_t i = 0; i < n_expected; i++) {
        assert_true(a[i].at_ns == b[i].at_ns && a[i].kind == b[i].kind &&
                    a[i].clause == b[i].clause && a[i].due_ns == b[i].due_ns);
    }
    ent_engine_free(whole);
    ent_engine_free(s);
    free(expected.v);
    free(out.v);
    free(all.v);
    ent_image_destroy(p);
}

/* A small state with something in every section. */
static void small_state(const ent_image *p, facts *all, stored *state)
{
    uint64_t seed = 3;
    ent_fault error;
    telling out = {0};
    drive_plan plan = between(0, 3000);
    plan.notices = true;
    *all = random_facts(&seed, 40);
    sort_facts(all);
    ent_engine *s = started(p, &plan, &out);
    assert_true(drive_part(s, all->v, 20, 4, &error));
    save_into(s, state);
    ent_engine_free(s);
    free(out.v);
}

static void test_damaged(void **state)
{
    (void)state;
    ent_image *p = everything();
    facts all;
    stored saved;
    ent_fault error;
    telling out = {0};
    small_state(p, &all, &saved);
    for (size_t n = 0; n < saved.n; n++) {
        stored cut = saved;
        cut.n = n;
        assert_null(restored(p, &cut, &out, &error));
        assert_int_equal(error.code, ENT_FAULT_DATA);
    }
    for (size_t at = 0; at < saved.n; at++) {
        saved.p[at] ^= (uint8_t)(1u << (at % 8));
        assert_null(restored(p, &saved, &out, &error));
        assert_true(error.code == ENT_FAULT_DATA || error.code == ENT_FAULT_USAGE);
        assert_true(error.message[0] != 0);
        saved.p[at] ^= (uint8_t)(1u << (at % 8));
    }
    free(saved.p);
    free(all.v);
    ent_image_destroy(p);
}

/* Bytes whose digest fits: an error, or an engine that can be run to its end whatever it then
 * decides. */
static void test_hostile(void **state)
{
    (void)state;
    ent_image *p = everything();
    facts all;
    stored saved;
    ent_fault error;
    size_t refused = 0;
    small_state(p, &all, &saved);
    stored copy = {.p = malloc(saved.n), .n = saved.n};
    size_t step = 2 * saved.n / 1500 + 1;
    uint64_t seed = 17;
    for (size_t at = 0; at + ENT_HASH_SIZE < saved.n; at += 1 + next_random(&seed) % step) {
        static const uint8_t masks[] = {1, 2, 0x40, 0x80, 0xff};
        telling out = {0};
        memcpy(copy.p, saved.p, saved.n);
        copy.p[at] ^= masks[next_random(&seed) % sizeof masks];
        mend(&copy);
        ent_engine *s = restored(p, &copy, &out, &error);
        refused += s == NULL;
        assert_true(s || error.message[0] != 0);
        if (s && push_runs(s, all.v + 20, all.n - 20, &error)) {
            (void)ent_engine_finish(s, &error);
        }
        ent_engine_free(s);
        free(out.v);
    }
    assert_true(refused > 0);
    free(copy.p);
    free(saved.p);
    free(all.v);
    ent_image_destroy(p);
}

/* A section that claims to be endless ends with the bytes. */
static void test_endless(void **state)
{
    (void)state;
    ent_image *p = everything();
    facts all;
    stored saved;
    ent_fault error;
    telling out = {0};
    small_state(p, &all, &saved);
    size_t length_at = 8 + 4 + 64 + 4;
    memset(saved.p + length_at, 0xff, 8);
    mend(&saved);
    assert_null(restored(p, &saved, &out, &error));
    assert_string_equal(error.message, "the saved state is cut short");
    free(saved.p);
    free(all.v);
    ent_image_destroy(p);
}

static bool save_within(void *user, const ent_engine *s, const ent_verdict *d)
{
    (void)d;
    stored state = {0};
    ent_fault error;
    bool *refused = user;
    *refused = !ent_engine_save(s, store, &state, &error) && error.code == ENT_FAULT_USAGE;
    free(state.p);
    return true;
}

static void test_refused(void **state)
{
    (void)state;
    ent_image *p = everything();
    prog x = prog_new();
    ent_duty_row duty = prog_duty(&x, prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO));
    (void)ent_builder_add_duty(x.b, duty);
    ent_image *other = prog_load(&x);
    facts all;
    stored saved;
    stored little = {.most = 100};
    ent_fault error;
    telling out = {0};
    bool refused = false;
    small_state(p, &all, &saved);
    assert_null(restored(other, &saved, &out, &error));
    assert_int_equal(error.code, ENT_FAULT_USAGE);
    assert_non_null(strstr(error.message, "the saved state is of another program"));
    saved.p[8] = 9;
    assert_null(restored(p, &saved, &out, &error));
    assert_string_equal(error.message,
                        "the saved state has version 9, and this program reads version 2");
    saved.p[0] = 'e';
    assert_null(restored(p, &saved, &out, &error));
    assert_string_equal(error.message, "this is no saved state");
    ent_engine_options options = {.on_decision = save_within, .user = &refused};
    ent_engine *s = ent_engine_new(p, &options, &error);
    assert_non_null(s);
    assert_false(ent_engine_save(s, store, &little, &error));
    assert_string_equal(error.message, "the state cannot be written");
    assert_true(push_runs(s, all.v, all.n, &error) && ent_engine_finish(s, &error));
    assert_true(refused);
    ent_engine_free(s);
    free(little.p);
    free(saved.p);
    free(all.v);
    ent_image_destroy(p);
    ent_image_destroy(other);
}

/* Tickets that were opened, paused, resumed and resolved leave nothing behind but what
 * `previous` has to know of each key. */
static void test_size(void **state)
{
    (void)state;
    prog x = prog_new();
    ent_duty_row duty = prog_duty(&x, prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO));
    shape_pausing(&x, &duty);
    (void)ent_builder_add_duty(x.b, duty);
    ent_image *p = prog_load(&x);
    drive_plan plan = between(0, 1000000);
    telling out = {0};
    ent_fault error;
    size_t sizes[2] = {0};
    ent_engine *s = started(p, &plan, &out);
    for (int64_t ticket = 0; ticket < 12000; ticket++) {
        static const char *const events[] = {"opened", "pended", "resumed", "resolved"};
        facts one = {0};
        for (size_t i = 0; i < 4; i++) {
            char line[64];
            snprintf(line, sizeof line, "%lld T%lld %s P1", (long long)(ticket * 8 + (int64_t)i),
                     (long long)ticket, events[i]);
            facts_line(&one, line);
        }
        assert_true(push_runs(s, one.v, one.n, &error));
        assert_true(ent_engine_advance(s, one.v[3].at + MINUTE_NS, &error));
        free(one.v);
        if (ticket == 4095 || ticket == 2 * 4096 - 1) { /* the decisions have just been given out */
            stored saved;
            save_into(s, &saved);
            sizes[ticket > 4095] = saved.n;
            free(saved.p);
        }
    }
    assert_true(sizes[1] - sizes[0] < 4096 * 24);
    assert_true(sizes[0] < 2000 + 4096 * 24);
    ent_engine_free(s);
    free(out.v);
    ent_image_destroy(p);
}

/* Rows in two engines, one of them sent from elsewhere as bytes, are as if they had been in one. */
static void test_merge(void **state)
{
    (void)state;
    ent_image *p = everything();
    uint64_t seed = 31;
    facts all = random_facts(&seed, 120);
    drive_plan plan = between(0, 3000);
    telling expected = {0};
    telling out = {0};
    stored sent;
    ent_fault error;
    ent_engine *whole = drive(p, &all, &plan, &expected, &error);
    ent_engine *into = started(p, &plan, &out);
    ent_engine *there = started(p, &plan, &out);
    assert_true(push_runs(into, all.v, 50, &error));
    assert_true(push_runs(there, all.v + 50, all.n - 50, &error));
    save_into(there, &sent);
    ent_engine *from = restored(p, &sent, &out, &error);
    assert_non_null(from);
    assert_true(ent_engine_merge(into, from, &error));
    for (int64_t i = 0; i < (int64_t)p->n_feed; i++) {
        const ent_feed_totals *a = ent_engine_feed_totals(whole, i);
        const ent_feed_totals *b = ent_engine_feed_totals(into, i);
        assert_true(a->rows == b->rows && a->first_ns == b->first_ns && a->last_ns == b->last_ns);
    }
    assert_true(ent_engine_finish(into, &error));
    same_text(&expected, &out);
    assert_false(ent_engine_merge(into, from, &error));
    assert_string_equal(error.message, "only sessions whose watermark has not moved can be merged");
    assert_false(ent_engine_merge(from, from, &error));
    assert_string_equal(error.message, "a session cannot be merged with itself");
    plan = between(0, 100);
    ent_engine *other = started(p, &plan, &out);
    assert_false(ent_engine_merge(other, from, &error));
    assert_string_equal(error.message, "only sessions over one period can be merged");
    ent_engine_free(other);
    ent_engine_free(from);
    ent_engine_free(there);
    ent_engine_free(into);
    ent_engine_free(whole);
    free(sent.p);
    free(expected.v);
    free(out.v);
    free(all.v);
    ent_image_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_every_point), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_hostile),        cmocka_unit_test(test_endless),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_size),
        cmocka_unit_test(test_merge),
    };
    return cmocka_run_group_tests_name("save", tests, NULL, NULL);
}
