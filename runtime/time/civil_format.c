/* A text read by a strptime-like format: what exports of ticket tools need.
 *
 * Own code because strptime depends on the process's locale and has no fractions of a second.
 * The directives are listed in civil.h. Tested by tests/unit/test_time.c (each directive, each
 * kind of failure) and tests/property/time_oracle.py (against Python's strptime). */
#include <string.h>

#include "arith.h"
#include "civil.h"

typedef struct scan {
    const char *at;
    const char *end;
} scan;

/* What has been read; -1 where nothing was. */
typedef struct fields {
    int year, month, day, year_day, weekday;
    int hour, hour12, minute, second, half;
    int64_t fraction_ns;
    int64_t epoch_s;
    int64_t offset_s;
    bool has_epoch, has_offset;
} fields;

static const char *const month_names[12] = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
static const char *const weekday_names[7] = {"monday", "tuesday",  "wednesday", "thursday",
                                             "friday", "saturday", "sunday"};

/* min_digits to max_digits decimal digits whose value lies in low..high. */
static bool scan_number(scan *in, int min_digits, int max_digits, int low, int high, int *out)
{
    int value = 0, digits = 0;
    while (digits < max_digits && in->at < in->end && *in->at >= '0' && *in->at <= '9') {
        value = value * 10 + (*in->at - '0');
        in->at++;
        digits++;
    }
    if (digits < min_digits || value < low || value > high) {
        return false;
    }
    *out = value;
    return true;
}

/* How many of the bytes at hand spell `word` (lower case) in any case, from its beginning. */
static size_t match_letters(const scan *in, const char *word)
{
    size_t n = 0;
    while (word[n] != '\0' && in->at + n < in->end) {
        char c = in->at[n];
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c + ('a' - 'A'));
        }
        if (c != word[n]) {
            break;
        }
        n++;
    }
    return n;
}

/* A name in full or by its first three letters. */
static bool scan_name(scan *in, const char *const *names, int count, int *out)
{
    for (int i = 0; i < count; i++) {
        size_t n = match_letters(in, names[i]);
        if (n >= 3) {
            in->at += n == strlen(names[i]) ? n : 3;
            *out = i;
            return true;
        }
    }
    return false;
}

static bool scan_fraction(scan *in, int64_t *out_ns)
{
    int64_t unit = ENT_TIME_SECOND_NS, ns = 0;
    const char *begin = in->at;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') {
        unit /= 10;
        if (unit == 0) {
            return false;
        }
        ns += (*in->at++ - '0') * unit;
    }
    *out_ns = ns;
    return in->at > begin;
}

static bool scan_epoch(scan *in, int64_t *out_s)
{
    bool negative = in->at < in->end && *in->at == '-';
    if (negative) {
        in->at++;
    }
    const char *begin = in->at;
    int64_t value = 0;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') {
        if (in->at - begin >= 15) {
            return false;
        }
        value = value * 10 + (*in->at++ - '0');
    }
    *out_s = negative ? -value : value;
    return in->at > begin;
}

static bool scan_offset(scan *in, fields *f)
{
    if (in->at == in->end) {
        return false;
    }
    char sign = *in->at++;
    f->has_offset = true;
    f->offset_s = 0;
    if (sign == 'Z' || sign == 'z') {
        return true;
    }
    int hours = 0, minutes = 0;
    if ((sign != '+' && sign != '-') || !scan_number(in, 2, 2, 0, 23, &hours)) {
        return false;
    }
    bool colon = in->at < in->end && *in->at == ':';
    if (colon) {
        in->at++;
    }
    bool more = in->at < in->end && *in->at >= '0' && *in->at <= '9';
    if ((colon || more) && !scan_number(in, 2, 2, 0, 59, &minutes)) {
        return false;
    }
    f->offset_s = (sign == '-' ? -1 : 1) * ((int64_t)hours * 3600 + (int64_t)minutes * 60);
    return true;
}

static bool scan_utc_name(scan *in, fields *f)
{
    static const char *const names[] = {"utc", "gmt", "z"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if (match_letters(in, names[i]) == n) {
            in->at += n;
            f->has_offset = true;
            f->offset_s = 0;
            return true;
        }
    }
    return false;
}

static bool scan_half(scan *in, fields *f)
{
    f->half = match_letters(in, "pm") == 2;
    if (!f->half && match_letters(in, "am") != 2) {
        return false;
    }
    in->at += 2;
    return true;
}

static bool scan_format(scan *in, const char *fmt, fields *f);

static bool scan_two_digit_year(scan *in, fields *f)
{
    if (!scan_number(in, 2, 2, 0, 99, &f->year)) {
        return false;
    }
    f->year += f->year >= 69 ? 1900 : 2000;
    return true;
}

static bool scan_month_name(scan *in, fields *f)
{
    if (!scan_name(in, month_names, 12, &f->month)) {
        return false;
    }
    f->month += 1;
    return true;
}

static bool scan_directive(scan *in, char directive, fields *f)
{
    switch (directive) {
    case 'Y': return scan_number(in, 4, 4, 0, 9999, &f->year);
    case 'y': return scan_two_digit_year(in, f);
    case 'm': return scan_number(in, 1, 2, 1, 12, &f->month);
    case 'd': return scan_number(in, 1, 2, 1, 31, &f->day);
    case 'e':
        if (in->at < in->end && *in->at == ' ') {
            in->at++;
        }
        return scan_number(in, 1, 2, 1, 31, &f->day);
    case 'j': return scan_number(in, 1, 3, 1, 366, &f->year_day);
    case 'b':
    case 'B':
    case 'h': return scan_month_name(in, f);
    case 'a':
    case 'A': return scan_name(in, weekday_names, 7, &f->weekday);
    case 'H': return scan_number(in, 1, 2, 0, 23, &f->hour);
    case 'I': return scan_number(in, 1, 2, 1, 12, &f->hour12);
    case 'M': return scan_number(in, 1, 2, 0, 59, &f->minute);
    case 'S': return scan_number(in, 1, 2, 0, 59, &f->second);
    case 'f': return scan_fraction(in, &f->fraction_ns);
    case 'p': return scan_half(in, f);
    case 'z': return scan_offset(in, f);
    case 'Z': return scan_utc_name(in, f);
    case 's':
        f->has_epoch = true;
        return scan_epoch(in, &f->epoch_s);
    case 'F': return scan_format(in, "%Y-%m-%d", f);
    case 'T': return scan_format(in, "%H:%M:%S", f);
    case 'R': return scan_format(in, "%H:%M", f);
    case 'D': return scan_format(in, "%m/%d/%y", f);
    case '%': return in->at < in->end && *in->at++ == '%';
    default: return false;
    }
}

/* Recursion ends after one step: the composite formats hold no composites. */
static bool scan_format(scan *in, const char *fmt, fields *f)
{
    for (; *fmt != '\0'; fmt++) {
        if (*fmt == '%') {
            fmt++;
            if (!scan_directive(in, *fmt, f)) {
                return false;
            }
        } else if (in->at == in->end || *in->at++ != *fmt) {
            return false;
        }
    }
    return true;
}

static bool resolve_date(const fields *f, int64_t *out_days)
{
    int year = f->year >= 0 ? f->year : 1970;
    int month = f->month >= 0 ? f->month : 1;
    int day = f->day >= 0 ? f->day : 1;
    if (day > ent_civil_month_days(year, month)) {
        return false;
    }
    int64_t days = ent_civil_days(year, month, day);
    if (f->year_day >= 0) {
        int64_t counted = ent_civil_days(year, 1, 1) + f->year_day - 1;
        bool dated = f->month >= 0 || f->day >= 0;
        if ((dated && counted != days) || (f->year_day == 366 && !ent_civil_is_leap(year))) {
            return false;
        }
        days = counted;
    }
    *out_days = days;
    bool whole = f->year >= 0 && (f->year_day >= 0 || (f->month >= 0 && f->day >= 0));
    return f->weekday < 0 || !whole || ent_civil_weekday(days) == f->weekday;
}

static int resolve_hour(const fields *f)
{
    if (f->hour >= 0) {
        return f->hour;
    }
    int hour = f->hour12 >= 0 ? f->hour12 % 12 : 0;
    return f->half == 1 && f->hour12 >= 0 ? hour + 12 : hour;
}

bool ent_civil_parse_format(const char *s, size_t n, const char *fmt, int64_t *local_ns,
                            bool *has_offset, int64_t *offset_ns)
{
    scan in = {s, s + n};
    fields f = {.year = -1, .month = -1, .day = -1, .year_day = -1, .weekday = -1,
                .hour = -1, .hour12 = -1, .minute = -1, .second = -1, .half = -1};
    if (!scan_format(&in, fmt, &f) || in.at != in.end) {
        return false;
    }
    if (f.has_epoch) {
        /* -1.5 is one and a half second before 1970: the fraction goes the sign's way. */
        int64_t fraction_ns = s[0] == '-' && fmt[0] == '%' && fmt[1] == 's' ? -f.fraction_ns
                                                                            : f.fraction_ns;
        *has_offset = true;
        *offset_ns = 0;
        return ent_time_from_seconds(f.epoch_s, fraction_ns, local_ns);
    }
    int64_t days;
    if (!resolve_date(&f, &days)) {
        return false;
    }
    int64_t seconds =
        days * ENT_TIME_DAY_S + (int64_t)resolve_hour(&f) * 3600 +
        (int64_t)(f.minute >= 0 ? f.minute : 0) * 60 + (f.second >= 0 ? f.second : 0);
    *has_offset = f.has_offset;
    *offset_ns = f.offset_s * ENT_TIME_SECOND_NS;
    return ent_time_from_seconds(seconds, f.fraction_ns, local_ns);
}

bool ent_civil_format_valid(const char *fmt, size_t *bad_at)
{
    for (size_t i = 0; fmt[i] != '\0'; i++) {
        if (fmt[i] != '%') {
            continue;
        }
        char directive = fmt[i + 1];
        if (directive == '\0' || !strchr("YymdejbBhaAHIMSfpzZsFTRD%", directive)) {
            if (bad_at) {
                *bad_at = i;
            }
            return false;
        }
        i++;
    }
    return true;
}
