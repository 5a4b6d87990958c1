/* Wording of syntax errors: what was expected, in the reader's words, and the likely mend.
 *
 * The parser gives the exact set of tokens that could stand at the place (LAC).  Most of them
 * belong to groups (all words that can be a name, all that begin an expression, …): a group that is
 * there as a whole is named once, and at most four things are listed. */
#include <string.h>

#include "compiler/syntax/parser_internal.h"

#include "parser.h"

enum { TOKENS = WARN + 1, LISTED_MAX = 4, ITEMS_MAX = 64 };

typedef struct report {
    ent_parser *p;
    bool expected[TOKENS];
    const char *items[ITEMS_MAX];
    size_t n;
    size_t more;     /* that do not fit in items */
    bool name;       /* a name could stand here */
    bool expression; /* an expression could begin here */
    bool clause;     /* a clause could begin here */
} report;

static void add_item(report *r, const char *text)
{
    if (r->n < ITEMS_MAX) {
        r->items[r->n++] = text;
    } else {
        r->more++;
    }
}

/* True, and the tokens struck out, if all of them are expected. */
static bool take_group(report *r, const int *tokens, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!r->expected[tokens[i]]) {
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        r->expected[tokens[i]] = false;
    }
    return true;
}

static void strike(report *r, const int *tokens, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        r->expected[tokens[i]] = false;
    }
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const int expression_core[] = {IF, NOT, MATCH, LPAREN, ID, INT, TEXT};
static const int expression_rest[] = {ALL,
                                      TRUE,
                                      FALSE,
                                      MINUS,
                                      DECIMAL,
                                      PERCENT,
                                      MONEY,
                                      DURATION,
                                      DATE,
                                      INSTANT,
                                      TIME,
                                      BAD_NUMBER,
                                      AGG_OF,
                                      TIME_SHARE_OF,
                                      TIME_IN,
                                      PERCENTILE,
                                      APPROXIMATE_PERCENTILE};
static const int literal_group[] = {INT, DECIMAL, PERCENT, MONEY, DURATION};
static const int literal_rest[] = {DATE, INSTANT, TIME, BAD_NUMBER};
static const int declarations[] = {FRAMEWORK, SLA,      OLA, AMENDMENT, FEED,
                                   BIND,      SCENARIO, USE, EXTERN, OFFERED_REQUIRE};
static const int shared_members[] = {CALENDAR, SPAN, MEASURE, DUTY, OBJECTIVE, FN};
static const int members[] = {
    CLIENT,  INTEGRATOR, PROVIDER, SERVICE, REQUIRE, ACCOUNTABILITY,
    OUTAGES, TICKET,     CREDITS,  RELIEF,  JOINT,   CREDIT_CAP,
    POOL,    CHARGE,     REPLACE,  ADD,     REMOVE,  REQUIRE_UNDERPINNING,
    AT_RISK};
static const int clauses[] = {WHEN,     WITHIN,   PAUSING,   EXCLUDING, VOID,    EXCUSED, ON,  WARN,
                              COUNTING, MATCHING, FOLLOWING, MISSING,   NO_DATA, CREDIT,  EARN,
                              WEIGHT,   EXPECTED};
static const int headers[] = {VERSION, EFFECTIVE, TIMEZONE, CURRENCY, UNDER, BETWEEN, TO};
static const int infix[] = {OR,   AND,   EQ,   NE,    LT, LE,        GT,           GE,
                            PLUS, MINUS, STAR, SLASH, IN, IS_ABSENT, IS_NOT_ABSENT};
static const int comparisons[] = {EQ, NE, LT, LE, GT, GE, IN, IS_ABSENT, IS_NOT_ABSENT};

static const char *token_text(ent_parser *p, int token)
{
    static const struct {
        int token;
        const char *text;
    } texts[] = {{END, "the end of the file"},
                 {ID, "a name"},
                 {MEMBER, "`.` and a name"},
                 {TITLE, "a title in quotes"},
                 {TEXT, "a text in quotes"},
                 {INT, "a whole number"},
                 {DECIMAL, "a number such as 2.5"},
                 {PERCENT, "a percentage such as 99.9%"},
                 {MONEY, "an amount of money such as GBP 100.00"},
                 {DURATION, "a duration such as 4h"},
                 {DATE, "a date such as 2026-12-31"},
                 {INSTANT, "a timestamp such as 2026-01-01T09:00:00Z"},
                 {TIME, "a time of day such as 09:00"},
                 {LBRACE, "`{`"},
                 {RBRACE, "`}`"},
                 {LPAREN, "`(`"},
                 {RPAREN, "`)`"},
                 {COMMA, "`,`"},
                 {COLON, "`:`"},
                 {ASSIGN, "`=`"},
                 {EQ, "`==`"},
                 {MINUS, "`-`"},
                 {ARROW, "`->`"},
                 {DOTDOT, "`..`"},
                 {AT_LEAST, "`at least`"},
                 {AT_MOST, "`at most`"},
                 {CREDIT_CAP, "`credit cap`"},
                 {AT_RISK, "`at risk`"},
                 {ONE_OF, "`one of`"},
                 {NO_DATA, "`no data`"},
                 {COUNTS_AS, "`counts as`"},
                 {IS_ABSENT, "`is absent`"},
                 {REQUIRE_UNDERPINNING, "`require underpinning`"},
                 {OFFERED_REQUIRE, "`require`"},
                 {MONEY_OF, "`money`"},
                 {LADDER_WHEN, "`when at least …`"},
                 {EXPECT_MEASURE, "`measure`"}};
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (texts[i].token == token) {
            return texts[i].text;
        }
    }
    const char *word = ent_word_text(token);
    const char *text = word == NULL ? NULL : ent_arena_printf(p->arena, "`%s`", word);
    return text == NULL ? "something else" : text;
}

static const char *clause_group(const report *r)
{
    if (r->p->declaration == DUTY) {
        return "a clause of the duty (`within`, `pausing`, …)";
    }
    return "a clause of the objective (`excluding`, `missing`, …)";
}

/* The words of the expected tokens that are left: one by one. */
static void list_rest(report *r, bool operators)
{
    for (int token = 0; token < TOKENS; token++) {
        bool redundant =
            token == BAD_NUMBER || token == IS_NOT_ABSENT || (token == END && r->n > 0) ||
            (operators && (token == MEMBER || token == LPAREN)) || (token == MONEY_OF && r->name);
        if (r->expected[token] && !redundant) {
            add_item(r, token_text(r->p, token));
        }
    }
}

static void group_expected(report *r)
{
    r->name = r->expected[ID];
    r->expression = r->expected[IF] && r->expected[NOT];
    r->clause = r->expected[WITHIN];
    bool operators = r->expected[EQ] || r->expected[OR] || r->expected[PLUS];
    if (take_group(r, expression_core, COUNT(expression_core))) {
        strike(r, expression_rest, COUNT(expression_rest));
        add_item(r, "an expression");
    } else if (take_group(r, literal_group, COUNT(literal_group))) {
        strike(r, literal_rest, COUNT(literal_rest));
        add_item(r, "a value such as 99.9%, 4h or GBP 100.00");
    }
    if (r->name && r->expected[ANSWERS] && r->expected[UNTIL]) { /* every soft word */
        for (int token = ACCOUNTABILITY; token <= WARN; token++) {
            r->expected[token] = false;
        }
        r->expected[ID] = false;
        bool type = r->expected[ONE_OF] || r->expected[MONEY_OF];
        if (type) {
            r->expected[ONE_OF] = false;
            r->expected[MONEY_OF] = false;
            r->expected[CALENDAR] = false;
            add_item(r, "a type such as `duration`");
        } else if (!r->expression) {
            add_item(r, "a name");
        }
    }
    if (take_group(r, clauses, COUNT(clauses))) {
        add_item(r, clause_group(r));
    }
    if (take_group(r, headers, COUNT(headers))) {
        add_item(r, "a header (`version`, `effective`, …)");
    }
    if (take_group(r, members, COUNT(members))) {
        strike(r, shared_members, COUNT(shared_members));
        add_item(r, "a member (`duty`, `objective`, …)");
    }
    if (take_group(r, declarations, COUNT(declarations))) {
        strike(r, shared_members, COUNT(shared_members));
        add_item(r, "a declaration (`sla`, `feed`, …)");
    }
    if (operators) {
        strike(r, infix, COUNT(infix));
    }
    list_rest(r, operators);
    if (operators && r->n < LISTED_MAX) {
        add_item(r, "an operator");
    }
}

static const char *list_items(const report *r)
{
    ent_arena *arena = r->p->arena;
    size_t shown = r->n > LISTED_MAX ? LISTED_MAX : r->n;
    const char *text = shown > 0 ? r->items[0] : "something else";
    for (size_t i = 1; i < shown && text != NULL; i++) {
        bool last = i + 1 == r->n;
        text = ent_arena_printf(arena, "%s%s%s", text, last ? " or " : ", ", r->items[i]);
    }
    if (r->n > shown && text != NULL) {
        text = ent_arena_printf(arena, "%s, …", text);
    }
    return text == NULL ? "" : text;
}

/* The words that could stand here, for "did you mean". */
static const char *suggest_word(const bool *expected, const char *word)
{
    const char *candidates[TOKENS];
    size_t n = 0;
    for (int token = 0; token < TOKENS; token++) {
        candidates[n] = expected[token] ? ent_word_text(token) : NULL;
        n += candidates[n] != NULL;
    }
    return ent_diag_suggest(word, candidates, n);
}

static const char *found_text(const report *r, ent_span span, int token)
{
    if (token == END) {
        return "the end of the file";
    }
    uint32_t len = span.end - span.start;
    bool cut = len > 40;
    const char *newline = memchr(r->p->source + span.start, '\n', len);
    if (newline != NULL && (uint32_t)(newline - r->p->source) - span.start < 40) {
        len = (uint32_t)(newline - r->p->source) - span.start;
        cut = true;
    }
    len = len > 40 ? 40 : len;
    while (len > 0 && cut && ((unsigned char)r->p->source[span.start + len] & 0xC0U) == 0x80) {
        len--;
    }
    const char *text = ent_arena_printf(r->p->arena, "`%.*s%s`", (int)len,
                                        r->p->source + span.start, cut ? "…" : "");
    return text == NULL ? "" : text;
}

static bool is_comparison(int token)
{
    for (size_t i = 0; i < COUNT(comparisons); i++) {
        if (comparisons[i] == token) {
            return true;
        }
    }
    return false;
}

/* What is missing before a word that begins or ends something else; a name that stands there may be
 * the missing word, misspelt. */
static bool report_missing(report *r, ent_span span, int token)
{
    ent_diag *d = NULL;
    if (token == ID || ent_hint_says(r->p, span, EACH)) {
        return false;
    }
    if (r->expected[EACH] && r->expected[ROLLING]) {
        d = ent_diag_add(r->p->diags, ENT_DIAG_E0418, span,
                         "an objective says over which time its figure is taken");
        ent_diag_primary_label(d, "no window stands before this");
        ent_diag_help(d, "add `each month`, or `rolling 30d every 1d`");
    } else if (r->expected[UNTIL] && !r->expected[ID]) {
        d = ent_diag_add(r->p->diags, ENT_DIAG_E0416, span, "until when can the clock go on?");
        ent_diag_primary_label(d, "`resume` needs an end before this");
        ent_diag_help(d, "write `resume until FEED.EVENT`");
    }
    return d != NULL;
}

/* Mistakes that have a better message than a list of what was expected. */
static bool report_known(report *r, ent_span span, int token)
{
    ent_parser *p = r->p;
    if (is_comparison(token) && r->expected[AND] && !r->expected[EQ]) {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0124, span, "comparisons do not chain");
        ent_diag_help(d, "write `a < b and b < c`");
        return true;
    }
    if (r->expected[MONEY] && span.start == p->maybe_currency.start &&
        p->maybe_currency.end == span.end && span.end > span.start) {
        ent_diag *d =
            ent_diag_add(p->diags, ENT_DIAG_E0113, span,
                         "`%.3s` is no currency that ISO 4217 lists", p->source + span.start);
        ent_diag_help(d, "an amount of money is a currency and a number: `GBP 120_000.00`");
        return true;
    }
    if (token == ASSIGN && p->declaration == BIND && p->last_but.first_on_line &&
        p->last_but.name != NULL) {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0101, p->last_but.span,
                                   "expected an expression, found the next binding");
        ent_diag_help(d, "a binding is a field, `=` and an expression");
        return true;
    }
    if (token == ASSIGN && r->expected[EQ]) {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0101, span, "expected `==`, found `=`");
        ent_diag_fix(d, span, "==", "values are compared with `==`");
        return true;
    }
    if (report_missing(r, span, token)) {
        return true;
    }
    ent_word_class kind = ent_word_class_of(token);
    bool reserved = kind == ENT_WORD_WORD || kind == ENT_WORD_DECL;
    int next = ent_tokens_next_kind(p);
    bool as_operand = is_comparison(next) || next == ASSIGN || next == PLUS || next == STAR;
    if (reserved && r->expected[ID] && (as_operand || (!r->expression && !p->last.first_on_line))) {
        const char *word = ent_word_text(token);
        const char *mend = ent_arena_printf(p->arena, "`%s`", word);
        ent_diag *d =
            ent_diag_add(p->diags, ENT_DIAG_E0118, span,
                         "`%s` is a reserved word and cannot be a name as it stands", word);
        if (mend != NULL) {
            ent_diag_fix(d, span, mend, "write it in backquotes: %s", mend);
        }
        p->resumed_at = span.start; /* it was meant as a name: no declaration begins here */
        return true;
    }
    return false;
}

void ent_report_syntax(ent_parser *p, ent_span span, int token, const int *expected, int n)
{
    bool echo = p->last.bad || p->last_but.bad || span.start == p->resumed_at || p->stopped ||
                (token == END && p->cut_short);
    if (echo) {
        return;
    }
    report r = {.p = p};
    bool could[TOKENS] = {0};
    for (int i = 0; i < n; i++) {
        if (expected[i] >= 0 && expected[i] < TOKENS) {
            r.expected[expected[i]] = true;
            could[expected[i]] = true;
        }
    }
    r.expression = r.expected[IF] && r.expected[NOT];
    if (report_known(&r, span, token)) {
        return;
    }
    could[WHEN] = could[WHEN] || could[LADDER_WHEN];
    group_expected(&r);
    ent_diag *d;
    if (token == END) {
        d = ent_diag_add(p->diags, ENT_DIAG_E0102, span, "the file ends, but %s was expected",
                         list_items(&r));
        return;
    }
    d = ent_diag_add(p->diags, ENT_DIAG_E0101, span, "expected %s, found %s", list_items(&r),
                     found_text(&r, span, token));
    ent_diag_lost(d, (could[OBJECTIVE] || could[LADDER_WHEN] ? ENT_LOST_MEMBER : 0u) |
                         (could[SLA] ? ENT_LOST_DECLARATION : 0u) |
                         (could[LBRACE] && could[VERSION] ? ENT_LOST_BODY : 0u));
    if (ent_hint(p, d, span, token, could)) {
        return;
    }
    const char *near = p->last.name != NULL && token == ID && !p->last.quoted
                           ? suggest_word(could, p->last.name)
                           : NULL;
    if (near != NULL) {
        ent_diag_fix(d, span, near, "did you mean `%s`?", near);
    } else if (token == WHEN && could[LADDER_WHEN]) {
        ent_diag_help(d, "a step of a credit says `when at least 99.9%%`");
    } else if (token == TEXT && could[ID]) {
        ent_diag_help(d, "an expression that begins with a text stands in parentheses here");
    } else if (token == AT && could[AT_LEAST]) {
        ent_diag_help(d, "a target says `at least`, `at most`, `above` or `below`");
    } else if (token == COMMA && p->declaration == FEED) {
        ent_diag_help(d, "fields follow one another without commas");
    } else if ((token == DOTDOT || token == TO) && could[LBRACE] && could[VERSION]) {
        ent_diag_help(d, "a term with an end is `effective 2026-01-01 .. 2026-12-31`, without `from`");
    }
}
