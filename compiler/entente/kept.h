/* Decisions of clocks that wait for the ledger, whose first line is known last: a fifth of the memory that they are
 * given in, because what only objectives have is left out. */
#ifndef ENT_ENTENTE_KEPT_H
#define ENT_ENTENTE_KEPT_H

#include <stddef.h>

#include "runtime/judge/verdict.h"
#include "runtime/vm/strings.h"

typedef struct ent_kept_clock {
    int64_t final_ns, at_ns, due_ns, done_ns, elapsed_ns, allowed_ns;
    int64_t subject, cause_origin, done_origin;
    size_t others_before; /* decisions that are kept elsewhere and come before it */
    struct ent_answer *answer;
    int32_t done_feed;
    uint32_t clause : 25;
    uint32_t status : 3;
    uint32_t has_due : 1, has_done : 1, open : 1, final : 1;
} ent_kept_clock;

typedef struct ent_kept {
    ent_kept_clock *v;
    size_t n, capacity;
} ent_kept;

/* Whether all that the decision says can be kept so. */
bool ent_kept_fits(const ent_verdict *d);
/* false: memory.  The answer is kept, too. */
bool ent_kept_add(ent_kept *kept, const ent_verdict *d, size_t others_before);
ent_verdict ent_kept_decision(const ent_kept_clock *clock);
/* The one at `at` is next: tells the processor which texts those after it are about. */
void ent_kept_look_ahead(const ent_kept *kept, size_t at, const ent_strings *strings);
/* Forgets all of them. */
void ent_kept_clear(ent_kept *kept);
#endif
