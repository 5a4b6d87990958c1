/* One line of JSON into cells, through simdjson; the only C++ of the runtime stands behind this.
 * Tested in tests/unit/test_feed.c and tests/property/feed_oracle.py. */
#ifndef ENT_FEED_JSON_SIMD_H
#define ENT_FEED_JSON_SIMD_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/feed/cell.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ent_json ent_json;

typedef enum ent_json_status {
    ENT_JSON_FINE = 0,
    ENT_JSON_BAD = 1, /* the fault says what and where */
    ENT_JSON_MEMORY = 2
} ent_json_status;

typedef struct ent_json_fault {
    const char *expected; /* static text */
    uint32_t byte;        /* from 1; 0: not known */
} ent_json_fault;

/* Bytes that must be readable after a line, and how much larger than the line the scratch is. */
enum { ENT_JSON_PADDING = 64 };

/* Member names that are wanted, dots reaching into objects; copied.  NULL: out of memory. */
ent_json *ent_json_create(const char *const *names, uint32_t n_names);
void ent_json_destroy(ent_json *json);

/* Fills row[0 .. n_names).  The whole line is checked, wanted or not.  `scratch` takes unescaped
 * texts; it needs len bytes if the line has a backslash, and may be NULL otherwise. */
ent_json_status ent_json_line(ent_json *json, const char *line, size_t len, char *scratch,
                              ent_cell *row, ent_json_fault *fault);

#ifdef __cplusplus
}
#endif

#endif
