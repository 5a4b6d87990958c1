/* ent_parse: prepares the text, runs the parser, finishes the tree.  See parse.h. */
#include <stdlib.h>
#include <string.h>

#include "compiler/syntax/parser_internal.h"

#include "parser.h"

static bool is_word_byte(unsigned char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           c >= 0x80;
}

/* Replaces what the scanner must not see; by `_` inside of words, so that they stay one. */
static void hide_byte(ent_parser *p, size_t at)
{
    bool inside = at > 0 && is_word_byte((unsigned char)p->buffer[at - 1]);
    p->buffer[at] = inside ? '_' : ' ';
}

/* Bytes that are not text: the first place of each kind is reported, with how many more there are.
 */
static void check_bytes(ent_parser *p)
{
    size_t bad_first = 0;
    size_t bad = 0;
    size_t nul_first = 0;
    size_t nul = 0;
    for (size_t at = 0; at < p->len;) {
        size_t start = at;
        bool ok;
        uint32_t c = ent_utf8_next(p->source, p->len, &at, &ok);
        if (ok && c != 0) {
            continue;
        }
        if (ok) {
            nul_first = nul == 0 ? start : nul_first;
            nul++;
        } else {
            bad_first = bad == 0 ? start : bad_first;
            bad++;
        }
        hide_byte(p, start);
    }
    if (nul > 0) {
        ent_span span = {p->file, (uint32_t)nul_first, (uint32_t)nul_first + 1};
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0115, span, "the file contains a NUL byte");
        if (nul > 1) {
            ent_diag_note(d, "there are %zu of them in the file", nul);
        }
    }
    if (bad > 0) {
        ent_span span = {p->file, (uint32_t)bad_first, (uint32_t)bad_first + 1};
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0114, span, "byte 0x%02X is not UTF-8 text",
                                   (unsigned)(unsigned char)p->source[bad_first]);
        if (bad > 1) {
            ent_diag_note(d, "there are %zu such bytes in the file", bad);
        }
        ent_diag_help(d, "save the file as UTF-8");
    }
}

/* False if there is nothing to parse: the reason has been reported. */
static bool check_text(ent_parser *p)
{
    ent_span start = {p->file, 0, 0};
    if (p->len > ENT_SOURCE_BYTES_MAX) {
        (void)ent_diag_add(p->diags, ENT_DIAG_E0116, start,
                           "the file is larger than the limit of 16 MiB");
        return false;
    }
    if (p->len >= 2 &&
        (memcmp(p->source, "\xFF\xFE", 2) == 0 || memcmp(p->source, "\xFE\xFF", 2) == 0)) {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0114, start, "the file is UTF-16 text");
        ent_diag_help(d, "save the file as UTF-8");
        return false;
    }
    return true;
}

/* The depth that build.c kept in `slot` is gone before anyone else sees the tree. */
static void clear_slots(ent_node *node)
{
    node->slot = 0;
    for (uint32_t i = 0; i < node->n_kids; i++) {
        if (node->kids[i] != NULL) {
            clear_slots(node->kids[i]);
        }
    }
}

static void warn_unused_docs(ent_parser *p)
{
    for (uint32_t i = 0; i < p->n_docs; i++) {
        const ent_doc *doc = &p->docs[i];
        bool again =
            i > 0 && !p->docs[i - 1].taken && p->docs[i - 1].token_start == doc->token_start;
        if (!doc->taken && !again) {
            ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_W0101, doc->span,
                                       "this doc comment belongs to no declaration");
            ent_diag_help(d, "`///` stands before a declaration; begin other comments with `//`");
        }
    }
}

static ent_region_kind region_kind(const ent_node *declaration)
{
    switch (declaration->kind) {
    case ENT_NODE_FRAMEWORK:
    case ENT_NODE_SLA:
    case ENT_NODE_OLA:
    case ENT_NODE_AMENDMENT:
    case ENT_NODE_FEED:
    case ENT_NODE_BIND:
    case ENT_NODE_SCENARIO:
        return ENT_REGION_HOME;
    case ENT_NODE_DUTY:
    case ENT_NODE_OBJECTIVE:
        return ENT_REGION_STRAY;
    default:
        return ENT_REGION_DECLARATION;
    }
}

/* Where the declarations and their members stand, for what follows from errors in them. */
static void tell_regions(ent_parser *p, const ent_node *file)
{
    for (uint32_t i = 0; i < file->n_kids; i++) {
        const ent_node *d = file->kids[i];
        bool has_members = d->kind == ENT_NODE_FRAMEWORK || d->kind == ENT_NODE_SLA ||
                           d->kind == ENT_NODE_OLA || d->kind == ENT_NODE_AMENDMENT;
        ent_diags_region(p->diags, d->span, region_kind(d));
        if (!has_members) {
            ent_diags_region(p->diags, d->span, ENT_REGION_MEMBER);
        }
        for (uint32_t k = 0; has_members && k < d->n_kids; k++) {
            ent_diags_region(p->diags, d->kids[k]->span, ENT_REGION_MEMBER);
        }
    }
}

bool ent_parser_open(ent_parser *p)
{
    p->buffer = malloc(p->len + 2);
    if (p->buffer == NULL) {
        return false;
    }
    memcpy(p->buffer, p->source, p->len);
    p->buffer[p->len] = '\0';
    p->buffer[p->len + 1] = '\0';
    check_bytes(p);
    if (p->len >= 3 && memcmp(p->buffer, "\xEF\xBB\xBF", 3) == 0) {
        memset(p->buffer, ' ', 3);
    }
    if (ent_literate_is(ent_sources_path(p->sources, p->file))) {
        ent_literate_blank(p);
    }
    return ent_lexer_open(p) == 0;
}

void ent_parser_close(ent_parser *p)
{
    ent_lexer_close(p);
    free(p->buffer);
    p->buffer = NULL;
}

ent_parser *ent_parser_new(ent_arena *arena, ent_sources *sources, uint32_t file, ent_diags *diags)
{
    /* A few hundred brackets and tokens: too large for the stack of a small thread. */
    ent_parser *p = ent_arena_alloc(arena, sizeof *p);
    if (p == NULL) {
        return NULL;
    }
    p->arena = arena;
    p->sources = sources;
    p->diags = diags;
    p->file = file;
    p->resumed_at = UINT32_MAX;
    p->maybe_currency = ENT_NO_SPAN;
    p->source = ent_sources_text(sources, file, &p->len);
    return p;
}

/* False when memory ran out before anything was read: an empty tree would pass for an empty file. */
static bool run(ent_parser *p)
{
    bool opened = ent_parser_open(p);
    if (opened) {
        /* The result is of no interest: the diagnostics say what went wrong. */
        (void)ent_yyparse(p);
    }
    ent_parser_close(p);
    return opened;
}

ent_node *ent_parse(ent_arena *arena, ent_sources *sources, uint32_t file, ent_diags *diags)
{
    ent_parser *p = ent_parser_new(arena, sources, file, diags);
    if (p == NULL) {
        return NULL;
    }
    size_t errors_before = ent_diags_error_count(diags);
    if (p->source != NULL && check_text(p)) {
        if (!run(p)) {
            return NULL;
        }
        if (ent_diags_error_count(diags) == errors_before) {
            warn_unused_docs(p);
        }
    }
    ent_span whole = {file, 0, (uint32_t)p->len};
    ent_node *node = ent_arena_alloc(arena, sizeof *node);
    if (node == NULL || ent_arena_failed(arena)) {
        return NULL;
    }
    node->kind = ENT_NODE_FILE;
    node->span = whole;
    node->kids = p->declarations.items;
    node->n_kids = p->declarations.n;
    clear_slots(node);
    if (ent_diags_error_count(diags) > errors_before) {
        tell_regions(p, node);
    }
    return node;
}
