/* Cells into typed columns: the common shapes of each type, without a call for each cell.
 *
 * A function here reads a whole column.  What is not of a common shape is left alone: its lane goes on the list
 * of odd ones, which the caller reads one by one with runtime/vm/read.h.  So a shape that is missing here costs
 * time and never changes a value; that both agree is what tests/unit/test_columns.c checks.
 *
 * Eight bytes from the begin of a cell that is not empty may be read, whatever its length (ENT_CELL_SLACK).
 * Absent lanes (cells without text) have the flag 1 and the datum 0.
 *
 * Texts repeat within a column, so what a text meant is remembered by its bytes: one comparison of two words
 * instead of a hash table and its chain of cache misses.  A table of remembered texts grows while it helps. */
#ifndef ENT_FEED_COLUMNS_H
#define ENT_FEED_COLUMNS_H

#include "runtime/feed/plain.h"

#include <stdbool.h>
#include <stddef.h>

/* One column to fill. */
typedef struct ent_column_lanes {
    const ent_cell *cells; /* NULL: column `column` of `plain` */
    uint32_t n;
    void *data; /* uint8_t for bools, else int64_t or double */
    uint8_t *absent;
    uint32_t *odd; /* room for n lanes */
    uint32_t n_odd;
    const ent_plain_rows *plain;
    ent_plain_column column;
} ent_column_lanes;

static inline ent_cell ent_lane_cell(const ent_column_lanes *lanes, uint32_t i)
{
    return lanes->cells ? lanes->cells[i] : ent_plain_cell(lanes->plain, lanes->column, i);
}

/* `2026-01-31T23:59:59Z`, and what of it stands before the time. */
enum { ENT_INSTANT_LEN = 20, ENT_DAY_LEN = 11 };

/* The day that was met last: an instant without its time, and when it begins. */
typedef struct ent_day_memo {
    char text[ENT_INSTANT_LEN];
    bool known;
    int64_t midnight_ns;
} ent_day_memo;

/* `0` and `1`. */
void ent_columns_bools(ent_column_lanes *lanes);
/* RFC 3339 in UTC with whole seconds. */
void ent_columns_instants(ent_column_lanes *lanes, ent_day_memo *memo);
/* Up to eight characters of digits with at most one point, scaled by 10^digits (digits <= 9). */
void ent_columns_decimals(ent_column_lanes *lanes, int digits);
/* The same without a point. */
void ent_columns_integers(ent_column_lanes *lanes);
/* The same as binary64. */
void ent_columns_numbers(ent_column_lanes *lanes);
/* Digits and `ms` or `s`. */
void ent_columns_durations(ent_column_lanes *lanes);

typedef struct ent_text_memo ent_text_memo;

ent_text_memo *ent_text_memo_new(void);
void ent_text_memo_free(ent_text_memo *memo);

/* What a text stands for, or a negative number: then the lane is odd and nothing is remembered. */
typedef int64_t (*ent_text_meaning)(void *user, const ent_cell *cell);

/* families: where meanings of numbered texts may be found, too; or NULL. */
struct ent_families;
void ent_columns_texts(ent_column_lanes *lanes, ent_text_memo *memo, const struct ent_families *families,
                       ent_text_meaning meaning, void *user);
#endif
