/* See parallel.h. */
#include "runtime/feed/parallel.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Of how many blocks something is made at once: what is made costs as much for each key, however few rows it has. */
enum { BLOCKS_MADE = 4 };

typedef enum task_state { TASK_FREE, TASK_TAKEN, TASK_DONE } task_state;

/* A piece, and the columns that it became. */
typedef struct task {
    task_state state;
    ent_piece piece; /* while it is troubled; its text only where it is no place */
    ent_row_memory memory; /* of `capacity` rows; origins are lines, counted from the begin of the piece until given */
    size_t n, capacity;
    uint64_t lines, rows, skipped;
    uint64_t to; /* where it ends in the file, if it is a place */
    void *made;  /* of the rows, whose columns are not here then; or NULL */
    int64_t first_at, last_at; /* of such */
    struct worker *maker;      /* whose it is */
    bool troubled; /* to be read again by the consumer */
    bool refused;  /* the reader must go back to it */
    bool failed;   /* no memory for its text */
} task;

/* What a thread needs to make columns of a piece. */
typedef struct worker {
    ent_parallel *parallel;
    void *maker;  /* NULL: rows are given as they are */
    void **spare; /* what it has made once and is free to be used again */
    size_t n_spare;
    void **rooms; /* for a batch, one a field */
    ent_vm *vm;
    ent_binder *binder;
    ent_reader *fork;
    ent_piece piece; /* a block of it stays in this thread's cache */
    pthread_t thread;
    bool started;
} worker;

struct ent_parallel {
    ent_parallel_options options;
    ent_reader *reader;
    size_t n_fields;
    worker *workers; /* the first is the consumer's */
    size_t n_workers;
    task *ring;
    size_t n_ring;
    pthread_mutex_t cutting; /* held while a piece is cut off; before `lock` */
    pthread_mutex_t lock;    /* states, and all that follows */
    pthread_cond_t freed, done;
    size_t n_free, n_idle; /* pieces that may be cut, and threads that wait for such */
    const task *awaited;   /* the consumer waits for it */
    uint64_t n_cut, n_consumed; /* pieces */
    ent_split end;              /* why no piece is cut at present; ENT_SPLIT_TEXT: they are */
    ent_feed_error error;
    bool stopping;
    /* the consumer's */
    task *now;
    size_t given; /* rows of `now` */
    uint64_t lines, rows; /* of the file before `now` */
    uint64_t begins;      /* where `now` does in the file, if it is a place and not the first; else 0 */
    bool reading;         /* `now`, which is troubled, with the first worker's fork */
    ent_piece block;      /* of it, in memory of the task or else of that worker */
    ent_vector *view;
    int64_t at; /* field of the instant */
};

/* --- pieces into columns --- */

static size_t lane_bytes(ent_class cls)
{
    return cls == ENT_CLASS_B ? 1 : cls == ENT_CLASS_Q ? sizeof(ent_q) : sizeof(int64_t);
}

/* Room for another batch. */
static bool reserve(ent_parallel *p, task *t, const ent_vector *fields)
{
    size_t need = t->n + p->options.batch_rows;
    if (need <= t->capacity) {
        return true;
    }
    size_t capacity = t->capacity * 2 > need ? t->capacity * 2 : need * 2;
    int64_t *origins = realloc(t->memory.origins, capacity * sizeof *origins);
    bool ok = origins != NULL;
    t->memory.origins = ok ? origins : t->memory.origins;
    for (size_t i = 0; ok && i < p->n_fields; i++) {
        ent_vector *c = &t->memory.columns[i];
        c->cls = fields[i].cls;
        if (!fields[i].data) {
            continue;
        }
        void *data = realloc(c->data, capacity * lane_bytes(c->cls));
        c->data = data ? data : c->data;
        uint8_t *absent = realloc(t->memory.absent[i], capacity);
        t->memory.absent[i] = absent ? absent : t->memory.absent[i];
        ok = data && absent;
    }
    t->capacity = ok ? capacity : t->capacity;
    return ok;
}

static bool refuse(void *user, const ent_bad_row *bad)
{
    (void)user;
    (void)bad;
    return false;
}

/* A batch's rows go straight into the task's memory. */
static bool take(worker *w, task *t, const ent_cells *cells)
{
    ent_rows rows;
    if (!reserve(w->parallel, t, ent_binder_fields(w->binder))) {
        return false;
    }
    ent_binder_place(w->binder, &t->memory, t->n);
    bool ok = ent_binder_take(w->binder, cells, w->fork, refuse, NULL, &rows, &t->skipped);
    t->n += ok ? rows.n : 0;
    return ok;
}

/* Where the rows go straight to who makes something of them; false: nothing can be made of the piece. */
static bool take_made(worker *w, task *t, const ent_cells *cells)
{
    const ent_making *making = &w->parallel->options.making;
    int64_t *origins;
    ent_rows rows;
    if (!making->room(w->maker, w->parallel->options.batch_rows, w->rooms, &origins)) {
        return false;
    }
    ent_binder_lend(w->binder, w->rooms, origins);
    if (!ent_binder_take(w->binder, cells, w->fork, refuse, NULL, &rows, &t->skipped)) {
        return false;
    }
    if (rows.n > 0) {
        const int64_t *at = rows.columns[w->parallel->at].data;
        bool follows = (t->n == 0 || t->last_at <= at[0]) && !ent_instants_descend(at, rows.n);
        t->first_at = t->n == 0 ? at[0] : t->first_at;
        t->last_at = at[rows.n - 1];
        t->n += rows.n;
        return follows && making->take(w->maker, &rows);
    }
    return true;
}

/* Under the lock: memory of this thread, which then is in its cache, or else of another one. */
static void take_spare(ent_parallel *p, worker *w, task *t)
{
    for (size_t i = 0; i < p->n_workers && w->n_spare == 0; i++) {
        w = &p->workers[i];
    }
    if (w->n_spare > 0) {
        t->made = w->spare[--w->n_spare];
        t->maker = w;
    }
}

static bool make(worker *w, task *t)
{
    ent_parallel *p = w->parallel;
    const ent_making *making = &p->options.making;
    pthread_mutex_lock(&p->lock);
    take_spare(p, w, t);
    pthread_mutex_unlock(&p->lock);
    if (!t->made) {
        t->made = making->made_new(w->maker);
        t->maker = w;
    }
    return t->made && making->make(w->maker, t->made);
}

/* Under the lock: what was made is not needed any more. */
static void give_back(task *t)
{
    if (t->made) {
        t->maker->spare[t->maker->n_spare++] = t->made;
        t->made = NULL;
    }
}

/* The piece as it was cut stays with the task.  If it is no place, so does its text: the task then has the memory, and
 * the thread another. */
static void leave(worker *w, task *t, const ent_piece *cut)
{
    ent_feed_error error;
    bool is_place = cut->to > 0;
    t->failed = !is_place && !t->piece.text && !ent_piece_init(&t->piece, w->parallel->reader, &error);
    if (t->failed) {
        return;
    }
    char *text = t->piece.text;
    t->piece = *cut;
    *(is_place ? &t->piece.text : &w->piece.text) = text;
}

/* Makes columns of the block in hand. */
static void work_block(worker *w, task *t)
{
    const ent_cells *cells;
    int got;
    t->refused = !ent_reader_fetch(w->parallel->reader, &w->piece);
    if (t->refused) {
        return;
    }
    ent_reader_give(w->fork, &w->piece, t->lines, t->rows);
    while (!t->troubled && (got = ent_reader_next(w->fork, &cells, NULL)) != 0) {
        t->troubled = got < 0 || cells->n_bad > 0 || !(w->maker ? take_made : take)(w, t, cells);
    }
    ent_reader_place(w->fork, &t->lines, &t->rows);
    t->to = w->piece.end;
    t->refused = ent_reader_is_miscut(w->fork, &w->piece, !t->troubled);
}

/* Whatever is not plain makes the piece a troubled one: its consumer will meet it again. */
static void work(worker *w, task *t)
{
    const ent_piece cut = w->piece;
    t->n = 0;
    t->lines = t->rows = t->skipped = 0;
    t->troubled = t->failed = false;
    do {
        work_block(w, t);
    } while (!t->troubled && !t->refused && ent_reader_turn(w->parallel->reader, &w->piece));
    if (w->maker) {
        t->troubled = t->troubled || (!t->refused && t->n > 0 && !make(w, t));
        w->parallel->options.making.drop(w->maker);
    }
    if (t->troubled && !t->refused) {
        leave(w, t, &cut);
    }
}

/* Cuts the next piece off the file for this thread; NULL when there is none, or no place for it. */
static task *cut(worker *w)
{
    ent_parallel *p = w->parallel;
    pthread_mutex_lock(&p->cutting);
    pthread_mutex_lock(&p->lock);
    task *t = &p->ring[p->n_cut % p->n_ring];
    bool possible = !p->stopping && p->end == ENT_SPLIT_TEXT && t->state == TASK_FREE;
    t->state = possible ? TASK_TAKEN : t->state;
    p->n_free -= possible;
    pthread_mutex_unlock(&p->lock);
    if (!possible) {
        pthread_mutex_unlock(&p->cutting);
        return NULL;
    }
    ent_feed_error error = {0};
    ent_split split = ent_reader_split(p->reader, w->maker ? BLOCKS_MADE : 1, &w->piece, &error);
    pthread_mutex_lock(&p->lock);
    if (split == ENT_SPLIT_TEXT) {
        p->n_cut++;
    } else {
        t->state = TASK_FREE;
        p->n_free++;
        p->end = split;
        p->error = error;
        pthread_cond_signal(&p->done);
    }
    pthread_mutex_unlock(&p->lock);
    pthread_mutex_unlock(&p->cutting);
    return split == ENT_SPLIT_TEXT ? t : NULL;
}

/* Waking is dear, and seldom is somebody asleep. */
static void set_done(ent_parallel *p, task *t)
{
    pthread_mutex_lock(&p->lock);
    t->state = TASK_DONE;
    bool wake = p->awaited == t;
    p->end = t->refused ? ENT_SPLIT_SERIAL : p->end; /* what comes behind it would be void */
    pthread_mutex_unlock(&p->lock);
    if (wake) {
        pthread_cond_signal(&p->done);
    }
}

static void *help(void *user)
{
    worker *w = user;
    ent_parallel *p = w->parallel;
    for (;;) {
        task *t = cut(w);
        if (t) {
            work(w, t);
            set_done(p, t);
            continue;
        }
        pthread_mutex_lock(&p->lock);
        p->n_idle++;
        while (!p->stopping && (p->end != ENT_SPLIT_TEXT || p->ring[p->n_cut % p->n_ring].state != TASK_FREE)) {
            pthread_cond_wait(&p->freed, &p->lock);
        }
        p->n_idle--;
        bool stop = p->stopping;
        pthread_mutex_unlock(&p->lock);
        if (stop) {
            return NULL;
        }
    }
}

/* --- the consumer --- */

/* Threads that have nothing to do are woken for two pieces at least. */
static void release(ent_parallel *p)
{
    if (!p->now) {
        return;
    }
    p->lines += p->now->lines;
    p->rows += p->now->rows;
    p->begins = p->now->to;
    pthread_mutex_lock(&p->lock);
    give_back(p->now);
    p->now->state = TASK_FREE;
    p->n_consumed++;
    p->n_free++;
    bool wake = p->n_idle > 0 && p->n_free >= p->n_ring / 2;
    pthread_mutex_unlock(&p->lock);
    if (wake) {
        pthread_cond_broadcast(&p->freed);
    }
    p->now = NULL;
}

/* Waits for the next piece in order, and works meanwhile.  NULL: there is none. */
static task *next_task(ent_parallel *p)
{
    for (;;) {
        pthread_mutex_lock(&p->lock);
        task *t = &p->ring[p->n_consumed % p->n_ring];
        bool done = t->state == TASK_DONE;
        bool none = p->n_consumed == p->n_cut && p->end != ENT_SPLIT_TEXT;
        pthread_mutex_unlock(&p->lock);
        if (done || none) {
            return done ? t : NULL;
        }
        task *own = cut(&p->workers[0]);
        if (own) {
            work(&p->workers[0], own);
            set_done(p, own);
            continue;
        }
        pthread_mutex_lock(&p->lock);
        p->awaited = t;
        while (t->state != TASK_DONE && !(p->n_consumed == p->n_cut && p->end != ENT_SPLIT_TEXT)) {
            pthread_cond_wait(&p->done, &p->lock);
        }
        p->awaited = NULL;
        pthread_mutex_unlock(&p->lock);
    }
}

/* Where pieces are places and there are no more, or they would be wrong: whatever is cut is void, and the reader goes
 * on behind what has been taken. */
static bool go_back(ent_parallel *p, ent_feed_error *err)
{
    uint64_t from;
    pthread_mutex_lock(&p->cutting);
    pthread_mutex_lock(&p->lock);
    for (uint64_t i = p->n_consumed; i < p->n_cut; i++) {
        task *t = &p->ring[i % p->n_ring];
        p->awaited = t;
        while (t->state != TASK_DONE) {
            pthread_cond_wait(&p->done, &p->lock);
        }
        give_back(t);
        t->state = TASK_FREE;
    }
    p->awaited = NULL;
    p->n_cut = p->n_consumed;
    p->n_free = p->n_ring;
    pthread_mutex_unlock(&p->lock);
    bool ok = !ent_reader_cuts_ahead(p->reader, &from) ||
              ent_reader_go_back(p->reader, p->begins ? p->begins : from, err);
    p->begins = 0;
    p->now = NULL;
    pthread_mutex_unlock(&p->cutting);
    return ok;
}

static void begin_cutting(ent_parallel *p)
{
    pthread_mutex_lock(&p->lock);
    p->end = ENT_SPLIT_TEXT;
    pthread_mutex_unlock(&p->lock);
    pthread_cond_broadcast(&p->freed);
}

static void give_rows(ent_parallel *p, ent_rows *rows)
{
    task *t = p->now;
    if (t->made) {
        *rows = (ent_rows){.n = (uint32_t)t->n,
                           .made = t->made,
                           .first_at = t->first_at,
                           .last_at = t->last_at,
                           .lines_before = p->lines};
        p->given = t->n;
        return;
    }
    size_t n = t->n - p->given;
    n = n > p->options.batch_rows ? p->options.batch_rows : n;
    for (size_t i = 0; i < p->n_fields; i++) {
        const ent_vector *c = &t->memory.columns[i];
        p->view[i] = (ent_vector){.cls = c->cls};
        if (c->data) {
            uint8_t *absent = t->memory.absent[i] + p->given;
            p->view[i].data = (char *)c->data + p->given * lane_bytes(c->cls);
            p->view[i].absent = memchr(absent, 1, n) ? absent : NULL;
        }
    }
    int64_t *origins = t->memory.origins + p->given;
    for (size_t i = 0; i < n; i++) {
        origins[i] += (int64_t)p->lines;
    }
    *rows = (ent_rows){.columns = p->view, .origins = origins, .n = (uint32_t)n};
    p->given += n;
}

static void begin_reading(ent_parallel *p)
{
    task *t = p->now;
    p->block = t->piece;
    p->block.text = t->piece.to > 0 ? p->workers[0].piece.text : t->piece.text;
    t->lines = t->rows = 0; /* counted by block */
    p->reading = true;
}

/* Behind a row that is troubled nobody has looked for quotes. */
static bool read_block(ent_parallel *p)
{
    ent_reader *fork = p->workers[0].fork;
    bool fine = ent_reader_fetch(p->reader, &p->block) && !ent_reader_is_miscut(fork, &p->block, false);
    if (fine) {
        ent_reader_give(fork, &p->block, p->lines, p->rows);
    }
    return fine;
}

/* Whether there is another block. */
static bool turn_block(ent_parallel *p)
{
    ent_reader_place(p->workers[0].fork, &p->lines, &p->rows);
    p->begins = p->now->to = p->block.end;
    return ent_reader_turn(p->reader, &p->block);
}

ent_parallel_result ent_parallel_next(ent_parallel *p, ent_rows *rows, uint64_t *skipped,
                                      ent_reader **reader, ent_feed_error *err)
{
    for (;;) {
        if (p->reading) {
            p->reading = turn_block(p);
        } else if (p->now && p->given < p->now->n) {
            give_rows(p, rows);
            return ENT_PARALLEL_ROWS;
        } else if (p->now) {
            *skipped += p->now->skipped;
        }
        if (!p->reading) {
            release(p);
            p->now = next_task(p);
            p->given = 0;
        }
        if (!p->now) {
            break;
        }
        if (p->now->failed) {
            ent_feed_fail_memory(err, "a piece of a file");
            return ENT_PARALLEL_FAILED;
        }
        if (p->now->troubled && !p->now->refused && !p->reading) {
            begin_reading(p);
        }
        if (p->reading && read_block(p)) {
            *reader = p->workers[0].fork;
            return ENT_PARALLEL_PIECE;
        }
        if (p->reading || p->now->refused) {
            p->reading = false;
            if (!go_back(p, err)) {
                return ENT_PARALLEL_FAILED;
            }
            begin_cutting(p);
        }
    }
    if (p->end == ENT_SPLIT_FAILED) {
        *err = p->error;
        return ENT_PARALLEL_FAILED;
    }
    if (!go_back(p, err)) {
        return ENT_PARALLEL_FAILED;
    }
    ent_reader_skip(p->reader, p->lines, p->rows);
    p->lines = p->rows = 0;
    return ENT_PARALLEL_SERIAL;
}

bool ent_parallel_resume(ent_parallel *p, ent_feed_error *err)
{
    /* nobody works: all pieces are consumed, and none is cut */
    for (size_t i = 0; i < p->n_workers; i++) {
        if (!ent_reader_adapt(p->workers[i].fork, p->reader, err)) {
            return false;
        }
    }
    uint64_t number;
    ent_reader_place(p->reader, &p->lines, &number);
    p->rows = number;
    ent_reader_skip(p->reader, 0 - p->lines, 0 - p->rows);
    begin_cutting(p);
    return true;
}

/* --- set-up --- */

static bool init_worker(ent_parallel *p, worker *w, ent_feed_error *err)
{
    const ent_parallel_options *o = &p->options;
    char message[256] = "out of memory";
    w->parallel = p;
    w->vm = ent_vm_new(o->program, o->strings, o->zone_dir, o->batch_rows, message, sizeof message);
    w->binder = w->vm ? ent_binder_new(o->program, o->feed, o->strings, w->vm, o->batch_rows, message, sizeof message)
                      : NULL;
    if (!w->binder) {
        return ent_feed_fail_memory(err, "a thread that reads");
    }
    if (o->portable) {
        ent_binder_set_portable(w->binder);
    }
    if (o->making.user) {
        w->maker = o->making.maker_new(o->making.user);
        w->spare = calloc(p->n_ring, sizeof *w->spare);
        w->rooms = calloc(p->n_fields + 1, sizeof *w->rooms);
        if (!w->maker || !w->spare || !w->rooms) {
            return ent_feed_fail_memory(err, "a thread that reads");
        }
    }
    w->fork = ent_reader_fork(p->reader, err);
    return w->fork != NULL && ent_piece_init(&w->piece, p->reader, err);
}

static bool init_ring(ent_parallel *p, ent_feed_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < p->n_ring; i++) {
        task *t = &p->ring[i];
        t->memory.columns = calloc(p->n_fields + 1, sizeof *t->memory.columns);
        t->memory.absent = calloc(p->n_fields + 1, sizeof *t->memory.absent);
        ok = t->memory.columns && t->memory.absent;
    }
    return ok || ent_feed_fail_memory(err, "pieces of a file");
}

ent_parallel *ent_parallel_start(ent_reader *reader, const ent_parallel_options *options, ent_feed_error *err)
{
    ent_parallel *p = calloc(1, sizeof *p);
    if (!p || !ent_strings_share(options->strings)) {
        free(p);
        ent_feed_fail_memory(err, "a thread that reads");
        return NULL;
    }
    p->options = *options;
    p->reader = reader;
    p->n_fields = (size_t)options->program->feed[options->feed].n_fields;
    p->at = options->program->feed[options->feed].at;
    p->n_workers = options->threads;
    p->n_ring = p->n_free = 2 * p->n_workers;
    p->end = ENT_SPLIT_TEXT;
    pthread_mutex_init(&p->cutting, NULL);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->freed, NULL);
    pthread_cond_init(&p->done, NULL);
    p->workers = calloc(p->n_workers, sizeof *p->workers);
    p->ring = calloc(p->n_ring, sizeof *p->ring);
    p->view = calloc(p->n_fields + 1, sizeof *p->view);
    bool ok = (p->workers && p->ring && p->view) || ent_feed_fail_memory(err, "pieces of a file");
    ok = ok && init_ring(p, err);
    for (size_t i = 0; ok && i < p->n_workers; i++) {
        ok = init_worker(p, &p->workers[i], err);
    }
    ent_reader_place(reader, &p->lines, &p->rows);
    ent_reader_skip(reader, 0 - p->lines, 0 - p->rows);
    for (size_t i = 1; ok && i < p->n_workers; i++) {
        ok = pthread_create(&p->workers[i].thread, NULL, help, &p->workers[i]) == 0;
        p->workers[i].started = ok;
        ok = ok || ent_feed_fail_memory(err, "a thread that reads");
    }
    if (!ok) {
        ent_parallel_stop(p);
        return NULL;
    }
    return p;
}

void ent_parallel_end(ent_parallel *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->freed);
    pthread_mutex_unlock(&p->lock);
}

void ent_parallel_stop(ent_parallel *p)
{
    if (!p) {
        return;
    }
    ent_parallel_end(p);
    for (size_t i = 0; p->workers && i < p->n_workers; i++) {
        worker *w = &p->workers[i];
        if (w->started) {
            pthread_join(w->thread, NULL);
        }
        if (w->fork) {
            ent_reader_close(w->fork);
        }
        ent_binder_free(w->binder);
        ent_vm_free(w->vm);
        ent_piece_deinit(&w->piece);
    }
    for (size_t i = 0; p->ring && i < p->n_ring; i++) {
        task *t = &p->ring[i];
        give_back(t);
        for (size_t k = 0; k < p->n_fields; k++) {
            free(t->memory.columns ? t->memory.columns[k].data : NULL);
            free(t->memory.absent ? t->memory.absent[k] : NULL);
        }
        free(t->memory.columns);
        free(t->memory.absent);
        free(t->memory.origins);
        ent_piece_deinit(&t->piece);
    }
    for (size_t i = 0; p->workers && i < p->n_workers; i++) {
        worker *w = &p->workers[i];
        while (w->n_spare > 0) {
            p->options.making.made_free(w->maker, w->spare[--w->n_spare]);
        }
        if (w->maker) {
            p->options.making.maker_free(w->maker);
        }
        free(w->spare);
        free(w->rooms);
    }
    pthread_mutex_destroy(&p->cutting);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->freed);
    pthread_cond_destroy(&p->done);
    free(p->workers);
    free(p->ring);
    free(p->view);
    free(p);
}
