/* Errors of the feed layer as values: a code for logic, a text for people.
 *
 * The text is written like a compiler's diagnostic: lower case, no final period, names in
 * backquotes, and it says how to mend.  Code that decides something looks at `code` only.
 * Tested through every failing case in tests/unit/test_feed.c. */
#ifndef ENT_FEED_ERROR_H
#define ENT_FEED_ERROR_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ent_feed_code {
    ENT_FEED_OK = 0,
    ENT_FEED_IO = 1,     /* the system refused: `os_error` holds errno */
    ENT_FEED_FORMAT = 2, /* not CSV or JSON Lines as a whole: encoding, header, unclosed quote */
    ENT_FEED_COMPRESSION = 3, /* compressed data that are damaged or end too early */
    ENT_FEED_TOO_LONG = 4,    /* one row exceeds the bound */
    ENT_FEED_MEMORY = 5,
    ENT_FEED_BAD_ROW = 6, /* a single row does not fit, and the policy is to stop there */
    ENT_FEED_STOPPED = 7, /* the caller's own function asked to stop */
    ENT_FEED_USE = 8      /* the caller passed something impossible */
} ent_feed_code;

enum { ENT_FEED_TEXT_MAX = 640 };

typedef struct ent_feed_error {
    ent_feed_code code;
    int os_error;  /* errno for ENT_FEED_IO, else 0 */
    uint64_t line; /* physical line where known, else 0 */
    char text[ENT_FEED_TEXT_MAX];
} ent_feed_error;

/* Fills `err` (which may be NULL) and returns false, so that a caller can return it directly. */
__attribute__((format(printf, 3, 4))) bool ent_feed_fail(ent_feed_error *err, ent_feed_code code,
                                                         const char *format, ...);

/* The same for a failed system call: `os_error` is an errno; its description and, for the common
 * ones, what to do about it are added to the text. */
__attribute__((format(printf, 3, 4))) bool ent_feed_fail_os(ent_feed_error *err, int os_error,
                                                            const char *format, ...);

bool ent_feed_fail_memory(ent_feed_error *err, const char *what);

#endif
