/* Slices of ledger lines, and ledgers that a restatement must refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/ledger/json_in.h"
#include "runtime/ledger/restate.h"

static ent_json_slice slice(const char *text)
{
    return (ent_json_slice){text, strlen(text)};
}

static void test_members(void **state)
{
    (void)state;
    ent_json_slice o = slice("{\"a\":1,\"b\":{\"c\":[1,{\"d\":\"x,}\\\"\"}]},\"e\":\"\",\"f\":{}}");
    assert_true(ent_json_is(ent_json_member(o, "a"), "1"));
    assert_true(ent_json_is(ent_json_member(ent_json_member(o, "b"), "c"), "[1,{\"d\":\"x,}\\\"\"}]"));
    assert_true(ent_json_is(ent_json_text_of(ent_json_member(o, "e")), ""));
    assert_true(ent_json_is(ent_json_member(o, "f"), "{}"));
    assert_null(ent_json_member(o, "c").p);
    assert_null(ent_json_text_of(ent_json_member(o, "a")).p);
    ent_json_slice item;
    size_t at = 0;
    size_t n = 0;
    while (ent_json_next_item(ent_json_member(ent_json_member(o, "b"), "c"), &at, &item)) {
        n++;
    }
    assert_int_equal(n, 2);
}

/* Every beginning of a line, and every single byte changed: nothing is read outside of it. */
static void test_damaged(void **state)
{
    (void)state;
    static const char line[] = "{\"seq\":1,\"s\":{\"k\":\"v\\\\\"},\"r\":[{\"p\":\"q\"},2],\"h\":\"00\"}";
    for (size_t len = 0; len < sizeof line; len++) {
        char *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        for (size_t hurt = 0; hurt <= len; hurt++) {
            memcpy(copy, line, len);
            if (hurt < len) {
                copy[hurt] = (char)(copy[hurt] == '"' ? '}' : '"');
            }
            ent_json_slice o = {copy, len};
            ent_json_slice key;
            ent_json_slice value;
            for (size_t at = 0; ent_json_next_member(o, &at, &key, &value);) {
                assert_true(value.p >= copy && value.p + value.len <= copy + len);
                for (size_t k = 0; ent_json_next_item(value, &k, &key);) {
                    assert_true(key.p + key.len <= copy + len);
                }
            }
        }
        free(copy);
    }
}

static void test_ledgers_that_do_not_fit(void **state)
{
    (void)state;
    static const char tail[] =
        "\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\","
        "\"hash\":\"1111111111111111111111111111111111111111111111111111111111111111\"}\n";
    char second[1024];
    char orphan[1024];
    char first[1024];
    const char *wrong;
    int64_t from;
    int64_t to;
    strcpy(first, "{\"kind\":\"run\",\"from\":\"2026-01-01T00:00:00Z\",\"to\":\"2026-02-01T00:00:00Z\",");
    strcat(first, tail);
    strcpy(second, "{\"kind\":\"run\",\"restates\":[\"22\"],");
    strcat(second, tail);
    strcpy(orphan, first);
    strcat(orphan, "{\"seq\":1,\"kind\":\"adjustment\",\"status\":\"met\",\"adjusts\":{\"hash\":\"3\"},");
    strcat(orphan, tail);
    ent_restatement *r = ent_restatement_new();
    assert_non_null(r);
    assert_false(ent_restatement_add(r, second, strlen(second), &wrong));
    assert_non_null(wrong);
    assert_false(ent_restatement_period(r, &from, &to));
    assert_true(ent_restatement_add(r, first, strlen(first), &wrong));
    assert_null(wrong);
    assert_true(ent_restatement_period(r, &from, &to));
    assert_int_equal(to - from, INT64_C(31) * 86400 * 1000000000);
    assert_false(ent_restatement_add(r, second, strlen(second), &wrong));
    assert_non_null(strstr(wrong, "does not restate"));
    ent_restatement_free(r);
    r = ent_restatement_new();
    assert_non_null(r);
    assert_false(ent_restatement_add(r, orphan, strlen(orphan), &wrong));
    assert_non_null(strstr(wrong, "refers to a line"));
    ent_restatement_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_ledgers_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
