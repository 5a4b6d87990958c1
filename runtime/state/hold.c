/* Whose time a duty's clock was: holders, spans `caused by`, and the allowances that others had within it.
 *
 * Each stretch of net time has a set of causing parties: those of the spans `caused by` it lies in, else the
 * holder as of the last row, else the duty's own party. A stretch of another party is within its allowance
 * while a clock of its own duty on the key runs and no such clock is past its due; the duty's own party has
 * what is left of the allowance after the others' time within theirs. The rest is excess: net time that would
 * not have been had the stretch's parties performed. A stretch with several causes is excess only where it
 * is for each of them, since any of them alone would have kept it.
 *
 *     net     |-------------------------------|
 *     holder  | own  |  NetCo      |  own     |
 *     OLA            |--due                       within up to due, excess after it
 *
 * Everything is computed when a breach is decided, from the clock's list of holders and the clocks that
 * ended; duties that are linked so move through a slice together, in the order of events.
 * Oracle: tests/oracle/accountability.py. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/state.h"

/* --- links --- */

static bool same_key(const ent_image *p, const ent_duty_row *a, const ent_duty_row *b)
{
    const ent_feed_row *x = &p->feed[a->feed];
    const ent_feed_row *y = &p->feed[b->feed];
    if (a->feed == b->feed) {
        return true;
    }
    bool same = x->n_keys == y->n_keys;
    for (int64_t i = 0; same && i < x->n_keys; i++) {
        const ent_field_row *f = &p->field[x->first_field + p->keyfield[x->first_key + i].field];
        const ent_field_row *g = &p->field[y->first_field + p->keyfield[y->first_key + i].field];
        same = f->name == g->name && f->type == g->type && f->param == g->param;
    }
    return same;
}

/* A provider's allowances are its OLA duties; a client's duties stand in any agreement. */
static bool may_serve(const ent_image *p, const ent_duty_row *other, const ent_duty_row *duty)
{
    bool client = p->party[other->party].role == ENT_PARTY_CLIENT;
    return other->party != duty->party && same_key(p, other, duty) &&
           (client || p->agreement[other->agreement].kind == ENT_AGREEMENT_OLA);
}

static bool is_with(const ent_image *p, const ent_duty_row *other, int64_t party)
{
    const ent_agreement_row *a = &p->agreement[other->agreement];
    return a->supplier == party || a->customer == party;
}

/* Of several duties of one party, those agreed with the duty's own party count, if there are any. */
static bool is_preferred(const ent_engine *s, const ent_dutystate *d, size_t candidate)
{
    const ent_image *p = s->program;
    const ent_duty_row *other = &p->duty[candidate];
    if (is_with(p, other, d->row->party)) {
        return true;
    }
    for (size_t i = 0; i < p->n_duty; i++) {
        if (p->duty[i].party == other->party && may_serve(p, &p->duty[i], d->row) &&
            is_with(p, &p->duty[i], d->row->party)) {
            return false;
        }
    }
    return true;
}

static bool find_allowances(ent_engine *s, ent_dutystate *d)
{
    const ent_image *p = s->program;
    d->allowances = calloc(p->n_duty + 1, sizeof *d->allowances);
    if (!d->allowances) {
        return false;
    }
    for (size_t i = 0; i < p->n_duty; i++) {
        if (may_serve(p, &p->duty[i], d->row) && is_preferred(s, d, i)) {
            d->allowances[d->n_allowances++] = (int64_t)i;
            s->duties[i].serves = true;
        }
    }
    return true;
}

static int64_t leader_of(ent_engine *s, int64_t i)
{
    while (s->duties[i].leader != i) {
        i = s->duties[i].leader;
    }
    return i;
}

static void join(ent_engine *s, int64_t a, int64_t b)
{
    a = leader_of(s, a);
    b = leader_of(s, b);
    if (a < b) {
        s->duties[b].leader = a;
    } else {
        s->duties[a].leader = b;
    }
}

/* Spans that stop the duty's clocks, or say whose time it is, are facts with rows of their own. */
static void keep_rows(ent_engine *s, const ent_dutystate *d)
{
    for (size_t i = 0; i < d->n_uses; i++) {
        bool matters = i < d->first_excused_use || i >= d->first_cause_use;
        if (matters && d->uses[i]->calendar < 0) {
            s->spans[d->uses[i]->span].keeps_rows = true;
        }
    }
}

static bool same_fields(const ent_image *p, const ent_spanuse_row *use, const ent_feed_row *feed)
{
    bool same = use->n_keys == feed->n_keys;
    for (int64_t i = 0; same && i < use->n_keys; i++) {
        same = p->keyfield[use->first_key + i].field == p->keyfield[feed->first_key + i].field;
    }
    return same;
}

/* Whether the use is one of the duty's clocks, by their own key, none of which begins in the past. */
static bool is_of_clocks(const ent_engine *s, const ent_dutystate *d, const ent_spanuse_row *use)
{
    bool found = false;
    for (size_t i = 0; i < d->n_uses && !found; i++) {
        found = d->uses[i] == use;
    }
    return found && !d->row->retroactive && same_fields(s->program, use, &s->program->feed[d->row->feed]);
}

/* The leader of the duties that alone use the span, by the keys of their clocks; -1 if others do, too. */
static int64_t clocks_of_span(ent_engine *s, int64_t span)
{
    const ent_image *p = s->program;
    int64_t leader = -1;
    for (size_t i = 0; i < p->n_fold; i++) {
        if (p->fold[i].span == span) {
            return -1;
        }
    }
    for (size_t i = 0; i < p->n_spanuse; i++) {
        const ent_spanuse_row *use = &p->spanuse[i];
        int64_t by = -1;
        if (use->calendar >= 0 || use->span != span) {
            continue;
        }
        for (size_t k = 0; k < p->n_duty && by < 0; k++) {
            by = is_of_clocks(s, &s->duties[k], use) ? leader_of(s, (int64_t)k) : -1;
        }
        if (by < 0 || (leader >= 0 && by != leader)) {
            return -1;
        }
        leader = by;
    }
    return leader;
}

bool ent_duties_link(ent_engine *s)
{
    size_t n = s->program->n_duty;
    for (size_t i = 0; i < n; i++) {
        s->duties[i].leader = (int64_t)i;
    }
    for (size_t i = 0; i < n; i++) {
        ent_dutystate *d = &s->duties[i];
        if (!find_allowances(s, d)) {
            return false;
        }
        join(s, d->head, (int64_t)i);
        for (size_t k = 0; k < d->n_allowances; k++) {
            join(s, (int64_t)i, d->allowances[k]);
        }
        keep_rows(s, d);
    }
    for (size_t i = 0; i < s->program->n_span; i++) {
        s->spans[i].clocks = clocks_of_span(s, (int64_t)i);
    }
    for (size_t i = 0; i < n; i++) {
        s->duties[i].leader = leader_of(s, (int64_t)i);
        ent_dutystate *leader = &s->duties[s->duties[i].leader];
        if (!leader->members && !(leader->members = calloc(n, sizeof *leader->members))) {
            return false;
        }
        leader->members[leader->n_members++] = (int64_t)i;
    }
    return true;
}

/* --- holders --- */

bool ent_holds_reserve(ent_holds *holds, uint32_t need)
{
    if (need <= holds->capacity) {
        return true;
    }
    uint32_t capacity = 2 * holds->capacity > need ? 2 * holds->capacity : need;
    ent_hold *v = realloc(holds->borrowed ? NULL : holds->v, capacity * sizeof *v);
    if (!v) {
        return false;
    }
    if (holds->borrowed) {
        memcpy(v, holds->v, holds->n * sizeof *v);
    }
    *holds = (ent_holds){.v = v, .n = holds->n, .capacity = capacity & INT32_MAX};
    return true;
}

bool ent_holds_take(ent_engine *s, const ent_dutystate *d, ent_holds *holds, size_t lane,
                    int64_t at)
{
    const ent_feedstate *f = &s->feeds[d->row->feed];
    const ent_colbuf *column = &f->pending[f->row->holder];
    int64_t party = -1;
    if (column->n > lane && !(column->absent && column->absent[lane])) {
        party = ((const int64_t *)column->data)[lane];
    }
    int64_t origin = f->origin.n > lane ? ((const int64_t *)f->origin.data)[lane] : 0;
    if (holds->n > 0 && holds->v[holds->n - 1].party == party) {
        return true;
    }
    if (holds->n > 0 && holds->v[holds->n - 1].at == at) {
        holds->v[holds->n - 1] = (ent_hold){at, party, origin};
        return true;
    }
    if (!ent_holds_reserve(holds, holds->n + 1)) {
        return false;
    }
    holds->v[holds->n++] = (ent_hold){at, party, origin};
    return true;
}

static const ent_hold *hold_at(const ent_holds *holds, int64_t at)
{
    const ent_hold *found = NULL;
    for (size_t i = 0; i < holds->n && holds->v[i].at <= at; i++) {
        found = &holds->v[i];
    }
    return found;
}

/* --- allowances --- */

bool ent_covers_add(ent_dutystate *d, const ent_clock *c, int64_t end, bool has_due, int64_t due)
{
    if (c->start == INT64_MIN) {
        return true; /* it never counted */
    }
    uint32_t *place = ent_map_at(&d->covered, c->key);
    if (!place) {
        return false;
    }
    if (*place == ENT_MAP_NONE) {
        if (!ent_reserve((void **)&d->covers, &d->covers_capacity, d->n_covers + 1,
                         sizeof *d->covers)) {
            return false;
        }
        *place = (uint32_t)d->n_covers++;
        d->covers[*place] = (ent_covers){0};
    }
    ent_covers *covers = &d->covers[*place];
    if (!ent_reserve((void **)&covers->v, &covers->capacity, covers->n + 1, sizeof *covers->v)) {
        return false;
    }
    covers->v[covers->n++] = (ent_cover){c->start, end, due, has_due};
    return true;
}

static ent_covers *covers_of(const ent_dutystate *d, int64_t key)
{
    uint32_t at = ent_map_get(&d->covered, key);
    return at == ENT_MAP_NONE ? NULL : &d->covers[at];
}

static const ent_clock *clock_of(const ent_dutystate *d, int64_t key)
{
    uint32_t at = ent_map_get(&d->running, key);
    return at == ENT_MAP_NONE ? NULL : d->clocks[at];
}

void ent_clocks_forget(ent_engine *s, const ent_dutystate *d, int64_t key, int64_t now)
{
    const ent_dutystate *leader = &s->duties[d->leader];
    for (size_t i = 0; i < leader->n_members; i++) {
        const ent_dutystate *m = &s->duties[leader->members[i]];
        if (m->row->retroactive || clock_of(m, key)) {
            return;
        }
    }
    for (size_t i = 0; i < leader->n_members; i++) {
        ent_covers *covers = covers_of(&s->duties[leader->members[i]], key);
        if (covers) {
            free(covers->v);
            *covers = (ent_covers){0};
        }
    }
    for (size_t i = 0; i < s->program->n_span; i++) {
        if (s->spans[i].clocks == d->leader) {
            ent_span_forget(&s->spans[i], key, now);
        }
    }
}

/* Adds [from, end) to what clocks cover, and what is past its due to what they do not. */
static bool add_cover(ent_intervals *runs, ent_intervals *overdue, ent_cover c, int64_t upto)
{
    int64_t end = c.end < upto ? c.end : upto;
    return ent_intervals_add(runs, c.from, end) &&
           (!c.has_due || ent_intervals_add(overdue, c.due > c.from ? c.due : c.from, end));
}

static bool add_running(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t upto,
                        ent_intervals *runs, ent_intervals *overdue)
{
    bool has_due;
    bool has_runout;
    int64_t due;
    int64_t runout;
    int64_t end = c->state == ENT_CLOCK_WAITING ? c->discharged_at : upto;
    if (c->start == INT64_MIN) {
        return true;
    }
    return ent_clockstate_due(s, d, c, upto, &has_due, &due, &has_runout, &runout) &&
           add_cover(runs, overdue, (ent_cover){c->start, end, due, has_due}, upto);
}

/* When the party was within an allowance of its own on the key, as known at `upto`. */
static bool allowance_of(ent_engine *s, const ent_dutystate *d, int64_t party, int64_t key,
                         int64_t upto, ent_intervals *out)
{
    ent_intervals runs = {0};
    ent_intervals overdue = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < d->n_allowances; i++) {
        const ent_dutystate *other = &s->duties[d->allowances[i]];
        if (other->row->party != party) {
            continue;
        }
        const ent_covers *covers = covers_of(other, key);
        for (size_t k = 0; ok && covers && k < covers->n; k++) {
            ok = add_cover(&runs, &overdue, covers->v[k], upto);
        }
        const ent_clock *running = clock_of(other, key);
        ok = ok && (!running || add_running(s, other, running, upto, &runs, &overdue));
    }
    ok = ok && ent_intervals_subtract(out, &runs, &overdue);
    ent_intervals_deinit(&runs);
    ent_intervals_deinit(&overdue);
    return ok;
}

/* --- blame --- */

/* What is known about one party while a clock is looked at. */
typedef struct party_time {
    int64_t party;
    ent_intervals within;
} party_time;

typedef struct work {
    ent_engine *s;
    const ent_dutystate *d;
    const ent_clock *c;
    int64_t upto;
    ent_intervals slices;
    ent_intervals *caused; /* one a cause of the duty */
    party_time *parties;   /* the others that are met with */
    size_t n_parties, parties_capacity;
    int64_t *cuts;
    size_t n_cuts, cuts_capacity;
    int64_t left; /* of the own party's allowance */
    ent_blame *out;
} work;

static uint64_t bit_of(int64_t party)
{
    return UINT64_C(1) << party;
}

/* The parties of the spans `caused by` that the clock's key is in. */
static uint64_t span_causes_at(const work *w, int64_t at)
{
    uint64_t set = 0;
    for (int64_t i = 0; i < w->d->row->n_causes; i++) {
        if (ent_intervals_contains(&w->caused[i], at)) {
            const ent_spanuse_row *use = w->d->uses[w->d->first_cause_use + (size_t)i];
            set |= bit_of(w->s->program->span[use->span].cause);
        }
    }
    return set;
}

static uint64_t causes_at(const work *w, int64_t at)
{
    uint64_t spans = span_causes_at(w, at);
    if (spans) {
        return spans;
    }
    const ent_hold *hold = hold_at(&w->c->holds, at);
    return bit_of(hold && hold->party >= 0 ? hold->party : w->d->row->party);
}

static bool add_cut(work *w, int64_t at)
{
    if (!ent_reserve((void **)&w->cuts, &w->cuts_capacity, w->n_cuts + 1, sizeof *w->cuts)) {
        return false;
    }
    w->cuts[w->n_cuts++] = at;
    return true;
}

static bool cut_at(work *w, const ent_intervals *set)
{
    for (size_t i = 0; i < set->n; i++) {
        if (!add_cut(w, set->v[i].from) || !add_cut(w, set->v[i].to)) {
            return false;
        }
    }
    return true;
}

static int compare_instants(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static bool meet_party(work *w, int64_t party)
{
    for (size_t i = 0; i < w->n_parties; i++) {
        if (w->parties[i].party == party) {
            return true;
        }
    }
    if (!ent_reserve((void **)&w->parties, &w->parties_capacity, w->n_parties + 1,
                     sizeof *w->parties)) {
        return false;
    }
    party_time *p = &w->parties[w->n_parties++];
    *p = (party_time){.party = party};
    return allowance_of(w->s, w->d, party, w->c->key, w->upto, &p->within) &&
           cut_at(w, &p->within);
}

static bool prepare(work *w)
{
    const ent_dutystate *d = w->d;
    const ent_clock *c = w->c;
    bool ok = ent_clockstate_slices(w->s, d, c, w->upto, &w->slices);
    w->caused = calloc((size_t)d->row->n_causes + 1, sizeof *w->caused);
    ok = ok && w->caused != NULL;
    for (int64_t i = 0; ok && i < d->row->n_causes; i++) {
        size_t use = d->first_cause_use + (size_t)i;
        if (ent_clock_key(d, c, use) == INT64_MIN) {
            continue;
        }
        ok = ent_use_collect(w->s, d->uses[use], ent_clock_key(d, c, use), c->start, w->upto,
                             &w->caused[i]) &&
             cut_at(w, &w->caused[i]);
        int64_t party = w->s->program->span[d->uses[use]->span].cause;
        ok = ok && (party == d->row->party || w->caused[i].n == 0 || meet_party(w, party));
    }
    for (size_t i = 0; ok && i < c->holds.n; i++) {
        int64_t party = c->holds.v[i].party;
        ok = add_cut(w, c->holds.v[i].at) &&
             (party < 0 || party == d->row->party || meet_party(w, party));
    }
    if (ok && w->n_cuts > 1) {
        qsort(w->cuts, w->n_cuts, sizeof *w->cuts, compare_instants);
    }
    return ok;
}

/* Whether the party is beyond every allowance of its own. */
static bool exceeds(const work *w, int64_t party, int64_t at)
{
    for (size_t i = 0; i < w->n_parties; i++) {
        if (w->parties[i].party == party) {
            return !ent_intervals_contains(&w->parties[i].within, at);
        }
    }
    return true;
}

static bool others_exceed(const work *w, uint64_t causes, int64_t at)
{
    bool all = true;
    for (size_t i = 0; i < w->n_parties; i++) {
        bool is_cause = causes & bit_of(w->parties[i].party);
        all = all && (!is_cause || exceeds(w, w->parties[i].party, at));
    }
    return all;
}

static bool add_excess(ent_blame *out, uint64_t causes, int64_t ns)
{
    for (size_t i = 0; i < out->n; i++) {
        if (out->excess[i].causes == causes) {
            out->excess[i].ns += ns;
            return true;
        }
    }
    if (!ent_reserve((void **)&out->excess, &out->capacity, out->n + 1, sizeof *out->excess)) {
        return false;
    }
    out->excess[out->n++] = (ent_excess){causes, ns};
    return true;
}

/* The rows by which the stretch at `from` is whose it is: those of the span, or the one that gave it its holder. */
static ent_spanrun rows_at(const work *w, int64_t from)
{
    const ent_dutystate *d = w->d;
    const ent_hold *hold = hold_at(&w->c->holds, from);
    ent_spanrun run;
    for (int64_t i = 0; i < d->row->n_causes; i++) {
        size_t use = d->first_cause_use + (size_t)i;
        if (ent_intervals_contains(&w->caused[i], from) &&
            ent_span_run_after(&w->s->spans[d->uses[use]->span], ent_clock_key(d, w->c, use), from, &run)) {
            return run;
        }
    }
    return (ent_spanrun){.begun = {hold ? hold->origin : w->c->origin, (int32_t)d->row->feed}};
}

static bool put_fact(ent_blame *out, ent_blame_fact fact)
{
    if (!ent_reserve((void **)&out->facts, &out->facts_capacity, out->n_facts + 1,
                     sizeof *out->facts)) {
        return false;
    }
    out->facts[out->n_facts++] = fact;
    return true;
}

static bool add_fact(work *w, int64_t from, int64_t to, uint64_t causes, bool beyond)
{
    ent_blame *out = w->out;
    ent_spanrun rows = rows_at(w, from);
    ent_rowref ended = rows.to == to ? rows.ended : (ent_rowref){0, -1};
    ent_blame_fact *last = out->n_facts ? &out->facts[out->n_facts - 1] : NULL;
    if (last && last->to == from && last->causes == causes && last->beyond == beyond) {
        last->to = to;
        last->ended = ended;
        return true;
    }
    return put_fact(out, (ent_blame_fact){from, to, rows.begun, ended, causes, -1, beyond});
}

/* The time in spans that stop the clock. */
static bool add_pauses(work *w)
{
    const ent_dutystate *d = w->d;
    bool ok = true;
    for (size_t i = 0; ok && i < d->first_excused_use; i++) {
        int64_t key = ent_clock_key(w->d, w->c, i);
        ent_spanrun run;
        if (d->uses[i]->calendar >= 0 || key == INT64_MIN) {
            continue;
        }
        const ent_spanstate *span = &w->s->spans[d->uses[i]->span];
        for (int64_t at = w->c->start; ok && ent_span_run_after(span, key, at, &run) &&
                                       run.from < w->upto; at = run.to) {
            int64_t from = run.from > w->c->start ? run.from : w->c->start;
            bool whole = run.to <= w->upto;
            ok = put_fact(w->out,
                          (ent_blame_fact){.from = from,
                                           .to = whole ? run.to : w->upto,
                                           .begun = run.begun,
                                           .ended = whole ? run.ended : (ent_rowref){0, -1},
                                           .span = d->uses[i]->span});
        }
    }
    return ok;
}

static int compare_facts(const void *a, const void *b)
{
    const ent_blame_fact *x = a;
    const ent_blame_fact *y = b;
    if (x->from != y->from) {
        return x->from < y->from ? -1 : 1;
    }
    return x->span < y->span ? -1 : x->span > y->span;
}

/* Counts [from, to) to its parties; what is beyond for each of them is excess of the set. */
static bool count(work *w, int64_t from, int64_t to, uint64_t causes, bool own_beyond)
{
    bool all = true;
    if (from >= to) {
        return true;
    }
    for (size_t i = 0; i < w->s->program->n_party; i++) {
        if (causes & bit_of((int64_t)i)) {
            bool own = (int64_t)i == w->d->row->party;
            bool beyond = own ? own_beyond : exceeds(w, (int64_t)i, from);
            w->out->held[i] += to - from;
            w->out->over[i] += beyond ? to - from : 0;
            all = all && beyond;
        }
    }
    return add_fact(w, from, to, causes, all) && (!all || add_excess(w->out, causes, to - from));
}

/* One stretch within which nothing changes. The own party's time counts in the order in which it passes. */
static bool take_stretch(work *w, int64_t from, int64_t to, bool measure_only)
{
    uint64_t causes = causes_at(w, from);
    bool own = causes & bit_of(w->d->row->party);
    if (measure_only) {
        w->left -= own || others_exceed(w, causes, from) ? 0 : to - from;
        return true;
    }
    int64_t within = !own ? 0 : to - from < w->left ? to - from : w->left;
    w->left -= within;
    return count(w, from, from + within, causes, false) &&
           count(w, from + within, to, causes, true);
}

static bool take_stretches(work *w, bool measure_only)
{
    size_t cut = 0;
    for (size_t i = 0; i < w->slices.n; i++) {
        int64_t from = w->slices.v[i].from;
        int64_t to = w->slices.v[i].to;
        while (from < to) {
            while (cut < w->n_cuts && w->cuts[cut] <= from) {
                cut++;
            }
            int64_t end = cut < w->n_cuts && w->cuts[cut] < to ? w->cuts[cut] : to;
            if (!take_stretch(w, from, end, measure_only)) {
                return false;
            }
            from = end;
        }
    }
    return true;
}

bool ent_clockstate_blame(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t upto,
                          ent_blame *out)
{
    size_t n_party = s->program->n_party + 1;
    work w = {.s = s, .d = d, .c = c, .upto = upto, .left = c->allowed_ns, .out = out};
    *out = (ent_blame){.held = calloc(n_party, sizeof *out->held),
                       .over = calloc(n_party, sizeof *out->over)};
    bool ok = out->held && out->over && prepare(&w) && take_stretches(&w, true);
    w.left = w.left < 0 ? 0 : w.left;
    ok = ok && take_stretches(&w, false) && add_pauses(&w);
    if (ok && out->n_facts > 1) {
        qsort(out->facts, out->n_facts, sizeof *out->facts, compare_facts);
    }
    for (size_t i = 0; i < w.n_parties; i++) {
        ent_intervals_deinit(&w.parties[i].within);
    }
    for (int64_t i = 0; w.caused && i < d->row->n_causes; i++) {
        ent_intervals_deinit(&w.caused[i]);
    }
    ent_intervals_deinit(&w.slices);
    free(w.parties);
    free(w.caused);
    free(w.cuts);
    return ok;
}

void ent_blame_deinit(ent_blame *b)
{
    free(b->excess);
    free(b->held);
    free(b->over);
    free(b->facts);
    *b = (ent_blame){0};
}

/* --- the answer for one clock --- */

typedef struct clock_game {
    const ent_blame *blame;
    const ent_answer *answer; /* whose parts are the players */
    int64_t over_ns;
} clock_game;

/* What all of the parties in the set must perform to leave out. */
static int64_t excess_of(const ent_blame *blame, uint64_t set)
{
    int64_t ns = 0;
    for (size_t i = 0; i < blame->n; i++) {
        ns += (blame->excess[i].causes & ~set) == 0 ? blame->excess[i].ns : 0;
    }
    return ns;
}

static bool clock_shortfall(void *user, ent_big_pool *pool, uint64_t performing, ent_bigq *v,
                            bool *breach)
{
    const clock_game *g = user;
    uint64_t set = 0;
    for (size_t i = 0; i < g->answer->n_parts; i++) {
        set |= (performing >> i) & 1 ? bit_of(g->answer->parts[i].party) : 0;
    }
    int64_t left = g->over_ns - excess_of(g->blame, set);
    left = left < 0 ? 0 : left;
    *breach = left > 0;
    *v = ent_bigq_from(pool, ent_q_from_i64(left));
    return !pool->failed;
}

static ent_fact clock_fact(ent_fact_kind kind, int64_t at, ent_rowref row)
{
    return (ent_fact){.feed = row.feed,
                      .origin = row.origin,
                      .until_feed = -1,
                      .from_ns = at,
                      .to_ns = at,
                      .subject = -1,
                      .root = -1,
                      .span = -1,
                      .kind = (uint8_t)kind};
}

static bool add_facts(ent_answer *a, const ent_dutystate *d, const ent_clock *c,
                      const ent_blame *blame, bool has_done)
{
    ent_rowref begun = {c->origin, (int32_t)d->row->feed};
    bool ok = ent_answer_fact(a, clock_fact(ENT_FACT_TRIGGER, c->trigger_at, begun)) &&
              (!has_done ||
               ent_answer_fact(a, clock_fact(ENT_FACT_STOPPED, c->discharged_at, c->discharged)));
    for (size_t i = 0; ok && i < blame->n_facts; i++) {
        const ent_blame_fact *f = &blame->facts[i];
        ent_fact fact = clock_fact(f->span >= 0 ? ENT_FACT_PAUSED
                                   : f->beyond  ? ENT_FACT_EXCESS
                                                : ENT_FACT_HELD,
                                   f->from, f->begun);
        fact.to_ns = f->to;
        fact.until_feed = f->ended.feed;
        fact.until_origin = f->ended.origin;
        fact.span = (int32_t)f->span;
        fact.causes = f->causes;
        ok = ent_answer_fact(a, fact);
    }
    return ok;
}

ent_answer *ent_blame_answer(ent_engine *s, const ent_dutystate *d, const ent_clock *c,
                             const ent_blame *blame, bool has_done, int64_t upto,
                             int64_t over_ns)
{
    size_t n_party = s->program->n_party;
    size_t n = 0;
    for (size_t i = 0; i < n_party; i++) {
        n += blame->over[i] > 0;
    }
    ent_answer *a = ent_answer_new(n);
    if (!a) {
        return NULL;
    }
    n = 0;
    for (size_t i = 0; i < n_party; i++) {
        if (blame->over[i] > 0) {
            a->parts[n++].party = (int64_t)i;
        }
    }
    clock_game g = {blame, a, over_ns};
    if (!add_facts(a, d, c, blame, has_done) || !ent_judge_answer(s, upto, a,
                          clock_shortfall, &g)) {
        ent_answer_free(a);
        return NULL;
    }
    for (size_t i = 0; i < a->n_parts; i++) {
        int64_t net = c->allowed_ns + over_ns - excess_of(blame, bit_of(a->parts[i].party));
        a->parts[i].has_without = true;
        a->parts[i].without = ent_q_from_i64(net);
    }
    for (size_t i = 0; i < n_party; i++) {
        ent_part *part = blame->held[i] > 0 ? ent_answer_part(a, (int64_t)i) : NULL;
        if (blame->held[i] > 0 && !part) {
            ent_answer_free(a);
            return NULL;
        }
        if (part) {
            part->has_times = true;
            part->held_ns = blame->held[i];
            part->excess_ns = blame->over[i];
        }
    }
    return a;
}
