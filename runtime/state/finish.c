/* The end of a run: every clock that still runs is decided as things stand.
 *
 * There may be a million of them, and a decision is larger than a clock.  So they are decided in the order of the
 * ledger, a few hundred at a time, and given out together with the decisions that wait, which are in that order, too.
 * Only those of duties with a credit are decided beforehand: what one costs may depend on the others, through a cap.
 * Tested by tests/unit/test_clocks.c, and against the oracle by tests/property/random_clubs.py and random_worlds.py,
 * which end while clocks run. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/duty_private.h"
#include "runtime/state/parts.h"

enum { CLOCKS_AT_ONCE = 256 };

typedef struct open_clock {
    ent_engine *owner; /* the engine or a part of it */
    ent_dutystate *duty;
    const ent_clock *clock;
    const char *text; /* of the first field of its subject; NULL where that is no text that lasts */
} open_clock;

typedef struct finish {
    ent_engine *s;
    open_clock *clocks;
    size_t n;
    ent_verdict *waiting; /* the engine's decisions that were there before */
    size_t n_waiting;
    ent_verdict **order;  /* of the ledger, of these */
    size_t given;         /* of them */
} finish;

static ent_verdict subject_of(const open_clock *c)
{
    return (ent_verdict){.kind = ENT_VERDICT_DUTY,
                         .clause = c->duty->index,
                         .subject = c->clock->key,
                         .has_subject = true,
                         .at_ns = c->clock->trigger_at};
}

/* Of one duty or its versions. */
static int compare_clocks(const void *a, const void *b, void *user)
{
    const open_clock *x = a;
    const open_clock *y = b;
    int order = x->text && y->text ? strcmp(x->text, y->text) : 0;
    if (order != 0) {
        return order;
    }
    ent_verdict left = subject_of(x);
    ent_verdict right = subject_of(y);
    return ent_judge_order(user, &left, &right);
}

static int compare_duties(const void *a, const void *b, void *user)
{
    ent_verdict x = {.kind = ENT_VERDICT_DUTY, .clause = *(const int64_t *)a};
    ent_verdict y = {.kind = ENT_VERDICT_DUTY, .clause = *(const int64_t *)b};
    return ent_judge_order(user, &x, &y);
}

static void add_clocks(finish *f, ent_engine *owner, ent_dutystate *d)
{
    for (size_t i = 0; i < d->n_clocks; i++) {
        open_clock *c = &f->clocks[f->n++];
        *c = (open_clock){owner, d, d->clocks[i], NULL};
        ent_verdict subject = subject_of(c);
        c->text = ent_subject_lasting(f->s, &subject);
    }
}

/* The clocks of a duty and its versions, which have one name. */
static void add_versions(finish *f, int64_t head)
{
    size_t begin = f->n;
    for (int64_t i = head; i >= 0; i = f->s->duties[i].next_version) {
        for (size_t k = 0; f->s->duties[i].row->credit < 0 && k < ent_engine_owners(f->s); k++) {
            ent_engine *owner = ent_engine_owner(f->s, k);
            add_clocks(f, owner, &owner->duties[i]);
        }
    }
    for (size_t i = begin + 1; i < f->n; i++) {
        if (compare_clocks(&f->clocks[i - 1], &f->clocks[i], f->s) > 0) {
            qsort_r(f->clocks + begin, f->n - begin, sizeof *f->clocks, compare_clocks, f->s);
            return;
        }
    }
}

/* Lists the clocks in the order of the ledger. */
static bool list_clocks(finish *f)
{
    size_t n_duties = f->s->program->n_duty;
    size_t n_heads = 0;
    size_t n_clocks = 0;
    int64_t *heads = malloc((n_duties + 1) * sizeof *heads);
    for (size_t i = 0; heads && i < n_duties; i++) {
        for (size_t k = 0; k < ent_engine_owners(f->s); k++) {
            n_clocks += ent_engine_owner(f->s, k)->duties[i].n_clocks;
        }
        if (f->s->duties[i].head == (int64_t)i) {
            heads[n_heads++] = (int64_t)i;
        }
    }
    f->clocks = malloc((n_clocks + 1) * sizeof *f->clocks);
    bool ok = heads && f->clocks;
    if (ok) {
        qsort_r(heads, n_heads, sizeof *heads, compare_duties, f->s);
    }
    for (size_t i = 0; ok && i < n_heads; i++) {
        add_versions(f, heads[i]);
    }
    free(heads);
    return ok;
}

/* Gives out the waiting decisions that come before this one, or all. */
static bool give_waiting(finish *f, const ent_verdict *before, ent_fault *error)
{
    ent_engine *s = f->s;
    while (f->given < f->n_waiting && (!before || ent_judge_order(s, f->order[f->given], before) <= 0)) {
        if (!ent_engine_tell(s, f->order[f->given++], error)) {
            return false;
        }
    }
    return true;
}

/* Decides a few clocks, and gives their decisions out among those that wait. */
static bool finish_some(finish *f, size_t first, size_t n, ent_fault *error)
{
    ent_engine *s = f->s;
    ent_verdict *order[CLOCKS_AT_ONCE];
    for (size_t i = first; i < first + n; i++) {
        const open_clock *c = &f->clocks[i];
        if (!ent_clock_finish(c->owner, c->duty, c->clock) || !ent_parts_collect(s, c->owner)) {
            return ent_no_memory(error);
        }
    }
    for (size_t i = 0; i < s->n_decisions; i++) {
        order[i] = &s->decisions[i];
    }
    bool ok = ent_judge_settle(s, order, s->n_decisions, error);
    for (size_t i = 0; ok && i < s->n_decisions; i++) {
        ent_subject_look_ahead(s, order + i, s->n_decisions - i);
        ok = give_waiting(f, order[i], error) && ent_engine_tell(s, order[i], error);
    }
    for (size_t i = 0; i < s->n_decisions; i++) {
        ent_answer_spare(&s->spare_answers, s->decisions[i].answer);
    }
    s->n_decisions = 0;
    return ok;
}

/* The engine's decisions that wait, in the order of the ledger. */
static bool take_waiting(finish *f, ent_fault *error)
{
    ent_engine *s = f->s;
    f->waiting = s->decisions;
    f->n_waiting = s->n_decisions;
    s->decisions = NULL;
    s->n_decisions = s->decisions_capacity = 0;
    f->order = malloc((f->n_waiting + 1) * sizeof *f->order);
    for (size_t i = 0; f->order && i < f->n_waiting; i++) {
        f->order[i] = &f->waiting[i];
    }
    return f->order ? ent_judge_settle(s, f->order, f->n_waiting, error) : ent_no_memory(error);
}

static void deinit(finish *f)
{
    for (size_t i = 0; i < f->n_waiting; i++) {
        ent_answer_free(f->waiting[i].answer);
    }
    free(f->waiting);
    free(f->order);
    free(f->clocks);
}

bool ent_engine_finish_clocks(ent_engine *s, ent_fault *error)
{
    finish f = {.s = s};
    ent_parts_end(s);
    for (size_t i = 0; i < s->program->n_duty; i++) {
        for (size_t k = 0; s->duties[i].row->credit >= 0 && k < ent_engine_owners(s); k++) {
            ent_engine *owner = ent_engine_owner(s, k);
            if (!ent_dutystate_finish(owner, &owner->duties[i], error)) {
                return false;
            }
            if (!ent_parts_collect(s, owner)) {
                return ent_no_memory(error);
            }
        }
    }
    bool ok = take_waiting(&f, error) && (list_clocks(&f) || ent_no_memory(error));
    for (size_t i = 0; ok && i < f.n; i += CLOCKS_AT_ONCE) {
        ok = finish_some(&f, i, f.n - i < CLOCKS_AT_ONCE ? f.n - i : CLOCKS_AT_ONCE, error);
    }
    ok = ok && give_waiting(&f, NULL, error);
    ent_parts_add_up(s);
    deinit(&f);
    return ok;
}
