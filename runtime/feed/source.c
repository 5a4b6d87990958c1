/* Sources and their decompression.  See source.h.
 *
 *   file --read--> raw buffer --(inflate | zstd | lzma)--> the caller's buffer
 *
 * A plain file skips the raw buffer once the bytes that were looked at for recognition are used up.
 * Each decoder is a function with the same contract: it consumes from the raw buffer, produces into
 * the caller's, and says DONE only at the very end of the last member with no input left. */
#include "runtime/feed/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { RAW_SIZE = 256 * 1024, PEEK_SIZE = 4096 };

/* A stream that asks for more than this to be unpacked is refused rather than followed. */
static const uint64_t XZ_MEMORY_MAX = (uint64_t)1 << 30;

struct ent_source {
    char *name;
    int fd; /* -1 for memory */
    const uint8_t *memory;
    size_t memory_len;
    size_t memory_at;
    ent_format format;
    ent_compression compression;
    uint8_t *raw;
    size_t raw_at;
    size_t raw_len;
    bool is_file;    /* an ordinary one, which can be read anywhere */
    bool raw_end;    /* the file has no more */
    bool in_member;  /* a compressed member was begun and has not ended */
    bool any_member; /* one has ended: what follows may be padding */
    bool ended;
    uint8_t *peek; /* content already unpacked while guessing the format */
    size_t peek_at;
    size_t peek_len;
    uint64_t done;
    uint64_t total;
    ent_source_tap tap;
    void *tap_user;
    z_stream gzip;
    bool gzip_ready;
    ZSTD_DStream *zstd;
    lzma_stream xz;
    bool xz_ready;
};

static int64_t raw_read(ent_source *s, void *out, size_t cap, ent_feed_error *err) {
    if (s->fd < 0) {
        size_t left = s->memory_len - s->memory_at;
        size_t take = left < cap ? left : cap;
        if (take > 0) {
            memcpy(out, s->memory + s->memory_at, take);
        }
        s->memory_at += take;
        s->done += take;
        return (int64_t)take;
    }
    if (cap > (size_t)INT_MAX) {
        cap = (size_t)INT_MAX;
    }
    for (;;) {
        ssize_t got = read(s->fd, out, cap);
        if (got >= 0) {
            s->done += (uint64_t)got;
            return got;
        }
        if (errno != EINTR) {
            ent_feed_fail_os(err, errno, "cannot read `%s`", s->name);
            return -1;
        }
    }
}

/* Makes at least `want` raw bytes available if the file has them. */
static bool raw_fill(ent_source *s, size_t want, ent_feed_error *err) {
    if (s->raw_at > 0) {
        memmove(s->raw, s->raw + s->raw_at, s->raw_len - s->raw_at);
        s->raw_len -= s->raw_at;
        s->raw_at = 0;
    }
    while (!s->raw_end && s->raw_len < want) {
        int64_t got = raw_read(s, s->raw + s->raw_len, RAW_SIZE - s->raw_len, err);
        if (got < 0) {
            return false;
        }
        s->raw_end = got == 0;
        s->raw_len += (size_t)got;
    }
    return true;
}

static bool fail_cut(ent_source *s, const char *kind, ent_feed_error *err) {
    return ent_feed_fail(err, ENT_FEED_COMPRESSION,
                         "`%s` ends in the middle of its %s data: the file is incomplete, fetch or "
                         "copy it again",
                         s->name, kind);
}

static bool fail_damaged(ent_source *s, const char *kind, const char *why, ent_feed_error *err) {
    return ent_feed_fail(err, ENT_FEED_COMPRESSION,
                         "the %s data of `%s` are damaged (%s): fetch or copy the file again", kind,
                         s->name, why);
}

/* After a member: the rest may be zero bytes (tape blocks), which end the stream. */
static bool only_zeros(const ent_source *s) {
    for (size_t i = s->raw_at; i < s->raw_len; i++) {
        if (s->raw[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Brings raw input for a decoder.  Returns 1 with input, 0 at a proper end, -1 on failure. */
static int member_input(ent_source *s, const char *kind, ent_feed_error *err) {
    if (s->raw_at == s->raw_len && !raw_fill(s, 1, err)) {
        return -1;
    }
    if (s->raw_at < s->raw_len) {
        return 1;
    }
    if (s->in_member || !s->any_member) {
        fail_cut(s, kind, err);
        return -1;
    }
    return 0;
}

/* Between gzip members: nothing, zeros up to the end, or another header. */
static int gzip_between(ent_source *s, ent_feed_error *err) {
    if (s->any_member && s->raw[s->raw_at] == 0) {
        while (only_zeros(s)) {
            s->raw_at = s->raw_len;
            if (!raw_fill(s, 1, err)) {
                return -1;
            }
            if (s->raw_len == 0) {
                return 0;
            }
        }
        fail_damaged(s, "gzip", "something follows its end", err);
        return -1;
    }
    if (inflateReset(&s->gzip) != Z_OK) {
        ent_feed_fail_memory(err, "gzip");
        return -1;
    }
    s->in_member = true;
    return 1;
}

static int64_t read_gzip(ent_source *s, uint8_t *out, size_t cap, ent_feed_error *err) {
    size_t made = 0;
    while (made == 0) {
        int more = member_input(s, "gzip", err);
        if (more > 0 && !s->in_member) {
            more = gzip_between(s, err);
        }
        if (more <= 0) {
            return more;
        }
        size_t space = cap < UINT_MAX ? cap : UINT_MAX;
        s->gzip.next_in = s->raw + s->raw_at;
        s->gzip.avail_in = (uInt)(s->raw_len - s->raw_at);
        s->gzip.next_out = out;
        s->gzip.avail_out = (uInt)space;
        int status = inflate(&s->gzip, Z_NO_FLUSH);
        s->raw_at = s->raw_len - s->gzip.avail_in;
        made = space - s->gzip.avail_out;
        if (status == Z_STREAM_END) {
            s->in_member = false;
            s->any_member = true;
        } else if (status == Z_MEM_ERROR) {
            ent_feed_fail_memory(err, "gzip");
            return -1;
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            fail_damaged(s, "gzip", s->gzip.msg != NULL ? s->gzip.msg : "unknown fault", err);
            return -1;
        }
    }
    return (int64_t)made;
}

static int64_t read_zstd(ent_source *s, uint8_t *out, size_t cap, ent_feed_error *err) {
    ZSTD_outBuffer sink = {out, cap, 0};
    while (sink.pos == 0) {
        /* A frame may still hold output although its input is used up: ask before fetching. */
        if (s->raw_at == s->raw_len && !raw_fill(s, 1, err)) {
            return -1;
        }
        if (s->raw_at == s->raw_len && !s->in_member && s->any_member) {
            return 0;
        }
        ZSTD_inBuffer in = {s->raw, s->raw_len, s->raw_at};
        size_t left = ZSTD_decompressStream(s->zstd, &sink, &in);
        bool moved = in.pos > s->raw_at || sink.pos > 0;
        s->raw_at = in.pos;
        if (ZSTD_isError(left)) {
            if (ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge) {
                ent_feed_fail(err, ENT_FEED_COMPRESSION,
                              "`%s` needs more than 128 MiB to unpack: compress it again without "
                              "`--long`",
                              s->name);
            } else if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation) {
                ent_feed_fail_memory(err, "zstd");
            } else {
                fail_damaged(s, "zstd", ZSTD_getErrorName(left), err);
            }
            return -1;
        }
        s->in_member = left != 0;
        s->any_member = s->any_member || left == 0;
        if (!moved) {
            fail_cut(s, "zstd", err);
            return -1;
        }
    }
    return (int64_t)sink.pos;
}

static void fail_xz(ent_source *s, lzma_ret status, ent_feed_error *err) {
    switch (status) {
    case LZMA_BUF_ERROR: fail_cut(s, "xz", err); break;
    case LZMA_MEM_ERROR: ent_feed_fail_memory(err, "xz"); break;
    case LZMA_MEMLIMIT_ERROR:
        ent_feed_fail(err, ENT_FEED_COMPRESSION,
                      "`%s` needs more than 1 GiB to unpack: compress it again with `xz -6`",
                      s->name);
        break;
    case LZMA_OPTIONS_ERROR: fail_damaged(s, "xz", "unsupported options", err); break;
    default: fail_damaged(s, "xz", "checksum or structure", err); break;
    }
}

static int64_t read_xz(ent_source *s, uint8_t *out, size_t cap, ent_feed_error *err) {
    s->xz.next_out = out;
    s->xz.avail_out = cap;
    while (s->xz.avail_out == cap) {
        if (s->raw_at == s->raw_len && !raw_fill(s, 1, err)) {
            return -1;
        }
        s->xz.next_in = s->raw + s->raw_at;
        s->xz.avail_in = s->raw_len - s->raw_at;
        bool finish = s->raw_end && s->xz.avail_in == 0;
        lzma_ret status = lzma_code(&s->xz, finish ? LZMA_FINISH : LZMA_RUN);
        s->raw_at = s->raw_len - s->xz.avail_in;
        if (status == LZMA_STREAM_END) {
            s->ended = true;
            break;
        }
        if (status != LZMA_OK) {
            fail_xz(s, status, err);
            return -1;
        }
    }
    return (int64_t)(cap - s->xz.avail_out);
}

static int64_t read_plain(ent_source *s, uint8_t *out, size_t cap, ent_feed_error *err) {
    if (s->raw_at < s->raw_len) {
        size_t left = s->raw_len - s->raw_at;
        size_t take = left < cap ? left : cap;
        memcpy(out, s->raw + s->raw_at, take);
        s->raw_at += take;
        return (int64_t)take;
    }
    return raw_read(s, out, cap, err);
}

static int64_t content_read(ent_source *s, uint8_t *out, size_t cap, ent_feed_error *err) {
    if (s->ended || cap == 0) {
        return 0;
    }
    int64_t got = -1;
    switch (s->compression) {
    case ENT_COMPRESSION_NONE: got = read_plain(s, out, cap, err); break;
    case ENT_COMPRESSION_GZIP: got = read_gzip(s, out, cap, err); break;
    case ENT_COMPRESSION_ZSTD: got = read_zstd(s, out, cap, err); break;
    case ENT_COMPRESSION_XZ: got = read_xz(s, out, cap, err); break;
    }
    s->ended = s->ended || got == 0;
    return got;
}

int64_t ent_source_read(ent_source *s, void *out, size_t cap, ent_feed_error *err) {
    int64_t got;
    if (s->peek_at < s->peek_len) {
        size_t left = s->peek_len - s->peek_at;
        size_t take = left < cap ? left : cap;
        memcpy(out, s->peek + s->peek_at, take);
        s->peek_at += take;
        got = (int64_t)take;
    } else {
        got = content_read(s, out, cap, err);
    }
    if (got > 0 && s->tap != NULL) {
        s->tap(s->tap_user, out, (size_t)got);
    }
    return got;
}

static bool begins(const ent_source *s, const char *magic, size_t len) {
    return s->raw_len >= len && memcmp(s->raw, magic, len) == 0;
}

/* Files that people hand over in place of CSV get a way out. */
static bool refuse_foreign(const ent_source *s, ent_feed_error *err) {
    static const struct {
        const char *magic;
        uint8_t len;
        const char *what;
    } known[] = {
        {"PK\3\4", 4, "a zip archive or spreadsheet: unpack it, or save the sheet as CSV UTF-8"},
        {"BZh", 3, "compressed with bzip2: unpack it with `bunzip2`, or use gzip, zstd or xz"},
        {"PAR1", 4, "a Parquet file: export it as CSV or JSON Lines"},
        {"\xD0\xCF\x11\xE0", 4, "an old Excel workbook: save the sheet as CSV UTF-8"},
        {"SQLite format 3", 16, "an SQLite database: export the table as CSV"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (begins(s, known[i].magic, known[i].len)) {
            return ent_feed_fail(err, ENT_FEED_FORMAT, "`%s` is %s", s->name, known[i].what);
        }
    }
    return true;
}

static bool recognise(ent_source *s, ent_feed_error *err) {
    s->raw = malloc(RAW_SIZE);
    if (s->raw == NULL) {
        return ent_feed_fail_memory(err, "reading");
    }
    if (!raw_fill(s, 16, err) || !refuse_foreign(s, err)) {
        return false;
    }
    bool skippable = s->raw_len >= 4 && (s->raw[0] & 0xF0U) == 0x50U &&
                     memcmp(s->raw + 1, "\x2A\x4D\x18", 3) == 0;
    if (begins(s, "\x1F\x8B", 2)) {
        s->compression = ENT_COMPRESSION_GZIP;
        s->gzip_ready = inflateInit2(&s->gzip, 15 + 16) == Z_OK;
        return s->gzip_ready || ent_feed_fail_memory(err, "gzip");
    }
    if (begins(s, "\x28\xB5\x2F\xFD", 4) || skippable) {
        s->compression = ENT_COMPRESSION_ZSTD;
        s->zstd = ZSTD_createDStream();
        return s->zstd != NULL || ent_feed_fail_memory(err, "zstd");
    }
    if (begins(s,
               "\xFD"
               "7zXZ\0",
               6)) {
        s->compression = ENT_COMPRESSION_XZ;
        s->xz_ready = lzma_stream_decoder(&s->xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) == LZMA_OK;
        return s->xz_ready || ent_feed_fail_memory(err, "xz");
    }
    return true;
}

static bool name_ends(const char *name, size_t len, const char *suffix) {
    size_t n = strlen(suffix);
    if (len < n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        char c = name[len - n + i];
        if ((c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c) != suffix[i]) {
            return false;
        }
    }
    return true;
}

static ent_format format_by_name(const char *name) {
    size_t len = strlen(name);
    static const char *const packed[] = {".gz", ".zst", ".xz"};
    for (size_t i = 0; i < 3; i++) {
        if (name_ends(name, len, packed[i])) {
            len -= strlen(packed[i]);
            break;
        }
    }
    if (name_ends(name, len, ".csv")) {
        return ENT_FORMAT_CSV;
    }
    if (name_ends(name, len, ".tsv") || name_ends(name, len, ".tab")) {
        return ENT_FORMAT_TSV;
    }
    if (name_ends(name, len, ".jsonl") || name_ends(name, len, ".ndjson") ||
        name_ends(name, len, ".json")) {
        return ENT_FORMAT_JSONL;
    }
    return ENT_FORMAT_GUESS;
}

/* Content decides: `{` or `[` first is JSON.  A BOM before it does not hide it. */
static bool guess(ent_source *s, ent_feed_error *err) {
    s->peek = malloc(PEEK_SIZE);
    if (s->peek == NULL) {
        return ent_feed_fail_memory(err, "reading");
    }
    s->format = ENT_FORMAT_CSV;
    while (s->peek_len < PEEK_SIZE) {
        int64_t got = content_read(s, s->peek + s->peek_len, PEEK_SIZE - s->peek_len, err);
        if (got < 0) {
            return false;
        }
        s->peek_len += (size_t)got;
        size_t i = s->peek_len >= 3 && memcmp(s->peek, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        while (i < s->peek_len && (s->peek[i] == ' ' || s->peek[i] == '\t' || s->peek[i] == '\r' ||
                                   s->peek[i] == '\n')) {
            i++;
        }
        if (i < s->peek_len && s->peek_len >= 3) {
            s->format = s->peek[i] == '{' || s->peek[i] == '[' ? ENT_FORMAT_JSONL : ENT_FORMAT_CSV;
            return true;
        }
        if (got == 0) {
            return true;
        }
    }
    return true;
}

static ent_source *finish_open(ent_source *s, ent_format hint, ent_feed_error *err) {
    bool fine = recognise(s, err);
    if (fine) {
        s->format = hint != ENT_FORMAT_GUESS ? hint : format_by_name(s->name);
        fine = s->format != ENT_FORMAT_GUESS || guess(s, err);
    }
    if (!fine) {
        ent_source_close(s);
        return NULL;
    }
    return s;
}

static ent_source *source_new(const char *name, ent_feed_error *err) {
    ent_source *s = calloc(1, sizeof *s);
    char *copy = strdup(name);
    if (s == NULL || copy == NULL) {
        free(s);
        free(copy);
        ent_feed_fail_memory(err, "a source");
        return NULL;
    }
    s->name = copy;
    s->fd = -1;
    return s;
}

static bool open_file(ent_source *s, const char *path, ent_feed_error *err) {
    struct stat status;
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (s->fd < 0) {
        return ent_feed_fail_os(err, errno, "cannot open `%s`", path);
    }
    if (fstat(s->fd, &status) != 0) {
        return ent_feed_fail_os(err, errno, "cannot look at `%s`", path);
    }
    if (S_ISDIR(status.st_mode)) {
        return ent_feed_fail_os(err, EISDIR, "cannot read `%s`", path);
    }
    if (S_ISREG(status.st_mode)) {
        s->total = status.st_size > 0 ? (uint64_t)status.st_size : 0;
        s->is_file = true;
        (void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    return true;
}

ent_source *ent_source_open(const char *spec, ent_format hint, ent_feed_error *err) {
    bool standard_input = strcmp(spec, "-") == 0;
    ent_source *s = source_new(standard_input ? "standard input" : spec, err);
    if (s == NULL) {
        return NULL;
    }
    if (standard_input) {
        /* A duplicate, so that closing the source leaves the process's own descriptor alone. */
        s->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        if (s->fd < 0) {
            ent_feed_fail_os(err, errno, "cannot read standard input");
            ent_source_close(s);
            return NULL;
        }
    } else if (!open_file(s, spec, err)) {
        ent_source_close(s);
        return NULL;
    }
    return finish_open(s, hint, err);
}

ent_source *ent_source_open_memory(const char *name, const void *bytes, size_t len, ent_format hint,
                                   ent_feed_error *err) {
    ent_source *s = source_new(name, err);
    if (s == NULL) {
        return NULL;
    }
    s->memory = bytes;
    s->memory_len = len;
    s->total = len;
    return finish_open(s, hint, err);
}

void ent_source_close(ent_source *s) {
    if (s == NULL) {
        return;
    }
    if (s->gzip_ready) {
        (void)inflateEnd(&s->gzip);
    }
    if (s->xz_ready) {
        lzma_end(&s->xz);
    }
    (void)ZSTD_freeDStream(s->zstd);
    if (s->fd >= 0) {
        (void)close(s->fd);
    }
    free(s->peek);
    free(s->raw);
    free(s->name);
    free(s);
}

const char *ent_source_name(const ent_source *s) { return s->name; }
ent_format ent_source_format(const ent_source *s) { return s->format; }
ent_compression ent_source_compression(const ent_source *s) { return s->compression; }

bool ent_source_is_random(const ent_source *s) {
    return s->is_file && s->compression == ENT_COMPRESSION_NONE && s->peek_at == s->peek_len && s->tap == NULL;
}

int64_t ent_source_read_at(const ent_source *s, uint64_t offset, void *out, size_t cap) {
    size_t got = 0;
    while (got < cap) {
        ssize_t more = pread(s->fd, (char *)out + got, cap - got, (off_t)(offset + got));
        if (more == 0) {
            break;
        }
        if (more < 0 && errno != EINTR) {
            return -1;
        }
        got += more > 0 ? (size_t)more : 0;
    }
    return (int64_t)got;
}

uint64_t ent_source_tell(const ent_source *s) { return s->done - (s->raw_len - s->raw_at); }
uint64_t ent_source_size(const ent_source *s) { return s->total; }

bool ent_source_seek(ent_source *s, uint64_t offset, ent_feed_error *err) {
    if (lseek(s->fd, (off_t)offset, SEEK_SET) < 0) {
        return ent_feed_fail_os(err, errno, "cannot read `%s`", s->name);
    }
    s->done = offset;
    s->raw_at = s->raw_len;
    s->ended = false;
    return true;
}

void ent_source_set_tap(ent_source *s, ent_source_tap tap, void *user) {
    s->tap = tap;
    s->tap_user = user;
}

void ent_source_progress(const ent_source *s, uint64_t *done, uint64_t *total) {
    *done = s->done;
    *total = s->total;
}

bool ent_source_list_take(ent_source_list *list, ent_source *source, ent_feed_error *err) {
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
        ent_source **items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL) {
            ent_source_close(source);
            return ent_feed_fail_memory(err, "a list of sources");
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = source;
    return true;
}

bool ent_source_list_add(ent_source_list *list, const char *spec, ent_format hint,
                         ent_feed_error *err) {
    ent_source *source = ent_source_open(spec, hint, err);
    return source != NULL && ent_source_list_take(list, source, err);
}

void ent_source_list_deinit(ent_source_list *list) {
    for (uint32_t i = 0; i < list->count; i++) {
        ent_source_close(list->items[i]);
    }
    free(list->items);
    *list = (ent_source_list){0};
}
