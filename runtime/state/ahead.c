/* See ahead.h.
 *
 * The work is that of feed.c and span.c, in an engine of which there is not more than they need: a feed, a VM, and the
 * real engine's spans and duties, of which only what never changes is read.  A slice is handed over by exchanging
 * the feed's memory. */
#include "runtime/state/ahead.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/state/parts.h"

struct ent_ahead {
    ent_engine part;
    int64_t feed;
    const ent_objectivestate *objectives; /* of pieces: whose folds are prepared; else NULL */
    size_t n_parts; /* of the engine */
    /* One a field, and behind the fields that of the holder: columns of which nothing is asked once it is known what
     * rows mean.  NULL: all are asked for. */
    bool *stays;
    bool slots_stay;
};

static ent_feedstate *feed_of(const ent_ahead *a)
{
    return &a->part.feeds[a->feed];
}

static bool is_plain(const ent_watches *w, int64_t feed)
{
    for (size_t i = 0; i < w->n; i++) {
        if (w->v[i].n_keys > 1 && w->v[i].feed == feed) {
            return false;
        }
    }
    return true;
}

/* Windows over outcomes end in the middle of slices. */
bool ent_ahead_fits(const ent_engine *s, int64_t feed)
{
    const ent_image *p = s->program;
    bool fit = !s->options.portable && !s->options.has_as_of && p->n_duty > 0 && p->n_native == 0 &&
               p->feed[feed].kind == 0 && p->feed[feed].used && p->feed[feed].n_keys <= 1;
    for (size_t i = 0; fit && i < p->n_objective; i++) {
        fit = !s->objectives[i].over_outcomes;
    }
    for (size_t i = 0; fit && i < p->n_span; i++) {
        fit = is_plain(&s->spans[i].watches, feed);
    }
    for (size_t i = 0; fit && i < p->n_duty; i++) {
        fit = is_plain(&s->duties[i].watches, feed);
    }
    return fit;
}

/* Folds of rows, not of time; and what is bad is known from its row alone. */
static bool is_foldable(const ent_image *p, const ent_objectivestate *o)
{
    bool fit = !o->over_outcomes && !(o->causes && (o->causes->seeks || o->causes->stretches));
    for (int64_t k = 0; fit && k < o->row->n_folds; k++) {
        int64_t kind = p->fold[o->row->first_fold + k].kind;
        fit = kind != ENT_AGG_TIME_SHARE && kind != ENT_AGG_TIME_OUTSIDE && kind != ENT_AGG_TIME_IN &&
              kind != ENT_AGG_LONGEST;
    }
    return fit;
}

/* Nothing is known of the rows before a piece, so nobody may ask for it. */
static bool is_fit_for_pieces(const ent_engine *s, int64_t feed)
{
    const ent_image *p = s->program;
    bool fit = !s->options.portable && !s->options.has_as_of && p->n_duty == 0 && p->n_native == 0 && p->n_claim == 0 &&
               p->feed[feed].kind == 0 && p->feed[feed].used && s->feeds[feed].n_previous == 0;
    for (size_t i = 0; fit && i < p->n_objective; i++) {
        fit = is_foldable(p, &s->objectives[i]);
    }
    for (size_t i = 0; fit && i < p->n_spanuse; i++) {
        fit = p->spanuse[i].calendar >= 0; /* a span's first row comes before any other of its instant */
    }
    return fit;
}

static ent_ahead *new_ahead(const ent_engine *s, int64_t feed)
{
    ent_fault error = {0};
    char message[256];
    ent_ahead *a = calloc(1, sizeof *a);
    if (!a) {
        return NULL;
    }
    ent_engine *part = &a->part;
    a->feed = feed;
    a->n_parts = ent_engine_owners(s);
    part->program = s->program;
    part->options = s->options;
    part->strings = s->strings;
    part->lanes_max = s->lanes_max;
    part->from = s->from;
    part->from_set = s->from_set;
    part->to = s->to;
    part->to_set = s->to_set;
    part->watermark = INT64_MIN;
    part->spans = s->spans;
    part->duties = s->duties;
    part->feeds = calloc(s->program->n_feed + 1, sizeof *part->feeds);
    part->vm = ent_vm_new(s->program, s->strings, s->options.zone_dir, s->lanes_max, message, sizeof message);
    bool ok = part->feeds && part->vm;
    for (size_t i = 0; ok && i < s->program->n_feed; i++) {
        ok = ent_feedstate_init(part, &part->feeds[i], (int64_t)i, &error);
    }
    if (!ok) {
        ent_ahead_free(a);
        return NULL;
    }
    return a;
}

/* Parts ask for what chooses allowances; the engine, where it has nothing but them, for nothing. */
static bool find_stays(ent_ahead *a)
{
    const ent_image *p = a->part.program;
    const ent_feedstate *f = feed_of(a);
    if (a->n_parts < 2 || p->n_objective > 0 || p->n_claim > 0) {
        return true;
    }
    a->stays = malloc((size_t)f->row->n_fields + 1);
    if (!a->stays) {
        return false;
    }
    memset(a->stays, true, (size_t)f->row->n_fields + 1);
    a->slots_stay = true;
    for (size_t i = 0; i < p->n_duty; i++) {
        const ent_duty_row *d = &p->duty[i];
        if (d->feed == a->feed && d->allow_field >= 0) {
            a->stays[d->allow_field] = false;
        }
        a->slots_stay &= d->excused_when < 0;
        for (int64_t k = 0; k < d->n_allows; k++) {
            a->slots_stay &= p->allow[d->first_allow + k].slot < 0;
        }
    }
    return true;
}

ent_ahead *ent_ahead_new(const ent_engine *s, int64_t feed)
{
    ent_ahead *a = ent_ahead_fits(s, feed) ? new_ahead(s, feed) : NULL;
    if (a && !find_stays(a)) {
        ent_ahead_free(a);
        a = NULL;
    }
    return a;
}

bool ent_engine_takes_pieces(const ent_engine *s, int64_t feed)
{
    return is_fit_for_pieces(s, feed);
}

ent_ahead *ent_ahead_new_for_pieces(const ent_engine *s, int64_t feed)
{
    ent_ahead *a = new_ahead(s, feed);
    if (a) {
        a->objectives = s->objectives;
    }
    return a;
}

void ent_ahead_free(ent_ahead *a)
{
    if (!a) {
        return;
    }
    for (size_t i = 0; a->part.feeds && i < a->part.program->n_feed; i++) {
        ent_feedstate_deinit(&a->part.feeds[i]);
    }
    free(a->part.feeds);
    free(a->part.events.v);
    free(a->part.events.bits);
    free(a->part.events.dealt);
    free(a->part.events.ends);
    free(a->part.events.lanes);
    ent_tuples_deinit(&a->part.tuples);
    ent_vm_free(a->part.vm);
    free(a->stays);
    free(a);
}

ent_ready *ent_ready_new(const ent_ahead *a)
{
    ent_fault error = {0};
    ent_engine *part = (ent_engine *)(uintptr_t)&a->part;
    ent_ready *r = calloc(1, sizeof *r);
    if (!r) {
        return NULL;
    }
    r->index = a->feed;
    if (!ent_meaning_init(&r->meaning, part->program, a->n_parts) ||
        !ent_feedstate_init(part, &r->feed, a->feed, &error)) {
        ent_ready_free(a, r);
        return NULL;
    }
    return r;
}

void ent_ready_free(const ent_ahead *a, ent_ready *r)
{
    (void)a;
    if (!r) {
        return;
    }
    ent_meaning_deinit(&r->meaning);
    ent_feedstate_deinit(&r->feed);
    free(r);
}

bool ent_ahead_push(ent_ahead *a, const ent_vector *columns, size_t n, const int64_t *origins, ent_fault *error)
{
    return ent_engine_push(&a->part, a->feed, columns, n, origins, error);
}

size_t ent_ahead_pending(const ent_ahead *a)
{
    return a->part.feeds[a->feed].n_pending;
}

static void exchange_feeds(ent_feedstate *a, ent_feedstate *b)
{
    ent_feedstate f = *a;
    *a = *b;
    *b = f;
}

void ent_events_exchange(ent_events *a, ent_events *b)
{
    ent_events list = {.v = a->v, .n = a->n, .capacity = a->capacity};
    a->v = b->v;
    a->n = b->n;
    a->capacity = b->capacity;
    b->v = list.v;
    b->n = list.n;
    b->capacity = list.capacity;
}

/* What is known of the rows before: by key, whom they gave it to, whom they named and what `previous` says. */
static void exchange_past(ent_feedstate *a, ent_feedstate *b)
{
    ent_feedstate past = *a;
    a->holders = b->holders;
    a->holders_capacity = b->holders_capacity;
    a->n_rows_told = b->n_rows_told;
    a->keys = b->keys;
    a->n_seen_keys = b->n_seen_keys;
    a->latest = b->latest;
    a->named = b->named;
    b->holders = past.holders;
    b->holders_capacity = past.holders_capacity;
    b->n_rows_told = past.n_rows_told;
    b->keys = past.keys;
    b->n_seen_keys = past.n_seen_keys;
    b->latest = past.latest;
    b->named = past.named;
}

static void exchange_columns(ent_colbuf *a, ent_colbuf *b)
{
    ent_colbuf c = *a;
    *a = *b;
    *b = c;
}

/* Whether the column of the field, or, -1, where rows stand, stays with who goes on. */
static bool stays(const ent_ahead *a, int64_t field)
{
    return a->stays && (field < 0 ? feed_of(a)->fills_holder : a->stays[field]);
}

/* What nobody asks for any more goes on being filled by the thread in whose cache it is. */
static void take_back(const ent_ahead *a, ent_feedstate *next, ent_feedstate *slice)
{
    ent_feedstate past = *next;
    for (int64_t i = -1; i <= slice->row->n_fields; i++) {
        if (stays(a, i)) {
            exchange_columns(i < 0 ? &next->origin : &next->pending[i], i < 0 ? &slice->origin : &slice->pending[i]);
        }
    }
    if (a->slots_stay) {
        next->slots = slice->slots;
        slice->slots = past.slots;
    }
    if (a->stays) {
        next->turns = slice->turns;
        next->turns_capacity = slice->turns_capacity;
        slice->turns = past.turns;
        slice->turns_capacity = past.turns_capacity;
    }
}

/* Leaves the rows behind the slice, and the past, with who goes on. */
static bool go_on(const ent_ahead *a, ent_feedstate *next, ent_feedstate *slice)
{
    size_t n = slice->n;
    size_t left = slice->n_pending - n;
    bool ok = true;
    take_back(a, next, slice);
    for (int64_t i = -1; ok && i < slice->row->n_fields; i++) {
        ent_colbuf *from = i < 0 ? &slice->origin : &slice->pending[i];
        ent_colbuf *to = i < 0 ? &next->origin : &next->pending[i];
        if (stays(a, i)) {
            ent_colbuf_drop(to, n);
            from->n = 0;
            continue;
        }
        ent_vector rows = {from->cls, from->data, from->absent};
        to->n = 0;
        free(to->absent);
        to->absent = NULL;
        ok = from->n == 0 || left == 0 || ent_colbuf_append(to, &rows, n, left);
        from->n = from->n > 0 ? n : 0;
    }
    next->n = 0;
    next->n_pending = left;
    slice->n_pending = n;
    next->totals = slice->totals;
    next->last_at = slice->last_at;
    next->unsorted = false;
    exchange_past(next, slice);
    return ok;
}

static bool find_events(ent_ahead *a, ent_ready *r)
{
    return ent_meaning_find(&a->part, &r->meaning);
}

bool ent_ahead_cut(ent_ahead *a, int64_t until, ent_ready *r, ent_fault *error)
{
    ent_feedstate *f = feed_of(a);
    *error = (ent_fault){.place = -1};
    if (!ent_feedstate_slice(&a->part, f, until, error)) {
        return false;
    }
    if (!find_events(a, r)) {
        return ent_no_memory(error);
    }
    exchange_feeds(f, &r->feed);
    r->until = a->part.watermark = until;
    r->rest = false;
    return go_on(a, f, &r->feed) || ent_no_memory(error);
}

void ent_ahead_rest(ent_ahead *a, ent_ready *r)
{
    exchange_feeds(feed_of(a), &r->feed);
    r->rest = true;
}

bool ent_engine_take(ent_engine *s, ent_ready *r, ent_fault *error)
{
    ent_feedstate *f = &s->feeds[r->index];
    exchange_feeds(f, &r->feed);
    if (r->rest) {
        return true;
    }
    f->is_sliced = true;
    s->ready = r;
    bool ok = ent_engine_advance(s, r->until, error);
    s->ready = NULL;
    return ok;
}

bool ent_ready_events(ent_engine *s, size_t list)
{
    if (s->ready) {
        ent_events_exchange(&s->events, &s->ready->meaning.lists[list]);
    } else if (s->meaning) {
        const ent_meaning *m = s->meaning;
        const size_t *end = &m->ends[list * m->n_parts + s->number];
        size_t begin = s->number > 0 ? end[-1] : 0;
        s->events.v = m->lists[list].v + begin;
        s->events.n = *end - begin;
    }
    return s->ready || s->meaning;
}

/* --- pieces --- */

bool ent_ahead_room(ent_ahead *a, size_t n, void **columns, int64_t **origins)
{
    return ent_engine_room(&a->part, a->feed, n, columns, origins);
}

void ent_ahead_drop(ent_ahead *a)
{
    ent_feedstate *f = feed_of(a);
    for (int64_t i = -1; i < f->row->n_fields; i++) {
        ent_colbuf *c = i < 0 ? &f->origin : &f->pending[i];
        c->n = 0;
        free(c->absent);
        c->absent = NULL;
    }
    f->n = f->n_pending = f->gist.of = 0;
    f->last_at = INT64_MIN;
    f->unsorted = false;
    f->totals = (ent_feed_totals){.first_ns = INT64_MAX, .last_ns = INT64_MIN};
}

bool ent_ahead_piece(ent_ahead *a, ent_ready *r)
{
    ent_fault error;
    ent_feedstate *f = feed_of(a);
    if (f->unsorted || !ent_feedstate_slice(&a->part, f, INT64_MAX, &error) || f->n < f->n_pending ||
        (f->n > 0 && !ent_slice_prepare(&a->part, f, a->objectives))) {
        return false;
    }
    if (!ent_gist_make(&a->part, f, &r->feed, a->objectives)) {
        exchange_feeds(f, &r->feed);
    }
    ent_ahead_drop(a);
    return true;
}

static void add_totals(ent_feed_totals *into, const ent_feed_totals *from)
{
    into->rows += from->rows;
    into->late += from->late;
    into->unknown += from->unknown;
    into->first_ns = from->first_ns < into->first_ns ? from->first_ns : into->first_ns;
    into->last_ns = from->last_ns > into->last_ns ? from->last_ns : into->last_ns;
}

bool ent_engine_take_piece(ent_engine *s, ent_ready *r, int64_t last, int64_t lines_before, ent_fault *error)
{
    ent_feedstate *f = &s->feeds[r->index];
    if (f->n_pending > 0 && !ent_engine_pass(s, f->last_at, error)) {
        return false;
    }
    exchange_feeds(f, &r->feed);
    f->lines_before = lines_before;
    f->is_sliced = true;
    add_totals(&f->totals, &r->feed.totals);
    bool ok = ent_engine_pass(s, last, error);
    /* the memory goes back to the thread that filled it */
    exchange_feeds(f, &r->feed);
    f->totals = r->feed.totals;
    f->last_at = last > f->last_at ? last : f->last_at;
    r->feed.is_sliced = false;
    return ok;
}
