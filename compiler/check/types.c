/* Types: their names for people, conversions, and the table of what the operators accept.
 *
 * Why a table: units never mix silently, so every legal pair of an operator is one line here, and
 * what is not here is an error that names both sides and where each came from. Tested by
 * tests/unit/test_check.c (every pair against a list) and the golden diagnostics. */
#include "compiler/check/checker.h"

ent_type ent_ty(ent_type_kind kind)
{
    return (ent_type){.kind = (uint8_t)kind};
}

ent_type ent_ty_money(const char *currency)
{
    return (ent_type){.kind = ENT_TYPE_MONEY, .currency = currency};
}

ent_type ent_ty_decimal(int32_t digits)
{
    return (ent_type){.kind = ENT_TYPE_DECIMAL, .param = digits};
}

bool ent_ty_same(ent_type a, ent_type b)
{
    if (a.kind != b.kind)
        return false;
    if (a.kind == ENT_TYPE_MONEY)
        return ent_same(a.currency, b.currency);
    if (a.kind == ENT_TYPE_DECIMAL || a.kind == ENT_TYPE_ENUM)
        return a.param == b.param;
    return true;
}

bool ent_ty_is_exact(ent_type t)
{
    return t.kind == ENT_TYPE_INT || t.kind == ENT_TYPE_DECIMAL || t.kind == ENT_TYPE_RATIO;
}

bool ent_ty_is_ordered(ent_type t)
{
    return ent_ty_is_exact(t) || t.kind == ENT_TYPE_NUMBER || t.kind == ENT_TYPE_MONEY ||
           t.kind == ENT_TYPE_DURATION || t.kind == ENT_TYPE_INSTANT || t.kind == ENT_TYPE_TIME;
}

bool ent_ty_is_element(ent_type t)
{
    return t.kind == ENT_TYPE_AGREEMENT || t.kind == ENT_TYPE_DEPENDENCY ||
           t.kind == ENT_TYPE_DUTY || t.kind == ENT_TYPE_OBJECTIVE || t.kind == ENT_TYPE_PROMISE;
}

bool ent_ty_is_named(ent_type t)
{
    return t.kind == ENT_TYPE_ENUM || t.kind == ENT_TYPE_PARTY || t.kind == ENT_TYPE_SERVICE;
}

const char *ent_ty_text(ent_checker *ck, ent_type t)
{
    static const char *const names[] = {
        [ENT_TYPE_NONE] = "nothing",
        [ENT_TYPE_BOOL] = "bool",
        [ENT_TYPE_INT] = "int",
        [ENT_TYPE_NUMBER] = "number",
        [ENT_TYPE_DECIMAL] = "decimal",
        [ENT_TYPE_RATIO] = "ratio",
        [ENT_TYPE_MONEY] = "money",
        [ENT_TYPE_DURATION] = "duration",
        [ENT_TYPE_INSTANT] = "instant",
        [ENT_TYPE_TIME] = "time",
        [ENT_TYPE_TEXT] = "text",
        [ENT_TYPE_ENUM] = "enumeration",
        [ENT_TYPE_PARTY] = "party",
        [ENT_TYPE_SERVICE] = "service",
        [ENT_TYPE_CALENDAR] = "calendar",
        [ENT_TYPE_DATE] = "date",
        [ENT_TYPE_EVENT] = "event",
        [ENT_TYPE_ROWS] = "rows of a feed",
        [ENT_TYPE_SPAN] = "span",
        [ENT_TYPE_COLLECTION] = "collection",
        [ENT_TYPE_AGREEMENT] = "agreement",
        [ENT_TYPE_DEPENDENCY] = "dependency",
        [ENT_TYPE_DUTY] = "duty",
        [ENT_TYPE_OBJECTIVE] = "objective",
        [ENT_TYPE_PROMISE] = "promise",
        [ENT_TYPE_ERROR] = "unknown",
    };
    const char *text = names[t.kind];
    if (t.kind == ENT_TYPE_MONEY && t.currency != NULL)
        text = ent_check_printf(ck, "money (%s)", t.currency);
    else if (t.kind == ENT_TYPE_DECIMAL)
        text = ent_check_printf(ck, "decimal(%d)", t.param);
    else if (t.kind == ENT_TYPE_ENUM && t.param >= 0 && (size_t)t.param < ck->m->n_enumerations)
        text = ent_check_printf(ck, "`%s`", ck->m->enumerations[t.param]->name);
    return text == NULL ? "" : text;
}

const char *ent_ty_phrase(ent_checker *ck, ent_type t)
{
    const char *text = ent_ty_text(ck, t);
    if (t.kind == ENT_TYPE_MONEY || t.kind == ENT_TYPE_TEXT || t.kind == ENT_TYPE_ROWS ||
        t.kind == ENT_TYPE_ERROR || t.kind == ENT_TYPE_NONE)
        return text;
    if (t.kind == ENT_TYPE_ENUM)
        text = ent_check_printf(ck, "a member of %s", text);
    else
        text = ent_check_printf(ck, "%s %s",
                                t.kind == ENT_TYPE_INT || t.kind == ENT_TYPE_INSTANT ||
                                        t.kind == ENT_TYPE_EVENT || t.kind == ENT_TYPE_AGREEMENT ||
                                        t.kind == ENT_TYPE_OBJECTIVE
                                    ? "an"
                                    : "a",
                                text);
    return text == NULL ? "" : text;
}

/* --- conversions --- */

bool ent_is_literal(const ent_node *n)
{
    if (n->kind == ENT_NODE_UNARY && n->op == ENT_OP_NEG)
        return ent_is_literal(n->kids[0]);
    return n->kind == ENT_NODE_LITERAL ||
           (n->kind == ENT_NODE_COERCE && ent_is_literal(n->kids[0]));
}

static bool convertible(const ent_node *n, ent_type want)
{
    ent_type have = n->type;
    bool literal = ent_is_literal(n);
    switch (want.kind) {
    case ENT_TYPE_RATIO:
        return have.kind == ENT_TYPE_INT || have.kind == ENT_TYPE_DECIMAL;
    case ENT_TYPE_NUMBER:
        return literal && ent_ty_is_exact(have);
    case ENT_TYPE_DECIMAL:
        return have.kind == ENT_TYPE_INT ||
               (have.kind == ENT_TYPE_DECIMAL && have.param <= want.param);
    case ENT_TYPE_INSTANT:
        return literal && have.kind == ENT_TYPE_DATE;
    default:
        return false;
    }
}

ent_node *ent_coerce(ent_checker *ck, ent_env *env, ent_node *n, ent_type want)
{
    if (ent_ty_same(n->type, want) || want.kind == ENT_TYPE_ERROR)
        return n;
    if (n->type.kind == ENT_TYPE_ERROR)
        return n;
    if (!convertible(n, want))
        return NULL;
    ent_node *c = ent_check_alloc(ck, sizeof *c);
    ent_node **kids = ent_check_alloc(ck, sizeof *kids);
    if (c == NULL || kids == NULL)
        return ck->error_node;
    kids[0] = n;
    *c = (ent_node){.kind = ENT_NODE_COERCE,
                    .n_kids = 1,
                    .kids = kids,
                    .span = n->span,
                    .name_span = n->span,
                    .type = want};
    if (want.kind == ENT_TYPE_INSTANT)
        c->text = env != NULL && env->zone != NULL ? env->zone : "UTC";
    return c;
}

bool ent_unify(ent_checker *ck, ent_env *env, ent_node **a, ent_node **b)
{
    ent_type ta = (*a)->type, tb = (*b)->type;
    if (ta.kind == ENT_TYPE_ERROR || tb.kind == ENT_TYPE_ERROR || ent_ty_same(ta, tb))
        return true;
    ent_node *c = ent_coerce(ck, env, *a, tb);
    if (c != NULL) {
        *a = c;
        return true;
    }
    c = ent_coerce(ck, env, *b, ta);
    if (c != NULL) {
        *b = c;
        return true;
    }
    if (!ent_ty_is_exact(ta) || !ent_ty_is_exact(tb))
        return false;
    ent_node *ca = ent_coerce(ck, env, *a, ent_ty(ENT_TYPE_RATIO));
    ent_node *cb = ent_coerce(ck, env, *b, ent_ty(ENT_TYPE_RATIO));
    if (ca == NULL || cb == NULL)
        return false;
    *a = ca;
    *b = cb;
    return true;
}

/* --- saying where a type comes from --- */

static void label_declaration(ent_checker *ck, ent_diag *d, const ent_node *n)
{
    (void)ck;
    if (n->kind == ENT_NODE_COERCE || (n->kind == ENT_NODE_UNARY && n->op == ENT_OP_NEG))
        n = n->kids[0];
    if (n->decl == NULL)
        return;
    if (n->decl_kind == ENT_DECL_FIELD || n->decl_kind == ENT_DECL_PREVIOUS) {
        const ent_field_decl *f = n->decl;
        const ent_field_decl *from = f->source != NULL ? f->source : f;
        if (from->feed->kind == ENT_FEED_SOURCE)
            ent_diag_label(d, from->span, "`%s` is declared here", f->name);
    } else if (n->decl_kind == ENT_DECL_PARAM) {
        const ent_param_decl *p = n->decl;
        ent_diag_label(d, p->span, "`%s` is declared here", p->name);
    } else if (n->decl_kind == ENT_DECL_FN || n->decl_kind == ENT_DECL_EXTERN) {
        const ent_fn_decl *f = n->decl;
        ent_diag_label(d, f->span, "`%s` is declared here", f->name);
    } else if (n->decl_kind == ENT_DECL_CHARGE) {
        const ent_agreement_decl *a = n->decl;
        const ent_node *charge = ent_clause(a->node, ENT_NODE_CHARGE);
        if (charge != NULL)
            ent_diag_label(d, charge->span, "`charge` is stated here");
    }
}

void ent_label_type(ent_checker *ck, ent_diag *d, const ent_node *n, bool primary)
{
    const char *phrase = ent_ty_phrase(ck, n->type);
    const char *text = n->kind == ENT_NODE_NAME && n->name != NULL
                           ? ent_check_printf(ck, "`%s` is %s", n->name, phrase)
                           : ent_check_printf(ck, "this is %s", phrase);
    if (text == NULL)
        return;
    if (primary)
        ent_diag_primary_label(d, "%s", text);
    else
        ent_diag_label(d, n->span, "%s", text);
    label_declaration(ck, d, n);
}

/* --- operators --- */

enum { SWAP = 1, SAME_CURRENCY = 2 };
/* op, left, right; what both are coerced to (0: left as it is); result */
typedef struct op_rule {
    uint8_t op, left, right, as_left, as_right, result, flags;
} op_rule;

#define I ENT_TYPE_INT
#define F ENT_TYPE_NUMBER
#define D ENT_TYPE_DECIMAL
#define R ENT_TYPE_RATIO
#define M ENT_TYPE_MONEY
#define U ENT_TYPE_DURATION
#define T ENT_TYPE_INSTANT
#define ADD ENT_OP_ADD
#define SUB ENT_OP_SUB
#define MUL ENT_OP_MUL
#define DIV ENT_OP_DIV

static const op_rule op_rules[] = {
    {ADD, I, I, 0, 0, I, 0},
    {ADD, F, F, 0, 0, F, 0},
    {ADD, R, R, 0, 0, R, 0},
    {ADD, I, R, R, 0, R, 0},
    {ADD, R, I, 0, R, R, 0},
    {ADD, D, R, R, 0, R, 0},
    {ADD, R, D, 0, R, R, 0},
    {ADD, D, D, D, D, D, 0},
    {ADD, D, I, D, D, D, 0},
    {ADD, I, D, D, D, D, 0},
    {ADD, M, M, 0, 0, M, SAME_CURRENCY},
    {ADD, U, U, 0, 0, U, 0},
    {ADD, T, U, 0, 0, T, 0},
    {ADD, U, T, 0, 0, T, SWAP},
    {SUB, I, I, 0, 0, I, 0},
    {SUB, F, F, 0, 0, F, 0},
    {SUB, R, R, 0, 0, R, 0},
    {SUB, I, R, R, 0, R, 0},
    {SUB, R, I, 0, R, R, 0},
    {SUB, D, R, R, 0, R, 0},
    {SUB, R, D, 0, R, R, 0},
    {SUB, D, D, D, D, D, 0},
    {SUB, D, I, D, D, D, 0},
    {SUB, I, D, D, D, D, 0},
    {SUB, M, M, 0, 0, M, SAME_CURRENCY},
    {SUB, U, U, 0, 0, U, 0},
    {SUB, T, U, 0, 0, T, 0},
    {SUB, T, T, 0, 0, U, 0},
    {MUL, I, I, 0, 0, I, 0},
    {MUL, F, F, 0, 0, F, 0},
    {MUL, R, R, 0, 0, R, 0},
    {MUL, I, R, R, 0, R, 0},
    {MUL, R, I, 0, R, R, 0},
    {MUL, I, D, R, R, R, 0},
    {MUL, D, I, R, R, R, 0},
    {MUL, D, D, R, R, R, 0},
    {MUL, D, R, R, 0, R, 0},
    {MUL, R, D, 0, R, R, 0},
    {MUL, M, I, 0, R, M, 0},
    {MUL, M, D, 0, R, M, 0},
    {MUL, M, R, 0, 0, M, 0},
    {MUL, I, M, R, 0, M, SWAP},
    {MUL, D, M, R, 0, M, SWAP},
    {MUL, R, M, 0, 0, M, SWAP},
    {MUL, U, I, 0, 0, U, 0},
    {MUL, U, D, 0, R, U, 0},
    {MUL, U, R, 0, 0, U, 0},
    {MUL, I, U, 0, 0, U, SWAP},
    {MUL, D, U, R, 0, U, SWAP},
    {MUL, R, U, 0, 0, U, SWAP},
    {DIV, I, I, 0, 0, R, 0},
    {DIV, F, F, 0, 0, F, 0},
    {DIV, R, R, 0, 0, R, 0},
    {DIV, I, R, R, 0, R, 0},
    {DIV, R, I, 0, R, R, 0},
    {DIV, I, D, R, R, R, 0},
    {DIV, D, I, R, R, R, 0},
    {DIV, D, D, R, R, R, 0},
    {DIV, D, R, R, 0, R, 0},
    {DIV, R, D, 0, R, R, 0},
    {DIV, M, M, 0, 0, R, SAME_CURRENCY},
    {DIV, M, I, 0, R, M, 0},
    {DIV, M, D, 0, R, M, 0},
    {DIV, M, R, 0, 0, M, 0},
    {DIV, U, U, 0, 0, R, 0},
    {DIV, U, I, 0, R, U, 0},
    {DIV, U, D, 0, R, U, 0},
    {DIV, U, R, 0, 0, U, 0},
};

#undef I
#undef F
#undef D
#undef R
#undef M
#undef U
#undef T
#undef ADD
#undef SUB
#undef MUL
#undef DIV

/* A literal beside a number is a number; a date beside an instant or a duration is its midnight. */
static void adapt_literals(ent_checker *ck, ent_env *env, ent_node *n)
{
    for (int side = 0; side < 2; side++) {
        ent_node *a = n->kids[side], *b = n->kids[1 - side], *c = NULL;
        if (b->type.kind == ENT_TYPE_NUMBER && a->type.kind != ENT_TYPE_NUMBER)
            c = ent_coerce(ck, env, a, b->type);
        else if (a->type.kind == ENT_TYPE_DATE &&
                 (b->type.kind == ENT_TYPE_INSTANT || b->type.kind == ENT_TYPE_DURATION ||
                  b->type.kind == ENT_TYPE_DATE))
            c = ent_coerce(ck, env, a, ent_ty(ENT_TYPE_INSTANT));
        if (c != NULL)
            n->kids[side] = c;
    }
}

static void label_sides(ent_checker *ck, ent_diag *d, const ent_node *left, const ent_node *right)
{
    ent_label_type(ck, d, left, false);
    ent_label_type(ck, d, right, true);
}

static void help_operator(ent_checker *ck, ent_diag *d, const ent_node *n)
{
    const ent_node *left = n->kids[0], *right = n->kids[1];
    for (int side = 0; side < 2; side++) {
        const ent_node *a = side ? right : left, *b = side ? left : right;
        if (a->type.kind == ENT_TYPE_NUMBER && ent_ty_is_exact(b->type)) {
            ent_diag_help(d, "write `number(%s)` to go over to binary floating point",
                          ent_check_source_text(ck, b->span));
            return;
        }
        if (a->type.kind == ENT_TYPE_TEXT && ent_ty_is_ordered(b->type) &&
            b->type.kind != ENT_TYPE_MONEY) {
            const char *fn = ent_ty_text(ck, b->type);
            if (b->type.kind == ENT_TYPE_DECIMAL)
                ent_diag_help(d, "read the text as a decimal: `decimal(%s, %d)`",
                              ent_check_source_text(ck, a->span), b->type.param);
            else
                ent_diag_help(d, "read the text as %s: `%s(%s)`", ent_ty_phrase(ck, b->type), fn,
                              ent_check_source_text(ck, a->span));
            return;
        }
    }
    if (left->type.kind == ENT_TYPE_MONEY && right->type.kind == ENT_TYPE_MONEY &&
        !ent_ty_same(left->type, right->type))
        ent_diag_help(d, "Entente has no exchange rates: state both in one currency");
}

static ent_node *report_binary(ent_checker *ck, ent_node *n)
{
    ent_node *left = n->kids[0], *right = n->kids[1];
    const char *l = ent_ty_phrase(ck, left->type), *r = ent_ty_phrase(ck, right->type);
    bool currencies = left->type.kind == ENT_TYPE_MONEY && right->type.kind == ENT_TYPE_MONEY &&
                      !ent_ty_same(left->type, right->type);
    ent_diag_code code = currencies ? ENT_DIAG_E0303 : ENT_DIAG_E0301;
    ent_diag *d;
    if (n->op == ENT_OP_ADD)
        d = ent_diag_add(ck->diags, code, right->span, "cannot add %s to %s", r, l);
    else if (n->op == ENT_OP_SUB)
        d = ent_diag_add(ck->diags, code, right->span, "cannot subtract %s from %s", r, l);
    else if (n->op == ENT_OP_MUL)
        d = ent_diag_add(ck->diags, code, right->span, "cannot multiply %s by %s", l, r);
    else
        d = ent_diag_add(ck->diags, code, right->span, "cannot divide %s by %s", l, r);
    label_sides(ck, d, left, right);
    help_operator(ck, d, n);
    n->type = ent_ty(ENT_TYPE_ERROR);
    return n;
}

static ent_type wider_decimal(const ent_node *n)
{
    int32_t k = 0;
    for (int i = 0; i < 2; i++)
        if (n->kids[i]->type.kind == ENT_TYPE_DECIMAL && n->kids[i]->type.param > k)
            k = n->kids[i]->type.param;
    return ent_ty_decimal(k);
}

static const op_rule *find_rule(const ent_node *n)
{
    for (size_t i = 0; i < sizeof op_rules / sizeof op_rules[0]; i++) {
        const op_rule *r = &op_rules[i];
        if (r->op != n->op || r->left != n->kids[0]->type.kind || r->right != n->kids[1]->type.kind)
            continue;
        if ((r->flags & SAME_CURRENCY) && !ent_ty_same(n->kids[0]->type, n->kids[1]->type))
            return NULL;
        return r;
    }
    return NULL;
}

ent_node *ent_check_binary(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from)
{
    (void)from;
    if (n->kids[0]->type.kind == ENT_TYPE_ERROR || n->kids[1]->type.kind == ENT_TYPE_ERROR) {
        n->type = ent_ty(ENT_TYPE_ERROR);
        return n;
    }
    adapt_literals(ck, env, n);
    const op_rule *r = find_rule(n);
    if (r == NULL)
        return report_binary(ck, n);
    ent_type decimal = wider_decimal(n);
    ent_type unit = n->kids[0]->type.kind == r->result ? n->kids[0]->type : n->kids[1]->type;
    const uint8_t as[2] = {r->as_left, r->as_right};
    for (int i = 0; i < 2; i++) {
        if (as[i] == 0)
            continue;
        ent_type want = as[i] == ENT_TYPE_DECIMAL ? decimal : ent_ty((ent_type_kind)as[i]);
        ent_node *c = ent_coerce(ck, env, n->kids[i], want);
        n->kids[i] = c == NULL ? ck->error_node : c;
    }
    if (r->flags & SWAP) {
        ent_node *left = n->kids[0];
        n->kids[0] = n->kids[1];
        n->kids[1] = left;
    }
    if (r->result == ENT_TYPE_DECIMAL)
        n->type = decimal;
    else if (r->result == ENT_TYPE_MONEY)
        n->type = unit;
    else
        n->type = ent_ty((ent_type_kind)r->result);
    return n;
}

static const char *const op_symbols[] = {
    [ENT_OP_EQ] = "==", [ENT_OP_NE] = "!=", [ENT_OP_LT] = "<",
    [ENT_OP_LE] = "<=", [ENT_OP_GT] = ">",  [ENT_OP_GE] = ">=",
};

ent_node *ent_check_compare(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from)
{
    (void)from;
    ent_node *left = n->kids[0], *right = n->kids[1];
    n->type = ent_ty(ENT_TYPE_BOOL);
    if (left->type.kind == ENT_TYPE_ERROR || right->type.kind == ENT_TYPE_ERROR) {
        n->type = ent_ty(ENT_TYPE_ERROR);
        return n;
    }
    adapt_literals(ck, env, n);
    if (!ent_unify(ck, env, &n->kids[0], &n->kids[1])) {
        bool currencies = left->type.kind == ENT_TYPE_MONEY && right->type.kind == ENT_TYPE_MONEY;
        ent_diag *d = ent_diag_add(ck->diags, currencies ? ENT_DIAG_E0303 : ENT_DIAG_E0302,
                                   right->span, "cannot compare %s with %s",
                                   ent_ty_phrase(ck, left->type), ent_ty_phrase(ck, right->type));
        label_sides(ck, d, left, right);
        help_operator(ck, d, n);
        n->type = ent_ty(ENT_TYPE_ERROR);
        return n;
    }
    bool equality = n->op == ENT_OP_EQ || n->op == ENT_OP_NE;
    ent_type t = n->kids[0]->type;
    bool comparable = equality ? ent_ty_is_ordered(t) || ent_ty_is_named(t) ||
                                     t.kind == ENT_TYPE_BOOL || t.kind == ENT_TYPE_TEXT ||
                                     ent_ty_is_element(t)
                               : ent_ty_is_ordered(t);
    if (!comparable) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0315, n->span, "`%s` does not compare %s",
                                   op_symbols[n->op], ent_ty_phrase(ck, t));
        ent_label_type(ck, d, left, true);
        if (t.kind == ENT_TYPE_ENUM)
            ent_diag_help(d, "name the members that are meant: `%s in {…}`",
                          ent_check_source_text(ck, left->span));
        else if (equality)
            ent_diag_help(d, "compare a field of it, such as its `name`");
        else
            ent_diag_help(d, "only `==`, `!=` and `in` compare such values");
        n->type = ent_ty(ENT_TYPE_ERROR);
    }
    return n;
}
