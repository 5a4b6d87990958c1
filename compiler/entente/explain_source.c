/* See explain_source.h.
 *
 * A program's digest covers the paths of its sources as they were given, so a program is made again
 * in the folder in which the ledger's path leads to the file.  Golden:
 * tests/golden/run/explain_source. */
#include "compiler/entente/explain_source.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/entente/compile.h"
#include "compiler/entente/run.h"

typedef struct finder {
    ent_arena *arena;
    const ent_source_places *places;
    const ent_xledger *ledger;
    const char *wanted; /* the path in the ledger */
    ent_image *image;
    ent_xprogram program;
} finder;

/* A source that opened: `path` from here; the program's own name for it is `name`, in `folder`. */
typedef struct found {
    const char *path, *folder, *name;
} found;

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *folder_of(ent_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return !slash          ? "."
           : slash == path ? "/"
                           : ent_arena_strndup(arena, path, (size_t)(slash - path));
}

/* Ordinary files only: a ledger may name anything. */
static bool opens(const char *path)
{
    struct stat s;
    return path && stat(path, &s) == 0 && S_ISREG(s.st_mode) && access(path, R_OK) == 0 &&
           !ent_is_built(path);
}

/* As the ledger has it below the folder, or else by the bare name. */
static bool look_in(const finder *f, const char *folder, found *out)
{
    const char *const names[] = {f->wanted, base_of(f->wanted)};
    for (size_t i = 0; i < 2; i++) {
        bool here = strcmp(folder, ".") == 0 || names[i][0] == '/';
        const char *path = here ? names[i] : ent_arena_printf(f->arena, "%s/%s", folder, names[i]);
        if (opens(path)) {
            *out = (found){path, folder, names[i]};
            return true;
        }
    }
    return false;
}

static bool ends_with(const char *path, const char *end)
{
    size_t n = strlen(path);
    size_t m = strlen(end);
    return n >= m && strcmp(path + n - m, end) == 0 && (n == m || path[n - m - 1] == '/');
}

/* Among the files that the user names, the one of the ledger's name, or else the only one. */
static bool look_at_files(const finder *f, found *out)
{
    const ent_source_places *p = f->places;
    for (size_t i = 0; i < p->n_files; i++) {
        const char *path = p->files[i];
        if (ends_with(path, base_of(f->wanted)) && opens(path)) {
            bool whole = ends_with(path, f->wanted);
            const char *name = whole ? f->wanted : base_of(path);
            size_t before = strlen(path) - strlen(name);
            const char *folder = before == 0   ? "."
                                 : before == 1 ? "/"
                                               : ent_arena_strndup(f->arena, path, before - 1);
            *out = (found){path, folder, name};
            return true;
        }
    }
    if (p->n_files == 1 && opens(p->files[0])) {
        *out = (found){p->files[0], folder_of(f->arena, p->files[0]), base_of(p->files[0])};
        return true;
    }
    return false;
}

static bool find_file(const finder *f, found *out)
{
    const ent_source_places *p = f->places;
    if (look_at_files(f, out)) {
        return true;
    }
    for (size_t i = 0; i < p->n_folders; i++) {
        if (look_in(f, p->folders[i], out)) {
            return true;
        }
    }
    return look_in(f, ".", out) || look_in(f, folder_of(f->arena, p->ledger), out);
}

/* --- the program --- */

/* Takes the program if it is the ledger's, or the first that could be made. */
static void take_program(finder *f, ent_image *image, bool comparable)
{
    bool same = f->ledger->program && strcmp(image->digest, f->ledger->program) == 0;
    if (same || !f->image) {
        ent_image_destroy(f->image);
        f->image = image;
    } else {
        ent_image_destroy(image);
    }
    if (same) {
        f->program = ENT_XPROGRAM_SAME;
    } else if (comparable && f->program == ENT_XPROGRAM_UNKNOWN) {
        f->program = ENT_XPROGRAM_OTHER;
    }
}

static void make_program(finder *f, const char *folder, const char *const *paths, size_t n,
                         bool comparable)
{
    char stdlib[PATH_MAX];
    ent_image *image = NULL;
    ent_compile_options options = {.quiet = true};
    if (f->places->stdlib_dir && realpath(f->places->stdlib_dir, stdlib)) {
        options.stdlib_dir = stdlib;
    }
    int here = open(".", O_RDONLY | O_DIRECTORY);
    if (here < 0) {
        return;
    }
    if (chdir(folder) == 0 && ent_obtain_program(paths, n, &options, &image) == ENT_EXIT_OK) {
        take_program(f, image, comparable);
    }
    if (fchdir(here) != 0) {
        f->program = ENT_XPROGRAM_UNKNOWN;
    }
    close(here);
}

/* --- both --- */

/* A built program has its sources in it. */
static bool read_built(finder *f, ent_sources *sources, const ent_xdecision *d, ent_xclause *clause)
{
    const ent_source_places *p = f->places;
    uint32_t file;
    if (p->n_files != 1 || !ent_is_built(p->files[0])) {
        return false;
    }
    make_program(f, ".", p->files, 1, true);
    for (size_t i = 0; f->image && i < f->image->n_source_file; i++) {
        const char *text = ent_image_text(f->image, f->image->source_file[i].text);
        const char *path = ent_image_text(f->image, f->image->source_file[i].path);
        if (strcmp(path, f->wanted) == 0 && text[0] &&
            ent_sources_add(sources, path, text, strlen(text), &file)) {
            clause->path = p->files[0];
            ent_explain_clause(f->arena, sources, file, d, clause);
            return true;
        }
    }
    return f->image != NULL;
}

static void read_sources(finder *f, ent_sources *sources, const ent_xdecision *d,
                         ent_xclause *clause)
{
    found source;
    uint32_t file;
    const ent_source_places *p = f->places;
    if (p->n_files > 0) {
        make_program(f, ".", p->files, p->n_files, true);
    }
    if (!find_file(f, &source) || ent_sources_load(sources, source.path, &file) != 0) {
        return;
    }
    clause->path = source.path;
    if (f->program != ENT_XPROGRAM_SAME) {
        make_program(f, source.folder, &source.name, 1, strcmp(source.name, f->wanted) == 0);
    }
    ent_explain_clause(f->arena, sources, file, d, clause);
}

void ent_explain_source(ent_arena *arena, const ent_source_places *places,
                        const ent_xledger *ledger, const ent_xdecision *d, ent_xclause *clause,
                        ent_image **image)
{
    finder f = {.arena = arena, .places = places, .ledger = ledger, .wanted = d->source.file};
    ent_sources *sources = ent_sources_create(arena);
    *clause = (ent_xclause){.wanted = d->source.file};
    if (f.wanted && *f.wanted && sources && !read_built(&f, sources, d, clause)) {
        read_sources(&f, sources, d, clause);
    }
    clause->program = f.program;
    clause->image = *image = f.image;
}
