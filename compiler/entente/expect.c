/* See expect.h. */
#include "compiler/entente/expect.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/judge/answer.h"
#include "runtime/ledger/ledger.h"
#include "runtime/time/civil.h"
#include "runtime/time/zone.h"

/* What decisions and reports round to. */
enum { SHOWN_PLACES = 4 };

typedef struct judging {
    const ent_compilation *c;
    const ent_scenario_run *run;
    const ent_node *expectation;
    const ent_verdict *d;
    ent_difference *out;
    size_t n;
} judging;

/* --- texts --- */

static const char *status_text(int status)
{
    return status == ENT_STATUS_NO_DATA ? "no data" : ent_status_name(status);
}

static void add(char *buf, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add(char *buf, size_t size, const char *format, ...)
{
    va_list args;
    size_t at = strlen(buf);
    va_start(args, format);
    vsnprintf(buf + at, size - at, format, args);
    va_end(args);
}

/* A duration as a literal says it: 6h30m. */
static void add_duration(char *buf, size_t size, int64_t ns)
{
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = {{INT64_C(3600000000000), "h"}, {INT64_C(60000000000), "m"}, {INT64_C(1000000000), "s"},
                 {1000000, "ms"},               {1000, "us"},                {1, "ns"}};
    bool any = false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (ns >= units[i].ns) {
            add(buf, size, "%lld%s", (long long)(ns / units[i].ns), units[i].name);
            ns %= units[i].ns;
            any = true;
        }
    }
    if (!any) {
        add(buf, size, "0s");
    }
}

static void add_span(const ent_compilation *c, ent_span span, char *buf, size_t size)
{
    size_t len;
    size_t at = strlen(buf);
    const char *source = ent_sources_text(c->sources, span.file, &len);
    bool blank = false;
    for (size_t i = span.start; i < span.end && i < len && at + 2 < size; i++) {
        bool is_blank = source[i] == ' ' || source[i] == '\t' || source[i] == '\n' || source[i] == '\r';
        if (is_blank) {
            blank = true;
            continue;
        }
        if (blank && at > 0) {
            buf[at++] = ' ';
        }
        blank = false;
        buf[at++] = source[i];
    }
    buf[at] = 0;
}

void ent_expect_source_text(const ent_compilation *c, ent_span span, char *buf, size_t size)
{
    buf[0] = 0;
    add_span(c, span, buf, size);
}

static const char *currency_of(const ent_image *p, const ent_verdict *d)
{
    return ent_image_text(p, p->agreement[ent_verdict_agreement(p, d)].currency);
}

static void add_credit(const ent_image *p, const ent_verdict *d, char *buf, size_t size)
{
    char amount[ENT_MONEY_TEXT_SIZE];
    ent_ledger_amount(p, d, amount, sizeof amount);
    add(buf, size, "%s %s", currency_of(p, d), amount);
}

static void add_measure(const ent_image *p, const ent_verdict *d, char *buf, size_t size)
{
    char text[ENT_Q_TEXT_SIZE + 8];
    if (d->kind == ENT_VERDICT_DUTY) {
        add_duration(buf, size, d->elapsed_ns);
        return;
    }
    const ent_objective_row *row = &p->objective[d->clause];
    if (!d->has_measure) {
        add(buf, size, "no figure");
    } else if (row->type == ENT_TYPE_DURATION && d->measure.den == 1 && d->measure.num >= 0) {
        add_duration(buf, size, (int64_t)d->measure.num);
    } else {
        ent_ledger_measure(p, row, d, text, sizeof text);
        add(buf, size, "%s", text);
    }
}

static void add_subject(const ent_scenario_run *run, const ent_verdict *d, char *buf, size_t size)
{
    for (size_t i = 0; i < ent_engine_subject_fields(run->session, d); i++) {
        char value[64];
        add(buf, size, "%s%s", i ? "/" : " for ",
            ent_engine_subject_text(run->session, d, i, value, sizeof value));
    }
}

static void add_instant(const ent_scenario_run *run, const ent_verdict *d, const char *word,
                        int64_t ns, char *buf, size_t size)
{
    char text[ENT_CIVIL_TEXT_MAX];
    const ent_zone *zone =
        ent_engine_agreement_zone(run->session, ent_verdict_agreement(run->program, d));
    ent_civil_format(text, sizeof text, ns, zone);
    add(buf, size, "%s%s", word, text);
}

static void add_window(const ent_scenario_run *run, const ent_verdict *d, char *buf, size_t size)
{
    char first[16];
    char last[16];
    const ent_zone *zone =
        ent_engine_agreement_zone(run->session, ent_verdict_agreement(run->program, d));
    ent_civil_format_date(first, sizeof first, ent_zone_day(zone, d->from_ns));
    ent_civil_format_date(last, sizeof last, ent_zone_day(zone, d->to_ns - 1));
    if (strcmp(first, last) == 0) {
        add(buf, size, " on %s", first);
    } else {
        add(buf, size, " in %s .. %s", first, last);
    }
}

/* A sealed share is a reduced fraction in text.  false: it has more than 128 bits. */
static bool share_of(const ent_part *part, ent_q *out)
{
    const char *bar = strchr(part->share_text, '/');
    ent_q below;
    if (!bar) {
        return ent_q_from_decimal_text(part->share_text, strlen(part->share_text), out);
    }
    return ent_q_from_decimal_text(part->share_text, (size_t)(bar - part->share_text), out) &&
           ent_q_from_decimal_text(bar + 1, strlen(bar + 1), &below) && ent_q_div(*out, below, out);
}

/* The share as it is written: a percentage, exactly or rounded as percentages are shown. */
static void add_share(const ent_part *part, char *buf, size_t size)
{
    char text[ENT_Q_TEXT_SIZE];
    ent_q share;
    if (!part || !part->has_share) {
        add(buf, size, "0%%");
    } else if (share_of(part, &share) && ent_q_mul(share, ent_q_from_i64(100), &share) &&
               ent_q_format_rounded(share, SHOWN_PLACES, true, text, sizeof text)) {
        add(buf, size, "%s%%", text);
    } else {
        add(buf, size, "%s", part->share_text);
    }
}

void ent_expect_decision_text(const ent_scenario_run *run, const ent_verdict *d, char *buf,
                              size_t size)
{
    const ent_image *p = run->program;
    char target[256];
    buf[0] = 0;
    add(buf, size, "%s", status_text(d->status));
    add_subject(run, d, buf, size);
    if (d->kind == ENT_VERDICT_DUTY) {
        add(buf, size, ": ");
        add_duration(buf, size, d->elapsed_ns);
        add(buf, size, " of ");
        add_duration(buf, size, d->allowed_ns);
        add_instant(run, d, ", triggered ", d->at_ns, buf, size);
        if (d->has_due) {
            add_instant(run, d, ", due ", d->due_ns, buf, size);
        }
        if (d->has_done) {
            add_instant(run, d, ", done ", d->done_ns, buf, size);
        } else if (d->open) {
            add(buf, size, ", still open");
        }
    } else {
        add_window(run, d, buf, size);
        add(buf, size, ": ");
        add_measure(p, d, buf, size);
        ent_ledger_target(p, &p->objective[d->clause], target, sizeof target);
        add(buf, size, ", target %s", target);
    }
    if (d->has_credit) {
        add(buf, size, ", credit ");
        add_credit(p, d, buf, size);
    }
    const char *separator = ", responsible ";
    for (size_t i = 0; d->answer && i < d->answer->n_parts; i++) {
        const ent_part *part = &d->answer->parts[i];
        if (part->has_share) {
            add(buf, size, "%s%s ", separator, ent_image_text(p, p->party[part->party].name));
            add_share(part, buf, size);
            separator = ", ";
        }
    }
}

/* --- which decisions it speaks of --- */

static bool is_of_clause(const ent_scenario_run *run, const ent_node *of, const ent_verdict *d)
{
    const ent_image *p = run->program;
    if (d->kind != ENT_VERDICT_DUTY && d->kind != ENT_VERDICT_OBJECTIVE) {
        return false;
    }
    int64_t name = d->kind == ENT_VERDICT_DUTY ? p->duty[d->clause].name
                                                : p->objective[d->clause].name;
    return strcmp(ent_image_text(p, name), of->name) == 0 &&
           strcmp(ent_image_text(p, p->agreement[ent_verdict_agreement(p, d)].name),
                  of->kids[0]->name) == 0;
}

static bool is_for_key(const ent_scenario_run *run, const ent_node *key, const ent_verdict *d)
{
    const char *wanted = !key ? NULL : key->kind == ENT_NODE_NAME ? key->name : key->text;
    bool found = !wanted;
    for (size_t i = 0; !found && i < ent_engine_subject_fields(run->session, d); i++) {
        char value[256];
        found = strcmp(ent_engine_subject_text(run->session, d, i, value, sizeof value),
                       wanted) == 0;
    }
    return found;
}

static bool is_in_window(const ent_scenario_run *run, const ent_node *date, const ent_verdict *d)
{
    const ent_zone *zone =
        ent_engine_agreement_zone(run->session, ent_verdict_agreement(run->program, d));
    bool objective = d->kind == ENT_VERDICT_OBJECTIVE;
    if (!date) {
        return !objective || !run->whole ||
               (d->from_ns <= run->last_ns && d->to_ns > run->first_ns);
    }
    int64_t day_from = ent_zone_midnight(zone, date->i);
    int64_t day_to = ent_zone_midnight(zone, date->i + 1);
    if (objective) {
        return d->from_ns < day_to && d->to_ns > day_from;
    }
    int64_t end = d->has_done            ? d->done_ns
                  : d->open && d->has_due ? d->due_ns
                                          : d->final_ns;
    return d->at_ns < day_to && end >= day_from;
}

/* --- comparing --- */

static ent_difference *differ(judging *j, const char *what)
{
    if (j->n == ENT_DIFFERENCES_MAX) {
        return NULL;
    }
    ent_difference *difference = &j->out[j->n++];
    *difference = (ent_difference){.what = what};
    return difference;
}

static void compare_status(judging *j)
{
    int wanted = j->expectation->op - ENT_EXPECT_MET;
    if (j->d->status == wanted) {
        return;
    }
    ent_difference *difference = differ(j, "status");
    if (difference) {
        add(difference->expected, sizeof difference->expected, "%s", status_text(wanted));
        add(difference->decided, sizeof difference->decided, "%s", status_text(j->d->status));
    }
}

/* The literal in the raw units of figures: ratios, nanoseconds, major units of money. */
static bool literal_value(const ent_node *literal, ent_q *out)
{
    if (literal->kind == ENT_NODE_UNARY) {
        bool ok = literal_value(literal->kids[0], out);
        *out = ent_q_neg(*out);
        return ok;
    }
    *out = literal->op == ENT_LIT_INT || literal->op == ENT_LIT_DURATION ||
                   literal->op == ENT_LIT_INSTANT || literal->op == ENT_LIT_TIME
               ? ent_q_from_i64(literal->i)
               : literal->q;
    return true;
}

static unsigned literal_kind(const ent_node *literal)
{
    return literal->kind == ENT_NODE_UNARY ? literal->kids[0]->op : literal->op;
}

/* Whether a literal of this kind can stand for a figure of the type: 4h is no share. */
static bool is_of_type(unsigned literal, int64_t type)
{
    switch (type) {
    case ENT_TYPE_DURATION:
        return literal == ENT_LIT_DURATION;
    case ENT_TYPE_MONEY:
        return literal == ENT_LIT_MONEY;
    case ENT_TYPE_INSTANT:
        return literal == ENT_LIT_INSTANT;
    case ENT_TYPE_TIME:
        return literal == ENT_LIT_TIME;
    case ENT_TYPE_RATIO:
        return literal == ENT_LIT_PERCENT || literal == ENT_LIT_DECIMAL || literal == ENT_LIT_INT;
    default:
        return literal == ENT_LIT_DECIMAL || literal == ENT_LIT_INT;
    }
}

/* The same exactly, or as it is shown: `unit` raw units are one that is printed with four places. */
static bool same_figure(ent_q wanted, ent_q decided, ent_q unit)
{
    ent_q shown;
    ent_q scaled;
    ent_q back;
    ent_i128 rounded;
    if (ent_q_cmp(wanted, decided) == 0) {
        return true;
    }
    return ent_q_div(decided, unit, &shown) && ent_q_div(wanted, unit, &scaled) &&
           ent_q_round(shown, SHOWN_PLACES, ENT_ROUND_HALF_EVEN, &rounded) &&
           ent_q_make(rounded, 10000, &back) && ent_q_cmp(back, scaled) == 0;
}

static void compare_measure(judging *j)
{
    const ent_node *literal = j->expectation->kids[5];
    if (!literal) {
        return;
    }
    const ent_verdict *d = j->d;
    bool duty = d->kind == ENT_VERDICT_DUTY;
    const ent_objective_row *row = duty ? NULL : &j->run->program->objective[d->clause];
    int64_t type = duty ? ENT_TYPE_DURATION : row->type;
    ent_q decided = ent_q_from_i64(duty ? d->elapsed_ns : 0);
    ent_q unit = ent_q_from_i64(1);
    ent_q wanted;
    bool same = literal_value(literal, &wanted) && is_of_type(literal_kind(literal), type) &&
                (duty || d->has_measure);
    if (same && !duty) {
        same = !d->measure_is_number || ent_q_from_double(d->measure_f, &decided);
        decided = d->measure_is_number ? decided : d->measure;
    }
    if (type == ENT_TYPE_RATIO) {
        (void)ent_q_make(1, 100, &unit);
    } else if (type == ENT_TYPE_DURATION) {
        unit = ent_q_from_i64(1000000000);
    }
    if (same && same_figure(wanted, decided, unit)) {
        return;
    }
    ent_difference *difference = differ(j, "measure");
    if (difference) {
        add_span(j->c, literal->span, difference->expected, sizeof difference->expected);
        add_measure(j->run->program, d, difference->decided, sizeof difference->decided);
    }
}

static void compare_credit(judging *j)
{
    const ent_node *literal = j->expectation->kids[4];
    if (!literal) {
        return;
    }
    const ent_image *p = j->run->program;
    const ent_node *money = literal->kind == ENT_NODE_UNARY ? literal->kids[0] : literal;
    const char *currency = currency_of(p, j->d);
    int digits = ent_currency_minor(currency);
    ent_i128 scale = 1;
    for (int i = 0; i < (digits < 0 ? 2 : digits); i++) {
        scale *= 10;
    }
    ent_q wanted;
    ent_q decided = ent_q_from_i64(0);
    bool same = (!j->d->has_credit || ent_q_make(j->d->credit_minor, scale, &decided)) &&
                strcmp(currency, money->text) == 0 && literal_value(literal, &wanted) &&
                ent_q_cmp(decided, wanted) == 0;
    ent_difference *difference = same ? NULL : differ(j, "credit");
    if (difference) {
        add_span(j->c, literal->span, difference->expected, sizeof difference->expected);
        if (j->d->has_credit) {
            add_credit(p, j->d, difference->decided, sizeof difference->decided);
        } else {
            add(difference->decided, sizeof difference->decided, "none");
        }
    }
}

/* `client` and `integrator` are the framework's one holder of that role. */
static bool is_party(const ent_image *p, int64_t party, const char *name)
{
    int64_t role = p->party[party].role;
    return strcmp(ent_image_text(p, p->party[party].name), name) == 0 ||
           (role == ENT_ROLE_CLIENT && strcmp(name, "client") == 0) ||
           (role == ENT_ROLE_INTEGRATOR && strcmp(name, "integrator") == 0);
}

static const ent_part *part_of(const judging *j, const char *party)
{
    const ent_image *p = j->run->program;
    const struct ent_answer *answer = j->d->answer;
    for (size_t i = 0; answer && i < answer->n_parts; i++) {
        if (is_party(p, answer->parts[i].party, party)) {
            return &answer->parts[i];
        }
    }
    return NULL;
}

/* Each party named must have its share; with shares that sum to all of it nobody else can have one. */
static void compare_responsible(judging *j)
{
    const ent_node *list = j->expectation->kids[3];
    ent_q unit;
    (void)ent_q_make(1, 100, &unit);
    for (size_t i = 0; list && i < list->n_kids; i++) {
        const ent_node *wanted = list->kids[i];
        const ent_part *part = part_of(j, wanted->name);
        ent_q decided = ent_q_from_i64(0);
        bool same = (!part || !part->has_share || share_of(part, &decided)) &&
                    same_figure(wanted->kids[0]->q, decided, unit);
        ent_difference *difference = same ? NULL : differ(j, "responsible");
        if (difference) {
            add_span(j->c, wanted->span, difference->expected, sizeof difference->expected);
            add(difference->decided, sizeof difference->decided, "%s ", wanted->name);
            add_share(part, difference->decided, sizeof difference->decided);
        }
    }
}

static size_t compare(judging *j)
{
    j->n = 0;
    compare_status(j);
    compare_measure(j);
    compare_credit(j);
    compare_responsible(j);
    return j->n;
}

void ent_expect_judge(const ent_compilation *c, const ent_scenario_run *run,
                      const ent_node *expectation, ent_expectation *verdict)
{
    ent_difference differences[ENT_DIFFERENCES_MAX];
    bool wants_none = expectation->i == 1;
    size_t least = SIZE_MAX;
    *verdict = (ent_expectation){.expectation = expectation};
    judging j = {.c = c, .run = run, .expectation = expectation, .out = differences};
    for (size_t i = 0; i < run->n; i++) {
        j.d = &run->decisions[i];
        if (!is_of_clause(run, expectation->kids[0], j.d) ||
            !is_for_key(run, expectation->kids[1], j.d) ||
            !is_in_window(run, expectation->kids[2], j.d)) {
            continue;
        }
        verdict->n_candidates++;
        size_t n = compare(&j);
        /* a decision of the status asked for is nearer than one that only agrees in figures */
        bool other_status = n > 0 && strcmp(differences[0].what, "status") == 0;
        size_t distance = n + (other_status ? ENT_DIFFERENCES_MAX : 0);
        if (distance < least) {
            least = distance;
            verdict->nearest = j.d;
            verdict->n_differences = n;
            memcpy(verdict->differences, differences, sizeof differences);
        }
    }
    verdict->passed = wants_none ? least != 0 : least == 0;
}
