/* What an open window's target still allows, and how fast that is being used up; the formulas
 * are in standing.h. Tested by tests/unit/test_standing.c with figures worked by hand. */
#include "runtime/state/objective.h"

static bool is_upper(int64_t compare)
{
    return compare == ENT_CMP_AT_MOST || compare == ENT_CMP_BELOW;
}

/* How many keys of the feed the group's samples come from, as far as they are known. */
static int64_t keys_of(const ent_objectivestate *o, const ent_group *g)
{
    int64_t n = 0;
    for (size_t i = 0; i < o->trackers[0].n; i++) {
        n += o->trackers[0].v[i].subject == g->key;
    }
    return n > 0 ? n : 1;
}

/* Samples, or time: `total` of the whole window if all comes that is expected, `spent` of it. */
static bool of_share(const ent_image *p, const ent_objectivestate *o, ent_i128 total,
                     ent_i128 spent, ent_budget *b)
{
    ent_q target = p->constants[o->row->target].v.q;
    return (is_upper(o->row->compare) || ent_q_sub(ent_q_from_i64(1), target, &target)) &&
           ent_q_make(total, 1, &b->allowed) && ent_q_mul(target, b->allowed, &b->allowed) &&
           ent_q_make(spent, 1, &b->spent);
}

static bool of_samples(const ent_engine *s, const ent_objectivestate *o, const ent_window_state *w,
                       const ent_group *g, int64_t hi, const ent_verdict *d, ent_budget *b)
{
    const ent_image *p = s->program;
    const ent_fold_row *fold = &p->fold[o->row->first_fold];
    const ent_fold_state *f = &g->folds[0];
    bool upper = is_upper(o->row->compare);
    int64_t interval = p->feed[fold->feed].interval_ns;
    int64_t keys = keys_of(&s->objectives[o->lender >= 0 ? o->lender : o->index], g);
    ent_i128 total = (ent_i128)d->counts.samples + d->counts.missing;
    if (interval > 0) {
        total += (ent_i128)keys * ((w->to - hi) / interval);
    }
    int64_t bad = upper ? f->good : f->n - f->good;
    bool missing = o->row->missing == (upper ? ENT_MISSING_UP : ENT_MISSING_DOWN);
    b->unit = ENT_BUDGET_SAMPLES;
    b->grows = interval == 0;
    return of_share(p, o, total, (ent_i128)bad + (missing ? d->counts.missing : 0), b);
}

static bool of_time(const ent_engine *s, const ent_objectivestate *o, const ent_window_state *w,
                    const ent_group *g, int64_t hi, ent_budget *b)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold];
    const ent_fold_state *f = &g->folds[0];
    bool upper = is_upper(o->row->compare);
    bool silent = o->row->missing == (upper ? ENT_MISSING_UP : ENT_MISSING_DOWN);
    int64_t keys = fold->kind == ENT_AGG_TIME_OUTSIDE
                       ? 1
                       : keys_of(&s->objectives[o->lender >= 0 ? o->lender : o->index], g);
    ent_i128 spent = upper ? f->good_ns : f->bad_ns;
    spent += silent ? f->expected - f->good_ns - f->bad_ns : 0;
    b->unit = ENT_BUDGET_TIME;
    return of_share(s->program, o, f->expected + (ent_i128)keys * (w->to - hi), spent, b);
}

/* The measure itself is what is used up. */
static bool of_measure(const ent_engine *s, const ent_objectivestate *o, const ent_verdict *d,
                       ent_budget *b)
{
    const ent_constant *target = &s->program->constants[o->row->target];
    b->unit = ENT_BUDGET_MEASURE;
    b->allowed = target->v.q;
    b->spent = d->has_measure ? d->measure : ent_q_from_i64(0);
    return (target->cls != ENT_CLASS_F || ent_q_from_double(target->v.f, &b->allowed)) &&
           (!d->has_measure || !d->measure_is_number ||
            ent_q_from_double(d->measure_f, &b->spent)) &&
           b->spent.num >= 0;
}

static bool has_allowance(const ent_engine *s, const ent_objectivestate *o,
                          const ent_window_state *w, const ent_group *g, int64_t hi,
                          const ent_verdict *d, ent_budget *b)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold];
    bool upper = is_upper(o->row->compare);
    if (o->row->n_folds != 1 || !o->row->single || hi <= w->lo) {
        return false;
    }
    switch (fold->kind) {
    case ENT_AGG_SHARE:
        return fold->feed >= 0 && of_samples(s, o, w, g, hi, d, b);
    case ENT_AGG_TIME_SHARE:
        return of_time(s, o, w, g, hi, b);
    case ENT_AGG_TIME_OUTSIDE:
        return !upper && of_time(s, o, w, g, hi, b);
    case ENT_AGG_COUNT:
    case ENT_AGG_SUM:
    case ENT_AGG_TIME_IN:
        return upper && of_measure(s, o, d, b);
    default:
        return false;
    }
}

/* lo + elapsed * allowed / spent, rounded up; absent if it does not fall in the window. */
static void find_end(const ent_window_state *w, int64_t hi, ent_budget *b)
{
    ent_q t;
    if (b->grows || b->spent.num <= 0 || b->allowed.num < 0 ||
        !ent_q_mul(ent_q_from_i64(hi - w->lo), b->allowed, &t) || !ent_q_div(t, b->spent, &t)) {
        return;
    }
    ent_i128 after = ent_q_ceil(t);
    b->has_gone = after < (ent_i128)w->to - w->lo;
    b->gone_ns = b->has_gone ? w->lo + (int64_t)after : 0;
}

bool ent_budget_of(const ent_engine *s, const ent_objectivestate *o, const ent_window_state *w,
                   const ent_group *g, int64_t hi, const ent_verdict *d, ent_budget *out)
{
    ent_q used;
    ent_q elapsed;
    *out = (ent_budget){.allowed = {0, 1}, .spent = {0, 1}, .left = {0, 1}, .burn_rate = {0, 1}};
    if (!has_allowance(s, o, w, g, hi, d, out) ||
        !ent_q_sub(out->allowed, out->spent, &out->left)) {
        out->unit = ENT_BUDGET_NONE;
        return false;
    }
    if (out->allowed.num > 0 && ent_q_div(out->spent, out->allowed, &used)) {
        out->burn_rate = used;
        out->has_rate = out->grows || (ent_q_make(hi - w->lo, w->to - w->lo, &elapsed) &&
                                       ent_q_div(used, elapsed, &out->burn_rate));
    }
    find_end(w, hi, out);
    return true;
}
