/* `entente fmt`: lays files out in the one canonical way.  Golden: tests/golden/format. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compiler/entente/options.h"
#include "compiler/entente/run.h"
#include "compiler/format/format.h"
#include "runtime/ledger/file.h"

enum { CHECK, COLOR };
static const ent_option options[] = {
    {"check", NULL, "write nothing; list the files whose layout is another one, exit status 1"},
    {"color", "auto|always|never", "colour in diagnostics; NO_COLOR is honoured"},
    {NULL, NULL, NULL}};

typedef struct formatter {
    bool check;
    bool colour;
} formatter;

static int fail(const char *doing, const char *path, int error)
{
    fprintf(stderr, "error: cannot %s `%s`: %s\n", doing, path, strerror(error));
    return ENT_EXIT_ENVIRONMENT;
}

static int read_stdin(ent_sources *sources, uint32_t *file)
{
    ent_text text = {0};
    char block[16 * 1024];
    size_t n;
    while ((n = fread(block, 1, sizeof block, stdin)) > 0 && text.len <= ENT_SOURCE_BYTES_MAX) {
        ent_text_add(&text, block, n);
    }
    bool kept = !text.failed &&
                ent_sources_add(sources, "standard input", ent_text_str(&text), text.len, file);
    ent_text_deinit(&text);
    return ferror(stdin) ? EIO : kept ? 0 : ENOMEM;
}

/* The file itself is replaced, not a link that leads to it; it keeps its permissions. */
static int replace(const char *path, const ent_text *text)
{
    struct stat status;
    char target[PATH_MAX];
    ent_file file;
    bool done = false;
    if (realpath(path, target) != NULL && stat(target, &status) == 0 && ent_file_create(&file, target)) {
        file.mode = status.st_mode & 07777;
        ent_file_write(&file, text->data, text->len);
        done = ent_file_commit(&file);
    }
    int error = errno;
    return done ? ENT_EXIT_OK : fail("write", path, error);
}

static int deliver(const formatter *f, const char *path, const ent_text *text, const char *old,
                   size_t old_len)
{
    bool same = text->len == old_len && memcmp(ent_text_str(text), old, old_len) == 0;
    if (f->check) {
        if (!same) {
            puts(path);
        }
        return same ? ENT_EXIT_OK : ENT_EXIT_FOUND;
    }
    if (strcmp(path, "-") != 0) {
        return same ? ENT_EXIT_OK : replace(path, text);
    }
    if (fwrite(ent_text_str(text), 1, text->len, stdout) != text->len || fflush(stdout) != 0) {
        return fail("write", "standard output", errno);
    }
    return ENT_EXIT_OK;
}

static int finish(const formatter *f, const char *path, ent_format_result result, ent_diags *diags,
                  const ent_text *text, const char *old, size_t old_len)
{
    ent_text said = {0};
    switch (result) {
    case ENT_FORMAT_DONE:
        return deliver(f, path, text, old, old_len);
    case ENT_FORMAT_SYNTAX:
        ent_diags_render(diags, &said, f->colour ? ENT_DIAGS_COLOUR : 0);
        fputs(ent_text_str(&said), stderr);
        ent_text_deinit(&said);
        return ENT_EXIT_FOUND;
    case ENT_FORMAT_CHANGED:
        fprintf(stderr, "error: the layout of `%s` would change its meaning, which is a fault of "
                        "the formatter: the file was left as it is\n",
                path);
        return ENT_EXIT_ENVIRONMENT;
    default:
        fputs("error: out of memory\n", stderr);
        return ENT_EXIT_ENVIRONMENT;
    }
}

static int format_file(const formatter *f, const char *path)
{
    ent_arena *arena = ent_arena_create(0);
    ent_sources *sources = arena == NULL ? NULL : ent_sources_create(arena);
    ent_diags *diags = sources == NULL ? NULL : ent_diags_new(arena, sources);
    ent_text text = {0};
    uint32_t file;
    int status;
    int error = diags == NULL                ? ENOMEM
                : strcmp(path, "-") == 0 ? read_stdin(sources, &file)
                                         : ent_sources_load(sources, path, &file);
    if (error != 0) {
        status = fail("read", path, error);
    } else {
        size_t old_len;
        ent_format_result result = ent_format_file(arena, sources, file, diags, &text);
        const char *old = ent_sources_text(sources, file, &old_len);
        status = finish(f, path, result, diags, &text, old, old_len);
    }
    ent_text_deinit(&text);
    ent_arena_destroy(arena);
    return status;
}

static int run(const ent_command *self, int argc, char **argv)
{
    ent_arguments arguments = {.command = self, .argc = argc, .at = 1, .argv = argv};
    formatter f = {0};
    const char *color = NULL;
    const char *value;
    const char **paths = calloc((size_t)argc, sizeof *paths);
    size_t n = 0;
    int status = ENT_EXIT_OK;
    if (paths == NULL) {
        return fail("read", "the command line", ENOMEM);
    }
    for (int got; (got = ent_arguments_next(&arguments, &value)) != ENT_ARGUMENT_END;) {
        if (got == ENT_ARGUMENT_WRONG || got == ENT_ARGUMENT_HELP) {
            free(paths);
            return got == ENT_ARGUMENT_HELP ? ENT_EXIT_OK : ENT_EXIT_USE;
        }
        if (got == ENT_ARGUMENT_POSITIONAL) {
            paths[n++] = value;
        } else if (got == CHECK) {
            f.check = true;
        } else {
            color = value;
        }
    }
    if (n == 0) {
        status = ent_command_wrong(self, "no file to format; `-` is standard input");
    }
    f.colour = ent_colour_wanted(color, stderr);
    for (size_t i = 0; i < n; i++) {
        int one = format_file(&f, paths[i]);
        status = one > status ? one : status;
    }
    free(paths);
    return status;
}

const ent_command ent_command_fmt = {
    "fmt", "[--check] FILE...",
    "Lays files out in the one canonical way: only white space and optional commas change.",
    options, run,
    "Comments stay where they are; of a literate .ent.md only the blocks of code are laid out. `-` "
    "reads standard input and writes standard output. A file with syntax errors is refused, with "
    "exit status 1, and left as it is; so is nothing half-written: a file is replaced whole."};
