/* Loading: reads and parses files and all that they `use`, each once.
 *
 * Two names of one file are one file (compared by device and inode; of a reader's, by its clean path).  A
 * cycle of `use` is fine: a file that is being read is not read again.  Used files come before those that use them, the
 * author's own files last. */
#include "compiler/check/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "compiler/check/checker.h"
#include "compiler/syntax/parse.h"

typedef struct loaded {
    dev_t device;
    ino_t inode;
    const char *path; /* of a reader's file, else NULL */
    ent_node *tree; /* NULL while it is being read */
    bool is_main;
} loaded;

typedef struct loader {
    ent_arena *arena;
    ent_sources *sources;
    ent_diags *diags;
    const ent_check_options *options;
    loaded *v;
    size_t n;
    ent_node **order;
    size_t n_order;
    unsigned depth;
    bool failed; /* memory ran out, and a file is missing for that */
} loader;

#define DEPTH_MAX 64

static void load(loader *l, const char *path, const ent_node *use, bool is_main);

/* Whether the standard library has a module of this name, which was written without `std.`. */
static bool is_module(const loader *l, const char *name)
{
    const ent_file_reader *reader = &l->options->reader;
    const char *path = l->options->stdlib_dir == NULL
                           ? NULL
                           : ent_arena_printf(l->arena, "%s/%s.ent", l->options->stdlib_dir, name);
    const char *bytes;
    size_t len;
    struct stat st;
    return path != NULL && (reader->read != NULL ? reader->read(reader->user, path, &bytes, &len) == 0
                                                 : stat(path, &st) == 0);
}

static void report(loader *l, const char *path, const ent_node *use, int error)
{
    if (use == NULL) {
        ent_diag_add(l->diags, ENT_DIAG_E0215, ENT_NO_SPAN, "cannot read `%s`: %s", path,
                     strerror(error));
        return;
    }
    ((ent_node *)(uintptr_t)use)->decl_kind =
        -1; /* so that the checker knows that names are missing */
    const char *name = use->name != NULL ? use->name : use->text;
    ent_diag *d =
        ent_diag_add(l->diags, ENT_DIAG_E0215, use->span, "cannot find what `use %s` names", name);
    ent_diag_primary_label(d, "%s", strerror(error));
    if (use->name != NULL && l->options->stdlib_dir == NULL)
        ent_diag_note(d, "no folder with the standard library is known");
    else
        ent_diag_note(d, "looked for at `%s`", path);
    if (use->name != NULL && strncmp(use->name, "std.", 4) != 0 && is_module(l, use->name))
        ent_diag_fix(d, use->span, ent_arena_printf(l->arena, "use std.%s", use->name),
                     "a module of the standard library is named `use std.%s`", use->name);
    else if (use->name != NULL && strncmp(use->name, "std.", 4) != 0)
        ent_diag_help(d, "a file beside this one is named by a text: `use \"%s.ent\"`", use->name);
}

/* `use std.itsm` comes from the parser as the names of its path. */
static void name_module(loader *l, ent_node *use)
{
    const char *name = NULL;
    for (size_t i = 0; use->name == NULL && i < use->n_kids; i++)
        name = name == NULL ? use->kids[i]->name
                            : ent_arena_printf(l->arena, "%s.%s", name, use->kids[i]->name);
    if (name != NULL)
        use->name = name;
}

static const char *used_path(loader *l, const ent_node *use)
{
    if (use->name == NULL)
        return ent_check_relative(l->arena, l->sources, use->span.file, use->text ? use->text : "");
    if (strncmp(use->name, "std.", 4) != 0 || l->options->stdlib_dir == NULL)
        return use->name;
    char *path = ent_arena_printf(l->arena, "%s/%s.ent", l->options->stdlib_dir, use->name + 4);
    size_t at = path == NULL ? 0 : strlen(l->options->stdlib_dir);
    for (char *p = path; p != NULL && p[at] != '\0'; at++) /* std.a.b is a/b.ent */
        if (p[at] == '.' && p[at + 1] != '\0' && strcmp(p + at, ".ent") != 0)
            p[at] = '/';
    return path;
}

static void follow(loader *l, const ent_node *tree)
{
    for (size_t i = 0; i < tree->n_kids; i++) {
        ent_node *use = tree->kids[i];
        if (use->kind == ENT_NODE_USE)
            name_module(l, use);
        const char *path = use->kind == ENT_NODE_USE ? used_path(l, use) : NULL;
        if (path != NULL)
            load(l, path, use, false);
    }
}

static bool push(loader *l, loaded entry)
{
    loaded *grown = ent_arena_grow_array(l->arena, l->v, l->n, l->n + 1, sizeof *l->v);
    ent_node **order =
        ent_arena_grow_array(l->arena, l->order, l->n_order, l->n + 1, sizeof *l->order);
    if (grown == NULL || order == NULL)
        return false;
    l->v = grown;
    l->order = order;
    l->v[l->n++] = entry;
    return true;
}

/* Finds out which file it is: 0, or an errno value. */
static int identify(loader *l, const char *path, loaded *entry)
{
    struct stat st;
    if (l->depth > DEPTH_MAX)
        return ELOOP;
    if (l->options->reader.read != NULL) {
        entry->path = ent_check_clean(l->arena, path);
        return entry->path == NULL ? ENOMEM : 0;
    }
    errno = 0;
    if (stat(path, &st) != 0 || S_ISDIR(st.st_mode))
        return errno ? errno : EISDIR;
    entry->device = st.st_dev;
    entry->inode = S_ISREG(st.st_mode) ? st.st_ino : 0;
    return 0;
}

static bool is_same(const loaded *a, const loaded *b)
{
    if (a->path != NULL || b->path != NULL)
        return a->path != NULL && b->path != NULL && strcmp(a->path, b->path) == 0;
    return a->inode != 0 && a->device == b->device && a->inode == b->inode;
}

static int read_source(loader *l, const char *path, const loaded *entry, uint32_t *file)
{
    const ent_file_reader *reader = &l->options->reader;
    const char *bytes;
    size_t len;
    if (reader->read == NULL)
        return ent_sources_load(l->sources, path, file);
    int error = reader->read(reader->user, entry->path, &bytes, &len);
    if (error != 0)
        return error;
    len = len > ENT_SOURCE_BYTES_MAX ? ENT_SOURCE_BYTES_MAX + 1 : len;
    return ent_sources_add(l->sources, entry->path, bytes, len, file) ? 0 : ENOMEM;
}

static void load(loader *l, const char *path, const ent_node *use, bool is_main)
{
    loaded entry = {.is_main = is_main};
    uint32_t file;
    int error = identify(l, path, &entry);
    for (size_t i = 0; error == 0 && i < l->n; i++)
        if (is_same(&l->v[i], &entry)) {
            l->v[i].is_main = l->v[i].is_main || is_main;
            return;
        }
    error = error != 0 ? error : read_source(l, path, &entry, &file);
    if (error != 0) {
        report(l, path, use, error);
        return;
    }
    size_t at = l->n;
    bool pushed = push(l, entry);
    ent_node *tree = pushed ? ent_parse(l->arena, l->sources, file, l->diags) : NULL;
    if (tree == NULL) {
        l->failed = true;
        return;
    }
    l->depth++;
    follow(l, tree);
    l->depth--;
    l->v[at].tree = tree;
    l->order[l->n_order++] = tree;
}

static bool is_main_tree(const loader *l, const ent_node *tree)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].tree == tree)
            return l->v[i].is_main;
    return false;
}

ent_node **ent_load_files(ent_arena *arena, ent_sources *sources, ent_diags *diags,
                          const ent_check_options *options, const char *const *paths,
                          size_t n_paths, size_t *n_files, size_t *main_files)
{
    static const ent_check_options defaults = {0};
    loader l = {.arena = arena,
                .sources = sources,
                .diags = diags,
                .options = options != NULL ? options : &defaults};
    for (size_t i = 0; i < n_paths; i++)
        load(&l, paths[i], NULL, true);
    ent_node **files = ent_arena_alloc_array(arena, l.n_order + 1, sizeof *files);
    *n_files = 0;
    size_t mains = 0;
    if (files == NULL || l.failed || ent_arena_failed(arena))
        return NULL;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < l.n_order; i++)
            if (is_main_tree(&l, l.order[i]) == (pass == 1)) {
                files[(*n_files)++] = l.order[i];
                mains += pass == 1;
            }
    if (main_files != NULL)
        *main_files = mains;
    return files;
}
