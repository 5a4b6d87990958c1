/* What every line of a clause has in common: its beginning, after the number, and its end, before the chain.  Made once
 * a clause, not once a line. */
#ifndef ENT_LEDGER_CLAUSE_TEXT_H
#define ENT_LEDGER_CLAUSE_TEXT_H

#include "runtime/bytecode/program.h"
#include "runtime/judge/verdict.h"
#include "runtime/ledger/json_out.h"

/* Members of the line's object, as JSON. */
typedef struct ent_clause_text {
    char *begin, *end; /* one block; NULL: not made yet */
    size_t n_begin, n_end;
} ent_clause_text;

/* Of all clauses of one program: objectives, duties, pools. */
typedef struct ent_clause_texts {
    const ent_image *program; /* and its digest, as another one may come to lie there */
    char digest[65];
    ent_clause_text *v;
    size_t n;
} ent_clause_texts;

/* The member `source`: where a place of the agreements' text is. */
void ent_clause_source(ent_json_out *out, const ent_image *program, int64_t place);

void ent_clause_texts_deinit(ent_clause_texts *texts);
/* NULL: no memory. */
const ent_clause_text *ent_clause_texts_of(ent_clause_texts *texts, const ent_image *program, const ent_verdict *d);
#endif
