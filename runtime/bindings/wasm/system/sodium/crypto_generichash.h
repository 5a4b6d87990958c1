/* BLAKE2b-256 under the names of libsodium, without a key; see ../blake2b.c. */
#ifndef ENT_WASM_CRYPTO_GENERICHASH_H
#define ENT_WASM_CRYPTO_GENERICHASH_H

#include "runtime/ledger/blake2b.h"

typedef ent_blake2b crypto_generichash_state;

/* 0: done.  key is NULL and key_len 0: the runtime hashes without one. */
int crypto_generichash_init(crypto_generichash_state *state, const unsigned char *key, size_t key_len, size_t out_len);
int crypto_generichash_update(crypto_generichash_state *state, const unsigned char *data, unsigned long long len);
int crypto_generichash_final(crypto_generichash_state *state, unsigned char *out, size_t out_len);

#endif
