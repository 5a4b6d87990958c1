/* The readers of whole columns against runtime/vm/read.h, which reads one cell: whatever a reader of columns does not
 * leave as odd is what the other makes of it, and plain rows give what cells give.  Texts are made of the characters that matter, of all lengths up to 24, and
 * of valid shapes with one character changed; each stands at the very end of its memory but for the promised slack.
 * Seeds are fixed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/feed/columns.h"
#include "runtime/vm/read.h"
#include "runtime/vm/strings.h"

enum { LANES = 512, TEXT_MAX = 24, ROUNDS = 400 };

static uint64_t seed = 88172645463325252U;

static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % n;
}

/* Cells over one memory, each with its own stretch and slack. */
typedef struct batch {
    char bytes[LANES * (TEXT_MAX + ENT_CELL_SLACK)];
    ent_cell cells[LANES];
    int64_t data[LANES];
    uint8_t absent[LANES];
    uint32_t odd[LANES];
} batch;

static void put(batch *b, uint32_t lane, const char *text, uint32_t len)
{
    char *p = b->bytes + lane * (TEXT_MAX + ENT_CELL_SLACK);
    memcpy(p, text, len);
    memset(p + len, "0.,9\n"[below(5)], ENT_CELL_SLACK);
    b->cells[lane] = (ent_cell){len ? p : NULL, len, len ? ENT_CELL_PRESENT : ENT_CELL_EMPTY};
}

/* An empty alphabet: shapes only, as they are. */
static void random_text(batch *b, uint32_t lane, const char *shapes, uint32_t n_shapes, const char *alphabet)
{
    char text[TEXT_MAX + 1];
    uint32_t len = below(TEXT_MAX + 1);
    if (alphabet[0] && below(4) == 0) {
        for (uint32_t i = 0; i < len; i++) {
            text[i] = alphabet[below((uint32_t)strlen(alphabet))];
        }
    } else {
        const char *shape = shapes;
        for (uint32_t k = below(n_shapes); k > 0; k--) {
            shape += strlen(shape) + 1;
        }
        len = (uint32_t)strlen(shape);
        for (uint32_t i = 0; i < len; i++) {
            text[i] = shape[i] == '#' ? (char)('0' + below(10)) : shape[i];
        }
        if (len > 0 && alphabet[0] && below(4) == 0) {
            text[below(len)] = below(8) ? alphabet[below((uint32_t)strlen(alphabet))] : (char)(128 + below(128));
        }
    }
    put(b, lane, text, len);
}

static void check(const batch *b, uint32_t lane, ent_type_kind type, int param, bool odd)
{
    const ent_cell *cell = &b->cells[lane];
    ent_read_value v = {.i = 0};
    assert_int_equal(b->absent[lane], cell->len == 0);
    if (odd || cell->len == 0) {
        return;
    }
    if (!ent_read(type, param, NULL, cell->p, cell->len, &v)) {
        fail_msg("type %d takes `%.*s`", (int)type, (int)cell->len, cell->p);
    }
    int64_t want = v.i;
    if (type == ENT_TYPE_BOOL) {
        assert_int_equal(((const uint8_t *)b->data)[lane], v.b);
        return;
    }
    if (type == ENT_TYPE_NUMBER) {
        memcpy(&want, &v.f, sizeof want);
    }
    if (b->data[lane] != want) {
        fail_msg("type %d reads `%.*s` as %lld, not %lld", (int)type, (int)cell->len, cell->p,
                 (long long)b->data[lane], (long long)want);
    }
}

/* The cells of a batch as the middle one of three columns of plain rows, with something around it or not. */
typedef struct plain_batch {
    char text[LANES * (TEXT_MAX + 3 + 4) + ENT_CELL_SLACK];
    uint32_t ends[3 * LANES + 1];
    ent_plain_rows rows;
    ent_plain_column column;
} plain_batch;

static const ent_plain_rows *lay_out(plain_batch *plain, const batch *b)
{
    uint32_t at = 0;
    uint32_t n = 0;
    plain->ends[n++] = UINT32_MAX;
    plain->column = (ent_plain_column){1, 1 + below(3), below(3)};
    for (uint32_t lane = 0; lane < LANES; lane++) {
        plain->text[at] = ',';
        plain->ends[n++] = at++;
        for (uint32_t i = 1; i < plain->column.lead; i++) {
            plain->text[at++] = '"';
        }
        memcpy(plain->text + at, b->cells[lane].len ? b->cells[lane].p : "", b->cells[lane].len);
        at += b->cells[lane].len;
        for (uint32_t i = 0; i < plain->column.trail; i++) {
            plain->text[at++] = '}';
        }
        plain->text[at] = ',';
        plain->ends[n++] = at++;
        plain->text[at] = '\n';
        plain->ends[n++] = at++;
    }
    memset(plain->text + at, "0.,9\n"[below(5)], ENT_CELL_SLACK);
    plain->rows = (ent_plain_rows){plain->text, plain->ends + 1, 3, 0, NULL};
    return &plain->rows;
}

static void read_lanes(ent_column_lanes *lanes, ent_day_memo *day, ent_type_kind type, int param)
{
    switch (type) {
    case ENT_TYPE_BOOL:
        ent_columns_bools(lanes);
        break;
    case ENT_TYPE_INT:
        ent_columns_integers(lanes);
        break;
    case ENT_TYPE_NUMBER:
        ent_columns_numbers(lanes);
        break;
    case ENT_TYPE_DURATION:
        ent_columns_durations(lanes);
        break;
    case ENT_TYPE_INSTANT:
        ent_columns_instants(lanes, day);
        break;
    default:
        ent_columns_decimals(lanes, param);
        break;
    }
}

/* Plain rows give the same lanes, absences and odd ones. */
static void compare_plain(const batch *b, const ent_column_lanes *want, ent_type_kind type, int param)
{
    static plain_batch plain;
    static ent_day_memo day;
    static int64_t data[LANES];
    static uint8_t absent[LANES];
    static uint32_t odd[LANES];
    const ent_plain_rows *rows = lay_out(&plain, b);
    ent_column_lanes lanes = {NULL, LANES, data, absent, odd, 0, rows, plain.column};
    read_lanes(&lanes, &day, type, param);
    assert_int_equal(lanes.n_odd, want->n_odd);
    assert_memory_equal(odd, want->odd, lanes.n_odd * sizeof *odd);
    assert_memory_equal(absent, want->absent, LANES);
    assert_memory_equal(data, want->data, type == ENT_TYPE_BOOL ? LANES : sizeof data);
}

/* Returns how many lanes were read without being odd or empty. */
static uint32_t compare(batch *b, ent_type_kind type, int param)
{
    static ent_day_memo day;
    ent_column_lanes lanes = {b->cells, LANES, b->data, b->absent, b->odd, 0, NULL, {0}};
    read_lanes(&lanes, &day, type, param);
    compare_plain(b, &lanes, type, param);
    uint32_t at = 0;
    uint32_t read = 0;
    for (uint32_t lane = 0; lane < LANES; lane++) {
        bool odd = at < lanes.n_odd && b->odd[at] == lane;
        at += odd;
        read += !odd && b->cells[lane].len > 0;
        check(b, lane, type, param, odd);
    }
    assert_int_equal(at, lanes.n_odd);
    return read;
}

static void agree(ent_type_kind type, int param, const char *shapes, uint32_t n_shapes, const char *alphabet)
{
    static batch b;
    uint32_t read = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t lane = 0; lane < LANES; lane++) {
            random_text(&b, lane, shapes, n_shapes, alphabet);
        }
        read += compare(&b, type, param);
    }
    assert_true(read > ROUNDS * LANES / 8); /* the common shapes do not end as odd ones */
}

static void test_numbers(void **state)
{
    static const char shapes[] = "#\0##\0####\0########\0#########\0#.#\0##.##\0###.#\0####.##\0.#\0#.\0-#\0#.#00\0.";
    (void)state;
    agree(ENT_TYPE_INT, 0, shapes, 14, "0123456789.-+e ");
    agree(ENT_TYPE_NUMBER, 0, shapes, 14, "0123456789.-+e ");
    for (int digits = 0; digits <= 9; digits++) {
        agree(ENT_TYPE_DECIMAL, digits, shapes, 14, "0123456789.-+e ");
    }
}

static void test_instants(void **state)
{
    static const char shapes[] = "2026-0#-##T##:##:##Z\0""202#-1#-##T##:##:##Z\0""1969-12-31T23:59:59Z\0"
                                 "2026-02-29T00:00:00Z\0""1700-01-01T00:00:00Z\0""9999-12-31T00:00:00Z\0"
                                 "2026-01-01 00:00:00Z\0""2026-01-01T00:00:00z\0""2026-01-05T1#:5#:5#Z";
    (void)state;
    agree(ENT_TYPE_INSTANT, 0, shapes, 9, "0123456789-:TZtz .+");
}

static void test_bools_and_durations(void **state)
{
    (void)state;
    agree(ENT_TYPE_BOOL, 0, "0\0""1\0up\0""2", 4, "01truefalsyn");
    agree(ENT_TYPE_DURATION, 0, "#ms\0##ms\0#s\0########ms\0######s\0#m\0#h#m\0#.#s", 8, "0123456789msh.");
}

/* Columns that have one shape over long stretches, which are read in blocks; here and there something else. */
static void test_blocks(void **state)
{
    static const struct {
        ent_type_kind type;
        int param;
        const char *shape, *other;
    } columns[] = {
        {ENT_TYPE_BOOL, 0, "1", "0\0""2\0""true\0"""},          {ENT_TYPE_DECIMAL, 1, "##.#", "###.#\0#.#\0##\0-#.#"},
        {ENT_TYPE_DECIMAL, 3, "####.###", "#.###\0.###\0""a.###"}, {ENT_TYPE_DECIMAL, 6, "#.######", "#.#####\0#\0######.#"},
        {ENT_TYPE_DECIMAL, 7, "#.#######", "#\0.#\0###"},         {ENT_TYPE_DECIMAL, 0, "###", "####\0#.\0#.#"},
        {ENT_TYPE_INSTANT, 0, "2026-03-01T12:30:1#Z",
         "2026-03-01T12:30:59Z\0""2026-03-02T12:31:0#Z\0""2026-03-01T12:30:6#Z"},
        {ENT_TYPE_INSTANT, 0, "2026-03-01T1#:4#:##Z",
         "2026-03-01T24:00:00Z\0""2026-03-01T12:6#:00Z\0""2026-03-01T12:30-00Z"},
        {ENT_TYPE_INSTANT, 0, "2026-03-01T2#:5#:5#Z",
         "2026-03-01T3#:00:00Z\0""2026-03-01 12:10:00Z\0""2026-03-01T12:30:000"},
    };
    static batch b;
    (void)state;
    for (uint32_t k = 0; k < sizeof columns / sizeof columns[0]; k++) {
        for (uint32_t round = 0; round < ROUNDS / 4; round++) {
            for (uint32_t lane = 0; lane < LANES; lane++) {
                bool odd = below(round % 8 == 0 ? 1000 : 100) == 0;
                random_text(&b, lane, odd ? columns[k].other : columns[k].shape, odd ? 3 : 1, "");
            }
            (void)compare(&b, columns[k].type, columns[k].param);
        }
    }
}

/* --- texts --- */

typedef struct dictionary {
    char texts[4096][TEXT_MAX + 1];
    uint32_t n, asked;
} dictionary;

static int64_t number_of(void *user, const ent_cell *cell)
{
    dictionary *d = user;
    d->asked++;
    if (cell->p[0] == '!') {
        return -1;
    }
    for (uint32_t i = 0; i < d->n; i++) {
        if (strlen(d->texts[i]) == cell->len && memcmp(d->texts[i], cell->p, cell->len) == 0) {
            return i;
        }
    }
    assert_true(d->n < 4096);
    memcpy(d->texts[d->n], cell->p, cell->len);
    d->texts[d->n][cell->len] = 0;
    return d->n++;
}

static void compare_texts(batch *b, ent_text_memo *memo, dictionary *d, bool is_plain)
{
    static plain_batch plain;
    const ent_plain_rows *rows = lay_out(&plain, b);
    const ent_cell *cells = is_plain ? NULL : b->cells;
    ent_column_lanes lanes = {cells, LANES, b->data, b->absent, b->odd, 0, rows, plain.column};
    ent_columns_texts(&lanes, memo, NULL, number_of, d);
    uint32_t at = 0;
    for (uint32_t lane = 0; lane < LANES; lane++) {
        const ent_cell *cell = &b->cells[lane];
        bool odd = at < lanes.n_odd && b->odd[at] == lane;
        at += odd;
        assert_int_equal(b->absent[lane], cell->len == 0);
        assert_int_equal(odd, cell->len > 0 && cell->p[0] == '!');
        if (!odd && cell->len > 0) {
            assert_int_equal(strlen(d->texts[b->data[lane]]), cell->len);
            assert_memory_equal(d->texts[b->data[lane]], cell->p, cell->len);
        }
    }
}

/* Texts of every length that differ in one place; in few kinds at first, then in too many to remember. */
static void test_texts(void **state)
{
    static batch b;
    static dictionary d;
    ent_text_memo *memo = ent_text_memo_new();
    (void)state;
    assert_non_null(memo);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t lane = 0; lane < LANES; lane++) {
            char text[TEXT_MAX + 1];
            uint32_t len = below(TEXT_MAX + 1);
            memset(text, 'a', sizeof text);
            if (len > 0) {
                text[below(len)] = (char)('a' + below(round < ROUNDS / 2 ? 2 : 6));
                text[0] = below(50) == 0 ? '!' : text[0];
            }
            put(&b, lane, text, len);
        }
        compare_texts(&b, memo, &d, below(2) == 0);
    }
    assert_true(d.asked < ROUNDS * LANES / 2 + ROUNDS * LANES / 10);
    ent_text_memo_free(memo);
}

static int64_t intern(void *user, const ent_cell *cell)
{
    return ent_strings_intern(user, cell->p, cell->len);
}

/* Numbered texts of several kinds, so many that the table of remembered ones becomes large; in some rounds nearly all
 * are of one. */
static void test_numbered_texts(void **state)
{
    enum { KINDS = 9 };
    static const char *const kinds[KINDS] = {"INC%07u", "A%u",   "%u",               "A0%u",      "a prefix %u",
                                             "x%ux",    "%08u", "no digits at all", "ten--%010u"};
    static batch b;
    static plain_batch plain;
    ent_text_memo *memo = ent_text_memo_new();
    ent_strings *strings = ent_strings_new(NULL);
    (void)state;
    assert_true(memo && strings);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t kind = below(KINDS);
        uint32_t others = below(2) ? 2 : 200; /* one in so many */
        for (uint32_t lane = 0; lane < LANES; lane++) {
            char text[TEXT_MAX + 1];
            uint32_t number = below(3) == 0 ? below(30000) : 100 * round + below(200);
            int len = snprintf(text, sizeof text, kinds[below(others) ? kind : below(KINDS)], number);
            put(&b, lane, text, below(100) == 0 ? 0 : (uint32_t)len);
        }
        bool is_plain = below(2) == 0;
        const ent_plain_rows *rows = lay_out(&plain, &b);
        const ent_cell *cells = is_plain ? NULL : b.cells;
        ent_column_lanes lanes = {cells, LANES, b.data, b.absent, b.odd, 0, rows, plain.column};
        ent_columns_texts(&lanes, memo, ent_strings_families(strings), intern, strings);
        assert_int_equal(lanes.n_odd, 0);
        for (uint32_t lane = 0; lane < LANES; lane++) {
            const ent_cell *cell = &b.cells[lane];
            assert_int_equal(b.absent[lane], cell->len == 0);
            if (cell->len > 0) {
                assert_int_equal(b.data[lane], ent_strings_find(strings, cell->p, cell->len));
            }
        }
    }
    ent_strings_free(strings);
    ent_text_memo_free(memo);
}

/* Texts that come in turn, and now and then out of it: one of the others, one that only differs in its first or last
 * character, a longer or a shorter one, a new one, none.  In some rounds two of another turn stand before it, so that
 * what follows on them never comes back to them.  Batches may begin anywhere in the turn, as pieces of a file do. */
static void test_turns(void **state)
{
    enum { KINDS = 150 };
    static batch b;
    static dictionary d;
    static char turns[KINDS][TEXT_MAX + 1];
    ent_text_memo *memo = ent_text_memo_new();
    (void)state;
    assert_non_null(memo);
    for (uint32_t i = 0; i < KINDS; i++) {
        uint32_t len = 1 + below(16); /* what is remembered */
        for (uint32_t k = 0; k < len; k++) {
            turns[i][k] = (char)('a' + below(3));
        }
    }
    uint32_t turn = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t kinds = round % 8 >= 6 ? 9 : round % 3 == 0 ? 1 : round % 3 == 1 ? 7 : KINDS;
        turn = round % 4 < 2 ? below(kinds) : turn;
        for (uint32_t lane = 0; lane < LANES; lane++) {
            char text[TEXT_MAX + 1];
            turn = (turn + 1) % kinds;
            bool lead_in = round % 8 >= 6 && (lane == 63 || lane == 64);
            memcpy(text, turns[lead_in ? KINDS - lane % 2 - 1 : turn], sizeof text);
            uint32_t len = (uint32_t)strlen(text);
            switch (below(round % 2 ? 400 : 4000)) {
            case 0: turn = below(kinds); break;
            case 1: text[0] = 'd'; break;
            case 2: text[len - 1] = 'd'; break;
            case 3: len--; break;
            case 4: text[len++] = 'a'; break;
            case 5: len = 0; break;
            case 6: memmove(text + 1, text, len++); break;
            default: break;
            }
            put(&b, lane, text, len);
        }
        compare_texts(&b, memo, &d, round % 16 != 15);
    }
    ent_text_memo_free(memo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_instants),
        cmocka_unit_test(test_bools_and_durations),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_numbered_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
