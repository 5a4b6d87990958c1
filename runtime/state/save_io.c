/* See save_io.h. */
#include "runtime/state/save_io.h"

#include <stdlib.h>
#include <string.h>

/* A key of more fields than this is no program's. */
enum { KEY_FIELDS_MAX = 64 };

void ent_io_deinit(ent_io *x)
{
    free(x->out);
    free(x->texts);
    ent_map_deinit(&x->numbers);
}

bool ent_io_bad(ent_io *x, const char *what)
{
    x->failed = true;
    return ent_fail(x->s, x->error, ENT_FAULT_DATA, "the saved state is damaged: %s", what);
}

bool ent_io_no_memory(ent_io *x)
{
    x->failed = true;
    return ent_no_memory(x->error);
}

bool ent_io_check(ent_io *x, bool holds, const char *what)
{
    return !x->reading || holds || ent_io_bad(x, what);
}

/* --- numbers --- */

static bool io_bytes(ent_io *x, void *p, size_t n)
{
    if (x->failed) {
        return false;
    }
    if (x->reading) {
        if ((size_t)(x->end - x->at) < n) {
            return ent_io_bad(x, "a section is too short");
        }
        if (n > 0) {
            memcpy(p, x->at, n);
        }
        x->at += n;
        return true;
    }
    if (!ent_reserve((void **)&x->out, &x->capacity, x->n + n, 1)) {
        return ent_io_no_memory(x);
    }
    if (n > 0) {
        memcpy(x->out + x->n, p, n);
    }
    x->n += n;
    return true;
}

static bool io_little(ent_io *x, uint64_t *v, size_t n)
{
    uint8_t b[8];
    for (size_t i = 0; i < n; i++) {
        b[i] = (uint8_t)(*v >> (8 * i));
    }
    if (!io_bytes(x, b, n)) {
        return false;
    }
    *v = 0;
    for (size_t i = 0; i < n; i++) {
        *v |= (uint64_t)b[i] << (8 * i);
    }
    return true;
}

bool ent_io_u8(ent_io *x, uint8_t *v)
{
    return io_bytes(x, v, 1);
}

bool ent_io_bool(ent_io *x, bool *v)
{
    uint8_t byte = *v;
    if (!io_bytes(x, &byte, 1) || !ent_io_check(x, byte <= 1, "a flag that is none")) {
        return false;
    }
    *v = byte != 0;
    return true;
}

bool ent_io_u32(ent_io *x, uint32_t *v)
{
    uint64_t wide = *v;
    bool ok = io_little(x, &wide, 4);
    *v = ok ? (uint32_t)wide : *v;
    return ok;
}

bool ent_io_u64(ent_io *x, uint64_t *v)
{
    return io_little(x, v, 8);
}

bool ent_io_i64(ent_io *x, int64_t *v)
{
    uint64_t bits = (uint64_t)*v;
    bool ok = io_little(x, &bits, 8);
    *v = ok ? (int64_t)bits : *v;
    return ok;
}

bool ent_io_index(ent_io *x, int64_t *v, int64_t from, int64_t below)
{
    return ent_io_i64(x, v) &&
           ent_io_check(x, *v >= from && *v < below, "a number is out of its range");
}

bool ent_io_i128(ent_io *x, ent_i128 *v)
{
    uint64_t low = (uint64_t)*v;
    uint64_t high = (uint64_t)((ent_u128)*v >> 64);
    if (!ent_io_u64(x, &low) || !ent_io_u64(x, &high)) {
        return false;
    }
    *v = (ent_i128)((ent_u128)high << 64 | low);
    return ent_io_check(x, *v >= -ENT_I128_MAX, "an integer that is none of ours");
}

bool ent_io_q(ent_io *x, ent_q *v)
{
    ent_q same;
    return ent_io_i128(x, &v->num) && ent_io_i128(x, &v->den) &&
           ent_io_check(x, ent_q_make(v->num, v->den, &same) && same.num == v->num &&
                            same.den == v->den, "a fraction is not reduced");
}

bool ent_io_f64(ent_io *x, double *v)
{
    uint64_t bits;
    memcpy(&bits, v, sizeof bits);
    bool ok = ent_io_u64(x, &bits);
    memcpy(v, &bits, sizeof bits);
    return ok;
}

bool ent_io_count(ent_io *x, size_t *n, size_t each)
{
    uint64_t wide = *n;
    if (!ent_io_u64(x, &wide) ||
        !ent_io_check(x, wide <= (size_t)(x->end - x->at) / each, "a section is too short")) {
        return false;
    }
    *n = (size_t)wide;
    return true;
}

bool ent_io_parties(ent_io *x, uint64_t *causes)
{
    size_t n = x->s->program->n_party;
    uint64_t beyond = n >= 64 ? 0 : ~((UINT64_C(1) << n) - 1);
    return ent_io_u64(x, causes) && ent_io_check(x, (*causes & beyond) == 0, "an unknown party");
}

/* --- texts and keys --- */

static bool write_text(ent_io *x, int64_t id)
{
    uint32_t *place = ent_map_at(&x->numbers, id);
    if (!place) {
        return ent_io_no_memory(x);
    }
    bool first = *place == ENT_MAP_NONE;
    if (first) {
        *place = (uint32_t)x->n_texts++;
    }
    size_t len;
    const char *p = ent_strings_get(x->s->strings, id, &len);
    return ent_io_u32(x, place) &&
           (!first || (ent_io_count(x, &len, 1) && io_bytes(x, (void *)(uintptr_t)p, len)));
}

static bool read_text(ent_io *x, int64_t *id)
{
    uint32_t number = 0;
    if (!ent_io_u32(x, &number) || !ent_io_check(x, number <= x->n_texts, "an unknown text")) {
        return false;
    }
    if (number < x->n_texts) {
        *id = x->texts[number];
        return true;
    }
    size_t len = 0;
    if (!ent_io_count(x, &len, 1)) {
        return false;
    }
    *id = ent_strings_intern(x->s->strings, (const char *)x->at, len);
    x->at += len;
    if (*id < 0 || !ent_reserve((void **)&x->texts, &x->texts_capacity, x->n_texts + 1,
                                sizeof *x->texts)) {
        return ent_io_no_memory(x);
    }
    x->texts[x->n_texts++] = *id;
    return true;
}

bool ent_io_text(ent_io *x, int64_t *id)
{
    return x->reading ? read_text(x, id) : write_text(x, *id);
}

/* A value that is stored as an integer.  Members, parties and services index tables. */
static bool io_word(ent_io *x, int64_t type, int64_t param, int64_t *v)
{
    const ent_image *p = x->s->program;
    switch (type) {
    case ENT_TYPE_TEXT:
        return ent_io_text(x, v);
    case ENT_TYPE_ENUM: {
        bool known = param >= 0 && (size_t)param < p->n_enumeration;
        return ent_io_index(x, v, 0, known ? p->enumeration[param].n_members : 0);
    }
    case ENT_TYPE_PARTY:
        return ent_io_index(x, v, 0, (int64_t)p->n_party);
    case ENT_TYPE_SERVICE:
        return ent_io_index(x, v, 0, (int64_t)p->n_service);
    default:
        return ent_io_i64(x, v);
    }
}

bool ent_io_cell(ent_io *x, int64_t type, int64_t param, void *data)
{
    switch (ent_type_class((unsigned)type)) {
    case ENT_CLASS_B:
        return ent_io_u8(x, data) && ent_io_check(x, *(uint8_t *)data <= 1, "a flag that is none");
    case ENT_CLASS_F:
        return ent_io_f64(x, data);
    case ENT_CLASS_Q:
        return ent_io_q(x, data);
    default:
        return io_word(x, type, param, data);
    }
}

static bool io_fields(ent_io *x, const ent_key_shape *shape, int64_t *words)
{
    const ent_image *p = x->s->program;
    for (int64_t i = 0; i < shape->n; i++) {
        int64_t at = p->keyfield[shape->first + i].field;
        const ent_field_row *field = &p->field[shape->feed->first_field + at];
        if (!io_word(x, field->type, field->param, &words[i])) {
            return false;
        }
    }
    return true;
}

bool ent_io_key(ent_io *x, const ent_key_shape *shape, int64_t *key)
{
    ent_tuples *t = &x->s->tuples;
    int64_t words[KEY_FIELDS_MAX] = {0};
    size_t n = (size_t)shape->n;
    if (!shape->feed) {
        return io_word(x, shape->type, shape->param, key);
    }
    if (n > KEY_FIELDS_MAX) {
        return ent_io_bad(x, "a key of too many fields");
    }
    if (n == 0) {
        *key = 0;
        return true;
    }
    if (n == 1) {
        return io_fields(x, shape, key);
    }
    if (!x->reading) {
        if ((uint64_t)*key >= t->n || t->widths[*key] != n) {
            return ent_io_bad(x, "a key of another form");
        }
        memcpy(words, t->values + t->offsets[*key], n * sizeof *words);
    }
    if (!io_fields(x, shape, words)) {
        return false;
    }
    *key = x->reading ? ent_tuples_intern(t, words, n) : *key;
    return *key >= 0 || ent_io_no_memory(x);
}

bool ent_io_key_or_none(ent_io *x, const ent_key_shape *shape, int64_t *key)
{
    bool some = *key != INT64_MIN;
    if (!ent_io_bool(x, &some)) {
        return false;
    }
    if (!some) {
        *key = INT64_MIN;
        return true;
    }
    return ent_io_key(x, shape, key);
}

ent_key_shape ent_key_shape_of_feed(const ent_image *p, int64_t feed)
{
    const ent_feed_row *row = &p->feed[feed];
    return (ent_key_shape){.feed = row, .first = row->first_key, .n = row->n_keys};
}

ent_key_shape ent_key_shape_of_use(const ent_image *p, const ent_spanuse_row *use, int64_t feed)
{
    return (ent_key_shape){.feed = &p->feed[feed], .first = use->first_key, .n = use->n_keys};
}

ent_key_shape ent_key_shape_of_span(const ent_image *p, int64_t span)
{
    const ent_pattern_row *from = &p->pattern[p->span[span].from];
    if (from->n_alts == 0) {
        return (ent_key_shape){.type = ENT_TYPE_INT, .param = -1};
    }
    const ent_alt_row *alt = &p->alt[from->first_alt];
    return (ent_key_shape){.feed = &p->feed[alt->feed], .first = alt->first_key, .n = alt->n_keys};
}

ent_key_shape ent_key_shape_of_objective(const ent_image *p, int64_t objective)
{
    const ent_objective_row *row = &p->objective[objective];
    const ent_fold_row *fold = &p->fold[row->first_fold];
    if (row->subject == 0) {
        return (ent_key_shape){.type = ENT_TYPE_INT, .param = -1};
    }
    if (row->n_folds > 0 && fold->feed >= 0 && fold->n_groups > 0) {
        return (ent_key_shape){
            .feed = &p->feed[fold->feed], .first = fold->first_group, .n = fold->n_groups};
    }
    return (ent_key_shape){.type = row->subject_type, .param = row->subject_param};
}

/* --- columns, sets, sums --- */

bool ent_io_column(ent_io *x, ent_colbuf *c, const ent_field_row *field, size_t n)
{
    bool some = !x->reading && c->absent && n > 0 && memchr(c->absent, 1, n);
    size_t size = ent_class_size(c->cls);
    if (!ent_io_bool(x, &some)) {
        return false;
    }
    if (x->reading && n > 0) {
        /* a lane is a byte at least */
        if (n > (size_t)(x->end - x->at)) {
            return ent_io_bad(x, "a section is too short");
        }
        if (!ent_colbuf_reserve(c, n)) {
            return ent_io_no_memory(x);
        }
        memset(c->data, 0, n * size);
        if (some && !c->absent && !(c->absent = calloc(c->capacity, 1))) {
            return ent_io_no_memory(x);
        }
        c->n = n;
    }
    for (size_t i = 0; i < n; i++) {
        if (some && (!ent_io_u8(x, &c->absent[i]) ||
                     !ent_io_check(x, c->absent[i] <= 1, "a flag that is none"))) {
            return false;
        }
        if (!(some && c->absent[i]) &&
            !ent_io_cell(x, field->type, field->param, (char *)c->data + i * size)) {
            return false;
        }
    }
    return true;
}

bool ent_io_row(ent_io *x, ent_rowref *row)
{
    int64_t feed = row->feed;
    bool ok = ent_io_i64(x, &row->origin) &&
              ent_io_index(x, &feed, -1, (int64_t)x->s->program->n_feed);
    row->feed = (int32_t)feed;
    return ok;
}

bool ent_io_interval(ent_io *x, ent_interval *v)
{
    return ent_io_i64(x, &v->from) && ent_io_i64(x, &v->to) &&
           ent_io_check(x, v->from < v->to, "a stretch that ends before it begins");
}

bool ent_io_intervals(ent_io *x, ent_intervals *set)
{
    size_t n = set->n;
    if (!ent_io_count(x, &n, 16)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        ent_interval v = x->reading ? (ent_interval){0, 0} : set->v[i];
        if (!ent_io_interval(x, &v) ||
            !ent_io_check(x, set->n == 0 || v.from > set->v[set->n - 1].to,
                          "stretches that overlap")) {
            return false;
        }
        if (x->reading && !ent_intervals_add(set, v.from, v.to)) {
            return ent_io_no_memory(x);
        }
    }
    return true;
}

/* Of its 68 chunks few are in use: those from the first to the last that is not zero. */
bool ent_io_fsum(ent_io *x, ent_fsum *sum)
{
    ent_fsum copy = *sum;
    int64_t first = 0;
    int64_t last = ENT_FSUM_CHUNKS;
    if (x->reading) {
        ent_fsum_init(&copy);
    } else {
        ent_fsum_normalise(&copy);
        while (first < ENT_FSUM_CHUNKS && copy.chunk[first] == 0) {
            first++;
        }
        while (last > first && copy.chunk[last - 1] == 0) {
            last--;
        }
    }
    if (!ent_io_index(x, &first, 0, ENT_FSUM_CHUNKS + 1) ||
        !ent_io_index(x, &last, first, ENT_FSUM_CHUNKS + 1) || !ent_io_u32(x, &copy.refused)) {
        return false;
    }
    for (int64_t i = first; i < last; i++) {
        if (!ent_io_i64(x, &copy.chunk[i])) {
            return false;
        }
    }
    if (!ent_io_check(x, ent_fsum_is_normalised(&copy), "a sum that is none of ours")) {
        return false;
    }
    *sum = x->reading ? copy : *sum;
    return true;
}

/* --- arrays and maps --- */

int64_t *ent_io_map_keys(ent_io *x, const ent_map *map, size_t n)
{
    int64_t *keys = calloc(n + 1, sizeof *keys);
    if (!keys) {
        ent_io_no_memory(x);
        return NULL;
    }
    if (!x->reading) {
        ent_map_keys(map, keys, n);
    }
    return keys;
}

bool ent_io_map_put(ent_io *x, ent_map *map, int64_t key, size_t value)
{
    uint32_t *place = ent_map_at(map, key);
    if (!place) {
        return ent_io_no_memory(x);
    }
    if (*place != ENT_MAP_NONE || value >= ENT_MAP_NONE) {
        return ent_io_bad(x, "a key comes twice");
    }
    *place = (uint32_t)value;
    return true;
}

bool ent_io_grow(ent_io *x, void **v, size_t *capacity, size_t n, size_t element)
{
    if (!ent_reserve(v, capacity, n + 1, element)) {
        return ent_io_no_memory(x);
    }
    memset((char *)*v + n * element, 0, element);
    return true;
}
