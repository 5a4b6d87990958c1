/* Duties: the trigger and what discharges it, allowances, pauses, and what undoes a discharge.
 *
 * A duty is declared (its feed of outcomes) before any duty or objective is checked, since
 * objectives may name it.  Invariant: all triggers are of duty->feed; every pattern's alternatives
 * carry the key fields by which their rows find the clock. */
#include "compiler/check/checker.h"

typedef struct duty_work {
    ent_duty_decl *duty;
    ent_scope *scope;
    ent_field_decl *own, *other; /* `matching own == other`, or NULL */
} duty_work;

void ent_use_pattern(ent_pattern_decl *p)
{
    for (size_t i = 0; p != NULL && i < p->n_alts; i++)
        p->alts[i].feed->used = true;
}

void ent_use_spans(ent_spanuse_decl *uses, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (uses[i].of != NULL) {
            ent_use_pattern(uses[i].of->from);
            ent_use_pattern(uses[i].of->to);
        }
}

ent_duty_decl *ent_declare_duty(ent_checker *ck, ent_scope *scope, ent_symbol *symbol)
{
    const ent_node *n = symbol->node, *when = ent_clause(n, ENT_NODE_WHEN);
    ent_agreement_decl *a = scope->agreement;
    ent_duty_decl *duty = ent_check_alloc(ck, sizeof *duty);
    if (duty == NULL)
        return NULL;
    *duty = (ent_duty_decl){.agreement = a,
                            .name = n->name,
                            .title = n->title,
                            .doc = n->doc,
                            .node = (ent_node *)(uintptr_t)n,
                            .span = n->name_span};
    duty->index = (int32_t)ck->m->n_duties;
    symbol->decl = duty;
    ENT_PUSH_PTR(ck, ck->m->duties, ck->m->n_duties, duty);
    ENT_PUSH_PTR(ck, a->duties, a->n_duties, duty);
    duty->feed = ent_event_feed(ck, scope, ent_kid(when, 0));
    duty->outcomes = ent_make_outcomes(ck, duty);
    if (duty->outcomes != NULL) {
        duty->outcomes->index = (int32_t)ck->m->n_feeds;
        ENT_PUSH_PTR(ck, ck->m->feeds, ck->m->n_feeds, duty->outcomes);
    }
    return duty;
}

/* --- keys --- */

static bool own_keys(ent_checker *ck, duty_work *w, ent_alt_decl *alt)
{
    if (w->own == NULL) {
        alt->keys = w->duty->feed->keys;
        alt->n_keys = w->duty->feed->n_keys;
        return true;
    }
    ENT_PUSH_PTR(ck, alt->keys, alt->n_keys, w->own);
    return true;
}

static bool alt_keys(ent_checker *ck, void *context, ent_alt_decl *alt)
{
    duty_work *w = context;
    const ent_feed_decl *feed = w->duty->feed;
    if (feed == NULL)
        return true;
    if (w->other != NULL && alt->feed == w->other->feed && alt->feed != feed) {
        ENT_PUSH_PTR(ck, alt->keys, alt->n_keys, w->other);
        return true;
    }
    if (alt->feed == feed)
        return own_keys(ck, w, alt);
    for (size_t i = 0; i < feed->n_keys; i++) {
        ent_field_decl *f = ent_find_field(alt->feed, feed->keys[i]->name);
        if (f != NULL && ent_ty_same(f->type, feed->keys[i]->type) && (f->marks & ENT_MARK_KEY))
            ENT_PUSH_PTR(ck, alt->keys, alt->n_keys, f);
    }
    if (w->own == NULL && alt->n_keys == feed->n_keys && feed->n_keys > 0)
        return true;
    const char *key = feed->n_keys > 0 ? feed->keys[0]->name : "…";
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0413, alt->span,
                               "which row of `%s` belongs to which row of `%s`?", alt->feed->name,
                               feed->name);
    ent_diag_primary_label(d, "this event is of another feed, and no keys are shared");
    ent_diag_label(d, w->duty->trigger != NULL ? w->duty->trigger->span : w->duty->span,
                   "the clock is started by a row of `%s`", feed->name);
    ent_diag_help(d, "say it: `matching %s.%s == %s.…`", feed->name, key, alt->feed->name);
    return false;
}

static ent_field_decl *matched_field(ent_checker *ck, duty_work *w, const ent_node *n)
{
    if (n->kind != ENT_NODE_MEMBER || n->kids[0]->kind != ENT_NODE_NAME) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0414, n->span, "`matching` compares two fields");
        ent_diag_primary_label(d, "write it as FEED.FIELD");
        return NULL;
    }
    ent_feed_decl *feed = ent_resolve_feed(ck, w->scope, n->kids[0]->name, n->kids[0]->span, false);
    ent_field_decl *f = feed != NULL ? ent_find_field(feed, n->name) : NULL;
    if (feed != NULL && f == NULL)
        ent_report_unknown_field(ck, feed, n->name, n->name_span);
    return f;
}

static bool check_matching(ent_checker *ck, duty_work *w, const ent_node *n)
{
    if (n == NULL)
        return true;
    ent_field_decl *a = matched_field(ck, w, n->kids[0]), *b = matched_field(ck, w, n->kids[1]);
    if (a == NULL || b == NULL)
        return false;
    if (a->feed != w->duty->feed) {
        ent_field_decl *t = a;
        a = b;
        b = t;
    }
    if (w->duty->feed != NULL && a->feed != w->duty->feed) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0414, n->span,
                         "neither side is a field of the trigger's feed `%s`", w->duty->feed->name);
        ent_diag_primary_label(d, "`%s` and `%s`", a->feed->name, b->feed->name);
        return false;
    }
    if (!ent_ty_same(a->type, b->type)) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0302, n->span, "cannot match %s with %s",
                                   ent_ty_phrase(ck, a->type), ent_ty_phrase(ck, b->type));
        ent_diag_label(d, a->span, "`%s.%s` is %s", a->feed->name, a->name,
                       ent_ty_phrase(ck, a->type));
        ent_diag_label(d, b->span, "`%s.%s` is %s", b->feed->name, b->name,
                       ent_ty_phrase(ck, b->type));
        return false;
    }
    w->own = a;
    w->other = b;
    return true;
}

/* --- triggers and discharges --- */

static bool check_trigger(ent_checker *ck, duty_work *w, const ent_node *n)
{
    ent_duty_decl *duty = w->duty;
    const ent_node *when = ent_clause(n, ENT_NODE_WHEN);
    if (when == NULL && ent_broken(ck, n->span))
        return false;
    if (when == NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0405, duty->span,
                                   "duty `%s` does not say when it begins", duty->name);
        ent_diag_primary_label(d, "its clock is never started");
        ent_diag_help(d, "add `when FEED.EVENT`");
        return false;
    }
    duty->trigger = ent_check_pattern(ck, w->scope, when->kids[0], alt_keys, w);
    if (duty->trigger == NULL)
        return false;
    if (duty->feed != NULL)
        return true;
    const ent_alt_decl *first = &duty->trigger->alts[0];
    for (size_t i = 1; i < duty->trigger->n_alts; i++) {
        const ent_alt_decl *alt = &duty->trigger->alts[i];
        if (alt->feed == first->feed)
            continue;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0412, alt->span,
                                   "the triggers of a duty are all of one feed");
        ent_diag_primary_label(d, "of `%s`", alt->feed->name);
        ent_diag_label(d, first->span, "of `%s`", first->feed->name);
        ent_diag_help(d, "write two duties, one for each feed");
        break;
    }
    return false;
}

static const ent_node *last_event(const ent_node *n)
{
    while (n != NULL && n->kind != ENT_NODE_EVENT_REF)
        n = ent_kid(n, n->kind == ENT_NODE_EVENT_OR ? n->n_kids - 1 : 0);
    return n;
}

/* Where the feed can undo what discharges the duty, there is no default: no two tools agree. */
static void check_undo(ent_checker *ck, duty_work *w, const ent_node *n)
{
    ent_duty_decl *duty = w->duty;
    const ent_node *on = ent_clause(n, ENT_NODE_ON);
    if (on != NULL) {
        duty->undo_mode = on->op;
        duty->undo = ent_check_pattern(ck, w->scope, ent_kid(on, 0), alt_keys, w);
        if (on->op == ENT_UNDO_RESUME && ent_kid(on, 1) != NULL)
            duty->until = ent_check_pattern(ck, w->scope, on->kids[1], alt_keys, w);
        return;
    }
    const ent_feed_decl *feed = duty->feed;
    const ent_enumeration_decl *events = feed->event != NULL ? feed->event->enumeration : NULL;
    int32_t resolved = ent_find_member(events, "resolved"),
            reopened = ent_find_member(events, "reopened");
    if (duty->discharge == NULL || resolved < 0 || reopened < 0 || ent_broken(ck, n->span))
        return;
    for (size_t i = 0; i < duty->discharge->n_alts; i++)
        if (duty->discharge->alts[i].feed != feed || duty->discharge->alts[i].member != resolved)
            return;
    const ent_node *ref = last_event(ent_kid(n, 1));
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0411, ref != NULL ? ref->span : duty->span,
                               "what happens to `%s` when it is undone by `%s.reopened`?",
                               duty->name, feed->name);
    ent_diag_primary_label(d, "this can be undone");
    ent_diag_label(d, events->member_spans[reopened], "`%s` has this event", feed->name);
    ent_diag_note(d, "there is no default, because no two service desks agree on it");
    ent_diag_help(
        d,
        "add `on %s.reopened restart` (a new clock), `ignore` (the first outcome stands), or "
        "`resume until %s.…` (the same clock goes on)",
        feed->name, feed->name);
}

/* --- allowances --- */

static bool value_fits(ent_checker *ck, const ent_field_decl *f, const ent_node *v)
{
    if (v->kind == ENT_NODE_NAME) {
        if (f->type.kind == ENT_TYPE_ENUM)
            return ent_find_member(f->enumeration, v->name) >= 0;
        if (f->type.kind == ENT_TYPE_PARTY)
            return ent_find_party(ck, v->name) != NULL;
        return f->type.kind == ENT_TYPE_SERVICE && ent_find_service(ck, v->name) != NULL;
    }
    bool text = v->kind == ENT_NODE_LITERAL && v->op == ENT_LIT_TEXT;
    return text ? f->type.kind == ENT_TYPE_TEXT
                : v->kind == ENT_NODE_LITERAL && v->op == ENT_LIT_INT &&
                      f->type.kind == ENT_TYPE_INT;
}

static size_t count_fits(ent_checker *ck, const ent_field_decl *f, const ent_node *within,
                         size_t *all)
{
    size_t fits = 0;
    *all = 0;
    for (size_t i = 0; i < within->n_kids; i++) {
        const ent_node *list = ent_kid(within->kids[i], 2);
        for (size_t j = 0; list != NULL && j < list->n_kids; j++) {
            *all += 1;
            fits += value_fits(ck, f, list->kids[j]);
        }
    }
    return fits;
}

static ent_field_decl *report_ambiguous(ent_checker *ck, const ent_node *within,
                                        const ent_field_decl *a, const ent_field_decl *b)
{
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0410, within->span,
                               "these allowances could be for `%s` or for `%s`", a->name, b->name);
    ent_diag_primary_label(d, "which field chooses?");
    ent_diag_label(d, a->span, "`%s` has these members", a->name);
    ent_diag_label(d, b->span, "and so has `%s`", b->name);
    ent_diag_help(d, "rename the members of one of them");
    return NULL;
}

/* The field that chooses: the one that has all the members; if none has, the one that has most. */
static ent_field_decl *choosing_field(ent_checker *ck, duty_work *w, const ent_node *n,
                                      const ent_node *within)
{
    const ent_node *following = ent_clause(n, ENT_NODE_FOLLOWING);
    const ent_feed_decl *feed = w->duty->feed;
    if (following != NULL) {
        ent_field_decl *f = ent_find_field(feed, following->name);
        if (f == NULL)
            ent_report_unknown_field(ck, feed, following->name, following->name_span);
        return f;
    }
    ent_field_decl *best = NULL, *second = NULL;
    size_t best_fits = 0, all = 0;
    for (size_t i = 0; i < feed->n_fields; i++) {
        size_t fits = count_fits(ck, feed->fields[i], within, &all);
        bool literal_key = fits > 0 && !ent_ty_is_named(feed->fields[i]->type) &&
                           (feed->fields[i]->marks & ENT_MARK_KEY);
        if (fits == 0 || fits < best_fits || literal_key)
            continue;
        second = fits == best_fits ? feed->fields[i] : NULL;
        if (second == NULL)
            best = feed->fields[i];
        best_fits = fits;
    }
    if (second != NULL && best_fits == all)
        return report_ambiguous(ck, within, best, second);
    if (best != NULL)
        return best;
    const ent_node *list = NULL;
    for (size_t i = 0; list == NULL && i < within->n_kids; i++)
        list = ent_kid(within->kids[i], 2);
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0409, list->span, "no field of `%s` can be %s",
                               feed->name, ent_check_source_text(ck, list->kids[0]->span));
    ent_diag_primary_label(d, "an allowance is chosen by a field of the trigger's row");
    ent_diag_label(d, feed->span, "`%s` is declared here", feed->name);
    const char **names = NULL;
    size_t k = 0;
    for (size_t i = 0; i < feed->n_fields; i++)
        for (size_t j = 0; feed->fields[i]->enumeration != NULL && feed->fields[i] != feed->event &&
                           j < feed->fields[i]->enumeration->n_members;
             j++)
            ENT_PUSH_PTR(ck, names, k, feed->fields[i]->enumeration->members[j]);
    if (list->kids[0]->kind == ENT_NODE_NAME)
        ent_check_suggest(ck, d, list->kids[0]->span, list->kids[0]->name, names, k, "members are");
    return NULL;
}

static bool same_value(const ent_value *a, const ent_value *b)
{
    if (a->type.kind == ENT_TYPE_TEXT)
        return ent_same(a->text, b->text);
    return a->i == b->i;
}

static void add_values(ent_checker *ck, duty_work *w, ent_allow_decl *allow, const ent_node *list)
{
    ent_duty_decl *duty = w->duty;
    ent_field_decl *f = duty->allow_field;
    for (size_t i = 0; f != NULL && i < list->n_kids; i++) {
        const ent_node *from = list->kids[i];
        ent_value v = {.span = from->span};
        if (!value_fits(ck, f, from) && from->kind == ENT_NODE_NAME && f->enumeration != NULL) {
            ent_report_unknown_member(ck, f->enumeration, from->name, from->span);
            continue;
        }
        ent_env env = ent_env_make(ENT_ENV_CONST, w->scope);
        if (!ent_eval_as(ck, &env, from, f->type, "the allowance is chosen by", &v))
            continue;
        bool twice = false;
        for (size_t j = 0; j <= duty->n_allows; j++) {
            const ent_allow_decl *a = j < duty->n_allows ? &duty->allows[j] : allow;
            for (size_t k = 0; k < a->n_values && !twice; k++) {
                if (!same_value(&a->values[k], &v))
                    continue;
                twice = true;
                ent_diag *d =
                    ent_diag_add(ck->diags, ENT_DIAG_E0408, v.span, "%s has two allowances",
                                 ent_check_source_text(ck, v.span));
                ent_diag_label(d, a->values[k].span, "the first one");
            }
        }
        ent_value *slot = twice ? NULL : ENT_PUSH(ck, allow->values, allow->n_values);
        if (slot != NULL)
            *slot = v;
    }
}

static void check_allowance(ent_checker *ck, duty_work *w, const ent_node *n)
{
    ent_duty_decl *duty = w->duty;
    ent_allow_decl allow = {.ns = -1, .span = n->span};
    ent_env env = ent_env_make(ENT_ENV_ROW, w->scope);
    env.feed = duty->feed;
    allow.expr = ent_expr_of(ck, &env, n->kids[0], ent_ty(ENT_TYPE_DURATION), "an allowance is");
    ent_value v;
    if (allow.expr->type.kind != ENT_TYPE_ERROR && ent_eval(ck, allow.expr, &v)) {
        allow.ns = v.i;
        if (v.i < 0) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0443, n->kids[0]->span,
                                       "an allowance cannot be negative");
            ent_diag_primary_label(d, "this is before the trigger");
        }
    }
    if (ent_kid(n, 1) != NULL) {
        const ent_node *name = n->kids[1];
        ent_node ref = {.kind = ENT_NODE_SPANREF,
                        .name = name->name,
                        .span = name->span,
                        .name_span = name->span};
        ent_spanuse_decl *use = NULL;
        size_t n_uses = 0;
        if (ent_check_spanuse(ck, w->scope, &ref, &duty->feed, 1, &use, &n_uses) && n_uses > 0)
            allow.use = use;
        ent_use_spans(use, n_uses);
    }
    if (ent_kid(n, 2) != NULL)
        add_values(ck, w, &allow, n->kids[2]);
    ent_allow_decl *slot = ENT_PUSH(ck, duty->allows, duty->n_allows);
    if (slot != NULL)
        *slot = allow;
}

/* Whether an allowance is stated for the value. */
static bool is_allowed(const ent_duty_decl *duty, const ent_value *wanted)
{
    for (size_t j = 0; j < duty->n_allows; j++)
        for (size_t k = 0; k < duty->allows[j].n_values; k++)
            if (same_value(&duty->allows[j].values[k], wanted))
                return true;
    return false;
}

/* The values of the choosing field for which no allowance is stated. */
static void check_total(ent_checker *ck, const ent_duty_decl *duty, const ent_node *within)
{
    const ent_field_decl *f = duty->allow_field;
    if (f == NULL)
        return;
    const char **names = NULL;
    size_t n = 0, closed = ent_count_values(ck, f->type), listed = 1;
    ent_value found = {0};
    for (size_t j = 0; j < duty->n_allows; j++)
        listed += duty->allows[j].n_values;
    for (size_t i = 0; i < (closed > 0 ? closed : listed) && (closed > 0 || n == 0); i++) {
        ent_value v;
        const char *text = ent_value_text(ck, f->type, (int64_t)i, &v);
        if (text == NULL)
            break;
        if (is_allowed(duty, &v))
            continue;
        if (n == 0)
            found = v;
        ENT_PUSH_PTR(ck, names, n, text);
    }
    if ((closed > 0 && n == 0) || ent_broken(ck, duty->node->span))
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0407, within->span,
                               closed > 0 ? "no allowance for %s" : "no allowance for other values%s",
                               closed > 0 ? ent_check_join(ck, names, n, 6, " and ") : "");
    ent_diag_primary_label(d, "nothing is said for %s", n == 1 && closed > 0 ? "it" : "them");
    ent_diag_label(d, f->span, "`%s` is declared here", f->name);
    if (n > 0)
        ent_diag_help(d, "add `, 8h for %s` or `, 8h otherwise`", names[0]);
    else
        ent_diag_help(d, "end with `, 8h otherwise`");
    ent_match_gap *gap = n > 0 ? ENT_PUSH(ck, ck->m->match_gaps, ck->m->n_match_gaps) : NULL;
    if (gap != NULL)
        *gap = (ent_match_gap){d, NULL, found, names[0], duty};
}

static void check_within(ent_checker *ck, duty_work *w, const ent_node *n)
{
    ent_duty_decl *duty = w->duty;
    const ent_node *within = ent_clause(n, ENT_NODE_WITHIN),
                   *following = ent_clause(n, ENT_NODE_FOLLOWING);
    if (within == NULL && ent_broken(ck, n->span))
        return;
    if (within == NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0406, duty->span,
                                   "duty `%s` does not say how long it may take", duty->name);
        ent_diag_primary_label(d, "its clock never runs out");
        ent_diag_help(d, "add `within 4h`");
        return;
    }
    bool chosen = false, otherwise = false, plain = false;
    for (size_t i = 0; i < within->n_kids; i++)
        chosen = chosen || ent_kid(within->kids[i], 2) != NULL;
    if (chosen || following != NULL) {
        duty->allow_field = choosing_field(ck, w, n, within);
        duty->following = following != NULL;
        if (duty->allow_field == NULL)
            return;
    }
    for (size_t i = 0; i < within->n_kids; i++) {
        const ent_node *a = within->kids[i];
        bool for_all = ent_kid(a, 2) == NULL;
        if (otherwise || (for_all && plain)) {
            ent_diag *d =
                ent_diag_add(ck->diags, ENT_DIAG_E0408, a->span, "this allowance is never chosen");
            ent_diag_label(d, within->kids[i - 1]->span, "what stands before it is for everything");
            return;
        }
        if (for_all && a->op == 0 && chosen) {
            ent_diag *d =
                ent_diag_add(ck->diags, ENT_DIAG_E0407, a->span, "whom is this allowance for?");
            ent_diag_primary_label(d, "neither `for …` nor `otherwise`");
            ent_diag_fix(d, a->span,
                         ent_check_printf(ck, "%s otherwise", ent_check_source_text(ck, a->span)),
                         "for all others, write `%s otherwise`",
                         ent_check_source_text(ck, a->span));
            return;
        }
        otherwise = otherwise || a->op == 1;
        plain = plain || for_all;
        check_allowance(ck, w, a);
    }
    if (chosen && !otherwise)
        check_total(ck, duty, within);
    if (!chosen && following != NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_W0402, following->span,
                                   "`following %s` changes nothing", following->name);
        ent_diag_label(d, within->span, "the allowance is the same for all");
    }
}

/* --- the whole --- */

static void check_spans(ent_checker *ck, duty_work *w, const ent_node *n, unsigned kind,
                        ent_spanuse_decl **uses, size_t *n_uses)
{
    for (size_t i = 0; i < n->n_kids; i++)
        for (size_t j = 0; n->kids[i] != NULL && n->kids[i]->kind == kind && j < n->kids[i]->n_kids;
             j++)
            ent_check_spanuse(ck, w->scope, n->kids[i]->kids[j], &w->duty->feed, 1, uses, n_uses);
    ent_use_spans(*uses, *n_uses);
}

static void check_credit(ent_checker *ck, duty_work *w, const ent_node *credit)
{
    const ent_node *step = ent_kid(credit, 0), *amount = ent_kid(step, 0);
    if (credit == NULL || amount == NULL)
        return;
    if (step->kind != ENT_NODE_STEP || step->op != ENT_CMP_OTHERWISE || credit->n_kids != 1) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0448, credit->span,
                                   "a duty is met or not: its credit has no steps");
        ent_diag_primary_label(d, "a ladder or rate needs a figure");
        ent_diag_help(
            d,
            "write one amount per breach, as in `credit GBP 100.00`; for a ladder, add an "
            "objective over `%s`",
            w->duty->name);
        return;
    }
    ent_env env = ent_env_make(ENT_ENV_AMOUNT, w->scope);
    ent_agreement_decl *a = w->duty->agreement;
    w->duty->credit = ent_check_amount(ck, &env, amount, a->currency, a->has_charge);
    w->duty->rounding = credit->op;
}

static ent_pattern_decl *optional(ent_checker *ck, duty_work *w, const ent_node *clause)
{
    ent_pattern_decl *p =
        clause == NULL ? NULL : ent_check_pattern(ck, w->scope, ent_kid(clause, 0), alt_keys, w);
    ent_use_pattern(p);
    return p;
}

/* Several `void when` are alternatives of one pattern. */
static void check_void(ent_checker *ck, duty_work *w, const ent_node *n)
{
    for (size_t i = 0; i < n->n_kids; i++) {
        if (n->kids[i] == NULL || n->kids[i]->kind != ENT_NODE_VOID_WHEN)
            continue;
        ent_pattern_decl *p = optional(ck, w, n->kids[i]), *all = w->duty->void_when;
        if (all == NULL)
            w->duty->void_when = p;
        for (size_t j = 0; all != NULL && p != NULL && j < p->n_alts; j++) {
            ent_alt_decl *slot = ENT_PUSH(ck, all->alts, all->n_alts);
            if (slot != NULL)
                *slot = p->alts[j];
        }
    }
}

/* Several `excused when` are joined by `or`. */
static void check_excused(ent_checker *ck, duty_work *w, const ent_node *n)
{
    ent_env env = ent_env_make(ENT_ENV_ROW, w->scope);
    env.feed = w->duty->feed;
    for (size_t i = 0; i < n->n_kids; i++) {
        if (n->kids[i] == NULL || n->kids[i]->kind != ENT_NODE_EXCUSED_WHEN)
            continue;
        ent_node *c = ent_condition(ck, &env, ent_kid(n->kids[i], 0), "what excuses");
        ent_node *before = w->duty->excused_when;
        ent_node *join = ent_check_alloc(ck, sizeof *join);
        ent_node **kids = ent_arena_alloc_array(ck->arena, 2, sizeof *kids);
        if (join == NULL || kids == NULL)
            return;
        kids[0] = before;
        kids[1] = c;
        *join = (ent_node){.kind = ENT_NODE_BINARY,
                           .op = ENT_OP_OR,
                           .n_kids = 2,
                           .kids = kids,
                           .span = n->kids[i]->span,
                           .type = ent_ty(ENT_TYPE_BOOL)};
        w->duty->excused_when = before == NULL ? c : join;
    }
}

/* Of clauses that the model has once: a second one is reported. */
static void only_once(ent_checker *ck, const ent_node *n, unsigned kind, const char *what)
{
    const ent_node *first = ent_clause(n, kind);
    for (size_t i = 0; first != NULL && i < n->n_kids; i++) {
        if (n->kids[i] == NULL || n->kids[i]->kind != kind || n->kids[i] == first)
            continue;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0120, n->kids[i]->span,
                                   "`%s` stands twice in one duty", what);
        ent_diag_label(d, first->span, "here the first time");
    }
}

void ent_check_duty(ent_checker *ck, ent_scope *scope, ent_duty_decl *duty)
{
    const ent_node *n = duty->node, *party = ent_kid(n, 0);
    duty_work w = {.duty = duty, .scope = scope};
    if (party != NULL)
        duty->party = ent_resolve_party(ck, party->name, party->span);
    bool matched = check_matching(ck, &w, ent_clause(n, ENT_NODE_MATCHING));
    if (!check_trigger(ck, &w, n) || duty->feed == NULL || !matched)
        return;
    duty->discharge = ent_check_pattern(ck, scope, ent_kid(n, 1), alt_keys, &w);
    ent_use_pattern(duty->trigger);
    ent_use_pattern(duty->discharge);
    check_undo(ck, &w, n);
    ent_use_pattern(duty->undo);
    ent_use_pattern(duty->until);
    check_within(ck, &w, n);
    check_void(ck, &w, n);
    const ent_node *counting = ent_clause(n, ENT_NODE_COUNTING);
    duty->counting = optional(ck, &w, counting);
    duty->retroactive = counting != NULL && counting->op == 1;
    check_spans(ck, &w, n, ENT_NODE_PAUSING, &duty->pauses, &duty->n_pauses);
    check_spans(ck, &w, n, ENT_NODE_EXCUSED_DURING, &duty->excused, &duty->n_excused);
    check_excused(ck, &w, n);
    only_once(ck, n, ENT_NODE_ON, "on …");
    only_once(ck, n, ENT_NODE_WARN_AT, "warn at");
    const ent_node *warn = ent_clause(n, ENT_NODE_WARN_AT);
    if (warn != NULL && ent_kid(warn, 0) != NULL) {
        duty->has_warn = true;
        duty->warn = warn->kids[0]->q;
        if (warn->kids[0]->q.num <= 0 || ent_q_cmp(warn->kids[0]->q, ent_q_from_i64(1)) > 0) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0442, warn->span,
                                       "a warning comes between 0%% and 100%% of the allowance");
            ent_diag_primary_label(d, "never given, or too late");
        }
    }
    check_credit(ck, &w, ent_clause(n, ENT_NODE_CREDIT));
}
