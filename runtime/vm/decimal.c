/*
 * Decimals, integers and durations from text, exactly and without regard to any locale.
 *
 * Doubles have their own file, double_text.c, as they round.
 *
 * Tested by tests/unit/test_exact.c and tests/property/exact_oracle.py.
 */
#include "decimal.h"

#include "exact.h"
#include "wide.h"

#include <string.h>

bool ent_decimal_scan(const char *text, size_t len, ent_decimal *out)
{
    size_t i = 0;

    if (len == 0)
        return false;
    const bool has_sign = text[0] == '-' || text[0] == '+';

    out->negative = has_sign && text[0] == '-';
    i += has_sign;
    const size_t whole_start = i;

    while (i < len && ent_is_digit(text[i]))
        i++;
    const size_t whole_end = i;

    if (i < len && text[i] == '.')
        i++;
    const size_t fraction_start = i;

    while (i < len && ent_is_digit(text[i]))
        i++;
    if (i != len || (whole_end - whole_start) + (i - fraction_start) == 0)
        return false;
    out->whole = text + whole_start;
    out->whole_len = whole_end - whole_start;
    out->fraction = text + fraction_start;
    out->fraction_len = i - fraction_start;
    while (out->whole_len > 0 && out->whole[0] == '0') {
        out->whole++;
        out->whole_len--;
    }
    while (out->fraction_len > 0 && out->fraction[out->fraction_len - 1] == '0')
        out->fraction_len--;
    return true;
}

/* Appends digits to a magnitude; false when it outgrows 128 bits. */
static bool append_digits(const char *digits, size_t len, ent_u128 *magnitude)
{
    ent_u128 value = *magnitude;

    if (value == 0 && len <= 19) { /* below 10^19, which fits; most input is so short */
        uint64_t small = 0;

        for (size_t i = 0; i < len; i++)
            small = small * 10 + (uint64_t)(digits[i] - '0');
        *magnitude = small;
        return true;
    }
    for (size_t i = 0; i < len; i++)
        if (__builtin_mul_overflow(value, (ent_u128)10, &value)
            || __builtin_add_overflow(value, (ent_u128)(digits[i] - '0'), &value))
            return false;
    *magnitude = value;
    return true;
}

static bool i64_from_magnitude(ent_u128 magnitude, bool negative, int64_t *out)
{
    if (magnitude > (ent_u128)INT64_MAX + negative)
        return false;
    *out = (int64_t)(negative ? -(ent_i128)magnitude : (ent_i128)magnitude);
    return true;
}

bool ent_q_from_decimal_text(const char *text, size_t len, ent_q *out)
{
    ent_decimal d;
    ent_u128 magnitude = 0;
    ent_i128 num;

    if (!ent_decimal_scan(text, len, &d) || d.fraction_len > ENT_DECIMAL_PLACES_MAX
        || !append_digits(d.whole, d.whole_len, &magnitude)
        || !append_digits(d.fraction, d.fraction_len, &magnitude)
        || !ent_i128_from_magnitude(magnitude, d.negative, &num))
        return false;
    return ent_q_make(num, (ent_i128)ent_u128_power10((int)d.fraction_len), out);
}

bool ent_parse_i64(const char *text, size_t len, int64_t *out)
{
    return len > 0 && memchr(text, '.', len) == NULL
        && ent_parse_decimal_scaled(text, len, 0, out);
}

bool ent_parse_decimal_scaled(const char *text, size_t len, int scale, int64_t *out)
{
    ent_decimal d;
    ent_u128 magnitude = 0;

    if (scale < 0 || scale > ENT_DECIMAL_PLACES_MAX || !ent_decimal_scan(text, len, &d)
        || d.fraction_len > (size_t)scale || !append_digits(d.whole, d.whole_len, &magnitude)
        || !append_digits(d.fraction, d.fraction_len, &magnitude))
        return false;
    const int missing = scale - (int)d.fraction_len;

    if (magnitude != 0
        && __builtin_mul_overflow(magnitude, ent_u128_power10(missing), &magnitude))
        return false;
    return i64_from_magnitude(magnitude, d.negative, out);
}

/* ---- Durations --------------------------------------------------------------------------- */

typedef struct {
    char name[3];
    int64_t unit_ns;
} duration_unit;

static const duration_unit literal_units[] = {
    {"d", 86400000000000}, {"h", 3600000000000}, {"m", 60000000000}, {"s", 1000000000},
    {"ms", 1000000},       {"us", 1000},         {"ns", 1},
};
static const duration_unit iso_date_units[] = {{"W", 604800000000000}, {"D", 86400000000000}};
static const duration_unit iso_time_units[] = {
    {"H", 3600000000000}, {"M", 60000000000}, {"S", 1000000000}};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

typedef struct {
    const char *at, *end;
    ent_u128 total_ns;
    bool had_fraction;
} duration_scan;

/*
 * One component: number and unit. *first is the first unit that may still come, and moves on.
 * The unit's name is all the letters up to `T` or what is no letter, so `1ms` is not `1m` and `s`.
 */
static bool scan_component(duration_scan *scan, const duration_unit *units, size_t count,
                           size_t *first)
{
    const char *start = scan->at, *name;
    ent_decimal d;
    ent_u128 value = 0, part;

    if (start == scan->end || !ent_is_digit(*start))
        return false;
    while (scan->at < scan->end && (ent_is_digit(*scan->at) || *scan->at == '.'))
        scan->at++;
    name = scan->at;
    if (!ent_decimal_scan(start, (size_t)(name - start), &d) || name[-1] == '.')
        return false;
    while (scan->at < scan->end && !ent_is_digit(*scan->at) && *scan->at != 'T')
        scan->at++;
    const size_t name_len = (size_t)(scan->at - name);
    size_t unit = *first;

    while (unit < count
           && (strlen(units[unit].name) != name_len
               || memcmp(units[unit].name, name, name_len) != 0))
        unit++;
    /* 2^16 5^11 ns are a day: beyond 16 decimals nothing is a whole number of nanoseconds. */
    if (unit == count || d.fraction_len > 16 || !append_digits(d.whole, d.whole_len, &value)
        || !append_digits(d.fraction, d.fraction_len, &value)
        || __builtin_mul_overflow(value, (ent_u128)units[unit].unit_ns, &part))
        return false;
    const ent_u128 power = ent_u128_power10((int)d.fraction_len);

    scan->had_fraction = memchr(start, '.', (size_t)(name - start)) != NULL;
    *first = unit + 1;
    return part % power == 0
        && !__builtin_add_overflow(scan->total_ns, part / power, &scan->total_ns);
}

/* What follows the P. */
static bool scan_iso(duration_scan *scan)
{
    size_t first = 0;
    bool any = false;

    while (scan->at < scan->end && *scan->at != 'T') {
        if (scan->had_fraction
            || !scan_component(scan, iso_date_units, COUNT_OF(iso_date_units), &first))
            return false;
        any = true;
    }
    if (scan->at == scan->end)
        return any;
    scan->at++; /* the T, after which something must come */
    first = 0;
    do {
        if (scan->had_fraction
            || !scan_component(scan, iso_time_units, COUNT_OF(iso_time_units), &first))
            return false;
    } while (scan->at < scan->end);
    return true;
}

bool ent_parse_duration(const char *text, size_t len, int64_t *duration_ns)
{
    if (len == 0)
        return false;
    const bool negative = text[0] == '-';
    duration_scan scan = {text + negative, text + len, 0, false};
    size_t first = 0;

    if (scan.at < scan.end && *scan.at == 'P') {
        scan.at++;
        if (!scan_iso(&scan))
            return false;
    } else {
        do {
            if (!scan_component(&scan, literal_units, COUNT_OF(literal_units), &first))
                return false;
        } while (scan.at < scan.end);
    }
    return i64_from_magnitude(scan.total_ns, negative, duration_ns);
}
