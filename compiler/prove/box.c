/* See box.h. */
#include "compiler/prove/box.h"

#include <string.h>

#include "compiler/check/checker.h"
#include "runtime/time/civil.h"

enum { BOXES_MAX = 128 };

/* --- sets --- */

static bool is_ordered(ent_type t)
{
    switch (t.kind) {
    case ENT_TYPE_INT:
    case ENT_TYPE_NUMBER:
    case ENT_TYPE_DECIMAL:
    case ENT_TYPE_RATIO:
    case ENT_TYPE_MONEY:
    case ENT_TYPE_DURATION:
    case ENT_TYPE_INSTANT:
    case ENT_TYPE_TIME:
        return true;
    default:
        return false;
    }
}

static bool is_whole(ent_type t)
{
    return t.kind != ENT_TYPE_NUMBER && t.kind != ENT_TYPE_RATIO && t.kind != ENT_TYPE_MONEY;
}

static size_t count_members(const ent_boxer *x, ent_type type)
{
    return type.kind == ENT_TYPE_BOOL      ? 2
           : type.kind == ENT_TYPE_ENUM    ? x->m->enumerations[type.param]->n_members
           : type.kind == ENT_TYPE_PARTY   ? x->m->n_parties
           : type.kind == ENT_TYPE_SERVICE ? x->m->n_services
                                           : 0;
}

/* More members than bits are kept as intervals of their numbers. */
static bool by_order(const ent_boxer *x, ent_type type)
{
    return is_ordered(type) || count_members(x, type) > 64;
}

static ent_set everything(const ent_boxer *x, const void *of, const char *name, ent_type type)
{
    size_t members = count_members(x, type);
    ent_set s = {.of = of,
                 .name = name,
                 .type = type,
                 .kind = by_order(x, type)            ? ENT_SET_ORDERED
                         : type.kind == ENT_TYPE_TEXT ? ENT_SET_TEXT
                                                      : ENT_SET_MEMBERS,
                 .absent = true,
                 .present = true,
                 .low.infinite = true,
                 .high.infinite = true,
                 .members = members >= 64 ? UINT64_MAX : (UINT64_C(1) << members) - 1};
    if (members > 64) {
        s.low = (ent_edge){.q = ent_q_from_i64(0)};
        s.high = (ent_edge){.q = ent_q_from_i64((int64_t)members - 1)};
    }
    return s;
}

static bool is_empty(const ent_set *s)
{
    return !s->absent && !s->present;
}

/* Settles whether any value is left. */
static void settle(ent_set *s)
{
    if (s->kind == ENT_SET_MEMBERS) {
        s->present = s->present && s->members != 0;
    } else if (s->kind == ENT_SET_TEXT && s->is != NULL) {
        for (size_t i = 0; i < s->n_is_not; i++) {
            s->present = s->present && strcmp(s->is, s->is_not[i]) != 0;
        }
    } else if (s->kind == ENT_SET_ORDERED && !s->low.infinite && !s->high.infinite) {
        int c = ent_q_cmp(s->low.q, s->high.q);
        s->present = s->present && (c < 0 || (c == 0 && !s->low.open && !s->high.open));
    }
}

/* Of whole numbers an open bound is the closed one beside it. */
static ent_edge edge(ent_type type, ent_q q, bool open, int toward)
{
    ent_edge e = {.open = open, .q = q};
    if (open && is_whole(type) && ent_q_add(q, ent_q_from_i64(toward), &e.q)) {
        e.open = false;
    }
    return e;
}

static void raise_low(ent_set *s, ent_edge e)
{
    int c = s->low.infinite ? 1 : ent_q_cmp(e.q, s->low.q);
    if (c > 0 || (c == 0 && e.open)) {
        s->low = e;
    }
}

static void lower_high(ent_set *s, ent_edge e)
{
    int c = s->high.infinite ? -1 : ent_q_cmp(e.q, s->high.q);
    if (c < 0 || (c == 0 && e.open)) {
        s->high = e;
    }
}

/* --- boxes --- */

ent_boxes ent_boxes_all(const ent_boxer *x)
{
    ent_boxes b = {.v = ent_arena_alloc_array(x->arena, 1, sizeof *b.v), .n = 1};
    b.failed = b.v == NULL;
    if (b.failed) {
        b.n = 0;
    } else {
        b.v[0] = (ent_box){0};
    }
    return b;
}

/* Appends; too many become one vague box that holds everything. */
static void push(const ent_boxer *x, ent_boxes *to, ent_box box)
{
    if (to->n == BOXES_MAX) {
        to->v[0] = (ent_box){.vague = true};
        to->n = 1;
    }
    if (to->n == 1 && to->v[0].vague && to->v[0].n == 0) {
        return;
    }
    ent_box *grown = ent_arena_grow_array(x->arena, to->v, to->n, to->n + 1, sizeof *to->v);
    if (grown == NULL) {
        to->failed = true;
        return;
    }
    to->v = grown;
    to->v[to->n++] = box;
}

/* A copy of the box with a set of its own for the variable, which *set points to. */
static bool copy_for(const ent_boxer *x, const ent_box *from, const void *of, const char *name,
                     ent_type type, ent_box *to, ent_set **set)
{
    *to = *from;
    to->sets = ent_arena_alloc_array(x->arena, from->n + 1, sizeof *to->sets);
    if (to->sets == NULL) {
        return false;
    }
    if (from->n > 0) {
        memcpy(to->sets, from->sets, from->n * sizeof *to->sets);
    }
    for (size_t i = 0; i < to->n; i++) {
        if (to->sets[i].of == of) {
            *set = &to->sets[i];
            return true;
        }
    }
    *set = &to->sets[to->n++];
    **set = everything(x, of, name, type);
    return true;
}

/* --- atoms: one variable and a constant --- */

typedef struct atom {
    const void *of;
    const char *name;
    ent_type type;
    int op; /* ENT_OP_EQ … GE; 0: is absent */
    ent_value value;
    ent_q q;
    bool holds;
} atom;

static void meet_ordered(ent_set *s, const atom *a)
{
    switch (a->op) {
    case ENT_OP_LT:
        lower_high(s, edge(s->type, a->q, true, -1));
        break;
    case ENT_OP_LE:
        lower_high(s, edge(s->type, a->q, false, 0));
        break;
    case ENT_OP_GT:
        raise_low(s, edge(s->type, a->q, true, 1));
        break;
    case ENT_OP_GE:
        raise_low(s, edge(s->type, a->q, false, 0));
        break;
    default:
        raise_low(s, edge(s->type, a->q, false, 0));
        lower_high(s, edge(s->type, a->q, false, 0));
        break;
    }
}

static bool meet_text(ent_set *s, const atom *a)
{
    if (a->op == ENT_OP_EQ) {
        s->present = s->present && (s->is == NULL || strcmp(s->is, a->value.text) == 0);
        s->is = a->value.text;
    } else if (s->n_is_not == ENT_SET_TEXTS) {
        return false;
    } else {
        s->is_not[s->n_is_not++] = a->value.text;
    }
    return true;
}

/* The values of the box for which the comparison is true; false: it cannot be said. */
static bool meet(ent_set *s, const atom *a)
{
    s->absent = false;
    if (s->kind == ENT_SET_ORDERED) {
        meet_ordered(s, a);
    } else if (s->kind == ENT_SET_TEXT) {
        if (!meet_text(s, a)) {
            return false;
        }
    } else {
        uint64_t bit = UINT64_C(1) << a->value.i;
        s->members &= a->op == ENT_OP_EQ ? bit : ~bit;
    }
    settle(s);
    return true;
}

static void add_met(const ent_boxer *x, ent_boxes *out, const ent_box *box, const atom *a, int op)
{
    ent_box to;
    ent_set *set = NULL;
    atom b = *a;
    b.op = op;
    if (!copy_for(x, box, a->of, a->name, a->type, &to, &set)) {
        out->failed = true;
        return;
    }
    if (!meet(set, &b)) {
        to.vague = true;
    }
    if (!is_empty(set)) {
        push(x, out, to);
    }
}

static void add_absence(const ent_boxer *x, ent_boxes *out, const ent_box *box, const atom *a,
                        bool absent)
{
    ent_box to;
    ent_set *set = NULL;
    if (!copy_for(x, box, a->of, a->name, a->type, &to, &set)) {
        out->failed = true;
        return;
    }
    if (absent) {
        set->present = false;
    } else {
        set->absent = false;
    }
    if (!is_empty(set)) {
        push(x, out, to);
    }
}

static int negated(int op)
{
    static const int of[] = {
        [ENT_OP_EQ] = ENT_OP_NE, [ENT_OP_NE] = ENT_OP_EQ, [ENT_OP_LT] = ENT_OP_GE,
        [ENT_OP_LE] = ENT_OP_GT, [ENT_OP_GT] = ENT_OP_LE, [ENT_OP_GE] = ENT_OP_LT};
    return of[op];
}

static void add_atom(const ent_boxer *x, ent_boxes *out, const ent_box *box, const atom *a)
{
    if (a->op == 0) {
        add_absence(x, out, box, a, a->holds);
        return;
    }
    if (!a->holds) { /* a comparison is false of what is absent */
        add_absence(x, out, box, a, true);
    }
    int op = a->holds ? a->op : negated(a->op);
    if (op == ENT_OP_NE && by_order(x, a->type)) {
        add_met(x, out, box, a, ENT_OP_LT);
        add_met(x, out, box, a, ENT_OP_GT);
    } else {
        add_met(x, out, box, a, op);
    }
}

/* --- from conditions to atoms --- */

static bool is_variable(const ent_node *n, atom *a)
{
    if (n->decl_kind == ENT_DECL_FIELD) {
        const ent_field_decl *f = n->decl;
        a->of = f;
        a->name = f->name;
    } else if (n->decl_kind == ENT_DECL_PARAM) {
        const ent_param_decl *p = n->decl;
        a->of = p;
        a->name = p->name;
    } else if (n->decl_kind == ENT_DECL_COLUMN) {
        const ent_column_decl *c = n->decl;
        a->of = c;
        a->name = c->name;
    } else {
        return false;
    }
    a->type = n->type;
    return true;
}

static bool constant(const ent_node *n, ent_type type, atom *a)
{
    ent_value *v = &a->value;
    *v = (ent_value){.type = type};
    if (n->decl_kind == ENT_DECL_MEMBER || n->decl_kind == ENT_DECL_PARTY ||
        n->decl_kind == ENT_DECL_SERVICE) {
        v->i = n->slot;
        a->q = ent_q_from_i64(v->i);
        return v->i >= 0;
    }
    if (!ent_eval(NULL, n, v)) {
        return false;
    }
    switch (type.kind) {
    case ENT_TYPE_NUMBER:
        return ent_q_from_double(v->f, &a->q);
    case ENT_TYPE_RATIO:
    case ENT_TYPE_MONEY:
        a->q = v->q;
        return true;
    case ENT_TYPE_TEXT:
        return v->text != NULL && strlen(v->text) == v->text_len;
    default:
        a->q = ent_q_from_i64(v->i);
        return is_ordered(type) || type.kind == ENT_TYPE_BOOL;
    }
}

static int mirrored(int op)
{
    static const int of[] = {
        [ENT_OP_EQ] = ENT_OP_EQ, [ENT_OP_NE] = ENT_OP_NE, [ENT_OP_LT] = ENT_OP_GT,
        [ENT_OP_LE] = ENT_OP_GE, [ENT_OP_GT] = ENT_OP_LT, [ENT_OP_GE] = ENT_OP_LE};
    return of[op];
}

static bool comparison(const ent_node *n, atom *a)
{
    if (is_variable(n->kids[0], a)) {
        a->op = n->op;
        return constant(n->kids[1], a->type, a);
    }
    if (is_variable(n->kids[1], a)) {
        a->op = mirrored(n->op);
        return constant(n->kids[0], a->type, a);
    }
    return false;
}

static ent_boxes each(const ent_boxer *x, ent_boxes in, const atom *a)
{
    ent_boxes out = {.failed = in.failed};
    for (size_t i = 0; i < in.n; i++) {
        add_atom(x, &out, &in.v[i], a);
    }
    return out;
}

static ent_boxes vaguely(const ent_boxer *x, ent_boxes in)
{
    ent_boxes out = {.failed = in.failed};
    for (size_t i = 0; i < in.n; i++) {
        ent_box b = in.v[i];
        b.vague = true;
        push(x, &out, b);
    }
    return out;
}

ent_boxes ent_boxes_united(const ent_boxer *x, ent_boxes a, ent_boxes b)
{
    for (size_t i = 0; i < b.n; i++) {
        push(x, &a, b.v[i]);
    }
    a.failed = a.failed || b.failed;
    return a;
}

static ent_boxes where_in(const ent_boxer *x, ent_boxes in, const ent_node *n, bool holds)
{
    atom a = {.op = ENT_OP_EQ, .holds = holds};
    if (!is_variable(n->kids[0], &a)) {
        return vaguely(x, in);
    }
    ent_boxes out = holds ? (ent_boxes){.failed = in.failed} : in;
    for (uint32_t i = 1; i < n->n_kids; i++) {
        if (!constant(n->kids[i], a.type, &a)) {
            return vaguely(x, in);
        }
        out = holds ? ent_boxes_united(x, out, each(x, in, &a)) : each(x, out, &a);
    }
    return out;
}

ent_boxes ent_boxes_where(const ent_boxer *x, ent_boxes in, const ent_node *n, bool holds)
{
    atom a = {.holds = holds};
    if (n->kind == ENT_NODE_UNARY && n->op == ENT_OP_NOT) {
        return ent_boxes_where(x, in, n->kids[0], !holds);
    }
    if (n->kind == ENT_NODE_BINARY && (n->op == ENT_OP_AND || n->op == ENT_OP_OR)) {
        bool narrows = (n->op == ENT_OP_AND) == holds;
        ent_boxes left = ent_boxes_where(x, in, n->kids[0], holds);
        return narrows ? ent_boxes_where(x, left, n->kids[1], holds)
                       : ent_boxes_united(x, left, ent_boxes_where(x, in, n->kids[1], holds));
    }
    if (n->kind == ENT_NODE_LITERAL && n->op == ENT_LIT_BOOL) {
        return (n->i != 0) == holds ? in : (ent_boxes){.failed = in.failed};
    }
    if (n->kind == ENT_NODE_IS_ABSENT && is_variable(n->kids[0], &a)) {
        a.holds = (n->op == 0) == holds;
        return each(x, in, &a);
    }
    if (n->kind == ENT_NODE_IN) {
        return where_in(x, in, n, holds);
    }
    if (n->type.kind == ENT_TYPE_BOOL && is_variable(n, &a)) {
        a.op = ENT_OP_EQ;
        a.value = (ent_value){.type = n->type, .i = 1};
        return each(x, in, &a);
    }
    bool compares = n->kind == ENT_NODE_BINARY && n->op >= ENT_OP_EQ && n->op <= ENT_OP_GE;
    return compares && comparison(n, &a) ? each(x, in, &a) : vaguely(x, in);
}

ent_boxes ent_boxes_equal(const ent_boxer *x, ent_boxes in, const ent_node *subject,
                          const ent_node *pattern, bool holds)
{
    atom a = {.op = ENT_OP_EQ, .holds = holds};
    return is_variable(subject, &a) && constant(pattern, a.type, &a) ? each(x, in, &a)
                                                                     : vaguely(x, in);
}

ent_boxes ent_boxes_field(const ent_boxer *x, ent_boxes in, const ent_field_decl *field,
                          ent_value value)
{
    atom a = {.of = field,
              .name = field->name,
              .type = field->type,
              .op = ENT_OP_EQ,
              .value = value,
              .q = ent_q_from_i64(value.i),
              .holds = true};
    return each(x, in, &a);
}

ent_boxes ent_boxes_member(const ent_boxer *x, ent_boxes in, const ent_field_decl *field,
                           int64_t member)
{
    return ent_boxes_field(x, in, field, (ent_value){.type = field->type, .i = member});
}

ent_boxes ent_boxes_value(const ent_boxer *x, ent_boxes in, const ent_node *subject,
                          ent_value value)
{
    atom a = {.op = ENT_OP_EQ, .value = value, .q = ent_q_from_i64(value.i), .holds = true};
    return is_variable(subject, &a) ? each(x, in, &a) : vaguely(x, in);
}

/* What stands for the parameter of the set: no field or constant, a constant outside of the set, one
 * in it, or a field, whose set is `out`. */
typedef enum argument { ARGUMENT_VAGUE, ARGUMENT_OUTSIDE, ARGUMENT_FITS, ARGUMENT_FIELD } argument;

static argument argue(const ent_node *call, const ent_set *set, ent_set *out)
{
    const ent_fn_decl *fn = call->decl;
    atom a = {.op = ENT_OP_EQ};
    size_t at = 0;
    while (at < fn->n_params && set->of != &fn->params[at]) {
        at++;
    }
    *out = *set;
    if (at + 1 >= call->n_kids) { /* its first is the name */
        return ARGUMENT_VAGUE;
    }
    if (is_variable(call->kids[at + 1], &a)) {
        out->of = a.of;
        out->name = a.name;
        return ARGUMENT_FIELD;
    }
    if (!constant(call->kids[at + 1], set->type, &a) || !meet(out, &a)) {
        return ARGUMENT_VAGUE;
    }
    return is_empty(out) ? ARGUMENT_OUTSIDE : ARGUMENT_FITS;
}

/* Both at once; vague where both speak of one field.  False: the call is never like that. */
static bool with_arguments(const ent_boxer *x, const ent_box *row, const ent_node *call,
                           const ent_box *inner, ent_box *out)
{
    *out = (ent_box){.vague = row->vague || inner->vague};
    out->sets = ent_arena_alloc_array(x->arena, row->n + inner->n + 1, sizeof *out->sets);
    if (out->sets == NULL) {
        return true;
    }
    for (; out->n < row->n; out->n++) {
        out->sets[out->n] = row->sets[out->n];
    }
    for (size_t i = 0; i < inner->n; i++) {
        ent_set set;
        argument is = argue(call, &inner->sets[i], &set);
        bool twice = false;
        for (size_t k = 0; k < row->n && is == ARGUMENT_FIELD; k++) {
            twice = twice || row->sets[k].of == set.of;
        }
        if (is == ARGUMENT_OUTSIDE) {
            return false;
        }
        out->vague = out->vague || is == ARGUMENT_VAGUE || twice;
        if (is == ARGUMENT_FIELD && !twice) {
            out->sets[out->n++] = set;
        }
    }
    return true;
}

ent_boxes ent_boxes_of_arguments(const ent_boxer *x, ent_boxes in, const ent_node *call,
                                 ent_boxes inner)
{
    ent_boxes out = {.failed = in.failed || inner.failed};
    for (size_t i = 0; i < in.n; i++) {
        for (size_t k = 0; k < inner.n; k++) {
            ent_box b;
            bool may_be = with_arguments(x, &in.v[i], call, &inner.v[k], &b);
            out.failed = out.failed || b.sets == NULL;
            if (may_be && b.sets != NULL) {
                push(x, &out, b);
            }
        }
    }
    return out;
}

static bool sets_meet(const ent_set *a, const ent_set *b)
{
    ent_set both = *a;
    if (a->absent && b->absent) {
        return true;
    }
    both.absent = false;
    both.present = a->present && b->present;
    if (a->kind == ENT_SET_ORDERED) {
        if (!b->low.infinite) {
            raise_low(&both, b->low);
        }
        if (!b->high.infinite) {
            lower_high(&both, b->high);
        }
        settle(&both);
    } else if (a->kind == ENT_SET_MEMBERS) {
        both.present = both.present && (a->members & b->members) != 0;
    } else if (a->is != NULL && b->is != NULL) {
        both.present = both.present && strcmp(a->is, b->is) == 0;
    }
    return both.present;
}

static bool boxes_meet(const ent_box *a, const ent_box *b)
{
    for (size_t i = 0; i < a->n; i++) {
        for (size_t k = 0; k < b->n; k++) {
            if (a->sets[i].of == b->sets[k].of && !sets_meet(&a->sets[i], &b->sets[k])) {
                return false;
            }
        }
    }
    return true;
}

bool ent_boxes_meet(ent_boxes a, ent_boxes b)
{
    for (size_t i = 0; i < a.n; i++) {
        for (size_t k = 0; k < b.n; k++) {
            if (boxes_meet(&a.v[i], &b.v[k])) {
                return true;
            }
        }
    }
    return false;
}

bool ent_box_is_whole(const ent_box *box)
{
    bool whole = true;
    for (size_t i = 0; i < box->n; i++) {
        whole = whole && box->sets[i].present;
    }
    return whole;
}

const ent_box *ent_boxes_exact(ent_boxes boxes)
{
    const ent_box *found = NULL;
    for (size_t i = 0; i < boxes.n; i++) {
        const ent_box *b = &boxes.v[i];
        if (!b->vague && (found == NULL || (ent_box_is_whole(b) && !ent_box_is_whole(found)))) {
            found = b;
        }
    }
    return found;
}

/* --- showing --- */

/* A length of time between the edges that is written shortly: 5h rather than 4h and a nanosecond. */
static bool pick_duration(const ent_set *s, ent_q *out)
{
    static const int64_t units[] = {3600000000000, 60000000000, 1000000000, 1000000, 1000};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        ent_q unit = ent_q_from_i64(units[i]), parts;
        const ent_edge *edge = s->low.infinite ? &s->high : &s->low;
        if (edge->infinite || !ent_q_div(edge->q, unit, &parts)) {
            return false;
        }
        ent_i128 n = ent_q_floor(parts);
        n += !s->low.infinite && ent_q_cmp(ent_q_from_i64((int64_t)n), parts) < 0;
        bool inside = ent_q_mul(ent_q_from_i64((int64_t)n), unit, out) && n != 0 &&
                      (s->low.infinite || ent_q_cmp(*out, s->low.q) > -(int)!s->low.open) &&
                      (s->high.infinite || ent_q_cmp(*out, s->high.q) < (int)!s->high.open);
        if (inside) {
            return true;
        }
    }
    return false;
}

/* A value between the edges; of dense types the middle, or one beyond the only bound. */
static ent_q pick(const ent_set *s)
{
    ent_q q = ent_q_from_i64(0), half, sum;
    (void)ent_q_make(1, 2, &half);
    if (s->type.kind == ENT_TYPE_DURATION && pick_duration(s, &q)) {
        return q;
    }
    if (!s->low.infinite && (!s->low.open || s->high.infinite)) {
        q = s->low.q;
        return s->low.open && ent_q_add(q, ent_q_from_i64(1), &sum) ? sum : q;
    }
    if (!s->high.infinite && (!s->high.open || s->low.infinite)) {
        q = s->high.q;
        return s->high.open && ent_q_sub(q, ent_q_from_i64(1), &sum) ? sum : q;
    }
    if (!s->low.infinite && ent_q_add(s->low.q, s->high.q, &sum) && ent_q_mul(sum, half, &q)) {
        return q;
    }
    return q;
}

static int64_t first_member(const ent_set *s)
{
    if (s->kind == ENT_SET_ORDERED) {
        return (int64_t)pick(s).num;
    }
    return s->members == 0 ? 0 : __builtin_ctzll(s->members);
}

static const char *duration_cell(const ent_boxer *x, int64_t ns)
{
    char buf[ENT_SECONDS_TEXT_SIZE];
    return ent_format_seconds(ns, buf, sizeof buf) > 0 ? ent_arena_printf(x->arena, "%ss", buf)
                                                       : "";
}

static const char *ordered_cell(const ent_boxer *x, const ent_set *s)
{
    char buf[ENT_Q_TEXT_SIZE];
    ent_q q = pick(s), scale = ent_q_from_i64(1);
    switch (s->type.kind) {
    case ENT_TYPE_DURATION:
        return duration_cell(x, (int64_t)q.num);
    case ENT_TYPE_INSTANT:
        return ent_civil_format(buf, sizeof buf, (int64_t)q.num, NULL) > 0
                   ? ent_arena_strdup(x->arena, buf)
                   : "";
    case ENT_TYPE_TIME:
        return ent_arena_printf(x->arena, "%02d:%02d", (int)((int64_t)q.num / 3600000000000 % 24),
                                (int)((int64_t)q.num / 60000000000 % 60));
    case ENT_TYPE_RATIO:
        (void)ent_q_mul(q, ent_q_from_i64(100), &q);
        return ent_q_format_decimal(q, buf, sizeof buf) > 0
                   ? ent_arena_printf(x->arena, "%s%%", buf)
                   : "";
    case ENT_TYPE_DECIMAL:
        for (int32_t i = 0; i < s->type.param; i++) {
            (void)ent_q_mul(scale, ent_q_from_i64(10), &scale);
        }
        (void)ent_q_div(q, scale, &q);
        break;
    default:
        break;
    }
    return ent_q_format_decimal(q, buf, sizeof buf) > 0 ? ent_arena_strdup(x->arena, buf) : "";
}

static const char *member_cell(const ent_boxer *x, const ent_set *s)
{
    int64_t i = first_member(s);
    switch (s->type.kind) {
    case ENT_TYPE_BOOL:
        return i == 1 ? "true" : "false";
    case ENT_TYPE_ENUM: {
        const ent_enumeration_decl *e = x->m->enumerations[s->type.param];
        return (size_t)i < e->n_members ? e->members[i] : "";
    }
    case ENT_TYPE_PARTY:
        return (size_t)i < x->m->n_parties ? x->m->parties[i]->name : "";
    default:
        return (size_t)i < x->m->n_services ? x->m->services[i]->name : "";
    }
}

static const char *set_cell(const ent_boxer *x, const ent_set *s)
{
    const char *text;
    if (!s->present) {
        return "";
    }
    if (s->kind == ENT_SET_TEXT) {
        text = s->is != NULL ? s->is : "other";
    } else {
        text = is_ordered(s->type) ? ordered_cell(x, s) : member_cell(x, s);
    }
    return text == NULL ? "" : text;
}

const char *ent_box_cell(const ent_boxer *x, const ent_box *box, const ent_field_decl *field)
{
    for (size_t i = 0; i < box->n; i++) {
        if (box->sets[i].of == field) {
            return set_cell(x, &box->sets[i]);
        }
    }
    return "";
}

const char *ent_box_text(const ent_boxer *x, const ent_box *box)
{
    const char *text = "";
    for (size_t i = 0; i < box->n && text != NULL; i++) {
        const ent_set *s = &box->sets[i];
        const char *cell = s->present ? set_cell(x, s) : "absent";
        text = ent_arena_printf(x->arena, "%s%s%s %s", text, i == 0 ? "" : ", ", s->name, cell);
    }
    return text == NULL ? "" : text;
}
