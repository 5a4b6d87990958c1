/* BLAKE2b under the names of libsodium, without a key; see ../blake2b.c. */
#ifndef ENT_WASM_CRYPTO_GENERICHASH_H
#define ENT_WASM_CRYPTO_GENERICHASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct crypto_generichash_state {
    uint64_t chain[8];
    uint64_t bytes; /* taken into the chain: sums of 16 EiB are out of reach */
    unsigned char block[128];
    size_t len; /* of the block that waits */
} crypto_generichash_state;

/* 0: done.  key is NULL and key_len 0: the runtime hashes without one. */
int crypto_generichash_init(crypto_generichash_state *state, const unsigned char *key, size_t key_len, size_t out_len);
int crypto_generichash_update(crypto_generichash_state *state, const unsigned char *data, unsigned long long len);
int crypto_generichash_final(crypto_generichash_state *state, unsigned char *out, size_t out_len);

#endif
