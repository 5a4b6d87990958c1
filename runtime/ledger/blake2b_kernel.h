/* The compression of BLAKE2b for texts side by side, one in each lane of a processor's vectors, at hardly more than the
 * cost of one: private to blake2b*.c.
 *
 * One text alone is a chain of blocks.  With its four columns in the lanes of a vector it is no faster than plain code:
 * both wait for one result after the other. */
#ifndef ENT_LEDGER_BLAKE2B_KERNEL_H
#define ENT_LEDGER_BLAKE2B_KERNEL_H

#include "runtime/ledger/blake2b.h"

enum { ENT_BLAKE2B_LANES = 16, ENT_BLAKE2B_ROUNDS = 12 };

extern const uint64_t ent_blake2b_beginning[8];

/* Texts side by side: lane by lane the next block, and how many bytes there are up to the end of it. */
typedef struct ent_blake2b_lanes {
    uint64_t chain[8][ENT_BLAKE2B_LANES]; /* word by word */
    uint64_t bytes[ENT_BLAKE2B_LANES];
    const unsigned char *at[ENT_BLAKE2B_LANES];
} ent_blake2b_lanes;

typedef struct ent_blake2b_kernel {
    /* n blocks of each of n_lanes texts, none of them the last, or the last one; the lanes go on to what follows. */
    void (*take)(ent_blake2b_lanes *lanes, size_t n, bool last);
    unsigned n_lanes;
    unsigned worth; /* so many texts at least are faster side by side */
} ent_blake2b_kernel;

/* NULL: this processor or build does not have it. */
const ent_blake2b_kernel *ent_blake2b_kernel_x86(ent_blake2b_kind kind);

/* Which words of the block a round mixes in, round by round; the last two are the first two again. */
static const unsigned char ent_blake2b_order[ENT_BLAKE2B_ROUNDS][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

/* The rounds over a state v of 16 words and a block m of 16, unrolled, so that the order of the words is known where
 * they are used; mix(v, a, b, c, d, x, y) is for one word or for many side by side. */
#define ENT_BLAKE2B_MIX_ALL(mix, v, m)                                                                                 \
    do {                                                                                                               \
        _Pragma("GCC unroll 12") for (int r = 0; r < ENT_BLAKE2B_ROUNDS; r++) {                                        \
            const unsigned char *o = ent_blake2b_order[r];                                                             \
            mix(v, 0, 4, 8, 12, (m)[o[0]], (m)[o[1]]);                                                                 \
            mix(v, 1, 5, 9, 13, (m)[o[2]], (m)[o[3]]);                                                                 \
            mix(v, 2, 6, 10, 14, (m)[o[4]], (m)[o[5]]);                                                                \
            mix(v, 3, 7, 11, 15, (m)[o[6]], (m)[o[7]]);                                                                \
            mix(v, 0, 5, 10, 15, (m)[o[8]], (m)[o[9]]);                                                                \
            mix(v, 1, 6, 11, 12, (m)[o[10]], (m)[o[11]]);                                                              \
            mix(v, 2, 7, 8, 13, (m)[o[12]], (m)[o[13]]);                                                               \
            mix(v, 3, 4, 9, 14, (m)[o[14]], (m)[o[15]]);                                                               \
        }                                                                                                              \
    } while (0)

#endif
