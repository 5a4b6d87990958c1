/* Lowering of feeds: fields, row kernels and their slots, event patterns, binds.  See lower.h.
 *
 * A field is marked used when a kernel, a key or a clause reads it; only used fields are decoded,
 * and only what they need is read from a source.  That is why binds are lowered last. */
#include <stdlib.h>
#include <string.h>

#include "compiler/emit/lower_internal.h"

/* --- rows --- */

static int64_t field_index(const ent_field_decl *field)
{
    return field == NULL ? -1 : field->index;
}

int64_t ent_lower_feed_row(ent_lower *lw, const ent_feed_decl *feed)
{
    return feed == NULL ? -1 : lw->feed_rows[feed->index];
}

static void add_fields(ent_lower *lw, const ent_feed_decl *f)
{
    for (size_t k = 0; k < f->n_fields; k++) {
        const ent_field_decl *d = f->fields[k];
        ent_builder_add_field(lw->b, (ent_field_row){.name = ent_builder_text(lw->b, d->name),
                                                     .type = d->type.kind,
                                                     .param = ent_lower_type_param(lw, d->type),
                                                     .marks = d->marks,
                                                     .place = ent_lower_place(lw, d->span)});
    }
}

static void add_feed(ent_lower *lw, const ent_feed_decl *f)
{
    ent_feed_row row = {.name = ent_builder_text(lw->b, f->name),
                        .kind = f->kind,
                        .duty = f->kind == ENT_FEED_OUTCOMES ? f->duty->index : -1,
                        .first_field = (int64_t)lw->b->field.n,
                        .n_fields = (int64_t)f->n_fields,
                        .at = field_index(f->at),
                        .event = field_index(f->event),
                        .holder = field_index(f->holder),
                        .recorded = field_index(f->recorded),
                        .n_keys = (int64_t)f->n_keys,
                        .interval_ns = f->interval_ns,
                        .lateness_ns = f->lateness_ns,
                        .row_kernel = -1,
                        .bind = -1,
                        .used = f->used,
                        .place = ent_lower_place(lw, f->span)};
    add_fields(lw, f);
    row.first_key = (int64_t)lw->b->keyfield.n;
    lw->feed_rows[f->index] = ent_builder_add_feed(lw->b, row);
    if (lw->feed_rows[f->index] < 0) {
        (void)ent_lower_no_memory(lw);
        return;
    }
    (void)ent_lower_keys(lw, f->keys, f->n_keys);
    ent_lower_use_field(lw, f->at);
    if (f->holder != NULL) {
        ent_lower_use_field(lw, f->holder);
    }
    if (f->recorded != NULL) {
        ent_lower_use_field(lw, f->recorded); /* --as-of asks for it whatever the clauses do */
    }
}

bool ent_lower_feeds(ent_lower *lw)
{
    for (size_t i = 0; i < lw->m->n_feeds && !lw->failed; i++) {
        const ent_feed_decl *f = lw->m->feeds[i];
        lw->feed_rows[i] = -1;
        if (f->kind == ENT_FEED_SOURCE || f->used) {
            add_feed(lw, f);
        }
    }
    return !lw->failed;
}

void ent_lower_use_field(ent_lower *lw, const ent_field_decl *field)
{
    int64_t feed = ent_lower_feed_row(lw, field->feed);
    if (lw->failed || lw->b->failed || feed < 0) {
        return;
    }
    lw->b->field.v[lw->b->feed.v[feed].first_field + field->index].used = 1;
    if (field->source != NULL) {
        ent_lower_use_field(lw, field->source);
    }
}

int64_t ent_lower_keys(ent_lower *lw, ent_field_decl **keys, size_t n)
{
    int64_t first = (int64_t)lw->b->keyfield.n;
    for (size_t i = 0; i < n; i++) {
        ent_lower_use_field(lw, keys[i]);
        ent_builder_add_keyfield(lw->b, (ent_keyfield_row){keys[i]->index});
    }
    return first;
}

/* --- row kernels --- */

bool ent_lower_row_env(ent_lower *lw, const ent_feed_decl *feed, ent_lower_env *env)
{
    *env = (ent_lower_env){.lw = lw, .kind = ENT_KERNEL_ROW, .feed = feed};
    int64_t row = ent_lower_feed_row(lw, feed);
    if (lw->failed) {
        return false;
    }
    if (row < 0) {
        return ent_lower_fail(lw, feed->span, "the outcomes of `%s` were not expected to be read",
                              feed->name) >= 0;
    }
    if (lw->kernels[feed->index] == NULL) {
        lw->kernels[feed->index] =
            ent_kb_new(lw->b, ENT_KERNEL_ROW, row, ent_lower_place(lw, feed->span));
        if (lw->kernels[feed->index] == NULL) {
            return ent_lower_no_memory(lw) >= 0;
        }
    }
    env->kb = lw->kernels[feed->index];
    return true;
}

int64_t ent_lower_slot(const ent_lower_env *env, int32_t reg)
{
    return reg < 0 ? -1 : ent_kb_output(env->kb, reg);
}

int32_t ent_lower_field(const ent_lower_env *env, int input_kind, const ent_field_decl *field,
                        int64_t place)
{
    ent_lower_use_field(env->lw, field);
    return ent_kb_input(env->kb, input_kind, field->index, ent_type_class(field->type.kind), place);
}

int32_t ent_lower_event(const ent_lower_env *env, int32_t member, int64_t place)
{
    if (member < 0) {
        return ENT_KB_NOREG;
    }
    int32_t wanted = ent_kb_const_i(env->kb, member, place);
    int32_t event = ent_lower_field(env, ENT_INPUT_FIELD, env->feed->event, place);
    return ent_kb_op(env->kb, ENT_BC_EQ_I, event, wanted, ENT_KB_NOREG, 0, place);
}

bool ent_lower_kernels(ent_lower *lw)
{
    for (size_t i = 0; i < lw->m->n_feeds && !lw->failed; i++) {
        ent_kb *kb = lw->kernels[i];
        if (kb == NULL || (ent_kb_outputs(kb) == 0 && !ent_kb_failed(kb))) {
            continue;
        }
        int64_t kernel = -1;
        lw->kernels[i] = NULL;
        if (ent_lower_finish_kernel(lw, kb, lw->m->feeds[i]->span, &kernel)) {
            lw->b->feed.v[lw->feed_rows[i]].row_kernel = kernel;
        }
    }
    return !lw->failed;
}

/* --- patterns --- */

static int32_t alt_register(const ent_lower_env *env, const ent_alt_decl *alt)
{
    int32_t reg = ent_lower_event(env, alt->member, ent_lower_place(env->lw, alt->span));
    for (size_t i = 0; i < alt->n_where; i++) {
        reg = ent_lower_and(env, reg, alt->where[i]);
    }
    return reg;
}

int32_t ent_lower_any_alt(const ent_lower_env *env, const ent_pattern_decl *pattern)
{
    int32_t any = ENT_KB_NOREG;
    for (size_t i = 0; i < pattern->n_alts; i++) {
        const ent_alt_decl *alt = &pattern->alts[i];
        if (alt->feed != env->feed) {
            continue;
        }
        int32_t reg = alt_register(env, alt);
        if (reg < 0) {
            return ENT_KB_NOREG;
        }
        any = any < 0 ? reg
                      : ent_kb_op(env->kb, ENT_BC_OR, any, reg, ENT_KB_NOREG, 0,
                                  ent_lower_place(env->lw, alt->span));
    }
    return any;
}

int64_t ent_lower_pattern(ent_lower *lw, const ent_pattern_decl *pattern)
{
    if (pattern == NULL || lw->failed) {
        return -1;
    }
    int64_t first = (int64_t)lw->b->alt.n;
    for (size_t i = 0; i < pattern->n_alts; i++) {
        const ent_alt_decl *alt = &pattern->alts[i];
        ent_lower_env env;
        if (!ent_lower_row_env(lw, alt->feed, &env)) {
            return -1;
        }
        ent_builder_add_alt(lw->b,
                            (ent_alt_row){.feed = ent_lower_feed_row(lw, alt->feed),
                                          .test = ent_lower_slot(&env, alt_register(&env, alt)),
                                          .first_key = ent_lower_keys(lw, alt->keys, alt->n_keys),
                                          .n_keys = (int64_t)alt->n_keys});
    }
    return ent_builder_add_pattern(lw->b, (ent_pattern_row){first, (int64_t)pattern->n_alts,
                                                            ent_lower_place(lw, pattern->span)});
}

/* --- binds --- */

static bool contains_skip(const ent_node *n)
{
    bool skips = n != NULL && n->kind == ENT_NODE_SKIP;
    for (uint32_t i = 0; n != NULL && i < n->n_kids && !skips; i++) {
        skips = contains_skip(n->kids[i]);
    }
    return skips;
}

static bool is_used(const ent_lower *lw, const ent_field_decl *field)
{
    const ent_feed_row *feed = &lw->b->feed.v[lw->feed_rows[field->feed->index]];
    return lw->b->field.v[feed->first_field + field->index].used != 0;
}

/* The kernel that computes fields from columns; -1 if nothing is computed. */
static int64_t bind_kernel(ent_lower *lw, const ent_bind_decl *bind, ent_text_columns *columns,
                           ent_bound_row *bounds, size_t *n_bounds)
{
    ent_lower_env env = {.lw = lw, .kind = ENT_KERNEL_BIND, .columns = columns};
    size_t n_computed = 0;
    env.kb = ent_kb_new(lw->b, ENT_KERNEL_BIND, ent_lower_feed_row(lw, bind->feed),
                        ent_lower_place(lw, bind->span));
    if (env.kb == NULL) {
        return ent_lower_no_memory(lw);
    }
    for (size_t i = 0; i < bind->n_bindings; i++) {
        const ent_binding_decl *d = &bind->bindings[i];
        bool used = is_used(lw, d->field);
        if (d->expr == NULL || (!used && !contains_skip(d->expr))) {
            continue;
        }
        int64_t place = ent_lower_place(lw, d->span);
        int32_t reg = ent_lower_expr(&env, d->expr);
        reg = ent_lower_to_class(&env, reg, d->expr->type, ent_type_class(d->field->type.kind),
                                 place);
        n_computed++;
        if (used) {
            bounds[*n_bounds] = (ent_bound_row){ent_kb_output(env.kb, reg), d->field->index};
            (*n_bounds)++;
        }
    }
    if (n_computed == 0) {
        ent_kb_abandon(env.kb);
        return -1;
    }
    int64_t kernel = -1;
    (void)ent_lower_finish_kernel(lw, env.kb, bind->span, &kernel);
    return kernel;
}

static void add_columns(ent_lower *lw, const ent_bind_decl *bind, const ent_text_columns *texts,
                        ent_bind_row *row)
{
    row->first_column = (int64_t)lw->b->column.n;
    for (size_t i = 0; i < texts->n; i++) {
        const ent_column_decl *c = texts->order[i];
        ent_builder_add_column(lw->b, (ent_column_row){ent_builder_text(lw->b, c->name), -1,
                                                       ent_lower_place(lw, c->span)});
    }
    for (size_t i = 0; i < bind->n_bindings; i++) {
        const ent_binding_decl *d = &bind->bindings[i];
        if (d->column != NULL) {
            ent_builder_add_column(lw->b,
                                   (ent_column_row){ent_builder_text(lw->b, d->column->name),
                                                    d->field->index, ent_lower_place(lw, d->span)});
        }
    }
    row->n_columns = (int64_t)lw->b->column.n - row->first_column;
}

static bool lower_bind(ent_lower *lw, const ent_bind_decl *bind, ent_text_columns *texts,
                       ent_bound_row *bounds)
{
    bool any = bind->format == NULL;
    /* samples of Prometheus are handed on as JSON Lines */
    ent_bind_row row = {.feed = ent_lower_feed_row(lw, bind->feed),
                        .format = any                                ? 0
                                  : strcmp(bind->format, "csv") == 0 ? 1
                                                                     : 2,
                        .separator = bind->separator,
                        .query = bind->query == NULL ? -1 : ent_builder_text(lw->b, bind->query),
                        .first_absent = (int64_t)lw->b->absent_text.n,
                        .n_absents = (int64_t)bind->n_absents,
                        .place = ent_lower_place(lw, bind->span)};
    size_t n_bounds = 0;
    for (size_t i = 0; i < bind->n_absents; i++) {
        ent_builder_add_absent_text(
            lw->b, (ent_absent_text_row){ent_builder_text(lw->b, bind->absents[i])});
    }
    row.kernel = bind_kernel(lw, bind, texts, bounds, &n_bounds);
    add_columns(lw, bind, texts, &row);
    row.first_bound = (int64_t)lw->b->bound.n;
    row.n_bounds = (int64_t)n_bounds;
    for (size_t i = 0; i < n_bounds; i++) {
        ent_builder_add_bound(lw->b, bounds[i]);
    }
    int64_t index = ent_builder_add_bind(lw->b, row);
    if (!lw->failed && index >= 0) {
        lw->b->feed.v[row.feed].bind = index;
    }
    return !lw->failed;
}

bool ent_lower_binds(ent_lower *lw)
{
    for (size_t i = 0; i < lw->m->n_binds && !lw->failed; i++) {
        const ent_bind_decl *bind = lw->m->binds[i];
        ent_text_columns texts = {.numbers = malloc((bind->n_columns + 1) * sizeof *texts.numbers),
                                  .order = calloc(bind->n_columns + 1, sizeof *texts.order)};
        ent_bound_row *bounds = calloc(bind->n_bindings + 1, sizeof *bounds);
        if (texts.numbers == NULL || texts.order == NULL || bounds == NULL) {
            (void)ent_lower_no_memory(lw);
        } else {
            for (size_t k = 0; k < bind->n_columns; k++) {
                texts.numbers[k] = -1;
            }
            (void)lower_bind(lw, bind, &texts, bounds);
        }
        free(texts.numbers);
        free(texts.order);
        free(bounds);
    }
    return !lw->failed;
}
