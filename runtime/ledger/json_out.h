/*
 * Writes JSON into a growing buffer: what ledger lines are made with.
 *
 * Keys stand in the order of the calls, there is no white space, and the same calls give the same
 * bytes. The first error sticks: later calls do nothing, so that callers check once, at the end.
 *
 * Tested by tests/unit/test_exact.c and tests/property/exact_oracle.py.
 */
#ifndef ENT_LEDGER_JSON_OUT_H
#define ENT_LEDGER_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ENT_JSON_DEPTH_MAX 63

typedef enum {
    ENT_JSON_OK,
    ENT_JSON_NO_MEMORY,
    ENT_JSON_TOO_LONG, /* beyond len_max */
    ENT_JSON_MISUSE,   /* a key outside an object, a value without key, an unmatched end, … */
} ent_json_error;

typedef struct {
    char *data; /* len bytes and a NUL; NULL before anything is written */
    size_t len, size, len_max;
    uint64_t in_object; /* bit d: nesting level d is an object */
    uint64_t has_items; /* bit d: level d needs a comma before what comes next */
    unsigned depth;
    bool after_key;
    ent_json_error error;
} ent_json_out;

/* len_max bounds the buffer; 0 means 1 GiB. Nothing is allocated yet. */
void ent_json_init(ent_json_out *out, size_t len_max);
void ent_json_deinit(ent_json_out *out);
/* Empties the buffer and forgets the error; keeps the memory. */
void ent_json_reset(ent_json_out *out);

void ent_json_begin_object(ent_json_out *out);
void ent_json_end_object(ent_json_out *out);
void ent_json_begin_array(ent_json_out *out);
void ent_json_end_array(ent_json_out *out);

/* Whether a text of at least one byte stands in quotes as it is; some that do may be told not to. */
bool ent_json_is_plain(const char *text, size_t len);

/* Keys and texts are escaped; invalid UTF-8 becomes U+FFFD, control characters \u00XX. */
void ent_json_key_len(ent_json_out *out, const char *key, size_t len);
/* NULL writes null. */
void ent_json_text(ent_json_out *out, const char *text);
/* Inline, so that the length of a key that is written out is known. */
static inline void ent_json_key(ent_json_out *out, const char *key)
{
    ent_json_key_len(out, key, strlen(key));
}
void ent_json_text_len(ent_json_out *out, const char *text, size_t len);
void ent_json_int(ent_json_out *out, int64_t value);
void ent_json_uint(ent_json_out *out, uint64_t value);
void ent_json_bool(ent_json_out *out, bool value);
void ent_json_null(ent_json_out *out);
/* A finished JSON value, written as it is. */
void ent_json_raw(ent_json_out *out, const char *json, size_t len);
/* Finished members of the object in hand, at least one. */
void ent_json_members(ent_json_out *out, const char *json, size_t len);

/* Key and value together. */
void ent_json_key_text_len(ent_json_out *out, const char *key, size_t key_len, const char *text);
/* The same with a key that is known to need no escape. */
void ent_json_plain_key_text(ent_json_out *out, const char *key, size_t key_len, const char *text, size_t len);
static inline void ent_json_key_text(ent_json_out *out, const char *key, const char *text)
{
    if (__builtin_constant_p(key[0]) && text) { /* a literal of ours, which is plain */
        ent_json_plain_key_text(out, key, strlen(key), text, strlen(text));
        return;
    }
    ent_json_key_text_len(out, key, strlen(key), text);
}
void ent_json_key_int(ent_json_out *out, const char *key, int64_t value);
void ent_json_key_bool(ent_json_out *out, const char *key, bool value);

/*
 * Takes the closing brace off a finished object, so that it can go on: a ledger line is hashed
 * without its hash, which is then added.
 */
void ent_json_reopen_object(ent_json_out *out);
/* Ends the line of a finished value; another value may follow. */
void ent_json_end_line(ent_json_out *out);

/* No error, and every object and array closed. */
bool ent_json_is_complete(const ent_json_out *out);

#endif
