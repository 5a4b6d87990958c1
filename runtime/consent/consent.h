/* Who has consented to which version of which agreement.
 *
 * A signature is over a statement: `entente consent 1`, then party, framework, agreement, version and the
 * digest of the agreement's canonical form, a line each.  A signature file has the first line `entente signatures 1`
 * and for each signature the statement's lines, the public key and the signature.  An allowed-keys file
 * has lines `PARTY ssh-ed25519 AAAA… [comment]`; `#` begins a comment, and a party's name with blanks
 * stands in double quotes.  Both are described in docs/consent.md.  No I/O.
 * Tested by tests/unit/test_consent.c. */
#ifndef ENT_CONSENT_CONSENT_H
#define ENT_CONSENT_CONSENT_H

#include <stdint.h>

#include "runtime/bytecode/program.h"
#include "runtime/consent/key.h"

enum { ENT_DIGEST_TEXT = 64, ENT_CONSENT_WHY_SIZE = 512 };

typedef struct ent_signature {
    char *party;
    char *framework;
    char *agreement;
    int64_t version;
    char digest[ENT_DIGEST_TEXT + 1];
    ent_public_key key;
    unsigned char bytes[ENT_SIGNATURE_BYTES];
    size_t line; /* of the file, from 1 */
} ent_signature;

typedef struct ent_signatures {
    ent_signature *v;
    size_t n, capacity;
} ent_signatures;

typedef struct ent_allowed_key {
    char *party;
    ent_public_key key;
} ent_allowed_key;

typedef struct ent_allowed_keys {
    ent_allowed_key *v;
    size_t n, capacity;
} ent_allowed_keys;

/* What became of a text that was read. */
typedef enum ent_consent_read {
    ENT_CONSENT_READ,
    ENT_CONSENT_MALFORMED, /* `why` says where and what */
    ENT_CONSENT_MEMORY
} ent_consent_read;

ent_consent_read ent_signatures_read(const char *text, size_t len, ent_signatures *out,
                                     char why[ENT_CONSENT_WHY_SIZE]);
/* The text of the file; NULL when memory has run out.  To be freed. */
char *ent_signatures_write(const ent_signatures *signatures);
/* Takes the place of the signature of the same party, framework, agreement and version, if there is one. */
bool ent_signatures_put(ent_signatures *signatures, const ent_signature *signature);
void ent_signatures_free(ent_signatures *signatures);

ent_consent_read ent_allowed_keys_read(const char *text, size_t len, ent_allowed_keys *out,
                                       char why[ENT_CONSENT_WHY_SIZE]);
/* The keys that the program's framework declares for its parties. */
bool ent_allowed_keys_of(const ent_image *program, ent_allowed_keys *out);
void ent_allowed_keys_free(ent_allowed_keys *keys);

/* Signs one row of the program's agreement table for a party. */
bool ent_consent_sign(const ent_image *program, int64_t agreement, const char *party,
                      const ent_secret_key *key, ent_signatures *signatures);

typedef enum ent_consent {
    ENT_CONSENT_VALID,
    ENT_CONSENT_TAMPERED,     /* does not fit what it stands beside */
    ENT_CONSENT_SWAPPED,      /* made for another agreement, version or party than it stands beside */
    ENT_CONSENT_FOREIGN,      /* given in another club */
    ENT_CONSENT_NO_AGREEMENT, /* the program has none of that name */
    ENT_CONSENT_NO_VERSION,   /* the agreement has no such version here: an earlier or a later one */
    ENT_CONSENT_NO_PARTY,     /* it is between others */
    ENT_CONSENT_REPLAYED,     /* given to another text of this version */
    ENT_CONSENT_KEY           /* the key does not speak for the party */
} ent_consent;

/* Judges one signature; *agreement is the row that it is for, or -1.  `why` is empty when it is valid. */
ent_consent ent_consent_judge(const ent_image *program, const ent_allowed_keys *keys,
                              const ent_signature *signature, int64_t *agreement,
                              char why[ENT_CONSENT_WHY_SIZE]);

/* Whether the framework wants every party's signature; whether this row needs any (the framework's own
 * clauses are no agreement). */
bool ent_consent_is_required(const ent_image *program);
bool ent_consent_is_needed(const ent_image *program, int64_t agreement);
/* Whether a party of the row has signed it validly. */
bool ent_consent_given(const ent_image *program, const ent_allowed_keys *keys,
                       const ent_signatures *signatures, int64_t agreement, int64_t party);
#endif
