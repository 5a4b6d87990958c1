/* Functions of the agreements that C calls: handed to a library as a callback, with all types, absent results,
 * failures, and one in each thread.
 * Usage: function FUNCTION.entc SORTER.so, built from function.ent and library/sorter.c. */
#include <entente.h>

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

static const char *path, *sorter;
static ent_program *program;

static int load(void **state)
{
    static char bytes[1 << 20];
    ent_error error;
    (void)state;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return ent_program_load(bytes, len, NULL, &program, &error) ? 0 : -1;
}

static int release(void **state)
{
    (void)state;
    ent_program_release(program);
    return 0;
}

static ent_function *make(const char *name, const char *signature, void *pointer)
{
    ent_function *f;
    ent_error error = {0};
    if (!ent_function_new(program, name, signature, &f, &error)) {
        fail_msg("%s", error.message);
    }
    void *code = ent_function_pointer(f);
    memcpy(pointer, &code, sizeof code);
    return f;
}

static void test_callback_of_a_library(void **state)
{
    double v[] = {1, -7, 3, 0.5, -2};
    static const double sorted[] = {-7, 3, -2, 1, 0.5};
    bool (*farther)(double, double);
    void (*sort)(double *, size_t, bool (*)(double, double));
    (void)state;
    void *library = dlopen(sorter, RTLD_NOW);
    assert_non_null(library);
    void *symbol = dlsym(library, "sorter_sort");
    memcpy(&sort, &symbol, sizeof symbol);
    ent_function *f = make("farther", "bool(number, number)", &farther);
    sort(v, 5, farther);
    assert_memory_equal(v, sorted, sizeof v);
    assert_true(ent_function_error(f, NULL));
    ent_function_free(f);
    dlclose(library);
}

static void test_types(void **state)
{
    int64_t (*weight)(const char *);
    const char *(*promote)(const char *, int64_t);
    const char *(*tail)(const char *, const char *);
    int64_t (*later)(int64_t, int64_t, const char *);
    double (*nine)(double, int64_t, const char *, int64_t, int64_t, const char *, const char *, int64_t, bool);
    (void)state;
    ent_function *f = make("weight", "int(enum)", &weight);
    assert_int_equal(weight("P1"), 100);
    assert_int_equal(weight("P3"), 1);
    ent_function_free(f);
    f = make("promote", "enum(enum,int)", &promote);
    assert_string_equal(promote("P2", 3), "P1");
    assert_string_equal(promote("P3", 3), "P3");
    ent_function_free(f);
    f = make("tail", "text(text, text)", &tail);
    assert_string_equal(tail("LOUD", "else"), "loud");
    assert_string_equal(tail(NULL, "else"), "else");
    assert_null(tail(NULL, NULL));
    for (int i = 0; i < 20000; i++) { /* its table of texts is made anew */
        char text[32], wanted[32];
        (void)snprintf(text, sizeof text, "TEXT %d", i);
        (void)snprintf(wanted, sizeof wanted, "text %d", i);
        assert_string_equal(tail(text, ""), wanted);
    }
    assert_true(ent_function_error(f, NULL));
    ent_function_free(f);
    f = make("later", "instant(instant, duration, party)", &later);
    assert_int_equal(later(10 * SECOND, SECOND, "Host"), 11 * SECOND);
    assert_int_equal(later(10 * SECOND, SECOND, "Shop"), 10 * SECOND);
    ent_function_free(f);
    f = make("nine", "number(number, int, text, duration, instant, enum, service, decimal(2), bool)", &nine);
    assert_true(nine(1.5, 2, "c", SECOND, 0, "P3", "web", 125, true) == 1.5);
    assert_true(nine(1.5, 2, "c", SECOND, 0, "P3", "web", 125, false) == 0);
    ent_function_free(f);
}

static void test_failures(void **state)
{
    int64_t (*product)(int64_t, int64_t);
    double (*rate)(double, double);
    int64_t (*weight)(const char *);
    ent_error error;
    (void)state;
    ent_function *f = make("product", "int(int, int)", &product);
    assert_int_equal(product(6, 7), 42);
    assert_int_equal(product(INT64_MAX, 2), 0);
    assert_int_equal(product(INT64_MAX, 3), 0);
    assert_false(ent_function_error(f, &error)); /* the first one */
    assert_int_equal(error.code, ENT_ERROR_DATA);
    assert_non_null(strstr(error.message, "`product`: 9223372036854775807 * 2"));
    assert_int_equal(error.line, 22);
    assert_true(ent_function_error(f, &error));
    assert_int_equal(product(2, 2), 4);
    ent_function_free(f);
    f = make("rate", "number(number, number)", &rate);
    assert_true(isnan(rate(1, 0))); /* absent, which is no failure */
    assert_true(ent_function_error(f, NULL));
    assert_true(isnan(rate(NAN, 1)));
    assert_false(ent_function_error(f, &error));
    assert_string_equal(error.message, "`rate`: an argument is not finite");
    ent_function_free(f);
    f = make("weight", "int(enum)", &weight);
    assert_int_equal(weight("P9"), 0);
    assert_false(ent_function_error(f, &error));
    assert_string_equal(error.message, "`weight`: there is no `P9`");
    ent_function_free(f);
}

static void test_what_cannot_be_had(void **state)
{
    ent_function *f;
    ent_error error;
    (void)state;
    assert_false(ent_function_new(program, "rate", "number(number)", &f, &error));
    assert_string_equal(error.message, "`fn rate` is declared as `number(number, number)`, not as `number(number)`");
    assert_int_equal(error.line, 24);
    assert_null(f);
    static const char *const none[] = {"nothing", "costly", "through", "gamma"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_false(ent_function_new(program, none[i], "bool(number)", &f, &error));
        assert_non_null(strstr(error.message, "that C could call"));
        assert_int_equal(error.code, ENT_ERROR_USAGE);
    }
}

static void *count(void *unused)
{
    double (*rate)(double, double);
    double sum = 0;
    (void)unused;
    ent_function *f = make("rate", "number(number, number)", &rate);
    for (int i = 0; i < 1000; i++) {
        sum += rate(i, 2);
    }
    ent_function_free(f);
    assert_true(sum == 249750);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_callback_of_a_library), cmocka_unit_test(test_types),
        cmocka_unit_test(test_failures),              cmocka_unit_test(test_what_cannot_be_had),
        cmocka_unit_test(test_threads),
    };
    path = argc > 1 ? argv[1] : "function.entc";
    sorter = argc > 2 ? argv[2] : "./sorter.so";
    return cmocka_run_group_tests(tests, load, release);
}
