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

#include "runtime/state/objective.h"

/* --- set-up --- */

bool ent_objectivestate_init(ent_engine *s, ent_objectivestate *o, int64_t index, ent_fault *error)
{
    const ent_image *p = s->program;
    const ent_objective_row *row = &p->objective[index];
    const ent_agreement_row *agreement = &p->agreement[row->agreement];
    o->row = row;
    o->index = index;
    o->zone = ent_engine_zone(s, agreement->zone);
    ent_agreement_period(s, agreement, &o->from, &o->to);
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
    if (!ent_causes_init(s, o, error)) {
        return false;
    }
    o->lender = ent_folds_lender(s, o, &o->own_causes);
    return true;
}

void ent_window_free(const ent_objectivestate *o, ent_window_state *w)
{
    for (size_t i = 0; i < w->n_groups; i++) {
        for (int64_t k = 0; k < o->row->n_folds; k++) {
            ent_fold_deinit(&w->groups[i].folds[k]);
        }
        free(w->groups[i].folds);
        ent_group_deinit_causes(&w->groups[i]);
    }
    for (size_t i = 0; i < w->n_cap_sets; i++) {
        ent_intervals_deinit(&w->cap_sets[i].set);
    }
    free(w->groups);
    free(w->cap_sets);
    free(w->seen);
    free(w->carried);
    ent_map_deinit(&w->carries);
    ent_map_deinit(&w->seen_keys);
    ent_map_deinit(&w->keys);
    ent_map_deinit(&w->caps);
    free(w);
}

void ent_objectivestate_deinit(ent_engine *s, ent_objectivestate *o)
{
    ent_causes_free(s, o->causes);
    for (size_t i = 0; i < o->n_active; i++) {
        ent_window_free(o, o->active[i]);
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

bool ent_objectivestate_start(ent_engine *s, ent_objectivestate *o)
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

ent_group *ent_group_at(const ent_objectivestate *o, ent_window_state *w, int64_t key, bool make)
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
    *g = (ent_group){.key = key};
    g->folds = calloc((size_t)o->row->n_folds + 1, sizeof *g->folds);
    if (!g->folds) {
        return NULL;
    }
    *place = (uint32_t)w->n_groups++;
    return g;
}

static bool push_window(ent_engine *s, ent_objectivestate *o, int64_t from, int64_t to)
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
    w->ends = o->row->window == ENT_UNIT_ROLLING ? to : b;
    w->lo = lo;
    w->whole_ns = to - from;
    w->part = a != from || b != to;
    o->active[o->n_active++] = w;
    if (o->row->subject == 0) {
        return ent_group_at(o, w, 0, true) != NULL;
    }
    for (int64_t i = 0; o->row->subject == 1 && i < o->row->n_values; i++) {
        if (!ent_group_at(o, w, s->program->value[o->row->first_value + i].value, true)) {
            return false;
        }
    }
    return true;
}

/* Opens every window that begins before `until`. */
bool ent_open_windows(ent_engine *s, ent_objectivestate *o, int64_t until)
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
        if (o->active[i]->ends > after && o->active[i]->ends < stop) {
            stop = o->active[i]->ends;
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
bool ent_excluded_use(ent_engine *s, const ent_spanuse_row *use, int64_t key, int64_t from,
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
bool ent_excluded_use_of_all(ent_engine *s, const ent_spanuse_row *use, int64_t from, int64_t to,
                           ent_intervals *out)
{
    if (use->calendar >= 0) {
        return ent_excluded_use(s, use, 0, from, to, out);
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
bool ent_excluded_set(ent_engine *s, const ent_objectivestate *o, const ent_window_state *w,
                         int64_t feed, const int64_t *use_keys, int64_t to, ent_intervals *out)
{
    to = to < w->to ? to : w->to;
    for (size_t i = 0; i < o->n_uses; i++) {
        const ent_spanuse_row *use = o->uses[i];
        bool keyed = use->calendar >= 0 || use_keys[i] != INT64_MIN;
        if (use_applies(use, feed) && keyed &&
            !ent_excluded_use(s, use, use_keys[i], w->lo, to, out)) {
            return false;
        }
    }
    return true;
}

/* The capped exclusion `use` for one key, as of this slice. */
static const ent_intervals *capped_set(ent_engine *s, const ent_objectivestate *o,
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
        if (!ent_excluded_use(s, o->uses[use], key, w->lo, until < w->to ? until : w->to, &cap->set)) {
            return NULL;
        }
    }
    return &cap->set;
}

bool ent_mark_excluded(ent_engine *s, ent_objectivestate *o, ent_window_state *w,
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
bool ent_fold_tracks(const ent_engine *s, const ent_fold_row *fold)
{
    return fold->kind == ENT_AGG_TIME_SHARE ||
           (fold->kind == ENT_AGG_SHARE && s->program->feed[fold->feed].interval_ns > 0);
}

static int64_t hold_ns(const ent_engine *s, const ent_fold_row *fold)
{
    if (fold->stale_ns >= 0) {
        return fold->stale_ns;
    }
    int64_t interval = s->program->feed[fold->feed].interval_ns;
    return interval > 0 ? ent_add_sat(interval, interval) : INT64_MAX;
}

/* Time in the wrong state has causes, and what is left of the window's time is silence. */
static bool account_causes(ent_engine *s, ent_objectivestate *o, ent_window_state *w,
                           ent_group *g, const ent_tracker *t, int64_t from, int64_t to,
                           int64_t net)
{
    if (!o->causes) {
        return true;
    }
    int64_t *known = ent_window_seen(s, w, 0, t->key);
    if (!known) {
        return false;
    }
    *known += net;
    return (t->state == 1) != o->causes->inverted ||
           ent_causes_stretch(s, o, w, g, (size_t)(t - o->trackers[0].v), from, to);
}

/* Adds the tracker's time from where it was accounted up to `upto` to every window that it touches. */
bool ent_tracker_account(ent_engine *s, ent_objectivestate *o, size_t k, ent_tracker *t, int64_t upto)
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
        ent_interval heard = ent_engine_heard(s, fold->feed, (ent_interval){from, to});
        from = heard.from;
        to = heard.to;
        if (from >= to || w->closed) {
            continue;
        }
        ent_group *g = ent_group_at(o, w, t->subject, o->row->subject == 2);
        if (!g && o->row->subject == 2) {
            return false;
        }
        if (!g) {
            continue;
        }
        ent_intervals out;
        ent_intervals_init(&out);
        bool ok = ent_excluded_set(s, o, w, fold->feed, t->use_keys, to, &out);
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
        if (!account_causes(s, o, w, g, t, from, to, net)) {
            return false;
        }
    }
    return true;
}

static ent_tracker *tracker_at(ent_engine *s, ent_objectivestate *o, size_t k, ent_feedstate *f,
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
                       .service = -1,
                       .bad_since = at,
                       .state = -1};
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
    if (fold->service >= 0) {
        const ent_colbuf *services = &f->pending[fold->service];
        bool unknown = services->absent && services->absent[lane];
        t->service = unknown ? -1 : ((const int64_t *)services->data)[lane];
    }
    t->use_keys = malloc((o->n_uses + (size_t)fold->n_causes + 1) * sizeof *t->use_keys);
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
    for (int64_t i = 0; i < fold->n_causes; i++) {
        const ent_spanuse_row *use = &s->program->spanuse[fold->first_cause + i];
        const uint8_t *absent;
        const int64_t *keys = ent_feedstate_keys(s, f, use->first_key, use->n_keys, &absent);
        if (!keys) {
            return NULL;
        }
        t->use_keys[o->n_uses + (size_t)i] = absent && absent[lane] ? INT64_MIN : keys[lane];
    }
    *place = (uint32_t)all->n++;
    return t;
}

/* Of a share it only matters since when a key is known. */
static bool all_tracked(const ent_keyids *ids, const ent_trackers *trackers)
{
    for (uint32_t id = 1; id <= ids->n; id++) {
        if (ent_map_get(&trackers->keys, ids->keys[id]) == ENT_MAP_NONE) {
            return false;
        }
    }
    return true;
}

static bool track_slice(ent_engine *s, ent_objectivestate *o, size_t k)
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
    const ent_keyids *ids = ent_feedstate_ids(s, f, f->row->first_key, f->row->n_keys);
    if (!keys || !groups || !ids) {
        return false;
    }
    const int64_t *at = ent_feedstate_at(f);
    if (fold->kind == ENT_AGG_SHARE && all_tracked(ids, &o->trackers[k])) {
        return true;
    }
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
            t->row_at = at[i];
            t->row_origin = ent_feedstate_origin(f, i);
            if (!ent_tracker_account(s, o, k, t, at[i])) {
                return false;
            }
            int8_t state = test ? (int8_t)test[i] : 1;
            t->bad_since = at[i];
            t->origin = t->row_origin;
            t->row_origin = 0;
            t->accounted = at[i];
            t->last_at = at[i];
            t->state = state;
        }
    }
    return true;
}

/* --- rows --- */

/* The count of samples of one key of fold k in the window; NULL: no memory. */
int64_t *ent_window_seen(ent_engine *s, ent_window_state *w, size_t k, int64_t key)
{
    int64_t words[2] = {(int64_t)k, key};
    int64_t id = ent_tuples_intern(&s->tuples, words, 2);
    uint32_t *place = id < 0 ? NULL : ent_map_at(&w->seen_keys, id);
    if (!place) {
        return NULL;
    }
    if (*place == ENT_MAP_NONE) {
        if (!ent_reserve((void **)&w->seen, &w->seen_capacity, w->n_seen + 1, sizeof *w->seen)) {
            return NULL;
        }
        *place = (uint32_t)w->n_seen++;
        w->seen[*place] = 0;
    }
    return &w->seen[*place];
}

/* Whether the subject of a fold's group is the feed's own single key: then a silent one is known by that
 * alone, and the group's samples are the key's. */
bool ent_fold_subject_is_key(const ent_engine *s, const ent_fold_row *fold)
{
    const ent_image *p = s->program;
    const ent_feed_row *feed = &p->feed[fold->feed];
    return fold->n_groups == 1 && feed->n_keys == 1 &&
           p->keyfield[fold->first_group].field == p->keyfield[feed->first_key].field;
}

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

bool ent_objectivestate_slice(ent_engine *s, ent_objectivestate *o, int64_t until, ent_fault *error)
{
    if (o->lender >= 0 && !o->own_causes) {
        return true;
    }
    if (!ent_open_windows(s, o, until)) {
        return ent_no_memory(error);
    }
    for (size_t k = 0; k < (size_t)o->row->n_folds; k++) {
        const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
        if (fold->feed < 0 || s->program->feed[fold->feed].kind == 1) {
            continue;
        }
        ent_feedstate *f = &s->feeds[fold->feed];
        if (f->n == 0 && f->gist.of == 0) {
            continue;
        }
        if ((o->causes && !ent_causes_slice(s, o)) ||
            (ent_fold_tracks(s, fold) && !track_slice(s, o, k))) {
            return ent_no_memory(error);
        }
        const int64_t *at = ent_feedstate_at(f);
        for (size_t i = 0; i < o->n_active; i++) {
            ent_window_state *w = o->active[i];
            bool is_gist = f->gist.of > 0;
            size_t begin = is_gist ? 0 : first_at_or_after(at, f->n, w->lo);
            size_t end = is_gist ? f->n : first_at_or_after(at, f->n, w->to);
            bool has_rows = is_gist ? w->lo <= f->gist.first && f->gist.last < w->to : begin < end;
            if (has_rows && !ent_fold_lanes(s, o, w, k, begin, end, until)) {
                return ent_no_memory(error);
            }
        }
    }
    return !o->causes || ent_causes_settle(s, o, until, NULL) || ent_no_memory(error);
}
