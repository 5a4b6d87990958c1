/* Consent of a session: the signatures and keys that the host gives, judged as the command judges its files. */
#include "runtime/embed/embed.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/consent/consent.h"

static bool take_text(ent_consent_read read, const char *what, const char *why, ent_error *error)
{
    switch (read) {
    case ENT_CONSENT_READ:
        return true;
    case ENT_CONSENT_MALFORMED:
        return ent_embed_fail(error, ENT_ERROR_USAGE, "the %s: %s", what, why);
    default:
        return ent_embed_memory(error);
    }
}

static void mark(const ent_image *p, const ent_allowed_keys *keys, const ent_signatures *signatures, bool *flags)
{
    for (size_t i = 0; i < p->n_agreement; i++) {
        int64_t agreement = (int64_t)i;
        flags[i] = ent_consent_is_needed(p, agreement) &&
                   !(ent_consent_given(p, keys, signatures, agreement, p->agreement[i].supplier) &&
                     ent_consent_given(p, keys, signatures, agreement, p->agreement[i].customer));
    }
}

bool ent_embed_consent(const ent_image *p, const ent_session_options *options, bool **flags, ent_error *error)
{
    char why[ENT_CONSENT_WHY_SIZE];
    ent_signatures signatures = {.n = 0};
    ent_allowed_keys keys = {.n = 0};
    *flags = NULL;
    if (options->assume_signed || !ent_consent_is_required(p)) {
        return true;
    }
    *flags = calloc(p->n_agreement + 1, sizeof **flags);
    bool ok = (*flags && ent_allowed_keys_of(p, &keys)) || ent_embed_memory(error);
    if (ok && options->keys) {
        ok = take_text(ent_allowed_keys_read(options->keys, options->keys_len, &keys, why), "keys", why, error);
    }
    if (ok && options->signatures) {
        ok = take_text(ent_signatures_read(options->signatures, options->signatures_len, &signatures, why),
                       "signatures", why, error);
    }
    if (ok) {
        mark(p, &keys, &signatures, *flags);
    }
    ent_signatures_free(&signatures);
    ent_allowed_keys_free(&keys);
    return ok;
}
