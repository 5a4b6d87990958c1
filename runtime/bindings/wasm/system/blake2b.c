/* libsodium's names for the hash, over runtime/ledger/blake2b.c.
 * Tested by tests/unit/test_wasm_system.c against libsodium, and by every ledger of tests/hosts/wasm.sh. */
#include "sodium/core.h"
#include "sodium/crypto_generichash.h"

int sodium_init(void)
{
    return 0;
}

int crypto_generichash_init(crypto_generichash_state *s, const unsigned char *key, size_t key_len, size_t out_len)
{
    if (key || key_len > 0 || out_len != ENT_BLAKE2B_SIZE) {
        return -1;
    }
    ent_blake2b_init(s);
    return 0;
}

int crypto_generichash_update(crypto_generichash_state *s, const unsigned char *data, unsigned long long len)
{
    ent_blake2b_update(s, data, (size_t)len);
    return 0;
}

int crypto_generichash_final(crypto_generichash_state *s, unsigned char *out, size_t out_len)
{
    if (out_len != ENT_BLAKE2B_SIZE) {
        return -1;
    }
    ent_blake2b_final(s, out);
    return 0;
}
