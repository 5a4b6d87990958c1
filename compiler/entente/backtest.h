/* `entente backtest`: two sets of agreements over the same history, read once.
 *
 * Each source is read by one reader that yields the columns of both programs (runtime/feed/stream.h,
 * ent_stream_open_pair); each program has its own binds, session and decisions.  Only where the two read a feed's
 * files in different ways, by other separators or formats, are they opened twice.
 * What changed is told by the machinery of restatements: a decision is the same one if clause, subject and
 * window, or trigger, are.
 * Tested by tests/golden/run/backtest and tests/property/backtest.py. */
#ifndef ENT_ENTENTE_BACKTEST_H
#define ENT_ENTENTE_BACKTEST_H

#include <stdio.h>

#include "compiler/entente/run.h"

typedef struct ent_backtest_side {
    const char *label;
    const ent_image *program;
    ent_strings *strings;
    ent_vm *vm;
    ent_engine *session;
    ent_verdict *decisions; /* in ledger order */
    size_t n, capacity;
} ent_backtest_side;

typedef struct ent_backtest {
    ent_backtest_side sides[2]; /* old and new */
    uint64_t rows;              /* of the sources, each counted once */
    uint32_t read_twice;        /* feeds that had to be */
} ent_backtest;

typedef struct ent_backtest_options {
    ent_feed_argument *feeds;
    size_t n_feeds;
    const char *from, *to;
    char separator;
} ent_backtest_options;

/* Decides both.  The programs stay the caller's.  Complaints to `err`; the exit status. */
int ent_backtest_run(ent_backtest *test, const ent_image *const programs[2],
                     const char *const labels[2], const ent_backtest_options *options, FILE *err);
void ent_backtest_release(ent_backtest *test);

/* Tells what would have changed.  false: no memory. */
bool ent_backtest_report(ent_backtest *test, bool json, FILE *out);
#endif
