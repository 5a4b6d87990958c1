/* Holds an expectation of a scenario against what was decided.
 *
 * `expect STATUS of A.C` is met when some decision of the clause has all that the expectation says, `expect no
 * STATUS of A.C` when none has.  `for` and `in` choose among the clause's decisions; without `in`
 * the windows that no fact lies in are left aside.  A measure agrees when it is the same exactly, or as
 * the ledger prints it (rounded to four places); for a duty it is the clock's elapsed time.
 * Tested by tests/golden/run/test_*. */
#ifndef ENT_ENTENTE_EXPECT_H
#define ENT_ENTENTE_EXPECT_H

#include "compiler/entente/scenario.h"

enum { ENT_DIFFERENCES_MAX = 16, ENT_DIFFERENCE_TEXT = 192 };

typedef struct ent_difference {
    const char *what; /* "status", "measure", "credit", "responsible" */
    char expected[ENT_DIFFERENCE_TEXT];
    char decided[ENT_DIFFERENCE_TEXT];
} ent_difference;

typedef struct ent_expectation {
    const ent_node *expectation;
    bool passed;
    size_t n_candidates;         /* decisions that it speaks of */
    const ent_verdict *nearest; /* the one that agrees, or else that differs least; NULL: none */
    ent_difference differences[ENT_DIFFERENCES_MAX];
    size_t n_differences;
} ent_expectation;

void ent_expect_judge(const ent_compilation *c, const ent_scenario_run *run,
                      const ent_node *expectation, ent_expectation *verdict);

/* A decision in one line for people, e.g. `breach for INC1: 6h30m of 4h, from … to …`. */
void ent_expect_decision_text(const ent_scenario_run *run, const ent_verdict *d, char *buf,
                              size_t size);
/* What is written there, blanks collapsed. */
void ent_expect_source_text(const ent_compilation *c, ent_span span, char *buf, size_t size);
#endif
