/* Rows that lie in the text as a scan found them: all of as many cells, in ASCII, with nothing to unescape.
 *
 * Nothing is written down for a row or a cell, as everything follows from where cells end:
 *
 *     text    a,bc\nd,e\n        ends[-1] = -1 (or where the row before ended)
 *     ends    1 4 6 8            cell c of row i ends at ends[i * stride + c], and begins behind the end before it
 *
 * In JSON Lines what stands between the values are cells, too, which nobody wants:
 *
 *     text    {"a":1,"b":"x"}    ends    -1 4 6 11 12 15    cells 2 and 4 are the values
 */
#ifndef ENT_FEED_PLAIN_H
#define ENT_FEED_PLAIN_H

#include "runtime/feed/cell.h"

typedef struct ent_plain_rows {
    const char *text;
    const uint32_t *ends; /* of the first row; ends[-1] is where what stands before it ends */
    uint32_t stride;      /* cells a row */
    uint32_t begin;       /* the cell with which the text of a row begins */
    const uint32_t *columns; /* the cell of each wanted column */
} ent_plain_rows;

/* Offset of the first byte of a cell, and its length. */
static inline uint32_t ent_plain_from(const ent_plain_rows *rows, uint32_t column, uint32_t row) {
    return rows->ends[(int64_t)row * rows->stride + column - 1] + 1;
}

static inline uint32_t ent_plain_to(const ent_plain_rows *rows, uint32_t column, uint32_t row) {
    return rows->ends[(int64_t)row * rows->stride + column];
}

static inline ent_cell ent_plain_cell(const ent_plain_rows *rows, uint32_t column, uint32_t row) {
    uint32_t from = ent_plain_from(rows, column, row);
    uint32_t len = ent_plain_to(rows, column, row) - from;
    return (ent_cell){rows->text + from, len, len > 0 ? ENT_CELL_PRESENT : ENT_CELL_EMPTY};
}

#endif
