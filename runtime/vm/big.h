/* Integers and fractions of any size, for shares: a sum over all subsets of parties of fractions with
 * different totals outgrows 128 bits long before it stops being an ordinary case.
 *
 * Values live in a pool and die with it; nothing is freed one by one. When memory runs out the pool says so
 * (`failed`) and every further result is zero: callers ask once, at the end. Nothing here aborts. A pool
 * belongs to one thread.
 * Tested by tests/unit/test_big.c against 128-bit arithmetic and identities. */
#ifndef ENT_VM_BIG_H
#define ENT_VM_BIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/vm/exact.h"

typedef struct ent_big_block ent_big_block;
typedef struct ent_big_pool {
    ent_big_block *blocks;
    bool failed;
} ent_big_pool;

/* Magnitude in 64-bit limbs, least first, without leading zeros; zero has none and is not negative. */
typedef struct ent_big {
    const uint64_t *limbs;
    size_t n;
    bool negative;
} ent_big;

/* num / den with den > 0; reduced where a function says so. */
typedef struct ent_bigq {
    ent_big num, den;
} ent_bigq;

void ent_big_pool_deinit(ent_big_pool *pool); /* a pool that is all zero is an empty one */
/* Everything in it is gone; its memory stays for what comes next. */
void ent_big_pool_reset(ent_big_pool *pool);

ent_big ent_big_from(ent_big_pool *pool, ent_i128 value);
/* Of a magnitude that was kept elsewhere; the limbs are copied. */
ent_big ent_big_from_limbs(ent_big_pool *pool, const uint64_t *limbs, size_t n, bool negative);
ent_big ent_big_add(ent_big_pool *pool, ent_big a, ent_big b);
ent_big ent_big_sub(ent_big_pool *pool, ent_big a, ent_big b);
ent_big ent_big_mul(ent_big_pool *pool, ent_big a, ent_big b);
/* a * 2^bits */
ent_big ent_big_shift(ent_big_pool *pool, ent_big a, size_t bits);
/* Quotient towards zero, and the remainder with the sign of a; b is not zero. */
ent_big ent_big_divide(ent_big_pool *pool, ent_big a, ent_big b, ent_big *remainder);
ent_big ent_big_gcd(ent_big_pool *pool, ent_big a, ent_big b);
int ent_big_cmp(ent_big a, ent_big b);
/* False if it does not fit. */
bool ent_big_to_i128(ent_big a, ent_i128 *out);
double ent_big_to_double(ent_big a);

ent_bigq ent_bigq_from(ent_big_pool *pool, ent_q value);
ent_bigq ent_bigq_copy(ent_big_pool *pool, ent_bigq value);
/* The exact value of a sum of doubles, divided by n > 0; it must have refused nothing. */
ent_bigq ent_bigq_from_fsum(ent_big_pool *pool, const ent_fsum *sum, int64_t n);
ent_bigq ent_bigq_add(ent_big_pool *pool, ent_bigq a, ent_bigq b); /* not reduced */
ent_bigq ent_bigq_sub(ent_big_pool *pool, ent_bigq a, ent_bigq b); /* not reduced */
ent_bigq ent_bigq_mul(ent_big_pool *pool, ent_bigq a, ent_bigq b); /* not reduced */
ent_bigq ent_bigq_div(ent_big_pool *pool, ent_bigq a, ent_bigq b); /* not reduced; b is not zero */
/* The product, reduced; a and b are.  Cheap where one of them is short. */
ent_bigq ent_bigq_times(ent_big_pool *pool, ent_bigq a, ent_bigq b);
/* The sum of n fractions by halves, so that long operands meet only at the end; reduced. */
ent_bigq ent_bigq_sum(ent_big_pool *pool, const ent_bigq *v, size_t n);
ent_bigq ent_bigq_reduce(ent_big_pool *pool, ent_bigq a);
int ent_bigq_sign(ent_bigq a);
double ent_bigq_to_double(ent_big_pool *pool, ent_bigq a);
/* False if the reduced fraction does not fit. */
bool ent_bigq_to_q(ent_big_pool *pool, ent_bigq a, ent_q *out);
/* "13/40", integers as "1"; in the pool, NULL when memory ran out. a is reduced. */
const char *ent_bigq_text(ent_big_pool *pool, ent_bigq a);

#endif
