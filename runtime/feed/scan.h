/* The structure of CSV text, found 64 bytes at a time.
 *
 * The scanner writes down where cells and rows end, and nothing else; reader code then touches only
 * the columns that somebody wants.  For the text
 *
 *     a,"b,c"\r\n      ends: 1 7      rows: 1      (row 0 ends at ends[1])
 *     d,e\n                  10 12          3
 *
 * Quotes follow what spreadsheets and Python's csv do: a quote opens a quoted stretch only at the
 * start of a cell; inside, a doubled quote is a quote; elsewhere a quote is an ordinary character.
 * CR, LF and CRLF each end a row once.
 *
 * Fast path: with the bits of all quotes in a word, a running XOR says which bytes lie inside. That
 * is right unless a quote stands inside an unquoted cell or text follows a closing quote; those
 * cases show in a few bit operations, and then the block goes through a plain state machine.  There
 * are four kernels with the same results, chosen at run time: AVX-512, AVX2, SSE2 and a portable one
 * (compared on random bytes in tests/unit/test_feed.c). */
#ifndef ENT_FEED_SCAN_H
#define ENT_FEED_SCAN_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ent_scan_kind {
    ENT_SCAN_BEST = 0, /* what this processor does fastest */
    ENT_SCAN_PORTABLE = 1,
    ENT_SCAN_SSE2 = 2,
    ENT_SCAN_AVX2 = 3,
    ENT_SCAN_AVX512 = 4
} ent_scan_kind;

typedef enum ent_scan_place {
    ENT_PLACE_CELL_START = 0,
    ENT_PLACE_UNQUOTED = 1,
    ENT_PLACE_QUOTED = 2,
    ENT_PLACE_AFTER_QUOTE = 3 /* a quote was seen inside quotes: it closes, or is half of a pair */
} ent_scan_place;

/* Bytes that must be readable after the end of the text, filled with blanks. */
enum { ENT_SCAN_PADDING = 64 };

typedef struct ent_scan {
    uint32_t *ends; /* offset of the separator or newline after each cell */
    uint32_t *rows; /* for each row, the index in `ends` of its last cell */
    uint8_t *dirty; /* for each 64 bytes: a byte is NUL or not ASCII */
    uint32_t n_ends;
    uint32_t n_rows;
    uint32_t at; /* bytes scanned so far */
    bool any_dirty;
    bool plain; /* there was neither a quote nor a CR */
    bool quoted_newline; /* some newline stood inside quotes */
    bool after_cr;
    ent_scan_place place;
} ent_scan;

typedef void (*ent_scan_function)(ent_scan *scan, const uint8_t *text, uint32_t to,
                                  uint8_t separator);

/* The kernel of that kind, or NULL if this processor or build does not have it. */
ent_scan_function ent_scan_kernel(ent_scan_kind kind);

/* Forgets everything; the arrays stay. */
void ent_scan_reset(ent_scan *scan);

/* Calls of the kernel go on from `at` (a multiple of 64) to `to`; a `to` that is no multiple of 64
 * must be the end of the text.  `ends` and `rows` need room for one entry per byte of text plus
 * ENT_SCAN_PADDING, `dirty` for one per 64 bytes. */

/* Which of the marks of a line are wanted, as lines of one layout follow each other.  A line has `n`. */
enum { ENT_MARKS_MAX = 320, ENT_MARKS_AT_ONCE = 64 };
typedef struct ent_mark_turn {
    uint32_t n;
    uint64_t wanted[ENT_MARKS_MAX]; /* bit i of the k-th: whether the mark k + i is, counted on from a line's begin */
    uint16_t number[ENT_MARKS_MAX + ENT_MARKS_AT_ONCE]; /* in its line, of the mark that is the k-th counted so */
} ent_mark_turn;

/* is_wanted[i]: whether a line's mark with number i is. */
void ent_mark_turn_set(ent_mark_turn *turn, const bool *is_wanted, uint32_t n);

/* For lines of JSON: the marks of text[from .. to) are its quotes and LFs.  Writes where those stand that are wanted,
 * and returns how many do.  Ends before the first 64 bytes that have a backslash, a byte below a blank but LF, or one
 * beyond ASCII.  The 64 bytes behind `to` are readable, and may be looked at, too; `marks` needs room for one entry per
 * byte of text plus twice ENT_SCAN_PADDING. */
typedef uint32_t (*ent_mark_function)(const char *text, uint32_t from, uint32_t to, const ent_mark_turn *turn,
                                      uint32_t *marks);

/* The kernel of that kind; NULL: there is none, as it would not be worth its while. */
ent_mark_function ent_mark_kernel(ent_scan_kind kind);

#endif
