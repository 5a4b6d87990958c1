/* The framework: parties, services and what they depend on, policies, rules, and header clauses
 * that agreements have as well.  Invariant: after ent_check_framework parties and services are
 * complete, so that everything else can be looked up among them. */
#include <string.h>

#include "compiler/check/checker.h"
#include "runtime/consent/key.h"

bool ent_effective(ent_checker *ck, const ent_node *node, int64_t *from_day, int64_t *to_day)
{
    const ent_node *n = ent_clause(node, ENT_NODE_EFFECTIVE);
    *from_day = INT64_MIN;
    *to_day = INT64_MAX;
    if (n == NULL || ent_kid(n, 0) == NULL)
        return false;
    *from_day = n->kids[0]->i;
    if (ent_kid(n, 1) == NULL)
        return true;
    *to_day = n->kids[1]->i;
    if (*to_day < *from_day) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0433, n->span, "this ends before it begins");
        ent_diag_primary_label(d, "both days are included");
        *to_day = INT64_MAX;
    }
    return true;
}

static bool name_taken(ent_checker *ck, const ent_node *n)
{
    ent_span first = n->name_span;
    bool taken = false;
    for (size_t i = 0; i < ck->m->n_parties && !taken; i++)
        if (ent_same(ck->m->parties[i]->name, n->name)) {
            taken = true;
            first = ck->m->parties[i]->span;
        }
    for (size_t i = 0; i < ck->m->n_services && !taken; i++)
        if (ent_same(ck->m->services[i]->name, n->name)) {
            taken = true;
            first = ck->m->services[i]->span;
        }
    if (taken) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0213, n->name_span,
                                   "`%s` is declared twice", n->name);
        ent_diag_label(d, first, "first declared here");
    }
    return taken;
}

static void check_key(ent_checker *ck, ent_party_decl *p, const ent_node *n)
{
    const char *why;
    ent_public_key key, other;
    if (!ent_public_key_read(n->text, n->text_len, &key, &why)) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0230, n->span,
                                   "this is no key that speaks for `%s`", p->name);
        ent_diag_primary_label(d, "%s", why);
        ent_diag_help(d, "copy the line of the file that ends in `.pub`; `ssh-keygen -t ed25519` makes one");
        return;
    }
    for (size_t i = 0; i < ck->m->n_parties; i++)
        for (size_t k = 0; k < ck->m->parties[i]->n_keys; k++)
            if (ent_public_key_read(ck->m->parties[i]->keys[k], strlen(ck->m->parties[i]->keys[k]),
                                    &other, &why) &&
                ent_public_key_equal(&key, &other)) {
                ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0230, n->span,
                                           "one key speaks for `%s` and for `%s`", p->name,
                                           ck->m->parties[i]->name);
                ent_diag_label(d, ck->m->parties[i]->span, "this party has it already");
                ent_diag_help(d, "a signature must show whose it is: give each party a key of its own");
                return;
            }
    ENT_PUSH_PTR(ck, p->keys, p->n_keys, n->text);
}

static void check_party(ent_checker *ck, const ent_node *n)
{
    if (name_taken(ck, n))
        return;
    for (size_t i = 0; i < ck->m->n_parties && n->op != ENT_ROLE_PROVIDER; i++)
        if (ck->m->parties[i]->role == n->op) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0223, n->name_span,
                                       "a framework has one %s, and this is a second",
                                       n->op == ENT_ROLE_CLIENT ? "client" : "integrator");
            ent_diag_label(d, ck->m->parties[i]->span, "the first one");
            return;
        }
    ent_party_decl *p = ent_check_alloc(ck, sizeof *p);
    if (p == NULL)
        return;
    *p = (ent_party_decl){.index = (int32_t)ck->m->n_parties,
                          .role = n->op,
                          .name = n->name,
                          .title = n->title,
                          .node = (ent_node *)(uintptr_t)n,
                          .span = n->name_span};
    for (size_t i = 0; i < n->n_kids; i++) {
        if (n->kids[i]->kind == ENT_NODE_PARTY_KEY)
            check_key(ck, p, n->kids[i]);
        else
            ENT_PUSH_PTR(ck, p->aliases, p->n_aliases, n->kids[i]->text);
    }
    ENT_PUSH_PTR(ck, ck->m->parties, ck->m->n_parties, p);
}

static void declare_service(ent_checker *ck, const ent_node *n)
{
    if (name_taken(ck, n))
        return;
    ent_service_decl *s = ent_check_alloc(ck, sizeof *s);
    if (s == NULL)
        return;
    *s = (ent_service_decl){.index = (int32_t)ck->m->n_services,
                            .name = n->name,
                            .title = n->title,
                            .node = (ent_node *)(uintptr_t)n,
                            .span = n->name_span};
    const ent_node *aliases = ent_kid(n, 2);
    for (size_t i = 0; aliases != NULL && i < aliases->n_kids; i++)
        ENT_PUSH_PTR(ck, s->aliases, s->n_aliases, aliases->kids[i]->text);
    ENT_PUSH_PTR(ck, ck->m->services, ck->m->n_services, s);
}

static void check_service(ent_checker *ck, ent_service_decl *s)
{
    const ent_node *by = ent_kid(s->node, 0), *on = ent_kid(s->node, 1);
    if (by != NULL)
        s->provider = ent_resolve_party(ck, by->name, by->span);
    for (size_t i = 0; on != NULL && i < on->n_kids; i++) {
        ent_service_decl *d = ent_resolve_service(ck, on->kids[i]->name, on->kids[i]->span);
        bool twice = d == NULL;
        for (size_t j = 0; j < s->n_dependencies; j++)
            twice = twice || s->dependencies[j] == d;
        if (!twice)
            ENT_PUSH_PTR(ck, s->dependencies, s->n_dependencies, d);
    }
}

/* An alias, a title or a name that two parties (or services) answer to cannot be looked up. */
static void check_aliases(ent_checker *ck)
{
    for (size_t i = 0; i < ck->m->n_parties; i++)
        for (size_t j = 0; j < i; j++) {
            const ent_party_decl *a = ck->m->parties[j], *b = ck->m->parties[i];
            for (size_t k = 0; k < b->n_aliases; k++) {
                bool same = ent_same(b->aliases[k], a->name) || ent_same(b->aliases[k], a->title);
                for (size_t l = 0; l < a->n_aliases; l++)
                    same = same || ent_same(b->aliases[k], a->aliases[l]);
                if (!same)
                    continue;
                ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0225, b->node->kids[k]->span,
                                           "alias \"%s\" stands for two parties", b->aliases[k]);
                ent_diag_primary_label(d, "here for `%s`", b->name);
                ent_diag_label(d, a->span, "and for `%s`", a->name);
            }
        }
}

static bool depends_on(const ent_service_decl *s, const ent_service_decl *target, size_t depth)
{
    for (size_t i = 0; depth > 0 && i < s->n_dependencies; i++)
        if (s->dependencies[i] == target || depends_on(s->dependencies[i], target, depth - 1))
            return true;
    return false;
}

/* Reports one cycle: the first service in source order that is on one.  `state` makes the walk
 * linear. */
static ent_service_decl *find_cycle(ent_service_decl *s, uint8_t *state)
{
    state[s->index] = 1;
    for (size_t i = 0; i < s->n_dependencies; i++) {
        ent_service_decl *d = s->dependencies[i];
        if (state[d->index] == 1)
            return d;
        ent_service_decl *found = state[d->index] == 0 ? find_cycle(d, state) : NULL;
        if (found != NULL)
            return found;
    }
    state[s->index] = 2;
    return NULL;
}

static void check_cycles(ent_checker *ck)
{
    uint8_t *state = ent_check_alloc(ck, ck->m->n_services + 1);
    for (size_t i = 0; state != NULL && i < ck->m->n_services; i++) {
        if (state[i] != 0)
            continue;
        ent_service_decl *s = find_cycle(ck->m->services[i], state);
        if (s == NULL)
            continue;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0434, s->span,
                                   "service `%s` depends on itself", s->name);
        ent_diag_primary_label(d, "an outage would have no root");
        for (size_t j = 0; j < s->n_dependencies; j++)
            if (s->dependencies[j] != s && ck->m->n_services <= 64 &&
                depends_on(s->dependencies[j], s, 6))
                ent_diag_label(d, s->dependencies[j]->span, "by way of `%s`",
                               s->dependencies[j]->name);
        return;
    }
}

static unsigned policy_group(int policy)
{
    switch (policy) {
    case ENT_POLICY_OUTAGES_DEPENDENCIES:
    case ENT_POLICY_OUTAGES_OWNER:
        return 1u << ENT_POLICY_OUTAGES_DEPENDENCIES | 1u << ENT_POLICY_OUTAGES_OWNER;
    case ENT_POLICY_TIME_HOLDER:
    case ENT_POLICY_TIME_LAST_HOLDER:
    case ENT_POLICY_TIME_OWNER:
        return 1u << ENT_POLICY_TIME_HOLDER | 1u << ENT_POLICY_TIME_LAST_HOLDER | 1u << ENT_POLICY_TIME_OWNER;
    case ENT_POLICY_CREDITS_RESPONSIBILITY:
    case ENT_POLICY_CREDITS_PROVIDER:
        return 1u << ENT_POLICY_CREDITS_RESPONSIBILITY | 1u << ENT_POLICY_CREDITS_PROVIDER;
    case ENT_POLICY_RELIEF_FORCE:
        return 1u << ENT_POLICY_RELIEF_FORCE;
    case ENT_POLICY_RELIEF_CLIENT:
        return 1u << ENT_POLICY_RELIEF_CLIENT;
    default:
        return 1u << ENT_POLICY_JOINT_SHARED | 1u << ENT_POLICY_JOINT_BY_CHARGE |
               1u << ENT_POLICY_JOINT_FIRST | 1u << ENT_POLICY_JOINT_JOINTLY;
    }
}

static void check_policy(ent_checker *ck, ent_framework_decl *f, const ent_node *n)
{
    if (f->policies & policy_group(n->op)) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0445, n->span, "this has been settled already");
        ent_diag_primary_label(d, "a second policy on the same matter");
        for (size_t i = 0; i < f->node->n_kids; i++) {
            const ent_node *k = f->node->kids[i];
            if (k->kind == ENT_NODE_POLICY && k != n && (policy_group(k->op) & (1u << n->op))) {
                ent_diag_label(d, k->span, "settled here");
                break;
            }
        }
        return;
    }
    f->policies |= 1u << n->op;
}

static int role_of(const char *name)
{
    return ent_same(name, "client")       ? ENT_ROLE_CLIENT
           : ent_same(name, "integrator") ? ENT_ROLE_INTEGRATOR
                                          : ENT_ROLE_PROVIDER;
}

static void check_member(ent_checker *ck, ent_framework_decl *f, const ent_node *n)
{
    if (n->kind == ENT_NODE_PARTY) {
        check_party(ck, n);
    } else if (n->kind == ENT_NODE_SERVICE) {
        declare_service(ck, n);
    } else if (n->kind == ENT_NODE_POLICY) {
        check_policy(ck, f, n);
    } else if (n->kind == ENT_NODE_ANSWERS) {
        ent_answers_decl *a = ENT_PUSH(ck, f->answers, f->n_answers);
        const ent_node *from = ent_kid(n, 0), *to = ent_kid(n, 1);
        if (a != NULL && from != NULL && to != NULL)
            *a = (ent_answers_decl){
                .from_role = role_of(from->name), .to_role = role_of(to->name), .span = n->span};
    }
}

static bool has_role(const ent_checker *ck, int role)
{
    for (size_t i = 0; i < ck->m->n_parties; i++)
        if (ck->m->parties[i]->role == role)
            return true;
    return false;
}

/* `integrator answers to client`: somebody must be there to answer.  Where there is a clause to answer for, that
 * is said of the clause. */
static void check_answers(ent_checker *ck, const ent_framework_decl *f, const ent_node *n)
{
    if (ent_clause(f->node, ENT_NODE_OBJECTIVE) != NULL || ent_clause(f->node, ENT_NODE_DUTY) != NULL)
        return;
    for (uint32_t i = 0; i < n->n_kids; i++) {
        const ent_node *role = n->kids[i];
        int wanted = role == NULL ? ENT_ROLE_CLIENT : role_of(role->name);
        if (wanted == ENT_ROLE_CLIENT || has_role(ck, wanted) || ent_broken(ck, f->node->span))
            continue; /* that there is no client is said of the framework */
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0223, role->span,
                                   "nobody can answer as the %s", role->name);
        ent_diag_primary_label(d, "a role that no party has");
        ent_diag_label(d, f->span, "this framework has no %s", role->name);
        ent_diag_help(d, "add `%s NAME \"title\"`, or leave this line out", role->name);
    }
}

static void check_header(ent_checker *ck, ent_framework_decl *f, const ent_node *n)
{
    const ent_node *version = ent_clause(n, ENT_NODE_VERSION),
                   *zone = ent_clause(n, ENT_NODE_TIMEZONE);
    const ent_node *currency = ent_clause(n, ENT_NODE_CURRENCY);
    f->version = version != NULL ? version->i : 1;
    ent_effective(ck, n, &f->from_day, &f->to_day);
    f->zone = "UTC";
    if (zone != NULL && ent_check_zone(ck, zone->text, zone->span))
        f->zone = zone->text;
    if (zone == NULL && !ent_broken(ck, n->span)) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0441, n->name_span,
                                   "framework `%s` states no time zone", n->name);
        ent_diag_primary_label(d, "when does a month begin?");
        ent_diag_help(d, "add `timezone \"Europe/London\"`, or `timezone \"UTC\"`");
    }
    if (currency != NULL && ent_currency_minor(currency->name) < 0) {
        ent_report_currency(ck, currency->name, ent_name_span(currency));
    } else if (currency != NULL) {
        f->currency = currency->name;
    }
}

void ent_check_framework(ent_checker *ck, const ent_node *n)
{
    ent_framework_decl *f = ent_check_alloc(ck, sizeof *f);
    if (f == NULL)
        return;
    *f = (ent_framework_decl){.name = n->name,
                              .title = n->title,
                              .doc = n->doc,
                              .is_main = ent_is_main(ck, n),
                              .node = (ent_node *)(uintptr_t)n,
                              .span = n->name_span};
    ck->m->framework = f;
    check_header(ck, f, n);
    ck->top.zone = f->zone;
    for (size_t i = 0; i < n->n_kids; i++)
        check_member(ck, f, n->kids[i]);
    for (size_t i = 0; i < ck->m->n_services; i++)
        check_service(ck, ck->m->services[i]);
    check_cycles(ck);
    check_aliases(ck);
    for (size_t i = 0; i < n->n_kids; i++)
        if (n->kids[i]->kind == ENT_NODE_ANSWERS)
            check_answers(ck, f, n->kids[i]);
    if (!has_role(ck, ENT_ROLE_CLIENT) && !ent_broken(ck, n->span)) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0223, f->span,
                                   "framework `%s` has no client", f->name);
        ent_diag_primary_label(d, "whom are the services for?");
        ent_diag_help(d, "add `client NAME \"title\"`");
    }
}

void ent_check_framework_cap(ent_checker *ck, const ent_node *node)
{
    ent_framework_decl *f = ck->m->framework;
    ent_check_caps(ck, &ck->top, node, f->currency, true, &f->caps, &f->n_caps);
}
