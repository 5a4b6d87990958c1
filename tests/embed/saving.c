/* A session that is saved, thrown away and restored gives the ledger of one that was not; bytes that were cut or changed
 * are refused.
 * Usage: saving CLUB.entc, built from club.ent. */
#include "club.h"

typedef struct stream {
    unsigned char bytes[1 << 16];
    size_t n, at;
} stream;

static bool write_bytes(void *user, const void *bytes, size_t n)
{
    stream *s = user;
    assert_true(s->n + n <= sizeof s->bytes);
    memcpy(s->bytes + s->n, bytes, n);
    s->n += n;
    return true;
}

static bool read_bytes(void *user, void *bytes, size_t n)
{
    stream *s = user;
    if (s->n - s->at < n) {
        return false;
    }
    memcpy(bytes, s->bytes + s->at, n);
    s->at += n;
    return true;
}

static void push_one(ent_session *s, size_t row)
{
    ent_column columns[COLUMNS + 1];
    text_columns(columns);
    for (size_t i = 0; i < COLUMNS; i++) {
        columns[i].data = &texts[i][row];
    }
    push_all(s, columns, 1);
}

/* Rows one by one, two months on, and the rows again; `every` how many steps the session is saved and restored. */
static void run_with(record *r, size_t every)
{
    static stream saved;
    ent_error error = {0};
    *r = (record){.len = 0};
    ent_session *s = session_of(r, ENT_LEDGER_LIVE);
    ent_session_options options = {.on_decision = on_decision, .on_line = on_line, .user = r};
    for (size_t i = 0; i < 2 * ROWS; i++) {
        if (i == ROWS) {
            assert_true(ent_session_advance(s, FEBRUARY_2, &error));
        }
        push_one(s, i % ROWS);
        if (every == 0 || i % every != 0) {
            continue;
        }
        saved.n = saved.at = 0;
        assert_true(ent_session_save(s, &(ent_writer){.write = write_bytes, .user = &saved, .error = &error}));
        ent_session_free(s);
        ent_reader reader = {.read = read_bytes, .user = &saved, .options = &options};
        if (!ent_session_restore(program, &reader, &s, &error)) {
            fail_msg("%s", error.message);
        }
        assert_int_equal(saved.at, saved.n);
    }
    ent_row_counts counts;
    assert_true(ent_session_counts(s, "sample", &counts));
    assert_int_equal(counts.rows, 2 * ROWS);
    assert_int_equal(counts.late, ROWS);
    finish(s);
    ent_session_free(s);
}

static void test_same_ledger(void **state)
{
    static record whole;
    static record resumed;
    (void)state;
    run_with(&whole, 0);
    assert_true(whole.n_decisions >= 6);
    for (size_t every = 1; every < 4; every++) {
        run_with(&resumed, every);
        assert_string_equal(whole.lines, resumed.lines);
    }
}

static void test_bytes_that_are_wrong(void **state)
{
    static stream saved;
    static stream broken;
    static record r;
    ent_session *s;
    ent_error error = {0};
    (void)state;
    saved.n = 0;
    r = (record){.len = 0};
    ent_session *first = session_of(&r, ENT_LEDGER_LIVE);
    push_one(first, 0);
    assert_true(ent_session_save(first, &(ent_writer){.write = write_bytes, .user = &saved}));
    ent_session_free(first);
    ent_reader reader = {.read = read_bytes, .user = &broken};
    for (size_t n = 0; n < saved.n; n += n < 400 ? 1 : 7) {
        broken = saved;
        broken.n = n;
        assert_false(ent_session_restore(program, &reader, &s, &error));
        assert_null(s);
        broken = saved;
        broken.bytes[n] ^= 0x20;
        assert_false(ent_session_restore(program, &reader, &s, &error));
        assert_int_equal(error.code, ENT_ERROR_DATA);
    }
}

static bool write_nothing(void *user, const void *bytes, size_t n)
{
    (void)user;
    (void)bytes;
    (void)n;
    return false;
}

static void test_what_cannot_be_saved(void **state)
{
    static record r;
    ent_error error = {0};
    ent_session *s;
    (void)state;
    r = (record){.len = 0};
    s = session_of(&r, ENT_LEDGER_WHOLE);
    assert_false(ent_session_save(s, &(ent_writer){.write = write_nothing, .error = &error}));
    assert_int_equal(error.code, ENT_ERROR_USAGE);
    ent_session_free(s);
    s = session_of(&r, ENT_LEDGER_LIVE);
    assert_false(ent_session_save(s, &(ent_writer){.write = write_nothing, .error = &error}));
    assert_int_equal(error.code, ENT_ERROR_STOPPED);
    assert_false(ent_session_save(s, NULL));
    finish(s);
    assert_false(ent_session_save(s, &(ent_writer){.write = write_nothing, .error = &error}));
    ent_session_free(s);
    assert_false(ent_session_restore(program, NULL, &s, &error));
    assert_null(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_ledger),
        cmocka_unit_test(test_bytes_that_are_wrong),
        cmocka_unit_test(test_what_cannot_be_saved),
    };
    path = argc > 1 ? argv[1] : "club.entc";
    return cmocka_run_group_tests(tests, open_program, close_program);
}
