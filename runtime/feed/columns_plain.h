/* Columns of plain rows, a block of rows at once: no cell is written down, and no row is branched for.
 *
 * A function here reads `n` lanes from `begin` on if all of them have the type's commonest shape, and says whether they
 * had; if not, what it has written is for the caller to write again.  For columns.c only; tested with it. */
#ifndef ENT_FEED_COLUMNS_PLAIN_H
#define ENT_FEED_COLUMNS_PLAIN_H

#include "runtime/feed/columns.h"

enum { ENT_PLAIN_BLOCK = 64 }; /* rows at once, at most */

/* Which lanes of which column. */
typedef struct ent_plain_lanes {
    const ent_plain_rows *rows;
    uint32_t column, begin, n;
} ent_plain_lanes;

/* `0` and `1`. */
bool ent_plain_bools(const ent_plain_lanes *lanes, uint8_t *out);
/* Instants in the minute that was met last. */
bool ent_plain_instants(const ent_plain_lanes *lanes, const ent_minute_memo *memo, int64_t *out);
/* Digits, a point and `digits` digits, eight characters at most. */
bool ent_plain_decimals(const ent_plain_lanes *lanes, unsigned digits, int64_t *out);
#endif
