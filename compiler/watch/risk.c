/* How open windows and clocks stand, as JSON for /standing and the page, and which of them are at
 * risk.
 *
 * At risk is a clock that has used up the part that its duty warns at (three quarters where it says
 * nothing), and a window whose budget is gone, is below a quarter, or will be gone before the
 * window ends. The answer is kept for a while: it costs a copy of the engine's state. */
#include "compiler/watch/internal.h"
#include "compiler/watch/keys.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/state/standing.h"

enum { ROWS_MAX = 2000, RARELY = 20 };

static int64_t steady_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * ENT_WATCH_SECOND + now.tv_nsec;
}

static void key_scaled(ent_json_out *out, const char *key, ent_q q, ent_q scale)
{
    if (ent_q_mul(q, scale, &q)) {
        ent_watch_key_figure(out, key, q);
    }
}

static void write_name(ent_json_out *out, const ent_image *p, const ent_engine *copy,
                       const ent_verdict *d)
{
    char buf[64];
    bool duty = d->kind == ENT_VERDICT_DUTY;
    int64_t agreement = duty ? p->duty[d->clause].agreement : p->objective[d->clause].agreement;
    int64_t title = duty ? p->duty[d->clause].title : p->objective[d->clause].title;
    ent_json_key_text(out, "agreement", ent_image_text(p, p->agreement[agreement].name));
    ent_json_key_text(
        out, "clause",
        ent_image_text(p, duty ? p->duty[d->clause].name : p->objective[d->clause].name));
    if (title >= 0) {
        ent_json_key_text(out, "title", ent_image_text(p, title));
    }
    if (ent_engine_subject_fields(copy, d) > 0) {
        ent_json_key(out, "subject");
        ent_json_begin_object(out);
        for (size_t k = 0; k < ent_engine_subject_fields(copy, d); k++) {
            ent_json_key_text(out, ent_engine_subject_name(copy, d, k),
                              ent_engine_subject_text(copy, d, k, buf, sizeof buf));
        }
        ent_json_end_object(out);
    }
}

static void write_clock(ent_json_out *out, const ent_image *p, const ent_standing_row *row)
{
    const ent_verdict *d = row->decision;
    ent_watch_key_instant(out, "began", d->at_ns, NULL);
    if (d->has_due) {
        ent_watch_key_instant(out, "due", d->due_ns, NULL);
    }
    ent_watch_key_seconds(out, "elapsed", d->elapsed_ns);
    ent_watch_key_seconds(out, "allowed", d->allowed_ns);
    ent_watch_key_seconds(out, "left", row->left_ns);
    ent_json_key_bool(out, "paused", row->paused);
    if (row->holder >= 0) {
        ent_json_key_text(out, "holder", ent_image_text(p, p->party[row->holder].name));
    }
}

static void write_window(ent_json_out *out, const ent_image *p, const ent_standing_row *row)
{
    const ent_verdict *d = row->decision;
    char text[ENT_Q_TEXT_SIZE + 8];
    ent_q part;
    ent_watch_key_instant(out, "from", d->from_ns, NULL);
    ent_watch_key_instant(out, "to", d->to_ns, NULL);
    if (ent_ledger_measure(p, &p->objective[d->clause], d, text, sizeof text)) {
        ent_json_key_text(out, "measure", text);
    }
    ent_ledger_target(p, &p->objective[d->clause], text, sizeof text);
    ent_json_key_text(out, "target", text);
    if (row->budget.unit == ENT_BUDGET_NONE) {
        return;
    }
    static const char *const units[] = {"", "samples", "seconds", "measure"};
    const ent_q scale = {1, row->budget.unit == ENT_BUDGET_TIME ? ENT_WATCH_SECOND : 1};
    ent_json_key_text(out, "budget_unit", units[row->budget.unit]);
    key_scaled(out, "budget_allowed", row->budget.allowed, scale);
    key_scaled(out, "budget_spent", row->budget.spent, scale);
    key_scaled(out, "budget_left", row->budget.left, scale);
    if (row->budget.allowed.num > 0 && ent_q_div(row->budget.left, row->budget.allowed, &part)) {
        ent_watch_key_figure(out, "budget_part", part);
    }
    if (row->budget.has_rate) {
        ent_watch_key_figure(out, "burn_rate", row->budget.burn_rate);
    }
    if (row->budget.has_gone) {
        ent_watch_key_instant(out, "gone", row->budget.gone_ns, NULL);
    }
}

static bool on_row(void *user, const ent_engine *copy, const ent_standing_row *row)
{
    ent_watch *w = user;
    const ent_image *p = w->program;
    ent_watch_standing *s = &w->standing;
    if (row->decision->kind == ENT_VERDICT_POOL || s->n == ROWS_MAX) {
        return true;
    }
    if (s->n == s->capacity) {
        size_t capacity = s->capacity ? s->capacity * 2 : 64;
        ent_watch_row *grown = realloc(s->v, capacity * sizeof *grown);
        if (!grown) {
            return false;
        }
        s->v = grown;
        s->capacity = capacity;
    }
    ent_watch_row *one = &s->v[s->n++];
    *one = (ent_watch_row){.kind = row->decision->kind,
                           .clause = row->decision->clause,
                           .at_risk = ent_standing_at_risk(p, row)};
    ent_json_out *out = &one->json;
    ent_json_init(out, 0);
    ent_json_begin_object(out);
    write_name(out, p, copy, row->decision);
    ent_json_key_text(out, "status", ent_status_name(row->status));
    ent_json_key_bool(out, "over", row->status == ENT_STATUS_BREACH);
    if (row->decision->kind == ENT_VERDICT_DUTY) {
        write_clock(out, p, row);
    } else {
        write_window(out, p, row);
    }
    ent_json_end_object(out);
    return ent_json_is_complete(out);
}

void ent_watch_standing_clear(ent_watch *w)
{
    for (size_t i = 0; i < w->standing.n; i++) {
        ent_json_deinit(&w->standing.v[i].json);
    }
    w->standing.n = 0;
}

void ent_watch_standing_free(ent_watch *w)
{
    ent_watch_standing_clear(w);
    free(w->standing.v);
    ent_json_deinit(&w->standing.answer);
}

const ent_watch_standing *ent_watch_standing_now(ent_watch *w)
{
    ent_watch_standing *s = &w->standing;
    ent_fault fault;
    int64_t begun = steady_clock();
    int64_t at = ent_watch_reached(w);
    bool same = s->changes == w->changes && s->at_ns == at;
    bool fresh = begun - s->asked_ns < s->took_ns * RARELY + ENT_WATCH_SECOND / 4;
    if (w->watermark_ns == INT64_MIN || w->finished || (s->asked && (same || fresh))) {
        return s;
    }
    ent_watch_standing_clear(w);
    s->changes = w->changes;
    s->at_ns = at;
    s->copies++;
    if (!ent_engine_standing(w->engine, at, on_row, w, &fault)) {
        ent_watch_say(w, "warning: how things stand cannot be told: %s", fault.message);
    }
    s->asked = true;
    s->asked_ns = steady_clock();
    s->took_ns = s->asked_ns - begun;
    return s;
}
