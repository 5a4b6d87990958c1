/* Clocks over a calendar and pauses. Pauses are few for one key, so they are walked in order and
 * the calendar answers for the stretches between them by its running sums.
 * Tested by tests/unit/test_time.c and tests/property/time_oracle.py. */
#include "clock.h"

#include "arith.h"

/* Open time in [from, to) without regard to pauses. */
static int64_t open_time(const ent_calendar *calendar, int64_t from, int64_t to)
{
    if (to <= from) {
        return 0;
    }
    return calendar ? ent_calendar_elapsed(calendar, from, to) : ent_time_sub(to, from);
}

int64_t ent_clock_elapsed(const ent_calendar *calendar, const ent_intervals *pauses, int64_t start,
                          int64_t at)
{
    int64_t net = 0, from = start;
    size_t n = pauses ? pauses->n : 0;
    for (size_t i = n ? ent_intervals_find(pauses, start) : 0; i < n && from < at; i++) {
        if (pauses->v[i].from >= at) {
            break;
        }
        net = ent_time_add(net, open_time(calendar, from, pauses->v[i].from));
        from = pauses->v[i].to;
    }
    return ent_time_add(net, open_time(calendar, from, at));
}

bool ent_clock_due(const ent_calendar *calendar, const ent_intervals *pauses, int64_t start,
                   int64_t allowed_ns, int64_t *due)
{
    if (allowed_ns <= 0) {
        *due = start;
        return allowed_ns == 0;
    }
    int64_t left = allowed_ns, from = start;
    size_t n = pauses ? pauses->n : 0;
    for (size_t i = n ? ent_intervals_find(pauses, start) : 0; i < n; i++) {
        int64_t ran = open_time(calendar, from, pauses->v[i].from);
        if (ran >= left) {
            break;
        }
        left -= ran;
        from = pauses->v[i].to;
    }
    if (calendar) {
        return ent_calendar_due(calendar, from, left, due);
    }
    return !__builtin_add_overflow(from, left, due);
}

bool ent_clock_next_running(const ent_calendar *calendar, const ent_intervals *pauses, int64_t t,
                            int64_t *out)
{
    for (;;) {
        int64_t at = t;
        if (calendar) {
            ent_interval open;
            if (!ent_calendar_next_open(calendar, at, &open)) {
                return false;
            }
            at = open.from > at ? open.from : at;
        }
        size_t i = pauses ? ent_intervals_find(pauses, at) : 0;
        if (!pauses || i == pauses->n || pauses->v[i].from > at) {
            *out = at;
            return at != INT64_MAX;
        }
        t = pauses->v[i].to;
        if (t == INT64_MAX) {
            return false;
        }
    }
}

bool ent_clock_runout(const ent_calendar *calendar, const ent_intervals *pauses, int64_t start,
                      int64_t allowed_ns, int64_t *runout)
{
    int64_t due;
    return ent_clock_due(calendar, pauses, start, allowed_ns, &due) &&
           ent_clock_next_running(calendar, pauses, due, runout);
}

bool ent_clock_slice(const ent_calendar *calendar, const ent_intervals *pauses, int64_t from,
                     int64_t to, ent_intervals *out)
{
    static const ent_intervals none = {0};
    ent_intervals open = {0};
    bool ok = calendar ? ent_calendar_slice(calendar, from, to, &open)
                       : ent_intervals_add(&open, from, to);
    ok = ok && ent_intervals_subtract(out, &open, pauses ? pauses : &none);
    ent_intervals_deinit(&open);
    return ok;
}
