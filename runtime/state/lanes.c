/* A slice's rows into the folds of one window.
 *
 *   lanes -> numbers of their keys -> a tally for each number -> the folds of the groups
 *
 * Rows, counts and sums are tallied in an array by the number that the slice gave the group's key, and go into the
 * group's fold once a slice; the numbers are found once for all clauses that group by the same fields.  Integers that
 * are kept, for percentiles, are written behind each other where the number says.  Other aggregates take their values
 * one by one.  Sums have the bad values in them, too, where they can be taken out again exactly (ent_fold_sums_all):
 * then which rows are bad is found by looking for them, as few are, and objectives that only differ in what they call
 * bad share a fold.
 * Tested by tests/unit/test_objectives.c and tests/property/random_clubs.py. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/state/objective.h"
#include "runtime/vm/simd.h"

/* What was counted of one group's rows. */
typedef struct tally {
    ent_i128 sum;
    int64_t rows, observed, n, good, absent, excluded;
    uint32_t group; /* its place + 1, once it is known */
    bool known;     /* there is such a group, or there will be */
    int32_t *next, *room_end; /* where kept values go, once there is one */
} tally;

/* What one fold reads of a slice, and what it counts. */
typedef struct lanes {
    ent_engine *s;
    ent_objectivestate *o;
    ent_window_state *w;
    const ent_fold_row *fold;
    ent_feedstate *f;
    size_t k, begin, end;
    const uint8_t *select, *test, *unread;
    uint8_t *excluded; /* counted from `begin` */
    const ent_colbuf *values;
    ent_keyids *groups;
    const ent_keyids *keys; /* whose samples are counted, or NULL */
    tally *tallies;         /* by number of group */
    int64_t *seen;          /* by number of key */
} lanes;

bool ent_fold_is_summed(const ent_fold_row *fold)
{
    return (fold->kind == ENT_AGG_SUM || fold->kind == ENT_AGG_AVERAGE) &&
           ent_type_class((unsigned)fold->value_type) == ENT_CLASS_I;
}

bool ent_fold_sums_all(const ent_objectivestate *o, const ent_fold_row *fold)
{
    return o->causes && !o->causes->counts_all && ent_fold_is_summed(fold);
}

/* Whether the row is counted; what else it is goes into the tally. */
static inline bool counts(const lanes *x, tally *t, size_t i)
{
    bool out = x->excluded && x->excluded[i - x->begin];
    bool selected = !x->select || x->select[i];
    t->rows += !out;
    t->excluded += out && selected;
    if (out || !selected) {
        return false;
    }
    t->observed++;
    if (x->seen) {
        x->seen[x->keys->ids[i]]++;
    }
    bool unread = x->unread && x->unread[i];
    t->absent += unread;
    t->n += !unread;
    return !unread;
}

static void count_masked(const lanes *x)
{
    const int64_t *values = ent_fold_is_summed(x->fold) ? x->values->data : NULL;
    for (size_t i = x->begin; i < x->end; i++) {
        tally *t = &x->tallies[x->groups->ids[i]];
        if (t->known && counts(x, t, i)) {
            t->good += x->test ? x->test[i] : 1;
            t->sum += values ? values[i] : 0;
        }
    }
}

/* Whether the values of the slice can be added in 64 bits. */
static bool has_small_sums(const lanes *x)
{
    ent_slot_range range = ent_feedstate_range(x->f, x->fold->value);
    return ent_sums_are_small(range, x->f->n);
}

static bool is_whole(const lanes *x)
{
    return x->begin == 0 && x->end == x->f->n;
}

static bool sum_small(const lanes *x)
{
    const int64_t *sums = ent_slice_sums(x->f, x->groups, x->fold->value);
    for (uint32_t id = 1; sums && id <= x->groups->n; id++) {
        x->tallies[id].sum = sums[id];
    }
    return sums != NULL;
}

static void sum_large(const lanes *x)
{
    const int64_t *values = x->values->data;
    for (size_t i = x->begin; i < x->end; i++) {
        x->tallies[x->groups->ids[i]].sum += values[i];
    }
}

/* The place of the first failed lane that is not before this one. */
static size_t failed_from(const ent_failed *failed, size_t lane)
{
    size_t low = 0;
    size_t high = failed->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (failed->lanes[middle] < lane) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Few tests fail. */
static bool subtract_failed(const lanes *x)
{
    const uint32_t *ids = x->groups->ids;
    const ent_failed *failed = ent_slice_failed(x->f, x->fold->test);
    if (!failed) {
        return false;
    }
    for (size_t i = failed_from(failed, x->begin); i < failed->n && failed->lanes[i] < x->end; i++) {
        x->tallies[ids[failed->lanes[i]]].good--;
    }
    return true;
}

/* The same where every row counts; false: no memory. */
static bool count_plain(const lanes *x)
{
    const uint32_t *rows = ent_keyids_rows(x->groups, x->begin, x->end);
    for (uint32_t id = 1; id <= x->groups->n; id++) {
        tally *t = &x->tallies[id];
        t->rows = t->observed = t->n = t->good = rows[id];
    }
    if (!ent_fold_is_summed(x->fold)) {
        return !x->test || subtract_failed(x);
    }
    if (is_whole(x) && has_small_sums(x)) {
        return sum_small(x);
    }
    sum_large(x);
    return true;
}

/* The group of a number; NULL: no memory. */
static ent_group *group_of(const lanes *x, uint32_t id)
{
    tally *t = &x->tallies[id];
    if (t->group == 0) {
        const ent_group *g = ent_group_at(x->o, x->w, x->groups->keys[id], true);
        t->group = g ? (uint32_t)(g - x->w->groups) + 1 : 0;
    }
    return t->group ? &x->w->groups[t->group - 1] : NULL;
}

/* Of a fold's state, what is added to. */
enum { LINE = 64, FOLD_LINES = (offsetof(ent_fold_state, sum) + sizeof(ent_i128)) / LINE + 1 };

/* Only where every key is a subject, groups are made for keys that have none. */
static bool init_tallies(lanes *x)
{
    x->tallies = calloc((size_t)x->groups->n + 1, sizeof *x->tallies);
    x->seen = x->keys ? calloc((size_t)x->keys->n + 1, sizeof *x->seen) : NULL;
    if (!x->tallies || (x->keys && !x->seen)) {
        return false;
    }
    bool every = x->o->row->subject == 2;
    for (uint32_t id = 1; id <= x->groups->n; id++) {
        const ent_group *g = ent_group_at(x->o, x->w, x->groups->keys[id], false);
        x->tallies[id].known = every || g;
        x->tallies[id].group = g ? (uint32_t)(g - x->w->groups) + 1 : 0;
        __builtin_prefetch(g);
    }
    /* the folds have left the cache since the slice before */
    for (uint32_t id = 1; id <= x->groups->n; id++) {
        uint32_t place = x->tallies[id].group;
        const char *fold = place ? (const char *)&x->w->groups[place - 1].folds[x->k] : NULL;
        for (size_t line = 0; fold && line < FOLD_LINES; line++) {
            __builtin_prefetch(fold + line * LINE);
        }
    }
    return true;
}

/* Adds what was counted to the groups' folds. */
static bool add_tallies(const lanes *x)
{
    for (uint32_t id = 1; id <= x->groups->n; id++) {
        tally *t = &x->tallies[id];
        if (!t->known || (t->rows == 0 && t->excluded == 0)) {
            continue;
        }
        ent_group *g = group_of(x, id);
        if (!g) {
            return false;
        }
        ent_fold_state *state = &g->folds[x->k];
        state->rows += t->rows;
        state->observed += t->observed;
        state->n += t->n;
        state->good += t->good;
        state->absent += t->absent;
        state->excluded += t->excluded;
        state->failed |= !ent_i128_add(state->sum, t->sum, &state->sum);
    }
    return true;
}

static bool add_seen(const lanes *x)
{
    for (uint32_t id = 1; x->seen && id <= x->keys->n; id++) {
        if (x->seen[id] > 0) {
            int64_t *seen = ent_window_seen(x->s, x->w, x->k, x->keys->keys[id]);
            if (!seen) {
                return false;
            }
            *seen += x->seen[id];
        }
    }
    return true;
}

/* --- bad rows --- */

static bool charge(const lanes *x, size_t lane)
{
    uint32_t id = x->groups->ids[lane];
    if (!x->tallies[id].known || (x->select && !x->select[lane]) || (x->unread && x->unread[lane]) ||
        (x->excluded && x->excluded[lane - x->begin])) {
        return true;
    }
    ent_group *g = group_of(x, id);
    return g && ent_causes_sample(x->s, x->o, x->w, g, x->f, lane);
}

static bool charge_failed(const lanes *x)
{
    const ent_failed *failed = ent_slice_failed(x->f, x->fold->test);
    bool ok = failed != NULL;
    for (size_t i = ok ? failed_from(failed, x->begin) : 0; ok && i < failed->n && failed->lanes[i] < x->end; i++) {
        ok = charge(x, failed->lanes[i]);
    }
    return ok;
}

static bool charge_passed(const lanes *x)
{
    bool ok = true;
    for (size_t i = x->begin; ok && i < x->end; i++) {
        ok = !x->test[i] || charge(x, i);
    }
    return ok;
}

static bool charge_share(const lanes *x)
{
    return x->o->causes->inverted ? charge_passed(x) : charge_failed(x);
}

/* Whether no row of the slice can be bad. */
static bool all_good(const lanes *x)
{
    const ent_causes *c = x->o->causes;
    ent_slot_range range = ent_feedstate_range(x->f, x->fold->value);
    if (c->limit_beyond) {
        return true;
    }
    return c->low_is_bad ? range.least > c->limit_i || (range.least == c->limit_i && !c->equal_is_bad)
                         : range.most < c->limit_i || (range.most == c->limit_i && !c->equal_is_bad);
}

static bool charge_values(const lanes *x)
{
    if (all_good(x)) {
        return true;
    }
    for (size_t i = x->begin; i < x->end; i++) {
        if (ent_sample_is_bad(x->o->causes, x->fold, x->test, x->values, i) && !charge(x, i)) {
            return false;
        }
    }
    return true;
}

/* --- values one by one --- */

static bool take_values(const lanes *x)
{
    bool charges = x->o->causes && x->fold->kind != ENT_AGG_TIME_SHARE;
    bool sums_all = ent_fold_sums_all(x->o, x->fold);
    for (size_t i = x->begin; i < x->end; i++) {
        uint32_t id = x->groups->ids[i];
        tally *t = &x->tallies[id];
        if (!t->known) {
            continue;
        }
        ent_group *g = group_of(x, id);
        if (!g) {
            return false;
        }
        if (!counts(x, t, i)) {
            continue;
        }
        t->good += x->test ? x->test[i] : 1;
        bool bad = charges && ent_sample_is_bad(x->o->causes, x->fold, x->test, x->values, i);
        bool valued = x->values && (!bad || sums_all);
        if ((valued && !ent_fold_value(x->fold, &g->folds[x->k], x->values, i)) ||
            (bad && !ent_causes_sample(x->s, x->o, x->w, g, x->f, i))) {
            return false;
        }
    }
    return true;
}

/* --- values that are kept --- */

bool ent_fold_is_kept(const ent_fold_row *fold)
{
    return (fold->kind == ENT_AGG_PERCENTILE || fold->kind == ENT_AGG_MEDIAN) &&
           ent_type_class((unsigned)fold->value_type) == ENT_CLASS_I;
}

ent_value_interval ent_good_values(const ent_causes *c)
{
    ent_value_interval all = {INT64_MIN, INT64_MAX};
    ent_value_interval none = {1, 0};
    if (!c || (!c->counts_all && c->limit_beyond)) {
        return all;
    }
    if (c->counts_all || (c->equal_is_bad && c->limit_i == (c->low_is_bad ? INT64_MAX : INT64_MIN))) {
        return none;
    }
    return c->low_is_bad ? (ent_value_interval){c->limit_i + c->equal_is_bad, INT64_MAX}
                         : (ent_value_interval){INT64_MIN, c->limit_i - c->equal_is_bad};
}

/* Counts in the fold what was written behind its chunk's values. */
static void settle_kept(ent_fold_state *state, const tally *t)
{
    if (t->next) {
        uint32_t n = (uint32_t)(t->next - state->narrow->v);
        state->n_narrow += n - state->narrow->n;
        state->narrow->n = n;
    }
}

static bool make_room(ent_fold_state *state, tally *t)
{
    settle_kept(state, t);
    ent_value_chunk *chunk = ent_ranks_room(state);
    if (chunk) {
        t->next = chunk->v + chunk->n;
        t->room_end = chunk->v + chunk->capacity;
    }
    return chunk != NULL;
}

/* What does not go into 32 bits, has no room, or is bad. */
static bool keep_other(const lanes *x, size_t lane, bool is_bad)
{
    tally *t = &x->tallies[x->groups->ids[lane]];
    ent_group *g = &x->w->groups[t->group - 1];
    ent_fold_state *state = &g->folds[x->k];
    int64_t value = ((const int64_t *)x->values->data)[lane];
    if (is_bad) {
        return ent_causes_sample(x->s, x->o, x->w, g, x->f, lane);
    }
    if (value < INT32_MIN || value > INT32_MAX) {
        return ent_fold_value(x->fold, state, x->values, lane);
    }
    if (!make_room(state, t)) {
        return false;
    }
    *t->next++ = (int32_t)value;
    return true;
}

static bool keep_values(const lanes *x)
{
    const int64_t *values = x->values->data;
    const uint32_t *ids = x->groups->ids;
    bool every_row = !x->select && !x->unread && !x->excluded && !x->seen && x->o->row->subject == 2;
    ent_value_interval good = ent_good_values(x->o->causes);
    for (size_t i = x->begin; i < x->end; i++) {
        tally *t = &x->tallies[ids[i]];
        if (!t->known) {
            continue;
        }
        if (t->group == 0 && !group_of(x, ids[i])) {
            return false;
        }
        if (every_row) {
            t->n++;
        } else if (!counts(x, t, i)) {
            continue;
        }
        int64_t value = values[i];
        bool is_bad = value < good.first || value > good.last;
        if (!is_bad && t->next != t->room_end && value == (int32_t)value) {
            *t->next++ = (int32_t)value;
        } else if (!keep_other(x, i, is_bad)) {
            return false;
        }
    }
    for (uint32_t id = 1; id <= x->groups->n; id++) {
        tally *t = &x->tallies[id];
        if (every_row) {
            t->rows = t->observed = t->n;
        }
        t->good = t->n;
        if (t->group) {
            settle_kept(&x->w->groups[t->group - 1].folds[x->k], t);
        }
    }
    return true;
}

static bool keep_run(const lanes *x, uint32_t id, const int32_t *v, size_t n)
{
    tally *t = &x->tallies[id];
    ent_group *g = group_of(x, id);
    if (!g) {
        return false;
    }
    ent_fold_state *state = &g->folds[x->k];
    while (n > 0) {
        if (t->next == t->room_end && !make_room(state, t)) {
            return false;
        }
        size_t room = (size_t)(t->room_end - t->next);
        size_t taken = n < room ? n : room;
        memcpy(t->next, v, taken * sizeof *v);
        t->next += taken;
        v += taken;
        n -= taken;
    }
    settle_kept(state, t);
    return true;
}

/* Of rows that the slice stands for: their values lie in order of keys. */
static bool keep_gist(const lanes *x)
{
    const ent_kept *kept = ent_gist_kept(&x->f->gist, x->fold - x->s->program->fold);
    const uint32_t *rows = ent_keyids_rows(x->groups, x->begin, x->end);
    const int64_t *values = x->values->data;
    ent_value_interval good = ent_good_values(x->o->causes);
    for (uint32_t id = 1; id <= x->groups->n; id++) {
        tally *t = &x->tallies[id];
        t->rows = t->observed = t->n = t->good = rows[id];
        uint32_t begin = kept->ends[id - 1];
        if (!keep_run(x, id, kept->v + begin, kept->ends[id] - begin)) {
            return false;
        }
    }
    for (size_t i = x->begin; i < x->end; i++) {
        bool is_bad = values[i] < good.first || values[i] > good.last;
        if (is_bad && !charge(x, i)) {
            return false;
        }
    }
    return true;
}

/* --- a window's lanes --- */

/* Whether rows are tallied, and bad ones found by looking for them. */
static bool is_tallied(const lanes *x)
{
    const ent_causes *c = x->o->causes;
    if (x->s->options.portable) {
        return false;
    }
    switch (x->fold->kind) {
    case ENT_AGG_SHARE:
        return !c || x->test || !c->inverted;
    case ENT_AGG_COUNT:
        return !c;
    default:
        return ent_fold_is_summed(x->fold) && (!c || !c->counts_all);
    }
}

static bool fold_tallied(const lanes *x)
{
    if (x->select || x->unread || x->excluded || x->seen || x->o->row->subject != 2) {
        count_masked(x);
    } else if (!count_plain(x)) {
        return false;
    }
    if (!add_tallies(x)) {
        return false;
    }
    if (!x->o->causes) {
        return true;
    }
    return x->fold->kind == ENT_AGG_SHARE ? !x->test || charge_share(x) : charge_values(x);
}

/* A mask that leaves no lane out is none. */
static const uint8_t *needed(const uint8_t *mask, int neutral, size_t begin, size_t end)
{
    return mask && memchr(mask + begin, !neutral, end - begin) ? mask : NULL;
}

bool ent_fold_lanes(ent_engine *s, ent_objectivestate *o, ent_window_state *w, size_t k, size_t begin, size_t end,
                    int64_t until)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
    ent_feedstate *f = &s->feeds[fold->feed];
    lanes x = {.s = s,
               .o = o,
               .w = w,
               .fold = fold,
               .f = f,
               .k = k,
               .begin = begin,
               .end = end,
               .select = needed(ent_slot_bool(f, fold->select), 1, begin, end),
               .test = ent_slot_bool(f, fold->test),
               .unread = needed(ent_slot_bool(f, fold->absent), 0, begin, end),
               .values = fold->value < 0 ? NULL : &f->slots[fold->value]};
    if (o->lender >= 0 && all_good(&x)) {
        return true;
    }
    x.groups = ent_feedstate_ids(s, f, fold->first_group, fold->n_groups);
    bool ok = x.groups && ent_mark_excluded(s, o, w, f, begin, end, until, &x.excluded);
    if (ok && ent_fold_tracks(s, fold) && fold->kind == ENT_AGG_SHARE && !ent_fold_subject_is_key(s, fold)) {
        x.keys = ent_feedstate_ids(s, f, f->row->first_key, f->row->n_keys);
        /* finding them may have moved the others */
        x.groups = ent_feedstate_ids(s, f, fold->first_group, fold->n_groups);
        ok = x.keys && x.groups;
    }
    ok = ok && init_tallies(&x);
    if (ok && o->lender >= 0) {
        ok = charge_values(&x);
    } else if (ok && is_tallied(&x)) {
        ok = fold_tallied(&x) && add_seen(&x);
    } else if (ok && ent_fold_is_kept(fold) && !x.test && !s->options.portable) {
        ok = (f->gist.of > 0 ? keep_gist : keep_values)(&x) && add_tallies(&x) && add_seen(&x);
    } else if (ok) {
        ok = take_values(&x) && add_tallies(&x) && add_seen(&x);
    }
    free(x.tallies);
    free(x.seen);
    free(x.excluded);
    return ok;
}
