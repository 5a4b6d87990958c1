/* The loader and the verifier: a valid program passes, each rule refuses what breaks it, and no
 * bytes whatever make the loader or the interpreter misbehave. The seed of the mutations is
 * printed; ENT_FUZZ_ROUNDS in the environment overrides their number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/emit/disasm.h"
#include "runtime/bytecode/format.h"
#include "runtime/ledger/hash.h"
#include "runtime/vm/vm.h"
#include "tests/unit/program_fixture.h"

/* The nth instruction with this opcode in the kernel. */
static ent_instruction *instruction(const fixture *x, int64_t kernel, unsigned op, int nth)
{
    ent_kernel_row *row = &x->b->kernel.v[kernel];
    for (int64_t i = 0; i < row->n_instructions; i++) {
        ent_instruction *at = &x->b->instruction.v[row->first_instruction + i];
        if (at->op == op && nth-- == 0) {
            return at;
        }
    }
    fail_msg("no instruction %u", op);
    return NULL;
}

/* A constant that the builder would not make. */
static void set_constant(const fixture *x, int64_t index, ent_constant constant)
{
    x->b->constant.v[index] = constant;
}

static ent_constant ratio_of(int64_t num, int64_t den)
{
    return (ent_constant){.cls = ENT_CLASS_Q, .v.q = {num, den}};
}

#define I(kernel, op, nth) instruction(x, x->kernel, ENT_BC_##op, nth)
#define LAST(back) x->b->instruction.v[x->b->instruction.n - (back)]
#define ROW(table, index) x->b->table.v[index]

/* R(name, what the message contains, how the valid program is spoilt) */
#define REJECTIONS(R)                                                                              \
    R(constant_bool, "constant", set_constant(x, x->k_int, (ent_constant){.cls = 0, .v.b = 2}))    \
    R(constant_inf, "constant",                                                                    \
      set_constant(x, x->k_number, (ent_constant){.cls = 2, .v.f = (double)__builtin_inff()}))     \
    R(constant_not_reduced, "constant", set_constant(x, x->k_ratio, ratio_of(2, 4)))               \
    R(constant_den_zero, "constant", set_constant(x, x->k_ratio, ratio_of(1, 0)))                  \
    R(constant_den_negative, "constant", set_constant(x, x->k_ratio, ratio_of(1, -2)))             \
    R(kind_str, "no STR", ROW(party, 0).name = 1000000)                                            \
    R(kind_str_negative, "no STR", ROW(party, 0).name = -1)                                        \
    R(kind_str_opt, "no STR_OPT", ROW(party, 0).title = -2)                                        \
    R(kind_ref, "no REF", ROW(service, 0).provider = 2)                                            \
    R(kind_ref_opt, "no REF_OPT", ROW(framework, 0).cap = 1)                                       \
    R(kind_first, "no FIRST", ROW(party, 1).first_alias = 2)                                       \
    R(kind_count, "no COUNT", ROW(party, 1).n_aliases = 2)                                         \
    R(kind_count_huge, "no COUNT", ROW(party, 1).n_aliases = INT64_MAX)                            \
    R(kind_const, "no CONST", ROW(objective, 0).target = -1)                                       \
    R(kind_const_opt, "no CONST_OPT", ROW(duty, 0).warn = 1000)                                    \
    R(kind_enum, "no ENUM", ROW(party, 0).role = 4)                                                \
    R(kind_flag, "no FLAG", ROW(duty, 0).following = 2)                                            \
    R(kind_nat, "no NAT", ROW(duty, 0).order = -1)                                                 \
    R(kind_slot, "no SLOT", ROW(alt, 0).test = -2)                                                 \
    R(kind_fld, "no FLD", ROW(feed, 0).event = -2)                                                 \
    R(kind_opt, "no OPT", ROW(spanuse, 0).at_most_ns = -2)                                         \
    R(kernel_instructions, "instructions are out of range",                                        \
      ROW(kernel, 0).n_instructions = 100000)                                                      \
    R(kernel_instructions_overflow, "instructions are out of range",                               \
      ROW(kernel, 0).first_instruction = INT64_MAX)                                                \
    R(kernel_feed, "have a feed", ROW(kernel, x->measure_kernel).feed = 0)                         \
    R(kernel_no_feed, "have a feed", ROW(kernel, x->row_kernel).feed = -1)                         \
    R(input_field_class, "does not fit its kind",                                                  \
      ROW(input, ROW(kernel, x->row_kernel).first_input).cls = ENT_CLASS_B)                        \
    R(input_field_index, "does not fit its kind",                                                  \
      ROW(input, ROW(kernel, x->row_kernel).first_input).index = 8)                                \
    R(input_not_used, "reads a field that is not used",                                            \
      ROW(field, ROW(feed, x->ticket).first_field + 5).used = 0)                                   \
    R(input_kind, "does not fit its kind",                                                         \
      ROW(input, ROW(kernel, x->row_kernel).first_input).kind = ENT_INPUT_FOLD)                    \
    R(input_column, "does not fit its kind",                                                       \
      ROW(input, ROW(kernel, x->bind_kernel).first_input).cls = ENT_CLASS_F)                       \
    R(input_charge, "does not fit its kind",                                                       \
      ROW(input, ROW(kernel, x->amount_kernel).first_input).cls = ENT_CLASS_I)                     \
    R(op_unknown, "no such instruction", I(row_kernel, EQ_I, 0)->op = 255)                         \
    R(op_trap, "no such instruction", I(row_kernel, EQ_I, 0)->op = 0)                              \
    R(op_large, "no such instruction", I(row_kernel, EQ_I, 0)->op = 65535)                         \
    R(reserved, "reserved", I(row_kernel, EQ_I, 0)->reserved = 1)                                  \
    R(place, "no such place", I(row_kernel, EQ_I, 0)->place = 1)                                   \
    R(unused_operand, "does not have", I(row_kernel, EQ_I, 0)->c = 1)                              \
    R(unused_destination, "does not have", I(row_kernel, IF, 0)->d = 1)                            \
    R(unused_number, "does not have", I(row_kernel, EQ_I, 0)->k = 1)                               \
    R(register_range, "out of range", I(row_kernel, EQ_I, 0)->a = 999)                             \
    R(destination_range, "out of range", I(row_kernel, EQ_I, 0)->d = 999)                          \
    R(register_class, "wrong class", I(row_kernel, EQ_I, 0)->a = I(row_kernel, IF, 0)->a)          \
    R(destination_class, "wrong class", I(row_kernel, EQ_I, 0)->d = I(row_kernel, ADD_I, 0)->a)    \
    R(move_class, "wrong class", I(row_kernel, MOVE, 0)->a = I(row_kernel, IF, 0)->a)              \
    R(undefined, "need not be defined", I(row_kernel, EQ_I, 0)->a = I(row_kernel, ADD_I, 0)->d)    \
    R(from_other_branch, "need not be defined",                                                    \
      I(row_kernel, MOVE, 1)->a = I(row_kernel, ADD_I, 0)->d)                                      \
    R(defined_twice, "defined twice", I(row_kernel, EQ_I, 1)->d = I(row_kernel, EQ_I, 0)->d)       \
    R(move_to_input, "no variable", I(row_kernel, MOVE, 0)->d = I(row_kernel, ADD_I, 0)->a)        \
    R(constant_range, "no such constant", I(row_kernel, CONST_I, 0)->k = 1000)                     \
    R(constant_class, "no such constant", I(row_kernel, CONST_I, 0)->k = (uint32_t)x->k_ratio)     \
    R(input_range, "no such input", I(row_kernel, INPUT_I, 0)->k = 1000)                           \
    R(input_class, "no such input", I(row_kernel, INPUT_I, 0)->k = I(row_kernel, INPUT_B, 0)->k)   \
    R(scale, "larger than 18",                                                                     \
      ((void)(*I(bind_kernel, PARSE_ENUM, 0) =                                                     \
                  (ent_instruction){.op = ENT_BC_PARSE_DECIMAL,                                    \
                                    .d = I(bind_kernel, PARSE_ENUM, 0)->d,                         \
                                    .a = I(bind_kernel, PARSE_ENUM, 0)->a,                         \
                                    .k = 19})))                                                    \
    R(string, "no such string", I(bind_kernel, FAIL, 0)->k = 100000)                               \
    R(currency, "no such currency", I(bind_kernel, PARSE_MONEY, 0)->k = 0)                         \
    R(timefmt, "no such time format", I(bind_kernel, PARSE_TIME, 0)->k = 1)                        \
    R(enumeration, "no such enumeration", I(bind_kernel, PARSE_ENUM, 0)->k = 1)                    \
    R(backward, "does not go forward", I(row_kernel, IF, 0)->k = 0)                                \
    R(jump_past_else, "does not lead here", I(row_kernel, IF, 0)->k += 2)                          \
    R(jump_past_end, "does not lead here", I(row_kernel, ELSE, 0)->k += 1)                         \
    R(no_end, "has no END",                                                                        \
      (*I(row_kernel, END, 0) =                                                                    \
           (ent_instruction){.op = ENT_BC_ABSENT_B, .d = (uint16_t)add_register(x)}))              \
    R(no_if, "has no IF",                                                                          \
      (*I(row_kernel, IF, 0) =                                                                     \
           (ent_instruction){.op = ENT_BC_ABSENT_B, .d = (uint16_t)add_register(x)}))              \
    R(two_elses, "has no IF",                                                                      \
      (*I(row_kernel, MOVE, 1) =                                                                   \
           (ent_instruction){.op = ENT_BC_ELSE, .k = I(row_kernel, IF, 0)->k + 2}))                \
    R(skip_in_row, "skip rows", *I(row_kernel, MOVE, 0) = (ent_instruction){.op = ENT_BC_SKIP})    \
    R(nesting, "more than 64", nest_deeply(x))                                                     \
    R(output_range, "on every path", ROW(output, 0).reg = 9999)                                    \
    R(output_in_branch, "on every path", ROW(output, 0).reg = I(row_kernel, ADD_I, 0)->d)          \
    R(framework_twice, "more than one framework",                                                  \
      ent_builder_add_framework(x->b, ROW(framework, 0)))                                          \
    R(framework_day, "no day", ROW(framework, 0).from_day = 1000000)                               \
    R(agreement_day, "no day", ROW(agreement, 0).to_day = INT64_MIN)                               \
    R(zone_nul, "NUL", ROW(agreement, 0).zone = ent_builder_string(x->b, "a\0b", 3))               \
    R(charge_class, "charge", ROW(agreement, 0).charge = x->k_int)                                 \
    R(amount_value, "kinds 1, 2", ROW(amount, 1).value = -1)                                    \
    R(amount_class, "no ratio", ROW(amount, 1).value = x->k_int)                                   \
    R(amount_kernel, "kind 3", ROW(amount, 2).kernel = -1)                                         \
    R(amount_kernel_kind, "one ratio", ROW(amount, 2).kernel = x->bind_kernel)                     \
    R(timefmt_directive, "directive", ROW(timefmt, 0).format = ent_builder_text(x->b, "%Q"))       \
    R(circle, "circle", ROW(dependency, 0).service = 0)                                            \
    R(calendar_zone, "NUL", ROW(calendar, 0).zone = ent_builder_string(x->b, "a\0b", 3))           \
    R(rule_time, "24:00", ROW(rule, 0).close_ns = INT64_C(86400000000001))                         \
    R(closed_day, "no", ROW(closed, 0).day = INT64_MAX)                                            \
    R(feed_at, "`at`", ROW(feed, 0).at = 1)                                                        \
    R(feed_at_none, "`at`", ROW(feed, 0).at = -1)                                                  \
    R(feed_event, "`event`", ROW(feed, 0).event = 0)                                               \
    R(feed_holder, "`holder`", ROW(feed, 0).holder = 0)                                            \
    R(feed_recorded, "`recorded`", ROW(feed, 0).recorded = 1)                                      \
    R(feed_key, "a key", ROW(keyfield, 0).field = 8)                                               \
    R(feed_key_class, "a key", ROW(keyfield, 0).field = 4)                                         \
    R(feed_kernel, "row kernel is another", ROW(feed, 1).row_kernel = x->row_kernel)               \
    R(feed_bind, "bind is another", ROW(feed, 1).bind = 0)                                         \
    R(feed_duty, "outcomes belong to a duty", ROW(feed, 0).duty = 0)                               \
    R(feed_outcomes, "other outcomes", ROW(duty, 0).outcome_feed = -1)                             \
    R(field_type, "no valid type", ROW(field, 1).type = ENT_TYPE_NONE)                             \
    R(field_enumeration, "no valid type", ROW(field, 2).param = 1)                                 \
    R(field_digits, "no valid type",                                                               \
      (ROW(field, 1).type = ENT_TYPE_DECIMAL, ROW(field, 1).param = 19))                           \
    R(field_currency, "no valid type", ROW(field, 4).param = 0)                                    \
    R(outcome_field, "nothing fills", ROW(field, 10).name = ent_builder_text(x->b, "other"))       \
    R(separator, "no byte", ROW(bind, 0).separator = 256)                                          \
    R(column_field, "feeds no field", ROW(column, 1).field = 8)                                    \
    R(bind_no_kernel, "without a kernel", ROW(bind, 0).kernel = -1)                                \
    R(bind_kernel, "kernel is another", ROW(bind, 0).kernel = x->row_kernel)                       \
    R(bind_column, "not read as a text", ROW(column, 0).field = 1)                                 \
    R(bind_column_range, "not read as a text",                                                     \
      ROW(input, ROW(kernel, x->bind_kernel).first_input).index = 2)                               \
    R(bound_output, "does not fit its field", ROW(bound, 0).output = 3)                            \
    R(bound_field, "does not fit its field", ROW(bound, 0).field = 8)                              \
    R(bound_class, "does not fit its field", ROW(bound, 0).field = 7)                              \
    R(alt_outcomes, "of facts", ROW(alt, 0).feed = x->outcomes)                                    \
    R(alt_test, "no bool", ROW(alt, 0).test = 6)                                                   \
    R(alt_test_class, "no bool", ROW(alt, 0).test = 3)                                             \
    R(alt_key, "no field that can be a key", ROW(alt, 0).first_key = add_key(x, 9))                \
    R(claim_outcomes, "has no source", add_claim(x, x->outcomes, 1, -1))                           \
    R(claim_agreement, "names no agreement", add_claim(x, x->ticket, -1, -1))                      \
    R(claim_name, "is no text", add_claim(x, x->ticket, 3, -1))                                    \
    R(claim_about, "no instant", add_claim(x, x->ticket, 1, 1))                                    \
    R(span_empty, "begins with no event", ROW(span, 0).from = empty_pattern(x))                    \
    R(span_keys, "same keys", ROW(span, 0).n_keys = 0)                                             \
    R(span_key_types, "same keys", ROW(alt, 1).first_key = 1)                                      \
    R(use_neither, "one of a calendar and a span", ROW(spanuse, 0).span = -1)                      \
    R(use_both, "one of a calendar and a span", ROW(spanuse, 0).calendar = 0)                      \
    R(use_calendar_keys, "no keys", ROW(spanuse, 1).n_keys = 1)                                    \
    R(use_keys, "its span's keys", ROW(spanuse, 0).n_keys = 0)                                     \
    R(use_feed, "without a feed", ROW(spanuse, 0).feed = -1)                                       \
    R(use_types, "types of its span's", ROW(spanuse, 0).first_key = 1)                             \
    R(duty_trigger, "nothing triggers", ROW(duty, 0).trigger = empty_pattern(x))                   \
    R(duty_feed, "another feed than its own", ROW(duty, 0).feed = x->outcomes)                     \
    R(duty_keys, "same keys", ROW(duty, 0).void_when = keyless_pattern(x))                         \
    R(duty_undo, "a way to undo", ROW(duty, 0).undo = -1)                                          \
    R(duty_until, "`until`", ROW(duty, 0).until = 0)                                               \
    R(duty_allow_field, "the field of its allowances", ROW(duty, 0).allow_field = 8)               \
    R(duty_following, "follows", ROW(duty, 0).allow_field = -1)                                    \
    R(duty_no_allow, "no allowance", ROW(duty, 0).n_allows = 0)                                    \
    R(duty_pause_feed, "another feed's rows", (ROW(spanuse, 0).feed = x->outcomes))                \
    R(duty_excused, "`excused when`", ROW(duty, 0).excused_when = 3)                               \
    R(duty_warn, "`warn at`", ROW(duty, 0).warn = x->k_int)                                        \
    R(duty_outcomes, "outcomes", ROW(duty, 0).outcome_feed = x->ticket)                            \
    R(duty_credit, "reads what it cannot", ROW(duty, 0).credit = 2)                                \
    R(allow_neither, "a time and a slot", ROW(allow, 1).slot = -1)                                 \
    R(allow_slot, "no duration", ROW(allow, 1).slot = 0)                                           \
    R(allow_value, "cannot have", ROW(value, 0).value = 2)                                         \
    R(allow_no_field, "not named", (ROW(duty, 0).following = 0, ROW(duty, 0).allow_field = -1))    \
    R(fold_none, "computes nothing", ROW(fold, 0).kind = ENT_AGG_NONE)                             \
    R(fold_no_feed, "no feed or span", ROW(fold, 0).feed = -1)                                     \
    R(fold_no_span, "no feed or span", ROW(fold, 0).kind = ENT_AGG_LONGEST)                        \
    R(fold_type, "its type", ROW(fold, 1).value_type = ENT_TYPE_NONE)                              \
    R(fold_select, "a condition", ROW(fold, 1).select = 3)                                         \
    R(fold_test, "a condition", ROW(fold, 0).test = 1)                                             \
    R(fold_absent, "a condition", ROW(fold, 1).absent = 4)                                         \
    R(fold_value, "its value", ROW(fold, 1).value = 0)                                             \
    R(fold_value_none, "its value", ROW(fold, 1).value = -1)                                       \
    R(fold_group, "a group", ROW(fold, 1).first_group = add_key(x, 4))                             \
    R(fold_percent_none, "percentile is no ratio", ROW(fold, 1).percent = -1)                      \
    R(fold_percent, "percentile is not in",                                                        \
      ROW(fold, 1).percent = ent_builder_const_q(x->b, (ent_q){3, 2}))                             \
    R(objective_type, "its type", ROW(objective, 0).type = ENT_TYPE_NONE)                          \
    R(objective_kernel, "does not compute", ROW(objective, 0).kernel = x->row_kernel)              \
    R(objective_class, "does not compute", ROW(objective, 0).type = ENT_TYPE_NUMBER)               \
    R(objective_folds, "does not compute", ROW(objective, 0).n_folds = 0)                          \
    R(objective_fold_class, "does not compute", ROW(objective, 0).first_fold = 1)                  \
    R(objective_inputs, "does not compute", ROW(objective, 0).kernel = x->amount_kernel)           \
    R(objective_compare, "no comparison", ROW(objective, 0).compare = ENT_CMP_OTHERWISE)           \
    R(objective_target, "its target", ROW(objective, 0).target = x->k_int)                         \
    R(objective_window, "no window", ROW(objective, 0).window = ENT_UNIT_NONE)                     \
    R(objective_roll, "rolling", ROW(objective, 0).roll_ns = 0)                                    \
    R(objective_every, "rolling", ROW(objective, 0).every_ns = 5)                                  \
    R(objective_each, "rolling", ROW(objective, 0).window = ENT_UNIT_MONTH)                        \
    R(objective_subject, "its subject's type", ROW(objective, 0).subject_type = ENT_TYPE_NONE)     \
    R(objective_value, "cannot have", ROW(objective, 0).subject_type = ENT_TYPE_SERVICE,           \
      ROW(value, 0).value = 1, ent_builder_add_value(x->b, (ent_value_row){2}),                    \
      ROW(objective, 0).first_value = 1)                                                           \
    R(objective_warn, "`warn at`", ROW(objective, 0).warn = x->k_int)                              \
    R(rate_unit, "rate without", ROW(objective, 0).rate_per = -1)                                  \
    R(rate_zero, "not positive",                                                                   \
      ROW(objective, 0).rate_per = ent_builder_const_q(x->b, (ent_q){0, 1}))                       \
    R(rate_class, "not positive", ROW(objective, 0).rate_per = x->k_int)                           \
    R(earn_back, "earned back", ROW(objective, 0).earn_back = x->k_int)                            \
    R(step_bound, "step's bound", ROW(step, 0).bound = x->k_int)                                   \
    R(step_no_bound, "step's bound", ROW(step, 0).bound = -1)                                      \
    R(step_amount, "one ratio", ROW(amount, 2).kernel = fold_amount(x))                            \
    R(cap_reads, "reads what it cannot", ROW(cap, 0).amount = 2)                                   \
    R(cap_window, "no window", ROW(cap, 0).unit = ENT_UNIT_NONE)                                   \
    R(cap_months, "no months", ROW(cap, 0).months = 1201)                                          \
    R(cap_weeks, "no months", ROW(cap, 0).months = 3, ROW(cap, 0).unit = ENT_UNIT_WEEK)            \
    R(part_of_nothing, "no other part", ROW(amount, 1).kind = 4)                                   \
    R(part_of_itself, "no other part", ROW(amount, 1).kind = 4, ROW(amount, 1).of = 1)             \
    R(part_reads, "reads what it cannot", ROW(amount, 1).kind = 4, ROW(amount, 1).of = 2)          \
    R(expected_class, "expected level", ROW(objective, 0).expected = x->k_int)                     \
    R(expected_none, "expected level", ROW(objective, 0).expected = -1)                            \
    R(earn_expected, "does not have", ROW(objective, 0).expected = -1,                             \
      ROW(objective, 0).expected_compare = 0, ROW(objective, 0).earn_expected = 1)                 \
    R(pool_agreement, "framework's own", ROW(pool, 0).agreement = 0)                               \
    R(pool_unit, "no window", ROW(pool, 0).unit = ENT_UNIT_NONE)                                   \
    R(pool_nobody, "nobody funds it", ROW(pool, 0).n_funders = 0)                                  \
    R(pool_amount, "reads what it cannot", ROW(pool, 0).amount = 2)                                \
    R(pool_no_terms, "one answer", ROW(pool, 0).n_terms = 0)                                       \
    R(pool_two_answers, "one answer", ROW(pool, 0).n_terms = 3)                                    \
    R(term_no_goal, "without objectives", ROW(term, 0).n_goals = 0)                                \
    R(term_goal, "or the reverse", ROW(term, 3).n_goals = 1)                                       \
    R(term_operand, "lacks an operand", ROW(pool, 0).first_term = 1, ROW(pool, 0).n_terms = 3)     \
    R(term_not, "lacks an operand", ROW(pool, 0).first_term = 2, ROW(pool, 0).n_terms = 1)         \
    R(call_function, "no such native function", add_call(x, 1, true))                              \
    R(call_result, "result has another class", add_call(x, 0, true), ROW(native, 0).type = ENT_TYPE_INT)      \
    R(call_operand, "does not fit", add_call(x, 0, true), ROW(native_param, 0).type = ENT_TYPE_INT)       \
    R(call_unused, "does not fit", add_call(x, 0, false))                                          \
    R(args_too_few, "another number of parameters", add_long_call(x), ROW(native, 0).n_params = 7) \
    R(args_too_many, "another number of parameters", add_long_call(x), ROW(native, 0).n_params = 3) \
    R(args_operand, "does not fit", add_long_call(x), ROW(native_param, 4).type = ENT_TYPE_INT)    \
    R(args_unused, "does not fit", add_long_call(x), LAST(2).c = LAST(2).b)                        \
    R(args_alone, "no call follows", add_long_call(x), LAST(1) = LAST(2))                          \
    R(args_number, "that it does not have", add_long_call(x), LAST(2).k = 1)                       \
    R(function_inputs, "does not fit its kernel", add_function(x), ROW(function, 0).n_params = 0)   \
    R(function_class, "does not fit its kernel", add_function(x), ROW(native_param, 0).type = ENT_TYPE_INT) \
    R(function_result, "does not fit its kernel", add_function(x), ROW(function, 0).type = ENT_TYPE_INT) \
    R(function_type, "does not fit its kernel", add_function(x), ROW(function, 0).type = ENT_TYPE_MONEY) \
    R(function_kernel, "does not fit its kernel", add_function(x), ROW(function, 0).kernel = x->row_kernel) \
    R(function_input, "does not fit its kernel", add_function(x), x->b->input.v[x->b->input.n - 1].index = 1) \
    R(native_enum, "C has not", add_call(x, 0, true), ROW(native_param, 0).type = ENT_TYPE_ENUM)   \
    R(native_result, "C has not", add_call(x, 0, true), ROW(native, 0).type = ENT_TYPE_RATIO)     \
    R(native_param, "C has not", add_call(x, 0, true), ROW(native_param, 0).type = ENT_TYPE_MONEY) \
    R(native_no_params, "C has not", add_call(x, 0, true), ROW(native, 0).n_params = 0)

static int64_t add_register(fixture *x)
{
    ent_kernel_row *row = &x->b->kernel.v[x->row_kernel];
    (void)ent_builder_add_reg(x->b, (ent_reg_row){ENT_CLASS_B}); /* shifts: the run is copied */
    int64_t first = (int64_t)x->b->reg.n;
    for (int64_t r = 0; r < row->n_regs; r++) {
        (void)ent_builder_add_reg(x->b, x->b->reg.v[row->first_reg + r]);
    }
    (void)ent_builder_add_reg(x->b, (ent_reg_row){ENT_CLASS_B});
    row->first_reg = first;
    return row->n_regs++;
}

static int64_t add_key(fixture *x, int64_t field)
{
    return ent_builder_add_keyfield(x->b, (ent_keyfield_row){field});
}

static int64_t empty_pattern(fixture *x)
{
    return ent_builder_add_pattern(x->b, (ent_pattern_row){0, 0, 0});
}

static void add_claim(fixture *x, int64_t feed, int64_t agreement, int64_t about)
{
    (void)ent_builder_add_claim(x->b, (ent_claim_row){feed, agreement, -1, -1, about, x->place});
}

static int64_t keyless_pattern(fixture *x)
{
    int64_t alt = ent_builder_add_alt(x->b, (ent_alt_row){x->ticket, 0, 0, 0});
    return ent_builder_add_pattern(x->b, (ent_pattern_row){alt, 1, 0});
}

/* A function of one number, and a kernel that calls function `native`. */
static void add_call(fixture *x, int64_t native, bool repeats)
{
    int64_t name = ent_builder_text(x->b, "gamma");
    int64_t param = ent_builder_add_native_param(x->b, (ent_native_param_row){ENT_TYPE_NUMBER, -1});
    (void)ent_builder_add_native(
        x->b, (ent_native_row){name, name, name, param, 1, ENT_TYPE_NUMBER, -1, x->place});
    ent_kb *kb = ent_kb_new(x->b, ENT_KERNEL_DECISION, -1, 0);
    int32_t a = ent_kb_const_f(kb, 1.5, 0);
    int32_t b = repeats ? a : ent_kb_const_f(kb, 2.5, 0);
    (void)ent_kb_output(kb, ent_kb_op(kb, ENT_BC_CALL_F, a, b, a, native, 0));
    (void)fixture_finish(kb);
}

/* A function of one number that C may call. */
static void add_function(fixture *x)
{
    int64_t name = ent_builder_text(x->b, "same");
    int64_t param = ent_builder_add_native_param(x->b, (ent_native_param_row){ENT_TYPE_NUMBER, -1});
    ent_kb *kb = ent_kb_new(x->b, ENT_KERNEL_DECISION, -1, 0);
    (void)ent_kb_output(kb, ent_kb_input(kb, ENT_INPUT_PARAM, 0, ENT_CLASS_F, 0));
    int64_t kernel = fixture_finish(kb);
    (void)ent_builder_add_function(x->b, (ent_function_row){name, param, 1, ENT_TYPE_NUMBER, -1, kernel, x->place});
}

/* A function of five numbers, of which two stand in `args`, with room for seven parameters. */
static void add_long_call(fixture *x)
{
    int64_t name = ent_builder_text(x->b, "mix");
    int64_t first = (int64_t)x->b->native_param.n;
    int32_t args[5];
    ent_kb *kb = ent_kb_new(x->b, ENT_KERNEL_DECISION, -1, 0);
    for (int i = 0; i < 7; i++) {
        (void)ent_builder_add_native_param(x->b, (ent_native_param_row){ENT_TYPE_NUMBER, -1});
    }
    for (int i = 0; i < 5; i++) {
        args[i] = ent_kb_const_f(kb, 1.5 + i, 0);
    }
    (void)ent_builder_add_native(
        x->b, (ent_native_row){name, name, name, first, 5, ENT_TYPE_NUMBER, -1, x->place});
    (void)ent_kb_output(kb, ent_kb_call(kb, ENT_BC_CALL_F, args, 5, 0, 0));
    (void)fixture_finish(kb);
}

/* An amount's kernel that gives a bool. */
static int64_t fold_amount(fixture *x)
{
    ent_kb *kb = ent_kb_new(x->b, ENT_KERNEL_DECISION, -1, 0);
    (void)ent_kb_output(kb, ent_kb_const_b(kb, true, 0));
    return fixture_finish(kb);
}

/* A kernel of 65 IFs, written by hand: the builder refuses. */
static void nest_deeply(fixture *x)
{
    ent_kernel_row row = {.kind = ENT_KERNEL_DECISION,
                          .feed = -1,
                          .first_instruction = (int64_t)x->b->instruction.n,
                          .first_reg = (int64_t)x->b->reg.n,
                          .n_regs = 1};
    (void)ent_builder_add_reg(x->b, (ent_reg_row){ENT_CLASS_B});
    (void)ent_builder_add_instruction(x->b, (ent_instruction){.op = ENT_BC_ABSENT_B});
    for (uint32_t i = 0; i < 65; i++) {
        (void)ent_builder_add_instruction(x->b, (ent_instruction){.op = ENT_BC_IF, .k = 130 - i});
    }
    for (int i = 0; i < 65; i++) {
        (void)ent_builder_add_instruction(x->b, (ent_instruction){.op = ENT_BC_END});
    }
    row.n_instructions = 131;
    (void)ent_builder_add_kernel(x->b, row);
}

#define SPOIL(name, message, ...)                                                                  \
    static void spoil_##name(fixture *x)                                                           \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }
REJECTIONS(SPOIL)

typedef struct rejection {
    const char *name;
    const char *message;
    void (*spoil)(fixture *x);
} rejection;

#define ENTRY(name, message, ...) {#name, message, spoil_##name},
static const rejection rejections[] = {REJECTIONS(ENTRY)};

static void test_rejections(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof rejections / sizeof rejections[0]; i++) {
        fixture x = fixture_new();
        ent_load_error error = {{0}, 0};
        rejections[i].spoil(&x);
        ent_image *program = fixture_load(x.b, &error);
        if (program != NULL || strstr(error.message, rejections[i].message) == NULL) {
            print_error("%s: %s\n", rejections[i].name,
                        program != NULL ? "was accepted" : error.message);
            wrong++;
        }
        ent_image_destroy(program);
        ent_builder_free(x.b);
    }
    assert_int_equal(wrong, 0);
}

static void test_valid(void **state)
{
    (void)state;
    fixture x = fixture_new();
    ent_load_error error = {{0}, 0};
    ent_image *program = fixture_load(x.b, &error);
    if (program == NULL) {
        print_error("%s\n", error.message);
    }
    assert_non_null(program);
    assert_int_equal(strlen(program->digest), 64);
    assert_string_equal(ent_image_text(program, program->feed[0].name), "ticket");
    assert_string_equal(ent_image_text(program, -1), "");
    ent_image_destroy(program);
    ent_image_destroy(NULL);
    ent_builder_free(x.b);
}

/* What a program is does not change with where it was written; what it says does. */
static void test_digest(void **state)
{
    (void)state;
    ent_load_error error = {{0}, 0};
    char digests[4][65];
    for (int i = 0; i < 4; i++) {
        fixture x = fixture_new();
        if (i == 1) {
            x.b->place.v[0].line = 99;
            int64_t text = ent_builder_text(x.b, "elsewhere");
            free((void *)(uintptr_t)x.b->string.v[1].p);
            char *copy = strdup("feed  ticket { at instant } // formatted\n");
            x.b->string.v[1] = (ent_string){copy, (uint32_t)strlen(copy)};
            assert_true(text >= 0);
            x.b->string.n--; /* only the pool's order matters */
            free((void *)(uintptr_t)x.b->string.v[x.b->string.n].p);
        } else if (i == 2) {
            x.b->allow.v[0].ns++;
        } else if (i == 3) {
            x.b->constant.v[x.k_int].v.i++;
        }
        ent_image *program = fixture_load(x.b, &error);
        assert_non_null(program);
        memcpy(digests[i], program->digest, sizeof digests[i]);
        ent_image_destroy(program);
        ent_builder_free(x.b);
    }
    assert_string_equal(digests[0], digests[1]);
    assert_string_not_equal(digests[0], digests[2]);
    assert_string_not_equal(digests[0], digests[3]);
    assert_string_not_equal(digests[2], digests[3]);
}

static void fix_checksum(uint8_t *p, size_t n)
{
    ent_hash hash;
    assert_true(ent_hash_init(&hash) && ent_hash_update(&hash, p, n - 32) &&
                ent_hash_final(&hash, p + n - 32));
}

static void refused(const uint8_t *p, size_t n, const char *message)
{
    ent_load_error error = {{0}, 0};
    ent_image *program = NULL;
    assert_false(ent_image_decode(p, n, &program, &error));
    assert_null(program);
    if (strstr(error.message, message) == NULL) {
        fail_msg("expected '%s', got '%s'", message, error.message);
    }
}

static void test_file(void **state)
{
    (void)state;
    fixture x = fixture_new();
    ent_bytes good = {0};
    ent_bytes again = {0};
    char reason[64];
    assert_true(ent_builder_write(x.b, &good, reason, sizeof reason));
    assert_true(ent_builder_write(x.b, &again, reason, sizeof reason));
    assert_int_equal(good.n, again.n);
    assert_memory_equal(good.p, again.p, good.n);
    uint8_t *p = again.p;
    refused(p, 10, "no Entente program");
    refused(p, 40, "no Entente program");
    refused(p, good.n - 1, "cut short");
    p[good.n - 40] ^= 1;
    refused(p, good.n, "checksum");
    /* offset of a 32-bit little-endian word, its new low byte, the reason */
    static const struct {
        size_t at;
        uint8_t value;
        const char *message;
    } cases[] = {{0, 'X', "no Entente program"},
                 {4, 2, "bytecode version 2"},
                 {6, 1, "reserved"},
                 {12, 1, "reserved"},
                 {8, 99, "more sections"},
                 {16, 1, "cut short"},
                 {24, 2, "sections are not"},
                 {28, 1, "sections are not"},
                 {39, 1, "beyond the end"},
                 {47, 1, "counts more entries"},
                 {51, 1, "too long"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(p, good.p, good.n);
        p[cases[i].at] = cases[i].value;
        fix_checksum(p, good.n);
        refused(p, good.n, cases[i].message);
    }
    for (size_t n = 0; n < good.n; n += 7) { /* cut anywhere, with a right checksum and length */
        uint8_t *cut = malloc(n + 32);
        assert_non_null(cut);
        memcpy(cut, good.p, n);
        if (n >= 24) {
            for (unsigned b = 0; b < 8; b++) {
                cut[16 + b] = (uint8_t)((n + 32) >> (8 * b));
            }
        }
        fix_checksum(cut, n + 32);
        if (n + 32 != good.n) {
            refused(cut, n + 32, "");
        }
        free(cut);
    }
    ent_bytes_deinit(&good);
    ent_bytes_deinit(&again);
    ent_builder_free(x.b);
}

static void test_disasm(void **state)
{
    (void)state;
    fixture x = fixture_new();
    ent_load_error error = {{0}, 0};
    ent_text text = {0};
    ent_image *program = fixture_load(x.b, &error);
    assert_non_null(program);
    assert_true(ent_disasm(program, &text));
    assert_non_null(strstr(text.data, "kernel 0  row of feed ticket"));
    assert_non_null(strstr(text.data, "input.i field ticket.event"));
    assert_non_null(strstr(text.data, "| 2  at instant"));
    assert_non_null(strstr(text.data, "name=\"restore\""));
    ent_text_deinit(&text);
    ent_image_destroy(program);
    ent_builder_free(x.b);
}

static void test_descriptions(void **state)
{
    (void)state;
    int n = 0;
    for (unsigned op = 0; op < 2 * ENT_BC_LIMIT; op++) {
        const ent_opcode_info *info = ent_opcode_describe(op);
        assert_non_null(info);
        n += info->format != ENT_FORMAT_TRAP;
        unsigned sources = ent_format_sources((ent_format)info->format);
        assert_int_equal(info->a != ENT_OPCLASS_N, sources >= 1);
        assert_int_equal(info->b != ENT_OPCLASS_N, sources >= 2);
        assert_int_equal(info->c != ENT_OPCLASS_N, sources >= 3);
        assert_int_equal(info->d != ENT_OPCLASS_N, ent_format_has_d((ent_format)info->format));
    }
    int listed = 0;
#define ENT_OP(number, id, mnemonic, format, d, a, b, c, flags, effect) listed++;
#include "runtime/bytecode/opcodes.def"
#undef ENT_OP
    assert_int_equal(n, listed);
    for (unsigned t = 1; t < ENT_TABLE_LIMIT; t++) {
        assert_non_null(ent_table_describe(t));
    }
    assert_null(ent_table_describe(0));
    assert_null(ent_table_describe(ENT_TABLE_LIMIT));
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Runs every kernel over lanes of plausible values, as a session would. */
static void run_kernels(const ent_image *p, uint64_t *seed)
{
    enum { LANES = 9 };
    static uint8_t bools[LANES], absent[LANES];
    static int64_t integers[LANES];
    static double numbers[LANES];
    static ent_q ratios[LANES];
    char error[128];
    for (size_t i = 0; i < LANES; i++) {
        bools[i] = 0;
        absent[i] = next_random(seed) % 4 == 0;
        integers[i] = absent[i] ? 0 : (int64_t)(next_random(seed) % 50);
        numbers[i] = absent[i] ? 0 : 1.5;
        ratios[i] = absent[i] ? (ent_q){0, 1} : (ent_q){(ent_i128)i + 1, 1};
        bools[i] = !absent[i] && next_random(seed) % 2;
    }
    void *const data[] = {bools, integers, numbers, ratios};
    ent_strings *strings = ent_strings_new(p);
    ent_vm *vm = strings == NULL ? NULL : ent_vm_new(p, strings, NULL, 16, error, sizeof error);
    for (size_t k = 0; vm != NULL && k < p->n_kernel; k++) {
        size_t n_in = (size_t)p->kernel[k].n_inputs;
        size_t n_out = (size_t)p->kernel[k].n_outputs;
        ent_vector *in = calloc(n_in + 1, sizeof *in);
        ent_vector *out = calloc(n_out + 1, sizeof *out);
        assert_true(in != NULL && out != NULL);
        for (size_t i = 0; i < n_in; i++) {
            ent_class cls = (ent_class)p->input[(size_t)p->kernel[k].first_input + i].cls;
            in[i] = (ent_vector){cls, data[cls], absent};
        }
        const uint8_t *skipped = NULL;
        const ent_lane_error *errors = NULL;
        uint32_t n_errors = 0;
        (void)ent_vm_run(vm, (int64_t)k, in, LANES, out, &skipped, &errors, &n_errors);
        assert_true(n_errors <= LANES);
        free(in);
        free(out);
    }
    ent_vm_free(vm);
    ent_strings_free(strings);
}

static void test_mutations(void **state)
{
    (void)state;
    const char *rounds_text = getenv("ENT_FUZZ_ROUNDS");
    long rounds = rounds_text == NULL ? 10000 : strtol(rounds_text, NULL, 10);
    uint64_t seed = 20260105;
    fixture x = fixture_new();
    ent_bytes good = {0};
    char reason[64];
    assert_true(ent_builder_write(x.b, &good, reason, sizeof reason));
    uint8_t *p = malloc(good.n);
    assert_non_null(p);
    long loaded = 0;
    for (long i = 0; i < rounds; i++) {
        memcpy(p, good.p, good.n);
        unsigned changes = 1 + (unsigned)(next_random(&seed) % 3);
        for (unsigned c = 0; c < changes; c++) {
            static const uint8_t values[] = {0, 1, 2, 3, 255, 127, 128, 16};
            size_t at = (size_t)(next_random(&seed) % good.n);
            uint64_t how = next_random(&seed);
            p[at] = (uint8_t)(how % 2 ? p[at] ^ (1u << (how / 2 % 8)) : values[how / 2 % 8]);
        }
        fix_checksum(p, good.n);
        ent_load_error error = {{0}, 0};
        ent_image *program = NULL;
        if (ent_image_decode(p, good.n, &program, &error)) {
            loaded++;
            run_kernels(program, &seed);
            ent_text text = {0};
            assert_true(ent_disasm(program, &text));
            ent_text_deinit(&text);
        } else {
            assert_true(error.message[0] != '\0');
        }
        ent_image_destroy(program);
    }
    print_message("mutations: seed 20260105, %ld rounds, %ld still loaded and ran\n", rounds,
                  loaded);
    free(p);
    ent_bytes_deinit(&good);
    ent_builder_free(x.b);
}

/* The same with instructions, inputs, outputs and registers only, and small numbers: such programs
 * get further into the verifier, and more of them run. */
static void test_mutated_kernels(void **state)
{
    (void)state;
    uint64_t seed = 7;
    long loaded = 0;
    for (int round = 0; round < 3000; round++) {
        fixture x = fixture_new();
        for (uint64_t c = 1 + next_random(&seed) % 2; c > 0; c--) {
            size_t at = (size_t)(next_random(&seed) % x.b->instruction.n);
            ent_instruction *i = &x.b->instruction.v[at];
            uint16_t value = (uint16_t)(next_random(&seed) % 24);
            uint16_t *const fields[] = {&i->d, &i->a, &i->b, &i->c};
            switch (next_random(&seed) % 8) {
            case 0:
                i->op = (uint16_t)(next_random(&seed) % 130);
                break;
            case 1:
                i->k = value;
                break;
            case 2:
                *i = x.b->instruction.v[next_random(&seed) % x.b->instruction.n];
                break;
            case 3:
                x.b->output.v[next_random(&seed) % x.b->output.n].reg = value;
                break;
            case 4:
                x.b->reg.v[next_random(&seed) % x.b->reg.n].cls = value % 4;
                break;
            default:
                *fields[next_random(&seed) % 4] = value;
                break;
            }
        }
        ent_load_error error = {{0}, 0};
        ent_image *program = fixture_load(x.b, &error);
        if (program != NULL) {
            loaded++;
            run_kernels(program, &seed);
        }
        ent_image_destroy(program);
        ent_builder_free(x.b);
    }
    print_message("mutated kernels: seed 7, 3000 rounds, %ld still loaded and ran\n", loaded);
    assert_true(loaded > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptions), cmocka_unit_test(test_valid),
        cmocka_unit_test(test_digest),       cmocka_unit_test(test_file),
        cmocka_unit_test(test_rejections),   cmocka_unit_test(test_disasm),
        cmocka_unit_test(test_mutations),    cmocka_unit_test(test_mutated_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
