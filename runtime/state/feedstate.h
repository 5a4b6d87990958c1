/* The rows of a feed inside a session: those that wait, those of the slice in hand, and what is known of both.
 *
 *   push    rows -> pending columns                                     (engine.c)
 *   slice   pending rows below the watermark, in event order -> slots   (feed.c)
 *   known   numbers of keys, sums and failed lanes by key, holders      (slice.c, holder.c)
 *
 * A slice is made by the thread that decides or, ahead of it, by one that reads (ahead.c).  Part of state.h. */
#ifndef ENT_STATE_FEEDSTATE_H
#define ENT_STATE_FEEDSTATE_H

#include "runtime/bytecode/program.h"
#include "runtime/state/engine.h"
#include "runtime/state/map.h"
#include "runtime/vm/vm.h"

struct ent_objectivestate;

/* A growing column. */
typedef struct ent_colbuf {
    ent_class cls;
    void *data;
    uint8_t *absent; /* NULL while no lane is absent */
    size_t n, capacity;
} ent_colbuf;

/* Keys of several fields are numbered by first appearance. */
typedef struct ent_tuples {
    int64_t *values; /* width values a tuple, one after another */
    uint32_t *widths;
    size_t *offsets;
    size_t n, capacity, n_values, values_capacity;
    uint32_t *table;
    size_t table_capacity;
} ent_tuples;

/* Key columns of a slice, computed once for each list of key fields that is asked for. */
typedef struct ent_keycolumn {
    int64_t first_key, n_keys;
    const int64_t *values;
    const uint8_t *absent;
    int64_t *owned_values;
    uint8_t *owned_absent;
    bool valid;
} ent_keycolumn;

/* The keys of a list of key fields that a slice has, numbered from 1 by first appearance, so that whatever is counted
 * by key is counted in an array; ids has the number of each lane's key, 0 where the key is absent. */
typedef struct ent_keyids {
    int64_t first_key, n_keys;
    uint32_t *ids;
    int64_t *keys; /* by number */
    uint32_t n;    /* the greatest number */
    uint32_t *table;
    size_t capacity, table_size; /* of ids; of table, a power of two: there is room for half as many keys */
    uint32_t *rows; /* by number: how many of the lanes from `counted` up to `counted_end` have it */
    size_t counted, counted_end; /* the latter SIZE_MAX: they are not counted yet */
    struct ent_keysums *sums; /* of all lanes */
    size_t n_sums;
    bool valid;
} ent_keyids;

/* By number of key, the sum of a slot of integers whose values are small. */
typedef struct ent_keysums {
    int64_t slot;
    int64_t *v;
    size_t capacity;
    bool valid;
} ent_keysums;

/* The lanes of a slice in which a slot of truth values is false. */
typedef struct ent_failed {
    uint32_t *lanes;
    size_t n, capacity;
    bool valid;
} ent_failed;

/* Between which values of a slot all rows of a slice lie. */
typedef struct ent_slot_range {
    int64_t least, most;
    bool valid;
} ent_slot_range;

/* Whom a key's rows named last as its holder, and by which row. */
typedef struct ent_named {
    uint8_t *party; /* 0: the key has had no row; 1: none that named anybody; else 2 + whom */
    int64_t *origin;
    uint32_t *line; /* where `origin` is NULL: what it has beside the keys' `common` */
} ent_named;
/* The same of each key.  Most keys are numbers handed out one after another, which index arrays; of others, and of
 * those that came before the arrays reached them, a map knows the places.  A key is in one of them only.
 * There is a place for every key that ever was, so they are small: the rows of one file have the upper half of their
 * origins in common, and keys mostly come in ascending order. */
typedef struct ent_named_keys {
    uint8_t *parties; /* of keys from 0 up to n_reached */
    uint32_t *lines;  /* lower halves of origins, 0: unknown; NULL: all are, or there are `origins` */
    int64_t *origins; /* where not all have the upper half in common */
    int64_t common;   /* 0 in its lower half */
    size_t n_reached, parties_capacity, lines_capacity, origins_capacity;
    ent_map others;
    uint8_t *other_parties;
    int64_t *other_origins;
    size_t n_others, other_parties_capacity, other_origins_capacity;
    /* in order of first appearance: those that the arrays have and `order` has not, ascending; then, as `order` has
     * them, keys or from ENT_NAMED_OTHER on places among others */
    size_t n, n_ascending;
    int64_t last_ascending;
    uint32_t *order;
    size_t order_capacity;
} ent_named_keys;
#define ENT_NAMED_OTHER (UINT32_C(1) << 31)

/* Values that a fold keeps, good ones that fit 32 bits, by number of key: of each up to its end. */
typedef struct ent_kept {
    int64_t fold;
    int32_t *v;
    uint32_t *ends;
    size_t capacity, ends_capacity;
} ent_kept;

/* What a slice knows of the rows that it stands for, see gist.c. */
typedef struct ent_gist {
    size_t of;           /* how many rows they are; 0: the slice stands for its own */
    int64_t first, last; /* instants of theirs */
    ent_kept *kept;
    size_t n_kept, kept_capacity;
    /* scratch: the witnesses among them, which are the slice's own */
    uint8_t *marks;
    uint32_t *lanes;
    size_t n, marks_capacity, lanes_capacity;
} ent_gist;

typedef struct ent_feedstate {
    const ent_feed_row *row;
    int64_t index;
    /* rows pushed and not yet below the watermark */
    ent_colbuf *pending; /* one a field, and that of `holder`; those that are not used stay empty */
    ent_colbuf origin;   /* source line of each row */
    int64_t lines_before; /* to be added to them: of a piece whose place is known late */
    size_t n_pending;
    bool unsorted;
    int64_t last_at;
    /* the slice: the first n rows of pending */
    size_t n;
    bool is_sliced;      /* it was cut ahead, see ahead.h */
    ent_colbuf *slots;   /* outputs of the row kernel */
    size_t n_slots;
    /* previous(f) */
    size_t n_previous;
    int64_t *previous_fields;
    ent_colbuf *previous;
    ent_colbuf *latest;  /* per key: its last row's value */
    ent_map keys;
    uint32_t n_seen_keys;
    ent_keycolumn *keycolumns;
    size_t n_keycolumns;
    ent_keyids *keyids;
    size_t n_keyids;
    ent_slot_range *ranges; /* one a slot */
    ent_failed *failed;     /* one a slot */
    /* For duties that follow holders.  By key, 2 + whom its last row gave it to, or 0; only of keys that are numbers
     * handed out one after another.  turns: of the slice, which rows may give their key to another party. */
    uint8_t *holders;
    size_t holders_capacity, n_rows_told;
    uint8_t *turns;
    size_t turns_capacity;
    bool turns_valid;
    /* Which of `pending` says who has each row's key: the field, or behind the fields a column of the slice, filled
     * from the rows before (holder.c); -1: the feed has none.  givers: of the slice, by which row; NULL: unknown. */
    int64_t holder;
    bool fills_holder;
    const int64_t *givers;
    int64_t *owned_givers;
    size_t givers_capacity;
    ent_named_keys named;
    ent_gist gist;
    ent_feed_totals totals;
} ent_feedstate;

#define ENT_SLOT_TURNS INT64_C(-2)

/* --- util.c --- */
bool ent_colbuf_reserve(ent_colbuf *c, size_t need);
/* Appends n lanes of a column. */
bool ent_colbuf_append(ent_colbuf *c, const ent_vector *from, size_t offset, size_t n);
/* Takes the first n lanes out. */
void ent_colbuf_drop(ent_colbuf *c, size_t n);
void ent_colbuf_deinit(ent_colbuf *c);
size_t ent_class_size(ent_class cls);
int64_t ent_tuples_intern(ent_tuples *t, const int64_t *values, size_t width);
/* Its number if it is known, or -1. */
int64_t ent_tuples_find(const ent_tuples *t, const int64_t *values, size_t width);
void ent_tuples_deinit(ent_tuples *t);

/* --- feed.c --- */
bool ent_feedstate_init(ent_engine *s, ent_feedstate *f, int64_t index, ent_fault *error);
void ent_feedstate_deinit(ent_feedstate *f);
bool ent_feedstate_slice(ent_engine *s, ent_feedstate *f, int64_t until, ent_fault *error);
bool ent_feedstate_drop_slice(ent_engine *s, ent_feedstate *f);
/* The numbers of the slice's keys; NULL: no memory. */
ent_keyids *ent_feedstate_ids(ent_engine *s, ent_feedstate *f, int64_t first_key, int64_t n_keys);
/* The place of a list of key fields' numbers, made if it is new; NULL: no memory. */
ent_keyids *ent_feedstate_keyids(const ent_image *program, ent_feedstate *f, int64_t first_key, int64_t n_keys);
/* How many lanes from `begin` up to `end` have each number. */
const uint32_t *ent_keyids_rows(ent_keyids *k, size_t begin, size_t end);
/* The range of a slot of integers. */
ent_slot_range ent_feedstate_range(ent_feedstate *f, int64_t slot);

/* --- slice.c: what is known of all lanes of a slice, found out once --- */
/* Forgets all of it, for the next slice. */
void ent_slice_forget(ent_feedstate *f);
void ent_slice_deinit(ent_feedstate *f);
/* Whether integers of that range can be added in 64 bits. */
static inline bool ent_sums_are_small(ent_slot_range range, size_t n)
{
    return range.least > INT32_MIN && range.most < INT32_MAX && n < UINT32_MAX;
}
/* By number, the sums of a slot of such integers; NULL: no memory. */
const int64_t *ent_slice_sums(const ent_feedstate *f, ent_keyids *k, int64_t slot);
/* Where a slot of truth values is false; NULL: no memory. */
const ent_failed *ent_slice_failed(ent_feedstate *f, int64_t slot);
/* Makes ready what the folds of the objectives over the feed will ask for, where that needs nothing of the engine's. */
bool ent_slice_prepare(ent_engine *s, ent_feedstate *f, const struct ent_objectivestate *objectives);

/* --- gist.c --- */
/* Makes `to` the gist of a slice that is prepared, whose columns may then be filled again.  false: there is none, or no
 * memory, and the slice is what it was. */
bool ent_gist_make(ent_engine *s, ent_feedstate *from, ent_feedstate *to, const struct ent_objectivestate *objectives);
/* What was kept for that fold, by its number in the program. */
const ent_kept *ent_gist_kept(const ent_gist *gist, int64_t fold);
void ent_gist_deinit(ent_gist *gist);

/* The key of each row of the slice made of the fields listed; *absent may be set to NULL. */
const int64_t *ent_feedstate_keys(ent_engine *s, ent_feedstate *f, int64_t first_key,
                                  int64_t n_keys, const uint8_t **absent);
/* Runs the feed's row kernel over given columns (one a field) into `slots`. */
bool ent_feedstate_run(ent_engine *s, ent_feedstate *f, const ent_vector *fields,
                       const ent_vector *previous, size_t n, ent_colbuf *slots, ent_fault *error);
const int64_t *ent_feedstate_at(const ent_feedstate *f);
/* Where the row stands, see origin.h; 0: unknown. */
static inline int64_t ent_feedstate_origin(const ent_feedstate *f, size_t lane)
{
    int64_t origin = f->origin.n > lane ? ((const int64_t *)f->origin.data)[lane] : 0;
    return origin ? origin + f->lines_before : 0;
}
static inline const uint8_t *ent_slot_bool(const ent_feedstate *f, int64_t slot)
{
    return slot == ENT_SLOT_TURNS ? f->turns : slot < 0 ? NULL : (const uint8_t *)f->slots[slot].data;
}
/* Whom the row gives its key to, or leaves it with; -1: nobody that is named. */
static inline int64_t ent_feedstate_holder(const ent_feedstate *f, size_t lane)
{
    const ent_colbuf *column = &f->pending[f->holder];
    bool present = column->n > lane && !(column->absent && column->absent[lane]);
    return present ? ((const int64_t *)column->data)[lane] : -1;
}
/* The row by which that party has it; 0: unknown. */
static inline int64_t ent_feedstate_giver(const ent_feedstate *f, size_t lane)
{
    return f->givers ? f->givers[lane] : 0;
}
/* Fills `turns` of the slice, once; the feed has a holder.  false: no memory. */
bool ent_feedstate_turns(ent_engine *s, ent_feedstate *f);

/* --- holder.c --- */
/* Fills the holder's column of the slice, and `turns`; the feed `fills_holder`.  false: no memory. */
bool ent_feedstate_fill_holder(ent_engine *s, ent_feedstate *f);
/* Makes the keys able to have these as origins, before they are asked for; false: no memory. */
bool ent_named_keys_fit(ent_named_keys *keys, const int64_t *origins, size_t n);
int64_t ent_named_origin(const ent_named_keys *keys, const ent_named *named);
void ent_named_set_origin(const ent_named *named, int64_t origin);
/* What is kept of the key, made if it is new; false: no memory. */
bool ent_named_keys_at(ent_named_keys *keys, int64_t key, ent_named *named);
/* All keys in order of first appearance; NULL: no memory. */
int64_t *ent_named_keys_list(const ent_named_keys *keys);
void ent_named_keys_deinit(ent_named_keys *keys);

#endif
