/* What a ladder does with a figure that its author has not thought of, as facts with that figure.
 *
 * The checker finds the figure (compiler/check/ladder.c); here rows are made up whose share, count or
 * only value it is, within one window of the objective.  Where the ladder is in error the scenario
 * says what is decided of the facts apart from the credit, so it runs once the ladder is mended;
 * where some breaches are left unpaid (W0403), it runs as it is.  Nothing is shown unless the rows are
 * certain: one window, nothing of it excluded, conditions that are understood exactly, and for shares
 * the judges of trial.h find the figure in them.  Tested by tests/property/ladders.py, which runs what
 * is shown. */
#include "compiler/prove/counterexample.h"
#include "compiler/prove/internal.h"
#include "compiler/prove/trial.h"
#include "compiler/syntax/text.h"
#include "runtime/time/arith.h"
#include "runtime/time/civil.h"

#define YEAR_NS (366 * ENT_TIME_DAY_NS)

enum { ROWS_MAX = 400 };

typedef struct showing {
    ent_prover *p;
    ent_boxer x;
    const ent_ladder_case *c;
    const ent_objective_decl *o;
    const ent_fold_decl *fold;
    const ent_match_gap *gap;        /* the rows have its value; or NULL */
    const ent_service_decl *service; /* whose samples they are; NULL: the feed has no service as a key */
    const ent_shown_rows *given;     /* rows that there must be; NULL: as many as the figure takes */
    const ent_box *rows[ENT_SHOWN_MAX];
    const ent_box *good, *bad;       /* rows that count, and of a share those that do not */
    int64_t n_good, n_bad;
    int64_t start, step; /* when the first one happens, and how far they are apart */
    int64_t day;         /* in the window that has the figure */
    int64_t closing;     /* one more row happens then, when the window is over; 0: none does */
} showing;

/* --- rows --- */

static const ent_field_decl *service_key(const ent_feed_decl *feed)
{
    for (size_t i = 0; i < feed->n_keys; i++) {
        if (feed->keys[i]->type.kind == ENT_TYPE_SERVICE) {
            return feed->keys[i];
        }
    }
    return NULL;
}

static bool can_key(const ent_feed_decl *feed)
{
    for (size_t i = 0; i < feed->n_keys; i++) {
        if (feed->keys[i]->type.kind != ENT_TYPE_SERVICE && feed->keys[i]->type.kind != ENT_TYPE_TEXT) {
            return false;
        }
    }
    return true;
}

/* Whether each field that the fold reads has a value in the box: one that is left open is absent in
 * the row. */
static bool says_all(const ent_box *box, const ent_fold_decl *f)
{
    for (size_t i = 0; i < f->n_absents; i++) {
        bool said = f->value != NULL && f->value->decl == f->absents[i];
        for (size_t k = 0; k < box->n && !said; k++) {
            said = box->sets[k].of == f->absents[i];
        }
        if (!said) {
            return false;
        }
    }
    return !ent_is_skipped(box, f);
}

static ent_boxes fulfil(const showing *s, ent_boxes in, const ent_node *condition)
{
    bool asked = false;
    return s->gap == NULL ? ent_boxes_where(&s->x, in, condition, true)
                          : ent_gap_rows(s->p, in, condition, s->gap, &asked);
}

/* A row that the fold looks at, good or bad in its sense. */
static const ent_box *find_row(const showing *s, bool good)
{
    const ent_fold_decl *f = s->fold;
    const ent_field_decl *key = service_key(f->feed);
    ent_boxes boxes = ent_boxes_all(&s->x);
    if (f->member >= 0) {
        boxes = ent_boxes_member(&s->x, boxes, f->feed->event, f->member);
    }
    if (key != NULL && s->service != NULL) {
        boxes = ent_boxes_member(&s->x, boxes, key, s->service->index);
    }
    for (size_t i = 0; i < f->n_keyed; i++) {
        boxes = ent_boxes_where(&s->x, boxes, f->keyed[i], true);
    }
    for (size_t i = 0; i < f->n_select; i++) {
        boxes = fulfil(s, boxes, f->select[i]);
    }
    if (f->test != NULL && s->gap != NULL) {
        boxes = fulfil(s, boxes, f->test);
    } else if (f->test != NULL) {
        boxes = ent_boxes_where(&s->x, boxes, f->test, good);
    }
    for (size_t i = 0; i < boxes.n; i++) {
        if (!boxes.v[i].vague && says_all(&boxes.v[i], f)) {
            return &boxes.v[i];
        }
    }
    return NULL;
}

/* The row with the figure in the field that is averaged, summed, …; NULL: its conditions speak of it. */
static const ent_box *with_value(const showing *s, const ent_box *box)
{
    const ent_field_decl *f = s->fold->value->decl;
    ent_set *sets = ent_arena_alloc_array(s->p->arena, box->n + 1, sizeof *sets);
    ent_box *made = ent_arena_alloc(s->p->arena, sizeof *made);
    if (sets == NULL || made == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < box->n; i++) {
        if (box->sets[i].of == f) {
            return NULL;
        }
        sets[i] = box->sets[i];
    }
    bool whole = s->o->type.kind != ENT_TYPE_MONEY && s->o->type.kind != ENT_TYPE_NUMBER;
    ent_q q = whole ? ent_q_from_i64(s->c->figure.i) : s->c->figure.q;
    sets[box->n] = (ent_set){.of = f,
                             .name = f->name,
                             .type = f->type,
                             .kind = ENT_SET_ORDERED,
                             .present = true,
                             .low.q = q,
                             .high.q = q};
    *made = (ent_box){.sets = sets, .n = box->n + 1};
    return made;
}

/* How many rows of which kind have the figure. */
static bool count_rows(showing *s)
{
    const ent_value *v = &s->c->figure;
    switch (s->fold->kind) {
    case ENT_AGG_SHARE:
    case ENT_AGG_TIME_SHARE:
        s->n_good = (int64_t)v->q.num;
        s->n_bad = (int64_t)(v->q.den - v->q.num);
        return v->q.num >= 0 && v->q.num <= v->q.den && v->q.den <= ROWS_MAX;
    case ENT_AGG_COUNT:
        s->n_good = v->i;
        return v->i > 0 && v->i <= ROWS_MAX;
    case ENT_AGG_SUM:
    case ENT_AGG_AVERAGE:
    case ENT_AGG_MINIMUM:
    case ENT_AGG_MAXIMUM:
    case ENT_AGG_MEDIAN:
    case ENT_AGG_PERCENTILE:
        s->n_good = 1;
        return s->fold->value != NULL && s->fold->value->decl_kind == ENT_DECL_FIELD &&
               ((const ent_field_decl *)s->fold->value->decl)->type.kind == s->o->type.kind;
    default:
        return false;
    }
}

static bool find_rows(showing *s)
{
    s->good = s->n_good > 0 ? find_row(s, true) : NULL;
    s->bad = s->n_bad > 0 ? find_row(s, false) : NULL;
    if (s->good != NULL && s->fold->value != NULL) {
        s->good = with_value(s, s->good);
    }
    return (s->n_good == 0 || s->good != NULL) && (s->n_bad == 0 || s->bad != NULL);
}

/* Of each kind that is given one row, of the service in hand; of a share it must be counted. */
static bool find_given(showing *s)
{
    const ent_field_decl *key = service_key(s->fold->feed);
    bool share = s->fold->kind == ENT_AGG_SHARE;
    for (size_t i = 0; i < s->given->n; i++) {
        ent_boxes boxes = s->given->of[i];
        if (key != NULL && s->service != NULL) {
            boxes = ent_boxes_member(&s->x, boxes, key, s->service->index);
        }
        for (size_t k = 0; k < boxes.n; k++) { /* rather one in which nothing is absent */
            bool fits = !boxes.v[k].vague && (!share || says_all(&boxes.v[k], s->fold));
            bool better = s->rows[i] == NULL || (!ent_box_is_whole(s->rows[i]) && ent_box_is_whole(&boxes.v[k]));
            s->rows[i] = fits && better ? &boxes.v[k] : s->rows[i];
        }
        if (s->rows[i] == NULL) {
            return false;
        }
        const ent_box *valued = s->fold->value != NULL ? with_value(s, s->rows[i]) : NULL;
        s->rows[i] = valued != NULL ? valued : s->rows[i];
    }
    bool good = share && s->c->figure.q.num > 0;
    s->n_good = good ? (int64_t)s->given->n : 0;
    s->n_bad = good ? 0 : (int64_t)s->given->n;
    return true;
}

/* --- trying it --- */

/* Whether rows of the feed could begin something that the objective leaves out. */
static bool may_exclude(const showing *s)
{
    for (size_t i = 0; i < s->o->n_excluding; i++) {
        const ent_span_decl *span = s->o->excluding[i].of;
        for (size_t k = 0; span != NULL && k < span->from->n_alts; k++) {
            if (span->from->alts[k].feed == s->fold->feed) {
                return true;
            }
        }
    }
    return false;
}

/* Rows from the first instant of a rolling window on, and one at its end: no other window lies wholly in
 * what is seen. */
static bool fill_rolling(showing *s, ent_judge *judge)
{
    const ent_objective_decl *o = s->o;
    ent_rolling roll = ent_judge_rolling(judge);
    bool missing = s->fold->feed->interval_ns > 0 && o->missing != ENT_MISSING_IGNORED;
    if (missing || o->n_excluding > 0 || o->roll_ns < 2 * ENT_TIME_DAY_NS || o->roll_ns > YEAR_NS ||
        !ent_rolling_next_end(judge->zone, &roll, s->start + o->roll_ns, &s->closing)) {
        return false;
    }
    s->start = s->closing - o->roll_ns;
    s->day = (s->start + o->roll_ns / 2) / ENT_TIME_DAY_NS;
    return s->start >= judge->from && s->closing < judge->to &&
           s->start + (s->n_good + s->n_bad) * s->step <= s->closing;
}

/* A state lasts until the next sample: the last one until the end of the window, where one more is seen. */
static bool fill_to_end(showing *s, ent_judge *judge)
{
    int64_t n = s->n_good + s->n_bad, interval = s->fold->feed->interval_ns;
    ent_trial trial = {.start = s->start, .interval = interval, .n = 2};
    trial.period = (ent_interval){s->start, s->start + interval};
    if (interval <= 0 || s->o->n_excluding > 0 || s->o->missing == ENT_MISSING_IGNORED ||
        (s->fold->stale_ns >= 0 && s->fold->stale_ns < interval) ||
        !ent_judge_look(judge, &trial) || judge->n_views != 1) {
        return false;
    }
    s->closing = judge->views[0].hi;
    s->start = s->closing - n * interval;
    return s->start >= judge->views[0].lo;
}

/* Where the rows happen in time; false: nowhere that is certain. */
static bool place(showing *s)
{
    ent_judge judge;
    bool ok = ent_judge_init(&judge, s->o, s->service);
    if (ok && s->o->window == ENT_UNIT_ROLLING) {
        ok = s->fold->kind != ENT_AGG_TIME_SHARE && fill_rolling(s, &judge);
    } else if (ok && s->fold->kind == ENT_AGG_TIME_SHARE) {
        ok = fill_to_end(s, &judge);
    }
    ent_judge_deinit(&judge);
    return ok;
}

/* One window in which all rows count and, of a share, have the figure. */
static bool is_tried(const showing *s)
{
    if (s->o->window == ENT_UNIT_ROLLING) {
        return true; /* the window was chosen around the rows */
    }
    int64_t n = s->n_good + s->n_bad;
    uint8_t seen[ROWS_MAX];
    ent_trial trial = {.start = s->start, .interval = s->step, .n = (size_t)n};
    trial.period = (ent_interval){s->start, s->start + n * s->step};
    for (int64_t i = 0; i < n; i++) {
        seen[i] = i < s->n_good ? ENT_SEEN_GOOD : ENT_SEEN_BAD;
    }
    ent_judge judge;
    bool ok = ent_judge_init(&judge, s->o, s->service) && ent_judge_look(&judge, &trial) &&
              judge.n_views == 1;
    for (int64_t i = 0; ok && i < n; i++) {
        int64_t at = s->start + i * s->step;
        ok = at >= judge.views[0].lo && at < judge.views[0].hi &&
             !ent_view_excludes(&judge.views[0], at);
    }
    if (ok && (s->fold->kind == ENT_AGG_SHARE || s->fold->kind == ENT_AGG_TIME_SHARE)) {
        ent_ruling r = ent_judge_rule(&judge, &trial, seen);
        ok = r.windows == 1 && r.total == n && r.bad == s->n_bad;
    }
    ent_judge_deinit(&judge);
    return ok;
}

/* Whose samples they are: a service that the objective is about, or just one of the club. */
static void choose_service(showing *s, bool must_cover)
{
    const ent_model *m = s->p->m;
    for (size_t i = 0; i < m->n_services && s->service == NULL; i++) {
        s->service = ent_objective_covers(s->o, m->services[i]) ? m->services[i] : NULL;
    }
    if (s->service == NULL && !must_cover && m->n_services > 0) {
        s->service = m->services[0];
    }
}

static bool can_show(showing *s)
{
    const ent_objective_decl *o = s->o;
    if (o->n_folds != 1 || o->expr == NULL || o->expr->kind != ENT_NODE_AGGREGATE ||
        o->agreement->zone == NULL) {
        return false;
    }
    const ent_feed_decl *feed = o->folds[0]->feed;
    s->fold = o->folds[0];
    if (feed == NULL || feed->kind != ENT_FEED_SOURCE || !ent_takes_rows(feed) || !can_key(feed)) {
        return false;
    }
    bool by_service = o->subject != ENT_SUBJECT_NONE;
    if (by_service && (o->subject_type.kind != ENT_TYPE_SERVICE || service_key(feed) == NULL)) {
        return false;
    }
    choose_service(s, by_service);
    if (s->service == NULL && service_key(feed) != NULL) {
        return false;
    }
    s->day = ent_first_common_day(o->agreement, o->agreement);
    s->start = s->day * ENT_TIME_DAY_NS + ENT_TIME_DAY_NS / 2;
    s->step = feed->interval_ns > 0 ? feed->interval_ns : ENT_TIME_MINUTE_NS;
    bool found = s->given != NULL ? find_given(s) : count_rows(s) && find_rows(s);
    return found && !may_exclude(s) && place(s) && is_tried(s);
}

/* --- the scenario --- */

static void put_row(const showing *s, ent_text *out, const ent_box *box, int64_t at, int64_t number)
{
    char text[ENT_CIVIL_TEXT_MAX];
    (void)ent_civil_format(text, sizeof text, at, NULL);
    const char *key = ent_arena_printf(s->p->arena, "T%lld", (long long)number);
    const char *row = ent_row(&s->x, box, s->fold->feed, text, key == NULL ? "" : key);
    ent_text_printf(out, "%s\n", row == NULL ? "" : row);
}

static void put_rows(const showing *s, ent_text *out)
{
    int64_t n = s->n_good + s->n_bad;
    const ent_box *box = NULL;
    for (int64_t i = 0; i < n; i++) {
        box = s->given != NULL ? s->rows[i] : i < s->n_good ? s->good : s->bad;
        put_row(s, out, box, s->start + i * s->step, i + 1);
    }
    if (s->closing != 0) {
        put_row(s, out, box, s->closing, n + 1);
    }
}

static void report(const showing *s)
{
    ent_text rows = {0};
    ent_figure_shown shown = {.c = s->c,
                              .feed = s->fold->feed,
                              .service = s->service,
                              .title = s->given != NULL ? s->given->title : NULL,
                              .day = s->day,
                              .n_rows = (size_t)(s->n_good + s->n_bad) + (s->closing != 0)};
    ent_text_printf(&rows, "%s\n", ent_row_names(&s->x, s->fold->feed));
    put_rows(s, &rows);
    ent_show_scenario(s->p, &shown, &rows);
    ent_text_deinit(&rows);
}

bool ent_show_figure(ent_prover *p, const ent_ladder_case *c, const ent_match_gap *gap)
{
    showing s = {.p = p, .x = {p->m, p->arena}, .c = c, .o = c->objective, .gap = gap};
    const ent_feed_decl *feed = s.o->n_folds == 1 ? s.o->folds[0]->feed : NULL;
    if (feed != NULL && feed->kind == ENT_FEED_OUTCOMES) {
        return ent_show_outcomes(p, c);
    }
    bool can = can_show(&s);
    if (can) {
        report(&s);
    }
    return can;
}

bool ent_show_rows(ent_prover *p, const ent_ladder_case *c, const ent_shown_rows *rows)
{
    showing s = {.p = p, .x = {p->m, p->arena}, .c = c, .o = c->objective, .given = rows};
    bool can = can_show(&s);
    if (can) {
        report(&s);
    }
    return can;
}

void ent_prove_ladders(ent_prover *p)
{
    for (size_t i = 0; i < p->m->n_ladder_cases; i++) {
        (void)ent_show_figure(p, &p->m->ladder_cases[i], NULL);
    }
}
