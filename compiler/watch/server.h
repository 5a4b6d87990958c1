/* The HTTP server: libmicrohttpd, driven by the one loop.
 *
 *     GET  /            the page (page.html, page.css, page.js are bytes of the command)
 *     GET  /standing    the club now, JSON
 *     GET  /decisions   lines of the ledger, JSON, paged; with Accept: text/event-stream as they
 * come GET  /metrics     Prometheus' text format GET  /healthz POST /feed/NAME   rows: JSON Lines
 * or CSV POST /api/v1/write  Prometheus remote write
 *
 * What a client can cost is bounded: connections, streams, bytes of one request and of all
 * together, seconds. */
#ifndef ENT_WATCH_SERVER_H
#define ENT_WATCH_SERVER_H

#include "compiler/watch/internal.h"

enum { ENT_WATCH_STATUSES = 600 };

typedef struct ent_watch_query {
    uint64_t after, before, limit;
    bool newest; /* from the newest one backwards */
    const char *agreement, *clause, *status, *party, *kind;
} ent_watch_query;

typedef struct ent_watch_request {
    const char *path;
    const char *type;   /* Content-Type, or "" */
    const char *coding; /* Content-Encoding, or "" */
    const char *key;    /* Idempotency-Key, or NULL */
    const char *body;
    size_t len;
} ent_watch_request;

typedef struct ent_watch_reply {
    unsigned status;
    const char *type;
    ent_json_out out;
    ent_watch_bytes text; /* where it is not JSON */
    unsigned retry_after; /* seconds, 0: not said */
} ent_watch_reply;

/* --- access.c --- */
typedef struct ent_watch_access {
    char *push, *view; /* tokens; NULL: none is asked for */
} ent_watch_access;
bool ent_watch_access_open(ent_watch *w, ent_watch_access *access);
void ent_watch_access_close(ent_watch_access *access);
bool ent_watch_may_push(const ent_watch_access *access, const char *authorization);
bool ent_watch_may_look(const ent_watch_access *access, const char *authorization);

/* --- server.c --- */
bool ent_watch_server_open(ent_watch *w);
void ent_watch_server_close(ent_watch *w);
/* A descriptor to wait for, and how long at most; -1: none, and as long as you like. */
int ent_watch_server_fd(const ent_watch *w);
int ent_watch_server_timeout(const ent_watch *w);
void ent_watch_server_turn(ent_watch *w);
const uint64_t *ent_watch_server_counts(const ent_watch *w); /* by status; NULL: no server */
size_t ent_watch_server_streams(const ent_watch *w);

/* --- push.c --- */
void ent_watch_push_rows(ent_watch *w, const ent_watch_request *request, ent_watch_reply *reply);
/* --- remote.c --- */
void ent_watch_push_remote(ent_watch *w, const ent_watch_request *request, ent_watch_reply *reply);
/* Gives one batch to a source and says in the reply what became of it. */
void ent_watch_push_batch(ent_watch *w, const ent_watch_batch *batch, ent_watch_reply *reply);
/* An error as JSON. */
__attribute__((format(printf, 3, 4))) void
ent_watch_reply_error(ent_watch_reply *reply, unsigned status, const char *format, ...);

/* --- standing.c, metrics.c, decisions.c --- */
/* Good until it is asked for again. */
const ent_json_out *ent_watch_show_standing(ent_watch *w);
void ent_watch_show_health(ent_watch *w, ent_watch_reply *reply);
void ent_watch_show_metrics(ent_watch *w, ent_watch_bytes *out);
void ent_watch_show_decisions(ent_watch *w, const ent_watch_query *query, ent_json_out *out);

/* --- assets.c --- */
typedef struct ent_watch_asset {
    const char *path, *type;
    const char *begin, *end;
} ent_watch_asset;
const ent_watch_asset *ent_watch_asset_find(const char *path);
#endif
