/* See standing.h. */
#include "runtime/state/standing.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/judge/answer.h"
#include "runtime/judge/clause.h"
#include "runtime/state/save.h"
#include "runtime/state/state.h"

/* --- a copy --- */

typedef struct memory {
    uint8_t *p;
    size_t n, capacity, at;
} memory;

static bool put(void *user, const void *bytes, size_t n)
{
    memory *m = user;
    if (!ent_reserve((void **)&m->p, &m->capacity, m->n + n, 1)) {
        return false;
    }
    memcpy(m->p + m->n, bytes, n);
    m->n += n;
    return true;
}

static bool get(void *user, void *bytes, size_t n)
{
    memory *m = user;
    if (m->n - m->at < n) {
        return false;
    }
    memcpy(bytes, m->p + m->at, n);
    m->at += n;
    return true;
}

static ent_engine *copy_of(const ent_engine *s, ent_fault *error)
{
    memory state = {0};
    ent_engine *copy = NULL;
    ent_engine_options options = s->options;
    options.strings = NULL;
    options.on_decision = NULL;
    options.lanes_max = s->lanes_max;
    bool ok = ent_engine_save(s, put, &state, error) &&
              ent_engine_restore(s->program, &options, get, &state, &copy, error);
    free(state.p);
    return ok ? copy : NULL;
}

static void drop_decisions(ent_engine *s)
{
    for (size_t i = 0; i < s->n_decisions; i++) {
        ent_answer_free(s->decisions[i].answer);
    }
    s->n_decisions = 0;
}

/* Takes the copy to the instant, and decides what is open there; what was final by then is left
 * out. */
static bool decide_open(ent_engine *s, int64_t at_ns, ent_fault *error)
{
    bool ok = true;
    s->options.notices = s->options.prompt = false;
    s->settle_at = SIZE_MAX;
    if (!ent_engine_advance(s, at_ns, error)) {
        return false;
    }
    drop_decisions(s);
    if (!s->started) {
        return true;
    }
    s->standing = true;
    s->to = s->watermark;
    s->to_set = true;
    for (size_t i = 0; ok && i < s->program->n_objective; i++) {
        ok = ent_objectivestate_close(s, &s->objectives[i], s->to, true, error);
    }
    for (size_t i = 0; ok && i < s->program->n_duty; i++) {
        ok = ent_dutystate_finish(s, &s->duties[i], error);
    }
    for (size_t i = 0; ok && i < s->n_decisions; i++) { /* nothing is priced, but shares are told */
        ent_answer *answer = s->decisions[i].answer;
        ok = !answer || ent_answer_seal(answer) || ent_no_memory(error);
    }
    return ok;
}

/* --- rows --- */

static bool of_clock(ent_engine *s, const ent_verdict *d, ent_standing_row *row, ent_fault *error)
{
    const ent_dutystate *duty = &s->duties[d->clause];
    uint32_t at = ent_map_get(&duty->running, d->subject);
    if (at == ENT_MAP_NONE) {
        return true;
    }
    const ent_clock *c = duty->clocks[at];
    int64_t later;
    row->holder = duty->row->party;
    for (size_t i = 0; i < c->holds.n && c->holds.v[i].at <= s->to; i++) {
        row->holder = c->holds.v[i].party < 0 ? duty->row->party : c->holds.v[i].party;
    }
    row->left_ns = d->allowed_ns - d->elapsed_ns;
    if (!ent_clockstate_elapsed(s, duty, c, ent_add_sat(s->to, 1), &later)) {
        return ent_no_memory(error);
    }
    row->paused = later == d->elapsed_ns;
    if (d->status == ENT_STATUS_PROVISIONAL && c->state == ENT_CLOCK_WAITING) {
        row->status = ENT_STATUS_MET;
    }
    return true;
}

static void of_window(const ent_engine *s, const ent_verdict *d, const ent_budget *budget,
                      ent_standing_row *row)
{
    const ent_image *p = s->program;
    const ent_objective_row *objective = &p->objective[d->clause];
    row->budget = *budget;
    if (d->has_measure) {
        bool met = ent_judge_met((int)objective->compare, d, &p->constants[objective->target]);
        row->status = met ? ENT_STATUS_MET : ENT_STATUS_BREACH;
    } else {
        row->status = objective->no_data == ENT_NODATA_BREACH ? ENT_STATUS_BREACH
                      : objective->no_data == ENT_NODATA_MET  ? ENT_STATUS_MET
                                                              : ENT_STATUS_NO_DATA;
    }
}

typedef struct entry {
    const ent_engine *s;
    size_t place;
} entry;

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a;
    const entry *y = b;
    const ent_verdict *p = &x->s->decisions[x->place];
    const ent_verdict *q = &y->s->decisions[y->place];
    if (p->kind != q->kind) {
        return p->kind < q->kind ? -1 : 1;
    }
    if (p->clause != q->clause) {
        return p->clause < q->clause ? -1 : 1;
    }
    int order = ent_subject_compare(x->s, p, q);
    if (order != 0) {
        return order;
    }
    int64_t from = p->kind == ENT_VERDICT_DUTY ? p->at_ns : p->from_ns;
    int64_t other = p->kind == ENT_VERDICT_DUTY ? q->at_ns : q->from_ns;
    return from < other ? -1 : from > other;
}

static bool tell(ent_engine *s, size_t place, ent_standing_fn fn, void *user, ent_fault *error)
{
    const ent_verdict *d = &s->decisions[place];
    ent_standing_row row = {.decision = d, .status = d->status, .holder = -1};
    row.budget.allowed = row.budget.spent = row.budget.left = row.budget.burn_rate = (ent_q){0, 1};
    if (d->kind == ENT_VERDICT_DUTY) {
        if (!of_clock(s, d, &row, error)) {
            return false;
        }
    } else {
        of_window(s, d, &s->budgets[place], &row);
    }
    int64_t agreement = ent_verdict_clause(s->program, d).agreement;
    if (s->options.not_in_force && s->options.not_in_force[agreement]) {
        row.status = ENT_STATUS_NOT_IN_FORCE;
    }
    return fn(user, s, &row) ||
           ent_fail(s, error, ENT_FAULT_ENVIRONMENT, "stopped by the host");
}

static bool tell_all(ent_engine *s, ent_standing_fn fn, void *user, ent_fault *error)
{
    entry *sorted = malloc((s->n_decisions + 1) * sizeof *sorted);
    if (!sorted) {
        return ent_no_memory(error);
    }
    for (size_t i = 0; i < s->n_decisions; i++) {
        sorted[i] = (entry){s, i};
    }
    qsort(sorted, s->n_decisions, sizeof *sorted, compare_entries);
    bool ok = true;
    for (size_t i = 0; ok && i < s->n_decisions; i++) {
        ok = tell(s, sorted[i].place, fn, user, error);
    }
    free(sorted);
    return ok;
}

bool ent_standing_tell(ent_engine *copy, ent_standing_fn fn, void *user, ent_fault *error)
{
    *error = (ent_fault){.place = -1};
    return tell_all(copy, fn, user, error);
}

ent_engine *ent_standing_copy(const ent_engine *engine, int64_t at_ns, ent_fault *error)
{
    *error = (ent_fault){.place = -1};
    if (engine->ended || at_ns < engine->watermark) {
        (void)ent_fail(NULL, error, ENT_FAULT_USAGE, "standing is asked for %s",
                       engine->ended ? "after the end" : "below the watermark");
        return NULL;
    }
    ent_engine *copy = copy_of(engine, error);
    if (copy && !decide_open(copy, at_ns, error)) {
        ent_engine_free(copy);
        return NULL;
    }
    return copy;
}

bool ent_engine_standing(const ent_engine *engine, int64_t at_ns, ent_standing_fn fn, void *user,
                         ent_fault *error)
{
    ent_engine *copy = ent_standing_copy(engine, at_ns, error);
    bool ok = copy && ent_standing_tell(copy, fn, user, error);
    ent_engine_free(copy);
    return ok;
}

bool ent_standing_at_risk(const ent_image *p, const ent_standing_row *row)
{
    const ent_verdict *d = row->decision;
    ent_q part = {3, 4};
    ent_q bound;
    if (d->kind == ENT_VERDICT_OBJECTIVE) {
        return row->status == ENT_STATUS_BREACH ||
               (row->budget.unit != ENT_BUDGET_NONE &&
                (row->budget.has_gone || (ent_q_mul(row->budget.allowed, (ent_q){1, 4}, &bound) &&
                                          ent_q_cmp(row->budget.left, bound) < 0)));
    }
    if (row->status != ENT_STATUS_PROVISIONAL && row->status != ENT_STATUS_BREACH) {
        return false;
    }
    part = p->duty[d->clause].warn >= 0 ? p->constants[p->duty[d->clause].warn].v.q : part;
    return ent_q_mul(ent_q_from_i64(d->allowed_ns), part, &bound) &&
           ent_q_cmp(ent_q_from_i64(d->elapsed_ns), bound) >= 0;
}
