/* See hash_tree.h. */
#include "runtime/ledger/hash_tree.h"

enum { LEAF = ENT_BLAKE2B_LEAF, LAST_BLOCK = LEAF - ENT_BLAKE2B_BLOCK, SOME = 16 };

void ent_hash_tree_init(ent_hash_tree *tree)
{
    ent_blake2b_init_node(&tree->root, &(ent_blake2b_node){.depth = 1, .last = true});
    tree->leaves = 0;
}

static void take_leaves(ent_hash_tree *tree, const unsigned char *bytes, size_t n)
{
    const void *text[SOME];
    const void *rest[SOME];
    size_t len[SOME];
    size_t rest_len[SOME];
    ent_blake2b_begun begun[SOME];
    unsigned char digests[SOME][ENT_BLAKE2B_SIZE];
    for (size_t i = 0; i < n; i++) {
        text[i] = bytes + i * LEAF;
        len[i] = LAST_BLOCK;
        rest[i] = bytes + i * LEAF + LAST_BLOCK;
        rest_len[i] = ENT_BLAKE2B_BLOCK;
    }
    ent_blake2b_begin_leaves(text, len, n, tree->leaves, begun);
    ent_blake2b_end_all(begun, rest, rest_len, n, digests);
    ent_blake2b_update(&tree->root, digests, n * ENT_BLAKE2B_SIZE);
    tree->leaves += n;
}

void ent_hash_tree_leaves(ent_hash_tree *tree, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    for (size_t done = 0; done < n; done += SOME) {
        take_leaves(tree, at + done * LEAF, n - done < SOME ? n - done : SOME);
    }
}

void ent_hash_tree_final(ent_hash_tree *tree, const void *rest, size_t len, unsigned char digest[ENT_BLAKE2B_SIZE])
{
    ent_blake2b leaf;
    ent_blake2b_init_node(&leaf, &(ent_blake2b_node){.offset = tree->leaves, .depth = 0, .last = true});
    ent_blake2b_update(&leaf, rest, len);
    ent_blake2b_final(&leaf, digest);
    ent_blake2b_update(&tree->root, digest, ENT_BLAKE2B_SIZE);
    ent_blake2b_final(&tree->root, digest);
}
