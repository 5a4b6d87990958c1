/* Diagnostics: what is wrong with the author's source, where, why, and what to do about it.
 *
 * House rules for messages: lower case, no final period, code in backticks, the smallest span that
 * shows it.  The codes, severities and one-line meanings stand in diagnostics.def.
 * Invariants: texts are formatted into the arena at once, so arguments may die after the call.  The
 * functions that add never fail visibly: when memory runs out the diagnostic goes to a dummy and
 * the error count is at least 1.  Rendering sorts by file and place, drops what was said twice
 * (same code, span and message), and stops after ENT_DIAG_SHOWN_MAX with "N more". Tested in
 * tests/unit/test_syntax.c and by the golden files. */
#ifndef ENT_SYNTAX_DIAG_H
#define ENT_SYNTAX_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "compiler/syntax/arena.h"
#include "compiler/syntax/ast.h"
#include "compiler/syntax/source.h"
#include "compiler/syntax/text.h"

#define ENT_DIAG_SHOWN_MAX 50

typedef enum ent_severity { ENT_SEVERITY_ERROR = 1, ENT_SEVERITY_WARNING = 2 } ent_severity;

typedef enum ent_diag_code {
    ENT_DIAG_NONE = 0,
#define ENT_DIAG(code, slug, severity, meaning) ENT_DIAG_##code,
#include "compiler/syntax/diagnostics.def"
#undef ENT_DIAG
    ENT_DIAG_COUNT
} ent_diag_code;

typedef struct ent_diag_info {
    const char *code; /* "E0101" */
    const char *slug; /* "unexpected-token" */
    ent_severity severity;
    const char *meaning; /* one line */
} ent_diag_info;

typedef struct ent_diags ent_diags;
typedef struct ent_diag ent_diag;

ent_diags *ent_diags_new(ent_arena *arena, ent_sources *sources); /* lives in the arena */

/* The main message; the severity comes from the table.  ENT_NO_SPAN where there is no place. */
ent_diag *ent_diag_add(ent_diags *diags, ent_diag_code code, ent_span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What stands behind the ^^^^ under the main span. */
void ent_diag_primary_label(ent_diag *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Another place, possibly in another file, underlined with ----. */
void ent_diag_label(ent_diag *d, ent_span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void ent_diag_note(ent_diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ent_diag_help(ent_diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A mend that a tool can apply: replace what is at `span`; the message is shown as a help line. */
void ent_diag_fix(ent_diag *d, ent_span span, const char *replacement, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Source text that shows what is meant, a scenario mostly: printed below the notes as it is. */
void ent_diag_example(ent_diag *d, const char *text);
/* A file that the example reads, by the name that it uses; for `check --counterexamples`. */
void ent_diag_example_file(ent_diag *d, const char *name, const char *content);

typedef struct ent_diag_example_view {
    const char *code;
    const char *text, *file_name, *file_content; /* the last two NULL: it reads no file */
} ent_diag_example_view;

/* The n-th example in the order of the diagnostics; false: there are fewer. */
bool ent_diags_example(ent_diags *diags, size_t n, ent_diag_example_view *out);

/* Where a declaration, or a member of one, stands in a file that has syntax errors: what follows from
 * these is not shown.  See cascade.c. */
typedef enum ent_region_kind {
    ENT_REGION_MEMBER,      /* of a declaration */
    ENT_REGION_HOME,        /* a declaration that cannot be a member of another one */
    ENT_REGION_DECLARATION, /* one that can */
    ENT_REGION_STRAY        /* a duty or objective that stands in no agreement */
} ent_region_kind;
void ent_diags_region(ent_diags *diags, ent_span span, ent_region_kind kind);
/* The syntax error stands where these could begin: their keyword or brace may be what is wrong. */
enum { ENT_LOST_MEMBER = 1, ENT_LOST_DECLARATION = 2, ENT_LOST_BODY = 4 };
void ent_diag_lost(ent_diag *d, unsigned what);

/* Distinct diagnostics; once they have been rendered, those that were shown. */
size_t ent_diags_error_count(const ent_diags *diags);
size_t ent_diags_warning_count(const ent_diags *diags);

enum { ENT_DIAGS_COLOUR = 1 };
/* Appends the text for people, with a summary line ("2 errors, 1 warning") if there is any. */
void ent_diags_render(ent_diags *diags, ent_text *out, unsigned flags);
void ent_diags_render_json(ent_diags *diags, ent_text *out);
void ent_diags_render_sarif(ent_diags *diags, ent_text *out);

const ent_diag_info *ent_diag_code_info(ent_diag_code code); /* NULL if there is none */
ent_diag_code ent_diag_code_find(const char *code);          /* "E0101"; ENT_DIAG_NONE if unknown */

/* The candidate nearest to the name (Damerau-Levenshtein, no more than a third of its length off),
 * or NULL.  Candidates that are NULL are skipped; of equally near ones the first. */
const char *ent_diag_suggest(const char *name, const char *const *candidates, size_t n);
#endif
