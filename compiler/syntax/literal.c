/* The values of literals, and the diagnostics of those that have none.
 *
 * Everything is converted exactly here, once: a percentage becomes a ratio, a duration nanoseconds,
 * a timestamp an instant.  What does not fit its type is E0112, never a wrapped number. */
#include <string.h>

#include "compiler/syntax/parser_internal.h"
#include "runtime/feed/utf8.h"

#define DIGITS_MAX 64 /* more than any literal that fits needs, `_` left out */

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_DAY (INT64_C(86400) * NS_PER_S)

static ent_diag *too_large(ent_parser *p, ent_span span, const char *what)
{
    return ent_diag_add(p->diags, ENT_DIAG_E0112, span, "%s is too large", what);
}

/* Copies without `_`; 0 if it is longer than any number that we can hold. */
static size_t plain_digits(const char *s, size_t len, char out[DIGITS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '_') {
            continue;
        }
        if (n == DIGITS_MAX) {
            return 0;
        }
        out[n++] = s[i];
    }
    return n;
}

static bool read_amount(const char *s, size_t len, ent_q *q, int64_t *places)
{
    char digits[DIGITS_MAX];
    size_t n = plain_digits(s, len, digits);
    const char *point = n == 0 ? NULL : memchr(digits, '.', n);
    *places = point == NULL ? 0 : (int64_t)(digits + n - point - 1);
    return n > 0 && *places <= ENT_DECIMAL_PLACES_MAX && ent_q_from_decimal_text(digits, n, q);
}

bool ent_literal_number(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    if (memchr(s, '.', len) != NULL) {
        t->literal = ENT_LIT_DECIMAL;
        if (!read_amount(s, len, &t->q, &t->i)) {
            (void)too_large(p, t->span, "this number");
            return false;
        }
        return true;
    }
    char digits[DIGITS_MAX];
    size_t n = plain_digits(s, len, digits);
    t->literal = ENT_LIT_INT;
    if (n == 0 || !ent_parse_i64(digits, n, &t->i)) {
        ent_diag *d = too_large(p, t->span, "this whole number");
        ent_diag_note(d, "whole numbers go up to 9223372036854775807");
        return false;
    }
    t->q = ent_q_from_i64(t->i);
    return true;
}

bool ent_literal_percent(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    t->literal = ENT_LIT_PERCENT;
    int64_t places;
    if (!read_amount(s, len - 1, &t->q, &places) || !ent_q_div(t->q, ent_q_from_i64(100), &t->q)) {
        (void)too_large(p, t->span, "this percentage");
        return false;
    }
    return true;
}

bool ent_literal_is_currency(const char *code, size_t len)
{
    char iso[4] = {0};
    if (len != 3) {
        return false;
    }
    memcpy(iso, code, 3);
    return ent_currency_minor(iso) >= 0;
}

bool ent_literal_money(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    size_t at = 3;
    while (at < len && (s[at] == ' ' || s[at] == '\t')) {
        at++;
    }
    t->literal = ENT_LIT_MONEY;
    t->text = ent_intern(p->arena, s, 3);
    t->text_len = 3;
    int64_t places;
    if (!read_amount(s + at, len - at, &t->q, &places)) {
        (void)too_large(p, t->span, "this amount of money");
        return false;
    }
    return true;
}

static const char *const units[] = {"d", "h", "m", "s", "ms", "us", "ns"};
enum { UNITS = 7 };

/* Why a text of the form (number unit)+ is no duration: its units, or its size. */
static bool units_descend(const char *s, size_t len)
{
    int last = -1;
    for (size_t i = 0; i < len;) {
        while (i < len && (s[i] == '_' || s[i] == '.' || (s[i] >= '0' && s[i] <= '9'))) {
            i++;
        }
        size_t n = 0;
        while (i + n < len && s[i + n] >= 'a' && s[i + n] <= 'z') {
            n++;
        }
        int unit = 0;
        while (unit < UNITS && (strlen(units[unit]) != n || memcmp(units[unit], s + i, n) != 0)) {
            unit++;
        }
        if (unit <= last) {
            return false;
        }
        last = unit;
        i += n;
    }
    return true;
}

bool ent_literal_duration(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    t->literal = ENT_LIT_DURATION;
    char digits[DIGITS_MAX];
    size_t n = plain_digits(s, len, digits);
    if (n > 0 && ent_parse_duration(digits, n, &t->i)) {
        return true;
    }
    if (!units_descend(s, len)) {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0123, t->span,
                                   "the units of a duration stand once each, the largest first");
        ent_diag_help(d, "write `1h30m`, not `30m1h`; the units are d, h, m, s, ms, us and ns");
        return false;
    }
    ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0112, t->span,
                               "this duration cannot be held in whole nanoseconds");
    ent_diag_note(d, "durations are whole nanoseconds, up to 106751 days");
    return false;
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar (after Howard Hinnant's algorithm). */
static int64_t civil_days(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static int64_t digits_value(const char *s, size_t n)
{
    int64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v * 10 + (s[i] - '0');
    }
    return v;
}

static bool read_day(ent_parser *p, ent_span span, const char *s, int64_t *days)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t y = digits_value(s, 4);
    int64_t m = digits_value(s + 5, 2);
    int64_t d = digits_value(s + 8, 2);
    if (m < 1 || m > 12) {
        ent_diag *g = ent_diag_add(p->diags, ENT_DIAG_E0111, span, "there is no month %d", (int)m);
        ent_diag_help(g, "a date is written year-month-day: `2026-12-25`");
        return false;
    }
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    int64_t last = lengths[m - 1] + (m == 2 && leap);
    if (d < 1 || d > last) {
        ent_diag *g = ent_diag_add(p->diags, ENT_DIAG_E0111, span, "%.7s has no day %d", s, (int)d);
        ent_diag_note(g, "its days are 1 to %d", (int)last);
        return false;
    }
    /* Instants are 64-bit nanoseconds: a day that cannot become one is of no use anywhere. */
    if (y < 1678 || y > 2261) {
        ent_diag *g = ent_diag_add(p->diags, ENT_DIAG_E0112, span,
                                   "this date is out of the range of instants");
        ent_diag_note(g, "instants go from the year 1678 to the year 2261");
        return false;
    }
    *days = civil_days(y, m, d);
    return true;
}

bool ent_literal_date(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    t->literal = ENT_LIT_DATE;
    if (len != 10) {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0111, t->span,
                                   "month and day of a date have two digits each");
        const char *dash = memchr(s + 5, '-', len - 5);
        const char *mend = ent_arena_printf(
            p->arena, "%.4s-%02d-%02d", s, (int)digits_value(s + 5, (size_t)(dash - s - 5)),
            (int)digits_value(dash + 1, (size_t)(s + len - dash - 1)));
        if (mend != NULL) {
            ent_diag_fix(d, t->span, mend, "write `%s`", mend);
        }
        return false;
    }
    return read_day(p, t->span, s, &t->i);
}

/* hh:mm[:ss[.fraction]] at s; the nanoseconds since midnight, and where it ends. */
static bool read_clock(ent_parser *p, ent_span span, const char *s, size_t len, size_t *used,
                       int64_t *ns)
{
    int64_t h = digits_value(s, 2);
    int64_t m = digits_value(s + 3, 2);
    int64_t sec = 0;
    int64_t fraction = 0;
    size_t at = 5;
    if (at + 2 < len && s[at] == ':') {
        sec = digits_value(s + at + 1, 2);
        at += 3;
        if (at < len && s[at] == '.') {
            int64_t unit = NS_PER_S / 10;
            for (at++; at < len && s[at] >= '0' && s[at] <= '9'; at++) {
                if (unit == 0 && s[at] != '0') {
                    (void)ent_diag_add(p->diags, ENT_DIAG_E0112, span,
                                       "times are whole nanoseconds: at most nine decimals");
                    return false;
                }
                fraction += (s[at] - '0') * unit;
                unit /= 10;
            }
        }
    }
    bool end_of_day = h == 24 && m == 0 && sec == 0 && fraction == 0;
    if ((h > 23 && !end_of_day) || m > 59 || sec > 59) {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0111, span, "there is no such time of day");
        ent_diag_note(d, "times go from `00:00` to `24:00`");
        return false;
    }
    *used = at;
    *ns = ((h * 60 + m) * 60 + sec) * NS_PER_S + fraction;
    return true;
}

bool ent_literal_time(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    t->literal = ENT_LIT_TIME;
    if (s[1] == ':') {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0111, t->span, "the hour has two digits");
        const char *mend = ent_arena_printf(p->arena, "0%.*s", (int)len, s);
        if (mend != NULL) {
            ent_diag_fix(d, t->span, mend, "write `%s`", mend);
        }
        return false;
    }
    size_t used;
    return read_clock(p, t->span, s, len, &used, &t->i);
}

/* 0: no clock at s; else its length, and *zone: whether an offset follows. */
static bool clock_form(const char *s, size_t len, bool *zone)
{
    bool clock = len >= 5 && ent_is_digit(s[0]) && ent_is_digit(s[1]) && s[2] == ':' && ent_is_digit(s[3]) &&
                 ent_is_digit(s[4]);
    char last = len > 0 ? s[len - 1] : '\0';
    *zone = last == 'Z' || memchr(s, '+', len) != NULL || memchr(s, '-', len) != NULL;
    for (size_t i = 0; clock && !*zone && i < len; i++) {
        clock = ent_is_digit(s[i]) || s[i] == ':' || s[i] == '.';
    }
    return clock;
}

static bool read_zone(const char *s, size_t len, int64_t *offset_ns)
{
    *offset_ns = 0;
    if (s[0] == 'Z') {
        return true;
    }
    int64_t h = digits_value(s + 1, 2);
    int64_t m = digits_value(s + len - 2, 2);
    *offset_ns = (h * 60 + m) * 60 * NS_PER_S * (s[0] == '-' ? -1 : 1);
    return h <= 23 && m <= 59;
}

bool ent_literal_instant(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    t->literal = ENT_LIT_INSTANT;
    int64_t days;
    bool zone;
    if (!read_day(p, t->span, s, &days)) {
        return false;
    }
    bool clock = clock_form(s + 11, len - 11, &zone);
    if (clock && !zone) {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0110, t->span,
                                   "this timestamp does not say its time zone");
        ent_diag_help(d, "write `%.*sZ` for UTC, or the offset, as in `%.*s+01:00`", (int)len, s,
                      (int)len, s);
        return false;
    }
    if (!clock || s[10] != 'T') {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0111, t->span, "this is no timestamp");
        ent_diag_help(d, "write `2026-01-01T09:00:00Z`");
        return false;
    }
    size_t used;
    int64_t ns;
    int64_t offset;
    if (!read_clock(p, t->span, s + 11, len - 11, &used, &ns)) {
        return false;
    }
    if (!read_zone(s + 11 + used, len - 11 - used, &offset)) {
        (void)ent_diag_add(p->diags, ENT_DIAG_E0111, t->span, "there is no such offset from UTC");
        return false;
    }
    t->i = days * NS_PER_DAY + ns - offset; /* in range: years 1678 to 2261 */
    return true;
}

static bool read_hex(const char *s, size_t len, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        unsigned v = ent_is_digit(c)              ? (unsigned)(c - '0')
                     : (c >= 'a' && c <= 'f') ? (unsigned)(c - 'a') + 10
                     : (c >= 'A' && c <= 'F') ? (unsigned)(c - 'A') + 10
                                              : 16U;
        if (v == 16) {
            return false;
        }
        *out = *out * 16 + v;
    }
    return len >= 1 && len <= 6 && *out <= 0x10FFFF && (*out < 0xD800 || *out > 0xDFFF);
}

/* One escape, s[0] is the backslash; how many bytes it takes, or 0. */
static size_t read_escape(const char *s, size_t len, uint32_t *c)
{
    switch (s[1]) {
    case '"':
    case '\\':
        *c = (uint32_t)s[1];
        return 2;
    case 'n':
        *c = '\n';
        return 2;
    case 't':
        *c = '\t';
        return 2;
    case 'u': {
        const char *close = len > 3 && s[2] == '{' ? memchr(s, '}', len) : NULL;
        return close != NULL && read_hex(s + 3, (size_t)(close - s - 3), c)
                   ? (size_t)(close - s) + 1
                   : 0;
    }
    default:
        return 0;
    }
}

bool ent_literal_text(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    bool ok = true;
    char *out = ent_arena_alloc(p->arena, len); /* never longer than its source */
    t->literal = ENT_LIT_TEXT;
    if (out == NULL) {
        return false;
    }
    size_t n = 0;
    for (size_t i = 1; i < len - 1;) {
        if (s[i] != '\\') {
            out[n++] = s[i++];
            continue;
        }
        uint32_t c;
        size_t used = read_escape(s + i, len - 1 - i, &c);
        if (used == 0) {
            ent_span span = {t->span.file, t->span.start + (uint32_t)i,
                             t->span.start + (uint32_t)i + 2};
            ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0107, span, "no such escape in a text");
            ent_diag_help(d, "there are `\\\"`, `\\\\`, `\\n`, `\\t` and `\\u{20AC}`; "
                             "write `\\\\` for a backslash");
            ok = false;
            used = 2;
            c = '?';
        }
        n += ent_utf8_put(out + n, c);
        i += used;
    }
    t->text = out;
    t->text_len = n;
    return ok;
}

/* A text in triple quotes is taken as it is, without escapes: it holds rows of data.  A line break
 * after the opening quotes, the blanks before the closing ones and the indentation that all lines
 * share are layout. */
void ent_literal_block(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    t->literal = ENT_LIT_TEXT;
    t->block = true;
    char *out = ent_arena_alloc(p->arena, len + 1);
    if (out == NULL) {
        return;
    }
    size_t start = 0;
    size_t first = 0;
    while (first < len && (s[first] == ' ' || s[first] == '\t' || s[first] == '\r')) {
        first++;
    }
    bool laid_out = first < len && s[first] == '\n';
    if (laid_out) {
        start = first + 1;
    }
    size_t common = SIZE_MAX;
    for (size_t i = start; laid_out && i < len;) {
        size_t indent = 0;
        while (i + indent < len && (s[i + indent] == ' ' || s[i + indent] == '\t')) {
            indent++;
        }
        size_t at = i + indent;
        if (at < len && s[at] != '\n' && s[at] != '\r' && indent < common) {
            common = indent;
        }
        const char *end = memchr(s + at, '\n', len - at);
        i = end == NULL ? len : (size_t)(end - s) + 1;
    }
    size_t n = 0;
    size_t column = 0;
    for (size_t i = start; i < len; i++) {
        bool blank = s[i] == ' ' || s[i] == '\t';
        if (laid_out && blank && column < common) {
            column++;
            continue;
        }
        column = s[i] == '\n' ? 0 : SIZE_MAX;
        if (s[i] == '\r' && i + 1 < len && s[i + 1] == '\n') {
            continue;
        }
        out[n++] = s[i];
    }
    while (laid_out && n > 0 && (out[n - 1] == ' ' || out[n - 1] == '\t')) {
        n--;
    }
    t->text = out;
    t->text_len = n;
}

const char *ent_literal_unit(const char *word, size_t len)
{
    static const struct {
        const char *word;
        const char *unit;
    } words[] = {{"day", "d"}, {"days", "d"}, {"hour", "h"},   {"hours", "h"},   {"hr", "h"},
                 {"hrs", "h"}, {"min", "m"},  {"mins", "m"},   {"minute", "m"},  {"minutes", "m"},
                 {"sec", "s"}, {"secs", "s"}, {"second", "s"}, {"seconds", "s"}, {"msec", "ms"},
                 {"H", "h"},   {"D", "d"},    {"M", "m"},      {"S", "s"},       {"h", "h"},
                 {"d", "d"},   {"m", "m"},    {"s", "s"},      {"ms", "ms"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].word) == len && memcmp(words[i].word, word, len) == 0) {
            return words[i].unit;
        }
    }
    return NULL;
}

void ent_literal_bad_number(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    size_t at = 0;
    while (at < len && !ent_is_digit(s[at])) {
        at++;
    }
    size_t number = at;
    while (at < len && (ent_is_digit(s[at]) || s[at] == '_' || (s[at] == '.' && ent_is_digit(s[at + 1])))) {
        at++;
    }
    int shown = (int)(len - number < 40 ? len - number : 40);
    ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0108, t->span,
                               "`%.*s` is a number run together with letters that are no unit",
                               shown, s + number);
    const char *unit = ent_literal_unit(s + at, len - at);
    if (unit != NULL) {
        const char *mend =
            ent_arena_printf(p->arena, "%.*s%s", (int)(at - number), s + number, unit);
        ent_span span = {t->span.file, t->span.start + (uint32_t)number, t->span.end};
        if (mend != NULL) {
            ent_diag_fix(d, span, mend, "write `%s`", mend);
        }
        return;
    }
    if (len - at == 2 && (s[at] == 'a' || s[at] == 'p') && s[at + 1] == 'm') {
        ent_diag_help(d, "a time of day is `09:00` or `17:30`, by twenty-four hours");
        return;
    }
    if (at + 2 <= len && s[at] == 'm' && s[at + 1] == 'o') {
        ent_diag_help(d, "there is no literal for months: say `each month`, or give days");
        return;
    }
    ent_diag_help(d, "the units are d, h, m, s, ms, us and ns; a name does not begin with a digit");
}

void ent_literal_comma(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0109, t->span, "a comma inside digits");
    char mend[DIGITS_MAX];
    if (len < sizeof mend) {
        for (size_t i = 0; i < len; i++) {
            mend[i] = s[i] == ',' ? '_' : s[i];
        }
        mend[len] = '\0';
        ent_diag_fix(d, t->span, mend, "write `%s`; the decimal point is a `.`", mend);
    }
    ent_diag_help(d, "for two items leave a blank after the comma");
}

/* Without blanks and commas: "10,000.00" and "10 000" as 10_000.00. */
static const char *plain_amount(ent_parser *p, const char *s, size_t len)
{
    char out[DIGITS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < len && n + 1 < sizeof out; i++) {
        if (ent_is_digit(s[i]) || s[i] == '.' || s[i] == '_' || s[i] == ',') {
            out[n++] = s[i] == ',' ? '_' : s[i];
        }
    }
    return ent_arena_strndup(p->arena, out, n);
}

/* `GBP 10` with a blank that wraps no line, as word processors write it. */
void ent_literal_hard_blank(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    const char *mend = ent_arena_printf(p->arena, "%.3s %s", s, plain_amount(p, s + 3, len - 3));
    ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0103, t->span, "a no-break space within an amount");
    if (mend != NULL) {
        ent_diag_fix(d, t->span, mend, "write a plain one: `%s`", mend);
    }
}

void ent_literal_currency_sign(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    static const struct {
        const char *sign;
        const char *code;
        bool one; /* no other currency has the sign */
    } signs[] = {{"$", "USD", false},
                 {"\xC2\xA3", "GBP", true},
                 {"\xC2\xA5", "JPY", false},
                 {"\xE2\x82\xAC", "EUR", true}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t n = strlen(signs[i].sign);
        if (n >= len || memcmp(signs[i].sign, s, n) != 0) {
            continue;
        }
        const char *mend =
            ent_arena_printf(p->arena, "%s %s", signs[i].code, plain_amount(p, s + n, len - n));
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0103, t->span,
                                   "money is written with the code of its currency, not with `%s`", signs[i].sign);
        if (mend != NULL && signs[i].one) {
            ent_diag_fix(d, t->span, mend, "write `%s`", mend);
        } else if (mend != NULL) {
            ent_diag_help(d, "several currencies have this sign: write `%s`, say", mend);
        }
    }
}

void ent_literal_spaced_percent(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    const char *mend = ent_arena_printf(p->arena, "%s%%", plain_amount(p, s, len));
    ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0103, t->span, "a blank between number and `%%`");
    if (mend != NULL) {
        ent_diag_fix(d, t->span, mend, "write `%s`", mend);
    }
}

/* Whether a date, or a time of day, stands right before it. */
static bool ends_in_time(const char *s, const char *begin)
{
    while (s > begin && (s[-1] == ' ' || s[-1] == '\t')) {
        s--;
    }
    bool time = s - begin >= 5 && s[-3] == ':' && ent_is_digit(s[-1]) && ent_is_digit(s[-2]) && ent_is_digit(s[-4]);
    bool date = s - begin >= 10 && s[-3] == '-' && s[-6] == '-' && ent_is_digit(s[-1]) && ent_is_digit(s[-4]);
    return time || date;
}

void ent_literal_stray(ent_parser *p, ent_token *t, const char *s, size_t len)
{
    static const struct {
        const char *sign;
        const char *mend;
        const char *help;
    } known[] = {{"&&", "and", "write `and`"},
                 {"&", "and", "write `and`"},
                 {"#", "//", "a comment begins with `//`"},
                 {"$", "", "a currency is its code: `USD`"},
                 {"\xC2\xA3", "GBP", "a currency is its code: `GBP`"},
                 {"\xE2\x82\xAC", "EUR", "a currency is its code: `EUR`"},
                 {"||", "or", "write `or`"},
                 {"!", "not", "write `not`, or `!=` for unequal"},
                 {";", "", "clauses begin with a keyword: no semicolon is needed"},
                 {"\xE2\x89\xA4", "<=", "write `<=`"},
                 {"\xE2\x89\xA5", ">=", "write `>=`"},
                 {"\xE2\x89\xA0", "!=", "write `!=`"},
                 {"\xC3\x97", "*", "write `*`"},
                 {"\xC3\xB7", "/", "write `/`"},
                 {"\xE2\x88\x92", "-", "write `-`"},
                 {"\xE2\x80\x93", "-", "write `-`, or `..` for a range"},
                 {"\xE2\x80\x94", "-", "write `-`"},
                 {"\xC2\xA0", " ", "this is a no-break space: write a plain one"}};
    if ((unsigned char)s[0] < ' ' || s[0] == 0x7F) {
        (void)ent_diag_add(p->diags, ENT_DIAG_E0103, t->span, "stray character 0x%02X",
                           (unsigned)(unsigned char)s[0]);
        return;
    }
    ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0103, t->span, "stray `%.*s`", (int)len, s);
    if (memcmp(s, "\xE2\x80\x93", len < 3 ? len : 3) == 0 && ends_in_time(s, p->buffer)) {
        ent_diag_fix(d, t->span, "..", "a range is written with `..`");
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strlen(known[i].sign) == len && memcmp(known[i].sign, s, len) == 0) {
            ent_diag_fix(d, t->span, known[i].mend, "%s", known[i].help);
        }
    }
}
