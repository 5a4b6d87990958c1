/* How things stand: clocks and windows as they are, budgets, what is at risk; that asking changes nothing, and that asking
 * again makes no copy.
 * Usage: standing FIRST.entc, built from examples/first/first.ent. */
#include <entente.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR (INT64_C(3600) * 1000000000)
#define NINE (INT64_C(1767603600) * 1000000000) /* 2026-01-05T09:00:00Z */

static const char *path;

typedef struct host {
    size_t calls; /* of the allocator */
    char said[2048], decided[2048];
    size_t n_told, stop_at;
} host;

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    host *h = user;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    h->calls++;
    return realloc(block, new_size);
}

static bool on_standing(void *user, const ent_clause_standing *s)
{
    host *h = user;
    const ent_decision *d = s->decision;
    size_t at = strlen(h->said);
    assert_true(d->seq == 0 && !d->prev && !d->hash);
    assert_memory_equal(d->ledger_line, "{\"kind\":\"", 9);
    assert_true(d->ledger_line_len > 9 && d->ledger_line[d->ledger_line_len - 1] == '}');
    assert_null(strstr(d->ledger_line, "\"prev\""));
    for (size_t i = 0; i < d->n_responsible; i++) {
        assert_string_equal(d->responsible[i].share, "1");
    }
    (void)snprintf(h->said + at, sizeof h->said - at, "%s %s: status %d%s, left %lldm, holder %s, budget %s/%s/%s, rate %s\n",
                   d->clause, d->n_subject > 0 ? d->subject[0].value : "-", (int)s->status, s->at_risk ? ", at risk" : "",
                   (long long)(s->left_ns / (HOUR / 60)), s->holder ? s->holder : "-",
                   s->budget_allowed ? s->budget_allowed : "-", s->budget_spent ? s->budget_spent : "-",
                   s->budget_left ? s->budget_left : "-", s->burn_rate ? s->burn_rate : "-");
    return ++h->n_told != h->stop_at;
}

static bool on_decision(void *user, const ent_decision *d)
{
    host *h = user;
    (void)sprintf(h->decided + strlen(h->decided), "%s %d\n", d->clause, (int)d->status);
    return true;
}

static ent_session *open_session(host *h)
{
    static char bytes[1 << 20];
    ent_program *program;
    ent_session *s;
    ent_error error = {0};
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_true(ent_program_load(bytes, len, NULL, &program, &error));
    const ent_session_options options = {.on_decision = on_decision, .user = h, .has_to = true,
                                         .to_ns = INT64_C(1769904000) * 1000000000, .allocator = {resize, h}};
    assert_true(ent_session_new(program, &options, &s, &error));
    ent_program_release(program);
    return s;
}

static void push(ent_session *s, const char *rows)
{
    char csv[512];
    ent_error error = {0};
    int n = snprintf(csv, sizeof csv, "at,id,event,priority,service,party\n%s", rows);
    if (!ent_session_push_text(s, "ticket", "csv", csv, (size_t)n, &error)) {
        fail_msg("%s", error.message);
    }
}

static void ask(host *h, ent_session *s, int64_t at, const char *expected)
{
    ent_error error = {0};
    h->said[0] = 0;
    if (!ent_session_standing(s, at, &(ent_listener){on_standing, h}, &error)) {
        fail_msg("%s", error.message);
    }
    assert_string_equal(h->said, expected);
}

static void test_standing(void **state)
{
    host h = {.calls = 0};
    ent_error error;
    (void)state;
    ent_session *s = open_session(&h);
    ask(&h, s, NINE, "");
    push(s, "2026-01-05T09:00:00Z,INC1,opened,P1,web,Host\n");
    ask(&h, s, NINE + HOUR, "in_time -: status 5, left 0m, holder -, budget 0/0/0, rate -\n"
                            "restore INC1: status 4, left 180m, holder Host, budget -/-/-, rate -\n");
    ask(&h, s, NINE + HOUR * 7 / 2, "in_time -: status 5, left 0m, holder -, budget 0/0/0, rate -\n"
                                    "restore INC1: status 4, at risk, left 30m, holder Host, budget -/-/-, rate -\n");
    ask(&h, s, NINE + 5 * HOUR, "in_time -: status 1, at risk, left 0m, holder -, budget 0.05/1/-0.95, rate 20\n"
                                "restore INC1: status 1, at risk, left -60m, holder Host, budget -/-/-, rate -\n");
    assert_true(ent_session_standing(s, NINE + HOUR * 7 / 2, &(ent_listener){on_standing, &h}, &error));
    size_t calls = h.calls;
    for (int i = 0; i < 10; i++) {
        h.said[0] = 0;
        assert_true(ent_session_standing(s, NINE + HOUR * 7 / 2, &(ent_listener){on_standing, &h}, &error));
    }
    assert_true(h.calls - calls < 400); /* texts, no engine */
    push(s, "2026-01-05T12:00:00Z,INC2,opened,P1,web,Host\n2026-01-05T14:00:00Z,INC1,resolved,P1,web,Host\n");
    assert_true(ent_session_advance(s, NINE + 6 * HOUR, &error));
    assert_string_equal(h.decided, "restore 1\n");
    ask(&h, s, NINE + 6 * HOUR, "in_time -: status 1, at risk, left 0m, holder -, budget 0.05/1/-0.95, rate 20\n"
                                "restore INC2: status 4, at risk, left 60m, holder Host, budget -/-/-, rate -\n");
    assert_true(ent_session_finish(s, &error));
    assert_string_equal(h.decided, "restore 1\nin_time 1\nrestore 1\n");
    ent_session_free(s);
}

static void test_wrong_use(void **state)
{
    host h = {.stop_at = 1};
    ent_error error;
    (void)state;
    ent_session *s = open_session(&h);
    push(s, "2026-01-05T09:00:00Z,INC1,opened,P1,web,Host\n");
    assert_true(ent_session_advance(s, NINE + HOUR, &error));
    assert_false(ent_session_standing(s, NINE, &(ent_listener){on_standing, &h}, &error));
    assert_string_equal(error.message, "standing is asked for below the watermark");
    assert_false(ent_session_standing(s, NINE + HOUR, &(ent_listener){on_standing, &h}, &error));
    assert_int_equal(error.code, ENT_ERROR_STOPPED);
    h.stop_at = 0;
    assert_true(ent_session_standing(s, NINE + HOUR, &(ent_listener){on_standing, &h}, &error)); /* it goes on all the same */
    assert_false(ent_session_standing(s, NINE + HOUR, NULL, &error));
    assert_int_equal(error.code, ENT_ERROR_USAGE);
    ent_session_free(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_standing), cmocka_unit_test(test_wrong_use)};
    path = argc > 1 ? argv[1] : "first.entc";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
