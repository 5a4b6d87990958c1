/* Civil dates, and instants as text.
 *
 * Dates are proleptic Gregorian; a day is its number counted from 1970-01-01; an instant is int64
 * nanoseconds since 1970-01-01T00:00:00Z, which spans the years 1677 to 2262. Nothing here
 * allocates, reads the locale or the environment; every function may be called from any thread.
 * Tested by tests/unit/test_time.c and tests/property/time_oracle.py. */
#ifndef ENT_TIME_CIVIL_H
#define ENT_TIME_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ent_zone;

/* Room for any text that ent_civil_format writes, its closing NUL included. */
#define ENT_CIVIL_TEXT_MAX 40

/* Day number of a date. m is 1..12; d may lie outside of its month and is then simply added on.
 * |y| must be below 10^12. */
int64_t ent_civil_days(int64_t y, int m, int d);

/* The date of a day number; |days| below 10^14. */
void ent_civil_from_days(int64_t days, int64_t *y, int *m, int *d);

/* 0 is Monday, 6 is Sunday. */
int ent_civil_weekday(int64_t days);

bool ent_civil_is_leap(int64_t y);

/* 28..31, or 0 when m is no month. */
int ent_civil_month_days(int64_t y, int m);

/* `2026-01-31`, all of the n bytes; false if it is no date. */
bool ent_civil_parse_date(const char *s, size_t n, int64_t *out_days);

/* RFC 3339: `2026-01-05T09:00:00.123456789+01:00`. All of the n bytes must be used. The separator
 * is `T`, `t` or a blank, the offset `Z`, `z` or +-HH:MM, and at most nine fractional digits are
 * taken, because a tenth could not be kept. False for a date that does not exist, for second 60,
 * and for an instant outside of int64 nanoseconds. */
bool ent_civil_parse_instant(const char *s, size_t n, int64_t *out_ns);

/* Reads a text by a format in the manner of strptime, but with English names whatever the locale.
 *   %Y four digits  %y two (69..99 are 19xx)  %m %d %e %H %I %M %S one or two  %j day of the year
 *   %f one to nine digits of a fraction of a second   %p AM PM   %b %B %h month   %a %A weekday
 *   %z Z, +HH, +HHMM, +HH:MM   %Z UTC, GMT or Z   %s seconds since 1970 in UTC
 *   %F = %Y-%m-%d  %T = %H:%M:%S  %R = %H:%M  %D = %m/%d/%y  %% a percent sign
 * Everything else stands for itself, and the whole text must be used. What the format does not
 * mention is 1970-01-01T00:00:00. A weekday or a day of the year that contradicts the date is an
 * error. *local_ns is the wall clock counted as if it were UTC. If the text states its offset
 * (%z, %Z, %s), *has_offset is true and the instant is *local_ns - *offset_ns. */
bool ent_civil_parse_format(const char *s, size_t n, const char *fmt, int64_t *local_ns,
                            bool *has_offset, int64_t *offset_ns);

/* Whether fmt uses only the directives above; if not, *bad_at (may be NULL) is the offset of the
 * percent sign at fault. */
bool ent_civil_format_valid(const char *fmt, size_t *bad_at);

/* Writes RFC 3339 of an instant in a zone (NULL is UTC): a fraction only as long as needed, `Z`
 * for offset zero. An offset that is no whole minute (local mean times before about 1930) cannot
 * be written in RFC 3339; such an instant is written in UTC. Returns the length without NUL, or 0
 * if it does not fit in cap bytes; ENT_CIVIL_TEXT_MAX always suffices. */
size_t ent_civil_format(char *buf, size_t cap, int64_t utc_ns, const struct ent_zone *zone);

/* The same with the offset given; it must lie within +-99h59m. */
size_t ent_civil_format_offset(char *buf, size_t cap, int64_t utc_ns, int64_t offset_ns);

/* Days that were written, and the last offset: instants that are written one after the other share a few.  Zeroed to
 * begin with. */
enum { ENT_CIVIL_DAYS = 8 };
typedef struct ent_civil_memory {
    struct {
        int64_t known; /* the day on the zone's clock, with a bit that none has; 0: none */
        char date[16]; /* `2026-01-31T` and what is not told */
    } days[ENT_CIVIL_DAYS];
    int64_t offset_ns;
    uint32_t n_offset; /* 0: none */
    char offset[8];
} ent_civil_memory;

/* Writes what ent_civil_format does, without a NUL, where there is room for ENT_CIVIL_TEXT_MAX bytes; returns where
 * it ends. */
char *ent_civil_put(char *at, int64_t utc_ns, const struct ent_zone *zone, ent_civil_memory *memory);

/* `2026-01-31`. Returns 10, or 0 if it does not fit or the year is not 0..9999. */
size_t ent_civil_format_date(char *buf, size_t cap, int64_t days);

/* A time of day, `09:00`, with seconds and a fraction only where there are any; 0 if it does not fit. */
size_t ent_civil_format_clock(char *buf, size_t cap, int64_t ns);

#endif
