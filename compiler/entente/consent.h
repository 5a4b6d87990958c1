/* Signatures and keys of a run: where they are found, and what they come to. */
#ifndef ENT_ENTENTE_CONSENT_H
#define ENT_ENTENTE_CONSENT_H

#include <stdio.h>

#include "runtime/consent/consent.h"

typedef struct ent_consent_files {
    const char *signatures_path; /* --signatures, or NULL: beside the built program */
    const char *keys_path;       /* --keys, or NULL */
    char *found;                 /* the path of the signatures, whether or not there is a file; NULL: none */
    ent_signatures signatures;
    ent_allowed_keys keys;
} ent_consent_files;

/* Reads what is there; a file of signatures that is not there is one without signatures.  The exit status. */
int ent_consent_load(const ent_image *program, const char *const *paths, size_t n_paths,
                     ent_consent_files *files, FILE *err);
void ent_consent_unload(ent_consent_files *files);

/* One flag an agreement of the program, to be freed; *flags is NULL when the framework asks for no signatures.
 * Which agreements are not in force, and why, is said to `err`. */
int ent_consent_flags(const ent_image *program, const ent_consent_files *files, bool **flags,
                      FILE *err);

/* Which agreements bind nobody, where the framework wants them signed.  Sources are drafts, and what is signed is
 * the program built from them: without signatures they are decided as if everybody had consented. */
int ent_consent_ask(const ent_image *program, const char *const *paths, size_t n_paths,
                    ent_consent_files *files, bool assume_signed, bool **not_in_force, FILE *err);

/* The whole of a small file, NUL-terminated, to be freed; NULL with errno. */
char *ent_read_small(const char *path, size_t *len);
#endif
