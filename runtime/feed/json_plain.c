/* See json_plain.h. */
#include "runtime/feed/json_plain.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "runtime/vm/simd.h"
#include "runtime/vm/swar.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { MEMBERS_MAX = 64, SHAPE_MAX = 4096, WORD = 8 };

/* Marked at once: it stays in the nearest cache, and lines are short against it. */
enum { AT_ONCE = 64, PIECE = 32, BETWEEN_MAX = 2 * PIECE };
enum { MARKED = 12 << 10, MARKS_MAX = MARKED + 2 * ENT_SCAN_PADDING };

/* What stands before a value, and which wanted name the value has. */
typedef struct member {
    uint32_t at, len; /* in the shape's text, which has WORD bytes to spare */
    int32_t name;     /* -1: nobody wants it */
} member;

/* Where something in a line stands: so many bytes before or behind a mark of the line, or the one before it. */
typedef struct place {
    uint32_t mark;
    uint32_t more; /* modulo 2^32 */
} place;

/* A part of what stands between two values, with the quotes of those that are texts; the last is `}` and a newline. */
typedef struct piece {
    char fixed[PIECE];
    char mask[PIECE];
    place from;
} piece;

/* What compilers make of it is one register, two or four. */
typedef uint64_t wide __attribute__((vector_size(PIECE)));

/* A value that is no text. */
typedef struct bare {
    place from, to;
    bool wanted;
} bare;

/* Lines of the shape by their marks; what a line gives out is at most two places a member, and its ends. */
typedef struct layout {
    bool known;
    uint32_t n_marks, n_pieces, n_bares, n_out;
    piece pieces[2 * MEMBERS_MAX + 2];
    bare bares[1 + MEMBERS_MAX]; /* the first is the nothing before the line */
    place out[2 * MEMBERS_MAX + 2];
} layout;

struct ent_json_plain {
    const char *const *names;
    uint32_t n_names;
    bool covers; /* every name is a member */
    uint32_t n_members;
    member members[MEMBERS_MAX];
    char shape[SHAPE_MAX + WORD];
    ent_mark_function mark;
    layout layout;
    uint32_t marks[1 + MARKS_MAX]; /* behind the one that ends what stands before them */
};

ent_json_plain *ent_json_plain_new(const char *const *names, uint32_t n_names, ent_scan_kind kind) {
    ent_json_plain *plain = calloc(1, sizeof *plain);
    if (plain != NULL) {
        plain->mark = ent_mark_kernel(kind);
        plain->names = names;
        plain->n_names = n_names;
    }
    return plain;
}

void ent_json_plain_free(ent_json_plain *plain) { free(plain); }

/* --- values --- */

/* The first byte from p on that is a quote, a backslash, below a blank or beyond ASCII. */
static inline const char *end_of_text(const char *p) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i blank = _mm_set1_epi8(' ');
    for (;; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i odd = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)),
                                   _mm_cmplt_epi8(v, blank));
        unsigned bits = (unsigned)_mm_movemask_epi8(odd);
        if (bits != 0) {
            return p + __builtin_ctz(bits);
        }
    }
#else
    while (*p != '"' && *p != '\\' && (unsigned char)*p >= ' ' && (unsigned char)*p < 0x80) {
        p++;
    }
    return p;
#endif
}

static inline const char *skip_digits(const char *p) {
    while ((unsigned)(unsigned char)*p - '0' < 10) {
        p++;
    }
    return p;
}

/* The end of a number of at most seven digits and a point; NULL: it is not of that shape. */
static inline const char *end_of_short_number(const char *p) {
    uint64_t word = ent_load8(p) ^ ENT_EVERY_BYTE('0');
    uint64_t others = (((word & ENT_LOW_BITS) + ENT_EVERY_BYTE(0x76)) | word) & ENT_HIGH_BITS;
    unsigned whole = others == 0 ? 0 : (unsigned)__builtin_ctzll(others) / 8;
    unsigned end = whole;
    if (whole == 0 || (*p == '0' && whole > 1)) {
        return NULL;
    }
    if (p[whole] == '.') {
        others &= others - 1;
        end = others == 0 ? 0 : (unsigned)__builtin_ctzll(others) / 8;
        if (end <= whole + 1) {
            return NULL;
        }
    }
    return (p[end] | 0x20) == 'e' ? NULL : p + end;
}

/* The end of a number, or NULL. */
static inline const char *end_of_number(const char *p) {
    const char *short_end = end_of_short_number(p);
    if (short_end != NULL) {
        return short_end;
    }
    p += *p == '-';
    const char *whole = p;
    p = skip_digits(p);
    if (p == whole || (*whole == '0' && p - whole > 1)) {
        return NULL;
    }
    if (*p == '.') {
        const char *fraction = ++p;
        p = skip_digits(p);
        if (p == fraction) {
            return NULL;
        }
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        const char *exponent = p;
        p = skip_digits(p);
        if (p == exponent) {
            return NULL;
        }
    }
    return p;
}

static inline bool is_word(const char *p, const char *word, size_t n) { return memcmp(p, word, n) == 0; }

/* The value at p as a cell; where it ends, or NULL if it is not a plain one. */
static inline const char *take_value(const char *p, ent_cell *cell) {
    const char *end;
    switch (*p) {
    case '"':
        end = end_of_text(p + 1);
        *cell = (ent_cell){p + 1, (uint32_t)(end - p - 1), (uint8_t)(ENT_CELL_EMPTY + (end > p + 1))};
        return *end == '"' ? end + 1 : NULL;
    case 't':
        end = is_word(p, "true", 4) ? p + 4 : NULL;
        break;
    case 'f':
        end = is_word(p, "false", 5) ? p + 5 : NULL;
        break;
    case 'n':
        *cell = (ent_cell){NULL, 0, ENT_CELL_MISSING};
        return is_word(p, "null", 4) ? p + 4 : NULL;
    default:
        end = end_of_number(p);
        break;
    }
    if (end != NULL) {
        *cell = (ent_cell){p, (uint32_t)(end - p), ENT_CELL_PRESENT};
    }
    return end;
}

/* --- shapes --- */

static const char *skip_blanks(const char *p) {
    while (*p == ' ' || *p == '\t') {
        p++;
    }
    return p;
}

static int32_t name_of(const ent_json_plain *plain, const char *key, size_t len) {
    for (uint32_t i = 0; i < plain->n_names; i++) {
        if (strlen(plain->names[i]) == len && memcmp(plain->names[i], key, len) == 0) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* From behind `{` or a value to the next value: `, "key": `.  NULL: it is something else. */
static const char *take_key(const ent_json_plain *plain, const char *p, char before, int32_t *name) {
    p = skip_blanks(p);
    if (*p != before) {
        return NULL;
    }
    p = skip_blanks(p + 1);
    if (*p != '"') {
        return NULL;
    }
    const char *end = end_of_text(p + 1);
    if (*end != '"') {
        return NULL;
    }
    *name = name_of(plain, p + 1, (size_t)(end - p - 1));
    p = skip_blanks(end + 1);
    return *p == ':' ? skip_blanks(p + 1) : NULL;
}

/* What stands before value i, with quotes of texts; behind the last one, `}` and a newline.  Its length. */
static uint32_t between(const ent_json_plain *plain, const bool *texts, uint32_t i, char out[BETWEEN_MAX]) {
    uint32_t len = 0;
    if (i > 0 && texts[i - 1]) {
        out[len++] = '"';
    }
    if (i == plain->n_members) {
        out[len++] = '}';
        out[len++] = '\n';
        return len;
    }
    const member *m = &plain->members[i];
    if (m->len > BETWEEN_MAX - 2) {
        return 0;
    }
    memcpy(out + len, plain->shape + m->at, m->len);
    len += m->len;
    if (texts[i]) {
        out[len++] = '"';
    }
    return len;
}

static void put_pieces(layout *lines, const char *bytes, uint32_t len, place at) {
    for (uint32_t done = 0; done < len; done += PIECE) {
        uint32_t part = len - done < PIECE ? len - done : PIECE;
        piece *p = &lines->pieces[lines->n_pieces++];
        *p = (piece){.from = {at.mark, at.more + done}};
        memcpy(p->fixed, bytes + done, part);
        memset(p->mask, -1, part);
    }
}

/* Learns the lines' layout by marks; texts[i] says whether value i is a text. */
static void lay_out(ent_json_plain *plain, const bool *texts) {
    layout *lines = &plain->layout;
    place value = {0, 1}; /* the line itself, at first */
    lines->n_marks = lines->n_pieces = lines->n_bares = 0;
    lines->known = plain->mark != NULL && plain->covers;
    lines->n_out = 2 * plain->n_names + 2;
    lines->out[0] = (place){0, 0};
    for (uint32_t i = 0; lines->known && i <= plain->n_members; i++) {
        char bytes[BETWEEN_MAX];
        uint32_t len = between(plain, texts, i, bytes);
        uint32_t first = 0;
        while (first < len && bytes[first] != '"' && bytes[first] != '\n') {
            first++;
        }
        place at = {lines->n_marks + 1, 0 - first};
        for (uint32_t k = first; k < len; k++) {
            lines->n_marks += bytes[k] == '"' || bytes[k] == '\n';
        }
        put_pieces(lines, bytes, len, at);
        int32_t name = i > 0 ? plain->members[i - 1].name : -1;
        if (i == 0 || !texts[i - 1]) {
            lines->bares[lines->n_bares++] = (bare){value, at, name >= 0};
        }
        if (name >= 0) {
            lines->out[2 * name + 1] = (place){value.mark, value.more - 1};
            lines->out[2 * name + 2] = at;
        }
        value = (place){at.mark, at.more + len};
        lines->known = len > 0;
    }
    lines->out[lines->n_out - 1] = (place){lines->n_marks, 0};
}

/* Takes the line for the new shape; without one, there are no members. */
static void learn(ent_json_plain *plain, const char *line, const char *end) {
    const char *p = line;
    uint32_t n = 0;
    uint32_t used = 0;
    uint64_t named = 0;
    bool texts[MEMBERS_MAX];
    plain->n_members = 0;
    while (n == 0 || !(*p == '}' && p + 1 == end)) {
        member *m = &plain->members[n];
        ent_cell cell;
        const char *value = n < MEMBERS_MAX ? take_key(plain, p, n == 0 ? '{' : ',', &m->name) : NULL;
        if (value == NULL || value >= end || (size_t)(value - p) > SHAPE_MAX - used) {
            return;
        }
        m->at = used;
        m->len = (uint32_t)(value - p);
        memcpy(plain->shape + used, p, m->len);
        used += m->len;
        for (uint32_t i = 0; m->name >= 0 && i < n; i++) {
            if (plain->members[i].name == m->name) {
                return; /* a name that comes twice is nothing plain */
            }
        }
        named += m->name >= 0;
        texts[n] = *value == '"';
        p = take_value(value, &cell);
        if (p == NULL || p >= end) {
            return;
        }
        n++;
    }
    plain->covers = named == plain->n_names;
    plain->n_members = n;
    lay_out(plain, texts);
}

/* --- lines --- */

static inline bool same_text(const char *a, const char *b, uint32_t len) {
    if (len < WORD) {
        return (ent_load8(a) ^ ent_load8(b)) << (64 - 8 * len) == 0; /* a key takes four bytes at least */
    }
    for (uint32_t i = 0; i + WORD <= len; i += WORD) {
        if (ent_load8(a + i) != ent_load8(b + i)) {
            return false;
        }
    }
    return ent_load8(a + len - WORD) == ent_load8(b + len - WORD);
}

static bool take_line(const ent_json_plain *plain, const char *line, const char *end, ent_cell *row) {
    const char *p = line;
    for (uint32_t i = 0; !plain->covers && i < plain->n_names; i++) {
        row[i] = (ent_cell){NULL, 0, ENT_CELL_MISSING};
    }
    for (uint32_t i = 0; i < plain->n_members; i++) {
        const member *m = &plain->members[i];
        ent_cell unwanted;
        if ((size_t)(end - p) <= m->len || !same_text(p, plain->shape + m->at, m->len)) {
            return false;
        }
        p = take_value(p + m->len, m->name < 0 ? &unwanted : &row[m->name]);
        if (p == NULL || p >= end) {
            return false;
        }
    }
    return plain->n_members > 0 && *p == '}' && p + 1 == end;
}

bool ent_json_plain_line(ent_json_plain *plain, const char *line, uint32_t len, ent_cell *row) {
    const char *end = line + len;
    if (take_line(plain, line, end, row)) {
        return true;
    }
    learn(plain, line, end);
    return take_line(plain, line, end, row);
}

/* One line of plain rows, whose entries go to `row`; where it ends, or NULL if it is none. */
static inline const char *take_row(const ent_json_plain *plain, const char *text, const char *p, const char *last,
                                   uint32_t *row) {
    row[0] = (uint32_t)(p - text) - 1;
    for (const member *m = plain->members; m < plain->members + plain->n_members; m++) {
        ent_cell cell;
        if (p >= last || (size_t)(last - p) <= m->len || !same_text(p, plain->shape + m->at, m->len)) {
            return NULL;
        }
        p = take_value(p + m->len, &cell);
        if (p == NULL || (m->name >= 0 && cell.state == ENT_CELL_MISSING)) {
            return NULL;
        }
        if (m->name >= 0) {
            row[2 * m->name + 1] = (uint32_t)(cell.p - text) - 1;
            row[2 * m->name + 2] = (uint32_t)(cell.p - text) + cell.len;
        }
    }
    p += *p == '}';
    row[2 * plain->n_names + 1] = (uint32_t)(p - text);
    return p[-1] == '}' && (p[0] == '\n' || (p[0] == '\r' && p[1] == '\n')) ? p : NULL;
}

/* --- lines by their marks --- */

ALWAYS_INLINE uint32_t at_place(const uint32_t *marks, place at) { return marks[at.mark] + at.more; }

/* Whether n lines have the layout; marks[0] is the end of the one before, then come their own.  If what stands between
 * values is what it should be, no quote and no newline more can stand anywhere: the marks are counted through. */
ENT_VECTORS static bool have_layout(const layout *lines, const char *text, const uint32_t *marks, uint32_t n) {
    const bare head = lines->bares[0];
    const uint32_t n_marks = lines->n_marks;
    const uint32_t *end = marks + (size_t)n * n_marks;
    uint32_t apart = 0;
    for (const uint32_t *line = marks; line < end; line += n_marks) {
        apart |= at_place(line, head.from) ^ at_place(line, head.to);
    }
    wide wrong = {0};
    for (const piece *p = lines->pieces; p < lines->pieces + lines->n_pieces; p++) {
        const place from = p->from;
        wide fixed;
        wide mask;
        memcpy(&fixed, p->fixed, PIECE);
        memcpy(&mask, p->mask, PIECE);
        for (const uint32_t *line = marks; line < end; line += n_marks) {
            wide found;
            memcpy(&found, text + at_place(line, from), PIECE);
            wrong |= (found ^ fixed) & mask;
        }
    }
    return (wrong[0] | wrong[1] | wrong[2] | wrong[3] | apart) == 0;
}

/* Whether all these are one to eight digits, or two to seven and a point among them: the commonest numbers.  A word
 * holds one's characters at the high end; `firsts` have the high bit of its first one. */
ALWAYS_INLINE bool are_short_numbers(const uint64_t *words, const uint64_t *firsts, uint32_t n) {
    uint64_t wrong = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t word = words[i];
        uint64_t first = firsts[i];
        uint64_t others = (((word & ENT_LOW_BITS) + ENT_EVERY_BYTE(0x76)) | word) & ENT_HIGH_BITS;
        uint64_t points = (others << 1) - (others >> 7);
        uint64_t second_digit = first << 8 & ~others;
        bool zero = (word & ((first << 1) - 1)) == 0; /* as nothing stands before it */
        wrong |= (others & (first | UINT64_C(0x80) << 56)) | (others & (others - 1)) |
                 ((word ^ ENT_EVERY_BYTE('0' ^ '.')) & points) | (zero ? second_digit : 0);
    }
    return wrong == 0;
}

ENT_VECTORS static bool have_short_numbers(const layout *lines, const bare *b, const char *text, const uint32_t *marks,
                                           uint32_t n) {
    uint64_t words[AT_ONCE];
    uint64_t firsts[AT_ONCE];
    uint32_t long_ones = 0;
    const bare it = *b;
    for (uint32_t i = 0; i < n; i++, marks += lines->n_marks) {
        uint32_t from = at_place(marks, it.from);
        uint32_t len = at_place(marks, it.to) - from;
        unsigned first = (64 - 8 * len) & 63;
        long_ones |= (uint32_t)(len - 1 >= WORD);
        words[i] = (ent_load8(text + from) ^ ENT_EVERY_BYTE('0')) << first;
        firsts[i] = UINT64_C(0x80) << first;
    }
    return long_ones == 0 && are_short_numbers(words, firsts, n);
}

/* How many of n lines have values where no texts are, and no null where one is wanted. */
static uint32_t have_values(const layout *lines, const char *text, const uint32_t *marks, uint32_t n) {
    for (const bare *b = lines->bares + 1; b < lines->bares + lines->n_bares; b++) {
        if (have_short_numbers(lines, b, text, marks, n)) {
            continue;
        }
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t *line = marks + (size_t)i * lines->n_marks;
            const char *from = text + at_place(line, b->from);
            ent_cell cell = {NULL, 0, ENT_CELL_MISSING};
            if (*from == '"' || take_value(from, &cell) != text + at_place(line, b->to) ||
                (b->wanted && cell.state == ENT_CELL_MISSING)) {
                n = i;
            }
        }
    }
    return n;
}

ENT_VECTORS static void put_rows(const layout *lines, const uint32_t *restrict marks, uint32_t n,
                                 uint32_t *restrict ends) {
    const uint32_t n_marks = lines->n_marks;
    const uint32_t n_out = lines->n_out;
    for (uint32_t k = 0; k < n_out; k++) {
        const place at = lines->out[k];
        const uint32_t *mark = marks + at.mark;
        uint32_t *out = ends + k;
        for (uint32_t i = 0; i < n; i++, mark += n_marks, out += n_out) {
            *out = *mark + at.more;
        }
    }
}

/* Takes lines of the layout, `most` or fewer; how many. */
static uint32_t take_marked(const layout *lines, const char *text, const uint32_t *marks, uint32_t most,
                            uint32_t *ends) {
    uint32_t n = 0;
    uint32_t step;
    uint32_t taken;
    do {
        step = most - n < AT_ONCE ? most - n : AT_ONCE;
        taken = step;
        if (!have_layout(lines, text, marks, step)) {
            taken = 0;
            while (taken < step && have_layout(lines, text, marks + (size_t)taken * lines->n_marks, 1)) {
                taken++;
            }
        }
        taken = have_values(lines, text, marks, taken);
        put_rows(lines, marks, taken, ends);
        marks += (size_t)taken * lines->n_marks;
        ends += (size_t)taken * lines->n_out;
        n += taken;
    } while (taken == AT_ONCE && n < most);
    return n;
}

/* As many lines as go by their marks; *to is behind them.  BETWEEN_MAX bytes stand before the first one. */
static uint32_t take_marked_rows(ent_json_plain *plain, const char *text, uint32_t last, uint32_t most, uint32_t *ends,
                                 uint32_t *to) {
    const layout *lines = &plain->layout;
    uint32_t n = 0;
    uint32_t found;
    uint32_t taken;
    do {
        uint32_t step = last - *to > MARKED ? *to + MARKED : last + 1;
        found = plain->mark(text, *to, step, plain->marks + 1) / lines->n_marks;
        found = found < most - n ? found : most - n;
        while (found > 0 && plain->marks[found * lines->n_marks] > last) {
            found--;
        }
        plain->marks[0] = *to - 1;
        taken = take_marked(lines, text, plain->marks, found, ends + (size_t)n * lines->n_out);
        n += taken;
        *to = plain->marks[taken * lines->n_marks] + 1;
    } while (taken > 0 && taken == found && n < most && *to < last);
    return n;
}

uint32_t ent_json_plain_rows(ent_json_plain *plain, const char *text, uint32_t from, uint32_t last, uint32_t most,
                             uint32_t *ends, uint32_t *to) {
    uint32_t n = 0;
    bool by_marks = plain->layout.known;
    *to = from;
    while (plain->covers && plain->n_members > 0 && n < most && *to < last) {
        uint32_t *row = ends + (size_t)n * (2 * plain->n_names + 2);
        if (by_marks && *to >= BETWEEN_MAX) {
            n += take_marked_rows(plain, text, last, most - n, row, to);
            by_marks = false; /* the next line is another, or there is none */
            continue;
        }
        const char *end = take_row(plain, text, text + *to, text + last, row);
        if (end == NULL) {
            break;
        }
        *to = (uint32_t)(end - text) + 1 + (*end == '\r');
        n++;
    }
    return n;
}
