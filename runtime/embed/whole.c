/* What a session keeps until the end of a whole ledger, as bytes: the digests of its rows so far, which the ledger's
 * first line will say, and the decisions that follow that line.
 *
 *     of each feed:  the digest of the rows that are settled: u64 leaves, 64 bytes chain of the root over them,
 *                    what of their digests is not in the chain yet (the last 1 to 128 bytes), u64 n, n bytes of rows
 *                    that are in no leaf yet
 *                    u64 rows that wait, each i64 at, u64 length, bytes
 *     u64 decisions, each u8 kind, status, flags, claim, i64 figures, u64 length, bytes of its line
 *     BLAKE2b-256 of all that
 *
 * Little-endian.  As of all saved bytes nothing is trusted, and memory grows only as bytes arrive.
 * Tested by tests/embed/saving.c and tests/property/whole.py. */
#include <stdlib.h>
#include <string.h>

#include "runtime/embed/embed.h"

enum { STEP = 1 << 16, FIGURES = 16, DECISION = 4 + FIGURES * 8 + 8 };
enum { FINAL = 1, OPEN = 2, DUE = 4, DONE = 8 };

/* Bytes on their way, in one of the two directions. */
typedef struct flow {
    const ent_writer *writer;
    const ent_reader *reader;
    ent_error *error;
    ent_blake2b hash;
} flow;

static bool refuse(flow *f, const char *why)
{
    return ent_embed_fail(f->error, ENT_ERROR_DATA, "this is no saved session: %s", why);
}

static bool put(flow *f, const void *bytes, size_t n)
{
    ent_blake2b_update(&f->hash, bytes, n);
    return n == 0 || f->writer->write(f->writer->user, bytes, n) ||
           ent_embed_fail(f->error, ENT_ERROR_STOPPED, "the writer took no more");
}

static bool get(flow *f, void *bytes, size_t n)
{
    if (n > 0 && !f->reader->read(f->reader->user, bytes, n)) {
        return refuse(f, "it is cut short");
    }
    ent_blake2b_update(&f->hash, bytes, n);
    return true;
}

static void put_number(uint8_t **at, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        *(*at)++ = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get_number(const uint8_t **at)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        value |= (uint64_t)*(*at)++ << (8 * i);
    }
    return value;
}

static bool put_one(flow *f, uint64_t value)
{
    uint8_t bytes[8];
    uint8_t *at = bytes;
    put_number(&at, value);
    return put(f, bytes, sizeof bytes);
}

static bool get_one(flow *f, uint64_t *value)
{
    uint8_t bytes[8];
    const uint8_t *at = bytes;
    bool ok = get(f, bytes, sizeof bytes);
    *value = ok ? get_number(&at) : 0;
    return ok;
}

/* The next len bytes in a block of their own; NULL: the error is filled. */
static char *get_block(flow *f, uint64_t len)
{
    char *block = NULL;
    uint64_t n = 0;
    do {
        uint64_t step = len - n < STEP ? len - n : STEP;
        char *grown = n + step < SIZE_MAX ? realloc(block, (size_t)(n + step) + 1) : NULL;
        if (!grown) {
            free(block);
            (void)ent_embed_memory(f->error);
            return NULL;
        }
        block = grown;
        if (!get(f, block + n, (size_t)step)) {
            free(block);
            return NULL;
        }
        n += step;
    } while (n < len);
    return block;
}

/* --- digests --- */

/* How many bytes of the root wait for its next block; bytes: all that it was given. */
static size_t root_waits(uint64_t bytes)
{
    return bytes > 0 ? (size_t)((bytes - 1) % ENT_BLAKE2B_BLOCK) + 1 : 0;
}

static bool put_digest(flow *f, const ent_digest *d)
{
    uint8_t bytes[8 + 8 * 8];
    uint8_t *at = bytes;
    if (d->failed) {
        return ent_embed_memory(f->error);
    }
    ent_digest_settled settled = ent_digest_get_settled(d);
    const ent_blake2b *root = &settled.tree.root;
    put_number(&at, settled.tree.leaves);
    for (size_t i = 0; i < 8; i++) {
        put_number(&at, root->chain[i]);
    }
    bool ok = put(f, bytes, sizeof bytes) && put(f, root->block, root->len) && put_one(f, settled.len) &&
              put(f, settled.rest, settled.len) && put_one(f, d->n_rows);
    for (size_t i = 0; ok && i < d->n_rows; i++) {
        const ent_digest_row *row = &d->rows[i];
        ok = put_one(f, (uint64_t)row->at) && put_one(f, row->len) && put(f, d->bytes + row->offset, row->len);
    }
    return ok;
}

static bool get_row(flow *f, ent_digest *d)
{
    uint64_t at;
    uint64_t len;
    if (!get_one(f, &at) || !get_one(f, &len)) {
        return false;
    }
    char *bytes = get_block(f, len);
    bool ok = bytes && (ent_digest_add_bytes(d, (int64_t)at, bytes, (size_t)len) || ent_embed_memory(f->error));
    free(bytes);
    return ok;
}

/* The root had the digests of so many leaves: that says how far it is. */
static bool get_tree(flow *f, ent_hash_tree *tree)
{
    uint8_t bytes[8 + 8 * 8];
    const uint8_t *at = bytes;
    if (!get(f, bytes, sizeof bytes)) {
        return false;
    }
    ent_hash_tree_init(tree);
    tree->leaves = get_number(&at);
    for (size_t i = 0; i < 8; i++) {
        tree->root.chain[i] = get_number(&at);
    }
    if (tree->leaves > UINT64_MAX / ENT_BLAKE2B_LEAF) {
        return refuse(f, "a digest is of more bytes than there can be");
    }
    uint64_t n = tree->leaves * ENT_BLAKE2B_SIZE;
    tree->root.len = root_waits(n);
    tree->root.bytes = n - tree->root.len;
    return get(f, tree->root.block, tree->root.len);
}

static bool get_digest(flow *f, ent_digest *d)
{
    char rest[ENT_BLAKE2B_LEAF];
    ent_digest_settled settled = {.rest = rest};
    uint64_t len;
    uint64_t rows;
    if (!get_tree(f, &settled.tree) || !get_one(f, &len)) {
        return false;
    }
    if (len > sizeof rest) {
        return refuse(f, "a digest keeps more than a leaf");
    }
    settled.len = (size_t)len;
    bool ok = get(f, rest, settled.len) && (ent_digest_set_settled(d, &settled) || ent_embed_memory(f->error)) &&
              get_one(f, &rows);
    for (uint64_t i = 0; ok && i < rows; i++) {
        ok = get_row(f, d);
    }
    return ok;
}

/* --- decisions --- */

/* What a host is told of a decision in numbers. */
static void figures_of(ent_verdict *v, int64_t *figures[FIGURES])
{
    int64_t *const all[FIGURES] = {&v->clause,         &v->from_ns,        &v->to_ns,          &v->at_ns,
                                   &v->due_ns,         &v->done_ns,        &v->elapsed_ns,     &v->allowed_ns,
                                   &v->claim_ns,       &v->claim_until_ns, &v->counts.samples, &v->counts.bad,
                                   &v->counts.missing, &v->counts.absent,  &v->counts.excluded, &v->counts.late};
    memcpy(figures, all, sizeof all);
}

static bool put_decision(flow *f, const ent_whole_decision *kept)
{
    ent_verdict v = kept->verdict;
    int64_t *figures[FIGURES];
    uint8_t bytes[DECISION] = {v.kind, v.status,
                               (uint8_t)((v.final ? FINAL : 0) | (v.open ? OPEN : 0) | (v.has_due ? DUE : 0) |
                                         (v.has_done ? DONE : 0)),
                               v.claim};
    uint8_t *at = bytes + 4;
    figures_of(&v, figures);
    for (size_t i = 0; i < FIGURES; i++) {
        put_number(&at, (uint64_t)*figures[i]);
    }
    put_number(&at, kept->len);
    return put(f, bytes, sizeof bytes) && put(f, kept->members, kept->len);
}

static size_t clauses_of(const ent_image *p, unsigned kind)
{
    return kind == ENT_VERDICT_DUTY ? p->n_duty : kind == ENT_VERDICT_POOL ? p->n_pool : p->n_objective;
}

/* A line of JSON has no bytes of control in it. */
static bool is_line(const char *text, uint64_t len)
{
    bool ok = len > 0;
    for (uint64_t i = 0; ok && i < len; i++) {
        ok = (unsigned char)text[i] >= ' ';
    }
    return ok;
}

static bool get_decision(flow *f, ent_session *s)
{
    uint8_t bytes[DECISION];
    const uint8_t *at = bytes + 4;
    int64_t *figures[FIGURES];
    if (!get(f, bytes, sizeof bytes)) {
        return false;
    }
    ent_verdict v = {.kind = bytes[0], .status = bytes[1], .claim = bytes[3]};
    v.final = bytes[2] & FINAL;
    v.open = bytes[2] & OPEN;
    v.has_due = bytes[2] & DUE;
    v.has_done = bytes[2] & DONE;
    figures_of(&v, figures);
    for (size_t i = 0; i < FIGURES; i++) {
        *figures[i] = (int64_t)get_number(&at);
    }
    uint64_t len = get_number(&at);
    if (v.kind > ENT_VERDICT_POOL || v.status >= ENT_STATUS_COUNT || v.clause < 0 ||
        (uint64_t)v.clause >= clauses_of(s->program->image, v.kind)) {
        return refuse(f, "a decision is of no clause");
    }
    char *members = get_block(f, len);
    if (!members) {
        return false;
    }
    ent_whole_decision *kept = is_line(members, len) ? ent_session_room(s) : NULL;
    if (!kept) {
        bool line = is_line(members, len);
        free(members);
        return line ? ent_embed_memory(f->error) : refuse(f, "a decision is no line");
    }
    *kept = (ent_whole_decision){.verdict = v, .members = members, .len = (size_t)len};
    s->n_kept++;
    return true;
}

/* --- all of it --- */

bool ent_whole_save(const ent_session *s, const ent_writer *writer)
{
    unsigned char digest[ENT_BLAKE2B_SIZE];
    flow f = {.writer = writer, .error = writer->error};
    bool ok = true;
    ent_blake2b_init(&f.hash);
    for (size_t i = 0; ok && i < s->program->image->n_feed; i++) {
        ok = put_digest(&f, &s->feeds[i].digest);
    }
    ok = ok && put_one(&f, s->n_kept);
    for (size_t i = 0; ok && i < s->n_kept; i++) {
        ok = put_decision(&f, &s->kept[i]);
    }
    ent_blake2b_final(&f.hash, digest);
    return ok && put(&f, digest, sizeof digest);
}

bool ent_whole_restore(ent_session *s, const ent_reader *reader, ent_error *error)
{
    unsigned char digest[ENT_BLAKE2B_SIZE];
    unsigned char told[ENT_BLAKE2B_SIZE];
    flow f = {.reader = reader, .error = error};
    uint64_t n = 0;
    bool ok = true;
    ent_blake2b_init(&f.hash);
    for (size_t i = 0; ok && i < s->program->image->n_feed; i++) {
        ok = get_digest(&f, &s->feeds[i].digest);
    }
    ok = ok && get_one(&f, &n) && ((int64_t)n == s->ledger.seq || refuse(&f, "decisions are missing"));
    for (uint64_t i = 0; ok && i < n; i++) {
        ok = get_decision(&f, s);
    }
    if (!ok) {
        return false;
    }
    ent_blake2b_final(&f.hash, digest);
    ok = get(&f, told, sizeof told) && (memcmp(digest, told, sizeof told) == 0 || refuse(&f, "it was changed"));
    return ok;
}
