/* See big.h. Schoolbook arithmetic; division is Knuth's algorithm D (The Art of Computer Programming,
 * vol. 2, 4.3.1), the greatest common divisor Lehmer's (4.5.2) with leading parts of 124 bits. */
#include "runtime/vm/big.h"

#include <stdlib.h>
#include <string.h>

struct ent_big_block {
    ent_big_block *next;
    size_t used, size; /* in limbs */
    uint64_t limbs[];
};

/* Most pools stay small; those that do not should not ask for memory a thousand times. */
#define BLOCK_LIMBS_MIN 120 /* small enough for what allocators keep at hand */
#define BLOCK_LIMBS_MAX 65536

void ent_big_pool_deinit(ent_big_pool *pool)
{
    while (pool->blocks) {
        ent_big_block *next = pool->blocks->next;
        free(pool->blocks);
        pool->blocks = next;
    }
    pool->failed = false;
}

void ent_big_pool_reset(ent_big_pool *pool)
{
    ent_big_block *newest = pool->blocks; /* the largest */
    if (newest) {
        ent_big_pool rest = {newest->next, false};
        ent_big_pool_deinit(&rest);
        newest->next = NULL;
        newest->used = 0;
    }
    pool->failed = false;
}

static uint64_t *take(ent_big_pool *pool, size_t n)
{
    ent_big_block *b = pool->blocks;
    if (pool->failed) {
        return NULL;
    }
    if (!b || b->size - b->used < n) {
        size_t size = b && b->size < BLOCK_LIMBS_MAX ? 2 * b->size : b ? b->size : BLOCK_LIMBS_MIN;
        size = n > size ? n : size;
        b = malloc(sizeof *b + size * sizeof b->limbs[0]);
        if (!b) {
            pool->failed = true;
            return NULL;
        }
        *b = (ent_big_block){pool->blocks, 0, size};
        pool->blocks = b;
    }
    b->used += n;
    return b->limbs + b->used - n;
}

static ent_big make(const uint64_t *limbs, size_t n, bool negative)
{
    while (n > 0 && limbs[n - 1] == 0) {
        n--;
    }
    return (ent_big){limbs, n, n > 0 && negative};
}

static const ent_big zero = {NULL, 0, false};

ent_big ent_big_from(ent_big_pool *pool, ent_i128 value)
{
    ent_u128 size = value < 0 ? -(ent_u128)value : (ent_u128)value;
    uint64_t *out = take(pool, 2);
    if (!out) {
        return zero;
    }
    out[0] = (uint64_t)size;
    out[1] = (uint64_t)(size >> 64);
    return make(out, 2, value < 0);
}

ent_big ent_big_from_limbs(ent_big_pool *pool, const uint64_t *limbs, size_t n, bool negative)
{
    uint64_t *out = take(pool, n);
    if (!out) {
        return zero;
    }
    memcpy(out, limbs, n * sizeof *out);
    return make(out, n, negative);
}

static int compare_sizes(ent_big a, ent_big b)
{
    if (a.n != b.n) {
        return a.n < b.n ? -1 : 1;
    }
    for (size_t i = a.n; i-- > 0;) {
        if (a.limbs[i] != b.limbs[i]) {
            return a.limbs[i] < b.limbs[i] ? -1 : 1;
        }
    }
    return 0;
}

int ent_big_cmp(ent_big a, ent_big b)
{
    if (a.negative != b.negative) {
        return a.negative ? -1 : 1;
    }
    int order = compare_sizes(a, b);
    return a.negative ? -order : order;
}

static ent_big add_sizes(ent_big_pool *pool, ent_big a, ent_big b, bool negative)
{
    if (a.n < b.n) {
        ent_big c = a;
        a = b;
        b = c;
    }
    uint64_t *out = take(pool, a.n + 1);
    if (!out) {
        return zero;
    }
    ent_u128 carry = 0;
    for (size_t i = 0; i < a.n; i++) {
        carry += (ent_u128)a.limbs[i] + (i < b.n ? b.limbs[i] : 0);
        out[i] = (uint64_t)carry;
        carry >>= 64;
    }
    out[a.n] = (uint64_t)carry;
    return make(out, a.n + 1, negative);
}

/* |a| >= |b| */
static ent_big subtract_sizes(ent_big_pool *pool, ent_big a, ent_big b, bool negative)
{
    uint64_t *out = take(pool, a.n);
    if (!out) {
        return zero;
    }
    uint64_t borrow = 0;
    for (size_t i = 0; i < a.n; i++) {
        uint64_t y = i < b.n ? b.limbs[i] : 0;
        uint64_t d = a.limbs[i] - y;
        uint64_t next = (a.limbs[i] < y) | (d < borrow);
        out[i] = d - borrow;
        borrow = next;
    }
    return make(out, a.n, negative);
}

ent_big ent_big_add(ent_big_pool *pool, ent_big a, ent_big b)
{
    if (a.negative == b.negative) {
        return add_sizes(pool, a, b, a.negative);
    }
    return compare_sizes(a, b) >= 0 ? subtract_sizes(pool, a, b, a.negative)
                                    : subtract_sizes(pool, b, a, b.negative);
}

ent_big ent_big_sub(ent_big_pool *pool, ent_big a, ent_big b)
{
    b.negative = b.n > 0 && !b.negative;
    return ent_big_add(pool, a, b);
}

ent_big ent_big_mul(ent_big_pool *pool, ent_big a, ent_big b)
{
    if (a.n == 0 || b.n == 0) {
        return zero;
    }
    uint64_t *out = take(pool, a.n + b.n);
    if (!out) {
        return zero;
    }
    memset(out, 0, b.n * sizeof *out);
    for (size_t i = 0; i < a.n; i++) {
        uint64_t carry = 0;
        for (size_t k = 0; k < b.n; k++) {
            ent_u128 t = (ent_u128)a.limbs[i] * b.limbs[k] + out[i + k] + carry;
            out[i + k] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
        out[i + b.n] = carry;
    }
    return make(out, a.n + b.n, a.negative != b.negative);
}

ent_big ent_big_shift(ent_big_pool *pool, ent_big a, size_t bits)
{
    size_t whole = bits / 64;
    unsigned part = (unsigned)(bits % 64);
    uint64_t *out = a.n == 0 ? NULL : take(pool, a.n + whole + 1);
    if (!out) {
        return zero;
    }
    memset(out, 0, whole * sizeof *out);
    uint64_t carry = 0;
    for (size_t i = 0; i < a.n; i++) {
        out[whole + i] = (a.limbs[i] << part) | carry;
        carry = part ? a.limbs[i] >> (64 - part) : 0;
    }
    out[whole + a.n] = carry;
    return make(out, a.n + whole + 1, a.negative);
}

static ent_big divide_small(ent_big_pool *pool, ent_big a, uint64_t b, uint64_t *remainder)
{
    uint64_t *out = take(pool, a.n);
    ent_u128 rest = 0;
    if (!out) {
        return zero;
    }
    for (size_t i = a.n; i-- > 0;) {
        rest = (rest << 64) | a.limbs[i];
        out[i] = (uint64_t)(rest / b);
        rest %= b;
    }
    *remainder = (uint64_t)rest;
    return make(out, a.n, a.negative);
}

/* One digit of the quotient: subtracts it times v from u[0..n], and puts right what the estimate took
 * too much. */
static uint64_t divide_step(uint64_t *u, const uint64_t *v, size_t n)
{
    ent_u128 top = ((ent_u128)u[n] << 64) | u[n - 1];
    ent_u128 q = u[n] >= v[n - 1] ? UINT64_MAX : top / v[n - 1];
    ent_u128 rest = top - q * v[n - 1];
    while ((rest >> 64) == 0 && n > 1 && q * v[n - 2] > ((rest << 64) | u[n - 2])) {
        q--;
        rest += v[n - 1];
    }
    uint64_t borrow = 0;
    uint64_t carry = 0;
    for (size_t i = 0; i < n; i++) {
        ent_u128 p = q * v[i] + carry;
        carry = (uint64_t)(p >> 64);
        uint64_t d = u[i] - (uint64_t)p;
        uint64_t next = (u[i] < (uint64_t)p) | (d < borrow);
        u[i] = d - borrow;
        borrow = next;
    }
    ent_u128 over = (ent_u128)carry + borrow;
    bool negative = u[n] < over;
    u[n] = (uint64_t)(u[n] - over);
    if (negative) {
        q--;
        ent_u128 sum = 0;
        for (size_t i = 0; i < n; i++) {
            sum += (ent_u128)u[i] + v[i];
            u[i] = (uint64_t)sum;
            sum >>= 64;
        }
        u[n] += (uint64_t)sum;
    }
    return (uint64_t)q;
}

ent_big ent_big_divide(ent_big_pool *pool, ent_big a, ent_big b, ent_big *remainder)
{
    bool negative = a.negative != b.negative;
    *remainder = a;
    if (pool->failed || compare_sizes(a, b) < 0) {
        return zero;
    }
    if (b.n == 1) {
        uint64_t rest = 0;
        ent_big q = divide_small(pool, a, b.limbs[0], &rest);
        *remainder = ent_big_from(pool, (ent_i128)rest);
        remainder->negative = remainder->n > 0 && a.negative;
        return make(q.limbs, q.n, negative);
    }
    unsigned shift = (unsigned)__builtin_clzll(b.limbs[b.n - 1]);
    ent_big v = ent_big_shift(pool, b, shift);
    ent_big wide = ent_big_shift(pool, a, shift);
    uint64_t *u = take(pool, a.n + 1);
    uint64_t *q = take(pool, a.n - b.n + 1);
    uint64_t *r = take(pool, b.n);
    if (!u || !q || !r || pool->failed) {
        return zero;
    }
    memset(u, 0, (a.n + 1) * sizeof *u);
    memcpy(u, wide.limbs, wide.n * sizeof *u);
    for (size_t i = a.n - b.n + 1; i-- > 0;) {
        q[i] = divide_step(u + i, v.limbs, b.n);
    }
    for (size_t i = 0; i < b.n; i++) {
        r[i] = (u[i] >> shift) | (shift ? u[i + 1] << (64 - shift) : 0);
    }
    *remainder = make(r, b.n, a.negative);
    return make(q, a.n - b.n + 1, negative);
}

/* --- greatest common divisor --- */

/* The 124 bits of a below bit `top`, which is above the second limb. */
static ent_i128 leading(ent_big a, size_t top)
{
    size_t low = top - 124;
    size_t at = low / 64;
    unsigned part = (unsigned)(low % 64);
    uint64_t limb[3];
    for (size_t i = 0; i < 3; i++) {
        limb[i] = at + i < a.n ? a.limbs[at + i] : 0;
    }
    ent_u128 x = (limb[0] | (ent_u128)limb[1] << 64) >> part;
    x |= part ? (ent_u128)limb[2] << (128 - part) : 0;
    return (ent_i128)(x & (((ent_u128)1 << 124) - 1));
}

typedef struct lehmer {
    int64_t a, b, c, d;
} lehmer;

/* u p - v q, limb by limb: a product with a carry of its own each, and a borrow between them. */
typedef struct difference {
    uint64_t u, v, carry_p, carry_q, borrow;
} difference;

static inline uint64_t next_limb(difference *d, uint64_t p, uint64_t q)
{
    ent_u128 more = (ent_u128)p * d->u + d->carry_p;
    ent_u128 less = (ent_u128)q * d->v + d->carry_q;
    uint64_t low = (uint64_t)more - (uint64_t)less;
    uint64_t out = low - d->borrow;
    d->borrow = (uint64_t)((uint64_t)more < (uint64_t)less) | (uint64_t)(low < d->borrow);
    d->carry_p = (uint64_t)(more >> 64);
    d->carry_q = (uint64_t)(less >> 64);
    return out;
}

/* x = m.a a + m.b b and y = m.c a + m.d b, neither of them negative, in a.n limbs each.  In both the factors have
 * opposite signs, and those of a alternate: m.a and m.d are not negative, m.b and m.c not positive, or the reverse. */
static void combine(uint64_t *x, uint64_t *y, ent_big a, ent_big b, lehmer m)
{
    bool swapped = m.a < 0 || m.b > 0;
    difference for_x = {.u = (uint64_t)(swapped ? m.b : m.a), .v = (uint64_t)(swapped ? -m.a : -m.b)};
    difference for_y = {.u = (uint64_t)(swapped ? m.c : m.d), .v = (uint64_t)(swapped ? -m.d : -m.c)};
    for (size_t i = 0; i < a.n; i++) {
        uint64_t p = a.limbs[i];
        uint64_t q = i < b.n ? b.limbs[i] : 0;
        x[i] = swapped ? next_limb(&for_x, q, p) : next_limb(&for_x, p, q);
        y[i] = swapped ? next_limb(&for_y, p, q) : next_limb(&for_y, q, p);
    }
}


/* Most quotients in Euclid's algorithm are 1, 2 or 3, and a division of 128 bits is dear. */
static ent_i128 quotient(ent_i128 x, ent_i128 y)
{
    for (int q = 0; q < 4; q++) {
        if (x < y) {
            return q;
        }
        x -= y;
    }
    return 4 + x / y;
}

static lehmer lehmer_steps(ent_i128 x, ent_i128 y)
{
    lehmer m = {1, 0, 0, 1};
    while (y + m.c != 0 && y + m.d != 0) {
        ent_i128 q = quotient(x + m.a, y + m.c);
        if (q > INT64_MAX || q != quotient(x + m.b, y + m.d)) {
            break;
        }
        lehmer next = {m.c, m.d, m.a - (int64_t)q * m.c, m.b - (int64_t)q * m.d};
        ent_i128 rest = x - q * y;
        x = y;
        y = rest;
        m = next;
    }
    return m;
}

static ent_u128 gcd_words(ent_u128 a, ent_u128 b)
{
    while (b) {
        ent_u128 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static ent_u128 two_limbs(ent_big a)
{
    return (a.n > 0 ? a.limbs[0] : 0) | ((ent_u128)(a.n > 1 ? a.limbs[1] : 0) << 64);
}

ent_big ent_big_gcd(ent_big_pool *pool, ent_big a, ent_big b)
{
    a.negative = b.negative = false;
    if (compare_sizes(a, b) < 0) {
        ent_big c = a;
        a = b;
        b = c;
    }
    size_t room = a.n;
    uint64_t *work[4] = {0};
    for (size_t i = 0; i < 4 && room > 2; i++) {
        work[i] = take(pool, room);
    }
    unsigned turn = 0;
    while (b.n > 0 && a.n > 2 && !pool->failed) {
        size_t top = a.n * 64 - (size_t)__builtin_clzll(a.limbs[a.n - 1]);
        lehmer m = lehmer_steps(leading(a, top), leading(b, top));
        if (m.b == 0) {
            ent_big rest;
            (void)ent_big_divide(pool, a, b, &rest);
            a = b;
            b = rest;
            continue;
        }
        size_t n = a.n;
        combine(work[turn], work[turn + 1], a, b, m);
        a = make(work[turn], n, false);
        b = make(work[turn + 1], n, false);
        turn ^= 2;
    }
    if (b.n == 0) {
        return a;
    }
    ent_u128 g = gcd_words(two_limbs(a), two_limbs(b));
    uint64_t *out = take(pool, 2);
    if (!out) {
        return zero;
    }
    out[0] = (uint64_t)g;
    out[1] = (uint64_t)(g >> 64);
    return make(out, 2, false);
}

bool ent_big_to_i128(ent_big a, ent_i128 *out)
{
    ent_u128 size = two_limbs(a);
    if (a.n > 2 || size > (ent_u128)ENT_I128_MAX) {
        return false;
    }
    *out = a.negative ? -(ent_i128)size : (ent_i128)size;
    return true;
}

double ent_big_to_double(ent_big a)
{
    double out = 0;
    for (size_t i = a.n; i-- > 0;) {
        out = out * 18446744073709551616.0 + (double)a.limbs[i];
    }
    return a.negative ? -out : out;
}

/* --- fractions --- */

ent_bigq ent_bigq_from(ent_big_pool *pool, ent_q value)
{
    return (ent_bigq){ent_big_from(pool, value.num), ent_big_from(pool, value.den)};
}

static ent_big copy(ent_big_pool *pool, ent_big a)
{
    uint64_t *out = a.n ? take(pool, a.n) : NULL;
    if (!out) {
        return zero;
    }
    memcpy(out, a.limbs, a.n * sizeof *out);
    return make(out, a.n, a.negative);
}

ent_bigq ent_bigq_copy(ent_big_pool *pool, ent_bigq value)
{
    return (ent_bigq){copy(pool, value.num), copy(pool, value.den)};
}

ent_bigq ent_bigq_from_fsum(ent_big_pool *pool, const ent_fsum *sum, int64_t n)
{
    ent_big total = zero;
    for (int i = ENT_FSUM_CHUNKS - 1; i >= 0; i--) {
        total = ent_big_shift(pool, total, 32);
        total = ent_big_add(pool, total, ent_big_from(pool, sum->chunk[i]));
    }
    ent_big den = ent_big_shift(pool, ent_big_from(pool, n), 1074);
    return ent_bigq_reduce(pool, (ent_bigq){total, den});
}

ent_bigq ent_bigq_add(ent_big_pool *pool, ent_bigq a, ent_bigq b)
{
    if (ent_big_cmp(a.den, b.den) == 0) {
        return (ent_bigq){ent_big_add(pool, a.num, b.num), a.den};
    }
    return (ent_bigq){ent_big_add(pool, ent_big_mul(pool, a.num, b.den),
                                  ent_big_mul(pool, b.num, a.den)),
                      ent_big_mul(pool, a.den, b.den)};
}

static ent_bigq negated(ent_bigq a)
{
    a.num.negative = a.num.n > 0 && !a.num.negative;
    return a;
}

ent_bigq ent_bigq_sub(ent_big_pool *pool, ent_bigq a, ent_bigq b)
{
    return ent_bigq_add(pool, a, negated(b));
}

ent_bigq ent_bigq_mul(ent_big_pool *pool, ent_bigq a, ent_bigq b)
{
    return (ent_bigq){ent_big_mul(pool, a.num, b.num), ent_big_mul(pool, a.den, b.den)};
}

ent_bigq ent_bigq_div(ent_big_pool *pool, ent_bigq a, ent_bigq b)
{
    ent_bigq out = {ent_big_mul(pool, a.num, b.den), ent_big_mul(pool, a.den, b.num)};
    if (out.den.negative) {
        out = negated(out);
        out.den.negative = false;
    }
    return out;
}

ent_bigq ent_bigq_times(ent_big_pool *pool, ent_bigq a, ent_bigq b)
{
    /* what is common stands crosswise, because neither has anything to reduce in itself */
    ent_bigq x = ent_bigq_reduce(pool, (ent_bigq){a.num, b.den});
    ent_bigq y = ent_bigq_reduce(pool, (ent_bigq){b.num, a.den});
    return ent_bigq_mul(pool, x, y);
}

static uint64_t gcd_limbs(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

ent_bigq ent_bigq_reduce(ent_big_pool *pool, ent_bigq a)
{
    if (pool->failed) {
        return a;
    }
    if (a.num.n == 0) {
        return (ent_bigq){zero, ent_big_from(pool, 1)};
    }
    if (a.den.n == 1 && a.den.limbs[0] == 1) {
        return a;
    }
    ent_big rest;
    if (a.num.n == 1 && a.den.n == 1) {
        uint64_t common = gcd_limbs(a.num.limbs[0], a.den.limbs[0]);
        if (common == 1) {
            return a;
        }
        ent_i128 size = (ent_i128)(a.num.limbs[0] / common);
        return (ent_bigq){ent_big_from(pool, a.num.negative ? -size : size),
                          ent_big_from(pool, (ent_i128)(a.den.limbs[0] / common))};
    }
    ent_big g = ent_big_gcd(pool, a.num, a.den);
    if (pool->failed) {
        return a;
    }
    ent_big num = ent_big_divide(pool, a.num, g, &rest);
    ent_big den = ent_big_divide(pool, a.den, g, &rest);
    return (ent_bigq){num, den};
}

/* Long enough that reducing costs less than what the next multiplications save. */
#define REDUCE_FROM_LIMBS 4

static ent_bigq sum_halves(ent_big_pool *pool, const ent_bigq *v, size_t n)
{
    if (n == 1) {
        return v[0];
    }
    ent_bigq a = sum_halves(pool, v, n / 2);
    ent_bigq b = sum_halves(pool, v + n / 2, n - n / 2);
    ent_bigq sum = ent_bigq_add(pool, a, b);
    return sum.den.n <= REDUCE_FROM_LIMBS && n > 2 ? ent_bigq_reduce(pool, sum) : sum;
}

ent_bigq ent_bigq_sum(ent_big_pool *pool, const ent_bigq *v, size_t n)
{
    if (n == 0) {
        return ent_bigq_from(pool, ent_q_from_i64(0));
    }
    return ent_bigq_reduce(pool, sum_halves(pool, v, n));
}

int ent_bigq_sign(ent_bigq a)
{
    return a.num.n == 0 ? 0 : a.num.negative ? -1 : 1;
}

double ent_bigq_to_double(ent_big_pool *pool, ent_bigq a)
{
    /* 64 bits more than the difference in length, so that the quotient has 64 to 128 significant bits */
    size_t long_n = a.num.n > a.den.n ? a.num.n : a.den.n;
    size_t shift = (long_n - (a.num.n < long_n ? a.num.n : long_n) + 2) * 64;
    ent_big rest;
    ent_big q = ent_big_divide(pool, ent_big_shift(pool, a.num, shift), a.den, &rest);
    double out = ent_big_to_double(q);
    for (size_t i = 0; i < shift / 64; i++) {
        out /= 18446744073709551616.0;
    }
    return out;
}

bool ent_bigq_to_q(ent_big_pool *pool, ent_bigq a, ent_q *out)
{
    ent_bigq r = ent_bigq_reduce(pool, a);
    ent_i128 num;
    ent_i128 den;
    return !pool->failed && ent_big_to_i128(r.num, &num) && ent_big_to_i128(r.den, &den) &&
           ent_q_make(num, den, out);
}

/* --- text --- */

#define DECIMAL_CHUNK UINT64_C(10000000000000000000)
#define DECIMAL_CHUNK_DIGITS 19

/* Writes a before `end`, backwards; returns where it begins. */
/* limbs[0..n) /= DECIMAL_CHUNK; the remainder.  The divisor has its top bit set, so a quotient limb is a product
 * with its reciprocal, at most two off (Moeller and Granlund, Improved division by invariant integers, 2011,
 * algorithm 4). */
static uint64_t divide_chunk(uint64_t *limbs, size_t n)
{
    const uint64_t d = DECIMAL_CHUNK;
    const uint64_t reciprocal = (uint64_t)(~(ent_u128)0 / d); /* less 2^64, which falls off */
    uint64_t rest = 0;
    for (size_t i = n; i-- > 0;) {
        ent_u128 q = (ent_u128)reciprocal * rest + (((ent_u128)rest << 64) | limbs[i]);
        uint64_t high = (uint64_t)(q >> 64) + 1;
        uint64_t r = limbs[i] - high * d;
        if (r > (uint64_t)q) {
            high--;
            r += d;
        }
        if (r >= d) {
            high++;
            r -= d;
        }
        limbs[i] = high;
        rest = r;
    }
    return rest;
}

static char *write_digits(ent_big_pool *pool, ent_big a, char *end)
{
    size_t n = a.n;
    uint64_t *limbs = take(pool, n ? n : 1);
    if (!limbs) {
        return end;
    }
    memcpy(limbs, a.limbs, n * sizeof *limbs);
    do {
        uint64_t rest = divide_chunk(limbs, n);
        while (n > 0 && limbs[n - 1] == 0) {
            n--;
        }
        for (int i = 0; i < DECIMAL_CHUNK_DIGITS && (rest > 0 || n > 0); i++) {
            *--end = (char)('0' + rest % 10);
            rest /= 10;
        }
    } while (n > 0);
    if (a.negative) {
        *--end = '-';
    }
    return end;
}

const char *ent_bigq_text(ent_big_pool *pool, ent_bigq a)
{
    size_t limbs = (a.num.n + a.den.n) * 20 / 8 + 8;
    char *buffer = (char *)take(pool, limbs);
    if (!buffer) {
        return NULL;
    }
    char *at = buffer + limbs * sizeof(uint64_t) - 1;
    *at = 0;
    if (!(a.den.n == 1 && a.den.limbs[0] == 1)) {
        at = write_digits(pool, a.den, at);
        *--at = '/';
    }
    if (a.num.n == 0) {
        *--at = '0';
        return at;
    }
    at = write_digits(pool, a.num, at);
    return pool->failed ? NULL : at;
}
