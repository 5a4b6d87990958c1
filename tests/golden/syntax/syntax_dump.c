/* Parses the files named on the command line and prints what came of them: for the golden tests.
 *
 *     syntax_dump [--diagnostics|--tree|--json|--sarif|--colour] [--as PATH] FILE…
 *
 * Without an option the diagnostics if there are any, else nothing.  `--as PATH` is the name that
 * the next file gets.  Exit status 1 if there are errors, 2 if a file cannot be read. */
#include <stdio.h>
#include <string.h>

#include "compiler/syntax/parse.h"

static void print(ent_text *t)
{
    (void)fwrite(ent_text_str(t), 1, t->len, stdout);
    ent_text_deinit(t);
}

static void render(ent_diags *diags, const char *mode)
{
    ent_text t = {0};
    if (strcmp(mode, "--json") == 0) {
        ent_diags_render_json(diags, &t);
    } else if (strcmp(mode, "--sarif") == 0) {
        ent_diags_render_sarif(diags, &t);
    } else {
        ent_diags_render(diags, &t, strcmp(mode, "--colour") == 0 ? ENT_DIAGS_COLOUR : 0);
    }
    print(&t);
}

static int add_file(ent_arena *arena, ent_sources *sources, const char *path, const char *as,
                    uint32_t *file)
{
    if (as == NULL) {
        return ent_sources_load(sources, path, file);
    }
    ent_sources *scratch = ent_sources_create(arena);
    int error = ent_sources_load(scratch, path, file);
    if (error != 0) {
        return error;
    }
    size_t len;
    const char *text = ent_sources_text(scratch, *file, &len);
    return ent_sources_add(sources, as, text, len, file) ? 0 : -1;
}

int main(int argc, char **argv)
{
    const char *mode = "--diagnostics";
    const char *as = NULL;
    int status = 0;
    ent_arena *arena = ent_arena_create(0);
    ent_sources *sources = ent_sources_create(arena);
    ent_diags *diags = ent_diags_new(arena, sources);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--as") == 0 && i + 1 < argc) {
            as = argv[++i];
            continue;
        }
        if (strncmp(argv[i], "--", 2) == 0) {
            mode = argv[i];
            continue;
        }
        uint32_t file;
        int error = add_file(arena, sources, argv[i], as, &file);
        as = NULL;
        if (error != 0) {
            (void)fprintf(stderr, "%s: %s\n", argv[i], strerror(error));
            status = 2;
            continue;
        }
        ent_node *tree = ent_parse(arena, sources, file, diags);
        if (tree != NULL && strcmp(mode, "--tree") == 0) {
            ent_text t = {0};
            ent_dump_tree(tree, &t);
            print(&t);
        }
    }
    if (status == 0 && ent_diags_error_count(diags) > 0) {
        status = 1;
    }
    render(diags, mode);
    ent_arena_destroy(arena);
    return status;
}
