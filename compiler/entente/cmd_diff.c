/* `entente diff`: what changed in meaning between two sets of agreements.  Golden: tests/golden/run/diff. */
#include <string.h>

#include "compiler/check/check.h"
#include "compiler/diff/diff.h"
#include "compiler/entente/compile.h"
#include "compiler/entente/options.h"
#include "compiler/entente/run.h"
#include "compiler/syntax/parse.h"
#include "runtime/ledger/json_out.h"

enum { FORMAT, STDLIB, COLOR };
static const ent_option options[] = {
    {"format", "text|json", "words for people, or JSON"},
    {"stdlib", "DIR", "where `use std.NAME` finds its modules"},
    {"color", "auto|always|never", "colour in diagnostics; NO_COLOR is honoured"},
    {NULL, NULL, NULL}};

typedef struct side {
    ent_arena *arena;
    ent_diff_side diff;
} side;

static int out_of_memory(void)
{
    fputs("error: out of memory\n", stderr);
    return ENT_EXIT_ENVIRONMENT;
}

/* Two texts can be compared when both mean something. */
static int load(const char *path, const ent_compile_options *compile, side *out)
{
    char buf[4096];
    if (ent_is_built(path)) {
        fprintf(stderr, "error: `%s` is a built program: give the source that it was built from\n", path);
        return ENT_EXIT_USE;
    }
    out->arena = ent_arena_create(0);
    ent_sources *sources = out->arena ? ent_sources_create(out->arena) : NULL;
    ent_diags *diags = sources ? ent_diags_new(out->arena, sources) : NULL;
    if (!diags) {
        return out_of_memory();
    }
    ent_check_options check = {
        .stdlib_dir = compile->stdlib_dir ? compile->stdlib_dir : ent_find_stdlib(buf, sizeof buf)};
    size_t n_main = 0;
    out->diff.files =
        ent_load_files(out->arena, sources, diags, &check, &path, 1, &out->diff.n_files, &n_main);
    out->diff.model = out->diff.files ? ent_check(out->arena, sources, diags, out->diff.files,
                                                  out->diff.n_files, n_main, &check)
                                      : NULL;
    if (!out->diff.model || ent_arena_failed(out->arena)) {
        return out_of_memory();
    }
    if (ent_diags_error_count(diags) == 0) {
        return ENT_EXIT_OK;
    }
    ent_text said = {0};
    ent_diags_render(diags, &said, compile->colour ? ENT_DIAGS_COLOUR : 0);
    fputs(ent_text_str(&said), stderr);
    ent_text_deinit(&said);
    return ENT_EXIT_DATA;
}

/* --- words --- */

static void print_text(const ent_differences *all)
{
    const char *where = NULL;
    const char *clause = NULL;
    for (size_t i = 0; i < all->n; i++) {
        const ent_difference *d = &all->v[i];
        if (!where || strcmp(where, d->where) != 0) {
            printf("%s%s\n", where ? "\n" : "", d->where);
            where = d->where;
            clause = NULL;
        }
        if (d->clause && d->what && (!clause || strcmp(clause, d->clause) != 0)) {
            printf("  %s\n", d->clause);
        }
        clause = d->clause && d->what ? d->clause : NULL;
        const char *subject = d->what ? d->what : d->clause;
        printf("%s%s%s", clause ? "    " : "  ", subject ? subject : "", subject ? " " : "");
        switch (d->change) {
        case ENT_CHANGE_ADDED:
            printf("added: %s\n", d->after);
            break;
        case ENT_CHANGE_REMOVED:
            printf("removed: %s\n", d->before);
            break;
        default:
            printf("changed\n%s  was %s\n%s  is  %s\n", clause ? "    " : "  ", d->before,
                   clause ? "    " : "  ", d->after);
        }
    }
    for (size_t i = 0; i < all->n_voided; i++) {
        printf("%s%s", i == 0 ? (all->n > 0 ? "\nto be signed: " : "to be signed: ") : ", ", all->voided[i]);
    }
    fputs(all->n_voided > 0 ? "\n" : "", stdout);
    if (all->n == 0 && all->n_voided == 0) {
        puts("no difference in meaning");
    }
}

/* --- JSON --- */

static void key_or_not(ent_json_out *out, const char *key, const char *value)
{
    if (value) {
        ent_json_key_text(out, key, value);
    }
}

static bool print_json(const ent_differences *all)
{
    static const char *const changes[] = {"", "added", "removed", "changed"};
    ent_json_out out;
    ent_json_init(&out, 0);
    ent_json_begin_object(&out);
    ent_json_key(&out, "differences");
    ent_json_begin_array(&out);
    for (size_t i = 0; i < all->n; i++) {
        const ent_difference *d = &all->v[i];
        ent_json_begin_object(&out);
        ent_json_key_text(&out, "where", d->where);
        key_or_not(&out, "clause", d->clause);
        key_or_not(&out, "what", d->what);
        ent_json_key_text(&out, "change", changes[d->change]);
        key_or_not(&out, "before", d->before);
        key_or_not(&out, "after", d->after);
        ent_json_end_object(&out);
    }
    ent_json_end_array(&out);
    ent_json_key(&out, "to_be_signed");
    ent_json_begin_array(&out);
    for (size_t i = 0; i < all->n_voided; i++) {
        ent_json_text(&out, all->voided[i]);
    }
    ent_json_end_array(&out);
    ent_json_end_object(&out);
    ent_json_end_line(&out);
    bool ok = ent_json_is_complete(&out);
    if (ok) {
        fwrite(out.data, 1, out.len, stdout);
    }
    ent_json_deinit(&out);
    return ok;
}

static int compare(const char *const *paths, const ent_compile_options *compile, bool json)
{
    side sides[2] = {0};
    ent_differences all = {0};
    int status = load(paths[0], compile, &sides[0]);
    if (status == ENT_EXIT_OK) {
        status = load(paths[1], compile, &sides[1]);
    }
    if (status == ENT_EXIT_OK) {
        ent_diff(sides[1].arena, &sides[0].diff, &sides[1].diff, &all);
        if (all.failed || (json && !print_json(&all))) {
            status = out_of_memory();
        } else {
            if (!json) {
                print_text(&all);
            }
            status = all.n > 0 || all.n_voided > 0 ? ENT_EXIT_FOUND : ENT_EXIT_OK;
        }
    }
    ent_arena_destroy(sides[0].arena);
    ent_arena_destroy(sides[1].arena);
    return status;
}

static int run(const ent_command *self, int argc, char **argv)
{
    ent_arguments arguments = {.command = self, .argc = argc, .at = 1, .argv = argv};
    ent_compile_options compile = {0};
    const char *paths[2] = {NULL, NULL};
    const char *color = NULL;
    const char *value;
    size_t n = 0;
    bool json = false;
    for (int got; (got = ent_arguments_next(&arguments, &value)) != ENT_ARGUMENT_END;) {
        switch (got) {
        case ENT_ARGUMENT_WRONG:
            return ENT_EXIT_USE;
        case ENT_ARGUMENT_HELP:
            return ENT_EXIT_OK;
        case FORMAT:
            json = strcmp(value, "json") == 0;
            if (!json && strcmp(value, "text") != 0) {
                return ent_command_wrong(self, "--format is text or json, not `%s`", value);
            }
            break;
        case STDLIB:
            compile.stdlib_dir = value;
            break;
        case COLOR:
            color = value;
            break;
        default:
            if (n < 2) {
                paths[n] = value;
            }
            n++;
        }
    }
    if (n != 2) {
        return ent_command_wrong(self, "two sources are compared: OLD and NEW");
    }
    compile.colour = ent_colour_wanted(color, stderr);
    return compare(paths, &compile, json);
}

const ent_command ent_command_diff = {
    "diff", "OLD NEW",
    "Says in words what changed in meaning: targets, allowances, credits, charges, caps, parties, dates, "
    "clauses.",
    options, run,
    "OLD and NEW are sources, each with what it uses. Comments, layout and the spelling of figures are no "
    "difference. A new version is held against the one that it amends. What has to be signed, or signed "
    "again, is said at the end. Exit status 0 when both mean the same, 1 when they differ, 3 when one of "
    "them has errors."};
