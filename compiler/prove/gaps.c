/* What a match or the allowances of a duty leave out, as facts with such a value.
 *
 * The checker finds the value (E0312, E0407); here a row is looked for that has it and comes to the
 * match: the row that begins a duty, or one that an objective counts.  The scenario says what is
 * decided once the author has mended it in the way that is said: a duty whose row is never heard of
 * again is breached whatever is allowed for it; a share whose one row fails is 0%.  Tested by
 * tests/property/ladders.py, which mends and runs what is shown. */
#include "compiler/check/check.h"
#include "compiler/prove/counterexample.h"
#include "compiler/prove/internal.h"
#include "runtime/time/arith.h"
#include "runtime/time/civil.h"

enum { DEPTH_MAX = 100 };

typedef struct seeker {
    ent_prover *p;
    ent_boxer x;
    const ent_match_gap *gap;
    unsigned depth;
} seeker;

/* --- rows that come to the match with the value --- */

/* One match may be checked several times, for versions of an agreement. */
static bool is_it(const seeker *s, const ent_node *n)
{
    const ent_node *match = s->gap->match;
    return match != NULL && n->kind == ENT_NODE_MATCH && n->span.file == match->span.file &&
           n->span.start == match->span.start;
}

static ent_boxes reach(seeker *s, const ent_node *n, ent_boxes in);

static ent_boxes reach_if(seeker *s, const ent_node *n, ent_boxes in)
{
    ent_boxes yes = ent_boxes_where(&s->x, in, n->kids[0], true);
    ent_boxes no = ent_boxes_where(&s->x, in, n->kids[0], false);
    ent_boxes found = reach(s, n->kids[0], in);
    found = ent_boxes_united(&s->x, found, reach(s, n->kids[1], yes));
    return ent_boxes_united(&s->x, found, reach(s, n->kids[2], no));
}

static ent_boxes reach_call(seeker *s, const ent_node *n, ent_boxes in)
{
    const ent_fn_decl *fn = n->decl;
    ent_boxes inner = reach(s, fn->body, ent_boxes_all(&s->x));
    return inner.n == 0 ? inner : ent_boxes_of_arguments(&s->x, in, n, inner);
}

static ent_boxes reach(seeker *s, const ent_node *n, ent_boxes in)
{
    ent_boxes found = {.failed = in.failed};
    if (n == NULL || in.n == 0 || s->depth >= DEPTH_MAX) {
        return found;
    }
    if (is_it(s, n)) {
        return ent_boxes_value(&s->x, in, n->kids[0], s->gap->value);
    }
    s->depth++;
    if (n->kind == ENT_NODE_IF) {
        found = reach_if(s, n, in);
    } else if (n->kind == ENT_NODE_CALL && n->decl_kind == ENT_DECL_FN) {
        found = reach_call(s, n, in);
    }
    for (uint32_t i = 0; i < n->n_kids && n->kind != ENT_NODE_IF; i++) {
        found = ent_boxes_united(&s->x, found, reach(s, n->kids[i], in));
    }
    s->depth--;
    return found;
}

/* --- conditions of which the match is a part --- */

static ent_boxes fulfil(seeker *s, ent_boxes in, const ent_node *n, bool *asked)
{
    if (n->kind == ENT_NODE_BINARY && n->op == ENT_OP_AND) {
        return fulfil(s, fulfil(s, in, n->kids[0], asked), n->kids[1], asked);
    }
    if (is_it(s, n)) {
        *asked = true;
        return ent_boxes_value(&s->x, in, n->kids[0], s->gap->value);
    }
    return ent_boxes_where(&s->x, in, n, true);
}

ent_boxes ent_gap_rows(ent_prover *p, ent_boxes in, const ent_node *condition,
                       const ent_match_gap *gap, bool *asked)
{
    seeker s = {.p = p, .x = {p->m, p->arena}, .gap = gap};
    return fulfil(&s, in, condition, asked);
}

/* --- duties --- */

/* Rows by which the alternative begins the duty, those of the gap only where its condition asks. */
static ent_boxes beginnings(seeker *s, const ent_alt_decl *a, bool *asked)
{
    ent_boxes boxes = ent_boxes_all(&s->x);
    if (a->member >= 0) {
        boxes = ent_boxes_member(&s->x, boxes, a->feed->event, a->member);
    }
    for (size_t k = 0; k < a->n_where; k++) {
        boxes = fulfil(s, boxes, a->where[k], asked);
    }
    return boxes;
}

static ent_boxes left_out(seeker *s, const ent_duty_decl *d, ent_boxes rows)
{
    ent_boxes found = {.failed = rows.failed};
    if (s->gap->match == NULL) {
        return ent_boxes_field(&s->x, rows, d->allow_field, s->gap->value);
    }
    for (size_t i = 0; i < d->n_allows && d->allow_field == NULL; i++) {
        found = ent_boxes_united(&s->x, found, reach(s, d->allows[i].expr, rows));
    }
    return found;
}

static bool report(seeker *s, const ent_duty_decl *d, ent_boxes boxes, const char *mend)
{
    const ent_box *box = ent_boxes_exact(boxes);
    const ent_agreement_decl *a = d->agreement;
    int64_t start = ent_first_common_day(a, a) * ENT_TIME_DAY_NS + ENT_TIME_DAY_NS / 2;
    const char *rows = box == NULL ? NULL : ent_overdue_rows(&s->x, box, d->feed, start);
    if (rows == NULL) {
        return false;
    }
    ent_diag_note(s->gap->diag, "this scenario passes %s", mend);
    ent_diag_example(s->gap->diag,
                     ent_arena_printf(s->p->arena,
                                      "scenario \"%s.%s begins with %s\"\n"
                                      "  using %s\n"
                                      "  given %s \"\"\"\n"
                                      "%s"
                                      "  \"\"\"\n"
                                      "  expect breach of %s.%s for T1\n",
                                      a->name, d->name, ent_box_text(&s->x, box), a->name,
                                      d->feed->name, rows, a->name, d->name));
    return true;
}

static bool show_in_duty(seeker *s, const ent_duty_decl *d)
{
    bool mine = s->gap->match != NULL || s->gap->duty == d, shown = false;
    if (!mine || d->trigger == NULL || d->discharge == NULL || d->counting != NULL ||
        d->n_excused > 0 || d->agreement->is_framework) {
        return false;
    }
    for (size_t i = 0; i < d->trigger->n_alts && !shown; i++) {
        bool asked = false, excuses = false;
        ent_boxes rows = beginnings(s, &d->trigger->alts[i], &asked);
        ent_boxes excused = rows;
        if (d->excused_when != NULL) {
            excused = fulfil(s, rows, d->excused_when, &excuses);
            rows = ent_boxes_where(&s->x, rows, d->excused_when, false);
        }
        shown = asked     ? report(s, d, rows, "once the match gives `true` for it")
                : excuses ? report(s, d, excused, "once the match gives `false` for it")
                        : report(s, d, left_out(s, d, rows), "once something is allowed for it");
    }
    return shown;
}

/* --- objectives --- */

static bool asks(seeker *s, const ent_node *condition)
{
    bool asked = false;
    if (condition != NULL) {
        (void)fulfil(s, ent_boxes_all(&s->x), condition, &asked);
    }
    return asked;
}

static bool show_in_objective(seeker *s, const ent_objective_decl *o)
{
    const ent_fold_decl *f = o->n_folds == 1 ? o->folds[0] : NULL;
    bool selects = false;
    for (size_t i = 0; f != NULL && i < f->n_select; i++) {
        selects = selects || asks(s, f->select[i]);
    }
    ent_ladder_case c = {.diag = s->gap->diag, .objective = o, .stands = false};
    if (f != NULL && f->kind == ENT_AGG_SHARE && asks(s, f->test)) {
        c.figure = (ent_value){.type = o->type, .q = ent_q_from_i64(0)};
        c.text = "0%";
        c.once = "once the match gives `false` for it";
    } else if (f != NULL && f->kind == ENT_AGG_COUNT && selects) {
        c.figure = (ent_value){.type = o->type, .i = 1, .q = ent_q_from_i64(1)};
        c.text = "1";
        c.once = "once the match gives `true` for it";
    } else {
        return false;
    }
    c.met = ent_meets_target(o, c.figure);
    return ent_show_figure(s->p, &c, s->gap);
}

void ent_prove_gaps(ent_prover *p)
{
    const ent_model *m = p->m;
    for (size_t i = 0; i < m->n_match_gaps; i++) {
        seeker s = {.p = p, .x = {m, p->arena}, .gap = &m->match_gaps[i]};
        bool shown = false;
        for (size_t k = 0; k < m->n_duties && !shown; k++) {
            shown = show_in_duty(&s, m->duties[k]);
        }
        for (size_t k = 0; k < m->n_objectives && !shown && s.gap->match != NULL; k++) {
            shown = show_in_objective(&s, m->objectives[k]);
        }
    }
}
