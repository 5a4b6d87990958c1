/* The saved state of duties: running clocks, decided outcomes that a window may still want, and
 * what is known of keys beyond their clocks.  See save_io.h. */
#include <stdlib.h>

#include "runtime/state/duty_private.h"
#include "runtime/state/save_io.h"

bool ent_save_excess(ent_io *x, ent_excess **excess, size_t *n)
{
    size_t capacity = 0;
    int64_t sum = 0;
    if (!ent_io_count(x, n, 16)) {
        return false;
    }
    for (size_t i = 0; i < *n; i++) {
        if (x->reading && !ent_io_grow(x, (void **)excess, &capacity, i, sizeof **excess)) {
            return false;
        }
        ent_excess *e = &(*excess)[i];
        if (!ent_io_parties(x, &e->causes) || !ent_io_index(x, &e->ns, 0, INT64_MAX) ||
            !ent_io_check(x, !__builtin_add_overflow(sum, e->ns, &sum), "times without end")) {
            return false;
        }
    }
    return true;
}

static bool io_holds(ent_io *x, ent_dutystate *d, ent_holds *h)
{
    size_t n = h->n;
    if (!ent_io_count(x, &n, 24)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading && !ent_holds_reserve(d, h, h->n + 1)) {
            return ent_io_no_memory(x);
        }
        h->n += x->reading;
        ent_hold *v = &h->v[i];
        if (!ent_io_i64(x, &v->at) ||
            !ent_io_index(x, &v->party, -1, (int64_t)x->s->program->n_party) ||
            !ent_io_i64(x, &v->origin) ||
            !ent_io_check(x, i == 0 || v->at > h->v[i - 1].at, "holders in disorder")) {
            return false;
        }
    }
    return true;
}

static bool io_covers(ent_io *x, ent_covers *c)
{
    size_t n = c->n;
    if (!ent_io_count(x, &n, 25)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading && !ent_io_grow(x, (void **)&c->v, &c->capacity, c->n++, sizeof *c->v)) {
            return false;
        }
        ent_cover *v = &c->v[i];
        if (!ent_io_i64(x, &v->from) || !ent_io_i64(x, &v->end) || !ent_io_i64(x, &v->due) ||
            !ent_io_bool(x, &v->has_due)) {
            return false;
        }
    }
    return true;
}

/* The fields of the trigger's row that the outcome will show. */
static bool io_saved(ent_io *x, const ent_dutystate *d, int64_t **saved, uint8_t **absent)
{
    const ent_image *p = x->s->program;
    const ent_feed_row *feed = &p->feed[d->row->feed];
    if (d->n_saved == 0) {
        return true;
    }
    if (x->reading && !*saved) {
        *saved = calloc(d->saved_words, sizeof **saved);
        *absent = calloc(d->n_saved, 1);
        if (!*saved || !*absent) {
            return ent_io_no_memory(x);
        }
    }
    for (size_t i = 0; i < d->n_saved; i++) {
        const ent_field_row *field = &p->field[feed->first_field + d->saved_fields[i]];
        if (!ent_io_u8(x, &(*absent)[i]) ||
            !ent_io_check(x, (*absent)[i] <= 1, "a flag that is none") ||
            (!(*absent)[i] &&
             !ent_io_cell(x, field->type, field->param, *saved + d->saved_offsets[i]))) {
            return false;
        }
    }
    return true;
}

/* --- clocks --- */

static bool io_use_keys(ent_io *x, const ent_dutystate *d, ent_clock *c)
{
    const ent_image *p = x->s->program;
    for (size_t i = 0; i < d->n_uses; i++) {
        const ent_spanuse_row *use = d->uses[i];
        if (d->key_at[i] == ENT_MAP_NONE) {
            continue;
        }
        ent_key_shape shape = ent_key_shape_of_use(p, use, d->row->feed);
        bool own = d->key_at[i] == ENT_KEY_OWN;
        int64_t key = c->key;
        if (!ent_io_key_or_none(x, &shape, own ? &key : (int64_t *)(c + 1) + d->key_at[i]) ||
            !ent_io_check(x, key == c->key, "a key that is not the clock's")) {
            return false;
        }
    }
    return true;
}

static bool io_allowance(ent_io *x, const ent_dutystate *d, ent_clock *c)
{
    const ent_image *p = x->s->program;
    const ent_duty_row *row = d->row;
    int64_t allow = c->allow;
    bool absent = c->field_absent;
    if (!ent_io_index(x, &allow, row->first_allow, row->first_allow + row->n_allows) ||
        !ent_io_index(x, &c->allowed_ns, 0, INT64_MAX) || !ent_io_bool(x, &absent)) {
        return false;
    }
    c->allow = (uint32_t)allow;
    c->field_absent = absent;
    if (c->field_absent || row->allow_field < 0) {
        return true;
    }
    /* it was read as an integer, whatever the field's class */
    const ent_field_row *field = &p->field[p->feed[row->feed].first_field + row->allow_field];
    bool integer = ent_type_class((unsigned)field->type) == ENT_CLASS_I;
    return integer ? ent_io_cell(x, field->type, field->param, &c->field_value)
                   : ent_io_i64(x, &c->field_value);
}

static bool io_changed(ent_io *x, ent_clock *c)
{
    int64_t at = c->more ? c->more->changed_at : INT64_MIN;
    if (!ent_io_i64(x, &at)) {
        return false;
    }
    if (x->reading && at != INT64_MIN) {
        ent_clock_more *more = ent_clock_more_of(c);
        if (!more) {
            return ent_io_no_memory(x);
        }
        more->changed_at = at;
    }
    return true;
}

static bool io_waits(ent_io *x, ent_clock *c)
{
    ent_intervals waits = !x->reading && c->more ? c->more->waits : (ent_intervals){0};
    bool ok = ent_io_intervals(x, &waits);
    if (!x->reading) {
        return ok;
    }
    ent_clock_more *more = ok && waits.n > 0 ? ent_clock_more_of(c) : NULL;
    if (more) {
        more->waits = waits;
        return true;
    }
    ok = ok && (waits.n == 0 || ent_io_no_memory(x));
    ent_intervals_deinit(&waits);
    return ok;
}

static bool io_flags(ent_io *x, ent_clock *c)
{
    bool excused = c->excused_when;
    bool resumed = c->resumed;
    bool ok = ent_io_bool(x, &excused) && ent_io_bool(x, &resumed) && ent_io_u8(x, &c->state) &&
              ent_io_check(x, c->state <= ENT_CLOCK_WAITING, "a clock in no state");
    c->excused_when = excused;
    c->resumed = resumed;
    return ok;
}

static bool io_clock_holds(ent_io *x, ent_dutystate *d, ent_clock *c)
{
    bool ok = io_holds(x, d, &c->holds);
    if (ok && x->reading && c->holds.n > 0) {
        c->holder = (int8_t)c->holds.v[c->holds.n - 1].party;
    }
    return ok;
}

static bool io_clock(ent_io *x, ent_dutystate *d, const ent_key_shape *shape, ent_clock *c)
{
    uint8_t *absent = NULL;
    int64_t *saved = ent_clock_saved(d, c, &absent);
    return ent_io_key(x, shape, &c->key) && ent_io_i64(x, &c->trigger_at) &&
           ent_io_i64(x, &c->start) && io_allowance(x, d, c) && io_flags(x, c) && io_changed(x, c) &&
           ent_io_i64(x, &c->discharged_at) && ent_io_row(x, &c->discharged) && ent_io_i64(x, &c->origin) &&
           io_waits(x, c) && io_clock_holds(x, d, c) &&
           io_use_keys(x, d, c) && io_saved(x, d, &saved, &absent);
}

static bool io_clocks(ent_io *x, ent_dutystate *d, const ent_key_shape *shape)
{
    size_t n = d->n_clocks;
    if (!ent_io_count(x, &n, 80)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading) {
            if (!ent_io_grow(x, (void **)&d->clocks, &d->clocks_capacity, i, sizeof *d->clocks)) {
                return false;
            }
            d->clocks[i] = ent_clock_new(d);
            if (!d->clocks[i]) {
                return ent_io_no_memory(x);
            }
            d->n_clocks = i + 1;
        }
        if (!io_clock(x, d, shape, d->clocks[i]) ||
            (x->reading && !ent_io_map_put(x, &d->running, d->clocks[i]->key, i))) {
            return false;
        }
    }
    return true;
}

/* --- outcomes --- */

static bool io_outcome(ent_io *x, const ent_dutystate *d, const ent_key_shape *shape,
                       ent_outcome *o)
{
    return ent_io_i64(x, &o->at) && ent_io_i64(x, &o->due) && ent_io_i64(x, &o->done) &&
           ent_io_i64(x, &o->elapsed) && ent_io_i64(x, &o->allowed) &&
           ent_io_bool(x, &o->has_due) && ent_io_bool(x, &o->has_done) &&
           ent_io_bool(x, &o->met) && ent_io_bool(x, &o->excused) &&
           ent_io_key(x, shape, &o->key) && ent_io_index(x, &o->over_ns, -INT64_MAX, INT64_MAX) &&
           ent_io_i64(x, &o->origin) && io_saved(x, d, &o->saved, &o->saved_absent) &&
           ent_save_excess(x, &o->excess, &o->n_excess);
}

static bool io_outcomes(ent_io *x, ent_dutystate *d, const ent_key_shape *shape)
{
    size_t n = d->n_outcomes;
    if (!ent_io_count(x, &n, 60) ||
        !ent_io_check(x, n == 0 || d->row->outcome_feed >= 0, "outcomes that nothing reads")) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading && !ent_io_grow(x, (void **)&d->outcomes, &d->outcomes_capacity,
                                       d->n_outcomes++, sizeof *d->outcomes)) {
            return false;
        }
        if (!io_outcome(x, d, shape, &d->outcomes[i])) {
            return false;
        }
    }
    return true;
}

/* --- what is known of keys --- */

/* An array with a place for each key of a map: `element` passes over one. */
typedef struct keyed {
    ent_map *map;
    void **v; /* NULL: only the keys */
    size_t *n, *capacity, size;
    bool (*element)(ent_io *x, void *element);
    /* then it is as if the key had none; NULL: it never is */
    bool (*is_empty)(const void *element);
} keyed;

static bool is_left_out(const keyed *k, size_t i)
{
    return k->is_empty && k->is_empty((const char *)*k->v + i * k->size);
}

static bool read_keyed(ent_io *x, const ent_key_shape *shape, const keyed *k, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t key = 0;
        if (k->v && !ent_io_grow(x, k->v, k->capacity, i, k->size)) {
            return false;
        }
        *k->n = i + 1;
        if (!ent_io_key(x, shape, &key) || !ent_io_map_put(x, k->map, key, i) ||
            (k->v && !k->element(x, (char *)*k->v + i * k->size))) {
            return false;
        }
    }
    return true;
}

static bool write_keyed(ent_io *x, const ent_key_shape *shape, const keyed *k)
{
    int64_t *keys = ent_io_map_keys(x, k->map, *k->n);
    bool ok = keys != NULL;
    for (size_t i = 0; ok && i < *k->n; i++) {
        ok = is_left_out(k, i) ||
             (ent_io_key(x, shape, &keys[i]) &&
              (!k->v || k->element(x, (char *)*k->v + i * k->size)));
    }
    free(keys);
    return ok;
}

static bool io_keyed(ent_io *x, const ent_key_shape *shape, const keyed *k)
{
    size_t n = 0;
    for (size_t i = 0; !x->reading && i < *k->n; i++) {
        n += !is_left_out(k, i);
    }
    return ent_io_count(x, &n, 1) && ent_io_check(x, n < ENT_MAP_NONE, "too many keys") &&
           (x->reading ? read_keyed(x, shape, k, n) : write_keyed(x, shape, k));
}

static bool has_no_covers(const void *element)
{
    return ((const ent_covers *)element)->n == 0;
}

static bool io_instant(ent_io *x, void *element)
{
    return ent_io_i64(x, element);
}

static bool io_holds_element(ent_io *x, void *element)
{
    return io_holds(x, NULL, element); /* their memory is no duty's */
}

static bool io_covers_element(ent_io *x, void *element)
{
    return io_covers(x, element);
}

static bool io_duty(ent_io *x, ent_dutystate *d)
{
    ent_key_shape shape = ent_key_shape_of_feed(x->s->program, d->row->feed);
    size_t n_discharged = d->n_discharged;
    keyed discharged = {&d->discharged, NULL, &n_discharged, NULL, 0, NULL, NULL};
    keyed counted = {&d->counted, (void **)&d->counted_at, &d->n_counted, &d->counted_capacity,
                     sizeof *d->counted_at, io_instant, NULL};
    keyed covers = {&d->covered, (void **)&d->covers, &d->n_covers, &d->covers_capacity,
                    sizeof *d->covers, io_covers_element, has_no_covers};
    keyed histories = {&d->held, (void **)&d->histories, &d->n_histories, &d->histories_capacity,
                       sizeof *d->histories, io_holds_element, NULL};
    bool ok = ent_io_u64(x, &d->without_allowance) && io_clocks(x, d, &shape) &&
              io_outcomes(x, d, &shape) && io_keyed(x, &shape, &discharged) &&
              io_keyed(x, &shape, &counted) && io_keyed(x, &shape, &covers) &&
              io_keyed(x, &shape, &histories);
    d->n_discharged = x->reading ? (uint32_t)n_discharged : d->n_discharged;
    return ok;
}

bool ent_save_duties(ent_io *x)
{
    for (size_t i = 0; i < x->s->program->n_duty; i++) {
        if (!io_duty(x, &x->s->duties[i])) {
            return false;
        }
    }
    return true;
}
