/* See answer.h. */
#include "runtime/judge/answer.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/judge/answer_private.h"

/* Most answers never grow: parts and facts lie behind them, in one block, until there are more. */
static ent_part *own_parts(ent_answer *a)
{
    return (ent_part *)(void *)(a + 1);
}

static ent_fact *own_facts(ent_answer *a, size_t parts_max)
{
    return (ent_fact *)(void *)(own_parts(a) + parts_max);
}

static ent_answer *make_new(ent_answer *a, size_t n_parts, size_t parts_max, size_t facts_max)
{
    memset(a, 0, sizeof *a + n_parts * sizeof *a->parts);
    a->parts = own_parts(a);
    a->facts = own_facts(a, parts_max);
    a->n_parts = n_parts;
    a->parts_max = a->block_parts = (uint32_t)parts_max;
    a->facts_max = a->block_facts = (uint32_t)facts_max;
    a->owners = 1;
    a->own_facts = a->facts;
    return a;
}

ent_answer *ent_answer_new_with(size_t n_parts, size_t parts_max, size_t facts_max)
{
    parts_max = parts_max < n_parts ? n_parts : parts_max;
    facts_max = facts_max < ENT_FACTS_MAX ? facts_max : ENT_FACTS_MAX;
    if (parts_max > ENT_ANSWER_PARTIES_MAX) {
        return NULL;
    }
    ent_answer *a = malloc(sizeof *a + parts_max * sizeof *a->parts + facts_max * sizeof *a->facts);
    return a ? make_new(a, n_parts, parts_max, facts_max) : NULL;
}

ent_answer *ent_answer_renew(ent_answer **spare, size_t n_parts, size_t parts_max, size_t facts_max)
{
    ent_answer *a = *spare;
    if (!a) {
        return ent_answer_new_with(n_parts, parts_max, facts_max);
    }
    *spare = a->next;
    if (a->block_parts >= n_parts && a->block_parts >= parts_max && a->block_facts >= facts_max) {
        return make_new(a, n_parts, a->block_parts, a->block_facts);
    }
    /* so those that go round become large enough, and no more than are needed at once */
    parts_max = parts_max < a->block_parts ? a->block_parts : parts_max;
    facts_max = facts_max < a->block_facts ? a->block_facts : facts_max;
    free(a);
    return ent_answer_new_with(n_parts, parts_max, facts_max);
}

ent_answer *ent_answer_new(size_t n_parts)
{
    return ent_answer_new_with(n_parts, n_parts, 0);
}

ent_answer *ent_answer_keep(ent_answer *a)
{
    if (a) {
        a->owners++;
    }
    return a;
}

/* Whether nobody has it any more; then only its own block is left. */
static bool let_go(ent_answer *a)
{
    if (!a || --a->owners > 0) {
        return false;
    }
    ent_big_pool_deinit(&a->pool);
    if (a->parts != own_parts(a)) {
        free(a->parts);
    }
    if (a->facts != a->own_facts) {
        free(a->facts);
    }
    if (a->texts != a->short_texts) {
        free(a->texts);
    }
    return true;
}

void ent_answer_free(ent_answer *a)
{
    if (let_go(a)) {
        free(a);
    }
}

void ent_answer_spare(ent_answer **spare, ent_answer *a)
{
    if (let_go(a)) {
        a->next = *spare;
        *spare = a;
    }
}

void ent_answer_free_spare(ent_answer **spare)
{
    while (*spare) {
        ent_answer *a = *spare;
        *spare = a->next;
        free(a);
    }
}

bool ent_answer_fact(ent_answer *a, ent_fact fact)
{
    if (a->n_facts == ENT_FACTS_MAX) {
        a->facts_left_out++;
        return true;
    }
    if (a->n_facts == a->facts_max) {
        bool own = a->facts == a->own_facts;
        ent_fact *grown = realloc(own ? NULL : a->facts, (a->n_facts + 4) * sizeof *grown);
        if (!grown) {
            return false;
        }
        if (own && a->n_facts > 0) {
            memcpy(grown, a->facts, a->n_facts * sizeof *grown);
        }
        a->facts = grown;
        a->facts_max += 4;
    }
    a->facts[a->n_facts++] = fact;
    return true;
}

bool ent_answer_seal(ent_answer *a)
{
    size_t length = 1;
    if (a->n_few > 0 && ent_answer_seal_few(a)) {
        return true;
    }
    for (size_t i = 0; i < a->n_parts; i++) {
        ent_part *p = &a->parts[i];
        p->share_text = p->has_share ? ent_bigq_text(&a->pool, p->share) : NULL;
        length += p->share_text ? strlen(p->share_text) + 1 : 0;
    }
    a->has_gap = ent_bigq_sign(a->all) > 0;
    a->gap_fits = a->has_gap && ent_bigq_to_q(&a->pool, a->all, &a->gap);
    a->gap_text = a->has_gap && !a->gap_fits ? ent_bigq_text(&a->pool, a->all) : NULL;
    length += a->gap_text ? strlen(a->gap_text) + 1 : 0;
    a->texts = a->pool.failed ? NULL : length <= sizeof a->short_texts ? a->short_texts : malloc(length);
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
    if (a->n_parts == a->parts_max) {
        bool own = a->parts == own_parts(a);
        ent_part *grown = realloc(own ? NULL : a->parts, (a->n_parts + 1) * sizeof *grown);
        if (!grown) {
            return NULL;
        }
        if (own && a->n_parts > 0) {
            memcpy(grown, a->parts, a->n_parts * sizeof *grown);
        }
        a->parts = grown;
        a->parts_max++;
    }
    memmove(a->parts + at + 1, a->parts + at, (a->n_parts - at) * sizeof *a->parts);
    a->parts[at] = (ent_part){.party = party};
    a->n_parts++;
    return &a->parts[at];
}

/* --- the table of all sets --- */

typedef struct table {
    ent_answer *a;
    const ent_game *g;
    ent_big_pool scratch;
    ent_bigq *v; /* by set */
    uint8_t *breach;
} table;

static bool fill(table *t)
{
    uint64_t sets = ent_answer_everybody(t->g->n) + 1;
    t->v = calloc(sets, sizeof *t->v);
    t->breach = calloc(sets, 1);
    if (!t->v || !t->breach) {
        return false;
    }
    bool ok = true;
    for (uint64_t s = 0; ok && s < sets; s++) {
        bool breach = false;
        ent_bigq v;
        ok = t->g->shortfall(t->g->user, &t->scratch, s, &v, &breach) && !t->scratch.failed;
        t->v[s] = ok ? ent_bigq_copy(&t->a->pool, v) : v;
        t->breach[s] = breach;
        ent_big_pool_reset(&t->scratch);
    }
    return ok && !t->a->pool.failed;
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
    ent_bigq *terms = malloc((ent_answer_everybody(n) / 2 + 1) * sizeof *terms);
    size_t count = 0;
    if (!terms) {
        return false;
    }
    for (uint64_t s = 0; s <= ent_answer_everybody(n); s++) {
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

/* --- all players at once, over the distinct denominators --- */

/* Sums of the same fractions with other numerators: the lowest common multiple of the denominators is built
 * once, by halves, and each sum is then multiplications only. Samples left out of a total give few distinct
 * totals however many sets there are. */
typedef struct node {
    ent_big den;              /* lowest common multiple of the denominators below */
    ent_big to_left, to_right; /* den over that of each half */
} node;

typedef struct over_totals {
    ent_big_pool *pool;
    int64_t *dens; /* distinct, ascending */
    size_t n;
    uint32_t *place; /* of each set's denominator */
    ent_i128 *num;   /* of each set */
    node *nodes;     /* a heap: the halves of node i are 2i and 2i + 1 */
    ent_i128 *coefficient;
} over_totals;

static int compare_int64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Whether all shortfalls are small enough for coefficients in 128 bits: 12! 2^12 is below 2^42. */
static bool take_small(const table *t, over_totals *x)
{
    uint64_t sets = ent_answer_everybody(t->g->n) + 1;
    const ent_i128 bound = (ent_i128)1 << 84;
    x->num = malloc(sets * sizeof *x->num);
    x->dens = malloc(sets * sizeof *x->dens);
    int64_t *den = malloc(sets * sizeof *den);
    x->place = malloc(sets * sizeof *x->place);
    bool fits = x->num && x->dens && den && x->place;
    for (uint64_t s = 0; fits && s < sets; s++) {
        ent_i128 wide;
        fits = ent_big_to_i128(t->v[s].num, &x->num[s]) && x->num[s] < bound &&
               ent_big_to_i128(t->v[s].den, &wide) && wide <= INT64_MAX;
        x->dens[s] = den[s] = fits ? (int64_t)wide : 1;
    }
    if (fits) {
        qsort(x->dens, sets, sizeof *x->dens, compare_int64);
        for (uint64_t s = 0; s < sets; s++) {
            if (s == 0 || x->dens[s] != x->dens[x->n - 1]) {
                x->dens[x->n++] = x->dens[s];
            }
        }
    }
    for (uint64_t s = 0; fits && s < sets; s++) {
        const int64_t *at = bsearch(&den[s], x->dens, x->n, sizeof *x->dens, compare_int64);
        x->place[s] = (uint32_t)(at - x->dens);
    }
    free(den);
    return fits;
}

static void build(over_totals *x, size_t low, size_t high, size_t at)
{
    if (high - low == 1) {
        x->nodes[at].den = ent_big_from(x->pool, x->dens[low]);
        return;
    }
    size_t middle = low + (high - low) / 2;
    build(x, low, middle, 2 * at);
    build(x, middle, high, 2 * at + 1);
    ent_big left = x->nodes[2 * at].den;
    ent_big right = x->nodes[2 * at + 1].den;
    ent_big common = ent_big_gcd(x->pool, left, right);
    ent_big rest;
    if (x->pool->failed) {
        return;
    }
    x->nodes[at].to_left = ent_big_divide(x->pool, right, common, &rest);
    x->nodes[at].to_right = ent_big_divide(x->pool, left, common, &rest);
    x->nodes[at].den = ent_big_mul(x->pool, left, x->nodes[at].to_left);
}

/* The numerator over nodes[1].den of the sum of coefficient / denominator. */
static ent_big add_up(const over_totals *x, size_t low, size_t high, size_t at)
{
    if (high - low == 1) {
        return ent_big_from(x->pool, x->coefficient[low]);
    }
    size_t middle = low + (high - low) / 2;
    ent_big left = add_up(x, low, middle, 2 * at);
    ent_big right = add_up(x, middle, high, 2 * at + 1);
    return ent_big_add(x->pool, ent_big_mul(x->pool, left, x->nodes[at].to_left),
                       ent_big_mul(x->pool, right, x->nodes[at].to_right));
}

/* Each set's part in player i's value, collected by denominator: |S|! (n-|S|-1)! where S is without i, and
 * less the same for the set that i leaves. */
static void set_coefficients(const table *t, over_totals *x, size_t i)
{
    size_t n = t->g->n;
    ent_i128 factorial[ENT_ANSWER_EXACT_MAX + 1] = {1};
    for (size_t k = 1; k <= n; k++) {
        factorial[k] = factorial[k - 1] * (ent_i128)k;
    }
    memset(x->coefficient, 0, x->n * sizeof *x->coefficient);
    for (uint64_t s = 0; s <= ent_answer_everybody(n); s++) {
        size_t size = (size_t)__builtin_popcountll(s);
        bool in = (s >> i) & 1;
        ent_i128 orders = in ? -factorial[size - 1] * factorial[n - size]
                             : factorial[size] * factorial[n - size - 1];
        x->coefficient[x->place[s]] += orders * x->num[s];
    }
}

/* One player's value, worked out in the scratch pool and not reduced: its share is, once. */
static bool one_value(table *t, over_totals *x, size_t i, ent_i128 orders, ent_bigq *out)
{
    ent_big den = ent_big_mul(&t->scratch, x->nodes[1].den, ent_big_from(&t->scratch, orders));
    set_coefficients(t, x, i);
    ent_bigq sum = {add_up(x, 0, x->n, 1), den};
    bool ok = !t->scratch.failed;
    *out = ok ? ent_bigq_copy(&t->a->pool, sum) : sum;
    ent_big_pool_reset(&t->scratch);
    return ok && !t->a->pool.failed;
}

static bool shapley_over_totals(table *t, ent_bigq *gains, bool *done)
{
    over_totals x = {.pool = &t->a->pool};
    ent_i128 orders = 1;
    for (size_t k = 2; k <= t->g->n; k++) {
        orders *= (ent_i128)k;
    }
    *done = take_small(t, &x);
    bool ok = true;
    if (*done) {
        size_t width = 1;
        while (width < x.n) {
            width *= 2;
        }
        x.nodes = calloc(2 * width + 2, sizeof *x.nodes);
        x.coefficient = malloc(x.n * sizeof *x.coefficient);
        ok = x.nodes && x.coefficient;
        if (ok) {
            build(&x, 0, x.n, 1);
            ok = !x.pool->failed;
        }
        x.pool = &t->scratch; /* for the sums */
        for (size_t i = 0; ok && i < t->g->n; i++) {
            ok = one_value(t, &x, i, orders, &gains[i]);
        }
    }
    free(x.num);
    free(x.dens);
    free(x.place);
    free(x.nodes);
    free(x.coefficient);
    return ok;
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
    uint64_t last = ent_answer_everybody(t->g->n);
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
    uint64_t last = ent_answer_everybody(t->g->n);
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
    ent_bigq *dividend = calloc(ent_answer_everybody(t->g->n) + 1, sizeof *dividend);
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
    for (uint64_t s = 0; s <= ent_answer_everybody(t->g->n); s++) {
        uint32_t others = (uint32_t)__builtin_popcountll(s) + 1;
        if (!(s & bit) && t->breach[s] && !t->breach[s | bit] && (least == 0 || others < least)) {
            least = others;
        }
    }
    return least;
}

/* --- all of it --- */

void ent_answer_set_shares(ent_answer *a, const ent_game *g, const ent_bigq *gains)
{
    ent_big_pool *pool = &a->pool;
    ent_bigq whole = ent_bigq_sub(pool, a->none, a->all);
    a->has_shares = ent_bigq_sign(whole) != 0;
    ent_bigq part_of_all = a->has_shares && ent_bigq_sign(a->none) != 0
                               ? ent_bigq_reduce(pool, ent_bigq_div(pool, whole, a->none))
                               : ent_bigq_from(pool, ent_q_from_i64(0));
    for (size_t i = 0; a->has_shares && i < g->n; i++) {
        ent_part *p = &a->parts[i];
        /* jointly, whoever has a part in it at all answers for the whole; one who made it better does not */
        p->has_share = g->joint == ENT_JOINT_JOINTLY ? ent_bigq_sign(gains[i]) > 0
                                                     : ent_bigq_sign(gains[i]) != 0;
        if (p->has_share) {
            p->share = ent_bigq_reduce(pool, ent_bigq_div(pool, gains[i], whole));
            p->weight = ent_bigq_times(pool, p->share, part_of_all);
        }
        if (p->has_share && g->joint == ENT_JOINT_JOINTLY) {
            p->share = ent_bigq_from(pool, ent_q_from_i64(1));
        }
    }
}

void ent_answer_set_ends(ent_answer *a, ent_bigq none, ent_bigq all)
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
        ent_answer_set_ends(a, t.v[0], t.v[ent_answer_everybody(g->n)]);
        bool done = g->joint == ENT_JOINT_BY_CHARGE || g->n == 1;
        bool few = g->n <= 2; /* then building multiples costs more than it saves */
        if (g->n == 1) { /* whoever is alone answers for all of it */
            gains[0] = ent_bigq_reduce(&a->pool, ent_bigq_sub(&a->pool, t.v[0], t.v[1]));
        } else {
            ok = done ? weighted(&t, gains) : few || shapley_over_totals(&t, gains, &done);
        }
        for (size_t i = 0; ok && !done && i < g->n; i++) {
            ok = shapley(&t, i, &gains[i]);
        }
    }
    if (ok) {
        ent_answer_set_shares(a, g, gains);
        for (size_t i = 0; i < g->n; i++) {
            a->parts[i].but_for = t.breach[0] && !t.breach[UINT64_C(1) << i];
            a->parts[i].degree = degree_of(&t, i);
        }
    }
    free(t.v);
    free(t.breach);
    ent_big_pool_deinit(&t.scratch);
    return ok && !a->pool.failed;
}

bool ent_answer_solve(ent_answer *a, const ent_game *g)
{
    if (ent_answer_solve_few(a, g)) {
        return true;
    }
    return g->n <= ENT_ANSWER_EXACT_MAX ? solve_exactly(a, g) : ent_answer_solve_by_drawing(a, g);
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
