/* A session with a whole ledger as a host has it, for one stretch of its life: whole.py cuts lives into stretches, each in
 * a process of its own.
 *
 *     whole_driver PROGRAM STATE new|resume [from NS] [to NS] STEP...
 *     STEP: push FEED FILE.csv | advance NS | finish LEDGER
 *
 * Without `finish` the session is saved into STATE at the end, and the bytes that a session restored from these would save
 * must be the same. */
#include <entente.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct bytes {
    char *p;
    size_t n, at;
} bytes;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "whole_driver: %s: %s\n", what, why);
    exit(2);
}

static bool add(void *user, const void *p, size_t n)
{
    bytes *b = user;
    b->p = realloc(b->p, b->n + n + 1);
    if (!b->p) {
        die("memory", "out of it");
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
    return true;
}

static bool take(void *user, void *p, size_t n)
{
    bytes *b = user;
    if (b->n - b->at < n) {
        return false;
    }
    memcpy(p, b->p + b->at, n);
    b->at += n;
    return true;
}

static bool on_line(void *user, const char *line, size_t len)
{
    return add(user, line, len);
}

static bytes read_file(const char *path)
{
    static char block[1 << 16];
    bytes all = {.n = 0};
    FILE *f = fopen(path, "rb");
    if (!f) {
        die(path, "it cannot be read");
    }
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;) {
        (void)add(&all, block, n);
    }
    fclose(f);
    return all;
}

static void write_file(const char *path, const bytes *all)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(all->p, 1, all->n, f) != all->n || fclose(f) != 0) {
        die(path, "it cannot be written");
    }
}

static ent_session *restore(ent_program *program, bytes *state, bytes *lines)
{
    ent_session *session;
    ent_error error;
    const ent_session_options options = {.on_line = on_line, .user = lines};
    const ent_reader reader = {.read = take, .user = state, .options = &options};
    if (!ent_session_restore(program, &reader, &session, &error) || state->at != state->n) {
        die("restoring", error.message);
    }
    return session;
}

static void save(ent_program *program, ent_session *session, const char *path)
{
    bytes first = {.n = 0};
    bytes second = {.n = 0};
    bytes lines = {.n = 0};
    ent_error error;
    if (!ent_session_save(session, &(ent_writer){.write = add, .user = &first, .error = &error})) {
        die("saving", error.message);
    }
    ent_session *again = restore(program, &first, &lines);
    if (!ent_session_save(again, &(ent_writer){.write = add, .user = &second, .error = &error})) {
        die("saving", error.message);
    }
    if (first.n != second.n || memcmp(first.p, second.p, first.n) != 0) {
        die("saving", "what is restored is saved as other bytes");
    }
    ent_session_free(again);
    write_file(path, &first);
    free(first.p);
    free(second.p);
}

/* Takes the step at argv[i]; how many words it was. */
static int take_step(ent_session *s, char **argv, int i, bytes *lines, bool *ended)
{
    ent_error error;
    bool ok = true;
    if (strcmp(argv[i], "push") == 0) {
        bytes rows = read_file(argv[i + 2]);
        ok = ent_session_push_text(s, argv[i + 1], "csv", rows.p, rows.n, &error);
        free(rows.p);
    } else if (strcmp(argv[i], "advance") == 0) {
        ok = ent_session_advance(s, strtoll(argv[i + 1], NULL, 10), &error);
    } else if (strcmp(argv[i], "finish") == 0) {
        ok = ent_session_finish(s, &error);
        *ended = true;
        if (ok) {
            write_file(argv[i + 1], lines);
        }
    } else {
        die(argv[i], "is no step");
    }
    if (!ok) {
        die(argv[i], error.message);
    }
    return strcmp(argv[i], "push") == 0 ? 3 : 2;
}

int main(int argc, char **argv)
{
    bytes lines = {.n = 0};
    bool ended = false;
    ent_program *program;
    ent_session *session;
    ent_error error;
    if (argc < 4) {
        die("use", "whole_driver PROGRAM STATE new|resume STEP...");
    }
    bytes file = read_file(argv[1]);
    if (!ent_program_load(file.p, file.n, NULL, &program, &error)) {
        die(argv[1], error.message);
    }
    int i = 4;
    if (strcmp(argv[3], "resume") == 0) {
        bytes state = read_file(argv[2]);
        session = restore(program, &state, &lines);
        free(state.p);
    } else {
        ent_session_options options = {.on_line = on_line, .user = &lines, .ledger = ENT_LEDGER_WHOLE};
        for (; i + 1 < argc && (strcmp(argv[i], "from") == 0 || strcmp(argv[i], "to") == 0); i += 2) {
            bool from = argv[i][0] == 'f';
            options.has_from |= from;
            options.has_to |= !from;
            *(from ? &options.from_ns : &options.to_ns) = strtoll(argv[i + 1], NULL, 10);
        }
        if (!ent_session_new(program, &options, &session, &error)) {
            die("session", error.message);
        }
    }
    while (i + 1 < argc) {
        i += take_step(session, argv, i, &lines, &ended);
    }
    if (!ended) {
        save(program, session, argv[2]);
    }
    ent_session_free(session);
    ent_program_release(program);
    free(file.p);
    free(lines.p);
    return 0;
}
