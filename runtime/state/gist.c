/* The gist of a slice: what folds ask for of all its lanes, and the lanes that somebody may have to answer for.
 *
 *   slice, in the cache of who read it -> gist: rows, sums and kept values by number of key; bad lanes -> the engine
 *
 * Such a slice stands for more rows than it has.  Columns of the others stay where they are and are filled again, so
 * they neither take memory nor go to another core.  There is a gist if no window begins or ends among the rows, every
 * row counts, and each fold needs no more than is said above; otherwise the slice is handed over as it is.
 * Tested by tests/unit/test_objectives.c and tests/property/invariance.sh. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/objective.h"
#include "runtime/vm/simd.h"

/* Where more of the rows are witnesses, little is gained. */
enum { MOST_WITNESSES = 4 };

typedef struct making {
    ent_engine *s;
    ent_feedstate *from, *to;
    const ent_objectivestate *objectives;
    int64_t first, last; /* instants */
    /* the window of the objective before, which most share */
    const ent_zone *zone;
    int64_t unit;
    ent_interval window;
} making;

void ent_gist_deinit(ent_gist *g)
{
    for (size_t i = 0; i < g->n_kept; i++) {
        free(g->kept[i].v);
        free(g->kept[i].ends);
    }
    free(g->kept);
    free(g->marks);
    free(g->lanes);
}

const ent_kept *ent_gist_kept(const ent_gist *g, int64_t fold)
{
    for (size_t i = 0; i < g->n_kept; i++) {
        if (g->kept[i].fold == fold) {
            return &g->kept[i];
        }
    }
    return NULL;
}

/* --- whether there is one --- */

static bool is_counted(const ent_objectivestate *o, const ent_fold_row *fold)
{
    const ent_causes *c = o->causes;
    switch (fold->kind) {
    case ENT_AGG_SHARE:
        return !c || !c->inverted;
    case ENT_AGG_COUNT:
        return !c;
    default:
        return fold->test < 0 &&
               ((ent_fold_is_summed(fold) && (!c || !c->counts_all)) || ent_fold_is_kept(fold));
    }
}

static bool is_neutral(const ent_feedstate *f, int64_t slot, int neutral)
{
    const uint8_t *mask = ent_slot_bool(f, slot);
    return !mask || !memchr(mask, !neutral, f->n);
}

static bool is_small(ent_feedstate *f, const ent_fold_row *fold)
{
    if (fold->kind == ENT_AGG_SHARE || fold->kind == ENT_AGG_COUNT) {
        return true;
    }
    return ent_sums_are_small(ent_feedstate_range(f, fold->value), f->n);
}

static bool takes_gist(making *x, const ent_objectivestate *o, const ent_fold_row *fold)
{
    ent_feedstate *f = x->from;
    return fold->n_groups <= 1 && !ent_fold_tracks(x->s, fold) && is_counted(o, fold) &&
           is_neutral(f, fold->select, 1) && is_neutral(f, fold->absent, 0) && is_small(f, fold);
}

/* Whether the instant parts the rows. */
static bool parts(const making *x, int64_t at)
{
    return x->first < at && at <= x->last;
}

static bool is_in_one_window(making *x, const ent_objectivestate *o)
{
    if (o->row->window == ENT_UNIT_ROLLING) {
        return false;
    }
    if (x->zone != o->zone || x->unit != o->row->window) {
        x->zone = o->zone;
        x->unit = o->row->window;
        ent_window_containing(o->zone, (ent_window_unit)(o->row->window - 1), x->first, &x->window);
    }
    return !parts(x, x->window.to) && !parts(x, o->from) && !parts(x, o->to);
}

/* Spans ask for rows that no fold does. */
static bool is_watched(const making *x)
{
    for (size_t i = 0; i < x->s->program->n_span; i++) {
        const ent_watches *w = &x->s->spans[i].watches;
        for (size_t k = 0; k < w->n; k++) {
            if (w->v[k].feed == x->from->index) {
                return true;
            }
        }
    }
    return false;
}

static bool has_gist(making *x)
{
    const ent_image *p = x->s->program;
    bool fit = !is_watched(x) && !(x->s->from_set && parts(x, x->s->from));
    for (size_t i = 0; fit && i < p->n_objective; i++) {
        const ent_objectivestate *o = &x->objectives[i];
        bool folds = o->lender < 0 || o->own_causes;
        for (int64_t k = 0; fit && folds && k < o->row->n_folds; k++) {
            const ent_fold_row *fold = &p->fold[o->row->first_fold + k];
            if (fold->feed == x->from->index) {
                fit = o->row->subject == 2 && o->n_uses == 0 && is_in_one_window(x, o) && takes_gist(x, o, fold);
            }
        }
    }
    return fit;
}

/* --- witnesses --- */

ENT_VECTORS static void mark_beyond(uint8_t *marks, const int64_t *values, size_t n, ent_value_interval good)
{
    for (size_t i = 0; i < n; i++) {
        marks[i] |= (uint8_t)((values[i] < good.first) | (values[i] > good.last));
    }
}

static bool mark(making *x, const ent_objectivestate *o, const ent_fold_row *fold)
{
    ent_feedstate *f = x->from;
    uint8_t *marks = x->to->gist.marks;
    if (fold->kind != ENT_AGG_SHARE && fold->kind != ENT_AGG_COUNT) {
        ent_value_interval good = ent_good_values(o->causes);
        ent_slot_range range = ent_feedstate_range(f, fold->value);
        if (range.least < good.first || range.most > good.last) {
            mark_beyond(marks, f->slots[fold->value].data, f->n, good);
        }
        return true;
    }
    const ent_failed *failed = fold->test < 0 ? NULL : ent_slice_failed(f, fold->test);
    for (size_t i = 0; failed && i < failed->n; i++) {
        marks[failed->lanes[i]] = 1;
    }
    return failed || fold->test < 0;
}

/* Calls it for each fold that the engine will take rows into. */
static bool each_fold(making *x, bool (*take)(making *x, const ent_objectivestate *o, const ent_fold_row *fold))
{
    const ent_image *p = x->s->program;
    bool ok = true;
    for (size_t i = 0; ok && i < p->n_objective; i++) {
        const ent_objectivestate *o = &x->objectives[i];
        bool folds = o->lender < 0 || o->own_causes;
        for (int64_t k = 0; ok && folds && k < o->row->n_folds; k++) {
            const ent_fold_row *fold = &p->fold[o->row->first_fold + k];
            ok = fold->feed != x->from->index || take(x, o, fold);
        }
    }
    return ok;
}

static bool find_witnesses(making *x)
{
    ent_gist *g = &x->to->gist;
    size_t n = x->from->n;
    if (!ent_reserve((void **)&g->marks, &g->marks_capacity, n, sizeof *g->marks) ||
        !ent_reserve((void **)&g->lanes, &g->lanes_capacity, n / MOST_WITNESSES + 1, sizeof *g->lanes)) {
        return false;
    }
    memset(g->marks, 0, n);
    if (!each_fold(x, mark)) {
        return false;
    }
    const uint8_t *found;
    g->n = 0;
    for (size_t i = 0; i < n && (found = memchr(g->marks + i, 1, n - i)) != NULL; i++) {
        i = (size_t)(found - g->marks);
        if (g->n == n / MOST_WITNESSES) {
            return false;
        }
        g->lanes[g->n++] = (uint32_t)i;
    }
    return true;
}

/* --- making it --- */

static bool gather(ent_colbuf *to, const ent_colbuf *from, const uint32_t *lanes, size_t n)
{
    size_t size = ent_class_size(from->cls);
    to->cls = from->cls;
    to->n = 0;
    free(to->absent);
    to->absent = NULL;
    if (from->n == 0) {
        return true;
    }
    if (!ent_colbuf_reserve(to, n ? n : 1) || (from->absent && !(to->absent = calloc(to->capacity, 1)))) {
        return false;
    }
    const char *data = from->data;
    char *out = to->data;
    for (size_t i = 0; i < n; i++) {
        memcpy(out + i * size, data + lanes[i] * size, size);
    }
    for (size_t i = 0; from->absent && i < n; i++) {
        to->absent[i] = from->absent[lanes[i]];
    }
    to->n = n;
    return true;
}

static bool gather_columns(making *x)
{
    const ent_feedstate *from = x->from;
    ent_feedstate *to = x->to;
    const ent_gist *g = &to->gist;
    bool ok = gather(&to->origin, &from->origin, g->lanes, g->n);
    for (int64_t i = 0; ok && i < from->row->n_fields; i++) {
        ok = gather(&to->pending[i], &from->pending[i], g->lanes, g->n);
    }
    for (size_t i = 0; ok && i < from->n_slots; i++) {
        ok = gather(&to->slots[i], &from->slots[i], g->lanes, g->n);
    }
    return ok;
}

/* The values of a fold that keeps them, those of a key one after another; those that are bad are left out. */
static bool keep(making *x, const ent_objectivestate *o, const ent_fold_row *fold)
{
    if (o->lender >= 0 || !ent_fold_is_kept(fold)) {
        return true;
    }
    ent_feedstate *f = x->from;
    ent_gist *g = &x->to->gist;
    ent_keyids *k = ent_feedstate_ids(x->s, f, fold->first_group, fold->n_groups);
    int64_t index = fold - x->s->program->fold;
    ent_kept *kept = (ent_kept *)(uintptr_t)ent_gist_kept(g, index);
    if (!k || (!kept && !ent_reserve((void **)&g->kept, &g->kept_capacity, g->n_kept + 1, sizeof *g->kept))) {
        return false;
    }
    if (!kept) {
        kept = &g->kept[g->n_kept++];
        *kept = (ent_kept){.fold = index};
    }
    if (!ent_reserve((void **)&kept->ends, &kept->ends_capacity, (size_t)k->n + 1, sizeof *kept->ends) ||
        !ent_reserve((void **)&kept->v, &kept->capacity, f->n, sizeof *kept->v)) {
        return false;
    }
    const int64_t *values = f->slots[fold->value].data;
    const uint32_t *rows = ent_keyids_rows(k, 0, f->n);
    ent_value_interval good = ent_good_values(o->causes);
    uint32_t *next = kept->ends;
    memcpy(next, rows, ((size_t)k->n + 1) * sizeof *next);
    for (size_t i = 0; i < g->n; i++) {
        int64_t value = values[g->lanes[i]];
        next[k->ids[g->lanes[i]]] -= value < good.first || value > good.last;
    }
    for (uint32_t id = 0, begin = 0; id <= k->n; id++) {
        uint32_t n = next[id];
        next[id] = begin;
        begin += n;
    }
    size_t begin = 0;
    for (size_t i = 0; i <= g->n; i++) {
        size_t end = i < g->n ? g->lanes[i] : f->n;
        for (size_t lane = begin; lane < end; lane++) {
            kept->v[next[k->ids[lane]]++] = (int32_t)values[lane];
        }
        if (i < g->n && values[end] >= good.first && values[end] <= good.last) {
            kept->v[next[k->ids[end]]++] = (int32_t)values[end];
        }
        begin = end + 1;
    }
    return true;
}

/* What is known of all lanes goes with the gist; numbers of lanes, which is the most, stay but for those of its own. */
static bool hand_over_keys(making *x)
{
    ent_feedstate *from = x->from;
    ent_feedstate *to = x->to;
    const ent_gist *g = &to->gist;
    for (size_t i = 0; i < from->n_keyids; i++) {
        const ent_keyids *k = &from->keyids[i];
        ent_keyids *other = ent_feedstate_keyids(x->s->program, to, k->first_key, k->n_keys);
        if (!other || !ent_reserve((void **)&other->ids, &other->capacity, g->n + 1, sizeof *other->ids)) {
            return false;
        }
    }
    for (size_t i = 0; i < from->n_keyids; i++) {
        ent_keyids *k = &from->keyids[i];
        ent_keyids *other = ent_feedstate_keyids(x->s->program, to, k->first_key, k->n_keys);
        if (!k->valid) {
            continue;
        }
        ent_keyids all = *k;
        k->ids = other->ids;
        k->capacity = other->capacity;
        for (size_t lane = 0; lane < g->n; lane++) {
            k->ids[lane] = all.ids[g->lanes[lane]];
        }
        k->counted_end = g->n;
        ent_keyids gist = *k;
        *k = *other;
        k->ids = all.ids;
        k->capacity = all.capacity;
        k->valid = false;
        *other = gist;
    }
    return true;
}

bool ent_gist_make(ent_engine *s, ent_feedstate *from, ent_feedstate *to, const ent_objectivestate *objectives)
{
    const int64_t *at = ent_feedstate_at(from);
    making x = {.s = s, .from = from, .to = to, .objectives = objectives};
    to->gist.of = 0;
    if (from->n == 0 || from->n > UINT32_MAX) {
        return false;
    }
    x.first = at[0];
    x.last = at[from->n - 1];
    ent_slice_forget(to);
    if (!has_gist(&x) || !find_witnesses(&x) || !gather_columns(&x) || !each_fold(&x, keep) || !hand_over_keys(&x)) {
        return false;
    }
    memcpy(to->ranges, from->ranges, from->n_slots * sizeof *to->ranges);
    to->n = to->n_pending = to->gist.n;
    to->givers = to->origin.n > 0 ? to->origin.data : NULL;
    to->totals = from->totals;
    to->last_at = from->last_at;
    to->unsorted = false;
    to->is_sliced = false;
    to->gist.of = from->n;
    to->gist.first = x.first;
    to->gist.last = x.last;
    return true;
}
