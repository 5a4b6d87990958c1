/* Reads POSIX TZ texts such as `<-03>3<-02>,M3.5.0/-2,M10.5.0/-1`, with the extension of RFC 8536
 * to times of -167 to 167 hours. A zone with summer time must state both changes; POSIX would let
 * the system choose, and a system's choice has no place in a verdict.
 * Tested by tests/unit/test_time.c (limits, malformed texts) and tests/property/time_oracle.py. */
#include "posix_tz.h"

#include "arith.h"
#include "civil.h"

typedef struct reader {
    const char *at;
    const char *end;
} reader;

static bool take(reader *in, char c)
{
    if (in->at == in->end || *in->at != c) {
        return false;
    }
    in->at++;
    return true;
}

static bool read_int(reader *in, int max, int *out)
{
    int value = 0;
    const char *begin = in->at;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9' && in->at - begin < 4) {
        value = value * 10 + (*in->at++ - '0');
    }
    *out = value;
    return in->at > begin && value <= max;
}

static bool read_name(reader *in)
{
    const char *begin = in->at;
    if (take(in, '<')) {
        while (in->at < in->end && *in->at != '>') {
            in->at++;
        }
        return in->at - begin >= 2 && take(in, '>');
    }
    while (in->at < in->end &&
           ((*in->at >= 'A' && *in->at <= 'Z') || (*in->at >= 'a' && *in->at <= 'z'))) {
        in->at++;
    }
    return in->at - begin >= 3;
}

/* [+-]h[h[h]][:mm[:ss]] */
static bool read_time(reader *in, int max_hours, int64_t *out_s)
{
    int sign = 1, hours, minutes = 0, seconds = 0;
    if (take(in, '-')) {
        sign = -1;
    } else {
        take(in, '+');
    }
    if (!read_int(in, max_hours, &hours)) {
        return false;
    }
    if (take(in, ':')) {
        if (!read_int(in, 59, &minutes)) {
            return false;
        }
        if (take(in, ':') && !read_int(in, 59, &seconds)) {
            return false;
        }
    }
    *out_s = sign * ((int64_t)hours * 3600 + (int64_t)minutes * 60 + seconds);
    return true;
}

static bool read_change(reader *in, ent_posix_change *out)
{
    if (!take(in, ',')) {
        return false;
    }
    if (take(in, 'M')) {
        out->kind = ENT_POSIX_DAY_WEEK;
        if (!read_int(in, 12, &out->month) || out->month < 1 || !take(in, '.') ||
            !read_int(in, 5, &out->week) || out->week < 1 || !take(in, '.') ||
            !read_int(in, 6, &out->day)) {
            return false;
        }
    } else if (take(in, 'J')) {
        out->kind = ENT_POSIX_DAY_JULIAN;
        if (!read_int(in, 365, &out->day) || out->day < 1) {
            return false;
        }
    } else {
        out->kind = ENT_POSIX_DAY_ZERO;
        if (!read_int(in, 365, &out->day)) {
            return false;
        }
    }
    out->time_s = 2 * 3600;
    return !take(in, '/') || read_time(in, 167, &out->time_s);
}

bool ent_posix_tz_parse(const char *s, size_t n, ent_posix_tz *out)
{
    reader in = {s, s + n};
    int64_t west_s;
    *out = (ent_posix_tz){0};
    if (!read_name(&in) || !read_time(&in, 24, &west_s)) {
        return false;
    }
    out->standard_s = -west_s;
    if (in.at == in.end) {
        return true;
    }
    out->has_summer = true;
    if (!read_name(&in)) {
        return false;
    }
    out->summer_s = out->standard_s + 3600;
    if (in.at < in.end && *in.at != ',') {
        if (!read_time(&in, 24, &west_s)) {
            return false;
        }
        out->summer_s = -west_s;
    }
    return read_change(&in, &out->begin) && read_change(&in, &out->end) && in.at == in.end;
}

static int64_t change_day(const ent_posix_change *change, int64_t year)
{
    int64_t new_year = ent_civil_days(year, 1, 1);
    if (change->kind == ENT_POSIX_DAY_JULIAN) {
        return new_year + change->day - 1 + (change->day >= 60 && ent_civil_is_leap(year));
    }
    if (change->kind == ENT_POSIX_DAY_ZERO) {
        return new_year + change->day;
    }
    int64_t first = ent_civil_days(year, change->month, 1);
    int first_weekday = (ent_civil_weekday(first) + 1) % 7; /* Sunday is 0 here */
    int in_month = (change->day - first_weekday + 7) % 7 + (change->week - 1) * 7;
    if (in_month >= ent_civil_month_days(year, change->month)) {
        in_month -= 7;
    }
    return first + in_month;
}

int64_t ent_posix_tz_begin(const ent_posix_tz *tz, int64_t year)
{
    return change_day(&tz->begin, year) * ENT_TIME_DAY_S + tz->begin.time_s - tz->standard_s;
}

int64_t ent_posix_tz_end(const ent_posix_tz *tz, int64_t year)
{
    return change_day(&tz->end, year) * ENT_TIME_DAY_S + tz->end.time_s - tz->summer_s;
}
