/* How declarations, members and clauses are laid out.  See layout.h.
 *
 * What begins with a keyword of its own begins a line: headers, members, clauses, fields, bindings.  A
 * name, its title and what identifies the declaration stay on the first line; its body is two in. */
#include <string.h>

#include "compiler/format/layout.h"

enum { STEP = 2 };

static void mark_member(fmt *f, const ent_node *node, unsigned indent);

static void hard(fmt *f, uint32_t token, unsigned indent)
{
    fmt_token *t = &f->tokens[token];
    t->hard = true;
    t->indent = t->note_indent = (uint16_t)indent;
}

static void cell(fmt *f, uint32_t token, uint32_t group, unsigned number, uint32_t row)
{
    if (number < FMT_CELLS && f->tokens[token].group == 0) {
        f->tokens[token].group = group;
        f->tokens[token].cell = (uint8_t)number;
        f->tokens[token].row = row;
    }
}

/* --- clauses --- */

static void mark_spanrefs(fmt *f, const ent_node *clause)
{
    fmt_mark_commas(f, clause->kids, clause->n_kids, 1);
}

static void mark_allowances(fmt *f, const ent_node *within)
{
    fmt_mark_commas(f, within->kids, within->n_kids, 1);
    for (uint32_t i = 0; i < within->n_kids; i++) {
        fmt_mark_expr(f, within->kids[i]->kids[0], 2);
    }
}

static void mark_undo(fmt *f, const ent_node *on)
{
    fmt_mark_expr(f, on->kids[0], 2);
    uint32_t word = fmt_last(f, on);
    if (on->op == ENT_UNDO_RESUME) {
        word = fmt_before(f, on->kids[1]) - 2;
        fmt_mark_expr(f, on->kids[1], 2);
    }
    fmt_soft(f, word, 1, FMT_FROM_LINE, 0, STEP);
}

static void mark_amount(fmt *f, const ent_node *amount, int rank)
{
    if (amount != NULL && amount->op == ENT_AMOUNT_EXPR) {
        fmt_mark_expr(f, amount->kids[0], rank);
    }
}

static void drop_step_commas(fmt *f, const ent_node *credit)
{
    for (uint32_t i = 1; i < credit->n_kids; i++) {
        uint32_t first = fmt_first(f, credit->kids[i]);
        if (fmt_is(f, first - 1, ",")) {
            f->tokens[first - 1].dropped = true;
        }
    }
}

/* `rounded half_up`, or the token after the clause. */
static uint32_t rounding(const fmt *f, const ent_node *credit)
{
    uint32_t end = fmt_last(f, credit) + 1;
    return end >= 2 && fmt_is(f, end - 2, "rounded") ? end - 2 : end;
}

/* Two steps stand on the line of `credit` if they fit, with a comma between; more have a line each. */
static void mark_ladder(fmt *f, const ent_node *credit, unsigned indent)
{
    uint32_t first = fmt_first(f, credit);
    uint32_t end = fmt_last(f, credit) + 1;
    drop_step_commas(f, credit);
    bool one_line = credit->n_kids <= 2 && !fmt_has_notes(f, first, end) &&
                    indent + fmt_width(f, first, end) + 1 <= ENT_FORMAT_COLUMNS;
    uint32_t group = ++f->groups;
    for (uint32_t i = 0; i < credit->n_kids; i++) {
        const ent_node *step = credit->kids[i];
        uint32_t start = fmt_first(f, step);
        mark_amount(f, step->kids[0], 2);
        if (step->kids[1] != NULL) {
            fmt_mark_expr(f, step->kids[1], 2);
        }
        if (one_line) {
            if (i > 0 && fmt_is(f, start - 1, ",")) {
                f->tokens[start - 1].dropped = false;
            } else if (i > 0) {
                f->tokens[start - 1].comma = true;
            }
            continue;
        }
        hard(f, start, indent + STEP);
        if (credit->n_kids > 1) {
            cell(f, fmt_last(f, step->kids[0]) + 1, group, 1, start);
        }
    }
    uint32_t rounded = rounding(f, credit);
    if (!one_line && rounded < end) {
        hard(f, rounded, indent + STEP);
    }
}

static void mark_credit(fmt *f, const ent_node *credit, unsigned indent)
{
    if (credit->n_kids != 1 || credit->kids[0]->kind != ENT_NODE_RATE) {
        mark_ladder(f, credit, indent);
        return;
    }
    const ent_node *rate = credit->kids[0];
    mark_amount(f, rate->kids[0], 2);
    if (rate->kids[2] != NULL) {
        fmt_soft(f, fmt_first(f, rate->kids[2]) - 2, 1, FMT_FROM_LINE, 0, STEP);
        mark_amount(f, rate->kids[2], 2);
    }
}

static void mark_clause(fmt *f, const ent_node *clause, unsigned indent)
{
    hard(f, fmt_first(f, clause), indent);
    switch (clause->kind) {
    case ENT_NODE_WHEN:
    case ENT_NODE_VOID_WHEN:
    case ENT_NODE_EXCUSED_WHEN:
    case ENT_NODE_COUNTING:
        fmt_mark_expr(f, clause->kids[0], 1);
        break;
    case ENT_NODE_WITHIN:
        mark_allowances(f, clause);
        break;
    case ENT_NODE_PAUSING:
    case ENT_NODE_EXCLUDING:
    case ENT_NODE_EXCUSED_DURING:
        mark_spanrefs(f, clause);
        break;
    case ENT_NODE_ON:
        mark_undo(f, clause);
        break;
    case ENT_NODE_CREDIT:
        mark_credit(f, clause, indent);
        break;
    case ENT_NODE_EXPECTED:
        fmt_mark_expr(f, clause->kids[0]->kids[0], 2);
        break;
    default: /* a few words on one line */
        break;
    }
}

/* --- declarations that stand at file level and in bodies alike --- */

static void mark_calendar(fmt *f, const ent_node *node, unsigned indent)
{
    for (uint32_t i = 0; i < node->n_kids; i++) {
        const ent_node *clause = node->kids[i];
        hard(f, fmt_first(f, clause), indent + STEP);
        if (clause->kind == ENT_NODE_CLOSED) {
            fmt_mark_commas(f, clause->kids, clause->n_kids, 1);
        }
    }
}

static void mark_span(fmt *f, const ent_node *node, unsigned indent)
{
    hard(f, fmt_before(f, node->kids[1]) - 1, indent + STEP);
    fmt_mark_expr(f, node->kids[1], 2);
    fmt_soft(f, fmt_before(f, node->kids[2]) - 1, 1, FMT_FROM_LINE, 0, 0);
    fmt_mark_expr(f, node->kids[2], 2);
    if (node->kids[3] != NULL) {
        hard(f, fmt_first(f, node->kids[3]) - 2, indent + STEP);
    }
}

static void mark_measure(fmt *f, const ent_node *node, unsigned indent)
{
    uint32_t body = fmt_before(f, node->kids[2]);
    hard(f, body, indent + STEP);
    fmt_mark_expr(f, node->kids[2], 1);
    if (node->kids[1] != NULL && fmt_first(f, node->kids[1]) > body) {
        hard(f, fmt_first(f, node->kids[1]) - 2, indent + STEP);
    }
}

static void mark_duty(fmt *f, const ent_node *node, unsigned indent)
{
    hard(f, fmt_first(f, node->kids[0]), indent + STEP);
    fmt_mark_expr(f, node->kids[1], 1);
    for (uint32_t i = 2; i < node->n_kids; i++) {
        mark_clause(f, node->kids[i], indent + STEP);
    }
}

static void mark_objective(fmt *f, const ent_node *node, unsigned indent)
{
    hard(f, fmt_before(f, node->kids[0]), indent + STEP);
    fmt_mark_expr(f, node->kids[0], 3);
    fmt_soft(f, fmt_first(f, node->kids[1]), 1, FMT_FROM_LINE, 0, 0);
    fmt_mark_expr(f, node->kids[1]->kids[0], 3);
    fmt_soft(f, fmt_first(f, node->kids[2]), 2, FMT_FROM_LINE, 0, 0);
    for (uint32_t i = 3; i < node->n_kids; i++) {
        mark_clause(f, node->kids[i], indent + STEP);
    }
}

/* `decimal(2)` */
static void mark_type(fmt *f, const ent_node *type)
{
    uint32_t first = fmt_first(f, type);
    if (fmt_is(f, first + 1, "(") && first < fmt_last(f, type)) {
        f->tokens[first + 1].space = 0;
    }
    if (type->n_kids > 0) {
        fmt_mark_commas(f, type->kids, type->n_kids, 1);
    }
}

static void mark_parameters(fmt *f, const ent_node *list, uint32_t open)
{
    f->tokens[open].space = 0;
    fmt_mark_commas(f, list->kids, list->n_kids, 3);
    for (uint32_t i = 0; i < list->n_kids; i++) {
        mark_type(f, list->kids[i]->kids[0]);
    }
}

static void mark_fn(fmt *f, const ent_node *node)
{
    mark_parameters(f, node->kids[0], fmt_first(f, node) + 2);
    mark_type(f, node->kids[1]);
    fmt_soft(f, fmt_before(f, node->kids[2]), 1, FMT_FROM_LINE, 0, STEP);
    fmt_mark_expr(f, node->kids[2], 2);
}

static void mark_extern(fmt *f, const ent_node *node)
{
    mark_parameters(f, node->kids[0], fmt_first(f, node) + 3);
    mark_type(f, node->kids[1]);
    fmt_soft(f, fmt_first(f, node->kids[2]) - 1, 1, FMT_FROM_LINE, 0, STEP);
    if (node->kids[3] != NULL) {
        fmt_soft(f, fmt_first(f, node->kids[3]) - 1, 2, FMT_FROM_LINE, 0, STEP);
    }
}

/* --- members of a framework --- */

/* The texts after `alias` or `key`. */
static void mark_list(fmt *f, ent_node *const *texts, uint32_t n)
{
    fmt_soft(f, fmt_first(f, texts[0]) - 1, 1, FMT_FROM_LINE, 0, STEP);
    fmt_mark_commas(f, texts, n, 2);
}

static void mark_party(fmt *f, const ent_node *node, uint32_t group)
{
    uint32_t first = fmt_first(f, node);
    cell(f, first + 1, group, 1, first);
    if (fmt_last(f, node) > first + 1) {
        cell(f, first + 2, group, 2, first);
        f->tokens[first + 2].space = 2;
    }
    uint32_t aliases = 0;
    while (aliases < node->n_kids && node->kids[aliases]->kind != ENT_NODE_PARTY_KEY) {
        aliases++;
    }
    if (aliases > 0) {
        mark_list(f, node->kids, aliases);
    }
    if (aliases < node->n_kids) {
        mark_list(f, node->kids + aliases, node->n_kids - aliases);
    }
}

static void mark_service(fmt *f, const ent_node *node, uint32_t group)
{
    uint32_t first = fmt_first(f, node);
    uint32_t provider = fmt_first(f, node->kids[0]);
    cell(f, provider - 1, group, 1, first);
    if (provider < fmt_last(f, node)) {
        cell(f, provider + 1, group, 2, first);
    }
    const ent_node *depends = node->kids[1];
    if (depends->n_kids > 0) {
        fmt_soft(f, fmt_first(f, depends->kids[0]) - 2, 1, FMT_FROM_LINE, 0, STEP);
        fmt_mark_commas(f, depends->kids, depends->n_kids, 2);
    }
    if (node->kids[2]->n_kids > 0) {
        mark_list(f, node->kids[2]->kids, node->kids[2]->n_kids);
    }
}

static void mark_require(fmt *f, const ent_node *node, unsigned indent)
{
    if (node->n_kids > 0) {
        hard(f, fmt_before(f, node->kids[0]), indent + STEP);
        fmt_mark_expr(f, node->kids[0], 1);
    }
}

static void mark_pool(fmt *f, const ent_node *node, unsigned indent)
{
    hard(f, fmt_first(f, node->kids[0]) - 2, indent + STEP);
    mark_amount(f, node->kids[0], 1);
    hard(f, fmt_before(f, node->kids[2]) - 2, indent + STEP);
    fmt_mark_expr(f, node->kids[2], 1);
    hard(f, fmt_after(f, node->kids[2]), indent + STEP);
}

/* --- feeds and binds --- */

static void mark_row(fmt *f, uint32_t first, unsigned indent, bool leads)
{
    hard(f, first, indent);
    f->tokens[first].may_blank = true;
    if (leads) {
        f->tokens[first].opens = true;
    }
}

static void mark_close(fmt *f, uint32_t token, unsigned indent)
{
    hard(f, token, indent);
    f->tokens[token].note_indent = (uint16_t)(indent + STEP);
    f->tokens[token].may_blank = true;
    f->tokens[token].closes = true;
    f->tokens[token].opens = fmt_is(f, token - 1, "{");
}

static void mark_feed(fmt *f, const ent_node *node, unsigned indent)
{
    uint32_t group = ++f->groups;
    for (uint32_t i = 0; i < node->n_kids; i++) {
        const ent_node *field = node->kids[i];
        if (field->kind != ENT_NODE_FIELD) {
            continue;
        }
        uint32_t first = fmt_first(f, field);
        mark_row(f, first, indent + STEP, fmt_is(f, first - 1, "{"));
        cell(f, first + 1, group, 1, first);
        mark_type(f, field->kids[0]);
    }
    mark_close(f, fmt_last(f, node), indent);
}

static void mark_bind(fmt *f, const ent_node *node, unsigned indent)
{
    uint32_t group = ++f->groups;
    bool bound = false;
    for (uint32_t i = 0; i < node->n_kids; i++) {
        const ent_node *part = node->kids[i];
        uint32_t first = fmt_first(f, part);
        if (part->kind == ENT_NODE_BINDING) {
            mark_row(f, first, indent + STEP, !bound);
            cell(f, first + 1, group, 1, first);
            fmt_mark_expr(f, part->kids[0], 1);
            bound = true;
        } else if (bound && !fmt_is(f, first - 1, ",")) {
            hard(f, first, indent + STEP);
        }
    }
    if (fmt_is(f, fmt_last(f, node), "}") &&
        (node->n_kids == 0 || fmt_last(f, node->kids[node->n_kids - 1]) < fmt_last(f, node))) {
        mark_close(f, fmt_last(f, node), indent);
    }
}

/* --- scenarios --- */

/* `responsible` and what stands behind it have a line each. */
static void mark_expect(fmt *f, const ent_node *node, unsigned indent)
{
    for (uint32_t i = 4; i < node->n_kids; i++) { /* credit and measure */
        if (node->kids[i] != NULL) {
            fmt_mark_expr(f, node->kids[i], 1);
        }
    }
    if (node->kids[3] == NULL) {
        return;
    }
    uint32_t from = fmt_first(f, node->kids[3]) - 1;
    for (uint32_t i = 0; i < node->kids[3]->n_kids; i++) {
        uint32_t word = fmt_first(f, node->kids[3]->kids[i]) - 1;
        if (!fmt_is(f, word, ",")) {
            hard(f, word, indent + STEP);
        }
    }
    for (uint32_t i = 1; i < node->n_kids; i++) {
        uint32_t word = node->kids[i] == NULL ? 0 : fmt_first(f, node->kids[i]) - 1;
        if (word > from) {
            hard(f, word, indent + STEP);
        }
    }
}

/* `2026-01-01 .. 2026-12-31` */
static void mark_dates(fmt *f, const ent_node *until)
{
    uint32_t token = fmt_first(f, until);
    f->tokens[token].space = f->tokens[token - 1].space = 1;
}

static void mark_scenario(fmt *f, const ent_node *node, unsigned indent)
{
    for (uint32_t i = 0; i < node->n_kids; i++) {
        const ent_node *part = node->kids[i];
        hard(f, fmt_first(f, part), indent + STEP);
        f->tokens[fmt_first(f, part)].may_blank = i > 0;
        if (part->kind == ENT_NODE_USING) {
            fmt_mark_commas(f, part->kids, part->n_kids, 1);
        } else if (part->kind == ENT_NODE_PERIOD) {
            mark_dates(f, part->kids[1]);
        } else if (part->kind == ENT_NODE_EXPECT) {
            mark_expect(f, part, indent + STEP);
        }
    }
}

/* --- bodies --- */

static bool is_long(const ent_node *node)
{
    switch (node->kind) {
    case ENT_NODE_REPLACE:
    case ENT_NODE_ADD:
        return is_long(node->kids[0]);
    case ENT_NODE_REQUIRE:
        return node->n_kids > 0;
    case ENT_NODE_CALENDAR:
    case ENT_NODE_SPAN:
    case ENT_NODE_MEASURE:
    case ENT_NODE_DUTY:
    case ENT_NODE_OBJECTIVE:
    case ENT_NODE_POOL:
    case ENT_NODE_ACCOUNTABILITY:
    case ENT_NODE_ANSWERS:
    case ENT_NODE_POLICY:
        return true;
    default:
        return false;
    }
}

/* An amendment is a list of changes, and its short ones may stand close to the others. */
static bool is_set_apart(const ent_node *body, const ent_node *before, const ent_node *member)
{
    if (body->kind == ENT_NODE_AMENDMENT) {
        return is_long(before) && is_long(member);
    }
    bool kinds = before->kind != member->kind &&
                 (before->kind == ENT_NODE_PARTY || member->kind == ENT_NODE_SERVICE);
    return kinds || is_long(before) || is_long(member);
}

static bool is_header(const ent_node *node)
{
    switch (node->kind) {
    case ENT_NODE_VERSION:
    case ENT_NODE_EFFECTIVE:
    case ENT_NODE_TIMEZONE:
    case ENT_NODE_CURRENCY:
    case ENT_NODE_UNDER:
    case ENT_NODE_BETWEEN:
    case ENT_NODE_AMENDS:
        return true;
    default:
        return false;
    }
}

static void mark_header(fmt *f, const ent_node *node, unsigned indent)
{
    hard(f, fmt_first(f, node), indent);
    if (node->kind == ENT_NODE_EFFECTIVE && node->kids[1] != NULL) {
        mark_dates(f, node->kids[1]);
    }
}

static void mark_body(fmt *f, const ent_node *node, unsigned indent)
{
    const ent_node *before = NULL;
    bool heading = false;
    uint32_t brace = fmt_first(f, node);
    while (!fmt_is(f, brace, "{")) {
        brace++;
    }
    hard(f, brace, indent);
    for (uint32_t i = 0; i < node->n_kids; i++) {
        const ent_node *kid = node->kids[i];
        uint32_t first = fmt_first(f, kid);
        if (is_header(kid)) {
            mark_header(f, kid, indent + STEP);
            continue;
        }
        bool policy = kid->kind == ENT_NODE_POLICY || kid->kind == ENT_NODE_ANSWERS;
        heading = kid->kind == ENT_NODE_ACCOUNTABILITY || (heading && policy);
        unsigned in = heading && policy ? STEP : 0;
        bool same = before != NULL && before->kind == kid->kind;
        if (!same && (kid->kind == ENT_NODE_PARTY || kid->kind == ENT_NODE_SERVICE)) {
            f->groups++;
        }
        mark_row(f, first, indent + STEP + in, before == NULL);
        f->tokens[first].force_blank = before != NULL && in == 0 && is_set_apart(node, before, kid);
        mark_member(f, kid, indent + STEP + in);
        before = kid;
    }
    mark_close(f, fmt_last(f, node), indent);
}

static void mark_member(fmt *f, const ent_node *node, unsigned indent)
{
    switch (node->kind) {
    case ENT_NODE_REPLACE:
    case ENT_NODE_ADD:
        mark_member(f, node->kids[0], indent);
        break;
    case ENT_NODE_FRAMEWORK:
    case ENT_NODE_SLA:
    case ENT_NODE_OLA:
    case ENT_NODE_AMENDMENT:
        mark_body(f, node, indent);
        break;
    case ENT_NODE_FEED:
        mark_feed(f, node, indent);
        break;
    case ENT_NODE_BIND:
        mark_bind(f, node, indent);
        break;
    case ENT_NODE_CALENDAR:
        mark_calendar(f, node, indent);
        break;
    case ENT_NODE_SPAN:
        mark_span(f, node, indent);
        break;
    case ENT_NODE_MEASURE:
        mark_measure(f, node, indent);
        break;
    case ENT_NODE_DUTY:
        mark_duty(f, node, indent);
        break;
    case ENT_NODE_OBJECTIVE:
        mark_objective(f, node, indent);
        break;
    case ENT_NODE_FN:
        mark_fn(f, node);
        break;
    case ENT_NODE_EXTERN_FN:
        mark_extern(f, node);
        break;
    case ENT_NODE_SCENARIO:
        mark_scenario(f, node, indent);
        break;
    case ENT_NODE_PARTY:
        mark_party(f, node, f->groups);
        break;
    case ENT_NODE_SERVICE:
        mark_service(f, node, f->groups);
        break;
    case ENT_NODE_REQUIRE:
        mark_require(f, node, indent);
        break;
    case ENT_NODE_POOL:
        mark_pool(f, node, indent);
        break;
    case ENT_NODE_CREDIT_CAP:
    case ENT_NODE_AT_RISK:
        mark_amount(f, node->kids[0], 1);
        break;
    default: /* a few words on one line */
        break;
    }
}

void fmt_mark_file(fmt *f, const ent_node *file)
{
    for (uint32_t i = 0; i < file->n_kids; i++) {
        const ent_node *node = file->kids[i];
        bool uses = i > 0 && node->kind == ENT_NODE_USE && file->kids[i - 1]->kind == ENT_NODE_USE;
        mark_row(f, fmt_first(f, node), 0, false);
        f->tokens[fmt_first(f, node)].force_blank = i > 0 && !uses;
        mark_member(f, node, 0);
    }
    fmt_token *end = &f->tokens[f->n - 1];
    end->hard = true;
    end->may_blank = true;
    end->closes = true;
}
