/* The windows in which objectives are decided: calendar windows and rolling ones.
 *
 * Calendar windows follow one another without gap or overlap. They begin and end at local
 * midnights (ent_zone_midnight), so the window that contains a change of clocks is that much
 * shorter or longer. Weeks begin on Monday, quarters in January, April, July and October.
 * Pure functions. Tested by tests/unit/test_time.c and, in five zones over 44 years, by
 * tests/property/time_oracle.py. */
#ifndef ENT_TIME_WINDOW_H
#define ENT_TIME_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "interval.h"
#include "zone.h"

typedef enum ent_window_unit {
    ENT_WINDOW_DAY = 0,
    ENT_WINDOW_WEEK = 1,
    ENT_WINDOW_MONTH = 2,
    ENT_WINDOW_QUARTER = 3,
    ENT_WINDOW_YEAR = 4
} ent_window_unit;

/* The window with from <= t < to; at the limits of int64 it is cut there. */
void ent_window_containing(const ent_zone *zone, ent_window_unit unit, int64_t t,
                           ent_interval *out);

/* Replaces a window by the one that begins where it ends; the last of int64 stays as it is. */
void ent_window_next(const ent_zone *zone, ent_window_unit unit, ent_interval *window);

/* `rolling D every E`: windows [end - duration_ns, end), of exact length D whatever the clocks do.
 * E is either a number of days, and ends are then the local midnights of the days whose number
 * from 1970-01-01 is a multiple of it (with 1, every midnight; with 7, Thursdays), so that they
 * do not depend on where a run begins; or it is exact time, and ends then are the midnight of
 * each day and the multiples of E after it, before the next midnight. The other is 0. */
typedef struct ent_rolling {
    int64_t duration_ns;
    int64_t every_days;
    int64_t every_ns;
} ent_rolling;

bool ent_rolling_valid(const ent_rolling *roll);

/* The first end > after. False if roll is not valid or there is no such end in int64. */
bool ent_rolling_next_end(const ent_zone *zone, const ent_rolling *roll, int64_t after,
                          int64_t *end);

#endif
