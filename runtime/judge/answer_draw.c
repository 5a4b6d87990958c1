/* Shares among more than ENT_ANSWER_EXACT_MAX players, by drawing orders. See answer.h. */
#include <math.h>
#include <stdlib.h>

#include "runtime/judge/answer_private.h"

typedef struct known {
    uint64_t set;
    bool used, breach, fits;
    ent_q small; /* v, where 128 bits hold it */
    ent_bigq v;  /* else */
} known;

/* Shortfalls that were asked for before: drawn orders share many of their beginnings. */
typedef struct memory {
    known *slots;
    size_t n;
} memory;

#define MEMORY_SLOTS ((size_t)1 << 17)

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

/* What is left when the set performs; remembered while there is room. */
static bool recall(memory *m, ent_answer *a, const ent_game *g, uint64_t set, known *out)
{
    size_t at = (size_t)mix(set) & (MEMORY_SLOTS - 1);
    while (m->slots[at].used && m->slots[at].set != set) {
        at = (at + 1) & (MEMORY_SLOTS - 1);
    }
    if (m->slots[at].used) {
        *out = m->slots[at];
        return true;
    }
    bool breach = false;
    *out = (known){.set = set, .used = true};
    if (!g->shortfall(g->user, &a->pool, set, &out->v, &breach)) {
        return false;
    }
    out->breach = breach;
    out->fits = ent_bigq_to_q(&a->pool, out->v, &out->small);
    if (m->n < MEMORY_SLOTS / 2) {
        m->slots[at] = *out;
        m->n++;
    }
    return !a->pool.failed;
}

static ent_bigq value_of(ent_answer *a, const known *k)
{
    return k->fits ? ent_bigq_from(&a->pool, k->small) : k->v;
}

static double near(ent_answer *a, const known *k)
{
    return k->fits ? ent_q_to_double(k->small) : ent_bigq_to_double(&a->pool, k->v);
}

/* An order of the players: evenly, or drawn last to first by weight. */
static void draw_order(const ent_game *g, uint64_t *state, uint8_t *order)
{
    uint64_t left = ent_answer_everybody(g->n);
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
    ent_q *small; /* of the gains, one a player, as long as 128 bits hold it */
    ent_bigq *sums;
    double *near, *square;
    uint32_t *degree;
} tally;

static void add_gain(ent_answer *a, tally *t, size_t i, const known *before, const known *after,
                     size_t others)
{
    double gain = near(a, before) - near(a, after);
    ent_q small;
    t->near[i] += gain;
    t->square[i] += gain * gain;
    if (!(before->fits && after->fits && ent_q_sub(before->small, after->small, &small) &&
          ent_q_add(t->small[i], small, &t->small[i]))) {
        ent_bigq big = ent_bigq_sub(&a->pool, value_of(a, before), value_of(a, after));
        t->sums[i] = ent_bigq_reduce(&a->pool, ent_bigq_add(&a->pool, t->sums[i], big));
    }
    if (before->breach && !after->breach && (t->degree[i] == 0 || others + 1 < t->degree[i])) {
        t->degree[i] = (uint32_t)others + 1;
    }
}

/* Figures of many draws would fill the pool: what is still wanted moves to a fresh one now and then. */
static bool compact(ent_answer *a, tally *t, memory *m, size_t n)
{
    ent_big_pool fresh = {0};
    for (size_t i = 0; i < n; i++) {
        t->sums[i] = ent_bigq_copy(&fresh, t->sums[i]);
    }
    for (size_t i = 0; i < MEMORY_SLOTS; i++) {
        if (m->slots[i].used && !m->slots[i].fits) {
            m->slots[i].v = ent_bigq_copy(&fresh, m->slots[i].v);
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
        uint64_t set = 0;
        known before;
        draw_order(g, &state, order);
        if (!recall(m, a, g, 0, &before)) {
            return false;
        }
        for (size_t at = 0; at < g->n; at++) {
            known after;
            set |= UINT64_C(1) << order[at];
            if (!recall(m, a, g, set, &after)) {
                return false;
            }
            bool same = before.fits && after.fits && before.breach == after.breach &&
                        ent_q_cmp(before.small, after.small) == 0;
            if (!same) {
                add_gain(a, t, order[at], &before, &after, at);
            }
            before = after;
        }
        if (k % 1024 == 1023 && !compact(a, t, m, g->n)) {
            return false;
        }
    }
    return true;
}

static bool finish_sample(ent_answer *a, const ent_game *g, const tally *t, memory *m)
{
    known none;
    known all;
    if (!recall(m, a, g, 0, &none) || !recall(m, a, g, ent_answer_everybody(g->n), &all)) {
        return false;
    }
    ent_answer_set_ends(a, value_of(a, &none), value_of(a, &all));
    ent_bigq draws = ent_bigq_from(&a->pool, ent_q_from_i64(ENT_ANSWER_DRAWS));
    double whole = near(a, &none) - near(a, &all);
    for (size_t i = 0; i < g->n; i++) {
        ent_bigq sum = ent_bigq_add(&a->pool, t->sums[i], ent_bigq_from(&a->pool, t->small[i]));
        t->sums[i] = ent_bigq_reduce(&a->pool, ent_bigq_div(&a->pool, sum, draws));
        double mean = t->near[i] / ENT_ANSWER_DRAWS;
        double variance = t->square[i] / ENT_ANSWER_DRAWS - mean * mean;
        a->parts[i].error =
            whole != 0 && variance > 0 ? sqrt(variance / ENT_ANSWER_DRAWS) / fabs(whole) : 0;
        known alone;
        if (!recall(m, a, g, UINT64_C(1) << i, &alone)) {
            return false;
        }
        a->parts[i].but_for = none.breach && !alone.breach;
        a->parts[i].degree = a->parts[i].but_for ? 1 : t->degree[i];
    }
    a->sampled = true;
    ent_answer_set_shares(a, g, t->sums);
    return !a->pool.failed;
}

bool ent_answer_solve_by_drawing(ent_answer *a, const ent_game *g)
{
    memory m = {calloc(MEMORY_SLOTS, sizeof *m.slots), 0};
    tally t = {calloc(g->n, sizeof *t.small), calloc(g->n, sizeof *t.sums),
               calloc(g->n, sizeof *t.near), calloc(g->n, sizeof *t.square),
               calloc(g->n, sizeof *t.degree)};
    bool ok = m.slots && t.small && t.sums && t.near && t.square && t.degree;
    for (size_t i = 0; ok && i < g->n; i++) {
        t.small[i] = ent_q_from_i64(0);
        t.sums[i] = ent_bigq_from(&a->pool, t.small[i]);
    }
    ok = ok && draw_all(a, g, &t, &m) && finish_sample(a, g, &t, &m);
    free(t.small);
    free(t.sums);
    free(t.near);
    free(t.square);
    free(t.degree);
    free(m.slots);
    return ok;
}
