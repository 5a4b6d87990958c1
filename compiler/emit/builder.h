/* A program under construction: one growing array per table of tables.def, strings, constants and
 * instructions; and its encoding as an .entc file.
 *
 * Rows may be patched in place until the program is written (`b->duty.v[i].credit = x`), so that
 * forward references need no order.  Strings and constants are deduplicated.
 * Errors are sticky: after a failed allocation every `add` returns -1, and `ent_builder_write`
 * refuses. What is written is not trusted by anyone: the loader verifies it like a stranger's file.
 * Tested in tests/unit/test_verifier.c. */
#ifndef ENT_EMIT_BUILDER_H
#define ENT_EMIT_BUILDER_H

#include "runtime/bytecode/program.h"

/* A growing byte buffer; zero-initialise, free with ent_bytes_deinit. */
typedef struct ent_bytes {
    uint8_t *p;
    size_t n;
    size_t cap;
} ent_bytes;

void ent_bytes_deinit(ent_bytes *bytes);
bool ent_bytes_append(ent_bytes *bytes, const void *p, size_t n); /* false: out of memory */

/* Open-addressed hash of indices; -1 = free. */
typedef struct ent_builder_index {
    int64_t *slots;
    size_t cap; /* a power of two, or 0 */
} ent_builder_index;

#define ENT_BUILDER_ARRAY(type)                                                                    \
    struct {                                                                                       \
        type *v;                                                                                   \
        size_t n;                                                                                  \
        size_t cap;                                                                                \
    }

typedef struct ent_builder {
    ENT_BUILDER_ARRAY(ent_string) string; /* own copies, NUL-terminated */
    ENT_BUILDER_ARRAY(ent_constant) constant;
    ENT_BUILDER_ARRAY(ent_instruction) instruction;
#define ENT_BUILDER_MEMBER(number, name) ENT_BUILDER_ARRAY(ent_##name##_row) name;
    ENT_TABLES(ENT_BUILDER_MEMBER)
#undef ENT_BUILDER_MEMBER
    ent_builder_index string_index;
    ent_builder_index constant_index;
    bool failed; /* memory ran out */
} ent_builder;

ent_builder *ent_builder_new(void);    /* NULL: out of memory */
void ent_builder_free(ent_builder *b); /* NULL is fine */

/* int64_t ent_builder_add_<table>(b, row): the index of the new row, or -1 when memory runs out. */
#define ENT_BUILDER_ADD(number, name)                                                              \
    int64_t ent_builder_add_##name(ent_builder *b, ent_##name##_row row);
ENT_TABLES(ENT_BUILDER_ADD)
#undef ENT_BUILDER_ADD

/* Index of the string with these bytes; equal strings are one.  -1: out of memory. */
int64_t ent_builder_string(ent_builder *b, const char *p, size_t len);
int64_t ent_builder_text(ent_builder *b, const char *text);         /* NUL-terminated */
int64_t ent_builder_text_or_none(ent_builder *b, const char *text); /* NULL gives -1 */

/* Index of the constant; equal constants are one (binary64: equal bits). */
int64_t ent_builder_const_b(ent_builder *b, bool value);
int64_t ent_builder_const_i(ent_builder *b, int64_t value);
int64_t ent_builder_const_f(ent_builder *b, double value);
int64_t ent_builder_const_q(ent_builder *b, ent_q value);

/* Appends as it is; kernel.h is the comfortable way. */
int64_t ent_builder_add_instruction(ent_builder *b, ent_instruction instruction);

/* The .entc bytes, appended to `out`.  False: memory ran out or a limit of limits.def is passed;
 * then `error` says which. */
bool ent_builder_write(const ent_builder *b, ent_bytes *out, char *error, size_t error_len);
#endif
