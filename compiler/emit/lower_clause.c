/* Lowering of spans, their uses, and duties.  See lower.h. */
#include <stdlib.h>

#include "compiler/emit/lower_internal.h"

bool ent_lower_spans(ent_lower *lw)
{
    for (size_t i = 0; i < lw->m->n_spans && !lw->failed; i++) {
        const ent_span_decl *s = lw->m->spans[i];
        int64_t from = ent_lower_pattern(lw, s->from);
        int64_t to = ent_lower_pattern(lw, s->to);
        ent_builder_add_span(lw->b, (ent_span_row){.name = ent_builder_text(lw->b, s->name),
                                                   .from = from,
                                                   .to = to,
                                                   .n_keys = (int64_t)s->n_keys,
                                                   .cause = s->cause == NULL ? -1 : s->cause->index,
                                                   .place = ent_lower_place(lw, s->span)});
    }
    return !lw->failed;
}

static ent_spanuse_row spanuse_row(ent_lower *lw, const ent_spanuse_decl *use)
{
    ent_spanuse_row row = {.calendar = use->calendar == NULL ? -1 : use->calendar->index,
                           .span = use->of == NULL ? -1 : use->of->index,
                           .feed = -1,
                           .at_most_ns = use->at_most_ns,
                           .place = ent_lower_place(lw, use->span)};
    if (use->of != NULL) {
        row.feed = ent_lower_feed_row(lw, use->feed);
        row.first_key = ent_lower_keys(lw, use->keys, use->n_keys);
        row.n_keys = (int64_t)use->n_keys;
    }
    return row;
}

int64_t ent_lower_spanuses(ent_lower *lw, const ent_spanuse_decl *uses, size_t n)
{
    int64_t first = (int64_t)lw->b->spanuse.n;
    for (size_t i = 0; i < n; i++) {
        ent_builder_add_spanuse(lw->b, spanuse_row(lw, &uses[i]));
    }
    return first;
}

/* --- duties --- */

/* Allowances are asked for on trigger rows, so they need not be computable on others. */
static int64_t trigger_slot(ent_lower *lw, const ent_duty_decl *d, const ent_node *expr)
{
    ent_lower_env env;
    if (expr == NULL || !ent_lower_row_env(lw, d->feed, &env)) {
        return -1;
    }
    int32_t guard = ent_lower_any_alt(&env, d->trigger);
    int32_t reg = ent_lower_guarded(&env, guard, expr);
    return ent_lower_slot(&env,
                          ent_lower_to_class(&env, reg, expr->type, ent_type_class(expr->type.kind),
                                             ent_lower_place(lw, expr->span)));
}

static int64_t lower_allows(ent_lower *lw, const ent_duty_decl *d)
{
    ent_allow_row *rows = calloc(d->n_allows + 1, sizeof *rows);
    if (rows == NULL) {
        return ent_lower_no_memory(lw);
    }
    for (size_t i = 0; i < d->n_allows; i++) {
        const ent_allow_decl *a = &d->allows[i];
        rows[i] = (ent_allow_row){.first_value = (int64_t)lw->b->value.n,
                                  .n_values = (int64_t)a->n_values,
                                  .ns = a->ns,
                                  .slot = a->ns >= 0 ? -1 : trigger_slot(lw, d, a->expr),
                                  .use = a->use == NULL ? -1 : ent_lower_spanuses(lw, a->use, 1),
                                  .place = ent_lower_place(lw, a->span)};
        for (size_t k = 0; k < a->n_values; k++) {
            ent_builder_add_value(lw->b, (ent_value_row){ent_lower_word(lw, &a->values[k])});
        }
    }
    int64_t first = (int64_t)lw->b->allow.n;
    for (size_t i = 0; i < d->n_allows; i++) {
        ent_builder_add_allow(lw->b, rows[i]);
    }
    free(rows);
    return first;
}

static void lower_duty(ent_lower *lw, const ent_duty_decl *d)
{
    ent_duty_row row = {.agreement = d->agreement->index,
                        .name = ent_builder_text(lw->b, d->name),
                        .title = ent_builder_text_or_none(lw->b, d->title),
                        .party = d->party->index,
                        .feed = ent_lower_feed_row(lw, d->feed),
                        .undo_mode = d->undo_mode,
                        .retroactive = d->retroactive,
                        .allow_field = d->allow_field == NULL ? -1 : d->allow_field->index,
                        .following = d->following,
                        .n_allows = (int64_t)d->n_allows,
                        .n_pauses = (int64_t)d->n_pauses,
                        .n_causes = (int64_t)d->n_causes,
                        .n_excused = (int64_t)d->n_excused,
                        .warn = d->has_warn ? ent_builder_const_q(lw->b, d->warn) : -1,
                        .rounding = d->rounding,
                        .order = d->order,
                        .doc = ent_builder_text_or_none(lw->b, d->doc),
                        .place = ent_lower_place(lw, d->span)};
    row.trigger = ent_lower_pattern(lw, d->trigger);
    row.discharge = ent_lower_pattern(lw, d->discharge);
    row.void_when = ent_lower_pattern(lw, d->void_when);
    row.undo = ent_lower_pattern(lw, d->undo);
    row.until = ent_lower_pattern(lw, d->until);
    row.counting = ent_lower_pattern(lw, d->counting);
    if (d->allow_field != NULL) {
        ent_lower_use_field(lw, d->allow_field);
    }
    const ent_framework_decl *framework = lw->m->framework;
    const unsigned follows = 1u << ENT_POLICY_TIME_HOLDER | 1u << ENT_POLICY_TIME_LAST_HOLDER;
    if (d->feed->holder != NULL && framework != NULL && (framework->policies & follows) != 0) {
        ent_lower_use_field(lw, d->feed->holder);
    }
    row.first_allow = lower_allows(lw, d);
    row.first_pause = ent_lower_spanuses(lw, d->pauses, d->n_pauses);
    row.first_cause = ent_lower_spanuses(lw, d->causes, d->n_causes);
    row.excused_when = trigger_slot(lw, d, d->excused_when);
    row.first_excused = ent_lower_spanuses(lw, d->excused, d->n_excused);
    row.outcome_feed = ent_lower_feed_row(lw, d->outcomes);
    row.credit = ent_lower_amount(lw, d->credit, NULL);
    ent_builder_add_duty(lw->b, row);
}

bool ent_lower_duties(ent_lower *lw)
{
    for (size_t i = 0; i < lw->m->n_duties && !lw->failed; i++) {
        lower_duty(lw, lw->m->duties[i]);
    }
    return !lw->failed;
}
