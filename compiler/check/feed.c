/* Feeds: fields, keys and marks; and the feeds that the outcomes of duties are.
 * Invariant: a feed that is in the model has a field `at` of type instant. */
#include "compiler/check/checker.h"

static ent_enumeration_decl *make_enumeration(ent_checker *ck, const ent_feed_decl *feed,
                                              const ent_node *field)
{
    const ent_node *type = field->kids[0];
    ent_enumeration_decl *e = ent_check_alloc(ck, sizeof *e);
    if (e == NULL)
        return NULL;
    e->index = (int32_t)ck->m->n_enumerations;
    e->name = ent_check_printf(ck, "%s.%s", feed->name, field->name);
    for (size_t i = 0; i < type->n_kids; i++) {
        const ent_node *m = type->kids[i];
        int32_t at = ent_find_member(e, m->name);
        if (at >= 0) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0214, m->span,
                                       "member `%s` stands twice in `%s`", m->name, e->name);
            ent_diag_label(d, e->member_spans[at], "first here");
            continue;
        }
        size_t n = e->n_members; /* both lists have a place or neither has, whatever memory there is */
        if (ENT_PUSH(ck, e->member_spans, n) != NULL) {
            e->member_spans[n - 1] = m->span;
            ENT_PUSH_PTR(ck, e->members, e->n_members, m->name);
        }
    }
    ENT_PUSH_PTR(ck, ck->m->enumerations, ck->m->n_enumerations, e);
    return e;
}

static void check_marks(ent_checker *ck, ent_feed_decl *feed, ent_field_decl *f)
{
    bool known = f->type.kind != ENT_TYPE_ERROR;
    if (known && (f->marks & ENT_MARK_HOLDER) && f->type.kind != ENT_TYPE_PARTY) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0427, f->span, "a holder is a party");
        ent_diag_primary_label(d, "`%s` is %s", f->name, ent_ty_phrase(ck, f->type));
    }
    if (known && (f->marks & ENT_MARK_RECORDED) && f->type.kind != ENT_TYPE_INSTANT) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0427, f->span,
                                   "when a fact was recorded is an instant");
        ent_diag_primary_label(d, "`%s` is %s", f->name, ent_ty_phrase(ck, f->type));
    }
    if (known && (f->marks & ENT_MARK_KEY) && f->type.kind == ENT_TYPE_NUMBER) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0427, f->span, "a number cannot be a key");
        ent_diag_primary_label(d, "binary floating point tells equal keys apart by accident");
        ent_diag_help(d, "use `text`, `int` or `decimal(k)`");
    }
    if ((f->marks & ENT_MARK_HOLDER) && feed->holder != NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0427, f->span, "feed `%s` has two holders",
                                   feed->name);
        ent_diag_label(d, feed->holder->span, "the first one");
    } else if (f->marks & ENT_MARK_HOLDER) {
        feed->holder = f;
    }
    if (f->marks & ENT_MARK_RECORDED)
        feed->recorded = f;
    if (f->marks & ENT_MARK_KEY) {
        ENT_PUSH_PTR(ck, feed->keys, feed->n_keys, f);
        if (feed->n_keys == ENT_KEYS_MAX + 1) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0427, f->span,
                                       "a feed has at most %d key fields", ENT_KEYS_MAX);
            ent_diag_primary_label(d, "one too many");
        }
    }
}

static void check_field(ent_checker *ck, ent_feed_decl *feed, const ent_node *n)
{
    ent_field_decl *before = ent_find_field(feed, n->name);
    if (before != NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0214, n->name_span,
                                   "field `%s` is declared twice", n->name);
        ent_diag_label(d, before->span, "first declared here");
        return;
    }
    ent_field_decl *f = ent_check_alloc(ck, sizeof *f);
    if (f == NULL)
        return;
    *f = (ent_field_decl){.index = (int32_t)feed->n_fields,
                          .feed = feed,
                          .name = n->name,
                          .marks = n->op,
                          .span = n->name_span};
    const ent_node *type = ent_kid(n, 0);
    if (type != NULL && type->op == 1) {
        f->enumeration = make_enumeration(ck, feed, n);
        f->type = ent_ty(f->enumeration == NULL ? ENT_TYPE_ERROR : ENT_TYPE_ENUM);
        f->type.param = f->enumeration == NULL ? 0 : f->enumeration->index;
    } else {
        f->type = type == NULL ? ent_ty(ENT_TYPE_ERROR) : ent_type_of_node(ck, type, true);
    }
    ENT_PUSH_PTR(ck, feed->fields, feed->n_fields, f);
    check_marks(ck, feed, f);
}

static void check_at(ent_checker *ck, ent_feed_decl *feed)
{
    feed->at = ent_find_field(feed, "at");
    if (feed->at == NULL && ent_broken(ck, feed->node->span))
        return;
    if (feed->at == NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0426, feed->span,
                                   "feed `%s` does not say when its rows happened", feed->name);
        ent_diag_primary_label(d, "there is no field `at`");
        ent_diag_help(d, "add `at instant`: the time of the event");
    } else if (feed->at->type.kind != ENT_TYPE_INSTANT && feed->at->type.kind != ENT_TYPE_ERROR) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0426, feed->at->span,
                                   "`at` is the time of the event and must be an instant");
        ent_diag_primary_label(d, "this is %s", ent_ty_phrase(ck, feed->at->type));
        feed->at->type = ent_ty(ENT_TYPE_ERROR);
    }
}

static void check_events(ent_checker *ck, ent_feed_decl *feed)
{
    ent_field_decl *event = ent_find_field(feed, "event");
    if (event == NULL || event->enumeration == NULL)
        return;
    feed->event = event;
    for (size_t i = 0; i < feed->n_fields; i++) {
        ent_field_decl *f = feed->fields[i];
        int32_t m = ent_find_member(event->enumeration, f->name);
        if (m < 0)
            continue;
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0219, f->span,
                         "field `%s` is named like an event of `%s`", f->name, feed->name);
        ent_diag_primary_label(d, "`%s.%s` would mean two things", feed->name, f->name);
        ent_diag_label(d, event->enumeration->member_spans[m], "the event");
        ent_diag_help(d, "rename the field; a `bind` can still read it from a column `%s`",
                      f->name);
    }
}

static int64_t positive(ent_checker *ck, const ent_node *clause, const char *what)
{
    const ent_node *n = ent_kid(clause, 0);
    if (n == NULL)
        return 0;
    if (n->i > 0)
        return n->i;
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0443, n->span, "%s must be longer than nothing", what);
    ent_diag_primary_label(d, "no time at all");
    return 0;
}

void ent_check_feed(ent_checker *ck, ent_symbol *symbol)
{
    const ent_node *n = symbol->node;
    ent_feed_decl *feed = ent_check_alloc(ck, sizeof *feed);
    if (feed == NULL)
        return;
    symbol->decl = feed;
    *feed = (ent_feed_decl){.index = (int32_t)ck->m->n_feeds,
                            .kind = ENT_FEED_SOURCE,
                            .name = n->name,
                            .doc = n->doc,
                            .node = (ent_node *)(uintptr_t)n,
                            .span = n->name_span};
    ENT_PUSH_PTR(ck, ck->m->feeds, ck->m->n_feeds, feed);
    for (size_t i = 0; i < n->n_kids; i++)
        if (n->kids[i] != NULL && n->kids[i]->kind == ENT_NODE_FIELD)
            check_field(ck, feed, n->kids[i]);
    feed->interval_ns =
        positive(ck, ent_clause(n, ENT_NODE_SAMPLED), "the interval of a sampled feed");
    const ent_node *late = ent_clause(n, ENT_NODE_LATENESS);
    feed->lateness_ns = late != NULL ? late->kids[0]->i : 0;
    check_at(ck, feed);
    check_events(ck, feed);
}

/* --- outcomes --- */

static ent_field_decl *add_field(ent_checker *ck, ent_feed_decl *feed, const char *name,
                                 ent_type type, ent_field_decl *source)
{
    ent_field_decl *f = ent_check_alloc(ck, sizeof *f);
    if (f == NULL)
        return NULL;
    *f = (ent_field_decl){.index = (int32_t)feed->n_fields,
                          .feed = feed,
                          .name = name,
                          .type = type,
                          .source = source,
                          .span = source != NULL ? source->span : feed->span,
                          .enumeration = source != NULL ? source->enumeration : NULL,
                          .marks = source != NULL ? source->marks : 0};
    ENT_PUSH_PTR(ck, feed->fields, feed->n_fields, f);
    return f;
}

ent_feed_decl *ent_make_outcomes(ent_checker *ck, ent_duty_decl *duty)
{
    const ent_feed_decl *from = duty->feed;
    ent_feed_decl *feed = ent_check_alloc(ck, sizeof *feed);
    if (feed == NULL || from == NULL)
        return NULL;
    *feed = (ent_feed_decl){.kind = ENT_FEED_OUTCOMES,
                            .name = duty->name,
                            .duty = duty,
                            .doc = duty->doc,
                            .node = duty->node,
                            .span = duty->span};
    feed->at = add_field(ck, feed, "at", ent_ty(ENT_TYPE_INSTANT), NULL);
    for (size_t i = 0; i < from->n_keys; i++) {
        ent_field_decl *f =
            add_field(ck, feed, from->keys[i]->name, from->keys[i]->type, from->keys[i]);
        ENT_PUSH_PTR(ck, feed->keys, feed->n_keys, f);
    }
    add_field(ck, feed, "due", ent_ty(ENT_TYPE_INSTANT), NULL);
    add_field(ck, feed, "done", ent_ty(ENT_TYPE_INSTANT), NULL);
    add_field(ck, feed, "elapsed", ent_ty(ENT_TYPE_DURATION), NULL);
    add_field(ck, feed, "allowed", ent_ty(ENT_TYPE_DURATION), NULL);
    add_field(ck, feed, "met", ent_ty(ENT_TYPE_BOOL), NULL);
    add_field(ck, feed, "excused", ent_ty(ENT_TYPE_BOOL), NULL);
    for (size_t i = 0; i < from->n_fields; i++) {
        ent_field_decl *f = from->fields[i];
        if (ent_find_field(feed, f->name) ==
            NULL) /* at, keys, and names that outcomes have themselves */
            add_field(ck, feed, f->name, f->type, f);
    }
    ent_field_decl *holder = from->holder != NULL ? ent_find_field(feed, from->holder->name) : NULL;
    feed->holder = holder != NULL && holder->source == from->holder ? holder : NULL;
    return feed;
}
