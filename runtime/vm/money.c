/*
 * Money: minor units of currencies, rounding, the plain and the grouped form, apportioning.
 *
 * An amount is a rational in major units until it is rounded, once, to a count of minor units.
 * Parts of an apportioned amount always sum to the whole.
 *
 * Tested by tests/unit/test_exact.c and tests/property/exact_oracle.py.
 */
#include "exact.h"
#include "wide.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char code[4];
    signed char digits;
} currency;

/*
 * ISO 4217, in the order of the codes, which the search depends on. Codes withdrawn since 2022 (ANG
 * BGN CUC HRK SLL ZWL) stay, as agreements and ledgers outlive them. Metals, the bond units, XDR,
 * XSU, XUA, XTS and XXX are out: the standard gives them no minor unit to round to.
 */
static const currency currencies[] = {
    {"AED", 2}, {"AFN", 2}, {"ALL", 2}, {"AMD", 2}, {"ANG", 2}, {"AOA", 2}, {"ARS", 2}, {"AUD", 2},
    {"AWG", 2}, {"AZN", 2}, {"BAM", 2}, {"BBD", 2}, {"BDT", 2}, {"BGN", 2}, {"BHD", 3}, {"BIF", 0},
    {"BMD", 2}, {"BND", 2}, {"BOB", 2}, {"BOV", 2}, {"BRL", 2}, {"BSD", 2}, {"BTN", 2}, {"BWP", 2},
    {"BYN", 2}, {"BZD", 2}, {"CAD", 2}, {"CDF", 2}, {"CHE", 2}, {"CHF", 2}, {"CHW", 2}, {"CLF", 4},
    {"CLP", 0}, {"CNY", 2}, {"COP", 2}, {"COU", 2}, {"CRC", 2}, {"CUC", 2}, {"CUP", 2}, {"CVE", 2},
    {"CZK", 2}, {"DJF", 0}, {"DKK", 2}, {"DOP", 2}, {"DZD", 2}, {"EGP", 2}, {"ERN", 2}, {"ETB", 2},
    {"EUR", 2}, {"FJD", 2}, {"FKP", 2}, {"GBP", 2}, {"GEL", 2}, {"GHS", 2}, {"GIP", 2}, {"GMD", 2},
    {"GNF", 0}, {"GTQ", 2}, {"GYD", 2}, {"HKD", 2}, {"HNL", 2}, {"HRK", 2}, {"HTG", 2}, {"HUF", 2},
    {"IDR", 2}, {"ILS", 2}, {"INR", 2}, {"IQD", 3}, {"IRR", 2}, {"ISK", 0}, {"JMD", 2}, {"JOD", 3},
    {"JPY", 0}, {"KES", 2}, {"KGS", 2}, {"KHR", 2}, {"KMF", 0}, {"KPW", 2}, {"KRW", 0}, {"KWD", 3},
    {"KYD", 2}, {"KZT", 2}, {"LAK", 2}, {"LBP", 2}, {"LKR", 2}, {"LRD", 2}, {"LSL", 2}, {"LYD", 3},
    {"MAD", 2}, {"MDL", 2}, {"MGA", 2}, {"MKD", 2}, {"MMK", 2}, {"MNT", 2}, {"MOP", 2}, {"MRU", 2},
    {"MUR", 2}, {"MVR", 2}, {"MWK", 2}, {"MXN", 2}, {"MXV", 2}, {"MYR", 2}, {"MZN", 2}, {"NAD", 2},
    {"NGN", 2}, {"NIO", 2}, {"NOK", 2}, {"NPR", 2}, {"NZD", 2}, {"OMR", 3}, {"PAB", 2}, {"PEN", 2},
    {"PGK", 2}, {"PHP", 2}, {"PKR", 2}, {"PLN", 2}, {"PYG", 0}, {"QAR", 2}, {"RON", 2}, {"RSD", 2},
    {"RUB", 2}, {"RWF", 0}, {"SAR", 2}, {"SBD", 2}, {"SCR", 2}, {"SDG", 2}, {"SEK", 2}, {"SGD", 2},
    {"SHP", 2}, {"SLE", 2}, {"SLL", 2}, {"SOS", 2}, {"SRD", 2}, {"SSP", 2}, {"STN", 2}, {"SVC", 2},
    {"SYP", 2}, {"SZL", 2}, {"THB", 2}, {"TJS", 2}, {"TMT", 2}, {"TND", 3}, {"TOP", 2}, {"TRY", 2},
    {"TTD", 2}, {"TWD", 2}, {"TZS", 2}, {"UAH", 2}, {"UGX", 0}, {"USD", 2}, {"USN", 2}, {"UYI", 0},
    {"UYU", 2}, {"UYW", 4}, {"UZS", 2}, {"VED", 2}, {"VES", 2}, {"VND", 0}, {"VUV", 0}, {"WST", 2},
    {"XAF", 0}, {"XCD", 2}, {"XCG", 2}, {"XOF", 0}, {"XPF", 0}, {"YER", 2}, {"ZAR", 2}, {"ZMW", 2},
    {"ZWG", 2}, {"ZWL", 2},
};

int ent_currency_minor(const char *iso)
{
    size_t low = 0, high = sizeof currencies / sizeof currencies[0];

    if (iso == NULL)
        return -1;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        const int order = strcmp(iso, currencies[mid].code);

        if (order == 0)
            return currencies[mid].digits;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return -1;
}

bool ent_money_round(ent_q amount, int digits, ent_round mode, ent_i128 *minor)
{
    return ent_q_round(amount, digits, mode, minor);
}

static size_t format_money(ent_i128 minor, int places, bool grouped, char *buf, size_t size)
{
    char text[ENT_MONEY_TEXT_SIZE], digits[80];
    size_t len = 0, count = 0;

    if (places < 0 || places > ENT_DECIMAL_PLACES_MAX)
        return ent_text_refuse(buf, size);
    const ent_u128 unit = ent_u128_power10(places), magnitude = ent_u128_magnitude(minor);

    if (minor < 0)
        text[len++] = '-';
    count = ent_u128_digits(magnitude / unit, digits);
    for (size_t i = 0; i < count; i++) {
        if (grouped && i > 0 && (count - i) % 3 == 0)
            text[len++] = ',';
        text[len++] = digits[i];
    }
    if (places > 0) {
        count = ent_u128_digits(magnitude % unit, digits);
        text[len++] = '.';
        for (size_t i = count; i < (size_t)places; i++)
            text[len++] = '0';
        memcpy(text + len, digits, count);
        len += count;
    }
    return ent_text_deliver(text, len, buf, size);
}

size_t ent_money_format(ent_i128 minor, int digits, char *buf, size_t size)
{
    return format_money(minor, digits, false, buf, size);
}

size_t ent_money_format_grouped(ent_i128 minor, int digits, char *buf, size_t size)
{
    return format_money(minor, digits, true, buf, size);
}

/* total * weight / whole: its integer part, and its remainder as a fraction below 1. */
static bool part_of(ent_u128 total, ent_q weight, ent_q whole, ent_u128 *part, ent_q *remainder)
{
    ent_q ratio;
    ent_u128 rest;

    if (!ent_q_div(weight, whole, &ratio))
        return false;
    const ent_wide product = ent_wide_mul(total, (ent_u128)ratio.num);

    if (!ent_wide_div(product, (ent_u128)ratio.den, part, &rest))
        return false;
    /* Not reduced, which comparison does not need. */
    *remainder = (ent_q){(ent_i128)rest, ratio.den};
    return true;
}

/* Whether index i is among the `units` largest remainders, equal ones by index. */
static bool gets_unit(const ent_q *remainders, size_t n, size_t i, ent_u128 units)
{
    size_t ahead = 0;

    for (size_t j = 0; j < n; j++) {
        const int order = ent_q_cmp(remainders[j], remainders[i]);

        ahead += order > 0 || (order == 0 && j < i);
    }
    return ahead < units;
}

bool ent_apportion(ent_i128 total_minor, const ent_q *weights, size_t n, ent_i128 *parts)
{
    const bool negative = total_minor < 0;
    const ent_u128 total = ent_u128_magnitude(total_minor);
    ent_u128 units = total;
    ent_q whole = {0, 1};

    if (total > (ent_u128)ENT_I128_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (weights[i].num < 0 || !ent_q_add(whole, weights[i], &whole))
            return false;
    if (whole.num == 0)
        return false;

    ent_q *remainders = calloc(n, sizeof *remainders);
    bool done = false;

    if (remainders == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        ent_u128 part;

        /* A part is at most the total, so it fits; only the ratio may not. */
        if (!part_of(total, weights[i], whole, &part, &remainders[i]))
            goto out;
        units -= part;
        parts[i] = (ent_i128)part;
    }
    for (size_t i = 0; units > 0 && i < n; i++)
        parts[i] += gets_unit(remainders, n, i, units);
    for (size_t i = 0; negative && i < n; i++)
        parts[i] = -parts[i];
    done = true;
out:
    free(remainders);
    return done;
}
