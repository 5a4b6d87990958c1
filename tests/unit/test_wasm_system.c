/* What stands in for libsodium and the C library in builds for WebAssembly, beside the originals. */
#define sodium_init own_init
#define crypto_generichash_state own_state
#define crypto_generichash_init own_hash_init
#define crypto_generichash_update own_hash_update
#define crypto_generichash_final own_hash_final
#define sodium_base642bin own_base642bin
#define sodium_memzero own_memzero
#define sodium_bin2base64 own_bin2base64
#define crypto_hash_sha256 own_sha256
#define crypto_sign_detached own_sign
#define crypto_sign_seed_keypair own_seed_keypair
#define crypto_sign_verify_detached own_verify
#include "runtime/bindings/wasm/system/base64.c"
#include "runtime/bindings/wasm/system/blake2b.c"
#define order group_order
#include "runtime/bindings/wasm/system/ed25519.c"
#define beginning sha_beginning
#define turn sha_turn
#define take_block sha_take_block
#define BLOCK SHA_BLOCK
#define ROUNDS SHA_ROUNDS
#include "runtime/bindings/wasm/system/sha512.c"
#include "runtime/bindings/wasm/system/sort.c"
#undef sodium_init
#undef crypto_generichash_state
#undef crypto_generichash_init
#undef crypto_generichash_update
#undef crypto_generichash_final
#undef sodium_base642bin
#undef sodium_memzero
#undef sodium_bin2base64
#undef crypto_hash_sha256
#undef crypto_sign_detached
#undef crypto_sign_seed_keypair
#undef crypto_sign_verify_detached

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static uint64_t state = 1;

static uint64_t draw(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state >> 33;
}

static void draw_bytes(unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (unsigned char)draw();
    }
}

/* Every length around the blocks' ends, in portions. */
static void test_hashes(void **unused)
{
    unsigned char data[520];
    unsigned char ours[64];
    unsigned char theirs[64];
    (void)unused;
    draw_bytes(data, sizeof data);
    for (size_t len = 0; len <= sizeof data; len++) {
        own_state own;
        ent_sha512 sha;
        size_t cut = len ? draw() % len : 0;
        assert_int_equal(own_hash_init(&own, NULL, 0, 32), 0);
        assert_int_equal(own_hash_update(&own, data, cut), 0);
        assert_int_equal(own_hash_update(&own, data + cut, len - cut), 0);
        assert_int_equal(own_hash_final(&own, ours, 32), 0);
        crypto_generichash(theirs, 32, data, len, NULL, 0);
        assert_memory_equal(ours, theirs, 32);
        ent_sha512_init(&sha);
        ent_sha512_update(&sha, data, cut);
        ent_sha512_update(&sha, data + cut, len - cut);
        ent_sha512_final(&sha, ours);
        crypto_hash_sha512(theirs, data, len);
        assert_memory_equal(ours, theirs, 64);
    }
}

static void check_same(const unsigned char *signature, const unsigned char *message, size_t len,
                       const unsigned char *key, int expected)
{
    int theirs = crypto_sign_verify_detached(signature, message, len, key);
    assert_int_equal(own_verify(signature, message, len, key), theirs);
    assert_true(expected == 2 || theirs == expected);
}

static void test_signatures(void **unused)
{
    unsigned char key[32], secret[64], seed[32], message[100], signature[64];
    (void)unused;
    for (int i = 0; i < 40; i++) {
        size_t len = draw() % sizeof message;
        draw_bytes(seed, sizeof seed);
        draw_bytes(message, sizeof message);
        crypto_sign_seed_keypair(key, secret, seed);
        crypto_sign_detached(signature, NULL, message, len, secret);
        check_same(signature, message, len, key, 0);
        signature[draw() % 64] ^= (unsigned char)(1 << draw() % 8);
        check_same(signature, message, len, key, -1);
        crypto_sign_detached(signature, NULL, message, len, secret);
        key[draw() % 32] ^= (unsigned char)(1 << draw() % 8);
        check_same(signature, message, len, key, -1);
        /* S + L says the same in a longer way */
        crypto_sign_detached(signature, NULL, message, len, secret);
        unsigned over = 0;
        for (int k = 0; k < 32; k++) {
            over += signature[32 + k] + (unsigned)group_order[k];
            signature[32 + k] = (unsigned char)over;
            over >>= 8;
        }
        crypto_sign_seed_keypair(key, secret, seed);
        check_same(signature, message, len, key, -1);
    }
}

/* Keys and points of small order, and y that is not below p: refused, whatever is signed. */
static void test_weak_keys(void **unused)
{
    static const unsigned char lows[] = {0, 1, 2, 0xec, 0xed, 0xee, 0xef};
    unsigned char key[32], signature[64] = {1};
    (void)unused;
    for (size_t i = 0; i < sizeof lows; i++) {
        for (int sign = 0; sign < 2; sign++) {
            memset(key, lows[i] < 3 ? 0 : 0xff, sizeof key);
            key[0] = lows[i];
            key[31] = (unsigned char)((lows[i] < 3 ? 0 : 0x7f) | sign << 7);
            check_same(signature, key, sizeof key, key, -1);
        }
    }
}

static void test_base64(void **unused)
{
    static const char *const texts[] = {"",     "AA==", "AA=",  "AA",   "AB==", "QUJD", "QUI=", "QU I=", "QU=I", "QUI",
                                        "Q===", "====", "QUJD=", "QUJDRA==", "QUJD\nRA==", "QU*D", "+/+/", " QUJD "};
    (void)unused;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (int ignoring = 0; ignoring < 2; ignoring++) {
            unsigned char ours[16] = {0}, theirs[16] = {0};
            size_t n = 0, m = 0;
            const char *ignore = ignoring ? " \t\r\n" : NULL;
            size_t max = i == 13 ? 3 : sizeof ours;
            int a = own_base642bin(ours, max, texts[i], strlen(texts[i]), ignore, &n, NULL, 1);
            int b = sodium_base642bin(theirs, max, texts[i], strlen(texts[i]), ignore, &m, NULL, 1);
            if (a != b || (a == 0 && (n != m || memcmp(ours, theirs, n) != 0))) {
                fail_msg("`%s`: %d and %d, %zu and %zu bytes", texts[i], a, b, n, m);
            }
        }
    }
}

static int by_high_half(const void *a, const void *b, void *user)
{
    uint32_t x = *(const uint32_t *)a >> 16, y = *(const uint32_t *)b >> 16;
    ++*(size_t *)user;
    return (x > y) - (x < y);
}

/* Equal elements stay in their order, with memory and without. */
static void test_sort(void **unused)
{
    uint32_t v[300];
    (void)unused;
    for (size_t n = 0; n <= 300; n++) {
        for (int in_place = 0; in_place < 2; in_place++) {
            size_t calls = 0;
            for (size_t i = 0; i < n; i++) {
                v[i] = (uint32_t)(draw() % 20 << 16 | i);
            }
            if (in_place) {
                insert((char *)v, n, sizeof *v, by_high_half, &calls);
            } else {
                ent_sort(v, n, sizeof *v, by_high_half, &calls);
            }
            for (size_t i = 1; i < n; i++) {
                assert_true(v[i - 1] < v[i]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hashes), cmocka_unit_test(test_signatures),
                                       cmocka_unit_test(test_weak_keys), cmocka_unit_test(test_base64),
                                       cmocka_unit_test(test_sort)};
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
