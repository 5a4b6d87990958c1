/* Interned texts of a session: a text is a small integer; equal texts have equal numbers.
 * Numbers 0..n_strings-1 are the program's strings, so that constants need no lookup.
 * One thread interns, or several of a table that is shared; which number a text gets then depends on who comes
 * first, so nothing that is given out may be in the order of these numbers.  Any thread may read texts whose
 * numbers it was handed after a synchronisation. */
#ifndef ENT_VM_STRINGS_H
#define ENT_VM_STRINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ent_image;
typedef struct ent_strings ent_strings;

ent_strings *ent_strings_new(const struct ent_image *program_or_null);
void ent_strings_free(ent_strings *strings);
/* From now on several threads may intern; false: no lock could be had. */
bool ent_strings_share(ent_strings *strings);
/* The number of the text, or -1 when memory runs out.  The bytes are copied; they may contain NUL. */
int64_t ent_strings_intern(ent_strings *strings, const char *p, size_t len);
/* The number of the text if it is known, or -1. */
int64_t ent_strings_find(ent_strings *strings, const char *p, size_t len);
/* NUL-terminated; stays at its address for the life of the table.  *len may be NULL. */
const char *ent_strings_get(const ent_strings *strings, int64_t id, size_t *len);
/* A text will be asked for soon: of where it is known, and, once that has had time, of its bytes. */
void ent_strings_prefetch(const ent_strings *strings, int64_t id);
void ent_strings_prefetch_bytes(const ent_strings *strings, int64_t id);
/* Of many: each of a number that is not known is empty.  Their bytes are asked for, to be there soon. */
void ent_strings_get_all(const ent_strings *strings, const int64_t *ids, size_t n, const char **texts);
/* ent_strings_prefetch of many. */
void ent_strings_prefetch_all(const ent_strings *strings, const int64_t *ids, size_t n);

/* The length that stands before a text that is as long or longer. */
enum { ENT_STRINGS_LONG = 255 };
/* Of a text of the table: it stands in a byte before it, and of a long one in a word before that. */
static inline size_t ent_strings_length(const char *text)
{
    size_t len = (unsigned char)text[-1];
    if (len == ENT_STRINGS_LONG) {
        memcpy(&len, text - 1 - sizeof len, sizeof len);
    }
    return len;
}

/* Where numbered texts are found without a call or a lock; their meanings are their numbers here. */
struct ent_families;
const struct ent_families *ent_strings_families(const ent_strings *strings);
size_t ent_strings_count(const ent_strings *strings);
#endif
