/* Who has a clock's key when, and the clocks of others within it that are their allowances; see blame.c.
 *
 * Everything is kept as it comes: from the clock's list of holders and the clocks that ended a breach works out whose
 * doing it is.  Duties that are linked so move through a slice together, in the order of events. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/duty_private.h"

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

bool ent_same_key_fields(const ent_image *p, const ent_spanuse_row *use, const ent_feed_row *feed)
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
    return found && !d->row->retroactive && ent_same_key_fields(s->program, use, &s->program->feed[d->row->feed]);
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

/* Tells leaders the spans that only their members' clocks ask for. */
static bool list_spans(ent_engine *s)
{
    for (size_t i = 0; i < s->program->n_span; i++) {
        ent_dutystate *leader = s->spans[i].clocks < 0 ? NULL : &s->duties[s->spans[i].clocks];
        if (leader && !leader->spans && !(leader->spans = calloc(s->program->n_span, sizeof *leader->spans))) {
            return false;
        }
        if (leader) {
            leader->spans[leader->n_spans++] = (int64_t)i;
        }
    }
    return true;
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
    return list_spans(s);
}

/* --- holders --- */

/* Most clocks have one holder, which lies behind them, and most others a few. */
enum { HOLDS_A_PIECE = 4, PIECES_A_BLOCK = 64 };

static ent_hold *new_piece(ent_dutystate *d)
{
    if (!d->spare_holds) {
        ent_hold *piece = ent_duty_block(d, PIECES_A_BLOCK * HOLDS_A_PIECE * sizeof *piece);
        for (size_t i = 0; piece && i < PIECES_A_BLOCK; i++, piece += HOLDS_A_PIECE) {
            memcpy((void *)piece, &d->spare_holds, sizeof d->spare_holds);
            d->spare_holds = piece;
        }
    }
    ent_hold *piece = d->spare_holds;
    if (piece) {
        memcpy(&d->spare_holds, (void *)piece, sizeof d->spare_holds);
    }
    return piece;
}

void ent_holds_free(ent_dutystate *d, ent_holds *holds)
{
    if (holds->memory == ENT_HOLDS_OF_DUTY) {
        memcpy((void *)holds->v, &d->spare_holds, sizeof d->spare_holds);
        d->spare_holds = holds->v;
    } else if (holds->memory == ENT_HOLDS_ALLOCATED) {
        free(holds->v);
    }
}

bool ent_holds_reserve(ent_dutystate *d, ent_holds *holds, uint32_t need)
{
    if (need <= holds->capacity) {
        return true;
    }
    bool piece = holds->memory == ENT_HOLDS_OF_CLOCK && need <= HOLDS_A_PIECE;
    uint32_t capacity = piece                         ? HOLDS_A_PIECE
                        : 2 * holds->capacity > need ? 2 * holds->capacity
                                                      : need;
    ent_hold *v = piece ? new_piece(d) : malloc(capacity * sizeof *v);
    if (!v) {
        return false;
    }
    if (holds->n > 0) {
        memcpy(v, holds->v, holds->n * sizeof *v);
    }
    ent_holds_free(d, holds);
    *holds = (ent_holds){.v = v,
                         .n = holds->n,
                         .capacity = capacity & (INT32_MAX >> 1),
                         .memory = piece ? ENT_HOLDS_OF_DUTY : ENT_HOLDS_ALLOCATED};
    return true;
}

bool ent_holds_take(ent_engine *s, ent_dutystate *d, ent_holds *holds, const ent_event *e)
{
    if (holds->n > 0 && holds->v[holds->n - 1].party == e->holder) {
        return true;
    }
    int64_t origin = e->gives ? e->origin : ent_feedstate_giver(&s->feeds[e->feed], e->lane);
    if (holds->n > 0 && holds->v[holds->n - 1].at == e->at) {
        holds->v[holds->n - 1] = (ent_hold){e->at, e->holder, origin};
        return true;
    }
    if (holds->n == holds->capacity && !ent_holds_reserve(d, holds, holds->n + 1)) {
        return false;
    }
    holds->v[holds->n++] = (ent_hold){e->at, e->holder, origin};
    return true;
}

bool ent_clock_hold(ent_engine *s, ent_dutystate *d, ent_clock *c, const ent_event *e)
{
    if (e->holder == c->holder) {
        return true;
    }
    c->holder = e->holder;
    return ent_holds_take(s, d, &c->holds, e);
}

const ent_hold *ent_hold_at(const ent_holds *holds, int64_t at)
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

void ent_clocks_forget(ent_engine *s, const ent_dutystate *d, int64_t key, int64_t now)
{
    const ent_dutystate *leader = &s->duties[d->leader];
    for (size_t i = 0; i < leader->n_members; i++) {
        const ent_dutystate *m = &s->duties[leader->members[i]];
        if (m->row->retroactive || ent_clock_of(m, key)) {
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
    for (size_t i = 0; i < leader->n_spans; i++) {
        ent_span_forget(&s->spans[leader->spans[i]], key, now);
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
    return ent_clockstate_due(s, d, c, c->allowed_ns, upto, &has_due, &due, &has_runout, &runout) &&
           add_cover(runs, overdue, (ent_cover){c->start, end, due, has_due}, upto);
}

bool ent_allowance_of(ent_engine *s, const ent_dutystate *d, int64_t party, int64_t key, int64_t upto,
                      ent_intervals *out)
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
        const ent_clock *running = ent_clock_of(other, key);
        ok = ok && (!running || add_running(s, other, running, upto, &runs, &overdue));
    }
    ok = ok && ent_intervals_subtract(out, &runs, &overdue);
    ent_intervals_deinit(&runs);
    ent_intervals_deinit(&overdue);
    return ok;
}
