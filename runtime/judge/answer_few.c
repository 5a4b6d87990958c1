/* The game of one or two players whose shortfalls are whole numbers of at most 60 bits, as those of clocks are: the
 * same shares as answer.c's, in ordinary integers that lie in the answer itself.  Most breaches are such.
 * Tested by tests/unit/test_answer.c against the general way. */
#include <stdlib.h>
#include <string.h>

#include "runtime/judge/answer_private.h"

static const uint64_t one[1] = {1};

static ent_big put_few(ent_answer *a, bool negative, uint64_t magnitude)
{
    if (magnitude == 0) {
        return (ent_big){NULL, 0, false};
    }
    if (magnitude == 1) {
        return (ent_big){one, 1, negative};
    }
    a->few[a->n_few] = magnitude;
    return (ent_big){&a->few[a->n_few++], 1, negative};
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* num / den, reduced; den is not 0. */
static ent_bigq fraction(ent_answer *a, int64_t num, int64_t den)
{
    uint64_t top = num < 0 ? 0 - (uint64_t)num : (uint64_t)num;
    uint64_t bottom = den < 0 ? 0 - (uint64_t)den : (uint64_t)den;
    uint64_t common = top == bottom ? top : gcd(top, bottom);
    return (ent_bigq){put_few(a, (num < 0) != (den < 0), top / common), put_few(a, false, bottom / common)};
}

/* The least number of others that must perform, too, plus one: itself, or with the other. */
static uint32_t degree_of(const bool *breach, size_t n, size_t i)
{
    size_t bit = (size_t)1 << i;
    size_t other = bit ^ 3;
    return breach[0] && !breach[bit] ? 1 : n == 2 && breach[other] && !breach[3] ? 2 : 0;
}

bool ent_answer_solve_few(ent_answer *a, const ent_game *g)
{
    int64_t v[1 << ENT_ANSWER_FEW_MAX];
    bool breach[1 << ENT_ANSWER_FEW_MAX];
    size_t n = g->n;
    if (!g->shortfall_few || n < 1 || n > ENT_ANSWER_FEW_MAX || (n > 1 && g->joint == ENT_JOINT_BY_CHARGE)) {
        return false;
    }
    size_t all = ent_answer_everybody(n);
    for (size_t s = 0; s <= all; s++) {
        if (!g->shortfall_few(g->user, s, &v[s], &breach[s]) || v[s] < 0 || v[s] >= ENT_SHORTFALL_FEW_MAX) {
            return false;
        }
    }
    int64_t orders = n == 2 ? 2 : 1;
    int64_t whole = v[0] - v[all];
    a->n_few = 0;
    a->none = fraction(a, v[0], 1);
    a->all = fraction(a, v[all], 1);
    a->gap_weight = v[0] == 0 ? fraction(a, 0, 1) : fraction(a, v[all], v[0]);
    a->has_shares = whole != 0;
    for (size_t i = 0; i < n; i++) {
        ent_part *p = &a->parts[i];
        size_t bit = (size_t)1 << i;
        /* what it leaves out alone, and, of two, what it leaves out after the other */
        int64_t gain = v[0] - v[bit] + (n == 2 ? v[bit ^ 3] - v[3] : 0);
        bool joint = g->joint == ENT_JOINT_JOINTLY;
        p->has_share = a->has_shares && (joint ? gain > 0 : gain != 0);
        if (p->has_share) {
            p->share = joint ? fraction(a, 1, 1) : fraction(a, gain, orders * whole);
            p->weight = v[0] == 0 ? fraction(a, 0, 1) : fraction(a, gain, orders * v[0]);
        }
        p->but_for = breach[0] && !breach[bit];
        p->degree = degree_of(breach, n, i);
    }
    return true;
}

/* --- texts --- */

static char *write_limb(uint64_t value, char *at)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (n > 0) {
        *at++ = digits[--n];
    }
    return at;
}

static char *write_fraction(ent_bigq q, char *at)
{
    if (q.num.negative) {
        *at++ = '-';
    }
    at = write_limb(q.num.n ? q.num.limbs[0] : 0, at);
    if (q.den.limbs[0] != 1) {
        *at++ = '/';
        at = write_limb(q.den.limbs[0], at);
    }
    *at++ = 0;
    return at;
}

bool ent_answer_seal_few(ent_answer *a)
{
    enum { FRACTION_TEXT = 44 };
    char texts[ENT_ANSWER_FEW_MAX * FRACTION_TEXT];
    size_t begin[ENT_ANSWER_FEW_MAX];
    char *at = texts;
    size_t n = 0;
    for (size_t i = 0; i < a->n_parts; i++) {
        const ent_part *p = &a->parts[i];
        if (p->has_share) {
            if (n == ENT_ANSWER_FEW_MAX || p->share.num.n > 1 || p->share.den.n != 1) {
                return false;
            }
            begin[n++] = (size_t)(at - texts);
            at = write_fraction(p->share, at);
        }
    }
    size_t length = (size_t)(at - texts);
    char *copy = length <= sizeof a->short_texts ? a->short_texts : malloc(length);
    if (!copy) {
        return false;
    }
    memcpy(copy, texts, length);
    a->texts = copy;
    n = 0;
    for (size_t i = 0; i < a->n_parts; i++) {
        a->parts[i].share_text = a->parts[i].has_share ? copy + begin[n++] : NULL;
    }
    a->has_gap = a->gap_fits = a->all.num.n > 0;
    a->gap = (ent_q){a->has_gap ? (ent_i128)a->all.num.limbs[0] : 0, 1};
    a->gap_text = NULL;
    ent_big_pool_deinit(&a->pool);
    return true;
}
