/* See digest.h. */
#include "runtime/feed/digest.h"

#include <stdlib.h>
#include <string.h>

enum { LEAF = ENT_BLAKE2B_LEAF, HASH_AT = 16 * LEAF + 1, PREFIX = 1 + sizeof(uint32_t), NAME = 32 };
/* Rows that are put together, field by field; bytes of a text for which there is room without asking; and how many are
 * moved in one step, of which the last may go on behind what is to be moved. */
enum { TOGETHER = 64, SHORT = 32, STEP = 32 };

/* A party's, service's or member's name as rows say it; size 0: there is no room for that here. */
typedef struct name_bytes {
    const ent_string *name;
    size_t size;
    char bytes[NAME];
} name_bytes;

typedef enum way { NOT_SAID, TEXT, NAMED, ONE_BYTE, EIGHT_BYTES, RATIONAL } way;

/* How rows say a field, and where a batch has it. */
typedef struct ent_digest_field {
    way way;
    name_bytes *names; /* of NAMED, one place on: the first is what rows say that have none */
    const void *data;
    const uint8_t *absent;
    const char *texts[2 * TOGETHER]; /* of TEXT: of the rows at hand and of those behind them, by their lanes */
} ent_digest_field;

void ent_digest_init(ent_digest *d)
{
    *d = (ent_digest){.n = 0};
    ent_hash_tree_init(&d->tree);
}

void ent_digest_deinit(ent_digest *d)
{
    for (size_t i = 0; i < d->n_fields; i++) {
        free(d->fields[i].names);
    }
    free(d->fields);
    free(d->bytes);
    free(d->rows);
    free(d->slots);
    d->n_fields = 0;
    d->fields = NULL;
    d->bytes = NULL;
    d->rows = NULL;
    d->slots = NULL;
}

static bool grow(void **v, size_t *capacity, size_t need, size_t element)
{
    size_t bigger = *capacity ? *capacity * 2 : 4096;
    bigger = bigger < need ? need : bigger;
    void *p = realloc(*v, bigger * element);
    if (p) {
        *v = p;
        *capacity = bigger;
    }
    return p != NULL;
}

/* Room for so many bytes more. */
static inline bool has_room(ent_digest *d, size_t more)
{
    if (d->capacity - d->n < more && !grow((void **)&d->bytes, &d->capacity, d->n + more, 1)) {
        d->failed = true;
    }
    return !d->failed;
}

/* --- how fields are said --- */

static const ent_string *name_of(const ent_image *p, const ent_field_row *field, int64_t i)
{
    int64_t name = field->type == ENT_TYPE_PARTY     ? p->party[i].name
                   : field->type == ENT_TYPE_SERVICE ? p->service[i].name
                                                     : p->member[p->enumeration[field->param].first_member + i].name;
    return &p->strings[name];
}

static bool prepare_names(ent_digest_field *f, const ent_image *p, const ent_field_row *field)
{
    size_t n = field->type == ENT_TYPE_PARTY     ? p->n_party
               : field->type == ENT_TYPE_SERVICE ? p->n_service
                                                 : (size_t)p->enumeration[field->param].n_members;
    f->names = calloc(n + 1, sizeof *f->names);
    if (f->names) {
        f->names[0] = (name_bytes){.size = 1, .bytes = {1}};
    }
    for (size_t i = 0; f->names && i < n; i++) {
        name_bytes *name = &f->names[i + 1];
        name->name = name_of(p, field, (int64_t)i);
        if (name->name->len <= NAME - PREFIX) {
            name->size = PREFIX + name->name->len;
            memcpy(name->bytes + 1, &name->name->len, sizeof name->name->len);
            memcpy(name->bytes + PREFIX, name->name->p, name->name->len);
        }
    }
    return f->names != NULL;
}

static bool prepare_field(ent_digest_field *f, const ent_image *p, const ent_field_row *field)
{
    switch (field->type) {
    case ENT_TYPE_TEXT:
        f->way = TEXT;
        return true;
    case ENT_TYPE_PARTY:
    case ENT_TYPE_SERVICE:
    case ENT_TYPE_ENUM:
        f->way = NAMED;
        return prepare_names(f, p, field);
    case ENT_TYPE_BOOL:
        f->way = ONE_BYTE;
        return true;
    case ENT_TYPE_RATIO:
    case ENT_TYPE_MONEY:
        f->way = RATIONAL;
        return true;
    default:
        f->way = EIGHT_BYTES;
        return true;
    }
}

/* Bytes that any row of the batch may take, but for long texts and names; 0: out of memory. */
static size_t begin_batch(ent_digest *d, const ent_digest_batch *b)
{
    static const uint8_t most[] = {[NOT_SAID] = 0,     [TEXT] = PREFIX + SHORT, [NAMED] = NAME,
                                   [ONE_BYTE] = 1 + 1, [EIGHT_BYTES] = 1 + 8,   [RATIONAL] = 1 + sizeof(ent_q)};
    size_t n = (size_t)b->feed->n_fields;
    size_t size = STEP;
    if (!d->fields && !d->failed) {
        d->fields = calloc(n + 1, sizeof *d->fields);
        d->n_fields = d->fields ? n : 0;
        d->failed = !d->fields;
    }
    for (size_t i = 0; i < n && !d->failed; i++) {
        ent_digest_field *f = &d->fields[i];
        const ent_vector *column = &b->columns[i];
        if (column->data && f->way == NOT_SAID) {
            d->failed = !prepare_field(f, b->program, &b->program->field[b->feed->first_field + (int64_t)i]);
        }
        f->data = column->data;
        f->absent = column->absent;
        size += most[f->way];
    }
    if (!d->failed && d->slots_size < size * TOGETHER &&
        !grow((void **)&d->slots, &d->slots_size, size * TOGETHER, 1)) {
        d->failed = true;
    }
    return d->failed ? 0 : size;
}

/* --- one row after the other --- */

/* Short texts without a call, in two moves that may overlap. */
static inline char *put(char *to, const char *from, size_t n)
{
    if (n > 16) {
        memcpy(to, from, n);
    } else if (n >= 8) {
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
        memcpy(to, from, 4);
        memcpy(to + n - 4, from + n - 4, 4);
    } else {
        for (size_t i = 0; i < n; i++) {
            to[i] = from[i];
        }
    }
    return to + n;
}

/* Of many texts, most are far away in memory.  Before the rows from `lane` on are put, the bytes of the next ones' are
 * asked for, and where those are of the ones behind them. */
static void look_ahead(const ent_digest *d, const ent_digest_batch *b, size_t lane)
{
    size_t from = lane == 0 ? 0 : lane + TOGETHER;
    for (ent_digest_field *f = d->fields, *end = f + d->n_fields; f < end; f++) {
        if (f->way != TEXT || !f->data || from >= b->n) {
            continue;
        }
        const int64_t *text = f->data;
        size_t to = lane + 2 * TOGETHER < b->n ? lane + 2 * TOGETHER : b->n;
        size_t further = to + TOGETHER < b->n ? to + TOGETHER : b->n;
        ent_strings_get_all(b->strings, text + from, to - from, f->texts + from % (2 * TOGETHER));
        ent_strings_prefetch_all(b->strings, text + to, further - to);
    }
}

/* Behind the byte that says that it is there. */
static inline char *put_text(char *to, const char *text, size_t n)
{
    uint32_t len = (uint32_t)n;
    memcpy(to, &len, sizeof len);
    return put(to + sizeof len, text, n);
}

/* There is room for all that has a size of its own and for short texts, and for `size` behind a long one that is put
 * here. */
static inline char *put_any_text(ent_digest *d, char *to, const char *text, size_t n, size_t size)
{
    if (n > SHORT) {
        d->n = (size_t)(to - d->bytes);
        if (!has_room(d, PREFIX + n + size)) {
            return NULL;
        }
        to = d->bytes + d->n;
    }
    *to++ = 0;
    return put_text(to, text, n);
}

/* A row at the end of the bytes; `size` is begin_batch's. */
static inline bool put_row(ent_digest *d, size_t lane, size_t size)
{
    if (d->failed || !has_room(d, size)) {
        return false;
    }
    char *to = d->bytes + d->n;
    for (const ent_digest_field *f = d->fields, *end = f + d->n_fields; f < end && to; f++) {
        if (!f->data) {
            continue;
        }
        if (f->absent && f->absent[lane]) {
            *to++ = 1;
            continue;
        }
        switch (f->way) {
        case TEXT: {
            const char *text = f->texts[lane % (2 * TOGETHER)];
            to = put_any_text(d, to, text, ent_strings_length(text), size);
            break;
        }
        case NAMED: {
            const name_bytes *name = &f->names[((const int64_t *)f->data)[lane] + 1];
            if (name->size > 0) {
                memcpy(to, name->bytes, NAME);
                to += name->size;
            } else {
                to = put_any_text(d, to, name->name->p, name->name->len, size);
            }
            break;
        }
        case ONE_BYTE:
            *to++ = 0;
            *to++ = ((const char *)f->data)[lane];
            break;
        case EIGHT_BYTES:
            *to++ = 0;
            memcpy(to, (const int64_t *)f->data + lane, sizeof(int64_t));
            to += sizeof(int64_t);
            break;
        case RATIONAL:
            *to++ = 0;
            memcpy(to, (const ent_q *)f->data + lane, sizeof(ent_q));
            to += sizeof(ent_q);
            break;
        case NOT_SAID:
            break;
        }
    }
    d->n = to ? (size_t)(to - d->bytes) : d->n;
    return to != NULL;
}

/* --- rows together, field by field --- */

/* Each puts what n rows from `lane` on say of a field behind what they have said, where to[i] is. */

/* false: one is too long for that; then nothing of them counts. */
static bool put_texts(const ent_digest_field *f, size_t lane, size_t n, char **to)
{
    const uint8_t *absent = f->absent ? f->absent + lane : NULL;
    const char *const *texts = f->texts + lane % (2 * TOGETHER);
    size_t longest = 0;
    for (size_t i = 0; i < n; i++) {
        char *at = to[i];
        *at++ = absent && absent[i];
        if (at[-1]) {
            to[i] = at;
            continue;
        }
        size_t len = ent_strings_length(texts[i]);
        longest = len > longest ? len : longest;
        if (len <= SHORT) {
            to[i] = put_text(at, texts[i], len);
        }
    }
    return longest <= SHORT;
}

/* Whether a name is absent comes in no order: without a branch on that. */
static bool put_names(const ent_digest_field *f, size_t lane, size_t n, char **to)
{
    static const uint8_t none_absent[TOGETHER];
    const uint8_t *absent = f->absent ? f->absent + lane : none_absent;
    const uint64_t *name = (const uint64_t *)f->data + lane;
    const name_bytes *names = f->names;
    size_t shortest = NAME;
    for (size_t i = 0; i < n; i++) {
        const name_bytes *said = &names[(name[i] + 1) & (0 - (uint64_t)(absent[i] == 0))];
        memcpy(to[i], said->bytes, NAME);
        shortest = said->size < shortest ? said->size : shortest;
        to[i] += said->size;
    }
    return shortest > 0;
}

static inline void put_bytes(const ent_digest_field *f, size_t lane, size_t n, char **to, size_t size)
{
    const uint8_t *absent = f->absent ? f->absent + lane : NULL;
    const char *from = (const char *)f->data + lane * size;
    for (size_t i = 0; i < n; i++, from += size) {
        char *at = to[i];
        *at++ = absent && absent[i];
        if (!at[-1]) {
            memcpy(at, from, size);
            at += size;
        }
        to[i] = at;
    }
}

/* Rows as they say it, each in its slot, of `size` bytes, and how long they are.  false: one is too long for that. */
static bool put_rows(const ent_digest *d, size_t lane, size_t n, size_t size, size_t *len)
{
    char *to[TOGETHER];
    bool fit = true;
    for (size_t i = 0; i < n; i++) {
        to[i] = d->slots + i * size;
    }
    for (const ent_digest_field *f = d->fields, *end = f + d->n_fields; f < end && fit; f++) {
        switch (f->data ? f->way : NOT_SAID) {
        case TEXT:
            fit = put_texts(f, lane, n, to);
            break;
        case NAMED:
            fit = put_names(f, lane, n, to);
            break;
        case ONE_BYTE:
            put_bytes(f, lane, n, to, 1);
            break;
        case EIGHT_BYTES:
            put_bytes(f, lane, n, to, sizeof(int64_t));
            break;
        case RATIONAL:
            put_bytes(f, lane, n, to, sizeof(ent_q));
            break;
        case NOT_SAID:
            break;
        }
    }
    for (size_t i = 0; i < n; i++) {
        len[i] = (size_t)(to[i] - (d->slots + i * size));
    }
    return fit;
}

/* Moves one of them to the end of the bytes. */
static inline bool put_slot(ent_digest *d, const char *slot, size_t len)
{
    if (d->failed || !has_room(d, len + STEP)) {
        return false;
    }
    char *to = d->bytes + d->n;
    for (size_t i = 0; i < len; i += STEP) {
        memcpy(to + i, slot + i, STEP);
    }
    d->n += len;
    return true;
}

/* --- rows that wait --- */

/* What was put from `begin` on is a row that waits. */
static inline bool end_row(ent_digest *d, int64_t at, size_t begin)
{
    if (d->n_rows == d->rows_capacity &&
        !grow((void **)&d->rows, &d->rows_capacity, d->n_rows + 1, sizeof *d->rows)) {
        d->failed = true;
        return false;
    }
    d->rows[d->n_rows++] = (ent_digest_row){at, begin, d->n - begin};
    return true;
}

bool ent_digest_add_bytes(ent_digest *d, int64_t at, const void *bytes, size_t len)
{
    size_t begin = d->n;
    if (d->failed || !has_room(d, len)) {
        return false;
    }
    if (len > 0) {
        memcpy(d->bytes + begin, bytes, len);
    }
    d->n += len;
    return end_row(d, at, begin);
}

void ent_digest_add(ent_digest *d, const ent_digest_batch *b, int64_t since)
{
    size_t size = begin_batch(d, b);
    const int64_t *at = b->columns[b->feed->at].data;
    for (size_t lane = 0; lane < b->n && !d->failed; lane++) {
        if (lane % TOGETHER == 0) {
            look_ahead(d, b, lane);
        }
        size_t begin = d->n;
        if (at[lane] >= since && put_row(d, lane, size)) {
            (void)end_row(d, at[lane], begin);
        }
    }
}

/* --- order --- */

static int compare_rows(const void *a, const void *b, void *base)
{
    const ent_digest_row *x = a;
    const ent_digest_row *y = b;
    if (x->at != y->at) {
        return x->at < y->at ? -1 : 1;
    }
    size_t n = x->len < y->len ? x->len : y->len;
    int order = memcmp((const char *)base + x->offset, (const char *)base + y->offset, n);
    return order ? order : x->len < y->len ? -1 : x->len > y->len;
}

static bool are_in_order(const ent_digest *d)
{
    for (size_t i = 1; i < d->n_rows; i++) {
        if (compare_rows(&d->rows[i - 1], &d->rows[i], d->bytes) > 0) {
            return false;
        }
    }
    return true;
}

/* Puts the rows that wait in order, and their bytes too. */
static void put_in_order(ent_digest *d)
{
    if (are_in_order(d)) {
        return;
    }
    size_t n = d->n - d->n_settled;
    char *sorted = malloc(n + 1);
    if (!sorted) {
        d->failed = true;
        return;
    }
    qsort_r(d->rows, d->n_rows, sizeof *d->rows, compare_rows, d->bytes);
    size_t at = 0;
    for (size_t i = 0; i < d->n_rows; i++) {
        ent_digest_row *row = &d->rows[i];
        memcpy(sorted + at, d->bytes + row->offset, row->len);
        row->offset = d->n_settled + at;
        at += row->len;
    }
    memcpy(d->bytes + d->n_settled, sorted, n);
    free(sorted);
}

/* Hashes as many leaves as are full and not the last, of some bytes. */
static void hash_settled(ent_digest *d)
{
    size_t n = (d->n_settled - 1) / LEAF;
    ent_hash_tree_leaves(&d->tree, d->bytes, n);
    memmove(d->bytes, d->bytes + n * LEAF, d->n - n * LEAF);
    d->n_settled -= n * LEAF;
    d->n -= n * LEAF;
    for (size_t i = 0; i < d->n_rows; i++) {
        d->rows[i].offset -= n * LEAF;
    }
}

/* All rows that wait are settled, in order. */
static inline void settle(ent_digest *d)
{
    if (d->n_rows > 1) {
        put_in_order(d);
    }
    d->n_settled = d->n;
    d->n_rows = 0;
    if (d->n_settled >= HASH_AT) {
        hash_settled(d);
    }
}

void ent_digest_take(ent_digest *d, const ent_digest_batch *b)
{
    size_t size = begin_batch(d, b);
    const int64_t *at = b->columns[b->feed->at].data;
    size_t len[TOGETHER];
    bool together = false;
    for (size_t lane = 0; lane < b->n && !d->failed; lane++) {
        size_t i = lane % TOGETHER;
        if (i == 0) {
            look_ahead(d, b, lane);
            together = put_rows(d, lane, b->n - lane < TOGETHER ? b->n - lane : TOGETHER, size, len);
        }
        if (d->n_rows > 0 && at[lane] != d->rows[0].at) {
            settle(d);
        }
        size_t begin = d->n;
        if (together ? put_slot(d, d->slots + i * size, len[i]) : put_row(d, lane, size)) {
            (void)end_row(d, at[lane], begin);
        }
    }
}

void ent_digest_pass(ent_digest *d, int64_t until)
{
    size_t passed = 0;
    for (size_t i = 0; i < d->n_rows; i++) {
        passed += d->rows[i].at < until;
    }
    if (passed == 0 || d->failed) {
        return;
    }
    put_in_order(d);
    if (passed == d->n_rows) {
        settle(d);
        return;
    }
    d->n_settled = d->rows[passed].offset;
    d->n_rows -= passed;
    memmove(d->rows, d->rows + passed, d->n_rows * sizeof *d->rows);
    if (d->n_settled >= HASH_AT) {
        hash_settled(d);
    }
}

/* --- saved, and ended --- */

ent_digest_settled ent_digest_get_settled(const ent_digest *d)
{
    size_t n = d->n_settled > 0 ? (d->n_settled - 1) / LEAF : 0;
    ent_digest_settled settled = {.tree = d->tree};
    ent_hash_tree_leaves(&settled.tree, d->bytes, n);
    settled.len = d->n_settled - n * LEAF;
    settled.rest = settled.len > 0 ? d->bytes + n * LEAF : NULL;
    return settled;
}

bool ent_digest_set_settled(ent_digest *d, const ent_digest_settled *settled)
{
    if (!has_room(d, settled->len)) {
        return false;
    }
    if (settled->len > 0) {
        memcpy(d->bytes, settled->rest, settled->len);
    }
    d->tree = settled->tree;
    d->n = d->n_settled = settled->len;
    return true;
}

bool ent_digest_text(ent_digest *d, char text[ENT_HASH_TEXT_SIZE])
{
    unsigned char digest[ENT_HASH_SIZE];
    settle(d);
    if (d->n_settled > 0) {
        hash_settled(d);
    }
    ent_hash_tree_final(&d->tree, d->bytes, d->n, digest);
    d->n = d->n_settled = 0;
    ent_hash_text(digest, text);
    return !d->failed;
}
