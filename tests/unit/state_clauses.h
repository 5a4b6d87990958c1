/* Ways in which a duty can be written, for the tests of the engine: each changes prog_duty's row.
 */
#ifndef ENT_TEST_STATE_CLAUSES_H
#define ENT_TEST_STATE_CLAUSES_H

#include "tests/unit/state_program.h"

static inline void shape_plain(prog *x, ent_duty_row *d)
{
    (void)x;
    (void)d;
}

static inline void shape_pausing(prog *x, ent_duty_row *d)
{
    d->first_pause = prog_use(x, -1, SPAN_HOLD, TICKET, x->key_id, -1);
    d->n_pauses = 1;
}

static inline void shape_restart(prog *x, ent_duty_row *d)
{
    d->undo_mode = ENT_UNDO_RESTART;
    d->undo = prog_pattern(x, REOPENED);
}

static inline void shape_ignore(prog *x, ent_duty_row *d)
{
    d->undo_mode = ENT_UNDO_IGNORE;
    d->undo = prog_pattern(x, REOPENED);
}

static inline void shape_resume(prog *x, ent_duty_row *d)
{
    d->undo_mode = ENT_UNDO_RESUME;
    d->undo = prog_pattern(x, REOPENED);
    d->until = prog_pattern(x, CLOSED);
}

static inline void shape_void(prog *x, ent_duty_row *d)
{
    d->void_when = prog_pattern(x, CANCELLED);
}

static inline void shape_void_and_discharge(prog *x, ent_duty_row *d)
{
    d->void_when = prog_pattern(x, RESOLVED);
}

static inline void shape_assignment(prog *x, ent_duty_row *d)
{
    d->trigger = prog_pattern(x, S_FOR_NETCO);
    d->discharge = prog_pattern(x, ASSIGNED, RESOLVED);
}

static inline void shape_changed(prog *x, ent_duty_row *d)
{
    d->trigger = prog_pattern(x, OPENED);
    d->discharge = prog_pattern(x, S_PARTY_CHANGED);
}

static inline void shape_by_priority(prog *x, ent_duty_row *d)
{
    d->allow_field = T_PRIORITY;
    d->first_allow = prog_allow(x, 0, 60 * MINUTE_NS, -1);
    (void)prog_allow(x, 1, 240 * MINUTE_NS, -1);
    (void)prog_allow(x, 2, 480 * MINUTE_NS, -1);
    d->n_allows = 3;
}

static inline void shape_following(prog *x, ent_duty_row *d)
{
    shape_by_priority(x, d);
    d->following = 1;
}

static inline void shape_p1_only(prog *x, ent_duty_row *d)
{
    d->allow_field = T_PRIORITY;
    d->first_allow = prog_allow(x, 0, 60 * MINUTE_NS, -1);
}

static inline void shape_spent(prog *x, ent_duty_row *d)
{
    x->b->allow.v[d->first_allow].ns = -1;
    x->b->allow.v[d->first_allow].slot = S_SPENT;
}

static inline void shape_counting(prog *x, ent_duty_row *d)
{
    d->counting = prog_pattern(x, S_FOR_NETCO);
}

static inline void shape_retroactive(prog *x, ent_duty_row *d)
{
    shape_counting(x, d);
    d->retroactive = 1;
}

static inline void shape_visited(prog *x, ent_duty_row *d)
{
    d->discharge = prog_pattern_of(x, VISIT, x->key_visit, (const int[]){ANY_ROW, -1});
}

static inline void shape_excused_when(prog *x, ent_duty_row *d)
{
    (void)x;
    d->excused_when = S_VIP;
}

static inline void shape_excused_during(prog *x, ent_duty_row *d)
{
    d->first_excused = prog_use(x, -1, SPAN_HOLD, TICKET, x->key_id, -1);
    d->n_excused = 1;
}

static inline void office_hours(prog *x, ent_duty_row *d, int64_t minutes)
{
    int64_t use = prog_use(x, 0, -1, -1, -1, -1);
    x->b->allow.v[d->first_allow].ns = minutes * MINUTE_NS;
    x->b->allow.v[d->first_allow].use = use;
}

static inline void shape_office_8h(prog *x, ent_duty_row *d)
{
    office_hours(x, d, 480);
}

static inline void shape_office_day(prog *x, ent_duty_row *d)
{
    office_hours(x, d, 510);
}

static inline void shape_office_pausing(prog *x, ent_duty_row *d)
{
    office_hours(x, d, 480);
    shape_pausing(x, d);
}

static inline void shape_pausing_at_night(prog *x, ent_duty_row *d)
{
    /* a calendar that pauses: the clock runs outside of office hours only */
    d->first_pause = prog_use(x, 0, -1, -1, -1, -1);
    d->n_pauses = 1;
}

static inline void shape_within_span(prog *x, ent_duty_row *d)
{
    /* `within 4h of hold`: only time on hold counts */
    x->b->allow.v[d->first_allow].use = prog_use(x, -1, SPAN_HOLD, TICKET, x->key_id, -1);
}

static inline void shape_credit(prog *x, ent_duty_row *d)
{
    d->credit = ent_builder_add_amount(
        x->b, (ent_amount_row){2, prog_ratio(x, 25, 2), -1, 0, prog_text(x, "GBP 12.50"), -1});
}

/* One duty of a club whose ticket time follows holders: the clause's own time is that of HostCo, and `hold` the
 * client's, Acme's. */
static inline ent_image *following(void (*shape)(prog *, ent_duty_row *))
{
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    x.b->framework.v[0].ticket_time = ENT_TIME_HOLDER;
    ent_duty_row duty = prog_duty(&x, agreement);
    shape(&x, &duty);
    (void)ent_builder_add_duty(x.b, duty);
    return prog_load(&x);
}

static inline ent_image *one_duty(void (*shape)(prog *, ent_duty_row *))
{
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    ent_duty_row duty = prog_duty(&x, agreement);
    shape(&x, &duty);
    (void)ent_builder_add_duty(x.b, duty);
    return prog_load(&x);
}

static inline ent_q q_of(int64_t num, int64_t den)
{
    ent_q q;
    if (!ent_q_make(num, den, &q)) {
        abort();
    }
    return q;
}

/* Value type and parameter of a fold and of the objective over it. */
static inline void set_types(prog *x, ent_fold_row *fold, ent_objective_row *row, int64_t type)
{
    fold->value_type = type;
    fold->param = row->param = type == ENT_TYPE_DECIMAL ? 2
                               : type == ENT_TYPE_MONEY ? prog_text(x, "GBP")
                                                        : -1;
}
#endif
