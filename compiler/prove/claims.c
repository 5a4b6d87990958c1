/* Two duties that claim the same ticket: one row begins both, and one row discharges both.
 *
 * Looked for among duties of service agreements that are in force together; operational agreements
 * are meant to run beside them.  Within one agreement a ticket ordinarily begins several duties that
 * ask for different things, a response and a restoration: there only two that ask for the same are
 * meant.  Reported only where the conditions are understood exactly, with a scenario in which both
 * are breached. */
#include <string.h>

#include "compiler/prove/box.h"
#include "compiler/prove/counterexample.h"
#include "compiler/prove/internal.h"
#include "runtime/time/arith.h"

typedef struct claimant {
    const ent_duty_decl *duty;
    ent_boxes begin; /* the rows that begin it */
} claimant;

static bool may_claim(const ent_duty_decl *d)
{
    return d->agreement->kind == 0 && !d->agreement->is_framework &&
           d->feed->kind == ENT_FEED_SOURCE && d->trigger != NULL && d->discharge != NULL;
}

/* --- the scenario --- */

static const char *scenario(const ent_boxer *x, const ent_box *box, const ent_duty_decl *a,
                            const ent_duty_decl *b)
{
    int64_t start = ent_first_common_day(a->agreement, b->agreement) * ENT_TIME_DAY_NS + ENT_TIME_DAY_NS / 2;
    const char *rows = ent_overdue_rows(x, box, a->feed, start);
    if (rows == NULL) {
        return NULL;
    }
    const char *using =
        a->agreement == b->agreement
            ? a->agreement->name
            : ent_arena_printf(x->arena, "%s, %s", a->agreement->name, b->agreement->name);
    return ent_arena_printf(x->arena,
                            "scenario \"one row begins %s.%s and %s.%s\"\n"
                            "  using %s\n"
                            "  given %s \"\"\"\n"
                            "%s"
                            "  \"\"\"\n"
                            "  expect breach of %s.%s for T1\n"
                            "  expect breach of %s.%s for T1\n",
                            a->agreement->name, a->name, b->agreement->name, b->name, using,
                            a->feed->name, rows, a->agreement->name, a->name, b->agreement->name,
                            b->name);
}

static void report(ent_prover *p, const ent_box *box, const ent_duty_decl *a,
                   const ent_duty_decl *b)
{
    ent_boxer x = {p->m, p->arena};
    ent_diag *d = ent_prove_report(
        p, ENT_DIAG_W0413, b->span, "`%s.%s` and `%s.%s` claim the same row of `%s`",
        a->agreement->name, a->name, b->agreement->name, b->name, a->feed->name);
    if (d == NULL) {
        return;
    }
    ent_diag_primary_label(d, "`%s` owes it here", b->party->name);
    ent_diag_label(d, a->span, "and `%s` here", a->party->name);
    ent_diag_note(d, "both begin with %s", ent_box_text(&x, box));
    ent_diag_help(d, "add to one of them a condition that leaves these rows to the other");
    const char *text = scenario(&x, box, a, b);
    if (text != NULL) {
        ent_diag_example(d, text);
    }
}

/* --- the search --- */

static bool is_same_alternative(const ent_alt_decl *a, const ent_alt_decl *b)
{
    bool same = a->feed == b->feed && a->member == b->member && a->n_where == b->n_where;
    for (size_t i = 0; same && i < a->n_where; i++) {
        same = ent_prove_same(a->where[i], b->where[i]);
    }
    return same;
}

static bool is_within(const ent_pattern_decl *a, const ent_pattern_decl *b)
{
    for (size_t i = 0; i < a->n_alts; i++) {
        bool found = false;
        for (size_t k = 0; k < b->n_alts && !found; k++) {
            found = is_same_alternative(&a->alts[i], &b->alts[k]);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* Whether the two ask for the same: the same rows discharge them. */
static bool is_same_goal(const ent_duty_decl *a, const ent_duty_decl *b)
{
    return is_within(a->discharge, b->discharge) && is_within(b->discharge, a->discharge);
}

static bool may_conflict(const ent_boxer *x, const ent_duty_decl *a, const ent_duty_decl *b)
{
    return a->agreement == b->agreement ? is_same_goal(a, b)
                                        : ent_in_force_together(a->agreement, b->agreement) &&
                                              ent_discharged_together(x, a, b);
}

static void compare(ent_prover *p, const claimant *first, const claimant *second)
{
    ent_boxer x = {p->m, p->arena};
    const ent_duty_decl *a = first->duty, *b = second->duty;
    if (a->feed != b->feed || !ent_boxes_meet(first->begin, second->begin) ||
        !may_conflict(&x, a, b)) {
        return;
    }
    for (size_t i = 0; i < a->trigger->n_alts; i++) {
        for (size_t k = 0; k < b->trigger->n_alts; k++) {
            ent_boxes rows = ent_common_rows(&x, &a->trigger->alts[i], &b->trigger->alts[k]);
            const ent_box *box = ent_boxes_exact(rows);
            if (box != NULL && box->n > 0) {
                report(p, box, a, b);
                return;
            }
        }
    }
}

/* The rows that begin the duty, worked out once: there may be thousands of duties to hold against
 * each other. */
static claimant rows_of(const ent_boxer *x, const ent_duty_decl *d)
{
    claimant c = {.duty = d};
    for (size_t i = 0; i < d->trigger->n_alts; i++) {
        const ent_alt_decl *alt = &d->trigger->alts[i];
        c.begin = ent_boxes_united(x, c.begin, ent_common_rows(x, alt, alt));
    }
    return c;
}

void ent_prove_claims(ent_prover *p)
{
    const ent_model *m = p->m;
    ent_boxer x = {m, p->arena};
    claimant *all = ent_arena_alloc_array(p->arena, m->n_duties + 1, sizeof *all);
    size_t n = 0;
    for (size_t i = 0; all != NULL && i < m->n_duties; i++) {
        if (may_claim(m->duties[i])) {
            all[n++] = rows_of(&x, m->duties[i]);
            p->out_of_memory = p->out_of_memory || all[n - 1].begin.failed;
        }
    }
    p->out_of_memory = p->out_of_memory || all == NULL;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++) {
            compare(p, &all[i], &all[k]);
        }
    }
}
