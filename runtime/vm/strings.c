/* Interned texts; see strings.h.
 *
 * Entries live in blocks that double in size and never move, so that a reader holding a number
 * needs no lock; bytes live in chunks that never move either, behind their length.  The hash table holds numbers and
 * hashes only; numbered texts mostly are in none, see numbered.h.  Tested in tests/unit/test_vm.c. */
#include "runtime/vm/strings.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/bytecode/program.h"
#include "runtime/vm/numbered.h"
#include "runtime/vm/swar.h"

/* Families of numbered texts are for tables that become large. */
enum { FIRST_BLOCK_BITS = 10, BLOCKS = 40, CHUNK_BYTES = 65536, CHUNK_MOST = 4 * 1024 * 1024, FAMILIES_FROM = 1024 };
enum { LONG = ENT_STRINGS_LONG };

/* Where a text's bytes are; before them stands its length (see strings.h). */
typedef const char *entry;

typedef struct slot {
    uint32_t id; /* plus one; 0: free */
    uint32_t hash;
} slot;

typedef struct chunk {
    struct chunk *next;
    char bytes[];
} chunk;

struct ent_strings {
    entry *blocks[BLOCKS]; /* block k holds 2^(k + FIRST_BLOCK_BITS) entries */
    size_t n;
    slot *slots;
    size_t n_slots; /* a power of two */
    size_t n_hashed;
    ent_families families;
    chunk *chunks;
    char *free_bytes;
    size_t n_free;
    size_t next_chunk;
    bool shared;
    pthread_mutex_t lock;
};

/* From one to seven bytes and no others, without a call; the last of them is the highest. */
static uint64_t load_end(const char *p, size_t n)
{
    uint64_t value = 0;
    if (n >= 4) {
        uint32_t low;
        uint32_t high;
        memcpy(&low, p, sizeof low);
        memcpy(&high, p + n - sizeof high, sizeof high);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        low = __builtin_bswap32(low);
        high = __builtin_bswap32(high);
#endif
        return (uint64_t)high << 32 | (uint64_t)low << (64 - 8 * n);
    }
    for (size_t i = 0; i < n; i++) {
        value = value >> 8 | (uint64_t)(unsigned char)p[i] << 56;
    }
    return value;
}

static bool same_text(const char *a, const char *b, size_t len)
{
    if (len < 8) {
        return len == 0 || load_end(a, len) == load_end(b, len);
    }
    if (len <= 16) {
        return ent_load8(a) == ent_load8(b) && ent_load8(a + len - 8) == ent_load8(b + len - 8);
    }
    return memcmp(a, b, len) == 0;
}

/* Texts are short, the table is not exposed to strangers' choice of colliding keys beyond slowness. */
static uint32_t hash_text(const char *p, size_t len)
{
    uint64_t before = len;
    if (len < 8) {
        return len == 0 ? 0 : ent_numbered_hash(before, load_end(p, len));
    }
    size_t left = len - 8;
    for (; left >= 8; left -= 8, p += 8) {
        ent_u128 product = (ent_u128)(before ^ ent_load8(p)) * UINT64_C(0xD6E8FEB86659FD93);
        before = (uint64_t)product ^ (uint64_t)(product >> 64);
    }
    before = left ? before * UINT64_C(0x9E3779B97F4A7C15) ^ load_end(p, left) : before;
    return ent_numbered_hash(before, ent_load8(p + left));
}

static unsigned block_of(size_t id, size_t *offset)
{
    size_t shifted = id + ((size_t)1 << FIRST_BLOCK_BITS);
    unsigned top = 63u - (unsigned)__builtin_clzll((unsigned long long)shifted);
    *offset = shifted - ((size_t)1 << top);
    return top - FIRST_BLOCK_BITS;
}

static const entry *entry_of(const ent_strings *strings, size_t id)
{
    size_t offset = 0;
    unsigned block = block_of(id, &offset);
    return &strings->blocks[block][offset];
}

/* Numbered texts fill long runs of slots: whoever finds its own taken goes on far from there. */
static size_t step_of(uint32_t hash)
{
    return (hash * UINT32_C(0x9E3779B1)) >> 3 | 1;
}

static bool grow_slots(ent_strings *strings)
{
    if (strings->n_slots > 0 && strings->n_hashed + 1 <= strings->n_slots / 2) {
        return true;
    }
    size_t n_slots = strings->n_slots == 0 ? 1024 : strings->n_slots * 2;
    slot *slots = calloc(n_slots, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < strings->n_slots; i++) {
        if (strings->slots[i].id != 0) {
            uint32_t hash = strings->slots[i].hash;
            size_t at = (size_t)hash & (n_slots - 1);
            while (slots[at].id != 0) {
                at = (at + step_of(hash)) & (n_slots - 1);
            }
            slots[at] = strings->slots[i];
        }
    }
    free(strings->slots);
    strings->slots = slots;
    strings->n_slots = n_slots;
    return true;
}

/* The slot that holds the text, or the free one where it belongs. */
static slot *find_slot(const ent_strings *strings, const char *p, size_t len, uint32_t hash)
{
    size_t at = (size_t)hash & (strings->n_slots - 1);
    for (;; at = (at + step_of(hash)) & (strings->n_slots - 1)) {
        slot *candidate = &strings->slots[at];
        if (candidate->id == 0) {
            return candidate;
        }
        if (candidate->hash == hash) {
            entry known = *entry_of(strings, (size_t)candidate->id - 1);
            if (ent_strings_length(known) == len && same_text(known, p, len)) {
                return candidate;
            }
        }
    }
}

static bool add_entry(ent_strings *strings, entry text)
{
    size_t offset = 0;
    unsigned block = block_of(strings->n, &offset);
    if (block >= BLOCKS) {
        return false;
    }
    if (strings->blocks[block] == NULL) {
        strings->blocks[block] = malloc(sizeof(entry) << (block + FIRST_BLOCK_BITS));
        if (strings->blocks[block] == NULL) {
            return false;
        }
    }
    strings->blocks[block][offset] = text;
    __atomic_store_n(&strings->n, strings->n + 1, __ATOMIC_RELEASE); /* for those who read without the lock */
    return true;
}

static char *copy_text(ent_strings *strings, const char *p, size_t len)
{
    size_t before = len < LONG ? 1 : 1 + sizeof len;
    if (len >= SIZE_MAX - sizeof(chunk) - before - 1) {
        return NULL;
    }
    size_t need = before + len + 1;
    if (need > strings->n_free) {
        size_t bytes = need > strings->next_chunk ? need : strings->next_chunk;
        chunk *fresh = malloc(sizeof *fresh + bytes);
        if (fresh == NULL) {
            return NULL;
        }
        strings->next_chunk = strings->next_chunk < CHUNK_MOST ? 2 * strings->next_chunk : CHUNK_MOST;
        fresh->next = strings->chunks;
        strings->chunks = fresh;
        strings->free_bytes = fresh->bytes;
        strings->n_free = bytes;
    }
    char *copy = strings->free_bytes + before;
    copy[-1] = (char)(len < LONG ? len : LONG);
    if (len >= LONG) {
        memcpy(strings->free_bytes, &len, sizeof len);
    }
    if (len > 0) {
        memcpy(copy, p, len);
    }
    copy[len] = '\0';
    strings->free_bytes += need;
    strings->n_free -= need;
    return copy;
}

/* The program's strings keep their numbers even if two are equal (no compiler of ours writes such):
 * then the first is found. */
static bool take_program(ent_strings *strings, const ent_image *program)
{
    for (size_t i = 0; i < program->n_strings; i++) {
        const ent_string *text = &program->strings[i];
        const char *copy = copy_text(strings, text->p, text->len);
        if (copy == NULL || !grow_slots(strings) || !add_entry(strings, copy)) {
            return false;
        }
        uint32_t hash = hash_text(text->p, text->len);
        slot *where = find_slot(strings, text->p, text->len, hash);
        if (where->id == 0) {
            *where = (slot){(uint32_t)i + 1, hash};
            strings->n_hashed++;
        }
    }
    return true;
}

ent_strings *ent_strings_new(const ent_image *program_or_null)
{
    ent_strings *strings = calloc(1, sizeof *strings);
    if (strings != NULL) {
        strings->next_chunk = CHUNK_BYTES;
    }
    if (strings == NULL || !grow_slots(strings) ||
        (program_or_null != NULL && !take_program(strings, program_or_null))) {
        ent_strings_free(strings);
        return NULL;
    }
    return strings;
}

void ent_strings_free(ent_strings *strings)
{
    if (strings == NULL) {
        return;
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        free(strings->blocks[i]);
    }
    for (chunk *at = strings->chunks; at != NULL;) {
        chunk *next = at->next;
        free(at);
        at = next;
    }
    if (strings->shared) {
        pthread_mutex_destroy(&strings->lock);
    }
    ent_families_deinit(&strings->families);
    free(strings->slots);
    free(strings);
}

bool ent_strings_share(ent_strings *strings)
{
    strings->shared = strings->shared || pthread_mutex_init(&strings->lock, NULL) == 0;
    return strings->shared;
}

static void lock(ent_strings *strings)
{
    if (strings->shared) {
        pthread_mutex_lock(&strings->lock);
    }
}

static void unlock(ent_strings *strings)
{
    if (strings->shared) {
        pthread_mutex_unlock(&strings->lock);
    }
}

/* false: the text ends in no number, or is long. */
static bool is_numbered(const char *p, size_t len, ent_numbered *out)
{
    if (len == 0 || len > ENT_NUMBERED_MAX || p[len - 1] < '0' || p[len - 1] > '9') {
        return false;
    }
    uint64_t last = len < 8 ? load_end(p, len) : ent_load8(p + len - 8);
    uint64_t before = len <= 8 ? 0 : ent_load8(p) & UINT64_MAX >> (8 * (16 - len));
    *out = ent_numbered_of(before, last, (uint32_t)len);
    return true;
}

/* The number of a text that is known, or -1. */
static int64_t known_text(const ent_strings *strings, const char *p, size_t len, const ent_numbered *numbered,
                          uint32_t hash)
{
    const ent_family *family = numbered ? ent_families_of(&strings->families, numbered) : NULL;
    const uint32_t *place = family ? ent_family_place(family, numbered->number) : NULL;
    return place && *place ? (int64_t)*place - 1 : (int64_t)find_slot(strings, p, len, hash)->id - 1;
}

/* Gives the next number to a text that is new. */
static int64_t add_text(ent_strings *strings, const char *p, size_t len, const ent_numbered *numbered, uint32_t hash)
{
    char *copy = strings->n < UINT32_MAX - 1 ? copy_text(strings, p, len) : NULL;
    if (copy == NULL || !grow_slots(strings) || !add_entry(strings, copy)) {
        return -1;
    }
    bool many = strings->n > FAMILIES_FROM;
    uint32_t *place = numbered && many ? ent_families_add(&strings->families, numbered) : NULL;
    if (place) {
        __atomic_store_n(place, (uint32_t)strings->n, __ATOMIC_RELEASE);
    } else {
        *find_slot(strings, copy, len, hash) = (slot){(uint32_t)strings->n, hash};
        strings->n_hashed++;
    }
    return (int64_t)strings->n - 1;
}

int64_t ent_strings_intern(ent_strings *strings, const char *p, size_t len)
{
    ent_numbered numbered;
    const ent_numbered *as_numbered = is_numbered(p, len, &numbered) ? &numbered : NULL;
    uint32_t hash = hash_text(p, len);
    lock(strings);
    int64_t id = known_text(strings, p, len, as_numbered, hash);
    id = id >= 0 ? id : add_text(strings, p, len, as_numbered, hash);
    unlock(strings);
    return id;
}

int64_t ent_strings_find(ent_strings *strings, const char *p, size_t len)
{
    ent_numbered numbered;
    const ent_numbered *as_numbered = is_numbered(p, len, &numbered) ? &numbered : NULL;
    uint32_t hash = hash_text(p, len);
    lock(strings);
    int64_t id = known_text(strings, p, len, as_numbered, hash);
    unlock(strings);
    return id;
}

const ent_families *ent_strings_families(const ent_strings *strings)
{
    return &strings->families;
}

static bool is_known(const ent_strings *strings, int64_t id)
{
    return id >= 0 && (uint64_t)id < __atomic_load_n(&strings->n, __ATOMIC_ACQUIRE);
}

static const char *text_of(const ent_strings *strings, int64_t id)
{
    static const char empty[2] = {0}; /* behind its length */
    return is_known(strings, id) ? *entry_of(strings, (size_t)id) : empty + 1;
}

const char *ent_strings_get(const ent_strings *strings, int64_t id, size_t *len)
{
    const char *found = text_of(strings, id);
    if (len != NULL) {
        *len = ent_strings_length(found);
    }
    return found;
}

void ent_strings_get_all(const ent_strings *strings, const int64_t *ids, size_t n, const char **texts)
{
    for (size_t i = 0; i < n; i++) {
        texts[i] = text_of(strings, ids[i]);
        __builtin_prefetch(texts[i]);
    }
}

void ent_strings_prefetch_all(const ent_strings *strings, const int64_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_known(strings, ids[i])) {
            __builtin_prefetch(entry_of(strings, (size_t)ids[i]));
        }
    }
}

void ent_strings_prefetch(const ent_strings *strings, int64_t id)
{
    if (is_known(strings, id)) {
        __builtin_prefetch(entry_of(strings, (size_t)id));
    }
}

void ent_strings_prefetch_bytes(const ent_strings *strings, int64_t id)
{
    if (is_known(strings, id)) {
        __builtin_prefetch(*entry_of(strings, (size_t)id));
    }
}

size_t ent_strings_count(const ent_strings *strings)
{
    return strings->n;
}
