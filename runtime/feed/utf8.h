/* UTF-8 as text cells need it: strict (no overlong forms, no surrogates, nothing above U+10FFFF),
 * and without NUL.  Tested in tests/unit/test_feed.c. */
#ifndef ENT_FEED_UTF8_H
#define ENT_FEED_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Number of leading bytes that are valid UTF-8 without NUL: `len` when all of it is. */
size_t ent_utf8_valid_prefix(const char *text, size_t len);

/* Writes the code point, which is none of the surrogates, as UTF-8; how many bytes, at most 4. */
size_t ent_utf8_put(char *out, uint32_t code_point);

/* Copies text for showing it on one line: at most `shown_max` bytes of it, control characters and
 * invalid bytes as `\n`, `\t` or `\xNN`, "..." when cut.  Always ends with NUL. */
void ent_utf8_show(char *out, size_t out_size, const char *text, size_t len, size_t shown_max);

#endif
