/* Restatement: what was decided before, held against what is decided now.
 *
 * A ledger is never rewritten.  Facts that come later lead to a second ledger, in which each decision that
 * changed has one line of kind `adjustment`: the decision as it is now, `adjusts` (which line of which ledger, and
 * what its status was) and `difference` (shares and money, new less old).  A decision that was not there before
 * is an ordinary line; one that is there no more is adjusted to the status `withdrawn`.
 *
 * Two decisions are the same one if kind, agreement, clause, subject and window or trigger are.  They differ if
 * anything is different but their place in the ledger, their source lines and their evidence.
 *
 * Does no I/O: ledgers come as bytes, lines go to the caller's function.
 * Tested by tests/unit/test_restate.c, tests/golden/run/restate and tests/property/restatement.py. */
#ifndef ENT_LEDGER_RESTATE_H
#define ENT_LEDGER_RESTATE_H

#include "runtime/ledger/ledger.h"

typedef struct ent_restatement ent_restatement;

typedef enum ent_change_kind {
    ENT_CHANGE_ADJUSTED = 0,
    ENT_CHANGE_NEW = 1,
    ENT_CHANGE_WITHDRAWN = 2
} ent_change_kind;

/* One line of the restatement; texts are slices of JSON, valid during the call. */
typedef struct ent_change {
    ent_change_kind kind;
    const char *line; /* with its newline */
    size_t len;
    int64_t seq, adjusts; /* adjusts: 0 for a new one */
    const char *old_line, *new_line; /* NULL where there is none */
    size_t old_len, new_len;
    const char *money;    /* difference in credit, e.g. "-300.00", or "" */
    const char *currency; /* of it */
} ent_change;

typedef void (*ent_change_fn)(void *user, const ent_change *change);

ent_restatement *ent_restatement_new(void);
void ent_restatement_free(ent_restatement *restatement);

/* Adds a ledger: the first one is that of a run, further ones are restatements of those before.  The bytes must
 * outlive the restatement and be verified (ent_ledger_verify).  false: no memory, or (*wrong set) why it
 * does not fit. */
bool ent_restatement_add(ent_restatement *restatement, const char *bytes, size_t len,
                         const char **wrong);
/* The period of the first ledger. */
bool ent_restatement_period(const ent_restatement *restatement, int64_t *from_ns, int64_t *to_ns);
/* The hashes of the last lines of the ledgers, for the new one's first line. */
const char *const *ent_restatement_hashes(const ent_restatement *restatement, size_t *n);

/* Writes the lines that follow the first one.  Each decision once, in ledger order; then _finish. */
bool ent_restatement_take(ent_restatement *restatement, ent_ledger *ledger,
                          const ent_engine *session, const ent_verdict *decision,
                          ent_change_fn emit, void *user);
bool ent_restatement_finish(ent_restatement *restatement, ent_ledger *ledger, ent_change_fn emit,
                            void *user);
#endif
