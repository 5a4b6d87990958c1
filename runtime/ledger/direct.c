/* See direct.h. */
#include "runtime/ledger/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined O_DIRECT && defined STATX_DIOALIGN

/* A block costs a request to the disk, an interrupt and two threads that are woken, so they are large, and there are no
 * more than two.  Space is asked for in larger pieces: so many writes need no new place on the disk each. */
enum { UNIT = ENT_DIRECT_UNIT, BLOCK = ENT_DIRECT_BLOCK, BLOCKS = 2, SPACE = 16 * BLOCK };

struct ent_direct {
    int fd;
    unsigned char *memory;
    unsigned char *blocks; /* in it, aligned, one behind the other; they go around */
    size_t n;              /* bytes in the one that is being filled */
    uint64_t at;           /* of the thread until it has ended: where the next block goes, */
    uint64_t space;        /* and up to where there is space; UINT64_MAX: that is not asked for any more */
    bool extended;         /* the file is as long as its space */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t filled, written; /* blocks so far */
    bool last;                /* no more will be filled */
    int os_error;             /* since then blocks are only counted */
};

static bool set_direct(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

/* Some take direct writes and copy them all the same, as into memory: those do not say how they are aligned. */
static bool has_direct(int fd)
{
    struct statx status;
    return statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) == 0 && (status.stx_mask & STATX_DIOALIGN) != 0 &&
           status.stx_dio_mem_align > 0 && UNIT % status.stx_dio_mem_align == 0 &&
           status.stx_dio_offset_align > 0 && UNIT % status.stx_dio_offset_align == 0;
}

static bool is_direct(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_DIRECT) != 0;
}

static void ask_for_space(ent_direct *d, size_t n)
{
    if (d->space < d->at + n) {
        bool given = fallocate(d->fd, 0, (off_t)d->at, SPACE) == 0;
        d->space = given ? d->at + SPACE : UINT64_MAX;
        d->extended |= given;
    }
}

/* 0 or what failed.  A file system may refuse direct writing of a file only when it comes to it, and what a short
 * write leaves over may be no whole units: that goes through the page cache. */
static int put(ent_direct *d, const unsigned char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t put = pwrite(d->fd, bytes, n, (off_t)d->at);
        if (put > 0) {
            bytes += put;
            n -= (size_t)put;
            d->at += (uint64_t)put;
        } else if (put < 0 && errno == EINTR) {
            continue;
        } else if (put < 0 && errno == EINVAL && is_direct(d->fd) && set_direct(d->fd, false)) {
            continue;
        } else {
            return put < 0 ? errno : ENOSPC;
        }
    }
    return 0;
}

static void *write_blocks(void *user)
{
    ent_direct *d = user;
    pthread_mutex_lock(&d->lock);
    while (d->written < d->filled || !d->last) {
        if (d->written == d->filled) {
            pthread_cond_wait(&d->changed, &d->lock);
            continue;
        }
        if (d->os_error == 0) {
            pthread_mutex_unlock(&d->lock);
            ask_for_space(d, BLOCK);
            int os_error = put(d, d->blocks + d->written % BLOCKS * BLOCK, BLOCK);
            pthread_mutex_lock(&d->lock);
            d->os_error = d->os_error ? d->os_error : os_error;
        }
        d->written++;
        pthread_cond_signal(&d->changed);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* Signals are the business of the host's threads. */
static bool start(ent_direct *d)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
        return false;
    }
    bool started = pthread_create(&d->thread, NULL, write_blocks, d) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void discard(ent_direct *d)
{
    pthread_cond_destroy(&d->changed);
    pthread_mutex_destroy(&d->lock);
    free(d->memory);
    free(d);
}

ent_direct *ent_direct_begin(int fd, uint64_t offset)
{
    bool possible = has_direct(fd);
    ent_direct *d = possible ? malloc(sizeof *d) : NULL;
    unsigned char *memory = d ? malloc((size_t)BLOCKS * BLOCK + UNIT) : NULL;
    if (!memory) {
        free(d);
        return NULL;
    }
    *d = (ent_direct){.fd = fd, .memory = memory, .at = offset};
    d->blocks = memory + (UNIT - (uintptr_t)memory % UNIT) % UNIT;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->changed, NULL);
    bool direct = set_direct(fd, true);
    if (direct && start(d)) {
        return d;
    }
    if (direct) {
        (void)set_direct(fd, false);
    }
    discard(d);
    return NULL;
}

/* The block that was filled goes to the thread; waits until there is another one to fill. */
static void hand_over(ent_direct *d)
{
    pthread_mutex_lock(&d->lock);
    d->filled++;
    pthread_cond_signal(&d->changed);
    while (d->filled - d->written == BLOCKS) {
        pthread_cond_wait(&d->changed, &d->lock);
    }
    pthread_mutex_unlock(&d->lock);
    d->n = 0;
}

void ent_direct_write(ent_direct *d, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    while (n > 0) {
        size_t part = BLOCK - d->n < n ? BLOCK - d->n : n;
        memcpy(d->blocks + d->filled % BLOCKS * BLOCK + d->n, p, part);
        d->n += part;
        p += part;
        n -= part;
        if (d->n == BLOCK) {
            hand_over(d);
        }
    }
}

/* os_error: of the caller, 0: blocks that wait are written. */
static void stop(ent_direct *d, int os_error)
{
    pthread_mutex_lock(&d->lock);
    d->last = true;
    d->os_error = d->os_error ? d->os_error : os_error;
    pthread_cond_signal(&d->changed);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
}

int ent_direct_end(ent_direct *d)
{
    stop(d, 0);
    const unsigned char *rest = d->blocks + d->filled % BLOCKS * BLOCK;
    size_t whole = d->n - d->n % UNIT;
    int os_error = d->os_error ? d->os_error : put(d, rest, whole);
    if (os_error == 0 && !set_direct(d->fd, false)) {
        os_error = errno;
    }
    if (os_error == 0) {
        os_error = put(d, rest + whole, d->n - whole);
    }
    if (os_error == 0 && d->extended && ftruncate(d->fd, (off_t)d->at) != 0) {
        os_error = errno;
    }
    discard(d);
    return os_error;
}

void ent_direct_drop(ent_direct *d)
{
    stop(d, ECANCELED);
    discard(d);
}

#else

ent_direct *ent_direct_begin(int fd, uint64_t offset)
{
    (void)fd;
    (void)offset;
    return NULL;
}

void ent_direct_write(ent_direct *direct, const void *bytes, size_t n)
{
    (void)direct;
    (void)bytes;
    (void)n;
}

int ent_direct_end(ent_direct *direct)
{
    (void)direct;
    return 0;
}

void ent_direct_drop(ent_direct *direct)
{
    (void)direct;
}
#endif
