/* See elements.h. */
#include "compiler/prove/elements.h"

#include <string.h>

typedef struct list {
    ent_arena *arena;
    ent_element *v;
    size_t n, cap;
    bool failed;
} list;

static void push(list *l, ent_element e)
{
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 16 : l->cap * 2;
        ent_element *grown = ent_arena_grow_array(l->arena, l->v, l->n, cap, sizeof *l->v);
        if (grown == NULL) {
            l->failed = true;
            return;
        }
        l->v = grown;
        l->cap = cap;
    }
    l->v[l->n++] = e;
}

/* --- which clauses are about a service --- */

static bool selects(const ent_node *n, const ent_service_decl *s)
{
    bool equal = n->kind == ENT_NODE_BINARY && n->op == ENT_OP_EQ;
    if (n->kind == ENT_NODE_BINARY && (n->op == ENT_OP_AND || n->op == ENT_OP_OR)) {
        return selects(n->kids[0], s) || selects(n->kids[1], s);
    }
    if ((!equal && n->kind != ENT_NODE_IN) || n->kids[0]->type.kind != ENT_TYPE_SERVICE) {
        return false;
    }
    for (uint32_t i = 0; i < n->n_kids; i++) {
        if (n->kids[i]->decl_kind == ENT_DECL_SERVICE && n->kids[i]->decl == s) {
            return true;
        }
    }
    return false;
}

bool ent_objective_covers(const ent_objective_decl *o, const ent_service_decl *s)
{
    bool by_service = o->subject_type.kind == ENT_TYPE_SERVICE;
    if (o->subject == ENT_SUBJECT_EACH && by_service) {
        return s->provider == o->agreement->supplier || o->agreement->is_framework;
    }
    for (size_t i = 0; o->subject == ENT_SUBJECT_LISTED && by_service && i < o->n_subjects; i++) {
        if (o->subjects[i].i == s->index) {
            return true;
        }
    }
    for (size_t i = 0; i < o->n_folds; i++) {
        const ent_fold_decl *f = o->folds[i];
        for (size_t k = 0; k < f->n_selected; k++) {
            if (f->selected[k].value.type.kind == ENT_TYPE_SERVICE &&
                f->selected[k].value.i == s->index) {
                return true;
            }
        }
        for (size_t k = 0; k < f->n_select; k++) {
            if (selects(f->select[k], s)) {
                return true;
            }
        }
    }
    return false;
}

bool ent_duty_covers(const ent_duty_decl *d, const ent_service_decl *s)
{
    for (size_t i = 0; d->trigger != NULL && i < d->trigger->n_alts; i++) {
        const ent_alt_decl *a = &d->trigger->alts[i];
        for (size_t k = 0; k < a->n_where; k++) {
            if (selects(a->where[k], s)) {
                return true;
            }
        }
    }
    return false;
}

/* --- collections --- */

ent_element ent_element_of_party(const ent_party_decl *p)
{
    return (ent_element){.kind = ENT_TYPE_PARTY, .index = p->index, .party = p, .span = p->span};
}

ent_element ent_element_of_service(const ent_service_decl *s)
{
    return (ent_element){
        .kind = ENT_TYPE_SERVICE, .index = s->index, .service = s, .span = s->span};
}

static ent_element of_agreement(const ent_agreement_decl *a)
{
    return (ent_element){
        .kind = ENT_TYPE_AGREEMENT, .index = a->index, .agreement = a, .span = a->span};
}

static bool is_in_force(const ent_model *m, const ent_agreement_decl *a, int64_t day)
{
    const ent_agreement_decl *next = NULL;
    for (size_t i = 0; i < m->n_agreements; i++) {
        next = m->agreements[i]->before == a ? m->agreements[i] : next;
    }
    return (a->before == NULL || a->from_day <= day) && (next == NULL || next->from_day > day);
}

static void push_dependencies(list *l, const ent_service_decl *s)
{
    const ent_node *on = s->node->n_kids > 1 ? s->node->kids[1] : NULL;
    for (size_t i = 0; i < s->n_dependencies; i++) {
        ent_span span = s->span;
        for (uint32_t k = 0; on != NULL && k < on->n_kids; k++) {
            if (strcmp(on->kids[k]->name, s->dependencies[i]->name) == 0) {
                span = on->kids[k]->span;
            }
        }
        push(l, (ent_element){.kind = ENT_TYPE_DEPENDENCY,
                              .index = (int64_t)l->n,
                              .service = s,
                              .on = s->dependencies[i],
                              .span = span});
    }
}

static void push_clauses(const ent_model *m, const ent_agreement_decl *a, list *lists)
{
    for (size_t i = 0; i < a->n_duties; i++) {
        const ent_duty_decl *d = a->duties[i];
        ent_element e = {.kind = ENT_TYPE_DUTY, .index = d->index, .duty = d, .span = d->span};
        e.clause = ent_arena_printf(lists->arena, "%s.%s", a->name, d->name);
        push(&lists[ENT_COLLECTION_DUTIES], e);
        e.kind = ENT_TYPE_PROMISE;
        for (size_t k = 0; k < m->n_services; k++) {
            e.service = m->services[k];
            e.index = (int64_t)lists[ENT_COLLECTION_PROMISES].n;
            if (ent_duty_covers(d, e.service)) {
                push(&lists[ENT_COLLECTION_PROMISES], e);
            }
        }
    }
    for (size_t i = 0; i < a->n_objectives; i++) {
        const ent_objective_decl *o = a->objectives[i];
        ent_element e = {
            .kind = ENT_TYPE_OBJECTIVE, .index = o->index, .objective = o, .span = o->span};
        e.clause = ent_arena_printf(lists->arena, "%s.%s", a->name, o->name);
        push(&lists[ENT_COLLECTION_OBJECTIVES], e);
        e.kind = ENT_TYPE_PROMISE;
        for (size_t k = 0; k < m->n_services; k++) {
            e.service = m->services[k];
            e.index = (int64_t)lists[ENT_COLLECTION_PROMISES].n;
            if (ent_objective_covers(o, e.service)) {
                push(&lists[ENT_COLLECTION_PROMISES], e);
            }
        }
    }
}

bool ent_collect_elements(const ent_model *m, ent_arena *arena, int64_t day, ent_collections *out)
{
    list lists[ENT_COLLECTION_PROMISES + 1];
    for (size_t i = 0; i <= ENT_COLLECTION_PROMISES; i++) {
        lists[i] = (list){.arena = arena};
    }
    for (size_t i = 0; i < m->n_parties; i++) {
        ent_element e = ent_element_of_party(m->parties[i]);
        push(&lists[ENT_COLLECTION_PARTIES], e);
        if (e.party->role == ENT_ROLE_PROVIDER) {
            push(&lists[ENT_COLLECTION_PROVIDERS], e);
        }
    }
    for (size_t i = 0; i < m->n_services; i++) {
        push(&lists[ENT_COLLECTION_SERVICES], ent_element_of_service(m->services[i]));
        push_dependencies(&lists[ENT_COLLECTION_DEPENDENCIES], m->services[i]);
    }
    for (size_t i = 0; i < m->n_agreements; i++) {
        const ent_agreement_decl *a = m->agreements[i];
        if (!is_in_force(m, a, day)) {
            continue;
        }
        if (!a->is_framework) {
            push(&lists[ENT_COLLECTION_AGREEMENTS], of_agreement(a));
            push(&lists[a->kind == 0 ? ENT_COLLECTION_SLAS : ENT_COLLECTION_OLAS], of_agreement(a));
        }
        push_clauses(m, a, lists);
    }
    bool ok = true;
    for (size_t i = 0; i <= ENT_COLLECTION_PROMISES; i++) {
        out->of[i] = (ent_elements){lists[i].v, lists[i].n};
        ok = ok && !lists[i].failed;
    }
    return ok;
}

bool ent_change_days(const ent_model *m, ent_arena *arena, int64_t **days, size_t *n)
{
    *days = ent_arena_alloc_array(arena, m->n_agreements + 1, sizeof **days);
    *n = 0;
    if (*days == NULL) {
        return false;
    }
    for (size_t i = 0; i < m->n_agreements; i++) {
        if (m->agreements[i]->before == NULL) {
            continue;
        }
        int64_t day = m->agreements[i]->from_day;
        size_t at = *n;
        while (at > 0 && (*days)[at - 1] > day) {
            at--;
        }
        if (at > 0 && (*days)[at - 1] == day) {
            continue;
        }
        memmove(*days + at + 1, *days + at, (*n - at) * sizeof **days);
        (*days)[at] = day;
        (*n)++;
    }
    return true;
}

/* --- reading --- */

static ent_read text(const char *t)
{
    return (ent_read){.there = t != NULL, .text = t};
}

static ent_read element(ent_element e)
{
    return (ent_read){.there = true, .i = e.index, .element = e};
}

static ent_read party(const ent_party_decl *p)
{
    return p == NULL ? (ent_read){0} : element(ent_element_of_party(p));
}

static ent_read service(const ent_service_decl *s)
{
    return s == NULL ? (ent_read){0} : element(ent_element_of_service(s));
}

static const ent_agreement_decl *agreement_of(const ent_element *e)
{
    return e->agreement != NULL ? e->agreement
           : e->duty != NULL    ? e->duty->agreement
                                : e->objective->agreement;
}

static const char *name_of(const ent_element *e)
{
    switch (e->kind) {
    case ENT_TYPE_PARTY:
        return e->party->name;
    case ENT_TYPE_SERVICE:
        return e->service->name;
    case ENT_TYPE_AGREEMENT:
        return e->agreement->name;
    default:
        return e->duty != NULL ? e->duty->name : e->objective->name;
    }
}

static const char *title_of(const ent_element *e)
{
    switch (e->kind) {
    case ENT_TYPE_PARTY:
        return e->party->title;
    case ENT_TYPE_SERVICE:
        return e->service->title;
    case ENT_TYPE_AGREEMENT:
        return e->agreement->title;
    default:
        return e->duty != NULL ? e->duty->title : e->objective->title;
    }
}

static ent_read answers_to(const ent_model *m, const ent_party_decl *p)
{
    const ent_framework_decl *f = m->framework;
    for (size_t i = 0; i < f->n_answers; i++) {
        if (f->answers[i].from_role != p->role || f->answers[i].to_role == ENT_ROLE_PROVIDER) {
            continue;
        }
        for (size_t k = 0; k < m->n_parties; k++) {
            if (m->parties[k]->role == f->answers[i].to_role) {
                return party(m->parties[k]);
            }
        }
    }
    return (ent_read){0};
}

/* The longest constant allowance; absent where one is computed or counts the time of a calendar. */
static ent_read allowed(const ent_duty_decl *d)
{
    ent_read r = {.there = d != NULL && d->n_allows > 0};
    for (size_t i = 0; r.there && i < d->n_allows; i++) {
        r.there = d->allows[i].ns >= 0 && d->allows[i].use == NULL;
        r.i = d->allows[i].ns > r.i ? d->allows[i].ns : r.i;
    }
    return r.there ? r : (ent_read){0};
}

static ent_read supplier(const ent_element *e)
{
    return e->kind == ENT_TYPE_DEPENDENCY ? party(e->on->provider) : party(e->agreement->supplier);
}

static ent_read charge(const ent_model *m, const ent_agreement_decl *a)
{
    const char *currency = m->framework->currency;
    bool same = a->has_charge && currency != NULL && strcmp(currency, a->charge_currency) == 0;
    return same ? (ent_read){.there = true, .q = a->charge} : (ent_read){0};
}

static ent_read target(const ent_objective_decl *o)
{
    bool is_ratio = o != NULL && o->target.type.kind == ENT_TYPE_RATIO;
    return is_ratio ? (ent_read){.there = true, .q = o->target.q} : (ent_read){0};
}

static ent_read kind_of(const ent_element *e)
{
    if (e->kind == ENT_TYPE_AGREEMENT) {
        return text(e->agreement->kind == 0 ? "sla" : "ola");
    }
    return text(e->duty != NULL ? "duty" : "objective");
}

ent_read ent_read_field(const ent_model *m, const ent_element *e, int field)
{
    static const char *const roles[] = {"client", "integrator", "provider"};
    switch (field) {
    case ENT_ELEMENT_NAME:
        return text(name_of(e));
    case ENT_ELEMENT_TITLE:
        return text(title_of(e));
    case ENT_ELEMENT_ROLE:
        return text(roles[e->party->role]);
    case ENT_ELEMENT_ANSWERS_TO:
        return answers_to(m, e->party);
    case ENT_ELEMENT_PROVIDER:
        return party(e->service->provider);
    case ENT_ELEMENT_SERVICE:
        return service(e->service);
    case ENT_ELEMENT_ON:
        return service(e->on);
    case ENT_ELEMENT_CONSUMER:
        return party(e->service->provider);
    case ENT_ELEMENT_SUPPLIER:
        return supplier(e);
    case ENT_ELEMENT_CUSTOMER:
        return party(e->agreement->customer);
    case ENT_ELEMENT_KIND:
        return kind_of(e);
    case ENT_ELEMENT_VERSION:
        return (ent_read){.there = true, .i = e->agreement->version};
    case ENT_ELEMENT_CHARGE:
        return charge(m, e->agreement);
    case ENT_ELEMENT_CLAUSE:
        return text(e->clause);
    case ENT_ELEMENT_PARTY:
        return party(e->duty != NULL ? e->duty->party : agreement_of(e)->supplier);
    case ENT_ELEMENT_AGREEMENT:
        return element(of_agreement(agreement_of(e)));
    case ENT_ELEMENT_TARGET:
        return target(e->objective);
    case ENT_ELEMENT_ALLOWED:
        return allowed(e->duty);
    default: /* ENT_ELEMENT_MEASURED_BY */
        return party(e->objective->measured_by);
    }
}

const char *ent_element_text(ent_arena *arena, const ent_element *e)
{
    const char *t = NULL;
    if (e->kind == ENT_TYPE_DEPENDENCY) {
        t = ent_arena_printf(arena, "`%s` on `%s`", e->service->name, e->on->name);
    } else if (e->kind == ENT_TYPE_DUTY || e->kind == ENT_TYPE_OBJECTIVE) {
        t = ent_arena_printf(arena, "`%s`", e->clause);
    } else if (e->kind == ENT_TYPE_PROMISE) {
        t = ent_arena_printf(arena, "`%s` for `%s`", e->clause, e->service->name);
    } else {
        t = ent_arena_printf(arena, "`%s`", name_of(e));
    }
    return t == NULL ? "" : t;
}
