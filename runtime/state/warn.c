/* See warn.h. */
#include "runtime/state/warn.h"

#include "runtime/state/state.h"

/* The part of the allowance at which the duty warns; false: it does not. */
static bool early_allowance(const ent_engine *s, const ent_dutystate *d, const ent_clock *c,
                            int64_t *ns)
{
    ent_q part;
    ent_i128 rounded;
    if (d->row->warn < 0 ||
        !ent_q_mul(ent_q_from_i64(c->allowed_ns), s->program->constants[d->row->warn].v.q, &part) ||
        !ent_q_round(part, 0, ENT_ROUND_UP, &rounded) || rounded > INT64_MAX) {
        return false;
    }
    *ns = (int64_t)rounded;
    return true;
}

/* Net time is at most what has passed, so most clocks are not looked at any further. */
static bool may_be_there(const ent_engine *s, const ent_clock *c, int64_t allowed_ns)
{
    return c->state == ENT_CLOCK_RUNNING && c->start != INT64_MIN &&
           ent_add_sat(c->start, allowed_ns) < s->watermark;
}

typedef struct asking {
    ent_engine *s;
    ent_warning_fn fn;
    void *user;
    bool stopped;
} asking;

static bool tell(asking *a, const ent_dutystate *d, const ent_clock *c, ent_warning_kind kind,
                 int64_t at, int64_t due)
{
    ent_warning w = {at, (uint8_t)kind, d->index, c->key, due};
    a->stopped = !a->fn(a->user, a->s, &w, c->trigger_at);
    return !a->stopped;
}

/* false: no memory, or stopped. */
static bool look_at(asking *a, const ent_dutystate *d, const ent_clock *c)
{
    ent_engine *s = a->s;
    int64_t early_ns = 0;
    bool has_due, has_runout, has_early, unused;
    int64_t due, runout, at, unused_ns;
    bool warns =
        early_allowance(s, d, c, &early_ns) && may_be_there(s, c, early_ns);
    bool over = may_be_there(s, c, c->allowed_ns);
    if (!warns && !over) {
        return true;
    }
    if (!ent_clockstate_due(s, d, c, c->allowed_ns, s->watermark, &has_due, &due, &has_runout, &runout)) {
        return false;
    }
    if (warns) {
        if (!ent_clockstate_due(s, d, c, early_ns, s->watermark, &has_early, &at, &unused,
                                &unused_ns)) {
            return false;
        }
        if (has_early && at < s->watermark &&
            !tell(a, d, c, ENT_WARNING_WARN, at, has_due ? due : INT64_MAX)) {
            return false;
        }
    }
    return !has_runout || runout >= s->watermark || tell(a, d, c, ENT_WARNING_RUN_OUT, runout, due);
}

bool ent_engine_warnings(ent_engine *s, ent_warning_fn fn, void *user, ent_fault *error)
{
    asking a = {s, fn, user, false};
    *error = (ent_fault){.place = -1};
    for (size_t i = 0; s->started && i < s->program->n_duty; i++) {
        const ent_dutystate *d = &s->duties[i];
        for (size_t k = 0; k < d->n_clocks; k++) {
            if (!look_at(&a, d, d->clocks[k])) {
                return a.stopped ? ent_fail(s, error, ENT_FAULT_ENVIRONMENT, "stopped by the host")
                                 : ent_no_memory(error);
            }
        }
    }
    return true;
}
