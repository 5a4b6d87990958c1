/* See columns_plain.h.  Each function first fetches the characters of its lanes, in order, then works on what it has
 * fetched in loops that compilers turn into vectors. */
#include "runtime/feed/columns_plain.h"

#include "runtime/vm/swar.h"
#include "runtime/vm/simd.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { WORD = 8, NS_A_SECOND = 1000000000 };

/* For what compilers do not find vectors for themselves. */
enum { LANES8 = 8 };
typedef uint64_t lanes8 __attribute__((vector_size(LANES8 * sizeof(uint64_t))));
typedef uint64_t lanes2 __attribute__((vector_size(2 * sizeof(uint64_t))));

/* A walk down a column: where the cell of a row ends and, before that, where what stands before it does. */
typedef struct walk {
    const char *text;
    const uint32_t *end;
    size_t stride;
    uint32_t lead, trail;
} walk;

ALWAYS_INLINE walk walk_of(const ent_plain_lanes *lanes)
{
    const ent_plain_rows *rows = lanes->rows;
    const ent_plain_column column = lanes->column;
    const uint32_t *end = rows->ends + (size_t)lanes->begin * rows->stride + column.cell;
    return (walk){rows->text, end, rows->stride, column.lead, column.trail};
}

/* Offset of the cell's first byte, and of the one behind its last. */
ALWAYS_INLINE uint32_t from_of(walk at)
{
    return at.end[-1] + at.lead;
}

ALWAYS_INLINE uint32_t to_of(walk at)
{
    return *at.end - at.trail;
}

ENT_VECTORS bool ent_plain_bools(const ent_plain_lanes *lanes, uint8_t *out)
{
    walk at = walk_of(lanes);
    uint8_t letters[ENT_PLAIN_BLOCK];
    uint32_t wrong_len = 0;
    if (lanes->n < ENT_PLAIN_BLOCK) {
        return false;
    }
    ENT_UNROLLED
    for (uint32_t i = 0; i < ENT_PLAIN_BLOCK; i++, at.end += at.stride) {
        uint32_t from = from_of(at);
        wrong_len |= (to_of(at) - from) ^ 1;
        letters[i] = (uint8_t)at.text[from];
    }
    uint8_t wrong = 0;
    for (uint32_t i = 0; i < ENT_PLAIN_BLOCK; i++) {
        out[i] = letters[i] ^ '0';
        wrong |= out[i] & 0xFE;
    }
    return (wrong | wrong_len) == 0;
}

/* `HH:MM:SS` each, after midnight. */
ALWAYS_INLINE bool join_times(const uint64_t *times, int64_t midnight_ns, int64_t *out)
{
    uint64_t wrong = 0;
    for (uint32_t i = 0; i < ENT_PLAIN_BLOCK; i++) {
        uint64_t seconds;
        wrong |= ent_time_of_day(times[i], &seconds);
        out[i] = midnight_ns + (int64_t)(seconds * NS_A_SECOND);
    }
    return wrong == 0;
}

ENT_VECTORS bool ent_plain_instants(const ent_plain_lanes *lanes, const ent_day_memo *memo, int64_t *out)
{
    enum { YEAR = 4 };
    /* behind the year the month and day, and the `Z` */
    static const uint8_t compared[ENT_INSTANT_LEN - YEAR] = {255, 255, 255, 255, 255, 255, 255,
                                                             [ENT_INSTANT_LEN - YEAR - 1] = 255};
    walk at = walk_of(lanes);
    uint64_t times[ENT_PLAIN_BLOCK];
    lanes2 mask, expected;
    lanes2 wrong = {0, 0};
    uint32_t wrong_year = 0;
    if (lanes->n < ENT_PLAIN_BLOCK || !memo->known) {
        return false;
    }
    memcpy(&mask, compared, sizeof mask);
    memcpy(&expected, memo->text + YEAR, sizeof expected);
    uint32_t year = ent_load4(memo->text);
    ENT_UNROLLED
    for (uint32_t i = 0; i < ENT_PLAIN_BLOCK; i++, at.end += at.stride) {
        const uint32_t from = from_of(at);
        const char *p = at.text + from;
        lanes2 rest;
        if (to_of(at) - from != ENT_INSTANT_LEN) {
            return false;
        }
        memcpy(&rest, p + YEAR, sizeof rest);
        wrong |= (rest ^ expected) & mask;
        wrong_year |= ent_load4(p) ^ year;
        times[i] = ent_load8(p + ENT_DAY_LEN);
    }
    return (wrong[0] | wrong[1] | wrong_year) == 0 && join_times(times, memo->midnight_ns, out);
}

/* Words whose last `lens` characters are decimals. */
ALWAYS_INLINE bool join_decimals(const uint64_t *words, const uint64_t *lens, unsigned digits, int64_t *out)
{
    const unsigned at = 56 - 8 * digits; /* of the point, in bits */
    const uint64_t before = (UINT64_C(1) << at) - 1;
    const uint64_t behind = ~(before << 8 | 0xFF);
    const uint64_t point = (uint64_t)'.' << at;
    const uint64_t least = digits + 2;
    lanes8 wrong = {0};
    for (uint32_t i = 0; i < ENT_PLAIN_BLOCK; i += LANES8) {
        lanes8 word, len;
        memcpy(&word, words + i, sizeof word);
        memcpy(&len, lens + i, sizeof len);
        lanes8 unused = (64 - 8 * len) & 63; /* bits, of what is before the decimal */
        word = word >> unused << unused;
        lanes8 shown = ((word & behind) | (word & before) << 8) ^ ((lanes8){0} + (ENT_EVERY_BYTE('0') << 8)) << unused;
        wrong |= ((((shown & ENT_LOW_BITS) + ENT_EVERY_BYTE(0x76)) | shown) & ENT_HIGH_BITS) |
                 ((word & (UINT64_C(0xFF) << at)) ^ point) | ((len - least) | (WORD - len)) >> 63;
        shown = (shown * 10 + (shown >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
        shown = (shown * 100 + (shown >> 16)) & UINT64_C(0x0000FFFF0000FFFF);
        shown = (shown * 10000 + (shown >> 32)) & UINT32_MAX;
        memcpy(out + i, &shown, sizeof shown);
    }
    uint64_t any = 0;
    for (uint32_t k = 0; k < LANES8; k++) {
        any |= wrong[k];
    }
    return any == 0;
}

ENT_VECTORS bool ent_plain_decimals(const ent_plain_lanes *lanes, unsigned digits, int64_t *out)
{
    walk at = walk_of(lanes);
    uint64_t words[ENT_PLAIN_BLOCK];
    uint64_t lens[ENT_PLAIN_BLOCK];
    if (lanes->n < ENT_PLAIN_BLOCK || digits == 0 || digits > WORD - 2 || to_of(at) < WORD) {
        return false; /* the last: eight characters up to an end are read */
    }
    ENT_UNROLLED
    for (uint32_t i = 0; i < ENT_PLAIN_BLOCK; i++, at.end += at.stride) {
        uint32_t end = to_of(at);
        lens[i] = end - from_of(at);
        words[i] = ent_load8(at.text + end - WORD);
    }
    return join_decimals(words, lens, digits, out);
}

/* Fetches texts and whether one is longer than 16 bytes; what stands before a shorter text is still there.  false: it
 * is no whole block, or what is before the first text's end is not eight bytes. */
ALWAYS_INLINE bool fetch_texts(const ent_plain_lanes *lanes, ent_plain_words *words)
{
    walk at = walk_of(lanes);
    if (lanes->n < ENT_PLAIN_BLOCK || to_of(at) < WORD) {
        return false;
    }
    ENT_UNROLLED
    for (uint32_t i = 0; i < ENT_PLAIN_BLOCK; i++, at.end += at.stride) {
        uint32_t begin = from_of(at);
        uint32_t end = to_of(at);
        words->len[i] = end - begin;
        words->first[i] = ent_load8(at.text + begin);
        words->last[i] = ent_load8(at.text + end - WORD);
    }
    return true;
}

ENT_VECTORS bool ent_plain_texts(const ent_plain_lanes *lanes, unsigned bits, ent_plain_words *words, uint32_t *slots)
{
    enum { MOST = 2 * WORD };
    uint64_t wrong = 0;
    if (!fetch_texts(lanes, words)) {
        return false;
    }
    for (uint32_t i = 0; i < ENT_PLAIN_BLOCK; i++) {
        uint64_t len = words->len[i];
        uint64_t unused = len < WORD ? 64 - 8 * len : 0; /* bits; 64 where there is no text */
        uint64_t last = words->last[i] >> (unused & 63) << (unused & 63);
        uint64_t first = len > WORD ? words->first[i] : 0;
        last = len > 0 ? last : 0;
        wrong |= MOST - len;
        words->first[i] = first;
        words->last[i] = last;
        slots[i] = (uint32_t)ent_text_slot(first, last, bits);
    }
    return wrong >> 63 == 0;
}

ENT_VECTORS bool ent_plain_numbers(const ent_plain_lanes *lanes, const ent_family *family, uint32_t *numbers,
                                   uint64_t *others)
{
    ent_plain_words words;
    const uint64_t len = family->shape >> 8;
    const uint64_t kept = (UINT64_C(1) << (family->shape & 0x3F)) - 1; /* of the last eight bytes, what is no digit */
    const uint64_t earlier = len > WORD ? UINT64_MAX >> (8 * (2 * WORD - len)) : 0;
    const uint64_t shown = len < WORD ? ~((UINT64_C(1) << (64 - 8 * len)) - 1) : UINT64_MAX;
    const uint64_t before = family->before;
    const uint64_t prefix = family->prefix;
    if (!fetch_texts(lanes, &words)) {
        return false;
    }
    for (uint32_t i = 0; i < ENT_PLAIN_BLOCK; i++) {
        uint64_t digits = (words.last[i] ^ ENT_EVERY_BYTE('0')) & ~kept;
        others[i] = ((((digits & ENT_LOW_BITS) + ENT_EVERY_BYTE(0x76)) | digits) & ENT_HIGH_BITS) |
                    ((words.last[i] & shown & kept) ^ prefix) | ((words.first[i] & earlier) ^ before) |
                    (words.len[i] ^ len);
        numbers[i] = (uint32_t)ent_join_digits(digits);
    }
    return true;
}
