/* See account.h. */
#include "runtime/memory/account.h"
#include "runtime/memory/memory.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

/* here they are what they are elsewhere */
#undef malloc
#undef calloc
#undef realloc
#undef free

typedef struct header {
    ent_account *account; /* NULL: malloc's */
    uint64_t size : 48;   /* of what the caller sees */
    uint64_t offset : 16; /* of that in the block */
} header;

enum { HEADER = sizeof(header) };
/* what a header can say, and half of what there is to address */
#define SIZE_LIMIT (SIZE_MAX / 2 < UINT64_C(1) << 47 ? SIZE_MAX / 2 : (size_t)(UINT64_C(1) << 47))
_Static_assert(HEADER == 16, "what follows a header is aligned as malloc aligns");

static _Thread_local ent_account *current;

ent_account *ent_account_enter(ent_account *account)
{
    ent_account *before = current;
    current = account;
    if (account) {
        account->excess = ENT_WITHIN;
        account->instructions = 0;
    }
    return before;
}

void ent_account_leave(ent_account *before)
{
    current = before;
}

/* The first excess of a call is what the host is told. */
static bool exceed(ent_account *account, ent_account_excess excess)
{
    if (account->excess == ENT_WITHIN) {
        account->excess = excess;
    }
    return false;
}

bool ent_account_work(uint64_t instructions)
{
    ent_account *account = current;
    if (!account || account->instructions_max == 0) {
        return true;
    }
    account->instructions += instructions;
    return account->instructions <= account->instructions_max || exceed(account, ENT_OVER_INSTRUCTIONS);
}

uint64_t ent_account_keys_left(void)
{
    const ent_account *account = current;
    if (!account || account->keys_max == 0) {
        return UINT64_MAX;
    }
    return account->keys < account->keys_max ? account->keys_max - account->keys : 0;
}

bool ent_account_keys(uint64_t n)
{
    if (n > ent_account_keys_left()) {
        return exceed(current, ENT_OVER_KEYS);
    }
    if (current) {
        current->keys += n;
    }
    return true;
}

void ent_account_forget_keys(uint64_t n)
{
    if (current) {
        current->keys -= n < current->keys ? n : current->keys;
    }
}

/* --- blocks --- */

/* Tables that grow with the number of keys are looked up all over the place: in large pages that costs far fewer walks
 * through page tables, and touching them for the first time far fewer faults.  It is only advice, and only for large
 * blocks of malloc's; what a host's allocator gives is the host's. */
static void advise(void *raw, size_t size)
{
#ifdef MADV_HUGEPAGE
    enum { PAGE = 2 * 1024 * 1024 };
    uintptr_t from = ((uintptr_t)raw + PAGE - 1) / PAGE * PAGE;
    uintptr_t to = ((uintptr_t)raw + size) / PAGE * PAGE;
    if (size >= 2 * (size_t)PAGE && from < to) {
        (void)madvise((char *)raw + (from - (uintptr_t)raw), to - from, MADV_HUGEPAGE);
    }
#else
    (void)raw;
    (void)size;
#endif
}

static void *resize(void *block, size_t size)
{
    void *raw = realloc(block, size);
    if (raw) {
        advise(raw, size);
    }
    return raw;
}

static void *raw_resize(const ent_allocator *allocator, void *block, size_t old_size, size_t size)
{
    if (allocator && allocator->resize) {
        return allocator->resize(allocator->user, block, old_size, size);
    }
    if (size == 0) {
        free(block);
        return NULL;
    }
    return resize(block, size);
}

void *ent_account_new(const ent_allocator *allocator, size_t size)
{
    void *block = raw_resize(allocator, NULL, 0, size);
    if (block) {
        memset(block, 0, size);
    }
    return block;
}

void ent_account_free(const ent_account *account, void *block, size_t size)
{
    ent_allocator allocator = account->allocator; /* it lies in the block */
    (void)raw_resize(&allocator, block, size, 0);
}

static bool may_grow(ent_account *account, size_t more)
{
    return !account || account->memory_max == 0 ||
           (more <= account->memory_max && account->memory <= account->memory_max - more) ||
           exceed(account, ENT_OVER_MEMORY);
}

static void grown(ent_account *account, size_t more, size_t less)
{
    if (account) {
        account->memory += more;
        account->memory -= less;
        if (account->memory > account->memory_peak) {
            account->memory_peak = account->memory;
        }
    }
}

static header make_header(ent_account *account, size_t size, size_t offset)
{
    return (header){account, size & UINT64_C(0xffffffffffff), offset & 0xffff};
}

static header *header_of(void *block)
{
    return (header *)((char *)block - HEADER);
}

static void *make(size_t size, size_t alignment)
{
    ent_account *account = current;
    size_t room = alignment <= HEADER ? HEADER : alignment + HEADER;
    if (size >= SIZE_LIMIT || alignment > (1U << 15)) {
        return NULL;
    }
    if (!may_grow(account, size + room)) {
        return NULL;
    }
    char *raw = account ? raw_resize(&account->allocator, NULL, 0, size + room) : resize(NULL, size + room);
    if (!raw) {
        return account ? (exceed(account, ENT_NO_MEMORY), NULL) : NULL;
    }
    size_t offset = HEADER;
    if (alignment > HEADER) {
        offset = alignment - (uintptr_t)raw % alignment;
        offset += offset == HEADER ? alignment : 0; /* so that it is not taken for an ordinary block's */
    }
    char *block = raw + offset;
    *header_of(block) = make_header(account, size, offset);
    grown(account, size + room, 0);
    return block;
}

/* How much was asked for; an aligned block has its offset and what is behind it. */
static size_t whole_size(const header *h, size_t alignment)
{
    return h->size + (alignment <= HEADER ? HEADER : alignment + HEADER);
}

/* Aligned blocks are all of one alignment, that of a cache line; ordinary ones begin right behind their header. */
enum { ALIGNED = 64 };

static size_t alignment_of(const header *h)
{
    return h->offset > HEADER ? ALIGNED : HEADER;
}

void *ent_memory_alloc(size_t size)
{
    return make(size, HEADER);
}

void *ent_memory_zeroed(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes >= SIZE_LIMIT) {
        return NULL;
    }
    if (!current) {
        char *raw = calloc(1, bytes + HEADER); /* large blocks come as untouched pages of zeros */
        if (raw) {
            advise(raw, bytes + HEADER);
            *(header *)raw = make_header(NULL, bytes, HEADER);
        }
        return raw ? raw + HEADER : NULL;
    }
    void *block = make(bytes, HEADER);
    return block ? memset(block, 0, bytes) : NULL;
}

void *ent_memory_aligned(size_t alignment, size_t size)
{
    return alignment == ALIGNED ? make(size, alignment) : alignment <= HEADER ? make(size, HEADER) : NULL;
}

void ent_memory_free(void *block)
{
    if (!block) {
        return;
    }
    header h = *header_of(block);
    char *raw = (char *)block - h.offset;
    size_t whole = whole_size(&h, alignment_of(&h));
    if (h.account) {
        grown(h.account, 0, whole);
        (void)raw_resize(&h.account->allocator, raw, whole, 0);
    } else {
        free(raw);
    }
}

void *ent_memory_resize(void *block, size_t size)
{
    if (!block) {
        return ent_memory_alloc(size);
    }
    header h = *header_of(block);
    if (size >= SIZE_LIMIT || h.offset != HEADER) {
        return NULL; /* nothing in this project resizes an aligned block */
    }
    if (size > h.size && !may_grow(h.account, size - h.size)) {
        return NULL;
    }
    char *raw = (char *)block - HEADER;
    raw = h.account ? raw_resize(&h.account->allocator, raw, h.size + HEADER, size + HEADER)
                    : resize(raw, size + HEADER);
    if (!raw) {
        return h.account ? (exceed(h.account, ENT_NO_MEMORY), NULL) : NULL;
    }
    *(header *)raw = make_header(h.account, size, HEADER);
    grown(h.account, size, h.size);
    return raw + HEADER;
}

char *ent_memory_text_len(const char *text, size_t len)
{
    size_t n = strnlen(text, len);
    char *copy = ent_memory_alloc(n + 1);
    if (copy) {
        memcpy(copy, text, n);
        copy[n] = 0;
    }
    return copy;
}

char *ent_memory_text(const char *text)
{
    return ent_memory_text_len(text, SIZE_MAX);
}
