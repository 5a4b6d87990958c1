/* The digest of a feed's rows: a hash over what each row says, in event order.  Rows of one instant are taken in the
 * order of their bytes, and numbers of texts are no part of it, so the same facts have the same digest whatever order,
 * batches and threads they came by.
 *
 * A row says of each field that agreements use, and of its instant, in the order of the feed's declaration:
 *     u8 1                 it is absent
 *     u8 0, then           text: u32 length, bytes;  party, service and enum: the same of its name
 *                          bool: u8;  ratio, money: i128 numerator, i128 denominator, in lowest terms
 *                          number: double;  all else: i64, of instants and durations in nanoseconds
 * All little-endian.  Of the rows' bytes, one after the other with nothing between them, the digest is the hash of
 * runtime/ledger/hash_tree.h.
 *
 * Tested by tests/property/digest.py, which reckons it anew, tests/property/invariance.sh and tests/embed; saved and
 * restored by runtime/embed/whole.c. */
#ifndef ENT_FEED_DIGEST_H
#define ENT_FEED_DIGEST_H

#include "runtime/bytecode/program.h"
#include "runtime/ledger/hash.h"
#include "runtime/ledger/hash_tree.h"
#include "runtime/vm/strings.h"
#include "runtime/vm/vm.h"

typedef struct ent_digest_row {
    int64_t at;
    size_t offset, len;
} ent_digest_row;

typedef struct ent_digest {
    ent_hash_tree tree;
    bool failed; /* memory: the digest is of no use */
    char *bytes; /* first of rows that are settled but not yet hashed, then of those that wait */
    size_t n_settled, n, capacity;
    ent_digest_row *rows; /* that wait, in the order of their bytes */
    size_t n_rows, rows_capacity;
    struct ent_digest_field *fields; /* how a row says its fields, once one has come */
    size_t n_fields;
    char *slots; /* of rows that are put together, each of which has room for all it may say in short */
    size_t slots_size;
} ent_digest;

/* What has been settled, as it is saved: the leaves, and what is in none yet. */
typedef struct ent_digest_settled {
    ent_hash_tree tree;
    const char *rest; /* lives as long as the digest is not touched */
    size_t len;       /* at most a leaf */
} ent_digest_settled;

/* Rows of the feed. */
typedef struct ent_digest_batch {
    const ent_image *program;
    const ent_feed_row *feed;
    const ent_strings *strings;
    const ent_vector *columns; /* of field after field; data NULL: rows do not say it */
    size_t n;
} ent_digest_batch;

void ent_digest_init(ent_digest *digest);
void ent_digest_deinit(ent_digest *digest);
/* Lets the rows of instants from `since` on wait. */
void ent_digest_add(ent_digest *digest, const ent_digest_batch *batch, int64_t since);
/* Takes rows that come in event order: of an instant before that of the last one none comes any more. */
void ent_digest_take(ent_digest *digest, const ent_digest_batch *batch);
/* Lets a row wait that was added to another digest, by its bytes. */
bool ent_digest_add_bytes(ent_digest *digest, int64_t at, const void *bytes, size_t len);
/* Takes the waiting rows of instants before `until`: none of such an instant comes any more. */
void ent_digest_pass(ent_digest *digest, int64_t until);
ent_digest_settled ent_digest_get_settled(const ent_digest *digest);
/* Goes on where a fresh one was saved; len is at most a leaf. */
bool ent_digest_set_settled(ent_digest *digest, const ent_digest_settled *settled);
/* Ends it; false: it failed. */
bool ent_digest_text(ent_digest *digest, char text[ENT_HASH_TEXT_SIZE]);
#endif
