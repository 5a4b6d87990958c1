/* The interpreter's front: kernels made ready at their first run, errors, and ent_vm_run.
 * See vm_internal.h for the parts and for how registers share memory.  Tested in
 * tests/unit/test_vm.c. */
#include "runtime/native/native.h"
#include "runtime/memory/account.h"
#include "runtime/vm/vm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/vm/vm_internal.h"
#include "runtime/vm/vm_one.h"

enum { ALIGNMENT = 64, NO_SLOT = -1 };

size_t ent_vm_class_bytes(unsigned cls)
{
    static const uint8_t bytes[] = {sizeof(uint8_t), sizeof(int64_t), sizeof(double),
                                    sizeof(ent_q)};
    return bytes[cls & 3];
}

/* --- making a kernel ready --- */

/* Where registers live: a slot is memory for one column of a class; slots are handed on. */
typedef struct plan {
    const ent_image *program;
    const ent_kernel_row *row;
    const ent_instruction *code;
    int64_t *last_use;   /* by register: index of the last instruction that names it */
    int32_t *slot_of;    /* by register, or NO_SLOT: an input */
    int32_t *free_slots; /* four stacks of n_regs each */
    uint8_t *slot_cls;
    size_t n_free[4];
    size_t n_slots;
} plan;

static bool is_constant(unsigned op)
{
    return op >= ENT_BC_CONST_B && op <= ENT_BC_CONST_Q;
}

static bool is_input(unsigned op)
{
    return op >= ENT_BC_INPUT_B && op <= ENT_BC_INPUT_Q;
}

static unsigned sources_of(const ent_instruction *i, uint16_t regs[3])
{
    regs[0] = i->a;
    regs[1] = i->b;
    regs[2] = i->c;
    return ent_format_sources((ent_format)ent_opcode_describe(i->op)->format);
}

static bool has_destination(const ent_instruction *i)
{
    return ent_format_has_d((ent_format)ent_opcode_describe(i->op)->format);
}

static void find_last_uses(plan *p)
{
    for (int64_t at = 0; at < p->row->n_instructions; at++) {
        const ent_instruction *i = &p->code[at];
        uint16_t regs[3];
        unsigned n = sources_of(i, regs);
        int64_t use = at; /* arguments are read by the call behind them */
        while (p->code[use].op == ENT_BC_ARGS) {
            use++;
        }
        for (unsigned s = 0; s < n; s++) {
            p->last_use[regs[s]] = use;
        }
        if (has_destination(i)) {
            p->last_use[i->d] = at;
        }
    }
    /* a constant's memory is filled once, an output's is read after the end */
    for (int64_t at = 0; at < p->row->n_instructions; at++) {
        if (is_constant(p->code[at].op)) {
            p->last_use[p->code[at].d] = INT64_MAX;
        }
    }
    for (int64_t o = 0; o < p->row->n_outputs; o++) {
        p->last_use[p->program->output[p->row->first_output + o].reg] = INT64_MAX;
    }
}

static void release(plan *p, uint16_t reg, int64_t at)
{
    if (p->last_use[reg] == at && p->slot_of[reg] != NO_SLOT) {
        unsigned cls = (unsigned)p->program->reg[p->row->first_reg + reg].cls;
        p->free_slots[(size_t)cls * (size_t)p->row->n_regs + p->n_free[cls]++] = p->slot_of[reg];
        p->last_use[reg] = -1; /* once */
    }
}

static void assign_slots(plan *p)
{
    for (int64_t at = 0; at < p->row->n_instructions; at++) {
        const ent_instruction *i = &p->code[at];
        if (has_destination(i) && i->op != ENT_BC_MOVE && !is_input(i->op)) {
            unsigned cls = (unsigned)p->program->reg[p->row->first_reg + i->d].cls;
            if (p->n_free[cls] > 0) {
                p->slot_of[i->d] =
                    p->free_slots[(size_t)cls * (size_t)p->row->n_regs + --p->n_free[cls]];
            } else {
                p->slot_cls[p->n_slots] = (uint8_t)cls;
                p->slot_of[i->d] = (int32_t)p->n_slots++;
            }
        }
        uint16_t regs[3];
        unsigned n = sources_of(i, regs);
        for (unsigned s = 0; s < n; s++) {
            release(p, regs[s], at);
        }
        if (has_destination(i)) {
            release(p, i->d, at);
        }
    }
}

static bool make_plan(plan *p, const ent_image *program, int64_t kernel)
{
    p->program = program;
    p->row = &program->kernel[kernel];
    p->code = program->instructions + p->row->first_instruction;
    size_t n = (size_t)p->row->n_regs + 1;
    p->last_use = calloc(n, sizeof *p->last_use);
    p->slot_of = malloc(n * sizeof *p->slot_of);
    p->free_slots = malloc(4 * n * sizeof *p->free_slots);
    p->slot_cls = malloc(n);
    if (p->last_use == NULL || p->slot_of == NULL || p->free_slots == NULL || p->slot_cls == NULL) {
        return false;
    }
    for (size_t r = 0; r < n; r++) {
        p->slot_of[r] = NO_SLOT;
    }
    find_last_uses(p);
    assign_slots(p);
    return true;
}

static void drop_plan(plan *p)
{
    free(p->last_use);
    free(p->slot_of);
    free(p->free_slots);
    free(p->slot_cls);
}

static uint32_t nesting_of(const plan *p)
{
    uint32_t depth = 0;
    uint32_t deepest = 0;
    for (int64_t at = 0; at < p->row->n_instructions; at++) {
        if (p->code[at].op == ENT_BC_IF) {
            depth++;
            deepest = depth > deepest ? depth : deepest;
        } else if (p->code[at].op == ENT_BC_END) {
            depth--;
        }
    }
    return deepest;
}

static void free_kernel(ent_vm_kernel *kernel)
{
    if (kernel == NULL) {
        return;
    }
    if (kernel->steps != NULL) {
        for (ent_vm_step *step = kernel->steps; step->op != ENT_OP_TRAP; step++) {
            free(step->memo);
        }
    }
    free(kernel->steps);
    free(kernel->regs);
    free(kernel->memory);
    free(kernel);
}

/* Columns are a multiple of the alignment long, whatever the class. */
static size_t column_bytes(uint32_t lanes, unsigned cls)
{
    return (size_t)lanes * ent_vm_class_bytes(cls);
}

static bool place_registers(ent_vm_kernel *kernel, const plan *p)
{
    size_t masks = 1 + 2 * (size_t)kernel->nesting;
    size_t bytes = masks * kernel->lanes;
    for (size_t s = 0; s < p->n_slots; s++) {
        bytes += column_bytes(kernel->lanes, p->slot_cls[s]) + kernel->lanes;
    }
    uint8_t *memory = aligned_alloc(ALIGNMENT, bytes);
    uint8_t **slot_at = malloc((p->n_slots + 1) * sizeof *slot_at);
    if (memory == NULL || slot_at == NULL) {
        free(memory);
        free(slot_at);
        return false;
    }
    kernel->memory = memory;
    memset(memory, 0, bytes);
    kernel->skipped = memory;
    kernel->then_masks = memory + kernel->lanes;
    kernel->else_masks = kernel->then_masks + (size_t)kernel->nesting * kernel->lanes;
    memory += masks * kernel->lanes;
    for (size_t s = 0; s < p->n_slots; s++) {
        slot_at[s] = memory;
        memory += column_bytes(kernel->lanes, p->slot_cls[s]) + kernel->lanes;
    }
    for (size_t r = 0; r < kernel->n_regs; r++) {
        ent_vm_reg *reg = &kernel->regs[r];
        reg->cls = (uint8_t)p->program->reg[p->row->first_reg + (int64_t)r].cls;
        if (p->slot_of[r] != NO_SLOT) {
            reg->data = slot_at[p->slot_of[r]];
            reg->mask = slot_at[p->slot_of[r]] + column_bytes(kernel->lanes, reg->cls);
        }
    }
    free(slot_at);
    return true;
}

static void fill_constant(ent_vm_reg *reg, const ent_constant *constant, uint32_t lanes)
{
    reg->is_scalar = true;
    for (uint32_t i = 0; i < lanes; i++) {
        switch ((ent_class)reg->cls) {
        case ENT_CLASS_B:
            ((uint8_t *)reg->data)[i] = constant->v.b;
            break;
        case ENT_CLASS_I:
            ((int64_t *)reg->data)[i] = constant->v.i;
            break;
        case ENT_CLASS_F:
            ((double *)reg->data)[i] = constant->v.f;
            break;
        case ENT_CLASS_Q:
            ((ent_q *)reg->data)[i] = constant->v.q;
            break;
        }
    }
}

/* Whether the input holds texts, so that a failure can show them. */
static bool input_is_text(const plan *p, uint32_t k)
{
    const ent_input_row *input = &p->program->input[p->row->first_input + k];
    if (input->kind == ENT_INPUT_FIELD || input->kind == ENT_INPUT_PREVIOUS) {
        int64_t field = p->program->feed[p->row->feed].first_field + input->index;
        return p->program->field[field].type == ENT_TYPE_TEXT;
    }
    return input->kind == ENT_INPUT_COLUMN;
}

static bool needs_memo(unsigned op)
{
    return (op >= ENT_BC_PARSE_BOOL && op <= ENT_BC_PARSE_CLOCK) || op == ENT_BC_LOWER ||
           op == ENT_BC_TRIM;
}

static ent_vm_memo *new_memo(void)
{
    ent_vm_memo *memo = malloc(sizeof *memo);
    for (size_t i = 0; memo != NULL && i < ENT_VM_MEMO; i++) {
        memo->id[i] = -1;
    }
    return memo;
}

static bool make_steps(ent_vm_kernel *kernel, const plan *p)
{
    for (int64_t at = 0; at < p->row->n_instructions; at++) {
        const ent_instruction *i = &p->code[at];
        ent_vm_step *step = &kernel->steps[at];
        *step = (ent_vm_step){.op = i->op,
                              .k = i->k,
                              .place = i->place,
                              .d = &kernel->regs[i->d],
                              .a = &kernel->regs[i->a],
                              .b = &kernel->regs[i->b],
                              .c = &kernel->regs[i->c]};
        if (is_constant(i->op)) {
            fill_constant(step->d, &p->program->constants[i->k], kernel->lanes);
        } else if (is_input(i->op)) {
            step->d->is_text = step->d->cls == ENT_CLASS_I && input_is_text(p, i->k);
        } else if (needs_memo(i->op)) {
            step->memo = new_memo();
            if (step->memo == NULL) {
                return false;
            }
            step->d->is_text = i->op == ENT_BC_LOWER || i->op == ENT_BC_TRIM;
        }
    }
    return true;
}

static ent_vm_kernel *make_ready(const ent_image *program, int64_t index, uint32_t lanes)
{
    plan p = {0};
    ent_vm_kernel *kernel = calloc(1, sizeof *kernel);
    bool ok = kernel != NULL && make_plan(&p, program, index);
    if (ok) {
        kernel->lanes = lanes;
        kernel->n_regs = (size_t)p.row->n_regs;
        kernel->nesting = nesting_of(&p);
        /* one more register, which formats without operands point to */
        kernel->regs = calloc(kernel->n_regs + 1, sizeof *kernel->regs);
        kernel->steps = calloc((size_t)p.row->n_instructions + 1, sizeof *kernel->steps);
        ok = kernel->regs != NULL && kernel->steps != NULL && place_registers(kernel, &p) &&
             make_steps(kernel, &p);
    }
    drop_plan(&p);
    if (!ok) {
        free_kernel(kernel);
        return NULL;
    }
    return kernel;
}

/* The kernel, with room for n lanes. */
static ent_vm_kernel *ready_kernel(ent_vm *vm, int64_t index, uint32_t n)
{
    ent_vm_kernel **kernel = n == 1 ? &vm->singles[index] : &vm->kernels[index];
    uint32_t lanes = n == 1 ? 1 : vm->lanes_max;
    if (*kernel == NULL) {
        *kernel = make_ready(vm->program, index, (lanes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    }
    return *kernel;
}

/* The form for one lane: NULL when there is none, or no memory for it, which the other form will tell. */
static ent_vm_one *ready_one(ent_vm *vm, int64_t index)
{
    if (vm->ones[index] == NULL && !vm->no_one[index]) {
        bool possible;
        vm->ones[index] = ent_vm_one_new(vm->program, &vm->program->kernel[index], &possible);
        vm->no_one[index] = !possible;
    }
    return vm->ones[index];
}

/* --- errors --- */

/* A message that was cut must still be UTF-8. */
static void drop_partial_character(char *text, size_t len)
{
    size_t at = len;
    while (at > 0 && ((unsigned char)text[at - 1] & 0xC0) == 0x80) {
        at--;
    }
    if (at > 0 && (unsigned char)text[at - 1] >= 0xC0) {
        text[at - 1] = '\0';
    }
}

void ent_vm_lane_fails(ent_vm *vm, const ent_vm_step *step, uint32_t lane, int64_t text_id,
                       const char *format, ...)
{
    if (vm->errors == NULL) {
        vm->errors = malloc(vm->lanes_max * sizeof *vm->errors);
        if (vm->errors == NULL) {
            vm->out_of_memory = true;
            return;
        }
        vm->errors_cap = vm->lanes_max;
    }
    if (vm->failed[lane] || vm->n_errors >= vm->errors_cap) {
        return;
    }
    ent_lane_error *error = &vm->errors[vm->n_errors++];
    *error =
        (ent_lane_error){.lane = lane, .place = step->place, .op = step->op, .text_id = text_id};
    vm->failed[lane] = 1;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    if (len >= (int)sizeof error->message) {
        drop_partial_character(error->message, sizeof error->message - 1);
    }
}

void ent_vm_op_FAIL(ent_vm *vm, const ent_vm_step *step)
{
    const ent_vm_reg *a = step->a;
    for (uint32_t i = 0; i < vm->n; i++) {
        if (ent_vm_selected(vm, i)) {
            bool shown = a->is_text && !(a->absent != NULL && a->absent[i]);
            ent_vm_lane_fails(vm, step, i, shown ? ((const int64_t *)a->data)[i] : -1, "%s",
                              vm->program->strings[step->k].p);
        }
    }
}

void ent_vm_op_SKIP(ent_vm *vm, const ent_vm_step *step)
{
    (void)step;
    for (uint32_t i = 0; i < vm->n; i++) {
        vm->skipped[i] |= (uint8_t)ent_vm_selected(vm, i);
    }
    vm->any_skipped = true;
}

static int by_lane(const void *x, const void *y)
{
    uint32_t a = ((const ent_lane_error *)x)->lane;
    uint32_t b = ((const ent_lane_error *)y)->lane;
    return (a > b) - (a < b);
}

/* In lane order, without the lanes that are left out: a row that is not wanted need not be right.
 */
static void settle_errors(ent_vm *vm)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < vm->n_errors; i++) {
        if (!vm->any_skipped || !vm->skipped[vm->errors[i].lane]) {
            vm->errors[kept++] = vm->errors[i];
        }
    }
    vm->n_errors = kept;
    if (kept > 1) {
        qsort(vm->errors, kept, sizeof *vm->errors, by_lane);
    }
}

/* --- public --- */

static bool load_zones(ent_vm *vm, const char *zone_dir, char *error, size_t error_len)
{
    const ent_image *p = vm->program;
    for (size_t i = 0; i < p->n_timefmt; i++) {
        for (size_t j = 0; j < i && vm->zones[i] == NULL; j++) {
            if (p->timefmt[j].zone == p->timefmt[i].zone) {
                vm->zones[i] = vm->zones[j];
            }
        }
        if (vm->zones[i] == NULL) {
            vm->zones[i] =
                ent_zone_load(zone_dir, ent_image_text(p, p->timefmt[i].zone), error, error_len);
        }
        if (vm->zones[i] == NULL) {
            return false;
        }
    }
    return true;
}

ent_vm *ent_vm_new(const ent_image *program, ent_strings *strings, const char *zone_dir,
                   uint32_t lanes_max, char *error, size_t error_len)
{
    ent_vm *vm = calloc(1, sizeof *vm);
    if (error_len > 0) {
        (void)snprintf(error, error_len, "out of memory");
    }
    if (vm == NULL) {
        return NULL;
    }
    int64_t unbound = ent_natives_unbound(program);
    if (unbound >= 0) {
        (void)snprintf(error, error_len, "`extern fn %.80s` is bound to nothing",
                       ent_image_text(program, program->native[unbound].name));
        free(vm);
        return NULL;
    }
    vm->program = program;
    vm->strings = strings;
    vm->lanes_max = lanes_max == 0 || lanes_max > ENT_LANES_MAX ? ENT_LANES_MAX : lanes_max;
    vm->dispatch = ent_vm_dispatch;
    vm->zones = calloc(program->n_timefmt + 1, sizeof(ent_zone *));
    vm->kernels = calloc(program->n_kernel + 1, sizeof(ent_vm_kernel *));
    vm->singles = calloc(program->n_kernel + 1, sizeof(ent_vm_kernel *));
    vm->ones = calloc(program->n_kernel + 1, sizeof(ent_vm_one *));
    vm->no_one = calloc(program->n_kernel + 1, 1);
    vm->failed = calloc(vm->lanes_max, 1);
    if (vm->zones == NULL || vm->kernels == NULL || vm->singles == NULL || vm->ones == NULL ||
        vm->no_one == NULL || vm->failed == NULL ||
        !load_zones(vm, zone_dir, error, error_len)) {
        ent_vm_free(vm);
        return NULL;
    }
    if (error_len > 0) {
        error[0] = '\0';
    }
    return vm;
}

void ent_vm_free(ent_vm *vm)
{
    if (vm == NULL) {
        return;
    }
    for (size_t i = 0; vm->zones != NULL && i < vm->program->n_timefmt; i++) {
        bool shared = false;
        for (size_t j = 0; j < i; j++) {
            shared = shared || vm->zones[j] == vm->zones[i];
        }
        if (!shared) {
            ent_zone_free(vm->zones[i]);
        }
    }
    for (size_t i = 0; vm->kernels != NULL && i < vm->program->n_kernel; i++) {
        free_kernel(vm->kernels[i]);
    }
    for (size_t i = 0; vm->singles != NULL && i < vm->program->n_kernel; i++) {
        free_kernel(vm->singles[i]);
    }
    for (size_t i = 0; vm->ones != NULL && i < vm->program->n_kernel; i++) {
        ent_vm_one_free(vm->ones[i]);
    }
    free(vm->zones);
    free(vm->kernels);
    free(vm->singles);
    free(vm->ones);
    free(vm->no_one);
    free(vm->failed);
    free(vm->errors);
    free(vm);
}

/* The host's columns must be what the kernel was verified for. */
static bool inputs_fit(const ent_image *program, const ent_kernel_row *row,
                       const ent_vector *inputs)
{
    for (int64_t k = 0; k < row->n_inputs; k++) {
        if ((int64_t)inputs[k].cls != program->input[row->first_input + k].cls ||
            inputs[k].data == NULL) {
            return false;
        }
    }
    return true;
}

static bool run_one(ent_vm *vm, int64_t kernel, const ent_vector *inputs, ent_vector *outputs,
                    const uint8_t **skipped, const ent_lane_error **errors, uint32_t *n_errors)
{
    ent_vm_one *one = ready_one(vm, kernel);
    if (one == NULL || !ent_vm_one_run(one, inputs, outputs)) {
        return false;
    }
    if (skipped != NULL) {
        *skipped = NULL;
    }
    if (errors != NULL) {
        *errors = vm->errors;
    }
    if (n_errors != NULL) {
        *n_errors = 0;
    }
    return true;
}

bool ent_vm_run(ent_vm *vm, int64_t kernel, const ent_vector *inputs, uint32_t n_lanes,
                ent_vector *outputs, const uint8_t **skipped, const ent_lane_error **errors,
                uint32_t *n_errors)
{
    if (kernel < 0 || (uint64_t)kernel >= vm->program->n_kernel || n_lanes > vm->lanes_max) {
        return false;
    }
    const ent_kernel_row *row = &vm->program->kernel[kernel];
    if (!ent_account_work((uint64_t)row->n_instructions * n_lanes)) {
        return false;
    }
    if (n_lanes == 1 && run_one(vm, kernel, inputs, outputs, skipped, errors, n_errors)) {
        return true;
    }
    if (!inputs_fit(vm->program, row, inputs)) {
        return false;
    }
    ent_vm_kernel *ready = ready_kernel(vm, kernel, n_lanes);
    if (ready == NULL) {
        return false;
    }
    memset(vm->failed, 0, n_lanes);
    vm->n = n_lanes;
    vm->inputs = inputs;
    vm->selection = (ent_vm_selection){NULL, false};
    vm->depth = 0;
    vm->n_errors = 0;
    vm->out_of_memory = false;
    vm->any_skipped = false;
    vm->skipped = ready->skipped;
    if (row->kind == ENT_KERNEL_BIND) {
        memset(ready->skipped, 0, n_lanes);
    }
    if (!vm->dispatch(vm, ready)) {
        return false;
    }
    settle_errors(vm);
    for (int64_t o = 0; o < row->n_outputs; o++) {
        const ent_vm_reg *reg = &ready->regs[vm->program->output[row->first_output + o].reg];
        outputs[o] = (ent_vector){(ent_class)reg->cls, reg->data, reg->absent};
    }
    if (skipped != NULL) {
        *skipped = vm->any_skipped ? ready->skipped : NULL;
    }
    if (errors != NULL) {
        *errors = vm->errors;
    }
    if (n_errors != NULL) {
        *n_errors = vm->n_errors;
    }
    return true;
}
