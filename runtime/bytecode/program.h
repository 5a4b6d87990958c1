/* A program in memory: what a verified .entc file decodes to.  Immutable once loaded; any number of
 * threads may read it.  Tables are arrays of the structs that tables.def describes. */
#ifndef ENT_BYTECODE_PROGRAM_H
#define ENT_BYTECODE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/bytecode/tables.def"
#include "runtime/bytecode/types.h"
#include "runtime/vm/exact.h"

#define ENT_LANES_MAX 2048
#define ENT_NO_DAY_FROM INT64_MIN
#define ENT_NO_DAY_TO INT64_MAX

#define ENT_FIELD_MEMBER(name, kind, target) int64_t name;
#define ENT_TABLE_STRUCT(number, name)                                                             \
    typedef struct ent_##name##_row {                                                              \
        ENT_FIELDS_##name(ENT_FIELD_MEMBER)                                                        \
    } ent_##name##_row;
ENT_TABLES(ENT_TABLE_STRUCT)
#undef ENT_TABLE_STRUCT
#undef ENT_FIELD_MEMBER

typedef enum ent_opcode {
    ENT_OP_TRAP = 0,
#define ENT_OP(number, id, mnemonic, format, d, a, b, c, flags, effect) ENT_BC_##id = number,
#include "runtime/bytecode/opcodes.def"
#undef ENT_OP
    ENT_BC_LIMIT = 256
} ent_opcode;

typedef struct ent_instruction {
    uint16_t op;
    uint16_t d, a, b, c;  /* registers, relative to the kernel */
    uint16_t reserved;    /* zero */
    uint32_t k;           /* constant, input, jump target, string, timefmt, enumeration or small number */
    uint32_t place;       /* index into the place table */
} ent_instruction;

typedef struct ent_constant {
    uint8_t cls; /* ent_class */
    union {
        uint8_t b;
        int64_t i;
        double f;
        ent_q q;
    } v;
} ent_constant;

typedef struct ent_string {
    const char *p; /* NUL-terminated, may contain NUL */
    uint32_t len;
} ent_string;

typedef struct ent_image {
    ent_string *strings;
    size_t n_strings;
    ent_constant *constants;
    size_t n_constants;
    ent_instruction *instructions;
    size_t n_instructions;
#define ENT_TABLE_MEMBER(number, name)                                                             \
    ent_##name##_row *name;                                                                        \
    size_t n_##name;
    ENT_TABLES(ENT_TABLE_MEMBER)
#undef ENT_TABLE_MEMBER
    char digest[65]; /* BLAKE2b-256 of the program's bytes without the source texts, in hex */
    void *memory;    /* everything above lives here */
    struct ent_natives *natives; /* C functions, once they are looked up; see runtime/native */
} ent_image;

typedef struct ent_load_error {
    char message[256];
    size_t offset; /* in the file, where known */
} ent_load_error;

/* Decodes and verifies.  On failure returns false, fills `error`, and leaves *out NULL.  The bytes may be
 * freed afterwards. */
bool ent_image_decode(const void *bytes, size_t len, ent_image **out, ent_load_error *error);
void ent_image_destroy(ent_image *program);

/* The text of string `index`, or "" for -1. */
const char *ent_image_text(const ent_image *program, int64_t index);
#endif
