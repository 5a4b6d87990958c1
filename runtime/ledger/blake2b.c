/* See blake2b.h.  The rounds are unrolled, so that the order of the words is known where they are used. */
#include "runtime/ledger/blake2b.h"

#include <stdatomic.h>
#include <string.h>

#include "runtime/ledger/blake2b_kernel.h"

enum { BLOCK = ENT_BLAKE2B_BLOCK, LANES = ENT_BLAKE2B_LANES };

const uint64_t ent_blake2b_beginning[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                           0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                           0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

/* --- blocks of one text --- */

/* Spelt out, as compilers see a load and a store of eight bytes in that. */
static inline uint64_t load(const unsigned char *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 |
           (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

static inline void store(unsigned char *p, uint64_t value)
{
    p[0] = (unsigned char)value;
    p[1] = (unsigned char)(value >> 8);
    p[2] = (unsigned char)(value >> 16);
    p[3] = (unsigned char)(value >> 24);
    p[4] = (unsigned char)(value >> 32);
    p[5] = (unsigned char)(value >> 40);
    p[6] = (unsigned char)(value >> 48);
    p[7] = (unsigned char)(value >> 56);
}

static inline uint64_t turn(uint64_t value, int n)
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

/* n blocks, none of them the last, or the last one; bytes: up to the end of the first. */
static void take_blocks(uint64_t chain[8], const unsigned char *blocks, size_t n, uint64_t bytes, bool last)
{
    for (size_t k = 0; k < n; k++) {
        uint64_t m[16];
        uint64_t v[16];
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            m[i] = load(blocks + k * BLOCK + (ptrdiff_t)8 * i);
        }
        memcpy(v, chain, sizeof v / 2);
        memcpy(v + 8, ent_blake2b_beginning, sizeof ent_blake2b_beginning);
        v[12] ^= bytes;
        v[14] ^= last ? UINT64_MAX : 0;
        ENT_BLAKE2B_MIX_ALL(mix, v, m);
        for (int i = 0; i < 8; i++) {
            chain[i] ^= v[i] ^ v[i + 8];
        }
        bytes += BLOCK;
    }
}

/* --- which kernel --- */

static const ent_blake2b_kernel portable = {.take = NULL}; /* one text after the other */
static const ent_blake2b_kernel *_Atomic chosen;

bool ent_blake2b_choose(ent_blake2b_kind kind)
{
    const ent_blake2b_kernel *found = kind == ENT_BLAKE2B_PORTABLE ? &portable : ent_blake2b_kernel_x86(kind);
    if (!found && kind == ENT_BLAKE2B_BEST) {
        found = &portable;
    }
    if (found) {
        atomic_store_explicit(&chosen, found, memory_order_relaxed);
    }
    return found != NULL;
}

static const ent_blake2b_kernel *kernel(void)
{
    const ent_blake2b_kernel *now = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (now) {
        return now;
    }
    (void)ent_blake2b_choose(ENT_BLAKE2B_BEST);
    return atomic_load_explicit(&chosen, memory_order_relaxed);
}

/* --- one text --- */

static void begin_chain(uint64_t chain[8])
{
    memcpy(chain, ent_blake2b_beginning, sizeof ent_blake2b_beginning);
    chain[0] ^= UINT64_C(0x01010000) ^ ENT_BLAKE2B_SIZE;
}

static void write_digest(const uint64_t chain[8], unsigned char digest[ENT_BLAKE2B_SIZE])
{
    for (size_t i = 0; i < ENT_BLAKE2B_SIZE / 8; i++) {
        store(digest + 8 * i, chain[i]);
    }
}

void ent_blake2b_init(ent_blake2b *s)
{
    memset(s, 0, sizeof *s);
    begin_chain(s->chain);
}

/* Of the last whole block it is not known whether it ends the text: it waits. */
void ent_blake2b_update(ent_blake2b *s, const void *bytes, size_t len)
{
    const unsigned char *data = bytes;
    while (len > 0) {
        if (s->len == BLOCK) {
            s->bytes += BLOCK;
            take_blocks(s->chain, s->block, 1, s->bytes, false);
            s->len = 0;
        }
        if (s->len == 0 && len > BLOCK) {
            size_t n = (len - 1) / BLOCK;
            take_blocks(s->chain, data, n, s->bytes + BLOCK, false);
            s->bytes += n * BLOCK;
            data += n * BLOCK;
            len -= n * BLOCK;
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
    take_blocks(s->chain, s->block, 1, s->bytes, true);
    write_digest(s->chain, digest);
}

/* --- many texts --- */

static void write_lane(ent_blake2b_lanes *lanes, unsigned lane, const uint64_t chain[8])
{
    for (size_t i = 0; i < 8; i++) {
        lanes->chain[i][lane] = chain[i];
    }
}

static void read_lane(const ent_blake2b_lanes *lanes, unsigned lane, uint64_t chain[8])
{
    for (size_t i = 0; i < 8; i++) {
        chain[i] = lanes->chain[i][lane];
    }
}

/* Texts on their way through the lanes: a lane whose text has no whole block left takes the next text. */
typedef struct queue {
    const void *const *text;
    const size_t *len;
    ent_blake2b_begun *begun;
    size_t n, next;
    ent_blake2b_lanes lanes;
    size_t of[LANES];   /* lane by lane: which text is in it, */
    size_t left[LANES]; /* and how many of its blocks are left; 0: the lane is idle */
} queue;

static bool fill_lane(queue *q, unsigned lane)
{
    while (q->next < q->n && q->len[q->next] < BLOCK) {
        q->next++;
    }
    if (q->next == q->n) {
        q->left[lane] = 0;
        return false;
    }
    size_t i = q->next++;
    write_lane(&q->lanes, lane, q->begun[i].chain);
    q->lanes.bytes[lane] = BLOCK;
    q->lanes.at[lane] = q->text[i];
    q->of[lane] = i;
    q->left[lane] = q->len[i] / BLOCK;
    return true;
}

/* As many blocks as all lanes can go before one has to change; idle ones read along with another. */
static size_t steps_of(queue *q, unsigned n_lanes)
{
    size_t steps = SIZE_MAX;
    const unsigned char *at = NULL;
    for (unsigned lane = 0; lane < n_lanes; lane++) {
        if (q->left[lane] > 0) {
            at = q->lanes.at[lane];
            steps = q->left[lane] < steps ? q->left[lane] : steps;
        }
    }
    for (unsigned lane = 0; lane < n_lanes; lane++) {
        q->lanes.at[lane] = q->left[lane] > 0 ? q->lanes.at[lane] : at;
    }
    return steps;
}

/* Until so few texts are left that they are faster alone. */
static void begin_side_by_side(queue *q, const ent_blake2b_kernel *k)
{
    unsigned busy = 0;
    memset(&q->lanes, 0, sizeof q->lanes);
    for (unsigned lane = 0; lane < k->n_lanes; lane++) {
        busy += fill_lane(q, lane);
    }
    while (busy >= k->worth) {
        size_t steps = steps_of(q, k->n_lanes);
        k->take(&q->lanes, steps, false);
        for (unsigned lane = 0; lane < k->n_lanes; lane++) {
            if (q->left[lane] > 0 && (q->left[lane] -= steps) == 0) {
                read_lane(&q->lanes, lane, q->begun[q->of[lane]].chain);
                busy -= !fill_lane(q, lane);
            }
        }
    }
    for (unsigned lane = 0; lane < k->n_lanes; lane++) {
        if (q->left[lane] > 0) {
            uint64_t *chain = q->begun[q->of[lane]].chain;
            read_lane(&q->lanes, lane, chain);
            take_blocks(chain, q->lanes.at[lane], q->left[lane], q->lanes.bytes[lane], false);
        }
    }
}

void ent_blake2b_begin(const void *const *text, const size_t *len, size_t n, ent_blake2b_begun *begun)
{
    const ent_blake2b_kernel *k = kernel();
    for (size_t i = 0; i < n; i++) {
        begin_chain(begun[i].chain);
        begun[i].bytes = len[i] / BLOCK * BLOCK;
    }
    if (k->take && n >= k->worth) {
        queue q = {.text = text, .len = len, .begun = begun, .n = n};
        begin_side_by_side(&q, k);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        take_blocks(begun[i].chain, text[i], len[i] / BLOCK, BLOCK, false);
    }
}

void ent_blake2b_end(const ent_blake2b_begun *begun, const void *rest, size_t len,
                     unsigned char digest[ENT_BLAKE2B_SIZE])
{
    const unsigned char *data = rest;
    unsigned char block[BLOCK];
    uint64_t chain[8];
    size_t n = len > 0 ? (len - 1) / BLOCK : 0;
    size_t left = len - n * BLOCK;
    memcpy(chain, begun->chain, sizeof chain);
    take_blocks(chain, data, n, begun->bytes + BLOCK, false);
    memset(block, 0, sizeof block);
    if (left > 0) {
        memcpy(block, data + n * BLOCK, left);
    }
    take_blocks(chain, block, 1, begun->bytes + len, true);
    write_digest(chain, digest);
}

void ent_blake2b_end_all(const ent_blake2b_begun *begun, const void *const *rest, const size_t *len, size_t n,
                         unsigned char (*digest)[ENT_BLAKE2B_SIZE])
{
    const ent_blake2b_kernel *k = kernel();
    unsigned char block[LANES][BLOCK];
    ent_blake2b_lanes lanes;
    size_t done = 0;
    for (; k->take && n - done >= k->n_lanes; done += k->n_lanes) {
        for (unsigned lane = 0; lane < k->n_lanes; lane++) {
            size_t i = done + lane;
            write_lane(&lanes, lane, begun[i].chain);
            memset(block[lane], 0, BLOCK);
            if (len[i] > 0) {
                memcpy(block[lane], rest[i], len[i]);
            }
            lanes.at[lane] = block[lane];
            lanes.bytes[lane] = begun[i].bytes + len[i];
        }
        k->take(&lanes, 1, true);
        for (unsigned lane = 0; lane < k->n_lanes; lane++) {
            uint64_t chain[8];
            read_lane(&lanes, lane, chain);
            write_digest(chain, digest[done + lane]);
        }
    }
    for (; done < n; done++) {
        ent_blake2b_end(&begun[done], rest[done], len[done], digest[done]);
    }
}
