/* Whose time the clocks of duties were, as the reports say it.  See report_text.h. */
#include <string.h>

#include "compiler/entente/report_text.h"

#define HOUR_NS INT64_C(3600000000000)
#define MINUTE_NS INT64_C(60000000000)
#define SECOND_NS INT64_C(1000000000)

/* --- allowances --- */

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* Where only the time in a calendar or a span counts: its place among them; -1: all time does. */
static int64_t counted_in(const ent_image *p, const ent_allow_row *a)
{
    const ent_spanuse_row *use = a->use < 0 ? NULL : &p->spanuse[a->use];
    return !use ? -1 : use->calendar >= 0 ? use->calendar : (int64_t)p->n_calendar + use->span;
}

/* Ascending, plain time first, computed ones last; equal where they are the same to who reads them. */
static int compare_allowances(const ent_image *p, const ent_allow_row *a, const ent_allow_row *b)
{
    int order = (a->slot >= 0) - (b->slot >= 0);
    order = order || a->slot >= 0 ? order : compare_numbers(a->ns, b->ns);
    return order ? order : compare_numbers(counted_in(p, a), counted_in(p, b));
}

/* The least allowance of the duty that is greater; NULL as an argument: than none. */
static const ent_allow_row *allowance_after(const ent_image *p, const ent_duty_row *d, const ent_allow_row *before)
{
    const ent_allow_row *next = NULL;
    for (int64_t i = 0; i < d->n_allows; i++) {
        const ent_allow_row *a = &p->allow[d->first_allow + i];
        if ((!before || compare_allowances(p, a, before) > 0) && (!next || compare_allowances(p, a, next) < 0)) {
            next = a;
        }
    }
    return next;
}

static size_t put_unit(char *buf, size_t size, int64_t n, const char *unit)
{
    return n > 0 ? (size_t)snprintf(buf, size, "%lld%s", (long long)n, unit) : 0;
}

/* To the nanosecond, in hours rather than days: 72h of office are nine days there. */
static size_t put_duration(int64_t ns, char *buf, size_t size)
{
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = {{HOUR_NS, "h"}, {MINUTE_NS, "m"}, {SECOND_NS, "s"}, {1000000, "ms"}, {1000, "us"}, {1, "ns"}};
    size_t at = ns == 0 ? (size_t)snprintf(buf, size, "0s") : 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        at += put_unit(buf + at, size - at, ns / units[i].ns, units[i].name);
        ns %= units[i].ns;
    }
    return at;
}

void ent_report_allowance(const ent_image *p, const ent_allow_row *a, char *buf, size_t size)
{
    const ent_spanuse_row *use = a->use < 0 ? NULL : &p->spanuse[a->use];
    size_t at = a->slot >= 0 ? (size_t)snprintf(buf, size, "computed") : put_duration(a->ns, buf, size);
    if (use) {
        int64_t name = use->calendar >= 0 ? p->calendar[use->calendar].name : p->span[use->span].name;
        (void)snprintf(buf + at, size - at, " of %s", ent_image_text(p, name));
    }
}

/* --- lines --- */

static ent_whose_time sum_of(const ent_image *p, const ent_duty_row *d, const ent_whose_time *times,
                             const ent_report_time *line)
{
    ent_whose_time sum = {0};
    for (int64_t i = 0; i < d->n_allows; i++) {
        const ent_whose_time *t = &times[(size_t)i * p->n_party + (size_t)line->party];
        if (compare_allowances(p, &p->allow[d->first_allow + i], line->allow) == 0) {
            sum.clocks += t->clocks;
            sum.breaches += t->breaches;
            sum.longest += t->longest;
            sum.net_ns += t->net_ns;
        }
    }
    return sum;
}

bool ent_report_time_next(const ent_run_result *r, int64_t duty, ent_report_time *line)
{
    const ent_image *p = ent_engine_program(r->session);
    const ent_duty_row *d = &p->duty[duty];
    const ent_whose_time *times = ent_engine_whose_time(r->session, duty);
    while (times && line->party < (int64_t)p->n_party) {
        line->allow = allowance_after(p, d, line->allow);
        if (!line->allow) {
            line->party++;
            continue;
        }
        line->sum = sum_of(p, d, times, line);
        if (line->sum.clocks > 0) {
            return true;
        }
    }
    return false;
}

void ent_report_hours(ent_i128 ns, char *buf, size_t size)
{
    char hours[ENT_MONEY_TEXT_SIZE];
    int64_t rest = (int64_t)(ns % HOUR_NS);
    ent_money_format_grouped(ns / HOUR_NS, 0, hours, sizeof hours);
    size_t at = (size_t)snprintf(buf, size, "%s:%02d:%02d", hours, (int)(rest / MINUTE_NS),
                                 (int)(rest % MINUTE_NS / SECOND_NS));
    if (rest % SECOND_NS != 0) {
        at += (size_t)snprintf(buf + at, size - at, ".%09d", (int)(rest % SECOND_NS));
        while (buf[at - 1] == '0') {
            buf[--at] = 0;
        }
    }
}

const char *ent_report_duty(const ent_image *p, int64_t duty)
{
    const ent_duty_row *d = &p->duty[duty];
    return ent_image_text(p, d->title >= 0 ? d->title : d->name);
}
