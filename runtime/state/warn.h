/* Warnings about clocks that still run, for hosts that follow: asked for when the watermark has
 * moved.
 *
 * Notices (engine.h) are told when a clock has ended, as known then; these while something can
 * still be done.  What is given is true as of the watermark: a clock that has used up the part of
 * its allowance that its duty warns at, or all of it.  The same clock is given again at the next
 * question; who asks remembers what was told. Tested by tests/watch/live.py. */
#ifndef ENT_STATE_WARN_H
#define ENT_STATE_WARN_H

#include "runtime/state/engine.h"

/* at_ns of the warning is when the clock got there, trigger_ns when it was triggered.  false stops.
 */
typedef bool (*ent_warning_fn)(void *user, const ent_engine *engine, const ent_warning *warning,
                               int64_t trigger_ns);

bool ent_engine_warnings(ent_engine *engine, ent_warning_fn fn, void *user, ent_fault *error);
#endif
