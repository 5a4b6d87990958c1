/* The checker: from syntax trees to a model (model.h), and the loading of files that it needs.
 *
 * Purely a function of sources, standard library, calendar files and tzdata; success is "no error
 * diagnostics" (ent_diags_error_count), whatever is returned.  Tested in tests/unit/test_check.c
 * and by the golden files of tests/golden/diagnostics/. */
#ifndef ENT_CHECK_CHECK_H
#define ENT_CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler/check/model.h"
#include "compiler/syntax/arena.h"
#include "compiler/syntax/ast.h"
#include "compiler/syntax/diag.h"
#include "compiler/syntax/source.h"

/* Where files come from that are not the file system's.  Paths have neither `.` nor inner `..`. */
typedef struct ent_file_reader {
    /* 0, or the errno value that says why not; the bytes are good until the next call. */
    int (*read)(void *user, const char *path, const char **bytes, size_t *len);
    void *user;
} ent_file_reader;

typedef struct ent_check_options {
    const char *stdlib_dir;   /* where `use std.NAME` finds NAME.ent; NULL: nowhere */
    const char *zoneinfo_dir; /* NULL: "/usr/share/zoneinfo" */
    ent_file_reader reader;   /* of sources and calendar files; read NULL: the file system */
    int holiday_year_from;    /* iCalendar files are expanded over these years; 0: 2000 */
    int holiday_year_to;      /* 0: 2060 */
} ent_check_options;

/* Reads and parses the files and all that they `use`, each once, used files before the using ones.
 * Files that cannot be read are diagnostics (at the `use`, or without a place for `paths`).  NULL
 * only when memory has run out.  *main_files (may be NULL) counts the trees that stand for `paths`;
 * they are last. */
ent_node **ent_load_files(ent_arena *arena, ent_sources *sources, ent_diags *diags,
                          const ent_check_options *options, const char *const *paths,
                          size_t n_paths, size_t *n_files, size_t *main_files);

/* Checks the trees together.  The model is complete if no error was reported; NULL only when memory
 * has run out.  n_main: the last n_main files are the author's (warnings about what is unused are
 * for these only). */
ent_model *ent_check(ent_arena *arena, ent_sources *sources, ent_diags *diags, ent_node **files,
                     size_t n_files, size_t n_main, const ent_check_options *options);

/* Whether a figure of the measure's type keeps to the objective's target. */
bool ent_meets_target(const ent_objective_decl *o, ent_value v);

/* The source text of a span, blanks and newlines collapsed to one blank. */
const char *ent_check_words(ent_arena *arena, const ent_sources *sources, ent_span span);

/* The long explanation of a diagnostic, or NULL. */
const char *ent_explain_code(const char *code);

#endif
