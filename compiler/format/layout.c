/* Writes the lines: breaks those that are too long at their outermost places, aligns cells and the comments
 * at the ends of consecutive lines.  See layout.h. */
#include "compiler/format/layout.h"

#include <string.h>

enum { CELL_COLUMNS = 48 }; /* of what stands before a cell that is aligned with others */

typedef struct tail {
    size_t at;      /* in `lines`: where the line ends */
    unsigned width; /* of its last line */
    const char *text;
    size_t len;
} tail;

typedef struct writer {
    fmt *f;
    ent_text *out;
    ent_text lines; /* lines with comments at their ends, not yet aligned */
    tail *tails;
    uint32_t n_tails;
    uint32_t cap_tails;
    ent_text line;   /* the current one */
    unsigned column; /* of it */
    unsigned indent; /* of it */
    unsigned begun;  /* lines begun so far */
    bool any;        /* something has been written */
    bool fresh;      /* and it was prose */
} writer;

/* --- lines --- */

static void end_of_line(writer *w, ent_text *out)
{
    ent_text_puts(out, w->f->crlf ? "\r\n" : "\n");
}

/* Writes the collected lines with their comments in one column. */
static void flush_tails(writer *w)
{
    unsigned widest = 0;
    size_t from = 0;
    for (uint32_t i = 0; i < w->n_tails; i++) {
        widest = w->tails[i].width > widest ? w->tails[i].width : widest;
    }
    for (uint32_t i = 0; i < w->n_tails; i++) {
        const tail *t = &w->tails[i];
        ent_text_add(w->out, ent_text_str(&w->lines) + from, t->at - from);
        ent_text_fill(w->out, ' ', widest - t->width + 2);
        ent_text_add(w->out, t->text, t->len);
        end_of_line(w, w->out);
        from = t->at;
    }
    w->n_tails = 0;
    w->lines.len = 0;
}

static void add_tail(writer *w, const ent_raw_note *note)
{
    if (w->n_tails == w->cap_tails) {
        uint32_t cap = w->cap_tails == 0 ? 16 : w->cap_tails * 2;
        tail *tails = ent_arena_grow_array(w->f->arena, w->tails, w->n_tails, cap, sizeof *tails);
        if (tails == NULL) {
            return;
        }
        w->tails = tails;
        w->cap_tails = cap;
    }
    ent_text_add(&w->lines, ent_text_str(&w->line), w->line.len);
    w->tails[w->n_tails++] = (tail){w->lines.len, w->column, w->f->raw.text + note->start,
                                    note->end - note->start};
}

/* Ends the current line, with a comment at its end or without. */
static void finish_line(writer *w, const ent_raw_note *note)
{
    if (w->line.len == 0) {
        return;
    }
    if (note != NULL) {
        add_tail(w, note);
    } else {
        flush_tails(w);
        ent_text_add(w->out, ent_text_str(&w->line), w->line.len);
        end_of_line(w, w->out);
    }
    w->line.len = 0;
    w->any = true;
    w->fresh = false;
}

static void begin_line(writer *w, unsigned column)
{
    ent_text_fill(&w->line, ' ', column);
    w->column = w->indent = column;
    w->begun++;
}

static void empty_line(writer *w)
{
    flush_tails(w);
    if (w->any && !w->fresh) {
        end_of_line(w, w->out);
    }
}

static void write_note(writer *w, const ent_raw_note *note, unsigned column)
{
    const char *text = w->f->raw.text + note->start;
    flush_tails(w);
    if (note->kind == ENT_RAW_PROSE) {
        ent_text_add(w->out, text, note->end - note->start);
        if (w->f->raw.text[note->end] == '\n') {
            ent_text_puts(w->out, "\n");
        }
        w->fresh = true;
    } else {
        ent_text_fill(w->out, ' ', column);
        ent_text_add(w->out, text, note->end - note->start);
        end_of_line(w, w->out);
        w->fresh = false;
    }
    w->any = true;
}

/* Whether an empty line of the source, or the one that is due, stands before note k of the token (or
 * before the token itself). */
static bool is_blank_before(const writer *w, const fmt_token *t, uint32_t k, bool due)
{
    const ent_raw_note *notes = w->f->raw.notes + t->notes;
    uint32_t own = t->n_notes > 0 && notes[0].trailing ? 1 : 0;
    bool source = k < t->n_notes ? notes[k].blank : t->blank;
    if (k == own && t->opens) {
        return false;
    }
    if (k == t->n_notes && t->closes) {
        return false;
    }
    if (k < t->n_notes && notes[k].kind == ENT_RAW_PROSE) {
        return false;
    }
    return (source && t->may_blank) || (due && k == own);
}

/* Ends the line before the token and begins the token's, with its notes between. */
static void break_before(writer *w, const fmt_token *t, unsigned column, unsigned note_column)
{
    const ent_raw_note *notes = w->f->raw.notes + t->notes;
    uint32_t k = 0;
    if (t->n_notes > 0 && notes[0].trailing && w->line.len > 0) {
        finish_line(w, &notes[0]);
        k = 1;
    } else {
        finish_line(w, NULL);
    }
    bool due = t->force_blank;
    for (uint32_t i = k; i <= t->n_notes && due; i++) {
        due = !(i < t->n_notes ? notes[i].blank || notes[i].kind == ENT_RAW_PROSE : t->blank);
    }
    for (; k < t->n_notes; k++) {
        if (is_blank_before(w, t, k, due)) {
            empty_line(w);
        }
        write_note(w, &notes[k], note_column);
    }
    if (t->kind == ENT_RAW_END) {
        return;
    }
    if (is_blank_before(w, t, k, due)) {
        empty_line(w);
    }
    begin_line(w, column);
}

/* --- tokens --- */

static unsigned space_before(const fmt_token *t)
{
    return t->space + t->pad;
}

unsigned fmt_width(const fmt *f, uint32_t from, uint32_t to)
{
    unsigned width = 0;
    for (uint32_t i = from; i < to; i++) {
        const fmt_token *t = &f->tokens[i];
        if (!t->dropped) {
            width += t->width + (t->comma ? 1 : 0) + (i > from ? space_before(t) : 0);
        }
    }
    return width;
}

bool fmt_has_notes(const fmt *f, uint32_t from, uint32_t to)
{
    for (uint32_t i = from + 1; i < to; i++) {
        if (f->tokens[i].n_notes > 0 || f->tokens[i].joins) {
            return true;
        }
    }
    return false;
}

static void write_block(writer *w, const fmt_token *t)
{
    ent_text_puts(&w->line, "\"\"\"");
    end_of_line(w, &w->line);
    size_t at = 0;
    while (at < t->value_len) {
        const char *newline = memchr(t->value + at, '\n', t->value_len - at);
        size_t end = newline == NULL ? t->value_len : (size_t)(newline - t->value);
        if (end > at) {
            ent_text_fill(&w->line, ' ', w->indent + 2);
            ent_text_add(&w->line, t->value + at, end - at);
        }
        if (newline == NULL) {
            break;
        }
        end_of_line(w, &w->line);
        at = end + 1;
    }
    if (t->value_len == 0 || t->value[t->value_len - 1] == '\n') {
        ent_text_fill(&w->line, ' ', w->indent);
    }
    ent_text_puts(&w->line, "\"\"\"");
    w->column = w->indent + 3;
}

static void write_token(writer *w, fmt_token *t, bool begins_line)
{
    if (!begins_line) {
        ent_text_fill(&w->line, ' ', space_before(t));
        w->column += space_before(t);
    }
    t->begins_line = begins_line;
    t->column = w->column;
    if (t->value != NULL) {
        write_block(w, t);
    } else {
        ent_text_add(&w->line, t->text, t->len);
        w->column += t->width;
    }
    if (t->comma) {
        ent_text_putc(&w->line, ',');
        w->column++;
    }
}

/* --- breaking --- */

static unsigned break_column(const writer *w, const fmt_token *t, unsigned indent)
{
    const fmt_token *base = &w->f->tokens[t->base];
    if (t->rank == 0) {
        return indent + 2;
    }
    switch (t->base_kind) {
    case FMT_FROM_TOKEN:
        return base->column + t->delta;
    case FMT_FROM_CHAIN:
        return base->begins_line ? base->column : indent + 2;
    default:
        return indent + t->delta;
    }
}

static void write_range(writer *w, uint32_t from, uint32_t to, bool begins_line);

/* The outermost rank at which [from, to) can break; 0 if there is none. */
static unsigned outermost(const fmt *f, uint32_t from, uint32_t to)
{
    unsigned rank = 0;
    for (uint32_t i = from + 1; i < to; i++) {
        unsigned r = f->tokens[i].rank;
        if (r != 0 && (rank == 0 || r < rank)) {
            rank = r;
        }
    }
    return rank;
}

/* No place to break: on one line, but for comments. */
static void write_unbroken(writer *w, uint32_t from, uint32_t to, bool begins_line)
{
    unsigned indent = w->indent;
    for (uint32_t i = from; i < to; i++) {
        fmt_token *t = &w->f->tokens[i];
        bool breaks = i > from && (t->n_notes > 0 || t->joins);
        if (breaks) {
            break_before(w, t, break_column(w, t, indent), indent + 2);
        }
        write_token(w, t, breaks || (i == from && begins_line));
    }
}

/* The arrows of arms that have lines of their own are aligned. */
static void align_arrows(writer *w, uint32_t from, uint32_t to, unsigned rank)
{
    fmt *f = w->f;
    unsigned widest = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = from + 1; i < to; i++) {
            uint32_t arrow = f->tokens[i].arrow;
            if (f->tokens[i].rank != rank || arrow == 0 || fmt_has_notes(f, i, arrow + 1)) {
                continue;
            }
            unsigned width = fmt_width(f, i, arrow);
            if (width > CELL_COLUMNS) {
                continue;
            }
            if (pass == 0) {
                widest = width > widest ? width : widest;
            } else {
                f->tokens[arrow].pad = widest - width;
            }
        }
    }
}

static bool fits(const writer *w, uint32_t from, uint32_t to, unsigned extra)
{
    return !fmt_has_notes(w->f, from, to) &&
           w->column + extra + fmt_width(w->f, from, to) <= ENT_FORMAT_COLUMNS;
}

/* One of the pieces into which a line was cut, other than the first.  It stays on the line of the one before
 * it if that is on one line and there is room.  Whether the piece itself is on one line. */
static bool write_piece(writer *w, uint32_t from, uint32_t to, unsigned indent, bool may_stay)
{
    fmt_token *t = &w->f->tokens[from];
    bool stays = may_stay && !t->together && t->n_notes == 0 && !t->joins &&
                 fits(w, from, to, space_before(t));
    if (!stays) {
        unsigned column = break_column(w, t, indent);
        break_before(w, t, column, column);
    }
    unsigned begun = w->begun;
    write_range(w, from, to, !stays);
    return w->begun == begun;
}

static void write_range(writer *w, uint32_t from, uint32_t to, bool begins_line)
{
    fmt *f = w->f;
    unsigned indent = w->indent;
    unsigned rank = outermost(f, from, to);
    if (rank == 0 || fits(w, from, to, begins_line ? 0 : space_before(&f->tokens[from]))) {
        write_unbroken(w, from, to, begins_line);
        return;
    }
    align_arrows(w, from, to, rank);
    uint32_t start = from;
    unsigned begun = w->begun;
    bool one_line = true;
    for (uint32_t i = from + 1; i <= to; i++) {
        if (i < to && f->tokens[i].rank != rank) {
            continue;
        }
        if (start == from) {
            write_range(w, start, i, begins_line);
            one_line = w->begun == begun;
        } else {
            one_line = write_piece(w, start, i, indent, one_line);
        }
        start = i;
    }
}

/* --- cells --- */

static bool is_cell(const fmt *f, const fmt_token *t, uint32_t i, unsigned number)
{
    return t->group != 0 && t->cell == number && !fmt_has_notes(f, t->row, i + 1) &&
           fmt_width(f, t->row, i) <= CELL_COLUMNS;
}

/* Pads the cells of this number: those of one group are next to one another in the tokens. */
static void align_cells(fmt *f, unsigned number)
{
    for (uint32_t i = 0; i < f->n;) {
        if (!is_cell(f, &f->tokens[i], i, number)) {
            i++;
            continue;
        }
        uint32_t group = f->tokens[i].group;
        unsigned widest = 0;
        uint32_t end = i;
        for (uint32_t k = i; k < f->n && f->tokens[k].group <= group; k++) {
            if (f->tokens[k].group == group && is_cell(f, &f->tokens[k], k, number)) {
                unsigned width = fmt_width(f, f->tokens[k].row, k);
                widest = width > widest ? width : widest;
                end = k;
            }
        }
        for (uint32_t k = i; k <= end; k++) {
            if (f->tokens[k].group == group && is_cell(f, &f->tokens[k], k, number)) {
                f->tokens[k].pad = widest - fmt_width(f, f->tokens[k].row, k);
            }
        }
        i = end + 1;
    }
}

void fmt_write(fmt *f, ent_text *out)
{
    writer w = {.f = f, .out = out};
    for (unsigned number = 1; number < FMT_CELLS; number++) {
        align_cells(f, number);
    }
    for (uint32_t i = 0; i < f->n;) {
        fmt_token *t = &f->tokens[i];
        uint32_t end = i + 1;
        while (end < f->n && !f->tokens[end].hard) {
            end++;
        }
        break_before(&w, t, t->indent, t->note_indent);
        if (t->kind != ENT_RAW_END) {
            write_range(&w, i, end, true);
        }
        i = end;
    }
    flush_tails(&w);
    out->failed = out->failed || w.line.failed || w.lines.failed;
    ent_text_deinit(&w.line);
    ent_text_deinit(&w.lines);
}
