/* The tokens that the grammar sees: the scanner's, with words joined and titles told from texts,
 * and after a syntax error only those at which parsing can go on.
 *
 * Joined words are one token so that LALR(1) can tell `at least` from a name `at`; any white space
 * or comment may stand between them.  A text right behind `KEYWORD NAME` is a title.
 *
 * Recovery.  The grammar's error productions stand in lists.  What they need is the next place
 * where a list element, or something around it, begins; that is a matter of words, lines and
 * brackets rather than of the grammar's state (soft words are names in the middle of a line, and
 * clauses at its start), so it is decided here, by `is_anchor`.  An error exactly at an anchor is
 * not reported: it would be an echo of the one before.
 *
 * A missing `}` is found by a word that stands at file level only: the braces that are open are
 * then closed on the author's behalf, with one diagnostic. */
#include <string.h>

#include "compiler/syntax/parser_internal.h"

#include "parser.h"

/* --- words --- */

static const struct {
    const char *word;
    int token;
    ent_word_class kind;
} words[] = {
#define ENT_KEYWORD(word, token, kind) {#word, token, ENT_WORD_##kind},
#include "compiler/syntax/keywords.def"
#undef ENT_KEYWORD
};
enum { WORDS = sizeof words / sizeof words[0] };

int ent_word_token(const char *s, size_t len, ent_word_class *kind)
{
    size_t low = 0;
    size_t high = WORDS;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int c = strncmp(words[middle].word, s, len);
        if (c == 0 && words[middle].word[len] != '\0') {
            c = 1;
        }
        if (c == 0) {
            *kind = words[middle].kind;
            return words[middle].token;
        }
        if (c < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *kind = ENT_WORD_NAME;
    return ID;
}

const char *ent_word_text(int token)
{
    for (size_t i = 0; i < WORDS; i++) {
        if (words[i].token == token) {
            return words[i].word;
        }
    }
    return NULL;
}

ent_word_class ent_word_class_of(int token)
{
    for (size_t i = 0; i < WORDS; i++) {
        if (words[i].token == token) {
            return words[i].kind;
        }
    }
    return ENT_WORD_NAME;
}

bool ent_word_is_reserved(const char *word, size_t len)
{
    ent_word_class kind;
    (void)ent_word_token(word, len, &kind);
    return kind == ENT_WORD_WORD || kind == ENT_WORD_DECL;
}

/* --- looking ahead --- */

void ent_tokens_doc(ent_parser *p, ent_span span, const char *s, size_t len)
{
    if (p->n_docs == p->cap_docs) {
        uint32_t cap = p->cap_docs == 0 ? 16 : p->cap_docs * 2;
        ent_doc *docs = ent_arena_grow_array(p->arena, p->docs, p->n_docs, cap, sizeof *docs);
        if (docs == NULL) {
            return;
        }
        p->docs = docs;
        p->cap_docs = cap;
    }
    while (len > 0 && (s[len - 1] == '\r' || s[len - 1] == ' ' || s[len - 1] == '\t')) {
        len--;
    }
    size_t blank = len > 0 && s[0] == ' ';
    p->docs[p->n_docs++] =
        (ent_doc){span, UINT32_MAX, false, ent_arena_strndup(p->arena, s + blank, len - blank)};
}

static const ent_token *peek(ent_parser *p, unsigned k)
{
    while (p->n_ahead <= k) {
        ent_token *t = &p->ahead[p->n_ahead++];
        ent_lexer_next(p, t);
        for (uint32_t i = p->n_docs; i > 0 && p->docs[i - 1].token_start == UINT32_MAX; i--) {
            p->docs[i - 1].token_start = t->span.start;
        }
    }
    return &p->ahead[k];
}

static ent_token take(ent_parser *p, unsigned n)
{
    (void)peek(p, n - 1);
    ent_token t = p->ahead[0];
    t.span.end = p->ahead[n - 1].span.end;
    p->n_ahead -= n;
    memmove(p->ahead, p->ahead + n, p->n_ahead * sizeof p->ahead[0]);
    return t;
}

static bool word_is(ent_parser *p, unsigned k, const char *word)
{
    const ent_token *t = peek(p, k);
    return t->name != NULL && t->kind != MEMBER && !t->quoted && strcmp(t->name, word) == 0;
}

static bool is_name(const ent_token *t)
{
    return t->kind == ID || ent_word_class_of(t->kind) == ENT_WORD_SOFT;
}

static bool is_value(int kind)
{
    return kind == INT || kind == DECIMAL || kind == PERCENT || kind == MONEY || kind == DURATION ||
           kind == DATE || kind == INSTANT || kind == TIME || kind == BAD_NUMBER || kind == MINUS;
}

static ent_token joined(ent_parser *p, unsigned n, int kind)
{
    ent_token t = take(p, n);
    t.kind = kind;
    return t;
}

static const struct {
    const char *first;
    const char *second;
    int token;
} pairs[] = {{"at", "least", AT_LEAST},
             {"at", "most", AT_MOST},
             {"at", "risk", AT_RISK},
             {"credit", "cap", CREDIT_CAP},
             {"one", "of", ONE_OF},
             {"no", "data", NO_DATA},
             {"counts", "as", COUNTS_AS},
             {"is", "absent", IS_ABSENT},
             {"require", "underpinning", REQUIRE_UNDERPINNING},
             {"approximate", "percentile", APPROXIMATE_PERCENTILE}};

static const struct {
    const char *word;
    int aggregate;
} aggregates[] = {{"share", ENT_AGG_SHARE},     {"count", ENT_AGG_COUNT},
                  {"sum", ENT_AGG_SUM},         {"average", ENT_AGG_AVERAGE},
                  {"minimum", ENT_AGG_MINIMUM}, {"maximum", ENT_AGG_MAXIMUM},
                  {"median", ENT_AGG_MEDIAN},   {"longest", ENT_AGG_LONGEST},
                  {"first", ENT_AGG_FIRST},     {"last", ENT_AGG_LAST}};

static bool join_time(ent_parser *p, ent_token *t)
{
    if (word_is(p, 1, "share") && word_is(p, 2, "of")) {
        *t = joined(p, 3, TIME_SHARE_OF);
        return true;
    }
    bool in = word_is(p, 1, "in");
    bool variable = p->last.kind == ALL || p->last.kind == FOR; /* `all time in xs: …` */
    if ((in || word_is(p, 1, "outside")) && !variable && is_name(peek(p, 2))) {
        *t = joined(p, 2, TIME_IN);
        t->i = in ? ENT_AGG_TIME_IN : ENT_AGG_TIME_OUTSIDE;
        return true;
    }
    return false;
}

/* Words whose meaning depends on the next token alone. */
static bool join_single(ent_parser *p, ent_token *t)
{
    const ent_token *next = peek(p, 1);
    switch (p->ahead[0].kind) {
    case WHEN: /* a step's condition, not an event */
        if (next->kind == ABOVE || next->kind == BELOW ||
            (p->declaration == OBJECTIVE && p->clause == CREDIT &&
             p->last.kind != PAID) || /* it has no clause `when` */
            (word_is(p, 1, "at") && (word_is(p, 2, "least") || word_is(p, 2, "most")))) {
            *t = joined(p, 1, LADDER_WHEN);
            return true;
        }
        return false;
    case MEASURE:
        if (is_value(next->kind)) {
            *t = joined(p, 1, EXPECT_MEASURE);
            return true;
        }
        return false;
    case ID:
        if (word_is(p, 0, "money") && next->kind == ID && !next->first_on_line &&
            next->name != NULL && ent_literal_is_currency(next->name, strlen(next->name))) {
            const char *currency = next->name;
            *t = joined(p, 2, MONEY_OF);
            t->text = currency;
            t->text_len = 3;
            return true;
        }
        return false;
    default:
        return false;
    }
}

static bool join_words(ent_parser *p, ent_token *t)
{
    const ent_token *first = peek(p, 0);
    if (first->name == NULL || first->quoted || first->kind == MEMBER) {
        return false;
    }
    if (first->kind != ID && first->kind != WHEN && first->kind != MEASURE && first->kind != AT &&
        first->kind != CREDIT && first->kind != NO && first->kind != IS && first->kind != REQUIRE) {
        return false; /* nothing else begins a joined word */
    }
    if (join_single(p, t)) {
        return true;
    }
    if (word_is(p, 0, "is") && word_is(p, 1, "not") && word_is(p, 2, "absent")) {
        *t = joined(p, 3, IS_NOT_ABSENT);
        return true;
    }
    if (word_is(p, 0, "time") && join_time(p, t)) {
        return true;
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (word_is(p, 0, pairs[i].first) && word_is(p, 1, pairs[i].second)) {
            *t = joined(p, 2, pairs[i].token);
            return true;
        }
    }
    for (size_t i = 0; i < sizeof aggregates / sizeof aggregates[0]; i++) {
        if (word_is(p, 0, aggregates[i].word) && word_is(p, 1, "of")) {
            *t = joined(p, 2, AGG_OF);
            t->i = aggregates[i].aggregate;
            return true;
        }
    }
    return false;
}

static bool takes_title(int kind)
{
    switch (kind) {
    case FRAMEWORK:
    case SLA:
    case OLA:
    case AMENDMENT:
    case FEED:
    case CALENDAR:
    case SPAN:
    case MEASURE:
    case DUTY:
    case OBJECTIVE:
    case CLIENT:
    case INTEGRATOR:
    case PROVIDER:
    case SERVICE:
    case REQUIRE:
    case OFFERED_REQUIRE:
    case POOL:
        return true;
    default:
        return false;
    }
}

/* --- brackets --- */

static void push_bracket(ent_parser *p, const ent_token *t)
{
    if (p->n_brackets == ENT_PARSE_DEPTH_MAX) {
        if (!p->depth_reported) {
            ent_diag *d =
                ent_diag_add(p->diags, ENT_DIAG_E0117, t->span, "this is nested too deeply");
            ent_diag_note(d, "brackets nest at most %d levels deep", ENT_PARSE_DEPTH_MAX);
        }
        p->depth_reported = true;
        p->stopped = true;
        return;
    }
    char kind = '(';
    if (t->kind == LBRACE) {
        kind = p->next_brace == 0 ? '{' : p->next_brace;
        p->next_brace = 0;
    }
    p->brackets[p->n_brackets++] = (ent_bracket){t->span, kind};
}

/* What a closing bracket closes; 0 if nothing.  A `}` closes the `(` that are open in its braces.
 */
static char pop_bracket(ent_parser *p, int kind)
{
    if (kind == RPAREN) {
        if (p->n_brackets > 0 && p->brackets[p->n_brackets - 1].kind == '(') {
            p->n_brackets--;
            return '(';
        }
        return 0;
    }
    unsigned n = p->n_brackets;
    while (n > 0 && p->brackets[n - 1].kind == '(') {
        n--;
    }
    if (n == 0) {
        return 0;
    }
    p->n_brackets = n - 1;
    return p->brackets[n - 1].kind;
}

static char bracket_around(const ent_parser *p, bool ignore_parentheses)
{
    unsigned n = p->n_brackets;
    while (ignore_parentheses && n > 0 && p->brackets[n - 1].kind == '(') {
        n--;
    }
    return n == 0 ? 0 : p->brackets[n - 1].kind;
}

/* Forgets the brackets of an expression that was given up. */
static void unwind(ent_parser *p, bool match_too)
{
    while (p->n_brackets > 0) {
        char kind = p->brackets[p->n_brackets - 1].kind;
        if (kind != '(' && kind != '{' && !(match_too && kind == 'm')) {
            return;
        }
        p->n_brackets--;
    }
}

static unsigned indentation(const ent_parser *p, uint32_t at)
{
    uint32_t start = at;
    while (start > 0 && p->buffer[start - 1] != '\n') {
        start--;
    }
    unsigned n = 0;
    while (start + n < at && (p->buffer[start + n] == ' ' || p->buffer[start + n] == '\t')) {
        n++;
    }
    return n;
}

static bool file_level_only(int kind)
{
    return kind == FRAMEWORK || kind == SLA || kind == OLA || kind == AMENDMENT || kind == FEED ||
           kind == BIND || kind == SCENARIO || kind == USE || kind == EXTERN;
}

/* Braces are open, and what comes shows that they should not be. */
static void close_forgotten(ent_parser *p)
{
    const ent_token *t = peek(p, 0);
    unsigned n = p->n_brackets;
    while (n > 0 && p->brackets[n - 1].kind == '(') {
        n--;
    }
    if (n == 0) {
        if (t->kind == END || file_level_only(t->kind)) {
            p->n_brackets = 0;
        }
        return;
    }
    const ent_bracket *open = &p->brackets[n - 1];
    if (t->kind != END &&
        !(file_level_only(t->kind) && t->first_on_line && peek(p, 1)->kind != ASSIGN &&
          indentation(p, t->span.start) <= indentation(p, open->span.start))) {
        return;
    }
    if (!p->cut_short) {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0126, open->span, "this `{` is not closed");
        if (t->kind == END) {
            ent_diag_primary_label(d, "no `}` for it follows in the rest of the file");
        } else {
            ent_diag_label(d, t->span, "`%s` stands at file level only", t->name);
            ent_diag_help(d, "put a `}` before `%s`", t->name);
        }
    }
    p->resumed_at = t->span.start; /* what the grammar finds missing here has been said */
    for (unsigned i = 0; i < n; i++) {
        p->closing += p->brackets[i].kind != '(';
    }
}

int ent_tokens_next_kind(ent_parser *p)
{
    return p->stopped ? END : peek(p, 0)->kind;
}

/* --- recovery --- */

static bool begins_part(const ent_token *t)
{
    switch (t->kind) {
    case VERSION:
    case EFFECTIVE:
    case TIMEZONE:
    case CURRENCY:
    case UNDER:
    case BETWEEN:
    case TO:
    case CLIENT:
    case INTEGRATOR:
    case PROVIDER:
    case SERVICE:
    case REQUIRE:
    case OFFERED_REQUIRE:
    case ACCOUNTABILITY:
    case REQUIRE_UNDERPINNING:
    case OUTAGES:
    case TICKET:
    case CREDITS:
    case RELIEF:
    case JOINT:
    case CREDIT_CAP:
    case AT_RISK:
    case POOL:
    case CHARGE:
    case REPLACE:
    case ADD:
    case REMOVE:
    case OPEN:
    case CLOSED:
    case WHEN:
    case WITHIN:
    case PAUSING:
    case EXCLUDING:
    case VOID:
    case EXCUSED:
    case ON:
    case WARN:
    case COUNTING:
    case MATCHING:
    case FOLLOWING:
    case MISSING:
    case NO_DATA:
    case CREDIT:
    case EARN:
    case WEIGHT:
    case EXPECTED:
    case USING:
    case GIVEN:
    case EXPECT:
    case RESPONSIBLE:
        return true;
    default:
        return false;
    }
}

/* Parts that nothing else looks like, wherever on a line they stand. */
static bool begins_part_surely(ent_parser *p, const ent_token *t)
{
    switch (t->kind) {
    case WITHIN:
    case NO_DATA:
    case CREDIT_CAP:
    case AT_RISK:
    case REQUIRE_UNDERPINNING:
        return true;
    case PAUSING:
        return peek(p, 0)->kind == DURING;
    case EXCUSED:
        return peek(p, 0)->kind == DURING || peek(p, 0)->kind == WHEN;
    case VOID:
        return peek(p, 0)->kind == WHEN;
    case EARN:
        return word_is(p, 0, "back");
    case WARN:
        return peek(p, 0)->kind == WHEN || peek(p, 0)->kind == AT;
    case COUNTING:
        return peek(p, 0)->kind == FROM || peek(p, 0)->kind == RETROACTIVE;
    case MISSING:
        return peek(p, 0)->kind == IS || word_is(p, 0, "counts");
    default:
        return false;
    }
}

/* The token (already taken; peek(p, 0) is the one behind it) is a place to go on; `closed` is what
 * it closed, if it is a `}`. */
static bool is_anchor(ent_parser *p, const ent_token *t, const ent_token *before, char closed)
{
    if (t->kind == END) {
        return true;
    }
    if (t->kind == RBRACE) {
        return closed == 'b' || closed == 'f' || closed == 'm';
    }
    if (t->kind == LBRACE) {
        char kind = p->n_brackets > 0 ? p->brackets[p->n_brackets - 1].kind : 0;
        return kind == 'b' || kind == 'f';
    }
    bool declares = ent_word_class_of(t->kind) == ENT_WORD_DECL;
    if (declares && before->kind != EVERY && before->kind != REMOVE) {
        unwind(p, true);
        return true;
    }
    char around = bracket_around(p, t->first_on_line);
    bool line = t->first_on_line;
    if (around == 'm' && (line || before->kind == COMMA) && t->kind != WITHIN && t->kind != WHEN &&
        t->kind != ON) {
        unwind(p, false);
        return true;
    }
    if ((line && begins_part(t)) || begins_part_surely(p, t)) {
        unwind(p, true);
        return true;
    }
    bool assigned = peek(p, 0)->kind == ASSIGN;
    if (is_name(t) && ((p->declaration == BIND && assigned) ||
                       (p->declaration == FEED && line && around == 'f'))) {
        unwind(p, true);
        return true;
    }
    return p->clause == CREDIT && line &&
           (t->kind == PERCENT || t->kind == MONEY || t->kind == NONE);
}

bool ent_tokens_stuck(const ent_parser *p)
{
    return p->stuck > 4 || ent_arena_failed(p->arena);
}

bool ent_tokens_recover(ent_parser *p)
{
    if (p->last.kind == END) {
        p->stuck++;
        return false;
    }
    if (p->last.span.start != p->resumed_at &&
        is_anchor(p, &p->last, &p->last_but, p->last_closed)) {
        p->resumed_at = p->last.span.start;
        return false;
    }
    p->recovering = true;
    return true;
}

/* --- the stream --- */

static void note_context(ent_parser *p, const ent_token *t)
{
    switch (t->kind) {
    case FRAMEWORK:
    case SLA:
    case OLA:
    case AMENDMENT:
        p->next_brace = 'b';
        break;
    case FEED:
    case BIND:
        p->next_brace = 'f';
        break;
    case MATCH:
        p->next_brace = 'm';
        break;
    case IN:
        p->next_brace = 0;
        break;
    default:
        break;
    }
    if (ent_word_class_of(t->kind) == ENT_WORD_DECL) {
        p->declaration = t->kind;
        p->clause = 0;
    } else if (begins_part(t) &&
               (t->first_on_line || begins_part_surely(p, t) || t->kind == CREDIT)) {
        p->clause = t->kind;
    }
}

static ent_token next_token(ent_parser *p)
{
    if (!p->stopped) {
        (void)peek(p, 0);
        if (p->closing == 0 && p->n_brackets > 0) {
            close_forgotten(p);
        }
    }
    if (p->stopped) {
        return (ent_token){.kind = END, .span = {p->file, (uint32_t)p->len, (uint32_t)p->len}};
    }
    if (p->closing > 0) {
        uint32_t at = peek(p, 0)->span.start;
        p->closing--;
        return (ent_token){.kind = RBRACE, .span = {p->file, at, at}};
    }
    ent_token t;
    if (!join_words(p, &t)) {
        t = take(p, 1);
    }
    /* in braces it asks for a rule, at file level it offers one; `require = …` binds a field */
    if (t.kind == REQUIRE && p->n_brackets == 0 && is_name(peek(p, 0))) {
        t.kind = OFFERED_REQUIRE;
    }
    if (t.kind == TEXT && ((is_name(&p->last) && takes_title(p->last_but.kind)) ||
                           p->last.kind == REQUIRE_UNDERPINNING)) {
        t.kind = TITLE;
    }
    return t;
}

int ent_yylex(ENT_YYSTYPE *value, ENT_YYLTYPE *where, ent_parser *p)
{
    ent_token before = p->last;
    ent_token t;
    for (;;) {
        t = next_token(p);
        char closed = 0;
        if (t.kind == LBRACE || t.kind == LPAREN) {
            push_bracket(p, &t);
        } else if (t.kind == RBRACE || t.kind == RPAREN) {
            closed = pop_bracket(p, t.kind);
        }
        p->last_closed = closed;
        note_context(p, &t);
        if (!p->recovering) {
            break;
        }
        if (is_anchor(p, &t, &before, closed)) {
            p->recovering = false;
            p->resumed_at = t.span.start;
            break;
        }
        before = t;
    }
    p->last_but = p->last;
    p->last = t;
    value->tok = t;
    *where = t.span;
    return t.kind;
}
