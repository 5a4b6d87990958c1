/* Growing arrays, columns, tuple keys and errors for runtime/state. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/state/state.h"

bool ent_fail(ent_engine *s, ent_fault *error, ent_fault_code code, const char *fmt, ...)
{
    (void)s;
    if (error && error->code == ENT_FAULT_NONE) {
        va_list args;
        va_start(args, fmt);
        error->code = code;
        error->place = -1;
        vsnprintf(error->message, sizeof error->message, fmt, args);
        va_end(args);
    }
    return false;
}

bool ent_no_memory(ent_fault *error)
{
    return ent_fail(NULL, error, ENT_FAULT_ENVIRONMENT, "out of memory");
}

bool ent_reserve(void **v, size_t *capacity, size_t need, size_t element)
{
    if (need <= *capacity) {
        return true;
    }
    size_t grown = *capacity ? *capacity : 8;
    while (grown < need) {
        if (grown > SIZE_MAX / 2) {
            return false;
        }
        grown *= 2;
    }
    if (grown > SIZE_MAX / element) {
        return false;
    }
    void *p = realloc(*v, grown * element);
    if (!p) {
        return false;
    }
    *v = p;
    *capacity = grown;
    return true;
}

size_t ent_class_size(ent_class cls)
{
    switch (cls) {
    case ENT_CLASS_B:
        return 1;
    case ENT_CLASS_F:
        return sizeof(double);
    case ENT_CLASS_Q:
        return sizeof(ent_q);
    default:
        return sizeof(int64_t);
    }
}

bool ent_colbuf_reserve(ent_colbuf *c, size_t need)
{
    size_t before = c->capacity;
    if (!ent_reserve(&c->data, &c->capacity, need, ent_class_size(c->cls))) {
        return false;
    }
    if (c->absent && c->capacity != before) {
        uint8_t *absent = realloc(c->absent, c->capacity);
        if (!absent) {
            c->capacity = before;
            return false;
        }
        memset(absent + before, 0, c->capacity - before);
        c->absent = absent;
    }
    return true;
}

bool ent_colbuf_append(ent_colbuf *c, const ent_vector *from, size_t offset, size_t n)
{
    size_t size = ent_class_size(c->cls);
    if (!ent_colbuf_reserve(c, c->n + n)) {
        return false;
    }
    char *to = (char *)c->data + c->n * size;
    const char *bytes = (const char *)from->data + offset * size;
    if (bytes != to) { /* else they were written where they belong, see ent_engine_room */
        memmove(to, bytes, n * size);
    }
    if (from->absent && !c->absent && memchr(from->absent + offset, 1, n)) {
        c->absent = calloc(c->capacity, 1);
        if (!c->absent) {
            return false;
        }
    }
    if (c->absent) {
        if (from->absent) {
            memcpy(c->absent + c->n, from->absent + offset, n);
        } else {
            memset(c->absent + c->n, 0, n);
        }
    }
    c->n += n;
    return true;
}

void ent_colbuf_drop(ent_colbuf *c, size_t n)
{
    if (c->n == 0) {
        return;
    }
    size_t size = ent_class_size(c->cls);
    size_t rest = c->n - n;
    memmove(c->data, (char *)c->data + n * size, rest * size);
    if (c->absent) {
        memmove(c->absent, c->absent + n, rest);
        if (rest == 0 || !memchr(c->absent, 1, rest)) {
            free(c->absent);
            c->absent = NULL;
        } else {
            memset(c->absent + rest, 0, c->capacity - rest);
        }
    }
    c->n = rest;
}

void ent_colbuf_deinit(ent_colbuf *c)
{
    free(c->data);
    free(c->absent);
    ent_class cls = c->cls;
    *c = (ent_colbuf){.cls = cls};
}

static uint64_t tuple_hash(const int64_t *values, size_t width)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) + width;
    for (size_t i = 0; i < width; i++) {
        h = (h ^ (uint64_t)values[i]) * UINT64_C(0x9E3779B97F4A7C15);
        h ^= h >> 31;
    }
    return h;
}

static bool tuples_grow(ent_tuples *t)
{
    size_t capacity = t->table_capacity ? t->table_capacity * 2 : 64;
    uint32_t *table = malloc(capacity * sizeof *table);
    if (!table) {
        return false;
    }
    memset(table, 0xff, capacity * sizeof *table);
    for (size_t i = 0; i < t->n; i++) {
        size_t at = (size_t)tuple_hash(t->values + t->offsets[i], t->widths[i]) & (capacity - 1);
        while (table[at] != UINT32_MAX) {
            at = (at + 1) & (capacity - 1);
        }
        table[at] = (uint32_t)i;
    }
    free(t->table);
    t->table = table;
    t->table_capacity = capacity;
    return true;
}

/* Where the tuple stands in the table, or the free place for it. */
static size_t tuple_place(const ent_tuples *t, const int64_t *values, size_t width)
{
    size_t mask = t->table_capacity - 1;
    size_t at = (size_t)tuple_hash(values, width) & mask;
    for (; t->table[at] != UINT32_MAX; at = (at + 1) & mask) {
        uint32_t i = t->table[at];
        if (t->widths[i] == width &&
            memcmp(t->values + t->offsets[i], values, width * sizeof *values) == 0) {
            break;
        }
    }
    return at;
}

int64_t ent_tuples_find(const ent_tuples *t, const int64_t *values, size_t width)
{
    uint32_t found = t->table_capacity == 0 ? UINT32_MAX : t->table[tuple_place(t, values, width)];
    return found == UINT32_MAX ? -1 : (int64_t)found;
}

int64_t ent_tuples_intern(ent_tuples *t, const int64_t *values, size_t width)
{
    if (t->n * 2 >= t->table_capacity && !tuples_grow(t)) {
        return -1;
    }
    size_t at = tuple_place(t, values, width);
    if (t->table[at] != UINT32_MAX) {
        return t->table[at];
    }
    size_t capacity = t->capacity;
    if (!ent_reserve((void **)&t->widths, &capacity, t->n + 1, sizeof *t->widths) ||
        !ent_reserve((void **)&t->offsets, &t->capacity, t->n + 1, sizeof *t->offsets) ||
        !ent_reserve((void **)&t->values, &t->values_capacity, t->n_values + width,
                     sizeof *t->values)) {
        return -1;
    }
    memcpy(t->values + t->n_values, values, width * sizeof *values);
    t->offsets[t->n] = t->n_values;
    t->widths[t->n] = (uint32_t)width;
    t->n_values += width;
    t->table[at] = (uint32_t)t->n;
    return (int64_t)t->n++;
}

void ent_tuples_deinit(ent_tuples *t)
{
    free(t->values);
    free(t->widths);
    free(t->offsets);
    free(t->table);
    *t = (ent_tuples){0};
}

ent_verdict *ent_engine_decision(ent_engine *s)
{
    if (!ent_reserve((void **)&s->decisions, &s->decisions_capacity, s->n_decisions + 1,
                     sizeof *s->decisions)) {
        return NULL;
    }
    ent_verdict *d = &s->decisions[s->n_decisions++];
    memset(d, 0, sizeof *d);
    d->measure = (ent_q){0, 1};
    d->credit_fraction = (ent_q){1, 1};
    d->budget_left = (ent_q){0, 1};
    d->burn_rate = (ent_q){0, 1};
    d->credit_rule = -1;
    return d;
}

void ent_agreement_period(const ent_engine *s, const ent_agreement_row *agreement, int64_t *from_ns,
                          int64_t *to_ns)
{
    const ent_zone *zone = ent_engine_zone(s, agreement->zone);
    *from_ns = agreement->from_day == ENT_NO_DAY_FROM
                   ? INT64_MIN
                   : ent_zone_midnight(zone, agreement->from_day);
    *to_ns = agreement->to_day == ENT_NO_DAY_TO ? INT64_MAX
                                                : ent_zone_midnight(zone, agreement->to_day + 1);
}

int64_t ent_add_sat(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return b < 0 ? INT64_MIN : INT64_MAX;
    }
    return sum;
}
