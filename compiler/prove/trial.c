/* See trial.h. */
#include "compiler/prove/trial.h"

#include <stdlib.h>
#include <string.h>

enum { VIEWS_MAX = 800 };

/* --- judges --- */

ent_calendar *ent_decl_calendar(const ent_calendar_decl *d)
{
    ent_calendar_rule *rules = calloc(d->n_openings + 1, sizeof *rules);
    int64_t *closed = calloc(d->n_closed + 1, sizeof *closed);
    ent_zone *zone = ent_zone_load(NULL, d->zone, NULL, 0);
    ent_calendar *made = NULL;
    for (size_t i = 0; rules != NULL && i < d->n_openings; i++) {
        rules[i] = (ent_calendar_rule){(uint8_t)d->openings[i].days, d->openings[i].open_ns,
                                       d->openings[i].close_ns};
    }
    for (size_t i = 0; closed != NULL && i < d->n_closed; i++) {
        closed[i] = d->closed[i].day;
    }
    if (zone != NULL && rules != NULL && closed != NULL) {
        made = ent_calendar_new(zone, rules, d->n_openings, closed, d->n_closed);
    }
    ent_zone_free(zone);
    free(rules);
    free(closed);
    return made;
}

bool ent_judge_init(ent_judge *j, const ent_objective_decl *o, const ent_service_decl *s)
{
    const ent_agreement_decl *a = o->agreement;
    *j = (ent_judge){.o = o, .service = s, .from = INT64_MIN, .to = INT64_MAX};
    j->zone = ent_zone_load(NULL, a->zone, NULL, 0);
    j->calendars = calloc(o->n_excluding + 1, sizeof *j->calendars);
    bool ok = j->zone != NULL && j->calendars != NULL;
    for (size_t i = 0; ok && i < o->n_excluding; i++) {
        if (o->excluding[i].calendar != NULL) {
            j->calendars[i] = ent_decl_calendar(o->excluding[i].calendar);
            ok = j->calendars[i] != NULL;
        }
    }
    if (ok && a->from_day != INT64_MIN) {
        j->from = ent_zone_midnight(j->zone, a->from_day);
    }
    if (ok && a->to_day != INT64_MAX) {
        j->to = ent_zone_midnight(j->zone, a->to_day + 1);
    }
    return ok;
}

static void forget_views(ent_judge *j)
{
    for (size_t i = 0; i < j->n_views; i++) {
        ent_intervals_deinit(&j->views[i].out);
    }
    j->n_views = 0;
}

void ent_judge_deinit(ent_judge *j)
{
    forget_views(j);
    for (size_t i = 0; j->calendars != NULL && i < j->o->n_excluding; i++) {
        ent_calendar_free(j->calendars[i]);
    }
    free(j->calendars);
    free(j->views);
    ent_zone_free(j->zone);
    *j = (ent_judge){0};
}

ent_rolling ent_judge_rolling(const ent_judge *j)
{
    return (ent_rolling){j->o->roll_ns, j->o->every_days, j->o->every_ns};
}

/* --- figures --- */

bool ent_is_kept(const ent_objective_decl *o, int64_t good, int64_t total)
{
    ent_q figure;
    int c = ent_q_make(good, total, &figure) ? ent_q_cmp(figure, o->target.q) : -1;
    return o->compare == ENT_CMP_ABOVE ? c > 0 : c >= 0;
}

int64_t ent_bad_allowed(const ent_objective_decl *o, int64_t n)
{
    ent_q one = ent_q_from_i64(1), rest, bad;
    if (!ent_q_sub(one, o->target.q, &rest) || !ent_q_mul(rest, ent_q_from_i64(n), &bad) ||
        rest.num <= 0) {
        return 0;
    }
    int64_t most = (int64_t)ent_q_floor(bad);
    return most > 0 && !ent_is_kept(o, n - most, n) ? most - 1 : most;
}

/* --- windows --- */

static bool add_earliest(const ent_intervals *all, int64_t most_ns, ent_intervals *out)
{
    bool ok = true;
    for (size_t i = 0; ok && i < all->n && most_ns > 0; i++) {
        int64_t length = all->v[i].to - all->v[i].from;
        length = length > most_ns ? most_ns : length;
        ok = ent_intervals_add(out, all->v[i].from, all->v[i].from + length);
        most_ns -= length;
    }
    return ok;
}

static bool exclude(const ent_judge *j, const ent_trial *t, ent_view *v)
{
    bool ok = true;
    for (size_t i = 0; ok && i < j->o->n_excluding; i++) {
        const ent_spanuse_decl *use = &j->o->excluding[i];
        ent_intervals all = {0};
        if (j->calendars[i] != NULL) {
            ok = ent_calendar_slice(j->calendars[i], v->lo, v->hi, &all);
        } else if (use->of == t->span && (t->holder == NULL || t->holder == j->service)) {
            ok = ent_intervals_add(&all, t->held.from > v->lo ? t->held.from : v->lo,
                                   t->held.to < v->hi ? t->held.to : v->hi);
        }
        ok = ok && add_earliest(&all, use->at_most_ns < 0 ? INT64_MAX : use->at_most_ns, &v->out);
        ent_intervals_deinit(&all);
    }
    return ok;
}

static int64_t last_at(const ent_trial *t)
{
    return t->start + (int64_t)(t->n - 1) * t->interval;
}

static bool add_view(ent_judge *j, const ent_trial *t, ent_interval w)
{
    if (j->n_views == VIEWS_MAX) {
        return false;
    }
    if (j->n_views == j->views_cap) {
        size_t cap = j->views_cap == 0 ? 16 : j->views_cap * 2;
        ent_view *grown = realloc(j->views, cap * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        j->views = grown;
        j->views_cap = cap;
    }
    ent_view *v = &j->views[j->n_views];
    *v = (ent_view){.lo = w.from > j->from ? w.from : j->from, .hi = w.to < j->to ? w.to : j->to};
    v->whole = v->lo == w.from && v->hi == w.to;
    if (v->lo >= v->hi) {
        return true;
    }
    j->n_views++;
    return exclude(j, t, v);
}

static bool look_rolling(ent_judge *j, const ent_trial *t)
{
    ent_rolling roll = ent_judge_rolling(j);
    int64_t first = t->period.from + roll.duration_ns - 1, end = 0;
    bool ok = ent_rolling_next_end(j->zone, &roll, first > t->start ? first : t->start, &end);
    while (ok && end <= t->period.to && end - roll.duration_ns <= last_at(t)) {
        ok = add_view(j, t, (ent_interval){end - roll.duration_ns, end}) &&
             ent_rolling_next_end(j->zone, &roll, end, &end);
    }
    return ok;
}

bool ent_judge_look(ent_judge *j, const ent_trial *t)
{
    forget_views(j);
    if (j->o->window == ENT_UNIT_ROLLING) {
        return look_rolling(j, t);
    }
    ent_window_unit unit = (ent_window_unit)(j->o->window - ENT_UNIT_DAY);
    ent_interval w;
    bool ok = true;
    ent_window_containing(j->zone, unit, t->start, &w);
    while (ok && w.from <= last_at(t)) {
        ok = add_view(j, t, w);
        ent_window_next(j->zone, unit, &w);
    }
    return ok;
}

size_t ent_judge_view(const ent_judge *j, size_t first, int64_t at)
{
    while (first < j->n_views && j->views[first].hi <= at) {
        first++;
    }
    return first;
}

bool ent_view_excludes(const ent_view *v, int64_t at)
{
    return v->out.n > 0 && ent_intervals_contains(&v->out, at);
}

/* --- rulings --- */

typedef struct tally {
    int64_t good, bad;    /* in the measure's own unit: samples or time */
    int64_t bad_samples;
    int64_t expected;
} tally;

static size_t first_index(const ent_trial *t, int64_t at)
{
    return at <= t->start ? 0 : (size_t)((at - t->start + t->interval - 1) / t->interval);
}

static tally count(const ent_view *v, const ent_trial *t, const uint8_t *seen)
{
    tally sum = {0};
    int64_t from = v->lo > t->start ? v->lo : t->start;
    int64_t to = last_at(t) + t->interval < v->hi ? last_at(t) + t->interval : v->hi;
    for (size_t i = first_index(t, from); i < t->n; i++) {
        int64_t at = t->start + (int64_t)i * t->interval;
        if (at >= to) {
            break;
        }
        if (seen[i] != ENT_SEEN_NOT && !ent_view_excludes(v, at)) {
            sum.good += seen[i] == ENT_SEEN_GOOD;
            sum.bad += seen[i] == ENT_SEEN_BAD;
        }
    }
    sum.bad_samples = sum.bad;
    sum.expected = (to - from - ent_intervals_measure(&v->out, from, to)) / t->interval;
    return sum;
}

/* The same by time: each state lasts until the next sample. */
static tally count_time(const ent_view *v, const ent_trial *t, const uint8_t *seen)
{
    tally sum = {0};
    for (size_t i = first_index(t, v->lo - t->interval + 1); i < t->n; i++) {
        int64_t from = t->start + (int64_t)i * t->interval, to = from + t->interval;
        if (from >= v->hi) {
            break;
        }
        from = from > v->lo ? from : v->lo;
        to = to < v->hi ? to : v->hi;
        int64_t net = to - from - ent_intervals_measure(&v->out, from, to);
        sum.good += seen[i] == ENT_SEEN_GOOD ? net : 0;
        sum.bad += seen[i] == ENT_SEEN_BAD ? net : 0;
        sum.bad_samples += seen[i] == ENT_SEEN_BAD && net > 0;
        sum.expected += net;
    }
    return sum;
}

static bool is_sure(const ent_view *v, const ent_trial *t)
{
    return v->whole && (!t->heard_whole ||
                        (v->lo >= t->start && v->hi - last_at(t) < 2 * t->interval));
}

ent_ruling ent_judge_rule(const ent_judge *j, const ent_trial *t, const uint8_t *seen)
{
    bool by_time = j->o->folds[0]->kind == ENT_AGG_TIME_SHARE;
    ent_ruling r = {.met = j->n_views > 0, .windows = j->n_views};
    for (size_t i = 0; i < j->n_views; i++) {
        const ent_view *v = &j->views[i];
        tally c = by_time ? count_time(v, t, seen) : count(v, t, seen);
        int64_t seen_all = c.good + c.bad;
        int64_t missing = c.expected > seen_all ? c.expected - seen_all : 0;
        int64_t total = seen_all + (j->o->missing == ENT_MISSING_IGNORED ? 0 : missing);
        int64_t good = c.good + (j->o->missing == ENT_MISSING_UP ? missing : 0);
        bool kept = total > 0 && ent_is_kept(j->o, good, total);
        r.met = r.met && kept;
        if (total > 0 && !kept && is_sure(v, t) && !r.missed) {
            r.missed = ent_q_make(good, total, &r.figure);
            r.bad = by_time ? c.bad_samples : total - good;
            r.total = by_time ? total / t->interval : total;
        } else if (!r.missed) {
            r.bad += by_time ? c.bad_samples : total - good;
            r.total += by_time ? total / t->interval : total;
        }
    }
    return r;
}
