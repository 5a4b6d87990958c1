/*
 * Exact arithmetic: what verdicts and money are decided with.
 *
 * Rationals over 128 bits, sums of doubles without rounding, money, and the locale-free ways
 * between these values and text. Everything here is a pure function of its arguments: no globals,
 * no locale, no I/O. A result that does not fit is reported by `false` (or length 0), and never
 * wrapped.
 *
 * rational.c   ent_q and its text forms       exactsum.c  ent_fsum
 * decimal.c    integers, decimals, durations  money.c     ISO 4217, rounding, apportioning
 *              from text                      double_text.c  doubles from and to text
 *
 * Tested by tests/unit/test_exact.c and, against Python's Fraction, tests/property/exact_oracle.py.
 */
#ifndef ENT_VM_EXACT_H
#define ENT_VM_EXACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 ent_i128;
__extension__ typedef unsigned __int128 ent_u128;

/* The range is symmetric: the least 128-bit integer is never a value, so negation cannot fail. */
#define ENT_I128_MAX ((ent_i128)(((ent_u128)1 << 127) - 1))
/* Largest power of ten that the functions below scale by. */
#define ENT_DECIMAL_PLACES_MAX 38

/* Buffer sizes that hold any result, the final NUL included. */
#define ENT_I128_TEXT_SIZE 48
#define ENT_Q_TEXT_SIZE 176
#define ENT_MONEY_TEXT_SIZE 96
#define ENT_SECONDS_TEXT_SIZE 24
#define ENT_DOUBLE_TEXT_SIZE 32

/*
 * All functions that write text take a buffer and its size, end the text with NUL and return its
 * length without it; 0 says that it did not fit or has no such form (the buffer then holds "").
 */

/* ---- Integers ---------------------------------------------------------------------------- */

/* Adds; false when the sum leaves the symmetric range. Serves sums of int and duration. */
bool ent_i128_add(ent_i128 a, ent_i128 b, ent_i128 *out);
size_t ent_i128_format(ent_i128 value, char *buf, size_t size);

/* ---- Rationals --------------------------------------------------------------------------- */

/* Always normalised: den > 0, gcd(|num|, den) == 1, zero is 0/1. Equal values have equal fields. */
typedef struct {
    ent_i128 num, den;
} ent_q;

typedef enum {
    ENT_ROUND_HALF_EVEN,
    ENT_ROUND_UP,      /* away from zero */
    ENT_ROUND_DOWN,    /* towards zero */
    ENT_ROUND_HALF_UP, /* to nearest, halves away from zero */
} ent_round;

/* n/d normalised; false when d is 0 or the reduced fraction does not fit. */
bool ent_q_make(ent_i128 n, ent_i128 d, ent_q *out);
ent_q ent_q_from_i64(int64_t value);
/* "99.95", "-3", ".5"; no exponent, no blanks. */
bool ent_q_from_decimal_text(const char *text, size_t len, ent_q *out);
/* The exact value of a finite double, where 128 bits hold it. */
bool ent_q_from_double(double value, ent_q *out);

/* These fail only when the reduced true result does not fit, or on division by zero. */
bool ent_q_add(ent_q a, ent_q b, ent_q *out);
bool ent_q_sub(ent_q a, ent_q b, ent_q *out);
bool ent_q_mul(ent_q a, ent_q b, ent_q *out);
bool ent_q_div(ent_q a, ent_q b, ent_q *out);
ent_q ent_q_neg(ent_q a);

/* -1, 0 or 1; exact for all values. */
int ent_q_cmp(ent_q a, ent_q b);
ent_i128 ent_q_floor(ent_q a);
ent_i128 ent_q_ceil(ent_q a);
/* value * 10^digits rounded to an integer; digits in 0..ENT_DECIMAL_PLACES_MAX. */
bool ent_q_round(ent_q value, int digits, ent_round mode, ent_i128 *scaled);
/* Correctly rounded, halves to even. */
double ent_q_to_double(ent_q value);
/* n/d correctly rounded, d > 0, neither reduced. */
double ent_ratio_to_double(ent_u128 n, ent_u128 d);

/* "333/334", integers as "1". */
size_t ent_q_format_fraction(ent_q value, char *buf, size_t size);
/* All digits of a finite decimal; 0 when the denominator has a prime factor besides 2 and 5. */
size_t ent_q_format_decimal(ent_q value, char *buf, size_t size);
/*
 * Half-even to `places` (0..ENT_DECIMAL_PLACES_MAX); trim_zeros takes zeros off the end of the
 * fraction, and the point with them. What rounds to zero has no sign.
 */
size_t ent_q_format_rounded(ent_q value, int places, bool trim_zeros, char *buf, size_t size);
/* Nanoseconds as seconds with as many decimals as needed: "23400", "0.25". */
size_t ent_format_seconds(int64_t duration_ns, char *buf, size_t size);

/* ---- Sums of doubles --------------------------------------------------------------------- */

#define ENT_FSUM_CHUNKS 68
#define ENT_FSUM_UNORDERED 2

/*
 * The exact sum of doubles as a fixed-point number: chunk i counts units of 2^(32i - 1074). Plain
 * data that may be copied and stored. After ent_fsum_normalise equal sums are equal bytes.
 */
typedef struct {
    int64_t chunk[ENT_FSUM_CHUNKS];
    uint32_t pending; /* additions since the carries were last propagated */
    uint32_t refused; /* 1 once an infinity or NaN was offered; the sum has no result then */
} ent_fsum;

void ent_fsum_init(ent_fsum *sum);
void ent_fsum_add(ent_fsum *sum, double value);
void ent_fsum_add_array(ent_fsum *sum, const double *values, size_t count);
void ent_fsum_merge(ent_fsum *into, const ent_fsum *from);
void ent_fsum_normalise(ent_fsum *sum);
/* Whether bytes that were read back are a normalised sum: check before using stored state. */
bool ent_fsum_is_normalised(const ent_fsum *sum);
/* Correctly rounded; false when a value was refused or the result is beyond the largest double. */
bool ent_fsum_result(const ent_fsum *sum, double *out);
/* sum / n, rounded once; false also when n is 0. */
bool ent_fsum_div(const ent_fsum *sum, uint64_t n, double *out);
/* Sign of sum/n - target, exactly; ENT_FSUM_UNORDERED if n is 0, a value was refused, or
 * target is not finite. */
int ent_fsum_cmp(const ent_fsum *sum, uint64_t n, double target);

/* ---- Money ------------------------------------------------------------------------------- */

/* Digits of the currency's minor unit (GBP 2, JPY 0, KWD 3); -1 when the code is unknown. */
int ent_currency_minor(const char *iso);
/* Amount in major units to a count of minor units. */
bool ent_money_round(ent_q amount, int digits, ent_round mode, ent_i128 *minor);
/* "1234.50" and, for people, "1,234.50". digits in 0..ENT_DECIMAL_PLACES_MAX. */
size_t ent_money_format(ent_i128 minor, int digits, char *buf, size_t size);
size_t ent_money_format_grouped(ent_i128 minor, int digits, char *buf, size_t size);
/*
 * Splits total_minor in proportion to the weights (none negative, not all zero; they need not sum
 * to 1): each part rounded towards zero, the units that remain to the largest remainders, equal
 * ones by index. The parts sum to total_minor. False also when memory is out.
 */
bool ent_apportion(ent_i128 total_minor, const ent_q *weights, size_t n, ent_i128 *parts);

/* ---- Values from text and to text -------------------------------------------------------- */

/*
 * The whole of text[0..len) must be the value; blanks, commas and further signs are refused.
 * A number is [+-] digits, with a point for decimals, at least one digit on one side of it.
 */
bool ent_parse_i64(const char *text, size_t len, int64_t *out);
/* value * 10^scale, exactly; more fraction digits than scale are refused unless they are zeros. */
bool ent_parse_decimal_scaled(const char *text, size_t len, int scale, int64_t *out);
/*
 * "250ms", "1h30m", "1.5s": units d h m s ms us ns in this order, each at most once, a decimal
 * where it is a whole number of nanoseconds; or ISO 8601 "PT1H30M", "P1DT2H", "P2W", with the
 * fraction in the last component only. Years and months are no durations. '-' may lead.
 */
bool ent_parse_duration(const char *text, size_t len, int64_t *duration_ns);
/* Correctly rounded, with optional exponent; what is beyond the largest double is refused. */
bool ent_parse_double(const char *text, size_t len, double *out);
/* Shortest text that reads back as the same double; buf has ENT_DOUBLE_TEXT_SIZE bytes. Valid
 * JSON; 0 for infinities and NaN. */
size_t ent_format_double(double value, char *buf);

#endif
