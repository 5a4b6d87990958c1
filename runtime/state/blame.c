/* Whose time a duty's clock was: holders, spans `caused by`, and the allowances that others had within it; see hold.c.
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

#include "runtime/state/duty_private.h"

/* --- blame --- */

/* What is known about one party while a clock is looked at. */
typedef struct party_time {
    int64_t party;
    ent_intervals within;
} party_time;

/* The engine has one, whose memory is used again for each breach. */
typedef struct ent_blaming {
    ent_engine *s;
    const ent_dutystate *d;
    const ent_clock *c;
    int64_t upto;
    ent_intervals slices;
    ent_intervals *caused; /* one a cause of the duty */
    size_t caused_capacity;
    party_time *parties;   /* the others that are met with */
    size_t n_parties, parties_made, parties_capacity;
    int64_t *cuts;
    size_t n_cuts, cuts_capacity;
    int64_t left; /* of the own party's allowance */
    ent_blame *out;
} work;

void ent_blaming_free(struct ent_blaming *w)
{
    if (!w) {
        return;
    }
    for (size_t i = 0; i < w->parties_made; i++) {
        ent_intervals_deinit(&w->parties[i].within);
    }
    for (size_t i = 0; i < w->caused_capacity; i++) {
        ent_intervals_deinit(&w->caused[i]);
    }
    ent_intervals_deinit(&w->slices);
    free(w->parties);
    free(w->caused);
    free(w->cuts);
    free(w);
}

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
    const ent_hold *hold = ent_hold_at(&w->c->holds, at);
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

/* Few and almost in order: those of spans, then those of holders. */
static void sort_cuts(work *w)
{
    enum { FEW = 32 };
    if (w->n_cuts > FEW) {
        qsort(w->cuts, w->n_cuts, sizeof *w->cuts, compare_instants);
        return;
    }
    for (size_t i = 1; i < w->n_cuts; i++) {
        int64_t cut = w->cuts[i];
        size_t at = i;
        for (; at > 0 && w->cuts[at - 1] > cut; at--) {
            w->cuts[at] = w->cuts[at - 1];
        }
        w->cuts[at] = cut;
    }
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
    party_time *p = &w->parties[w->n_parties];
    if (w->n_parties++ == w->parties_made) {
        *p = (party_time){0};
        w->parties_made++;
    }
    p->party = party;
    ent_intervals_clear(&p->within);
    return ent_allowance_of(w->s, w->d, party, w->c->key, w->upto, &p->within) &&
           cut_at(w, &p->within);
}

static bool reserve_caused(work *w, size_t n)
{
    size_t before = w->caused_capacity;
    if (!ent_reserve((void **)&w->caused, &w->caused_capacity, n, sizeof *w->caused)) {
        return false;
    }
    for (size_t i = before; i < w->caused_capacity; i++) {
        ent_intervals_init(&w->caused[i]);
    }
    return true;
}

static bool prepare(work *w)
{
    const ent_dutystate *d = w->d;
    const ent_clock *c = w->c;
    bool ok = ent_clockstate_slices(w->s, d, c, w->upto, &w->slices) && reserve_caused(w, (size_t)d->row->n_causes);
    for (int64_t i = 0; ok && i < d->row->n_causes; i++) {
        size_t use = d->first_cause_use + (size_t)i;
        ent_intervals_clear(&w->caused[i]);
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
    if (ok) {
        sort_cuts(w);
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
    const ent_hold *hold = ent_hold_at(&w->c->holds, from);
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
    w->out->parties |= causes;
    for (uint64_t rest = causes; rest != 0; rest &= rest - 1) {
        int64_t party = __builtin_ctzll(rest);
        bool own = party == w->d->row->party;
        bool beyond = own ? own_beyond : exceeds(w, party, from);
        w->out->held[party] += to - from;
        w->out->over[party] += beyond ? to - from : 0;
        all = all && beyond;
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

/* What the engine's last blame left, or fresh memory. */
static bool begin_blame(ent_engine *s, ent_blame *out)
{
    size_t n_party = s->program->n_party + 1;
    if (!s->blaming && !(s->blaming = calloc(1, sizeof *s->blaming))) {
        return false;
    }
    *out = s->spare_blame;
    s->spare_blame = (ent_blame){0};
    if (!out->held) {
        out->held = calloc(n_party, sizeof *out->held);
        out->over = calloc(n_party, sizeof *out->over);
    }
    return out->held && out->over;
}

static void sort_facts(ent_blame *out)
{
    for (size_t i = 1; i < out->n_facts; i++) {
        if (compare_facts(&out->facts[i - 1], &out->facts[i]) > 0) {
            qsort(out->facts, out->n_facts, sizeof *out->facts, compare_facts);
            return;
        }
    }
}

bool ent_clockstate_blame(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t upto,
                          ent_blame *out)
{
    if (!begin_blame(s, out)) {
        return false;
    }
    work *w = s->blaming;
    w->s = s;
    w->d = d;
    w->c = c;
    w->upto = upto;
    w->left = c->allowed_ns;
    w->out = out;
    w->n_parties = w->n_cuts = 0;
    bool ok = prepare(w) && take_stretches(w, true);
    w->left = w->left < 0 ? 0 : w->left;
    ok = ok && take_stretches(w, false) && add_pauses(w);
    if (ok) {
        sort_facts(out);
    }
    return ok;
}

void ent_blame_deinit(ent_engine *s, ent_blame *b)
{
    if (b->held && b->over && !s->spare_blame.held) {
        for (uint64_t rest = b->parties; rest != 0; rest &= rest - 1) {
            b->held[__builtin_ctzll(rest)] = b->over[__builtin_ctzll(rest)] = 0;
        }
        b->n = b->n_facts = 0;
        b->parties = 0;
        s->spare_blame = *b;
    } else {
        ent_blame_free(b);
    }
    *b = (ent_blame){0};
}

void ent_blame_free(ent_blame *b)
{
    free(b->excess);
    free(b->held);
    free(b->over);
    free(b->facts);
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

static int64_t shortfall_of(const clock_game *g, uint64_t performing)
{
    uint64_t set = 0;
    for (size_t i = 0; i < g->answer->n_parts; i++) {
        set |= (performing >> i) & 1 ? bit_of(g->answer->parts[i].party) : 0;
    }
    int64_t left = g->over_ns - excess_of(g->blame, set);
    return left < 0 ? 0 : left;
}

static bool clock_shortfall(void *user, ent_big_pool *pool, uint64_t performing, ent_bigq *v,
                            bool *breach)
{
    int64_t left = shortfall_of(user, performing);
    *breach = left > 0;
    *v = ent_bigq_from(pool, ent_q_from_i64(left));
    return !pool->failed;
}

static bool clock_shortfall_few(void *user, uint64_t performing, int64_t *v, bool *breach)
{
    const clock_game *g = user;
    *v = shortfall_of(g, performing);
    *breach = *v > 0;
    return true;
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
    uint64_t players = 0;
    for (uint64_t rest = blame->parties; rest != 0; rest &= rest - 1) {
        players |= blame->over[__builtin_ctzll(rest)] > 0 ? rest & -rest : 0;
    }
    ent_answer *a = ent_answer_renew(&s->spare_answers, (size_t)__builtin_popcountll(players),
                                     (size_t)__builtin_popcountll(blame->parties),
                                     blame->n_facts + (has_done ? 2 : 1));
    if (!a) {
        return NULL;
    }
    size_t n = 0;
    for (uint64_t rest = players; rest != 0; rest &= rest - 1) {
        a->parts[n++].party = __builtin_ctzll(rest);
    }
    clock_game g = {blame, a, over_ns};
    ent_game game = {.shortfall = clock_shortfall, .shortfall_few = clock_shortfall_few, .user = &g};
    if (!add_facts(a, d, c, blame, has_done) || !ent_judge_answer(s, upto, a, &game)) {
        ent_answer_free(a);
        return NULL;
    }
    for (size_t i = 0; i < a->n_parts; i++) {
        int64_t net = c->allowed_ns + over_ns - excess_of(blame, bit_of(a->parts[i].party));
        a->parts[i].has_without = true;
        a->parts[i].without = ent_q_from_i64(net);
    }
    for (uint64_t rest = blame->parties; rest != 0; rest &= rest - 1) {
        int64_t party = __builtin_ctzll(rest);
        ent_part *part = ent_answer_part(a, party);
        if (!part) {
            ent_answer_free(a);
            return NULL;
        }
        part->has_times = true;
        part->held_ns = blame->held[party];
        part->excess_ns = blame->over[party];
    }
    return a;
}
