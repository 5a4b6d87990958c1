/* The explanation as a page: arithmetic, who answers, the money, the parties' own agreements.  See
 * text.h. */
#include <string.h>

#include "compiler/explain/figure.h"
#include "compiler/explain/text.h"

enum { IN = ENT_PAGE_INDENT, DEEP = 4 };

void ent_text_arithmetic(const ent_page *page, const ent_explanation *x)
{
    const char *steps[ENT_X_STEPS_MAX];
    if (ent_x_is(x->d.kind, "pool") || ent_x_is(x->d.status, "withdrawn")) {
        return;
    }
    size_t n = ent_x_steps(page->arena, x, steps);
    ent_page_heading(page, "THE ARITHMETIC");
    for (size_t i = 0; i < n; i++) {
        ent_page_say(page, DEEP, IN, "%s", steps[i]);
    }
}

/* --- who answers --- */

static void say_counterfactuals(const ent_page *page, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    for (size_t i = 0; i < d->n_parties; i++) {
        const char *sentence = ent_x_counterfactual(page->arena, x, &d->parties[i]);
        if (sentence) {
            ent_page_say(page, DEEP, IN, "%s", sentence);
        }
    }
}

static void share_table(const ent_page *page, const ent_xdecision *d)
{
    ent_table t = {.n_columns = 6, .right = {false, true, true, true, true, true}};
    bool times = false;
    for (size_t i = 0; i < d->n_parties; i++) {
        times |= d->parties[i].has_times;
    }
    const char *const heads[] = {"Party",
                                 times ? "had it for" : "",
                                 times ? "of that too long" : "",
                                 "decides alone",
                                 "degree",
                                 "share"};
    for (size_t i = 0; i < t.n_columns; i++) {
        ent_table_put(page, &t, heads[i]);
    }
    for (size_t i = 0; i < d->n_parties; i++) {
        const ent_xparty *p = &d->parties[i];
        ent_table_put(page, &t, p->name);
        ent_table_put(page, &t, p->has_times ? ent_figure_duration(page->arena, p->held_ns) : "");
        ent_table_put(page, &t, p->has_times ? ent_figure_duration(page->arena, p->excess_ns) : "");
        ent_table_put(page, &t, p->but_for ? "yes" : "no");
        ent_table_put(page, &t, p->degree);
        if (!p->share) {
            ent_table_put(page, &t, "none");
        } else if (ent_x_is(p->share, "1")) {
            ent_table_put(page, &t, "all of it");
        } else if (!*ent_x_share(page->arena, p)) {
            ent_table_put(page, &t, p->share);
        } else if (strlen(p->share) > 30) {
            ent_table_putf(page, &t, "about %s", ent_x_share(page->arena, p));
        } else {
            ent_table_putf(page, &t, "%s (%s)", p->share, ent_x_share(page->arena, p));
        }
    }
    ent_text_putc(page->out, '\n');
    ent_table_print(page, &t, DEEP);
    for (size_t i = 0; i < d->n_parties; i++) {
        if (d->parties[i].error) {
            ent_page_say(page, DEEP, IN,
                         "More than 12 parties: shares are from 100,000 drawn orders, with a "
                         "standard error of %s for %s.",
                         d->parties[i].error, d->parties[i].name);
        }
    }
}

/* What each set of parties would have left: with it the shares can be worked out again by hand. */
static void replay_table(const ent_page *page, const ent_explanation *x)
{
    const ent_xreckoning *r = &x->r;
    ent_table t = {.n_columns = 3, .right = {false, true, true}};
    if (!r->replays || r->n_players < 2 || r->n_players > 3) {
        return;
    }
    ent_table_put(page, &t, "Had these performed");
    ent_table_put(page, &t, x->d.has_clock ? "time taken" : "figure");
    ent_table_put(page, &t, x->d.has_clock ? "too much left" : "short by");
    for (uint32_t set = 0; set < UINT32_C(1) << r->n_players; set++) {
        ent_table_put(page, &t, ent_x_players(page->arena, r, set));
        ent_table_put(page, &t, ent_x_replay_figure(page->arena, &x->d, &r->replays[set]));
        ent_table_put(page, &t, ent_x_replay_left(page->arena, &x->d, &r->replays[set]));
    }
    ent_text_putc(page->out, '\n');
    ent_table_print(page, &t, DEEP);
}

static void say_shares(const ent_page *page, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    size_t shares = 0;
    bool all_of_it = false;
    for (size_t i = 0; i < d->n_parties; i++) {
        shares += d->parties[i].share != NULL;
        all_of_it |= ent_x_is(d->parties[i].share, "1");
    }
    share_table(page, d);
    replay_table(page, x);
    if (shares > 1 && all_of_it) {
        ent_page_say(page, DEEP, IN,
                     "Each carries the whole: the framework says `joint causes jointly`.");
    } else if (shares > 1) {
        ent_page_say(page, DEEP, IN,
                     "A share is what a party takes off that excess when its turn comes to "
                     "perform, in the mean over every order of the parties, unless the "
                     "framework settles joint causes otherwise.");
    }
    if (d->n_parties > 1) {
        ent_page_say(page, DEEP, IN,
                     "The degree is 1 for who decides alone, and 1/(1 + k) for who needs k "
                     "others to perform as well; 0 for who never decides.");
    }
}

static void say_gap(const ent_page *page, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    if (!d->gap || ent_x_is(d->gap, "0")) {
        return;
    }
    ent_page_say(page, DEEP, IN,
                 "Structural gap: %s. Had every party kept within what it was allowed, this would "
                 "still have been missed by that: the agreements do not add up, and no party's "
                 "performance would have mended it.",
                 ent_x_gap(page->arena, x));
}

void ent_text_answers(const ent_page *page, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    if (ent_x_is(d->kind, "pool") || (!d->accountable && d->n_parties == 0)) {
        return;
    }
    ent_page_heading(page, "WHO ANSWERS FOR IT");
    if (d->accountable) {
        ent_page_say(page, DEEP, IN, "%s answers for this clause to %s, whoever caused the breach.",
                     d->accountable, d->accountable_to ? d->accountable_to : "the other party");
    }
    say_counterfactuals(page, x);
    bool any = false;
    for (size_t i = 0; i < d->n_parties; i++) {
        any |= d->parties[i].share != NULL;
    }
    if (any) {
        say_shares(page, x);
    } else if (ent_x_is(d->status, "breach")) {
        ent_page_say(page, DEEP, IN,
                     "Nobody has a share: nobody's performance would have changed the outcome.");
    }
    say_gap(page, x);
}

/* --- money --- */

/* An amount of the ledger, grouped. */
static const char *money(ent_arena *arena, const char *amount, const char *currency)
{
    ent_i128 minor;
    return ent_figure_minor(amount, currency, &minor) ? ent_figure_money(arena, minor, currency)
           : amount                                   ? amount
                                                      : "?";
}

static void pool_table(const ent_page *page, const ent_xdecision *d)
{
    ent_table t = {.n_columns = 4, .right = {false, true, true, true}};
    static const char *const heads[] = {"Party", "paid in", "paid out", "net"};
    for (size_t i = 0; i < t.n_columns; i++) {
        ent_table_put(page, &t, heads[i]);
    }
    for (size_t i = 0; i < d->n_parties; i++) {
        const ent_xparty *p = &d->parties[i];
        const char *const amounts[] = {p->paid_in, p->paid_out, p->amount};
        ent_table_put(page, &t, p->name);
        for (size_t k = 0; k < 3; k++) {
            ent_table_put(page, &t, money(page->arena, amounts[k], d->currency));
        }
    }
    ent_table_print(page, &t, DEEP);
}

static void say_pool(const ent_page *page, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    const char *currency = d->currency ? d->currency : "";
    ent_page_heading(page, "THE POOL");
    if (!d->credit) {
        ent_page_say(page, DEEP, IN, "Nothing is paid until the window is over.");
        return;
    }
    ent_page_say(page, DEEP, IN, "Put in, %s: %s %s. Paid for the goal: %s %s.",
                 d->rule ? d->rule : "as agreed", currency,
                 money(page->arena, d->fund, d->currency), currency,
                 money(page->arena, d->credit, d->currency));
    pool_table(page, d);
    ent_page_say(
        page, DEEP, IN, "%s",
        ent_x_is(d->status, "met")
            ? "The goal was met, so the pool is shared as the clause says. Parts are rounded down "
              "to whole "
              "minor units, and the units that remain go to the largest remainders, equal ones in "
              "the order "
              "in which the parties are declared."
            : "The goal was not met, so the pool returns to those who paid it in, as they paid.");
}

/* Who carries a part that is not borne by the party that caused it: the supplier, who answers for
 * the clause. */
static const char *why_part(ent_arena *arena, const ent_explanation *x, const ent_xpart *p)
{
    const ent_xdecision *d = &x->d;
    const char *why = p->unit             ? "with one unit of what remained"
                      : p->exact.den != 1 ? "rounded down"
                                          : "";
    const char *more = "";
    if (!p->party) {
        more = ent_arena_printf(arena, "stays with %s",
                                d->accountable ? d->accountable : "the supplier");
    } else if (p->relief) {
        more = "relief: not paid";
    } else if (!p->has_bears) {
        more = ent_arena_printf(arena, "no agreement with %s",
                                d->accountable_to ? d->accountable_to : "the client");
    }
    return ent_arena_printf(arena, "%s%s%s", why, *why && *more ? "; " : "", more);
}

static void say_borne(const ent_page *page, const ent_explanation *x)
{
    const char *out = NULL;
    for (size_t i = 0; i < x->r.n_parts; i++) {
        const ent_xpart *p = &x->r.parts[i];
        if (p->has_bears) {
            out =
                ent_arena_printf(page->arena, "%s%s%s %s", out ? out : "", out ? ", " : "",
                                 p->party, ent_figure_money(page->arena, p->bears, x->d.currency));
        }
    }
    if (out) {
        ent_page_say(page, DEEP, IN, "Borne in all: %s.", out);
    }
}

static void split_table(const ent_page *page, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    ent_table t = {.n_columns = 4, .right = {false, true, true, false}};
    static const char *const heads[] = {"Part of", "exactly", "rounded", ""};
    bool elsewhere = false;
    for (size_t i = 0; i < t.n_columns; i++) {
        ent_table_put(page, &t, heads[i]);
    }
    for (size_t i = 0; i < x->r.n_parts; i++) {
        const ent_xpart *p = &x->r.parts[i];
        if (p->exact.num == 0) {
            continue;
        }
        ent_table_put(page, &t, p->party ? p->party : "(structural gap)");
        ent_table_put(page, &t, ent_figure_money_q(page->arena, p->exact, d->currency));
        ent_table_put(page, &t, ent_figure_money(page->arena, p->part, d->currency));
        ent_table_put(page, &t, why_part(page->arena, x, p));
        elsewhere |= !p->has_bears;
    }
    ent_table_print(page, &t, DEEP);
    if (elsewhere) {
        say_borne(page, x);
    }
    if (x->r.gap_part.num > 0) {
        ent_page_say(page, DEEP, IN,
                     "The gap is %s of the shortfall, so that much of the credit is its part; the "
                     "rest follows the shares.",
                     ent_figure_percent(page->arena, x->r.gap_part));
    }
    if (x->r.rounded) {
        ent_page_say(
            page, DEEP, IN,
            "Each part is rounded down to whole minor units; the units that remain go to the "
            "largest remainders, equal ones in the order in which the parties are declared, so "
            "that the parts add up to the credit.");
    }
}

static void plain_amounts(const ent_page *page, const ent_xdecision *d)
{
    for (size_t i = 0; i < d->n_parties; i++) {
        if (d->parties[i].amount) {
            ent_page_say(page, DEEP, IN, "%s bears %s", d->parties[i].name,
                         money(page->arena, d->parties[i].amount, d->currency));
        }
    }
}

/* A credit on claim lapses unless it is claimed in time. */
static void say_claim(const ent_page *page, const ent_xdecision *d)
{
    ent_arena *a = page->arena;
    ent_xinstant like = d->has_clock ? d->at : d->from;
    const char *until = ent_figure_instant(a, d->claim_until, like);
    if (ent_x_is(d->claim, "made")) {
        ent_page_say(page, DEEP, IN, "It was claimed at %s; there was time until %s.",
                     ent_figure_instant(a, d->claimed_at, like), until);
    } else if (ent_x_is(d->claim, "open")) {
        ent_page_say(page, DEEP, IN, "It has not been claimed, and can be until %s.", until);
    } else if (ent_x_is(d->claim, "lapsed")) {
        ent_page_say(page, DEEP, IN, "It was not claimed by %s: %s %s lapsed.", until,
                     d->currency ? d->currency : "", money(a, d->lapsed, d->currency));
    }
}

void ent_text_credit(const ent_page *page, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    if (ent_x_is(d->kind, "pool")) {
        say_pool(page, x);
        return;
    }
    if (!d->credit) {
        return;
    }
    ent_page_heading(page, "THE CREDIT");
    ent_page_say(page, DEEP, IN, "%s %s, by the clause's rule: %s.", d->currency ? d->currency : "",
                 money(page->arena, d->credit, d->currency), d->rule ? d->rule : "not said");
    say_claim(page, d);
    if (x->r.n_parts > 0) {
        split_table(page, x);
    } else {
        plain_amounts(page, d);
    }
}

/* --- the parties' own agreements --- */

static void say_other(const ent_page *page, const ent_xother *o, const ent_xdecision *d)
{
    ent_arena *a = page->arena;
    const ent_xdecision *od = &o->d;
    const char *between = ent_x_between(a, o);
    ent_xinstant like = d->has_clock ? d->at : d->from;
    const char *when =
        od->has_clock
            ? ent_arena_printf(a, "%s \u2013 %s, due %s", ent_figure_instant(a, od->at, like),
                               od->done.text ? ent_figure_until(a, od->done, od->at, like)
                                             : "still running",
                               ent_figure_until(a, od->due, od->at, like))
            : ent_arena_printf(a, "%s \u2013 %s", ent_figure_instant(a, od->from, like),
                               ent_figure_instant(a, od->to, like));
    ent_page_say(page, DEEP, DEEP, "%s (%s%sversion %lld), %s: %s",
                 between ? between : od->agreement, between ? od->agreement : "",
                 between ? ", " : "", (long long)od->version, ent_x_label(od), ent_x_verdict(od));
    ent_page_say(page, DEEP + DEEP, IN, "%s; %s%s%s%s%s (decision %lld)", when,
                 ent_x_figures(a, od), od->credit ? "; credit " : "",
                 od->credit && od->currency ? od->currency : "", od->credit ? " " : "",
                 od->credit ? money(a, od->credit, od->currency) : "", (long long)od->seq);
}

static void say_all_kept(const ent_page *page, const ent_explanation *x, size_t n, size_t breaches)
{
    bool outcomes = x->n_others > n;
    bool gap = x->d.gap && !ent_x_is(x->d.gap, "0");
    if (gap && n > 0 && breaches == 0) {
        ent_page_say(page, DEEP, IN,
                     "All of them kept their own agreements, and yet this clause was missed: what "
                     "they allow together is more than the clause allows.");
    } else if (n == 0 && outcomes) {
        ent_page_say(page, DEEP, IN,
                     "The explanation of each decision that is named above tells what the parties' "
                     "own agreements say of it.");
    } else if (n == 0) {
        ent_page_say(
            page, DEEP, IN,
            "This ledger has no decision about an agreement of the parties' own that bears on "
            "it%s.",
            x->clause.image || x->d.has_clock
                ? ""
                : ", as far as it can be told without the source, which says who is bound to whom");
    }
    if (x->others_cut) {
        ent_page_say(page, DEEP, IN, "There are more of them in the ledger.");
    }
    if (x->d.adjustment) {
        ent_page_say(
            page, DEEP, IN,
            "This ledger has what changed only: other decisions stand in the ledger that it "
            "restates.");
    }
}

void ent_text_others(const ent_page *page, const ent_explanation *x)
{
    bool pool = ent_x_is(x->d.kind, "pool");
    size_t breaches = 0;
    size_t n = 0;
    if (x->n_others == 0 && !ent_x_is(x->d.status, "breach")) {
        return;
    }
    ent_page_heading(page, pool ? "THE GOAL" : "THE PARTIES' OWN AGREEMENTS");
    for (size_t i = 0; i < x->n_others; i++) {
        const ent_xother *o = &x->others[i];
        if (o->outcome < 0) {
            say_other(page, o, &x->d);
            breaches += ent_x_is(o->d.status, "breach");
            n++;
        }
    }
    if (!pool) {
        say_all_kept(page, x, n, breaches);
    }
}
