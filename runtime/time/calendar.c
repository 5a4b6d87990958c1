/* Opening hours worked out into intervals with running sums.
 *
 *     open.v[i]     [from ---- to)        [from -- to)
 *     before[i]     open time up to from
 *
 * so the open time before any instant is one search and one addition, and `due` is the inverse
 * search on the sums.
 *
 * Each weekday's rules are first united by the wall clock. Since boundaries are monotone (zone.h),
 * mapping the united periods to instants gives the union of the mapped periods; and as every
 * period begins on its own day, days taken in order yield beginnings in order, so that
 * ent_intervals_add always merges at the end of the set.
 * Tested by tests/unit/test_time.c and tests/property/time_oracle.py. */
#include "calendar.h"

#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "civil.h"

enum { YEAR_FIRST = 1970, YEAR_END = 2201 };

struct ent_calendar {
    ent_intervals open;
    int64_t *before; /* open.n + 1: the last is the total */
};

bool ent_calendar_rule_valid(const ent_calendar_rule *rule)
{
    return rule->weekdays < 0x80 && rule->open_ns >= 0 && rule->open_ns < ENT_TIME_DAY_NS &&
           rule->close_ns >= 0 && rule->close_ns <= ENT_TIME_DAY_NS;
}

/* The periods that open on each weekday, from its midnight by the wall clock, up to 48 hours. */
static bool unite_rules(const ent_calendar_rule *rules, size_t count, ent_intervals week[7])
{
    for (size_t i = 0; i < count; i++) {
        int64_t close_ns = rules[i].close_ns;
        if (close_ns <= rules[i].open_ns) {
            close_ns += ENT_TIME_DAY_NS;
        }
        for (int weekday = 0; weekday < 7; weekday++) {
            if ((rules[i].weekdays >> weekday & 1) != 0 &&
                !ent_intervals_add(&week[weekday], rules[i].open_ns, close_ns)) {
                return false;
            }
        }
    }
    return true;
}

static int compare_days(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t *sorted_copy(const int64_t *days, size_t count)
{
    int64_t *copy = calloc(count + 1, sizeof *copy);
    if (copy && count > 0) {
        memcpy(copy, days, count * sizeof *copy);
        qsort(copy, count, sizeof *copy, compare_days);
    }
    return copy;
}

static bool work_out(ent_intervals *open, const ent_zone *zone, const ent_intervals week[7],
                     const int64_t *closed, size_t closed_count)
{
    int64_t end = ent_civil_days(YEAR_END, 1, 1);
    size_t c = 0;
    size_t segment = 0;
    for (int64_t day = ent_civil_days(YEAR_FIRST, 1, 1); day < end; day++) {
        while (c < closed_count && closed[c] < day) {
            c++;
        }
        if (c < closed_count && closed[c] == day) {
            continue;
        }
        const ent_intervals *periods = &week[ent_civil_weekday(day)];
        int64_t midnight_ns = day * ENT_TIME_DAY_NS;
        for (size_t i = 0; i < periods->n; i++) {
            /* openings come in order, closings do not */
            int64_t from = ent_zone_first_at_or_after(zone, midnight_ns + periods->v[i].from, &segment);
            size_t after = segment;
            int64_t to = ent_zone_first_at_or_after(zone, midnight_ns + periods->v[i].to, &after);
            if (!ent_intervals_add(open, from, to)) {
                return false;
            }
        }
    }
    return true;
}

static bool sum_up(ent_calendar *calendar)
{
    size_t n = calendar->open.n;
    calendar->before = calloc(n + 1, sizeof *calendar->before);
    if (!calendar->before) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        /* 231 years are below INT64_MAX nanoseconds. */
        ent_interval v = calendar->open.v[i];
        calendar->before[i + 1] = calendar->before[i] + (v.to - v.from);
    }
    return true;
}

ent_calendar *ent_calendar_new(const ent_zone *zone, const ent_calendar_rule *rules,
                               size_t rule_count, const int64_t *closed_days, size_t closed_count)
{
    if (rule_count > ENT_CALENDAR_RULES_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < rule_count; i++) {
        if (!ent_calendar_rule_valid(&rules[i])) {
            return NULL;
        }
    }
    ent_intervals week[7] = {{0}};
    int64_t *closed = sorted_copy(closed_days, closed_count);
    ent_calendar *calendar = calloc(1, sizeof *calendar);
    bool ok = closed && calendar && unite_rules(rules, rule_count, week) &&
              work_out(&calendar->open, zone, week, closed, closed_count) && sum_up(calendar);
    for (int i = 0; i < 7; i++) {
        ent_intervals_deinit(&week[i]);
    }
    free(closed);
    if (!ok) {
        ent_calendar_free(calendar);
        return NULL;
    }
    return calendar;
}

void ent_calendar_free(ent_calendar *calendar)
{
    if (calendar) {
        ent_intervals_deinit(&calendar->open);
        free(calendar->before);
        free(calendar);
    }
}

/* Open time from the beginning of the calendar up to t. */
static int64_t open_before(const ent_calendar *calendar, int64_t t)
{
    size_t i = ent_intervals_find(&calendar->open, t);
    int64_t sum = calendar->before[i];
    if (i < calendar->open.n && calendar->open.v[i].from < t) {
        sum += t - calendar->open.v[i].from;
    }
    return sum;
}

int64_t ent_calendar_elapsed(const ent_calendar *calendar, int64_t from, int64_t to)
{
    return to <= from ? 0 : open_before(calendar, to) - open_before(calendar, from);
}

bool ent_calendar_due(const ent_calendar *calendar, int64_t start, int64_t amount_ns, int64_t *due)
{
    if (amount_ns <= 0) {
        *due = start;
        return amount_ns == 0;
    }
    size_t n = calendar->open.n;
    int64_t target;
    if (__builtin_add_overflow(open_before(calendar, start), amount_ns, &target) ||
        target > calendar->before[n]) {
        return false;
    }
    /* The interval in which the sum reaches the target: before[i] < target <= before[i + 1]. */
    size_t low = 0, high = n;
    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        if (calendar->before[middle] < target) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *due = calendar->open.v[low].from + (target - calendar->before[low]);
    return true;
}

bool ent_calendar_contains(const ent_calendar *calendar, int64_t t)
{
    return ent_intervals_contains(&calendar->open, t);
}

bool ent_calendar_next_open(const ent_calendar *calendar, int64_t t, ent_interval *out)
{
    size_t i = ent_intervals_find(&calendar->open, t);
    if (i == calendar->open.n) {
        return false;
    }
    *out = calendar->open.v[i];
    return true;
}

bool ent_calendar_slice(const ent_calendar *calendar, int64_t from, int64_t to, ent_intervals *out)
{
    const ent_intervals *open = &calendar->open;
    out->n = 0;
    for (size_t i = ent_intervals_find(open, from); i < open->n && open->v[i].from < to; i++) {
        int64_t low = open->v[i].from > from ? open->v[i].from : from;
        int64_t high = open->v[i].to < to ? open->v[i].to : to;
        if (!ent_intervals_add(out, low, high)) {
            return false;
        }
    }
    return true;
}

const ent_intervals *ent_calendar_intervals(const ent_calendar *calendar)
{
    return &calendar->open;
}
