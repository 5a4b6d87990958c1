/* Facts that show what guards.c has found: rows that fulfil one of two conditions and not the other, and
 * what is decided of them.  These scenarios pass as the clauses stand: that nothing is counted, begun or
 * discharged by such rows is what the diagnostic says.  Nothing is shown unless it is certain: the rows
 * must not be what another part of the clause waits for.  All that golden tests show is run by
 * tests/golden/diagnostics/counterexamples.sh, and more by tests/property/ladders.py. */
#include "compiler/check/check.h"
#include "compiler/check/checker.h"
#include "compiler/prove/counterexample.h"
#include "compiler/prove/internal.h"
#include "runtime/time/arith.h"

#define MONTH_NS (30 * ENT_TIME_DAY_NS) /* beyond that nothing is shown */

/* --- measures --- */

void ent_show_never_counted(ent_prover *p, const ent_objective_decl *o, bool by_test,
                            const ent_never *never)
{
    int kind = o->folds[0]->kind;
    ent_ladder_case c = {.diag = never->diag,
                         .objective = o,
                         .figure = {.type = o->type, .q = ent_q_from_i64(0)}};
    if (kind == ENT_AGG_SHARE && by_test) {
        c.text = "0%";
    } else if (kind == ENT_AGG_COUNT) {
        c.text = "0";
    }
    bool is_single = kind == ENT_AGG_AVERAGE || kind == ENT_AGG_MINIMUM || kind == ENT_AGG_MAXIMUM ||
                     kind == ENT_AGG_MEDIAN || kind == ENT_AGG_PERCENTILE;
    if ((c.text == NULL && !is_single) || o->target.type.kind == ENT_TYPE_ERROR || o->no_data != 0) {
        return;
    }
    c.met = c.text != NULL && ent_meets_target(o, c.figure);
    size_t n = never->second.n > 0 ? 2 : 1;
    ent_shown_rows rows = {{never->first, never->second}, n, never->title};
    (void)ent_show_rows(p, &c, &rows);
}

void ent_show_always(ent_prover *p, const ent_objective_decl *o, ent_diag *d, const ent_boxes *rows,
                     size_t n)
{
    ent_ladder_case c = {.diag = d,
                         .objective = o,
                         .figure = {.type = o->type, .q = ent_q_from_i64(1)},
                         .text = "100%"};
    ent_shown_rows shown = {.n = n, .title = "is 100% whatever the rows are"};
    if (o->target.type.kind == ENT_TYPE_ERROR) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        shown.of[i] = rows[i];
    }
    c.met = ent_meets_target(o, c.figure);
    (void)ent_show_rows(p, &c, &shown);
}

/* --- duties --- */

typedef struct telling {
    ent_prover *p;
    ent_boxer x;
    const ent_duty_decl *d;
    ent_diag *diag;
    const char *title, *rows, *expected;
} telling;

static int64_t start_of(const ent_duty_decl *d)
{
    return ent_first_common_day(d->agreement, d->agreement) * ENT_TIME_DAY_NS + ENT_TIME_DAY_NS / 2;
}

static void put(telling *t, int64_t at, const ent_box *box, const char *key)
{
    const char *row = ent_scenario_row(&t->x, box, t->d->feed, at, key);
    t->rows = t->rows == NULL || row == NULL ? NULL
                                             : ent_arena_printf(t->p->arena, "%s%s", t->rows, row);
}

static void tell(telling *t)
{
    const ent_duty_decl *d = t->d;
    const char *a = d->agreement->name;
    if (t->rows == NULL) {
        t->p->out_of_memory = true;
        return;
    }
    ent_diag_example(t->diag,
                     ent_arena_printf(t->p->arena,
                                      "scenario \"%s.%s %s\"\n"
                                      "  using %s\n"
                                      "  given %s \"\"\"\n"
                                      "    %s\n"
                                      "%s"
                                      "  \"\"\"\n"
                                      "  expect %s of %s.%s%s\n",
                                      a, d->name, t->title, a, d->feed->name,
                                      ent_row_names(&t->x, d->feed), t->rows, t->expected, a,
                                      d->name, t->expected[0] == 'n' ? "" : " for T1"));
}

void ent_show_never_happens(ent_prover *p, const ent_duty_decl *d, const ent_pattern_decl *pattern,
                            const ent_never *never)
{
    telling t = {.p = p,
                 .x = {p->m, p->arena},
                 .d = d,
                 .diag = never->diag,
                 .title = never->title,
                 .rows = ""};
    const ent_box *first = ent_boxes_exact(never->first);
    const ent_box *second = never->second.n > 0 ? ent_boxes_exact(never->second) : first;
    bool begins = pattern == d->trigger;
    const ent_pattern_decl *others[] = {begins ? d->trigger : d->discharge, d->void_when};
    if (!ent_is_plain(d) || first == NULL || second == NULL || never->where->feed != d->feed ||
        !ent_has_free_key(first, d->feed) || !ent_has_free_key(second, d->feed)) {
        return;
    }
    for (size_t i = 0; i < (begins ? 1u : 2u); i++) {
        if (ent_may_be(&t.x, others[i], d->feed, never->where, never->first) ||
            ent_may_be(&t.x, others[i], d->feed, never->where, never->second)) {
            return;
        }
    }
    int64_t start = start_of(d);
    const ent_box *begin = begins ? first : ent_beginning(&t.x, d, NULL);
    if (begin == NULL) {
        return;
    }
    put(&t, start, begin, "T1");
    if (!begins) {
        put(&t, start + ENT_TIME_MINUTE_NS, first, "T1");
    }
    if (second != first) {
        put(&t, start + 2 * ENT_TIME_MINUTE_NS, second, begins ? "T2" : "T1");
    }
    put(&t, ent_much_later(start), begin, "T3");
    t.expected = begins ? "no breach" : "breach";
    tell(&t);
}

void ent_show_never_excused(ent_prover *p, const ent_duty_decl *d, ent_diag *diag)
{
    telling t = {.p = p,
                 .x = {p->m, p->arena},
                 .d = d,
                 .diag = diag,
                 .title = "is not excused",
                 .rows = "",
                 .expected = "breach"};
    const ent_box *begin = ent_is_plain(d) ? ent_beginning(&t.x, d, NULL) : NULL;
    if (begin != NULL) {
        put(&t, start_of(d), begin, "T1");
        put(&t, ent_much_later(start_of(d)), begin, "T2");
        tell(&t);
    }
}

/* Discharged when the first branch's time is just up, or a second after it: which of the two the second
 * branch would have judged otherwise. */
void ent_show_branch(ent_prover *p, const ent_duty_decl *d, ent_diag *diag, const ent_node *chain)
{
    telling t = {.p = p, .x = {p->m, p->arena}, .d = d, .diag = diag, .rows = ""};
    const ent_node *inner = chain->kids[2];
    ent_value taken, other;
    if (!ent_is_plain(d) || !ent_eval(NULL, chain->kids[1], &taken) ||
        !ent_eval(NULL, inner->kids[1], &other) || taken.i == other.i || taken.i < ENT_TIME_MINUTE_NS ||
        taken.i > MONTH_NS || other.i > MONTH_NS) {
        return;
    }
    bool met = other.i < taken.i;
    const ent_box *begin = ent_beginning(&t.x, d, inner->kids[0]), *end = ent_discharging(&t.x, d);
    if (begin == NULL || end == NULL) {
        return;
    }
    t.title = ent_arena_printf(p->arena, "has %s for %s, not %s", ent_prove_duration(p, taken.i),
                               ent_box_text(&t.x, begin), ent_prove_duration(p, other.i));
    put(&t, start_of(d), begin, "T1");
    put(&t, start_of(d) + taken.i + (met ? 0 : ENT_TIME_SECOND_NS), end, "T1");
    put(&t, ent_much_later(start_of(d)), begin, "T2");
    t.expected = met ? "met" : "breach";
    tell(&t);
}
