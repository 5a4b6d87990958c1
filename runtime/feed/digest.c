/* See digest.h. */
#include "runtime/feed/digest.h"

#include <stdlib.h>
#include <string.h>

void ent_digest_init(ent_digest *d)
{
    *d = (ent_digest){.n = 0};
    ent_blake2b_init(&d->hash);
}

void ent_digest_deinit(ent_digest *d)
{
    free(d->bytes);
    free(d->rows);
    d->bytes = NULL;
    d->rows = NULL;
}

static bool grow(void **v, size_t *capacity, size_t need, size_t element)
{
    if (need <= *capacity) {
        return true;
    }
    size_t bigger = *capacity ? *capacity * 2 : 4096;
    bigger = bigger < need ? need : bigger;
    void *p = realloc(*v, bigger * element);
    if (p) {
        *v = p;
        *capacity = bigger;
    }
    return p != NULL;
}

static inline void put_bytes(ent_digest *d, const void *bytes, size_t n)
{
    if (d->failed || (d->n + n > d->capacity && !grow((void **)&d->bytes, &d->capacity, d->n + n, 1))) {
        d->failed = true;
        return;
    }
    if (n > 0) {
        memcpy(d->bytes + d->n, bytes, n);
        d->n += n;
    }
}

static void put_text(ent_digest *d, const char *text, size_t n)
{
    uint32_t len = (uint32_t)n;
    put_bytes(d, &len, sizeof len);
    put_bytes(d, text, n);
}

static void put_value(ent_digest *d, const ent_image *p, const ent_field_row *field,
                      const ent_strings *strings, const ent_vector *c, size_t lane)
{
    uint8_t absent = c->absent && c->absent[lane];
    put_bytes(d, &absent, 1);
    if (absent) {
        return;
    }
    int64_t i = c->cls == ENT_CLASS_I ? ((const int64_t *)c->data)[lane] : 0;
    int64_t name = -1;
    switch (field->type) {
    case ENT_TYPE_TEXT: {
        size_t len;
        const char *text = ent_strings_get(strings, i, &len);
        put_text(d, text, len);
        return;
    }
    case ENT_TYPE_PARTY:
        name = p->party[i].name;
        break;
    case ENT_TYPE_SERVICE:
        name = p->service[i].name;
        break;
    case ENT_TYPE_ENUM:
        name = p->member[p->enumeration[field->param].first_member + i].name;
        break;
    case ENT_TYPE_BOOL:
        put_bytes(d, (const uint8_t *)c->data + lane, 1);
        return;
    case ENT_TYPE_RATIO:
    case ENT_TYPE_MONEY:
        put_bytes(d, (const ent_q *)c->data + lane, sizeof(ent_q));
        return;
    default:
        put_bytes(d, (const int64_t *)c->data + lane, sizeof(int64_t));
        return;
    }
    put_text(d, p->strings[name].p, p->strings[name].len);
}

/* What was put from `begin` on is a row. */
static bool end_row(ent_digest *d, int64_t at, size_t begin)
{
    if (d->failed || !grow((void **)&d->rows, &d->rows_capacity, d->n_rows + 1, sizeof *d->rows)) {
        d->failed = true;
        return false;
    }
    d->rows[d->n_rows++] = (ent_digest_row){at, begin, d->n - begin};
    return true;
}

bool ent_digest_add_bytes(ent_digest *d, int64_t at, const void *bytes, size_t len)
{
    size_t begin = d->n;
    put_bytes(d, bytes, len);
    return end_row(d, at, begin);
}

ent_blake2b ent_digest_settled(const ent_digest *d)
{
    ent_blake2b hash = d->hash;
    ent_blake2b_update(&hash, d->bytes, d->n_settled);
    return hash;
}

void ent_digest_add(ent_digest *d, const ent_image *p, const ent_feed_row *feed, const ent_strings *strings,
                    const ent_vector *columns, size_t lane)
{
    size_t begin = d->n;
    for (int64_t i = 0; i < feed->n_fields; i++) {
        if (columns[i].data) {
            put_value(d, p, &p->field[feed->first_field + i], strings, &columns[i], lane);
        }
    }
    (void)end_row(d, ((const int64_t *)columns[feed->at].data)[lane], begin);
}

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

/* Hashes what is settled: the bytes before the waiting rows, which are in the order of rows. */
static void hash_settled(ent_digest *d)
{
    ent_blake2b_update(&d->hash, d->bytes, d->n_settled);
    d->n_settled = 0;
}

/* Hashes the first n of the waiting rows, which are in order. */
static void take(ent_digest *d, size_t n)
{
    hash_settled(d);
    for (size_t i = 0; i < n && !d->failed; i++) {
        ent_blake2b_update(&d->hash, d->bytes + d->rows[i].offset, d->rows[i].len);
    }
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

/* Rows in order are settled where they are; their bytes are hashed when there are many. */
void ent_digest_flush(ent_digest *d)
{
    enum { HASH_AT = 1 << 15 };
    if (are_in_order(d)) {
        d->n_settled = d->n;
    } else {
        qsort_r(d->rows, d->n_rows, sizeof *d->rows, compare_rows, d->bytes);
        take(d, d->n_rows);
        d->n = 0;
    }
    d->n_rows = 0;
    if (d->n >= HASH_AT) {
        hash_settled(d);
        d->n = 0;
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
    if (passed == d->n_rows) {
        ent_digest_flush(d);
        return;
    }
    qsort_r(d->rows, d->n_rows, sizeof *d->rows, compare_rows, d->bytes);
    take(d, passed);
    ent_digest rest = {.failed = d->failed, .hash = d->hash}; /* nothing is settled */
    for (size_t i = passed; i < d->n_rows && !rest.failed; i++) {
        (void)ent_digest_add_bytes(&rest, d->rows[i].at, d->bytes + d->rows[i].offset, d->rows[i].len);
    }
    ent_digest_deinit(d);
    *d = rest;
}

bool ent_digest_text(ent_digest *d, char text[ENT_HASH_TEXT_SIZE])
{
    unsigned char digest[ENT_HASH_SIZE];
    ent_digest_flush(d);
    hash_settled(d);
    d->n = 0;
    ent_blake2b_final(&d->hash, digest);
    ent_hash_text(digest, text);
    return !d->failed;
}
