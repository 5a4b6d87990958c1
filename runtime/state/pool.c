/* Pools: in each window the funders put in an amount, and it is paid out when the objectives were met.
 *
 * An objective counts in the window of the pool in which its own window ends, both by the calendar of the
 * objective's agreement: March is in the first quarter wherever it is measured.  So a pool's window is over when it is
 * over in the zones of all its objectives.  What is not known (no data, or no window of the objective) stays
 * unknown through and, or, not (Kleene), and what is not known is not paid.
 * Oracle: tests/oracle/pools.py. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/state.h"

enum { MARK_MET = 1, MARK_BREACH = 2, MARK_UNKNOWN = 4 };

static ent_window_unit unit_of(const ent_poolstate *pool)
{
    return (ent_window_unit)(pool->row->unit - 1);
}

bool ent_poolstate_init(ent_engine *s, ent_poolstate *pool, int64_t index, ent_fault *error)
{
    const ent_image *p = s->program;
    pool->row = &p->pool[index];
    pool->index = index;
    const ent_agreement_row *own = &p->agreement[pool->row->agreement];
    pool->zone = ent_engine_zone(s, own->zone);
    ent_agreement_period(s, own, &pool->from, &pool->to);
    pool->stack = malloc((size_t)pool->row->n_terms + 1);
    return pool->stack || ent_no_memory(error);
}

void ent_poolstate_deinit(ent_poolstate *pool)
{
    for (size_t i = 0; i < pool->n_tallies; i++) {
        free(pool->tallies[i].marks);
    }
    free(pool->tallies);
    free(pool->parts);
    free(pool->stack);
}

void ent_poolstate_start(const ent_engine *s, ent_poolstate *pool)
{
    int64_t from = s->from > pool->from ? s->from : pool->from;
    ent_window_containing(pool->zone, unit_of(pool), from, &pool->next);
}

/* --- what is known --- */

static ent_pool_tally *tally_at(ent_poolstate *pool, int64_t from)
{
    for (size_t i = 0; i < pool->n_tallies; i++) {
        if (pool->tallies[i].from == from) {
            return &pool->tallies[i];
        }
    }
    uint8_t *marks = calloc((size_t)pool->row->n_terms + 1, 1);
    if (!marks || !ent_reserve((void **)&pool->tallies, &pool->tallies_capacity,
                               pool->n_tallies + 1, sizeof *pool->tallies)) {
        free(marks);
        return NULL;
    }
    pool->tallies[pool->n_tallies] = (ent_pool_tally){from, marks};
    return &pool->tallies[pool->n_tallies++];
}

static bool is_goal(const ent_image *p, const ent_term_row *term, int64_t objective)
{
    for (int64_t i = 0; i < term->n_goals; i++) {
        if (p->goal[term->first_goal + i].objective == objective) {
            return true;
        }
    }
    return false;
}

bool ent_poolstate_observe(ent_engine *s, ent_poolstate *pool, const ent_verdict *d)
{
    const ent_image *p = s->program;
    if (d->kind != ENT_VERDICT_OBJECTIVE || !d->final) {
        return true;
    }
    ent_pool_tally *tally = NULL;
    for (int64_t i = 0; i < pool->row->n_terms; i++) {
        if (!is_goal(p, &p->term[pool->row->first_term + i], d->clause)) {
            continue;
        }
        if (!tally) {
            const ent_zone *zone = s->objectives[d->clause].zone;
            ent_interval w;
            ent_window_containing(zone, unit_of(pool), d->final_ns - 1, &w);
            tally = tally_at(pool, ent_zone_midnight(pool->zone, ent_zone_day(zone, w.from)));
        }
        if (!tally) {
            return false;
        }
        tally->marks[i] |= d->status == ENT_STATUS_MET      ? MARK_MET
                           : d->status == ENT_STATUS_BREACH ? MARK_BREACH
                                                            : MARK_UNKNOWN;
    }
    return true;
}

/* Of an objective: breached once is not met; met is what was met each time. */
static uint8_t answer_of(uint8_t marks)
{
    return marks & MARK_BREACH                ? MARK_BREACH
           : marks & MARK_UNKNOWN || marks == 0 ? MARK_UNKNOWN
                                                : MARK_MET;
}

static uint8_t joined(int64_t op, uint8_t a, uint8_t b)
{
    uint8_t decides = op == ENT_TERM_AND ? MARK_BREACH : MARK_MET;
    if (a == decides || b == decides) {
        return decides;
    }
    return a == MARK_UNKNOWN || b == MARK_UNKNOWN ? MARK_UNKNOWN : a;
}

/* The terms are verified: each finds its operands. */
static uint8_t evaluate(const ent_image *p, ent_poolstate *pool, const uint8_t *marks)
{
    size_t n = 0;
    uint8_t *stack = pool->stack;
    for (int64_t i = 0; i < pool->row->n_terms; i++) {
        const ent_term_row *term = &p->term[pool->row->first_term + i];
        switch (term->op) {
        case ENT_TERM_MET:
            stack[n++] = answer_of(marks ? marks[i] : 0);
            break;
        case ENT_TERM_NOT:
            stack[n - 1] = stack[n - 1] == MARK_MET      ? MARK_BREACH
                           : stack[n - 1] == MARK_BREACH ? MARK_MET
                                                         : MARK_UNKNOWN;
            break;
        default:
            n--;
            stack[n - 1] = joined(term->op, stack[n - 1], stack[n]);
            break;
        }
    }
    return stack[0];
}

/* --- money --- */

typedef struct purse {
    ent_i128 in, out;
    ent_q charge; /* of its slas in force */
    bool in_force;
} purse;

static bool find_charges(ent_engine *s, int64_t at, purse *purses, ent_fault *error)
{
    const ent_image *p = s->program;
    for (size_t i = 0; i < p->n_agreement; i++) {
        const ent_agreement_row *a = &p->agreement[i];
        int64_t from;
        int64_t to;
        ent_agreement_period(s, a, &from, &to);
        if (a->kind != 0 || at < from || at >= to) {
            continue;
        }
        purse *mine = &purses[a->supplier];
        mine->in_force = true;
        if (a->charge >= 0 &&
            !ent_q_add(mine->charge, p->constants[a->charge].v.q, &mine->charge)) {
            ent_fail(s, error, ENT_FAULT_DATA, "an amount of money does not fit");
            error->place = a->place;
            return false;
        }
    }
    return true;
}

static bool collect(ent_engine *s, const ent_poolstate *pool, ent_verdict *d, purse *purses,
                    ent_fault *error)
{
    const ent_image *p = s->program;
    for (int64_t i = 0; i < pool->row->n_funders; i++) {
        int64_t party = p->funder[pool->row->first_funder + i].party;
        purse *mine = &purses[party];
        if (p->party[party].role == 2 && !mine->in_force) {
            continue;
        }
        if (!ent_judge_pool_amount(s, pool->row, d, mine->charge, &mine->in, error)) {
            return false;
        }
        if (!ent_i128_add(d->fund_minor, mine->in, &d->fund_minor)) {
            ent_fail(s, error, ENT_FAULT_DATA, "an amount of money does not fit");
            error->place = pool->row->place;
            return false;
        }
    }
    return true;
}

/* Among the providers that funded it; where none did, among those that have an sla in force.  Where nobody
 * that shares has a charge, `by charge` is equal parts. */
static bool share_out(ent_engine *s, const ent_poolstate *pool, const ent_verdict *d,
                      purse *purses, ent_fault *error)
{
    const ent_image *p = s->program;
    size_t n = p->n_party;
    ent_q *weights = calloc(n + 1, sizeof *weights);
    ent_i128 *parts = calloc(n + 1, sizeof *parts);
    bool ok = weights && parts;
    bool funded = false;
    bool any = false;
    bool charged = false;
    for (size_t i = 0; i < n; i++) {
        funded |= p->party[i].role == 2 && purses[i].in > 0;
    }
    for (size_t i = 0; ok && i < n; i++) {
        bool takes = p->party[i].role == 2 && (funded ? purses[i].in > 0 : purses[i].in_force);
        weights[i] = ent_q_from_i64(takes);
        any |= takes;
        charged |= takes && purses[i].charge.num > 0;
    }
    for (size_t i = 0; ok && pool->row->by_charge && charged && i < n; i++) {
        weights[i] = weights[i].num ? purses[i].charge : weights[i];
    }
    ok = ok && (!any || ent_apportion(d->fund_minor, weights, n, parts));
    for (size_t i = 0; ok && i < n; i++) {
        purses[i].out = any ? parts[i] : purses[i].in;
    }
    free(weights);
    free(parts);
    return ok || ent_no_memory(error);
}

static bool keep_parts(ent_engine *s, ent_poolstate *pool, const purse *purses, ent_verdict *d)
{
    d->first_part = (int64_t)pool->n_parts;
    for (size_t i = 0; i < s->program->n_party; i++) {
        if (purses[i].in == 0 && purses[i].out == 0) {
            continue;
        }
        if (!ent_reserve((void **)&pool->parts, &pool->parts_capacity, pool->n_parts + 1,
                         sizeof *pool->parts)) {
            return false;
        }
        pool->parts[pool->n_parts++] = (ent_pool_part){(int64_t)i, purses[i].in, purses[i].out};
        d->n_parts++;
    }
    return true;
}

/* An unpaid pool returns to its funders as they paid. */
static bool settle(ent_engine *s, ent_poolstate *pool, ent_verdict *d, ent_fault *error)
{
    purse *purses = calloc(s->program->n_party + 1, sizeof *purses);
    if (!purses) {
        return ent_no_memory(error);
    }
    for (size_t i = 0; i < s->program->n_party; i++) {
        purses[i].charge = ent_q_from_i64(0);
    }
    bool ok = find_charges(s, d->to_ns - 1, purses, error) && collect(s, pool, d, purses, error);
    if (ok && d->status == ENT_STATUS_MET && d->fund_minor > 0) {
        d->credit_minor = d->fund_minor;
        ok = share_out(s, pool, d, purses, error);
    } else {
        for (size_t i = 0; ok && i < s->program->n_party; i++) {
            purses[i].out = purses[i].in;
        }
    }
    ok = ok && (keep_parts(s, pool, purses, d) || ent_no_memory(error));
    free(purses);
    return ok;
}

/* --- windows --- */

/* When the window is over in the zones of all objectives. */
static int64_t over_at(const ent_engine *s, const ent_poolstate *pool, const ent_interval *w)
{
    const ent_image *p = s->program;
    int64_t day = ent_zone_day(pool->zone, w->from);
    int64_t over = w->to;
    for (int64_t i = 0; i < pool->row->n_terms; i++) {
        const ent_term_row *term = &p->term[pool->row->first_term + i];
        for (int64_t k = 0; k < term->n_goals; k++) {
            const ent_zone *zone = s->objectives[p->goal[term->first_goal + k].objective].zone;
            ent_interval there;
            ent_window_containing(zone, unit_of(pool), ent_zone_midnight(zone, day), &there);
            over = there.to > over ? there.to : over;
        }
    }
    return over;
}

static void forget_tally(ent_poolstate *pool, int64_t from)
{
    for (size_t i = 0; i < pool->n_tallies; i++) {
        if (pool->tallies[i].from == from) {
            free(pool->tallies[i].marks);
            pool->tallies[i] = pool->tallies[--pool->n_tallies];
            return;
        }
    }
}

static bool decide(ent_engine *s, ent_poolstate *pool, const ent_interval *w, int64_t over,
                   int64_t until, ent_fault *error)
{
    int64_t from = w->from > pool->from ? w->from : pool->from;
    int64_t to = w->to < pool->to ? w->to : pool->to;
    int64_t lo = from > s->from ? from : s->from;
    if (from >= to || lo >= to || lo >= until) {
        return true;
    }
    ent_verdict *d = ent_engine_decision(s);
    if (!d) {
        return ent_no_memory(error);
    }
    d->kind = ENT_VERDICT_POOL;
    d->clause = pool->index;
    d->from_ns = from;
    d->to_ns = to;
    d->final = over <= until;
    d->final_ns = d->final ? over : until;
    if (!d->final) {
        d->status = ENT_STATUS_PROVISIONAL;
        return true;
    }
    if (!ent_q_make(to - from, w->to - w->from, &d->credit_fraction)) {
        return ent_no_memory(error);
    }
    uint8_t *marks = NULL;
    for (size_t i = 0; i < pool->n_tallies; i++) {
        marks = pool->tallies[i].from == w->from ? pool->tallies[i].marks : marks;
    }
    uint8_t answer = evaluate(s->program, pool, marks);
    d->status = answer == MARK_MET      ? ENT_STATUS_MET
                : answer == MARK_BREACH ? ENT_STATUS_BREACH
                                        : ENT_STATUS_NO_DATA;
    return settle(s, pool, d, error);
}

bool ent_poolstate_close(ent_engine *s, ent_poolstate *pool, int64_t until, bool end,
                         ent_fault *error)
{
    bool ok = true;
    while (ok && !pool->exhausted && pool->next.from < until && pool->next.from < pool->to) {
        ent_interval w = pool->next;
        int64_t over = over_at(s, pool, &w);
        if (over > until && !end) {
            break;
        }
        ok = decide(s, pool, &w, over, until, error);
        forget_tally(pool, w.from);
        ent_window_next(pool->zone, unit_of(pool), &pool->next);
        pool->exhausted = pool->next.from == w.from;
    }
    return ok;
}

const ent_pool_part *ent_engine_pool_parts(const ent_engine *s, const ent_verdict *d, size_t *n)
{
    *n = (size_t)d->n_parts;
    return d->n_parts == 0 ? NULL : &s->pools[d->clause].parts[d->first_part];
}
