/* See file.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/ledger/direct.h"
#include "runtime/ledger/file.h"

/* What is longer than DIRECT_FROM goes on past the page cache: of a shorter file the disk has the most to do when it is
 * all there, and who reads it next has it from memory. */
enum { BUFFER = 1 << 16, DIRECT_FROM = 8 << 20 };

bool ent_file_create(ent_file *file, const char *path)
{
    size_t n = strlen(path);
    *file = (ent_file){.fd = -1};
    file->path = malloc(n + 1);
    file->temporary = malloc(n + 12);
    file->buffer = malloc(BUFFER);
    if (file->path && file->temporary && file->buffer) {
        memcpy(file->path, path, n + 1);
        memcpy(file->temporary, path, n);
        memcpy(file->temporary + n, ".tmpXXXXXX", 11);
        file->fd = mkostemp(file->temporary, O_CLOEXEC);
    } else {
        errno = ENOMEM;
    }
    if (file->fd < 0) {
        int saved = errno;
        ent_file_abort(file);
        errno = saved;
        return false;
    }
    return true;
}

static void put(ent_file *file, const char *bytes, size_t len)
{
    size_t done = 0;
    while (done < len && file->os_error == 0) {
        ssize_t n = write(file->fd, bytes + done, len - done);
        if (n > 0) {
            done += (size_t)n;
        } else if (errno != EINTR) {
            file->os_error = errno;
        }
    }
    file->written += done;
}

/* Whole buffers, so that what goes on from there is aligned. */
static void put_whole(ent_file *file, const char *bytes, size_t len)
{
    if (file->written >= DIRECT_FROM && !file->not_direct) {
        file->direct = ent_direct_begin(file->fd, file->written);
        file->not_direct = !file->direct;
    }
    if (file->direct) {
        ent_direct_write(file->direct, bytes, len);
    } else {
        put(file, bytes, len);
    }
}

void ent_file_write(ent_file *file, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n > 0 && file->os_error == 0) {
        size_t part = BUFFER - file->n < n ? BUFFER - file->n : n;
        if (file->direct) {
            part = n;
            ent_direct_write(file->direct, p, part);
        } else if (part == BUFFER) { /* as it is, without a copy */
            part = n - n % BUFFER;
            put_whole(file, p, part);
        } else {
            memcpy(file->buffer + file->n, p, part);
            file->n += part;
        }
        p += part;
        n -= part;
        if (file->n == BUFFER) {
            put_whole(file, file->buffer, BUFFER);
            file->n = 0;
        }
    }
}

int ent_file_unnamed(const char *folder)
{
#ifdef O_TMPFILE
    int unnamed = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (unnamed >= 0) {
        return unnamed;
    }
#endif
    size_t room = strlen(folder) + 32;
    char *path = malloc(room);
    if (!path) {
        errno = ENOMEM;
        return -1;
    }
    (void)snprintf(path, room, "%s/entente-XXXXXX", folder);
    int fd = mkostemp(path, O_CLOEXEC);
    int saved = errno;
    if (fd >= 0) {
        (void)unlink(path);
    }
    free(path);
    errno = saved;
    return fd;
}

static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    char *folder = malloc(n + 2);
    if (!folder) {
        return;
    }
    memcpy(folder, slash == path ? "/" : ".", 2);
    if (n > 0) {
        memcpy(folder, path, n);
        folder[n] = 0;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        /* some file systems cannot sync a folder; the rename itself is still atomic */
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

bool ent_file_commit(ent_file *file)
{
    if (file->direct) {
        file->os_error = ent_direct_end(file->direct);
        file->direct = NULL;
    } else {
        put(file, file->buffer, file->n);
    }
    mode_t mode = file->mode ? (mode_t)file->mode : 0644;
    if (file->os_error == 0 && (fchmod(file->fd, mode) != 0 || fsync(file->fd) != 0)) {
        file->os_error = errno;
    }
    if (file->os_error == 0 && rename(file->temporary, file->path) != 0) {
        file->os_error = errno;
    }
    int saved = file->os_error;
    if (saved == 0) {
        sync_folder(file->path);
        file->temporary[0] = 0;
    }
    ent_file_abort(file);
    errno = saved;
    return saved == 0;
}

void ent_file_abort(ent_file *file)
{
    if (file->direct) {
        ent_direct_drop(file->direct);
    }
    if (file->fd >= 0) {
        close(file->fd);
        if (file->temporary[0]) {
            unlink(file->temporary);
        }
    }
    free(file->path);
    free(file->temporary);
    free(file->buffer);
    *file = (ent_file){.fd = -1};
}
