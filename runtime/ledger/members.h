/* The members of a decision's line, each in the one way that can say all: written into ledger->line, an open object, in
 * the order of their declarations.  What is frequent is written in short beside it, see draft.h. */
#ifndef ENT_LEDGER_MEMBERS_H
#define ENT_LEDGER_MEMBERS_H

#include "runtime/judge/answer.h"
#include "runtime/ledger/ledger.h"

void ent_member_instant(ent_json_out *out, const char *key, int64_t ns, const ent_zone *zone);
void ent_member_seconds(ent_json_out *out, const char *key, int64_t ns);

void ent_members_subject(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d);
/* Window or clock, status, and what was measured. */
void ent_members_outcome(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d);
/* Also what a pool pays. */
void ent_members_credit(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d);
/* Of every breach of the agreement's clauses the same. */
void ent_members_accountable(ent_json_out *out, const ent_image *program, int64_t agreement);
void ent_members_responsible(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d);
void ent_members_gap(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d);
void ent_members_because(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d);

/* Whether `responsible` has the part. */
static inline bool ent_part_is_told(const ent_part *part)
{
    return part->has_share || part->degree > 0 || part->has_amount;
}
#endif
