/* See columns.h.  Bytes are worked on eight at a time in ordinary integers, so every processor takes this path;
 * `load` puts the first character into the lowest byte whatever the order of bytes in memory. */
#include "runtime/feed/columns.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/time/civil.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define EVERY_BYTE(b) (UINT64_C(0x0101010101010101) * (b))
#define HIGH_BITS EVERY_BYTE(0x80)
#define LOW_BITS EVERY_BYTE(0x7F)

enum { WORD = 8, NS_A_SECOND = 1000000000, DAY_S = 86400 };

ALWAYS_INLINE uint64_t load(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

ALWAYS_INLINE bool is_empty(ent_column_lanes *lanes, uint32_t i)
{
    bool empty = lanes->cells[i].len == 0;
    lanes->absent[i] = empty;
    return empty;
}

ALWAYS_INLINE void leave(ent_column_lanes *lanes, uint32_t i)
{
    lanes->odd[lanes->n_odd++] = i;
}

void ent_columns_bools(ent_column_lanes *lanes)
{
    uint8_t *out = lanes->data;
    lanes->n_odd = 0;
    for (uint32_t i = 0; i < lanes->n; i++) {
        out[i] = 0;
        if (is_empty(lanes, i)) {
            continue;
        }
        unsigned digit = (unsigned)(unsigned char)lanes->cells[i].p[0] - '0';
        if (lanes->cells[i].len == 1 && digit <= 1) {
            out[i] = (uint8_t)digit;
        } else {
            leave(lanes, i);
        }
    }
}

/* --- instants --- */

/* `HH:MM` in minutes; false if it is not of that shape. */
static bool minutes_of_day(const char *p, int64_t *minutes)
{
    unsigned d[5];
    for (unsigned i = 0; i < 5; i++) {
        d[i] = (unsigned)(unsigned char)p[i] - '0';
    }
    *minutes = (d[0] * 10 + d[1]) * 60 + d[3] * 10 + d[4];
    return d[0] < 10 && d[1] < 10 && p[2] == ':' && d[3] < 6 && d[4] < 10 && d[0] * 10 + d[1] < 24;
}

/* Learns a minute, `2026-01-31T23:59`; false if it is none, or so far away that nanoseconds might not reach it. */
static bool learn_minute(ent_minute_memo *memo, const char *p)
{
    enum { FAR_DAYS = 84000 }; /* about 230 years from 1970 */
    int64_t days;
    int64_t minutes;
    bool same_day = memo->known && memo->first == load(p) && ((memo->last ^ load(p + WORD)) & 0xFFFF) == 0;
    if (!same_day && ent_civil_parse_date(p, 10, &days) && days > -FAR_DAYS && days < FAR_DAYS) {
        memo->midnight_ns = days * DAY_S * NS_A_SECOND;
        same_day = true;
    }
    memo->known = same_day && p[10] == 'T' && minutes_of_day(p + 11, &minutes);
    if (memo->known) {
        memo->first = load(p);
        memo->last = load(p + WORD);
        memo->begin_ns = memo->midnight_ns + minutes * 60 * NS_A_SECOND;
    }
    return memo->known;
}

/* `:SS` and a `Z`. */
ALWAYS_INLINE bool seconds_of(const char *p, uint32_t *seconds)
{
    uint32_t tail;
    memcpy(&tail, p, sizeof tail);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    tail = __builtin_bswap32(tail);
#endif
    uint32_t tens = (tail >> 8 & 0xFF) - '0';
    uint32_t ones = (tail >> 16 & 0xFF) - '0';
    *seconds = tens * 10 + ones;
    return ((tail & 0xFF0000FFU) == 0x5A00003AU) & (tens < 6) & (ones < 10);
}

void ent_columns_instants(ent_column_lanes *lanes, ent_minute_memo *memo)
{
    int64_t *out = lanes->data;
    const ent_cell *cells = lanes->cells;
    lanes->n_odd = 0;
    for (uint32_t i = 0; i < lanes->n; i++) {
        const char *p = cells[i].p;
        uint32_t seconds;
        out[i] = 0;
        if (is_empty(lanes, i)) {
            continue;
        }
        if (cells[i].len != 20 || !seconds_of(p + 16, &seconds)) {
            leave(lanes, i);
            continue;
        }
        bool same = memo->known && memo->first == load(p) && memo->last == load(p + WORD);
        if (!same && !learn_minute(memo, p)) {
            leave(lanes, i);
            continue;
        }
        out[i] = memo->begin_ns + (int64_t)seconds * NS_A_SECOND;
    }
}

/* --- decimals --- */

static const int64_t powers[] = {1,      10,      100,      1000,      10000,
                                 100000, 1000000, 10000000, 100000000, 1000000000};
enum { POWERS = sizeof powers / sizeof powers[0] };

/* Digits, at most one point among them, eight characters in all: the digits as a number, and how many stand
 * behind the point.  The characters are pushed to the high end, so that what stands before them is zero. */
ALWAYS_INLINE bool plain_decimal(const ent_cell *cell, uint32_t *value, uint32_t *fraction, bool *has_point)
{
    uint32_t n = cell->len;
    if (n > WORD) {
        return false;
    }
    uint64_t word = load(cell->p) << (64 - 8 * n);
    uint64_t other = word ^ EVERY_BYTE('.');
    uint64_t points = ~(((other & LOW_BITS) + LOW_BITS) | other | LOW_BITS);
    *has_point = points != 0;
    *fraction = 0;
    if (points != 0) {
        unsigned at = (unsigned)__builtin_ctzll(points) - 7; /* in bits */
        uint64_t before = word & ((UINT64_C(1) << at) - 1);
        word = (word >> at >> 8 << 8 << at) | before << 8;
        *fraction = 7 - at / 8;
        n--;
    }
    if (n == 0) {
        return false;
    }
    uint64_t digits = (word ^ EVERY_BYTE('0')) >> (64 - 8 * n) << (64 - 8 * n);
    uint64_t wrong = ((digits & LOW_BITS) + EVERY_BYTE(0x76)) | digits;
    digits = (digits * 10 + (digits >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
    digits = (digits * 100 + (digits >> 16)) & UINT64_C(0x0000FFFF0000FFFF);
    *value = (uint32_t)(digits * 10000 + (digits >> 32));
    return (wrong & HIGH_BITS) == 0;
}

/* Digits and a point, with as many digits behind it as the type has: from two to eight characters in all. */
ALWAYS_INLINE bool full_decimal(const ent_cell *cell, unsigned digits, uint32_t *value)
{
    unsigned n = cell->len;
    unsigned at = 56 - 8 * digits; /* of the point, in bits */
    if (n > WORD || n < digits + 2) {
        return false;
    }
    uint64_t word = load(cell->p) << (64 - 8 * n);
    uint64_t whole = word & ((UINT64_C(1) << at) - 1);
    uint64_t rest = word >> at >> 8 << 8 << at;
    uint64_t shown = (rest | whole << 8) ^ EVERY_BYTE('0') << (72 - 8 * n);
    uint64_t wrong = ((shown & LOW_BITS) + EVERY_BYTE(0x76)) | shown;
    shown = (shown * 10 + (shown >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
    shown = (shown * 100 + (shown >> 16)) & UINT64_C(0x0000FFFF0000FFFF);
    *value = (uint32_t)(shown * 10000 + (shown >> 32));
    return (word >> at & 0xFF) == '.' && (wrong & HIGH_BITS) == 0;
}

void ent_columns_decimals(ent_column_lanes *lanes, int digits)
{
    int64_t *out = lanes->data;
    bool has_full = digits > 0 && digits < WORD - 1;
    lanes->n_odd = 0;
    for (uint32_t i = 0; i < lanes->n; i++) {
        uint32_t full;
        if (has_full && full_decimal(&lanes->cells[i], (unsigned)digits, &full)) {
            out[i] = full;
            lanes->absent[i] = 0;
            continue;
        }
        uint32_t value;
        uint32_t fraction;
        bool has_point;
        out[i] = 0;
        if (is_empty(lanes, i)) {
            continue;
        }
        if (!plain_decimal(&lanes->cells[i], &value, &fraction, &has_point) || (int)fraction > digits) {
            leave(lanes, i);
            continue;
        }
        out[i] = (int64_t)value * powers[(uint32_t)digits - fraction];
    }
}

void ent_columns_integers(ent_column_lanes *lanes)
{
    int64_t *out = lanes->data;
    lanes->n_odd = 0;
    for (uint32_t i = 0; i < lanes->n; i++) {
        uint32_t value;
        uint32_t fraction;
        bool has_point;
        out[i] = 0;
        if (is_empty(lanes, i)) {
            continue;
        }
        if (!plain_decimal(&lanes->cells[i], &value, &fraction, &has_point) || has_point) {
            leave(lanes, i);
            continue;
        }
        out[i] = value;
    }
}

void ent_columns_numbers(ent_column_lanes *lanes)
{
    double *out = lanes->data;
    lanes->n_odd = 0;
    for (uint32_t i = 0; i < lanes->n; i++) {
        uint32_t value;
        uint32_t fraction;
        bool has_point;
        out[i] = 0;
        if (is_empty(lanes, i)) {
            continue;
        }
        if (!plain_decimal(&lanes->cells[i], &value, &fraction, &has_point)) {
            leave(lanes, i);
            continue;
        }
        /* both are exact, so the quotient is the nearest to the decimal */
        out[i] = (double)value / (double)powers[fraction];
    }
}

void ent_columns_durations(ent_column_lanes *lanes)
{
    int64_t *out = lanes->data;
    lanes->n_odd = 0;
    for (uint32_t i = 0; i < lanes->n; i++) {
        ent_cell number = lanes->cells[i];
        uint32_t value;
        uint32_t fraction;
        bool has_point;
        out[i] = 0;
        if (is_empty(lanes, i)) {
            continue;
        }
        const char *end = number.p + number.len;
        bool seconds = number.len > 1 && end[-1] == 's';
        bool thousandths = seconds && number.len > 2 && end[-2] == 'm';
        number.len -= seconds + thousandths;
        if (!seconds || !plain_decimal(&number, &value, &fraction, &has_point) || has_point) {
            leave(lanes, i);
            continue;
        }
        out[i] = (int64_t)value * (thousandths ? NS_A_SECOND / 1000 : NS_A_SECOND);
    }
}

/* --- texts --- */

enum { MEMO_BITS_FIRST = 8, MEMO_BITS_MAX = 17, TEXT_MAX = 16 };

/* A text of 1 to 16 bytes: its last eight, with zeros before them, and of a longer one its first eight. */
typedef struct remembered {
    uint64_t first, last;
    int64_t meaning;
    uint32_t len; /* 0: free */
} remembered;

struct ent_text_memo {
    remembered *texts;
    unsigned bits;
    uint32_t misses; /* since it has this size */
};

ent_text_memo *ent_text_memo_new(void)
{
    ent_text_memo *memo = calloc(1, sizeof *memo);
    if (memo) {
        memo->bits = MEMO_BITS_FIRST;
        memo->texts = calloc((size_t)1 << memo->bits, sizeof *memo->texts);
        if (!memo->texts) {
            free(memo);
            memo = NULL;
        }
    }
    return memo;
}

void ent_text_memo_free(ent_text_memo *memo)
{
    if (memo) {
        free(memo->texts);
        free(memo);
    }
}

/* The last character only says which of 16 neighbours it is, as in runtime/vm/strings.c. */
ALWAYS_INLINE size_t slot_of(uint64_t first, uint64_t last, unsigned bits)
{
    uint64_t rest = last << 8 >> 8;
    uint64_t mixed = (first ^ (rest >> 29) ^ (rest << 35)) * UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ (rest * UINT64_C(0xD6E8FEB86659FD93))) >> (68 - bits);
    return (size_t)(mixed << 4 | (last >> 56 & 15));
}

/* A table that misses more often than it has places is too small; what it holds is not worth moving.  Out of memory, it
 * stays as it is. */
static void grow(ent_text_memo *memo)
{
    memo->misses = 0;
    if (memo->bits < MEMO_BITS_MAX) {
        remembered *texts = calloc((size_t)1 << (memo->bits + 1), sizeof *texts);
        if (texts) {
            free(memo->texts);
            memo->texts = texts;
            memo->bits++;
        }
    }
}

/* Where a text would be remembered, which is told to the processor before it is looked at. */
ALWAYS_INLINE void expect_text(const ent_column_lanes *lanes, const ent_text_memo *memo, uint32_t i)
{
    enum { AHEAD = 12 };
    const ent_cell *cell = &lanes->cells[i + AHEAD < lanes->n ? i + AHEAD : i];
    uint32_t len = cell->len;
    if (len > 0 && len <= TEXT_MAX) {
        uint64_t first = len <= WORD ? 0 : load(cell->p);
        uint64_t last = len <= WORD ? load(cell->p) << (64 - 8 * len) : load(cell->p + len - WORD);
        __builtin_prefetch(&memo->texts[slot_of(first, last, memo->bits)]);
    }
}

void ent_columns_texts(ent_column_lanes *lanes, ent_text_memo *memo, ent_text_meaning meaning, void *user)
{
    enum { NEAR_BITS = 12 }; /* a table that stays in the nearest caches needs no looking ahead */
    int64_t *out = lanes->data;
    lanes->n_odd = 0;
    for (uint32_t i = 0; i < lanes->n; i++) {
        if (memo->bits > NEAR_BITS) {
            expect_text(lanes, memo, i);
        }
        const ent_cell *cell = &lanes->cells[i];
        uint32_t len = cell->len;
        remembered known = {.len = len};
        remembered *slot = NULL;
        out[i] = 0;
        if (is_empty(lanes, i)) {
            continue;
        }
        if (len <= TEXT_MAX) {
            known.first = load(cell->p);
            if (len <= WORD) {
                known.last = known.first << (64 - 8 * len);
                known.first = 0;
            } else {
                known.last = load(cell->p + len - WORD);
            }
            slot = &memo->texts[slot_of(known.first, known.last, memo->bits)];
            if (slot->first == known.first && slot->last == known.last && slot->len == len) {
                out[i] = slot->meaning;
                continue;
            }
        }
        known.meaning = meaning(user, cell);
        if (known.meaning < 0) {
            leave(lanes, i);
            continue;
        }
        out[i] = known.meaning;
        if (slot) {
            *slot = known;
            if (++memo->misses > 2U << memo->bits) {
                grow(memo);
            }
        }
    }
}
