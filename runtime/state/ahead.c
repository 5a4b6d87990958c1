/* See ahead.h.
 *
 * The work is that of feed.c and span.c, in an engine of which there is not more than they need: a feed, a VM, and the
 * real engine's spans and duties, of which only what never changes is read.  A slice is handed over by exchanging
 * the feed's memory. */
#include "runtime/state/ahead.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/state/state.h"

struct ent_ahead {
    ent_engine part;
    int64_t feed;
};

struct ent_ready {
    ent_feedstate feed;
    ent_events *events; /* one a span, then one a duty that leads; of each only the list */
    int64_t index, until;
    bool rest;
};

static ent_feedstate *feed_of(ent_ahead *a)
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

ent_ahead *ent_ahead_new(const ent_engine *s, int64_t feed)
{
    ent_fault error = {0};
    char message[256];
    ent_ahead *a = ent_ahead_fits(s, feed) ? calloc(1, sizeof *a) : NULL;
    if (!a) {
        return NULL;
    }
    ent_engine *part = &a->part;
    a->feed = feed;
    part->program = s->program;
    part->options = s->options;
    part->strings = s->strings;
    part->lanes_max = s->lanes_max;
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
    ent_tuples_deinit(&a->part.tuples);
    ent_vm_free(a->part.vm);
    free(a);
}

static size_t n_lists(const ent_engine *s)
{
    return s->program->n_span + s->program->n_duty;
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
    r->events = calloc(n_lists(part) + 1, sizeof *r->events);
    if (!r->events || !ent_feedstate_init(part, &r->feed, a->feed, &error)) {
        ent_ready_free(a, r);
        return NULL;
    }
    return r;
}

void ent_ready_free(const ent_ahead *a, ent_ready *r)
{
    if (!r) {
        return;
    }
    for (size_t i = 0; r->events && i < n_lists(&a->part); i++) {
        free(r->events[i].v);
    }
    free(r->events);
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

static void exchange_lists(ent_events *a, ent_events *b)
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

/* Leaves the rows behind the slice, and the past, with who goes on. */
static bool go_on(ent_feedstate *next, ent_feedstate *slice)
{
    size_t n = slice->n;
    size_t left = slice->n_pending - n;
    bool ok = true;
    for (int64_t i = -1; ok && i < slice->row->n_fields; i++) {
        ent_colbuf *from = i < 0 ? &slice->origin : &slice->pending[i];
        ent_colbuf *to = i < 0 ? &next->origin : &next->pending[i];
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
    ent_engine *part = &a->part;
    size_t n_spans = part->program->n_span;
    bool ok = true;
    for (size_t i = 0; ok && i < n_spans; i++) {
        ok = ent_spanstate_find(part, &part->spans[i]);
        exchange_lists(&part->events, &r->events[i]);
    }
    for (size_t i = 0; ok && i < part->program->n_duty; i++) {
        if (part->duties[i].leader == (int64_t)i) {
            ok = ent_dutystate_find(part, &part->duties[i]);
            exchange_lists(&part->events, &r->events[n_spans + i]);
        }
    }
    return ok;
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
    return go_on(f, &r->feed) || ent_no_memory(error);
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
        exchange_lists(&s->events, &s->ready->events[list]);
    }
    return s->ready != NULL;
}
