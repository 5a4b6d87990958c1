/* See blake2b.h.  The rounds are unrolled, so that the order of the words is known where they are used: that is
 * what makes it as fast as code for one processor. */
#include "runtime/ledger/blake2b.h"

#include <stdbool.h>
#include <string.h>

enum { BLOCK = ENT_BLAKE2B_BLOCK, ROUNDS = 12 };

static const uint64_t beginning[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                      0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

/* Which words of the block a round mixes in, round by round; the last two rounds are the first two again. */
static const unsigned char order[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static inline uint64_t load(const unsigned char *p)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--) {
        value = value << 8 | p[i];
    }
    return value;
}

static uint64_t turn(uint64_t value, int n)
{
    return value >> n | value << (64 - n);
}

static inline void mix(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y)
{
    v[a] += v[b] + x;
    v[d] = turn(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = turn(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = turn(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = turn(v[b] ^ v[c], 63);
}

static void take_block(ent_blake2b *s, const unsigned char *block, bool last)
{
    uint64_t m[16];
    uint64_t v[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
        m[i] = load(block + 8 * i);
    }
    memcpy(v, s->chain, sizeof s->chain);
    memcpy(v + 8, beginning, sizeof beginning);
    v[12] ^= s->bytes;
    v[14] ^= last ? UINT64_MAX : 0;
#pragma GCC unroll 12
    for (int round = 0; round < ROUNDS; round++) {
        const unsigned char *o = order[round % 10];
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) { /* columns, then diagonals */
            mix(v, i, i + 4, i + 8, i + 12, m[o[2 * i]], m[o[2 * i + 1]]);
        }
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            mix(v, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12, m[o[8 + 2 * i]], m[o[9 + 2 * i]]);
        }
    }
    for (int i = 0; i < 8; i++) {
        s->chain[i] ^= v[i] ^ v[i + 8];
    }
}

void ent_blake2b_init(ent_blake2b *s)
{
    memset(s, 0, sizeof *s);
    memcpy(s->chain, beginning, sizeof beginning);
    s->chain[0] ^= UINT64_C(0x01010000) ^ ENT_BLAKE2B_SIZE;
}

void ent_blake2b_blocks(ent_blake2b *s, const void *data, size_t n)
{
    const unsigned char *block = data;
    for (size_t i = 0; i < n; i++) {
        s->bytes += BLOCK;
        take_block(s, block + i * BLOCK, false);
    }
}

void ent_blake2b_update(ent_blake2b *s, const void *bytes, size_t len)
{
    const unsigned char *data = bytes;
    while (len > 0) {
        if (s->len == BLOCK) { /* only now it is known not to be the last */
            s->bytes += BLOCK;
            take_block(s, s->block, false);
            s->len = 0;
        }
        if (s->len == 0 && len > BLOCK) {
            s->bytes += BLOCK;
            take_block(s, data, false);
            data += BLOCK;
            len -= BLOCK;
            continue;
        }
        size_t part = len < BLOCK - s->len ? len : BLOCK - s->len;
        memcpy(s->block + s->len, data, part);
        s->len += part;
        data += part;
        len -= part;
    }
}

void ent_blake2b_final(ent_blake2b *s, unsigned char digest[ENT_BLAKE2B_SIZE])
{
    s->bytes += s->len;
    memset(s->block + s->len, 0, BLOCK - s->len);
    take_block(s, s->block, true);
    for (size_t i = 0; i < ENT_BLAKE2B_SIZE; i++) {
        digest[i] = (unsigned char)(s->chain[i / 8] >> 8 * (i % 8));
    }
}
