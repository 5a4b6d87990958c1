/* `entente run --restate`: reads the ledgers before, and tells what changed (runtime/ledger/restate.h). */
#ifndef ENT_ENTENTE_RESTATE_H
#define ENT_ENTENTE_RESTATE_H

#include <stdio.h>

#include "runtime/ledger/restate.h"

/* A change as the reports tell it. */
typedef struct ent_restated {
    ent_change_kind kind;
    int64_t seq, adjusts;
    bool breach; /* what it is now */
    char agreement[96], clause[96], subject[128], from[48], was[24], is[24];
    char money[ENT_MONEY_TEXT_SIZE], currency[8]; /* the difference */
    char credit_was[ENT_MONEY_TEXT_SIZE], credit_is[ENT_MONEY_TEXT_SIZE];
} ent_restated;

typedef struct ent_restate {
    ent_restatement *core;
    char **ledgers;
    size_t n_ledgers;
    ent_restated *v;
    size_t n, capacity;
    size_t counts[3]; /* by ent_change_kind */
    bool failed;
    void (*write)(void *user, const char *line, size_t len);
    void *user;
} ent_restate;

/* Reads and verifies; complaints to `err`.  The exit status.  Close it whatever that is. */
int ent_restate_open(ent_restate *restate, const char *const *paths, size_t n, FILE *err);
void ent_restate_close(ent_restate *restate);
/* Decision by decision, in their order, and then the end: every line of the restatement is given to `write`, and the
 * changes are kept for the reports.  false: no memory. */
bool ent_restate_line(ent_restate *restate, ent_ledger *ledger, const ent_engine *session,
                      const ent_verdict *decision);
bool ent_restate_finish(ent_restate *restate, ent_ledger *ledger);
void ent_restate_table(const ent_restate *restate, const char *name, FILE *out);
void ent_restate_csv(const ent_restate *restate, FILE *out);
#endif
