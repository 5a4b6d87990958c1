/* `entente test`: runs the scenarios of the files.  Golden: tests/golden/run/test_*. */
#include <errno.h>
#include <string.h>

#include "compiler/entente/club_options.h"
#include "compiler/entente/options.h"
#include "compiler/entente/run.h"
#include "compiler/entente/test_report.h"
#include "compiler/syntax/arena.h"
#include "runtime/ledger/file.h"

enum { FORMAT, JUNIT, COVERAGE, ALLOW_EXTERN, STDLIB, COLOR };
static const ent_option options[] = {
    {"format", "text|json", "what goes to stdout"},
    {"junit", "FILE", "also write JUnit XML, as build servers read it"},
    {"coverage", NULL, "also tell which clauses, outcomes and ladder steps no scenario reaches"},
    ENT_ALLOW_EXTERN,
    {"stdlib", "DIR", "where `use std.NAME` finds its modules"},
    {"color", "auto|always|never", "colour; NO_COLOR is honoured"},
    {NULL, NULL, NULL}};

typedef struct parsed {
    ent_compile_options compile;
    const char *paths[256];
    size_t n_paths;
    const char *libraries[256];
    size_t n_libraries;
    const char *junit, *color;
    bool json, coverage;
} parsed;

static int out_of_memory(void)
{
    fputs("error: out of memory\n", stderr);
    return ENT_EXIT_ENVIRONMENT;
}

static bool is_given(const parsed *p, const char *path)
{
    for (size_t i = 0; i < p->n_paths; i++) {
        if (strcmp(p->paths[i], path) == 0) {
            return true;
        }
    }
    return false;
}

static bool run_scenario(const ent_compilation *c, const ent_node *scenario,
                         ent_coverage *coverage, ent_test_run *run)
{
    ent_scenario_run one;
    ent_test_case *t = &run->cases[run->n++];
    if (ent_scenario_execute(c, scenario, &one) && coverage) {
        ent_coverage_add(&one, coverage);
    }
    bool ok = ent_test_record(c, &one, t);
    ent_scenario_release(&one);
    run->n_failed += t->error || t->n_failed > 0;
    run->n_expectations += t->n_expectations;
    return ok;
}

static int write_junit(const char *path, const ent_test_run *run)
{
    ent_text text = {0};
    ent_file file;
    if (!ent_output_is_file(path, stderr)) {
        return ENT_EXIT_USE;
    }
    ent_test_junit(run, &text);
    bool ok = !text.failed && ent_file_create(&file, path);
    if (ok) {
        ent_file_write(&file, text.data, text.len);
        ok = ent_file_commit(&file);
    }
    if (!ok) {
        fprintf(stderr, "error: cannot write `%s`: %s\n", path,
                text.failed ? "out of memory" : strerror(errno));
    }
    ent_text_deinit(&text);
    return ok ? ENT_EXIT_OK : ENT_EXIT_ENVIRONMENT;
}

static int report(const parsed *p, const ent_test_run *run)
{
    ent_text text = {0};
    bool ok = true;
    if (p->json) {
        ok = ent_test_json(run, &text);
    } else {
        ent_test_text(run, ent_colour_wanted(p->color, stdout), &text);
    }
    ok = ok && !text.failed;
    fputs(ent_text_str(&text), stdout);
    ent_text_deinit(&text);
    if (!ok) {
        return out_of_memory();
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "error: cannot write the result: %s\n", strerror(errno));
        return ENT_EXIT_ENVIRONMENT;
    }
    int status = p->junit ? write_junit(p->junit, run) : ENT_EXIT_OK;
    return status != ENT_EXIT_OK ? status : run->n_failed > 0 ? ENT_EXIT_FOUND : ENT_EXIT_OK;
}

static int run_all(const parsed *p, const ent_compilation *c)
{
    ent_test_run run = {0};
    ent_coverage coverage;
    const ent_model *m = c->model;
    run.cases = ent_arena_alloc_array(c->arena, m->n_scenarios + 1, sizeof *run.cases);
    if (!run.cases || (p->coverage && !ent_coverage_init(c, &coverage))) {
        return out_of_memory();
    }
    run.coverage = p->coverage ? &coverage : NULL;
    for (size_t i = 0; i < m->n_scenarios; i++) {
        const ent_node *scenario = m->scenarios[i];
        if (is_given(p, ent_sources_path(c->sources, scenario->span.file)) &&
            !run_scenario(c, scenario, p->coverage ? &coverage : NULL, &run)) {
            return out_of_memory();
        }
    }
    if (run.n == 0) {
        fprintf(stderr, "error: there is no scenario in %s\n",
                p->n_paths == 1 ? "this file" : "these files");
        return ENT_EXIT_FOUND;
    }
    return report(p, &run);
}

static int parse(const ent_command *self, int argc, char **argv, parsed *p)
{
    ent_arguments arguments = {.command = self, .argc = argc, .at = 1, .argv = argv};
    const char *value;
    for (int got; (got = ent_arguments_next(&arguments, &value)) != ENT_ARGUMENT_END;) {
        switch (got) {
        case ENT_ARGUMENT_WRONG:
            return ENT_EXIT_USE;
        case ENT_ARGUMENT_HELP:
            return ENT_ARGUMENT_HELP;
        case ENT_ARGUMENT_POSITIONAL:
            if (p->n_paths == sizeof p->paths / sizeof *p->paths) {
                return ent_command_wrong(self, "more than 256 files");
            }
            p->paths[p->n_paths++] = value;
            break;
        case FORMAT:
            p->json = strcmp(value, "json") == 0;
            if (!p->json && strcmp(value, "text") != 0) {
                return ent_command_wrong(self, "--format is text or json, not `%s`", value);
            }
            break;
        case JUNIT:
            p->junit = value;
            break;
        case COVERAGE:
            p->coverage = true;
            break;
        case ALLOW_EXTERN:
            if (p->n_libraries == sizeof p->libraries / sizeof *p->libraries) {
                return ent_command_wrong(self, "more than 256 libraries");
            }
            p->libraries[p->n_libraries++] = value;
            break;
        case STDLIB:
            p->compile.stdlib_dir = value;
            break;
        default:
            p->color = value;
        }
    }
    return p->n_paths > 0 ? ENT_EXIT_OK : ent_command_wrong(self, "no file to test");
}

static int run(const ent_command *self, int argc, char **argv)
{
    parsed p = {0};
    ent_compilation c;
    int status = parse(self, argc, argv, &p);
    if (status != ENT_EXIT_OK) {
        return status == ENT_ARGUMENT_HELP ? ENT_EXIT_OK : status;
    }
    p.compile.colour = ent_colour_wanted(p.color, stderr);
    status = ent_compilation_open(&c, p.paths, p.n_paths, &p.compile);
    if (status == ENT_EXIT_OK) {
        c.libraries = p.libraries;
        c.n_libraries = p.n_libraries;
        status = run_all(&p, &c);
    }
    ent_compilation_close(&c);
    return status;
}

const ent_command ent_command_test = {
    "test", "FILE...",
    "Runs the scenarios of the files: facts, and what they must lead to.",
    options, run,
    "Without `during A .. B` a scenario's period is the whole windows (at least the month) that hold its "
    "facts, and no sample is expected of a feed before its first row or after its last one. Exit "
    "status 1 when a scenario fails."};
