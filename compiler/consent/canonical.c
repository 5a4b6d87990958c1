/* See canonical.h. */
#include "compiler/consent/canonical.h"

#include <string.h>

#include "compiler/syntax/arena.h"
#include "compiler/syntax/parse.h"

typedef struct list {
    const void **v;
    size_t n, cap;
} list;

typedef struct canon {
    const ent_model *m;
    const ent_agreement_decl *a;
    ent_text *out;
    list names;  /* interned; those from `done` on have not been looked up */
    list shared; /* nodes of declarations outside of the agreement */
    bool failed;
} canon;

static void add(canon *c, list *l, const void *item)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->v[i] == item) {
            return;
        }
    }
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 32 : l->cap * 2;
        const void **v = ent_arena_grow_array(c->m->arena, l->v, l->n, cap, sizeof *v);
        if (v == NULL) {
            c->failed = true;
            return;
        }
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = item;
}

/* --- what an agreement depends on --- */

/* The name is one of the construct's own, or one behind a dot. */
static bool is_own_name(const ent_node *n)
{
    switch (n->kind) {
    case ENT_NODE_MEMBER:
    case ENT_NODE_FIELD:
    case ENT_NODE_BINDING:
    case ENT_NODE_OPTION:
    case ENT_NODE_PARAM:
    case ENT_NODE_TYPE:
    case ENT_NODE_QUANTIFIER:
        return true;
    default:
        return false;
    }
}

static void add_names(canon *c, const ent_node *n)
{
    if (n == NULL) {
        return;
    }
    if (n->name != NULL && !is_own_name(n)) {
        add(c, &c->names, n->name);
    }
    for (uint32_t i = 0; i < n->n_kids; i++) {
        add_names(c, n->kids[i]);
    }
}

/* Another agreement's own is not meant by a name in this one. */
static bool is_shared(const canon *c, const ent_node *n)
{
    for (size_t i = 0; i < c->m->n_agreements; i++) {
        const ent_agreement_decl *a = c->m->agreements[i];
        for (size_t k = 0; k < a->n_members && !a->is_framework; k++) {
            if (a->members[k] == n) {
                return false;
            }
        }
    }
    return true;
}

static void add_shared(canon *c, const char *name, const char *of, const ent_node *n)
{
    if (name == of && n != NULL && is_shared(c, n)) {
        add(c, &c->shared, n);
        add_names(c, n);
    }
}

static void look_up(canon *c, const char *name)
{
    const ent_model *m = c->m;
    for (size_t i = 0; i < m->n_feeds; i++) {
        if (m->feeds[i]->kind == ENT_FEED_SOURCE) {
            add_shared(c, name, m->feeds[i]->name, m->feeds[i]->node);
            if (m->feeds[i]->bind != NULL) {
                add_shared(c, name, m->feeds[i]->name, m->feeds[i]->bind->node);
            }
        }
    }
    for (size_t i = 0; i < m->n_calendars; i++) {
        add_shared(c, name, m->calendars[i]->name, m->calendars[i]->node);
    }
    for (size_t i = 0; i < m->n_spans; i++) {
        add_shared(c, name, m->spans[i]->name, m->spans[i]->node);
    }
    for (size_t i = 0; i < m->n_fns; i++) {
        add_shared(c, name, m->fns[i]->name, m->fns[i]->node);
    }
    for (size_t i = 0; i < m->n_measures; i++) {
        add_shared(c, name, m->measures[i]->name, m->measures[i]->node);
    }
    for (size_t i = 0; i < m->n_services; i++) {
        add_shared(c, name, m->services[i]->name, m->services[i]->node);
    }
    for (size_t i = 0; i < m->n_parties; i++) {
        add_shared(c, name, m->parties[i]->name, m->parties[i]->node);
    }
}

/* The client and the integrator have a part in every agreement; so do the services of its parties, with
 * whatever these depend on. */
static void add_club(canon *c)
{
    const ent_model *m = c->m;
    for (size_t i = 0; i < m->n_parties; i++) {
        const ent_party_decl *p = m->parties[i];
        if (p == c->a->supplier || p == c->a->customer || p->role != ENT_ROLE_PROVIDER) {
            add(c, &c->names, p->name);
        }
    }
    for (size_t i = 0; i < m->n_services; i++) {
        const ent_party_decl *by = m->services[i]->provider;
        if (by == c->a->supplier || by == c->a->customer) {
            add(c, &c->names, m->services[i]->name);
        }
    }
}

static void collect(canon *c)
{
    add_club(c);
    for (size_t i = 0; i < c->a->n_members; i++) {
        add_names(c, c->a->members[i]);
    }
    for (size_t i = 0; i < c->a->n_caps; i++) {
        add_names(c, c->a->caps[i]->amount == NULL ? NULL : c->a->caps[i]->amount->expr);
    }
    if (c->a->claims != NULL) {
        add(c, &c->names, c->a->claims->feed->name);
    }
    if (c->a->at_risk != NULL && c->a->at_risk->amount != NULL) {
        add_names(c, c->a->at_risk->amount->expr);
    }
    for (size_t i = 0; i < c->names.n; i++) {
        look_up(c, c->names.v[i]);
    }
}

/* --- the text --- */

static void put_quoted(canon *c, const char *before, const char *text, size_t len)
{
    ent_text_puts(c->out, before);
    ent_text_json(c->out, text, len);
}

static void put_name(canon *c, const char *before, const char *text)
{
    if (text != NULL) {
        put_quoted(c, before, text, strlen(text));
    }
}

static void put_q(canon *c, const char *before, ent_q q)
{
    char text[ENT_Q_TEXT_SIZE];
    (void)ent_q_format_fraction(q, text, sizeof text);
    ent_text_printf(c->out, "%s%s", before, text);
}

/* A holiday file counts by what is in it, not by its name. */
static void put_files(canon *c, const ent_node *node)
{
    for (size_t i = 0; i < c->m->n_calendars; i++) {
        const ent_calendar_decl *calendar = c->m->calendars[i];
        if (calendar->node != node) {
            continue;
        }
        for (size_t k = 0; k < calendar->n_files; k++) {
            char digest[ENT_HASH_TEXT_SIZE];
            c->failed |= !ent_hash_hex(calendar->files[k].bytes, calendar->files[k].n_bytes, digest);
            ent_text_printf(c->out, " (file %s)", c->failed ? "" : digest);
        }
        return; /* copies of one declaration have the same files */
    }
}

static void put_node(canon *c, const ent_node *n)
{
    if (n == NULL) {
        ent_text_puts(c->out, " -");
        return;
    }
    ent_text_puts(c->out, " (");
    ent_text_puts(c->out, ent_node_kind_name(n->kind));
    if (n->op != 0) {
        ent_text_printf(c->out, " %u", (unsigned)n->op);
    }
    put_name(c, " name ", n->name);
    put_name(c, " title ", n->title);
    if (n->text != NULL && n->kind != ENT_NODE_CLOSED_ON) {
        put_quoted(c, " text ", n->text, n->text_len != 0 ? n->text_len : strlen(n->text));
    }
    if (n->i != 0) {
        ent_text_printf(c->out, " int %lld", (long long)n->i);
    }
    if (n->q.den != 0 && n->q.num != 0) {
        put_q(c, " ratio ", n->q);
    }
    for (uint32_t i = 0; i < n->n_kids; i++) {
        put_node(c, n->kids[i]);
    }
    if (n->kind == ENT_NODE_CALENDAR) {
        put_files(c, n);
    }
    ent_text_putc(c->out, ')');
}

static void put_line(canon *c, const ent_node *n)
{
    put_node(c, n);
    ent_text_putc(c->out, '\n');
}

/* Dates as they are written: a later amendment ends a version and does not change it. */
static void put_dates(canon *c)
{
    const ent_agreement_decl *a = c->a;
    const ent_node *until = NULL;
    for (const ent_agreement_decl *v = a; v != NULL && until == NULL; v = v->before) {
        for (uint32_t i = 0; i < v->node->n_kids; i++) {
            const ent_node *k = v->node->kids[i];
            until = k->kind == ENT_NODE_EFFECTIVE ? k->kids[1] : until;
        }
    }
    ent_text_printf(c->out, "from day %lld", (long long)a->from_day);
    if (until != NULL) {
        ent_text_printf(c->out, " to day %lld", (long long)until->i);
    }
    ent_text_putc(c->out, '\n');
}

static void put_cap(canon *c, const char *word, const ent_cap_decl *cap)
{
    if (cap == NULL || cap->amount == NULL) {
        return;
    }
    ent_text_printf(c->out, "%s %d unit %d months %lld", word, cap->amount->kind, cap->unit,
                    (long long)cap->months);
    if (cap->amount->q.den != 0) {
        put_q(c, " ratio ", cap->amount->q);
    }
    put_name(c, " currency ", cap->amount->currency);
    if (cap->amount->expr != NULL) {
        put_node(c, cap->amount->expr);
    }
    ent_text_putc(c->out, '\n');
}

static void put_head(canon *c)
{
    const ent_agreement_decl *a = c->a;
    ent_text_printf(c->out, "entente agreement, canonical form 1\n%s", a->kind == 0 ? "sla" : "ola");
    put_name(c, " name ", a->name);
    put_name(c, " title ", a->title);
    ent_text_printf(c->out, "\nversion %lld\n", (long long)a->version);
    put_name(c, "supplier ", a->supplier->name);
    put_name(c, "\ncustomer ", a->customer->name);
    if (a->amendment != NULL) {
        put_name(c, "\namendment ", a->amendment);
        put_name(c, " title ", a->node->title);
    }
    ent_text_putc(c->out, '\n');
    put_dates(c);
    put_name(c, "timezone ", a->zone);
    put_name(c, "\ncurrency ", a->currency);
    ent_text_putc(c->out, '\n');
    if (a->has_charge) {
        put_q(c, "charge ", a->charge);
        put_name(c, " currency ", a->charge_currency);
        ent_text_printf(c->out, " unit %d\n", a->charge_unit);
    }
    for (size_t i = 0; i < a->n_caps; i++) {
        put_cap(c, "credit cap", a->caps[i]);
    }
    put_cap(c, "at risk", a->at_risk);
    if (a->claims != NULL) {
        put_name(c, "credits on ", a->claims->feed->name);
        ent_text_printf(c->out, " within %lld\n", (long long)a->claims->within_ns);
    }
}

static void put_framework(canon *c)
{
    const ent_framework_decl *f = c->m->framework;
    if (f == NULL) {
        return;
    }
    put_name(c, "framework ", f->name);
    put_name(c, " title ", f->title);
    ent_text_printf(c->out, " policies %u\n", f->policies);
    for (size_t i = 0; i < f->n_answers; i++) {
        ent_text_printf(c->out, "answers %d %d\n", f->answers[i].from_role, f->answers[i].to_role);
    }
}

static int compare_text(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b);
}

/* The order of feeds settles ties, so it is meant; others stand by kind and name. */
static int compare(const ent_node *a, const ent_node *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return a->kind == ENT_NODE_FEED ? 0 : compare_text(a->name, b->name);
}

static void put_shared(canon *c)
{
    const ent_model *m = c->m;
    const ent_node **v = (const ent_node **)c->shared.v;
    for (size_t i = 1; i < c->shared.n; i++) {
        for (size_t k = i; k > 0 && compare(v[k - 1], v[k]) > 0; k--) {
            const ent_node *n = v[k];
            v[k] = v[k - 1];
            v[k - 1] = n;
        }
    }
    for (size_t i = 0; i < m->n_feeds; i++) {
        for (size_t k = 0; k < c->shared.n; k++) {
            if (v[k]->kind == ENT_NODE_FEED && v[k] == m->feeds[i]->node) {
                put_line(c, v[k]);
            }
        }
    }
    for (size_t i = 0; i < c->shared.n; i++) {
        if (v[i]->kind != ENT_NODE_FEED) {
            put_line(c, v[i]);
        }
    }
}

void ent_canonical_agreement(const ent_model *model, const ent_agreement_decl *agreement,
                             ent_text *out)
{
    canon c = {.m = model, .a = agreement, .out = out};
    collect(&c);
    put_head(&c);
    for (size_t i = 0; i < agreement->n_members; i++) {
        put_line(&c, agreement->members[i]);
    }
    put_framework(&c);
    put_shared(&c);
    out->failed = out->failed || c.failed;
}

void ent_canonical_node(const ent_model *model, const ent_node *node, ent_text *out)
{
    canon c = {.m = model, .out = out};
    put_node(&c, node);
    out->failed = out->failed || c.failed;
}

bool ent_canonical_digest(const ent_model *model, const ent_agreement_decl *agreement,
                          char digest[ENT_HASH_TEXT_SIZE])
{
    ent_text text = {0};
    ent_canonical_agreement(model, agreement, &text);
    bool ok = !text.failed && ent_hash_hex(ent_text_str(&text), text.len, digest);
    ent_text_deinit(&text);
    return ok;
}
