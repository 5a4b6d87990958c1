/* What the tests of the public interface share: four rows for the club of club.ent as typed columns and as texts, and
 * a record of what a session gives back. */
#ifndef ENT_TESTS_EMBED_CLUB_H
#define ENT_TESTS_EMBED_CLUB_H

#include <entente.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)
#define JANUARY_5 (INT64_C(1767607200) * SECOND) /* 2026-01-05T10:00:00Z */
#define FEBRUARY_2 (INT64_C(1770026400) * SECOND)

static const char *path; /* of the built program */
static ent_program *program;

static inline ent_program *load(void)
{
    static char bytes[1 << 20];
    ent_program *out;
    ent_error error = {0};
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    if (!ent_program_load(bytes, len, &(ent_load_options){.size = sizeof(ent_load_options)}, &out, &error)) {
        fail_msg("%s", error.message);
    }
    return out;
}

static inline int open_program(void **state)
{
    (void)state;
    program = load();
    return 0;
}

static inline int close_program(void **state)
{
    (void)state;
    ent_program_release(program);
    return 0;
}

/* --- rows --- */

enum { ROWS = 4 };
static const int64_t at_ns[ROWS] = {JANUARY_5, JANUARY_5 + SECOND, JANUARY_5 + 2 * SECOND, JANUARY_5 + 3 * SECOND};
static const char *const ids[ROWS] = {"a", "b", "c", "d"};
static const char *const states[ROWS] = {"good", "good", "bad", "good"};
static const char *const parts[ROWS] = {"web", "web", "lines", "web"};
static const char *const parties[ROWS] = {"Host", "Host Ltd", "Group 1", "Net"};
static const uint8_t ups[ROWS] = {1, 1, 0, 1};
static const int64_t ns[ROWS] = {1, 2, 3, 4};
static const double xs[ROWS] = {1.5, 2.5, 3.5, 0};
static const int64_t ds[ROWS] = {1250, 25, 300, 1};
static const int64_t rs[ROWS] = {999, 5, 1, 1000};
static const int64_t fees[ROWS] = {1250, 1, 0, 99};
static const int64_t tooks[ROWS] = {SECOND / 4, SECOND / 2, SECOND, 2 * SECOND};
static const int64_t clocks[ROWS] = {0, 3600 * SECOND, 22 * 3600 * SECOND, 23 * 3600 * SECOND};
static const uint8_t x_present[ROWS] = {1, 1, 1, 0};

/* The index of each column below. */
enum { AT, ID, STATE, PART, PARTY, UP, N, X, D, R, FEE, TOOK, CLOCK, COLUMNS };

static inline void typed_columns(ent_column columns[COLUMNS + 1])
{
    const ent_column all[COLUMNS + 1] = {
        [AT] = {.name = "at", .type = ENT_COLUMN_INSTANT, .data = at_ns},
        [ID] = {.name = "id", .type = ENT_COLUMN_TEXT, .data = ids},
        [STATE] = {.name = "state", .type = ENT_COLUMN_TEXT, .data = states},
        [PART] = {.name = "part", .type = ENT_COLUMN_TEXT, .data = parts},
        [PARTY] = {.name = "party", .type = ENT_COLUMN_TEXT, .data = parties},
        [UP] = {.name = "up", .type = ENT_COLUMN_BOOL, .data = ups},
        [N] = {.name = "n", .type = ENT_COLUMN_INT64, .data = ns},
        [X] = {.name = "x", .type = ENT_COLUMN_DOUBLE, .data = xs, .present = x_present},
        [D] = {.name = "d", .type = ENT_COLUMN_DECIMAL, .scale = 2, .data = ds},
        [R] = {.name = "r", .type = ENT_COLUMN_DECIMAL, .scale = 3, .data = rs},
        [FEE] = {.name = "fee", .type = ENT_COLUMN_DECIMAL, .scale = 2, .data = fees},
        [TOOK] = {.name = "took", .type = ENT_COLUMN_DURATION, .data = tooks},
        [CLOCK] = {.name = "clock", .type = ENT_COLUMN_DURATION, .data = clocks},
        [COLUMNS] = {.name = NULL}};
    memcpy(columns, all, sizeof all);
}

/* The same rows as text. */
static const char *const texts[COLUMNS][ROWS] = {
    [AT] = {"2026-01-05T10:00:00Z", "2026-01-05T11:00:01+01:00", "2026-01-05T10:00:02Z", "2026-01-05T10:00:03Z"},
    [ID] = {"a", "b", "c", "d"},
    [STATE] = {"good", "good", "bad", "good"},
    [PART] = {"web", "web", "lines", "web"},
    [PARTY] = {"Host", "Host Ltd", "Group 1", "Net"},
    [UP] = {"true", "1", "down", "yes"},
    [N] = {"1", "2", "3", "4"},
    [X] = {"1.5", "2.5", "3.5", ""},
    [D] = {"12.50", "0.25", "3", "0.01"},
    [R] = {"99.9%", "0.5%", "1/1000", "1"},
    [FEE] = {"12.50", "GBP 0.01", "0", "0.99"},
    [TOOK] = {"250ms", "500ms", "1s", "2s"},
    [CLOCK] = {"00:00", "01:00", "22:00", "23:00"}};

static inline void text_columns(ent_column columns[COLUMNS + 1])
{
    typed_columns(columns);
    for (size_t i = 0; i < COLUMNS; i++) {
        columns[i] = (ent_column){.name = columns[i].name, .type = ENT_COLUMN_TEXT, .data = texts[i]};
    }
}

typedef struct record {
    char lines[65536];
    size_t len, n_lines, n_decisions;
    size_t stop_at; /* refuses this decision, from 1 */
    ent_session *session; /* called from within, which is refused */
} record;

static inline bool on_line(void *user, const char *line, size_t len)
{
    record *r = user;
    assert_true(r->len + len < sizeof r->lines);
    memcpy(r->lines + r->len, line, len);
    r->len += len;
    r->n_lines++;
    return true;
}

static inline bool on_decision(void *user, const ent_decision *d)
{
    record *r = user;
    ent_error error;
    assert_int_equal(d->seq, (int64_t)++r->n_decisions);
    if (r->session) {
        assert_false(ent_session_advance(r->session, 0, &error));
        assert_int_equal(error.code, ENT_ERROR_USAGE);
    }
    return r->n_decisions != r->stop_at;
}

static inline ent_session *session_of(record *r, ent_ledger_mode mode)
{
    ent_session *session;
    ent_error error = {0};
    ent_session_options options = {.on_decision = on_decision, .on_line = on_line, .user = r, .ledger = mode};
    if (!ent_session_new(program, &options, &session, &error)) {
        fail_msg("%s", error.message);
    }
    return session;
}

static inline void push_all(ent_session *session, const ent_column *columns, size_t n)
{
    ent_error error = {0};
    if (!ent_session_push(session, "sample", columns, n, &error)) {
        fail_msg("%s", error.message);
    }
}

static inline void finish(ent_session *session)
{
    ent_error error = {0};
    if (!ent_session_finish(session, &error)) {
        fail_msg("%s", error.message);
    }
}

#endif
