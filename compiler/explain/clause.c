/* The clause as it is written, found by where the ledger says that it stands, or else by its name.
 * See explain.h. */
#include "compiler/explain/explain.h"

#include <string.h>

#include "compiler/syntax/diag.h"
#include "compiler/syntax/parse.h"

typedef struct search {
    const ent_sources *sources;
    const ent_xdecision *d;
    const ent_node *exact, *named;             /* at the place; of the name, anywhere */
    const ent_node *exact_whole, *named_whole; /* with `replace` before it */
    size_t n_named;
} search;

static bool is_clause(const ent_node *n)
{
    return n->kind == ENT_NODE_DUTY || n->kind == ENT_NODE_OBJECTIVE || n->kind == ENT_NODE_POOL;
}

static void look_at(search *s, const ent_node *n, const ent_node *whole)
{
    ent_position at = ent_source_position(s->sources, n->name_span.file, n->name_span.start);
    if (!n->name || strcmp(n->name, s->d->clause) != 0) {
        return;
    }
    if (at.line == s->d->source.line && at.column == s->d->source.column) {
        s->exact = n;
        s->exact_whole = whole;
    }
    s->named = n;
    s->named_whole = whole;
    s->n_named++;
}

/* Clauses are members of agreements and frameworks, or stand in them after `replace` or `add`, or
 * alone. */
static void look_in(search *s, const ent_node *parent, int depth)
{
    for (size_t i = 0; depth > 0 && i < parent->n_kids; i++) {
        const ent_node *n = parent->kids[i];
        if (n && is_clause(n)) {
            look_at(s, n,
                    parent->kind == ENT_NODE_REPLACE || parent->kind == ENT_NODE_ADD ? parent : n);
        } else if (n) {
            look_in(s, n, depth - 1);
        }
    }
}

static size_t indentation(const char *line, size_t len)
{
    size_t n = 0;
    while (n < len && line[n] == ' ') {
        n++;
    }
    return n;
}

/* The lines of the span, less the indentation of the first. */
static const char *text_of(ent_arena *arena, const ent_sources *sources, ent_span span)
{
    ent_text out = {0};
    ent_position first = ent_source_position(sources, span.file, span.start);
    ent_position last =
        ent_source_position(sources, span.file, span.end > span.start ? span.end - 1 : span.end);
    size_t left = SIZE_MAX;
    for (uint32_t line = first.line; line <= last.line; line++) {
        size_t len = 0;
        const char *p = ent_source_line(sources, span.file, line, &len);
        size_t have = p ? indentation(p, len) : 0;
        left = left == SIZE_MAX ? have : left;
        size_t cut = have < left ? have : left;
        if (p) {
            ent_text_add(&out, p + cut, len - cut);
        }
        ent_text_putc(&out, '\n');
    }
    const char *text = out.failed ? NULL : ent_arena_strndup(arena, ent_text_str(&out), out.len);
    ent_text_deinit(&out);
    return text;
}

void ent_explain_clause(ent_arena *arena, ent_sources *sources, uint32_t file,
                        const ent_xdecision *d, ent_xclause *out)
{
    ent_diags *diags = ent_diags_new(arena, sources);
    ent_node *tree = diags ? ent_parse(arena, sources, file, diags) : NULL;
    search s = {.sources = sources, .d = d};
    enum { AGREEMENT_DEPTH = 4 };
    if (!tree) {
        return;
    }
    look_in(&s, tree, AGREEMENT_DEPTH);
    const ent_node *found = s.exact ? s.exact : s.n_named == 1 ? s.named : NULL;
    if (!found) {
        return;
    }
    const ent_node *whole = s.exact ? s.exact_whole : s.named_whole;
    out->text = text_of(arena, sources, whole->span);
    out->doc = found->doc ? found->doc : whole->doc;
    out->line = ent_source_position(sources, file, found->name_span.start).line;
    out->moved = !s.exact;
}
