/* Functions of C that agreements call: bound by the host, found in libraries that it allows, refused otherwise.
 * Usage: native NATIVE.entc, built from native.ent. */
#include <entente.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)
#define JANUARY_5 (INT64_C(1767607200) * SECOND) /* 2026-01-05T10:00:00Z */

static const char *path;
static char bytes[1 << 20];
static size_t len;
static const char *const libm[] = {"libm.so.6", NULL};

static int read_program(void **state)
{
    (void)state;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return 0;
}

static double risk_score(double x, int64_t n)
{
    return x * (double)n;
}

static const char *shout(const char *text, bool up, int64_t duration)
{
    static _Thread_local char loud[64];
    if (!up) {
        return NULL;
    }
    assert_int_equal(duration, 90 * SECOND);
    (void)snprintf(loud, sizeof loud, "%c!", text[0] - 'a' + 'A');
    return loud;
}

static bool is_big(int64_t n, int64_t hundredths)
{
    return n > 3 && hundredths > 1000;
}

static int64_t later(int64_t at, const char *party)
{
    assert_string_equal(party, "Host");
    return at + 24 * 3600 * SECOND;
}

static double mix(double a, int64_t b, const char *c, int64_t d, int64_t e, const char *f, const char *g, int64_t h,
                  bool i)
{
    assert_int_equal(b, 4);
    assert_int_equal(e % SECOND, 0);
    assert_string_equal(g, "Host");
    assert_true(strcmp(c, "a") == 0 ? d == 90 * SECOND && h == 1001 && i : d == 90 * SECOND && h == 1000 && i);
    return a + (strcmp(f, "high") == 0 ? 1000 : 0);
}

static const char *grade_of(int64_t n)
{
    return n == 4 ? "high" : NULL;
}

static ent_program *load(void)
{
    ent_program *program;
    ent_error error = {0};
    if (!ent_program_load(bytes, len, &(ent_load_options){.allow_libraries = libm}, &program, &error)) {
        fail_msg("%s", error.message);
    }
    return program;
}

static bool on_decision(void *user, const ent_decision *d)
{
    char *said = user;
    assert_true(strlen(said) < 400);
    (void)sprintf(said + strlen(said), "%s %lld/%lld/%lld\n", d->clause, (long long)d->counts.bad, (long long)d->counts.absent,
                  (long long)d->counts.samples);
    return true;
}

static void push(ent_session *s)
{
    static const int64_t at[] = {JANUARY_5, JANUARY_5 + SECOND, JANUARY_5 + 2 * SECOND};
    static const char *const ids[] = {"a", "b", "a"};
    static const double x[] = {5, 1, 0};
    static const uint8_t there[] = {1, 1, 0};
    static const int64_t n[] = {4, 4, 4};
    static const int64_t d[] = {1001, 1000, 5000};
    static const uint8_t up[] = {1, 1, 0};
    static const int64_t took[] = {90 * SECOND, 90 * SECOND, 0};
    static const char *const who[] = {"Host", "Host", "Host"};
    static const char *const grades[] = {"low", "high", "low"};
    const ent_column columns[] = {{.name = "at", .type = ENT_COLUMN_INSTANT, .data = at},
                                  {.name = "id", .type = ENT_COLUMN_TEXT, .data = ids},
                                  {.name = "x", .type = ENT_COLUMN_DOUBLE, .data = x, .present = there},
                                  {.name = "n", .type = ENT_COLUMN_INT64, .data = n},
                                  {.name = "d", .type = ENT_COLUMN_DECIMAL, .scale = 2, .data = d},
                                  {.name = "up", .type = ENT_COLUMN_BOOL, .data = up},
                                  {.name = "took", .type = ENT_COLUMN_DURATION, .data = took},
                                  {.name = "who", .type = ENT_COLUMN_TEXT, .data = who},
                                  {.name = "grade", .type = ENT_COLUMN_TEXT, .data = grades},
                                  {.name = NULL}};
    ent_error error = {0};
    if (!ent_session_push(s, "sample", columns, 3, &error)) {
        fail_msg("%s", error.message);
    }
}

static void bind_all(ent_program *program)
{
    ent_error error = {0};
    assert_true(ent_bind(program, "risk_score", (void *)risk_score, "number(number, int)", &error));
    assert_true(ent_bind(program, "shout", (void *)shout, "text(text,bool,duration)", &error));
    assert_true(ent_bind(program, "is_big", (void *)is_big, "bool(int, decimal(2))", &error));
    assert_true(ent_bind(program, "mix", (void *)mix,
                         "number(number, int, text, duration, instant, enum, party, decimal(2), bool)", &error));
    assert_true(ent_bind(program, "grade_of", (void *)grade_of, "enum(int)", &error));
    assert_true(ent_bind(program, "later", (void *)later, "instant(instant, party)", &error));
}

static void test_calls(void **state)
{
    char said[512] = "";
    ent_session *s;
    ent_error error = {0};
    (void)state;
    ent_program *program = load();
    bind_all(program);
    ent_session_options options = {.on_decision = on_decision, .user = said, .ledger = ENT_LEDGER_WHOLE};
    if (!ent_session_new(program, &options, &s, &error)) {
        fail_msg("%s", error.message);
    }
    push(s);
    if (!ent_session_finish(s, &error)) {
        fail_msg("%s", error.message);
    }
    ent_session_free(s);
    ent_program_release(program);
    assert_string_equal(said, "big 0/0/2\ngammas 0/1/1\ngraded 0/0/3\nlate 0/0/3\nloud 0/0/1\n"
                              "mixed 0/1/1\nmixed_else 0/1/2\nrisks 0/1/1\n");
}

static void test_what_is_not_bound(void **state)
{
    ent_session *s;
    ent_error error = {0};
    (void)state;
    ent_program *program = load();
    assert_false(ent_session_new(program, NULL, &s, &error));
    assert_string_equal(error.message, "`extern fn risk_score` is bound to nothing: ent_bind binds it");
    assert_int_equal(error.line, 5);
    assert_false(ent_bind(program, "risk_score", (void *)risk_score, "number(number)", &error));
    assert_string_equal(error.message,
                        "`extern fn risk_score` is declared as `number(number, int)`, not as `number(number)`");
    assert_int_equal(error.line, 5);
    assert_true(error.column > 0);
    assert_non_null(strstr(error.file, "native.ent"));
    assert_false(ent_bind(program, "gamma", (void *)risk_score, "number(number)", &error));
    assert_string_equal(error.message, "`extern fn gamma` is of library `libm.so.6`, not of the host");
    assert_false(ent_bind(program, "nothing", (void *)risk_score, "number(number)", &error));
    assert_string_equal(error.message, "the program has no `extern fn nothing`");
    ent_program_release(program);
}

static void test_libraries_that_are_not_allowed(void **state)
{
    ent_program *program;
    ent_error error = {0};
    (void)state;
    assert_false(ent_program_load(bytes, len, NULL, &program, &error));
    assert_int_equal(error.code, ENT_ERROR_PROGRAM);
    assert_string_equal(error.message, "`extern fn gamma`: it is not allowed to use library `libm.so.6`");
    assert_int_equal(error.line, 3);
    assert_non_null(strstr(error.file, "native.ent"));
}

static double not_finite(double x, int64_t n)
{
    return x / (double)(n - n);
}

static void test_a_result_that_is_no_number(void **state)
{
    ent_session *s;
    ent_error error = {0};
    (void)state;
    ent_program *program = load();
    bind_all(program);
    assert_true(ent_bind(program, "risk_score", (void *)not_finite, "number(number, int)", &error));
    assert_true(ent_session_new(program, NULL, &s, &error));
    push(s);
    assert_false(ent_session_finish(s, &error));
    assert_int_equal(error.code, ENT_ERROR_DATA);
    assert_string_equal(error.message, "`risk_score` gave no finite number");
    assert_true(error.line > 4);
    ent_session_free(s);
    ent_program_release(program);
}

static const char *no_grade(int64_t n)
{
    return n > 0 ? "middle" : NULL;
}

static void test_a_result_that_is_no_word(void **state)
{
    ent_session *s;
    ent_error error = {0};
    (void)state;
    ent_program *program = load();
    bind_all(program);
    assert_true(ent_bind(program, "grade_of", (void *)no_grade, "enum(int)", &error));
    assert_true(ent_session_new(program, NULL, &s, &error));
    push(s);
    assert_false(ent_session_finish(s, &error));
    assert_int_equal(error.code, ENT_ERROR_DATA);
    assert_string_equal(error.message, "`grade_of` gave `middle`, which is no `sample.grade`");
    ent_session_free(s);
    ent_program_release(program);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_what_is_not_bound),
        cmocka_unit_test(test_libraries_that_are_not_allowed),
        cmocka_unit_test(test_a_result_that_is_no_number),
        cmocka_unit_test(test_a_result_that_is_no_word),
    };
    path = argc > 1 ? argv[1] : "native.entc";
    return cmocka_run_group_tests(tests, read_program, NULL);
}
