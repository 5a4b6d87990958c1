/* See tally.h. */
#include "compiler/entente/tally.h"

#include <string.h>

void ent_tally_count(ent_tally *tally, const ent_verdict *d)
{
    tally->by_status[d->status]++;
    tally->total++;
    tally->any_credit |= d->has_credit;
    if (d->has_credit) { /* else its amounts are not looked at, which are far away */
        tally->credit += d->credit_minor;
        tally->open += d->claim == ENT_CLAIM_OPEN ? d->credit_minor : 0;
        tally->lapsed += d->lapsed_minor;
    }
}

static int64_t overrun(const ent_verdict *d)
{
    return d->elapsed_ns - d->allowed_ns;
}

static bool is_worse(const ent_engine *s, const ent_verdict *a, const ent_verdict *b)
{
    return overrun(a) != overrun(b) ? overrun(a) > overrun(b) : ent_judge_order(s, a, b) < 0;
}

static void keep_worst(ent_tally *tally, const ent_engine *s, const ent_verdict *d)
{
    uint32_t at = tally->n_worst;
    while (at > 0 && is_worse(s, d, &tally->worst[at - 1])) {
        at--;
    }
    if (at == ENT_TALLY_WORST) {
        return;
    }
    tally->n_worst += tally->n_worst < ENT_TALLY_WORST;
    memmove(&tally->worst[at + 1], &tally->worst[at], (tally->n_worst - 1 - at) * sizeof *tally->worst);
    tally->worst[at] = *d;
    tally->worst[at].answer = NULL; /* it does not live as long */
}

void ent_tally_clock(ent_tally *tally, const ent_engine *s, const ent_verdict *d)
{
    ent_tally_count(tally, d);
    if (d->status == ENT_STATUS_BREACH) {
        keep_worst(tally, s, d);
    }
}

void ent_tally_add_clocks(ent_tally *into, const ent_engine *s, const ent_tally *from)
{
    ent_tally_add(into, from);
    for (uint32_t i = 0; i < from->n_worst; i++) {
        keep_worst(into, s, &from->worst[i]);
    }
}

void ent_tally_answer(ent_tally_party *parties, size_t n_parties, const ent_answer *answer)
{
    for (size_t i = 0; i < answer->n_parts; i++) {
        const ent_part *part = &answer->parts[i];
        ent_tally_party *party = &parties[part->party];
        party->breaches += part->has_share;
        party->alone += part->but_for;
        party->bears += part->has_amount ? part->amount_minor : 0;
    }
    parties[n_parties].breaches += answer->has_gap;
}

void ent_tally_add_answers(ent_tally_party *into, const ent_tally_party *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        into[i].breaches += from[i].breaches;
        into[i].alone += from[i].alone;
        into[i].bears += from[i].bears;
    }
}

void ent_tally_add(ent_tally *into, const ent_tally *from)
{
    for (size_t i = 0; i < ENT_TALLY_STATUSES; i++) {
        into->by_status[i] += from->by_status[i];
    }
    into->total += from->total;
    into->any_credit |= from->any_credit;
    into->credit += from->credit;
    into->open += from->open;
    into->lapsed += from->lapsed;
}
