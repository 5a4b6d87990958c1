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
#include "runtime/ledger/hash_tree.h"

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
    enum { N = 17 }; /* more than any kernel has lanes */
    const void *none[N] = {NULL};
    size_t len[N] = {0};
    ent_hash_begun begun[N];
    char text[N][ENT_HASH_TEXT_SIZE];
    ent_hash_begin(none, len, N, begun);
    ent_hash_end_all(begun, none, len, N, text);
    for (size_t i = 0; i < N; i++) {
        assert_string_equal(text[i], "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    }
    ent_hash_begin(none, len, 0, begun);
}

static void test_nothing(void **state)
{
    (void)state;
    each_kernel(check_nothing);
}

/* --- trees --- */

/* By the reference code, through hashlib, of bytes 0 to 250 over and over. */
static void check_trees(void)
{
    static const struct {
        size_t len;
        const char *hash;
    } known[] = {
        {0, "355d08edbe073c07e803482187f67daa25edc6d3e770d308e15adac7073fca4d"},
        {1, "7a6e14b2ec1120cae69e67772a362cb3c006282a2abbef79eb5faca888dfd5e4"},
        {128, "c41b8119bf5c30cbd033f79ac48086aa05a3cb829cd383dbd4b772489a77be2d"},
        {4095, "7d3faab5a8986780e55306ed48aed0338c614ed3845f345a5fa6a6df5f185111"},
        {4096, "091d2adcce15b36dc005a306de197836b796a329ede740a3d3389afc0b72c38d"},
        {4097, "b969bea82899825176fba55ef5a294deec0efa2260ce6f2bb5490aac72688219"},
        {8192, "6863fa923297f7157872ab682d92cfdc81bdb9d9fef406cfcee7d0b902b2a4ee"},
        {8193, "fcbb531126cbbe04ede878441838bf0e9ee02ed605b065c9900c3c3a3dfcabef"},
        {32768, "08e54a012eab756c4621c1ff57de24eefcf1fedf3b5dd9ed515773d6ebac9ed7"},
        {32769, "7b20228a003e858479da4045cdc4a3593e32ad617b9c41a7973a37161dd32432"},
        {69633, "b24091ca483398a34f76cc9bb054d7a3a570d195f587c5e77562effb498ea186"},
        {131072, "72dcdb849574974ecf548951a0657e3fa31baacf3ef944cc22a2a00cb14789e2"},
        {200000, "3d70ffe14b2774f8c275b446c68289a5eac952269d7981b9bf406a9dace6a9a4"},
    };
    static unsigned char bytes[200000];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(i % 251);
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t leaves = known[i].len > 0 ? (known[i].len - 1) / 4096 : 0;
        for (size_t first = 0; first <= leaves; first += 1 + leaves / 5) { /* in two portions */
            ent_hash_tree tree;
            unsigned char digest[ENT_HASH_SIZE];
            char text[ENT_HASH_TEXT_SIZE];
            ent_hash_tree_init(&tree);
            ent_hash_tree_leaves(&tree, bytes, first);
            ent_hash_tree_leaves(&tree, bytes + first * 4096, leaves - first);
            assert_int_equal(tree.leaves, leaves);
            ent_hash_tree_final(&tree, bytes + leaves * 4096, known[i].len - leaves * 4096, digest);
            ent_hash_text(digest, text);
            assert_string_equal(text, known[i].hash);
        }
    }
}

static void test_trees(void **state)
{
    (void)state;
    each_kernel(check_trees);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_trees),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
