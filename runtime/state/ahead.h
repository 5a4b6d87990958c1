/* Slices made ready ahead of the engine that takes them, on another thread.
 *
 *   rows -> ahead: row kernel, who has the key, which rows mean what -> ready slice -> engine: spans, clocks, folds
 *
 * What is the same whatever has been decided before is done there; the slices are those that the engine would have cut
 * itself, and it takes them in order.  Only for programs whose duties are worth it and whose one feed needs
 * nothing of the engine's: no keys of several fields, which it numbers, and no functions of C.
 *
 * Programs without duties have nothing that must be known of the rows before, so any piece of a feed that is read by
 * itself, whose rows are in order, may be made a slice, on as many threads as there are: with its row kernel run and
 * all that folds ask for counted by key (slice.c).  The engine adds that to its folds, and looks at single rows only
 * where they are bad, at the ends of windows, or where it must.
 * Tested by tests/unit/test_clocks.c, tests/unit/test_objectives.c and tests/property/invariance.sh. */
#ifndef ENT_STATE_AHEAD_H
#define ENT_STATE_AHEAD_H

#include "runtime/state/engine.h"

typedef struct ent_ahead ent_ahead;
typedef struct ent_ready ent_ready; /* a slice, whose memory goes round */

/* Whether the program is of that kind. */
bool ent_ahead_fits(const ent_engine *engine, int64_t feed);
/* For an engine that has no rows yet, and will have those of this feed only.  NULL: the program is not of that kind, or
 * there is no memory.  Texts must be shared.  From then on the engine's rows are pushed here. */
ent_ahead *ent_ahead_new(const ent_engine *engine, int64_t feed);
void ent_ahead_free(ent_ahead *ahead);
ent_ready *ent_ready_new(const ent_ahead *ahead); /* NULL: no memory */
void ent_ready_free(const ent_ahead *ahead, ent_ready *ready);

/* As ent_engine_push; no row comes before the `until` of a cut. */
bool ent_ahead_push(ent_ahead *ahead, const ent_vector *columns, size_t n, const int64_t *origins, ent_fault *error);
size_t ent_ahead_pending(const ent_ahead *ahead);
/* The slice of the rows before `until`, which is later each time. */
bool ent_ahead_cut(ent_ahead *ahead, int64_t until, ent_ready *ready, ent_fault *error);
/* At the end: the rows that are left, which the engine makes ready itself. */
void ent_ahead_rest(ent_ahead *ahead, ent_ready *ready);

/* Whether pieces of the feed may be made slices. */
bool ent_engine_takes_pieces(const ent_engine *engine, int64_t feed);
/* For such an engine, which may have rows already; one a thread.  NULL: no memory. */
ent_ahead *ent_ahead_new_for_pieces(const ent_engine *engine, int64_t feed);
/* As ent_engine_room. */
bool ent_ahead_room(ent_ahead *ahead, size_t n, void **columns, int64_t **origins);
/* Makes a slice of the rows that were pushed; false: they are not in order, do not fit, or there is no memory. */
bool ent_ahead_piece(ent_ahead *ahead, ent_ready *ready);
/* Forgets these rows. */
void ent_ahead_drop(ent_ahead *ahead);
/* Takes what has been pushed, then the piece, which comes behind it and all of whose rows stand so many lines further
 * down; its last row, of the period or not, is of the instant `last`.  The piece may be filled again. */
bool ent_engine_take_piece(ent_engine *engine, ent_ready *piece, int64_t last, int64_t lines_before, ent_fault *error);

/* Whether clocks can be divided by the keys of the feed, whose rows the engine takes as slices from ent_ahead_cut. */
bool ent_engine_divides(const ent_engine *engine, int64_t feed);
/* Divides them into so many parts at least, before there are rows, and before what makes slices ready.  false: no
 * memory, and it is undivided. */
bool ent_engine_divide(ent_engine *engine, size_t at_least);
size_t ent_engine_n_parts(const ent_engine *engine); /* 0: it is undivided */
/* Takes the part's share of a slice that is cut, on any thread: a part takes one slice after the other, several parts
 * may take one at once.  The engine takes a slice when all parts have. */
bool ent_engine_take_part(ent_engine *engine, size_t part, ent_ready *ready, ent_fault *error);

/* Takes the slice and advances, or takes the rest. */
bool ent_engine_take(ent_engine *engine, ent_ready *ready, ent_fault *error);
#endif
