/* What a text stands for in a field of a feed: members, parties and services by their names, everything else as
 * runtime/vm/read.h reads it.  One place for cells of files and for texts that a host pushes.
 * Tested by tests/unit/test_bind.c and tests/embed. */
#ifndef ENT_FEED_VALUE_H
#define ENT_FEED_VALUE_H

#include "runtime/bytecode/program.h"
#include "runtime/state/map.h"
#include "runtime/vm/read.h"
#include "runtime/vm/strings.h"

enum { ENT_EXPECTED_MAX = 256 };

/* Parties and services by the numbers of their names', titles' and aliases' texts. */
typedef struct ent_names {
    ent_map parties, services;
} ent_names;

bool ent_names_init(ent_names *names, const ent_image *program);
void ent_names_deinit(ent_names *names);

typedef struct ent_value_context {
    const ent_image *program;
    const ent_names *names;
    ent_strings *strings;
} ent_value_context;

/* The member, party, service or text that the text is in a field of such a type; -1: none, or memory has run out,
 * which only a field of texts can tell. */
int64_t ent_value_meaning(const ent_value_context *context, const ent_field_row *field, const char *text, size_t len);
/* Whether the type is one of those that ent_value_meaning reads. */
bool ent_value_is_name(const ent_field_row *field);
/* Reads a text of any other type into lane `lane` of data. */
bool ent_value_read(const ent_image *program, const ent_field_row *field, const char *text, size_t len, void *data,
                    size_t lane);
/* As in "expected ...". */
void ent_value_expectation(const ent_image *program, const ent_field_row *field, char expected[ENT_EXPECTED_MAX]);
#endif
