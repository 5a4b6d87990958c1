/*
 * 256-bit intermediates for the files behind exact.h: products of two 128-bit numbers and their
 * division by one. Internal to runtime/vm; tested through exact.h.
 */
#ifndef ENT_VM_WIDE_H
#define ENT_VM_WIDE_H

#include "exact.h"

typedef struct {
    ent_u128 hi, lo;
} ent_wide;

static inline ent_wide ent_wide_mul(ent_u128 a, ent_u128 b)
{
    const uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64);
    const uint64_t b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
    const ent_u128 low = (ent_u128)a0 * b0, cross1 = (ent_u128)a0 * b1;
    const ent_u128 cross2 = (ent_u128)a1 * b0, high = (ent_u128)a1 * b1;
    const ent_u128 mid = (low >> 64) + (uint64_t)cross1 + (uint64_t)cross2;
    ent_wide out;

    out.lo = (mid << 64) | (uint64_t)low;
    out.hi = high + (cross1 >> 64) + (cross2 >> 64) + (mid >> 64);
    return out;
}

static inline ent_wide ent_wide_add(ent_wide a, ent_wide b)
{
    ent_wide out;

    out.lo = a.lo + b.lo;
    out.hi = a.hi + b.hi + (out.lo < a.lo);
    return out;
}

/* a >= b. */
static inline ent_wide ent_wide_sub(ent_wide a, ent_wide b)
{
    ent_wide out;

    out.lo = a.lo - b.lo;
    out.hi = a.hi - b.hi - (a.lo < b.lo);
    return out;
}

static inline int ent_wide_cmp(ent_wide a, ent_wide b)
{
    if (a.hi != b.hi)
        return a.hi < b.hi ? -1 : 1;
    if (a.lo != b.lo)
        return a.lo < b.lo ? -1 : 1;
    return 0;
}

/* a * 2^shift, shift < 256; the caller knows that it fits. */
static inline ent_wide ent_wide_shift_left(ent_u128 a, unsigned shift)
{
    ent_wide out = {0, 0};

    if (shift >= 128) {
        out.hi = a << (shift - 128);
    } else {
        out.lo = a << shift;
        out.hi = shift == 0 ? 0 : a >> (128 - shift);
    }
    return out;
}

/* quotient and remainder; false when the quotient does not fit 128 bits. d > 0. */
static inline bool ent_wide_div(ent_wide n, ent_u128 d, ent_u128 *quotient, ent_u128 *remainder)
{
    if (n.hi == 0) {
        *quotient = n.lo / d;
        *remainder = n.lo % d;
        return true;
    }
    if (n.hi >= d)
        return false;
    if (d >> 64 == 0) {
        const ent_u128 upper = (n.hi << 64) | (n.lo >> 64);
        const ent_u128 lower = ((upper % d) << 64) | (uint64_t)n.lo;

        *quotient = ((upper / d) << 64) | (lower / d);
        *remainder = lower % d;
        return true;
    }
    /* Bit by bit: only reached by figures beyond 2^64, where speed does not matter. */
    ent_u128 rest = n.hi, bits = 0;

    for (int i = 127; i >= 0; i--) {
        const bool carry = rest >> 127 != 0;

        rest = (rest << 1) | ((n.lo >> i) & 1);
        bits <<= 1;
        if (carry || rest >= d) {
            rest -= d;
            bits |= 1;
        }
    }
    *quotient = bits;
    *remainder = rest;
    return true;
}

static inline ent_u128 ent_u128_magnitude(ent_i128 value)
{
    return value < 0 ? (ent_u128)0 - (ent_u128)value : (ent_u128)value;
}

/* False when the value leaves the symmetric range. */
static inline bool ent_i128_from_magnitude(ent_u128 magnitude, bool negative, ent_i128 *out)
{
    if (magnitude > (ent_u128)ENT_I128_MAX)
        return false;
    *out = negative ? -(ent_i128)magnitude : (ent_i128)magnitude;
    return true;
}

/* 10^places, places in 0..38. */
static inline ent_u128 ent_u128_power10(int places)
{
    ent_u128 power = 1;

    for (int i = 0; i < places; i++)
        power *= 10;
    return power;
}

/* Decimal digits at buf without a final NUL; at most 39. */
static inline size_t ent_u128_digits(ent_u128 value, char *buf)
{
    char reversed[40];
    size_t len = 0;

    do {
        reversed[len++] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0);
    for (size_t i = 0; i < len; i++)
        buf[i] = reversed[len - 1 - i];
    return len;
}

/* No text to hand over: the form does not exist for the value. */
static inline size_t ent_text_refuse(char *buf, size_t size)
{
    if (size > 0)
        buf[0] = '\0';
    return 0;
}

/* Hands a finished text to the caller, by the rule that exact.h states for all of them. */
static inline size_t ent_text_deliver(const char *text, size_t len, char *buf, size_t size)
{
    if (len >= size)
        return ent_text_refuse(buf, size);
    for (size_t i = 0; i < len; i++)
        buf[i] = text[i];
    buf[len] = '\0';
    return len;
}

#endif
