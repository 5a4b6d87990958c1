/* A fact that a decision rests on, as the text of a ledger line, and read back from it.
 *
 *     clock began T
 *     clock stopped T
 *     not counted T .. T, during client_hold
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
#include "runtime/ledger/json_in.h"
#include "runtime/bytecode/program.h"
#include "runtime/time/zone.h"

#define ENT_FACT_TEXT_SIZE 8192

/* Parties for which there is no room are counted. */
size_t ent_fact_text(const ent_image *program, const ent_zone *zone, const ent_fact *fact,
                     char *buf, size_t size);

/* A fact as its text has it; slices of that text, p NULL where it says nothing. */
typedef struct ent_fact_view {
    ent_fact_kind kind;
    ent_json_slice from, to; /* instants */
    ent_json_slice subject;  /* of an outage: the service */
    ent_json_slice root;     /* another service that was down */
    ent_json_slice samples;  /* how many */
    ent_json_slice parties;  /* who holds or causes: names joined by ", " */
    ent_json_slice span;     /* of time that does not count */
} ent_fact_view;

/* false: the text is no fact of these forms. */
bool ent_fact_read(ent_json_slice text, ent_fact_view *out);

#endif
