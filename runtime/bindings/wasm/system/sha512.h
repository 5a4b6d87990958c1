/* SHA-512 (FIPS 180-4), for ed25519.c. */
#ifndef ENT_WASM_SHA512_H
#define ENT_WASM_SHA512_H

#include <stddef.h>
#include <stdint.h>

#define ENT_SHA512_SIZE 64

typedef struct ent_sha512 {
    uint64_t chain[8];
    uint64_t bytes;
    unsigned char block[128];
} ent_sha512;

void ent_sha512_init(ent_sha512 *sha);
void ent_sha512_update(ent_sha512 *sha, const unsigned char *data, size_t len);
void ent_sha512_final(ent_sha512 *sha, unsigned char out[ENT_SHA512_SIZE]);

#endif
