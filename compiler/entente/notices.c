/* See notices.h. */
#include "compiler/entente/notices.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/ledger/notice.h"

bool ent_notices_write(ent_engine *session, ent_file *file)
{
    size_t n;
    const ent_warning *all = ent_engine_notices(session, &n);
    ent_warning *sorted = malloc((n + 1) * sizeof *sorted);
    if (!sorted) {
        return false;
    }
    if (n > 0) {
        memcpy(sorted, all, n * sizeof *sorted);
        ent_notices_sort(session, sorted, n);
    }
    ent_json_out out;
    ent_json_init(&out, 0);
    bool complete = true;
    for (size_t i = 0; complete && i < n; i++) {
        complete = ent_notice_line(session, &sorted[i], &out);
        ent_file_write(file, out.data, complete ? out.len : 0);
    }
    ent_json_deinit(&out);
    free(sorted);
    return complete;
}
