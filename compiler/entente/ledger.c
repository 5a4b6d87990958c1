/* `entente ledger verify FILE`: is the chain of hashes whole?
 *
 * The ledger may be compressed, or `-`.  Exit status: 0 whole, 1 broken, 2 wrong use, 4 unreadable.
 * Tested by tests/golden/ledger/run.sh. */
#include "compiler/entente/ledger.h"
#include "compiler/entente/options.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/entente/run.h"
#include "runtime/feed/source.h"
#include "runtime/ledger/verify.h"

static const char usage[] =
    "usage: entente ledger verify FILE\n"
    "\n"
    "Checks that no line of a ledger was changed, left out or put in.  FILE may be\n"
    "compressed (.gz, .zst, .xz) or `-`.  Exit status: 0 whole, 1 broken,\n"
    "2 wrong use, 4 unreadable.\n";

char *ent_ledger_read(const char *spec, size_t *len, ent_feed_error *error)
{
    ent_source *source = ent_source_open(spec, ENT_FORMAT_JSONL, error);
    if (!source) {
        return NULL;
    }
    size_t capacity = (size_t)1 << 16;
    char *bytes = malloc(capacity);
    int64_t got = bytes ? 1 : -1;
    *len = 0;
    if (!bytes) {
        (void)ent_feed_fail_memory(error, "a ledger");
    }
    while (got > 0) {
        if (*len == capacity) {
            char *grown = capacity > SIZE_MAX / 2 ? NULL : realloc(bytes, capacity * 2);
            if (!grown) {
                (void)ent_feed_fail_memory(error, "a ledger");
                got = -1;
                break;
            }
            bytes = grown;
            capacity *= 2;
        }
        got = ent_source_read(source, bytes + *len, capacity - *len, error);
        *len += got > 0 ? (size_t)got : 0;
    }
    ent_source_close(source);
    if (got < 0) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

/* Makes room behind the `held` bytes of a line that has not ended; NULL: no memory. */
static char *room_behind(char *bytes, size_t held, size_t *capacity)
{
    if (held < *capacity) {
        return bytes;
    }
    char *grown = *capacity > SIZE_MAX / 2 ? NULL : realloc(bytes, *capacity * 2);
    *capacity *= grown ? 2 : 1;
    return grown;
}

/* Verifies the ledger as it is read, up to the first fault: of it no more is kept than a block, or its longest line. */
static bool verify(const char *spec, ent_ledger_report *report, bool *whole, ent_feed_error *error)
{
    size_t capacity = (size_t)1 << 20;
    size_t held = 0;
    int64_t got = 1;
    ent_source *source = ent_source_open(spec, ENT_FORMAT_JSONL, error);
    if (!source) {
        return false;
    }
    char *bytes = malloc(capacity);
    ent_ledger_verify_begin(report);
    *whole = true;
    while (got > 0 && *whole) {
        char *room = bytes ? room_behind(bytes, held, &capacity) : NULL;
        if (!room) {
            (void)ent_feed_fail_memory(error, "a line of a ledger");
            got = -1;
            break;
        }
        bytes = room;
        got = ent_source_read(source, bytes + held, capacity - held, error);
        size_t n = held + (got > 0 ? (size_t)got : 0);
        const char *last = got > 0 ? memrchr(bytes + held, '\n', n - held) : NULL;
        size_t lines = last ? (size_t)(last - bytes) + 1 : 0;
        *whole = ent_ledger_verify_lines(bytes, lines, report);
        held = n - lines;
        memmove(bytes, bytes + lines, held);
    }
    ent_source_close(source);
    free(bytes);
    *whole = *whole && got == 0 && ent_ledger_verify_end(held, report);
    return got >= 0;
}

static int answer(const char *spec, bool whole, const ent_ledger_report *report)
{
    const char *name = strcmp(spec, "-") == 0 ? "standard input" : spec;
    if (!whole) {
        if (report->fault_line > 0) {
            fprintf(stderr, "error: `%s` line %llu: %s\n", name,
                    (unsigned long long)report->fault_line, report->fault);
        } else {
            fprintf(stderr, "error: `%s`: %s\n", name, report->fault);
        }
        if (report->lines > 0) {
            fprintf(stderr, "  = note: the %llu line%s before %s sound; the last of them has the hash\n"
                            "          %s\n",
                    (unsigned long long)report->lines, report->lines == 1 ? "" : "s",
                    report->lines == 1 ? "is" : "are", report->hash);
        }
        return ENT_EXIT_FOUND;
    }
    printf("%s: whole, %lld decision%s, last hash\n%s\n", name, (long long)report->decisions,
           report->decisions == 1 ? "" : "s", report->hash);
    if (fflush(stdout) != 0) {
        fprintf(stderr, "error: cannot write the result: %s\n", strerror(errno));
        return ENT_EXIT_ENVIRONMENT;
    }
    return ENT_EXIT_OK;
}

int ent_cmd_ledger(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return ENT_EXIT_OK;
        }
    }
    if (argc != 3 || strcmp(argv[1], "verify") != 0 || (argv[2][0] == '-' && argv[2][1] != 0)) {
        fputs(usage, stderr);
        return ENT_EXIT_USE;
    }
    ent_feed_error error = {0};
    ent_ledger_report report;
    bool whole;
    if (!verify(argv[2], &report, &whole, &error)) {
        fprintf(stderr, "error: %s\n", error.text);
        return ENT_EXIT_ENVIRONMENT;
    }
    return answer(argv[2], whole, &report);
}

static const ent_option options[] = {{NULL, NULL, NULL}};

static int run(const ent_command *self, int argc, char **argv)
{
    (void)self;
    return ent_cmd_ledger(argc, argv);
}

const ent_command ent_command_ledger = {
    "ledger", "verify FILE", "Checks the hash chain of a ledger.", options, run, NULL};
