/* Calendar and rolling windows; see window.h.
 * Tested by tests/unit/test_time.c and tests/property/time_oracle.py. */
#include "window.h"

#include "arith.h"
#include "civil.h"

/* First days of the window that contains a day and of the one after it. */
static void window_days(ent_window_unit unit, int64_t day, int64_t *from, int64_t *to)
{
    if (unit == ENT_WINDOW_DAY || unit == ENT_WINDOW_WEEK) {
        *from = unit == ENT_WINDOW_DAY ? day : day - ent_civil_weekday(day);
        *to = *from + (unit == ENT_WINDOW_DAY ? 1 : 7);
        return;
    }
    int64_t year;
    int month, day_of_month;
    ent_civil_from_days(day, &year, &month, &day_of_month);
    int months = unit == ENT_WINDOW_MONTH ? 1 : unit == ENT_WINDOW_QUARTER ? 3 : 12;
    int first = (month - 1) / months * months + 1;
    int after = first + months;
    *from = ent_civil_days(year, first, 1);
    *to = after > 12 ? ent_civil_days(year + 1, 1, 1) : ent_civil_days(year, after, 1);
}

void ent_window_containing(const ent_zone *zone, ent_window_unit unit, int64_t t,
                           ent_interval *out)
{
    int64_t from, to;
    window_days(unit, ent_zone_day(zone, t), &from, &to);
    out->from = ent_zone_midnight(zone, from);
    out->to = ent_zone_midnight(zone, to);
}

void ent_window_next(const ent_zone *zone, ent_window_unit unit, ent_interval *window)
{
    if (window->to != INT64_MAX) {
        ent_window_containing(zone, unit, window->to, window);
    }
}

bool ent_rolling_valid(const ent_rolling *roll)
{
    return roll->duration_ns > 0 && roll->every_days >= 0 && roll->every_ns >= 0 &&
           roll->every_days <= 1000000 && (roll->every_days == 0) != (roll->every_ns == 0);
}

bool ent_rolling_next_end(const ent_zone *zone, const ent_rolling *roll, int64_t after,
                          int64_t *end)
{
    if (!ent_rolling_valid(roll) || after == INT64_MAX) {
        return false;
    }
    int64_t day = ent_zone_day(zone, after);
    if (roll->every_days > 0) {
        /* The midnight of `day` is not after `after`; a skipped day may share it with the next. */
        int64_t next = ent_time_floor_div(day, roll->every_days) * roll->every_days;
        do {
            next += roll->every_days;
            *end = ent_zone_midnight(zone, next);
        } while (*end <= after);
        return *end != INT64_MAX;
    }
    int64_t midnight = ent_zone_midnight(zone, day);
    int64_t next_midnight = ent_zone_midnight(zone, day + 1);
    int64_t steps = ent_time_sub(after, midnight) / roll->every_ns + 1;
    int64_t since;
    if (__builtin_mul_overflow(steps, roll->every_ns, &since) ||
        __builtin_add_overflow(midnight, since, end) || *end > next_midnight) {
        *end = next_midnight;
    }
    return *end != INT64_MAX;
}
