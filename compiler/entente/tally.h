/* What the clocks of a duty came to, counted as they are decided: a million of them need not be kept for a line of the
 * table.  Golden: tests/golden/run. */
#ifndef ENT_ENTENTE_TALLY_H
#define ENT_ENTENTE_TALLY_H

#include "runtime/bytecode/program.h"
#include "runtime/judge/decision.h"

enum { ENT_TALLY_WORST = 3, ENT_TALLY_STATUSES = ENT_STATUS_COUNT };

typedef struct ent_tally {
    uint64_t by_status[ENT_TALLY_STATUSES];
    uint64_t total;
    ent_i128 credit;
    bool any_credit;
    /* of a duty: the clocks that overran most, the largest first; ties in the order of the ledger */
    ent_decision worst[ENT_TALLY_WORST];
    uint32_t n_worst;
} ent_tally;

void ent_tally_count(ent_tally *tally, const ent_decision *decision);
/* The same, and keeps the clocks that overran most. */
void ent_tally_clock(ent_tally *tally, const ent_decision *decision);
void ent_tally_add(ent_tally *into, const ent_tally *from);
#endif
