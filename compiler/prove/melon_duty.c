/* The watermelon of times: a service agreement's duty that the same rows begin and discharge as one of the
 * framework's, and whose clock can run longer than that one's: for it has more time, or counts by other hours, or
 * pauses at other times.  See watermelon.c.
 *
 * Nothing is concluded from the clauses: both clocks are run over two rows, from starts in the first weeks of both,
 * and only what is seen there is reported, with the rows as a scenario.  Where the rows could mean more to one of the
 * duties than its begin and its end (void it, pause it by a span, begin it again), nothing is claimed; nor where
 * another component that the same rows begin and discharge would be missed, too.
 * Tested by tests/property/watermelons.py. */
#include "compiler/prove/counterexample.h"
#include "compiler/prove/melon.h"
#include "runtime/time/arith.h"
#include "runtime/time/civil.h"

typedef struct melon_duty {
    ent_prover *p;
    ent_boxer x;
    const ent_duty_decl *whole, *part;
    const ent_allow_decl *mine, *most;
    const ent_box *begin, *end;
    int64_t first, start, done; /* starts are tried from `first` on */
    int64_t margin;             /* how much longer the component may take */
} melon_duty;

/* --- what the two rows mean to a duty --- */

bool ent_melon_may_fit(const ent_boxer *x, const ent_pattern_decl *pattern, const ent_box *row,
                       const ent_feed_decl *feed)
{
    ent_boxes rows = {.v = (ent_box *)(uintptr_t)row, .n = 1};
    for (size_t i = 0; pattern != NULL && i < pattern->n_alts; i++) {
        const ent_alt_decl *alt = &pattern->alts[i];
        if (alt->feed == feed && ent_boxes_meet(ent_common_rows(x, alt, alt), rows)) {
            return true;
        }
    }
    return false;
}

static bool fits(const melon_duty *m, const ent_pattern_decl *pattern, const ent_box *row)
{
    return ent_melon_may_fit(&m->x, pattern, row, m->whole->feed);
}

/* A span that neither row opens holds nowhere. */
static bool may_hold(const melon_duty *m, const ent_spanuse_decl *use)
{
    return use->at_most_ns >= 0 ||
           (use->of != NULL && (fits(m, use->of->from, m->begin) ||
                                fits(m, use->of->from, m->end)));
}

/* Whether the rows begin and discharge it and do nothing else to it. */
static bool is_simple(const melon_duty *m, const ent_duty_decl *d, const ent_allow_decl *allow)
{
    bool simple = d->counting == NULL && d->undo_mode != ENT_UNDO_RESUME && allow->ns >= 0 &&
                  (allow->use == NULL || allow->use->calendar != NULL) &&
                  !fits(m, d->void_when, m->begin) && !fits(m, d->void_when, m->end) &&
                  !fits(m, d->trigger, m->end) && !fits(m, d->undo, m->end);
    for (size_t i = 0; simple && i < d->n_pauses; i++) {
        simple = !may_hold(m, &d->pauses[i]);
    }
    for (size_t i = 0; simple && i < d->n_excused; i++) {
        simple = !may_hold(m, &d->excused[i]);
    }
    return simple;
}

/* --- the two clocks --- */

/* The first start from which the component is kept for longer than the whole. */
static bool find_start(melon_duty *m)
{
    ent_melon_clock whole = {0}, part = {0};
    bool found = false;
    if (ent_melon_clock_make(&whole, m->whole, m->mine, m->first) &&
        ent_melon_clock_make(&part, m->part, m->most, m->first)) {
        for (int64_t i = 0; i < ENT_MELON_STARTS && !found; i++) {
            int64_t start = m->first + i * ENT_TIME_HOUR_NS, missed, kept;
            found = ent_melon_covers(m->whole->agreement, start) &&
                    ent_melon_covers(m->part->agreement, start) &&
                    ent_melon_kept_until(&whole, start, m->first, &missed) &&
                    ent_melon_kept_until(&part, start, m->first, &kept) &&
                    kept > missed && !ent_melon_is_excused(&whole, start);
            if (found) {
                m->start = start;
                m->margin = kept - missed;
                m->done = missed + m->margin / 2 + (m->margin == 1);
            }
        }
    }
    ent_melon_clock_stop(&whole);
    ent_melon_clock_stop(&part);
    return found;
}

/* --- the other components --- */

static bool is_component(const melon_duty *m, const ent_duty_decl *d)
{
    return d->agreement->kind == 0 && !d->agreement->is_framework && d->feed == m->whole->feed &&
           ent_in_force_together(d->agreement, m->whole->agreement);
}

static bool is_kept_by(const melon_duty *m, const ent_duty_decl *d, const ent_allow_decl *allow)
{
    ent_melon_clock clock;
    int64_t kept = 0;
    bool ok = ent_melon_clock_make(&clock, d, allow, m->first) &&
              ent_melon_kept_until(&clock, m->start, m->first, &kept);
    ent_melon_clock_stop(&clock);
    return ok && kept >= m->done;
}

static bool is_named(const ent_allow_decl *a, const ent_value *value)
{
    bool named = a->n_values == 0;
    for (size_t i = 0; i < a->n_values && !named; i++) {
        named = a->values[i].type.kind == value->type.kind && a->values[i].i == value->i;
    }
    return named;
}

/* Every other one that the rows begin and discharge is kept, too, whatever the row says of its allowance. */
static bool others_are_kept(const melon_duty *m)
{
    const ent_model *model = m->p->m;
    bool kept = true;
    for (size_t i = 0; i < model->n_duties && kept; i++) {
        const ent_duty_decl *d = model->duties[i];
        if (d == m->part || !is_component(m, d) || !ent_melon_covers(d->agreement, m->start) ||
            !fits(m, d->trigger, m->begin) || !fits(m, d->discharge, m->end)) {
            continue;
        }
        for (size_t k = 0; k < d->n_allows && kept; k++) {
            bool other_row = m->most->n_values > 0 && d->allow_field == m->part->allow_field &&
                             !is_named(&d->allows[k], &m->most->values[0]);
            kept = other_row || (is_simple(m, d, &d->allows[k]) && is_kept_by(m, d, &d->allows[k]));
        }
    }
    return kept;
}

/* --- the rows --- */

static ent_boxes with_member(const melon_duty *m, ent_boxes b)
{
    bool named = m->most->n_values > 0 && m->most->values[0].type.kind != ENT_TYPE_TEXT;
    return named ? ent_boxes_member(&m->x, b, m->part->allow_field, m->most->values[0].i) : b;
}

/* The row that begins both, for the value for which the component has that much time, and for which the whole
 * is not excused. */
static const ent_box *common_begin(const melon_duty *m)
{
    const ent_duty_decl *whole = m->whole, *part = m->part;
    for (size_t i = 0; i < whole->trigger->n_alts; i++) {
        for (size_t k = 0; k < part->trigger->n_alts; k++) {
            ent_boxes b = with_member(m, ent_common_rows(&m->x, &whole->trigger->alts[i], &part->trigger->alts[k]));
            if (whole->excused_when != NULL) {
                b = ent_boxes_where(&m->x, b, whole->excused_when, false);
            }
            const ent_box *box = ent_boxes_exact(b);
            if (box != NULL) {
                return box;
            }
        }
    }
    return NULL;
}

static const ent_box *common_end(const melon_duty *m)
{
    const ent_duty_decl *whole = m->whole, *part = m->part;
    for (size_t i = 0; i < whole->discharge->n_alts; i++) {
        for (size_t k = 0; k < part->discharge->n_alts; k++) {
            ent_boxes b = ent_common_rows(&m->x, &whole->discharge->alts[i], &part->discharge->alts[k]);
            if (whole->following || part->following) {
                b = with_member(m, b);
            }
            const ent_box *box = ent_boxes_exact(b);
            if (box != NULL) {
                return box;
            }
        }
    }
    return NULL;
}

/* --- the report --- */

static const char *scenario(const melon_duty *m)
{
    char at[ENT_CIVIL_TEXT_MAX], done[ENT_CIVIL_TEXT_MAX];
    const ent_duty_decl *whole = m->whole, *part = m->part;
    const ent_feed_decl *feed = whole->feed;
    if (feed->n_keys != 1 || feed->keys[0]->type.kind != ENT_TYPE_TEXT || feed->bind != NULL) {
        return NULL;
    }
    (void)ent_civil_format(at, sizeof at, m->start, NULL);
    (void)ent_civil_format(done, sizeof done, m->done, NULL);
    return ent_arena_printf(
        m->x.arena,
        "scenario \"%s.%s is missed though %s.%s is met\"\n  using %s, %s\n  given %s \"\"\"\n"
        "    %s\n    %s\n    %s\n  \"\"\"\n  expect met of %s.%s for T1\n"
        "  expect no breach of %s.%s for T1\n",
        whole->agreement->name, whole->name, part->agreement->name, part->name,
        whole->agreement->name, part->agreement->name, feed->name, ent_row_names(&m->x, feed),
        ent_row(&m->x, m->begin, feed, at, "T1"), ent_row(&m->x, m->end, feed, done, "T1"),
        part->agreement->name, part->name, whole->agreement->name, whole->name);
}

const char *ent_melon_allowance(ent_prover *p, const ent_allow_decl *a)
{
    const char *time = ent_prove_duration(p, a->ns);
    const char *of = a->use == NULL ? NULL
                                    : ent_arena_printf(p->arena, "%s of %s", time, a->use->calendar->name);
    return of == NULL ? time : of;
}

static void report_duty(const melon_duty *m)
{
    ent_diag *d = ent_prove_report(
        m->p, ENT_DIAG_W0415, m->mine->span, "`%s.%s` can be missed while `%s.%s` is met",
        m->whole->agreement->name, m->whole->name, m->part->agreement->name, m->part->name);
    if (d == NULL) {
        return;
    }
    ent_diag_primary_label(d, "%s", ent_melon_allowance(m->p, m->mine));
    ent_diag_label(d, m->most->span, "%s for the same tickets", ent_melon_allowance(m->p, m->most));
    const char *text = scenario(m);
    if (text != NULL) {
        ent_diag_example(d, text);
    }
}

/* --- the search --- */

/* What the whole allows for the rows for which the component allows `most`; NULL: not known. */
static const ent_allow_decl *allowance_of_whole(const melon_duty *m)
{
    const ent_duty_decl *whole = m->whole;
    if (whole->n_allows == 1) {
        return whole->allows;
    }
    bool alike = m->most->n_values > 0 && whole->allow_field == m->part->allow_field;
    for (size_t i = 0; alike && i < whole->n_allows; i++) {
        if (is_named(&whole->allows[i], &m->most->values[0])) {
            return &whole->allows[i];
        }
    }
    return NULL;
}

/* One allowance of a component. */
static bool try_allowance(melon_duty *m)
{
    m->mine = m->most->n_values > 0 || m->part->n_allows == 1 ? allowance_of_whole(m) : NULL;
    if (m->mine == NULL || m->mine->ns < 0 || m->most->ns < 0) {
        return false;
    }
    m->begin = common_begin(m);
    m->end = common_end(m);
    return m->begin != NULL && m->end != NULL && is_simple(m, m->whole, m->mine) && is_simple(m, m->part, m->most) &&
           find_start(m) && others_are_kept(m);
}

/* For each component that can be kept for longer, where it can be by most. */
void ent_prove_melon_duty(ent_prover *p, const ent_duty_decl *whole)
{
    for (size_t i = 0; i < p->m->n_duties; i++) {
        melon_duty m = {.p = p, .x = {p->m, p->arena}, .whole = whole, .part = p->m->duties[i]}, best = {0};
        if (!is_component(&m, m.part)) {
            continue;
        }
        m.first = ent_first_common_day(whole->agreement, m.part->agreement) * ENT_TIME_DAY_NS + ENT_TIME_DAY_NS / 2;
        for (size_t k = 0; k < m.part->n_allows; k++) {
            m.most = &m.part->allows[k];
            if (try_allowance(&m) && m.margin > best.margin) {
                best = m;
            }
        }
        if (best.margin > 0) {
            report_duty(&best);
        }
    }
}
