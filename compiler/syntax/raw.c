/* See raw.h. */
#include "compiler/syntax/raw.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/syntax/parser_internal.h"

#include "parser.h"

typedef struct reader {
    ent_parser *p;
    ent_raw *out;
    uint32_t cap;
    uint32_t cap_notes;
    bool failed;
} reader;

static void add_note(reader *r, ent_raw_note note)
{
    ent_raw *out = r->out;
    if (out->n_notes == r->cap_notes) {
        uint32_t cap = r->cap_notes == 0 ? 32 : r->cap_notes * 2;
        ent_raw_note *notes =
            ent_arena_grow_array(r->p->arena, out->notes, out->n_notes, cap, sizeof *notes);
        if (notes == NULL) {
            r->failed = true;
            return;
        }
        out->notes = notes;
        r->cap_notes = cap;
    }
    out->notes[out->n_notes++] = note;
}

static void add_token(reader *r, ent_raw_token token)
{
    ent_raw *out = r->out;
    if (out->n == r->cap) {
        uint32_t cap = r->cap == 0 ? 64 : r->cap * 2;
        ent_raw_token *tokens =
            ent_arena_grow_array(r->p->arena, out->tokens, out->n, cap, sizeof *tokens);
        if (tokens == NULL) {
            r->failed = true;
            return;
        }
        out->tokens = tokens;
        r->cap = cap;
    }
    out->tokens[out->n++] = token;
}

static ent_raw_kind kind_of(const ent_token *t)
{
    switch (t->kind) {
    case END:
        return ENT_RAW_END;
    case MEMBER:
        return ENT_RAW_MEMBER;
    case TEXT:
        return t->block ? ENT_RAW_BLOCK : ENT_RAW_TEXT;
    case INT:
    case DECIMAL:
    case PERCENT:
    case MONEY:
    case DURATION:
    case DATE:
    case INSTANT:
    case TIME:
    case BAD_NUMBER:
        return ENT_RAW_VALUE;
    default:
        return t->name == NULL ? ENT_RAW_SIGN : t->quoted ? ENT_RAW_QUOTED : ENT_RAW_WORD;
    }
}

/* Prose in [from, to): where the scanner's copy differs from the file, in whole lines. */
static bool find_prose(const ent_parser *p, uint32_t from, uint32_t to, uint32_t *start, uint32_t *end)
{
    uint32_t first = from;
    while (first < to && p->buffer[first] == p->source[first]) {
        first++;
    }
    if (first == to) {
        return false;
    }
    uint32_t last = to;
    while (p->buffer[last - 1] == p->source[last - 1]) {
        last--;
    }
    while (first > from && p->source[first - 1] != '\n') {
        first--;
    }
    while (last < to && p->source[last] != '\n') {
        last++;
    }
    *start = first;
    *end = last;
    return true;
}

/* The comments in [from, to), which holds nothing else but white space; how many line ends follow the
 * last of them. */
static unsigned read_gap(reader *r, uint32_t from, uint32_t to, bool trailing)
{
    const char *s = r->p->buffer;
    unsigned newlines = 0;
    for (uint32_t at = from; at < to;) {
        if (s[at] == '\n') {
            newlines++;
            at++;
            continue;
        }
        if (s[at] != '/') {
            at++;
            continue;
        }
        uint32_t next = at;
        while (next < to && s[next] != '\n') {
            next++;
        }
        uint32_t end = next;
        while (end > at && (s[end - 1] == ' ' || s[end - 1] == '\t' || s[end - 1] == '\r')) {
            end--;
        }
        bool doc = end - at >= 3 && s[at + 2] == '/' && (end - at == 3 || s[at + 3] != '/');
        add_note(r, (ent_raw_note){.kind = doc ? ENT_RAW_DOC : ENT_RAW_COMMENT,
                                   .start = at,
                                   .end = end,
                                   .trailing = trailing && newlines == 0 && !doc,
                                   .blank = newlines > 1});
        trailing = false;
        newlines = 0;
        at = next;
    }
    return newlines;
}

static void read_notes(reader *r, uint32_t from, ent_raw_token *token)
{
    token->notes = r->out->n_notes;
    bool trailing = r->out->n > 0;
    unsigned newlines;
    uint32_t start;
    uint32_t end;
    if (find_prose(r->p, from, token->start, &start, &end)) {
        (void)read_gap(r, from, start, trailing);
        add_note(r, (ent_raw_note){.kind = ENT_RAW_PROSE, .start = start, .end = end});
        newlines = read_gap(r, end, token->start, false);
    } else {
        newlines = read_gap(r, from, token->start, trailing);
    }
    token->n_notes = r->out->n_notes - token->notes;
    token->blank = newlines > 1;
}

static void read_tokens(reader *r)
{
    uint32_t from = 0;
    if (r->p->len >= 3 && memcmp(r->p->source, "\xEF\xBB\xBF", 3) == 0) {
        from = 3;
    }
    for (bool more = true; more && !r->failed;) {
        ent_token t;
        ent_lexer_next(r->p, &t);
        ent_raw_token token = {.kind = kind_of(&t),
                               .start = t.span.start,
                               .end = t.span.end,
                               .value = t.text,
                               .value_len = t.text_len,
                               .first_on_line = t.first_on_line};
        uint32_t start;
        uint32_t end;
        if (token.kind == ENT_RAW_BLOCK && find_prose(r->p, token.start, token.end, &start, &end)) {
            token.value = NULL; /* it goes on in the next block of code: as it is, or not at all */
        }
        read_notes(r, from, &token);
        add_token(r, token);
        from = t.span.end;
        more = token.kind != ENT_RAW_END;
    }
}

bool ent_raw_read(ent_arena *arena, ent_sources *sources, uint32_t file, ent_raw *out)
{
    memset(out, 0, sizeof *out);
    ent_parser *p = ent_parser_new(arena, sources, file, ent_diags_new(arena, sources));
    reader r = {.p = p, .out = out};
    if (p == NULL || p->diags == NULL || p->source == NULL) {
        return false;
    }
    out->text = p->source;
    if (ent_parser_open(p)) {
        read_tokens(&r);
    } else {
        r.failed = true;
    }
    ent_parser_close(p);
    return !r.failed && !ent_arena_failed(arena);
}
