/* A duty's clock: it runs while its calendar is open (always, without one) and it is not paused.
 *
 *     elapsed  the time it ran in [start, at)
 *     due      the first instant at which it has run for the allowance
 *     run-out  the last such instant: where due falls on a closing time or on the beginning of a
 *              pause, the clock stands still with nothing left until it would run again
 *
 * elapsed and due are exact inverses: elapsed(start, due(a)) == a, and due(elapsed(start, t)) <= t
 * with the clock standing still in between. A discharge at `at` is in time exactly when
 * elapsed(start, at) <= allowed, which is the same as at <= run-out.
 *
 * Pauses are sets of intervals (interval.h); several kinds are united by the caller. A pause whose
 * end is not known has to = INT64_MAX. Nothing allocates except ent_clock_slice; the functions are
 * pure. Tested by tests/unit/test_time.c and, by enumerating minutes, by
 * tests/property/time_oracle.py. */
#ifndef ENT_TIME_CLOCK_H
#define ENT_TIME_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "calendar.h"
#include "interval.h"

/* In all of these calendar and pauses may be NULL. */

/* 0 if at <= start. */
int64_t ent_clock_elapsed(const ent_calendar *calendar, const ent_intervals *pauses, int64_t start,
                          int64_t at);

/* False if the clock never gets there (an open-ended pause, the calendar's last year, the end of
 * int64), or if allowed_ns is negative. start itself for 0. */
bool ent_clock_due(const ent_calendar *calendar, const ent_intervals *pauses, int64_t start,
                   int64_t allowed_ns, int64_t *due);

/* False also if the clock reaches the allowance and never runs again: it cannot run out. */
bool ent_clock_runout(const ent_calendar *calendar, const ent_intervals *pauses, int64_t start,
                      int64_t allowed_ns, int64_t *runout);

/* The first instant >= t at which the clock runs. False if it never does. */
bool ent_clock_next_running(const ent_calendar *calendar, const ent_intervals *pauses, int64_t t,
                            int64_t *out);

/* out becomes the stretches of [from, to) in which the clock runs. False if memory ran out. */
bool ent_clock_slice(const ent_calendar *calendar, const ent_intervals *pauses, int64_t from,
                     int64_t to, ent_intervals *out);

#endif
