/* What a test run found, and its renderings: text for people, JSON, JUnit XML.
 *
 * Records live in the compilation's arena, so that renderings are functions of them alone. */
#ifndef ENT_ENTENTE_TEST_REPORT_H
#define ENT_ENTENTE_TEST_REPORT_H

#include "compiler/entente/coverage.h"
#include "compiler/entente/expect.h"
#include "compiler/syntax/text.h"

typedef struct ent_test_expectation {
    const char *text; /* as written */
    uint32_t line, column;
    bool passed;
    const char *decided; /* the decision that it was held against; NULL: there was none */
    const char *hint;    /* what there was instead, or NULL */
    ent_difference *differences;
    size_t n_differences;
} ent_test_expectation;

typedef struct ent_test_case {
    const char *title, *file;
    uint32_t line;
    const char *error; /* why it could not be run, or NULL */
    uint32_t error_line, error_column;
    ent_test_expectation *expectations;
    size_t n_expectations, n_failed;
} ent_test_case;

typedef struct ent_test_run {
    ent_test_case *cases;
    size_t n, n_failed, n_expectations;
    const ent_coverage *coverage; /* NULL: not asked for */
} ent_test_run;

/* Judges the scenario's expectations and keeps what is to be told.  false: no memory. */
bool ent_test_record(const ent_compilation *c, const ent_scenario_run *run, ent_test_case *out);

void ent_test_text(const ent_test_run *run, bool colour, ent_text *out);
/* false: no memory */
bool ent_test_json(const ent_test_run *run, ent_text *out);
void ent_test_junit(const ent_test_run *run, ent_text *out);
#endif
