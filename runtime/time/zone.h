/* Time zones: local wall clocks against UTC.
 *
 * An ent_zone is read once from a TZif file (RFC 8536) and never changes, so any number of threads
 * may use it. This is the only file of the folder that reads files, and only in ent_zone_load and
 * ent_zone_tzdata_version.
 *
 * Two policies settle what a wall clock leaves open:
 *   - as a timestamp (ent_zone_to_utc): a time that was skipped is taken with the offset before
 *     the gap, which moves it forward by the gap; a time that occurs twice is the first of the two;
 *   - as a boundary (ent_zone_first_at, ent_zone_midnight): the first instant at which the clock
 *     shows that time or a later one; for a skipped time, the instant of the change. Boundaries
 *     are monotone in the local time, so a day or an opening period never has a negative length.
 * Tested by tests/unit/test_time.c (hostile files, limits) and tests/property/time_oracle.py. */
#ifndef ENT_TIME_ZONE_H
#define ENT_TIME_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENT_ZONE_DIR_DEFAULT "/usr/share/zoneinfo"

typedef struct ent_zone ent_zone;

/* Loads the zone `name` from the folder `dir` (NULL is ENT_ZONE_DIR_DEFAULT). `UTC` needs no file.
 * Names with a leading `/`, with `..`, or with other characters than letters, digits, `/ _ + - .`
 * are refused. On failure NULL, and a sentence fragment in err (may be NULL when errlen is 0). */
ent_zone *ent_zone_load(const char *dir, const char *name, char *err, size_t errlen);

/* The same from the bytes of a TZif file; bytes are not kept. */
ent_zone *ent_zone_parse(const unsigned char *bytes, size_t n, const char *name, char *err,
                         size_t errlen);

void ent_zone_free(ent_zone *zone); /* NULL is allowed */

const char *ent_zone_name(const ent_zone *zone);

/* What the zone's clocks are ahead of UTC at an instant. */
int64_t ent_zone_offset_ns(const ent_zone *zone, int64_t utc_ns);

/* The instant that a local timestamp denotes; see the policies above. */
int64_t ent_zone_to_utc(const ent_zone *zone, int64_t local_ns);

/* The first instant at which the local clock shows local_ns or later. */
int64_t ent_zone_first_at(const ent_zone *zone, int64_t local_ns);

/* The same for one local time after another: *segment is 0 for the first, and what an earlier or equal local time left
 * there for the others. */
int64_t ent_zone_first_at_or_after(const ent_zone *zone, int64_t local_ns, size_t *segment);

/* The first instant of a civil day; equal to the next day's where the zone skipped the day. */
int64_t ent_zone_midnight(const ent_zone *zone, int64_t day);

/* The day with midnight(day) <= utc_ns < midnight(day + 1): days partition time. It is the wall
 * clock's date except where clocks were set back over a midnight that had already passed (Canada
 * at 00:01 until 2011): there the new day, once begun, goes on. */
int64_t ent_zone_day(const ent_zone *zone, int64_t utc_ns);

/* The release of the time zone data in dir (NULL is the default), such as `2025b`, from the first
 * line of tzdata.zi or from +VERSION; otherwise `unknown` and false. */
bool ent_zone_tzdata_version(const char *dir, char *buf, size_t n);

/* An RFC 3339 instant, or a date: its midnight in the zone.  false: the text is neither. */
bool ent_zone_instant(const ent_zone *zone, const char *text, int64_t *ns);

#endif
