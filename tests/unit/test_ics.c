/* Closed days from iCalendar texts (compiler/check/ics.c): each form of event, what is refused,
 * and libical's own faults that the module works around. Expected dates are written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../compiler/check/ics.h"
#include "../../runtime/time/civil.h"

/* Runs `events` (the inside of a VCALENDAR, lines ended by \n) and gives the days as one text. */
static int closed(const char *events, int from, int to, char *out, size_t size)
{
    char text[4096], err[200] = "";
    int64_t *days;
    char **names;
    size_t count;
    int n = snprintf(text, sizeof text, "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n%sEND:VCALENDAR\n",
                     events);
    int rc = ent_ics_closed_days(text, (size_t)n, from, to, &days, &names, &count, err, sizeof err);
    if (rc != 0) {
        assert_null(days);
        assert_null(names);
        snprintf(out, size, "%s", err);
        return rc;
    }
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && at + 40 < size; i++) {
        char date[11];
        assert_int_equal(ent_civil_format_date(date, sizeof date, days[i]), 10);
        at += (size_t)snprintf(out + at, size - at, "%s%s=%s", i ? " " : "", date, names[i]);
    }
    ent_ics_free(days, names, count);
    return rc;
}

/* libical as if it were not installed */
static bool without_libical;
void *__real_dlopen(const char *name, int mode);
void *__wrap_dlopen(const char *name, int mode);
void *__wrap_dlopen(const char *name, int mode)
{
    return without_libical ? NULL : __real_dlopen(name, mode);
}

#define EVENT(body) "BEGIN:VEVENT\nUID:u\nSUMMARY:A\n" body "END:VEVENT\n"

static void check(const char *events, const char *expected)
{
    char out[2048];
    if (closed(events, 2024, 2027, out, sizeof out) != 0) {
        print_error("refused: %s\n", out);
    }
    assert_string_equal(out, expected);
}

static void refused(const char *events, const char *why)
{
    char out[2048];
    assert_int_equal(closed(events, 2024, 2027, out, sizeof out), -1);
    if (!strstr(out, why)) {
        print_error("`%s` lacks `%s`\n", out, why);
    }
    assert_non_null(strstr(out, why));
}

static void single_events(void **state)
{
    (void)state;
    check("", "");
    check(EVENT("DTSTART;VALUE=DATE:20261225\n"), "2026-12-25=A");
    check(EVENT("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261226\nTRANSP:TRANSPARENT\n"),
          "2026-12-25=A");
    check(EVENT("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261225\n"), "2026-12-25=A");
    check(EVENT("DTSTART;VALUE=DATE:20261230\nDTEND;VALUE=DATE:20270102\n"),
          "2026-12-30=A 2026-12-31=A 2027-01-01=A");
    check(EVENT("DTSTART;VALUE=DATE:20261230\nDURATION:P2D\n"), "2026-12-30=A 2026-12-31=A");
    check(EVENT("DTSTART;VALUE=DATE:20261230\nDURATION:P1W\nSTATUS:CANCELLED\n"), "");
    check(EVENT("DTSTART;VALUE=DATE:20201230\n"), "");
    /* Days asked for cut an event that reaches in from the year before. */
    check(EVENT("DTSTART;VALUE=DATE:20231230\nDTEND;VALUE=DATE:20240102\n"), "2024-01-01=A");
    check(EVENT("DTSTART;VALUE=DATE:20261225\n")
          "BEGIN:VEVENT\nUID:v\nSUMMARY:B\nDTSTART;VALUE=DATE:20261225\nEND:VEVENT\n",
          "2026-12-25=A");
    check("BEGIN:VEVENT\nUID:v\nDTSTART;VALUE=DATE:20261225\nEND:VEVENT\n", "2026-12-25=");
}

static void timed_events(void **state)
{
    (void)state;
    check(EVENT("DTSTART:20260105T100000\nDTEND:20260105T110000\n"), "");
    check(EVENT("DTSTART:20260105T100000\n"), "");
    check(EVENT("DTSTART:20260105T000000\nDTEND:20260106T000000\n"), "2026-01-05=A");
    check(EVENT("DTSTART:20260105T000000Z\nDURATION:PT24H\n"), "2026-01-05=A");
    check(EVENT("DTSTART:20260105T000000\nDTEND:20260105T235959\n"), "");
    check(EVENT("DTSTART;TZID=Europe/London:20260105T170000\n"
                "DTEND;TZID=Europe/London:20260108T090000\n"),
          "2026-01-06=A 2026-01-07=A");
}

static void recurring_events(void **state)
{
    (void)state;
    check(EVENT("DTSTART;VALUE=DATE:19701225\nRRULE:FREQ=YEARLY\n"),
          "2024-12-25=A 2025-12-25=A 2026-12-25=A 2027-12-25=A");
    check(EVENT("DTSTART;VALUE=DATE:20240101\nRRULE:FREQ=YEARLY;COUNT=2\n"),
          "2024-01-01=A 2025-01-01=A");
    check(EVENT("DTSTART;VALUE=DATE:20240101\nRRULE:FREQ=YEARLY;UNTIL=20260101\n"),
          "2024-01-01=A 2025-01-01=A 2026-01-01=A");
    /* The last Monday of August, and 29 February only where there is one. */
    check(EVENT("DTSTART;VALUE=DATE:20240826\nRRULE:FREQ=YEARLY;BYMONTH=8;BYDAY=-1MO\n"),
          "2024-08-26=A 2025-08-25=A 2026-08-31=A 2027-08-30=A");
    check(EVENT("DTSTART;VALUE=DATE:20200229\nRRULE:FREQ=YEARLY\n"), "2024-02-29=A");
    check(EVENT("DTSTART;VALUE=DATE:20240131\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;"
                "COUNT=3\n"),
          "2024-01-31=A 2024-02-29=A 2024-03-29=A");
    check(EVENT("DTSTART;VALUE=DATE:20240101\nDTEND;VALUE=DATE:20240103\n"
                "RRULE:FREQ=YEARLY;COUNT=2\nEXDATE;VALUE=DATE:20240101\n"),
          "2025-01-01=A 2025-01-02=A");
    check(EVENT("DTSTART;VALUE=DATE:20240101\nRRULE:FREQ=YEARLY;COUNT=4\n"
                "EXDATE;VALUE=DATE:20250101,20260101\nRDATE;VALUE=DATE:20250502,20260503\n"),
          "2024-01-01=A 2025-05-02=A 2026-05-03=A 2027-01-01=A");
    check(EVENT("DTSTART;VALUE=DATE:20240101\nRRULE:FREQ=YEARLY;COUNT=2\n"
                "RRULE:FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=4;COUNT=2\n"),
          "2024-01-01=A 2024-07-04=A 2025-01-01=A 2025-07-04=A");
    check(EVENT("DTSTART:20260328T000000\nDURATION:P1D\nRRULE:FREQ=DAILY;COUNT=3\n"),
          "2026-03-28=A 2026-03-29=A 2026-03-30=A");
}

static void replaced_occurrence(void **state)
{
    (void)state;
    check(EVENT("DTSTART;VALUE=DATE:20240101\nRRULE:FREQ=YEARLY;COUNT=3\n")
          "BEGIN:VEVENT\nUID:u\nSUMMARY:moved\nRECURRENCE-ID;VALUE=DATE:20250101\n"
          "DTSTART;VALUE=DATE:20250102\nEND:VEVENT\n",
          "2024-01-01=A 2025-01-02=moved 2026-01-01=A");
}

static void far_years(void **state)
{
    (void)state;
    char out[200000];
    assert_int_equal(closed(EVENT("DTSTART;VALUE=DATE:20000101\nRRULE:FREQ=YEARLY\n"), 2190, 2200,
                            out, sizeof out),
                     0);
    assert_non_null(strstr(out, "2190-01-01=A"));
    assert_non_null(strstr(out, "2200-01-01=A"));
    /* A rule that never comes true is told rather than followed for ever. */
    refused(EVENT("DTSTART;VALUE=DATE:20240105\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\n"),
            "RRULE cannot be followed");
}

static void refusals(void **state)
{
    (void)state;
    refused(EVENT(""), "has no DTSTART");
    refused(EVENT("DTSTART;VALUE=DATE:20261345\n"), "DTSTART");
    refused(EVENT("DTSTART;VALUE=DATE:20260230\n"), "DTSTART");
    refused(EVENT("DTSTART;VALUE=DATE:sometime\n"), "DTSTART");
    refused(EVENT("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=SOMETIMES\n"), "RRULE");
    refused(EVENT("DTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260104\n"), "ends before");
    refused(EVENT("DTSTART;VALUE=DATE:19000105\nDTEND;VALUE=DATE:20260104\n"), "hundred years");
    refused(EVENT("DTSTART;VALUE=DATE:20260105\nDURATION:two days\n"), "DURATION");
    refused(EVENT("DTSTART:20260105T000000\nDURATION:P1D\nRRULE:FREQ=SECONDLY\n"), "200000");

    int64_t *days;
    char **names;
    size_t count;
    char err[100];
    const char *bad[] = {"", "hello", "a,b,c\n1,2,3\n", "BEGIN:VEVENT\nEND:VEVENT\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ent_ics_closed_days(bad[i], strlen(bad[i]), 2024, 2027, &days, &names,
                                             &count, err, sizeof err),
                         -1);
        assert_true(strlen(err) > 0);
    }
    assert_int_equal(ent_ics_closed_days("BEGIN\0", 6, 2024, 2027, &days, &names, &count, NULL, 0),
                     -1);
}

/* Notes about properties that do not concern a day are no errors; lines may be folded. */
static void tolerated(void **state)
{
    (void)state;
    check(EVENT("LOCATION:\nX-THING:1\nDTSTART;VALUE=DATE:2026\n 0105\n"), "2026-01-05=A");
    const char *two = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:A\r\n"
                      "DTSTART;VALUE=DATE:20260105\r\n"
                      "END:VEVENT\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"
                      "DTSTART;VALUE=DATE:20260106\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    int64_t *days;
    char **names;
    size_t count;
    assert_int_equal(
        ent_ics_closed_days(two, strlen(two), 2026, 2026, &days, &names, &count, NULL, 0), 0);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "A");
    assert_int_equal(days[1], ent_civil_days(2026, 1, 6));
    ent_ics_free(days, names, count);
}

static void no_library(void **state)
{
    (void)state;
    char out[200];
    without_libical = true;
    int rc = closed(EVENT("DTSTART;VALUE=DATE:20250101\n"), 2025, 2025, out, sizeof out);
    without_libical = false;
    assert_int_equal(rc, -1);
    assert_string_equal(out, "libical, which reads calendar files, cannot be loaded: install the package libical3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_events),       cmocka_unit_test(timed_events),
        cmocka_unit_test(recurring_events),    cmocka_unit_test(replaced_occurrence),
        cmocka_unit_test(far_years),           cmocka_unit_test(refusals),
        cmocka_unit_test(tolerated),           cmocka_unit_test(no_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
