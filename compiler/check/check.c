/* The checker's entry: collects declarations, then checks them in an order in which each finds what
 * it names: framework, feeds, binds' headers, calendars, functions, spans, measures, agreements,
 * rules. */
#include "compiler/check/checker.h"

bool ent_is_main(const ent_checker *ck, const ent_node *node)
{
    for (size_t i = ck->n_files - ck->n_main; i < ck->n_files; i++)
        if (ck->files[i]->span.file == node->span.file)
            return true;
    return false;
}

static bool is_shared(const ent_node *n)
{
    return n->kind == ENT_NODE_CALENDAR || n->kind == ENT_NODE_SPAN ||
           n->kind == ENT_NODE_MEASURE || n->kind == ENT_NODE_FN || n->kind == ENT_NODE_EXTERN_FN;
}

static void collect(ent_checker *ck, const ent_node *n)
{
    switch (n->kind) {
    case ENT_NODE_USE:
        ck->incomplete = ck->incomplete || n->decl_kind != 0; /* the loader could not read it */
        break;
    case ENT_NODE_FRAMEWORK:
        if (ck->n_framework_nodes > 0) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0402, n->name_span,
                                       "a second framework, `%s`", n->name);
            ent_diag_primary_label(d, "files that are checked together have one framework");
            ent_diag_label(d, ck->framework_nodes[0]->name_span, "the first one");
        } else {
            ENT_PUSH_PTR(ck, ck->framework_nodes, ck->n_framework_nodes, n);
            for (size_t i = 0; i < n->n_kids; i++)
                if (is_shared(n->kids[i]))
                    collect(ck, n->kids[i]);
        }
        break;
    case ENT_NODE_SLA:
    case ENT_NODE_OLA:
        ENT_PUSH_PTR(ck, ck->agreement_nodes, ck->n_agreement_nodes, n);
        break;
    case ENT_NODE_AMENDMENT:
        ENT_PUSH_PTR(ck, ck->amendment_nodes, ck->n_amendment_nodes, n);
        break;
    case ENT_NODE_FEED:
    case ENT_NODE_CALENDAR:
    case ENT_NODE_SPAN:
    case ENT_NODE_MEASURE:
    case ENT_NODE_FN:
    case ENT_NODE_EXTERN_FN:
        ent_scope_add(ck, &ck->top, n->kind, n, ent_is_main(ck, n));
        break;
    case ENT_NODE_DUTY:
    case ENT_NODE_OBJECTIVE: {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0449, n->name_span, "%s `%s` stands in no agreement",
                         ent_node_kind_name(n->kind), n->name);
        ent_diag_primary_label(d, "who would owe it to whom?");
        ent_diag_help(d, "move it into an `sla` or `ola`");
        break;
    }
    default:
        break;
    }
}

static void each(ent_checker *ck, unsigned kind, void (*check)(ent_checker *, const ent_node *))
{
    for (size_t i = 0; i < ck->n_files; i++)
        for (size_t j = 0; j < ck->files[i]->n_kids; j++)
            if (ck->files[i]->kids[j]->kind == kind)
                check(ck, ck->files[i]->kids[j]);
}

void ent_check_scope(ent_checker *ck, ent_scope *scope)
{
    for (size_t i = 0; i < scope->n; i++)
        if (scope->v[i].kind == ENT_NODE_CALENDAR)
            ent_check_calendar(ck, scope, &scope->v[i]);
    for (size_t i = 0; i < scope->n; i++)
        if (scope->v[i].kind == ENT_NODE_FN || scope->v[i].kind == ENT_NODE_EXTERN_FN)
            ent_declare_fn(ck, scope, &scope->v[i]);
    for (size_t i = 0; i < scope->n; i++)
        if (scope->v[i].kind == ENT_NODE_FN)
            ent_check_fn(ck, scope, &scope->v[i]);
    for (size_t i = 0; i < scope->n; i++)
        if (scope->v[i].kind == ENT_NODE_SPAN)
            ent_check_span(ck, scope, &scope->v[i]);
    for (size_t i = 0; i < scope->n; i++)
        if (scope->v[i].kind == ENT_NODE_MEASURE)
            ent_declare_measure(ck, scope, &scope->v[i]);
}

static void check_feeds(ent_checker *ck)
{
    for (size_t i = 0; i < ck->top.n; i++)
        if (ck->top.v[i].kind == ENT_NODE_FEED)
            ent_check_feed(ck, &ck->top.v[i]);
}

static void check_pools(ent_checker *ck)
{
    const ent_node *f = ck->n_framework_nodes > 0 ? ck->framework_nodes[0] : NULL;
    for (size_t i = 0; f != NULL && i < f->n_kids; i++)
        if (f->kids[i]->kind == ENT_NODE_POOL)
            ent_check_pool(ck, f->kids[i]);
}

/* A bind is a use of its feed: who binds a feed means to run it. */
static void mark_bound(ent_checker *ck)
{
    for (size_t i = 0; i < ck->top.n; i++) {
        ent_symbol *s = &ck->top.v[i];
        const ent_feed_decl *feed = s->kind == ENT_NODE_FEED ? s->decl : NULL;
        s->used = s->used || (feed != NULL && feed->bind != NULL);
    }
}

static void check_all(ent_checker *ck)
{
    ck->incomplete = ent_diags_error_count(ck->diags) > 0;
    for (size_t i = 0; i < ck->n_files; i++)
        for (size_t j = 0; j < ck->files[i]->n_kids; j++)
            collect(ck, ck->files[i]->kids[j]);
    if (ck->n_framework_nodes > 0)
        ent_check_framework(ck, ck->framework_nodes[0]);
    check_feeds(ck);
    each(ck, ENT_NODE_BIND, ent_bind_header);
    ent_check_scope(ck, &ck->top);
    each(ck, ENT_NODE_BIND, ent_check_bind);
    if (ck->n_framework_nodes > 0)
        ent_check_framework_cap(ck, ck->framework_nodes[0]);
    ent_check_agreements(ck);
    ent_check_causes(ck);
    for (size_t i = 0; i < ck->top.n; i++)
        if (ck->top.v[i].kind == ENT_NODE_MEASURE && !ck->top.v[i].used)
            ent_check_measure(ck, &ck->top, &ck->top.v[i]);
    if (ck->n_framework_nodes > 0)
        ent_check_rules(ck, ck->framework_nodes[0]);
    check_pools(ck);
    each(ck, ENT_NODE_SCENARIO, ent_check_scenario);
    mark_bound(ck);
    if (ck->n_agreement_nodes > 0)
        ent_check_unused(ck, &ck->top);
}

ent_model *ent_check(ent_arena *arena, ent_sources *sources, ent_diags *diags, ent_node **files,
                     size_t n_files, size_t n_main, const ent_check_options *options)
{
    static const ent_check_options defaults = {0};
    ent_checker *ck = ent_arena_alloc(arena, sizeof *ck);
    ent_model *m = ent_arena_alloc(arena, sizeof *m);
    ent_node *error = ent_arena_alloc(arena, sizeof *error);
    if (ck == NULL || m == NULL || error == NULL)
        return NULL;
    *m = (ent_model){.arena = arena, .sources = sources};
    *error = (ent_node){.kind = ENT_NODE_ERROR, .type = {.kind = ENT_TYPE_ERROR}};
    *ck = (ent_checker){.arena = arena,
                        .sources = sources,
                        .diags = diags,
                        .m = m,
                        .error_node = error,
                        .options = options != NULL ? options : &defaults,
                        .files = files,
                        .n_files = n_files,
                        .n_main = n_main > n_files ? n_files : n_main};
    check_all(ck);
    return ent_arena_failed(arena) ? NULL : m;
}
