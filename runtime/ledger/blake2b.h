/* BLAKE2b-256 (RFC 7693) in portable C, as a state that is plain numbers: it can be copied, saved and gone on with on
 * another machine.  The digests of feeds need that, because a session that keeps a whole ledger can be saved; all else
 * is libsodium's (hash.h), where there is one.
 * Tested by tests/unit/test_wasm_system.c against libsodium, and by every digest of a ledger. */
#ifndef ENT_LEDGER_BLAKE2B_H
#define ENT_LEDGER_BLAKE2B_H

#include <stddef.h>
#include <stdint.h>

enum { ENT_BLAKE2B_BLOCK = 128, ENT_BLAKE2B_SIZE = 32 };

typedef struct ent_blake2b {
    uint64_t chain[8];
    uint64_t bytes; /* taken into the chain: sums of 16 EiB are out of reach */
    unsigned char block[ENT_BLAKE2B_BLOCK];
    size_t len; /* of the block that waits */
} ent_blake2b;

void ent_blake2b_init(ent_blake2b *state);
void ent_blake2b_update(ent_blake2b *state, const void *data, size_t len);
/* Whole blocks, while none waits and more bytes are to come. */
void ent_blake2b_blocks(ent_blake2b *state, const void *data, size_t n);
/* Ends it: it must be initialised anew before further use. */
void ent_blake2b_final(ent_blake2b *state, unsigned char digest[ENT_BLAKE2B_SIZE]);

#endif
