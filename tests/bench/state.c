/* Bytes that an engine keeps for an open ticket, and for a key in an open window.
 *
 *   state INCIDENTS.entc SAMPLES.entc
 *
 * The programs are what `entente build` makes of incidents.ent and samples.ent.  Names are numbered by the host, as a
 * reader does, so they are not counted.  Counted is what the allocator has given out, its own overhead included. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/bytecode/program.h"
#include "runtime/state/engine.h"

enum { ROWS = 1000000, BATCH = 2000, FIELDS_MAX = 8 };

static ent_image *load(const char *path)
{
    FILE *file = fopen(path, "rb");
    ent_image *program = NULL;
    ent_load_error error = {0};
    static char bytes[1 << 20];
    if (file) {
        size_t n = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        ent_image_decode(bytes, n, &program, &error);
    }
    return program;
}

/* A row a key: the first field is the instant, the second the key; what else there is, is 0 in every row, the first
 * name of a list, or true. */
static bool push_all(ent_engine *engine, const ent_image *p, ent_fault *error)
{
    static int64_t data[FIELDS_MAX][BATCH];
    ent_vector columns[FIELDS_MAX];
    int64_t n_fields = p->feed[0].n_fields;
    for (int64_t begin = 0; n_fields <= FIELDS_MAX && begin < ROWS; begin += BATCH) {
        for (int64_t i = 0; i < BATCH; i++) {
            data[0][i] = INT64_C(1767225600) * 1000000000 + (begin + i) * 1000000;
            data[1][i] = begin + i;
        }
        for (int64_t f = 0; f < n_fields; f++) {
            ent_class cls = ent_type_class((unsigned)p->field[p->feed[0].first_field + f].type);
            columns[f] = (ent_vector){cls, data[f], NULL};
            if (cls == ENT_CLASS_B) { /* a probe that is up */
                memset(data[f], 1, sizeof data[f]);
            }
        }
        if (!ent_engine_push(engine, 0, columns, BATCH, NULL, error) ||
            !ent_engine_advance(engine, data[0][BATCH - 1] + 1, error)) {
            return false;
        }
    }
    return true;
}

static bool measure(const char *path, const char *what)
{
    ent_image *p = load(path);
    ent_fault error;
    ent_engine_options options = {.zone_dir = "/usr/share/zoneinfo"};
    ent_engine *engine = p ? ent_engine_new(p, &options, &error) : NULL;
    struct mallinfo2 before = mallinfo2();
    bool ok = engine && push_all(engine, p, &error);
    struct mallinfo2 after = mallinfo2();
    if (ok) {
        printf("bytes of %s: %.0f\n", what,
               (double)(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / ROWS);
    }
    ent_engine_free(engine);
    ent_image_destroy(p);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc != 3 || !measure(argv[1], "an open ticket") || !measure(argv[2], "a key in an open window, two figures")) {
        fprintf(stderr, "state: needs incidents.entc and samples.entc\n");
        return 1;
    }
    return 0;
}
