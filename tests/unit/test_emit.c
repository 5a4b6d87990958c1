/* Lowering: small programs are compiled from text, loaded like a stranger's file and run.
 *
 * Expressions are tested as the `excused when` of a duty, whose slot of the row kernel says yes or
 * no for each row; folds, binds, figures and amounts by running their kernels on a few rows.  What
 * the instructions themselves compute is tested in test_vm.c, whole programs by the oracle's random
 * clubs; the listings of tests/golden/emit show the tables. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/check/check.h"
#include "compiler/emit/lower.h"
#include "compiler/syntax/parse.h"
#include "runtime/vm/vm.h"

#define HOUR INT64_C(3600000000000)

/* --- compiling --- */

static const char head[] =
    "framework Club \"A club\" version 1 effective from 2026-01-01 timezone \"Europe/London\"\n"
    "currency GBP {\n"
    "  client Acme  integrator Hub  provider Host \"Host Ltd\" alias \"Group 1\"  provider Net\n"
    "  service web by Host depends on lan  service lan by Net  service mail by Host\n"
    "}\n"
    "feed row {\n"
    "  at instant  id text key  event one of start, stop, note  n int  m int  x number\n"
    "  p decimal(2)  r ratio  c money GBP  d duration  t instant  k time  s text\n"
    "  e one of A, B, C  who party holder  svc service  up bool\n"
    "}\n"
    "feed probe sampled every 1m { at instant  service service key  up bool  latency duration }\n"
    "fn twice(v: int) -> int = v + v\n"
    "fn grade(v: int) -> int = if v > 10 then 1 else if v > 5 then 2 else 3\n"
    "span pause per row from row.note to row.stop\n"
    "calendar office timezone \"Europe/London\" open mon..fri 09:00..17:00\n";

/* The bytes of the program, or nothing and the reason: a diagnostic, or what lowering says. */
static bool build(const char *body, ent_bytes *bytes, char *reason, size_t size)
{
    ent_arena *arena = ent_arena_create(0);
    ent_sources *sources = ent_sources_create(arena);
    ent_diags *diags = ent_diags_new(arena, sources);
    uint32_t file = 0;
    char *text = ent_arena_printf(arena, "%s%s", head, body);
    assert_non_null(text);
    assert_true(ent_sources_add(sources, "test.ent", text, strlen(text), &file));
    ent_node *tree = ent_parse(arena, sources, file, diags);
    ent_check_options options = {0};
    ent_model *model = ent_check(arena, sources, diags, &tree, 1, 1, &options);
    ent_builder *b = ent_builder_new();
    ent_lower_error error = {.span = ENT_NO_SPAN};
    bool ok = false;
    if (ent_diags_error_count(diags) > 0) {
        ent_text shown = {0};
        ent_diags_render(diags, &shown, 0);
        (void)snprintf(reason, size, "%s", ent_text_str(&shown));
        ent_text_deinit(&shown);
    } else if (!ent_lower_model(model, b, &error)) {
        (void)snprintf(reason, size, "%s", error.message);
    } else {
        ok = ent_builder_write(b, bytes, reason, size);
    }
    ent_builder_free(b);
    ent_arena_destroy(arena);
    return ok;
}

typedef struct loaded {
    ent_image *p;
    ent_strings *strings;
    ent_vm *vm;
} loaded;

static loaded load(const char *body)
{
    char reason[4096] = "";
    ent_bytes bytes = {0};
    ent_load_error error = {{0}, 0};
    loaded l = {0};
    if (!build(body, &bytes, reason, sizeof reason)) {
        print_error("%s\n%s\n", body, reason);
        fail();
    }
    if (!ent_image_decode(bytes.p, bytes.n, &l.p, &error)) {
        print_error("%s\n%s\n", body, error.message);
        fail();
    }
    ent_bytes_deinit(&bytes);
    l.strings = ent_strings_new(l.p);
    l.vm = ent_vm_new(l.p, l.strings, NULL, 16, reason, sizeof reason);
    if (l.vm == NULL) {
        l.vm = ent_vm_new(l.p, l.strings, "/usr/share/zoneinfo", 16, reason, sizeof reason);
    }
    assert_non_null(l.vm);
    return l;
}

static void unload(loaded *l)
{
    ent_vm_free(l->vm);
    ent_strings_free(l->strings);
    ent_image_destroy(l->p);
}

/* --- rows of feed `row` and of feed `probe` --- */

enum { LANES = 4, FIELDS_MAX = 32, OUTPUTS_MAX = 64 };

typedef struct table {
    ent_vector columns[FIELDS_MAX]; /* by field */
    ent_vector before[FIELDS_MAX];
    unsigned char memory[2][FIELDS_MAX][LANES * sizeof(ent_q)];
    uint8_t absent[2][FIELDS_MAX][LANES];
    ent_vector out[OUTPUTS_MAX];
    const ent_lane_error *errors;
    uint32_t n_errors;
    const uint8_t *skipped;
} table;

static int64_t find_feed(const ent_image *p, const char *name)
{
    for (size_t i = 0; i < p->n_feed; i++) {
        if (strcmp(ent_image_text(p, p->feed[i].name), name) == 0) {
            return (int64_t)i;
        }
    }
    fail_msg("no feed %s", name);
    return -1;
}

static int64_t find_field(const ent_image *p, int64_t feed, const char *name)
{
    for (int64_t i = 0; i < p->feed[feed].n_fields; i++) {
        if (strcmp(ent_image_text(p, p->field[p->feed[feed].first_field + i].name), name) == 0) {
            return i;
        }
    }
    fail_msg("no field %s", name);
    return -1;
}

/* Everything absent, now and in the row before. */
static table *table_new(const ent_image *p, int64_t feed)
{
    table *t = calloc(1, sizeof *t);
    assert_non_null(t);
    for (int64_t i = 0; i < p->feed[feed].n_fields; i++) {
        ent_class cls = ent_type_class((unsigned)p->field[p->feed[feed].first_field + i].type);
        memset(t->absent[0][i], 1, LANES);
        memset(t->absent[1][i], 1, LANES);
        t->columns[i] = (ent_vector){cls, t->memory[0][i], t->absent[0][i]};
        t->before[i] = (ent_vector){cls, t->memory[1][i], t->absent[1][i]};
    }
    return t;
}

static void put(table *t, int64_t field, size_t lane, bool before, int64_t i, double f, ent_q q)
{
    ent_vector *c = before ? &t->before[field] : &t->columns[field];
    c->absent[lane] = 0;
    switch (c->cls) {
    case ENT_CLASS_B:
        ((uint8_t *)c->data)[lane] = i != 0;
        break;
    case ENT_CLASS_I:
        ((int64_t *)c->data)[lane] = i;
        break;
    case ENT_CLASS_F:
        ((double *)c->data)[lane] = f;
        break;
    case ENT_CLASS_Q:
        ((ent_q *)c->data)[lane] = q;
        break;
    }
}

static void put_i(const ent_image *p, table *t, int64_t feed, const char *field, size_t lane,
                  int64_t value)
{
    put(t, find_field(p, feed, field), lane, false, value, (double)value, ent_q_from_i64(value));
}

static void run_row_kernel(loaded *l, table *t, int64_t feed)
{
    const ent_image *p = l->p;
    assert_true(p->feed[feed].row_kernel >= 0);
    const ent_kernel_row *kernel = &p->kernel[p->feed[feed].row_kernel];
    ent_vector in[FIELDS_MAX * 2];
    for (int64_t i = 0; i < kernel->n_inputs; i++) {
        const ent_input_row *input = &p->input[kernel->first_input + i];
        in[i] =
            input->kind == ENT_INPUT_PREVIOUS ? t->before[input->index] : t->columns[input->index];
        assert_int_equal(p->field[p->feed[feed].first_field + input->index].used, 1);
    }
    assert_true(kernel->n_outputs <= OUTPUTS_MAX);
    assert_true(ent_vm_run(l->vm, p->feed[feed].row_kernel, in, LANES, t->out, &t->skipped,
                           &t->errors, &t->n_errors));
}

static bool slot_holds(const table *t, int64_t slot, size_t lane)
{
    assert_true(slot >= 0);
    const ent_vector *c = &t->out[slot];
    assert_int_equal(c->cls, ENT_CLASS_B);
    return ((const uint8_t *)c->data)[lane] != 0;
}

/* --- expressions --- */

enum { NO = 0, YES = 1, FAILS = 2 };

/* The row that the expressions are about. */
static void fill_row(const ent_image *p, table *t, int64_t feed)
{
    ent_q third = {1, 3};
    ent_q price = {2501, 2}; /* GBP 1250.50 */
    put_i(p, t, feed, "at", 0, 0);
    put_i(p, t, feed, "event", 0, 0);
    put_i(p, t, feed, "n", 0, 7);
    put_i(p, t, feed, "m", 0, -2);
    put(t, find_field(p, feed, "x"), 0, false, 0, 2.5, third);
    put_i(p, t, feed, "p", 0, 1234); /* 12.34 */
    put(t, find_field(p, feed, "r"), 0, false, 0, 0, third);
    put(t, find_field(p, feed, "c"), 0, false, 0, 0, price);
    put_i(p, t, feed, "d", 0, 90 * HOUR / 60);
    put_i(p, t, feed, "t", 0, INT64_C(1767225600000000000)); /* 2026-01-01T00:00:00Z */
    put_i(p, t, feed, "k", 0, 9 * HOUR);
    put_i(p, t, feed, "e", 0, 1);
    put_i(p, t, feed, "who", 0, 3);
    put_i(p, t, feed, "svc", 0, 1);
}

static const struct {
    const char *text;
    int expected;
} expressions[] = {
    {"true", YES},
    {"n == 7", YES},
    {"7 != n", NO},
    {"n > 6 and n >= 7 and n < 8 and n <= 7", YES},
    {"n + m == 5 and n - m == 9 and n * m == -14", YES},
    {"n / m == -3.5", YES},
    {"n / 3 > 2.3 and n / 3 < 2.34", YES},
    {"-n == -7", YES},
    {"n / (m + 2) > 0", NO},
    {"n / (m + 2) is absent", YES},
    {"x == 2.5 and x * 2 == 5 and -x < 0", YES},
    {"x + 0.5 > 2.99 and x - 0.5 == 2 and x / 2 == 1.25", YES},
    {"p == 12.34 and p > 12.3 and p + 0.66 == 13", YES},
    {"p * 2 == 24.68", YES},
    {"r < 33.4% and r > 33.3%", YES},
    {"r * 3 == 100% and r + r < 1", YES},
    {"c == GBP 1_250.50 and c * 2 > GBP 2_500", YES},
    {"c / GBP 500.20 == 2.5", YES},
    {"c + GBP 0.50 == GBP 1_251 and c / 2 == GBP 625.25", YES},
    {"d == 1h30m and d * 2 == 3h and d + 30m == 2h", YES},
    {"d * 50% == 45m and d / 3 == 30m and d / 1h == 1.5", YES},
    {"d * r == 30m", YES},
    {"t == 2026-01-01T00:00:00Z and t + 1d > t", YES},
    {"t - 2025-12-31T00:00:00Z == 24h", YES},
    {"t == 2026-01-01", YES},
    {"t < 2026-07-01 and 2026-07-01T00:00:00Z == 2026-07-01", NO},
    {"k == 09:00 and k < 17:30", YES},
    {"e == B and e != C", YES},
    {"e in {A, B}", YES},
    {"e in {A, C}", NO},
    {"not (e in {A, C})", YES},
    {"who == Net and svc == lan", YES},
    {"s is absent and n is not absent", YES},
    {"s == \"x\" or s != \"x\"", NO},
    {"not (s == \"x\")", YES},
    {"up", NO},
    {"not up", YES},
    {"changed(n)", YES},
    {"changed(m)", NO},
    {"changed(e)", YES},
    {"changed(s)", NO},
    {"changed(up)", YES},
    {"previous(n) == 6 and previous(e) is absent", YES},
    {"twice(n) == 14 and twice(twice(m)) == -8", YES},
    {"grade(n) == 2 and grade(m) == 3 and grade(twice(n)) == 1", YES},
    {"(if n > 6 then d else 1h) == 1h30m", YES},
    {"(if n > 9 then n / 0 else n / 7) == 1", YES},
    {"(match e { A -> 1  B or C -> 2 }) == 2", YES},
    {"(match n { 1 or 2 -> \"few\"  else -> \"many\" }) == \"many\"", YES},
    {"(match who { Host -> d * 2  else -> d * 3 }) == 4h30m", YES},
    {"abs(m) == 2 and min(n, m, 3) == -2 and max(n, m) == 7", YES},
    {"round(r, 2) == 0.33 and floor(r) == 0 and ceil(r) == 1", YES},
    {"number(n) == 7.0 and number(p) == 12.34 and number(r) < 0.34", YES},
    {"n + 9223372036854775807 > 0", FAILS},
    {"n == 8 and n + 9223372036854775807 > 0", NO},
    {"n == 7 or n + 9223372036854775807 > 0", YES},
    {"if n == 8 then n + 9223372036854775807 > 0 else true", YES},
    {"n == 7 and n + 9223372036854775807 > 0", FAILS},
};

static void test_expressions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {
        char body[1024];
        (void)snprintf(
            body, sizeof body,
            "sla S version 1 under Club between Host and Acme effective from 2026-01-01 {\n"
            "  duty q Host must row.stop when row.start within 1h\n"
            "    excused when %s\n}\n",
            expressions[i].text);
        loaded l = load(body);
        int64_t feed = find_feed(l.p, "row");
        table *t = table_new(l.p, feed);
        fill_row(l.p, t, feed);
        put(t, find_field(l.p, feed, "n"), 0, true, 6, 0, ent_q_from_i64(6));
        put(t, find_field(l.p, feed, "m"), 0, true, -2, 0, ent_q_from_i64(-2));
        put(t, find_field(l.p, feed, "up"), 0, true, 1, 0, ent_q_from_i64(1));
        run_row_kernel(&l, t, feed);
        int got = t->n_errors > 0 ? FAILS : slot_holds(t, l.p->duty[0].excused_when, 0) ? YES : NO;
        if (got != expressions[i].expected) {
            print_error("%s\n", expressions[i].text);
        }
        assert_int_equal(got, expressions[i].expected);
        free(t);
        unload(&l);
    }
}

/* --- folds --- */

static const char agreement[] =
    "sla S version 1 under Club between Host and Acme effective from 2026-01-01 {\n"
    "  charge GBP 1_000 per month\n%s\n}\n";

static loaded load_clauses(const char *clauses)
{
    char body[4096];
    (void)snprintf(body, sizeof body, agreement, clauses);
    return load(body);
}

static void test_folds(void **state)
{
    (void)state;
    loaded l = load_clauses(
        "objective a share of probe where up and service == web at least 99% each month\n"
        "  missing counts as down\n"
        "objective b average of probe.latency where latency > 10ms and up at most 1s each month\n"
        "  missing is ignored\n"
        "objective c count of row.start where svc == web at most 5 each month\n"
        "objective d share of probe where latency is absent or latency < 1s at least 1% each "
        "month\n"
        "  missing is ignored");
    int64_t feed = find_feed(l.p, "probe");
    table *t = table_new(l.p, feed);
    /* lane 0: web, up, 20ms; 1: web, `up` absent; 2: lan, up, no latency; 3: web, down, 5ms */
    const int64_t services[] = {0, 0, 1, 0};
    for (size_t i = 0; i < LANES; i++) {
        put_i(l.p, t, feed, "service", i, services[i]);
    }
    put_i(l.p, t, feed, "up", 0, 1);
    put_i(l.p, t, feed, "up", 2, 1);
    put_i(l.p, t, feed, "up", 3, 0);
    put_i(l.p, t, feed, "latency", 0, 20000000);
    put_i(l.p, t, feed, "latency", 1, 20000000);
    put_i(l.p, t, feed, "latency", 3, 5000000);
    run_row_kernel(&l, t, feed);
    assert_int_equal(t->n_errors, 0);
    static const int expected[3][3][LANES] = {
        /* select, test, absent */
        {{1, 1, 0, 1}, {1, 0, 1, 0}, {0, 1, 0, 0}},
        {{1, 1, 1, 0}, {-1, -1, -1, -1}, {0, 1, 1, 0}},
        {{-1, -1, -1, -1}, {1, 1, 1, 1}, {-1, -1, -1, -1}},
    };
    static const size_t of[] = {0, 1, 3};
    for (size_t k = 0; k < 3; k++) {
        const ent_fold_row *fold = &l.p->fold[l.p->objective[of[k]].first_fold];
        const int64_t slots[] = {fold->select, fold->test, fold->absent};
        for (size_t s = 0; s < 3; s++) {
            for (size_t i = 0; i < LANES; i++) {
                int got = slots[s] < 0 ? -1 : (int)slot_holds(t, slots[s], i);
                assert_int_equal(got, expected[k][s][i]);
            }
        }
    }
    free(t);
    unload(&l);
}

/* An objective over one key of a sampled feed has that key as its subject, though it names none. */
static void test_subjects(void **state)
{
    (void)state;
    loaded l = load_clauses(
        "measure availability per service share of probe where up\n"
        "measure slow per id count of row where d > 1h\n"
        "objective a share of probe where up and service == lan at least 99% each month\n"
        "  missing counts as down\n"
        "objective b availability(mail) at least 99% each month missing counts as down\n"
        "objective c availability at least 99% each month missing counts as down\n"
        "objective d slow at most 3 each month\n"
        "objective e count of probe where service == web at most 3 each month\n"
        "  missing is ignored");
    const ent_image *p = l.p;
    static const struct {
        int64_t subject, named, n_values, value, n_groups, type;
    } expected[] = {{1, 0, 1, 1, 1, ENT_TYPE_SERVICE},
                    {1, 1, 1, 2, 1, ENT_TYPE_SERVICE},
                    {1, 1, 2, 0, 1, ENT_TYPE_SERVICE},
                    {2, 1, 0, 0, 1, ENT_TYPE_TEXT},
                    {1, 0, 1, 0, 1, ENT_TYPE_SERVICE}};
    for (size_t i = 0; i < 5; i++) {
        const ent_objective_row *o = &p->objective[i];
        assert_int_equal(o->subject, expected[i].subject);
        assert_int_equal(o->subject_field >= 0, expected[i].named);
        assert_int_equal(o->n_values, expected[i].n_values);
        assert_int_equal(o->subject_type, expected[i].type);
        assert_int_equal(p->fold[o->first_fold].n_groups, expected[i].n_groups);
        if (o->n_values > 0) {
            assert_int_equal(p->value[o->first_value].value, expected[i].value);
        }
    }
    unload(&l);
}

/* --- figures and amounts --- */

static void fold_figure(const ent_image *p, int64_t kernel, const ent_constant *folds,
                        uint8_t *absent, ent_vector *in)
{
    const ent_kernel_row *row = &p->kernel[kernel];
    for (int64_t i = 0; i < row->n_inputs; i++) {
        const ent_input_row *input = &p->input[row->first_input + i];
        assert_int_equal(input->kind, ENT_INPUT_FOLD);
        assert_int_equal(input->cls, folds[input->index].cls);
        in[i] = (ent_vector){(ent_class)input->cls, (void *)(uintptr_t)&folds[input->index].v,
                             absent[input->index] ? &absent[input->index] : NULL};
    }
}

static ent_vector run_figure(loaded *l, size_t objective, const ent_constant *folds,
                             uint8_t *absent)
{
    ent_vector in[8];
    ent_vector out;
    const ent_lane_error *errors;
    uint32_t n_errors = 0;
    int64_t kernel = l->p->objective[objective].kernel;
    fold_figure(l->p, kernel, folds, absent, in);
    assert_true(ent_vm_run(l->vm, kernel, in, 1, &out, NULL, &errors, &n_errors));
    assert_int_equal(n_errors, 0);
    return out;
}

static ent_constant figure_i(int64_t i)
{
    return (ent_constant){.cls = ENT_CLASS_I, .v.i = i};
}

static ent_constant figure_q(int64_t n, int64_t d)
{
    ent_constant c = {.cls = ENT_CLASS_Q};
    assert_true(ent_q_make(n, d, &c.v.q));
    return c;
}

static void assert_q(const ent_vector *out, int64_t n, int64_t d)
{
    ent_constant c = figure_q(n, d);
    assert_int_equal(out->cls, ENT_CLASS_Q);
    assert_true(out->absent == NULL || !out->absent[0]);
    assert_int_equal(ent_q_cmp(*(const ent_q *)out->data, c.v.q), 0);
}

static void test_figures(void **state)
{
    (void)state;
    loaded l = load_clauses(
        "objective a (count of row.stop) / (count of row.start) at least 90% each month\n"
        "objective b average of row.d + 1h at most 4h each month\n"
        "objective c (if count of row > 10 then average of row.d * 2 else sum of row.d) at most 4h "
        "each month\n"
        "objective d (sum of row.p + 1.5) at most 100.25 each month\n"
        "objective e maximum of row.x at most 2.5 each month\n"
        "objective f 1 - (share of row where up) at most 5% each month\n"
        "objective g average of row.n at most 2.5 each month\n"
        "objective h sum of row.c at most GBP 100 each month");
    uint8_t none[4] = {0};
    uint8_t first[4] = {1};
    ent_vector out = run_figure(&l, 0, (ent_constant[]){figure_i(3), figure_i(4)}, none);
    assert_q(&out, 3, 4);
    out = run_figure(&l, 0, (ent_constant[]){figure_i(0), figure_i(0)}, none);
    assert_true(out.absent != NULL && out.absent[0]);
    /* averages stay exact although durations are whole nanoseconds elsewhere */
    out = run_figure(&l, 1, (ent_constant[]){figure_q(1, 3)}, none);
    assert_q(&out, 3 * HOUR + 1, 3);
    out = run_figure(&l, 2, (ent_constant[]){figure_i(11), figure_q(1, 3), figure_i(5)}, none);
    assert_q(&out, 2, 3);
    out = run_figure(&l, 2, (ent_constant[]){figure_i(10), figure_q(1, 3), figure_i(5)}, none);
    assert_q(&out, 5, 1);
    out = run_figure(&l, 3, (ent_constant[]){figure_i(250)}, none);
    assert_int_equal(out.cls, ENT_CLASS_I);
    assert_int_equal(*(const int64_t *)out.data, 400);
    assert_int_equal(l.p->objective[3].type, ENT_TYPE_DECIMAL);
    ent_constant number = {.cls = ENT_CLASS_F, .v.f = 2.25};
    out = run_figure(&l, 4, &number, none);
    assert_true(*(const double *)out.data == 2.25);
    assert_int_equal(l.p->constants[l.p->objective[4].target].cls, ENT_CLASS_F);
    out = run_figure(&l, 5, (ent_constant[]){figure_q(9, 10)}, none);
    assert_q(&out, 1, 10);
    out = run_figure(&l, 6, (ent_constant[]){figure_q(5, 2)}, first);
    assert_true(out.absent != NULL && out.absent[0]);
    out = run_figure(&l, 7, (ent_constant[]){figure_q(5, 2)}, none);
    assert_q(&out, 5, 2);
    unload(&l);
}

/* Targets, bounds and rates are in real units whatever holds the measure. */
static void test_constants(void **state)
{
    (void)state;
    loaded l = load_clauses(
        "objective a sum of row.p at most 100.25 each month\n"
        "objective b percentile 95 of row.d at most 90m each month\n"
        "  credit none when at most 90m, GBP 5 when at most 2h, 10% of charge otherwise\n"
        "objective c share of row where up at least 99.9% each month\n"
        "  credit 2% of charge per 0.5% below, at most 10% of charge\n"
        "objective d count of row at most 3 each month");
    const ent_image *p = l.p;
    static const int64_t targets[4][2] = {{401, 4}, {90 * HOUR / 60, 1}, {999, 1000}, {3, 1}};
    for (size_t i = 0; i < 4; i++) {
        const ent_constant *c = &p->constants[p->objective[i].target];
        ent_constant want = figure_q(targets[i][0], targets[i][1]);
        assert_int_equal(c->cls, ENT_CLASS_Q);
        assert_int_equal(ent_q_cmp(c->v.q, want.v.q), 0);
    }
    ent_constant percent = figure_q(19, 20);
    assert_int_equal(
        ent_q_cmp(p->constants[p->fold[p->objective[1].first_fold].percent].v.q, percent.v.q), 0);
    const ent_step_row *steps = &p->step[p->objective[1].first_step];
    assert_int_equal(p->objective[1].n_steps, 3);
    assert_int_equal(p->amount[steps[0].amount].kind, 0);
    assert_int_equal(p->amount[steps[1].amount].kind, 2);
    assert_int_equal(p->amount[steps[2].amount].kind, 1);
    assert_int_equal(steps[2].bound, -1);
    ent_constant bound = figure_q(2 * HOUR, 1);
    assert_int_equal(ent_q_cmp(p->constants[steps[1].bound].v.q, bound.v.q), 0);
    ent_constant per = figure_q(1, 200);
    assert_int_equal(ent_q_cmp(p->constants[p->objective[2].rate_per].v.q, per.v.q), 0);
    assert_true(p->objective[2].rate_amount >= 0 && p->objective[2].rate_max >= 0);
    unload(&l);
}

/* Amounts that are computed read the charge and the figure, both as exact ratios. */
static void test_amounts(void **state)
{
    (void)state;
    loaded l = load_clauses(
        "fn fee(late: int) -> money GBP = if late > 5 then GBP 50 * late else GBP 10\n"
        "objective a count of row at most 3 each month\n"
        "  credit none when at most 3, fee(figure) when at most 10, (charge / 4) otherwise\n"
        "objective b share of row where up at least 90% each month\n"
        "  credit none when at least 90%, ((90% - figure) / 2) otherwise\n"
        "objective c average of row.d at most 1h each month\n"
        "  credit none when at most 1h, (GBP 1 * (figure / 1h)) otherwise");
    const ent_image *p = l.p;
    static const struct {
        size_t objective, step;
        int64_t figure[2], expected[2];
        bool ratio;
    } cases[] = {{0, 1, {7, 1}, {350, 1}, false},
                 {0, 1, {4, 1}, {10, 1}, false},
                 {0, 2, {11, 1}, {250, 1}, false},
                 {1, 1, {4, 5}, {1, 20}, true},
                 {2, 1, {5 * HOUR, 2}, {5, 2}, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t step = p->objective[cases[i].objective].first_step + (int64_t)cases[i].step;
        const ent_amount_row *amount = &p->amount[p->step[step].amount];
        assert_int_equal(amount->kind, 3);
        assert_int_equal(amount->kernel_ratio, cases[i].ratio);
        const ent_kernel_row *kernel = &p->kernel[amount->kernel];
        ent_constant values[2] = {figure_q(1000, 1),
                                  figure_q(cases[i].figure[0], cases[i].figure[1])};
        ent_vector in[2];
        ent_vector out;
        for (int64_t k = 0; k < kernel->n_inputs; k++) {
            const ent_input_row *input = &p->input[kernel->first_input + k];
            in[k] = (ent_vector){ENT_CLASS_Q, &values[input->kind == ENT_INPUT_MEASURE].v, NULL};
        }
        const ent_lane_error *errors;
        uint32_t n_errors = 0;
        assert_true(ent_vm_run(l.vm, amount->kernel, in, 1, &out, NULL, &errors, &n_errors));
        assert_int_equal(n_errors, 0);
        assert_q(&out, cases[i].expected[0], cases[i].expected[1]);
    }
    unload(&l);
}

/* --- binds --- */

static const char bind[] =
    "bind row from csv\n"
    "  at = parse_time(opened, \"%d/%m/%Y %H:%M\", \"Europe/London\")\n"
    "  id = number\n"
    "  event = match state { \"New\" -> start  \"Done\" or \"Closed\" -> stop  else -> skip }\n"
    "  n = int(count) * 2\n"
    "  m = unread\n"
    "  e = match grade { \"a\" -> A  \"b\" -> B }\n"
    "  who = lookup(grp)\n"
    "  p = decimal(price, 2)\n"
    "  s = lower(trim(note))\n"
    "  x = number(never)\n"
    "sla S version 1 under Club between Host and Acme effective from 2026-01-01 {\n"
    "  duty q Host must row.stop when row.start where n > 0 and e == A and p > 1 and s == \"x\" "
    "within 1h\n"
    "}\n";

static void put_text(loaded *l, ent_vector *columns, int64_t column, size_t lane, const char *text)
{
    columns[column].absent[lane] = text == NULL;
    if (text != NULL) {
        ((int64_t *)columns[column].data)[lane] =
            ent_strings_intern(l->strings, text, strlen(text));
    }
}

static int64_t column_of(const ent_image *p, const char *name)
{
    for (int64_t i = 0; i < p->bind[0].n_columns; i++) {
        if (strcmp(ent_image_text(p, p->column[p->bind[0].first_column + i].name), name) == 0) {
            return i;
        }
    }
    return -1;
}

static int64_t bound_i(const loaded *l, const ent_vector *out, const char *field, size_t lane,
                       bool *absent)
{
    const ent_image *p = l->p;
    int64_t index = find_field(p, 0, field);
    for (int64_t i = 0; i < p->bind[0].n_bounds; i++) {
        const ent_bound_row *b = &p->bound[p->bind[0].first_bound + i];
        if (b->field == index) {
            *absent = out[b->output].absent != NULL && out[b->output].absent[lane];
            return ((const int64_t *)out[b->output].data)[lane];
        }
    }
    fail_msg("%s is not bound", field);
    return 0;
}

static void test_bind(void **state)
{
    (void)state;
    loaded l = load(bind);
    const ent_image *p = l.p;
    const ent_kernel_row *kernel = &p->kernel[p->bind[0].kernel];
    static const char *const cells[LANES][7] = {
        /* opened, state, count, grade, grp, price, note */
        {"01/07/2026 10:00", "New", "21", "a", "Group 1", "12.5", " X "},
        {"01/07/2026 10:00", "Other", "nonsense", "z", "nobody", "1", "x"},
        {"01/01/2026 10:00", "Closed", "1", "z", "Host Ltd", NULL, NULL},
        {"01/01/2026 10:00", NULL, "1", NULL, NULL, NULL, NULL}};
    static const char *const names[] = {"opened", "state", "count", "grade",
                                        "grp",    "price", "note"};
    ent_vector columns[16];
    int64_t data[16][LANES];
    uint8_t absent[16][LANES];
    memset(data, 0, sizeof data);
    memset(absent, 1, sizeof absent);
    for (size_t c = 0; c < 16; c++) {
        columns[c] = (ent_vector){ENT_CLASS_I, data[c], absent[c]};
    }
    for (size_t c = 0; c < 7; c++) {
        assert_true(column_of(p, names[c]) >= 0);
        assert_int_equal(p->column[p->bind[0].first_column + column_of(p, names[c])].field, -1);
        for (size_t i = 0; i < LANES; i++) {
            put_text(&l, columns, column_of(p, names[c]), i, cells[i][c]);
        }
    }
    /* read by nobody, directly read, and an unused field */
    assert_int_equal(column_of(p, "never"), -1);
    assert_int_equal(p->column[p->bind[0].first_column + column_of(p, "number")].field,
                     find_field(p, 0, "id"));
    assert_int_equal(p->field[find_field(p, 0, "m")].used, 0);
    ent_vector in[16];
    for (int64_t i = 0; i < kernel->n_inputs; i++) {
        in[i] = columns[p->input[kernel->first_input + i].index];
    }
    ent_vector out[16];
    const uint8_t *skipped = NULL;
    const ent_lane_error *errors = NULL;
    uint32_t n_errors = 0;
    assert_true(ent_vm_run(l.vm, p->bind[0].kernel, in, LANES, out, &skipped, &errors, &n_errors));
    assert_non_null(skipped);
    assert_memory_equal(skipped, ((uint8_t[]){0, 1, 0, 1}), LANES);
    /* the row that is left out is nobody's mistake, the unlisted grade of the third is */
    assert_int_equal(n_errors, 1);
    assert_int_equal(errors[0].lane, 2);
    assert_non_null(strstr(errors[0].message, "expected one of \"a\", \"b\""));
    bool none = true;
    assert_int_equal(bound_i(&l, out, "n", 0, &none), 42);
    assert_int_equal(bound_i(&l, out, "at", 0, &none), INT64_C(1782896400000000000)); /* 09:00Z */
    assert_int_equal(bound_i(&l, out, "event", 0, &none), 0);
    assert_int_equal(bound_i(&l, out, "event", 2, &none), 1);
    assert_int_equal(bound_i(&l, out, "who", 0, &none), 2);
    assert_int_equal(bound_i(&l, out, "p", 0, &none), 1250);
    assert_int_equal(bound_i(&l, out, "s", 0, &none), ent_strings_find(l.strings, "x", 1));
    assert_false(none);
    (void)bound_i(&l, out, "s", 2, &none);
    assert_true(none);
    unload(&l);
}

/* --- duties --- */

static void test_duties(void **state)
{
    (void)state;
    loaded l = load_clauses("duty q Host must row.stop when row.start or (row.note where up)\n"
                            "  within 2h for A, 4h of office for B or C\n"
                            "  following e  pausing during pause  excused during office\n"
                            "  warn at 75%\n"
                            "duty z Host must row.stop when row.start within (d * 2)\n"
                            "objective o share of z where met at least 90% each month");
    const ent_image *p = l.p;
    const ent_duty_row *q = &p->duty[0];
    assert_int_equal(q->n_allows, 2);
    const ent_allow_row *allow = &p->allow[q->first_allow];
    assert_int_equal(allow[0].ns, 2 * HOUR);
    assert_int_equal(allow[0].use, -1);
    assert_int_equal(allow[1].n_values, 2);
    assert_int_equal(p->value[allow[1].first_value].value, 1);
    assert_int_equal(p->value[allow[1].first_value + 1].value, 2);
    assert_true(p->spanuse[allow[1].use].calendar >= 0);
    assert_int_equal(q->following, 1);
    assert_int_equal(q->outcome_feed, -1);
    const ent_spanuse_row *pause = &p->spanuse[q->first_pause];
    assert_int_equal(pause->feed, find_feed(p, "row"));
    assert_int_equal(pause->n_keys, 1);
    assert_int_equal(p->keyfield[pause->first_key].field, find_field(p, 0, "id"));
    const ent_duty_row *z = &p->duty[1];
    assert_int_equal(p->allow[z->first_allow].ns, -1);
    assert_true(z->outcome_feed >= 0);
    const ent_feed_row *outcomes = &p->feed[z->outcome_feed];
    assert_int_equal(outcomes->kind, 1);
    assert_int_equal(outcomes->duty, 1);
    static const char *const fields[] = {"at",      "id",      "due", "done",
                                         "elapsed", "allowed", "met", "excused"};
    for (int64_t i = 0; i < 8; i++) {
        assert_int_equal(find_field(p, z->outcome_feed, fields[i]), i);
    }
    /* the allowance is computed on trigger rows only */
    table *t = table_new(p, 0);
    for (size_t i = 0; i < LANES; i++) {
        put_i(p, t, 0, "event", i, i == 0 ? 0 : 1);
        put_i(p, t, 0, "d", i, i == 0 ? HOUR : INT64_MAX);
    }
    run_row_kernel(&l, t, 0);
    assert_int_equal(t->n_errors, 0);
    assert_int_equal(((const int64_t *)t->out[p->allow[z->first_allow].slot].data)[0], 2 * HOUR);
    free(t);
    unload(&l);
}

/* --- what is refused, and what is the same --- */

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *body, *reason;
    } cases[] = {
        {"extern fn f(a: int, b: int, c: int, d: int, e: int, f: int, g: int, h: int, i: int, j: int) -> int from \"host\"\n"
         "sla S version 1 under Club between Host and Acme effective from 2026-01-01 {\n"
         "  duty q Host must row.stop when row.start within 1h excused when f(n, n, n, n, n, n, n, n, n, n) > 1 }",
         "1 to 9 parameters"},
        {"extern fn f(a: int) -> ratio from \"host\"\n"
         "sla S version 1 under Club between Host and Acme effective from 2026-01-01 {\n"
         "  duty q Host must row.stop when row.start within 1h excused when f(n) > 1% }",
         "C has no type for what `f` gives"},
        {"extern fn f(a: ratio) -> int from \"host\"\n"
         "sla S version 1 under Club between Host and Acme effective from 2026-01-01 {\n"
         "  duty q Host must row.stop when row.start within 1h excused when f(1%) > 1 }",
         "C has no type for the parameter `a`"},
        {"fn f0(v: int) -> int = v + v\nfn f1(v: int) -> int = f0(f0(v)) + f0(v + 1)\n"
         "fn f2(v: int) -> int = f1(f1(v)) + f1(v + 1)\nfn f3(v: int) -> int = f2(f2(v)) + f2(v + "
         "1)\n"
         "fn f4(v: int) -> int = f3(f3(v)) + f3(v + 1)\nfn f5(v: int) -> int = f4(f4(v)) + f4(v + "
         "1)\n"
         "fn f6(v: int) -> int = f5(f5(v)) + f5(v + 1)\nfn f7(v: int) -> int = f6(f6(v)) + f6(v + "
         "1)\n"
         "fn f8(v: int) -> int = f7(f7(v)) + f7(v + 1)\nfn f9(v: int) -> int = f8(f8(v)) + f8(v + "
         "1)\n"
         "fn g0(v: int) -> int = f9(f9(v)) + f9(v + 1)\nfn g1(v: int) -> int = g0(g0(v)) + g0(v + "
         "1)\n"
         "fn g2(v: int) -> int = g1(g1(v)) + g1(v + 1)\nfn g3(v: int) -> int = g2(g2(v)) + g2(v + "
         "1)\n"
         "sla S version 1 under Club between Host and Acme effective from 2026-01-01 {\n"
         "  duty q Host must row.stop when row.start within 1h excused when g3(n) > 1 }",
         "too"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ent_bytes bytes = {0};
        char reason[4096] = "";
        assert_false(build(cases[i].body, &bytes, reason, sizeof reason));
        if (strstr(reason, cases[i].reason) == NULL || strstr(reason, "error[") != NULL) {
            print_error("%s\n", reason);
            fail();
        }
        ent_bytes_deinit(&bytes);
    }
}

static void test_same_bytes(void **state)
{
    (void)state;
    char reason[256];
    ent_bytes a = {0};
    ent_bytes b = {0};
    assert_true(build(bind, &a, reason, sizeof reason));
    assert_true(build(bind, &b, reason, sizeof reason));
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, a.n);
    ent_bytes_deinit(&a);
    ent_bytes_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions), cmocka_unit_test(test_folds),
        cmocka_unit_test(test_subjects),    cmocka_unit_test(test_figures),
        cmocka_unit_test(test_constants),   cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_bind),        cmocka_unit_test(test_duties),
        cmocka_unit_test(test_refusals),    cmocka_unit_test(test_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
