/* Growing text buffer and the little UTF-8 that rendering needs.  See text.h. */
#include "compiler/syntax/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ent_text_deinit(ent_text *t)
{
    free(t->data);
    *t = (ent_text){0};
}

static bool reserve(ent_text *t, size_t more)
{
    size_t need;
    if (t->failed || __builtin_add_overflow(t->len, more, &need) ||
        __builtin_add_overflow(need, (size_t)1, &need)) {
        t->failed = true;
        return false;
    }
    if (need <= t->cap) {
        return true;
    }
    size_t cap = t->cap < 256 ? 256 : t->cap;
    while (cap < need) {
        if (__builtin_mul_overflow(cap, (size_t)2, &cap)) {
            cap = need;
        }
    }
    char *data = realloc(t->data, cap);
    if (data == NULL) {
        t->failed = true;
        return false;
    }
    t->data = data;
    t->cap = cap;
    return true;
}

void ent_text_add(ent_text *t, const char *bytes, size_t len)
{
    if (len > 0 && reserve(t, len)) {
        memcpy(t->data + t->len, bytes, len);
        t->len += len;
        t->data[t->len] = '\0';
    }
}

void ent_text_puts(ent_text *t, const char *text)
{
    ent_text_add(t, text, strlen(text));
}

void ent_text_putc(ent_text *t, char c)
{
    ent_text_add(t, &c, 1);
}

void ent_text_fill(ent_text *t, char c, size_t n)
{
    if (n > 0 && reserve(t, n)) {
        memset(t->data + t->len, c, n);
        t->len += n;
        t->data[t->len] = '\0';
    }
}

void ent_text_printf(ent_text *t, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0) {
        t->failed = true;
    } else if (reserve(t, (size_t)n)) {
        (void)vsnprintf(t->data + t->len, (size_t)n + 1, format, again);
        t->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

const char *ent_text_str(const ent_text *t)
{
    return t->data == NULL ? "" : t->data;
}

void ent_text_json(ent_text *t, const char *bytes, size_t len)
{
    ent_text_putc(t, '"');
    size_t at = 0;
    while (at < len) {
        size_t from = at;
        bool ok = true;
        uint32_t c = ent_utf8_next(bytes, len, &at, &ok);
        if (!ok) {
            ent_text_puts(t, "\xEF\xBF\xBD");
        } else if (c == '"' || c == '\\') {
            ent_text_putc(t, '\\');
            ent_text_putc(t, (char)c);
        } else if (c == '\n') {
            ent_text_puts(t, "\\n");
        } else if (c == '\t') {
            ent_text_puts(t, "\\t");
        } else if (c < 0x20 || c == 0x7F) {
            ent_text_printf(t, "\\u%04x", (unsigned)c);
        } else {
            ent_text_add(t, bytes + from, at - from);
        }
    }
    ent_text_putc(t, '"');
}

uint32_t ent_utf8_next(const char *bytes, size_t len, size_t *at, bool *ok)
{
    *ok = true;
    if (*at >= len) {
        return 0;
    }
    const unsigned char *p = (const unsigned char *)bytes + *at;
    size_t left = len - *at;
    unsigned n = p[0] < 0x80   ? 1
                 : p[0] < 0xC2 ? 0
                 : p[0] < 0xE0 ? 2
                 : p[0] < 0xF0 ? 3
                 : p[0] < 0xF5 ? 4
                               : 0;
    if (n == 1) {
        *at += 1;
        return p[0];
    }
    if (n != 0 && n <= left) {
        uint32_t c = p[0] & (0xFFU >> (n + 1));
        bool good = true;
        for (unsigned i = 1; i < n; i++) {
            good = good && (p[i] & 0xC0U) == 0x80;
            c = c << 6 | (p[i] & 0x3FU);
        }
        static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
        if (good && c >= least[n] && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF)) {
            *at += n;
            return c;
        }
    }
    *ok = false;
    *at += 1;
    return 0xFFFD;
}

/* Ranges rather than the C library's wcwidth: that one depends on the locale. */
unsigned ent_utf8_width(uint32_t c)
{
    static const uint32_t zero[][2] = {
        {0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},   {0x64B, 0x65F},
        {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}};
    static const uint32_t wide[][2] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},
                                       {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
                                       {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
                                       {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF},
                                       {0x20000, 0x3FFFD}};
    if (c < 0x300) {
        return 1;
    }
    for (size_t i = 0; i < sizeof zero / sizeof zero[0]; i++) {
        if (c >= zero[i][0] && c <= zero[i][1]) {
            return 0;
        }
    }
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        if (c >= wide[i][0] && c <= wide[i][1]) {
            return 2;
        }
    }
    return 1;
}
