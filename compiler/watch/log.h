/* A file of lines that grows, and that is the same after a crash: the ledger and the quarantine.
 *
 * After a restart the lines since the last checkpoint are decided again.  What the file holds
 * beyond `at` is then compared with them and not written twice; where the file ends in the middle
 * of a line, or differs, it is cut and goes on with what is decided now.  Nothing that was true is
 * ever taken out of the file to be put back. Tested by tests/watch/. */
#ifndef ENT_WATCH_LOG_H
#define ENT_WATCH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ent_watch_log {
    char *path; /* NULL: a file without a name */
    int fd;
    uint64_t at;   /* end of the last line that this process stands behind */
    uint64_t size; /* of the file */
    char *pending; /* lines that the disk has not taken yet */
    size_t n_pending, pending_capacity;
    uint64_t lines;    /* in [0, at) */
    uint64_t replaced; /* lines of an earlier process that were decided otherwise */
    bool dirty;        /* written since the last sync */
    int os_error;      /* of the last write, 0: all is well */
} ent_watch_log;

/* Opens or makes it; false with errno. */
bool ent_watch_log_open(ent_watch_log *log, const char *path);
void ent_watch_log_close(ent_watch_log *log);
/* Where the lines begin that are to be decided again. */
void ent_watch_log_resume(ent_watch_log *log, uint64_t at, uint64_t lines);
/* One whole line with its newline.  false: no memory; a disk that refuses is asked again by flush.
 */
bool ent_watch_log_add(ent_watch_log *log, const char *line, size_t len);
/* Writes what is pending.  false: the disk refuses, see os_error; nothing is lost, call again. */
bool ent_watch_log_flush(ent_watch_log *log);
bool ent_watch_log_sync(ent_watch_log *log);
/* Up to `size` bytes from `offset`, only of what lies below `at`. */
size_t ent_watch_log_read(const ent_watch_log *log, uint64_t offset, char *buf, size_t size);
#endif
