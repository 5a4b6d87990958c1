/* The month-end report as one page of HTML, to be sent and printed: no scripts, nothing from elsewhere, every text
 * from outside escaped.  It says what the table says, and under each breach of an objective who answers and the facts.
 * Golden: tests/golden/run. */
#include <stdlib.h>
#include <string.h>

#include "compiler/entente/report_text.h"
#include "runtime/judge/clause.h"
#include "runtime/ledger/fact.h"
#include "runtime/ledger/file.h"
#include "runtime/time/civil.h"
#include "runtime/time/zone.h"

enum { TEXT = 256 };

typedef struct page {
    const ent_run_result *result;
    const ent_image *program;
    FILE *out;
} page;

/* report.css as bytes of the command, so that it needs nothing beside it */
__asm__(".section .rodata\n"
        ".global ent_report_css\n.hidden ent_report_css\n"
        "ent_report_css:\n.incbin \"compiler/entente/report.css\"\n.byte 0\n.previous\n");
extern const char ent_report_css[];

/* --- text --- */

static void put(const page *g, const char *text)
{
    static const char special[] = "&<>\"'";
    static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (; *text; text++) {
        const char *at = strchr(special, *text);
        unsigned char byte = (unsigned char)*text;
        if (at) {
            fputs(names[at - special], g->out);
        } else if (byte >= ' ' || byte == '\t') {
            fputc(byte, g->out);
        } else {
            fputs("\u2423", g->out); /* a control character is no text of a page */
        }
    }
}

static void element(const page *g, const char *tag, const char *attributes, const char *text)
{
    fprintf(g->out, "<%s%s>", tag, attributes);
    put(g, text);
    fprintf(g->out, "</%s>", tag);
}

static const char *class_of(int status)
{
    return status == ENT_STATUS_BREACH ? " class=\"breach\""
           : status == ENT_STATUS_MET  ? " class=\"met\""
                                       : " class=\"open\"";
}

static void head_row(const page *g, const char *caption, const char *const *names, const bool *numbers, size_t n)
{
    fputs("<div class=\"wide\"><table>", g->out);
    element(g, "caption", "", caption);
    fputs("<thead><tr>", g->out);
    for (size_t i = 0; i < n; i++) {
        element(g, "th", numbers[i] ? " scope=\"col\" class=\"n\"" : " scope=\"col\"", names[i]);
    }
    fputs("</tr></thead>\n<tbody>\n", g->out);
}

static void end_table(const page *g)
{
    fputs("</tbody></table></div>\n", g->out);
}

static const char *party_name(const page *g, int64_t party)
{
    return ent_image_text(g->program, g->program->party[party].name);
}

static void money(const page *g, int64_t agreement, ent_i128 minor)
{
    char text[TEXT];
    ent_report_money(g->result, agreement, minor, text, sizeof text);
    element(g, "td", " class=\"n\"", text);
}

/* --- why --- */

static void put_part(const page *g, int64_t agreement, const ent_part *part)
{
    char text[TEXT];
    fputs("<li>", g->out);
    put(g, party_name(g, part->party));
    if (part->has_share && part->share_text) {
        fprintf(g->out, ": share %s", part->share_text);
    }
    if (part->but_for) {
        fputs("; alone decides", g->out);
    }
    if (part->has_amount) {
        ent_report_money(g->result, agreement, part->amount_minor, text, sizeof text);
        fputs("; bears ", g->out);
        put(g, text);
    }
    fputs("</li>\n", g->out);
}

static void put_facts(const page *g, const ent_answer *a, const ent_zone *zone)
{
    char *text = malloc(ENT_FACT_TEXT_SIZE);
    for (size_t i = 0; text && i < a->n_facts; i++) {
        ent_fact_text(g->program, zone, &a->facts[i], text, ENT_FACT_TEXT_SIZE);
        element(g, "li", "", text);
        fputc('\n', g->out);
    }
    if (a->facts_left_out > 0) {
        char n[32];
        fprintf(g->out, "<li>and %s more</li>\n", ent_count_text(a->facts_left_out, n, sizeof n));
    }
    free(text);
}

static void why(const page *g, const ent_verdict *d, int columns)
{
    const ent_answer *a = d->answer;
    int64_t agreement = ent_verdict_agreement(g->program, d);
    if (!a || (a->n_parts == 0 && a->n_facts == 0 && !a->gap_text)) {
        return;
    }
    fprintf(g->out,
            "<tr class=\"why\"><td colspan=\"%d\"><details><summary>Who answers, and the facts</summary>\n<ul>\n",
            columns);
    for (size_t i = 0; i < a->n_parts; i++) {
        put_part(g, agreement, &a->parts[i]);
    }
    if (a->has_gap && a->gap_text) {
        element(g, "li", "", "Part of it would have been missed though everybody had performed (structural gap).");
    }
    put_facts(g, a, ent_engine_agreement_zone(g->result->session, agreement));
    fputs("</ul></details></td></tr>\n", g->out);
}

/* --- clauses --- */

static void objective_row(const page *g, const ent_verdict *d, bool subjects, bool credits)
{
    char text[TEXT];
    fputs("<tr>", g->out);
    element(g, "th", " scope=\"row\"", ent_report_label(g->program, d));
    if (subjects) {
        ent_report_subject(g->result, d, text, sizeof text);
        element(g, "td", "", text);
    }
    ent_report_window(g->result, d, text, sizeof text);
    element(g, "td", "", text);
    ent_report_measure(g->result, d, text, sizeof text);
    element(g, "td", " class=\"n\"", text);
    ent_report_target(g->result, &g->program->objective[d->clause], text, sizeof text);
    element(g, "td", " class=\"n\"", text);
    element(g, "td", class_of(d->status), ent_report_status(d));
    if (credits && d->has_credit) {
        money(g, ent_verdict_agreement(g->program, d), d->credit_minor);
    } else if (credits) {
        fputs("<td></td>", g->out);
    }
    fputs("</tr>\n", g->out);
    why(g, d, 5 + subjects + credits);
}

static void objectives(const page *g, const ent_report_entry *entries, size_t n)
{
    static const char *const names[] = {"Clause", "Subject", "Window", "Measure", "Target", "Status", "Credit"};
    static const bool numbers[] = {false, false, false, true, true, false, true};
    const char *shown[7];
    bool right[7];
    bool any = false, subjects = false, credits = false;
    size_t columns = 0;
    for (size_t i = 0; i < n; i++) {
        const ent_verdict *d = entries[i].d;
        bool objective = d && d->kind == ENT_VERDICT_OBJECTIVE;
        any |= objective;
        subjects |= objective && d->has_subject;
        credits |= objective && d->has_credit;
    }
    if (!any) {
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((i == 1 && !subjects) || (i == 6 && !credits)) {
            continue;
        }
        right[columns] = numbers[i];
        shown[columns++] = names[i];
    }
    head_row(g, "Objectives", shown, right, columns);
    for (size_t i = 0; i < n; i++) {
        if (entries[i].d && entries[i].d->kind == ENT_VERDICT_OBJECTIVE) {
            objective_row(g, entries[i].d, subjects, credits);
        }
    }
    end_table(g);
}

static void worst_cell(const page *g, const ent_tally *sum)
{
    char text[TEXT];
    fputs("<td>", g->out);
    for (size_t i = 0; i < sum->n_worst; i++) {
        const ent_verdict *worst = &sum->worst[i];
        ent_report_subject(g->result, worst, text, sizeof text);
        fputs(i ? ", " : "", g->out);
        put(g, text);
        ent_report_duration(worst->elapsed_ns - worst->allowed_ns, text, sizeof text);
        fprintf(g->out, " +%s", text);
    }
    fputs("</td>", g->out);
}

static void duty_row(const page *g, int64_t duty, const ent_tally *sum)
{
    char text[TEXT];
    ent_q share;
    uint64_t met = sum->by_status[ENT_STATUS_MET];
    uint64_t decided = met + sum->by_status[ENT_STATUS_BREACH];
    fputs("<tr>", g->out);
    element(g, "th", " scope=\"row\"", ent_report_duty(g->program, duty));
    ent_report_tally(sum, true, text, sizeof text);
    element(g, "td", "", text);
    text[0] = 0;
    if (decided > 0 && ent_q_make((ent_i128)met * 100, (ent_i128)decided, &share) &&
        ent_q_format_rounded(share, 1, false, text, sizeof text - 1)) {
        strcat(text, "%");
    }
    element(g, "td", sum->by_status[ENT_STATUS_BREACH] ? " class=\"n breach\"" : " class=\"n\"", text);
    worst_cell(g, sum);
    fputs("</tr>\n", g->out);
}

static void duties(const page *g, const ent_report_entry *entries, size_t n)
{
    static const char *const names[] = {"Clause", "Clocks", "Met", "Longest over"};
    static const bool numbers[] = {false, false, true, false};
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (entries[i].d) {
            continue;
        }
        if (!any) {
            head_row(g, "Duties", names, numbers, 4);
        }
        any = true;
        duty_row(g, entries[i].duty, &g->result->duties[entries[i].duty]);
    }
    if (any) {
        end_table(g);
    }
}

static void pools(const page *g, const ent_report_entry *entries, size_t n)
{
    static const char *const names[] = {"Party", "Paid in", "Paid out", "Net"};
    static const bool numbers[] = {false, true, true, true};
    for (size_t i = 0; i < n; i++) {
        const ent_verdict *d = entries[i].d;
        if (!d || d->kind != ENT_VERDICT_POOL) {
            continue;
        }
        char window[TEXT], caption[TEXT + TEXT];
        size_t n_parts;
        const ent_pool_part *parts = ent_engine_pool_parts(g->result->session, d, &n_parts);
        ent_report_window(g->result, d, window, sizeof window);
        snprintf(caption, sizeof caption, "%s, %s: %s", ent_report_label(g->program, d), window,
                 d->status == ENT_STATUS_MET ? "paid" : d->final ? "not paid" : "so far");
        head_row(g, caption, names, numbers, 4);
        for (size_t k = 0; k < n_parts; k++) {
            fputs("<tr>", g->out);
            element(g, "th", " scope=\"row\"", party_name(g, parts[k].party));
            money(g, entries[i].agreement, parts[k].in);
            money(g, entries[i].agreement, parts[k].out);
            money(g, entries[i].agreement, parts[k].out - parts[k].in);
            fputs("</tr>\n", g->out);
        }
        end_table(g);
    }
}

static void answers(const page *g, int64_t agreement)
{
    static const char *const names[] = {"Who answers", "Breaches", "Alone decides", "Bears"};
    static const bool numbers[] = {false, true, true, true};
    const ent_image *p = g->program;
    const ent_tally_party *all = &g->result->answers[(size_t)agreement * (p->n_party + 1)];
    bool any = false;
    for (size_t i = 0; i <= p->n_party; i++) {
        char n[2][32];
        if (all[i].breaches == 0 && all[i].bears == 0) {
            continue;
        }
        if (!any) {
            head_row(g, "Who answers for the breaches", names, numbers, 4);
        }
        any = true;
        fputs("<tr>", g->out);
        element(g, "th", " scope=\"row\"", i < p->n_party ? party_name(g, (int64_t)i) : "(structural gap)");
        element(g, "td", " class=\"n\"", ent_count_text(all[i].breaches, n[0], sizeof n[0]));
        element(g, "td", " class=\"n\"", ent_count_text(all[i].alone, n[1], sizeof n[1]));
        money(g, agreement, all[i].bears);
        fputs("</tr>\n", g->out);
    }
    if (any) {
        end_table(g);
    }
}

static void time_row(const page *g, const ent_report_time *line)
{
    char text[TEXT];
    fputs("<tr>", g->out);
    ent_report_allowance(g->program, line->allow, text, sizeof text);
    element(g, "th", " scope=\"row\"", text);
    element(g, "td", " class=\"n\"", ent_count_text(line->sum.clocks, text, sizeof text));
    ent_report_hours(line->sum.net_ns, text, sizeof text);
    element(g, "td", " class=\"n\"", text);
    element(g, "td", " class=\"n\"", ent_count_text(line->sum.breaches, text, sizeof text));
    element(g, "td", " class=\"n\"", ent_count_text(line->sum.longest, text, sizeof text));
    fputs("</tr>\n", g->out);
}

/* A table a duty whose time follows who has the ticket.  A party has a row of its own over its figures, which find room
 * on a telephone so. */
static void times(const page *g, const ent_report_entry *entries, size_t n)
{
    static const char *const names[] = {"Within", "Tickets", "Hours", "In breach", "Longest"};
    static const bool numbers[] = {false, true, true, true, true};
    for (size_t i = 0; i < n; i++) {
        ent_report_time line = {0};
        int64_t party = -1;
        while (!entries[i].d && ent_report_time_next(g->result, entries[i].duty, &line)) {
            char caption[TEXT];
            snprintf(caption, sizeof caption, "Whose time it was: %s", ent_report_duty(g->program, entries[i].duty));
            if (party < 0) {
                head_row(g, caption, names, numbers, sizeof names / sizeof *names);
            }
            if (party != line.party) {
                fputs(party < 0 ? "" : "</tbody>\n<tbody>\n", g->out);
                fputs("<tr class=\"party\">", g->out);
                element(g, "th", " scope=\"rowgroup\" colspan=\"5\"", party_name(g, line.party));
                fputs("</tr>\n", g->out);
            }
            party = line.party;
            time_row(g, &line);
        }
        if (party >= 0) {
            end_table(g);
        }
    }
}

/* What all clauses of an agreement came to. */
static ent_tally sum_of(const page *g, const ent_report_entry *entries, size_t n)
{
    ent_tally sum = {0};
    for (size_t i = 0; i < n; i++) {
        if (!entries[i].d) {
            ent_tally_add(&sum, &g->result->duties[entries[i].duty]);
        } else if (entries[i].d->kind == ENT_VERDICT_OBJECTIVE) {
            ent_tally_count(&sum, entries[i].d);
        }
    }
    return sum;
}

static void total(const page *g, int64_t agreement, const ent_tally *sum)
{
    const char *currency = ent_image_text(g->program, g->program->agreement[agreement].currency);
    const struct {
        const char *before;
        bool said;
        ent_i128 minor;
    } amounts[] = {{"; credits ", sum->any_credit, sum->credit},
                   {", of these still to be claimed ", sum->open != 0, sum->open},
                   {"; not claimed in time ", sum->lapsed != 0, sum->lapsed}};
    char text[TEXT];
    if (sum->total == 0) {
        return;
    }
    ent_report_tally(sum, false, text, sizeof text);
    fprintf(g->out, "<p>Total: %s", text);
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        if (amounts[i].said) {
            ent_report_money(g->result, agreement, amounts[i].minor, text, sizeof text);
            fprintf(g->out, "%s", amounts[i].before);
            put(g, currency);
            fprintf(g->out, " %s", text);
        }
    }
    fputs(".</p>\n", g->out);
}

static void agreement_section(const page *g, const ent_report_entry *entries, size_t n)
{
    const ent_image *p = g->program;
    const ent_agreement_row *a = &p->agreement[entries[0].agreement];
    ent_tally sum = sum_of(g, entries, n);
    fputs("<section>\n", g->out);
    element(g, "h2", "", ent_image_text(p, a->title >= 0 ? a->title : a->name));
    fputs("\n<p class=\"soft\">", g->out);
    put(g, ent_image_text(p, a->name));
    fprintf(g->out, ", version %lld", (long long)a->version);
    if (a->supplier != a->customer) {
        fputs(": ", g->out);
        put(g, party_name(g, a->supplier));
        fputs(" to ", g->out);
        put(g, party_name(g, a->customer));
    }
    fputs("</p>\n", g->out);
    objectives(g, entries, n);
    duties(g, entries, n);
    pools(g, entries, n);
    total(g, entries[0].agreement, &sum);
    answers(g, entries[0].agreement);
    times(g, entries, n);
    fputs("</section>\n", g->out);
}

/* --- the page --- */

static void header(const page *g)
{
    const ent_image *p = g->program;
    const char *name = p->n_framework ? ent_image_text(p, p->framework[0].title >= 0 ? p->framework[0].title
                                                                                     : p->framework[0].name)
                                      : "Agreements";
    int64_t from, to;
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
          g->out);
    put(g, name);
    fprintf(g->out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n", ent_report_css);
    element(g, "h1", "", name);
    if (p->n_framework && ent_engine_period(g->result->session, &from, &to)) {
        const ent_zone *zone = ent_engine_framework_zone(g->result->session);
        char a[ENT_CIVIL_TEXT_MAX], b[ENT_CIVIL_TEXT_MAX];
        ent_civil_format(a, sizeof a, from, zone);
        ent_civil_format(b, sizeof b, to, zone);
        fprintf(g->out, "\n<p class=\"soft\">%s to %s</p>\n", a, b);
    }
    fputs("</header>\n", g->out);
}

static void card(const page *g, const char *figure, const char *what)
{
    fputs("<li>", g->out);
    element(g, "b", "", figure);
    put(g, what);
    fputs("</li>\n", g->out);
}

static void cards(const page *g, const ent_report_entry *entries, size_t n)
{
    ent_tally sum = sum_of(g, entries, n);
    static const struct {
        int status;
        const char *what;
    } shown[] = {{ENT_STATUS_MET, "met"}, {ENT_STATUS_BREACH, "breached"}, {ENT_STATUS_PROVISIONAL, "still open"},
                 {ENT_STATUS_NO_DATA, "without data"}, {ENT_STATUS_NOT_IN_FORCE, "not in force"}};
    char text[TEXT];
    fputs("<main>\n<ul class=\"sums\">\n", g->out);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        uint64_t count = sum.by_status[shown[i].status];
        if (count > 0 || i < 2) {
            card(g, ent_count_text(count, text, sizeof text), shown[i].what);
        }
    }
    fputs("</ul>\n", g->out);
}

static void footer(const page *g)
{
    uint64_t rows = 0, bad = 0, skipped = 0, late = 0;
    char n[4][32];
    for (size_t i = 0; i < g->result->n_feeds; i++) {
        rows += g->result->feeds[i].rows;
        bad += g->result->feeds[i].bad;
        late += g->result->feeds[i].late;
        skipped += g->result->feeds[i].skipped;
    }
    fprintf(g->out,
            "</main>\n<footer>\n<p>Read %s rows; %s bad, %s skipped, %s late.</p>\n<p class=\"soft\">Decided by the "
            "program with the digest <code>%s</code>. The ledger has every decision with its hash; "
            "<code>entente explain LEDGER SEQ</code> tells why.</p>\n</footer>\n</body>\n</html>\n",
            ent_count_text(rows + bad + skipped, n[0], sizeof n[0]), ent_count_text(bad, n[1], sizeof n[1]),
            ent_count_text(skipped, n[2], sizeof n[2]), ent_count_text(late, n[3], sizeof n[3]),
            g->program->digest);
}

static ssize_t put_bytes(void *file, const char *bytes, size_t n)
{
    ent_file_write(file, bytes, n);
    return (ssize_t)n;
}

static bool write_page(const ent_run_result *result, FILE *out)
{
    page g = {result, ent_engine_program(result->session), out};
    ent_report_entry *entries = malloc((result->decisions->n + g.program->n_duty + 1) * sizeof *entries);
    if (!entries) {
        return false;
    }
    size_t n = ent_report_entries(result, entries);
    header(&g);
    cards(&g, entries, n);
    for (size_t i = 0; i < n;) {
        size_t end = i;
        while (end < n && entries[end].agreement == entries[i].agreement) {
            end++;
        }
        agreement_section(&g, entries + i, end - i);
        i = end;
    }
    if (n == 0) {
        fputs("<p>Nothing was decided.</p>\n", out);
    }
    footer(&g);
    free(entries);
    return true;
}

bool ent_report_html(const ent_run_result *result, ent_file *file)
{
    FILE *out = fopencookie(file, "w", (cookie_io_functions_t){.write = put_bytes});
    bool ok = out && write_page(result, out);
    return out && fclose(out) == 0 && ok;
}
