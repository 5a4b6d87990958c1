/* The outcomes of duties as a feed of their own: those that are decided, and those of clocks that have run out
 * and still run, as known at the end of a window; with whose doing each unmet one is, where a replay asks.
 * Tested with duty.c. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/state.h"

void ent_outcome_deinit(ent_outcome *o)
{
    free(o->saved);
    free(o->saved_absent);
    free(o->excess);
}

typedef struct outcome_sink {
    ent_colbuf *columns;
    const ent_feed_row *feed;
    size_t n;
    ent_colbuf *origin;
    bool blames;
    ent_unmet *unmet; /* one a row, if blames are wanted */
    size_t unmet_capacity;
} outcome_sink;

static bool put_blame(outcome_sink *sink, const ent_outcome *o)
{
    if (!sink->blames) {
        return true;
    }
    int64_t place = (int64_t)sink->n;
    ent_vector one = {ENT_CLASS_I, &place, NULL};
    if (!ent_reserve((void **)&sink->unmet, &sink->unmet_capacity, sink->n + 1,
                     sizeof *sink->unmet)) {
        return false;
    }
    ent_unmet *u = &sink->unmet[sink->n];
    *u = (ent_unmet){.over_ns = o->met ? 0 : o->over_ns, .origin = o->origin};
    if (o->n_excess > 0 && !o->met) {
        u->excess = malloc(o->n_excess * sizeof *u->excess);
        if (!u->excess) {
            return false;
        }
        memcpy(u->excess, o->excess, o->n_excess * sizeof *u->excess);
        u->n_excess = o->n_excess;
    }
    return ent_colbuf_append(sink->origin, &one, 0, 1);
}

static bool put(ent_colbuf *column, const void *data, bool absent)
{
    uint8_t flag = absent;
    ent_vector one = {column->cls, (void *)(uintptr_t)data, absent ? &flag : NULL};
    return ent_colbuf_append(column, &one, 0, 1);
}

static bool put_outcome(const ent_dutystate *d, outcome_sink *sink, const ent_outcome *o)
{
    static const int64_t zero[4] = {0};
    uint8_t met = o->met;
    uint8_t excused = o->excused;
    int64_t after = 1 + sink->feed->n_keys;
    size_t saved = 0;
    bool ok = true;
    for (int64_t i = 0; ok && i < sink->feed->n_fields; i++) {
        ent_colbuf *column = &sink->columns[i];
        switch (i == 0 ? 0 : i >= after && i < after + 6 ? i - after + 1 : -1) {
        case 0:
            ok = put(column, &o->at, false);
            break;
        case 1:
            ok = put(column, &o->due, !o->has_due);
            break;
        case 2:
            ok = put(column, &o->done, !o->has_done);
            break;
        case 3:
            ok = put(column, &o->elapsed, false);
            break;
        case 4:
            ok = put(column, &o->allowed, false);
            break;
        case 5:
            ok = put(column, &met, false);
            break;
        case 6:
            ok = put(column, &excused, false);
            break;
        default: {
            bool absent = o->saved_absent[saved];
            ok = put(column, absent ? zero : o->saved + d->saved_offsets[saved], absent);
            saved++;
        }
        }
    }
    ok = ok && put_blame(sink, o);
    sink->n++;
    return ok;
}

static bool version_outcomes(ent_engine *s, ent_dutystate *d, int64_t from, int64_t to,
                             int64_t now, outcome_sink *sink)
{
    for (size_t i = 0; i < d->n_outcomes; i++) {
        const ent_outcome *o = &d->outcomes[i];
        if (o->at >= from && o->at < to && !put_outcome(d, sink, o)) {
            return false;
        }
    }
    for (size_t i = 0; i < d->n_clocks; i++) {
        ent_clock *c = d->clocks[i];
        ent_standing st;
        if (!ent_clockstate_stand(s, d, c, c->state == ENT_CLOCK_WAITING ? c->discharged_at : now, &st)) {
            return false;
        }
        if (!st.over || st.runout < from || st.runout >= to) {
            continue;
        }
        uint8_t *absent = NULL;
        int64_t *saved = ent_clock_saved(d, c, &absent);
        ent_outcome o = {.at = st.runout,
                         .due = st.due,
                         .has_due = st.has_due,
                         .done = c->discharged_at,
                         .has_done = c->state == ENT_CLOCK_WAITING,
                         .elapsed = st.elapsed,
                         .allowed = c->allowed_ns,
                         .excused = st.excused,
                         .saved = saved,
                         .saved_absent = absent,
                         .over_ns = st.elapsed - c->allowed_ns,
                         .origin = c->origin};
        ent_blame blame = {0};
        int64_t upto = c->state == ENT_CLOCK_WAITING ? c->discharged_at : now;
        bool ok = !sink->blames || ent_clockstate_blame(s, d, c, upto, &blame);
        o.excess = blame.excess;
        o.n_excess = blame.n;
        ok = ok && put_outcome(d, sink, &o);
        ent_blame_deinit(s, &blame);
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool ent_dutystate_outcomes(ent_engine *s, int64_t duty, int64_t from, int64_t to, int64_t now,
                            ent_feedstate *outcomes, ent_unmet **blames, ent_fault *error)
{
    outcome_sink sink = {.columns = outcomes->pending,
                         .feed = outcomes->row,
                         .origin = &outcomes->origin,
                         .blames = blames != NULL};
    bool ok = true;
    for (int64_t i = s->duties[duty].head; ok && i >= 0; i = s->duties[i].next_version) {
        ok = s->duties[i].row->outcome_feed < 0 ||
             version_outcomes(s, &s->duties[i], from, to, now, &sink);
    }
    outcomes->n_pending = sink.n;
    if (!ok) {
        for (size_t i = 0; sink.unmet && i < sink.origin->n; i++) {
            free(sink.unmet[i].excess);
        }
        free(sink.unmet);
        return ent_no_memory(error);
    }
    if (blames) {
        *blames = sink.unmet;
    }
    return true;
}

void ent_dutystate_forget(ent_dutystate *d, int64_t before)
{
    size_t kept = 0;
    for (size_t i = 0; i < d->n_outcomes; i++) {
        if (d->outcomes[i].at < before) {
            ent_outcome_deinit(&d->outcomes[i]);
        } else {
            d->outcomes[kept++] = d->outcomes[i];
        }
    }
    d->n_outcomes = kept;
}
