/* Memory and limits: everything comes from the host's allocator and goes back to it, whatever fails; limits are errors.
 * Usage: memory CLUB.entc, built from club.ent. */
#include "club.h"

/* Counts, and refuses the allocation number fail_at. */
typedef struct counting {
    size_t calls, fail_at;
    size_t blocks, bytes;
} counting;

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    counting *c = user;
    assert_int_equal(block == NULL, old_size == 0);
    if (new_size == 0) {
        c->blocks--;
        c->bytes -= old_size;
        free(block);
        return NULL;
    }
    if (++c->calls == c->fail_at) {
        return NULL;
    }
    void *grown = realloc(block, new_size);
    assert_non_null(grown);
    c->blocks += block == NULL;
    c->bytes += new_size - old_size;
    return grown;
}

static char bytes_of_program[1 << 20];
static size_t len_of_program;

static int read_program(void **state)
{
    (void)state;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    len_of_program = fread(bytes_of_program, 1, sizeof bytes_of_program, f);
    fclose(f);
    return 0;
}

static const char csv[] = "at,id,state,part,party,up,n,x,d,r,fee,took,clock\n"
                          "2026-01-06T10:00:00Z,e,bad,web,Host,false,1,1.5,12.50,99.9%,12.50,250ms,00:00\n";

/* A whole life; false with what failed. */
static bool live(counting *c, ent_error *error)
{
    ent_column columns[COLUMNS + 1];
    static record r;
    ent_program *own = NULL;
    ent_session *s = NULL;
    ent_allocator allocator = {resize, c};
    typed_columns(columns);
    r = (record){.len = 0};
    ent_session_options options = {.on_decision = on_decision, .on_line = on_line, .user = &r, .ledger = ENT_LEDGER_WHOLE};
    bool ok = ent_program_load(bytes_of_program, len_of_program, &(ent_load_options){.allocator = allocator}, &own, error) &&
              ent_session_new(own, &options, &s, error) &&
              ent_session_push(s, "sample", columns, ROWS, error) &&
              ent_session_advance(s, JANUARY_5 + 2 * SECOND, error) &&
              ent_session_push_text(s, "sample", "csv", csv, sizeof csv - 1, error) && ent_session_finish(s, error);
    assert_true(!ok || r.n_lines == 7);
    ent_session_free(s);
    ent_program_release(own);
    return ok;
}

static void test_all_of_it_is_the_hosts(void **state)
{
    counting c = {.calls = 0};
    ent_error error = {0};
    (void)state;
    assert_true(live(&c, &error));
    assert_true(c.calls > 100);
    assert_int_equal(c.blocks, 0);
    assert_int_equal(c.bytes, 0);
}

/* Allocation 1, 2, 3 … fails, until nothing does. */
static void test_any_allocation_may_fail(void **state)
{
    size_t n = 0;
    (void)state;
    for (bool ok = false; !ok;) {
        counting c = {.fail_at = ++n};
        ent_error error = {0};
        ok = live(&c, &error);
        if (!ok && (error.code != ENT_ERROR_MEMORY || strcmp(error.message, "out of memory") != 0)) {
            fail_msg("allocation %zu: code %d, %s", n, error.code, error.message);
        }
        assert_true(ok || c.calls >= n);
        assert_int_equal(c.blocks, 0);
        assert_int_equal(c.bytes, 0);
    }
    assert_true(n > 100);
}

static void expect_limit(const ent_session_options *options, const char *message)
{
    ent_column columns[COLUMNS + 1];
    ent_session *s = NULL;
    ent_error error = {0};
    typed_columns(columns);
    bool ok = ent_session_new(program, options, &s, &error) && ent_session_push(s, "sample", columns, ROWS, &error) &&
              ent_session_finish(s, &error);
    assert_false(ok);
    assert_int_equal(error.code, ENT_ERROR_LIMIT);
    assert_string_equal(error.message, message);
    ent_session_free(s);
}

static void test_limits_are_errors(void **state)
{
    ent_program *p;
    ent_error error = {0};
    (void)state;
    expect_limit(&(ent_session_options){.memory_max = 10000}, "more memory than the 10000 bytes that are allowed");
    expect_limit(&(ent_session_options){.instructions_max = 40}, "more instructions than the 40 that a call is allowed");
    expect_limit(&(ent_session_options){.keys_max = 1}, "more keys than the 1 that are allowed");
    assert_false(ent_program_load(bytes_of_program, len_of_program, &(ent_load_options){.memory_max = 5000}, &p, &error));
    assert_int_equal(error.code, ENT_ERROR_LIMIT);
    assert_null(p);
}

/* What a session says that it takes is what it took, and with that much it can do its work. */
static void test_usage(void **state)
{
    ent_column columns[COLUMNS + 1];
    ent_usage usage;
    ent_usage again;
    ent_session *s;
    counting c = {.calls = 0};
    (void)state;
    ent_session_options options = {.allocator = {resize, &c}, .instructions_max = 1000000};
    typed_columns(columns);
    assert_true(ent_session_new(program, &options, &s, NULL));
    push_all(s, columns, ROWS);
    ent_session_usage(s, &usage);
    assert_int_equal(usage.memory, c.bytes);
    finish(s);
    ent_session_usage(s, &again);
    assert_true(again.memory_peak >= usage.memory && again.memory_peak >= again.memory);
    assert_true(again.instructions > 0);
    ent_session_free(s);
    assert_int_equal(c.blocks, 0);
    options = (ent_session_options){.memory_max = again.memory_peak};
    assert_true(ent_session_new(program, &options, &s, NULL));
    push_all(s, columns, ROWS);
    finish(s);
    ent_session_free(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all_of_it_is_the_hosts, read_program),
        cmocka_unit_test(test_any_allocation_may_fail),
        cmocka_unit_test(test_limits_are_errors),
        cmocka_unit_test(test_usage),
    };
    path = argc > 1 ? argv[1] : "club.entc";
    return cmocka_run_group_tests(tests, open_program, close_program);
}
