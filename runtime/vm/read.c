/* See read.h. */
#include "runtime/vm/read.h"

#include <string.h>

#include "runtime/time/civil.h"

static bool same_word(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);
    if (n != len) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        if (c != word[i]) {
            return false;
        }
    }
    return true;
}

bool ent_read_bool(const char *text, size_t len, uint8_t *out)
{
    static const char *const words[2][4] = {{"false", "0", "no", "down"},
                                            {"true", "1", "yes", "up"}};
    for (uint8_t value = 0; value < 2; value++) {
        for (size_t i = 0; i < 4; i++) {
            if (same_word(text, len, words[value][i])) {
                *out = value;
                return true;
            }
        }
    }
    return false;
}

bool ent_read_ratio(const char *text, size_t len, ent_q *out)
{
    const char *slash = memchr(text, '/', len);
    if (slash) {
        ent_q above;
        ent_q below;
        size_t n = (size_t)(slash - text);
        return ent_q_from_decimal_text(text, n, &above) &&
               ent_q_from_decimal_text(slash + 1, len - n - 1, &below) &&
               ent_q_div(above, below, out);
    }
    if (len > 1 && text[len - 1] == '%') {
        ent_q hundredths;
        return ent_q_from_decimal_text(text, len - 1, &hundredths) &&
               ent_q_div(hundredths, ent_q_from_i64(100), out);
    }
    return ent_q_from_decimal_text(text, len, out);
}

bool ent_read_money(const char *text, size_t len, const char *currency, ent_q *out)
{
    if (len > 4 && text[0] >= 'A' && text[0] <= 'Z') {
        if (currency && memcmp(text, currency, 3) != 0) {
            return false;
        }
        text += 3;
        len -= 3;
        while (len > 0 && *text == ' ') {
            text++;
            len--;
        }
    }
    return ent_q_from_decimal_text(text, len, out);
}

static bool two_digits(const char *text, int most, int64_t *out)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
        return false;
    }
    *out = (text[0] - '0') * 10 + (text[1] - '0');
    return *out <= most;
}

bool ent_read_time(const char *text, size_t len, int64_t *ns)
{
    int64_t hours;
    int64_t minutes;
    int64_t seconds = 0;
    if ((len != 5 && len != 8) || text[2] != ':' || !two_digits(text, 24, &hours) ||
        !two_digits(text + 3, 59, &minutes) ||
        (len == 8 && (text[5] != ':' || !two_digits(text + 6, 59, &seconds)))) {
        return false;
    }
    *ns = ((hours * 60 + minutes) * 60 + seconds) * 1000000000;
    return hours < 24 || (minutes == 0 && seconds == 0);
}

bool ent_read(ent_type_kind type, int param, const char *currency, const char *text, size_t len,
              ent_read_value *out)
{
    switch (type) {
    case ENT_TYPE_BOOL:
        return ent_read_bool(text, len, &out->b);
    case ENT_TYPE_INT:
        return ent_parse_i64(text, len, &out->i);
    case ENT_TYPE_NUMBER:
        return ent_parse_double(text, len, &out->f);
    case ENT_TYPE_DECIMAL:
        return ent_parse_decimal_scaled(text, len, param, &out->i);
    case ENT_TYPE_RATIO:
        return ent_read_ratio(text, len, &out->q);
    case ENT_TYPE_MONEY:
        return ent_read_money(text, len, currency, &out->q);
    case ENT_TYPE_DURATION:
        return ent_parse_duration(text, len, &out->i);
    case ENT_TYPE_INSTANT:
        return ent_civil_parse_instant(text, len, &out->i);
    case ENT_TYPE_TIME:
        return ent_read_time(text, len, &out->i);
    default:
        return false;
    }
}

const char *ent_read_expectation(ent_type_kind type)
{
    switch (type) {
    case ENT_TYPE_BOOL:
        return "true, false, 1, 0, yes, no, up or down";
    case ENT_TYPE_INT:
        return "a whole number such as 42";
    case ENT_TYPE_NUMBER:
        return "a number such as 12.5";
    case ENT_TYPE_DECIMAL:
        return "a decimal number with no more digits than the field keeps";
    case ENT_TYPE_RATIO:
        return "a ratio such as 0.5, 1/3 or 50%";
    case ENT_TYPE_MONEY:
        return "an amount such as 120.50 in the field's currency";
    case ENT_TYPE_DURATION:
        return "a duration such as 250ms, 90s or 1h30m";
    case ENT_TYPE_INSTANT:
        return "an instant such as 2026-01-05T09:00:00Z";
    case ENT_TYPE_TIME:
        return "a time of day such as 09:30";
    default:
        return "a value";
    }
}
