/* The instruction and table descriptions as data, generated from opcodes.def and tables.def.
 * Tested in tests/unit/test_verifier.c (every opcode and every table has one). */
#include "runtime/bytecode/opcodes.h"

static const ent_opcode_info opcode_infos[ENT_BC_LIMIT] = {
    [0] = {0, ENT_FORMAT_TRAP, ENT_OPCLASS_N, ENT_OPCLASS_N, ENT_OPCLASS_N, ENT_OPCLASS_N, 0,
           "TRAP", "trap", "TRAP", "no instruction"},
#define ENT_OP(number, id, text, form, dst, s1, s2, s3, bits, what)                                \
    [number] = {.op = number,                                                                      \
                .format = ENT_FORMAT_##form,                                                       \
                .d = ENT_OPCLASS_##dst,                                                            \
                .a = ENT_OPCLASS_##s1,                                                             \
                .b = ENT_OPCLASS_##s2,                                                             \
                .c = ENT_OPCLASS_##s3,                                                             \
                .flags = ENT_OPFLAG_##bits,                                                        \
                .name = #id,                                                                       \
                .mnemonic = text,                                                                  \
                .format_name = #form,                                                              \
                .effect = what},
#include "runtime/bytecode/opcodes.def"
#undef ENT_OP
};

const ent_opcode_info *ent_opcode_describe(unsigned op)
{
    if (op >= ENT_BC_LIMIT || opcode_infos[op].name == NULL) {
        return &opcode_infos[0];
    }
    return &opcode_infos[op];
}

bool ent_format_has_d(ent_format format)
{
    return format >= ENT_FORMAT_D && format <= ENT_FORMAT_DABCF;
}

unsigned ent_format_sources(ent_format format)
{
    switch (format) {
    case ENT_FORMAT_DABC:
    case ENT_FORMAT_DABCF:
    case ENT_FORMAT_ABC:
        return 3;
    case ENT_FORMAT_DAB:
        return 2;
    case ENT_FORMAT_DA:
    case ENT_FORMAT_DAS:
    case ENT_FORMAT_DAW:
    case ENT_FORMAT_DAT:
    case ENT_FORMAT_DAE:
    case ENT_FORMAT_AW:
    case ENT_FORMAT_AJ:
        return 1;
    default:
        return 0;
    }
}

/* The third argument of F is a table for some kinds and a number for others: the name prefix is
 * pasted by the kind. */
#define BOUND_STR(t) 0
#define BOUND_STR_OPT(t) 0
#define BOUND_REF(t) ENT_TABLE_##t
#define BOUND_REF_OPT(t) ENT_TABLE_##t
#define BOUND_FIRST(t) ENT_TABLE_##t
#define BOUND_COUNT(t) ENT_TABLE_##t
#define BOUND_CONST(t) 0
#define BOUND_CONST_OPT(t) 0
#define BOUND_ENUM(t) t
#define BOUND_FLAG(t) 2
#define BOUND_NAT(t) 0
#define BOUND_INT(t) 0
#define BOUND_SLOT(t) 0
#define BOUND_FLD(t) 0
#define BOUND_OPT(t) 0
#define FIELD_INFO(field_name, field_kind, t)                                                      \
    {#field_name, ENT_KIND_##field_kind, #t, BOUND_##field_kind(t)},
#define TABLE_FIELDS(table_number, table_name)                                                     \
    static const ent_field_info fields_##table_name[] = {ENT_FIELDS_##table_name(FIELD_INFO)};
ENT_TABLES(TABLE_FIELDS)

#define TABLE_INFO(table_number, table_name)                                                       \
    [table_number] = {table_number, #table_name, fields_##table_name,                              \
                      sizeof fields_##table_name / sizeof fields_##table_name[0]},
static const ent_table_info table_infos[ENT_TABLE_LIMIT] = {ENT_TABLES(TABLE_INFO)};

const ent_table_info *ent_table_describe(unsigned number)
{
    if (number >= ENT_TABLE_LIMIT || table_infos[number].name == NULL) {
        return NULL;
    }
    return &table_infos[number];
}

const char *ent_kind_name(ent_kind kind)
{
    static const char *const names[] = {"STR",   "STR_OPT", "REF",       "REF_OPT", "FIRST",
                                        "COUNT", "CONST",   "CONST_OPT", "ENUM",    "FLAG",
                                        "NAT",   "INT",     "SLOT",      "FLD",     "OPT"};
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "?";
}
