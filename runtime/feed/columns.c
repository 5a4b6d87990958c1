/* See columns.h.  Bytes are worked on eight at a time in ordinary integers, so every processor takes this path. */
#include "runtime/feed/columns.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/feed/columns_plain.h"
#include "runtime/vm/swar.h"
#include "runtime/time/civil.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { WORD = 8, NS_A_SECOND = 1000000000, DAY_S = 86400 };

ALWAYS_INLINE bool is_empty(ent_column_lanes *lanes, uint32_t i, const ent_cell *cell)
{
    bool empty = cell->len == 0;
    lanes->absent[i] = empty;
    return empty;
}

/* Plain rows are taken in blocks: the lanes from `begin` on, up to the next block's. */
ALWAYS_INLINE ent_plain_lanes block_of(const ent_column_lanes *lanes, uint32_t begin)
{
    uint32_t left = lanes->n - begin;
    return (ent_plain_lanes){lanes->plain, lanes->column, begin, left < ENT_PLAIN_BLOCK ? left : ENT_PLAIN_BLOCK};
}

ALWAYS_INLINE void leave(ent_column_lanes *lanes, uint32_t i)
{
    lanes->odd[lanes->n_odd++] = i;
}

static void take_bools(ent_column_lanes *lanes, uint32_t begin, uint32_t end)
{
    uint8_t *out = lanes->data;
    for (uint32_t i = begin; i < end; i++) {
        ent_cell cell = ent_lane_cell(lanes, i);
        out[i] = 0;
        if (is_empty(lanes, i, &cell)) {
            continue;
        }
        unsigned digit = (unsigned)(unsigned char)cell.p[0] - '0';
        if (cell.len == 1 && digit <= 1) {
            out[i] = (uint8_t)digit;
        } else {
            leave(lanes, i);
        }
    }
}

void ent_columns_bools(ent_column_lanes *lanes)
{
    lanes->n_odd = 0;
    if (lanes->cells) {
        take_bools(lanes, 0, lanes->n);
        return;
    }
    memset(lanes->absent, 0, lanes->n);
    for (uint32_t i = 0; i < lanes->n; i += ENT_PLAIN_BLOCK) {
        ent_plain_lanes block = block_of(lanes, i);
        if (!ent_plain_bools(&block, (uint8_t *)lanes->data + i)) {
            take_bools(lanes, i, i + block.n);
        }
    }
}

/* --- instants --- */

/* Learns a day, `2026-01-31T`; false if it is none, or so far away that nanoseconds might not reach it. */
static bool learn_day(ent_day_memo *memo, const char *p)
{
    enum { FAR_DAYS = 84000 }; /* about 230 years from 1970 */
    int64_t days;
    memo->known = p[10] == 'T' && ent_civil_parse_date(p, 10, &days) && days > -FAR_DAYS && days < FAR_DAYS;
    if (memo->known) {
        memcpy(memo->text, p, ENT_DAY_LEN);
        memo->text[ENT_INSTANT_LEN - 1] = 'Z';
        memo->midnight_ns = days * DAY_S * NS_A_SECOND;
    }
    return memo->known;
}

static void take_instants(ent_column_lanes *lanes, ent_day_memo *memo, uint32_t begin, uint32_t end)
{
    int64_t *out = lanes->data;
    for (uint32_t i = begin; i < end; i++) {
        ent_cell cell = ent_lane_cell(lanes, i);
        const char *p = cell.p;
        uint64_t seconds;
        out[i] = 0;
        if (is_empty(lanes, i, &cell)) {
            continue;
        }
        if (cell.len != ENT_INSTANT_LEN || p[ENT_INSTANT_LEN - 1] != 'Z' ||
            ent_time_of_day(ent_load8(p + ENT_DAY_LEN), &seconds) != 0) {
            leave(lanes, i);
            continue;
        }
        if (!(memo->known && memcmp(memo->text, p, ENT_DAY_LEN) == 0) && !learn_day(memo, p)) {
            leave(lanes, i);
            continue;
        }
        out[i] = memo->midnight_ns + (int64_t)seconds * NS_A_SECOND;
    }
}

void ent_columns_instants(ent_column_lanes *lanes, ent_day_memo *memo)
{
    lanes->n_odd = 0;
    if (lanes->cells) {
        take_instants(lanes, memo, 0, lanes->n);
        return;
    }
    memset(lanes->absent, 0, lanes->n);
    for (uint32_t i = 0; i < lanes->n; i += ENT_PLAIN_BLOCK) {
        ent_plain_lanes block = block_of(lanes, i);
        if (!ent_plain_instants(&block, memo, (int64_t *)lanes->data + i)) {
            take_instants(lanes, memo, i, i + block.n);
        }
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
    uint64_t word = ent_load8(cell->p) << (64 - 8 * n);
    uint64_t other = word ^ ENT_EVERY_BYTE('.');
    uint64_t points = ~(((other & ENT_LOW_BITS) + ENT_LOW_BITS) | other | ENT_LOW_BITS);
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
    uint64_t digits = (word ^ ENT_EVERY_BYTE('0')) >> (64 - 8 * n) << (64 - 8 * n);
    uint64_t wrong = ((digits & ENT_LOW_BITS) + ENT_EVERY_BYTE(0x76)) | digits;
    *value = (uint32_t)ent_join_digits(digits);
    return (wrong & ENT_HIGH_BITS) == 0;
}

/* Digits and a point, with as many digits behind it as the type has: from two to eight characters in all. */
ALWAYS_INLINE bool full_decimal(const ent_cell *cell, unsigned digits, uint32_t *value)
{
    unsigned n = cell->len;
    unsigned at = 56 - 8 * digits; /* of the point, in bits */
    if (n > WORD || n < digits + 2) {
        return false;
    }
    uint64_t word = ent_load8(cell->p) << (64 - 8 * n);
    uint64_t whole = word & ((UINT64_C(1) << at) - 1);
    uint64_t rest = word >> at >> 8 << 8 << at;
    uint64_t shown = (rest | whole << 8) ^ ENT_EVERY_BYTE('0') << (72 - 8 * n);
    uint64_t wrong = ((shown & ENT_LOW_BITS) + ENT_EVERY_BYTE(0x76)) | shown;
    *value = (uint32_t)ent_join_digits(shown);
    return (word >> at & 0xFF) == '.' && (wrong & ENT_HIGH_BITS) == 0;
}

static void take_decimals(ent_column_lanes *lanes, int digits, uint32_t begin, uint32_t end)
{
    int64_t *out = lanes->data;
    bool has_full = digits > 0 && digits < WORD - 1;
    for (uint32_t i = begin; i < end; i++) {
        ent_cell cell = ent_lane_cell(lanes, i);
        uint32_t full;
        if (has_full && full_decimal(&cell, (unsigned)digits, &full)) {
            out[i] = full;
            lanes->absent[i] = 0;
            continue;
        }
        uint32_t value;
        uint32_t fraction;
        bool has_point;
        out[i] = 0;
        if (is_empty(lanes, i, &cell)) {
            continue;
        }
        if (!plain_decimal(&cell, &value, &fraction, &has_point) || (int)fraction > digits) {
            leave(lanes, i);
            continue;
        }
        out[i] = (int64_t)value * powers[(uint32_t)digits - fraction];
    }
}

void ent_columns_decimals(ent_column_lanes *lanes, int digits)
{
    lanes->n_odd = 0;
    if (lanes->cells) {
        take_decimals(lanes, digits, 0, lanes->n);
        return;
    }
    memset(lanes->absent, 0, lanes->n);
    for (uint32_t i = 0; i < lanes->n; i += ENT_PLAIN_BLOCK) {
        ent_plain_lanes block = block_of(lanes, i);
        if (!ent_plain_decimals(&block, (unsigned)digits, (int64_t *)lanes->data + i)) {
            take_decimals(lanes, digits, i, i + block.n);
        }
    }
}

void ent_columns_integers(ent_column_lanes *lanes)
{
    int64_t *out = lanes->data;
    lanes->n_odd = 0;
    for (uint32_t i = 0; i < lanes->n; i++) {
        ent_cell cell = ent_lane_cell(lanes, i);
        uint32_t value;
        uint32_t fraction;
        bool has_point;
        out[i] = 0;
        if (is_empty(lanes, i, &cell)) {
            continue;
        }
        if (!plain_decimal(&cell, &value, &fraction, &has_point) || has_point) {
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
        ent_cell cell = ent_lane_cell(lanes, i);
        uint32_t value;
        uint32_t fraction;
        bool has_point;
        out[i] = 0;
        if (is_empty(lanes, i, &cell)) {
            continue;
        }
        if (!plain_decimal(&cell, &value, &fraction, &has_point)) {
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
        ent_cell number = ent_lane_cell(lanes, i);
        uint32_t value;
        uint32_t fraction;
        bool has_point;
        out[i] = 0;
        if (is_empty(lanes, i, &number)) {
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
