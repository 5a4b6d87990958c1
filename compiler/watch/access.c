/* Who may push and who may look.
 *
 * With --token a push must carry its text as `Authorization: Bearer TEXT`, and whoever looks must
 * carry it too, or that of --view-token, which opens nothing but the pages.  Browsers have a way to
 * ask for that: the password of `Basic`, with any name.  A push is never let in by a password: a
 * browser would send it along from any page.  /healthz is open, because it says nothing but whether
 * all is well.  How long a comparison takes says nothing of how much was right. */
#include "compiler/watch/server.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_MAX = 1024 };

static bool read_token(ent_watch *w, const char *path, char **out)
{
    char text[TOKEN_MAX];
    if (!path) {
        return true;
    }
    FILE *file = fopen(path, "re");
    bool ok = file && fgets(text, sizeof text, file);
    if (file) {
        fclose(file);
    }
    if (!ok) {
        return ent_watch_fail(w, 4, "cannot read the token in `%s`", path);
    }
    text[strcspn(text, "\r\n")] = 0;
    *out = strdup(text);
    return (*out && **out) || ent_watch_fail(w, 2, "the token in `%s` is empty", path);
}

bool ent_watch_access_open(ent_watch *w, ent_watch_access *access)
{
    return read_token(w, w->options->token_file, &access->push) &&
           read_token(w, w->options->view_token_file, &access->view);
}

void ent_watch_access_close(ent_watch_access *access)
{
    free(access->push);
    free(access->view);
    *access = (ent_watch_access){0};
}

static bool is_token(const char *token, const char *given)
{
    size_t n = strlen(given);
    return token && strlen(token) == n && sodium_memcmp(token, given, n) == 0;
}

static bool is_bearer(const char *token, const char *authorization)
{
    return strncmp(authorization, "Bearer ", 7) == 0 && is_token(token, authorization + 7);
}

static bool is_password(const char *token, const char *authorization)
{
    char text[2 * TOKEN_MAX];
    size_t n;
    if (strncmp(authorization, "Basic ", 6) != 0 ||
        sodium_base642bin((unsigned char *)text, sizeof text - 1, authorization + 6,
                          strlen(authorization + 6), NULL, &n, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0) {
        return false;
    }
    text[n] = 0;
    const char *colon = strchr(text, ':');
    return colon && is_token(token, colon + 1);
}

bool ent_watch_may_push(const ent_watch_access *access, const char *authorization)
{
    return !access->push || is_bearer(access->push, authorization);
}

bool ent_watch_may_look(const ent_watch_access *access, const char *authorization)
{
    const char *const tokens[] = {access->push, access->view};
    bool open = !access->push && !access->view;
    for (size_t i = 0; i < 2; i++) {
        open |= is_bearer(tokens[i], authorization) || is_password(tokens[i], authorization);
    }
    return open;
}
