/* What is kept of claims: claim.c works with it, save_money.c saves it. */
#ifndef ENT_STATE_CLAIM_H
#define ENT_STATE_CLAIM_H

#include "runtime/state/state.h"

#define ENT_CLAIM_ABOUT_ANYTHING INT64_MIN
#define ENT_CLAIM_NOT_NAMED (-1)
/* How many numbers say what is claimed: the row of the program's table, agreement, clause,
 * subject. */
#define ENT_CLAIM_NAMES 4

typedef struct ent_claim {
    int64_t at, about;
    bool matched;
} ent_claim;

typedef struct ent_claim_list {
    ent_claim *v;
    size_t n, capacity;
} ent_claim_list;

struct ent_claims {
    ent_tuples names; /* claim row of the program, agreement, clause, subject */
    ent_map lists;
    ent_claim_list *v;
    size_t n, capacity;
};

#endif
