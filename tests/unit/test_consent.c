/* Keys in OpenSSH's forms, signature files, and every way in which a signature is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/consent/consent.h"

static const char SECRET[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "QyNTUxOQAAACCpimLt55foeZ0Ul9u+eqlSKMYJ5+9+qOEm/oY7pr1M7QAAAJiY/FZmmPxW\n"
    "ZgAAAAtzc2gtZWQyNTUxOQAAACCpimLt55foeZ0Ul9u+eqlSKMYJ5+9+qOEm/oY7pr1M7Q\n"
    "AAAEDAVVCh/vPe/ZyzqGi8zc3rsHvcS8tJPL3Tef9metvLPamKYu3nl+h5nRSX2756qVIo\n"
    "xgnn736o4Sb+hjumvUztAAAAFWhvc3QsIGEga2V5IGZvciB0ZXN0cw==\n"
    "-----END OPENSSH PRIVATE KEY-----\n";
static const char PUBLIC[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKmKYu3nl+h5nRSX2756qVIoxgnn736o4Sb+hjumvUzt";

/* --- a program of two agreements: Web between Host and Shop, Desk between Hub and Host --- */

enum { HOST, SHOP, HUB, WEB, DESK, DIGEST_1, DIGEST_2, KEY, CLUB, OTHER_CLUB, STRINGS };

typedef struct world {
    ent_image p;
    ent_string strings[STRINGS];
    ent_party_row parties[3];
    ent_agreement_row agreements[2];
    ent_party_key_row keys[1];
    ent_framework_row framework[1];
    ent_allowed_keys allowed;
    ent_signatures signatures;
    ent_secret_key key;
} world;

static const char FIRST[] = "1111111111111111111111111111111111111111111111111111111111111111";
static const char SECOND[] = "2222222222222222222222222222222222222222222222222222222222222222";

static int make_world(void **state)
{
    static world w;
    const char *texts[STRINGS] = {"Host", "Shop", "Hub", "Web", "Desk", FIRST, SECOND, PUBLIC, "Club", "OtherClub"};
    const char *why;
    memset(&w, 0, sizeof w);
    for (size_t i = 0; i < STRINGS; i++) {
        w.strings[i] = (ent_string){texts[i], (uint32_t)strlen(texts[i])};
    }
    w.p.strings = w.strings;
    w.p.n_strings = STRINGS;
    for (int64_t i = 0; i < 3; i++) {
        w.parties[i] = (ent_party_row){.name = i, .title = -1};
    }
    w.p.party = w.parties;
    w.p.n_party = 3;
    w.agreements[0] = (ent_agreement_row){
        .name = WEB, .version = 3, .supplier = HOST, .customer = SHOP, .digest = DIGEST_1};
    w.agreements[1] = (ent_agreement_row){
        .kind = 1, .name = DESK, .version = 1, .supplier = HUB, .customer = HOST, .digest = DIGEST_2};
    w.p.agreement = w.agreements;
    w.p.n_agreement = 2;
    w.framework[0] = (ent_framework_row){.name = CLUB, .title = -1};
    w.p.framework = w.framework;
    w.p.n_framework = 1;
    w.keys[0] = (ent_party_key_row){HOST, KEY};
    w.p.party_key = w.keys;
    w.p.n_party_key = 1;
    assert_true(ent_secret_key_read(SECRET, strlen(SECRET), &w.key, &why));
    assert_true(ent_allowed_keys_of(&w.p, &w.allowed));
    assert_true(ent_consent_sign(&w.p, 0, "Host", &w.key, &w.signatures));
    *state = &w;
    return 0;
}

static int free_world(void **state)
{
    world *w = *state;
    ent_signatures_free(&w->signatures);
    ent_allowed_keys_free(&w->allowed);
    return 0;
}

static ent_consent judge(const world *w, const char *says)
{
    char why[ENT_CONSENT_WHY_SIZE];
    int64_t row;
    ent_consent result = ent_consent_judge(&w->p, &w->allowed, &w->signatures.v[0], &row, why);
    if (says && !strstr(why, says)) {
        print_error("expected `%s` in `%s`\n", says, why);
        fail();
    }
    return result;
}

/* --- keys --- */

static void public_keys(void **state)
{
    (void)state;
    ent_public_key key;
    const char *why;
    char text[ENT_PUBLIC_KEY_TEXT_SIZE];
    char print[ENT_FINGERPRINT_SIZE];
    char line[256];
    assert_true(ent_public_key_read(PUBLIC, strlen(PUBLIC), &key, &why));
    ent_public_key_text(&key, text);
    assert_string_equal(text, PUBLIC);
    ent_public_key_fingerprint(&key, print);
    assert_string_equal(print, "SHA256:j3w/6JOs/t/JzE0GA5Fpq/5Qj78ub4WgHLun7NzQ1Yc");
    snprintf(line, sizeof line, "%s somebody@somewhere\r\n", PUBLIC);
    assert_true(ent_public_key_read(line, strlen(line), &key, &why));
    static const struct {
        const char *text, *why;
    } bad[] = {{"", "a public key is written"},
               {"ssh-ed25519", "a public key is written"},
               {"ssh-ed25519 ", "cut short"},
               {"ssh-ed25519 AAAA", "cut short"},
               {"ssh-ed25519 !!!!", "cut short"},
               {"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB", "another kind"},
               {"ecdsa-sha2-nistp256 AAAA", "another kind"},
               {"ssh-ed25519 AAAAB3NzaC1yc2EAAAADAQAB", "another kind"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(ent_public_key_read(bad[i].text, strlen(bad[i].text), &key, &why));
        assert_non_null(strstr(why, bad[i].why));
    }
    for (size_t n = 0; n < strlen(PUBLIC); n++) {
        assert_false(ent_public_key_read(PUBLIC, n, &key, &why));
    }
}

static void secret_keys(void **state)
{
    (void)state;
    ent_secret_key key;
    ent_public_key public_key;
    const char *why;
    assert_true(ent_secret_key_read(SECRET, strlen(SECRET), &key, &why));
    assert_true(ent_public_key_read(PUBLIC, strlen(PUBLIC), &public_key, &why));
    assert_true(ent_public_key_equal(&key.public_key, &public_key));
    assert_false(ent_secret_key_read(PUBLIC, strlen(PUBLIC), &key, &why));
    assert_non_null(strstr(why, "public key"));
    assert_false(ent_secret_key_read("hello", 5, &key, &why));
    for (size_t n = 0; n + 2 < strlen(SECRET); n++) {
        assert_false(ent_secret_key_read(SECRET, n, &key, &why));
    }
}

/* No character of the base64 can be changed: the parts of the file check one another (but for the comment and
 * the names of nothing, which say nothing about the key). */
static void damaged_secret_keys(void **state)
{
    (void)state;
    char text[sizeof SECRET];
    size_t refused = 0;
    size_t tried = 0;
    for (size_t i = 36; i + 36 < sizeof SECRET; i++) {
        ent_secret_key key;
        ent_public_key right;
        const char *why;
        memcpy(text, SECRET, sizeof SECRET);
        if (text[i] == '\n') {
            continue;
        }
        text[i] = text[i] == 'A' ? 'B' : 'A';
        tried++;
        if (!ent_secret_key_read(text, strlen(text), &key, &why)) {
            refused++;
            continue;
        }
        assert_true(ent_public_key_read(PUBLIC, strlen(PUBLIC), &right, &why));
        assert_true(ent_public_key_equal(&key.public_key, &right));
    }
    assert_true(refused * 10 > tried * 8);
}

static void encrypted_keys(void **state)
{
    (void)state;
    /* magic, cipher aes256-ctr, derivation bcrypt, options of two bytes, one key */
    static const char text[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
                               "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAAgECAAAAAQ==\n"
                               "-----END OPENSSH PRIVATE KEY-----\n";
    ent_secret_key key;
    const char *why;
    assert_false(ent_secret_key_read(text, strlen(text), &key, &why));
    assert_non_null(strstr(why, "encrypted"));
}

/* --- signatures --- */

static void valid(void **state)
{
    world *w = *state;
    assert_int_equal(judge(w, NULL), ENT_CONSENT_VALID);
    assert_true(ent_consent_given(&w->p, &w->allowed, &w->signatures, 0, HOST));
    assert_false(ent_consent_given(&w->p, &w->allowed, &w->signatures, 0, SHOP));
    assert_false(ent_consent_given(&w->p, &w->allowed, &w->signatures, 1, HOST));
}

/* A signature of yesterday beside today's text of the same version. */
static void replayed_under_another_text(void **state)
{
    world *w = *state;
    w->agreements[0].digest = DIGEST_2;
    assert_int_equal(judge(w, "another text of version 3: that had the digest 111111111111"),
                     ENT_CONSENT_REPLAYED);
    assert_false(ent_consent_given(&w->p, &w->allowed, &w->signatures, 0, HOST));
}

/* The agreement has gone on; the entry is as it was, or says that it is for the later version. */
static void replayed_of_an_earlier_version(void **state)
{
    world *w = *state;
    w->agreements[0].version = 4;
    assert_int_equal(judge(w, "given to version 3, and `Web` has gone on to version 4"),
                     ENT_CONSENT_NO_VERSION);
    w->signatures.v[0].version = 4;
    assert_int_equal(judge(w, "given to version 3, and stands here for version 4"), ENT_CONSENT_SWAPPED);
    w->agreements[0].digest = DIGEST_2;
    assert_int_equal(judge(w, "given to version 3, and stands here for version 4"), ENT_CONSENT_SWAPPED);
    assert_false(ent_consent_given(&w->p, &w->allowed, &w->signatures, 0, HOST));
}

static void replayed_of_a_later_version(void **state)
{
    world *w = *state;
    w->agreements[0].version = 2;
    assert_int_equal(judge(w, "given to version 3, and `Web` is here at version 2"), ENT_CONSENT_NO_VERSION);
    w->signatures.v[0].version = 2;
    assert_int_equal(judge(w, "one of the two was changed"), ENT_CONSENT_TAMPERED);
}

/* Party, agreement, version, text and keys are the same, and the club is another one. */
static void replayed_of_another_club(void **state)
{
    world *w = *state;
    w->framework[0].name = OTHER_CLUB;
    assert_int_equal(judge(w, "given under the framework `Club`, and this is `OtherClub`"),
                     ENT_CONSENT_FOREIGN);
    assert_false(ent_consent_given(&w->p, &w->allowed, &w->signatures, 0, HOST));
    free(w->signatures.v[0].framework);
    w->signatures.v[0].framework = strdup("OtherClub");
    assert_int_equal(judge(w, "one of the two was changed"), ENT_CONSENT_TAMPERED);
}

static void tampered(void **state)
{
    world *w = *state;
    ent_signature *s = &w->signatures.v[0];
    for (size_t i = 0; i < ENT_SIGNATURE_BYTES; i++) {
        s->bytes[i] ^= 1;
        assert_int_equal(judge(w, "one of the two was changed"), ENT_CONSENT_TAMPERED);
        s->bytes[i] ^= 1;
    }
    s->key.bytes[3] ^= 1;
    assert_int_equal(judge(w, "one of the two was changed"), ENT_CONSENT_TAMPERED);
    s->key.bytes[3] ^= 1;
    w->agreements[0].digest = DIGEST_2; /* its author no longer has the text that it fits */
    s->digest[5] = '7';
    assert_int_equal(judge(w, "one of the two was changed"), ENT_CONSENT_TAMPERED);
    w->agreements[0].digest = DIGEST_1;
    assert_int_equal(judge(w, "that of Host under `Web` version 3"), ENT_CONSENT_SWAPPED);
    s->digest[5] = '1';
    assert_int_equal(judge(w, NULL), ENT_CONSENT_VALID);
}

static void swapped_to_another_party(void **state)
{
    world *w = *state;
    strcpy(w->signatures.v[0].party, "Shop");
    assert_int_equal(judge(w, "that of Host under `Web` version 3"), ENT_CONSENT_SWAPPED);
    assert_false(ent_consent_given(&w->p, &w->allowed, &w->signatures, 0, SHOP));
}

static void swapped_to_another_agreement(void **state)
{
    world *w = *state;
    free(w->signatures.v[0].agreement);
    w->signatures.v[0].agreement = strdup("Desk");
    w->signatures.v[0].version = 1;
    assert_int_equal(judge(w, "that of Host under `Web` version 3"), ENT_CONSENT_SWAPPED);
    assert_false(ent_consent_given(&w->p, &w->allowed, &w->signatures, 1, HOST));
    strcpy(w->signatures.v[0].agreement, "Gone");
    assert_int_equal(judge(w, "that of Host under `Web` version 3"), ENT_CONSENT_SWAPPED);
}

static void of_an_agreement_that_is_not_here(void **state)
{
    world *w = *state;
    w->agreements[0].name = DESK;
    assert_int_equal(judge(w, "the program has no agreement `Web`"), ENT_CONSENT_NO_AGREEMENT);
}

static void of_a_party_that_left(void **state)
{
    world *w = *state;
    w->agreements[0].supplier = HUB;
    assert_int_equal(judge(w, "Host is no party of `Web`, which is between Hub and Shop"), ENT_CONSENT_NO_PARTY);
}

static void keys_that_do_not_speak(void **state)
{
    world *w = *state;
    w->keys[0].party = SHOP;
    ent_allowed_keys_free(&w->allowed);
    assert_true(ent_allowed_keys_of(&w->p, &w->allowed));
    assert_int_equal(judge(w, "speaks for Shop, not for Host"), ENT_CONSENT_KEY);
    ent_allowed_keys_free(&w->allowed);
    assert_int_equal(judge(w, "no key is known to speak for Host"), ENT_CONSENT_KEY);
    w->keys[0].party = HOST;
    assert_true(ent_allowed_keys_of(&w->p, &w->allowed));
    w->allowed.v[0].key.bytes[0] ^= 1;
    assert_int_equal(judge(w, "none of those that speak for Host"), ENT_CONSENT_KEY);
}

/* --- files --- */

static void signature_files(void **state)
{
    world *w = *state;
    char why[ENT_CONSENT_WHY_SIZE];
    ent_signatures again;
    assert_true(ent_consent_sign(&w->p, 1, "Host", &w->key, &w->signatures));
    assert_true(ent_consent_sign(&w->p, 0, "Host", &w->key, &w->signatures));
    assert_int_equal(w->signatures.n, 2); /* one took the place of another */
    char *text = ent_signatures_write(&w->signatures);
    assert_int_equal(ent_signatures_read(text, strlen(text), &again, why), ENT_CONSENT_READ);
    assert_int_equal(again.n, 2);
    assert_string_equal(again.v[1].agreement, "Desk");
    assert_memory_equal(again.v[1].bytes, w->signatures.v[1].bytes, ENT_SIGNATURE_BYTES);
    ent_signatures_free(&again);
    size_t whole = strlen(text);
    for (size_t n = 0; n < whole; n++) { /* never anything but whole signatures */
        if (ent_signatures_read(text, n, &again, why) == ENT_CONSENT_READ) {
            assert_true(again.n < 2 || n == whole - 1);
            ent_signatures_free(&again);
        } else {
            assert_non_null(strstr(why, "line "));
        }
    }
    free(text);
}

static void allowed_files(void **state)
{
    (void)state;
    ent_allowed_keys keys = {0};
    char why[ENT_CONSENT_WHY_SIZE];
    char text[512];
    snprintf(text, sizeof text, "# who speaks\n\nHost %s me@here\n\"Big Shop\"  %s\n", PUBLIC, PUBLIC);
    assert_int_equal(ent_allowed_keys_read(text, strlen(text), &keys, why), ENT_CONSENT_READ);
    assert_int_equal(keys.n, 2);
    assert_string_equal(keys.v[1].party, "Big Shop");
    ent_allowed_keys_free(&keys);
    static const char *const bad[] = {"Host", "Host ", "ssh-ed25519 AAAA", "\"Host ssh-ed25519 AAAA"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ent_allowed_keys_read(bad[i], strlen(bad[i]), &keys, why), ENT_CONSENT_MALFORMED);
        assert_non_null(strstr(why, "line 1"));
        ent_allowed_keys_free(&keys);
    }
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_keys),  cmocka_unit_test(secret_keys),
        cmocka_unit_test(damaged_secret_keys), cmocka_unit_test(encrypted_keys),
        IN_WORLD(valid),
        IN_WORLD(replayed_under_another_text),
        IN_WORLD(replayed_of_an_earlier_version),
        IN_WORLD(replayed_of_a_later_version),
        IN_WORLD(replayed_of_another_club),
        IN_WORLD(tampered),
        IN_WORLD(swapped_to_another_party),
        IN_WORLD(swapped_to_another_agreement),
        IN_WORLD(of_an_agreement_that_is_not_here),
        IN_WORLD(of_a_party_that_left),
        IN_WORLD(keys_that_do_not_speak),
        IN_WORLD(signature_files),
        cmocka_unit_test(allowed_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
