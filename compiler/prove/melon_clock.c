/* See melon.h. */
#include "compiler/prove/melon.h"
#include "runtime/time/arith.h"
#include "runtime/time/clock.h"

enum { HORIZON_DAYS = 200 };

void ent_melon_clock_stop(ent_melon_clock *c)
{
    ent_calendar_free(c->calendar);
    ent_intervals_deinit(&c->pauses);
    for (size_t i = 0; i < c->n_excused; i++) {
        ent_calendar_free(c->excused[i]);
    }
    *c = (ent_melon_clock){0};
}

static bool add_pause(const ent_calendar_decl *d, int64_t from, ent_intervals *pauses)
{
    ent_intervals open = {0};
    ent_calendar *calendar = ent_decl_calendar(d);
    bool ok = calendar != NULL && ent_calendar_slice(calendar, from, from + HORIZON_DAYS * ENT_TIME_DAY_NS, &open);
    for (size_t i = 0; ok && i < open.n; i++) {
        ok = ent_intervals_add(pauses, open.v[i].from, open.v[i].to);
    }
    ent_intervals_deinit(&open);
    ent_calendar_free(calendar);
    return ok;
}

bool ent_melon_clock_make(ent_melon_clock *c, const ent_duty_decl *d, const ent_allow_decl *allow, int64_t from)
{
    *c = (ent_melon_clock){.d = d, .allow = allow};
    bool ok = true;
    if (allow->use != NULL) {
        c->calendar = ent_decl_calendar(allow->use->calendar);
        ok = c->calendar != NULL;
    }
    for (size_t i = 0; ok && i < d->n_pauses; i++) {
        ok = d->pauses[i].calendar == NULL || add_pause(d->pauses[i].calendar, from, &c->pauses);
    }
    for (size_t i = 0; ok && i < d->n_excused; i++) {
        if (d->excused[i].calendar != NULL) {
            ok = c->n_excused < sizeof c->excused / sizeof *c->excused;
            ent_calendar *calendar = ok ? ent_decl_calendar(d->excused[i].calendar) : NULL;
            ok = calendar != NULL;
            c->excused[c->n_excused] = calendar;
            c->n_excused += ok;
        }
    }
    return ok;
}

bool ent_melon_kept_until(const ent_melon_clock *c, int64_t start, int64_t first, int64_t *at)
{
    return ent_clock_runout(c->calendar, &c->pauses, start, c->allow->ns, at) &&
           *at < first + HORIZON_DAYS * ENT_TIME_DAY_NS;
}

bool ent_melon_is_excused(const ent_melon_clock *c, int64_t start)
{
    int64_t due;
    bool excused = !ent_clock_due(c->calendar, &c->pauses, start, c->allow->ns, &due);
    for (size_t i = 0; i < c->n_excused && !excused; i++) {
        excused = ent_calendar_contains(c->excused[i], due);
    }
    return excused;
}

bool ent_melon_covers(const ent_agreement_decl *a, int64_t at)
{
    return (a->from_day == INT64_MIN || at >= a->from_day * ENT_TIME_DAY_NS + ENT_TIME_DAY_NS / 2) &&
           (a->to_day == INT64_MAX || at <= a->to_day * ENT_TIME_DAY_NS + ENT_TIME_DAY_NS / 2);
}
