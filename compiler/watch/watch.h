/* `entente watch`: the agreements of a program on live sources, until it is told to stop.
 *
 * Everything that opens sockets lives in this folder, which is linked into the command only:
 * libentente and libentente-compiler stay free of the network. */
#ifndef ENT_WATCH_WATCH_H
#define ENT_WATCH_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "runtime/bytecode/program.h"

typedef struct ent_watch_feed {
    const char *name; /* as far as `name_len` */
    size_t name_len;
    const char *source;
} ent_watch_feed;

/* `NAME=VALUE`, or a value for all feeds: then name_len is 0. */
typedef struct ent_watch_setting {
    const char *name;
    size_t name_len;
    int64_t value;
} ent_watch_setting;

/* Makes the program anew, for SIGHUP: NULL where the sources have errors, which have been
 * said.  The flags, one an agreement, are to be freed. */
typedef ent_image *(*ent_watch_compile)(void *user, bool **not_in_force);

typedef struct ent_watch_options {
    const ent_watch_feed *feeds;
    size_t n_feeds;
    const ent_watch_setting *lateness;
    size_t n_lateness;
    const ent_watch_setting
        *complete; /* feeds whose sources are complete up to now: value is not used */
    size_t n_complete;
    const char *from, *to;
    const char *state_dir;  /* NULL: nothing survives the process */
    const char *ledger;     /* NULL: DIR/ledger.jsonl, or a file without a name */
    const char *quarantine; /* NULL: DIR/quarantine.jsonl, or a file without a name */
    const char *listen;     /* NULL: no server */
    const char *token_file; /* what who pushes or looks must carry; NULL: nothing */
    const char *view_token_file; /* another one, for who only looks */
    int64_t request_ns;          /* that a request may take */
    const char *const *webhooks;
    size_t n_webhooks;
    const char *webhook_key; /* path of a key that signs; NULL: not signed */
    int64_t ahead_ns;        /* rows further ahead of the wall clock do not fit */
    int64_t behind_ns;       /* nor those so far behind it */
    int64_t stall_ns;        /* a source is called stalled after this long without a row */
    int64_t checkpoint_ns;   /* between checkpoints */
    uint64_t pending_max;    /* rows that wait for the watermark */
    bool forget;             /* what was taken is not kept once a checkpoint has it */
    bool until_end;          /* finish when every source has been read to its end */
    bool *not_in_force;      /* one an agreement, or NULL; the watch frees it */
    ent_watch_compile compile;
    void *compile_user;
} ent_watch_options;

/* Runs until SIGTERM, SIGINT or the end of all sources; the exit status.  *program is exchanged
 * when a new version is taken over. */
int ent_watch_run(ent_image **program, const ent_watch_options *options, FILE *err);
#endif
