/* Which spans `caused by P` say whose time a duty's clock, or whose doing an objective's sample, is.
 *
 * Nobody names them in the clause: a span counts in every clause whose rows tell its key. Where the key
 * is a bare text or number, two feeds may use the same one for different things, so the span must be of the
 * clause's feed, or the duty must use it by name. Runs after all clauses are checked. */
#include "compiler/check/checker.h"

static bool same_agreement(const ent_span_decl *span, const ent_agreement_decl *a)
{
    return span->agreement == NULL || span->agreement->is_framework ||
           ent_same(span->agreement->name, a->name);
}

static bool is_of_feed(const ent_pattern_decl *p, const ent_feed_decl *feed)
{
    for (size_t i = 0; i < p->n_alts; i++)
        if (p->alts[i].feed == feed)
            return true;
    return false;
}

static bool names_span(const ent_spanuse_decl *uses, size_t n, const ent_span_decl *span)
{
    for (size_t i = 0; i < n; i++)
        if (uses[i].of == span)
            return true;
    return false;
}

static bool duty_names(const ent_duty_decl *d, const ent_span_decl *span)
{
    for (size_t i = 0; i < d->n_allows; i++)
        if (d->allows[i].use != NULL && d->allows[i].use->of == span)
            return true;
    return names_span(d->pauses, d->n_pauses, span) || names_span(d->excused, d->n_excused, span);
}

static bool keys_are_telling(const ent_span_decl *span, const ent_feed_decl *feed)
{
    bool telling = true;
    for (size_t i = 0; i < span->n_keys; i++)
        telling = telling && ent_ty_is_named(span->key_types[i]);
    return telling || is_of_feed(span->from, feed) || is_of_feed(span->to, feed);
}

static void add_use(ent_checker *ck, ent_span_decl *span, ent_feed_decl *feed,
                    ent_spanuse_decl **uses, size_t *n_uses)
{
    ent_spanuse_decl use = {.of = span, .feed = feed, .at_most_ns = -1, .span = span->span};
    if (!ent_span_keys(ck, span, feed, &use.keys, &use.n_keys))
        return;
    ent_spanuse_decl *slot = ENT_PUSH(ck, *uses, *n_uses);
    if (slot != NULL)
        *slot = use;
}

static void duty_causes(ent_checker *ck, ent_duty_decl *d)
{
    for (size_t i = 0; i < ck->m->n_spans; i++) {
        ent_span_decl *span = ck->m->spans[i];
        bool counts = span->cause != NULL && same_agreement(span, d->agreement) &&
                      (keys_are_telling(span, d->feed) || duty_names(d, span));
        if (counts)
            add_use(ck, span, d->feed, &d->causes, &d->n_causes);
    }
    ent_use_spans(d->causes, d->n_causes);
}

static void fold_causes(ent_checker *ck, const ent_objective_decl *o, ent_fold_decl *f)
{
    if (f->feed == NULL || f->feed->kind != ENT_FEED_SOURCE)
        return;
    for (size_t i = 0; i < ck->m->n_spans; i++) {
        ent_span_decl *span = ck->m->spans[i];
        if (span->cause != NULL && same_agreement(span, o->agreement) &&
            keys_are_telling(span, f->feed))
            add_use(ck, span, f->feed, &f->causes, &f->n_causes);
    }
    ent_use_spans(f->causes, f->n_causes);
}

void ent_check_causes(ent_checker *ck)
{
    for (size_t i = 0; i < ck->m->n_duties; i++)
        if (ck->m->duties[i]->feed != NULL)
            duty_causes(ck, ck->m->duties[i]);
    for (size_t i = 0; i < ck->m->n_objectives; i++)
        for (size_t k = 0; k < ck->m->objectives[i]->n_folds; k++)
            fold_causes(ck, ck->m->objectives[i], ck->m->objectives[i]->folds[k]);
}
