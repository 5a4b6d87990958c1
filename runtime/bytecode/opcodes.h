/* What the instruction table says of each opcode, as data.  Generated from opcodes.def; the
 * emitter, the verifier, the interpreter, the disassembler and the documentation all read it here.
 */
#ifndef ENT_BYTECODE_OPCODES_H
#define ENT_BYTECODE_OPCODES_H

#include "runtime/bytecode/program.h"

/* What an instruction's operands are; see opcodes.def. */
typedef enum ent_format {
    ENT_FORMAT_TRAP = 0,
    ENT_FORMAT_NONE,
    ENT_FORMAT_D,
    ENT_FORMAT_DK,
    ENT_FORMAT_DN,
    ENT_FORMAT_DA,
    ENT_FORMAT_DAB,
    ENT_FORMAT_DABC,
    ENT_FORMAT_DAS,
    ENT_FORMAT_DAW,
    ENT_FORMAT_DAT,
    ENT_FORMAT_DAE,
    ENT_FORMAT_DABCF,
    ENT_FORMAT_ABC,
    ENT_FORMAT_AW,
    ENT_FORMAT_AJ,
    ENT_FORMAT_J
} ent_format;

/* Storage classes as in ent_class; N: no such operand; X: any, see ent_opcode_info. */
typedef enum ent_opclass {
    ENT_OPCLASS_B = 0,
    ENT_OPCLASS_I = 1,
    ENT_OPCLASS_F = 2,
    ENT_OPCLASS_Q = 3,
    ENT_OPCLASS_N = 4,
    ENT_OPCLASS_X = 5
} ent_opclass;

enum {
    ENT_OPFLAG_0 = 0,
    ENT_OPFLAG_FAIL = 1,     /* a lane may fail; honours the selection */
    ENT_OPFLAG_SEL = 2,      /* changes the selection */
    ENT_OPFLAG_SEL_ONLY = 4, /* acts on selected lanes, cannot fail */
    ENT_OPFLAG_ANY = 8,      /* X is any class, not that of dst */
    ENT_OPFLAG_FAIL_ANY = 9
};

typedef struct ent_opcode_info {
    uint16_t op;
    uint8_t format;     /* ent_format; ENT_FORMAT_TRAP: no such instruction */
    uint8_t d, a, b, c; /* ent_opclass */
    uint8_t flags;
    const char *name;
    const char *mnemonic;
    const char *format_name;
    const char *effect;
} ent_opcode_info;

/* Never NULL: unknown numbers give the description of the trap. */
const ent_opcode_info *ent_opcode_describe(unsigned op);

/* Which operands a format has. */
bool ent_format_has_d(ent_format format);
unsigned ent_format_sources(ent_format format); /* how many of a, b, c */

/* KIND of a table's field; see tables.def. */
typedef enum ent_kind {
    ENT_KIND_STR,
    ENT_KIND_STR_OPT,
    ENT_KIND_REF,
    ENT_KIND_REF_OPT,
    ENT_KIND_FIRST,
    ENT_KIND_COUNT,
    ENT_KIND_CONST,
    ENT_KIND_CONST_OPT,
    ENT_KIND_ENUM,
    ENT_KIND_FLAG,
    ENT_KIND_NAT,
    ENT_KIND_INT,
    ENT_KIND_SLOT,
    ENT_KIND_FLD,
    ENT_KIND_OPT
} ent_kind;

#define ENT_TABLE_NUMBER(number, name) ENT_TABLE_##name = number,
typedef enum ent_table { ENT_TABLES(ENT_TABLE_NUMBER) ENT_TABLE_LIMIT } ent_table;
#undef ENT_TABLE_NUMBER

typedef struct ent_field_info {
    const char *name;
    ent_kind kind;
    const char *target; /* the table referred to, or a number, as written in tables.def */
    int64_t bound;      /* table number for REF, FIRST and COUNT; the limit of an ENUM */
} ent_field_info;

typedef struct ent_table_info {
    unsigned number;
    const char *name;
    const ent_field_info *fields;
    unsigned n_fields;
} ent_table_info;

/* NULL for a number that is no table's. */
const ent_table_info *ent_table_describe(unsigned number);
const char *ent_kind_name(ent_kind kind);
#endif
