/* Signature files and allowed-keys files; see consent.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/consent/consent.h"

static const char HEAD[] = "entente signatures 1";
static const char HEX[] = "0123456789abcdef";

/* --- lines --- */

typedef struct lines {
    const char *at, *end;
    size_t number; /* of the line that was taken last */
    const char *text;
    size_t len;
} lines;

static bool next_line(lines *l)
{
    if (l->at == l->end) {
        return false;
    }
    const char *newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
    l->text = l->at;
    l->len = (size_t)((newline ? newline : l->end) - l->at);
    l->at = newline ? newline + 1 : l->end;
    l->number++;
    while (l->len > 0 && (l->text[l->len - 1] == '\r' || l->text[l->len - 1] == ' ')) {
        l->len--;
    }
    return true;
}

static bool next_line_with_text(lines *l)
{
    while (next_line(l)) {
        if (l->len > 0) {
            return true;
        }
    }
    return false;
}

static char *copy(const char *text, size_t len)
{
    char *out = malloc(len + 1);
    if (out) {
        memcpy(out, text, len);
        out[len] = 0;
    }
    return out;
}

/* --- signatures --- */

static void free_signature(ent_signature *s)
{
    free(s->party);
    free(s->framework);
    free(s->agreement);
    s->party = s->framework = s->agreement = NULL;
}

void ent_signatures_free(ent_signatures *signatures)
{
    for (size_t i = 0; i < signatures->n; i++) {
        free_signature(&signatures->v[i]);
    }
    free(signatures->v);
    *signatures = (ent_signatures){0};
}

static bool append(ent_signatures *signatures, const ent_signature *s)
{
    if (signatures->n == signatures->capacity) {
        size_t capacity = signatures->capacity ? signatures->capacity * 2 : 16;
        ent_signature *v = realloc(signatures->v, capacity * sizeof *v);
        if (!v) {
            return false;
        }
        signatures->v = v;
        signatures->capacity = capacity;
    }
    signatures->v[signatures->n++] = *s;
    return true;
}

bool ent_signatures_put(ent_signatures *signatures, const ent_signature *signature)
{
    ent_signature s = *signature;
    s.party = copy(signature->party, strlen(signature->party));
    s.framework = copy(signature->framework, strlen(signature->framework));
    s.agreement = copy(signature->agreement, strlen(signature->agreement));
    bool ok = s.party && s.framework && s.agreement;
    for (size_t i = 0; ok && i < signatures->n; i++) {
        ent_signature *old = &signatures->v[i];
        if (strcmp(old->party, s.party) == 0 && strcmp(old->framework, s.framework) == 0 &&
            strcmp(old->agreement, s.agreement) == 0 && old->version == s.version) {
            free_signature(old);
            *old = s;
            return true;
        }
    }
    ok = ok && append(signatures, &s);
    if (!ok) {
        free_signature(&s);
    }
    return ok;
}

/* The value of a line `WORD VALUE`; NULL if it is another one. */
static const char *value_of(const lines *l, const char *word, size_t *len)
{
    size_t n = strlen(word);
    if (l->len <= n + 1 || memcmp(l->text, word, n) != 0 || l->text[n] != ' ') {
        return NULL;
    }
    *len = l->len - n - 1;
    return l->text + n + 1;
}

static bool read_version(const char *text, size_t len, int64_t *version)
{
    char digits[24];
    char *end;
    if (len == 0 || len >= sizeof digits) {
        return false;
    }
    memcpy(digits, text, len);
    digits[len] = 0;
    *version = strtoll(digits, &end, 10);
    return *end == 0;
}

static bool read_digest(const char *text, size_t len, char digest[ENT_DIGEST_TEXT + 1])
{
    if (len != ENT_DIGEST_TEXT) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!memchr(HEX, text[i], sizeof HEX - 1)) {
            return false;
        }
    }
    memcpy(digest, text, len);
    digest[len] = 0;
    return true;
}

enum { PARTY, FRAMEWORK, AGREEMENT, VERSION, DIGEST, KEY, SIGNATURE, WORDS_N };
static const char *const WORDS[WORDS_N] = {"party",  "framework", "agreement", "version",
                                           "digest", "key",       "signature"};

/* One line of a record; false with *what, what is wrong with the value. */
static bool take_field(size_t field, const char *value, size_t len, ent_signature *s,
                       const char **what)
{
    switch (field) {
    case PARTY:
        s->party = copy(value, len);
        return s->party != NULL;
    case FRAMEWORK:
        s->framework = copy(value, len);
        return s->framework != NULL;
    case AGREEMENT:
        s->agreement = copy(value, len);
        return s->agreement != NULL;
    case VERSION:
        *what = "the version is a whole number";
        return read_version(value, len, &s->version);
    case DIGEST:
        *what = "a digest has 64 hex digits";
        return read_digest(value, len, s->digest);
    case KEY:
        return ent_public_key_read(value, len, &s->key, what);
    default:
        *what = "a signature is 64 bytes in base64: this one is cut short or damaged";
        return ent_signature_read(value, len, s->bytes);
    }
}

static ent_consent_read read_record(lines *l, ent_signature *s, char *why)
{
    s->line = l->number;
    for (size_t field = 0; field < WORDS_N; field++) {
        size_t len = 0;
        const char *what = NULL;
        if (field > 0 && (!next_line(l) || l->len == 0)) {
            (void)snprintf(why, ENT_CONSENT_WHY_SIZE,
                           "line %zu: the file is cut short: `%s` of the signature at line %zu is missing",
                           l->number, WORDS[field], s->line);
            return ENT_CONSENT_MALFORMED;
        }
        const char *value = value_of(l, WORDS[field], &len);
        if (!value) {
            (void)snprintf(why, ENT_CONSENT_WHY_SIZE, "line %zu: expected `%s …`, found `%.*s`", l->number,
                           WORDS[field], (int)(l->len < 40 ? l->len : 40), l->text);
            return ENT_CONSENT_MALFORMED;
        }
        if (!take_field(field, value, len, s, &what)) {
            if (!what) {
                return ENT_CONSENT_MEMORY;
            }
            (void)snprintf(why, ENT_CONSENT_WHY_SIZE, "line %zu: %s", l->number, what);
            return ENT_CONSENT_MALFORMED;
        }
    }
    return ENT_CONSENT_READ;
}

ent_consent_read ent_signatures_read(const char *text, size_t len, ent_signatures *out,
                                     char why[ENT_CONSENT_WHY_SIZE])
{
    lines l = {.at = text, .end = text + len};
    *out = (ent_signatures){0};
    if (!next_line_with_text(&l) || l.len != sizeof HEAD - 1 || memcmp(l.text, HEAD, l.len) != 0) {
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE, "line 1: a file of signatures begins with `%s`", HEAD);
        return ENT_CONSENT_MALFORMED;
    }
    while (next_line_with_text(&l)) {
        ent_signature s = {0};
        ent_consent_read result = read_record(&l, &s, why);
        if (result == ENT_CONSENT_READ && !append(out, &s)) {
            result = ENT_CONSENT_MEMORY;
        }
        if (result != ENT_CONSENT_READ) {
            free_signature(&s);
            ent_signatures_free(out);
            return result;
        }
    }
    return ENT_CONSENT_READ;
}

static int write_record(char *out, size_t size, const ent_signature *s)
{
    char key[ENT_PUBLIC_KEY_TEXT_SIZE];
    char bytes[ENT_SIGNATURE_TEXT_SIZE];
    ent_public_key_text(&s->key, key);
    ent_signature_text(s->bytes, bytes);
    return snprintf(out, size,
                    "\nparty %s\nframework %s\nagreement %s\nversion %lld\ndigest %s\nkey %s\nsignature %s\n",
                    s->party, s->framework, s->agreement, (long long)s->version, s->digest, key, bytes);
}

char *ent_signatures_write(const ent_signatures *signatures)
{
    size_t size = sizeof HEAD + 1;
    for (size_t i = 0; i < signatures->n; i++) {
        size += (size_t)write_record(NULL, 0, &signatures->v[i]);
    }
    char *text = malloc(size);
    if (!text) {
        return NULL;
    }
    size_t n = (size_t)snprintf(text, size, "%s\n", HEAD);
    for (size_t i = 0; i < signatures->n; i++) {
        n += (size_t)write_record(text + n, size - n, &signatures->v[i]);
    }
    return text;
}

/* --- allowed keys --- */

void ent_allowed_keys_free(ent_allowed_keys *keys)
{
    for (size_t i = 0; i < keys->n; i++) {
        free(keys->v[i].party);
    }
    free(keys->v);
    *keys = (ent_allowed_keys){0};
}

static bool allow(ent_allowed_keys *keys, const char *party, size_t len, const ent_public_key *key)
{
    if (keys->n == keys->capacity) {
        size_t capacity = keys->capacity ? keys->capacity * 2 : 16;
        ent_allowed_key *v = realloc(keys->v, capacity * sizeof *v);
        if (!v) {
            return false;
        }
        keys->v = v;
        keys->capacity = capacity;
    }
    char *name = copy(party, len);
    if (!name) {
        return false;
    }
    keys->v[keys->n++] = (ent_allowed_key){name, *key};
    return true;
}

/* The party at the start of the line, and where the key begins; 0: none. */
static size_t party_of(const lines *l, const char **party, size_t *len)
{
    bool quoted = l->text[0] == '"';
    size_t n = quoted ? 1 : 0;
    *party = l->text + n;
    while (n < l->len && (quoted ? l->text[n] != '"' : l->text[n] != ' ' && l->text[n] != '\t')) {
        n++;
    }
    *len = (size_t)(l->text + n - *party);
    n += quoted;
    size_t gap = n;
    while (n < l->len && (l->text[n] == ' ' || l->text[n] == '\t')) {
        n++;
    }
    return *len > 0 && n > gap && n < l->len ? n : 0;
}

ent_consent_read ent_allowed_keys_read(const char *text, size_t len, ent_allowed_keys *out,
                                       char why[ENT_CONSENT_WHY_SIZE])
{
    lines l = {.at = text, .end = text + len};
    while (next_line_with_text(&l)) {
        const char *party;
        const char *what = "a line is `PARTY ssh-ed25519 AAAA…`";
        size_t party_len;
        ent_public_key key;
        if (l.text[0] == '#') {
            continue;
        }
        size_t at = party_of(&l, &party, &party_len);
        if (at == 0 || !ent_public_key_read(l.text + at, l.len - at, &key, &what)) {
            (void)snprintf(why, ENT_CONSENT_WHY_SIZE, "line %zu: %s", l.number, what);
            return ENT_CONSENT_MALFORMED;
        }
        if (!allow(out, party, party_len, &key)) {
            return ENT_CONSENT_MEMORY;
        }
    }
    return ENT_CONSENT_READ;
}

bool ent_allowed_keys_of(const ent_image *program, ent_allowed_keys *out)
{
    for (size_t i = 0; i < program->n_party_key; i++) {
        const ent_party_key_row *row = &program->party_key[i];
        const char *text = ent_image_text(program, row->key);
        const char *party = ent_image_text(program, program->party[row->party].name);
        const char *why;
        ent_public_key key;
        /* the compiler has read it; a program that was made otherwise gets no say by a bad key */
        if (ent_public_key_read(text, strlen(text), &key, &why) &&
            !allow(out, party, strlen(party), &key)) {
            return false;
        }
    }
    return true;
}
