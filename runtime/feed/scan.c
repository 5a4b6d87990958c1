/* The scanning kernels.  See scan.h. */
#include "runtime/feed/scan.h"

#include <stddef.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define ENT_HAS_X86_SIMD 1
#include <immintrin.h>
#else
#define ENT_HAS_X86_SIMD 0
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* One bit per byte of a 64-byte block. */
typedef struct masks {
    uint64_t quote;
    uint64_t separator;
    uint64_t cr;
    uint64_t lf;
    bool dirty;
} masks;

void ent_scan_reset(ent_scan *scan) {
    scan->n_ends = 0;
    scan->n_rows = 0;
    scan->at = 0;
    scan->any_dirty = false;
    scan->plain = true;
    scan->quoted_newline = false;
    scan->after_cr = false;
    scan->place = ENT_PLACE_CELL_START;
}

/* The rules themselves, byte by byte.  Returns which of the `breaks` lie outside quotes. */
static uint64_t block_by_steps(ent_scan *scan, uint64_t quote, uint64_t breaks, uint64_t newlines) {
    uint64_t found = 0;
    for (unsigned i = 0; i < 64; i++) {
        uint64_t bit = (uint64_t)1 << i;
        bool is_quote = (quote & bit) != 0;
        if (scan->place == ENT_PLACE_QUOTED) {
            scan->place = is_quote ? ENT_PLACE_AFTER_QUOTE : ENT_PLACE_QUOTED;
            scan->quoted_newline |= (newlines & bit) != 0;
        } else if (is_quote && scan->place != ENT_PLACE_UNQUOTED) {
            scan->place = ENT_PLACE_QUOTED;
        } else if ((breaks & bit) != 0) {
            found |= bit;
            scan->place = ENT_PLACE_CELL_START;
        } else {
            scan->place = ENT_PLACE_UNQUOTED;
        }
    }
    return found;
}

ALWAYS_INLINE uint64_t running_xor(uint64_t bits) {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^= bits << 32;
    return bits;
}

/* Separators and newlines of a block that lie outside quotes. */
ALWAYS_INLINE uint64_t block_breaks(ent_scan *scan, const masks *m) {
    uint64_t newlines = m->cr | m->lf;
    uint64_t breaks = m->separator | newlines;
    if (m->quote == 0 && scan->place < ENT_PLACE_QUOTED) {
        scan->place = (breaks >> 63) != 0 ? ENT_PLACE_CELL_START : ENT_PLACE_UNQUOTED;
        return breaks;
    }
    uint64_t inside = running_xor(m->quote) ^ (scan->place == ENT_PLACE_QUOTED ? ~(uint64_t)0 : 0);
    uint64_t opening = m->quote & inside;
    uint64_t closing = m->quote & ~inside;
    uint64_t outside = breaks & ~inside;
    uint64_t may_open = ((outside | closing) << 1) | (uint64_t)(scan->place != ENT_PLACE_UNQUOTED);
    uint64_t closed = (closing << 1) | (uint64_t)(scan->place == ENT_PLACE_AFTER_QUOTE);
    if (((opening & ~may_open) | (closed & ~(outside | opening))) != 0) {
        return block_by_steps(scan, m->quote, breaks, newlines);
    }
    scan->quoted_newline |= (newlines & inside) != 0;
    scan->place = (inside >> 63) != 0    ? ENT_PLACE_QUOTED
                  : (closing >> 63) != 0 ? ENT_PLACE_AFTER_QUOTE
                  : (outside >> 63) != 0 ? ENT_PLACE_CELL_START
                                         : ENT_PLACE_UNQUOTED;
    return outside;
}

ALWAYS_INLINE void note_rows(ent_scan *scan, uint64_t found, uint64_t newlines) {
    uint32_t n = scan->n_rows;
    while (newlines != 0) {
        uint64_t before = (newlines & (~newlines + 1)) - 1;
        scan->rows[n++] = scan->n_ends + (uint32_t)__builtin_popcountll(found & before);
        newlines &= newlines - 1;
    }
    scan->n_rows = n;
}

ALWAYS_INLINE void note_ends(ent_scan *scan, uint64_t found, uint32_t base) {
    uint32_t n = scan->n_ends;
    while (found != 0) {
        scan->ends[n++] = base + (uint32_t)__builtin_ctzll(found);
        found &= found - 1;
    }
    scan->n_ends = n;
}

ALWAYS_INLINE uint64_t block_found(ent_scan *scan, const masks *m) {
    uint64_t found = block_breaks(scan, m);
    /* The LF of a CRLF ends nothing: its CR did. */
    found &= ~(m->lf & ((m->cr << 1) | (uint64_t)scan->after_cr));
    scan->after_cr = (m->cr >> 63) != 0;
    scan->dirty[scan->at >> 6] = m->dirty;
    scan->any_dirty |= m->dirty;
    scan->plain &= (m->quote | m->cr) == 0;
    return found;
}

/* Exactly one bit per equal byte; the usual shorter trick has false positives. */
ALWAYS_INLINE uint64_t equal_bits(uint64_t word, uint8_t byte) {
    const uint64_t low7 = 0x7F7F7F7F7F7F7F7FU;
    uint64_t x = word ^ (0x0101010101010101U * byte);
    uint64_t hit = ~(((x & low7) + low7) | x | low7);
    return ((hit >> 7) * 0x0102040810204080U) >> 56;
}

static void scan_portable(ent_scan *scan, const uint8_t *text, uint32_t to, uint8_t separator) {
    for (; scan->at < to; scan->at += 64) {
        masks m = {0};
        for (unsigned i = 0; i < 8; i++) {
            uint64_t word;
            memcpy(&word, text + scan->at + 8 * i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
            word = __builtin_bswap64(word);
#endif
            m.quote |= equal_bits(word, '"') << (8 * i);
            m.separator |= equal_bits(word, separator) << (8 * i);
            m.cr |= equal_bits(word, '\r') << (8 * i);
            m.lf |= equal_bits(word, '\n') << (8 * i);
            m.dirty |= (word & 0x8080808080808080U) != 0 || equal_bits(word, 0) != 0;
        }
        uint64_t found = block_found(scan, &m);
        note_rows(scan, found, found & (m.cr | m.lf));
        note_ends(scan, found, scan->at);
    }
}

#if ENT_HAS_X86_SIMD

ALWAYS_INLINE uint64_t equal_sse2(const __m128i v[4], char byte) {
    __m128i wanted = _mm_set1_epi8(byte);
    uint64_t bits = 0;
    for (int i = 3; i >= 0; i--) {
        bits = (bits << 16) | (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v[i], wanted));
    }
    return bits;
}

static void scan_sse2(ent_scan *scan, const uint8_t *text, uint32_t to, uint8_t separator) {
    for (; scan->at < to; scan->at += 64) {
        __m128i v[4];
        __m128i clean = _mm_set1_epi8(-1);
        for (int i = 0; i < 4; i++) {
            v[i] = _mm_loadu_si128((const __m128i *)(const void *)(text + scan->at + 16 * i));
            clean = _mm_and_si128(clean, _mm_cmpgt_epi8(v[i], _mm_setzero_si128()));
        }
        masks m = {
            .quote = equal_sse2(v, '"'),
            .separator = equal_sse2(v, (char)separator),
            .cr = equal_sse2(v, '\r'),
            .lf = equal_sse2(v, '\n'),
            .dirty = _mm_movemask_epi8(clean) != 0xFFFF,
        };
        uint64_t found = block_found(scan, &m);
        note_rows(scan, found, found & (m.cr | m.lf));
        note_ends(scan, found, scan->at);
    }
}

#define AVX2 __attribute__((target("avx2,bmi,popcnt")))

static inline AVX2 __attribute__((always_inline)) uint64_t equal_avx2(__m256i a, __m256i b,
                                                                      __m256i wanted) {
    uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, wanted));
    uint32_t high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, wanted));
    return (uint64_t)high << 32 | low;
}

/* Writes base + i for each bit i that is set; returns how many.  Eight are written at once, and what was too much
 * does not count: the number of cells in a block varies, and a loop that stops after each would be mispredicted once
 * per block.  `out` has room for it. */
static inline AVX2 __attribute__((always_inline)) uint32_t
note_bits_avx2(uint32_t *out, uint64_t bits, uint32_t base) {
    uint32_t count = (uint32_t)_mm_popcnt_u64(bits);
    for (uint32_t done = 0; done < count; done += 8) {
        for (uint32_t i = 0; i < 8; i++) {
            out[done + i] = base + (uint32_t)_tzcnt_u64(bits);
            bits = _blsr_u64(bits);
        }
    }
    return count;
}

AVX2 static void scan_avx2(ent_scan *scan, const uint8_t *text, uint32_t to, uint8_t separator) {
    const __m256i quote = _mm256_set1_epi8('"');
    const __m256i between = _mm256_set1_epi8((char)separator);
    const __m256i cr = _mm256_set1_epi8('\r');
    const __m256i lf = _mm256_set1_epi8('\n');
    for (; scan->at < to; scan->at += 64) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(text + scan->at));
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(text + scan->at + 32));
        __m256i clean = _mm256_cmpgt_epi8(_mm256_min_epi8(a, b), _mm256_setzero_si256());
        masks m = {
            .quote = equal_avx2(a, b, quote),
            .separator = equal_avx2(a, b, between),
            .cr = equal_avx2(a, b, cr),
            .lf = equal_avx2(a, b, lf),
            .dirty = _mm256_movemask_epi8(clean) != -1,
        };
        uint64_t found = block_found(scan, &m);
        note_rows(scan, found, found & (m.cr | m.lf));
        scan->n_ends += note_bits_avx2(scan->ends + scan->n_ends, found, scan->at);
    }
}

/* The same for those bits of which the next one in `wanted` is set, too. */
static inline AVX2 __attribute__((always_inline)) uint32_t
note_wanted_avx2(uint32_t *out, uint64_t bits, uint32_t count, uint64_t wanted, uint32_t base) {
    uint32_t n = 0;
    for (uint32_t done = 0; done < count; done += 8) {
        for (uint32_t i = 0; i < 8; i++) {
            out[n] = base + (uint32_t)_tzcnt_u64(bits);
            n += (uint32_t)wanted & (bits != 0);
            bits = _blsr_u64(bits);
            wanted >>= 1;
        }
    }
    return n;
}

AVX2 static uint32_t mark_avx2(const char *text, uint32_t from, uint32_t to, const ent_mark_turn *turn,
                               uint32_t *marks) {
    const __m256i quote = _mm256_set1_epi8('"');
    const __m256i lf = _mm256_set1_epi8('\n');
    const __m256i backslash = _mm256_set1_epi8('\\');
    const __m256i blank = _mm256_set1_epi8(' ');
    uint32_t n = 0;
    uint32_t number = 0;
    for (uint32_t at = from; at < to; at += 64) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(text + at));
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(text + at + 32));
        uint32_t low_a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(blank, a));
        uint32_t low_b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(blank, b));
        uint64_t newlines = equal_avx2(a, b, lf);
        if ((((uint64_t)low_b << 32 | low_a) ^ newlines) != 0 || equal_avx2(a, b, backslash) != 0) {
            break;
        }
        uint64_t found = equal_avx2(a, b, quote) | newlines;
        uint32_t count = (uint32_t)_mm_popcnt_u64(found);
        n += note_wanted_avx2(marks + n, found, count, turn->wanted[number], at);
        number = turn->number[number + count];
    }
    return n;
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,bmi2,popcnt")))

/* Writes base + i for each bit i that is set, 16 at a time; there is room for what is too much. */
static inline AVX512 __attribute__((always_inline)) void
note_bits_avx512(uint32_t *out, uint64_t bits, uint32_t count, uint32_t base, __m512i numbers) {
    __m512i wanted = _mm512_maskz_compress_epi8(bits, numbers);
    __m512i first = _mm512_set1_epi32((int)base);
    for (uint32_t done = 0;; done += 16) {
        __m512i wide = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(wanted));
        _mm512_storeu_si512(out + done, _mm512_add_epi32(wide, first));
        if (done + 16 >= count) {
            break;
        }
        wanted = _mm512_alignr_epi32(_mm512_setzero_si512(), wanted, 4);
    }
}

/* The bytes 0 to 63. */
static inline AVX512 __attribute__((always_inline)) __m512i count_up_avx512(void) {
    uint8_t numbers[64];
    for (unsigned i = 0; i < sizeof numbers; i++) {
        numbers[i] = (uint8_t)i;
    }
    return _mm512_loadu_si512(numbers);
}

/* Blocks without quotes, CRs and anything that is not ASCII, as long as such come: all that there is to note is in
 * registers, which the general way has not enough of. */
AVX512 static void scan_plain_avx512(ent_scan *scan, const uint8_t *text, uint32_t to, uint8_t separator,
                                     __m512i numbers) {
    const __m512i quote = _mm512_set1_epi8('"');
    const __m512i between = _mm512_set1_epi8((char)separator);
    const __m512i cr = _mm512_set1_epi8('\r');
    const __m512i lf = _mm512_set1_epi8('\n');
    uint32_t *ends = scan->ends;
    uint32_t *rows = scan->rows;
    uint32_t n_ends = scan->n_ends;
    uint32_t n_rows = scan->n_rows;
    uint32_t at = scan->at;
    uint64_t found = 0;
    for (; at < to; at += 64) {
        __m512i v = _mm512_loadu_si512(text + at);
        __mmask64 quoted = _mm512_cmpeq_epi8_mask(v, quote);
        __mmask64 returns = _mm512_cmpeq_epi8_mask(v, cr);
        if (((quoted | returns) | _mm512_cmple_epi8_mask(v, _mm512_setzero_si512())) != 0) {
            break;
        }
        uint64_t newlines = _mm512_cmpeq_epi8_mask(v, lf);
        found = newlines | _mm512_cmpeq_epi8_mask(v, between);
        uint64_t last = _pext_u64(newlines, found);
        uint32_t count = (uint32_t)_mm_popcnt_u64(found);
        note_bits_avx512(ends + n_ends, found, count, at, numbers);
        rows[n_rows] = n_ends + (uint32_t)_tzcnt_u64(last);
        rows[n_rows + 1] = n_ends + (uint32_t)_tzcnt_u64(_blsr_u64(last)); /* there is room for what is too much */
        if (_mm_popcnt_u64(last) > 2) {
            note_bits_avx512(rows + n_rows, last, (uint32_t)_mm_popcnt_u64(last), n_ends, numbers);
        }
        n_rows += (uint32_t)_mm_popcnt_u64(last);
        n_ends += count;
    }
    if (at > scan->at) {
        memset(scan->dirty + (scan->at >> 6), 0, (at - scan->at) >> 6);
        scan->place = found >> 63 != 0 ? ENT_PLACE_CELL_START : ENT_PLACE_UNQUOTED;
    }
    scan->n_ends = n_ends;
    scan->n_rows = n_rows;
    scan->at = at;
}

AVX512 static void scan_avx512(ent_scan *scan, const uint8_t *text, uint32_t to, uint8_t separator) {
    const __m512i numbers = count_up_avx512();
    const __m512i quote = _mm512_set1_epi8('"');
    const __m512i between = _mm512_set1_epi8((char)separator);
    const __m512i cr = _mm512_set1_epi8('\r');
    const __m512i lf = _mm512_set1_epi8('\n');
    for (; scan->at < to; scan->at += 64) {
        if (scan->plain) { /* so nothing is quoted, and no CR came before */
            scan_plain_avx512(scan, text, to, separator, numbers);
            if (scan->at >= to) {
                break;
            }
        }
        __m512i v = _mm512_loadu_si512(text + scan->at);
        masks m = {
            .quote = _mm512_cmpeq_epi8_mask(v, quote),
            .separator = _mm512_cmpeq_epi8_mask(v, between),
            .cr = _mm512_cmpeq_epi8_mask(v, cr),
            .lf = _mm512_cmpeq_epi8_mask(v, lf),
            .dirty = _mm512_cmple_epi8_mask(v, _mm512_setzero_si512()) != 0,
        };
        uint64_t found = block_found(scan, &m);
        uint64_t rows = _pext_u64(m.cr | m.lf, found);
        uint32_t n_rows = (uint32_t)_mm_popcnt_u64(rows);
        uint32_t n_ends = (uint32_t)_mm_popcnt_u64(found);
        note_bits_avx512(scan->rows + scan->n_rows, rows, n_rows, scan->n_ends, numbers);
        note_bits_avx512(scan->ends + scan->n_ends, found, n_ends, scan->at, numbers);
        scan->n_rows += n_rows;
        scan->n_ends += n_ends;
    }
}

AVX512 static uint32_t mark_avx512(const char *text, uint32_t from, uint32_t to, const ent_mark_turn *turn,
                                   uint32_t *marks) {
    const __m512i numbers = count_up_avx512();
    const __m512i quote = _mm512_set1_epi8('"');
    const __m512i lf = _mm512_set1_epi8('\n');
    const __m512i backslash = _mm512_set1_epi8('\\');
    const __m512i blank = _mm512_set1_epi8(' ');
    uint32_t n = 0;
    uint32_t number = 0;
    for (uint32_t at = from; at < to; at += 64) {
        __m512i v = _mm512_loadu_si512(text + at);
        uint64_t newlines = _mm512_cmpeq_epi8_mask(v, lf);
        uint64_t found = newlines | _mm512_cmpeq_epi8_mask(v, quote);
        uint64_t low = _mm512_cmplt_epi8_mask(v, blank); /* or beyond ASCII, as bytes are signed here */
        if (((low ^ newlines) | _mm512_cmpeq_epi8_mask(v, backslash)) != 0) {
            break;
        }
        uint64_t wanted = _pdep_u64(turn->wanted[number], found);
        uint32_t count = (uint32_t)_mm_popcnt_u64(wanted);
        note_bits_avx512(marks + n, wanted, count, at, numbers);
        number = turn->number[number + (uint32_t)_mm_popcnt_u64(found)];
        n += count;
    }
    return n;
}

static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
}

static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("bmi2");
}

#endif

void ent_mark_turn_set(ent_mark_turn *turn, const bool *is_wanted, uint32_t n) {
    turn->n = n;
    for (uint32_t k = 0; k < n; k++) {
        turn->wanted[k] = 0;
        for (uint32_t i = 0; i < ENT_MARKS_AT_ONCE; i++) {
            turn->wanted[k] |= (uint64_t)is_wanted[(k + i) % n] << i;
        }
    }
    for (uint32_t k = 0; k <= n + ENT_MARKS_AT_ONCE - 1; k++) {
        turn->number[k] = (uint16_t)(k % n);
    }
}

ent_mark_function ent_mark_kernel(ent_scan_kind kind) {
#if ENT_HAS_X86_SIMD
    if ((kind == ENT_SCAN_BEST || kind == ENT_SCAN_AVX512) && has_avx512()) {
        return mark_avx512;
    }
    if ((kind == ENT_SCAN_BEST || kind == ENT_SCAN_AVX2) && has_avx2()) {
        return mark_avx2;
    }
#else
    (void)kind;
#endif
    return NULL;
}

ent_scan_function ent_scan_kernel(ent_scan_kind kind) {
#if ENT_HAS_X86_SIMD
    bool avx2 = has_avx2();
    bool avx512 = has_avx512();
    switch (kind) {
    case ENT_SCAN_BEST: return avx512 ? scan_avx512 : avx2 ? scan_avx2 : scan_sse2;
    case ENT_SCAN_AVX512: return avx512 ? scan_avx512 : NULL;
    case ENT_SCAN_PORTABLE: return scan_portable;
    case ENT_SCAN_SSE2: return scan_sse2;
    case ENT_SCAN_AVX2: return avx2 ? scan_avx2 : NULL;
    }
    return NULL;
#else
    return kind == ENT_SCAN_BEST || kind == ENT_SCAN_PORTABLE ? scan_portable : NULL;
#endif
}
