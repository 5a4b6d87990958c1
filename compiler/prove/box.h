/* Conditions as sets of values: exact interval analysis of guards.
 *
 * A condition is turned into alternatives, each a box: for every field (or parameter) that it
 * speaks of, the values that it may have.  Comparisons of a field with a constant, `in`, `is
 * absent`, bare bools, `and`, `or` and `not` are understood exactly; absent is a value of its own,
 * for which every comparison is false. Anything else leaves the box as it is and marks it `vague`:
 * such a box may hold more than the condition, never less.  So "no box is left" proves that a
 * condition never holds, and a box that is not vague has a row to show for it.  Tested by
 * tests/golden/diagnostics/guard_* and, row by row, tests/unit/test_box.c. */
#ifndef ENT_PROVE_BOX_H
#define ENT_PROVE_BOX_H

#include "compiler/check/model.h"
#include "compiler/syntax/arena.h"

typedef struct ent_boxer {
    const ent_model *m;
    ent_arena *arena;
} ent_boxer;

typedef struct ent_edge {
    bool infinite, open;
    ent_q q;
} ent_edge;

typedef enum ent_set_kind { ENT_SET_ORDERED, ENT_SET_MEMBERS, ENT_SET_TEXT } ent_set_kind;

#define ENT_SET_TEXTS 8

/* The values that one field may have in a box. */
typedef struct ent_set {
    const void *of; /* ent_field_decl, ent_param_decl or ent_column_decl */
    const char *name;
    ent_type type;
    ent_set_kind kind;
    bool absent;        /* may be absent */
    bool present;       /* may have a value: then one of these */
    ent_edge low, high; /* ORDERED; of whole-number types in their own unit */
    uint64_t members;   /* MEMBERS: bits, of bools, enumerations, parties, services */
    const char *is;     /* TEXT: this one, or NULL: */
    const char *is_not[ENT_SET_TEXTS]; /* ... any but these */
    size_t n_is_not;
} ent_set;

typedef struct ent_box {
    ent_set *sets;
    size_t n;
    bool vague;
} ent_box;

typedef struct ent_boxes {
    ent_box *v;
    size_t n;
    bool failed; /* out of memory */
} ent_boxes;

/* One box that holds everything. */
ent_boxes ent_boxes_all(const ent_boxer *x);
/* Those of `in` in which the condition is true (or, `holds` false, not true). */
ent_boxes ent_boxes_where(const ent_boxer *x, ent_boxes in, const ent_node *condition, bool holds);
/* Those in which the subject is (or is not) equal to the pattern of a `match`. */
ent_boxes ent_boxes_equal(const ent_boxer *x, ent_boxes in, const ent_node *subject,
                          const ent_node *pattern, bool holds);
/* Those in which the field is the member. */
ent_boxes ent_boxes_member(const ent_boxer *x, ent_boxes in, const ent_field_decl *field,
                           int64_t member);
ent_boxes ent_boxes_field(const ent_boxer *x, ent_boxes in, const ent_field_decl *field,
                          ent_value value);
/* Those in which the subject has the value. */
ent_boxes ent_boxes_value(const ent_boxer *x, ent_boxes in, const ent_node *subject,
                          ent_value value);
/* Boxes over the parameters of a called function as boxes over what stands for them; vague where that
 * is not one field each, or one of which the rows speak already. */
ent_boxes ent_boxes_of_arguments(const ent_boxer *x, ent_boxes in, const ent_node *call,
                                 ent_boxes inner);
ent_boxes ent_boxes_united(const ent_boxer *x, ent_boxes a, ent_boxes b);
/* Whether something may lie in a box of both. */
bool ent_boxes_meet(ent_boxes a, ent_boxes b);
/* Whether nothing that the box speaks of is absent in it. */
bool ent_box_is_whole(const ent_box *box);
/* A box that is not vague, rather one in which nothing is absent; or NULL. */
const ent_box *ent_boxes_exact(ent_boxes boxes);
/* A value of the field in the box as a cell of a file; "" for absent or where anything will do. */
const char *ent_box_cell(const ent_boxer *x, const ent_box *box, const ent_field_decl *field);
/* "priority P1, service hosting": the fields that the box restricts, with a value each. */
const char *ent_box_text(const ent_boxer *x, const ent_box *box);
#endif
