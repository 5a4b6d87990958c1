/* Underpinning of availability: what is promised for a service is at most what the services that it
 * stands on are promised together.
 *
 * Promises are compared that say the same: shares (of samples or of time) of one feed, by the same
 * condition, over the same windows.  The product of the targets is exact.  A service that is
 * promised nothing counts as 100%, so that a warning is never for what might be there; `require
 * underpinning` asks for a promise. */
#include <string.h>

#include "compiler/prove/internal.h"

typedef struct promise {
    const ent_service_decl *service;
    const ent_objective_decl *objective;
} promise;

bool ent_is_availability(const ent_objective_decl *o)
{
    return o->expr != NULL && o->expr->kind == ENT_NODE_AGGREGATE && o->n_folds == 1 &&
           (o->folds[0]->kind == ENT_AGG_SHARE || o->folds[0]->kind == ENT_AGG_TIME_SHARE) &&
           o->folds[0]->feed != NULL && o->folds[0]->feed->kind == ENT_FEED_SOURCE &&
           o->target.type.kind == ENT_TYPE_RATIO &&
           (o->compare == ENT_CMP_AT_LEAST || o->compare == ENT_CMP_ABOVE);
}

bool ent_is_alike(const ent_objective_decl *a, const ent_objective_decl *b)
{
    const ent_fold_decl *fa = a->folds[0], *fb = b->folds[0];
    return fa->kind == fb->kind && fa->feed == fb->feed && ent_prove_same(fa->test, fb->test) &&
           a->window == b->window && a->roll_ns == b->roll_ns;
}

/* The highest target of its provider's service agreements for the service, or NULL. */
static const ent_objective_decl *promised(const ent_prover *p, const ent_service_decl *s,
                                          const ent_objective_decl *like)
{
    const ent_objective_decl *best = NULL;
    ent_elements all = p->at.of[ENT_COLLECTION_PROMISES];
    for (size_t i = 0; i < all.n; i++) {
        const ent_objective_decl *o = all.v[i].objective;
        if (all.v[i].service != s || o == NULL || o == like || o->agreement->kind != 0 ||
            o->agreement->is_framework || o->agreement->supplier != s->provider ||
            !ent_is_availability(o) || !ent_is_alike(o, like)) {
            continue;
        }
        best = best == NULL || ent_q_cmp(o->target.q, best->target.q) > 0 ? o : best;
    }
    return best;
}

static void report_unpromised(ent_prover *p, const ent_objective_decl *o, const ent_service_decl *s,
                              const ent_service_decl *on)
{
    ent_diag *d = ent_prove_report(p, ENT_DIAG_E0454, o->node->kids[1]->span,
                                   "%s is promised for `%s`, and nothing is promised for `%s`",
                                   o->target_text, s->name, on->name);
    if (d != NULL) {
        ent_diag_primary_label(d, "this rests on a service without such a target");
        ent_diag_label(d, on->span, "no agreement of `%s` with the client holds it to one",
                       on->provider->name);
        ent_diag_note(d, "`require underpinning` asks for a target below every other");
    }
}

static void report_thin(ent_prover *p, const ent_objective_decl *o, const ent_service_decl *s,
                        const promise *on, size_t n, ent_q product)
{
    const char *sum = NULL;
    for (size_t i = 0; i < n; i++) {
        const char *t = ent_prove_percent(p, on[i].objective->target.q);
        sum = sum == NULL ? ent_arena_printf(p->arena, "%s %s", on[i].service->name, t)
                          : ent_arena_printf(p->arena, "%s × %s %s", sum, on[i].service->name, t);
    }
    const char *target = ent_prove_percent(p, o->target.q);
    ent_diag *d =
        ent_prove_report(p, p->strict ? ENT_DIAG_E0452 : ENT_DIAG_W0407, o->node->kids[1]->span,
                         "`%s` is promised at %s on what is promised at %s", s->name, target,
                         ent_prove_percent(p, product));
    if (d == NULL) {
        return;
    }
    ent_diag_primary_label(d, "more than what `%s` stands on can bear", s->name);
    for (size_t i = 0; i < n; i++) {
        ent_diag_label(d, on[i].objective->node->kids[1]->span, "%s %s", on[i].service->name,
                       ent_prove_percent(p, on[i].objective->target.q));
    }
    ent_diag_note(d, "%s%s%s < %s promised in %s", sum == NULL ? "" : sum, n > 1 ? " = " : "",
                  n > 1 ? ent_prove_percent(p, product) : "", target,
                  ent_prove_title(o->title, o->name));
    ent_diag_help(d, "promise at most %s, or raise a target below", ent_prove_percent(p, product));
}

/* The objective, for one service that it is about. */
static void check(ent_prover *p, const ent_objective_decl *o, const ent_service_decl *s)
{
    size_t n_on = 0, n = 0;
    const ent_service_decl **on = ent_prove_closure(p, s, &n_on);
    promise *found = ent_arena_alloc_array(p->arena, n_on + 2, sizeof *found);
    ent_q product = ent_q_from_i64(1);
    if (on == NULL || found == NULL) {
        p->out_of_memory = true;
        return;
    }
    if (o->agreement->is_framework) {
        on[n_on++] = s; /* end to end: the service's own part counts too */
    }
    for (size_t i = 0; i < n_on; i++) {
        const ent_objective_decl *below = promised(p, on[i], o);
        if (below == NULL && p->strict) {
            report_unpromised(p, o, s, on[i]);
        }
        if (below == NULL) {
            continue;
        }
        if (!ent_q_mul(product, below->target.q, &product)) {
            return; /* hundreds of long decimals: nothing can be claimed */
        }
        found[n++] = (promise){on[i], below};
    }
    if (n > 0 && ent_q_cmp(product, o->target.q) < 0) {
        report_thin(p, o, s, found, n, product);
    }
}

void ent_prove_availability(ent_prover *p)
{
    ent_elements all = p->at.of[ENT_COLLECTION_PROMISES];
    for (size_t i = 0; i < all.n; i++) {
        const ent_objective_decl *o = all.v[i].objective;
        if (o != NULL && o->agreement->kind == 0 && ent_is_availability(o)) {
            check(p, o, all.v[i].service);
        }
    }
}
