/* From paths to a program: sources are compiled, a single .entc is loaded. */
#ifndef ENT_ENTENTE_COMPILE_H
#define ENT_ENTENTE_COMPILE_H

#include "compiler/check/model.h"
#include "compiler/emit/builder.h"
#include "compiler/syntax/diag.h"
#include "runtime/bytecode/program.h"

typedef enum ent_diag_format { ENT_DIAG_TEXT = 0, ENT_DIAG_JSON = 1, ENT_DIAG_SARIF = 2 } ent_diag_format;

typedef struct ent_compile_options {
    const char *stdlib_dir; /* NULL: beside the command */
    ent_diag_format format; /* of diagnostics */
    bool diagnostics_to_stdout; /* JSON and SARIF are results */
    bool colour;
    bool quiet; /* diagnostics are not shown: what does not compile is no program */
    const char *examples_dir; /* where scenarios that diagnostics show are written; NULL: nowhere */
} ent_compile_options;

/* What a compilation saw, for `check`. */
typedef struct ent_compile_summary {
    size_t frameworks, slas, olas, clauses, feeds, warnings;
} ent_compile_summary;

/* A compilation that stays open, for those who ask the model itself.  Everything lives in the arena. */
typedef struct ent_compilation {
    ent_arena *arena;
    ent_sources *sources;
    ent_diags *diags;
    ent_model *model; /* without errors */
    const char *const *libraries; /* that its programs may call, set by whoever runs them */
    size_t n_libraries;
} ent_compilation;

/* Loads and checks; diagnostics are printed.  Returns the exit status; close it whatever that is. */
int ent_compilation_open(ent_compilation *c, const char *const *paths, size_t n,
                         const ent_compile_options *options);
void ent_compilation_close(ent_compilation *c);
/* Lowers a model (the compilation's own or a selection of it) to a loaded program.  The exit status. */
int ent_compilation_program(const ent_compilation *c, const ent_model *model,
                            ent_image **program);

/* Compiles; diagnostics are printed.  On success *bytes holds the .entc.  Returns the exit status. */
int ent_compile_files(const char *const *paths, size_t n, const ent_compile_options *options,
                      ent_bytes *bytes, ent_compile_summary *summary);

/* Loads `paths`: one .entc file, or sources to compile.  Returns the exit status. */
int ent_obtain_program(const char *const *paths, size_t n, const ent_compile_options *options,
                       ent_image **program);
/* Where the standard library is, written into buf; NULL if it is nowhere. */
const char *ent_find_stdlib(char *buf, size_t size);
/* Whether the file is a built program and no source. */
bool ent_is_built(const char *path);
#endif
