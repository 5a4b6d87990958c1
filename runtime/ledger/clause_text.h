/* What every line of a clause has in common: its beginning, after the number, its end, before the chain, and what
 * stands between in one wording.  Made once a clause, not once a line; so are the names that facts tell. */
#ifndef ENT_LEDGER_CLAUSE_TEXT_H
#define ENT_LEDGER_CLAUSE_TEXT_H

#include "runtime/bytecode/program.h"
#include "runtime/judge/verdict.h"
#include "runtime/ledger/json_out.h"
#include "runtime/state/engine.h"

/* Behind the n bytes lie others, up to a whole step and of no meaning: so it can be moved in whole steps. */
enum { ENT_CLAUSE_PIECE_STEP = 32 };
typedef struct ent_clause_piece {
    char *p; /* NULL: not made, or there is none */
    size_t n;
} ent_clause_piece;

/* Members of the line's object, as JSON, each with the comma before it. */
typedef struct ent_clause_text {
    ent_clause_piece begin;
    ent_clause_piece subject; /* of one key field: up to and with the quote that opens its value */
    ent_clause_piece accountable;
    ent_clause_piece end;
    int64_t agreement;
} ent_clause_text;

/* Of all clauses of one program: objectives, duties, pools. */
typedef struct ent_clause_texts {
    const ent_image *program; /* and its digest, as another one may come to lie there */
    char digest[65];
    ent_clause_text *v;
    size_t n;
    ent_clause_piece *parties, *spans, *statuses; /* their names, as they stand within a JSON text */
    size_t n_parties, n_spans;
} ent_clause_texts;

/* The member `source`: where a place of the agreements' text is. */
void ent_clause_source(ent_json_out *out, const ent_image *program, int64_t place);

void ent_clause_texts_deinit(ent_clause_texts *texts);
/* Its place is the clause's number as long as the program is the same.  NULL: no memory. */
const ent_clause_text *ent_clause_texts_of(ent_clause_texts *texts, const ent_engine *session, const ent_verdict *d);
#endif
