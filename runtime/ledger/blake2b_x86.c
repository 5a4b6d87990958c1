/* Texts side by side in the vectors of x86-64: AVX-512 and AVX2.  See blake2b_kernel.h. */
#include "runtime/ledger/blake2b_kernel.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

enum { BLOCK = ENT_BLAKE2B_BLOCK };

#define INLINE static inline __attribute__((always_inline))
#define AVX512 __attribute__((target("avx512f")))
#define AVX2 __attribute__((target("avx2")))

/* --- AVX-512: sixteen texts, eight in a vector --- */

INLINE AVX512 void mix_8(__m512i *v, int a, int b, int c, int d, __m512i x, __m512i y)
{
    v[a] = _mm512_add_epi64(_mm512_add_epi64(v[a], x), v[b]);
    v[d] = _mm512_ror_epi64(_mm512_xor_si512(v[d], v[a]), 32);
    v[c] = _mm512_add_epi64(v[c], v[d]);
    v[b] = _mm512_ror_epi64(_mm512_xor_si512(v[b], v[c]), 24);
    v[a] = _mm512_add_epi64(_mm512_add_epi64(v[a], y), v[b]);
    v[d] = _mm512_ror_epi64(_mm512_xor_si512(v[d], v[a]), 16);
    v[c] = _mm512_add_epi64(v[c], v[d]);
    v[b] = _mm512_ror_epi64(_mm512_xor_si512(v[b], v[c]), 63);
}

/* The two halves of a round: their four mixings each do not wait for each other. */
INLINE AVX512 void mix_columns(__m512i *v, const __m512i *m, const unsigned char *o)
{
    mix_8(v, 0, 4, 8, 12, m[o[0]], m[o[1]]);
    mix_8(v, 1, 5, 9, 13, m[o[2]], m[o[3]]);
    mix_8(v, 2, 6, 10, 14, m[o[4]], m[o[5]]);
    mix_8(v, 3, 7, 11, 15, m[o[6]], m[o[7]]);
}

INLINE AVX512 void mix_diagonals(__m512i *v, const __m512i *m, const unsigned char *o)
{
    mix_8(v, 0, 5, 10, 15, m[o[8]], m[o[9]]);
    mix_8(v, 1, 6, 11, 12, m[o[10]], m[o[11]]);
    mix_8(v, 2, 7, 8, 13, m[o[12]], m[o[13]]);
    mix_8(v, 3, 4, 9, 14, m[o[14]], m[o[15]]);
}

/* Eight words of each of eight texts: m[i] becomes word i of all. */
INLINE AVX512 void load_8(__m512i *m, const unsigned char *const *at, size_t offset)
{
    __m512i row[8];
    __m512i pair[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
        row[i] = _mm512_loadu_si512(at[i] + offset);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 2) {
        pair[i] = _mm512_unpacklo_epi64(row[i], row[i + 1]); /* words 0, 2, 4, 6 of two texts */
        pair[i + 1] = _mm512_unpackhi_epi64(row[i], row[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
        __m512i low = _mm512_shuffle_i64x2(pair[i], pair[i + 2], 0x88); /* words 0 and 4 of four texts */
        __m512i high = _mm512_shuffle_i64x2(pair[i], pair[i + 2], 0xdd);
        __m512i low_2 = _mm512_shuffle_i64x2(pair[i + 4], pair[i + 6], 0x88);
        __m512i high_2 = _mm512_shuffle_i64x2(pair[i + 4], pair[i + 6], 0xdd);
        m[i] = _mm512_shuffle_i64x2(low, low_2, 0x88);
        m[i + 4] = _mm512_shuffle_i64x2(low, low_2, 0xdd);
        m[i + 2] = _mm512_shuffle_i64x2(high, high_2, 0x88);
        m[i + 6] = _mm512_shuffle_i64x2(high, high_2, 0xdd);
    }
}

enum { GROUPS = 2, EACH = 8 };

/* Apart from the rounds, whose registers are full: so compilers leave words in memory until they are mixed in. */
__attribute__((noinline)) AVX512 static void load_groups(__m512i (*m)[16], const unsigned char *const *at,
                                                         size_t offset)
{
    for (size_t g = 0; g < GROUPS; g++) {
        load_8(m[g], at + g * EACH, offset);
        load_8(m[g] + 8, at + g * EACH, offset + BLOCK / 2);
    }
}

/* Eight texts alone keep a processor waiting whose vectors take two cycles for a sum: the other eight go in between. */
__attribute__((noinline)) AVX512 static void mix_groups(ent_blake2b_lanes *lanes, const __m512i (*m)[16], bool last)
{
    __m512i v[GROUPS][16];
#pragma GCC unroll 2
    for (size_t g = 0; g < GROUPS; g++) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) {
            v[g][i] = _mm512_loadu_si512(lanes->chain[i] + g * EACH);
            v[g][i + 8] = _mm512_set1_epi64((long long)ent_blake2b_beginning[i]);
        }
        v[g][12] = _mm512_xor_si512(v[g][12], _mm512_loadu_si512(lanes->bytes + g * EACH));
        v[g][14] = _mm512_xor_si512(v[g][14], _mm512_set1_epi64(last ? -1 : 0));
    }
#pragma GCC unroll 12
    for (int r = 0; r < ENT_BLAKE2B_ROUNDS; r++) {
        const unsigned char *o = ent_blake2b_order[r];
        mix_columns(v[0], m[0], o);
        mix_columns(v[1], m[1], o);
        mix_diagonals(v[0], m[0], o);
        mix_diagonals(v[1], m[1], o);
    }
#pragma GCC unroll 2
    for (size_t g = 0; g < GROUPS; g++) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) {
            uint64_t *chain = lanes->chain[i] + g * EACH;
            __m512i mixed = _mm512_xor_si512(v[g][i], v[g][i + 8]);
            _mm512_storeu_si512(chain, _mm512_xor_si512(_mm512_loadu_si512(chain), mixed));
        }
        uint64_t *bytes = lanes->bytes + g * EACH;
        _mm512_storeu_si512(bytes, _mm512_add_epi64(_mm512_loadu_si512(bytes), _mm512_set1_epi64(BLOCK)));
    }
}

AVX512 static void lanes_avx512(ent_blake2b_lanes *lanes, size_t n, bool last)
{
    __m512i m[GROUPS][16];
    for (size_t k = 0; k < n; k++) {
        load_groups(m, lanes->at, k * BLOCK);
        mix_groups(lanes, (const __m512i (*)[16])m, last);
    }
    for (int i = 0; i < GROUPS * EACH; i++) {
        lanes->at[i] += n * BLOCK;
    }
}

/* --- AVX2: four texts --- */

INLINE AVX2 __m256i turn_32(__m256i v)
{
    return _mm256_shuffle_epi32(v, 0xb1);
}

INLINE AVX2 __m256i turn_24(__m256i v)
{
    return _mm256_shuffle_epi8(v, _mm256_setr_epi8(3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10, 3, 4, 5, 6, 7,
                                                   0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10));
}

INLINE AVX2 __m256i turn_16(__m256i v)
{
    return _mm256_shuffle_epi8(v, _mm256_setr_epi8(2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9, 2, 3, 4, 5, 6,
                                                   7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9));
}

INLINE AVX2 __m256i turn_63(__m256i v)
{
    return _mm256_or_si256(_mm256_srli_epi64(v, 63), _mm256_add_epi64(v, v));
}

INLINE AVX2 void mix_4(__m256i *v, int a, int b, int c, int d, __m256i x, __m256i y)
{
    v[a] = _mm256_add_epi64(_mm256_add_epi64(v[a], x), v[b]);
    v[d] = turn_32(_mm256_xor_si256(v[d], v[a]));
    v[c] = _mm256_add_epi64(v[c], v[d]);
    v[b] = turn_24(_mm256_xor_si256(v[b], v[c]));
    v[a] = _mm256_add_epi64(_mm256_add_epi64(v[a], y), v[b]);
    v[d] = turn_16(_mm256_xor_si256(v[d], v[a]));
    v[c] = _mm256_add_epi64(v[c], v[d]);
    v[b] = turn_63(_mm256_xor_si256(v[b], v[c]));
}

/* Four words of each of four texts: m[i] becomes word i of all. */
INLINE AVX2 void load_4(__m256i *m, const unsigned char *const *at, size_t offset)
{
    __m256i row[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        row[i] = _mm256_loadu_si256((const __m256i *)(const void *)(at[i] + offset));
    }
    __m256i even = _mm256_unpacklo_epi64(row[0], row[1]);
    __m256i odd = _mm256_unpackhi_epi64(row[0], row[1]);
    __m256i even_2 = _mm256_unpacklo_epi64(row[2], row[3]);
    __m256i odd_2 = _mm256_unpackhi_epi64(row[2], row[3]);
    m[0] = _mm256_permute2x128_si256(even, even_2, 0x20);
    m[1] = _mm256_permute2x128_si256(odd, odd_2, 0x20);
    m[2] = _mm256_permute2x128_si256(even, even_2, 0x31);
    m[3] = _mm256_permute2x128_si256(odd, odd_2, 0x31);
}

AVX2 static void lanes_avx2(ent_blake2b_lanes *lanes, size_t n, bool last)
{
    for (size_t k = 0; k < n; k++) {
        __m256i m[16];
        __m256i v[16];
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)lanes->bytes);
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            load_4(m + (ptrdiff_t)4 * i, lanes->at, (size_t)i * 32);
        }
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) {
            v[i] = _mm256_loadu_si256((const __m256i *)(const void *)lanes->chain[i]);
            v[i + 8] = _mm256_set1_epi64x((long long)ent_blake2b_beginning[i]);
        }
        v[12] = _mm256_xor_si256(v[12], bytes);
        v[14] = _mm256_xor_si256(v[14], _mm256_set1_epi64x(last ? -1 : 0));
        ENT_BLAKE2B_MIX_ALL(mix_4, v, m);
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) {
            __m256i *chain = (__m256i *)(void *)lanes->chain[i];
            __m256i mixed = _mm256_xor_si256(v[i], v[i + 8]);
            _mm256_storeu_si256(chain, _mm256_xor_si256(_mm256_loadu_si256(chain), mixed));
        }
        _mm256_storeu_si256((__m256i *)(void *)lanes->bytes, _mm256_add_epi64(bytes, _mm256_set1_epi64x(BLOCK)));
        for (int i = 0; i < 4; i++) {
            lanes->at[i] += BLOCK;
        }
    }
}

/* --- which --- */

const ent_blake2b_kernel *ent_blake2b_kernel_x86(ent_blake2b_kind kind)
{
    static const ent_blake2b_kernel avx512 = {lanes_avx512, 16, 4};
    static const ent_blake2b_kernel avx2 = {lanes_avx2, 4, 3};
    if ((kind == ENT_BLAKE2B_BEST || kind == ENT_BLAKE2B_AVX512) && __builtin_cpu_supports("avx512f")) {
        return &avx512;
    }
    if ((kind == ENT_BLAKE2B_BEST || kind == ENT_BLAKE2B_AVX2) && __builtin_cpu_supports("avx2")) {
        return &avx2;
    }
    return NULL;
}

#else

const ent_blake2b_kernel *ent_blake2b_kernel_x86(ent_blake2b_kind kind)
{
    (void)kind;
    return NULL;
}

#endif
