/* See chart.h. */
#include "compiler/explain/chart.h"

#include <string.h>

#include "compiler/explain/figure.h"

enum { COLUMNS = 66, ROWS_MAX = 12, LABEL_MAX = 20, INDENT = 4 };

typedef struct row {
    const char *label;
    char cells[COLUMNS + 1];
    int64_t filled[COLUMNS]; /* how much of the cell its sign stands for, in ns */
} row;

typedef struct chart {
    const ent_page *page;
    int64_t from, to;
    row *rows;
    size_t n_rows;
    size_t label_width;
} chart;

static bool begin(chart *c, const ent_page *page, int64_t from, int64_t to)
{
    *c = (chart){.page = page, .from = from, .to = to};
    int64_t length;
    if (to <= from || __builtin_sub_overflow(to, from, &length)) {
        return false;
    }
    c->rows = ent_arena_alloc_array(page->arena, ROWS_MAX, sizeof *c->rows);
    return c->rows != NULL;
}

/* NULL: there is no room for another row. */
static row *row_of(chart *c, const char *label)
{
    label = ent_page_clip(c->page->arena, label, LABEL_MAX);
    for (size_t i = 0; i < c->n_rows; i++) {
        if (strcmp(c->rows[i].label, label) == 0) {
            return &c->rows[i];
        }
    }
    if (c->n_rows == ROWS_MAX) {
        return NULL;
    }
    row *r = &c->rows[c->n_rows++];
    r->label = label;
    memset(r->cells, ' ', COLUMNS);
    size_t width = ent_page_width(label);
    c->label_width = width > c->label_width ? width : c->label_width;
    return r;
}

/* Where cell i begins; exact, without products that overflow. */
static int64_t cell_begin(const chart *c, int64_t i)
{
    ent_i128 length = (ent_i128)c->to - c->from;
    return (int64_t)(c->from + length * i / COLUMNS);
}

static int64_t cell_of(const chart *c, int64_t at)
{
    ent_i128 length = (ent_i128)c->to - c->from;
    ent_i128 i = ((ent_i128)at - c->from) * COLUMNS / length;
    return i < 0 ? 0 : i >= COLUMNS ? COLUMNS - 1 : (int64_t)i;
}

/* The sign that takes most of a cell stands in it; an instant takes at least one cell. */
static void mark(const chart *c, row *r, int64_t from, int64_t to, char sign)
{
    if (!r || from > c->to || to < c->from) {
        return;
    }
    from = from < c->from ? c->from : from;
    to = to > c->to ? c->to : to;
    for (int64_t i = cell_of(c, from); i <= cell_of(c, to > from ? to - 1 : to); i++) {
        int64_t a = cell_begin(c, i) > from ? cell_begin(c, i) : from;
        int64_t b = cell_begin(c, i + 1) < to ? cell_begin(c, i + 1) : to;
        int64_t takes = b > a ? b - a : 1;
        if (takes > r->filled[i]) {
            r->filled[i] = takes;
            r->cells[i] = sign;
        }
    }
}

static void axis(const chart *c, ent_xinstant from, ent_xinstant to)
{
    const char *left = ent_figure_instant(c->page->arena, from, from);
    const char *right = ent_figure_until(c->page->arena, to, from, from);
    size_t used = ent_page_width(left) + ent_page_width(right);
    size_t between = used < COLUMNS ? COLUMNS - used : 1;
    ent_text_fill(c->page->out, ' ', INDENT + c->label_width + 2);
    ent_text_printf(c->page->out, "%s", left);
    ent_text_fill(c->page->out, ' ', between);
    ent_text_printf(c->page->out, "%s\n", right);
}

static void print_rows(const chart *c)
{
    for (size_t i = 0; i < c->n_rows; i++) {
        row *r = &c->rows[i];
        size_t n = COLUMNS;
        while (n > 0 && r->cells[n - 1] == ' ') {
            n--;
        }
        ent_text_fill(c->page->out, ' ', INDENT);
        ent_text_puts(c->page->out, r->label);
        ent_text_fill(c->page->out, ' ', c->label_width - ent_page_width(r->label) + 2);
        ent_text_add(c->page->out, r->cells, n);
        ent_text_putc(c->page->out, '\n');
    }
}

static void due_mark(const chart *c, ent_xinstant due, ent_xinstant like)
{
    if (!due.read || due.ns < c->from || due.ns > c->to) {
        return;
    }
    const char *text = ent_arena_printf(c->page->arena, "due %s",
                                        ent_figure_until(c->page->arena, due, like, like));
    size_t at = (size_t)cell_of(c, due.ns);
    size_t width = ent_page_width(text);
    ent_text_fill(c->page->out, ' ', INDENT + c->label_width + 2);
    if (at + 2 + width <= COLUMNS) {
        ent_text_fill(c->page->out, ' ', at);
        ent_text_printf(c->page->out, "| %s\n", text);
    } else {
        ent_text_fill(c->page->out, ' ', at > width ? at - width - 1 : 0);
        ent_text_printf(c->page->out, "%s |\n", text);
    }
}

static const char *holders(ent_arena *arena, const ent_xfact *f)
{
    const char *out = f->n_parties > 0 ? f->parties[0] : "";
    for (size_t i = 1; i < f->n_parties; i++) {
        out = ent_arena_printf(arena, "%s+%s", out, f->parties[i]);
    }
    return out;
}

static ent_xinstant last_instant(const ent_xdecision *d)
{
    ent_xinstant last = d->done;
    for (size_t i = 0; !last.read && i < d->n_facts; i++) {
        const ent_xfact *f = &d->facts[d->n_facts - 1 - i];
        last = f->read && f->to.text ? f->to : last;
    }
    return last;
}

void ent_chart_clock(const ent_page *page, const ent_xdecision *d)
{
    chart c;
    ent_xinstant last = last_instant(d);
    bool any = false;
    if (!d->at.read || !last.read || !begin(&c, page, d->at.ns, last.ns)) {
        return;
    }
    for (size_t i = 0; i < d->n_facts; i++) {
        const ent_xfact *f = &d->facts[i];
        bool held = f->read && (f->kind == ENT_FACT_HELD || f->kind == ENT_FACT_EXCESS);
        if (held) {
            mark(&c, row_of(&c, holders(page->arena, f)), f->from.ns, f->to.ns,
                 f->kind == ENT_FACT_HELD ? '=' : '#');
            any = true;
        } else if (f->read && f->kind == ENT_FACT_PAUSED) {
            mark(&c, row_of(&c, "(stands still)"), f->from.ns, f->to.ns, '.');
        }
    }
    if (any) {
        axis(&c, d->at, last);
        print_rows(&c);
        due_mark(&c, d->due, d->at);
        ent_page_say(
            page, INDENT, 0,
            "= within what the holder was allowed   # beyond it   . the clock stands still");
    }
}

void ent_chart_window(const ent_page *page, const ent_xdecision *d)
{
    chart c;
    bool any = false;
    if (!d->from.read || !d->to.read || !begin(&c, page, d->from.ns, d->to.ns)) {
        return;
    }
    for (size_t i = 0; i < d->n_facts; i++) {
        const ent_xfact *f = &d->facts[i];
        if (f->read && (f->kind == ENT_FACT_OUTAGE || f->kind == ENT_FACT_OUTCOME)) {
            mark(&c, row_of(&c, holders(page->arena, f)), f->from.ns, f->to.ns, '#');
            any = true;
        }
    }
    if (any) {
        axis(&c, d->from, d->to);
        print_rows(&c);
    }
}
