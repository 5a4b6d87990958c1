/* Whose time the clocks of a duty were, counted as they are decided, so that a summary says it without the ledger.
 *
 * A stretch is whose blame.c says that it is, and for a breach blame.c has said it by now.  Most other clocks need none
 * of its care, because no span `caused by` somebody lies in their net time: it is the holders'.
 * Tested by tests/unit/test_whose.c, which holds the two ways against each other, and against an oracle by
 * tests/property/random_worlds.py. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/state.h"
#include "runtime/time/clock.h"

/* --- set-up --- */

static bool same_span(const ent_image *p, const ent_spanuse_row *a, const ent_spanuse_row *b)
{
    bool same = a->calendar < 0 && a->span == b->span && a->n_keys == b->n_keys;
    for (int64_t i = 0; same && i < a->n_keys; i++) {
        same = p->keyfield[a->first_key + i].field == p->keyfield[b->first_key + i].field;
    }
    return same;
}

/* Whether the clock stands still in the span, so that none of its net time lies there. */
static bool is_pause(const ent_image *p, const ent_dutystate *d, const ent_spanuse_row *cause)
{
    bool found = false;
    for (size_t i = 0; i < d->first_excused_use && !found; i++) {
        found = same_span(p, d->uses[i], cause);
    }
    return found;
}

bool ent_whose_init(const ent_engine *s, ent_dutystate *d)
{
    const ent_image *p = s->program;
    bool in_force = !s->options.not_in_force || !s->options.not_in_force[d->row->agreement];
    if (!s->options.whose_time || !d->follows_holder || !in_force) {
        return true;
    }
    ent_whose *w = calloc(1, sizeof *w);
    d->whose = w;
    if (!w) {
        return false;
    }
    w->causes = calloc((size_t)d->row->n_causes + 1, sizeof *w->causes);
    w->times = calloc((size_t)d->row->n_allows * p->n_party + 1, sizeof *w->times);
    for (size_t i = d->first_cause_use; w->causes && i < d->n_uses; i++) {
        if (!is_pause(p, d, d->uses[i])) {
            w->causes[w->n_causes++] = i;
        }
    }
    return w->causes && w->times;
}

void ent_whose_deinit(ent_dutystate *d)
{
    if (d->whose) {
        free(d->whose->causes);
        free(d->whose->times);
        free(d->whose);
    }
}

const ent_whose_time *ent_engine_whose_time(const ent_engine *s, int64_t duty)
{
    return s->duties[duty].whose ? s->duties[duty].whose->times : NULL;
}

/* --- one clock --- */

/* Of two parties with as much time the one whose name comes first has it longest. */
static bool has_longer(const ent_image *p, const int64_t *held, int64_t party, int64_t than)
{
    return held[party] > held[than] ||
           (held[party] == held[than] &&
            strcmp(ent_image_text(p, p->party[party].name), ent_image_text(p, p->party[than].name)) < 0);
}

static ent_whose_time *times_of(const ent_engine *s, const ent_dutystate *d, const ent_clock *c)
{
    return d->whose->times + (size_t)((int64_t)c->allow - d->row->first_allow) * s->program->n_party;
}

/* What blame.c has found out. */
static void count_blame(const ent_engine *s, const ent_dutystate *d, const ent_clock *c, const ent_blame *blame,
                        bool breach)
{
    ent_whose_time *times = times_of(s, d, c);
    int64_t longest = -1;
    for (uint64_t rest = blame->parties; rest != 0; rest &= rest - 1) {
        int64_t party = __builtin_ctzll(rest);
        times[party].clocks++;
        times[party].net_ns += blame->held[party];
        times[party].breaches += breach;
        longest = longest < 0 || has_longer(s->program, blame->held, party, longest) ? party : longest;
    }
    if (breach && longest >= 0) {
        times[longest].longest++;
    }
}

/* Whether some of the time from its start on is that of the parties of spans. */
static bool is_in_causes(const ent_engine *s, const ent_dutystate *d, const ent_clock *c)
{
    for (size_t i = 0; i < d->whose->n_causes; i++) {
        size_t use = d->whose->causes[i];
        ent_spanrun run;
        if (ent_clock_key(d, c, use) != INT64_MIN &&
            ent_span_run_after(&s->spans[d->uses[use]->span], ent_clock_key(d, c, use), c->start, &run) &&
            run.from < c->discharged_at) {
            return true;
        }
    }
    return false;
}

/* Net time of stretches that follow one another. */
typedef struct net_time {
    const ent_calendar *base;
    const ent_intervals *pauses;
    const ent_interval *pause, *end; /* those before it are over */
} net_time;

static inline int64_t take_net(net_time *t, int64_t from, int64_t to)
{
    if (t->base) {
        return ent_clock_elapsed(t->base, t->pauses, from, to);
    }
    int64_t net = to - from;
    for (; t->pause < t->end && t->pause->from < to; t->pause++) {
        int64_t begin = t->pause->from > from ? t->pause->from : from;
        int64_t end = t->pause->to < to ? t->pause->to : to;
        net -= end > begin ? end - begin : 0;
        if (t->pause->to > to) {
            break;
        }
    }
    return net;
}

/* The holders' time, from the pauses that the engine has collected last, which are the clock's. */
static void count_holders(const ent_engine *s, const ent_dutystate *d, const ent_clock *c)
{
    const ent_hold *hold = c->holds.v;
    const ent_hold *end = hold + c->holds.n;
    net_time t = {ent_clock_base(s, c), &s->pauses, s->pauses.v, s->pauses.v + s->pauses.n};
    ent_whose_time *times = times_of(s, d, c);
    uint64_t parties = 0;
    int64_t from = c->start;
    int64_t party = -1;
    bool more = from < c->discharged_at;
    while (hold < end && hold->at <= from) {
        party = hold++->party;
    }
    while (more) {
        more = hold < end && hold->at < c->discharged_at;
        int64_t to = more ? hold->at : c->discharged_at;
        int64_t who = party < 0 ? d->row->party : party;
        int64_t net = take_net(&t, from, to);
        uint64_t had = (uint64_t)(net > 0) << who;
        times[who].net_ns += net;
        times[who].clocks += (had & ~parties) != 0;
        parties |= had;
        from = to;
        party = more ? hold++->party : party;
    }
}

/* The same, by what a breach is looked at with. */
static bool count_stretches(ent_engine *s, const ent_dutystate *d, const ent_clock *c)
{
    ent_blame blame = {0};
    bool ok = ent_clockstate_blame(s, d, c, c->discharged_at, &blame);
    if (ok) {
        count_blame(s, d, c, &blame, false);
    }
    ent_blame_deinit(s, &blame);
    return ok;
}

bool ent_whose_count(ent_engine *s, const ent_dutystate *d, const ent_clock *c, const ent_blame *breach)
{
    if (breach) {
        count_blame(s, d, c, breach, true);
    } else if (c->start != INT64_MIN) { /* else it never counted */
        if (s->options.portable || is_in_causes(s, d, c)) {
            return count_stretches(s, d, c);
        }
        count_holders(s, d, c);
    }
    return true;
}
