/* One description of the saved state for both ways: the functions of save*.c pass over the state
 * and hand each part of it to the functions here, which write it out, or read it in, by
 * `reading`.  So what is written and what is read cannot drift apart.
 *
 * Bytes are little-endian.  Numbers of texts and tuples never leave the engine: a text is
 * written out where it first occurs and has its number in the stream from then on, a key of
 * several fields is written field by field. So a state that was read and is written again is the
 * same bytes, and only what is still in use is in them.
 *
 * What is read is not trusted: whatever indexes something, bounds a loop or enters unchecked
 * arithmetic is looked at here or by the caller, and memory grows only as bytes turn up.  A
 * function that returns false has said why in *error; nothing more may be read then. */
#ifndef ENT_STATE_SAVE_IO_H
#define ENT_STATE_SAVE_IO_H

#include "runtime/state/state.h"

/* Figures that are only ever added up by ones, and lengths of time that are summed unchecked. */
#define ENT_IO_COUNT_MAX (INT64_C(1) << 60)
#define ENT_IO_TIME_MAX (INT64_MAX / 4 * 3)

typedef struct ent_io {
    bool reading, failed;
    ent_engine *s; /* not changed when writing */
    ent_fault *error;
    uint8_t *out; /* writing: the section so far */
    size_t n, capacity;
    const uint8_t *at, *end; /* reading: what is left of the section */
    ent_map numbers; /* writing: the engine's number of a text -> its number in the stream */
    int64_t *texts;  /* reading: the other way round */
    size_t n_texts, texts_capacity;
    int64_t oldest; /* writing: no question can be about an instant before this one */
} ent_io;

/* How a key is made: n key fields of a feed, or one value of a type. */
typedef struct ent_key_shape {
    const ent_feed_row *feed;
    int64_t first, n;
    int64_t type, param;
} ent_key_shape;

void ent_io_deinit(ent_io *x);
/* The bytes do not say what they should; returns false. */
bool ent_io_bad(ent_io *x, const char *what);
bool ent_io_no_memory(ent_io *x);
/* ent_io_bad unless the condition holds, which is only asked of what was read. */
bool ent_io_check(ent_io *x, bool holds, const char *what);

bool ent_io_u8(ent_io *x, uint8_t *v);
bool ent_io_bool(ent_io *x, bool *v);
bool ent_io_u32(ent_io *x, uint32_t *v);
bool ent_io_u64(ent_io *x, uint64_t *v);
bool ent_io_i64(ent_io *x, int64_t *v);
/* from <= v < below */
bool ent_io_index(ent_io *x, int64_t *v, int64_t from, int64_t below);
bool ent_io_i128(ent_io *x, ent_i128 *v);
bool ent_io_q(ent_io *x, ent_q *v);
bool ent_io_f64(ent_io *x, double *v);
/* How many elements follow, each of at least `each` bytes. */
bool ent_io_count(ent_io *x, size_t *n, size_t each);
/* A set of parties. */
bool ent_io_parties(ent_io *x, uint64_t *causes);
bool ent_io_text(ent_io *x, int64_t *id);
/* One lane of a field's type, as its class stores it. */
bool ent_io_cell(ent_io *x, int64_t type, int64_t param, void *data);
bool ent_io_key(ent_io *x, const ent_key_shape *shape, int64_t *key);
/* A key that may be lacking: INT64_MIN. */
bool ent_io_key_or_none(ent_io *x, const ent_key_shape *shape, int64_t *key);
/* n lanes. */
bool ent_io_column(ent_io *x, ent_colbuf *column, const ent_field_row *field, size_t n);
/* Where a row stands; feed -1: there is none. */
bool ent_io_row(ent_io *x, ent_rowref *row);
bool ent_io_interval(ent_io *x, ent_interval *v);
bool ent_io_intervals(ent_io *x, ent_intervals *set);
bool ent_io_fsum(ent_io *x, ent_fsum *sum);
/* The keys of a map whose values are 0 .. n - 1, in that order; NULL when memory runs out. */
int64_t *ent_io_map_keys(ent_io *x, const ent_map *map, size_t n);
/* Reading: the key's place in the map becomes `value`; bad if it has one. */
bool ent_io_map_put(ent_io *x, ent_map *map, int64_t key, size_t value);
/* Reading: makes room for one more, all zero. */
bool ent_io_grow(ent_io *x, void **v, size_t *capacity, size_t n, size_t element);

ent_key_shape ent_key_shape_of_feed(const ent_image *p, int64_t feed);
ent_key_shape ent_key_shape_of_use(const ent_image *p, const ent_spanuse_row *use, int64_t feed);
ent_key_shape ent_key_shape_of_span(const ent_image *p, int64_t span);
ent_key_shape ent_key_shape_of_objective(const ent_image *p, int64_t objective);

/* --- the sections, each in its own file --- */

bool ent_save_session(ent_io *x);     /* save.c */
bool ent_save_feeds(ent_io *x);       /* save_rows.c */
bool ent_save_spans(ent_io *x);
bool ent_save_duties(ent_io *x);      /* save_duty.c */
bool ent_save_objectives(ent_io *x);  /* save_window.c */
bool ent_save_pools(ent_io *x);       /* save_money.c */
bool ent_save_money(ent_io *x);
bool ent_save_decisions(ent_io *x);
bool ent_save_warnings(ent_io *x);

bool ent_save_excess(ent_io *x, ent_excess **excess, size_t *n);
bool ent_save_fact(ent_io *x, ent_fact *fact);

#endif
