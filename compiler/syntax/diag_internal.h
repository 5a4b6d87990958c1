/* What the collecting and the rendering halves of the diagnostics share, and compiler/embed, which hands
 * them out; nobody else includes it. */
#ifndef ENT_SYNTAX_DIAG_INTERNAL_H
#define ENT_SYNTAX_DIAG_INTERNAL_H

#include "compiler/syntax/diag.h"

typedef struct diag_label {
    struct diag_label *next;
    ent_span span;
    const char *message;
} diag_label;

typedef struct diag_remark { /* a note, help or fix, in the order of the calls */
    struct diag_remark *next;
    const char *message;
    const char *replacement; /* of a fix, else NULL */
    ent_span span;           /* of a fix */
    bool is_note;
} diag_remark;

struct ent_diag {
    ent_diags *owner;
    ent_diag_code code;
    ent_span span;
    const char *message;
    const char *label; /* NULL: none */
    const char *example; /* NULL: none */
    const char *example_name, *example_content; /* of the file that it reads, or NULL */
    diag_label *labels;
    diag_label **labels_end;
    diag_remark *remarks;
    diag_remark **remarks_end;
    size_t order;
    unsigned lost; /* ENT_LOST_*: what could begin where a syntax error stands */
    size_t n_more; /* places where the same was found */
};

typedef struct diag_region { /* a declaration of a file that has syntax errors, or a member of one */
    ent_span span;
    ent_region_kind kind;
} diag_region;

struct ent_diags {
    ent_arena *arena;
    ent_sources *sources;
    ent_diag **list; /* after diags_settle: sorted, each once */
    size_t n;
    size_t cap;
    size_t dropped; /* errors beyond what is kept */
    bool settled;
    bool failed;
    diag_region *regions;
    size_t n_regions;
    size_t concluded; /* so many were left when what follows from others was dropped */
    ent_diag dummy;
};

/* Sorts by place and drops repetitions. */
void ent_diags_settle(ent_diags *diags);
/* Before they are shown: also drops what follows from others. */
void ent_diags_conclude(ent_diags *diags);
#endif
