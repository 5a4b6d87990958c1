/* See compile.h. */
#include "compiler/entente/compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/check/check.h"
#include "compiler/emit/lower.h"
#include "compiler/entente/run.h"
#include "compiler/prove/prove.h"

#define ARENA_BYTES_MAX ((size_t)2 * 1024 * 1024 * 1024)
#define PROGRAM_BYTES_MAX ((size_t)512 * 1024 * 1024)

/* --- where the standard library is --- */

static bool has_module(const char *dir)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/itsm.ent", dir);
    return access(path, R_OK) == 0;
}

/* Beside the command in the source tree and after installation.  The system gives the command's path without links and
 * dots, so its folders are found by cutting. */
const char *ent_find_stdlib(char *buf, size_t size)
{
    static const struct {
        int up; /* from the command's folder */
        const char *name;
    } places[] = {{1, "stdlib"}, {2, "stdlib"}, {1, "share/entente/stdlib"}};
    char exe[2048];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    for (size_t i = 0; n > 0 && i < sizeof places / sizeof *places; i++) {
        size_t len = (size_t)n;
        for (int cut = 0; cut <= places[i].up; cut++) {
            const char *slash = memrchr(exe, '/', len);
            len = slash ? (size_t)(slash - exe) : 0;
        }
        int written = snprintf(buf, size, "%.*s/%s", (int)len, exe, places[i].name);
        if (written > 0 && (size_t)written < size && has_module(buf)) {
            return buf;
        }
    }
    return NULL;
}

/* --- diagnostics --- */

static bool show(ent_diags *diags, const ent_compile_options *options)
{
    ent_text text = {0};
    if (options->quiet) {
        return true;
    }
    FILE *out = options->diagnostics_to_stdout ? stdout : stderr;
    if (options->format == ENT_DIAG_JSON) {
        ent_diags_render_json(diags, &text);
    } else if (options->format == ENT_DIAG_SARIF) {
        ent_diags_render_sarif(diags, &text);
    } else {
        ent_diags_render(diags, &text, options->colour ? ENT_DIAGS_COLOUR : 0);
    }
    bool complete = !text.failed;
    fputs(ent_text_str(&text), out);
    ent_text_deinit(&text);
    return complete;
}

static int out_of_memory(void)
{
    fputs("error: out of memory\n", stderr);
    return ENT_EXIT_ENVIRONMENT;
}

static bool write_text(const char *dir, const char *name, const char *text)
{
    char path[4200];
    int len = snprintf(path, sizeof path, "%s/%s", dir, name);
    ent_file file;
    if (len < 0 || (size_t)len >= sizeof path || !ent_file_create(&file, path)) {
        return false;
    }
    ent_file_write(&file, text, strlen(text));
    return ent_file_commit(&file);
}

/* The scenarios that diagnostics show, one file each, with the facts that they read beside them. */
static int write_examples(ent_diags *diags, const char *dir)
{
    ent_diag_example_view e;
    for (size_t i = 0; ent_diags_example(diags, i, &e); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s-%zu.ent", e.code, i + 1);
        errno = 0;
        if (!write_text(dir, name, e.text) ||
            (e.file_name && !write_text(dir, e.file_name, e.file_content))) {
            fprintf(stderr, "error: cannot write to `%s`: %s\n", dir, strerror(errno));
            return ENT_EXIT_ENVIRONMENT;
        }
    }
    return ENT_EXIT_OK;
}

static void summarise(const ent_model *m, const ent_diags *diags, ent_compile_summary *out)
{
    *out = (ent_compile_summary){.frameworks = m->framework ? 1 : 0,
                                 .warnings = ent_diags_warning_count(diags)};
    for (size_t i = 0; i < m->n_agreements; i++) {
        out->slas += m->agreements[i]->kind == 0 && !m->agreements[i]->is_framework;
        out->olas += m->agreements[i]->kind == 1;
    }
    out->clauses = m->n_duties + m->n_objectives;
    out->feeds = m->n_feeds;
}

static int lower(const ent_model *model, ent_sources *sources, ent_bytes *bytes)
{
    ent_builder *b = ent_builder_new();
    ent_lower_error error = {.span = ENT_NO_SPAN};
    char message[256] = "out of memory";
    int status = ENT_EXIT_OK;
    if (!b) {
        return out_of_memory();
    }
    if (!ent_lower_model(model, b, &error)) {
        if (error.span.file != ENT_NO_FILE) {
            ent_position at = ent_source_position(sources, error.span.file, error.span.start);
            fprintf(stderr, "error: %s\n --> %s:%u:%u\n", error.message,
                    ent_sources_path(sources, error.span.file), at.line, at.column);
        } else {
            fprintf(stderr, "error: %s\n", error.out_of_memory ? "out of memory" : error.message);
        }
        status = error.out_of_memory ? ENT_EXIT_ENVIRONMENT : ENT_EXIT_FOUND;
    } else if (!ent_builder_write(b, bytes, message, sizeof message)) {
        fprintf(stderr, "error: %s\n", message);
        status = ENT_EXIT_FOUND;
    }
    ent_builder_free(b);
    return status;
}

/* By its first bytes, or by its name: what is left of a damaged program is no source. */
static bool looks_built(const char *path, const unsigned char *bytes, size_t n)
{
    size_t length = strlen(path);
    return (length > 5 && strcmp(path + length - 5, ".entc") == 0) ||
           (n >= 4 && memcmp(bytes, "ENTC", 4) == 0);
}

/* A built program among the sources would be read as text, with hundreds of errors. */
bool ent_is_built(const char *path)
{
    unsigned char magic[4];
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(magic, 1, sizeof magic, f) : 0;
    if (f) {
        fclose(f);
    }
    return looks_built(path, magic, n);
}

void ent_compilation_close(ent_compilation *c)
{
    ent_arena_destroy(c->arena);
    *c = (ent_compilation){0};
}

int ent_compilation_open(ent_compilation *c, const char *const *paths, size_t n,
                         const ent_compile_options *options)
{
    char stdlib[4096];
    *c = (ent_compilation){0};
    for (size_t i = 0; i < n; i++) {
        if (ent_is_built(paths[i])) {
            fprintf(stderr,
                    "error: `%s` is a built program, not a source\n  = help: give the files that it "
                    "was built from%s\n",
                    paths[i], n > 1 ? ", or the program alone" : "");
            return ENT_EXIT_USE;
        }
    }
    c->arena = ent_arena_create(ARENA_BYTES_MAX);
    c->sources = c->arena ? ent_sources_create(c->arena) : NULL;
    c->diags = c->sources ? ent_diags_new(c->arena, c->sources) : NULL;
    if (!c->diags) {
        return out_of_memory();
    }
    ent_check_options check = {
        .stdlib_dir = options->stdlib_dir ? options->stdlib_dir : ent_find_stdlib(stdlib, sizeof stdlib)};
    size_t n_files = 0;
    size_t n_main = 0;
    ent_node **files =
        ent_load_files(c->arena, c->sources, c->diags, &check, paths, n, &n_files, &n_main);
    c->model = files ? ent_check(c->arena, c->sources, c->diags, files, n_files, n_main, &check)
                     : NULL;
    /* a tree with holes compiles to something else than was written */
    if (!c->model || !ent_prove(c->arena, c->sources, c->diags, c->model) ||
        ent_arena_failed(c->arena) || !show(c->diags, options)) {
        return out_of_memory();
    }
    int status = options->examples_dir ? write_examples(c->diags, options->examples_dir)
                                       : ENT_EXIT_OK;
    return status == ENT_EXIT_OK && ent_diags_error_count(c->diags) > 0 ? ENT_EXIT_FOUND : status;
}

int ent_compile_files(const char *const *paths, size_t n, const ent_compile_options *options,
                      ent_bytes *bytes, ent_compile_summary *summary)
{
    ent_compilation c;
    int status = ent_compilation_open(&c, paths, n, options);
    if (status == ENT_EXIT_OK) {
        status = lower(c.model, c.sources, bytes);
    }
    if (status == ENT_EXIT_OK && summary) {
        summarise(c.model, c.diags, summary);
    }
    ent_compilation_close(&c);
    return status;
}

/* --- programs --- */

static bool read_program(const char *path, ent_bytes *bytes, bool *is_program)
{
    char block[65536];
    FILE *f = fopen(path, "rb");
    *is_program = looks_built(path, NULL, 0);
    if (!f) {
        return false;
    }
    size_t got;
    bool ok = true;
    while (ok && (got = fread(block, 1, sizeof block, f)) > 0) {
        ok = bytes->n + got <= PROGRAM_BYTES_MAX && ent_bytes_append(bytes, block, got);
        if (bytes->n >= 4 && !looks_built(path, bytes->p, bytes->n)) {
            break;
        }
    }
    *is_program = ok && looks_built(path, bytes->p, bytes->n);
    ok = ok && !ferror(f);
    fclose(f);
    return ok;
}

static int decode(const ent_bytes *bytes, const char *name, ent_image **program)
{
    ent_load_error error = {0};
    if (ent_image_decode(bytes->p, bytes->n, program, &error)) {
        return ENT_EXIT_OK;
    }
    fprintf(stderr, "error: `%s` is not a sound program: %s\n  = help: build it again with entente "
                    "build\n",
            name, error.message);
    return ENT_EXIT_DATA;
}

int ent_compilation_program(const ent_compilation *c, const ent_model *model,
                            ent_image **program)
{
    ent_bytes bytes = {0};
    int status = lower(model, c->sources, &bytes);
    if (status == ENT_EXIT_OK) {
        status = decode(&bytes, ent_sources_path(c->sources, 0), program);
    }
    ent_bytes_deinit(&bytes);
    return status;
}

int ent_obtain_program(const char *const *paths, size_t n, const ent_compile_options *options,
                       ent_image **program)
{
    ent_bytes bytes = {0};
    bool is_program = false;
    if (n == 1 && strcmp(paths[0], "-") != 0) {
        errno = 0;
        if (!read_program(paths[0], &bytes, &is_program) && is_program) {
            fprintf(stderr, "error: cannot read `%s`: %s\n", paths[0], strerror(errno));
            ent_bytes_deinit(&bytes);
            return ENT_EXIT_ENVIRONMENT;
        }
    }
    int status = ENT_EXIT_OK;
    if (!is_program) {
        ent_bytes_deinit(&bytes);
        bytes = (ent_bytes){0};
        status = ent_compile_files(paths, n, options, &bytes, NULL);
    }
    if (status == ENT_EXIT_OK) {
        status = decode(&bytes, paths[0], program);
    }
    ent_bytes_deinit(&bytes);
    return status;
}
