/* Which objectives can do with the folds of another one.
 *
 * A hundred agreements over one feed often ask for the same figure of the same rows and differ in the target and in
 * what they pay.  The first of them folds, the others decide by its windows.  Where the target also says which
 * samples are bad, and bad samples can be taken out of the fold again, the others look for their own bad samples and
 * borrow the rest.  Places in the source do not matter; everything else that folding or attribution looks at must be
 * equal.
 * Tested by tests/unit/test_objectives.c and tests/property/invariance.sh. */
#include <string.h>

#include "runtime/state/objective.h"

static bool same_keys(const ent_image *p, int64_t a, int64_t n_a, int64_t b, int64_t n_b)
{
    bool same = n_a == n_b;
    for (int64_t i = 0; same && i < n_a; i++) {
        same = p->keyfield[a + i].field == p->keyfield[b + i].field;
    }
    return same;
}

static bool same_uses(const ent_image *p, int64_t a, int64_t n_a, int64_t b, int64_t n_b)
{
    bool same = n_a == n_b;
    for (int64_t i = 0; same && i < n_a; i++) {
        const ent_spanuse_row *x = &p->spanuse[a + i];
        const ent_spanuse_row *y = &p->spanuse[b + i];
        same = x->calendar == y->calendar && x->span == y->span && x->feed == y->feed &&
               x->at_most_ns == y->at_most_ns && same_keys(p, x->first_key, x->n_keys, y->first_key, y->n_keys);
    }
    return same;
}

static bool same_fold(const ent_image *p, const ent_fold_row *a, const ent_fold_row *b)
{
    ent_fold_row x = *a;
    x.first_cause = b->first_cause;
    x.first_group = b->first_group;
    x.place = b->place;
    return memcmp(&x, b, sizeof x) == 0 &&
           same_uses(p, a->first_cause, a->n_causes, b->first_cause, b->n_causes) &&
           same_keys(p, a->first_group, a->n_groups, b->first_group, b->n_groups);
}

static bool same_windows(const ent_objectivestate *a, const ent_objectivestate *b)
{
    const ent_objective_row *x = a->row;
    const ent_objective_row *y = b->row;
    return x->window == y->window && x->roll_ns == y->roll_ns && x->every_ns == y->every_ns &&
           x->every_days == y->every_days && a->zone == b->zone && a->from == b->from && a->to == b->to;
}

static bool same_subjects(const ent_image *p, const ent_objective_row *x, const ent_objective_row *y)
{
    bool same = x->subject == y->subject && x->n_values == y->n_values;
    for (int64_t i = 0; same && i < x->n_values; i++) {
        same = p->value[x->first_value + i].value == p->value[y->first_value + i].value;
    }
    return same;
}

/* Whether the same rows are bad for both, apart from the limit of values. */
static bool same_causes(const ent_image *p, const ent_objectivestate *a, const ent_objectivestate *b)
{
    if (!a->causes || !b->causes) {
        return !a->causes && !b->causes;
    }
    return a->causes->counts_all == b->causes->counts_all && a->causes->inverted == b->causes->inverted &&
           a->causes->seeks == b->causes->seeks && a->row->missing == b->row->missing &&
           p->agreement[a->row->agreement].supplier == p->agreement[b->row->agreement].supplier;
}

static bool same_limit(const ent_causes *a, const ent_causes *b)
{
    return !a || (a->low_is_bad == b->low_is_bad && a->equal_is_bad == b->equal_is_bad && a->limit_i == b->limit_i &&
                  a->limit_beyond == b->limit_beyond && memcmp(&a->limit_f, &b->limit_f, sizeof a->limit_f) == 0 &&
                  a->limit_q.num == b->limit_q.num && a->limit_q.den == b->limit_q.den);
}

static bool folds_alike(const ent_image *p, const ent_objectivestate *a, const ent_objectivestate *b)
{
    bool same = a->row->n_folds == b->row->n_folds && a->row->single == b->row->single && same_windows(a, b) &&
                same_subjects(p, a->row, b->row) && same_causes(p, a, b) &&
                same_uses(p, a->row->first_excluding, a->row->n_excluding, b->row->first_excluding,
                          b->row->n_excluding);
    for (int64_t k = 0; same && k < a->row->n_folds; k++) {
        same = same_fold(p, &p->fold[a->row->first_fold + k], &p->fold[b->row->first_fold + k]);
    }
    return same;
}

int64_t ent_folds_lender(const ent_engine *s, const ent_objectivestate *o, bool *own_causes)
{
    const ent_image *p = s->program;
    const ent_fold_row *fold = &p->fold[o->row->first_fold];
    *own_causes = false;
    if (o->over_outcomes || s->options.portable) {
        return -1;
    }
    for (int64_t i = 0; i < o->index; i++) {
        const ent_objectivestate *other = &s->objectives[i];
        if (other->lender < 0 && !other->over_outcomes && folds_alike(p, other, o)) {
            *own_causes = !same_limit(other->causes, o->causes);
            if (!*own_causes || ent_fold_sums_all(o, fold)) {
                return i;
            }
        }
    }
    return -1;
}
