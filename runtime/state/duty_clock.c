/* The clocks of a duty: their memory, how one starts from its trigger's row, and how it goes.  See duty.c. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/duty_private.h"

/* --- memory --- */

enum { CACHE_LINE = 64, CLOCKS_A_BLOCK = 64 };

/* What a clock takes: itself, the keys that are not its own, and what its outcome will have. */
static size_t clock_size(const ent_dutystate *d)
{
    size_t size = sizeof(ent_clock) + (d->n_keys + d->saved_words) * sizeof(int64_t) + d->n_saved;
    return (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

void *ent_duty_block(ent_dutystate *d, size_t size)
{
    char *block = malloc(sizeof(int64_t) + size);
    if (!block) {
        return NULL;
    }
    memcpy(block, &d->clock_blocks, sizeof d->clock_blocks);
    d->clock_blocks = block;
    return block + sizeof(int64_t);
}

ent_clock *ent_clock_new(ent_dutystate *d)
{
    size_t size = clock_size(d);
    if (!d->spare_clocks) {
        char *block = ent_duty_block(d, CLOCKS_A_BLOCK * size + CACHE_LINE);
        if (!block) {
            return NULL;
        }
        block += (CACHE_LINE - (uintptr_t)block % CACHE_LINE) % CACHE_LINE;
        for (size_t i = CLOCKS_A_BLOCK; i-- > 0;) {
            ent_clock *c = (ent_clock *)(void *)(block + i * size);
            c->more = (ent_clock_more *)(void *)d->spare_clocks;
            d->spare_clocks = c;
        }
    }
    ent_clock *c = d->spare_clocks;
    d->spare_clocks = (ent_clock *)(void *)c->more;
    *c = (ent_clock){.holds = {.v = &c->first_hold, .capacity = 1, .memory = ENT_HOLDS_OF_CLOCK},
                     .holder = ENT_NO_HOLDER};
    if (size > sizeof *c) {
        memset((void *)(c + 1), 0, size - sizeof *c);
    }
    return c;
}

void ent_clock_free(ent_dutystate *d, ent_clock *c)
{
    if (c->more) {
        ent_intervals_deinit(&c->more->waits);
        free(c->more);
    }
    ent_holds_free(d, &c->holds);
    c->more = (ent_clock_more *)(void *)d->spare_clocks;
    d->spare_clocks = c;
}

ent_clock_more *ent_clock_more_of(ent_clock *c)
{
    if (!c->more && (c->more = calloc(1, sizeof *c->more))) {
        c->more->changed_at = INT64_MIN;
    }
    return c->more;
}

/* --- what a row says --- */

bool ent_column_value(const ent_colbuf *column, size_t lane, int64_t *value)
{
    if (column->n <= lane || (column->absent && column->absent[lane])) {
        return false;
    }
    *value = column->cls == ENT_CLASS_B ? ((const uint8_t *)column->data)[lane]
                                        : ((const int64_t *)column->data)[lane];
    return true;
}

/* Where the value is in the table of those that choose, or the free place that says that it is not. */
static ent_choice *choice_of(const ent_dutystate *d, int64_t value)
{
    size_t mask = ((size_t)1 << d->choice_bits) - 1;
    size_t at = (size_t)(((uint64_t)value * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - d->choice_bits));
    while (d->choices[at].allow >= 0 && d->choices[at].value != value) {
        at = (at + 1) & mask;
    }
    return &d->choices[at];
}

/* The first clause that names a value counts; one that names none is for all others. */
bool ent_duty_init_choices(const ent_image *p, ent_dutystate *d)
{
    enum { PLACES = 8 }; /* a value */
    const ent_allow_row *allows = &p->allow[d->row->first_allow];
    int64_t n_named = 0;
    size_t n_values = 1;
    while (n_named < d->row->n_allows && allows[n_named].n_values > 0) {
        n_values += (size_t)allows[n_named++].n_values;
    }
    d->otherwise = n_named < d->row->n_allows ? d->row->first_allow + n_named : -1;
    while ((size_t)1 << d->choice_bits < PLACES * n_values) {
        d->choice_bits++;
    }
    d->choices = malloc(sizeof *d->choices << d->choice_bits);
    if (!d->choices) {
        return false;
    }
    for (size_t i = 0; i >> d->choice_bits == 0; i++) {
        d->choices[i] = (ent_choice){0, -1};
    }
    for (int64_t i = 0; i < n_named; i++) {
        for (int64_t k = 0; k < allows[i].n_values; k++) {
            int64_t value = p->value[allows[i].first_value + k].value;
            ent_choice *choice = choice_of(d, value);
            if (choice->allow < 0) {
                *choice = (ent_choice){value, d->row->first_allow + i};
            }
        }
    }
    return true;
}

bool ent_clock_choose(ent_engine *s, const ent_dutystate *d, size_t lane, ent_clock *c)
{
    const ent_image *p = s->program;
    const ent_feedstate *f = &s->feeds[d->row->feed];
    int64_t value = 0;
    bool present = d->row->allow_field < 0 || ent_column_value(&f->pending[d->row->allow_field], lane,
                                                           &value);
    int64_t named = present ? choice_of(d, value)->allow : -1;
    int64_t chosen = named >= 0 ? named : d->otherwise;
    if (chosen < 0) {
        return false;
    }
    int64_t ns = p->allow[chosen].ns;
    if (p->allow[chosen].slot >= 0 &&
        (!ent_column_value(&f->slots[p->allow[chosen].slot], lane, &ns) || ns < 0)) {
        return false;
    }
    c->allow = (uint32_t)chosen;
    c->allowed_ns = ns;
    c->field_value = value;
    c->field_absent = !present;
    return true;
}

static bool read_use_keys(ent_engine *s, ent_dutystate *d, ent_clock *c, size_t lane)
{
    ent_feedstate *f = &s->feeds[d->row->feed];
    for (size_t i = 0; i < d->n_uses; i++) {
        const ent_spanuse_row *use = d->uses[i];
        if (d->key_at[i] >= ENT_KEY_OWN) {
            continue;
        }
        int64_t *key = (int64_t *)(c + 1) + d->key_at[i];
        *key = INT64_MIN;
        const uint8_t *absent;
        const int64_t *keys = ent_feedstate_keys(s, f, use->first_key, use->n_keys, &absent);
        if (!keys) {
            return false;
        }
        if (!(absent && absent[lane])) {
            *key = keys[lane];
        }
    }
    return true;
}

static void save_fields(const ent_engine *s, const ent_dutystate *d, ent_clock *c, size_t lane)
{
    const ent_feedstate *f = &s->feeds[d->row->feed];
    uint8_t *absent = NULL;
    int64_t *saved = ent_clock_saved(d, c, &absent);
    for (size_t i = 0; i < d->n_saved; i++) {
        const ent_colbuf *column = &f->pending[d->saved_fields[i]];
        size_t size = ent_class_size(column->cls);
        if (column->n <= lane || (column->absent && column->absent[lane])) {
            absent[i] = 1;
            continue;
        }
        memcpy(saved + d->saved_offsets[i], (const char *)column->data + lane * size, size);
    }
}

int64_t *ent_duty_counted_at(ent_dutystate *d, int64_t key, bool make)
{
    uint32_t at = ent_map_get(&d->counted, key);
    if (at == ENT_MAP_NONE && make) {
        uint32_t *place = ent_map_at(&d->counted, key);
        if (!place || !ent_reserve((void **)&d->counted_at, &d->counted_capacity, d->n_counted + 1,
                                   sizeof *d->counted_at)) {
            return NULL;
        }
        at = *place = (uint32_t)d->n_counted++;
    }
    return at == ENT_MAP_NONE ? NULL : &d->counted_at[at];
}

ent_holds *ent_duty_history(ent_dutystate *d, int64_t key, bool make)
{
    uint32_t at = ent_map_get(&d->held, key);
    if (at == ENT_MAP_NONE && make) {
        uint32_t *place = ent_map_at(&d->held, key);
        if (!place || !ent_reserve((void **)&d->histories, &d->histories_capacity,
                                   d->n_histories + 1, sizeof *d->histories)) {
            return NULL;
        }
        at = *place = (uint32_t)d->n_histories++;
        d->histories[at] = (ent_holds){0};
    }
    return at == ENT_MAP_NONE ? NULL : &d->histories[at];
}

static bool start_holds(ent_engine *s, ent_dutystate *d, ent_clock *c, const ent_event *e)
{
    if (!d->follows_holder) {
        return true;
    }
    const ent_holds *history = d->row->retroactive ? ent_duty_history(d, c->key, false) : NULL;
    if (!history || history->n == 0) {
        return ent_clock_hold(s, d, c, e);
    }
    if (!ent_holds_reserve(d, &c->holds, history->n)) {
        return false;
    }
    memcpy(c->holds.v, history->v, history->n * sizeof *history->v);
    c->holds.n = history->n;
    c->holder = (int8_t)history->v[history->n - 1].party;
    return true;
}

/* --- start and end --- */

static bool any_version_runs(const ent_engine *s, const ent_dutystate *d, int64_t key)
{
    for (int64_t i = d->head; i >= 0; i = s->duties[i].next_version) {
        if (ent_clock_of(&s->duties[i], key)) {
            return true;
        }
    }
    return false;
}

static int64_t first_count(ent_dutystate *d, const ent_event *e)
{
    if (d->row->counting < 0) {
        return e->at;
    }
    if (d->row->retroactive) {
        int64_t *before = ent_duty_counted_at(d, e->key, false);
        if (before) {
            return *before;
        }
    }
    return e->bits & BIT_COUNT ? e->at : INT64_MIN;
}

bool ent_clock_start(ent_engine *s, ent_dutystate *d, const ent_event *e)
{
    if (e->at < d->from || e->at >= d->to || any_version_runs(s, d, e->key)) {
        return true;
    }
    ent_clock *c = ent_clock_new(d);
    if (!c) {
        return false;
    }
    c->key = e->key;
    c->trigger_at = e->at;
    c->start = first_count(d, e);
    const ent_feedstate *f = &s->feeds[d->row->feed];
    c->origin = e->origin;
    if (!ent_clock_choose(s, d, e->lane, c)) {
        d->without_allowance++;
        ent_clock_free(d, c);
        return true;
    }
    if (d->row->excused_when >= 0) {
        const ent_colbuf *slot = &f->slots[d->row->excused_when];
        c->excused_when = ((const uint8_t *)slot->data)[e->lane] != 0;
    }
    save_fields(s, d, c, e->lane);
    uint32_t *place = ent_map_at(&d->running, e->key);
    if (!place || !read_use_keys(s, d, c, e->lane) || !start_holds(s, d, c, e) ||
        !ent_reserve((void **)&d->clocks, &d->clocks_capacity, d->n_clocks + 1,
                     sizeof *d->clocks)) {
        ent_clock_free(d, c);
        return false;
    }
    *place = (uint32_t)d->n_clocks;
    d->clocks[d->n_clocks++] = c;
    return true;
}

/* The place of a clock that ends is taken by the last one: only running clocks stay in the array. */
bool ent_clock_remove(ent_dutystate *d, int64_t key)
{
    uint32_t at = ent_map_get(&d->running, key);
    ent_map_drop(&d->running, key);
    ent_clock_free(d, d->clocks[at]);
    ent_clock *last = d->clocks[--d->n_clocks];
    if (at != d->n_clocks) {
        d->clocks[at] = last;
        uint32_t *moved = ent_map_at(&d->running, last->key);
        if (!moved) {
            return false;
        }
        *moved = at;
    }
    return true;
}

