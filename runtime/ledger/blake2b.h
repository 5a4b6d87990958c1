/* BLAKE2b-256 (RFC 7693) as a state that is plain numbers: it can be copied, saved and gone on with on another machine;
 * and of many texts at once, side by side in the lanes of a processor's vectors where it has such (blake2b_kernel.h).
 *
 * All functions may be called by any number of threads at once, each with states of its own.
 * Tested by tests/unit/test_blake2b.c against libsodium with each kernel, by tests/unit/test_wasm_system.c, and by
 * every digest of a ledger. */
#ifndef ENT_LEDGER_BLAKE2B_H
#define ENT_LEDGER_BLAKE2B_H

#include <stdbool.h>
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
/* Ends it: it must be initialised anew before further use. */
void ent_blake2b_final(ent_blake2b *state, unsigned char digest[ENT_BLAKE2B_SIZE]);

/* --- many texts --- */

/* A text after its first `bytes` bytes, which are whole blocks. */
typedef struct ent_blake2b_begun {
    uint64_t chain[8];
    uint64_t bytes;
} ent_blake2b_begun;

/* Hashes all whole blocks of each of n texts, of each of which more bytes are to come.  text[i] may be NULL if it has
 * none. */
void ent_blake2b_begin(const void *const *text, const size_t *len, size_t n, ent_blake2b_begun *begun);
/* What follows the first begun->bytes bytes, to the end. */
void ent_blake2b_end(const ent_blake2b_begun *begun, const void *rest, size_t len,
                     unsigned char digest[ENT_BLAKE2B_SIZE]);
/* The same of n texts, of each of which at most one block follows. */
void ent_blake2b_end_all(const ent_blake2b_begun *begun, const void *const *rest, const size_t *len, size_t n,
                         unsigned char (*digest)[ENT_BLAKE2B_SIZE]);

/* --- kernels --- */

typedef enum ent_blake2b_kind {
    ENT_BLAKE2B_BEST = 0, /* what this processor does fastest; so it is unless told otherwise */
    ENT_BLAKE2B_PORTABLE = 1,
    ENT_BLAKE2B_AVX2 = 2,
    ENT_BLAKE2B_AVX512 = 3
} ent_blake2b_kind;

/* By which kernel all of this process hashes from now on.  False: there is none of that kind here, nothing changes. */
bool ent_blake2b_choose(ent_blake2b_kind kind);

#endif
