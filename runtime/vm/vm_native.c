/* Calls of C functions: one prepared call interface, looped over the lanes.  See runtime/native.
 *
 * libffi takes a pointer to each argument.  Columns of bools, integers and numbers are what C wants, so their pointers
 * go along the column; names and texts become pointers first, a block of lanes at a time. */
#include <math.h>
#include <string.h>

#include "runtime/native/native.h"
#include "runtime/vm/vm_internal.h"
#include "runtime/time/arith.h"

enum { PARAMS = ENT_LIMIT_NATIVE_PARAMS, BLOCK = 64 };

/* A result.  libffi widens small ones to a word of its own. */
typedef union slot {
    ffi_arg word;
    int64_t i;
    double f;
    const char *p;
} slot;

/* A call and its arguments, which stand in the steps before it, too. */
typedef struct call_site {
    const ent_vm_step *step;
    const ent_native_row *row;
    const ent_native_param_row *params;
    const ent_vm_reg *regs[PARAMS];
    const char *names[PARAMS][BLOCK];
} call_site;

static bool is_name(int64_t type)
{
    return type == ENT_TYPE_TEXT || type == ENT_TYPE_ENUM || type == ENT_TYPE_PARTY || type == ENT_TYPE_SERVICE;
}

static const char *name_of(const ent_vm *vm, const ent_native_param_row *param, int64_t value)
{
    const ent_image *p = vm->program;
    switch (param->type) {
    case ENT_TYPE_ENUM:
        return ent_image_text(p, p->member[p->enumeration[param->param].first_member + value].name);
    case ENT_TYPE_PARTY:
        return ent_image_text(p, p->party[value].name);
    case ENT_TYPE_SERVICE:
        return ent_image_text(p, p->service[value].name);
    default:
        return ent_strings_get(vm->strings, value, NULL);
    }
}

static void store_nothing(ent_vm *vm, ent_vm_reg *d, uint32_t lane)
{
    ent_vm_set_absent(vm, d, lane);
    memset((char *)d->data + lane * ent_vm_class_bytes(d->cls), 0, ent_vm_class_bytes(d->cls));
}

/* The word becomes its place in the enumeration. */
static void store_word(ent_vm *vm, const ent_vm_step *step, const ent_native_row *row, uint32_t lane, const char *word)
{
    const ent_image *p = vm->program;
    int64_t at = word ? ent_native_word(p, row->param, word) : -1;
    if (at >= 0) {
        ((int64_t *)step->d->data)[lane] = at;
        return;
    }
    if (word) {
        ent_vm_lane_fails(vm, step, lane, -1, "`%.60s` gave `%.60s`, which is no `%.60s`", ent_image_text(p, row->name),
                          word, ent_image_text(p, p->enumeration[row->param].name));
    }
    store_nothing(vm, step->d, lane);
}

static void store(ent_vm *vm, const ent_vm_step *step, const ent_native_row *row, uint32_t lane, const slot *s)
{
    ent_vm_reg *d = step->d;
    const char *name = ent_image_text(vm->program, row->name);
    if (row->type == ENT_TYPE_BOOL) {
        ((uint8_t *)d->data)[lane] = (s->word & 0xff) != 0;
    } else if (row->type == ENT_TYPE_NUMBER) {
        ((double *)d->data)[lane] = s->f;
        if (!isfinite(s->f)) {
            ent_vm_lane_fails(vm, step, lane, -1, "`%.80s` gave no finite number", name);
            store_nothing(vm, d, lane);
        }
    } else if (row->type == ENT_TYPE_TEXT) {
        int64_t id = s->p ? ent_strings_intern(vm->strings, s->p, strlen(s->p)) : 0;
        ((int64_t *)d->data)[lane] = id;
        vm->out_of_memory |= id < 0;
        if (!s->p || id < 0) {
            store_nothing(vm, d, lane);
        }
    } else if (row->type == ENT_TYPE_ENUM) {
        store_word(vm, step, row, lane, s->p);
    } else {
        ((int64_t *)d->data)[lane] = s->i;
        if (row->type == ENT_TYPE_TIME && (s->i < 0 || s->i >= ENT_TIME_DAY_NS)) {
            ent_vm_lane_fails(vm, step, lane, -1, "`%.80s` gave no time of day", name);
            store_nothing(vm, d, lane);
        }
    }
}

/* Whose lanes have no result: those of an absent argument, and what is not selected. */
static void mark_absent(ent_vm *vm, const call_site *site)
{
    ent_vm_reg *d = site->step->d;
    (void)ent_vm_absence(vm, d, site->regs[0]->absent, site->row->n_params > 1 ? site->regs[1]->absent : NULL, true);
    for (int64_t i = 2; i < site->row->n_params; i++) {
        const uint8_t *absent = site->regs[i]->absent;
        for (uint32_t lane = 0; absent && lane < vm->n; lane++) {
            if (absent[lane]) {
                ent_vm_set_absent(vm, d, lane);
            }
        }
    }
}

/* A pointer to the first lane's argument, and how far it is to the next one's. */
static void *argument(const ent_vm *vm, call_site *site, int64_t i, uint32_t first, uint32_t n, size_t *stride)
{
    const ent_vm_reg *reg = site->regs[i];
    const uint8_t *missing = site->step->d->absent;
    if (!is_name(site->params[i].type)) {
        *stride = ent_vm_class_bytes(reg->cls);
        return (char *)reg->data + first * *stride;
    }
    for (uint32_t lane = 0; lane < n; lane++) {
        bool there = !missing || !missing[first + lane];
        site->names[i][lane] =
            there ? name_of(vm, &site->params[i], ((const int64_t *)reg->data)[first + lane]) : NULL;
    }
    *stride = sizeof site->names[i][0];
    return (void *)site->names[i];
}

static void call_block(ent_vm *vm, call_site *site, ent_native *native, uint32_t first, uint32_t n)
{
    void *args[PARAMS];
    size_t strides[PARAMS];
    ent_vm_reg *d = site->step->d;
    for (int64_t i = 0; i < site->row->n_params; i++) {
        args[i] = argument(vm, site, i, first, n, &strides[i]);
    }
    for (uint32_t lane = first; lane < first + n; lane++) {
        slot result = {.i = 0};
        if (d->absent && d->absent[lane]) {
            store_nothing(vm, d, lane);
        } else {
            ffi_call(&native->cif, native->call, &result, args);
            store(vm, site->step, site->row, lane, &result);
        }
        for (int64_t i = 0; i < site->row->n_params; i++) {
            args[i] = (char *)args[i] + strides[i];
        }
    }
}

static void call(ent_vm *vm, const ent_vm_step *step)
{
    const ent_image *p = vm->program;
    call_site site = {.step = step, .row = &p->native[step->k]};
    site.params = &p->native_param[site.row->first_param];
    for (int64_t i = 0; i < site.row->n_params; i++) {
        const ent_vm_step *at = step - i / 3;
        site.regs[i] = i % 3 == 0 ? at->a : i % 3 == 1 ? at->b : at->c;
    }
    mark_absent(vm, &site);
    for (uint32_t first = 0; first < vm->n; first += BLOCK) {
        call_block(vm, &site, &p->natives->v[step->k], first, vm->n - first < BLOCK ? vm->n - first : BLOCK);
    }
}

/* Its arguments are read by the call. */
void ent_vm_op_ARGS(ent_vm *vm, const ent_vm_step *step)
{
    (void)vm;
    (void)step;
}

void ent_vm_op_CALL_B(ent_vm *vm, const ent_vm_step *step)
{
    call(vm, step);
}

void ent_vm_op_CALL_I(ent_vm *vm, const ent_vm_step *step)
{
    call(vm, step);
}

void ent_vm_op_CALL_F(ent_vm *vm, const ent_vm_step *step)
{
    call(vm, step);
}
