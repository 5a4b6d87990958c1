/* Checks files and prints their diagnostics, for the golden tests of diagnostics.
 * Usage: driver STDLIB FILE…; exit status 1 if there were errors.
 *        driver --each STDLIB FILE…: each by itself, after a line with a form feed and its name.
 *        driver --pages: the long explanation of each code, after a line with a form feed and the code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/check/check.h"
#include "compiler/prove/prove.h"

static int check(const char *stdlib, const char *const *paths, size_t n_paths)
{
    ent_arena *arena = ent_arena_create(0);
    ent_sources *sources = arena == NULL ? NULL : ent_sources_create(arena);
    ent_diags *diags = sources == NULL ? NULL : ent_diags_new(arena, sources);
    if (diags == NULL)
        return 4;
    ent_check_options options = {.stdlib_dir = stdlib};
    size_t n = 0, mains = 0;
    ent_node **files =
        ent_load_files(arena, sources, diags, &options, paths, n_paths, &n, &mains);
    ent_model *model =
        files == NULL ? NULL : ent_check(arena, sources, diags, files, n, mains, &options);
    if (model != NULL && !ent_prove(arena, sources, diags, model))
        return 4;
    ent_text out = {0};
    ent_diags_render(diags, &out, 0);
    fputs(ent_text_str(&out), stdout);
    size_t errors = ent_diags_error_count(diags);
    if (model != NULL && errors == 0)
        printf("ok: %zu agreements, %zu duties, %zu objectives\n", model->n_agreements,
               model->n_duties, model->n_objectives);
    ent_text_deinit(&out);
    ent_arena_destroy(arena);
    return model == NULL ? 4 : errors > 0;
}

static int check_each(const char *stdlib, const char *const *paths, size_t n_paths)
{
    int status = 0;
    for (size_t i = 0; i < n_paths && status < 2; i++) {
        printf("\f%s\n", paths[i]);
        status = check(stdlib, &paths[i], 1);
    }
    return status < 2 ? 0 : status;
}

static int print_pages(void)
{
    for (int code = ENT_DIAG_NONE + 1; code < ENT_DIAG_COUNT; code++) {
        const char *name = ent_diag_code_info((ent_diag_code)code)->code;
        const char *text = ent_explain_code(name);
        printf("\f%s\n%s\n", name, text == NULL ? "" : text);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *const *words = (const char *const *)argv;
    if (argc == 2 && strcmp(argv[1], "--pages") == 0)
        return print_pages();
    if (argc < 3)
        return 2;
    return strcmp(argv[1], "--each") == 0 ? check_each(argv[2], words + 3, (size_t)argc - 3)
                                          : check(argv[1], words + 2, (size_t)argc - 2);
}
