/*
 * BLAKE2b-256, the digest of ledger lines, feeds and programs: libsodium's, behind names of ours so
 * that one file knows it.
 *
 * Tested by tests/unit/test_exact.c (published vectors, split input).
 */
#ifndef ENT_LEDGER_HASH_H
#define ENT_LEDGER_HASH_H

#include <sodium/crypto_generichash.h>
#include <stdbool.h>
#include <stddef.h>

#include "runtime/ledger/blake2b.h"

#define ENT_HASH_SIZE 32
#define ENT_HASH_TEXT_SIZE (2 * ENT_HASH_SIZE + 1)

/*
 * Bytes and not libsodium's own type, which wants an alignment of 64 that malloc does not give: so
 * a hash may stand in any structure and be copied.
 */
typedef struct {
    unsigned char state[sizeof(crypto_generichash_state)];
} ent_hash;

/* Each returns false when libsodium cannot be used or refuses; nothing is to be freed. */
bool ent_hash_init(ent_hash *hash);
bool ent_hash_update(ent_hash *hash, const void *data, size_t len);
/* Ends the hash: it must be initialised anew before further use. */
bool ent_hash_final(ent_hash *hash, unsigned char digest[ENT_HASH_SIZE]);
/* The same as 64 lower-case hex digits and a NUL. */
bool ent_hash_final_hex(ent_hash *hash, char text[ENT_HASH_TEXT_SIZE]);
/* A digest as that text. */
void ent_hash_text(const unsigned char digest[ENT_HASH_SIZE], char text[ENT_HASH_TEXT_SIZE]);
/* In one go. */
bool ent_hash_hex(const void *data, size_t len, char text[ENT_HASH_TEXT_SIZE]);

/*
 * Many texts at once.  A ledger's line names the line before only at its end, so all whole blocks
 * before that can be hashed long before the chain is known, and those of several lines side by
 * side; only what follows them is one line after the other.
 *
 * What was begun is plain numbers and owns nothing: it may be copied, thrown away, and ended on
 * another thread.  Neither function keeps a pointer or has state of its own; any number of threads
 * may call them at once.
 */
typedef ent_blake2b_begun ent_hash_begun; /* how many of its first `bytes` are done, and the chain after them */

/*
 * Hashes all whole blocks of each of n texts; text[i] may be NULL if len[i] is 0.  Each must have
 * more bytes to come: the last whole block here is never the final one.
 */
void ent_hash_begin(const void *const *text, const size_t *len, size_t n, ent_hash_begun *out);
/* `rest`: all that follows the first begun->bytes bytes.  The hash is as of the whole in one go. */
void ent_hash_end(const ent_hash_begun *begun, const void *rest, size_t len, char text[ENT_HASH_TEXT_SIZE]);

/* The same of n texts, of each of which at most one block follows. */
void ent_hash_end_all(const ent_hash_begun *begun, const void *const *rest, const size_t *len, size_t n,
                      char (*text)[ENT_HASH_TEXT_SIZE]);

#endif
