/* The external sort.  See sorter.h.
 *
 * Records lie in segments of about 1 MiB, so that growing copies nothing.  What is sorted are pairs
 * (instant, index) by a least-significant-digit radix sort, which is stable and skips bytes that
 * are the same in all instants.  All runs of a pass lie one after another in one file. */
#include "runtime/feed/sorter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/ledger/file.h"

enum {
    SEGMENT_BYTES = 1 << 20,
    FAN_IN_MAX = 256,
    READ_BYTES_MIN = 1 << 12,
    READ_BYTES_MAX = 1 << 20
};

static const uint64_t MEMORY_BYTES_MAX = (uint64_t)256 << 20;

typedef struct pair {
    int64_t at;
    uint64_t index;
} pair;

typedef struct run {
    uint64_t offset;
    uint64_t records;
} run;

/* A run being merged. */
typedef struct cursor {
    uint64_t offset; /* of what is not read yet */
    uint64_t left;   /* records not read yet */
    char *buffer;
    uint32_t at; /* record in the buffer */
    uint32_t count;
} cursor;

typedef struct spill {
    int fd;
    run *runs;
    uint64_t n_runs;
    uint64_t capacity;
    uint64_t size;
} spill;

typedef struct merge {
    cursor *cursors;
    char *buffers;
    uint32_t n;
    uint32_t *heap; /* cursor numbers, the least record first */
    uint32_t heap_n;
    uint32_t per_buffer; /* records */
    bool taken;          /* the head of the heap was handed out */
} merge;

struct ent_sorter {
    uint32_t row_size;
    uint32_t stride; /* 8 for the instant, and the row rounded up to 8 */
    uint32_t fan_in_max;
    uint32_t per_segment;
    uint64_t records_max; /* in memory */
    uint64_t memory_bytes_max;
    char *folder;
    char **segments;
    uint64_t n_segments;
    uint64_t segment_capacity;
    uint64_t count; /* in memory */
    bool in_order;  /* what is in memory */
    bool finished;
    int64_t last_at;     /* of the last record added */
    int64_t run_last_at; /* the greatest of the last run */
    pair *pairs;         /* the order of what is in memory, NULL if as added */
    uint64_t next;
    spill spill;
    merge merge;
    ent_sorter_stats stats;
};

static char *record(const ent_sorter *s, uint64_t i) {
    return s->segments[i / s->per_segment] + (i % s->per_segment) * s->stride;
}

static int64_t instant_of(const char *at) {
    int64_t out;
    memcpy(&out, at, sizeof out);
    return out;
}

ent_sorter *ent_sorter_new(const ent_sorter_options *options, ent_feed_error *err) {
    if (options->row_size == 0 || options->row_size > SEGMENT_BYTES || options->fan_in_max == 1) {
        ent_feed_fail(err, ENT_FEED_USE,
                      "a sorter takes rows of 1 byte to 1 MiB and merges at least 2 runs");
        return NULL;
    }
    ent_sorter *s = calloc(1, sizeof *s);
    char *folder = strdup(options->folder != NULL ? options->folder : "/tmp");
    if (s == NULL || folder == NULL) {
        free(s);
        free(folder);
        ent_feed_fail_memory(err, "sorting");
        return NULL;
    }
    uint64_t limit = options->memory_bytes_max != 0 ? options->memory_bytes_max : MEMORY_BYTES_MAX;
    s->folder = folder;
    s->row_size = options->row_size;
    s->stride = 8 + (options->row_size + 7) / 8 * 8;
    s->fan_in_max = options->fan_in_max != 0 ? options->fan_in_max : FAN_IN_MAX;
    s->memory_bytes_max = limit;
    s->records_max = limit / (s->stride + 2 * sizeof(pair));
    s->records_max = s->records_max < 2 ? 2 : s->records_max;
    uint64_t per_segment = SEGMENT_BYTES / s->stride;
    per_segment = per_segment < 1 ? 1 : per_segment;
    s->per_segment = (uint32_t)(per_segment > s->records_max ? s->records_max : per_segment);
    s->in_order = true;
    s->stats.was_sorted = true;
    s->spill.fd = -1;
    return s;
}

static void merge_deinit(merge *m) {
    free(m->cursors);
    free(m->buffers);
    free(m->heap);
    *m = (merge){0};
}

static void spill_deinit(spill *p) {
    if (p->fd >= 0) {
        (void)close(p->fd);
    }
    free(p->runs);
    *p = (spill){.fd = -1};
}

static void segments_free(ent_sorter *s) {
    for (uint64_t i = 0; i < s->n_segments; i++) {
        free(s->segments[i]);
    }
    free(s->segments);
    free(s->pairs);
    s->segments = NULL;
    s->pairs = NULL;
    s->n_segments = 0;
    s->segment_capacity = 0;
}

void ent_sorter_free(ent_sorter *s) {
    if (s == NULL) {
        return;
    }
    segments_free(s);
    spill_deinit(&s->spill);
    merge_deinit(&s->merge);
    free(s->folder);
    free(s);
}

/* Flipping the sign bit makes the unsigned order of the bytes the signed order of the instants. */
static uint64_t radix_key(int64_t at) { return (uint64_t)at ^ ((uint64_t)1 << 63); }

static void radix_pass(const pair *from, pair *to, uint64_t n, unsigned shift,
                       const uint64_t *counts) {
    uint64_t start[256];
    uint64_t sum = 0;
    for (unsigned d = 0; d < 256; d++) {
        start[d] = sum;
        sum += counts[d];
    }
    for (uint64_t i = 0; i < n; i++) {
        to[start[(radix_key(from[i].at) >> shift) & 0xFF]++] = from[i];
    }
}

/* Fills s->pairs with the order of what is in memory; leaves it NULL when that is as added. */
static bool sort_memory(ent_sorter *s, ent_feed_error *err) {
    uint64_t n = s->count;
    if (s->in_order) {
        return true;
    }
    pair *now = malloc(n * sizeof *now);
    pair *other = malloc(n * sizeof *other);
    uint64_t(*counts)[256] = calloc(8, sizeof *counts);
    if (now == NULL || other == NULL || counts == NULL) {
        free(now);
        free(other);
        free(counts);
        return ent_feed_fail_memory(err, "sorting");
    }
    for (uint64_t i = 0; i < n; i++) {
        now[i] = (pair){instant_of(record(s, i)), i};
        uint64_t key = radix_key(now[i].at);
        for (unsigned byte = 0; byte < 8; byte++) {
            counts[byte][(key >> (8 * byte)) & 0xFF]++;
        }
    }
    for (unsigned byte = 0; byte < 8; byte++) {
        uint64_t first = (radix_key(now[0].at) >> (8 * byte)) & 0xFF;
        if (counts[byte][first] == n) {
            continue;
        }
        radix_pass(now, other, n, 8 * byte, counts[byte]);
        pair *swap = now;
        now = other;
        other = swap;
    }
    free(other);
    free(counts);
    s->pairs = now;
    return true;
}

static int open_unnamed(const char *folder, ent_feed_error *err) {
    int fd = ent_file_unnamed(folder);
    if (fd < 0) {
        ent_feed_fail_os(err, errno, "cannot create a temporary file for sorting in `%s`", folder);
    }
    return fd;
}

static bool write_all(const ent_sorter *s, int fd, const char *bytes, size_t len,
                      ent_feed_error *err) {
    while (len > 0) {
        ssize_t put = write(fd, bytes, len);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return ent_feed_fail_os(err, put < 0 ? errno : ENOSPC,
                                    "cannot write a temporary file for sorting in `%s`", s->folder);
        }
        bytes += put;
        len -= (size_t)put;
    }
    return true;
}

/* A run begins at the file's end; `joins` lengthens the last one instead. */
static bool begin_run(ent_sorter *s, spill *p, bool joins, ent_feed_error *err) {
    if (p->fd < 0) {
        p->fd = open_unnamed(s->folder, err);
        if (p->fd < 0) {
            return false;
        }
    }
    if (joins && p->n_runs > 0) {
        return true;
    }
    if (p->n_runs == p->capacity) {
        uint64_t capacity = p->capacity == 0 ? 16 : p->capacity * 2;
        run *runs = realloc(p->runs, capacity * sizeof *runs);
        if (runs == NULL) {
            return ent_feed_fail_memory(err, "sorting");
        }
        p->runs = runs;
        p->capacity = capacity;
    }
    p->runs[p->n_runs++] = (run){p->size, 0};
    return true;
}

/* Gathers records into large writes. */
typedef struct writer {
    spill *to;
    char *buffer;
    size_t used;
    size_t size;
} writer;

static bool writer_init(writer *w, spill *to, uint32_t stride, ent_feed_error *err) {
    size_t size = stride > SEGMENT_BYTES / 4 ? stride : SEGMENT_BYTES / 4 / stride * stride;
    *w = (writer){.to = to, .buffer = malloc(size), .size = size};
    return w->buffer != NULL || ent_feed_fail_memory(err, "sorting");
}

static bool writer_flush(const ent_sorter *s, writer *w, ent_feed_error *err) {
    bool fine = write_all(s, w->to->fd, w->buffer, w->used, err);
    w->to->size += w->used;
    w->used = 0;
    return fine;
}

static bool writer_put(const ent_sorter *s, writer *w, const char *bytes, ent_feed_error *err) {
    if (w->used + s->stride > w->size && !writer_flush(s, w, err)) {
        return false;
    }
    memcpy(w->buffer + w->used, bytes, s->stride);
    w->used += s->stride;
    w->to->runs[w->to->n_runs - 1].records++;
    return true;
}

static const char *sorted_record(const ent_sorter *s, uint64_t i) {
    return record(s, s->pairs != NULL ? s->pairs[i].index : i);
}

static bool spill_memory(ent_sorter *s, ent_feed_error *err) {
    writer w = {0};
    if (!sort_memory(s, err)) {
        return false;
    }
    bool joins = s->spill.n_runs > 0 && instant_of(sorted_record(s, 0)) >= s->run_last_at;
    bool fine = begin_run(s, &s->spill, joins, err) && writer_init(&w, &s->spill, s->stride, err);
    for (uint64_t i = 0; fine && i < s->count; i++) {
        fine = writer_put(s, &w, sorted_record(s, i), err);
    }
    fine = fine && writer_flush(s, &w, err);
    if (fine) {
        s->run_last_at = instant_of(sorted_record(s, s->count - 1));
    }
    free(w.buffer);
    free(s->pairs);
    s->pairs = NULL;
    s->count = 0;
    s->in_order = true;
    s->stats.runs = s->spill.n_runs;
    return fine;
}

static bool add_segment(ent_sorter *s, ent_feed_error *err) {
    if (s->n_segments == s->segment_capacity) {
        uint64_t capacity = s->segment_capacity == 0 ? 16 : s->segment_capacity * 2;
        char **segments = realloc(s->segments, capacity * sizeof *segments);
        if (segments == NULL) {
            return ent_feed_fail_memory(err, "sorting");
        }
        s->segments = segments;
        s->segment_capacity = capacity;
    }
    /* calloc: the bytes that round a row up to 8 are written to files too. */
    char *segment = calloc(s->per_segment, s->stride);
    if (segment == NULL) {
        return ent_feed_fail_memory(err, "sorting");
    }
    s->segments[s->n_segments++] = segment;
    return true;
}

bool ent_sorter_add(ent_sorter *s, int64_t at_ns, const void *row, ent_feed_error *err) {
    if (s->finished) {
        return ent_feed_fail(err, ENT_FEED_USE, "a finished sorter takes no more rows");
    }
    if (s->count == s->records_max && !spill_memory(s, err)) {
        return false;
    }
    if (s->count == s->n_segments * s->per_segment && !add_segment(s, err)) {
        return false;
    }
    if (s->stats.rows > 0 && at_ns < s->last_at) {
        s->stats.was_sorted = false;
        s->in_order = s->in_order && s->count == 0;
    }
    char *to = record(s, s->count);
    memcpy(to, &at_ns, sizeof at_ns);
    memcpy(to + 8, row, s->row_size);
    s->last_at = at_ns;
    s->count++;
    s->stats.rows++;
    return true;
}

static bool cursor_fill(const ent_sorter *s, int fd, cursor *c, uint32_t per_buffer,
                        ent_feed_error *err) {
    uint64_t records = c->left < per_buffer ? c->left : per_buffer;
    size_t want = (size_t)records * s->stride;
    size_t got = 0;
    while (got < want) {
        ssize_t n = pread(fd, c->buffer + got, want - got, (off_t)(c->offset + got));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return ent_feed_fail_os(err, n < 0 ? errno : EIO,
                                    "cannot read a temporary file for sorting in `%s`", s->folder);
        }
        got += (size_t)n;
    }
    c->offset += want;
    c->left -= records;
    c->at = 0;
    c->count = (uint32_t)records;
    return true;
}

static const char *cursor_record(const ent_sorter *s, const cursor *c) {
    return c->buffer + (size_t)c->at * s->stride;
}

/* Runs are numbered in the order of their rows' coming, so the lower number wins a tie. */
static bool before(const ent_sorter *s, const merge *m, uint32_t a, uint32_t b) {
    int64_t left = instant_of(cursor_record(s, &m->cursors[a]));
    int64_t right = instant_of(cursor_record(s, &m->cursors[b]));
    return left != right ? left < right : a < b;
}

static void sift_down(const ent_sorter *s, merge *m, uint32_t at) {
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= m->heap_n) {
            return;
        }
        if (child + 1 < m->heap_n && before(s, m, m->heap[child + 1], m->heap[child])) {
            child++;
        }
        if (!before(s, m, m->heap[child], m->heap[at])) {
            return;
        }
        uint32_t swap = m->heap[child];
        m->heap[child] = m->heap[at];
        m->heap[at] = swap;
        at = child;
    }
}

static bool merge_begin(const ent_sorter *s, merge *m, const spill *from, uint64_t first,
                        uint32_t n, ent_feed_error *err) {
    uint64_t share = s->memory_bytes_max / (n + 1);
    share = share < READ_BYTES_MIN   ? READ_BYTES_MIN
            : share > READ_BYTES_MAX ? READ_BYTES_MAX
                                     : share;
    uint64_t per_buffer = share / s->stride;
    *m = (merge){.n = n, .per_buffer = (uint32_t)(per_buffer < 1 ? 1 : per_buffer)};
    size_t bytes = (size_t)m->per_buffer * s->stride;
    m->cursors = calloc(n, sizeof *m->cursors);
    m->heap = calloc(n, sizeof *m->heap);
    m->buffers = malloc(bytes * n);
    if (m->cursors == NULL || m->heap == NULL || m->buffers == NULL) {
        return ent_feed_fail_memory(err, "sorting");
    }
    for (uint32_t i = 0; i < n; i++) {
        const run *r = &from->runs[first + i];
        m->cursors[i] =
            (cursor){.offset = r->offset, .left = r->records, .buffer = m->buffers + bytes * i};
        if (!cursor_fill(s, from->fd, &m->cursors[i], m->per_buffer, err)) {
            return false;
        }
        m->heap[m->heap_n++] = i;
    }
    for (uint32_t i = n / 2; i > 0; i--) {
        sift_down(s, m, i - 1);
    }
    return true;
}

/* The record stays where it is until the next call, which moves on behind it first. */
static int merge_next(const ent_sorter *s, merge *m, int fd, const char **out,
                      ent_feed_error *err) {
    if (m->taken) {
        cursor *c = &m->cursors[m->heap[0]];
        c->at++;
        m->taken = false;
        if (c->at == c->count && c->left > 0 && !cursor_fill(s, fd, c, m->per_buffer, err)) {
            return -1;
        }
        if (c->at == c->count) {
            m->heap[0] = m->heap[--m->heap_n];
        }
        sift_down(s, m, 0);
    }
    if (m->heap_n == 0) {
        return 0;
    }
    *out = cursor_record(s, &m->cursors[m->heap[0]]);
    m->taken = true;
    return 1;
}

static bool merge_group(ent_sorter *s, const spill *from, uint64_t first, uint32_t n, writer *w,
                        ent_feed_error *err) {
    merge m = {0};
    const char *bytes = NULL;
    int status = 1;
    bool fine = merge_begin(s, &m, from, first, n, err) && begin_run(s, w->to, false, err);
    while (fine && (status = merge_next(s, &m, from->fd, &bytes, err)) > 0) {
        fine = writer_put(s, w, bytes, err);
    }
    /* The next run begins at the file's size, so nothing may wait in the buffer. */
    fine = fine && status == 0 && writer_flush(s, w, err);
    merge_deinit(&m);
    return fine;
}

/* Neighbouring runs are merged, so that run numbers keep meaning the order of coming. */
static bool merge_pass(ent_sorter *s, ent_feed_error *err) {
    spill to = {.fd = -1};
    writer w = {0};
    bool fine = writer_init(&w, &to, s->stride, err);
    for (uint64_t first = 0; fine && first < s->spill.n_runs; first += s->fan_in_max) {
        uint64_t left = s->spill.n_runs - first;
        fine = merge_group(s, &s->spill, first,
                           (uint32_t)(left < s->fan_in_max ? left : s->fan_in_max), &w, err);
    }
    free(w.buffer);
    if (!fine) {
        spill_deinit(&to);
        return false;
    }
    spill_deinit(&s->spill);
    s->spill = to;
    s->stats.merge_passes++;
    return true;
}

bool ent_sorter_finish(ent_sorter *s, ent_feed_error *err) {
    if (s->finished) {
        return true;
    }
    if (s->spill.n_runs == 0) {
        s->finished = sort_memory(s, err);
        return s->finished;
    }
    if (s->count > 0 && !spill_memory(s, err)) {
        return false;
    }
    segments_free(s);
    while (s->spill.n_runs > s->fan_in_max) {
        if (!merge_pass(s, err)) {
            return false;
        }
    }
    s->finished = merge_begin(s, &s->merge, &s->spill, 0, (uint32_t)s->spill.n_runs, err);
    return s->finished;
}

int ent_sorter_next(ent_sorter *s, int64_t *at_ns, const void **row, ent_feed_error *err) {
    const char *bytes = NULL;
    if (!s->finished) {
        ent_feed_fail(err, ENT_FEED_USE, "a sorter must be finished before its rows are read");
        return -1;
    }
    if (s->spill.n_runs == 0) {
        if (s->next == s->count) {
            return 0;
        }
        bytes = sorted_record(s, s->next++);
    } else {
        int status = merge_next(s, &s->merge, s->spill.fd, &bytes, err);
        if (status <= 0) {
            return status;
        }
    }
    if (at_ns != NULL) {
        *at_ns = instant_of(bytes);
    }
    *row = bytes + 8;
    return 1;
}

ent_sorter_stats ent_sorter_stats_of(const ent_sorter *s) { return s->stats; }
