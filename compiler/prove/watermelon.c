/* The watermelon, green outside and red inside: every component meets its target, and what the
 * framework promises end to end is missed.
 *
 * Shares: the component is the objective of the service's own agreement that measures the same.  If
 * its target is lower there is a number of samples, and of bad ones among them, that lies between
 * the two; the smallest is searched for and written out.  Without one, what the service stands on
 * may be down within its targets, one after the other.  Duties: the component is a service
 * agreement's duty that the same rows begin and discharge, with more time than the framework's.
 * Each is reported with a scenario that fails. */
#include <string.h>

#include "compiler/prove/counterexample.h"
#include "compiler/prove/internal.h"
#include "runtime/time/civil.h"
#include "runtime/time/zone.h"

#define DAY_NS INT64_C(86400000000000)
enum { SAMPLES_MAX = 20000, INLINE_MAX = 24, PARTS_MAX = 16 };

typedef struct component_part { /* a component: bad samples of its service, within its target */
    const ent_service_decl *service;
    const ent_objective_decl *objective;
    int64_t bad;
    const ent_box *rows[2]; /* a bad and a good sample; NULL: none that is certain */
} component_part;

typedef struct melon {
    ent_prover *p;
    ent_boxer x;
    const ent_objective_decl *whole;
    const ent_service_decl *service;
    component_part parts[PARTS_MAX];
    size_t n;
    bool own; /* parts[0] is the service's own */
    int64_t samples, bad;
    const ent_box *rows[2]; /* of the service */
} melon;

/* --- numbers --- */

/* Whether `bad` of `n` samples meet the objective. */
static bool is_met(const ent_objective_decl *o, int64_t bad, int64_t n)
{
    ent_q figure;
    int c = ent_q_make(n - bad, n, &figure) ? ent_q_cmp(figure, o->target.q) : -1;
    return o->compare == ENT_CMP_ABOVE ? c > 0 : c >= 0;
}

/* The most bad samples of n with which the objective is met. */
static int64_t allowance(const ent_objective_decl *o, int64_t n)
{
    ent_q one = ent_q_from_i64(1), rest, bad;
    if (!ent_q_sub(one, o->target.q, &rest) || !ent_q_mul(rest, ent_q_from_i64(n), &bad) ||
        rest.num <= 0) {
        return 0;
    }
    int64_t most = (int64_t)ent_q_floor(bad);
    return most > 0 && !is_met(o, most, n) ? most - 1 : most;
}

static int64_t window_days(int unit)
{
    static const int64_t days[] = {[ENT_UNIT_DAY] = 0,
                                   [ENT_UNIT_WEEK] = 6,
                                   [ENT_UNIT_MONTH] = 27,
                                   [ENT_UNIT_QUARTER] = 89,
                                   [ENT_UNIT_YEAR] = 364};
    return unit > ENT_UNIT_NONE && unit <= ENT_UNIT_YEAR ? days[unit] : -1;
}

/* The smallest number of samples that shows it, within one window. */
static bool find_samples(melon *m)
{
    int64_t interval = m->whole->folds[0]->feed->interval_ns;
    int64_t days = window_days(m->whole->window);
    int64_t most = interval <= 0 || days < 0 ? 0 : (days * DAY_NS + DAY_NS / 2) / interval;
    for (int64_t n = 1; n <= most && n <= SAMPLES_MAX; n++) {
        int64_t bad = 0;
        for (size_t i = 0; i < m->n; i++) {
            m->parts[i].bad = allowance(m->parts[i].objective, n);
            bad += m->parts[i].bad;
        }
        if (bad <= n && bad > 0 && !is_met(m->whole, bad, n)) {
            m->samples = n;
            m->bad = bad;
            return true;
        }
    }
    return false;
}

/* --- components --- */

static const ent_objective_decl *component(const melon *m, const ent_service_decl *s)
{
    const ent_objective_decl *best = NULL;
    const ent_model *model = m->p->m;
    for (size_t i = 0; i < model->n_objectives; i++) {
        const ent_objective_decl *o = model->objectives[i];
        if (o->agreement->kind != 0 || o->agreement->is_framework ||
            o->agreement->supplier != s->provider || !ent_is_availability(o) ||
            !ent_is_alike(o, m->whole) || !ent_objective_covers(o, s) ||
            !ent_in_force_together(o->agreement, m->whole->agreement)) {
            continue;
        }
        best = best == NULL || ent_q_cmp(o->target.q, best->target.q) > 0 ? o : best;
    }
    return best;
}

static void add(melon *m, const ent_service_decl *s)
{
    const ent_objective_decl *o = component(m, s);
    if (o != NULL && m->n < PARTS_MAX) {
        m->parts[m->n++] = (component_part){.service = s, .objective = o};
    }
}

static void find_parts(melon *m)
{
    add(m, m->service);
    m->own = m->n > 0;
    size_t n = 0;
    const ent_service_decl **below = m->own ? NULL : ent_prove_closure(m->p, m->service, &n);
    for (size_t i = 0; below != NULL && i < n; i++) {
        add(m, below[i]);
    }
}

/* --- the scenario --- */

static const ent_field_decl *service_key(const ent_feed_decl *feed)
{
    for (size_t i = 0; i < feed->n_keys; i++) {
        if (feed->keys[i]->type.kind == ENT_TYPE_SERVICE) {
            return feed->keys[i];
        }
    }
    return NULL;
}

static bool is_skipped(const ent_box *box, const ent_fold_decl *f)
{
    for (size_t i = 0; i < box->n; i++) {
        for (size_t k = 0; k < f->n_absents; k++) {
            if (box->sets[i].of == f->absents[k] && !box->sets[i].present) {
                return true;
            }
        }
    }
    return false;
}

/* A row of the service that is good or bad in the sense of the whole; NULL: none that is certain.
 */
static const ent_box *sample(const melon *m, const ent_service_decl *s, bool good)
{
    const ent_fold_decl *f = m->whole->folds[0];
    const ent_field_decl *key = service_key(f->feed);
    if (key == NULL || f->n_select > 0) {
        return NULL;
    }
    ent_boxes boxes = ent_boxes_member(&m->x, ent_boxes_all(&m->x), key, s->index);
    boxes = ent_boxes_where(&m->x, boxes, f->test, good);
    for (size_t i = 0; i < boxes.n; i++) {
        if (!boxes.v[i].vague && !is_skipped(&boxes.v[i], f)) {
            return &boxes.v[i];
        }
    }
    return NULL;
}

/* Midnight of the first full window after both are in force. */
static bool first_window(const melon *m, int64_t *start)
{
    const ent_agreement_decl *other =
        m->n > 0 ? m->parts[0].objective->agreement : m->whole->agreement;
    int64_t day = ent_first_common_day(m->whole->agreement, other), y = 0;
    int month = 0, d = 0, unit = m->whole->window;
    ent_civil_from_days(day, &y, &month, &d);
    int step = unit == ENT_UNIT_YEAR ? 12 : unit == ENT_UNIT_QUARTER ? 3 : 1;
    bool at_begin = d == 1 && (month - 1) % step == 0;
    if (unit == ENT_UNIT_WEEK) {
        day += (7 - ent_civil_weekday(day)) % 7;
    } else if (unit != ENT_UNIT_DAY && !at_begin) {
        int next = ((month - 1) / step + 1) * step; /* months from January */
        day = ent_civil_days(y + next / 12, next % 12 + 1, 1);
    }
    ent_zone *zone = ent_zone_load(NULL, m->whole->agreement->zone, NULL, 0);
    if (zone == NULL) {
        return false;
    }
    *start = ent_zone_midnight(zone, day);
    ent_zone_free(zone);
    return true;
}

static void put_row(melon *m, ent_text *out, const ent_box *box, int64_t at)
{
    char time[ENT_CIVIL_TEXT_MAX];
    (void)ent_civil_format(time, sizeof time, at, NULL);
    const char *row = ent_row(&m->x, box, m->whole->folds[0]->feed, time, "");
    ent_text_printf(out, "%s\n", row == NULL ? "" : row);
}

/* Bad samples come first, one part's after the other's; what stands on a bad part is bad with it.
 */
static void put_rows(melon *m, ent_text *out, int64_t start)
{
    int64_t interval = m->whole->folds[0]->feed->interval_ns;
    ent_text_printf(out, "%s\n", ent_row_names(&m->x, m->whole->folds[0]->feed));
    for (int64_t k = 0; k < m->samples; k++) {
        int64_t begun = 0;
        for (size_t i = 0; i < m->n; i++) {
            bool good = k < begun || k >= begun + m->parts[i].bad;
            begun += m->parts[i].bad;
            if (!m->own) {
                put_row(m, out, m->parts[i].rows[good], start + k * interval);
            }
        }
        put_row(m, out, m->rows[k >= m->bad], start + k * interval);
    }
}

static const char *of_subject(const melon *m, const ent_objective_decl *o,
                              const ent_service_decl *s)
{
    const char *text =
        o->subject == ENT_SUBJECT_NONE ? "" : ent_arena_printf(m->x.arena, " for %s", s->name);
    return text == NULL ? "" : text;
}

static void put_scenario(melon *m, ent_text *out, const char *facts, const char *file)
{
    const ent_agreement_decl *whole = m->whole->agreement;
    ent_text_printf(out, "scenario \"%s.%s is missed though nobody misses a target\"\n  using %s",
                    whole->name, m->whole->name, whole->name);
    for (size_t i = 0; i < m->n; i++) {
        ent_text_printf(out, ", %s", m->parts[i].objective->agreement->name);
    }
    ent_text_printf(out, "\n  given %s ", m->whole->folds[0]->feed->name);
    if (file != NULL) {
        ent_text_printf(out, "\"%s\"\n", file);
    } else {
        ent_text_puts(out, "\"\"\"\n");
        while (*facts != '\0') {
            size_t len = strcspn(facts, "\n");
            ent_text_puts(out, "    ");
            ent_text_add(out, facts, len);
            ent_text_putc(out, '\n');
            facts += len + (facts[len] == '\n');
        }
        ent_text_puts(out, "  \"\"\"\n");
    }
    for (size_t i = 0; i < m->n; i++) {
        const component_part *c = &m->parts[i];
        ent_text_printf(out, "  expect met of %s.%s%s\n", c->objective->agreement->name,
                        c->objective->name, of_subject(m, c->objective, c->service));
    }
    ent_text_printf(out, "  expect no breach of %s.%s%s\n", whole->name, m->whole->name,
                    of_subject(m, m->whole, m->service));
}

/* Whether there are rows to show it with. */
static bool find_rows(melon *m)
{
    const ent_fold_decl *f = m->whole->folds[0];
    bool found = f->kind == ENT_AGG_SHARE && f->feed->bind == NULL;
    for (int good = 0; good < 2 && found; good++) {
        m->rows[good] = sample(m, m->service, good == 1);
        found = m->rows[good] != NULL;
        for (size_t i = 0; i < m->n && found; i++) {
            m->parts[i].rows[good] = sample(m, m->parts[i].service, good == 1);
            found = m->parts[i].rows[good] != NULL;
        }
    }
    return found;
}

static void show_scenario(melon *m, ent_diag *d)
{
    int64_t start = 0;
    ent_text rows = {0}, text = {0};
    if (!find_rows(m) || !first_window(m, &start)) {
        return;
    }
    put_rows(m, &rows, start);
    size_t lines = (size_t)m->samples * (m->own ? 1 : m->n + 1);
    const char *file =
        lines <= INLINE_MAX
            ? NULL
            : ent_arena_printf(m->x.arena, "%s-%s.csv", m->whole->agreement->name, m->whole->name);
    put_scenario(m, &text, ent_text_str(&rows), file);
    m->p->out_of_memory = m->p->out_of_memory || rows.failed || text.failed;
    ent_diag_example(d, ent_text_str(&text));
    if (file != NULL) {
        ent_diag_example_file(d, file, ent_text_str(&rows));
        ent_diag_help(d,
                      "`entente check --counterexamples DIR` writes this scenario and its %zu "
                      "rows",
                      lines);
    }
    ent_text_deinit(&rows);
    ent_text_deinit(&text);
}

static const char *figure(const melon *m, int64_t bad)
{
    ent_q q;
    return ent_q_make(m->samples - bad, m->samples, &q) ? ent_prove_percent(m->p, q) : "?";
}

static void report(melon *m)
{
    const ent_objective_decl *o = m->whole;
    ent_diag *d =
        ent_prove_report(m->p, ENT_DIAG_W0415, o->node->kids[1]->span,
                         "`%s.%s` can be missed for `%s` while every component meets its target",
                         o->agreement->name, o->name, m->service->name);
    if (d == NULL) {
        return;
    }
    ent_diag_primary_label(d, "green outside, red inside");
    for (size_t i = 0; i < m->n; i++) {
        const component_part *c = &m->parts[i];
        ent_diag_label(d, c->objective->node->kids[1]->span, "met for `%s` with %lld of %lld bad",
                       c->service->name, (long long)c->bad, (long long)m->samples);
    }
    ent_diag_note(d, "%lld bad of %lld samples of `%s` are %s, and %s is promised in %s",
                  (long long)m->bad, (long long)m->samples, m->service->name, figure(m, m->bad),
                  ent_prove_percent(m->p, o->target.q), ent_prove_title(o->title, o->name));
    show_scenario(m, d);
}

static void check_objective(ent_prover *p, const ent_objective_decl *o)
{
    for (size_t i = 0; i < p->m->n_services; i++) {
        melon m = {.p = p, .x = {p->m, p->arena}, .whole = o, .service = p->m->services[i]};
        if (!ent_objective_covers(o, m.service)) {
            continue;
        }
        find_parts(&m);
        if (m.n > 0 && find_samples(&m)) {
            report(&m);
        }
    }
}

/* --- duties --- */

static const ent_allow_decl *plain_allowance(const ent_duty_decl *d)
{
    return d->n_allows == 1 && d->allows[0].ns >= 0 && d->allows[0].use == NULL ? &d->allows[0]
                                                                                : NULL;
}

/* The component's longest plain allowance, and a value of its choosing field for which it holds. */
static const ent_allow_decl *longest(const ent_duty_decl *d)
{
    const ent_allow_decl *best = NULL;
    for (size_t i = 0; i < d->n_allows; i++) {
        const ent_allow_decl *a = &d->allows[i];
        bool fits = a->ns >= 0 && a->use == NULL && (a->n_values > 0 || d->n_allows == 1);
        best = fits && (best == NULL || a->ns > best->ns) ? a : best;
    }
    return best;
}

static const char *duty_scenario(const ent_boxer *x, const ent_box *box, const ent_box *end,
                                 const ent_duty_decl *whole, const ent_duty_decl *part,
                                 int64_t took)
{
    char at[ENT_CIVIL_TEXT_MAX], done[ENT_CIVIL_TEXT_MAX];
    const ent_feed_decl *feed = whole->feed;
    int64_t start = ent_first_common_day(whole->agreement, part->agreement) * DAY_NS + DAY_NS / 2;
    if (feed->n_keys != 1 || feed->keys[0]->type.kind != ENT_TYPE_TEXT || feed->bind != NULL) {
        return NULL;
    }
    (void)ent_civil_format(at, sizeof at, start, NULL);
    (void)ent_civil_format(done, sizeof done, start + took, NULL);
    return ent_arena_printf(
        x->arena,
        "scenario \"%s.%s is missed though %s.%s is met\"\n  using %s, %s\n  given %s \"\"\"\n"
        "    %s\n    %s\n    %s\n  \"\"\"\n  expect met of %s.%s for T1\n"
        "  expect no breach of %s.%s for T1\n",
        whole->agreement->name, whole->name, part->agreement->name, part->name,
        whole->agreement->name, part->agreement->name, feed->name, ent_row_names(x, feed),
        ent_row(x, box, feed, at, "T1"), ent_row(x, end, feed, done, "T1"), part->agreement->name,
        part->name, whole->agreement->name, whole->name);
}

static void report_duty(ent_prover *p, const ent_duty_decl *whole, const ent_duty_decl *part,
                        const ent_allow_decl *most, const ent_box *begin, const ent_box *end)
{
    ent_boxer x = {p->m, p->arena};
    int64_t less = whole->allows[0].ns, took = less + (most->ns - less) / 2;
    ent_diag *d = ent_prove_report(
        p, ENT_DIAG_W0415, whole->allows[0].span, "`%s.%s` can be missed while `%s.%s` is met",
        whole->agreement->name, whole->name, part->agreement->name, part->name);
    if (d == NULL) {
        return;
    }
    ent_diag_primary_label(d, "%s", ent_prove_duration(p, less));
    ent_diag_label(d, most->span, "%s for the same tickets", ent_prove_duration(p, most->ns));
    const char *text = duty_scenario(&x, begin, end, whole, part, took);
    if (text != NULL) {
        ent_diag_example(d, text);
    }
}

/* The row that begins both, for the value for which the component has that much time. */
static const ent_box *common_begin(const ent_boxer *x, const ent_duty_decl *whole,
                                   const ent_duty_decl *part, const ent_allow_decl *most)
{
    for (size_t i = 0; i < whole->trigger->n_alts; i++) {
        for (size_t k = 0; k < part->trigger->n_alts; k++) {
            ent_boxes b = ent_common_rows(x, &whole->trigger->alts[i], &part->trigger->alts[k]);
            if (most->n_values > 0 && most->values[0].type.kind != ENT_TYPE_TEXT) {
                b = ent_boxes_member(x, b, part->allow_field, most->values[0].i);
            }
            const ent_box *box = ent_boxes_exact(b);
            if (box != NULL) {
                return box;
            }
        }
    }
    return NULL;
}

static const ent_box *common_end(const ent_boxer *x, const ent_duty_decl *whole,
                                 const ent_duty_decl *part)
{
    for (size_t i = 0; i < whole->discharge->n_alts; i++) {
        for (size_t k = 0; k < part->discharge->n_alts; k++) {
            const ent_box *box = ent_boxes_exact(
                ent_common_rows(x, &whole->discharge->alts[i], &part->discharge->alts[k]));
            if (box != NULL) {
                return box;
            }
        }
    }
    return NULL;
}

static void check_duty(ent_prover *p, const ent_duty_decl *whole)
{
    ent_boxer x = {p->m, p->arena};
    const ent_allow_decl *mine = plain_allowance(whole);
    for (size_t i = 0; mine != NULL && i < p->m->n_duties; i++) {
        const ent_duty_decl *part = p->m->duties[i];
        const ent_allow_decl *most = longest(part);
        if (part->agreement->kind != 0 || part->agreement->is_framework || most == NULL ||
            most->ns <= mine->ns || part->feed != whole->feed ||
            !ent_in_force_together(part->agreement, whole->agreement)) {
            continue;
        }
        const ent_box *begin = common_begin(&x, whole, part, most);
        const ent_box *end = common_end(&x, whole, part);
        if (begin != NULL && end != NULL) {
            report_duty(p, whole, part, most, begin, end);
        }
    }
}

void ent_prove_watermelons(ent_prover *p)
{
    for (size_t i = 0; i < p->m->n_objectives; i++) {
        const ent_objective_decl *o = p->m->objectives[i];
        if (o->agreement->is_framework && ent_is_availability(o)) {
            check_objective(p, o);
        }
    }
    for (size_t i = 0; i < p->m->n_duties; i++) {
        if (p->m->duties[i]->agreement->is_framework &&
            p->m->duties[i]->feed->kind == ENT_FEED_SOURCE) {
            check_duty(p, p->m->duties[i]);
        }
    }
}
