/* Underpinning of times: what the operational agreements along a chain of dependencies allow fits
 * in what a service agreement allows.
 *
 * A ticket of a service may go to the provider of a service that it stands on, and from there
 * further down; each of them may take what its own duty towards the one above allows.  The chain
 * fits if, whenever the ticket is opened, what they take one after the other is, by the service
 * agreement's calendar, within its allowance.  Without calendars that is a sum.  With them the
 * elapsed time is linear between the instants at which one of the calendars opens or closes, so
 * starts are tried at those and at every full hour of a year; what is reported names such a start.
 * Pauses are not looked at: they stop the clocks of both. */
#include <string.h>

#include "compiler/prove/internal.h"
#include "compiler/prove/trial.h"
#include "runtime/time/arith.h"
#include "runtime/time/civil.h"
#include "runtime/time/clock.h"

enum { LEGS_MAX = 32 };
#define PATHS_MAX 10000
/* Of all starts that are tried together: beyond it nothing is claimed. */
#define STARTS_MAX 4000000

typedef struct known_calendar {
    const ent_calendar_decl *decl;
    ent_calendar *calendar;
} known_calendar;

typedef struct leg {
    const ent_service_decl *service;
    const ent_allow_decl *allow; /* of the OLA's duty */
    const ent_duty_decl *duty;
    const ent_calendar *calendar; /* NULL: plain time */
} leg;

/* Most chains of a club are alike: the same allowances by the same calendars. */
typedef struct known_case {
    const ent_calendar *calendar;
    int64_t day;
    size_t n;
    const ent_calendar *calendars[LEGS_MAX];
    int64_t ns[LEGS_MAX];
    int64_t worst, at;
} known_case;

typedef struct chain {
    ent_prover *p;
    known_calendar *calendars;
    size_t n_calendars;
    const ent_duty_decl *duty; /* the service agreement's */
    const ent_allow_decl *allow;
    const ent_value *value; /* of the choosing field, or NULL */
    const ent_calendar *calendar;
    leg legs[LEGS_MAX];
    size_t n;
    unsigned paths;
    bool reported;
    bool names_service; /* the duty is about some services by its conditions, else about all */
    int64_t starts;     /* tried so far */
    known_case *cases;
    size_t n_cases, cases_cap;
} chain;

/* --- calendars --- */

static const ent_calendar *calendar_of(chain *c, const ent_spanuse_decl *use)
{
    const ent_calendar_decl *d = use == NULL ? NULL : use->calendar;
    for (size_t i = 0; d != NULL && i < c->n_calendars; i++) {
        if (c->calendars[i].decl == d) {
            return c->calendars[i].calendar;
        }
    }
    return NULL;
}

/* Only calendars that an allowance counts by. */
static void make_calendars(chain *c)
{
    const ent_model *m = c->p->m;
    c->calendars = ent_arena_alloc_array(c->p->arena, m->n_calendars + 1, sizeof *c->calendars);
    for (size_t i = 0; c->calendars != NULL && i < m->n_duties; i++) {
        for (size_t k = 0; k < m->duties[i]->n_allows; k++) {
            const ent_spanuse_decl *use = m->duties[i]->allows[k].use;
            if (use == NULL || use->calendar == NULL || calendar_of(c, use) != NULL) {
                continue;
            }
            ent_calendar *made = ent_decl_calendar(use->calendar);
            if (made != NULL) {
                c->calendars[c->n_calendars++] = (known_calendar){use->calendar, made};
            }
        }
    }
}

/* --- allowances --- */

static bool names(const ent_allow_decl *a, const ent_value *v)
{
    for (size_t i = 0; v != NULL && i < a->n_values; i++) {
        bool text = v->type.kind == ENT_TYPE_TEXT;
        if (text ? strcmp(a->values[i].text, v->text) == 0 : a->values[i].i == v->i) {
            return true;
        }
    }
    return false;
}

/* The allowance of the duty for the value of `field`; where the duty asks another field, its
 * longest. */
static const ent_allow_decl *allowance(const ent_duty_decl *d, const ent_field_decl *field,
                                       const ent_value *v)
{
    const ent_allow_decl *longest = NULL, *rest = NULL;
    for (size_t i = 0; i < d->n_allows; i++) {
        const ent_allow_decl *a = &d->allows[i];
        if (d->allow_field == field && names(a, v)) {
            return a;
        }
        rest = a->n_values == 0 ? a : rest;
        longest = longest == NULL || a->ns > longest->ns ? a : longest;
    }
    return d->allow_field == field && v != NULL && rest != NULL ? rest : longest;
}

/* Time by a span of events is not known beforehand, and a computed allowance neither. */
static bool is_known(const chain *c, const ent_allow_decl *a)
{
    return a != NULL && a->ns >= 0 &&
           (a->use == NULL || calendar_of((chain *)(uintptr_t)c, a->use) != NULL);
}

/* The slowest duty that `q` has towards `p` about tickets of this kind. */
static bool find_leg(chain *c, const ent_service_decl *above, const ent_service_decl *below,
                     leg *out)
{
    ent_elements duties = c->p->at.of[ENT_COLLECTION_DUTIES];
    out->allow = NULL;
    for (size_t i = 0; i < duties.n; i++) {
        const ent_duty_decl *d = duties.v[i].duty;
        if (d->agreement->kind != 1 || d->party != below->provider ||
            d->agreement->supplier != below->provider ||
            d->agreement->customer != above->provider || d->feed != c->duty->feed) {
            continue;
        }
        const ent_allow_decl *a = allowance(d, c->duty->allow_field, c->value);
        if (is_known(c, a) && (out->allow == NULL || a->ns > out->allow->ns)) {
            *out = (leg){below, a, d, calendar_of(c, a->use)};
        }
    }
    return out->allow != NULL;
}

/* --- whether it fits --- */

/* Time on the service agreement's clock if each leg takes all that it may. */
static bool elapsed_from(const chain *c, int64_t start, int64_t *elapsed)
{
    int64_t t = start;
    for (size_t i = 0; i < c->n; i++) {
        if (!ent_clock_due(c->legs[i].calendar, NULL, t, c->legs[i].allow->ns, &t)) {
            return false;
        }
    }
    *elapsed = ent_clock_elapsed(c->calendar, NULL, start, t);
    return true;
}

static void try_start(chain *c, int64_t start, int64_t *worst, int64_t *at)
{
    int64_t elapsed = 0;
    if (c->starts++ < STARTS_MAX && elapsed_from(c, start, &elapsed) && elapsed > *worst) {
        *worst = elapsed;
        *at = start;
    }
}

static int64_t first_day(const chain *c)
{
    const ent_framework_decl *f = c->p->m->framework;
    int64_t day = c->duty->agreement->from_day;
    day = day == INT64_MIN ? f->from_day : day;
    return day < 0 || day > 80000 ? ent_civil_days(2026, 1, 1) : day;
}

static int64_t search_worst(chain *c, int64_t *at)
{
    int64_t from = first_day(c) * ENT_TIME_DAY_NS, worst = -1;
    bool plain = c->calendar == NULL;
    *at = from;
    for (size_t i = 0; i < c->n; i++) {
        plain = plain && c->legs[i].calendar == NULL;
    }
    if (plain) {
        try_start(c, from, &worst, at);
        return worst;
    }
    for (int64_t t = from; t < from + 366 * ENT_TIME_DAY_NS; t += ENT_TIME_HOUR_NS) {
        try_start(c, t, &worst, at);
    }
    for (size_t i = 0; i <= c->n; i++) {
        const ent_calendar *calendar = i < c->n ? c->legs[i].calendar : c->calendar;
        ent_interval open = {0, from};
        while (calendar != NULL && ent_calendar_next_open(calendar, open.to, &open) &&
               open.from < from + 366 * ENT_TIME_DAY_NS) {
            try_start(c, open.from, &worst, at);
            try_start(c, open.to, &worst, at);
        }
    }
    return worst;
}

static bool is_case(const chain *c, const known_case *k, int64_t day)
{
    bool same = k->calendar == c->calendar && k->n == c->n && k->day == day;
    for (size_t i = 0; same && i < c->n; i++) {
        same = k->calendars[i] == c->legs[i].calendar && k->ns[i] == c->legs[i].allow->ns;
    }
    return same;
}

/* The most time that the chain can take, and a start for which it does. */
static int64_t worst_case(chain *c, int64_t *at)
{
    int64_t day = first_day(c);
    for (size_t i = 0; i < c->n_cases; i++) {
        if (is_case(c, &c->cases[i], day)) {
            *at = c->cases[i].at;
            return c->cases[i].worst;
        }
    }
    int64_t worst = search_worst(c, at);
    if (c->n_cases == c->cases_cap) {
        size_t cap = c->cases_cap == 0 ? 8 : c->cases_cap * 2;
        known_case *grown =
            ent_arena_grow_array(c->p->arena, c->cases, c->n_cases, cap, sizeof *grown);
        if (grown == NULL) {
            c->p->out_of_memory = true;
            return worst;
        }
        c->cases = grown;
        c->cases_cap = cap;
    }
    known_case *k = &c->cases[c->n_cases++];
    *k = (known_case){.calendar = c->calendar, .day = day, .n = c->n, .worst = worst, .at = *at};
    for (size_t i = 0; i < c->n; i++) {
        k->calendars[i] = c->legs[i].calendar;
        k->ns[i] = c->legs[i].allow->ns;
    }
    return worst;
}

static const char *on_clock(const chain *c, int64_t ns, const ent_spanuse_decl *use)
{
    const char *t = ent_prove_duration(c->p, ns);
    return use == NULL ? t : ent_arena_printf(c->p->arena, "%s of %s", t, use->calendar->name);
}

static const char *of_calendar(const chain *c, const ent_allow_decl *a)
{
    return on_clock(c, a->ns, a->use);
}

static const char *value_name(const chain *c)
{
    const ent_value *v = c->value;
    if (v == NULL) {
        return NULL;
    }
    if (v->type.kind == ENT_TYPE_ENUM) {
        return c->p->m->enumerations[v->type.param]->members[v->i];
    }
    return v->type.kind == ENT_TYPE_PARTY     ? c->p->m->parties[v->i]->name
           : v->type.kind == ENT_TYPE_SERVICE ? c->p->m->services[v->i]->name
                                              : v->text;
}

static void report(chain *c, const ent_service_decl *s, int64_t worst, int64_t start)
{
    const char *path = s->name, *sum = NULL, *name = value_name(c);
    bool plain = c->calendar == NULL;
    for (size_t i = 0; i < c->n && path != NULL; i++) {
        const leg *l = &c->legs[i];
        path = ent_arena_printf(c->p->arena, "%s → %s", path, l->service->name);
        sum = ent_arena_printf(c->p->arena, "%s%s%s %s", sum == NULL ? "" : sum,
                               sum == NULL ? "" : " + ", l->duty->party->name,
                               of_calendar(c, l->allow));
        plain = plain && l->calendar == NULL;
    }
    const char *most = on_clock(c, worst, c->allow->use);
    ent_diag *d = ent_prove_report(
        c->p, c->p->strict ? ENT_DIAG_E0453 : ENT_DIAG_W0408, c->allow->span,
        "the OLAs behind `%s` allow %s, and this duty has %s%s%s", s->name, most,
        of_calendar(c, c->allow), name == NULL ? "" : " for ", name == NULL ? "" : name);
    c->reported = true;
    if (d == NULL) {
        return;
    }
    ent_diag_primary_label(d, "everybody may be in time and this still be missed");
    for (size_t i = 0; i < c->n; i++) {
        ent_diag_label(d, c->legs[i].allow->span, "%s may take %s", c->legs[i].duty->party->name,
                       of_calendar(c, c->legs[i].allow));
    }
    ent_diag_note(d, "%s: %s %s %s > %s allowed in %s", path == NULL ? "" : path,
                  sum == NULL ? "" : sum, plain ? "=" : "comes to", most, of_calendar(c, c->allow),
                  ent_prove_title(c->duty->title, c->duty->name));
    if (!plain) {
        char at[ENT_CIVIL_TEXT_MAX];
        (void)ent_civil_format(at, sizeof at, start, NULL);
        ent_diag_note(d, "for a ticket that is opened at %s", at);
    }
}

/* --- chains --- */

static void follow(chain *c, const ent_service_decl *root, const ent_service_decl *s)
{
    bool deeper = false;
    for (size_t i = 0; i < s->n_dependencies && !c->reported && c->paths < PATHS_MAX; i++) {
        const ent_service_decl *on = s->dependencies[i];
        size_t n = c->n;
        if (on->provider != s->provider) {
            if (n == LEGS_MAX || !find_leg(c, s, on, &c->legs[n])) {
                continue;
            }
            c->n++;
        }
        deeper = true;
        follow(c, root, on);
        c->n = n;
    }
    if (deeper || c->n == 0 || c->reported || c->paths++ >= PATHS_MAX) {
        return;
    }
    int64_t start = 0, worst = worst_case(c, &start);
    if (worst > c->allow->ns) {
        report(c, root, worst, start);
    }
}

static bool covers(const chain *c, const ent_service_decl *s)
{
    return s->provider == c->duty->party && (!c->names_service || ent_duty_covers(c->duty, s));
}

static void check_allowance(chain *c, const ent_allow_decl *a, const ent_value *v)
{
    c->allow = a;
    c->value = v;
    c->calendar = calendar_of(c, a->use);
    c->reported = false;
    for (size_t i = 0; i < c->p->m->n_services && is_known(c, a) && !c->reported; i++) {
        const ent_service_decl *s = c->p->m->services[i];
        c->n = 0;
        c->paths = 0;
        if (covers(c, s)) {
            follow(c, s, s);
        }
    }
}

void ent_prove_times(ent_prover *p)
{
    ent_elements duties = p->at.of[ENT_COLLECTION_DUTIES];
    chain c = {.p = p};
    make_calendars(&c);
    for (size_t i = 0; i < duties.n; i++) {
        const ent_duty_decl *d = duties.v[i].duty;
        if (d->agreement->kind != 0 || d->agreement->is_framework ||
            d->party != d->agreement->supplier) {
            continue;
        }
        c.duty = d;
        c.names_service = false;
        for (size_t k = 0; k < p->m->n_services && !c.names_service; k++) {
            c.names_service = ent_duty_covers(d, p->m->services[k]);
        }
        for (size_t k = 0; k < d->n_allows; k++) {
            const ent_allow_decl *a = &d->allows[k];
            for (size_t v = 0; v < a->n_values; v++) {
                check_allowance(&c, a, &a->values[v]);
            }
            if (a->n_values == 0) {
                check_allowance(&c, a, NULL);
            }
        }
    }
    for (size_t i = 0; i < c.n_calendars; i++) {
        ent_calendar_free(c.calendars[i].calendar);
    }
}
