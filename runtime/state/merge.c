/* Two engines that only have rows become one: what was pushed into the second is pushed into the
 * first.
 *
 * Until the watermark moves an engine is nothing but its rows, so this is exact: the same as if
 * all rows had gone to one engine, first those of `into`.  Texts have other numbers in each
 * engine and are told again. Tested by tests/unit/test_save.c. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/state.h"

static bool has_only_rows(const ent_engine *s)
{
    return !s->failed && !s->ended && !s->started && !s->giving && s->watermark == INT64_MIN;
}

static bool same_period(const ent_engine *a, const ent_engine *b)
{
    bool same_as_of = a->options.has_as_of == b->options.has_as_of &&
                      (!a->options.has_as_of || a->options.as_of_ns == b->options.as_of_ns);
    return same_as_of && a->from_set == b->from_set && (!a->from_set || a->from == b->from) &&
           a->to_set == b->to_set && a->to == b->to;
}

/* The numbers that `into` has for the texts of a column; NULL: no memory. */
static int64_t *retold(ent_engine *into, const ent_engine *from, const ent_colbuf *column, size_t n)
{
    int64_t *ids = calloc(n + 1, sizeof *ids);
    for (size_t i = 0; ids && i < n; i++) {
        size_t len;
        if (column->absent && column->absent[i]) {
            continue;
        }
        const char *text = ent_strings_get(from->strings, ((const int64_t *)column->data)[i], &len);
        ids[i] = ent_strings_intern(into->strings, text, len);
        if (ids[i] < 0) {
            free(ids);
            ids = NULL;
        }
    }
    return ids;
}

static bool push_pending(ent_engine *into, const ent_engine *from, const ent_feedstate *f,
                         ent_vector *columns, int64_t **texts, ent_fault *error)
{
    const ent_image *p = into->program;
    for (int64_t i = 0; i < f->row->n_fields; i++) {
        const ent_colbuf *c = &f->pending[i];
        columns[i] = (ent_vector){c->cls, c->data, c->absent};
        if (c->n == 0 || p->field[f->row->first_field + i].type != ENT_TYPE_TEXT) {
            continue;
        }
        texts[i] = retold(into, from, c, f->n_pending);
        if (!texts[i]) {
            return ent_no_memory(error);
        }
        columns[i].data = texts[i];
    }
    return ent_engine_push(into, f->index, columns, f->n_pending,
                           f->origin.n ? f->origin.data : NULL, error);
}

static bool merge_feed(ent_engine *into, const ent_engine *from, const ent_feedstate *f,
                       ent_fault *error)
{
    size_t n = (size_t)f->row->n_fields;
    ent_feed_totals *totals = &into->feeds[f->index].totals;
    ent_vector *columns = calloc(n + 1, sizeof *columns);
    int64_t **texts = calloc(n + 1, sizeof *texts);
    bool ok = columns && texts ? f->n_pending == 0 ||
                                     push_pending(into, from, f, columns, texts, error)
                               : ent_no_memory(error);
    for (size_t i = 0; texts && i < n; i++) {
        free(texts[i]);
    }
    free(texts);
    free(columns);
    /* rows that were counted and not kept */
    totals->rows += f->totals.rows - f->n_pending;
    totals->late += f->totals.late;
    totals->unknown += f->totals.unknown;
    return ok;
}

bool ent_engine_merge(ent_engine *into, const ent_engine *from, ent_fault *error)
{
    *error = (ent_fault){.place = -1};
    if (into == from) {
        return ent_fail(into, error, ENT_FAULT_USAGE, "a session cannot be merged with itself");
    }
    if (strcmp(into->program->digest, from->program->digest) != 0) {
        return ent_fail(into, error, ENT_FAULT_USAGE,
                        "sessions of different programs cannot be merged");
    }
    if (!has_only_rows(into) || !has_only_rows(from)) {
        return ent_fail(into, error, ENT_FAULT_USAGE,
                        "only sessions whose watermark has not moved can be merged");
    }
    if (!same_period(into, from)) {
        return ent_fail(into, error, ENT_FAULT_USAGE,
                        "only sessions over one period can be merged");
    }
    bool ok = true;
    for (size_t i = 0; ok && i < into->program->n_feed; i++) {
        ok = into->program->feed[i].kind != 0 || merge_feed(into, from, &from->feeds[i], error);
    }
    into->failed = !ok;
    return ok;
}
