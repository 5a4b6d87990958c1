/* Unit tests of compiler/syntax: arena, sources, diagnostics, suggestions, and what of the parser
 * is told by numbers rather than by a golden file: limits, bytes that are not text, memory that
 * runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/syntax/parse.h"

typedef struct world {
    ent_arena *arena;
    ent_sources *sources;
    ent_diags *diags;
    ent_node *tree;
    uint32_t file;
} world;

static world parse_as(const char *path, const char *text, size_t len)
{
    world w = {0};
    w.arena = ent_arena_create(0);
    w.sources = ent_sources_create(w.arena);
    w.diags = ent_diags_new(w.arena, w.sources);
    assert_true(ent_sources_add(w.sources, path, text, len, &w.file));
    w.tree = ent_parse(w.arena, w.sources, w.file, w.diags);
    assert_non_null(w.tree);
    return w;
}

static world parse(const char *text)
{
    return parse_as("t.ent", text, strlen(text));
}

static void leave(world *w)
{
    ent_arena_destroy(w->arena);
}

static void assert_shows(world *w, const char *part)
{
    ent_text t = {0};
    ent_diags_render(w->diags, &t, 0);
    if (strstr(ent_text_str(&t), part) == NULL) {
        fail_msg("`%s` is not in:\n%s", part, ent_text_str(&t));
    }
    ent_text_deinit(&t);
}

static void test_arena(void **state)
{
    (void)state;
    ent_arena *a = ent_arena_create(0);
    char *p = ent_arena_alloc(a, 3);
    assert_int_equal((uintptr_t)p % 16, 0);
    assert_int_equal(p[0] | p[1] | p[2], 0);
    char *large = ent_arena_alloc(a, (size_t)3 << 20);
    assert_non_null(large);
    memset(large, 1, (size_t)3 << 20);
    assert_int_equal(*(char *)ent_arena_alloc(a, 1), 0);
    assert_string_equal(ent_arena_printf(a, "%d-%s", 7, "x"), "7-x");
    assert_null(ent_arena_alloc_array(a, SIZE_MAX / 2, 3));
    assert_true(ent_arena_failed(a));
    assert_null(ent_arena_alloc(a, 1));
    ent_arena_destroy(a);
    ent_arena_destroy(NULL);
}

static void test_intern(void **state)
{
    (void)state;
    ent_arena *a = ent_arena_create(0);
    const char *first = ent_intern(a, "hosting!", 7);
    assert_string_equal(first, "hosting");
    for (int i = 0; i < 5000; i++) {
        char name[16];
        int n = snprintf(name, sizeof name, "n%d", i);
        assert_ptr_equal(ent_intern(a, name, (size_t)n), ent_intern_text(a, name));
    }
    assert_ptr_equal(first, ent_intern_text(a, "hosting"));
    assert_ptr_not_equal(ent_intern(a, "a\0b", 3), ent_intern(a, "a\0c", 3));
    assert_ptr_equal(ent_intern(a, "", 0), ent_intern_text(a, ""));
    ent_arena_destroy(a);
}

static void test_arena_maximum(void **state)
{
    (void)state;
    ent_arena *a = ent_arena_create(64 * 1024);
    size_t n = 0;
    while (ent_arena_alloc(a, 1024) != NULL) {
        n++;
    }
    assert_in_range(n, 20, 64);
    assert_true(ent_arena_bytes(a) <= 64 * 1024);
    ent_arena_destroy(a);
}

static void test_positions(void **state)
{
    (void)state;
    ent_arena *a = ent_arena_create(0);
    ent_sources *s = ent_sources_create(a);
    uint32_t f;
    static const char text[] = "\xEF\xBB\xBF"
                               "ab\r\n\xC3\xA4\xE2\x82\xACx\n\nlast";
    assert_true(ent_sources_add(s, "f.ent", text, sizeof text - 1, &f));
    ent_position p = ent_source_position(s, f, 3);
    assert_int_equal(p.line, 1);
    assert_int_equal(p.column, 1);
    p = ent_source_position(s, f, 12);
    assert_int_equal(p.line, 2);
    assert_int_equal(p.column, 3);
    p = ent_source_position(s, f, UINT32_MAX);
    assert_int_equal(p.line, 4);
    assert_int_equal(p.column, 5);
    size_t len;
    const char *line = ent_source_line(s, f, 1, &len);
    assert_int_equal(len, 2);
    assert_memory_equal(line, "ab", 2);
    assert_null(ent_source_line(s, f, 5, &len));
    assert_null(ent_source_line(s, f, 0, &len));
    assert_int_equal(ent_source_line_count(s, f), 4);
    assert_int_equal(ent_sources_find(s, "f.ent"), f);
    assert_int_equal(ent_sources_find(s, "g.ent"), ENT_NO_FILE);
    assert_int_equal(ent_source_position(s, 9, 0).line, 0);
    assert_int_not_equal(ent_sources_load(s, "/nonexistent/x.ent", &f), 0);
    ent_arena_destroy(a);
}

static void test_suggest(void **state)
{
    (void)state;
    static const char *const names[] = {"NetCo", "HostCo", NULL, "AppCo", "restart"};
    assert_string_equal(ent_diag_suggest("NetC", names, 5), "NetCo");
    assert_string_equal(ent_diag_suggest("hotsco", names, 5), "HostCo");
    assert_string_equal(ent_diag_suggest("restrat", names, 5), "restart");
    assert_null(ent_diag_suggest("Payments", names, 5));
    assert_null(ent_diag_suggest("", names, 5));
    assert_null(ent_diag_suggest("x", names, 0));
}

static void test_codes(void **state)
{
    (void)state;
    assert_int_equal(ent_diag_code_find("E0101"), ENT_DIAG_E0101);
    assert_int_equal(ent_diag_code_find("E9999"), ENT_DIAG_NONE);
    assert_null(ent_diag_code_info(ENT_DIAG_NONE));
    for (int i = 1; i < ENT_DIAG_COUNT; i++) {
        const ent_diag_info *info = ent_diag_code_info((ent_diag_code)i);
        assert_int_equal(ent_diag_code_find(info->code), i);
        assert_int_equal(info->code[0], info->severity == ENT_SEVERITY_ERROR ? 'E' : 'W');
        for (int j = 1; j < i; j++) {
            assert_string_not_equal(info->slug, ent_diag_code_info((ent_diag_code)j)->slug);
        }
    }
}

static void test_rendering(void **state)
{
    (void)state;
    world w = parse("framework F { }\nmeasure abc 1\n");
    uint32_t other;
    assert_true(ent_sources_add(w.sources, "other.ent", "party NetCo\n", 12, &other));
    ent_diag *d =
        ent_diag_add(w.diags, ENT_DIAG_E0119, (ent_span){0, 24, 27}, "unknown party `%s`", "abc");
    ent_diag_primary_label(d, "no such party");
    ent_diag_label(d, (ent_span){other, 6, 11}, "a similar one is here");
    ent_diag_note(d, "parties stand in the framework");
    ent_diag_fix(d, (ent_span){0, 24, 27}, "NetCo", "did you mean `%s`?", "NetCo");
    (void)ent_diag_add(w.diags, ENT_DIAG_E0119, (ent_span){0, 24, 27}, "unknown party `abc`");
    (void)ent_diag_add(w.diags, ENT_DIAG_W0101, (ent_span){0, 0, 9}, "first by place");
    (void)ent_diag_add(w.diags, ENT_DIAG_E0116, ENT_NO_SPAN, "without a place");
    assert_int_equal(ent_diags_error_count(w.diags), 2);
    assert_int_equal(ent_diags_warning_count(w.diags), 1);
    ent_text t = {0};
    ent_diags_render(w.diags, &t, 0);
    assert_string_equal(ent_text_str(&t), "warning[W0101]: first by place\n"
                                          " --> t.ent:1:1\n"
                                          "  |\n"
                                          "1 | framework F { }\n"
                                          "  | ^^^^^^^^^\n"
                                          "\n"
                                          "error[E0119]: unknown party `abc`\n"
                                          " --> t.ent:2:9\n"
                                          "  |\n"
                                          "2 | measure abc 1\n"
                                          "  |         ^^^ no such party\n"
                                          " ::: other.ent:1:7\n"
                                          "  |\n"
                                          "1 | party NetCo\n"
                                          "  |       ----- a similar one is here\n"
                                          "  |\n"
                                          "  = note: parties stand in the framework\n"
                                          "  = help: did you mean `NetCo`?\n"
                                          "\n"
                                          "error[E0116]: without a place\n"
                                          "\n"
                                          "2 errors, 1 warning\n");
    ent_text_deinit(&t);
    leave(&w);
}

static void test_cap(void **state)
{
    (void)state;
    ent_text source = {0};
    for (int i = 0; i < 20000; i++) {
        ent_text_puts(&source, "measure a 5x\n");
    }
    world w = parse_as("t.ent", source.data, source.len);
    assert_int_equal(ent_diags_error_count(w.diags), 20000);
    assert_shows(&w, "\n19950 more\n20000 errors\n");
    ent_text_deinit(&source);
    leave(&w);
}

static void test_doc_comments(void **state)
{
    (void)state;
    world w = parse("/// one\n/// two\nmeasure a 1\n//// no\n// no\nmeasure b 2\n");
    assert_int_equal(ent_diags_error_count(w.diags), 0);
    assert_int_equal(w.tree->n_kids, 2);
    assert_string_equal(w.tree->kids[0]->doc, "one\ntwo");
    assert_null(w.tree->kids[1]->doc);
    leave(&w);
}

static void test_literals(void **state)
{
    (void)state;
    world w = parse(
        "measure a 99.9%\nmeasure b GBP 120_000.00\nmeasure c 2026-01-01T09:00:00.25+01:00\n"
        "measure d 9223372036854775807\nmeasure e 1970-01-02\nmeasure f ((\"a\\u{20AC}\"))\n");
    assert_int_equal(ent_diags_error_count(w.diags), 0);
    const ent_node *n = w.tree->kids[0]->kids[2];
    assert_true(n->q.num == 999 && n->q.den == 1000);
    n = w.tree->kids[1]->kids[2];
    assert_true(n->q.num == 120000 && n->q.den == 1);
    assert_string_equal(n->text, "GBP");
    n = w.tree->kids[2]->kids[2];
    assert_true(n->i == INT64_C(1767254400250000000));
    assert_true(w.tree->kids[3]->kids[2]->i == INT64_MAX);
    assert_true(w.tree->kids[4]->kids[2]->i == 1);
    n = w.tree->kids[5]->kids[2];
    assert_int_equal(n->text_len, 4);
    assert_memory_equal(n->text, "a\xE2\x82\xAC", 4);
    leave(&w);
}

static void test_block_text(void **state)
{
    (void)state;
    world w = parse("scenario \"s\" given t \"\"\"\r\n    at,id\r\n      x,\"\\n\"\n\n  \"\"\"\n"
                    "given u \"\"\"one line\"\"\" given v \"p.csv\"");
    assert_int_equal(ent_diags_error_count(w.diags), 0);
    const ent_node *s = w.tree->kids[0];
    assert_string_equal(s->kids[0]->text, "at,id\n  x,\"\\n\"\n\n");
    assert_int_equal(s->kids[0]->op, 0);
    assert_string_equal(s->kids[1]->text, "one line");
    assert_int_equal(s->kids[2]->op, 1);
    leave(&w);
}

static void test_bytes(void **state)
{
    (void)state;
    world w = parse_as("t.ent", "\xEF\xBB\xBFmeasure a 1\r\nmeasure b 2\r\n", 29);
    assert_int_equal(ent_diags_error_count(w.diags), 0);
    assert_int_equal(w.tree->n_kids, 2);
    leave(&w);
    w = parse_as("t.ent", "measure a\0b 1\nmeasure c \xFF\n", 26);
    assert_int_equal(ent_diags_error_count(w.diags), 3);
    assert_shows(&w, "E0115");
    assert_shows(&w, "byte 0xFF is not UTF-8 text");
    leave(&w);
    w = parse_as("t.ent", "\xFF\xFEm\0", 4);
    assert_shows(&w, "the file is UTF-16 text");
    leave(&w);
}

static void test_size_limit(void **state)
{
    (void)state;
    size_t len = ENT_SOURCE_BYTES_MAX + 1;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, ' ', len);
    world w = parse_as("t.ent", text, len);
    assert_shows(&w, "error[E0116]");
    leave(&w);
    w = parse_as("t.ent", text, len - 1);
    assert_int_equal(ent_diags_error_count(w.diags), 0);
    leave(&w);
    free(text);
}

static world parse_repeated(const char *before, const char *unit, size_t n, const char *after)
{
    ent_text t = {0};
    ent_text_puts(&t, before);
    for (size_t i = 0; i < n; i++) {
        ent_text_puts(&t, unit);
    }
    ent_text_puts(&t, after);
    world w = parse_as("t.ent", t.data, t.len);
    ent_text_deinit(&t);
    return w;
}

static void test_depth_limit(void **state)
{
    (void)state;
    static const char *const units[] = {
        "(",  "not ",  "- ",     "if a then b else ", "a + ", "all v in xs: ", "match x { else -> ",
        "f(", "a or ", "x in {", "share of f where "};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        world w = parse_repeated("measure m ", units[i], 100000, "x\nmeasure n 1\n");
        assert_int_equal(ent_diags_error_count(w.diags), 1);
        assert_shows(&w, "error[E0117]");
        leave(&w);
    }
    world w = parse_repeated("measure m x", ".y", 100000, "\n");
    assert_shows(&w, "error[E0117]");
    leave(&w);
    w = parse_repeated("measure m ", "a + ", 900, "x\n");
    assert_int_equal(ent_diags_error_count(w.diags), 0);
    leave(&w);
    w = parse_repeated("measure m ", "(", 190, "x");
    leave(&w);
}

/* Parsing with ever less memory gives NULL or a tree, never a crash. */
static void test_no_memory(void **state)
{
    (void)state;
    static const char text[] =
        "framework F \"t\" version 1 { client A provider B \"b\" alias \"c\" service s by B\n"
        "require r all p in xs: count(a in slas where a == p) == 1 credit cap 5% of charge each "
        "month }\n"
        "feed f { at instant kind one of a, b }\nbind f from csv absent \"?\"\n a = match x { "
        "\"1\" -> b else -> skip }\n"
        "duty d B must f.a when f.b where x == y within 4h for P1, 8h otherwise pausing during z\n"
        "objective o share of f where x at least 9% each day credit none when at least 9%, 5% of "
        "charge otherwise\n"
        "scenario \"s\" given f \"\"\"\n a\n\"\"\" expect breach of A.b for C responsible D "
        "5%\nmeasure m 5x = = 3\n";
    for (size_t maximum = 1024; maximum < 200 * 1024; maximum += 512) {
        ent_arena *a = ent_arena_create(maximum);
        ent_sources *s = ent_sources_create(a);
        ent_diags *d = s == NULL ? NULL : ent_diags_new(a, s);
        uint32_t f;
        if (d != NULL && ent_sources_add(s, "t.ent", text, sizeof text - 1, &f)) {
            ent_node *tree = ent_parse(a, s, f, d);
            assert_true(tree == NULL || ent_diags_error_count(d) > 0);
        }
        ent_arena_destroy(a);
    }
}

static void test_reserved(void **state)
{
    (void)state;
    assert_true(ent_word_is_reserved("when", 4));
    assert_true(ent_word_is_reserved("duty", 4));
    assert_false(ent_word_is_reserved("service", 7));
    assert_false(ent_word_is_reserved("whe", 3));
    assert_false(ent_word_is_reserved("whenx", 5));
    assert_false(ent_word_is_reserved("", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena),         cmocka_unit_test(test_intern),
        cmocka_unit_test(test_arena_maximum), cmocka_unit_test(test_positions),
        cmocka_unit_test(test_suggest),       cmocka_unit_test(test_codes),
        cmocka_unit_test(test_rendering),     cmocka_unit_test(test_cap),
        cmocka_unit_test(test_doc_comments),  cmocka_unit_test(test_literals),
        cmocka_unit_test(test_block_text),    cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_size_limit),    cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_no_memory),     cmocka_unit_test(test_reserved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
