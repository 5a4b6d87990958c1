/* Source files of a compilation: path, text, and the map from byte offsets to lines.
 *
 * Invariants: texts are copied into the arena and followed by two NUL bytes (the scanner reads them
 * in place); file indices count from 0 and are those of `ent_span.file`.  Lines count from 1 and
 * columns from 1 in Unicode code points; a byte order mark at the start is no column.
 * Tested in tests/unit/test_syntax.c. */
#ifndef ENT_SYNTAX_SOURCE_H
#define ENT_SYNTAX_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/syntax/arena.h"
#include "compiler/syntax/ast.h"

#define ENT_SOURCE_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define ENT_NO_FILE UINT32_MAX
/* The span of what stands in no file (a command line, a missing file). */
#define ENT_NO_SPAN ((ent_span){ENT_NO_FILE, 0, 0})

typedef struct ent_sources ent_sources;

typedef struct ent_position {
    uint32_t line;   /* from 1; 0 for ENT_NO_SPAN */
    uint32_t column; /* from 1, in code points */
} ent_position;

ent_sources *ent_sources_create(ent_arena *arena); /* lives in the arena */
/* Adds a text under a path; both are copied.  False when memory runs out or there are more bytes
 * than a span can say. */
bool ent_sources_add(ent_sources *s, const char *path, const char *text, size_t len,
                     uint32_t *file);
/* Reads a file.  0, or the errno value that says why not.  Of a file that is longer than
 * ENT_SOURCE_BYTES_MAX one byte more is kept, so that ent_parse reports it. */
int ent_sources_load(ent_sources *s, const char *path, uint32_t *file);
/* The index of the file that was added under this very path, or ENT_NO_FILE. */
uint32_t ent_sources_find(const ent_sources *s, const char *path);
uint32_t ent_sources_count(const ent_sources *s);
const char *ent_sources_path(const ent_sources *s, uint32_t file);
const char *ent_sources_text(const ent_sources *s, uint32_t file, size_t *len);

/* Offsets past the end give the position of the end. */
ent_position ent_source_position(const ent_sources *s, uint32_t file, uint32_t offset);
/* The text of a line without its line end; NULL if there is no such line. */
const char *ent_source_line(const ent_sources *s, uint32_t file, uint32_t line, size_t *len);
uint32_t ent_source_line_count(const ent_sources *s, uint32_t file);
uint32_t ent_source_line_start(const ent_sources *s, uint32_t file, uint32_t line);

/* From the start of a to the end of b (both in one file). */
static inline ent_span ent_span_join(ent_span a, ent_span b)
{
    return (ent_span){a.file, a.start < b.start ? a.start : b.start, a.end > b.end ? a.end : b.end};
}
#endif
