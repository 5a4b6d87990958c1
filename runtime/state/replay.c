/* The answer for a window's breach: its replay for every set of parties that might have performed.
 *
 *   bad samples    the figure recomputed without the samples all of whose causes perform; a merge of the folds
 *                  that are kept per set of causes, never a second pass over rows
 *   outcomes       each unmet outcome becomes met when the excess that is left out brings its clock within its
 *                  allowance; the total does not change
 *   anything else  the agreement's supplier is the cause
 *
 * The shortfall v(S) is the distance of the replayed figure from the target, in its unit and never below
 * zero; nothing left is no breach. Oracle: tests/oracle/accountability.py. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/objective.h"

typedef struct window_game {
    ent_engine *s;
    const ent_objectivestate *o;
    const ent_group *g;
    const ent_fold_row *fold;
    ent_answer *answer; /* whose parts are the players */
    bool measured;      /* v({}) is 0 and yet a breach: then a breach counts 1 */
    /* percentiles: bad values in order, each with its causes */
    const void **sorted;
    uint64_t *sorted_causes;
    size_t n_sorted;
    bool failed;
} window_game;

/* What is left of the group when some perform. */
typedef struct left {
    int64_t n, good;
    ent_i128 sum;
    ent_fsum fsum;
    bool has_fsum;
    ent_q qsum;
    int64_t good_ns, bad_ns;
    bool failed;
} left;

static uint64_t parties_of(const window_game *x, uint64_t performing)
{
    uint64_t set = 0;
    for (size_t i = 0; i < x->answer->n_parts; i++) {
        set |= (performing >> i) & 1 ? UINT64_C(1) << x->answer->parts[i].party : 0;
    }
    return set;
}

static void add_sums(left *l, const ent_fold_state *f)
{
    l->failed |= f->failed || !ent_i128_add(l->sum, f->sum, &l->sum);
    if (f->fsum) {
        if (!l->has_fsum) {
            ent_fsum_init(&l->fsum);
            l->has_fsum = true;
        }
        ent_fsum_merge(&l->fsum, f->fsum);
    }
    if (f->qsum.den != 0) {
        l->failed |= !ent_q_add(l->qsum, f->qsum, &l->qsum);
    }
}

/* The group's counts include the bad samples, its sums only where they can be taken out again. */
static left what_is_left(const window_game *x, uint64_t set)
{
    const ent_fold_state *f = &x->g->folds[0];
    left l = {.n = f->n, .good = f->good, .good_ns = f->good_ns, .bad_ns = f->bad_ns};
    l.qsum = ent_q_from_i64(0);
    add_sums(&l, f);
    bool in_sum = ent_fold_sums_all(x->o, x->fold);
    bool down = x->o->row->missing == ENT_MISSING_DOWN;
    bool up = x->o->row->missing == ENT_MISSING_UP;
    if (x->fold->kind == ENT_AGG_SHARE) {
        l.n += down || up ? f->missing : 0;
        l.good += up ? f->missing : 0;
    }
    if (x->fold->kind == ENT_AGG_TIME_SHARE) {
        int64_t silent = f->expected - f->good_ns - f->bad_ns;
        l.good_ns += up ? silent : 0;
        l.bad_ns += down ? silent : 0;
    }
    for (size_t i = 0; i < x->g->n_charged; i++) {
        const ent_charged *c = &x->g->charged[i];
        if ((c->causes & ~set) == 0) {
            l.n -= c->fold.n;
            l.sum -= in_sum ? c->fold.sum : 0;
            l.bad_ns -= c->fold.bad_ns;
            l.good -= x->o->causes->inverted && x->fold->kind == ENT_AGG_SHARE ? c->fold.n : 0;
            if (x->o->causes->inverted && x->fold->kind == ENT_AGG_TIME_SHARE) {
                l.bad_ns += c->fold.bad_ns;
                l.good_ns -= c->fold.bad_ns;
            }
        } else if (!in_sum) {
            add_sums(&l, &c->fold);
        }
    }
    return l;
}

/* --- figures --- */

static ent_bigq from_integers(ent_big_pool *pool, ent_i128 num, ent_i128 den)
{
    return (ent_bigq){ent_big_from(pool, num), ent_big_from(pool, den)};
}

static ent_i128 value_scale(const ent_fold_row *fold)
{
    ent_i128 scale = 1;
    for (int64_t i = 0; fold->value_type == ENT_TYPE_DECIMAL && i < fold->param; i++) {
        scale *= 10;
    }
    return scale;
}

static ent_bigq from_double(ent_big_pool *pool, double value)
{
    ent_fsum one;
    ent_fsum_init(&one);
    ent_fsum_add(&one, value);
    return ent_bigq_from_fsum(pool, &one, 1);
}

static ent_bigq from_value(ent_big_pool *pool, const ent_fold_row *fold, const void *value)
{
    switch (ent_type_class((unsigned)fold->value_type)) {
    case ENT_CLASS_F:
        return from_double(pool, *(const double *)value);
    case ENT_CLASS_Q:
        return ent_bigq_from(pool, *(const ent_q *)value);
    default:
        return from_integers(pool, *(const int64_t *)value, value_scale(fold));
    }
}

static ent_bigq sum_of(ent_big_pool *pool, const ent_fold_row *fold, const left *l, int64_t n)
{
    switch (ent_type_class((unsigned)fold->value_type)) {
    case ENT_CLASS_F: {
        ent_fsum none;
        ent_fsum_init(&none);
        return ent_bigq_from_fsum(pool, l->has_fsum ? &l->fsum : &none, n);
    }
    case ENT_CLASS_Q: {
        ent_bigq sum = ent_bigq_from(pool, l->qsum);
        sum.den = ent_big_mul(pool, sum.den, ent_big_from(pool, n));
        return sum;
    }
    default:
        return from_integers(pool, l->sum, (ent_i128)n * value_scale(fold));
    }
}

static bool kept_value(const ent_fold_row *fold, const ent_fold_state *f, const void **out)
{
    ent_class cls = ent_type_class((unsigned)fold->value_type);
    *out = cls == ENT_CLASS_F   ? (const void *)&f->fvalue
           : cls == ENT_CLASS_Q ? (const void *)&f->qvalue
                                : (const void *)&f->ivalue;
    return f->has_value;
}

static int compare_values(ent_class cls, const void *a, const void *b)
{
    if (cls == ENT_CLASS_F) {
        double x = *(const double *)a;
        double y = *(const double *)b;
        return x < y ? -1 : x > y;
    }
    if (cls == ENT_CLASS_Q) {
        return ent_q_cmp(*(const ent_q *)a, *(const ent_q *)b);
    }
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The least or greatest value that is left; NULL: nothing is. */
static const void *extreme(const window_game *x, uint64_t set)
{
    ent_class cls = ent_type_class((unsigned)x->fold->value_type);
    int sign = x->fold->kind == ENT_AGG_MINIMUM ? -1 : 1;
    const void *best = NULL;
    const void *value;
    if (kept_value(x->fold, &x->g->folds[0], &value)) {
        best = value;
    }
    for (size_t i = 0; i < x->g->n_charged; i++) {
        const ent_charged *c = &x->g->charged[i];
        if ((c->causes & ~set) != 0 && kept_value(x->fold, &c->fold, &value) &&
            (!best || compare_values(cls, value, best) * sign > 0)) {
            best = value;
        }
    }
    return best;
}

/* The nearest-rank percentile of what is left. All bad values lie on one side of all good ones, so only the
 * bad ones have to be in order; a rank among the good ones meets the target, which `met` says. */
static const void *percentile(window_game *x, uint64_t set, bool *met)
{
    const ent_image *p = x->s->program;
    ent_q part = x->fold->kind == ENT_AGG_PERCENTILE ? p->constants[x->fold->percent].v.q
                                                     : (ent_q){1, 2};
    size_t good = x->g->n_good_values;
    size_t bad = 0;
    for (size_t i = 0; i < x->n_sorted; i++) {
        bad += (x->sorted_causes[i] & ~set) != 0;
    }
    ent_q rank_q;
    *met = false;
    if (good + bad == 0 || !ent_q_mul(part, ent_q_from_i64((int64_t)(good + bad)), &rank_q)) {
        x->failed |= good + bad != 0;
        return NULL;
    }
    ent_i128 rank = ent_q_ceil(rank_q);
    size_t at = rank < 1 ? 0 : (size_t)rank - 1;
    bool low = x->o->causes->low_is_bad;
    if (low ? at >= bad : at < good) {
        *met = true;
        return NULL;
    }
    size_t wanted = low ? at : at - good;
    for (size_t i = 0; i < x->n_sorted; i++) {
        if ((x->sorted_causes[i] & ~set) != 0 && wanted-- == 0) {
            return x->sorted[i];
        }
    }
    return NULL;
}

/* The replayed figure; false: there is none, and no breach. */
static bool figure(window_game *x, ent_big_pool *pool, uint64_t set, ent_bigq *out)
{
    bool met = false;
    const void *value;
    left l;
    switch (x->fold->kind) {
    case ENT_AGG_MINIMUM:
    case ENT_AGG_MAXIMUM:
        value = extreme(x, set);
        break;
    case ENT_AGG_MEDIAN:
    case ENT_AGG_PERCENTILE:
        value = percentile(x, set, &met);
        break;
    default:
        l = what_is_left(x, set);
        x->failed |= l.failed;
        if (x->fold->kind == ENT_AGG_COUNT) {
            *out = from_integers(pool, l.n, 1);
            return l.n > 0;
        }
        if (x->fold->kind == ENT_AGG_TIME_SHARE) {
            *out = from_integers(pool, l.good_ns, l.good_ns + l.bad_ns);
            return l.good_ns + l.bad_ns > 0;
        }
        if (l.n <= 0) {
            return false;
        }
        *out = x->fold->kind == ENT_AGG_SHARE
                   ? from_integers(pool, l.good, l.n)
                   : sum_of(pool, x->fold, &l, x->fold->kind == ENT_AGG_SUM ? 1 : l.n);
        return true;
    }
    if (value) {
        *out = from_value(pool, x->fold, value);
    }
    return value != NULL;
}

/* --- shortfall --- */

static ent_bigq target_of(const window_game *x, ent_big_pool *pool)
{
    const ent_constant *target = &x->s->program->constants[x->o->row->target];
    return target->cls == ENT_CLASS_F ? from_double(pool, target->v.f)
                                      : ent_bigq_from(pool, target->v.q);
}

/* v and whether the clause is breached, for a figure. */
static void judge(const window_game *x, ent_big_pool *pool, ent_bigq measure, ent_bigq *v,
                  bool *breach)
{
    int64_t compare = x->o->row->compare;
    bool upper = compare == ENT_CMP_AT_MOST || compare == ENT_CMP_BELOW;
    bool strict = compare == ENT_CMP_ABOVE || compare == ENT_CMP_BELOW;
    ent_bigq target = target_of(x, pool);
    ent_bigq gap = upper ? ent_bigq_sub(pool, measure, target) : ent_bigq_sub(pool, target, measure);
    int sign = ent_bigq_sign(gap);
    *breach = sign > 0 || (strict && sign == 0);
    *v = sign > 0 ? ent_bigq_reduce(pool, gap) : ent_bigq_from(pool, ent_q_from_i64(0));
}

static void count_breach(const window_game *x, ent_big_pool *pool, bool breach, ent_bigq *v)
{
    if (x->measured) {
        *v = ent_bigq_from(pool, ent_q_from_i64(breach));
    }
}

static bool sample_shortfall(void *user, ent_big_pool *pool, uint64_t performing, ent_bigq *v,
                             bool *breach)
{
    window_game *x = user;
    ent_bigq measure;
    *breach = false;
    *v = ent_bigq_from(pool, ent_q_from_i64(0));
    if (figure(x, pool, parties_of(x, performing), &measure)) {
        judge(x, pool, measure, v, breach);
    }
    count_breach(x, pool, *breach, v);
    return !pool->failed && !x->failed;
}

static ent_bigq outcome_figure(const window_game *x, ent_big_pool *pool, uint64_t set)
{
    const ent_fold_state *f = &x->g->folds[0];
    bool upper =
        x->o->row->compare == ENT_CMP_AT_MOST || x->o->row->compare == ENT_CMP_BELOW;
    int64_t turned = 0;
    for (size_t i = 0; i < x->g->n_unmet; i++) {
        const ent_unmet *u = &x->g->unmet[i];
        int64_t over = u->over_ns;
        for (size_t k = 0; k < u->n_excess; k++) {
            over -= (u->excess[k].causes & ~set) == 0 ? u->excess[k].ns : 0;
        }
        turned += u->turns && over <= 0;
    }
    return from_integers(pool, f->good + (upper ? -turned : turned), f->n);
}

static bool outcome_shortfall(void *user, ent_big_pool *pool, uint64_t performing, ent_bigq *v,
                              bool *breach)
{
    window_game *x = user;
    judge(x, pool, outcome_figure(x, pool, parties_of(x, performing)), v, breach);
    count_breach(x, pool, *breach, v);
    return !pool->failed;
}

static bool supplier_shortfall(void *user, ent_big_pool *pool, uint64_t performing, ent_bigq *v,
                               bool *breach)
{
    (void)user;
    *breach = performing == 0;
    *v = ent_bigq_from(pool, ent_q_from_i64(*breach));
    return !pool->failed;
}

/* --- players --- */

static uint64_t players(const window_game *x)
{
    uint64_t set = 0;
    for (size_t i = 0; i < x->g->n_charged; i++) {
        set |= x->g->charged[i].causes;
    }
    for (size_t i = 0; i < x->g->n_unmet; i++) {
        for (size_t k = 0; k < x->g->unmet[i].n_excess; k++) {
            set |= x->g->unmet[i].excess[k].causes;
        }
    }
    return set;
}

static ent_answer *answer_for(uint64_t set)
{
    ent_answer *a = ent_answer_new((size_t)__builtin_popcountll(set));
    size_t n = 0;
    for (int64_t i = 0; a && i < 64; i++) {
        if ((set >> i) & 1) {
            a->parts[n++].party = i;
        }
    }
    return a;
}

typedef struct bad_value {
    const void *value;
    uint64_t causes;
    ent_class cls;
} bad_value;

static int compare_bad(const void *a, const void *b)
{
    const bad_value *x = a;
    const bad_value *y = b;
    return compare_values(x->cls, x->value, y->value);
}

static bool sort_bad(window_game *x)
{
    size_t n = 0;
    ent_class cls = ent_type_class((unsigned)x->fold->value_type);
    for (size_t i = 0; i < x->g->n_charged; i++) {
        n += x->g->charged[i].fold.n_values;
    }
    bad_value *all = calloc(n + 1, sizeof *all);
    x->sorted = calloc(n + 1, sizeof *x->sorted);
    x->sorted_causes = calloc(n + 1, sizeof *x->sorted_causes);
    bool ok = all && x->sorted && x->sorted_causes;
    n = 0;
    for (size_t i = 0; ok && i < x->g->n_charged; i++) {
        const ent_charged *c = &x->g->charged[i];
        for (size_t k = 0; k < c->fold.n_values; k++) {
            all[n++] = (bad_value){(const char *)c->fold.values + k * ent_class_size(cls),
                                   c->causes, cls};
        }
    }
    if (ok && n > 1) {
        qsort(all, n, sizeof *all, compare_bad);
    }
    for (size_t i = 0; ok && i < n; i++) {
        x->sorted[i] = all[i].value;
        x->sorted_causes[i] = all[i].causes;
    }
    x->n_sorted = n;
    free(all);
    return ok;
}

static int compare_facts(const void *a, const void *b)
{
    return ent_fact_compare(a, b);
}

static bool add_facts(const window_game *x, ent_answer *a)
{
    bool ok = true;
    if (x->g->n_facts > 1) {
        qsort(x->g->facts, x->g->n_facts, sizeof *x->g->facts, compare_facts);
    }
    for (size_t i = 0; ok && i < x->g->n_facts; i++) {
        ent_fact f = x->g->facts[i];
        f.feed = f.until_feed = (int32_t)x->fold->feed;
        ok = ent_answer_fact(a, f);
    }
    int64_t feed = x->fold->feed < 0 ? -1 : x->s->program->feed[x->fold->feed].duty;
    for (size_t i = 0; ok && i < x->g->n_unmet; i++) {
        const ent_unmet *u = &x->g->unmet[i];
        uint64_t causes = 0;
        for (size_t k = 0; k < u->n_excess; k++) {
            causes |= u->excess[k].causes;
        }
        ok = ent_answer_fact(a, (ent_fact){.feed = (int32_t)x->s->program->duty[feed].feed,
                                           .origin = u->origin,
                                           .from_ns = u->at,
                                           .to_ns = u->at,
                                           .until_feed = -1,
                                           .subject = -1,
                                           .root = -1,
                                           .span = -1,
                                           .causes = causes,
                                           .kind = ENT_FACT_OUTCOME,
                                           .count = 1});
    }
    a->facts_left_out += x->g->facts_left_out;
    return ok;
}

/* For each player the figure had it performed, where there is one. */
static void set_without(window_game *x, const ent_verdict *d)
{
    ent_answer *a = x->answer;
    for (size_t i = 0; i < a->n_parts; i++) {
        ent_part *part = &a->parts[i];
        uint64_t set = UINT64_C(1) << part->party;
        ent_bigq v;
        bool there = true;
        if (x->o->causes) {
            there = figure(x, &a->pool, set, &v);
        } else {
            v = outcome_figure(x, &a->pool, set);
        }
        part->without_is_number = d->measure_is_number;
        if (there && d->measure_is_number) {
            part->without_f = ent_bigq_to_double(&a->pool, v);
            part->has_without = true;
        } else if (there) {
            v = ent_bigq_reduce(&a->pool, v);
            part->has_without = ent_bigq_to_q(&a->pool, v, &part->without);
        }
    }
}

/* Whether v({}) is 0 in spite of the breach, as a strict comparison leaves it at the target itself. */
static bool is_at_target(window_game *x,
                         bool (*shortfall)(void *, ent_big_pool *, uint64_t, ent_bigq *, bool *))
{
    ent_big_pool pool = {0};
    ent_bigq v;
    bool breach;
    bool at = shortfall(x, &pool, 0, &v, &breach) && ent_bigq_sign(v) == 0;
    ent_big_pool_deinit(&pool);
    return at;
}

ent_answer *ent_replay_answer(ent_engine *s, const ent_objectivestate *o,
                              const ent_window_state *w, const ent_group *g, const ent_verdict *d)
{
    const ent_image *p = s->program;
    window_game x = {.s = s, .o = o, .g = g, .fold = &p->fold[o->row->first_fold]};
    bool replayed = d->has_measure && (o->causes || o->replays_outcomes);
    uint64_t set = replayed ? players(&x)
                            : UINT64_C(1) << p->agreement[o->row->agreement].supplier;
    bool (*shortfall)(void *, ent_big_pool *, uint64_t, ent_bigq *, bool *) =
        !replayed ? supplier_shortfall
        : o->causes ? sample_shortfall
                    : outcome_shortfall;
    ent_answer *a = x.answer = answer_for(set);
    bool values = x.fold->kind == ENT_AGG_PERCENTILE || x.fold->kind == ENT_AGG_MEDIAN;
    bool ok = a && (!values || sort_bad(&x)) && add_facts(&x, a);
    if (ok) {
        x.measured = replayed && is_at_target(&x, shortfall);
        ent_game game = {.shortfall = shortfall, .user = &x};
        ok = ent_judge_answer(s, w->to < s->to ? w->to : s->to, a, &game);
        if (ok && replayed) {
            set_without(&x, d);
        }
    }
    free(x.sorted);
    free(x.sorted_causes);
    if (!ok) {
        ent_answer_free(a);
        a = NULL;
    }
    return a;
}
