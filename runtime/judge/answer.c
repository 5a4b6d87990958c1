/* See answer.h. */
#include "runtime/judge/answer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

ent_answer *ent_answer_new(size_t n_parts)
{
    ent_answer *a = calloc(1, sizeof *a);
    if (a) {
        a->parts = calloc(n_parts ? n_parts : 1, sizeof *a->parts);
        a->n_parts = n_parts;
        a->owners = 1;
        if (!a->parts) {
            free(a);
            return NULL;
        }
    }
    return a;
}

ent_answer *ent_answer_keep(ent_answer *a)
{
    if (a) {
        a->owners++;
    }
    return a;
}

void ent_answer_free(ent_answer *a)
{
    if (a && --a->owners == 0) {
        ent_big_pool_deinit(&a->pool);
        free(a->parts);
        free(a->facts);
        free(a->texts);
        free(a);
    }
}

bool ent_answer_fact(ent_answer *a, ent_fact fact)
{
    if (a->n_facts == ENT_FACTS_MAX) {
        a->facts_left_out++;
        return true;
    }
    if (a->n_facts % 4 == 0) {
        ent_fact *grown = realloc(a->facts, (a->n_facts + 4) * sizeof *grown);
        if (!grown) {
            return false;
        }
        a->facts = grown;
    }
    a->facts[a->n_facts++] = fact;
    return true;
}

bool ent_answer_seal(ent_answer *a)
{
    size_t length = 1;
    for (size_t i = 0; i < a->n_parts; i++) {
        ent_part *p = &a->parts[i];
        p->share_text = p->has_share ? ent_bigq_text(&a->pool, p->share) : NULL;
        length += p->share_text ? strlen(p->share_text) + 1 : 0;
    }
    a->has_gap = ent_bigq_sign(a->all) > 0;
    a->gap_fits = a->has_gap && ent_bigq_to_q(&a->pool, a->all, &a->gap);
    a->gap_text = a->has_gap && !a->gap_fits ? ent_bigq_text(&a->pool, a->all) : NULL;
    length += a->gap_text ? strlen(a->gap_text) + 1 : 0;
    a->texts = a->pool.failed ? NULL : malloc(length);
    char *at = a->texts;
    for (size_t i = 0; at && i <= a->n_parts; i++) {
        const char **text = i < a->n_parts ? &a->parts[i].share_text : &a->gap_text;
        if (*text) {
            size_t n = strlen(*text) + 1;
            memcpy(at, *text, n);
            *text = at;
            at += n;
        }
    }
    ent_big_pool_deinit(&a->pool);
    return a->texts != NULL;
}

ent_part *ent_answer_part(ent_answer *a, int64_t party)
{
    size_t at = 0;
    while (at < a->n_parts && a->parts[at].party < party) {
        at++;
    }
    if (at < a->n_parts && a->parts[at].party == party) {
        return &a->parts[at];
    }
    ent_part *grown = realloc(a->parts, (a->n_parts + 1) * sizeof *grown);
    if (!grown) {
        return NULL;
    }
    a->parts = grown;
    memmove(grown + at + 1, grown + at, (a->n_parts - at) * sizeof *grown);
    grown[at] = (ent_part){.party = party};
    a->n_parts++;
    return &grown[at];
}

/* --- the table of all sets --- */

typedef struct table {
    ent_answer *a;
    const ent_game *g;
    ent_bigq *v; /* by set */
    uint8_t *breach;
} table;

static uint64_t everybody(size_t n)
{
    return (UINT64_C(1) << n) - 1;
}

static bool fill(table *t)
{
    uint64_t sets = everybody(t->g->n) + 1;
    t->v = calloc(sets, sizeof *t->v);
    t->breach = calloc(sets, 1);
    if (!t->v || !t->breach) {
        return false;
    }
    for (uint64_t s = 0; s < sets; s++) {
        bool breach = false;
        if (!t->g->shortfall(t->g->user, &t->a->pool, s, &t->v[s], &breach)) {
            return false;
        }
        t->breach[s] = breach;
    }
    return !t->a->pool.failed;
}

/* Shares of player i by the orders' formula: each set S without i, with |S|! (n-|S|-1)! of the n! orders. */
static bool shapley(const table *t, size_t i, ent_bigq *out)
{
    ent_big_pool *pool = &t->a->pool;
    size_t n = t->g->n;
    uint64_t bit = UINT64_C(1) << i;
    ent_i128 factorial[ENT_ANSWER_EXACT_MAX + 1] = {1};
    for (size_t k = 1; k <= n; k++) {
        factorial[k] = factorial[k - 1] * (ent_i128)k;
    }
    ent_bigq *terms = malloc((everybody(n) / 2 + 1) * sizeof *terms);
    size_t count = 0;
    if (!terms) {
        return false;
    }
    for (uint64_t s = 0; s <= everybody(n); s++) {
        if (s & bit) {
            continue;
        }
        ent_bigq gain = ent_bigq_sub(pool, t->v[s], t->v[s | bit]);
        if (ent_bigq_sign(gain) == 0) {
            continue;
        }
        size_t size = (size_t)__builtin_popcountll(s);
        gain.num = ent_big_mul(pool, gain.num,
                               ent_big_from(pool, factorial[size] * factorial[n - size - 1]));
        terms[count++] = gain;
    }
    ent_bigq sum = ent_bigq_sum(pool, terms, count);
    sum.den = ent_big_mul(pool, sum.den, ent_big_from(pool, factorial[n]));
    *out = ent_bigq_reduce(pool, sum);
    free(terms);
    return !pool->failed;
}

/* --- weighted --- */

static ent_q weight_of(const ent_game *g, uint64_t set, bool *fits)
{
    ent_q sum = ent_q_from_i64(0);
    for (size_t i = 0; i < g->n; i++) {
        if ((set >> i) & 1) {
            *fits = *fits && ent_q_add(sum, g->weights[i], &sum);
        }
    }
    return sum;
}

/* Harsanyi's dividends of the gains v({}) - v(S), in place of v. */
static bool dividends(const table *t, ent_bigq *out)
{
    ent_big_pool *pool = &t->a->pool;
    uint64_t last = everybody(t->g->n);
    for (uint64_t s = 0; s <= last; s++) {
        out[s] = ent_bigq_sub(pool, t->v[0], t->v[s]);
    }
    for (size_t i = 0; i < t->g->n; i++) {
        uint64_t bit = UINT64_C(1) << i;
        for (uint64_t s = 0; s <= last; s++) {
            if (s & bit) {
                out[s] = ent_bigq_reduce(pool, ent_bigq_sub(pool, out[s], out[s ^ bit]));
            }
        }
    }
    return !pool->failed;
}

/* A set's dividend goes to its members by weight; equally, if none of them has any. */
static bool weighted_part(const table *t, const ent_bigq *dividend, size_t i, ent_bigq *out)
{
    ent_big_pool *pool = &t->a->pool;
    uint64_t last = everybody(t->g->n);
    ent_bigq *terms = malloc((last / 2 + 1) * sizeof *terms);
    size_t count = 0;
    bool fits = terms != NULL;
    for (uint64_t s = 1; fits && s <= last; s++) {
        if (!((s >> i) & 1) || ent_bigq_sign(dividend[s]) == 0) {
            continue;
        }
        ent_q part = t->g->weights[i];
        ent_q whole = weight_of(t->g, s, &fits);
        if (fits && whole.num == 0) {
            part = ent_q_from_i64(1);
            whole = ent_q_from_i64(__builtin_popcountll(s));
        }
        fits = fits && ent_q_div(part, whole, &part);
        terms[count++] = ent_bigq_mul(pool, dividend[s], ent_bigq_from(pool, part));
    }
    if (fits) {
        *out = ent_bigq_sum(pool, terms, count);
    }
    free(terms);
    return fits && !pool->failed;
}

static bool weighted(const table *t, ent_bigq *gains)
{
    ent_bigq *dividend = calloc(everybody(t->g->n) + 1, sizeof *dividend);
    bool ok = dividend && dividends(t, dividend);
    for (size_t i = 0; ok && i < t->g->n; i++) {
        ok = weighted_part(t, dividend, i, &gains[i]);
    }
    free(dividend);
    return ok;
}

/* --- degrees --- */

/* The least number of others that must perform, too, for i to be decisive, plus one; 0 if none do. */
static uint32_t degree_of(const table *t, size_t i)
{
    uint64_t bit = UINT64_C(1) << i;
    uint32_t least = 0;
    for (uint64_t s = 0; s <= everybody(t->g->n); s++) {
        uint32_t others = (uint32_t)__builtin_popcountll(s) + 1;
        if (!(s & bit) && t->breach[s] && !t->breach[s | bit] && (least == 0 || others < least)) {
            least = others;
        }
    }
    return least;
}

/* --- all of it --- */

static void set_shares(ent_answer *a, const ent_game *g, const ent_bigq *gains)
{
    ent_big_pool *pool = &a->pool;
    ent_bigq whole = ent_bigq_sub(pool, a->none, a->all);
    a->has_shares = ent_bigq_sign(whole) != 0;
    for (size_t i = 0; a->has_shares && i < g->n; i++) {
        ent_part *p = &a->parts[i];
        p->has_share = ent_bigq_sign(gains[i]) != 0;
        if (p->has_share) {
            p->share = ent_bigq_reduce(pool, ent_bigq_div(pool, gains[i], whole));
            p->weight = ent_bigq_reduce(pool, ent_bigq_div(pool, gains[i], a->none));
        }
        if (p->has_share && g->joint == ENT_JOINT_JOINTLY) {
            p->share = ent_bigq_from(pool, ent_q_from_i64(1));
        }
    }
}

static void set_ends(ent_answer *a, ent_bigq none, ent_bigq all)
{
    ent_big_pool *pool = &a->pool;
    a->none = ent_bigq_reduce(pool, none);
    a->all = ent_bigq_reduce(pool, all);
    a->gap_weight = ent_bigq_sign(a->none) == 0
                        ? ent_bigq_from(pool, ent_q_from_i64(0))
                        : ent_bigq_reduce(pool, ent_bigq_div(pool, a->all, a->none));
}

static bool solve_exactly(ent_answer *a, const ent_game *g)
{
    table t = {.a = a, .g = g};
    ent_bigq gains[ENT_ANSWER_EXACT_MAX];
    bool ok = fill(&t);
    if (ok) {
        set_ends(a, t.v[0], t.v[everybody(g->n)]);
        if (g->joint == ENT_JOINT_BY_CHARGE) {
            ok = weighted(&t, gains);
        }
        for (size_t i = 0; ok && i < g->n && g->joint != ENT_JOINT_BY_CHARGE; i++) {
            ok = shapley(&t, i, &gains[i]);
        }
    }
    if (ok) {
        set_shares(a, g, gains);
        for (size_t i = 0; i < g->n; i++) {
            a->parts[i].but_for = t.breach[0] && !t.breach[UINT64_C(1) << i];
            a->parts[i].degree = degree_of(&t, i);
        }
    }
    free(t.v);
    free(t.breach);
    return ok && !a->pool.failed;
}

/* --- more than twelve --- */

typedef struct known {
    uint64_t set;
    bool used, breach;
    double near; /* v, for the standard error only */
    ent_bigq v;
} known;

/* Shortfalls that were asked for before: drawn orders share many of their beginnings. */
typedef struct memory {
    known *slots;
    size_t n, capacity; /* a power of two */
} memory;

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t draw(uint64_t *state)
{
    return mix(*state += UINT64_C(0x9e3779b97f4a7c15));
}

static known *slot_of(memory *m, uint64_t set)
{
    size_t at = (size_t)mix(set) & (m->capacity - 1);
    while (m->slots[at].used && m->slots[at].set != set) {
        at = (at + 1) & (m->capacity - 1);
    }
    return &m->slots[at];
}

static bool grow(memory *m)
{
    memory bigger = {.capacity = m->capacity ? m->capacity * 2 : 4096};
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (!bigger.slots) {
        return false;
    }
    for (size_t i = 0; i < m->capacity; i++) {
        if (m->slots[i].used) {
            *slot_of(&bigger, m->slots[i].set) = m->slots[i];
            bigger.n++;
        }
    }
    free(m->slots);
    *m = bigger;
    return true;
}

static const known *recall(memory *m, ent_answer *a, const ent_game *g, uint64_t set)
{
    if (m->n * 2 >= m->capacity && !grow(m)) {
        return NULL;
    }
    known *k = slot_of(m, set);
    if (!k->used) {
        bool breach = false;
        if (!g->shortfall(g->user, &a->pool, set, &k->v, &breach)) {
            return NULL;
        }
        k->v = ent_bigq_reduce(&a->pool, k->v);
        *k = (known){set, true, breach, ent_bigq_to_double(&a->pool, k->v), k->v};
        m->n++;
    }
    return k;
}

/* An order of the players: evenly, or drawn last to first by weight. */
static void draw_order(const ent_game *g, uint64_t *state, uint8_t *order)
{
    uint64_t left = everybody(g->n);
    for (size_t at = g->n; at-- > 0;) {
        double whole = 0;
        size_t many = (size_t)__builtin_popcountll(left);
        for (size_t i = 0; i < g->n && g->joint == ENT_JOINT_BY_CHARGE; i++) {
            whole += (left >> i) & 1 ? ent_q_to_double(g->weights[i]) : 0;
        }
        /* a draw decides an order, never a verdict: its 53 bits may be a double */
        double u = (double)(draw(state) >> 11) / 9007199254740992.0;
        double aim = u * (whole > 0 ? whole : (double)many);
        size_t chosen = 0;
        for (size_t i = 0; i < g->n; i++) {
            if (!((left >> i) & 1)) {
                continue;
            }
            double w = whole > 0 ? ent_q_to_double(g->weights[i]) : 1;
            if (w <= 0) {
                continue;
            }
            chosen = i;
            aim -= w;
            if (aim < 0) {
                break;
            }
        }
        order[at] = (uint8_t)chosen;
        left &= ~(UINT64_C(1) << chosen);
    }
}

typedef struct tally {
    ent_bigq *sums; /* of the gains, one a player */
    double *near, *square;
    uint32_t *degree;
} tally;

static void add_gain(ent_answer *a, tally *t, size_t i, const known *before, const known *after,
                     size_t others)
{
    double gain = before->near - after->near;
    t->near[i] += gain;
    t->square[i] += gain * gain;
    t->sums[i] = ent_bigq_add(&a->pool, t->sums[i], ent_bigq_sub(&a->pool, before->v, after->v));
    if (t->sums[i].den.n > 3) {
        t->sums[i] = ent_bigq_reduce(&a->pool, t->sums[i]);
    }
    if (before->breach && !after->breach && (t->degree[i] == 0 || others + 1 < t->degree[i])) {
        t->degree[i] = (uint32_t)others + 1;
    }
}


static ent_bigq copy(ent_big_pool *pool, ent_bigq v)
{
    ent_big nothing = ent_big_from(pool, 0);
    return (ent_bigq){ent_big_add(pool, v.num, nothing), ent_big_add(pool, v.den, nothing)};
}

/* Figures of many draws would fill the pool: what is still wanted moves to a fresh one now and then. */
static bool compact(ent_answer *a, tally *t, memory *m, size_t n)
{
    ent_big_pool fresh = {0};
    for (size_t i = 0; i < n; i++) {
        t->sums[i] = copy(&fresh, t->sums[i]);
    }
    for (size_t i = 0; i < m->capacity; i++) {
        if (m->slots[i].used) {
            m->slots[i].v = copy(&fresh, m->slots[i].v);
        }
    }
    ent_big_pool_deinit(&a->pool);
    a->pool = fresh;
    return !fresh.failed;
}

static bool draw_all(ent_answer *a, const ent_game *g, tally *t, memory *m)
{
    uint64_t state = g->seed;
    uint8_t order[64];
    for (size_t k = 0; k < ENT_ANSWER_DRAWS; k++) {
        draw_order(g, &state, order);
        uint64_t set = 0;
        for (size_t at = 0; at < g->n; at++) {
            const known *before = recall(m, a, g, set);
            if (!before) {
                return false;
            }
            known first = *before; /* the next look-up may move the table */
            const known *after = recall(m, a, g, set | UINT64_C(1) << order[at]);
            if (!after) {
                return false;
            }
            if (first.near != after->near || first.breach != after->breach) {
                add_gain(a, t, order[at], &first, after, at);
            }
            set |= UINT64_C(1) << order[at];
        }
        if (k % 1024 == 1023 && !compact(a, t, m, g->n)) {
            return false;
        }
    }
    return true;
}

static bool finish_sample(ent_answer *a, const ent_game *g, const tally *t, memory *m)
{
    const known *none = recall(m, a, g, 0);
    known first = none ? *none : (known){0};
    const known *all = none ? recall(m, a, g, everybody(g->n)) : NULL;
    if (!all) {
        return false;
    }
    set_ends(a, first.v, all->v);
    ent_bigq draws = ent_bigq_from(&a->pool, ent_q_from_i64(ENT_ANSWER_DRAWS));
    double whole = first.near - all->near;
    for (size_t i = 0; i < g->n; i++) {
        t->sums[i] = ent_bigq_div(&a->pool, t->sums[i], draws);
        double mean = t->near[i] / ENT_ANSWER_DRAWS;
        double variance = t->square[i] / ENT_ANSWER_DRAWS - mean * mean;
        a->parts[i].error =
            whole != 0 && variance > 0 ? sqrt(variance / ENT_ANSWER_DRAWS) / fabs(whole) : 0;
        const known *alone = recall(m, a, g, UINT64_C(1) << i);
        if (!alone) {
            return false;
        }
        a->parts[i].but_for = first.breach && !alone->breach;
        a->parts[i].degree = a->parts[i].but_for ? 1 : t->degree[i];
    }
    a->sampled = true;
    set_shares(a, g, t->sums);
    return !a->pool.failed;
}

static bool solve_by_drawing(ent_answer *a, const ent_game *g)
{
    memory m = {0};
    tally t = {calloc(g->n, sizeof *t.sums), calloc(g->n, sizeof *t.near),
               calloc(g->n, sizeof *t.square), calloc(g->n, sizeof *t.degree)};
    bool ok = t.sums && t.near && t.square && t.degree;
    for (size_t i = 0; ok && i < g->n; i++) {
        t.sums[i] = ent_bigq_from(&a->pool, ent_q_from_i64(0));
    }
    ok = ok && draw_all(a, g, &t, &m) && finish_sample(a, g, &t, &m);
    free(t.sums);
    free(t.near);
    free(t.square);
    free(t.degree);
    free(m.slots);
    return ok;
}

bool ent_answer_solve(ent_answer *a, const ent_game *g)
{
    return g->n <= ENT_ANSWER_EXACT_MAX ? solve_exactly(a, g) : solve_by_drawing(a, g);
}

/* --- money --- */

typedef struct piece {
    int64_t party;
    ent_bigq weight;
    ent_i128 minor;
    ent_big rest; /* over the common divisor of all weights */
} piece;

static bool goes_first(const piece *x, const piece *y)
{
    int order = ent_big_cmp(x->rest, y->rest);
    return order != 0 ? order > 0 : x->party < y->party;
}

static bool round_piece(ent_big_pool *pool, piece *out, ent_i128 credit, ent_big common)
{
    ent_big unused;
    ent_big scale = ent_big_divide(pool, common, out->weight.den, &unused);
    ent_big whole = ent_big_mul(pool, ent_big_from(pool, credit),
                                ent_big_mul(pool, out->weight.num, scale));
    if (pool->failed) {
        return false;
    }
    ent_big floor = ent_big_divide(pool, whole, common, &out->rest);
    if (out->rest.negative) { /* of a share below zero: down, not towards zero */
        floor = ent_big_sub(pool, floor, ent_big_from(pool, 1));
        out->rest = ent_big_add(pool, out->rest, common);
    }
    return !pool->failed && ent_big_to_i128(floor, &out->minor);
}

static ent_big common_denominator(ent_big_pool *pool, const piece *pieces, size_t n)
{
    ent_big common = ent_big_from(pool, 1);
    for (size_t i = 0; i < n && !pool->failed; i++) {
        ent_big rest;
        ent_big g = ent_big_gcd(pool, common, pieces[i].weight.den);
        if (pool->failed) {
            break;
        }
        common = ent_big_mul(pool, common, ent_big_divide(pool, pieces[i].weight.den, g, &rest));
    }
    return common;
}

/* The weights of money: as shares fall, or, jointly, evenly among those who have one. */
static void money_weights(ent_answer *a, ent_joint joint, ent_bigq *weights)
{
    ent_big_pool *pool = &a->pool;
    int64_t many = 0;
    for (size_t i = 0; i < a->n_parts; i++) {
        many += a->parts[i].has_share;
    }
    ent_bigq one = ent_bigq_from(pool, ent_q_from_i64(1));
    ent_bigq gap = a->has_shares ? a->gap_weight : one;
    for (size_t i = 0; i < a->n_parts; i++) {
        weights[i] = ent_bigq_from(pool, ent_q_from_i64(0));
        if (a->parts[i].has_share && joint == ENT_JOINT_JOINTLY) {
            ent_bigq even = ent_bigq_from(pool, (ent_q){1, many});
            weights[i] = ent_bigq_reduce(
                pool, ent_bigq_mul(pool, even, ent_bigq_sub(pool, one, gap)));
        } else if (a->parts[i].has_share) {
            weights[i] = a->parts[i].weight;
        }
    }
    weights[a->n_parts] = gap;
}

/* One piece a bearer; what several pieces leave with one party is rounded together. */
static size_t gather(ent_answer *a, const ent_bigq *weights, const int64_t *bearers, piece *pieces)
{
    size_t n = 0;
    for (size_t i = 0; i <= a->n_parts; i++) {
        size_t at = 0;
        if (ent_bigq_sign(weights[i]) == 0) {
            continue;
        }
        while (at < n && pieces[at].party != bearers[i]) {
            at++;
        }
        if (at == n) {
            pieces[n++] = (piece){.party = bearers[i], .weight = weights[i]};
        } else {
            pieces[at].weight = ent_bigq_reduce(
                &a->pool, ent_bigq_add(&a->pool, pieces[at].weight, weights[i]));
        }
    }
    return n;
}

static bool round_all(ent_big_pool *pool, piece *pieces, size_t n, ent_i128 credit)
{
    ent_big common = common_denominator(pool, pieces, n);
    ent_i128 left = credit;
    for (size_t i = 0; i < n; i++) {
        if (pool->failed || !round_piece(pool, &pieces[i], credit, common)) {
            return false;
        }
        left -= pieces[i].minor;
    }
    for (; left > 0 && n > 0; left--) {
        piece *best = &pieces[0];
        for (size_t i = 1; i < n; i++) {
            best = goes_first(&pieces[i], best) ? &pieces[i] : best;
        }
        best->minor++;
        best->rest = ent_big_from(pool, -1);
    }
    return !pool->failed;
}

bool ent_answer_split(ent_answer *a, ent_joint joint, ent_i128 credit, const int64_t *bearers)
{
    ent_bigq *weights = calloc(a->n_parts + 1, sizeof *weights);
    piece *pieces = calloc(a->n_parts + 1, sizeof *pieces);
    size_t n = 0;
    bool ok = weights && pieces;
    if (ok) {
        money_weights(a, joint, weights);
        n = gather(a, weights, bearers, pieces);
        ok = !a->pool.failed && round_all(&a->pool, pieces, n, credit);
    }
    for (size_t i = 0; ok && i < n; i++) {
        ent_part *part = ent_answer_part(a, pieces[i].party);
        ok = part != NULL;
        if (ok) {
            part->has_amount = true;
            part->amount_minor = pieces[i].minor;
        }
    }
    free(weights);
    free(pieces);
    return ok;
}
