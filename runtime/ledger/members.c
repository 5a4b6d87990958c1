/* The members of a decision's line, as JSON; see members.h. */
#include "runtime/ledger/members.h"

#include <stdio.h>
#include <string.h>

#include "runtime/judge/answer.h"
#include "runtime/judge/clause.h"
#include "runtime/ledger/fact.h"
#include "runtime/time/civil.h"

const char *ent_status_name(int status)
{
    static const char *const names[] = {"met", "breach", "excused", "void", "provisional",
                                        "no_data", "not_in_force"};
    return status >= 0 && status < (int)(sizeof names / sizeof *names) ? names[status] : "";
}

const char *ent_claim_name(int status)
{
    static const char *const names[] = {"", "made", "open", "lapsed"};
    return names[status];
}

int64_t ent_verdict_agreement(const ent_image *program, const ent_verdict *d)
{
    return ent_verdict_clause(program, d).agreement;
}

/* --- figures --- */

/* A rational in `scale`-ths of its unit as exact decimal text, or as a fraction where there is none. */
static size_t exact_text(ent_q q, int64_t scale, char *buf, size_t size)
{
    if (!ent_q_div(q, ent_q_from_i64(scale), &q)) {
        return 0;
    }
    size_t n = ent_q_format_decimal(q, buf, size);
    return n ? n : ent_q_format_fraction(q, buf, size);
}

/* So many nanoseconds in seconds. */
static size_t seconds_text(ent_q ns, char *buf, size_t size)
{
    bool whole = ns.den == 1 && ns.num >= INT64_MIN && ns.num <= INT64_MAX;
    return whole ? ent_format_seconds((int64_t)ns.num, buf, size) : exact_text(ns, 1000000000, buf, size);
}

static size_t percent_text(ent_q q, char *buf, size_t size)
{
    if (!ent_q_mul(q, ent_q_from_i64(100), &q)) {
        return 0;
    }
    size_t n = ent_q_format_rounded(q, 4, true, buf, size);
    if (n && n + 1 < size) {
        buf[n++] = '%';
        buf[n] = 0;
    }
    return n;
}

static const char *currency_of(const ent_image *p, int64_t agreement)
{
    return ent_image_text(p, p->agreement[agreement].currency);
}

/* With the digits of the minor unit where they say it exactly. */
static size_t money_text(ent_q q, const char *currency, char *buf, size_t size)
{
    int digits = ent_currency_minor(currency);
    ent_i128 minor;
    ent_q back;
    ent_i128 scale = 1;
    for (int i = 0; i < digits; i++) {
        scale *= 10;
    }
    bool whole = digits >= 0 && ent_money_round(q, digits, ENT_ROUND_HALF_EVEN, &minor) &&
                 ent_q_make(minor, scale, &back) && ent_q_cmp(q, back) == 0;
    return whole ? ent_money_format(minor, digits, buf, size) : exact_text(q, 1, buf, size);
}

static size_t duration_text(ent_q ns, char *buf, size_t size)
{
    size_t n = exact_text(ns, 1000000000, buf, size - 2);
    memcpy(buf + n, "s", 2);
    return n + 1;
}

/* A figure of the objective's type in its unit. */
static size_t figure_text(const ent_image *p, const ent_objective_row *row, ent_q q, char *buf,
                          size_t size)
{
    size_t n;
    switch (row->type) {
    case ENT_TYPE_RATIO:
        return percent_text(q, buf, size);
    case ENT_TYPE_DURATION:
        return duration_text(q, buf, size);
    case ENT_TYPE_TIME:
        return ent_civil_format_clock(buf, size, (int64_t)ent_q_floor(q));
    case ENT_TYPE_MONEY:
        n = (size_t)snprintf(buf, size, "%s ", currency_of(p, row->agreement));
        return n + money_text(q, currency_of(p, row->agreement), buf + n, size - n);
    case ENT_TYPE_INSTANT:
        return ent_civil_format(buf, size, (int64_t)ent_q_floor(q), NULL);
    default:
        return exact_text(q, 1, buf, size);
    }
}

size_t ent_ledger_measure(const ent_image *p, const ent_objective_row *row,
                          const ent_verdict *d, char *buf, size_t size)
{
    buf[0] = 0;
    if (!d->has_measure || size < ENT_Q_TEXT_SIZE) {
        return 0;
    }
    if (d->measure_is_number) {
        return ent_format_double(d->measure_f, buf);
    }
    return figure_text(p, row, d->measure, buf, size);
}

static size_t bound_text(const ent_image *p, int64_t compare, int64_t bound, char *buf,
                         size_t size)
{
    static const char *const words[] = {"", "at least ", "at most ", "above ", "below "};
    int n = snprintf(buf, size, "%s%s", words[compare], ent_image_text(p, bound));
    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

size_t ent_ledger_target(const ent_image *p, const ent_objective_row *row, char *buf, size_t size)
{
    return bound_text(p, row->compare, row->target_text, buf, size);
}

size_t ent_ledger_amount(const ent_image *p, const ent_verdict *d, char *buf, size_t size)
{
    int digits = ent_currency_minor(currency_of(p, ent_verdict_agreement(p, d)));
    return ent_money_format(d->credit_minor, digits < 0 ? 2 : digits, buf, size);
}
/* --- members --- */

void ent_member_instant(ent_json_out *out, const char *key, int64_t ns, const ent_zone *zone)
{
    char text[ENT_CIVIL_TEXT_MAX];
    ent_civil_format(text, sizeof text, ns, zone);
    ent_json_key_text(out, key, text);
}

void ent_member_seconds(ent_json_out *out, const char *key, int64_t ns)
{
    char text[ENT_SECONDS_TEXT_SIZE];
    ent_format_seconds(ns, text, sizeof text);
    ent_json_key_text(out, key, text);
}
void ent_members_subject(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d)
{
    ent_json_out *out = &ledger->line;
    size_t n = ent_engine_subject_fields(session, d);
    if (n == 0) {
        return;
    }
    ent_json_key(out, "subject");
    ent_json_begin_object(out);
    for (size_t i = 0; i < n; i++) {
        char buf[64];
        ent_json_key_text(out, ent_engine_subject_name(session, d, i),
                          ent_engine_subject_text(session, d, i, buf, sizeof buf));
    }
    ent_json_end_object(out);
}

static void write_window(ent_json_out *out, const ent_verdict *d, const ent_zone *zone)
{
    ent_json_key(out, "window");
    ent_json_begin_object(out);
    ent_member_instant(out, "from", d->from_ns, zone);
    ent_member_instant(out, "to", d->to_ns, zone);
    ent_json_end_object(out);
}

static void write_clock(ent_json_out *out, const ent_verdict *d, const ent_zone *zone)
{
    ent_json_key(out, "clock");
    ent_json_begin_object(out);
    ent_member_instant(out, "at", d->at_ns, zone);
    if (d->has_due) {
        ent_member_instant(out, "due", d->due_ns, zone);
    }
    if (d->has_done) {
        ent_member_instant(out, "done", d->done_ns, zone);
    }
    if (d->open) {
        ent_json_key_bool(out, "open", true);
    }
    ent_member_seconds(out, "elapsed", d->elapsed_ns);
    ent_member_seconds(out, "allowed", d->allowed_ns);
    ent_json_end_object(out);
}

static void write_shortfall(ent_json_out *out, const ent_image *p, const ent_objective_row *row,
                            const ent_verdict *d)
{
    char text[ENT_Q_TEXT_SIZE + 8];
    const ent_constant *target = &p->constants[row->target];
    ent_q gap;
    if (d->status != ENT_STATUS_BREACH || !d->has_measure) {
        return;
    }
    if (d->measure_is_number) {
        double distance = d->measure_f - target->v.f;
        if (ent_format_double(distance < 0 ? -distance : distance, text)) {
            ent_json_key_text(out, "shortfall", text);
        }
        return;
    }
    if (ent_q_sub(d->measure, target->v.q, &gap)) {
        gap = gap.num < 0 ? ent_q_neg(gap) : gap;
        if (row->type == ENT_TYPE_INSTANT || row->type == ENT_TYPE_TIME) {
            duration_text(gap, text, sizeof text); /* what lies between two instants */
        } else {
            figure_text(p, row, gap, text, sizeof text);
        }
        ent_json_key_text(out, "shortfall", text);
    }
}

static void write_counts(ent_json_out *out, const ent_counts *c)
{
    ent_json_key(out, "counts");
    ent_json_begin_object(out);
    ent_json_key_int(out, "samples", c->samples);
    ent_json_key_int(out, "bad", c->bad);
    ent_json_key_int(out, "missing", c->missing);
    ent_json_key_int(out, "absent", c->absent);
    ent_json_key_int(out, "excluded", c->excluded);
    ent_json_key_int(out, "late", c->late);
    ent_json_end_object(out);
}

static void write_budget(ent_json_out *out, const ent_verdict *d)
{
    char text[ENT_Q_TEXT_SIZE];
    if (!d->has_budget) {
        return;
    }
    ent_json_key(out, "budget");
    ent_json_begin_object(out);
    ent_q_format_rounded(d->budget_left, 4, true, text, sizeof text);
    ent_json_key_text(out, "left", text);
    ent_q_format_rounded(d->burn_rate, 4, true, text, sizeof text);
    ent_json_key_text(out, "burn_rate", text);
    ent_json_end_object(out);
}

/* The level hoped for, and, where the window is over and there is a figure, whether it was kept. */
static void write_expected(ent_json_out *out, const ent_image *p, const ent_objective_row *row,
                           const ent_verdict *d)
{
    char text[ENT_Q_TEXT_SIZE + 8];
    if (row->expected < 0) {
        return;
    }
    bound_text(p, row->expected_compare, row->expected_text, text, sizeof text);
    ent_json_key(out, "expected");
    ent_json_begin_object(out);
    ent_json_key_text(out, "level", text);
    if (d->final && d->has_measure) {
        ent_json_key_bool(out, "met", d->expected_met);
    }
    ent_json_end_object(out);
}

static void write_objective(ent_json_out *out, const ent_image *p, const ent_verdict *d)
{
    const ent_objective_row *row = &p->objective[d->clause];
    char text[ENT_Q_TEXT_SIZE + 8];
    if (ent_ledger_measure(p, row, d, text, sizeof text)) {
        ent_json_key_text(out, "measure", text);
        if (row->type == ENT_TYPE_RATIO && !d->measure_is_number) {
            ent_q_format_fraction(d->measure, text, sizeof text);
            ent_json_key_text(out, "measure_exact", text);
        }
    }
    ent_ledger_target(p, row, text, sizeof text);
    ent_json_key_text(out, "target", text);
    write_expected(out, p, row, d);
    write_shortfall(out, p, row, d);
    write_counts(out, &d->counts);
    write_budget(out, d);
}

void ent_members_outcome(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d)
{
    const ent_image *p = ent_engine_program(session);
    const ent_zone *zone = ent_engine_agreement_zone(session, ent_verdict_agreement(p, d));
    ent_json_out *out = &ledger->line;
    if (d->kind == ENT_VERDICT_DUTY) {
        write_clock(out, d, zone);
    } else {
        write_window(out, d, zone);
    }
    ent_json_key_text(out, "status", ent_status_name(d->status));
    if (d->kind == ENT_VERDICT_OBJECTIVE) {
        write_objective(out, p, d);
    } else if (d->kind == ENT_VERDICT_DUTY && d->status == ENT_STATUS_BREACH) {
        ent_member_seconds(out, "shortfall", d->elapsed_ns - d->allowed_ns);
    }
}

static void key_minor(ent_json_out *out, const char *key, ent_i128 minor, const char *currency)
{
    char text[ENT_MONEY_TEXT_SIZE];
    int digits = ent_currency_minor(currency);
    ent_money_format(minor, digits < 0 ? 2 : digits, text, sizeof text);
    ent_json_key_text(out, key, text);
}

/* Whether a credit that lapses unless it is claimed was, and what lapsed. */
static void write_claim(ent_json_out *out, const ent_image *p, const ent_zone *zone, const ent_verdict *d)
{
    if (d->claim == ENT_CLAIM_NONE) {
        return;
    }
    ent_json_key(out, "claim");
    ent_json_begin_object(out);
    ent_json_key_text(out, "status", ent_claim_name(d->claim));
    if (d->claim == ENT_CLAIM_MADE) {
        ent_member_instant(out, "at", d->claim_ns, zone);
    }
    ent_member_instant(out, "until", d->claim_until_ns, zone);
    if (d->claim == ENT_CLAIM_LAPSED) {
        key_minor(out, "amount", d->lapsed_minor, currency_of(p, ent_verdict_agreement(p, d)));
    }
    ent_json_end_object(out);
}

static void write_credit(ent_json_out *out, const ent_image *p, const ent_zone *zone, const ent_verdict *d)
{
    char text[ENT_MONEY_TEXT_SIZE];
    if (!d->has_credit) {
        return;
    }
    ent_ledger_amount(p, d, text, sizeof text);
    ent_json_key(out, "credit");
    ent_json_begin_object(out);
    ent_json_key_text(out, "amount", text);
    ent_json_key_text(out, "currency", currency_of(p, ent_verdict_agreement(p, d)));
    ent_json_key_text(out, "rule",
                      d->credit_earned ? "earn back" : ent_image_text(p, d->credit_rule));
    write_claim(out, p, zone, d);
    ent_json_end_object(out);
}

/* What was put in and paid out, altogether and by each party; `amount` of a party is its net. */
static void write_pool(ent_json_out *out, const ent_engine *session, const ent_verdict *d)
{
    const ent_image *p = ent_engine_program(session);
    const ent_pool_row *row = &p->pool[d->clause];
    const char *currency = currency_of(p, row->agreement);
    size_t n;
    const ent_pool_part *parts = ent_engine_pool_parts(session, d, &n);
    if (!d->final) {
        return;
    }
    ent_json_key(out, "credit");
    ent_json_begin_object(out);
    key_minor(out, "amount", d->credit_minor, currency);
    ent_json_key_text(out, "currency", currency);
    ent_json_key_text(out, "rule", ent_image_text(p, p->amount[row->amount].text));
    key_minor(out, "fund", d->fund_minor, currency);
    ent_json_end_object(out);
    ent_json_key(out, "parties");
    ent_json_begin_array(out);
    for (size_t i = 0; i < n; i++) {
        ent_json_begin_object(out);
        ent_json_key_text(out, "party", ent_image_text(p, p->party[parts[i].party].name));
        key_minor(out, "paid_in", parts[i].in, currency);
        key_minor(out, "paid_out", parts[i].out, currency);
        key_minor(out, "amount", parts[i].out - parts[i].in, currency);
        ent_json_end_object(out);
    }
    ent_json_end_array(out);
}

void ent_members_credit(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d)
{
    const ent_image *p = ent_engine_program(session);
    if (d->kind == ENT_VERDICT_POOL) {
        write_pool(&ledger->line, session, d);
    } else {
        write_credit(&ledger->line, p, ent_engine_agreement_zone(session, ent_verdict_agreement(p, d)), d);
    }
}

void ent_members_accountable(ent_json_out *out, const ent_image *p, int64_t agreement)
{
    const ent_agreement_row *row = &p->agreement[agreement];
    ent_json_key(out, "accountable");
    ent_json_begin_object(out);
    ent_json_key_text(out, "party", ent_image_text(p, p->party[row->supplier].name));
    ent_json_key_text(out, "to", ent_image_text(p, p->party[row->customer].name));
    ent_json_end_object(out);
}

static void key_party(ent_json_out *out, const char *key, const ent_image *p, int64_t party)
{
    ent_json_key_text(out, key, ent_image_text(p, p->party[party].name));
}

static void write_degree(ent_json_out *out, uint32_t degree)
{
    char text[32];
    (void)snprintf(text, sizeof text, degree <= 1 ? "%u" : "1/%u", degree);
    ent_json_key_text(out, "degree", text);
}

/* The figure had the party performed: seconds of a clock, else in the measure's unit, a ratio exactly. */
static void write_without(ent_json_out *out, const ent_image *p, const ent_verdict *d,
                          const ent_part *part)
{
    char text[ENT_Q_TEXT_SIZE + 8];
    if (!part->has_without) {
        return;
    }
    if (part->without_is_number) {
        text[ent_format_double(part->without_f, text)] = 0;
    } else if (d->kind == ENT_VERDICT_DUTY) {
        seconds_text(part->without, text, sizeof text);
    } else if (p->objective[d->clause].type == ENT_TYPE_RATIO) {
        ent_q_format_fraction(part->without, text, sizeof text);
    } else {
        figure_text(p, &p->objective[d->clause], part->without, text, sizeof text);
    }
    ent_json_key_text(out, "without", text);
}

static void write_part(ent_json_out *out, const ent_image *p, const ent_verdict *d,
                       const ent_part *part)
{
    char text[ENT_MONEY_TEXT_SIZE];
    int digits = ent_currency_minor(currency_of(p, ent_verdict_agreement(p, d)));
    ent_json_begin_object(out);
    key_party(out, "party", p, part->party);
    if (part->has_share) {
        ent_json_key_text(out, "share", part->share_text);
    }
    ent_json_key_bool(out, "but_for", part->but_for);
    write_degree(out, part->degree);
    if (part->has_times) {
        ent_member_seconds(out, "held", part->held_ns);
        ent_member_seconds(out, "excess", part->excess_ns);
    }
    if (part->has_amount) {
        ent_money_format(part->amount_minor, digits < 0 ? 2 : digits, text, sizeof text);
        ent_json_key_text(out, "amount", text);
    }
    write_without(out, p, d, part);
    if (d->answer->sampled && part->has_share) {
        ent_format_double(part->error, text);
        ent_json_key_text(out, "standard_error", text);
    }
    ent_json_end_object(out);
}

void ent_members_responsible(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d)
{
    const ent_image *p = ent_engine_program(session);
    ent_json_out *out = &ledger->line;
    if (!d->answer || d->status == ENT_STATUS_NOT_IN_FORCE) {
        return;
    }
    ent_json_key(out, "responsible");
    ent_json_begin_array(out);
    for (size_t i = 0; i < d->answer->n_parts; i++) {
        if (ent_part_is_told(&d->answer->parts[i])) {
            write_part(out, p, d, &d->answer->parts[i]);
        }
    }
    ent_json_end_array(out);
}

/* v(all), in the unit of the measure: seconds of a clock, else an exact figure. */
void ent_members_gap(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d)
{
    const ent_image *p = ent_engine_program(session);
    ent_json_out *out = &ledger->line;
    char text[ENT_Q_TEXT_SIZE + 8];
    if (!d->answer || !d->answer->has_gap || d->status == ENT_STATUS_NOT_IN_FORCE) {
        return;
    }
    if (!d->answer->gap_fits) {
        ent_json_key_text(out, "structural_gap", d->answer->gap_text);
        return;
    }
    if (d->kind == ENT_VERDICT_DUTY) {
        seconds_text(d->answer->gap, text, sizeof text);
    } else if (p->objective[d->clause].type == ENT_TYPE_RATIO) {
        ent_q_format_fraction(d->answer->gap, text, sizeof text);
    } else {
        figure_text(p, &p->objective[d->clause], d->answer->gap, text, sizeof text);
    }
    ent_json_key_text(out, "structural_gap", text);
}

static void write_row(ent_ledger *ledger, const ent_image *p, const char *key, int32_t feed,
                      int64_t origin)
{
    ent_json_out *out = &ledger->line;
    if (!ledger->files || feed < 0 || origin == 0) {
        return;
    }
    const ent_ledger_files *files = &ledger->files[feed];
    uint32_t file = ent_origin_file(origin);
    ent_json_key(out, key);
    ent_json_begin_object(out);
    ent_json_key_text(out, "feed", ent_image_text(p, p->feed[feed].name));
    if (file < files->n) {
        ent_json_key_text(out, "file", files->names[file]);
    }
    ent_json_key_int(out, "line", ent_origin_line(origin));
    ent_json_end_object(out);
}

static void write_fact(ent_ledger *ledger, const ent_image *p, const ent_zone *zone,
                       const ent_fact *fact)
{
    ent_json_out *out = &ledger->line;
    char text[ENT_FACT_TEXT_SIZE];
    ent_fact_text(p, zone, fact, text, sizeof text);
    ent_json_begin_object(out);
    ent_json_key_text(out, "fact", text);
    write_row(ledger, p, "source", fact->feed, fact->origin);
    if (fact->until_feed != fact->feed || fact->until_origin != fact->origin) {
        write_row(ledger, p, "until", fact->until_feed, fact->until_origin);
    }
    ent_json_end_object(out);
}

static void write_clock_row(ent_ledger *ledger, const ent_image *p, const ent_zone *zone,
                            ent_fact_kind kind, int64_t feed, int64_t origin, int64_t at)
{
    write_fact(ledger, p, zone,
               &(ent_fact){.feed = (int32_t)feed,
                           .origin = origin,
                           .until_feed = -1,
                           .from_ns = at,
                           .to_ns = at,
                           .subject = -1,
                           .root = -1,
                           .span = -1,
                           .kind = (uint8_t)kind});
}

/* The rows that a breach rests on; of every other clock those that began and stopped it. */
void ent_members_because(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d)
{
    const ent_image *p = ent_engine_program(session);
    const ent_zone *zone = ent_engine_agreement_zone(session, ent_verdict_agreement(p, d));
    ent_json_out *out = &ledger->line;
    const ent_answer *a = d->answer;
    bool began = d->kind == ENT_VERDICT_DUTY && d->cause_origin != 0;
    if (a ? a->n_facts == 0 : !began) {
        return;
    }
    ent_json_key(out, "because");
    ent_json_begin_array(out);
    if (!a) {
        write_clock_row(ledger, p, zone, ENT_FACT_TRIGGER, p->duty[d->clause].feed,
                        d->cause_origin, d->at_ns);
        if (d->has_done) {
            write_clock_row(ledger, p, zone, ENT_FACT_STOPPED, d->done_feed, d->done_origin,
                            d->done_ns);
        }
    }
    for (size_t i = 0; a && i < a->n_facts; i++) {
        write_fact(ledger, p, zone, &a->facts[i]);
    }
    if (a && a->facts_left_out > 0) {
        ent_json_begin_object(out);
        ent_json_key_int(out, "left_out", (int64_t)a->facts_left_out);
        ent_json_end_object(out);
    }
    ent_json_end_array(out);
}
