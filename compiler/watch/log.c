/* See log.h. */
#include "compiler/watch/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that nobody else can name: what is in it is only asked for by this process. */
static int open_nameless(void)
{
    char path[] = "/tmp/entente-watch-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        unlink(path);
    }
    return fd;
}

bool ent_watch_log_open(ent_watch_log *log, const char *path)
{
    struct stat status;
    *log = (ent_watch_log){.fd = -1};
    if (path) {
        log->path = strdup(path);
        log->fd = log->path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644) : -1;
    } else {
        log->fd = open_nameless();
    }
    if (log->fd < 0 || fstat(log->fd, &status) != 0) {
        int saved = errno;
        ent_watch_log_close(log);
        errno = saved;
        return false;
    }
    log->size = (uint64_t)status.st_size;
    return true;
}

void ent_watch_log_close(ent_watch_log *log)
{
    if (log->fd >= 0) {
        close(log->fd);
    }
    free(log->path);
    free(log->pending);
    *log = (ent_watch_log){.fd = -1};
}

void ent_watch_log_resume(ent_watch_log *log, uint64_t at, uint64_t lines)
{
    log->at = at;
    log->lines = lines;
}

/* Lines that an earlier process had decided otherwise are kept beside the file, so that nobody has
 * to wonder. */
static bool set_aside(ent_watch_log *log)
{
    char name[4096];
    char buf[1 << 14];
    if (!log->path || snprintf(name, sizeof name, "%s.replaced", log->path) >= (int)sizeof name) {
        return true;
    }
    int fd = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    bool ok = fd >= 0;
    for (uint64_t from = log->at; ok && from < log->size;) {
        ssize_t n = pread(log->fd, buf, sizeof buf, (off_t)from);
        ok = n > 0 && write(fd, buf, (size_t)n) == n;
        from += n > 0 ? (uint64_t)n : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* Whether the file goes on with this line; if it does not, what is there is cut. */
static bool matches(ent_watch_log *log, const char *line, size_t len, bool *failed)
{
    char buf[1 << 12];
    size_t same = 0;
    uint64_t left = log->size - log->at;
    while (same < len && same < left) {
        size_t want = len - same < sizeof buf ? len - same : sizeof buf;
        ssize_t n = pread(log->fd, buf, want, (off_t)(log->at + same));
        if (n <= 0 || memcmp(buf, line + same, (size_t)n) != 0) {
            break;
        }
        same += (size_t)n;
    }
    if (same == len) {
        return true;
    }
    bool torn = same == left; /* the beginning of this very line */
    *failed = (!torn && !set_aside(log)) || ftruncate(log->fd, (off_t)log->at) != 0;
    log->replaced += !torn;
    if (!*failed) {
        log->size = log->at;
    }
    return false;
}

bool ent_watch_log_add(ent_watch_log *log, const char *line, size_t len)
{
    bool failed = false;
    if (log->n_pending == 0 && log->at < log->size) {
        if (matches(log, line, len, &failed)) {
            log->at += len;
            log->lines++;
            return true;
        }
        log->os_error = failed ? errno : 0;
    }
    if (log->n_pending + len > log->pending_capacity) {
        size_t capacity = (log->n_pending + len) * 2;
        char *grown = realloc(log->pending, capacity);
        if (!grown) {
            return false;
        }
        log->pending = grown;
        log->pending_capacity = capacity;
    }
    memcpy(log->pending + log->n_pending, line, len);
    log->n_pending += len;
    return true;
}

bool ent_watch_log_flush(ent_watch_log *log)
{
    if (log->n_pending == 0) {
        return true;
    }
    size_t done = 0;
    log->os_error = log->at < log->size && ftruncate(log->fd, (off_t)log->at) != 0 ? errno : 0;
    while (log->os_error == 0 && done < log->n_pending) {
        ssize_t n =
            pwrite(log->fd, log->pending + done, log->n_pending - done, (off_t)(log->at + done));
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            log->os_error = n == 0 ? ENOSPC : errno;
        }
    }
    if (log->os_error != 0) {
        (void)ftruncate(log->fd, (off_t)log->at);
        return false;
    }
    for (size_t i = 0; i < log->n_pending; i++) {
        log->lines += log->pending[i] == '\n';
    }
    log->at += log->n_pending;
    log->size = log->at;
    log->n_pending = 0;
    log->dirty = true;
    return true;
}

bool ent_watch_log_sync(ent_watch_log *log)
{
    if (!ent_watch_log_flush(log)) {
        return false;
    }
    if (log->dirty && fdatasync(log->fd) != 0) {
        log->os_error = errno;
        return false;
    }
    log->dirty = false;
    log->os_error = 0;
    return true;
}

size_t ent_watch_log_read(const ent_watch_log *log, uint64_t offset, char *buf, size_t size)
{
    if (offset >= log->at) {
        return 0;
    }
    size = log->at - offset < size ? (size_t)(log->at - offset) : size;
    ssize_t n = pread(log->fd, buf, size, (off_t)offset);
    return n > 0 ? (size_t)n : 0;
}
