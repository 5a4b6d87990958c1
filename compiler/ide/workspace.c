/* See workspace.h. */
#include "compiler/ide/workspace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compiler/ide/place.h"
#include "compiler/prove/prove.h"
#include "compiler/syntax/diag_internal.h"

enum { ARENA_BYTES_MAX = 256 * 1024 * 1024 };

/* --- paths and URIs --- */

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Of what is no `file:` URI, a document that was never saved, the URI serves as the path. */
static char *path_of(const char *uri)
{
    static const char scheme[] = "file://";
    if (strncmp(uri, scheme, sizeof scheme - 1) != 0) {
        return strdup(uri);
    }
    const char *slash = strchr(uri + sizeof scheme - 1, '/');
    char *path = strdup(slash != NULL ? slash : "/");
    size_t n = 0;
    for (const char *p = path; path != NULL && *p != '\0'; n++) {
        bool escape = *p == '%' && hex(p[1]) >= 0 && hex(p[2]) >= 0;
        path[n] = escape ? (char)(hex(p[1]) * 16 + hex(p[2])) : *p;
        p += escape ? 3 : 1;
    }
    if (path != NULL) {
        path[n] = '\0';
    }
    return path;
}

json_t *ent_ide_uri(const ent_ide_workspace *w, const char *path)
{
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->documents[i].path, path) == 0) {
            return json_string(w->documents[i].uri);
        }
    }
    ent_text uri = {0};
    ent_text_puts(&uri, "file://");
    for (const char *p = path; *p != '\0'; p++) {
        bool plain = (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') ||
                     strchr("/-._~", *p) != NULL;
        if (plain) {
            ent_text_putc(&uri, *p);
        } else {
            ent_text_printf(&uri, "%%%02X", (unsigned)(unsigned char)*p);
        }
    }
    json_t *out = json_string(ent_text_str(&uri));
    ent_text_deinit(&uri);
    return out;
}

/* --- documents --- */

const ent_ide_document *ent_ide_find(const ent_ide_workspace *w, const char *uri)
{
    for (size_t i = 0; uri != NULL && i < w->n; i++) {
        if (strcmp(w->documents[i].uri, uri) == 0) {
            return &w->documents[i];
        }
    }
    return NULL;
}

static void deinit(ent_ide_document *d)
{
    free(d->uri);
    free(d->path);
    free(d->text);
}

void ent_ide_drop(ent_ide_workspace *w, const char *uri)
{
    const ent_ide_document *d = ent_ide_find(w, uri);
    if (d != NULL) {
        size_t at = (size_t)(d - w->documents);
        deinit(&w->documents[at]);
        memmove(&w->documents[at], &w->documents[at + 1], (--w->n - at) * sizeof *d);
    }
}

bool ent_ide_put(ent_ide_workspace *w, const char *uri, const char *text, size_t len)
{
    ent_ide_document d = {.uri = strdup(uri), .path = path_of(uri), .text = malloc(len + 1), .len = len};
    size_t capacity = w->n < w->capacity ? w->capacity : 2 * w->capacity + 8;
    ent_ide_document *grown = realloc(w->documents, capacity * sizeof *grown);
    if (grown != NULL) {
        w->documents = grown;
        w->capacity = capacity;
    }
    if (grown == NULL || d.uri == NULL || d.path == NULL || d.text == NULL) {
        deinit(&d);
        return false;
    }
    memcpy(d.text, text, len);
    d.text[len] = '\0';
    ent_ide_drop(w, uri);
    w->documents[w->n++] = d;
    return true;
}

void ent_ide_workspace_deinit(ent_ide_workspace *w)
{
    for (size_t i = 0; i < w->n; i++) {
        deinit(&w->documents[i]);
    }
    free(w->documents);
    free(w->read);
    json_decref(w->published);
}

/* --- compiling --- */

static int read_disk(ent_ide_workspace *w, const char *path, const char **bytes, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return errno;
    }
    ent_text text = {0};
    char block[16 * 1024];
    size_t n;
    errno = 0;
    while ((n = fread(block, 1, sizeof block, f)) > 0 && text.len <= ENT_SOURCE_BYTES_MAX) {
        ent_text_add(&text, block, n);
    }
    int error = text.failed ? ENOMEM : ferror(f) ? (errno != 0 ? errno : EIO) : 0;
    fclose(f);
    free(w->read);
    w->read = text.data;
    *bytes = ent_text_str(&text);
    *len = text.len;
    return error;
}

static int read_file(void *user, const char *path, const char **bytes, size_t *len)
{
    ent_ide_workspace *w = user;
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->documents[i].path, path) == 0) {
            *bytes = w->documents[i].text;
            *len = w->documents[i].len;
            return 0;
        }
    }
    return read_disk(w, path, bytes, len);
}

static ent_check_options options_of(ent_ide_workspace *w)
{
    return (ent_check_options){.stdlib_dir = w->stdlib_dir, .reader = {read_file, w}};
}

ent_ide_unit ent_ide_load(ent_ide_workspace *w, const ent_ide_document *document)
{
    ent_ide_unit u = {.arena = ent_arena_create(ARENA_BYTES_MAX)};
    u.sources = u.arena != NULL ? ent_sources_create(u.arena) : NULL;
    u.diags = u.sources != NULL ? ent_diags_new(u.arena, u.sources) : NULL;
    const char *path = document->path;
    ent_check_options options = options_of(w);
    u.files = u.diags == NULL ? NULL
                              : ent_load_files(u.arena, u.sources, u.diags, &options, &path, 1,
                                               &u.n_files, NULL);
    u.file = u.files != NULL ? ent_sources_find(u.sources, path) : ENT_NO_FILE;
    if (ent_arena_failed(u.arena)) {
        u.files = NULL;
    }
    return u;
}

void ent_ide_unit_deinit(ent_ide_unit *unit)
{
    ent_arena_destroy(unit->arena);
    *unit = (ent_ide_unit){0};
}

static void check(ent_ide_workspace *w, const ent_ide_unit *u)
{
    ent_check_options options = options_of(w);
    const ent_model *model =
        ent_check(u->arena, u->sources, u->diags, u->files, u->n_files, 1, &options);
    if (model != NULL) {
        (void)ent_prove(u->arena, u->sources, u->diags, model);
    }
}

/* --- what is wrong --- */

static json_t *location(const ent_ide_workspace *w, const ent_ide_unit *u, ent_span span)
{
    return json_pack("{s:o, s:o}", "uri", ent_ide_uri(w, ent_sources_path(u->sources, span.file)),
                     "range", ent_ide_range(u->sources, span));
}

static json_t *related(const ent_ide_workspace *w, const ent_ide_unit *u, const ent_diag *d)
{
    json_t *out = json_array();
    for (const diag_label *l = d->labels; l != NULL; l = l->next) {
        if (l->span.file < ent_sources_count(u->sources)) {
            json_array_append_new(out, json_pack("{s:o, s:s}", "location", location(w, u, l->span),
                                                 "message", l->message));
        }
    }
    return out;
}

/* What a quick fix needs, kept by the editor until it asks for it. */
static json_t *fixes(const ent_ide_workspace *w, const ent_ide_unit *u, const ent_diag *d)
{
    json_t *out = json_array();
    for (const diag_remark *r = d->remarks; r != NULL; r = r->next) {
        if (r->replacement != NULL && r->span.file < ent_sources_count(u->sources)) {
            json_array_append_new(out, json_pack("{s:s, s:s, s:o}", "title", r->message, "newText",
                                                 r->replacement, "location",
                                                 location(w, u, r->span)));
        }
    }
    return out;
}

static json_t *message(const ent_diag *d)
{
    ent_text text = {0};
    ent_text_puts(&text, d->message);
    if (d->label != NULL) {
        ent_text_printf(&text, "\n%s", d->label);
    }
    for (const diag_remark *r = d->remarks; r != NULL; r = r->next) {
        ent_text_printf(&text, "\n%s: %s", r->is_note ? "note" : "help", r->message);
    }
    json_t *out = json_string(ent_text_str(&text));
    ent_text_deinit(&text);
    return out;
}

static json_t *diagnostic(const ent_ide_workspace *w, const ent_ide_unit *u, const ent_diag *d,
                          ent_span span)
{
    const ent_diag_info *info = ent_diag_code_info(d->code);
    return json_pack("{s:o, s:i, s:s, s:s, s:o, s:o, s:{s:o}}", "range",
                     ent_ide_range(u->sources, span), "severity", (int)info->severity, "code",
                     info->code, "source", "entente", "message", message(d), "relatedInformation",
                     related(w, u, d), "data", "fixes", fixes(w, u, d));
}

/* Takes both. */
static void add(json_t *found, json_t *uri, json_t *said)
{
    if (uri == NULL) { /* no memory */
        json_decref(said);
        return;
    }
    json_t *list = json_object_get(found, json_string_value(uri));
    if (list == NULL) {
        list = json_array();
        json_object_set_new(found, json_string_value(uri), list);
    }
    json_decref(uri);
    size_t i;
    json_t *known;
    json_array_foreach(list, i, known) {
        if (json_equal(known, said)) { /* two documents use the file */
            json_decref(said);
            return;
        }
    }
    json_array_append_new(list, said);
}

static bool is_open(const ent_ide_workspace *w, const char *path)
{
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->documents[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

static void review_document(ent_ide_workspace *w, const ent_ide_document *document, json_t *found)
{
    ent_ide_unit u = ent_ide_load(w, document);
    if (u.files != NULL) {
        check(w, &u);
        ent_diags_conclude(u.diags);
        for (size_t i = 0; i < u.diags->n; i++) {
            const ent_diag *d = u.diags->list[i];
            bool placed = d->span.file < ent_sources_count(u.sources);
            ent_span span = placed ? d->span : (ent_span){u.file, 0, 0};
            if (span.file == ENT_NO_FILE) {
                continue; /* the document itself could not be read */
            }
            const char *path = ent_sources_path(u.sources, span.file);
            if (span.file == u.file || !is_open(w, path)) {
                add(found, ent_ide_uri(w, path), diagnostic(w, &u, d, span));
            }
        }
    }
    ent_ide_unit_deinit(&u);
}

json_t *ent_ide_review(ent_ide_workspace *w)
{
    json_t *found = json_object();
    json_t *out = json_array();
    const char *uri;
    json_t *list;
    for (size_t i = 0; i < w->n; i++) {
        json_object_set_new(found, w->documents[i].uri, json_array());
    }
    for (size_t i = 0; i < w->n; i++) {
        review_document(w, &w->documents[i], found);
    }
    json_object_foreach(w->published, uri, list) {
        if (json_object_get(found, uri) == NULL && json_array_size(list) > 0) {
            json_array_append_new(out, json_pack("{s:s, s:[]}", "uri", uri, "diagnostics"));
        }
    }
    json_object_foreach(found, uri, list) {
        if (!json_equal(list, json_object_get(w->published, uri))) {
            json_array_append_new(out, json_pack("{s:s, s:O}", "uri", uri, "diagnostics", list));
        }
    }
    json_decref(w->published);
    w->published = found;
    return out;
}
