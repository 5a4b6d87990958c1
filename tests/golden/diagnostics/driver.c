/* Checks files and prints their diagnostics, for the golden tests of diagnostics.
 * Usage: driver STDLIB FILE…; exit status 1 if there were errors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/check/check.h"
#include "compiler/prove/prove.h"

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    if (strcmp(argv[1], "--explain") == 0) {
        const char *text = ent_explain_code(argv[2]);
        puts(text != NULL ? text : "no explanation");
        return text == NULL;
    }
    ent_arena *arena = ent_arena_create(0);
    ent_sources *sources = arena == NULL ? NULL : ent_sources_create(arena);
    ent_diags *diags = sources == NULL ? NULL : ent_diags_new(arena, sources);
    if (diags == NULL)
        return 4;
    ent_check_options options = {.stdlib_dir = argv[1]};
    size_t n = 0, mains = 0;
    ent_node **files = ent_load_files(arena, sources, diags, &options,
                                      (const char *const *)argv + 2, (size_t)argc - 2, &n, &mains);
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
