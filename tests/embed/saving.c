/* A session that is saved, thrown away and restored gives the ledger of one that was not, live or whole; bytes that were
 * cut or changed are refused, and those that were changed and signed anew are refused or can be run to their end.
 * Usage: saving CLUB.entc, built from club.ent. */
#include "club.h"
#include "stream.h"

#include <sodium.h>

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
static void run_with(record *r, ent_ledger_mode mode, size_t every)
{
    static stream saved;
    ent_error error = {0};
    *r = (record){.len = 0};
    ent_session *s = session_of(r, mode);
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
    static const ent_ledger_mode modes[] = {ENT_LEDGER_LIVE, ENT_LEDGER_WHOLE};
    static record whole;
    static record resumed;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        run_with(&whole, modes[i], 0);
        assert_true(whole.n_decisions >= 6);
        for (size_t every = 1; every < 4; every++) {
            run_with(&resumed, modes[i], every);
            assert_string_equal(whole.lines, resumed.lines);
            assert_int_equal(whole.n_decisions, resumed.n_decisions);
        }
    }
}

/* What was recorded after `as of` is left out, and the first line says so, wherever the session was saved. */
static void test_as_of(void **state)
{
    static stream saved;
    static record r;
    ent_error error = {0};
    ent_session *s;
    (void)state;
    for (int mode = ENT_LEDGER_LIVE; mode <= ENT_LEDGER_WHOLE; mode++) {
        saved.n = saved.at = 0;
        r = (record){.len = 0};
        ent_session_options options = {.on_line = on_line, .user = &r, .ledger = (ent_ledger_mode)mode,
                                       .assume_signed = true, .has_as_of = true, .as_of_ns = FEBRUARY_2};
        assert_true(ent_session_new(program, &options, &s, &error));
        push_one(s, 0);
        assert_true(ent_session_save(s, &(ent_writer){.write = write_bytes, .user = &saved, .error = &error}));
        ent_session_free(s);
        options.has_as_of = false;
        assert_true(ent_session_restore(
            program, &(ent_reader){.read = read_bytes, .user = &saved, .options = &options}, &s, &error));
        finish(s);
        ent_session_free(s);
        assert_non_null(strstr(r.lines, "\"as_of\":\"2026-02-02T"));
    }
}

/* A session of some rows, of which some decisions are made. */
static void save_some(stream *saved, ent_ledger_mode mode)
{
    static record r;
    ent_error error = {0};
    saved->n = saved->at = 0;
    r = (record){.len = 0};
    ent_session *s = session_of(&r, mode);
    for (size_t i = 0; i < ROWS; i++) {
        push_one(s, i);
    }
    assert_true(ent_session_advance(s, FEBRUARY_2, &error));
    push_one(s, 0);
    assert_true(ent_session_save(s, &(ent_writer){.write = write_bytes, .user = saved, .error = &error}));
    ent_session_free(s);
}

static void test_bytes_that_are_wrong(void **state)
{
    static stream saved;
    static stream broken;
    ent_session *s;
    ent_error error = {0};
    (void)state;
    ent_reader reader = {.read = read_bytes, .user = &broken};
    for (int mode = ENT_LEDGER_LIVE; mode <= ENT_LEDGER_WHOLE; mode++) {
        save_some(&saved, (ent_ledger_mode)mode);
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
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

/* Makes the digest that ends at `end`, of all from `begin` on, that of the bytes. */
static void mend(stream *s, size_t begin, size_t end)
{
    assert_int_equal(crypto_generichash(s->bytes + end - 32, 32, s->bytes + begin, end - 32 - begin, NULL, 0), 0);
}

static size_t place_of(const stream *s, const char *what)
{
    const unsigned char *at = memmem(s->bytes, s->n, what, strlen(what));
    assert_non_null(at);
    return (size_t)(at - s->bytes);
}

/* Somebody who knows the digests changes what a whole ledger keeps. */
static void test_bytes_that_are_hostile(void **state)
{
    static const uint64_t words[] = {0, 1, 255, 65536, INT64_MAX, UINT64_MAX, UINT64_C(1) << 63};
    static stream saved;
    static stream changed;
    static record r;
    ent_error error = {0};
    uint64_t seed = 7;
    size_t restored = 0;
    (void)state;
    save_some(&saved, ENT_LEDGER_WHOLE);
    size_t head = 8 + 4 + 4 + 4 + 4 * 8 + 64 + 25 + 32;
    size_t engine = place_of(&saved, "ENTSTATE");
    for (size_t i = 0; i < 20000; i++) {
        ent_session *s;
        size_t at = next_random(&seed) % (engine - 32 - 8);
        changed = saved;
        r = (record){.len = 0};
        if (i % 2) {
            changed.bytes[at] ^= (unsigned char)(1 << next_random(&seed) % 8);
        } else {
            memcpy(changed.bytes + at, &words[next_random(&seed) % (sizeof words / sizeof *words)], 8);
        }
        mend(&changed, 0, head);
        mend(&changed, head, engine);
        ent_session_options options = {.on_line = on_line, .on_decision = on_decision, .user = &r};
        ent_reader reader = {.read = read_bytes, .user = &changed, .options = &options};
        if (ent_session_restore(program, &reader, &s, &error)) {
            restored++;
            (void)ent_session_finish(s, &error);
            ent_session_free(s);
        }
    }
    assert_true(restored > 1000 && place_of(&saved, "\"seq\":1,") < engine);
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
    for (int mode = ENT_LEDGER_WHOLE; mode >= ENT_LEDGER_LIVE; mode--) {
        s = session_of(&r, (ent_ledger_mode)mode);
        assert_false(ent_session_save(s, &(ent_writer){.write = write_nothing, .error = &error}));
        assert_int_equal(error.code, ENT_ERROR_STOPPED);
        if (mode != ENT_LEDGER_LIVE) {
            ent_session_free(s);
        }
    }
    assert_false(ent_session_save(s, NULL));
    finish(s);
    assert_false(ent_session_save(s, &(ent_writer){.write = write_nothing, .error = &error}));
    ent_session_free(s);
    assert_false(ent_session_restore(program, NULL, &s, &error));
    assert_null(s);
}

/* Without callbacks no decisions are kept, and that is said to who wants them later. */
static void test_what_was_not_kept(void **state)
{
    static stream saved;
    static record r;
    ent_error error = {0};
    ent_session *s;
    (void)state;
    saved.n = saved.at = 0;
    ent_session_options deaf = {.ledger = ENT_LEDGER_WHOLE, .assume_signed = true};
    ent_session_options options = {.on_line = on_line, .user = &r};
    assert_true(ent_session_new(program, &deaf, &s, &error));
    assert_true(ent_session_save(s, &(ent_writer){.write = write_bytes, .user = &saved, .error = &error}));
    ent_session_free(s);
    ent_reader reader = {.read = read_bytes, .user = &saved, .options = &options};
    assert_false(ent_session_restore(program, &reader, &s, &error));
    assert_int_equal(error.code, ENT_ERROR_USAGE);
    saved.at = 0;
    reader.options = NULL;
    assert_true(ent_session_restore(program, &reader, &s, &error));
    finish(s);
    ent_session_free(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_ledger),
        cmocka_unit_test(test_as_of),
        cmocka_unit_test(test_bytes_that_are_wrong),
        cmocka_unit_test(test_bytes_that_are_hostile),
        cmocka_unit_test(test_what_was_not_kept),
        cmocka_unit_test(test_what_cannot_be_saved),
    };
    path = argc > 1 ? argv[1] : "club.entc";
    return cmocka_run_group_tests(tests, open_program, close_program);
}
