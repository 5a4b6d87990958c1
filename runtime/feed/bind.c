/* See bind.h. */
#include "runtime/feed/bind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/feed/columns.h"
#include "runtime/feed/origin.h"
#include "runtime/feed/value.h"
#include "runtime/vm/simd.h"

typedef struct wanted {
    const char *name;
    int64_t field;  /* read straight into this field, or -1 */
    int64_t column; /* number of the bind's column, or -1 */
    bool optional;
    ent_day_memo day;
    ent_text_memo *texts; /* NULL: the type has no need of it */
} wanted;

enum { LANE_SKIPPED = 1, LANE_BAD = 2 };

/* The first thing found wrong with a row. */
typedef struct bad_lane {
    int64_t wanted; /* column at fault, or -1 */
    const ent_cell *cell;
    char expected[ENT_EXPECTED_MAX];
} bad_lane;

struct ent_binder {
    const ent_image *program;
    const ent_feed_row *feed;
    const ent_bind_row *bind; /* NULL: none */
    ent_strings *strings;
    ent_vm *vm;
    uint32_t batch_rows;
    wanted *wanted;
    const char **names;
    uint32_t n_wanted;
    uint32_t first_column;
    ent_vector *fields;  /* buffers of batch_rows lanes, one a used field */
    uint8_t **absent;    /* their absence buffers */
    ent_row_memory own;  /* where both are, unless placed elsewhere */
    ent_vector *texts;   /* one a bind column that feeds the kernel */
    ent_vector *inputs;
    ent_vector *outputs;
    uint8_t *dropped;    /* lanes that are bad or skipped */
    bad_lane *bad; /* of bad lanes: what is wrong with them; NULL until there is one */
    uint32_t *odd;       /* lanes of one column that are read one by one */
    int64_t *origins;
    ent_names names_of;
    bool out_of_memory;
    bool portable;
};

/* --- set-up --- */

/* Columns that stand for something by their text: names, members, interned texts. */
static bool remembers(const ent_binder *b, int64_t field)
{
    return field < 0 || ent_value_is_name(&b->program->field[b->feed->first_field + field]);
}

static bool want(ent_binder *b, int64_t name, int64_t field, int64_t column, bool optional)
{
    wanted *w = &b->wanted[b->n_wanted];
    *w = (wanted){.name = ent_image_text(b->program, name),
                  .field = field,
                  .column = column,
                  .optional = optional};
    b->names[b->n_wanted++] = w->name;
    w->texts = remembers(b, field) ? ent_text_memo_new() : NULL;
    return w->texts || !remembers(b, field);
}

static bool bound_by_kernel(const ent_binder *b, int64_t field)
{
    for (int64_t i = 0; b->bind && i < b->bind->n_bounds; i++) {
        if (b->program->bound[b->bind->first_bound + i].field == field) {
            return true;
        }
    }
    return false;
}

static bool is_essential(const ent_binder *b, int64_t field)
{
    bool essential = field == b->feed->at || field == b->feed->event;
    for (int64_t i = 0; i < b->feed->n_keys; i++) {
        essential |= b->program->keyfield[b->feed->first_key + i].field == field;
    }
    return essential;
}

static bool choose_columns(ent_binder *b)
{
    const ent_image *p = b->program;
    bool ok = true;
    for (int64_t i = 0; ok && b->bind && i < b->bind->n_columns; i++) {
        const ent_column_row *column = &p->column[b->bind->first_column + i];
        if (column->field < 0 || p->field[b->feed->first_field + column->field].used) {
            ok = want(b, column->name, column->field, i, false);
        }
    }
    for (int64_t i = 0; ok && i < b->feed->n_fields; i++) {
        bool direct = bound_by_kernel(b, i);
        for (int64_t k = 0; b->bind && k < b->bind->n_columns && !direct; k++) {
            direct = p->column[b->bind->first_column + k].field == i;
        }
        const ent_field_row *field = &p->field[b->feed->first_field + i];
        if (!direct && (field->used || i == b->feed->at)) {
            ok = want(b, field->name, i, -1, !is_essential(b, i));
        }
    }
    return ok;
}

static bool allocate_column(ent_vector *column, ent_class cls, uint32_t rows, size_t size)
{
    column->cls = cls;
    column->data = calloc(rows, size);
    return column->data != NULL;
}

static size_t class_size(ent_class cls)
{
    return cls == ENT_CLASS_B ? 1 : cls == ENT_CLASS_Q ? sizeof(ent_q) : sizeof(int64_t);
}

static bool allocate(ent_binder *b)
{
    const ent_image *p = b->program;
    size_t n_fields = (size_t)b->feed->n_fields;
    size_t n_columns = b->bind ? (size_t)b->bind->n_columns : 0;
    size_t n_in = 0;
    size_t n_out = 0;
    if (b->bind && b->bind->kernel >= 0) {
        n_in = (size_t)p->kernel[b->bind->kernel].n_inputs;
        n_out = (size_t)p->kernel[b->bind->kernel].n_outputs;
    }
    b->wanted = calloc(n_fields + n_columns + 1, sizeof *b->wanted);
    b->names = calloc(n_fields + n_columns + 1, sizeof *b->names);
    b->fields = calloc(n_fields + 1, sizeof *b->fields);
    b->absent = calloc(n_fields + 1, sizeof *b->absent);
    b->own.columns = calloc(n_fields + 1, sizeof *b->own.columns);
    b->own.absent = calloc(n_fields + 1, sizeof *b->own.absent);
    b->texts = calloc(n_columns + 1, sizeof *b->texts);
    b->inputs = calloc(n_in + 1, sizeof *b->inputs);
    b->outputs = calloc(n_out + 1, sizeof *b->outputs);
    b->dropped = calloc(b->batch_rows, 1);
    b->odd = calloc(b->batch_rows, sizeof *b->odd);
    b->origins = b->own.origins = calloc(b->batch_rows, sizeof *b->origins);
    bool ok = b->own.columns && b->own.absent && b->wanted && b->names && b->fields && b->absent &&
              b->texts && b->inputs && b->outputs && b->dropped && b->odd && b->origins;
    for (size_t i = 0; ok && i < n_fields; i++) {
        const ent_field_row *field = &p->field[b->feed->first_field + (int64_t)i];
        ent_class cls = ent_type_class((unsigned)field->type);
        if (field->used || (int64_t)i == b->feed->at) {
            b->own.absent[i] = calloc(b->batch_rows, 1);
            ok = b->own.absent[i] &&
                 allocate_column(&b->own.columns[i], cls, b->batch_rows, class_size(cls));
        }
        b->fields[i] = (ent_vector){cls, b->own.columns[i].data, NULL};
        b->absent[i] = b->own.absent[i];
    }
    for (size_t i = 0; ok && i < n_columns; i++) {
        if (p->column[b->bind->first_column + (int64_t)i].field < 0) {
            b->texts[i].absent = calloc(b->batch_rows, 1);
            ok = b->texts[i].absent &&
                 allocate_column(&b->texts[i], ENT_CLASS_I, b->batch_rows, sizeof(int64_t));
        }
    }
    return ok;
}

ent_binder *ent_binder_new(const ent_image *program, int64_t feed, ent_strings *strings,
                           ent_vm *vm, uint32_t batch_rows, char *error, size_t error_len)
{
    ent_binder *b = calloc(1, sizeof *b);
    if (b) {
        b->program = program;
        b->feed = &program->feed[feed];
        b->bind = b->feed->bind < 0 ? NULL : &program->bind[b->feed->bind];
        b->strings = strings;
        b->vm = vm;
        b->batch_rows = batch_rows;
        if (allocate(b) && ent_names_init(&b->names_of, program) && choose_columns(b)) {
            return b;
        }
    }
    snprintf(error, error_len, "out of memory");
    ent_binder_free(b);
    return NULL;
}

void ent_binder_free(ent_binder *b)
{
    if (!b) {
        return;
    }
    for (int64_t i = 0; b->own.columns && b->own.absent && i < b->feed->n_fields; i++) {
        free(b->own.columns[i].data);
        free(b->own.absent[i]);
    }
    for (int64_t i = 0; b->texts && b->bind && i < b->bind->n_columns; i++) {
        free(b->texts[i].data);
        free(b->texts[i].absent);
    }
    for (uint32_t w = 0; w < b->n_wanted; w++) {
        ent_text_memo_free(b->wanted[w].texts);
    }
    free(b->wanted);
    free(b->names);
    free(b->own.columns);
    free(b->own.absent);
    free(b->own.origins);
    free(b->fields);
    free(b->absent);
    free(b->texts);
    free(b->inputs);
    free(b->outputs);
    free(b->dropped);
    free(b->odd);
    free(b->bad);
    ent_names_deinit(&b->names_of);
    free(b);
}

uint32_t ent_binder_wanted(const ent_binder *b, const char *const **names)
{
    *names = b->names;
    return b->n_wanted;
}

bool ent_binder_optional(const ent_binder *b, uint32_t column)
{
    return b->wanted[column].optional;
}

void ent_binder_set_first_column(ent_binder *b, uint32_t first)
{
    b->first_column = first;
}

char ent_binder_separator(const ent_binder *b)
{
    return b->bind ? (char)b->bind->separator : 0;
}

int ent_binder_format(const ent_binder *b)
{
    return b->bind ? (int)b->bind->format : 0;
}

bool ent_binder_out_of_memory(const ent_binder *b)
{
    return b->out_of_memory;
}

void ent_binder_set_portable(ent_binder *b)
{
    b->portable = true;
}

const ent_vector *ent_binder_fields(const ent_binder *b)
{
    return b->fields;
}

void ent_binder_place(ent_binder *b, const ent_row_memory *memory, size_t at)
{
    for (int64_t i = 0; i < b->feed->n_fields; i++) {
        if (b->fields[i].data) {
            b->fields[i].data = (char *)memory->columns[i].data + at * class_size(b->fields[i].cls);
            b->absent[i] = memory->absent[i] + at;
        }
    }
    b->origins = memory->origins + at;
}

void ent_binder_lend(ent_binder *b, void *const *columns, int64_t *origins)
{
    for (int64_t i = 0; i < b->feed->n_fields; i++) {
        if (b->fields[i].data) {
            b->fields[i].data = columns[i] ? columns[i] : b->own.columns[i].data;
        }
    }
    b->origins = origins ? origins : b->own.origins;
}

/* --- cells --- */

static bool is_absent_text(const ent_binder *b, const ent_cell *cell)
{
    const ent_image *p = b->program;
    for (int64_t i = 0; b->bind && i < b->bind->n_absents; i++) {
        const ent_string *text = &p->strings[p->absent_text[b->bind->first_absent + i].text];
        if (text->len == cell->len && memcmp(text->p, cell->p, cell->len) == 0) {
            return true;
        }
    }
    return false;
}

/* A cell with a text that the bind calls absent is as good as empty. */
static void empty_absent(const ent_binder *b, ent_cell *cells, uint32_t n)
{
    if (!b->bind || b->bind->n_absents == 0) {
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (cells[i].len > 0 && is_absent_text(b, &cells[i])) {
            cells[i].state = ENT_CELL_EMPTY;
            cells[i].len = 0;
        }
    }
}

/* What the text of a cell stands for in the field, or -1. */
typedef struct meaning {
    ent_binder *b;
    const ent_field_row *field; /* NULL: a text as it is */
} meaning;

static int64_t meaning_of(void *user, const ent_cell *cell)
{
    const meaning *m = user;
    ent_binder *b = m->b;
    if (m->field && m->field->type != ENT_TYPE_TEXT) {
        ent_value_context context = {b->program, &b->names_of, b->strings};
        return ent_value_meaning(&context, m->field, cell->p, cell->len);
    }
    int64_t out = ent_strings_intern(b->strings, cell->p, cell->len);
    b->out_of_memory |= out < 0;
    return out;
}

/* Types that have no reader of columns: every lane with a text is odd. */
static void leave_all(ent_column_lanes *lanes, ent_class cls)
{
    lanes->n_odd = 0;
    for (uint32_t i = 0; i < lanes->n; i++) {
        if (cls == ENT_CLASS_Q) {
            ((ent_q *)lanes->data)[i] = (ent_q){0, 1};
        } else if (cls == ENT_CLASS_B) {
            ((uint8_t *)lanes->data)[i] = 0;
        } else {
            ((int64_t *)lanes->data)[i] = 0;
        }
        lanes->absent[i] = ent_lane_cell(lanes, i).len == 0;
        if (!lanes->absent[i]) {
            lanes->odd[lanes->n_odd++] = i;
        }
    }
}

static void read_texts(const ent_binder *b, wanted *w, ent_column_lanes *lanes, meaning *m)
{
    if (!b->portable) {
        bool interned = !m->field || m->field->type == ENT_TYPE_TEXT;
        ent_columns_texts(lanes, w->texts, interned ? ent_strings_families(b->strings) : NULL, meaning_of, m);
        return;
    }
    leave_all(lanes, ENT_CLASS_I);
    uint32_t n = lanes->n_odd;
    lanes->n_odd = 0;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t lane = lanes->odd[k];
        ent_cell cell = ent_lane_cell(lanes, lane);
        int64_t found = meaning_of(m, &cell);
        ((int64_t *)lanes->data)[lane] = found < 0 ? 0 : found;
        if (found < 0) {
            lanes->odd[lanes->n_odd++] = lane;
        }
    }
}

static void read_column(ent_binder *b, wanted *w, const ent_field_row *field, ent_column_lanes *lanes)
{
    enum { DIGITS_FAST = 9 };
    meaning m = {b, field};
    if (b->portable && !w->texts) {
        leave_all(lanes, ent_type_class((unsigned)field->type));
        return;
    }
    switch (field->type) {
    case ENT_TYPE_BOOL:
        ent_columns_bools(lanes);
        break;
    case ENT_TYPE_INT:
        ent_columns_integers(lanes);
        break;
    case ENT_TYPE_NUMBER:
        ent_columns_numbers(lanes);
        break;
    case ENT_TYPE_INSTANT:
        ent_columns_instants(lanes, &w->day);
        break;
    case ENT_TYPE_DURATION:
        ent_columns_durations(lanes);
        break;
    case ENT_TYPE_RATIO:
    case ENT_TYPE_MONEY:
    case ENT_TYPE_TIME:
        leave_all(lanes, ent_type_class((unsigned)field->type));
        break;
    case ENT_TYPE_DECIMAL:
        if (field->param <= DIGITS_FAST) {
            ent_columns_decimals(lanes, (int)field->param);
        } else {
            leave_all(lanes, ENT_CLASS_I);
        }
        break;
    default:
        read_texts(b, w, lanes, &m);
        break;
    }
}

/* --- batches --- */

typedef struct report {
    ent_binder *b;
    const ent_cells *cells;
    ent_reader *reader;
    ent_bad_row_fn on_bad;
    void *user;
    const ent_plain_rows *plain; /* NULL: columns are made from cells */
} report;

/* The lanes of a wanted column, from cells or, where rows are plain, without them. */
static ent_column_lanes lanes_of(const report *r, uint32_t w, void *data, uint8_t *absent)
{
    ent_binder *b = r->b;
    ent_plain_column column = {0};
    if (r->plain) {
        column = r->plain->columns[b->first_column + w];
    }
    return (ent_column_lanes){r->plain ? NULL : r->cells->cells[w], r->cells->n_rows, data, absent, b->odd, 0,
                              r->plain, column};
}

static void drop_bad(const report *r, uint32_t lane, int64_t wanted_index, const ent_cell *cell,
                     const char *expected)
{
    ent_binder *b = r->b;
    if (b->dropped[lane]) {
        return;
    }
    ent_reader_spell(r->reader);
    b->dropped[lane] = LANE_BAD;
    if (!b->bad && !(b->bad = calloc(b->batch_rows, sizeof *b->bad))) {
        b->out_of_memory = true;
        return;
    }
    b->bad[lane].wanted = wanted_index;
    b->bad[lane].cell = cell;
    snprintf(b->bad[lane].expected, ENT_EXPECTED_MAX, "%s", expected);
}

static bool report_lane(const report *r, uint32_t lane)
{
    const bad_lane *found = &r->b->bad[lane];
    ent_bad_row bad = {.file = r->cells->file,
                       .line = r->cells->line[lane],
                       .number = r->cells->number[lane],
                       .raw = r->cells->raw[lane],
                       .raw_len = r->cells->raw_len[lane],
                       .expected = found->expected};
    if (found->wanted >= 0) {
        bad.column = ent_reader_column_number(r->reader, r->b->first_column + (uint32_t)found->wanted);
        bad.column_name = r->b->wanted[found->wanted].name;
    }
    if (found->cell && found->cell->p) {
        bad.cell = found->cell->p;
        bad.cell_len = found->cell->len;
    }
    return r->on_bad(r->user, &bad);
}

/* Reports bad rows in their order in the file: the reader's own and those found here. */
static bool report_all(const report *r)
{
    const ent_cells *cells = r->cells;
    uint32_t next = 0;
    for (uint32_t lane = 0; lane <= cells->n_rows; lane++) {
        while (next < cells->n_bad &&
               (lane == cells->n_rows || cells->bad[next].number < cells->number[lane])) {
            if (!r->on_bad(r->user, &cells->bad[next++])) {
                return false;
            }
        }
        if (lane < cells->n_rows && r->b->dropped[lane] == LANE_BAD && !report_lane(r, lane)) {
            return false;
        }
    }
    return true;
}

static void take_direct(const report *r, uint32_t w)
{
    ent_binder *b = r->b;
    int64_t at = b->wanted[w].field;
    const ent_field_row *field = &b->program->field[b->feed->first_field + at];
    ent_column_lanes lanes = lanes_of(r, w, b->fields[at].data, b->absent[at]);
    char expected[ENT_EXPECTED_MAX] = "";
    empty_absent(b, r->cells->cells[w], lanes.n);
    read_column(b, &b->wanted[w], field, &lanes);
    for (uint32_t i = 0; i < lanes.n_odd; i++) {
        uint32_t lane = lanes.odd[i];
        ent_cell cell = ent_lane_cell(&lanes, lane);
        if (b->wanted[w].texts || !ent_value_read(b->program, field, cell.p, cell.len, b->fields[at].data, lane)) {
            if (expected[0] == 0) {
                ent_value_expectation(b->program, field, expected);
            }
            drop_bad(r, lane, w, &r->cells->cells[w][lane], expected);
        }
    }
}

static bool take_texts(const report *r, uint32_t w)
{
    ent_binder *b = r->b;
    ent_vector *column = &b->texts[b->wanted[w].column];
    ent_column_lanes lanes = lanes_of(r, w, column->data, column->absent);
    meaning m = {b, NULL};
    empty_absent(b, r->cells->cells[w], lanes.n);
    read_texts(b, &b->wanted[w], &lanes, &m);
    return !b->out_of_memory;
}

/* The wanted column whose text an instruction could not read. */
static int64_t column_of_text(const report *r, uint32_t lane, int64_t text_id)
{
    const ent_binder *b = r->b;
    for (uint32_t w = 0; w < b->n_wanted; w++) {
        if (b->wanted[w].field < 0 && text_id >= 0) {
            const ent_vector *column = &b->texts[b->wanted[w].column];
            if (!column->absent[lane] && ((const int64_t *)column->data)[lane] == text_id) {
                return w;
            }
        }
    }
    return -1;
}

static bool run_kernel(const report *r, uint64_t *skipped)
{
    ent_binder *b = r->b;
    const ent_image *p = b->program;
    const ent_kernel_row *kernel = &p->kernel[b->bind->kernel];
    uint32_t n = r->cells->n_rows;
    for (int64_t i = 0; i < kernel->n_inputs; i++) {
        b->inputs[i] = b->texts[p->input[kernel->first_input + i].index];
    }
    const uint8_t *skip = NULL;
    const ent_lane_error *errors = NULL;
    uint32_t n_errors = 0;
    if (!ent_vm_run(b->vm, b->bind->kernel, b->inputs, n, b->outputs, &skip, &errors, &n_errors)) {
        b->out_of_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < n_errors; i++) {
        const ent_lane_error *e = &errors[i];
        int64_t w = column_of_text(r, e->lane, e->text_id);
        const char *expected = e->message;
        if (strncmp(expected, "expected ", 9) == 0) {
            expected += 9;
        }
        if (!(skip && skip[e->lane])) {
            drop_bad(r, e->lane, w, w < 0 ? NULL : &r->cells->cells[w][e->lane], expected);
        }
    }
    for (uint32_t lane = 0; skip && lane < n; lane++) {
        if (skip[lane] && !b->dropped[lane]) {
            b->dropped[lane] = LANE_SKIPPED;
            ++*skipped;
        }
    }
    for (int64_t i = 0; i < b->bind->n_bounds; i++) {
        const ent_bound_row *bound = &p->bound[b->bind->first_bound + i];
        const ent_vector *from = &b->outputs[bound->output];
        ent_vector *to = &b->fields[bound->field];
        if (!to->data) {
            continue;
        }
        memcpy(to->data, from->data, n * class_size(to->cls));
        if (from->absent) {
            memcpy(b->absent[bound->field], from->absent, n);
        } else {
            memset(b->absent[bound->field], 0, n);
        }
    }
    return true;
}

static uint32_t compact(ent_binder *b, uint32_t n)
{
    uint32_t kept = 0;
    for (uint32_t lane = 0; lane < n; lane++) {
        if (b->dropped[lane]) {
            continue;
        }
        if (kept != lane) {
            for (int64_t i = 0; i < b->feed->n_fields; i++) {
                ent_vector *c = &b->fields[i];
                if (c->data) {
                    size_t size = class_size(c->cls);
                    memcpy((char *)c->data + kept * size, (char *)c->data + lane * size, size);
                    b->absent[i][kept] = b->absent[i][lane];
                }
            }
            b->origins[kept] = b->origins[lane];
        }
        kept++;
    }
    return kept;
}

ENT_VECTORS static void count_up(int64_t *out, uint32_t n, int64_t first)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = first + (int64_t)i;
    }
}

/* Where the rows stand; plain ones on lines behind each other. */
static void note_origins(const report *r)
{
    const ent_cells *cells = r->cells;
    int64_t *origins = r->b->origins;
    uint32_t n = cells->n_rows;
    int64_t first = r->plain ? ent_origin_make(cells->file_index, cells->first_line) : 0;
    if (first != 0 && ent_origin_make(cells->file_index, cells->first_line + n) != 0) {
        count_up(origins, n, first);
        return;
    }
    for (uint32_t lane = 0; lane < n; lane++) {
        origins[lane] = ent_origin_make(cells->file_index, r->plain ? cells->first_line + lane : cells->line[lane]);
    }
}

ENT_VECTORS bool ent_instants_descend(const int64_t *at, uint32_t n)
{
    uint64_t found = 0;
    for (uint32_t i = 1; i < n; i++) {
        found |= (uint64_t)(at[i] < at[i - 1]);
    }
    return found != 0;
}

bool ent_binder_take(ent_binder *b, const ent_cells *cells, ent_reader *reader,
                     ent_bad_row_fn on_bad, void *user, ent_rows *rows, uint64_t *skipped)
{
    bool keeps_cells = b->bind && b->bind->n_absents > 0;
    report r = {b, cells, reader, on_bad, user, keeps_cells ? NULL : cells->plain};
    uint32_t n = cells->n_rows;
    memset(b->dropped, 0, n);
    if (keeps_cells) {
        ent_reader_spell(reader);
    }
    note_origins(&r);
    /* texts and the kernel first: a row that the bind skips need not fit otherwise */
    bool ok = true;
    for (uint32_t w = 0; ok && w < b->n_wanted; w++) {
        ok = b->wanted[w].field >= 0 || take_texts(&r, w);
    }
    if (ok && b->bind && b->bind->kernel >= 0) {
        ok = run_kernel(&r, skipped);
    }
    for (uint32_t w = 0; ok && w < b->n_wanted; w++) {
        if (b->wanted[w].field >= 0) {
            take_direct(&r, w);
        }
    }
    bool timed = n == 0 || !memchr(b->absent[b->feed->at], 1, n);
    for (uint32_t lane = 0; ok && !timed && lane < n; lane++) {
        if (b->absent[b->feed->at][lane]) {
            drop_bad(&r, lane, -1, NULL, "an instant in `at`: every row has one");
        }
    }
    bool complete = cells->n_bad == 0 && (n == 0 || !memchr(b->dropped, LANE_BAD, n));
    if (!ok || b->out_of_memory || (!complete && !report_all(&r))) {
        return false;
    }
    bool whole = complete && (n == 0 || !memchr(b->dropped, LANE_SKIPPED, n));
    *rows = (ent_rows){.columns = b->fields, .origins = b->origins, .n = whole ? n : compact(b, n)};
    for (int64_t i = 0; i < b->feed->n_fields; i++) {
        bool any = b->fields[i].data && rows->n > 0 && memchr(b->absent[i], 1, rows->n);
        b->fields[i].absent = any ? b->absent[i] : NULL;
    }
    return true;
}
