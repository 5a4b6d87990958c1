/* The decision record: what a line says and in which order, exact figures in their units, the chain
 * of hashes, and that nothing in a ledger can be changed without its being found; each message of
 * the verifier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/judge/answer.h"
#include "runtime/ledger/ledger.h"
#include "runtime/ledger/verify.h"
#include "tests/unit/state_clauses.h"
#include "tests/unit/state_drive.h"

/* --- a ledger to look at --- */

typedef struct made {
    ent_image *program;
    ent_engine *session;
    telling decisions;
    ent_bytes bytes;  /* the ledger */
    size_t begin[16]; /* of each line; the last is the end */
    size_t n;
} made;

static void add_line(made *m, const ent_ledger *ledger)
{
    m->begin[m->n++] = m->bytes.n;
    assert_true(ent_bytes_append(&m->bytes, ledger->line.data, ledger->line.len));
    m->begin[m->n] = m->bytes.n;
}

static ent_image *make_program(void)
{
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 3, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    x.b->agreement.v[agreement].zone = prog_text(&x, "Asia/Kolkata");
    (void)ent_builder_add_calendar_file(
        x.b, (ent_calendar_file_row){0, prog_text(&x, "h.ics"), prog_text(&x, "00ff")});
    (void)ent_builder_add_calendar_file(
        x.b, (ent_calendar_file_row){0, prog_text(&x, "h.ics"), prog_text(&x, "00ff")});
    ent_duty_row duty = prog_duty(&x, agreement);
    duty.title = prog_text(&x, "4.3 \"Restoration\"");
    shape_credit(&x, &duty);
    (void)ent_builder_add_duty(x.b, duty);
    ent_fold_row fold = prog_fold(&x, ENT_AGG_SHARE, TICKET);
    fold.test = S_P1;
    fold.select = OPENED;
    fold.first_group = x.key_id_party;
    fold.n_groups = 2;
    (void)ent_builder_add_fold(x.b, fold);
    ent_objective_row row = prog_objective(&x, agreement, "urgent", ENT_TYPE_RATIO);
    row.target = prog_ratio(&x, 1, 3);
    row.target_text = prog_text(&x, "33.3%");
    row.subject = 2;
    row.subject_field = prog_text(&x, "id");
    (void)ent_builder_add_objective(x.b, row);
    return prog_load(&x);
}

static made make_ledger_about(const char key[8])
{
    static const ent_ledger_feed feeds[] = {{"ticket", 12, 1, 2, 3, "ab"},
                                            {"probe", 0, 0, 0, 0, ""}};
    static const ent_ledger_run run = {
        .version = "0.1.0", .tzdata = "2025b", .feeds = feeds, .n_feeds = 2};
    made m = {.program = make_program()};
    facts all = facts_of(
        "0 A opened HostCo P1; 1 A opened HostCo; 2 A opened HostCo; 240+500000000ns A resolved");
    for (size_t i = 0; i < all.n; i++) {
        memcpy(all.v[i].key, key, 8);
    }
    drive_plan plan = between(-870, 570);
    ent_fault error;
    m.session = drive(m.program, &all, &plan, &m.decisions, &error);
    assert_non_null(m.session);
    free(all.v);
    ent_ledger ledger;
    ent_ledger_init(&ledger);
    assert_true(ent_ledger_run_line(&ledger, m.session, &run));
    add_line(&m, &ledger);
    for (size_t i = 0; i < m.decisions.n; i++) {
        assert_true(ent_ledger_decision_line(&ledger, m.session, &m.decisions.v[i].d));
        add_line(&m, &ledger);
    }
    ent_ledger_deinit(&ledger);
    return m;
}

static made make_ledger(void)
{
    return make_ledger_about("A\n\"\x01\xc3\xa9\xff");
}

static void made_free(made *m)
{
    ent_engine_free(m->session);
    ent_image_destroy(m->program);
    free(m->decisions.v);
    ent_bytes_deinit(&m->bytes);
}

/* The line up to its chain. */
static void expect_line(const made *m, size_t line, const char *expected)
{
    const char *p = (const char *)m->bytes.p + m->begin[line];
    size_t n = m->begin[line + 1] - m->begin[line];
    char text[2048];
    assert_true(n < sizeof text);
    memcpy(text, p, n);
    text[n] = 0;
    char *chain = strstr(text, ",\"prev\":\"");
    assert_non_null(chain);
    assert_int_equal(strlen(chain), 9 + 64 + 10 + 64 + 3);
    *chain = 0;
    assert_string_equal(text, expected);
}

static void test_lines(void **state)
{
    (void)state;
    made m = make_ledger();
    char run[512];
    assert_int_equal(m.n, 3);
    snprintf(
        run, sizeof run,
        "{\"kind\":\"run\",\"entente\":\"0.1.0\",\"program\":\"%s\",\"tzdata\":\"2025b\","
        "\"calendars\":{\"h.ics\":\"00ff\"},"
        "\"feeds\":{\"ticket\":{\"rows\":12,\"bad\":1,\"late\":2,\"skipped\":3,\"digest\":\"ab\"},"
        "\"probe\":{\"rows\":0,\"bad\":0,\"late\":0,\"skipped\":0,\"digest\":\"\"}},"
        "\"from\":\"2026-01-04T18:30:00Z\",\"to\":\"2026-01-05T18:30:00Z\"",
        m.program->digest);
    expect_line(&m, 0, run);
    expect_line(
        &m, 1,
        "{\"seq\":1,\"kind\":\"duty\",\"agreement\":\"HostingSLA\",\"version\":3,"
        "\"clause\":\"restore\",\"title\":\"4.3 \\\"Restoration\\\"\","
        "\"subject\":{\"id\":\"A\\u000a\\\"\\u0001\xc3\xa9\xef\xbf\xbd\"},"
        "\"clock\":{\"at\":\"2026-01-05T14:30:00+05:30\",\"due\":\"2026-01-05T18:30:00+05:30\","
        "\"done\":\"2026-01-05T18:30:00.5+05:30\",\"elapsed\":\"14400.5\",\"allowed\":\"14400\"},"
        "\"status\":\"breach\",\"shortfall\":\"0.5\","
        "\"credit\":{\"amount\":\"12.50\",\"currency\":\"GBP\",\"rule\":\"GBP 12.50\"},"
        "\"accountable\":{\"party\":\"HostCo\",\"to\":\"Acme\"},"
        "\"because\":[{\"fact\":\"clock began 2026-01-05T14:30:00+05:30\"},"
        "{\"fact\":\"clock stopped 2026-01-05T18:30:00.5+05:30\"}],"
        "\"source\":{\"file\":\"club.ent\",\"line\":7,\"column\":3}");
    expect_line(
        &m, 2,
        "{\"seq\":2,\"kind\":\"objective\",\"agreement\":\"HostingSLA\",\"version\":3,"
        "\"clause\":\"urgent\",\"subject\":{\"id\":\"A\\u000a\\\"\\u0001\xc3\xa9\xef\xbf\xbd\","
        "\"party\":\"HostCo\"},"
        "\"window\":{\"from\":\"2026-01-05T00:00:00+05:30\",\"to\":\"2026-01-06T00:00:00+05:30\"},"
        "\"status\":\"met\",\"measure\":\"33.3333%\",\"measure_exact\":\"1/3\","
        "\"target\":\"at least 33.3%\","
        "\"counts\":{\"samples\":3,\"bad\":2,\"missing\":0,\"absent\":0,\"excluded\":0,\"late\":0},"
        "\"source\":{\"file\":\"club.ent\",\"line\":7,\"column\":3}");
    made_free(&m);
}

/* An open clock, a breach that falls short, an earning back, a clock without due: the keys that may
 * be absent. */
static void test_optional_keys(void **state)
{
    (void)state;
    made m = make_ledger();
    ent_verdict duty = m.decisions.v[0].d;
    ent_verdict objective = m.decisions.v[1].d;
    ent_ledger ledger;
    ent_ledger_init(&ledger);
    duty.has_due = duty.has_done = duty.has_credit = false;
    duty.open = true;
    duty.status = ENT_STATUS_PROVISIONAL;
    assert_true(ent_ledger_decision_line(&ledger, m.session, &duty));
    assert_non_null(strstr(ledger.line.data,
                           "\"clock\":{\"at\":\"2026-01-05T14:30:00+05:30\",\"open\":true,"
                           "\"elapsed\":\"14400.5\",\"allowed\":\"14400\"},"
                           "\"status\":\"provisional\",\"because\":"));
    objective.status = ENT_STATUS_BREACH;
    objective.has_budget = true;
    objective.budget_left = (ent_q){-3, 2};
    objective.burn_rate = (ent_q){4, 3};
    objective.has_credit = objective.credit_earned = true;
    objective.credit_minor = -500;
    objective.measure = (ent_q){333, 1000};
    assert_true(ent_ledger_decision_line(&ledger, m.session, &objective));
    assert_non_null(strstr(ledger.line.data, "\"seq\":2,"));
    assert_non_null(
        strstr(ledger.line.data,
               "\"measure\":\"33.3%\",\"measure_exact\":\"333/1000\",\"target\":\"at least 33.3%\","
               "\"shortfall\":\"0.0333%\",\"counts\":"));
    assert_non_null(strstr(ledger.line.data,
                           "\"budget\":{\"left\":\"-1.5\",\"burn_rate\":\"1.3333\"},"
                           "\"credit\":{\"amount\":\"-5.00\",\"currency\":\"GBP\","
                           "\"rule\":\"earn back\"},"
                           "\"accountable\":{\"party\":\"HostCo\",\"to\":\"Acme\"},\"source\":"));
    objective.status = ENT_STATUS_NO_DATA;
    objective.has_measure = objective.has_budget = objective.has_credit = false;
    assert_true(ent_ledger_decision_line(&ledger, m.session, &objective));
    assert_non_null(strstr(ledger.line.data,
                           "\"status\":\"no_data\",\"target\":\"at least 33.3%\",\"counts\":"));
    ent_ledger_deinit(&ledger);
    made_free(&m);
}

/* --- drafts --- */

static int64_t some_time(uint64_t *seed)
{
    static const int64_t units[] = {1, 1000000, SECOND_NS, SECOND_NS, SECOND_NS, SECOND_NS, 3600 * SECOND_NS};
    int64_t unit = units[next_random(seed) % 7];
    int64_t n = (int64_t)(next_random(seed) % 100000);
    return next_random(seed) % 20 ? n * unit : -n * unit;
}

static bool seldom(uint64_t *seed)
{
    return next_random(seed) % 8 == 0;
}

static ent_q some_figure(uint64_t *seed)
{
    return (ent_q){some_time(seed), seldom(seed) ? 7 : 1};
}

static ent_part some_part(uint64_t *seed, int64_t party)
{
    static const char *const shares[] = {"1", "1/2", "0", "123456789123456789123456789/123456789123456789123456789123"};
    return (ent_part){.party = party,
                      .but_for = next_random(seed) % 2,
                      .has_share = !seldom(seed),
                      .has_times = !seldom(seed),
                      .has_amount = seldom(seed),
                      .has_without = !seldom(seed),
                      .without_is_number = seldom(seed),
                      .degree = (uint32_t)(next_random(seed) % 4),
                      .held_ns = some_time(seed),
                      .excess_ns = some_time(seed),
                      .share_text = shares[next_random(seed) % 4],
                      .amount_minor = 12345,
                      .error = 0.25,
                      .without = some_figure(seed),
                      .without_f = 1.5};
}

static ent_fact some_fact(uint64_t *seed)
{
    int64_t from = some_time(seed);
    return (ent_fact){.origin = 5,
                      .feed = 0,
                      .until_feed = -1,
                      .from_ns = from,
                      .to_ns = seldom(seed) ? from : some_time(seed),
                      .causes = seldom(seed) ? 3 : 1U << next_random(seed) % 3,
                      .subject = -1,
                      .root = -1,
                      .span = 0,
                      .count = 3,
                      .kind = (uint8_t)(seldom(seed)             ? ENT_FACT_OUTCOME
                                        : next_random(seed) % 2 ? ENT_FACT_TRIGGER + next_random(seed) % 3
                                                                : ENT_FACT_STOPPED + next_random(seed) % 2)};
}

/* What is written in short is what the general way writes. */
static void same_lines(const made *m, uint64_t seed)
{
    ent_ledger brief;
    ent_ledger general;
    const char *const names[] = {"ticket.csv"};
    ent_ledger_files files[8] = {{names, 1}};
    ent_ledger_init(&brief);
    ent_ledger_init(&general);
    general.portable = true;
    for (size_t i = 0; i < 5000; i++) {
        ent_part parts[3] = {some_part(&seed, 0), some_part(&seed, 1), some_part(&seed, 2)};
        ent_fact because[4] = {some_fact(&seed), some_fact(&seed), some_fact(&seed), some_fact(&seed)};
        ent_answer answer = {.parts = parts,
                             .n_parts = next_random(&seed) % 4,
                             .facts = because,
                             .n_facts = next_random(&seed) % 5,
                             .facts_left_out = seldom(&seed) ? 2 : 0,
                             .sampled = seldom(&seed),
                             .has_gap = next_random(&seed) % 2,
                             .gap_fits = !seldom(&seed),
                             .gap_text = "1/3",
                             .gap = some_figure(&seed)};
        ent_verdict d = m->decisions.v[0].d;
        d.status = (uint8_t)(next_random(&seed) % ENT_STATUS_COUNT);
        d.has_due = !seldom(&seed);
        d.has_done = !seldom(&seed);
        d.open = seldom(&seed);
        d.has_credit = seldom(&seed);
        d.has_subject = !seldom(&seed);
        d.at_ns = some_time(&seed);
        d.due_ns = some_time(&seed);
        d.done_ns = some_time(&seed);
        d.elapsed_ns = some_time(&seed);
        d.allowed_ns = some_time(&seed);
        /* facts mostly tell of the clock's instants */
        because[0].from_ns = seldom(&seed) ? because[0].from_ns : d.at_ns;
        because[1].from_ns = seldom(&seed) ? because[1].from_ns : d.done_ns;
        because[1].to_ns = seldom(&seed) ? because[1].to_ns : d.at_ns;
        d.cause_origin = seldom(&seed) ? 0 : 7;
        d.answer = next_random(&seed) % 2 ? &answer : NULL;
        brief.files = general.files = seldom(&seed) ? files : NULL;
        assert_true(ent_ledger_decision_line(&brief, m->session, &d));
        assert_true(ent_ledger_decision_line(&general, m->session, &d));
        assert_string_equal(brief.line.data, general.line.data);
    }
    ent_ledger_deinit(&brief);
    ent_ledger_deinit(&general);
}

static void test_drafts(void **state)
{
    (void)state;
    made odd = make_ledger();
    made plain = make_ledger_about("INC0001");
    same_lines(&odd, 20260105);
    same_lines(&plain, 20260106);
    made_free(&odd);
    made_free(&plain);
}

static void test_figures(void **state)
{
    (void)state;
    static const struct {
        int64_t type, num, den;
        const char *text;
    } cases[] = {
        {ENT_TYPE_RATIO, 1, 1, "100%"},
        {ENT_TYPE_RATIO, 9995, 10000, "99.95%"},
        {ENT_TYPE_RATIO, 2, 3, "66.6667%"},
        {ENT_TYPE_RATIO, 1, 3000000, "0%"},
        {ENT_TYPE_DURATION, 400000000, 1, "0.4s"},
        {ENT_TYPE_DURATION, 23400 * SECOND_NS, 1, "23400s"},
        {ENT_TYPE_DURATION, 1, 1, "0.000000001s"},
        {ENT_TYPE_DURATION, 1, 3, "1/3000000000s"},
        {ENT_TYPE_MONEY, 1000, 3, "GBP 1000/3"},
        {ENT_TYPE_INT, -42, 1, "-42"},
        {ENT_TYPE_DECIMAL, 15, 4, "3.75"},
        {ENT_TYPE_NUMBER, 0, 1, "0.1"},
    };
    ent_image *p = make_program();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[ENT_Q_TEXT_SIZE + 8];
        ent_objective_row row = p->objective[0];
        ent_verdict d = {.has_measure = true, .measure_f = 0.1};
        row.type = cases[i].type;
        d.measure_is_number = row.type == ENT_TYPE_NUMBER;
        assert_true(ent_q_make(cases[i].num, cases[i].den, &d.measure));
        size_t n = ent_ledger_measure(p, &row, &d, text, sizeof text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(n, strlen(text));
        d.has_measure = false;
        assert_int_equal(ent_ledger_measure(p, &row, &d, text, sizeof text), 0);
        assert_string_equal(text, "");
    }
    ent_verdict credit = {.kind = ENT_VERDICT_OBJECTIVE, .credit_minor = 600000};
    char text[ENT_MONEY_TEXT_SIZE];
    (void)ent_ledger_amount(p, &credit, text, sizeof text);
    assert_string_equal(text, "6000.00");
    credit.credit_minor = -1;
    (void)ent_ledger_amount(p, &credit, text, sizeof text);
    assert_string_equal(text, "-0.01");
    assert_string_equal(ent_status_name(ENT_STATUS_NO_DATA), "no_data");
    assert_string_equal(ent_status_name(99), "");
    ent_image_destroy(p);
}

/* --- the chain --- */

/* As a whole, and line by line, which must say the same. */
static bool verify(const char *text, size_t n, ent_ledger_report *report)
{
    ent_ledger_report pieces;
    bool whole = ent_ledger_verify(text, n, report);
    bool sound = true;
    size_t at = 0;
    ent_ledger_verify_begin(&pieces);
    for (const char *end; sound && (end = memchr(text + at, '\n', n - at)) != NULL;) {
        size_t len = (size_t)(end - text) + 1 - at;
        sound = ent_ledger_verify_lines(text + at, len, &pieces);
        at += len;
    }
    sound = sound && ent_ledger_verify_end(n - at, &pieces);
    assert_int_equal(sound, whole);
    assert_int_equal(pieces.lines, report->lines);
    assert_int_equal(pieces.decisions, report->decisions);
    assert_int_equal(pieces.fault_line, report->fault_line);
    assert_int_equal(pieces.torn, report->torn);
    assert_string_equal(pieces.fault, report->fault);
    assert_string_equal(pieces.hash, report->hash);
    return whole;
}

static void test_chain(void **state)
{
    (void)state;
    made m = make_ledger();
    ent_ledger_report report;
    assert_true(verify((const char *)m.bytes.p, m.bytes.n, &report));
    assert_int_equal(report.lines, 3);
    assert_int_equal(report.decisions, 2);
    assert_int_equal(report.fault_line, 0);
    assert_string_equal(report.fault, "");
    assert_memory_equal(report.hash, m.bytes.p + m.bytes.n - 3 - 64, 64);
    /* the hash of a line is that of its text without the last member */
    char line[2048];
    size_t n = m.begin[1] - 1;
    memcpy(line, m.bytes.p, n);
    char hash[ENT_HASH_TEXT_SIZE];
    line[n - 75] = '}';
    assert_true(ent_hash_hex(line, n - 74, hash));
    assert_memory_equal(hash, m.bytes.p + n - 66, 64);
    assert_memory_equal(m.bytes.p + n - 140, ENT_LEDGER_FIRST_PREV, 64);
    made_free(&m);
}

/* Whatever byte is changed, and into whatever, the line that it is in is named. */
static void test_every_byte(void **state)
{
    (void)state;
    made m = make_ledger();
    char *bytes = (char *)m.bytes.p;
    size_t line = 0;
    for (size_t i = 0; i < m.bytes.n; i++) {
        line += i == m.begin[line + 1];
        for (int bit = 0; bit < 8; bit += 1 + (int)(i % 3)) {
            ent_ledger_report report;
            bytes[i] = (char)(bytes[i] ^ (1 << bit));
            assert_false(verify(bytes, m.bytes.n, &report));
            assert_int_equal(report.fault_line, line + 1);
            assert_int_equal(report.lines, line);
            bytes[i] = (char)(bytes[i] ^ (1 << bit));
        }
    }
    /* every cut but those between lines */
    for (size_t n = 0, cut = 0; n < m.bytes.n; n++) {
        ent_ledger_report report;
        bool between_lines = n > 0 && n == m.begin[cut + 1];
        cut += between_lines;
        assert_int_equal(verify(bytes, n, &report), between_lines);
        assert_int_equal(report.torn, n > 0 && !between_lines);
    }
    made_free(&m);
}

/* --- what the verifier says --- */

typedef struct forgery {
    char text[8192];
    size_t n;
    char prev[ENT_HASH_TEXT_SIZE];
} forgery;

static void forge_begin(forgery *f)
{
    f->n = 0;
    memcpy(f->prev, ENT_LEDGER_FIRST_PREV, sizeof f->prev);
}

/* Adds a line that begins so and is chained as it ought to be. */
static void forge(forgery *f, const char *members)
{
    char line[2048];
    int n = snprintf(line, sizeof line, "%s,\"prev\":\"%s\"}", members, f->prev);
    assert_true(n > 0 && (size_t)n < sizeof line);
    assert_true(ent_hash_hex(line, (size_t)n, f->prev));
    f->n += (size_t)snprintf(f->text + f->n, sizeof f->text - f->n, "%.*s,\"hash\":\"%s\"}\n",
                             n - 1, line, f->prev);
}

#define RUN_LINE "{\"kind\":\"run\",\"x\":[1,-2.5e+3,true,false,null,{},[],{\"a\":\"\\u00e9\\\\\"}]"

typedef struct verify_case {
    const char *lines[4]; /* forged */
    uint64_t line;
    const char *fault; /* NULL: sound */
} verify_case;

static const verify_case verify_cases[] = {
    {{RUN_LINE, "{\"seq\":1,\"kind\":\"duty\"", "{\"seq\":2,\"kind\":\"objective\""}, 0, NULL},
    {{RUN_LINE, "{\"seq\":1,\"kind\":\"duty\"", "{\"seq\":3,\"kind\":\"duty\""},
     3,
     "`seq` is 3, and 2 was to come"},
    {{RUN_LINE, "{\"seq\":01,\"kind\":\"duty\""},
     2,
     "it is no JSON object as a ledger has it: expected no digit after a leading zero at column 9"},
    {{RUN_LINE, "{\"kind\":\"duty\",\"seq\":1"}, 2, "a decision does not begin with `seq`"},
    {{RUN_LINE, RUN_LINE}, 2, "a line of kind `run` stands among the decisions"},
    {{"{\"seq\":1,\"kind\":\"duty\""},
     1,
     "the first line does not say how the ledger was made: its `kind` is not `run`"},
    {{"{\"x\":{\"kind\":\"run\"}"},
     1,
     "the first line does not say how the ledger was made: its `kind` is not `run`"},
    {{"{ \"kind\":\"run\""},
     1,
     "it is no JSON object as a ledger has it: expected a text at column 2"},
    {{"[\"kind\""}, 1, "it is no JSON object as a ledger has it: expected `{` at column 1"},
    {{"{\"kind\" :\"run\""},
     1,
     "it is no JSON object as a ledger has it: expected `:` at column 8"},
    {{"{\"kind\":run"}, 1, "it is no JSON object as a ledger has it: expected a value at column 9"},
    {{"{\"kind\":\"run\",\"a\":tru"},
     1,
     "it is no JSON object as a ledger has it: expected a value at column 19"},
    {{"{\"kind\":\"run\",\"a\":-"},
     1,
     "it is no JSON object as a ledger has it: expected a digit at column 20"},
    {{"{\"kind\":\"run\",\"a\":1."},
     1,
     "it is no JSON object as a ledger has it: expected a digit at column 21"},
    {{"{\"kind\":\"run\",\"a\":\"\\x\""},
     1,
     "it is no JSON object as a ledger has it: expected an escape at column 22"},
    {{"{\"kind\":\"run\",\"a\":\"\\u12g4\""},
     1,
     "it is no JSON object as a ledger has it: expected four hexadecimal digits at column 24"},
    {{"{\"kind\":\"run\",\"a\":\"\t\""},
     1,
     "it is no JSON object as a ledger has it: expected no control character in a text at column "
     "20"},
    {{"{\"kind\":\"run\",\"a\":[1,]"},
     1,
     "it is no JSON object as a ledger has it: expected a value at column 22"},
    {{"{\"kind\":\"run\",\"a\":[1}"},
     1,
     "it is no JSON object as a ledger has it: expected `,` or `]` at column 21"},
    {{"{\"kind\":\"run\",\"a\":{\"b\":1]"},
     1,
     "it is no JSON object as a ledger has it: expected `,` or `}` at column 25"},
    {{"{\"kind\":\"run\"}{\"a\":1"},
     1,
     "it is no JSON object as a ledger has it: expected the end of the line at column 15"},
    {{"{\"kind\":\"run\",\"a\":\"\xff\""}, 1, "it is no UTF-8 text at column 20"},
};

static void expect_fault(const char *text, size_t n, uint64_t line, const char *fault)
{
    ent_ledger_report report;
    bool whole = verify(text, n, &report);
    if (whole != (fault == NULL)) {
        fail_msg("%.*s: %s", (int)n, text, whole ? "taken" : report.fault);
    }
    assert_string_equal(report.fault, fault ? fault : "");
    assert_int_equal(report.fault_line, line);
}

static void test_faults(void **state)
{
    (void)state;
    forgery f;
    for (size_t i = 0; i < sizeof verify_cases / sizeof *verify_cases; i++) {
        const verify_case *c = &verify_cases[i];
        forge_begin(&f);
        for (size_t k = 0; k < 4 && c->lines[k]; k++) {
            forge(&f, c->lines[k]);
        }
        expect_fault(f.text, f.n, c->line, c->fault);
    }
    expect_fault("", 0, 0, "it is empty: a ledger has at least the line that says how it was made");
    expect_fault("\n", 1, 1, "it is no JSON object as a ledger has it: expected `{` at column 1");
    expect_fault("{}", 2, 1, "it was not written to its end: no newline follows");
    expect_fault("{\"kind\":\"run\"}\n", 15, 1,
                 "it does not end in `prev` and `hash`, of 64 hexadecimal digits each");
    char deep[512];
    size_t at = (size_t)snprintf(deep, sizeof deep, "{\"kind\":\"run\",\"a\":");
    memset(deep + at, '[', 80);
    memset(deep + at + 80, ']', 80);
    deep[at + 160] = 0;
    forge_begin(&f);
    forge(&f, deep);
    expect_fault(
        f.text, f.n, 1,
        "it is no JSON object as a ledger has it: expected at most 64 levels at column 82");
}

/* Lines left out, put in, or put elsewhere, though each is sound by itself. */
static void test_order(void **state)
{
    (void)state;
    made m = make_ledger();
    const char *bytes = (const char *)m.bytes.p;
    size_t first = m.begin[1];
    char other[8192];
    char fault[320];
    memcpy(other, bytes, first);
    memcpy(other + first, bytes + m.begin[2], m.bytes.n - m.begin[2]);
    snprintf(
        fault, sizeof fault,
        "it does not follow the line before: its `prev` is %.16s…, that line's `hash` is %.16s…",
        bytes + m.begin[2] - 67, bytes + first - 67);
    expect_fault(other, first + m.bytes.n - m.begin[2], 2, fault);
    snprintf(fault, sizeof fault,
             "something stood before it: its `prev` is %.16s…, and a ledger begins with "
             "0000000000000000…",
             bytes + first - 67);
    expect_fault(bytes + first, m.bytes.n - first, 1, fault);
    made_free(&m);

    forgery f;
    forge_begin(&f);
    forge(&f, RUN_LINE);
    size_t n = f.n;
    char kept = f.text[9];
    f.text[9] = 'R';
    ent_ledger_report report;
    assert_false(verify(f.text, n, &report));
    assert_non_null(strstr(report.fault, "it was changed: its `hash` is "));
    f.text[9] = kept;
    expect_fault(f.text, n, 0, NULL);
}

/* Lines are hashed many at a time: still the first fault is told, and the lines before it are counted. */
static void test_first_of_faults(void **state)
{
    enum { LINES = 140 };
    static char text[LINES * 400];
    size_t begin[LINES + 1] = {0};
    forgery f;
    (void)state;
    forge_begin(&f);
    for (size_t i = 0; i < LINES; i++) { /* of any length from none to two whole blocks */
        char members[400];
        f.n = 0;
        snprintf(members, sizeof members, "{\"seq\":%zu,\"kind\":\"duty\",\"x\":\"%*s\"", i, (int)(i * 37 % 250), "");
        forge(&f, i == 0 ? RUN_LINE : members);
        memcpy(text + begin[i], f.text, f.n);
        begin[i + 1] = begin[i] + f.n;
    }
    expect_fault(text, begin[LINES], 0, NULL);
    for (size_t i = 0; i < LINES; i++) {
        for (size_t k = i; k < LINES; k += 1 + k % 40) {
            ent_ledger_report report;
            char *no_text = text + begin[k] + 3;       /* a NUL */
            char *wrong_hash = text + begin[i + 1] - 8; /* another digit */
            char kept_text = *no_text;
            char kept_digit = *wrong_hash;
            *no_text = 0;
            *wrong_hash = kept_digit == '0' ? '1' : '0';
            bool same = i == k;
            assert_false(verify(text, begin[LINES], &report));
            assert_int_equal(report.fault_line, i + 1);
            assert_int_equal(report.lines, i);
            assert_non_null(strstr(report.fault, same ? "it is no UTF-8 text at column 4" : "it was changed: "));
            *wrong_hash = kept_digit; /* now the text of line k is the only fault */
            assert_false(verify(text, begin[LINES], &report));
            assert_int_equal(report.fault_line, k + 1);
            assert_int_equal(report.decisions, k > 0 ? k - 1 : 0);
            assert_string_equal(report.fault, "it is no UTF-8 text at column 4");
            *no_text = kept_text;
        }
        assert_int_equal(verify(text, begin[i + 1] - 1, &(ent_ledger_report){0}), false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drafts),
        cmocka_unit_test(test_lines),      cmocka_unit_test(test_optional_keys),
        cmocka_unit_test(test_figures),    cmocka_unit_test(test_chain),
        cmocka_unit_test(test_every_byte), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_order),      cmocka_unit_test(test_first_of_faults),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
