/* Runs a program over files twice, once without a break and once saved and restored again and
 * again, and compares the ledger's lines byte by byte.
 *
 *   save_driver PROGRAM.entc [--feed NAME=FILE]... [--from NS] [--to NS]
 *               [--batch ROWS] [--every K] [--seed S] [--hostile N]
 *
 * Rows go in by batches in the order of time, the watermark lags behind; after every K-th push
 * or advance the engine is saved, restored into a new one with texts of its own, saved again
 * (which must give the same bytes) and thrown away.  --hostile: N times a byte or word of some
 * saved state is changed and its digest made to fit: that must be an error or an engine that can
 * be run to its end.  Prints the lines of the decisions; exit status 1 and a message on stderr
 * if anything differs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/feed/stream.h"
#include "runtime/ledger/hash.h"
#include "runtime/ledger/ledger.h"
#include "runtime/state/save.h"
#include "runtime/state/state.h"

#define ZONE_DIR "/usr/share/zoneinfo"
enum { FEEDS_MAX = 64 };

typedef struct bytes {
    char *p;
    size_t n, capacity, at;
} bytes;

typedef struct table {
    int64_t feed;
    ent_colbuf *columns;
    ent_colbuf origins;
    size_t n, pushed;
} table;

typedef struct step {
    int64_t at;
    size_t table;
} step;

typedef struct world {
    ent_image *p;
    ent_strings *strings;
    ent_vm *vm;
    table tables[FEEDS_MAX];
    size_t n_tables;
    step *steps;
    size_t n_steps;
    ent_engine_options options;
    size_t batch, every;
    uint64_t seed;
} world;

/* What a run gives out. */
typedef struct record {
    ent_ledger ledger;
    bytes lines;
} record;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "save_driver: %s: %s\n", what, why);
    exit(2);
}

static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static bool add(void *user, const void *p, size_t n)
{
    bytes *b = user;
    if (b->n + n > b->capacity) {
        b->capacity = 2 * (b->n + n);
        b->p = realloc(b->p, b->capacity);
        if (!b->p) {
            die("memory", "out of it");
        }
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
    return true;
}

static bool take(void *user, void *p, size_t n)
{
    bytes *b = user;
    if (b->n - b->at < n) {
        return false;
    }
    memcpy(p, b->p + b->at, n);
    b->at += n;
    return true;
}

static bool on_decision(void *user, const ent_engine *s, const ent_verdict *d)
{
    record *r = user;
    return ent_ledger_decision_line(&r->ledger, s, d) &&
           add(&r->lines, r->ledger.line.data, r->ledger.line.len);
}

/* --- rows --- */

static void read_table(world *w, const char *name, const char *path)
{
    const ent_image *p = w->p;
    table *t = &w->tables[w->n_tables++];
    t->feed = -1;
    for (size_t i = 0; i < p->n_feed; i++) {
        if (p->feed[i].kind == 0 && strcmp(ent_image_text(p, p->feed[i].name), name) == 0) {
            t->feed = (int64_t)i;
        }
    }
    if (t->feed < 0 || !p->feed[t->feed].used) {
        w->n_tables--;
        return;
    }
    const ent_feed_row *row = &p->feed[t->feed];
    ent_stream_options options = {.specs = &path, .n_specs = 1, .batch_rows = 512,
                                  .zone_dir = ZONE_DIR, .sort = true};
    ent_feed_error error = {0};
    ent_rows rows;
    ent_stream *stream = ent_stream_open(p, t->feed, w->strings, w->vm, &options, &error);
    ent_stream_result result;
    t->columns = calloc((size_t)row->n_fields + 1, sizeof *t->columns);
    t->origins.cls = ENT_CLASS_I;
    while (stream && (result = ent_stream_next(stream, &rows, &error)) == ENT_STREAM_ROWS) {
        ent_vector lines = {ENT_CLASS_I, (void *)(uintptr_t)rows.origins, NULL};
        for (int64_t i = 0; i < row->n_fields; i++) {
            t->columns[i].cls = rows.columns[i].cls;
            if (rows.columns[i].data) {
                ent_colbuf_append(&t->columns[i], &rows.columns[i], 0, rows.n);
            }
        }
        ent_colbuf_append(&t->origins, &lines, 0, rows.n);
        t->n += rows.n;
    }
    if (!stream || result != ENT_STREAM_END) {
        die(path, error.text);
    }
    ent_stream_close(stream);
}

static int compare_steps(const void *a, const void *b)
{
    const step *x = a;
    const step *y = b;
    return x->at != y->at ? (x->at < y->at ? -1 : 1)
                          : (x->table > y->table) - (x->table < y->table);
}

static void order_rows(world *w)
{
    for (size_t i = 0; i < w->n_tables; i++) {
        w->n_steps += w->tables[i].n;
    }
    w->steps = calloc(w->n_steps + 1, sizeof *w->steps);
    size_t n = 0;
    for (size_t i = 0; i < w->n_tables; i++) {
        const table *t = &w->tables[i];
        const int64_t *at = t->columns ? t->columns[w->p->feed[t->feed].at].data : NULL;
        for (size_t k = 0; k < t->n; k++) {
            w->steps[n++] = (step){at[k], i};
        }
    }
    qsort(w->steps, w->n_steps, sizeof *w->steps, compare_steps);
}

/* The next n rows of the table, with the texts that the engine knows. */
static bool push(world *w, table *t, size_t n, ent_engine *s, ent_fault *error)
{
    const ent_feed_row *row = &w->p->feed[t->feed];
    ent_vector columns[256] = {0};
    int64_t *texts[256] = {0};
    bool ok = true;
    for (int64_t i = 0; i < row->n_fields; i++) {
        const ent_colbuf *c = &t->columns[i];
        if (c->n == 0) {
            continue;
        }
        size_t size = ent_class_size(c->cls);
        columns[i] = (ent_vector){c->cls, (char *)c->data + t->pushed * size,
                                  c->absent ? c->absent + t->pushed : NULL};
        if (w->p->field[row->first_field + i].type != ENT_TYPE_TEXT) {
            continue;
        }
        texts[i] = calloc(n + 1, sizeof **texts);
        for (size_t k = 0; k < n; k++) {
            size_t len;
            const char *text =
                ent_strings_get(w->strings, ((const int64_t *)columns[i].data)[k], &len);
            bool none = columns[i].absent && columns[i].absent[k];
            texts[i][k] = none ? 0 : ent_strings_intern(ent_engine_strings(s), text, len);
        }
        columns[i].data = texts[i];
    }
    ok = ent_engine_push(s, t->feed, columns, n, (const int64_t *)t->origins.data + t->pushed,
                         error);
    t->pushed += n;
    for (int64_t i = 0; i < row->n_fields; i++) {
        free(texts[i]);
    }
    return ok;
}

/* --- one run --- */

typedef struct sequence {
    size_t at;         /* the next row */
    bool advances;     /* whether the watermark moves next */
    uint64_t seed;
    size_t pushed[FEEDS_MAX];
} sequence;

static void begin(world *w, sequence *q, uint64_t seed)
{
    *q = (sequence){.seed = seed};
    for (size_t i = 0; i < w->n_tables; i++) {
        w->tables[i].pushed = 0;
    }
}

static bool one_batch(world *w, sequence *q, ent_engine *s, ent_fault *error)
{
    size_t end = q->at + w->batch < w->n_steps ? q->at + w->batch : w->n_steps;
    size_t counts[FEEDS_MAX] = {0};
    for (; q->at < end; q->at++) {
        counts[w->steps[q->at].table]++;
    }
    bool ok = true;
    for (size_t i = 0; ok && i < w->n_tables; i++) {
        ok = counts[i] == 0 || push(w, &w->tables[i], counts[i], s, error);
    }
    return ok;
}

/* One push or one advance; *more: whether there is another one. */
static bool one_step(world *w, sequence *q, ent_engine *s, bool *more, ent_fault *error)
{
    *more = true;
    if (q->advances) {
        q->advances = false;
        size_t lag = next_random(&q->seed) % (2 * w->batch);
        size_t row = q->at > lag ? q->at - lag : 0;
        return row >= w->n_steps || row == 0 || ent_engine_advance(s, w->steps[row].at, error);
    }
    if (q->at == w->n_steps) {
        *more = false;
        return true;
    }
    q->advances = next_random(&q->seed) % 3 != 0;
    return one_batch(w, q, s, error);
}

static void mend(bytes *state)
{
    ent_hash hash;
    ent_hash_init(&hash);
    ent_hash_update(&hash, state->p, state->n - ENT_HASH_SIZE);
    unsigned char digest[ENT_HASH_SIZE];
    ent_hash_final(&hash, digest);
    memcpy(state->p + state->n - ENT_HASH_SIZE, digest, ENT_HASH_SIZE);
}

static ent_engine *again(world *w, ent_engine *s, record *r)
{
    ent_fault error;
    bytes first = {0};
    bytes second = {0};
    ent_engine_options options = w->options;
    ent_engine *restored = NULL;
    options.user = r;
    options.has_from = options.has_to = false; /* it is in the state */
    if (!ent_engine_save(s, add, &first, &error) ||
        !ent_engine_restore(w->p, &options, take, &first, &restored, &error) ||
        !ent_engine_save(restored, add, &second, &error)) {
        die("saving", error.message);
    }
    if (first.n != second.n || memcmp(first.p, second.p, first.n) != 0) {
        die("saving", "what is restored is saved as other bytes");
    }
    ent_engine_free(s);
    free(first.p);
    free(second.p);
    return restored;
}

/* The lines of a run; with `saves`, in pieces.  The fault's text if it fails. */
static void run(world *w, bool saves, record *r)
{
    ent_fault error;
    sequence q;
    ent_engine_options options = w->options;
    size_t n = 0;
    options.user = r;
    ent_ledger_init(&r->ledger);
    ent_engine *s = ent_engine_new(w->p, &options, &error);
    bool more = true;
    bool ok = s != NULL;
    begin(w, &q, w->seed);
    while (ok && more) {
        ok = one_step(w, &q, s, &more, &error);
        if (ok && saves && n++ % w->every == 0) {
            s = again(w, s, r);
        }
    }
    if (!ok || !ent_engine_finish(s, &error)) {
        add(&r->lines, error.message, strlen(error.message));
    } else if (saves) {
        s = again(w, s, r); /* one that has ended */
    }
    ent_engine_free(s);
    ent_ledger_deinit(&r->ledger);
}

/* --- hostile bytes --- */

static void change(bytes *state, uint64_t *seed)
{
    static const int64_t words[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, 255, 65536, INT64_MAX - 1,
                                    INT64_MAX};
    size_t at = next_random(seed) % (state->n - ENT_HASH_SIZE);
    uint64_t how = next_random(seed) % 3;
    if (how == 0 || at + 8 > state->n - ENT_HASH_SIZE) {
        state->p[at] = (char)(state->p[at] ^ (char)(1u << (next_random(seed) % 8)));
    } else if (how == 1) {
        memcpy(state->p + at, &words[next_random(seed) % (sizeof words / sizeof *words)], 8);
    } else {
        size_t from = next_random(seed) % (state->n - ENT_HASH_SIZE - 8);
        memmove(state->p + at, state->p + from, 8);
    }
}

static void attack(world *w, uint64_t seed, size_t *survived)
{
    ent_fault error;
    sequence q;
    bool more = true;
    record r = {0};
    ent_engine_options options = w->options;
    options.user = &r;
    ent_ledger_init(&r.ledger);
    ent_engine *s = ent_engine_new(w->p, &options, &error);
    size_t stop = next_random(&seed) % (2 * w->n_steps / w->batch + 2);
    bytes state = {0};
    begin(w, &q, w->seed);
    bool ok = s != NULL;
    while (ok && more && stop-- > 0) {
        ok = one_step(w, &q, s, &more, &error);
    }
    ok = ok && ent_engine_save(s, add, &state, &error);
    ent_engine_free(s);
    s = NULL;
    if (ok) {
        change(&state, &seed);
        mend(&state);
        ok = ent_engine_restore(w->p, &options, take, &state, &s, &error);
        *survived += ok;
    }
    while (ok && more) {
        ok = one_step(w, &q, s, &more, &error);
    }
    (void)(ok && ent_engine_finish(s, &error));
    ent_engine_free(s);
    free(state.p);
    free(r.lines.p);
    ent_ledger_deinit(&r.ledger);
}

/* --- the command --- */

static void setup(world *w, const char *path)
{
    char message[256] = "out of memory";
    char block[4096];
    bytes file = {0};
    ent_load_error error = {.message = "it cannot be read"};
    FILE *f = fopen(path, "rb");
    for (size_t n; f && (n = fread(block, 1, sizeof block, f)) > 0;) {
        add(&file, block, n);
    }
    if (!f || !ent_image_decode(file.p, file.n, &w->p, &error)) {
        die(path, error.message);
    }
    fclose(f);
    free(file.p);
    w->strings = ent_strings_new(w->p);
    w->vm = ent_vm_new(w->p, w->strings, ZONE_DIR, ENT_LANES_MAX, message, sizeof message);
    if (!w->vm) {
        die(path, message);
    }
    w->options = (ent_engine_options){.zone_dir = ZONE_DIR, .notices = true,
                                      .on_decision = on_decision};
}

static void option(world *w, const char *name, const char *value, uint64_t *hostile)
{
    if (strcmp(name, "--feed") == 0) {
        char feed[256];
        const char *equals = strchr(value, '=');
        snprintf(feed, sizeof feed, "%.*s", (int)(equals - value), value);
        read_table(w, feed, equals + 1);
    } else if (strcmp(name, "--from") == 0) {
        w->options.has_from = true;
        w->options.from_ns = strtoll(value, NULL, 10);
    } else if (strcmp(name, "--to") == 0) {
        w->options.has_to = true;
        w->options.to_ns = strtoll(value, NULL, 10);
    } else if (strcmp(name, "--batch") == 0) {
        w->batch = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--every") == 0) {
        w->every = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--seed") == 0) {
        w->seed = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--hostile") == 0) {
        *hostile = strtoull(value, NULL, 10);
    } else {
        die(name, "is no option");
    }
}

static void teardown(world *w)
{
    for (size_t i = 0; i < w->n_tables; i++) {
        table *t = &w->tables[i];
        for (int64_t k = 0; k < w->p->feed[t->feed].n_fields; k++) {
            ent_colbuf_deinit(&t->columns[k]);
        }
        ent_colbuf_deinit(&t->origins);
        free(t->columns);
    }
    free(w->steps);
    ent_vm_free(w->vm);
    ent_strings_free(w->strings);
    ent_image_destroy(w->p);
}

int main(int argc, char **argv)
{
    world w = {.batch = 7, .every = 1};
    uint64_t hostile = 0;
    if (argc < 2) {
        die("use", "save_driver PROGRAM.entc [--feed NAME=FILE]...");
    }
    setup(&w, argv[1]);
    for (int i = 2; i + 1 < argc; i += 2) {
        option(&w, argv[i], argv[i + 1], &hostile);
    }
    order_rows(&w);
    record plain = {0};
    record pieces = {0};
    begin(&w, &(sequence){0}, 0);
    run(&w, false, &plain);
    run(&w, true, &pieces);
    bool same = plain.lines.n == pieces.lines.n &&
                (plain.lines.n == 0 || memcmp(plain.lines.p, pieces.lines.p, plain.lines.n) == 0);
    size_t survived = 0;
    for (uint64_t i = 0; i < hostile; i++) {
        attack(&w, w.seed * 1000003 + i, &survived);
    }
    if (hostile > 0) {
        fprintf(stderr, "%zu of %llu changed states could be restored\n", survived,
                (unsigned long long)hostile);
    }
    if (pieces.lines.n > 0) {
        fwrite(pieces.lines.p, 1, pieces.lines.n, stdout);
    }
    if (!same) {
        fprintf(stderr, "save_driver: saved and restored, other lines\n");
    }
    free(plain.lines.p);
    free(pieces.lines.p);
    teardown(&w);
    return same ? 0 : 1;
}
