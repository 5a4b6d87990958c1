/*
 * Doubles from text, correctly rounded, and to the shortest text; without regard to any locale.
 *
 * Three roads lead from text: one floating operation where that is exact (Clinger), one division
 * of 128-bit integers for up to 38 digits and small exponents, and a search by comparison of big
 * integers for the rest. The last costs some 20 us and no allocation, whatever the input: digits
 * beyond the 800th only count as "more than nothing".
 *
 * Tested by tests/unit/test_exact.c and tests/property/exact_oracle.py.
 */
#include "decimal.h"
#include "exact.h"
#include "wide.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Big integers for the hard doubles --------------------------------------------------- */

#define DIGITS_MAX 800
/*
 * The largest number made below is 10^1127 (3744 bits: 801 digits of a value of 10^-326) times a
 * 54-bit mantissa times 2^971: 4769 bits, 150 limbs.
 */
#define BIG_LIMBS 160

typedef struct {
    size_t len; /* no leading zero limbs */
    uint32_t limb[BIG_LIMBS];
} big;

static void big_mul_add(big *b, uint32_t factor, uint32_t addend)
{
    uint64_t carry = addend;

    for (size_t i = 0; i < b->len; i++) {
        carry += (uint64_t)b->limb[i] * factor;
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0)
        b->limb[b->len++] = (uint32_t)carry;
}

static void big_mul_power10(big *b, long exponent)
{
    for (; exponent >= 9; exponent -= 9)
        big_mul_add(b, 1000000000, 0);
    for (; exponent > 0; exponent--)
        big_mul_add(b, 10, 0);
}

/* out = b * factor * 2^shift */
static void big_mul_shift(const big *b, uint64_t factor, unsigned shift, big *out)
{
    const size_t limbs = shift / 32;
    uint64_t carry = 0;
    ent_u128 high = 0;

    memset(out->limb, 0, limbs * sizeof out->limb[0]);
    out->len = limbs;
    for (size_t i = 0; i < b->len || high != 0; i++) {
        high += (ent_u128)factor * (i < b->len ? b->limb[i] : 0);
        carry |= (uint64_t)(uint32_t)high << (shift % 32);
        out->limb[out->len++] = (uint32_t)carry;
        carry >>= 32;
        high >>= 32;
    }
    if (carry != 0)
        out->limb[out->len++] = (uint32_t)carry;
    while (out->len > 0 && out->limb[out->len - 1] == 0)
        out->len--;
}

static int big_cmp(const big *a, const big *b)
{
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    for (size_t i = a->len; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

/* num/den against mantissa * 2^exponent. */
static int cmp_ratio(const big *num, const big *den, uint64_t mantissa, int exponent)
{
    big left, right;

    big_mul_shift(num, 1, exponent < 0 ? (unsigned)-exponent : 0, &left);
    big_mul_shift(den, mantissa, exponent > 0 ? (unsigned)exponent : 0, &right);
    return big_cmp(&left, &right);
}

static void split_bits(uint64_t bits, uint64_t *mantissa, int *exponent)
{
    const uint64_t biased = bits >> 52, is_normal = biased != 0;

    *mantissa = (bits & 0xfffffffffffffULL) | is_normal << 52;
    *exponent = (int)(biased + !is_normal) - 1075;
}

/* The bits of the double nearest to num/den, which is below 10^310; infinity's where too large. */
static uint64_t search_double(const big *num, const big *den)
{
    /* Non-negative doubles are ordered as their bits; "infinity" stands for 2^1024 here. */
    uint64_t low = 0, high = 0x7ffULL << 52, mantissa;
    int exponent;

    while (high - low > 1) {
        const uint64_t mid = low + (high - low) / 2;

        split_bits(mid, &mantissa, &exponent);
        if (cmp_ratio(num, den, mantissa, exponent) < 0)
            high = mid;
        else
            low = mid;
    }
    split_bits(low, &mantissa, &exponent);
    const int order = cmp_ratio(num, den, 2 * mantissa + 1, exponent - 1);

    return low + (order > 0 || (order == 0 && (low & 1) != 0));
}

/* ---- Doubles ----------------------------------------------------------------------------- */

/* digits * 10^exponent; the digits start with none that is zero. */
typedef struct {
    const ent_decimal *text;
    size_t digits_len;
    long exponent;
} scaled_digits;

static char digit_at(const scaled_digits *d, size_t i)
{
    return i < d->text->whole_len ? d->text->whole[i] : d->text->fraction[i - d->text->whole_len];
}

/* [+-]digits, saturating far outside of any double's exponent. */
static bool scan_exponent(const char *text, size_t len, long *out)
{
    const bool has_sign = len > 0 && (text[0] == '-' || text[0] == '+');
    long value = 0;

    if (len == (size_t)has_sign)
        return false;
    for (size_t i = has_sign; i < len; i++) {
        if (!ent_is_digit(text[i]))
            return false;
        if (value < 100000000)
            value = value * 10 + (text[i] - '0');
    }
    *out = has_sign && text[0] == '-' ? -value : value;
    return true;
}

/* The first two roads; false when the number needs the third. */
static bool convert_short(const scaled_digits *d, size_t skipped, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    ent_u128 digits = 0;

    if (d->digits_len - skipped > 38 || d->exponent < -38 || d->exponent > 38)
        return false;
    for (size_t i = skipped; i < d->digits_len; i++)
        digits = digits * 10 + (unsigned)(digit_at(d, i) - '0');
    const int exponent = (int)d->exponent;

    /* Both operands are exact, so the one operation rounds once; not so in x87 registers. */
    if (FLT_EVAL_METHOD == 0 && digits <= 1ULL << 53 && exponent >= -22 && exponent <= 22) {
        const double exact = (double)(uint64_t)digits;

        *out = exponent < 0 ? exact / powers[-exponent] : exact * powers[exponent];
        return true;
    }
    if (exponent <= 0) {
        *out = ent_ratio_to_double(digits, ent_u128_power10(-exponent));
        return true;
    }
    if (__builtin_mul_overflow(digits, ent_u128_power10(exponent), &digits))
        return false;
    *out = ent_ratio_to_double(digits, 1);
    return true;
}

static bool convert_long(const scaled_digits *d, size_t skipped, double *out)
{
    big num = {.len = 0}, den = {.len = 1, .limb = {1}};
    const size_t significant = d->digits_len - skipped;
    const size_t used = significant < DIGITS_MAX ? significant : DIGITS_MAX;
    long exponent = d->exponent + (long)(significant - used);
    bool sticky = false;
    uint64_t bits;

    for (size_t i = 0; i < used; i++)
        big_mul_add(&num, 10, (uint32_t)(digit_at(d, skipped + i) - '0'));
    for (size_t i = skipped + used; i < d->digits_len; i++)
        sticky |= digit_at(d, i) != '0';
    if (sticky) { /* no double and no midpoint has so many digits: one more settles the side */
        big_mul_add(&num, 10, 1);
        exponent--;
    }
    if (exponent > 0)
        big_mul_power10(&num, exponent);
    else
        big_mul_power10(&den, -exponent);
    bits = search_double(&num, &den);
    if (bits == 0x7ffULL << 52)
        return false;
    memcpy(out, &bits, sizeof bits);
    return true;
}

bool ent_parse_double(const char *text, size_t len, double *out)
{
    size_t mantissa_len = 0, skipped = 0;
    long exponent = 0;
    ent_decimal text_digits;
    double magnitude = 0.0;

    while (mantissa_len < len && text[mantissa_len] != 'e' && text[mantissa_len] != 'E')
        mantissa_len++;
    if (len > 1L << 30 || !ent_decimal_scan(text, mantissa_len, &text_digits)
        || (mantissa_len < len
            && !scan_exponent(text + mantissa_len + 1, len - mantissa_len - 1, &exponent)))
        return false;
    const scaled_digits d = {&text_digits, text_digits.whole_len + text_digits.fraction_len,
                             exponent - (long)text_digits.fraction_len};

    while (skipped < d.digits_len && digit_at(&d, skipped) == '0')
        skipped++;
    /* Of the first digit; outside of these bounds the result is beyond doubles, or rounds to 0. */
    const long leading = d.exponent + (long)(d.digits_len - skipped) - 1;

    if (skipped < d.digits_len && leading >= -326) {
        if (leading > 309
            || (!convert_short(&d, skipped, &magnitude) && !convert_long(&d, skipped, &magnitude)))
            return false;
    }
    *out = text_digits.negative ? -magnitude : magnitude;
    return true;
}

/*
 * The digits of `value` to `precision` places and the exponent of the first, out of snprintf, whose
 * decimal point is the locale's (perhaps of several bytes) and is therefore skipped.
 */
static size_t print_digits(double value, int precision, char *digits, int *exponent)
{
    char text[64];
    size_t count = 0;
    int sign = 1, power = 0;
    const char *at = text;

    (void)snprintf(text, sizeof text, "%.*e", precision - 1, value);
    for (; *at != 'e' && *at != '\0'; at++)
        if (ent_is_digit(*at))
            digits[count++] = *at;
    if (*at == 'e')
        at++;
    if (*at == '-')
        sign = -1;
    for (; *at != '\0'; at++)
        if (ent_is_digit(*at))
            power = power * 10 + (*at - '0');
    while (count > 1 && digits[count - 1] == '0')
        count--;
    *exponent = sign * power;
    return count;
}

/* d.ddde+XX from digits; what follows the sign. */
static size_t write_number(const char *digits, size_t count, int exponent, char *buf)
{
    size_t len = 0;

    if (exponent >= -4 && exponent < 0) { /* 0.000ddd */
        buf[len++] = '0';
        buf[len++] = '.';
        for (int i = exponent + 1; i < 0; i++)
            buf[len++] = '0';
        memcpy(buf + len, digits, count);
        return len + count;
    }
    const bool plain = exponent >= 0 && exponent < 16;
    const size_t whole = plain ? (size_t)exponent + 1 : 1;

    for (size_t i = 0; i < whole || i < count; i++) {
        if (i == whole)
            buf[len++] = '.';
        buf[len++] = i < count ? digits[i] : '0';
    }
    if (!plain) {
        const unsigned magnitude = (unsigned)(exponent < 0 ? -exponent : exponent);

        buf[len++] = 'e';
        buf[len++] = exponent < 0 ? '-' : '+';
        if (magnitude >= 100)
            buf[len++] = (char)('0' + magnitude / 100);
        buf[len++] = (char)('0' + magnitude / 10 % 10);
        buf[len++] = (char)('0' + magnitude % 10);
    }
    return len;
}

/* The next larger number of `precision` digits; returns its digits without zeros at the end. */
static size_t increment_digits(char *digits, size_t count, int precision, int *exponent)
{
    while (count < (size_t)precision)
        digits[count++] = '0';
    while (count > 0 && digits[count - 1] == '9')
        count--;
    if (count == 0) {
        digits[0] = '1';
        ++*exponent;
        return 1;
    }
    digits[count - 1]++;
    return count;
}

/* Writes the number and returns its length if it reads back as the value, else 0. */
static size_t try_number(double value, const char *digits, size_t count, int exponent, char *buf)
{
    const size_t len = write_number(digits, count, exponent, buf);
    double again;

    buf[len] = '\0';
    return ent_parse_double(buf, len, &again) && again == value ? len : 0;
}

size_t ent_format_double(double value, char *buf)
{
    char digits[64];
    size_t sign_len = 0;
    int exponent;

    buf[0] = '\0';
    if (!isfinite(value))
        return 0;
    const double magnitude = fabs(value);
    const bool is_power_of_two = frexp(magnitude, &exponent) == 0.5;

    if (signbit(value))
        buf[sign_len++] = '-';
    /* 15 digits suffice for most that people write; below the normal range fewer may do. */
    for (int precision = magnitude < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
        size_t count = print_digits(magnitude, precision, digits, &exponent);
        size_t len = try_number(magnitude, digits, count, exponent, buf + sign_len);

        /* Doubles lie twice as far apart above a power of two as below: the nearest decimal may
         * fall out below where the next one above is still read back. */
        if (len == 0 && is_power_of_two) {
            count = increment_digits(digits, count, precision, &exponent);
            len = try_number(magnitude, digits, count, exponent, buf + sign_len);
        }
        if (len > 0)
            return sign_len + len;
    }
    buf[0] = '\0';
    return 0; /* unreachable: 17 digits identify a double */
}
