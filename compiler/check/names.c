/* Names: symbols of the file level and of an agreement, parties and services, and what is said when
 * one is not known.  Invariants: one namespace for feeds, calendars, spans, measures, functions and
 * duties (a duty is a feed of outcomes); objectives share one with duties.  A member of an
 * agreement hides what the files share, with a warning. */
#include "compiler/check/checker.h"

#include <string.h>

#include "compiler/syntax/diag_internal.h"
#include "runtime/time/zone.h"

bool ent_broken(ent_checker *ck, ent_span span)
{
    for (size_t i = 0; i < ck->diags->n; i++) {
        const ent_diag *d = ck->diags->list[i];
        if (d->code < ENT_DIAG_E0201 && d->span.file == span.file && d->span.start >= span.start &&
            d->span.start <= span.end)
            return true;
    }
    return false;
}

bool ent_hidden(ent_checker *ck, const char *name, const char *const *names, size_t n)
{
    return ck->incomplete && (name == NULL || ent_diag_suggest(name, names, n) == NULL);
}

static bool shares_namespace(int a, int b)
{
    if (a == ENT_NODE_OBJECTIVE || b == ENT_NODE_OBJECTIVE)
        return (a == ENT_NODE_OBJECTIVE || a == ENT_NODE_DUTY) &&
               (b == ENT_NODE_OBJECTIVE || b == ENT_NODE_DUTY);
    return true;
}

static void warn_shadowed(ent_checker *ck, const ent_scope *scope, const ent_node *node, int kind)
{
    if (scope->outer == NULL || kind == ENT_NODE_OBJECTIVE)
        return;
    for (size_t i = 0; i < scope->outer->n; i++) {
        const ent_symbol *s = &scope->outer->v[i];
        if (!ent_same(s->name, node->name) || !shares_namespace(s->kind, kind))
            continue;
        ent_diag *d = ent_diag_add(
            ck->diags, ENT_DIAG_W0202, node->name_span, "%s `%s` hides the %s of the same name",
            ent_node_kind_name((unsigned)kind), node->name, ent_node_kind_name((unsigned)s->kind));
        ent_diag_label(d, s->span, "this one cannot be named within the agreement");
        return;
    }
}

static const char *kind_phrase(int kind)
{
    switch (kind) {
    case ENT_NODE_FEED:
        return "a feed";
    case ENT_NODE_CALENDAR:
        return "a calendar";
    case ENT_NODE_SPAN:
        return "a span";
    case ENT_NODE_MEASURE:
        return "a measure";
    case ENT_NODE_DUTY:
        return "a duty";
    case ENT_NODE_OBJECTIVE:
        return "an objective";
    default:
        return "a function";
    }
}

ent_symbol *ent_scope_add(ent_checker *ck, ent_scope *scope, int kind, const ent_node *node,
                          bool is_main)
{
    if (node->name == NULL)
        return NULL;
    for (size_t i = 0; i < scope->n; i++) {
        ent_symbol *s = &scope->v[i];
        if (!ent_same(s->name, node->name) || !shares_namespace(s->kind, kind))
            continue;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0213, node->name_span,
                                   "`%s` is declared twice", node->name);
        ent_diag_primary_label(d, "%s of this name", kind_phrase(kind));
        ent_diag_label(d, s->span, "first declared here, as %s", kind_phrase(s->kind));
        ent_diag_help(d, "give one of them another name");
        s->used = true; /* which one is meant is not known: say nothing more about either */
        return NULL;
    }
    warn_shadowed(ck, scope, node, kind);
    ent_symbol *s = ENT_PUSH(ck, scope->v, scope->n);
    if (s == NULL)
        return NULL;
    *s = (ent_symbol){.kind = kind,
                      .name = node->name,
                      .node = node,
                      .span = node->name_span,
                      .is_main = is_main};
    return s;
}

ent_symbol *ent_scope_find(ent_scope *scope, const char *name, bool outward)
{
    for (ent_scope *at = scope; at != NULL; at = outward ? at->outer : NULL)
        for (size_t i = 0; i < at->n; i++)
            if (ent_same(at->v[i].name, name) && at->v[i].kind != ENT_NODE_OBJECTIVE)
                return &at->v[i];
    return NULL;
}

void ent_check_unused(ent_checker *ck, ent_scope *scope)
{
    if (ck->incomplete || ent_diags_error_count(ck->diags) > 0)
        return; /* what would have used it may be what is wrong */
    for (size_t i = 0; i < scope->n; i++) {
        ent_symbol *s = &scope->v[i];
        bool named = s->kind == ENT_NODE_CALENDAR || s->kind == ENT_NODE_SPAN ||
                     s->kind == ENT_NODE_MEASURE || s->kind == ENT_NODE_FN ||
                     s->kind == ENT_NODE_EXTERN_FN || s->kind == ENT_NODE_FEED;
        bool answers = s->kind == ENT_NODE_SPAN && ent_kid(s->node, 3) != NULL;
        if (!named || s->used || !s->is_main || answers)
            continue; /* a span `caused by` someone says whose time it is, named or not */
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_W0201, s->span, "%s `%s` is never used",
                                   ent_node_kind_name((unsigned)s->kind), s->name);
        ent_diag_primary_label(d, "no clause names it");
    }
}

ent_party_decl *ent_find_party(ent_checker *ck, const char *name)
{
    ent_party_decl *holder = NULL;
    for (size_t i = 0; i < ck->m->n_parties; i++) {
        ent_party_decl *p = ck->m->parties[i];
        if (ent_same(p->name, name))
            return p;
        if ((p->role == ENT_ROLE_CLIENT && ent_same(name, "client")) ||
            (p->role == ENT_ROLE_INTEGRATOR && ent_same(name, "integrator")))
            holder = p;
    }
    return holder;
}

ent_service_decl *ent_find_service(ent_checker *ck, const char *name)
{
    for (size_t i = 0; i < ck->m->n_services; i++)
        if (ent_same(ck->m->services[i]->name, name))
            return ck->m->services[i];
    return NULL;
}

ent_field_decl *ent_find_field(const ent_feed_decl *feed, const char *name)
{
    for (size_t i = 0; feed != NULL && i < feed->n_fields; i++)
        if (ent_same(feed->fields[i]->name, name))
            return feed->fields[i];
    return NULL;
}

int32_t ent_find_member(const ent_enumeration_decl *e, const char *name)
{
    for (size_t i = 0; e != NULL && i < e->n_members; i++)
        if (ent_same(e->members[i], name))
            return (int32_t)i;
    return -1;
}

static ent_symbol *find_rows(ent_scope *scope, const char *name)
{
    for (ent_scope *at = scope; at != NULL; at = at->outer)
        for (size_t i = 0; i < at->n; i++)
            if (ent_same(at->v[i].name, name) && at->v[i].kind != ENT_NODE_OBJECTIVE)
                return &at->v[i];
    return NULL;
}

/* Where an amendment took out what has this name. */
static const ent_node *removal_of(const ent_scope *scope, const char *name)
{
    const ent_agreement_decl *a = scope->agreement;
    for (; a != NULL; a = a->before)
        for (uint32_t i = 0; i < a->node->n_kids; i++)
            if (a->node->kids[i]->kind == ENT_NODE_REMOVE && ent_same(a->node->kids[i]->name, name))
                return a->node->kids[i];
    return NULL;
}

static void report_unknown_feed(ent_checker *ck, ent_scope *scope, const char *name, ent_span span,
                                bool outcomes_too)
{
    const char **names = NULL;
    size_t n = 0;
    for (ent_scope *at = scope; at != NULL; at = at->outer)
        for (size_t i = 0; i < at->n; i++)
            if (at->v[i].kind == ENT_NODE_FEED || (outcomes_too && at->v[i].kind == ENT_NODE_DUTY))
                ENT_PUSH_PTR(ck, names, n, at->v[i].name);
    for (size_t i = 0; i < ck->n_unknown_feeds; i++)
        if (ent_same(ck->unknown_feeds[i], name))
            return; /* one missing declaration, one error */
    if (ent_hidden(ck, name, names, n))
        return;
    if (ent_diag_suggest(name, names, n) == NULL)
        ENT_PUSH_PTR(ck, ck->unknown_feeds, ck->n_unknown_feeds, name);
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0204, span, "unknown feed%s `%s`",
                               outcomes_too ? " or duty" : "", name);
    const ent_node *removal = removal_of(scope, name);
    ent_diag_primary_label(d, "%s", removal != NULL ? "this is taken over what is removed"
                                                    : "nothing of this name gives rows");
    if (removal != NULL) {
        ent_diag_label(d, removal->span, "from here on there is no `%s`", name);
        ent_diag_help(d, "let the amendment remove or replace what needs it, too");
        return;
    }
    ent_check_suggest(ck, d, span, name, names, n, "feeds in reach");
    if (n == 0 && (ent_same(name, "ticket") || ent_same(name, "change")))
        ent_diag_help(d, "`use std.itsm` declares the feed `%s`", name);
    if (ent_same(name, "claim"))
        ent_diag_help(d, "`use std.claims` declares the feed `claim`");
    if (n == 0 && ent_same(name, "probe"))
        ent_diag_help(d, "`use std.probe` declares the feed `probe`");
}

/* A feed that could not be read whole may have the field or event. */
static bool feed_broken(ent_checker *ck, const ent_feed_decl *feed)
{
    return ck->incomplete && feed->kind == ENT_FEED_SOURCE && ent_broken(ck, feed->node->span);
}

ent_feed_decl *ent_resolve_feed(ent_checker *ck, ent_scope *scope, const char *name, ent_span span,
                                bool outcomes_too)
{
    ent_symbol *s = find_rows(scope, name);
    if (s == NULL) {
        report_unknown_feed(ck, scope, name, span, outcomes_too);
        return NULL;
    }
    s->used = true;
    if (s->kind == ENT_NODE_FEED)
        return s->decl;
    if (s->kind == ENT_NODE_DUTY && outcomes_too) {
        ent_duty_decl *duty = s->decl;
        return duty == NULL ? NULL : duty->outcomes;
    }
    if (s->kind == ENT_NODE_DUTY) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0440, span,
                                   "the outcomes of duty `%s` can be measured, not awaited", name);
        ent_diag_primary_label(d, "an event of a feed is expected here");
        ent_diag_label(d, s->span, "`%s` is a duty", name);
        ent_diag_help(d, "name the event that the duty itself is discharged by");
        return NULL;
    }
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0221, span, "`%s` is a %s, not a feed", name,
                               ent_node_kind_name((unsigned)s->kind));
    ent_diag_primary_label(d, "a feed%s is expected here", outcomes_too ? " or a duty" : "");
    ent_diag_label(d, s->span, "declared here");
    return NULL;
}

ent_party_decl *ent_resolve_party(ent_checker *ck, const char *name, ent_span span)
{
    ent_party_decl *p = ent_find_party(ck, name);
    if (p != NULL || ck->n_framework_nodes == 0)
        return p; /* without a framework that has been reported */
    const char **names = NULL;
    size_t n = 0;
    for (size_t i = 0; i < ck->m->n_parties; i++)
        ENT_PUSH_PTR(ck, names, n, ck->m->parties[i]->name);
    if (ent_hidden(ck, name, names, n))
        return NULL;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0202, span, "unknown party `%s`", name);
    ent_diag_primary_label(d, "the framework has no such party");
    ent_check_suggest(ck, d, span, name, names, n, "the framework's parties are");
    return NULL;
}

ent_service_decl *ent_resolve_service(ent_checker *ck, const char *name, ent_span span)
{
    ent_service_decl *s = ent_find_service(ck, name);
    if (s != NULL || ck->n_framework_nodes == 0)
        return s;
    const char **names = NULL;
    size_t n = 0;
    for (size_t i = 0; i < ck->m->n_services; i++)
        ENT_PUSH_PTR(ck, names, n, ck->m->services[i]->name);
    if (ent_hidden(ck, name, names, n))
        return NULL;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0203, span, "unknown service `%s`", name);
    ent_diag_primary_label(d, "the framework has no such service");
    ent_check_suggest(ck, d, span, name, names, n, "the framework's services are");
    return NULL;
}

void ent_report_unknown_field(ent_checker *ck, const ent_feed_decl *feed, const char *name,
                              ent_span span)
{
    const char **names = NULL;
    size_t n = 0;
    for (size_t i = 0; i < feed->n_fields; i++)
        ENT_PUSH_PTR(ck, names, n, feed->fields[i]->name);
    if (feed_broken(ck, feed))
        return;
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0205, span, "%s `%s` has no field `%s`",
                     feed->kind == ENT_FEED_OUTCOMES ? "an outcome of" : "feed", feed->name, name);
    ent_diag_primary_label(d, "unknown field");
    ent_diag_label(d, feed->span, "`%s` is declared here", feed->name);
    ent_check_suggest(ck, d, span, name, names, n, "its fields are");
}

void ent_report_unknown_member(ent_checker *ck, const ent_enumeration_decl *e, const char *name,
                               ent_span span)
{
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0206, span, "`%s` is no member of `%s`", name, e->name);
    ent_diag_primary_label(d, "unknown member");
    if (e->n_members > 0)
        ent_diag_label(d, ent_span_join(e->member_spans[0], e->member_spans[e->n_members - 1]),
                       "its members are declared here");
    ent_check_suggest(ck, d, span, name, e->members, e->n_members, "its members are");
}

void ent_report_currency(ent_checker *ck, const char *code, ent_span span)
{
    static const char *const common[] = {"EUR", "GBP", "USD", "CHF", "JPY", "SEK",
                                         "NOK", "DKK", "PLN", "CZK", "CAD", "AUD",
                                         "NZD", "INR", "CNY", "BRL", "ZAR"};
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0217, span, "unknown currency `%s`", code);
    ent_diag_primary_label(d, "not a code of ISO 4217");
    const char *best = ent_diag_suggest(code, common, sizeof common / sizeof *common);
    if (best != NULL)
        ent_diag_fix(d, span, best, "did you mean `%s`?", best);
}

/* Where the parser kept the place of the name within a clause, that; else the clause. */
ent_span ent_name_span(const ent_node *n)
{
    return n->name_span.end > n->name_span.start ? n->name_span : n->span;
}

/* The zone of the database whose name is nearest, from the table that lists the inhabited ones; NULL: none. */
static const char *near_zone(ent_checker *ck, const char *zone)
{
    enum { ZONES_MAX = 1024 };
    const char **names = ent_check_alloc(ck, ZONES_MAX * sizeof *names);
    const char *dir = ck->options->zoneinfo_dir == NULL ? ENT_ZONE_DIR_DEFAULT : ck->options->zoneinfo_dir;
    const char *path = ent_arena_printf(ck->arena, "%s/zone.tab", dir);
    size_t len = 0, n = 0;
    int error = 0;
    bool room = names != NULL && path != NULL;
    char *text = room ? ent_check_read(ck->options, ck->arena, path, &len, &error) : NULL;
    for (char *line = text, *next; line != NULL && n < ZONES_MAX; line = next) {
        next = strchr(line, '\n');
        next = next == NULL ? NULL : next + 1;
        size_t end = strcspn(line, "\n");
        line[end] = '\0';
        char *name = line[0] == '#' ? NULL : strchr(line, '\t');
        name = name == NULL ? NULL : strchr(name + 1, '\t'); /* country, coordinates, name, comments */
        if (name != NULL) {
            name[1 + strcspn(name + 1, "\t")] = '\0';
            names[n++] = name + 1;
        }
    }
    return n == 0 ? NULL : ent_diag_suggest(zone, names, n);
}

bool ent_check_zone(ent_checker *ck, const char *zone, ent_span span)
{
    for (size_t i = 0; i < ck->n_zones_known; i++)
        if (ent_same(ck->zones_known[i], zone))
            return true;
    char why[160] = "";
    ent_zone *z = ent_zone_load(ck->options->zoneinfo_dir, zone, why, sizeof why);
    if (z != NULL) {
        ent_zone_free(z);
        ENT_PUSH_PTR(ck, ck->zones_known, ck->n_zones_known, zone);
        return true;
    }
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0216, span, "unknown time zone `%s`", zone);
    const char *reason = strstr(why, "`: "); /* behind the name */
    ent_diag_primary_label(d, "%s", reason == NULL ? why : reason + 3);
    const char *best = near_zone(ck, zone);
    const char *mend = best == NULL ? NULL : ent_arena_printf(ck->arena, "\"%s\"", best);
    size_t written = 0;
    const char *source = ent_sources_text(ck->diags->sources, span.file, &written);
    bool there = source != NULL && span.end <= written;
    const char *name = there ? memchr(source + span.start, '"', span.end - span.start) : NULL;
    if (mend != NULL && name != NULL) {
        uint32_t start = (uint32_t)(name - source);
        ent_span text = {span.file, start, start + (uint32_t)strlen(zone) + 2};
        ent_diag_fix(d, text, mend, "did you mean %s?", mend);
    } else {
        ent_diag_help(d, "write a name of the IANA database such as \"Europe/London\" or \"UTC\"");
    }
    return false;
}
