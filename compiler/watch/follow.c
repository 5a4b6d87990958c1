/* Standard input and files that grow.
 *
 * A file is looked at again and again, which works on every file system.  Whole rows are taken; a
 * row that is still being written waits for its newline.  When the name leads to another file
 * (rotation), the old one is read to its end first, then the new one from its beginning.  A file
 * that has become shorter is read from its beginning again.  After a restart the file is found by
 * its inode, under its name or, if it was renamed, beside it. */
#include "compiler/watch/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct ent_watch_input {
    int fd;
    bool at_end;  /* nothing more for now */
    bool closed;  /* standard input has ended */
    bool waiting; /* rows that were read could not be taken yet */
    bool told;    /* that the file cannot be opened has been said */
    bool renamed; /* fd is a file that no longer has the name */
    char *text;   /* bytes from place.offset on */
    size_t n, capacity;
    uint64_t line;   /* lines before text */
    uint64_t offset; /* of text[0] in the file */
    uint64_t device, inode;
} ent_watch_input;

static bool is_stdin(const ent_watch_source *s)
{
    return s->kind == ENT_WATCH_STDIN;
}

static void adopt(ent_watch_input *in, int fd, const struct stat *status, uint64_t offset,
                  uint64_t line)
{
    if (in->fd >= 0) {
        close(in->fd);
    }
    in->fd = fd;
    in->device = (uint64_t)status->st_dev;
    in->inode = (uint64_t)status->st_ino;
    in->offset = offset;
    in->line = line;
    in->n = 0;
    in->at_end = false;
    in->renamed = false;
}

/* The file that the state knows by its inode, in the folder of the name. */
static int find_renamed(const ent_watch_source *s, struct stat *status)
{
    char path[4096];
    const char *slash = strrchr(s->spec, '/');
    int n = slash ? (int)(slash - s->spec) : 1;
    snprintf(path, sizeof path, "%.*s", n, slash ? s->spec : ".");
    DIR *folder = opendir(n == 0 ? "/" : path);
    int fd = -1;
    for (struct dirent *e; folder && fd < 0 && (e = readdir(folder)) != NULL;) {
        if (e->d_ino != s->place.inode ||
            snprintf(path, sizeof path, "%.*s/%s", n, slash ? s->spec : ".", e->d_name) >=
                (int)sizeof path) {
            continue;
        }
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd >= 0 && (fstat(fd, status) != 0 || (uint64_t)status->st_ino != s->place.inode ||
                        (uint64_t)status->st_dev != s->place.device ||
                        (uint64_t)status->st_size < s->place.offset)) {
            close(fd);
            fd = -1;
        }
    }
    if (folder) {
        closedir(folder);
    }
    return fd;
}

/* false: there is no such file yet, or it cannot be read; s->trouble says so. */
static bool open_by_name(ent_watch *w, ent_watch_source *s)
{
    ent_watch_input *in = s->input;
    struct stat status;
    int fd = open(s->spec, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0) {
        snprintf(s->trouble, sizeof s->trouble, "cannot open `%s`: %s", s->spec, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        if (!in->told) {
            ent_watch_say(w, "warning: %s; waiting for it", s->trouble);
            in->told = true;
        }
        return false;
    }
    if (in->told) {
        ent_watch_say(w, "note: `%s` is there again", s->spec);
    }
    in->told = false;
    s->trouble[0] = 0;
    bool known = s->place.inode != 0;
    bool same = known && (uint64_t)status.st_ino == s->place.inode &&
                (uint64_t)status.st_dev == s->place.device;
    if (same && (!S_ISREG(status.st_mode) || (uint64_t)status.st_size >= s->place.offset)) {
        adopt(in, fd, &status, s->place.offset, s->place.line);
        return true;
    }
    struct stat older;
    int renamed = known && !same ? find_renamed(s, &older) : -1;
    if (renamed >= 0) {
        close(fd);
        adopt(in, renamed, &older, s->place.offset, s->place.line);
        in->renamed = true;
        return true;
    }
    if (known) {
        ent_watch_say(w, "note: `%s` %s: it is read from its beginning", s->spec,
                      same ? "has become shorter" : "is another file");
    }
    adopt(in, fd, &status, 0, 0);
    return true;
}

bool ent_watch_follow_open(ent_watch *w, ent_watch_source *s)
{
    ent_watch_input *in = calloc(1, sizeof *in);
    if (!in) {
        return ent_watch_fail(w, 4, "out of memory");
    }
    s->input = in;
    in->fd = -1;
    if (is_stdin(s)) {
        in->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        in->line = s->place.line;
        in->offset = s->place.offset;
        if (in->fd < 0) {
            return ent_watch_fail(w, 4, "cannot read standard input: %s", strerror(errno));
        }
    }
    return true;
}

void ent_watch_follow_close(ent_watch_source *s)
{
    if (s->input) {
        if (s->input->fd >= 0) {
            close(s->input->fd);
        }
        free(s->input->text);
        free(s->input);
        s->input = NULL;
    }
}

int ent_watch_follow_fd(const ent_watch_source *s)
{
    return is_stdin(s) && !s->input->closed ? s->input->fd : -1;
}

bool ent_watch_follow_at_end(const ent_watch_source *s)
{
    return s->input->at_end && (is_stdin(s) ? s->input->closed : s->input->fd >= 0);
}

/* --- rows in what was read --- */

static char separator_of(const ent_watch_source *s, ent_format format)
{
    char own = ent_binder_separator(s->binder);
    return own ? own : format == ENT_FORMAT_TSV ? '\t' : ',';
}

/* The end of the first row and that of the last whole one; a quoted cell of CSV may hold newlines.
 */
static void find_rows(const char *text, size_t n, char separator, bool quotes, size_t *first,
                      size_t *last)
{
    bool quoted = false;
    bool begin = true; /* of a cell, where a quote means something */
    *first = *last = 0;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (quotes && c == '"' && (quoted || begin)) {
            quoted = !quoted;
            begin = quoted ? false : true; /* a doubled quote opens again */
            continue;
        }
        if (c == '\n' && !quoted) {
            *last = i + 1;
            *first = *first ? *first : i + 1;
        }
        begin = c == separator || c == '\n';
    }
}

static ent_format format_of(const ent_watch_source *s, const char *text, size_t n)
{
    static const ent_format stated[] = {ENT_FORMAT_GUESS, ENT_FORMAT_CSV, ENT_FORMAT_JSONL};
    int bound = ent_binder_format(s->binder);
    const char *dot = strrchr(s->spec, '.');
    if (bound > 0 && bound < 3) {
        return stated[bound] == ENT_FORMAT_CSV && dot && strcmp(dot, ".tsv") == 0 ? ENT_FORMAT_TSV
                                                                                  : stated[bound];
    }
    if (dot && strcmp(dot, ".csv") == 0) {
        return ENT_FORMAT_CSV;
    }
    if (dot && (strcmp(dot, ".tsv") == 0 || strcmp(dot, ".tab") == 0)) {
        return ENT_FORMAT_TSV;
    }
    size_t i = n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (i < n && (text[i] == ' ' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t')) {
        i++;
    }
    return i < n && text[i] == '{' ? ENT_FORMAT_JSONL : ENT_FORMAT_CSV;
}

static uint64_t count_newlines(const char *text, size_t n)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < n; i++) {
        lines += text[i] == '\n';
    }
    return lines;
}

static void drop(ent_watch_input *in, size_t n)
{
    in->line += count_newlines(in->text, n);
    in->offset += n;
    in->n -= n;
    memmove(in->text, in->text + n, in->n);
}

/* Takes the whole rows of what was read; all: the last one has no newline and never will. */
static bool take_text(ent_watch *w, ent_watch_source *s, bool all, bool *taken)
{
    ent_watch_input *in = s->input;
    char message[512];
    size_t first, last;
    *taken = false;
    if (in->n == 0) {
        return true;
    }
    const char *begins = in->offset == 0 ? in->text : s->header ? s->header : "{";
    ent_format format = format_of(s, begins, in->offset == 0 ? in->n : strlen(begins));
    find_rows(in->text, in->n, separator_of(s, format), format != ENT_FORMAT_JSONL, &first, &last);
    if (all) {
        last = in->n;
        first = first ? first : last;
    }
    if (last == 0) {
        return true;
    }
    bool header = format != ENT_FORMAT_JSONL && in->offset == 0;
    size_t begin = header ? first : 0;
    ent_watch_batch b = {.source = s,
                         .format = format,
                         .header = header ? in->text : s->header,
                         .header_len = header                       ? first
                                       : format == ENT_FORMAT_JSONL ? 0
                                                                    : s->header_len,
                         .text = in->text + begin,
                         .len = last - begin,
                         .line = in->line + count_newlines(in->text, begin),
                         .now_ns = w->now_ns,
                         .after = {in->device, in->inode, in->offset + last,
                                   in->line + count_newlines(in->text, last)},
                         .watermark_ns = INT64_MIN};
    while (header && b.header_len > 0 &&
           (b.header[b.header_len - 1] == '\n' || b.header[b.header_len - 1] == '\r')) {
        b.header_len--;
    }
    switch (ent_watch_accept(w, &b, message, sizeof message)) {
    case ENT_WATCH_BUSY:
        snprintf(s->trouble, sizeof s->trouble, "%.300s", message);
        in->waiting = true;
        return true;
    case ENT_WATCH_FAILED:
        return false;
    case ENT_WATCH_REFUSED:
        return ent_watch_fail(w, 3, "%s", message);
    default:
        s->trouble[0] = 0;
        in->waiting = false;
        *taken = true;
        drop(in, last);
        return true;
    }
}

/* --- reading --- */

static bool make_room(ent_watch *w, ent_watch_input *in)
{
    size_t want = in->n + ENT_WATCH_CHUNK;
    if (want <= in->capacity) {
        return true;
    }
    char *grown = realloc(in->text, want);
    if (!grown) {
        return ent_watch_fail(w, 4, "out of memory");
    }
    in->text = grown;
    in->capacity = want;
    return true;
}

/* The name leads elsewhere now, or the file has become shorter: what is left of the old one has
 * been read. */
static void look_again(ent_watch *w, ent_watch_source *s)
{
    ent_watch_input *in = s->input;
    struct stat status;
    struct stat own;
    if (is_stdin(s) || fstat(in->fd, &own) != 0) {
        return;
    }
    if (S_ISREG(own.st_mode) && (uint64_t)own.st_size < in->offset + in->n) {
        ent_watch_say(w, "note: `%s` has become shorter: it is read from its beginning", s->spec);
        in->offset = in->line = in->n = 0;
        in->at_end = false;
        (void)lseek(in->fd, 0, SEEK_SET);
        return;
    }
    if (stat(s->spec, &status) != 0 ||
        ((uint64_t)status.st_ino == in->inode && (uint64_t)status.st_dev == in->device)) {
        return;
    }
    int fd = open(s->spec, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &status) == 0) {
        ent_watch_say(w, "note: `%s` is a new file: it is read from its beginning", s->spec);
        adopt(in, fd, &status, 0, 0);
    } else if (fd >= 0) {
        close(fd);
    }
}

static bool is_rotated(const ent_watch_source *s)
{
    struct stat status;
    return !is_stdin(s) && stat(s->spec, &status) == 0 &&
           ((uint64_t)status.st_ino != s->input->inode ||
            (uint64_t)status.st_dev != s->input->device);
}

static bool at_end(ent_watch *w, ent_watch_source *s)
{
    ent_watch_input *in = s->input;
    bool taken;
    bool rotated = is_rotated(s);
    if (rotated && !in->renamed) {
        in->renamed = true; /* what was written before the name went elsewhere is read first */
        return true;
    }
    bool last = in->closed || (w->options->until_end && !is_stdin(s)) || rotated;
    in->at_end = true;
    if (last && !take_text(w, s, true, &taken)) {
        return false;
    }
    if (in->closed && in->n == 0 && !s->ended) {
        ent_watch_batch end = {.source = s,
                               .now_ns = w->now_ns,
                               .after = s->place,
                               .end = true,
                               .watermark_ns = INT64_MIN};
        return ent_watch_accept(w, &end, NULL, 0) != ENT_WATCH_FAILED;
    }
    if (in->n == 0 || !last) {
        look_again(w, s);
    }
    return true;
}

bool ent_watch_follow_turn(ent_watch *w, ent_watch_source *s, bool *more)
{
    ent_watch_input *in = s->input;
    bool taken;
    *more = false;
    if (s->ended || (in->fd < 0 && !open_by_name(w, s)) || !ent_watch_has_room(w, s)) {
        return true;
    }
    if (in->n > ENT_WATCH_ROW_MAX) {
        return ent_watch_fail(
            w, 3, "a row of `%s` is longer than %d bytes: check its line ends and quotes", s->spec,
            ENT_WATCH_ROW_MAX);
    }
    if (in->waiting) {
        return take_text(w, s, false, more);
    }
    struct pollfd ready = {.fd = in->fd, .events = POLLIN};
    if (is_stdin(s) && (in->closed || poll(&ready, 1, 0) <= 0)) {
        return !in->closed || at_end(w, s);
    }
    if (!make_room(w, in)) {
        return false;
    }
    ssize_t n = is_stdin(s)
                    ? read(in->fd, in->text + in->n, ENT_WATCH_CHUNK)
                    : pread(in->fd, in->text + in->n, ENT_WATCH_CHUNK, (off_t)(in->offset + in->n));
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    if (n < 0) {
        snprintf(s->trouble, sizeof s->trouble, "cannot read `%s`: %s", s->spec, strerror(errno));
        return true;
    }
    if (in->offset + in->n == 0 && n > 0 && !ent_watch_is_text(in->text, (size_t)n)) {
        return ent_watch_fail(w, 3, "`%s` is compressed or no text: only text can be followed",
                              s->spec);
    }
    in->n += (size_t)n;
    in->closed |= n == 0 && is_stdin(s);
    if (n == 0) {
        return at_end(w, s);
    }
    in->at_end = false;
    *more = true;
    return take_text(w, s, false, &taken);
}
