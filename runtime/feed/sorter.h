/* Stable external sort of fixed-width rows by instant.
 *
 * Rows go into memory up to a limit; past it, sorted runs are written to temporary files that have
 * no name (nothing is left behind, whatever happens) and merged when they are read back.  Rows at
 * the same instant keep the order in which they were added.  Input that is already in order is
 * noticed and never sorted; where it must be spilled, it stays one run.
 *
 *     add ... -> [records: at | row] --full--> sort --> run 0, run 1, ...
 *     finish  -> merge passes while there are more than `fan_in_max` runs
 *     next    -> from memory, or from the last merge
 *
 * A sorter belongs to one thread.  Tested in tests/unit/test_feed.c. */
#ifndef ENT_FEED_SORTER_H
#define ENT_FEED_SORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/feed/error.h"

typedef struct ent_sorter ent_sorter;

typedef struct ent_sorter_options {
    uint32_t row_size;         /* bytes; at least 1 */
    uint64_t memory_bytes_max; /* 0: 256 MiB; a sorter always takes at least two rows */
    const char *folder;        /* for temporary files; NULL: /tmp.  Copied. */
    uint32_t fan_in_max;       /* runs merged at once; 0: 256; at least 2 */
} ent_sorter_options;

typedef struct ent_sorter_stats {
    uint64_t rows;
    uint64_t runs;         /* written to files, before merging; 0: all in memory */
    uint64_t merge_passes; /* over files, the last one not counted */
    bool was_sorted;       /* the input came in order */
} ent_sorter_stats;

ent_sorter *ent_sorter_new(const ent_sorter_options *options, ent_feed_error *err);
void ent_sorter_free(ent_sorter *sorter);

/* Copies the row.  Not after finish. */
bool ent_sorter_add(ent_sorter *sorter, int64_t at_ns, const void *row, ent_feed_error *err);

/* Ends adding. */
bool ent_sorter_finish(ent_sorter *sorter, ent_feed_error *err);

/* 1: the next row in order, valid until the next call and aligned to 8 bytes; 0: no more; -1:
 * failure.  `at_ns` may be NULL. */
int ent_sorter_next(ent_sorter *sorter, int64_t *at_ns, const void **row, ent_feed_error *err);

ent_sorter_stats ent_sorter_stats_of(const ent_sorter *sorter);

#endif
