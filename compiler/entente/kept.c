/* See kept.h. */
#include "compiler/entente/kept.h"

#include <stdlib.h>

#include "runtime/judge/answer.h"

enum { CLAUSES_MAX = 1 << 25 };
_Static_assert(ENT_STATUS_NOT_IN_FORCE < 8, "a status has three bits");

bool ent_kept_fits(const ent_verdict *d)
{
    return d->kind == ENT_VERDICT_DUTY && d->has_subject && !d->has_credit && !d->has_measure && !d->has_budget &&
           d->claim == ENT_CLAIM_NONE && d->lapsed_minor == 0 && d->clause < CLAUSES_MAX;
}

bool ent_kept_add(ent_kept *kept, const ent_verdict *d, size_t others_before)
{
    if (kept->n == kept->capacity) {
        size_t capacity = kept->capacity ? kept->capacity * 2 : 1024;
        ent_kept_clock *grown = realloc(kept->v, capacity * sizeof *grown);
        if (!grown) {
            return false;
        }
        kept->v = grown;
        kept->capacity = capacity;
    }
    kept->v[kept->n++] = (ent_kept_clock){.final_ns = d->final_ns,
                                          .at_ns = d->at_ns,
                                          .due_ns = d->due_ns,
                                          .done_ns = d->done_ns,
                                          .elapsed_ns = d->elapsed_ns,
                                          .allowed_ns = d->allowed_ns,
                                          .subject = d->subject,
                                          .cause_origin = d->cause_origin,
                                          .done_origin = d->done_origin,
                                          .others_before = others_before,
                                          .answer = ent_answer_keep(d->answer),
                                          .done_feed = d->done_feed,
                                          .clause = (uint32_t)d->clause & (CLAUSES_MAX - 1),
                                          .status = d->status & 7U,
                                          .has_due = d->has_due,
                                          .has_done = d->has_done,
                                          .open = d->open,
                                          .final = d->final};
    return true;
}

ent_verdict ent_kept_decision(const ent_kept_clock *c)
{
    return (ent_verdict){.kind = ENT_VERDICT_DUTY,
                         .status = c->status,
                         .has_due = c->has_due,
                         .has_done = c->has_done,
                         .open = c->open,
                         .final = c->final,
                         .clause = c->clause,
                         .subject = c->subject,
                         .has_subject = true,
                         .final_ns = c->final_ns,
                         .at_ns = c->at_ns,
                         .due_ns = c->due_ns,
                         .done_ns = c->done_ns,
                         .elapsed_ns = c->elapsed_ns,
                         .allowed_ns = c->allowed_ns,
                         .measure = {0, 1},
                         .credit_fraction = {1, 1},
                         .credit_rule = -1,
                         .budget_left = {0, 1},
                         .burn_rate = {0, 1},
                         .cause_origin = c->cause_origin,
                         .done_origin = c->done_origin,
                         .done_feed = c->done_feed,
                         .answer = c->answer};
}

/* Subjects mostly are texts, which lie in the order in which they came first and not in that of decisions. */
void ent_kept_look_ahead(const ent_kept *kept, size_t at, const ent_strings *strings)
{
    enum { PLACE = 16, BYTES = 8 };
    if (at + PLACE < kept->n) {
        ent_strings_prefetch(strings, kept->v[at + PLACE].subject);
        ent_strings_prefetch_bytes(strings, kept->v[at + BYTES].subject);
    }
}

void ent_kept_clear(ent_kept *kept)
{
    for (size_t i = 0; i < kept->n; i++) {
        ent_answer_free(kept->v[i].answer);
    }
    free(kept->v);
    *kept = (ent_kept){0};
}
