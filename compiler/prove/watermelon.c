/* The watermelon, green outside and red inside: every component meets its target, and what the
 * framework promises end to end is missed.
 *
 * Shares: the components are the objectives of the service's own agreements that measure the same,
 * or, where there are none, those of what the service stands on.  They and the whole may differ in
 * their targets, in what they leave out, in what silence means to them and in their windows, and
 * each of these can hide what is bad; so nothing is concluded from the clauses themselves.  Facts
 * are made up (search.c) and decided under each objective (trial.c), and only what is seen there is
 * reported, with these facts as a scenario that fails (melon_report.c).
 * Duties: see melon_duty.c. */
#include <stdlib.h>
#include <string.h>

#include "compiler/prove/melon.h"

/* --- components --- */

/* Whether the two measure the same, whatever their windows. */
static bool is_of_a_kind(const ent_objective_decl *a, const ent_objective_decl *b)
{
    const ent_fold_decl *fa = a->folds[0], *fb = b->folds[0];
    return fa->kind == fb->kind && fa->feed == fb->feed && fa->member == fb->member &&
           ent_prove_same(fa->test, fb->test);
}

static bool is_component(const ent_objective_decl *o, const ent_objective_decl *whole,
                         const ent_service_decl *s)
{
    const ent_agreement_decl *a = o->agreement;
    return a->kind == 0 && !a->is_framework && a->supplier == s->provider &&
           ent_is_availability(o) && is_of_a_kind(o, whole) && ent_objective_covers(o, s) &&
           ent_in_force_together(a, whole->agreement);
}

static bool is_in_force(const ent_agreement_decl *a, int64_t day)
{
    return a->from_day <= day && day <= a->to_day;
}

static void add(ent_melon *m, const ent_service_decl *s, int64_t day)
{
    const ent_model *model = m->p->m;
    size_t before = m->n_judges;
    for (size_t i = 0; i < model->n_objectives && m->n < ENT_MELON_PARTS; i++) {
        m->own = m->own || (s == m->service.service &&
                            is_component(model->objectives[i], m->whole.o, s));
        if (is_component(model->objectives[i], m->whole.o, s) &&
            is_in_force(model->objectives[i]->agreement, day) && m->n_judges < ENT_MELON_JUDGES &&
            !ent_judge_init(&m->judges[m->n_judges++], model->objectives[i], s)) {
            m->p->out_of_memory = true;
        }
    }
    if (m->n_judges > before) {
        m->parts[m->n++].service = s;
    }
}

/* What is promised for the service itself counts, though it be from another day on. */
static void find_parts(ent_melon *m, int64_t day)
{
    add(m, m->service.service, day);
    size_t n = 0;
    const ent_service_decl **below =
        m->own ? NULL : ent_prove_closure(m->p, m->service.service, &n);
    for (size_t i = 0; below != NULL && i < n; i++) {
        add(m, below[i], day);
    }
}

/* --- when meeting a component is meeting the whole --- */

static int leniency(int missing)
{
    return missing == ENT_MISSING_UP ? 2 : missing == ENT_MISSING_IGNORED ? 1 : 0;
}

static bool excludes(const ent_objective_decl *o, const ent_spanuse_decl *use)
{
    for (size_t i = 0; i < o->n_excluding; i++) {
        const ent_spanuse_decl *u = &o->excluding[i];
        if (u->calendar == use->calendar && u->of == use->of && u->at_most_ns == use->at_most_ns) {
            return true;
        }
    }
    return false;
}

static bool has_same_windows(const ent_judge *a, const ent_judge *b)
{
    ent_rolling x = ent_judge_rolling(a), y = ent_judge_rolling(b);
    return a->o->window == b->o->window && x.duration_ns == y.duration_ns &&
           x.every_days == y.every_days && x.every_ns == y.every_ns &&
           strcmp(a->o->agreement->zone, b->o->agreement->zone) == 0;
}

/* Whether the component decides the same samples in the same windows at least as strictly. */
static bool implies(const ent_judge *part, const ent_judge *whole)
{
    const ent_objective_decl *a = part->o, *b = whole->o;
    int c = ent_q_cmp(a->target.q, b->target.q);
    bool implied = has_same_windows(part, whole) && leniency(a->missing) <= leniency(b->missing) &&
                   (c > 0 || (c == 0 && (a->compare == b->compare || a->compare == ENT_CMP_ABOVE)));
    for (size_t i = 0; implied && i < a->n_excluding; i++) {
        implied = excludes(b, &a->excluding[i]);
    }
    for (size_t i = 0; implied && i < b->n_excluding; i++) {
        implied = excludes(a, &b->excluding[i]);
    }
    return implied;
}

static bool is_implied(const ent_melon *m)
{
    bool implied = false;
    for (size_t i = 0; m->own && i < m->n_judges && !implied; i++) {
        implied = implies(&m->judges[i], &m->whole);
    }
    return implied;
}

/* --- one objective, one service, from one day on --- */

/* Rows for each kind of sample; without them it is not certain that there can be any. */
static bool find_rows(ent_melon *m)
{
    bool found = m->whole.o->folds[0]->feed->n_keys == 1;
    for (int good = 0; good < 2 && found; good++) {
        ent_seen seen = good == 1 ? ENT_SEEN_GOOD : ENT_SEEN_BAD;
        m->service.rows[seen] = ent_melon_row(m, m->service.service, good == 1);
        found = m->service.rows[seen] != NULL;
        for (size_t i = 0; i < m->n && found; i++) {
            m->parts[i].rows[seen] = ent_melon_row(m, m->parts[i].service, good == 1);
            found = m->parts[i].rows[seen] != NULL;
        }
    }
    return found;
}

static bool check_day(ent_prover *p, const ent_objective_decl *o, const ent_service_decl *s,
                      int64_t day)
{
    ent_melon *m = calloc(1, sizeof *m);
    bool found = false;
    if (m == NULL) {
        p->out_of_memory = true;
        return true;
    }
    m->p = p;
    m->x = (ent_boxer){p->m, p->arena};
    m->service.service = s;
    bool ok = ent_judge_init(&m->whole, o, s);
    if (ok) {
        find_parts(m, day);
        found = m->n > 0 && !p->out_of_memory && !is_implied(m) && find_rows(m) &&
                ent_melon_search(m);
    }
    p->out_of_memory = p->out_of_memory || !ok;
    if (found) {
        ent_melon_report(m);
    }
    ent_judge_deinit(&m->whole);
    for (size_t i = 0; i < m->n_judges; i++) {
        ent_judge_deinit(&m->judges[i]);
    }
    free(m->seen);
    free(m);
    return found || p->out_of_memory;
}

/* Whether the agreement may bring other components from a later day on. */
static bool brings(const ent_agreement_decl *a, const ent_objective_decl *whole)
{
    bool found = false;
    for (size_t i = 0; i < a->n_objectives && !found; i++) {
        found = ent_is_availability(a->objectives[i]) && is_of_a_kind(a->objectives[i], whole);
    }
    return found && a->kind == 0 && !a->is_framework && a->from_day > whole->agreement->from_day &&
           a->from_day <= whole->agreement->to_day;
}

/* From its first day and from every day on which a component's version begins. */
static void check_service(ent_prover *p, const ent_objective_decl *o, const ent_service_decl *s)
{
    ent_agreement_decl *const *all = p->m->agreements;
    bool done = check_day(p, o, s, o->agreement->from_day);
    for (size_t i = 0; i < p->m->n_agreements && !done; i++) {
        bool known = !brings(all[i], o);
        for (size_t k = 0; k < i && !known; k++) {
            known = all[k]->from_day == all[i]->from_day && brings(all[k], o);
        }
        done = !known && check_day(p, o, s, all[i]->from_day);
    }
}

void ent_prove_watermelons(ent_prover *p)
{
    const ent_model *m = p->m;
    for (size_t i = 0; i < m->n_objectives; i++) {
        const ent_objective_decl *o = m->objectives[i];
        for (size_t k = 0; k < m->n_services; k++) {
            if (o->agreement->is_framework && ent_is_availability(o) &&
                ent_objective_covers(o, m->services[k])) {
                check_service(p, o, m->services[k]);
            }
        }
    }
    for (size_t i = 0; i < m->n_duties; i++) {
        if (m->duties[i]->agreement->is_framework && m->duties[i]->feed->kind == ENT_FEED_SOURCE) {
            ent_prove_melon_duty(p, m->duties[i]);
            ent_prove_melon_chain(p, m->duties[i]);
        }
    }
}
