/* The hash of a long text in pieces that are hashed side by side: BLAKE2b-256 in BLAKE2's own tree mode, with leaves of
 * 4096 bytes and a root over the leaves' digests.  A leaf's hash depends on its number, and on being the last; the
 * root's on being a root: so no two texts have the same hash but by a collision of BLAKE2b.  What hashlib says:
 *
 *     leaf i:  blake2b(bytes, digest_size=32, fanout=0, depth=2, leaf_size=4096, inner_size=32, node_depth=0,
 *                      node_offset=i, last_node=(i is the last))
 *     hash:    blake2b(the leaves' digests one after the other, ..., node_depth=1, node_offset=0, last_node=True)
 *
 * All leaves are full but the last, which has 1 to 4096 bytes, or none if there are no bytes at all.
 * Tested by tests/unit/test_blake2b.c and, against hashlib, by tests/property/digest.py. */
#ifndef ENT_LEDGER_HASH_TREE_H
#define ENT_LEDGER_HASH_TREE_H

#include "runtime/ledger/blake2b.h"

/* Plain numbers: it can be copied, and gone on with elsewhere. */
typedef struct ent_hash_tree {
    ent_blake2b root; /* over the digests of so many leaves */
    uint64_t leaves;
} ent_hash_tree;

void ent_hash_tree_init(ent_hash_tree *tree);
/* n full leaves, after which at least one byte is to come.  They are fastest by the dozen. */
void ent_hash_tree_leaves(ent_hash_tree *tree, const void *bytes, size_t n);
/* Ends it with the last leaf. */
void ent_hash_tree_final(ent_hash_tree *tree, const void *rest, size_t len, unsigned char digest[ENT_BLAKE2B_SIZE]);

#endif
