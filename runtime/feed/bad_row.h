/* Bad rows: a row of a source that cannot be used, told exactly, and the quarantine file for them.
 *
 * The reader makes bad rows for what is wrong with the text; the layer that gives cells their types
 * makes its own with the same struct, so that one report and one quarantine file serve both.
 *
 * The quarantine file is CSV with the header `file,line,column,cell,expected,row`.  It is written
 * beside its final name and renamed when it is complete, so an interrupted run leaves an earlier
 * file as it was.  Tested in tests/unit/test_feed.c. */
#ifndef ENT_FEED_BAD_ROW_H
#define ENT_FEED_BAD_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/feed/error.h"

typedef struct ent_bad_row {
    const char *file;
    uint64_t line;           /* physical line on which the row starts, from 1 */
    uint64_t number;         /* row number in the file, from 1 */
    uint32_t column;         /* cell number from 1; 0: the row as a whole, or JSON */
    uint32_t byte;           /* JSON Lines: byte in the line from 1; 0: not known */
    const char *column_name; /* NULL: the row as a whole */
    const char *cell;        /* the offending text; NULL: none */
    uint32_t cell_len;
    uint32_t raw_len;
    const char *raw;      /* the whole row; may be NULL */
    const char *expected; /* as in "expected ...", e.g. `5 cells, found 3` */
} ent_bad_row;

/* Returns false to stop the reading. */
typedef bool (*ent_bad_row_fn)(void *user, const ent_bad_row *bad);

/* The row in one line for people, e.g.
 * `t.csv` line 7, column 3 `latency`: expected a duration, found `soon` */
void ent_bad_row_text(const ent_bad_row *bad, char *out, size_t out_size);

/* The same as an error with code ENT_FEED_BAD_ROW; returns false. */
bool ent_bad_row_fail(const ent_bad_row *bad, ent_feed_error *err);

typedef struct ent_quarantine ent_quarantine;

/* Creates the temporary file in the folder of `path`.  NULL on failure. */
ent_quarantine *ent_quarantine_open(const char *path, ent_feed_error *err);

bool ent_quarantine_add(ent_quarantine *quarantine, const ent_bad_row *bad, ent_feed_error *err);
uint64_t ent_quarantine_count(const ent_quarantine *quarantine);

/* Flushes to the disk, renames to the final name, and frees.  On failure the temporary file is
 * removed and the final name untouched. */
bool ent_quarantine_commit(ent_quarantine *quarantine, ent_feed_error *err);

/* Removes the temporary file and frees; NULL is fine. */
void ent_quarantine_abort(ent_quarantine *quarantine);

#endif
