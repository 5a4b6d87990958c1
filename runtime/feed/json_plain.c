/* See json_plain.h. */
#include "runtime/feed/json_plain.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "runtime/vm/swar.h"

enum { MEMBERS_MAX = 64, SHAPE_MAX = 4096, WORD = 8 };

/* What stands before a value, and which wanted name the value has. */
typedef struct member {
    uint32_t at, len; /* in the shape's text, which has WORD bytes to spare */
    int32_t name;     /* -1: nobody wants it */
} member;

struct ent_json_plain {
    const char *const *names;
    uint32_t n_names;
    bool covers; /* every name is a member */
    uint32_t n_members;
    member members[MEMBERS_MAX];
    char shape[SHAPE_MAX + WORD];
};

ent_json_plain *ent_json_plain_new(const char *const *names, uint32_t n_names) {
    ent_json_plain *plain = calloc(1, sizeof *plain);
    if (plain != NULL) {
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

/* Takes the line for the new shape; without one, there are no members. */
static void learn(ent_json_plain *plain, const char *line, const char *end) {
    const char *p = line;
    uint32_t n = 0;
    uint32_t used = 0;
    uint64_t named = 0;
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
        p = take_value(value, &cell);
        if (p == NULL || p >= end) {
            return;
        }
        n++;
    }
    plain->covers = named == plain->n_names;
    plain->n_members = n;
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

uint32_t ent_json_plain_rows(const ent_json_plain *plain, const char *text, uint32_t from, uint32_t last,
                             uint32_t most, uint32_t *ends, uint32_t *to) {
    uint32_t n = 0;
    *to = from;
    while (plain->covers && plain->n_members > 0 && n < most && *to < last) {
        const char *end = take_row(plain, text, text + *to, text + last, ends + (size_t)n * (2 * plain->n_names + 2));
        if (end == NULL) {
            break;
        }
        *to = (uint32_t)(end - text) + 1 + (*end == '\r');
        n++;
    }
    return n;
}
