/* Gives decisions out that have become final: in the order of the ledger, a heap at a time, from where they lie.
 *
 * Decisions are large, and there may be a million: so they are not moved, but listed, priced and told by address.
 * Those of parts (parts.h) lie with the slice in hand; what of them does not go out at once becomes the engine's.
 * Tested by tests/unit/test_clocks.c and test_parts.c, and against the oracle by tests/property. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/parts.h"

/* What was decided stays on record, but nobody is bound by it. */
static void mark_not_in_force(const ent_engine *s, ent_verdict *d)
{
    if (!s->options.not_in_force || d->kind == ENT_VERDICT_POOL) {
        return; /* a pool is the framework's, which nobody signs */
    }
    int64_t agreement = d->kind == ENT_VERDICT_DUTY ? s->program->duty[d->clause].agreement
                                                     : s->program->objective[d->clause].agreement;
    if (s->options.not_in_force[agreement]) {
        d->status = ENT_STATUS_NOT_IN_FORCE;
        ent_answer_free(d->answer); /* what binds nobody is nobody's to answer for */
        d->answer = NULL;
        d->has_credit = false;
        d->has_budget = false;
    }
}

bool ent_engine_tell(ent_engine *s, ent_verdict *d, ent_fault *error)
{
    mark_not_in_force(s, d);
    s->giving = true;
    bool goes_on = !s->options.on_decision || s->options.on_decision(s->options.user, s, d);
    s->giving = false;
    return goes_on || ent_fail(s, error, ENT_FAULT_ENVIRONMENT, "stopped by the host");
}

bool ent_engine_tell_clock(ent_engine *s)
{
    ent_verdict *d = &s->decisions[s->n_decisions - 1];
    if (!s->options.on_clock || s->program->duty[d->clause].credit >= 0) {
        return true;
    }
    mark_not_in_force(s, d);
    bool ok = !d->answer || ent_answer_seal(d->answer);
    if (ok) {
        s->options.on_clock(s->options.user, s->number, s, d);
    }
    ent_answer_spare(&s->spare_answers, d->answer);
    s->n_decisions--;
    return ok;
}

bool ent_verdicts_add(ent_engine *s, const ent_verdict *decisions, size_t n)
{
    if (!ent_reserve((void **)&s->decisions, &s->decisions_capacity, s->n_decisions + n, sizeof *s->decisions)) {
        return false;
    }
    if (n > 0) {
        memcpy(s->decisions + s->n_decisions, decisions, n * sizeof *decisions);
    }
    s->n_decisions += n;
    return true;
}

/* What parts decided in the slice in hand lies with it. */
static ent_meaning *told_by_parts(ent_engine *s)
{
    return s->parts && s->ready ? &s->ready->meaning : NULL;
}

/* Lists the decisions that are final before then, from where they are: first the engine's, then those of the parts,
 * which are in the order of instants mostly. */
static size_t list_final(ent_engine *s, ent_meaning *told, int64_t before)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_decisions; i++) {
        s->order[n] = &s->decisions[i];
        n += s->decisions[i].final_ns < before;
    }
    return told ? ent_parts_list(told, before, s->order, n) : n;
}

/* Those that were not; lets go of the others. */
static bool keep_rest(ent_engine *s, ent_meaning *told, int64_t before)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_decisions; i++) {
        if (s->decisions[i].final_ns >= before) {
            s->decisions[n++] = s->decisions[i];
        } else {
            ent_answer_spare(&s->spare_answers, s->decisions[i].answer);
        }
    }
    s->n_decisions = n;
    return !told || ent_parts_keep(s, told, before);
}

/* They may have been made by another thread. */
static void look_ahead(ent_verdict *const *decisions, size_t n)
{
    enum { DECISION = 8, ANSWER = 4, CACHE_LINE = 64 };
    if (n > DECISION) {
        __builtin_prefetch(decisions[DECISION]);
        __builtin_prefetch(&decisions[DECISION]->answer);
    }
    if (n > ANSWER && decisions[ANSWER]->answer) {
        const char *answer = (const char *)decisions[ANSWER]->answer;
        __builtin_prefetch(answer);
        __builtin_prefetch(answer + CACHE_LINE);
    }
}

bool ent_engine_give_out(ent_engine *s, int64_t before, ent_fault *error)
{
    ent_meaning *told = told_by_parts(s);
    size_t n = s->n_decisions + (told ? ent_parts_told(told) : 0);
    if (n == 0) {
        return true;
    }
    if (!ent_reserve((void **)&s->order, &s->order_capacity, n, sizeof(ent_verdict *))) {
        return ent_no_memory(error);
    }
    size_t n_final = list_final(s, told, before);
    if (!ent_judge_settle(s, s->order, n_final, error)) {
        return false;
    }
    for (size_t i = 0; i < n_final; i++) {
        ent_subject_look_ahead(s, s->order + i, n_final - i);
        look_ahead(s->order + i, n_final - i);
        if (!ent_engine_tell(s, s->order[i], error)) {
            return false;
        }
    }
    if (!keep_rest(s, told, before)) {
        return ent_no_memory(error);
    }
    s->settle_at = s->n_decisions < ENT_SETTLE_AT / 2 ? ENT_SETTLE_AT : 2 * s->n_decisions;
    return true;
}

bool ent_engine_keep_told(ent_engine *s, ent_fault *error)
{
    ent_meaning *told = told_by_parts(s);
    return !told || ent_parts_keep(s, told, INT64_MIN) || ent_no_memory(error);
}

bool ent_engine_give_enough(ent_engine *s, int64_t before, ent_fault *error)
{
    ent_meaning *told = told_by_parts(s);
    bool enough = s->options.prompt || s->n_decisions + (told ? ent_parts_told(told) : 0) >= s->settle_at;
    return enough ? ent_engine_give_out(s, before, error) : ent_engine_keep_told(s, error);
}
