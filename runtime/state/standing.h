/* How every open window and clock stands at an instant, before anything is final.
 *
 * The engine itself does not move: a copy of it is made (save.h), taken to the instant as if no
 * row below it were still to come, and asked.  So what is given is what the ledger's provisional
 * lines would say if the input ended there, and the cost is that of saving and restoring.  Of an
 * objective over rolling windows it is the window that ends next.
 *
 * An error budget is what the target allows to be bad, after Google's Site Reliability Workbook
 * (2018), chapters 2 and 5: a burn rate of 1 uses up exactly the budget by the end of the
 * window.  With T the target, [lo, to) the window, `hi` the instant:
 *
 *   allowed   shares of samples      (1 - T) * (samples so far + samples still expected until `to`)
 *             shares of time         (1 - T) * (net time so far + time until `to`)
 *             count, sum, time in    T, where the target is an upper bound
 *             shares held `at most`  T instead of 1 - T, and what meets the condition is spent
 *   spent     what was bad so far; what is missing, where it counts as down
 *   left      allowed - spent: negative once it is overdrawn
 *   burn rate (spent / allowed) / ((hi - lo) / (to - lo))
 *   gone at   lo + (hi - lo) * allowed / spent, rounded up to a nanosecond: when the budget is
 *             used up if it goes on like this; absent if that is not before `to`
 *
 * Samples are expected of a feed that is `sampled every D`.  Of other feeds nothing is known of
 * how many rows will come: the budget is of those so far and grows with them, its burn rate is
 * error rate over budgeted rate, (spent / n) / (1 - T), and there is no instant at which it will
 * be gone.  All figures are exact. Tested by tests/unit/test_standing.c. */
#ifndef ENT_STATE_STANDING_H
#define ENT_STATE_STANDING_H

#include "runtime/state/engine.h"

typedef enum ent_budget_unit {
    ENT_BUDGET_NONE = 0,
    ENT_BUDGET_SAMPLES = 1, /* rows or outcomes */
    ENT_BUDGET_TIME = 2,    /* ns */
    ENT_BUDGET_MEASURE = 3  /* as the objective's measure */
} ent_budget_unit;

typedef struct ent_budget {
    uint8_t unit; /* ent_budget_unit */
    bool grows;   /* with the rows that come */
    bool has_rate, has_gone;
    ent_q allowed, spent, left, burn_rate;
    int64_t gone_ns;
} ent_budget;

typedef struct ent_standing_row {
    /* Clause, subject, window or clock, measure and counts, as of a provisional decision; of a
     * clock also due_ns (as far as is known now), elapsed and allowed net time. */
    const ent_verdict *decision;
    /* As if it were decided now.  A clock within its allowance is `provisional`, or `met` if it
     * is only waiting for whether it is reopened. */
    uint8_t status; /* ent_status */
    ent_budget budget;
    /* of clocks */
    int64_t left_ns; /* of the allowance, net; negative: over it */
    int64_t holder;  /* the party that has it now, else whose duty it is; -1: no clock */
    bool paused;     /* its net time does not pass now */
} ent_standing_row;

/* `copy` is what the row's clause and subject are looked up in.  false stops. */
typedef bool (*ent_standing_fn)(void *user, const ent_engine *copy, const ent_standing_row *row);

/* Objectives, then duties, in the order of the program; subjects of a clause in byte order.
 * Nothing before the first row is below at_ns.  An instant below the watermark, or an engine
 * that has ended, is a mistake of use. */
bool ent_engine_standing(const ent_engine *engine, int64_t at_ns, ent_standing_fn fn, void *user,
                         ent_fault *error);
/* The same in two steps, for hosts that ask again: the copy, which is to be freed, says what it says as often as it is
 * asked, as long as the engine has not moved. */
ent_engine *ent_standing_copy(const ent_engine *engine, int64_t at_ns, ent_fault *error);
bool ent_standing_tell(ent_engine *copy, ent_standing_fn fn, void *user, ent_fault *error);

/* Whether somebody should look: a breach as it stands; of an objective, a budget that will be gone before the end or of
 * which less than a quarter is left; of a clock, its `warn at`, else three quarters of its allowance, are used up. */
bool ent_standing_at_risk(const ent_image *program, const ent_standing_row *row);

#endif
