/* Event patterns, spans, and how rows find the keys of spans.
 *
 * A pattern is flattened into alternatives; the conditions around an alternative are checked once
 * for each of them, over the fields of its own feed.  Keys are matched by name and type, so that a
 * span kept per service serves every feed that has the service. */
#include "compiler/check/checker.h"

#define NESTED_MAX 32

typedef struct pattern_work {
    ent_scope *scope;
    ent_pattern_decl *pattern;
    const ent_node *where[NESTED_MAX];
    size_t n_where;
    ent_keys_of keys;
    void *context;
    bool ok;
} pattern_work;

static bool check_ref(ent_checker *ck, pattern_work *w, const ent_node *ref)
{
    ent_feed_decl *feed = ent_resolve_feed(ck, w->scope, ref->name, ref->name_span, false);
    if (feed == NULL)
        return false;
    int32_t member = -1;
    if (ref->text != NULL) {
        if (feed->event == NULL && ent_broken(ck, feed->node->span))
            return false;
        if (feed->event == NULL) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0428, ref->span,
                                       "feed `%s` has no events", feed->name);
            ent_diag_primary_label(d, "`%s.%s` means the rows whose `event` is `%s`", feed->name,
                                   ref->text, ref->text);
            ent_diag_label(d, feed->span, "declared without a field `event` that is `one of …`");
            ent_diag_help(d, "write `%s where …`", feed->name);
            return false;
        }
        member = ent_find_member(feed->event->enumeration, ref->text);
        if (member < 0) {
            ent_span span = ref->span; /* the word after the dot */
            uint32_t len = (uint32_t)ref->text_len;
            if (ref->span.end - ref->span.start > len)
                span.start = ref->span.end - len;
            if (!ent_broken(ck, feed->node->span))
                ent_report_unknown_member(ck, feed->event->enumeration, ref->text, span);
            return false;
        }
    }
    ent_alt_decl alt = {.feed = feed, .member = member, .span = ref->span};
    bool ok = true;
    for (size_t i = 0; i < w->n_where; i++) {
        ent_env env = ent_env_make(ENT_ENV_ROW, w->scope);
        env.feed = feed;
        ent_node *c = ent_condition(ck, &env, w->where[i], "the condition after `where`");
        ok = ok && c->type.kind != ENT_TYPE_ERROR;
        ENT_PUSH_PTR(ck, alt.where, alt.n_where, c);
    }
    if (w->keys != NULL && ok)
        ok = w->keys(ck, w->context, &alt);
    ent_alt_decl *slot = ENT_PUSH(ck, w->pattern->alts, w->pattern->n_alts);
    if (slot != NULL)
        *slot = alt;
    return ok;
}

static void check_event(ent_checker *ck, pattern_work *w, const ent_node *n)
{
    if (n == NULL || n->kind == ENT_NODE_ERROR) {
        w->ok = false;
    } else if (n->kind == ENT_NODE_EVENT_OR) {
        for (size_t i = 0; i < n->n_kids; i++)
            check_event(ck, w, n->kids[i]);
    } else if (n->kind == ENT_NODE_EVENT_WHERE) {
        if (w->n_where == NESTED_MAX) {
            w->ok = false;
            return;
        }
        w->where[w->n_where++] = n->kids[1];
        check_event(ck, w, n->kids[0]);
        w->n_where--;
    } else if (!check_ref(ck, w, n)) {
        w->ok = false;
    }
}

ent_pattern_decl *ent_check_pattern(ent_checker *ck, ent_scope *scope, const ent_node *event,
                                    ent_keys_of keys, void *context)
{
    ent_pattern_decl *p = ent_check_alloc(ck, sizeof *p);
    if (p == NULL || event == NULL)
        return NULL;
    p->span = event->span;
    pattern_work w = {.scope = scope, .pattern = p, .keys = keys, .context = context, .ok = true};
    check_event(ck, &w, event);
    return w.ok ? p : NULL;
}

ent_feed_decl *ent_event_feed(ent_checker *ck, ent_scope *scope, const ent_node *event)
{
    if (event == NULL)
        return NULL;
    if (event->kind == ENT_NODE_EVENT_REF) {
        ent_symbol *s = ent_scope_find(scope, event->name, true);
        return s != NULL && s->kind == ENT_NODE_FEED ? s->decl : NULL;
    }
    if (event->kind == ENT_NODE_EVENT_WHERE)
        return ent_event_feed(ck, scope, event->kids[0]);
    ent_feed_decl *feed = NULL;
    for (size_t i = 0; event->kind == ENT_NODE_EVENT_OR && i < event->n_kids; i++) {
        ent_feed_decl *f = ent_event_feed(ck, scope, event->kids[i]);
        if (f == NULL || (feed != NULL && f != feed))
            return NULL;
        feed = f;
    }
    return feed;
}

/* --- keys --- */

static bool keys_of_feed(ent_checker *ck, const ent_feed_decl *of, const ent_feed_decl *feed,
                         ent_field_decl ***keys, size_t *n)
{
    if (of == feed) {
        *keys = feed->keys;
        *n = feed->n_keys;
        return true;
    }
    ent_field_decl **found = NULL;
    size_t k = 0;
    for (size_t i = 0; i < of->n_keys; i++) {
        ent_field_decl *f = ent_find_field(feed, of->keys[i]->name);
        if (f != NULL && ent_ty_same(f->type, of->keys[i]->type))
            ENT_PUSH_PTR(ck, found, k, f);
    }
    if (k == of->n_keys && k > 0) {
        *keys = found;
        *n = k;
        return true;
    }
    bool same = feed->n_keys == of->n_keys && feed->n_keys > 0;
    for (size_t i = 0; same && i < feed->n_keys; i++)
        same = ent_ty_same(feed->keys[i]->type, of->keys[i]->type);
    *keys = feed->keys;
    *n = feed->n_keys;
    return same;
}

bool ent_per_keys(ent_checker *ck, ent_scope *scope, const char *per, const ent_feed_decl *feed,
                  ent_field_decl ***keys, size_t *n_keys)
{
    ent_field_decl *f = ent_find_field(feed, per);
    if (f != NULL) {
        *keys = NULL;
        *n_keys = 0;
        ENT_PUSH_PTR(ck, *keys, *n_keys, f);
        return *n_keys == 1;
    }
    ent_symbol *s = ent_scope_find(scope, per, true);
    if (s == NULL || s->kind != ENT_NODE_FEED || s->decl == NULL)
        return false;
    s->used = true;
    return keys_of_feed(ck, s->decl, feed, keys, n_keys);
}

static bool types_fit(const ent_span_decl *span, ent_field_decl *const *keys, size_t n)
{
    if (n != span->n_keys)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!ent_ty_same(keys[i]->type, span->key_types[i]))
            return false;
    return true;
}

bool ent_span_keys(ent_checker *ck, const ent_span_decl *span, const ent_feed_decl *feed,
                   ent_field_decl ***keys, size_t *n_keys)
{
    *keys = NULL;
    *n_keys = 0;
    if (span->n_keys == 0)
        return true;
    bool named = true;
    for (size_t i = 0; i < span->n_keys; i++) {
        ent_field_decl *f = ent_find_field(feed, span->key_names[i]);
        named = named && f != NULL && ent_ty_same(f->type, span->key_types[i]);
        ENT_PUSH_PTR(ck, *keys, *n_keys, f);
    }
    if (named)
        return true;
    if (types_fit(span, feed->keys, feed->n_keys)) {
        *keys = feed->keys;
        *n_keys = feed->n_keys;
        return true;
    }
    *keys = NULL;
    *n_keys = 0;
    for (size_t i = 0; span->n_keys == 1 && i < feed->n_fields; i++)
        if (ent_ty_is_named(feed->fields[i]->type) && types_fit(span, &feed->fields[i], 1))
            ENT_PUSH_PTR(ck, *keys, *n_keys, feed->fields[i]);
    return *n_keys == 1; /* two fields of that type: which one is meant is not known */
}

/* --- spans --- */

typedef struct span_context {
    ent_span_decl *span;
    ent_scope *scope;
    ent_span first; /* where the keys' types were settled */
    bool reported;  /* that the key is unknown: once for all alternatives */
} span_context;

static bool span_alt_keys(ent_checker *ck, void *context, ent_alt_decl *alt)
{
    span_context *c = context;
    ent_span_decl *span = c->span;
    if (span->per == NULL)
        return true;
    ent_symbol *s = ent_scope_find(c->scope, span->per, true);
    bool feed_known = s != NULL && s->kind == ENT_NODE_FEED;
    if (!ent_per_keys(ck, c->scope, span->per, alt->feed, &alt->keys, &alt->n_keys) ||
        alt->n_keys == 0 || alt->n_keys > ENT_KEYS_MAX) {
        if (c->reported)
            return false;
        c->reported = true;
        const char **names = NULL;
        size_t n = 0;
        for (size_t i = 0; i < alt->feed->n_fields; i++)
            ENT_PUSH_PTR(ck, names, n, alt->feed->fields[i]->name);
        const ent_node *per = ent_kid(span->node, 0);
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0415, alt->span,
                         feed_known && alt->feed->n_keys == 0
                             ? "span `%s` is kept per `%s`, which has no key"
                             : "span `%s` is kept per `%s`, which rows of this event do not have",
                         span->name, span->per);
        ent_diag_primary_label(d, "no field `%s` and no such key in `%s`", span->per,
                               alt->feed->name);
        ent_diag_label(d, per->span, "the key is asked for here");
        ent_check_suggest(ck, d, per->name_span, span->per, names, n, "its fields are");
        return false;
    }
    if (span->n_keys == 0) {
        span->n_keys = alt->n_keys;
        for (size_t i = 0; i < alt->n_keys; i++) {
            span->key_types[i] = alt->keys[i]->type;
            span->key_names[i] = alt->keys[i]->name;
        }
        c->first = alt->span;
    } else if (!types_fit(span, alt->keys, alt->n_keys)) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0415, alt->span,
                         "the events of span `%s` have keys of different types", span->name);
        ent_diag_primary_label(d, "here the key is %s", ent_ty_phrase(ck, alt->keys[0]->type));
        ent_diag_label(d, c->first, "here it is %s", ent_ty_phrase(ck, span->key_types[0]));
        return false;
    }
    return true;
}

/* What nobody answers for: it has its place behind the parties. */
static ent_party_decl *force_majeure(ent_checker *ck, ent_span span)
{
    ent_party_decl *force = ck->m->force;
    if (force != NULL)
        return force;
    force = ent_check_alloc(ck, sizeof *force);
    if (force != NULL)
        *force = (ent_party_decl){.index = (int32_t)ck->m->n_parties,
                                  .role = 3,
                                  .name = "force majeure",
                                  .span = span};
    ck->m->force = force;
    return force;
}

void ent_check_span(ent_checker *ck, ent_scope *scope, ent_symbol *symbol)
{
    const ent_node *n = symbol->node;
    ent_span_decl *span = ent_check_alloc(ck, sizeof *span);
    if (span == NULL)
        return;
    const ent_node *per = ent_kid(n, 0), *cause = ent_kid(n, 3);
    *span = (ent_span_decl){.index = (int32_t)ck->m->n_spans,
                            .name = n->name,
                            .title = n->title,
                            .doc = n->doc,
                            .per = per != NULL ? per->name : NULL,
                            .agreement = scope->agreement,
                            .node = (ent_node *)(uintptr_t)n,
                            .span = n->name_span};
    span_context c = {.span = span, .scope = scope};
    span->from = ent_check_pattern(ck, scope, ent_kid(n, 1), span_alt_keys, &c);
    span->to = ent_check_pattern(ck, scope, ent_kid(n, 2), span_alt_keys, &c);
    if (cause != NULL && cause->op == 1)
        span->cause = force_majeure(ck, cause->span);
    else if (cause != NULL)
        span->cause = ent_resolve_party(ck, cause->name, cause->span);
    if (span->from == NULL || span->to == NULL)
        return; /* symbol->decl stays NULL: its uses are not looked at */
    symbol->decl = span;
    ENT_PUSH_PTR(ck, ck->m->spans, ck->m->n_spans, span);
}

/* --- uses --- */

static void push_use(ent_checker *ck, ent_spanuse_decl **uses, size_t *n_uses, ent_spanuse_decl use)
{
    ent_spanuse_decl *slot = ENT_PUSH(ck, *uses, *n_uses);
    if (slot != NULL)
        *slot = use;
}

static void report_unknown_span(ent_checker *ck, ent_scope *scope, const ent_node *ref)
{
    const char **names = NULL;
    size_t n = 0;
    for (ent_scope *at = scope; at != NULL; at = at->outer)
        for (size_t i = 0; i < at->n; i++)
            if (at->v[i].kind == ENT_NODE_SPAN || at->v[i].kind == ENT_NODE_CALENDAR)
                ENT_PUSH_PTR(ck, names, n, at->v[i].name);
    if (ent_hidden(ck, ref->name, names, n))
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0207, ref->name_span,
                               "unknown span or calendar `%s`", ref->name);
    ent_diag_primary_label(d, "not found");
    ent_check_suggest(ck, d, ref->name_span, ref->name, names, n,
                      "spans and calendars in reach are");
    if (n == 0 && (ent_same(ref->name, "client_hold") || ent_same(ref->name, "maintenance")))
        ent_diag_help(d, "`use std.itsm` declares the span `%s`", ref->name);
}

static bool report_no_key(ent_checker *ck, const ent_span_decl *span, const ent_feed_decl *feed,
                          const ent_node *ref)
{
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0415, ref->name_span,
                     "rows of `%s` do not say which `%s` they belong to", feed->name, span->name);
    ent_diag_primary_label(d, "this span is kept per `%s`, %s", span->per,
                           ent_ty_phrase(ck, span->key_types[0]));
    ent_diag_label(d, span->span, "declared here");
    ent_diag_label(d, feed->span, "`%s` has no field `%s` of that type, nor a key like it",
                   feed->name, span->key_names[0]);
    return false;
}

bool ent_check_spanuse(ent_checker *ck, ent_scope *scope, const ent_node *ref,
                       ent_feed_decl *const *feeds, size_t n_feeds, ent_spanuse_decl **uses,
                       size_t *n_uses)
{
    ent_symbol *s = ent_scope_find(scope, ref->name, true);
    ent_spanuse_decl use = {.at_most_ns = ent_kid(ref, 0) != NULL ? ref->kids[0]->i : -1,
                            .span = ref->span};
    if (s == NULL) {
        report_unknown_span(ck, scope, ref);
        return false;
    }
    s->used = true;
    if (s->kind == ENT_NODE_CALENDAR) {
        if (s->decl == NULL)
            return false;
        use.calendar = s->decl;
        push_use(ck, uses, n_uses, use);
        return true;
    }
    if (s->kind != ENT_NODE_SPAN) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0221, ref->name_span,
                                   "`%s` is a %s, not a span or calendar", ref->name,
                                   ent_node_kind_name((unsigned)s->kind));
        ent_diag_primary_label(d, "stretches of time are expected here");
        ent_diag_label(d, s->span, "declared here");
        return false;
    }
    ent_span_decl *span = s->decl;
    if (span == NULL)
        return false;
    use.of = span;
    if (n_feeds == 0) { /* only spans are measured: all keys of this one together */
        push_use(ck, uses, n_uses, use);
        return true;
    }
    bool ok = true;
    for (size_t i = 0; i < n_feeds; i++) {
        use.feed = feeds[i];
        if (!ent_span_keys(ck, span, feeds[i], &use.keys, &use.n_keys))
            ok = report_no_key(ck, span, feeds[i], ref) && ok;
        else
            push_use(ck, uses, n_uses, use);
    }
    return ok;
}
