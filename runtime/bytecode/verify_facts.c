/* Verifies the records that clauses stand on: agreements and their words, calendars, feeds and
 * binds, patterns and spans.  See verify_clauses.c.  Tested in tests/unit/test_verifier.c. */
#include <stdlib.h>
#include <string.h>

#include "runtime/bytecode/verify_record.h"
#include "runtime/time/civil.h"

static const int64_t day_ns = INT64_C(86400000000000);

bool ent_record_require(ent_record *c, bool holds, const char *otherwise)
{
    return holds || ent_verify_refuse(c->error, "%s %zu: %s", c->table, c->index, otherwise);
}

const ent_field_row *ent_record_field_of(const ent_record *c, int64_t feed, int64_t field)
{
    const ent_feed_row *row = &c->p->feed[feed];
    return field >= 0 && field < row->n_fields ? &c->p->field[row->first_field + field] : NULL;
}

bool ent_record_field_has_type(const ent_record *c, int64_t feed, int64_t field, int64_t type)
{
    const ent_field_row *row = ent_record_field_of(c, feed, field);
    return row != NULL && row->type == type;
}

/* The parameter that a type needs; `none` says whether there may be no type. */
bool ent_record_type_is_valid(const ent_record *c, int64_t type, int64_t param, bool none)
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

static bool value_is_valid(const ent_record *c, int64_t type, int64_t param, int64_t value)
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

bool ent_record_values_are_valid(const ent_record *c, int64_t first, int64_t n, int64_t type,
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
    return day >= -ENT_RECORD_DAY_MAX && day <= ENT_RECORD_DAY_MAX;
}

/* A slot: an output of the feed's row kernel, of the class; -1 if that is allowed. */
bool ent_record_slot_is_valid(const ent_record *c, int64_t feed, int64_t slot, ent_class cls,
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

bool ent_record_constant_has_class(const ent_record *c, int64_t constant, ent_class cls,
                                   bool optional)
{
    return constant == -1 ? optional : c->p->constants[constant].cls == (uint8_t)cls;
}

static bool text_is_plain(const ent_record *c, int64_t string)
{
    return strlen(c->p->strings[string].p) == c->p->strings[string].len;
}

/* --- agreements and their words --- */

static bool check_agreements(ent_record *c)
{
    const ent_image *p = c->p;
    bool ok = true;
    c->table = "framework";
    c->index = 0;
    ok = ent_record_require(c, p->n_framework <= 1, "there is more than one framework");
    for (size_t i = 0; ok && i < p->n_framework; i++) {
        const ent_framework_row *row = &p->framework[i];
        c->index = i;
        ok = ent_record_require(c, row->from_day == ENT_NO_DAY_FROM || is_day(row->from_day),
                                "from_day is no day") &&
             ent_record_require(c, row->to_day == ENT_NO_DAY_TO || is_day(row->to_day),
                                "to_day is no day") &&
             ent_record_require(c, text_is_plain(c, row->zone), "the zone's name contains NUL");
    }
    c->table = "agreement";
    for (size_t i = 0; ok && i < p->n_agreement; i++) {
        const ent_agreement_row *row = &p->agreement[i];
        c->index = i;
        ok = ent_record_require(c, row->from_day == ENT_NO_DAY_FROM || is_day(row->from_day),
                                "from_day is no day") &&
             ent_record_require(c, row->to_day == ENT_NO_DAY_TO || is_day(row->to_day),
                                "to_day is no day") &&
             ent_record_require(c, text_is_plain(c, row->zone), "the zone's name contains NUL") &&
             ent_record_require(c, ent_record_constant_has_class(c, row->charge, ENT_CLASS_Q, true),
                                "the charge is no amount");
    }
    c->table = "amount";
    for (size_t i = 0; ok && i < p->n_amount; i++) {
        const ent_amount_row *row = &p->amount[i];
        c->index = i;
        bool has_value = row->kind == 1 || row->kind == 2 || row->kind == 4;
        ok = ent_record_require(c, has_value == (row->value >= 0),
                                "a value belongs to the kinds 1, 2 and 4") &&
             ent_record_require(c,
                                (row->kind == 4) == (row->of >= 0) &&
                                    (row->of < 0 || p->amount[row->of].kind != 4),
                                "a part belongs to the kind 4, and is of no other part") &&
             ent_record_require(c, ent_record_constant_has_class(c, row->value, ENT_CLASS_Q, true),
                                "the value is no ratio") &&
             ent_record_require(c, (row->kind == 3) == (row->kernel >= 0),
                                "a kernel belongs to the kind 3");
        if (ok && row->kind == 3) {
            const ent_kernel_row *kernel = &p->kernel[row->kernel];
            ok = ent_record_require(
                c,
                kernel->kind == ENT_KERNEL_DECISION && kernel->n_outputs == 1 &&
                    p->reg[kernel->first_reg + p->output[kernel->first_output].reg].cls ==
                        ENT_CLASS_Q,
                "its kernel is no decision kernel with one ratio as its output");
        }
    }
    c->table = "timefmt";
    for (size_t i = 0; ok && i < p->n_timefmt; i++) {
        c->index = i;
        ok = ent_record_require(
                 c, text_is_plain(c, p->timefmt[i].format) && text_is_plain(c, p->timefmt[i].zone),
                 "a text contains NUL") &&
             ent_record_require(c, ent_civil_format_valid(p->strings[p->timefmt[i].format].p, NULL),
                                "the format has an unknown directive");
    }
    return ok;
}

/* No service depends on itself, however indirectly: services are taken away while nothing depends
 * on them (Kahn's algorithm). */
static bool check_dependencies(ent_record *c)
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
    return ent_record_require(c, n_queue == n, "services depend on each other in a circle");
}

static bool check_calendars(ent_record *c)
{
    const ent_image *p = c->p;
    bool ok = true;
    c->table = "calendar";
    for (size_t i = 0; ok && i < p->n_calendar; i++) {
        c->index = i;
        ok = ent_record_require(c, text_is_plain(c, p->calendar[i].zone),
                                "the zone's name contains NUL");
    }
    c->table = "rule";
    for (size_t i = 0; ok && i < p->n_rule; i++) {
        c->index = i;
        ok = ent_record_require(c, p->rule[i].open_ns <= day_ns && p->rule[i].close_ns <= day_ns,
                                "a time of day is later than 24:00");
    }
    c->table = "closed";
    for (size_t i = 0; ok && i < p->n_closed; i++) {
        c->index = i;
        ok = ent_record_require(c, is_day(p->closed[i].day),
                                "the day is none that an instant can be in");
    }
    return ok;
}

/* --- feeds and binds --- */

/* The columns of a duty's outcomes: what the runtime makes, or a field of the trigger's feed. */
static bool outcome_field_fits(const ent_record *c, const ent_feed_row *feed,
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

bool ent_record_keys_are_valid(const ent_record *c, int64_t feed, int64_t first, int64_t n)
{
    for (int64_t i = 0; n <= ENT_LIMIT_KEYS && i < n; i++) {
        const ent_field_row *field = ent_record_field_of(c, feed, c->p->keyfield[first + i].field);
        if (field == NULL || ent_type_class((unsigned)field->type) == ENT_CLASS_Q) {
            return false;
        }
    }
    return n <= ENT_LIMIT_KEYS;
}

/* Fields of facts that are not used are not decoded: nothing may read them. */
static bool kernel_reads_decoded(const ent_record *c, const ent_feed_row *row)
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

static bool check_feed(ent_record *c, const ent_feed_row *row)
{
    const ent_image *p = c->p;
    int64_t feed = (int64_t)c->index;
    bool ok =
        ent_record_require(c, row->n_fields <= ENT_LIMIT_FEED_FIELDS,
                           "it has more than 4096 fields") &&
        ent_record_require(c, ent_record_field_has_type(c, feed, row->at, ENT_TYPE_INSTANT),
                           "`at` is no instant") &&
        ent_record_require(
            c, row->event == -1 || ent_record_field_has_type(c, feed, row->event, ENT_TYPE_ENUM),
            "`event` is no enumeration") &&
        ent_record_require(
            c, row->holder == -1 || ent_record_field_has_type(c, feed, row->holder, ENT_TYPE_PARTY),
            "`holder` is no party") &&
        ent_record_require(c,
                           row->recorded == -1 ||
                               ent_record_field_has_type(c, feed, row->recorded, ENT_TYPE_INSTANT),
                           "`recorded` is no instant") &&
        ent_record_require(c, ent_record_keys_are_valid(c, feed, row->first_key, row->n_keys),
                           "a key is no field that can be a key") &&
        ent_record_require(c,
                           row->row_kernel == -1 ||
                               (p->kernel[row->row_kernel].kind == ENT_KERNEL_ROW &&
                                p->kernel[row->row_kernel].feed == feed),
                           "its row kernel is another's") &&
        ent_record_require(c, kernel_reads_decoded(c, row),
                           "its row kernel reads a field that is not used") &&
        ent_record_require(c,
                           row->bind == -1 || (row->kind == 0 && p->bind[row->bind].feed == feed),
                           "its bind is another's") &&
        ent_record_require(c, (row->kind == 1) == (row->duty >= 0),
                           "outcomes belong to a duty, facts do not") &&
        ent_record_require(c, row->kind == 0 || p->duty[row->duty].outcome_feed == feed,
                           "the duty has other outcomes");
    for (int64_t i = 0; ok && i < row->n_fields; i++) {
        const ent_field_row *field = &p->field[row->first_field + i];
        ok = ent_record_require(c, ent_record_type_is_valid(c, field->type, field->param, false),
                                "a field has no valid type") &&
             ent_record_require(c, row->kind == 0 || outcome_field_fits(c, row, field),
                                "an outcome has a field that nothing fills");
    }
    return ok;
}

static bool check_bind(ent_record *c, const ent_bind_row *row)
{
    const ent_image *p = c->p;
    const ent_feed_row *feed = &p->feed[row->feed];
    bool ok = ent_record_require(c, row->separator <= 255, "the separator is no byte");
    for (int64_t i = 0; ok && i < row->n_columns; i++) {
        ok = ent_record_require(c, p->column[row->first_column + i].field < feed->n_fields,
                                "a column feeds no field of the feed");
    }
    if (!ok || row->kernel == -1) {
        return ok && ent_record_require(c, row->n_bounds == 0, "a field is bound without a kernel");
    }
    const ent_kernel_row *kernel = &p->kernel[row->kernel];
    ok = ent_record_require(c, kernel->kind == ENT_KERNEL_BIND && kernel->feed == row->feed,
                            "its kernel is another's");
    for (int64_t i = 0; ok && i < kernel->n_inputs; i++) {
        int64_t column = p->input[kernel->first_input + i].index;
        ok = ent_record_require(
            c, column < row->n_columns && p->column[row->first_column + column].field == -1,
            "its kernel reads a column that is not read as a text");
    }
    for (int64_t i = 0; ok && i < row->n_bounds; i++) {
        const ent_bound_row *bound = &p->bound[row->first_bound + i];
        const ent_field_row *field = ent_record_field_of(c, row->feed, bound->field);
        ok = ent_record_require(
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
static bool same_keys(const ent_record *c, int64_t feed_a, int64_t first_a, int64_t feed_b,
                      int64_t first_b, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const ent_field_row *a = ent_record_field_of(c, feed_a, c->p->keyfield[first_a + i].field);
        const ent_field_row *b = ent_record_field_of(c, feed_b, c->p->keyfield[first_b + i].field);
        if (a == NULL || b == NULL || a->type != b->type ||
            (a->type == ENT_TYPE_DECIMAL && a->param != b->param)) {
            return false;
        }
    }
    return true;
}

static bool check_alt(ent_record *c, const ent_alt_row *row)
{
    return ent_record_require(c, c->p->feed[row->feed].kind == 0,
                              "a pattern is of facts, not of outcomes") &&
           ent_record_require(c,
                              ent_record_slot_is_valid(c, row->feed, row->test, ENT_CLASS_B, true),
                              "the test is no bool of its feed's row kernel") &&
           ent_record_require(c,
                              ent_record_keys_are_valid(c, row->feed, row->first_key, row->n_keys),
                              "a key is no field that can be a key");
}

/* Every alternative of the pattern has n keys of the types of the alternative `like`. */
bool ent_record_pattern_has_keys(const ent_record *c, int64_t pattern, const ent_alt_row *like,
                                 int64_t n)
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

static bool check_pattern(ent_record *c, const ent_pattern_row *row)
{
    return ent_record_require(c, row->n_alts <= ENT_LIMIT_PATTERN_ALTS,
                              "it has more than 1024 alternatives");
}

static bool check_span(ent_record *c, const ent_span_row *row)
{
    const ent_pattern_row *from = &c->p->pattern[row->from];
    if (!ent_record_require(c, from->n_alts > 0, "it begins with no event")) {
        return false;
    }
    const ent_alt_row *like = &c->p->alt[from->first_alt];
    return ent_record_require(c,
                              ent_record_pattern_has_keys(c, row->from, like, row->n_keys) &&
                                  ent_record_pattern_has_keys(c, row->to, like, row->n_keys),
                              "its events do not have the same keys");
}

static bool check_spanuse(ent_record *c, const ent_spanuse_row *row)
{
    if (!ent_record_require(c, (row->calendar >= 0) != (row->span >= 0),
                            "it is not one of a calendar and a span")) {
        return false;
    }
    if (row->span < 0) {
        return ent_record_require(c, row->n_keys == 0, "a calendar has no keys");
    }
    if (row->feed < 0) {
        /* for a figure of time that is about no key: the union over all of them */
        return ent_record_require(c, row->n_keys == 0, "keys without a feed");
    }
    const ent_span_row *span = &c->p->span[row->span];
    const ent_alt_row *like = &c->p->alt[c->p->pattern[span->from].first_alt];
    return ent_record_require(c, row->n_keys == span->n_keys, "it does not have its span's keys") &&
           ent_record_require(c, row->n_keys == 0 || row->feed >= 0, "keys without a feed") &&
           ent_record_require(c,
                              row->n_keys == 0 ||
                                  same_keys(c, row->feed, row->first_key, like->feed,
                                            like->first_key, row->n_keys),
                              "its keys do not have the types of its span's");
}

/* Uses whose keys are read from rows of `feed`. */
bool ent_record_uses_are_of(const ent_record *c, int64_t first, int64_t n, int64_t feed)
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
bool ent_record_causes_are_spans(const ent_record *c, int64_t first, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const ent_spanuse_row *row = &c->p->spanuse[first + i];
        if (row->span < 0 || c->p->span[row->span].cause < 0) {
            return false;
        }
    }
    return true;
}

bool ent_verify_facts(ent_record *c)
{
    if (!check_agreements(c) || !check_dependencies(c) || !check_calendars(c)) {
        return false;
    }
    ENT_VERIFY_ALL(c, feed)
    ENT_VERIFY_ALL(c, bind)
    ENT_VERIFY_ALL(c, alt)
    ENT_VERIFY_ALL(c, pattern)
    ENT_VERIFY_ALL(c, span)
    ENT_VERIFY_ALL(c, spanuse)
    return true;
}
