/* Making feed errors.  See error.h. */
#include "runtime/feed/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text that does not fit is cut at a whole UTF-8 character. */
static void trim_partial(char *text) {
    size_t len = strlen(text);
    if (len + 1 < ENT_FEED_TEXT_MAX) {
        return;
    }
    while (len > 0 && ((unsigned char)text[len - 1] & 0xC0U) == 0x80U) {
        len--;
    }
    if (len > 0 && ((unsigned char)text[len - 1] & 0x80U) != 0) {
        len--;
    }
    text[len] = '\0';
}

bool ent_feed_fail(ent_feed_error *err, ent_feed_code code, const char *format, ...) {
    if (err != NULL) {
        va_list args;
        err->code = code;
        err->os_error = 0;
        err->line = 0;
        va_start(args, format);
        (void)vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        trim_partial(err->text);
    }
    return false;
}

static const char *mend(int os_error) {
    switch (os_error) {
    case ENOSPC: return ": free some space or choose another folder";
    case EDQUOT: return ": the quota is used up, free some space or choose another folder";
    case ENOENT: return ": check the path";
    case EACCES: return ": check its permissions";
    case EMFILE:
    case ENFILE: return ": raise the limit with `ulimit -n`";
    case EISDIR: return ": name a file in it";
    default: return "";
    }
}

bool ent_feed_fail_os(ent_feed_error *err, int os_error, const char *format, ...) {
    if (err != NULL) {
        char reason[128];
        va_list args;
        va_start(args, format);
        int len = vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        err->code = ENT_FEED_IO;
        err->os_error = os_error;
        err->line = 0;
        const char *said = strerror_r(os_error, reason, sizeof reason);
        size_t used = len < 0 ? 0 : (size_t)len;
        if (used < sizeof err->text) {
            (void)snprintf(err->text + used, sizeof err->text - used, ": %c%s%s",
                           said[0] >= 'A' && said[0] <= 'Z' ? said[0] - 'A' + 'a' : said[0],
                           said[0] == '\0' ? "" : said + 1, mend(os_error));
        }
        trim_partial(err->text);
    }
    return false;
}

bool ent_feed_fail_memory(ent_feed_error *err, const char *what) {
    return ent_feed_fail(err, ENT_FEED_MEMORY, "out of memory for %s", what);
}
