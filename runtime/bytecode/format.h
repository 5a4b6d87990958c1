/* The .entc file, edition 1.  All numbers little-endian.
 *
 *   offset  size
 *        0     4  "ENTC"
 *        4     2  version, 1
 *        6     2  zero
 *        8     4  number of sections
 *       12     4  zero
 *       16     8  length of the file
 *       24        sections, ascending by id, each id once:
 *                    4  id      4  zero      8  length of what follows
 *                    …
 *     end-32  32  BLAKE2b-256 of everything before
 *
 * Section 1, strings:       u64 count; each u32 length and its bytes
 * Section 2, constants:     u64 count; each u8 class and the value: B 1 byte, I and F 8, Q 16 + 16
 * Section 3, instructions:  u64 count; each u16 op d a b c, u16 zero, u32 k, u32 place
 * Section 100 + n, table n: u64 count, u32 fields a row, u32 zero; rows of 64-bit signed integers
 *
 * All sections are present, so that one program has one encoding.  Writer and loader share these
 * names and nothing else. */
#ifndef ENT_BYTECODE_FORMAT_H
#define ENT_BYTECODE_FORMAT_H

#define ENT_ENTC_MAGIC "ENTC"

enum {
    ENT_ENTC_VERSION = 1,
    ENT_ENTC_HEADER_BYTES = 24,
    ENT_ENTC_SECTION_HEADER_BYTES = 16,
    ENT_ENTC_CHECKSUM_BYTES = 32,
    ENT_ENTC_STRINGS = 1,
    ENT_ENTC_CONSTANTS = 2,
    ENT_ENTC_INSTRUCTIONS = 3,
    ENT_ENTC_TABLE_BASE = 100,
    ENT_ENTC_INSTRUCTION_BYTES = 20
};

enum {
#define ENT_LIMIT(name, value, reason) ENT_LIMIT_##name = value,
#include "runtime/bytecode/limits.def"
#undef ENT_LIMIT
};
#endif
