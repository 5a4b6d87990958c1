/* Lowering of a framework's rules to kernels of their own, for the prover (compiler/prove).
 *
 * A collection is a batch.  The rule itself and the body of each of its quantifiers is a scope with
 * one kernel, whose lanes are combinations of elements: one lane for the rule, and for a
 * quantifier's body one for each lane of the scope around it times each element of its collection.
 * What a kernel reads are columns: a field of a bound element, or the value to which an inner
 * quantifier has reduced its own lanes.  So kernels have no loops, and their number and size are
 * those of the rule's text.
 *
 * Besides the rule's value a kernel gives those of the conditions and of the sides of comparisons
 * inside it, from which a broken rule is explained.  Golden: tests/golden/diagnostics/rule_*. */
#ifndef ENT_EMIT_RULE_H
#define ENT_EMIT_RULE_H

#include "compiler/check/model.h"
#include "compiler/emit/lower.h"

typedef struct ent_rule_scope ent_rule_scope;

typedef struct ent_rule_column {
    const ent_node *node;  /* NAME or MEMBER: a path of fields from a bound element, a party or a
                            * service; or  the QUANTIFIER of `inner` */
    ent_rule_scope *inner; /* or NULL */
    ent_class cls;
} ent_rule_column;

typedef struct ent_rule_shown {
    const ent_node *node;
    int64_t output;
} ent_rule_shown;

struct ent_rule_scope {
    const ent_node *quantifier; /* whose body this is; NULL: the rule itself */
    ent_rule_scope *outer;
    unsigned depth; /* how many elements are bound: one a scope, the rule itself has none */
    ent_rule_column *columns; /* the kernel's inputs */
    size_t n_columns;
    ent_rule_shown *shown;
    size_t n_shown;
    int64_t kernel;
    int64_t guard;  /* output: the quantifier's `where`; -1: none */
    int64_t result; /* output: the body or the rule; -1: none */
};

/* The scopes of all rules, `roots[i]` that of the framework's rule i (NULL: has no expression), in
 * the arena; the kernels go to the builder.  False: `error` says why. */
bool ent_lower_rules(const ent_model *model, ent_arena *arena, ent_builder *b,
                     ent_rule_scope **roots, ent_lower_error *error);
#endif
