/* Looks into ledger lines without making a tree: slices of JSON without white space, as json_out writes it.
 *
 * What is not such JSON yields no member and no item; nothing is read outside of the slice.
 * Tested by tests/unit/test_restate.c. */
#ifndef ENT_LEDGER_JSON_IN_H
#define ENT_LEDGER_JSON_IN_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ent_json_slice {
    const char *p;
    size_t len;
} ent_json_slice;

/* The next member of an object or item of an array.  *at is 0 at first and is moved on.  Keys are without
 * their quotes, values as they stand.  false: there is none. */
bool ent_json_next_member(ent_json_slice object, size_t *at, ent_json_slice *key,
                          ent_json_slice *value);
bool ent_json_next_item(ent_json_slice array, size_t *at, ent_json_slice *value);

/* The value of a member; p NULL when there is none. */
ent_json_slice ent_json_member(ent_json_slice object, const char *key);
/* The inside of a text value, escapes as they stand; p NULL when it is no text. */
ent_json_slice ent_json_text_of(ent_json_slice value);

bool ent_json_is(ent_json_slice slice, const char *text);
bool ent_json_same(ent_json_slice a, ent_json_slice b);
#endif
