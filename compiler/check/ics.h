/* Closed days from an iCalendar file: `closed on "uk-bank-holidays.ics"`.
 *
 * Which events close a day:
 *   - an all-day event (DTSTART;VALUE=DATE) closes each day from DTSTART up to, not including,
 *     DTEND, or as many as its DURATION says; without either it closes one day;
 *   - an event with times closes the days that it covers from midnight to midnight, by the times
 *     as they are written: a meeting from 10 to 11 closes nothing, whatever its zone;
 *   - RRULE (also several), RDATE and EXDATE repeat, add and take out, and the first day always
 *     counts unless EXDATE names it; an event with RECURRENCE-ID replaces that one occurrence;
 *   - an event with STATUS:CANCELLED closes nothing. TRANSP is not looked at: published bank
 *     holidays are often marked TRANSPARENT.
 * Uses libical for parsing and for the dates of a rule; exceptions and lengths are worked out
 * here, because its own expansion ignores EXDATE in the raw iterator, and elsewhere gives a day
 * too many and a wrong hour beside a change of clocks.
 * Tested by tests/unit/test_ics.c. */
#ifndef ENT_CHECK_ICS_H
#define ENT_CHECK_ICS_H

#include <stddef.h>
#include <stdint.h>

/* Day numbers (civil.h), ascending and without duplicates, from 1 January of year_from to 31
 * December of year_to, each with the SUMMARY of an event that closes it ("" if it has none).
 * Returns 0; or -1 with a sentence fragment in err, and then no lists. Free with ent_ics_free. */
int ent_ics_closed_days(const char *bytes, size_t n, int year_from, int year_to, int64_t **days,
                        char ***names, size_t *count, char *err, size_t errlen);

void ent_ics_free(int64_t *days, char **names, size_t count);

#endif
