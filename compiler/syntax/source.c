/* Source files and their line maps.  See source.h. */
#include "compiler/syntax/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/syntax/text.h"

typedef struct source_file {
    const char *path;
    const char *text;
    size_t len;
    uint32_t *lines; /* offset of the first byte of each line */
    uint32_t n_lines;
} source_file;

struct ent_sources {
    ent_arena *arena;
    source_file *files;
    uint32_t n;
    uint32_t cap;
};

ent_sources *ent_sources_create(ent_arena *arena)
{
    ent_sources *s = ent_arena_alloc(arena, sizeof *s);
    if (s != NULL) {
        s->arena = arena;
    }
    return s;
}

static bool map_lines(ent_arena *arena, source_file *f)
{
    uint32_t n = 1;
    for (size_t i = 0; i < f->len; i++) {
        n += f->text[i] == '\n';
    }
    f->lines = ent_arena_alloc_array(arena, n, sizeof *f->lines);
    if (f->lines == NULL) {
        return false;
    }
    f->n_lines = 1;
    for (size_t i = 0; i < f->len; i++) {
        if (f->text[i] == '\n') {
            f->lines[f->n_lines++] = (uint32_t)(i + 1);
        }
    }
    return true;
}

bool ent_sources_add(ent_sources *s, const char *path, const char *text, size_t len, uint32_t *file)
{
    if (len > (size_t)UINT32_MAX / 2) {
        return false;
    }
    if (s->n == s->cap) {
        uint32_t cap = s->cap == 0 ? 8 : s->cap * 2;
        source_file *files = ent_arena_grow_array(s->arena, s->files, s->n, cap, sizeof *files);
        if (files == NULL) {
            return false;
        }
        s->files = files;
        s->cap = cap;
    }
    source_file f = {0};
    char *copy = ent_arena_alloc(s->arena, len + 2);
    f.path = ent_arena_strdup(s->arena, path);
    if (copy == NULL || f.path == NULL) {
        return false;
    }
    if (len > 0) {
        memcpy(copy, text, len);
    }
    f.text = copy;
    f.len = len;
    if (!map_lines(s->arena, &f)) {
        return false;
    }
    *file = s->n;
    s->files[s->n++] = f;
    return true;
}

int ent_sources_load(ent_sources *s, const char *path, uint32_t *file)
{
    FILE *in = fopen(path, "rb");
    if (in == NULL) {
        return errno;
    }
    ent_text t = {0};
    char block[16 * 1024];
    int error = 0;
    errno = 0;
    while (t.len <= ENT_SOURCE_BYTES_MAX && !t.failed) {
        size_t n = fread(block, 1, sizeof block, in);
        if (n == 0) {
            if (ferror(in)) {
                error = errno != 0 ? errno : EIO;
            }
            break;
        }
        ent_text_add(&t, block, n);
    }
    (void)fclose(in);
    if (t.len > ENT_SOURCE_BYTES_MAX) {
        t.len = ENT_SOURCE_BYTES_MAX + 1;
    }
    if (error == 0 && (t.failed || !ent_sources_add(s, path, ent_text_str(&t), t.len, file))) {
        error = ENOMEM;
    }
    ent_text_deinit(&t);
    return error;
}

uint32_t ent_sources_find(const ent_sources *s, const char *path)
{
    for (uint32_t i = 0; i < s->n; i++) {
        if (strcmp(s->files[i].path, path) == 0) {
            return i;
        }
    }
    return ENT_NO_FILE;
}

uint32_t ent_sources_count(const ent_sources *s)
{
    return s->n;
}

const char *ent_sources_path(const ent_sources *s, uint32_t file)
{
    return file < s->n ? s->files[file].path : NULL;
}

const char *ent_sources_text(const ent_sources *s, uint32_t file, size_t *len)
{
    if (file >= s->n) {
        *len = 0;
        return NULL;
    }
    *len = s->files[file].len;
    return s->files[file].text;
}

static uint32_t line_of(const source_file *f, uint32_t offset)
{
    uint32_t low = 0;
    uint32_t high = f->n_lines; /* the line is in [low, high) */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (f->lines[middle] <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Where the line's text starts: past a byte order mark on the first one. */
static size_t text_start(const source_file *f, uint32_t line)
{
    size_t start = f->lines[line];
    if (line == 0 && f->len >= 3 && memcmp(f->text, "\xEF\xBB\xBF", 3) == 0) {
        start = 3;
    }
    return start;
}

ent_position ent_source_position(const ent_sources *s, uint32_t file, uint32_t offset)
{
    if (file >= s->n) {
        return (ent_position){0, 0};
    }
    const source_file *f = &s->files[file];
    if (offset > f->len) {
        offset = (uint32_t)f->len;
    }
    uint32_t line = line_of(f, offset);
    size_t at = text_start(f, line);
    uint32_t column = 1;
    while (at < offset) {
        bool ok;
        (void)ent_utf8_next(f->text, f->len, &at, &ok);
        if (at <= offset) {
            column++;
        }
    }
    return (ent_position){line + 1, column};
}

const char *ent_source_line(const ent_sources *s, uint32_t file, uint32_t line, size_t *len)
{
    *len = 0;
    if (file >= s->n || line == 0 || line > s->files[file].n_lines) {
        return NULL;
    }
    const source_file *f = &s->files[file];
    size_t start = text_start(f, line - 1);
    size_t end = line < f->n_lines ? f->lines[line] - (size_t)1 : f->len;
    if (end > start && line < f->n_lines && f->text[end - 1] == '\r') {
        end--;
    }
    *len = end - start;
    return f->text + start;
}

uint32_t ent_source_line_count(const ent_sources *s, uint32_t file)
{
    return file < s->n ? s->files[file].n_lines : 0;
}

uint32_t ent_source_line_start(const ent_sources *s, uint32_t file, uint32_t line)
{
    if (file >= s->n || line == 0 || line > s->files[file].n_lines) {
        return 0;
    }
    return (uint32_t)text_start(&s->files[file], line - 1);
}
