/* How the reports say things: windows, figures, money, counts.  See report_text.h. */
#include <stdlib.h>
#include <string.h>

#include "compiler/entente/report_text.h"
#include "runtime/judge/clause.h"
#include "runtime/time/civil.h"
#include "runtime/time/zone.h"

static const ent_image *program_of(const ent_run_result *r)
{
    return ent_engine_program(r->session);
}

const char *ent_count_text(uint64_t n, char *buf, size_t size)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    size_t at = 0;
    for (int i = 0; i < len && at + 2 < size; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            buf[at++] = ',';
        }
        buf[at++] = digits[i];
    }
    buf[at] = 0;
    return buf;
}

/* A duration as people say it: the two largest units. */
void ent_report_duration(int64_t ns, char *buf, size_t size)
{
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = {{INT64_C(86400000000000), "d"}, {INT64_C(3600000000000), "h"},
                 {INT64_C(60000000000), "m"},    {INT64_C(1000000000), "s"},
                 {1000000, "ms"},                {1000, "us"}};
    size_t at = 0;
    int shown = 0;
    buf[0] = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units && shown < 2; i++) {
        int64_t n = ns / units[i].ns;
        if (n > 0) {
            at += (size_t)snprintf(buf + at, size - at, "%lld%s", (long long)n, units[i].name);
            ns -= n * units[i].ns;
        }
        shown += n > 0 || shown > 0;
    }
    if (at == 0) {
        snprintf(buf, size, "0s");
    }
}

void ent_report_subject(const ent_run_result *r, const ent_verdict *d, char *buf, size_t size)
{
    size_t at = 0;
    buf[0] = 0;
    for (size_t i = 0; i < ent_engine_subject_fields(r->session, d); i++) {
        char value[64];
        const char *text =
            ent_engine_subject_text(r->session, d, i, value, sizeof value);
        int n = snprintf(buf + at, size - at, "%s%s", i ? "/" : "", text);
        if (n < 0 || (size_t)n >= size - at) {
            return;
        }
        at += (size_t)n;
    }
}

/* The window as short as it can be said without losing it. */
void ent_report_window(const ent_run_result *r, const ent_verdict *d, char *buf, size_t size)
{
    const ent_image *p = program_of(r);
    bool pool = d->kind == ENT_VERDICT_POOL;
    int64_t window = pool ? p->pool[d->clause].unit : p->objective[d->clause].window;
    const ent_zone *zone =
        ent_engine_agreement_zone(r->session, ent_verdict_agreement(p, d));
    int64_t first = ent_zone_day(zone, d->from_ns);
    int64_t last = ent_zone_day(zone, d->to_ns - 1);
    int64_t year;
    int month;
    int day;
    ent_civil_from_days(first, &year, &month, &day);
    int64_t year_to;
    int month_to;
    int day_to;
    ent_civil_from_days(last, &year_to, &month_to, &day_to);
    bool whole_month = day == 1 && month == month_to && year == year_to &&
                       day_to == ent_civil_month_days(year, month);
    if (window == ENT_UNIT_MONTH && whole_month) {
        snprintf(buf, size, "%04lld-%02d", (long long)year, month);
    } else if (window == ENT_UNIT_QUARTER && day == 1 && month % 3 == 1 &&
               month_to == month + 2) {
        snprintf(buf, size, "%04lld-Q%d", (long long)year, (month + 2) / 3);
    } else if (window == ENT_UNIT_YEAR && day == 1 && month == 1 && month_to == 12) {
        snprintf(buf, size, "%04lld", (long long)year);
    } else if (first == last) {
        snprintf(buf, size, "%04lld-%02d-%02d", (long long)year, month, day);
    } else {
        snprintf(buf, size, "%02d-%02d..%02d-%02d", month, day, month_to, day_to);
    }
}

void ent_report_target(const ent_run_result *r, const ent_objective_row *row, char *buf, size_t size)
{
    static const char *const signs[] = {"", "\u2265 ", "\u2264 ", "> ", "< "};
    snprintf(buf, size, "%s%s", signs[row->compare],
             ent_image_text(program_of(r), row->target_text));
}

void ent_report_measure(const ent_run_result *r, const ent_verdict *d, char *buf, size_t size)
{
    const ent_objective_row *row = &program_of(r)->objective[d->clause];
    buf[0] = 0;
    if (!d->has_measure) {
        snprintf(buf, size, "\u2013");
        return;
    }
    if (row->type == ENT_TYPE_DURATION && !d->measure_is_number) {
        ent_report_duration((int64_t)ent_q_floor(d->measure), buf, size);
    } else if (row->type == ENT_TYPE_RATIO || row->type == ENT_TYPE_INSTANT ||
               row->type == ENT_TYPE_TIME || d->measure_is_number) {
        ent_ledger_measure(program_of(r), row, d, buf, size);
    } else {
        ent_q_format_rounded(d->measure, 4, true, buf, size);
    }
}

const char *ent_report_status(const ent_verdict *d)
{
    switch (d->status) {
    case ENT_STATUS_BREACH:
        return "BREACH";
    case ENT_STATUS_PROVISIONAL:
        return "so far";
    case ENT_STATUS_NO_DATA:
        return "no data";
    case ENT_STATUS_NOT_IN_FORCE:
        return "not in force";
    default:
        return ent_status_name(d->status);
    }
}

void ent_report_money(const ent_run_result *r, int64_t agreement, ent_i128 minor, char *buf, size_t size)
{
    const char *currency =
        ent_image_text(program_of(r), program_of(r)->agreement[agreement].currency);
    int digits = ent_currency_minor(currency);
    ent_money_format_grouped(minor, digits < 0 ? 2 : digits, buf, size);
}

const char *ent_report_label(const ent_image *p, const ent_verdict *d)
{
    ent_clause clause = ent_verdict_clause(p, d);
    return ent_image_text(p, clause.title >= 0 ? clause.title : clause.name);
}

void ent_report_tally(const ent_tally *sum, bool duty, char *buf, size_t size)
{
    static const char *const names[] = {"met",    "breach",  "excused",     "void",
                                        "so far", "no data", "not in force"};
    size_t at = 0;
    buf[0] = 0;
    for (size_t i = 0; i < ENT_STATUS_COUNT; i++) {
        char n[32];
        if (sum->by_status[i] == 0) {
            continue;
        }
        int len = snprintf(buf + at, size - at, "%s%s %s", at ? ", " : "",
                           ent_count_text(sum->by_status[i], n, sizeof n),
                           duty && i == ENT_STATUS_PROVISIONAL ? "running" : names[i]);
        if (len < 0 || (size_t)len >= size - at) {
            return;
        }
        at += (size_t)len;
    }
}

static int compare_entries(const void *a, const void *b)
{
    const ent_report_entry *x = a;
    const ent_report_entry *y = b;
    if (x->agreement != y->agreement) {
        return x->agreement < y->agreement ? -1 : 1;
    }
    if (x->order != y->order) {
        return x->order < y->order ? -1 : 1;
    }
    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Objectives decision by decision, duties whole. */
size_t ent_report_entries(const ent_run_result *r, ent_report_entry *entries)
{
    const ent_image *p = program_of(r);
    size_t n = 0;
    for (size_t i = 0; i < r->decisions->n; i++) {
        const ent_verdict *d = ent_kept_at(r->decisions, i);
        if (d->kind != ENT_VERDICT_DUTY) {
            ent_clause clause = ent_verdict_clause(p, d);
            entries[n] = (ent_report_entry){d, -1, clause.agreement, clause.order, n};
            n++;
        }
    }
    for (size_t i = 0; i < p->n_duty; i++) {
        if (r->duties[i].total > 0) {
            entries[n] = (ent_report_entry){NULL, (int64_t)i, p->duty[i].agreement, p->duty[i].order, n};
            n++;
        }
    }
    qsort(entries, n, sizeof *entries, compare_entries);
    return n;
}
