/* The saved state of objectives: open windows with the folds of each subject, what is known of
 * each sampled key, and bad samples whose causes are not settled.  See save_io.h.
 *
 * What only exists while a window is closed (what was expected and what is missing, unmet
 * outcomes) and what is worked out anew in each slice (capped exclusions) is not in it. */
#include <stdlib.h>

#include "runtime/state/objective.h"
#include "runtime/state/save_io.h"

/* --- folds --- */

static bool io_kept(ent_io *x, const ent_fold_row *fold, ent_fold_state *f)
{
    ent_class cls = ent_type_class((unsigned)fold->value_type);
    void *kept = cls == ENT_CLASS_F   ? (void *)&f->fvalue
                 : cls == ENT_CLASS_Q ? (void *)&f->qvalue
                                      : (void *)&f->ivalue;
    return ent_io_bool(x, &f->has_value) &&
           (!f->has_value || ent_io_cell(x, fold->value_type, fold->param, kept));
}

static bool io_sums(ent_io *x, ent_fold_state *f)
{
    const ent_i128 most = (ent_i128)1 << 126;
    bool exact = f->fsum != NULL;
    bool fraction = f->qsum.den != 0;
    if (!ent_io_i128(x, &f->sum) ||
        !ent_io_check(x, f->sum < most && f->sum > -most, "a sum without end") ||
        !ent_io_bool(x, &exact) || !ent_io_bool(x, &fraction)) {
        return false;
    }
    if (exact && x->reading) {
        f->fsum = malloc(sizeof *f->fsum);
        if (!f->fsum) {
            return ent_io_no_memory(x);
        }
        ent_fsum_init(f->fsum);
    }
    return (!exact || ent_io_fsum(x, f->fsum)) && (!fraction || ent_io_q(x, &f->qsum));
}

/* Only written: whatever is read is a value like any other. */
static bool io_narrow(ent_io *x, const ent_fold_row *fold, const ent_fold_state *f)
{
    bool ok = true;
    for (const ent_value_chunk *chunk = f->narrow; ok && chunk; chunk = chunk->next) {
        for (uint32_t i = 0; ok && i < chunk->n; i++) {
            int64_t value = chunk->v[i];
            ok = ent_io_cell(x, fold->value_type, fold->param, &value);
        }
    }
    const ent_value_counts *counts = f->counts;
    for (uint32_t at = 0; ok && counts && at < counts->size; at++) {
        int64_t value = counts->least + (int64_t)at;
        for (uint32_t i = 0; ok && i < counts->count[at]; i++) {
            ok = ent_io_cell(x, fold->value_type, fold->param, &value);
        }
    }
    return ok;
}

static bool io_values(ent_io *x, const ent_fold_row *fold, ent_fold_state *f)
{
    size_t size = ent_class_size(ent_type_class((unsigned)fold->value_type));
    size_t n = f->n_values + f->n_narrow;
    if (!ent_io_count(x, &n, size)) {
        return false;
    }
    n -= f->n_narrow;
    for (size_t i = 0; i < n; i++) {
        if (x->reading && !ent_io_grow(x, &f->values, &f->values_capacity, f->n_values++, size)) {
            return false;
        }
        if (!ent_io_cell(x, fold->value_type, fold->param, (char *)f->values + i * size)) {
            return false;
        }
    }
    return io_narrow(x, fold, f);
}

static bool io_fold(ent_io *x, const ent_fold_row *fold, ent_fold_state *f)
{
    int64_t *const counts[] = {&f->rows, &f->observed, &f->n, &f->good, &f->absent, &f->excluded};
    bool used = f->rows != 0 || f->n != 0 || f->good_ns != 0 || f->bad_ns != 0 || f->excluded != 0;
    if (!ent_io_bool(x, &used) || !used) {
        return !x->failed;
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (!ent_io_index(x, counts[i], 0, ENT_IO_COUNT_MAX)) {
            return false;
        }
    }
    return ent_io_index(x, &f->good_ns, 0, ENT_IO_TIME_MAX) &&
           ent_io_index(x, &f->bad_ns, 0, ENT_IO_TIME_MAX - f->good_ns) &&
           ent_io_bool(x, &f->failed) && io_sums(x, f) && io_kept(x, fold, f) &&
           io_values(x, fold, f);
}

/* --- windows --- */

bool ent_save_fact(ent_io *x, ent_fact *f)
{
    const ent_image *p = x->s->program;
    int64_t feed = f->feed;
    int64_t subject = f->subject;
    int64_t root = f->root;
    int64_t span = f->span;
    ent_rowref until = {f->until_origin, f->until_feed};
    bool ok = ent_io_i64(x, &f->origin) && ent_io_i64(x, &f->from_ns) && ent_io_i64(x, &f->to_ns) &&
              ent_io_parties(x, &f->causes) && ent_io_index(x, &feed, -1, (int64_t)p->n_feed) &&
              ent_io_row(x, &until) && ent_io_index(x, &span, -1, (int64_t)p->n_span) &&
              ent_io_index(x, &subject, -1, (int64_t)p->n_service) &&
              ent_io_index(x, &root, -1, (int64_t)p->n_service) && ent_io_u32(x, &f->count) &&
              ent_io_u32(x, &f->notes) &&
              ent_io_u8(x, &f->kind) &&
              ent_io_check(x, f->kind < ENT_FACT_PAUSED || (f->kind == ENT_FACT_PAUSED && span >= 0),
                           "a fact of no kind");
    f->feed = (int32_t)feed;
    f->until_origin = until.origin;
    f->until_feed = until.feed;
    f->span = (int32_t)span;
    f->subject = (int32_t)subject;
    f->root = (int32_t)root;
    return ok;
}

static bool io_charged(ent_io *x, const ent_fold_row *fold, ent_group *g)
{
    size_t n = g->n_charged;
    if (!ent_io_count(x, &n, 9)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading && !ent_io_grow(x, (void **)&g->charged, &g->charged_capacity,
                                       g->n_charged++, sizeof *g->charged)) {
            return false;
        }
        ent_charged *c = &g->charged[i];
        if (!ent_io_parties(x, &c->causes) || !io_fold(x, fold, &c->fold)) {
            return false;
        }
    }
    return true;
}

static bool io_facts(ent_io *x, ent_group *g)
{
    uint64_t left_out = g->facts_left_out;
    if (!ent_io_count(x, &g->n_facts, 45) || !ent_io_u64(x, &left_out) ||
        !ent_io_check(x, g->n_facts <= ENT_FACTS_MAX && left_out < ENT_IO_COUNT_MAX,
                      "too many facts")) {
        g->n_facts = x->reading ? 0 : g->n_facts;
        return false;
    }
    g->facts_left_out = (size_t)left_out;
    if (x->reading && g->n_facts > 0 &&
        !(g->facts = calloc(ENT_FACTS_MAX, sizeof *g->facts))) {
        g->n_facts = 0;
        return ent_io_no_memory(x);
    }
    for (size_t i = 0; i < g->n_facts; i++) {
        if (!ent_save_fact(x, &g->facts[i])) {
            return false;
        }
    }
    return true;
}

static bool io_group(ent_io *x, const ent_objectivestate *o, ent_group *g)
{
    const ent_fold_row *folds = &x->s->program->fold[o->row->first_fold];
    for (int64_t k = 0; k < o->row->n_folds; k++) {
        if (!io_fold(x, &folds[k], &g->folds[k])) {
            return false;
        }
    }
    return !o->causes || (io_charged(x, folds, g) && io_facts(x, g));
}

static bool io_groups(ent_io *x, ent_objectivestate *o, ent_window_state *w)
{
    ent_key_shape shape = ent_key_shape_of_objective(x->s->program, o->index);
    size_t n = w->n_groups;
    if (!ent_io_count(x, &n, 1)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int64_t key = x->reading ? 0 : w->groups[i].key;
        if (!ent_io_key(x, &shape, &key)) {
            return false;
        }
        if (x->reading && ent_group_at(o, w, key, false)) {
            return ent_io_bad(x, "a key comes twice");
        }
        ent_group *g = x->reading ? ent_group_at(o, w, key, true) : &w->groups[i];
        if (!g) {
            return ent_io_no_memory(x);
        }
        if (!io_group(x, o, g)) {
            return false;
        }
    }
    return true;
}

static ent_key_shape shape_of_samples(const ent_image *p, const ent_objectivestate *o, int64_t k)
{
    return ent_key_shape_of_feed(p, p->fold[o->row->first_fold + k].feed);
}

/* How many samples of each key there were; they are found by the fold and the key. */
static bool io_seen(ent_io *x, ent_objectivestate *o, ent_window_state *w)
{
    const ent_image *p = x->s->program;
    ent_tuples *t = &x->s->tuples;
    size_t n = w->n_seen;
    if (!ent_io_count(x, &n, 16)) {
        return false;
    }
    int64_t *ids = ent_io_map_keys(x, &w->seen_keys, n);
    bool ok = ids != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        int64_t k = x->reading ? 0 : t->values[t->offsets[ids[i]]];
        int64_t key = x->reading ? 0 : t->values[t->offsets[ids[i]] + 1];
        int64_t count = x->reading ? 0 : w->seen[i];
        ok = ent_io_index(x, &k, 0, o->row->n_folds) &&
             ent_io_check(x, p->fold[o->row->first_fold + k].feed >= 0, "samples of no feed");
        ent_key_shape shape = ok ? shape_of_samples(p, o, k) : (ent_key_shape){0};
        ok = ok && ent_io_key(x, &shape, &key) && ent_io_index(x, &count, 0, ENT_IO_TIME_MAX);
        if (ok && x->reading) {
            int64_t *place = ent_window_seen(x->s, w, (size_t)k, key);
            ok = place ? ent_io_check(x, w->n_seen == i + 1, "a key comes twice")
                       : ent_io_no_memory(x);
            if (ok) {
                *place = count;
            }
        }
    }
    free(ids);
    return ok;
}

static bool io_carried(ent_io *x, const ent_objectivestate *o, ent_window_state *w)
{
    ent_key_shape shape = shape_of_samples(x->s->program, o, 0);
    size_t n = w->n_carried;
    if (!ent_io_count(x, &n, 8)) {
        return false;
    }
    int64_t *keys = ent_io_map_keys(x, &w->carries, n);
    bool ok = keys != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        if (x->reading && !ent_io_grow(x, (void **)&w->carried, &w->carried_capacity,
                                       w->n_carried++, sizeof *w->carried)) {
            ok = false;
            break;
        }
        ok = ent_io_key(x, &shape, &keys[i]) && ent_io_i64(x, &w->carried[i]) &&
             (!x->reading || ent_io_map_put(x, &w->carries, keys[i], i));
    }
    free(keys);
    return ok;
}

/* A window's length is computed unchecked everywhere else. */
static bool has_sound_bounds(const ent_window_state *w)
{
    int64_t length;
    return w->from <= w->lo && w->lo < w->to && w->to <= w->ends && w->whole_ns > 0 &&
           !__builtin_sub_overflow(w->to, w->from, &length) && w->from > INT64_MIN;
}

static bool io_window(ent_io *x, ent_objectivestate *o, ent_window_state *w)
{
    return ent_io_i64(x, &w->from) && ent_io_i64(x, &w->to) && ent_io_i64(x, &w->lo) &&
           ent_io_i64(x, &w->ends) && ent_io_i64(x, &w->whole_ns) && ent_io_bool(x, &w->part) &&
           ent_io_check(x, has_sound_bounds(w), "a window that is none") && io_groups(x, o, w) &&
           io_seen(x, o, w) && (!o->causes || io_carried(x, o, w));
}

static bool io_windows(ent_io *x, ent_objectivestate *o)
{
    size_t n = o->n_active;
    if (!ent_io_count(x, &n, 57)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading) {
            if (!ent_io_grow(x, (void **)&o->active, &o->active_capacity, i, sizeof *o->active)) {
                return false;
            }
            o->active[i] = calloc(1, sizeof **o->active);
            if (!o->active[i]) {
                return ent_io_no_memory(x);
            }
            o->n_active = i + 1;
        }
        if (!io_window(x, o, o->active[i])) {
            return false;
        }
    }
    return true;
}

/* --- sampled keys --- */

static bool io_tracker_keys(ent_io *x, const ent_objectivestate *o, const ent_fold_row *fold,
                            ent_tracker *t)
{
    const ent_image *p = x->s->program;
    size_t n_causes = (size_t)fold->n_causes;
    for (size_t i = 0; i < o->n_uses + n_causes; i++) {
        const ent_spanuse_row *use =
            i < o->n_uses ? o->uses[i] : &p->spanuse[fold->first_cause + (int64_t)(i - o->n_uses)];
        if (use->calendar >= 0 || (i < o->n_uses && use->feed != fold->feed)) {
            t->use_keys[i] = INT64_MIN;
            continue;
        }
        ent_key_shape shape = ent_key_shape_of_use(p, use, fold->feed);
        if (!ent_io_key_or_none(x, &shape, &t->use_keys[i])) {
            return false;
        }
    }
    return true;
}

static bool io_tracker(ent_io *x, const ent_objectivestate *o, const ent_fold_row *fold,
                       ent_tracker *t)
{
    const ent_image *p = x->s->program;
    ent_key_shape key = ent_key_shape_of_feed(p, fold->feed);
    ent_key_shape subject = {
        .feed = &p->feed[fold->feed], .first = fold->first_group, .n = fold->n_groups};
    int64_t state = t->state;
    bool ok = ent_io_key(x, &key, &t->key) && ent_io_key(x, &subject, &t->subject) &&
              ent_io_i64(x, &t->first_seen) && ent_io_i64(x, &t->accounted) &&
              ent_io_i64(x, &t->last_at) && ent_io_index(x, &state, -1, 2) &&
              ent_io_index(x, &t->service, -1, (int64_t)p->n_service) &&
              ent_io_i64(x, &t->bad_since) && ent_io_i64(x, &t->origin);
    t->state = (int8_t)state;
    return ok && io_tracker_keys(x, o, fold, t);
}

static bool io_trackers(ent_io *x, ent_objectivestate *o, size_t k)
{
    const ent_fold_row *fold = &x->s->program->fold[o->row->first_fold + (int64_t)k];
    ent_trackers *all = &o->trackers[k];
    size_t n = all->n;
    if (!ent_io_count(x, &n, 56) ||
        !ent_io_check(x, n == 0 || fold->feed >= 0, "samples of no feed")) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading) {
            size_t n_keys = o->n_uses + (size_t)fold->n_causes + 1;
            if (!ent_io_grow(x, (void **)&all->v, &all->capacity, all->n, sizeof *all->v)) {
                return false;
            }
            all->v[all->n].use_keys = calloc(n_keys, sizeof(int64_t));
            if (!all->v[all->n].use_keys) {
                return ent_io_no_memory(x);
            }
            all->n++;
        }
        if (!io_tracker(x, o, fold, &all->v[i]) ||
            (x->reading && !ent_io_map_put(x, &all->keys, all->v[i].key, i))) {
            return false;
        }
    }
    return true;
}

/* --- causes --- */

static bool io_marks(ent_io *x, ent_marks *m)
{
    size_t n = m->n;
    if (!ent_io_count(x, &n, 17)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading && !ent_io_grow(x, (void **)&m->v, &m->capacity, m->n++, sizeof *m->v)) {
            return false;
        }
        ent_mark *v = &m->v[i];
        if (!ent_io_i64(x, &v->at) || !ent_io_i64(x, &v->run_from) || !ent_io_bool(x, &v->bad) ||
            !ent_io_check(x, i == 0 || v->at > m->v[i - 1].at, "samples in disorder")) {
            return false;
        }
    }
    return true;
}

/* Whether what settling the suspect will look at is there. */
static bool is_sound(const ent_io *x, const ent_objectivestate *o, const ent_suspect *v)
{
    const ent_image *p = x->s->program;
    const ent_window_state *w = v->window;
    bool inside = v->from >= w->lo && v->to <= w->to && v->group < w->n_groups;
    if (o->causes->stretches) {
        return inside && v->from < v->to && v->tracker < o->trackers[0].n;
    }
    return inside && v->from == v->to && v->from < w->to && o->causes->seeks && v->service >= 0 &&
           p->service[v->service].n_dependencies > 0;
}

static size_t place_of(const ent_objectivestate *o, const ent_window_state *w)
{
    size_t at = 0;
    while (at < o->n_active && o->active[at] != w) {
        at++;
    }
    return at;
}

static bool io_suspect(ent_io *x, const ent_objectivestate *o, ent_suspect *v)
{
    const ent_image *p = x->s->program;
    const ent_fold_row *fold = &p->fold[o->row->first_fold];
    ent_key_shape shape = shape_of_samples(p, o, 0);
    int64_t window = x->reading ? 0 : (int64_t)place_of(o, v->window);
    bool stretch = o->causes->stretches;
    if (!ent_io_index(x, &window, 0, (int64_t)o->n_active)) {
        return false;
    }
    v->window = o->active[window];
    return ent_io_i64(x, &v->from) && ent_io_i64(x, &v->to) &&
           (!stretch || ent_io_key(x, &shape, &v->key)) &&
           ent_io_index(x, &v->service, -1, (int64_t)p->n_service) &&
           ent_io_index(x, &v->root, -1, (int64_t)p->n_service) && ent_io_u32(x, &v->group) &&
           ent_io_u32(x, &v->tracker) && ent_io_i64(x, &v->first) &&
           ent_io_i64(x, &v->origin) && ent_io_i64(x, &v->until_origin) &&
           (fold->value < 0 || ent_io_cell(x, fold->value_type, fold->param, &v->value)) &&
           ent_io_check(x, is_sound(x, o, v), "a sample that is none");
}

static bool io_causes(ent_io *x, ent_objectivestate *o)
{
    ent_causes *c = o->causes;
    size_t n = c->n_suspects;
    for (size_t i = 0; c->seeks && !c->borrows && i < x->s->program->n_service; i++) {
        if (!io_marks(x, &c->marks[i])) {
            return false;
        }
    }
    if (!ent_io_i64(x, &c->settled_until) || !ent_io_count(x, &n, 57)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading && !ent_io_grow(x, (void **)&c->suspects, &c->suspects_capacity,
                                       c->n_suspects++, sizeof *c->suspects)) {
            return false;
        }
        if (!io_suspect(x, o, &c->suspects[i])) {
            return false;
        }
    }
    return true;
}

/* --- objectives --- */

/* Every window that begins before the watermark has been opened, and none is opened twice. Who
 * decides by the windows of another objective opens none. */
static bool is_next(const ent_engine *s, const ent_objectivestate *o)
{
    int64_t start;
    bool opens = o->lender < 0 || o->own_causes;
    if (o->started != s->started || !o->started || o->exhausted || !opens) {
        return o->started == s->started;
    }
    if (o->row->window == ENT_UNIT_ROLLING) {
        return !__builtin_sub_overflow(o->next_end, o->row->roll_ns, &start) &&
               start >= s->watermark;
    }
    return o->next_each.from < o->next_each.to &&
           (o->next_each.from >= s->watermark || o->next_each.from >= o->to);
}

static bool io_objective(ent_io *x, ent_objectivestate *o)
{
    if (!ent_io_bool(x, &o->started) || !ent_io_bool(x, &o->exhausted) ||
        !ent_io_i64(x, &o->next_each.from) || !ent_io_i64(x, &o->next_each.to) ||
        !ent_io_i64(x, &o->next_end) ||
        !ent_io_check(x, is_next(x->s, o), "windows that would be opened twice") ||
        !io_windows(x, o)) {
        return false;
    }
    for (size_t k = 0; k < (size_t)o->row->n_folds; k++) {
        if (!io_trackers(x, o, k)) {
            return false;
        }
    }
    return !o->causes || io_causes(x, o);
}

bool ent_save_objectives(ent_io *x)
{
    for (size_t i = 0; i < x->s->program->n_objective; i++) {
        if (!io_objective(x, &x->s->objectives[i])) {
            return false;
        }
    }
    return true;
}
