/* See consent.h: statements, and what a signature is worth. */
#include "runtime/consent/consent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- statements --- */

/* What is signed; NULL when memory has run out. */
static char *make_statement(const char *party, const char *agreement, int64_t version,
                            const char *digest, size_t *len)
{
    static const char format[] = "entente consent 1\nparty %s\nagreement %s\nversion %lld\ndigest %s\n";
    int n = snprintf(NULL, 0, format, party, agreement, (long long)version, digest);
    char *text = n < 0 ? NULL : malloc((size_t)n + 1);
    if (text) {
        (void)snprintf(text, (size_t)n + 1, format, party, agreement, (long long)version, digest);
        *len = (size_t)n;
    }
    return text;
}

static bool fits(const ent_signature *s, const char *party, const char *agreement, int64_t version,
                 const char *digest)
{
    size_t len;
    char *statement = make_statement(party, agreement, version, digest, &len);
    bool ok = statement && ent_signature_fits(&s->key, statement, len, s->bytes);
    free(statement);
    return ok;
}

static const char *digest_of(const ent_image *p, int64_t agreement)
{
    int64_t digest = p->agreement[agreement].digest;
    return digest < 0 ? "" : ent_image_text(p, digest);
}

bool ent_consent_sign(const ent_image *program, int64_t agreement, const char *party,
                      const ent_secret_key *key, ent_signatures *signatures)
{
    const ent_agreement_row *row = &program->agreement[agreement];
    ent_signature s = {.party = (char *)(uintptr_t)party,
                       .agreement = (char *)(uintptr_t)ent_image_text(program, row->name),
                       .version = row->version,
                       .key = key->public_key};
    (void)snprintf(s.digest, sizeof s.digest, "%s", digest_of(program, agreement));
    size_t len;
    char *statement = make_statement(party, s.agreement, s.version, s.digest, &len);
    bool ok = statement && ent_sign(key, statement, len, s.bytes) && ent_signatures_put(signatures, &s);
    free(statement);
    return ok;
}

/* --- what one signature is worth --- */

static int64_t find_row(const ent_image *p, const ent_signature *s, char *why)
{
    bool named = false;
    for (size_t i = 0; i < p->n_agreement; i++) {
        if (strcmp(ent_image_text(p, p->agreement[i].name), s->agreement) != 0 ||
            !ent_consent_is_needed(p, (int64_t)i)) {
            continue;
        }
        named = true;
        if (p->agreement[i].version == s->version) {
            return (int64_t)i;
        }
    }
    if (named) {
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE, "`%s` has no version %lld here", s->agreement,
                       (long long)s->version);
    } else {
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE, "the program has no agreement `%s`", s->agreement);
    }
    return -1;
}

static const char *party_name(const ent_image *p, int64_t party)
{
    return ent_image_text(p, p->party[party].name);
}

/* A signature that does not fit what it stands beside may fit another statement of this program. */
static bool find_origin(const ent_image *p, const ent_signature *s, char *why)
{
    for (size_t i = 0; i < p->n_agreement; i++) {
        const ent_agreement_row *row = &p->agreement[i];
        const char *name = ent_image_text(p, row->name);
        int64_t parties[2] = {row->supplier, row->customer};
        for (size_t k = 0; k < 2; k++) {
            const char *party = party_name(p, parties[k]);
            if (fits(s, party, name, row->version, digest_of(p, (int64_t)i)) ||
                fits(s, party, name, row->version, s->digest)) {
                (void)snprintf(why, ENT_CONSENT_WHY_SIZE,
                               "the signature is that of %s under `%s` version %lld, and stands here "
                               "for another",
                               party, name, (long long)row->version);
                return true;
            }
        }
    }
    return false;
}

static bool key_speaks(const ent_allowed_keys *keys, const ent_signature *s, char *why)
{
    const char *other = NULL;
    bool any = false;
    for (size_t i = 0; i < keys->n; i++) {
        bool same = ent_public_key_equal(&keys->v[i].key, &s->key);
        bool party = strcmp(keys->v[i].party, s->party) == 0;
        if (same && party) {
            return true;
        }
        any |= party;
        other = same ? keys->v[i].party : other;
    }
    if (other) {
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE, "the key speaks for %s, not for %s", other, s->party);
    } else if (any) {
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE, "the key is none of those that speak for %s", s->party);
    } else {
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE,
                       "no key is known to speak for %s: the framework declares none and --keys names "
                       "none",
                       s->party);
    }
    return false;
}

ent_consent ent_consent_judge(const ent_image *program, const ent_allowed_keys *keys,
                              const ent_signature *s, int64_t *agreement,
                              char why[ENT_CONSENT_WHY_SIZE])
{
    why[0] = 0;
    *agreement = find_row(program, s, why);
    if (*agreement < 0) {
        return ENT_CONSENT_NO_AGREEMENT;
    }
    const ent_agreement_row *row = &program->agreement[*agreement];
    if (strcmp(party_name(program, row->supplier), s->party) != 0 &&
        strcmp(party_name(program, row->customer), s->party) != 0) {
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE, "%s is no party of `%s`, which is between %s and %s",
                       s->party, s->agreement, party_name(program, row->supplier),
                       party_name(program, row->customer));
        return ENT_CONSENT_NO_PARTY;
    }
    if (!fits(s, s->party, s->agreement, s->version, s->digest)) {
        if (find_origin(program, s, why)) {
            return ENT_CONSENT_SWAPPED;
        }
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE,
                       "the signature does not fit what it stands beside: one of the two was changed");
        return ENT_CONSENT_TAMPERED;
    }
    if (strcmp(s->digest, digest_of(program, *agreement)) != 0) {
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE,
                       "it was given to another text of version %lld: that had the digest %.12s…, this "
                       "one has %.12s…",
                       (long long)s->version, s->digest, digest_of(program, *agreement));
        return ENT_CONSENT_REPLAYED;
    }
    return key_speaks(keys, s, why) ? ENT_CONSENT_VALID : ENT_CONSENT_KEY;
}

/* --- agreements --- */

bool ent_consent_is_required(const ent_image *program)
{
    return program->n_framework > 0 && program->framework[0].consent != 0;
}

bool ent_consent_is_needed(const ent_image *program, int64_t agreement)
{
    return program->agreement[agreement].digest >= 0;
}

bool ent_consent_given(const ent_image *program, const ent_allowed_keys *keys,
                       const ent_signatures *signatures, int64_t agreement, int64_t party)
{
    for (size_t i = 0; i < signatures->n; i++) {
        char why[ENT_CONSENT_WHY_SIZE];
        int64_t row;
        if (strcmp(signatures->v[i].party, party_name(program, party)) == 0 &&
            ent_consent_judge(program, keys, &signatures->v[i], &row, why) == ENT_CONSENT_VALID &&
            row == agreement) {
            return true;
        }
    }
    return false;
}
