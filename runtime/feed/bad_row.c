/* Telling bad rows, and the quarantine file.  See bad_row.h. */
#include "runtime/feed/bad_row.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/feed/utf8.h"

enum { SHOWN_MAX = 60, NAME_TRIES = 1000 };

void ent_bad_row_text(const ent_bad_row *bad, char *out, size_t out_size) {
    char where[160] = "";
    char found[2 * SHOWN_MAX + 128] = "";
    char name[128];
    if (bad->column_name != NULL) {
        ent_utf8_show(name, sizeof name, bad->column_name, strlen(bad->column_name), SHOWN_MAX);
    }
    if (bad->column_name != NULL && bad->column != 0) {
        (void)snprintf(where, sizeof where, ", column %" PRIu32 " `%s`", bad->column, name);
    } else if (bad->column_name != NULL) {
        (void)snprintf(where, sizeof where, ", member `%s`", name);
    } else if (bad->byte != 0) {
        (void)snprintf(where, sizeof where, ", byte %" PRIu32, bad->byte);
    }
    if (bad->cell != NULL && bad->cell_len == 0) {
        (void)snprintf(found, sizeof found, ", found nothing");
    } else if (bad->cell != NULL) {
        char shown[2 * SHOWN_MAX + 64];
        ent_utf8_show(shown, sizeof shown, bad->cell, bad->cell_len, SHOWN_MAX);
        (void)snprintf(found, sizeof found, ", found `%s`", shown);
    }
    (void)snprintf(out, out_size, "`%s` line %" PRIu64 "%s: expected %s%s", bad->file, bad->line,
                   where, bad->expected, found);
}

bool ent_bad_row_fail(const ent_bad_row *bad, ent_feed_error *err) {
    char text[ENT_FEED_TEXT_MAX];
    ent_bad_row_text(bad, text, sizeof text);
    ent_feed_fail(err, ENT_FEED_BAD_ROW, "%s", text);
    if (err != NULL) {
        err->line = bad->line;
    }
    return false;
}

struct ent_quarantine {
    char *path;
    char *temporary;
    FILE *file;
    uint64_t count;
};

void ent_quarantine_abort(ent_quarantine *q) {
    if (q == NULL) {
        return;
    }
    if (q->file != NULL) {
        (void)fclose(q->file);
        (void)unlink(q->temporary);
    }
    free(q->temporary);
    free(q->path);
    free(q);
}

/* mkstemp would give mode 0600; a quarantine file is an ordinary file under the user's umask. */
static bool create_temporary(ent_quarantine *q, ent_feed_error *err) {
    size_t room = strlen(q->path) + 48;
    q->temporary = malloc(room);
    if (q->temporary == NULL) {
        return ent_feed_fail_memory(err, "the quarantine file");
    }
    for (int i = 0; i < NAME_TRIES; i++) {
        (void)snprintf(q->temporary, room, "%s.%ld.%d.tmp", q->path, (long)getpid(), i);
        int fd = open(q->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            q->file = fdopen(fd, "w");
            if (q->file == NULL) {
                (void)close(fd);
                (void)unlink(q->temporary);
                return ent_feed_fail_memory(err, "the quarantine file");
            }
            return true;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return ent_feed_fail_os(err, errno, "cannot create the quarantine file `%s`", q->path);
}

static bool write_failed(const ent_quarantine *q, ent_feed_error *err) {
    return ent_feed_fail_os(err, errno != 0 ? errno : EIO, "cannot write the quarantine file `%s`",
                            q->path);
}

ent_quarantine *ent_quarantine_open(const char *path, ent_feed_error *err) {
    struct stat status;
    ent_quarantine *q = calloc(1, sizeof *q);
    if (q != NULL) {
        q->path = strdup(path);
    }
    if (q == NULL || q->path == NULL) {
        ent_feed_fail_memory(err, "the quarantine file");
        ent_quarantine_abort(q);
        return NULL;
    }
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        ent_feed_fail_os(err, EISDIR, "cannot create the quarantine file `%s`", path);
        ent_quarantine_abort(q);
        return NULL;
    }
    if (!create_temporary(q, err)) {
        ent_quarantine_abort(q);
        return NULL;
    }
    if (fputs("file,line,column,cell,expected,row\n", q->file) < 0) {
        write_failed(q, err);
        ent_quarantine_abort(q);
        return NULL;
    }
    return q;
}

static void put_cell(FILE *file, const char *text, size_t len, char end) {
    bool quoted = len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
    for (size_t i = 0; i < len && !quoted; i++) {
        quoted = text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r';
    }
    if (!quoted) {
        (void)fwrite(text, 1, len, file);
        (void)fputc(end, file);
        return;
    }
    (void)fputc('"', file);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"') {
            (void)fputc('"', file);
        }
        (void)fputc(text[i], file);
    }
    (void)fputc('"', file);
    (void)fputc(end, file);
}

bool ent_quarantine_add(ent_quarantine *q, const ent_bad_row *bad, ent_feed_error *err) {
    char number[24] = "";
    const char *column = bad->column_name;
    if ((column == NULL || column[0] == '\0') && bad->column != 0) {
        (void)snprintf(number, sizeof number, "%" PRIu32, bad->column);
        column = number;
    }
    errno = 0;
    put_cell(q->file, bad->file, strlen(bad->file), ',');
    (void)fprintf(q->file, "%" PRIu64 ",", bad->line);
    put_cell(q->file, column != NULL ? column : "", column != NULL ? strlen(column) : 0, ',');
    put_cell(q->file, bad->cell != NULL ? bad->cell : "", bad->cell != NULL ? bad->cell_len : 0,
             ',');
    put_cell(q->file, bad->expected, strlen(bad->expected), ',');
    put_cell(q->file, bad->raw != NULL ? bad->raw : "", bad->raw != NULL ? bad->raw_len : 0, '\n');
    if (ferror(q->file)) {
        return write_failed(q, err);
    }
    q->count++;
    return true;
}

uint64_t ent_quarantine_count(const ent_quarantine *q) { return q->count; }

/* The rename itself must reach the disk too; a folder that cannot be synced is no reason to fail.
 */
static void sync_folder(const char *path) {
    char *folder = strdup(path);
    if (folder == NULL) {
        return;
    }
    char *slash = strrchr(folder, '/');
    if (slash != NULL) {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    int fd = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
    free(folder);
}

bool ent_quarantine_commit(ent_quarantine *q, ent_feed_error *err) {
    errno = 0;
    bool fine = fflush(q->file) == 0 && !ferror(q->file) && fsync(fileno(q->file)) == 0;
    if (!fine) {
        write_failed(q, err);
        ent_quarantine_abort(q);
        return false;
    }
    fine = fclose(q->file) == 0;
    q->file = NULL;
    if (!fine || rename(q->temporary, q->path) != 0) {
        write_failed(q, err);
        (void)unlink(q->temporary);
        ent_quarantine_abort(q);
        return false;
    }
    sync_folder(q->path);
    ent_quarantine_abort(q);
    return true;
}
