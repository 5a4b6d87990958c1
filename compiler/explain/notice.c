/* The page of a line that decides nothing: a watch's warning, or that a new version was taken over.
 * It says what the line means, shows the clause, and what the same ledger says came of it.  See
 * explain.h; tested by tests/watch/warned.py. */
#include <string.h>

#include "compiler/explain/figure.h"
#include "compiler/explain/text.h"
#include "runtime/ledger/json_out.h"

enum { IN = ENT_PAGE_INDENT, SECOND = 1000000000 };

static const struct {
    const char *kind, *verdict, *meaning;
} kinds[] = {
    {"warning", "WARNING",
     "The clock has used up the part of its time at which the duty warns, and still runs."},
    {"run_out", "RUN OUT",
     "The clock has used up all of its time, and still runs: it can no longer be met. The decision "
     "follows when it ends."},
    {"budget", "BUDGET LOW",
     "Less of the error budget is left than the objective says it must be warned of. The window is "
     "not over: its decision follows."},
    {"program", "NEW VERSION",
     "From here on another version of the agreements decides. It was taken over because it comes to "
     "every line before this one."}};

static size_t kind_of(const ent_xnotice *n)
{
    size_t i = 0;
    while (i + 1 < sizeof kinds / sizeof *kinds && strcmp(n->d.kind, kinds[i].kind) != 0) {
        i++;
    }
    return i;
}

static bool is_program(const ent_xnotice *n)
{
    return ent_x_is(n->d.kind, "program");
}

/* --- what came of it --- */

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_about_it(const ent_xnotice *n, const ent_xdecision *d)
{
    bool same = same_text(d->agreement, n->d.agreement) && same_text(d->clause, n->d.clause) &&
                same_text(d->subject, n->d.subject) && d->version == n->d.version;
    return same && (d->has_clock ? d->at.read && n->at.read && d->at.ns <= n->at.ns
                                 : same_text(d->from.text, n->d.from.text));
}

/* The decision that followed, a final one if there is one; false: none yet. */
static bool find_decision(ent_arena *arena, const ent_explanation *x, const ent_xnotice *n,
                          ent_xdecision *out)
{
    ent_json_slice line;
    ent_xdecision d;
    bool found = false;
    size_t at = (size_t)(n->d.line.p - x->ledger->bytes);
    while (!is_program(n) && ent_explain_next_line(x->ledger, &at, &line)) {
        ent_json_slice clause = ent_json_text_of(ent_json_member(line, "clause"));
        if (!ent_json_is(clause, n->d.clause) || !ent_explain_read(arena, line, &d) ||
            !is_about_it(n, &d)) {
            continue;
        }
        *out = d;
        found = true;
        if (!ent_x_is(d.status, "provisional")) {
            break;
        }
    }
    return found;
}

/* --- the page --- */

static const char *amount(ent_arena *arena, const ent_xnotice *n, const char *text)
{
    ent_q q;
    if (!text) {
        return "?";
    }
    if (ent_x_is(n->unit, "seconds") && ent_figure_read(text, &q) &&
        ent_q_mul(q, ent_q_from_i64(SECOND), &q)) {
        return ent_figure_duration_q(arena, q);
    }
    return text;
}

static void say_clock(const ent_page *page, const ent_xnotice *n)
{
    ent_arena *a = page->arena;
    if (!n->due.read || !n->at.read) {
        return;
    }
    const char *due = ent_figure_until(a, n->due, n->at, n->at);
    if (n->due.ns > n->at.ns) {
        ent_page_say(page, IN, IN, "It is due at %s, if it does not stand still before: %s were left.",
                     due, ent_figure_duration(a, n->due.ns - n->at.ns));
    } else {
        ent_page_say(page, IN, IN, "It was due at %s.", due);
    }
}

static void say_budget(const ent_page *page, const ent_xnotice *n)
{
    ent_arena *a = page->arena;
    ent_q left;
    bool over = ent_figure_read(n->left, &left) && left.num < 0;
    const char *unit = ent_x_is(n->unit, "samples") ? " samples" : "";
    ent_page_say(page, IN, IN, "In the window from %s to %s, %s%s may be bad in all.",
                 ent_figure_instant(a, n->d.from, n->at), ent_figure_instant(a, n->d.to, n->at),
                 amount(a, n, n->allowed), unit);
    if (over) {
        ent_page_say(page, IN, IN, "That was overspent already: what was left was %s%s.",
                     amount(a, n, n->left), unit);
    } else {
        ent_page_say(page, IN, IN, "Of these, %s%s were left.", amount(a, n, n->left), unit);
    }
    if (n->burn_rate) {
        ent_page_say(page, IN, IN,
                     "The burn rate was %s: at 1 the budget is just used up by the end of the "
                     "window.",
                     n->burn_rate);
    }
    if (n->gone.read) {
        ent_page_say(page, IN, IN, "At this rate it %s gone at %s.",
                     n->at.read && n->gone.ns <= n->at.ns ? "was" : "is",
                     ent_figure_until(a, n->gone, n->at, n->at));
    }
}

static void say_outcome(const ent_page *page, const ent_explanation *x, const ent_xnotice *n)
{
    ent_xdecision d;
    ent_page_heading(page, "WHAT CAME OF IT");
    if (!find_decision(page->arena, x, n, &d)) {
        ent_page_say(page, IN, IN, "The ledger does not say yet.");
        return;
    }
    const char *figures = ent_x_figures(page->arena, &d);
    ent_page_say(page, IN, IN, "%s: decision %lld%s%s", ent_x_verdict(&d), (long long)d.seq,
                 figures && *figures ? ", " : "", figures ? figures : "");
}

static void say_version(const ent_page *page, const ent_xnotice *n)
{
    ent_page_heading(page, "THE PROGRAM");
    ent_page_say(page, IN, IN, "now  %s", n->program);
    if (n->was) {
        ent_page_say(page, IN, IN, "was  %s", n->was);
    }
}

void ent_explain_notice_page(ent_arena *arena, const ent_explanation *x, const ent_xnotice *n,
                             ent_text *out)
{
    ent_page page = {arena, out};
    const ent_xdecision *d = &n->d;
    size_t kind = kind_of(n);
    ent_text_chain(&page, x->ledger);
    ent_page_say(&page, 0, IN, "%s%s%s%s%s", kinds[kind].verdict, is_program(n) ? "" : ": ",
                 is_program(n) ? "" : ent_x_label(d), d->subject ? ", for " : "",
                 d->subject ? d->subject : "");
    ent_text_rule(&page);
    ent_page_say(&page, 0, IN, "Line %lld of %s, which decides nothing", (long long)d->seq,
                 x->ledger->name);
    if (!is_program(n)) {
        ent_page_say(&page, 0, IN, "%s, version %lld", d->agreement, (long long)d->version);
    }
    if (n->at.read) {
        ent_page_say(&page, 0, IN, "At %s%s", ent_figure_instant(arena, n->at, n->at),
                     ent_figure_offset(arena, n->at));
    }
    ent_page_say(&page, 0, 0, "%s", kinds[kind].meaning);
    if (is_program(n)) {
        say_version(&page, n);
        return;
    }
    ent_page_heading(&page, "HOW IT STOOD");
    if (ent_x_is(d->kind, "budget")) {
        say_budget(&page, n);
    } else {
        say_clock(&page, n);
    }
    ent_text_clause(&page, x);
    say_outcome(&page, x, n);
}

/* --- JSON --- */

void ent_explain_notice_tree(ent_arena *arena, const ent_explanation *x, const ent_xnotice *n,
                             ent_text *text)
{
    ent_json_out out;
    ent_xdecision d;
    ent_json_init(&out, 0);
    ent_json_begin_object(&out);
    ent_json_key_int(&out, "notice", n->d.seq);
    ent_json_key_text(&out, "kind", n->d.kind);
    const struct {
        const char *key, *value;
    } texts[] = {{"at", n->at.text},
                 {"agreement", n->d.agreement},
                 {"clause", n->d.clause},
                 {"title", n->d.title},
                 {"subject", n->d.subject},
                 {"due", n->due.text},
                 {"from", n->d.from.text},
                 {"to", n->d.to.text},
                 {"left", n->left},
                 {"allowed", n->allowed},
                 {"unit", n->unit},
                 {"burn_rate", n->burn_rate},
                 {"gone", n->gone.text},
                 {"program", n->program},
                 {"was", n->was},
                 {"meaning", kinds[kind_of(n)].meaning},
                 {"text", x->clause.text}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].value) {
            ent_json_key_text(&out, texts[i].key, texts[i].value);
        }
    }
    if (find_decision(arena, x, n, &d)) {
        ent_json_key(&out, "came_of_it");
        ent_json_begin_object(&out);
        ent_json_key_int(&out, "decision", d.seq);
        ent_json_key_text(&out, "status", d.status);
        ent_json_end_object(&out);
    }
    ent_json_key_bool(&out, "whole", x->ledger->whole);
    ent_json_end_object(&out);
    ent_json_end_line(&out);
    if (ent_json_is_complete(&out)) {
        ent_text_add(text, out.data, out.len);
    } else {
        text->failed = true;
    }
    ent_json_deinit(&out);
}
