/* Files that are there whole or not at all, and files without a name.
 * Tested by tests/unit/test_file.c and tests/property/spool.py. */
#ifndef ENT_LEDGER_FILE_H
#define ENT_LEDGER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ent_direct;

/* Writes a file beside its final name and renames it when it is complete: an interrupted run leaves
 * what was there.  ent_file_commit flushes to the disk first.  Both return false with errno set. */
typedef struct ent_file {
    char *path, *temporary;
    int fd;
    char *buffer;
    size_t n;
    uint64_t written;          /* from the buffer */
    struct ent_direct *direct; /* which has all that comes behind that; or NULL */
    bool not_direct;           /* that was tried: it is not possible */
    unsigned mode;             /* permissions; 0: 0644 */
    int os_error;
} ent_file;
bool ent_file_create(ent_file *file, const char *path);
void ent_file_write(ent_file *file, const void *bytes, size_t n);
bool ent_file_commit(ent_file *file);
void ent_file_abort(ent_file *file);

/* A file without a name, to write and read, which is gone when it is closed.  -1 with errno set. */
int ent_file_unnamed(const char *folder);
#endif
