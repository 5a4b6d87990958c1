/* See clients.h. */
#include "compiler/watch/clients.h"

#include <stdlib.h>
#include <string.h>

enum { SECONDS = 30 };

struct ent_watch_clients {
    CURLM *multi;
};

bool ent_watch_clients_open(ent_watch *w)
{
    w->clients = calloc(1, sizeof *w->clients);
    bool ok = w->clients && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (ok) {
        w->clients->multi = curl_multi_init();
    }
    return (ok && w->clients->multi) || ent_watch_fail(w, 4, "libcurl cannot be used");
}

void ent_watch_clients_close(ent_watch *w)
{
    if (w->clients) {
        if (w->clients->multi) {
            curl_multi_cleanup(w->clients->multi);
        }
        free(w->clients);
        w->clients = NULL;
    }
}

static size_t collect(char *bytes, size_t size, size_t n, void *user)
{
    ent_watch_transfer *t = user;
    if (size * n > ENT_WATCH_BODY_MAX - t->answer.n) {
        return 0;
    }
    ent_watch_put(&t->answer, bytes, size * n);
    return t->answer.failed ? 0 : size * n;
}

static void finish(ent_watch *w, ent_watch_transfer *t)
{
    if (t->easy) {
        curl_multi_remove_handle(w->clients->multi, t->easy);
        curl_easy_cleanup(t->easy);
    }
    curl_slist_free_all(t->headers);
    free(t->body);
    t->easy = NULL;
    t->headers = NULL;
    t->body = NULL;
}

void ent_watch_transfer_cancel(ent_watch *w, ent_watch_transfer *t)
{
    finish(w, t);
    ent_watch_bytes_deinit(&t->answer);
}

static bool set_up(ent_watch_transfer *t, const char *url)
{
    CURL *e = t->easy;
    bool ok = curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, collect) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_TIMEOUT, (long)SECONDS) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_USERAGENT, "entente/" ENT_VERSION_TEXT) == CURLE_OK;
    return ok && (!t->headers || curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK);
}

bool ent_watch_transfer_begin(ent_watch *w, ent_watch_transfer *t, const char *url,
                              const char *body, size_t len, const char *const *headers)
{
    t->easy = curl_easy_init();
    t->answer.n = 0;
    t->answer.failed = false;
    bool ok = t->easy != NULL;
    for (size_t i = 0; ok && headers && headers[i]; i++) {
        struct curl_slist *more = curl_slist_append(t->headers, headers[i]);
        ok = more != NULL;
        t->headers = more ? more : t->headers;
    }
    if (ok && body) {
        t->body = malloc(len + 1);
        ok = t->body != NULL;
        if (ok) {
            memcpy(t->body, body, len);
            ok = curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE, (long)len) == CURLE_OK &&
                 curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->body) == CURLE_OK;
        }
    }
    ok = ok && set_up(t, url) && curl_multi_add_handle(w->clients->multi, t->easy) == CURLM_OK;
    if (!ok) {
        finish(w, t);
    }
    return ok;
}

void ent_watch_clients_wait(const ent_watch *w, struct curl_waitfd *fds, unsigned n, int ms)
{
    (void)curl_multi_poll(w->clients->multi, fds, n, ms, NULL);
}

void ent_watch_clients_turn(ent_watch *w)
{
    int running;
    int left;
    CURLMsg *message;
    (void)curl_multi_perform(w->clients->multi, &running);
    while ((message = curl_multi_info_read(w->clients->multi, &left)) != NULL) {
        char problem[256] = "";
        char *private = NULL;
        long status = 0;
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        ent_watch_transfer *t = (ent_watch_transfer *)(void *)private;
        if (result != CURLE_OK) {
            snprintf(problem, sizeof problem, "%s", curl_easy_strerror(result));
        } else if (status < 200 || status > 299) {
            snprintf(problem, sizeof problem, "it answers with status %ld", status);
        }
        finish(w, t);
        t->done(w, t, problem[0] ? problem : NULL);
    }
}
