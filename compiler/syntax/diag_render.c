/* Diagnostics as text for people, in the manner of rustc: message, place, source line, underlines,
 * notes.
 *
 *     error[E0201]: unknown party `NetC`
 *       --> club.ent:12:15
 *        |
 *     12 |   between NetC and Acme
 *        |           ^^^^ no party has this name
 *        = help: did you mean `NetCo`?
 *
 * Tabs become blanks up to the next multiple of 4 and wide characters count two columns, so that
 * the underlines stand where the eye expects them.  Very long lines are shown around their first
 * mark. */
#include <stdlib.h>
#include <string.h>

#include "compiler/syntax/diag_internal.h"

enum { TAB = 4, MARKS_MAX = 16, WINDOW_BEFORE = 60, WINDOW_BYTES = 240 };

typedef enum paint { PAINT_OFF, PAINT_BOLD, PAINT_RED, PAINT_YELLOW, PAINT_BLUE } paint;

typedef struct mark {
    ent_span span;
    const char *message; /* NULL: none */
    bool primary;
    uint32_t line;
    size_t column; /* display columns within the shown part, from 0 */
    size_t width;
} mark;

typedef struct view {
    ent_text *out;
    const ent_sources *sources;
    bool colour;
    paint tone; /* of the severity */
    size_t gutter;
    mark marks[MARKS_MAX];
    size_t n;
} view;

static void set_paint(view *v, paint p)
{
    static const char *const codes[] = {"\033[0m", "\033[1m", "\033[1;31m", "\033[1;33m",
                                        "\033[1;34m"};
    if (v->colour) {
        ent_text_puts(v->out, codes[p]);
    }
}

static void painted(view *v, paint p, const char *text)
{
    set_paint(v, p);
    ent_text_puts(v->out, text);
    set_paint(v, PAINT_OFF);
}

/* Messages may quote source text: nothing in them may move the cursor or break the line. */
static void put_clean(view *v, const char *text)
{
    size_t len = strlen(text);
    size_t at = 0;
    while (at < len) {
        size_t from = at;
        bool ok;
        uint32_t c = ent_utf8_next(text, len, &at, &ok);
        if (!ok || ((c < 0x20 || (c >= 0x7F && c < 0xA0)) && c != '\n')) {
            ent_text_puts(v->out, "\xEF\xBF\xBD");
        } else {
            ent_text_add(v->out, text + from, at - from);
        }
    }
}

static void gutter(view *v, uint32_t line)
{
    set_paint(v, PAINT_BLUE);
    if (line == 0) {
        ent_text_fill(v->out, ' ', v->gutter);
    } else {
        ent_text_printf(v->out, "%*u", (int)v->gutter, line);
    }
    ent_text_puts(v->out, " |");
    set_paint(v, PAINT_OFF);
}

/* Display width of text[from, to), with columns starting at `column`. */
static size_t width_of(const char *text, size_t from, size_t to, size_t column)
{
    size_t at = from;
    size_t c = column;
    while (at < to) {
        bool ok;
        uint32_t code = ent_utf8_next(text, to, &at, &ok);
        c += code == '\t' ? TAB - c % TAB : ent_utf8_width(code);
    }
    return c - column;
}

static void put_source(view *v, const char *text, size_t from, size_t to)
{
    size_t at = from;
    size_t column = 0;
    while (at < to) {
        size_t start = at;
        bool ok;
        uint32_t code = ent_utf8_next(text, to, &at, &ok);
        if (code == '\t') {
            size_t n = TAB - column % TAB;
            ent_text_fill(v->out, ' ', n);
            column += n;
            continue;
        }
        if (!ok || code < 0x20 || (code >= 0x7F && code < 0xA0)) {
            ent_text_puts(v->out, "\xEF\xBF\xBD");
        } else {
            ent_text_add(v->out, text + start, at - start);
        }
        column += ent_utf8_width(code);
    }
}

/* A byte offset moved to the start of its code point. */
static size_t whole_character(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[at] & 0xC0U) == 0x80) {
        at--;
    }
    return at;
}

/* The part of the line to show, and the marks' columns in it. */
static void place_marks(view *v, mark *const *row, size_t n, uint32_t line, size_t *from,
                        size_t *to)
{
    size_t len;
    uint32_t file = row[0]->span.file;
    const char *text = ent_source_line(v->sources, file, line, &len);
    uint32_t base = ent_source_line_start(v->sources, file, line);
    *from = 0;
    *to = len;
    if (len > WINDOW_BYTES) {
        size_t first = row[0]->span.start - base;
        for (size_t i = 1; i < n; i++) {
            size_t start = row[i]->span.start - base;
            first = row[i]->primary || start < first ? start : first;
        }
        *from = first > WINDOW_BEFORE ? whole_character(text, first - WINDOW_BEFORE) : 0;
        *to = len - *from > WINDOW_BYTES ? whole_character(text, *from + WINDOW_BYTES) : len;
    }
    for (size_t i = 0; i < n; i++) {
        size_t start = row[i]->span.start > base ? row[i]->span.start - base : 0;
        size_t end = row[i]->span.end > base ? row[i]->span.end - base : 0;
        start = start < *from ? *from : start > *to ? *to : start;
        end = end < start ? start : end > *to ? *to : end;
        row[i]->column = width_of(text, *from, start, 0);
        row[i]->width = width_of(text, start, end, row[i]->column);
        row[i]->width = row[i]->width == 0 ? 1 : row[i]->width;
    }
}

static void put_underlines(view *v, mark *const *row, size_t n)
{
    size_t end = 0;
    for (size_t i = 0; i < n; i++) {
        size_t e = row[i]->column + row[i]->width;
        end = e > end ? e : end;
    }
    for (size_t c = 0; c < end; c++) {
        char sign = ' ';
        for (size_t i = 0; i < n; i++) {
            if (c >= row[i]->column && c < row[i]->column + row[i]->width && sign != '^') {
                sign = row[i]->primary ? '^' : '-';
            }
        }
        ent_text_putc(v->out, sign);
    }
}

/* The bars of the labels still to come (row[0, n) with a message, left to right). */
static size_t put_bars(view *v, mark *const *row, size_t n)
{
    size_t column = 0;
    for (size_t i = 0; i < n; i++) {
        if (row[i]->message != NULL && row[i]->column >= column) {
            ent_text_fill(v->out, ' ', row[i]->column - column);
            ent_text_putc(v->out, '|');
            column = row[i]->column + 1;
        }
    }
    return column;
}

/* The underlines of one line; the last label beside them, the others below, right to left. */
static void put_marks(view *v, mark **row, size_t n)
{
    for (size_t i = 1; i < n; i++) { /* by column; few */
        for (size_t j = i; j > 0 && row[j]->column < row[j - 1]->column; j--) {
            mark *m = row[j];
            row[j] = row[j - 1];
            row[j - 1] = m;
        }
    }
    paint tone = PAINT_BLUE;
    for (size_t i = 0; i < n; i++) {
        tone = row[i]->primary ? v->tone : tone;
    }
    gutter(v, 0);
    ent_text_putc(v->out, ' ');
    set_paint(v, tone);
    put_underlines(v, row, n);
    const mark *last = row[n - 1];
    size_t left = n;
    if (last->message != NULL) {
        ent_text_putc(v->out, ' ');
        put_clean(v, last->message);
        left--;
    }
    set_paint(v, PAINT_OFF);
    ent_text_putc(v->out, '\n');
    bool first = true;
    for (size_t i = left; i-- > 0;) {
        if (row[i]->message == NULL) {
            continue;
        }
        if (first) {
            gutter(v, 0);
            ent_text_putc(v->out, ' ');
            (void)put_bars(v, row, i + 1);
            ent_text_putc(v->out, '\n');
            first = false;
        }
        gutter(v, 0);
        ent_text_putc(v->out, ' ');
        size_t column = put_bars(v, row, i);
        if (row[i]->column >= column) {
            ent_text_fill(v->out, ' ', row[i]->column - column);
        } else {
            ent_text_putc(v->out, ' ');
        }
        set_paint(v, row[i]->primary ? v->tone : PAINT_BLUE);
        put_clean(v, row[i]->message);
        set_paint(v, PAINT_OFF);
        ent_text_putc(v->out, '\n');
    }
}

static void put_line(view *v, uint32_t file, uint32_t line)
{
    mark *row[MARKS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++) {
        if (v->marks[i].span.file == file && v->marks[i].line == line) {
            row[n++] = &v->marks[i];
        }
    }
    if (n == 0) {
        return;
    }
    size_t len;
    size_t from;
    size_t to;
    const char *text = ent_source_line(v->sources, file, line, &len);
    place_marks(v, row, n, line, &from, &to);
    gutter(v, line);
    if (to > from) {
        ent_text_putc(v->out, ' ');
        put_source(v, text, from, to);
    }
    ent_text_putc(v->out, '\n');
    put_marks(v, row, n);
}

static void put_file(view *v, uint32_t file, bool first)
{
    const mark *head = NULL;
    for (size_t i = 0; i < v->n && head == NULL; i++) {
        head = v->marks[i].span.file == file ? &v->marks[i] : NULL;
    }
    ent_position p = ent_source_position(v->sources, file, head->span.start);
    ent_text_fill(v->out, ' ', v->gutter);
    painted(v, PAINT_BLUE, first ? "--> " : "::: ");
    put_clean(v, ent_sources_path(v->sources, file));
    ent_text_printf(v->out, ":%u:%u\n", p.line, p.column);
    gutter(v, 0);
    ent_text_putc(v->out, '\n');
    uint32_t shown = 0;
    for (;;) {
        uint32_t next = UINT32_MAX;
        for (size_t i = 0; i < v->n; i++) {
            const mark *m = &v->marks[i];
            if (m->span.file == file && m->line > shown && m->line < next) {
                next = m->line;
            }
        }
        if (next == UINT32_MAX) {
            break;
        }
        if (shown != 0 && next > shown + 1) {
            painted(v, PAINT_BLUE, "...\n");
        }
        put_line(v, file, next);
        shown = next;
    }
}

static void add_mark(view *v, ent_span span, const char *message, bool primary)
{
    if (v->n == MARKS_MAX || span.file >= ent_sources_count(v->sources)) {
        return;
    }
    mark *m = &v->marks[v->n++];
    *m = (mark){.span = span, .message = message, .primary = primary};
    m->line = ent_source_position(v->sources, span.file, span.start).line;
    size_t digits = 1;
    for (uint32_t l = m->line; l >= 10; l /= 10) {
        digits++;
    }
    v->gutter = digits > v->gutter ? digits : v->gutter;
}

/* Each line stands clear of the gutter, so that it can be copied. */
static void put_example(view *v, const char *text)
{
    ent_text_fill(v->out, ' ', v->gutter);
    painted(v, PAINT_BLUE, " = ");
    painted(v, PAINT_BOLD, "for example");
    ent_text_puts(v->out, ":\n");
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        size_t len = end == NULL ? strlen(text) : (size_t)(end - text);
        ent_text_fill(v->out, ' ', v->gutter + 4);
        ent_text_add(v->out, text, len);
        ent_text_putc(v->out, '\n');
        text += len + (end != NULL);
    }
}

static void put_remark(view *v, const diag_remark *r)
{
    ent_text_fill(v->out, ' ', v->gutter);
    painted(v, PAINT_BLUE, " = ");
    painted(v, PAINT_BOLD, r->is_note ? "note" : "help");
    ent_text_puts(v->out, ": ");
    put_clean(v, r->message);
    ent_text_putc(v->out, '\n');
}

static void put_diag(view *v, const ent_diag *d)
{
    const ent_diag_info *info = ent_diag_code_info(d->code);
    bool error = info->severity == ENT_SEVERITY_ERROR;
    v->tone = error ? PAINT_RED : PAINT_YELLOW;
    v->n = 0;
    v->gutter = 1;
    set_paint(v, v->tone);
    ent_text_printf(v->out, "%s[%s]", error ? "error" : "warning", info->code);
    set_paint(v, PAINT_OFF);
    set_paint(v, PAINT_BOLD);
    ent_text_puts(v->out, ": ");
    put_clean(v, d->message);
    set_paint(v, PAINT_OFF);
    ent_text_putc(v->out, '\n');
    add_mark(v, d->span, d->label, true);
    for (const diag_label *l = d->labels; l != NULL; l = l->next) {
        add_mark(v, l->span, l->message, false);
    }
    for (size_t i = 0; i < v->n; i++) {
        bool seen = false;
        for (size_t j = 0; j < i; j++) {
            seen = seen || v->marks[j].span.file == v->marks[i].span.file;
        }
        if (!seen) {
            put_file(v, v->marks[i].span.file, i == 0);
        }
    }
    if (d->remarks != NULL && v->n > 0) {
        gutter(v, 0);
        ent_text_putc(v->out, '\n');
    }
    for (const diag_remark *r = d->remarks; r != NULL; r = r->next) {
        put_remark(v, r);
    }
    if (d->example != NULL) {
        put_example(v, d->example);
    }
    ent_text_putc(v->out, '\n');
}

void ent_diags_render(ent_diags *diags, ent_text *out, unsigned flags)
{
    ent_diags_conclude(diags);
    view v = {.out = out, .sources = diags->sources, .colour = (flags & ENT_DIAGS_COLOUR) != 0};
    size_t errors = ent_diags_error_count(diags);
    size_t warnings = ent_diags_warning_count(diags);
    size_t shown = diags->n < ENT_DIAG_SHOWN_MAX ? diags->n : ENT_DIAG_SHOWN_MAX;
    for (size_t i = 0; i < shown; i++) {
        put_diag(&v, diags->list[i]);
    }
    if (errors + warnings > shown && diags->n > 0) {
        ent_text_printf(out, "%zu more\n", errors + warnings - shown);
    }
    if (diags->failed) {
        ent_text_puts(out, "out of memory: the list of errors is not complete\n");
    }
    if (errors > 0) {
        ent_text_printf(out, "%zu error%s", errors, errors == 1 ? "" : "s");
    }
    if (warnings > 0) {
        ent_text_printf(out, "%s%zu warning%s", errors > 0 ? ", " : "", warnings,
                        warnings == 1 ? "" : "s");
    }
    if (errors + warnings > 0) {
        ent_text_putc(out, '\n');
    }
}
