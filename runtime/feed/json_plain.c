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
/* So many of the wanted lines are enough, if the next one is another. */
enum { FEW = 8 };
enum { MARKED = 12 << 10, MARKS_MAX = MARKED + 2 * ENT_SCAN_PADDING };

/* What stands before a value, and which wanted name the value has. */
typedef struct member {
    uint32_t at, len; /* in the shape's text, which has WORD bytes to spare */
    int32_t name;     /* -1: nobody wants it */
} member;

/* Where something in a line stands: so many bytes before or behind one of its ends, or the one before it. */
typedef struct place {
    uint32_t end;
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
enum { LANES = 8 };
typedef uint64_t lanes __attribute__((vector_size(LANES * sizeof(uint64_t))));

/* A value that is no text. */
typedef struct bare {
    place from, to;
    bool wanted;
} bare;

/* Lines of the shape by their marks.  Each value ends with one: of a text the quote behind it, of another the quote of
 * the next key, of the last the newline.  These ends are all that is written down. */
typedef struct layout {
    bool known;
    uint32_t n_pieces, n_bares;
    piece pieces[2 * MEMBERS_MAX + 2];
    bare bares[MEMBERS_MAX];
    ent_mark_turn turn;
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
    uint32_t *ends; /* of rows, behind the one that ends what stands before them */
    size_t ends_room;
    ent_plain_column *by_cell, *by_mark; /* of the names, where the rows' values are cells, and where ends are marks */
};

ent_json_plain *ent_json_plain_new(const char *const *names, uint32_t n_names, ent_scan_kind kind) {
    ent_json_plain *plain = calloc(1, sizeof *plain);
    if (plain == NULL) {
        return NULL;
    }
    plain->mark = ent_mark_kernel(kind);
    plain->names = names;
    plain->n_names = n_names;
    plain->by_cell = calloc((size_t)n_names + 1, sizeof *plain->by_cell);
    plain->by_mark = calloc((size_t)n_names + 1, sizeof *plain->by_mark);
    if (plain->by_cell == NULL || plain->by_mark == NULL) {
        ent_json_plain_free(plain);
        return NULL;
    }
    for (uint32_t i = 0; i < n_names; i++) {
        plain->by_cell[i] = (ent_plain_column){2 * i + 2, 1, 0};
    }
    return plain;
}

void ent_json_plain_free(ent_json_plain *plain) {
    if (plain != NULL) {
        free(plain->ends);
        free(plain->by_cell);
        free(plain->by_mark);
        free(plain);
    }
}

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
        *p = (piece){.from = {at.end, at.more + done}};
        memcpy(p->fixed, bytes + done, part);
        memset(p->mask, -1, part);
    }
}

/* Learns the lines' layout by marks; texts[i] says whether value i is a text. */
static void lay_out(ent_json_plain *plain, const bool *texts) {
    layout *lines = &plain->layout;
    place value = {0, 0};
    bool is_end[ENT_MARKS_MAX];
    uint32_t n_marks = 0;
    lines->n_pieces = lines->n_bares = 0;
    lines->known = plain->mark != NULL && plain->covers;
    for (uint32_t i = 0; lines->known && i <= plain->n_members; i++) {
        char bytes[BETWEEN_MAX];
        uint32_t len = between(plain, texts, i, bytes);
        bool is_last = i == plain->n_members;
        uint32_t first = 0; /* the byte of it that is the end of the value before */
        while (first < len && bytes[first] != (is_last ? '\n' : '"')) {
            first++;
        }
        place at = i == 0 ? (place){0, 1} : (place){i, 0 - first};
        for (uint32_t k = 0; k < len; k++) {
            if (bytes[k] == '"' || bytes[k] == '\n') {
                is_end[n_marks++] = i > 0 && k == first;
            }
        }
        put_pieces(lines, bytes, len, at);
        int32_t name = i > 0 ? plain->members[i - 1].name : -1;
        if (i > 0 && !texts[i - 1]) {
            lines->bares[lines->n_bares++] = (bare){value, at, name >= 0};
        }
        if (name >= 0) {
            plain->by_mark[name] = (ent_plain_column){i - 1, value.more, first};
        }
        value = (place){at.end, at.more + len};
        lines->known = len > 0;
    }
    if (lines->known) {
        ent_mark_turn_set(&lines->turn, is_end, n_marks);
    }
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

ALWAYS_INLINE uint32_t at_place(const uint32_t *ends, place at) { return ends[at.end] + at.more; }

/* Whether n lines have the layout, each of so many ends; ends[0] is the newline before the first.  If what stands
 * between values is what it should be, no quote and no newline more can stand anywhere, as marks are counted. */
ENT_VECTORS static bool have_layout(const layout *lines, const char *text, const uint32_t *ends, uint32_t n_ends,
                                    uint32_t n) {
    const uint32_t *behind = ends + (size_t)n * n_ends;
    wide wrong = {0};
    for (const piece *p = lines->pieces; p < lines->pieces + lines->n_pieces; p++) {
        const place from = p->from;
        wide fixed;
        wide mask;
        memcpy(&fixed, p->fixed, PIECE);
        memcpy(&mask, p->mask, PIECE);
        for (const uint32_t *line = ends; line < behind; line += n_ends) {
            wide found;
            memcpy(&found, text + at_place(line, from), PIECE);
            wrong |= (found ^ fixed) & mask;
        }
    }
    return (wrong[0] | wrong[1] | wrong[2] | wrong[3]) == 0;
}

/* Whether all these are one to eight digits, or two to seven and a point among them: the commonest numbers.  A word
 * begins with the characters of one, `lens` says how many.  Behind the last are LANES more. */
ALWAYS_INLINE bool are_short_numbers(uint64_t *words, uint64_t *lens, uint32_t n) {
    lanes wrong = {0};
    for (uint32_t i = n; i < n + LANES; i++) {
        words[i] = words[0];
        lens[i] = lens[0];
    }
    for (uint32_t i = 0; i < n; i += LANES) {
        lanes word, len;
        memcpy(&word, words + i, sizeof word);
        memcpy(&len, lens + i, sizeof len);
        lanes unused = (64 - 8 * len) & 63; /* bits; they become zero, at the low end */
        lanes first = ((lanes){0} + 0x80) << unused;
        word = (word ^ ENT_EVERY_BYTE('0')) << unused;
        lanes others = (((word & ENT_LOW_BITS) + ENT_EVERY_BYTE(0x76)) | word) & ENT_HIGH_BITS;
        lanes points = (others << 1) - (others >> 7);
        lanes zero = (lanes)((word & ((first << 1) - 1)) == 0); /* the first digit, as nothing stands before it */
        wrong |= (others & (first | UINT64_C(0x80) << 56)) | (others & (others - 1)) |
                 ((word ^ ENT_EVERY_BYTE('0' ^ '.')) & points) | (zero & (first << 8) & ~others) | (len - 1) >> 3;
    }
    uint64_t any = 0;
    for (uint32_t i = 0; i < LANES; i++) {
        any |= wrong[i];
    }
    return any == 0;
}

ENT_VECTORS static bool have_short_numbers(const bare *b, const char *text, const uint32_t *ends, uint32_t n_ends,
                                           uint32_t n) {
    uint64_t words[AT_ONCE + LANES];
    uint64_t lens[AT_ONCE + LANES];
    const uint32_t *from_end = ends + b->from.end;
    const uint32_t *to_end = ends + b->to.end;
    const uint32_t lead = b->from.more;
    const uint32_t apart = b->to.more - lead;
    if (n == 0) {
        return true;
    }
    ENT_UNROLLED
    for (uint32_t i = 0; i < n; i++, from_end += n_ends, to_end += n_ends) {
        uint32_t before = *from_end;
        lens[i] = *to_end - before + apart;
        words[i] = ent_load8(text + (before + lead));
    }
    return are_short_numbers(words, lens, n);
}

/* How many of n lines have values where no texts are, and no null where one is wanted. */
static uint32_t have_values(const layout *lines, const char *text, const uint32_t *ends, uint32_t n_ends, uint32_t n) {
    for (const bare *b = lines->bares; b < lines->bares + lines->n_bares; b++) {
        if (have_short_numbers(b, text, ends, n_ends, n)) {
            continue;
        }
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t *line = ends + (size_t)i * n_ends;
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

/* How many of n lines are of the layout. */
static uint32_t count_laid_out(const layout *lines, const char *text, const uint32_t *ends, uint32_t n_ends,
                               uint32_t n) {
    uint32_t done = 0;
    uint32_t step;
    uint32_t fine;
    do {
        step = n - done < AT_ONCE ? n - done : AT_ONCE;
        fine = step;
        if (!have_layout(lines, text, ends, n_ends, step)) {
            fine = 0;
            while (fine < step && have_layout(lines, text, ends + (size_t)fine * n_ends, n_ends, 1)) {
                fine++;
            }
        }
        fine = have_values(lines, text, ends, n_ends, fine);
        ends += (size_t)fine * n_ends;
        done += fine;
    } while (fine == AT_ONCE && done < n);
    return done;
}

/* Whether something of these lines would be looked for before the text, where they are not of the layout. */
static bool reaches_back(const layout *lines, const uint32_t *ends, uint32_t n_ends, uint32_t n) {
    for (; n > 0 && ends[0] + 1 < BETWEEN_MAX; n--, ends += n_ends) {
        for (const piece *p = lines->pieces; p < lines->pieces + lines->n_pieces; p++) {
            if ((int32_t)at_place(ends, p->from) < 0) {
                return true;
            }
        }
    }
    return false;
}

/* As many lines as go by their marks; *to is behind them. */
static uint32_t take_marked_rows(ent_json_plain *plain, const char *text, uint32_t last, uint32_t most, uint32_t *to) {
    const layout *lines = &plain->layout;
    const uint32_t n_ends = plain->n_members;
    uint32_t *ends = plain->ends;
    uint32_t n = 0;
    uint32_t found;
    uint32_t taken;
    ends[0] = *to - 1;
    do {
        uint32_t step = last - *to > MARKED ? *to + MARKED : last + 1;
        found = plain->mark(text, *to, step, &lines->turn, ends + 1) / n_ends;
        found = found < most - n ? found : most - n;
        while (found > 0 && ends[found * n_ends] > last) {
            found--;
        }
        found = reaches_back(lines, ends, n_ends, found) ? 0 : found;
        taken = count_laid_out(lines, text, ends, n_ends, found);
        n += taken;
        ends += (size_t)taken * n_ends;
        *to = *ends + 1;
    } while (taken > 0 && taken == found && n < most && *to < last);
    return n;
}

static bool make_room(ent_json_plain *plain, uint32_t most) {
    size_t cells = 2 * (size_t)plain->n_names + 2;
    size_t room = 1 + MARKS_MAX + most * (plain->n_members > cells ? plain->n_members : cells);
    if (room > plain->ends_room) {
        uint32_t *ends = malloc(room * sizeof *ends);
        if (ends == NULL) {
            return false;
        }
        free(plain->ends);
        plain->ends = ends;
        plain->ends_room = room;
    }
    return true;
}

uint32_t ent_json_plain_rows(ent_json_plain *plain, const char *text, uint32_t from, uint32_t last, uint32_t most,
                             ent_plain_rows *rows, uint32_t *to) {
    const uint32_t stride = 2 * plain->n_names + 2;
    uint32_t n;
    *to = from;
    if (!plain->covers || plain->n_members == 0 || !make_room(plain, most)) {
        return 0;
    }
    if (plain->layout.known) {
        n = take_marked_rows(plain, text, last, most, to);
        if (n > 0 && (n >= most / FEW || *to >= last)) {
            *rows = (ent_plain_rows){text, plain->ends + 1, plain->n_members, 0, plain->by_mark};
            return n;
        }
    }
    n = 0;
    *to = from;
    while (n < most && *to < last) {
        const char *end = take_row(plain, text, text + *to, text + last, plain->ends + 1 + (size_t)n * stride);
        if (end == NULL) {
            break;
        }
        *to = (uint32_t)(end - text) + 1 + (*end == '\r');
        n++;
    }
    *rows = (ent_plain_rows){text, plain->ends + 1, stride, 1, plain->by_cell};
    return n;
}
