/* Nodes, lists, and the checks of words that the grammar leaves to its actions.
 *
 * `slot` (the checker's, zero after parsing) holds a node's depth while the tree is being built: a
 * tree that is too deep for the recursive walks behind us is reported and cut here. */
#include <stdlib.h>
#include <string.h>

#include "compiler/syntax/parser_internal.h"

#include "parser.h"

/* A node to hand out when memory is gone: the actions need not look, and ent_parse gives up. */
static ent_node *spare_node(ent_parser *p)
{
    memset(&p->spare, 0, sizeof p->spare);
    p->spare.kids = p->spare_kids;
    memset(p->spare_kids, 0, sizeof p->spare_kids);
    p->spare.n_kids = ENT_SYNTAX_SPARE_KIDS;
    return &p->spare;
}

ent_node *ent_node_make(ent_parser *p, ent_node_kind kind, ent_span span)
{
    ent_node *node = ent_arena_alloc(p->arena, sizeof *node);
    if (node == NULL) {
        return spare_node(p);
    }
    node->kind = (uint16_t)kind;
    node->span = span;
    return node;
}

static void measure_depth(ent_parser *p, ent_node *node)
{
    int32_t depth = 0;
    for (uint32_t i = 0; i < node->n_kids; i++) {
        if (node->kids[i] != NULL && node->kids[i]->slot > depth) {
            depth = node->kids[i]->slot;
        }
    }
    node->slot = depth + 1;
    if (node->slot <= ENT_SYNTAX_TREE_DEPTH_MAX) {
        return;
    }
    if (!p->depth_reported) {
        ent_diag *d =
            ent_diag_add(p->diags, ENT_DIAG_E0117, node->span, "this is nested too deeply");
        ent_diag_note(d, "at most %d operators or clauses may stand within one another",
                      ENT_SYNTAX_TREE_DEPTH_MAX);
        ent_diag_help(d, "name parts of it with `fn`, or use `in { … }` for alternatives");
    }
    p->depth_reported = true;
    for (uint32_t i = 0; i < node->n_kids; i++) {
        if (node->kids[i] != NULL && node->kids[i]->slot >= ENT_SYNTAX_TREE_DEPTH_MAX) {
            node->kids[i] = ent_node_make(p, ENT_NODE_ERROR, node->kids[i]->span);
        }
    }
    node->slot = 1;
}

ent_node *ent_node_set_kids(ent_parser *p, ent_node *node, ent_node_list l)
{
    if (node == &p->spare) {
        return node;
    }
    node->kids = l.items;
    node->n_kids = l.n;
    measure_depth(p, node);
    return node;
}

ent_node *ent_node_make_list(ent_parser *p, ent_node_kind kind, ent_span span, ent_node_list l)
{
    return ent_node_set_kids(p, ent_node_make(p, kind, span), l);
}

ent_node *ent_node_make_kids(ent_parser *p, ent_node_kind kind, ent_span span, unsigned n, ...)
{
    ent_node_list l = {ent_arena_alloc_array(p->arena, n, sizeof(ent_node *)), n, n};
    if (l.items == NULL) {
        return spare_node(p);
    }
    va_list args;
    va_start(args, n);
    for (unsigned i = 0; i < n; i++) {
        l.items[i] = va_arg(args, ent_node *);
    }
    va_end(args);
    return ent_node_make_list(p, kind, span, l);
}

ent_node_list ent_node_append(ent_parser *p, ent_node_list l, ent_node *node)
{
    if (l.n == l.cap) {
        uint32_t cap = l.cap == 0 ? 4 : l.cap * 2;
        ent_node **items = ent_arena_grow_array(p->arena, l.items, l.n, cap, sizeof *items);
        if (items == NULL) {
            return l;
        }
        l.items = items;
        l.cap = cap;
    }
    l.items[l.n++] = node;
    return l;
}

ent_node_list ent_node_concat(ent_parser *p, ent_node_list a, ent_node_list b)
{
    if (a.n == 0) {
        return b;
    }
    for (uint32_t i = 0; i < b.n; i++) {
        a = ent_node_append(p, a, b.items[i]);
    }
    return a;
}

ent_node *ent_node_word(ent_parser *p, ent_node_kind kind, ent_span span, ent_token name)
{
    ent_node *node = ent_node_make(p, kind, span);
    node->name = name.name;
    node->name_span = name.span;
    node->slot = 1;
    return node;
}

ent_node *ent_node_name(ent_parser *p, ent_token name)
{
    return ent_node_word(p, ENT_NODE_NAME, name.span, name);
}

ent_node *ent_node_literal(ent_parser *p, ent_token t)
{
    ent_node *node = ent_node_make(p, ENT_NODE_LITERAL, t.span);
    node->op = t.literal;
    node->i = t.i;
    node->q = t.q;
    node->text = t.text;
    node->text_len = t.text_len;
    node->slot = 1;
    if (node->q.den == 0) {
        node->q = ent_q_from_i64(0);
    }
    return node;
}

/* The doc lines right before the token at `start`, joined; NULL if there are none. */
static const char *take_doc(ent_parser *p, uint32_t start)
{
    uint32_t low = 0;
    uint32_t high = p->n_docs;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (p->docs[middle].token_start < start) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    size_t bytes = 0;
    uint32_t end = low;
    while (end < p->n_docs && p->docs[end].token_start == start && p->docs[end].text != NULL) {
        bytes += strlen(p->docs[end++].text) + 1;
    }
    char *text = bytes == 0 ? NULL : ent_arena_alloc(p->arena, bytes);
    size_t n = 0;
    for (uint32_t i = low; text != NULL && i < end; i++) {
        size_t len = strlen(p->docs[i].text);
        memcpy(text + n, p->docs[i].text, len);
        n += len;
        text[n++] = i + 1 < end ? '\n' : '\0';
        p->docs[i].taken = true;
    }
    return text;
}

ent_node *ent_node_declare(ent_parser *p, ent_node *node, ent_token name, ent_token title)
{
    if (name.name != NULL) {
        node->name = name.name;
        node->name_span = name.span;
    }
    node->title = title.text;
    node->doc = take_doc(p, node->span.start);
    if (node->doc != NULL && (node->kind == ENT_NODE_REPLACE || node->kind == ENT_NODE_ADD) &&
        node->kids[0]->doc == NULL) {
        node->kids[0]->doc = node->doc;
    }
    return node;
}

/* A duty or objective whose head is an error: its clauses are checked, but it is left out of the
 * tree, so that the layouts in ast.def hold for every node. */
ent_node *ent_node_lost(ent_parser *p, ent_node_kind kind, ent_span span, ent_token name,
                        ent_token title, ent_node_list clauses)
{
    ent_node *node = ent_node_make_list(p, kind, span, clauses);
    (void)ent_node_declare(p, node, name, title);
    ent_check_parts(p, node, &clauses);
    return NULL;
}

/* --- words that must be one of a few --- */

static const char *list_choices(ent_parser *p, const char *const *choices)
{
    const char *text = "";
    for (size_t i = 0; choices[i] != NULL && text != NULL; i++) {
        const char *between = i == 0 ? "" : choices[i + 1] == NULL ? " or " : ", ";
        text = ent_arena_printf(p->arena, "%s%s`%s`", text, between, choices[i]);
    }
    return text == NULL ? "" : text;
}

int ent_word_choose(ent_parser *p, ent_token word, const char *what, const char *const *choices)
{
    size_t n = 0;
    for (; choices[n] != NULL; n++) {
        if (word.name != NULL && strcmp(word.name, choices[n]) == 0) {
            return (int)n;
        }
    }
    if (word.name == NULL || word.bad) {
        return -1;
    }
    ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0119, word.span, "expected %s, found `%s`",
                               list_choices(p, choices), word.name);
    ent_diag_primary_label(d, n == 1 ? "not the word that stands here" : "no such %s", what);
    const char *near = ent_diag_suggest(word.name, choices, n);
    for (size_t i = 0; near == NULL && i < n; i++) { /* `monday` */
        near = strncmp(word.name, choices[i], strlen(choices[i])) == 0 ? choices[i] : NULL;
    }
    if (near != NULL) {
        ent_diag_fix(d, word.span, near, "did you mean `%s`?", near);
    } else if (p->clause == MISSING) {
        ent_diag_help(d, "there are `missing counts as down`, `missing counts as up` and `missing is ignored`");
    }
    return -1;
}

void ent_word_need(ent_parser *p, ent_token word, const char *needed)
{
    const char *const choices[] = {needed, NULL};
    (void)ent_word_choose(p, word, "word", choices);
}

int ent_word_unit(ent_parser *p, ent_token word)
{
    static const char *const units[] = {"day", "week", "month", "quarter", "year", NULL};
    int unit = ent_word_choose(p, word, "calendar unit", units);
    return unit < 0 ? ENT_UNIT_MONTH : ENT_UNIT_DAY + unit;
}

int64_t ent_word_days(ent_parser *p, ent_token from, ent_token to)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};
    int first = ent_word_choose(p, from, "day", days);
    int last = from.span.start == to.span.start ? first : ent_word_choose(p, to, "day", days);
    if (first < 0 || last < 0) {
        return 0;
    }
    int64_t bits = 0;
    for (int day = first;; day = (day + 1) % 7) { /* `sat..mon` goes over the week's end */
        bits |= INT64_C(1) << day;
        if (day == last) {
            return bits;
        }
    }
}

ent_node *ent_node_open(ent_parser *p, ent_span span, int64_t days, ent_token from, ent_token to)
{
    ent_node *node = ent_node_make_kids(p, ENT_NODE_OPEN, span, 2, ent_node_literal(p, from),
                                        ent_node_literal(p, to));
    node->op = (uint16_t)days;
    return node;
}

/* --- calls, events, amounts --- */

static const char *const quantifiers[] = {"any", "count", "all", NULL};
static const int quantifier_ops[] = {ENT_QUANT_ANY, ENT_QUANT_COUNT, ENT_QUANT_ALL};

static int quantifier_of(const ent_node *callee)
{
    for (int i = 0; callee->kind == ENT_NODE_NAME && quantifiers[i] != NULL; i++) {
        if (callee->name != NULL && strcmp(callee->name, quantifiers[i]) == 0) {
            return quantifier_ops[i];
        }
    }
    return 0;
}

/* `v in xs`: a name in a collection, not in a set in braces. */
static bool is_range(const ent_node *node)
{
    return node->kind == ENT_NODE_IN && node->i == 1 && node->kids[0]->kind == ENT_NODE_NAME;
}

static ent_node *make_quantifier(ent_parser *p, ent_span span, int op, const ent_node *range,
                                 ent_node *condition)
{
    ent_node *node =
        ent_node_make_kids(p, ENT_NODE_QUANTIFIER, span, 3, range->kids[1], condition, NULL);
    node->op = (uint16_t)op;
    node->name = range->kids[0]->name;
    node->name_span = range->kids[0]->span;
    return node;
}

ent_node *ent_node_call(ent_parser *p, ent_span span, ent_node *callee, ent_node_list args)
{
    int op = args.n == 1 ? quantifier_of(callee) : 0;
    if (op != 0 && args.items[0] != NULL && is_range(args.items[0])) {
        return make_quantifier(p, span, op, args.items[0], NULL);
    }
    ent_node_list kids = ent_node_append(p, (ent_node_list){0}, callee);
    return ent_node_make_list(p, ENT_NODE_CALL, span, ent_node_concat(p, kids, args));
}

ent_node *ent_node_quantifier(ent_parser *p, ent_span span, ent_node *callee, ent_node *range,
                              ent_node *condition)
{
    int op = quantifier_of(callee);
    if (op != 0 && is_range(range)) {
        return make_quantifier(p, span, op, range, condition);
    }
    ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0101, op == 0 ? callee->span : range->span,
                               op == 0 ? "`where` stands in a call of `any` or `count` only"
                                       : "expected a variable in a collection before `where`");
    ent_diag_help(d, "write `any(x in services where …)` or `count(x in services where …)`");
    return ent_node_make(p, ENT_NODE_ERROR, span);
}

ent_node *ent_node_event(ent_parser *p, ent_node *ref)
{
    ent_node *node = ent_node_make(p, ENT_NODE_EVENT_REF, ref->span);
    const ent_node *feed = ref;
    node->slot = 1;
    if (ref->kind == ENT_NODE_MEMBER) {
        node->text = ref->name;
        node->text_len = ref->name == NULL ? 0 : strlen(ref->name);
        feed = ref->kids[0];
    }
    node->name = feed->name;
    node->name_span = feed->span;
    if (feed->kind == ENT_NODE_MEMBER) {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0101, ref->span,
                                   "an event is a feed and one of its events");
        ent_diag_help(d, "write `ticket.opened`, or `ticket` for any of its rows");
    }
    return node;
}

ent_node *ent_node_amount_percent(ent_parser *p, ent_span span, ent_token percent, ent_token base)
{
    static const char *const bases[] = {"charge", "weight", NULL};
    int of = ent_word_choose(p, base, "base", bases);
    ent_node *node = ent_node_make_kids(p, ENT_NODE_AMOUNT, span, 1, ent_node_literal(p, percent));
    node->op = of == 1 ? ENT_AMOUNT_WEIGHT : ENT_AMOUNT_PERCENT;
    return node;
}

/* One amount alone is the step `AMOUNT otherwise`. */
ent_node *ent_node_credit(ent_parser *p, ent_span span, ent_node *amount, ent_node *rate,
                          ent_node_list steps)
{
    if (amount != NULL) {
        ent_node *step = ent_node_make_kids(p, ENT_NODE_STEP, amount->span, 2, amount, NULL);
        step->op = ENT_CMP_OTHERWISE;
        steps = ent_node_append(p, steps, step);
    }
    if (rate != NULL) {
        steps = ent_node_append(p, steps, rate);
    }
    return ent_node_make_list(p, ENT_NODE_CREDIT, span, steps);
}

/* --- binds --- */

ent_node_list ent_node_options(ent_parser *p, ent_node_list l, ent_token name, ent_node_list texts)
{
    static const char *const options[] = {"separator", "absent", "query", NULL};
    int option = ent_word_choose(p, name, "option of `bind`", options);
    for (uint32_t i = 0; option >= 0 && i < texts.n; i++) {
        ent_span span =
            i == 0 ? ent_span_join(name.span, texts.items[i]->span) : texts.items[i]->span;
        ent_node *node = ent_node_word(p, ENT_NODE_OPTION, span, name);
        node->text = texts.items[i]->text;
        node->text_len = texts.items[i]->text_len;
        l = ent_node_append(p, l, node);
    }
    if (option == 0 && texts.n > 1) {
        (void)ent_diag_add(p->diags, ENT_DIAG_E0120, texts.items[1]->span,
                           "a bind has one separator");
    }
    if (option == 2 && texts.n > 1) {
        (void)ent_diag_add(p->diags, ENT_DIAG_E0120, texts.items[1]->span, "a bind has one query");
    }
    return l;
}

ent_node *ent_node_bind(ent_parser *p, ent_span span, ent_token feed, ent_token format,
                        ent_node_list parts, ent_node_list braced)
{
    static const char *const formats[] = {"csv", "jsonl", "prometheus", NULL};
    int chosen = ent_word_choose(p, format, "format", formats);
    ent_node_list kids = ent_node_concat(p, parts, braced);
    ent_node *node = ent_node_make_list(p, ENT_NODE_BIND, span, kids);
    (void)ent_node_declare(p, node, feed, (ent_token){0});
    node->text = formats[chosen < 0 ? 0 : chosen];
    node->text_len = strlen(node->text);
    ent_check_parts(p, node, &parts);
    return node;
}

/* --- expectations --- */

static void put_part(ent_parser *p, ent_node *expect, unsigned slot, ent_node *value,
                     const ent_node *part)
{
    if (expect->kids[slot] != NULL) {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0120, part->span,
                                   "this stands twice in one expectation");
        ent_diag_label(d, expect->kids[slot]->span, "here the first time");
        return;
    }
    expect->kids[slot] = value;
}

/* Parts are told apart by their kind: a date is `in`, a name or another literal `for`. */
ent_node *ent_node_expect(ent_parser *p, ent_span span, ent_node *status, ent_node *clause,
                          ent_node_list parts)
{
    ent_node *node =
        ent_node_make_kids(p, ENT_NODE_EXPECT, span, 6, clause, NULL, NULL, NULL, NULL, NULL);
    node->op = status->op;
    node->i = status->i;
    if (clause->kind != ENT_NODE_MEMBER || clause->kids[0]->kind != ENT_NODE_NAME) {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0101, clause->span,
                                   "an expectation names an agreement and its clause");
        ent_diag_help(d, "write `expect breach of HostingSLA.restore`");
    }
    ent_node_list responsible = {0};
    for (uint32_t i = 0; i < parts.n; i++) {
        ent_node *part = parts.items[i];
        if (part->kind == ENT_NODE_RESPONSIBLE) {
            responsible = ent_node_append(p, responsible, part);
        } else if (part->kind == ENT_NODE_CREDIT) {
            put_part(p, node, 4, part->kids[0], part);
        } else if (part->kind == ENT_NODE_MEASURE) {
            put_part(p, node, 5, part->kids[0], part);
        } else if (part->kind == ENT_NODE_LITERAL && part->op == ENT_LIT_DATE) {
            put_part(p, node, 2, part, part);
        } else {
            put_part(p, node, 1, part, part);
        }
    }
    if (responsible.n > 0) {
        ent_span first = responsible.items[0]->span;
        ent_span last = responsible.items[responsible.n - 1]->span;
        node->kids[3] =
            ent_node_make_list(p, ENT_NODE_LIST, ent_span_join(first, last), responsible);
    }
    return node;
}
