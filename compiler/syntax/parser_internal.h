/* What scanner, token wrapper, grammar and error reports share; nobody outside compiler/syntax
 * includes it.
 *
 * The way of a token: lexer.l cuts the text and converts literals (literal.c); tokens.c looks a few
 * tokens ahead, joins words such as `at least`, finds titles, counts brackets and, after a syntax
 * error, skips to where the grammar can go on; parser.y builds nodes through build.c; report.c
 * words the syntax errors.  All state is in ent_parser: the parser is reentrant. */
#ifndef ENT_SYNTAX_PARSER_INTERNAL_H
#define ENT_SYNTAX_PARSER_INTERNAL_H

#include "compiler/syntax/parse.h"

enum {
    ENT_SYNTAX_AHEAD = 8,             /* tokens that the wrapper may look ahead */
    ENT_SYNTAX_TREE_DEPTH_MAX = 1000, /* of nodes: `a + b + c …` is as deep as it is long */
    ENT_SYNTAX_POOL_BYTES = 2048,
    ENT_SYNTAX_SPARE_KIDS = 8
};

typedef struct ent_token {
    int kind;         /* of parser.y */
    uint16_t literal; /* ENT_LIT_* */
    bool first_on_line;
    bool bad;    /* reported by the scanner: syntax errors here would be echoes */
    bool block;  /* a text in triple quotes */
    bool quoted; /* a name in backquotes */
    ent_span span;
    const char *name; /* interned: names, words, members (without the dot) */
    const char *text; /* of texts; of money its currency */
    size_t text_len;
    int64_t i;
    ent_q q;
} ent_token;

typedef struct ent_node_list {
    ent_node **items;
    uint32_t n;
    uint32_t cap;
} ent_node_list;

typedef struct ent_doc {
    ent_span span;
    uint32_t token_start; /* of the token that follows; UINT32_MAX while none has come */
    bool taken;
    const char *text;
} ent_doc;

typedef struct ent_bracket {
    ent_span span;
    char kind; /* '(' or '{' plain, 'b' body, 'f' feed or bind, 'm' match */
} ent_bracket;

typedef struct ent_parser {
    ent_arena *arena;
    ent_sources *sources;
    ent_diags *diags;
    uint32_t file;
    const char *source; /* the file's own text */
    char *buffer;       /* the copy that the scanner reads: prose and bad bytes blanked out */
    size_t len;

    /* scanner */
    void *scanner;
    bool fresh_line;
    uint32_t block_start;
    bool cut_short; /* a text runs to the end of the file: what is missing there is an echo */
    ent_span maybe_currency; /* three capitals before a number that are no currency */
    _Alignas(16) unsigned char pool[ENT_SYNTAX_POOL_BYTES];
    size_t pool_used;

    /* wrapper */
    ent_token ahead[ENT_SYNTAX_AHEAD];
    unsigned n_ahead;
    ent_token last;     /* handed to the parser most recently */
    ent_token last_but; /* and the one before it */
    ent_bracket brackets[ENT_PARSE_DEPTH_MAX];
    unsigned n_brackets;
    char next_brace; /* what kind the next `{` opens */
    bool stopped;    /* nothing but END from here on */
    int closing;     /* braces still to be closed on behalf of the author */
    int declaration; /* token of the declaration that we are in */
    int clause;      /* token of the clause that we are in */

    /* recovery */
    bool recovering;
    char last_closed;    /* what the last token closed, if it was a closing bracket */
    uint32_t resumed_at; /* start of the token at which parsing went on; UINT32_MAX: none */
    unsigned stuck;      /* errors at one and the same token */
    bool depth_reported;

    ent_doc *docs;
    uint32_t n_docs;
    uint32_t cap_docs;
    ent_node_list declarations;
    ent_node spare; /* stands in for nodes when memory is gone */
    ent_node *spare_kids[ENT_SYNTAX_SPARE_KIDS];
} ent_parser;

/* Of ASCII, whatever the locale. */
static inline bool ent_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool ent_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* --- parse.c --- */
ent_parser *ent_parser_new(ent_arena *arena, ent_sources *sources, uint32_t file, ent_diags *diags);
/* Prepares the scanner's copy of the text; false when memory has run out. */
bool ent_parser_open(ent_parser *p);
void ent_parser_close(ent_parser *p);

/* --- lexer.l (through tokens.c) --- */
int ent_lexer_open(ent_parser *p);
void ent_lexer_close(ent_parser *p);
void ent_lexer_next(ent_parser *p, ent_token *t);

/* --- literal.c: the value of a literal; false after a diagnostic --- */
bool ent_literal_number(ent_parser *p, ent_token *t, const char *s, size_t len);
bool ent_literal_percent(ent_parser *p, ent_token *t, const char *s, size_t len);
bool ent_literal_money(ent_parser *p, ent_token *t, const char *s, size_t len);
bool ent_literal_duration(ent_parser *p, ent_token *t, const char *s, size_t len);
bool ent_literal_date(ent_parser *p, ent_token *t, const char *s, size_t len);
bool ent_literal_instant(ent_parser *p, ent_token *t, const char *s, size_t len);
bool ent_literal_time(ent_parser *p, ent_token *t, const char *s, size_t len);
bool ent_literal_text(ent_parser *p, ent_token *t, const char *s, size_t len);
void ent_literal_block(ent_parser *p, ent_token *t, const char *s, size_t len);
bool ent_literal_is_currency(const char *code, size_t len);
void ent_literal_bad_number(ent_parser *p, ent_token *t, const char *s, size_t len);
void ent_literal_comma(ent_parser *p, ent_token *t, const char *s, size_t len);
void ent_literal_hard_blank(ent_parser *p, ent_token *t, const char *s, size_t len);
void ent_literal_currency_sign(ent_parser *p, ent_token *t, const char *s, size_t len);
void ent_literal_spaced_percent(ent_parser *p, ent_token *t, const char *s, size_t len);
void ent_literal_stray(ent_parser *p, ent_token *t, const char *s, size_t len);
/* `h` for hours; NULL: no unit of time is called so. */
const char *ent_literal_unit(const char *word, size_t len);

/* --- tokens.c --- */
typedef enum ent_word_class {
    ENT_WORD_NAME,
    ENT_WORD_SOFT,
    ENT_WORD_WORD,
    ENT_WORD_DECL
} ent_word_class;
int ent_word_token(const char *s, size_t len, ent_word_class *kind); /* ID for ordinary names */
const char *ent_word_text(int token); /* of a keyword token, else NULL */
ent_word_class ent_word_class_of(int token);
void ent_tokens_doc(ent_parser *p, ent_span span, const char *s, size_t len);
/* The scanner's token behind the lookahead. */
int ent_tokens_next_kind(ent_parser *p);
/* Called by the error productions: true when the lookahead is to be dropped. */
bool ent_tokens_recover(ent_parser *p);
/* True when the parser cannot get past the end of the file. */
bool ent_tokens_stuck(const ent_parser *p);

/* --- build.c --- */
ent_node *ent_node_make(ent_parser *p, ent_node_kind kind, ent_span span);
ent_node *ent_node_make_kids(ent_parser *p, ent_node_kind kind, ent_span span, unsigned n, ...);
ent_node *ent_node_make_list(ent_parser *p, ent_node_kind kind, ent_span span, ent_node_list l);
ent_node *ent_node_set_kids(ent_parser *p, ent_node *node, ent_node_list l);
ent_node_list ent_node_append(ent_parser *p, ent_node_list l, ent_node *node);
ent_node_list ent_node_concat(ent_parser *p, ent_node_list a, ent_node_list b);
ent_node *ent_node_word(ent_parser *p, ent_node_kind kind, ent_span span, ent_token name);
ent_node *ent_node_name(ent_parser *p, ent_token name);
ent_node *ent_node_literal(ent_parser *p, ent_token t);
ent_node *ent_node_declare(ent_parser *p, ent_node *node, ent_token name, ent_token title);
ent_node *ent_node_lost(ent_parser *p, ent_node_kind kind, ent_span span, ent_token name,
                        ent_token title, ent_node_list clauses);
ent_node *ent_node_call(ent_parser *p, ent_span span, ent_node *callee, ent_node_list args);
ent_node *ent_node_quantifier(ent_parser *p, ent_span span, ent_node *callee, ent_node *range,
                              ent_node *condition);
ent_node *ent_node_event(ent_parser *p, ent_node *ref);
ent_node *ent_node_amount_percent(ent_parser *p, ent_span span, ent_token percent, ent_token base);
ent_node *ent_node_credit(ent_parser *p, ent_span span, ent_node *amount, ent_node *first,
                          ent_node_list more);
ent_node_list ent_node_options(ent_parser *p, ent_node_list l, ent_token name, ent_node_list texts);
ent_node *ent_node_bind(ent_parser *p, ent_span span, ent_token feed, ent_token format,
                        ent_node_list parts, ent_node_list braced);
ent_node *ent_node_open(ent_parser *p, ent_span span, int64_t days, ent_token from, ent_token to);
ent_node *ent_node_expect(ent_parser *p, ent_span span, ent_node *status, ent_node *clause,
                          ent_node_list parts);
int64_t ent_word_days(ent_parser *p, ent_token from, ent_token to);

/* Index of the word among the choices (NULL-terminated), or -1 after a diagnostic. */
int ent_word_choose(ent_parser *p, ent_token word, const char *what, const char *const *choices);
int ent_word_unit(ent_parser *p, ent_token word);
void ent_word_need(ent_parser *p, ent_token word, const char *needed);
/* Headers, members and clauses that their declaration cannot have, or has twice. */
void ent_check_parts(ent_parser *p, const ent_node *node, const ent_node_list *parts);

/* --- literate.c --- */
bool ent_literate_is(const char *path);
void ent_literate_blank(ent_parser *p);

/* --- hints.c --- */
/* Adds what was probably meant to a syntax error; `could`: the tokens that could stand there. */
bool ent_hint(ent_parser *p, ent_diag *d, ent_span span, int token, const bool *could);
/* Whether the text at the place is another way to say the token. */
bool ent_hint_says(const ent_parser *p, ent_span span, int expected);

/* --- report.c and the generated parser --- */
void ent_report_syntax(ent_parser *p, ent_span span, int token, const int *expected, int n);
#endif
