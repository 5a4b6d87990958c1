/* Verifies what the records of a program ask of each other: types of fields and constants, slots of
 * row kernels, keys, and the inputs of decision kernels.  Every index has been checked by its KIND
 * and every kernel by itself before this runs.
 *
 * Patterns and folds' keys are typed against each other, because a key of one clause is looked up
 * with the key of another.  Patterns are over facts, never over a duty's outcomes, so that no clock
 * can depend on itself.  Tested in tests/unit/test_verifier.c. */
#include <stdlib.h>
#include <string.h>

#include "runtime/bytecode/format.h"
#include "runtime/bytecode/opcodes.h"
#include "runtime/bytecode/verifier.h"
#include "runtime/time/civil.h"

/* An instant is 64-bit nanoseconds: about 292 years around 1970. */
enum { DAY_MAX = 106751 };

static const int64_t day_ns = INT64_C(86400000000000);

typedef struct context {
    const ent_image *p;
    ent_load_error *error;
    const char *table; /* of the record being checked */
    size_t index;
} context;

static bool require(context *c, bool holds, const char *otherwise)
{
    return holds || ent_verify_refuse(c->error, "%s %zu: %s", c->table, c->index, otherwise);
}

static const ent_field_row *field_of(const context *c, int64_t feed, int64_t field)
{
    const ent_feed_row *row = &c->p->feed[feed];
    return field >= 0 && field < row->n_fields ? &c->p->field[row->first_field + field] : NULL;
}

static bool field_has_type(const context *c, int64_t feed, int64_t field, int64_t type)
{
    const ent_field_row *row = field_of(c, feed, field);
    return row != NULL && row->type == type;
}

/* The parameter that a type needs; `none` says whether there may be no type. */
static bool type_is_valid(const context *c, int64_t type, int64_t param, bool none)
{
    switch (type) {
    case ENT_TYPE_NONE:
        return none;
    case ENT_TYPE_ENUM:
        return param >= 0 && (uint64_t)param < c->p->n_enumeration;
    case ENT_TYPE_DECIMAL:
        return param >= 0 && param <= ENT_LIMIT_SCALE;
    case ENT_TYPE_MONEY:
        return param >= 0 && (uint64_t)param < c->p->n_strings &&
               ent_verify_currency(&c->p->strings[param]);
    default:
        return true;
    }
}

static bool value_is_valid(const context *c, int64_t type, int64_t param, int64_t value)
{
    switch (type) {
    case ENT_TYPE_BOOL:
        return value == 0 || value == 1;
    case ENT_TYPE_ENUM:
        return value >= 0 && value < c->p->enumeration[param].n_members;
    case ENT_TYPE_PARTY:
        return value >= 0 && (uint64_t)value < c->p->n_party;
    case ENT_TYPE_SERVICE:
        return value >= 0 && (uint64_t)value < c->p->n_service;
    case ENT_TYPE_CALENDAR:
        return value >= 0 && (uint64_t)value < c->p->n_calendar;
    case ENT_TYPE_TEXT:
        return value >= 0 && (uint64_t)value < c->p->n_strings;
    default:
        return true;
    }
}

static bool values_are_valid(const context *c, int64_t first, int64_t n, int64_t type,
                             int64_t param)
{
    for (int64_t i = 0; i < n; i++) {
        if (!value_is_valid(c, type, param, c->p->value[first + i].value)) {
            return false;
        }
    }
    return true;
}

static bool is_day(int64_t day)
{
    return day >= -DAY_MAX && day <= DAY_MAX;
}

/* A slot: an output of the feed's row kernel, of the class; -1 if that is allowed. */
static bool slot_is_valid(const context *c, int64_t feed, int64_t slot, ent_class cls,
                          bool optional)
{
    if (slot == -1) {
        return optional;
    }
    if (feed < 0 || c->p->feed[feed].row_kernel < 0) {
        return false;
    }
    const ent_kernel_row *kernel = &c->p->kernel[c->p->feed[feed].row_kernel];
    if (slot >= kernel->n_outputs) {
        return false;
    }
    int64_t reg = c->p->output[kernel->first_output + slot].reg;
    return c->p->reg[kernel->first_reg + reg].cls == (int64_t)cls;
}

static bool constant_has_class(const context *c, int64_t constant, ent_class cls, bool optional)
{
    return constant == -1 ? optional : c->p->constants[constant].cls == (uint8_t)cls;
}

static bool text_is_plain(const context *c, int64_t string)
{
    return strlen(c->p->strings[string].p) == c->p->strings[string].len;
}

/* --- agreements and their words --- */

static bool check_agreements(context *c)
{
    const ent_image *p = c->p;
    bool ok = true;
    c->table = "framework";
    c->index = 0;
    ok = require(c, p->n_framework <= 1, "there is more than one framework");
    for (size_t i = 0; ok && i < p->n_framework; i++) {
        const ent_framework_row *row = &p->framework[i];
        c->index = i;
        ok = require(c, row->from_day == ENT_NO_DAY_FROM || is_day(row->from_day),
                     "from_day is no day") &&
             require(c, row->to_day == ENT_NO_DAY_TO || is_day(row->to_day), "to_day is no day") &&
             require(c, text_is_plain(c, row->zone), "the zone's name contains NUL");
    }
    c->table = "agreement";
    for (size_t i = 0; ok && i < p->n_agreement; i++) {
        const ent_agreement_row *row = &p->agreement[i];
        c->index = i;
        ok = require(c, row->from_day == ENT_NO_DAY_FROM || is_day(row->from_day),
                     "from_day is no day") &&
             require(c, row->to_day == ENT_NO_DAY_TO || is_day(row->to_day), "to_day is no day") &&
             require(c, text_is_plain(c, row->zone), "the zone's name contains NUL") &&
             require(c, constant_has_class(c, row->charge, ENT_CLASS_Q, true),
                     "the charge is no amount");
    }
    c->table = "amount";
    for (size_t i = 0; ok && i < p->n_amount; i++) {
        const ent_amount_row *row = &p->amount[i];
        c->index = i;
        bool has_value = row->kind == 1 || row->kind == 2 || row->kind == 4;
        ok = require(c, has_value == (row->value >= 0), "a value belongs to the kinds 1, 2 and 4") &&
             require(c,
                     (row->kind == 4) == (row->of >= 0) &&
                         (row->of < 0 || p->amount[row->of].kind != 4),
                     "a part belongs to the kind 4, and is of no other part") &&
             require(c, constant_has_class(c, row->value, ENT_CLASS_Q, true),
                     "the value is no ratio") &&
             require(c, (row->kind == 3) == (row->kernel >= 0), "a kernel belongs to the kind 3");
        if (ok && row->kind == 3) {
            const ent_kernel_row *kernel = &p->kernel[row->kernel];
            ok = require(c,
                         kernel->kind == ENT_KERNEL_DECISION && kernel->n_outputs == 1 &&
                             p->reg[kernel->first_reg + p->output[kernel->first_output].reg].cls ==
                                 ENT_CLASS_Q,
                         "its kernel is no decision kernel with one ratio as its output");
        }
    }
    c->table = "timefmt";
    for (size_t i = 0; ok && i < p->n_timefmt; i++) {
        c->index = i;
        ok = require(c,
                     text_is_plain(c, p->timefmt[i].format) && text_is_plain(c, p->timefmt[i].zone),
                     "a text contains NUL") &&
             require(c, ent_civil_format_valid(p->strings[p->timefmt[i].format].p, NULL),
                     "the format has an unknown directive");
    }
    return ok;
}

/* No service depends on itself, however indirectly: services are taken away while nothing depends
 * on them (Kahn's algorithm). */
static bool check_dependencies(context *c)
{
    const ent_image *p = c->p;
    size_t n = p->n_service;
    size_t *needed_by = calloc(n + 1, sizeof *needed_by);
    size_t *queue = calloc(n + 1, sizeof *queue);
    size_t n_queue = 0;
    c->table = "service";
    c->index = 0;
    if (needed_by == NULL || queue == NULL) {
        free(needed_by);
        free(queue);
        return ent_verify_refuse(c->error, "out of memory");
    }
    for (size_t s = 0; s < n; s++) {
        for (int64_t d = 0; d < p->service[s].n_dependencies; d++) {
            needed_by[p->dependency[p->service[s].first_dependency + d].service]++;
        }
    }
    for (size_t s = 0; s < n; s++) {
        if (needed_by[s] == 0) {
            queue[n_queue++] = s;
        }
    }
    for (size_t at = 0; at < n_queue; at++) {
        const ent_service_row *row = &p->service[queue[at]];
        for (int64_t d = 0; d < row->n_dependencies; d++) {
            size_t on = (size_t)p->dependency[row->first_dependency + d].service;
            if (--needed_by[on] == 0) {
                queue[n_queue++] = on;
            }
        }
    }
    free(needed_by);
    free(queue);
    return require(c, n_queue == n, "services depend on each other in a circle");
}

static bool check_calendars(context *c)
{
    const ent_image *p = c->p;
    bool ok = true;
    c->table = "calendar";
    for (size_t i = 0; ok && i < p->n_calendar; i++) {
        c->index = i;
        ok = require(c, text_is_plain(c, p->calendar[i].zone), "the zone's name contains NUL");
    }
    c->table = "rule";
    for (size_t i = 0; ok && i < p->n_rule; i++) {
        c->index = i;
        ok = require(c, p->rule[i].open_ns <= day_ns && p->rule[i].close_ns <= day_ns,
                     "a time of day is later than 24:00");
    }
    c->table = "closed";
    for (size_t i = 0; ok && i < p->n_closed; i++) {
        c->index = i;
        ok = require(c, is_day(p->closed[i].day), "the day is none that an instant can be in");
    }
    return ok;
}

/* --- feeds and binds --- */

/* The columns of a duty's outcomes: what the runtime makes, or a field of the trigger's feed. */
static bool outcome_field_fits(const context *c, const ent_feed_row *feed,
                               const ent_field_row *field)
{
    static const struct {
        const char *name;
        int64_t type;
    } made[] = {{"at", ENT_TYPE_INSTANT},       {"due", ENT_TYPE_INSTANT},
                {"done", ENT_TYPE_INSTANT},     {"elapsed", ENT_TYPE_DURATION},
                {"allowed", ENT_TYPE_DURATION}, {"met", ENT_TYPE_BOOL},
                {"excused", ENT_TYPE_BOOL}};
    const char *name = c->p->strings[field->name].p;
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        if (strcmp(name, made[i].name) == 0 && field->type == made[i].type) {
            return true;
        }
    }
    const ent_feed_row *from = &c->p->feed[c->p->duty[feed->duty].feed];
    for (int64_t i = 0; i < from->n_fields; i++) {
        const ent_field_row *source = &c->p->field[from->first_field + i];
        if (strcmp(c->p->strings[source->name].p, name) == 0 && source->type == field->type &&
            source->param == field->param) {
            return true;
        }
    }
    return false;
}

static bool keys_are_valid(const context *c, int64_t feed, int64_t first, int64_t n)
{
    for (int64_t i = 0; n <= ENT_LIMIT_KEYS && i < n; i++) {
        const ent_field_row *field = field_of(c, feed, c->p->keyfield[first + i].field);
        if (field == NULL || ent_type_class((unsigned)field->type) == ENT_CLASS_Q) {
            return false;
        }
    }
    return n <= ENT_LIMIT_KEYS;
}

/* Fields of facts that are not used are not decoded: nothing may read them. */
static bool kernel_reads_decoded(const context *c, const ent_feed_row *row)
{
    if (row->kind != 0 || row->row_kernel < 0) {
        return true;
    }
    const ent_kernel_row *kernel = &c->p->kernel[row->row_kernel];
    for (int64_t i = 0; i < kernel->n_inputs; i++) {
        int64_t field = c->p->input[kernel->first_input + i].index;
        if (field != row->at && !c->p->field[row->first_field + field].used) {
            return false;
        }
    }
    return true;
}

static bool check_feed(context *c, const ent_feed_row *row)
{
    const ent_image *p = c->p;
    int64_t feed = (int64_t)c->index;
    bool ok =
        require(c, row->n_fields <= ENT_LIMIT_FEED_FIELDS, "it has more than 4096 fields") &&
        require(c, field_has_type(c, feed, row->at, ENT_TYPE_INSTANT), "`at` is no instant") &&
        require(c, row->event == -1 || field_has_type(c, feed, row->event, ENT_TYPE_ENUM),
                "`event` is no enumeration") &&
        require(c, row->holder == -1 || field_has_type(c, feed, row->holder, ENT_TYPE_PARTY),
                "`holder` is no party") &&
        require(c, row->recorded == -1 || field_has_type(c, feed, row->recorded, ENT_TYPE_INSTANT),
                "`recorded` is no instant") &&
        require(c, keys_are_valid(c, feed, row->first_key, row->n_keys),
                "a key is no field that can be a key") &&
        require(c,
                row->row_kernel == -1 || (p->kernel[row->row_kernel].kind == ENT_KERNEL_ROW &&
                                          p->kernel[row->row_kernel].feed == feed),
                "its row kernel is another's") &&
        require(c, kernel_reads_decoded(c, row),
                "its row kernel reads a field that is not used") &&
        require(c, row->bind == -1 || (row->kind == 0 && p->bind[row->bind].feed == feed),
                "its bind is another's") &&
        require(c, (row->kind == 1) == (row->duty >= 0),
                "outcomes belong to a duty, facts do not") &&
        require(c, row->kind == 0 || p->duty[row->duty].outcome_feed == feed,
                "the duty has other outcomes");
    for (int64_t i = 0; ok && i < row->n_fields; i++) {
        const ent_field_row *field = &p->field[row->first_field + i];
        ok = require(c, type_is_valid(c, field->type, field->param, false),
                     "a field has no valid type") &&
             require(c, row->kind == 0 || outcome_field_fits(c, row, field),
                     "an outcome has a field that nothing fills");
    }
    return ok;
}

static bool check_bind(context *c, const ent_bind_row *row)
{
    const ent_image *p = c->p;
    const ent_feed_row *feed = &p->feed[row->feed];
    bool ok = require(c, row->separator <= 255, "the separator is no byte");
    for (int64_t i = 0; ok && i < row->n_columns; i++) {
        ok = require(c, p->column[row->first_column + i].field < feed->n_fields,
                     "a column feeds no field of the feed");
    }
    if (!ok || row->kernel == -1) {
        return ok && require(c, row->n_bounds == 0, "a field is bound without a kernel");
    }
    const ent_kernel_row *kernel = &p->kernel[row->kernel];
    ok = require(c, kernel->kind == ENT_KERNEL_BIND && kernel->feed == row->feed,
                 "its kernel is another's");
    for (int64_t i = 0; ok && i < kernel->n_inputs; i++) {
        int64_t column = p->input[kernel->first_input + i].index;
        ok =
            require(c, column < row->n_columns && p->column[row->first_column + column].field == -1,
                    "its kernel reads a column that is not read as a text");
    }
    for (int64_t i = 0; ok && i < row->n_bounds; i++) {
        const ent_bound_row *bound = &p->bound[row->first_bound + i];
        const ent_field_row *field = field_of(c, row->feed, bound->field);
        ok = require(
            c,
            field != NULL && bound->output < kernel->n_outputs &&
                p->reg[kernel->first_reg + p->output[kernel->first_output + bound->output].reg]
                        .cls == (int64_t)ent_type_class((unsigned)field->type),
            "a bound output does not fit its field");
    }
    return ok;
}

/* --- patterns and spans --- */

/* Whether the key fields of two feeds have the same types, one by one. */
static bool same_keys(const context *c, int64_t feed_a, int64_t first_a, int64_t feed_b,
                      int64_t first_b, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const ent_field_row *a = field_of(c, feed_a, c->p->keyfield[first_a + i].field);
        const ent_field_row *b = field_of(c, feed_b, c->p->keyfield[first_b + i].field);
        if (a == NULL || b == NULL || a->type != b->type ||
            (a->type == ENT_TYPE_DECIMAL && a->param != b->param)) {
            return false;
        }
    }
    return true;
}

static bool check_alt(context *c, const ent_alt_row *row)
{
    return require(c, c->p->feed[row->feed].kind == 0, "a pattern is of facts, not of outcomes") &&
           require(c, slot_is_valid(c, row->feed, row->test, ENT_CLASS_B, true),
                   "the test is no bool of its feed's row kernel") &&
           require(c, keys_are_valid(c, row->feed, row->first_key, row->n_keys),
                   "a key is no field that can be a key");
}

/* Every alternative of the pattern has n keys of the types of the alternative `like`. */
static bool pattern_has_keys(const context *c, int64_t pattern, const ent_alt_row *like, int64_t n)
{
    const ent_pattern_row *row = &c->p->pattern[pattern];
    for (int64_t i = 0; i < row->n_alts; i++) {
        const ent_alt_row *alt = &c->p->alt[row->first_alt + i];
        if (alt->n_keys != n ||
            !same_keys(c, alt->feed, alt->first_key, like->feed, like->first_key, n)) {
            return false;
        }
    }
    return true;
}

static bool check_pattern(context *c, const ent_pattern_row *row)
{
    return require(c, row->n_alts <= ENT_LIMIT_PATTERN_ALTS, "it has more than 1024 alternatives");
}

static bool check_span(context *c, const ent_span_row *row)
{
    const ent_pattern_row *from = &c->p->pattern[row->from];
    if (!require(c, from->n_alts > 0, "it begins with no event")) {
        return false;
    }
    const ent_alt_row *like = &c->p->alt[from->first_alt];
    return require(c,
                   pattern_has_keys(c, row->from, like, row->n_keys) &&
                       pattern_has_keys(c, row->to, like, row->n_keys),
                   "its events do not have the same keys");
}

static bool check_spanuse(context *c, const ent_spanuse_row *row)
{
    if (!require(c, (row->calendar >= 0) != (row->span >= 0),
                 "it is not one of a calendar and a span")) {
        return false;
    }
    if (row->span < 0) {
        return require(c, row->n_keys == 0, "a calendar has no keys");
    }
    if (row->feed < 0) {
        /* for a figure of time that is about no key: the union over all of them */
        return require(c, row->n_keys == 0, "keys without a feed");
    }
    const ent_span_row *span = &c->p->span[row->span];
    const ent_alt_row *like = &c->p->alt[c->p->pattern[span->from].first_alt];
    return require(c, row->n_keys == span->n_keys, "it does not have its span's keys") &&
           require(c, row->n_keys == 0 || row->feed >= 0, "keys without a feed") &&
           require(c,
                   row->n_keys == 0 || same_keys(c, row->feed, row->first_key, like->feed,
                                                 like->first_key, row->n_keys),
                   "its keys do not have the types of its span's");
}

/* Uses whose keys are read from rows of `feed`. */
static bool uses_are_of(const context *c, int64_t first, int64_t n, int64_t feed)
{
    for (int64_t i = 0; i < n; i++) {
        const ent_spanuse_row *row = &c->p->spanuse[first + i];
        if (row->n_keys > 0 && row->feed != feed) {
            return false;
        }
    }
    return true;
}

/* Uses of spans that say whose time it is. */
static bool causes_are_spans(const context *c, int64_t first, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const ent_spanuse_row *row = &c->p->spanuse[first + i];
        if (row->span < 0 || c->p->span[row->span].cause < 0) {
            return false;
        }
    }
    return true;
}

/* --- duties --- */

/* A kernel of an amount: what it may read, and with which class it gets the measure. */
static bool amount_fits(const context *c, int64_t amount, bool has_measure, ent_class measure)
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

static bool check_allow(context *c, const ent_duty_row *duty, const ent_allow_row *row)
{
    const ent_field_row *field = field_of(c, duty->feed, duty->allow_field);
    return require(c, (row->ns >= 0) != (row->slot >= 0),
                   "an allowance is not one of a time and a slot") &&
           require(c, slot_is_valid(c, duty->feed, row->slot, ENT_CLASS_I, true),
                   "an allowance is no duration of the feed's row kernel") &&
           require(c, row->n_values == 0 || field != NULL,
                   "an allowance by a field that is not named") &&
           require(c,
                   row->n_values == 0 || values_are_valid(c, row->first_value, row->n_values,
                                                          field->type, field->param),
                   "an allowance is for a value that the field cannot have") &&
           require(c, row->use == -1 || uses_are_of(c, row->use, 1, duty->feed),
                   "an allowance finds its span by another feed's rows");
}

static bool check_duty_patterns(context *c, const ent_duty_row *row)
{
    const ent_pattern_row *trigger = &c->p->pattern[row->trigger];
    const int64_t others[] = {row->trigger, row->discharge, row->void_when,
                              row->undo,    row->until,     row->counting};
    if (!require(c, trigger->n_alts > 0, "nothing triggers it")) {
        return false;
    }
    const ent_alt_row *like = &c->p->alt[trigger->first_alt];
    for (int64_t i = 0; i < trigger->n_alts; i++) {
        if (!require(c, c->p->alt[trigger->first_alt + i].feed == row->feed,
                     "it is triggered by another feed than its own")) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (!require(c, others[i] == -1 || pattern_has_keys(c, others[i], like, like->n_keys),
                     "its events do not have the same keys")) {
            return false;
        }
    }
    return require(c, (row->undo_mode == ENT_UNDO_NONE) == (row->undo == -1),
                   "a way to undo without an event, or the reverse") &&
           require(c, (row->undo_mode == ENT_UNDO_RESUME) == (row->until >= 0),
                   "only `resume` has an `until`");
}

static bool check_duty(context *c, const ent_duty_row *row)
{
    const ent_image *p = c->p;
    bool ok =
        check_duty_patterns(c, row) &&
        require(c, row->allow_field == -1 || field_of(c, row->feed, row->allow_field) != NULL,
                "the field of its allowances is none of its feed") &&
        require(c, !row->following || row->allow_field >= 0,
                "it follows a field that it does not name") &&
        require(c, row->n_allows > 0, "it has no allowance") &&
        require(c,
                uses_are_of(c, row->first_pause, row->n_pauses, row->feed) &&
                    causes_are_spans(c, row->first_cause, row->n_causes) &&
                    uses_are_of(c, row->first_cause, row->n_causes, row->feed) &&
                    uses_are_of(c, row->first_excused, row->n_excused, row->feed),
                "a span is found by another feed's rows") &&
        require(c, slot_is_valid(c, row->feed, row->excused_when, ENT_CLASS_B, true),
                "`excused when` is no bool of the feed's row kernel") &&
        require(c, constant_has_class(c, row->warn, ENT_CLASS_Q, true), "`warn at` is no ratio") &&
        require(c,
                row->outcome_feed == -1 || (p->feed[row->outcome_feed].kind == 1 &&
                                            p->feed[row->outcome_feed].duty == (int64_t)c->index),
                "its outcomes are another duty's") &&
        require(c, amount_fits(c, row->credit, false, ENT_CLASS_Q),
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

static bool check_fold(context *c, const ent_fold_row *row)
{
    bool values = needs_value(row->kind);
    ent_class cls = ent_type_class((unsigned)row->value_type);
    bool ok =
        require(c, row->kind != ENT_AGG_NONE, "it computes nothing") &&
        require(c, needs_span(row->kind) ? row->span >= 0 : row->feed >= 0,
                "it has no feed or span to compute from") &&
        require(c, type_is_valid(c, row->value_type, row->param, !values),
                "its type is not valid") &&
        require(c,
                slot_is_valid(c, row->feed, row->select, ENT_CLASS_B, true) &&
                    slot_is_valid(c, row->feed, row->test, ENT_CLASS_B, true) &&
                    slot_is_valid(c, row->feed, row->absent, ENT_CLASS_B, true) &&
                    slot_is_valid(c, row->feed, row->sense, ENT_CLASS_B, true),
                "a condition is no bool of the feed's row kernel") &&
        require(c,
                row->service < 0 ||
                    (row->feed >= 0 && field_has_type(c, row->feed, row->service, ENT_TYPE_SERVICE)),
                "its service is no field of that type") &&
        require(c,
                row->n_causes == 0 ||
                    (row->feed >= 0 && causes_are_spans(c, row->first_cause, row->n_causes) &&
                     uses_are_of(c, row->first_cause, row->n_causes, row->feed)),
                "its causes are no spans of its feed's rows") &&
        require(c, slot_is_valid(c, row->feed, row->value, cls, !values),
                "its value is no slot of its type") &&
        require(c, row->n_groups == 0 || row->feed >= 0, "groups without a feed") &&
        require(c,
                row->n_groups == 0 || keys_are_valid(c, row->feed, row->first_group, row->n_groups),
                "a group is no field that can be a key") &&
        require(c,
                constant_has_class(c, row->percent, ENT_CLASS_Q, row->kind != ENT_AGG_PERCENTILE),
                "its percentile is no ratio");
    if (ok && row->percent >= 0) {
        ent_q percent = c->p->constants[row->percent].v.q;
        ok = require(c, percent.num > 0 && percent.num <= percent.den,
                     "its percentile is not in (0, 1]");
    }
    return ok;
}

/* What a measure is compared as: exactly, unless it is a binary64 number. */
static ent_class compared_class(int64_t type)
{
    return type == ENT_TYPE_NUMBER ? ENT_CLASS_F : ENT_CLASS_Q;
}

static bool measure_fits(const context *c, const ent_objective_row *row)
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

static bool rate_is_positive(const context *c, int64_t constant, ent_class measure)
{
    const ent_constant *value = &c->p->constants[constant];
    if (value->cls != ENT_CLASS_Q && value->cls != (uint8_t)measure) {
        return false;
    }
    return (value->cls == ENT_CLASS_Q && value->v.q.num > 0) ||
           (value->cls == ENT_CLASS_I && value->v.i > 0) ||
           (value->cls == ENT_CLASS_F && value->v.f > 0);
}

static bool check_credit(context *c, const ent_objective_row *row, ent_class measure)
{
    bool ok =
        require(c, (row->rate_amount >= 0) == (row->rate_per >= 0), "a rate without its unit") &&
        require(c, row->rate_per == -1 || rate_is_positive(c, row->rate_per, measure),
                "the unit of its rate is not positive") &&
        require(c,
                amount_fits(c, row->rate_amount, true, measure) &&
                    amount_fits(c, row->rate_max, true, measure),
                "its credit reads what it cannot") &&
        require(c, constant_has_class(c, row->earn_back, ENT_CLASS_Q, true),
                "what is earned back is no ratio");
    for (int64_t i = 0; ok && i < row->n_steps; i++) {
        const ent_step_row *step = &c->p->step[row->first_step + i];
        ok = require(
                 c, constant_has_class(c, step->bound, measure, step->compare == ENT_CMP_OTHERWISE),
                 "a step's bound is not of the measure's class") &&
             require(c, amount_fits(c, step->amount, true, measure),
                     "its credit reads what it cannot");
    }
    return ok;
}

static bool check_objective(context *c, const ent_objective_row *row)
{
    ent_class measure = compared_class(row->type);
    bool rolling = row->window == ENT_UNIT_ROLLING;
    return require(c, type_is_valid(c, row->type, row->param, false), "its type is not valid") &&
           require(c, measure_fits(c, row),
                   "its kernel does not compute its measure from its folds") &&
           require(c, !row->single || row->n_folds == 1, "its measure is not one figure") &&
           require(c, row->compare != ENT_CMP_OTHERWISE, "it has no comparison") &&
           require(c, constant_has_class(c, row->target, measure, false),
                   "its target is not of the measure's class") &&
           require(c, row->window != ENT_UNIT_NONE, "it has no window") &&
           require(c,
                   rolling ? row->roll_ns > 0 && (row->every_ns > 0) != (row->every_days > 0)
                           : row->roll_ns == 0 && row->every_ns == 0 && row->every_days == 0,
                   "its rolling window is not one") &&
           require(c, row->every_days <= DAY_MAX, "its rolling window is not one") &&
           require(c, type_is_valid(c, row->subject_type, row->subject_param, row->subject != 1),
                   "its subject's type is not valid") &&
           require(c,
                   row->subject != 1 || values_are_valid(c, row->first_value, row->n_values,
                                                         row->subject_type, row->subject_param),
                   "its subject cannot have a listed value") &&
           require(c, constant_has_class(c, row->warn, ENT_CLASS_Q, true),
                   "`warn at` is no ratio") &&
           require(c,
                   (row->expected_compare != ENT_CMP_OTHERWISE) == (row->expected >= 0) &&
                       constant_has_class(c, row->expected, measure, true),
                   "its expected level is not of the measure's class") &&
           require(c, !row->earn_expected || row->expected >= 0,
                   "it earns by a level that it does not have") &&
           check_credit(c, row, measure);
}

/* A cap is no clause's: it can know the charge only. */
static bool check_cap(context *c, const ent_cap_row *row)
{
    return require(c, amount_fits(c, row->amount, false, ENT_CLASS_Q), "it reads what it cannot") &&
           require(c, row->unit != ENT_UNIT_NONE, "it has no window") &&
           require(c, row->months == 0 || (row->unit == ENT_UNIT_MONTH && row->months <= 1200),
                   "it reaches over no months");
}

static bool is_field(const context *c, int64_t feed, int64_t field, int64_t type)
{
    return field < 0 || c->p->field[c->p->feed[feed].first_field + field].type == type;
}

static bool check_claim(context *c, const ent_claim_row *row)
{
    return require(c, c->p->feed[row->feed].kind == 0, "its feed has no source") &&
           require(c, row->agreement >= 0, "it names no agreement") &&
           require(c, is_field(c, row->feed, row->agreement, ENT_TYPE_TEXT) &&
                          is_field(c, row->feed, row->clause, ENT_TYPE_TEXT) &&
                          is_field(c, row->feed, row->subject, ENT_TYPE_TEXT),
                   "a name in it is no text") &&
           require(c, is_field(c, row->feed, row->about, ENT_TYPE_INSTANT),
                   "what it is about is no instant");
}

/* The terms are postfix: each finds its operands, and one is left. */
static bool check_pool(context *c, const ent_pool_row *row)
{
    int64_t depth = 0;
    bool ok = require(c, c->p->agreement[row->agreement].kind == 2,
                      "it is not under the framework's own agreement") &&
              require(c, row->unit != ENT_UNIT_NONE, "it has no window") &&
              require(c, row->n_funders > 0, "nobody funds it") &&
              require(c, amount_fits(c, row->amount, false, ENT_CLASS_Q),
                      "its amount reads what it cannot");
    for (int64_t i = 0; ok && i < row->n_terms; i++) {
        const ent_term_row *term = &c->p->term[row->first_term + i];
        bool leaf = term->op == ENT_TERM_MET;
        int64_t needs = leaf ? 0 : term->op == ENT_TERM_NOT ? 1 : 2;
        ok = require(c, leaf == (term->n_goals > 0), "a term without objectives, or the reverse") &&
             require(c, depth >= needs, "a term lacks an operand");
        depth += 1 - needs;
    }
    return ok && require(c, depth == 1, "its terms do not come to one answer");
}

bool ent_verify_clauses(const ent_image *p, ent_load_error *error)
{
    context c = {.p = p, .error = error, .table = "party"};
    if (!require(&c, p->n_party <= ENT_LIMIT_PARTIES, "there are too many parties")) {
        return false;
    }
    if (!check_agreements(&c) || !check_dependencies(&c) || !check_calendars(&c)) {
        return false;
    }
#define CHECK_ALL(name)                                                                            \
    for (size_t i = 0; i < p->n_##name; i++) {                                                     \
        c.table = #name;                                                                           \
        c.index = i;                                                                               \
        if (!check_##name(&c, &p->name[i])) {                                                      \
            return false;                                                                          \
        }                                                                                          \
    }
    CHECK_ALL(cap)
    CHECK_ALL(claim)
    CHECK_ALL(feed)
    CHECK_ALL(bind)
    CHECK_ALL(alt)
    CHECK_ALL(pattern)
    CHECK_ALL(span)
    CHECK_ALL(spanuse)
    CHECK_ALL(duty)
    CHECK_ALL(fold)
    CHECK_ALL(objective)
    CHECK_ALL(pool)
#undef CHECK_ALL
    return true;
}
