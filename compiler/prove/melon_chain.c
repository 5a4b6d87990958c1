/* The watermelon of times along a chain: the row that discharges one duty begins the next, the first begins with the
 * framework's and the last ends with it, and each takes all the time that it has.  See watermelon.c.
 *
 * As with one component (melon_duty.c) nothing is concluded from the clauses: all clocks are run over the rows of the
 * chain, by their calendars, and only what is seen there is reported.  Nothing is claimed where a row could mean
 * something else to one of the duties, or where it could begin yet another one, which would have to be kept, too.
 * Tested by tests/property/watermelons.py. */
#include "compiler/prove/melon.h"
#include "compiler/syntax/text.h"
#include "runtime/time/arith.h"
#include "runtime/time/civil.h"

enum { LINKS_MAX = 4, TRIES_MAX = 5000 }; /* tries: of a duty as the next link, in the whole club */

typedef struct link {
    const ent_duty_decl *d;
    const ent_allow_decl *allow;
    ent_melon_clock clock;
} link;

typedef struct chain {
    ent_prover *p;
    ent_boxer x;
    link whole, links[LINKS_MAX];
    size_t n;
    ent_boxes rows[LINKS_MAX + 1]; /* what begins links[i] and ends the one before it */
    const ent_box *row[LINKS_MAX + 1];
    int64_t at[LINKS_MAX + 1];
    bool found;
} chain;

/* --- rows --- */

static ent_boxes common(const chain *c, const ent_pattern_decl *a, const ent_pattern_decl *b)
{
    ent_boxes all = {0};
    for (size_t i = 0; i < a->n_alts; i++) {
        for (size_t k = 0; k < b->n_alts; k++) {
            all = ent_boxes_united(&c->x, all, ent_common_rows(&c->x, &a->alts[i], &b->alts[k]));
        }
    }
    return all;
}

/* Those of the rows for which the duty has the allowance; none where that is not certain. */
static ent_boxes allowed(const chain *c, ent_boxes rows, const ent_duty_decl *d, const ent_allow_decl *a)
{
    bool known = a->ns > 0 && (a->use == NULL || a->use->calendar != NULL) && !d->following;
    if (!known || (a->n_values == 0 && d->n_allows > 1)) {
        return (ent_boxes){0};
    }
    return a->n_values == 0 ? rows : ent_boxes_field(&c->x, rows, d->allow_field, a->values[0]);
}

static bool opens(const chain *c, const ent_spanuse_decl *use)
{
    bool may = use->at_most_ns >= 0;
    for (size_t i = 0; i <= c->n && use->of != NULL && !may; i++) {
        may = ent_melon_may_fit(&c->x, use->of->from, c->row[i], c->whole.d->feed);
    }
    return may;
}

/* Whether the rows from `first` to `last` begin and discharge the duty, and none does anything else to it. */
static bool is_simple(const chain *c, const ent_duty_decl *d, size_t first, size_t last)
{
    const ent_feed_decl *feed = c->whole.d->feed;
    bool simple = d->counting == NULL && d->undo_mode != ENT_UNDO_RESUME;
    for (size_t i = 0; i <= c->n && simple; i++) {
        simple = !ent_melon_may_fit(&c->x, d->void_when, c->row[i], feed) &&
                 !ent_melon_may_fit(&c->x, d->undo, c->row[i], feed) &&
                 (i == first || !ent_melon_may_fit(&c->x, d->trigger, c->row[i], feed)) &&
                 (i == last || !ent_melon_may_fit(&c->x, d->discharge, c->row[i], feed));
    }
    for (size_t i = 0; i < d->n_pauses && simple; i++) {
        simple = !opens(c, &d->pauses[i]);
    }
    for (size_t i = 0; i < d->n_excused && simple; i++) {
        simple = !opens(c, &d->excused[i]);
    }
    return simple;
}

static bool is_link(const chain *c, const ent_duty_decl *d)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->links[i].d == d) {
            return true;
        }
    }
    return false;
}

/* Whether a row could begin a duty that is no part of the chain. */
static bool begins_others(const chain *c)
{
    const ent_model *m = c->p->m;
    bool begins = false;
    for (size_t i = 0; i < m->n_duties && !begins; i++) {
        const ent_duty_decl *d = m->duties[i];
        if (d == c->whole.d || is_link(c, d) ||
            !ent_in_force_together(d->agreement, c->whole.d->agreement)) {
            continue;
        }
        for (size_t k = 0; k <= c->n && !begins; k++) {
            begins = ent_melon_may_fit(&c->x, d->trigger, c->row[k], c->whole.d->feed);
        }
    }
    return begins;
}

static bool settle_rows(chain *c)
{
    const ent_feed_decl *feed = c->whole.d->feed;
    for (size_t i = 0; i <= c->n; i++) {
        c->row[i] = ent_boxes_exact(c->rows[i]);
        if (c->row[i] == NULL || !ent_has_free_key(c->row[i], feed)) {
            return false;
        }
    }
    bool simple = is_simple(c, c->whole.d, 0, c->n) && !begins_others(c);
    for (size_t i = 0; i < c->n && simple; i++) {
        simple = is_simple(c, c->links[i].d, i, i + 1);
    }
    return simple;
}

/* --- clocks --- */

/* Each takes what it has, and the last as much as shows it; false: the whole is kept from that start. */
static bool run(chain *c, int64_t first, int64_t start)
{
    int64_t missed;
    bool ok = ent_melon_covers(c->whole.d->agreement, start) && !ent_melon_is_excused(&c->whole.clock, start) &&
              ent_melon_kept_until(&c->whole.clock, start, first, &missed);
    c->at[0] = start;
    for (size_t i = 0; i < c->n && ok; i++) {
        ok = ent_melon_covers(c->links[i].d->agreement, c->at[i]) &&
             ent_melon_kept_until(&c->links[i].clock, c->at[i], first, &c->at[i + 1]);
    }
    if (!ok || c->at[c->n] <= missed) {
        return false;
    }
    int64_t least = c->at[c->n - 1] > missed ? c->at[c->n - 1] : missed, spare = c->at[c->n] - least;
    c->at[c->n] = least + spare / 2 + (spare == 1);
    return true;
}

static bool run_from_any(chain *c)
{
    int64_t day = ent_first_common_day(c->whole.d->agreement, c->links[0].d->agreement);
    int64_t first = day * ENT_TIME_DAY_NS + ENT_TIME_DAY_NS / 2;
    bool ok = ent_melon_clock_make(&c->whole.clock, c->whole.d, c->whole.allow, first), found = false;
    for (size_t i = 0; i < c->n; i++) {
        c->links[i].clock = (ent_melon_clock){0};
        ok = ok && ent_melon_clock_make(&c->links[i].clock, c->links[i].d, c->links[i].allow, first);
    }
    for (int64_t i = 0; i < ENT_MELON_STARTS && ok && !found; i++) {
        found = run(c, first, first + i * ENT_TIME_HOUR_NS);
    }
    ent_melon_clock_stop(&c->whole.clock);
    for (size_t i = 0; i < c->n; i++) {
        ent_melon_clock_stop(&c->links[i].clock);
    }
    return found;
}

/* --- the report --- */

static void put_using(const chain *c, ent_text *out)
{
    ent_text_printf(out, "  using %s", c->whole.d->agreement->name);
    for (size_t i = 0; i < c->n; i++) {
        bool named = c->links[i].d->agreement == c->whole.d->agreement;
        for (size_t k = 0; k < i; k++) {
            named = named || c->links[k].d->agreement == c->links[i].d->agreement;
        }
        if (!named) {
            ent_text_printf(out, ", %s", c->links[i].d->agreement->name);
        }
    }
}

static void put_names(const chain *c, const char *quote, ent_text *out)
{
    for (size_t i = 0; i < c->n; i++) {
        ent_text_printf(out, "%s%s%s.%s%s", i == 0 ? "" : i + 1 == c->n ? " and " : ", ", quote,
                        c->links[i].d->agreement->name, c->links[i].d->name, quote);
    }
}

static void put_scenario(const chain *c, ent_text *out)
{
    const ent_duty_decl *whole = c->whole.d;
    ent_text_printf(out, "scenario \"%s.%s is missed though ", whole->agreement->name, whole->name);
    put_names(c, "", out);
    ent_text_puts(out, " are met\"\n");
    put_using(c, out);
    ent_text_printf(out, "\n  given %s \"\"\"\n    %s\n", whole->feed->name,
                    ent_row_names(&c->x, whole->feed));
    for (size_t i = 0; i <= c->n; i++) {
        const char *row = ent_scenario_row(&c->x, c->row[i], whole->feed, c->at[i], "T1");
        ent_text_puts(out, row == NULL ? "" : row);
    }
    ent_text_puts(out, "  \"\"\"\n");
    for (size_t i = 0; i < c->n; i++) {
        ent_text_printf(out, "  expect met of %s.%s for T1\n", c->links[i].d->agreement->name,
                        c->links[i].d->name);
    }
    ent_text_printf(out, "  expect no breach of %s.%s for T1\n", whole->agreement->name, whole->name);
}

static void report(const chain *c)
{
    ent_text names = {0}, scenario = {0};
    put_names(c, "`", &names);
    const ent_duty_decl *whole = c->whole.d;
    ent_diag *d = ent_prove_report(c->p, ENT_DIAG_W0415, c->whole.allow->span,
                                   "`%s.%s` can be missed while %s are met", whole->agreement->name,
                                   whole->name, ent_text_str(&names));
    if (d != NULL) {
        ent_diag_primary_label(d, "%s", ent_melon_allowance(c->p, c->whole.allow));
        for (size_t i = 0; i < c->n; i++) {
            ent_diag_label(d, c->links[i].allow->span, "%s%s", i == 0 ? "" : "then ",
                           ent_melon_allowance(c->p, c->links[i].allow));
        }
        put_scenario(c, &scenario);
        ent_diag_example(d, ent_text_str(&scenario));
    }
    c->p->out_of_memory = c->p->out_of_memory || names.failed || scenario.failed;
    ent_text_deinit(&names);
    ent_text_deinit(&scenario);
}

/* --- the search --- */

static void extend(chain *c);

/* The chain with one more link, for each of its allowances. */
static void try_link(chain *c, const ent_duty_decl *d, ent_boxes rows)
{
    ent_boxes before = c->rows[c->n];
    for (size_t k = 0; k < d->n_allows && !c->found && rows.n > 0; k++) {
        ent_boxes mine = allowed(c, rows, d, &d->allows[k]);
        if (mine.n == 0) {
            continue;
        }
        c->rows[c->n] = mine;
        c->links[c->n++] = (link){.d = d, .allow = &d->allows[k]};
        extend(c);
        c->n -= !c->found;
    }
    c->rows[c->n] = c->found ? c->rows[c->n] : before;
}

static bool may_link(const chain *c, const ent_duty_decl *d)
{
    return !d->agreement->is_framework && d->feed == c->whole.d->feed && !is_link(c, d) &&
           ent_in_force_together(d->agreement, c->whole.d->agreement);
}

static void extend(chain *c)
{
    const ent_model *m = c->p->m;
    const ent_pattern_decl *last = c->links[c->n - 1].d->discharge;
    c->rows[c->n] = common(c, last, c->whole.d->discharge);
    if (c->n > 1 && c->rows[c->n].n > 0 && settle_rows(c) && run_from_any(c)) {
        c->found = true;
        return;
    }
    for (size_t i = 0; i < m->n_duties && c->n < LINKS_MAX && !c->found && c->p->chain_tries < TRIES_MAX; i++) {
        c->p->chain_tries++;
        if (may_link(c, m->duties[i])) {
            try_link(c, m->duties[i], common(c, last, m->duties[i]->trigger));
        }
    }
}

/* The first chain that shows it, for one of the allowances of the whole. */
void ent_prove_melon_chain(ent_prover *p, const ent_duty_decl *whole)
{
    chain c = {.p = p, .x = {p->m, p->arena}, .whole.d = whole};
    for (size_t a = 0; a < whole->n_allows && !c.found; a++) {
        c.whole.allow = &whole->allows[a];
        for (size_t i = 0; i < p->m->n_duties && !c.found && p->chain_tries < TRIES_MAX; i++) {
            const ent_duty_decl *d = p->m->duties[i];
            p->chain_tries++;
            if (!may_link(&c, d)) {
                continue;
            }
            ent_boxes rows = allowed(&c, common(&c, whole->trigger, d->trigger), whole, c.whole.allow);
            rows = whole->excused_when == NULL
                       ? rows
                       : ent_boxes_where(&c.x, rows, whole->excused_when, false);
            try_link(&c, d, rows);
        }
    }
    if (c.found) {
        report(&c);
    }
}
