/* Integers and fractions of any size: against 128-bit arithmetic where that holds the result, and by identities
 * where it does not. Numbers come from a seeded generator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/vm/big.h"

static uint64_t state = 20261127;

static uint64_t draw(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Lengths vary, and limbs of all zeros and all ones are frequent: they are where carries go wrong. */
static ent_big draw_big(ent_big_pool *pool, size_t limbs_max)
{
    ent_big out = ent_big_from(pool, 0);
    size_t n = 1 + draw() % limbs_max;
    for (size_t i = 0; i < n; i++) {
        uint64_t kind = draw() % 4;
        uint64_t limb = kind == 0 ? 0 : kind == 1 ? UINT64_MAX : draw();
        out = ent_big_add(pool, ent_big_shift(pool, out, 64), ent_big_from(pool, (ent_i128)limb));
    }
    return draw() % 2 ? out : ent_big_sub(pool, ent_big_from(pool, 0), out);
}

static void small_agree_with_words(void **unused)
{
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        ent_big_pool pool = {0};
        int64_t a = (int64_t)draw() >> (draw() % 63);
        int64_t b = (int64_t)draw() >> (draw() % 63);
        ent_big x = ent_big_from(&pool, a);
        ent_big y = ent_big_from(&pool, b);
        ent_i128 got;
        assert_true(ent_big_to_i128(ent_big_add(&pool, x, y), &got) && got == (ent_i128)a + b);
        assert_true(ent_big_to_i128(ent_big_sub(&pool, x, y), &got) && got == (ent_i128)a - b);
        assert_true(ent_big_to_i128(ent_big_mul(&pool, x, y), &got) && got == (ent_i128)a * b);
        assert_int_equal(ent_big_cmp(x, y), a < b ? -1 : a > b);
        if (b != 0) {
            ent_big rest;
            assert_true(ent_big_to_i128(ent_big_divide(&pool, x, y, &rest), &got));
            assert_true(got == (ent_i128)a / b);
            assert_true(ent_big_to_i128(rest, &got) && got == (ent_i128)a % b);
        }
        ent_big_pool_deinit(&pool);
    }
}

static void division_is_undone_by_multiplication(void **unused)
{
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        ent_big_pool pool = {0};
        ent_big a = draw_big(&pool, 12);
        ent_big b = draw_big(&pool, 6);
        if (b.n == 0) {
            b = ent_big_from(&pool, 7);
        }
        ent_big rest;
        ent_big q = ent_big_divide(&pool, a, b, &rest);
        ent_big back = ent_big_add(&pool, ent_big_mul(&pool, q, b), rest);
        assert_int_equal(ent_big_cmp(back, a), 0);
        ent_big size = rest;
        size.negative = false;
        ent_big limit = b;
        limit.negative = false;
        assert_true(ent_big_cmp(size, limit) < 0);
        ent_big_pool_deinit(&pool);
    }
}

static void common_divisor_divides_and_leaves_nothing(void **unused)
{
    (void)unused;
    for (int i = 0; i < 4000; i++) {
        ent_big_pool pool = {0};
        ent_big common = draw_big(&pool, 5);
        ent_big a = ent_big_mul(&pool, common, draw_big(&pool, 7));
        ent_big b = ent_big_mul(&pool, common, draw_big(&pool, 7));
        if (a.n == 0 || b.n == 0) {
            ent_big_pool_deinit(&pool);
            continue;
        }
        ent_big g = ent_big_gcd(&pool, a, b);
        ent_big rest;
        ent_big x = ent_big_divide(&pool, a, g, &rest);
        assert_int_equal(rest.n, 0);
        ent_big y = ent_big_divide(&pool, b, g, &rest);
        assert_int_equal(rest.n, 0);
        ent_i128 one;
        assert_true(ent_big_to_i128(ent_big_gcd(&pool, x, y), &one) && one == 1);
        (void)ent_big_divide(&pool, g, common, &rest);
        assert_int_equal(rest.n, 0);
        ent_big_pool_deinit(&pool);
    }
}

/* gcd(F(m), F(n)) = F(gcd(m, n)); all quotients on the way are 1, the longest way there is. */
static void common_divisor_of_fibonacci_numbers(void **unused)
{
    (void)unused;
    ent_big_pool pool = {0};
    ent_big f[1801] = {ent_big_from(&pool, 0), ent_big_from(&pool, 1)};
    for (int i = 2; i <= 1800; i++) {
        f[i] = ent_big_add(&pool, f[i - 1], f[i - 2]);
    }
    assert_int_equal(ent_big_cmp(ent_big_gcd(&pool, f[1800], f[1799]), f[1]), 0);
    assert_int_equal(ent_big_cmp(ent_big_gcd(&pool, f[1800], f[1350]), f[450]), 0);
    assert_int_equal(ent_big_cmp(ent_big_gcd(&pool, f[1120], f[1680]), f[560]), 0);
    ent_big_pool_deinit(&pool);
}

static void product_is_reduced(void **unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++) {
        ent_big_pool pool = {0};
        ent_bigq v[2];
        for (int k = 0; k < 2; k++) {
            ent_big den = draw_big(&pool, 4);
            den.negative = false;
            v[k] = ent_bigq_reduce(
                &pool, (ent_bigq){draw_big(&pool, 4), den.n ? den : ent_big_from(&pool, 6)});
        }
        ent_bigq got = ent_bigq_times(&pool, v[0], v[1]);
        ent_bigq want = ent_bigq_reduce(&pool, ent_bigq_mul(&pool, v[0], v[1]));
        assert_int_equal(ent_big_cmp(got.num, want.num), 0);
        assert_int_equal(ent_big_cmp(got.den, want.den), 0);
        ent_big_pool_deinit(&pool);
    }
}

static void text_reads_back(void **unused)
{
    (void)unused;
    for (int i = 0; i < 500; i++) {
        ent_big_pool pool = {0};
        ent_big a = draw_big(&pool, 30);
        a.negative = false;
        ent_big ten = ent_big_from(&pool, 10);
        ent_big back = ent_big_from(&pool, 0);
        const char *text = ent_bigq_text(&pool, (ent_bigq){a, ent_big_from(&pool, 1)});
        assert_true(text[0] != '0' || text[1] == 0);
        for (; *text; text++) {
            back = ent_big_add(&pool, ent_big_mul(&pool, back, ten), ent_big_from(&pool, *text - '0'));
        }
        assert_int_equal(ent_big_cmp(back, a), 0);
        ent_big_pool_deinit(&pool);
    }
}

static void harmonic_sum_is_exact(void **unused)
{
    (void)unused;
    ent_big_pool pool = {0};
    ent_bigq parts[60];
    for (int i = 0; i < 60; i++) {
        parts[i] = ent_bigq_from(&pool, (ent_q){1, i + 1});
    }
    assert_string_equal(ent_bigq_text(&pool, ent_bigq_sum(&pool, parts, 20)),
                        "55835135/15519504");
    ent_bigq all = ent_bigq_sum(&pool, parts, 60);
    for (int i = 59; i >= 0; i--) {
        all = ent_bigq_reduce(&pool, ent_bigq_sub(&pool, all, parts[i]));
    }
    assert_string_equal(ent_bigq_text(&pool, all), "0");
    ent_big_pool_deinit(&pool);
}

static void text_has_every_digit(void **unused)
{
    (void)unused;
    ent_big_pool pool = {0};
    ent_big ten = ent_big_from(&pool, 10);
    ent_big power = ent_big_from(&pool, 1);
    for (int i = 0; i < 75; i++) {
        power = ent_big_mul(&pool, power, ten);
    }
    char expected[80] = "-1";
    memset(expected + 2, '0', 75);
    ent_bigq minus = {ent_big_sub(&pool, ent_big_from(&pool, 0), power), ent_big_from(&pool, 1)};
    assert_string_equal(ent_bigq_text(&pool, minus), expected);
    ent_bigq third = {ent_big_from(&pool, -1), ent_big_from(&pool, 3)};
    assert_string_equal(ent_bigq_text(&pool, third), "-1/3");
    assert_true(ent_bigq_to_double(&pool, third) == -1.0 / 3);
    ent_big_pool_deinit(&pool);
}

static void sums_of_doubles_are_exact(void **unused)
{
    (void)unused;
    ent_big_pool pool = {0};
    ent_fsum sum;
    ent_fsum_init(&sum);
    ent_fsum_add(&sum, 0.1);
    ent_fsum_add(&sum, -3.25);
    ent_bigq got = ent_bigq_from_fsum(&pool, &sum, 2);
    ent_q tenth;
    assert_true(ent_q_from_double(0.1, &tenth));
    ent_q expected;
    assert_true(ent_q_sub(tenth, (ent_q){13, 4}, &expected) &&
                ent_q_div(expected, ent_q_from_i64(2), &expected));
    assert_int_equal(
        ent_bigq_sign(ent_bigq_sub(&pool, got, ent_bigq_from(&pool, expected))), 0);
    ent_big_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_agree_with_words),
        cmocka_unit_test(division_is_undone_by_multiplication),
        cmocka_unit_test(common_divisor_divides_and_leaves_nothing),
        cmocka_unit_test(common_divisor_of_fibonacci_numbers),
        cmocka_unit_test(product_is_reduced),
        cmocka_unit_test(text_reads_back),
        cmocka_unit_test(harmonic_sum_is_exact),
        cmocka_unit_test(text_has_every_digit),
        cmocka_unit_test(sums_of_doubles_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
