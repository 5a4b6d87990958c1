/* See consent.h. */
#include "compiler/entente/consent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/entente/compile.h"
#include "compiler/entente/run.h"

enum { SMALL_BYTES_MAX = 16 * 1024 * 1024 };

char *ent_read_small(const char *path, size_t *len)
{
    FILE *in = fopen(path, "rb");
    size_t size = 0;
    char *text = NULL;
    *len = 0;
    while (in) {
        if (*len + 1 >= size) {
            size = size ? size * 2 : 8192;
            char *grown = size > SMALL_BYTES_MAX ? NULL : realloc(text, size);
            if (!grown) {
                fclose(in);
                free(text);
                errno = size > SMALL_BYTES_MAX ? EFBIG : ENOMEM;
                return NULL;
            }
            text = grown;
        }
        size_t got = fread(text + *len, 1, size - 1 - *len, in);
        *len += got;
        if (got == 0) {
            bool failed = ferror(in) != 0;
            int error = errno;
            fclose(in);
            text[*len] = 0;
            if (failed) {
                free(text);
                errno = error;
                return NULL;
            }
            return text;
        }
    }
    return NULL;
}

static int out_of_memory(FILE *err)
{
    fputs("error: out of memory\n", err);
    return ENT_EXIT_ENVIRONMENT;
}

static int cannot_read(const char *path, FILE *err)
{
    fprintf(err, "error: cannot read `%s`: %s\n", path, strerror(errno));
    return ENT_EXIT_ENVIRONMENT;
}

static int report(ent_consent_read result, const char *path, const char *why, FILE *err)
{
    switch (result) {
    case ENT_CONSENT_READ:
        return ENT_EXIT_OK;
    case ENT_CONSENT_MALFORMED:
        fprintf(err, "error: `%s`, %s\n", path, why);
        return ENT_EXIT_DATA;
    default:
        return out_of_memory(err);
    }
}

static int load_keys(const ent_image *program, ent_consent_files *files, FILE *err)
{
    char why[ENT_CONSENT_WHY_SIZE];
    size_t len;
    if (!ent_allowed_keys_of(program, &files->keys)) {
        return out_of_memory(err);
    }
    if (!files->keys_path) {
        return ENT_EXIT_OK;
    }
    char *text = ent_read_small(files->keys_path, &len);
    if (!text) {
        return cannot_read(files->keys_path, err);
    }
    int status = report(ent_allowed_keys_read(text, len, &files->keys, why), files->keys_path, why, err);
    free(text);
    return status;
}

/* Beside a built program; sources have none unless they are named. */
static bool find_path(const char *const *paths, size_t n_paths, ent_consent_files *files)
{
    static const char suffix[] = ".sig";
    const char *named = files->signatures_path;
    if (!named && (n_paths != 1 || !ent_is_built(paths[0]))) {
        return true;
    }
    size_t n = strlen(named ? named : paths[0]);
    files->found = malloc(n + sizeof suffix);
    if (files->found) {
        memcpy(files->found, named ? named : paths[0], n + 1);
        memcpy(files->found + n, suffix, named ? 0 : sizeof suffix);
    }
    return files->found != NULL;
}

int ent_consent_load(const ent_image *program, const char *const *paths, size_t n_paths,
                     ent_consent_files *files, FILE *err)
{
    char why[ENT_CONSENT_WHY_SIZE];
    size_t len;
    int status = load_keys(program, files, err);
    if (status != ENT_EXIT_OK) {
        return status;
    }
    if (!find_path(paths, n_paths, files)) {
        return out_of_memory(err);
    }
    char *text = files->found ? ent_read_small(files->found, &len) : NULL;
    if (!text) {
        return !files->found || errno == ENOENT ? ENT_EXIT_OK : cannot_read(files->found, err);
    }
    status = report(ent_signatures_read(text, len, &files->signatures, why), files->found, why, err);
    free(text);
    return status;
}

void ent_consent_unload(ent_consent_files *files)
{
    ent_signatures_free(&files->signatures);
    ent_allowed_keys_free(&files->keys);
    free(files->found);
    files->found = NULL;
}

/* Why a party's consent to the row is lacking: its signature was refused, or there is none. */
static void tell_lacking(const ent_image *p, const ent_consent_files *files, int64_t row,
                         int64_t party, FILE *err)
{
    const char *name = ent_image_text(p, p->party[party].name);
    const char *agreement = ent_image_text(p, p->agreement[row].name);
    for (size_t i = 0; i < files->signatures.n; i++) {
        const ent_signature *s = &files->signatures.v[i];
        char why[ENT_CONSENT_WHY_SIZE];
        int64_t unused;
        if (strcmp(s->party, name) == 0 && strcmp(s->agreement, agreement) == 0 &&
            s->version == p->agreement[row].version &&
            ent_consent_judge(p, &files->keys, s, &unused, why) != ENT_CONSENT_VALID) {
            fprintf(err, "  = note: the signature of %s is refused: %s\n", name, why);
            return;
        }
    }
    fprintf(err, "  = note: %s has not signed it\n", name);
}

int ent_consent_flags(const ent_image *p, const ent_consent_files *files, bool **flags, FILE *err)
{
    *flags = NULL;
    if (!ent_consent_is_required(p)) {
        return ENT_EXIT_OK;
    }
    *flags = calloc(p->n_agreement + 1, sizeof **flags);
    if (!*flags) {
        return out_of_memory(err);
    }
    bool any = false;
    for (size_t i = 0; i < p->n_agreement; i++) {
        const ent_agreement_row *row = &p->agreement[i];
        int64_t parties[2] = {row->supplier, row->customer};
        bool given[2] = {true, true};
        for (size_t k = 0; k < 2 && ent_consent_is_needed(p, (int64_t)i); k++) {
            given[k] = ent_consent_given(p, &files->keys, &files->signatures, (int64_t)i, parties[k]);
        }
        (*flags)[i] = !given[0] || !given[1];
        if ((*flags)[i]) {
            any = true;
            fprintf(err, "warning: `%s` version %lld is not in force\n", ent_image_text(p, row->name),
                    (long long)row->version);
        }
        for (size_t k = 0; k < 2; k++) {
            if (!given[k]) {
                tell_lacking(p, files, (int64_t)i, parties[k], err);
            }
        }
    }
    if (any) {
        fputs("  = help: entente sign adds a signature; --assume-signed decides as if all had signed\n", err);
    }
    return ENT_EXIT_OK;
}

int ent_consent_ask(const ent_image *program, const char *const *paths, size_t n_paths,
                    ent_consent_files *files, bool assume_signed, bool **not_in_force, FILE *err)
{
    if (assume_signed || !ent_consent_is_required(program)) {
        return ENT_EXIT_OK;
    }
    int status = ent_consent_load(program, paths, n_paths, files, err);
    bool draft = status == ENT_EXIT_OK && !files->found && !files->signatures_path;
    if (draft) {
        fputs("warning: sources are drafts that nobody has signed: decided as if every party had\n"
              "  = help: build and sign them: entente build -o club.entc ..., entente sign --party "
              "P --key FILE club.entc\n",
              err);
    } else if (status == ENT_EXIT_OK) {
        status = ent_consent_flags(program, files, not_in_force, err);
    }
    ent_consent_unload(files);
    return status;
}
