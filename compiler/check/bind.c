/* Binds: how the columns of a source become the fields of a feed.
 *
 * The names on the right are columns, as text, except where a member of an enumeration, a party or
 * a service is expected; a binding that is nothing but a column is read as the field's own type. */
#include "compiler/check/checker.h"

#include <string.h>

static ent_feed_decl *bound_feed(ent_checker *ck, const ent_node *n)
{
    ent_symbol *s = ent_scope_find(&ck->top, n->name, false);
    return s != NULL && s->kind == ENT_NODE_FEED ? s->decl : NULL;
}

static void check_query(ent_checker *ck, ent_bind_decl *bind, const ent_node *n)
{
    if (!ent_same(bind->format, "prometheus")) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0430, n->span, "only Prometheus is asked a query");
        ent_diag_help(d, "`bind %s from prometheus query \"…\"`", bind->feed->name);
    } else if (bind->query != NULL) {
        (void)ent_diag_add(ck->diags, ENT_DIAG_E0430, n->span, "a bind has one query");
    }
    bind->query = n->text;
}

static void check_option(ent_checker *ck, ent_bind_decl *bind, const ent_node *n)
{
    if (ent_same(n->name, "separator")) {
        if (!ent_same(bind->format, "csv")) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0430, n->span,
                                       "%s has no cells to separate", bind->format);
            ent_diag_help(d, "leave the separator out, or read from csv");
            return;
        }
        if (n->text != NULL && n->text_len == 1 && n->text[0] != '"' && n->text[0] != '\n') {
            bind->separator = (unsigned char)n->text[0];
            return;
        }
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0430, n->span, "a separator is one character");
        ent_diag_primary_label(d, "such as \";\" or \"\\t\"");
    } else if (ent_same(n->name, "absent")) {
        ENT_PUSH_PTR(ck, bind->absents, bind->n_absents, n->text);
    } else if (ent_same(n->name, "query")) {
        check_query(ck, bind, n);
    } else {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0430, n->span, "unknown option `%s`",
                                   n->name ? n->name : "");
        ent_diag_help(d, "a bind has the options `separator`, `absent` and `query`");
    }
}

/* What live and sampled reading of the feed depends on stands in the model before clauses are
 * checked. */
void ent_bind_header(ent_checker *ck, const ent_node *n)
{
    ent_feed_decl *feed = bound_feed(ck, n);
    if (feed == NULL) {
        ent_resolve_feed(ck, &ck->top, n->name, n->name_span, false);
        return;
    }
    if (feed->bind != NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0429, n->name_span,
                                   "feed `%s` is bound twice", feed->name);
        ent_diag_label(d, feed->bind->span, "first bound here");
        return;
    }
    ent_bind_decl *bind = ent_check_alloc(ck, sizeof *bind);
    if (bind == NULL)
        return;
    *bind = (ent_bind_decl){.index = (int32_t)ck->m->n_binds,
                            .feed = feed,
                            .format = n->text,
                            .node = (ent_node *)(uintptr_t)n,
                            .span = n->name_span};
    feed->bind = bind;
    ENT_PUSH_PTR(ck, ck->m->binds, ck->m->n_binds, bind);
    const ent_node *sampled = ent_clause(n, ENT_NODE_SAMPLED),
                   *late = ent_clause(n, ENT_NODE_LATENESS);
    if (sampled != NULL && sampled->kids[0]->i > 0)
        feed->interval_ns = sampled->kids[0]->i;
    if (late != NULL)
        feed->lateness_ns = late->kids[0]->i;
    for (size_t i = 0; i < n->n_kids; i++)
        if (n->kids[i] != NULL && n->kids[i]->kind == ENT_NODE_OPTION)
            check_option(ck, bind, n->kids[i]);
    if (ent_same(bind->format, "prometheus") && bind->query == NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0430, n->name_span,
                                   "a bind from Prometheus needs a query");
        ent_diag_help(d, "say what to ask: `bind %s from prometheus query \"…\"`", feed->name);
    }
}

static void report_text(ent_checker *ck, const ent_field_decl *f, const ent_node *e)
{
    const char *source = ent_check_source_text(ck, e->span);
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0319, e->span, "field `%s` is %s, and this is text",
                     f->name, ent_ty_phrase(ck, f->type));
    ent_diag_primary_label(d, "the source's columns are text");
    ent_diag_label(d, f->span, "`%s` is declared here", f->name);
    switch (f->type.kind) {
    case ENT_TYPE_PARTY:
    case ENT_TYPE_SERVICE:
        ent_diag_help(d, "find it by name, title or alias: `%s = lookup(%s)`", f->name, source);
        break;
    case ENT_TYPE_ENUM:
        ent_diag_help(d, "say what each text stands for: `%s = match %s { \"…\" -> %s … }`",
                      f->name, source,
                      f->enumeration->n_members > 0 ? f->enumeration->members[0] : "…");
        break;
    case ENT_TYPE_DECIMAL:
        ent_diag_help(d, "read it: `%s = decimal(%s, %d)`", f->name, source, f->type.param);
        break;
    case ENT_TYPE_MONEY:
        ent_diag_help(d, "read it: `%s = money(%s, \"%s\")`", f->name, source, f->type.currency);
        break;
    case ENT_TYPE_INSTANT:
        ent_diag_help(
            d,
            "read it: `%s = parse_time(%s, \"%%d/%%m/%%Y %%H:%%M\", \"Europe/London\")`, or "
            "`instant(%s)` for RFC 3339",
            f->name, source, source);
        break;
    default:
        ent_diag_help(d, "read it: `%s = %s(%s)`", f->name, ent_ty_text(ck, f->type), source);
    }
}

static bool is_member(ent_checker *ck, const ent_field_decl *f, const char *name)
{
    if (f->type.kind == ENT_TYPE_ENUM)
        return ent_find_member(f->enumeration, name) >= 0;
    if (f->type.kind == ENT_TYPE_PARTY || f->type.kind == ENT_TYPE_SERVICE) {
        for (size_t i = 0; f->type.kind == ENT_TYPE_PARTY && i < ck->m->n_parties; i++)
            if (ent_same(ck->m->parties[i]->name, name))
                return true;
        return f->type.kind == ENT_TYPE_SERVICE && ent_find_service(ck, name) != NULL;
    }
    return false;
}

static void check_binding(ent_checker *ck, ent_bind_decl *bind, const ent_node *n)
{
    ent_field_decl *f = ent_find_field(bind->feed, n->name);
    if (f == NULL) {
        ent_report_unknown_field(ck, bind->feed, n->name, n->name_span);
        return;
    }
    for (size_t i = 0; i < bind->n_bindings; i++)
        if (bind->bindings[i].field == f) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0214, n->name_span,
                                       "field `%s` is bound twice", f->name);
            ent_diag_label(d, bind->bindings[i].span, "first bound here");
            return;
        }
    const ent_node *from = ent_kid(n, 0);
    ent_env env = ent_env_make(ENT_ENV_BIND, &ck->top);
    env.bind = bind;
    bool bare = from->kind == ENT_NODE_NAME && !is_member(ck, f, from->name);
    bare = bare || (from->kind == ENT_NODE_MEMBER && from->kids[0]->kind == ENT_NODE_NAME);
    ent_node *e = ent_expr(ck, &env, from, bare ? ent_ty(ENT_TYPE_NONE) : f->type);
    ent_binding_decl *b = ENT_PUSH(ck, bind->bindings, bind->n_bindings);
    if (b == NULL)
        return;
    *b = (ent_binding_decl){.field = f, .span = n->span};
    if (bare && e->decl_kind == ENT_DECL_COLUMN) {
        b->column = e->decl;
        return;
    }
    b->expr = ent_coerce(ck, &env, e, f->type);
    if (b->expr != NULL || e->type.kind == ENT_TYPE_ERROR || f->type.kind == ENT_TYPE_ERROR)
        return;
    b->expr = ck->error_node;
    if (e->type.kind == ENT_TYPE_TEXT) {
        report_text(ck, f, e);
        return;
    }
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0306, e->span, "field `%s` is %s, not %s",
                               f->name, ent_ty_phrase(ck, f->type), ent_ty_phrase(ck, e->type));
    ent_label_type(ck, d, e, true);
    ent_diag_label(d, f->span, "`%s` is declared here", f->name);
}

void ent_check_bind(ent_checker *ck, const ent_node *n)
{
    ent_feed_decl *feed = bound_feed(ck, n);
    if (feed == NULL || feed->bind == NULL || feed->bind->node != n)
        return;
    for (size_t i = 0; i < n->n_kids; i++)
        if (n->kids[i] != NULL && n->kids[i]->kind == ENT_NODE_BINDING)
            check_binding(ck, feed->bind, n->kids[i]);
}
