/*
 * Sums of doubles without rounding.
 *
 * A superaccumulator after Radford Neal ("Fast exact summation using small and large
 * superaccumulators", 2015): a fixed-point number wide enough for every double and 2^64 of them.
 *
 *   chunk   67 (signed top)  ...          2            1            0
 *   bits    2175..2144                 95..64       63..32        31..0     units of 2^-1074
 *
 * A double adds its low bits to one chunk and the rest, at most 52 bits, to the next, both signed;
 * carries wait until 2047 additions are pending, which 64 bits bear:
 * 2047 * (2^52 + 2^32) + 2^32 < 2^63. Because nothing is ever rounded before the result, order and
 * partitioning of the input cannot matter, and merging is addition.
 *
 * Tested by tests/unit/test_exact.c and tests/property/exact_oracle.py.
 */
#include "exact.h"

#include <math.h>
#include <string.h>

#define CHUNK_MASK 0xffffffffLL
#define TOP (ENT_FSUM_CHUNKS - 1)
#define PENDING_MAX 2047u
#define LIMBS (ENT_FSUM_CHUNKS + 1)

void ent_fsum_init(ent_fsum *sum)
{
    memset(sum, 0, sizeof *sum);
}

void ent_fsum_normalise(ent_fsum *sum)
{
    int64_t carry = 0;

    for (size_t i = 0; i < TOP; i++) {
        const int64_t total = sum->chunk[i] + carry;

        sum->chunk[i] = total & CHUNK_MASK;
        carry = total >> 32; /* arithmetic, as gcc and clang define it */
    }
    sum->chunk[TOP] += carry;
    sum->pending = 0;
}

bool ent_fsum_is_normalised(const ent_fsum *sum)
{
    if (sum->pending != 0 || sum->refused > 1)
        return false;
    for (size_t i = 0; i < TOP; i++)
        if (sum->chunk[i] < 0 || sum->chunk[i] > CHUNK_MASK)
            return false;
    /* 2^64 doubles need 19 bits of the top; more was never written by us, and could overflow. */
    return sum->chunk[TOP] >= -(1LL << 32) && sum->chunk[TOP] <= 1LL << 32;
}

/*
 * Returns 1 for infinities and NaN, whose garbage is added all the same: a sum that refused a
 * value has no result, and a loop without branches runs at about 2 ns per element.
 */
static inline uint32_t accumulate(int64_t *chunk, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    const uint64_t biased = bits >> 52 & 0x7ff, is_normal = biased != 0;
    const uint64_t mantissa = (bits & 0xfffffffffffffULL) | is_normal << 52;
    const uint64_t position = biased - is_normal; /* of the lowest mantissa bit */
    const uint64_t index = position >> 5, shift = position & 31;
    const int64_t sign = -(int64_t)(bits >> 63);
    const int64_t low = (int64_t)(mantissa << shift & (uint64_t)CHUNK_MASK);
    const int64_t high = (int64_t)(mantissa >> (32 - shift));

    chunk[index] += (low ^ sign) - sign;
    chunk[index + 1] += (high ^ sign) - sign;
    return biased == 0x7ff;
}

void ent_fsum_add(ent_fsum *sum, double value)
{
    if (sum->pending >= PENDING_MAX)
        ent_fsum_normalise(sum);
    sum->refused |= accumulate(sum->chunk, value);
    sum->pending++;
}

void ent_fsum_add_array(ent_fsum *sum, const double *values, size_t count)
{
    while (count > 0) {
        if (sum->pending >= PENDING_MAX)
            ent_fsum_normalise(sum);
        const size_t room = PENDING_MAX - sum->pending;
        const size_t batch = count < room ? count : room;
        uint32_t refused = 0;

        for (size_t i = 0; i < batch; i++)
            refused |= accumulate(sum->chunk, values[i]);
        sum->refused |= refused;
        sum->pending += (uint32_t)batch;
        values += batch;
        count -= batch;
    }
}

void ent_fsum_merge(ent_fsum *into, const ent_fsum *from)
{
    ent_fsum other = *from;

    ent_fsum_normalise(&other);
    ent_fsum_normalise(into);
    for (size_t i = 0; i < ENT_FSUM_CHUNKS; i++)
        into->chunk[i] += other.chunk[i];
    into->refused |= other.refused;
    ent_fsum_normalise(into);
}

static int sign_of_normalised(const ent_fsum *sum)
{
    if (sum->chunk[TOP] < 0)
        return -1;
    for (size_t i = 0; i < ENT_FSUM_CHUNKS; i++)
        if (sum->chunk[i] != 0)
            return 1;
    return 0;
}

/* The magnitude as limbs of 32 bits, lowest first; returns whether the sum is negative. */
static bool to_limbs(const ent_fsum *sum, uint32_t limb[LIMBS])
{
    ent_fsum copy = *sum;

    ent_fsum_normalise(&copy);
    const bool negative = copy.chunk[TOP] < 0;

    if (negative) {
        for (size_t i = 0; i < ENT_FSUM_CHUNKS; i++)
            copy.chunk[i] = -copy.chunk[i];
        ent_fsum_normalise(&copy);
    }
    for (size_t i = 0; i < ENT_FSUM_CHUNKS; i++)
        limb[i] = (uint32_t)((uint64_t)copy.chunk[i] & (uint64_t)CHUNK_MASK);
    limb[LIMBS - 1] = (uint32_t)((uint64_t)copy.chunk[TOP] >> 32);
    return negative;
}

/* Divides in place; returns the remainder. */
static uint64_t divide_limbs(uint32_t limb[LIMBS], uint64_t n)
{
    uint64_t rest = 0;

    for (size_t i = LIMBS; i-- > 0;) {
        if (n <= UINT32_MAX) {
            const uint64_t part = rest << 32 | limb[i];

            limb[i] = (uint32_t)(part / n);
            rest = part % n;
        } else {
            const ent_u128 part = (ent_u128)rest << 32 | limb[i];

            limb[i] = (uint32_t)(part / n);
            rest = (uint64_t)(part % n);
        }
    }
    return rest;
}

/*
 * (limbs + rest/n) * 2^-1074 to the nearest double, halves to even. The unit is the smallest
 * subnormal, so up to 53 bits of limbs are a double as they stand.
 */
static double round_limbs(const uint32_t limb[LIMBS], uint64_t rest, uint64_t n)
{
    size_t top = LIMBS - 1;

    while (top > 0 && limb[top] == 0)
        top--;
    const size_t base = top >= 2 ? top - 2 : 0;
    ent_u128 window = 0;
    bool sticky = rest != 0;

    for (size_t i = top + 1; i-- > base;)
        window = window << 32 | limb[i];
    for (size_t i = 0; i < base; i++)
        sticky |= limb[i] != 0;

    unsigned length = 0;

    while (length < 96 && window >> length != 0)
        length++;
    if (length <= 53) { /* then base is 0: the window is everything above the remainder */
        const bool up = rest > n - rest || (rest == n - rest && (window & 1) != 0);

        return ldexp((double)(uint64_t)(window + up), -1074);
    }
    const unsigned drop = length - 53;
    const ent_u128 half = (ent_u128)1 << (drop - 1), below = window & ((half << 1) - 1);
    uint64_t kept = (uint64_t)(window >> drop);

    kept += below > half || (below == half && (sticky || (kept & 1) != 0));
    return ldexp((double)kept, (int)drop + 32 * (int)base - 1074);
}

bool ent_fsum_div(const ent_fsum *sum, uint64_t n, double *out)
{
    uint32_t limb[LIMBS];

    if (n == 0 || sum->refused != 0)
        return false;
    const bool negative = to_limbs(sum, limb);
    const uint64_t rest = n == 1 ? 0 : divide_limbs(limb, n);
    const double magnitude = round_limbs(limb, rest, n);

    if (isinf(magnitude))
        return false;
    *out = negative ? -magnitude : magnitude;
    return true;
}

bool ent_fsum_result(const ent_fsum *sum, double *out)
{
    return ent_fsum_div(sum, 1, out);
}

int ent_fsum_cmp(const ent_fsum *sum, uint64_t n, double target)
{
    ent_fsum rest = *sum;
    uint64_t bits;

    if (n == 0 || sum->refused != 0 || !isfinite(target))
        return ENT_FSUM_UNORDERED;
    memcpy(&bits, &target, sizeof bits);
    const uint64_t biased = bits >> 52 & 0x7ff, is_normal = biased != 0;
    const uint64_t mantissa = (bits & 0xfffffffffffffULL) | is_normal << 52;
    const uint64_t position = biased - is_normal;
    ent_u128 product = (ent_u128)mantissa * n; /* 53 + 64 bits */
    size_t index = position >> 5;

    /* sum - n * target: the product is taken off limb by limb, the first 32 - shift bits wide. */
    ent_fsum_normalise(&rest);
    for (unsigned shift = (unsigned)(position & 31); product != 0; shift = 0, index++) {
        const unsigned width = 32 - shift;
        const int64_t part = (int64_t)((uint64_t)(product & (((ent_u128)1 << width) - 1)) << shift);

        rest.chunk[index] += bits >> 63 != 0 ? part : -part;
        product >>= width;
    }
    ent_fsum_normalise(&rest);
    return sign_of_normalised(&rest);
}
