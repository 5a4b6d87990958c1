/* Literate files: everything but the fenced blocks marked `entente` becomes blanks in the scanner's
 * copy, so that offsets, lines and columns stay those of the file. */
#include <string.h>

#include "compiler/syntax/parser_internal.h"

bool ent_literate_is(const char *path)
{
    static const char suffix[] = ".ent.md";
    size_t len = strlen(path);
    return len >= sizeof suffix - 1 && strcmp(path + len - (sizeof suffix - 1), suffix) == 0;
}

typedef struct line {
    size_t start;
    size_t end; /* without the line end */
    size_t next;
} line;

static line line_at(const ent_parser *p, size_t start)
{
    const char *newline = memchr(p->source + start, '\n', p->len - start);
    size_t end = newline == NULL ? p->len : (size_t)(newline - p->source);
    line l = {start, end, newline == NULL ? p->len : end + 1};
    if (l.end > l.start && p->source[l.end - 1] == '\r') {
        l.end--;
    }
    return l;
}

/* The number of fence characters that open the line (three or more, after at most three blanks). */
static size_t fence_at(const ent_parser *p, const line *l, char *sign, size_t *after)
{
    size_t at = l->start;
    while (at < l->end && at < l->start + 3 && p->source[at] == ' ') {
        at++;
    }
    if (at == l->end || (p->source[at] != '`' && p->source[at] != '~')) {
        return 0;
    }
    size_t n = 0;
    *sign = p->source[at];
    while (at + n < l->end && p->source[at + n] == *sign) {
        n++;
    }
    *after = at + n;
    return n >= 3 ? n : 0;
}

/* The fence's info string begins with the word `entente`. */
static bool is_ours(const ent_parser *p, const line *l, size_t after)
{
    static const char word[] = "entente";
    while (after < l->end && (p->source[after] == ' ' || p->source[after] == '\t')) {
        after++;
    }
    size_t n = sizeof word - 1;
    if (l->end - after < n || memcmp(p->source + after, word, n) != 0) {
        return false;
    }
    char next = after + n < l->end ? p->source[after + n] : ' ';
    return next == ' ' || next == '\t' || next == '{' || next == ',';
}

static bool only_blanks(const ent_parser *p, size_t from, size_t to)
{
    while (from < to && (p->source[from] == ' ' || p->source[from] == '\t')) {
        from++;
    }
    return from == to;
}

static void blank(ent_parser *p, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (p->buffer[i] != '\n') {
            p->buffer[i] = ' ';
        }
    }
}

void ent_literate_blank(ent_parser *p)
{
    size_t fence = 0; /* of the open block; 0 outside */
    char fence_sign = 0;
    bool ours = false;
    bool any = false;
    ent_span opened = {p->file, 0, 0};
    for (size_t at = 0; at < p->len;) {
        line l = line_at(p, at);
        char sign = 0;
        size_t after = l.start;
        size_t n = fence_at(p, &l, &sign, &after);
        bool code = ours && fence > 0;
        if (fence == 0 && n > 0) {
            fence = n;
            fence_sign = sign;
            ours = is_ours(p, &l, after);
            any = any || ours;
            opened = (ent_span){p->file, (uint32_t)l.start, (uint32_t)l.end};
        } else if (fence > 0 && n >= fence && sign == fence_sign && only_blanks(p, after, l.end)) {
            fence = 0;
            code = false;
        }
        if (!code) {
            blank(p, l.start, l.end);
        }
        at = l.next;
    }
    if (fence > 0 && ours) {
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0121, opened, "this block is not closed");
        ent_diag_help(d, "end it with a line of %zu `%c`", fence, fence_sign);
        p->cut_short = true;
    } else if (!any) {
        ent_span start = {p->file, 0, 0};
        ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0122, start,
                                   "this literate file has no block of code");
        ent_diag_help(d,
                      "code stands between a line ```` ```entente ```` and a line ```` ``` ````");
    }
}
