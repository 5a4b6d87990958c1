/* Folds: the running state of one aggregate of one subject in one window.
 *
 * Every state is exact and does not depend on the order or grouping of its rows (first and last apart, which are
 * defined by it): integers are summed in 128 bits, doubles without rounding (ent_fsum), rationals
 * exactly; percentiles keep their values, integers as ranks.c does.  Two states of neighbouring rows merge into
 * the state of all of them.  Oracle: tests/oracle with fractions. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/state.h"

void ent_fold_deinit(ent_fold_state *state)
{
    free(state->fsum);
    free(state->values);
    ent_ranks_free(state);
    *state = (ent_fold_state){0};
}

static bool ensure_fsum(ent_fold_state *state)
{
    if (!state->fsum) {
        state->fsum = malloc(sizeof *state->fsum);
        if (!state->fsum) {
            return false;
        }
        ent_fsum_init(state->fsum);
    }
    return true;
}

static bool take_sum(ent_fold_state *state, const ent_colbuf *values, size_t lane)
{
    if (values->cls == ENT_CLASS_F) {
        if (!ensure_fsum(state)) {
            return false;
        }
        ent_fsum_add(state->fsum, ((const double *)values->data)[lane]);
    } else if (values->cls == ENT_CLASS_Q) {
        if (state->qsum.den == 0) {
            state->qsum = ent_q_from_i64(0);
        }
        state->failed |= !ent_q_add(state->qsum, ((const ent_q *)values->data)[lane], &state->qsum);
    } else {
        state->sum += ((const int64_t *)values->data)[lane];
    }
    return true;
}

/* -1, 0, 1: the lane against the kept value. */
static int against_kept(const ent_fold_state *state, const ent_colbuf *values, size_t lane)
{
    if (values->cls == ENT_CLASS_F) {
        double v = ((const double *)values->data)[lane];
        return v < state->fvalue ? -1 : v > state->fvalue;
    }
    if (values->cls == ENT_CLASS_Q) {
        return ent_q_cmp(((const ent_q *)values->data)[lane], state->qvalue);
    }
    int64_t v = ((const int64_t *)values->data)[lane];
    return v < state->ivalue ? -1 : v > state->ivalue;
}

static void keep(ent_fold_state *state, const ent_colbuf *values, size_t lane)
{
    state->has_value = true;
    if (values->cls == ENT_CLASS_F) {
        state->fvalue = ((const double *)values->data)[lane];
    } else if (values->cls == ENT_CLASS_Q) {
        state->qvalue = ((const ent_q *)values->data)[lane];
    } else {
        state->ivalue = ((const int64_t *)values->data)[lane];
    }
}

static bool push_values(ent_fold_state *state, ent_class cls, const void *from, size_t n)
{
    size_t size = ent_class_size(cls);
    if (n == 0) {
        return true;
    }
    if (!ent_reserve(&state->values, &state->values_capacity, state->n_values + n, size)) {
        return false;
    }
    memcpy((char *)state->values + state->n_values * size, from, n * size);
    state->n_values += n;
    return true;
}

bool ent_fold_value(const ent_fold_row *fold, ent_fold_state *state, const ent_colbuf *values,
                    size_t lane)
{
    switch (fold->kind) {
    case ENT_AGG_SUM:
    case ENT_AGG_AVERAGE:
        return take_sum(state, values, lane);
    case ENT_AGG_MINIMUM:
        if (!state->has_value || against_kept(state, values, lane) < 0) {
            keep(state, values, lane);
        }
        return true;
    case ENT_AGG_MAXIMUM:
        if (!state->has_value || against_kept(state, values, lane) > 0) {
            keep(state, values, lane);
        }
        return true;
    case ENT_AGG_FIRST:
        if (!state->has_value) {
            keep(state, values, lane);
        }
        return true;
    case ENT_AGG_LAST:
        keep(state, values, lane);
        return true;
    case ENT_AGG_MEDIAN:
    case ENT_AGG_PERCENTILE:
        return push_values(state, values->cls,
                           (const char *)values->data + lane * ent_class_size(values->cls), 1);
    default:
        return true;
    }
}

static ent_class value_class(const ent_fold_row *fold)
{
    return ent_type_class((unsigned)fold->value_type);
}

static bool merge_kept(const ent_fold_row *fold, ent_fold_state *into, const ent_fold_state *from)
{
    if (!from->has_value) {
        return true;
    }
    ent_colbuf one = {.cls = value_class(fold), .n = 1};
    one.data = one.cls == ENT_CLASS_F   ? (void *)(uintptr_t)&from->fvalue
               : one.cls == ENT_CLASS_Q ? (void *)(uintptr_t)&from->qvalue
                                        : (void *)(uintptr_t)&from->ivalue;
    return ent_fold_value(fold, into, &one, 0);
}

bool ent_fold_merge(const ent_fold_row *fold, ent_fold_state *into, const ent_fold_state *from)
{
    into->rows += from->rows;
    into->observed += from->observed;
    into->n += from->n;
    into->good += from->good;
    into->absent += from->absent;
    into->excluded += from->excluded;
    into->good_ns += from->good_ns;
    into->bad_ns += from->bad_ns;
    into->expected += from->expected;
    into->missing += from->missing;
    into->failed |= from->failed || !ent_i128_add(into->sum, from->sum, &into->sum);
    if (from->fsum) {
        if (!ensure_fsum(into)) {
            return false;
        }
        ent_fsum_merge(into->fsum, from->fsum);
    }
    if (from->qsum.den != 0) {
        if (into->qsum.den == 0) {
            into->qsum = ent_q_from_i64(0);
        }
        into->failed |= !ent_q_add(into->qsum, from->qsum, &into->qsum);
    }
    return ent_ranks_merge(into, from) && merge_kept(fold, into, from) &&
           push_values(into, value_class(fold), from->values, from->n_values);
}

/* --- results --- */

static int compare_q(const void *a, const void *b)
{
    return ent_q_cmp(*(const ent_q *)a, *(const ent_q *)b);
}

/* Integers in the order of the doubles; both zeros are one. */
static int64_t ordered_bits(double value)
{
    int64_t bits;
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits < 0 ? INT64_MIN - bits : bits;
}

static double from_ordered(int64_t bits)
{
    double value;
    bits = bits < 0 ? INT64_MIN - bits : bits;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double select_number(double *v, size_t n, size_t rank)
{
    int64_t *bits = (int64_t *)(void *)v;
    for (size_t i = 0; i < n; i++) {
        bits[i] = ordered_bits(v[i]);
    }
    double found = from_ordered(ent_select_integer(bits, n, rank));
    for (size_t i = 0; i < n; i++) {
        v[i] = from_ordered(bits[i]);
    }
    return found;
}

static void result_q(ent_constant *out, ent_q q)
{
    out->cls = ENT_CLASS_Q;
    out->v.q = q;
}

static void result_i(ent_constant *out, int64_t i)
{
    out->cls = ENT_CLASS_I;
    out->v.i = i;
}

static void result_value(const ent_fold_row *fold, const void *value, ent_constant *out)
{
    out->cls = (uint8_t)value_class(fold);
    if (out->cls == ENT_CLASS_F) {
        out->v.f = *(const double *)value;
    } else if (out->cls == ENT_CLASS_Q) {
        out->v.q = *(const ent_q *)value;
    } else {
        out->v.i = *(const int64_t *)value;
    }
}

static bool percentile(const ent_image *p, const ent_fold_row *fold, ent_fold_state *state,
                       ent_constant *out, ent_fault *error)
{
    ent_q part = {1, 2};
    if (fold->kind == ENT_AGG_PERCENTILE) {
        part = p->constants[fold->percent].v.q;
    }
    ent_q rank_q;
    size_t n = state->n_values + state->n_narrow;
    if (!ent_q_mul(part, ent_q_from_i64((int64_t)n), &rank_q)) {
        return ent_fail(NULL, error, ENT_FAULT_DATA, "the rank of a percentile does not fit");
    }
    ent_i128 rank = ent_q_ceil(rank_q);
    size_t at = rank < 1 ? 0 : (size_t)rank - 1;
    at = at >= n ? n - 1 : at;
    out->cls = (uint8_t)value_class(fold);
    switch ((ent_class)out->cls) {
    case ENT_CLASS_F:
        out->v.f = select_number(state->values, state->n_values, at);
        break;
    case ENT_CLASS_Q:
        qsort(state->values, state->n_values, sizeof(ent_q), compare_q);
        out->v.q = ((const ent_q *)state->values)[at];
        break;
    default:
        return ent_ranks_select(state, at, &out->v.i) || ent_no_memory(error);
    }
    return true;
}

static bool too_large(ent_fault *error, const ent_fold_row *fold)
{
    ent_fail(NULL, error, ENT_FAULT_DATA, "a %s over the window's rows does not fit",
             fold->kind == ENT_AGG_AVERAGE ? "average" : "sum");
    if (error) {
        error->place = fold->place;
    }
    return false;
}

static bool sum_result(const ent_fold_row *fold, ent_fold_state *state, ent_constant *out,
                       bool *absent, ent_fault *error)
{
    bool average = fold->kind == ENT_AGG_AVERAGE;
    ent_class cls = value_class(fold);
    *absent = average && state->n == 0;
    if (*absent) {
        return true;
    }
    if (state->failed) {
        return too_large(error, fold);
    }
    if (cls == ENT_CLASS_F) {
        out->cls = ENT_CLASS_F;
        out->v.f = 0;
        if (!state->fsum) {
            return true;
        }
        bool ok = average ? ent_fsum_div(state->fsum, (uint64_t)state->n, &out->v.f)
                          : ent_fsum_result(state->fsum, &out->v.f);
        return ok || too_large(error, fold);
    }
    if (cls == ENT_CLASS_Q) {
        ent_q q = state->qsum.den == 0 ? ent_q_from_i64(0) : state->qsum;
        if (average && !ent_q_div(q, ent_q_from_i64(state->n), &q)) {
            return too_large(error, fold);
        }
        result_q(out, q);
        return true;
    }
    if (!average) {
        if (state->sum > INT64_MAX || state->sum < INT64_MIN) {
            return too_large(error, fold);
        }
        result_i(out, (int64_t)state->sum);
        return true;
    }
    ent_i128 scale = 1;
    for (int64_t i = 0; fold->value_type == ENT_TYPE_DECIMAL && i < fold->param; i++) {
        scale *= 10;
    }
    ent_q q;
    if (!ent_q_make(state->sum, (ent_i128)state->n * scale, &q)) {
        return too_large(error, fold);
    }
    result_q(out, q);
    return true;
}

static bool share(int64_t good, int64_t total, ent_constant *out, bool *absent)
{
    ent_q q = {0, 1};
    *absent = total <= 0 || !ent_q_make(good, total, &q);
    result_q(out, q);
    return true;
}

bool ent_fold_result(const ent_image *p, const ent_fold_row *fold, ent_fold_state *state,
                     int64_t missing, int missing_policy, ent_constant *out, bool *absent,
                     ent_fault *error)
{
    bool counted = missing_policy == ENT_MISSING_DOWN || missing_policy == ENT_MISSING_UP;
    *absent = false;
    switch (fold->kind) {
    case ENT_AGG_SHARE:
        return share(state->good + (missing_policy == ENT_MISSING_UP ? missing : 0),
                     state->n + (counted ? missing : 0), out, absent);
    case ENT_AGG_TIME_SHARE: {
        int64_t silent = counted ? state->expected - state->good_ns - state->bad_ns : 0;
        return share(state->good_ns + (missing_policy == ENT_MISSING_UP ? silent : 0),
                     state->good_ns + state->bad_ns + silent, out, absent);
    }
    case ENT_AGG_TIME_OUTSIDE:
        return share(state->good_ns, state->expected, out, absent);
    case ENT_AGG_TIME_IN:
    case ENT_AGG_LONGEST:
        result_i(out, state->bad_ns);
        return true;
    case ENT_AGG_COUNT:
        result_i(out, state->n);
        return true;
    case ENT_AGG_SUM:
    case ENT_AGG_AVERAGE:
        return sum_result(fold, state, out, absent, error);
    case ENT_AGG_MEDIAN:
    case ENT_AGG_PERCENTILE:
        *absent = state->n_values + state->n_narrow == 0;
        return *absent || percentile(p, fold, state, out, error);
    default:
        *absent = !state->has_value;
        if (state->has_value) {
            ent_class cls = value_class(fold);
            result_value(fold,
                         cls == ENT_CLASS_F   ? (const void *)&state->fvalue
                         : cls == ENT_CLASS_Q ? (const void *)&state->qvalue
                                              : (const void *)&state->ivalue,
                         out);
        }
        return true;
    }
}
