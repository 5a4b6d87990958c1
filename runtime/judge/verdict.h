/* A decision: what one clause came to for one subject, in one window or for one clock.
 *
 * Filled by runtime/state, given its credit by runtime/judge, printed by runtime/ledger.  Plain data;
 * the clause is an index into the program's table, so a decision says nothing twice. */
#ifndef ENT_JUDGE_DECISION_H
#define ENT_JUDGE_DECISION_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/include/entente.h"
#include "runtime/vm/exact.h"

typedef enum ent_verdict_kind {
    ENT_VERDICT_OBJECTIVE = 0,
    ENT_VERDICT_DUTY = 1,
    ENT_VERDICT_POOL = 2
} ent_verdict_kind;

/* Whether a credit that lapses unless it is claimed was. */
typedef enum ent_claim_status {
    ENT_CLAIM_NONE = 0, /* it is automatic */
    ENT_CLAIM_MADE = 1,
    ENT_CLAIM_OPEN = 2,  /* not claimed so far, and there is time */
    ENT_CLAIM_LAPSED = 3
} ent_claim_status;

typedef struct ent_counts {
    int64_t samples;  /* rows that count */
    int64_t bad;      /* of these, the ones that fail */
    int64_t missing;
    int64_t absent;   /* rows left out because a value that is read is absent */
    int64_t excluded; /* rows left out by `excluding` */
    int64_t late;
} ent_counts;

/* What is asked of every decision comes first, then what is said of clocks: there may be many of those. */
typedef struct ent_verdict {
    uint8_t kind;   /* ent_verdict_kind */
    uint8_t status; /* ent_status */
    bool has_measure;
    bool measure_is_number; /* then measure_f, else measure */
    bool has_due, has_done, open;
    bool has_credit;
    bool final;      /* a window that is over, or a clock about which nothing can change */
    bool has_budget;
    bool has_subject;
    bool expected_met;   /* the level hoped for, not only the target */
    bool credit_earned;  /* by `earn back` */
    uint8_t claim;       /* ent_claim_status */
    int64_t clause;  /* index into the objective, duty or pool table */
    int64_t subject; /* the key's value, see the session's key names */
    int64_t final_ns; /* the instant at which it became final */
    struct ent_answer *answer; /* of a breach, owned by the session; NULL: none */
    int64_t elapsed_ns, allowed_ns;
    int64_t at_ns, due_ns, done_ns;
    int64_t cause_origin;   /* of the row that started the clock, 0 unknown */
    int64_t done_origin;    /* of the row that stopped it, 0 unknown */
    int32_t done_feed;
    int64_t from_ns, to_ns; /* window (objective, pool) */
    ent_q measure;  /* in raw units: a ratio, ns, a count, an amount in major units */
    double measure_f;
    ent_counts counts;
    ent_q credit_fraction;  /* of the ladder's amount that this part of a window gets */
    ent_i128 credit_minor;  /* after caps; negative: earned back; of a pool, what it pays out */
    ent_i128 fund_minor;    /* what a pool's funders put in */
    int64_t first_part, n_parts; /* of a pool, see ent_engine_pool_parts */
    int64_t claim_ns, claim_until_ns; /* when it was claimed, and until when it can be */
    ent_i128 lapsed_minor;  /* what was not claimed; credit_minor is 0 then */
    int64_t credit_rule;    /* string index of the rule's text, or -1 */
    ent_q budget_left;      /* bad samples still allowed, or time left */
    ent_q burn_rate;
} ent_verdict;

#endif
