/* From sources in memory to a program, for hosts: what `entente build` does, with a host's memory and files.
 *
 * Files come to the checker through a reader (check.h), which looks among the sources, in the standard library that is
 * a part of this one, and then asks the host.  Everything is in the account of the compilation, which is in force
 * while it lasts; the arena of the model dies with the call, diagnostics and program stay.
 * Tested by tests/embed/compile.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/check/check.h"
#include "compiler/check/checker.h"
#include "compiler/embed/embed.h"
#include "compiler/emit/lower.h"
#include "compiler/prove/prove.h"
#include "runtime/embed/error.h"

#define ARENA_BYTES_MAX ((size_t)2 * 1024 * 1024 * 1024)
#define STDLIB "<std>"

typedef struct job {
    ent_compiled *out;
    const ent_compile_options *options;
    ent_arena *arena;
    ent_source_text *given; /* with clean names */
    size_t n;
    const char *stdlib_dir; /* clean; NULL: what is in the library */
} job;

/* --- files --- */

/* What is behind `folder/` in the path; NULL: it is not in there. */
static const char *inside(const char *folder, const char *path)
{
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

static int read_disk(const job *j, const char *path, const char **bytes, size_t *len)
{
    const ent_check_options disk = {.stdlib_dir = NULL};
    int error;
    *bytes = ent_check_read(&disk, j->arena, path, len, &error);
    return error;
}

static int read_in_folder(const job *j, const char *path, const char **bytes, size_t *len)
{
    if (path[0] == '/' || strcmp(path, "..") == 0 || inside("..", path)) {
        return EACCES;
    }
    const char *whole = ent_arena_printf(j->arena, "%s/%s", j->options->folder, path);
    return whole ? read_disk(j, whole, bytes, len) : ENOMEM;
}

static int read_file(void *user, const char *path, const char **bytes, size_t *len)
{
    const job *j = user;
    const char *module = inside(j->stdlib_dir ? j->stdlib_dir : STDLIB, path);
    for (size_t i = 0; i < j->n; i++) {
        if (strcmp(j->given[i].name, path) == 0) {
            *bytes = j->given[i].text;
            *len = j->given[i].len;
            return 0;
        }
    }
    if (module && j->stdlib_dir) {
        return read_disk(j, path, bytes, len);
    }
    if (module) {
        *bytes = ent_stdlib_module(module, len);
        return *bytes ? 0 : ENOENT;
    }
    if (j->options->read_file) {
        return j->options->read_file(j->options->user, path, bytes, len) && *bytes ? 0 : ENOENT;
    }
    return j->options->folder ? read_in_folder(j, path, bytes, len) : ENOENT;
}

/* --- compiling --- */

static bool clean_names(job *j, const ent_source_text *sources, size_t n, ent_error *error)
{
    j->given = ent_arena_alloc_array(j->arena, n, sizeof *j->given);
    j->stdlib_dir = j->options->stdlib_dir ? ent_check_clean(j->arena, j->options->stdlib_dir) : NULL;
    for (size_t i = 0; j->given && i < n; i++) {
        const ent_source_text *s = &sources[i];
        if (!s->name || (!s->text && s->len > 0)) {
            return ent_embed_fail(error, ENT_ERROR_USAGE, "source %zu has no %s", i + 1, s->name ? "text" : "name");
        }
        const char *name = ent_check_clean(j->arena, s->name);
        for (size_t k = 0; name && k < i; k++) {
            if (strcmp(j->given[k].name, name) == 0) {
                return ent_embed_fail(error, ENT_ERROR_USAGE, "there are two sources named `%.200s`", name);
            }
        }
        j->given[i] = (ent_source_text){name, s->len > 0 ? s->text : "", s->len};
        j->n += name != NULL;
    }
    return !ent_arena_failed(j->arena) || ent_embed_memory(error);
}

/* What a program cannot hold has no diagnostic of its own. */
static bool lower(job *j, const ent_sources *sources, const ent_model *model, ent_error *error)
{
    ent_lower_error why = {.span = ENT_NO_SPAN};
    char message[256] = "";
    ent_builder *b = ent_builder_new();
    bool lowered = b && ent_lower_model(model, b, &why);
    bool ok = lowered && ent_builder_write(b, &j->out->program, message, sizeof message);
    if (!b || why.out_of_memory) {
        (void)ent_embed_memory(error);
    } else if (!ok) {
        (void)ent_embed_fail(error, ENT_ERROR_PROGRAM, "%s", lowered ? message : why.message);
        if (error && why.span.file != ENT_NO_FILE) {
            ent_position at = ent_source_position(sources, why.span.file, why.span.start);
            error->line = at.line;
            error->column = at.column;
            error->length = why.span.end - why.span.start;
            (void)snprintf(error->file, sizeof error->file, "%s", ent_sources_path(sources, why.span.file));
        }
    }
    ent_builder_free(b);
    j->out->has_program = ok;
    return ok;
}

static bool compile(job *j, const ent_source_text *given, size_t n, ent_error *error)
{
    ent_check_options check = {.zoneinfo_dir = j->options->zone_dir,
                               .reader = {.read = read_file, .user = j}};
    ent_sources *sources = ent_sources_create(j->arena);
    ent_diags *diags = sources ? ent_diags_new(j->arena, sources) : NULL;
    const char **paths = ent_arena_alloc_array(j->arena, n, sizeof *paths);
    if (!clean_names(j, given, n, error)) {
        return false;
    }
    for (size_t i = 0; paths && i < n; i++) {
        paths[i] = j->given[i].name;
    }
    check.stdlib_dir = j->stdlib_dir ? j->stdlib_dir : STDLIB;
    size_t n_files, n_main;
    ent_node **files =
        diags && paths ? ent_load_files(j->arena, sources, diags, &check, paths, n, &n_files, &n_main) : NULL;
    ent_model *model = files ? ent_check(j->arena, sources, diags, files, n_files, n_main, &check) : NULL;
    if (!model || !ent_prove(j->arena, sources, diags, model) || ent_arena_failed(j->arena)) {
        return ent_embed_memory(error);
    }
    ent_diags_render(diags, &j->out->text, 0);
    if (!ent_compiled_take_diagnostics(j->out, diags) || j->out->text.failed) {
        return ent_embed_memory(error);
    }
    return ent_diags_error_count(diags) > 0 || lower(j, sources, model, error);
}

static bool compile_in_account(ent_compiled *c, const ent_source_text *sources, size_t n,
                               const ent_compile_options *options, ent_error *error)
{
    ent_account *before = ent_account_enter(&c->account);
    c->arena = ent_arena_create(0);
    job j = {.out = c, .options = options, .arena = c->arena ? ent_arena_create(ARENA_BYTES_MAX) : NULL};
    bool ok = j.arena ? compile(&j, sources, n, error) : ent_embed_memory(error);
    ent_arena_destroy(j.arena);
    ent_account_leave(before);
    /* a proof that a limit cut short may have been taken for none */
    return !ent_embed_excess(&c->account, error) && ok;
}

bool ent_compile(const ent_source_text *sources, size_t n, const ent_compile_options *options, ent_compiled **out,
                 ent_error *error)
{
    ent_compile_options own = {.memory_max = 0};
    if (!out) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "there is no place for the compilation");
    }
    *out = NULL;
    if (!sources || n == 0) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "there is nothing to compile");
    }
    if (options) {
        memcpy(&own, options, options->size == 0 || options->size > sizeof own ? sizeof own : options->size);
    }
    ent_compiled *c = ent_account_new(&own.allocator, sizeof *c);
    if (!c) {
        return ent_embed_memory(error);
    }
    c->account = (ent_account){.allocator = own.allocator, .memory_max = own.memory_max};
    if (!compile_in_account(c, sources, n, &own, error)) {
        ent_compiled_free(c);
        return false;
    }
    *out = c;
    return true;
}

void ent_compiled_free(ent_compiled *c)
{
    if (!c) {
        return;
    }
    ent_account *before = ent_account_enter(&c->account);
    ent_arena_destroy(c->arena);
    ent_text_deinit(&c->text);
    ent_bytes_deinit(&c->program);
    ent_account_leave(before);
    ent_account_free(&c->account, c, sizeof *c);
}

const void *ent_compiled_program(const ent_compiled *c, size_t *len)
{
    if (len) {
        *len = c->has_program ? c->program.n : 0;
    }
    return c->has_program ? c->program.p : NULL;
}

const char *ent_compiled_text(const ent_compiled *c)
{
    return ent_text_str(&c->text);
}
