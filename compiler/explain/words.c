/* Sentences that the page and the tree share.  See text.h. */
#include <string.h>

#include "compiler/explain/figure.h"
#include "compiler/explain/text.h"

bool ent_x_is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* One list of statuses: how the page says them, and what they mean where that is not plain. */
static const struct {
    const char *status, *verdict, *pool, *of_clock, *of_window;
} statuses[] = {
    {"met", "MET", "PAID", NULL, NULL},
    {"breach", "BREACH", "NOT PAID", NULL, NULL},
    {"excused", "EXCUSED", "EXCUSED",
     "The time ran out, and the agreement excuses it: it is no breach, carries no credit, and is "
     "left "
     "out of every share of tickets.",
     "The agreement excuses it: it is no breach and carries no credit."},
    {"void", "VOID", "VOID",
     "The clock was cancelled before it was stopped or ran out, so there is nothing to decide.",
     NULL},
    {"provisional", "NOT DECIDED YET", "NOT DECIDED YET",
     "The clock still ran when the facts end, and had not run out: it may yet be met.",
     "The window was not over when the facts end. The figure is the one so far; nothing is owed on "
     "it "
     "yet, and nobody has a share."},
    {"no_data", "NO DATA", "NO DATA", NULL,
     "No row counts towards the figure, so there is none to hold against the target."},
    {"not_in_force", "NOT IN FORCE", "NOT IN FORCE",
     "The agreement lacks a signature of one of its parties. The figures are what they would be; "
     "nothing is owed on them.",
     "The agreement lacks a signature of one of its parties. The figures are what they would be; "
     "nothing is owed on them."},
    {"withdrawn", "WITHDRAWN", "WITHDRAWN",
     "With the facts that are known now there is no such clock: the earlier decision falls away.",
     "With the facts that are known now there is no such window: the earlier decision falls away."},
};
enum { STATUSES = sizeof statuses / sizeof *statuses };

const char *ent_x_verdict(const ent_xdecision *d)
{
    for (size_t i = 0; i < STATUSES; i++) {
        if (strcmp(d->status, statuses[i].status) == 0) {
            return ent_x_is(d->kind, "pool") ? statuses[i].pool : statuses[i].verdict;
        }
    }
    return d->status;
}

const char *ent_x_meaning(const ent_xdecision *d)
{
    for (size_t i = 0; i < STATUSES; i++) {
        if (strcmp(d->status, statuses[i].status) == 0) {
            return d->has_clock ? statuses[i].of_clock : statuses[i].of_window;
        }
    }
    return NULL;
}

const char *ent_x_label(const ent_xdecision *d)
{
    return d->title ? d->title : d->clause;
}

const char *ent_x_program_note(const ent_xclause *c)
{
    switch (c->program) {
    case ENT_XPROGRAM_SAME:
        return "The source is the one that the ledger was decided by: the digests are the same.";
    case ENT_XPROGRAM_OTHER:
        return "Warning: the program made from this source is not the one that decided the ledger. "
               "The "
               "text may have changed since; or the program was made of more files: give all of "
               "them.";
    default:
        return "Warning: the program could not be made again from this file as it was made then, "
               "so "
               "whether the text has changed since is not known.";
    }
}

const char *ent_x_gap(ent_arena *arena, const ent_explanation *x)
{
    ent_q gap;
    const char *said = x->d.gap ? x->d.gap : "";
    if (!ent_figure_read(x->d.gap, &gap)) {
        return said;
    }
    if (x->d.has_clock) {
        return ent_q_mul(gap, ent_q_from_i64(1000000000), &gap) ? ent_figure_duration_q(arena, gap)
                                                                : said;
    }
    return x->d.measure_exact ? ent_figure_percent(arena, gap) : said;
}

const char *ent_x_share(ent_arena *arena, const ent_xparty *party)
{
    ent_q share;
    return ent_figure_read(party->share, &share) ? ent_figure_percent(arena, share) : "";
}

/* --- counterfactuals --- */

const char *ent_x_counterfactual(ent_arena *arena, const ent_explanation *x, const ent_xparty *p)
{
    const ent_xdecision *d = &x->d;
    ent_q without;
    const char *outcome = p->but_for ? "met" : "still a breach";
    if (!p->without) {
        return NULL;
    }
    if (d->has_clock) {
        if (!ent_figure_read(p->without, &without) ||
            !ent_q_mul(without, ent_q_from_i64(1000000000), &without)) {
            return NULL;
        }
        return ent_arena_printf(arena,
                                "Had %s kept within what it was allowed, the time taken would have "
                                "been %s, with %s allowed: %s.",
                                p->name, ent_figure_duration_q(arena, without),
                                ent_figure_duration(arena, d->allowed_ns), outcome);
    }
    const char *figure = d->measure_exact && ent_figure_read(p->without, &without)
                             ? ent_figure_percent(arena, without)
                             : ent_figure_measure(arena, p->without);
    return ent_arena_printf(arena,
                            "Had %s performed, the figure would have been %s, with a target "
                            "of %s: %s.",
                            p->name, figure, d->target ? d->target : "?", outcome);
}

const char *ent_x_players(ent_arena *arena, const ent_xreckoning *r, uint32_t set)
{
    const char *out = NULL;
    for (size_t i = 0; i < r->n_players; i++) {
        if (set >> i & 1) {
            out = out ? ent_arena_printf(arena, "%s, %s", out, r->players[i]) : r->players[i];
        }
    }
    return out ? out : "nobody";
}

const char *ent_x_replay_figure(ent_arena *arena, const ent_xdecision *d, const ent_xreplay *r)
{
    if (!r->read) {
        return "nothing to measure";
    }
    return d->has_clock ? ent_figure_duration_q(arena, r->figure)
                        : ent_figure_percent(arena, r->figure);
}

const char *ent_x_replay_left(ent_arena *arena, const ent_xdecision *d, const ent_xreplay *r)
{
    if (!r->read || r->left.num == 0) {
        return "nothing: met";
    }
    return d->has_clock ? ent_figure_duration_q(arena, r->left)
                        : ent_figure_percent(arena, r->left);
}

/* --- other decisions --- */

const char *ent_x_between(ent_arena *arena, const ent_xother *o)
{
    if (!o->supplier || !o->customer) {
        return NULL;
    }
    bool customers = o->obliged && strcmp(o->obliged, o->customer) == 0;
    return ent_arena_printf(arena, "%s to %s", customers ? o->customer : o->supplier,
                            customers ? o->supplier : o->customer);
}

const char *ent_x_figures(ent_arena *arena, const ent_xdecision *d)
{
    if (d->has_clock) {
        return ent_arena_printf(arena, "took %s of %s", ent_figure_duration(arena, d->elapsed_ns),
                                ent_figure_duration(arena, d->allowed_ns));
    }
    if (!d->measure) {
        return "no figure";
    }
    return d->target ? ent_arena_printf(arena, "%s, target %s",
                                        ent_figure_measure(arena, d->measure), d->target)
                     : ent_figure_measure(arena, d->measure);
}

/* --- arithmetic --- */

static const char *clock_steps_end(ent_arena *arena, const ent_xdecision *d)
{
    int64_t over;
    if (__builtin_sub_overflow(d->elapsed_ns, d->allowed_ns, &over)) {
        return NULL;
    }
    const char *elapsed = ent_figure_duration(arena, d->elapsed_ns);
    const char *allowed = ent_figure_duration(arena, d->allowed_ns);
    if (over > 0) {
        return ent_arena_printf(arena, "Allowed were %s: %s - %s = %s too long.", allowed, elapsed,
                                allowed, ent_figure_duration(arena, over));
    }
    return ent_arena_printf(arena, "Allowed were %s: %s - %s = %s to spare.", allowed, allowed,
                            elapsed, ent_figure_duration(arena, -over));
}

static size_t clock_steps(ent_arena *arena, const ent_explanation *x, const char **steps)
{
    const ent_xdecision *d = &x->d;
    size_t n = 0;
    const char *elapsed = ent_figure_duration(arena, d->elapsed_ns);
    if (d->done.read && x->r.still_ns >= 0 && x->r.wall_ns > 0) {
        const char *wall = ent_figure_duration(arena, x->r.wall_ns);
        const char *clock =
            ent_arena_printf(arena, "From %s to %s are %s", ent_figure_instant(arena, d->at, d->at),
                             ent_figure_until(arena, d->done, d->at, d->at), wall);
        steps[n++] = x->r.still_ns == 0
                         ? ent_arena_printf(arena, "%s; all of it counts.", clock)
                         : ent_arena_printf(arena, "%s; %s of it does not count: %s - %s = %s.",
                                            clock, ent_figure_duration(arena, x->r.still_ns), wall,
                                            ent_figure_duration(arena, x->r.still_ns), elapsed);
    } else {
        steps[n++] = ent_arena_printf(arena, "The time that counted%s was %s.",
                                      d->open ? ", up to the end of the facts," : "", elapsed);
    }
    const char *end = clock_steps_end(arena, d);
    if (end) {
        steps[n++] = end;
    }
    return n;
}

static const char *fraction_step(ent_arena *arena, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    const char *good;
    const char *all;
    const char *lead;
    bool outcomes = d->n_facts > 0 && d->facts[0].read && d->facts[0].kind == ENT_FACT_OUTCOME;
    const char *noun = outcomes ? "decided in the window" : "measured";
    switch (x->r.how) {
    case ENT_XMEASURING_TIME:
        lead = ent_arena_printf(arena, "Of %s that count, %s were bad",
                                ent_figure_duration(arena, x->r.total_ns),
                                ent_figure_duration(arena, x->r.bad_ns));
        good = ent_figure_duration(arena, x->r.total_ns - x->r.bad_ns);
        all = ent_figure_duration(arena, x->r.total_ns);
        break;
    case ENT_XMEASURING_SAMPLES:
        lead =
            ent_arena_printf(arena, "Of %s %s, %s %s bad", ent_figure_count(arena, d->samples),
                             noun, ent_figure_count(arena, d->bad), d->bad == 1 ? "was" : "were");
        good = ent_figure_count(arena, d->samples - d->bad);
        all = ent_figure_count(arena, d->samples);
        break;
    case ENT_XMEASURING_MISSING_DOWN:
    case ENT_XMEASURING_MISSING_UP: {
        bool up = x->r.how == ENT_XMEASURING_MISSING_UP;
        lead = ent_arena_printf(arena, "Of %s measured %s %s bad, and %s missing count as %s",
                                ent_figure_count(arena, d->samples),
                                ent_figure_count(arena, d->bad), d->bad == 1 ? "was" : "were",
                                ent_figure_count(arena, d->missing), up ? "good" : "bad");
        good = ent_figure_count(arena, d->samples - d->bad + (up ? d->missing : 0));
        all = ent_figure_count(arena, d->samples + d->missing);
        break;
    }
    default:
        return ent_arena_printf(arena, "The figure is %s, exactly %s.", d->measure,
                                d->measure_exact);
    }
    /* the exact fraction only where it says something new */
    const char *fraction = ent_arena_printf(arena, "%s/%s", good, all);
    bool plain = !strchr(d->measure_exact, '/') || ent_x_is(fraction, d->measure_exact);
    return ent_arena_printf(arena, "%s: %s / %s = %s%s%s.", lead, good, all,
                            plain ? "" : d->measure_exact, plain ? "" : " = ", d->measure);
}

static const char *distance_step(ent_arena *arena, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    const char *target = d->target ? d->target : "";
    const char *level = strrchr(target, ' ');
    const char *exact = x->r.has_exact ? ent_figure_percent(arena, x->r.shortfall) : d->shortfall;
    bool below = strncmp(target, "at least", 8) == 0 || strncmp(target, "above", 5) == 0;
    if (!ent_x_is(d->status, "breach") && !ent_x_is(d->status, "not_in_force")) {
        return *target ? ent_arena_printf(arena, "Target: %s. It is kept.", target) : NULL;
    }
    if (!level || !exact) {
        return *target ? ent_arena_printf(arena, "Target: %s.", target) : NULL;
    }
    const char *measure = ent_figure_measure(arena, d->measure);
    return ent_arena_printf(arena, "Target: %s. %s by %s - %s = %s.", target,
                            below ? "Short of it" : "Over it", below ? level + 1 : measure,
                            below ? measure : level + 1, ent_figure_measure(arena, exact));
}

static const char *left_out_step(ent_arena *arena, const ent_xdecision *d)
{
    static const char *const why[] = {"excluded by the clause", "without the value that is read",
                                      "too late to be taken"};
    const int64_t counts[] = {d->excluded, d->absent, d->late};
    const char *out = NULL;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const char *n = ent_figure_count(arena, counts[i]);
        const char *part = counts[i] > 0 ? ent_arena_printf(arena, "%s %s", n, why[i]) : NULL;
        out = !part ? out : out ? ent_arena_printf(arena, "%s, %s", out, part) : part;
    }
    return out ? ent_arena_printf(arena, "Rows that do not count: %s.", out) : NULL;
}

size_t ent_x_files(const ent_xdecision *d, const char **files, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n_facts; i++) {
        const ent_xfact *f = &d->facts[i];
        const char *file = f->kind == ENT_FACT_OUTAGE && f->source.line > 0 ? f->source.file : NULL;
        size_t known = 0;
        while (file && known < n && strcmp(files[known], file) != 0) {
            known++;
        }
        if (file && known == n && n < most) {
            files[n++] = file;
        }
    }
    return n;
}

/* Where the rows stand from which a reader works out the figure again. */
static const char *rows_step(ent_arena *arena, const ent_xdecision *d)
{
    const char *files[ENT_X_FILES_MAX], *list = NULL;
    size_t n = d->measure ? ent_x_files(d, files, ENT_X_FILES_MAX) : 0;
    for (size_t i = 0; i < n; i++) {
        list = list ? ent_arena_printf(arena, "%s, %s", list, files[i]) : files[i];
    }
    return list ? ent_arena_printf(arena,
                                   "It is worked out from the rows of %s that the clause selects, "
                                   "from %s to before %s.",
                                   list, ent_figure_instant(arena, d->from, d->from),
                                   ent_figure_instant(arena, d->to, d->from))
                : NULL;
}

static size_t window_steps(ent_arena *arena, const ent_explanation *x, const char **steps)
{
    const ent_xdecision *d = &x->d;
    size_t n = 0;
    if (d->measure && d->measure_exact) {
        steps[n++] = fraction_step(arena, x);
    } else if (d->measure) {
        steps[n++] = ent_arena_printf(
            arena, "The figure is %s, over %s %s.", ent_figure_measure(arena, d->measure),
            ent_figure_count(arena, d->samples), d->samples == 1 ? "row" : "rows");
    } else if (d->has_counts) {
        steps[n++] = "There is no figure: no row counts.";
    }
    const char *rows = rows_step(arena, d);
    if (rows) {
        steps[n++] = rows;
    }
    const char *left_out = left_out_step(arena, d);
    if (left_out) {
        steps[n++] = left_out;
    }
    const char *distance = d->measure && !ent_x_is(d->status, "provisional")
                               ? distance_step(arena, x)
                           : d->target ? ent_arena_printf(arena, "Target: %s.", d->target)
                                       : NULL;
    if (distance) {
        steps[n++] = distance;
    }
    if (d->expected) {
        steps[n++] = ent_arena_printf(arena, "Level hoped for: %s%s.", d->expected,
                                      d->expected_met < 0 ? ""
                                      : d->expected_met   ? "; it was kept"
                                                          : "; it was not kept");
    }
    if (d->budget_left) {
        bool spent = d->budget_left[0] == '-';
        steps[n++] =
            ent_arena_printf(arena,
                             spent ? "That is %s more than the window allows, though all that "
                                     "is expected later be good."
                                   : "Bad ones still allowed, if all that is expected later is "
                                     "good: %s.",
                             d->budget_left + spent);
        steps[n++] = ent_arena_printf(arena,
                                      "Rate at which that is being used up, with 1 lasting just "
                                      "to the end of the window: %s.",
                                      d->burn_rate ? d->burn_rate : "not known");
    }
    return n;
}

size_t ent_x_steps(ent_arena *arena, const ent_explanation *x, const char **steps)
{
    return x->d.has_clock ? clock_steps(arena, x, steps) : window_steps(arena, x, steps);
}
