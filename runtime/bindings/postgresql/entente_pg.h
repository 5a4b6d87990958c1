/* The insides of the PostgreSQL extension.
 *
 *     rows --collect--> state --combine, save, restore between processes--> decide --> decisions or the ledger
 *
 * A state holds rows as texts and nothing that has been decided, so states may be put together in any order: decide
 * brings the rows into an order of their own, unless the query's ORDER BY gives one, and then runs one session.
 * All of it is the server's memory in the aggregate's context, but for programs, whose reference a callback of that
 * context gives back, and sessions, which live inside one call.
 * Tested by tests/hosts/postgresql.sh. */
#ifndef ENT_PG_H
#define ENT_PG_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/jsonb.h"

#include "runtime/include/entente.h"

/* What waits: per row its length without this (uint32), the feed's index (uint32), and for each used field of the feed
 * the text's length (uint32) and its bytes, in UTF-8; an empty text is an absent value. */
typedef struct ent_pg_state {
    MemoryContext context;
    struct varlena *given;    /* the program as the query gave it, perhaps compressed or elsewhere */
    ent_program *program;
    char *options;            /* the text of a JSON object, or NULL */
    bool ordered;             /* the rows' order is the query's */
    uint64 n_rows;
    char *rows;
    Size len, capacity;
} ent_pg_state;

/* A program that the context will give back. */
ent_program *ent_pg_program_load(struct varlena *given, MemoryContext context);
ent_program *ent_pg_program_keep(ent_program *program, MemoryContext context);

pg_attribute_noreturn() void ent_pg_throw(const ent_error *error, const char *detail);

/* Puts a row behind the others.  `facts` is a jsonb or a record, as its type says. */
typedef struct ent_pg_row_map ent_pg_row_map;
void ent_pg_state_add(ent_pg_state *state, const char *feed, Datum facts, Oid type, ent_pg_row_map **map,
                      MemoryContext map_context);
void ent_pg_state_append(ent_pg_state *state, const char *rows, Size len, uint64 n_rows);

/* Options of a session, out of the text; what they point to is in the current context. */
void ent_pg_options_read(const char *text, ent_session_options *options);

#endif
