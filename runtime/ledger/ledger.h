/* The decision record: one JSON object a line, each carrying the BLAKE2b-256 of itself and of the line before.
 *
 * The first line says how the ledger was made, every other is a decision.  Keys stand in one fixed order and absent
 * ones are left out, so that equal decisions are equal bytes.  Times are RFC 3339 in the agreement's zone,
 * durations seconds, figures strings.
 * Tested by tests/unit/test_ledger.c and every golden run. */
#ifndef ENT_LEDGER_LEDGER_H
#define ENT_LEDGER_LEDGER_H

#include "runtime/ledger/clause_text.h"
#include "runtime/ledger/hash.h"
#include "runtime/ledger/json_out.h"
#include "runtime/state/engine.h"
#include "runtime/time/civil.h"

#define ENT_LEDGER_FIRST_PREV "0000000000000000000000000000000000000000000000000000000000000000"

/* What the first line says of a feed. */
typedef struct ent_ledger_feed {
    const char *name;
    uint64_t rows, bad, late, skipped;
    char digest[ENT_HASH_TEXT_SIZE];
} ent_ledger_feed;

typedef struct ent_ledger_run {
    const char *version; /* of Entente */
    const char *tzdata;
    const ent_ledger_feed *feeds;
    size_t n_feeds;
    bool has_as_of;
    int64_t as_of_ns;             /* only what was known by then */
    const char *const *restates;  /* hashes of the last lines of the ledgers that this one adjusts */
    size_t n_restates;
} ent_ledger_run;

/* The names of one feed's sources, in the order in which origins count them. */
typedef struct ent_ledger_files {
    const char *const *names;
    size_t n;
} ent_ledger_files;

/* Bytes in memory that grows. */
typedef struct ent_ledger_text {
    char *p;
    size_t n, size;
} ent_ledger_text;

typedef struct ent_ledger {
    ent_json_out line;
    ent_ledger_text draft, text; /* see draft.h */
    ent_civil_memory instants;
    char prev[ENT_HASH_TEXT_SIZE];
    int64_t seq;
    ent_clause_texts clauses;
    const ent_ledger_files *files; /* one a feed of the program, or NULL: facts then name no file */
    bool portable; /* drafts by the general ways only, which give the same lines */
} ent_ledger;

void ent_ledger_init(ent_ledger *ledger);
void ent_ledger_deinit(ent_ledger *ledger);

/* Make the next line in ledger->line (ended by a newline, valid until the next call).  false: memory. */
bool ent_ledger_run_line(ent_ledger *ledger, const ent_engine *session, const ent_ledger_run *run);
bool ent_ledger_decision_line(ent_ledger *ledger, const ent_engine *session,
                              const ent_verdict *decision);
/* A decision's line in two steps, for a chain whose first line is still to come: an open object in ledger->line, with
 * all but prev and hash; later the line of what stood behind its brace. */
bool ent_ledger_decision_members(ent_ledger *ledger, const ent_engine *session, const ent_verdict *decision);
bool ent_ledger_line_of(ent_ledger *ledger, const char *members, size_t len);
/* What is not decided yet and stands in no chain: an object in ledger->line without seq, prev and hash. */
bool ent_ledger_provisional(ent_ledger *ledger, const ent_engine *session, const ent_verdict *decision);

/* Ends a line begun in ledger->line by its prev and hash. */
bool ent_ledger_finish_line(ent_ledger *ledger);

const char *ent_status_name(int status);
/* Of an ent_claim_status; "" where a credit is automatic. */
const char *ent_claim_name(int status);

/* Figures as texts, also for tables.  A measure in its unit, e.g. "99.95%", "0.4s", "GBP 12.50". */
size_t ent_ledger_measure(const ent_image *program, const ent_objective_row *row,
                          const ent_verdict *decision, char *buf, size_t size);
/* e.g. "at least 99.9%" */
size_t ent_ledger_target(const ent_image *program, const ent_objective_row *row, char *buf,
                         size_t size);
/* The amount of the decision's credit without currency, e.g. "6000.00". */
size_t ent_ledger_amount(const ent_image *program, const ent_verdict *decision, char *buf,
                         size_t size);
int64_t ent_verdict_agreement(const ent_image *program, const ent_verdict *decision);
#endif
