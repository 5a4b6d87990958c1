/* What the files of this folder share.  One thread does everything; nothing here is locked.
 *
 *     sources -> ent_watch_accept -> journal -> club (binder, engine) -> ledger -> webhooks,
 * streams, page
 *
 * club.c turns accepted text into rows and decisions and knows nothing of where it came from;
 * follow.c, push.c and prometheus.c get text; server.c and pages.c show. */
#ifndef ENT_WATCH_INTERNAL_H
#define ENT_WATCH_INTERNAL_H

#include "compiler/watch/log.h"
#include "compiler/watch/sample.h"
#include "compiler/watch/store.h"
#include "compiler/watch/watch.h"
#include "runtime/feed/bind.h"
#include "runtime/feed/source.h"
#include "runtime/include/entente.h"
#include "runtime/ledger/ledger.h"
#include "runtime/state/engine.h"
#include "runtime/state/save.h"

#define ENT_WATCH_ZONES "/usr/share/zoneinfo"
#define ENT_WATCH_SECOND INT64_C(1000000000)
/* Warnings are looked for at whole minutes of the watermark, so that they do not depend on how the
 * input was cut. */
#define ENT_WATCH_GRAIN (60 * ENT_WATCH_SECOND)

enum {
    ENT_WATCH_CHUNK = 1 << 18,     /* bytes of a file taken at a time */
    ENT_WATCH_ROW_MAX = 16 << 20,  /* bytes of one row */
    ENT_WATCH_BODY_MAX = 16 << 20, /* bytes of a request or an answer, also when unpacked */
    ENT_WATCH_KEYS = 8192          /* ids of pushes that are remembered, for each source */
};

typedef enum ent_watch_kind {
    ENT_WATCH_STDIN,
    ENT_WATCH_FILE,
    ENT_WATCH_PUSH,
    ENT_WATCH_REMOTE_WRITE,
    ENT_WATCH_PROMETHEUS,
    ENT_WATCH_SCRAPE
} ent_watch_kind;

/* How far a file has been taken. */
typedef struct ent_watch_place {
    uint64_t device, inode, offset, line;
} ent_watch_place;

typedef struct ent_watch_totals {
    uint64_t rows, bad, late, skipped, batches, repeated;
} ent_watch_totals;

/* The ids of pushes, the oldest of which is forgotten. */
typedef struct ent_watch_keys {
    unsigned char (*v)[16];
    uint32_t *buckets; /* position in v, + 1 */
    uint32_t n, next;
} ent_watch_keys;

typedef struct ent_watch_source {
    ent_watch_kind kind;
    int64_t feed;
    char *key;        /* `FEED=SOURCE`, what journal and checkpoint call it */
    const char *spec; /* within key: behind the equals sign */
    const char *feed_name;
    int64_t lateness_ns;
    bool complete;               /* what has happened up to now, less the lateness, is in it */
    const char *query;           /* PromQL of the bind, NULL: none */
    ent_watch_selector selector; /* where samples come unasked: the part that is wanted */
    ent_binder *binder;
    uint32_t index; /* among those of its feed, for origins */

    /* what checkpoints keep */
    int64_t newest_ns;    /* at of the newest row, INT64_MIN: none */
    int64_t watermark_ns; /* no row below it is taken any more */
    bool ended;
    ent_watch_totals totals;
    ent_watch_place place;
    char *header; /* of a CSV file, NULL: not read yet, or JSON */
    size_t header_len;
    ent_watch_keys keys;

    /* of this process */
    struct ent_watch_input *input; /* follow.c, prometheus.c */
    int64_t heard_ns;              /* wall clock at the last row or tick */
    int64_t reached_ns;            /* complete up to here, though nothing came of it; INT64_MIN: never mind */
    bool stalled;
    char trouble[320]; /* why nothing comes, "": all is well */
} ent_watch_source;

/* Text that a source gives, and what else there is to remember of it. */
typedef struct ent_watch_batch {
    ent_watch_source *source;
    ent_format format; /* CSV, TSV or JSONL; CSV without its header, which the source has */
    const char *header;
    size_t header_len;
    const char *text; /* whole rows */
    size_t len;
    uint64_t line;  /* lines of the source before the text */
    int64_t now_ns; /* wall clock when it came */
    ent_watch_place after;
    unsigned char id[16]; /* of a push; all zero: none */
    int64_t watermark_ns; /* INT64_MIN: what the rows say */
    bool end;
} ent_watch_batch;

typedef enum ent_watch_answer {
    ENT_WATCH_TAKEN,
    ENT_WATCH_REPEATED, /* a push that was taken before */
    ENT_WATCH_BUSY,     /* too much waits for the watermark, or the disk is full: later */
    ENT_WATCH_REFUSED,  /* the text as a whole does not fit: see message */
    ENT_WATCH_FAILED    /* the watch cannot go on: see w->status */
} ent_watch_answer;

/* What a clause has come to so far: read from the ledger's lines. */
typedef struct ent_watch_clause {
    uint64_t by_status[ENT_STATUS_COUNT];
    uint64_t warnings;
    uint64_t last_line; /* number of its latest decision among the ledger's lines, 0: none */
    uint64_t last_breach;
} ent_watch_clause;

/* The ids of what the last answer gave, sorted. */
typedef struct ent_watch_told {
    unsigned char (*v)[16];
    size_t n;
} ent_watch_told;

/* How an open window or clock stands, as JSON. */
typedef struct ent_watch_row {
    uint8_t kind; /* ENT_VERDICT_* */
    bool at_risk;
    int64_t clause;
    ent_json_out json;
} ent_watch_row;

typedef struct ent_watch_standing {
    ent_watch_row *v;
    size_t n, capacity;
    bool asked;
    uint64_t changes;          /* what w->changes was */
    int64_t at_ns;             /* of which instant it is */
    int64_t asked_ns, took_ns; /* steady clock */
    uint64_t copies;           /* how often it was worked out */
    ent_json_out answer;       /* of /standing, for all that ask in one turn */
    int64_t answer_ns;         /* that turn's wall clock */
    uint64_t answer_changes;
} ent_watch_standing;

/* A new version of the program that decides the past again, to be compared with what was decided.
 */
typedef struct ent_watch_trial ent_watch_trial;

typedef struct ent_watch ent_watch;
struct ent_watch {
    const ent_watch_options *options;
    FILE *err;
    ent_image *program;
    ent_strings *strings;
    ent_vm *vm;
    ent_engine *engine;
    ent_watch_source *sources;
    size_t n_sources;
    ent_watch_store store;
    ent_watch_log ledger_file, quarantine;
    ent_ledger ledger;
    uint64_t *lines; /* where the ledger's lines begin */
    size_t n_lines, lines_capacity;
    ent_watch_clause *duties, *objectives, *pools;
    int64_t watermark_ns; /* that the engine has reached */
    int64_t from_ns, to_ns;
    bool has_from, has_to;
    int64_t now_ns; /* wall clock of this turn */
    int64_t begun_ns, synced_ns, checkpoint_tried_ns;
    bool replaying, finished, stopping, reload;
    int status;        /* exit status once the watch cannot go on */
    uint64_t accepted; /* batches since the last checkpoint */
    uint64_t changes;  /* grows with whatever may change how things stand, but for time */
    int64_t checkpoint_ns, checkpoint_took_ns;
    uint64_t checkpoint_bytes, checkpoints, checkpoints_failed;
    char disk_trouble[256]; /* "": all is well */
    bool disk_told;         /* that there is trouble has been said */
    struct ent_watch_server *server;
    struct ent_watch_clients *clients;
    struct ent_watch_hooks *hooks;
    uint64_t takeovers, takeovers_refused;
    ent_watch_standing standing;
    ent_watch_told told_clocks, told_budgets;
    bool *not_in_force;      /* owned */
    struct ent_watch **self; /* what the engine hands back; another one's after a takeover */
    ent_watch_trial *trial;  /* lines are compared and not written */
};

/* What the disk refused last, into w->disk_trouble. */
void ent_watch_note_disk(ent_watch *w, const char *what);

/* --- sources.c: the sources of the command line --- */
bool ent_watch_resolve(ent_watch *w);
void ent_watch_free_sources(ent_watch *w);

/* --- club.c: from accepted text to lines of the ledger --- */
bool ent_watch_club_open(ent_watch *w);
void ent_watch_club_close(ent_watch *w);
/* In place of the engine's state the one that the reader gives. */
bool ent_watch_club_restore(ent_watch *w, ent_engine_reader reader, void *user);
/* Journals the batch and lets it have its effect.  message may be NULL. */
ent_watch_answer ent_watch_accept(ent_watch *w, const ent_watch_batch *batch, char *message,
                                  size_t size);
/* Its effect alone: what was journaled by an earlier process. */
bool ent_watch_apply(ent_watch *w, const ent_watch_batch *batch);
/* A decision as a line of the ledger. */
bool ent_watch_add_line(ent_watch *w);
/* Rows that the engine holds until the watermark reaches them. */
size_t ent_watch_pending(const ent_watch *w);
/* Whether the source may go on: others wait for it, or there is room. */
bool ent_watch_has_room(const ent_watch *w, const ent_watch_source *source);
/* The source that holds the watermark back; NULL: all have ended. */
ent_watch_source *ent_watch_slowest(const ent_watch *w);
/* Up to where time has passed: the watermark, or where complete sources are beyond it while nothing waits. */
int64_t ent_watch_reached(const ent_watch *w);
/* Moves the engine to where the sources are.  false: w->status. */
bool ent_watch_move(ent_watch *w);
bool ent_watch_finish(ent_watch *w);
/* Says something to who runs the watch: a line on stderr. */
__attribute__((format(printf, 2, 3))) void ent_watch_say(const ent_watch *w, const char *format,
                                                         ...);
__attribute__((format(printf, 3, 4))) bool ent_watch_fail(ent_watch *w, int status,
                                                          const char *format, ...);

/* --- warn.c --- */
/* Warns of what has come up; the watermark stands at a whole minute. */
bool ent_watch_warn(ent_watch *w);

/* --- risk.c --- */
/* How everything stands up to where time has passed, at most a little old. */
const ent_watch_standing *ent_watch_standing_now(ent_watch *w);
void ent_watch_standing_clear(ent_watch *w);
void ent_watch_standing_free(ent_watch *w);

/* --- takeover.c --- */
/* Takes over the program (owned then), or says why not.  false: the watch cannot go on. */
bool ent_watch_takeover(ent_watch *w, ent_image *program, bool *not_in_force);
/* At the start, where the checkpoint is of another program.  false: w->status. */
bool ent_watch_take_up(ent_watch *w);
/* Of a trial: compares the line in w->ledger with the next one that was decided. */
bool ent_watch_trial_line(ent_watch *w);

/* --- rows.c: batches of text as rows of a feed --- */
/* Whether the header has what the bind needs. */
bool ent_watch_header_fits(ent_watch *w, const ent_watch_batch *batch, char *message, size_t size);
bool ent_watch_take_rows(ent_watch *w, const ent_watch_batch *batch);
/* Whether bytes are text rather than something compressed, which could unpack to anything. */
bool ent_watch_is_text(const char *bytes, size_t len);

/* --- checkpoint.c: the state in a file, and the way back --- */
/* Goes on where the last process was, or begins the ledger. */
bool ent_watch_recover(ent_watch *w);
/* Writes the state; that the disk refuses is counted and told, no more. */
void ent_watch_checkpoint(ent_watch *w);
/* Counts the lines of the ledger's file up to `until`, from its beginning. */
bool ent_watch_read_lines(ent_watch *w, uint64_t until);

/* --- entry.c: what is accepted as entries of the journal --- */
bool ent_watch_journal(ent_watch *w, const ent_watch_batch *batch);
bool ent_watch_key_known(const ent_watch_keys *keys, const unsigned char id[16]);
bool ent_watch_key_add(ent_watch_keys *keys, const unsigned char id[16]);
/* Everything from segment `segment` of the journal on. */
bool ent_watch_replay(ent_watch *w, uint64_t segment, uint64_t at);
/* The first 16 bytes of a BLAKE2b-256, never all zero. */
bool ent_watch_digest(const void *bytes, size_t n, unsigned char out[16]);
ent_watch_source *ent_watch_find_source(ent_watch *w, const char *key, size_t len);

/* --- line.c: what is read back out of the ledger's lines --- */
/* Counts and indexes a line that was added. */
bool ent_watch_line_seen(ent_watch *w, const char *line, size_t len);
/* Line number `n` (from 1) into buf, which grows; its length, 0: there is none. */
size_t ent_watch_line_read(const ent_watch *w, uint64_t n, char **buf, size_t *capacity);

/* --- follow.c: standard input and files that grow --- */
bool ent_watch_follow_open(ent_watch *w, ent_watch_source *source);
void ent_watch_follow_close(ent_watch_source *source);
/* Takes what there is, at most a chunk.  *more: there is more at once.  false: w->status. */
bool ent_watch_follow_turn(ent_watch *w, ent_watch_source *source, bool *more);
/* Whether there is nothing more to read now. */
bool ent_watch_follow_at_end(const ent_watch_source *source);
/* A descriptor to wait for, or -1. */
int ent_watch_follow_fd(const ent_watch_source *source);
#endif
