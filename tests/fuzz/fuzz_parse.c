/* Fuzzer for scanner, parser, diagnostics and tree dump.
 *
 *     fuzz_parse [-n COUNT] [-s SEED] [FILE…]
 *
 * Three kinds of input, all from one seed (printed, so that a run can be repeated): random bytes,
 * soups of tokens, and mutations of the files named.  Each input is parsed as plain or literate
 * source and its diagnostics rendered in every format; nothing may crash, leak or hang, and the
 * tree of a source without errors must be well-formed.  Run it under ASan and UBSan.  Linked with
 * libFuzzer (define ENT_FUZZ_LIBFUZZER) it has no main but the usual entry point. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compiler/syntax/parse.h"
#include "tests/fuzz/random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(const ent_node *n, size_t len)
{
    return n->span.start <= n->span.end && n->span.end <= len;
}

static void check_tree(const ent_node *n, size_t len, bool clean)
{
    if (n->kind == ENT_NODE_NONE || n->kind >= ENT_NODE_COUNT || !inside(n, len) || n->slot != 0 ||
        (clean && n->kind == ENT_NODE_ERROR)) {
        (void)fprintf(stderr, "malformed node: kind %u, span %u-%u of %zu\n", n->kind,
                      n->span.start, n->span.end, len);
        abort();
    }
    for (uint32_t i = 0; i < n->n_kids; i++) {
        if (n->kids[i] != NULL) {
            check_tree(n->kids[i], len, clean);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool literate = size > 0 && data[0] % 8 == 0;
    ent_arena *arena = ent_arena_create((size_t)256 * 1024 * 1024);
    ent_sources *sources = ent_sources_create(arena);
    ent_diags *diags = ent_diags_new(arena, sources);
    uint32_t file;
    if (!ent_sources_add(sources, literate ? "fuzz.ent.md" : "fuzz.ent", (const char *)data, size,
                         &file)) {
        abort();
    }
    ent_node *tree = ent_parse(arena, sources, file, diags);
    ent_text out = {0};
    if (tree != NULL) {
        check_tree(tree, size, ent_diags_error_count(diags) == 0);
        ent_dump_tree(tree, &out);
    }
    ent_diags_render(diags, &out, (size & 1) != 0 ? ENT_DIAGS_COLOUR : 0);
    ent_diags_render_json(diags, &out);
    ent_diags_render_sarif(diags, &out);
    if (out.failed) {
        abort();
    }
    ent_text_deinit(&out);
    ent_arena_destroy(arena);
    return 0;
}

#ifndef ENT_FUZZ_LIBFUZZER

enum { FILES_MAX = 64, INPUT_MAX = 2048, SLOW_MS = 2000 };

typedef struct corpus {
    char *text[FILES_MAX];
    size_t len[FILES_MAX];
    size_t n;
} corpus;

static const char *const soup[] = {
#define ENT_KEYWORD(word, token, kind) #word,
#include "compiler/syntax/keywords.def"
#undef ENT_KEYWORD
    "{",
    "}",
    "(",
    ")",
    ",",
    ":",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "->",
    "..",
    ".x",
    "x",
    "share of",
    "at least",
    "at most",
    "one of",
    "no data",
    "counts as",
    "is absent",
    "is not absent",
    "time share of",
    "approximate percentile",
    "time in",
    "credit cap",
    "4h",
    "1h30m",
    "99.9%",
    "GBP 5.00",
    "12",
    "1_000",
    "2.5",
    "2026-01-01",
    "2026-01-01T09:00:00Z",
    "09:00",
    "\"text\"",
    "`a b`",
    "\"\"\"\n a\n\"\"\"",
    "\n",
    "\n",
    "\n",
    "// c\n",
    "/// d\n",
    "5x",
    "1,000",
    "\"",
    "`",
    "\"\"\"",
    "/*",
    "\xE2\x89\xA5",
    "\xC3\xA9",
    ";",
    "met",
    "breach",
    "restart",
    "ignored",
    "down",
    "month",
    "csv",
    "party",
    "each month",
    "mon..fri",
    "P1",
    "HostCo",
    "```entente\n",
    "\n```\n",
    "x y\n  x y",
    "2026-01-01T09:00:00"};

static size_t put(char *out, size_t n, const char *text, size_t len)
{
    len = len > INPUT_MAX - n ? INPUT_MAX - n : len;
    memcpy(out + n, text, len);
    return n + len;
}

static size_t make_soup(uint64_t *state, char *out)
{
    static const char *const starts[] = {"",
                                         "sla X {",
                                         "framework F {",
                                         "duty d A must x\n",
                                         "objective o x at least 1 each day\n",
                                         "feed f {",
                                         "bind f from csv\n",
                                         "measure m ",
                                         "scenario \"s\"\n",
                                         "calendar c\n"};
    size_t words = 1 + below(state, 60);
    const char *start = starts[below(state, sizeof starts / sizeof starts[0])];
    size_t n = put(out, 0, start, strlen(start));
    for (size_t i = 0; i < words; i++) {
        const char *word = soup[below(state, sizeof soup / sizeof soup[0])];
        n = put(out, n, word, strlen(word));
        n = put(out, n, " ", below(state, 8) != 0);
    }
    return n;
}

static size_t make_bytes(uint64_t *state, char *out)
{
    size_t n = below(state, 200);
    for (size_t i = 0; i < n; i++) {
        uint64_t r = next_random(state);
        out[i] = (char)(r % 3 == 0 ? r >> 8 & 0xFF : 32 + (r >> 8) % 95);
    }
    return n;
}

/* Deletes, doubles, swaps, inserts tokens and bytes in a piece of a real source. */
static size_t make_mutation(uint64_t *state, const corpus *c, char *out)
{
    size_t which = below(state, c->n);
    size_t piece = c->len[which] < 600 ? c->len[which] : 200 + below(state, 600);
    size_t from = below(state, c->len[which] - (piece < c->len[which] ? piece : c->len[which]) + 1);
    if (below(state, 2) == 0) { /* begin at a line */
        while (from > 0 && c->text[which][from - 1] != '\n') {
            from--;
        }
    }
    piece = piece > c->len[which] - from ? c->len[which] - from : piece;
    size_t n = put(out, 0, c->text[which] + from, piece);
    for (size_t edits = 1 + below(state, 4); edits > 0 && n > 0; edits--) {
        size_t at = below(state, n);
        size_t len = 1 + below(state, 12);
        len = len > n - at ? n - at : len;
        const char *word = soup[below(state, sizeof soup / sizeof soup[0])];
        size_t w = strlen(word);
        switch (below(state, 4)) {
        case 0: /* delete */
            memmove(out + at, out + at + len, n - at - len);
            n -= len;
            break;
        case 1: /* a byte */
            out[at] = (char)next_random(state);
            break;
        default: /* a token in place of some bytes, or between them */
            len = below(state, 2) == 0 ? 0 : len;
            if (n - len + w <= INPUT_MAX) {
                memmove(out + at + w, out + at + len, n - at - len);
                memcpy(out + at, word, w);
                n = n - len + w;
            }
            break;
        }
    }
    return n;
}

static void load(corpus *c, const char *path)
{
    FILE *in = fopen(path, "rb");
    if (in == NULL || c->n == FILES_MAX) {
        (void)fprintf(stderr, "%s: %s\n", path, in == NULL ? strerror(errno) : "too many files");
        exit(2);
    }
    size_t cap = (size_t)1 << 20;
    char *text = malloc(cap);
    size_t len = text == NULL ? 0 : fread(text, 1, cap, in);
    (void)fclose(in);
    if (len == 0) {
        free(text);
        return;
    }
    c->text[c->n] = text;
    c->len[c->n++] = len;
}

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    size_t count = 100000;
    corpus c = {0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-n") == 0 && i + 1 < argc) {
            count = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "-s") == 0 && i + 1 < argc) {
            seed = strtoull(argv[++i], NULL, 10);
        } else {
            load(&c, argv[i]);
        }
    }
    (void)printf("fuzz_parse: seed %llu, %zu inputs, %zu files\n", (unsigned long long)seed, count,
                 c.n);
    (void)fflush(stdout);
    for (size_t i = 0; i < count; i++) {
        uint64_t state = seed * 0x100000001B3U + i;
        char input[INPUT_MAX + 1];
        size_t kind = below(&state, c.n > 0 ? 4 : 2);
        size_t n = kind == 0   ? make_bytes(&state, input)
                   : kind == 1 ? make_soup(&state, input)
                               : make_mutation(&state, &c, input);
        uint64_t start = now_ms();
        /* Exactly as long as the input, so that reading past it is seen. */
        uint8_t *copy = malloc(n == 0 ? 1 : n);
        if (copy == NULL) {
            return 2;
        }
        memcpy(copy, input, n);
        (void)LLVMFuzzerTestOneInput(copy, n);
        free(copy);
        if (now_ms() - start > SLOW_MS) {
            (void)printf("input %zu took more than %d ms\n", i, (int)SLOW_MS);
            return 1;
        }
    }
    for (size_t i = 0; i < c.n; i++) {
        free(c.text[i]);
    }
    (void)printf("fuzz_parse: %zu passed, 0 failed\n", count);
    return 0;
}
#endif
