/* The POSIX TZ text at the end of a TZif file: the rule for all years after its table.
 * Internal to zone.c. Tested by tests/unit/test_time.c. */
#ifndef ENT_TIME_POSIX_TZ_H
#define ENT_TIME_POSIX_TZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ent_posix_day {
    ENT_POSIX_DAY_JULIAN, /* Jn: 1..365, 29 February never counted */
    ENT_POSIX_DAY_ZERO,   /* n: 0..365, 29 February counted */
    ENT_POSIX_DAY_WEEK    /* Mm.w.d: weekday d (0 is Sunday) of week w (5 is the last) of month m */
} ent_posix_day;

typedef struct ent_posix_change {
    ent_posix_day kind;
    int day;
    int month, week;
    int64_t time_s; /* wall clock; may be negative or beyond 24 hours (RFC 8536 3.3.1) */
} ent_posix_change;

typedef struct ent_posix_tz {
    int64_t standard_s; /* ahead of UTC: the sign of POSIX is turned round */
    bool has_summer;
    int64_t summer_s;
    ent_posix_change begin, end; /* of summer time */
} ent_posix_tz;

bool ent_posix_tz_parse(const char *s, size_t n, ent_posix_tz *out);

/* The instants, in seconds, at which summer time begins and ends in a year. */
int64_t ent_posix_tz_begin(const ent_posix_tz *tz, int64_t year);
int64_t ent_posix_tz_end(const ent_posix_tz *tz, int64_t year);

#endif
