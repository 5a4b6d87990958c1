/* Strict UTF-8.  See utf8.h. */
#include "runtime/feed/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Length of the valid character at s (1 to 4), or 0. */
static size_t character(const uint8_t *s, size_t left) {
    uint8_t c = s[0];
    if (c < 0x80) {
        return c != 0;
    }
    size_t len = c >= 0xC2 && c < 0xE0   ? 2
                 : c >= 0xE0 && c < 0xF0 ? 3
                 : c >= 0xF0 && c < 0xF5 ? 4
                                         : 0;
    if (len == 0 || left < len) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xC0U) != 0x80U) {
            return 0;
        }
    }
    if ((c == 0xE0 && s[1] < 0xA0) || (c == 0xED && s[1] > 0x9F) || (c == 0xF0 && s[1] < 0x90) ||
        (c == 0xF4 && s[1] > 0x8F)) {
        return 0;
    }
    return len;
}

size_t ent_utf8_valid_prefix(const char *text, size_t len) {
    const uint8_t *s = (const uint8_t *)text;
    size_t at = 0;
    while (at < len) {
        while (len - at >= 8) {
            uint64_t word;
            memcpy(&word, s + at, 8);
            uint64_t zero = (word - 0x0101010101010101U) & ~word;
            if (((word | zero) & 0x8080808080808080U) != 0) {
                break;
            }
            at += 8;
        }
        if (at == len) {
            break;
        }
        size_t step = character(s + at, len - at);
        if (step == 0) {
            return at;
        }
        at += step;
    }
    return at;
}

void ent_utf8_show(char *out, size_t out_size, const char *text, size_t len, size_t shown_max) {
    size_t used = 0;
    size_t at = 0;
    if (out_size == 0) {
        return;
    }
    while (at < len && at < shown_max && used + 8 < out_size) {
        const uint8_t *s = (const uint8_t *)text + at;
        size_t step = character(s, len - at);
        if (step == 0 || s[0] < 0x20 || s[0] == 0x7F) {
            const char *named = s[0] == '\n'   ? "\\n"
                                : s[0] == '\r' ? "\\r"
                                : s[0] == '\t' ? "\\t"
                                               : NULL;
            int put = named != NULL ? snprintf(out + used, out_size - used, "%s", named)
                                    : snprintf(out + used, out_size - used, "\\x%02x", s[0]);
            used += put > 0 ? (size_t)put : 0;
            at++;
        } else {
            memcpy(out + used, s, step);
            used += step;
            at += step;
        }
    }
    if (at < len && used + 4 <= out_size) {
        memcpy(out + used, "...", 3);
        used += 3;
    }
    out[used] = '\0';
}

size_t ent_utf8_put(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}
