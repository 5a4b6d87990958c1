/* Early warnings and runnings-out as lines: a stream of their own beside the ledger, one JSON object a line.
 * Tested by tests/golden/run/notices and tests/embed. */
#ifndef ENT_LEDGER_NOTICE_H
#define ENT_LEDGER_NOTICE_H

#include "runtime/ledger/json_out.h"
#include "runtime/state/engine.h"

/* By instant, clause, subject and kind. */
void ent_notices_sort(ent_engine *session, ent_warning *notices, size_t n);
/* The line with its newline; false: memory. */
bool ent_notice_line(ent_engine *session, const ent_warning *notice, ent_json_out *out);
#endif
