/* The arithmetic of a decision, worked out from the ledger's own figures and facts.  See explain.h.
 *
 * What is worked out is held against what the ledger says; where they differ, or where the facts
 * were too many to be kept, the figure is left out: the ledger's own stands. */
#include "compiler/explain/explain.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/explain/figure.h"

enum { PLAYERS_MAX = 4 };

static bool quotient(int64_t above, int64_t below, ent_q *out)
{
    return below > 0 && ent_q_make(above, below, out);
}

static int64_t length_of(const ent_xfact *f)
{
    int64_t ns;
    bool fits = !__builtin_sub_overflow(f->to.ns, f->from.ns, &ns);
    return fits && f->to.text ? ns : 0;
}

static bool is_kind(const ent_xfact *f, ent_fact_kind kind)
{
    return f->read && f->kind == kind;
}

/* --- measures --- */

/* All bad time is in the facts: then the measure says what it is a part of. */
static bool reckon_time(ent_xreckoning *r, const ent_xdecision *d)
{
    ent_q bad_part;
    ent_q total;
    int64_t bad = 0;
    for (size_t i = 0; i < d->n_facts; i++) {
        if (!is_kind(&d->facts[i], ENT_FACT_OUTAGE) || d->facts[i].samples > 0 ||
            __builtin_add_overflow(bad, length_of(&d->facts[i]), &bad)) {
            return false;
        }
    }
    if (bad == 0 || d->left_out > 0 || !ent_q_sub(ent_q_from_i64(1), r->measure, &bad_part) ||
        bad_part.num <= 0 || !ent_q_div(ent_q_from_i64(bad), bad_part, &total) || total.den != 1 ||
        !d->from.read || !d->to.read || total.num > d->to.ns - d->from.ns) {
        return false;
    }
    r->bad_ns = bad;
    r->total_ns = (int64_t)total.num;
    return true;
}

static ent_xmeasuring measuring_of(ent_xreckoning *r, const ent_xdecision *d)
{
    ent_q q;
    int64_t good = d->samples - d->bad;
    if (!d->has_counts || d->samples < 0 || d->bad < 0 || d->missing < 0 ||
        d->samples > INT32_MAX * INT64_C(1000000) || d->missing > INT32_MAX * INT64_C(1000000)) {
        return ENT_XMEASURING_UNKNOWN;
    }
    if (d->bad == 0 && reckon_time(r, d)) {
        return ENT_XMEASURING_TIME;
    }
    if (quotient(good, d->samples, &q) && ent_q_cmp(q, r->measure) == 0) {
        return ENT_XMEASURING_SAMPLES;
    }
    if (quotient(good, d->samples + d->missing, &q) && ent_q_cmp(q, r->measure) == 0) {
        return ENT_XMEASURING_MISSING_DOWN;
    }
    if (quotient(good + d->missing, d->samples + d->missing, &q) && ent_q_cmp(q, r->measure) == 0) {
        return ENT_XMEASURING_MISSING_UP;
    }
    return ENT_XMEASURING_UNKNOWN;
}

static void reckon_measure(ent_xreckoning *r, const ent_xdecision *d)
{
    r->has_exact = ent_figure_read(d->measure_exact, &r->measure) &&
                   ent_figure_bound(d->target, &r->target) &&
                   ent_q_sub(r->target, r->measure, &r->shortfall);
    if (r->has_exact) {
        r->shortfall.num = r->shortfall.num < 0 ? -r->shortfall.num : r->shortfall.num;
        r->how = measuring_of(r, d);
    }
}

/* --- clocks --- */

static void reckon_clock(ent_xreckoning *r, const ent_xdecision *d)
{
    int64_t net = 0;
    int64_t held = 0;
    for (size_t i = 0; i < d->n_facts; i++) {
        if (is_kind(&d->facts[i], ENT_FACT_HELD) || is_kind(&d->facts[i], ENT_FACT_EXCESS)) {
            held++;
            if (__builtin_add_overflow(net, length_of(&d->facts[i]), &net)) {
                return;
            }
        }
    }
    r->has_net = held > 0 && d->left_out == 0 && net == d->elapsed_ns;
    if (d->done.read && d->at.read && d->done.ns >= d->at.ns &&
        !__builtin_sub_overflow(d->done.ns, d->at.ns, &r->wall_ns)) {
        r->still_ns = r->wall_ns - d->elapsed_ns;
    }
}

/* --- replays --- */

static int player_of(const ent_xreckoning *r, const char *name)
{
    for (size_t i = 0; i < r->n_players; i++) {
        if (strcmp(r->players[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool add_player(ent_xreckoning *r, const char *name)
{
    if (player_of(r, name) >= 0) {
        return true;
    }
    if (r->n_players == PLAYERS_MAX) {
        return false;
    }
    r->players[r->n_players++] = name;
    return true;
}

static bool counts(const ent_xfact *f, bool clock)
{
    return is_kind(f, clock ? ENT_FACT_EXCESS : ENT_FACT_OUTAGE) && f->n_parties > 0;
}

static bool find_players(ent_arena *arena, ent_xreckoning *r, const ent_xdecision *d)
{
    r->players = ent_arena_alloc_array(arena, PLAYERS_MAX, sizeof *r->players);
    for (size_t i = 0; r->players && i < d->n_facts; i++) {
        for (size_t k = 0; counts(&d->facts[i], d->has_clock) && k < d->facts[i].n_parties; k++) {
            if (!add_player(r, d->facts[i].parties[k])) {
                return false;
            }
        }
    }
    return r->players && r->n_players > 0;
}

/* What would not count had the players in the set performed: facts all of whose parties are in it.
 */
static int64_t left_out_by(const ent_xreckoning *r, const ent_xdecision *d, uint32_t set)
{
    int64_t sum = 0;
    for (size_t i = 0; i < d->n_facts; i++) {
        const ent_xfact *f = &d->facts[i];
        bool all = counts(f, d->has_clock);
        for (size_t k = 0; all && k < f->n_parties; k++) {
            all = set >> player_of(r, f->parties[k]) & 1;
        }
        bool samples = !d->has_clock && r->how != ENT_XMEASURING_TIME;
        sum += !all ? 0 : samples ? f->samples : length_of(f);
    }
    return sum;
}

static bool replay_ratio(const ent_xreckoning *r, const ent_xdecision *d, int64_t removed,
                         ent_xreplay *out)
{
    bool time = r->how == ENT_XMEASURING_TIME;
    int64_t bad = time ? r->bad_ns : d->bad;
    int64_t total = time ? r->total_ns : d->samples;
    if (!quotient(total - bad, total - removed, &out->figure) ||
        !ent_q_sub(r->target, out->figure, &out->left)) {
        return false;
    }
    bool at_least = d->target && strncmp(d->target, "at least ", 9) == 0;
    if (!at_least) {
        return false;
    }
    out->left = out->left.num < 0 ? ent_q_from_i64(0) : out->left;
    return true;
}

static void replay_clock(const ent_xdecision *d, int64_t removed, ent_xreplay *out)
{
    int64_t net = d->elapsed_ns - removed;
    int64_t left = net - d->allowed_ns;
    out->figure = ent_q_from_i64(net);
    out->left = ent_q_from_i64(left < 0 ? 0 : left);
}

/* The facts say everything: none was left out, and they add up to what the ledger counted. */
static bool facts_are_whole(const ent_xreckoning *r, const ent_xdecision *d)
{
    int64_t bad = 0;
    if (d->left_out > 0 || strcmp(d->status, "breach") != 0) {
        return false;
    }
    if (d->has_clock) {
        return r->has_net;
    }
    for (size_t i = 0; i < d->n_facts; i++) {
        if (!counts(&d->facts[i], false)) {
            return false;
        }
        bad += d->facts[i].samples;
    }
    return r->has_exact &&
           (r->how == ENT_XMEASURING_TIME || (r->how == ENT_XMEASURING_SAMPLES && bad == d->bad));
}

/* A party's figure in the ledger must be the one that was worked out. */
static bool agrees(const ent_xreckoning *r, const ent_xdecision *d)
{
    for (size_t i = 0; i < d->n_parties; i++) {
        int place = player_of(r, d->parties[i].name);
        ent_q said;
        if (place < 0 || !ent_figure_read(d->parties[i].without, &said)) {
            continue;
        }
        if (d->has_clock && !ent_q_mul(said, ent_q_from_i64(1000000000), &said)) {
            return false;
        }
        const ent_xreplay *replay = &r->replays[UINT32_C(1) << place];
        if (!replay->read || ent_q_cmp(said, replay->figure) != 0) {
            return false;
        }
    }
    return true;
}

static void reckon_replays(ent_arena *arena, ent_xreckoning *r, const ent_xdecision *d)
{
    if (!facts_are_whole(r, d) || !find_players(arena, r, d)) {
        r->n_players = 0;
        return;
    }
    uint32_t n = UINT32_C(1) << r->n_players;
    r->replays = ent_arena_alloc_array(arena, n, sizeof *r->replays);
    for (uint32_t set = 0; r->replays && set < n; set++) {
        ent_xreplay *out = &r->replays[set];
        int64_t removed = left_out_by(r, d, set);
        out->performing = set;
        out->read = true;
        if (d->has_clock) {
            replay_clock(d, removed, out);
        } else {
            out->read = replay_ratio(r, d, removed, out);
        }
    }
    if (r->replays && !agrees(r, d)) {
        r->replays = NULL;
    }
}

/* --- the split of a credit --- */

static bool gap_of(const ent_xdecision *d, ent_xreckoning *r)
{
    ent_q shortfall;
    r->gap = r->gap_part = ent_q_from_i64(0);
    if (!d->gap) {
        return true;
    }
    if (d->has_clock) {
        return ent_figure_read(d->gap, &r->gap) && ent_figure_read(d->shortfall, &shortfall) &&
               ent_q_div(r->gap, shortfall, &r->gap_part);
    }
    return r->has_exact && ent_figure_read(d->gap, &r->gap) &&
           ent_q_div(r->gap, r->shortfall, &r->gap_part);
}

/* The weights by which the credit is split: the shares of what is not the gap's, then the gap. */
static bool weigh(const ent_xdecision *d, const ent_xreckoning *r, ent_q *weights)
{
    ent_q sum = ent_q_from_i64(0);
    ent_q rest;
    if (!ent_q_sub(ent_q_from_i64(1), r->gap_part, &rest)) {
        return false;
    }
    for (size_t i = 0; i < d->n_parties; i++) {
        weights[i] = ent_q_from_i64(0);
        if (d->parties[i].share && (!ent_figure_read(d->parties[i].share, &weights[i]) ||
                                    !ent_q_add(sum, weights[i], &sum))) {
            return false;
        }
    }
    weights[d->n_parties] = sum.num > 0 ? r->gap_part : ent_q_from_i64(1);
    for (size_t i = 0; sum.num > 0 && i < d->n_parties; i++) {
        /* jointly, shares sum to more than 1 and money is split evenly: that is in proportion, too
         */
        if (!ent_q_div(weights[i], sum, &weights[i]) || !ent_q_mul(weights[i], rest, &weights[i])) {
            return false;
        }
    }
    return true;
}

static bool fill_part(const ent_xdecision *d, ent_i128 credit, const ent_xparty *party,
                      ent_q weight, ent_i128 part, ent_xpart *out)
{
    *out = (ent_xpart){.party = party ? party->name : NULL, .part = part};
    if (!ent_q_make(credit, 1, &out->exact) || !ent_q_mul(out->exact, weight, &out->exact)) {
        return false;
    }
    out->unit = out->exact.den != 1 && part > ent_q_floor(out->exact);
    out->has_bears = party && party->amount;
    if (out->has_bears && !ent_figure_minor(party->amount, d->currency, &out->bears)) {
        return false;
    }
    out->relief = party && d->accountable_to && strcmp(d->accountable_to, party->name) == 0;
    return !out->has_bears || out->bears >= part;
}

static bool fill_parts(ent_xreckoning *r, const ent_xdecision *d, ent_i128 credit,
                       const ent_q *weights, const ent_i128 *split)
{
    ent_i128 borne = 0;
    for (size_t i = 0; i <= d->n_parties; i++) {
        const ent_xparty *party = i < d->n_parties ? &d->parties[i] : NULL;
        if (weights[i].num == 0 && !(party && party->amount)) {
            continue;
        }
        ent_xpart *part = &r->parts[r->n_parts++];
        if (!fill_part(d, credit, party, weights[i], split[i], part) ||
            !ent_i128_add(borne, part->bears, &borne)) {
            return false;
        }
        r->rounded |= part->exact.den != 1;
    }
    return borne == credit;
}

static void reckon_split(ent_arena *arena, ent_xreckoning *r, const ent_xdecision *d)
{
    ent_i128 credit;
    if (!d->credit || strcmp(d->kind, "pool") == 0 || d->n_parties == 0 ||
        !ent_figure_minor(d->credit, d->currency, &credit) || credit < 0 || !gap_of(d, r)) {
        return;
    }
    ent_q *weights = ent_arena_alloc_array(arena, d->n_parties + 1, sizeof *weights);
    ent_i128 *split = ent_arena_alloc_array(arena, d->n_parties + 1, sizeof *split);
    r->parts = ent_arena_alloc_array(arena, d->n_parties + 1, sizeof *r->parts);
    if (!weights || !split || !r->parts || !weigh(d, r, weights) ||
        !ent_apportion(credit, weights, d->n_parties + 1, split) ||
        !fill_parts(r, d, credit, weights, split)) {
        r->n_parts = 0;
        r->rounded = false;
    }
}

void ent_explain_reckon(ent_arena *arena, ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    ent_xreckoning *r = &x->r;
    for (size_t i = 0; i < d->n_facts; i++) {
        x->traced |= d->facts[i].source.line > 0;
    }
    if (d->has_clock) {
        reckon_clock(r, d);
    } else {
        reckon_measure(r, d);
    }
    reckon_replays(arena, r, d);
    reckon_split(arena, r, d);
}
