/* See store.h. */
#include "compiler/watch/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/ledger/file.h"
#include "runtime/ledger/hash.h"
#include "runtime/ledger/ledger.h"

enum { ENTRY_HEAD = 8, ENTRY_HASH = 16, MAGIC = 16 };
static const char checkpoint_magic[MAGIC] = "entente watch 1";

static bool fail_os(ent_watch_store *s, int os_error, const char *what, const char *name)
{
    s->os_error = os_error;
    snprintf(s->message, sizeof s->message, "cannot %s `%.300s`: %s", what, name,
             strerror(os_error));
    return false;
}

bool ent_watch_store_path(const ent_watch_store *s, const char *name, char *buf, size_t size)
{
    int n = snprintf(buf, size, "%s/%s", s->folder, name);
    return n > 0 && (size_t)n < size;
}

static bool segment_path(const ent_watch_store *s, uint64_t segment, char *buf, size_t size)
{
    char name[40];
    snprintf(name, sizeof name, "journal-%08llu", (unsigned long long)segment);
    return ent_watch_store_path(s, name, buf, size);
}

bool ent_watch_store_open(ent_watch_store *s, const char *folder)
{
    char path[4096];
    *s = (ent_watch_store){.lock = -1, .journal = -1};
    if (!folder) {
        return true;
    }
    s->folder = strdup(folder);
    if (!s->folder || (mkdir(folder, 0755) != 0 && errno != EEXIST)) {
        return fail_os(s, errno, "make the folder", folder);
    }
    if (!ent_watch_store_path(s, "lock", path, sizeof path)) {
        return fail_os(s, ENAMETOOLONG, "open", folder);
    }
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (s->lock < 0) {
        return fail_os(s, errno, "open", path);
    }
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        snprintf(s->message, sizeof s->message,
                 "another `entente watch` is at work on `%s`: stop it, or name another --state",
                 folder);
        return false;
    }
    return true;
}

void ent_watch_store_close(ent_watch_store *s)
{
    if (s->journal >= 0) {
        close(s->journal);
    }
    if (s->lock >= 0) {
        close(s->lock);
    }
    free(s->folder);
    *s = (ent_watch_store){.lock = -1, .journal = -1};
}

/* --- the journal --- */

static bool open_segment(ent_watch_store *s, uint64_t segment)
{
    char path[4096];
    struct stat status;
    if (!segment_path(s, segment, path, sizeof path)) {
        return fail_os(s, ENAMETOOLONG, "open", s->folder);
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || fstat(fd, &status) != 0) {
        int saved = errno;
        if (fd >= 0) {
            close(fd);
        }
        return fail_os(s, saved, "open", path);
    }
    if (s->journal >= 0) {
        close(s->journal);
    }
    if (status.st_size == 0) {
        int folder = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder >= 0) {
            (void)fsync(
                folder); /* not every file system can; then the name is as safe as it gets */
            close(folder);
        }
    }
    s->journal = fd;
    s->segment = segment;
    s->size = (uint64_t)status.st_size;
    return true;
}

static bool entry_hash(const void *head, const void *bytes, size_t n,
                       unsigned char out[ENT_HASH_SIZE])
{
    ent_hash hash;
    return ent_hash_init(&hash) && ent_hash_update(&hash, head, ENTRY_HEAD) &&
           ent_hash_update(&hash, bytes, n) && ent_hash_final(&hash, out);
}

static bool write_all(int fd, const void *bytes, size_t n, uint64_t at)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t done = pwrite(fd, p, n, (off_t)at);
        if (done <= 0) {
            if (done < 0 && errno == EINTR) {
                continue;
            }
            errno = done == 0 ? ENOSPC : errno;
            return false;
        }
        p += done;
        at += (uint64_t)done;
        n -= (size_t)done;
    }
    return true;
}

static void put_u32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (unsigned char)(v >> (8 * i));
    }
}

static uint32_t get_u32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

bool ent_watch_store_append(ent_watch_store *s, uint32_t kind, const void *bytes, size_t n)
{
    unsigned char head[ENTRY_HEAD];
    unsigned char hash[ENT_HASH_SIZE];
    if (!s->folder) {
        return true;
    }
    put_u32(head, (uint32_t)n);
    put_u32(head + 4, kind);
    if (n > ENT_WATCH_ENTRY_MAX || !entry_hash(head, bytes, n, hash)) {
        s->os_error = EFBIG;
        return false;
    }
    if (write_all(s->journal, head, ENTRY_HEAD, s->size) &&
        write_all(s->journal, bytes, n, s->size + ENTRY_HEAD) &&
        write_all(s->journal, hash, ENTRY_HASH, s->size + ENTRY_HEAD + n) &&
        fdatasync(s->journal) == 0) {
        s->size += ENTRY_HEAD + n + ENTRY_HASH;
        s->os_error = 0;
        s->refused = 0;
        return true;
    }
    s->os_error = errno;
    s->refused = n + ENTRY_HASH;
    /* what was half written would be taken for a torn entry later on; nobody reads it until then */
    (void)ftruncate(s->journal, (off_t)s->size);
    return false;
}

bool ent_watch_store_probe(ent_watch_store *s)
{
    static const unsigned char nothing[4096];
    unsigned char head[ENTRY_HEAD];
    uint64_t at = s->size + ENTRY_HEAD;
    if (!s->folder || s->refused == 0) {
        return true;
    }
    /* should the machine go down now, it looks like an entry that was torn */
    put_u32(head, (uint32_t)s->refused);
    put_u32(head + 4, 0);
    bool ok = write_all(s->journal, head, ENTRY_HEAD, s->size);
    for (size_t left = s->refused; ok && left > 0;) {
        size_t n = left < sizeof nothing ? left : sizeof nothing;
        ok = write_all(s->journal, nothing, n, at);
        at += n;
        left -= n;
    }
    ok = ok && fdatasync(s->journal) == 0;
    s->os_error = ok ? 0 : errno;
    ok = ftruncate(s->journal, (off_t)s->size) == 0 && ok;
    s->refused = ok ? 0 : s->refused;
    return ok;
}

static bool read_all(int fd, void *bytes, size_t n, uint64_t at)
{
    char *p = bytes;
    while (n > 0) {
        ssize_t got = pread(fd, p, n, (off_t)at);
        if (got <= 0) {
            return false;
        }
        p += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

/* One entry at `at`; its bytes go into buf.  false: it is not whole. */
static bool read_entry(const ent_watch_store *s, uint64_t at, ent_watch_bytes *buf, uint32_t *kind)
{
    unsigned char head[ENTRY_HEAD];
    unsigned char hash[ENT_HASH_SIZE];
    unsigned char kept[ENTRY_HASH];
    if (s->size - at < ENTRY_HEAD + ENTRY_HASH || !read_all(s->journal, head, ENTRY_HEAD, at)) {
        return false;
    }
    uint32_t n = get_u32(head);
    if (n > ENT_WATCH_ENTRY_MAX || s->size - at < ENTRY_HEAD + ENTRY_HASH + (uint64_t)n) {
        return false;
    }
    if (buf->capacity < n) {
        unsigned char *grown = realloc(buf->p, n);
        if (!grown) {
            buf->failed = true;
            return false;
        }
        buf->p = grown;
        buf->capacity = n;
    }
    buf->n = n;
    *kind = get_u32(head + 4);
    return read_all(s->journal, buf->p, n, at + ENTRY_HEAD) &&
           read_all(s->journal, kept, ENTRY_HASH, at + ENTRY_HEAD + n) &&
           entry_hash(head, buf->p, n, hash) && memcmp(hash, kept, ENTRY_HASH) == 0;
}

static bool exists(const ent_watch_store *s, uint64_t segment)
{
    char path[4096];
    struct stat status;
    return segment_path(s, segment, path, sizeof path) && stat(path, &status) == 0;
}

/* An entry is only written when the one before is on the disk: what is followed by more was not
 * torn. */
static bool goes_on_behind(const ent_watch_store *s, uint64_t at)
{
    unsigned char head[ENTRY_HEAD];
    return s->size - at >= ENTRY_HEAD && read_all(s->journal, head, ENTRY_HEAD, at) &&
           s->size - at > ENTRY_HEAD + ENTRY_HASH + (uint64_t)get_u32(head);
}

static bool replay_segment(ent_watch_store *s, uint64_t at, ent_watch_bytes *buf, bool last,
                           ent_watch_take take, void *user)
{
    uint32_t kind;
    while (at < s->size) {
        if (!read_entry(s, at, buf, &kind)) {
            break;
        }
        if (!take(user, kind, (ent_watch_slice){buf->p, buf->n, false})) {
            return false;
        }
        at += ENTRY_HEAD + buf->n + ENTRY_HASH;
    }
    if (at == s->size) {
        return true;
    }
    if (at > s->size) {
        snprintf(s->message, sizeof s->message,
                 "the journal in `%.300s` is shorter than its checkpoint says", s->folder);
        return false;
    }
    if (buf->failed) {
        return fail_os(s, ENOMEM, "read the journal in", s->folder);
    }
    if (!last || goes_on_behind(s, at)) {
        snprintf(s->message, sizeof s->message,
                 "the journal in `%s` is damaged: segment %llu at byte %llu", s->folder,
                 (unsigned long long)s->segment, (unsigned long long)at);
        return false;
    }
    if (ftruncate(s->journal, (off_t)at) != 0) {
        return fail_os(s, errno, "cut the journal in", s->folder);
    }
    s->size = at;
    return true;
}

bool ent_watch_store_replay(ent_watch_store *s, uint64_t segment, uint64_t at, ent_watch_take take,
                            void *user)
{
    ent_watch_bytes buf = {0};
    bool ok = true;
    if (!s->folder) {
        return true;
    }
    for (bool last = false; ok && !last; segment++) {
        last = !exists(s, segment + 1);
        ok = open_segment(s, segment) && replay_segment(s, at, &buf, last, take, user);
        at = 0;
    }
    ent_watch_bytes_deinit(&buf);
    return ok;
}

bool ent_watch_store_turn(ent_watch_store *s)
{
    return !s->folder || open_segment(s, s->segment + 1);
}

void ent_watch_store_forget(ent_watch_store *s, uint64_t segment)
{
    char path[4096];
    DIR *folder = s->folder ? opendir(s->folder) : NULL;
    for (struct dirent *e; folder && (e = readdir(folder)) != NULL;) {
        char *end;
        if (strncmp(e->d_name, "journal-", 8) != 0) {
            continue;
        }
        unsigned long long number = strtoull(e->d_name + 8, &end, 10);
        if (*end == 0 && number < segment &&
            ent_watch_store_path(s, e->d_name, path, sizeof path)) {
            unlink(path);
        }
    }
    if (folder) {
        closedir(folder);
    }
}

/* --- checkpoints --- */

bool ent_watch_store_checkpoint(ent_watch_store *s, const void *bytes, size_t n)
{
    char path[4096];
    unsigned char length[8];
    unsigned char digest[ENT_HASH_SIZE];
    ent_hash hash;
    ent_file file;
    for (int i = 0; i < 8; i++) {
        length[i] = (unsigned char)((uint64_t)n >> (8 * i));
    }
    if (!ent_hash_init(&hash) || !ent_hash_update(&hash, bytes, n) ||
        !ent_hash_final(&hash, digest) ||
        !ent_watch_store_path(s, "checkpoint", path, sizeof path)) {
        s->os_error = EINVAL;
        return false;
    }
    if (!ent_file_create(&file, path)) {
        s->os_error = errno;
        return false;
    }
    ent_file_write(&file, checkpoint_magic, MAGIC);
    ent_file_write(&file, length, sizeof length);
    ent_file_write(&file, bytes, n);
    ent_file_write(&file, digest, sizeof digest);
    bool ok = ent_file_commit(&file);
    s->os_error = ok ? 0 : errno;
    return ok;
}

static unsigned char *damaged(ent_watch_store *s, const char *path, const char *why)
{
    snprintf(s->message, sizeof s->message,
             "`%.300s` is no checkpoint of this version: %s; move the folder away to begin anew",
             path, why);
    return NULL;
}

static unsigned char *load(ent_watch_store *s, int fd, const char *path, size_t *n)
{
    enum { AROUND = MAGIC + 8 + ENT_HASH_SIZE };
    unsigned char head[MAGIC + 8];
    unsigned char kept[ENT_HASH_SIZE];
    unsigned char digest[ENT_HASH_SIZE];
    struct stat status;
    ent_hash hash;
    if (fstat(fd, &status) != 0 || status.st_size < AROUND || !read_all(fd, head, sizeof head, 0) ||
        memcmp(head, checkpoint_magic, MAGIC) != 0) {
        return damaged(s, path, "it begins otherwise");
    }
    uint64_t length = 0;
    for (int i = 0; i < 8; i++) {
        length |= (uint64_t)head[MAGIC + i] << (8 * i);
    }
    if (length != (uint64_t)status.st_size - AROUND) {
        return damaged(s, path, "its length is wrong");
    }
    unsigned char *bytes = malloc((size_t)length + 1);
    if (!bytes) {
        fail_os(s, ENOMEM, "read", path);
        return NULL;
    }
    *n = (size_t)length;
    if (!read_all(fd, bytes, *n, sizeof head) ||
        !read_all(fd, kept, sizeof kept, sizeof head + length) || !ent_hash_init(&hash) ||
        !ent_hash_update(&hash, bytes, *n) || !ent_hash_final(&hash, digest) ||
        memcmp(kept, digest, sizeof kept) != 0) {
        free(bytes);
        return damaged(s, path, "its checksum is wrong");
    }
    return bytes;
}

unsigned char *ent_watch_store_load(ent_watch_store *s, size_t *n, bool *found)
{
    char path[4096];
    *found = false;
    if (!s->folder || !ent_watch_store_path(s, "checkpoint", path, sizeof path)) {
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return NULL;
    }
    *found = true;
    if (fd < 0) {
        fail_os(s, errno, "open", path);
        return NULL;
    }
    unsigned char *bytes = load(s, fd, path, n);
    close(fd);
    return bytes;
}
