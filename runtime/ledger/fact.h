/* A fact that a decision rests on, as the text of a ledger line.
 *
 *     clock began T
 *     held by NetCo T .. T, within what it was allowed
 *     held by NetCo, HostCo T .. T, beyond what it was allowed
 *     checkout bad T .. T, 10 samples, caused by NetCo (network)
 *     outcome at T unmet, caused by NetCo
 *
 * A bad stretch of a time share has no samples; the service in brackets is the root, where there is one other
 * than the service itself. Tested by every golden run and the clubs of examples/accountability. */
#ifndef ENT_LEDGER_FACT_H
#define ENT_LEDGER_FACT_H

#include "runtime/feed/origin.h"
#include "runtime/judge/answer.h"
#include "runtime/bytecode/program.h"
#include "runtime/time/zone.h"

#define ENT_FACT_TEXT_SIZE 8192

/* Parties for which there is no room are counted. */
size_t ent_fact_text(const ent_image *program, const ent_zone *zone, const ent_fact *fact,
                     char *buf, size_t size);

#endif
