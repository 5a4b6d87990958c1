/* What runtime/consent asks of libsodium to check signatures, where there is no libsodium; see ed25519.c, base64.c.
 * Making signatures and fingerprints is the command's business: nothing in a host's session calls the rest, which is
 * declared so that key.c compiles, and is defined nowhere. */
#ifndef ENT_WASM_SODIUM_H
#define ENT_WASM_SODIUM_H

#include <stddef.h>

#include "sodium/core.h"
#include "sodium/crypto_generichash.h"

enum { sodium_base64_VARIANT_ORIGINAL = 1, sodium_base64_VARIANT_ORIGINAL_NO_PADDING = 3 };
enum { crypto_hash_sha256_BYTES = 32 };

int sodium_base642bin(unsigned char *bin, size_t bin_max, const char *text, size_t len, const char *ignore,
                      size_t *bin_len, const char **end, int variant);
int crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message, unsigned long long len,
                                const unsigned char *key);

void sodium_memzero(void *memory, size_t len);
char *sodium_bin2base64(char *text, size_t max, const unsigned char *bin, size_t len, int variant);
int crypto_hash_sha256(unsigned char *out, const unsigned char *data, unsigned long long len);
int crypto_sign_seed_keypair(unsigned char *key, unsigned char *secret, const unsigned char *seed);
int crypto_sign_detached(unsigned char *signature, unsigned long long *signature_len, const unsigned char *message,
                         unsigned long long len, const unsigned char *key);

#endif
