/* Scenarios: their names and types; they are run elsewhere. */
#include "compiler/check/checker.h"

ent_agreement_decl *ent_resolve_agreement(ent_checker *ck, const char *name, ent_span span)
{
    const char **names = NULL;
    size_t n = 0;
    for (size_t i = 0; i < ck->m->n_agreements; i++) {
        if (ent_same(ck->m->agreements[i]->name, name))
            return ck->m->agreements[i];
        ENT_PUSH_PTR(ck, names, n, ck->m->agreements[i]->name);
    }
    if (ent_hidden(ck, name, names, n))
        return NULL;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0210, span, "unknown agreement `%s`", name);
    ent_diag_primary_label(d, "not found");
    ent_check_suggest(ck, d, span, name, names, n, "agreements are");
    return NULL;
}

/* The clause may be of any version: a scenario lives on dates. */
static bool find_clause(ent_checker *ck, const char *agreement, const char *clause, ent_span span)
{
    const char **names = NULL;
    size_t n = 0;
    for (size_t i = 0; i < ck->m->n_agreements; i++) {
        const ent_agreement_decl *a = ck->m->agreements[i];
        if (!ent_same(a->name, agreement))
            continue;
        for (size_t j = 0; j < a->n_duties; j++) {
            if (ent_same(a->duties[j]->name, clause))
                return true;
            ENT_PUSH_PTR(ck, names, n, a->duties[j]->name);
        }
        for (size_t j = 0; j < a->n_objectives; j++) {
            if (ent_same(a->objectives[j]->name, clause))
                return true;
            ENT_PUSH_PTR(ck, names, n, a->objectives[j]->name);
        }
    }
    for (size_t i = 0; i < ck->m->n_pools; i++) {
        if (!ent_same(ck->m->pools[i]->agreement->name, agreement))
            continue;
        if (ent_same(ck->m->pools[i]->name, clause))
            return true;
        ENT_PUSH_PTR(ck, names, n, ck->m->pools[i]->name);
    }
    if (ent_hidden(ck, clause, names, n))
        return false;
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0212, span, "`%s` has no clause `%s`", agreement, clause);
    ent_diag_primary_label(d, "no duty, objective or pool has this name");
    ent_check_suggest(ck, d, span, clause, names, n, "its clauses are");
    return false;
}

static void check_expect(ent_checker *ck, const ent_node *n)
{
    const ent_node *of = ent_kid(n, 0), *responsible = ent_kid(n, 3);
    if (of != NULL && of->kind == ENT_NODE_MEMBER && of->kids[0]->kind == ENT_NODE_NAME) {
        if (ent_resolve_agreement(ck, of->kids[0]->name, of->kids[0]->span) != NULL)
            find_clause(ck, of->kids[0]->name, of->name, of->name_span);
    } else if (of != NULL) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0212, of->span, "a clause of which agreement?");
        ent_diag_primary_label(d, "write AGREEMENT.CLAUSE");
    }
    ent_q total = ent_q_from_i64(0);
    for (size_t i = 0; responsible != NULL && i < responsible->n_kids; i++) {
        const ent_node *r = responsible->kids[i];
        ent_resolve_party(ck, r->name, r->name_span);
        if (ent_kid(r, 0) != NULL && !ent_q_add(total, r->kids[0]->q, &total))
            return;
    }
    if (responsible != NULL && ent_q_cmp(total, ent_q_from_i64(1)) > 0) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0444, responsible->span,
                                   "shares of responsibility sum to at most 100%%");
        ent_diag_primary_label(d, "these sum to more");
    }
}

static void check_period(ent_checker *ck, const ent_node *n, const ent_node *before)
{
    if (n->kids[0]->i > n->kids[1]->i) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0433, n->span, "this ends before it begins");
        ent_diag_primary_label(d, "both days are included");
    }
    if (before != NULL) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0120, n->span, "`during` stands twice in one scenario");
        ent_diag_label(d, before->span, "here the first time");
    }
}

void ent_check_scenario(ent_checker *ck, const ent_node *n)
{
    bool expects = false;
    const ent_node *period = NULL;
    for (size_t i = 0; i < n->n_kids; i++) {
        const ent_node *k = n->kids[i];
        for (size_t j = 0; k->kind == ENT_NODE_USING && j < k->n_kids; j++)
            ent_resolve_agreement(ck, k->kids[j]->name, k->kids[j]->span);
        if (k->kind == ENT_NODE_GIVEN && k->name != NULL)
            ent_resolve_feed(ck, &ck->top, k->name, k->name_span, false);
        if (k->kind == ENT_NODE_EXPECT)
            check_expect(ck, k);
        if (k->kind == ENT_NODE_PERIOD) {
            check_period(ck, k, period);
            period = k;
        }
        expects = expects || k->kind == ENT_NODE_EXPECT;
    }
    if (!expects && !ck->incomplete) { /* one that is not readable may stand in a hole */
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_W0402, n->span, "this scenario expects nothing");
        ent_diag_help(d, "add `expect breach of AGREEMENT.CLAUSE` or the like");
    }
    ENT_PUSH_PTR(ck, ck->m->scenarios, ck->m->n_scenarios, (ent_node *)(uintptr_t)n);
}
