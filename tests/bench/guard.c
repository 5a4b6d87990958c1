/* Workload C: the guard of guard.ent over records in memory, in batches and one record at a time.
 *
 *   guard PROGRAM.entc [RECORDS [PASSES]]
 *
 * The program is what `entente build` makes of guard.ent.  Its row kernel gives out only whether the condition
 * holds; the score is the register that the condition compares with zero, so a copy of the kernel's row gets
 * one output more.  Prints a line for each way: name, evaluations, median ns, least ns, matches, sum. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/bytecode/program.h"
#include "runtime/vm/vm.h"

enum { FIELDS = 5, PASSES_MAX = 100 };

/* Records as columns, in the order of the fields after `at` and `id`. */
typedef struct records {
    size_t n;
    int64_t *priority, *state, *party;
    double *elapsed, *target;
} records;

typedef struct result {
    double sum;
    size_t matches;
} result;

typedef struct host {
    ent_vm *vm;
    int64_t kernel;
    size_t n_inputs, score;
    void *base[FIELDS]; /* of each input of the kernel */
    ent_class cls[FIELDS];
} host;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = (uint32_t)((uint64_t)*seed * 16807 % 2147483647);
    return *seed;
}

static bool make_records(records *r, size_t n)
{
    static const double targets[] = {14400, 28800, 86400, 259200};
    uint32_t seed = 12345;
    r->n = n;
    r->priority = malloc(n * sizeof *r->priority);
    r->state = malloc(n * sizeof *r->state);
    r->party = malloc(n * sizeof *r->party);
    r->elapsed = malloc(n * sizeof *r->elapsed);
    r->target = malloc(n * sizeof *r->target);
    if (!r->priority || !r->state || !r->party || !r->elapsed || !r->target) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        r->priority[i] = 1 + next_random(&seed) % 4;
        r->state[i] = next_random(&seed) % 5;
        r->target[i] = targets[r->priority[i] - 1];
        r->elapsed[i] = next_random(&seed) % (uint32_t)(2 * r->target[i]);
        r->party[i] = next_random(&seed) % 5;
    }
    return true;
}

static ent_image *load(const char *path)
{
    FILE *file = fopen(path, "rb");
    ent_image *program = NULL;
    ent_load_error error = {0};
    static char bytes[1 << 20];
    if (file) {
        size_t n = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        ent_image_decode(bytes, n, &program, &error);
    }
    return program;
}

/* Finds the row kernel, binds its inputs to the records, and makes the score an output. */
static bool bind(host *h, ent_image *p, const records *r)
{
    void *columns[] = {r->priority, r->state, r->elapsed, r->target, r->party};
    h->kernel = p->feed[0].row_kernel;
    ent_kernel_row *kernel = &p->kernel[h->kernel];
    int64_t score = -1;
    for (int64_t i = 0; i < kernel->n_instructions; i++) {
        const ent_instruction *code = &p->instructions[kernel->first_instruction + i];
        score = code->op == ENT_BC_LT_F ? code->b : score; /* the last comparison: 0 < score */
    }
    h->n_inputs = (size_t)kernel->n_inputs;
    h->score = (size_t)kernel->n_outputs;
    ent_output_row *outputs = calloc(h->score + 1, sizeof *outputs);
    if (score < 0 || h->n_inputs > FIELDS || !outputs) {
        return false;
    }
    memcpy(outputs, p->output + kernel->first_output, h->score * sizeof *outputs);
    outputs[h->score].reg = score;
    p->output = outputs;
    for (size_t k = 0; k < p->n_kernel; k++) {
        p->kernel[k].first_output = 0;
    }
    kernel->n_outputs = (int64_t)h->score + 1;
    for (size_t i = 0; i < h->n_inputs; i++) {
        const ent_input_row *input = &p->input[kernel->first_input + (int64_t)i];
        h->base[i] = columns[input->index - 2];
        h->cls[i] = (ent_class)input->cls;
    }
    return true;
}

/* Several sums side by side, so that no addition waits for the one before. */
static void add_up(const double *score, size_t n, result *out)
{
    enum { SIDES = 8 };
    double sums[SIDES] = {0};
    size_t matches = 0;
    size_t i = 0;
    for (; i + SIDES <= n; i += SIDES) {
        for (size_t k = 0; k < SIDES; k++) {
            sums[k] += score[i + k];
            matches += score[i + k] != 0;
        }
    }
    for (; i < n; i++) {
        sums[0] += score[i];
        matches += score[i] != 0;
    }
    for (size_t k = 0; k < SIDES; k++) {
        out->sum += sums[k];
    }
    out->matches += matches;
}

/* One record a call, as a live host has them. */
static bool evaluate_one(const host *h, const records *r, result *out)
{
    ent_vector inputs[FIELDS];
    ent_vector outputs[8];
    *out = (result){0, 0};
    for (size_t i = 0; i < h->n_inputs; i++) {
        inputs[i] = (ent_vector){h->cls[i], h->base[i], NULL};
    }
    for (size_t at = 0; at < r->n; at++) {
        for (size_t i = 0; i < h->n_inputs; i++) {
            inputs[i].data = (char *)h->base[i] + at * sizeof(int64_t);
        }
        if (!ent_vm_run(h->vm, h->kernel, inputs, 1, outputs, NULL, NULL, NULL)) {
            return false;
        }
        double score = *(const double *)outputs[h->score].data;
        out->sum += score;
        out->matches += score != 0;
    }
    return true;
}

static bool evaluate(const host *h, const records *r, size_t lanes, result *out)
{
    ent_vector inputs[FIELDS];
    ent_vector outputs[8];
    if (lanes == 1) {
        return evaluate_one(h, r, out);
    }
    *out = (result){0, 0};
    for (size_t begin = 0; begin < r->n; begin += lanes) {
        size_t n = r->n - begin < lanes ? r->n - begin : lanes;
        for (size_t i = 0; i < h->n_inputs; i++) {
            inputs[i] = (ent_vector){h->cls[i], (char *)h->base[i] + begin * sizeof(int64_t), NULL};
        }
        if (!ent_vm_run(h->vm, h->kernel, inputs, (uint32_t)n, outputs, NULL, NULL, NULL)) {
            return false;
        }
        add_up(outputs[h->score].data, n, out);
    }
    return true;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool measure(const char *name, const host *h, const records *r, size_t lanes, size_t passes)
{
    double ns[PASSES_MAX];
    result last = {0, 0};
    for (size_t i = 0; i < passes; i++) {
        double begun = now_ns();
        if (!evaluate(h, r, lanes, &last)) {
            return false;
        }
        ns[i] = (now_ns() - begun) / (double)r->n;
    }
    qsort(ns, passes, sizeof *ns, compare);
    printf("%s\t%zu\t%.3f\t%.3f\t%zu\t%.3f\n", name, r->n * passes, ns[passes / 2], ns[0], last.matches,
           last.sum);
    return true;
}

int main(int argc, char **argv)
{
    records r = {0};
    host h = {0};
    char error[256];
    size_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    size_t passes = argc > 3 ? strtoull(argv[3], NULL, 10) : 10;
    ent_image *program = argc > 1 ? load(argv[1]) : NULL;
    passes = passes < 1 ? 1 : passes > PASSES_MAX ? PASSES_MAX : passes;
    if (!program || !make_records(&r, n) || !bind(&h, program, &r)) {
        fprintf(stderr, "guard: needs guard.entc, and memory for the records\n");
        return 2;
    }
    ent_strings *strings = ent_strings_new(program);
    h.vm = strings ? ent_vm_new(program, strings, "/usr/share/zoneinfo", ENT_LANES_MAX, error, sizeof error)
                   : NULL;
    if (!h.vm || !measure("Entente, batches", &h, &r, ENT_LANES_MAX, passes) ||
        !measure("Entente, one lane", &h, &r, 1, passes)) {
        fprintf(stderr, "guard: the kernel does not run\n");
        return 1;
    }
    return 0;
}
