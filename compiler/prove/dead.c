/* Clauses that can never apply because nothing in the club is what they speak of: a cap where
 * nothing is credited, a policy on dependencies where there are none. */
#include "compiler/prove/internal.h"

static bool gives_credit(const ent_agreement_decl *a)
{
    for (size_t i = 0; i < a->n_duties; i++) {
        if (a->duties[i]->credit != NULL) {
            return true;
        }
    }
    for (size_t i = 0; i < a->n_objectives; i++) {
        if (a->objectives[i]->n_steps > 0 || a->objectives[i]->rate_amount != NULL) {
            return true;
        }
    }
    return false;
}

static void report(ent_prover *p, ent_span span, const char *reason)
{
    ent_diag *d = ent_prove_report(p, ENT_DIAG_W0402, span, "this can never apply");
    if (d != NULL) {
        ent_diag_primary_label(d, "%s", reason);
    }
}

/* What a policy needs and the club has not; NULL: it applies. */
static const char *lacking(const ent_model *m, int policy, bool credits)
{
    const ent_framework_decl *f = m->framework;
    bool found = false;
    switch (policy) {
    case ENT_POLICY_OUTAGES_DEPENDENCIES:
        for (size_t i = 0; i < m->n_services; i++) {
            found = found || m->services[i]->n_dependencies > 0;
        }
        return found ? NULL : "no service depends on another";
    case ENT_POLICY_TIME_HOLDER:
    case ENT_POLICY_TIME_LAST_HOLDER:
        for (size_t i = 0; i < m->n_duties; i++) {
            found = found || m->duties[i]->feed->holder != NULL;
        }
        return found || m->n_duties == 0 ? NULL : "no duty is about a feed with a `holder`";
    case ENT_POLICY_JOINT_BY_CHARGE:
        for (size_t i = 0; i < m->n_agreements; i++) {
            found = found || m->agreements[i]->has_charge;
        }
        return found ? NULL : "no agreement states a charge";
    case ENT_POLICY_RELIEF_CLIENT:
        return (f->policies & 1u << ENT_POLICY_CREDITS_RESPONSIBILITY) != 0
                   ? NULL
                   : "only credits that follow responsibility have a client's share";
    case ENT_POLICY_RELIEF_FORCE:
        if ((f->policies & 1u << ENT_POLICY_CREDITS_RESPONSIBILITY) == 0) {
            return "only credits that follow responsibility have a part of force majeure";
        }
        return m->force != NULL ? NULL : "no span is `caused by force majeure`";
    case ENT_POLICY_CREDITS_RESPONSIBILITY:
    case ENT_POLICY_CREDITS_PROVIDER:
        return credits ? NULL : "no clause gives a credit";
    default:
        return NULL;
    }
}

void ent_prove_dead(ent_prover *p)
{
    const ent_model *m = p->m;
    const ent_framework_decl *f = m->framework;
    bool credits = false;
    for (size_t i = 0; i < m->n_agreements; i++) {
        const ent_agreement_decl *a = m->agreements[i];
        bool own_caps = a->n_caps > 0 && a->caps != f->caps &&
                        (a->before == NULL || a->caps != a->before->caps);
        credits = credits || gives_credit(a);
        if (own_caps && !gives_credit(a)) {
            report(p, a->caps[0]->span, "no clause of this agreement gives a credit");
        }
    }
    if (m->n_agreements == 0 || !f->is_main) {
        return; /* the agreements may be elsewhere */
    }
    if (f->n_caps > 0 && !credits) {
        report(p, f->caps[0]->span, "no clause gives a credit");
    }
    for (uint32_t i = 0; i < f->node->n_kids; i++) {
        const ent_node *n = f->node->kids[i];
        const char *reason = n->kind == ENT_NODE_POLICY ? lacking(m, n->op, credits) : NULL;
        if (reason != NULL) {
            report(p, n->span, reason);
        }
    }
}
