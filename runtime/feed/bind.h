/* From raw cells to rows of a feed: which columns are wanted, how their cells become typed values, the `bind`
 * expressions, rows that are skipped and rows that do not fit.
 *
 * Reads the program's feed, bind, column and bound tables; runs bind kernels with a vm of its own.  Does no
 * I/O itself: bad rows go to the caller's function.
 * Tested by tests/golden/run and tests/unit/test_bind.c. */
#ifndef ENT_FEED_BIND_H
#define ENT_FEED_BIND_H

#include "runtime/bytecode/program.h"
#include "runtime/feed/reader.h"
#include "runtime/vm/strings.h"
#include "runtime/vm/vm.h"

typedef struct ent_binder ent_binder;

/* One batch of typed rows, valid until the next call on the binder.  columns[i] is field i of the feed;
 * data NULL: the field is not used. */
typedef struct ent_rows {
    ent_vector *columns;
    const int64_t *origins; /* of each row, see origin.h */
    uint32_t n;
    /* Not NULL: the rows come as what was made of them, see made.h, and the above are NULL.  They are in order, from
     * the first instant to the last, and stand so many lines further down than it says there. */
    void *made;
    int64_t first_at, last_at;
    uint64_t lines_before;
} ent_rows;

ent_binder *ent_binder_new(const ent_image *program, int64_t feed, ent_strings *strings,
                           ent_vm *vm, uint32_t batch_rows, char *error, size_t error_len);
void ent_binder_free(ent_binder *binder);

/* Every cell is read by the general reader of its type, and no text is remembered. */
void ent_binder_set_portable(ent_binder *binder);

/* The columns that a reader must yield, in the order in which the binder takes them. */
uint32_t ent_binder_wanted(const ent_binder *binder, const char *const **names);
/* Whether the file can do without column i (then its field is absent in all rows); if not, and the
 * header lacks it, the file does not fit. */
bool ent_binder_optional(const ent_binder *binder, uint32_t column);
/* Where its columns begin among those of a reader that has others before them; 0 otherwise. */
void ent_binder_set_first_column(ent_binder *binder, uint32_t first);
/* The separator that the bind states, or 0. */
char ent_binder_separator(const ent_binder *binder);
/* 0 any, 1 csv, 2 jsonl */
int ent_binder_format(const ent_binder *binder);

/* Memory for rows: columns[i].data and absent[i] for each used field, and origins, with room for all that comes. */
typedef struct ent_row_memory {
    ent_vector *columns;
    uint8_t **absent;
    int64_t *origins;
} ent_row_memory;

/* Classes of the fields; data NULL: the field is not used. */
const ent_vector *ent_binder_fields(const ent_binder *binder);
/* The next batch's rows are written into this memory from row `at` on, and not into the binder's own.  There must be
 * room for all rows of the batch, bad ones too. */
void ent_binder_place(ent_binder *binder, const ent_row_memory *memory, size_t at);

/* The same, but for columns that are NULL, whose data stay with the binder, as all absences do; origins NULL: they do,
 * too. */
void ent_binder_lend(ent_binder *binder, void *const *columns, int64_t *origins);

/* Types one batch.  column_number gives a wanted column's number in the file for reports.  on_bad is called
 * for each row that does not fit, in order; when it returns false, so does this function.  Skipped
 * rows are added to *skipped. */
bool ent_binder_take(ent_binder *binder, const ent_cells *cells, ent_reader *reader,
                     ent_bad_row_fn on_bad, void *user, ent_rows *rows, uint64_t *skipped);
/* Whether an instant stands before an earlier one. */
bool ent_instants_descend(const int64_t *at, uint32_t n);
/* True if ent_binder_take failed for want of memory rather than because on_bad said so. */
bool ent_binder_out_of_memory(const ent_binder *binder);
#endif
