/* The tree as text: one node a line, children indented, absent children as `-`.
 *
 *     duty restore "4.3 Restoration" @12:3
 * The fields are printed by what a kind uses: only what is set is shown. */
#include <string.h>

#include "compiler/syntax/parse.h"

static const char *const kind_names[ENT_NODE_COUNT] = {
    [ENT_NODE_NONE] = "none",
#define ENT_NODE(id, text) [ENT_NODE_##id] = text,
#include "compiler/syntax/ast.def"
#undef ENT_NODE
};

const char *ent_node_kind_name(unsigned kind)
{
    return kind < ENT_NODE_COUNT ? kind_names[kind] : "unknown";
}

static const char *const literals[] = {"",     "int",     "decimal", "percent", "money", "duration",
                                       "date", "instant", "time",    "text",    "bool"};
static const char *const operators[] = {
    "", "or", "and", "not", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "neg"};
static const char *const compares[] = {"otherwise", "at least", "at most", "above", "below"};
static const char *const units[] = {"none", "day", "week", "month", "quarter", "year", "rolling"};
static const char *const roles[] = {"client", "integrator", "provider"};
static const char *const aggregates[] = {
    "none",       "share",      "count",   "sum",   "average", "minimum", "maximum",     "median",
    "percentile", "time share", "longest", "first", "last",    "time in", "time outside"};
static const char *const quantifiers[] = {"", "all", "any", "count", "sum"};
static const char *const amounts[] = {"", "none", "percent", "money", "expr", "weight"};
static const char *const undos[] = {"none", "restart", "ignore", "resume"};
static const char *const missings[] = {"unsaid", "down", "up", "ignored"};
static const char *const outcomes[] = {"unsaid", "breach", "met"};
static const char *const roundings[] = {"half_even", "up", "down", "half_up"};
static const char *const expects[] = {"",     "met",         "breach", "excused",
                                      "void", "provisional", "no data"};
static const char *const policies[] = {"",
                                       "outages dependencies",
                                       "outages owner",
                                       "time holder",
                                       "time owner",
                                       "credits responsibility",
                                       "credits provider",
                                       "relief client",
                                       "relief force majeure",
                                       "joint shared",
                                       "joint by charge",
                                       "joint first",
                                       "joint jointly",
                                       "time last holder"};

#define WORD(table, i) word_of(table, sizeof(table) / sizeof((table)[0]), i)

static const char *word_of(const char *const *table, size_t n, unsigned i)
{
    return i < n ? table[i] : "?";
}

static const char *op_word(const ent_node *n)
{
    switch (n->kind) {
    case ENT_NODE_UNARY:
    case ENT_NODE_BINARY:
        return WORD(operators, n->op);
    case ENT_NODE_COMPARE:
    case ENT_NODE_STEP:
        return WORD(compares, n->op);
    case ENT_NODE_WINDOW:
    case ENT_NODE_CHARGE:
    case ENT_NODE_CREDIT_CAP:
    case ENT_NODE_AT_RISK:
    case ENT_NODE_POOL:
        return WORD(units, n->op);
    case ENT_NODE_PARTY:
        return WORD(roles, n->op);
    case ENT_NODE_AGGREGATE:
        return WORD(aggregates, n->op);
    case ENT_NODE_QUANTIFIER:
        return WORD(quantifiers, n->op);
    case ENT_NODE_AMOUNT:
        return WORD(amounts, n->op);
    case ENT_NODE_ON:
        return WORD(undos, n->op);
    case ENT_NODE_MISSING:
        return WORD(missings, n->op);
    case ENT_NODE_NO_DATA:
        return WORD(outcomes, n->op);
    case ENT_NODE_CREDIT:
        return WORD(roundings, n->op);
    case ENT_NODE_EXPECT:
        return WORD(expects, n->op);
    case ENT_NODE_POLICY:
        return WORD(policies, n->op);
    case ENT_NODE_REMOVE:
        return ent_node_kind_name(n->op);
    case ENT_NODE_RATE:
        return n->op == 1 ? "above" : "below";
    case ENT_NODE_COUNTING:
        return n->op == 1 ? "retroactive" : NULL;
    case ENT_NODE_IS_ABSENT:
        return n->op == 1 ? "not" : NULL;
    case ENT_NODE_ALLOWANCE:
        return n->op == 1 ? "otherwise" : NULL;
    case ENT_NODE_REQUIRE:
        return n->op == 1 ? "underpinning" : NULL;
    case ENT_NODE_TYPE:
        return n->op == 1 ? "enumeration" : n->op == 2 ? "of a field" : NULL;
    case ENT_NODE_GIVEN:
        return n->op == 1 ? "path" : NULL;
    default:
        return NULL;
    }
}

static void dump_literal(const ent_node *n, ent_text *out)
{
    char buffer[ENT_Q_TEXT_SIZE];
    ent_text_printf(out, " %s", WORD(literals, n->op));
    switch (n->op) {
    case ENT_LIT_DECIMAL:
    case ENT_LIT_PERCENT:
    case ENT_LIT_MONEY:
        (void)ent_q_format_fraction(n->q, buffer, sizeof buffer);
        ent_text_printf(out, " %s", buffer);
        if (n->op == ENT_LIT_MONEY) {
            ent_text_printf(out, " %s", n->text == NULL ? "" : n->text);
        }
        break;
    case ENT_LIT_TEXT:
        ent_text_putc(out, ' ');
        ent_text_json(out, n->text == NULL ? "" : n->text, n->text_len);
        break;
    default:
        ent_text_printf(out, " %lld", (long long)n->i);
        break;
    }
}

/* `i` as far as a kind gives it a meaning. */
static void dump_number(const ent_node *n, ent_text *out)
{
    char buffer[ENT_Q_TEXT_SIZE];
    switch (n->kind) {
    case ENT_NODE_VERSION:
    case ENT_NODE_EARN_BACK:
        ent_text_printf(out, " %lld", (long long)n->i);
        break;
    case ENT_NODE_TYPE:
        if (n->i != 0) {
            ent_text_printf(out, " (%lld)", (long long)n->i);
        }
        break;
    case ENT_NODE_POOL:
        ent_text_puts(out, n->i == 1 ? " by charge" : " equally");
        break;
    case ENT_NODE_RATE:
        ent_text_puts(out, n->i == 1 ? " pro rata" : "");
        break;
    case ENT_NODE_EXPECT:
        ent_text_puts(out, n->i == 1 ? " no" : "");
        break;
    case ENT_NODE_IN:
        ent_text_puts(out, n->i == 1 ? " collection" : "");
        break;
    case ENT_NODE_AGGREGATE:
        if (n->op == ENT_AGG_PERCENTILE) {
            (void)ent_q_format_fraction(n->q, buffer, sizeof buffer);
            ent_text_printf(out, " %s%s", buffer, n->i == 1 ? " approximate" : "");
        }
        break;
    case ENT_NODE_OPEN:
        for (unsigned day = 0; day < 7; day++) {
            static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
            if ((n->op >> day & 1U) != 0) {
                ent_text_printf(out, " %s", days[day]);
            }
        }
        break;
    case ENT_NODE_FIELD:
        ent_text_puts(out, (n->op & ENT_MARK_KEY) != 0 ? " key" : "");
        ent_text_puts(out, (n->op & ENT_MARK_HOLDER) != 0 ? " holder" : "");
        ent_text_puts(out, (n->op & ENT_MARK_RECORDED) != 0 ? " recorded" : "");
        break;
    default:
        break;
    }
}

static void dump_line(const ent_node *n, ent_text *out)
{
    ent_text_puts(out, ent_node_kind_name(n->kind));
    const char *op = op_word(n);
    if (op != NULL) {
        ent_text_printf(out, " %s", op);
    }
    if (n->kind == ENT_NODE_LITERAL) {
        dump_literal(n, out);
    } else {
        if (n->name != NULL) {
            ent_text_printf(out, " `%s`", n->name);
        }
        if (n->text != NULL) {
            ent_text_putc(out, ' ');
            ent_text_json(out, n->text, n->text_len != 0 ? n->text_len : strlen(n->text));
        }
        dump_number(n, out);
    }
    if (n->title != NULL) {
        ent_text_puts(out, " title ");
        ent_text_json(out, n->title, strlen(n->title));
    }
    if (n->doc != NULL) {
        ent_text_puts(out, " doc ");
        ent_text_json(out, n->doc, strlen(n->doc));
    }
    ent_text_printf(out, " @%u-%u\n", n->span.start, n->span.end);
}

static void dump(const ent_node *n, unsigned depth, ent_text *out)
{
    ent_text_fill(out, ' ', 2 * (size_t)depth);
    if (n == NULL) {
        ent_text_puts(out, "-\n");
        return;
    }
    dump_line(n, out);
    for (uint32_t i = 0; i < n->n_kids; i++) {
        dump(n->kids[i], depth + 1, out);
    }
}

void ent_dump_tree(const ent_node *node, ent_text *out)
{
    dump(node, 0, out);
}
