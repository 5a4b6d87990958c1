/* The state folder: what makes that nothing is lost.
 *
 *     lock              held while a watch runs on the folder
 *     checkpoint        the state as of a place in the journal; appears whole, by renaming
 *     journal-00000007  what was accepted, in order; each entry is on the disk before it has any
 *                       effect.  Old segments are what a new version of the program decides again
 *
 * An entry of the journal:
 *
 *     length u32 | kind u32 | bytes | the first 16 bytes of the BLAKE2b-256 of all that
 *
 * An entry that was torn by a crash is the last of the last segment; it is cut, and what it held is
 * read again from its source or sent again by who had no answer.  A fault anywhere else is damage
 * and ends the start.  A checkpoint: magic, length, bytes, BLAKE2b-256. */
#ifndef ENT_WATCH_STORE_H
#define ENT_WATCH_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/watch/bytes.h"

typedef struct ent_watch_store {
    char *folder; /* NULL: nothing is kept */
    int lock;
    int journal; /* the segment that grows, or -1 */
    uint64_t segment;
    uint64_t size; /* of this segment */
    int os_error;  /* of the last write, 0: all is well */
    size_t refused; /* bytes of the last entry that the disk did not take, 0: it took it */
    char message[512];
} ent_watch_store;

enum { ENT_WATCH_ENTRY_MAX = 1 << 27 };

/* Makes the folder if need be and takes its lock.  false: see message. */
bool ent_watch_store_open(ent_watch_store *store, const char *folder);
void ent_watch_store_close(ent_watch_store *store);

/* Adds an entry and waits for the disk.  false: os_error; nothing has changed. */
bool ent_watch_store_append(ent_watch_store *store, uint32_t kind, const void *bytes, size_t n);

/* Whether the disk would take now what it refused: as much is written, and taken back. */
bool ent_watch_store_probe(ent_watch_store *store);

/* Gives the entries from byte `at` of segment number `segment` on to `take`, then goes on appending
 * to the last one. false: message says why, unless take said so. */
typedef bool (*ent_watch_take)(void *user, uint32_t kind, ent_watch_slice bytes);
bool ent_watch_store_replay(ent_watch_store *store, uint64_t segment, uint64_t at,
                            ent_watch_take take, void *user);

/* Begins segment number `segment + 1`. */
bool ent_watch_store_turn(ent_watch_store *store);
bool ent_watch_store_checkpoint(ent_watch_store *store, const void *bytes, size_t n);
/* Removes segments below `segment`. */
void ent_watch_store_forget(ent_watch_store *store, uint64_t segment);
/* The checkpoint's bytes, to be freed; NULL with *found false: there is none; else message. */
unsigned char *ent_watch_store_load(ent_watch_store *store, size_t *n, bool *found);

/* The path of a file in the folder. */
bool ent_watch_store_path(const ent_watch_store *store, const char *name, char *buf, size_t size);
#endif
