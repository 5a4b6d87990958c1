/* GET /decisions: lines of the ledger as they stand there, by number, with filters.
 *
 *     ?after=N       those behind line N, oldest first (the default: after=0)
 *     ?newest=1      the newest first; before=N goes on
 *     ?limit=N       at most 1,000, 100 if nothing is said
 *     ?agreement= clause= status= kind=   exactly this
 *     ?status=       with nothing behind it: lines that decide nothing, such as warnings
 *     ?party=        accountable or responsible
 *
 * `next` is what to ask with to go on (after, or before with newest); it is missing at the end.  A
 * request looks at a bounded number of lines, so with filters a page may be short and still have a
 * `next`. */
#include "compiler/watch/keys.h"
#include "compiler/watch/server.h"

#include <stdlib.h>
#include <string.h>


enum { LOOK_AT = 20000 };

static bool is_about(ent_json_slice line, const char *party)
{
    ent_json_slice accountable = ent_json_member(line, "accountable");
    ent_json_slice responsible = ent_json_member(line, "responsible");
    ent_json_slice item;
    size_t at = 0;
    if (accountable.p && ent_watch_says(ent_json_member(accountable, "party"), party)) {
        return true;
    }
    while (responsible.p && ent_json_next_item(responsible, &at, &item)) {
        if (ent_watch_says(ent_json_member(item, "party"), party)) {
            return true;
        }
    }
    return false;
}

static bool fits(ent_json_slice line, const ent_watch_query *q)
{
    return (!q->agreement || ent_watch_says(ent_json_member(line, "agreement"), q->agreement)) &&
           (!q->clause || ent_watch_says(ent_json_member(line, "clause"), q->clause)) &&
           (!q->status || (q->status[0] ? ent_watch_says(ent_json_member(line, "status"), q->status)
                                        : !ent_json_member(line, "status").p)) &&
           (!q->kind || ent_watch_says(ent_json_member(line, "kind"), q->kind)) &&
           (!q->party || is_about(line, q->party));
}

/* Line 1 says how the ledger was made; decision number N is line N + 1. */
void ent_watch_show_decisions(ent_watch *w, const ent_watch_query *q, ent_json_out *out)
{
    char *buf = NULL;
    size_t capacity = 0;
    uint64_t total = w->n_lines > 0 ? w->n_lines - 1 : 0;
    uint64_t limit = q->limit == 0 ? 100 : q->limit > 1000 ? 1000 : q->limit;
    uint64_t at = q->newest ? (q->before > 0 && q->before <= total ? q->before - 1
                               : q->before > 0                     ? total
                                                                   : total)
                            : q->after + 1;
    uint64_t looked = 0;
    uint64_t taken = 0;
    ent_json_begin_object(out);
    ent_json_key_int(out, "total", (int64_t)total);
    ent_json_key(out, "decisions");
    ent_json_begin_array(out);
    for (; at >= 1 && at <= total && taken < limit && looked < LOOK_AT;
         at = q->newest ? at - 1 : at + 1) {
        size_t len = ent_watch_line_read(w, at + 1, &buf, &capacity);
        looked++;
        if (len < 2) {
            break; /* not on the disk yet */
        }
        ent_json_slice line = {buf, len - 1};
        if (fits(line, q)) {
            ent_json_raw(out, line.p, line.len);
            taken++;
        }
    }
    ent_json_end_array(out);
    if (at >= 1 && at <= total) {
        ent_json_key_int(out, "next", (int64_t)(q->newest ? at + 1 : at - 1));
    }
    ent_json_end_object(out);
    ent_json_end_line(out);
    free(buf);
}
