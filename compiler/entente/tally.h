/* What the clocks of a duty came to, counted as they are decided: a million of them need not be kept for a line of the
 * table.  Golden: tests/golden/run. */
#ifndef ENT_ENTENTE_TALLY_H
#define ENT_ENTENTE_TALLY_H

#include "runtime/bytecode/program.h"
#include "runtime/judge/answer.h"
#include "runtime/judge/verdict.h"
#include "runtime/state/engine.h"

enum { ENT_TALLY_WORST = 3, ENT_TALLY_STATUSES = ENT_STATUS_COUNT };

typedef struct ent_tally {
    uint64_t by_status[ENT_TALLY_STATUSES];
    uint64_t total;
    ent_i128 credit;
    bool any_credit;
    ent_i128 open, lapsed; /* of credits on claim: still to be claimed (counted in credit), and not claimed in time */
    /* of a duty: the clocks that overran most, the largest first; ties in the order of the ledger */
    ent_verdict worst[ENT_TALLY_WORST];
    uint32_t n_worst;
} ent_tally;

/* What a party answers for under one agreement: breaches that it has a part in, those that its performance alone
 * would have mended, and what it bears of their credits, in minor units. */
typedef struct ent_tally_party {
    uint64_t breaches, alone;
    ent_i128 bears;
} ent_tally_party;

void ent_tally_count(ent_tally *tally, const ent_verdict *decision);
/* The same, and keeps the clocks that overran most.  Decisions may come in any order. */
void ent_tally_clock(ent_tally *tally, const ent_engine *session, const ent_verdict *decision);
/* Adds what was counted of other clocks of the duty. */
void ent_tally_add_clocks(ent_tally *into, const ent_engine *session, const ent_tally *from);
/* Counts a breach's answer; parties: one a party of the program, then one for what nobody could have mended. */
void ent_tally_answer(ent_tally_party *parties, size_t n_parties, const ent_answer *answer);
void ent_tally_add_answers(ent_tally_party *into, const ent_tally_party *from, size_t n);
void ent_tally_add(ent_tally *into, const ent_tally *from);
#endif
