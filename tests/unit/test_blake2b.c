/* BLAKE2b with each kernel that this processor has, against libsodium: one text and many side by side. */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/ledger/blake2b.h"
#include "runtime/ledger/hash.h"

enum { LONGEST = 1100, MOST = 200 };

static uint64_t seed = 1;
static unsigned char data[MOST + 3 * LONGEST];

static size_t draw(size_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(seed >> 33) % below;
}

/* Each test is run with each kernel; what this processor has not is passed by. */
static void each_kernel(void (*check)(void))
{
    for (ent_blake2b_kind kind = ENT_BLAKE2B_BEST; kind <= ENT_BLAKE2B_AVX512; kind++) {
        bool has = ent_blake2b_choose(kind);
        assert_true(has || kind >= ENT_BLAKE2B_AVX2);
        if (has) {
            check();
        }
    }
    assert_true(ent_blake2b_choose(ENT_BLAKE2B_BEST));
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (unsigned char)draw(256);
    }
    return sodium_init() < 0;
}

/* --- published: RFC 7693 has "abc" for 64 bytes only; these are of the reference code for 32 --- */

static void check_published(void)
{
    char text[ENT_HASH_TEXT_SIZE];
    assert_true(ent_hash_hex("", 0, text));
    assert_string_equal(text, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    assert_true(ent_hash_hex("abc", 3, text));
    assert_string_equal(text, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    assert_true(ent_hash_hex("The quick brown fox jumps over the lazy dog", 43, text));
    assert_string_equal(text, "01718cec35cd3d796dd00020e0bfecb473ad23457d063b75eff29c0ffa2e58a9");
}

static void test_published(void **state)
{
    (void)state;
    each_kernel(check_published);
}

/* --- one text --- */

static void check_one(void)
{
    unsigned char ours[32];
    unsigned char theirs[32];
    for (size_t len = 0; len <= LONGEST; len++) {
        const unsigned char *text = data + len % 61; /* at any alignment */
        size_t cut = draw(len + 1);
        ent_blake2b hash;
        crypto_generichash(theirs, sizeof theirs, text, len, NULL, 0);
        ent_blake2b_init(&hash);
        ent_blake2b_update(&hash, text, cut);
        ent_blake2b_update(&hash, text + cut, len - cut);
        ent_blake2b_final(&hash, ours);
        assert_memory_equal(ours, theirs, sizeof ours);
    }
}

static void test_one(void **state)
{
    (void)state;
    each_kernel(check_one);
}

/* --- many --- */

typedef struct mix {
    const void *text[MOST], *rest[MOST];
    size_t begun_len[MOST], rest_len[MOST];
    ent_hash_begun begun[MOST];
    char ended[MOST][ENT_HASH_TEXT_SIZE];
} mix;

static void whole(const mix *m, size_t i, char text[ENT_HASH_TEXT_SIZE])
{
    unsigned char digest[32];
    size_t len = (size_t)m->begun[i].bytes + m->rest_len[i];
    crypto_generichash(digest, sizeof digest, m->text[i], len, NULL, 0);
    sodium_bin2hex(text, ENT_HASH_TEXT_SIZE, digest, sizeof digest);
}

/* n texts, begun together with so many bytes as known[i] says; then what follows is ended in both ways. */
static void check_mix(size_t n, const size_t *known, size_t most_rest)
{
    static mix m;
    char expected[ENT_HASH_TEXT_SIZE];
    char ended[ENT_HASH_TEXT_SIZE];
    for (size_t i = 0; i < n; i++) {
        m.text[i] = data + i;
        m.begun_len[i] = known[i];
    }
    ent_hash_begin(m.text, m.begun_len, n, m.begun);
    bool all = true;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(m.begun[i].bytes, known[i] / 128 * 128);
        m.rest[i] = data + i + m.begun[i].bytes;
        m.rest_len[i] = (known[i] > 0) + draw(most_rest);
        all = all && m.rest_len[i] <= 128;
        whole(&m, i, expected);
        ent_hash_end(&m.begun[i], m.rest[i], m.rest_len[i], ended);
        assert_string_equal(ended, expected);
    }
    if (all) {
        ent_hash_end_all(m.begun, m.rest, m.rest_len, n, m.ended);
        for (size_t i = 0; i < n; i++) {
            whole(&m, i, expected);
            assert_string_equal(m.ended[i], expected);
        }
    }
}

static void check_many(void)
{
    size_t known[MOST];
    for (size_t len = 0; len <= LONGEST; len++) { /* all of one length */
        size_t n = 1 + len % 19;
        for (size_t i = 0; i < n; i++) {
            known[i] = len;
        }
        check_mix(n, known, 128);
    }
    for (unsigned round = 0; round < 300; round++) { /* any lengths, some of them far from the others */
        size_t n = draw(MOST + 1);
        size_t most = 1 + draw(LONGEST);
        for (size_t i = 0; i < n; i++) {
            known[i] = draw(10) ? draw(most) : draw(2 * LONGEST);
        }
        check_mix(n, known, round % 2 ? 128 : 900);
    }
}

static void test_many(void **state)
{
    (void)state;
    each_kernel(check_many);
}

/* What was never begun is NULL, and so may a rest of nothing be. */
static void check_nothing(void)
{
    const void *none[9] = {NULL};
    size_t len[9] = {0};
    ent_hash_begun begun[9];
    char text[9][ENT_HASH_TEXT_SIZE];
    ent_hash_begin(none, len, 9, begun);
    ent_hash_end_all(begun, none, len, 9, text);
    for (size_t i = 0; i < 9; i++) {
        assert_string_equal(text[i], "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    }
    ent_hash_begin(none, len, 0, begun);
}

static void test_nothing(void **state)
{
    (void)state;
    each_kernel(check_nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
