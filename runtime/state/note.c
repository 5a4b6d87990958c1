/* The bad samples and stretches of a window, kept as facts for who contests its decision: at most ENT_FACTS_MAX, and
 * how many more there were.  Tested by tests/property/explain_rows.py and tests/property/invariance.sh. */
#include <stdlib.h>

#include "runtime/state/objective.h"

int ent_fact_compare(const ent_fact *a, const ent_fact *b)
{
    if (a->from_ns != b->from_ns) {
        return a->from_ns < b->from_ns ? -1 : 1;
    }
    if (a->subject != b->subject) {
        return a->subject < b->subject ? -1 : 1;
    }
    if (a->causes != b->causes) {
        return a->causes < b->causes ? -1 : 1;
    }
    return a->root < b->root ? -1 : a->root > b->root;
}

static void extend(ent_fact *f, const ent_fact *x)
{
    if (x->from_ns < f->from_ns) {
        f->from_ns = x->from_ns;
        f->origin = x->origin;
    }
    if (x->to_ns >= f->to_ns) {
        f->to_ns = x->to_ns;
        f->until_origin = x->until_origin;
    }
    f->count += x->count;
    f->notes++;
}

bool ent_group_note(ent_group *g, int64_t interval, const ent_suspect *x, uint64_t causes)
{
    bool stretch = x->from < x->to; /* what lies between two of them is somebody else's time */
    int64_t gap = interval > 0 && !stretch ? ent_add_sat(interval, interval / 2) : 0;
    ent_fact fresh = {.feed = -1,
                      .until_feed = -1,
                      .span = -1,
                      .origin = x->origin,
                      .until_origin = x->until_origin,
                      .from_ns = x->from,
                      .to_ns = x->to,
                      .subject = (int32_t)x->service,
                      .root = (int32_t)x->root,
                      .causes = causes,
                      .kind = ENT_FACT_OUTAGE,
                      .count = !stretch,
                      .notes = 1};
    ent_fact *last = NULL;
    for (size_t i = g->n_facts; i-- > 0;) {
        ent_fact *f = &g->facts[i];
        if (f->subject == x->service && f->causes == causes && f->root == x->root &&
            x->from <= ent_add_sat(f->to_ns, gap) && f->from_ns <= ent_add_sat(x->to, gap)) {
            extend(f, &fresh);
            return true;
        }
        last = !last || ent_fact_compare(f, last) > 0 ? f : last;
    }
    if (g->n_facts == ENT_FACTS_MAX) {
        bool earlier = ent_fact_compare(&fresh, last) < 0;
        g->facts_left_out += earlier ? last->notes : 1;
        *last = earlier ? fresh : *last;
        return true;
    }
    if (!g->facts && !(g->facts = calloc(ENT_FACTS_MAX, sizeof *g->facts))) {
        return false;
    }
    g->facts[g->n_facts++] = fresh;
    return true;
}
