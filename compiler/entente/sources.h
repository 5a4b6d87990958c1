/* What the ledger calls the sources of feeds. */
#ifndef ENT_ENTENTE_SOURCES_H
#define ENT_ENTENTE_SOURCES_H

#include "compiler/entente/ingest.h"
#include "runtime/ledger/ledger.h"

/* One a feed of the program; NULL: memory. Names are without their folders, so that a ledger is the same
 * wherever its files lie, unless two sources of one feed are only told apart by them. */
ent_ledger_files *ent_sources_name(const ent_image *program, const ent_ingest_feed *feeds,
                                   size_t n_feeds);
void ent_sources_free(const ent_image *program, ent_ledger_files *files);
#endif
