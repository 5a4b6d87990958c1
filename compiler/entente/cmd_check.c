/* `entente check`: compiles and says what is wrong.  Golden: tests/golden/diagnostics. */
#include <string.h>

#include "compiler/entente/compile.h"
#include "compiler/entente/cost.h"
#include "compiler/entente/options.h"
#include "compiler/entente/run.h"

enum { FORMAT, COST, DIGEST, COUNTEREXAMPLES, STDLIB, COLOR };
static const ent_option options[] = {
    {"format", "text|json|sarif", "how diagnostics are written; json and sarif go to stdout"},
    {"cost", NULL, "also print what a row takes at most, and what a key keeps"},
    {"digest", NULL, "also print the digest of each agreement's canonical form, which parties sign"},
    {"counterexamples", "DIR", "write the scenarios that diagnostics show, with their facts, to DIR"},
    {"stdlib", "DIR", "where `use std.NAME` finds its modules"},
    {"color", "auto|always|never", "colour in diagnostics; NO_COLOR is honoured"},
    {NULL, NULL, NULL}};

static const char *plural(size_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

static void print_summary(const ent_compile_summary *s)
{
    printf("ok: %zu %s, %zu %s, %zu %s, %zu %s\n", s->slas, plural(s->slas, "SLA", "SLAs"), s->olas,
           plural(s->olas, "OLA", "OLAs"), s->clauses, plural(s->clauses, "clause", "clauses"),
           s->feeds, plural(s->feeds, "feed", "feeds"));
}

static int print_cost(const ent_bytes *bytes)
{
    ent_image *p;
    ent_load_error error = {0};
    if (!ent_image_decode(bytes->p, bytes->n, &p, &error)) {
        fprintf(stderr, "error: %s\n", error.message);
        return ENT_EXIT_ENVIRONMENT;
    }
    ent_print_cost(p, bytes->n);
    ent_image_destroy(p);
    return ENT_EXIT_OK;
}

static int print_digests(const ent_bytes *bytes)
{
    ent_image *p;
    ent_load_error error = {0};
    if (!ent_image_decode(bytes->p, bytes->n, &p, &error)) {
        fprintf(stderr, "error: %s\n", error.message);
        return ENT_EXIT_ENVIRONMENT;
    }
    for (size_t i = 0; i < p->n_agreement; i++) {
        const ent_agreement_row *row = &p->agreement[i];
        if (row->digest >= 0) {
            printf("%s version %lld: %s\n", ent_image_text(p, row->name), (long long)row->version,
                   ent_image_text(p, row->digest));
        }
    }
    ent_image_destroy(p);
    return ENT_EXIT_OK;
}

static int run(const ent_command *self, int argc, char **argv)
{
    ent_arguments arguments = {.command = self, .argc = argc, .at = 1, .argv = argv};
    ent_compile_options compile = {0};
    const char *color = NULL;
    const char *value;
    const char *paths[256];
    size_t n = 0;
    bool cost = false;
    bool digest = false;
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
        case FORMAT:
            if (strcmp(value, "json") == 0) {
                compile.format = ENT_DIAG_JSON;
            } else if (strcmp(value, "sarif") == 0) {
                compile.format = ENT_DIAG_SARIF;
            } else if (strcmp(value, "text") != 0) {
                return ent_command_wrong(self, "--format is text, json or sarif, not `%s`", value);
            }
            compile.diagnostics_to_stdout = compile.format != ENT_DIAG_TEXT;
            break;
        case COST:
            cost = true;
            break;
        case DIGEST:
            digest = true;
            break;
        case COUNTEREXAMPLES:
            compile.examples_dir = value;
            break;
        case STDLIB:
            compile.stdlib_dir = value;
            break;
        default:
            color = value;
        }
    }
    if (n == 0) {
        return ent_command_wrong(self, "no file to check");
    }
    ent_bytes bytes = {0};
    ent_compile_summary summary;
    compile.colour = ent_colour_wanted(color, stderr);
    int status = ent_compile_files(paths, n, &compile, &bytes, &summary);
    if (status == ENT_EXIT_OK && compile.format == ENT_DIAG_TEXT) {
        print_summary(&summary);
    }
    if (status == ENT_EXIT_OK && cost) {
        status = print_cost(&bytes);
    }
    if (status == ENT_EXIT_OK && digest) {
        status = print_digests(&bytes);
    }
    ent_bytes_deinit(&bytes);
    return status;
}

const ent_command ent_command_check = {
    "check", "FILE...",
    "Compiles agreements and proves that they fit together: names, types, units, ladders, silence. "
    "Several files are one program.",
    options, run,
    "FILE is an .ent file, or a literate .ent.md whose blocks marked `entente` are the code. Exit "
    "status 1 when there are errors; entente explain CODE tells more about one."};
