/* Ladders over the outcomes of a duty: tickets of which so many are met and so many late.
 *
 * Each begins a minute after the one before, is done a second later or two hours after its time has run out, and all
 * of that lies in one window.  Shown only for `share of DUTY where met`, and for duties whose clocks
 * are nobody's but the rows' that begin and discharge them.  See ladders.c. */
#include <string.h>

#include "compiler/prove/counterexample.h"
#include "compiler/prove/internal.h"
#include "compiler/prove/trial.h"
#include "compiler/syntax/text.h"
#include "runtime/time/arith.h"
#include "runtime/time/civil.h"

enum { TICKETS_MAX = 200 };

typedef struct tickets {
    ent_prover *p;
    ent_boxer x;
    const ent_ladder_case *c;
    const ent_duty_decl *d;
    const ent_box *begin, *end;
    int64_t n, n_met, allowed, start;
} tickets;

static bool asks_met(const ent_fold_decl *f)
{
    const ent_node *t = f->test;
    return f->kind == ENT_AGG_SHARE && f->n_select == 0 && f->n_keyed == 0 && t != NULL &&
           t->kind == ENT_NODE_NAME && t->decl_kind == ENT_DECL_FIELD &&
           strcmp(((const ent_field_decl *)t->decl)->name, "met") == 0;
}

/* A row that begins a clock with a constant allowance. */
static bool find_allowed(tickets *t)
{
    const ent_duty_decl *d = t->d;
    for (size_t i = 0; i < d->n_allows; i++) {
        const ent_allow_decl *a = &d->allows[i];
        if (a->ns < ENT_TIME_SECOND_NS || a->use != NULL || (d->n_allows > 1 && a->n_values == 0)) {
            continue;
        }
        for (size_t k = 0; k < d->trigger->n_alts; k++) {
            ent_boxes rows = ent_common_rows(&t->x, &d->trigger->alts[k], &d->trigger->alts[k]);
            rows = a->n_values == 0 ? rows : ent_boxes_field(&t->x, rows, d->allow_field, a->values[0]);
            rows = d->excused_when == NULL ? rows
                                           : ent_boxes_where(&t->x, rows, d->excused_when, false);
            t->begin = ent_boxes_exact(rows);
            t->allowed = a->ns;
            if (t->begin != NULL && ent_has_free_key(t->begin, d->feed) &&
                !ent_may_be(&t->x, d->discharge, d->feed, NULL, rows) &&
                !ent_may_be(&t->x, d->void_when, d->feed, NULL, rows)) {
                return true;
            }
        }
    }
    return false;
}

/* Whether all that happens lies in one window of the objective. */
static bool is_tried(const tickets *t, const ent_objective_decl *o)
{
    int64_t last = t->start + t->n * ENT_TIME_MINUTE_NS + t->allowed + 2 * ENT_TIME_HOUR_NS;
    ent_trial trial = {.start = t->start, .interval = last - t->start, .n = 2};
    trial.period = (ent_interval){t->start, last + 1};
    ent_judge judge;
    bool ok = ent_judge_init(&judge, o, NULL) && ent_judge_look(&judge, &trial) &&
              judge.n_views == 1 && judge.views[0].lo <= t->start && last < judge.views[0].hi;
    ent_judge_deinit(&judge);
    return ok;
}

/* When which row happens: those that begin, then those that end. */
static void put_rows(const tickets *t, ent_text *out)
{
    ent_text_printf(out, "%s\n", ent_row_names(&t->x, t->d->feed));
    for (int64_t i = 0; i < 2 * t->n; i++) {
        bool ends = i >= t->n;
        int64_t number = ends ? i - t->n : i;
        int64_t after = !ends ? 0 : number < t->n_met ? ENT_TIME_SECOND_NS : t->allowed + 2 * ENT_TIME_HOUR_NS;
        char at[ENT_CIVIL_TEXT_MAX];
        (void)ent_civil_format(at, sizeof at, t->start + number * ENT_TIME_MINUTE_NS + after, NULL);
        const char *key = ent_arena_printf(t->p->arena, "T%lld", (long long)number + 1);
        const char *row = ent_row(&t->x, ends ? t->end : t->begin, t->d->feed, at, key == NULL ? "" : key);
        ent_text_printf(out, "%s\n", row == NULL ? "" : row);
    }
}

bool ent_show_outcomes(ent_prover *p, const ent_ladder_case *c)
{
    const ent_objective_decl *o = c->objective;
    const ent_fold_decl *f = o->folds[0];
    tickets t = {.p = p, .x = {p->m, p->arena}, .c = c, .d = f->feed->duty};
    const ent_value *v = &c->figure;
    bool plain = o->subject == ENT_SUBJECT_NONE && o->n_excluding == 0 && asks_met(f) &&
                 t.d != NULL && ent_is_plain(t.d) && t.d->agreement == o->agreement;
    if (!plain || v->q.num < 0 || v->q.num > v->q.den || v->q.den > TICKETS_MAX) {
        return false;
    }
    t.n = (int64_t)v->q.den;
    t.n_met = (int64_t)v->q.num;
    t.start = ent_first_common_day(o->agreement, o->agreement) * ENT_TIME_DAY_NS + ENT_TIME_DAY_NS / 2;
    t.end = ent_discharging(&t.x, t.d);
    if (t.end == NULL || !find_allowed(&t) || !is_tried(&t, o)) {
        return false;
    }
    ent_text rows = {0};
    put_rows(&t, &rows);
    ent_figure_shown shown = {.c = c,
                              .feed = t.d->feed,
                              .day = ent_first_common_day(o->agreement, o->agreement),
                              .n_rows = (size_t)(2 * t.n)};
    ent_show_scenario(p, &shown, &rows);
    ent_text_deinit(&rows);
    return true;
}
