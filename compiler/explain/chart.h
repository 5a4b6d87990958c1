/* A time line of text: a row for each party or service, a column for each part of the time.
 *
 *              09:00                                   16:00
 *     HostCo   ====#####            #########          #####
 *     NetCo             ============         =====#####
 *                                            | due 13:00
 */
#ifndef ENT_EXPLAIN_CHART_H
#define ENT_EXPLAIN_CHART_H

#include "compiler/explain/page.h"

/* Of a clock: who had it; of a window: what was down.  Nothing when the facts have no times. */
void ent_chart_clock(const ent_page *page, const ent_xdecision *d);
void ent_chart_window(const ent_page *page, const ent_xdecision *d);
#endif
