/* What the files that verify records share: the record in hand and what is asked of many kinds of
 * them.  See verify_clauses.c. */
#ifndef ENT_BYTECODE_VERIFY_RECORD_H
#define ENT_BYTECODE_VERIFY_RECORD_H

#include "runtime/bytecode/format.h"
#include "runtime/bytecode/opcodes.h"
#include "runtime/bytecode/verifier.h"

/* An instant is 64-bit nanoseconds: about 292 years around 1970. */
enum { ENT_RECORD_DAY_MAX = 106751 };

typedef struct ent_record {
    const ent_image *p;
    ent_load_error *error;
    const char *table; /* of the record being checked */
    size_t index;
} ent_record;

/* Agreements, calendars, feeds, patterns and spans; false with the error when one is refused. */
bool ent_verify_facts(ent_record *c);

/* Refuses the record with the text unless it holds. */
bool ent_record_require(ent_record *c, bool holds, const char *otherwise);
const ent_field_row *ent_record_field_of(const ent_record *c, int64_t feed, int64_t field);
bool ent_record_field_has_type(const ent_record *c, int64_t feed, int64_t field, int64_t type);
bool ent_record_type_is_valid(const ent_record *c, int64_t type, int64_t param, bool none);
bool ent_record_values_are_valid(const ent_record *c, int64_t first, int64_t n, int64_t type,
                                 int64_t param);
bool ent_record_slot_is_valid(const ent_record *c, int64_t feed, int64_t slot, ent_class cls,
                              bool optional);
bool ent_record_constant_has_class(const ent_record *c, int64_t constant, ent_class cls,
                                   bool optional);
bool ent_record_keys_are_valid(const ent_record *c, int64_t feed, int64_t first, int64_t n);
bool ent_record_pattern_has_keys(const ent_record *c, int64_t pattern, const ent_alt_row *like,
                                 int64_t n);
bool ent_record_uses_are_of(const ent_record *c, int64_t first, int64_t n, int64_t feed);
bool ent_record_causes_are_spans(const ent_record *c, int64_t first, int64_t n);

/* Calls check_NAME for every record of a table. */
#define ENT_VERIFY_ALL(c, name)                                                                    \
    for (size_t i = 0; i < (c)->p->n_##name; i++) {                                                \
        (c)->table = #name;                                                                        \
        (c)->index = i;                                                                            \
        if (!check_##name((c), &(c)->p->name[i])) {                                                \
            return false;                                                                          \
        }                                                                                          \
    }
#endif
