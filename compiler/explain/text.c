/* The explanation as a page: what was decided, the clause, what changed, the facts.  See explain.h;
 * the rest of the page is in text_shares.c. */
#include "compiler/explain/text.h"

#include <string.h>

#include "compiler/explain/chart.h"
#include "compiler/explain/figure.h"

enum { IN = ENT_PAGE_INDENT, DEEP = 4 };

/* --- the head --- */

void ent_text_rule(const ent_page *page)
{
    for (int i = 0; i < ENT_EXPLAIN_WIDTH; i++) {
        ent_text_puts(page->out, "\u2500");
    }
    ent_text_putc(page->out, '\n');
}

void ent_text_chain(const ent_page *page, const ent_xledger *l)
{
    if (l->whole) {
        return;
    }
    ent_page_say(page, 0, IN, "WARNING: the ledger is not as it was written: at line %llu, %s.",
                 (unsigned long long)l->report.fault_line, l->report.fault);
    ent_page_say(page, 0, IN,
                 "What stands before that, %llu of its lines, is sound. From there on nothing is "
                 "proved: what "
                 "follows is what the lines say now.",
                 (unsigned long long)l->report.lines);
    ent_text_putc(page->out, '\n');
}

static void say_who(const ent_page *page, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    const char *between = x->supplier && x->customer ? ent_arena_printf(page->arena, ", %s to %s",
                                                                        x->supplier, x->customer)
                                                     : "";
    ent_page_say(page, 0, IN, "%s, version %lld%s", d->agreement, (long long)d->version, between);
}

static void say_when(const ent_page *page, const ent_xdecision *d)
{
    ent_arena *a = page->arena;
    if (d->has_clock) {
        ent_page_say(page, 0, IN, "Clock of %s%s", ent_figure_instant(a, d->at, d->at),
                     ent_figure_offset(a, d->at));
        return;
    }
    ent_page_say(page, 0, IN, "From %s to %s%s", ent_figure_instant(a, d->from, d->from),
                 ent_figure_instant(a, d->to, d->from), ent_figure_offset(a, d->from));
}

static void say_head(const ent_page *page, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    ent_text_chain(page, x->ledger);
    ent_page_say(page, 0, IN, "%s: %s%s%s", ent_x_verdict(d), ent_x_label(d),
                 d->subject ? ", for " : "", d->subject ? d->subject : "");
    ent_text_rule(page);
    ent_page_say(page, 0, IN, "%s %lld of %s", d->adjustment ? "Adjustment" : "Decision",
                 (long long)d->seq, x->ledger->name);
    say_who(page, x);
    say_when(page, d);
    const char *meaning = ent_x_meaning(d);
    if (meaning) {
        ent_page_say(page, 0, 0, "%s", meaning);
    }
}

/* --- adjustments --- */

static const char *signed_text(ent_arena *arena, const char *amount)
{
    return amount[0] == '-' || ent_x_is(amount, "0") ? amount
                                                     : ent_arena_printf(arena, "+%s", amount);
}

static void say_difference(const ent_page *page, const ent_xparty *p)
{
    ent_arena *a = page->arena;
    ent_q share;
    const char *what = "";
    if (ent_figure_read(p->share, &share)) {
        what = ent_arena_printf(a, " share %s", signed_text(a, ent_figure_percent(a, share)));
    }
    const struct {
        const char *name, *amount;
    } amounts[] = {{"paid in", p->paid_in}, {"paid out", p->paid_out}, {"bears", p->amount}};
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        if (amounts[i].amount) {
            what = ent_arena_printf(a, "%s%s %s %s", what, *what ? "," : "", amounts[i].name,
                                    signed_text(a, amounts[i].amount));
        }
    }
    ent_page_say(page, DEEP, IN, "%s:%s", p->name, what);
}

static void say_adjustment(const ent_page *page, const ent_xdecision *d)
{
    if (!d->adjustment) {
        return;
    }
    ent_page_heading(page, "WHAT CHANGED");
    ent_page_say(page, IN, IN,
                 "This adjusts decision %lld of an earlier ledger, which was: %s. What follows "
                 "is the decision as it is with the facts that are known now.",
                 (long long)d->adjusts_seq, d->adjusts_status ? d->adjusts_status : "not said");
    if (d->adjusts_hash) {
        ent_page_say(page, IN, IN, "The line that it adjusts has the hash %.16s\u2026",
                     d->adjusts_hash);
    }
    if (d->credit_difference) {
        ent_page_say(page, IN, IN, "Credit, new less old: %s %s", d->currency ? d->currency : "",
                     signed_text(page->arena, d->credit_difference));
    }
    if (d->n_differences > 0) {
        ent_page_say(page, IN, 0, "Parties, new less old:");
    }
    for (size_t i = 0; i < d->n_differences; i++) {
        say_difference(page, &d->differences[i]);
    }
    if (!d->credit_difference && d->n_differences == 0) {
        ent_page_say(page, IN, 0, "Neither money nor shares changed.");
    }
}

/* --- the clause --- */

static void keep_lines(const ent_page *page, size_t indent, const char *prefix, const char *text)
{
    for (const char *p = text; *p;) {
        const char *end = strchr(p, '\n');
        size_t n = end ? (size_t)(end - p) : strlen(p);
        const char *line =
            ent_arena_printf(page->arena, "%s%.*s", prefix, (int)(n > 4000 ? 4000 : n), p);
        ent_page_keep(page, indent, line ? line : "", line ? strlen(line) : 0);
        p += n + (end ? 1 : 0);
    }
}

void ent_text_clause(const ent_page *page, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    const ent_xclause *c = &x->clause;
    ent_page_heading(page, "THE CLAUSE");
    if (!c->path) {
        ent_page_say(page, IN, IN,
                     "It stands in %s, line %lld, column %lld. That file could not be opened, so "
                     "its text cannot be shown: give the file after the number, or its folder "
                     "with --source.",
                     c->wanted ? c->wanted : "a file that the ledger does not name",
                     (long long)d->source.line, (long long)d->source.column);
        return;
    }
    if (!c->text) {
        ent_page_say(page, IN, IN,
                     "Warning: the ledger says that the clause stands in %s, line %lld. In %s it "
                     "does not: the text has changed since, or this is another file.",
                     c->wanted ? c->wanted : "?", (long long)d->source.line, c->path);
        return;
    }
    ent_page_say(page, IN, IN, "As written in %s, line %lld:", c->path, (long long)c->line);
    if (c->doc) {
        keep_lines(page, DEEP, "/// ", c->doc);
    }
    keep_lines(page, DEEP, "", c->text);
    if (c->moved) {
        ent_page_say(page, IN, IN, "Warning: at the time of the decision it stood at line %lld.",
                     (long long)d->source.line);
    }
    ent_page_say(page, IN, IN, "%s", ent_x_program_note(c));
}

/* --- the facts --- */

static const char *parties_text(ent_arena *arena, const ent_xfact *f)
{
    const char *out = f->n_parties > 0 ? f->parties[0] : "";
    for (size_t i = 1; i < f->n_parties; i++) {
        out = ent_arena_printf(arena, "%s, %s", out, f->parties[i]);
    }
    return out;
}

static const char *stretch_text(ent_arena *arena, const ent_xfact *f, ent_xinstant like)
{
    if (!f->to.text) {
        return ent_figure_day(arena, f->from, like);
    }
    return ent_arena_printf(arena, "%s \u2013 %s", ent_figure_day(arena, f->from, like),
                            ent_figure_until(arena, f->to, f->from, like));
}

static const ent_xfact *fact_of(const ent_xdecision *d, ent_fact_kind kind)
{
    for (size_t i = 0; i < d->n_facts; i++) {
        if (d->facts[i].read && d->facts[i].kind == kind) {
            return &d->facts[i];
        }
    }
    return NULL;
}

static void say_instant(const ent_page *page, ent_table *t, const char *name, ent_xinstant at,
                        const ent_xfact *fact, ent_xinstant like)
{
    static const ent_xrow nowhere;
    if (!at.text) {
        return;
    }
    ent_table_put(page, t, name);
    ent_table_put(page, t, ent_figure_instant(page->arena, at, like));
    ent_table_put(page, t, fact ? ent_figure_rows(page->arena, &fact->source, &nowhere) : "");
}

static void still_row(const ent_page *page, ent_table *t, const ent_xfact *f, const char *why,
                      ent_xinstant like)
{
    ent_table_put(page, t, stretch_text(page->arena, f, like));
    ent_table_put(page, t, why);
    ent_table_put(page, t, "");
    ent_table_put(page, t, "");
    ent_table_put(page, t, "stands still");
    ent_table_put(page, t, ent_figure_rows(page->arena, &f->source, &f->until));
}

/* Each stretch with the net time that had passed at its end; between stretches the clock stands
 * still. */
static void timeline(const ent_page *page, const ent_xdecision *d)
{
    ent_table t = {.n_columns = 6, .right = {false, false, true, true, false, false}};
    ent_arena *a = page->arena;
    int64_t net = 0;
    ent_xinstant last = d->at;
    static const char *const heads[] = {"From \u2013 to", "With",     "Time",
                                        "So far",         "Own time", "File, line"};
    for (size_t i = 0; i < t.n_columns; i++) {
        ent_table_put(page, &t, heads[i]);
    }
    for (size_t i = 0; i < d->n_facts; i++) {
        const ent_xfact *f = &d->facts[i];
        bool paused = f->read && f->kind == ENT_FACT_PAUSED;
        if (!f->read || !(paused || f->kind == ENT_FACT_HELD || f->kind == ENT_FACT_EXCESS) ||
            !f->to.read) {
            continue;
        }
        if (last.read && f->from.ns > last.ns) {
            ent_xfact gap = {.from = last, .to = f->from};
            still_row(page, &t, &gap, "\u2013", d->at);
        }
        last = !last.read || f->to.ns > last.ns ? f->to : last;
        if (paused) {
            still_row(page, &t, f, f->span, d->at);
            continue;
        }
        net += f->to.ns - f->from.ns;
        ent_table_put(page, &t, stretch_text(a, f, d->at));
        ent_table_put(page, &t, parties_text(a, f));
        ent_table_put(page, &t, ent_figure_duration(a, f->to.ns - f->from.ns));
        ent_table_put(page, &t, ent_figure_duration(a, net));
        ent_table_put(page, &t, f->kind == ENT_FACT_HELD ? "within" : "beyond");
        ent_table_put(page, &t, ent_figure_rows(a, &f->source, &f->until));
    }
    if (d->left_out == 0 && d->done.read && last.read && d->done.ns > last.ns) {
        ent_xfact gap = {.from = last, .to = d->done};
        still_row(page, &t, &gap, "\u2013", d->at);
    }
    if (t.n > t.n_columns) {
        ent_text_putc(page->out, '\n');
        ent_table_print(page, &t, DEEP);
    }
}

static void clock_facts(const ent_page *page, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    ent_table t = {.n_columns = 3};
    say_instant(page, &t, "began", d->at, fact_of(d, ENT_FACT_TRIGGER), d->at);
    say_instant(page, &t, "due", d->due, NULL, d->at);
    say_instant(page, &t, ent_x_is(d->status, "void") ? "cancelled" : "stopped", d->done,
                fact_of(d, ENT_FACT_STOPPED), d->at);
    ent_table_print(page, &t, DEEP);
    if (d->open) {
        ent_page_say(page, DEEP, 0, "It still ran when the facts end.");
    }
    if (fact_of(d, ENT_FACT_HELD) || fact_of(d, ENT_FACT_EXCESS)) {
        ent_text_putc(page->out, '\n');
        ent_chart_clock(page, d);
        timeline(page, d);
    } else if (!ent_x_is(d->status, "withdrawn")) {
        ent_page_say(page, DEEP, 0, "Who had it when is kept for breaches only.");
    }
}

static const ent_xother *outcome_of(const ent_explanation *x, size_t fact)
{
    for (size_t i = 0; i < x->n_others; i++) {
        if (x->others[i].outcome == (int64_t)fact) {
            return &x->others[i];
        }
    }
    return NULL;
}

static void outage_row(const ent_page *page, ent_table *t, const ent_explanation *x, size_t i)
{
    ent_arena *a = page->arena;
    const ent_xfact *f = &x->d.facts[i];
    const ent_xother *outcome = outcome_of(x, i);
    const char *what = f->subject ? f->subject : "\u2013";
    const char *size = f->samples > 0 ? ent_figure_count(a, f->samples) : "";
    if (f->kind == ENT_FACT_OUTCOME) {
        what = outcome && outcome->d.subject ? outcome->d.subject : "\u2013";
        size = "1";
    } else if (f->samples == 0 && f->to.read) {
        size = ent_figure_duration(a, f->to.ns - f->from.ns);
    }
    ent_table_put(page, t, stretch_text(a, f, x->d.from));
    ent_table_put(page, t, what);
    ent_table_put(page, t, size);
    ent_table_put(page, t,
                  f->root ? ent_arena_printf(a, "%s (%s)", parties_text(a, f), f->root)
                          : parties_text(a, f));
    const char *rows = ent_figure_rows(a, &f->source, &f->until);
    ent_table_put(page, t,
                  outcome ? ent_arena_printf(a, "decision %lld%s%s", (long long)outcome->d.seq,
                                             *rows ? ", " : "", rows)
                          : rows);
}

static void window_facts(const ent_page *page, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    ent_table t = {.n_columns = 5, .right = {false, false, true, false, false}};
    bool outcomes = fact_of(d, ENT_FACT_OUTCOME) != NULL;
    const char *const heads[] = {outcomes ? "Missed at" : "Bad", outcomes ? "Of" : "Where",
                                 outcomes ? "" : "How many",
                                 outcomes ? "Whose time was too long" : "Caused by", "File, line"};
    for (size_t i = 0; i < t.n_columns; i++) {
        ent_table_put(page, &t, heads[i]);
    }
    for (size_t i = 0; i < d->n_facts; i++) {
        const ent_xfact *f = &d->facts[i];
        if (f->read && (f->kind == ENT_FACT_OUTAGE || f->kind == ENT_FACT_OUTCOME)) {
            outage_row(page, &t, x, i);
        }
    }
    if (t.n > t.n_columns) {
        ent_chart_window(page, d);
        ent_text_putc(page->out, '\n');
        ent_table_print(page, &t, DEEP);
    } else if (!ent_x_is(d->kind, "pool")) {
        ent_page_say(page, DEEP, 0,
                     !ent_x_is(d->status, "breach") ? "Single rows are kept for breaches only."
                     : d->samples == 0
                         ? "No row came in this window; the clause says what silence means."
                         : "No single row counts against it.");
    }
}

void ent_text_facts(const ent_page *page, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    if (ent_x_is(d->kind, "pool")) {
        return;
    }
    ent_page_heading(page, "THE FACTS THAT COUNT");
    if (d->has_clock) {
        clock_facts(page, x);
    } else {
        window_facts(page, x);
    }
    for (size_t i = 0; i < d->n_facts; i++) {
        if (!d->facts[i].read) {
            ent_page_say(page, DEEP, IN, "%s", d->facts[i].text);
        }
    }
    if (x->r.how == ENT_XMEASURING_MISSING_DOWN && d->missing > 0 &&
        ent_x_is(d->status, "breach")) {
        ent_page_say(page, DEEP, IN,
                     "%s more should have come and did not. The clause counts what is missing as "
                     "bad, and it is put down to the service's own provider.",
                     ent_figure_count(page->arena, d->missing));
    }
    if (d->left_out > 0) {
        ent_page_say(page, DEEP, IN,
                     "%s more of the kind are not in the ledger, which keeps the first 20.",
                     ent_figure_count(page->arena, d->left_out));
    }
    if (!x->traced && d->n_facts > 0) {
        ent_page_say(page, DEEP, IN,
                     "The ledger does not name the rows. Made again with `entente run \u2026 "
                     "--trace` it names each by file and line.");
    }
}

void ent_explain_page(ent_arena *arena, const ent_explanation *x, ent_text *out)
{
    ent_page page = {arena, out};
    say_head(&page, x);
    say_adjustment(&page, &x->d);
    ent_text_clause(&page, x);
    ent_text_facts(&page, x);
    ent_text_arithmetic(&page, x);
    ent_text_answers(&page, x);
    ent_text_credit(&page, x);
    ent_text_others(&page, x);
}
