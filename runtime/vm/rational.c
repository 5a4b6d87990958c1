/*
 * Exact rationals over 128 bits.
 *
 * Operations reduce by common factors before they multiply (Knuth, TAOCP 2, 4.5.1) and carry
 * intermediates in 256 bits, so that they fail only when the reduced result itself does not fit.
 * Comparison never fails. Invariant: what leaves this file is normalised as exact.h says.
 *
 * Tested by tests/unit/test_exact.c and tests/property/exact_oracle.py.
 */
#include "exact.h"
#include "wide.h"

#include <math.h>
#include <string.h>

static ent_u128 gcd(ent_u128 a, ent_u128 b)
{
    while (b != 0 && (a >> 64 != 0 || b >> 64 != 0)) {
        const ent_u128 rest = a % b;

        a = b;
        b = rest;
    }
    if (b == 0)
        return a;
    /* Both fit 64 bits, where the machine divides by itself. */
    uint64_t x = (uint64_t)a, y = (uint64_t)b;

    while (y != 0) {
        const uint64_t rest = x % y;

        x = y;
        y = rest;
    }
    return x;
}

static unsigned bit_length(ent_u128 value)
{
    const uint64_t high = (uint64_t)(value >> 64), low = (uint64_t)value;

    if (high != 0)
        return 128 - (unsigned)__builtin_clzll(high);
    return low == 0 ? 0 : 64 - (unsigned)__builtin_clzll(low);
}

static bool mul_u128(ent_u128 a, ent_u128 b, ent_u128 *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

/* num/den are reduced already. */
static bool from_reduced(bool negative, ent_u128 num, ent_u128 den, ent_q *out)
{
    ent_q q;

    if (!ent_i128_from_magnitude(num, negative, &q.num)
        || !ent_i128_from_magnitude(den, false, &q.den))
        return false;
    *out = q;
    return true;
}

bool ent_i128_add(ent_i128 a, ent_i128 b, ent_i128 *out)
{
    ent_i128 sum;

    if (__builtin_add_overflow(a, b, &sum) || sum < -ENT_I128_MAX)
        return false;
    *out = sum;
    return true;
}

bool ent_q_make(ent_i128 n, ent_i128 d, ent_q *out)
{
    const ent_u128 num = ent_u128_magnitude(n), den = ent_u128_magnitude(d);

    if (den == 0)
        return false;
    const ent_u128 common = gcd(num, den);

    return from_reduced((n < 0) != (d < 0), num / common, den / common, out);
}

ent_q ent_q_from_i64(int64_t value)
{
    return (ent_q){value, 1};
}

bool ent_q_from_double(double value, ent_q *out)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    const int biased = (int)(bits >> 52 & 0x7ff);
    uint64_t mantissa = bits & 0xfffffffffffffULL;

    if (biased == 0x7ff)
        return false;
    if (biased != 0)
        mantissa |= 1ULL << 52;
    if (mantissa == 0) {
        *out = ent_q_from_i64(0);
        return true;
    }
    const int zeros = __builtin_ctzll(mantissa);
    const int exponent = (biased == 0 ? 1 : biased) - 1075 + zeros;

    mantissa >>= zeros;
    if (exponent >= 0) {
        if (exponent + 64 - __builtin_clzll(mantissa) > 127)
            return false;
        return from_reduced(bits >> 63 != 0, (ent_u128)mantissa << exponent, 1, out);
    }
    if (exponent < -126)
        return false;
    return from_reduced(bits >> 63 != 0, mantissa, (ent_u128)1 << -exponent, out);
}

bool ent_q_add(ent_q a, ent_q b, ent_q *out)
{
    const ent_u128 a_den = (ent_u128)a.den, b_den = (ent_u128)b.den;
    const ent_u128 common = gcd(a_den, b_den);
    const ent_wide x = ent_wide_mul(ent_u128_magnitude(a.num), b_den / common);
    const ent_wide y = ent_wide_mul(ent_u128_magnitude(b.num), a_den / common);
    bool negative = a.num < 0;
    ent_wide total;

    if ((a.num < 0) == (b.num < 0)) {
        total = ent_wide_add(x, y);
    } else if (ent_wide_cmp(x, y) >= 0) {
        total = ent_wide_sub(x, y);
    } else {
        total = ent_wide_sub(y, x);
        negative = b.num < 0;
    }
    if (total.hi == 0 && total.lo == 0) {
        *out = ent_q_from_i64(0);
        return true;
    }
    /* Only factors of `common` can still divide the numerator. */
    const ent_wide folded = {total.hi % common, total.lo};
    ent_u128 quotient, rest, den;

    if (!ent_wide_div(folded, common, &quotient, &rest))
        return false;
    const ent_u128 shared = gcd(common, rest);

    if (!ent_wide_div(total, shared, &quotient, &rest)
        || !mul_u128(a_den / common, b_den / shared, &den))
        return false;
    return from_reduced(negative, quotient, den, out);
}

bool ent_q_sub(ent_q a, ent_q b, ent_q *out)
{
    return ent_q_add(a, ent_q_neg(b), out);
}

bool ent_q_mul(ent_q a, ent_q b, ent_q *out)
{
    const ent_u128 a_num = ent_u128_magnitude(a.num), b_num = ent_u128_magnitude(b.num);
    const ent_u128 across = gcd(a_num, (ent_u128)b.den), along = gcd(b_num, (ent_u128)a.den);
    ent_u128 num, den;

    if (a_num == 0 || b_num == 0) {
        *out = ent_q_from_i64(0);
        return true;
    }
    if (!mul_u128(a_num / across, b_num / along, &num)
        || !mul_u128((ent_u128)a.den / along, (ent_u128)b.den / across, &den))
        return false;
    return from_reduced((a.num < 0) != (b.num < 0), num, den, out);
}

bool ent_q_div(ent_q a, ent_q b, ent_q *out)
{
    if (b.num == 0)
        return false;
    const ent_q inverse = b.num < 0 ? (ent_q){-b.den, -b.num} : (ent_q){b.den, b.num};

    return ent_q_mul(a, inverse, out);
}

ent_q ent_q_neg(ent_q a)
{
    return (ent_q){-a.num, a.den};
}

int ent_q_cmp(ent_q a, ent_q b)
{
    const int a_sign = (a.num > 0) - (a.num < 0), b_sign = (b.num > 0) - (b.num < 0);

    if (a_sign != b_sign)
        return a_sign < b_sign ? -1 : 1;
    const int order = ent_wide_cmp(ent_wide_mul(ent_u128_magnitude(a.num), (ent_u128)b.den),
                                   ent_wide_mul(ent_u128_magnitude(b.num), (ent_u128)a.den));

    return a_sign < 0 ? -order : order;
}

ent_i128 ent_q_floor(ent_q a)
{
    const ent_i128 quotient = a.num / a.den;

    return quotient - (a.num % a.den < 0);
}

ent_i128 ent_q_ceil(ent_q a)
{
    const ent_i128 quotient = a.num / a.den;

    return quotient + (a.num % a.den > 0);
}

/* Whether quotient + rest/den, rest < den, goes to quotient + 1. */
static bool rounds_up(ent_u128 quotient, ent_u128 rest, ent_u128 den, ent_round mode)
{
    if (rest == 0)
        return false;
    switch (mode) {
    case ENT_ROUND_UP:
        return true;
    case ENT_ROUND_DOWN:
        return false;
    case ENT_ROUND_HALF_UP:
        return rest >= den - rest;
    case ENT_ROUND_HALF_EVEN:
        break;
    }
    return rest > den - rest || (rest == den - rest && (quotient & 1) != 0);
}

bool ent_q_round(ent_q value, int digits, ent_round mode, ent_i128 *scaled)
{
    const ent_u128 den = (ent_u128)value.den;
    ent_u128 quotient, rest;

    if (digits < 0 || digits > ENT_DECIMAL_PLACES_MAX)
        return false;
    const ent_wide product = ent_wide_mul(ent_u128_magnitude(value.num), ent_u128_power10(digits));

    if (!ent_wide_div(product, den, &quotient, &rest) || quotient > (ent_u128)ENT_I128_MAX)
        return false;
    quotient += rounds_up(quotient, rest, den, mode);
    return ent_i128_from_magnitude(quotient, value.num < 0, scaled);
}

double ent_ratio_to_double(ent_u128 n, ent_u128 d)
{
    if (n == 0)
        return 0.0;
    /* Scale so that the quotient has at least 55 bits: 53 to keep, one to round by, one sticky. */
    const int wanted = 55 - ((int)bit_length(n) - (int)bit_length(d));
    const unsigned shift = wanted > 0 ? (unsigned)wanted : 0;
    ent_u128 quotient, rest;

    if (!ent_wide_div(ent_wide_shift_left(n, shift), d, &quotient, &rest))
        return 0.0; /* unreachable: the quotient has at most 128 bits */
    const unsigned length = bit_length(quotient);
    const unsigned drop = length > 64 ? length - 64 : 0;
    const bool sticky = rest != 0 || (quotient & (((ent_u128)1 << drop) - 1)) != 0;

    return ldexp((double)((uint64_t)(quotient >> drop) | sticky), (int)drop - (int)shift);
}

double ent_q_to_double(ent_q value)
{
    const double magnitude = ent_ratio_to_double(ent_u128_magnitude(value.num),
                                                 (ent_u128)value.den);

    return value.num < 0 ? -magnitude : magnitude;
}

size_t ent_i128_format(ent_i128 value, char *buf, size_t size)
{
    char text[ENT_I128_TEXT_SIZE];
    size_t len = 0;

    if (value < 0)
        text[len++] = '-';
    len += ent_u128_digits(ent_u128_magnitude(value), text + len);
    return ent_text_deliver(text, len, buf, size);
}

size_t ent_q_format_fraction(ent_q value, char *buf, size_t size)
{
    char text[ENT_Q_TEXT_SIZE];
    size_t len = ent_i128_format(value.num, text, sizeof text);

    if (value.den != 1) {
        text[len++] = '/';
        len += ent_u128_digits((ent_u128)value.den, text + len);
    }
    return ent_text_deliver(text, len, buf, size);
}

/* Whether the denominator has no prime factor besides 2 and 5. */
static bool is_finite_decimal(ent_u128 den)
{
    while (den % 10 == 0)
        den /= 10;
    while (den % 5 == 0)
        den /= 5;
    return (den & (den - 1)) == 0;
}

size_t ent_q_format_decimal(ent_q value, char *buf, size_t size)
{
    char text[ENT_Q_TEXT_SIZE];
    const ent_u128 magnitude = ent_u128_magnitude(value.num), den = (ent_u128)value.den;
    ent_u128 rest = magnitude % den, digit;
    size_t len = 0;

    if (!is_finite_decimal(den))
        return ent_text_refuse(buf, size);
    if (value.num < 0)
        text[len++] = '-';
    len += ent_u128_digits(magnitude / den, text + len);
    if (rest != 0)
        text[len++] = '.';
    /* At most 126 digits, one for each factor 2 of the largest denominator. */
    while (rest != 0 && ent_wide_div(ent_wide_mul(rest, 10), den, &digit, &rest))
        text[len++] = (char)('0' + (int)digit);
    return ent_text_deliver(text, len, buf, size);
}

size_t ent_q_format_rounded(ent_q value, int places, bool trim_zeros, char *buf, size_t size)
{
    char text[ENT_Q_TEXT_SIZE], digits[40];
    const ent_u128 magnitude = ent_u128_magnitude(value.num), den = (ent_u128)value.den;
    ent_u128 whole = magnitude / den, fraction = 0, rest = 0;
    size_t len = 0;

    if (places < 0 || places > ENT_DECIMAL_PLACES_MAX)
        return ent_text_refuse(buf, size);
    const ent_u128 unit = ent_u128_power10(places);

    /* The part below the point is rounded apart, so that no magnitude is too large. It is below
     * the unit, hence the division cannot fail. With no places, evenness is the whole part's. */
    (void)ent_wide_div(ent_wide_mul(magnitude % den, unit), den, &fraction, &rest);
    fraction += rounds_up(places == 0 ? whole : fraction, rest, den, ENT_ROUND_HALF_EVEN);
    if (fraction == unit) {
        fraction = 0;
        whole++;
    }
    if (value.num < 0 && (whole != 0 || fraction != 0))
        text[len++] = '-';
    len += ent_u128_digits(whole, text + len);
    if (places > 0 && !(trim_zeros && fraction == 0)) {
        const size_t count = ent_u128_digits(fraction, digits);

        text[len++] = '.';
        for (size_t i = count; i < (size_t)places; i++)
            text[len++] = '0';
        memcpy(text + len, digits, count);
        len += count;
        while (trim_zeros && text[len - 1] == '0')
            len--;
    }
    return ent_text_deliver(text, len, buf, size);
}

size_t ent_format_seconds(int64_t duration_ns, char *buf, size_t size)
{
    char text[ENT_SECONDS_TEXT_SIZE];
    const uint64_t ns = duration_ns < 0 ? 0 - (uint64_t)duration_ns : (uint64_t)duration_ns;
    uint64_t fraction = ns % 1000000000, whole = ns / 1000000000;
    char *const end = text + sizeof text;
    char *at = end;
    int digits = 9;

    while (fraction != 0 && fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    if (fraction != 0) {
        for (; digits > 0; digits--, fraction /= 10)
            *--at = (char)('0' + fraction % 10);
        *--at = '.';
    }
    do {
        *--at = (char)('0' + whole % 10);
        whole /= 10;
    } while (whole != 0);
    if (duration_ns < 0)
        *--at = '-';
    return ent_text_deliver(at, (size_t)(end - at), buf, size);
}
