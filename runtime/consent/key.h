/* Ed25519 keys in the forms of OpenSSH, so that parties can use keys that they have.
 *
 * A public key is one line, `ssh-ed25519 AAAA… [comment]`; a private key is the text of an unencrypted
 * `openssh-key-v1` file.  Nothing of a key that is refused is kept; private keys are wiped by
 * ent_secret_key_wipe.  No I/O.  Tested by tests/unit/test_consent.c and, with keys of ssh-keygen, by
 * tests/consent.sh. */
#ifndef ENT_CONSENT_KEY_H
#define ENT_CONSENT_KEY_H

#include <stdbool.h>
#include <stddef.h>

enum {
    ENT_PUBLIC_KEY_BYTES = 32,
    ENT_SECRET_KEY_BYTES = 64,
    ENT_SIGNATURE_BYTES = 64,
    ENT_PUBLIC_KEY_TEXT_SIZE = 96, /* "ssh-ed25519 " and 68 characters */
    ENT_SIGNATURE_TEXT_SIZE = 96,
    ENT_FINGERPRINT_SIZE = 64 /* "SHA256:" and 43 characters */
};

typedef struct ent_public_key {
    unsigned char bytes[ENT_PUBLIC_KEY_BYTES];
} ent_public_key;

typedef struct ent_secret_key {
    unsigned char bytes[ENT_SECRET_KEY_BYTES];
    ent_public_key public_key;
} ent_secret_key;

/* false with *why, which says what is wrong with the text. */
bool ent_public_key_read(const char *text, size_t len, ent_public_key *key, const char **why);
bool ent_secret_key_read(const char *text, size_t len, ent_secret_key *key, const char **why);
void ent_secret_key_wipe(ent_secret_key *key);
void ent_public_key_text(const ent_public_key *key, char text[ENT_PUBLIC_KEY_TEXT_SIZE]);
/* As `ssh-keygen -l` shows it. */
void ent_public_key_fingerprint(const ent_public_key *key, char text[ENT_FINGERPRINT_SIZE]);
void ent_wipe(void *memory, size_t len);
bool ent_public_key_equal(const ent_public_key *a, const ent_public_key *b);

bool ent_sign(const ent_secret_key *key, const char *message, size_t len,
              unsigned char signature[ENT_SIGNATURE_BYTES]);
bool ent_signature_fits(const ent_public_key *key, const char *message, size_t len,
                        const unsigned char signature[ENT_SIGNATURE_BYTES]);
void ent_signature_text(const unsigned char signature[ENT_SIGNATURE_BYTES],
                        char text[ENT_SIGNATURE_TEXT_SIZE]);
bool ent_signature_read(const char *text, size_t len, unsigned char signature[ENT_SIGNATURE_BYTES]);
#endif
