/* See spool.h. */
#include "compiler/entente/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/ledger/draft.h"
#include "runtime/ledger/file.h"

enum { BUFFER_MAX = 256 << 10, BUFFER_MIN = 64 };

void ent_spool_init(ent_spool *spool, const char *folder, uint64_t memory_bytes)
{
    bool usual = memory_bytes == 0 || memory_bytes > BUFFER_MAX;
    size_t size = usual ? BUFFER_MAX : memory_bytes < BUFFER_MIN ? BUFFER_MIN : (size_t)memory_bytes;
    *spool = (ent_spool){.folder = folder, .size = size, .fd = -1};
}

void ent_spool_clear(ent_spool *spool)
{
    if (spool->fd >= 0) {
        (void)close(spool->fd);
    }
    free(spool->buffer);
    spool->buffer = NULL;
    spool->n = spool->at = 0;
    spool->fd = -1;
    spool->stored = spool->read = 0;
    spool->os_error = 0;
}

static bool fails(ent_spool *spool, int os_error)
{
    spool->os_error = os_error;
    return false;
}

static bool store(ent_spool *spool, const char *bytes, size_t n)
{
    if (spool->fd < 0) {
        spool->fd = ent_file_unnamed(spool->folder);
        if (spool->fd < 0) {
            return fails(spool, errno);
        }
    }
    while (n > 0) {
        ssize_t put = write(spool->fd, bytes, n);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return fails(spool, put < 0 ? errno : ENOSPC);
        }
        spool->stored += (uint64_t)put;
        bytes += put;
        n -= (size_t)put;
    }
    return true;
}

bool ent_spool_add(ent_spool *spool, const char *draft, size_t n)
{
    if (!spool->buffer) {
        spool->buffer = malloc(spool->size);
        if (!spool->buffer) {
            return false;
        }
    }
    if (n > spool->size - spool->n) {
        if (!store(spool, spool->buffer, spool->n)) {
            return false;
        }
        spool->n = 0;
        if (n > spool->size) {
            return store(spool, draft, n);
        }
    }
    memcpy(spool->buffer + spool->n, draft, n);
    spool->n += n;
    return true;
}

/* How long the draft at hand is, as far as that is in the buffer. */
static size_t length_at_hand(const ent_spool *spool)
{
    return spool->n - spool->at < ENT_DRAFT_HEAD ? ENT_DRAFT_HEAD : ent_draft_length(spool->buffer + spool->at);
}

/* More of the file behind what is left in the buffer, which has room for `needed` bytes then. */
static bool read_on(ent_spool *spool, size_t needed)
{
    spool->n -= spool->at;
    memmove(spool->buffer, spool->buffer + spool->at, spool->n);
    spool->at = 0;
    if (needed > spool->size) {
        char *grown = realloc(spool->buffer, needed);
        if (!grown) {
            return false;
        }
        spool->buffer = grown;
        spool->size = needed;
    }
    uint64_t left = spool->stored - spool->read;
    size_t room = spool->size - spool->n;
    ssize_t got = pread(spool->fd, spool->buffer + spool->n, left < room ? (size_t)left : room, (off_t)spool->read);
    if (got <= 0) {
        return (got < 0 && errno == EINTR) || fails(spool, got < 0 ? errno : EIO);
    }
    spool->n += (size_t)got;
    spool->read += (uint64_t)got;
    return true;
}

bool ent_spool_next(ent_spool *spool, const char **draft)
{
    *draft = NULL;
    if (spool->fd >= 0 && spool->read == 0 && spool->at == 0) { /* the first one: all that is left goes to the rest */
        if (!store(spool, spool->buffer, spool->n)) {
            return false;
        }
        spool->n = 0;
    }
    size_t length = 0;
    while (spool->n - spool->at < (length = length_at_hand(spool))) {
        if (spool->read == spool->stored) {
            return spool->n == spool->at || fails(spool, EIO);
        }
        if (!read_on(spool, length)) {
            return false;
        }
    }
    *draft = spool->buffer + spool->at;
    spool->at += length;
    return true;
}
