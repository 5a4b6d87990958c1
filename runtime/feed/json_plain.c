/* See json_plain.h. */
#include "runtime/feed/json_plain.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

/* The end of a number, or NULL. */
static inline const char *end_of_number(const char *p) {
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

static inline uint64_t load(const char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline bool same_text(const char *a, const char *b, uint32_t len) {
    if (len < WORD) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        return (load(a) ^ load(b)) << (64 - 8 * len) == 0; /* a key takes four bytes at least */
#else
        return memcmp(a, b, len) == 0;
#endif
    }
    for (uint32_t i = 0; i + WORD <= len; i += WORD) {
        if (load(a + i) != load(b + i)) {
            return false;
        }
    }
    return load(a + len - WORD) == load(b + len - WORD);
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
