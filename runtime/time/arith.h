/* Saturating and flooring 64-bit arithmetic shared by the files of this folder.
 *
 * Instants live in the whole of int64, and INT64_MIN and INT64_MAX also stand for "since ever" and
 * "for ever". Saturation keeps those two fixed where a wrapped sum would be a wrong date.
 * Tested through every function that uses it: tests/unit/test_time.c, cases `limits`. */
#ifndef ENT_TIME_ARITH_H
#define ENT_TIME_ARITH_H

#include <stdbool.h>
#include <stdint.h>

#define ENT_TIME_SECOND_NS INT64_C(1000000000)
#define ENT_TIME_MINUTE_NS (60 * ENT_TIME_SECOND_NS)
#define ENT_TIME_HOUR_NS (60 * ENT_TIME_MINUTE_NS)
#define ENT_TIME_DAY_S INT64_C(86400)
#define ENT_TIME_DAY_NS (24 * ENT_TIME_HOUR_NS)

static inline int64_t ent_time_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return b < 0 ? INT64_MIN : INT64_MAX;
    }
    return sum;
}

static inline int64_t ent_time_sub(int64_t a, int64_t b)
{
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference)) {
        return b < 0 ? INT64_MAX : INT64_MIN;
    }
    return difference;
}

/* Quotient rounded towards minus infinity; b > 0. */
static inline int64_t ent_time_floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return a % b < 0 ? q - 1 : q;
}

/* seconds * 10^9 + nanoseconds, exact over the whole range; false if it does not fit. */
static inline bool ent_time_from_seconds(int64_t seconds, int64_t nanoseconds, int64_t *out_ns)
{
    __extension__ typedef __int128 wide;
    wide ns = (wide)seconds * ENT_TIME_SECOND_NS + nanoseconds;
    if (ns < INT64_MIN || ns > INT64_MAX) {
        return false;
    }
    *out_ns = (int64_t)ns;
    return true;
}

#endif
