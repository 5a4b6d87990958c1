/* Columns of plain rows, a block of rows at once: no cell is written down, and no row is branched for.
 *
 * A function here reads a block's lanes from `begin` on if it is a whole one and all of them have the type's commonest
 * shape, and says whether it was so; if not, what it has written is for the caller to write again.  For columns.c only;
 * tested with it. */
#ifndef ENT_FEED_COLUMNS_PLAIN_H
#define ENT_FEED_COLUMNS_PLAIN_H

#include "runtime/feed/columns.h"
#include "runtime/vm/numbered.h"
#include "runtime/vm/swar.h"

enum { ENT_PLAIN_BLOCK = 64 }; /* rows at once */

/* Which lanes of which column. */
typedef struct ent_plain_lanes {
    const ent_plain_rows *rows;
    ent_plain_column column;
    uint32_t begin, n; /* n: of the last block fewer than ENT_PLAIN_BLOCK */
} ent_plain_lanes;

/* Texts of 0 to 16 bytes: the last eight bytes, with zeros before a shorter one; of one longer than eight its first
 * eight, else 0; and the length. */
typedef struct ent_plain_words {
    uint64_t first[ENT_PLAIN_BLOCK], last[ENT_PLAIN_BLOCK], len[ENT_PLAIN_BLOCK];
} ent_plain_words;

/* `HH:MM:SS` in seconds; not 0: it is not of that shape.  Without branches, as vectors do it. */
static inline __attribute__((always_inline)) uint64_t ent_time_of_day(uint64_t text, uint64_t *seconds)
{
    uint64_t digits = text ^ UINT64_C(0x30303A30303A3030); /* colons become zero */
    uint64_t room = UINT64_C(0x767A7F767A7F767D);           /* up to 127 from the largest digit of each place */
    uint64_t pairs = digits * 10 + (digits >> 8);
    uint64_t hours = pairs & 0xFF;
    *seconds = hours * 3600 + (pairs >> 24 & 0xFF) * 60 + (pairs >> 48 & 0xFF);
    return ((((digits & ENT_LOW_BITS) + room) | digits) & ENT_HIGH_BITS) | (23 - hours) >> 63;
}

/* Where a text is looked for first in a table of 2^bits texts. */
static inline __attribute__((always_inline)) uint64_t ent_text_slot(uint64_t first, uint64_t last, unsigned bits)
{
    uint64_t mixed = (first * UINT64_C(0xD6E8FEB86659FD93)) ^ last;
    return (mixed ^ mixed >> 32) * UINT64_C(0x9E3779B97F4A7C15) >> (64 - bits);
}

/* `0` and `1`. */
bool ent_plain_bools(const ent_plain_lanes *lanes, uint8_t *out);
/* Instants in the day that was met last. */
bool ent_plain_instants(const ent_plain_lanes *lanes, const ent_day_memo *memo, int64_t *out);
/* Digits, a point and `digits` digits, eight characters at most. */
bool ent_plain_decimals(const ent_plain_lanes *lanes, unsigned digits, int64_t *out);
/* Texts of 16 bytes at most, and where each would be in a table of 2^bits texts. */
bool ent_plain_texts(const ent_plain_lanes *lanes, unsigned bits, ent_plain_words *words, uint32_t *slots);
/* The numbers of texts of the family; others: for each whether it is another text (not 0). */
bool ent_plain_numbers(const ent_plain_lanes *lanes, const ent_family *family, uint32_t *numbers, uint64_t *others);
#endif
