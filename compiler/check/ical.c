/* See ical.h. */
#include "compiler/check/ical.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

bool ent_ical_load(ent_ical *ical)
{
    char name[32];
    (void)snprintf(name, sizeof name, "libical.so.%d", ICAL_MAJOR_VERSION);
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    bool whole = library != NULL;
    /* a pointer to an object becomes one to a function by its bytes: C has no cast for it */
#define FIND(f)                                           \
    if (whole) {                                          \
        void *found = dlsym(library, "ical" #f);                 \
        memcpy((void *)&ical->f, &found, sizeof found);   \
        whole = found != NULL;                            \
    }
    ENT_ICAL_FUNCTIONS(FIND)
#undef FIND
    return whole;
}
