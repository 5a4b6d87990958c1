/* `entente verify`: who has consented to which version.  Golden: tests/consent.sh. */
#include <stdlib.h>
#include <string.h>

#include "compiler/entente/compile.h"
#include "compiler/entente/consent.h"
#include "compiler/entente/options.h"
#include "compiler/entente/run.h"

enum { SIGNATURES, KEYS, STDLIB };
static const ent_option options[] = {
    {"signatures", "FILE", "where the signatures are; default: X.entc.sig, beside the program"},
    {"keys", "FILE", "which keys speak for whom, besides those that the framework declares"},
    {"stdlib", "DIR", "where `use std.NAME` finds its modules"},
    {NULL, NULL, NULL}};

typedef struct parsed {
    ent_consent_files files;
    ent_compile_options compile;
    const char **paths;
    size_t n_paths;
} parsed;

/* The signature that the row's party gave, if there is a valid one; else, if there is one for it, why it is
 * refused.  Marks what it has told of. */
static bool tell_party(const ent_image *p, const ent_consent_files *files, int64_t row,
                       int64_t party, bool *told)
{
    const char *name = ent_image_text(p, p->party[party].name);
    const char *agreement = ent_image_text(p, p->agreement[row].name);
    char why[ENT_CONSENT_WHY_SIZE];
    bool any = false;
    for (size_t i = 0; i < files->signatures.n; i++) {
        const ent_signature *s = &files->signatures.v[i];
        char key[ENT_FINGERPRINT_SIZE];
        int64_t of;
        if (strcmp(s->party, name) != 0 || strcmp(s->agreement, agreement) != 0 ||
            s->version != p->agreement[row].version) {
            continue;
        }
        told[i] = any = true;
        ent_public_key_fingerprint(&s->key, key);
        if (ent_consent_judge(p, &files->keys, s, &of, why) == ENT_CONSENT_VALID) {
            printf("  %s has signed, with %s\n", name, key);
            return true;
        }
        printf("  %s: refused: %s\n", name, why);
    }
    if (!any) {
        printf("  %s has not signed\n", name);
    }
    return false;
}

/* Signatures that are for nothing in the program. */
static bool tell_others(const ent_image *p, const ent_consent_files *files, const bool *told)
{
    bool any = false;
    for (size_t i = 0; i < files->signatures.n; i++) {
        const ent_signature *s = &files->signatures.v[i];
        char why[ENT_CONSENT_WHY_SIZE];
        int64_t row;
        if (!told[i]) {
            (void)ent_consent_judge(p, &files->keys, s, &row, why);
            printf("%s, line %zu: %s under %s version %lld: refused: %s\n", files->found, s->line, s->party,
                   s->agreement, (long long)s->version, why);
            any = true;
        }
    }
    return any;
}

static int tell(const ent_image *p, const ent_consent_files *files)
{
    bool *told = calloc(files->signatures.n + 1, sizeof *told);
    size_t agreements = 0;
    size_t complete = 0;
    if (!told) {
        fputs("error: out of memory\n", stderr);
        return ENT_EXIT_ENVIRONMENT;
    }
    for (size_t i = 0; i < p->n_agreement; i++) {
        const ent_agreement_row *row = &p->agreement[i];
        if (!ent_consent_is_needed(p, (int64_t)i)) {
            continue;
        }
        printf("%s version %lld, digest %s\n", ent_image_text(p, row->name), (long long)row->version,
               ent_image_text(p, row->digest));
        bool supplier = tell_party(p, files, (int64_t)i, row->supplier, told);
        bool customer = tell_party(p, files, (int64_t)i, row->customer, told);
        agreements++;
        complete += supplier && customer;
    }
    bool others = tell_others(p, files, told);
    free(told);
    printf("signed by every party: %zu of %zu%s\n", complete, agreements,
           ent_consent_is_required(p) ? "" : "; the framework does not ask for it");
    return complete == agreements && !others ? ENT_EXIT_OK : ENT_EXIT_FOUND;
}

static int verify(parsed *a)
{
    ent_image *program = NULL;
    int status = ent_obtain_program(a->paths, a->n_paths, &a->compile, &program);
    if (status == ENT_EXIT_OK) {
        status = ent_consent_load(program, a->paths, a->n_paths, &a->files, stderr);
    }
    if (status == ENT_EXIT_OK) {
        status = tell(program, &a->files);
    }
    ent_consent_unload(&a->files);
    ent_image_destroy(program);
    return status;
}

static int run(const ent_command *self, int argc, char **argv)
{
    ent_arguments arguments = {.command = self, .argc = argc, .at = 1, .argv = argv};
    parsed a = {.paths = calloc((size_t)argc + 1, sizeof *a.paths)};
    const char *value;
    int got;
    int status = ENT_EXIT_ENVIRONMENT;
    while (a.paths && (got = ent_arguments_next(&arguments, &value)) != ENT_ARGUMENT_END) {
        switch (got) {
        case ENT_ARGUMENT_WRONG:
        case ENT_ARGUMENT_HELP:
            free(a.paths);
            return got == ENT_ARGUMENT_HELP ? ENT_EXIT_OK : ENT_EXIT_USE;
        case SIGNATURES:
            a.files.signatures_path = value;
            break;
        case KEYS:
            a.files.keys_path = value;
            break;
        case STDLIB:
            a.compile.stdlib_dir = value;
            break;
        default:
            a.paths[a.n_paths++] = value;
        }
    }
    if (!a.paths) {
        fputs("error: out of memory\n", stderr);
    } else if (a.n_paths == 0) {
        status = ent_command_wrong(self, "no program to verify");
    } else {
        status = verify(&a);
    }
    free(a.paths);
    return status;
}

const ent_command ent_command_verify = {
    "verify", "X.entc | FILE...",
    "Shows who has consented to which version: a line for each party of each agreement.", options, run,
    "A signature that is refused is shown with the reason. Exit status 1 unless every party of every "
    "agreement has signed and no signature is left over. Whoever does not trust the one who built a "
    "program verifies the sources: the digests are made anew."};
