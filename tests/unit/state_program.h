/* Programs and facts for the tests of the engine: a small club built by hand, and facts written as
 * lines of text.
 *
 * Feeds: ticket (per id), probe (per service, sampled every minute), change (per service), visit
 * (of a ticket, by another field than its key), restore (outcomes of duty 0, if it is made).
 * Minutes count from BASE_NS, Monday 2026-01-05 09:00 UTC.  Nothing here checks; what fails aborts:
 * a fixture is no test. */
#ifndef ENT_TEST_STATE_PROGRAM_H
#define ENT_TEST_STATE_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/emit/builder.h"
#include "compiler/emit/kernel.h"
#include "runtime/state/ahead.h"
#include "runtime/state/engine.h"
#include "runtime/state/parts.h"

#define SECOND_NS INT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)
#define HOUR_NS (60 * MINUTE_NS)
#define DAY_NS (24 * HOUR_NS)
#define BASE_DAY INT64_C(20458)
#define BASE_NS (BASE_DAY * DAY_NS + 9 * HOUR_NS)

enum { TICKET, PROBE, CHANGE, VISIT, RESTORE, N_FEEDS };
enum { ACME, HOSTCO, NETCO, N_PARTIES };
enum { HOSTING, NETWORK, N_SERVICES };
/* members of ticket's event; the row kernel's slot of the same number says that it is this one */
enum { OPENED, ASSIGNED, PENDED, RESUMED, RESOLVED, REOPENED, CANCELLED, CLOSED, NOTED, N_EVENTS };
enum { STARTED, FINISHED };
enum {
    T_AT,
    T_ID,
    T_EVENT,
    T_PRIORITY,
    T_PARTY,
    T_COST,
    T_WEIGHT,
    T_SPENT,
    T_TRIES,
    T_SCORE,
    T_RATE,
    T_VIP,
    T_N
};
enum { P_AT, P_SERVICE, P_UP, P_LATENCY, P_N };
enum { C_AT, C_SERVICE, C_EVENT, C_N };
enum { V_AT, V_NUMBER, V_TICKET, V_N };
/* further slots of ticket's row kernel: values, then `X is absent` in the same order */
enum {
    S_VIP = N_EVENTS,
    S_COST,
    S_WEIGHT,
    S_SPENT,
    S_TRIES,
    S_SCORE,
    S_RATE,
    S_NO_COST,
    S_NO_WEIGHT,
    S_NO_SPENT,
    S_NO_TRIES,
    S_NO_SCORE,
    S_NO_RATE,
    S_PARTY_CHANGED,
    S_FOR_NETCO,
    S_P1
};
enum { PS_UP, PS_LATENCY, PS_NO_UP, PS_NO_LATENCY, PS_HOSTING };
enum { CS_STARTED, CS_FINISHED };
enum { RS_MET, RS_COUNTS, RS_ELAPSED };
enum { SPAN_HOLD, SPAN_MAINTENANCE };

typedef struct prog {
    ent_builder *b;
    int64_t place;
    int64_t key_id, key_service, key_visit, key_party, key_id_party, key_change;
    int64_t measure_q, measure_i, measure_f; /* kernels that hand fold 0 on */
} prog;

static inline int64_t prog_text(prog *x, const char *text)
{
    return ent_builder_text(x->b, text);
}

static inline int64_t prog_ratio(prog *x, int64_t num, int64_t den)
{
    ent_q q;
    if (!ent_q_make(num, den, &q)) {
        abort();
    }
    return ent_builder_const_q(x->b, q);
}

static inline int64_t prog_kernel(ent_kb *kb)
{
    char error[160] = "";
    int64_t kernel = ent_kb_finish(kb, error, sizeof error);
    if (kernel < 0) {
        fprintf(stderr, "kernel: %s\n", error);
        abort();
    }
    return kernel;
}

typedef struct prog_field {
    const char *name;
    int64_t type, param;
} prog_field;

static inline int64_t prog_fields(prog *x, const prog_field *fields, size_t n)
{
    int64_t first = (int64_t)x->b->field.n;
    for (size_t i = 0; i < n; i++) {
        (void)ent_builder_add_field(x->b,
                                    (ent_field_row){prog_text(x, fields[i].name), fields[i].type,
                                                    fields[i].param, 0, 1, x->place});
    }
    return first;
}

static inline int64_t prog_key(prog *x, int64_t a, int64_t b)
{
    int64_t first = ent_builder_add_keyfield(x->b, (ent_keyfield_row){a});
    if (b >= 0) {
        (void)ent_builder_add_keyfield(x->b, (ent_keyfield_row){b});
    }
    return first;
}

/* A pattern whose alternatives are slots of one feed, each with the same one key; -1 ends the
 * slots, an alternative ANY_ROW is every row. */
enum { ANY_ROW = -2 };
static inline int64_t prog_pattern_of(prog *x, int64_t feed, int64_t key, const int *slots)
{
    int64_t first = (int64_t)x->b->alt.n;
    int64_t n = 0;
    for (; slots[n] != -1; n++) {
        (void)ent_builder_add_alt(x->b,
                                  (ent_alt_row){feed, slots[n] == ANY_ROW ? -1 : slots[n], key, 1});
    }
    return ent_builder_add_pattern(x->b, (ent_pattern_row){first, n, x->place});
}
#define prog_pattern(x, ...) prog_pattern_of(x, TICKET, (x)->key_id, (const int[]){__VA_ARGS__, -1})

static inline int64_t prog_enumeration(prog *x, const char *name, const char *const *members,
                                       int64_t n)
{
    int64_t first = (int64_t)x->b->member.n;
    for (int64_t i = 0; i < n; i++) {
        (void)ent_builder_add_member(x->b, (ent_member_row){prog_text(x, members[i])});
    }
    return ent_builder_add_enumeration(x->b, (ent_enumeration_row){prog_text(x, name), first, n});
}

static const char *const prog_events[] = {"opened",   "assigned",  "pended", "resumed", "resolved",
                                          "reopened", "cancelled", "closed", "noted"};
static const char *const prog_priorities[] = {"P1", "P2", "P3"};
static const char *const prog_changes[] = {"started", "finished"};
static const char *const prog_parties[] = {"Acme", "HostCo", "NetCo"};
static const char *const prog_services[] = {"hosting", "network"};

static inline void prog_world(prog *x)
{
    ent_builder *b = x->b;
    for (int i = 0; i < N_PARTIES; i++) {
        (void)ent_builder_add_party(b, (ent_party_row){.name = prog_text(x, prog_parties[i]),
                                                       .title = -1,
                                                       .role = i ? 2 : 0,
                                                       .place = x->place});
    }
    for (int i = 0; i < N_SERVICES; i++) {
        (void)ent_builder_add_service(b, (ent_service_row){.name = prog_text(x, prog_services[i]),
                                                           .title = -1,
                                                           .provider = HOSTCO + i,
                                                           .place = x->place});
    }
    (void)ent_builder_add_framework(b, (ent_framework_row){.name = prog_text(x, "Club"), .performance = -1,
                                                           .title = -1,
                                                           .version = 1,
                                                           .from_day = ENT_NO_DAY_FROM,
                                                           .to_day = ENT_NO_DAY_TO,
                                                           .zone = prog_text(x, "UTC"),
                                                           .currency = prog_text(x, "GBP"),
                                                           .cap = -1,
                                                           .place = x->place});
    (void)ent_builder_add_rule(b, (ent_rule_row){31, 9 * HOUR_NS, 17 * HOUR_NS + 30 * MINUTE_NS});
    (void)ent_builder_add_closed(b, (ent_closed_row){BASE_DAY + 4, -1});
    (void)ent_builder_add_calendar(b, (ent_calendar_row){.name = prog_text(x, "office"),
                                                         .zone = prog_text(x, "UTC"),
                                                         .n_rules = 1,
                                                         .n_closed = 1,
                                                         .place = x->place});
}

/* The first agreement is index 0; a version of it has the same name. */
static inline int64_t prog_agreement(prog *x, int64_t version, int64_t from_day, int64_t to_day)
{
    return ent_builder_add_agreement(x->b, (ent_agreement_row){.name = prog_text(x, "HostingSLA"),
                                                               .claims = -1,
                                                               .title = -1,
                                                               .version = version,
                                                               .supplier = HOSTCO,
                                                               .customer = ACME,
                                                               .from_day = from_day,
                                                               .to_day = to_day,
                                                               .zone = prog_text(x, "UTC"),
                                                               .currency = prog_text(x, "GBP"),
                                                               .charge = prog_ratio(x, 1000, 1),
                                                               .charge_unit = ENT_UNIT_MONTH,
                                                               .doc = -1,
                                                               .place = x->place});
}

static inline void prog_feed(prog *x, const char *name, int64_t first_field, int64_t n_fields,
                             int64_t event, int64_t holder, int64_t key, int64_t interval_ns)
{
    (void)ent_builder_add_feed(x->b, (ent_feed_row){.name = prog_text(x, name),
                                                    .duty = -1,
                                                    .first_field = first_field,
                                                    .n_fields = n_fields,
                                                    .event = event,
                                                    .holder = holder,
                                                    .recorded = -1,
                                                    .first_key = key,
                                                    .n_keys = 1,
                                                    .interval_ns = interval_ns,
                                                    .row_kernel = -1,
                                                    .bind = -1,
                                                    .used = 1,
                                                    .place = x->place});
}

static inline void prog_feeds(prog *x)
{
    int64_t event = prog_enumeration(x, "event", prog_events, N_EVENTS);
    int64_t priority = prog_enumeration(x, "priority", prog_priorities, 3);
    int64_t change = prog_enumeration(x, "change", prog_changes, 2);
    const prog_field ticket[] = {
        {"at", ENT_TYPE_INSTANT, -1},    {"id", ENT_TYPE_TEXT, -1},
        {"event", ENT_TYPE_ENUM, event}, {"priority", ENT_TYPE_ENUM, priority},
        {"party", ENT_TYPE_PARTY, -1},   {"cost", ENT_TYPE_MONEY, prog_text(x, "GBP")},
        {"weight", ENT_TYPE_NUMBER, -1}, {"spent", ENT_TYPE_DURATION, -1},
        {"tries", ENT_TYPE_INT, -1},     {"score", ENT_TYPE_DECIMAL, 2},
        {"rate", ENT_TYPE_RATIO, -1},    {"vip", ENT_TYPE_BOOL, -1}};
    const prog_field probe[] = {{"at", ENT_TYPE_INSTANT, -1},
                                {"service", ENT_TYPE_SERVICE, -1},
                                {"up", ENT_TYPE_BOOL, -1},
                                {"latency", ENT_TYPE_DURATION, -1}};
    const prog_field changes[] = {{"at", ENT_TYPE_INSTANT, -1},
                                  {"service", ENT_TYPE_SERVICE, -1},
                                  {"event", ENT_TYPE_ENUM, change}};
    const prog_field visit[] = {
        {"at", ENT_TYPE_INSTANT, -1}, {"number", ENT_TYPE_TEXT, -1}, {"ticket", ENT_TYPE_TEXT, -1}};
    x->key_id = prog_key(x, T_ID, -1);
    x->key_service = prog_key(x, P_SERVICE, -1);
    x->key_visit = prog_key(x, V_TICKET, -1);
    x->key_party = prog_key(x, T_PARTY, -1);
    x->key_id_party = prog_key(x, T_ID, T_PARTY);
    x->key_change = prog_key(x, C_SERVICE, -1);
    prog_feed(x, "ticket", prog_fields(x, ticket, T_N), T_N, T_EVENT, T_PARTY, x->key_id, 0);
    prog_feed(x, "probe", prog_fields(x, probe, P_N), P_N, -1, -1, x->key_service, MINUTE_NS);
    prog_feed(x, "change", prog_fields(x, changes, C_N), C_N, C_EVENT, -1, x->key_change, 0);
    prog_feed(x, "visit", prog_fields(x, visit, V_N), V_N, -1, -1, prog_key(x, V_NUMBER, -1), 0);
}

static inline void prog_expect_slot(ent_kb *kb, int32_t reg, int64_t slot)
{
    if (ent_kb_output(kb, reg) != slot) {
        abort();
    }
}

static inline void prog_ticket_kernel(prog *x)
{
    static const int values[] = {T_VIP, T_COST, T_WEIGHT, T_SPENT, T_TRIES, T_SCORE, T_RATE};
    static const ent_class classes[] = {ENT_CLASS_B, ENT_CLASS_Q, ENT_CLASS_F, ENT_CLASS_I,
                                        ENT_CLASS_I, ENT_CLASS_I, ENT_CLASS_Q};
    int64_t at = x->place;
    ent_kb *kb = ent_kb_new(x->b, ENT_KERNEL_ROW, TICKET, at);
    int32_t event = ent_kb_input(kb, ENT_INPUT_FIELD, T_EVENT, ENT_CLASS_I, at);
    int32_t party = ent_kb_input(kb, ENT_INPUT_FIELD, T_PARTY, ENT_CLASS_I, at);
    int32_t before = ent_kb_input(kb, ENT_INPUT_PREVIOUS, T_PARTY, ENT_CLASS_I, at);
    int32_t is[N_EVENTS];
    for (int64_t k = 0; k < N_EVENTS; k++) {
        is[k] = ent_kb_op(kb, ENT_BC_EQ_I, event, ent_kb_const_i(kb, k, at), -1, 0, at);
        prog_expect_slot(kb, is[k], k);
    }
    for (int k = 0; k < 7; k++) {
        prog_expect_slot(kb, ent_kb_input(kb, ENT_INPUT_FIELD, values[k], classes[k], at),
                         S_VIP + k);
    }
    for (int k = 1; k < 7; k++) {
        int32_t value = ent_kb_input(kb, ENT_INPUT_FIELD, values[k], classes[k], at);
        prog_expect_slot(kb, ent_kb_op(kb, ENT_BC_IS_ABSENT, value, -1, -1, 0, at),
                         S_NO_COST + k - 1);
    }
    prog_expect_slot(kb, ent_kb_op(kb, ENT_BC_NE_I, party, before, -1, 0, at), S_PARTY_CHANGED);
    int32_t netco = ent_kb_op(kb, ENT_BC_EQ_I, party, ent_kb_const_i(kb, NETCO, at), -1, 0, at);
    prog_expect_slot(kb, ent_kb_op(kb, ENT_BC_AND, is[ASSIGNED], netco, -1, 0, at), S_FOR_NETCO);
    int32_t priority = ent_kb_input(kb, ENT_INPUT_FIELD, T_PRIORITY, ENT_CLASS_I, at);
    prog_expect_slot(kb, ent_kb_op(kb, ENT_BC_EQ_I, priority, ent_kb_const_i(kb, 0, at), -1, 0, at),
                     S_P1);
    x->b->feed.v[TICKET].row_kernel = prog_kernel(kb);
}

static inline void prog_kernels(prog *x)
{
    int64_t at = x->place;
    prog_ticket_kernel(x);
    ent_kb *kb = ent_kb_new(x->b, ENT_KERNEL_ROW, PROBE, at);
    int32_t up = ent_kb_input(kb, ENT_INPUT_FIELD, P_UP, ENT_CLASS_B, at);
    int32_t latency = ent_kb_input(kb, ENT_INPUT_FIELD, P_LATENCY, ENT_CLASS_I, at);
    int32_t service = ent_kb_input(kb, ENT_INPUT_FIELD, P_SERVICE, ENT_CLASS_I, at);
    prog_expect_slot(kb, up, PS_UP);
    prog_expect_slot(kb, latency, PS_LATENCY);
    prog_expect_slot(kb, ent_kb_op(kb, ENT_BC_IS_ABSENT, up, -1, -1, 0, at), PS_NO_UP);
    prog_expect_slot(kb, ent_kb_op(kb, ENT_BC_IS_ABSENT, latency, -1, -1, 0, at), PS_NO_LATENCY);
    prog_expect_slot(
        kb, ent_kb_op(kb, ENT_BC_EQ_I, service, ent_kb_const_i(kb, HOSTING, at), -1, 0, at),
        PS_HOSTING);
    x->b->feed.v[PROBE].row_kernel = prog_kernel(kb);
    kb = ent_kb_new(x->b, ENT_KERNEL_ROW, CHANGE, at);
    int32_t event = ent_kb_input(kb, ENT_INPUT_FIELD, C_EVENT, ENT_CLASS_I, at);
    for (int64_t k = 0; k < 2; k++) {
        prog_expect_slot(
            kb, ent_kb_op(kb, ENT_BC_EQ_I, event, ent_kb_const_i(kb, k, at), -1, 0, at), k);
    }
    x->b->feed.v[CHANGE].row_kernel = prog_kernel(kb);
    int64_t *measures[] = {[ENT_CLASS_I] = &x->measure_i,
                           [ENT_CLASS_F] = &x->measure_f,
                           [ENT_CLASS_Q] = &x->measure_q};
    for (int cls = ENT_CLASS_I; cls <= ENT_CLASS_Q; cls++) {
        kb = ent_kb_new(x->b, ENT_KERNEL_DECISION, -1, at);
        (void)ent_kb_output(kb, ent_kb_input(kb, ENT_INPUT_FOLD, 0, (ent_class)cls, at));
        *measures[cls] = prog_kernel(kb);
    }
}

static inline void prog_spans(prog *x)
{
    (void)ent_builder_add_span(x->b, (ent_span_row){prog_text(x, "hold"), prog_pattern(x, PENDED),
                                                    prog_pattern(x, RESUMED, RESOLVED), 1, ACME,
                                                    x->place});
    int64_t from = prog_pattern_of(x, CHANGE, x->key_change, (const int[]){CS_STARTED, -1});
    int64_t to = prog_pattern_of(x, CHANGE, x->key_change, (const int[]){CS_FINISHED, -1});
    (void)ent_builder_add_span(
        x->b, (ent_span_row){prog_text(x, "maintenance"), from, to, 1, -1, x->place});
}

/* World, feeds, spans, kernels; no agreement, no clause. */
static inline prog prog_new(void)
{
    prog x = {.b = ent_builder_new()};
    if (!x.b) {
        abort();
    }
    (void)ent_builder_add_source_file(
        x.b,
        (ent_source_file_row){prog_text(&x, "club.ent"), prog_text(&x, "framework Club {}\n")});
    x.place = ent_builder_add_place(x.b, (ent_place_row){0, 7, 3, 2});
    prog_world(&x);
    prog_feeds(&x);
    prog_kernels(&x);
    prog_spans(&x);
    return x;
}

/* --- clauses --- */

static inline int64_t prog_use(prog *x, int64_t calendar, int64_t span, int64_t feed, int64_t key,
                               int64_t at_most_ns)
{
    return ent_builder_add_spanuse(x->b, (ent_spanuse_row){calendar, span, span < 0 ? -1 : feed,
                                                           span < 0 ? 0 : key, span < 0 ? 0 : 1,
                                                           at_most_ns, x->place});
}

static inline int64_t prog_allow(prog *x, int64_t priority, int64_t ns, int64_t use)
{
    int64_t value = priority < 0 ? 0 : ent_builder_add_value(x->b, (ent_value_row){priority});
    return ent_builder_add_allow(x->b,
                                 (ent_allow_row){value, priority >= 0, ns, -1, use, x->place});
}

/* `HostCo must ticket.resolved when ticket.opened within 4h`, to be changed before it is added. */
static inline ent_duty_row prog_duty(prog *x, int64_t agreement)
{
    int64_t allow = prog_allow(x, -1, 4 * HOUR_NS, -1);
    return (ent_duty_row){.agreement = agreement,
                          .name = prog_text(x, "restore"),
                          .title = -1,
                          .party = HOSTCO,
                          .feed = TICKET,
                          .trigger = prog_pattern(x, OPENED),
                          .discharge = prog_pattern(x, RESOLVED),
                          .void_when = -1,
                          .undo_mode = ENT_UNDO_NONE,
                          .undo = -1,
                          .until = -1,
                          .counting = -1,
                          .allow_field = -1,
                          .first_allow = allow,
                          .n_allows = 1,
                          .excused_when = -1,
                          .warn = -1,
                          .outcome_feed = -1,
                          .credit = -1,
                          .doc = -1,
                          .place = x->place};
}

static inline ent_fold_row prog_fold(prog *x, int64_t kind, int64_t feed)
{
    return (ent_fold_row){.kind = kind,
                          .feed = feed,
                          .select = -1,
                          .test = -1,
                          .value = -1,
                          .absent = -1,
                          .sense = -1,
                          .service = -1,
                          .percent = -1,
                          .stale_ns = -1,
                          .span = -1,
                          .param = -1,
                          .place = x->place};
}

/* An objective over the fold that was added last: at least 0, each day, no subject. */
static inline ent_objective_row prog_objective(prog *x, int64_t agreement, const char *name,
                                               int64_t type)
{
    ent_class cls = ent_type_class((unsigned)type);
    int64_t target = cls == ENT_CLASS_F ? ent_builder_const_f(x->b, 0) : prog_ratio(x, 0, 1);
    return (ent_objective_row){.agreement = agreement,
                               .name = prog_text(x, name),
                               .title = -1,
                               .kernel = cls == ENT_CLASS_Q   ? x->measure_q
                                         : cls == ENT_CLASS_F ? x->measure_f
                                                              : x->measure_i,
                               .first_fold = (int64_t)x->b->fold.n - 1,
                               .n_folds = 1,
                               .type = type,
                               .param = -1,
                               .subject_field = -1,
                               .subject_param = -1,
                               .compare = ENT_CMP_AT_LEAST,
                               .target = target,
                               .target_text = prog_text(x, "0"),
                               .window = ENT_UNIT_DAY,
                               .rate_amount = -1,
                               .rate_per = -1,
                               .rate_max = -1,
                               .earn_back = -1,
                               .warn = -1,
                               .measured_by = -1,
                               .expected = -1,
                               .expected_text = -1,
                               .order = (int64_t)x->b->objective.n + 10,
                               .doc = -1,
                               .place = x->place};
}

/* The outcome feed of the duty, with the row kernel of the RS_ slots. */
static inline int64_t prog_outcomes(prog *x, int64_t duty)
{
    const prog_field fields[] = {
        {"at", ENT_TYPE_INSTANT, -1},       {"id", ENT_TYPE_TEXT, -1},
        {"due", ENT_TYPE_INSTANT, -1},      {"done", ENT_TYPE_INSTANT, -1},
        {"elapsed", ENT_TYPE_DURATION, -1}, {"allowed", ENT_TYPE_DURATION, -1},
        {"met", ENT_TYPE_BOOL, -1},         {"excused", ENT_TYPE_BOOL, -1},
        {"party", ENT_TYPE_PARTY, -1},      {"cost", ENT_TYPE_MONEY, prog_text(x, "GBP")},
        {"vip", ENT_TYPE_BOOL, -1}};
    int64_t at = x->place;
    int64_t feed = (int64_t)x->b->feed.n;
    prog_feed(x, "restore", prog_fields(x, fields, 11), 11, -1, -1, x->key_id, 0);
    x->b->feed.v[feed].kind = 1;
    x->b->feed.v[feed].duty = duty;
    ent_kb *kb = ent_kb_new(x->b, ENT_KERNEL_ROW, feed, at);
    prog_expect_slot(kb, ent_kb_input(kb, ENT_INPUT_FIELD, 6, ENT_CLASS_B, at), RS_MET);
    int32_t excused = ent_kb_input(kb, ENT_INPUT_FIELD, 7, ENT_CLASS_B, at);
    prog_expect_slot(kb, ent_kb_op(kb, ENT_BC_NOT, excused, -1, -1, 0, at), RS_COUNTS);
    prog_expect_slot(kb, ent_kb_input(kb, ENT_INPUT_FIELD, 4, ENT_CLASS_I, at), RS_ELAPSED);
    x->b->feed.v[feed].row_kernel = prog_kernel(kb);
    x->b->duty.v[duty].outcome_feed = feed;
    return feed;
}

/* Writes, loads, and frees the builder. */
static inline ent_image *prog_load(prog *x)
{
    ent_bytes bytes = {0};
    ent_load_error error = {0};
    ent_image *program = NULL;
    if (!ent_builder_write(x->b, &bytes, error.message, sizeof error.message) ||
        !ent_image_decode(bytes.p, bytes.n, &program, &error)) {
        fprintf(stderr, "program: %s\n", error.message);
        abort();
    }
    ent_bytes_deinit(&bytes);
    ent_builder_free(x->b);
    x->b = NULL;
    return program;
}

/* --- facts --- */

#define FACT_FIELDS 12
#define NO_VALUE INT64_MIN

typedef struct fact {
    int feed;
    int64_t at;
    char key[16], number[16];                /* texts: id, visit's ticket; visit's number */
    int64_t service, event, priority, party; /* NO_VALUE: absent */
    int64_t vip, up, latency_ns, spent_ns, tries, score;
    bool has_cost, has_weight, has_rate;
    ent_q cost, rate;
    double weight;
    int64_t line;
} fact;

typedef struct facts {
    fact *v;
    size_t n, capacity;
} facts;

static inline fact *facts_add(facts *all, int feed, int64_t at)
{
    if (all->n == all->capacity) {
        all->capacity = all->capacity ? all->capacity * 2 : 32;
        all->v = realloc(all->v, all->capacity * sizeof *all->v);
        if (!all->v) {
            abort();
        }
    }
    fact *f = &all->v[all->n++];
    *f = (fact){.feed = feed,
                .at = at,
                .service = NO_VALUE,
                .event = NO_VALUE,
                .priority = NO_VALUE,
                .party = NO_VALUE,
                .vip = NO_VALUE,
                .up = NO_VALUE,
                .latency_ns = NO_VALUE,
                .spent_ns = NO_VALUE,
                .tries = NO_VALUE,
                .score = NO_VALUE,
                .cost = {0, 1},
                .rate = {0, 1},
                .line = (int64_t)all->n};
    return f;
}

static inline int64_t word_in(const char *word, const char *const *words, int n)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(word, words[i]) == 0) {
            return i;
        }
    }
    return NO_VALUE;
}

/* One line: `MINUTE ID EVENT WORD...` of a ticket, WORD a priority, a party, `vip`, or `free`
 * (nobody and no priority); `MINUTE SERVICE up|down|unknown` of a probe; `MINUTE SERVICE
 * started|finished` of a change; `MINUTE NUMBER visits ID`.  `240+1ns` is a nanosecond past minute
 * 240. */
static inline void facts_line(facts *all, const char *line)
{
    char key[16];
    char verb[16];
    long long minute;
    int used;
    if (sscanf(line, " %lld%n", &minute, &used) != 1) {
        abort();
    }
    int64_t at = BASE_NS + minute * MINUTE_NS;
    line += used;
    if (*line == '+') {
        long long ns;
        if (sscanf(line, "+%lldns%n", &ns, &used) != 1) {
            abort();
        }
        at += ns;
        line += used;
    }
    if (sscanf(line, " %15s %15s%n", key, verb, &used) != 2) {
        abort();
    }
    line += used;
    int64_t service = word_in(key, prog_services, N_SERVICES);
    int64_t change = word_in(verb, prog_changes, 2);
    if (service != NO_VALUE) {
        fact *f = facts_add(all, change == NO_VALUE ? PROBE : CHANGE, at);
        f->service = service;
        f->event = change;
        f->up = verb[0] == 'u' && verb[1] == 'p' ? 1 : verb[0] == 'd' ? 0 : NO_VALUE;
        return;
    }
    if (strcmp(verb, "visits") == 0) {
        fact *f = facts_add(all, VISIT, at);
        memcpy(f->number, key, sizeof key);
        if (sscanf(line, " %15s", f->key) != 1) {
            abort();
        }
        return;
    }
    fact *f = facts_add(all, TICKET, at);
    memcpy(f->key, key, sizeof key);
    f->event = word_in(verb, prog_events, N_EVENTS);
    char word[16];
    while (sscanf(line, " %15s%n", word, &used) == 1) {
        line += used;
        int64_t priority = word_in(word, prog_priorities, 3);
        int64_t party = word_in(word, prog_parties, N_PARTIES);
        f->priority = priority == NO_VALUE ? f->priority : priority;
        f->party = party == NO_VALUE ? f->party : party;
        f->vip = strcmp(word, "vip") == 0 ? 1 : f->vip;
    }
}

/* Lines separated by `;`. */
static inline facts facts_of(const char *script)
{
    facts all = {0};
    while (*script) {
        char line[96];
        size_t n = strcspn(script, ";");
        if (n >= sizeof line) {
            abort();
        }
        memcpy(line, script, n);
        line[n] = 0;
        facts_line(&all, line);
        script += n + (script[n] == ';');
    }
    return all;
}

/* Pushes v[0..n), all of one feed; ahead of the engine, if `ahead` is not NULL. */
static inline bool facts_push_to(ent_engine *s, ent_ahead *ahead, const fact *v, size_t n, ent_fault *error)
{
    ent_vector columns[FACT_FIELDS];
    int64_t *ints = calloc(FACT_FIELDS * n + 1, sizeof *ints);
    ent_q *qs = calloc(2 * n + 1, sizeof *qs);
    double *fs = calloc(n + 1, sizeof *fs);
    uint8_t *bs = calloc(n + 1, 1);
    uint8_t *absent = calloc(FACT_FIELDS * n + 1, 1);
    int64_t *lines = calloc(n + 1, sizeof *lines);
    bool ok = ints && qs && fs && bs && absent && lines;
    for (size_t i = 0; ok && i < n; i++) {
        const fact *f = &v[i];
        ent_strings *strings = ent_engine_strings(s);
        int64_t key = f->key[0] ? ent_strings_intern(strings, f->key, strlen(f->key)) : NO_VALUE;
        int64_t number =
            f->number[0] ? ent_strings_intern(strings, f->number, strlen(f->number)) : NO_VALUE;
        int64_t ticket[FACT_FIELDS] = {f->at, key,         f->event, f->priority, f->party, 0,
                                       0,     f->spent_ns, f->tries, f->score,    0,        f->vip};
        int64_t probe[FACT_FIELDS] = {f->at, f->service, f->up, f->latency_ns};
        int64_t change[FACT_FIELDS] = {f->at, f->service, f->event};
        int64_t visit[FACT_FIELDS] = {f->at, number, key};
        const int64_t *row = f->feed == TICKET   ? ticket
                             : f->feed == PROBE  ? probe
                             : f->feed == CHANGE ? change
                                                 : visit;
        ok = key != -1 && number != -1;
        for (size_t k = 0; k < FACT_FIELDS; k++) {
            absent[k * n + i] = row[k] == NO_VALUE;
            ints[k * n + i] = row[k] == NO_VALUE ? 0 : row[k];
        }
        bs[i] = (uint8_t)(f->feed == TICKET ? f->vip == 1 : f->up == 1);
        lines[i] = f->line;
        if (f->feed == TICKET) {
            qs[i] = f->cost;
            qs[n + i] = f->rate;
            fs[i] = f->weight;
            absent[T_COST * n + i] = !f->has_cost;
            absent[T_RATE * n + i] = !f->has_rate;
            absent[T_WEIGHT * n + i] = !f->has_weight;
        }
    }
    for (size_t k = 0; k < FACT_FIELDS; k++) {
        columns[k] = (ent_vector){ENT_CLASS_I, ints + k * n, absent + k * n};
    }
    if (n > 0 && v[0].feed == TICKET) {
        columns[T_COST] = (ent_vector){ENT_CLASS_Q, qs, absent + T_COST * n};
        columns[T_RATE] = (ent_vector){ENT_CLASS_Q, qs + n, absent + T_RATE * n};
        columns[T_WEIGHT] = (ent_vector){ENT_CLASS_F, fs, absent + T_WEIGHT * n};
        columns[T_VIP] = (ent_vector){ENT_CLASS_B, bs, absent + T_VIP * n};
    } else if (n > 0 && v[0].feed == PROBE) {
        columns[P_UP] = (ent_vector){ENT_CLASS_B, bs, absent + P_UP * n};
    }
    if (!ok) {
        *error =
            (ent_fault){.code = ENT_FAULT_ENVIRONMENT, .place = -1, .message = "out of memory"};
    }
    const int64_t *origins = lines;
    if (ok && !ahead && n > 0 && n % 3 != 1) { /* as good as any others: where the session will keep them */
        void *rooms[FACT_FIELDS] = {0};
        int64_t *room;
        ok = ent_engine_room(s, v[0].feed, n, rooms, &room);
        if (!ok) {
            *error = (ent_fault){.code = ENT_FAULT_ENVIRONMENT, .place = -1, .message = "out of memory"};
        }
        for (size_t k = 0; ok && k < FACT_FIELDS; k++) {
            if (rooms[k]) {
                ent_class cls = columns[k].cls;
                size_t size = cls == ENT_CLASS_B ? 1 : cls == ENT_CLASS_Q ? sizeof(ent_q) : sizeof(int64_t);
                memcpy(rooms[k], columns[k].data, n * size);
                columns[k].data = rooms[k];
            }
        }
        origins = ok && room ? memcpy(room, lines, n * sizeof *room) : lines;
    }
    ok = ok && (n == 0 || (ahead ? ent_ahead_push(ahead, columns, n, origins, error)
                                 : ent_engine_push(s, v[0].feed, columns, n, origins, error)));
    free(ints);
    free(qs);
    free(fs);
    free(bs);
    free(absent);
    free(lines);
    return ok;
}

static inline bool facts_push(ent_engine *s, const fact *v, size_t n, ent_fault *error)
{
    return facts_push_to(s, NULL, v, n, error);
}
#endif
