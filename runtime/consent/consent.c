/* See consent.h: statements, and what a signature is worth. */
#include "runtime/consent/consent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- statements --- */

/* What a signature is over. */
typedef struct statement {
    const char *party, *framework, *agreement, *digest;
    int64_t version;
} statement;

static statement statement_of(const ent_signature *s)
{
    return (statement){s->party, s->framework, s->agreement, s->digest, s->version};
}

/* Its text; NULL when memory has run out. */
static char *make_text(const statement *s, size_t *len)
{
    static const char format[] =
        "entente consent 1\nparty %s\nframework %s\nagreement %s\nversion %lld\ndigest %s\n";
    int n = snprintf(NULL, 0, format, s->party, s->framework, s->agreement, (long long)s->version, s->digest);
    char *text = n < 0 ? NULL : malloc((size_t)n + 1);
    if (text) {
        (void)snprintf(text, (size_t)n + 1, format, s->party, s->framework, s->agreement,
                       (long long)s->version, s->digest);
        *len = (size_t)n;
    }
    return text;
}

static bool fits(const ent_signature *signature, statement s)
{
    size_t len;
    char *text = make_text(&s, &len);
    bool ok = text && ent_signature_fits(&signature->key, text, len, signature->bytes);
    free(text);
    return ok;
}

static const char *digest_of(const ent_image *p, int64_t agreement)
{
    int64_t digest = p->agreement[agreement].digest;
    return digest < 0 ? "" : ent_image_text(p, digest);
}

/* Sources of agreements alone have no framework. */
static const char *framework_of(const ent_image *p)
{
    return p->n_framework > 0 ? ent_image_text(p, p->framework[0].name) : "-";
}

static char *lent(const char *text)
{
    return (char *)(uintptr_t)text;
}

bool ent_consent_sign(const ent_image *program, int64_t agreement, const char *party,
                      const ent_secret_key *key, ent_signatures *signatures)
{
    const ent_agreement_row *row = &program->agreement[agreement];
    ent_signature s = {.party = lent(party),
                       .framework = lent(framework_of(program)),
                       .agreement = lent(ent_image_text(program, row->name)),
                       .version = row->version,
                       .key = key->public_key};
    (void)snprintf(s.digest, sizeof s.digest, "%s", digest_of(program, agreement));
    size_t len;
    statement signed_one = statement_of(&s);
    char *text = make_text(&signed_one, &len);
    bool ok = text && ent_sign(key, text, len, s.bytes) && ent_signatures_put(signatures, &s);
    free(text);
    return ok;
}

/* --- what one signature is worth --- */

static const char *party_name(const ent_image *p, int64_t party)
{
    return ent_image_text(p, p->party[party].name);
}

/* The row that it stands beside; a version that is not here may have been, or may be to come. */
static ent_consent find_row(const ent_image *p, const ent_signature *s, int64_t *found, char *why)
{
    int64_t latest = 0;
    bool named = false;
    *found = -1;
    for (size_t i = 0; i < p->n_agreement; i++) {
        const ent_agreement_row *row = &p->agreement[i];
        if (strcmp(ent_image_text(p, row->name), s->agreement) != 0 || !ent_consent_is_needed(p, (int64_t)i)) {
            continue;
        }
        if (row->version == s->version) {
            *found = (int64_t)i;
            return ENT_CONSENT_VALID;
        }
        latest = !named || row->version > latest ? row->version : latest;
        named = true;
    }
    if (!named) {
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE, "the program has no agreement `%s`", s->agreement);
        return ENT_CONSENT_NO_AGREEMENT;
    }
    (void)snprintf(why, ENT_CONSENT_WHY_SIZE,
                   latest > s->version ? "it was given to version %lld, and `%s` has gone on to version %lld"
                                       : "it was given to version %lld, and `%s` is here at version %lld",
                   (long long)s->version, s->agreement, (long long)latest);
    return ENT_CONSENT_NO_VERSION;
}

/* How far back a version is looked for of which the program knows nothing any more. */
enum { VERSIONS_BACK = 32 };

static bool tell_origin(const ent_signature *s, statement origin, char *why)
{
    bool party = strcmp(origin.party, s->party) != 0;
    bool agreement = strcmp(origin.agreement, s->agreement) != 0;
    if (!fits(s, origin)) {
        return false;
    }
    if (!party && !agreement && origin.version != s->version) {
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE, "it was given to version %lld, and stands here for version %lld",
                       (long long)origin.version, (long long)s->version);
    } else {
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE,
                       "the signature is that of %s under `%s` version %lld, and stands here for another",
                       origin.party, origin.agreement, (long long)origin.version);
    }
    return true;
}

/* A signature that does not fit what it stands beside may fit another statement of this program, or an earlier
 * version of what it stands beside. */
static bool find_origin(const ent_image *p, const ent_signature *s, char *why)
{
    for (size_t i = 0; i < p->n_agreement; i++) {
        const ent_agreement_row *row = &p->agreement[i];
        int64_t parties[2] = {row->supplier, row->customer};
        for (size_t k = 0; k < 2; k++) {
            statement origin = {party_name(p, parties[k]), s->framework, ent_image_text(p, row->name),
                                digest_of(p, (int64_t)i), row->version};
            statement moved = origin;
            moved.digest = s->digest;
            if (tell_origin(s, origin, why) || tell_origin(s, moved, why)) {
                return true;
            }
        }
    }
    statement earlier = statement_of(s);
    for (size_t i = 0; i < VERSIONS_BACK && earlier.version > 1; i++) {
        earlier.version--;
        if (tell_origin(s, earlier, why)) {
            return true;
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

/* What is wrong with it by itself, whatever the program says today. */
static ent_consent judge_origin(const ent_image *p, const ent_signature *s, char *why)
{
    if (!fits(s, statement_of(s))) {
        if (find_origin(p, s, why)) {
            return ENT_CONSENT_SWAPPED;
        }
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE,
                       "the signature does not fit what it stands beside: one of the two was changed");
        return ENT_CONSENT_TAMPERED;
    }
    if (strcmp(s->framework, framework_of(p)) != 0) {
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE, "it was given under the framework `%s`, and this is `%s`",
                       s->framework, framework_of(p));
        return ENT_CONSENT_FOREIGN;
    }
    return ENT_CONSENT_VALID;
}

ent_consent ent_consent_judge(const ent_image *program, const ent_allowed_keys *keys,
                              const ent_signature *s, int64_t *agreement,
                              char why[ENT_CONSENT_WHY_SIZE])
{
    char where[ENT_CONSENT_WHY_SIZE] = "";
    ent_consent found = find_row(program, s, agreement, where);
    why[0] = 0;
    ent_consent result = judge_origin(program, s, why);
    if (result != ENT_CONSENT_VALID) {
        return result;
    }
    if (found != ENT_CONSENT_VALID) {
        memcpy(why, where, sizeof where);
        return found;
    }
    const ent_agreement_row *row = &program->agreement[*agreement];
    if (strcmp(party_name(program, row->supplier), s->party) != 0 &&
        strcmp(party_name(program, row->customer), s->party) != 0) {
        (void)snprintf(why, ENT_CONSENT_WHY_SIZE, "%s is no party of `%s`, which is between %s and %s",
                       s->party, s->agreement, party_name(program, row->supplier),
                       party_name(program, row->customer));
        return ENT_CONSENT_NO_PARTY;
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
