/* See names.h. */
#include "compiler/ide/names.h"

#include <ctype.h>
#include <string.h>

#include "compiler/ide/place.h"

enum { MATCHES_MAX = 16, HOVERS_MAX = 4, DEPTH_MAX = 64 };
/* The protocol's numbers for kinds of symbols and of completions. */
enum { S_MODULE = 2, S_CLASS = 5, S_METHOD = 6, S_PROPERTY = 7, S_FIELD = 8, S_INTERFACE = 11, S_FUNCTION = 12 };
enum { S_OBJECT = 19, S_STRUCT = 23, S_EVENT = 24 };
enum { C_KEYWORD = 14, C_REFERENCE = 18 };

/* The kind of symbol that a node declares; 0: it declares none. */
static int symbol_of(unsigned kind)
{
    static const uint8_t kinds[ENT_NODE_COUNT] = {
        [ENT_NODE_FRAMEWORK] = S_MODULE,  [ENT_NODE_SLA] = S_CLASS,
        [ENT_NODE_OLA] = S_CLASS,         [ENT_NODE_AMENDMENT] = S_CLASS,
        [ENT_NODE_FEED] = S_STRUCT,       [ENT_NODE_FIELD] = S_FIELD,
        [ENT_NODE_CALENDAR] = S_EVENT,    [ENT_NODE_SPAN] = S_EVENT,
        [ENT_NODE_MEASURE] = S_FUNCTION,  [ENT_NODE_FN] = S_FUNCTION,
        [ENT_NODE_EXTERN_FN] = S_FUNCTION, [ENT_NODE_DUTY] = S_METHOD,
        [ENT_NODE_OBJECTIVE] = S_PROPERTY, [ENT_NODE_PARTY] = S_OBJECT,
        [ENT_NODE_SERVICE] = S_INTERFACE, [ENT_NODE_REQUIRE] = S_PROPERTY,
        [ENT_NODE_POOL] = S_PROPERTY,     [ENT_NODE_SCENARIO] = S_EVENT,
    };
    return kind < ENT_NODE_COUNT ? kinds[kind] : 0;
}

static bool has_body(unsigned kind)
{
    return kind == ENT_NODE_FRAMEWORK || kind == ENT_NODE_SLA || kind == ENT_NODE_OLA ||
           kind == ENT_NODE_AMENDMENT || kind == ENT_NODE_FEED || kind == ENT_NODE_REPLACE ||
           kind == ENT_NODE_ADD || kind == ENT_NODE_FILE;
}

/* --- the word in hand --- */

typedef struct word {
    const char *text;
    size_t len;
    uint32_t start;
} word;

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The name at the offset or right before it: what a caret behind a name means. */
static word word_at(const char *text, size_t len, size_t offset)
{
    size_t start = offset < len ? offset : len;
    size_t end = start;
    while (start > 0 && in_name(text[start - 1])) {
        start--;
    }
    while (end < len && in_name(text[end])) {
        end++;
    }
    return (word){text + start, end - start, (uint32_t)start};
}

/* The word before the dot before this one. */
static word qualifier_of(const char *text, word w)
{
    bool dotted = w.start > 1 && text[w.start - 1] == '.';
    return dotted ? word_at(text, w.start - 1, w.start - 1) : (word){text, 0, 0};
}

static bool is_word(const char *name, word w)
{
    return name != NULL && strlen(name) == w.len && memcmp(name, w.text, w.len) == 0;
}

/* --- declarations --- */

typedef struct match {
    const ent_node *node, *home; /* the declaration it is a member of, or itself */
} match;

typedef struct search {
    word name;
    match found[MATCHES_MAX];
    size_t n;
} search;

static void look(search *s, const ent_node *node, const ent_node *home)
{
    for (uint32_t i = 0; i < node->n_kids; i++) {
        const ent_node *kid = node->kids[i];
        if (kid == NULL) {
            continue;
        }
        const ent_node *at = home != NULL ? home : kid;
        if (symbol_of(kid->kind) != 0 && is_word(kid->name, s->name) && s->n < MATCHES_MAX) {
            s->found[s->n++] = (match){kid, at};
        }
        if (has_body(kid->kind)) {
            look(s, kid, at);
        }
    }
}

static bool contains(ent_span span, uint32_t file, uint32_t offset)
{
    return span.file == file && span.start <= offset && offset <= span.end;
}

/* Keeps those that `keep` says, if there are any. */
static void narrow(search *s, const bool *keep)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (keep[i]) {
            s->found[n++] = s->found[i];
        }
    }
    s->n = n > 0 ? n : s->n;
}

static search find(const ent_ide_unit *u, uint32_t offset)
{
    size_t len;
    const char *text = ent_sources_text(u->sources, u->file, &len);
    search s = {.name = word_at(text, len, offset)};
    word home = qualifier_of(text, s.name);
    bool keep[MATCHES_MAX];
    for (size_t i = 0; s.name.len > 0 && i < u->n_files; i++) {
        look(&s, u->files[i], NULL);
    }
    for (size_t i = 0; i < s.n; i++) {
        keep[i] = home.len > 0 ? is_word(s.found[i].home->name, home)
                               : contains(s.found[i].home->span, u->file, offset);
    }
    narrow(&s, keep);
    return s;
}

/* --- answers --- */

/* The declaration as it is written, of one with a body what stands before it. */
static void add_source(const ent_ide_unit *u, const ent_node *node, ent_text *out)
{
    size_t len;
    const char *text = ent_sources_text(u->sources, node->span.file, &len);
    uint32_t end = node->span.end;
    if (has_body(node->kind)) {
        const char *brace = memchr(text + node->span.start, '{', end - node->span.start);
        end = brace != NULL ? (uint32_t)(brace - text) : end;
    }
    while (end > node->span.start && isspace((unsigned char)text[end - 1])) {
        end--;
    }
    ent_text_puts(out, "```entente\n");
    ent_text_add(out, text + node->span.start, end - node->span.start);
    ent_text_puts(out, "\n```");
    if (node->doc != NULL) {
        ent_text_printf(out, "\n\n%s", node->doc);
    }
}

json_t *ent_ide_hover(const ent_ide_unit *u, uint32_t offset)
{
    search s = find(u, offset);
    ent_text text = {0};
    for (size_t i = 0; i < s.n && i < HOVERS_MAX; i++) {
        ent_text_puts(&text, i > 0 ? "\n\n---\n\n" : "");
        add_source(u, s.found[i].node, &text);
    }
    json_t *out = s.n == 0 ? json_null()
                           : json_pack("{s:{s:s, s:s}, s:o}", "contents", "kind", "markdown",
                                       "value", ent_text_str(&text), "range",
                                       ent_ide_range(u->sources,
                                                     (ent_span){u->file, s.name.start,
                                                                s.name.start + (uint32_t)s.name.len}));
    ent_text_deinit(&text);
    return out;
}

json_t *ent_ide_definition(const ent_ide_workspace *w, const ent_ide_unit *u, uint32_t offset)
{
    search s = find(u, offset);
    json_t *out = json_array();
    for (size_t i = 0; i < s.n; i++) {
        ent_span span = s.found[i].node->name_span;
        json_array_append_new(
            out, json_pack("{s:o, s:o}", "uri", ent_ide_uri(w, ent_sources_path(u->sources, span.file)),
                           "range", ent_ide_range(u->sources, span)));
    }
    return out;
}

static json_t *outline(const ent_ide_unit *u, const ent_node *node, unsigned depth)
{
    json_t *out = json_array();
    for (uint32_t i = 0; i < node->n_kids && depth < DEPTH_MAX; i++) {
        const ent_node *kid = node->kids[i];
        if (kid != NULL && (kid->kind == ENT_NODE_ADD || kid->kind == ENT_NODE_REPLACE)) {
            kid = kid->n_kids > 0 ? kid->kids[0] : NULL;
        }
        const char *name = kid == NULL || symbol_of(kid->kind) == 0 ? NULL
                           : kid->name != NULL                      ? kid->name
                                                                    : kid->title;
        if (name == NULL || name[0] == '\0') {
            continue;
        }
        json_t *symbol = json_pack(
            "{s:s, s:i, s:o, s:o, s:o}", "name", name, "kind", symbol_of(kid->kind), "range",
            ent_ide_range(u->sources, kid->span), "selectionRange",
            ent_ide_range(u->sources, kid->name != NULL ? kid->name_span : kid->span), "children",
            has_body(kid->kind) ? outline(u, kid, depth + 1) : json_array());
        if (kid->name != NULL && kid->title != NULL) {
            json_object_set_new(symbol, "detail", json_string(kid->title));
        }
        json_array_append_new(out, symbol);
    }
    return out;
}

json_t *ent_ide_outline(const ent_ide_unit *u)
{
    for (size_t i = 0; i < u->n_files; i++) {
        if (u->files[i]->span.file == u->file) {
            return outline(u, u->files[i], 0);
        }
    }
    return json_array();
}

static void offer(json_t *items, const ent_node *node)
{
    for (uint32_t i = 0; i < node->n_kids; i++) {
        const ent_node *kid = node->kids[i];
        if (kid != NULL && symbol_of(kid->kind) != 0 && kid->name != NULL) {
            json_t *item = json_pack("{s:s, s:i, s:s}", "label", kid->name, "kind", C_REFERENCE,
                                     "detail", ent_node_kind_name(kid->kind));
            json_object_set_new(items, kid->name, item);
        }
        if (kid != NULL && has_body(kid->kind)) {
            offer(items, kid);
        }
    }
}

json_t *ent_ide_completion(const ent_ide_unit *u)
{
    static const char *const keywords[] = {
#define ENT_KEYWORD(word, token, class) #word,
#include "compiler/syntax/keywords.def"
#undef ENT_KEYWORD
    };
    json_t *items = json_object();
    json_t *out = json_array();
    const char *label;
    json_t *item;
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        json_object_set_new(items, keywords[i],
                            json_pack("{s:s, s:i}", "label", keywords[i], "kind", C_KEYWORD));
    }
    for (size_t i = 0; i < u->n_files; i++) {
        offer(items, u->files[i]);
    }
    json_object_foreach(items, label, item) {
        json_array_append(out, item);
    }
    json_decref(items);
    return out;
}
