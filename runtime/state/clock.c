/* The net time of a duty's clock: its calendar, its pauses, and the time between a discharge and its undoing.
 *
 * Everything is asked "as known at `now`": a pause that is open then ends there, one that begins later
 * does not exist yet.  Calendars that pause are known for ever.  The arithmetic itself is runtime/time/clock.h.
 * Oracle: tests/oracle, and the plain-data cases in tests/conformance/clocks. */
#include "runtime/time/clock.h"

#include "runtime/state/state.h"

/* How far ahead calendars that pause are first looked at, and the instant, 2200-01-01T00:00:00Z, beyond which
 * calendars are not worked out: an allowance that is not used up by then never is. */
#define HORIZON_FIRST_NS (INT64_C(400) * 24 * 3600 * 1000000000)
#define LAST_NS (INT64_C(7258118400) * 1000000000)

/* `within 4h of S` with a span S: whatever is not in S is a pause. */
static bool pause_outside(ent_engine *s, const ent_spanuse_row *use, int64_t key, int64_t from,
                          int64_t now, int64_t to, ent_intervals *pauses)
{
    ent_intervals inside;
    ent_intervals_init(&inside);
    bool ok = ent_use_collect(s, use, key, from, now, &inside);
    int64_t at = from;
    for (size_t i = 0; ok && i < inside.n; i++) {
        ok = ent_intervals_add(pauses, at, inside.v[i].from);
        at = inside.v[i].to;
    }
    ok = ok && ent_intervals_add(pauses, at, to);
    ent_intervals_deinit(&inside);
    return ok;
}

static bool collect_pauses(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t now,
                           int64_t horizon, ent_intervals *pauses, bool *endless)
{
    for (size_t i = 0; i < d->first_excused_use; i++) {
        const ent_spanuse_row *use = d->uses[i];
        bool calendar = use->calendar >= 0;
        *endless |= calendar;
        if (!calendar && ent_clock_key(d, c, i) == INT64_MIN) {
            continue;
        }
        if (!ent_use_collect(s, use, ent_clock_key(d, c, i), c->start, calendar ? horizon : now, pauses)) {
            return false;
        }
    }
    const ent_intervals *waits = c->more ? &c->more->waits : NULL;
    for (size_t i = 0; waits && i < waits->n; i++) {
        if (!ent_intervals_add(pauses, waits->v[i].from, waits->v[i].to)) {
            return false;
        }
    }
    int64_t allow_use = s->program->allow[c->allow].use;
    if (allow_use >= 0 && s->program->spanuse[allow_use].span >= 0) {
        size_t at = d->first_allow_use + (size_t)((int64_t)c->allow - d->row->first_allow);
        return pause_outside(s, &s->program->spanuse[allow_use], ent_clock_key(d, c, at), c->start, now,
                             horizon, pauses);
    }
    return true;
}

bool ent_clockstate_elapsed(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t at,
                            int64_t *elapsed_ns)
{
    *elapsed_ns = 0;
    if (c->state == ENT_CLOCK_WAITING && at > c->discharged_at) {
        at = c->discharged_at;
    }
    if (c->start == INT64_MIN || at <= c->start) {
        return true;
    }
    bool endless = false;
    ent_intervals_clear(&s->pauses);
    if (!collect_pauses(s, d, c, at, at, &s->pauses, &endless)) {
        return false;
    }
    *elapsed_ns = ent_clock_elapsed(ent_clock_base(s, c), &s->pauses, c->start, at);
    return true;
}

bool ent_clockstate_slices(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t at,
                           ent_intervals *out)
{
    ent_intervals_clear(out);
    if (c->start == INT64_MIN || at <= c->start) {
        return true;
    }
    bool endless = false;
    ent_intervals_clear(&s->pauses);
    return collect_pauses(s, d, c, at, at, &s->pauses, &endless) &&
           ent_clock_slice(ent_clock_base(s, c), &s->pauses, c->start, at, out);
}

bool ent_clockstate_due(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t allowed_ns,
                        int64_t now, bool *has_due, int64_t *due_ns, bool *has_runout, int64_t *runout_ns)
{
    *has_due = *has_runout = false;
    if (c->start == INT64_MIN) {
        return true;
    }
    int64_t span_ns = HORIZON_FIRST_NS;
    for (;;) {
        int64_t horizon = ent_add_sat(now > c->start ? now : c->start, span_ns);
        ent_intervals *pauses = &s->pauses;
        bool endless = false;
        ent_intervals_clear(pauses);
        if (!collect_pauses(s, d, c, now, horizon, pauses, &endless)) {
            return false;
        }
        const ent_calendar *base = ent_clock_base(s, c);
        *has_due = ent_clock_due(base, pauses, c->start, allowed_ns, due_ns) &&
                   *due_ns < LAST_NS;
        *has_runout = ent_clock_runout(base, pauses, c->start, allowed_ns, runout_ns) &&
                      *runout_ns < LAST_NS;
        bool settled = !endless || (*has_runout && *runout_ns < horizon);
        if (settled || horizon >= LAST_NS) {
            return true;
        }
        span_ns = ent_add_sat(span_ns, ent_add_sat(span_ns, span_ns));
    }
}

static bool excused_during(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t due)
{
    for (size_t i = d->first_excused_use; i < d->first_allow_use; i++) {
        const ent_spanuse_row *use = d->uses[i];
        bool keyed = use->calendar >= 0 || ent_clock_key(d, c, i) != INT64_MIN;
        if (keyed && ent_use_contains(s, use, ent_clock_key(d, c, i), due)) {
            return true;
        }
    }
    return false;
}

/* Whether the clock's pauses do not depend on how far ahead they are looked at. */
static bool ends_known(const ent_engine *s, const ent_dutystate *d, const ent_clock *c)
{
    int64_t use = s->program->allow[c->allow].use;
    for (size_t i = 0; i < d->first_excused_use; i++) {
        if (d->uses[i]->calendar >= 0) {
            return false;
        }
    }
    return use < 0 || s->program->spanuse[use].span < 0;
}

/* Elapsed time, due and run-out of a clock that has begun, over one set of pauses. */
static bool stand_at_once(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t now, ent_standing *out)
{
    const ent_calendar *base = ent_clock_base(s, c);
    ent_intervals *pauses = &s->pauses;
    bool endless = false;
    ent_intervals_clear(pauses);
    if (!collect_pauses(s, d, c, now, now, pauses, &endless)) {
        return false;
    }
    out->elapsed = now <= c->start ? 0 : ent_clock_elapsed(base, pauses, c->start, now);
    out->has_due = ent_clock_due(base, pauses, c->start, c->allowed_ns, &out->due) && out->due < LAST_NS;
    out->has_runout = out->has_due && ent_clock_next_running(base, pauses, out->due, &out->runout) &&
                      out->runout < LAST_NS;
    return true;
}

bool ent_clockstate_stand(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t now,
                          ent_standing *out)
{
    *out = (ent_standing){0};
    bool waits = c->state == ENT_CLOCK_WAITING && now > c->discharged_at;
    if (c->start != INT64_MIN && !waits && ends_known(s, d, c)) {
        if (!stand_at_once(s, d, c, now, out)) {
            return false;
        }
    } else if (!ent_clockstate_elapsed(s, d, c, now, &out->elapsed) ||
               !ent_clockstate_due(s, d, c, c->allowed_ns, now, &out->has_due, &out->due, &out->has_runout,
                                   &out->runout)) {
        return false;
    }
    out->over = out->elapsed > c->allowed_ns;
    if (out->has_runout && c->more && out->runout < c->more->changed_at) {
        out->runout = c->more->changed_at;
    }
    out->excused =
        out->over && (c->excused_when || (out->has_due && excused_during(s, d, c, out->due)));
    return true;
}
