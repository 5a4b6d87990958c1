/* One mistake, one error: what follows from another error is taken off the list before it is shown.
 *
 * The parser goes on after a syntax error, and the checker with what is left of the tree, so one slip
 * may be complained of more than once.  These complaints follow from others:
 *  - what is said of the same line as a syntax error, with no word of the language in between, and what
 *    is said behind it of meaning;
 *  - in a member with a syntax error (a duty whose `when` could not be read): what is said of types
 *    and of what is missing; and, where the next member's keyword was lost, of clauses out of place;
 *    elsewhere, what points at such a member;
 *  - behind a stray character (the `%` of a lost figure): what the parser says of the same member;
 *  - in a member whose keyword only ended the recovery, being of the clause that could not be read;
 *  - of the member before, which the unexpected words cut short;
 *  - after a word where a declaration should begin: members that now stand in none;
 *  - where the `{` of a declaration was lost: all that it swallowed;
 *  - of uses of one unknown name, all but the first, which says how many more there are;
 *  - of allowances and steps, what follows from a name or an amount in them that is not understood.
 * The first error of each kind always stays, so the number of errors is never brought to nothing.
 * Tested by tests/property/mutants.py; golden: tests/golden/diagnostics/cascade_*. */
#include <string.h>

#include "compiler/syntax/diag_internal.h"
#include "compiler/syntax/parser_internal.h"

/* What the parser says of a token in the wrong place; a bad literal or text is a mistake of its own. */
static bool is_syntax(ent_diag_code code)
{
    return code == ENT_DIAG_E0101 || code == ENT_DIAG_E0102 || code == ENT_DIAG_E0103 ||
           code == ENT_DIAG_E0118 || code == ENT_DIAG_E0119 || code == ENT_DIAG_E0126 ||
           code == ENT_DIAG_E0416 || code == ENT_DIAG_E0418;
}

/* Each is held against each: a file with more mistakes than that is not worth the time. */
enum { COMPARED_MAX = 300, REGIONS_MAX = 1000 };

static bool is_unknown_name(ent_diag_code code)
{
    return code >= ENT_DIAG_E0201 && code <= ENT_DIAG_E0212 && code != ENT_DIAG_E0205 &&
           code != ENT_DIAG_E0206;
}

static bool is_error(const ent_diag *d)
{
    return ent_diag_code_info(d->code)->severity == ENT_SEVERITY_ERROR;
}

static uint32_t line_of(const ent_diags *diags, const ent_diag *d)
{
    return ent_source_position(diags->sources, d->span.file, d->span.start).line;
}

static bool share_line(const ent_diags *diags, const ent_diag *a, const ent_diag *b)
{
    return a->span.file == b->span.file && a->span.file != ENT_NO_FILE &&
           line_of(diags, a) == line_of(diags, b);
}

/* Whether nothing of the language's own words stands between the two. */
static bool are_neighbours(const ent_diags *diags, const ent_diag *a, const ent_diag *b)
{
    bool a_first = a->span.start <= b->span.start;
    size_t at = a_first ? a->span.end : b->span.end, len = 0;
    size_t end = a_first ? b->span.start : a->span.start;
    const char *text = ent_sources_text(diags->sources, a->span.file, &len);
    while (text != NULL && at < end && end <= len) {
        size_t n = 0;
        ent_word_class class;
        while (at + n < end && ent_is_letter(text[at + n])) {
            n++;
        }
        if (n > 0 && ent_word_token(text + at, n, &class) != ent_word_token("", 0, &class)) {
            return false;
        }
        at += n > 0 ? n : 1;
    }
    return true;
}

/* Whether the complaint may be of no more than what another one left over.  A stray character is what
 * it is, but for the dot of a name that was not there. */
static bool may_echo(const ent_diags *diags, const ent_diag *d)
{
    size_t len = 0;
    const char *text = ent_sources_text(diags->sources, d->span.file, &len);
    if (d->code == ENT_DIAG_E0103) {
        return text != NULL && d->span.start < len && text[d->span.start] == '.';
    }
    return d->code >= ENT_DIAG_E0201 || (is_syntax(d->code) && d->code != ENT_DIAG_E0118);
}

/* The region that the diagnostic lies in: the last one that begins before it.  NULL: none. */
static const diag_region *region_of(const ent_diags *diags, const ent_diag *d, bool member)
{
    const diag_region *found = NULL;
    for (size_t i = 0; i < diags->n_regions; i++) {
        const diag_region *r = &diags->regions[i];
        if ((r->kind == ENT_REGION_MEMBER) == member && r->span.file == d->span.file &&
            r->span.start <= d->span.start && (found == NULL || r->span.start >= found->span.start)) {
            found = r;
        }
    }
    return found;
}

/* Between declarations: the word that should begin one was not understood. */
static bool is_between(const ent_diags *diags, const ent_diag *d)
{
    const diag_region *r = region_of(diags, d, false);
    return diags->n_regions > 0 && (r == NULL || d->span.start >= r->span.end);
}

static bool begins_between(const ent_diags *diags, const ent_diag *a, const ent_diag *b)
{
    for (size_t i = 0; i < diags->n_regions; i++) {
        const diag_region *r = &diags->regions[i];
        if (r->kind == ENT_REGION_HOME && r->span.file == a->span.file &&
            r->span.start > a->span.start && r->span.start <= b->span.start) {
            return true;
        }
    }
    return false;
}

static bool is_within(ent_span inner, ent_span outer)
{
    return inner.file == outer.file && inner.start >= outer.start && inner.end <= outer.end;
}

static bool is_structure(const ent_diag *d)
{
    return d->code == ENT_DIAG_E0120 || d->code == ENT_DIAG_E0125;
}

static bool follows_on_line(const ent_diags *diags, const ent_diag *d, const ent_diag *syntax)
{
    bool behind = d->code >= ENT_DIAG_E0301 && d->span.start > syntax->span.start;
    return share_line(diags, d, syntax) && (behind || (may_echo(diags, d) && are_neighbours(diags, d, syntax)));
}

static bool is_blank(const char *text, size_t from, size_t to, bool lines)
{
    while (from < to && (text[from] == ' ' || text[from] == '\t' || (lines && text[from] == '\n'))) {
        from++;
    }
    return from >= to;
}

static bool follows_stray(const ent_diags *diags, const ent_diag *d, const ent_diag *syntax)
{
    size_t len = 0;
    const char *text = ent_sources_text(diags->sources, d->span.file, &len);
    if (syntax->code != ENT_DIAG_E0103 || !is_syntax(d->code) || d->code == ENT_DIAG_E0103 ||
        d->span.start <= syntax->span.start || text == NULL || d->span.start > len) {
        return false;
    }
    const diag_region *member = region_of(diags, syntax, true);
    return is_blank(text, syntax->span.end, d->span.start, true) ||
           (member != NULL && member == region_of(diags, d, true));
}

static bool is_first_on_line(const char *text, size_t at)
{
    while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t')) {
        at--;
    }
    return at == 0 || text[at - 1] == '\n';
}

/* The last keyword before it that begins a declaration is one on the other error's line, behind it: there the
 * parser took up again, within the clause that it had not understood. */
static bool is_in_false_member(const ent_diags *diags, const ent_diag *d, const ent_diag *syntax)
{
    size_t len = 0, at = syntax->span.start;
    const char *text = ent_sources_text(diags->sources, d->span.file, &len);
    bool first_line = true, found = false;
    if (!is_syntax(d->code) || !may_echo(diags, d) || text == NULL || d->span.start > len) {
        return false;
    }
    while (at < d->span.start) {
        size_t n = 0;
        ent_word_class class = ENT_WORD_NAME;
        while (at + n < d->span.start && ent_is_letter(text[at + n])) {
            n++;
        }
        (void)ent_word_token(text + at, n, &class);
        if (n > 0 && class == ENT_WORD_DECL) {
            found = first_line && !is_first_on_line(text, at);
        }
        first_line = first_line && text[at] != '\n';
        at += n > 0 ? n : 1;
    }
    return found;
}

/* The member at `place` ends in the middle of a line, and what comes there is what could not be read. */
static bool is_cut_short(const ent_diags *diags, const ent_diag *d, ent_span place, const ent_diag *syntax)
{
    size_t len = 0;
    const ent_diag at = {.span = place};
    const diag_region *member = region_of(diags, &at, true);
    const char *text = ent_sources_text(diags->sources, place.file, &len);
    if (d->code < ENT_DIAG_E0301 || text == NULL || member == NULL || !is_within(place, member->span) ||
        place.file != syntax->span.file || member->span.end >= syntax->span.start || syntax->span.start > len) {
        return false;
    }
    const char *rest = text + member->span.end;
    const char *line = memchr(rest, '\n', syntax->span.start - member->span.end);
    size_t end = line == NULL ? syntax->span.start : (size_t)(line - text);
    return !is_blank(text, member->span.end, end, false) && is_blank(text, end, syntax->span.start, true);
}

/* What is complained of, or what it points at. */
static bool was_cut_short(const ent_diags *diags, const ent_diag *d, const ent_diag *syntax)
{
    bool cut = is_cut_short(diags, d, d->span, syntax);
    for (const diag_label *l = d->labels; l != NULL && !cut; l = l->next) {
        cut = is_cut_short(diags, d, l->span, syntax);
    }
    return cut;
}

/* In the member with the syntax error, or about it. */
static bool follows_in_member(const ent_diags *diags, const ent_diag *d, const ent_diag *syntax)
{
    const diag_region *member = region_of(diags, syntax, true);
    const diag_region *home = region_of(diags, syntax, false);
    if (is_between(diags, syntax) || member == NULL || member->span.start < home->span.start) {
        return false;
    }
    if (member == region_of(diags, d, true) && !is_between(diags, d)) {
        return d->code >= ENT_DIAG_E0301 ||
               ((syntax->lost & ENT_LOST_MEMBER) && d->span.start > syntax->span.start &&
                (is_structure(d) || (is_syntax(d->code) && may_echo(diags, d))));
    }
    for (const diag_label *l = d->labels; l != NULL && d->code >= ENT_DIAG_E0301; l = l->next) {
        if (is_within(l->span, member->span) && is_within(syntax->span, member->span)) {
            return true;
        }
    }
    return false;
}

/* A brace comes after the syntax error and before any declaration: only a word of the header was wrong. */
static bool opens_before(const ent_diags *diags, const ent_diag *syntax, const ent_diag *d)
{
    size_t len = 0, at = syntax->span.start;
    const char *text = ent_sources_text(diags->sources, syntax->span.file, &len);
    while (text != NULL && d->span.start <= len && at < d->span.start && text[at] != '{') {
        size_t n = 0;
        ent_word_class class = ENT_WORD_NAME;
        while (at + n < d->span.start && ent_is_letter(text[at + n])) {
            n++;
        }
        (void)ent_word_token(text + at, n, &class);
        if (n > 0 && class == ENT_WORD_DECL && is_first_on_line(text, at)) {
            return false;
        }
        at += n > 0 ? n : 1;
    }
    return text != NULL && d->span.start <= len && at < d->span.start;
}

/* What was to be a declaration is none, or has swallowed the next ones. */
static bool follows_in_home(const ent_diags *diags, const ent_diag *d, const ent_diag *syntax)
{
    const diag_region *home = region_of(diags, syntax, false);
    if (d->span.start <= syntax->span.start) {
        return false;
    }
    if ((syntax->lost & ENT_LOST_BODY) && home != NULL && is_within(d->span, home->span) &&
        !opens_before(diags, syntax, d)) {
        return true;
    }
    return syntax->code != ENT_DIAG_E0103 &&
           (is_between(diags, syntax) || (syntax->lost & ENT_LOST_DECLARATION)) &&
           !begins_between(diags, syntax, d) &&
           (d->code == ENT_DIAG_E0449 || is_structure(d) || (is_syntax(d->code) && may_echo(diags, d)));
}

static bool follows_from(const ent_diags *diags, const ent_diag *d, const ent_diag *syntax)
{
    return d->span.file == syntax->span.file &&
           (follows_on_line(diags, d, syntax) || follows_stray(diags, d, syntax) ||
            is_in_false_member(diags, d, syntax) || was_cut_short(diags, d, syntax) ||
            follows_in_member(diags, d, syntax) || follows_in_home(diags, d, syntax));
}

static size_t drop_aftermath(ent_diags *diags)
{
    size_t kept = 0;
    bool *gone = ent_arena_alloc_array(diags->arena, diags->n + 1, sizeof *gone);
    for (size_t i = 0; gone != NULL && i < diags->n; i++) {
        const ent_diag *syntax = diags->list[i];
        for (size_t k = 0; is_syntax(syntax->code) && !gone[i] && k < diags->n; k++) {
            const ent_diag *d = diags->list[k];
            bool later = !is_syntax(d->code) || k > i;
            gone[k] = gone[k] || (k != i && later && is_error(d) && follows_from(diags, d, syntax));
        }
    }
    for (size_t i = 0; i < diags->n; i++) {
        if (gone == NULL || !gone[i]) {
            diags->list[kept++] = diags->list[i];
        }
    }
    return kept;
}

/* --- unknown names --- */

static bool is_same_name(const ent_diags *diags, const ent_diag *a, const ent_diag *b)
{
    size_t len_a = 0, len_b = 0;
    const char *text_a = ent_sources_text(diags->sources, a->span.file, &len_a);
    const char *text_b = ent_sources_text(diags->sources, b->span.file, &len_b);
    size_t n = a->span.end - a->span.start;
    return text_a != NULL && text_b != NULL && n > 0 && n == b->span.end - b->span.start &&
           a->span.end <= len_a && b->span.end <= len_b &&
           memcmp(text_a + a->span.start, text_b + b->span.start, n) == 0;
}

static size_t join_names(ent_diags *diags)
{
    size_t kept = 0;
    for (size_t i = 0; i < diags->n; i++) {
        ent_diag *d = diags->list[i], *first = NULL;
        for (size_t k = 0; k < kept && first == NULL && is_unknown_name(d->code); k++) {
            ent_diag *before = diags->list[k];
            first = is_unknown_name(before->code) && is_same_name(diags, before, d) ? before : NULL;
        }
        if (first == NULL) {
            diags->list[kept++] = d;
        } else {
            first->n_more++;
        }
    }
    for (size_t i = 0; i < kept; i++) {
        ent_diag *d = diags->list[i];
        if (d->n_more > 0) {
            ent_diag_note(d, "and in %zu more place%s", d->n_more, d->n_more == 1 ? "" : "s");
            d->n_more = 0;
        }
    }
    return kept;
}

/* Of a list, what is missing in it because one of its words is not understood: an amount pays nothing that could
 * be held against the target, and a value is not named. */
typedef struct gap {
    ent_diag_code code, because;
} gap;
static const gap gaps[] = {{ENT_DIAG_E0421, ENT_DIAG_E0201}, {ENT_DIAG_E0407, ENT_DIAG_E0206}};

static bool is_gap(const ent_diags *diags, const ent_diag *d)
{
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
        for (size_t k = 0; d->code == gaps[g].code && k < diags->n; k++) {
            const ent_diag *of = diags->list[k];
            if (of->code == gaps[g].because && (is_within(of->span, d->span) || share_line(diags, d, of))) {
                return true;
            }
        }
    }
    return false;
}

static size_t drop_gaps(ent_diags *diags)
{
    size_t kept = 0;
    for (size_t i = 0; i < diags->n; i++) {
        ent_diag *d = diags->list[i];
        bool follows = is_gap(diags, d);
        diags->list[kept] = d;
        kept += !follows;
    }
    return kept;
}

void ent_diags_region(ent_diags *diags, ent_span span, ent_region_kind kind)
{
    if (diags->n_regions > REGIONS_MAX) {
        return;
    }
    diag_region *grown = ent_arena_grow_array(diags->arena, diags->regions, diags->n_regions,
                                              diags->n_regions + 1, sizeof *grown);
    if (grown != NULL) {
        diags->regions = grown;
        diags->regions[diags->n_regions++] = (diag_region){span, kind};
    }
}

void ent_diag_lost(ent_diag *d, unsigned what)
{
    d->lost |= what;
}

void ent_diags_conclude(ent_diags *diags)
{
    ent_diags_settle(diags);
    if (diags->concluded != diags->n && diags->n <= COMPARED_MAX &&
        diags->n_regions <= REGIONS_MAX) {
        diags->n = drop_aftermath(diags);
        diags->n = drop_gaps(diags);
        diags->n = join_names(diags);
        diags->concluded = diags->n;
    }
}
