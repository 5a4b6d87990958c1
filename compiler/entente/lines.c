/* See lines.h. */
#include "compiler/entente/lines.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/ledger/draft.h"

/* A block and what is kept of its lines stay in the processor's second cache from making to writing. */
enum { LINES_MAX = 256, BLOCK = 128 << 10, SLOTS = 4 };

enum { DIGITS = ENT_HASH_TEXT_SIZE - 1 };
#define PREV ",\"prev\":\""
#define HASH "\",\"hash\":\""
#define END "\"}\n"
enum { N_PREV = sizeof PREV - 1, N_HASH = sizeof HASH - 1, N_END = sizeof END - 1 };
enum { CHAIN = N_PREV + DIGITS + N_HASH + DIGITS + N_END };

/* Lines in which only the two hashes are still missing. */
typedef struct block {
    ent_ledger_text text;
    size_t n;
    size_t end[LINES_MAX];     /* of each line, in the text */
    const void *line[LINES_MAX];
    size_t known[LINES_MAX];   /* bytes of each line up to the first hash */
    ent_hash_begun begun[LINES_MAX];
} block;

static void block_free(block *b)
{
    if (b) {
        free(b->text.p);
        free(b);
    }
}

static char *put(char *at, const char *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static bool add_line(const ent_lines *lines, block *b, const char *draft)
{
    if (!ent_ledger_draft_text(lines->ledger, lines->session, draft, ++lines->ledger->seq, &b->text)) {
        return false;
    }
    char *at = ent_ledger_text_room(&b->text, CHAIN);
    if (!at) {
        return false;
    }
    at = put(at, PREV, N_PREV) + DIGITS;
    at = put(at, HASH, N_HASH) + DIGITS;
    (void)put(at, END, N_END);
    b->text.n += CHAIN;
    b->end[b->n++] = b->text.n;
    return true;
}

/* The next lines, none at the end. */
static bool fill(const ent_lines *lines, block *b)
{
    const char *draft = "";
    b->n = 0;
    b->text.n = 0;
    while (draft && b->n < LINES_MAX && b->text.n < BLOCK) {
        if (!ent_spool_next(lines->spool, &draft) || (draft && !add_line(lines, b, draft))) {
            return false;
        }
    }
    for (size_t i = 0, begin = 0; i < b->n; begin = b->end[i++]) { /* now the text stays where it is */
        b->line[i] = b->text.p + begin;
        b->known[i] = b->end[i] - begin - CHAIN + N_PREV;
    }
    ent_hash_begin(b->line, b->known, b->n, b->begun);
    return true;
}

/* Chains the lines to the one whose hash is in prev, which becomes that of the last. */
static void end(block *b, char prev[ENT_HASH_TEXT_SIZE])
{
    for (size_t i = 0; i < b->n; i++) {
        char *hash = b->text.p + b->end[i] - N_END - DIGITS;
        char *brace = hash - N_HASH + 1; /* what is hashed is a whole object */
        const char *rest = (const char *)b->line[i] + b->begun[i].bytes;
        memcpy(brace - 1 - DIGITS, prev, DIGITS);
        *brace = '}';
        ent_hash_end(&b->begun[i], rest, (size_t)(brace + 1 - rest), prev);
        *brace = ',';
        memcpy(hash, prev, DIGITS);
    }
}

static void write_block(const ent_lines *lines, const block *b)
{
    lines->write(lines->user, b->text.p, b->text.n);
}

/* --- two threads --- */

/* Blocks go around: the calling thread fills them, the other ends them, the calling thread writes them.  Ending is one
 * chain of hashes, about as long as all the rest together. */
typedef struct relay {
    const ent_lines *lines;
    block *slots[SLOTS];
    size_t filled, ended, written; /* blocks so far */
    bool last;                     /* no more will be filled */
    pthread_mutex_t lock;
    pthread_cond_t changed;
} relay;

static void *end_blocks(void *user)
{
    relay *r = user;
    pthread_mutex_lock(&r->lock);
    while (r->ended < r->filled || !r->last) {
        if (r->ended == r->filled) {
            pthread_cond_wait(&r->changed, &r->lock);
            continue;
        }
        block *b = r->slots[r->ended % SLOTS];
        pthread_mutex_unlock(&r->lock);
        end(b, r->lines->ledger->prev);
        pthread_mutex_lock(&r->lock);
        r->ended++;
        pthread_cond_signal(&r->changed);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* Without the lock.  false: it failed, and the one in hand was the last. */
static bool fill_next(relay *r, block *b)
{
    pthread_mutex_unlock(&r->lock);
    bool ok = fill(r->lines, b);
    pthread_mutex_lock(&r->lock);
    r->last = !ok || b->n == 0;
    r->filled += !r->last;
    pthread_cond_signal(&r->changed);
    return ok;
}

static bool fill_and_write(relay *r)
{
    bool ok = true;
    pthread_mutex_lock(&r->lock);
    while (!r->last || r->written < r->filled) {
        if (r->written < r->ended) {
            pthread_mutex_unlock(&r->lock);
            write_block(r->lines, r->slots[r->written % SLOTS]);
            pthread_mutex_lock(&r->lock);
            r->written++;
        } else if (!r->last && r->filled - r->written < SLOTS) {
            ok = fill_next(r, r->slots[r->filled % SLOTS]);
        } else {
            pthread_cond_wait(&r->changed, &r->lock);
        }
    }
    pthread_mutex_unlock(&r->lock);
    return ok;
}

static bool write_with_two(const ent_lines *lines)
{
    relay r = {.lines = lines};
    pthread_t thread;
    bool ok = true;
    for (size_t i = 0; i < SLOTS; i++) {
        r.slots[i] = calloc(1, sizeof *r.slots[i]);
        ok &= r.slots[i] != NULL;
    }
    if (ok) {
        pthread_mutex_init(&r.lock, NULL);
        pthread_cond_init(&r.changed, NULL);
        ok = pthread_create(&thread, NULL, end_blocks, &r) == 0;
        if (ok) {
            ok = fill_and_write(&r);
            pthread_join(thread, NULL);
        }
        pthread_mutex_destroy(&r.lock);
        pthread_cond_destroy(&r.changed);
    }
    for (size_t i = 0; i < SLOTS; i++) {
        block_free(r.slots[i]);
    }
    return ok;
}

bool ent_lines_write(const ent_lines *lines)
{
    if (lines->threaded) {
        return write_with_two(lines);
    }
    block *b = calloc(1, sizeof *b);
    bool ok = b != NULL;
    bool more = ok;
    while (ok && more) {
        ok = fill(lines, b);
        more = ok && b->n > 0;
        if (more) {
            end(b, lines->ledger->prev);
            write_block(lines, b);
        }
    }
    block_free(b);
    return ok;
}
