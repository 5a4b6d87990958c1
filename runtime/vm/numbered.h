/* Texts that end in a number, as tickets do: INC0000017.  They are numbered as they come, and those of one time are
 * asked for together.
 *
 * A hash of texts keeps neighbours together: INC0000017 and INC0000018 have hashes one apart.  And where such texts are
 * many, they are not hashed at all: texts with the same beginning are a family, in which the number finds the meaning,
 *
 *     family  INC, 7 digits  ->  pages of 4,096 numbers  ->  meaning
 *
 * in four bytes each.  A page is made only while a good part of the pages' places is in use; texts beyond are hashed.
 * Pages and families never move: who adds does so under a lock, others read meanwhile.
 * Tested in tests/unit/test_vm.c and test_columns.c. */
#ifndef ENT_VM_NUMBERED_H
#define ENT_VM_NUMBERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/vm/swar.h"

enum { ENT_NUMBERED_MAX = 16, ENT_FAMILIES = 32, ENT_FAMILY_PAGE = 4096 };

/* A text of 1 to 16 bytes: what is before its last eight bytes, those of the latter that are no final digits, its
 * length, and how many bits of the eight are no such digits; and the number. */
typedef struct ent_numbered {
    uint64_t before, prefix;
    uint32_t shape;
    uint32_t number;
} ent_numbered;

typedef struct ent_family {
    uint64_t before, prefix;
    uint32_t shape;
    uint32_t n_pages, n_made;
    size_t n; /* texts, hashed ones included */
    uint32_t **pages;
} ent_family;

typedef struct ent_families {
    ent_family v[ENT_FAMILIES];
    size_t n;
    ent_numbered last; /* the last text that was of no family: two of a kind found one */
} ent_families;

/* How many bits of the last eight bytes of a text (the last of them the highest) are no digits that end it. */
static inline __attribute__((always_inline)) unsigned ent_numbered_bits(uint64_t last)
{
    uint64_t digits = last ^ ENT_EVERY_BYTE('0');
    uint64_t others = (((digits & ENT_LOW_BITS) + ENT_EVERY_BYTE(0x76)) | digits) & ENT_HIGH_BITS;
    return others ? 64 - ((unsigned)__builtin_clzll(others) & ~7U) : 0;
}

/* `last`: the last eight bytes of the text, with zeros before a shorter one; `before`: the bytes before those. */
static inline __attribute__((always_inline)) ent_numbered ent_numbered_of(uint64_t before, uint64_t last, uint32_t len)
{
    unsigned unused = ent_numbered_bits(last);
    uint64_t kept = unused == 64 ? UINT64_MAX : (UINT64_C(1) << unused) - 1;
    return (ent_numbered){before, last & kept, len << 8 | unused,
                          (uint32_t)ent_join_digits((last ^ ENT_EVERY_BYTE('0')) & ~kept)};
}

/* The digits that end the text are added as a number; `before`: whatever stands for what is before the eight bytes. */
static inline __attribute__((always_inline)) uint32_t ent_numbered_hash(uint64_t before, uint64_t last)
{
    ent_numbered text = ent_numbered_of(before, last, 0);
    unsigned unused = text.shape & 0xFF;
    uint64_t mixed = (before ^ (text.prefix >> 29) ^ (text.prefix << 35)) * UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ (text.prefix + unused) * UINT64_C(0xD6E8FEB86659FD93)) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(mixed >> 32) + text.number;
}

static inline __attribute__((always_inline)) bool ent_family_has(const ent_family *family, const ent_numbered *text)
{
    return ((family->before ^ text->before) | (family->prefix ^ text->prefix) | (family->shape ^ text->shape)) == 0;
}

/* Where the number's meaning plus one stands, 0 meaning none; NULL: its page is not made. */
static inline __attribute__((always_inline)) const uint32_t *ent_family_place(const ent_family *family, uint32_t number)
{
    const uint32_t *page = __atomic_load_n(&family->pages[number / ENT_FAMILY_PAGE], __ATOMIC_ACQUIRE);
    return page ? &page[number % ENT_FAMILY_PAGE] : NULL;
}

/* The family of the text, or NULL. */
const ent_family *ent_families_of(const ent_families *families, const ent_numbered *text);
/* A place for the meaning of a text that is new; NULL: it is to be hashed. */
uint32_t *ent_families_add(ent_families *families, const ent_numbered *text);
void ent_families_deinit(ent_families *families);
#endif
