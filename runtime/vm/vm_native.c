/* Calls of C functions: the prepared call interface of the function, looped over the lanes.  See runtime/native. */
#include <math.h>
#include <string.h>

#include "runtime/native/native.h"
#include "runtime/vm/vm_internal.h"

#define DAY_NS INT64_C(86400000000000)

/* An argument or a result.  libffi widens small results to a word of its own. */
typedef union slot {
    ffi_arg word;
    uint8_t b;
    int64_t i;
    double f;
    const char *p;
} slot;

static slot load(const ent_vm *vm, const ent_vm_reg *reg, int64_t type, uint32_t lane)
{
    slot s = {.i = 0};
    if (reg->cls == ENT_CLASS_B) {
        s.b = ((const uint8_t *)reg->data)[lane];
        return s;
    }
    if (reg->cls == ENT_CLASS_F) {
        s.f = ((const double *)reg->data)[lane];
        return s;
    }
    s.i = ((const int64_t *)reg->data)[lane];
    switch (type) {
    case ENT_TYPE_TEXT:
        s.p = ent_strings_get(vm->strings, s.i, NULL);
        break;
    case ENT_TYPE_PARTY:
        s.p = ent_image_text(vm->program, vm->program->party[s.i].name);
        break;
    case ENT_TYPE_SERVICE:
        s.p = ent_image_text(vm->program, vm->program->service[s.i].name);
        break;
    default:
        break;
    }
    return s;
}

static void store_nothing(ent_vm *vm, ent_vm_reg *d, uint32_t lane)
{
    ent_vm_set_absent(vm, d, lane);
    memset((char *)d->data + lane * ent_vm_class_bytes(d->cls), 0, ent_vm_class_bytes(d->cls));
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
    } else {
        ((int64_t *)d->data)[lane] = s->i;
        if (row->type == ENT_TYPE_TIME && (s->i < 0 || s->i >= DAY_NS)) {
            ent_vm_lane_fails(vm, step, lane, -1, "`%.80s` gave no time of day", name);
            store_nothing(vm, d, lane);
        }
    }
}

static void call(ent_vm *vm, const ent_vm_step *step)
{
    const ent_image *p = vm->program;
    const ent_native_row *row = &p->native[step->k];
    const ent_native_param_row *params = &p->native_param[row->first_param];
    ent_native *native = &p->natives->v[step->k];
    const ent_vm_reg *regs[ENT_LIMIT_NATIVE_PARAMS] = {step->a, step->b, step->c};
    slot values[ENT_LIMIT_NATIVE_PARAMS];
    void *args[ENT_LIMIT_NATIVE_PARAMS] = {&values[0], &values[1], &values[2]};
    (void)ent_vm_absence(vm, step->d, step->a->absent, step->b->absent, true);
    for (uint32_t lane = 0; lane < vm->n; lane++) {
        bool absent = (step->d->absent && step->d->absent[lane]) || (step->c->absent && step->c->absent[lane]);
        if (absent) {
            store_nothing(vm, step->d, lane);
            continue;
        }
        slot result = {.i = 0};
        for (int64_t i = 0; i < row->n_params; i++) {
            values[i] = load(vm, regs[i], params[i].type, lane);
        }
        ffi_call(&native->cif, native->call, &result, args);
        store(vm, step, row, lane, &result);
    }
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
