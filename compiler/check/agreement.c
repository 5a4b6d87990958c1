/* Agreements and their versions.
 *
 * An amendment makes one more version of its agreement: the members of the version before it, with
 * the replaced, added and removed ones, checked again as a whole; the version before ends the day
 * before. So what runs knows of agreements with dates only.  Diagnostics of a member that several
 * versions inherit fall together, because they are equal. */
#include "compiler/check/checker.h"

typedef struct version {
    const ent_node *node;
    const ent_node **members;
    size_t n_members;
    ent_scope *scope;
    ent_agreement_decl *agreement;
} version;

static bool is_member_kind(unsigned kind)
{
    return kind == ENT_NODE_CALENDAR || kind == ENT_NODE_SPAN || kind == ENT_NODE_MEASURE ||
           kind == ENT_NODE_FN || kind == ENT_NODE_EXTERN_FN || kind == ENT_NODE_DUTY ||
           kind == ENT_NODE_OBJECTIVE;
}

/* --- headers --- */

static void check_parties(ent_checker *ck, ent_agreement_decl *a, const ent_node *n)
{
    const ent_node *between = ent_clause(n, ENT_NODE_BETWEEN);
    if (between == NULL && ent_broken(ck, n->span))
        return;
    if (between == NULL || ent_kid(between, 1) == NULL) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0403, n->name_span, "between whom is `%s`?", n->name);
        ent_diag_primary_label(d, "the parties are missing");
        ent_diag_help(d, "add `between SUPPLIER and %s`", a->kind == 0 ? "CLIENT" : "CONSUMER");
        return;
    }
    const ent_node *first = between->kids[0], *second = between->kids[1];
    a->supplier = ent_resolve_party(ck, first->name, first->span);
    a->customer = ent_resolve_party(ck, second->name, second->span);
    if (a->supplier == NULL || a->customer == NULL)
        return;
    if (a->supplier == a->customer) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0404, between->span,
                                   "`%s` cannot agree with itself", a->supplier->name);
        ent_diag_primary_label(d, "an agreement has two parties");
        return;
    }
    if (a->kind == 0 &&
        a->supplier->role == ENT_ROLE_CLIENT) { /* `between` has no order of its own */
        ent_party_decl *client = a->supplier;
        a->supplier = a->customer;
        a->customer = client;
    }
    if (a->kind == 1 &&
        (a->supplier->role == ENT_ROLE_CLIENT || a->customer->role == ENT_ROLE_CLIENT)) {
        bool is_first = a->supplier->role == ENT_ROLE_CLIENT;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0404, is_first ? first->span : second->span,
                                   "an agreement with the client is an `sla`, not an `ola`");
        ent_diag_primary_label(d, "`%s` is the client",
                               is_first ? a->supplier->name : a->customer->name);
        ent_diag_label(d, n->name_span,
                       "an operational agreement is between two that serve the client");
    }
}

static void check_under(ent_checker *ck, const ent_node *n)
{
    const ent_node *under = ent_clause(n, ENT_NODE_UNDER);
    const ent_framework_decl *f = ck->m->framework;
    if (ck->incomplete && (f == NULL || under == NULL))
        return;
    if (under != NULL && f != NULL && !ent_same(under->name, f->name)) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0211, ent_name_span(under),
                                   "unknown framework `%s`", under->name);
        ent_diag_primary_label(d, "not found");
        ent_check_suggest(ck, d, ent_name_span(under), under->name, &f->name, 1, "known is");
    } else if (f == NULL && ck->n_framework_nodes == 0) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0401, under != NULL ? under->span : n->name_span,
                         under != NULL ? "unknown framework `%s`" : "`%s` is under no framework",
                         under != NULL ? under->name : n->name);
        ent_diag_primary_label(d, "no framework is declared in these files");
        ent_diag_help(d, "declare one, or `use` the file that does");
    } else if (under == NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0401, n->name_span,
                                   "`%s` does not say which framework it is under", n->name);
        ent_diag_primary_label(d, "whose rules apply?");
        if (f != NULL)
            ent_diag_help(d, "add `under %s`", f->name);
    }
}

static void check_currency(ent_checker *ck, ent_agreement_decl *a, const ent_node *n)
{
    const ent_node *currency = ent_clause(n, ENT_NODE_CURRENCY);
    if (currency == NULL)
        return;
    if (ent_currency_minor(currency->name) >= 0) {
        a->currency = currency->name;
        return;
    }
    ent_report_currency(ck, currency->name, ent_name_span(currency));
}

/* A header clause of an agreement or amendment; an amendment may say `replace` before it.  Where
 * two stand as they are and may not, the parser has said so. */
static const ent_node *header_clause(ent_checker *ck, const ent_node *n, unsigned kind)
{
    const ent_node *found = NULL;
    bool wrapped = false;
    for (size_t i = 0; i < n->n_kids; i++) {
        const ent_node *k = n->kids[i];
        if (k->kind == ENT_NODE_REPLACE || k->kind == ENT_NODE_ADD)
            k = ent_kid(k, 0);
        if (k == NULL || k->kind != kind)
            continue;
        wrapped = wrapped || k != n->kids[i];
        if (found != NULL && (wrapped || kind == ENT_NODE_CREDIT_CAP)) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0120, k->span,
                                       "`%s` has two of these clauses", n->name);
            ent_diag_label(d, found->span, "the first one");
        }
        found = found == NULL ? k : found;
    }
    return found;
}

static void check_charge(ent_checker *ck, ent_agreement_decl *a, const ent_node *n)
{
    const ent_node *charge = header_clause(ck, n, ENT_NODE_CHARGE), *amount = ent_kid(charge, 0);
    if (charge == NULL || amount == NULL || amount->text == NULL)
        return;
    a->has_charge = true;
    a->charge = amount->q;
    a->charge_currency = amount->text;
    a->charge_unit = charge->op;
    if (a->currency == NULL)
        a->currency = amount->text;
    if (ent_same(a->currency, amount->text))
        return;
    const ent_framework_decl *f = ck->m->framework;
    const ent_node *own = ent_clause(n, ENT_NODE_CURRENCY);
    const ent_node *from = own != NULL ? own
                           : f != NULL ? ent_clause(f->node, ENT_NODE_CURRENCY)
                                       : NULL;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0303, amount->span,
                               "the charge is in %s, and `%s` is kept in %s", amount->text, a->name,
                               a->currency);
    ent_diag_primary_label(d, "this is money (%s)", amount->text);
    if (from != NULL)
        ent_diag_label(d, from->span, own != NULL ? "stated here" : "the framework's currency");
    ent_diag_help(d, "write `currency %s` in the header of `%s`", amount->text, a->name);
}

static void check_header(ent_checker *ck, ent_agreement_decl *a, const ent_node *n)
{
    const ent_node *version_clause = ent_clause(n, ENT_NODE_VERSION);
    const ent_node *zone = ent_clause(n, ENT_NODE_TIMEZONE);
    if (version_clause != NULL)
        a->version = version_clause->i;
    if (zone != NULL && ent_check_zone(ck, zone->text, zone->span))
        a->zone = zone->text;
    check_currency(ck, a, n);
    check_charge(ck, a, n);
}

static ent_agreement_decl *first_version(ent_checker *ck, const ent_node *n)
{
    ent_agreement_decl *a = ent_check_alloc(ck, sizeof *a);
    if (a == NULL)
        return NULL;
    const ent_framework_decl *f = ck->m->framework;
    *a = (ent_agreement_decl){.kind = n->kind == ENT_NODE_OLA ? 1 : 0,
                              .name = n->name,
                              .title = n->title,
                              .doc = n->doc,
                              .version = 1,
                              .node = (ent_node *)(uintptr_t)n,
                              .span = n->name_span,
                              .zone = f != NULL ? f->zone : "UTC",
                              .currency = f != NULL ? f->currency : NULL};
    check_under(ck, n);
    check_parties(ck, a, n);
    ent_effective(ck, n, &a->from_day, &a->to_day);
    a->term_day = a->to_day;
    check_header(ck, a, n);
    return a;
}

static void report_undated(ent_checker *ck, const ent_node *n)
{
    if (ent_broken(ck, n->span))
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0431, n->name_span,
                               "amendment `%s` does not say from when", n->name);
    ent_diag_primary_label(d, "its first day is missing");
    ent_diag_help(d, "add `effective from 2027-01-01`");
}

/* Where an agreement's dates are written, or its name. */
static ent_span dated(const ent_agreement_decl *a)
{
    const ent_node *dates = ent_clause(a->node, ENT_NODE_EFFECTIVE);
    return dates != NULL ? dates->span : a->span;
}

/* Whether it has an end of its own before the agreement would have ended. */
static bool is_bounded(const ent_agreement_decl *a)
{
    return a->to_day < a->term_day;
}

static void report_overlap(ent_checker *ck, const ent_agreement_decl *before, const ent_node *n,
                           ent_span at)
{
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0431, at,
                               "amendments `%s` and `%s` of `%s` overlap", before->amendment,
                               n->name, before->name);
    ent_diag_primary_label(d, "begins before the other ends");
    ent_diag_label(d, dated(before), "in force until its last day");
    ent_diag_help(d, "let `%s` begin on the day after, or leave the last day out: the next amendment "
                     "ends the one before it", n->name);
}

/* An amendment begins while the version before it is in force, or on the day after the last day that
 * an amendment before it gave itself, and ends that version. */
static void check_dates(ent_checker *ck, ent_agreement_decl *a, ent_agreement_decl *before,
                        const ent_node *n)
{
    int64_t from, to;
    const ent_node *effective = ent_clause(n, ENT_NODE_EFFECTIVE);
    a->to_day = before->term_day;
    if (!ent_effective(ck, n, &from, &to)) {
        report_undated(ck, n);
        return;
    }
    bool follows = is_bounded(before) && from - 1 == before->to_day;
    if (from == before->from_day && before->before != NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0431, effective->span,
                                   "amendments `%s` and `%s` of `%s` begin on one day",
                                   before->amendment, n->name, before->name);
        ent_diag_primary_label(d, "which of the two is in force?");
        ent_diag_label(d, dated(before), "the same day");
        ent_diag_help(d, "make one amendment of them, or let one begin later");
    } else if (from <= before->from_day || (from > before->to_day && !follows)) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0431, effective->span,
                                   "amendment `%s` does not begin while `%s` is in force", n->name,
                                   before->name);
        ent_diag_primary_label(d, "from this day");
        ent_diag_label(d, dated(before), "what it changes is in force here");
    } else {
        if (is_bounded(before) && !follows)
            report_overlap(ck, before, n, effective->span);
        a->from_day = from;
        before->to_day = from - 1;
    }
    if (to != INT64_MAX)
        a->to_day = to;
    if (to != INT64_MAX && to > a->term_day)
        a->term_day = to;
}

/* The last version has an end of its own, before that of the agreement. */
static void check_end(ent_checker *ck, const ent_agreement_decl *last)
{
    if (last->before == NULL || !is_bounded(last))
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_W0414, dated(last),
                               "with amendment `%s` `%s` ends earlier than before",
                               last->amendment, last->name);
    ent_diag_primary_label(d, "nothing is in force afterwards");
    ent_diag_label(d, dated(last->before), "without it, it would go on");
    ent_diag_help(d, "to change terms for a while, write a second amendment that changes them back "
                     "from the day after");
}

/* Whether the amendment says anything but what it is to and from when. */
static bool changes(const ent_node *n)
{
    const ent_node *effective = ent_clause(n, ENT_NODE_EFFECTIVE);
    for (size_t i = 0; i < n->n_kids; i++) {
        unsigned kind = n->kids[i]->kind;
        if (kind != ENT_NODE_VERSION && kind != ENT_NODE_AMENDS && kind != ENT_NODE_EFFECTIVE)
            return true;
    }
    return effective != NULL && ent_kid(effective, 1) != NULL;
}

static ent_agreement_decl *next_version(ent_checker *ck, ent_agreement_decl *before,
                                        const ent_node *n)
{
    ent_agreement_decl *a = ent_check_alloc(ck, sizeof *a);
    if (a == NULL)
        return NULL;
    *a = *before;
    a->caps = NULL;
    a->n_caps = 0;
    a->duties = NULL;
    a->objectives = NULL;
    a->n_duties = a->n_objectives = 0;
    a->before = before;
    a->amendment = n->name;
    a->node = (ent_node *)(uintptr_t)n;
    a->version = before->version + 1;
    if (n->doc != NULL)
        a->doc = n->doc;
    check_dates(ck, a, before, n);
    check_header(ck, a, n);
    if (!changes(n) && !ent_broken(ck, n->span)) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_W0416, n->name_span,
                                   "amendment `%s` changes nothing in `%s`", n->name, before->name);
        ent_diag_primary_label(d, "its terms are those of version %lld",
                               (long long)before->version);
        ent_diag_help(d, "say what it adds, replaces or removes, or what the charge is from then on");
    }
    return a;
}

/* Where a version's number is stated, or else its name. */
static ent_span numbered(const ent_node *n)
{
    const ent_node *v = ent_clause(n, ENT_NODE_VERSION);
    return v != NULL ? v->span : n->name_span;
}

/* Whether a number may stand there that could not be read. */
static bool lost_number(ent_checker *ck, const ent_node *n)
{
    return ent_clause(n, ENT_NODE_VERSION) == NULL && ent_broken(ck, n->span);
}

/* Versions count up one by one, in the order of their dates.  False: reported, and those that follow
 * are not held against it. */
static bool check_number(ent_checker *ck, const version *v, const version *end)
{
    const ent_agreement_decl *a = v->agreement, *before = a->before;
    if (a->version == before->version + 1 || lost_number(ck, v->node) || lost_number(ck, before->node))
        return true;
    bool back = a->version <= before->version;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0431, numbered(v->node),
                               back ? "version %lld is not after version %lld"
                                    : "version %lld does not follow version %lld",
                               (long long)a->version, (long long)before->version);
    ent_diag_primary_label(d, back ? "an amendment goes forward" : "a version is left out");
    ent_diag_label(d, numbered(before->node), "the version that it changes");
    for (const version *w = v + 1; w < end && !back; w++) {
        const ent_node *number = ent_clause(w->node, ENT_NODE_VERSION);
        if (number != NULL && number->i == before->version + 1) {
            ent_diag_label(d, number->span, "begins later");
            ent_diag_help(d, "number amendments in the order of their dates");
            return false;
        }
    }
    const char *mend = ent_check_printf(ck, "version %lld", (long long)before->version + 1);
    if (mend != NULL)
        ent_diag_fix(d, numbered(v->node), mend, "the next one is `%s`", mend);
    return false;
}

/* --- members --- */

static bool same_kind(unsigned a, unsigned b)
{
    return a == b || ((a == ENT_NODE_FN || a == ENT_NODE_EXTERN_FN) &&
                      (b == ENT_NODE_FN || b == ENT_NODE_EXTERN_FN));
}

static size_t find_member(const version *v, unsigned kind, const char *name)
{
    for (size_t i = 0; i < v->n_members; i++)
        if (same_kind(v->members[i]->kind, kind) && ent_same(v->members[i]->name, name))
            return i;
    return v->n_members;
}

static void report_no_member(ent_checker *ck, const version *v, unsigned kind,
                             const ent_node *clause, const char *name, ent_span span)
{
    const char **names = NULL;
    size_t n = 0;
    for (size_t i = 0; i < v->n_members; i++)
        if (same_kind(v->members[i]->kind, kind))
            ENT_PUSH_PTR(ck, names, n, v->members[i]->name);
    if (ck->incomplete)
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0432, span, "`%s` has no %s `%s` to %s",
                               v->agreement->name, ent_node_kind_name(kind), name,
                               clause->kind == ENT_NODE_REPLACE ? "replace" : "remove");
    ent_diag_primary_label(d, "not found");
    ent_diag_label(d, v->agreement->span, "the agreement that is amended");
    ent_check_suggest(ck, d, span, name, names, n, "it has");
    if (clause->kind == ENT_NODE_REPLACE)
        ent_diag_help(d, "a new member needs no word before it, or `add`");
}

static void amend(ent_checker *ck, version *v, const ent_node *n)
{
    const ent_node *member =
        n->kind == ENT_NODE_REPLACE || n->kind == ENT_NODE_ADD ? ent_kid(n, 0) : n;
    if (n->kind == ENT_NODE_REMOVE &&
        (n->op == ENT_NODE_CREDIT_CAP || n->op == ENT_NODE_ON_CLAIM))
        return;
    if (n->kind == ENT_NODE_REMOVE) {
        size_t at = find_member(v, n->op, n->name);
        if (at == v->n_members) {
            report_no_member(ck, v, n->op, n, n->name, n->name_span);
            return;
        }
        for (size_t i = at + 1; i < v->n_members; i++)
            v->members[i - 1] = v->members[i];
        v->n_members--;
        return;
    }
    if (member == NULL || !is_member_kind(member->kind) || member->name == NULL)
        return;
    size_t at = find_member(v, member->kind, member->name);
    if (n->kind == ENT_NODE_REPLACE) {
        if (at == v->n_members)
            report_no_member(ck, v, member->kind, n, member->name, member->name_span);
        else
            v->members[at] = member;
        return;
    }
    if (at < v->n_members) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0432, member->name_span, "`%s` already has %s %s `%s`",
                         v->agreement->name,
                         member->kind == ENT_NODE_OBJECTIVE ? "an" : "a",
                         ent_node_kind_name(member->kind), member->name);
        ent_diag_label(d, v->members[at]->name_span, "this one");
        ent_diag_help(d, "write `replace` before it to change it");
        return;
    }
    const ent_node **grown = ent_arena_grow_array(ck->arena, v->members, v->n_members,
                                                  v->n_members + 1, sizeof *v->members);
    if (grown == NULL)
        return;
    v->members = grown;
    v->members[v->n_members++] = member;
}

static void collect(ent_checker *ck, version *v, const version *before)
{
    if (before == NULL) {
        for (size_t i = 0; i < v->node->n_kids; i++)
            if (is_member_kind(v->node->kids[i]->kind))
                ENT_PUSH_PTR(ck, v->members, v->n_members, v->node->kids[i]);
        return;
    }
    v->members = ent_arena_grow_array(ck->arena, before->members, before->n_members,
                                      before->n_members + 1, sizeof *v->members);
    v->n_members = v->members == NULL ? 0 : before->n_members;
    for (size_t i = 0; i < v->node->n_kids; i++)
        amend(ck, v, v->node->kids[i]);
}

/* Its own caps stand in place of those of the version before, and these in place of the framework's. */
static void inherit_caps(ent_checker *ck, version *v)
{
    ent_agreement_decl *a = v->agreement;
    const ent_framework_decl *f = ck->m->framework;
    bool removed = false;
    for (size_t i = 0; i < v->node->n_kids; i++)
        removed |= v->node->kids[i]->kind == ENT_NODE_REMOVE &&
                   v->node->kids[i]->op == ENT_NODE_CREDIT_CAP;
    if (!a->is_framework)
        ent_check_caps(ck, v->scope, v->node, a->currency, a->has_charge, &a->caps, &a->n_caps);
    if (a->n_caps > 0)
        return;
    if (a->before != NULL && !removed) {
        a->caps = a->before->caps;
        a->n_caps = a->before->n_caps;
    } else if (f != NULL) {
        a->caps = f->caps;
        a->n_caps = f->n_caps;
    }
}

static void check_version(ent_checker *ck, version *v)
{
    ent_agreement_decl *a = v->agreement;
    v->scope = ent_check_alloc(ck, sizeof *v->scope);
    if (v->scope == NULL)
        return;
    *v->scope = (ent_scope){.outer = &ck->top, .agreement = a, .zone = a->zone};
    a->index = (int32_t)ck->m->n_agreements;
    ENT_PUSH_PTR(ck, ck->m->agreements, ck->m->n_agreements, a);
    a->members = v->members;
    a->n_members = v->n_members;
    for (size_t i = 0; i < v->n_members; i++)
        ent_scope_add(ck, v->scope, (int)v->members[i]->kind, v->members[i],
                      ent_is_main(ck, v->members[i]));
    inherit_caps(ck, v);
    ent_check_at_risk(ck, v->scope, v->node, v->members, v->n_members);
    ent_check_claims(ck, v->scope, v->node);
    ent_check_scope(ck, v->scope);
    int32_t order = ck->n_clauses;
    ck->n_clauses += (int32_t)v->n_members;
    for (size_t i = 0; i < v->scope->n; i++)
        if (v->scope->v[i].kind == ENT_NODE_DUTY)
            ent_declare_duty(ck, v->scope, &v->scope->v[i]);
    for (size_t i = 0; i < a->n_duties; i++)
        ent_check_duty(ck, v->scope, a->duties[i]);
    for (size_t i = 0; i < v->scope->n; i++)
        if (v->scope->v[i].kind == ENT_NODE_OBJECTIVE)
            ent_check_objective(ck, v->scope, v->scope->v[i].node);
    for (size_t i = 0; i < v->n_members; i++) {
        for (size_t j = 0; j < a->n_duties; j++)
            if (a->duties[j]->node == v->members[i])
                a->duties[j]->order = order + (int32_t)i;
        for (size_t j = 0; j < a->n_objectives; j++)
            if (a->objectives[j]->node == v->members[i])
                a->objectives[j]->order = order + (int32_t)i;
    }
    for (size_t i = 0; i < v->scope->n; i++)
        if (v->scope->v[i].kind == ENT_NODE_MEASURE && !v->scope->v[i].used)
            ent_check_measure(ck, v->scope, &v->scope->v[i]);
}

/* What one version uses is used, whatever the others do with it. */
static void check_unused(ent_checker *ck, version *versions, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; versions[i].scope != NULL && j < versions[i].scope->n; j++) {
            ent_symbol *s = &versions[i].scope->v[j];
            for (size_t k = 0; k < n; k++)
                for (size_t l = 0; versions[k].scope != NULL && l < versions[k].scope->n; l++)
                    if (versions[k].scope->v[l].node == s->node && versions[k].scope->v[l].used)
                        s->used = true;
        }
    for (size_t i = 0; i < n; i++)
        if (versions[i].scope != NULL)
            ent_check_unused(ck, versions[i].scope);
}

static int64_t date_of(const ent_node *n)
{
    const ent_node *e = ent_clause(n, ENT_NODE_EFFECTIVE);
    return e != NULL && ent_kid(e, 0) != NULL ? e->kids[0]->i : INT64_MAX;
}

static const char *amended(const ent_node *amendment)
{
    const ent_node *to = ent_clause(amendment, ENT_NODE_AMENDS);
    return to != NULL ? to->name : NULL;
}

static void check_agreement(ent_checker *ck, const ent_node *n)
{
    version *versions = NULL;
    size_t n_versions = 0;
    version *first = ENT_PUSH(ck, versions, n_versions);
    if (first == NULL)
        return;
    *first = (version){.node = n};
    for (size_t i = 0; i < ck->n_amendment_nodes; i++) {
        if (!ent_same(amended(ck->amendment_nodes[i]), n->name))
            continue;
        version *v = ENT_PUSH(ck, versions, n_versions);
        if (v == NULL)
            return;
        *v = (version){.node = ck->amendment_nodes[i]};
        for (size_t j = n_versions - 1; j > 1; j--) { /* by date; equal dates are reported later */
            if (date_of(versions[j - 1].node) <= date_of(versions[j].node))
                break;
            version t = versions[j];
            versions[j] = versions[j - 1];
            versions[j - 1] = t;
        }
    }
    bool in_order = true;
    for (size_t i = 0; i < n_versions; i++) {
        version *v = &versions[i], *before = i > 0 ? &versions[i - 1] : NULL;
        v->agreement = before == NULL ? first_version(ck, v->node)
                                      : next_version(ck, before->agreement, v->node);
        if (v->agreement == NULL)
            return;
        if (before != NULL && in_order)
            in_order = check_number(ck, v, versions + n_versions);
        collect(ck, v, before);
        check_version(ck, v);
    }
    check_end(ck, versions[n_versions - 1].agreement);
    check_unused(ck, versions, n_versions);
}

/* Who answers to whom for what the framework itself promises: as it says, else the integrator to the client. */
static void answer_for_own(ent_checker *ck, ent_agreement_decl *a, const version *v)
{
    static const char *const roles[] = {
        [ENT_ROLE_CLIENT] = "client", [ENT_ROLE_INTEGRATOR] = "integrator", [ENT_ROLE_PROVIDER] = NULL};
    const ent_framework_decl *f = ck->m->framework;
    const char *from = "integrator", *to = "client";
    for (size_t i = f->n_answers; i-- > 0;) {
        const ent_answers_decl *x = &f->answers[i];
        if (roles[x->from_role] == NULL || roles[x->to_role] == NULL || x->from_role == x->to_role)
            continue;
        from = roles[x->from_role];
        to = roles[x->to_role];
    }
    a->supplier = ent_find_party(ck, from);
    a->customer = ent_find_party(ck, to);
    if (a->supplier != NULL && a->customer != NULL)
        return;
    if (v->n_members > 0) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0223, v->members[0]->name_span,
                                   "who owes what the framework itself promises?");
        ent_diag_primary_label(d, "clauses of a framework are the %s's", from);
        ent_diag_label(d, f->span, "this framework has no %s", a->supplier == NULL ? from : to);
        ent_diag_help(d, "add `%s NAME \"title\"`, or move the clause into an `sla`",
                      a->supplier == NULL ? from : to);
        return;
    }
    a->supplier = a->customer = ent_find_party(ck, "client"); /* of pools: nobody owes them */
}

/* A framework's own duties, objectives and pools: what is owed, and shared, end to end. */
static void check_own_clauses(ent_checker *ck, const ent_node *n)
{
    const ent_framework_decl *f = ck->m->framework;
    version v = {.node = n};
    for (size_t i = 0; i < n->n_kids; i++)
        if (n->kids[i]->kind == ENT_NODE_DUTY || n->kids[i]->kind == ENT_NODE_OBJECTIVE)
            ENT_PUSH_PTR(ck, v.members, v.n_members, n->kids[i]);
    bool none = v.n_members == 0 && ent_clause(n, ENT_NODE_POOL) == NULL;
    ent_agreement_decl *a = none ? NULL : ent_check_alloc(ck, sizeof *a);
    if (a == NULL)
        return;
    *a = (ent_agreement_decl){.name = f->name,
                              .title = f->title,
                              .version = f->version,
                              .from_day = f->from_day,
                              .to_day = f->to_day,
                              .term_day = f->to_day,
                              .zone = f->zone,
                              .currency = f->currency,
                              .node = (ent_node *)(uintptr_t)n,
                              .span = f->span,
                              .is_framework = true};
    answer_for_own(ck, a, &v);
    v.agreement = a;
    check_version(ck, &v);
}

/* Reports and signatures call a version by its amendment. */
static void check_amendment_name(ent_checker *ck, size_t i)
{
    const ent_node *a = ck->amendment_nodes[i];
    for (size_t j = 0; j < i; j++) {
        if (ent_same(ck->amendment_nodes[j]->name, a->name)) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0213, a->name_span,
                                       "amendment `%s` is declared twice", a->name);
            ent_diag_label(d, ck->amendment_nodes[j]->name_span, "first declared here");
            return;
        }
    }
}

void ent_check_agreements(ent_checker *ck)
{
    const char **names = NULL;
    size_t n = 0;
    for (size_t i = 0; i < ck->n_agreement_nodes; i++) {
        const ent_node *a = ck->agreement_nodes[i];
        bool twice = false;
        for (size_t j = 0; j < i && !twice; j++)
            if (ent_same(ck->agreement_nodes[j]->name, a->name)) {
                ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0213, a->name_span,
                                           "agreement `%s` is declared twice", a->name);
                ent_diag_label(d, ck->agreement_nodes[j]->name_span, "first declared here");
                ent_diag_help(d, "a later version is an `amendment … to %s`", a->name);
                twice = true;
            }
        if (twice)
            continue;
        ENT_PUSH_PTR(ck, names, n, a->name);
        check_agreement(ck, a);
    }
    if (ck->n_framework_nodes > 0)
        check_own_clauses(ck, ck->framework_nodes[0]);
    for (size_t i = 0; i < ck->n_amendment_nodes; i++) {
        const ent_node *a = ck->amendment_nodes[i], *to = ent_clause(a, ENT_NODE_AMENDS);
        bool known = false;
        check_amendment_name(ck, i);
        for (size_t j = 0; j < n && to != NULL; j++)
            known = known || ent_same(names[j], to->name);
        if (known || ent_hidden(ck, to != NULL ? to->name : NULL, names, n))
            continue;
        ent_diag *d = ent_diag_add(
            ck->diags, ENT_DIAG_E0210, to != NULL ? ent_name_span(to) : a->name_span,
            to != NULL ? "unknown agreement `%s`" : "amendment `%s` does not say what it changes",
            to != NULL ? to->name : a->name);
        ent_diag_primary_label(d, to != NULL ? "not found" : "`to AGREEMENT` is missing");
        if (to != NULL)
            ent_check_suggest(ck, d, ent_name_span(to), to->name, names, n, "agreements are");
    }
}
