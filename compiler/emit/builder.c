/* The program builder: growing tables, deduplicated strings and constants.  See builder.h. */
#include "compiler/emit/builder.h"

#include <stdlib.h>
#include <string.h>

void ent_bytes_deinit(ent_bytes *bytes)
{
    free(bytes->p);
    *bytes = (ent_bytes){0};
}

bool ent_bytes_append(ent_bytes *bytes, const void *p, size_t n)
{
    size_t needed = 0;
    if (__builtin_add_overflow(bytes->n, n, &needed) || needed > SIZE_MAX / 2) {
        return false;
    }
    if (needed > bytes->cap) {
        size_t cap = bytes->cap < 4096 ? 4096 : bytes->cap * 2;
        if (cap < needed) {
            cap = needed;
        }
        uint8_t *grown = realloc(bytes->p, cap);
        if (grown == NULL) {
            return false;
        }
        bytes->p = grown;
        bytes->cap = cap;
    }
    if (n > 0) {
        memcpy(bytes->p + bytes->n, p, n);
    }
    bytes->n = needed;
    return true;
}

/* Room for one more element of `size` bytes; the array's own pointer is passed as void *. */
static bool reserve(ent_builder *b, void **v, size_t n, size_t *cap, size_t size)
{
    if (b->failed) {
        return false;
    }
    if (n < *cap) {
        return true;
    }
    size_t grown_cap = *cap == 0 ? 16 : *cap * 2;
    size_t bytes = 0;
    void *grown = NULL;
    if (!__builtin_mul_overflow(grown_cap, size, &bytes)) {
        grown = realloc(*v, bytes);
    }
    if (grown == NULL) {
        b->failed = true;
        return false;
    }
    *v = grown;
    *cap = grown_cap;
    return true;
}

#define PUSH(b, array, value)                                                                      \
    do {                                                                                           \
        void *push_v = (b)->array.v;                                                               \
        if (!reserve((b), &push_v, (b)->array.n, &(b)->array.cap, sizeof *(b)->array.v)) {         \
            return -1;                                                                             \
        }                                                                                          \
        (b)->array.v = push_v;                                                                     \
        (b)->array.v[(b)->array.n] = (value);                                                      \
        return (int64_t)(b)->array.n++;                                                            \
    } while (0)

#define DEFINE_ADD(number, name)                                                                   \
    int64_t ent_builder_add_##name(ent_builder *b, ent_##name##_row row)                           \
    {                                                                                              \
        PUSH(b, name, row);                                                                        \
    }
ENT_TABLES(DEFINE_ADD)
#undef DEFINE_ADD

int64_t ent_builder_add_instruction(ent_builder *b, ent_instruction instruction)
{
    PUSH(b, instruction, instruction);
}

static int64_t push_string(ent_builder *b, ent_string string)
{
    PUSH(b, string, string);
}

static int64_t push_constant(ent_builder *b, ent_constant constant)
{
    PUSH(b, constant, constant);
}

ent_builder *ent_builder_new(void)
{
    return calloc(1, sizeof(ent_builder));
}

void ent_builder_free(ent_builder *b)
{
    if (b == NULL) {
        return;
    }
    for (size_t i = 0; i < b->string.n; i++) {
        free((void *)(uintptr_t)b->string.v[i].p);
    }
    free(b->string.v);
    free(b->constant.v);
    free(b->instruction.v);
#define FREE_TABLE(number, name) free(b->name.v);
    ENT_TABLES(FREE_TABLE)
#undef FREE_TABLE
    free(b->string_index.slots);
    free(b->constant_index.slots);
    free(b);
}

static uint64_t hash_bytes(const void *p, size_t len)
{
    const unsigned char *bytes = p;
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++) {
        h = (h ^ bytes[i]) * UINT64_C(1099511628211);
    }
    return h ^ (h >> 29);
}

typedef uint64_t hash_of_entry(const ent_builder *b, int64_t entry);

static uint64_t hash_of_string(const ent_builder *b, int64_t entry)
{
    return hash_bytes(b->string.v[entry].p, b->string.v[entry].len);
}

/* The value as bytes without padding: class, then the datum. */
static size_t constant_key(const ent_constant *constant, unsigned char key[40])
{
    key[0] = constant->cls;
    switch ((ent_class)constant->cls) {
    case ENT_CLASS_B:
        key[1] = constant->v.b;
        return 2;
    case ENT_CLASS_I:
        memcpy(key + 1, &constant->v.i, sizeof constant->v.i);
        return 9;
    case ENT_CLASS_F:
        memcpy(key + 1, &constant->v.f, sizeof constant->v.f);
        return 9;
    case ENT_CLASS_Q:
        memcpy(key + 1, &constant->v.q.num, 16);
        memcpy(key + 17, &constant->v.q.den, 16);
        return 33;
    }
    return 1;
}

static uint64_t hash_of_constant(const ent_builder *b, int64_t entry)
{
    unsigned char key[40];
    return hash_bytes(key, constant_key(&b->constant.v[entry], key));
}

/* Keeps the index at most half full after one more entry. */
static bool grow_index(ent_builder *b, ent_builder_index *index, size_t n, hash_of_entry *hash)
{
    if (b->failed) {
        return false;
    }
    if (index->cap > 0 && n + 1 <= index->cap / 2) {
        return true;
    }
    size_t cap = index->cap == 0 ? 256 : index->cap * 2;
    int64_t *slots = malloc(cap * sizeof *slots);
    if (slots == NULL) {
        b->failed = true;
        return false;
    }
    for (size_t i = 0; i < cap; i++) {
        slots[i] = -1;
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)hash(b, (int64_t)i) & (cap - 1);
        while (slots[at] >= 0) {
            at = (at + 1) & (cap - 1);
        }
        slots[at] = (int64_t)i;
    }
    free(index->slots);
    index->slots = slots;
    index->cap = cap;
    return true;
}

int64_t ent_builder_string(ent_builder *b, const char *p, size_t len)
{
    if (len > UINT32_MAX - 1 || !grow_index(b, &b->string_index, b->string.n, hash_of_string)) {
        b->failed = true;
        return -1;
    }
    ent_builder_index *index = &b->string_index;
    size_t at = (size_t)hash_bytes(p, len) & (index->cap - 1);
    for (; index->slots[at] >= 0; at = (at + 1) & (index->cap - 1)) {
        const ent_string *known = &b->string.v[index->slots[at]];
        if (known->len == len && (len == 0 || memcmp(known->p, p, len) == 0)) {
            return index->slots[at];
        }
    }
    char *copy = malloc(len + 1);
    if (copy == NULL) {
        b->failed = true;
        return -1;
    }
    if (len > 0) {
        memcpy(copy, p, len);
    }
    copy[len] = '\0';
    int64_t added = push_string(b, (ent_string){copy, (uint32_t)len});
    if (added < 0) {
        free(copy);
        return -1;
    }
    index->slots[at] = added;
    return added;
}

int64_t ent_builder_text(ent_builder *b, const char *text)
{
    return ent_builder_string(b, text, strlen(text));
}

int64_t ent_builder_text_or_none(ent_builder *b, const char *text)
{
    return text == NULL ? -1 : ent_builder_text(b, text);
}

static int64_t add_constant(ent_builder *b, ent_constant constant)
{
    if (!grow_index(b, &b->constant_index, b->constant.n, hash_of_constant)) {
        return -1;
    }
    unsigned char key[40];
    unsigned char other[40];
    size_t len = constant_key(&constant, key);
    ent_builder_index *index = &b->constant_index;
    size_t at = (size_t)hash_bytes(key, len) & (index->cap - 1);
    for (; index->slots[at] >= 0; at = (at + 1) & (index->cap - 1)) {
        size_t other_len = constant_key(&b->constant.v[index->slots[at]], other);
        if (other_len == len && memcmp(key, other, len) == 0) {
            return index->slots[at];
        }
    }
    int64_t added = push_constant(b, constant);
    if (added >= 0) {
        index->slots[at] = added;
    }
    return added;
}

int64_t ent_builder_const_b(ent_builder *b, bool value)
{
    return add_constant(b, (ent_constant){.cls = ENT_CLASS_B, .v.b = value});
}

int64_t ent_builder_const_i(ent_builder *b, int64_t value)
{
    return add_constant(b, (ent_constant){.cls = ENT_CLASS_I, .v.i = value});
}

int64_t ent_builder_const_f(ent_builder *b, double value)
{
    return add_constant(b, (ent_constant){.cls = ENT_CLASS_F, .v.f = value});
}

int64_t ent_builder_const_q(ent_builder *b, ent_q value)
{
    return add_constant(b, (ent_constant){.cls = ENT_CLASS_Q, .v.q = value});
}
