/* Reads several feeds side by side: always the one that is furthest behind, so that the watermark, the least of the
 * feeds' latest instants, can follow.
 *
 * With a thread of its own the reading (parsing, typing, bind expressions) runs ahead of the evaluation by
 * a few batches; batches come in the same order as without, so the decisions are the same.  Where slices can be made
 * ready ahead (runtime/state/ahead.h) it does that, too. */
#ifndef ENT_ENTENTE_INGEST_H
#define ENT_ENTENTE_INGEST_H

#include "runtime/feed/stream.h"
#include "runtime/state/ahead.h"

typedef struct ent_ingest_feed {
    int64_t feed; /* index in the program */
    const char **specs;
    uint32_t n_specs;
    bool sort, ended;
    int64_t last_at;
    ent_stream *stream;
    const ent_engine *session; /* of which pieces are made slices, or NULL */
} ent_ingest_feed;

/* Makes slices for the session of the feed's pieces; nothing, if its program is not such. */
ent_making ent_ingest_making(const ent_engine *session, ent_ingest_feed *feed);

typedef enum ent_ingest_result {
    ENT_INGEST_ROWS = 0,
    ENT_INGEST_END = 1,
    ENT_INGEST_DISORDER = 2, /* a feed is not in order: its `sort` is set, begin again */
    ENT_INGEST_FAILED = 3,
    ENT_INGEST_FAULT = 4 /* the session has failed */
} ent_ingest_result;

typedef struct ent_batch {
    ent_ingest_result result;
    int64_t feed;
    ent_rows rows;
    int64_t watermark; /* no feed will bring a row before this one, INT64_MIN: nothing known */
    ent_ready *ready;  /* NULL, or the rows, which the session takes; at the end what is left of them */
    ent_feed_error error;
    ent_fault fault;
    struct ent_batch_copy *copy;
} ent_batch;

typedef struct ent_ingest ent_ingest;

/* The feeds stay the caller's.  threaded: read on another thread; ahead: makes slices of `enough` rows ready there, of
 * batches of at most batch_rows, and is the ingest's from now on; both threads take the parts of a divided session
 * through them.  NULL: no memory or no thread. */
ent_ingest *ent_ingest_start(ent_engine *session, ent_ingest_feed *feeds, size_t n_feeds, bool threaded,
                             ent_ahead *ahead, size_t enough, size_t batch_rows);
/* The next batch, valid until the next call. */
const ent_batch *ent_ingest_next(ent_ingest *ingest);
/* Stops reading; afterwards the feeds and streams may be looked at again. */
void ent_ingest_stop(ent_ingest *ingest);
#endif
