/* What compiler.mjs calls: from files, which the module's host gives, to the bytes of a program and diagnostics.
 * Tested by tests/hosts/wasm.sh. */
#include <stdlib.h>
#include <string.h>

#include "compiler/check/check.h"
#include "compiler/emit/builder.h"
#include "compiler/emit/lower.h"
#include "compiler/prove/prove.h"
#include "compiler/syntax/text.h"

#define EXPORT(name) __attribute__((export_name(#name)))

enum { PATHS_MAX = 256 };
#define ARENA_BYTES_MAX ((size_t)1024 * 1024 * 1024)

typedef struct compilation {
    ent_bytes program;
    ent_text json; /* diagnostics, as `entente check --format json` */
    ent_text text; /* the same for people */
    bool compiled, out_of_memory;
} compilation;

EXPORT(alloc) void *ent_js_alloc(size_t size)
{
    return malloc(size ? size : 1);
}

EXPORT(free) void ent_js_free(void *memory)
{
    free(memory);
}

/* What a program cannot hold has no diagnostic of its own, as in the command. */
static void lower(compilation *c, const ent_model *model)
{
    ent_lower_error error = {.span = ENT_NO_SPAN};
    char message[256] = "";
    ent_builder *b = ent_builder_new();
    c->compiled = b && ent_lower_model(model, b, &error) && ent_builder_write(b, &c->program, message, sizeof message);
    c->out_of_memory = !b || error.out_of_memory;
    if (!c->compiled && !c->out_of_memory) {
        ent_text_printf(&c->text, "error: %s\n", message[0] ? message : error.message);
    }
    ent_builder_free(b);
}

static void compile(compilation *c, ent_arena *arena, const char *const *paths, size_t n)
{
    const ent_check_options options = {.stdlib_dir = "/stdlib"};
    ent_sources *sources = ent_sources_create(arena);
    ent_diags *diags = sources ? ent_diags_new(arena, sources) : NULL;
    size_t n_files;
    size_t n_main;
    ent_node **files = diags ? ent_load_files(arena, sources, diags, &options, paths, n, &n_files, &n_main) : NULL;
    ent_model *model = files ? ent_check(arena, sources, diags, files, n_files, n_main, &options) : NULL;
    if (!model || !ent_prove(arena, sources, diags, model) || ent_arena_failed(arena)) {
        c->out_of_memory = true;
        return;
    }
    ent_diags_render(diags, &c->text, 0);
    if (ent_diags_error_count(diags) == 0) {
        lower(c, model);
    }
    ent_diags_render_json(diags, &c->json);
    c->out_of_memory = c->out_of_memory || c->json.failed || c->text.failed;
}

/* n names of files, each with its NUL.  To be given to compilation_free; NULL: memory. */
EXPORT(compile) compilation *ent_js_compile(const char *names, size_t n)
{
    const char *paths[PATHS_MAX];
    compilation *c = n <= PATHS_MAX ? calloc(1, sizeof *c) : NULL;
    ent_arena *arena = c ? ent_arena_create(ARENA_BYTES_MAX) : NULL;
    if (!arena) {
        free(c);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        paths[i] = names;
        names += strlen(names) + 1;
    }
    compile(c, arena, paths, n);
    ent_arena_destroy(arena);
    return c;
}

/* 0: failed, 1: compiled, 2: memory. */
EXPORT(compilation_state) int ent_js_compilation_state(const compilation *c)
{
    return c->out_of_memory ? 2 : c->compiled;
}

EXPORT(compilation_program) const uint8_t *ent_js_compilation_program(const compilation *c)
{
    return c->program.p;
}

EXPORT(compilation_program_len) size_t ent_js_compilation_program_len(const compilation *c)
{
    return c->program.n;
}

EXPORT(compilation_json) const char *ent_js_compilation_json(const compilation *c)
{
    return ent_text_str(&c->json);
}

EXPORT(compilation_text) const char *ent_js_compilation_text(const compilation *c)
{
    return ent_text_str(&c->text);
}

EXPORT(compilation_free) void ent_js_compilation_free(compilation *c)
{
    if (c) {
        ent_bytes_deinit(&c->program);
        ent_text_deinit(&c->json);
        ent_text_deinit(&c->text);
        free(c);
    }
}
