/* Eight characters in an ordinary integer.  `ent_load8` puts the first one into the lowest byte whatever the order of
 * bytes in memory. */
#ifndef ENT_VM_SWAR_H
#define ENT_VM_SWAR_H

#include <stdint.h>
#include <string.h>

#define ENT_EVERY_BYTE(b) (UINT64_C(0x0101010101010101) * (b))
#define ENT_HIGH_BITS ENT_EVERY_BYTE(0x80)
#define ENT_LOW_BITS ENT_EVERY_BYTE(0x7F)

static inline __attribute__((always_inline)) uint64_t ent_load8(const char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline __attribute__((always_inline)) uint32_t ent_load4(const char *p) {
    uint32_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

/* Eight digits, the first in the lowest byte, each as its value.  All in 64 bits, which vectors can do. */
static inline __attribute__((always_inline)) uint64_t ent_join_digits(uint64_t digits) {
    digits = (digits * 10 + (digits >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
    digits = (digits * 100 + (digits >> 16)) & UINT64_C(0x0000FFFF0000FFFF);
    return (digits * 10000 + (digits >> 32)) & UINT32_MAX;
}

#endif
