/* Opening hours: weekly rules in a zone, less closed days, as a set of open time.
 *
 * A calendar is worked out once, for 1970 to 2200, when it is made (about 1 ms and 1.5 MB for
 * office hours); after that it never changes. So every query is a search by halves, none can fail
 * for want of memory, and any number of threads may share one. Outside of those years a calendar
 * is closed.
 *
 * A rule's times are the wall clock's. They become instants as boundaries (zone.h): a time skipped
 * by a change of clocks is the instant of the change, one that occurs twice is the first of the
 * two. So 00:30..01:30 on the night in which 01:00 becomes 02:00 is half an hour, and 22:00..06:00
 * is an hour shorter or longer than on other nights.
 * Tested by tests/unit/test_time.c and, by enumerating minutes, tests/property/time_oracle.py. */
#ifndef ENT_TIME_CALENDAR_H
#define ENT_TIME_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interval.h"
#include "zone.h"

/* More rules than this in one calendar are refused: a bound on its memory. */
#define ENT_CALENDAR_RULES_MAX 64

typedef struct ent_calendar ent_calendar;

typedef struct ent_calendar_rule {
    uint8_t weekdays; /* bit 0 is Monday, bit 6 Sunday */
    int64_t open_ns;  /* from midnight by the wall clock: 00:00 up to, not including, 24:00 */
    int64_t close_ns; /* 00:00..24:00; at or before open_ns it lies in the next day */
} ent_calendar_rule;

bool ent_calendar_rule_valid(const ent_calendar_rule *rule);

/* Rules may overlap and are united. A period over midnight belongs to the day on which it opens:
 * a closed day drops the periods that open on it, and no others. closed_days are day numbers
 * (civil.h) in any order. Nothing given is kept. NULL if memory ran out, a rule is not valid or
 * there are more than ENT_CALENDAR_RULES_MAX. */
ent_calendar *ent_calendar_new(const ent_zone *zone, const ent_calendar_rule *rules,
                               size_t rule_count, const int64_t *closed_days, size_t closed_count);
void ent_calendar_free(ent_calendar *calendar); /* NULL is allowed */

/* Open time in [from, to); 0 if to <= from. */
int64_t ent_calendar_elapsed(const ent_calendar *calendar, int64_t from, int64_t to);

/* The first instant t >= start with elapsed(start, t) == amount_ns; start itself for 0. False if
 * there is none before 2201, or if amount_ns is negative. */
bool ent_calendar_due(const ent_calendar *calendar, int64_t start, int64_t amount_ns,
                      int64_t *due);

bool ent_calendar_contains(const ent_calendar *calendar, int64_t t);

/* The open interval that contains t, or the next one. False if there is none. */
bool ent_calendar_next_open(const ent_calendar *calendar, int64_t t, ent_interval *out);

/* out becomes the open time in [from, to). False if memory ran out. */
bool ent_calendar_slice(const ent_calendar *calendar, int64_t from, int64_t to,
                        ent_intervals *out);

/* All of it: sorted, disjoint, merged; lives as long as the calendar. */
const ent_intervals *ent_calendar_intervals(const ent_calendar *calendar);

#endif
