/* See page.h. */
#include "compiler/explain/page.h"

#include <stdarg.h>
#include <string.h>

enum { PARAGRAPH_MAX = 700, CELL_MAX = 64, GAP = 2 };

static bool is_harmful(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F || c == 0x061C;
}

size_t ent_page_width(const char *text)
{
    size_t n = strlen(text);
    size_t width = 0;
    bool ok;
    for (size_t at = 0; at < n;) {
        width += ent_utf8_width(ent_utf8_next(text, n, &at, &ok));
    }
    return width;
}

/* Adds one code point, harmless; its width. */
static size_t put_safe(ent_text *out, const char *text, size_t from, size_t to, uint32_t c, bool ok)
{
    if (c == '\n' || c == '\t' || c == '\r') {
        ent_text_putc(out, ' ');
        return 1;
    }
    if (!ok || is_harmful(c)) {
        ent_text_puts(out, "\uFFFD");
        return 1;
    }
    ent_text_add(out, text + from, to - from);
    return ent_utf8_width(c);
}

const char *ent_page_clip(ent_arena *arena, const char *text, size_t columns)
{
    ent_text out = {0};
    size_t n = text ? strlen(text) : 0;
    size_t width = 0;
    size_t cut = 0; /* where an ellipsis still fits */
    bool ok;
    for (size_t at = 0; at < n;) {
        size_t from = at;
        uint32_t c = ent_utf8_next(text, n, &at, &ok);
        if (width + ent_utf8_width(c) > columns) {
            out.len = cut;
            ent_text_puts(&out, "…");
            break;
        }
        width += put_safe(&out, text, from, at, c, ok);
        cut = width < columns ? out.len : cut;
    }
    const char *clipped = ent_arena_strndup(arena, ent_text_str(&out), out.len);
    ent_text_deinit(&out);
    return clipped ? clipped : "";
}

/* --- paragraphs --- */

/* The bytes of the next piece of a line: up to `room` columns, to a blank if there is one. */
static size_t fit(const char *text, size_t len, size_t room)
{
    size_t width = 0;
    size_t blank = 0;
    size_t at = 0;
    bool ok;
    while (at < len) {
        size_t from = at;
        uint32_t c = ent_utf8_next(text, len, &at, &ok);
        width += ent_utf8_width(c);
        if (width > room && c != ' ') {
            return blank > 0 ? blank : from > 0 ? from : at;
        }
        if (c == ' ') {
            blank = from;
        }
    }
    return len;
}

static void wrap(const ent_page *page, size_t indent, size_t hang, const char *text)
{
    size_t len = strlen(text);
    size_t at = 0;
    do {
        size_t n = fit(text + at, len - at, ENT_EXPLAIN_WIDTH - indent);
        size_t end = n;
        while (end > 0 && text[at + end - 1] == ' ') {
            end--;
        }
        if (end > 0) {
            ent_text_fill(page->out, ' ', indent);
            ent_text_add(page->out, text + at, end);
        }
        ent_text_putc(page->out, '\n');
        at += n;
        while (at < len && text[at] == ' ') {
            at++;
        }
        indent += hang;
        hang = 0;
    } while (at < len);
}

void ent_page_heading(const ent_page *page, const char *heading)
{
    ent_text_printf(page->out, "\n%s\n", heading);
}

void ent_page_say(const ent_page *page, size_t indent, size_t hang, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = ent_arena_vprintf(page->arena, format, args);
    va_end(args);
    wrap(page, indent, hang, ent_page_clip(page->arena, text, PARAGRAPH_MAX));
}

void ent_page_keep(const ent_page *page, size_t indent, const char *line, size_t len)
{
    enum { LINE_MAX_COLUMNS = 2000 };
    const char *text = ent_arena_strndup(page->arena, line, len);
    text = ent_page_clip(page->arena, text, LINE_MAX_COLUMNS);
    size_t blanks = strspn(text, " ");
    wrap(page, indent + (blanks < ENT_EXPLAIN_WIDTH / 2 ? blanks : 0), 4, text + blanks);
}

/* --- tables --- */

void ent_table_put(const ent_page *page, ent_table *table, const char *cell)
{
    if (table->n == table->capacity) {
        size_t capacity = table->capacity ? table->capacity * 2 : 64;
        const char **grown =
            ent_arena_grow_array(page->arena, table->cells, table->n, capacity, sizeof *grown);
        if (!grown) {
            return;
        }
        table->cells = grown;
        table->capacity = capacity;
    }
    table->cells[table->n++] = ent_page_clip(page->arena, cell ? cell : "", CELL_MAX);
}

void ent_table_putf(const ent_page *page, ent_table *table, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ent_table_put(page, table, ent_arena_vprintf(page->arena, format, args));
    va_end(args);
}

/* The widths of the columns, the widest ones made narrower until the line fits. */
static void measure(const ent_table *table, size_t indent, size_t *widths)
{
    size_t total = indent + GAP * (table->n_columns - 1);
    for (size_t i = 0; i < table->n_columns; i++) {
        widths[i] = 0;
    }
    for (size_t i = 0; i < table->n; i++) {
        size_t width = ent_page_width(table->cells[i]);
        size_t *column = &widths[i % table->n_columns];
        *column = width > *column ? width : *column;
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        total += widths[i];
    }
    while (total > ENT_EXPLAIN_WIDTH) {
        size_t widest = 0;
        for (size_t i = 1; i < table->n_columns; i++) {
            widest = widths[i] > widths[widest] ? i : widest;
        }
        widths[widest]--;
        total--;
    }
}

static void print_cell(const ent_page *page, const char *cell, size_t width, bool right, bool last)
{
    cell = ent_page_clip(page->arena, cell, width);
    size_t have = ent_page_width(cell);
    size_t fill = have < width ? width - have : 0;
    ent_text_fill(page->out, ' ', right ? fill : 0);
    ent_text_puts(page->out, cell);
    ent_text_fill(page->out, ' ', right || last ? 0 : fill);
}

void ent_table_print(const ent_page *page, const ent_table *table, size_t indent)
{
    size_t widths[ENT_PAGE_COLUMNS_MAX];
    measure(table, indent, widths);
    for (size_t row = 0; row + table->n_columns <= table->n; row += table->n_columns) {
        size_t last = table->n_columns;
        while (last > 1 && !*table->cells[row + last - 1]) {
            last--;
        }
        ent_text_fill(page->out, ' ', indent);
        for (size_t i = 0; i < last; i++) {
            ent_text_fill(page->out, ' ', i ? GAP : 0);
            print_cell(page, table->cells[row + i], widths[i], table->right[i], i + 1 == last);
        }
        ent_text_putc(page->out, '\n');
    }
}
