/* Verifies what the records of a program ask of each other: types of fields and constants, slots of
 * row kernels, keys, and the inputs of decision kernels.  Every index has been checked by its KIND
 * and every kernel by itself before this runs.
 *
 * Patterns and folds' keys are typed against each other, because a key of one clause is looked up
 * with the key of another.  Patterns are over facts, never over a duty's outcomes, so that no clock
 * can depend on itself.  Agreements, feeds and patterns are in verify_facts.c.
 * Tested in tests/unit/test_verifier.c. */
#include "runtime/bytecode/verify_record.h"

/* --- duties --- */

/* A kernel of an amount: what it may read, and with which class it gets the measure. */
static bool amount_fits(const ent_record *c, int64_t amount, bool has_measure, ent_class measure)
{
    if (amount >= 0 && c->p->amount[amount].of >= 0) {
        amount = c->p->amount[amount].of;
    }
    if (amount < 0 || c->p->amount[amount].kernel < 0) {
        return true;
    }
    const ent_kernel_row *kernel = &c->p->kernel[c->p->amount[amount].kernel];
    for (int64_t i = 0; i < kernel->n_inputs; i++) {
        const ent_input_row *input = &c->p->input[kernel->first_input + i];
        if (input->kind != ENT_INPUT_CHARGE &&
            !(input->kind == ENT_INPUT_MEASURE && has_measure && input->cls == (int64_t)measure)) {
            return false;
        }
    }
    return true;
}

static bool check_allow(ent_record *c, const ent_duty_row *duty, const ent_allow_row *row)
{
    const ent_field_row *field = ent_record_field_of(c, duty->feed, duty->allow_field);
    return ent_record_require(c, (row->ns >= 0) != (row->slot >= 0),
                              "an allowance is not one of a time and a slot") &&
           ent_record_require(c,
                              ent_record_slot_is_valid(c, duty->feed, row->slot, ENT_CLASS_I, true),
                              "an allowance is no duration of the feed's row kernel") &&
           ent_record_require(c, row->n_values == 0 || field != NULL,
                              "an allowance by a field that is not named") &&
           ent_record_require(c,
                              row->n_values == 0 ||
                                  ent_record_values_are_valid(c, row->first_value, row->n_values,
                                                              field->type, field->param),
                              "an allowance is for a value that the field cannot have") &&
           ent_record_require(c,
                              row->use == -1 || ent_record_uses_are_of(c, row->use, 1, duty->feed),
                              "an allowance finds its span by another feed's rows");
}

static bool check_duty_patterns(ent_record *c, const ent_duty_row *row)
{
    const ent_pattern_row *trigger = &c->p->pattern[row->trigger];
    const int64_t others[] = {row->trigger, row->discharge, row->void_when,
                              row->undo,    row->until,     row->counting};
    if (!ent_record_require(c, trigger->n_alts > 0, "nothing triggers it")) {
        return false;
    }
    const ent_alt_row *like = &c->p->alt[trigger->first_alt];
    for (int64_t i = 0; i < trigger->n_alts; i++) {
        if (!ent_record_require(c, c->p->alt[trigger->first_alt + i].feed == row->feed,
                                "it is triggered by another feed than its own")) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (!ent_record_require(
                c, others[i] == -1 || ent_record_pattern_has_keys(c, others[i], like, like->n_keys),
                "its events do not have the same keys")) {
            return false;
        }
    }
    return ent_record_require(c, (row->undo_mode == ENT_UNDO_NONE) == (row->undo == -1),
                              "a way to undo without an event, or the reverse") &&
           ent_record_require(c, (row->undo_mode == ENT_UNDO_RESUME) == (row->until >= 0),
                              "only `resume` has an `until`");
}

static bool check_duty(ent_record *c, const ent_duty_row *row)
{
    const ent_image *p = c->p;
    bool ok = check_duty_patterns(c, row) &&
              ent_record_require(c,
                                 row->allow_field == -1 ||
                                     ent_record_field_of(c, row->feed, row->allow_field) != NULL,
                                 "the field of its allowances is none of its feed") &&
              ent_record_require(c, !row->following || row->allow_field >= 0,
                                 "it follows a field that it does not name") &&
              ent_record_require(c, row->n_allows > 0, "it has no allowance") &&
              ent_record_require(
                  c,
                  ent_record_uses_are_of(c, row->first_pause, row->n_pauses, row->feed) &&
                      ent_record_causes_are_spans(c, row->first_cause, row->n_causes) &&
                      ent_record_uses_are_of(c, row->first_cause, row->n_causes, row->feed) &&
                      ent_record_uses_are_of(c, row->first_excused, row->n_excused, row->feed),
                  "a span is found by another feed's rows") &&
              ent_record_require(
                  c, ent_record_slot_is_valid(c, row->feed, row->excused_when, ENT_CLASS_B, true),
                  "`excused when` is no bool of the feed's row kernel") &&
              ent_record_require(c, ent_record_constant_has_class(c, row->warn, ENT_CLASS_Q, true),
                                 "`warn at` is no ratio") &&
              ent_record_require(c,
                                 row->outcome_feed == -1 ||
                                     (p->feed[row->outcome_feed].kind == 1 &&
                                      p->feed[row->outcome_feed].duty == (int64_t)c->index),
                                 "its outcomes are another duty's") &&
              ent_record_require(c, amount_fits(c, row->credit, false, ENT_CLASS_Q),
                                 "its credit reads what it cannot");
    for (int64_t i = 0; ok && i < row->n_allows; i++) {
        ok = check_allow(c, row, &p->allow[row->first_allow + i]);
    }
    return ok;
}

/* --- objectives --- */

static bool needs_value(int64_t kind)
{
    return kind == ENT_AGG_SUM || kind == ENT_AGG_AVERAGE || kind == ENT_AGG_MINIMUM ||
           kind == ENT_AGG_MAXIMUM || kind == ENT_AGG_MEDIAN || kind == ENT_AGG_PERCENTILE ||
           kind == ENT_AGG_FIRST || kind == ENT_AGG_LAST;
}

static bool needs_span(int64_t kind)
{
    return kind == ENT_AGG_LONGEST || kind == ENT_AGG_TIME_IN || kind == ENT_AGG_TIME_OUTSIDE;
}

/* The class in which a fold's figure reaches the measure's kernel.  An average of whole numbers may
 * be given as an exact ratio. */
static bool figure_has_class(const ent_fold_row *row, int64_t cls)
{
    switch (row->kind) {
    case ENT_AGG_SHARE:
    case ENT_AGG_TIME_SHARE:
    case ENT_AGG_TIME_OUTSIDE:
        return cls == ENT_CLASS_Q;
    case ENT_AGG_COUNT:
    case ENT_AGG_LONGEST:
    case ENT_AGG_TIME_IN:
        return cls == ENT_CLASS_I;
    default:
        break;
    }
    int64_t value = (int64_t)ent_type_class((unsigned)row->value_type);
    return cls == value ||
           (row->kind == ENT_AGG_AVERAGE && value == ENT_CLASS_I && cls == ENT_CLASS_Q);
}

static bool check_fold(ent_record *c, const ent_fold_row *row)
{
    bool values = needs_value(row->kind);
    ent_class cls = ent_type_class((unsigned)row->value_type);
    bool ok =
        ent_record_require(c, row->kind != ENT_AGG_NONE, "it computes nothing") &&
        ent_record_require(c, needs_span(row->kind) ? row->span >= 0 : row->feed >= 0,
                           "it has no feed or span to compute from") &&
        ent_record_require(c, ent_record_type_is_valid(c, row->value_type, row->param, !values),
                           "its type is not valid") &&
        ent_record_require(
            c,
            ent_record_slot_is_valid(c, row->feed, row->select, ENT_CLASS_B, true) &&
                ent_record_slot_is_valid(c, row->feed, row->test, ENT_CLASS_B, true) &&
                ent_record_slot_is_valid(c, row->feed, row->absent, ENT_CLASS_B, true) &&
                ent_record_slot_is_valid(c, row->feed, row->sense, ENT_CLASS_B, true),
            "a condition is no bool of the feed's row kernel") &&
        ent_record_require(c,
                           row->service < 0 || (row->feed >= 0 &&
                                                ent_record_field_has_type(
                                                    c, row->feed, row->service, ENT_TYPE_SERVICE)),
                           "its service is no field of that type") &&
        ent_record_require(
            c,
            row->n_causes == 0 ||
                (row->feed >= 0 &&
                 ent_record_causes_are_spans(c, row->first_cause, row->n_causes) &&
                 ent_record_uses_are_of(c, row->first_cause, row->n_causes, row->feed)),
            "its causes are no spans of its feed's rows") &&
        ent_record_require(c, ent_record_slot_is_valid(c, row->feed, row->value, cls, !values),
                           "its value is no slot of its type") &&
        ent_record_require(c, row->n_groups == 0 || row->feed >= 0, "groups without a feed") &&
        ent_record_require(c,
                           row->n_groups == 0 || ent_record_keys_are_valid(
                                                     c, row->feed, row->first_group, row->n_groups),
                           "a group is no field that can be a key") &&
        ent_record_require(c,
                           ent_record_constant_has_class(c, row->percent, ENT_CLASS_Q,
                                                         row->kind != ENT_AGG_PERCENTILE),
                           "its percentile is no ratio");
    if (ok && row->percent >= 0) {
        ent_q percent = c->p->constants[row->percent].v.q;
        ok = ent_record_require(c, percent.num > 0 && percent.num <= percent.den,
                                "its percentile is not in (0, 1]");
    }
    return ok;
}

/* What a measure is compared as: exactly, unless it is a binary64 number. */
static ent_class compared_class(int64_t type)
{
    return type == ENT_TYPE_NUMBER ? ENT_CLASS_F : ENT_CLASS_Q;
}

static bool measure_fits(const ent_record *c, const ent_objective_row *row)
{
    const ent_kernel_row *kernel = &c->p->kernel[row->kernel];
    if (kernel->kind != ENT_KERNEL_DECISION || kernel->n_outputs != 1) {
        return false;
    }
    int64_t cls = c->p->reg[kernel->first_reg + c->p->output[kernel->first_output].reg].cls;
    bool exact = compared_class(row->type) == ENT_CLASS_Q;
    if (exact ? cls != ENT_CLASS_I && cls != ENT_CLASS_Q : cls != ENT_CLASS_F) {
        return false;
    }
    for (int64_t i = 0; i < kernel->n_inputs; i++) {
        const ent_input_row *input = &c->p->input[kernel->first_input + i];
        if (input->kind != ENT_INPUT_FOLD || input->index >= row->n_folds ||
            !figure_has_class(&c->p->fold[row->first_fold + input->index], input->cls)) {
            return false;
        }
    }
    return true;
}

static bool rate_is_positive(const ent_record *c, int64_t constant, ent_class measure)
{
    const ent_constant *value = &c->p->constants[constant];
    if (value->cls != ENT_CLASS_Q && value->cls != (uint8_t)measure) {
        return false;
    }
    return (value->cls == ENT_CLASS_Q && value->v.q.num > 0) ||
           (value->cls == ENT_CLASS_I && value->v.i > 0) ||
           (value->cls == ENT_CLASS_F && value->v.f > 0);
}

static bool check_credit(ent_record *c, const ent_objective_row *row, ent_class measure)
{
    bool ok =
        ent_record_require(c, (row->rate_amount >= 0) == (row->rate_per >= 0),
                           "a rate without its unit") &&
        ent_record_require(c, row->rate_per == -1 || rate_is_positive(c, row->rate_per, measure),
                           "the unit of its rate is not positive") &&
        ent_record_require(c,
                           amount_fits(c, row->rate_amount, true, measure) &&
                               amount_fits(c, row->rate_max, true, measure),
                           "its credit reads what it cannot") &&
        ent_record_require(c, ent_record_constant_has_class(c, row->earn_back, ENT_CLASS_Q, true),
                           "what is earned back is no ratio");
    for (int64_t i = 0; ok && i < row->n_steps; i++) {
        const ent_step_row *step = &c->p->step[row->first_step + i];
        ok = ent_record_require(c,
                                ent_record_constant_has_class(c, step->bound, measure,
                                                              step->compare == ENT_CMP_OTHERWISE),
                                "a step's bound is not of the measure's class") &&
             ent_record_require(c, amount_fits(c, step->amount, true, measure),
                                "its credit reads what it cannot");
    }
    return ok;
}

static bool check_objective(ent_record *c, const ent_objective_row *row)
{
    ent_class measure = compared_class(row->type);
    bool rolling = row->window == ENT_UNIT_ROLLING;
    return ent_record_require(c, ent_record_type_is_valid(c, row->type, row->param, false),
                              "its type is not valid") &&
           ent_record_require(c, measure_fits(c, row),
                              "its kernel does not compute its measure from its folds") &&
           ent_record_require(c, !row->single || row->n_folds == 1,
                              "its measure is not one figure") &&
           ent_record_require(c, row->compare != ENT_CMP_OTHERWISE, "it has no comparison") &&
           ent_record_require(c, ent_record_constant_has_class(c, row->target, measure, false),
                              "its target is not of the measure's class") &&
           ent_record_require(c, row->window != ENT_UNIT_NONE, "it has no window") &&
           ent_record_require(c,
                              rolling
                                  ? row->roll_ns > 0 && (row->every_ns > 0) != (row->every_days > 0)
                                  : row->roll_ns == 0 && row->every_ns == 0 && row->every_days == 0,
                              "its rolling window is not one") &&
           ent_record_require(c, row->every_days <= ENT_RECORD_DAY_MAX,
                              "its rolling window is not one") &&
           ent_record_require(c,
                              ent_record_type_is_valid(c, row->subject_type, row->subject_param,
                                                       row->subject != 1),
                              "its subject's type is not valid") &&
           ent_record_require(c,
                              row->subject != 1 || ent_record_values_are_valid(
                                                       c, row->first_value, row->n_values,
                                                       row->subject_type, row->subject_param),
                              "its subject cannot have a listed value") &&
           ent_record_require(c, ent_record_constant_has_class(c, row->warn, ENT_CLASS_Q, true),
                              "`warn at` is no ratio") &&
           ent_record_require(c,
                              (row->expected_compare != ENT_CMP_OTHERWISE) ==
                                      (row->expected >= 0) &&
                                  ent_record_constant_has_class(c, row->expected, measure, true),
                              "its expected level is not of the measure's class") &&
           ent_record_require(c, !row->earn_expected || row->expected >= 0,
                              "it earns by a level that it does not have") &&
           check_credit(c, row, measure);
}

/* A cap is no clause's: it can know the charge only. */
static bool check_cap(ent_record *c, const ent_cap_row *row)
{
    return ent_record_require(c, amount_fits(c, row->amount, false, ENT_CLASS_Q),
                              "it reads what it cannot") &&
           ent_record_require(c, row->unit != ENT_UNIT_NONE, "it has no window") &&
           ent_record_require(
               c, row->months == 0 || (row->unit == ENT_UNIT_MONTH && row->months <= 1200),
               "it reaches over no months");
}

static bool is_field(const ent_record *c, int64_t feed, int64_t field, int64_t type)
{
    return field < 0 || c->p->field[c->p->feed[feed].first_field + field].type == type;
}

static bool check_claim(ent_record *c, const ent_claim_row *row)
{
    return ent_record_require(c, c->p->feed[row->feed].kind == 0, "its feed has no source") &&
           ent_record_require(c, row->agreement >= 0, "it names no agreement") &&
           ent_record_require(c,
                              is_field(c, row->feed, row->agreement, ENT_TYPE_TEXT) &&
                                  is_field(c, row->feed, row->clause, ENT_TYPE_TEXT) &&
                                  is_field(c, row->feed, row->subject, ENT_TYPE_TEXT),
                              "a name in it is no text") &&
           ent_record_require(c, is_field(c, row->feed, row->about, ENT_TYPE_INSTANT),
                              "what it is about is no instant");
}

/* The terms are postfix: each finds its operands, and one is left. */
static bool check_pool(ent_record *c, const ent_pool_row *row)
{
    int64_t depth = 0;
    bool ok = ent_record_require(c, c->p->agreement[row->agreement].kind == 2,
                                 "it is not under the framework's own agreement") &&
              ent_record_require(c, row->unit != ENT_UNIT_NONE, "it has no window") &&
              ent_record_require(c, row->n_funders > 0, "nobody funds it") &&
              ent_record_require(c, amount_fits(c, row->amount, false, ENT_CLASS_Q),
                                 "its amount reads what it cannot");
    for (int64_t i = 0; ok && i < row->n_terms; i++) {
        const ent_term_row *term = &c->p->term[row->first_term + i];
        bool leaf = term->op == ENT_TERM_MET;
        int64_t needs = leaf ? 0 : term->op == ENT_TERM_NOT ? 1 : 2;
        ok = ent_record_require(c, leaf == (term->n_goals > 0),
                                "a term without objectives, or the reverse") &&
             ent_record_require(c, depth >= needs, "a term lacks an operand");
        depth += 1 - needs;
    }
    return ok && ent_record_require(c, depth == 1, "its terms do not come to one answer");
}

bool ent_verify_clauses(const ent_image *p, ent_load_error *error)
{
    ent_record c = {.p = p, .error = error, .table = "party"};
    if (!ent_record_require(&c, p->n_party <= ENT_LIMIT_PARTIES, "there are too many parties") ||
        !ent_verify_facts(&c)) {
        return false;
    }
    ENT_VERIFY_ALL(&c, cap)
    ENT_VERIFY_ALL(&c, claim)
    ENT_VERIFY_ALL(&c, duty)
    ENT_VERIFY_ALL(&c, fold)
    ENT_VERIFY_ALL(&c, objective)
    ENT_VERIFY_ALL(&c, pool)
    return true;
}
