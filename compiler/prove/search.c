/* The search for a trial in which every component is met and the whole is missed.
 *
 * Trials are filled in a few ways: bad samples wherever every component still has room for one (from
 * the left, which leaves the most room to what comes after), the same while a span holds that some
 * objective leaves out, and silence.  A filling is a guess: it counts only if the judges then say
 * that it shows what it should.
 *
 * First a window of the whole is filled from end to end: that is the proof.  (Windows of components
 * may be cut by the trial's end: more good samples keep what is met met.)  Then shorter trials of the
 * same kind are tried, for a scenario that can be read; a scenario is decided on what it tells. */
#include <stdlib.h>
#include <string.h>

#include "compiler/prove/melon.h"
#include "runtime/time/arith.h"
#include "runtime/time/civil.h"

/* A year of samples every 16 seconds can be tried; a scenario has fewer rows. */
enum { SAMPLES_MAX = 2000000, STEP_FROM = 32, SHORT = 24 };

typedef struct shape {
    ent_melon_reason reason;
    const ent_spanuse_decl *use;     /* of SPAN */
    const ent_service_decl *service; /* of SPAN and SILENCE: whose samples */
    size_t held;                     /* of SPAN: samples while it holds */
    bool begins_bad;                 /* of SILENCE */
    ent_interval among;              /* bad samples lie in it */
} shape;

/* --- where and when --- */

/* The first instant at which all that is looked at is in force, and was for a rolling window. */
static int64_t in_force_from(const ent_melon *m)
{
    int64_t from = m->whole.from, roll = m->whole.o->roll_ns;
    for (size_t i = 0; i < m->n_judges; i++) {
        from = m->judges[i].from > from ? m->judges[i].from : from;
        roll = m->judges[i].o->roll_ns > roll ? m->judges[i].o->roll_ns : roll;
    }
    return from == INT64_MIN ? ent_civil_days(2026, 1, 5) * ENT_TIME_DAY_NS : from + roll;
}

static int64_t in_force_to(const ent_melon *m)
{
    int64_t to = m->whole.to;
    for (size_t i = 0; i < m->n_judges; i++) {
        to = m->judges[i].to < to ? m->judges[i].to : to;
    }
    return to;
}

/* The objective's window that holds t; of rolling ones the one that begins there. */
static ent_interval window_at(const ent_judge *j, int64_t t)
{
    ent_interval w = {t, t + j->o->roll_ns};
    if (j->o->window != ENT_UNIT_ROLLING) {
        ent_window_containing(j->zone, (ent_window_unit)(j->o->window - ENT_UNIT_DAY), t, &w);
    }
    return w;
}

/* The first whole window of the whole's. */
static ent_interval first_window(const ent_melon *m)
{
    int64_t from = in_force_from(m);
    ent_interval w = window_at(&m->whole, from);
    if (m->whole.o->window == ENT_UNIT_ROLLING) {
        int64_t day = ent_zone_midnight(m->whole.zone, ent_zone_day(m->whole.zone, from));
        from = day < from ? ent_zone_midnight(m->whole.zone, ent_zone_day(m->whole.zone, from) + 1)
                          : day;
        return window_at(&m->whole, from);
    }
    while (w.from < from) {
        ent_window_next(m->whole.zone, (ent_window_unit)(m->whole.o->window - ENT_UNIT_DAY), &w);
    }
    return w;
}

static size_t samples_until(const ent_melon *m, int64_t start, int64_t to)
{
    int64_t n = (to - start) / m->trial.interval;
    return n < 0 ? 0 : n > SAMPLES_MAX ? SAMPLES_MAX : (size_t)n;
}

/* So many samples as the longest of the windows at the start has. */
static size_t most_samples(const ent_melon *m, int64_t start)
{
    int64_t to = window_at(&m->whole, start).to, end = in_force_to(m);
    for (size_t i = 0; i < m->n_judges; i++) {
        int64_t t = window_at(&m->judges[i], start).to;
        to = t > to ? t : to;
    }
    return samples_until(m, start, to < end ? to : end);
}

/* --- the period of a scenario: the windows of all that it decides --- */

static void widen(const ent_trial *t, const ent_judge *j, ent_interval *period)
{
    ent_interval first = window_at(j, t->start);
    int64_t last_at = t->start + (int64_t)(t->n - 1) * t->interval;
    ent_interval last = window_at(j, last_at);
    if (j->o->window == ENT_UNIT_ROLLING) {
        ent_rolling roll = ent_judge_rolling(j);
        if (!ent_rolling_next_end(j->zone, &roll, last_at, &last.to)) {
            return;
        }
        first.from = last.to - roll.duration_ns;
    }
    period->from = first.from < period->from ? first.from : period->from;
    period->to = last.to > period->to ? last.to : period->to;
}

static bool is_rolling(const ent_melon *m)
{
    bool rolling = m->whole.o->window == ENT_UNIT_ROLLING;
    for (size_t i = 0; i < m->n_judges; i++) {
        rolling = rolling || m->judges[i].o->window == ENT_UNIT_ROLLING;
    }
    return rolling;
}

static bool is_used(const ent_melon *m, const ent_objective_decl *o)
{
    bool used = strcmp(o->agreement->name, m->whole.o->agreement->name) == 0;
    for (size_t i = 0; i < m->n_judges && !used; i++) {
        used = strcmp(o->agreement->name, m->judges[i].o->agreement->name) == 0;
    }
    return used;
}

/* Whether something that the scenario decides reads outcomes, which brings in other agreements. */
static bool reads_outcomes(const ent_melon *m)
{
    bool reads = false;
    for (size_t i = 0; i < m->p->m->n_objectives && !reads; i++) {
        const ent_objective_decl *o = m->p->m->objectives[i];
        for (size_t k = 0; k < o->n_folds && !reads && is_used(m, o); k++) {
            reads = o->folds[k]->feed != NULL && o->folds[k]->feed->kind == ENT_FEED_OUTCOMES;
        }
    }
    return reads;
}

/* Only rolling windows ask for it, so it is worked out for them only.  The components must be met in
 * the longest period that there may be, the whole missed in the shortest. */
static bool settle_period(ent_melon *m, bool longest)
{
    ent_trial *t = &m->trial;
    t->period = (ent_interval){INT64_MIN, INT64_MAX};
    if (!is_rolling(m)) {
        return true;
    }
    ent_interval period = window_at(&m->whole, t->start);
    ent_window_containing(m->whole.zone, ENT_WINDOW_MONTH, t->start, &period);
    widen(t, &m->whole, &period);
    for (size_t i = 0; i < m->n_judges; i++) {
        widen(t, &m->judges[i], &period);
    }
    bool all = longest && reads_outcomes(m), ok = true;
    for (size_t i = 0; i < m->p->m->n_objectives && ok && longest; i++) {
        const ent_objective_decl *o = m->p->m->objectives[i];
        ent_judge other = {0};
        if (all || is_used(m, o)) {
            ok = ent_judge_init(&other, o, m->service.service);
            if (ok) {
                widen(t, &other, &period);
            }
            ent_judge_deinit(&other);
        }
    }
    t->period = period;
    return ok;
}

/* --- filling --- */

static void fill(const ent_melon *m, ent_seen seen)
{
    memset(m->service.seen, (int)seen, m->trial.n);
    for (size_t i = 0; i < m->n; i++) {
        memset(m->parts[i].seen, (int)seen, m->trial.n);
    }
}

/* How many bad samples each window of the components has room for. */
static void make_room(ent_melon *m)
{
    fill(m, ENT_SEEN_GOOD);
    for (size_t i = 0; i < m->n_judges; i++) {
        ent_judge *j = &m->judges[i];
        ent_judge one = *j;
        one.n_views = 1;
        for (size_t k = 0; k < j->n_views; k++) {
            one.views = &j->views[k];
            ent_ruling r = ent_judge_rule(&one, &m->trial, m->service.seen);
            j->views[k].left = ent_bad_allowed(j->o, r.total);
        }
    }
}

/* Whether the objective bears one more bad sample there; `take`: it does so. */
static bool bears(ent_judge *j, size_t *first, int64_t at, bool take)
{
    *first = ent_judge_view(j, *first, at);
    for (size_t k = *first; k < j->n_views && j->views[k].lo <= at; k++) {
        ent_view *v = &j->views[k];
        if (ent_view_excludes(v, at)) {
            continue;
        }
        if (v->left <= 0) {
            return false;
        }
        v->left -= take;
    }
    return true;
}

static bool counts_for_whole(const ent_melon *m, size_t *first, int64_t at)
{
    *first = ent_judge_view(&m->whole, *first, at);
    for (size_t k = *first; k < m->whole.n_views && m->whole.views[k].lo <= at; k++) {
        if (!ent_view_excludes(&m->whole.views[k], at)) {
            return true;
        }
    }
    return false;
}

static bool part_bears(ent_melon *m, size_t *firsts, const ent_service_decl *s, int64_t at,
                       bool take)
{
    for (size_t i = 0; i < m->n_judges; i++) {
        if (m->judges[i].service == s && !bears(&m->judges[i], &firsts[i], at, take)) {
            return false;
        }
    }
    return true;
}

static void put_bad(ent_melon *m, const shape *s)
{
    size_t firsts[ENT_MELON_JUDGES] = {0}, first = 0;
    make_room(m);
    for (size_t i = 0; i < m->trial.n; i++) {
        int64_t at = m->trial.start + (int64_t)i * m->trial.interval;
        if (at < s->among.from || at >= s->among.to || !counts_for_whole(m, &first, at)) {
            continue;
        }
        for (size_t k = 0; k < m->n; k++) {
            if (part_bears(m, firsts, m->parts[k].service, at, false)) {
                (void)part_bears(m, firsts, m->parts[k].service, at, true);
                m->parts[k].seen[i] = m->service.seen[i] = ENT_SEEN_BAD;
                break;
            }
        }
    }
}

/* Between the first and the last sample nothing is heard of the service; what stands on it is bad. */
static void put_silence(ent_melon *m, const shape *s)
{
    size_t between = m->trial.n - 2;
    fill(m, ENT_SEEN_GOOD);
    for (size_t i = 0; i < m->n && !m->own; i++) {
        if (m->parts[i].service == s->service) {
            memset(m->parts[i].seen + 1, ENT_SEEN_NOT, between);
            memset(m->service.seen + 1, ENT_SEEN_BAD, between);
        }
    }
    if (m->own) {
        memset(m->service.seen + 1, ENT_SEEN_NOT, between);
        m->service.seen[0] = s->begins_bad ? ENT_SEEN_BAD : ENT_SEEN_GOOD;
    }
}

/* --- trying --- */

static bool look(ent_melon *m)
{
    bool ok = settle_period(m, true);
    for (size_t i = 0; i < m->n_judges && ok; i++) {
        ok = ent_judge_look(&m->judges[i], &m->trial);
    }
    return ok && settle_period(m, false) && ent_judge_look(&m->whole, &m->trial);
}

static const uint8_t *seen_of(const ent_melon *m, const ent_service_decl *s)
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->parts[i].service == s) {
            return m->parts[i].seen;
        }
    }
    return m->service.seen;
}

static bool reserve(ent_melon *m, size_t capacity)
{
    if (capacity > m->capacity) {
        free(m->seen);
        m->seen = malloc(capacity * (m->n + 1));
        m->capacity = m->seen == NULL ? 0 : capacity;
    }
    m->p->out_of_memory = m->p->out_of_memory || m->seen == NULL;
    m->service.seen = m->seen;
    for (size_t i = 0; m->seen != NULL && i < m->n; i++) {
        m->parts[i].seen = m->own ? m->seen : m->seen + m->capacity * (i + 1);
    }
    return m->seen != NULL;
}

static bool try(ent_melon *m, const shape *s, int64_t start, size_t n)
{
    ent_trial *t = &m->trial;
    t->start = start;
    t->n = n;
    t->span = NULL;
    if (n < 2 || !reserve(m, n)) {
        return false;
    }
    if (s->reason == ENT_MELON_SPAN) {
        size_t held = s->held == 1 ? 1 : s->held == 2 ? n / 2 : n - 1;
        t->span = s->use->of;
        t->holder = s->use->n_keys > 0 ? s->service : NULL;
        t->held = (ent_interval){start, start + (int64_t)held * t->interval};
    }
    if (!look(m)) {
        return false;
    }
    if (s->reason == ENT_MELON_SILENCE) {
        put_silence(m, s);
    } else {
        put_bad(m, s);
    }
    m->ruling = ent_judge_rule(&m->whole, t, m->service.seen);
    bool found = m->ruling.missed;
    for (size_t i = 0; i < m->n_judges && found; i++) {
        found = ent_judge_rule(&m->judges[i], t, seen_of(m, m->judges[i].service)).met;
    }
    m->reason = s->reason;
    m->use = s->use;
    return found;
}

/* Trials of growing length, from the least to the most. */
static bool grow(ent_melon *m, const shape *s, int64_t start, size_t least, size_t most)
{
    size_t before = least - 1, n = least;
    while (!try(m, s, start, n)) {
        if (n >= most) {
            return false;
        }
        before = n;
        n = n < STEP_FROM ? n + 1 : n + n / 4;
        n = n < most ? n : most;
    }
    while (n - before > 1 && !m->trial.heard_whole) {
        size_t middle = before + (n - before) / 2;
        bool shows = try(m, s, start, middle);
        n = shows ? middle : n;
        before = shows ? before : middle;
    }
    return try(m, s, start, n);
}

/* The shortest trial from the start that shows it, if it is shorter than the one in hand; what was in
 * hand is there again otherwise. */
static void shorten(ent_melon *m, const shape *s, int64_t start)
{
    int64_t was = m->trial.start;
    size_t n = m->trial.n;
    m->trial.heard_whole = false;
    if (!grow(m, s, start, 2, n - 1)) {
        (void)try(m, s, was, n);
    }
}

static bool prove(ent_melon *m, const shape *s, ent_interval w)
{
    size_t least = samples_until(m, w.from, w.to), most = most_samples(m, w.from);
    m->trial.heard_whole = true;
    return least >= 2 && grow(m, s, w.from, least, most > least ? most : least);
}

static bool show(ent_melon *m, const shape *s, ent_interval w)
{
    bool found = prove(m, s, w);
    if (found) {
        shorten(m, s, w.from);
    }
    return found;
}

/* --- what is tried --- */

/* From where a calendar begins to take something out it may be shorter. */
static void shorten_by_calendars(ent_melon *m, const ent_judge *j, ent_interval w, const shape *s)
{
    for (size_t i = 0; i < j->o->n_excluding && m->trial.n > SHORT; i++) {
        ent_interval open;
        if (j->calendars[i] != NULL && ent_calendar_next_open(j->calendars[i], w.from, &open) &&
            open.from > w.from && open.from < w.to) {
            shorten(m, s, open.from);
        }
    }
}

/* Components' windows that begin before the whole's and end after it: what is bad lies in the latter
 * only. */
static bool search_across(ent_melon *m, ent_interval w, shape s)
{
    ent_interval all = w;
    for (size_t i = 0; i < m->n_judges; i++) {
        ent_interval first = window_at(&m->judges[i], w.from);
        ent_interval last = window_at(&m->judges[i], w.to - 1);
        bool rolling = m->judges[i].o->window == ENT_UNIT_ROLLING;
        all.from = !rolling && first.from < all.from ? first.from : all.from;
        all.to = !rolling && last.to > all.to ? last.to : all.to;
    }
    s.among = w;
    m->trial.heard_whole = true;
    return all.from >= in_force_from(m) && all.from < w.from && all.to <= in_force_to(m) &&
           try(m, &s, all.from, samples_until(m, all.from, all.to));
}

static bool search_bad(ent_melon *m, ent_interval w)
{
    shape s = {.reason = ENT_MELON_TARGET, .among = {INT64_MIN, INT64_MAX}};
    ent_interval next = w;
    if (show(m, &s, w)) {
        shorten_by_calendars(m, &m->whole, w, &s);
        for (size_t i = 0; i < m->n_judges; i++) {
            shorten_by_calendars(m, &m->judges[i], w, &s);
        }
        return true;
    }
    if (m->whole.o->window == ENT_UNIT_ROLLING) {
        return false;
    }
    ent_window_next(m->whole.zone, (ent_window_unit)(m->whole.o->window - ENT_UNIT_DAY), &next);
    return search_across(m, w, s) || search_across(m, next, s);
}

static bool search_spans_of(ent_melon *m, const ent_judge *j, ent_interval w)
{
    bool found = false;
    for (size_t i = 0; i < j->o->n_excluding && !found; i++) {
        shape s = {.reason = ENT_MELON_SPAN,
                   .use = &j->o->excluding[i],
                   .service = j->service,
                   .among = {INT64_MIN, INT64_MAX}};
        if (s.use->of == NULL || !ent_melon_span_rows(m, s.use, j->service)) {
            continue;
        }
        for (s.held = 1; s.held <= 3 && !found; s.held++) {
            found = show(m, &s, w);
        }
    }
    return found;
}

static bool search_spans(ent_melon *m, ent_interval w)
{
    bool found = false;
    for (size_t i = 0; i < m->n_judges && !found; i++) {
        found = search_spans_of(m, &m->judges[i], w);
    }
    return found || search_spans_of(m, &m->whole, w);
}

static bool search_silence(ent_melon *m, ent_interval w)
{
    bool found = false;
    for (size_t i = 0; i < m->n && !found; i++) {
        for (int bad = 0; bad < (m->own ? 2 : 1) && !found; bad++) {
            shape s = {.reason = ENT_MELON_SILENCE,
                       .service = m->parts[i].service,
                       .begins_bad = bad == 1};
            found = m->whole.o->folds[0]->kind == ENT_AGG_SHARE &&
                    show(m, &s, w);
        }
    }
    return found;
}

static bool reads(const ent_pattern_decl *pattern, const ent_feed_decl *feed)
{
    bool found = false;
    for (size_t i = 0; i < pattern->n_alts && !found; i++) {
        found = pattern->alts[i].feed == feed;
    }
    return found;
}

/* States of a time share last until the next sample where they do not grow stale before; the samples
 * themselves must not begin or end what is left out. */
static bool can_judge(const ent_judge *j)
{
    const ent_fold_decl *f = j->o->folds[0];
    bool can = f->feed->interval_ns > 0 &&
               (f->stale_ns < 0 || f->stale_ns >= f->feed->interval_ns);
    for (size_t i = 0; i < j->o->n_excluding && can; i++) {
        const ent_span_decl *span = j->o->excluding[i].of;
        can = span == NULL || (!reads(span->from, f->feed) && !reads(span->to, f->feed));
    }
    return can;
}

static bool can_be_tried(const ent_melon *m)
{
    bool can = can_judge(&m->whole);
    for (size_t i = 0; i < m->n_judges && can; i++) {
        can = can_judge(&m->judges[i]);
    }
    return can;
}

bool ent_melon_search(ent_melon *m)
{
    m->trial = (ent_trial){.interval = m->whole.o->folds[0]->feed->interval_ns};
    if (!can_be_tried(m)) {
        return false;
    }
    ent_interval w = first_window(m);
    return search_bad(m, w) || search_spans(m, w) || search_silence(m, w);
}
