/* Lowering of objectives: folds, the measure's decision kernel, subjects, ladders.  See lower.h. */
#include <stdlib.h>
#include <string.h>

#include "compiler/emit/lower_internal.h"

/* --- folds --- */

static int32_t or_of(const ent_lower_env *env, int32_t a, int32_t b, int64_t place)
{
    return a < 0 ? b : b < 0 ? a : ent_kb_op(env->kb, ENT_BC_OR, a, b, ENT_KB_NOREG, 0, place);
}

/* Whether one of the fields is absent; ENT_KB_NOREG: no fields. */
static int32_t any_absent(const ent_lower_env *env, ent_field_decl **fields, size_t n,
                          int64_t place)
{
    int32_t any = ENT_KB_NOREG;
    for (size_t i = 0; i < n; i++) {
        int32_t field = ent_lower_field(env, ENT_INPUT_FIELD, fields[i], place);
        int32_t absent =
            ent_kb_op(env->kb, ENT_BC_IS_ABSENT, field, ENT_KB_NOREG, ENT_KB_NOREG, 0, place);
        any = or_of(env, any, absent, place);
    }
    return any;
}

static bool reads_field(const ent_node *n, const char *name)
{
    if (n->decl_kind == ENT_DECL_FIELD &&
        strcmp(((const ent_field_decl *)n->decl)->name, name) == 0) {
        return true;
    }
    for (uint32_t i = 0; i < n->n_kids; i++) {
        if (n->kids[i] != NULL && reads_field(n->kids[i], name)) {
            return true;
        }
    }
    return false;
}

/* An excused outcome is neither above nor below the line of a `share … where met`. */
static int32_t lower_not_excused(const ent_lower_env *env, const ent_fold_decl *f, int64_t place)
{
    if (f->kind != ENT_AGG_SHARE || f->feed->kind != ENT_FEED_OUTCOMES || f->test == NULL ||
        !reads_field(f->test, "met")) {
        return ENT_KB_NOREG;
    }
    for (size_t i = 0; i < f->feed->n_fields; i++) {
        if (strcmp(f->feed->fields[i]->name, "excused") == 0) {
            int32_t excused = ent_lower_field(env, ENT_INPUT_FIELD, f->feed->fields[i], place);
            return ent_kb_op(env->kb, ENT_BC_NOT, excused, ENT_KB_NOREG, ENT_KB_NOREG, 0, place);
        }
    }
    return ENT_KB_NOREG;
}

/* Whether rows of other services are looked at, to find where an outage began. */
static bool seeks_roots(const ent_lower *lw, const ent_fold_decl *f)
{
    const ent_framework_decl *framework = lw->m->framework;
    return framework != NULL && ((framework->policies >> ENT_POLICY_OUTAGES_DEPENDENCIES) & 1) &&
           f->n_keyed > 0 && f->feed->kind == ENT_FEED_SOURCE;
}

/* The selection without what ties it to one key: samples in the same sense, of whatever service. */
static int32_t lower_sense(const ent_lower_env *env, const ent_fold_decl *f, int32_t unsure,
                           int64_t place)
{
    int32_t event = ent_lower_event(env, f->member, place);
    int32_t sense = event;
    for (size_t i = 0; i < f->n_select; i++) {
        sense = ent_lower_and(env, sense, f->select[i]);
    }
    if (sense >= 0 && unsure >= 0) {
        int32_t among = event < 0
                            ? unsure
                            : ent_kb_op(env->kb, ENT_BC_AND, event, unsure, ENT_KB_NOREG, 0, place);
        sense = or_of(env, sense, among, place);
    }
    return sense;
}

/* A row that a missing value keeps out of the selection is selected all the same, and marked
 * absent, so that it is counted; see ent_fold_decl. */
static void lower_conditions(const ent_lower_env *env, const ent_fold_decl *f, ent_fold_row *row)
{
    int64_t place = row->place;
    int32_t base = ent_lower_event(env, f->member, place);
    int32_t counted = lower_not_excused(env, f, place);
    if (counted >= 0) {
        base = base < 0 ? counted
                        : ent_kb_op(env->kb, ENT_BC_AND, base, counted, ENT_KB_NOREG, 0, place);
    }
    for (size_t i = 0; i < f->n_keyed; i++) {
        base = ent_lower_and(env, base, f->keyed[i]);
    }
    int32_t select = base;
    for (size_t i = 0; i < f->n_select; i++) {
        select = ent_lower_and(env, select, f->select[i]);
    }
    int32_t unsure = any_absent(env, f->select_absents, f->n_select_absents, place);
    if (select >= 0 && unsure >= 0) {
        int32_t among = base < 0
                            ? unsure
                            : ent_kb_op(env->kb, ENT_BC_AND, base, unsure, ENT_KB_NOREG, 0, place);
        select = or_of(env, select, among, place);
    }
    int32_t absent = or_of(env, unsure, any_absent(env, f->absents, f->n_absents, place), place);
    int32_t sense = seeks_roots(env->lw, f) ? lower_sense(env, f, unsure, place) : select;
    row->select = ent_lower_slot(env, select);
    row->absent = ent_lower_slot(env, absent);
    row->sense = ent_lower_slot(env, sense);
    if (f->test != NULL) {
        row->test = ent_lower_slot(env, ent_lower_guarded(env, sense, f->test));
    }
    if (f->value != NULL) {
        row->value = ent_lower_slot(env, ent_lower_guarded(env, sense, f->value));
    }
}

/* Which service a row is about: its key, or the one field of that type. */
static const ent_field_decl *service_field(const ent_feed_decl *feed)
{
    const ent_field_decl *found = NULL;
    for (size_t i = 0; i < feed->n_keys; i++) {
        if (feed->keys[i]->type.kind == ENT_TYPE_SERVICE) {
            return feed->keys[i];
        }
    }
    for (size_t i = 0; i < feed->n_fields; i++) {
        if (feed->fields[i]->type.kind == ENT_TYPE_SERVICE) {
            if (found != NULL) {
                return NULL;
            }
            found = feed->fields[i];
        }
    }
    return feed->kind == ENT_FEED_SOURCE ? found : NULL;
}

static ent_fold_row lower_fold(ent_lower *lw, const ent_fold_decl *f, ent_field_decl *silent_key)
{
    ent_fold_row row = {.kind = f->kind,
                        .feed = -1,
                        .select = -1,
                        .test = -1,
                        .value = -1,
                        .absent = -1,
                        .sense = -1,
                        .service = -1,
                        .percent = -1,
                        .approximate = f->approximate,
                        .stale_ns = f->stale_ns > 0 ? f->stale_ns : -1,
                        .span = f->of == NULL ? -1 : f->of->index,
                        .value_type = f->value_type.kind,
                        .param = ent_lower_type_param(lw, f->value_type),
                        .place = ent_lower_place(lw, f->span)};
    if (f->kind == ENT_AGG_PERCENTILE) {
        row.percent = ent_builder_const_q(lw->b, f->percent);
    }
    ent_lower_env env;
    if (f->feed == NULL || !ent_lower_row_env(lw, f->feed, &env)) {
        return row;
    }
    row.feed = ent_lower_feed_row(lw, f->feed);
    lower_conditions(&env, f, &row);
    const ent_field_decl *service = service_field(f->feed);
    if (service != NULL) {
        ent_lower_use_field(lw, service);
        row.service = service->index;
    }
    row.first_cause = ent_lower_spanuses(lw, f->causes, f->n_causes);
    row.n_causes = (int64_t)f->n_causes;
    row.n_groups = silent_key != NULL ? 1 : (int64_t)f->n_groups;
    row.first_group = silent_key != NULL ? ent_lower_keys(lw, &silent_key, 1)
                                         : ent_lower_keys(lw, f->groups, f->n_groups);
    return row;
}

/* --- subjects --- */

static const ent_selected_key *selection_of(const ent_fold_decl *f)
{
    if (f->feed == NULL || f->feed->kind != ENT_FEED_SOURCE || f->feed->n_keys != 1) {
        return NULL;
    }
    for (size_t i = 0; i < f->n_selected; i++) {
        unsigned kind = f->selected[i].value.type.kind;
        bool nameable = kind == ENT_TYPE_PARTY || kind == ENT_TYPE_SERVICE ||
                        kind == ENT_TYPE_ENUM || kind == ENT_TYPE_TEXT;
        if (f->selected[i].field == f->feed->keys[0] && nameable) {
            return &f->selected[i];
        }
    }
    return NULL;
}

static bool same_value(const ent_value *a, const ent_value *b)
{
    if (a->type.kind != b->type.kind) {
        return false;
    }
    return a->type.kind == ENT_TYPE_TEXT
               ? a->text_len == b->text_len && memcmp(a->text, b->text, a->text_len) == 0
               : a->i == b->i;
}

/* The one key that all folds of an objective without a subject select: it is made the subject,
 * unnamed, so that it is decided even when it is silent throughout, and other keys' rows are no
 * rows of it. */
static const ent_selected_key *silent_selection(const ent_objective_decl *o)
{
    const ent_selected_key *first = NULL;
    if (o->subject != ENT_SUBJECT_NONE) {
        return NULL;
    }
    for (size_t i = 0; i < o->n_folds; i++) {
        const ent_selected_key *key = selection_of(o->folds[i]);
        if (key == NULL || (first != NULL && !same_value(&first->value, &key->value))) {
            return NULL;
        }
        first = first == NULL ? key : first;
    }
    return first;
}

static void lower_subject(ent_lower *lw, const ent_objective_decl *o,
                          const ent_selected_key *silent, ent_objective_row *row)
{
    row->subject_field = -1;
    row->subject_param = -1;
    row->first_value = (int64_t)lw->b->value.n;
    if (silent != NULL) {
        row->subject = ENT_SUBJECT_LISTED;
        row->subject_type = silent->value.type.kind;
        row->subject_param = ent_lower_type_param(lw, silent->field->type);
        row->n_values = 1;
        ent_builder_add_value(lw->b, (ent_value_row){ent_lower_word(lw, &silent->value)});
        return;
    }
    row->subject = o->subject;
    if (o->subject == ENT_SUBJECT_NONE) {
        return;
    }
    row->subject_field = ent_builder_text_or_none(lw->b, o->subject_field);
    row->subject_type = o->subject_type.kind;
    row->subject_param = ent_lower_type_param(lw, o->subject_type);
    row->n_values = (int64_t)o->n_subjects;
    for (size_t i = 0; i < o->n_subjects; i++) {
        ent_builder_add_value(lw->b, (ent_value_row){ent_lower_word(lw, &o->subjects[i])});
    }
}

/* --- the objective --- */

static int64_t measure_kernel(ent_lower *lw, const ent_objective_decl *o, int64_t place)
{
    ent_lower_env env = {.lw = lw, .kind = ENT_KERNEL_DECISION, .objective = o};
    env.kb = ent_kb_new(lw->b, ENT_KERNEL_DECISION, -1, place);
    if (env.kb == NULL) {
        return ent_lower_no_memory(lw);
    }
    (void)ent_kb_output(env.kb, ent_lower_expr(&env, o->expr));
    int64_t kernel = -1;
    (void)ent_lower_finish_kernel(lw, env.kb, o->span, &kernel);
    return kernel;
}

static int64_t lower_steps(ent_lower *lw, const ent_objective_decl *o)
{
    int64_t first = (int64_t)lw->b->step.n;
    for (size_t i = 0; i < o->n_steps; i++) {
        const ent_step_decl *s = &o->steps[i];
        ent_step_row row = {
            .compare = s->compare,
            .bound = s->compare == ENT_CMP_OTHERWISE ? -1 : ent_lower_real(lw, &s->bound),
            .amount = ent_lower_amount(lw, s->amount, o),
            .place = ent_lower_place(lw, s->span)};
        ent_builder_add_step(lw->b, row);
    }
    return first;
}

/* Whether the measure is an aggregate itself, and not computed from one. */
static bool is_figure(const ent_node *n)
{
    return n->kind == ENT_NODE_AGGREGATE;
}

static bool lower_folds(ent_lower *lw, const ent_objective_decl *o, const ent_selected_key *silent,
                        ent_objective_row *row)
{
    ent_fold_row *folds = calloc(o->n_folds + 1, sizeof *folds);
    if (folds == NULL) {
        return ent_lower_no_memory(lw) >= 0;
    }
    for (size_t i = 0; i < o->n_folds; i++) {
        const ent_fold_decl *f = o->folds[i];
        folds[i] = lower_fold(lw, f, silent == NULL ? NULL : f->feed->keys[0]);
    }
    row->first_fold = (int64_t)lw->b->fold.n;
    row->n_folds = (int64_t)o->n_folds;
    for (size_t i = 0; i < o->n_folds; i++) {
        ent_builder_add_fold(lw->b, folds[i]);
    }
    free(folds);
    return !lw->failed;
}

static void lower_objective(ent_lower *lw, const ent_objective_decl *o)
{
    const ent_selected_key *silent = silent_selection(o);
    int64_t place = ent_lower_place(lw, o->span);
    ent_objective_row row = {
        .agreement = o->agreement->index,
        .name = ent_builder_text(lw->b, o->name),
        .title = ent_builder_text_or_none(lw->b, o->title),
        .type = o->type.kind,
        .param = ent_lower_type_param(lw, o->type),
        .compare = o->compare,
        .target = ent_lower_real(lw, &o->target),
        .target_text = ent_builder_text(lw->b, o->target_text == NULL ? "" : o->target_text),
        .window = o->window,
        .roll_ns = o->roll_ns,
        .every_ns = o->every_ns,
        .every_days = o->every_days,
        .n_excluding = (int64_t)o->n_excluding,
        .missing = o->missing,
        .no_data = o->no_data,
        .n_steps = (int64_t)o->n_steps,
        .rate_per = o->rate_amount == NULL ? -1 : ent_lower_real(lw, &o->rate_per),
        .rate_pro_rata = o->rate_pro_rata,
        .rate_above = o->rate_above,
        .rounding = o->rounding,
        .expected_compare = o->expected_compare,
        .expected = o->expected_compare == 0 ? -1 : ent_lower_real(lw, &o->expected),
        .expected_text =
            o->expected_compare == 0 ? -1 : ent_builder_text_or_none(lw->b, o->expected_text),
        .earn_expected = o->earn_expected,
        .earn_back = o->has_earn_back ? ent_builder_const_q(lw->b, o->earn_back) : -1,
        .earn_windows = o->has_earn_back ? o->earn_windows : 0,
        .warn = o->has_warn ? ent_builder_const_q(lw->b, o->warn) : -1,
        .measured_by = o->measured_by == NULL ? -1 : o->measured_by->index,
        .order = o->order,
        .doc = ent_builder_text_or_none(lw->b, o->doc),
        .place = place};
    if (!lower_folds(lw, o, silent, &row)) {
        return;
    }
    row.kernel = measure_kernel(lw, o, place);
    row.single = o->n_folds == 1 && is_figure(o->expr);
    lower_subject(lw, o, silent, &row);
    row.first_excluding = ent_lower_spanuses(lw, o->excluding, o->n_excluding);
    row.first_step = lower_steps(lw, o);
    row.rate_amount = ent_lower_amount(lw, o->rate_amount, o);
    row.rate_max = ent_lower_amount(lw, o->rate_max, o);
    ent_builder_add_objective(lw->b, row);
}

bool ent_lower_objectives(ent_lower *lw)
{
    for (size_t i = 0; i < lw->m->n_objectives && !lw->failed; i++) {
        lower_objective(lw, lw->m->objectives[i]);
    }
    return !lw->failed;
}
