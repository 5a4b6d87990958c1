/* libentente-compiler: from the text of agreements to a program, inside a program of yours.
 *
 *     sources, files that they name  -->  ent_compile  -->  bytes of a .entc file, for ent_program_load
 *                                              |
 *                                              +--> diagnostics: what is wrong, where, and what mends it
 *
 * It does all that `entente build` does: names and types are checked, and what can be proved is proved.  The rules at
 * the head of entente.h hold here, too: errors are values, the host's allocator and limits, no globals, nothing
 * printed, nothing ended.  A compilation belongs to one thread at a time; any number of threads may compile at once.
 * libical, which reads calendar files, takes working memory of its own and gives it back before it returns.
 *
 * All of it is there since 0.1.  Tested by tests/embed/compile.c. */
#ifndef ENTENTE_COMPILER_H
#define ENTENTE_COMPILER_H

#include <entente.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One source: its name in diagnostics and in `use`, and its text, which needs no NUL. */
typedef struct ent_source_text {
    const char *name;
    const char *text;
    size_t len;
} ent_source_text;

typedef struct ent_compile_options {
    size_t size; /* sizeof(ent_compile_options), or 0 */
    ent_allocator allocator;
    uint64_t memory_max; /* bytes; 0: no limit */
    /* Where files come from that sources name (`use "FILE"`, `closed on "FILE.ics"`) and that are not among the
     * sources themselves.  The path is the named one, from the folder of the file that names it, without `.` and
     * inner `..`.  read_file: gives the bytes, which must stay until the next call or the end of ent_compile;
     * false: there is no such file.  folder: they are read from there, and paths that lead out of it are refused
     * (symbolic links in it are followed).  Without either there are none. */
    bool (*read_file)(void *user, const char *path, const char **bytes, size_t *len);
    void *user;
    const char *folder;
    /* The folder with the modules of `use std.NAME`; NULL: those that are a part of the library. */
    const char *stdlib_dir;
    /* The folder of the time zones' files; NULL: /usr/share/zoneinfo. */
    const char *zone_dir;
} ent_compile_options;

typedef struct ent_compiled ent_compiled;

/* Compiles the sources together.  False: memory, a limit, wrong use, or something that no program can hold, with its
 * place.  True: the compilation says in its diagnostics whether there is a program. */
ENT_API bool ent_compile(const ent_source_text *sources, size_t n, const ent_compile_options *options,
                         ent_compiled **compiled, ent_error *error);
/* NULL is allowed. */
ENT_API void ent_compiled_free(ent_compiled *compiled);

/* What is handed out below lives as long as the compilation. */

/* The bytes of a .entc file; NULL: there are errors. */
ENT_API const void *ent_compiled_program(const ent_compiled *compiled, size_t *len);
/* All diagnostics as `entente check` shows them to people; "" if there are none. */
ENT_API const char *ent_compiled_text(const ent_compiled *compiled);

typedef enum ent_diagnostic_severity {
    ENT_DIAGNOSTIC_ERROR = 1,
    ENT_DIAGNOSTIC_WARNING = 2
} ent_diagnostic_severity;

/* A place in a source.  Lines and columns count from 1, columns in code points; start and end are bytes. */
typedef struct ent_source_span {
    const char *file; /* NULL: no place, and all else is 0 */
    uint32_t line, column, end_line, end_column;
    uint32_t start, end;
} ent_source_span;

/* Another place that has to do with it. */
typedef struct ent_diagnostic_label {
    ent_source_span span;
    const char *message;
} ent_diagnostic_label;

/* What a tool can apply: the replacement in the place of the span. */
typedef struct ent_diagnostic_fix {
    ent_source_span span;
    const char *replacement;
    const char *message; /* as in "did you mean `NetCo`?" */
} ent_diagnostic_fix;

typedef struct ent_diagnostic {
    const char *code; /* "E0201"; stays the same in later versions */
    const char *slug; /* "unknown-party" */
    ent_diagnostic_severity severity;
    const char *message; /* one sentence, lower case, no final period */
    ent_source_span span;
    const char *label; /* what stands under the span; NULL: nothing */
    const ent_diagnostic_label *labels;
    size_t n_labels;
    const char *const *notes;
    size_t n_notes;
    const char *const *help;
    size_t n_help;
    const ent_diagnostic_fix *fixes;
    size_t n_fixes;
    const char *example; /* source text that shows it, a scenario mostly; NULL: none */
} ent_diagnostic;

/* In the order of their places; NULL: there are not as many. */
ENT_API const ent_diagnostic *ent_compiled_diagnostic(const ent_compiled *compiled, size_t index);
/* What a code means, at length, as `entente explain` says it; stays for ever.  NULL: there is no such code. */
ENT_API const char *ent_diagnostic_explanation(const char *code);

#ifdef __cplusplus
}
#endif

#endif
