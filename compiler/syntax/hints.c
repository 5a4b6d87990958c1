/* What was meant where something else was expected: words of contracts, dates and amounts as people write them.
 *
 * The error itself is report.c's; here a mend is found for it, in the text at the place.  Where there is no
 * doubt it can be applied by an editor. */
#include <string.h>

#include "compiler/syntax/parser_internal.h"

#include "parser.h"

static const struct {
    int expected;
    const char *says;
    const char *mend;
} hints[] = {
#define ENT_HINT(expected, says, mend) {expected, says, mend},
#include "compiler/syntax/hints.def"
#undef ENT_HINT
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t skip_blanks(const ent_parser *p, size_t at)
{
    while (at < p->len && is_blank(p->source[at])) {
        at++;
    }
    return at;
}

static size_t skip_word(const ent_parser *p, size_t at)
{
    while (at < p->len && ent_is_letter(p->source[at])) {
        at++;
    }
    return at;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* How far the phrase reaches in the text at `at`, whatever its blanks and capitals; 0: it is not there. */
static size_t match_phrase(const ent_parser *p, size_t at, const char *phrase)
{
    size_t start = at;
    for (const char *c = phrase; *c != '\0'; c++) {
        if (*c == ' ') {
            size_t next = skip_blanks(p, at);
            if (next == at) {
                return 0;
            }
            at = next;
        } else if (at < p->len && lower(p->source[at]) == *c) {
            at++;
        } else {
            return 0;
        }
    }
    bool cut = ent_is_letter(phrase[0]) && at < p->len && (ent_is_letter(p->source[at]) || ent_is_digit(p->source[at]));
    return cut ? 0 : at - start;
}

static ent_span stretch(const ent_parser *p, size_t from, size_t to)
{
    return (ent_span){p->file, (uint32_t)from, (uint32_t)to};
}

static bool mend(ent_parser *p, ent_diag *d, size_t from, size_t to, const char *text)
{
    if (text != NULL && text[0] == '\0') {
        int shown = (int)(to - from < 20 ? to - from : 20);
        ent_diag_fix(d, stretch(p, from, skip_blanks(p, to)), text, "leave `%.*s` out", shown, p->source + from);
        return true;
    }
    if (text != NULL) {
        ent_diag_fix(d, stretch(p, from, to), text, "write `%s`", text);
    }
    return text != NULL;
}

/* "4 hours": the number lies in [from, to) and what it counts begins at `at`. */
static bool hint_duration(ent_parser *p, ent_diag *d, size_t from, size_t to, size_t at)
{
    static const char *const of_work[] = {"business", "working", "office", "service"};
    static const char *const calendar[] = {"month", "months", "quarter", "quarters", "year", "years"};
    size_t end = skip_word(p, at);
    int shown = (int)(to - from < 20 ? to - from : 20);
    const char *word = p->source + at;
    const char *unit = ent_literal_unit(word, end - at);
    if (unit != NULL) {
        return mend(p, d, from, end, ent_arena_printf(p->arena, "%.*s%s", shown, p->source + from, unit));
    }
    for (size_t i = 0; i < sizeof calendar / sizeof *calendar; i++) {
        if (match_phrase(p, at, calendar[i]) > 0) {
            ent_diag_help(d, "a %s has no fixed length: write days, `30d`, or let a window say `each %s`",
                          calendar[i / 2 * 2], calendar[i / 2 * 2]);
            return true;
        }
    }
    for (size_t i = 0; i < sizeof of_work / sizeof *of_work; i++) {
        size_t next = skip_blanks(p, at + match_phrase(p, at, of_work[i]));
        unit = ent_literal_unit(p->source + next, skip_word(p, next) - next);
        if (next > at && unit != NULL) {
            ent_diag_help(d, "time that counts only while a calendar is open is `8h of CALENDAR`");
            return true;
        }
    }
    return false;
}

/* A number that people write another way: 4 hours, 95 percent, 10_000 GBP.  It lies in [from, to). */
static bool hint_number(ent_parser *p, ent_diag *d, size_t from, size_t to)
{
    size_t at = skip_blanks(p, to);
    size_t end = skip_word(p, at);
    if (end == at || at == to) {
        return false;
    }
    int shown = (int)(to - from < 20 ? to - from : 20);
    if (match_phrase(p, at, "percent") > 0 || match_phrase(p, at, "pct") > 0) {
        return mend(p, d, from, end, ent_arena_printf(p->arena, "%.*s%%", shown, p->source + from));
    }
    if (match_phrase(p, at, "per cent") > 0) {
        end = at + match_phrase(p, at, "per cent");
        return mend(p, d, from, end, ent_arena_printf(p->arena, "%.*s%%", shown, p->source + from));
    }
    if (ent_literal_is_currency(p->source + at, end - at)) {
        return mend(p, d, from, end,
                    ent_arena_printf(p->arena, "%.3s %.*s", p->source + at, shown, p->source + from));
    }
    return hint_duration(p, d, from, to, at);
}

/* 31/12/2026 and 31.12.2026: which of the first two is the month is for the author to say. */
static bool hint_date(ent_parser *p, ent_diag *d, size_t at)
{
    size_t parts = 0, digits = 0;
    for (; at < p->len; at++) {
        if (ent_is_digit(p->source[at])) {
            digits++;
        } else if ((p->source[at] == '/' || p->source[at] == '.') && digits > 0 && digits <= 4 && parts < 2) {
            parts++;
            digits = 0;
        } else {
            break;
        }
    }
    if (parts == 2 && digits == 4) {
        ent_diag_help(d, "a date is year, month and day: `2026-12-31`");
        return true;
    }
    return false;
}

/* Where the text before `at`, blanks left out, ends in a word: its start, else `at`. */
static size_t before_word(const ent_parser *p, size_t at, const char *word)
{
    size_t end = at, n = strlen(word);
    while (end > 0 && is_blank(p->source[end - 1])) {
        end--;
    }
    bool there = end >= n && memcmp(p->source + end - n, word, n) == 0 &&
                 (end == n || !ent_is_letter(p->source[end - n - 1]));
    return there ? end - n : at;
}

/* `effective 2026-01-01` and `effective from 2026-01-01 to 2026-12-31`. */
static bool hint_term(ent_parser *p, ent_diag *d, ent_span span, int token, const bool *could)
{
    const ent_token *before = &p->last_but;
    size_t date = before->span.start;
    if (before->kind == DATE && could[DOTDOT] && before_word(p, date, "effective") < date &&
        (token == LBRACE || before->span.end < span.start)) {
        bool last = token == LBRACE || p->last.first_on_line;
        if (last) {
            ent_diag_fix(d, stretch(p, date, date), "from ", "a term without an end is `effective from %.10s`",
                         p->source + date);
        }
        return last;
    }
    if (token != DATE || before->kind != TO) {
        return false;
    }
    size_t end = before->span.start;
    while (end > 0 && is_blank(p->source[end - 1])) {
        end--;
    }
    size_t first = end < 10 ? 0 : end - 10;
    size_t from = before_word(p, first, "from");
    if (from < first) {
        const char *text = ent_arena_printf(p->arena, "%.10s ..", p->source + first);
        if (text != NULL) {
            ent_diag_fix(d, stretch(p, from, before->span.end), text,
                         "a term with an end is `effective %s %.10s`, without `from`", text,
                         p->source + span.start);
        }
        return text != NULL;
    }
    return false;
}

/* A text without its quotes. */
static bool hint_quotes(ent_parser *p, ent_diag *d, ent_span span)
{
    size_t end = span.start;
    while (end < p->len && (ent_is_letter(p->source[end]) || ent_is_digit(p->source[end]) || p->source[end] == '/' ||
                            p->source[end] == '+' || p->source[end] == '-')) {
        end++;
    }
    int len = (int)(end - span.start < 60 ? end - span.start : 60);
    return mend(p, d, span.start, end, ent_arena_printf(p->arena, "\"%.*s\"", len, p->source + span.start));
}

static bool hint_phrase(ent_parser *p, ent_diag *d, size_t at, const bool *could)
{
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        size_t n = could[hints[i].expected] ? match_phrase(p, at, hints[i].says) : 0;
        bool elsewhere = (hints[i].expected == PAUSING && p->declaration != DUTY) ||
                         (hints[i].expected == EXCLUDING && p->declaration != OBJECTIVE);
        if (n > 0 && !elsewhere) {
            return mend(p, d, at, at + n, hints[i].mend);
        }
    }
    return false;
}

bool ent_hint_says(const ent_parser *p, ent_span span, int expected)
{
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (hints[i].expected == expected && match_phrase(p, span.start, hints[i].says) > 0) {
            return true;
        }
    }
    return false;
}

bool ent_hint(ent_parser *p, ent_diag *d, ent_span span, int token, const bool *could)
{
    const ent_token *before = &p->last_but;
    bool number = token == INT || token == DECIMAL;
    bool after_number = before->kind == INT || before->kind == DECIMAL;
    if (number && could[DATE] && hint_date(p, d, span.start)) {
        return true;
    }
    if (number && (could[DURATION] || could[MONEY] || could[PERCENT]) &&
        hint_number(p, d, span.start, span.end)) {
        return true;
    }
    if (after_number && hint_number(p, d, before->span.start, before->span.end)) {
        return true;
    }
    if (before->kind == PERCENT && could[OF] && !could[PLUS]) {
        ent_diag_fix(d, stretch(p, before->span.end, before->span.end),
                     token == CHARGE ? " of" : " of charge", "a percentage of what? `%.*s of charge`",
                     (int)(before->span.end - before->span.start), p->source + before->span.start);
        return true;
    }
    if (token == COMMA && could[AND] && !could[OR]) {
        return mend(p, d, span.start, span.end, " and");
    }
    if (token == COLON) {
        ent_diag_fix(d, span, "", "words and what belongs to them have no `:` between them");
        return true;
    }
    if ((before->kind == EACH && (number || token == DURATION)) || (before->kind == ROLLING && token == ID)) {
        ent_diag_help(d, "windows of the calendar are `each day`, `week`, `month`, `quarter` or `year`; one that is "
                         "so and so long rolls: `rolling 30d every 1d`");
        return true;
    }
    if (before->kind == VERSION && could[INT]) {
        ent_diag_help(d, "a version is a whole number: 1, and one more at each amendment");
        return true;
    }
    if (token == ID && could[TEXT] && !could[ID] && before->kind == TIMEZONE) {
        return hint_quotes(p, d, span);
    }
    if (token == ID && could[DATE] && !could[ID] && !ent_hint_says(p, span, FROM)) {
        ent_diag_help(d, "a date is year, month and day: `2026-12-31`");
        return true;
    }
    if (hint_term(p, d, span, token, could)) {
        return true;
    }
    if (token == GT && before->kind == LT && before->span.end == span.start) {
        return mend(p, d, before->span.start, span.end, "!=");
    }
    if ((token == EACH || token == ROLLING) && could[AT_LEAST] && !could[EACH]) {
        ent_diag_help(d, "an objective's target is said in words, `at least 95%%` or `at most 4h`: a sign such as "
                         "`>=` belongs to the expression before it");
        return true;
    }
    return hint_phrase(p, d, span.start, could);
}
