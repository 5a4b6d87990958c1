/* The public interface as a host sees it: what it answers, what it refuses and how it says so.
 * Usage: api CLUB.entc, built from club.ent. */
#include "club.h"

/* --- tests --- */

static void test_version(void **state)
{
    char text[32];
    (void)state;
    (void)snprintf(text, sizeof text, "%d.%d.%d", ENT_VERSION_MAJOR, ENT_VERSION_MINOR, ENT_VERSION_PATCH);
    assert_string_equal(text, ENT_VERSION_TEXT);
    assert_string_equal(ent_version(), ENT_VERSION_TEXT);
    assert_int_equal(ent_version_number(), ENT_VERSION_NUMBER);
}

static void test_bytes_that_are_no_program(void **state)
{
    ent_program *p = program;
    ent_error error;
    (void)state;
    assert_false(ent_program_load("nonsense", 8, NULL, &p, &error));
    assert_null(p);
    assert_int_equal(error.code, ENT_ERROR_PROGRAM);
    assert_true(error.message[0] != 0);
    assert_false(ent_program_load(NULL, 0, NULL, &p, NULL));
    assert_false(ent_program_load("", 0, NULL, &p, NULL));
}

static void test_what_is_in_a_program(void **state)
{
    (void)state;
    const ent_feed_info *feed = ent_program_feed(program, 0);
    assert_string_equal(feed->name, "sample");
    assert_int_equal(feed->n_fields, 14);
    assert_int_equal(feed->lateness_ns, 300 * SECOND);
    assert_true(feed->used && !feed->bound);
    assert_int_equal(feed->fields[AT].type, ENT_FIELD_INSTANT);
    assert_true(feed->fields[AT].used && feed->fields[ID].key && feed->fields[PARTY].holder);
    assert_int_equal(feed->fields[STATE].type, ENT_FIELD_ENUM);
    assert_int_equal(feed->fields[STATE].n_words, 2);
    assert_string_equal(feed->fields[STATE].words[1], "bad");
    assert_int_equal(feed->fields[D].digits, 2);
    assert_string_equal(feed->fields[FEE].currency, "GBP");
    assert_false(feed->fields[13].used);
    assert_null(ent_program_feed(program, 1));
    assert_string_equal(ent_program_party(program, 1)->title, "Host Ltd");
    assert_int_equal(ent_program_party(program, 0)->kind, ENT_PARTY_IS_CLIENT);
    assert_null(ent_program_party(program, 3));
    const ent_service_info *web = ent_program_service(program, 1);
    assert_string_equal(web->provider, "Host");
    assert_string_equal(web->depends_on[0], "lines");
    const ent_agreement_info *sla = ent_program_agreement(program, 0);
    assert_string_equal(sla->name, "Web");
    assert_int_equal(sla->version, 2);
    assert_string_equal(sla->customer, "Shop");
    assert_string_equal(sla->currency, "GBP");
    assert_int_equal(sla->n_clauses, 6);
    assert_string_equal(sla->clauses[0].name, "ups");
    assert_string_equal(sla->clauses[0].target, "at least 75%");
    assert_true(sla->clauses[0].line > 0);
    assert_null(ent_program_agreement(program, 99));
    assert_int_equal(strlen(ent_program_digest(program)), 64);
}

/* Texts, typed columns, and the rows in any portions and order, give the same ledger. */
static void test_same_ledger_whatever_the_way(void **state)
{
    ent_column columns[COLUMNS + 1];
    static record one, other, third;
    (void)state;
    one = other = third = (record){.len = 0};
    ent_session *s = session_of(&one, ENT_LEDGER_WHOLE);
    typed_columns(columns);
    push_all(s, columns, ROWS);
    finish(s);
    ent_session_free(s);
    assert_int_equal(one.n_lines, 7);
    assert_int_equal(one.n_decisions, 6);

    s = session_of(&other, ENT_LEDGER_WHOLE);
    text_columns(columns);
    push_all(s, columns, ROWS);
    finish(s);
    ent_session_free(s);
    assert_string_equal(one.lines, other.lines);

    s = session_of(&third, ENT_LEDGER_WHOLE);
    for (size_t row = ROWS; row-- > 0;) {
        text_columns(columns);
        for (size_t i = 0; i < COLUMNS; i++) {
            columns[i].data = &texts[i][row];
        }
        push_all(s, columns, 1);
    }
    finish(s);
    ent_session_free(s);
    assert_string_equal(one.lines, third.lines);
}

static bool on_ups(void *user, const ent_decision *d)
{
    size_t *seen = user;
    if (strcmp(d->clause, "ups") != 0) {
        return true;
    }
    ++*seen;
    assert_int_equal(d->kind, ENT_CLAUSE_OBJECTIVE);
    assert_int_equal(d->status, ENT_STATUS_MET);
    assert_string_equal(d->agreement, "Web");
    assert_int_equal(d->version, 2);
    assert_string_equal(d->title, "1.1 Up");
    assert_string_equal(d->measure, "75%");
    assert_string_equal(d->measure_exact, "3/4");
    assert_string_equal(d->target, "at least 75%");
    assert_true(d->has_window && !d->has_clock && d->has_counts && d->final);
    assert_int_equal(d->counts.samples, 4);
    assert_int_equal(d->counts.bad, 1);
    assert_null(d->shortfall);
    assert_int_equal(d->n_responsible, 0);
    assert_non_null(strstr(d->ledger_line, d->hash));
    assert_int_equal(d->ledger_line[d->ledger_line_len - 1], '\n');
    return true;
}

/* A decision comes as soon as its window is over. */
static void test_decisions_come_when_they_are_final(void **state)
{
    ent_column columns[COLUMNS + 1];
    size_t seen = 0;
    ent_session *s;
    ent_error error = {0};
    int64_t from;
    int64_t to;
    (void)state;
    ent_session_options options = {.on_decision = on_ups, .user = &seen, .has_from = true, .from_ns = JANUARY_5};
    assert_true(ent_session_new(program, &options, &s, &error));
    typed_columns(columns);
    push_all(s, columns, ROWS);
    assert_true(ent_session_advance(s, JANUARY_5 + 10 * SECOND, &error));
    assert_int_equal(seen, 0);
    assert_false(ent_session_period(s, &from, &to));
    assert_true(ent_session_advance(s, FEBRUARY_2, &error));
    assert_int_equal(seen, 1);
    /* what comes now is late */
    push_all(s, columns, ROWS);
    ent_row_counts counts;
    assert_true(ent_session_counts(s, "sample", &counts));
    assert_int_equal(counts.rows, 2 * ROWS);
    assert_int_equal(counts.late, ROWS);
    assert_false(ent_session_counts(s, "other", &counts));
    finish(s);
    assert_false(ent_session_finish(s, &error));
    assert_int_equal(error.code, ENT_ERROR_USAGE);
    ent_session_free(s);
}

/* One column is changed; the push is refused, names the field and the row, and leaves the session as it was. */
static void expect_refusal(size_t column, ent_column instead, int code, size_t row, const char *message)
{
    ent_column columns[COLUMNS + 1];
    static record r;
    ent_error error = {0};
    r = (record){.len = 0};
    ent_session *s = session_of(&r, ENT_LEDGER_WHOLE);
    typed_columns(columns);
    const char *name = columns[column].name;
    columns[column] = instead;
    assert_false(ent_session_push(s, "sample", columns, ROWS, &error));
    assert_string_equal(error.message, message);
    assert_int_equal(error.code, code);
    assert_int_equal(error.row, row);
    assert_string_equal(error.field, name);
    typed_columns(columns);
    push_all(s, columns, ROWS);
    finish(s);
    assert_int_equal(r.n_decisions, 6);
    ent_session_free(s);
}

static void test_values_that_do_not_fit(void **state)
{
    static const char *const words[ROWS] = {"good", "so-so", "bad", "good"};
    static const char *const latin[ROWS] = {"good", "bad", "caf\xe9", "good"};
    static const double huge[ROWS] = {0, 0, 0, 1e308 * 10};
    static const double broken[ROWS] = {1, 1.5, 2, 3};
    static const int64_t thousandths[ROWS] = {1000, 2001, 0, 0};
    static const int64_t nights[ROWS] = {0, 0, 0, 25 * 3600 * SECOND};
    static const uint8_t gap[ROWS] = {1, 1, 0, 1};
    static const int32_t backwards[ROWS + 1] = {0, 4, 2, 4, 8};
    (void)state;
    expect_refusal(STATE, (ent_column){.name = "state", .type = ENT_COLUMN_TEXT, .data = words}, ENT_ERROR_DATA, 2,
                   "feed `sample`, row 2, field `state`: expected one of good, bad, found `so-so`");
    expect_refusal(PARTY, (ent_column){.name = "party", .type = ENT_COLUMN_TEXT, .data = words}, ENT_ERROR_DATA, 1,
                   "feed `sample`, row 1, field `party`: expected the name, title or alias of a party, found `good`");
    expect_refusal(STATE, (ent_column){.name = "state", .type = ENT_COLUMN_TEXT, .data = latin}, ENT_ERROR_DATA, 3,
                   "feed `sample`, row 3, field `state`: the text is not UTF-8, or contains NUL");
    expect_refusal(X, (ent_column){.name = "x", .type = ENT_COLUMN_DOUBLE, .data = huge}, ENT_ERROR_DATA, 4,
                   "feed `sample`, row 4, field `x`: expected a number such as 12.5");
    expect_refusal(N, (ent_column){.name = "n", .type = ENT_COLUMN_DOUBLE, .data = broken}, ENT_ERROR_DATA, 2,
                   "feed `sample`, row 2, field `n`: expected a whole number such as 42");
    expect_refusal(D, (ent_column){.name = "d", .type = ENT_COLUMN_DECIMAL, .scale = 3, .data = thousandths},
                   ENT_ERROR_DATA, 2, "feed `sample`, row 2, field `d`: expected a decimal number with no more digits than the field keeps");
    expect_refusal(CLOCK, (ent_column){.name = "clock", .type = ENT_COLUMN_DURATION, .data = nights}, ENT_ERROR_DATA, 4,
                   "feed `sample`, row 4, field `clock`: expected a time of day such as 09:30");
    expect_refusal(AT, (ent_column){.name = "at", .type = ENT_COLUMN_INSTANT, .data = at_ns, .present = gap},
                   ENT_ERROR_DATA, 3,
                   "feed `sample`, row 3, field `at`: expected an instant such as 2026-01-05T09:00:00Z");
    expect_refusal(STATE, (ent_column){.name = "state", .type = ENT_COLUMN_UTF8, .data = "goodbadgood", .offsets = backwards},
                   ENT_ERROR_DATA, 2, "feed `sample`, row 2, field `state`: its offsets go backwards");
}

static void test_columns_that_do_not_fit(void **state)
{
    (void)state;
    expect_refusal(N, (ent_column){.name = "n", .type = ENT_COLUMN_BOOL, .data = ups}, ENT_ERROR_USAGE, 0,
                   "feed `sample`, field `n`: expected a column of type int64 or text, found bool");
    expect_refusal(FEE, (ent_column){.name = "fee", .type = ENT_COLUMN_DOUBLE, .data = xs}, ENT_ERROR_USAGE, 0,
                   "feed `sample`, field `fee`: expected a column of type decimal or text, found double");
    expect_refusal(AT, (ent_column){.name = "at", .type = ENT_COLUMN_INT64, .data = at_ns}, ENT_ERROR_USAGE, 0,
                   "feed `sample`, field `at`: expected a column of type instant or text, found int64");
    expect_refusal(STATE, (ent_column){.name = "state", .data = states}, ENT_ERROR_USAGE, 0,
                   "feed `sample`, field `state`: expected a column of type text, found none");
    expect_refusal(D, (ent_column){.name = "d", .type = ENT_COLUMN_DECIMAL, .scale = 19, .data = ds}, ENT_ERROR_USAGE, 0,
                   "feed `sample`, field `d`: expected a scale of 0 to 18, found 19");
    expect_refusal(ID, (ent_column){.name = "id", .type = ENT_COLUMN_UTF8, .data = "abcd"}, ENT_ERROR_USAGE, 0,
                   "feed `sample`, field `id`: the column has no offsets");
    expect_refusal(ID, (ent_column){.name = "id", .type = ENT_COLUMN_TEXT}, ENT_ERROR_USAGE, 0,
                   "feed `sample`, field `id`: the column has no data");
    expect_refusal(CLOCK, (ent_column){.name = NULL}, ENT_ERROR_USAGE, 0,
                   "feed `sample` has no column `clock`: expected one of type duration or text");
}

static void test_names_that_are_unknown(void **state)
{
    ent_column columns[COLUMNS + 2] = {{0}};
    static record r;
    ent_error error = {0};
    (void)state;
    r = (record){.len = 0};
    ent_session *s = session_of(&r, ENT_LEDGER_LIVE);
    typed_columns(columns);
    assert_false(ent_session_push(s, "samples", columns, ROWS, &error));
    assert_string_equal(error.message, "there is no feed `samples`: the program's feeds are sample");
    columns[COLUMNS] = (ent_column){.name = "weight", .type = ENT_COLUMN_INT64, .data = ns};
    assert_false(ent_session_push(s, "sample", columns, ROWS, &error));
    assert_string_equal(error.message, "feed `sample` has no field `weight`");
    assert_string_equal(error.field, "weight");
    columns[COLUMNS] = columns[N];
    assert_false(ent_session_push(s, "sample", columns, ROWS, &error));
    assert_string_equal(error.message, "feed `sample`: two columns are called `n`");
    columns[COLUMNS] = (ent_column){.name = NULL};
    columns[X] = (ent_column){.name = "x", .type = ENT_COLUMN_ABSENT};
    push_all(s, columns, ROWS);
    push_all(s, columns, 0);
    ent_session_free(s);
}

static void test_a_callback_stops(void **state)
{
    ent_column columns[COLUMNS + 1];
    static record r;
    ent_error error = {0};
    (void)state;
    r = (record){.stop_at = 2};
    ent_session *s = session_of(&r, ENT_LEDGER_WHOLE);
    r.session = s;
    typed_columns(columns);
    push_all(s, columns, ROWS);
    assert_false(ent_session_finish(s, &error));
    assert_int_equal(error.code, ENT_ERROR_STOPPED);
    assert_int_equal(r.n_decisions, 2);
    assert_false(ent_session_push(s, "sample", columns, ROWS, &error));
    assert_int_equal(error.code, ENT_ERROR_USAGE);
    ent_session_free(s);
}

static void test_options_that_are_wrong(void **state)
{
    ent_session *s;
    ent_error error = {0};
    (void)state;
    ent_session_options empty = {.has_from = true, .has_to = true, .from_ns = 5, .to_ns = 5};
    assert_false(ent_session_new(program, &empty, &s, &error));
    assert_null(s);
    assert_int_equal(error.code, ENT_ERROR_USAGE);
    assert_false(ent_session_new(program, &(ent_session_options){.batch_rows_max = 4096}, &s, &error));
    assert_string_equal(error.message, "batch_rows_max is 1 to 2048, not 4096");
    assert_false(ent_session_new(program, &(ent_session_options){.zone_dir = "/nowhere"}, &s, &error));
    assert_int_equal(error.code, ENT_ERROR_ENVIRONMENT);
    assert_false(ent_session_new(NULL, NULL, &s, &error));
    /* a host of an earlier edition says how much of the struct it knows */
    ent_session_options old = {.size = offsetof(ent_session_options, batch_rows_max), .batch_rows_max = 4096};
    assert_true(ent_session_new(program, &old, &s, &error));
    ent_session_free(s);
    assert_true(ent_session_new(program, NULL, &s, NULL));
    finish(s);
    ent_session_free(s);
    ent_session_free(NULL);
    ent_program_release(NULL);
}

/* The session outlives the host's own reference. */
static void test_references(void **state)
{
    ent_column columns[COLUMNS + 1];
    ent_session *s;
    (void)state;
    ent_program *own = load();
    assert_ptr_equal(ent_program_retain(own), own);
    assert_true(ent_session_new(own, NULL, &s, NULL));
    ent_program_release(own);
    ent_program_release(own);
    typed_columns(columns);
    push_all(s, columns, ROWS);
    finish(s);
    ent_session_free(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_bytes_that_are_no_program),
        cmocka_unit_test(test_what_is_in_a_program),
        cmocka_unit_test(test_same_ledger_whatever_the_way),
        cmocka_unit_test(test_decisions_come_when_they_are_final),
        cmocka_unit_test(test_values_that_do_not_fit),
        cmocka_unit_test(test_columns_that_do_not_fit),
        cmocka_unit_test(test_names_that_are_unknown),
        cmocka_unit_test(test_a_callback_stops),
        cmocka_unit_test(test_options_that_are_wrong),
        cmocka_unit_test(test_references),
    };
    path = argc > 1 ? argv[1] : "club.entc";
    return cmocka_run_group_tests(tests, open_program, close_program);
}
