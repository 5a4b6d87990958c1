/* Base64 as libsodium decodes it (RFC 4648, with padding, characters to ignore between), for builds without it.
 * Tested by tests/unit/test_wasm_system.c against libsodium. */
#include <string.h>

#include "sodium.h"

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static size_t skip(const char *text, size_t len, size_t at, const char *ignore)
{
    while (at < len && ignore && text[at] && strchr(ignore, text[at])) {
        at++;
    }
    return at;
}

int sodium_base642bin(unsigned char *bin, size_t bin_max, const char *text, size_t len, const char *ignore,
                      size_t *bin_len, const char **end, int variant)
{
    size_t n = 0;
    unsigned held = 0;
    unsigned bits = 0;
    size_t at = skip(text, len, 0, ignore);
    for (; at < len && digit(text[at]) >= 0; at = skip(text, len, at + 1, ignore)) {
        held = held << 6 | (unsigned)digit(text[at]);
        bits += 6;
        if (bits < 8) {
            continue;
        }
        if (n == bin_max) {
            return -1;
        }
        bits -= 8;
        bin[n++] = (unsigned char)(held >> bits);
        held &= (1u << bits) - 1;
    }
    if (bits > 4 || held != 0) {
        return -1;
    }
    for (unsigned pads = variant == sodium_base64_VARIANT_ORIGINAL ? bits / 2 : 0; pads > 0; pads--) {
        at = skip(text, len, at, ignore);
        if (at == len || text[at++] != '=') {
            return -1;
        }
    }
    at = skip(text, len, at, ignore);
    if (bin_len) {
        *bin_len = n;
    }
    if (end) {
        *end = text + at;
    }
    return end || at == len ? 0 : -1;
}
