/* See club_options.h. */
#include "compiler/entente/club_options.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/entente/run.h"
#include "runtime/native/native.h"

bool ent_club_options_init(ent_club_options *club, int argc)
{
    *club = (ent_club_options){0};
    club->paths = calloc((size_t)argc + 1, sizeof *club->paths);
    club->libraries = calloc((size_t)argc + 1, sizeof *club->libraries);
    return club->paths && club->libraries;
}

void ent_club_options_deinit(ent_club_options *club)
{
    free(club->paths);
    free(club->libraries);
    club->paths = club->libraries = NULL;
}

bool ent_club_options_take(ent_club_options *club, const char *name, const char *value)
{
    const struct {
        const char *name, **to;
    } texts[] = {{"signatures", &club->consent.signatures_path},
                 {"keys", &club->consent.keys_path},
                 {"stdlib", &club->compile.stdlib_dir},
                 {"color", &club->color}};
    if (!name) {
        club->paths[club->n_paths++] = value;
        return true;
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(name, texts[i].name) == 0) {
            *texts[i].to = value;
            return true;
        }
    }
    if (strcmp(name, "allow-extern") == 0) {
        club->libraries[club->n_libraries++] = value;
        return true;
    }
    club->assume_signed |= strcmp(name, "assume-signed") == 0;
    return strcmp(name, "assume-signed") == 0;
}

int ent_club_natives(ent_image *program, const char *const *libraries, size_t n)
{
    ent_native_error error;
    if (ent_natives_open(program, libraries, n, &error)) {
        int64_t unbound = ent_natives_unbound(program);
        if (unbound < 0) {
            return ENT_EXIT_OK;
        }
        error.place = program->native[unbound].place;
        snprintf(error.message, sizeof error.message, "`extern fn %.100s` is for a host to bind, and this is none",
                 ent_image_text(program, program->native[unbound].name));
    }
    fprintf(stderr, "error: %s\n", error.message);
    if (error.place >= 0) {
        const ent_place_row *place = &program->place[error.place];
        fprintf(stderr, "  --> %s:%lld:%lld\n  = help: --allow-extern LIB permits a library\n",
                ent_image_text(program, program->source_file[place->file].path), (long long)place->line,
                (long long)place->column);
    }
    return error.memory ? ENT_EXIT_ENVIRONMENT : ENT_EXIT_USE;
}

int ent_club_obtain(ent_club_options *club, ent_image **program, bool **not_in_force)
{
    *program = NULL;
    *not_in_force = NULL;
    club->compile.colour = ent_colour_wanted(club->color, stderr);
    int status = ent_obtain_program(club->paths, club->n_paths, &club->compile, program);
    if (status == ENT_EXIT_OK) {
        status = ent_club_natives(*program, club->libraries, club->n_libraries);
    }
    if (status == ENT_EXIT_OK) {
        status = ent_consent_ask(*program, club->paths, club->n_paths, &club->consent, club->assume_signed,
                                 not_in_force, stderr);
    }
    if (status != ENT_EXIT_OK) {
        free(*not_in_force);
        ent_image_destroy(*program);
        *not_in_force = NULL;
        *program = NULL;
    }
    return status;
}

int ent_take_feed(const ent_command *self, const char *value, size_t *name_len, const char **source)
{
    const char *equals = strchr(value, '=');
    if (!equals || equals == value || equals[1] == 0) {
        return ent_command_wrong(self, "--feed wants NAME=SOURCE, not `%s`", value);
    }
    *name_len = (size_t)(equals - value);
    *source = equals + 1;
    return ENT_EXIT_OK;
}
