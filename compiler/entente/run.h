/* `entente run`: one program over sources of facts, from opening them to the ledger and the report. */
#ifndef ENT_ENTENTE_RUN_H
#define ENT_ENTENTE_RUN_H

#include <stdio.h>

#include "compiler/entente/kept.h"
#include "compiler/entente/tally.h"
#include "runtime/feed/stream.h"
#include "runtime/ledger/file.h"
#include "runtime/ledger/ledger.h"
#include "runtime/state/engine.h"

enum { ENT_EXIT_OK = 0, ENT_EXIT_FOUND = 1, ENT_EXIT_USE = 2, ENT_EXIT_DATA = 3, ENT_EXIT_ENVIRONMENT = 4 };

typedef enum ent_run_format { ENT_RUN_TABLE = 0, ENT_RUN_JSONL = 1, ENT_RUN_CSV = 2 } ent_run_format;

typedef struct ent_feed_argument {
    const char *name;   /* owned by the caller; as far as `name_len` */
    size_t name_len;
    const char *source;
} ent_feed_argument;

typedef struct ent_run_options {
    ent_feed_argument *feeds;
    size_t n_feeds;
    const char *from, *to; /* an instant, or a date in the framework's zone */
    const char *as_of;     /* the same: only what was recorded by then */
    const char **restate;  /* ledgers to restate, the first one of a run */
    size_t n_restate;
    ent_run_format format;
    const char *ledger;
    const char *notices;
    const char *report; /* a page of HTML */
    const char *quarantine; /* NULL: stop at the first bad row */
    const char *folder;     /* for temporary files */
    uint64_t sort_memory_bytes;
    const bool *not_in_force; /* one an agreement; NULL: all are in force */
    uint32_t batch_rows; /* 0: 2,048 */
    uint32_t jobs;
    char separator;
    bool fail_on_breach;
    bool trace; /* facts in the ledger name their rows */
    bool portable; /* by the general ways only, which give the same */
    bool progress;
    bool colour;
} ent_run_options;

/* What a run came to, for the reports. */
typedef struct ent_run_result {
    const ent_engine *session;
    const ent_kept_list *decisions; /* in ledger order; of duties only where somebody wants each of them */
    const ent_tally *duties; /* one a duty of the program */
    /* of each agreement one a party, and one more for what nobody could have mended */
    const ent_tally_party *answers;
    const ent_ledger_feed *feeds;
    size_t n_feeds;
    uint64_t without_allowance;
    uint64_t claims_unanswered;
} ent_run_result;

/* Runs; diagnostics to `err`, results to `out`; the exit status. */
int ent_run(const ent_image *program, const ent_run_options *options, FILE *out, FILE *err);

/* Whether an output may be put at the path by renaming: says why not, which is wrong use. */
bool ent_output_is_file(const char *path, FILE *err);

/* 1234567 as 1,234,567 */
const char *ent_count_text(uint64_t n, char *buf, size_t size);
/* These three: false is out of memory. */
bool ent_report_table(const ent_run_result *result, FILE *out, bool colour);
bool ent_report_csv(const ent_run_result *result, FILE *out);
bool ent_report_html(const ent_run_result *result, ent_file *file);
#endif
