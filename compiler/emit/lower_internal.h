/* What the files of the lowering share.  See lower.h.
 *
 * Errors are sticky: after the first one `failed` is set, calls return -1 and change nothing that
 * matters. Every feed has one row kernel under construction until all clauses have asked it for
 * their slots. */
#ifndef ENT_EMIT_LOWER_INTERNAL_H
#define ENT_EMIT_LOWER_INTERNAL_H

#include "compiler/emit/kernel.h"
#include "compiler/emit/lower.h"
#include "compiler/emit/rule.h"

/* A program that writes out more expression nodes than this, or nests them deeper, is refused:
 * functions are inlined, and a short chain of them can stand for a very large expression. */
#define ENT_LOWER_NODES_MAX 2000000
#define ENT_LOWER_DEPTH_MAX 2000

typedef struct ent_place_slot {
    ent_span span;
    int64_t place; /* -1: free */
} ent_place_slot;

typedef struct ent_lower {
    const ent_model *m;
    ent_builder *b;
    ent_lower_error *error;
    bool failed;
    int64_t *feed_rows;     /* row of each of the model's feeds, or -1: not made */
    ent_kb **kernels;       /* row kernel of each of the model's feeds, made when first asked for */
    ent_place_slot *places; /* open addressing */
    size_t places_cap, n_places;
    size_t nodes_left;
    unsigned depth;
} ent_lower;

/* The columns of a bind that its kernel reads as text, numbered as they are met. */
typedef struct ent_text_columns {
    int64_t *numbers; /* by the model's column index; -1: not read as text */
    ent_column_decl **order;
    size_t n;
} ent_text_columns;

/* Where an expression stands. */
typedef struct ent_lower_env {
    ent_lower *lw;
    ent_kb *kb;
    int kind;                            /* ENT_KERNEL_* */
    const ent_feed_decl *feed;           /* of row kernels */
    ent_text_columns *columns;           /* of bind kernels */
    const ent_objective_decl *objective; /* whose folds and figure are read */
    const int32_t *args;   /* registers of the parameters of the function being written out */
    const char *date_zone; /* dates stand for the midnights of this zone */
    ent_rule_scope *rule;  /* of rule kernels: what is bound here */
} ent_lower_env;

/* --- lower.c --- */
/* Keeps the first message.  Returns -1 so that it can stand in a return. */
int64_t ent_lower_fail(ent_lower *lw, ent_span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int64_t ent_lower_no_memory(ent_lower *lw);
int64_t ent_lower_place(ent_lower *lw, ent_span span);
int64_t ent_lower_type_param(ent_lower *lw, ent_type type);
/* A constant as the tables `value` hold it. */
int64_t ent_lower_word(ent_lower *lw, const ent_value *value);
/* A constant in real units: Q, except numbers, which stay binary64. */
int64_t ent_lower_real(ent_lower *lw, const ent_value *value);
int64_t ent_lower_amount(ent_lower *lw, const ent_amount_decl *amount,
                         const ent_objective_decl *objective);
/* Sources, enumerations, parties and services: what places and lookups refer to. */
void ent_lower_club(ent_lower *lw);
bool ent_lower_finish_kernel(ent_lower *lw, ent_kb *kb, ent_span span, int64_t *kernel);

/* --- lower_expr.c --- */
int32_t ent_lower_expr(const ent_lower_env *env, const ent_node *node);
/* The same, as the class; DECIMAL and durations change between scaled integers and exact ratios. */
int32_t ent_lower_to_class(const ent_lower_env *env, int32_t reg, ent_type type, ent_class cls,
                           int64_t place);
/* Whether computing it can fail on some row, so that it must not be computed where nobody asks. */
bool ent_lower_may_fail(ent_lower *lw, const ent_node *node, bool in_bind);
/* acc and node, where acc may be ENT_KB_NOREG for "true"; node is computed where acc holds if it
 * may fail. */
int32_t ent_lower_and(const ent_lower_env *env, int32_t acc, const ent_node *node);
/* node where the register holds (ENT_KB_NOREG: everywhere), absent elsewhere if it may fail. */
int32_t ent_lower_guarded(const ent_lower_env *env, int32_t guard, const ent_node *node);
int32_t ent_lower_match(const ent_lower_env *env, const ent_node *node); /* lower_match.c */
int32_t ent_lower_if(const ent_lower_env *env, const ent_node *node);
int32_t ent_lower_call(const ent_lower_env *env, const ent_node *node); /* lower_call.c */
bool ent_lower_functions(ent_lower *lw); /* what C may call; lower_function.c */
int32_t ent_lower_equal(const ent_lower_env *env, int32_t a, int32_t b, ent_type type,
                        int64_t place);
void ent_lower_same_class(const ent_lower_env *env, int32_t *a, int32_t *b, ent_type type,
                          int64_t place);

/* --- rule.c --- */
int32_t ent_lower_element(const ent_lower_env *env, const ent_node *node);

/* --- lower_feed.c --- */
bool ent_lower_feeds(ent_lower *lw);   /* rows of feeds and fields */
bool ent_lower_binds(ent_lower *lw);   /* after all clauses: only what is used is read */
bool ent_lower_kernels(ent_lower *lw); /* finishes the row kernels */
void ent_lower_use_field(ent_lower *lw, const ent_field_decl *field);
int64_t ent_lower_feed_row(ent_lower *lw, const ent_feed_decl *feed);
bool ent_lower_row_env(ent_lower *lw, const ent_feed_decl *feed, ent_lower_env *env);
int64_t ent_lower_slot(const ent_lower_env *env, int32_t reg); /* -1 for ENT_KB_NOREG */
int32_t ent_lower_field(const ent_lower_env *env, int input_kind, const ent_field_decl *field,
                        int64_t place);
/* First row of a run of key fields. */
int64_t ent_lower_keys(ent_lower *lw, ent_field_decl **keys, size_t n);
int64_t ent_lower_pattern(ent_lower *lw, const ent_pattern_decl *pattern); /* -1 for NULL */
/* Any alternative of the pattern that is of the feed; ENT_KB_NOREG: every row. */
int32_t ent_lower_any_alt(const ent_lower_env *env, const ent_pattern_decl *pattern);
int32_t ent_lower_event(const ent_lower_env *env, int32_t member, int64_t place);

/* --- lower_clause.c, lower_objective.c, lower_pool.c --- */
bool ent_lower_spans(ent_lower *lw);
bool ent_lower_duties(ent_lower *lw);
bool ent_lower_objectives(ent_lower *lw);
bool ent_lower_pools(ent_lower *lw); /* after the objectives */
int64_t ent_lower_spanuses(ent_lower *lw, const ent_spanuse_decl *uses, size_t n);
#endif
