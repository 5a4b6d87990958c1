/* Calls between agreements and C: ns a call of a function of C by a row kernel, over 2,048 lanes and over one, and of a
 * function of the agreements by C; beside them the same function called directly.
 *
 *   calls PROGRAM.entc
 *
 * The program is what `entente build` makes of calls.ent.  A row kernel has more to do than the call (two comparisons
 * with absence).  Prints a line for each way: name and the median ns a call. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/embed/embed.h"
#include "runtime/vm/vm.h"

enum { LANES = 2048, CALLS = 1 << 20, PASSES = 15, INPUTS_MAX = 8 };

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static double score(double x, int64_t n)
{
    return n > 2 ? x * 2 : x;
}

static double xs[LANES];
static int64_t ns[LANES];

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of the passes. */
static void tell(const char *name, double passes[PASSES])
{
    qsort(passes, PASSES, sizeof *passes, compare);
    printf("%s %.1f\n", name, passes[PASSES / 2] / CALLS);
}

static bool run_kernel(ent_vm *vm, const ent_image *p, uint32_t lanes, const char *name)
{
    const int64_t kernel = p->feed[0].row_kernel;
    const ent_kernel_row *row = &p->kernel[kernel];
    ent_vector in[INPUTS_MAX], out[INPUTS_MAX];
    const ent_lane_error *errors;
    uint32_t n_errors;
    double passes[PASSES];
    if (row->n_inputs > INPUTS_MAX || row->n_outputs > INPUTS_MAX) {
        return false;
    }
    for (int pass = 0; pass < PASSES; pass++) {
        double begin = now_ns();
        for (uint32_t done = 0; done < CALLS; done += lanes) {
            uint32_t first = done % LANES;
            for (int64_t i = 0; i < row->n_inputs; i++) {
                ent_class cls = (ent_class)p->input[row->first_input + i].cls;
                in[i] = (ent_vector){cls, cls == ENT_CLASS_F ? (void *)(xs + first) : (void *)(ns + first), NULL};
            }
            if (!ent_vm_run(vm, kernel, in, lanes, out, NULL, &errors, &n_errors) || n_errors > 0) {
                return false;
            }
        }
        passes[pass] = now_ns() - begin;
    }
    tell(name, passes);
    return true;
}

static double run_pointer(double (*volatile f)(double, int64_t), const char *name)
{
    double passes[PASSES], sum = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        double begin = now_ns();
        for (uint32_t i = 0; i < CALLS; i++) {
            sum += f(xs[i % LANES], ns[i % LANES]);
        }
        passes[pass] = now_ns() - begin;
    }
    tell(name, passes);
    return sum;
}

static bool run(ent_program *program, ent_error *error)
{
    const char signature[] = "number(number, int)";
    ent_function *function;
    double (*weigh)(double, int64_t);
    if (!ent_bind(program, "score", (void *)score, signature, error) ||
        !ent_function_new(program, "weigh", signature, &function, error)) {
        return false;
    }
    void *pointer = ent_function_pointer(function);
    memcpy(&weigh, &pointer, sizeof weigh);
    ent_strings *strings = ent_strings_new(program->image);
    ent_vm *vm = strings ? ent_vm_new(program->image, strings, "/usr/share/zoneinfo", LANES, error->message,
                                      sizeof error->message)
                         : NULL;
    bool ok = vm && run_kernel(vm, program->image, LANES, "lanes") && run_kernel(vm, program->image, 1, "one");
    ok = ok && run_pointer(weigh, "closure") > 0 && run_pointer(score, "direct") > 0 && ent_function_error(function, error);
    ent_vm_free(vm);
    ent_strings_free(strings);
    ent_function_free(function);
    return ok;
}

int main(int argc, char **argv)
{
    static char bytes[1 << 20];
    FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
    size_t len = f ? fread(bytes, 1, sizeof bytes, f) : 0;
    ent_program *program;
    ent_error error = {.code = ENT_OK};
    for (size_t i = 0; i < LANES; i++) {
        xs[i] = (double)(i % 17) + 0.5;
        ns[i] = (int64_t)(i % 5);
    }
    bool ok = ent_program_load(bytes, len, NULL, &program, &error) && run(program, &error);
    if (!ok) {
        fprintf(stderr, "calls: %s\n", error.message);
    }
    ent_program_release(program);
    return ok ? 0 : 1;
}
