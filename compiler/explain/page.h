/* Lines of text of at most ENT_EXPLAIN_WIDTH columns.
 *
 * Whatever is printed has come through here: control characters, and those that turn the direction
 * of writing, show as U+FFFD, so that a ledger cannot speak to a terminal; what is longer than
 * anybody reads is cut with "…". */
#ifndef ENT_EXPLAIN_PAGE_H
#define ENT_EXPLAIN_PAGE_H

#include "compiler/explain/explain.h"

typedef struct ent_page {
    ent_arena *arena;
    ent_text *out;
} ent_page;

enum { ENT_PAGE_INDENT = 2, ENT_PAGE_COLUMNS_MAX = 8 };

/* A blank line and the heading. */
void ent_page_heading(const ent_page *page, const char *heading);
/* A wrapped paragraph; the lines after the first are indented by `hang` more. */
void ent_page_say(const ent_page *page, size_t indent, size_t hang, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A line whose blanks count, such as of source or a chart; wrapped only if it must be. */
void ent_page_keep(const ent_page *page, size_t indent, const char *line, size_t len);

/* A table: cells are put row by row, NULL is an empty one; columns are as wide as their cells. */
typedef struct ent_table {
    size_t n_columns;
    bool right[ENT_PAGE_COLUMNS_MAX]; /* aligned */
    const char **cells;
    size_t n, capacity;
} ent_table;
void ent_table_put(const ent_page *page, ent_table *table, const char *cell);
void ent_table_putf(const ent_page *page, ent_table *table, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void ent_table_print(const ent_page *page, const ent_table *table, size_t indent);

/* In terminal columns. */
size_t ent_page_width(const char *text);
/* Harmless, on one line, and of at most `columns`. */
const char *ent_page_clip(ent_arena *arena, const char *text, size_t columns);
#endif
