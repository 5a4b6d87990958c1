/* What the parts of `entente run` share: run.c reads and decides, run_files.c writes what came of it. */
#ifndef ENT_ENTENTE_RUN_PRIVATE_H
#define ENT_ENTENTE_RUN_PRIVATE_H

#include <time.h>

#include "compiler/entente/ingest.h"
#include "compiler/entente/kept.h"
#include "compiler/entente/restate.h"
#include "compiler/entente/run.h"
#include "compiler/entente/spool.h"

/* What is counted of decisions as they come. */
typedef struct ent_run_counts {
    ent_tally *duties;        /* one a duty */
    ent_tally_party *answers; /* see ent_run_result */
} ent_run_counts;

typedef struct run {
    const ent_image *program;
    const ent_run_options *options;
    FILE *err;
    ent_strings *strings;
    ent_engine *session;
    ent_vm *vm;
    ent_ingest_feed *feeds;
    size_t n_feeds;
    ent_quarantine *quarantine;
    bool bad_row_reported;
    ent_kept_list decisions;
    ent_ledger ledger;
    ent_ledger_files *files; /* which its facts name, or NULL */
    ent_spool spool;         /* its lines to come, unless it is a restatement */
    char *folder;            /* of the spool's file */
    bool stopped;            /* by ent_run_draft, which has said why */
    ent_run_counts counts;
    ent_run_counts *of_parts; /* where clocks are told of by part; NULL: the same by part of the session */
    size_t n_of_parts;
    void **rooms; /* of the columns of a batch, see ent_engine_room */
    bool breach; /* of an objective, or of a clock that on_decision has told */
    ent_ledger_feed *totals;
    int64_t from, to, as_of;
    bool has_from, has_to, has_as_of, warned;
    ent_restate restate;
    struct timespec begun, shown;
    bool progress_shown;
    uint64_t rows;
} run;

/* Says why, and gives back the status. */
int ent_run_fail(run *r, int status, const char *text);
int ent_run_fail_feed(run *r, const ent_feed_error *error);

/* --- run_files.c --- */

/* Before the first row is read. */
bool ent_run_open_ledger(run *r);
void ent_run_close_ledger(run *r);
/* Whether lines are made of decisions as they come. */
bool ent_run_drafts(const run *r);
/* false: it has been said why not. */
bool ent_run_draft(run *r, const ent_engine *session, const ent_verdict *decision);

/* Whether the files that the options name could be written, asked before an hour of reading rather than after it. */
int ent_run_check_files(const run *r);
/* Ledger, notices, report and quarantine appear when all of them are written, the ledger last: where there is a new
 * ledger, the run was well.  Lines of the ledger go to `out`, too, where they are the format. */
int ent_run_write_files(run *r, const ent_ledger_run *header, const ent_run_result *result, FILE *out);
#endif
