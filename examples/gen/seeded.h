/* What the three example generators share: a seeded random source, civil dates and a text builder.
 *
 * Why a header of its own: the same seed must give the same bytes on every machine, so nothing here
 * uses libc's random numbers, floating point, the locale or the time of day.  The generators are
 * programs of a few hundred lines that nothing links against; hence static inline functions.
 * Instants are minutes since 1970-01-01T00:00Z: no example needs seconds.
 *
 * Tested by: the digests that tests/examples.sh compares.
 */
#ifndef ENT_EXAMPLES_SEEDED_H
#define ENT_EXAMPLES_SEEDED_H

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDED_DAY_MINUTES INT64_C(1440)

typedef struct {
    uint64_t state;
} seeded_random;

/* splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014. */
static inline uint64_t seeded_next(seeded_random *r)
{
    uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 <= result < n.  The bias of the modulus is below n / 2^64, which no test can see. */
static inline int64_t seeded_below(seeded_random *r, int64_t n)
{
    return n <= 0 ? 0 : (int64_t)(seeded_next(r) % (uint64_t)n);
}

/* True `of` times in a million. */
static inline int seeded_chance(seeded_random *r, int64_t of)
{
    return seeded_below(r, 1000000) < of;
}

/* An index with probability in proportion to its weight. */
static inline size_t seeded_pick(seeded_random *r, const int32_t *weight, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weight[i];
    int64_t at = seeded_below(r, sum);
    size_t i = 0;
    while (i + 1 < n && at >= weight[i])
        at -= weight[i++];
    return i;
}

/* A draw from a distribution given by its values at certain parts per ten thousand, the first of
 * them 0 and the last 10000, with straight lines between them. */
static inline int64_t seeded_quantile(seeded_random *r, const int32_t *at, const int64_t *value,
                                      size_t n)
{
    int64_t x = seeded_below(r, 10001);
    size_t i = 1;
    while (i + 1 < n && x > at[i])
        i++;
    int64_t span = at[i] - at[i - 1];
    if (span <= 0)
        return value[i];
    return value[i - 1] + (value[i] - value[i - 1]) * (x - at[i - 1]) / span;
}

typedef struct {
    int64_t year;
    int month, day, hour, minute;
} seeded_civil;

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static inline int64_t seeded_days(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static inline seeded_civil seeded_date(int64_t minutes)
{
    int64_t days = minutes / SEEDED_DAY_MINUTES, rest = minutes % SEEDED_DAY_MINUTES;
    if (rest < 0) {
        rest += SEEDED_DAY_MINUTES;
        days--;
    }
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * day_of_year + 2) / 153;
    seeded_civil c;
    c.day = (int)(day_of_year - (153 * m + 2) / 5 + 1);
    c.month = (int)(m < 10 ? m + 3 : m - 9);
    c.year = year_of_era + era * 400 + (c.month <= 2 ? 1 : 0);
    c.hour = (int)(rest / 60);
    c.minute = (int)(rest % 60);
    return c;
}

/* 0 is Monday. */
static inline int seeded_weekday(int64_t minutes)
{
    int64_t days = minutes / SEEDED_DAY_MINUTES;
    return (int)(((days + 3) % 7 + 7) % 7);
}

static inline void seeded_print_instant(FILE *out, int64_t minutes)
{
    seeded_civil c = seeded_date(minutes);
    fprintf(out, "%04" PRId64 "-%02d-%02dT%02d:%02d:00Z", c.year, c.month, c.day, c.hour, c.minute);
}

/* The value of `--name VALUE` in the arguments, or NULL. */
static inline const char *seeded_option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return NULL;
}

/* The same as a whole number from `low` to `high`; anything else ends the program with status 2. */
static inline int64_t seeded_number(int argc, char **argv, const char *name, int64_t otherwise,
                                    int64_t low, int64_t high)
{
    const char *text = seeded_option(argc, argv, name);
    if (!text)
        return otherwise;
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < low || value > high) {
        fprintf(stderr, "%s: expected a whole number from %" PRId64 " to %" PRId64 ", found `%s`\n",
                name, low, high, text);
        exit(2);
    }
    return value;
}

/* Opens DIRECTORY/NAME for writing, or ends the program with status 4. */
static inline FILE *seeded_create(const char *directory, const char *name)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *out = n > 0 && (size_t)n < sizeof path ? fopen(path, "w") : NULL;
    if (!out) {
        fprintf(stderr, "cannot write %s/%s: %s\n", directory, name, strerror(errno));
        exit(4);
    }
    return out;
}

/* Closes it; a full disk shows here at the latest. */
static inline void seeded_close(FILE *out, const char *name)
{
    int failed = ferror(out);
    if ((out == stdout ? fflush(out) : fclose(out)) != 0 || failed) {
        fprintf(stderr, "cannot write %s: %s\n", name, strerror(errno));
        exit(4);
    }
}

#endif
