/* Where a row stands: which of its feed's sources, and the line in it, in one integer that travels with the row.
 *
 * Zero is an unknown place. The first source's origins are plain line numbers, so whoever pushes rows without
 * files needs to know nothing of this. */
#ifndef ENT_FEED_ORIGIN_H
#define ENT_FEED_ORIGIN_H

#include <stdint.h>

#define ENT_ORIGIN_LINE_BITS 40
#define ENT_ORIGIN_LINE_MAX ((INT64_C(1) << ENT_ORIGIN_LINE_BITS) - 1)
#define ENT_ORIGIN_FILE_MAX (INT64_MAX >> ENT_ORIGIN_LINE_BITS)

static inline int64_t ent_origin_make(uint32_t file, uint64_t line)
{
    if ((int64_t)file > ENT_ORIGIN_FILE_MAX || line > (uint64_t)ENT_ORIGIN_LINE_MAX) {
        return 0;
    }
    return (int64_t)file << ENT_ORIGIN_LINE_BITS | (int64_t)line;
}

static inline int64_t ent_origin_line(int64_t origin)
{
    return origin & ENT_ORIGIN_LINE_MAX;
}

static inline uint32_t ent_origin_file(int64_t origin)
{
    return (uint32_t)(origin >> ENT_ORIGIN_LINE_BITS);
}
#endif
