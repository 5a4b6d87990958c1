/* `entente build`: writes the verified bytecode of a program. */
#include <errno.h>
#include <string.h>

#include "compiler/entente/compile.h"
#include "compiler/entente/options.h"
#include "compiler/entente/run.h"
#include "runtime/ledger/file.h"

enum { OUTPUT, STDLIB, COLOR };
static const ent_option options[] = {{"output", "X.entc", "the file to write; renamed when complete"},
                                     {"stdlib", "DIR", "where `use std.NAME` finds its modules"},
                                     {"color", "auto|always|never", "colour in diagnostics"},
                                     {NULL, NULL, NULL}};

static int write_program(const char *path, const ent_bytes *bytes)
{
    ent_file file;
    if (ent_file_create(&file, path)) {
        ent_file_write(&file, bytes->p, bytes->n);
        if (ent_file_commit(&file)) {
            return ENT_EXIT_OK;
        }
    }
    fprintf(stderr, "error: cannot write `%s`: %s\n", path, strerror(errno));
    return ENT_EXIT_ENVIRONMENT;
}

/* What was made is verified like a stranger's before it gets its name. */
static bool is_sound(const ent_bytes *bytes)
{
    ent_image *program = NULL;
    ent_load_error error = {0};
    bool sound = ent_image_decode(bytes->p, bytes->n, &program, &error);
    if (!sound) {
        fprintf(stderr, "error: the compiler made an unsound program, please report it: %s\n",
                error.message);
    }
    ent_image_destroy(program);
    return sound;
}

static int run(const ent_command *self, int argc, char **argv)
{
    ent_arguments arguments = {.command = self, .argc = argc, .at = 1, .argv = argv};
    ent_compile_options compile = {0};
    const char *output = NULL;
    const char *color = NULL;
    const char *value;
    const char *paths[256];
    size_t n = 0;
    for (int got; (got = ent_arguments_next(&arguments, &value)) != ENT_ARGUMENT_END;) {
        switch (got) {
        case ENT_ARGUMENT_WRONG:
            return ENT_EXIT_USE;
        case ENT_ARGUMENT_HELP:
            return ENT_EXIT_OK;
        case ENT_ARGUMENT_POSITIONAL:
            if (n == sizeof paths / sizeof *paths) {
                return ent_command_wrong(self, "more than 256 files");
            }
            paths[n++] = value;
            break;
        case OUTPUT:
            output = value;
            break;
        case STDLIB:
            compile.stdlib_dir = value;
            break;
        default:
            color = value;
        }
    }
    if (n == 0 || !output) {
        return ent_command_wrong(self, n == 0 ? "no file to build" : "where to? -o X.entc");
    }
    if (!ent_output_is_file(output, stderr)) {
        return ENT_EXIT_USE;
    }
    ent_bytes bytes = {0};
    compile.colour = ent_colour_wanted(color, stderr);
    int status = ent_compile_files(paths, n, &compile, &bytes, NULL);
    if (status == ENT_EXIT_OK && !is_sound(&bytes)) {
        status = ENT_EXIT_ENVIRONMENT;
    }
    if (status == ENT_EXIT_OK) {
        status = write_program(output, &bytes);
    }
    ent_bytes_deinit(&bytes);
    return status;
}

const ent_command ent_command_build = {
    "build", "-o X.entc FILE...",
    "Compiles agreements to a file that entente run takes in their place.", options, run, NULL};
