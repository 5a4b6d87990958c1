/* See hash.h. */
#include "hash.h"

#include <sodium/core.h>
#include <string.h>

#include "runtime/ledger/blake2b.h"

_Static_assert(ENT_HASH_SIZE == ENT_BLAKE2B_SIZE, "both are BLAKE2b-256");

bool ent_hash_init(ent_hash *hash)
{
    crypto_generichash_state state;

    /* Idempotent and thread-safe; picks the fastest code for this processor the first time. */
    if (sodium_init() < 0 || crypto_generichash_init(&state, NULL, 0, ENT_HASH_SIZE) != 0)
        return false;
    memcpy(hash->state, &state, sizeof state);
    return true;
}

bool ent_hash_update(ent_hash *hash, const void *data, size_t len)
{
    crypto_generichash_state state;

    if (len == 0)
        return true;
    memcpy(&state, hash->state, sizeof state);
    if (crypto_generichash_update(&state, data, len) != 0)
        return false;
    memcpy(hash->state, &state, sizeof state);
    return true;
}

bool ent_hash_final(ent_hash *hash, unsigned char digest[ENT_HASH_SIZE])
{
    crypto_generichash_state state;

    memcpy(&state, hash->state, sizeof state);
    return crypto_generichash_final(&state, digest, ENT_HASH_SIZE) == 0;
}

/* Reckoned and not looked up: so compilers make vectors of it. */
static inline char digit(unsigned char value)
{
    return (char)(value + '0' + (value > 9 ? 'a' - '9' - 1 : 0));
}

void ent_hash_text(const unsigned char digest[ENT_HASH_SIZE], char text[ENT_HASH_TEXT_SIZE])
{
    for (size_t i = 0; i < ENT_HASH_SIZE; i++) {
        text[2 * i] = digit(digest[i] >> 4);
        text[2 * i + 1] = digit(digest[i] & 15);
    }
    text[ENT_HASH_TEXT_SIZE - 1] = '\0';
}

bool ent_hash_final_hex(ent_hash *hash, char text[ENT_HASH_TEXT_SIZE])
{
    unsigned char digest[ENT_HASH_SIZE];

    if (!ent_hash_final(hash, digest))
        return false;
    ent_hash_text(digest, text);
    return true;
}

/* Lines are short: for them code for any processor is a fifth faster than libsodium's for vectors. */
bool ent_hash_hex(const void *data, size_t len, char text[ENT_HASH_TEXT_SIZE])
{
    ent_blake2b hash;
    unsigned char digest[ENT_HASH_SIZE];

    ent_blake2b_init(&hash);
    ent_blake2b_update(&hash, data, len);
    ent_blake2b_final(&hash, digest);
    ent_hash_text(digest, text);
    return true;
}

void ent_hash_begin(const void *const *text, const size_t *len, size_t n, ent_hash_begun *out)
{
    ent_blake2b_begin(text, len, n, out);
}

void ent_hash_end(const ent_hash_begun *begun, const void *rest, size_t len, char text[ENT_HASH_TEXT_SIZE])
{
    unsigned char digest[ENT_HASH_SIZE];

    ent_blake2b_end(begun, rest, len, digest);
    ent_hash_text(digest, text);
}

void ent_hash_end_all(const ent_hash_begun *begun, const void *const *rest, const size_t *len, size_t n,
                      char (*text)[ENT_HASH_TEXT_SIZE])
{
    enum { SOME = 64 };
    unsigned char digest[SOME][ENT_HASH_SIZE];

    for (size_t done = 0; done < n; done += SOME) {
        size_t part = n - done < SOME ? n - done : SOME;
        ent_blake2b_end_all(begun + done, rest + done, len + done, part, digest);
        for (size_t i = 0; i < part; i++)
            ent_hash_text(digest[i], text[done + i]);
    }
}
