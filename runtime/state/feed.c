/* A feed's rows: pushed, kept until the watermark passes them, cut into slices in event order, and run
 * through the feed's row kernel.
 *
 * Ties: rows of one instant stay in the order in which they were pushed (a stable sort).  `previous(f)` is
 * found in that order, which is why it is filled here and not by the interpreter.
 * Tested by tests/unit/test_state.c and by every property test. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/state.h"
#include "runtime/vm/simd.h"

static void collect_previous(const ent_image *p, ent_feedstate *f)
{
    const ent_kernel_row *kernel = &p->kernel[f->row->row_kernel];
    for (int64_t i = 0; i < kernel->n_inputs; i++) {
        const ent_input_row *in = &p->input[kernel->first_input + i];
        bool known = in->kind != 1;
        for (size_t k = 0; k < f->n_previous && !known; k++) {
            known = f->previous_fields[k] == in->index;
        }
        if (!known) {
            f->previous_fields[f->n_previous++] = in->index;
        }
    }
}

static ent_class field_class(const ent_image *p, const ent_feed_row *feed, int64_t field)
{
    return ent_type_class((unsigned)p->field[feed->first_field + field].type);
}

bool ent_feedstate_init(ent_engine *s, ent_feedstate *f, int64_t index, ent_fault *error)
{
    const ent_image *p = s->program;
    const ent_feed_row *row = &p->feed[index];
    size_t n_fields = (size_t)row->n_fields;
    f->row = row;
    f->index = index;
    f->last_at = INT64_MIN;
    f->totals.first_ns = INT64_MAX;
    f->totals.last_ns = INT64_MIN;
    f->origin.cls = ENT_CLASS_I;
    f->pending = calloc(n_fields + 1, sizeof *f->pending);
    f->previous_fields = calloc(n_fields ? n_fields : 1, sizeof *f->previous_fields);
    f->previous = calloc(n_fields ? n_fields : 1, sizeof *f->previous);
    f->latest = calloc(n_fields ? n_fields : 1, sizeof *f->latest);
    if (!f->pending || !f->previous_fields || !f->previous || !f->latest) {
        return ent_no_memory(error);
    }
    for (size_t i = 0; i < n_fields; i++) {
        f->pending[i].cls = field_class(p, row, (int64_t)i);
    }
    f->pending[n_fields].cls = ENT_CLASS_I;
    f->fills_holder = ent_feed_fills_holder(p, index);
    f->holder = f->fills_holder ? row->n_fields : row->holder;
    if (row->row_kernel >= 0) {
        const ent_kernel_row *kernel = &p->kernel[row->row_kernel];
        f->n_slots = (size_t)kernel->n_outputs;
        f->slots = calloc(f->n_slots ? f->n_slots : 1, sizeof *f->slots);
        f->ranges = calloc(f->n_slots ? f->n_slots : 1, sizeof *f->ranges);
        f->failed = calloc(f->n_slots ? f->n_slots : 1, sizeof *f->failed);
        if (!f->slots || !f->ranges || !f->failed) {
            return ent_no_memory(error);
        }
        for (size_t i = 0; i < f->n_slots; i++) {
            int64_t reg = p->output[kernel->first_output + (int64_t)i].reg;
            f->slots[i].cls = (ent_class)p->reg[kernel->first_reg + reg].cls;
        }
        collect_previous(p, f);
        for (size_t i = 0; i < f->n_previous; i++) {
            f->previous[i].cls = f->latest[i].cls = field_class(p, row, f->previous_fields[i]);
        }
    }
    return true;
}

void ent_feedstate_deinit(ent_feedstate *f)
{
    size_t n_fields = f->row ? (size_t)f->row->n_fields : 0;
    for (size_t i = 0; i < n_fields; i++) {
        if (f->pending) {
            ent_colbuf_deinit(&f->pending[i]);
        }
        if (f->previous) {
            ent_colbuf_deinit(&f->previous[i]);
        }
        if (f->latest) {
            ent_colbuf_deinit(&f->latest[i]);
        }
    }
    if (f->pending) {
        ent_colbuf_deinit(&f->pending[n_fields]);
    }
    for (size_t i = 0; f->slots && i < f->n_slots; i++) {
        ent_colbuf_deinit(&f->slots[i]);
    }
    for (size_t i = 0; i < f->n_keycolumns; i++) {
        free(f->keycolumns[i].owned_values);
        free(f->keycolumns[i].owned_absent);
    }
    for (size_t i = 0; i < f->n_keyids; i++) {
        free(f->keyids[i].ids);
        free(f->keyids[i].keys);
        free(f->keyids[i].table);
        free(f->keyids[i].rows);
    }
    ent_slice_deinit(f);
    free(f->keyids);
    free(f->ranges);
    free(f->keycolumns);
    free(f->pending);
    free(f->previous);
    free(f->previous_fields);
    free(f->latest);
    free(f->slots);
    free(f->holders);
    free(f->turns);
    free(f->owned_givers);
    ent_named_keys_deinit(&f->named);
    ent_colbuf_deinit(&f->origin);
    ent_map_deinit(&f->keys);
    ent_gist_deinit(&f->gist);
}

const int64_t *ent_feedstate_at(const ent_feedstate *f)
{
    return f->pending[f->row->at].data;
}

/* --- order --- */

typedef struct rank {
    int64_t at;
    size_t row;
} rank;

static int compare_ranks(const void *a, const void *b)
{
    const rank *x = a;
    const rank *y = b;
    if (x->at != y->at) {
        return x->at < y->at ? -1 : 1;
    }
    return x->row < y->row ? -1 : x->row > y->row;
}

static bool permute(ent_colbuf *c, const rank *order, size_t n)
{
    if (c->n == 0) {
        return true;
    }
    size_t size = ent_class_size(c->cls);
    char *data = malloc(c->capacity * size);
    uint8_t *absent = c->absent ? calloc(c->capacity, 1) : NULL;
    if (!data || (c->absent && !absent)) {
        free(data);
        free(absent);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        memcpy(data + i * size, (char *)c->data + order[i].row * size, size);
        if (absent) {
            absent[i] = c->absent[order[i].row];
        }
    }
    free(c->data);
    free(c->absent);
    c->data = data;
    c->absent = absent;
    return true;
}

static bool sort_pending(ent_feedstate *f)
{
    const int64_t *at = ent_feedstate_at(f);
    rank *order = malloc(f->n_pending * sizeof *order);
    if (!order) {
        return false;
    }
    for (size_t i = 0; i < f->n_pending; i++) {
        order[i] = (rank){at[i], i};
    }
    qsort(order, f->n_pending, sizeof *order, compare_ranks);
    bool ok = permute(&f->origin, order, f->n_pending);
    for (int64_t i = 0; ok && i < f->row->n_fields; i++) {
        ok = permute(&f->pending[i], order, f->n_pending);
    }
    free(order);
    f->unsorted = false;
    return ok;
}

/* --- slices --- */

static bool fill_previous(ent_engine *s, ent_feedstate *f)
{
    if (f->n_previous == 0) {
        return true;
    }
    const uint8_t *key_absent;
    const int64_t *keys =
        ent_feedstate_keys(s, f, f->row->first_key, f->row->n_keys, &key_absent);
    if (!keys) {
        return false;
    }
    for (size_t k = 0; k < f->n_previous; k++) {
        if (!ent_colbuf_reserve(&f->previous[k], f->n)) {
            return false;
        }
        if (!f->previous[k].absent) {
            f->previous[k].absent = calloc(f->previous[k].capacity, 1);
            if (!f->previous[k].absent) {
                return false;
            }
        }
        f->previous[k].n = f->n;
    }
    for (size_t i = 0; i < f->n; i++) {
        uint32_t *place = key_absent && key_absent[i] ? NULL : ent_map_at(&f->keys, keys[i]);
        if (!place && !(key_absent && key_absent[i])) {
            return false;
        }
        bool first = place && *place == ENT_MAP_NONE;
        if (first) {
            *place = f->n_seen_keys++;
        }
        for (size_t k = 0; k < f->n_previous; k++) {
            ent_colbuf *latest = &f->latest[k];
            const ent_colbuf *now = &f->pending[f->previous_fields[k]];
            size_t size = ent_class_size(latest->cls);
            char *out = (char *)f->previous[k].data + i * size;
            memset(out, 0, size);
            f->previous[k].absent[i] = 1;
            if (!place) {
                continue;
            }
            if (first) {
                if (!ent_colbuf_reserve(latest, f->n_seen_keys)) {
                    return false;
                }
                if (!latest->absent) {
                    latest->absent = calloc(latest->capacity, 1);
                    if (!latest->absent) {
                        return false;
                    }
                }
                latest->n = f->n_seen_keys;
            } else if (!latest->absent[*place]) {
                memcpy(out, (char *)latest->data + *place * size, size);
                f->previous[k].absent[i] = 0;
            }
            memcpy((char *)latest->data + *place * size, (char *)now->data + i * size, size);
            latest->absent[*place] = now->absent ? now->absent[i] : 0;
        }
    }
    return true;
}

bool ent_feedstate_run(ent_engine *s, ent_feedstate *f, const ent_vector *fields,
                       const ent_vector *previous, size_t n, ent_colbuf *slots, ent_fault *error)
{
    const ent_image *p = s->program;
    const ent_kernel_row *kernel = &p->kernel[f->row->row_kernel];
    size_t n_in = (size_t)kernel->n_inputs;
    ent_vector *in = calloc(n_in + f->n_slots + 1, sizeof *in);
    if (!in) {
        return ent_no_memory(error);
    }
    ent_vector *out = in + n_in;
    bool ok = true;
    for (size_t k = 0; k < f->n_slots; k++) {
        slots[k].n = 0;
        ok = ok && ent_colbuf_reserve(&slots[k], n ? n : 1);
        free(slots[k].absent);
        slots[k].absent = NULL;
    }
    for (size_t begin = 0; ok && begin < n; begin += s->lanes_max) {
        size_t lanes = n - begin < s->lanes_max ? n - begin : s->lanes_max;
        for (size_t k = 0; k < n_in; k++) {
            const ent_input_row *input = &p->input[kernel->first_input + (int64_t)k];
            const ent_vector *from = &fields[input->index];
            if (input->kind == 1) {
                size_t at = 0;
                while (f->previous_fields[at] != input->index) {
                    at++;
                }
                from = &previous[at];
            }
            size_t size = ent_class_size(from->cls);
            in[k] = (ent_vector){from->cls, (char *)from->data + begin * size,
                                 from->absent ? from->absent + begin : NULL};
        }
        const ent_lane_error *errors = NULL;
        uint32_t n_errors = 0;
        if (!ent_vm_run(s->vm, f->row->row_kernel, in, (uint32_t)lanes, out, NULL, &errors,
                        &n_errors)) {
            ok = false;
            break;
        }
        if (n_errors > 0) {
            ent_fail(s, error, ENT_FAULT_DATA, "%s", errors[0].message);
            error->place = errors[0].place;
            free(in);
            return false;
        }
        for (size_t k = 0; ok && k < f->n_slots; k++) {
            ok = ent_colbuf_append(&slots[k], &out[k], 0, lanes);
        }
    }
    free(in);
    return ok || ent_no_memory(error);
}

bool ent_feedstate_slice(ent_engine *s, ent_feedstate *f, int64_t until, ent_fault *error)
{
    if (f->is_sliced) {
        f->is_sliced = false;
        return true;
    }
    if (f->unsorted && !sort_pending(f)) {
        return ent_no_memory(error);
    }
    f->n = 0;
    ent_slice_forget(f);
    if (f->n_pending == 0) {
        return true;
    }
    const int64_t *at = ent_feedstate_at(f);
    size_t low = 0;
    size_t high = f->n_pending;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (at[middle] < until) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    f->n = low;
    f->givers = f->origin.n > 0 ? f->origin.data : NULL;
    if (f->n > 0 && f->fills_holder && !ent_feedstate_fill_holder(s, f)) {
        return ent_no_memory(error);
    }
    if (f->n == 0 || f->row->row_kernel < 0) {
        return true;
    }
    if (!fill_previous(s, f)) {
        return ent_no_memory(error);
    }
    size_t n_fields = (size_t)f->row->n_fields;
    ent_vector *columns = calloc(n_fields + f->n_previous + 1, sizeof *columns);
    if (!columns) {
        return ent_no_memory(error);
    }
    for (size_t i = 0; i < n_fields; i++) {
        columns[i] = (ent_vector){f->pending[i].cls, f->pending[i].data, f->pending[i].absent};
    }
    for (size_t i = 0; i < f->n_previous; i++) {
        columns[n_fields + i] =
            (ent_vector){f->previous[i].cls, f->previous[i].data, f->previous[i].absent};
    }
    bool ok = ent_feedstate_run(s, f, columns, columns + n_fields, f->n, f->slots, error);
    free(columns);
    return ok;
}

/* Makes room for the key's holder; false: its number is too large for a place of its own, or there is no memory. */
static bool reach_holder(ent_feedstate *f, int64_t key)
{
    enum { FIRST = 4096, FACTOR = 4 };
    size_t before = f->holders_capacity;
    if (key < 0 || (uint64_t)key >= FIRST + FACTOR * (uint64_t)f->n_rows_told ||
        !ent_reserve((void **)&f->holders, &f->holders_capacity, (size_t)key + 1, sizeof *f->holders)) {
        return false;
    }
    memset(f->holders + before, 0, f->holders_capacity - before);
    return true;
}

/* Tells the turns of rows from `begin` on, up to one whose key has no place; the row at which it stops. */
static size_t tell_turns(ent_feedstate *f, const int64_t *keys, const uint8_t *absent, size_t begin, size_t end)
{
    const ent_colbuf *column = &f->pending[f->holder];
    const int64_t *party = column->data;
    const uint8_t *nobody = column->absent;
    uint8_t *turns = f->turns;
    uint8_t *holders = f->holders;
    size_t n_known = column->n;
    size_t n_places = f->holders_capacity;
    for (size_t i = begin; i < end; i++) {
        if (absent && absent[i]) {
            turns[i] = 0;
            continue;
        }
        if ((uint64_t)keys[i] >= n_places) {
            return i;
        }
        uint8_t holder = (uint8_t)((i >= n_known || (nobody && nobody[i]) ? -1 : party[i]) + 2);
        turns[i] = holders[keys[i]] != holder;
        holders[keys[i]] = holder;
    }
    return end;
}

/* Most rows leave their key with whoever has it: no clock has to be looked for because of them. */
bool ent_feedstate_turns(ent_engine *s, ent_feedstate *f)
{
    const uint8_t *absent;
    if (f->turns_valid) {
        return true;
    }
    const int64_t *keys = ent_feedstate_keys(s, f, f->row->first_key, f->row->n_keys, &absent);
    if (!keys || !ent_reserve((void **)&f->turns, &f->turns_capacity, f->n, sizeof *f->turns)) {
        return false;
    }
    for (size_t begin = 0; begin < f->n;) {
        begin = tell_turns(f, keys, absent, begin, f->n);
        if (begin < f->n) {
            f->turns[begin] = 1;
            begin += !reach_holder(f, keys[begin]);
        }
    }
    f->n_rows_told += f->n;
    f->turns_valid = true;
    return true;
}

bool ent_feedstate_drop_slice(ent_engine *s, ent_feedstate *f)
{
    (void)s;
    if (f->n > 0) {
        for (int64_t i = 0; i < f->row->n_fields; i++) {
            ent_colbuf_drop(&f->pending[i], f->n);
        }
        ent_colbuf_drop(&f->origin, f->n);
        f->n_pending -= f->n;
        f->n = 0;
    }
    return true;
}

/* --- keys --- */

static bool same_list(const ent_image *p, int64_t other, int64_t n_other, int64_t first, int64_t n)
{
    if (n_other != n) {
        return false;
    }
    for (int64_t i = 0; i < n; i++) {
        if (p->keyfield[other + i].field != p->keyfield[first + i].field) {
            return false;
        }
    }
    return true;
}

static int64_t key_word(const ent_colbuf *column, size_t lane)
{
    if (column->cls == ENT_CLASS_B) {
        return ((const uint8_t *)column->data)[lane];
    }
    if (column->cls == ENT_CLASS_F) {
        int64_t word;
        memcpy(&word, (const double *)column->data + lane, sizeof word);
        return word;
    }
    return ((const int64_t *)column->data)[lane];
}

static bool make_keys(ent_engine *s, ent_feedstate *f, ent_keycolumn *c)
{
    const ent_image *p = s->program;
    int64_t *values = realloc(c->owned_values, (f->n ? f->n : 1) * sizeof *values);
    if (!values) {
        return false;
    }
    c->owned_values = values;
    uint8_t *absent = realloc(c->owned_absent, f->n ? f->n : 1);
    if (!absent) {
        return false;
    }
    c->owned_absent = absent;
    c->values = values;
    c->absent = absent;
    int64_t words[64];
    for (size_t i = 0; i < f->n; i++) {
        absent[i] = 0;
        for (int64_t k = 0; k < c->n_keys; k++) {
            const ent_colbuf *column = &f->pending[p->keyfield[c->first_key + k].field];
            bool none = column->n <= i || (column->absent && column->absent[i]);
            words[k] = none ? 0 : key_word(column, i);
            absent[i] |= none;
        }
        values[i] = c->n_keys == 0   ? 0
                    : c->n_keys == 1 ? words[0]
                                     : ent_tuples_intern(&s->tuples, words, (size_t)c->n_keys);
        if (c->n_keys > 1 && values[i] < 0) {
            return false;
        }
    }
    return true;
}

const int64_t *ent_feedstate_keys(ent_engine *s, ent_feedstate *f, int64_t first_key,
                                  int64_t n_keys, const uint8_t **absent)
{
    const ent_image *p = s->program;
    if (n_keys == 1) {
        const ent_colbuf *column = &f->pending[p->keyfield[first_key].field];
        if (column->cls == ENT_CLASS_I && column->n >= f->n && column->data) {
            *absent = column->absent;
            return column->data;
        }
    }
    ent_keycolumn *c = NULL;
    for (size_t i = 0; i < f->n_keycolumns && !c; i++) {
        ent_keycolumn *known = &f->keycolumns[i];
        c = same_list(p, known->first_key, known->n_keys, first_key, n_keys) ? known : NULL;
    }
    if (!c) {
        ent_keycolumn *grown = realloc(f->keycolumns, (f->n_keycolumns + 1) * sizeof *grown);
        if (!grown) {
            return NULL;
        }
        f->keycolumns = grown;
        c = &grown[f->n_keycolumns++];
        *c = (ent_keycolumn){.first_key = first_key, .n_keys = n_keys};
    }
    if (!c->valid) {
        if (!make_keys(s, f, c)) {
            return NULL;
        }
        c->valid = true;
    }
    *absent = c->absent;
    return c->values;
}

enum { FIRST_BITS = 10 };

/* The table is at most half full. */
static bool reserve_names(ent_keyids *k, size_t table_size)
{
    uint32_t *table = calloc(table_size, sizeof *table);
    int64_t *keys = realloc(k->keys, (table_size / 2 + 2) * sizeof *keys);
    k->keys = keys ? keys : k->keys;
    uint32_t *rows = realloc(k->rows, (table_size / 2 + 2) * sizeof *rows);
    k->rows = rows ? rows : k->rows;
    if (!table || !keys || !rows) {
        free(table);
        return false;
    }
    free(k->table);
    k->table = table;
    k->table_size = table_size;
    return true;
}

/* Makes room for the slice's lanes, and for some keys. */
static bool reserve_ids(ent_keyids *k, size_t n)
{
    return ent_reserve((void **)&k->ids, &k->capacity, n + 1, sizeof *k->ids) &&
           (k->table_size > 0 || reserve_names(k, (size_t)1 << FIRST_BITS));
}

/* The place of a key in a table of 2^(64 - shift) places, or the free one where it belongs. */
static inline size_t place_of(const uint32_t *table, unsigned shift, const int64_t *names, int64_t key)
{
    size_t at = (size_t)(((uint64_t)key * UINT64_C(0x9E3779B97F4A7C15)) >> shift);
    while (table[at] != 0 && names[table[at]] != key) {
        at = (at + 1) & (((size_t)1 << (64 - shift)) - 1);
    }
    return at;
}

/* Doubles what is used of the table. */
static bool spread_keys(ent_keyids *k, unsigned shift, uint32_t found)
{
    size_t size = (size_t)1 << (64 - shift);
    if (size > k->table_size && !reserve_names(k, size)) {
        return false;
    }
    memset(k->table, 0, size * sizeof *k->table);
    for (uint32_t id = 1; id <= found; id++) {
        k->table[place_of(k->table, shift, k->keys, k->keys[id])] = id;
    }
    return true;
}

/* Of the table only as much is used as the keys need: most slices have few, which then lie together. */
typedef struct numbering {
    ent_keyids *ids;
    const int64_t *keys;
    const uint8_t *absent;
    unsigned shift; /* of the part in use */
} numbering;

static bool number_run(numbering *x, size_t begin, size_t end)
{
    uint32_t *ids = x->ids->ids;
    uint32_t *table = x->ids->table;
    int64_t *names = x->ids->keys;
    const int64_t *keys = x->keys;
    const uint8_t *absent = x->absent;
    unsigned shift = x->shift;
    uint32_t found = x->ids->n;
    for (size_t i = begin; i < end; i++) {
        if (absent && absent[i]) {
            ids[i] = 0;
            continue;
        }
        int64_t key = keys[i];
        size_t at = place_of(table, shift, names, key);
        uint32_t id = table[at];
        if (id == 0) {
            id = ++found;
            table[at] = id;
            names[id] = key;
            if (found >> (63 - shift) != 0) { /* half full */
                if (!spread_keys(x->ids, --shift, found)) {
                    return false;
                }
                table = x->ids->table;
                names = x->ids->keys;
            }
        }
        ids[i] = id;
    }
    x->shift = shift;
    x->ids->n = found;
    return true;
}

/* After how many rows, at least `least`, the first key comes again; n: not soon. */
static size_t turn_of(const int64_t *keys, size_t n, size_t least)
{
    enum { FAR = 4096 };
    size_t most = n < FAR ? n : FAR;
    size_t length = 1;
    while (length < most && keys[length] != keys[0]) {
        length++;
    }
    return length < most ? (least + length - 1) / length * length : n;
}

/* Keys that come in turn, as services that are probed each minute do, have the numbers of the turn before. */
static bool number_keys(ent_keyids *k, const int64_t *keys, const uint8_t *absent, size_t n)
{
    enum { AT_ONCE = 64 };
    numbering x = {k, keys, absent, 64 - FIRST_BITS};
    size_t turn = absent ? n : turn_of(keys, n, AT_ONCE);
    size_t begin = turn < n ? turn : n;
    memset(k->table, 0, sizeof *k->table << FIRST_BITS);
    k->n = 0;
    bool ok = number_run(&x, 0, begin);
    for (; ok && begin < n; begin += AT_ONCE) {
        size_t count = n - begin < AT_ONCE ? n - begin : AT_ONCE;
        if (memcmp(keys + begin, keys + begin - turn, count * sizeof *keys) == 0) {
            memcpy(k->ids + begin, k->ids + begin - turn, count * sizeof *k->ids);
        } else {
            ok = number_run(&x, begin, begin + count);
        }
    }
    return ok;
}

ent_keyids *ent_feedstate_keyids(const ent_image *p, ent_feedstate *f, int64_t first_key, int64_t n_keys)
{
    for (size_t i = 0; i < f->n_keyids; i++) {
        if (same_list(p, f->keyids[i].first_key, f->keyids[i].n_keys, first_key, n_keys)) {
            return &f->keyids[i];
        }
    }
    ent_keyids *grown = realloc(f->keyids, (f->n_keyids + 1) * sizeof *grown);
    if (!grown) {
        return NULL;
    }
    f->keyids = grown;
    grown[f->n_keyids] = (ent_keyids){.first_key = first_key, .n_keys = n_keys};
    return &grown[f->n_keyids++];
}

ent_keyids *ent_feedstate_ids(ent_engine *s, ent_feedstate *f, int64_t first_key, int64_t n_keys)
{
    ent_keyids *k = ent_feedstate_keyids(s->program, f, first_key, n_keys);
    if (!k) {
        return NULL;
    }
    if (!k->valid) {
        const uint8_t *absent;
        const int64_t *keys = ent_feedstate_keys(s, f, first_key, n_keys, &absent);
        if (!keys || !reserve_ids(k, f->n) || !number_keys(k, keys, absent, f->n)) {
            return NULL;
        }
        k->counted_end = SIZE_MAX;
        for (size_t i = 0; i < k->n_sums; i++) {
            k->sums[i].valid = false;
        }
        k->valid = true;
    }
    return k;
}

const uint32_t *ent_keyids_rows(ent_keyids *k, size_t begin, size_t end)
{
    if (k->counted != begin || k->counted_end != end) {
        uint32_t *rows = k->rows;
        const uint32_t *ids = k->ids;
        memset(rows, 0, ((size_t)k->n + 1) * sizeof *rows);
        for (size_t i = begin; i < end; i++) {
            rows[ids[i]]++;
        }
        k->counted = begin;
        k->counted_end = end;
    }
    return k->rows;
}

ENT_VECTORS static ent_slot_range range_of(const int64_t *v, size_t n)
{
    int64_t least = INT64_MAX;
    int64_t most = INT64_MIN;
    for (size_t i = 0; i < n; i++) {
        least = v[i] < least ? v[i] : least;
        most = v[i] > most ? v[i] : most;
    }
    return (ent_slot_range){least, most, true};
}

ent_slot_range ent_feedstate_range(ent_feedstate *f, int64_t slot)
{
    ent_slot_range *range = &f->ranges[slot];
    if (!range->valid) {
        *range = range_of(f->slots[slot].data, f->n);
    }
    return *range;
}
