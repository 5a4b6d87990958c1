/* The saved state of feeds and spans: rows that the watermark has not reached, each key's latest
 * values and last holder, and the intervals that a question may still be about.  See save_io.h. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/save_io.h"

/* --- feeds --- */

static bool io_totals(ent_io *x, ent_feed_totals *t)
{
    return ent_io_u64(x, &t->rows) && ent_io_u64(x, &t->late) && ent_io_u64(x, &t->unknown) &&
           ent_io_i64(x, &t->first_ns) && ent_io_i64(x, &t->last_ns);
}

/* Rows wait in the order in which they were pushed, as far as they have not been sorted. */
static bool io_pending(ent_io *x, ent_feedstate *f)
{
    const ent_image *p = x->s->program;
    size_t n = p->feed[f->index].kind == 0 && f->row->used ? f->n_pending : 0;
    if (!ent_io_count(x, &n, 8) || !ent_io_bool(x, &f->unsorted) || !ent_io_i64(x, &f->last_at) ||
        !ent_io_check(x, n == 0 || (f->row->used && f->row->kind == 0), "rows of an unused feed")) {
        return false;
    }
    for (int64_t i = 0; i < f->row->n_fields && n > 0; i++) {
        const ent_field_row *field = &p->field[f->row->first_field + i];
        if ((i == f->row->at || field->used) && !ent_io_column(x, &f->pending[i], field, n)) {
            return false;
        }
    }
    static const ent_field_row line = {.type = ENT_TYPE_INT, .param = -1};
    bool origins = f->origin.n > 0;
    f->n_pending = x->reading ? n : f->n_pending;
    return n == 0 || (ent_io_bool(x, &origins) &&
                      (!origins || ent_io_column(x, &f->origin, &line, n)));
}

/* A session that reads rows below its watermark, or in no order that it knows of, would decide
 * otherwise. */
static bool check_pending(ent_io *x, const ent_feedstate *f)
{
    const int64_t *at = f->n_pending ? ent_feedstate_at(f) : NULL;
    bool sorted = true;
    for (size_t i = 0; i < f->n_pending; i++) {
        if (at[i] < x->s->watermark || at[i] >= x->s->to) {
            return ent_io_bad(x, "a row that is late");
        }
        sorted = sorted && (i == 0 || at[i - 1] <= at[i]);
    }
    return (f->n_pending == 0 || !f->pending[f->row->at].absent) && (sorted || f->unsorted)
               ? true
               : ent_io_bad(x, "rows in disorder");
}

/* For `previous`: each key's last row. */
static bool io_latest(ent_io *x, ent_feedstate *f)
{
    const ent_image *p = x->s->program;
    ent_key_shape shape = ent_key_shape_of_feed(p, f->index);
    size_t n = f->n_previous > 0 ? f->n_seen_keys : 0;
    if (!ent_io_count(x, &n, 1) ||
        !ent_io_check(x, (n == 0 || f->n_previous > 0) && n < ENT_MAP_NONE, "keys of no use")) {
        return false;
    }
    int64_t *keys = ent_io_map_keys(x, &f->keys, n);
    bool ok = keys != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        ok = ent_io_key(x, &shape, &keys[i]) &&
             (!x->reading || ent_io_map_put(x, &f->keys, keys[i], i));
    }
    free(keys);
    for (size_t k = 0; ok && k < f->n_previous; k++) {
        const ent_field_row *field = &p->field[f->row->first_field + f->previous_fields[k]];
        ent_colbuf *c = &f->latest[k];
        ok = ent_io_column(x, c, field, n);
        if (ok && x->reading && n > 0 && !c->absent && !(c->absent = calloc(c->capacity, 1))) {
            return ent_io_no_memory(x);
        }
    }
    f->n_seen_keys = x->reading ? (uint32_t)n : f->n_seen_keys;
    return ok;
}

/* Whom each key's rows named last: only of feeds whose time follows that. */
static bool io_named(ent_io *x, ent_feedstate *f)
{
    const ent_image *p = x->s->program;
    ent_key_shape shape = ent_key_shape_of_feed(p, f->index);
    size_t n = f->named.n;
    if (!f->fills_holder) {
        return true;
    }
    if (!ent_io_count(x, &n, 16) || !ent_io_check(x, n < ENT_NAMED_OTHER, "too many keys")) {
        return false;
    }
    int64_t *keys = x->reading ? calloc(n + 1, sizeof *keys) : ent_named_keys_list(&f->named);
    bool ok = keys || ent_io_no_memory(x);
    for (size_t i = 0; ok && i < n; i++) {
        ent_named named;
        ok = (x->reading || ent_named_keys_at(&f->named, keys[i], &named)) && ent_io_key(x, &shape, &keys[i]);
        int64_t party = ok && !x->reading ? *named.party - 2 : -1;
        int64_t origin = ok && !x->reading ? ent_named_origin(&f->named, &named) : 0;
        ok = ok && ent_io_index(x, &party, -1, (int64_t)p->n_party) && ent_io_i64(x, &origin);
        if (ok && x->reading) {
            ok = ((party < 0 || ent_named_keys_fit(&f->named, &origin, 1)) &&
                  ent_named_keys_at(&f->named, keys[i], &named)) || ent_io_no_memory(x);
            ok = ok && (*named.party == 0 || ent_io_bad(x, "a key comes twice"));
        }
        if (ok && x->reading) {
            *named.party = (uint8_t)(party + 2);
            ent_named_set_origin(&named, party < 0 ? 0 : origin);
        }
    }
    free(keys);
    return ok;
}

bool ent_save_feeds(ent_io *x)
{
    ent_engine *s = x->s;
    for (size_t i = 0; i < s->program->n_feed; i++) {
        ent_feedstate *f = &s->feeds[i];
        if (!io_totals(x, &f->totals) || !io_pending(x, f) || !io_latest(x, f) || !io_named(x, f) ||
            (x->reading && !check_pending(x, f))) {
            return false;
        }
    }
    return true;
}

/* --- spans --- */

/* How many intervals from the end are still of use. */
static size_t first_of_use(const ent_io *x, const ent_spankey *k)
{
    size_t first = 0;
    while (first < k->closed.n && k->closed.v[first].to <= x->oldest) {
        first++;
    }
    return first;
}

static bool is_of_use(const ent_io *x, const ent_spankey *k)
{
    return k->open_from != ENT_NOT_OPEN || first_of_use(x, k) < k->closed.n;
}

/* The same stretches with the rows that made them. */
static bool io_runs(ent_io *x, ent_spankey *k)
{
    size_t first = 0;
    while (!x->reading && first < k->n_runs && k->runs[first].to <= x->oldest) {
        first++;
    }
    size_t n = k->n_runs - first;
    if (!ent_io_count(x, &n, 48)) {
        return false;
    }
    for (size_t i = first; i < first + n; i++) {
        if (x->reading && !ent_io_grow(x, (void **)&k->runs, &k->runs_capacity, k->n_runs++,
                                       sizeof *k->runs)) {
            return false;
        }
        ent_spanrun *run = &k->runs[i];
        if (!ent_io_i64(x, &run->from) || !ent_io_i64(x, &run->to) || !ent_io_row(x, &run->begun) ||
            !ent_io_row(x, &run->ended) ||
            !ent_io_check(x, run->from < run->to && (i == 0 || k->runs[i - 1].to <= run->from),
                          "stretches that overlap")) {
            return false;
        }
    }
    return true;
}

static bool io_spankey(ent_io *x, const ent_key_shape *shape, ent_spankey *k)
{
    ent_intervals rest = k->closed;
    if (!x->reading) {
        size_t first = first_of_use(x, k);
        rest.v = rest.n ? rest.v + first : rest.v;
        rest.n -= first;
    }
    return ent_io_key(x, shape, &k->key) && ent_io_i64(x, &k->open_from) &&
           ent_io_row(x, &k->opened) && ent_io_intervals(x, x->reading ? &k->closed : &rest) &&
           io_runs(x, k);
}

static bool io_span(ent_io *x, ent_spanstate *span, int64_t index)
{
    ent_key_shape shape = ent_key_shape_of_span(x->s->program, index);
    size_t n = 0;
    for (size_t i = 0; !x->reading && i < span->n; i++) {
        n += is_of_use(x, &span->v[i]);
    }
    if (!ent_io_count(x, &n, 16)) {
        return false;
    }
    for (size_t i = 0; !x->reading && i < span->n; i++) {
        if (is_of_use(x, &span->v[i]) && !io_spankey(x, &shape, &span->v[i])) {
            return false;
        }
    }
    for (size_t i = 0; x->reading && i < n; i++) {
        if (!ent_io_grow(x, (void **)&span->v, &span->capacity, span->n, sizeof *span->v)) {
            return false;
        }
        ent_spankey *k = &span->v[span->n++];
        if (!io_spankey(x, &shape, k) || !ent_io_map_put(x, &span->keys, k->key, i)) {
            return false;
        }
    }
    return true;
}

bool ent_save_spans(ent_io *x)
{
    for (size_t i = 0; i < x->s->program->n_span; i++) {
        if (!io_span(x, &x->s->spans[i], (int64_t)i)) {
            return false;
        }
    }
    return true;
}
