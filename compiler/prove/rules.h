/* Running a framework's rules: what rules.c and witness.c share.  See prove.h and emit/rule.h. */
#ifndef ENT_PROVE_RULES_H
#define ENT_PROVE_RULES_H

#include "compiler/emit/rule.h"
#include "compiler/prove/elements.h"
#include "compiler/syntax/diag.h"
#include "runtime/vm/vm.h"

/* The most combinations of elements that one rule may look at. */
#define ENT_RULE_LANES_MAX 20000000

/* The lanes of a scope that are in hand: `bound` holds, for each lane, the elements bound,
 * outermost first, as their places in their collections. */
typedef struct ent_rule_frame {
    int32_t *bound;
    uint32_t *owner; /* the lane of the scope around it */
    ent_vector *inputs;
    ent_vector *outputs;
} ent_rule_frame;

typedef struct ent_rule_run {
    const ent_model *m;
    ent_arena *arena;
    ent_diags *diags;
    const ent_image *program;
    ent_strings *strings;
    ent_vm *vm;
    ent_collections at;            /* of the day in hand */
    const ent_rule_scope **scopes; /* of the rule in hand, with their frames */
    ent_rule_frame *frames;
    size_t n_scopes;
    bool out_of_memory;
    bool failed; /* a lane did: */
    char message[200];
} ent_rule_run;

/* Runs the scope's kernel over the first n lanes of its frame.  False: out of memory. */
bool ent_rule_eval(ent_rule_run *run, const ent_rule_scope *scope, uint32_t n);
ent_rule_frame *ent_rule_frame_of(ent_rule_run *run, const ent_rule_scope *scope);
ent_elements ent_rule_elements(const ent_rule_run *run, const ent_rule_scope *scope);
/* The value of a path of fields where `bound` are the elements in hand. */
ent_read ent_rule_read(ent_rule_run *run, const ent_rule_scope *scope, const int32_t *bound,
                       const ent_node *path);

/* Reports that the rule does not hold.  `day`: from when, INT64_MIN: from the beginning. */
void ent_rule_report(ent_rule_run *run, const ent_require_decl *rule, const ent_rule_scope *root,
                     int64_t day);
#endif
