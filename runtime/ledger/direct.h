/* The rest of a large file, written past the page cache where the file system takes that: no copy by the kernel, and
 * the disk works while the caller makes what comes next.
 *
 * Blocks go by turns to a thread of their own, which does nothing but write them and wait.  Where direct writing turns
 * out not to be possible they are written like any other file.  The bytes in the file are the same.
 * Private to file.c; tested by tests/unit/test_file.c and tests/property/spool.py. */
#ifndef ENT_LEDGER_DIRECT_H
#define ENT_LEDGER_DIRECT_H

#include <stddef.h>
#include <stdint.h>

enum { ENT_DIRECT_UNIT = 4096, ENT_DIRECT_BLOCK = 4 << 20 };

typedef struct ent_direct ent_direct;

/* Goes on at `offset`, a multiple of the unit and the end of the file so far.  The file is this one's until its end.
 * NULL: not here, and nothing has changed. */
ent_direct *ent_direct_begin(int fd, uint64_t offset);
void ent_direct_write(ent_direct *direct, const void *bytes, size_t n);
/* Writes what is left.  0, or the number of what failed first, here or before. */
int ent_direct_end(ent_direct *direct);
/* Ends it as soon as may be: the file is not wanted. */
void ent_direct_drop(ent_direct *direct);
#endif
