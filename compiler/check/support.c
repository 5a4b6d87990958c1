/* Small things that the checker's files share: lists and texts in the arena, clause lookup,
 * relative paths.  Invariant: when memory runs out these return NULL or do nothing; the arena
 * remembers. */
#include "compiler/check/checker.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *ent_check_alloc(ent_checker *ck, size_t bytes)
{
    return ent_arena_alloc(ck->arena, bytes);
}

void *ent_check_push(ent_checker *ck, void *array_pp, size_t *n, size_t size)
{
    void *array;
    memcpy(&array, array_pp, sizeof array);
    /* capacities are 4, 8, 16, ...: full exactly when the count is one of them (or nothing yet) */
    bool full = *n == 0 || (*n >= 4 && (*n & (*n - 1)) == 0);
    if (full) {
        array = ent_arena_grow_array(ck->arena, array, *n, *n < 4 ? 4 : *n * 2, size);
        if (array == NULL)
            return NULL;
        memcpy(array_pp, &array, sizeof array);
    }
    char *slot = (char *)array + *n * size;
    *n += 1;
    return slot;
}

bool ent_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

ent_node *ent_check_copy(ent_checker *ck, const ent_node *n)
{
    ent_node *copy = ent_check_alloc(ck, sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *n;
    if (n->n_kids > 0) {
        copy->kids =
            ent_arena_grow_array(ck->arena, n->kids, n->n_kids, n->n_kids, sizeof *n->kids);
        if (copy->kids == NULL)
            return NULL;
    }
    return copy;
}

const ent_node *ent_kid(const ent_node *n, size_t i)
{
    return n != NULL && i < n->n_kids ? n->kids[i] : NULL;
}

const ent_node *ent_clause(const ent_node *n, unsigned kind)
{
    for (size_t i = 0; n != NULL && i < n->n_kids; i++)
        if (n->kids[i] != NULL && n->kids[i]->kind == kind)
            return n->kids[i];
    return NULL;
}

const char *ent_check_source_text(ent_checker *ck, ent_span span)
{
    return ent_check_words(ck->arena, ck->sources, span);
}

const char *ent_check_words(ent_arena *arena, const ent_sources *sources, ent_span span)
{
    size_t len = 0;
    const char *text = ent_sources_text(sources, span.file, &len);
    if (text == NULL || span.end > len || span.start > span.end)
        return "";
    char *out = ent_arena_strndup(arena, text + span.start, span.end - span.start);
    if (out == NULL)
        return "";
    size_t to = 0;
    for (size_t i = 0; i < (size_t)(span.end - span.start); i++) {
        char c = out[i];
        bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (blank && (to == 0 || out[to - 1] == ' '))
            continue;
        out[to++] = blank ? ' ' : c;
    }
    while (to > 0 && out[to - 1] == ' ')
        to--;
    out[to] = '\0';
    return out;
}

char *ent_check_printf(ent_checker *ck, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = ent_arena_vprintf(ck->arena, format, args);
    va_end(args);
    return text;
}

const char *ent_check_join(ent_checker *ck, const char *const *names, size_t n, size_t max,
                           const char *last)
{
    const char *text = "";
    size_t shown = n > max ? max : n;
    for (size_t i = 0; i < shown && text != NULL; i++) {
        const char *between = i == 0 ? "" : i + 1 == n ? last : ", ";
        text = ent_check_printf(ck, "%s%s`%s`", text, between, names[i] ? names[i] : "");
    }
    if (n > max && text != NULL)
        text = ent_check_printf(ck, "%s, … (%zu in all)", text, n);
    return text == NULL ? "" : text;
}

void ent_check_suggest(ent_checker *ck, ent_diag *d, ent_span span, const char *name,
                       const char *const *names, size_t n, const char *what)
{
    const char *best = ent_diag_suggest(name, names, n);
    if (best != NULL) {
        ent_diag_fix(d, span, best, "did you mean `%s`?", best);
    } else if (n > 0) {
        ent_diag_help(d, "%s: %s", what, ent_check_join(ck, names, n, 12, " and "));
    }
}

const char *ent_check_relative(ent_arena *arena, ent_sources *sources, uint32_t file,
                               const char *path)
{
    const char *from = file == ENT_NO_FILE ? NULL : ent_sources_path(sources, file);
    const char *slash = from == NULL ? NULL : strrchr(from, '/');
    if (path[0] == '/' || slash == NULL)
        return ent_arena_strdup(arena, path);
    return ent_arena_printf(arena, "%.*s/%s", (int)(slash - from), from, path);
}

/* Takes the last part of the n bytes off, if it can be gone back from; false: it cannot. */
static bool go_back(const char *out, size_t *n)
{
    size_t at = *n;
    while (at > 0 && out[at - 1] != '/')
        at--;
    if (*n == 0 || (*n - at == 2 && memcmp(out + at, "..", 2) == 0))
        return false;
    *n = at == 0 ? 0 : at - 1;
    return true;
}

const char *ent_check_clean(ent_arena *arena, const char *path)
{
    char *out = ent_arena_strdup(arena, path);
    size_t n = 0;
    bool rooted = path[0] == '/';
    if (out == NULL)
        return NULL;
    for (const char *part = path; *part != '\0';) {
        size_t len = strcspn(part, "/");
        bool up = len == 2 && memcmp(part, "..", 2) == 0;
        bool nothing = len == 0 || (len == 1 && part[0] == '.');
        if (!nothing && !(up && (go_back(out, &n) || rooted))) {
            if (n > 0 || rooted)
                out[n++] = '/';
            memcpy(out + n, part, len);
            n += len;
        }
        part += len + (part[len] == '/');
    }
    out[n] = '\0';
    return out;
}

#define READ_BYTES_MAX ((size_t)16 * 1024 * 1024)

static char *read_given(const ent_file_reader *reader, ent_arena *arena, const char *path, size_t *len,
                        int *error)
{
    const char *clean = ent_check_clean(arena, path);
    const char *bytes = NULL;
    *error = clean == NULL ? ENOMEM : reader->read(reader->user, clean, &bytes, len);
    if (*error == 0 && *len > READ_BYTES_MAX)
        *error = EFBIG;
    char *out = *error == 0 ? ent_arena_strndup(arena, bytes, *len) : NULL;
    if (*error == 0 && out == NULL)
        *error = ENOMEM;
    return out;
}

char *ent_check_read(const ent_check_options *options, ent_arena *arena, const char *path, size_t *len,
                     int *error)
{
    *error = 0;
    *len = 0;
    if (options->reader.read != NULL)
        return read_given(&options->reader, arena, path, len, error);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        *error = errno;
        return NULL;
    }
    size_t cap = 1 << 16, n = 0;
    char *bytes = malloc(cap);
    while (bytes != NULL) {
        n += fread(bytes + n, 1, cap - n, f);
        if (ferror(f)) {
            *error = errno ? errno : EIO;
            break;
        }
        if (n < cap)
            break;
        if (cap > READ_BYTES_MAX) {
            *error = EFBIG;
            break;
        }
        char *more = realloc(bytes, cap * 2);
        if (more == NULL)
            *error = ENOMEM;
        if (more == NULL)
            break;
        bytes = more;
        cap *= 2;
    }
    char *out = NULL;
    if (bytes == NULL)
        *error = ENOMEM;
    if (*error == 0) {
        out = ent_arena_strndup(arena, bytes, n);
        *len = n;
        if (out == NULL)
            *error = ENOMEM;
    }
    free(bytes);
    fclose(f);
    return out;
}
