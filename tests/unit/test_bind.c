/* From cells to rows: which texts each type of cell takes and refuses, and what a bind makes of a
 * small CSV file: columns read straight, expressions, rows left out, absent texts, and bad rows in
 * the order of the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/feed/bind.h"
#include "runtime/vm/read.h"
#include "tests/unit/state_program.h"

/* --- one cell --- */

typedef struct cell_case {
    int type, param;
    const char *text;
    bool taken;
    int64_t num, den; /* of a Q; of others num is the value, for a number in quarters */
} cell_case;

#define MINUTES(n) ((n)*MINUTE_NS)

static const cell_case cell_cases[] = {
    {ENT_TYPE_BOOL, 0, "true", true, 1, 0},
    {ENT_TYPE_BOOL, 0, "TRUE", true, 1, 0},
    {ENT_TYPE_BOOL, 0, "Yes", true, 1, 0},
    {ENT_TYPE_BOOL, 0, "1", true, 1, 0},
    {ENT_TYPE_BOOL, 0, "uP", true, 1, 0},
    {ENT_TYPE_BOOL, 0, "false", true, 0, 0},
    {ENT_TYPE_BOOL, 0, "no", true, 0, 0},
    {ENT_TYPE_BOOL, 0, "0", true, 0, 0},
    {ENT_TYPE_BOOL, 0, "Down", true, 0, 0},
    {ENT_TYPE_BOOL, 0, "", false, 0, 0},
    {ENT_TYPE_BOOL, 0, "t", false, 0, 0},
    {ENT_TYPE_BOOL, 0, "true ", false, 0, 0},
    {ENT_TYPE_BOOL, 0, "2", false, 0, 0},
    {ENT_TYPE_BOOL, 0, "on", false, 0, 0},

    {ENT_TYPE_INT, 0, "0", true, 0, 0},
    {ENT_TYPE_INT, 0, "-42", true, -42, 0},
    {ENT_TYPE_INT, 0, "+7", true, 7, 0},
    {ENT_TYPE_INT, 0, "007", true, 7, 0},
    {ENT_TYPE_INT, 0, "9223372036854775807", true, INT64_MAX, 0},
    {ENT_TYPE_INT, 0, "-9223372036854775808", true, INT64_MIN, 0},
    {ENT_TYPE_INT, 0, "9223372036854775808", false, 0, 0},
    {ENT_TYPE_INT, 0, "1.0", false, 0, 0},
    {ENT_TYPE_INT, 0, "1,000", false, 0, 0},
    {ENT_TYPE_INT, 0, " 1", false, 0, 0},
    {ENT_TYPE_INT, 0, "1e3", false, 0, 0},
    {ENT_TYPE_INT, 0, "-", false, 0, 0},

    {ENT_TYPE_NUMBER, 0, "0.25", true, 1, 0},
    {ENT_TYPE_NUMBER, 0, "-1.5", true, -6, 0},
    {ENT_TYPE_NUMBER, 0, "2.5e1", true, 100, 0},
    {ENT_TYPE_NUMBER, 0, ".5", true, 2, 0},
    {ENT_TYPE_NUMBER, 0, "1e400", false, 0, 0},
    {ENT_TYPE_NUMBER, 0, "nan", false, 0, 0},
    {ENT_TYPE_NUMBER, 0, "inf", false, 0, 0},
    {ENT_TYPE_NUMBER, 0, "0x1p3", false, 0, 0},
    {ENT_TYPE_NUMBER, 0, "1,5", false, 0, 0},
    {ENT_TYPE_NUMBER, 0, "1 ", false, 0, 0},

    {ENT_TYPE_DECIMAL, 2, "12.34", true, 1234, 0},
    {ENT_TYPE_DECIMAL, 2, "12", true, 1200, 0},
    {ENT_TYPE_DECIMAL, 2, "-0.5", true, -50, 0},
    {ENT_TYPE_DECIMAL, 2, "1.500", true, 150, 0},
    {ENT_TYPE_DECIMAL, 2, "1.505", false, 0, 0},
    {ENT_TYPE_DECIMAL, 18, "9.3", false, 0, 0},
    {ENT_TYPE_DECIMAL, 2, "1e2", false, 0, 0},
    {ENT_TYPE_DECIMAL, 2, ".", false, 0, 0},

    {ENT_TYPE_RATIO, 0, "0.5", true, 1, 2},
    {ENT_TYPE_RATIO, 0, "1/3", true, 1, 3},
    {ENT_TYPE_RATIO, 0, "99.9%", true, 999, 1000},
    {ENT_TYPE_RATIO, 0, "1.5/4.5", true, 1, 3},
    {ENT_TYPE_RATIO, 0, "-2/4", true, -1, 2},
    {ENT_TYPE_RATIO, 0, "1/0", false, 0, 0},
    {ENT_TYPE_RATIO, 0, "/3", false, 0, 0},
    {ENT_TYPE_RATIO, 0, "1/3%", false, 0, 0},
    {ENT_TYPE_RATIO, 0, "%", false, 0, 0},
    {ENT_TYPE_RATIO, 0, "", false, 0, 0},

    {ENT_TYPE_MONEY, 0, "12.50", true, 25, 2},
    {ENT_TYPE_MONEY, 0, "GBP 12.50", true, 25, 2},
    {ENT_TYPE_MONEY, 0, "GBP12.50", true, 25, 2},
    {ENT_TYPE_MONEY, 0, "-3", true, -3, 1},
    {ENT_TYPE_MONEY, 0, "EUR 12.50", false, 0, 0},
    {ENT_TYPE_MONEY, 0, "gbp 12.50", false, 0, 0},
    {ENT_TYPE_MONEY, 0, "GBP ", false, 0, 0},
    {ENT_TYPE_MONEY, 0, "GBP", false, 0, 0},
    {ENT_TYPE_MONEY, 0, "1,250.00", false, 0, 0},
    {ENT_TYPE_MONEY, 0, "12.50 GBP", false, 0, 0},

    {ENT_TYPE_DURATION, 0, "90s", true, 90 * SECOND_NS, 0},
    {ENT_TYPE_DURATION, 0, "1h30m", true, MINUTES(90), 0},
    {ENT_TYPE_DURATION, 0, "250ms", true, 250000000, 0},
    {ENT_TYPE_DURATION, 0, "PT1H30M", true, MINUTES(90), 0},
    {ENT_TYPE_DURATION, 0, "-1m", true, -MINUTE_NS, 0},
    {ENT_TYPE_DURATION, 0, "30m1h", false, 0, 0},
    {ENT_TYPE_DURATION, 0, "90", false, 0, 0},
    {ENT_TYPE_DURATION, 0, "1 h", false, 0, 0},
    {ENT_TYPE_DURATION, 0, "1mo", false, 0, 0},
    {ENT_TYPE_DURATION, 0, "0.1ns", false, 0, 0},
    {ENT_TYPE_DURATION, 0, "300000d", false, 0, 0},

    {ENT_TYPE_INSTANT, 0, "2026-01-05T09:00:00Z", true, BASE_NS, 0},
    {ENT_TYPE_INSTANT, 0, "2026-01-05 10:00:00+01:00", true, BASE_NS, 0},
    {ENT_TYPE_INSTANT, 0, "2026-01-05T09:00:00.000000001Z", true, BASE_NS + 1, 0},
    {ENT_TYPE_INSTANT, 0, "2026-01-05T09:00:00", false, 0, 0},
    {ENT_TYPE_INSTANT, 0, "2026-02-29T09:00:00Z", false, 0, 0},
    {ENT_TYPE_INSTANT, 0, "2026-01-05", false, 0, 0},
    {ENT_TYPE_INSTANT, 0, "2026-01-05T25:00:00Z", false, 0, 0},
    {ENT_TYPE_INSTANT, 0, "9999-01-05T09:00:00Z", false, 0, 0},

    {ENT_TYPE_TIME, 0, "09:30", true, MINUTES(570), 0},
    {ENT_TYPE_TIME, 0, "00:00:01", true, SECOND_NS, 0},
    {ENT_TYPE_TIME, 0, "24:00", true, DAY_NS, 0},
    {ENT_TYPE_TIME, 0, "24:01", false, 0, 0},
    {ENT_TYPE_TIME, 0, "9:30", false, 0, 0},
    {ENT_TYPE_TIME, 0, "09:60", false, 0, 0},
    {ENT_TYPE_TIME, 0, "09-30", false, 0, 0},
    {ENT_TYPE_TIME, 0, "09:30:1", false, 0, 0},

    /* types whose cells need tables are not for ent_read */
    {ENT_TYPE_TEXT, 0, "x", false, 0, 0},
    {ENT_TYPE_PARTY, 0, "Acme", false, 0, 0},
};

static void test_cells(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cell_cases / sizeof *cell_cases; i++) {
        const cell_case *c = &cell_cases[i];
        ent_read_value value = {0};
        size_t n = strlen(c->text);
        char *exact =
            malloc(n + 1); /* as long as the text: reading on is an error to the sanitiser */
        assert_non_null(exact);
        memcpy(exact, c->text, n);
        bool taken = ent_read((ent_type_kind)c->type, c->param, "GBP", exact, n, &value);
        free(exact);
        if (taken != c->taken) {
            fail_msg("type %d: `%s` is %s", c->type, c->text, taken ? "taken" : "refused");
        }
        if (!taken) {
            continue;
        }
        switch (ent_type_class((unsigned)c->type)) {
        case ENT_CLASS_B:
            assert_int_equal(value.b, c->num);
            break;
        case ENT_CLASS_F:
            assert_true(value.f * 4 == (double)c->num);
            break;
        case ENT_CLASS_Q:
            assert_true(value.q.num == c->num && value.q.den == c->den);
            break;
        default:
            assert_int_equal(value.i, c->num);
        }
    }
    ent_q q;
    assert_true(ent_read_money("EUR 5", 5, NULL, &q)); /* any currency, when none is asked for */
    for (int type = ENT_TYPE_BOOL; type <= ENT_TYPE_TIME; type++) {
        assert_string_not_equal(ent_read_expectation((ent_type_kind)type), "a value");
    }
}

/* --- a bind --- */

/* `bind ticket from csv`: at = opened, id = number, event from state, priority from prio, the rest
 * by name;
 * `?` is absent, `Ignore` is left out; nothing uses rate. */
static ent_image *bound_program(bool with_bind)
{
    prog x = prog_new();
    ent_builder *b = x.b;
    int64_t at = x.place;
    int64_t first_field = b->feed.v[TICKET].first_field;
    b->field.v[first_field + T_RATE].used = 0;
    b->feed.v[TICKET].row_kernel = -1;
    b->span.n = b->pattern.n = b->alt.n = 0; /* the clauses would need what is not used */
    b->party.v[NETCO].title = prog_text(&x, "NetCo Networks Ltd");
    b->party.v[NETCO].first_alias =
        ent_builder_add_alias(b, (ent_alias_row){prog_text(&x, "Group 12")});
    b->party.v[NETCO].n_aliases = 1;
    b->party.v[HOSTCO].first_alias =
        ent_builder_add_alias(b, (ent_alias_row){prog_text(&x, "NetCo")});
    b->party.v[HOSTCO].n_aliases = 1;
    if (!with_bind) {
        return prog_load(&x);
    }
    ent_kb *kb = ent_kb_new(b, ENT_KERNEL_BIND, TICKET, at);
    int32_t state = ent_kb_input(kb, ENT_INPUT_COLUMN, 0, ENT_CLASS_I, at);
    int32_t priority = ent_kb_input(kb, ENT_INPUT_COLUMN, 2, ENT_CLASS_I, at);
    int32_t ignore = ent_kb_const_i(kb, prog_text(&x, "Ignore"), at);
    ent_kb_if(kb, ent_kb_op(kb, ENT_BC_EQ_I, state, ignore, -1, 0, at), at);
    ent_kb_skip(kb, at);
    ent_kb_else(kb, at);
    ent_kb_if(kb, ent_kb_op(kb, ENT_BC_IS_ABSENT, state, -1, -1, 0, at), at);
    ent_kb_fail(kb, state, prog_text(&x, "a state"), at);
    ent_kb_end(kb, at);
    ent_kb_end(kb, at);
    int64_t event_type = b->field.v[first_field + T_EVENT].param;
    int64_t priority_type = b->field.v[first_field + T_PRIORITY].param;
    (void)ent_kb_output(kb, ent_kb_op(kb, ENT_BC_PARSE_ENUM, state, -1, -1, event_type, at));
    (void)ent_kb_output(kb, ent_kb_op(kb, ENT_BC_PARSE_ENUM, priority, -1, -1, priority_type, at));
    int64_t kernel = prog_kernel(kb);
    int64_t column = ent_builder_add_column(b, (ent_column_row){prog_text(&x, "state"), -1, at});
    (void)ent_builder_add_column(b, (ent_column_row){prog_text(&x, "number"), T_ID, at});
    (void)ent_builder_add_column(b, (ent_column_row){prog_text(&x, "prio"), -1, at});
    (void)ent_builder_add_column(b, (ent_column_row){prog_text(&x, "opened on"), T_AT, at});
    (void)ent_builder_add_column(b, (ent_column_row){prog_text(&x, "worthless"), T_RATE, at});
    int64_t bound = ent_builder_add_bound(b, (ent_bound_row){0, T_EVENT});
    (void)ent_builder_add_bound(b, (ent_bound_row){1, T_PRIORITY});
    int64_t absent = ent_builder_add_absent_text(b, (ent_absent_text_row){prog_text(&x, "?")});
    b->feed.v[TICKET].bind = ent_builder_add_bind(b, (ent_bind_row){.feed = TICKET,
                                                                    .format = 1,
                                                                    .separator = ';',
                                                                    .first_absent = absent,
                                                                    .n_absents = 1,
                                                                    .kernel = kernel,
                                                                    .first_column = column,
                                                                    .n_columns = 5,
                                                                    .first_bound = bound,
                                                                    .n_bounds = 2,
                                                                    .place = at});
    return prog_load(&x);
}

typedef struct bound {
    const ent_image *program;
    ent_strings *strings;
    ent_vm *vm;
    ent_binder *binder;
    char rows[4096]; /* as text, one a line */
    char bad[4096];  /* the reports */
    size_t n_rows, n_bad, stop_at;
    uint64_t skipped;
    bool stopped;
} bound;

static void bound_open(bound *x, const ent_image *program, uint32_t batch_rows)
{
    char error[256] = "";
    *x = (bound){.program = program, .strings = ent_strings_new(program), .stop_at = SIZE_MAX};
    assert_non_null(x->strings);
    x->vm = ent_vm_new(program, x->strings, NULL, 2048, error, sizeof error);
    assert_non_null(x->vm);
    x->binder = ent_binder_new(program, TICKET, x->strings, x->vm, batch_rows, error, sizeof error);
    assert_non_null(x->binder);
}

static void bound_close(bound *x)
{
    ent_binder_free(x->binder);
    ent_vm_free(x->vm);
    ent_strings_free(x->strings);
}

static bool on_bad(void *user, const ent_bad_row *bad)
{
    bound *x = user;
    char text[512];
    ent_bad_row_text(bad, text, sizeof text);
    size_t at = strlen(x->bad);
    snprintf(x->bad + at, sizeof x->bad - at, "%s\n", text);
    return ++x->n_bad < x->stop_at;
}

static void put(bound *x, const char *text)
{
    size_t at = strlen(x->rows);
    snprintf(x->rows + at, sizeof x->rows - at, "%s", text);
}

static void put_value(bound *x, const ent_vector *column, uint32_t lane, int64_t type)
{
    char text[ENT_Q_TEXT_SIZE] = "-";
    if (!(column->absent && column->absent[lane])) {
        switch (column->cls) {
        case ENT_CLASS_B:
            snprintf(text, sizeof text, "%d", ((const uint8_t *)column->data)[lane]);
            break;
        case ENT_CLASS_F:
            (void)ent_format_double(((const double *)column->data)[lane], text);
            break;
        case ENT_CLASS_Q:
            (void)ent_q_format_fraction(((const ent_q *)column->data)[lane], text, sizeof text);
            break;
        default: {
            int64_t value = ((const int64_t *)column->data)[lane];
            if (type == ENT_TYPE_TEXT) {
                snprintf(text, sizeof text, "%s", ent_strings_get(x->strings, value, NULL));
            } else {
                value = type == ENT_TYPE_INSTANT ? (value - BASE_NS) / MINUTE_NS : value;
                snprintf(text, sizeof text, "%lld", (long long)value);
            }
        }
        }
    }
    put(x, text);
}

/* `LINE: at id event priority party cost ...`, fields that are not used left out. */
static void put_rows(bound *x, const ent_rows *rows)
{
    const ent_feed_row *feed = &x->program->feed[TICKET];
    for (uint32_t lane = 0; lane < rows->n; lane++) {
        char line[32];
        snprintf(line, sizeof line, "%lld:", (long long)rows->origins[lane]);
        put(x, line);
        for (int64_t i = 0; i < feed->n_fields; i++) {
            if (rows->columns[i].data) {
                put(x, " ");
                put_value(x, &rows->columns[i], lane,
                          x->program->field[feed->first_field + i].type);
            }
        }
        put(x, "\n");
        x->n_rows++;
    }
}

static void bind_csv(bound *x, const char *csv, ent_format format)
{
    ent_feed_error error = {0};
    ent_source_list list = {0};
    ent_source *source = ent_source_open_memory("t.csv", csv, strlen(csv), format, &error);
    assert_non_null(source);
    assert_true(ent_source_list_take(&list, source, &error));
    const char *const *names;
    uint32_t n = ent_binder_wanted(x->binder, &names);
    ent_reader_options options = {
        .separator = ent_binder_separator(x->binder), .bad_rows = ENT_BAD_KEEP, .batch_rows = 4};
    ent_reader *reader = ent_reader_open(&list, names, n, &options, &error);
    if (!reader) {
        fail_msg("%s", error.text);
    }
    const ent_cells *cells;
    while (!x->stopped && ent_reader_next(reader, &cells, &error) == 1) {
        ent_rows rows = {0};
        if (!ent_binder_take(x->binder, cells, reader, on_bad, x, &rows, &x->skipped)) {
            x->stopped = true;
            assert_false(ent_binder_out_of_memory(x->binder));
            break;
        }
        put_rows(x, &rows);
    }
    assert_int_equal(error.code, ENT_FEED_OK);
    ent_reader_close(reader);
    ent_source_list_deinit(&list);
}

static void test_wanted(void **state)
{
    (void)state;
    static const char *const names[] = {"state",  "number", "prio",  "opened on", "party", "cost",
                                        "weight", "spent",  "tries", "score",     "vip"};
    ent_image *p = bound_program(true);
    bound x;
    bound_open(&x, p, 4);
    const char *const *wanted;
    assert_int_equal(ent_binder_wanted(x.binder, &wanted), 11);
    for (uint32_t i = 0; i < 11; i++) {
        assert_string_equal(wanted[i], names[i]);
        /* what the bind names has to be there; what is found by its own name may be missing */
        assert_int_equal(ent_binder_optional(x.binder, i), i >= 4);
    }
    assert_int_equal(ent_binder_separator(x.binder), ';');
    assert_int_equal(ent_binder_format(x.binder), 1);
    bound_close(&x);
    ent_image_destroy(p);

    p = bound_program(false);
    bound_open(&x, p, 4);
    assert_int_equal(ent_binder_wanted(x.binder, &wanted), 11);
    assert_string_equal(wanted[0], "at");
    assert_false(
        ent_binder_optional(x.binder, 0)); /* at, the key, the event: no row can do without */
    assert_false(ent_binder_optional(x.binder, 1));
    assert_false(ent_binder_optional(x.binder, 2));
    assert_true(ent_binder_optional(x.binder, 3));
    assert_int_equal(ent_binder_separator(x.binder), 0);
    assert_int_equal(ent_binder_format(x.binder), 0);
    bound_close(&x);
    ent_image_destroy(p);
}

#define HEADER                                                                                     \
    "number;opened on;state;prio;party;cost;weight;spent;tries;score;vip;other;worthless\n"
#define WHEN "2026-01-05T09:0"

static void test_rows(void **state)
{
    (void)state;
    ent_image *p = bound_program(true);
    bound x;
    bound_open(&x, p, 4);
    bind_csv(&x,
             HEADER "A;" WHEN "1:00Z;opened;P2;Acme;GBP 1.50;0.5;2m;3;1.25;yes;x;nonsense\n"
                    "B;" WHEN "2:00Z;noted;?;Group 12;;;;;;;;\n"
                    "C;" WHEN "3:00Z;Ignore;P9;nobody;many;;;;;;;\n" /* left out: it need not fit */
                    "?;" WHEN "4:00Z;opened;;NetCo Networks Ltd;?;?;?;?;?;?;?;?\n"
                    "E;" WHEN "5:00Z;closed;P1;NetCo;2;1e2;PT1S;-1;0;DOWN;;\n"
                    "\n"
                    "F;" WHEN "6:00Z;opened;P3;HostCo;1/1;;;;;;;\n"
                    "G;" WHEN "7:00Z;opened;P3;HostCo;-1;;;;;;;\n",
             ENT_FORMAT_CSV);
    assert_string_equal(x.rows, "2: 1 A 0 1 0 3/2 0.5 120000000000 3 125 1\n"
                                "3: 2 B 8 - 2 - - - - - -\n"
                                "5: 4 - 0 - 2 - - - - - -\n"
                                "6: 5 E 7 0 2 2 100 1000000000 -1 0 0\n"
                                "9: 7 G 0 2 1 -1 - - - - -\n");
    assert_string_equal(x.bad,
                        "`t.csv` line 8, column 6 `cost`: expected an amount such as 120.50 in the "
                        "field's currency, found `1/1`\n");
    assert_int_equal(x.skipped, 1);
    bound_close(&x);
    ent_image_destroy(p);
}

/* Each kind of bad cell, in the order of the file, the reader's own among them, over several
 * batches. */
static void test_bad_rows(void **state)
{
    (void)state;
    static const char csv[] = HEADER "A;" WHEN "1:00Z;opened;P9;;;;;;;;;\n"
                                     "B;" WHEN "2:00Z;shut;P1;;;;;;;;;\n"
                                     "C;" WHEN "3:00Z;opened\n"
                                     "D;;opened;P1;;;;;;;;;\n"
                                     "E;yesterday;opened;P1;;;;;;;;;\n"
                                     "F;" WHEN "6:00Z;;P1;;;;;;;;;\n"
                                     "G;" WHEN "7:00Z;opened;P1;Elsewhere;x;;;;;;;\n"
                                     "H;" WHEN "8:00Z;opened;P1;;;n;;;;;;\n"
                                     "I;" WHEN "9:00Z;opened;P1;;;;5;;;;;\n"
                                     "J;" WHEN "1:10Z;opened;P1;;;;;1.5;;;;\n"
                                     "K;" WHEN "1:11Z;opened;P1;;;;;;0.001;;;\n"
                                     "L;" WHEN "1:12Z;opened;P1;;;;;;;maybe;;\n"
                                     "M;" WHEN "1:13Z;opened;P1;;;;;;;;;\n";
    static const char expected[] =
        "`t.csv` line 2, column 4 `prio`: expected one of P1, P2, P3, found `P9`\n"
        "`t.csv` line 3, column 3 `state`: expected one of opened, assigned, pended, resumed, "
        "resolved, reopened, "
        "cancelled, closed, noted, found `shut`\n"
        "`t.csv` line 4: expected 13 cells, found 3\n"
        "`t.csv` line 5: expected an instant in `at`: every row has one\n"
        "`t.csv` line 6, column 2 `opened on`: expected an instant such as 2026-01-05T09:00:00Z, "
        "found `yesterday`\n"
        "`t.csv` line 7: expected a state\n"
        "`t.csv` line 8, column 5 `party`: expected the name, title or alias of a party, found "
        "`Elsewhere`\n"
        "`t.csv` line 9, column 7 `weight`: expected a number such as 12.5, found `n`\n"
        "`t.csv` line 10, column 8 `spent`: expected a duration such as 250ms, 90s or 1h30m, found "
        "`5`\n"
        "`t.csv` line 11, column 9 `tries`: expected a whole number such as 42, found `1.5`\n"
        "`t.csv` line 12, column 10 `score`: expected a decimal number with no more digits than "
        "the field keeps, "
        "found `0.001`\n"
        "`t.csv` line 13, column 11 `vip`: expected true, false, 1, 0, yes, no, up or down, found "
        "`maybe`\n";
    ent_image *p = bound_program(true);
    bound x;
    bound_open(&x, p, 4);
    bind_csv(&x, csv, ENT_FORMAT_CSV);
    assert_string_equal(x.bad, expected);
    assert_string_equal(x.rows, "14: 1 M 0 0 - - - - - - -\n");
    assert_int_equal(x.skipped, 0);
    bound_close(&x);

    bound_open(&x, p, 4);
    x.stop_at = 3;
    bind_csv(&x, csv, ENT_FORMAT_CSV);
    assert_true(x.stopped);
    assert_int_equal(x.n_bad, 3);
    assert_int_equal(x.n_rows, 0);
    bound_close(&x);
    ent_image_destroy(p);
}

/* Without a bind, columns are found by the fields' names, in any order; a missing optional one is
 * absent in every row, and a name that is another's alias is the one whose name it is. */
static void test_by_name(void **state)
{
    (void)state;
    ent_image *p = bound_program(false);
    bound x;
    bound_open(&x, p, 4);
    bind_csv(&x, "event,id,at,party\nopened,A," WHEN "1:00Z,NetCo\nnoted,,\"" WHEN "2:00Z\",\n",
             ENT_FORMAT_CSV);
    assert_string_equal(x.rows, "2: 1 A 0 - 2 - - - - - -\n3: 2 - 8 - - - - - - - -\n");
    assert_string_equal(x.bad, "");
    bound_close(&x);

    bound_open(&x, p, 4);
    bind_csv(
        &x,
        "{\"at\":\"" WHEN
        "1:00Z\",\"id\":\"A\",\"event\":\"opened\",\"cost\":1.25,\"vip\":true,\"tries\":null}\n"
        "{\"at\":7,\"id\":\"B\",\"event\":\"opened\"}\n",
        ENT_FORMAT_JSONL);
    assert_string_equal(x.rows, "1: 1 A 0 - - 5/4 - - - - 1\n");
    assert_string_equal(x.bad, "`t.csv` line 2, member `at`: expected an instant such as "
                               "2026-01-05T09:00:00Z, found `7`\n");
    bound_close(&x);
    ent_image_destroy(p);
}

/* What the file lacks: the reader knows, the binder says whether it matters. */
static void test_missing_columns(void **state)
{
    (void)state;
    static const char csv[] = "number;state;prio\nA;opened;P1\n";
    ent_image *p = bound_program(true);
    bound x;
    bound_open(&x, p, 4);
    ent_feed_error error = {0};
    ent_source_list list = {0};
    assert_true(ent_source_list_take(
        &list, ent_source_open_memory("t.csv", csv, sizeof csv - 1, ENT_FORMAT_CSV, &error),
        &error));
    const char *const *names;
    uint32_t n = ent_binder_wanted(x.binder, &names);
    ent_reader_options options = {.separator = ';'};
    ent_reader *reader = ent_reader_open(&list, names, n, &options, &error);
    assert_non_null(reader);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(ent_reader_has_column(reader, i), i < 3);
    }
    assert_false(ent_binder_optional(x.binder, 3)); /* `opened on` */
    ent_reader_close(reader);
    ent_source_list_deinit(&list);
    bound_close(&x);
    ent_image_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),   cmocka_unit_test(test_wanted),
        cmocka_unit_test(test_rows),    cmocka_unit_test(test_bad_rows),
        cmocka_unit_test(test_by_name), cmocka_unit_test(test_missing_columns),
    };
    return cmocka_run_group_tests_name("bind", tests, NULL, NULL);
}
