/* See format.h.  The way of a file: parse, read the raw tokens, mark them by the tree, drop the commas
 * that the layout does without, write, and parse what was written to compare the trees. */
#include "compiler/format/format.h"

#include <string.h>

#include "compiler/format/layout.h"
#include "runtime/vm/exact.h"

/* --- finding tokens --- */

uint32_t fmt_first(const fmt *f, const ent_node *node)
{
    uint32_t low = 0;
    uint32_t high = f->n - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (f->tokens[middle].start < node->span.start) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t fmt_last(const fmt *f, const ent_node *node)
{
    uint32_t low = 0;
    uint32_t high = f->n - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (f->tokens[middle].end < node->span.end) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t fmt_before(const fmt *f, const ent_node *node)
{
    uint32_t i = fmt_first(f, node);
    while (i > 0 && fmt_is(f, i - 1, "(")) {
        i--;
    }
    return i;
}

uint32_t fmt_after(const fmt *f, const ent_node *node)
{
    uint32_t i = fmt_last(f, node) + 1;
    while (i + 1 < f->n && fmt_is(f, i, ")")) {
        i++;
    }
    return i;
}

bool fmt_is(const fmt *f, uint32_t token, const char *text)
{
    const fmt_token *t = &f->tokens[token];
    return (t->kind == ENT_RAW_SIGN || t->kind == ENT_RAW_WORD) && t->len == strlen(text) &&
           memcmp(t->text, text, t->len) == 0;
}

void fmt_soft(fmt *f, uint32_t token, int rank, fmt_base kind, uint32_t base, unsigned delta)
{
    fmt_token *t = &f->tokens[token];
    if (t->rank == 0 || rank < t->rank) {
        t->rank = (uint16_t)(rank < UINT16_MAX ? rank : UINT16_MAX);
        t->base_kind = kind;
        t->base = base;
        t->delta = (uint16_t)delta;
    }
}

/* --- tokens --- */

static unsigned count_columns(const char *text, size_t len)
{
    unsigned columns = 0;
    for (size_t at = 0; at < len;) {
        bool ok;
        columns += ent_utf8_width(ent_utf8_next(text, len, &at, &ok));
    }
    return columns;
}

/* `GBP   5` has one blank. */
static const char *close_up(ent_arena *arena, const char *s, uint32_t *len)
{
    char *out = ent_arena_alloc(arena, *len + 1U);
    uint32_t n = 0;
    for (uint32_t i = 0; out != NULL && i < *len; i++) {
        bool blank = s[i] == ' ' || s[i] == '\t';
        if (!blank || (n > 0 && out[n - 1] != ' ')) {
            out[n++] = blank ? ' ' : s[i];
        }
    }
    *len = n;
    return out;
}

/* A text in triple quotes whose lines are its own can be indented anew. */
static bool is_laid_out(const fmt_token *t)
{
    size_t at = 3;
    while (at < t->len && (t->text[at] == ' ' || t->text[at] == '\t' || t->text[at] == '\r')) {
        at++;
    }
    return at < t->len && t->text[at] == '\n';
}

static uint8_t usual_space(const fmt *f, uint32_t i)
{
    if (i == 0 || f->tokens[i].kind == ENT_RAW_MEMBER || fmt_is(f, i, ")") || fmt_is(f, i, ",") ||
        fmt_is(f, i, ":") || fmt_is(f, i, "..") || fmt_is(f, i - 1, "..") || fmt_is(f, i - 1, "(")) {
        return 0;
    }
    return 1;
}

static bool is_currency(const fmt_token *t)
{
    char code[4] = {0};
    if (t->kind != ENT_RAW_WORD || t->len != 3) {
        return false;
    }
    memcpy(code, t->text, 3);
    return ent_currency_minor(code) >= 0;
}

/* On one line, with nothing else between, the two would be money. */
static bool makes_money(const fmt_token *word, const fmt_token *value)
{
    return is_currency(word) && value->kind == ENT_RAW_VALUE && value->text[0] >= '0' &&
           value->text[0] <= '9' && memchr(value->text, '%', value->len) == NULL &&
           memchr(value->text, '-', value->len) == NULL &&
           memchr(value->text, ':', value->len) == NULL;
}

static bool read_tokens(fmt *f)
{
    f->n = f->raw.n;
    f->tokens = ent_arena_alloc_array(f->arena, f->n, sizeof *f->tokens);
    if (f->tokens == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < f->n; i++) {
        const ent_raw_token *raw = &f->raw.tokens[i];
        fmt_token *t = &f->tokens[i];
        *t = (fmt_token){.kind = raw->kind,
                         .text = f->raw.text + raw->start,
                         .len = raw->end - raw->start,
                         .start = raw->start,
                         .end = raw->end,
                         .first_on_line = raw->first_on_line,
                         .blank = raw->blank,
                         .notes = raw->notes,
                         .n_notes = raw->n_notes};
        if (t->kind == ENT_RAW_VALUE) {
            t->text = close_up(f->arena, t->text, &t->len);
        } else if (t->kind == ENT_RAW_BLOCK && raw->value != NULL && is_laid_out(t)) {
            t->value = raw->value;
            t->value_len = raw->value_len;
        }
        if (t->text == NULL) {
            return false;
        }
        t->width = t->kind == ENT_RAW_BLOCK ? 3 : count_columns(t->text, t->len);
        t->space = usual_space(f, i);
        bool money_type = i > 0 && fmt_is(f, i - 1, "money") && is_currency(t);
        t->joins = (money_type && t->first_on_line) || (i > 0 && makes_money(t - 1, t));
    }
    return true;
}

/* Without the comma the two would be read as one token. */
static bool keeps_comma(const fmt *f, uint32_t comma)
{
    static const char *const firsts[] = {"at",    "credit",  "no",          "counts", "require",
                                         "money", "one",     "approximate", "is",     "time"};
    const fmt_token *next = &f->tokens[comma + 1];
    if (makes_money(next - 2, next)) {
        return true;
    }
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        if (next->kind == ENT_RAW_WORD && fmt_is(f, comma - 1, firsts[i])) {
            return true;
        }
    }
    return false;
}

/* Takes the dropped tokens out; their notes go to the token behind them. */
static bool compact(fmt *f)
{
    uint32_t *moved = ent_arena_alloc_array(f->arena, f->n, sizeof *moved);
    if (moved == NULL) {
        return false;
    }
    for (uint32_t i = 1; i + 1 < f->n; i++) {
        f->tokens[i].dropped = f->tokens[i].dropped && !keeps_comma(f, i);
    }
    uint32_t n = 0;
    uint32_t notes = 0;
    for (uint32_t i = 0; i < f->n; i++) {
        fmt_token t = f->tokens[i];
        moved[i] = n;
        if (t.dropped) {
            notes += t.n_notes;
            continue;
        }
        for (uint32_t k = t.notes - notes; notes > 0 && k < t.notes + t.n_notes; k++) {
            f->raw.notes[k].trailing = f->raw.notes[k].trailing && k == t.notes - notes;
        }
        t.notes -= notes;
        t.n_notes += notes;
        notes = 0;
        f->tokens[n++] = t;
    }
    f->n = n;
    for (uint32_t i = 0; i < n; i++) {
        fmt_token *t = &f->tokens[i];
        t->base = moved[t->base];
        t->row = moved[t->row];
        t->arrow = moved[t->arrow];
    }
    return true;
}

/* The line ends of a literate file are its own. */
static bool has_crlf_prose(const fmt *f)
{
    for (uint32_t i = 0; i < f->raw.n_notes; i++) {
        const ent_raw_note *note = &f->raw.notes[i];
        if (note->kind == ENT_RAW_PROSE) {
            const char *newline = memchr(f->raw.text + note->start, '\n', note->end - note->start);
            return newline != NULL && newline > f->raw.text && newline[-1] == '\r';
        }
    }
    return false;
}

/* --- the proof --- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_tree(const ent_node *a, const ent_node *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    if (a->kind != b->kind || a->op != b->op || a->n_kids != b->n_kids || a->i != b->i ||
        a->q.num != b->q.num || a->q.den != b->q.den || !same_text(a->name, b->name) ||
        !same_text(a->title, b->title) || !same_text(a->doc, b->doc) || a->text_len != b->text_len ||
        (a->text_len > 0 ? memcmp(a->text, b->text, a->text_len) != 0
                         : !same_text(a->text, b->text))) {
        return false;
    }
    for (uint32_t i = 0; i < a->n_kids; i++) {
        if (!same_tree(a->kids[i], b->kids[i])) {
            return false;
        }
    }
    return true;
}

static ent_format_result prove(const fmt *f, const ent_node *tree, const char *text, size_t len)
{
    uint32_t file;
    ent_diags *diags = ent_diags_new(f->arena, f->sources);
    if (diags == NULL ||
        !ent_sources_add(f->sources, ent_sources_path(f->sources, f->file), text, len, &file)) {
        return ENT_FORMAT_MEMORY;
    }
    const ent_node *again = ent_parse(f->arena, f->sources, file, diags);
    if (again == NULL) {
        return ENT_FORMAT_MEMORY;
    }
    return ent_diags_error_count(diags) == 0 && same_tree(tree, again) ? ENT_FORMAT_DONE
                                                                      : ENT_FORMAT_CHANGED;
}

ent_format_result ent_format_file(ent_arena *arena, ent_sources *sources, uint32_t file,
                             ent_diags *diags, ent_text *out)
{
    size_t errors = ent_diags_error_count(diags);
    size_t start = out->len;
    fmt f = {.arena = arena, .sources = sources, .file = file};
    const ent_node *tree = ent_parse(arena, sources, file, diags);
    if (tree == NULL) {
        return ENT_FORMAT_MEMORY;
    }
    if (ent_diags_error_count(diags) > errors) {
        return ENT_FORMAT_SYNTAX;
    }
    if (!ent_raw_read(arena, sources, file, &f.raw) || !read_tokens(&f)) {
        return ENT_FORMAT_MEMORY;
    }
    fmt_mark_file(&f, tree);
    if (!compact(&f)) {
        return ENT_FORMAT_MEMORY;
    }
    f.crlf = has_crlf_prose(&f);
    fmt_write(&f, out);
    if (out->failed || ent_arena_failed(arena)) {
        return ENT_FORMAT_MEMORY;
    }
    return prove(&f, tree, ent_text_str(out) + start, out->len - start);
}
