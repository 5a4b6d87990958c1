/* TZif reader and conversions between UTC and local time.
 *
 * The zone is kept as segments of constant offset that cover all of int64:
 *
 *     at[0] = INT64_MIN   at[1]          at[2]            at[n] = INT64_MAX
 *     |---- offset[0] ----|-- offset[1] --|---- ... ------|
 *
 * The footer's rule is unrolled into segments up to the end of int64 (2262) when the zone is
 * loaded, so no query knows about rules. first[b] is the segment in which bucket b of 2^54 ns
 * (about 208 days) begins; a query looks at one bucket, which rarely holds more than two changes,
 * and searches it by halves so that a hostile file cannot make it slow.
 *
 * A file is data, not trusted: every count is checked against the bytes at hand.
 * Tested by tests/unit/test_time.c and tests/property/time_oracle.py. */
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arith.h"
#include "civil.h"
#include "posix_tz.h"

enum {
    FILE_MAX = 1 << 20,
    BUCKET_SHIFT = 54,
    BUCKETS = 1 << (64 - BUCKET_SHIFT),
    SEGMENTS_MAX = 60000,
    YEAR_FIRST = 1677,
    YEAR_LAST = 2262,
    NAME_MAX_LENGTH = 63
};

struct ent_zone {
    size_t n;
    int64_t *at;        /* n + 1 */
    int64_t *offset_ns; /* n */
    int64_t offset_max_ns;
    uint16_t first[BUCKETS + 1];
    char name[NAME_MAX_LENGTH + 1];
};

/* One data block of a TZif file; the pointers go into the file's bytes. */
typedef struct tzif_block {
    size_t time_count, type_count, char_count;
    size_t time_size; /* 4 or 8 */
    const unsigned char *times, *kinds, *types;
} tzif_block;

static ent_zone *fail(ent_zone *zone, char *err, size_t errlen, const char *name, const char *why)
{
    if (errlen > 0) {
        snprintf(err, errlen, "time zone `%s`: %s", name, why);
    }
    ent_zone_free(zone);
    return NULL;
}

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static int64_t be_time(const unsigned char *p, size_t size)
{
    if (size == 4) {
        return (int32_t)be32(p);
    }
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* ---- building ---------------------------------------------------------------------------- */

static ent_zone *zone_new(const char *name, size_t segments)
{
    ent_zone *zone = calloc(1, sizeof *zone);
    if (!zone) {
        return NULL;
    }
    zone->at = calloc(segments + 1, sizeof *zone->at);
    zone->offset_ns = calloc(segments, sizeof *zone->offset_ns);
    if (!zone->at || !zone->offset_ns) {
        ent_zone_free(zone);
        return NULL;
    }
    snprintf(zone->name, sizeof zone->name, "%s", name);
    return zone;
}

/* From `seconds` on the offset is offset_s. Called in order of time, and where a hostile rule is
 * not, the later call stands; a change that changes nothing (another name, or summer time made
 * permanent) makes no segment. */
static void add_change(ent_zone *zone, int64_t seconds, int64_t offset_s)
{
    int64_t from;
    if (zone->n == 0 || seconds <= INT64_MIN / ENT_TIME_SECOND_NS) {
        from = INT64_MIN;
    } else if (!ent_time_from_seconds(seconds, 0, &from)) {
        return;
    }
    while (zone->n > 0 && zone->at[zone->n - 1] >= from) {
        zone->n--;
    }
    int64_t offset_ns = offset_s * ENT_TIME_SECOND_NS;
    if (zone->n > 0 && zone->offset_ns[zone->n - 1] == offset_ns) {
        return;
    }
    zone->at[zone->n] = from;
    zone->offset_ns[zone->n] = offset_ns;
    zone->n++;
}

/* The changes of the rule after `after_s`. Where an end of summer falls together with the next
 * beginning (summer time all year round), the beginning is added later and stands. */
static void add_rule(ent_zone *zone, const ent_posix_tz *tz, int64_t after_s, bool after_any)
{
    if (!tz->has_summer) {
        if (!after_any) {
            add_change(zone, INT64_MIN, tz->standard_s);
        }
        return;
    }
    int64_t year = YEAR_FIRST;
    if (after_any) {
        int m, d;
        ent_civil_from_days(ent_time_floor_div(after_s, ENT_TIME_DAY_S), &year, &m, &d);
        year = year - 1 < YEAR_FIRST ? YEAR_FIRST : year - 1;
    }
    for (; year <= YEAR_LAST; year++) {
        int64_t begin = ent_posix_tz_begin(tz, year), end = ent_posix_tz_end(tz, year);
        bool begin_first = begin <= end;
        int64_t times[2] = {begin_first ? begin : end, begin_first ? end : begin};
        for (int i = 0; i < 2; i++) {
            if (!after_any || times[i] > after_s) {
                bool summer = (i == 0) == begin_first;
                add_change(zone, times[i], summer ? tz->summer_s : tz->standard_s);
            }
        }
    }
}

static void finish(ent_zone *zone)
{
    zone->at[0] = INT64_MIN;
    zone->at[zone->n] = INT64_MAX;
    zone->offset_max_ns = INT64_MIN;
    for (size_t i = 0; i < zone->n; i++) {
        if (zone->offset_ns[i] > zone->offset_max_ns) {
            zone->offset_max_ns = zone->offset_ns[i];
        }
    }
    size_t segment = 0;
    for (uint64_t b = 0; b < BUCKETS; b++) {
        int64_t start = (int64_t)((b << BUCKET_SHIFT) ^ (UINT64_C(1) << 63));
        while (segment + 1 < zone->n && zone->at[segment + 1] <= start) {
            segment++;
        }
        zone->first[b] = (uint16_t)segment;
    }
    zone->first[BUCKETS] = (uint16_t)(zone->n - 1);
}

/* ---- TZif -------------------------------------------------------------------------------- */

/* Reads the header and block at *at and moves *at behind them. NULL, or what is wrong. */
static const char *read_block(const unsigned char *bytes, size_t n, size_t *at, size_t time_size,
                              tzif_block *out)
{
    if (n - *at < 44 || memcmp(bytes + *at, "TZif", 4) != 0) {
        return "is no time zone file";
    }
    const unsigned char *counts = bytes + *at + 20;
    size_t utc_count = be32(counts), std_count = be32(counts + 4), leap_count = be32(counts + 8);
    out->time_count = be32(counts + 12);
    out->type_count = be32(counts + 16);
    out->char_count = be32(counts + 20);
    out->time_size = time_size;
    *at += 44;
    /* Each count fits 32 bits and each factor a byte, so the sum fits 64. */
    uint64_t size = (uint64_t)out->time_count * (time_size + 1) + (uint64_t)out->type_count * 6 +
                    out->char_count + (uint64_t)leap_count * (time_size + 4) + std_count +
                    utc_count;
    if (size > n - *at) {
        return "the file is cut short";
    }
    if (leap_count != 0) {
        return "counts leap seconds, which instants here do not";
    }
    out->times = bytes + *at;
    out->kinds = out->times + out->time_count * time_size;
    out->types = out->kinds + out->time_count;
    *at += (size_t)size;
    return NULL;
}

static const char *check_block(const tzif_block *block)
{
    if (block->type_count < 1 || block->type_count > 256 ||
        block->time_count > SEGMENTS_MAX / 2) {
        return "the file's counts make no sense";
    }
    for (size_t i = 0; i < block->type_count; i++) {
        int32_t offset_s = (int32_t)be32(block->types + 6 * i);
        if (offset_s < -26 * 3600 || offset_s > 26 * 3600) {
            return "an offset from UTC is beyond 26 hours";
        }
    }
    for (size_t i = 0; i < block->time_count; i++) {
        if (block->kinds[i] >= block->type_count) {
            return "a change refers to an offset that the file does not have";
        }
        if (i > 0 && be_time(block->times + i * block->time_size, block->time_size) <=
                         be_time(block->times + (i - 1) * block->time_size, block->time_size)) {
            return "the changes are not in order";
        }
    }
    return NULL;
}

static int64_t type_offset(const tzif_block *block, size_t type)
{
    return (int32_t)be32(block->types + 6 * type);
}

/* The text between the two newlines at the end: *found if there is one, false if malformed. */
static bool read_footer(const unsigned char *bytes, size_t n, size_t at, bool *found,
                        ent_posix_tz *tz)
{
    *found = false;
    if (at >= n || bytes[at] != '\n') {
        return false;
    }
    const unsigned char *text = bytes + at + 1;
    const unsigned char *end = memchr(text, '\n', n - at - 1);
    if (!end) {
        return false;
    }
    if (end == text) {
        return true;
    }
    *found = true;
    return ent_posix_tz_parse((const char *)text, (size_t)(end - text), tz);
}

ent_zone *ent_zone_parse(const unsigned char *bytes, size_t n, const char *name, char *err,
                         size_t errlen)
{
    tzif_block block = {0};
    ent_posix_tz tz = {0};
    bool has_rule = false;
    size_t at = 0;
    const char *why = read_block(bytes, n, &at, 4, &block);
    if (!why && bytes[4] >= '2') {
        why = read_block(bytes, n, &at, 8, &block);
        if (!why && !read_footer(bytes, n, at, &has_rule, &tz)) {
            why = "the rule at the end of the file is malformed";
        }
    }
    why = why ? why : check_block(&block);
    if (why) {
        return fail(NULL, err, errlen, name, why);
    }
    ent_zone *zone = zone_new(name, block.time_count + 2 * (YEAR_LAST - YEAR_FIRST + 1) + 2);
    if (!zone) {
        return fail(NULL, err, errlen, name, "out of memory");
    }
    add_change(zone, INT64_MIN, type_offset(&block, 0));
    int64_t last_s = 0;
    for (size_t i = 0; i < block.time_count; i++) {
        last_s = be_time(block.times + i * block.time_size, block.time_size);
        add_change(zone, last_s, type_offset(&block, block.kinds[i]));
    }
    if (has_rule) {
        add_rule(zone, &tz, last_s, block.time_count > 0);
    }
    finish(zone);
    return zone;
}

static bool name_is_safe(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "/_+-.";
    size_t n = strlen(name);
    return n > 0 && n <= NAME_MAX_LENGTH && strspn(name, allowed) == n && name[0] != '/' &&
           name[n - 1] != '/' && !strstr(name, "..");
}

typedef enum read_result { READ, NO_FILE, BROKEN } read_result;

/* The first `size` bytes of a file; without stdio, whose buffers would not be the host's memory. */
static read_result read_file(const char *path, void *bytes, size_t size, size_t *n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *n = 0;
    if (fd < 0) {
        return NO_FILE;
    }
    ssize_t got = 1;
    while (*n < size && got > 0) {
        got = read(fd, (char *)bytes + *n, size - *n);
        if (got < 0 && errno == EINTR) {
            got = 1;
            continue;
        }
        *n += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    return got < 0 ? BROKEN : READ;
}

ent_zone *ent_zone_load(const char *dir, const char *name, char *err, size_t errlen)
{
    if (strcmp(name, "UTC") == 0) {
        ent_zone *zone = zone_new(name, 1);
        if (!zone) {
            return fail(NULL, err, errlen, name, "out of memory");
        }
        add_change(zone, INT64_MIN, 0);
        finish(zone);
        return zone;
    }
    if (!name_is_safe(name)) {
        return fail(NULL, err, errlen, name, "is no name of a time zone");
    }
    char path[1024];
    int length = snprintf(path, sizeof path, "%s/%s", dir ? dir : ENT_ZONE_DIR_DEFAULT, name);
    if (length < 0 || (size_t)length >= sizeof path) {
        return fail(NULL, err, errlen, name, "the folder's name is too long");
    }
    unsigned char *bytes = malloc(FILE_MAX);
    size_t n = 0;
    read_result got = bytes ? read_file(path, bytes, FILE_MAX, &n) : READ;
    if (got == NO_FILE) {
        free(bytes);
        return fail(NULL, err, errlen, name, "is not known to this system's time zone data");
    }
    ent_zone *zone = NULL;
    if (!bytes) {
        fail(NULL, err, errlen, name, "out of memory");
    } else if (got == BROKEN || n == FILE_MAX) {
        fail(NULL, err, errlen, name, "is no time zone file");
    } else {
        zone = ent_zone_parse(bytes, n, name, err, errlen);
    }
    free(bytes);
    return zone;
}

void ent_zone_free(ent_zone *zone)
{
    if (zone) {
        free(zone->at);
        free(zone->offset_ns);
        free(zone);
    }
}

const char *ent_zone_name(const ent_zone *zone)
{
    return zone->name;
}

/* ---- queries ----------------------------------------------------------------------------- */

static inline size_t segment_of(const ent_zone *zone, int64_t utc_ns)
{
    size_t bucket = (size_t)(((uint64_t)utc_ns ^ (UINT64_C(1) << 63)) >> BUCKET_SHIFT);
    size_t low = zone->first[bucket], high = zone->first[bucket + 1];
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (zone->at[middle] <= utc_ns) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

int64_t ent_zone_offset_ns(const ent_zone *zone, int64_t utc_ns)
{
    return zone->offset_ns[segment_of(zone, utc_ns)];
}

/* The first segment in which the local clock reaches local_ns. No instant before
 * local_ns - offset_max can show it, so the search begins there. */
static inline size_t segment_reaching(const ent_zone *zone, int64_t local_ns)
{
    size_t i = segment_of(zone, ent_time_sub(local_ns, zone->offset_max_ns));
    while (i + 1 < zone->n && ent_time_sub(local_ns, zone->offset_ns[i]) >= zone->at[i + 1]) {
        i++;
    }
    return i;
}

int64_t ent_zone_to_utc(const ent_zone *zone, int64_t local_ns)
{
    size_t i = segment_reaching(zone, local_ns);
    int64_t utc_ns = ent_time_sub(local_ns, zone->offset_ns[i]);
    if (utc_ns < zone->at[i] && i > 0) {
        return ent_time_sub(local_ns, zone->offset_ns[i - 1]); /* skipped: the offset before */
    }
    return utc_ns;
}

int64_t ent_zone_first_at(const ent_zone *zone, int64_t local_ns)
{
    size_t i = segment_reaching(zone, local_ns);
    int64_t utc_ns = ent_time_sub(local_ns, zone->offset_ns[i]);
    return utc_ns < zone->at[i] ? zone->at[i] : utc_ns;
}

int64_t ent_zone_first_at_or_after(const ent_zone *zone, int64_t local_ns, size_t *segment)
{
    size_t i = *segment;
    while (i + 1 < zone->n && ent_time_sub(local_ns, zone->offset_ns[i]) >= zone->at[i + 1]) {
        i++;
    }
    *segment = i;
    int64_t utc_ns = ent_time_sub(local_ns, zone->offset_ns[i]);
    return utc_ns < zone->at[i] ? zone->at[i] : utc_ns;
}

int64_t ent_zone_midnight(const ent_zone *zone, int64_t day)
{
    int64_t local_ns;
    if (__builtin_mul_overflow(day, ENT_TIME_DAY_NS, &local_ns)) {
        return day < 0 ? INT64_MIN : INT64_MAX;
    }
    return ent_zone_first_at(zone, local_ns);
}

int64_t ent_zone_day(const ent_zone *zone, int64_t utc_ns)
{
    int64_t local_ns = ent_time_add(utc_ns, ent_zone_offset_ns(zone, utc_ns));
    int64_t day = ent_time_floor_div(local_ns, ENT_TIME_DAY_NS);
    while (ent_zone_midnight(zone, day + 1) <= utc_ns && utc_ns != INT64_MAX) {
        day++;
    }
    return day;
}

/* ---- the data's release ------------------------------------------------------------------ */

/* The first line of a file in dir, behind `prefix`, as far as it is one word. */
static bool first_word(const char *dir, const char *file_name, const char *prefix, char *buf,
                       size_t n)
{
    char path[1024], line[128];
    int length = snprintf(path, sizeof path, "%s/%s", dir, file_name);
    if (length < 0 || (size_t)length >= sizeof path) {
        return false;
    }
    size_t got = 0;
    if (read_file(path, line, sizeof line - 1, &got) != READ) {
        return false;
    }
    line[got] = 0;
    size_t skip = strlen(prefix);
    if (strncmp(line, prefix, skip) != 0) {
        return false;
    }
    size_t word = strcspn(line + skip, " \t\r\n");
    if (word == 0 || word >= n) {
        return false;
    }
    memcpy(buf, line + skip, word);
    buf[word] = '\0';
    return true;
}

bool ent_zone_tzdata_version(const char *dir, char *buf, size_t n)
{
    dir = dir ? dir : ENT_ZONE_DIR_DEFAULT;
    if (first_word(dir, "tzdata.zi", "# version ", buf, n) ||
        first_word(dir, "+VERSION", "", buf, n)) {
        return true;
    }
    snprintf(buf, n, "unknown");
    return false;
}

bool ent_zone_instant(const ent_zone *zone, const char *text, int64_t *ns)
{
    int64_t day;
    size_t n = strlen(text);
    if (ent_civil_parse_instant(text, n, ns)) {
        return true;
    }
    if (!ent_civil_parse_date(text, n, &day)) {
        return false;
    }
    *ns = ent_zone_midnight(zone, day);
    return true;
}
