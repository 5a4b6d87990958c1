/* Rows as texts and as Arrow record batches: they mean what typed columns mean, and what does not fit is told.
 * Usage: rows CLUB.entc, built from club.ent. */
#include "club.h"

static const char csv[] = "at,id,state,part,party,up,n,x,d,r,fee,took,clock,other\n"
                          "2026-01-05T10:00:00Z,a,good,web,Host,true,1,1.5,12.50,99.9%,12.50,250ms,00:00,?\n"
                          "2026-01-05T10:00:03Z,d,good,web,Net,yes,4,,0.01,1,0.99,2s,23:00,\n"
                          "2026-01-05T10:00:01Z,b,good,web,Host Ltd,1,2,2.5,0.25,0.5%,0.01,500ms,01:00,\n"
                          "2026-01-05T10:00:02Z,c,bad,lines,Group 1,down,3,3.5,3,0.1%,0,1s,22:00,\n";

static const char jsonl[] =
    "{\"at\":\"2026-01-05T10:00:00Z\",\"id\":\"a\",\"state\":\"good\",\"part\":\"web\",\"party\":\"Host\",\"up\":true,"
    "\"n\":1,\"x\":1.5,\"d\":12.5,\"r\":\"99.9%\",\"fee\":12.5,\"took\":\"250ms\",\"clock\":\"00:00\"}\n";

static void expected_ledger(record *r)
{
    ent_column columns[COLUMNS + 1];
    *r = (record){.len = 0};
    ent_session *s = session_of(r, ENT_LEDGER_WHOLE);
    typed_columns(columns);
    push_all(s, columns, ROWS);
    finish(s);
    ent_session_free(s);
}

static void test_csv(void **state)
{
    static record expected;
    static record r;
    ent_error error = {0};
    ent_row_counts counts;
    (void)state;
    expected_ledger(&expected);
    r = (record){.len = 0};
    ent_session *s = session_of(&r, ENT_LEDGER_WHOLE);
    assert_true(ent_session_push_text(s, "sample", "csv", csv, sizeof csv - 1, &error));
    assert_true(ent_session_counts(s, "sample", &counts));
    assert_int_equal(counts.rows, ROWS);
    finish(s);
    assert_string_equal(expected.lines, r.lines);
    ent_session_free(s);
}

static void test_json_lines(void **state)
{
    static record r;
    ent_error error = {0};
    (void)state;
    r = (record){.len = 0};
    ent_session *s = session_of(&r, ENT_LEDGER_LIVE);
    assert_true(ent_session_push_text(s, "sample", NULL, jsonl, sizeof jsonl - 1, &error));
    assert_false(ent_session_push_text(s, "sample", "xml", jsonl, sizeof jsonl - 1, &error));
    assert_string_equal(error.message, "a text is csv, tsv or jsonl, not `xml`");
    finish(s);
    assert_int_equal(r.n_decisions, 6);
    ent_session_free(s);
}

static const char broken[] = "at,id,state,part,party,up,n,x,d,r,fee,took,clock\n"
                             "2026-01-05T10:00:00Z,a,good,web,Host,true,1,1.5,12.50,99.9%,12.50,250ms,00:00\n"
                             "2026-01-05T10:00:01Z,b,good,web,Host,true,one,1.5,12.50,99.9%,12.50,250ms,00:00\n";

static void test_text_that_does_not_fit(void **state)
{
    static record r;
    ent_error error = {0};
    ent_row_counts counts;
    (void)state;
    r = (record){.len = 0};
    ent_session *s = session_of(&r, ENT_LEDGER_LIVE);
    assert_false(ent_session_push_text(s, "sample", NULL, broken, sizeof broken - 1, &error));
    assert_int_equal(error.code, ENT_ERROR_DATA);
    assert_int_equal(error.row, 2);
    assert_string_equal(error.field, "n");
    assert_string_equal(error.message,
                        "`sample` line 3, column 7 `n`: expected a whole number such as 42, found `one`");
    assert_true(ent_session_counts(s, "sample", &counts));
    assert_int_equal(counts.rows, 0);
    assert_false(ent_session_push_text(s, "sample", "csv", "id,up\na,1\n", 10, &error));
    assert_int_equal(error.code, ENT_ERROR_DATA);
    ent_session_free(s);
}

static bool on_refused(void *user, const ent_refused_row *row)
{
    size_t *seen = user;
    ++*seen;
    assert_string_equal(row->feed, "sample");
    assert_string_equal(row->name, "n");
    assert_int_equal(row->line, 3);
    assert_memory_equal(row->cell, "one", row->cell_len);
    assert_memory_equal(row->text, "2026-01-05T10:00:01Z,b", 22);
    return true;
}

static void test_rows_that_are_left_out(void **state)
{
    size_t seen = 0;
    ent_session *s;
    ent_error error = {0};
    ent_row_counts counts;
    (void)state;
    assert_true(ent_session_new(program, &(ent_session_options){.on_refused_row = on_refused, .user = &seen}, &s, NULL));
    assert_true(ent_session_push_text(s, "sample", NULL, broken, sizeof broken - 1, &error));
    assert_int_equal(seen, 1);
    assert_true(ent_session_counts(s, "sample", &counts));
    assert_int_equal(counts.rows, 1);
    assert_int_equal(counts.refused, 1);
    ent_session_free(s);
}

/* --- Arrow --- */

typedef struct batch {
    struct ArrowSchema schema, fields[COLUMNS], *field_list[COLUMNS], words_schema;
    struct ArrowArray array, columns[COLUMNS], *column_list[COLUMNS], words;
    const void *buffers[COLUMNS][3], *word_buffers[3], *no_buffers[1];
} batch;

static void set_column(batch *b, size_t i, const char *name, const char *format, const void *first, const void *second)
{
    b->fields[i] = (struct ArrowSchema){.format = format, .name = name, .flags = ARROW_FLAG_NULLABLE};
    b->buffers[i][1] = first;
    b->buffers[i][2] = second;
    b->columns[i] = (struct ArrowArray){.length = ROWS, .n_buffers = second ? 3 : 2, .buffers = b->buffers[i]};
    b->field_list[i] = &b->fields[i];
    b->column_list[i] = &b->columns[i];
}

/* The rows of club.h in as many of Arrow's types as there are columns. */
static void make_batch(batch *b)
{
    static const int64_t at_us[ROWS] = {JANUARY_5 / 1000, JANUARY_5 / 1000 + 1000000, JANUARY_5 / 1000 + 2000000,
                                        JANUARY_5 / 1000 + 3000000};
    static const int32_t id_offsets[] = {0, 1, 2, 3, 4};
    static const int8_t state_indices[] = {1, 1, 0, 1};
    static const int32_t word_offsets[] = {0, 3, 7};
    static const int64_t part_offsets[] = {0, 3, 6, 11, 14};
    static const int32_t party_offsets[] = {0, 4, 12, 19, 22};
    static const uint8_t up_bits[] = {0x0b};
    static const uint16_t counts[] = {1, 2, 3, 4};
    static const float floats[] = {1.5F, 2.5F, 3.5F, 0};
    static const uint8_t x_bits[] = {0x07};
    static const int64_t d_words[2 * ROWS] = {1250, 0, 25, 0, 300, 0, 1, 0};
    static const int64_t r_words[2 * ROWS] = {999, 0, 5, 0, 1, 0, 1000, 0};
    static const int64_t fee_words[2 * ROWS] = {1250, 0, 1, 0, 0, 0, 99, 0};
    static const int64_t took_ms[] = {250, 500, 1000, 2000};
    static const int32_t clock_s[] = {0, 3600, 22 * 3600, 23 * 3600};
    memset(b, 0, sizeof *b);
    set_column(b, AT, "at", "tsu:UTC", at_us, NULL);
    set_column(b, ID, "id", "u", id_offsets, "abcd");
    set_column(b, STATE, "state", "c", state_indices, NULL);
    set_column(b, PART, "part", "U", part_offsets, "webweblinesweb");
    set_column(b, PARTY, "party", "u", party_offsets, "HostHost LtdGroup 1Net");
    set_column(b, UP, "up", "b", up_bits, NULL);
    set_column(b, N, "n", "S", counts, NULL);
    set_column(b, X, "x", "f", floats, NULL);
    set_column(b, D, "d", "d:10,2", d_words, NULL);
    set_column(b, R, "r", "d:10,3,128", r_words, NULL);
    set_column(b, FEE, "fee", "d:10,2", fee_words, NULL);
    set_column(b, TOOK, "took", "tDm", took_ms, NULL);
    set_column(b, CLOCK, "clock", "tts", clock_s, NULL);
    b->word_buffers[1] = word_offsets;
    b->word_buffers[2] = "badgood";
    b->words = (struct ArrowArray){.length = 2, .n_buffers = 3, .buffers = b->word_buffers};
    b->words_schema = (struct ArrowSchema){.format = "u"};
    b->fields[STATE].dictionary = &b->words_schema;
    b->columns[STATE].dictionary = &b->words;
    b->buffers[X][0] = x_bits;
    b->columns[X].null_count = 1;
    b->schema = (struct ArrowSchema){.format = "+s", .n_children = COLUMNS, .children = b->field_list};
    b->array = (struct ArrowArray){
        .length = ROWS, .n_buffers = 1, .buffers = b->no_buffers, .n_children = COLUMNS, .children = b->column_list};
}

static void test_arrow(void **state)
{
    static record expected;
    static record r;
    static batch b;
    ent_error error = {0};
    (void)state;
    expected_ledger(&expected);
    r = (record){.len = 0};
    ent_session *s = session_of(&r, ENT_LEDGER_WHOLE);
    make_batch(&b);
    if (!ent_session_push_arrow(s, "sample", &b.schema, &b.array, &error)) {
        fail_msg("%s", error.message);
    }
    finish(s);
    assert_string_equal(expected.lines, r.lines);
    ent_session_free(s);
}

/* Slices of a batch have offsets; two of them make the whole. */
static void test_slices_of_a_batch(void **state)
{
    static record expected;
    static record r;
    static batch b;
    ent_error error = {0};
    (void)state;
    expected_ledger(&expected);
    r = (record){.len = 0};
    ent_session *s = session_of(&r, ENT_LEDGER_WHOLE);
    make_batch(&b);
    for (size_t i = 0; i < COLUMNS; i++) {
        b.columns[i].length = 1;
    }
    b.array.length = 1;
    assert_true(ent_session_push_arrow(s, "sample", &b.schema, &b.array, &error));
    b.array.length = 3;
    for (size_t i = 0; i < COLUMNS; i++) {
        b.columns[i].offset = 1;
        b.columns[i].length = 3;
    }
    if (!ent_session_push_arrow(s, "sample", &b.schema, &b.array, &error)) {
        fail_msg("%s", error.message);
    }
    finish(s);
    assert_string_equal(expected.lines, r.lines);
    ent_session_free(s);
}

static void expect_arrow_refusal(batch *b, const char *message)
{
    static record r;
    ent_error error = {0};
    r = (record){.len = 0};
    ent_session *s = session_of(&r, ENT_LEDGER_WHOLE);
    assert_false(ent_session_push_arrow(s, "sample", &b->schema, &b->array, &error));
    assert_string_equal(error.message, message);
    ent_session_free(s);
}

static void test_arrow_that_does_not_fit(void **state)
{
    static batch b;
    static const int64_t big[2 * ROWS] = {0, 1, 0, 0, 0, 0, 0, 0};
    static const int8_t beyond[ROWS] = {1, 2, 0, 0};
    static const uint64_t unsigned_words[ROWS] = {1, 2, UINT64_MAX, 0};
    (void)state;
    make_batch(&b);
    b.fields[AT].format = "tsn:";
    expect_arrow_refusal(&b, "feed `sample`, column `at`: a timestamp without a time zone is no instant: give it one, "
                             "e.g. UTC");
    make_batch(&b);
    b.fields[AT].format = "tdD";
    expect_arrow_refusal(&b, "feed `sample`, column `at`: a column of dates or intervals cannot be taken");
    make_batch(&b);
    b.buffers[D][1] = big;
    expect_arrow_refusal(&b, "feed `sample`, row 1, column `d`: the decimal does not fit 64 bits");
    make_batch(&b);
    b.buffers[STATE][1] = beyond;
    expect_arrow_refusal(&b, "feed `sample`, row 2, column `state`: its dictionary has no such entry");
    make_batch(&b);
    b.fields[N].format = "L";
    b.buffers[N][1] = unsigned_words;
    expect_arrow_refusal(&b, "feed `sample`, row 3, column `n`: the value does not fit 64 bits");
    make_batch(&b);
    b.fields[N].format = "+l";
    expect_arrow_refusal(&b, "feed `sample`, column `n`: a column of this Arrow type cannot be taken");
    make_batch(&b);
    b.columns[N].length = 2;
    expect_arrow_refusal(&b, "feed `sample`, column `n`: it is shorter than the record batch");
    make_batch(&b);
    b.schema.format = "l";
    expect_arrow_refusal(&b, "feed `sample`: expected a struct array, a record batch");
    make_batch(&b);
    b.fields[CLOCK].name = "o'clock";
    expect_arrow_refusal(&b, "feed `sample` has no column `clock`: expected one of type duration or text");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_json_lines),
        cmocka_unit_test(test_text_that_does_not_fit),
        cmocka_unit_test(test_rows_that_are_left_out),
        cmocka_unit_test(test_arrow),
        cmocka_unit_test(test_slices_of_a_batch),
        cmocka_unit_test(test_arrow_that_does_not_fit),
    };
    path = argc > 1 ? argv[1] : "club.entc";
    return cmocka_run_group_tests(tests, open_program, close_program);
}
