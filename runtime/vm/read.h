/* Reading a text as a value of a type that needs no tables: what a cell of a source may look like.
 * Names (members, parties, services) are looked up by whoever has the tables.
 * Tested by tests/unit/test_bind.c. */
#ifndef ENT_VM_READ_H
#define ENT_VM_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/bytecode/types.h"
#include "runtime/vm/exact.h"

typedef union ent_read_value {
    uint8_t b;
    int64_t i;
    double f;
    ent_q q;
} ent_read_value;

/* bool, int, number, decimal (param: digits), ratio (0.5, 1/3, 50%), money (with or without its code; currency may
 * be NULL), duration, instant (RFC 3339), time (HH:MM[:SS]).  All of the text must be used. */
bool ent_read(ent_type_kind type, int param, const char *currency, const char *text, size_t len,
              ent_read_value *out);
bool ent_read_bool(const char *text, size_t len, uint8_t *out);
bool ent_read_ratio(const char *text, size_t len, ent_q *out);
bool ent_read_money(const char *text, size_t len, const char *currency, ent_q *out);
bool ent_read_time(const char *text, size_t len, int64_t *ns);

/* As in "expected ...". */
const char *ent_read_expectation(ent_type_kind type);
#endif
