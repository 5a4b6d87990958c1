/* Runs one scenario: its agreements compiled to a program in memory, its facts through the same readers, the
 * same session and the same judge as `entente run`.
 *
 * The period is what the scenario says (`during A .. B`).  Without that it is whole: the windows of its
 * agreements, and at least the calendar month, from the one that contains the first fact to the one that
 * contains the last.  So windows are final and clocks that nobody stops run out.  As a handful of
 * samples would then be lost in the silence of a month, no sample is expected of a feed before its first
 * row or after its last one (ent_engine_options.heard).
 *
 * Tested by tests/golden/run/test_* and by the scenarios of the examples. */
#ifndef ENT_ENTENTE_SCENARIO_H
#define ENT_ENTENTE_SCENARIO_H

#include "compiler/entente/compile.h"
#include "runtime/state/engine.h"

typedef struct ent_scenario_run {
    const ent_node *node;
    ent_image *program; /* of the agreements that the scenario uses */
    ent_strings *strings;
    ent_engine *session;
    ent_verdict *decisions; /* in ledger order */
    size_t n, capacity;
    int64_t first_ns, last_ns; /* of the facts; first > last: none */
    int64_t from_ns, to_ns;    /* the period */
    bool whole;                /* the period is that of whole windows */
    char error[1024];          /* why it could not be run, or empty */
    ent_span error_span;
} ent_scenario_run;

/* False: `error` says why.  Release it in either case. */
bool ent_scenario_execute(const ent_compilation *c, const ent_node *scenario,
                          ent_scenario_run *run);
void ent_scenario_release(ent_scenario_run *run);
#endif
