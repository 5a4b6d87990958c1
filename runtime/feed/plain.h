/* Rows that lie in the text as a scan found them: all of as many cells, in ASCII, with nothing to unescape.
 *
 * Nothing is written down for a row or a cell, as everything follows from where cells end:
 *
 *     text    a,bc\nd,e\n        ends[-1] = -1 (or where the row before ended)
 *     ends    1 4 6 8            cell c of row i ends at ends[i * stride + c], and begins behind the end before it
 *
 * In JSON Lines what stands between the values is as long in every row, so a value is so many bytes behind the end
 * before it, and as many before its own:
 *
 *     text    {"a":1,"b":"x"}\n  ends    -1 7 15    the first value is from -1 + 6 up to 7 - 1, the other 7 + 5, 15 - 2
 *
 * Where rows differ in that, it is a cell that nobody wants:
 *
 *     text    {"a":1,"b":"x"}\n  ends    -1 4 6 11 12 15    cells 2 and 4 are the values
 */
#ifndef ENT_FEED_PLAIN_H
#define ENT_FEED_PLAIN_H

#include "runtime/feed/cell.h"

typedef struct ent_plain_column {
    uint32_t cell;
    uint32_t lead;  /* from the end before it to its first byte */
    uint32_t trail; /* from behind its last byte to its end */
} ent_plain_column;

typedef struct ent_plain_rows {
    const char *text;
    const uint32_t *ends; /* of the first row; ends[-1] is where what stands before it ends */
    uint32_t stride;      /* cells a row */
    uint32_t begin;       /* the cell with which the text of a row begins */
    const ent_plain_column *columns; /* those that are wanted */
} ent_plain_rows;

/* Offset of the first byte of a cell, and of the one behind its last. */
static inline uint32_t ent_plain_from(const ent_plain_rows *rows, ent_plain_column column, uint32_t row) {
    return rows->ends[(int64_t)row * rows->stride + column.cell - 1] + column.lead;
}

static inline uint32_t ent_plain_to(const ent_plain_rows *rows, ent_plain_column column, uint32_t row) {
    return rows->ends[(int64_t)row * rows->stride + column.cell] - column.trail;
}

static inline ent_cell ent_plain_cell(const ent_plain_rows *rows, ent_plain_column column, uint32_t row) {
    uint32_t from = ent_plain_from(rows, column, row);
    uint32_t len = ent_plain_to(rows, column, row) - from;
    return (ent_cell){rows->text + from, len, len > 0 ? ENT_CELL_PRESENT : ENT_CELL_EMPTY};
}

#endif
