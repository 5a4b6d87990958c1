/* Threads: one program, a session in each, and the same ledger from all of them: of sessions that change threads, that
 * are saved and restored, that are asked how they stand, that call functions of the host, while other threads load
 * programs, bind to them and call functions of agreements.  Run under ThreadSanitizer too.
 * Usage: threads CLUB.entc NATIVE.entc FUNCTION.entc, built from club.ent, native.ent and function.ent. */
#include <entente.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"

enum { THREADS = 8, ROUNDS = 200 };
#define SECOND INT64_C(1000000000)

typedef struct image {
    char bytes[1 << 20];
    size_t len;
} image;

/* Of club, native and function; read before there are threads. */
static image club_image, native_image, function_image;

typedef struct worker {
    pthread_t thread;
    ent_program *program;
    ent_session *session;
    size_t number;
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

/* Saves the session and goes on with another. */
static bool again(worker *w)
{
    ent_session_options options = {.on_line = on_line, .user = w};
    stream *s = calloc(1, sizeof *s);
    bool ok = s && ent_session_save(w->session, &(ent_writer){.write = write_bytes, .user = s});
    if (ok) {
        ent_session_free(w->session);
        w->session = NULL;
        ok = ent_session_restore(w->program, &(ent_reader){.read = read_bytes, .user = s, .options = &options}, &w->session,
                                 NULL);
    }
    free(s);
    return ok;
}

static bool hear(void *user, const ent_clause_standing *standing)
{
    return user || standing->decision->clause;
}

/* One half of the rounds; the first makes the session, the second, in another thread, ends it. */
static void *first_half(void *user)
{
    worker *w = user;
    ent_session_options options = {.on_line = on_line, .user = w, .ledger = ENT_LEDGER_WHOLE};
    w->failed = !ent_session_new(w->program, &options, &w->session, NULL);
    for (int64_t i = 0; !w->failed && i < ROUNDS / 2; i++) {
        w->failed = !push_round(w->session, i) || (i % 25 == (int64_t)w->number && !again(w));
    }
    return NULL;
}

static void *second_half(void *user)
{
    worker *w = user;
    const ent_listener listener = {.tell = hear, .user = w};
    for (int64_t i = ROUNDS / 2; !w->failed && i < ROUNDS; i++) {
        w->failed = !push_round(w->session, i) || (i % 25 == (int64_t)w->number && !again(w)) ||
                    (i % 30 == 0 && !ent_session_standing(w->session, INT64_C(1767607200) * SECOND + i * 3600 * SECOND,
                                                          &listener, NULL));
    }
    w->failed = w->failed || !ent_session_finish(w->session, NULL);
    ent_session_free(w->session);
    ent_program_release(w->program);
    return NULL;
}

/* --- functions --- */

static double risk_score(double x, int64_t n)
{
    return x * (double)n;
}

static const char *shout(const char *text, bool up, int64_t duration)
{
    return up && duration > 0 ? text : NULL;
}

static bool is_big(int64_t n, int64_t hundredths)
{
    return n > 3 && hundredths > 1000;
}

static int64_t later(int64_t at, const char *party)
{
    return at + (int64_t)strlen(party) * 3600 * SECOND;
}

static double mix(double a, int64_t b, const char *c, int64_t d, int64_t e, const char *f, const char *g, int64_t h, bool i)
{
    return a + (double)b + (double)(strlen(c) + strlen(f) + strlen(g)) + (i ? (double)((d ^ e ^ h) & 1) : 0);
}

static const char *grade_of(int64_t n)
{
    return n % 2 ? "high" : "low";
}

/* A program of the thread's own, bound; NULL: a call failed. */
static ent_program *bound(void)
{
    static const char *const libm[] = {"libm.so.6", NULL};
    const ent_load_options options = {.allow_libraries = libm};
    ent_program *p;
    if (!ent_program_load(native_image.bytes, native_image.len, &options, &p, NULL)) {
        return NULL;
    }
    bool ok = ent_bind(p, "risk_score", (void *)risk_score, "number(number, int)", NULL) &&
              ent_bind(p, "shout", (void *)shout, "text(text, bool, duration)", NULL) &&
              ent_bind(p, "is_big", (void *)is_big, "bool(int, decimal(2))", NULL) &&
              ent_bind(p, "later", (void *)later, "instant(instant, party)", NULL) &&
              ent_bind(p, "mix", (void *)mix,
                       "number(number, int, text, duration, instant, enum, party, decimal(2), bool)", NULL) &&
              ent_bind(p, "grade_of", (void *)grade_of, "enum(int)", NULL);
    if (!ok) {
        ent_program_release(p);
    }
    return ok ? p : NULL;
}

static bool push_native(ent_session *s, int64_t i)
{
    char id[32];
    int64_t at[] = {INT64_C(1767607200) * SECOND + i * 3600 * SECOND};
    const char *ids[] = {id};
    double x[] = {(double)(1 + i % 8)};
    int64_t n[] = {i % 7};
    int64_t d[] = {i * 100};
    uint8_t up[] = {(uint8_t)(i % 2)};
    int64_t took[] = {i * SECOND};
    const char *who[] = {"Host"};
    const char *grades[] = {i % 3 ? "low" : "high"};
    (void)snprintf(id, sizeof id, "T%lld", (long long)i);
    const ent_column columns[] = {{.name = "at", .type = ENT_COLUMN_INSTANT, .data = at},
                                  {.name = "id", .type = ENT_COLUMN_TEXT, .data = ids},
                                  {.name = "x", .type = ENT_COLUMN_DOUBLE, .data = x},
                                  {.name = "n", .type = ENT_COLUMN_INT64, .data = n},
                                  {.name = "d", .type = ENT_COLUMN_DECIMAL, .scale = 2, .data = d},
                                  {.name = "up", .type = ENT_COLUMN_BOOL, .data = up},
                                  {.name = "took", .type = ENT_COLUMN_DURATION, .data = took},
                                  {.name = "who", .type = ENT_COLUMN_TEXT, .data = who},
                                  {.name = "grade", .type = ENT_COLUMN_TEXT, .data = grades},
                                  {.name = NULL}};
    return ent_session_push(s, "sample", columns, 1, NULL) && ent_session_advance(s, at[0], NULL);
}

/* `farther` is called a thousand times; each thread makes one of its own of the shared program. */
static bool call_function(ent_program *functions)
{
    ent_function *f;
    bool (*farther)(double, double);
    bool ok = ent_function_new(functions, "farther", "bool(number, number)", &f, NULL);
    if (!ok) {
        return false;
    }
    void *pointer = ent_function_pointer(f);
    memcpy(&farther, &pointer, sizeof farther);
    for (int i = 0; ok && i < 1000; i++) {
        double a = i % 37 - 18;
        double b = i % 11 - 5;
        ok = farther(a, b) == (fabs(a) > fabs(b));
    }
    ok = ok && ent_function_error(f, NULL);
    ent_function_free(f);
    return ok;
}

static ent_program *shared_native, *shared_functions;

/* Sessions of a shared program that call the host's functions, and of one that is bound beside them. */
static void *call_natives(void *user)
{
    worker *w = user;
    ent_program *own = w->number % 2 ? bound() : ent_program_retain(shared_native);
    ent_session_options options = {.on_line = on_line, .user = w};
    w->failed = !own || !ent_session_new(own, &options, &w->session, NULL);
    for (int64_t i = 0; !w->failed && i < ROUNDS; i++) {
        w->failed = !push_native(w->session, i);
    }
    w->failed = w->failed || !ent_session_finish(w->session, NULL) || !call_function(shared_functions);
    ent_session_free(w->session);
    ent_program_release(own);
    return NULL;
}

/* --- the command --- */

/* Runs the work in all threads at once. */
static bool together(worker workers[THREADS], void *(*work)(void *))
{
    for (size_t i = 0; i < THREADS; i++) {
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            return false;
        }
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    return true;
}

/* How many have the first one's ledger. */
static int same_ledgers(worker workers[THREADS])
{
    int passed = 0;
    for (size_t i = 0; i < THREADS; i++) {
        passed += !workers[i].failed && workers[i].len > 1000 && strcmp(workers[i].ledger, workers[0].ledger) == 0;
    }
    for (size_t i = 0; i < THREADS; i++) {
        free(workers[i].ledger);
    }
    return passed;
}

static bool read_image(image *out, const char *path)
{
    FILE *f = path ? fopen(path, "rb") : NULL;
    out->len = f ? fread(out->bytes, 1, sizeof out->bytes, f) : 0;
    return f && fclose(f) == 0 && out->len > 0;
}

int main(int argc, char **argv)
{
    worker sessions[THREADS] = {{.len = 0}};
    worker natives[THREADS] = {{.len = 0}};
    ent_program *program = NULL;
    bool ok = argc == 4 && read_image(&club_image, argv[1]) && read_image(&native_image, argv[2]) &&
              read_image(&function_image, argv[3]) &&
              ent_program_load(club_image.bytes, club_image.len, NULL, &program, NULL) &&
              ent_program_load(function_image.bytes, function_image.len, NULL, &shared_functions, NULL) &&
              (shared_native = bound()) != NULL;
    for (size_t i = 0; ok && i < THREADS; i++) {
        sessions[i].program = ent_program_retain(program);
        sessions[i].number = natives[i].number = i;
    }
    ent_program_release(program);
    if (!ok || !together(sessions, first_half) || !together(sessions, second_half) || !together(natives, call_natives)) {
        fprintf(stderr, "threads: the programs cannot be loaded, or threads cannot be made\n");
        return 1;
    }
    ent_program_release(shared_functions);
    ent_program_release(shared_native);
    int passed = same_ledgers(sessions) + same_ledgers(natives);
    printf("%d passed, %d failed\n", passed, 2 * THREADS - passed);
    return passed == 2 * THREADS ? 0 : 1;
}
