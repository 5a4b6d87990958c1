/* See figure.h. */
#include "compiler/explain/figure.h"

#include <stdio.h>
#include <string.h>

#include "runtime/time/arith.h"
#include "runtime/time/civil.h"

bool ent_figure_read(const char *text, ent_q *out)
{
    const char *bar = text ? strchr(text, '/') : NULL;
    ent_q below;
    if (!text) {
        return false;
    }
    if (!bar) {
        return ent_q_from_decimal_text(text, strlen(text), out);
    }
    return ent_q_from_decimal_text(text, (size_t)(bar - text), out) &&
           ent_q_from_decimal_text(bar + 1, strlen(bar + 1), &below) && ent_q_div(*out, below, out);
}

bool ent_figure_bound(const char *target, ent_q *out)
{
    size_t n = target ? strlen(target) : 0;
    const char *figure = target ? strrchr(target, ' ') : NULL;
    if (!figure || n < 2 || target[n - 1] != '%') {
        return false;
    }
    figure++;
    return ent_q_from_decimal_text(figure, (size_t)(target + n - 1 - figure), out) &&
           ent_q_div(*out, ent_q_from_i64(100), out);
}

/* --- durations --- */

const char *ent_figure_duration(ent_arena *arena, int64_t ns)
{
    static const struct {
        uint64_t ns;
        const char *name;
    } units[] = {{UINT64_C(86400000000000), "d"},
                 {UINT64_C(3600000000000), "h"},
                 {UINT64_C(60000000000), "m"},
                 {UINT64_C(1000000000), "s"},
                 {1000000, "ms"},
                 {1000, "us"},
                 {1, "ns"}};
    char buf[96];
    size_t n = 0;
    uint64_t left = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    size_t i = left >= 4 * (uint64_t)ENT_TIME_DAY_NS ? 0 : 1;
    if (left == 0) {
        return "0";
    }
    if (ns < 0) {
        buf[n++] = '-';
    }
    for (; i < sizeof units / sizeof *units; i++) {
        uint64_t of = left / units[i].ns;
        left %= units[i].ns;
        if (of > 0) {
            n += (size_t)snprintf(buf + n, sizeof buf - n, "%llu%s", (unsigned long long)of,
                                  units[i].name);
        }
    }
    return ent_arena_strndup(arena, buf, n);
}

const char *ent_figure_duration_q(ent_arena *arena, ent_q ns)
{
    ent_i128 whole = ent_q_floor(ns);
    if (whole > INT64_MAX || whole < -INT64_MAX) {
        return "";
    }
    const char *text = ent_figure_duration(arena, (int64_t)whole);
    return ns.den == 1 ? text : ent_arena_printf(arena, "about %s", text);
}

const char *ent_figure_measure(ent_arena *arena, const char *measure)
{
    char text[ENT_Q_TEXT_SIZE];
    size_t n = measure ? strlen(measure) : 0;
    ent_q q;
    if (n < 2 || measure[n - 1] != 's' ||
        !ent_figure_read(ent_arena_strndup(arena, measure, n - 1), &q)) {
        return measure ? measure : "";
    }
    bool below = q.num < q.den && q.num > -q.den;
    if ((below && !ent_q_mul(q, ent_q_from_i64(1000), &q)) ||
        !ent_q_format_rounded(q, 4, true, text, sizeof text)) {
        return measure;
    }
    return ent_arena_printf(arena, strchr(measure, '/') ? "%s%s (exactly %s)" : "%s%s", text,
                            below ? "ms" : "s", measure);
}

/* --- numbers --- */

const char *ent_figure_percent(ent_arena *arena, ent_q ratio)
{
    char text[ENT_Q_TEXT_SIZE];
    if (!ent_q_mul(ratio, ent_q_from_i64(100), &ratio) ||
        !ent_q_format_rounded(ratio, 4, true, text, sizeof text)) {
        return "";
    }
    return ent_arena_printf(arena, "%s%%", text);
}

const char *ent_figure_fraction(ent_arena *arena, ent_q ratio)
{
    char text[ENT_Q_TEXT_SIZE];
    return ent_q_format_fraction(ratio, text, sizeof text) ? ent_arena_strdup(arena, text) : "";
}

const char *ent_figure_count(ent_arena *arena, int64_t n)
{
    char text[ENT_MONEY_TEXT_SIZE];
    return ent_money_format_grouped(n, 0, text, sizeof text) ? ent_arena_strdup(arena, text) : "";
}

static int digits_of(const char *currency)
{
    int digits = currency ? ent_currency_minor(currency) : -1;
    return digits < 0 ? 2 : digits;
}

const char *ent_figure_money(ent_arena *arena, ent_i128 minor, const char *currency)
{
    char text[ENT_MONEY_TEXT_SIZE];
    return ent_money_format_grouped(minor, digits_of(currency), text, sizeof text)
               ? ent_arena_strdup(arena, text)
               : "";
}

const char *ent_figure_money_q(ent_arena *arena, ent_q minor, const char *currency)
{
    char text[ENT_MONEY_TEXT_SIZE];
    ent_i128 scaled;
    if (minor.den == 1) {
        return ent_figure_money(arena, minor.num, currency);
    }
    /* two digits more than the currency has, so that a remainder shows */
    if (!ent_q_round(minor, 2, ENT_ROUND_HALF_EVEN, &scaled) ||
        !ent_money_format_grouped(scaled, digits_of(currency) + 2, text, sizeof text)) {
        return "";
    }
    return ent_arena_strdup(arena, text);
}

bool ent_figure_minor(const char *amount, const char *currency, ent_i128 *minor)
{
    ent_q q;
    ent_q back;
    ent_i128 scale = 1;
    for (int i = digits_of(currency); i > 0; i--) {
        scale *= 10;
    }
    return amount && ent_q_from_decimal_text(amount, strlen(amount), &q) &&
           ent_money_round(q, digits_of(currency), ENT_ROUND_HALF_EVEN, minor) &&
           ent_q_make(*minor, scale, &back) && ent_q_cmp(q, back) == 0;
}

/* --- instants --- */

/* The offset at the end of an RFC 3339 text: "Z" or "+01:00". */
static const char *offset_of(const char *text)
{
    size_t n = strlen(text);
    if (n > 6 && (text[n - 6] == '+' || text[n - 6] == '-') && text[n - 3] == ':') {
        return text + n - 6;
    }
    return n > 0 ? text + n - 1 : text;
}

const char *ent_figure_offset(ent_arena *arena, ent_xinstant t)
{
    if (!t.read) {
        return "";
    }
    const char *offset = offset_of(t.text);
    bool utc = *offset == 'Z' || *offset == 'z';
    return ent_arena_printf(arena, " (times in UTC%s)", utc ? "" : offset);
}

/* Without the seconds where they are zero. */
static int clock_length(const char *clock, const char *offset)
{
    int n = (int)(offset - clock);
    return n == 8 && memcmp(clock + 5, ":00", 3) == 0 ? 5 : n;
}

/* The text from its byte `begin` on: 0 the whole date, 5 without the year, 11 the time alone. */
static const char *instant_text(ent_arena *arena, ent_xinstant t, ent_xinstant like, int begin)
{
    if (!t.read || strlen(t.text) < 20) {
        return t.text ? t.text : "";
    }
    const char *offset = offset_of(t.text);
    const char *clock = t.text + 11;
    bool same = like.read && strcmp(offset, offset_of(like.text)) == 0;
    bool date = begin < 10;
    return ent_arena_printf(arena, "%.*s%s%.*s%s%s", date ? 10 - begin : 0, t.text + begin,
                            date ? " " : "", clock_length(clock, offset), clock, same ? "" : " ",
                            same ? "" : offset);
}

const char *ent_figure_instant(ent_arena *arena, ent_xinstant t, ent_xinstant like)
{
    return instant_text(arena, t, like, 0);
}

const char *ent_figure_day(ent_arena *arena, ent_xinstant t, ent_xinstant like)
{
    bool year = t.read && like.read && strncmp(t.text, like.text, 5) == 0;
    return instant_text(arena, t, like, year ? 5 : 0);
}

const char *ent_figure_until(ent_arena *arena, ent_xinstant t, ent_xinstant after,
                             ent_xinstant like)
{
    bool both = t.read && after.read;
    bool day = both && strncmp(t.text, after.text, 10) == 0;
    bool year = both && strncmp(t.text, after.text, 5) == 0;
    return instant_text(arena, t, like, day ? 11 : year ? 5 : 0);
}

ent_xinstant ent_figure_make_instant(ent_arena *arena, int64_t ns, ent_xinstant like)
{
    char text[ENT_CIVIL_TEXT_MAX];
    int64_t offset_ns = 0;
    const char *offset = like.read ? offset_of(like.text) : "Z";
    if (strlen(offset) == 6) {
        int64_t hours = (offset[1] - '0') * 10 + (offset[2] - '0');
        int64_t minutes = (offset[4] - '0') * 10 + (offset[5] - '0');
        offset_ns = (hours * 60 + minutes) * 60 * INT64_C(1000000000);
        offset_ns = *offset == '-' ? -offset_ns : offset_ns;
    }
    size_t n = ent_civil_format_offset(text, sizeof text, ns, offset_ns);
    return (ent_xinstant){ent_arena_strndup(arena, text, n), ns, n > 0};
}

/* --- rows --- */

const char *ent_figure_rows(ent_arena *arena, const ent_xrow *first, const ent_xrow *last)
{
    const char *file = first->file ? first->file : first->feed ? first->feed : "";
    const char *other = last->file ? last->file : last->feed ? last->feed : "";
    if (first->line == 0) {
        return last->line == 0 ? "" : ent_figure_rows(arena, last, first);
    }
    if (last->line == 0 || (last->line == first->line && strcmp(file, other) == 0)) {
        return ent_arena_printf(arena, "%s %lld", file, (long long)first->line);
    }
    if (strcmp(file, other) == 0) {
        return ent_arena_printf(arena, "%s %lld\u2013%lld", file, (long long)first->line,
                                (long long)last->line);
    }
    return ent_arena_printf(arena, "%s %lld \u2013 %s %lld", file, (long long)first->line, other,
                            (long long)last->line);
}
