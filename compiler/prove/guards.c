/* Guards: conditions that no row can fulfil, shares that are always 100%, branches that are never
 * reached. All by the sets of values of box.h; what those cannot decide is left alone. */
#include "compiler/check/check.h"
#include "compiler/prove/box.h"
#include "compiler/prove/internal.h"

enum { PARTS_MAX = 32, DEPTH_MAX = 200 };

typedef struct parts { /* conditions that must all hold */
    const ent_node *v[PARTS_MAX];
    size_t n;
} parts;

static void flatten(parts *p, const ent_node *n)
{
    if (n == NULL || p->n == PARTS_MAX) {
        return;
    }
    if (n->kind == ENT_NODE_BINARY && n->op == ENT_OP_AND) {
        flatten(p, n->kids[0]);
        flatten(p, n->kids[1]);
    } else {
        p->v[p->n++] = n;
    }
}

static void flatten_all(parts *p, ent_node *const *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        flatten(p, v[i]);
    }
}

static ent_boxes begin(const ent_boxer *x, const ent_feed_decl *feed, int32_t member)
{
    ent_boxes all = ent_boxes_all(x);
    return member < 0 || feed->event == NULL ? all : ent_boxes_member(x, all, feed->event, member);
}

static const char *words(const ent_prover *p, const ent_node *n)
{
    return ent_check_words(p->arena, p->sources, n->span);
}

/* A box that is certain and says something, rather one in which nothing is absent; or NULL. */
static const ent_box *telling(ent_boxes boxes)
{
    const ent_box *found = ent_boxes_exact(boxes);
    return found != NULL && found->n > 0 ? found : NULL;
}

/* A row for each of two conditions that no row fulfils together. */
static void note_both(ent_prover *p, ent_diag *d, ent_boxes start, const ent_node *a,
                      const ent_node *b)
{
    ent_boxer x = {p->m, p->arena};
    const ent_box *first = telling(ent_boxes_where(&x, start, a, true));
    const ent_box *second = telling(ent_boxes_where(&x, start, b, true));
    if (first != NULL && second != NULL) {
        ent_diag_note(d, "`%s` takes a row with %s", words(p, a), ent_box_text(&x, first));
        ent_diag_note(d, "`%s` takes a row with %s", words(p, b), ent_box_text(&x, second));
    }
}

/* The earlier part that alone rules out part k, or NULL. */
static const ent_node *opponent(const ent_boxer *x, ent_boxes start, const parts *p, size_t k)
{
    for (size_t i = 0; i < k; i++) {
        ent_boxes b = ent_boxes_where(x, start, p->v[i], true);
        if (ent_boxes_where(x, b, p->v[k], true).n == 0) {
            return p->v[i];
        }
    }
    return NULL;
}

/* Rows that fulfil all parts but one. */
static ent_boxes but_for(const ent_boxer *x, ent_boxes start, const parts *p, const ent_node *one)
{
    for (size_t i = 0; i < p->n; i++) {
        start = p->v[i] == one ? ent_boxes_where(x, start, one, false)
                               : ent_boxes_where(x, start, p->v[i], true);
    }
    return start;
}

/* What the rows are called in a scenario; `a` may be NULL. */
static const char *title(const ent_prover *p, const ent_node *a, const ent_node *b)
{
    const char *text =
        a == NULL ? ent_arena_printf(p->arena, "has no row with `%s`", words(p, b))
                  : ent_arena_printf(p->arena, "has rows with `%s` and with `%s`, but none with both",
                                     words(p, a), words(p, b));
    for (const char *c = text; c != NULL && *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') { /* the title is a text itself */
            return a == NULL ? "has no such row" : "has rows with each of two, but none with both";
        }
    }
    return text == NULL ? "" : text;
}

/* True if a row of the feed may fulfil all parts; otherwise it is reported, once, and `never` has
 * rows that show it. */
static bool may_hold(ent_prover *p, const ent_feed_decl *feed, int32_t member, const parts *all,
                     const char *effect, ent_never *never)
{
    ent_boxer x = {p->m, p->arena};
    ent_boxes start = begin(&x, feed, member), boxes = start;
    for (size_t i = 0; i < all->n; i++) {
        boxes = ent_boxes_where(&x, boxes, all->v[i], true);
        p->out_of_memory = p->out_of_memory || boxes.failed;
        if (boxes.n > 0 || boxes.failed) {
            continue;
        }
        const ent_node *other = opponent(&x, start, all, i);
        ent_diag *d = ent_prove_report(p, ENT_DIAG_W0411, all->v[i]->span,
                                       "no row of `%s` fulfils this condition", feed->name);
        if (d == NULL) {
            return false;
        }
        if (other != NULL) {
            ent_diag_primary_label(d, "never true together with");
            ent_diag_label(d, other->span, "this");
            note_both(p, d, start, other, all->v[i]);
        } else {
            ent_diag_primary_label(d,
                                   i == 0 ? "never true" : "never true with what stands before it");
        }
        ent_diag_note(d, "%s", effect);
        *never = (ent_never){.diag = d,
                             .first = but_for(&x, start, all, all->v[i]),
                             .title = title(p, other, all->v[i])};
        if (other != NULL) {
            never->second = but_for(&x, start, all, other);
        }
        return false;
    }
    return true;
}

/* --- patterns and measures --- */

/* `d` is the duty whose pattern it is, or NULL. */
static void check_pattern(ent_prover *p, const ent_duty_decl *d, const ent_pattern_decl *pattern,
                          const char *effect)
{
    for (size_t i = 0; pattern != NULL && i < pattern->n_alts; i++) {
        const ent_alt_decl *a = &pattern->alts[i];
        parts all = {.n = 0};
        ent_never never = {.diag = NULL};
        flatten_all(&all, a->where, a->n_where);
        (void)may_hold(p, a->feed, a->member, &all, effect, &never);
        never.where = a;
        if (never.diag != NULL && d != NULL) {
            ent_show_never_happens(p, d, pattern, &never);
        }
    }
}

static bool is_absent_only(const ent_box *box, const ent_field_decl *f)
{
    for (size_t i = 0; i < box->n; i++) {
        if (box->sets[i].of == f) {
            return !box->sets[i].present;
        }
    }
    return false;
}

/* A row for each alternative of the test, if it has two. */
static void show_always(ent_prover *p, const ent_objective_decl *o, ent_diag *d, ent_boxes rows,
                        const ent_node *test)
{
    ent_boxer x = {p->m, p->arena};
    bool either = test->kind == ENT_NODE_BINARY && test->op == ENT_OP_OR;
    ent_boxes shown[] = {ent_boxes_where(&x, rows, either ? test->kids[0] : test, true), {0}};
    if (either) {
        shown[1] = ent_boxes_where(&x, rows, test->kids[1], true);
        ent_diag_note(d, "of these rows the first fulfils `%s`, the second `%s`",
                      words(p, test->kids[0]), words(p, test->kids[1]));
    }
    ent_show_always(p, o, d, shown, either ? 2 : 1);
}

/* A row in which a field that the test reads is absent is skipped, so it is no counterexample. */
static void check_always(ent_prover *p, const ent_objective_decl *o, const ent_fold_decl *f,
                         const parts *selected)
{
    ent_boxer x = {p->m, p->arena};
    ent_boxes boxes = begin(&x, f->feed, f->member);
    for (size_t i = 0; i < selected->n; i++) {
        boxes = ent_boxes_where(&x, boxes, selected->v[i], true);
    }
    ent_boxes rows = boxes;
    boxes = ent_boxes_where(&x, boxes, f->test, false);
    for (size_t i = 0; i < boxes.n; i++) {
        bool skipped = false;
        for (size_t k = 0; k < f->n_absents; k++) {
            skipped = skipped || is_absent_only(&boxes.v[i], f->absents[k]);
        }
        if (!skipped) {
            return;
        }
    }
    ent_diag *d = ent_prove_report(p, ENT_DIAG_W0412, f->test->span,
                                   "every row of `%s` fulfils this condition", f->feed->name);
    if (d != NULL) {
        ent_diag_primary_label(d, "the share is always 100%%");
        show_always(p, o, d, rows, f->test);
    }
}

static void check_fold(ent_prover *p, const ent_objective_decl *o, const ent_fold_decl *f)
{
    parts selected = {.n = 0};
    ent_never never = {.diag = NULL};
    if (f->feed == NULL) {
        return;
    }
    flatten_all(&selected, f->keyed, f->n_keyed);
    flatten_all(&selected, f->select, f->n_select);
    parts all = selected;
    flatten(&all, f->test);
    if (may_hold(p, f->feed, f->member, &all, "so nothing is ever counted", &never) &&
        f->test != NULL) {
        check_always(p, o, f, &selected);
    }
    if (never.diag != NULL && o->n_folds == 1) {
        ent_show_never_counted(p, o, f->test != NULL && selected.n == f->n_keyed, &never);
    }
}

static void check_excuse(ent_prover *p, const ent_duty_decl *d)
{
    bool begins = false;
    for (size_t i = 0; d->excused_when != NULL && i < d->trigger->n_alts; i++) {
        const ent_alt_decl *a = &d->trigger->alts[i];
        ent_boxer x = {p->m, p->arena};
        ent_boxes boxes = begin(&x, a->feed, a->member);
        for (size_t k = 0; k < a->n_where; k++) {
            boxes = ent_boxes_where(&x, boxes, a->where[k], true);
        }
        begins = begins || boxes.n > 0;
        if (ent_boxes_where(&x, boxes, d->excused_when, true).n > 0) {
            return;
        }
    }
    if (d->excused_when != NULL && begins) {
        ent_diag *g = ent_prove_report(p, ENT_DIAG_W0411, d->excused_when->span,
                                       "no row that begins `%s` fulfils this condition", d->name);
        if (g != NULL) {
            ent_diag_primary_label(g, "so nothing is ever excused");
            ent_diag_label(g, d->trigger->span, "the row that begins it");
            ent_show_never_excused(p, d, g);
        }
    }
}

/* --- branches --- */

typedef struct walk {
    ent_prover *p;
    ent_boxer x;
    const ent_duty_decl *duty; /* whose only allowance `root` is; or NULL */
    const ent_node *root;
    unsigned depth;
} walk;

static void visit(walk *w, const ent_node *n, ent_boxes in, const ent_node *outer);

/* A value that would lead to the branch, and why it does not come so far. */
static void note_taken(walk *w, ent_diag *d, const ent_node *condition, bool holds,
                       const ent_node *outer)
{
    ent_boxes here = ent_boxes_where(&w->x, ent_boxes_all(&w->x), condition, holds);
    ent_boxes taken = ent_boxes_where(&w->x, here, outer, true);
    ent_boxes left = ent_boxes_where(&w->x, here, outer, false);
    const ent_box *box = telling(left.n == 0 ? taken : left);
    if (box != NULL && (left.n == 0 || taken.n == 0)) {
        ent_diag_note(d, left.n == 0 ? "%s goes where `%s` holds" : "%s goes where `%s` does not hold",
                      ent_box_text(&w->x, box), words(w->p, outer));
    }
}

static void report_branch(walk *w, const ent_node *branch, const ent_node *condition, bool holds,
                          const ent_node *outer)
{
    ent_diag *d =
        ent_prove_report(w->p, ENT_DIAG_W0402, branch->span, "this branch can never be reached");
    if (d == NULL) {
        return;
    }
    ent_diag_primary_label(d, "no value leads here");
    ent_diag_label(d, condition->span, holds ? "this never holds here" : "this always holds here");
    if (outer != NULL) {
        ent_diag_label(d, outer->span, "because this was asked before");
        note_taken(w, d, condition, holds, outer);
        if (holds) {
            ent_diag_help(d, "ask for the narrower condition first");
        }
    }
    bool second = w->duty != NULL && w->root->kind == ENT_NODE_IF && holds &&
                  w->root->kids[2]->kind == ENT_NODE_IF && w->root->kids[2]->kids[1] == branch;
    if (second) {
        ent_show_branch(w->p, w->duty, d, w->root);
    }
}

static void visit_if(walk *w, const ent_node *n, ent_boxes in, const ent_node *outer)
{
    ent_boxes yes = ent_boxes_where(&w->x, in, n->kids[0], true);
    ent_boxes no = ent_boxes_where(&w->x, in, n->kids[0], false);
    visit(w, n->kids[0], in, outer);
    if (in.n > 0 && yes.n == 0 && !yes.failed) {
        report_branch(w, n->kids[1], n->kids[0], true, outer);
    } else if (in.n > 0 && no.n == 0 && !no.failed) {
        report_branch(w, n->kids[2], n->kids[0], false, outer);
    }
    visit(w, n->kids[1], yes, n->kids[0]);
    visit(w, n->kids[2], no, n->kids[0]);
}

/* The pattern before `to` that takes the same value, in this arm or an earlier one; NULL: none alone. */
static const ent_node *rival(walk *w, const ent_node *n, const ent_node *to)
{
    ent_boxes mine = ent_boxes_equal(&w->x, ent_boxes_all(&w->x), n->kids[0], to, true);
    for (uint32_t i = 1; i < n->n_kids; i++) {
        const ent_node *patterns = n->kids[i]->kids[0];
        for (uint32_t k = 0; patterns != NULL && k < patterns->n_kids; k++) {
            const ent_node *other = patterns->kids[k];
            if (other == to) {
                return NULL;
            }
            if (ent_boxes_equal(&w->x, mine, n->kids[0], other, false).n == 0) {
                return other;
            }
        }
    }
    return NULL;
}

static void visit_match(walk *w, const ent_node *n, ent_boxes in)
{
    const ent_node *subject = n->kids[0];
    if (subject->type.kind == ENT_TYPE_ENUM) {
        return; /* the checker counts the members */
    }
    for (uint32_t i = 1; i < n->n_kids; i++) {
        const ent_node *patterns = n->kids[i]->kids[0];
        for (uint32_t k = 0; patterns != NULL && k < patterns->n_kids; k++) {
            const ent_node *pattern = patterns->kids[k];
            if (in.n > 0 && ent_boxes_equal(&w->x, in, subject, pattern, true).n == 0) {
                ent_diag *d = ent_prove_report(w->p, ENT_DIAG_W0402, pattern->span,
                                               "this pattern is never reached");
                const ent_node *other = d == NULL ? NULL : rival(w, n, pattern);
                if (other != NULL) {
                    ent_diag_primary_label(d, "taken before");
                    ent_diag_label(d, other->span, "`%s` goes here", words(w->p, pattern));
                } else if (d != NULL) {
                    ent_diag_primary_label(d, "no such value comes here");
                }
            }
            in = ent_boxes_equal(&w->x, in, subject, pattern, false);
        }
    }
}

static void visit(walk *w, const ent_node *n, ent_boxes in, const ent_node *outer)
{
    if (n == NULL || w->depth >= DEPTH_MAX || in.failed) {
        w->p->out_of_memory = w->p->out_of_memory || in.failed;
        return;
    }
    w->depth++;
    if (n->kind == ENT_NODE_IF) {
        visit_if(w, n, in, outer);
    } else {
        if (n->kind == ENT_NODE_MATCH) {
            visit_match(w, n, in);
        }
        for (uint32_t i = 0; i < n->n_kids; i++) {
            visit(w, n->kids[i], in, outer);
        }
    }
    w->depth--;
}

static void check_branches(ent_prover *p, const ent_node *n)
{
    walk w = {.p = p, .x = {p->m, p->arena}};
    if (n != NULL) {
        visit(&w, n, ent_boxes_all(&w.x), NULL);
    }
}

static void check_allowance(ent_prover *p, const ent_duty_decl *d, const ent_allow_decl *allow)
{
    walk w = {.p = p, .x = {p->m, p->arena}, .root = allow->expr};
    w.duty = d->n_allows == 1 && allow->use == NULL ? d : NULL;
    if (allow->expr != NULL) {
        visit(&w, allow->expr, ent_boxes_all(&w.x), NULL);
    }
}

/* --- the whole model --- */

static void check_duty(ent_prover *p, const ent_duty_decl *d)
{
    check_pattern(p, d, d->trigger, "so no clock ever starts by it");
    check_pattern(p, d, d->discharge, "so it never discharges the duty");
    check_pattern(p, d, d->void_when, "so it never cancels a clock");
    check_pattern(p, NULL, d->undo, "so it never undoes a discharge");
    check_pattern(p, NULL, d->until, "so it never ends the clock");
    check_pattern(p, NULL, d->counting, "so no clock ever counts from it");
    check_excuse(p, d);
    check_branches(p, d->excused_when);
    for (size_t i = 0; i < d->n_allows; i++) {
        check_allowance(p, d, &d->allows[i]);
    }
    if (d->credit != NULL) {
        check_branches(p, d->credit->expr);
    }
}

static void check_objective(ent_prover *p, const ent_objective_decl *o)
{
    for (size_t i = 0; i < o->n_folds; i++) {
        check_fold(p, o, o->folds[i]);
        check_branches(p, o->folds[i]->test);
    }
    check_branches(p, o->expr);
    for (size_t i = 0; i < o->n_steps; i++) {
        if (o->steps[i].amount != NULL) {
            check_branches(p, o->steps[i].amount->expr);
        }
    }
}

void ent_prove_guards(ent_prover *p)
{
    const ent_model *m = p->m;
    for (size_t i = 0; i < m->n_spans; i++) {
        check_pattern(p, NULL, m->spans[i]->from, "so no interval ever begins by it");
        check_pattern(p, NULL, m->spans[i]->to, "so no interval ever ends by it");
    }
    for (size_t i = 0; i < m->n_fns; i++) {
        check_branches(p, m->fns[i]->body);
    }
    for (size_t i = 0; i < m->n_binds; i++) {
        for (size_t k = 0; k < m->binds[i]->n_bindings; k++) {
            check_branches(p, m->binds[i]->bindings[k].expr);
        }
    }
    for (size_t i = 0; i < m->n_duties; i++) {
        check_duty(p, m->duties[i]);
    }
    for (size_t i = 0; i < m->n_objectives; i++) {
        check_objective(p, m->objectives[i]);
    }
}
