/* A small program with a record of every kind, built by hand: what the verifier's and the
 * interpreter's tests change and run. */
#ifndef ENT_TEST_PROGRAM_FIXTURE_H
#define ENT_TEST_PROGRAM_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "compiler/emit/builder.h"
#include "compiler/emit/kernel.h"
#include "runtime/bytecode/opcodes.h"

typedef struct fixture {
    ent_builder *b;
    int64_t place;
    int64_t ticket, outcomes;
    int64_t row_kernel, bind_kernel, measure_kernel, amount_kernel;
    int64_t duty, objective, fold;
    int64_t k_int, k_ratio, k_number;
} fixture;

static inline int64_t fixture_text(fixture *x, const char *text)
{
    return ent_builder_text(x->b, text);
}

static inline void fixture_field(fixture *x, const char *name, int64_t type, int64_t param)
{
    (void)ent_builder_add_field(
        x->b, (ent_field_row){fixture_text(x, name), type, param, 0, 1, x->place});
}

static inline int64_t fixture_finish(ent_kb *kb)
{
    char error[160] = "";
    int64_t kernel = ent_kb_finish(kb, error, sizeof error);
    if (kernel < 0) {
        fprintf(stderr, "fixture: %s\n", error);
        abort();
    }
    return kernel;
}

static inline void fixture_parties(fixture *x)
{
    ent_builder *b = x->b;
    (void)ent_builder_add_alias(b, (ent_alias_row){fixture_text(x, "Group 12")});
    (void)ent_builder_add_party(
        b, (ent_party_row){.name = fixture_text(x, "Acme"), .title = -1, .place = x->place});
    (void)ent_builder_add_party(b, (ent_party_row){.name = fixture_text(x, "HostCo"),
                                                   .title = fixture_text(x, "HostCo Cloud Ltd"),
                                                   .role = 2,
                                                   .first_alias = 0,
                                                   .n_aliases = 1,
                                                   .place = x->place});
    (void)ent_builder_add_dependency(b, (ent_dependency_row){1});
    (void)ent_builder_add_service(b, (ent_service_row){.name = fixture_text(x, "hosting"),
                                                       .title = -1,
                                                       .provider = 1,
                                                       .first_dependency = 0,
                                                       .n_dependencies = 1,
                                                       .place = x->place});
    (void)ent_builder_add_service(
        b, (ent_service_row){
               .name = fixture_text(x, "network"), .title = -1, .provider = 1, .place = x->place});
    (void)ent_builder_add_amount(b, (ent_amount_row){0, -1, -1, 0, fixture_text(x, "none"), -1});
    (void)ent_builder_add_amount(b, (ent_amount_row){1, x->k_ratio, -1, 0, fixture_text(x, "5%"), -1});
    (void)ent_builder_add_cap(b, (ent_cap_row){1, ENT_UNIT_MONTH, 0, 0, x->place});
    (void)ent_builder_add_framework(b, (ent_framework_row){.name = fixture_text(x, "Club"), .performance = -1,
                                                           .title = -1,
                                                           .version = 1,
                                                           .from_day = 20454,
                                                           .to_day = ENT_NO_DAY_TO,
                                                           .zone = fixture_text(x, "UTC"),
                                                           .currency = fixture_text(x, "GBP"),
                                                           .cap = 0,
                                                           .place = x->place});
    (void)ent_builder_add_agreement(b, (ent_agreement_row){.name = fixture_text(x, "HostingSLA"),
                                                           .claims = -1,
                                                           .title = -1,
                                                           .version = 1,
                                                           .supplier = 1,
                                                           .customer = 0,
                                                           .from_day = ENT_NO_DAY_FROM,
                                                           .to_day = 21000,
                                                           .zone = fixture_text(x, "UTC"),
                                                           .currency = fixture_text(x, "GBP"),
                                                           .charge = x->k_ratio,
                                                           .charge_unit = ENT_UNIT_MONTH,
                                                           .n_caps = 1,
                                                           .doc = -1,
                                                           .place = x->place});
    (void)ent_builder_add_rule(
        b, (ent_rule_row){31, INT64_C(32400000000000), INT64_C(63000000000000)});
    (void)ent_builder_add_closed(b, (ent_closed_row){20812, -1});
    (void)ent_builder_add_calendar(b, (ent_calendar_row){.name = fixture_text(x, "office"),
                                                         .zone = fixture_text(x, "UTC"),
                                                         .n_rules = 1,
                                                         .n_closed = 1,
                                                         .place = x->place});
    (void)ent_builder_add_calendar_file(
        b, (ent_calendar_file_row){0, fixture_text(x, "x.ics"), fixture_text(x, "00")});
    (void)ent_builder_add_timefmt(
        b, (ent_timefmt_row){fixture_text(x, "%d/%m/%Y %H:%M"), fixture_text(x, "UTC")});
}

/* Fields of ticket: at id event party paid latency up weight */
static inline void fixture_feeds(fixture *x)
{
    ent_builder *b = x->b;
    (void)ent_builder_add_member(b, (ent_member_row){fixture_text(x, "opened")});
    (void)ent_builder_add_member(b, (ent_member_row){fixture_text(x, "resolved")});
    (void)ent_builder_add_enumeration(b, (ent_enumeration_row){fixture_text(x, "event"), 0, 2});
    x->ticket = 0;
    x->outcomes = 1;
    fixture_field(x, "at", ENT_TYPE_INSTANT, -1);
    fixture_field(x, "id", ENT_TYPE_TEXT, -1);
    fixture_field(x, "event", ENT_TYPE_ENUM, 0);
    fixture_field(x, "party", ENT_TYPE_PARTY, -1);
    fixture_field(x, "paid", ENT_TYPE_MONEY, fixture_text(x, "GBP"));
    fixture_field(x, "latency", ENT_TYPE_DURATION, -1);
    fixture_field(x, "up", ENT_TYPE_BOOL, -1);
    fixture_field(x, "weight", ENT_TYPE_NUMBER, -1);
    int64_t first_outcome = (int64_t)b->field.n;
    fixture_field(x, "at", ENT_TYPE_INSTANT, -1);
    fixture_field(x, "id", ENT_TYPE_TEXT, -1);
    fixture_field(x, "due", ENT_TYPE_INSTANT, -1);
    fixture_field(x, "met", ENT_TYPE_BOOL, -1);
    int64_t key = ent_builder_add_keyfield(b, (ent_keyfield_row){1});
    (void)ent_builder_add_keyfield(b, (ent_keyfield_row){3});
    (void)ent_builder_add_feed(b, (ent_feed_row){.name = fixture_text(x, "ticket"),
                                                 .duty = -1,
                                                 .first_field = 0,
                                                 .n_fields = 8,
                                                 .at = 0,
                                                 .event = 2,
                                                 .holder = 3,
                                                 .recorded = -1,
                                                 .first_key = key,
                                                 .n_keys = 1,
                                                 .row_kernel = -1,
                                                 .bind = 0,
                                                 .used = 1,
                                                 .place = x->place});
    (void)ent_builder_add_feed(b, (ent_feed_row){.name = fixture_text(x, "restore"),
                                                 .kind = 1,
                                                 .duty = 0,
                                                 .first_field = first_outcome,
                                                 .n_fields = 4,
                                                 .at = 0,
                                                 .event = -1,
                                                 .holder = -1,
                                                 .recorded = -1,
                                                 .first_key = key,
                                                 .n_keys = 1,
                                                 .row_kernel = -1,
                                                 .bind = -1,
                                                 .used = 1,
                                                 .place = x->place});
}

/* Outputs of ticket's row kernel: 0 opened, 1 resolved, 2 changed(party), 3 latency + 1, 4 paid, 5
 * weight */
static inline void fixture_kernels(fixture *x)
{
    ent_builder *b = x->b;
    int64_t at = x->place;
    ent_kb *kb = ent_kb_new(b, ENT_KERNEL_ROW, x->ticket, at);
    int32_t event = ent_kb_input(kb, ENT_INPUT_FIELD, 2, ENT_CLASS_I, at);
    for (int64_t member = 0; member < 2; member++) {
        (void)ent_kb_output(
            kb, ent_kb_op(kb, ENT_BC_EQ_I, event, ent_kb_const_i(kb, member, at), -1, 0, at));
    }
    int32_t party = ent_kb_input(kb, ENT_INPUT_FIELD, 3, ENT_CLASS_I, at);
    int32_t before = ent_kb_input(kb, ENT_INPUT_PREVIOUS, 3, ENT_CLASS_I, at);
    (void)ent_kb_output(kb, ent_kb_op(kb, ENT_BC_NE_I, party, before, -1, 0, at));
    int32_t latency = ent_kb_input(kb, ENT_INPUT_FIELD, 5, ENT_CLASS_I, at);
    int32_t up = ent_kb_input(kb, ENT_INPUT_FIELD, 6, ENT_CLASS_B, at);
    int32_t chosen = ent_kb_var(kb, ENT_CLASS_I, at);
    ent_kb_if(kb, up, at);
    ent_kb_move(kb, chosen,
                ent_kb_op(kb, ENT_BC_ADD_I, latency, ent_kb_const_i(kb, 1, at), -1, 0, at), at);
    ent_kb_else(kb, at);
    ent_kb_move(kb, chosen, latency, at);
    ent_kb_end(kb, at);
    (void)ent_kb_output(kb, chosen);
    (void)ent_kb_output(kb, ent_kb_input(kb, ENT_INPUT_FIELD, 4, ENT_CLASS_Q, at));
    (void)ent_kb_output(kb, ent_kb_input(kb, ENT_INPUT_FIELD, 7, ENT_CLASS_F, at));
    x->row_kernel = fixture_finish(kb);
    b->feed.v[x->ticket].row_kernel = x->row_kernel;

    kb = ent_kb_new(b, ENT_KERNEL_ROW, x->outcomes, at);
    (void)ent_kb_output(kb, ent_kb_input(kb, ENT_INPUT_FIELD, 3, ENT_CLASS_B, at));
    b->feed.v[x->outcomes].row_kernel = fixture_finish(kb);

    kb = ent_kb_new(b, ENT_KERNEL_BIND, x->ticket, at);
    int32_t state = ent_kb_input(kb, ENT_INPUT_COLUMN, 0, ENT_CLASS_I, at);
    int32_t closed = ent_kb_const_i(kb, fixture_text(x, "Closed"), at);
    ent_kb_if(kb, ent_kb_op(kb, ENT_BC_EQ_I, state, closed, -1, 0, at), at);
    ent_kb_skip(kb, at);
    ent_kb_else(kb, at);
    ent_kb_if(kb, ent_kb_op(kb, ENT_BC_IS_ABSENT, state, -1, -1, 0, at), at);
    ent_kb_fail(kb, state, fixture_text(x, "a state is needed"), at);
    ent_kb_end(kb, at);
    ent_kb_end(kb, at);
    (void)ent_kb_output(kb, ent_kb_op(kb, ENT_BC_PARSE_ENUM, state, -1, -1, 0, at));
    (void)ent_kb_output(kb, ent_kb_op(kb, ENT_BC_PARSE_TIME, state, -1, -1, 0, at));
    (void)ent_kb_output(
        kb, ent_kb_op(kb, ENT_BC_PARSE_MONEY, state, -1, -1, fixture_text(x, "GBP"), at));
    x->bind_kernel = fixture_finish(kb);
    int64_t column = ent_builder_add_column(b, (ent_column_row){fixture_text(x, "state"), -1, at});
    (void)ent_builder_add_column(b, (ent_column_row){fixture_text(x, "number"), 1, at});
    (void)ent_builder_add_bound(b, (ent_bound_row){0, 2});
    (void)ent_builder_add_bound(b, (ent_bound_row){1, 0});
    (void)ent_builder_add_bound(b, (ent_bound_row){2, 4});
    (void)ent_builder_add_absent_text(b, (ent_absent_text_row){fixture_text(x, "?")});
    (void)ent_builder_add_bind(b, (ent_bind_row){.feed = x->ticket,
                                                 .format = 1,
                                                 .separator = ';',
                                                 .n_absents = 1,
                                                 .kernel = x->bind_kernel,
                                                 .first_column = column,
                                                 .n_columns = 2,
                                                 .n_bounds = 3,
                                                 .place = at});

    kb = ent_kb_new(b, ENT_KERNEL_DECISION, -1, at);
    (void)ent_kb_output(kb, ent_kb_input(kb, ENT_INPUT_FOLD, 0, ENT_CLASS_Q, at));
    x->measure_kernel = fixture_finish(kb);
    kb = ent_kb_new(b, ENT_KERNEL_DECISION, -1, at);
    int32_t charge = ent_kb_input(kb, ENT_INPUT_CHARGE, 0, ENT_CLASS_Q, at);
    int32_t measure = ent_kb_input(kb, ENT_INPUT_MEASURE, 0, ENT_CLASS_Q, at);
    (void)ent_kb_output(kb, ent_kb_op(kb, ENT_BC_MUL_Q, charge, measure, -1, 0, at));
    x->amount_kernel = fixture_finish(kb);
}

static inline void fixture_clauses(fixture *x)
{
    ent_builder *b = x->b;
    int64_t at = x->place;
    for (int64_t test = 0; test < 2; test++) { /* pattern 0: opened, pattern 1: resolved */
        int64_t alt = ent_builder_add_alt(b, (ent_alt_row){x->ticket, test, 0, 1});
        (void)ent_builder_add_pattern(b, (ent_pattern_row){alt, 1, at});
    }
    (void)ent_builder_add_span(b, (ent_span_row){fixture_text(x, "hold"), 0, 1, 1, 0, at});
    (void)ent_builder_add_spanuse(b, (ent_spanuse_row){-1, 0, x->ticket, 0, 1, -1, at});
    (void)ent_builder_add_spanuse(b, (ent_spanuse_row){0, -1, -1, 0, 0, -1, at});
    (void)ent_builder_add_value(b, (ent_value_row){1});
    (void)ent_builder_add_allow(b, (ent_allow_row){0, 1, INT64_C(14400000000000), -1, 1, at});
    (void)ent_builder_add_allow(b, (ent_allow_row){0, 0, -1, 3, -1, at});
    x->duty = ent_builder_add_duty(b, (ent_duty_row){.agreement = 0,
                                                     .name = fixture_text(x, "restore"),
                                                     .title = -1,
                                                     .party = 1,
                                                     .feed = x->ticket,
                                                     .trigger = 0,
                                                     .discharge = 1,
                                                     .void_when = -1,
                                                     .undo_mode = ENT_UNDO_RESTART,
                                                     .undo = 0,
                                                     .until = -1,
                                                     .counting = -1,
                                                     .allow_field = 3,
                                                     .following = 1,
                                                     .first_allow = 0,
                                                     .n_allows = 2,
                                                     .first_pause = 0,
                                                     .n_pauses = 1,
                                                     .excused_when = 2,
                                                     .first_excused = 1,
                                                     .n_excused = 1,
                                                     .warn = x->k_ratio,
                                                     .outcome_feed = x->outcomes,
                                                     .credit = 1,
                                                     .doc = -1,
                                                     .place = at});
    x->fold = ent_builder_add_fold(b, (ent_fold_row){.kind = ENT_AGG_SHARE,
                                                     .feed = x->outcomes,
                                                     .select = -1,
                                                     .test = 0,
                                                     .value = -1,
                                                     .absent = -1,
                                                     .sense = -1,
                                                     .service = -1,
                                                     .percent = -1,
                                                     .stale_ns = -1,
                                                     .span = -1,
                                                     .param = -1,
                                                     .place = at});
    (void)ent_builder_add_fold(b, (ent_fold_row){.kind = ENT_AGG_PERCENTILE,
                                                 .feed = x->ticket,
                                                 .select = 0,
                                                 .test = -1,
                                                 .value = 3,
                                                 .absent = 2,
                                                 .sense = -1,
                                                 .service = -1,
                                                 .first_group = 1,
                                                 .n_groups = 1,
                                                 .percent = x->k_ratio,
                                                 .stale_ns = -1,
                                                 .span = -1,
                                                 .value_type = ENT_TYPE_DURATION,
                                                 .param = -1,
                                                 .place = at});
    (void)ent_builder_add_amount(
        b, (ent_amount_row){3, -1, x->amount_kernel, 0, fixture_text(x, "f"), -1});
    (void)ent_builder_add_step(b, (ent_step_row){ENT_CMP_AT_LEAST, x->k_ratio, 0, at});
    (void)ent_builder_add_step(b, (ent_step_row){ENT_CMP_OTHERWISE, -1, 2, at});
    x->objective =
        ent_builder_add_objective(b, (ent_objective_row){.agreement = 0,
                                                         .name = fixture_text(x, "in_time"),
                                                         .title = -1,
                                                         .kernel = x->measure_kernel,
                                                         .first_fold = x->fold,
                                                         .n_folds = 1,
                                                         .type = ENT_TYPE_RATIO,
                                                         .param = -1,
                                                         .subject = 1,
                                                         .subject_field = fixture_text(x, "party"),
                                                         .subject_type = ENT_TYPE_PARTY,
                                                         .subject_param = -1,
                                                         .first_value = 0,
                                                         .n_values = 1,
                                                         .compare = ENT_CMP_AT_LEAST,
                                                         .target = x->k_ratio,
                                                         .target_text = fixture_text(x, "95%"),
                                                         .window = ENT_UNIT_ROLLING,
                                                         .roll_ns = 1000,
                                                         .every_days = 1,
                                                         .first_excluding = 1,
                                                         .n_excluding = 1,
                                                         .first_step = 0,
                                                         .n_steps = 2,
                                                         .rate_amount = 1,
                                                         .rate_per = x->k_ratio,
                                                         .rate_max = -1,
                                                         .earn_back = x->k_ratio,
                                                         .warn = x->k_ratio,
                                                         .measured_by = 1,
                                                         .expected_compare = ENT_CMP_AT_LEAST,
                                                         .expected = x->k_ratio,
                                                         .expected_text = fixture_text(x, "95%"),
                                                         .doc = -1,
                                                         .place = at});
}

/* Paid when the objective is met and not met: as many kinds of terms as fit. */
static inline void fixture_pool(fixture *x)
{
    ent_builder *b = x->b;
    int64_t own = ent_builder_add_agreement(b, (ent_agreement_row){.kind = 2,
                                                                   .claims = -1,
                                                                   .name = fixture_text(x, "Club"),
                                                                   .title = -1,
                                                                   .version = 1,
                                                                   .supplier = 0,
                                                                   .customer = 0,
                                                                   .from_day = ENT_NO_DAY_FROM,
                                                                   .to_day = ENT_NO_DAY_TO,
                                                                   .zone = fixture_text(x, "UTC"),
                                                                   .currency = fixture_text(x, "GBP"),
                                                                   .charge = -1,
                                                                   .doc = -1,
                                                                   .place = x->place});
    (void)ent_builder_add_funder(b, (ent_funder_row){1});
    (void)ent_builder_add_goal(b, (ent_goal_row){x->objective});
    (void)ent_builder_add_term(b, (ent_term_row){ENT_TERM_MET, 0, 1, x->place});
    (void)ent_builder_add_term(b, (ent_term_row){ENT_TERM_MET, 0, 1, x->place});
    (void)ent_builder_add_term(b, (ent_term_row){ENT_TERM_NOT, 0, 0, x->place});
    (void)ent_builder_add_term(b, (ent_term_row){ENT_TERM_AND, 0, 0, x->place});
    (void)ent_builder_add_pool(b, (ent_pool_row){.agreement = own,
                                                 .name = fixture_text(x, "Gain"),
                                                 .title = -1,
                                                 .amount = 1,
                                                 .n_funders = 1,
                                                 .unit = ENT_UNIT_QUARTER,
                                                 .n_terms = 4,
                                                 .doc = -1,
                                                 .place = x->place});
}

/* Never fails, or aborts: a fixture is no test. */
static inline fixture fixture_new(void)
{
    fixture x = {.b = ent_builder_new()};
    ent_q ratio;
    if (x.b == NULL || !ent_q_make(19, 20, &ratio)) {
        abort();
    }
    int64_t path = fixture_text(&x, "club.ent");
    int64_t text = fixture_text(&x, "feed ticket {\n  at instant\n}\n");
    (void)ent_builder_add_source_file(x.b, (ent_source_file_row){path, text});
    x.place = ent_builder_add_place(x.b, (ent_place_row){0, 2, 3, 2});
    x.k_ratio = ent_builder_const_q(x.b, ratio);
    x.k_int = ent_builder_const_i(x.b, 7);
    x.k_number = ent_builder_const_f(x.b, 0.5);
    fixture_parties(&x);
    fixture_feeds(&x);
    fixture_kernels(&x);
    fixture_clauses(&x);
    fixture_pool(&x);
    if (x.b->failed) {
        abort();
    }
    return x;
}

/* Writes and loads; NULL with the reason in *error. */
static inline ent_image *fixture_load(const ent_builder *b, ent_load_error *error)
{
    ent_bytes bytes = {0};
    ent_image *program = NULL;
    if (!ent_builder_write(b, &bytes, error->message, sizeof error->message)) {
        abort();
    }
    (void)ent_image_decode(bytes.p, bytes.n, &program, error);
    ent_bytes_deinit(&bytes);
    return program;
}
#endif
