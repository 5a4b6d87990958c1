/* Members of JSON as the ledger writes them, for lines and pages; and what is read back of lines. */
#ifndef ENT_WATCH_KEYS_H
#define ENT_WATCH_KEYS_H

#include "runtime/bytecode/program.h"
#include "runtime/ledger/json_in.h"
#include "runtime/ledger/json_out.h"
#include "runtime/time/zone.h"
#include "runtime/vm/exact.h"

/* Nothing for INT64_MIN and INT64_MAX; zone NULL: UTC. */
void ent_watch_key_instant(ent_json_out *out, const char *key, int64_t ns, const ent_zone *zone);
void ent_watch_key_seconds(ent_json_out *out, const char *key, int64_t ns);
/* To four decimals; nothing where it does not fit. */
void ent_watch_key_figure(ent_json_out *out, const char *key, ent_q q);
/* Nothing for a string of -1. */
void ent_watch_key_string(ent_json_out *out, const ent_image *p, const char *key, int64_t string);
bool ent_watch_says(ent_json_slice value, const char *text);
#endif
