/* See ingest.h. */
#include "compiler/entente/ingest.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 8, READY_SLOTS = 7 };
/* So many slices have to be waited for before the thread that makes them takes a part through one. */
enum { ENOUGH_READY = 4 };

/* Copies of one batch's columns, kept for the next one. */
struct ent_batch_copy {
    ent_vector *columns;
    uint8_t **absent;
    int64_t *origins;
    int64_t feed;
    size_t n_fields, capacity;
};

struct ent_ingest {
    const ent_image *program;
    ent_ingest_feed *feeds;
    size_t n_feeds;
    bool threaded;
    ent_batch single;
    ent_ahead *ahead;
    size_t enough, batch_rows;
    void **rooms; /* for a batch, one a field */
    int64_t watermark; /* of the last slice that was made ready */
    /* the ring of a threaded ingest: batches from `given` up to `made` are there, each in the slot of its number */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    ent_batch slots[SLOTS];
    size_t n_slots;
    uint64_t made, given;
    uint64_t n_slices; /* of those made, the first ones, which have rows */
    bool stopping, holding; /* holding: the consumer still reads the batch `given` */
    /* a divided session's parts, which both threads take through slices */
    ent_engine *session;
    struct part {
        uint64_t n_taken; /* slices */
        bool busy;
        bool reader; /* had it last, not the consumer */
    } *parts;
    size_t n_parts;
    bool part_failed;
};

static ent_ingest_feed *furthest_behind(ent_ingest *g)
{
    ent_ingest_feed *behind = NULL;
    for (size_t i = 0; i < g->n_feeds; i++) {
        if (!g->feeds[i].ended && (!behind || g->feeds[i].last_at < behind->last_at)) {
            behind = &g->feeds[i];
        }
    }
    return behind;
}

/* Fills the batch from the feed that is furthest behind; its rows belong to the stream. */
static void produce(ent_ingest *g, ent_batch *batch)
{
    batch->rows = (ent_rows){0};
    batch->error = (ent_feed_error){0};
    ent_ingest_feed *f;
    while ((f = furthest_behind(g)) != NULL) {
        batch->feed = f->feed;
        switch (ent_stream_next(f->stream, &batch->rows, &batch->error)) {
        case ENT_STREAM_END:
            f->ended = true;
            continue;
        case ENT_STREAM_DISORDER:
            f->sort = true;
            batch->result = ENT_INGEST_DISORDER;
            return;
        case ENT_STREAM_FAILED:
            batch->result = ENT_INGEST_FAILED;
            return;
        case ENT_STREAM_ROWS:
            break;
        }
        if (batch->rows.made) {
            f->last_at = batch->rows.last_at;
        } else if (batch->rows.n > 0) {
            const int64_t *at = batch->rows.columns[g->program->feed[f->feed].at].data;
            f->last_at = at[batch->rows.n - 1];
        }
        ent_ingest_feed *behind = furthest_behind(g);
        batch->watermark = behind ? behind->last_at : INT64_MIN;
        batch->result = ENT_INGEST_ROWS;
        return;
    }
    batch->result = ENT_INGEST_END;
}

/* --- slices made of pieces --- */

static void *maker_new(void *user)
{
    const ent_ingest_feed *f = user;
    return ent_ahead_new_for_pieces(f->session, f->feed);
}

static void maker_free(void *maker)
{
    ent_ahead_free(maker);
}

static void *made_new(void *maker)
{
    return ent_ready_new(maker);
}

static void made_free(void *maker, void *made)
{
    ent_ready_free(maker, made);
}

static bool make_room(void *maker, size_t n, void **columns, int64_t **origins)
{
    return ent_ahead_room(maker, n, columns, origins);
}

static bool take_rows(void *maker, const ent_rows *rows)
{
    ent_fault fault;
    return ent_ahead_push(maker, rows->columns, rows->n, rows->origins, &fault);
}

static bool make_slice(void *maker, void *made)
{
    return ent_ahead_piece(maker, made);
}

static void drop_rows(void *maker)
{
    ent_ahead_drop(maker);
}

ent_making ent_ingest_making(const ent_engine *session, ent_ingest_feed *feed)
{
    feed->session = session;
    return ent_engine_takes_pieces(session, feed->feed)
               ? (ent_making){feed,     maker_new, maker_free, made_new, made_free,
                              make_room, take_rows, make_slice, drop_rows}
               : (ent_making){0};
}

/* --- the other thread --- */

static void copy_free(struct ent_batch_copy *copy)
{
    if (!copy) {
        return;
    }
    for (size_t i = 0; i < copy->n_fields; i++) {
        free(copy->columns ? copy->columns[i].data : NULL);
        free(copy->absent ? copy->absent[i] : NULL);
    }
    free(copy->columns);
    free(copy->absent);
    free(copy->origins);
    free(copy);
}

static size_t lane_bytes(ent_class cls)
{
    return cls == ENT_CLASS_B ? 1 : cls == ENT_CLASS_Q ? sizeof(ent_q) : sizeof(int64_t);
}

static bool copy_fits(ent_batch *batch, size_t n_fields)
{
    struct ent_batch_copy *c = batch->copy;
    if (c && c->feed == batch->feed && c->capacity >= batch->rows.n) {
        return true;
    }
    copy_free(c);
    batch->copy = c = calloc(1, sizeof *c);
    if (!c) {
        return false;
    }
    c->feed = batch->feed;
    c->capacity = batch->rows.n;
    c->columns = calloc(n_fields + 1, sizeof *c->columns);
    c->absent = calloc(n_fields + 1, sizeof *c->absent);
    c->origins = malloc((c->capacity + 1) * sizeof *c->origins);
    if (!c->columns || !c->absent || !c->origins) {
        return false;
    }
    c->n_fields = n_fields;
    for (size_t i = 0; i < n_fields; i++) {
        c->columns[i].cls = batch->rows.columns[i].cls;
        if (batch->rows.columns[i].data) {
            c->columns[i].data = malloc(c->capacity * lane_bytes(c->columns[i].cls));
            c->absent[i] = malloc(c->capacity);
            if (!c->columns[i].data || !c->absent[i]) {
                return false;
            }
        }
    }
    return true;
}

/* Makes the batch independent of its stream. */
static bool detach(ent_ingest *g, ent_batch *batch)
{
    size_t n = batch->rows.n;
    size_t n_fields = (size_t)g->program->feed[batch->feed].n_fields;
    if (n == 0) {
        return true;
    }
    if (!copy_fits(batch, n_fields)) {
        return false;
    }
    struct ent_batch_copy *c = batch->copy;
    for (size_t i = 0; i < n_fields; i++) {
        const ent_vector *from = &batch->rows.columns[i];
        if (!from->data) {
            continue;
        }
        memcpy(c->columns[i].data, from->data, n * lane_bytes(from->cls));
        c->columns[i].absent = from->absent ? c->absent[i] : NULL;
        if (from->absent) {
            memcpy(c->absent[i], from->absent, n);
        }
    }
    memcpy(c->origins, batch->rows.origins, n * sizeof *c->origins);
    batch->rows.columns = c->columns;
    batch->rows.origins = c->origins;
    return true;
}

/* Rows that this thread reads itself are written where they will stay. */
static bool lend_room(ent_ingest *g)
{
    int64_t *origins;
    bool ok = ent_ahead_room(g->ahead, g->batch_rows, g->rooms, &origins);
    if (ok) {
        ent_stream_lend(g->feeds->stream, g->rooms, origins);
    }
    return ok;
}

/* A slice of as many batches as a step takes. */
static void produce_ready(ent_ingest *g, ent_batch *batch)
{
    uint32_t n = 0;
    for (bool cut = false; !cut;) {
        if (!lend_room(g)) {
            ent_feed_fail_memory(&batch->error, "a batch of rows");
            batch->result = ENT_INGEST_FAILED;
            return;
        }
        produce(g, batch);
        if (batch->result == ENT_INGEST_END) {
            ent_ahead_rest(g->ahead, batch->ready);
        }
        if (batch->result != ENT_INGEST_ROWS) {
            return;
        }
        n += batch->rows.n;
        bool ok = ent_ahead_push(g->ahead, batch->rows.columns, batch->rows.n, batch->rows.origins, &batch->fault);
        if (ok && batch->watermark > g->watermark && ent_ahead_pending(g->ahead) >= g->enough) {
            cut = true;
            g->watermark = batch->watermark;
            ok = ent_ahead_cut(g->ahead, g->watermark, batch->ready, &batch->fault);
        }
        if (!ok) {
            batch->result = ENT_INGEST_FAULT;
            return;
        }
    }
    batch->rows.n = n;
}

static ent_batch *slot_of(ent_ingest *g, uint64_t number)
{
    return &g->slots[number % g->n_slots];
}

/* Whether the next batch has rows. */
static bool make_batch(ent_ingest *g, ent_batch *slot)
{
    if (g->ahead) {
        produce_ready(g, slot);
    } else {
        produce(g, slot);
    }
    if (!g->ahead && slot->result == ENT_INGEST_ROWS && !detach(g, slot)) {
        ent_feed_fail_memory(&slot->error, "a batch of rows");
        slot->result = ENT_INGEST_FAILED;
    }
    return slot->result == ENT_INGEST_ROWS;
}

/* Under the lock: how many slices all parts have taken. */
static uint64_t taken_by_all(const ent_ingest *g)
{
    uint64_t least = g->n_slices;
    for (size_t i = 0; i < g->n_parts; i++) {
        least = g->parts[i].n_taken < least ? g->parts[i].n_taken : least;
    }
    return least;
}

/* Under the lock, of the parts that may go on the one that is furthest behind, and that this thread had last: whatever
 * is in its cache need not come from another's.  Only where it has none that may, it takes one over.  NULL: there is
 * none. */
static struct part *next_part(ent_ingest *g, bool reader)
{
    struct part *found = NULL;
    for (size_t i = 0; i < g->n_parts && !g->part_failed; i++) {
        struct part *part = &g->parts[i];
        if (part->busy || part->n_taken == g->n_slices) {
            continue;
        }
        bool own = part->reader == reader;
        bool better = !found || (own && found->reader != reader);
        if (better || (own == (found->reader == reader) && part->n_taken < found->n_taken)) {
            found = part;
        }
    }
    if (found) {
        found->reader = reader;
    }
    return found;
}

/* Under the lock, which it lets go meanwhile. */
static void take_part(ent_ingest *g, struct part *part)
{
    ent_batch *slot = slot_of(g, part->n_taken);
    ent_fault fault;
    part->busy = true;
    pthread_mutex_unlock(&g->lock);
    bool ok = ent_engine_take_part(g->session, (size_t)(part - g->parts), slot->ready, &fault);
    pthread_mutex_lock(&g->lock);
    part->busy = false;
    part->n_taken++;
    if (!ok && !g->part_failed) {
        g->part_failed = true;
        g->single.result = ENT_INGEST_FAULT;
        g->single.fault = fault;
    }
    pthread_cond_broadcast(&g->changed);
}

/* Makes batches; where there are enough for the moment, or no more, it takes parts through them. */
static void *read_ahead(void *user)
{
    ent_ingest *g = user;
    bool more = true;
    pthread_mutex_lock(&g->lock);
    while (!g->stopping) {
        bool makes = more && g->made - g->given < g->n_slots;
        bool helps = !makes || g->n_slices - taken_by_all(g) >= ENOUGH_READY;
        struct part *part = helps ? next_part(g, true) : NULL;
        if (part) {
            take_part(g, part);
        } else if (makes) {
            ent_batch *slot = slot_of(g, g->made);
            pthread_mutex_unlock(&g->lock);
            more = make_batch(g, slot);
            pthread_mutex_lock(&g->lock);
            g->made++;
            g->n_slices += more;
            pthread_cond_broadcast(&g->changed);
        } else if (more || taken_by_all(g) < g->n_slices) {
            pthread_cond_wait(&g->changed, &g->lock);
        } else {
            break;
        }
    }
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

/* --- the consumer --- */

static void free_slots(ent_ingest *g)
{
    for (size_t i = 0; i < g->n_slots; i++) {
        copy_free(g->slots[i].copy);
        ent_ready_free(g->ahead, g->slots[i].ready);
    }
    ent_ahead_free(g->ahead);
    free(g->parts);
    free(g->rooms);
}

static bool init_slots(ent_ingest *g)
{
    bool ok = true;
    g->n_slots = g->ahead ? READY_SLOTS : SLOTS;
    for (size_t i = 0; ok && g->ahead && i < g->n_slots; i++) {
        g->slots[i].ready = ent_ready_new(g->ahead);
        ok = g->slots[i].ready != NULL;
    }
    int64_t n_fields = g->ahead ? g->program->feed[g->feeds->feed].n_fields : 0;
    g->rooms = calloc((size_t)n_fields + 1, sizeof *g->rooms);
    g->parts = calloc(g->n_parts + 1, sizeof *g->parts);
    return ok && g->rooms && g->parts;
}

ent_ingest *ent_ingest_start(ent_engine *session, ent_ingest_feed *feeds, size_t n_feeds, bool threaded,
                             ent_ahead *ahead, size_t enough, size_t batch_rows)
{
    ent_ingest *g = calloc(1, sizeof *g);
    if (!g) {
        ent_ahead_free(ahead);
        return NULL;
    }
    g->ahead = ahead;
    g->enough = enough;
    g->batch_rows = batch_rows;
    g->watermark = INT64_MIN;
    g->session = session;
    g->n_parts = ahead ? ent_engine_n_parts(session) : 0;
    g->program = ent_engine_program(session);
    g->feeds = feeds;
    g->n_feeds = n_feeds;
    g->threaded = threaded;
    if (threaded) {
        pthread_mutex_init(&g->lock, NULL);
        pthread_cond_init(&g->changed, NULL);
        if (!init_slots(g) || pthread_create(&g->thread, NULL, read_ahead, g) != 0) {
            pthread_mutex_destroy(&g->lock);
            pthread_cond_destroy(&g->changed);
            free_slots(g);
            free(g);
            return NULL;
        }
    }
    return g;
}

const ent_batch *ent_ingest_next(ent_ingest *g)
{
    if (!g->threaded) {
        produce(g, &g->single);
        return &g->single;
    }
    pthread_mutex_lock(&g->lock);
    if (g->holding) {
        g->given++;
        g->holding = false;
        pthread_cond_broadcast(&g->changed);
    }
    /* a slice is there when all parts have taken it */
    while (!g->part_failed && (g->made == g->given || (g->given < g->n_slices && taken_by_all(g) == g->given))) {
        struct part *part = next_part(g, false);
        if (part) {
            take_part(g, part);
        } else {
            pthread_cond_wait(&g->changed, &g->lock);
        }
    }
    /* what ends the reading stays in its slot: asking again gives it again */
    ent_batch *batch = g->part_failed ? &g->single : slot_of(g, g->given);
    g->holding = batch->result == ENT_INGEST_ROWS;
    pthread_mutex_unlock(&g->lock);
    return batch;
}

void ent_ingest_stop(ent_ingest *g)
{
    if (!g) {
        return;
    }
    if (g->threaded) {
        pthread_mutex_lock(&g->lock);
        g->stopping = true;
        pthread_cond_broadcast(&g->changed);
        pthread_mutex_unlock(&g->lock);
        pthread_join(g->thread, NULL);
        pthread_mutex_destroy(&g->lock);
        pthread_cond_destroy(&g->changed);
    }
    free_slots(g);
    free(g);
}
