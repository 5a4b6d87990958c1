/* Objectives: windows, the folds of each subject in them, and what they come to when a window is over.
 *
 * A window is open from the slice that reaches its start until the watermark passes its end; its folds live in
 * it.  The parts that effective dates make are windows of their own.  Rolling windows overlap: a row is
 * folded into each of them.
 * Silence: `trackers` know, for each key of a sampled feed, since when it has been seen; what should
 * have come is counted when the window closes.  A time share keeps per key the last state and up to where
 * it was accounted.
 * Oracle: tests/oracle/entente_oracle.py. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/state.h"

/* --- set-up --- */

bool ent_objectivestate_init(ent_session *s, ent_objectivestate *o, int64_t index, ent_error *error)
{
    const ent_program *p = s->program;
    const ent_objective_row *row = &p->objective[index];
    const ent_agreement_row *agreement = &p->agreement[row->agreement];
    o->row = row;
    o->index = index;
    o->zone = ent_session_zone(s, agreement->zone);
    o->from = agreement->from_day == ENT_NO_DAY_FROM
                  ? INT64_MIN
                  : ent_zone_midnight(o->zone, agreement->from_day);
    o->to = agreement->to_day == ENT_NO_DAY_TO ? INT64_MAX
                                               : ent_zone_midnight(o->zone, agreement->to_day + 1);
    o->n_uses = (size_t)row->n_excluding;
    o->uses = calloc(o->n_uses + 1, sizeof *o->uses);
    o->trackers = calloc((size_t)row->n_folds + 1, sizeof *o->trackers);
    if (!o->uses || !o->trackers) {
        return ent_no_memory(error);
    }
    for (size_t i = 0; i < o->n_uses; i++) {
        o->uses[i] = &p->spanuse[row->first_excluding + (int64_t)i];
        o->capped |= o->uses[i]->at_most_ns >= 0;
    }
    for (int64_t k = 0; k < row->n_folds; k++) {
        int64_t feed = p->fold[row->first_fold + k].feed;
        o->over_outcomes |= feed >= 0 && p->feed[feed].kind == 1;
    }
    return true;
}

static void window_free(const ent_objectivestate *o, ent_window_state *w)
{
    for (size_t i = 0; i < w->n_groups; i++) {
        for (int64_t k = 0; k < o->row->n_folds; k++) {
            ent_fold_deinit(&w->groups[i].folds[k]);
        }
        free(w->groups[i].folds);
    }
    for (size_t i = 0; i < w->n_cap_sets; i++) {
        ent_intervals_deinit(&w->cap_sets[i].set);
    }
    free(w->groups);
    free(w->cap_sets);
    ent_map_deinit(&w->keys);
    ent_map_deinit(&w->caps);
    free(w);
}

void ent_objectivestate_deinit(ent_session *s, ent_objectivestate *o)
{
    (void)s;
    for (size_t i = 0; i < o->n_active; i++) {
        window_free(o, o->active[i]);
    }
    for (int64_t k = 0; o->trackers && k < o->row->n_folds; k++) {
        for (size_t i = 0; i < o->trackers[k].n; i++) {
            free(o->trackers[k].v[i].use_keys);
        }
        free(o->trackers[k].v);
        ent_map_deinit(&o->trackers[k].keys);
    }
    free(o->trackers);
    free(o->active);
    free(o->uses);
}

/* --- windows --- */

static ent_rolling rolling_of(const ent_objective_row *row)
{
    return (ent_rolling){row->roll_ns, row->every_days, row->every_ns};
}

bool ent_objectivestate_start(ent_session *s, ent_objectivestate *o)
{
    int64_t from = s->from > o->from ? s->from : o->from;
    o->started = true;
    if (o->row->window == ENT_UNIT_ROLLING) {
        ent_rolling roll = rolling_of(o->row);
        int64_t first = ent_add_sat(s->from, o->row->roll_ns - 1);
        o->exhausted = !ent_rolling_next_end(o->zone, &roll, first > o->from ? first : o->from,
                                             &o->next_end);
    } else {
        ent_window_containing(o->zone, (ent_window_unit)(o->row->window - 1), from, &o->next_each);
    }
    return true;
}

static ent_group *group_at(const ent_objectivestate *o, ent_window_state *w, int64_t key, bool make)
{
    uint32_t at = ent_map_get(&w->keys, key);
    if (at != ENT_MAP_NONE) {
        return &w->groups[at];
    }
    if (!make) {
        return NULL;
    }
    uint32_t *place = ent_map_at(&w->keys, key);
    if (!place || !ent_reserve((void **)&w->groups, &w->groups_capacity, w->n_groups + 1,
                               sizeof *w->groups)) {
        return NULL;
    }
    ent_group *g = &w->groups[w->n_groups];
    g->key = key;
    g->folds = calloc((size_t)o->row->n_folds + 1, sizeof *g->folds);
    if (!g->folds) {
        return NULL;
    }
    *place = (uint32_t)w->n_groups++;
    return g;
}

static bool push_window(ent_session *s, ent_objectivestate *o, int64_t from, int64_t to)
{
    int64_t a = from > o->from ? from : o->from;
    int64_t b = to < o->to ? to : o->to;
    int64_t lo = a > s->from ? a : s->from;
    if (a >= b || lo >= b) {
        return true;
    }
    ent_window_state *w = calloc(1, sizeof *w);
    if (!w || !ent_reserve((void **)&o->active, &o->active_capacity, o->n_active + 1,
                           sizeof *o->active)) {
        free(w);
        return false;
    }
    w->from = a;
    w->to = b;
    w->lo = lo;
    w->whole_ns = to - from;
    w->part = a != from || b != to;
    o->active[o->n_active++] = w;
    if (o->row->subject == 0) {
        return group_at(o, w, 0, true) != NULL;
    }
    for (int64_t i = 0; o->row->subject == 1 && i < o->row->n_values; i++) {
        if (!group_at(o, w, s->program->value[o->row->first_value + i].value, true)) {
            return false;
        }
    }
    return true;
}

/* Opens every window that begins before `until`. */
static bool open_windows(ent_session *s, ent_objectivestate *o, int64_t until)
{
    if (o->row->window == ENT_UNIT_ROLLING) {
        ent_rolling roll = rolling_of(o->row);
        while (!o->exhausted && o->next_end - o->row->roll_ns < until) {
            int64_t end = o->next_end;
            int64_t start = end - o->row->roll_ns;
            if (start >= o->to || (s->to_set && end > s->to)) {
                o->exhausted = true;
                break;
            }
            if (start >= s->from && !push_window(s, o, start, end)) {
                return false;
            }
            o->exhausted = !ent_rolling_next_end(o->zone, &roll, end, &o->next_end);
        }
        return true;
    }
    while (!o->exhausted && o->next_each.from < until && o->next_each.from < o->to) {
        ent_interval w = o->next_each;
        if (!push_window(s, o, w.from, w.to)) {
            return false;
        }
        ent_window_next(o->zone, (ent_window_unit)(o->row->window - 1), &o->next_each);
        o->exhausted = o->next_each.from == w.from;
    }
    return true;
}

int64_t ent_objectivestate_next_stop(const ent_objectivestate *o, int64_t after)
{
    if (!o->over_outcomes || !o->started) {
        return INT64_MAX;
    }
    int64_t stop = INT64_MAX;
    for (size_t i = 0; i < o->n_active; i++) {
        if (o->active[i]->to > after && o->active[i]->to < stop) {
            stop = o->active[i]->to;
        }
    }
    if (!o->exhausted) {
        int64_t next = o->row->window == ENT_UNIT_ROLLING ? o->next_end : o->next_each.to;
        if (next > after && next < stop) {
            stop = next;
        }
        if (o->to > after && o->to < stop) {
            stop = o->to;
        }
    }
    return stop;
}

/* --- exclusions --- */

static bool use_applies(const ent_spanuse_row *use, int64_t feed)
{
    return use->calendar >= 0 || use->feed == feed;
}

/* Adds the earliest `most_ns` of the set. */
static bool add_earliest(const ent_intervals *all, int64_t most_ns, ent_intervals *out)
{
    bool ok = true;
    for (size_t i = 0; ok && i < all->n && most_ns > 0; i++) {
        int64_t length = all->v[i].to - all->v[i].from;
        length = length > most_ns ? most_ns : length;
        ok = ent_intervals_add(out, all->v[i].from, all->v[i].from + length);
        most_ns -= length;
    }
    return ok;
}

/* Adds what one use takes out of [from, to), cut to its `at most`. */
static bool add_use(ent_session *s, const ent_spanuse_row *use, int64_t key, int64_t from,
                    int64_t to, ent_intervals *out)
{
    if (use->at_most_ns < 0) {
        return ent_use_collect(s, use, key, from, to, out);
    }
    ent_intervals all;
    ent_intervals_init(&all);
    bool ok = ent_use_collect(s, use, key, from, to, &all) &&
              add_earliest(&all, use->at_most_ns, out);
    ent_intervals_deinit(&all);
    return ok;
}

/* The same for a figure that is about no key: the union over all keys of the span. */
static bool add_use_of_all(ent_session *s, const ent_spanuse_row *use, int64_t from, int64_t to,
                           ent_intervals *out)
{
    if (use->calendar >= 0) {
        return add_use(s, use, 0, from, to, out);
    }
    const ent_spanstate *span = &s->spans[use->span];
    ent_intervals all;
    ent_intervals_init(&all);
    bool ok = true;
    for (size_t i = 0; ok && i < span->n; i++) {
        ok = ent_use_collect(s, use, span->v[i].key, from, to, &all);
    }
    ok = ok && add_earliest(&all, use->at_most_ns < 0 ? INT64_MAX : use->at_most_ns, out);
    ent_intervals_deinit(&all);
    return ok;
}

/* All that is excluded in the window up to `to` for one key of the feed. */
static bool excluded_set(ent_session *s, const ent_objectivestate *o, const ent_window_state *w,
                         int64_t feed, const int64_t *use_keys, int64_t to, ent_intervals *out)
{
    to = to < w->to ? to : w->to;
    for (size_t i = 0; i < o->n_uses; i++) {
        const ent_spanuse_row *use = o->uses[i];
        bool keyed = use->calendar >= 0 || use_keys[i] != INT64_MIN;
        if (use_applies(use, feed) && keyed &&
            !add_use(s, use, use_keys[i], w->lo, to, out)) {
            return false;
        }
    }
    return true;
}

/* The capped exclusion `use` for one key, as of this slice. */
static const ent_intervals *capped_set(ent_session *s, const ent_objectivestate *o,
                                       ent_window_state *w, size_t use, int64_t key, int64_t until)
{
    int64_t words[2] = {(int64_t)use, key};
    int64_t id = ent_tuples_intern(&s->tuples, words, 2);
    uint32_t *place = id < 0 ? NULL : ent_map_at(&w->caps, id);
    if (!place) {
        return NULL;
    }
    if (*place == ENT_MAP_NONE) {
        if (!ent_reserve((void **)&w->cap_sets, &w->cap_sets_capacity, w->n_cap_sets + 1,
                         sizeof *w->cap_sets)) {
            return NULL;
        }
        *place = (uint32_t)w->n_cap_sets++;
        w->cap_sets[*place] = (ent_capset){0};
    }
    ent_capset *cap = &w->cap_sets[*place];
    if (cap->slice != s->slice) {
        cap->slice = s->slice;
        ent_intervals_clear(&cap->set);
        if (!add_use(s, o->uses[use], key, w->lo, until < w->to ? until : w->to, &cap->set)) {
            return NULL;
        }
    }
    return &cap->set;
}

/* Marks the lanes [begin, end) whose instant is excluded; *marks is NULL if nothing can be. */
static bool mark_excluded(ent_session *s, ent_objectivestate *o, ent_window_state *w,
                          ent_feedstate *f, size_t begin, size_t end, int64_t until,
                          uint8_t **marks)
{
    *marks = NULL;
    if (o->n_uses == 0 || begin == end) {
        return true;
    }
    uint8_t *out = calloc(end - begin, 1);
    if (!out) {
        return false;
    }
    const int64_t *at = ent_feedstate_at(f);
    for (size_t u = 0; u < o->n_uses; u++) {
        const ent_spanuse_row *use = o->uses[u];
        if (!use_applies(use, f->index)) {
            continue;
        }
        const int64_t *keys = NULL;
        const uint8_t *absent = NULL;
        if (use->calendar < 0 &&
            !(keys = ent_feedstate_keys(s, f, use->first_key, use->n_keys, &absent))) {
            free(out);
            return false;
        }
        for (size_t i = begin; i < end; i++) {
            if (absent && absent[i]) {
                continue;
            }
            int64_t key = keys ? keys[i] : 0;
            if (use->at_most_ns < 0) {
                out[i - begin] |= ent_use_contains(s, use, key, at[i]);
                continue;
            }
            const ent_intervals *set = capped_set(s, o, w, u, key, until);
            if (!set) {
                free(out);
                return false;
            }
            out[i - begin] |= ent_intervals_contains(set, at[i]);
        }
    }
    *marks = out;
    return true;
}

/* --- silence --- */

/* Shares count what is missing even where it is ignored: the decision says how much that was. */
static bool tracks(const ent_session *s, const ent_fold_row *fold)
{
    return fold->kind == ENT_AGG_TIME_SHARE ||
           (fold->kind == ENT_AGG_SHARE && s->program->feed[fold->feed].interval_ns > 0);
}

static int64_t hold_ns(const ent_session *s, const ent_fold_row *fold)
{
    if (fold->stale_ns >= 0) {
        return fold->stale_ns;
    }
    int64_t interval = s->program->feed[fold->feed].interval_ns;
    return interval > 0 ? ent_add_sat(interval, interval) : INT64_MAX;
}

/* Adds the tracker's time from where it was accounted up to `upto` to every window that it touches. */
static bool account(ent_session *s, ent_objectivestate *o, size_t k, ent_tracker *t, int64_t upto)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
    int64_t a = t->accounted;
    int64_t b = ent_add_sat(t->last_at, hold_ns(s, fold));
    b = b < upto ? b : upto;
    t->accounted = upto > a ? upto : a;
    if (t->state < 0 || a >= b) {
        return true;
    }
    for (size_t i = 0; i < o->n_active; i++) {
        ent_window_state *w = o->active[i];
        int64_t from = a > w->lo ? a : w->lo;
        int64_t to = b < w->to ? b : w->to;
        if (from >= to || w->closed) {
            continue;
        }
        ent_group *g = group_at(o, w, t->subject, o->row->subject == 2);
        if (!g && o->row->subject == 2) {
            return false;
        }
        if (!g) {
            continue;
        }
        ent_intervals out;
        ent_intervals_init(&out);
        bool ok = excluded_set(s, o, w, fold->feed, t->use_keys, to, &out);
        int64_t net = to - from - ent_intervals_measure(&out, from, to);
        ent_intervals_deinit(&out);
        if (!ok) {
            return false;
        }
        if (t->state) {
            g->folds[k].good_ns += net;
        } else {
            g->folds[k].bad_ns += net;
        }
    }
    return true;
}

static ent_tracker *tracker_at(ent_session *s, ent_objectivestate *o, size_t k, ent_feedstate *f,
                               int64_t key, int64_t subject, size_t lane)
{
    ent_trackers *all = &o->trackers[k];
    uint32_t *place = ent_map_at(&all->keys, key);
    if (!place) {
        return NULL;
    }
    if (*place != ENT_MAP_NONE) {
        return &all->v[*place];
    }
    if (!ent_reserve((void **)&all->v, &all->capacity, all->n + 1, sizeof *all->v)) {
        return NULL;
    }
    ent_tracker *t = &all->v[all->n];
    int64_t at = ent_feedstate_at(f)[lane];
    *t = (ent_tracker){.key = key,
                       .subject = subject,
                       .first_seen = at,
                       .accounted = at,
                       .last_at = at,
                       .state = -1};
    t->use_keys = malloc((o->n_uses + 1) * sizeof *t->use_keys);
    if (!t->use_keys) {
        return NULL;
    }
    for (size_t u = 0; u < o->n_uses; u++) {
        const ent_spanuse_row *use = o->uses[u];
        const uint8_t *absent = NULL;
        t->use_keys[u] = INT64_MIN;
        if (use->calendar >= 0 || use->feed != f->index) {
            continue;
        }
        const int64_t *keys = ent_feedstate_keys(s, f, use->first_key, use->n_keys, &absent);
        if (!keys) {
            return NULL;
        }
        t->use_keys[u] = absent && absent[lane] ? INT64_MIN : keys[lane];
    }
    *place = (uint32_t)all->n++;
    return t;
}

static bool track_slice(ent_session *s, ent_objectivestate *o, size_t k)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
    ent_feedstate *f = &s->feeds[fold->feed];
    const uint8_t *select = ent_slot_bool(f, fold->select);
    const uint8_t *test = ent_slot_bool(f, fold->test);
    const uint8_t *unread = ent_slot_bool(f, fold->absent);
    const uint8_t *key_absent;
    const uint8_t *group_absent;
    const int64_t *keys = ent_feedstate_keys(s, f, f->row->first_key, f->row->n_keys, &key_absent);
    const int64_t *groups =
        ent_feedstate_keys(s, f, fold->first_group, fold->n_groups, &group_absent);
    if (!keys || !groups) {
        return false;
    }
    const int64_t *at = ent_feedstate_at(f);
    for (size_t i = 0; i < f->n; i++) {
        if ((select && !select[i]) || (key_absent && key_absent[i]) ||
            (group_absent && group_absent[i])) {
            continue;
        }
        ent_tracker *t = tracker_at(s, o, k, f, keys[i], groups[i], i);
        if (!t) {
            return false;
        }
        if (fold->kind == ENT_AGG_TIME_SHARE && !(unread && unread[i])) {
            if (!account(s, o, k, t, at[i])) {
                return false;
            }
            t->accounted = at[i];
            t->last_at = at[i];
            t->state = test ? (int8_t)test[i] : 1;
        }
    }
    return true;
}

/* --- rows --- */

static size_t first_at_or_after(const int64_t *at, size_t n, int64_t instant)
{
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (at[middle] < instant) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool fold_lanes(ent_session *s, ent_objectivestate *o, ent_window_state *w, size_t k,
                       size_t begin, size_t end, int64_t until)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
    ent_feedstate *f = &s->feeds[fold->feed];
    const uint8_t *select = ent_slot_bool(f, fold->select);
    const uint8_t *test = ent_slot_bool(f, fold->test);
    const uint8_t *unread = ent_slot_bool(f, fold->absent);
    const ent_colbuf *values = fold->value < 0 ? NULL : &f->slots[fold->value];
    const uint8_t *group_absent;
    const int64_t *groups =
        ent_feedstate_keys(s, f, fold->first_group, fold->n_groups, &group_absent);
    uint8_t *excluded;
    if (!groups || !mark_excluded(s, o, w, f, begin, end, until, &excluded)) {
        return false;
    }
    bool ok = true;
    for (size_t i = begin; ok && i < end; i++) {
        if (group_absent && group_absent[i]) {
            continue;
        }
        ent_group *g = group_at(o, w, groups[i], o->row->subject == 2);
        if (!g) {
            ok = o->row->subject != 2;
            continue;
        }
        ent_fold_state *state = &g->folds[k];
        bool out = excluded && excluded[i - begin];
        bool selected = !select || select[i];
        state->rows += !out;
        state->excluded += out && selected;
        if (out || !selected) {
            continue;
        }
        state->observed++;
        if (unread && unread[i]) {
            state->absent++;
            continue;
        }
        state->n++;
        state->good += test ? test[i] : 1;
        ok = !values || ent_fold_value(fold, state, values, i);
    }
    free(excluded);
    return ok;
}

bool ent_objectivestate_slice(ent_session *s, ent_objectivestate *o, int64_t until, ent_error *error)
{
    if (!open_windows(s, o, until)) {
        return ent_no_memory(error);
    }
    for (size_t k = 0; k < (size_t)o->row->n_folds; k++) {
        const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
        if (fold->feed < 0 || s->program->feed[fold->feed].kind == 1) {
            continue;
        }
        ent_feedstate *f = &s->feeds[fold->feed];
        if (f->n == 0) {
            continue;
        }
        if (tracks(s, fold) && !track_slice(s, o, k)) {
            return ent_no_memory(error);
        }
        const int64_t *at = ent_feedstate_at(f);
        for (size_t i = 0; i < o->n_active; i++) {
            ent_window_state *w = o->active[i];
            size_t begin = first_at_or_after(at, f->n, w->lo);
            size_t end = first_at_or_after(at, f->n, w->to);
            if (begin < end && !fold_lanes(s, o, w, k, begin, end, until)) {
                return ent_no_memory(error);
            }
        }
    }
    return true;
}

/* --- closing --- */

static bool fold_outcomes(ent_session *s, ent_objectivestate *o, ent_window_state *w, size_t k,
                          int64_t hi, ent_error *error)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
    ent_feedstate *f = &s->feeds[fold->feed];
    for (int64_t i = 0; i < f->row->n_fields; i++) {
        f->pending[i].n = 0;
        free(f->pending[i].absent);
        f->pending[i].absent = NULL;
    }
    if (!ent_dutystate_outcomes(s, f->row->duty, w->lo, hi, hi, f->pending, &f->n_pending, error)) {
        return false;
    }
    f->unsorted = true;
    bool ok = ent_feedstate_slice(s, f, INT64_MAX, error);
    if (ok && !fold_lanes(s, o, w, k, 0, f->n, hi)) {
        ok = ent_no_memory(error);
    }
    f->n_pending = f->n = 0;
    return ok;
}

/* Keys of a window whose subject is the feed's own single key: a silent one is known by that alone. */
static bool subject_is_key(const ent_session *s, const ent_fold_row *fold)
{
    const ent_program *p = s->program;
    const ent_feed_row *feed = &p->feed[fold->feed];
    return fold->n_groups == 1 && feed->n_keys == 1 &&
           p->keyfield[fold->first_group].field == p->keyfield[feed->first_key].field;
}

static bool expect(ent_session *s, const ent_objectivestate *o, const ent_window_state *w, size_t k,
                   ent_group *g, const int64_t *use_keys, int64_t hi)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
    ent_intervals out;
    ent_intervals_init(&out);
    bool ok = excluded_set(s, o, w, fold->feed, use_keys, hi, &out);
    int64_t net = hi - w->lo - ent_intervals_measure(&out, w->lo, hi);
    ent_intervals_deinit(&out);
    int64_t interval = s->program->feed[fold->feed].interval_ns;
    g->folds[k].expected += fold->kind == ENT_AGG_TIME_SHARE ? net : net / interval;
    return ok;
}

static bool expect_silent(ent_session *s, ent_objectivestate *o, ent_window_state *w, size_t k,
                          int64_t hi)
{
    const ent_program *p = s->program;
    const ent_fold_row *fold = &p->fold[o->row->first_fold + (int64_t)k];
    if (o->row->subject != 1 || !subject_is_key(s, fold)) {
        return true;
    }
    int64_t *use_keys = malloc((o->n_uses + 1) * sizeof *use_keys);
    bool ok = use_keys != NULL;
    for (size_t i = 0; ok && i < w->n_groups; i++) {
        ent_group *g = &w->groups[i];
        uint32_t at = ent_map_get(&o->trackers[k].keys, g->key);
        if (at != ENT_MAP_NONE && o->trackers[k].v[at].first_seen < hi) {
            continue;
        }
        for (size_t u = 0; u < o->n_uses; u++) {
            const ent_spanuse_row *use = o->uses[u];
            bool same = use->calendar < 0 && use->n_keys == 1 && use->feed == fold->feed &&
                        p->keyfield[use->first_key].field == p->keyfield[fold->first_group].field;
            use_keys[u] = same ? g->key : INT64_MIN;
        }
        ok = expect(s, o, w, k, g, use_keys, hi);
    }
    free(use_keys);
    return ok;
}

static bool close_silence(ent_session *s, ent_objectivestate *o, ent_window_state *w, size_t k,
                          int64_t hi)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
    if (!tracks(s, fold)) {
        return true;
    }
    for (size_t i = 0; i < o->trackers[k].n; i++) {
        ent_tracker *t = &o->trackers[k].v[i];
        if (t->first_seen >= hi) {
            continue;
        }
        if (fold->kind == ENT_AGG_TIME_SHARE && !account(s, o, k, t, hi)) {
            return false;
        }
        ent_group *g = group_at(o, w, t->subject, o->row->subject == 2);
        if (!g && o->row->subject == 2) {
            return false;
        }
        if (g && !expect(s, o, w, k, g, t->use_keys, hi)) {
            return false;
        }
    }
    return expect_silent(s, o, w, k, hi);
}

/* `longest of S`, `time in S`, `time outside S`: from the span's intervals themselves. */
static bool close_span(ent_session *s, ent_objectivestate *o, ent_window_state *w, size_t k,
                       int64_t hi)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
    if (fold->span < 0) {
        return true;
    }
    const ent_spanstate *span = &s->spans[fold->span];
    ent_spanuse_row use = {.calendar = -1, .span = fold->span, .at_most_ns = -1};
    for (size_t i = 0; i < w->n_groups; i++) {
        ent_group *g = &w->groups[i];
        bool one = o->row->subject != 0;
        ent_intervals in = {0};
        ent_intervals out = {0};
        ent_intervals net = {0};
        bool ok = true;
        for (size_t u = 0; ok && u < o->n_uses; u++) {
            ok = one ? add_use(s, o->uses[u], g->key, w->lo, hi, &out)
                     : add_use_of_all(s, o->uses[u], w->lo, hi, &out);
        }
        for (size_t n = 0; ok && n < span->n; n++) {
            if (one && span->v[n].key != g->key) {
                continue;
            }
            ok = ent_use_collect(s, &use, span->v[n].key, w->lo, hi, &in);
            if (ok && fold->kind == ENT_AGG_LONGEST) {
                ok = ent_intervals_subtract(&net, &in, &out);
                for (size_t v = 0; v < net.n; v++) {
                    int64_t length = net.v[v].to - net.v[v].from;
                    g->folds[k].bad_ns =
                        length > g->folds[k].bad_ns ? length : g->folds[k].bad_ns;
                }
                ent_intervals_clear(&in);
            }
        }
        if (ok && fold->kind != ENT_AGG_LONGEST) {
            ok = ent_intervals_subtract(&net, &in, &out);
            g->folds[k].expected = hi - w->lo - ent_intervals_measure(&out, w->lo, hi);
            g->folds[k].bad_ns = ent_intervals_measure(&net, w->lo, hi);
            g->folds[k].good_ns = g->folds[k].expected - g->folds[k].bad_ns;
        }
        g->folds[k].rows = 1;
        ent_intervals_deinit(&in);
        ent_intervals_deinit(&out);
        ent_intervals_deinit(&net);
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* A measure in raw units: integers and exact rationals become a rational, doubles stay. */
static bool take_measure(const ent_objective_row *row, const ent_column *column, ent_decision *d)
{
    if (column->absent && column->absent[0]) {
        return true;
    }
    d->has_measure = true;
    if (column->cls == ENT_CLASS_F) {
        d->measure_is_number = true;
        d->measure_f = *(const double *)column->data;
        return true;
    }
    if (column->cls == ENT_CLASS_Q) {
        d->measure = *(const ent_q *)column->data;
        return true;
    }
    int64_t raw = column->cls == ENT_CLASS_B ? *(const uint8_t *)column->data
                                             : *(const int64_t *)column->data;
    ent_i128 scale = 1;
    for (int64_t i = 0; row->type == ENT_TYPE_DECIMAL && i < row->param; i++) {
        scale *= 10;
    }
    return ent_q_make(raw, scale, &d->measure);
}

/* Brings a fold's figure to the class that the decision kernel's input has. */
static bool fit_class(ent_class want, const ent_constant *in, ent_constant *out)
{
    *out = *in;
    if (in->cls == want) {
        return true;
    }
    if (want == ENT_CLASS_Q && in->cls == ENT_CLASS_I) {
        out->cls = ENT_CLASS_Q;
        out->v.q = ent_q_from_i64(in->v.i);
        return true;
    }
    return false;
}

static bool run_measure(ent_session *s, const ent_objectivestate *o, ent_constant *figures,
                        uint8_t *absent, ent_decision *d, ent_error *error)
{
    const ent_program *p = s->program;
    const ent_kernel_row *kernel = &p->kernel[o->row->kernel];
    ent_column *in = calloc((size_t)kernel->n_inputs + 1, sizeof *in);
    ent_constant *fitted = calloc((size_t)kernel->n_inputs + 1, sizeof *fitted);
    ent_column out = {0};
    bool ok = in && fitted;
    for (int64_t i = 0; ok && i < kernel->n_inputs; i++) {
        const ent_input_row *input = &p->input[kernel->first_input + i];
        fitted[i].cls = (uint8_t)input->cls;
        if (!absent[input->index] &&
            !fit_class((ent_class)input->cls, &figures[input->index], &fitted[i])) {
            ent_fail(s, error, ENT_ERROR_USAGE, "objective %s: a figure of another class",
                     ent_program_text(p, o->row->name));
            ok = false;
        }
        in[i] = (ent_column){(ent_class)input->cls, &fitted[i].v,
                             absent[input->index] ? &absent[input->index] : NULL};
    }
    const ent_lane_error *errors = NULL;
    uint32_t n_errors = 0;
    ok = ok && ent_vm_run(s->vm, o->row->kernel, in, 1, &out, NULL, &errors, &n_errors);
    if (ok && n_errors > 0) {
        ent_fail(s, error, ENT_ERROR_DATA, "%s", errors[0].message);
        error->place = errors[0].place;
        ok = false;
    }
    ok = ok && take_measure(o->row, &out, d);
    free(in);
    free(fitted);
    return ok || ent_no_memory(error);
}

/* Bad samples still allowed if all that is to come is good, and how fast they are being used up. */
static void budget(const ent_session *s, const ent_objectivestate *o, const ent_window_state *w,
                   const ent_group *g, int64_t hi, ent_decision *d)
{
    const ent_program *p = s->program;
    const ent_fold_row *fold = &p->fold[o->row->first_fold];
    if (o->row->n_folds != 1 || fold->kind != ENT_AGG_SHARE || fold->feed < 0 ||
        o->row->compare != ENT_CMP_AT_LEAST || hi <= w->lo) {
        return;
    }
    int64_t interval = p->feed[fold->feed].interval_ns;
    int64_t samples = d->counts.samples + d->counts.missing;
    int64_t total = samples;
    if (interval > 0) {
        total += (w->to - hi) / interval;
    }
    int64_t bad = g->folds[0].n - g->folds[0].good +
                  (o->row->missing == ENT_MISSING_DOWN ? d->counts.missing : 0);
    ent_q allowed;
    ent_q share;
    ent_q elapsed;
    if (!ent_q_sub(ent_q_from_i64(1), p->constants[o->row->target].v.q, &share) ||
        !ent_q_mul(share, ent_q_from_i64(total), &allowed) ||
        !ent_q_sub(allowed, ent_q_from_i64(bad), &d->budget_left)) {
        return;
    }
    d->has_budget = true;
    if (allowed.num > 0 && ent_q_make(hi - w->lo, w->to - w->lo, &elapsed) &&
        ent_q_div(ent_q_from_i64(bad), allowed, &share)) {
        d->has_budget = ent_q_div(share, elapsed, &d->burn_rate);
    }
}

static void no_data_status(const ent_objective_row *row, ent_decision *d)
{
    d->status = row->no_data == ENT_NODATA_BREACH ? ENT_STATUS_BREACH
                : row->no_data == ENT_NODATA_MET  ? ENT_STATUS_MET
                                                  : ENT_STATUS_NO_DATA;
    d->has_measure = false;
}

static bool decide_group(ent_session *s, ent_objectivestate *o, ent_window_state *w, ent_group *g,
                         int64_t hi, bool final, ent_error *error)
{
    const ent_program *p = s->program;
    const ent_objective_row *row = o->row;
    size_t n = (size_t)row->n_folds;
    ent_constant *figures = calloc(n + 1, sizeof *figures);
    uint8_t *absent = calloc(n + 1, 1);
    ent_decision *d = ent_session_decision(s);
    bool ok = figures && absent && d;
    bool any = false;
    for (size_t k = 0; ok && k < n; k++) {
        const ent_fold_row *fold = &p->fold[row->first_fold + (int64_t)k];
        ent_fold_state *state = &g->folds[k];
        int64_t missing = fold->kind == ENT_AGG_SHARE && tracks(s, fold) &&
                                  state->expected > state->observed
                              ? state->expected - state->observed
                              : 0;
        bool none = false;
        ok = ent_fold_result(p, fold, state, missing, (int)row->missing, &figures[k], &none, error);
        absent[k] = none;
        bool silence = o->row->missing == ENT_MISSING_DOWN || o->row->missing == ENT_MISSING_UP;
        any |= state->rows > 0 || state->good_ns + state->bad_ns > 0 || (silence && (missing > 0 || state->expected > 0));
        d->counts.samples += state->n;
        d->counts.bad += fold->kind == ENT_AGG_SHARE ? state->n - state->good : 0;
        d->counts.missing += missing;
        d->counts.absent += state->absent;
        d->counts.excluded += state->excluded;
    }
    if (ok) {
        d->kind = ENT_DECISION_OBJECTIVE;
        d->clause = o->index;
        d->has_subject = row->subject != 0 && row->subject_field >= 0;
        d->subject = g->key;
        d->from_ns = w->from;
        d->to_ns = w->to;
        d->final = final;
        d->final_ns = final ? w->to : hi;
        ok = run_measure(s, o, figures, absent, d, error);
    }
    if (ok && !final) {
        d->status = ENT_STATUS_PROVISIONAL;
        d->has_measure = d->has_measure && any;
        budget(s, o, w, g, hi, d);
    } else if (ok && (!any || !d->has_measure)) {
        no_data_status(row, d);
    } else if (ok) {
        d->status = ent_judge_met((int)row->compare, d, &p->constants[row->target])
                        ? ENT_STATUS_MET
                        : ENT_STATUS_BREACH;
    }
    if (ok && w->part) {
        ok = ent_q_make(w->to - w->from, w->whole_ns, &d->credit_fraction);
    }
    free(figures);
    free(absent);
    return ok || ent_no_memory(error);
}

static bool close_window(ent_session *s, ent_objectivestate *o, ent_window_state *w, int64_t hi,
                         bool final, ent_error *error)
{
    for (size_t k = 0; k < (size_t)o->row->n_folds; k++) {
        const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
        if (fold->feed >= 0 && s->program->feed[fold->feed].kind == 1 &&
            !fold_outcomes(s, o, w, k, hi, error)) {
            return false;
        }
        if (!close_silence(s, o, w, k, hi) || !close_span(s, o, w, k, hi)) {
            return ent_no_memory(error);
        }
    }
    for (size_t i = 0; i < w->n_groups; i++) {
        if (!decide_group(s, o, w, &w->groups[i], hi, final, error)) {
            return false;
        }
    }
    return true;
}

bool ent_objectivestate_close(ent_session *s, ent_objectivestate *o, int64_t until, bool end,
                              ent_error *error)
{
    if (!open_windows(s, o, until)) {
        return ent_no_memory(error);
    }
    bool ok = true;
    for (size_t i = 0; ok && i < o->n_active; i++) {
        ent_window_state *w = o->active[i];
        bool final = w->to <= until;
        if (!final && !end) {
            continue;
        }
        /* a rolling window that does not lie wholly in the period is not decided */
        if ((final || o->row->window != ENT_UNIT_ROLLING) && w->lo < until) {
            ok = close_window(s, o, w, final ? w->to : until, final, error);
        }
        w->closed = true;
    }
    size_t kept = 0;
    for (size_t i = 0; i < o->n_active; i++) {
        if (o->active[i]->closed) {
            window_free(o, o->active[i]);
        } else {
            o->active[kept++] = o->active[i];
        }
    }
    o->n_active = kept;
    return ok;
}
