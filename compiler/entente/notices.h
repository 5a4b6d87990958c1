/* Early warnings and runnings-out as lines: `entente run --notices`. */
#ifndef ENT_ENTENTE_NOTICES_H
#define ENT_ENTENTE_NOTICES_H

#include "runtime/ledger/file.h"
#include "runtime/ledger/ledger.h"

/* In order of instant, clause and subject.  false: no memory. */
bool ent_notices_write(ent_engine *session, ent_file *file);
#endif
