/* What reader.c shares with csv.c and json.c: the reader itself and the helpers that collect a
 * batch.  Not for other folders.
 *
 * A format implements two functions: `begin` after a new source was started (reads a header), and
 * `collect`, which adds rows to the batch until it is full or the block is used up.  Cells are
 * first filled without regard to problems; problems are noted on the side, since they are rare, and
 * reader.c takes their rows out again. */
#ifndef ENT_FEED_READER_PRIVATE_H
#define ENT_FEED_READER_PRIVATE_H

#include "runtime/feed/block.h"
#include "runtime/feed/json_plain.h"
#include "runtime/feed/json_simd.h"
#include "runtime/feed/reader.h"

typedef enum ent_problem_kind {
    ENT_PROBLEM_COUNT = 0, /* wrong number of cells: `detail` found */
    ENT_PROBLEM_UTF8 = 1,
    ENT_PROBLEM_NUL = 2,
    ENT_PROBLEM_QUOTE = 3, /* text after a closing quote */
    ENT_PROBLEM_JSON = 4
} ent_problem_kind;

enum { ENT_NO_ROW = UINT32_MAX };

typedef struct ent_problem {
    uint64_t number;
    uint64_t line;
    const char *raw;
    uint32_t raw_len;
    uint32_t row;    /* in the batch, or ENT_NO_ROW if it was never put there */
    uint32_t column; /* of the source, from 1; 0: none */
    uint32_t detail; /* cells found, or byte in the line */
    ent_problem_kind kind;
    ent_cell cell;
    const char *name;
    const char *expected; /* for JSON */
} ent_problem;

/* Memory for texts of one batch: blocks in a chain, used again for the next. */
typedef struct ent_side_chunk {
    struct ent_side_chunk *next;
    size_t size;
    size_t used;
    char bytes[];
} ent_side_chunk;

typedef struct ent_csv {
    char separator;
    ent_scan_function kernel;
    ent_scan scan;
    uint32_t dirty_cap; /* of the block for which scan.dirty is large enough */
    size_t ends_capacity, rows_capacity;
    uint32_t *ends_memory; /* of scan.ends, which begins behind one that stands before the text */
    uint32_t row_at; /* rows of the scan taken so far */
    uint32_t start;  /* offset of the first byte not taken */
    uint32_t *base;  /* per batch row: index in scan.ends of its first cell's end */
    uint32_t *from;  /* per batch row: offset of its first byte */
    bool has_header;
    bool line_finished; /* a newline was added to the last line */
} ent_csv;

struct ent_reader {
    ent_reader_options options;
    const ent_source_list *sources;
    uint32_t source_at;
    bool open; /* sources->items[source_at] is being read */
    bool forked; /* its text is given to it, see ent_reader_fork */
    bool ended;
    bool failed;
    ent_feed_error error;
    ent_format format;
    uint32_t n_names;
    char **names;
    uint32_t *column; /* per wanted name: column of the source, or ENT_NO_COLUMN */
    uint32_t n_header;
    char **header;
    ent_block block;
    bool cuts_ahead; /* pieces are places of the file in hand, `cut_at` is the next one; the block is empty */
    bool cuts_read;  /* not in this file: only what has been read is cut */
    uint64_t cut_at, row_from; /* row_from: the first of them, where a row begins */
    ent_csv csv;
    ent_json *json;
    ent_json_plain *json_plain; /* tried first */
    uint32_t json_at;
    ent_cell *json_row;
    uint64_t line;   /* of the next row */
    uint64_t number; /* rows of this file so far */
    uint64_t rows_total;
    uint64_t bad_total;
    ent_plain_rows plain; /* of the batch, if its rows are such */
    ent_plain_column *plain_columns; /* in CSV, as `column` has them */
    ent_cells batch;
    ent_cell **cells;
    ent_cell *cell_store;
    uint64_t *row_line;
    uint64_t *row_number;
    const char **raw;
    uint32_t *raw_len;
    ent_problem *problems;
    uint32_t n_problems;
    uint32_t problem_capacity;
    ent_bad_row *bad;
    uint32_t bad_capacity;
    ent_side_chunk *side;     /* all chunks */
    ent_side_chunk *side_now; /* the one in use */
};

enum { ENT_NO_COLUMN = UINT32_MAX };

/* A reader without a block and without a file in hand. */
ent_reader *ent_reader_bare(const ent_source_list *sources, const char *const *names,
                            uint32_t n_names, const ent_reader_options *options,
                            ent_feed_error *err);

/* `len` bytes valid until the next batch, or NULL. */
char *ent_reader_side(ent_reader *reader, size_t len);

bool ent_reader_note(ent_reader *reader, const ent_problem *problem, ent_feed_error *err);

/* Replaces the header; `cells` are copied. */
bool ent_reader_set_header(ent_reader *reader, const ent_cell *cells, uint32_t count,
                           ent_feed_error *err);

const char *ent_reader_source_name(const ent_reader *reader);
bool ent_reader_too_long(ent_reader *reader, uint64_t line, ent_feed_error *err);

bool ent_csv_init(ent_reader *reader, ent_feed_error *err);
void ent_csv_deinit(ent_reader *reader);
bool ent_csv_begin(ent_reader *reader, ent_feed_error *err);

/* 1: rows or problems were collected; 0: the source has no more; -1: failure. */
int ent_csv_collect(ent_reader *reader, ent_feed_error *err);

bool ent_json_lines_init(ent_reader *reader, ent_feed_error *err);
void ent_json_lines_deinit(ent_reader *reader);
bool ent_json_lines_begin(ent_reader *reader, ent_feed_error *err);
int ent_json_lines_collect(ent_reader *reader, ent_feed_error *err);

#endif
