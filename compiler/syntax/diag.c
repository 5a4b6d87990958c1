/* Collecting diagnostics: the table of codes, adding, sorting, suggestions.  See diag.h. */
#include <stdlib.h>
#include <string.h>

#include "compiler/syntax/diag_internal.h"

enum {
    KEPT_MAX = 10000,  /* a hostile file must not fill memory with complaints */
    SUGGEST_BYTES = 64 /* longer names are not compared */
};

static const ent_diag_info infos[ENT_DIAG_COUNT] = {
    [ENT_DIAG_NONE] = {0},
#define ENT_DIAG(code, slug, severity, meaning)                                                    \
    [ENT_DIAG_##code] = {#code, slug, ENT_SEVERITY_##severity, meaning},
#include "compiler/syntax/diagnostics.def"
#undef ENT_DIAG
};

const ent_diag_info *ent_diag_code_info(ent_diag_code code)
{
    return (int)code > 0 && code < ENT_DIAG_COUNT ? &infos[code] : NULL;
}

ent_diag_code ent_diag_code_find(const char *code)
{
    for (int i = 1; i < ENT_DIAG_COUNT; i++) {
        if (strcmp(infos[i].code, code) == 0) {
            return (ent_diag_code)i;
        }
    }
    return ENT_DIAG_NONE;
}

ent_diags *ent_diags_new(ent_arena *arena, ent_sources *sources)
{
    ent_diags *diags = ent_arena_alloc(arena, sizeof *diags);
    if (diags != NULL) {
        diags->arena = arena;
        diags->sources = sources;
        diags->settled = true;
        diags->dummy.owner = diags;
    }
    return diags;
}

/* Where additions go that cannot be kept; it is never shown. */
static ent_diag *dummy(ent_diags *diags)
{
    diags->dummy.labels_end = NULL;
    diags->dummy.remarks_end = NULL;
    return &diags->dummy;
}

ent_diag *ent_diag_add(ent_diags *diags, ent_diag_code code, ent_span span, const char *format, ...)
{
    if (diags->n == KEPT_MAX) {
        diags->dropped += infos[code].severity == ENT_SEVERITY_ERROR;
        return dummy(diags);
    }
    if (diags->n == diags->cap) {
        size_t cap = diags->cap == 0 ? 16 : diags->cap * 2;
        ent_diag **list =
            ent_arena_grow_array(diags->arena, diags->list, diags->n, cap, sizeof *list);
        if (list == NULL) {
            diags->failed = true;
            return dummy(diags);
        }
        diags->list = list;
        diags->cap = cap;
    }
    ent_diag *d = ent_arena_alloc(diags->arena, sizeof *d);
    va_list args;
    va_start(args, format);
    const char *message = ent_arena_vprintf(diags->arena, format, args);
    va_end(args);
    if (d == NULL || message == NULL) {
        diags->failed = true;
        return dummy(diags);
    }
    *d = (ent_diag){.owner = diags, .code = code, .span = span, .message = message};
    d->labels_end = &d->labels;
    d->remarks_end = &d->remarks;
    d->order = diags->n;
    diags->list[diags->n++] = d;
    diags->settled = false;
    return d;
}

void ent_diag_primary_label(ent_diag *d, const char *format, ...)
{
    if (d->labels_end == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    d->label = ent_arena_vprintf(d->owner->arena, format, args);
    va_end(args);
}

void ent_diag_label(ent_diag *d, ent_span span, const char *format, ...)
{
    if (d->labels_end == NULL) {
        return;
    }
    diag_label *l = ent_arena_alloc(d->owner->arena, sizeof *l);
    va_list args;
    va_start(args, format);
    const char *message = ent_arena_vprintf(d->owner->arena, format, args);
    va_end(args);
    if (l != NULL && message != NULL) {
        *l = (diag_label){NULL, span, message};
        *d->labels_end = l;
        d->labels_end = &l->next;
    }
}

static diag_remark *add_remark(ent_diag *d, const char *format, va_list args)
{
    diag_remark *r = ent_arena_alloc(d->owner->arena, sizeof *r);
    const char *message = ent_arena_vprintf(d->owner->arena, format, args);
    if (r == NULL || message == NULL) {
        return NULL;
    }
    r->message = message;
    r->span = ENT_NO_SPAN;
    *d->remarks_end = r;
    d->remarks_end = &r->next;
    return r;
}

void ent_diag_note(ent_diag *d, const char *format, ...)
{
    if (d->remarks_end == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    diag_remark *r = add_remark(d, format, args);
    va_end(args);
    if (r != NULL) {
        r->is_note = true;
    }
}

void ent_diag_example(ent_diag *d, const char *text)
{
    d->example = ent_arena_strdup(d->owner->arena, text);
}

void ent_diag_example_file(ent_diag *d, const char *name, const char *content)
{
    d->example_name = ent_arena_strdup(d->owner->arena, name);
    d->example_content = ent_arena_strdup(d->owner->arena, content);
}

bool ent_diags_example(ent_diags *diags, size_t n, ent_diag_example_view *out)
{
    ent_diags_settle(diags);
    for (size_t i = 0; i < diags->n; i++) {
        const ent_diag *d = diags->list[i];
        if (d->example != NULL && n-- == 0) {
            *out = (ent_diag_example_view){ent_diag_code_info(d->code)->code, d->example,
                                           d->example_name, d->example_content};
            return true;
        }
    }
    return false;
}

void ent_diag_help(ent_diag *d, const char *format, ...)
{
    if (d->remarks_end == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    (void)add_remark(d, format, args);
    va_end(args);
}

void ent_diag_fix(ent_diag *d, ent_span span, const char *replacement, const char *format, ...)
{
    if (d->remarks_end == NULL) {
        return;
    }
    const char *copy = ent_arena_strdup(d->owner->arena, replacement);
    va_list args;
    va_start(args, format);
    diag_remark *r = add_remark(d, format, args);
    va_end(args);
    if (r != NULL && copy != NULL) {
        r->replacement = copy;
        r->span = span;
    }
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int same_report(const ent_diag *a, const ent_diag *b)
{
    int c = compare_u64(a->span.file, b->span.file);
    c = c != 0 ? c : compare_u64(a->span.start, b->span.start);
    c = c != 0 ? c : compare_u64(a->span.end, b->span.end);
    c = c != 0 ? c : compare_u64(a->code, b->code);
    return c != 0 ? c : strcmp(a->message, b->message);
}

static int by_place(const void *va, const void *vb)
{
    const ent_diag *a = *(ent_diag *const *)va;
    const ent_diag *b = *(ent_diag *const *)vb;
    int c = same_report(a, b);
    return c != 0 ? c : compare_u64(a->order, b->order);
}

void ent_diags_settle(ent_diags *diags)
{
    if (diags->settled) {
        return;
    }
    qsort(diags->list, diags->n, sizeof diags->list[0], by_place);
    size_t kept = 0;
    for (size_t i = 0; i < diags->n; i++) {
        if (kept == 0 || same_report(diags->list[kept - 1], diags->list[i]) != 0) {
            diags->list[kept++] = diags->list[i];
        }
    }
    diags->n = kept;
    diags->settled = true;
}

static size_t count_severity(ent_diags *diags, ent_severity severity)
{
    ent_diags_settle(diags);
    size_t n = 0;
    for (size_t i = 0; i < diags->n; i++) {
        n += infos[diags->list[i]->code].severity == severity;
    }
    return n;
}

size_t ent_diags_error_count(const ent_diags *diags)
{
    /* Settling changes the order of the list only, not what it says. */
    size_t n = count_severity((ent_diags *)(uintptr_t)diags, ENT_SEVERITY_ERROR) + diags->dropped;
    return n == 0 && diags->failed ? 1 : n;
}

size_t ent_diags_warning_count(const ent_diags *diags)
{
    return count_severity((ent_diags *)(uintptr_t)diags, ENT_SEVERITY_WARNING);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Optimal string alignment distance, letters compared without case. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][SUGGEST_BYTES + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *now = rows[2];
    for (size_t j = 0; j <= m; j++) {
        last[j] = j;
        before[j] = 0;
    }
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            bool same = lower(a[i - 1]) == lower(b[j - 1]);
            size_t best = last[j - 1] + !same;
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < best) {
                best = before[j - 2] + 1;
            }
            now[j] = best;
        }
        size_t *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[m];
}

const char *ent_diag_suggest(const char *name, const char *const *candidates, size_t n)
{
    size_t len = strlen(name);
    if (len == 0 || len > SUGGEST_BYTES) {
        return NULL;
    }
    const char *best = NULL;
    size_t best_distance = len < 3 ? 2 : len / 3 + 1; /* one more than what is near enough */
    for (size_t i = 0; i < n; i++) {
        if (candidates[i] == NULL) {
            continue;
        }
        size_t m = strlen(candidates[i]);
        size_t apart = m > len ? m - len : len - m;
        if (m == 0 || m > SUGGEST_BYTES || apart >= best_distance) {
            continue;
        }
        size_t d = distance(name, len, candidates[i], m);
        if (d < best_distance && d < m) {
            best_distance = d;
            best = candidates[i];
        }
    }
    return best;
}
