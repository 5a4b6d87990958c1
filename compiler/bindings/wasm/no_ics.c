/* In the place of check/ics.c: libical is not there for WebAssembly, so `closed on "FILE.ics"` is an error with a
 * reason.
 * Tested by tests/hosts/compiler.mjs. */
#include "compiler/check/ics.h"

#include <stdio.h>

int ent_ics_closed_days(const char *bytes, size_t n, int year_from, int year_to, int64_t **days, char ***names,
                        size_t *count, char *err, size_t errlen)
{
    (void)bytes;
    (void)n;
    (void)year_from;
    (void)year_to;
    *days = NULL;
    *names = NULL;
    *count = 0;
    (void)snprintf(err, errlen, "this compiler, which runs in WebAssembly, reads no calendar files");
    return -1;
}

void ent_ics_free(int64_t *days, char **names, size_t count)
{
    (void)days;
    (void)names;
    (void)count;
}
