/* Accountability is total: somebody answers to the client for every service, and where one
 * provider's service stands on another's the two have an agreement. */
#include "compiler/prove/internal.h"

enum { SHOWN_MAX = 6 };

static bool has_ola(const ent_prover *p, const ent_party_decl *supplier,
                    const ent_party_decl *consumer)
{
    ent_elements olas = p->at.of[ENT_COLLECTION_OLAS];
    for (size_t i = 0; i < olas.n; i++) {
        const ent_agreement_decl *a = olas.v[i].agreement;
        if (a->supplier == supplier && a->customer == consumer) {
            return true;
        }
    }
    return false;
}

static bool has_sla(const ent_prover *p, const ent_party_decl *supplier)
{
    ent_elements slas = p->at.of[ENT_COLLECTION_SLAS];
    for (size_t i = 0; i < slas.n; i++) {
        if (slas.v[i].agreement->supplier == supplier &&
            slas.v[i].agreement->customer->role == ENT_ROLE_CLIENT) {
            return true;
        }
    }
    return false;
}

/* One report for all: they are mended in one place. */
static void check_dependencies(ent_prover *p)
{
    ent_elements all = p->at.of[ENT_COLLECTION_DEPENDENCIES];
    ent_diag *d = NULL;
    size_t found = 0;
    for (size_t i = 0; i < all.n; i++) {
        const ent_service_decl *s = all.v[i].service, *on = all.v[i].on;
        if (s->provider == on->provider || has_ola(p, on->provider, s->provider)) {
            continue;
        }
        if (found++ == 0) {
            d = ent_prove_report(p, ENT_DIAG_W0409, all.v[i].span,
                                 "`%s` stands on `%s`, and no OLA says what `%s` owes `%s`",
                                 s->name, on->name, on->provider->name, s->provider->name);
            if (d == NULL) {
                return;
            }
            ent_diag_primary_label(d, "this dependency crosses no agreement");
            ent_diag_help(d, "write `ola NAME … between %s and %s`", on->provider->name,
                          s->provider->name);
        } else if (found <= SHOWN_MAX) {
            ent_diag_label(d, all.v[i].span, "neither does this one: `%s` to `%s`",
                           on->provider->name, s->provider->name);
        }
    }
    if (found > SHOWN_MAX) {
        ent_diag_note(d, "%zu dependencies in all", found);
    }
}

static void check_services(ent_prover *p)
{
    ent_elements all = p->at.of[ENT_COLLECTION_SERVICES];
    ent_diag *d = NULL;
    size_t found = 0;
    for (size_t i = 0; i < all.n; i++) {
        const ent_service_decl *s = all.v[i].service;
        if (s->provider->role != ENT_ROLE_PROVIDER || has_sla(p, s->provider)) {
            continue;
        }
        if (found++ == 0) {
            d = ent_prove_report(p, ENT_DIAG_W0410, s->span,
                                 "nobody answers to the client for `%s`", s->name);
            if (d == NULL) {
                return;
            }
            ent_diag_primary_label(d, "`%s` has no SLA with the client", s->provider->name);
        } else if (found <= SHOWN_MAX) {
            ent_diag_label(d, s->span, "nor for `%s`, of `%s`", s->name, s->provider->name);
        }
    }
}

void ent_prove_accountability(ent_prover *p)
{
    if (p->at.of[ENT_COLLECTION_AGREEMENTS].n == 0 || !p->m->framework->is_main) {
        return; /* the other agreements may be elsewhere */
    }
    check_dependencies(p);
    check_services(p);
}
