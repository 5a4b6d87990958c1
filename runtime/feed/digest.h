/* The digest of a feed's rows: BLAKE2b-256 over what each row says, in event order.  Rows of one instant are taken in
 * the order of their bytes, and numbers of texts are no part of it, so the same facts have the same digest whatever
 * order and threads they came by.
 * Tested by tests/property/invariance.sh and tests/embed; saved and restored by runtime/embed/whole.c. */
#ifndef ENT_FEED_DIGEST_H
#define ENT_FEED_DIGEST_H

#include "runtime/bytecode/program.h"
#include "runtime/ledger/blake2b.h"
#include "runtime/ledger/hash.h"
#include "runtime/vm/strings.h"
#include "runtime/vm/vm.h"

typedef struct ent_digest_row {
    int64_t at;
    size_t offset, len;
} ent_digest_row;

typedef struct ent_digest {
    ent_blake2b hash;
    bool failed; /* memory: the digest is of no use */
    char *bytes; /* first of rows that are settled but not yet hashed, then of those that wait */
    size_t n_settled, n, capacity;
    ent_digest_row *rows;
    size_t n_rows, rows_capacity;
} ent_digest;

void ent_digest_init(ent_digest *digest);
void ent_digest_deinit(ent_digest *digest);
/* Lets a row wait.  columns[i] is field i of the feed; data NULL: it is no part of the digest. */
void ent_digest_add(ent_digest *digest, const ent_image *program, const ent_feed_row *feed,
                    const ent_strings *strings, const ent_vector *columns, size_t lane);
/* The same of a row that was added to another digest, by its bytes. */
bool ent_digest_add_bytes(ent_digest *digest, int64_t at, const void *bytes, size_t len);
/* The hash of all that is settled. */
ent_blake2b ent_digest_settled(const ent_digest *digest);
/* Takes the waiting rows of instants before `until`: none of such an instant comes any more. */
void ent_digest_pass(ent_digest *digest, int64_t until);
/* All that wait. */
void ent_digest_flush(ent_digest *digest);
/* Ends it; false: it failed. */
bool ent_digest_text(ent_digest *digest, char text[ENT_HASH_TEXT_SIZE]);
#endif
