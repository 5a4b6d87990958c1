/* The end of a run: every clock that still runs is decided as things stand.
 *
 * There may be a million of them, and a decision is larger than a clock.  So they are decided in the order of the
 * ledger, a few hundred at a time, and given out together with the decisions that wait, which are in that order, too.
 * Only those of duties with a credit are decided beforehand: what one costs may depend on the others, through a cap.
 * Tested against the oracle by tests/property/random_clubs.py and random_worlds.py, which end while clocks run. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/duty_private.h"

enum { CLOCKS_AT_ONCE = 256 };

typedef struct open_clock {
    ent_dutystate *duty;
    const ent_clock *clock;
    const char *text; /* of the first field of its subject; NULL where that is no text that lasts */
} open_clock;

typedef struct finish {
    ent_engine *s;
    open_clock *clocks;
    size_t n;
    size_t n_waiting; /* of the engine's decisions, those that were there before; in the order of the ledger */
    size_t given;     /* of them */
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

static void add_clocks(finish *f, ent_dutystate *d)
{
    for (size_t i = 0; i < d->n_clocks; i++) {
        open_clock *c = &f->clocks[f->n++];
        *c = (open_clock){d, d->clocks[i], NULL};
        ent_verdict subject = subject_of(c);
        c->text = ent_subject_lasting(f->s, &subject);
    }
}

/* The clocks of a duty and its versions, which have one name. */
static void add_versions(finish *f, int64_t head)
{
    size_t begin = f->n;
    for (int64_t i = head; i >= 0; i = f->s->duties[i].next_version) {
        if (f->s->duties[i].row->credit < 0) {
            add_clocks(f, &f->s->duties[i]);
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
        n_clocks += f->s->duties[i].n_clocks;
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
    while (f->given < f->n_waiting && (!before || ent_judge_order(s, &s->decisions[f->given], before) <= 0)) {
        if (!ent_engine_tell(s, &s->decisions[f->given++], error)) {
            return false;
        }
    }
    return true;
}

/* Decides a few clocks, and gives their decisions out among those that wait. */
static bool finish_some(finish *f, size_t first, size_t n, ent_fault *error)
{
    ent_engine *s = f->s;
    for (size_t i = first; i < first + n; i++) {
        if (!ent_clock_finish(s, f->clocks[i].duty, f->clocks[i].clock)) {
            return ent_no_memory(error);
        }
    }
    bool ok = ent_judge_settle(s, s->decisions + f->n_waiting, s->n_decisions - f->n_waiting, error);
    for (size_t i = f->n_waiting; ok && i < s->n_decisions; i++) {
        ent_subject_look_ahead(s, &s->decisions[i], s->n_decisions - i);
        ok = give_waiting(f, &s->decisions[i], error) && ent_engine_tell(s, &s->decisions[i], error);
    }
    s->n_decisions = ok ? f->n_waiting : s->n_decisions;
    return ok;
}

bool ent_engine_finish_clocks(ent_engine *s, ent_fault *error)
{
    finish f = {.s = s};
    for (size_t i = 0; i < s->program->n_duty; i++) {
        if (s->duties[i].row->credit >= 0 && !ent_dutystate_finish(s, &s->duties[i], error)) {
            return false;
        }
    }
    f.n_waiting = s->n_decisions;
    bool ok = ent_judge_settle(s, s->decisions, s->n_decisions, error) &&
              (list_clocks(&f) || ent_no_memory(error));
    for (size_t i = 0; ok && i < f.n; i += CLOCKS_AT_ONCE) {
        ok = finish_some(&f, i, f.n - i < CLOCKS_AT_ONCE ? f.n - i : CLOCKS_AT_ONCE, error);
    }
    ok = ok && give_waiting(&f, NULL, error);
    s->n_decisions = ok ? 0 : s->n_decisions;
    free(f.clocks);
    return ok;
}
