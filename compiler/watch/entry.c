/* Entries of the journal, and the ids of pushes. */
#include "compiler/watch/internal.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/ledger/hash.h"

enum { ENTRY_BATCH = 1 };

/* --- ids of pushes --- */

enum { BUCKETS = ENT_WATCH_KEYS * 2 };

static uint32_t bucket_of(const unsigned char id[16])
{
    uint32_t h;
    memcpy(&h, id, sizeof h); /* ids are digests: any part of them is as good as a hash */
    return h % BUCKETS;
}

bool ent_watch_key_known(const ent_watch_keys *k, const unsigned char id[16])
{
    for (uint32_t b = bucket_of(id); k->n > 0 && k->buckets[b] != 0; b = (b + 1) % BUCKETS) {
        if (memcmp(k->v[k->buckets[b] - 1], id, 16) == 0) {
            return true;
        }
    }
    return false;
}

static void fill_bucket(ent_watch_keys *k, uint32_t at)
{
    uint32_t b = bucket_of(k->v[at]);
    while (k->buckets[b] != 0) {
        b = (b + 1) % BUCKETS;
    }
    k->buckets[b] = at + 1;
}

bool ent_watch_key_add(ent_watch_keys *k, const unsigned char id[16])
{
    if (!k->v) {
        k->v = calloc(ENT_WATCH_KEYS, sizeof *k->v);
        k->buckets = calloc(BUCKETS, sizeof *k->buckets);
        if (!k->v || !k->buckets) {
            return false;
        }
    }
    bool full = k->n == ENT_WATCH_KEYS;
    memcpy(k->v[k->next], id, 16);
    if (full) {
        /* forgetting one entry of an open table moves others, so all are placed again */
        memset(k->buckets, 0, BUCKETS * sizeof *k->buckets);
        for (uint32_t i = 0; i < k->n; i++) {
            fill_bucket(k, i);
        }
    } else {
        k->n++;
        fill_bucket(k, k->next);
    }
    k->next = (k->next + 1) % ENT_WATCH_KEYS;
    return true;
}

bool ent_watch_digest(const void *bytes, size_t n, unsigned char out[16])
{
    unsigned char full[ENT_HASH_SIZE];
    ent_hash hash;
    if (!ent_hash_init(&hash) || !ent_hash_update(&hash, bytes, n) ||
        !ent_hash_final(&hash, full)) {
        return false;
    }
    full[0] |= 1;
    memcpy(out, full, 16);
    return true;
}

/* --- batches as entries --- */

static void put_place(ent_watch_bytes *out, const ent_watch_place *place)
{
    ent_watch_put_u64(out, place->device);
    ent_watch_put_u64(out, place->inode);
    ent_watch_put_u64(out, place->offset);
    ent_watch_put_u64(out, place->line);
}

static ent_watch_place get_place(ent_watch_slice *in)
{
    ent_watch_place place;
    place.device = ent_watch_get_u64(in);
    place.inode = ent_watch_get_u64(in);
    place.offset = ent_watch_get_u64(in);
    place.line = ent_watch_get_u64(in);
    return place;
}

bool ent_watch_journal(ent_watch *w, const ent_watch_batch *b)
{
    ent_watch_bytes out = {0};
    if (!w->store.folder) {
        return true;
    }
    ent_watch_put_text(&out, b->source->key, strlen(b->source->key));
    ent_watch_put_u64(&out, (uint64_t)b->format);
    ent_watch_put_u64(&out, b->end);
    ent_watch_put_u64(&out, b->line);
    ent_watch_put_i64(&out, b->now_ns);
    ent_watch_put_i64(&out, b->watermark_ns);
    put_place(&out, &b->after);
    ent_watch_put(&out, b->id, sizeof b->id);
    ent_watch_put_text(&out, b->header, b->header_len);
    ent_watch_put_text(&out, b->text, b->len);
    bool ok = !out.failed && ent_watch_store_append(&w->store, ENTRY_BATCH, out.p, out.n);
    w->store.os_error = out.failed ? 12 : w->store.os_error;
    ent_watch_bytes_deinit(&out);
    return ok;
}

ent_watch_source *ent_watch_find_source(ent_watch *w, const char *key, size_t len)
{
    for (size_t i = 0; i < w->n_sources; i++) {
        if (strlen(w->sources[i].key) == len && memcmp(w->sources[i].key, key, len) == 0) {
            return &w->sources[i];
        }
    }
    return NULL;
}

static bool damaged(ent_watch *w)
{
    return ent_watch_fail(w, 4, "an entry of the journal in `%s` cannot be read", w->store.folder);
}

static bool take_entry(void *user, uint32_t kind, ent_watch_slice in)
{
    ent_watch *w = user;
    size_t len;
    const char *key = ent_watch_get_text(&in, &len);
    ent_watch_batch b = {0};
    b.format = (ent_format)ent_watch_get_u64(&in);
    b.end = ent_watch_get_u64(&in) != 0;
    b.line = ent_watch_get_u64(&in);
    b.now_ns = ent_watch_get_i64(&in);
    b.watermark_ns = ent_watch_get_i64(&in);
    b.after = get_place(&in);
    const void *id = ent_watch_get(&in, sizeof b.id);
    b.header = ent_watch_get_text(&in, &b.header_len);
    b.text = ent_watch_get_text(&in, &b.len);
    if (kind != ENTRY_BATCH || in.failed || !id) {
        return damaged(w);
    }
    memcpy(b.id, id, sizeof b.id);
    b.source = ent_watch_find_source(w, key, len);
    if (!b.source) {
        return ent_watch_fail(
            w, 2,
            "the state in `%s` has rows of the source `%.*s`, which is not among --feed: "
            "name it again, or take another --state",
            w->store.folder, (int)len, key);
    }
    return ent_watch_apply(w, &b);
}

bool ent_watch_replay(ent_watch *w, uint64_t segment, uint64_t at)
{
    w->replaying = true;
    bool ok = ent_watch_store_replay(&w->store, segment, at, take_entry, w);
    w->replaying = false;
    return ok || w->status != 0 || ent_watch_fail(w, 4, "%s", w->store.message);
}
