/* `entente watch` as every other command sees it: it is a program of its own, so that only those who watch load what
 * HTTP, TLS and Prometheus take. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compiler/entente/options.h"
#include "compiler/entente/run.h"

static int run(const ent_command *self, int argc, char **argv)
{
    static const char name[] = "-watch";
    char path[4096];
    (void)argc;
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof name);
    if (n > 0) {
        memcpy(path + n, name, sizeof name);
        /* argv of main(): the name of the program, `watch`, and what follows */
        execv(path, argv - 1);
    }
    fprintf(stderr,
            "error: cannot start the program of `entente %s`: %s\n"
            "  = help: entente-watch is installed beside entente\n",
            self->name, strerror(errno));
    return ENT_EXIT_ENVIRONMENT;
}

const ent_command ent_command_watch = {"watch", NULL, ENT_WATCH_SUMMARY, NULL, run, NULL};
