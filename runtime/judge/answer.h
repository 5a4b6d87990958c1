/* Who answers for a breach: but-for causes, shares, degrees of responsibility and the structural gap, from a
 * replay that says what would be left of the shortfall had some parties performed (language.md, section 7).
 *
 * A game has players 0..n-1 and a shortfall v(S) for each set S of them that performs. Shares are the Shapley
 * value of v({}) - v(S) (Shapley 1953), weighted where causes are settled by charge (Kalai and Samet 1987: a
 * set's dividend goes to its members in proportion to their weights). Exact up to ENT_ANSWER_EXACT_MAX players;
 * beyond that ENT_ANSWER_DRAWS seeded orders, whose shares are exact ratios of the drawn sums and come with
 * their standard error. Pure computation: no clock, no I/O.
 * Tested by tests/unit/test_answer.c and tests/oracle. */
#ifndef ENT_JUDGE_ANSWER_H
#define ENT_JUDGE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/bytecode/format.h"
#include "runtime/bytecode/types.h"
#include "runtime/vm/big.h"

#define ENT_ANSWER_EXACT_MAX 12
#define ENT_ANSWER_DRAWS 100000
/* Sets of parties are 64-bit masks over the program's parties. */
#define ENT_ANSWER_PARTIES_MAX ENT_LIMIT_PARTIES

typedef struct ent_part {
    int64_t party; /* index into the program's party table */
    bool but_for, has_share, has_times, has_amount, has_without, without_is_number;
    uint32_t degree;             /* of responsibility: 1/degree; 0: none */
    int64_t held_ns, excess_ns;  /* of a clock, with has_times */
    ent_bigq share;              /* of v({}) - v(all), with has_share */
    ent_bigq weight;             /* the part of v({}) that falls to it */
    const char *share_text;      /* once sealed: the reduced fraction */
    ent_i128 amount_minor;       /* with has_amount: what it bears of the credit */
    double error;                /* standard error of share, when sampled */
    ent_q without;               /* with has_without: the figure had it performed, as the measure is */
    double without_f;            /* the same with without_is_number */
} ent_part;

/* A row that a decision rests on: for the ledger's `because`. */
typedef struct ent_fact {
    int64_t origin;         /* of the row that begins it, see runtime/feed/origin.h; 0: unknown */
    int64_t until_origin;   /* of the row that ends it, or of the last of its samples; 0: unknown, or the same */
    int64_t from_ns, to_ns; /* an instant twice, or a stretch */
    uint64_t causes;        /* parties, as bits */
    int32_t feed;           /* index, or -1; of origin */
    int32_t until_feed;     /* of until_origin */
    int32_t subject;        /* of a sample: the service, or -1 */
    int32_t root;           /* the one service whose provider is the cause, or -1 */
    int32_t span;           /* of time that does not count: the span, or -1 */
    uint32_t count;         /* of samples */
    uint32_t notes;         /* of samples, or pieces of a stretch, that were put together in it */
    uint8_t kind;           /* ent_fact_kind */
} ent_fact;

typedef enum ent_fact_kind {
    ENT_FACT_TRIGGER = 0,  /* the row that started the clock */
    ENT_FACT_HELD = 1,     /* net time that `causes` held */
    ENT_FACT_EXCESS = 2,   /* the same, beyond what they were allowed */
    ENT_FACT_OUTAGE = 3,   /* a run of bad samples with one set of causes */
    ENT_FACT_OUTCOME = 4,  /* an unmet outcome */
    ENT_FACT_STOPPED = 5,  /* the row that discharged the clock, or voided it */
    ENT_FACT_PAUSED = 6    /* time in a span that stops the clock */
} ent_fact_kind;
#define ENT_FACTS_MAX 20

enum { ENT_ANSWER_FEW_MAX = 2, ENT_ANSWER_FEW_LIMBS = 14, ENT_ANSWER_SHORT_TEXTS = 24 };

/* While it is worked out its figures are in the pool; sealing turns into text what is shown and lets go of the
 * pool, because a run keeps the answers of all its breaches. */
typedef struct ent_answer {
    ent_part *parts;
    size_t n_parts;
    ent_fact *facts;
    size_t n_facts, facts_left_out;
    bool has_shares, sampled, has_gap;
    bool gap_fits;        /* then gap, else only gap_text */
    ent_q gap;            /* v(all), once sealed */
    char *texts;          /* owned: shares and the gap */
    const char *gap_text; /* a reduced fraction */
    ent_big_pool pool;
    uint64_t few[ENT_ANSWER_FEW_LIMBS]; /* figures of a game of few, instead of the pool */
    uint32_t n_few;
    ent_fact *own_facts;
    uint32_t parts_max, facts_max; /* that have room: in the answer's own block at first, see answer.c */
    uint32_t block_parts, block_facts; /* that have room in its own block */
    struct ent_answer *next;           /* of those whose memory goes round */
    char short_texts[ENT_ANSWER_SHORT_TEXTS];
    ent_bigq none, all;  /* v({}) and v(all) */
    ent_bigq gap_weight; /* v(all) / v({}) */
    uint32_t owners;
} ent_answer;

typedef struct ent_game {
    size_t n;
    ent_joint joint;
    const ent_q *weights; /* by charge: one a player */
    uint64_t seed;
    /* What would be left had the players whose bits are set performed; *breach: whether the clause would still
     * be breached. False stops (memory). */
    bool (*shortfall)(void *user, ent_big_pool *pool, uint64_t performing, ent_bigq *v,
                      bool *breach);
    /* The same where shortfalls are whole and below ENT_SHORTFALL_FEW_MAX; NULL: they need not be. */
    bool (*shortfall_few)(void *user, uint64_t performing, int64_t *v, bool *breach);
    void *user;
} ent_game;
#define ENT_SHORTFALL_FEW_MAX (INT64_C(1) << 60)

ent_answer *ent_answer_new(size_t n_parts);
/* The same with room for more parts and for facts. */
ent_answer *ent_answer_new_with(size_t n_parts, size_t parts_max, size_t facts_max);
/* The same, in the memory of one that has been let go of, if the first of the list has room; *spare may be NULL. */
ent_answer *ent_answer_renew(ent_answer **spare, size_t n_parts, size_t parts_max, size_t facts_max);
/* As ent_answer_free, but that the memory may stay in the list, for threads that share an allocator. */
void ent_answer_spare(ent_answer **spare, ent_answer *answer);
void ent_answer_free_spare(ent_answer **spare);
/* An answer lives until it has been let go of as often as it was made or kept; NULL is allowed. */
ent_answer *ent_answer_keep(ent_answer *answer);
void ent_answer_free(ent_answer *answer);
/* The party's part, inserted in the order of parties if it had none; NULL: memory. */
ent_part *ent_answer_part(ent_answer *answer, int64_t party);
/* After the split: shares and gap as text, the pool empty. */
bool ent_answer_seal(ent_answer *answer);
/* Fills the n parts' shares, degrees and but-for, none, all and gap_weight; the parts' parties stay. */
bool ent_answer_solve(ent_answer *answer, const ent_game *game);
bool ent_answer_fact(ent_answer *answer, ent_fact fact);
/* Splits the credit: bearers[i] pays for part i, bearers[n_parts] for the gap; parts are rounded down, what
 * remains goes to the largest remainders, equal ones by party. Jointly, it is even among those with a share.
 * Bearers without a part get one; parts stay in the order of parties. */
bool ent_answer_split(ent_answer *answer, ent_joint joint, ent_i128 credit_minor,
                      const int64_t *bearers);

#endif
