/* Why a rule does not hold: the element that breaks it, and the figures that decided.
 *
 * The rule is walked from the top along what made it false: into the part of `and` that is false,
 * past `not` with the sign turned, into an `all` with its first element that fails.  Values come
 * from the same kernels, run with the one lane in hand, so an explanation cannot differ from the
 * verdict. */
#include <stdio.h>
#include <string.h>

#include "compiler/check/check.h"
#include "compiler/prove/rules.h"
#include "runtime/time/civil.h"

enum { SHOWN_MAX = 3, NOTES_MAX = 4, TEXT_MAX = 200 };

typedef struct story {
    ent_rule_run *run;
    ent_diag *d;
    unsigned notes;
    bool has_witness;
} story;

static void explain(story *s, const ent_rule_scope *scope, const int32_t *bound, const ent_node *n,
                    bool value);

static const char *words(const story *s, ent_span span)
{
    const char *text = ent_check_words(s->run->arena, s->run->m->sources, span);
    if (strlen(text) <= TEXT_MAX) {
        return text;
    }
    size_t end = TEXT_MAX;
    while (end > 0 && text[end] != ' ') {
        end--;
    }
    const char *cut = ent_arena_printf(s->run->arena, "%.*s …", (int)end, text);
    return cut == NULL ? "" : cut;
}

static bool run_lane(story *s, const ent_rule_scope *scope, const int32_t *bound)
{
    ent_rule_frame *frame = ent_rule_frame_of(s->run, scope);
    memcpy(frame->bound, bound, scope->depth * sizeof *bound);
    return ent_rule_eval(s->run, scope, 1);
}

/* The output of the scope's kernel for the node, in the lane in hand; NULL: not shown. */
static const ent_vector *shown(story *s, const ent_rule_scope *scope, const int32_t *bound,
                               const ent_node *n)
{
    for (size_t i = 0; i < scope->n_shown; i++) {
        if (scope->shown[i].node == n && run_lane(s, scope, bound)) {
            return &ent_rule_frame_of(s->run, scope)->outputs[scope->shown[i].output];
        }
    }
    return NULL;
}

static bool lane_is_absent(const ent_vector *c)
{
    return c->absent != NULL && c->absent[0] != 0;
}

static bool lane_is_true(const ent_vector *c)
{
    return !lane_is_absent(c) && ((const uint8_t *)c->data)[0] != 0;
}

/* 1, 0, or -1 where it is not known. */
static int truth(story *s, const ent_rule_scope *scope, const int32_t *bound, const ent_node *n)
{
    const ent_vector *c = shown(s, scope, bound, n);
    return c == NULL ? -1 : lane_is_true(c);
}

/* --- values --- */

static const char *value_text(const story *s, const ent_vector *c, ent_type type)
{
    char buf[ENT_MONEY_TEXT_SIZE + ENT_Q_TEXT_SIZE];
    int64_t i = c->cls == ENT_CLASS_I ? ((const int64_t *)c->data)[0] : 0;
    const ent_model *m = s->run->m;
    ent_q q = c->cls == ENT_CLASS_Q ? ((const ent_q *)c->data)[0] : ent_q_from_i64(i);
    if (lane_is_absent(c)) {
        return "absent";
    }
    switch (type.kind) {
    case ENT_TYPE_PARTY:
        return ent_arena_printf(s->run->arena, "`%s`", m->parties[i]->name);
    case ENT_TYPE_SERVICE:
        return ent_arena_printf(s->run->arena, "`%s`", m->services[i]->name);
    case ENT_TYPE_AGREEMENT:
        return ent_arena_printf(s->run->arena, "`%s`", m->agreements[i]->name);
    case ENT_TYPE_TEXT:
        return ent_arena_printf(s->run->arena, "\"%s\"", ent_strings_get(s->run->strings, i, NULL));
    case ENT_TYPE_INT:
        return ent_arena_printf(s->run->arena, "%lld", (long long)i);
    case ENT_TYPE_DURATION:
        (void)ent_format_seconds(i, buf, sizeof buf);
        return ent_arena_printf(s->run->arena, "%s s", buf);
    case ENT_TYPE_RATIO:
        return ent_q_mul(q, ent_q_from_i64(100), &q) &&
                       ent_q_format_rounded(q, 4, true, buf, sizeof buf) > 0
                   ? ent_arena_printf(s->run->arena, "%s%%", buf)
                   : NULL;
    case ENT_TYPE_MONEY:
        return ent_q_format_rounded(q, 2, false, buf, sizeof buf) > 0
                   ? ent_arena_printf(s->run->arena, "%s %s", type.currency, buf)
                   : NULL;
    default:
        return NULL;
    }
}

/* The elements that a count or an `any` took in: at most a few are pointed at. */
static void show_counted(story *s, const ent_rule_scope *inner, const int32_t *bound)
{
    int32_t with[ENT_VARS_MAX + 1];
    ent_elements elements = ent_rule_elements(s->run, inner);
    unsigned labels = 0;
    memcpy(with, bound, (inner->depth - 1) * sizeof *with);
    for (size_t i = 0; i < elements.n && labels < SHOWN_MAX; i++) {
        with[inner->depth - 1] = (int32_t)i;
        if (!run_lane(s, inner, with)) {
            return;
        }
        const ent_rule_frame *frame = ent_rule_frame_of(s->run, inner);
        if (inner->guard < 0 || lane_is_true(&frame->outputs[inner->guard])) {
            ent_diag_label(s->d, elements.v[i].span, "counted");
            labels++;
        }
    }
}

static const ent_rule_scope *scope_of(const ent_rule_scope *outer, const ent_node *quantifier)
{
    for (size_t i = 0; i < outer->n_columns; i++) {
        if (outer->columns[i].node == quantifier) {
            return outer->columns[i].inner;
        }
    }
    return NULL;
}

static bool says_little(const ent_node *n)
{
    return n->kind == ENT_NODE_LITERAL || n->kind == ENT_NODE_COERCE ||
           n->decl_kind == ENT_DECL_PARTY || n->decl_kind == ENT_DECL_SERVICE ||
           n->decl_kind == ENT_DECL_VARIABLE;
}

static void explain_comparison(story *s, const ent_rule_scope *scope, const int32_t *bound,
                               const ent_node *n)
{
    for (uint32_t i = 0; i < 2; i++) {
        const ent_node *side = n->kids[i];
        const ent_node *in = side->kind == ENT_NODE_COERCE ? side->kids[0] : side;
        if (says_little(in) || s->notes >= NOTES_MAX) {
            continue;
        }
        const ent_vector *c = shown(s, scope, bound, side);
        const char *text = c == NULL ? NULL : value_text(s, c, side->type);
        if (text == NULL) {
            continue;
        }
        ent_diag_note(s->d, "`%s` is %s", words(s, in->span), text);
        s->notes++;
        const ent_rule_scope *inner = scope_of(scope, in);
        if (inner != NULL && in->op == ENT_QUANT_COUNT) {
            show_counted(s, inner, bound);
        }
    }
}

/* --- quantifiers --- */

/* The first element for which the scope's output is `value`, bound at the end of `with`; counts the
 * rest. */
static const ent_element *find_element(story *s, const ent_rule_scope *inner, int64_t output,
                                       bool value, int32_t *with, size_t *more)
{
    ent_elements elements = ent_rule_elements(s->run, inner);
    size_t found = elements.n;
    *more = 0;
    for (size_t i = 0; i < elements.n; i++) {
        with[inner->depth - 1] = (int32_t)i;
        if (!run_lane(s, inner, with)) {
            return NULL;
        }
        const ent_vector *c = &ent_rule_frame_of(s->run, inner)->outputs[output];
        if (lane_is_true(c) != value) {
            continue;
        }
        *more += found < elements.n;
        found = found < elements.n ? found : i;
    }
    if (found == elements.n) {
        return NULL;
    }
    with[inner->depth - 1] = (int32_t)found;
    return &elements.v[found];
}

static void explain_quantifier(story *s, const ent_rule_scope *scope, const int32_t *bound,
                               const ent_node *n, bool value)
{
    const ent_rule_scope *inner = scope_of(scope, n);
    int32_t with[ENT_VARS_MAX + 1];
    bool all = n->op == ENT_QUANT_ALL;
    if (inner == NULL || (!all && n->op != ENT_QUANT_ANY)) {
        return;
    }
    if (all == value) { /* `all` holds, or `any` does not: no one element is the reason */
        size_t of = ent_rule_elements(s->run, inner).n;
        if (!value && s->notes < NOTES_MAX) {
            const char *name = n->kids[0]->name;
            ent_span fits = n->n_kids > 1 && n->kids[1] != NULL ? n->kids[1]->span : n->span;
            if (of == 0)
                ent_diag_note(s->d, "there are no `%s`", name);
            else
                ent_diag_note(s->d, "nothing in `%s` fits `%s`", name, words(s, fits));
            s->notes++;
        }
        return;
    }
    size_t more = 0;
    memcpy(with, bound, (inner->depth - 1) * sizeof *with);
    int64_t output = all ? inner->result : inner->guard;
    const ent_element *e = output < 0 ? NULL : find_element(s, inner, output, !all, with, &more);
    if (e == NULL) {
        return;
    }
    const char *name = ent_element_text(s->run->arena, e);
    if (!s->has_witness) {
        ent_diag_primary_label(s->d,
                               more == 0   ? "%s breaks it"
                               : more == 1 ? "%s and one more break it"
                                           : "%s and %zu more break it",
                               name, more);
    }
    s->has_witness = true;
    ent_diag_label(s->d, e->span, "here `%s` is %s", n->name, name);
    explain(s, inner, with, n->kids[all ? 2 : 1], !all);
}

static void explain_join(story *s, const ent_rule_scope *scope, const int32_t *bound,
                         const ent_node *n, bool value)
{
    bool one_is_enough =
        (n->op == ENT_OP_AND) != value; /* a false part of `and`, a true one of `or` */
    for (uint32_t i = 0; i < 2; i++) {
        if (truth(s, scope, bound, n->kids[i]) == (int)value) {
            explain(s, scope, bound, n->kids[i], value);
            if (one_is_enough) {
                return;
            }
        }
    }
}

static void explain(story *s, const ent_rule_scope *scope, const int32_t *bound, const ent_node *n,
                    bool value)
{
    if (n->kind == ENT_NODE_QUANTIFIER) {
        explain_quantifier(s, scope, bound, n, value);
    } else if (n->kind == ENT_NODE_UNARY && n->op == ENT_OP_NOT) {
        explain(s, scope, bound, n->kids[0], !value);
    } else if (n->kind == ENT_NODE_BINARY && n->op <= ENT_OP_AND) {
        explain_join(s, scope, bound, n, value);
    } else if (n->kind == ENT_NODE_BINARY && n->op >= ENT_OP_EQ && n->op <= ENT_OP_GE) {
        explain_comparison(s, scope, bound, n);
    }
}

/* --- the report --- */

static void note_day(story *s, int64_t day)
{
    char date[ENT_CIVIL_TEXT_MAX];
    if (day == INT64_MIN) {
        return;
    }
    (void)ent_civil_format_date(date, sizeof date, day);
    for (size_t i = 0; i < s->run->m->n_agreements; i++) {
        const ent_agreement_decl *a = s->run->m->agreements[i];
        if (a->before != NULL && a->from_day == day) {
            ent_diag_label(s->d, a->node->name_span,
                           "it held until this amendment took effect on %s", date);
        }
    }
}

void ent_rule_report(ent_rule_run *run, const ent_require_decl *rule, const ent_rule_scope *root,
                     int64_t day)
{
    static const int32_t nothing_bound[1];
    ent_diag *d = ent_diag_add(run->diags, ENT_DIAG_E0450, rule->span,
                               rule->title == NULL ? "rule `%s` does not hold"
                                                   : "rule `%s` does not hold: %s",
                               rule->name, rule->title);
    story s = {.run = run, .d = d};
    explain(&s, root, nothing_bound, rule->expr, false);
    if (!s.has_witness) {
        ent_diag_primary_label(d, "it is false");
    }
    if (rule->stated.file != rule->span.file || rule->stated.start != rule->span.start) {
        ent_diag_label(d, rule->stated, "the rule is written here");
    }
    note_day(&s, day);
    ent_diag_note(d, "the rule is `%s`", words(&s, rule->expr->span));
}
