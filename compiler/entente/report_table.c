/* The month-end table for a person: 80 columns, one block an agreement, the totals, what was read.
 *
 * An objective has a line a window; a duty, of which there may be thousands of clocks, has one line of counts and
 * names the clocks that overran most.  Golden: tests/golden/run. */
#include <stdlib.h>
#include <string.h>

#include "compiler/entente/report_text.h"
#include "runtime/judge/clause.h"
#include "runtime/time/civil.h"
#include "runtime/time/zone.h"

enum { TEXT = 256 };

typedef struct table {
    const ent_run_result *result;
    const ent_image *program;
    FILE *out;
    bool colour;
    size_t subject_width; /* of the agreement in hand; 0: no objective has a subject */
    size_t credit_width;
} table;

enum { WINDOW = 12, MEASURE = 9, TARGET = 8, STATUS = 7, CREDIT = 10, CREDIT_MAX = 16 };
enum { LINE = 79, SUBJECT_MAX = 14, WORST_MAX = 40, DUTY = 31 };

static size_t clause_width(const table *t)
{
    size_t others = WINDOW + 1 + MEASURE + 2 + TARGET + 1 + STATUS + 1 + t->credit_width + 1;
    return LINE - others - (t->subject_width ? t->subject_width + 1 : 0);
}

/* --- text --- */

static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++) {
        n += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return n;
}

/* At most `width` characters, filled with blanks; what is cut off shows as an ellipsis. */
static void cell(FILE *out, const char *text, size_t width, bool right)
{
    size_t have = width_of(text);
    width = width ? width : have; /* 0: as wide as it is */
    for (size_t i = have; right && i < width; i++) {
        fputc(' ', out);
    }
    if (have <= width) {
        fputs(text, out);
    } else {
        size_t left = width - 1;
        for (; left > 0; left--) {
            do {
                fputc(*text++, out);
            } while (((unsigned char)*text & 0xC0) == 0x80);
        }
        fputs("\u2026", out);
    }
    for (size_t i = have; !right && i < width; i++) {
        fputc(' ', out);
    }
}

static void paint(const table *t, int status, const char *text, size_t width)
{
    const char *code = status == ENT_STATUS_BREACH ? "\033[1;31m"
                       : status == ENT_STATUS_MET  ? "\033[32m"
                                                   : "\033[33m";
    if (t->colour) {
        fputs(code, t->out);
    }
    cell(t->out, text, width, false);
    if (t->colour) {
        fputs("\033[0m", t->out);
    }
}

static void rule(FILE *out, const char *dash)
{
    for (int i = 0; i < 79; i++) {
        fputs(dash, out);
    }
    fputc('\n', out);
}

/* --- rows --- */

static void objective_line(const table *t, const ent_verdict *d)
{
    char text[TEXT];
    cell(t->out, ent_report_label(t->program, d), clause_width(t), false);
    fputc(' ', t->out);
    if (t->subject_width) {
        ent_report_subject(t->result, d, text, sizeof text);
        cell(t->out, text, t->subject_width, false);
        fputc(' ', t->out);
    }
    ent_report_window(t->result, d, text, sizeof text);
    cell(t->out, text, WINDOW, false);
    fputc(' ', t->out);
    ent_report_measure(t->result, d, text, sizeof text);
    cell(t->out, text, MEASURE, true);
    fputs("  ", t->out);
    ent_report_target(t->result, &t->program->objective[d->clause], text, sizeof text);
    cell(t->out, text, TARGET, false);
    fputc(' ', t->out);
    paint(t, d->status, ent_report_status(d), d->has_credit ? STATUS : 0);
    if (d->has_credit) {
        ent_report_money(t->result, ent_verdict_agreement(t->program, d), d->credit_minor, text, sizeof text);
        fputc(' ', t->out);
        cell(t->out, text, width_of(text) > t->credit_width ? 0 : t->credit_width, true);
    }
    fputc('\n', t->out);
}

/* A pool's window, then a line for each party. */
static void pool_lines(const table *t, const ent_verdict *d)
{
    static const char *const words[] = {[ENT_STATUS_MET] = "paid",
                                        [ENT_STATUS_BREACH] = "not paid",
                                        [ENT_STATUS_PROVISIONAL] = "so far",
                                        [ENT_STATUS_NO_DATA] = "not paid: no data"};
    int64_t agreement = ent_verdict_agreement(t->program, d);
    char text[TEXT];
    size_t n;
    const ent_pool_part *parts = ent_engine_pool_parts(t->result->session, d, &n);
    cell(t->out, ent_report_label(t->program, d), DUTY, false);
    fputc(' ', t->out);
    ent_report_window(t->result, d, text, sizeof text);
    cell(t->out, text, WINDOW, false);
    fputc(' ', t->out);
    paint(t, d->status, words[d->status], d->final ? 17 : 0);
    if (d->final) {
        ent_report_money(t->result, agreement, d->fund_minor, text, sizeof text);
        fputc(' ', t->out);
        cell(t->out, text, width_of(text) > CREDIT_MAX ? 0 : CREDIT_MAX, true);
    }
    fputc('\n', t->out);
    for (size_t i = 0; i < n; i++) {
        const ent_i128 amounts[] = {parts[i].in, parts[i].out, parts[i].out - parts[i].in};
        static const char *const names[] = {" in", " out", " net"};
        fputs("    ", t->out);
        cell(t->out, ent_image_text(t->program, t->program->party[parts[i].party].name), 17, false);
        for (size_t k = 0; k < 3; k++) {
            ent_report_money(t->result, agreement, amounts[k], text, sizeof text);
            fputs(names[k], t->out);
            fputc(' ', t->out);
            cell(t->out, text, width_of(text) > 13 ? 0 : 13, true);
        }
        fputc('\n', t->out);
    }
}

/* The clocks that overran most, as many as stand on a line. */
static void worst_line(const table *t, const ent_tally *sum)
{
    char text[TEXT];
    char over[32];
    size_t used = width_of("    longest over:");
    fputs("    longest over:", t->out);
    for (size_t i = 0; i < sum->n_worst; i++) {
        const ent_verdict *worst = &sum->worst[i];
        ent_report_subject(t->result, worst, text, sizeof text);
        ent_report_duration(worst->elapsed_ns - worst->allowed_ns, over, sizeof over);
        size_t subject = width_of(text) < WORST_MAX ? width_of(text) : WORST_MAX;
        used += (size_t)(i ? 2 : 1) + subject + 2 + width_of(over);
        if (used > LINE) {
            break;
        }
        fputs(i ? ", " : " ", t->out);
        cell(t->out, text, subject, false);
        fprintf(t->out, " +%s", over);
    }
    fputc('\n', t->out);
}

static void duty_block(const table *t, int64_t duty, const ent_tally *sum)
{
    const ent_image *p = t->program;
    char text[TEXT];
    char percent[64];
    const char *label = ent_report_duty(p, duty);
    uint64_t met = sum->by_status[ENT_STATUS_MET];
    uint64_t decided = met + sum->by_status[ENT_STATUS_BREACH];
    ent_report_tally(sum, true, text, sizeof text);
    size_t used = strlen(text);
    if (decided > 0) {
        ent_q share;
        if (ent_q_make((ent_i128)met * 100, (ent_i128)decided, &share) &&
            ent_q_format_rounded(share, 1, false, percent, sizeof percent)) {
            used += (size_t)snprintf(text + used, sizeof text - used, " (%s%% met)", percent);
        }
    }
    if (DUTY + 1 + used <= LINE) {
        cell(t->out, label, DUTY, false);
        fprintf(t->out, " %s\n", text);
    } else {
        cell(t->out, label, width_of(label) > LINE ? LINE : 0, false);
        fprintf(t->out, "\n    %s\n", text);
    }
    if (sum->n_worst > 0) {
        worst_line(t, sum);
    }
}

/* --- blocks --- */

static void agreement_head(const table *t, int64_t index)
{
    const ent_image *p = t->program;
    const ent_agreement_row *a = &p->agreement[index];
    char text[TEXT];
    snprintf(text, sizeof text, "%s%s%s", ent_image_text(p, a->name),
             a->title >= 0 ? "  " : "", ent_image_text(p, a->title));
    if (t->colour) {
        fputs("\033[1m", t->out);
    }
    cell(t->out, text, 66, false);
    if (t->colour) {
        fputs("\033[0m", t->out);
    }
    char version[32];
    snprintf(version, sizeof version, "version %lld", (long long)a->version);
    cell(t->out, version, 13, true);
    fputc('\n', t->out);
    if (a->supplier != a->customer) {
        fprintf(t->out, "%s to %s\n", ent_image_text(p, p->party[a->supplier].name),
                ent_image_text(p, p->party[a->customer].name));
    }
    rule(t->out, "\u2500");
}

static void objective_head(const table *t)
{
    cell(t->out, "Clause", clause_width(t), false);
    fputc(' ', t->out);
    if (t->subject_width) {
        cell(t->out, "Subject", t->subject_width, false);
        fputc(' ', t->out);
    }
    fprintf(t->out, "%-*s %*s  %-*s %-*s %*s\n", WINDOW, "Window", MEASURE, "Measure", TARGET,
            "Target", STATUS, "Status", (int)t->credit_width, "Credit");
}

/* As wide as the largest credit, within bounds: money is not cut where the clause's title can be. */
static size_t credits_width(const table *t, const ent_report_entry *entries, size_t n)
{
    size_t width = CREDIT;
    char text[TEXT];
    for (size_t i = 0; i < n; i++) {
        if (entries[i].d && entries[i].d->has_credit) {
            ent_report_money(t->result, entries[i].agreement, entries[i].d->credit_minor, text, sizeof text);
            width = width_of(text) > width ? width_of(text) : width;
        }
    }
    return width < CREDIT_MAX ? width : CREDIT_MAX;
}

/* As wide as the longest subject, within bounds. */
static size_t subjects_width(const table *t, const ent_report_entry *entries, size_t n)
{
    size_t width = 0;
    char text[TEXT];
    for (size_t i = 0; i < n; i++) {
        if (entries[i].d && entries[i].d->has_subject) {
            ent_report_subject(t->result, entries[i].d, text, sizeof text);
            size_t have = width_of(text);
            have = have < 7 ? 7 : have > SUBJECT_MAX ? SUBJECT_MAX : have;
            width = have > width ? have : width;
        }
    }
    return width;
}

/* Who answers for the agreement's breaches: only where that is somebody else than the supplier alone. */
static void answers_block(const table *t, int64_t agreement)
{
    const ent_image *p = t->program;
    const ent_tally_party *all = &t->result->answers[(size_t)agreement * (p->n_party + 1)];
    const ent_agreement_row *a = &p->agreement[agreement];
    bool others = all[p->n_party].breaches > 0;
    bool money = false;
    char n[2][32];
    char text[TEXT];
    for (size_t i = 0; i < p->n_party; i++) {
        bool any = all[i].breaches > 0 || all[i].bears != 0;
        others |= any && (int64_t)i != a->supplier;
        money |= all[i].bears != 0;
    }
    if (!others) {
        return;
    }
    fprintf(t->out, "%-31s %10s  %13s%s\n", "Who answers", "breaches", "alone decides",
            money ? "                bears" : "");
    for (size_t i = 0; i < p->n_party; i++) {
        if (all[i].breaches == 0 && all[i].bears == 0) {
            continue;
        }
        bool relief = p->party[i].role == ENT_PARTY_CLIENT || p->party[i].role == ENT_PARTY_NOBODY;
        snprintf(text, sizeof text, "%s%s", ent_image_text(p, p->party[i].name),
                 relief && all[i].bears != 0 ? " (relief)" : "");
        cell(t->out, text, DUTY, false);
        fprintf(t->out, " %10s  %13s", ent_count_text(all[i].breaches, n[0], sizeof n[0]),
                ent_count_text(all[i].alone, n[1], sizeof n[1]));
        if (money) {
            ent_report_money(t->result, agreement, all[i].bears, text, sizeof text);
            fprintf(t->out, "  %19s", text);
        }
        fputc('\n', t->out);
    }
    if (all[p->n_party].breaches > 0) {
        fprintf(t->out, "%-31s %10s\n", "(structural gap)",
                ent_count_text(all[p->n_party].breaches, n[0], sizeof n[0]));
    }
}

/* --- whose time it was --- */

/* The columns after the party, each as wide as what stands in it. */
enum { TIME_WITHIN, TIME_TICKETS, TIME_HOURS, TIME_BREACHES, TIME_LONGEST, TIME_COLUMNS };
static const char *const time_heads[] = {"within", "tickets", "hours", "in breach", "longest"};
static const char time_head[] = "Whose time it was";

typedef struct time_widths {
    size_t party, v[TIME_COLUMNS];
    size_t n_duties;
} time_widths;

static void time_cell(const table *t, const ent_report_time *line, size_t column, char *buf, size_t size)
{
    const uint64_t counts[] = {[TIME_TICKETS] = line->sum.clocks,
                               [TIME_BREACHES] = line->sum.breaches,
                               [TIME_LONGEST] = line->sum.longest};
    if (column == TIME_WITHIN) {
        ent_report_allowance(t->program, line->allow, buf, size);
    } else if (column == TIME_HOURS) {
        ent_report_hours(line->sum.net_ns, buf, size);
    } else {
        (void)ent_count_text(counts[column], buf, size);
    }
}

/* Figures are not cut where an allowance can be, and that only where the party has no more room than its head needs. */
static time_widths time_widths_of(const table *t, const ent_report_entry *entries, size_t n)
{
    time_widths w = {0};
    char text[TEXT];
    for (size_t k = 0; k < TIME_COLUMNS; k++) {
        w.v[k] = strlen(time_heads[k]);
    }
    for (size_t i = 0; i < n; i++) {
        ent_report_time line = {0};
        size_t lines = 0;
        for (; !entries[i].d && ent_report_time_next(t->result, entries[i].duty, &line); lines++) {
            for (size_t k = 0; k < TIME_COLUMNS; k++) {
                time_cell(t, &line, k, text, sizeof text);
                w.v[k] = width_of(text) > w.v[k] ? width_of(text) : w.v[k];
            }
        }
        w.n_duties += lines > 0;
    }
    w.party = strlen(time_head);
    size_t used = w.party - w.v[TIME_WITHIN];
    for (size_t k = 0; k < TIME_COLUMNS; k++) {
        used += 2 + w.v[k];
    }
    size_t left = used < LINE ? LINE - used : 0;
    left = left < strlen(time_heads[TIME_WITHIN]) ? strlen(time_heads[TIME_WITHIN]) : left;
    w.party += left > w.v[TIME_WITHIN] ? left - w.v[TIME_WITHIN] : 0;
    w.v[TIME_WITHIN] = w.v[TIME_WITHIN] < left ? w.v[TIME_WITHIN] : left;
    return w;
}

static void time_line(const table *t, const time_widths *w, const ent_report_time *line)
{
    char text[TEXT];
    size_t indent = w->n_duties > 1 ? 2 : 0;
    fprintf(t->out, "%*s", (int)indent, "");
    cell(t->out, ent_image_text(t->program, t->program->party[line->party].name), w->party - indent, false);
    for (size_t k = 0; k < TIME_COLUMNS; k++) {
        time_cell(t, line, k, text, sizeof text);
        fputs("  ", t->out);
        cell(t->out, text, w->v[k], k != TIME_WITHIN);
    }
    fputc('\n', t->out);
}

/* Whose time the clocks were of duties that follow who has the ticket. */
static void times_block(const table *t, const ent_report_entry *entries, size_t n)
{
    time_widths w = time_widths_of(t, entries, n);
    if (w.n_duties == 0) {
        return;
    }
    cell(t->out, time_head, w.party, false);
    for (size_t k = 0; k < TIME_COLUMNS; k++) {
        fputs("  ", t->out);
        cell(t->out, time_heads[k], w.v[k], k != TIME_WITHIN);
    }
    fputc('\n', t->out);
    for (size_t i = 0; i < n; i++) {
        ent_report_time line = {0};
        for (size_t k = 0; !entries[i].d && ent_report_time_next(t->result, entries[i].duty, &line); k++) {
            const char *label = ent_report_duty(t->program, entries[i].duty);
            if (k == 0 && w.n_duties > 1) {
                cell(t->out, label, width_of(label) > LINE ? LINE : 0, false);
                fputc('\n', t->out);
            }
            time_line(t, &w, &line);
        }
    }
}

/* Credits on claim: what is still to be claimed, and what nobody claimed in time. */
static void claims_line(const table *t, int64_t agreement, const ent_tally *sum)
{
    char text[ENT_MONEY_TEXT_SIZE];
    const char *currency = ent_image_text(t->program, t->program->agreement[agreement].currency);
    if (sum->open != 0) {
        ent_report_money(t->result, agreement, sum->open, text, sizeof text);
        fprintf(t->out, "       of these %s %s still to be claimed\n", currency, text);
    }
    if (sum->lapsed != 0) {
        ent_report_money(t->result, agreement, sum->lapsed, text, sizeof text);
        fprintf(t->out, "       not claimed in time: %s %s\n", currency, text);
    }
}

static void agreement_block(table *t, const ent_report_entry *entries, size_t n)
{
    t->subject_width = subjects_width(t, entries, n);
    t->credit_width = credits_width(t, entries, n);
    ent_tally sum = {0};
    char text[TEXT];
    bool head = false;
    agreement_head(t, entries[0].agreement);
    for (size_t i = 0; i < n; i++) {
        if (!entries[i].d) {
            const ent_tally *clocks = &t->result->duties[entries[i].duty];
            duty_block(t, entries[i].duty, clocks);
            ent_tally_add(&sum, clocks);
            head = false;
            continue;
        }
        if (entries[i].d->kind == ENT_VERDICT_POOL) {
            pool_lines(t, entries[i].d);
            head = false;
            continue;
        }
        if (!head) {
            objective_head(t);
            head = true;
        }
        objective_line(t, entries[i].d);
        ent_tally_count(&sum, entries[i].d);
    }
    if (sum.total == 0) {
        return;
    }
    ent_report_tally(&sum, false, text, sizeof text);
    fprintf(t->out, "Total: %s", text);
    if (sum.any_credit) {
        const ent_agreement_row *a = &t->program->agreement[entries[0].agreement];
        size_t used = width_of("Total: ") + width_of(text);
        ent_report_money(t->result, entries[0].agreement, sum.credit, text, sizeof text);
        used += width_of("; credits EUR ") + width_of(text);
        fprintf(t->out, "%scredits %s %s", used <= LINE ? "; " : ";\n       ",
                ent_image_text(t->program, a->currency), text);
    }
    fputc('\n', t->out);
    claims_line(t, entries[0].agreement, &sum);
    answers_block(t, entries[0].agreement);
    times_block(t, entries, n);
}

static void summary(const table *t)
{
    uint64_t rows = 0;
    uint64_t bad = 0;
    uint64_t late = 0;
    uint64_t skipped = 0;
    char n[4][32];
    for (size_t i = 0; i < t->result->n_feeds; i++) {
        rows += t->result->feeds[i].rows;
        bad += t->result->feeds[i].bad;
        late += t->result->feeds[i].late;
        skipped += t->result->feeds[i].skipped;
    }
    fprintf(t->out, "\nRead %s %s; %s bad, %s skipped, %s late.\n",
            ent_count_text(rows + bad + skipped, n[0], sizeof n[0]),
            rows + bad + skipped == 1 ? "row" : "rows", ent_count_text(bad, n[1], sizeof n[1]),
            ent_count_text(skipped, n[2], sizeof n[2]), ent_count_text(late, n[3], sizeof n[3]));
    if (t->result->without_allowance > 0) {
        bool one = t->result->without_allowance == 1;
        fprintf(t->out, "%s %s started no clock: no allowance is named for %s row.\n",
                ent_count_text(t->result->without_allowance, n[0], sizeof n[0]),
                one ? "trigger" : "triggers", one ? "its" : "their");
    }
    if (t->result->claims_unanswered > 0) {
        bool one = t->result->claims_unanswered == 1;
        fprintf(t->out, "%s %s no credit: another agreement, clause or subject, no breach, or not in time.\n",
                ent_count_text(t->result->claims_unanswered, n[0], sizeof n[0]),
                one ? "claim is for" : "claims are for");
    }
}

static void period(const table *t)
{
    const ent_image *p = t->program;
    int64_t from;
    int64_t to;
    char a[ENT_CIVIL_TEXT_MAX];
    char b[ENT_CIVIL_TEXT_MAX];
    const ent_zone *zone = ent_engine_framework_zone(t->result->session);
    if (!ent_engine_period(t->result->session, &from, &to) || p->n_framework == 0) {
        return;
    }
    ent_civil_format(a, sizeof a, from, zone);
    ent_civil_format(b, sizeof b, to, zone);
    const ent_framework_row *f = &p->framework[0];
    char name[TEXT];
    snprintf(name, sizeof name, "%s%s%s", ent_image_text(p, f->name), f->title >= 0 ? "  " : "",
             ent_image_text(p, f->title));
    cell(t->out, name, width_of(name) > LINE ? LINE : 0, false);
    fputc('\n', t->out);
    if (from < to) {
        fprintf(t->out, "%s to %s\n", a, b);
    } else {
        fprintf(t->out, "No row is at or after %s, where the period begins.\n", a);
    }
    fputc('\n', t->out);
}

/* Why the table is empty: a person would take silence for a clean month. */
static void nothing(const table *t)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < t->result->n_feeds; i++) {
        rows += t->result->feeds[i].rows;
    }
    fputs(rows == 0 ? "Nothing was decided: there was no row.\n"
                    : "Nothing was decided: in this period no agreement is in force or has a fact.\n",
          t->out);
}

bool ent_report_table(const ent_run_result *result, FILE *out, bool colour)
{
    table t = {result, ent_engine_program(result->session), out, colour, 0, CREDIT};
    ent_report_entry *entries = malloc((result->decisions->n + t.program->n_duty + 1) * sizeof *entries);
    if (!entries) {
        return false;
    }
    size_t n = ent_report_entries(result, entries);
    period(&t);
    for (size_t i = 0; i < n;) {
        size_t end = i;
        while (end < n && entries[end].agreement == entries[i].agreement) {
            end++;
        }
        if (i > 0) {
            fputc('\n', out);
        }
        agreement_block(&t, entries + i, end - i);
        i = end;
    }
    if (n == 0) {
        nothing(&t);
    }
    summary(&t);
    free(entries);
    return true;
}
