/* See verify.h.
 *
 * The JSON scan is as strict as the writer, white space is refused: of two files that say the same in other
 * bytes at most one is a ledger.  It keeps nothing but what the chain needs. */
#include "runtime/ledger/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/feed/utf8.h"
#include "runtime/ledger/ledger.h"

enum { DEPTH_MAX = 64, HEX = 2 * ENT_HASH_SIZE };

/* What of a line the chain is made of. */
typedef struct line_parts {
    const char *kind;  /* of the first `kind` of the outermost object, without quotes */
    size_t kind_len;
    const char *seq;   /* digits of the first member, if that is `seq` */
    size_t seq_len;
    bool seq_first;
} line_parts;

typedef struct scan {
    const char *begin, *p, *end;
    const char *expected; /* at p, when the scan has failed */
} scan;

/* --- JSON --- */

static bool refuse(scan *s, const char *expected)
{
    if (!s->expected) {
        s->expected = expected;
    }
    return false;
}

static bool take(scan *s, char c, const char *expected)
{
    if (s->p < s->end && *s->p == c) {
        s->p++;
        return true;
    }
    return refuse(s, expected);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool scan_escape(scan *s)
{
    if (s->p >= s->end) {
        return refuse(s, "an escape");
    }
    char c = *s->p++;
    if (c == 'u') {
        for (int i = 0; i < 4; i++, s->p++) {
            if (s->p >= s->end || !is_hex(*s->p)) {
                return refuse(s, "four hexadecimal digits");
            }
        }
        return true;
    }
    return (c != 0 && strchr("\"\\/bfnrt", c)) || refuse(s, "an escape");
}

static bool scan_text(scan *s, const char **text, size_t *len)
{
    if (!take(s, '"', "a text")) {
        return false;
    }
    *text = s->p;
    while (s->p < s->end && *s->p != '"') {
        if ((unsigned char)*s->p < 0x20) {
            return refuse(s, "no control character in a text");
        }
        if (*s->p++ == '\\' && !scan_escape(s)) {
            return false;
        }
    }
    *len = (size_t)(s->p - *text);
    return take(s, '"', "the end of a text");
}

static bool scan_digits(scan *s)
{
    if (s->p >= s->end || !is_digit(*s->p)) {
        return refuse(s, "a digit");
    }
    while (s->p < s->end && is_digit(*s->p)) {
        s->p++;
    }
    return true;
}

static bool scan_number(scan *s)
{
    if (*s->p == '-') {
        s->p++;
    }
    bool zero = s->p < s->end && *s->p == '0';
    const char *first = s->p;
    if (!scan_digits(s)) {
        return false;
    }
    if (zero && s->p - first > 1) {
        s->p = first + 1;
        return refuse(s, "no digit after a leading zero");
    }
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if (!scan_digits(s)) {
            return false;
        }
    }
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-')) {
            s->p++;
        }
        return scan_digits(s);
    }
    return true;
}

static bool scan_word(scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0) {
        return refuse(s, "a value");
    }
    s->p += n;
    return true;
}

static bool scan_scalar(scan *s)
{
    const char *text;
    size_t len;
    if (s->p >= s->end) {
        return refuse(s, "a value");
    }
    switch (*s->p) {
    case '"':
        return scan_text(s, &text, &len);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        return *s->p == '-' || is_digit(*s->p) ? scan_number(s) : refuse(s, "a value");
    }
}

/* After a value: closes what is closed here.  *more: a comma came, another item must follow. */
static bool close_levels(scan *s, const char *kinds, unsigned *depth, bool *more)
{
    *more = false;
    while (*depth > 0 && s->p < s->end) {
        char closing = kinds[*depth - 1] == '{' ? '}' : ']';
        if (*s->p == ',') {
            s->p++;
            *more = true;
            return true;
        }
        if (*s->p != closing) {
            return refuse(s, closing == '}' ? "`,` or `}`" : "`,` or `]`");
        }
        s->p++;
        (*depth)--;
    }
    return *depth == 0 || refuse(s, kinds[*depth - 1] == '{' ? "`,` or `}`" : "`,` or `]`");
}

static void note_member(line_parts *parts, const char *key, size_t len, const char *value,
                        const char *value_end, bool first)
{
    size_t n = (size_t)(value_end - value);
    if (first && len == 3 && memcmp(key, "seq", 3) == 0) {
        parts->seq_first = true;
        parts->seq = value;
        parts->seq_len = n;
    }
    if (!parts->kind && len == 4 && memcmp(key, "kind", 4) == 0 && n > 2 && *value == '"') {
        parts->kind = value + 1;
        parts->kind_len = n - 2;
    }
}

/* One object over all of the line, without recursion: kinds[] is the stack of open brackets. */
static bool scan_object(scan *s, line_parts *parts)
{
    char kinds[DEPTH_MAX];
    unsigned depth = 1;
    bool first = true;
    if (!take(s, '{', "`{`")) {
        return false;
    }
    kinds[0] = '{';
    while (depth > 0) {
        const char *key = NULL;
        size_t len = 0;
        if (kinds[depth - 1] == '{' && (!scan_text(s, &key, &len) || !take(s, ':', "`:`"))) {
            return false;
        }
        const char *value = s->p;
        bool opens = s->p < s->end && (*s->p == '{' || *s->p == '[');
        if (opens) {
            if (depth == DEPTH_MAX) {
                return refuse(s, "at most 64 levels");
            }
            kinds[depth++] = *s->p++;
            char closing = kinds[depth - 1] == '{' ? '}' : ']';
            bool empty = s->p < s->end && *s->p == closing;
            first = false;
            if (!empty) {
                continue;
            }
        } else if (!scan_scalar(s)) {
            return false;
        }
        if (!opens && depth == 1) {
            note_member(parts, key, len, value, s->p, first);
        }
        first = false;
        bool more;
        if (!close_levels(s, kinds, &depth, &more)) {
            return false;
        }
    }
    return s->p == s->end || refuse(s, "the end of the line");
}

/* --- faults --- */

__attribute__((format(printf, 2, 3))) static bool fault(ent_ledger_report *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->fault, sizeof r->fault, fmt, args);
    va_end(args);
    r->fault_line = r->lines + 1;
    return false;
}

static bool is_digest(const char *p)
{
    for (size_t i = 0; i < HEX; i++) {
        if (!is_digit(p[i]) && !(p[i] >= 'a' && p[i] <= 'f')) {
            return false;
        }
    }
    return true;
}

/* The end of every line: ,"prev":"64 digits","hash":"64 digits"} */
static bool find_tail(const char *line, size_t len, const char **prev, const char **hash,
                      const char **hash_member)
{
    static const char before_prev[] = ",\"prev\":\"";
    static const char before_hash[] = "\",\"hash\":\"";
    static const char after[] = "\"}";
    size_t tail = sizeof before_prev - 1 + HEX + sizeof before_hash - 1 + HEX + sizeof after - 1;
    if (len < tail) {
        return false;
    }
    const char *p = line + len - tail;
    *prev = p + sizeof before_prev - 1;
    *hash_member = *prev + HEX + 1;
    *hash = *prev + HEX + sizeof before_hash - 1;
    return memcmp(p, before_prev, sizeof before_prev - 1) == 0 && is_digest(*prev) &&
           memcmp(*prev + HEX, before_hash, sizeof before_hash - 1) == 0 && is_digest(*hash) &&
           memcmp(*hash + HEX, after, sizeof after - 1) == 0;
}

static bool check_count(ent_ledger_report *r, const line_parts *parts)
{
    bool run = parts->kind_len == 3 && memcmp(parts->kind, "run", 3) == 0;
    char want[24];
    if (r->lines == 0) {
        return run || fault(r, "the first line does not say how the ledger was made: its `kind` is "
                               "not `run`");
    }
    if (run) {
        return fault(r, "a line of kind `run` stands among the decisions");
    }
    if (!parts->seq_first) {
        return fault(r, "a decision does not begin with `seq`");
    }
    int n = snprintf(want, sizeof want, "%lld", (long long)r->decisions + 1);
    if ((size_t)n != parts->seq_len || memcmp(want, parts->seq, parts->seq_len) != 0) {
        return fault(r, "`seq` is %.*s, and %s was to come",
                     parts->seq_len > 24 ? 24 : (int)parts->seq_len, parts->seq, want);
    }
    return true;
}

/* --- lines --- */

/* A line whose text is as it should be: what of it is still to be held against its hash and the line before. */
typedef struct sound_line {
    line_parts parts;
    const char *prev, *hash;
} sound_line;

/* Hashes need not wait for one another, as every line says its `prev`: so lines are hashed side by side.  The hash is
 * that of the line without its last member, closing brace in place. */
enum { BATCH = 64 };

typedef struct batch {
    sound_line line[BATCH];
    const void *text[BATCH]; /* up to the member `hash` */
    size_t len[BATCH];
    size_t n;
} batch;

static bool check_text(ent_ledger_report *r, batch *b, const char *line, size_t len)
{
    scan s = {line, line, line + len, NULL};
    sound_line *sound = &b->line[b->n];
    const char *hash_member;
    size_t valid = ent_utf8_valid_prefix(line, len);
    *sound = (sound_line){.prev = NULL};
    if (valid < len) {
        return fault(r, "it is no UTF-8 text at column %zu", valid + 1);
    }
    if (!scan_object(&s, &sound->parts)) {
        return fault(r, "it is no JSON object as a ledger has it: expected %s at column %zu",
                     s.expected, (size_t)(s.p - line) + 1);
    }
    if (!find_tail(line, len, &sound->prev, &sound->hash, &hash_member)) {
        return fault(r, "it does not end in `prev` and `hash`, of 64 hexadecimal digits each");
    }
    b->text[b->n] = line;
    b->len[b->n] = (size_t)(hash_member - line);
    b->n++;
    return true;
}

static void hash_lines(const batch *b, char (*hashes)[ENT_HASH_TEXT_SIZE])
{
    ent_hash_begun begun[BATCH];
    char ends[BATCH][ENT_BLAKE2B_BLOCK];
    const void *rest[BATCH];
    size_t rest_len[BATCH];
    ent_hash_begin(b->text, b->len, b->n, begun);
    for (size_t i = 0; i < b->n; i++) {
        size_t done = (size_t)begun[i].bytes;
        size_t left = b->len[i] - done; /* less than a block */
        memcpy(ends[i], (const char *)b->text[i] + done, left);
        ends[i][left] = '}';
        rest[i] = ends[i];
        rest_len[i] = left + 1;
    }
    ent_hash_end_all(begun, rest, rest_len, b->n, hashes);
}

static bool check_chain(ent_ledger_report *r, const sound_line *line, const char *computed)
{
    if (memcmp(computed, line->hash, HEX) != 0) {
        return fault(r, "it was changed: its `hash` is %.16s…, its bytes hash to %.16s…", line->hash,
                     computed);
    }
    if (memcmp(line->prev, r->hash, HEX) != 0) {
        return fault(r, r->lines == 0 ? "something stood before it: its `prev` is %.16s…, and a "
                                        "ledger begins with %.16s…"
                                      : "it does not follow the line before: its `prev` is %.16s…, "
                                        "that line's `hash` is %.16s…",
                     line->prev, r->hash);
    }
    if (!check_count(r, &line->parts)) {
        return false;
    }
    memcpy(r->hash, line->hash, HEX);
    r->decisions += r->lines > 0;
    r->lines++;
    return true;
}

/* The lines of the batch, which is empty then. */
static bool check_batch(ent_ledger_report *r, batch *b)
{
    char hashes[BATCH][ENT_HASH_TEXT_SIZE];
    bool ok = true;
    hash_lines(b, hashes);
    for (size_t i = 0; ok && i < b->n; i++) {
        ok = check_chain(r, &b->line[i], hashes[i]);
    }
    b->n = 0;
    return ok;
}

void ent_ledger_verify_begin(ent_ledger_report *report)
{
    *report = (ent_ledger_report){0};
    memcpy(report->hash, ENT_LEDGER_FIRST_PREV, sizeof report->hash);
}

bool ent_ledger_verify_lines(const char *lines, size_t len, ent_ledger_report *report)
{
    batch b;
    b.n = 0;
    for (size_t at = 0; at < len;) {
        const char *line = lines + at;
        const char *end = memchr(line, '\n', len - at);
        size_t n = end ? (size_t)(end - line) : len - at;
        if (b.n == BATCH && !check_batch(report, &b)) {
            return false;
        }
        if (!check_text(report, &b, line, n)) { /* a line before may have a fault, which is the one to tell */
            return check_batch(report, &b) && check_text(report, &b, line, n);
        }
        at += n + 1;
    }
    return check_batch(report, &b);
}

bool ent_ledger_verify_end(size_t rest, ent_ledger_report *report)
{
    if (rest > 0) {
        report->torn = true;
        return fault(report, "it was not written to its end: no newline follows");
    }
    if (report->lines == 0) {
        (void)fault(report, "it is empty: a ledger has at least the line that says how it was made");
        report->fault_line = 0;
        return false;
    }
    return true;
}

bool ent_ledger_verify(const char *bytes, size_t len, ent_ledger_report *report)
{
    const char *last = len > 0 ? memrchr(bytes, '\n', len) : NULL;
    size_t whole = last ? (size_t)(last - bytes) + 1 : 0;
    ent_ledger_verify_begin(report);
    return ent_ledger_verify_lines(bytes, whole, report) && ent_ledger_verify_end(len - whole, report);
}
