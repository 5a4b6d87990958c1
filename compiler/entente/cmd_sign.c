/* `entente sign`: a party's consent to its agreements.  Golden: tests/consent.sh. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/entente/compile.h"
#include "compiler/entente/consent.h"
#include "compiler/entente/options.h"
#include "compiler/entente/run.h"
#include "compiler/syntax/diag.h"
#include "runtime/ledger/file.h"

enum { PARTY, KEY, AGREEMENT, VERSION, SIGNATURES, KEYS, STDLIB };
static const ent_option options[] = {
    {"party", "P", "the party that signs, by its name in the framework"},
    {"key", "FILE", "its private key: OpenSSH's, ssh-ed25519, without passphrase"},
    {"agreement", "NAME", "sign this agreement only; default: all to which it is a party"},
    {"version", "N", "sign this version only; default: all versions"},
    {"signatures", "FILE", "where signatures are kept; default: X.entc.sig, beside the program"},
    {"keys", "FILE", "which keys speak for whom, besides those that the framework declares"},
    {"stdlib", "DIR", "where `use std.NAME` finds its modules"},
    {NULL, NULL, NULL}};

typedef struct parsed {
    const char *party, *key, *agreement, *version;
    ent_consent_files files;
    ent_compile_options compile;
    const char **paths;
    size_t n_paths;
} parsed;

static int read_key(const char *path, ent_secret_key *key)
{
    size_t len;
    const char *why;
    char *text = ent_read_small(path, &len);
    if (!text) {
        fprintf(stderr, "error: cannot read `%s`: %s\n", path, strerror(errno));
        return ENT_EXIT_ENVIRONMENT;
    }
    bool ok = ent_secret_key_read(text, len, key, &why);
    ent_wipe(text, len);
    free(text);
    if (!ok) {
        fprintf(stderr, "error: cannot sign with `%s`: %s\n", path, why);
    }
    return ok ? ENT_EXIT_OK : ENT_EXIT_DATA;
}

static int check_party(const ent_image *p, const char *party)
{
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < p->n_party; i++) {
        const char *name = ent_image_text(p, p->party[i].name);
        if (strcmp(name, party) == 0) {
            return ENT_EXIT_OK;
        }
        if (n < 64) {
            names[n++] = name;
        }
    }
    const char *like = ent_diag_suggest(party, names, n);
    fprintf(stderr, "error: the framework has no party `%s`%s%s%s\n", party,
            like ? ": did you mean `" : "", like ? like : "", like ? "`?" : "");
    return ENT_EXIT_USE;
}

/* A key that is known to be another's, or a party whose keys are known and are others. */
static int check_key(const ent_allowed_keys *keys, const char *party, const ent_public_key *key)
{
    bool known = false;
    for (size_t i = 0; i < keys->n; i++) {
        bool same = ent_public_key_equal(&keys->v[i].key, key);
        bool of_party = strcmp(keys->v[i].party, party) == 0;
        if (same && of_party) {
            return ENT_EXIT_OK;
        }
        if (same) {
            fprintf(stderr, "error: this key speaks for %s, not for %s\n", keys->v[i].party, party);
            return ENT_EXIT_FOUND;
        }
        known |= of_party;
    }
    if (known) {
        fprintf(stderr, "error: this key is none of those that speak for %s\n", party);
        return ENT_EXIT_FOUND;
    }
    return ENT_EXIT_OK;
}

static bool is_meant(const ent_image *p, const parsed *a, int64_t i)
{
    const ent_agreement_row *row = &p->agreement[i];
    char version[24];
    snprintf(version, sizeof version, "%lld", (long long)row->version);
    bool party = strcmp(ent_image_text(p, p->party[row->supplier].name), a->party) == 0 ||
                 strcmp(ent_image_text(p, p->party[row->customer].name), a->party) == 0;
    return party && ent_consent_is_needed(p, i) &&
           (!a->agreement || strcmp(ent_image_text(p, row->name), a->agreement) == 0) &&
           (!a->version || strcmp(version, a->version) == 0);
}

static int write_signatures(const parsed *a)
{
    ent_file file;
    char *text = ent_signatures_write(&a->files.signatures);
    if (!text) {
        fputs("error: out of memory\n", stderr);
        return ENT_EXIT_ENVIRONMENT;
    }
    bool done = ent_file_create(&file, a->files.found);
    if (done) {
        ent_file_write(&file, text, strlen(text));
        done = ent_file_commit(&file);
    }
    free(text);
    if (!done) {
        fprintf(stderr, "error: cannot write `%s`: %s\n", a->files.found, strerror(errno));
    }
    return done ? ENT_EXIT_OK : ENT_EXIT_ENVIRONMENT;
}

static int sign(const ent_image *p, parsed *a, const ent_secret_key *key)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_agreement; i++) {
        const ent_agreement_row *row = &p->agreement[i];
        if (!is_meant(p, a, (int64_t)i)) {
            continue;
        }
        if (!ent_consent_sign(p, (int64_t)i, a->party, key, &a->files.signatures)) {
            fputs("error: out of memory\n", stderr);
            return ENT_EXIT_ENVIRONMENT;
        }
        printf("%s signs %s version %lld, digest %s\n", a->party, ent_image_text(p, row->name),
               (long long)row->version, ent_image_text(p, row->digest));
        n++;
    }
    if (n == 0) {
        fprintf(stderr, "error: %s is party to no such agreement\n", a->party);
        return ENT_EXIT_FOUND;
    }
    return write_signatures(a);
}

static int sign_program(parsed *a)
{
    ent_image *program = NULL;
    ent_secret_key key;
    int status = ent_obtain_program(a->paths, a->n_paths, &a->compile, &program);
    if (status != ENT_EXIT_OK) {
        return status;
    }
    status = check_party(program, a->party);
    if (status == ENT_EXIT_OK) {
        status = ent_consent_load(program, a->paths, a->n_paths, &a->files, stderr);
    }
    if (status == ENT_EXIT_OK) {
        status = read_key(a->key, &key);
        if (status == ENT_EXIT_OK) {
            status = check_key(&a->files.keys, a->party, &key.public_key);
        }
        if (status == ENT_EXIT_OK) {
            status = sign(program, a, &key);
        }
        ent_secret_key_wipe(&key);
    }
    ent_consent_unload(&a->files);
    ent_image_destroy(program);
    return status;
}

static int take(parsed *a, int option, const char *value)
{
    switch (option) {
    case PARTY:
        a->party = value;
        break;
    case KEY:
        a->key = value;
        break;
    case AGREEMENT:
        a->agreement = value;
        break;
    case VERSION:
        a->version = value;
        break;
    case SIGNATURES:
        a->files.signatures_path = value;
        break;
    case KEYS:
        a->files.keys_path = value;
        break;
    case STDLIB:
        a->compile.stdlib_dir = value;
        break;
    default:
        a->paths[a->n_paths++] = value;
    }
    return ENT_EXIT_OK;
}

static int run(const ent_command *self, int argc, char **argv)
{
    ent_arguments arguments = {.command = self, .argc = argc, .at = 1, .argv = argv};
    parsed a = {.paths = calloc((size_t)argc + 1, sizeof *a.paths)};
    const char *value;
    int got;
    int status = ENT_EXIT_ENVIRONMENT;
    while (a.paths && (got = ent_arguments_next(&arguments, &value)) != ENT_ARGUMENT_END) {
        if (got == ENT_ARGUMENT_WRONG || got == ENT_ARGUMENT_HELP) {
            free(a.paths);
            return got == ENT_ARGUMENT_HELP ? ENT_EXIT_OK : ENT_EXIT_USE;
        }
        (void)take(&a, got, value);
    }
    if (!a.paths) {
        fputs("error: out of memory\n", stderr);
    } else if (a.n_paths == 0) {
        status = ent_command_wrong(self, "no program to sign");
    } else if (!a.party || !a.key) {
        status = ent_command_wrong(self, a.party ? "with which key? --key FILE" : "who signs? --party P");
    } else if (!a.files.signatures_path && (a.n_paths != 1 || !ent_is_built(a.paths[0]))) {
        status = ent_command_wrong(self, "sources have no place for signatures: build them first, or "
                                         "name a file with --signatures");
    } else {
        status = sign_program(&a);
    }
    free(a.paths);
    return status;
}

const ent_command ent_command_sign = {
    "sign", "--party P --key FILE X.entc",
    "Adds a party's signature to the agreements that it consents to.", options, run,
    "The signature is over the digest of each agreement's canonical form, in which comments and layout do "
    "not count and every figure, party, date and clause does; entente check --digest shows it. A later "
    "signature of the same party for the same version takes the place of an earlier one."};
