/* See key.h.  The private form (PROTOCOL.key of OpenSSH): a magic, the names of cipher and key derivation with
 * its options, the number of keys, the public key, and a block that holds two equal check words,
 * the key pair, a comment and padding 1 2 3 …; every string has its length in four bytes before it. */
#include "runtime/consent/key.h"

#include <sodium.h>
#include <string.h>

static const char ALGORITHM[] = "ssh-ed25519";
static const char MAGIC[] = "openssh-key-v1"; /* with its NUL */
static const char BEGIN[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char END[] = "-----END OPENSSH PRIVATE KEY-----";

enum { KEY_FILE_BYTES_MAX = 4096, BLOCK_MULTIPLE = 8 };

typedef struct wire {
    const unsigned char *p;
    size_t n;
    bool ok;
} wire;

static size_t take_number(wire *w)
{
    if (!w->ok || w->n < 4) {
        w->ok = false;
        return 0;
    }
    size_t v = (size_t)w->p[0] << 24 | (size_t)w->p[1] << 16 | (size_t)w->p[2] << 8 | w->p[3];
    w->p += 4;
    w->n -= 4;
    return v;
}

static wire take_string(wire *w)
{
    size_t len = take_number(w);
    if (!w->ok || len > w->n) {
        w->ok = false;
        return (wire){0};
    }
    wire s = {w->p, len, true};
    w->p += len;
    w->n -= len;
    return s;
}

static bool is_text(const wire *s, const char *text)
{
    return s->n == strlen(text) && memcmp(s->p, text, s->n) == 0;
}

static bool decode(const char *text, size_t len, unsigned char *out, size_t size, size_t *n)
{
    return sodium_init() >= 0 && sodium_base642bin(out, size, text, len, " \t\r\n", n, NULL,
                                                   sodium_base64_VARIANT_ORIGINAL) == 0;
}

static bool take_public(wire *w, ent_public_key *key, const char **why)
{
    wire algorithm = take_string(w);
    wire bytes = take_string(w);
    if (!w->ok || !is_text(&algorithm, ALGORITHM)) {
        *why = w->ok ? "it is a key of another kind: only ssh-ed25519 keys can sign"
                     : "the key is cut short or damaged";
        return false;
    }
    if (bytes.n != ENT_PUBLIC_KEY_BYTES) {
        *why = "the key is cut short or damaged";
        return false;
    }
    memcpy(key->bytes, bytes.p, ENT_PUBLIC_KEY_BYTES);
    return true;
}

bool ent_public_key_read(const char *text, size_t len, ent_public_key *key, const char **why)
{
    size_t n = sizeof ALGORITHM - 1;
    if (len <= n || memcmp(text, ALGORITHM, n) != 0 || (text[n] != ' ' && text[n] != '\t')) {
        bool other = (len > 5 && memcmp(text, "ssh-", 4) == 0 && text[4] != 'e') ||
                     (len > 6 && memcmp(text, "ecdsa-", 6) == 0) ||
                     (len > 3 && memcmp(text, "sk-", 3) == 0);
        *why = other ? "it is a key of another kind: only ssh-ed25519 keys can sign"
                     : "a public key is written `ssh-ed25519 AAAA…`";
        return false;
    }
    while (n < len && (text[n] == ' ' || text[n] == '\t')) {
        n++;
    }
    size_t end = n;
    while (end < len && text[end] != ' ' && text[end] != '\t' && text[end] != '\r' &&
           text[end] != '\n') {
        end++;
    }
    unsigned char blob[128];
    wire w = {blob, 0, true};
    if (!decode(text + n, end - n, blob, sizeof blob, &w.n)) {
        *why = "the key is cut short or damaged";
        return false;
    }
    if (!take_public(&w, key, why)) {
        return false;
    }
    *why = "the key is cut short or damaged";
    return w.n == 0;
}

/* The base64 between the first and the last line. */
static bool find_body(const char *text, size_t len, const char **body, size_t *n)
{
    size_t at = 0;
    while (at < len && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r')) {
        at++;
    }
    if (len - at < sizeof BEGIN - 1 || memcmp(text + at, BEGIN, sizeof BEGIN - 1) != 0) {
        return false;
    }
    *body = text + at + sizeof BEGIN - 1;
    size_t rest = len - at - (sizeof BEGIN - 1);
    for (*n = 0; *n + sizeof END - 1 <= rest; (*n)++) {
        if (memcmp(*body + *n, END, sizeof END - 1) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_padding(const wire *w)
{
    for (size_t i = 0; i < w->n; i++) {
        if (w->p[i] != i + 1) {
            return false;
        }
    }
    return w->n < BLOCK_MULTIPLE;
}

static bool take_pair(wire *block, const ent_public_key *outer, ent_secret_key *key,
                      const char **why)
{
    size_t first = take_number(block);
    size_t second = take_number(block);
    ent_public_key inner;
    if (!block->ok || first != second || !take_public(block, &inner, why)) {
        *why = "the key is damaged: its check words differ";
        return false;
    }
    wire pair = take_string(block);
    (void)take_string(block); /* the comment */
    *why = "the key is damaged: its parts do not fit together";
    if (!block->ok || pair.n != ENT_SECRET_KEY_BYTES || !is_padding(block) ||
        memcmp(pair.p + 32, inner.bytes, ENT_PUBLIC_KEY_BYTES) != 0 ||
        memcmp(outer->bytes, inner.bytes, ENT_PUBLIC_KEY_BYTES) != 0) {
        return false;
    }
    unsigned char derived[ENT_PUBLIC_KEY_BYTES];
    if (crypto_sign_seed_keypair(derived, key->bytes, pair.p) != 0 ||
        memcmp(derived, inner.bytes, sizeof derived) != 0) {
        return false;
    }
    key->public_key = inner;
    return true;
}

static bool take_file(wire *w, ent_secret_key *key, const char **why)
{
    *why = "the key file is cut short or damaged";
    if (w->n < sizeof MAGIC || memcmp(w->p, MAGIC, sizeof MAGIC) != 0) {
        return false;
    }
    w->p += sizeof MAGIC;
    w->n -= sizeof MAGIC;
    wire cipher = take_string(w);
    wire derivation = take_string(w);
    (void)take_string(w);
    if (!w->ok) {
        return false;
    }
    if (!is_text(&cipher, "none") || !is_text(&derivation, "none")) {
        *why = "the key is encrypted with a passphrase: make an unencrypted copy with `ssh-keygen -p`, "
               "sign, and remove it";
        return false;
    }
    if (take_number(w) != 1) {
        *why = "the file does not hold exactly one key";
        return false;
    }
    wire public_part = take_string(w);
    wire block = take_string(w);
    ent_public_key outer;
    if (!w->ok || w->n != 0) {
        return false;
    }
    return take_public(&public_part, &outer, why) && take_pair(&block, &outer, key, why);
}

bool ent_secret_key_read(const char *text, size_t len, ent_secret_key *key, const char **why)
{
    unsigned char file[KEY_FILE_BYTES_MAX];
    const char *body;
    size_t n;
    wire w = {file, 0, true};
    if (!find_body(text, len, &body, &n)) {
        ent_public_key unused;
        bool is_public = ent_public_key_read(text, len, &unused, why);
        *why = is_public ? "this is a public key: signing takes the private one, the file without .pub"
                         : "it is no private key in OpenSSH's format (`ssh-keygen -t ed25519` makes one)";
        return false;
    }
    bool ok = decode(body, n, file, sizeof file, &w.n);
    *why = "the key file is cut short or damaged";
    ok = ok && take_file(&w, key, why);
    sodium_memzero(file, sizeof file);
    if (!ok) {
        ent_secret_key_wipe(key);
    }
    return ok;
}

void ent_secret_key_wipe(ent_secret_key *key)
{
    sodium_memzero(key->bytes, sizeof key->bytes);
}

void ent_wipe(void *memory, size_t len)
{
    sodium_memzero(memory, len);
}

enum { BLOB = 4 + sizeof ALGORITHM - 1 + 4 + ENT_PUBLIC_KEY_BYTES };

static void make_blob(const ent_public_key *key, unsigned char blob[BLOB])
{
    memset(blob, 0, BLOB);
    blob[3] = sizeof ALGORITHM - 1;
    memcpy(blob + 4, ALGORITHM, sizeof ALGORITHM - 1);
    blob[4 + sizeof ALGORITHM - 1 + 3] = ENT_PUBLIC_KEY_BYTES;
    memcpy(blob + 4 + sizeof ALGORITHM - 1 + 4, key->bytes, ENT_PUBLIC_KEY_BYTES);
}

void ent_public_key_text(const ent_public_key *key, char text[ENT_PUBLIC_KEY_TEXT_SIZE])
{
    unsigned char blob[BLOB];
    make_blob(key, blob);
    memcpy(text, "ssh-ed25519 ", 12);
    (void)sodium_bin2base64(text + 12, ENT_PUBLIC_KEY_TEXT_SIZE - 12, blob, sizeof blob,
                            sodium_base64_VARIANT_ORIGINAL);
}

void ent_public_key_fingerprint(const ent_public_key *key, char text[ENT_FINGERPRINT_SIZE])
{
    unsigned char blob[BLOB];
    unsigned char hash[crypto_hash_sha256_BYTES];
    make_blob(key, blob);
    (void)crypto_hash_sha256(hash, blob, sizeof blob);
    memcpy(text, "SHA256:", 7);
    (void)sodium_bin2base64(text + 7, ENT_FINGERPRINT_SIZE - 7, hash, sizeof hash,
                            sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

bool ent_public_key_equal(const ent_public_key *a, const ent_public_key *b)
{
    return memcmp(a->bytes, b->bytes, ENT_PUBLIC_KEY_BYTES) == 0;
}

bool ent_sign(const ent_secret_key *key, const char *message, size_t len,
              unsigned char signature[ENT_SIGNATURE_BYTES])
{
    return sodium_init() >= 0 &&
           crypto_sign_detached(signature, NULL, (const unsigned char *)message, len, key->bytes) == 0;
}

bool ent_signature_fits(const ent_public_key *key, const char *message, size_t len,
                        const unsigned char signature[ENT_SIGNATURE_BYTES])
{
    return sodium_init() >= 0 &&
           crypto_sign_verify_detached(signature, (const unsigned char *)message, len, key->bytes) == 0;
}

void ent_signature_text(const unsigned char signature[ENT_SIGNATURE_BYTES],
                        char text[ENT_SIGNATURE_TEXT_SIZE])
{
    (void)sodium_bin2base64(text, ENT_SIGNATURE_TEXT_SIZE, signature, ENT_SIGNATURE_BYTES,
                            sodium_base64_VARIANT_ORIGINAL);
}

bool ent_signature_read(const char *text, size_t len, unsigned char signature[ENT_SIGNATURE_BYTES])
{
    size_t n;
    return sodium_init() >= 0 &&
           sodium_base642bin(signature, ENT_SIGNATURE_BYTES, text, len, NULL, &n, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           n == ENT_SIGNATURE_BYTES;
}
