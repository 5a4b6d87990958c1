/* Instructions on bool, integer and binary64 columns.
 *
 * The loops are written so that the compiler vectorises them: no branches, no aliasing, a scalar on
 * the right taken out of the loop (most comparisons are with a constant).  A loop that can overflow
 * computes all lanes and collects one flag; only if it is set are the lanes looked at one by one.
 */
#if defined __GNUC__ && !defined __clang__
#pragma GCC optimize("O3") /* -O2 of gcc 12 vectorises only what it knows to be aligned and long   \
                            */
#endif

#include <math.h>
#include <string.h>

#include "runtime/vm/simd.h"
#include "runtime/vm/vm_internal.h"

uint8_t *ent_vm_absence(const ent_vm *vm, ent_vm_reg *d, const uint8_t *x, const uint8_t *y,
                        bool strict)
{
    const uint8_t *selected = strict ? vm->selection.mask : NULL;
    uint8_t *restrict mask = d->mask;
    const uint32_t n = vm->n;
    d->absent = NULL;
    if (x == NULL && y == NULL && selected == NULL) {
        return NULL;
    }
    const uint8_t *one = x != NULL ? x : y;
    if (one == NULL) {
        memset(mask, 0, n);
    } else {
        memcpy(mask, one, n);
    }
    if (x != NULL && y != NULL) {
        for (uint32_t i = 0; i < n; i++) {
            mask[i] |= y[i];
        }
    }
    if (selected != NULL) {
        for (uint32_t i = 0; i < n; i++) {
            mask[i] |= selected[i] ^ 1;
        }
    }
    d->absent = mask;
    return mask;
}

void ent_vm_set_absent(const ent_vm *vm, ent_vm_reg *d, uint32_t lane)
{
    if (d->absent == NULL) {
        memset(d->mask, 0, vm->n);
        d->absent = d->mask;
    }
    d->mask[lane] = 1;
}

/* --- loading --- */

#define CONSTANT(id)                                                                               \
    void ent_vm_op_##id(ent_vm *vm, const ent_vm_step *step)                                       \
    {                                                                                              \
        (void)vm; /* filled in when the kernel was made ready */                                   \
        (void)step;                                                                                \
    }
CONSTANT(CONST_B)
CONSTANT(CONST_I)
CONSTANT(CONST_F)
CONSTANT(CONST_Q)

static void fill_absent(ent_vm *vm, const ent_vm_step *step)
{
    ent_vm_reg *d = step->d;
    memset(d->mask, 1, vm->n);
    d->absent = d->mask;
    if (d->cls == ENT_CLASS_Q) {
        ent_q *values = d->data;
        for (uint32_t i = 0; i < vm->n; i++) {
            values[i] = (ent_q){0, 1};
        }
    } else {
        memset(d->data, 0, vm->n * ent_vm_class_bytes(d->cls));
    }
}

static void take_input(ent_vm *vm, const ent_vm_step *step)
{
    const ent_vector *column = &vm->inputs[step->k];
    bool some = column->absent != NULL && memchr(column->absent, 1, vm->n) != NULL;
    step->d->data = column->data;
    step->d->absent = some ? column->absent : NULL;
}

#define LOADING(id, function)                                                                      \
    void ent_vm_op_##id(ent_vm *vm, const ent_vm_step *step)                                       \
    {                                                                                              \
        function(vm, step);                                                                        \
    }
LOADING(ABSENT_B, fill_absent)
LOADING(ABSENT_I, fill_absent)
LOADING(ABSENT_F, fill_absent)
LOADING(ABSENT_Q, fill_absent)
LOADING(INPUT_B, take_input)
LOADING(INPUT_I, take_input)
LOADING(INPUT_F, take_input)
LOADING(INPUT_Q, take_input)

/* --- moving and choosing --- */

#define BY_CLASS(cls, MACRO)                                                                       \
    switch (cls) {                                                                                 \
    case ENT_CLASS_B:                                                                              \
        MACRO(uint8_t);                                                                            \
        break;                                                                                     \
    case ENT_CLASS_I:                                                                              \
        MACRO(int64_t);                                                                            \
        break;                                                                                     \
    case ENT_CLASS_F:                                                                              \
        MACRO(double);                                                                             \
        break;                                                                                     \
    default:                                                                                       \
        MACRO(ent_q);                                                                              \
        break;                                                                                     \
    }

static void move_all(ent_vm *vm, const ent_vm_step *step)
{
    memcpy(step->d->data, step->a->data, vm->n * ent_vm_class_bytes(step->d->cls));
    (void)ent_vm_absence(vm, step->d, step->a->absent, NULL, false);
}

ENT_VECTORS void ent_vm_op_MOVE(ent_vm *vm, const ent_vm_step *step)
{
    ent_vm_reg *d = step->d;
    const uint32_t n = vm->n;
    const uint8_t *selected = vm->selection.mask;
    if (d == step->a || vm->selection.none) {
        return;
    }
    if (selected == NULL) {
        move_all(vm, step);
        return;
    }
#define MOVE_LANES(type)                                                                           \
    do {                                                                                           \
        type *restrict to = d->data;                                                               \
        const type *restrict from = step->a->data;                                                 \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            to[i] = selected[i] ? from[i] : to[i];                                                 \
        }                                                                                          \
    } while (0)
    BY_CLASS(d->cls, MOVE_LANES)
    if (d->absent == NULL && step->a->absent == NULL) {
        return;
    }
    uint8_t *restrict mask = d->mask;
    if (d->absent == NULL) {
        memset(mask, 0, n);
        d->absent = mask;
    }
    const uint8_t *absent = step->a->absent;
    if (absent == NULL) {
        for (uint32_t i = 0; i < n; i++) {
            mask[i] &= selected[i] ^ 1;
        }
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        mask[i] = selected[i] ? absent[i] : mask[i];
    }
}

ENT_VECTORS void ent_vm_op_SELECT(ent_vm *vm, const ent_vm_step *step)
{
    ent_vm_reg *d = step->d;
    const uint8_t *restrict choice = step->a->data;
    const uint8_t *absent_b = step->b->absent;
    const uint8_t *absent_c = step->c->absent;
    const uint32_t n = vm->n;
#define SELECT_LANES(type)                                                                         \
    do {                                                                                           \
        type *restrict to = d->data;                                                               \
        const type *yes = step->b->data;                                                           \
        const type *no = step->c->data;                                                            \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            to[i] = choice[i] ? yes[i] : no[i];                                                    \
        }                                                                                          \
    } while (0)
    BY_CLASS(d->cls, SELECT_LANES)
    d->absent = NULL;
    if (absent_b != NULL || absent_c != NULL) {
        for (uint32_t i = 0; i < n; i++) {
            const uint8_t *from = choice[i] ? absent_b : absent_c;
            d->mask[i] = from == NULL ? 0 : from[i];
        }
        d->absent = d->mask;
    }
}

/* --- booleans: an absent lane's datum is 0, so masks need no look --- */

ENT_VECTORS void ent_vm_op_AND(ent_vm *vm, const ent_vm_step *step)
{
    uint8_t *restrict r = step->d->data;
    const uint8_t *x = step->a->data;
    const uint8_t *y = step->b->data;
    const uint32_t n = vm->n;
    for (uint32_t i = 0; i < n; i++) {
        r[i] = x[i] & y[i];
    }
    step->d->absent = NULL;
}

ENT_VECTORS void ent_vm_op_OR(ent_vm *vm, const ent_vm_step *step)
{
    uint8_t *restrict r = step->d->data;
    const uint8_t *x = step->a->data;
    const uint8_t *y = step->b->data;
    const uint32_t n = vm->n;
    for (uint32_t i = 0; i < n; i++) {
        r[i] = x[i] | y[i];
    }
    step->d->absent = NULL;
}

ENT_VECTORS void ent_vm_op_NOT(ent_vm *vm, const ent_vm_step *step)
{
    uint8_t *restrict r = step->d->data;
    const uint8_t *x = step->a->data;
    const uint32_t n = vm->n;
    for (uint32_t i = 0; i < n; i++) {
        r[i] = x[i] ^ 1;
    }
    step->d->absent = NULL;
}

void ent_vm_op_IS_ABSENT(ent_vm *vm, const ent_vm_step *step)
{
    if (step->a->absent == NULL) {
        memset(step->d->data, 0, vm->n);
    } else {
        memcpy(step->d->data, step->a->absent, vm->n);
    }
    step->d->absent = NULL;
}

/* --- comparisons --- */

static void clear_absent(uint8_t *restrict r, const uint8_t *absent, uint32_t n)
{
    if (absent != NULL) {
        for (uint32_t i = 0; i < n; i++) {
            r[i] &= absent[i] ^ 1;
        }
    }
}

#define COMPARE(id, type, op)                                                                      \
    ENT_VECTORS void ent_vm_op_##id(ent_vm *vm, const ent_vm_step *step)                                       \
    {                                                                                              \
        uint8_t *restrict r = step->d->data;                                                       \
        const type *x = step->a->data;                                                             \
        const type *y = step->b->data;                                                             \
        const uint32_t n = vm->n;                                                                  \
        if (step->b->is_scalar) {                                                                  \
            const type only = y[0];                                                                \
            for (uint32_t i = 0; i < n; i++) {                                                     \
                r[i] = (uint8_t)(x[i] op only);                                                    \
            }                                                                                      \
        } else {                                                                                   \
            for (uint32_t i = 0; i < n; i++) {                                                     \
                r[i] = (uint8_t)(x[i] op y[i]);                                                    \
            }                                                                                      \
        }                                                                                          \
        clear_absent(r, step->a->absent, n);                                                       \
        clear_absent(r, step->b->absent, n);                                                       \
        step->d->absent = NULL;                                                                    \
    }
COMPARE(EQ_B, uint8_t, ==)
COMPARE(NE_B, uint8_t, !=)
COMPARE(EQ_I, int64_t, ==)
COMPARE(NE_I, int64_t, !=)
COMPARE(LT_I, int64_t, <)
COMPARE(LE_I, int64_t, <=)
COMPARE(EQ_F, double, ==)
COMPARE(NE_F, double, !=)
COMPARE(LT_F, double, <)
COMPARE(LE_F, double, <=)

/* --- integers --- */

static void zero_integers(const ent_vm_reg *d, uint32_t n)
{
    if (d->absent != NULL) {
        int64_t *restrict r = d->data;
        for (uint32_t i = 0; i < n; i++) {
            r[i] = d->absent[i] ? 0 : r[i];
        }
    }
}

typedef bool checked_integer(int64_t x, int64_t y, int64_t *r);

static bool add_checked(int64_t x, int64_t y, int64_t *r)
{
    return !__builtin_add_overflow(x, y, r);
}

static bool sub_checked(int64_t x, int64_t y, int64_t *r)
{
    return !__builtin_sub_overflow(x, y, r);
}

static bool mul_checked(int64_t x, int64_t y, int64_t *r)
{
    return !__builtin_mul_overflow(x, y, r);
}

/* Lanes that are not selected are computed and never looked at: they take no mask, and where they do not fit they
 * are zero, so that what is computed from them fits. */

/* Some lane overflowed: those that count are reported. */
static void report_integers(ent_vm *vm, const ent_vm_step *step, checked_integer *compute,
                            const char *sign)
{
    const int64_t *x = step->a->data;
    const int64_t *y = step->b->data;
    int64_t *r = step->d->data;
    for (uint32_t i = 0; i < vm->n; i++) {
        int64_t ignored = 0;
        bool counts = step->d->absent == NULL || !step->d->absent[i];
        if (!counts || compute(x[i], y[i], &ignored)) {
            continue;
        }
        if (!ent_vm_selected(vm, i)) {
            r[i] = 0;
            continue;
        }
        ent_vm_lane_fails(vm, step, i, -1, "%lld %s %lld does not fit in 64 bits", (long long)x[i], sign,
                          (long long)y[i]);
        ent_vm_set_absent(vm, step->d, i);
    }
}

/* EXPR computes `sum` from `p` and `q` (unsigned) and ORs the sign of an overflow into `overflow`.
 */
#define INTEGER_OP(id, compute, sign, EXPR)                                                        \
    ENT_VECTORS void ent_vm_op_##id(ent_vm *vm, const ent_vm_step *step)                                       \
    {                                                                                              \
        int64_t *restrict r = step->d->data;                                                       \
        const int64_t *x = step->a->data;                                                          \
        const int64_t *y = step->b->data;                                                          \
        const uint32_t n = vm->n;                                                                  \
        uint64_t overflow = 0;                                                                     \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            uint64_t p = (uint64_t)x[i];                                                           \
            uint64_t q = (uint64_t)y[i];                                                           \
            EXPR;                                                                                  \
        }                                                                                          \
        (void)ent_vm_absence(vm, step->d, step->a->absent, step->b->absent, false);                 \
        if ((overflow >> 63) != 0) {                                                               \
            report_integers(vm, step, compute, sign);                                              \
        }                                                                                          \
        zero_integers(step->d, n);                                                                 \
    }
INTEGER_OP(ADD_I, add_checked, "+", {
    uint64_t sum = p + q;
    overflow |= (p ^ sum) & (q ^ sum);
    r[i] = (int64_t)sum;
})
INTEGER_OP(SUB_I, sub_checked, "-", {
    uint64_t rest = p - q;
    overflow |= (p ^ q) & (p ^ rest);
    r[i] = (int64_t)rest;
})
INTEGER_OP(MUL_I, mul_checked, "*",
           { overflow |= (uint64_t)__builtin_mul_overflow((int64_t)p, (int64_t)q, &r[i]) << 63; })

/* Negation and absolute value fail for the least integer only. */
#define INTEGER_UNARY(id, EXPR, what)                                                              \
    void ent_vm_op_##id(ent_vm *vm, const ent_vm_step *step)                                       \
    {                                                                                              \
        int64_t *restrict r = step->d->data;                                                       \
        const int64_t *x = step->a->data;                                                          \
        const uint32_t n = vm->n;                                                                  \
        uint32_t overflow = 0;                                                                     \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            uint64_t p = (uint64_t)x[i];                                                           \
            overflow |= (uint32_t)(x[i] == INT64_MIN);                                             \
            r[i] = (int64_t)(EXPR);                                                                \
        }                                                                                          \
        (void)ent_vm_absence(vm, step->d, step->a->absent, NULL, false);                           \
        for (uint32_t i = 0; overflow != 0 && i < n; i++) {                                        \
            if (x[i] == INT64_MIN && !ent_vm_selected(vm, i)) {                                    \
                r[i] = 0;                                                                          \
            } else if (x[i] == INT64_MIN && (step->d->absent == NULL || !step->d->absent[i])) {    \
                ent_vm_lane_fails(vm, step, i, -1, what " of %lld does not fit in 64 bits",        \
                                  (long long)x[i]);                                                \
                ent_vm_set_absent(vm, step->d, i);                                                 \
            }                                                                                      \
        }                                                                                          \
        zero_integers(step->d, n);                                                                 \
    }
INTEGER_UNARY(NEG_I, 0 - p, "the negative")
INTEGER_UNARY(ABS_I, x[i] < 0 ? 0 - p : p, "the absolute value")

#define INTEGER_CHOICE(id, op)                                                                     \
    void ent_vm_op_##id(ent_vm *vm, const ent_vm_step *step)                                       \
    {                                                                                              \
        int64_t *restrict r = step->d->data;                                                       \
        const int64_t *x = step->a->data;                                                          \
        const int64_t *y = step->b->data;                                                          \
        for (uint32_t i = 0; i < vm->n; i++) {                                                     \
            r[i] = x[i] op y[i] ? x[i] : y[i];                                                     \
        }                                                                                          \
        (void)ent_vm_absence(vm, step->d, step->a->absent, step->b->absent, false);                \
        zero_integers(step->d, vm->n);                                                             \
    }
INTEGER_CHOICE(MIN_I, <)
INTEGER_CHOICE(MAX_I, >)

/* --- binary64 --- */

static void zero_numbers(const ent_vm_reg *d, uint32_t n)
{
    if (d->absent != NULL) {
        double *restrict r = d->data;
        for (uint32_t i = 0; i < n; i++) {
            r[i] = d->absent[i] ? 0.0 : r[i];
        }
    }
}

static void report_numbers(ent_vm *vm, const ent_vm_step *step, char sign)
{
    double *r = step->d->data;
    const double *x = step->a->data;
    const double *y = step->b->data;
    for (uint32_t i = 0; i < vm->n; i++) {
        if (isfinite(r[i]) || (step->d->absent != NULL && step->d->absent[i])) {
            continue;
        }
        if (!ent_vm_selected(vm, i)) {
            r[i] = 0.0;
            continue;
        }
        bool by_zero = sign == '/' && y[i] == 0.0;
        if (!by_zero) {
            char left[ENT_DOUBLE_TEXT_SIZE] = "";
            char right[ENT_DOUBLE_TEXT_SIZE] = "";
            (void)ent_format_double(x[i], left);
            (void)ent_format_double(y[i], right);
            ent_vm_lane_fails(vm, step, i, -1, "%s %c %s is no finite number", left, sign, right);
        }
        ent_vm_set_absent(vm, step->d, i);
    }
}

/* All bits if the number is infinite or none: x - x is 0 for all others. */
static inline int64_t unfit_bits(double r)
{
    return -(int64_t) !(r - r == 0.0);
}

#define NUMBER_OP(id, op, sign)                                                                    \
    ENT_VECTORS void ent_vm_op_##id(ent_vm *vm, const ent_vm_step *step)                           \
    {                                                                                              \
        double *restrict r = step->d->data;                                                        \
        const double *x = step->a->data;                                                           \
        const double *y = step->b->data;                                                           \
        const uint32_t n = vm->n;                                                                  \
        int64_t unfit = 0;                                                                         \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            double value = x[i] op y[i];                                                           \
            unfit |= unfit_bits(value);                                                            \
            r[i] = value;                                                                          \
        }                                                                                          \
        (void)ent_vm_absence(vm, step->d, step->a->absent, step->b->absent, false);                \
        if (unfit != 0) {                                                                          \
            report_numbers(vm, step, sign);                                                        \
        }                                                                                          \
        zero_numbers(step->d, n);                                                                  \
    }
NUMBER_OP(ADD_F, +, '+')
NUMBER_OP(SUB_F, -, '-')
NUMBER_OP(MUL_F, *, '*')

/* Division by zero is looked for by hand: to a sanitizer it is an error even where it is meant. */
ENT_VECTORS void ent_vm_op_DIV_F(ent_vm *vm, const ent_vm_step *step)
{
    double *restrict r = step->d->data;
    const double *x = step->a->data;
    const double *y = step->b->data;
    const uint32_t n = vm->n;
    int64_t unfit = 0;
    for (uint32_t i = 0; i < n; i++) {
        double divisor = y[i] == 0.0 ? 1.0 : y[i];
        double quotient = x[i] / divisor;
        quotient = y[i] == 0.0 ? (double)INFINITY : quotient;
        unfit |= unfit_bits(quotient);
        r[i] = quotient;
    }
    (void)ent_vm_absence(vm, step->d, step->a->absent, step->b->absent, false);
    if (unfit != 0) {
        report_numbers(vm, step, '/');
    }
    zero_numbers(step->d, n);
}

#define NUMBER_UNARY(id, EXPR)                                                                     \
    void ent_vm_op_##id(ent_vm *vm, const ent_vm_step *step)                                       \
    {                                                                                              \
        double *restrict r = step->d->data;                                                        \
        const double *x = step->a->data;                                                           \
        for (uint32_t i = 0; i < vm->n; i++) {                                                     \
            r[i] = EXPR;                                                                           \
        }                                                                                          \
        (void)ent_vm_absence(vm, step->d, step->a->absent, NULL, false);                           \
        zero_numbers(step->d, vm->n);                                                              \
    }
NUMBER_UNARY(NEG_F, -x[i])
NUMBER_UNARY(ABS_F, fabs(x[i]))

#define NUMBER_CHOICE(id, op)                                                                      \
    void ent_vm_op_##id(ent_vm *vm, const ent_vm_step *step)                                       \
    {                                                                                              \
        double *restrict r = step->d->data;                                                        \
        const double *x = step->a->data;                                                           \
        const double *y = step->b->data;                                                           \
        for (uint32_t i = 0; i < vm->n; i++) {                                                     \
            r[i] = x[i] op y[i] ? x[i] : y[i];                                                     \
        }                                                                                          \
        (void)ent_vm_absence(vm, step->d, step->a->absent, step->b->absent, false);                \
        zero_numbers(step->d, vm->n);                                                              \
    }
NUMBER_CHOICE(MIN_F, <)
NUMBER_CHOICE(MAX_F, >)

ENT_VECTORS void ent_vm_op_I_TO_F(ent_vm *vm, const ent_vm_step *step)
{
    double *restrict r = step->d->data;
    const int64_t *x = step->a->data;
    const uint32_t n = vm->n;
    for (uint32_t i = 0; i < n; i++) {
        r[i] = (double)x[i];
    }
    (void)ent_vm_absence(vm, step->d, step->a->absent, NULL, false);
}
