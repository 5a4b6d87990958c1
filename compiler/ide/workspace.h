/* The documents that are open, and what is wrong with them.  Tested by tests/ide.py.
 *
 * Invariants: `published` has the diagnostics that the editor shows, by URI; a file that is open is judged by its own
 * compilation only, one that is not open by those of the documents that use it. */
#ifndef ENT_IDE_WORKSPACE_H
#define ENT_IDE_WORKSPACE_H

#include <jansson.h>

#include "compiler/check/check.h"

typedef struct ent_ide_document {
    char *uri, *path;
    char *text;
    size_t len;
} ent_ide_document;

typedef struct ent_ide_workspace {
    ent_ide_document *documents;
    size_t n, capacity;
    const char *stdlib_dir;
    json_t *published;
    char *read; /* the file on disk that was read last */
} ent_ide_workspace;

/* A document with all that it uses, read and, by ent_ide_check, checked. */
typedef struct ent_ide_unit {
    ent_arena *arena;
    ent_sources *sources;
    ent_diags *diags;
    ent_node **files; /* NULL: memory has run out */
    size_t n_files;
    uint32_t file; /* the document's own */
} ent_ide_unit;

/* False: no memory. */
bool ent_ide_put(ent_ide_workspace *w, const char *uri, const char *text, size_t len);
void ent_ide_drop(ent_ide_workspace *w, const char *uri);
const ent_ide_document *ent_ide_find(const ent_ide_workspace *w, const char *uri);
void ent_ide_workspace_deinit(ent_ide_workspace *w);

ent_ide_unit ent_ide_load(ent_ide_workspace *w, const ent_ide_document *document);
void ent_ide_unit_deinit(ent_ide_unit *unit);

/* The URI of a file of a unit: as the editor writes it, where it has the file open. */
json_t *ent_ide_uri(const ent_ide_workspace *w, const char *path);

/* Compiles all that is open.  The parameters of a `textDocument/publishDiagnostics` for each file of which something
 * else is to be said than before, in an array. */
json_t *ent_ide_review(ent_ide_workspace *w);
#endif
