/* A hash of texts that keeps neighbours together: INC0000017 and INC0000018 have hashes one apart.  Tickets and the
 * like are numbered as they come, those of one time are asked for together, and so they lie together in a table. */
#ifndef ENT_VM_NUMBERED_H
#define ENT_VM_NUMBERED_H

#include <stdint.h>

/* `last`: the last eight bytes of the text, the last of them in the highest byte, with zeros before a shorter one;
 * `before`: whatever stands for what is before them.  The digits that end the text are added as a number. */
static inline __attribute__((always_inline)) uint32_t ent_numbered_hash(uint64_t before, uint64_t last)
{
    const uint64_t every = UINT64_C(0x0101010101010101);
    uint64_t digits = last ^ every * '0';
    uint64_t others = (((digits & every * 0x7F) + every * 0x76) | digits) & every * 0x80;
    unsigned unused = others ? 64 - ((unsigned)__builtin_clzll(others) & ~7U) : 0; /* bits that are no such digits */
    uint64_t prefix = unused == 64 ? last : last & ((UINT64_C(1) << unused) - 1);
    digits = unused == 64 ? 0 : digits >> unused << unused;
    digits = (digits * 10 + (digits >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
    digits = (digits * 100 + (digits >> 16)) & UINT64_C(0x0000FFFF0000FFFF);
    uint32_t number = (uint32_t)(digits * 10000 + (digits >> 32));
    uint64_t mixed = (before ^ (prefix >> 29) ^ (prefix << 35)) * UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ (prefix + unused) * UINT64_C(0xD6E8FEB86659FD93)) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(mixed >> 32) + number;
}
#endif
