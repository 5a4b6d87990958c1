/* A growing text buffer: what renderers write into, so that they need no FILE.
 *
 * Invariants: `data` is NUL-terminated whenever it is not NULL; after a failed allocation `failed`
 * stays set and further writes do nothing.  Zero-initialise it, free it with ent_text_deinit.
 * Tested through the renderers in tests/unit/test_syntax.c. */
#ifndef ENT_SYNTAX_TEXT_H
#define ENT_SYNTAX_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ent_text {
    char *data;
    size_t len;
    size_t cap;
    bool failed;
} ent_text;

void ent_text_deinit(ent_text *t);
void ent_text_add(ent_text *t, const char *bytes, size_t len);
void ent_text_puts(ent_text *t, const char *text);
void ent_text_putc(ent_text *t, char c);
void ent_text_fill(ent_text *t, char c, size_t n);
void ent_text_printf(ent_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; invalid UTF-8 becomes U+FFFD, so that the output is always UTF-8.
 */
void ent_text_json(ent_text *t, const char *bytes, size_t len);
const char *ent_text_str(const ent_text *t); /* never NULL */

/* The code point that starts at *at, which is moved past it; 0xFFFD and one byte for bytes that are
 * not UTF-8 (*ok says which).  At the end, 0 and no move. */
uint32_t ent_utf8_next(const char *bytes, size_t len, size_t *at, bool *ok);
/* Terminal columns of a code point: 0 for combining marks, 2 for wide ones, else 1. */
unsigned ent_utf8_width(uint32_t code_point);
#endif
