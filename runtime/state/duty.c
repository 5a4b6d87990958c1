/* Duties: one clock per trigger row and key, from the trigger to its discharge, its voiding or the end.
 *
 * A row is taken through a clock in this order: a change of the allowance (`following`), the start of
 * counting, void, discharge, undoing and finality, and last the trigger of a new clock; so a row that
 * discharges and triggers does both, and one that voids and discharges voids.
 * What a clock comes to is computed from its trigger each time it is asked for, never accumulated: nothing
 * has to be taken back when a pause or a new allowance turns up.
 * Oracle: tests/oracle/entente_oracle.py and tests/oracle/service_desk.py. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/duty_private.h"

/* --- set-up --- */

static bool init_uses(ent_engine *s, ent_dutystate *d)
{
    const ent_image *p = s->program;
    const ent_duty_row *row = d->row;
    d->first_excused_use = (size_t)row->n_pauses;
    d->first_allow_use = (size_t)(row->n_pauses + row->n_excused);
    d->first_cause_use = d->first_allow_use + (size_t)row->n_allows;
    d->n_uses = d->first_cause_use + (size_t)row->n_causes;
    d->uses = calloc(d->n_uses ? d->n_uses : 1, sizeof *d->uses);
    d->key_at = calloc(d->n_uses ? d->n_uses : 1, sizeof *d->key_at);
    if (!d->uses || !d->key_at) {
        return false;
    }
    for (int64_t i = 0; i < row->n_pauses; i++) {
        d->uses[i] = &p->spanuse[row->first_pause + i];
    }
    for (int64_t i = 0; i < row->n_excused; i++) {
        d->uses[row->n_pauses + i] = &p->spanuse[row->first_excused + i];
    }
    for (int64_t i = 0; i < row->n_allows; i++) {
        int64_t use = p->allow[row->first_allow + i].use;
        d->uses[d->first_allow_use + (size_t)i] = use < 0 ? NULL : &p->spanuse[use];
    }
    for (int64_t i = 0; i < row->n_causes; i++) {
        d->uses[d->first_cause_use + (size_t)i] = &p->spanuse[row->first_cause + i];
    }
    for (size_t i = 0; i < d->n_uses; i++) {
        const ent_spanuse_row *use = d->uses[i];
        bool keyed = use && use->calendar < 0;
        bool own = keyed && ent_same_key_fields(p, use, &p->feed[row->feed]);
        d->key_at[i] = own ? ENT_KEY_OWN : keyed ? (uint32_t)d->n_keys++ : ENT_MAP_NONE;
    }
    return true;
}

/* The outcome feed's fields are: at, the keys, due, done, elapsed, allowed, met, excused, the rest. */
static size_t outcome_fixed(const ent_feed_row *outcome, int64_t field)
{
    int64_t after = 1 + outcome->n_keys;
    return field == 0 || (field >= after && field < after + 6);
}

static bool init_saved(ent_engine *s, ent_dutystate *d)
{
    const ent_image *p = s->program;
    if (d->row->outcome_feed < 0) {
        return true;
    }
    const ent_feed_row *outcome = &p->feed[d->row->outcome_feed];
    const ent_feed_row *feed = &p->feed[d->row->feed];
    size_t n = (size_t)outcome->n_fields;
    d->saved_fields = calloc(n, sizeof *d->saved_fields);
    d->saved_offsets = calloc(n, sizeof *d->saved_offsets);
    if (!d->saved_fields || !d->saved_offsets) {
        return false;
    }
    for (int64_t i = 0; i < outcome->n_fields; i++) {
        if (outcome_fixed(outcome, i)) {
            continue;
        }
        const ent_field_row *field = &p->field[outcome->first_field + i];
        for (int64_t k = 0; k < feed->n_fields; k++) {
            if (p->field[feed->first_field + k].name == field->name) {
                d->saved_fields[d->n_saved] = k;
                d->saved_offsets[d->n_saved++] = d->saved_words;
                d->saved_words += ent_type_class((unsigned)field->type) == ENT_CLASS_Q
                                      ? sizeof(ent_q) / sizeof(int64_t)
                                      : 1;
                break;
            }
        }
    }
    return true;
}

static void link_version(ent_engine *s, ent_dutystate *d)
{
    const ent_image *p = s->program;
    d->head = d->index;
    d->next_version = -1;
    for (int64_t i = 0; i < d->index; i++) {
        ent_dutystate *other = &s->duties[i];
        if (other->row->name == d->row->name &&
            p->agreement[other->row->agreement].name == p->agreement[d->row->agreement].name) {
            d->head = other->head;
            while (other->next_version >= 0) {
                other = &s->duties[other->next_version];
            }
            other->next_version = d->index;
            return;
        }
    }
}

bool ent_dutystate_init(ent_engine *s, ent_dutystate *d, int64_t index, ent_fault *error)
{
    const ent_image *p = s->program;
    const ent_duty_row *row = &p->duty[index];
    const ent_agreement_row *agreement = &p->agreement[row->agreement];
    d->row = row;
    d->index = index;
    ent_agreement_period(s, agreement, &d->from, &d->to);
    link_version(s, d);
    if (row->undo_mode == ENT_UNDO_RESTART) {
        const ent_pattern_row *undo = &p->pattern[row->undo];
        for (int64_t i = 0; i < undo->n_alts; i++) {
            if (p->alt[undo->first_alt + i].feed != row->feed) {
                return ent_fail(s, error, ENT_FAULT_USAGE,
                                "duty %s: `restart` needs an event of the feed that triggers it",
                                ent_image_text(p, row->name));
            }
        }
    }
    bool ok = ent_watches_add(p, &d->watches, row->trigger, BIT_TRIGGER) &&
              ent_watches_add(p, &d->watches, row->discharge, BIT_DISCHARGE) &&
              ent_watches_add(p, &d->watches, row->void_when, BIT_VOID) &&
              ent_watches_add(p, &d->watches, row->counting, BIT_COUNT);
    if (ok && (row->undo_mode == ENT_UNDO_RESTART || row->undo_mode == ENT_UNDO_RESUME)) {
        ok = ent_watches_add(p, &d->watches, row->undo, BIT_UNDO) &&
             ent_watches_add(p, &d->watches, row->until, BIT_UNTIL);
    }
    if (ok && row->following) {
        ok = ent_watches_add_feed(p, &d->watches, row->feed, BIT_ROW);
    }
    d->follows_holder = p->n_framework > 0 && p->framework[0].ticket_time != ENT_TIME_OWNER &&
                        p->feed[row->feed].holder >= 0;
    if (ok && d->follows_holder) {
        ok = ent_watches_add_turns(p, &d->watches, row->feed, BIT_HOLD);
    }
    if (!ok || !init_uses(s, d) || !init_saved(s, d) || !ent_duty_init_choices(p, d) || !ent_whose_init(s, d)) {
        return ent_no_memory(error);
    }
    return true;
}

void ent_dutystate_deinit(ent_dutystate *d)
{
    ent_watches_deinit(&d->watches);
    for (size_t i = 0; i < d->n_clocks; i++) {
        ent_clock_free(d, d->clocks[i]);
    }
    while (d->clock_blocks) {
        void *block = d->clock_blocks;
        memcpy(&d->clock_blocks, block, sizeof d->clock_blocks);
        free(block);
    }
    for (size_t i = 0; i < d->n_outcomes; i++) {
        ent_outcome_deinit(&d->outcomes[i]);
    }
    for (size_t i = 0; i < d->n_covers; i++) {
        free(d->covers[i].v);
    }
    for (size_t i = 0; i < d->n_histories; i++) {
        free(d->histories[i].v);
    }
    free(d->choices);
    ent_whose_deinit(d);
    free(d->covers);
    free(d->histories);
    free(d->members);
    free(d->allowances);
    free(d->spans);
    ent_map_deinit(&d->covered);
    ent_map_deinit(&d->held);
    free(d->clocks);
    free(d->outcomes);
    free(d->counted_at);
    free(d->uses);
    free(d->key_at);
    free(d->saved_fields);
    free(d->saved_offsets);
    ent_map_deinit(&d->running);
    ent_map_deinit(&d->discharged);
    ent_map_deinit(&d->counted);
}

/* Whether the key's last clock was discharged, under whatever version that was. */
static bool any_version_discharged(const ent_engine *s, const ent_dutystate *d, int64_t key)
{
    for (int64_t i = d->head; i >= 0; i = s->duties[i].next_version) {
        if (ent_map_get(&s->duties[i].discharged, key) != ENT_MAP_NONE) {
            return true;
        }
    }
    return false;
}

/* --- what a clock comes to --- */

static bool add_notice(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t at,
                       ent_warning_kind kind, const ent_standing *st)
{
    if (!ent_reserve((void **)&s->notices, &s->notices_capacity, s->n_notices + 1,
                     sizeof *s->notices)) {
        return false;
    }
    s->notices[s->n_notices++] = (ent_warning){at, (uint8_t)kind, d->index, c->key, st->due};
    return true;
}

/* Notices of a clock once it has ended, as known then. */
static bool notice(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t now,
                   const ent_standing *st)
{
    if (!s->options.notices) {
        return true;
    }
    if (d->row->warn >= 0) {
        ent_q part;
        ent_i128 ns;
        bool has_due, has_runout;
        int64_t due, runout;
        if (ent_q_mul(ent_q_from_i64(c->allowed_ns), s->program->constants[d->row->warn].v.q,
                      &part) &&
            ent_q_round(part, 0, ENT_ROUND_UP, &ns) && ns <= INT64_MAX) {
            if (!ent_clockstate_due(s, d, c, (int64_t)ns, now, &has_due, &due, &has_runout, &runout)) {
                return false;
            }
            if (has_due && due < now && !add_notice(s, d, c, due, ENT_WARNING_WARN, st)) {
                return false;
            }
        }
    }
    return !st->over || add_notice(s, d, c, st->runout, ENT_WARNING_RUN_OUT, st);
}

/* blame: of a breach, else NULL. */
static bool decide(ent_engine *s, ent_dutystate *d, const ent_clock *c, ent_status status,
                   int64_t final_ns, const ent_standing *st, const ent_blame *blame, bool open,
                   bool has_done)
{
    ent_answer *answer = NULL;
    int64_t upto = has_done ? c->discharged_at : s->to;
    if (blame && !(answer = ent_blame_answer(s, d, c, blame, has_done, upto, st->elapsed - c->allowed_ns))) {
        return false;
    }
    ent_verdict *decision = ent_engine_decision(s);
    if (!decision) {
        ent_answer_free(answer);
        return false;
    }
    decision->answer = answer;
    decision->kind = ENT_VERDICT_DUTY;
    decision->status = (uint8_t)status;
    decision->final = status != ENT_STATUS_PROVISIONAL;
    decision->clause = d->index;
    decision->has_subject = true;
    decision->subject = c->key;
    decision->final_ns = final_ns;
    decision->at_ns = c->trigger_at;
    decision->has_due = st->has_due;
    decision->due_ns = st->due;
    decision->has_done = has_done;
    decision->done_ns = c->discharged_at;
    decision->open = open;
    decision->elapsed_ns = st->elapsed;
    decision->allowed_ns = c->allowed_ns;
    decision->cause_origin = c->origin;
    decision->done_origin = has_done ? c->discharged.origin : 0;
    decision->done_feed = c->discharged.feed;
    return ent_engine_tell_clock(s) && notice(s, d, c, final_ns, st);
}

static bool record_outcome(ent_dutystate *d, const ent_clock *c, const ent_standing *st, ent_blame *blame,
                           int64_t met_at, bool has_done)
{
    if (d->row->outcome_feed < 0) {
        return true;
    }
    if (!ent_reserve((void **)&d->outcomes, &d->outcomes_capacity, d->n_outcomes + 1,
                     sizeof *d->outcomes)) {
        return false;
    }
    ent_outcome *o = &d->outcomes[d->n_outcomes++];
    uint8_t *absent = NULL;
    int64_t *saved = ent_clock_saved(d, c, &absent);
    *o = (ent_outcome){.at = st->over ? st->runout : met_at,
                       .due = st->due,
                       .has_due = st->has_due,
                       .done = c->discharged_at,
                       .has_done = has_done,
                       .elapsed = st->elapsed,
                       .allowed = c->allowed_ns,
                       .met = !st->over,
                       .excused = st->excused,
                       .key = c->key,
                       .over_ns = st->elapsed - c->allowed_ns,
                       .excess = blame ? blame->excess : NULL,
                       .n_excess = blame ? blame->n : 0,
                       .origin = c->origin};
    if (blame) {
        blame->excess = NULL;
        blame->n = blame->capacity = 0;
    }
    if (d->n_saved > 0) {
        o->saved = malloc(d->saved_words * sizeof *o->saved);
        o->saved_absent = malloc(d->n_saved);
        if (!o->saved || !o->saved_absent) {
            return false;
        }
        memcpy(o->saved, saved, d->saved_words * sizeof *o->saved);
        memcpy(o->saved_absent, absent, d->n_saved);
    }
    return true;
}

static ent_status status_of(const ent_standing *st)
{
    return !st->over ? ENT_STATUS_MET : st->excused ? ENT_STATUS_EXCUSED : ENT_STATUS_BREACH;
}

/* The decision and outcome of a clock that is discharged for good, and known to be so at `now`. */
static bool decide_discharged(ent_engine *s, ent_dutystate *d, ent_clock *c, const ent_standing *st,
                              int64_t now)
{
    ent_status status = status_of(st);
    ent_blame blame = {0};
    bool breach = status == ENT_STATUS_BREACH;
    bool counts = d->whose && (breach || status == ENT_STATUS_MET);
    bool ok = (!breach || ent_clockstate_blame(s, d, c, c->discharged_at, &blame)) &&
              (!counts || ent_whose_count(s, d, c, breach ? &blame : NULL)) &&
              decide(s, d, c, status, now, st, breach ? &blame : NULL, false, true) &&
              record_outcome(d, c, st, breach ? &blame : NULL, now, true);
    if (breach) {
        ent_blame_deinit(s, &blame);
    }
    return ok;
}

/* Keeps what the clock was as an allowance within others, and removes it. */
static bool retire(ent_engine *s, ent_dutystate *d, const ent_clock *c, const ent_standing *st, int64_t now)
{
    int64_t key = c->key;
    if ((d->serves && !ent_covers_add(d, c, c->discharged_at, st->has_due, st->due)) ||
        !ent_clock_remove(d, key)) {
        return false;
    }
    ent_clocks_forget(s, d, key, now);
    return true;
}

static bool settle(ent_engine *s, ent_dutystate *d, ent_clock *c, int64_t now)
{
    ent_standing st;
    if (!ent_clockstate_stand(s, d, c, c->discharged_at, &st)) {
        return false;
    }
    int64_t decided = st.over ? st.runout : now;
    if (decided >= s->from && !decide_discharged(s, d, c, &st, now)) {
        return false;
    }
    if (d->row->undo_mode == ENT_UNDO_RESTART) {
        uint32_t *place = ent_map_at(&d->discharged, c->key);
        if (!place) {
            return false;
        }
        if (*place == ENT_MAP_NONE) {
            *place = d->n_discharged++;
        }
    }
    return retire(s, d, c, &st, now);
}

/* --- rows --- */

static bool take_void(ent_engine *s, ent_dutystate *d, ent_clock *c, const ent_event *e,
                      bool *voided)
{
    ent_standing st;
    if (!ent_clockstate_stand(s, d, c, e->at, &st)) {
        return false;
    }
    *voided = !st.over;
    if (st.over) {
        return true;
    }
    c->discharged_at = e->at;
    c->discharged = ent_event_row(e);
    if (e->at >= s->from && !decide(s, d, c, ENT_STATUS_VOID, e->at, &st, NULL, false, true)) {
        return false;
    }
    return retire(s, d, c, &st, e->at);
}

static bool take_running(ent_engine *s, ent_dutystate *d, ent_clock *c, const ent_event *e)
{
    if ((e->bits & BIT_ROW) && d->row->following && (int64_t)e->feed == d->row->feed) {
        int64_t value;
        const ent_colbuf *column = &s->feeds[e->feed].pending[d->row->allow_field];
        if (ent_column_value(column, e->lane, &value) && (c->field_absent || value != c->field_value) &&
            ent_clock_choose(s, d, e->lane, c)) {
            ent_clock_more *more = ent_clock_more_of(c);
            if (!more) {
                return false;
            }
            more->changed_at = e->at;
        }
    }
    if ((e->bits & BIT_COUNT) && c->start == INT64_MIN) {
        c->start = e->at;
    }
    if (e->bits & BIT_VOID) {
        bool voided;
        if (!take_void(s, d, c, e, &voided)) {
            return false;
        }
        if (voided) {
            return true;
        }
    }
    bool closing = c->resumed && (e->bits & BIT_UNTIL);
    if ((e->bits & BIT_DISCHARGE) || closing) {
        int64_t elapsed;
        c->discharged_at = e->at;
        c->discharged = ent_event_row(e);
        /* a clock that has run out is decided: only one that may still be met waits for its end */
        if (d->row->undo_mode == ENT_UNDO_RESUME && !(e->bits & BIT_UNTIL)) {
            if (!ent_clockstate_elapsed(s, d, c, e->at, &elapsed)) {
                return false;
            }
            if (elapsed <= c->allowed_ns) {
                c->state = ENT_CLOCK_WAITING;
                return true;
            }
        }
        return settle(s, d, c, e->at);
    }
    return true;
}

static bool take_waiting(ent_engine *s, ent_dutystate *d, ent_clock *c, const ent_event *e)
{
    if (e->bits & BIT_UNDO) {
        c->state = ENT_CLOCK_RUNNING;
        c->resumed = true;
        ent_clock_more *more = ent_clock_more_of(c);
        return more && ent_intervals_add(&more->waits, c->discharged_at, e->at);
    }
    return !(e->bits & BIT_UNTIL) || settle(s, d, c, e->at);
}

/* Whoever gets the key by the row that ends the clock has none of its time. */
static bool take_hold(ent_engine *s, ent_dutystate *d, ent_clock *c, const ent_event *e)
{
    bool ends = (e->bits & BIT_DISCHARGE) && d->row->undo_mode != ENT_UNDO_RESUME;
    if (c && !ends && !ent_clock_hold(s, d, c, e)) {
        return false;
    }
    if (!d->row->retroactive) {
        return true;
    }
    ent_holds *history = ent_duty_history(d, e->key, true);
    return history && ent_holds_take(s, d, history, e);
}

static bool take(ent_engine *s, ent_dutystate *d, const ent_event *e)
{
    ent_clock *c = ent_clock_of(d, e->key);
    bool ran = c != NULL;
    if ((e->bits & BIT_HOLD) && (int64_t)e->feed == d->row->feed && !take_hold(s, d, c, e)) {
        return false;
    }
    if (e->bits == BIT_HOLD) {
        return true;
    }
    if (c && !(c->state == ENT_CLOCK_WAITING ? take_waiting(s, d, c, e)
                                             : take_running(s, d, c, e))) {
        return false;
    }
    bool again = !ran && (e->bits & BIT_UNDO) && d->row->undo_mode == ENT_UNDO_RESTART &&
                 any_version_discharged(s, d, e->key);
    if ((e->bits & BIT_TRIGGER) || again) {
        if (!ent_clock_start(s, d, e)) {
            return false;
        }
    }
    if ((e->bits & BIT_COUNT) && d->row->retroactive) {
        int64_t *at = ent_duty_counted_at(d, e->key, true);
        if (!at) {
            return false;
        }
        *at = e->at;
    }
    return true;
}

/* A slice's clocks lie anywhere in memory, but which they will be is known: the processor is told in good time, first
 * of the place in the map, then of that in the list, then of the clock, then of its holders.  Of a clock that may end
 * it is told of its spans, too.  Whether a key has a clock, and whether a row may end it, comes in no order that the
 * processor could learn: so what is told is chosen without branches, and spans are looked for a group at a time. */
enum { AHEAD_ROW = 32, AHEAD_MAP = 24, AHEAD_LIST = 16, AHEAD_CLOCK = 8, AHEAD_HOLDERS = 4, AHEAD_RING = 16 };
enum { SPANS_GROUP = 16, CACHE_LINE = 64 };
enum { ENDS = BIT_DISCHARGE | BIT_VOID | BIT_UNTIL };

typedef struct ahead {
    const ent_dutystate *leader;
    const ent_clock *clocks[AHEAD_RING]; /* by event, what was found for it, or another; only to be told of */
    int64_t ends[SPANS_GROUP];           /* keys of which a group's rows may end the clocks */
    size_t n_ends;
} ahead;

/* Stands for no clock. */
static const ent_clock none;

/* Of the group that comes next it is known where its spans are; of that behind it, the n events from v on, not yet. */
static void look_for_spans(const ent_engine *s, ahead *a, const ent_event *v, size_t n)
{
    for (size_t i = 0; i < a->leader->n_spans; i++) {
        for (size_t k = 0; k < a->n_ends; k++) {
            ent_span_prefetch_runs(&s->spans[a->leader->spans[i]], a->ends[k]);
        }
    }
    a->n_ends = 0;
    for (size_t i = 0; i < n; i++) {
        a->ends[a->n_ends] = v[i].key;
        a->n_ends += (v[i].bits & ENDS) != 0;
    }
    for (size_t i = 0; i < a->leader->n_spans; i++) {
        const ent_spanstate *span = &s->spans[a->leader->spans[i]];
        for (size_t k = 0; k < a->n_ends; k++) {
            ent_map_prefetch(&span->keys, a->ends[k]);
        }
        for (size_t k = 0; k < a->n_ends; k++) {
            ent_span_prefetch(span, a->ends[k]);
        }
    }
}

/* Where the list has the key's clock, or, where there is none, has its first; NULL: it is empty. */
static const ent_clock *const *likely_place(const ent_dutystate *d, int64_t key)
{
    uint32_t at = ent_map_get(&d->running, key);
    at &= 0 - (uint32_t)(at != ENT_MAP_NONE);
    return d->n_clocks > 0 ? (const ent_clock *const *)&d->clocks[at] : NULL;
}

/* Rows that were made ready by another thread are in its caches. */
static void look_for_row(const ent_engine *s, const ent_dutystate *leader, const ent_event *e)
{
    const ent_feedstate *f = &s->feeds[e->feed];
    const ent_dutystate *d = &s->duties[leader->members[e->tag]];
    if ((e->bits & BIT_TRIGGER) && d->row->allow_field >= 0) {
        __builtin_prefetch((const int64_t *)f->pending[d->row->allow_field].data + e->lane);
    }
}

static void look_ahead(const ent_engine *s, ahead *a, size_t i)
{
    const ent_event *v = s->events.v + i;
    size_t left = s->events.n - i;
    if ((s->ready || s->meaning) && left > AHEAD_ROW) {
        look_for_row(s, a->leader, &v[AHEAD_ROW]);
    }
    if (left > AHEAD_MAP) {
        ent_map_prefetch(&s->duties[a->leader->members[v[AHEAD_MAP].tag]].running, v[AHEAD_MAP].key);
    }
    if (left > AHEAD_LIST) {
        __builtin_prefetch(likely_place(&s->duties[a->leader->members[v[AHEAD_LIST].tag]], v[AHEAD_LIST].key));
    }
    if (left > AHEAD_CLOCK) {
        const ent_event *e = &v[AHEAD_CLOCK];
        const ent_clock *const *place = likely_place(&s->duties[a->leader->members[e->tag]], e->key);
        const ent_clock *c = place ? *place : &none;
        a->clocks[(i + AHEAD_CLOCK) % AHEAD_RING] = c;
        __builtin_prefetch(c);
        __builtin_prefetch((const char *)c + ((e->bits & ENDS) != 0) * CACHE_LINE);
    }
    if (left > AHEAD_HOLDERS && i >= AHEAD_CLOCK - AHEAD_HOLDERS) {
        const ent_holds *holds = &a->clocks[(i + AHEAD_HOLDERS) % AHEAD_RING]->holds;
        __builtin_prefetch((const void *)((uintptr_t)holds->v + holds->n * sizeof *holds->v - 1)); /* the last one */
        __builtin_prefetch(holds->v);
    }
    if (i % SPANS_GROUP == 0 && left > SPANS_GROUP) {
        size_t n = left - SPANS_GROUP;
        look_for_spans(s, a, v + SPANS_GROUP, n < SPANS_GROUP ? n : SPANS_GROUP);
    }
}

bool ent_dutystate_find(ent_engine *s, const ent_dutystate *d)
{
    bool ok = true;
    ent_events_clear(s);
    for (size_t i = 0; ok && i < d->n_members; i++) {
        ok = ent_watches_collect(s, &s->duties[d->members[i]].watches, (uint16_t)i);
    }
    ent_events_sort(s);
    return ok;
}

bool ent_dutystate_slice(ent_engine *s, ent_dutystate *d, ent_fault *error)
{
    ahead a = {.leader = d};
    if (!ent_ready_events(s, s->program->n_span + (size_t)d->index) && !ent_dutystate_find(s, d)) {
        return ent_no_memory(error);
    }
    for (size_t i = 0; i < s->events.n; i++) {
        const ent_event *e = &s->events.v[i];
        look_ahead(s, &a, i);
        if (!take(s, &s->duties[d->members[e->tag]], e)) {
            return ent_no_memory(error);
        }
    }
    return true;
}

bool ent_clock_finish(ent_engine *s, ent_dutystate *d, const ent_clock *c)
{
    bool waiting = c->state == ENT_CLOCK_WAITING;
    int64_t now = waiting ? c->discharged_at : s->to;
    ent_standing st;
    if (!ent_clockstate_stand(s, d, c, now, &st)) {
        return false;
    }
    if (st.over && st.runout < s->from) {
        return true;
    }
    ent_status status = st.over ? status_of(&st) : ENT_STATUS_PROVISIONAL;
    bool breach = status == ENT_STATUS_BREACH;
    ent_blame blame = {0};
    bool ok = (!breach || ent_clockstate_blame(s, d, c, now, &blame)) &&
              decide(s, d, c, status, s->to, &st, breach ? &blame : NULL, !waiting, waiting);
    if (breach) {
        ent_blame_deinit(s, &blame);
    }
    return ok;
}

bool ent_dutystate_finish(ent_engine *s, ent_dutystate *d, ent_fault *error)
{
    for (size_t i = 0; i < d->n_clocks; i++) {
        if (!ent_clock_finish(s, d, d->clocks[i])) {
            return ent_no_memory(error);
        }
    }
    return true;
}
