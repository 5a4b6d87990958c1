/* A decision's line in short: how it waits for a ledger whose first line is known last.
 *
 * What all lines of a clause share is the clause's number; a clock, the rows it rests on and the parties' parts are
 * their figures; everything else is JSON already.  A line of 600 bytes is some 80 bytes of draft that hold all of it:
 * neither the decision nor its answer nor the texts of its rows are looked at again.
 *
 *     draft   u32 length of all of it, u32 the clause's number, items
 *     item    u8 what it is, its figures, its bytes: see draft.c
 *
 * Figures are as memory has them: a draft never leaves the process and its temporary file.
 * Tested by tests/unit/test_ledger.c (short and general against each other) and every golden run. */
#ifndef ENT_LEDGER_DRAFT_H
#define ENT_LEDGER_DRAFT_H

#include "runtime/ledger/ledger.h"

enum { ENT_DRAFT_HEAD = 8 }; /* bytes from which its length is known */
uint32_t ent_draft_length(const char *draft);

/* Makes the decision's draft in ledger->draft, valid until the next call.  false: memory. */
bool ent_ledger_draft(ent_ledger *ledger, const ent_engine *session, const ent_verdict *decision);

/* Adds the line of a draft that this ledger made with this session, as number `seq`: all that comes before its `prev`.
 * false: memory. */
bool ent_ledger_draft_text(ent_ledger *ledger, const ent_engine *session, const char *draft, int64_t seq,
                           ent_ledger_text *out);

bool ent_ledger_text_grow(ent_ledger_text *text, size_t more);
/* Room for `more` bytes behind those that are there; NULL: memory. */
static inline char *ent_ledger_text_room(ent_ledger_text *text, size_t more)
{
    return more <= text->size - text->n || ent_ledger_text_grow(text, more) ? text->p + text->n : NULL;
}
#endif
