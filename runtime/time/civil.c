/* Civil dates and RFC 3339, both ways; the strptime-like reader is in civil_format.c.
 *
 * ent_civil_parse_instant reads every timestamp of every row, so it looks at fixed positions and
 * never scans. Tested by tests/unit/test_time.c and tests/property/time_oracle.py. */
#include "civil.h"

#include <string.h>

#include "arith.h"
#include "zone.h"

/* Counts from 0000-03-01 in eras of 400 years, so that the leap day is a year's last. */
int64_t ent_civil_days(int64_t y, int m, int d)
{
    if (m <= 2) {
        y -= 1;
    }
    int64_t era = ent_time_floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* Days of whole centuries around ours, which fit 32 bits: the same in a third of the time. */
static void from_near_days(uint32_t days, int64_t *y, int *m, int *d)
{
    uint32_t doe = days % 146097;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t mp = (5 * doy + 2) / 153;
    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = (int64_t)(days / 146097 * 400 + yoe) + (*m <= 2);
}

void ent_civil_from_days(int64_t days, int64_t *y, int *m, int *d)
{
    days += 719468;
    if (days >= 0 && days <= UINT32_MAX) {
        from_near_days((uint32_t)days, y, m, d);
        return;
    }
    int64_t era = ent_time_floor_div(days, 146097);
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = yoe + era * 400 + (*m <= 2);
}

int ent_civil_weekday(int64_t days)
{
    int64_t r = (days + 3) % 7; /* 1970-01-01 was a Thursday */
    return (int)(r < 0 ? r + 7 : r);
}

bool ent_civil_is_leap(int64_t y)
{
    return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

int ent_civil_month_days(int64_t y, int m)
{
    static const unsigned char length[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (m < 1 || m > 12) {
        return 0;
    }
    return m == 2 && ent_civil_is_leap(y) ? 29 : length[m];
}

/* Two digits as a number, or a value above 99 if one of them is none. */
static inline unsigned two_digits(const char *s)
{
    unsigned tens = (unsigned)(unsigned char)s[0] - '0';
    unsigned ones = (unsigned)(unsigned char)s[1] - '0';
    return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
}

static inline bool read_date(const char *s, int64_t *out_days)
{
    unsigned century = two_digits(s), year = two_digits(s + 2);
    unsigned month = two_digits(s + 5), day = two_digits(s + 8);
    if (century > 99 || year > 99 || s[4] != '-' || s[7] != '-') {
        return false;
    }
    int64_t y = (int64_t)century * 100 + year;
    if (day < 1 || month > 12 || day > (unsigned)ent_civil_month_days(y, (int)month)) {
        return false;
    }
    *out_days = ent_civil_days(y, (int)month, (int)day);
    return true;
}

bool ent_civil_parse_date(const char *s, size_t n, int64_t *out_days)
{
    return n == 10 && read_date(s, out_days);
}

/* The fraction's digits after its point; moves *at behind them. */
static inline bool read_fraction(const char *s, size_t n, size_t *at, int64_t *out_ns)
{
    int64_t ns = 0;
    int64_t unit = ENT_TIME_SECOND_NS;
    size_t i = *at;
    while (i < n && s[i] >= '0' && s[i] <= '9') {
        unit /= 10;
        if (unit == 0) {
            return false;
        }
        ns += (s[i] - '0') * unit;
        i++;
    }
    if (i == *at) {
        return false;
    }
    *at = i;
    *out_ns = ns;
    return true;
}

bool ent_civil_parse_instant(const char *s, size_t n, int64_t *out_ns)
{
    int64_t days;
    if (n < 20 || !read_date(s, &days)) {
        return false;
    }
    unsigned hour = two_digits(s + 11), minute = two_digits(s + 14), second = two_digits(s + 17);
    if ((s[10] != 'T' && s[10] != ' ' && s[10] != 't') || s[13] != ':' || s[16] != ':' ||
        hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    size_t at = 19;
    int64_t fraction_ns = 0;
    if (s[at] == '.') {
        at++;
        if (!read_fraction(s, n, &at, &fraction_ns) || at == n) {
            return false;
        }
    }
    int64_t offset_s = 0;
    if (s[at] == 'Z' || s[at] == 'z') {
        at++;
    } else {
        if ((s[at] != '+' && s[at] != '-') || n - at != 6 || s[at + 3] != ':') {
            return false;
        }
        unsigned h = two_digits(s + at + 1), m = two_digits(s + at + 4);
        if (h > 23 || m > 59) {
            return false;
        }
        offset_s = (int64_t)h * 3600 + (int64_t)m * 60;
        if (s[at] == '-') {
            offset_s = -offset_s;
        }
        at += 6;
    }
    int64_t seconds = days * ENT_TIME_DAY_S + (int64_t)(hour * 3600 + minute * 60 + second);
    return at == n && ent_time_from_seconds(seconds - offset_s, fraction_ns, out_ns);
}

static inline char *put_two(char *p, uint32_t value)
{
    static const char digits[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                 "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                 "8081828384858687888990919293949596979899";
    memcpy(p, digits + 2 * value, 2);
    return p + 2;
}

/* Writes `width` decimal digits and returns what stands behind them. */
static char *put_digits(char *p, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        p[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return p + width;
}

static char *put_date(char *p, int64_t days)
{
    int64_t y;
    int m, d;
    ent_civil_from_days(days, &y, &m, &d);
    if (y >= 0 && y < 10000) {
        p = put_two(put_two(p, (uint32_t)y / 100), (uint32_t)y % 100);
    } else {
        p = put_digits(p, y, 4);
    }
    *p++ = '-';
    p = put_two(p, (uint32_t)m);
    *p++ = '-';
    return put_two(p, (uint32_t)d);
}

static char *put_offset(char *p, int64_t offset_s)
{
    if (offset_s == 0) {
        *p++ = 'Z';
        return p;
    }
    *p++ = offset_s < 0 ? '-' : '+';
    int64_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
    p = put_digits(p, minutes / 60, 2);
    *p++ = ':';
    return put_digits(p, minutes % 60, 2);
}

static char *put_fraction(char *p, int64_t fraction_ns)
{
    if (fraction_ns == 0) {
        return p;
    }
    *p++ = '.';
    p = put_digits(p, fraction_ns, 9);
    while (p[-1] == '0') {
        p--;
    }
    return p;
}

static size_t put_text(char *buf, size_t cap, const char *text, const char *end)
{
    size_t length = (size_t)(end - text);
    if (length >= cap) {
        return 0;
    }
    memcpy(buf, text, length);
    buf[length] = '\0';
    return length;
}

size_t ent_civil_format_offset(char *buf, size_t cap, int64_t utc_ns, int64_t offset_ns)
{
    char own[ENT_CIVIL_TEXT_MAX];
    char *text = cap >= sizeof own ? buf : own;
    int64_t offset_s =
        offset_ns != 0 && offset_ns % ENT_TIME_MINUTE_NS == 0 && offset_ns > -100 * ENT_TIME_HOUR_NS &&
                offset_ns < 100 * ENT_TIME_HOUR_NS
            ? offset_ns / ENT_TIME_SECOND_NS
            : 0;
    int64_t utc_s = ent_time_floor_div(utc_ns, ENT_TIME_SECOND_NS);
    int64_t fraction_ns = (int64_t)((uint64_t)utc_ns - (uint64_t)utc_s * (uint64_t)ENT_TIME_SECOND_NS);
    int64_t local_s = utc_s + offset_s;
    int64_t days = ent_time_floor_div(local_s, ENT_TIME_DAY_S);
    uint32_t second = (uint32_t)(local_s - days * ENT_TIME_DAY_S);
    char *p = put_date(text, days);
    *p++ = 'T';
    p = put_two(p, second / 3600);
    *p++ = ':';
    p = put_two(p, second / 60 % 60);
    *p++ = ':';
    p = put_two(p, second % 60);
    p = put_fraction(p, fraction_ns);
    p = put_offset(p, offset_s);
    return put_text(buf, cap, text, p);
}

size_t ent_civil_format_clock(char *buf, size_t cap, int64_t ns)
{
    char text[ENT_CIVIL_TEXT_MAX];
    if (ns < 0 || ns > ENT_TIME_DAY_NS) {
        return 0;
    }
    uint32_t second = (uint32_t)(ns / ENT_TIME_SECOND_NS);
    char *p = put_two(text, second / 3600);
    *p++ = ':';
    p = put_two(p, second / 60 % 60);
    if (ns % ENT_TIME_MINUTE_NS != 0) {
        *p++ = ':';
        p = put_two(p, second % 60);
    }
    p = put_fraction(p, ns % ENT_TIME_SECOND_NS);
    return put_text(buf, cap, text, p);
}

size_t ent_civil_format(char *buf, size_t cap, int64_t utc_ns, const struct ent_zone *zone)
{
    return ent_civil_format_offset(buf, cap, utc_ns, zone ? ent_zone_offset_ns(zone, utc_ns) : 0);
}

enum { DATE = sizeof "2026-01-31T" - 1 };
#define KNOWN_DAY (INT64_C(1) << 62)

/* false: what is written of the instant is not of the common form. */
static bool remember_offset(ent_civil_memory *memory, int64_t offset_ns)
{
    memory->offset_ns = offset_ns;
    memory->n_offset = 0;
    if (offset_ns % ENT_TIME_MINUTE_NS == 0) {
        char *end = put_offset(memory->offset, offset_ns / ENT_TIME_SECOND_NS);
        memory->n_offset = (uint32_t)(end - memory->offset);
    }
    return memory->n_offset > 0;
}

static void remember_day(ent_civil_memory *memory, size_t place, int64_t day)
{
    char *at = put_date(memory->days[place].date, day); /* an instant's year has four digits */
    *at = 'T';
    memory->days[place].known = day ^ KNOWN_DAY;
}

char *ent_civil_put(char *at, int64_t utc_ns, const struct ent_zone *zone, ent_civil_memory *memory)
{
    int64_t offset_ns = zone ? ent_zone_offset_ns(zone, utc_ns) : 0;
    if ((memory->n_offset == 0 || memory->offset_ns != offset_ns) && !remember_offset(memory, offset_ns)) {
        return at + ent_civil_format_offset(at, ENT_CIVIL_TEXT_MAX, utc_ns, offset_ns);
    }
    int64_t local_ns;
    if (__builtin_add_overflow(utc_ns, offset_ns, &local_ns)) {
        return at + ent_civil_format_offset(at, ENT_CIVIL_TEXT_MAX, utc_ns, offset_ns);
    }
    int64_t day = ent_time_floor_div(local_ns, ENT_TIME_DAY_NS);
    size_t place = (size_t)day % ENT_CIVIL_DAYS;
    if (memory->days[place].known != (day ^ KNOWN_DAY)) {
        remember_day(memory, place, day);
    }
    /* unsigned, as the first day of all times begins before them */
    uint64_t of_day_ns = (uint64_t)local_ns - (uint64_t)day * (uint64_t)ENT_TIME_DAY_NS;
    uint32_t second = (uint32_t)(of_day_ns / (uint64_t)ENT_TIME_SECOND_NS);
    memcpy(at, memory->days[place].date, sizeof memory->days[place].date);
    at = put_two(at + DATE, second / 3600);
    *at++ = ':';
    at = put_two(at, second / 60 % 60);
    *at++ = ':';
    at = put_two(at, second % 60);
    at = put_fraction(at, (int64_t)(of_day_ns - second * (uint64_t)ENT_TIME_SECOND_NS));
    memcpy(at, memory->offset, sizeof memory->offset);
    return at + memory->n_offset;
}

size_t ent_civil_format_date(char *buf, size_t cap, int64_t days)
{
    const int64_t first = -719528, end = 2932897; /* 0000-01-01 and 10000-01-01 */
    if (cap < 11 || days < first || days >= end) {
        return 0;
    }
    put_date(buf, days);
    buf[10] = '\0';
    return 10;
}
