/* The interpreter against a naive one that runs one lane at a time with plain control flow: every
 * instruction on present, absent, selected and failing lanes, and random kernels with nested
 * branches; for 1, 7 and 2048 lanes, with computed goto and with the switch, in one batch and lane
 * by lane. Also the interned texts and the kernel builder.  Seeds are fixed and printed on failure.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/vm/vm_internal.h"
#include "tests/unit/naive_vm.h"
#include "tests/unit/program_fixture.h"

/* The same interpreter, built without the extension. */
bool switch_dispatch(ent_vm *vm, ent_vm_kernel *kernel);
#undef ENT_HAS_COMPUTED_GOTO
#define ENT_HAS_COMPUTED_GOTO 0
#define ENT_VM_DISPATCH switch_dispatch
#include "runtime/vm/vm_run.c"

enum { LANES = 2048, INPUTS = 8 };

/* --- columns --- */

typedef struct columns {
    ent_vector column[INPUTS];
    size_t n;
} columns;

static uint64_t seed_state;

static uint64_t random64(void)
{
    seed_state ^= seed_state << 13;
    seed_state ^= seed_state >> 7;
    seed_state ^= seed_state << 17;
    return seed_state;
}

static int64_t random_integer(void)
{
    static const int64_t edges[] = {
        0, 1, -1, 2, 10, INT64_MAX, INT64_MIN, INT64_MAX - 1, 3, 86400000000000};
    uint64_t r = random64();
    return r % 4 == 0   ? (int64_t)random64()
           : r % 4 == 1 ? (int64_t)(r / 4 % 7) - 3
                        : edges[r / 4 % (sizeof edges / sizeof edges[0])];
}

static double random_number(void)
{
    static const double edges[] = {0.0, -0.0, 1.0, -1.5, 1e308, -1e308, 5e-324, 0.1, 1e18, 3.0};
    return edges[random64() % (sizeof edges / sizeof edges[0])];
}

static ent_q random_ratio(void)
{
    static const int64_t parts[] = {0, 1, -1, 2, 3, 7, 999, 1000, INT64_MAX, -INT64_MAX};
    ent_q q = {0, 1};
    uint64_t r = random64();
    int64_t den = parts[r / 16 % 10];
    (void)ent_q_make(parts[r % 10], den == 0 ? 1 : den, &q);
    if (r % 5 == 0) { /* near the limit of what fits */
        (void)ent_q_mul(q, (ent_q){ENT_I128_MAX / 3, 1}, &q);
    }
    return q;
}

static const char *const texts[] = {"true",
                                    "Down",
                                    "0",
                                    "12",
                                    "-7",
                                    "1.25",
                                    "1e3",
                                    "50%",
                                    "1/3",
                                    "GBP 12.50",
                                    "9.99",
                                    "EUR 1",
                                    "90s",
                                    "PT1H",
                                    "2026-01-05T09:00:00Z",
                                    "05/01/2026 09:30",
                                    "31/02/2026 09:30",
                                    "opened",
                                    "resolved",
                                    "HostCo",
                                    "HostCo Cloud Ltd",
                                    "Group 12",
                                    "hosting",
                                    "network",
                                    "09:30",
                                    "24:01",
                                    "",
                                    " x y ",
                                    "ABC",
                                    "abc",
                                    "b",
                                    "99999999999999999999",
                                    "1e999",
                                    "Opened"};
enum { N_TEXTS = sizeof texts / sizeof texts[0] };
static int64_t text_ids[N_TEXTS];

static void fill(ent_vector *c, uint32_t lane, bool text, unsigned absent_in)
{
    bool absent = absent_in != 0 && random64() % absent_in == 0;
    if (c->absent != NULL) {
        c->absent[lane] = absent;
    }
    absent = absent && c->absent != NULL;
    switch (c->cls) {
    case ENT_CLASS_B:
        ((uint8_t *)c->data)[lane] = !absent && random64() % 2;
        break;
    case ENT_CLASS_I:
        ((int64_t *)c->data)[lane] = absent ? 0
                                     : text ? text_ids[random64() % N_TEXTS]
                                            : random_integer();
        break;
    case ENT_CLASS_F:
        ((double *)c->data)[lane] = absent ? 0.0 : random_number();
        break;
    case ENT_CLASS_Q:
        ((ent_q *)c->data)[lane] = absent ? (ent_q){0, 1} : random_ratio();
        break;
    }
}

static void columns_make(columns *c, const ent_image *p, int64_t kernel, bool text,
                         unsigned absent_in, bool masks)
{
    const ent_kernel_row *row = &p->kernel[kernel];
    c->n = (size_t)row->n_inputs;
    assert_true(c->n <= INPUTS);
    for (size_t k = 0; k < c->n; k++) {
        ent_vector *column = &c->column[k];
        column->cls = (ent_class)p->input[row->first_input + (int64_t)k].cls;
        column->data = aligned_alloc(16, LANES * ent_vm_class_bytes(column->cls));
        column->absent = masks ? calloc(LANES, 1) : NULL;
        assert_non_null(column->data);
        for (uint32_t i = 0; i < LANES; i++) {
            fill(column, i, text, absent_in);
        }
    }
}

static void columns_free(columns *c)
{
    for (size_t k = 0; k < c->n; k++) {
        free(c->column[k].data);
        free(c->column[k].absent);
    }
}

static naive_value value_at(const ent_vector *c, uint32_t lane)
{
    naive_value v = {.absent = c->absent != NULL && c->absent[lane]};
    size_t size = ent_vm_class_bytes(c->cls);
    memcpy(&v.v, (const char *)c->data + size * lane, size);
    return v;
}

static ent_vector column_from(const ent_vector *c, uint32_t lane)
{
    return (ent_vector){c->cls, (char *)c->data + ent_vm_class_bytes(c->cls) * lane,
                        c->absent == NULL ? NULL : c->absent + lane};
}

static bool datum_is_zero(const ent_vector *c, uint32_t lane)
{
    switch (c->cls) {
    case ENT_CLASS_B:
        return ((const uint8_t *)c->data)[lane] == 0;
    case ENT_CLASS_I:
        return ((const int64_t *)c->data)[lane] == 0;
    case ENT_CLASS_F:
        return ((const double *)c->data)[lane] == 0 && !signbit(((const double *)c->data)[lane]);
    default:
        return ((const ent_q *)c->data)[lane].num == 0 && ((const ent_q *)c->data)[lane].den == 1;
    }
}

/* One run in batches of `step` lanes, held against the naive machine lane by lane. */
static void compare_run(ent_vm *vm, machine *m, int64_t kernel, const columns *c, uint32_t n,
                        uint32_t step, const char *what)
{
    const ent_kernel_row *row = &m->p->kernel[kernel];
    for (uint32_t from = 0; from < n; from += step) {
        uint32_t lanes = n - from < step ? n - from : step;
        ent_vector in[INPUTS];
        ent_vector out[64];
        const ent_lane_error *errors = NULL;
        const uint8_t *skipped = NULL;
        uint32_t n_errors = 0;
        uint32_t at = 0;
        for (size_t k = 0; k < c->n; k++) {
            in[k] = column_from(&c->column[k], from);
        }
        assert_true(row->n_outputs <= 64);
        assert_true(ent_vm_run(vm, kernel, in, lanes, out, &skipped, &errors, &n_errors));
        assert_null(skipped);
        for (uint32_t i = 0; i < lanes; i++) {
            naive_value values[INPUTS];
            for (size_t k = 0; k < c->n; k++) {
                values[k] = value_at(&c->column[k], from + i);
            }
            naive_run(m, kernel, values);
            bool reported = at < n_errors && errors[at].lane == i;
            if (reported != m->failed ||
                (reported && (errors[at].op != m->op || errors[at].place != m->place))) {
                fail_msg("%s: kernel %lld lane %u of %u: failed %d (%s), naive %d", what,
                         (long long)kernel, i, lanes, reported, reported ? errors[at].message : "",
                         m->failed);
            }
            if (reported) {
                assert_true(errors[at].message[0] != '\0');
                at++;
            }
            for (int64_t o = 0; o < row->n_outputs; o++) {
                naive_value got = value_at(&out[o], i);
                const naive_value *want = &m->regs[m->p->output[row->first_output + o].reg];
                size_t size = ent_vm_class_bytes(out[o].cls);
                if (got.absent != want->absent ||
                    (got.absent ? !datum_is_zero(&out[o], i)
                                : memcmp(&got.v, &want->v, size) != 0)) {
                    fail_msg("%s: kernel %lld lane %u of %u output %lld: absent %d, naive %d; "
                             "%lld, naive %lld",
                             what, (long long)kernel, i, lanes, (long long)o, got.absent,
                             want->absent, (long long)got.v.i, (long long)want->v.i);
                }
            }
        }
        assert_int_equal(at, n_errors);
    }
}

typedef struct bench {
    fixture x;
    ent_image *p;
    ent_strings *strings;
    ent_vm *threaded, *switched, *narrow;
    machine *m;
} bench;

static void bench_open(bench *t)
{
    ent_load_error error = {{0}, 0};
    char reason[128];
    t->p = fixture_load(t->x.b, &error);
    if (t->p == NULL) {
        fail_msg("%s", error.message);
    }
    t->strings = ent_strings_new(t->p);
    assert_non_null(t->strings);
    t->threaded = ent_vm_new(t->p, t->strings, NULL, LANES, reason, sizeof reason);
    t->switched = ent_vm_new(t->p, t->strings, NULL, LANES, reason, sizeof reason);
    t->narrow = ent_vm_new(t->p, t->strings, NULL, 1, reason, sizeof reason);
    assert_true(t->threaded != NULL && t->switched != NULL && t->narrow != NULL);
    t->switched->dispatch = switch_dispatch;
    t->m = calloc(1, sizeof *t->m);
    assert_non_null(t->m);
    t->m->p = t->p;
    t->m->strings = t->strings;
    for (size_t i = 0; i < N_TEXTS; i++) {
        text_ids[i] = ent_strings_intern(t->strings, texts[i], strlen(texts[i]));
        assert_true(text_ids[i] >= 0);
    }
}

static void bench_close(bench *t)
{
    ent_vm_free(t->threaded);
    ent_vm_free(t->switched);
    ent_vm_free(t->narrow);
    ent_vm_free(NULL);
    ent_strings_free(t->strings);
    ent_image_destroy(t->p);
    ent_builder_free(t->x.b);
    free(t->m);
}

static void compare_all(bench *t, int64_t kernel, const columns *c, const char *what)
{
    static const uint32_t sizes[] = {1, 7, LANES};
    for (size_t s = 0; s < 3; s++) {
        compare_run(t->threaded, t->m, kernel, c, sizes[s], sizes[s], what);
        compare_run(t->switched, t->m, kernel, c, sizes[s], sizes[s], what);
    }
    compare_run(t->narrow, t->m, kernel, c, 100, 1, what);
    compare_run(t->threaded, t->m, kernel, c, 150, 64, what);
}

/* --- every instruction --- */

static uint32_t number_for(const fixture *x, const ent_opcode_info *info)
{
    switch ((ent_format)info->format) {
    case ENT_FORMAT_DAS:
        return 2;
    case ENT_FORMAT_DAW:
        return (uint32_t)ent_builder_text(x->b, "GBP");
    default:
        return 0;
    }
}

/* Two kernels for an instruction: alone, and under an IF with its result moved to a variable. */
static int64_t kernel_for(fixture *x, const ent_opcode_info *info, ent_class any, bool constant_b,
                          bool under_if)
{
    ent_kb *kb = ent_kb_new(x->b, ENT_KERNEL_DECISION, -1, 0);
    const uint8_t classes[] = {info->a, info->b, info->c};
    int32_t sources[3] = {-1, -1, -1};
    for (int64_t s = 0; s < (int64_t)ent_format_sources((ent_format)info->format); s++) {
        ent_class cls = classes[s] == ENT_OPCLASS_X ? any : (ent_class)classes[s];
        sources[s] = ent_kb_input(kb, ENT_INPUT_FOLD, s, cls, 0);
        if (s == 1 && constant_b) {
            sources[s] = cls == ENT_CLASS_B   ? ent_kb_const_b(kb, true, 0)
                         : cls == ENT_CLASS_I ? ent_kb_const_i(kb, 3, 0)
                         : cls == ENT_CLASS_F ? ent_kb_const_f(kb, 1e300, 0)
                                              : ent_kb_const_q(kb, (ent_q){1, 3}, 0);
        }
    }
    uint32_t k = number_for(x, info);
    if (!under_if) {
        (void)ent_kb_output(
            kb, ent_kb_op(kb, (ent_opcode)info->op, sources[0], sources[1], sources[2], k, 0));
        return fixture_finish(kb);
    }
    ent_class cls = info->d == ENT_OPCLASS_X ? any : (ent_class)info->d;
    int32_t condition = ent_kb_input(kb, ENT_INPUT_FOLD, 3, ENT_CLASS_B, 0);
    int32_t variable = ent_kb_var(kb, cls, 0);
    ent_kb_if(kb, condition, 0);
    ent_kb_move(kb, variable,
                ent_kb_op(kb, (ent_opcode)info->op, sources[0], sources[1], sources[2], k, 0), 0);
    ent_kb_end(kb, 0);
    (void)ent_kb_output(kb, variable);
    return fixture_finish(kb);
}

/* Calls have their own test, tests/embed/native.c: they need a function. */
static bool gives_value(unsigned op)
{
    const ent_opcode_info *info = ent_opcode_describe(op);
    return op != ENT_BC_MOVE && info->format != ENT_FORMAT_DABCF && ent_format_has_d((ent_format)info->format) &&
           ent_format_sources((ent_format)info->format) > 0;
}

static void test_every_instruction(void **state)
{
    (void)state;
    bench t = {.x = fixture_new()};
    seed_state = 11;
    struct job {
        unsigned op;
        int64_t kernel;
    } jobs[2048];
    size_t n = 0;
    for (unsigned op = 1; op < ENT_BC_LIMIT; op++) {
        const ent_opcode_info *info = ent_opcode_describe(op);
        bool any = op == ENT_BC_SELECT || op == ENT_BC_IS_ABSENT;
        bool two = ent_format_sources((ent_format)info->format) > 1;
        for (int cls = 0; gives_value(op) && cls < (any ? 4 : 1); cls++) {
            for (int form = 0; form < (two ? 4 : 2); form++) {
                jobs[n++] = (struct job){
                    op, kernel_for(&t.x, info, (ent_class)cls, form >= 2, form % 2 == 1)};
            }
        }
    }
    bench_open(&t);
    for (size_t j = 0; j < n; j++) {
        for (unsigned absent_in = 0; absent_in < 4; absent_in += 3) {
            columns c;
            columns_make(&c, t.p, jobs[j].kernel, jobs[j].op >= ENT_BC_PARSE_BOOL, absent_in,
                         absent_in != 0);
            compare_all(&t, jobs[j].kernel, &c, ent_opcode_describe(jobs[j].op)->name);
            columns_free(&c);
        }
    }
    assert_true(n > 200);
    bench_close(&t);
}

/* --- random kernels --- */

enum { POOL = 40 };

typedef struct pool {
    int32_t reg[4][POOL];
    size_t n[4];
    int32_t vars[4];
} pool;

static void pool_put(pool *p, ent_class cls, int32_t reg)
{
    if (reg >= 0 && p->n[cls] < POOL) {
        p->reg[cls][p->n[cls]++] = reg;
    }
}

static int32_t pool_take(const pool *p, unsigned cls)
{
    return p->reg[cls][random64() % p->n[cls]];
}

static void random_operation(const fixture *x, ent_kb *kb, pool *p)
{
    unsigned op = 0;
    do {
        op = (unsigned)(random64() % ENT_BC_PARSE_BOOL);
    } while (!gives_value(op));
    const ent_opcode_info *info = ent_opcode_describe(op);
    unsigned any = (unsigned)(random64() % 4);
    int32_t sources[3];
    const uint8_t classes[] = {info->a, info->b, info->c};
    for (int s = 0; s < 3; s++) {
        sources[s] = classes[s] == ENT_OPCLASS_N
                         ? -1
                         : pool_take(p, classes[s] == ENT_OPCLASS_X ? any : classes[s]);
    }
    int32_t reg = ent_kb_op(kb, (ent_opcode)op, sources[0], sources[1], sources[2],
                            number_for(x, info), (int64_t)(random64() % 20));
    pool_put(p, ent_kb_class(kb, reg), reg);
}

static void random_block(const fixture *x, ent_kb *kb, pool *outer, int depth)
{
    pool p = *outer; /* what the block defines is not seen after it */
    for (uint64_t n = 2 + random64() % 6; n > 0; n--) {
        unsigned cls = (unsigned)(random64() % 4);
        switch (depth < 4 ? random64() % 6 : 1 + random64() % 5) {
        case 0:
            ent_kb_if(kb, pool_take(&p, ENT_CLASS_B), 0);
            random_block(x, kb, &p, depth + 1);
            if (random64() % 2) {
                ent_kb_else(kb, 0);
                random_block(x, kb, &p, depth + 1);
            }
            ent_kb_end(kb, 0);
            break;
        case 1:
            ent_kb_move(kb, p.vars[cls], pool_take(&p, cls), 0);
            break;
        case 2:
            if (random64() % 8 == 0) {
                ent_kb_fail(kb, pool_take(&p, cls), 0, (int64_t)(random64() % 20));
                break;
            }
            __attribute__((fallthrough));
        default:
            random_operation(x, kb, &p);
            break;
        }
    }
    if (depth == 0) {
        *outer = p;
    }
}

static int64_t random_kernel(fixture *x)
{
    ent_kb *kb = ent_kb_new(x->b, ENT_KERNEL_DECISION, -1, 0);
    pool p = {0};
    for (int k = 0; k < INPUTS; k++) {
        ent_class cls = (ent_class)(k % 4);
        pool_put(&p, cls, ent_kb_input(kb, ENT_INPUT_FOLD, k, cls, 0));
    }
    pool_put(&p, ENT_CLASS_B, ent_kb_const_b(kb, true, 0));
    pool_put(&p, ENT_CLASS_I, ent_kb_const_i(kb, 2, 0));
    pool_put(&p, ENT_CLASS_F, ent_kb_const_f(kb, 2.5, 0));
    pool_put(&p, ENT_CLASS_Q, ent_kb_const_q(kb, (ent_q){1, 2}, 0));
    for (unsigned cls = 0; cls < 4; cls++) {
        p.vars[cls] = ent_kb_var(kb, (ent_class)cls, 0);
        pool_put(&p, (ent_class)cls, p.vars[cls]);
        pool_put(&p, (ent_class)cls, ent_kb_absent(kb, (ent_class)cls, 0));
    }
    random_block(x, kb, &p, 0);
    for (unsigned cls = 0; cls < 4; cls++) {
        (void)ent_kb_output(kb, p.vars[cls]);
        (void)ent_kb_output(kb, pool_take(&p, cls));
        (void)ent_kb_output(kb, p.reg[cls][p.n[cls] - 1]);
    }
    return fixture_finish(kb);
}

static void test_random_kernels(void **state)
{
    (void)state;
    enum { KERNELS = 150 };
    bench t = {.x = fixture_new()};
    int64_t kernels[KERNELS];
    seed_state = 4711;
    for (int i = 0; i < 20; i++) {
        (void)ent_builder_add_place(t.x.b, (ent_place_row){0, 1, 1, 1});
    }
    for (int i = 0; i < KERNELS; i++) {
        kernels[i] = random_kernel(&t.x);
    }
    bench_open(&t);
    for (int i = 0; i < KERNELS; i++) {
        columns c;
        columns_make(&c, t.p, kernels[i], false, i % 3 == 0 ? 0 : 5, i % 3 != 0);
        compare_all(&t, kernels[i], &c, "random kernel, seed 4711");
        columns_free(&c);
    }
    bench_close(&t);
}

/* --- bind kernels: leaving rows out, messages --- */

static void test_bind(void **state)
{
    (void)state;
    bench t = {.x = fixture_new()};
    bench_open(&t);
    const char *const states[] = {"Closed", "opened", NULL, "unknown"};
    int64_t ids[4] = {0};
    uint8_t absent[4] = {0};
    for (int i = 0; i < 4; i++) {
        absent[i] = states[i] == NULL;
        ids[i] = absent[i] ? 0 : ent_strings_intern(t.strings, states[i], strlen(states[i]));
    }
    ent_vector in = {ENT_CLASS_I, ids, absent};
    ent_vector out[3];
    const uint8_t *skipped = NULL;
    const ent_lane_error *errors = NULL;
    uint32_t n_errors = 0;
    assert_true(ent_vm_run(t.threaded, t.x.bind_kernel, &in, 4, out, &skipped, &errors, &n_errors));
    assert_non_null(skipped);
    assert_memory_equal(skipped, ((uint8_t[]){1, 0, 0, 0}), 4);
    assert_int_equal(n_errors,
                     3); /* not the row that is left out, which no column could be read from */
    assert_int_equal(errors[0].lane, 1);
    assert_string_equal(errors[0].message, "expected a time of the form %d/%m/%Y %H:%M");
    assert_int_equal(errors[1].lane, 2);
    assert_string_equal(errors[1].message, "a state is needed");
    assert_int_equal(errors[1].text_id, -1);
    assert_int_equal(errors[2].lane, 3);
    assert_string_equal(errors[2].message, "expected one of opened, resolved");
    assert_int_equal(errors[2].text_id, ids[3]);
    assert_int_equal(((int64_t *)out[0].data)[1], 0);
    in.cls = ENT_CLASS_F;
    assert_false(ent_vm_run(t.threaded, t.x.bind_kernel, &in, 4, out, NULL, NULL, NULL));
    in = (ent_vector){ENT_CLASS_I, NULL, NULL};
    assert_false(ent_vm_run(t.threaded, t.x.bind_kernel, &in, 4, out, NULL, NULL, NULL));
    assert_false(ent_vm_run(t.threaded, 1000, &in, 4, out, NULL, NULL, NULL));
    assert_false(ent_vm_run(t.threaded, t.x.bind_kernel, &in, LANES + 1, out, NULL, NULL, NULL));
    bench_close(&t);
}

static void test_unknown_zone(void **state)
{
    (void)state;
    fixture x = fixture_new();
    x.b->timefmt.v[0].zone = ent_builder_text(x.b, "Mars/Olympus");
    ent_load_error error = {{0}, 0};
    ent_image *p = fixture_load(x.b, &error);
    assert_non_null(p);
    char reason[128] = "";
    ent_strings *strings = ent_strings_new(p);
    assert_null(ent_vm_new(p, strings, NULL, 0, reason, sizeof reason));
    assert_true(strlen(reason) > 0);
    ent_strings_free(strings);
    ent_image_destroy(p);
    ent_builder_free(x.b);
}

/* --- texts --- */

static void test_strings(void **state)
{
    (void)state;
    ent_strings *s = ent_strings_new(NULL);
    assert_non_null(s);
    assert_int_equal(ent_strings_find(s, "x", 1), -1);
    char text[32];
    for (int64_t i = 0; i < 20000; i++) {
        int len = snprintf(text, sizeof text, "text %lld", (long long)i);
        assert_int_equal(ent_strings_intern(s, text, (size_t)len), i);
    }
    const char *kept = ent_strings_get(s, 5, NULL);
    assert_int_equal(ent_strings_intern(s, "a\0b", 3), 20000);
    assert_int_equal(ent_strings_intern(s, "a\0c", 3), 20001);
    assert_int_equal(ent_strings_intern(s, "", 0), 20002);
    assert_int_equal(ent_strings_find(s, "a\0b", 3), 20000);
    char *large = calloc(1, 200000);
    assert_non_null(large);
    assert_int_equal(ent_strings_intern(s, large, 200000), 20003);
    size_t len = 0;
    for (size_t n = 250; n < 260; n++) { /* where lengths are kept in another way */
        int64_t id = ent_strings_intern(s, large, n);
        assert_int_equal(ent_strings_find(s, large, n), id);
        (void)ent_strings_get(s, id, &len);
        assert_int_equal(len, n);
    }
    free(large);
    (void)ent_strings_get(s, 20003, &len);
    assert_int_equal(len, 200000);
    assert_ptr_equal(ent_strings_get(s, 5, &len), kept);
    assert_string_equal(kept, "text 5");
    assert_int_equal(len, 6);
    assert_string_equal(ent_strings_get(s, -1, &len), "");
    assert_string_equal(ent_strings_get(s, 999999, &len), "");
    const int64_t ids[] = {5, 20003, -1, 20004, 999999, 20002, 20009};
    const char *found[7];
    ent_strings_prefetch_all(s, ids, 7);
    ent_strings_get_all(s, ids, 7, found);
    for (size_t i = 0; i < 7; i++) {
        assert_ptr_equal(found[i], ent_strings_get(s, ids[i], &len));
        assert_int_equal(ent_strings_length(found[i]), len);
    }
    assert_int_equal(ent_strings_count(s), 20014);
    ent_strings_free(s);
    ent_strings_free(NULL);
}

/* Numbered texts of several kinds in several orders, some with the same number, dense ones and lone ones. */
static void test_numbered_strings(void **state)
{
    (void)state;
    enum { TEXTS = 60000, KINDS = 8 };
    static const char *const kinds[KINDS] = {
        "INC%07u", "A%u", "%08u", "A0%u", "a long prefix %u", "B%u", "0123456789%05u", "x%ux"};
    ent_strings *s = ent_strings_new(NULL);
    assert_non_null(s);
    char text[40];
    int64_t n = 0;
    for (unsigned i = 0; i < TEXTS; i++) {
        unsigned at = i * 7919 % TEXTS;
        at = at % KINDS == 5 ? at * 1500 : at;
        size_t len = (size_t)snprintf(text, sizeof text, kinds[at % KINDS], at / 4);
        int64_t known = ent_strings_find(s, text, len);
        int64_t id = ent_strings_intern(s, text, len);
        assert_true(known < 0 ? id == n : id == known);
        n += known < 0;
    }
    assert_int_equal(ent_strings_count(s), n);
    for (int64_t id = 0; id < n; id++) {
        size_t len;
        const char *p = ent_strings_get(s, id, &len);
        assert_int_equal(ent_strings_find(s, p, len), id);
        assert_int_equal(ent_strings_intern(s, p, len), id);
    }
    assert_int_equal(ent_strings_find(s, "INC0000001x", 11), -1);
    assert_int_equal(ent_strings_find(s, "INC99999999", 11), -1);
    ent_strings_free(s);
}

/* --- the kernel builder --- */

static void test_builder(void **state)
{
    (void)state;
    fixture x = fixture_new();
    ent_kb *kb = ent_kb_new(x.b, ENT_KERNEL_DECISION, -1, 0);
    int32_t a = ent_kb_input(kb, ENT_INPUT_FOLD, 0, ENT_CLASS_I, 0);
    int32_t c = ent_kb_input(kb, ENT_INPUT_FOLD, 1, ENT_CLASS_B, 0);
    assert_int_equal(a, ent_kb_input(kb, ENT_INPUT_FOLD, 0, ENT_CLASS_I, 0));
    assert_int_equal(ent_kb_const_i(kb, 5, 0), ent_kb_const_i(kb, 5, 0));
    assert_int_not_equal(ent_kb_const_i(kb, 5, 0), ent_kb_const_i(kb, 6, 0));
    int32_t sum = ent_kb_op(kb, ENT_BC_ADD_I, a, a, -1, 0, 0);
    assert_int_equal(sum, ent_kb_op(kb, ENT_BC_ADD_I, a, a, -1, 0, 0));
    int32_t v = ent_kb_var(kb, ENT_CLASS_I, 0);
    assert_int_not_equal(v, ent_kb_var(kb, ENT_CLASS_I, 0));
    int32_t before = ent_kb_op(kb, ENT_BC_ADD_I, v, a, -1, 0, 0);
    ent_kb_if(kb, c, 0);
    assert_int_equal(sum, ent_kb_op(kb, ENT_BC_ADD_I, a, a, -1, 0, 0)); /* seen from outside */
    int32_t inside = ent_kb_op(kb, ENT_BC_MUL_I, a, a, -1, 0, 0);
    ent_kb_move(kb, v, inside, 0);
    ent_kb_else(kb, 0);
    assert_int_not_equal(inside, ent_kb_op(kb, ENT_BC_MUL_I, a, a, -1, 0, 0)); /* another branch */
    ent_kb_end(kb, 0);
    assert_int_not_equal(before, ent_kb_op(kb, ENT_BC_ADD_I, v, a, -1, 0, 0)); /* v has changed */
    assert_int_equal(ent_kb_output(kb, sum), 0);
    assert_int_equal(ent_kb_output(kb, v), 1);
    assert_int_equal(ent_kb_output(kb, sum), 0);
    assert_int_equal(ent_kb_outputs(kb), 2);
    assert_int_equal(ent_kb_class(kb, c), ENT_CLASS_B);
    assert_false(ent_kb_failed(kb));
    assert_int_equal(ent_kb_output(kb, inside), -1); /* not defined here */
    char error[160] = "";
    assert_int_equal(ent_kb_finish(kb, error, sizeof error), -1);
    assert_non_null(strstr(error, "on every path"));

    kb = ent_kb_new(x.b, ENT_KERNEL_DECISION, -1, 0);
    c = ent_kb_input(kb, ENT_INPUT_FOLD, 1, ENT_CLASS_B, 0);
    assert_int_equal(ent_kb_op(kb, ENT_BC_ADD_I, c, c, -1, 0, 0), ENT_KB_NOREG);
    assert_int_equal(ent_kb_op(kb, ENT_BC_NOT, c, -1, -1, 0, 0), ENT_KB_NOREG); /* errors stick */
    assert_int_equal(ent_kb_finish(kb, error, sizeof error), -1);
    assert_non_null(strstr(error, "ADD_I"));

    kb = ent_kb_new(x.b, ENT_KERNEL_DECISION, -1, 0);
    ent_kb_if(kb, ent_kb_const_b(kb, true, 0), 0);
    assert_int_equal(ent_kb_finish(kb, error, sizeof error), -1);
    assert_string_equal(error, "IF without its END");
    kb = ent_kb_new(x.b, ENT_KERNEL_DECISION, -1, 0);
    ent_kb_end(kb, 0);
    assert_int_equal(ent_kb_finish(kb, error, sizeof error), -1);
    ent_kb_abandon(NULL);

    assert_int_equal(ent_builder_string(x.b, "a\0b", 3), ent_builder_string(x.b, "a\0b", 3));
    assert_int_not_equal(ent_builder_string(x.b, "a\0b", 3), ent_builder_string(x.b, "a\0c", 3));
    assert_int_not_equal(ent_builder_const_f(x.b, 0.0), ent_builder_const_f(x.b, -0.0));
    assert_int_equal(ent_builder_text_or_none(x.b, NULL), -1);
    ent_builder_free(x.b);
    ent_builder_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_numbered_strings),
        cmocka_unit_test(test_builder),
        cmocka_unit_test(test_bind),
        cmocka_unit_test(test_unknown_zone),
        cmocka_unit_test(test_every_instruction),
        cmocka_unit_test(test_random_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
