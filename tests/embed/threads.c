/* Threads: one program, a session in each, and the same ledger from all of them.  Run under ThreadSanitizer too.
 * Usage: threads CLUB.entc, built from club.ent. */
#include <entente.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 200 };
#define SECOND INT64_C(1000000000)

typedef struct worker {
    pthread_t thread;
    ent_program *program;
    char *ledger;
    size_t len, capacity;
    bool failed;
} worker;

static bool on_line(void *user, const char *line, size_t len)
{
    worker *w = user;
    if (w->len + len + 1 > w->capacity) {
        w->capacity = 2 * w->capacity + len + 1;
        w->ledger = realloc(w->ledger, w->capacity);
    }
    memcpy(w->ledger + w->len, line, len);
    w->len += len;
    w->ledger[w->len] = 0;
    return w->ledger != NULL;
}

static bool push_round(ent_session *s, int64_t i)
{
    char id[32];
    const char *ids[] = {id};
    const char *states[] = {i % 3 ? "good" : "bad"};
    const char *parts[] = {i % 2 ? "web" : "lines"};
    const char *parties[] = {"Host"};
    int64_t at[] = {INT64_C(1767607200) * SECOND + i * 3600 * SECOND};
    uint8_t up[] = {(uint8_t)(i % 5 != 0)};
    double x[] = {(double)i / 8};
    int64_t n[] = {i};
    (void)snprintf(id, sizeof id, "T%lld", (long long)(i % 50));
    ent_column columns[] = {{.name = "at", .type = ENT_COLUMN_INSTANT, .data = at},
                            {.name = "id", .type = ENT_COLUMN_TEXT, .data = ids},
                            {.name = "state", .type = ENT_COLUMN_TEXT, .data = states},
                            {.name = "part", .type = ENT_COLUMN_TEXT, .data = parts},
                            {.name = "party", .type = ENT_COLUMN_TEXT, .data = parties},
                            {.name = "up", .type = ENT_COLUMN_BOOL, .data = up},
                            {.name = "n", .type = ENT_COLUMN_INT64, .data = n},
                            {.name = "x", .type = ENT_COLUMN_DOUBLE, .data = x},
                            {.name = "d", .type = ENT_COLUMN_INT64, .data = n},
                            {.name = "r", .type = ENT_COLUMN_DECIMAL, .scale = 3, .data = n},
                            {.name = "fee", .type = ENT_COLUMN_DECIMAL, .scale = 2, .data = n},
                            {.name = "took", .type = ENT_COLUMN_DURATION, .data = n},
                            {.name = "clock", .type = ENT_COLUMN_DURATION, .data = n},
                            {.name = NULL}};
    return ent_session_push(s, "sample", columns, 1, NULL) && ent_session_advance(s, at[0], NULL);
}

static void *work(void *user)
{
    worker *w = user;
    ent_session *s;
    ent_session_options options = {.on_line = on_line, .user = w, .ledger = ENT_LEDGER_WHOLE};
    w->failed = !ent_session_new(w->program, &options, &s, NULL);
    for (int64_t i = 0; !w->failed && i < ROUNDS; i++) {
        w->failed = !push_round(s, i);
    }
    w->failed = w->failed || !ent_session_finish(s, NULL);
    ent_session_free(s);
    ent_program_release(w->program);
    return NULL;
}

int main(int argc, char **argv)
{
    static char bytes[1 << 20];
    worker workers[THREADS] = {{.len = 0}};
    ent_program *program;
    ent_error error = {0};
    FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
    size_t len = f ? fread(bytes, 1, sizeof bytes, f) : 0;
    if (!f || fclose(f) != 0 || !ent_program_load(bytes, len, NULL, &program, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    for (size_t i = 0; i < THREADS; i++) {
        workers[i].program = ent_program_retain(program);
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            return 1;
        }
    }
    ent_program_release(program);
    int passed = 0;
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        passed += !workers[i].failed && workers[i].len > 1000 && strcmp(workers[i].ledger, workers[0].ledger) == 0;
    }
    for (size_t i = 0; i < THREADS; i++) {
        free(workers[i].ledger);
    }
    printf("%d passed, %d failed\n", passed, THREADS - passed);
    return passed == THREADS ? 0 : 1;
}
