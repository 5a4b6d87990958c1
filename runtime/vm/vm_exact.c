/* Instructions on rationals, and conversions between classes.  One lane at a time: exact arithmetic
 * of 128-bit fractions has nothing for vectors to do. */
#include <string.h>

#include "runtime/vm/vm_internal.h"

static const ent_q zero_q = {0, 1};

static bool is_absent(const uint8_t *mask, uint32_t lane)
{
    return mask != NULL && mask[lane] != 0;
}

/* --- comparisons --- */

#define COMPARE(id, TEST)                                                                          \
    void ent_vm_op_##id(ent_vm *vm, const ent_vm_step *step)                                       \
    {                                                                                              \
        uint8_t *r = step->d->data;                                                                \
        const ent_q *x = step->a->data;                                                            \
        const ent_q *y = step->b->data;                                                            \
        for (uint32_t i = 0; i < vm->n; i++) {                                                     \
            r[i] = !is_absent(step->a->absent, i) && !is_absent(step->b->absent, i) &&             \
                   ent_q_cmp(x[i], y[i]) TEST;                                                     \
        }                                                                                          \
        step->d->absent = NULL;                                                                    \
    }
COMPARE(EQ_Q, == 0)
COMPARE(NE_Q, != 0)
COMPARE(LT_Q, < 0)
COMPARE(LE_Q, <= 0)

/* --- arithmetic --- */

static void fail_q(ent_vm *vm, const ent_vm_step *step, uint32_t lane, ent_q x, const char *sign,
                   ent_q y)
{
    char left[ENT_Q_TEXT_SIZE] = "";
    char right[ENT_Q_TEXT_SIZE] = "";
    (void)ent_q_format_fraction(x, left, sizeof left);
    (void)ent_q_format_fraction(y, right, sizeof right);
    ent_vm_lane_fails(vm, step, lane, -1, "%.80s %s %.80s does not fit in an exact fraction", left,
                      sign, right);
}

typedef bool q_function(ent_q x, ent_q y, ent_q *r);

static void binary_q(ent_vm *vm, const ent_vm_step *step, q_function *compute, const char *sign)
{
    const ent_q *x = step->a->data;
    const ent_q *y = step->b->data;
    ent_q *r = step->d->data;
    (void)ent_vm_absence(vm, step->d, step->a->absent, step->b->absent, true);
    for (uint32_t i = 0; i < vm->n; i++) {
        r[i] = zero_q;
        if (is_absent(step->d->absent, i)) {
            continue;
        }
        if (compute == ent_q_div && y[i].num == 0) {
            ent_vm_set_absent(vm, step->d, i);
        } else if (!compute(x[i], y[i], &r[i])) {
            fail_q(vm, step, i, x[i], sign, y[i]);
            ent_vm_set_absent(vm, step->d, i);
            r[i] = zero_q;
        }
    }
}

#define BINARY(id, compute, sign)                                                                  \
    void ent_vm_op_##id(ent_vm *vm, const ent_vm_step *step)                                       \
    {                                                                                              \
        binary_q(vm, step, compute, sign);                                                         \
    }
BINARY(ADD_Q, ent_q_add, "+")
BINARY(SUB_Q, ent_q_sub, "-")
BINARY(MUL_Q, ent_q_mul, "*")
BINARY(DIV_Q, ent_q_div, "/")

static void sign_q(ent_vm *vm, const ent_vm_step *step, bool always)
{
    const ent_q *x = step->a->data;
    ent_q *r = step->d->data;
    (void)ent_vm_absence(vm, step->d, step->a->absent, NULL, true);
    for (uint32_t i = 0; i < vm->n; i++) {
        if (is_absent(step->d->absent, i)) {
            r[i] = zero_q;
        } else {
            r[i] = always || x[i].num < 0 ? ent_q_neg(x[i]) : x[i];
        }
    }
}

void ent_vm_op_NEG_Q(ent_vm *vm, const ent_vm_step *step)
{
    sign_q(vm, step, true);
}

void ent_vm_op_ABS_Q(ent_vm *vm, const ent_vm_step *step)
{
    sign_q(vm, step, false);
}

static void choose_q(ent_vm *vm, const ent_vm_step *step, int wanted)
{
    const ent_q *x = step->a->data;
    const ent_q *y = step->b->data;
    ent_q *r = step->d->data;
    (void)ent_vm_absence(vm, step->d, step->a->absent, step->b->absent, false);
    for (uint32_t i = 0; i < vm->n; i++) {
        if (is_absent(step->d->absent, i)) {
            r[i] = zero_q;
        } else {
            r[i] = ent_q_cmp(x[i], y[i]) == wanted ? x[i] : y[i];
        }
    }
}

void ent_vm_op_MIN_Q(ent_vm *vm, const ent_vm_step *step)
{
    choose_q(vm, step, -1);
}

void ent_vm_op_MAX_Q(ent_vm *vm, const ent_vm_step *step)
{
    choose_q(vm, step, 1);
}

void ent_vm_op_DIV_I(ent_vm *vm, const ent_vm_step *step)
{
    const int64_t *x = step->a->data;
    const int64_t *y = step->b->data;
    ent_q *r = step->d->data;
    (void)ent_vm_absence(vm, step->d, step->a->absent, step->b->absent, true);
    for (uint32_t i = 0; i < vm->n; i++) {
        r[i] = zero_q;
        if (!is_absent(step->d->absent, i) && !ent_q_make(x[i], y[i], &r[i])) {
            ent_vm_set_absent(vm, step->d, i); /* 64-bit parts always fit: the divisor is 0 */
            r[i] = zero_q;
        }
    }
}

static bool narrow(ent_i128 wide, int64_t *out)
{
    *out = (int64_t)wide;
    return *out == wide;
}

void ent_vm_op_SCALE_I(ent_vm *vm, const ent_vm_step *step)
{
    const int64_t *x = step->a->data;
    const ent_q *y = step->b->data;
    int64_t *r = step->d->data;
    (void)ent_vm_absence(vm, step->d, step->a->absent, step->b->absent, true);
    for (uint32_t i = 0; i < vm->n; i++) {
        ent_q product;
        ent_i128 rounded = 0;
        r[i] = 0;
        if (is_absent(step->d->absent, i)) {
            continue;
        }
        if (!ent_q_mul(ent_q_from_i64(x[i]), y[i], &product) ||
            !ent_q_round(product, 0, ENT_ROUND_HALF_EVEN, &rounded) || !narrow(rounded, &r[i])) {
            char factor[ENT_Q_TEXT_SIZE] = "";
            (void)ent_q_format_fraction(y[i], factor, sizeof factor);
            ent_vm_lane_fails(vm, step, i, -1, "%lld * %.80s does not fit in 64 bits",
                              (long long)x[i], factor);
            ent_vm_set_absent(vm, step->d, i);
            r[i] = 0;
        }
    }
}

/* --- conversions --- */

void ent_vm_op_I_TO_Q(ent_vm *vm, const ent_vm_step *step)
{
    const int64_t *x = step->a->data;
    ent_q *r = step->d->data;
    ent_i128 scale = 1;
    for (uint32_t i = 0; i < step->k; i++) {
        scale *= 10;
    }
    (void)ent_vm_absence(vm, step->d, step->a->absent, NULL, false);
    for (uint32_t i = 0; i < vm->n; i++) {
        if (is_absent(step->d->absent, i) || !ent_q_make(x[i], scale, &r[i])) {
            r[i] = zero_q;
        }
    }
}

void ent_vm_op_Q_TO_F(ent_vm *vm, const ent_vm_step *step)
{
    const ent_q *x = step->a->data;
    double *r = step->d->data;
    (void)ent_vm_absence(vm, step->d, step->a->absent, NULL, false);
    for (uint32_t i = 0; i < vm->n; i++) {
        r[i] = is_absent(step->d->absent, i) ? 0.0 : ent_q_to_double(x[i]);
    }
}

typedef bool to_integer(ent_q x, uint32_t scale, ent_i128 *wide);

static bool round_scaled(ent_q x, uint32_t scale, ent_i128 *wide)
{
    return ent_q_round(x, (int)scale, ENT_ROUND_HALF_EVEN, wide);
}

static bool round_down(ent_q x, uint32_t scale, ent_i128 *wide)
{
    (void)scale;
    *wide = ent_q_floor(x);
    return true;
}

static bool round_up(ent_q x, uint32_t scale, ent_i128 *wide)
{
    (void)scale;
    *wide = ent_q_ceil(x);
    return true;
}

static void to_integers(ent_vm *vm, const ent_vm_step *step, to_integer *convert)
{
    const ent_q *x = step->a->data;
    int64_t *r = step->d->data;
    (void)ent_vm_absence(vm, step->d, step->a->absent, NULL, true);
    for (uint32_t i = 0; i < vm->n; i++) {
        ent_i128 wide = 0;
        r[i] = 0;
        if (is_absent(step->d->absent, i)) {
            continue;
        }
        if (!convert(x[i], step->k, &wide) || !narrow(wide, &r[i])) {
            char text[ENT_Q_TEXT_SIZE] = "";
            (void)ent_q_format_fraction(x[i], text, sizeof text);
            ent_vm_lane_fails(vm, step, i, -1, "%.90s does not fit in 64 bits", text);
            ent_vm_set_absent(vm, step->d, i);
            r[i] = 0;
        }
    }
}

void ent_vm_op_Q_TO_I(ent_vm *vm, const ent_vm_step *step)
{
    to_integers(vm, step, round_scaled);
}

void ent_vm_op_Q_FLOOR(ent_vm *vm, const ent_vm_step *step)
{
    to_integers(vm, step, round_down);
}

void ent_vm_op_Q_CEIL(ent_vm *vm, const ent_vm_step *step)
{
    to_integers(vm, step, round_up);
}

void ent_vm_op_F_TO_Q(ent_vm *vm, const ent_vm_step *step)
{
    const double *x = step->a->data;
    ent_q *r = step->d->data;
    (void)ent_vm_absence(vm, step->d, step->a->absent, NULL, true);
    for (uint32_t i = 0; i < vm->n; i++) {
        r[i] = zero_q;
        if (!is_absent(step->d->absent, i) && !ent_q_from_double(x[i], &r[i])) {
            char text[ENT_DOUBLE_TEXT_SIZE] = "";
            (void)ent_format_double(x[i], text);
            ent_vm_lane_fails(vm, step, i, -1, "%s does not fit in an exact fraction", text);
            ent_vm_set_absent(vm, step->d, i);
            r[i] = zero_q;
        }
    }
}
