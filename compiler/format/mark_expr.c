/* Where expressions and events may break.  See layout.h. */
#include "compiler/format/layout.h"

static void mark_chain(fmt *f, const ent_node *node, int rank, uint32_t head);

static bool is_logic(const ent_node *n)
{
    return (n->kind == ENT_NODE_BINARY && (n->op == ENT_OP_OR || n->op == ENT_OP_AND)) ||
           n->kind == ENT_NODE_EVENT_OR;
}

static bool in_parentheses(const fmt *f, const ent_node *n)
{
    uint32_t first = fmt_first(f, n);
    return first > 0 && fmt_is(f, first - 1, "(") && fmt_is(f, fmt_last(f, n) + 1, ")");
}

void fmt_mark_commas(fmt *f, ent_node *const *nodes, uint32_t n, int rank)
{
    for (uint32_t i = 1; i < n; i++) {
        uint32_t token = fmt_after(f, nodes[i - 1]) + 1;
        fmt_soft(f, token, rank, FMT_FROM_TOKEN, fmt_first(f, nodes[0]), 0);
    }
}

/* `a op b op c` is one chain: its operators break alike. */
static void mark_left(fmt *f, const ent_node *node, const ent_node *left, int rank, uint32_t head)
{
    bool same = left->kind == ENT_NODE_BINARY && node->kind == ENT_NODE_BINARY &&
                left->op == node->op && !in_parentheses(f, left);
    if (same) {
        mark_chain(f, left, rank, head);
    } else {
        fmt_mark_expr(f, left, rank + 1);
    }
}

static void mark_chain(fmt *f, const ent_node *node, int rank, uint32_t head)
{
    uint32_t op = fmt_after(f, node->kids[0]);
    if (is_logic(node)) {
        fmt_soft(f, op, rank, FMT_FROM_CHAIN, head, 0);
    } else {
        fmt_soft(f, op, rank, FMT_FROM_LINE, 0, 2);
    }
    mark_left(f, node, node->kids[0], rank, head);
    fmt_mark_expr(f, node->kids[1], rank + 1);
}

static void mark_event_or(fmt *f, const ent_node *node, int rank)
{
    for (uint32_t i = 0; i < node->n_kids; i++) {
        if (i > 0) {
            fmt_soft(f, fmt_after(f, node->kids[i - 1]), rank, FMT_FROM_CHAIN, fmt_first(f, node), 0);
        }
        fmt_mark_expr(f, node->kids[i], rank + 1);
    }
}

/* The alternatives of a condition break before its `where` does. */
static void mark_where(fmt *f, const ent_node *condition, int rank)
{
    if (condition == NULL) {
        return;
    }
    int chain = is_logic(condition) && !in_parentheses(f, condition) ? 1 : 0;
    fmt_soft(f, fmt_before(f, condition) - 1, rank + chain, FMT_FROM_LINE, 0, 2);
    fmt_mark_expr(f, condition, rank);
}

static void mark_call(fmt *f, const ent_node *node, int rank)
{
    uint32_t open = fmt_last(f, node->kids[0]) + 1;
    f->tokens[open].space = 0;
    for (uint32_t i = 1; i < node->n_kids; i++) {
        if (i > 1) {
            uint32_t token = fmt_after(f, node->kids[i - 1]) + 1;
            fmt_soft(f, token, rank, FMT_FROM_TOKEN, open + 1, 0);
        }
        fmt_mark_expr(f, node->kids[i], rank + 1);
    }
}

static void mark_quantifier(fmt *f, const ent_node *node, int rank)
{
    uint32_t first = fmt_first(f, node);
    if (node->op == ENT_QUANT_ALL && !fmt_is(f, first + 1, "(")) {
        uint32_t colon = fmt_last(f, node->kids[0]) + 1;
        fmt_soft(f, colon + 1, rank, FMT_FROM_TOKEN, first, 2);
        fmt_mark_expr(f, node->kids[2], rank + 1);
        return;
    }
    f->tokens[first + 1].space = 0;
    if (node->kids[2] != NULL) {
        fmt_mark_expr(f, node->kids[2], rank + 1);
        fmt_soft(f, fmt_after(f, node->kids[2]), rank, FMT_FROM_LINE, 0, 2);
    }
    mark_where(f, node->kids[1], rank + 1);
}

static void mark_match(fmt *f, const ent_node *node, int rank)
{
    uint32_t head = fmt_first(f, node);
    fmt_mark_expr(f, node->kids[0], rank + 1);
    for (uint32_t i = 1; i < node->n_kids; i++) {
        const ent_node *arm = node->kids[i];
        uint32_t first = fmt_first(f, arm);
        fmt_soft(f, first, rank, FMT_FROM_TOKEN, head, 2);
        f->tokens[first].together = true;
        f->tokens[first].space = i == 1 ? 1 : 2;
        f->tokens[first].arrow = arm->kids[0] == NULL ? first + 1 : fmt_last(f, arm->kids[0]) + 1;
        if (i > 1 && fmt_is(f, first - 1, ",")) {
            f->tokens[first - 1].dropped = true;
        }
        fmt_mark_expr(f, arm->kids[1], rank + 1);
    }
    uint32_t close = fmt_last(f, node);
    if (node->n_kids > 1 && fmt_is(f, close - 1, ",")) {
        f->tokens[close - 1].dropped = true;
    }
    fmt_soft(f, close, rank, FMT_FROM_TOKEN, head, 0);
    f->tokens[close].together = true;
}

static void mark_in(fmt *f, const ent_node *node, int rank)
{
    fmt_mark_expr(f, node->kids[0], rank + 1);
    uint32_t open = fmt_after(f, node->kids[0]) + 1;
    if (node->i == 1 || !fmt_is(f, open, "{")) {
        return;
    }
    f->tokens[open + 1].space = 0;
    f->tokens[fmt_last(f, node)].space = 0;
    for (uint32_t i = 1; i < node->n_kids; i++) {
        if (i > 1) {
            uint32_t token = fmt_after(f, node->kids[i - 1]) + 1;
            fmt_soft(f, token, rank + 1, FMT_FROM_TOKEN, open + 1, 0);
        }
        fmt_mark_expr(f, node->kids[i], rank + 2);
    }
}

static void mark_if(fmt *f, const ent_node *node, int rank)
{
    uint32_t head = fmt_first(f, node);
    for (uint32_t i = 0; i < 3; i++) {
        fmt_mark_expr(f, node->kids[i], rank + 1);
        if (i < 2) {
            uint32_t word = fmt_after(f, node->kids[i]);
            fmt_soft(f, word, rank, FMT_FROM_TOKEN, head, 2);
            f->tokens[word].together = true;
        }
    }
}

void fmt_mark_expr(fmt *f, const ent_node *node, int rank)
{
    switch (node->kind) {
    case ENT_NODE_BINARY:
        mark_chain(f, node, rank, fmt_first(f, node));
        break;
    case ENT_NODE_UNARY:
        if (node->op == ENT_OP_NEG) {
            f->tokens[fmt_first(f, node) + 1].space = 0;
        }
        fmt_mark_expr(f, node->kids[0], rank + 1);
        break;
    case ENT_NODE_IS_ABSENT:
        fmt_mark_expr(f, node->kids[0], rank + 1);
        break;
    case ENT_NODE_IN:
        mark_in(f, node, rank);
        break;
    case ENT_NODE_IF:
        mark_if(f, node, rank);
        break;
    case ENT_NODE_MATCH:
        mark_match(f, node, rank);
        break;
    case ENT_NODE_QUANTIFIER:
        mark_quantifier(f, node, rank);
        break;
    case ENT_NODE_CALL:
        mark_call(f, node, rank);
        break;
    case ENT_NODE_AGGREGATE:
        mark_where(f, node->kids[1], rank);
        if (node->kids[2] != NULL) {
            fmt_soft(f, fmt_first(f, node->kids[2]) - 2, rank + 1, FMT_FROM_LINE, 0, 2);
        }
        break;
    case ENT_NODE_EVENT_OR:
        mark_event_or(f, node, rank);
        break;
    case ENT_NODE_EVENT_WHERE:
        fmt_mark_expr(f, node->kids[0], rank);
        mark_where(f, node->kids[1], rank);
        break;
    default: /* names and literals do not break */
        break;
    }
}
