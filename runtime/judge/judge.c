/* Verdicts in money: whether a measure meets its target, what a breach costs, caps and earning back.
 *
 * Credits are decided in the order of window ends, then clauses in the source, then subjects, because a cap
 * takes them in that order; the ledger's own order (agreement, clause and subject by bytes) is made after.
 * All amounts are exact rationals in major units until they are rounded, once, to the currency's minor unit.
 * Oracle: tests/oracle/entente_oracle.py. */
#include <stdlib.h>
#include <string.h>

#include "runtime/judge/clause.h"
#include "runtime/judge/judge_private.h"
#include "runtime/state/state.h"

struct ent_judge *ent_judge_new(void)
{
    return calloc(1, sizeof(struct ent_judge));
}

void ent_judge_free(struct ent_judge *j)
{
    if (!j) {
        return;
    }
    for (size_t i = 0; i < j->n_earned; i++) {
        free(j->earned[i].credits);
    }
    free(j->earned);
    free(j->used);
    ent_map_deinit(&j->caps);
    ent_map_deinit(&j->earnings);
    ent_tuples_deinit(&j->keys);
    free(j);
}

static bool holds(int compare, int order)
{
    switch (compare) {
    case ENT_CMP_AT_LEAST:
        return order >= 0;
    case ENT_CMP_AT_MOST:
        return order <= 0;
    case ENT_CMP_ABOVE:
        return order > 0;
    case ENT_CMP_BELOW:
        return order < 0;
    default:
        return true;
    }
}

bool ent_judge_met(int compare, const ent_verdict *d, const ent_constant *target)
{
    if (d->measure_is_number) {
        double bound = target->cls == ENT_CLASS_F ? target->v.f : ent_q_to_double(target->v.q);
        return holds(compare, d->measure_f < bound ? -1 : d->measure_f > bound);
    }
    return holds(compare, ent_q_cmp(d->measure, target->v.q));
}

/* --- amounts --- */

typedef struct pricing {
    ent_engine *s;
    const ent_verdict *d;
    const ent_agreement_row *agreement;
    ent_fault *error;
    const ent_q *charge; /* of a pool's funder; NULL: the agreement's */
} pricing;

static bool too_large(const pricing *x, int64_t place)
{
    ent_fail(x->s, x->error, ENT_FAULT_DATA, "an amount of money does not fit");
    x->error->place = place;
    return false;
}

static ent_q charge_of(const pricing *x)
{
    if (x->charge) {
        return *x->charge;
    }
    return x->agreement->charge < 0 ? ent_q_from_i64(0)
                                    : x->s->program->constants[x->agreement->charge].v.q;
}

static bool kernel_amount(const pricing *x, int64_t index, ent_q *out)
{
    const ent_image *p = x->s->program;
    const ent_kernel_row *kernel = &p->kernel[index];
    ent_q values[2] = {charge_of(x), x->d->measure};
    double figure = x->d->measure_f;
    ent_vector in[2];
    ent_vector result;
    if (kernel->n_inputs > 2) {
        return ent_fail(x->s, x->error, ENT_FAULT_USAGE, "an amount with more than two inputs");
    }
    for (int64_t i = 0; i < kernel->n_inputs; i++) {
        const ent_input_row *input = &p->input[kernel->first_input + i];
        bool number = input->cls == ENT_CLASS_F;
        in[i] = (ent_vector){(ent_class)input->cls,
                             number ? (void *)&figure : &values[input->kind == 4 ? 0 : 1], NULL};
    }
    const ent_lane_error *errors = NULL;
    uint32_t n_errors = 0;
    if (!ent_vm_run(x->s->vm, index, in, 1, &result, NULL, &errors, &n_errors)) {
        return ent_no_memory(x->error);
    }
    if (n_errors > 0) {
        ent_fail(x->s, x->error, ENT_FAULT_DATA, "%s", errors[0].message);
        x->error->place = errors[0].place;
        return false;
    }
    *out = result.absent && result.absent[0] ? ent_q_from_i64(0) : *(const ent_q *)result.data;
    return true;
}

static bool amount_money(const pricing *x, int64_t index, ent_q *out)
{
    const ent_image *p = x->s->program;
    const ent_amount_row *amount = &p->amount[index];
    *out = ent_q_from_i64(0);
    switch (amount->kind) {
    case 1:
        return ent_q_mul(p->constants[amount->value].v.q, charge_of(x), out) ||
               too_large(x, x->agreement->place);
    case 2:
        *out = p->constants[amount->value].v.q;
        return true;
    case 3:
        return kernel_amount(x, amount->kernel, out) &&
               (!amount->kernel_ratio || ent_q_mul(*out, charge_of(x), out) ||
                too_large(x, x->agreement->place));
    case 4:
        return amount_money(x, amount->of, out) &&
               (ent_q_mul(p->constants[amount->value].v.q, *out, out) ||
                too_large(x, x->agreement->place));
    default:
        return true;
    }
}

int64_t ent_verdict_step(const ent_image *p, const ent_verdict *d)
{
    if (d->kind != ENT_VERDICT_OBJECTIVE) {
        return -1;
    }
    const ent_objective_row *row = &p->objective[d->clause];
    for (int64_t i = 0; i < row->n_steps; i++) {
        const ent_step_row *step = &p->step[row->first_step + i];
        bool last = i + 1 == row->n_steps;
        bool stands = d->has_measure
                          ? step->compare == ENT_CMP_OTHERWISE || step->bound < 0 ||
                                ent_judge_met((int)step->compare, d, &p->constants[step->bound])
                          : last;
        if (stands) {
            return row->first_step + i;
        }
    }
    return -1;
}

static bool ladder_credit(const pricing *x, ent_q *out, int64_t *used)
{
    const ent_image *p = x->s->program;
    int64_t step = ent_verdict_step(p, x->d);
    if (step < 0) {
        *out = ent_q_from_i64(0);
        return true;
    }
    *used = p->step[step].amount;
    return amount_money(x, *used, out);
}

static bool measured(const ent_verdict *d, ent_q *out)
{
    *out = d->measure;
    return !d->measure_is_number || ent_q_from_double(d->measure_f, out);
}

static bool constant_q(const ent_constant *c, ent_q *out)
{
    *out = c->v.q;
    return c->cls != ENT_CLASS_F || ent_q_from_double(c->v.f, out);
}

/* A rate: so much for each started unit of the distance from the target, at most so much. */
static bool rate_credit(const pricing *x, const ent_objective_row *row, ent_q *out)
{
    const ent_image *p = x->s->program;
    ent_q each;
    ent_q most = {0, 1};
    if (!amount_money(x, row->rate_amount, &each) ||
        (row->rate_max >= 0 && !amount_money(x, row->rate_max, &most))) {
        return false;
    }
    if (!x->d->has_measure) {
        *out = row->rate_max >= 0 ? most : each;
        return true;
    }
    ent_q measure;
    ent_q target;
    ent_q per;
    ent_q units;
    bool ok = measured(x->d, &measure) && constant_q(&p->constants[row->target], &target) &&
              constant_q(&p->constants[row->rate_per], &per) &&
              (row->rate_above ? ent_q_sub(measure, target, &units)
                               : ent_q_sub(target, measure, &units)) &&
              ent_q_div(units, per, &units);
    if (ok && units.num < 0) {
        units = ent_q_from_i64(0);
    }
    if (ok && !row->rate_pro_rata) {
        ok = ent_q_make(ent_q_ceil(units), 1, &units);
    }
    if (!ok || !ent_q_mul(each, units, out)) {
        return too_large(x, row->place);
    }
    if (row->rate_max >= 0 && ent_q_cmp(*out, most) > 0) {
        *out = most;
    }
    return true;
}

/* --- caps --- */

static int currency_digits(const pricing *x)
{
    const ent_image *p = x->s->program;
    int digits = x->agreement->currency < 0
                     ? 2
                     : ent_currency_minor(ent_image_text(p, x->agreement->currency));
    return digits < 0 ? 2 : digits;
}

/* What the agreement's credits (or those by weight alone) came to in the window; NULL: no memory. */
static ent_q *used_in(const pricing *x, const ent_cap_row *cap, int64_t from)
{
    struct ent_judge *j = x->s->judge;
    int64_t words[4] = {x->agreement->name, cap->unit, cap->weighted, from};
    int64_t id = ent_tuples_intern(&j->keys, words, 4);
    uint32_t *place = id < 0 ? NULL : ent_map_at(&j->caps, id);
    if (!place) {
        return NULL;
    }
    if (*place == ENT_MAP_NONE) {
        if (!ent_reserve((void **)&j->used, &j->used_capacity, j->n_used + 1, sizeof *j->used)) {
            return NULL;
        }
        *place = (uint32_t)j->n_used++;
        j->used[*place] = ent_q_from_i64(0);
    }
    return &j->used[*place];
}

static void cap_window(const pricing *x, const ent_cap_row *cap, int64_t at, ent_interval *w)
{
    ent_window_containing(x->s->zones[x->agreement->zone], (ent_window_unit)(cap->unit - 1), at, w);
}

/* A percentage of a charge that the agreement does not state bounds nothing. */
static bool cap_bounds(const pricing *x, const ent_cap_row *cap, bool weighted)
{
    const ent_amount_row *amount = &x->s->program->amount[cap->amount];
    bool of_charge = amount->kind == 1 || (amount->kind == 3 && amount->kernel_ratio);
    return (weighted || !cap->weighted) && !(of_charge && x->agreement->charge < 0);
}

/* What the cap has left for a credit that counts at `at`, not below nothing. */
static bool cap_left(const pricing *x, const ent_cap_row *cap, int64_t at, ent_q *left)
{
    ent_interval w;
    if (!amount_money(x, cap->amount, left)) {
        return false;
    }
    cap_window(x, cap, at, &w);
    for (int64_t i = 0; i < (cap->months > 0 ? cap->months : 1); i++) {
        const ent_q *used = used_in(x, cap, w.from);
        if (!used) {
            return ent_no_memory(x->error);
        }
        if (!ent_q_sub(*left, *used, left)) {
            return too_large(x, cap->place);
        }
        cap_window(x, cap, w.from - 1, &w);
    }
    if (left->num < 0) {
        *left = ent_q_from_i64(0);
    }
    return true;
}

/* Counts a credit in every window in which a cap of some version of the agreement may ask for it. */
static bool cap_count(const pricing *x, int64_t at, bool weighted, ent_q amount)
{
    const ent_image *p = x->s->program;
    uint32_t counted = 0; /* bits of unit and weighted: caps of one kind share what they count */
    for (size_t i = 0; i < p->n_agreement; i++) {
        const ent_agreement_row *a = &p->agreement[i];
        for (int64_t k = 0; a->name == x->agreement->name && k < a->n_caps; k++) {
            const ent_cap_row *cap = &p->cap[a->first_cap + k];
            uint32_t bit = 1u << (cap->unit * 2 + cap->weighted);
            if (counted & bit || (cap->weighted && !weighted)) {
                continue;
            }
            counted |= bit;
            ent_interval w;
            cap_window(x, cap, at, &w);
            ent_q *used = used_in(x, cap, w.from);
            if (!used) {
                return ent_no_memory(x->error);
            }
            if (!ent_q_add(*used, amount, used)) {
                return too_large(x, cap->place);
            }
        }
    }
    return true;
}

/* Cuts the amount to what every cap has left, and counts it unless it lapses. */
static bool apply_caps(const pricing *x, bool weighted, ent_q *amount)
{
    const ent_image *p = x->s->program;
    int64_t at = x->d->final_ns - 1;
    if (amount->num <= 0) {
        return true;
    }
    for (int64_t i = 0; i < x->agreement->n_caps; i++) {
        const ent_cap_row *cap = &p->cap[x->agreement->first_cap + i];
        ent_q left;
        if (!cap_bounds(x, cap, weighted)) {
            continue;
        }
        if (!cap_left(x, cap, at, &left)) {
            return false;
        }
        *amount = ent_q_cmp(*amount, left) > 0 ? left : *amount;
    }
    return x->d->claim == ENT_CLAIM_LAPSED || cap_count(x, at, weighted, *amount);
}

/* Cuts the amount to the caps, and rounds it, once. */
static bool settle_amount(const pricing *x, ent_q amount, bool weighted, ent_round mode,
                          int64_t place, ent_verdict *d)
{
    d->has_credit = amount.num != 0;
    if (amount.num > 0) {
        ent_claims_ask(x->s, d);
    }
    if (!apply_caps(x, weighted, &amount)) {
        return false;
    }
    return ent_money_round(amount, currency_digits(x), mode,
                           d->claim == ENT_CLAIM_LAPSED ? &d->lapsed_minor : &d->credit_minor) ||
           too_large(x, place);
}

/* --- earning back --- */

static ent_earning *earning_of(const pricing *x, const ent_objective_row *row)
{
    struct ent_judge *j = x->s->judge;
    int64_t words[3] = {x->agreement->name, row->name, x->d->has_subject ? x->d->subject : -1};
    int64_t id = ent_tuples_intern(&j->keys, words, 3);
    uint32_t *place = id < 0 ? NULL : ent_map_at(&j->earnings, id);
    if (!place) {
        return NULL;
    }
    if (*place == ENT_MAP_NONE) {
        if (!ent_reserve((void **)&j->earned, &j->earned_capacity, j->n_earned + 1,
                         sizeof *j->earned)) {
            return NULL;
        }
        *place = (uint32_t)j->n_earned++;
        j->earned[*place] = (ent_earning){0};
    }
    return &j->earned[*place];
}

static bool earn_back(const pricing *x, const ent_objective_row *row, ent_verdict *d)
{
    const ent_image *p = x->s->program;
    if (row->earn_back < 0 || !d->final) {
        return true;
    }
    ent_earning *e = earning_of(x, row);
    if (!e) {
        return ent_no_memory(x->error);
    }
    if (d->credit_minor > 0) {
        if (!ent_reserve((void **)&e->credits, &e->capacity, e->n + 1, sizeof *e->credits)) {
            return ent_no_memory(x->error);
        }
        e->credits[e->n++] = d->credit_minor;
    }
    if (!(row->earn_expected ? d->expected_met : d->status == ENT_STATUS_MET)) {
        e->met_run = 0;
        return true;
    }
    if (++e->met_run < row->earn_windows || e->n == 0) {
        return true;
    }
    ent_q back;
    ent_i128 minor;
    if (!ent_q_make(e->credits[e->n - 1], 1, &back) ||
        !ent_q_mul(back, p->constants[row->earn_back].v.q, &back) ||
        !ent_q_round(back, 0, (ent_round)row->rounding, &minor)) {
        return too_large(x, row->place);
    }
    e->n--;
    e->met_run = 0;
    d->has_credit = true;
    d->credit_minor = -minor;
    d->credit_earned = true;
    return true;
}

/* --- one decision --- */

/* Whether the amount is a part of what is at risk. */
static bool is_part(const ent_image *p, int64_t amount)
{
    return amount >= 0 && p->amount[amount].kind == 4;
}

static bool price_objective(ent_engine *s, ent_verdict *d, ent_fault *error)
{
    const ent_objective_row *row = &s->program->objective[d->clause];
    pricing x = {s, d, &s->program->agreement[row->agreement], error, NULL};
    d->expected_met = row->expected >= 0 && d->final && d->has_measure &&
                      ent_judge_met((int)row->expected_compare, d, &s->program->constants[row->expected]);
    if (d->final && d->status == ENT_STATUS_BREACH && (row->n_steps > 0 || row->rate_amount >= 0)) {
        ent_q amount;
        int64_t used = row->rate_amount;
        bool ok = row->n_steps > 0 ? ladder_credit(&x, &amount, &used)
                                   : rate_credit(&x, row, &amount);
        if (!ok) {
            return false;
        }
        d->credit_rule = used < 0 ? -1 : s->program->amount[used].text;
        if (!ent_q_mul(amount, d->credit_fraction, &amount)) {
            return too_large(&x, row->place);
        }
        if (!settle_amount(&x, amount, is_part(s->program, used) || is_part(s->program, row->rate_max),
                           (ent_round)row->rounding, row->place, d)) {
            return false;
        }
    }
    return earn_back(&x, row, d);
}

static bool price_duty(ent_engine *s, ent_verdict *d, ent_fault *error)
{
    const ent_duty_row *row = &s->program->duty[d->clause];
    if (row->credit < 0 || d->status != ENT_STATUS_BREACH) {
        return true;
    }
    pricing x = {s, d, &s->program->agreement[row->agreement], error, NULL};
    ent_q amount;
    if (!amount_money(&x, row->credit, &amount)) {
        return false;
    }
    d->credit_rule = s->program->amount[row->credit].text;
    return settle_amount(&x, amount, false, (ent_round)row->rounding, row->place, d);
}

bool ent_judge_pool_amount(ent_engine *s, const ent_pool_row *pool, const ent_verdict *d,
                           ent_q charge, ent_i128 *minor, ent_fault *error)
{
    pricing x = {s, d, &s->program->agreement[pool->agreement], error, &charge};
    ent_q amount;
    return amount_money(&x, pool->amount, &amount) &&
           ((ent_q_mul(amount, d->credit_fraction, &amount) &&
             ent_money_round(amount, currency_digits(&x), ENT_ROUND_HALF_EVEN, minor)) ||
            too_large(&x, pool->place));
}

static bool price(ent_engine *s, ent_verdict *d, ent_fault *error)
{
    switch (d->kind) {
    case ENT_VERDICT_OBJECTIVE:
        return price_objective(s, d, error);
    case ENT_VERDICT_DUTY:
        return price_duty(s, d, error);
    default:
        return true;
    }
}

/* --- orders --- */

typedef struct sort_entry {
    ent_verdict *d;
    const ent_engine *s;
    int64_t final_ns; /* of it */
} sort_entry;

/* One clause and subject, twice at one instant: by what they are about. */
static int by_beginning(const ent_verdict *a, const ent_verdict *b)
{
    int64_t p_key = a->kind == ENT_VERDICT_DUTY ? a->at_ns : a->from_ns;
    int64_t q_key = b->kind == ENT_VERDICT_DUTY ? b->at_ns : b->from_ns;
    if (p_key != q_key) {
        return p_key < q_key ? -1 : 1;
    }
    return a->clause < b->clause ? -1 : a->clause > b->clause;
}

static int by_window_end(const void *a, const void *b)
{
    const sort_entry *x = a;
    const sort_entry *y = b;
    if (x->final_ns != y->final_ns) {
        return x->final_ns < y->final_ns ? -1 : 1;
    }
    int64_t p = ent_verdict_clause(x->s->program, x->d).order;
    int64_t q = ent_verdict_clause(x->s->program, y->d).order;
    if (p != q) {
        return p < q ? -1 : 1;
    }
    int order = ent_subject_compare(x->s, x->d, y->d);
    return order ? order : by_beginning(x->d, y->d);
}

static int by_name(const ent_image *p, const ent_verdict *a, const ent_verdict *b)
{
    ent_clause x = ent_verdict_clause(p, a);
    ent_clause y = ent_verdict_clause(p, b);
    int order = strcmp(ent_image_text(p, p->agreement[x.agreement].name),
                       ent_image_text(p, p->agreement[y.agreement].name));
    return order ? order : strcmp(ent_image_text(p, x.name), ent_image_text(p, y.name));
}

int ent_judge_order(const ent_engine *s, const ent_verdict *a, const ent_verdict *b)
{
    if (a->final_ns != b->final_ns) {
        return a->final_ns < b->final_ns ? -1 : 1;
    }
    int order = 0;
    if (a->clause != b->clause || a->kind != b->kind) {
        order = by_name(s->program, a, b);
    }
    order = order ? order : ent_subject_compare(s, a, b);
    return order ? order : by_beginning(a, b);
}

static int by_ledger(const void *a, const void *b)
{
    const sort_entry *x = a;
    const sort_entry *y = b;
    return x->final_ns != y->final_ns ? (x->final_ns < y->final_ns ? -1 : 1) : ent_judge_order(x->s, x->d, y->d);
}

/* Decisions mostly are in order already, but for those of one instant. */
static void sort(sort_entry *entries, size_t n, int (*compare)(const void *, const void *))
{
    size_t moves = 4 * n;
    for (size_t i = 1; i < n; i++) {
        size_t at = i;
        if (entries[i - 1].final_ns < entries[i].final_ns) {
            continue;
        }
        while (at > 0 && moves > 0 && compare(&entries[at - 1], &entries[i]) > 0) {
            at--;
            moves--;
        }
        if (moves == 0) {
            qsort(entries, n, sizeof *entries, compare);
            return;
        }
        if (at < i) {
            sort_entry entry = entries[i];
            memmove(entries + at + 1, entries + at, (i - at) * sizeof *entries);
            entries[at] = entry;
        }
    }
}

bool ent_judge_settle(ent_engine *s, ent_verdict **decisions, size_t n, ent_fault *error)
{
    if (n == 0) {
        return true;
    }
    sort_entry *sorted = malloc(n * sizeof *sorted);
    if (!sorted) {
        return ent_no_memory(error);
    }
    bool one_clause = true; /* then both orders are the same */
    for (size_t i = 0; i < n; i++) {
        sorted[i] = (sort_entry){decisions[i], s, decisions[i]->final_ns};
        one_clause &= decisions[i]->kind == decisions[0]->kind && decisions[i]->clause == decisions[0]->clause;
    }
    sort(sorted, n, by_window_end);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        ent_verdict *d = sorted[i].d;
        ok = price(s, d, error);
        if (ok && d->answer && d->has_credit && d->credit_minor > 0) {
            ok = ent_judge_split(s, d) || ent_no_memory(error);
        }
        ok = ok && (!d->answer || ent_answer_seal(d->answer) || ent_no_memory(error));
    }
    if (!one_clause) {
        sort(sorted, n, by_ledger);
    }
    for (size_t i = 0; i < n; i++) {
        decisions[i] = sorted[i].d;
    }
    free(sorted);
    return ok;
}
