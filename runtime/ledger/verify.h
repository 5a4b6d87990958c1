/* Whether a ledger is as it was written: every line parses, hashes to its own hash, follows the line before,
 * and is counted right.
 *
 * What the chain cannot show is that whole lines are missing at the end: compare the number of decisions and
 * the last hash with what somebody else has kept.  Reads bytes only, does no I/O.
 * Tested by tests/unit/test_ledger.c, its messages too. */
#ifndef ENT_LEDGER_VERIFY_H
#define ENT_LEDGER_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/ledger/hash.h"

typedef struct ent_ledger_report {
    uint64_t lines;     /* sound lines, up to the first fault */
    int64_t decisions;  /* of these, decisions */
    char hash[ENT_HASH_TEXT_SIZE]; /* of the last sound line; 64 zeros before the first */
    uint64_t fault_line; /* from 1; 0: no fault, or none that belongs to a line */
    bool torn;           /* the fault is a last line that was not written to its end */
    char fault[320];     /* "" when all is well */
} ent_ledger_report;

/* True if every line is sound.  The report is filled in either case. */
bool ent_ledger_verify(const char *bytes, size_t len, ent_ledger_report *report);

/* The same of a ledger that comes in pieces, however large it is: begin, whole lines as often as there are some, and
 * the end with the length of what stands behind the last newline.  After the first false nothing more is asked. */
void ent_ledger_verify_begin(ent_ledger_report *report);
bool ent_ledger_verify_lines(const char *lines, size_t len, ent_ledger_report *report);
bool ent_ledger_verify_end(size_t rest, ent_ledger_report *report);
#endif
