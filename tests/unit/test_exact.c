/*
 * Unit tests of runtime/vm/exact.h, runtime/ledger/hash.h and json_out.h: the forms that the design
 * names, borders, and what is refused. Random cases are in tests/property/exact_oracle.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../runtime/ledger/hash.h"
#include "../../runtime/ledger/json_out.h"
#include "../../runtime/vm/exact.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static ent_q q_of(int64_t n, int64_t d)
{
    ent_q q;

    assert_true(ent_q_make(n, d, &q));
    return q;
}

static void assert_fraction(ent_q q, const char *expected)
{
    char text[ENT_Q_TEXT_SIZE];

    assert_int_equal(ent_q_format_fraction(q, text, sizeof text), strlen(expected));
    assert_string_equal(text, expected);
}

/* ---- Rationals --------------------------------------------------------------------------- */

static void test_share_meets_target_at_the_boundary(void **state)
{
    ent_q target;

    (void)state;
    assert_true(ent_q_from_decimal_text("0.999", 5, &target));
    assert_int_equal(ent_q_cmp(q_of(9990, 10000), target), 0);
    assert_int_equal(ent_q_cmp(q_of(9989, 10000), target), -1);
}

static void test_rationals_are_normalised(void **state)
{
    ent_q q;

    (void)state;
    assert_fraction(q_of(6, -4), "-3/2");
    assert_fraction(q_of(0, -7), "0");
    assert_true(q_of(0, 9).den == 1);
    assert_false(ent_q_make(1, 0, &q));
    assert_false(ent_q_div(q_of(1, 2), q_of(0, 1), &q));
    assert_true(ent_q_div(q_of(1, 2), q_of(-3, 1), &q));
    assert_fraction(q, "-1/6");
    /* The least 128-bit integer is no value, but its half is one. */
    const ent_i128 least = -ENT_I128_MAX - 1;

    assert_false(ent_q_make(least, 1, &q));
    assert_true(ent_q_make(least, 2, &q));
    assert_true(ent_q_make(least, least, &q));
    assert_fraction(q, "1");
}

static void test_overflow_is_reported_only_when_the_result_is_too_large(void **state)
{
    ent_q big, q;

    (void)state;
    assert_true(ent_q_make(ENT_I128_MAX, 3, &big)); /* the numerator is a prime */
    assert_true(ent_q_sub(big, big, &q));
    assert_fraction(q, "0");
    assert_true(ent_q_mul(big, q_of(3, 1), &q));
    assert_true(q.num == ENT_I128_MAX && q.den == 1);
    /* The sum's numerator passes through more than 128 bits before it reduces. */
    assert_true(ent_q_add(big, (ent_q){-ENT_I128_MAX, 6}, &q));
    assert_true(q.num == ENT_I128_MAX && q.den == 6);
    assert_false(ent_q_add((ent_q){ENT_I128_MAX, 1}, (ent_q){1, 1}, &q));
    assert_false(ent_q_mul((ent_q){ENT_I128_MAX, 1}, (ent_q){2, 1}, &q));
    /* Cross products of 254 bits still compare. */
    assert_int_equal(ent_q_cmp((ent_q){ENT_I128_MAX, ENT_I128_MAX - 1},
                               (ent_q){ENT_I128_MAX - 1, ENT_I128_MAX - 2}),
                     -1);
    ent_i128 sum;

    assert_false(ent_i128_add(ENT_I128_MAX, 1, &sum));
    assert_false(ent_i128_add(-ENT_I128_MAX, -1, &sum));
    assert_true(ent_i128_add(-ENT_I128_MAX, ENT_I128_MAX, &sum));
    assert_true(sum == 0);
}

static void test_rounding_modes(void **state)
{
    static const struct {
        int64_t n, d;
        int expected[4]; /* half even, up, down, half up */
    } cases[] = {
        {5, 2, {2, 3, 2, 3}},   {-5, 2, {-2, -3, -2, -3}}, {7, 2, {4, 4, 3, 4}},
        {7, 3, {2, 3, 2, 2}},   {-8, 3, {-3, -3, -2, -3}}, {4, 1, {4, 4, 4, 4}},
        {1, 10, {0, 1, 0, 0}},
    };
    ent_i128 scaled;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int mode = 0; mode < 4; mode++) {
            assert_true(ent_q_round(q_of(cases[i].n, cases[i].d), 0, (ent_round)mode, &scaled));
            assert_int_equal((int)scaled, cases[i].expected[mode]);
        }
    assert_false(ent_q_round(q_of(1, 3), -1, ENT_ROUND_DOWN, &scaled));
    assert_false(ent_q_round(q_of(1, 3), 39, ENT_ROUND_DOWN, &scaled));
    assert_false(ent_q_round((ent_q){ENT_I128_MAX, 1}, 1, ENT_ROUND_DOWN, &scaled));
    assert_true(ent_q_floor(q_of(-7, 2)) == -4 && ent_q_ceil(q_of(-7, 2)) == -3);
    assert_true(ent_q_floor(q_of(7, 2)) == 3 && ent_q_ceil(q_of(7, 2)) == 4);
}

static void test_rational_text(void **state)
{
    char text[ENT_Q_TEXT_SIZE], small[4];

    (void)state;
    assert_fraction(q_of(333, 334), "333/334");
    assert_fraction(q_of(1, 1), "1");
    assert_true(ent_q_format_decimal(q_of(1, 8), text, sizeof text) == 5);
    assert_string_equal(text, "0.125");
    assert_int_equal(ent_q_format_decimal(q_of(1, 3), text, sizeof text), 0);
    assert_true(ent_q_format_rounded(q_of(-200, 3), 4, true, text, sizeof text) > 0);
    assert_string_equal(text, "-66.6667");
    assert_true(ent_q_format_rounded(q_of(9995, 100), 4, true, text, sizeof text) > 0);
    assert_string_equal(text, "99.95");
    assert_true(ent_q_format_rounded(q_of(9995, 100), 4, false, text, sizeof text) > 0);
    assert_string_equal(text, "99.9500");
    assert_true(ent_q_format_rounded(q_of(-1, 1000), 2, false, text, sizeof text) > 0);
    assert_string_equal(text, "0.00");
    assert_true(ent_q_format_rounded(q_of(99999, 1000), 2, true, text, sizeof text) > 0);
    assert_string_equal(text, "100");
    assert_int_equal(ent_q_format_rounded(q_of(1, 3), 4, false, small, sizeof small), 0);
    assert_string_equal(small, "");
    assert_int_equal(ent_q_format_fraction(q_of(1, 3), NULL, 0), 0);
    /* The longest decimal there is: 2^-126 and all its digits. */
    assert_int_equal(ent_q_format_decimal((ent_q){-((ent_i128)1 << 126) - 1, (ent_i128)1 << 126},
                                          text, sizeof text),
                     129);
    assert_true(ent_format_seconds(23400000000000, text, sizeof text) > 0);
    assert_string_equal(text, "23400");
    assert_true(ent_format_seconds(250000000, text, sizeof text) > 0);
    assert_string_equal(text, "0.25");
    assert_true(ent_format_seconds(INT64_MIN, text, ENT_SECONDS_TEXT_SIZE) > 0);
    assert_string_equal(text, "-9223372036.854775808");
}

static void test_rationals_and_doubles(void **state)
{
    ent_q q;

    (void)state;
    assert_true(ent_q_to_double(q_of(1, 10)) == 0.1);
    assert_true(ent_q_to_double(q_of(-2, 3)) == -2.0 / 3.0);
    assert_true(ent_q_to_double(q_of((1LL << 53) + 1, 1)) == 0x1p53); /* a tie, to even */
    assert_true(ent_q_from_double(-0.375, &q));
    assert_fraction(q, "-3/8");
    assert_true(ent_q_from_double(-0.0, &q));
    assert_fraction(q, "0");
    assert_false(ent_q_from_double(1e39, &q));
    assert_false(ent_q_from_double(5e-324, &q));
    assert_false(ent_q_from_double((double)INFINITY, &q));
    assert_false(ent_q_from_double((double)NAN, &q));
}

/* ---- Sums -------------------------------------------------------------------------------- */

static void test_sums_do_not_depend_on_order_or_partitioning(void **state)
{
    enum { COUNT = 20000 };
    double *values = calloc(COUNT, sizeof *values), forward, backward;
    ent_fsum whole, reversed, parts[3];
    uint64_t seed = 1;

    (void)state;
    assert_non_null(values);
    for (size_t i = 0; i < COUNT; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        values[i] = ldexp((double)(int64_t)seed, (int)(seed >> 33) % 1600 - 800);
    }
    ent_fsum_init(&whole);
    ent_fsum_init(&reversed);
    ent_fsum_add_array(&whole, values, COUNT);
    for (size_t i = COUNT; i-- > 0;)
        ent_fsum_add(&reversed, values[i]);
    for (size_t p = 0; p < 3; p++) {
        ent_fsum_init(&parts[p]);
        for (size_t i = p; i < COUNT; i += 3)
            ent_fsum_add(&parts[p], values[i]);
    }
    ent_fsum_merge(&parts[2], &parts[0]);
    ent_fsum_merge(&parts[2], &parts[1]);
    assert_true(ent_fsum_result(&whole, &forward) && ent_fsum_result(&reversed, &backward));
    assert_memory_equal(&forward, &backward, sizeof forward);
    ent_fsum_normalise(&whole);
    ent_fsum_normalise(&reversed);
    assert_memory_equal(&whole, &reversed, sizeof whole);
    assert_memory_equal(&whole, &parts[2], sizeof whole);
    assert_true(ent_fsum_is_normalised(&whole));
    free(values);
}

static void test_sums_at_the_borders(void **state)
{
    const double tie[] = {1.0, 0x1p-53}, above[] = {1.0, 0x1p-53, 5e-324};
    const double lost[] = {1e308, 1.0, -1e308}, zeros[] = {-0.0, -0.0};
    const double over[] = {DBL_MAX, DBL_MAX}, back[] = {DBL_MAX, DBL_MAX, -DBL_MAX};
    ent_fsum sum;
    double result;

    (void)state;
    ent_fsum_init(&sum);
    assert_true(ent_fsum_result(&sum, &result) && result == 0.0 && !signbit(result));
    assert_false(ent_fsum_div(&sum, 0, &result));
    ent_fsum_add_array(&sum, tie, 2);
    assert_true(ent_fsum_result(&sum, &result) && result == 1.0);
    ent_fsum_init(&sum);
    ent_fsum_add_array(&sum, above, 3);
    assert_true(ent_fsum_result(&sum, &result) && result == 1.0 + DBL_EPSILON);
    ent_fsum_init(&sum);
    ent_fsum_add_array(&sum, lost, 3);
    assert_true(ent_fsum_result(&sum, &result) && result == 1.0);
    ent_fsum_init(&sum);
    ent_fsum_add_array(&sum, zeros, 2);
    assert_true(ent_fsum_result(&sum, &result) && result == 0.0 && !signbit(result));
    ent_fsum_init(&sum);
    ent_fsum_add_array(&sum, over, 2);
    assert_false(ent_fsum_result(&sum, &result));
    assert_true(ent_fsum_div(&sum, 2, &result) && result == DBL_MAX);
    ent_fsum_init(&sum);
    ent_fsum_add_array(&sum, back, 3);
    assert_true(ent_fsum_result(&sum, &result) && result == DBL_MAX);
}

static void test_averages_compare_exactly(void **state)
{
    ent_fsum sum, other;
    double result;

    (void)state;
    ent_fsum_init(&sum);
    for (int i = 0; i < 10; i++)
        ent_fsum_add(&sum, 0.1);
    assert_true(ent_fsum_div(&sum, 10, &result) && result == 0.1);
    assert_int_equal(ent_fsum_cmp(&sum, 10, 0.1), 0);
    assert_int_equal(ent_fsum_cmp(&sum, 1, 1.0), 1); /* ten times the double 0.1 is above 1 */
    ent_fsum_add(&sum, -5e-324);
    assert_int_equal(ent_fsum_cmp(&sum, 10, 0.1), -1);
    assert_int_equal(ent_fsum_cmp(&sum, UINT64_MAX, -DBL_MAX), 1);
    assert_int_equal(ent_fsum_cmp(&sum, UINT64_MAX, DBL_MAX), -1);
    assert_int_equal(ent_fsum_cmp(&sum, 0, 0.1), ENT_FSUM_UNORDERED);
    assert_int_equal(ent_fsum_cmp(&sum, 1, (double)NAN), ENT_FSUM_UNORDERED);
    ent_fsum_init(&other);
    ent_fsum_add(&other, -(double)INFINITY);
    ent_fsum_merge(&sum, &other);
    assert_int_equal(ent_fsum_cmp(&sum, 1, 0.1), ENT_FSUM_UNORDERED);
    assert_false(ent_fsum_result(&sum, &result));
    ent_fsum_init(&other);
    other.chunk[3] = -1;
    assert_false(ent_fsum_is_normalised(&other));
    other.chunk[3] = 0;
    other.chunk[ENT_FSUM_CHUNKS - 1] = INT64_MAX;
    assert_false(ent_fsum_is_normalised(&other));
}

/* ---- Money ------------------------------------------------------------------------------- */

static void test_currencies(void **state)
{
    (void)state;
    assert_int_equal(ent_currency_minor("AED"), 2);
    assert_int_equal(ent_currency_minor("GBP"), 2);
    assert_int_equal(ent_currency_minor("JPY"), 0);
    assert_int_equal(ent_currency_minor("KWD"), 3);
    assert_int_equal(ent_currency_minor("UYW"), 4);
    assert_int_equal(ent_currency_minor("ZWL"), 2);
    assert_int_equal(ent_currency_minor("gbp"), -1);
    assert_int_equal(ent_currency_minor("XAU"), -1);
    assert_int_equal(ent_currency_minor("GBPX"), -1);
    assert_int_equal(ent_currency_minor(""), -1);
    assert_int_equal(ent_currency_minor(NULL), -1);
}

static void test_money_text(void **state)
{
    char text[ENT_MONEY_TEXT_SIZE];
    ent_i128 minor;

    (void)state;
    assert_true(ent_money_round(q_of(12345, 1000), 2, ENT_ROUND_HALF_EVEN, &minor));
    assert_true(minor == 1234);
    assert_true(ent_money_format(123450, 2, text, sizeof text) > 0);
    assert_string_equal(text, "1234.50");
    assert_true(ent_money_format_grouped(-123456789, 2, text, sizeof text) > 0);
    assert_string_equal(text, "-1,234,567.89");
    assert_true(ent_money_format(-5, 2, text, sizeof text) > 0);
    assert_string_equal(text, "-0.05");
    assert_true(ent_money_format_grouped(120000, 0, text, sizeof text) > 0);
    assert_string_equal(text, "120,000");
    assert_true(ent_money_format_grouped(-ENT_I128_MAX, 0, text, sizeof text) == 52);
    assert_int_equal(ent_money_format(1, 39, text, sizeof text), 0);
}

static void test_apportioning(void **state)
{
    const ent_q thirds[] = {{1, 3}, {1, 3}, {1, 3}}, uneven[] = {{1, 6}, {1, 2}, {1, 3}, {0, 1}};
    const ent_q bad[] = {{1, 2}, {-1, 2}}, none[] = {{0, 1}};
    ent_i128 parts[4];

    (void)state;
    assert_true(ent_apportion(100, thirds, 3, parts));
    assert_true(parts[0] == 34 && parts[1] == 33 && parts[2] == 33);
    assert_true(ent_apportion(-101, thirds, 3, parts));
    assert_true(parts[0] == -34 && parts[1] == -34 && parts[2] == -33);
    assert_true(ent_apportion(10, uneven, 4, parts)); /* 1.67, 5, 3.33, 0 */
    assert_true(parts[0] == 2 && parts[1] == 5 && parts[2] == 3 && parts[3] == 0);
    assert_true(ent_apportion(ENT_I128_MAX, thirds, 3, parts));
    assert_true(parts[0] + parts[1] + parts[2] == ENT_I128_MAX);
    assert_false(ent_apportion(10, bad, 2, parts));
    assert_false(ent_apportion(10, none, 1, parts));
    assert_false(ent_apportion(10, none, 0, parts));
}

/* ---- Values from text -------------------------------------------------------------------- */

static void test_integers_from_text(void **state)
{
    static const char *const bad[] = {"",     "-",  "+-1", "1.0", " 1", "1 ", "1,000",
                                      "0x10", "1e3", "9223372036854775808", "--1", "."};
    int64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(ent_parse_i64(bad[i], strlen(bad[i]), &value));
    assert_false(ent_parse_i64(NULL, 0, &value));
    assert_true(ent_parse_i64("-9223372036854775808", 20, &value) && value == INT64_MIN);
    assert_true(ent_parse_i64("+007", 4, &value) && value == 7);
    assert_true(ent_parse_decimal_scaled("99.9500", 7, 2, &value) && value == 9995);
    assert_false(ent_parse_decimal_scaled("99.951", 6, 2, &value));
    assert_true(ent_parse_decimal_scaled("-3", 2, 4, &value) && value == -30000);
    assert_false(ent_parse_decimal_scaled("10", 2, 18, &value));
    assert_true(ent_parse_decimal_scaled("0", 1, 38, &value) && value == 0);
    assert_false(ent_parse_decimal_scaled("1", 1, 39, &value));
}

static void test_durations_from_text(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {
        {"250ms", 250000000},
        {"90s", 90000000000},
        {"15m", 900000000000},
        {"4h", 14400000000000},
        {"2d", 172800000000000},
        {"1h30m", 5400000000000},
        {"1.5s", 1500000000},
        {"-1m1ms", -60001000000},
        {"0.000000001s", 1},
        {"1.50h", 5400000000000},
        {"PT1H30M", 5400000000000},
        {"P1DT2H", 93600000000000},
        {"PT0.25S", 250000000},
        {"-P2W", -1209600000000000},
        {"PT36H", 129600000000000},
        {"-9223372036854775808ns", INT64_MIN},
    };
    static const char *const bad[] = {
        "",      "-",      "4",     "h",     "4 h",   "1m1h",  "1h1h",   "1.5ns", "0.0000000001s",
        "1x",    "1H",     "P",     "PT",    "P1",    "P1DT",  "P1Y",    "P1M",   "PT1.5H30M",
        "1..5s", ".5s",    "1.s",   "+4h",   "--4h",  "P-1D",  "1hours", "PT1D",
        "9223372036854775808ns", "106752d", "PT1HT1M", "1e3s",
        "99999999999999999999999999999999999999999999d",
    };
    int64_t ns;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(ent_parse_duration(good[i].text, strlen(good[i].text), &ns));
        assert_int_equal(ns, good[i].ns);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (ent_parse_duration(bad[i], strlen(bad[i]), &ns))
            fail_msg("`%s` was taken for a duration", bad[i]);
    assert_false(ent_parse_duration(NULL, 0, &ns));
}

static void test_doubles_and_text(void **state)
{
    static const double values[] = {0.1, 1e22, 1e23, 123456789012345680.0, 5e-324, DBL_MAX,
                                    DBL_MIN, 1.0 / 3, 0x1p-44, 9007199254740993.0, 0.0001};
    static const char *const texts[] = {"0.1", "1e+22", "1e+23", "1.2345678901234568e+17", "5e-324",
                                        "1.7976931348623157e+308", "2.2250738585072014e-308",
                                        "0.3333333333333333", "5.684341886080802e-14",
                                        "9007199254740992", "0.0001"};
    char text[ENT_DOUBLE_TEXT_SIZE], many[2000];
    double value;

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_true(ent_format_double(-values[i], text) > 0);
        assert_string_equal(text + 1, texts[i]);
        assert_true(ent_parse_double(text, strlen(text), &value) && value == -values[i]);
    }
    assert_int_equal(ent_format_double((double)NAN, text), 0);
    assert_int_equal(ent_format_double(-0.0, text), 2);
    assert_true(ent_parse_double("-0", 2, &value) && value == 0.0 && signbit(value));
    assert_false(ent_parse_double("1e309", 5, &value));
    assert_false(ent_parse_double("inf", 3, &value));
    assert_false(ent_parse_double("0x10", 4, &value));
    assert_true(ent_parse_double("1e-400", 6, &value) && value == 0.0);
    /* A tie that only the last of 1,900 digits settles. */
    memset(many, '0', sizeof many);
    memcpy(many, "9007199254740993.", 17);
    assert_true(ent_parse_double(many, 1900, &value) && value == 9007199254740992.0);
    many[1899] = '1';
    assert_true(ent_parse_double(many, 1900, &value) && value == 9007199254740994.0);
}

static void test_a_comma_locale_changes_nothing(void **state)
{
    char text[ENT_DOUBLE_TEXT_SIZE];
    double value;

    (void)state;
    /* Where the machine has none of these, the test still holds, trivially. */
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
        (void)setlocale(LC_ALL, "ps_AF.UTF-8");
    assert_true(ent_format_double(0.5, text) > 0);
    assert_string_equal(text, "0.5");
    assert_true(ent_parse_double("0.5", 3, &value) && value == 0.5);
    (void)setlocale(LC_ALL, "C");
}

/* ---- Ledger helpers ---------------------------------------------------------------------- */

static void test_hashes(void **state)
{
    char text[ENT_HASH_TEXT_SIZE];
    ent_hash hash;

    (void)state;
    assert_true(ent_hash_hex("", 0, text));
    assert_string_equal(text, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    assert_true(ent_hash_init(&hash) && ent_hash_update(&hash, "a", 1)
                && ent_hash_update(&hash, NULL, 0) && ent_hash_update(&hash, "bc", 2)
                && ent_hash_final_hex(&hash, text));
    assert_string_equal(text, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

static void test_json_lines(void **state)
{
    ent_json_out out;

    (void)state;
    ent_json_init(&out, 0);
    ent_json_begin_object(&out);
    ent_json_key_int(&out, "seq", INT64_MIN);
    ent_json_key_text(&out, "title", "4.1 \"Avail\"\n\xc3\xa9");
    ent_json_key(&out, "list");
    ent_json_begin_array(&out);
    ent_json_uint(&out, UINT64_MAX);
    ent_json_begin_object(&out);
    ent_json_end_object(&out);
    ent_json_text(&out, NULL);
    ent_json_end_array(&out);
    ent_json_key_bool(&out, "open", false);
    ent_json_end_object(&out);
    assert_true(ent_json_is_complete(&out));
    ent_json_reopen_object(&out);
    assert_false(ent_json_is_complete(&out));
    ent_json_key_text(&out, "hash", "00");
    ent_json_end_object(&out);
    ent_json_end_line(&out);
    ent_json_raw(&out, "1.5", 3);
    assert_true(ent_json_is_complete(&out));
    assert_string_equal(out.data,
                        "{\"seq\":-9223372036854775808,"
                        "\"title\":\"4.1 \\\"Avail\\\"\\u000a\xc3\xa9\","
                        "\"list\":[18446744073709551615,{},null],"
                        "\"open\":false,\"hash\":\"00\"}\n1.5");
    ent_json_deinit(&out);
}

static void test_json_refuses_misuse(void **state)
{
    ent_json_out out;

    (void)state;
    ent_json_init(&out, 8);
    ent_json_int(&out, 1);
    ent_json_int(&out, 2); /* a second value on the line */
    assert_int_equal(out.error, ENT_JSON_MISUSE);
    ent_json_reset(&out);
    ent_json_begin_object(&out);
    ent_json_int(&out, 1); /* no key */
    assert_int_equal(out.error, ENT_JSON_MISUSE);
    ent_json_end_object(&out);
    assert_string_equal(out.data, "{");
    ent_json_reset(&out);
    ent_json_key(&out, "k"); /* no object */
    assert_int_equal(out.error, ENT_JSON_MISUSE);
    ent_json_reset(&out);
    ent_json_begin_array(&out);
    ent_json_end_object(&out);
    assert_int_equal(out.error, ENT_JSON_MISUSE);
    ent_json_reset(&out);
    ent_json_reopen_object(&out);
    assert_int_equal(out.error, ENT_JSON_MISUSE);
    ent_json_reset(&out);
    ent_json_end_line(&out);
    assert_int_equal(out.error, ENT_JSON_MISUSE);
    ent_json_reset(&out);
    ent_json_text(&out, "123456"); /* just fits */
    assert_true(ent_json_is_complete(&out));
    ent_json_reset(&out);
    ent_json_text(&out, "1234567");
    assert_int_equal(out.error, ENT_JSON_TOO_LONG);
    assert_false(ent_json_is_complete(&out));
    ent_json_deinit(&out);
    ent_json_init(&out, 0);
    for (int i = 0; i < ENT_JSON_DEPTH_MAX; i++)
        ent_json_begin_array(&out);
    assert_int_equal(out.error, ENT_JSON_OK);
    ent_json_begin_array(&out);
    assert_int_equal(out.error, ENT_JSON_MISUSE);
    ent_json_deinit(&out);
}

static void test_json_repairs_utf8(void **state)
{
    ent_json_out out;

    (void)state;
    ent_json_init(&out, 0);
    /* A lone continuation, an overlong slash, a surrogate, a cut sequence. */
    ent_json_text(&out, "a\x80"
                        "b\xc0\xaf"
                        "c\xed\xa0\x80"
                        "d\xf0\x9f\x98");
    assert_string_equal(out.data, "\"a\xef\xbf\xbd"
                                  "b\xef\xbf\xbd\xef\xbf\xbd"
                                  "c\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                                  "d\xef\xbf\xbd\"");
    ent_json_reset(&out);
    ent_json_text_len(&out, NULL, 0);
    assert_string_equal(out.data, "\"\"");
    ent_json_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share_meets_target_at_the_boundary),
        cmocka_unit_test(test_rationals_are_normalised),
        cmocka_unit_test(test_overflow_is_reported_only_when_the_result_is_too_large),
        cmocka_unit_test(test_rounding_modes),
        cmocka_unit_test(test_rational_text),
        cmocka_unit_test(test_rationals_and_doubles),
        cmocka_unit_test(test_sums_do_not_depend_on_order_or_partitioning),
        cmocka_unit_test(test_sums_at_the_borders),
        cmocka_unit_test(test_averages_compare_exactly),
        cmocka_unit_test(test_currencies),
        cmocka_unit_test(test_money_text),
        cmocka_unit_test(test_apportioning),
        cmocka_unit_test(test_integers_from_text),
        cmocka_unit_test(test_durations_from_text),
        cmocka_unit_test(test_doubles_and_text),
        cmocka_unit_test(test_a_comma_locale_changes_nothing),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_json_lines),
        cmocka_unit_test(test_json_refuses_misuse),
        cmocka_unit_test(test_json_repairs_utf8),
    };

    return cmocka_run_group_tests_name("exact", tests, NULL, NULL);
}
