/* What the parts of the formatter share: tokens with the marks that say where lines may break.
 *
 * mark.c and mark_expr.c walk the tree and mark tokens: `hard` begins a line, `rank` is a place where a
 * line that is too long may break (1 is the outermost), `cell` is to be aligned with the same cell of the
 * rows of its group.  layout.c writes the lines. */
#ifndef ENT_FORMAT_LAYOUT_H
#define ENT_FORMAT_LAYOUT_H

#include "compiler/format/format.h"
#include "compiler/syntax/raw.h"

enum { FMT_CELLS = 3 };

/* Where a soft break goes to. */
typedef enum fmt_base {
    FMT_FROM_LINE,  /* delta from the indentation of the line that is broken */
    FMT_FROM_TOKEN, /* delta from the column of the token `base` */
    FMT_FROM_CHAIN  /* under the token `base` if that begins a line, else two from the line */
} fmt_base;

typedef struct fmt_token {
    ent_raw_kind kind;
    const char *text;
    uint32_t len;
    unsigned width; /* columns, of a block those of its quotes */
    uint32_t start;
    uint32_t end;
    const char *value; /* of a block that can be indented anew, else NULL */
    size_t value_len;
    bool first_on_line; /* in the source */
    bool dropped;
    bool comma;   /* put one behind it */
    bool joins;   /* would become another token if it stood on the line of the one before */
    uint8_t space; /* blanks before it within a line */

    bool hard;
    uint16_t indent; /* of a hard break */
    uint16_t note_indent;
    bool may_blank;    /* empty lines before it and between its notes are kept */
    bool force_blank;  /* one empty line stands before it or its notes */
    bool opens;        /* no empty line after it */
    bool closes;       /* no empty line before it */

    uint16_t rank;
    bool together; /* breaks with all its like or not at all */
    fmt_base base_kind;
    uint32_t base;
    uint16_t delta;
    uint32_t arrow; /* of an arm: the index of its arrow, to be aligned when the arms are broken */

    uint32_t group; /* 0: none */
    uint8_t cell;
    uint32_t row; /* first token of its row */
    unsigned pad;

    bool blank;
    uint32_t notes;
    uint32_t n_notes;

    unsigned column; /* where it was written */
    bool begins_line;
} fmt_token;

typedef struct fmt {
    ent_arena *arena;
    ent_sources *sources;
    uint32_t file;
    ent_raw raw;
    fmt_token *tokens;
    uint32_t n; /* the last is the end of the file */
    uint32_t groups;
    bool crlf; /* the prose of a literate file has such line ends */
} fmt;

/* --- finding tokens --- */
uint32_t fmt_first(const fmt *f, const ent_node *node);
uint32_t fmt_last(const fmt *f, const ent_node *node);
/* The first token of the node or of the parentheses around it. */
uint32_t fmt_before(const fmt *f, const ent_node *node);
/* The token after the node and the parentheses around it. */
uint32_t fmt_after(const fmt *f, const ent_node *node);
bool fmt_is(const fmt *f, uint32_t token, const char *text);

/* --- marks --- */
void fmt_soft(fmt *f, uint32_t token, int rank, fmt_base kind, uint32_t base, unsigned delta);
void fmt_mark_file(fmt *f, const ent_node *file);
void fmt_mark_expr(fmt *f, const ent_node *node, int rank);
/* Breaks after the commas between the nodes; they go under the first one. */
void fmt_mark_commas(fmt *f, ent_node *const *nodes, uint32_t n, int rank);

/* --- layout.c --- */
/* Columns of the tokens [from, to) on one line, without what stands before the first. */
unsigned fmt_width(const fmt *f, uint32_t from, uint32_t to);
bool fmt_has_notes(const fmt *f, uint32_t from, uint32_t to); /* within, not before the first */
void fmt_write(fmt *f, ent_text *out);
#endif
