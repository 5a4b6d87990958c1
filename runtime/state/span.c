/* Spans: intervals per key, made of the rows that open and close them; and the watches by which spans and
 * duties find their rows in a slice.
 *
 * A `from` row inside an open interval and a `to` row without one do nothing; a row that is both closes
 * first.  An open interval lasts until whatever instant is asked about.  Intervals are kept sorted and
 * disjoint, so a question costs a binary search. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/state.h"

enum { SPAN_FROM = 1, SPAN_TO = 2 };

/* --- watches --- */

static ent_watch *watch_of(ent_watches *w, int64_t feed, int64_t first_key, int64_t n_keys)
{
    for (size_t i = 0; i < w->n; i++) {
        if (w->v[i].feed == feed) {
            return &w->v[i];
        }
    }
    ent_watch *grown = realloc(w->v, (w->n + 1) * sizeof *grown);
    if (!grown) {
        return NULL;
    }
    w->v = grown;
    grown[w->n] = (ent_watch){.feed = feed, .first_key = first_key, .n_keys = n_keys};
    return &grown[w->n++];
}

static bool watch_add(ent_watch *watch, int64_t slot, uint8_t bit)
{
    ent_watch_alt *grown = realloc(watch->alts, (watch->n_alts + 1) * sizeof *grown);
    if (!grown) {
        return false;
    }
    watch->alts = grown;
    grown[watch->n_alts++] = (ent_watch_alt){slot, bit};
    return true;
}

bool ent_watches_add(const ent_image *p, ent_watches *w, int64_t pattern, uint8_t bit)
{
    if (pattern < 0) {
        return true;
    }
    const ent_pattern_row *row = &p->pattern[pattern];
    for (int64_t i = 0; i < row->n_alts; i++) {
        const ent_alt_row *alt = &p->alt[row->first_alt + i];
        ent_watch *watch = watch_of(w, alt->feed, alt->first_key, alt->n_keys);
        if (!watch || !watch_add(watch, alt->test, bit)) {
            return false;
        }
    }
    return true;
}

bool ent_watches_add_feed(const ent_image *p, ent_watches *w, int64_t feed, uint8_t bit)
{
    const ent_feed_row *row = &p->feed[feed];
    ent_watch *watch = watch_of(w, feed, row->first_key, row->n_keys);
    return watch && watch_add(watch, -1, bit);
}

/* Turns are told by the feed's own keys: a watch by other keys takes every row. */
bool ent_watches_add_turns(const ent_image *p, ent_watches *w, int64_t feed, uint8_t bit)
{
    const ent_feed_row *row = &p->feed[feed];
    ent_watch *watch = watch_of(w, feed, row->first_key, row->n_keys);
    bool own = watch && watch->n_keys == row->n_keys && row->kind == 0;
    if (watch) {
        watch->asks_holder = true;
    }
    for (int64_t i = 0; own && i < row->n_keys; i++) {
        own = p->keyfield[watch->first_key + i].field == p->keyfield[row->first_key + i].field;
    }
    return watch && watch_add(watch, own ? ENT_SLOT_TURNS : -1, bit);
}

void ent_watches_deinit(ent_watches *w)
{
    for (size_t i = 0; i < w->n; i++) {
        free(w->v[i].alts);
    }
    free(w->v);
    *w = (ent_watches){0};
}

static int compare_events(const void *a, const void *b)
{
    const ent_event *x = a;
    const ent_event *y = b;
    if (x->at != y->at) {
        return x->at < y->at ? -1 : 1;
    }
    if (x->feed != y->feed) {
        return x->feed < y->feed ? -1 : 1;
    }
    if (x->lane != y->lane) {
        return x->lane < y->lane ? -1 : 1;
    }
    return x->tag < y->tag ? -1 : x->tag > y->tag;
}

/* What each row means to the watch, eight rows at a time, a byte each; bytes behind the last row mean nothing. */
static bool find_bits(ent_engine *s, ent_feedstate *f, const ent_watch *watch)
{
    ent_events *events = &s->events;
    const uint64_t ones = UINT64_C(0x0101010101010101);
    size_t n_words = (f->n + 7) / 8;
    if (!ent_reserve((void **)&events->bits, &events->bits_capacity, n_words, sizeof *events->bits)) {
        return false;
    }
    memset(events->bits, 0, n_words * sizeof *events->bits);
    for (size_t k = 0; k < watch->n_alts; k++) {
        if (watch->alts[k].slot == ENT_SLOT_TURNS && !ent_feedstate_turns(s, f)) {
            return false;
        }
        const uint8_t *test = ent_slot_bool(f, watch->alts[k].slot);
        for (size_t i = 0; i < n_words; i++) {
            uint64_t word = ones;
            if (test && 8 * i + 8 <= f->n) {
                memcpy(&word, test + 8 * i, sizeof word);
            } else if (test) {
                word = 0;
                memcpy(&word, test + 8 * i, f->n - 8 * i);
            }
            uint64_t is_set = (((word & ones * 0x7F) + ones * 0x7F) | word) >> 7 & ones;
            events->bits[i] |= is_set * watch->alts[k].bit;
        }
    }
    return true;
}

/* The rows of a slice and what they mean to a watch. */
typedef struct meaning {
    const ent_feedstate *f;
    const ent_watch *watch;
    const int64_t *at, *keys;
    const uint8_t *absent;
    const uint8_t *bits;
    uint16_t tag;
} meaning;

static bool begin_collecting(ent_engine *s, const ent_watch *watch, uint16_t tag, meaning *m)
{
    ent_feedstate *f = &s->feeds[watch->feed];
    ent_events *events = &s->events;
    *m = (meaning){.f = f, .watch = watch, .tag = tag};
    m->keys = ent_feedstate_keys(s, f, watch->first_key, watch->n_keys, &m->absent);
    if (!m->keys || !find_bits(s, f, watch)) {
        return false;
    }
    m->at = ent_feedstate_at(f);
    m->bits = (const uint8_t *)events->bits;
    events->n_collected++;
    return true;
}

static inline bool means_something(const meaning *m, size_t i)
{
    return m->bits[i] != 0 && !(m->absent && m->absent[i]);
}

static inline ent_event event_of(const meaning *m, size_t i)
{
    int64_t origin = ent_feedstate_origin(m->f, i);
    bool asks = m->watch->asks_holder;
    return (ent_event){.at = m->at[i],
                       .key = m->keys[i],
                       .origin = origin,
                       .lane = (uint32_t)i,
                       .feed = (uint16_t)m->watch->feed,
                       .tag = m->tag,
                       .bits = m->bits[i],
                       .holder = (int8_t)(asks ? ent_feedstate_holder(m->f, i) : -1),
                       .gives = asks && ent_feedstate_giver(m->f, i) == origin};
}

/* Which rows mean something is in no order: each is written down, and the next one over it if it does not. */
static bool collect_feed(ent_engine *s, const ent_watch *watch, uint16_t tag)
{
    const ent_feedstate *f = &s->feeds[watch->feed];
    ent_events *events = &s->events;
    meaning m;
    if (f->n == 0) {
        return true;
    }
    if (!begin_collecting(s, watch, tag, &m) ||
        !ent_reserve((void **)&events->v, &events->capacity, events->n + f->n, sizeof *events->v)) {
        return false;
    }
    ent_event *out = events->v + events->n;
    for (size_t i = 0; i < f->n; i++) {
        if (i % 8 == 0 && events->bits[i / 8] == 0) {
            i += 7;
            continue;
        }
        *out = event_of(&m, i);
        out += means_something(&m, i);
    }
    events->n = (size_t)(out - events->v);
    return true;
}

bool ent_watch_deal(ent_engine *s, const ent_watch *watch, size_t n_parts, size_t *ends)
{
    const ent_feedstate *f = &s->feeds[watch->feed];
    ent_events *events = &s->events;
    meaning m;
    ent_events_clear(s);
    memset(ends, 0, n_parts * sizeof *ends);
    if (f->n == 0) {
        return true;
    }
    if (!begin_collecting(s, watch, 0, &m) ||
        !ent_reserve((void **)&events->lanes, &events->lanes_capacity, f->n, sizeof *events->lanes)) {
        return false;
    }
    uint32_t *lanes = events->lanes;
    size_t n_lanes = 0;
    for (size_t i = 0; i < f->n; i++) { /* as above */
        if (i % 8 == 0 && events->bits[i / 8] == 0) {
            i += 7;
            continue;
        }
        lanes[n_lanes] = (uint32_t)i;
        n_lanes += means_something(&m, i);
        ends[ent_part_of(m.keys[i], n_parts)] += means_something(&m, i);
    }
    for (size_t i = 0; i < n_parts; i++) {
        size_t n = ends[i];
        ends[i] = events->n;
        events->n += n;
    }
    if (!ent_reserve((void **)&events->v, &events->capacity, events->n, sizeof *events->v)) {
        return false;
    }
    for (size_t i = 0; i < n_lanes; i++) {
        events->v[ends[ent_part_of(m.keys[lanes[i]], n_parts)]++] = event_of(&m, lanes[i]);
    }
    return true;
}

void ent_events_clear(ent_engine *s)
{
    s->events.n = s->events.n_collected = 0;
}

bool ent_watches_collect(ent_engine *s, const ent_watches *w, uint16_t tag)
{
    for (size_t i = 0; i < w->n; i++) {
        if (!collect_feed(s, &w->v[i], tag)) {
            return false;
        }
    }
    return true;
}

static bool in_order(const ent_events *events)
{
    for (size_t i = 1; i < events->n; i++) {
        if (compare_events(&events->v[i - 1], &events->v[i]) > 0) {
            return false;
        }
    }
    return true;
}

/* A feed's rows are in order, and watches are collected in that of their tags: where all are of one feed, events only
 * have to be dealt out to their rows.  false: there are several feeds, or there is no memory for it. */
static bool deal_to_rows(ent_events *events)
{
    size_t n_lanes = 0;
    for (size_t i = 0; i < events->n; i++) {
        const ent_event *e = &events->v[i];
        if (e->feed != events->v[0].feed) {
            return false;
        }
        n_lanes = e->lane >= n_lanes ? (size_t)e->lane + 1 : n_lanes;
    }
    if (!ent_reserve((void **)&events->ends, &events->ends_capacity, n_lanes, sizeof *events->ends) ||
        !ent_reserve((void **)&events->dealt, &events->dealt_capacity, events->n, sizeof *events->dealt)) {
        return false;
    }
    memset(events->ends, 0, n_lanes * sizeof *events->ends);
    for (size_t i = 0; i < events->n; i++) {
        events->ends[events->v[i].lane]++;
    }
    for (size_t i = 1; i < n_lanes; i++) {
        events->ends[i] += events->ends[i - 1];
    }
    for (size_t i = events->n; i-- > 0;) {
        events->dealt[--events->ends[events->v[i].lane]] = events->v[i];
    }
    ent_event *v = events->v;
    size_t capacity = events->capacity;
    events->v = events->dealt;
    events->capacity = events->dealt_capacity;
    events->dealt = v;
    events->dealt_capacity = capacity;
    return true;
}

void ent_events_sort(ent_engine *s)
{
    ent_events *events = &s->events;
    bool sorted = events->n_collected <= 1 || in_order(events) || (deal_to_rows(events) && in_order(events));
    if (!sorted) {
        qsort(events->v, events->n, sizeof *events->v, compare_events);
    }
}

/* --- spans --- */

bool ent_spanstate_init(ent_engine *s, ent_spanstate *span, int64_t index, ent_fault *error)
{
    const ent_image *p = s->program;
    span->row = &p->span[index];
    if (!ent_watches_add(p, &span->watches, span->row->from, SPAN_FROM) ||
        !ent_watches_add(p, &span->watches, span->row->to, SPAN_TO)) {
        return ent_no_memory(error);
    }
    return true;
}

void ent_spanstate_deinit(ent_spanstate *span)
{
    for (size_t i = 0; i < span->n; i++) {
        ent_intervals_deinit(&span->v[i].closed);
        free(span->v[i].runs);
    }
    free(span->v);
    free(span->spare);
    ent_map_deinit(&span->keys);
    ent_watches_deinit(&span->watches);
}

static ent_spankey *span_key(ent_spanstate *span, int64_t key)
{
    uint32_t *place = ent_map_at(&span->keys, key);
    if (!place) {
        return NULL;
    }
    if (*place == ENT_MAP_NONE) {
        if (!ent_reserve((void **)&span->v, &span->capacity, span->n + 1, sizeof *span->v)) {
            return NULL;
        }
        bool used_before = span->n_spare > 0;
        uint32_t at = used_before ? span->spare[--span->n_spare] : (uint32_t)span->n++;
        if (!used_before) {
            span->v[at] = (ent_spankey){.open_from = ENT_NOT_OPEN};
        }
        span->v[at].key = key;
        *place = at;
    }
    return &span->v[*place];
}

static bool close_run(const ent_spanstate *span, ent_spankey *k, const ent_event *e)
{
    int64_t from = k->open_from;
    k->open_from = ENT_NOT_OPEN;
    if (e->at <= from) {
        return true;
    }
    if (span->keeps_rows) {
        if (k->n_runs == k->runs_capacity) {
            size_t capacity = k->runs_capacity ? 2 * k->runs_capacity : 1; /* most keys have one */
            ent_spanrun *runs = realloc(k->runs, capacity * sizeof *runs);
            if (!runs) {
                return false;
            }
            k->runs = runs;
            k->runs_capacity = capacity;
        }
        k->runs[k->n_runs++] = (ent_spanrun){from, e->at, k->opened, ent_event_row(e)};
    }
    return ent_intervals_add(&k->closed, from, e->at);
}

/* Of a key that is not there another place is told: whether one is comes in no order.  NULL: nothing is kept. */
static const ent_spankey *likely_key(const ent_spanstate *span, int64_t key)
{
    uint32_t place = ent_map_get(&span->keys, key);
    place &= 0 - (uint32_t)(place != ENT_MAP_NONE);
    return span->n > 0 ? &span->v[place] : NULL;
}

void ent_span_prefetch(const ent_spanstate *span, int64_t key)
{
    const ent_spankey *k = likely_key(span, key);
    if (k) {
        __builtin_prefetch(k);
        __builtin_prefetch((const char *)(k + 1) - 1);
    }
}

void ent_span_prefetch_runs(const ent_spanstate *span, int64_t key)
{
    const ent_spankey *k = likely_key(span, key);
    if (k) {
        __builtin_prefetch(k->closed.v);
        __builtin_prefetch(k->runs);
    }
}

bool ent_spanstate_find(ent_engine *s, const ent_spanstate *span)
{
    ent_events_clear(s);
    bool ok = ent_watches_collect(s, &span->watches, 0);
    ent_events_sort(s);
    return ok;
}

bool ent_spanstate_slice(ent_engine *s, ent_spanstate *span)
{
    enum { AHEAD_MAP = 16, AHEAD_KEY = 8 };
    if (!ent_ready_events(s, (size_t)(span - s->spans)) && !ent_spanstate_find(s, span)) {
        return false;
    }
    for (size_t i = 0; i < s->events.n; i++) {
        const ent_event *e = &s->events.v[i];
        if (i + AHEAD_MAP < s->events.n) {
            ent_map_prefetch(&span->keys, e[AHEAD_MAP].key);
            ent_span_prefetch(span, e[AHEAD_KEY].key);
        }
        ent_spankey *k = span_key(span, e->key);
        if (!k) {
            return false;
        }
        if ((e->bits & SPAN_TO) && k->open_from != ENT_NOT_OPEN && !close_run(span, k, e)) {
            return false;
        }
        if ((e->bits & SPAN_FROM) && k->open_from == ENT_NOT_OPEN) {
            k->open_from = e->at;
            k->opened = ent_event_row(e);
        }
    }
    return true;
}

static const ent_spankey *find_key(const ent_spanstate *span, int64_t key)
{
    uint32_t place = ent_map_get(&span->keys, key);
    return place == ENT_MAP_NONE ? NULL : &span->v[place];
}

/* The places of keys are used again, with their memory unless it is long: nobody walks through such a span's keys. */
void ent_span_forget(ent_spanstate *span, int64_t key, int64_t before)
{
    enum { KEPT = 4 };
    uint32_t place = ent_map_get(&span->keys, key);
    ent_spankey *k = place != ENT_MAP_NONE ? &span->v[place] : NULL;
    bool over = k && k->open_from == ENT_NOT_OPEN &&
                (k->closed.n == 0 || k->closed.v[k->closed.n - 1].to <= before);
    if (!over || !ent_reserve((void **)&span->spare, &span->spare_capacity, span->n_spare + 1, sizeof *span->spare)) {
        return; /* keeping it is no mistake */
    }
    if (k->closed.cap > KEPT || k->runs_capacity > KEPT) {
        ent_intervals_deinit(&k->closed);
        free(k->runs);
        *k = (ent_spankey){.open_from = ENT_NOT_OPEN};
    }
    ent_intervals_clear(&k->closed);
    k->n_runs = 0;
    span->spare[span->n_spare++] = place;
    ent_map_drop(&span->keys, key);
}

bool ent_span_contains(const ent_spanstate *span, int64_t key, int64_t at)
{
    const ent_spankey *k = find_key(span, key);
    return k && (at >= k->open_from || ent_intervals_contains(&k->closed, at));
}

bool ent_span_run_after(const ent_spanstate *span, int64_t key, int64_t at, ent_spanrun *out)
{
    const ent_spankey *k = find_key(span, key);
    if (!k) {
        return false;
    }
    size_t low = 0;
    for (size_t high = k->n_runs; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (k->runs[middle].to > at) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    if (low < k->n_runs) {
        *out = k->runs[low];
        return true;
    }
    *out = (ent_spanrun){k->open_from, ENT_NOT_OPEN, k->opened, {0, 0}};
    return k->open_from != ENT_NOT_OPEN && at != ENT_NOT_OPEN;
}

static bool add_clipped(ent_intervals *out, int64_t a, int64_t b, int64_t from, int64_t to)
{
    a = a < from ? from : a;
    b = b > to ? to : b;
    return a >= b || ent_intervals_add(out, a, b);
}

bool ent_use_collect(ent_engine *s, const ent_spanuse_row *use, int64_t key, int64_t from,
                     int64_t to, ent_intervals *out)
{
    if (use->calendar >= 0) {
        ent_intervals slice;
        ent_intervals_init(&slice);
        bool ok = ent_calendar_slice(s->calendars[use->calendar], from, to, &slice);
        for (size_t i = 0; ok && i < slice.n; i++) {
            ok = add_clipped(out, slice.v[i].from, slice.v[i].to, from, to);
        }
        ent_intervals_deinit(&slice);
        return ok;
    }
    const ent_spankey *k = find_key(&s->spans[use->span], key);
    if (!k) {
        return true;
    }
    for (size_t i = ent_intervals_find(&k->closed, from); i < k->closed.n; i++) {
        if (k->closed.v[i].from >= to) {
            break;
        }
        if (!add_clipped(out, k->closed.v[i].from, k->closed.v[i].to, from, to)) {
            return false;
        }
    }
    return k->open_from == ENT_NOT_OPEN || add_clipped(out, k->open_from, to, from, to);
}

bool ent_use_contains(ent_engine *s, const ent_spanuse_row *use, int64_t key, int64_t at)
{
    if (use->calendar >= 0) {
        return ent_calendar_contains(s->calendars[use->calendar], at);
    }
    return ent_span_contains(&s->spans[use->span], key, at);
}
