/* Boxes of conditions against the conditions themselves, row by row: for every condition made of a
 * few atoms, a row that fulfils it lies in one of its boxes, and one that does not lies in none
 * that is exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "compiler/prove/box.h"

enum { FIELDS = 3, VALUES = 5, ABSENT = -1 };

typedef struct world {
    ent_arena *arena;
    ent_model model;
    ent_enumeration_decl enumeration;
    ent_field_decl fields[FIELDS]; /* an int, a bool, an enumeration of three */
    uint64_t random;
} world;

static uint32_t draw(world *w, uint32_t n)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(w->random >> 33) % n;
}

static ent_node *node(world *w, ent_node n, unsigned kids)
{
    ent_node *made = ent_arena_alloc(w->arena, sizeof *made);
    assert_non_null(made);
    *made = n;
    made->n_kids = kids;
    made->kids = ent_arena_alloc_array(w->arena, kids + 1, sizeof *made->kids);
    return made;
}

static ent_node *field(world *w, int i)
{
    return node(w,
                (ent_node){.kind = ENT_NODE_NAME,
                           .decl_kind = ENT_DECL_FIELD,
                           .decl = &w->fields[i],
                           .type = w->fields[i].type},
                0);
}

static ent_node *value(world *w, int i, int64_t v)
{
    if (i == 2) {
        return node(w,
                    (ent_node){.kind = ENT_NODE_NAME,
                               .decl_kind = ENT_DECL_MEMBER,
                               .slot = (int32_t)v,
                               .type = w->fields[i].type},
                    0);
    }
    return node(w,
                (ent_node){.kind = ENT_NODE_LITERAL,
                           .op = i == 0 ? ENT_LIT_INT : ENT_LIT_BOOL,
                           .i = v,
                           .type = w->fields[i].type},
                0);
}

static const ent_type boolean = {.kind = ENT_TYPE_BOOL};

static ent_node *atom(world *w)
{
    static const int ordered[] = {ENT_OP_EQ, ENT_OP_NE, ENT_OP_LT, ENT_OP_LE, ENT_OP_GT, ENT_OP_GE};
    int i = (int)draw(w, FIELDS);
    int limit = i == 0 ? VALUES : i == 1 ? 2 : 3;
    if (draw(w, 6) == 0) {
        ent_node *n = node(
            w, (ent_node){.kind = ENT_NODE_IS_ABSENT, .op = (uint16_t)draw(w, 2), .type = boolean},
            1);
        n->kids[0] = field(w, i);
        return n;
    }
    if (i == 1 && draw(w, 2) == 0) {
        return field(w, i);
    }
    if (draw(w, 4) == 0) {
        ent_node *n = node(w, (ent_node){.kind = ENT_NODE_IN, .type = boolean}, 3);
        n->kids[0] = field(w, i);
        n->kids[1] = value(w, i, draw(w, (uint32_t)limit));
        n->kids[2] = value(w, i, draw(w, (uint32_t)limit));
        return n;
    }
    ent_node *n = node(w,
                       (ent_node){.kind = ENT_NODE_BINARY,
                                  .op = (uint16_t)ordered[draw(w, i == 0 ? 6 : 2)],
                                  .type = boolean},
                       2);
    bool turned = draw(w, 3) == 0;
    n->kids[turned ? 1 : 0] = field(w, i);
    n->kids[turned ? 0 : 1] = value(w, i, draw(w, (uint32_t)limit));
    return n;
}

static ent_node *condition(world *w, unsigned depth)
{
    uint32_t what = depth == 0 ? 3 : draw(w, 4);
    if (what == 3) {
        return atom(w);
    }
    if (what == 2) {
        ent_node *n =
            node(w, (ent_node){.kind = ENT_NODE_UNARY, .op = ENT_OP_NOT, .type = boolean}, 1);
        n->kids[0] = condition(w, depth - 1);
        return n;
    }
    ent_node *n = node(w,
                       (ent_node){.kind = ENT_NODE_BINARY,
                                  .op = what == 0 ? ENT_OP_AND : ENT_OP_OR,
                                  .type = boolean},
                       2);
    n->kids[0] = condition(w, depth - 1);
    n->kids[1] = condition(w, depth - 1);
    return n;
}

/* --- the same by the language's rules, one row --- */

static int64_t read_value(const world *w, const ent_node *n, const int64_t *row)
{
    return n->decl_kind == ENT_DECL_FIELD    ? row[(const ent_field_decl *)n->decl - w->fields]
           : n->decl_kind == ENT_DECL_MEMBER ? n->slot
                                             : n->i;
}

static bool holds(const world *w, const ent_node *n, const int64_t *row)
{
    if (n->kind == ENT_NODE_NAME) {
        return read_value(w, n, row) == 1;
    }
    if (n->kind == ENT_NODE_IS_ABSENT) {
        return (read_value(w, n->kids[0], row) == ABSENT) == (n->op == 0);
    }
    if (n->kind == ENT_NODE_UNARY) {
        return !holds(w, n->kids[0], row);
    }
    if (n->kind == ENT_NODE_BINARY && n->op <= ENT_OP_AND) {
        return n->op == ENT_OP_AND ? holds(w, n->kids[0], row) && holds(w, n->kids[1], row)
                                   : holds(w, n->kids[0], row) || holds(w, n->kids[1], row);
    }
    int64_t a = read_value(w, n->kids[0], row), b = read_value(w, n->kids[1], row);
    if (n->kind == ENT_NODE_IN) {
        return a != ABSENT && (a == b || a == read_value(w, n->kids[2], row));
    }
    if (a == ABSENT || b == ABSENT) {
        return false;
    }
    return n->op == ENT_OP_EQ   ? a == b
           : n->op == ENT_OP_NE ? a != b
           : n->op == ENT_OP_LT ? a < b
           : n->op == ENT_OP_LE ? a <= b
           : n->op == ENT_OP_GT ? a > b
                                : a >= b;
}

static bool set_has(const ent_set *s, int64_t v)
{
    if (v == ABSENT) {
        return s->absent;
    }
    ent_q q = ent_q_from_i64(v);
    if (s->kind == ENT_SET_MEMBERS) {
        return s->present && (s->members >> v & 1) != 0;
    }
    int low = s->low.infinite ? 1 : ent_q_cmp(q, s->low.q);
    int high = s->high.infinite ? -1 : ent_q_cmp(q, s->high.q);
    return s->present && (low > 0 || (low == 0 && !s->low.open)) &&
           (high < 0 || (high == 0 && !s->high.open));
}

static bool box_has(const world *w, const ent_box *box, const int64_t *row)
{
    for (size_t i = 0; i < box->n; i++) {
        const ent_field_decl *f = box->sets[i].of;
        if (!set_has(&box->sets[i], row[f - w->fields])) {
            return false;
        }
    }
    return true;
}

static void check_row(const world *w, ent_boxes boxes, bool expected, const int64_t *row)
{
    bool in_exact = false, in_any = false;
    for (size_t i = 0; i < boxes.n; i++) {
        bool in = box_has(w, &boxes.v[i], row);
        in_any = in_any || in;
        in_exact = in_exact || (in && !boxes.v[i].vague);
    }
    assert_true(expected ? in_any : !in_exact);
}

/* An enumeration of more than 64 members is kept in another way. */
static void check_conditions(size_t n_members)
{
    static const char *const members[] = {"A", "B", "C"};
    world w = {.random = 20260105};
    ent_enumeration_decl *enumerations[] = {&w.enumeration};
    w.arena = ent_arena_create(0);
    assert_non_null(w.arena);
    w.enumeration = (ent_enumeration_decl){.members = (const char **)(uintptr_t)members,
                                           .n_members = n_members};
    w.model = (ent_model){.enumerations = enumerations, .n_enumerations = 1};
    w.fields[0] = (ent_field_decl){.name = "n", .type = {.kind = ENT_TYPE_INT}};
    w.fields[1] = (ent_field_decl){.name = "up", .type = {.kind = ENT_TYPE_BOOL}};
    w.fields[2] = (ent_field_decl){.name = "kind", .type = {.kind = ENT_TYPE_ENUM}};
    ent_boxer x = {&w.model, w.arena};
    for (int round = 0; round < 3000; round++) {
        const ent_node *c = condition(&w, 3);
        bool wanted = draw(&w, 2) == 0;
        ent_boxes boxes = ent_boxes_where(&x, ent_boxes_all(&x), c, wanted);
        assert_false(boxes.failed);
        for (int64_t n = ABSENT; n < VALUES; n++) {
            for (int64_t up = ABSENT; up < 2; up++) {
                for (int64_t kind = ABSENT; kind < 3; kind++) {
                    int64_t row[FIELDS] = {n, up, kind};
                    check_row(&w, boxes, holds(&w, c, row) == wanted, row);
                }
            }
        }
    }
    ent_arena_destroy(w.arena);
}

static void test_boxes_hold_their_condition(void **state)
{
    (void)state;
    check_conditions(3);
    check_conditions(70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_boxes_hold_their_condition)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
