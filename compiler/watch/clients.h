/* Requests that the watch makes: libcurl, driven by the one loop. */
#ifndef ENT_WATCH_CLIENTS_H
#define ENT_WATCH_CLIENTS_H

#include <curl/curl.h>

#include "compiler/watch/internal.h"

typedef struct ent_watch_transfer ent_watch_transfer;
/* problem: NULL, or why there was no answer of 2xx. */
typedef void (*ent_watch_done)(ent_watch *w, ent_watch_transfer *transfer, const char *problem);

struct ent_watch_transfer {
    CURL *easy; /* NULL: idle */
    struct curl_slist *headers;
    ent_watch_bytes answer;
    char *body;
    ent_watch_done done;
    void *user;
};

bool ent_watch_clients_open(ent_watch *w);
void ent_watch_clients_close(ent_watch *w);
/* Begins; body (copied) makes it a POST.  false: it could not be begun. */
bool ent_watch_transfer_begin(ent_watch *w, ent_watch_transfer *transfer, const char *url,
                              const char *body, size_t len, const char *const *headers);
void ent_watch_transfer_cancel(ent_watch *w, ent_watch_transfer *transfer);
/* Waits for requests and for other descriptors, at most so long. */
void ent_watch_clients_wait(const ent_watch *w, struct curl_waitfd *fds, unsigned n, int ms);
void ent_watch_clients_turn(ent_watch *w);

/* --- prometheus.c --- */
bool ent_watch_poll_open(ent_watch *w, ent_watch_source *source);
void ent_watch_poll_close(ent_watch *w, ent_watch_source *source);
/* Takes the rows of an answer, which is hostile.  false: s->trouble says why not. */
bool ent_watch_poll_take(ent_watch *w, ent_watch_source *source, ent_watch_bytes *answer);
void ent_watch_poll_turn(ent_watch *w, ent_watch_source *source);

/* --- webhook.c --- */
bool ent_watch_hooks_open(ent_watch *w);
void ent_watch_hooks_close(ent_watch *w);
void ent_watch_hooks_turn(ent_watch *w);
typedef struct ent_watch_hook_totals {
    const char *url;
    uint64_t delivered, failed, backlog;
} ent_watch_hook_totals;
size_t ent_watch_hooks_count(const ent_watch *w);
ent_watch_hook_totals ent_watch_hooks_totals(const ent_watch *w, size_t index);
#endif
