/* What caps and earning back remember: judge.c works with it, runtime/state/save_money.c saves
 * it. */
#ifndef ENT_JUDGE_JUDGE_PRIVATE_H
#define ENT_JUDGE_JUDGE_PRIVATE_H

#include "runtime/state/state.h"

/* What one objective and subject has paid and may earn back. */
typedef struct ent_earning {
    ent_i128 *credits; /* not yet earned back, latest last */
    size_t n, capacity;
    int64_t met_run;
} ent_earning;

struct ent_judge {
    ent_tuples keys; /* of caps and earnings */
    ent_map caps;
    ent_q *used; /* of each cap and window, in major units */
    size_t n_used, used_capacity;
    ent_map earnings;
    ent_earning *earned;
    size_t n_earned, earned_capacity;
};

#endif
