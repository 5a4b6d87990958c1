/* See columns_plain.h.  Each function first fetches the characters of its lanes, in order, then works on what it has
 * fetched in loops that compilers turn into vectors. */
#include "runtime/feed/columns_plain.h"

#include "runtime/vm/swar.h"
#include "runtime/vm/simd.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { WORD = 8, NS_A_SECOND = 1000000000, INSTANT_LEN = 20 };

/* A walk down a column: where the cell of a row ends and, before that, where what stands before it does. */
typedef struct walk {
    const char *text;
    const uint32_t *end;
    size_t stride;
} walk;

ALWAYS_INLINE walk walk_of(const ent_plain_lanes *lanes)
{
    const ent_plain_rows *rows = lanes->rows;
    return (walk){rows->text, rows->ends + (size_t)lanes->begin * rows->stride + lanes->column, rows->stride};
}

ENT_VECTORS bool ent_plain_bools(const ent_plain_lanes *lanes, uint8_t *out)
{
    walk at = walk_of(lanes);
    uint32_t n = lanes->n;
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < n; i++, at.end += at.stride) {
        uint32_t from = at.end[-1] + 1;
        uint32_t digit = (uint32_t)(unsigned char)at.text[from] - '0';
        wrong |= (digit & ~UINT32_C(1)) | ((*at.end - from) ^ 1);
        out[i] = (uint8_t)digit;
    }
    return wrong == 0;
}

/* `:SS` and a `Z` behind the minutes. */
ALWAYS_INLINE bool join_seconds(const uint32_t *tails, uint32_t n, int64_t begin_ns, int64_t *out)
{
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t tens = (tails[i] >> 8 & 0xFF) - '0';
        uint32_t ones = (tails[i] >> 16 & 0xFF) - '0';
        wrong |= (uint32_t)(tens > 5) | (uint32_t)(ones > 9) | ((tails[i] & 0xFF0000FFU) ^ 0x5A00003AU);
        out[i] = begin_ns + (int64_t)(tens * 10 + ones) * NS_A_SECOND;
    }
    return wrong == 0;
}

ENT_VECTORS bool ent_plain_instants(const ent_plain_lanes *lanes, const ent_minute_memo *memo, int64_t *out)
{
    walk at = walk_of(lanes);
    uint32_t tails[ENT_PLAIN_BLOCK];
    uint64_t first = memo->first;
    uint64_t last = memo->last;
    uint64_t wrong = !memo->known;
    for (uint32_t i = 0; i < lanes->n; i++, at.end += at.stride) {
        uint32_t from = at.end[-1] + 1;
        if (*at.end - from != INSTANT_LEN) {
            return false;
        }
        const char *p = at.text + from;
        wrong |= (ent_load8(p) ^ first) | (ent_load8(p + WORD) ^ last);
        tails[i] = ent_load4(p + 2 * WORD);
    }
    return wrong == 0 && join_seconds(tails, lanes->n, memo->begin_ns, out);
}

/* Words hold their characters at the high end, and zeros before them; `zeros` has a `0` for each of their digits. */
ALWAYS_INLINE bool join_decimals(const uint64_t *words, const uint64_t *zeros, uint32_t n, unsigned digits,
                                 int64_t *out)
{
    const unsigned at = 56 - 8 * digits; /* of the point, in bits */
    const uint64_t before = (UINT64_C(1) << at) - 1;
    const uint64_t behind = ~(before << 8 | 0xFF);
    const uint64_t point = (uint64_t)'.' << at;
    uint64_t wrong = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t word = words[i];
        uint64_t shown = ((word & behind) | (word & before) << 8) ^ zeros[i];
        wrong |= ((((shown & ENT_LOW_BITS) + ENT_EVERY_BYTE(0x76)) | shown) & ENT_HIGH_BITS) |
                 ((word & (UINT64_C(0xFF) << at)) ^ point);
        out[i] = (int64_t)ent_join_digits(shown);
    }
    return wrong == 0;
}

ENT_VECTORS bool ent_plain_decimals(const ent_plain_lanes *lanes, unsigned digits, int64_t *out)
{
    walk at = walk_of(lanes);
    uint64_t words[ENT_PLAIN_BLOCK];
    uint64_t zeros[ENT_PLAIN_BLOCK];
    const uint32_t least = digits + 2;
    uint32_t wrong = digits == 0 || digits > WORD - 2;
    for (uint32_t i = 0; i < lanes->n; i++, at.end += at.stride) {
        uint32_t from = at.end[-1] + 1;
        uint32_t len = *at.end - from;
        wrong |= (uint32_t)(len - least > WORD - least);
        words[i] = ent_load8(at.text + from) << ((64 - 8 * len) & 63);
        zeros[i] = ENT_EVERY_BYTE('0') << ((72 - 8 * len) & 63);
    }
    return wrong == 0 && join_decimals(words, zeros, lanes->n, digits, out);
}
