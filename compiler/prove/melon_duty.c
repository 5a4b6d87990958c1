/* The watermelon of times: a service agreement's duty that the same rows begin and discharge as one
 * of the framework's, with more time than it.  See watermelon.c. */
#include "compiler/prove/counterexample.h"
#include "compiler/prove/internal.h"
#include "runtime/time/civil.h"

#define DAY_NS INT64_C(86400000000000)

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

void ent_prove_melon_duty(ent_prover *p, const ent_duty_decl *whole)
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
