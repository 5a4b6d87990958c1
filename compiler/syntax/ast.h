/* The syntax tree: one node type whose kinds and layouts are listed in ast.def.
 *
 * Why one type: parser actions, formatter, golden dumps and checker all walk it the same way, and
 * the layout of every kind stands in one table.  Nodes, child arrays and texts live in the arena of
 * the compilation; nothing is freed singly.  Spans are byte offsets into a source file; lines and
 * columns are looked up in the file's line map only when a diagnostic is printed.
 * The fields under "filled by the checker" are zero after parsing. */
#ifndef ENT_SYNTAX_AST_H
#define ENT_SYNTAX_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/bytecode/types.h"
#include "runtime/vm/exact.h"

typedef struct ent_arena ent_arena;

typedef struct ent_span {
    uint32_t file;  /* index into the compilation's files */
    uint32_t start; /* byte offset of the first byte */
    uint32_t end;   /* byte offset after the last byte */
} ent_span;

typedef enum ent_node_kind {
    ENT_NODE_NONE = 0,
#define ENT_NODE(id, text) ENT_NODE_##id,
#include "compiler/syntax/ast.def"
#undef ENT_NODE
    ENT_NODE_COUNT
} ent_node_kind;

enum { ENT_ROLE_CLIENT = 0, ENT_ROLE_INTEGRATOR = 1, ENT_ROLE_PROVIDER = 2 };
enum { ENT_MARK_KEY = 1, ENT_MARK_HOLDER = 2, ENT_MARK_RECORDED = 4 };
enum {
    ENT_POLICY_OUTAGES_DEPENDENCIES = 1,
    ENT_POLICY_OUTAGES_OWNER,
    ENT_POLICY_TIME_HOLDER,
    ENT_POLICY_TIME_OWNER,
    ENT_POLICY_CREDITS_RESPONSIBILITY,
    ENT_POLICY_CREDITS_PROVIDER,
    ENT_POLICY_RELIEF_CLIENT,
    ENT_POLICY_RELIEF_FORCE,
    ENT_POLICY_JOINT_SHARED,
    ENT_POLICY_JOINT_BY_CHARGE,
    ENT_POLICY_JOINT_FIRST,
    ENT_POLICY_JOINT_JOINTLY,
    ENT_POLICY_TIME_LAST_HOLDER /* a new one stands at the end: the numbers are in what parties sign */
};
/* literal kinds; value: INT i; DECIMAL q and i = digits after the point; PERCENT q (99.9% is
 * 999/1000); MONEY q, text = currency; DURATION, INSTANT i (ns); DATE i (civil day);
 * TIME i (ns from midnight, 24:00 allowed); TEXT text; BOOL i */
enum {
    ENT_LIT_INT = 1,
    ENT_LIT_DECIMAL,
    ENT_LIT_PERCENT,
    ENT_LIT_MONEY,
    ENT_LIT_DURATION,
    ENT_LIT_DATE,
    ENT_LIT_INSTANT,
    ENT_LIT_TIME,
    ENT_LIT_TEXT,
    ENT_LIT_BOOL
};
enum {
    ENT_OP_OR = 1,
    ENT_OP_AND,
    ENT_OP_NOT,
    ENT_OP_EQ,
    ENT_OP_NE,
    ENT_OP_LT,
    ENT_OP_LE,
    ENT_OP_GT,
    ENT_OP_GE,
    ENT_OP_ADD,
    ENT_OP_SUB,
    ENT_OP_MUL,
    ENT_OP_DIV,
    ENT_OP_NEG
};
enum { ENT_QUANT_ALL = 1, ENT_QUANT_ANY, ENT_QUANT_COUNT, ENT_QUANT_SUM };
enum { ENT_AMOUNT_NONE = 1, ENT_AMOUNT_PERCENT, ENT_AMOUNT_MONEY, ENT_AMOUNT_EXPR, ENT_AMOUNT_WEIGHT };
enum {
    ENT_EXPECT_MET = 1,
    ENT_EXPECT_BREACH,
    ENT_EXPECT_EXCUSED,
    ENT_EXPECT_VOID,
    ENT_EXPECT_PROVISIONAL,
    ENT_EXPECT_NO_DATA
};

typedef struct ent_node ent_node;
struct ent_node {
    uint16_t kind;
    uint16_t op;
    uint32_t n_kids;
    ent_node **kids;
    ent_span span;      /* the whole construct */
    ent_span name_span; /* the name, where there is one */
    const char *name;   /* interned per compilation: equal names are equal pointers */
    const char *text;
    const char *title;
    const char *doc;
    size_t text_len; /* of text: it may hold NUL bytes */
    int64_t i;
    ent_q q;

    /* filled by the checker */
    ent_type type;
    void *decl; /* the model object that a name stands for */
    int32_t decl_kind;
    int32_t slot;
};

const char *ent_node_kind_name(unsigned kind);
#endif
