/* What solving exactly (answer.c) and by drawing (answer_draw.c) share. */
#ifndef ENT_JUDGE_ANSWER_PRIVATE_H
#define ENT_JUDGE_ANSWER_PRIVATE_H

#include "runtime/judge/answer.h"

static inline uint64_t ent_answer_everybody(size_t n)
{
    return (UINT64_C(1) << n) - 1;
}

/* none, all and the gap's weight, from v({}) and v(all). */
void ent_answer_set_ends(ent_answer *a, ent_bigq none, ent_bigq all);
/* The parts' shares and weights, from each player's gain; set_ends comes first. */
void ent_answer_set_shares(ent_answer *a, const ent_game *g, const ent_bigq *gains);
bool ent_answer_solve_by_drawing(ent_answer *a, const ent_game *g);
/* A game of at most ENT_ANSWER_FEW_MAX whose shortfalls are whole, without a pool; false: it is none. */
bool ent_answer_solve_few(ent_answer *a, const ent_game *g);
/* Seals an answer whose figures still are what solve_few made them; false: they are not, or do not fit. */
bool ent_answer_seal_few(ent_answer *a);

#endif
