/* Closing a window: what silence adds, outcomes as they are known then, the measure, and the decision.
 * Opening windows and folding rows into them is in objective.c. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/objective.h"

/* Takes over the blame for an unmet outcome; `turns`: whether met would change what the share's condition
 * says of it. */
static bool add_unmet(ent_group *g, ent_unmet *u, int64_t at, bool turns)
{
    if (!ent_reserve((void **)&g->unmet, &g->unmet_capacity, g->n_unmet + 1, sizeof *g->unmet)) {
        return false;
    }
    u->at = at;
    u->turns = turns;
    g->unmet[g->n_unmet++] = *u;
    u->excess = NULL;
    return true;
}

/* Which of the lanes the share's condition holds in, were every clock met. */
static bool test_all_met(ent_engine *s, ent_feedstate *f, const ent_fold_row *fold,
                         ent_fault *error)
{
    ent_colbuf *met = &f->pending[1 + f->row->n_keys + 4];
    memset(met->data, 1, f->n_pending);
    f->n = f->n_pending;
    return fold->test < 0 || ent_feedstate_slice(s, f, INT64_MAX, error);
}

/* Keeps what the replay of unmet outcomes needs: those that count against the target, each with its blame.
 * The outcomes' feed has the place in `blames` as origin, because the slice was put in order. */
static bool keep_unmet(ent_engine *s, ent_objectivestate *o, ent_window_state *w,
                       const ent_fold_row *fold, ent_unmet *blames, int64_t hi, ent_fault *error)
{
    ent_feedstate *f = &s->feeds[fold->feed];
    size_t n = f->n;
    bool upper = o->row->compare == ENT_CMP_AT_MOST || o->row->compare == ENT_CMP_BELOW;
    uint8_t *before = malloc(n + 1);
    uint8_t *excluded = NULL;
    const uint8_t *group_absent;
    bool ok = before && ent_mark_excluded(s, o, w, f, 0, n, hi, &excluded);
    const int64_t *groups = NULL;
    for (size_t i = 0; ok && i < n; i++) {
        const uint8_t *select = ent_slot_bool(f, fold->select);
        const uint8_t *test = ent_slot_bool(f, fold->test);
        bool counts = (!select || select[i]) && !(excluded && excluded[i]);
        before[i] = !counts ? 2 : test ? test[i] : 1;
    }
    ok = ok && test_all_met(s, f, fold, error);
    groups = ok ? ent_feedstate_keys(s, f, fold->first_group, fold->n_groups, &group_absent) : NULL;
    ok = ok && groups;
    for (size_t i = 0; ok && i < n; i++) {
        const uint8_t *test = ent_slot_bool(f, fold->test);
        ent_unmet *u = &blames[((const int64_t *)f->origin.data)[i]];
        ent_group *g = group_absent && group_absent[i]
                           ? NULL
                           : ent_group_at(o, w, groups[i], o->row->subject == 2);
        if (g && before[i] == upper && u->over_ns > 0) {
            ok = add_unmet(g, u, ent_feedstate_at(f)[i], test && (test[i] != before[i]));
        }
    }
    free(before);
    free(excluded);
    return ok;
}

static bool fold_outcomes(ent_engine *s, ent_objectivestate *o, ent_window_state *w, size_t k,
                          int64_t hi, ent_fault *error)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
    ent_feedstate *f = &s->feeds[fold->feed];
    ent_unmet *blames = NULL;
    for (int64_t i = 0; i < f->row->n_fields; i++) {
        f->pending[i].n = 0;
        free(f->pending[i].absent);
        f->pending[i].absent = NULL;
    }
    f->origin.n = 0;
    if (!ent_dutystate_outcomes(s, f->row->duty, w->lo, hi, hi, f, o->replays_outcomes ? &blames : NULL,
                                error)) {
        return false;
    }
    size_t n = f->n_pending;
    f->unsorted = true;
    bool ok = ent_feedstate_slice(s, f, INT64_MAX, error);
    if (ok && !ent_fold_lanes(s, o, w, k, 0, f->n, hi)) {
        ok = ent_no_memory(error);
    }
    ok = ok && (!blames || keep_unmet(s, o, w, fold, blames, hi, error) || ent_no_memory(error));
    for (size_t i = 0; blames && i < n; i++) {
        free(blames[i].excess);
    }
    free(blames);
    f->n_pending = f->n = 0;
    return ok;
}

/* What a key should have sent or had by `hi`, and, where that counts as down, whose lack it is. */
static bool expect(ent_engine *s, ent_objectivestate *o, ent_window_state *w, size_t k,
                   ent_group *g, int64_t key, int64_t service, const int64_t *use_keys, int64_t hi)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
    ent_intervals out;
    ent_intervals_init(&out);
    bool ok = ent_excluded_set(s, o, w, fold->feed, use_keys, hi, &out);
    ent_interval heard = ent_engine_heard(s, fold->feed, (ent_interval){w->lo, hi});
    int64_t net = heard.to - heard.from - ent_intervals_measure(&out, heard.from, heard.to);
    ent_intervals_deinit(&out);
    int64_t interval = s->program->feed[fold->feed].interval_ns;
    bool down = o->causes &&
                o->row->missing == (o->causes->inverted ? ENT_MISSING_UP : ENT_MISSING_DOWN);
    if (!ok || fold->kind == ENT_AGG_TIME_SHARE) {
        g->folds[k].expected += net;
        const int64_t *known = down ? ent_window_seen(s, w, k, key) : NULL;
        return ok && (!down || (known && ent_causes_missing(s, o, g, service, 0, net - *known)));
    }
    int64_t observed = g->folds[k].observed;
    if (!ent_fold_subject_is_key(s, fold)) {
        int64_t *seen = ent_window_seen(s, w, k, key);
        if (!seen) {
            return false;
        }
        observed = *seen;
    }
    g->folds[k].expected += net / interval;
    int64_t missing = net / interval > observed ? net / interval - observed : 0;
    g->folds[k].missing += missing;
    return !down || ent_causes_missing(s, o, g, service, missing, 0);
}

static bool expect_silent(ent_engine *s, ent_objectivestate *o, ent_window_state *w, size_t k,
                          int64_t hi)
{
    const ent_image *p = s->program;
    const ent_fold_row *fold = &p->fold[o->row->first_fold + (int64_t)k];
    if (o->row->subject != 1 || !ent_fold_subject_is_key(s, fold)) {
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
        bool named = p->keyfield[fold->first_group].field == fold->service;
        ok = expect(s, o, w, k, g, g->key, named ? g->key : -1, use_keys, hi);
    }
    free(use_keys);
    return ok;
}

static bool close_silence(ent_engine *s, ent_objectivestate *o, ent_window_state *w, size_t k,
                          int64_t hi)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold + (int64_t)k];
    if (!ent_fold_tracks(s, fold)) {
        return true;
    }
    for (size_t i = 0; i < o->trackers[k].n; i++) {
        ent_tracker *t = &o->trackers[k].v[i];
        if (t->first_seen >= hi) {
            continue;
        }
        if (fold->kind == ENT_AGG_TIME_SHARE && !ent_tracker_account(s, o, k, t, hi)) {
            return false;
        }
        ent_group *g = ent_group_at(o, w, t->subject, o->row->subject == 2);
        if (!g && o->row->subject == 2) {
            return false;
        }
        if (g && !expect(s, o, w, k, g, t->key, t->service, t->use_keys, hi)) {
            return false;
        }
    }
    return expect_silent(s, o, w, k, hi);
}

/* `longest of S`, `time in S`, `time outside S`: from the span's intervals themselves. */
static bool close_span(ent_engine *s, ent_objectivestate *o, ent_window_state *w, size_t k,
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
            ok = one ? ent_excluded_use(s, o->uses[u], g->key, w->lo, hi, &out)
                     : ent_excluded_use_of_all(s, o->uses[u], w->lo, hi, &out);
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
static bool take_measure(const ent_objective_row *row, const ent_vector *column, ent_verdict *d)
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

static bool run_measure(ent_engine *s, const ent_objectivestate *o, ent_constant *figures,
                        uint8_t *absent, ent_verdict *d, ent_fault *error)
{
    const ent_image *p = s->program;
    const ent_kernel_row *kernel = &p->kernel[o->row->kernel];
    ent_vector *in = calloc((size_t)kernel->n_inputs + 1, sizeof *in);
    ent_constant *fitted = calloc((size_t)kernel->n_inputs + 1, sizeof *fitted);
    ent_vector out = {0};
    bool ok = in && fitted;
    for (int64_t i = 0; ok && i < kernel->n_inputs; i++) {
        const ent_input_row *input = &p->input[kernel->first_input + i];
        fitted[i].cls = (uint8_t)input->cls;
        if (!absent[input->index] &&
            !fit_class((ent_class)input->cls, &figures[input->index], &fitted[i])) {
            ent_fail(s, error, ENT_FAULT_USAGE, "objective %s: a figure of another class",
                     ent_image_text(p, o->row->name));
            ok = false;
        }
        in[i] = (ent_vector){(ent_class)input->cls, &fitted[i].v,
                             absent[input->index] ? &absent[input->index] : NULL};
    }
    const ent_lane_error *errors = NULL;
    uint32_t n_errors = 0;
    ok = ok && ent_vm_run(s->vm, o->row->kernel, in, 1, &out, NULL, &errors, &n_errors);
    if (ok && n_errors > 0) {
        ent_fail(s, error, ENT_FAULT_DATA, "%s", errors[0].message);
        error->place = errors[0].place;
        ok = false;
    }
    ok = ok && take_measure(o->row, &out, d);
    free(in);
    free(fitted);
    return ok || ent_no_memory(error);
}

/* What is still allowed before the window is over: shown of shares, kept of all while standing is asked for. */
static bool take_budget(ent_engine *s, const ent_objectivestate *o, const ent_window_state *w,
                        const ent_group *g, int64_t hi, ent_verdict *d)
{
    ent_budget budget;
    bool some = ent_budget_of(s, o, w, g, hi, d, &budget);
    if (some && budget.unit == ENT_BUDGET_SAMPLES && o->row->compare == ENT_CMP_AT_LEAST) {
        d->has_budget = true;
        d->budget_left = budget.left;
        d->burn_rate = budget.has_rate ? budget.burn_rate : d->burn_rate;
    }
    if (!s->standing) {
        return true;
    }
    if (!ent_reserve((void **)&s->budgets, &s->budgets_capacity, s->n_decisions,
                     sizeof *s->budgets)) {
        return false;
    }
    s->budgets[s->n_decisions - 1] = budget;
    return true;
}

static void no_data_status(const ent_objective_row *row, ent_verdict *d)
{
    d->status = row->no_data == ENT_NODATA_BREACH ? ENT_STATUS_BREACH
                : row->no_data == ENT_NODATA_MET  ? ENT_STATUS_MET
                                                  : ENT_STATUS_NO_DATA;
    d->has_measure = false;
}

/* The fold's figure with the values of its bad samples, which are kept by their causes; it has their counts
 * already. Of values that are kept one by one, only how many were good is still wanted afterwards. */
static bool whole_result(ent_engine *s, const ent_objectivestate *o, size_t k, ent_group *g,
                         ent_constant *out, bool *absent, ent_fault *error)
{
    const ent_image *p = s->program;
    const ent_fold_row *fold = &p->fold[o->row->first_fold + (int64_t)k];
    ent_fold_state *state = &g->folds[k];
    bool listed = fold->kind == ENT_AGG_PERCENTILE || fold->kind == ENT_AGG_MEDIAN;
    int64_t missing = fold->kind == ENT_AGG_SHARE ? state->missing : 0;
    int policy = (int)o->row->missing;
    if (listed && g->whole) {
        return ent_fold_result(p, fold, state, missing, policy, out, absent, error);
    }
    if (!o->causes || fold->value < 0 || g->n_charged == 0 || ent_fold_sums_all(o, fold)) {
        g->n_good_values = state->n_values + state->n_narrow;
        return ent_fold_result(p, fold, state, missing, policy, out, absent, error);
    }
    ent_fold_state copy = {0};
    ent_fold_state *whole = listed ? state : &copy;
    bool ok = listed || ent_fold_merge(fold, whole, state);
    g->n_good_values = state->n_values + state->n_narrow;
    g->whole = listed;
    for (size_t i = 0; ok && i < g->n_charged; i++) {
        ent_fold_state values = g->charged[i].fold;
        values.n = values.bad_ns = 0;
        ok = ent_fold_merge(fold, whole, &values);
    }
    ok = ok ? ent_fold_result(p, fold, whole, missing, policy, out, absent, error)
            : ent_no_memory(error);
    ent_fold_deinit(&copy);
    return ok;
}

static bool decide_group(ent_engine *s, ent_objectivestate *o, ent_window_state *w, ent_group *g,
                         int64_t hi, bool final, ent_fault *error)
{
    const ent_image *p = s->program;
    const ent_objective_row *row = o->row;
    size_t n = (size_t)row->n_folds;
    ent_constant *figures = calloc(n + 1, sizeof *figures);
    uint8_t *absent = calloc(n + 1, 1);
    ent_verdict *d = ent_engine_decision(s);
    bool ok = figures && absent && d;
    bool any = false;
    for (size_t k = 0; ok && k < n; k++) {
        const ent_fold_row *fold = &p->fold[row->first_fold + (int64_t)k];
        ent_fold_state *state = &g->folds[k];
        int64_t missing = fold->kind == ENT_AGG_SHARE ? state->missing : 0;
        bool none = false;
        ok = whole_result(s, o, k, g, &figures[k], &none, error);
        absent[k] = none;
        bool silence = o->row->missing == ENT_MISSING_DOWN || o->row->missing == ENT_MISSING_UP;
        any |= state->rows > 0 || state->good_ns + state->bad_ns > 0 ||
               (silence && (missing > 0 || state->expected > 0));
        d->counts.samples += state->n;
        d->counts.bad += fold->kind == ENT_AGG_SHARE ? state->n - state->good : 0;
        d->counts.missing += missing;
        d->counts.absent += state->absent;
        d->counts.excluded += state->excluded;
    }
    if (ok) {
        d->kind = ENT_VERDICT_OBJECTIVE;
        d->clause = o->index;
        d->has_subject = row->subject != 0 && row->subject_field >= 0;
        d->subject = g->key;
        d->from_ns = w->from;
        d->to_ns = w->to;
        d->final = final;
        d->final_ns = final ? w->ends : hi;
        ok = run_measure(s, o, figures, absent, d, error);
    }
    if (ok && !final) {
        d->status = ENT_STATUS_PROVISIONAL;
        d->has_measure = d->has_measure && any;
        ok = take_budget(s, o, w, g, hi, d);
    } else if (ok && (!any || !d->has_measure)) {
        no_data_status(row, d);
    } else if (ok) {
        d->status = ent_judge_met((int)row->compare, d, &p->constants[row->target])
                        ? ENT_STATUS_MET
                        : ENT_STATUS_BREACH;
    }
    if (ok && final && d->status == ENT_STATUS_BREACH) {
        d->answer = ent_replay_answer(s, o, w, g, d);
        ok = d->answer != NULL;
    }
    if (ok && w->part) {
        ok = ent_q_make(w->to - w->from, w->whole_ns, &d->credit_fraction);
    }
    free(figures);
    free(absent);
    return ok || ent_no_memory(error);
}

/* w: whose bad samples count; folds: whose folds, of the same stretch of time. */
static bool decide_window(ent_engine *s, ent_objectivestate *o, ent_window_state *w, ent_window_state *folds,
                          int64_t hi, bool final, ent_fault *error)
{
    for (size_t i = 0; i < folds->n_groups; i++) {
        ent_group *g = &folds->groups[i];
        ent_group both = *g;
        if (w != folds) {
            static const ent_group none;
            const ent_group *own = ent_group_at(o, w, g->key, false);
            both = own ? *own : none;
            both.key = g->key;
            both.folds = g->folds;
            g = &both;
        }
        if (!decide_group(s, o, w, g, hi, final, error)) {
            return false;
        }
    }
    return true;
}

/* The lender's window that is the borrower's `w`, which is being closed in the same step. */
static ent_window_state *lent_window(const ent_objectivestate *lender, const ent_window_state *w)
{
    for (size_t i = 0; i < lender->n_active; i++) {
        if (lender->active[i]->from == w->from && lender->active[i]->to == w->to) {
            return lender->active[i];
        }
    }
    return NULL;
}

static bool close_window(ent_engine *s, ent_objectivestate *o, ent_window_state *w, int64_t hi,
                         bool final, ent_fault *error)
{
    if (o->lender >= 0) {
        ent_window_state *lent = lent_window(&s->objectives[o->lender], w);
        return (ent_causes_settle(s, o, hi, w) || ent_no_memory(error)) &&
               (!lent || decide_window(s, o, w, lent, hi, final, error));
    }
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
    if (o->causes && !ent_causes_settle(s, o, hi, w)) {
        return ent_no_memory(error);
    }
    return decide_window(s, o, w, w, hi, final, error);
}

/* Whether the window has come to its end, or the run has, and something of it is to be decided. */
static bool is_decided(const ent_engine *s, const ent_objectivestate *o, const ent_window_state *w,
                       int64_t until)
{
    /* a rolling window that does not lie wholly in the period is not decided */
    return (w->ends <= until || o->row->window != ENT_UNIT_ROLLING ||
            (s->standing && w == o->active[0])) &&
           w->lo < until;
}

/* Decides by the folds of the windows that the lender closed just now. */
static bool close_borrowed(ent_engine *s, ent_objectivestate *o, int64_t until, ent_fault *error)
{
    const ent_objectivestate *lender = &s->objectives[o->lender];
    bool ok = true;
    for (size_t i = 0; ok && i < lender->n_active; i++) {
        ent_window_state *w = lender->active[i];
        bool final = w->ends <= until;
        if (w->closed && is_decided(s, lender, w, until)) {
            ok = decide_window(s, o, w, w, final ? w->to : until, final, error);
        }
    }
    return ok;
}

bool ent_objectivestate_close(ent_engine *s, ent_objectivestate *o, int64_t until, bool end,
                              ent_fault *error)
{
    if (o->lender >= 0 && !o->own_causes) {
        return close_borrowed(s, o, until, error);
    }
    if (!ent_open_windows(s, o, until)) {
        return ent_no_memory(error);
    }
    bool ok = true;
    for (size_t i = 0; ok && i < o->n_active; i++) {
        ent_window_state *w = o->active[i];
        bool final = w->ends <= until;
        if (!final && !end) {
            continue;
        }
        if (is_decided(s, o, w, until)) {
            ok = close_window(s, o, w, final ? w->to : until, final, error);
        } else if (o->causes) {
            ok = ent_causes_settle(s, o, until, w) || ent_no_memory(error);
        }
        w->closed = true;
    }
    return ok;
}

void ent_objectivestate_drop_closed(ent_objectivestate *o)
{
    size_t kept = 0;
    for (size_t i = 0; i < o->n_active; i++) {
        if (o->active[i]->closed) {
            ent_window_free(o, o->active[i]);
        } else {
            o->active[kept++] = o->active[i];
        }
    }
    o->n_active = kept;
}
