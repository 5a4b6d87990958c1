/* A session as a stream of bytes: what the library keeps beside the engine, and then the engine.
 *
 *     "ENTSESSN"  u32 version, u32 feeds, u8 ledger's mode, heard, begun, `as of` given, i64 seq, watermark, end
 *     of the period, `as of`, 64 bytes: the hash of the ledger's last line
 *     of each feed: u8 given, u64 rows, refused, skipped;  BLAKE2b-256 of all that
 *     of a whole ledger: what it keeps (whole.c);  the engine's stream (runtime/state/save.h)
 *
 * Little-endian.  Tested by tests/embed/saving.c and tests/property/whole.py. */
#include <stdlib.h>
#include <string.h>

#include "runtime/embed/embed.h"
#include "runtime/ledger/hash.h"
#include "runtime/state/save.h"

static const char magic[8] = {'E', 'N', 'T', 'S', 'E', 'S', 'S', 'N'};
enum { VERSION = 4, HASH_TEXT = ENT_HASH_TEXT_SIZE - 1, HEAD = 8 + 4 + 4 + 4 + 4 * 8 + HASH_TEXT, FEED = 1 + 3 * 8 };

static size_t size_of(const ent_session *s)
{
    return HEAD + s->program->image->n_feed * FEED;
}

/* --- numbers --- */

typedef struct cursor {
    uint8_t *at;
} cursor;

static void put(cursor *c, uint64_t value, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        *c->at++ = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get(cursor *c, unsigned n)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < n; i++) {
        value |= (uint64_t)*c->at++ << (8 * i);
    }
    return value;
}

static bool digest_of(const void *bytes, size_t n, unsigned char digest[ENT_HASH_SIZE])
{
    ent_hash hash;
    return ent_hash_init(&hash) && ent_hash_update(&hash, bytes, n) && ent_hash_final(&hash, digest);
}

/* --- saving --- */

static void put_all(const ent_session *s, uint8_t *bytes)
{
    cursor c = {bytes};
    size_t n = s->program->image->n_feed;
    memcpy(c.at, magic, sizeof magic);
    c.at += sizeof magic;
    put(&c, VERSION, 4);
    put(&c, n, 4);
    put(&c, s->options.ledger, 1);
    put(&c, ent_session_heard(s), 1);
    put(&c, s->ledger_begun, 1);
    put(&c, s->options.has_as_of, 1);
    put(&c, (uint64_t)s->ledger.seq, 8);
    put(&c, (uint64_t)s->watermark, 8);
    put(&c, (uint64_t)s->until, 8);
    put(&c, (uint64_t)s->options.as_of_ns, 8);
    memcpy(c.at, s->ledger.prev, HASH_TEXT);
    c.at += HASH_TEXT;
    for (size_t i = 0; i < n; i++) {
        put(&c, s->feeds[i].given, 1);
        put(&c, s->feeds[i].rows, 8);
        put(&c, s->feeds[i].refused, 8);
        put(&c, s->feeds[i].skipped, 8);
    }
}

static bool save(ent_session *s, const ent_writer *writer)
{
    ent_fault fault;
    size_t n = size_of(s);
    uint8_t *bytes = malloc(n + ENT_HASH_SIZE);
    if (!bytes) {
        return ent_embed_memory(writer->error);
    }
    put_all(s, bytes);
    bool ok = digest_of(bytes, n, bytes + n) || ent_embed_fail(writer->error, ENT_ERROR_ENVIRONMENT, "no digest");
    if (ok && !writer->write(writer->user, bytes, n + ENT_HASH_SIZE)) {
        ok = ent_embed_fail(writer->error, ENT_ERROR_STOPPED, "the writer took no more");
    }
    free(bytes);
    ok = ok && (s->options.ledger == ENT_LEDGER_LIVE || ent_whole_save(s, writer));
    return ok && (ent_engine_save(s->engine, writer->write, writer->user, &fault) ||
                  ent_embed_fault(s->program, writer->error, &fault));
}

bool ent_session_save(ent_session *s, const ent_writer *writer)
{
    if (!writer || !writer->write) {
        return ent_embed_fail(writer ? writer->error : NULL, ENT_ERROR_USAGE, "there is nothing to write to");
    }
    if (!ent_session_usable(s, writer->error)) {
        return false;
    }
    ent_account *before = ent_account_enter(&s->account);
    s->busy = true;
    bool ok = save(s, writer);
    s->busy = false;
    return ent_session_leave(s, before, ok, writer->error);
}

/* --- restoring --- */

static bool refuse(ent_error *error, const char *why)
{
    return ent_embed_fail(error, ENT_ERROR_DATA, "this is no saved session: %s", why);
}

static bool is_hash(const char *text)
{
    return strspn(text, "0123456789abcdef") == HASH_TEXT;
}

/* What a whole ledger should have kept is not there if nobody was told decisions. */
static bool get_mode(ent_session *s, cursor *c, ent_error *error)
{
    uint64_t mode = get(c, 1);
    bool heard = get(c, 1) != 0;
    if (mode != ENT_LEDGER_LIVE && mode != ENT_LEDGER_WHOLE) {
        return refuse(error, "its ledger is of no mode");
    }
    s->options.ledger = (ent_ledger_mode)mode;
    return heard || mode == ENT_LEDGER_LIVE || !ent_session_heard(s) ||
           ent_embed_fail(error, ENT_ERROR_USAGE, "the saved session had no callbacks and so kept no decisions");
}

static bool get_all(ent_session *s, uint8_t *bytes, ent_error *error)
{
    cursor c = {bytes + sizeof magic};
    size_t n = s->program->image->n_feed;
    if (memcmp(bytes, magic, sizeof magic) != 0) {
        return refuse(error, "it begins with something else");
    }
    if (get(&c, 4) != VERSION) {
        return refuse(error, "it is of another version of the library");
    }
    if (get(&c, 4) != n) {
        return refuse(error, "it is of another program");
    }
    if (!get_mode(s, &c, error)) {
        return false;
    }
    s->ledger_begun = get(&c, 1) != 0;
    s->options.has_as_of = get(&c, 1) != 0;
    s->ledger.seq = (int64_t)get(&c, 8);
    s->watermark = (int64_t)get(&c, 8);
    s->until = (int64_t)get(&c, 8);
    s->options.as_of_ns = (int64_t)get(&c, 8);
    memcpy(s->ledger.prev, c.at, HASH_TEXT);
    s->ledger.prev[HASH_TEXT] = 0;
    c.at += HASH_TEXT;
    for (size_t i = 0; i < n; i++) {
        s->feeds[i].given = get(&c, 1) != 0;
        s->feeds[i].rows = get(&c, 8);
        s->feeds[i].refused = get(&c, 8);
        s->feeds[i].skipped = get(&c, 8);
    }
    return (s->ledger.seq >= 0 && is_hash(s->ledger.prev)) || refuse(error, "its ledger has no such end");
}

bool ent_session_read(ent_session *s, const ent_reader *reader, const ent_engine_options *options, ent_error *error)
{
    unsigned char digest[ENT_HASH_SIZE];
    ent_fault fault;
    size_t n = size_of(s);
    uint8_t *bytes = malloc(n + ENT_HASH_SIZE);
    if (!bytes) {
        return ent_embed_memory(error);
    }
    bool ok = reader->read(reader->user, bytes, n + ENT_HASH_SIZE) || refuse(error, "it is cut short");
    if (ok && (!digest_of(bytes, n, digest) || memcmp(digest, bytes + n, sizeof digest) != 0)) {
        ok = refuse(error, "it was changed, or is of another program");
    }
    ok = ok && get_all(s, bytes, error);
    free(bytes);
    if (!ok || (s->options.ledger == ENT_LEDGER_WHOLE && !ent_whole_restore(s, reader, error))) {
        return false;
    }
    if (ent_engine_restore(s->program->image, options, reader->read, reader->user, &s->engine, &fault)) {
        return true;
    }
    if (fault.code == ENT_FAULT_USAGE) { /* bytes are data here, not a mistake of the host's program */
        fault.code = ENT_FAULT_DATA;
    }
    return ent_embed_fault(s->program, error, &fault);
}

bool ent_session_restore(ent_program *program, const ent_reader *reader, ent_session **session, ent_error *error)
{
    ent_session_options options = {.size = 0};
    if (session) {
        *session = NULL;
    }
    if (!reader || !reader->read) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "there is nothing to read from");
    }
    const ent_session_options *given = reader->options;
    if (given) {
        memcpy(&options, given, given->size == 0 || given->size > sizeof options ? sizeof options : given->size);
        options.size = 0;
    }
    options.ledger = ENT_LEDGER_LIVE; /* until it is known */
    options.has_from = options.has_to = options.has_as_of = false;
    return ent_session_open(program, &options, reader, session, error);
}
