/* One file read on several threads, in the order of its rows.
 *
 *   reader --pieces--> ring of tasks --> parsed and typed by whichever thread is free --> consumer, in order
 *
 * There is no thread that only reads or only waits: whoever is free cuts the next piece off the file (one at a
 * time) and makes columns of it; the consumer's thread does so, too, while the piece that it wants is not ready.
 * A piece with a row that does not fit, or that has anything else to tell, is left as it is and handed to the
 * consumer as text: it reads it again by itself, so that what is told, and in which order, does not depend on
 * threads.
 * A piece of which something can be made (made.h) is handed over as that, and its rows are not looked at again.
 * Tested by tests/property/invariance.sh. */
#ifndef ENT_FEED_PARALLEL_H
#define ENT_FEED_PARALLEL_H

#include "runtime/feed/bind.h"
#include "runtime/feed/made.h"

typedef struct ent_parallel ent_parallel;

typedef struct ent_parallel_options {
    const ent_image *program;
    int64_t feed;
    ent_strings *strings; /* shared from now on */
    const char *zone_dir; /* for bind expressions */
    uint32_t batch_rows;
    uint32_t threads; /* with the consumer's: at least 2 */
    bool portable;    /* see ent_stream_options */
    ent_making making;
} ent_parallel_options;

typedef enum ent_parallel_result {
    ENT_PARALLEL_ROWS,   /* a batch, or what was made of a piece */
    ENT_PARALLEL_PIECE,  /* `reader` reads the next rows, to its end: then ask again */
    ENT_PARALLEL_SERIAL, /* the rest of this file is for the reader; `ent_parallel_resume` when another file is begun */
    ENT_PARALLEL_FAILED
} ent_parallel_result;

/* NULL when memory or threads run out. The reader stays the caller's, who leaves it alone while results are rows
 * or pieces. */
ent_parallel *ent_parallel_start(ent_reader *reader, const ent_parallel_options *options, ent_feed_error *err);
/* There are no more rows: the threads end, and nobody waits for them yet.  Then only `ent_parallel_stop`. */
void ent_parallel_end(ent_parallel *parallel);
void ent_parallel_stop(ent_parallel *parallel);
ent_parallel_result ent_parallel_next(ent_parallel *parallel, ent_rows *rows, uint64_t *skipped,
                                      ent_reader **reader, ent_feed_error *err);
bool ent_parallel_resume(ent_parallel *parallel, ent_feed_error *err);
#endif
