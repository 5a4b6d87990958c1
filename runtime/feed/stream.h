/* A feed's sources as one stream of typed rows in event order, with its totals and the digest of its rows.
 *
 * Files that are in order already are read straight through.  When a row goes back in time, the stream says so
 * (ENT_STREAM_DISORDER), and the caller starts again with `sort` set: then all rows go through the
 * external sorter first, within a bound on memory.  Standard input cannot be read twice and is always sorted.
 *
 * The digest is the BLAKE2b-256 of the used fields of all rows in event order, rows of one instant in byte order:
 * the same facts give the same digest however they were spread over files and lines. */
#ifndef ENT_FEED_STREAM_H
#define ENT_FEED_STREAM_H

#include "runtime/feed/bind.h"
#include "runtime/feed/made.h"
#include "runtime/feed/sorter.h"
#include "runtime/ledger/hash.h"

typedef struct ent_stream ent_stream;

/* A source that is already in memory, which must outlive the stream. */
typedef struct ent_stream_text {
    const char *name; /* what errors say */
    const char *bytes;
    size_t len;
} ent_stream_text;

typedef struct ent_stream_options {
    const char *const *specs; /* paths, or "-" */
    uint32_t n_specs;
    const ent_stream_text *texts; /* read after the paths */
    uint32_t n_texts;
    ent_format text_format; /* of these; GUESS: what the bind says, or what they look like */
    uint32_t batch_rows;
    uint32_t jobs;        /* threads that read; 0 is 1 */
    const char *zone_dir; /* for those threads */
    char separator; /* 0: what the bind says, or the format's own */
    bool sort;
    bool unordered; /* rows come as they stand, whatever their order */
    bool digest;
    ent_making making; /* rows of pieces that other threads may read come as made; only without sort and digest */
    bool portable; /* the same rows by the general ways only: no vectors, nothing taken for what it was before */
    uint64_t sort_memory_bytes; /* 0: the sorter's default */
    const char *folder;         /* for temporary files; NULL: /tmp */
    ent_bad_row_fn on_bad;
    void *user;
    /* called when a file has no column for a field that can do without */
    void (*on_no_column)(void *user, const char *file, const char *column);
} ent_stream_options;

typedef enum ent_stream_result {
    ENT_STREAM_END = 0,
    ENT_STREAM_ROWS = 1,
    ENT_STREAM_DISORDER = 2,
    ENT_STREAM_FAILED = 3
} ent_stream_result;

typedef struct ent_stream_totals {
    uint64_t rows, bad, skipped; /* rows: typed rows, bad and skipped ones not counted */
    uint64_t done_bytes, total_bytes;
} ent_stream_totals;

ent_stream *ent_stream_open(const ent_image *program, int64_t feed, ent_strings *strings,
                            ent_vm *vm, const ent_stream_options *options, ent_feed_error *err);
/* The same sources for two programs, read once: each has its own fields, bind and texts.  Call ent_stream_next on
 * the first, then, if that brought rows or its end, on the second.  Close the second first.  Fails with
 * ENT_FEED_USE when the two binds read files in different ways; then nothing is open. */
typedef struct ent_stream_side {
    const ent_image *program;
    int64_t feed;
    ent_strings *strings;
    ent_vm *vm;
} ent_stream_side;
bool ent_stream_open_pair(const ent_stream_side sides[2], const ent_stream_options *options,
                          ent_stream *streams[2], ent_feed_error *err);
void ent_stream_close(ent_stream *stream);
/* Memory for the rows of the next batch, of at most batch_rows rows, see ent_binder_lend; it is used for rows that this
 * thread reads. */
void ent_stream_lend(ent_stream *stream, void *const *columns, int64_t *origins);
ent_stream_result ent_stream_next(ent_stream *stream, ent_rows *rows, ent_feed_error *err);
ent_stream_totals ent_stream_totals_of(const ent_stream *stream);
/* After the end. */
bool ent_stream_digest(ent_stream *stream, char text[ENT_HASH_TEXT_SIZE]);
#endif
