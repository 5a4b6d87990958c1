/* See server.h.  The messages of the protocol: framing, the life of a session, and one function for each request. */
#include "compiler/ide/server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compiler/format/format.h"
#include "compiler/ide/names.h"
#include "compiler/ide/place.h"
#include "compiler/ide/workspace.h"
#include "runtime/include/entente.h"

enum { MESSAGE_BYTES_MAX = 64 * 1024 * 1024 };
/* JSON-RPC's and the protocol's numbers of errors. */
enum { BROKEN_JSON = -32700, BAD_REQUEST = -32600, NO_METHOD = -32601, BAD_PARAMETERS = -32602, EARLY = -32002 };

typedef struct server {
    FILE *in, *out;
    ent_ide_workspace workspace;
    bool initialized, down, left;
} server;

/* --- messages --- */

/* The bytes of the next message; NULL at the end of the input. */
static char *read_message(server *s, size_t *len)
{
    char line[1024];
    long length = -1;
    while (fgets(line, sizeof line, s->in) != NULL) {
        if (strncasecmp(line, "Content-Length:", 15) == 0) {
            length = strtol(line + 15, NULL, 10);
        }
        if (line[0] != '\r' && line[0] != '\n') {
            continue;
        }
        char *bytes = length < 0 || length > MESSAGE_BYTES_MAX ? NULL : malloc((size_t)length + 1);
        if (bytes != NULL && fread(bytes, 1, (size_t)length, s->in) != (size_t)length) {
            free(bytes);
            return NULL;
        }
        *len = bytes != NULL ? (size_t)length : 0;
        return bytes;
    }
    return NULL;
}

static int add_bytes(const char *bytes, size_t n, void *text)
{
    ent_text_add(text, bytes, n);
    return 0;
}

/* Takes the message. */
static void send(server *s, json_t *message)
{
    ent_text text = {0};
    if (message != NULL && json_dump_callback(message, add_bytes, &text, JSON_COMPACT) == 0 &&
        !text.failed) {
        fprintf(s->out, "Content-Length: %zu\r\n\r\n", text.len);
        fwrite(ent_text_str(&text), 1, text.len, s->out);
        fflush(s->out);
    }
    ent_text_deinit(&text);
    json_decref(message);
}

static void fail(server *s, json_t *id, int code, const char *message)
{
    send(s, json_pack("{s:s, s:O, s:{s:i, s:s}}", "jsonrpc", "2.0", "id",
                      id != NULL ? id : json_null(), "error", "code", code, "message", message));
}

/* --- documents --- */

static const char *uri_of(json_t *params)
{
    return json_string_value(json_object_get(json_object_get(params, "textDocument"), "uri"));
}

static void review(server *s)
{
    json_t *news = ent_ide_review(&s->workspace);
    size_t i;
    json_t *params;
    json_array_foreach(news, i, params) {
        send(s, json_pack("{s:s, s:s, s:O}", "jsonrpc", "2.0", "method",
                          "textDocument/publishDiagnostics", "params", params));
    }
    json_decref(news);
}

static void put(server *s, json_t *params, json_t *text)
{
    const char *uri = uri_of(params);
    if (uri != NULL && json_is_string(text) &&
        ent_ide_put(&s->workspace, uri, json_string_value(text), json_string_length(text))) {
        review(s);
    }
}

static void did_open(server *s, json_t *params)
{
    put(s, params, json_object_get(json_object_get(params, "textDocument"), "text"));
}

/* Changes carry the whole text; of several the last one stands. */
static void did_change(server *s, json_t *params)
{
    json_t *changes = json_object_get(params, "contentChanges");
    size_t n = json_array_size(changes);
    if (n > 0) {
        put(s, params, json_object_get(json_array_get(changes, n - 1), "text"));
    }
}

static void did_close(server *s, json_t *params)
{
    const char *uri = uri_of(params);
    if (uri != NULL) {
        ent_ide_drop(&s->workspace, uri);
        review(s);
    }
}

/* What was saved may be used by what is open. */
static void did_save(server *s, json_t *params)
{
    (void)params;
    review(s);
}

/* --- requests --- */

static json_t *initialize(server *s, json_t *params)
{
    (void)params;
    s->initialized = true;
    return json_pack("{s:{s:{s:b, s:i, s:b}, s:b, s:b, s:b, s:b, s:b, s:{}}, s:{s:s, s:s}}",
                     "capabilities", "textDocumentSync", "openClose", 1, "change", 1, "save", 1,
                     "hoverProvider", 1, "definitionProvider", 1, "documentSymbolProvider", 1,
                     "documentFormattingProvider", 1, "codeActionProvider", 1, "completionProvider",
                     "serverInfo", "name", "entente", "version", ENT_VERSION_TEXT);
}

static json_t *shut_down(server *s, json_t *params)
{
    (void)params;
    s->down = true;
    return json_null();
}

static json_t *ask(server *s, json_t *params,
                   json_t *(*answer)(const server *s, const ent_ide_unit *u, uint32_t offset))
{
    const ent_ide_document *d = ent_ide_find(&s->workspace, uri_of(params));
    if (d == NULL) {
        return NULL;
    }
    ent_ide_unit u = ent_ide_load(&s->workspace, d);
    json_t *result = json_null();
    if (u.files != NULL && u.file != ENT_NO_FILE) {
        uint32_t offset = ent_ide_offset(u.sources, u.file, json_object_get(params, "position"));
        result = answer(s, &u, offset);
    }
    ent_ide_unit_deinit(&u);
    return result;
}

static json_t *answer_hover(const server *s, const ent_ide_unit *u, uint32_t offset)
{
    (void)s;
    return ent_ide_hover(u, offset);
}

static json_t *answer_definition(const server *s, const ent_ide_unit *u, uint32_t offset)
{
    return ent_ide_definition(&s->workspace, u, offset);
}

static json_t *answer_outline(const server *s, const ent_ide_unit *u, uint32_t offset)
{
    (void)s;
    (void)offset;
    return ent_ide_outline(u);
}

static json_t *answer_completion(const server *s, const ent_ide_unit *u, uint32_t offset)
{
    (void)s;
    (void)offset;
    return ent_ide_completion(u);
}

/* A document with syntax errors is left alone. */
static json_t *answer_format(const server *s, const ent_ide_unit *u, uint32_t offset)
{
    (void)s;
    (void)offset;
    ent_text text = {0};
    size_t len;
    const char *old = ent_sources_text(u->sources, u->file, &len);
    ent_diags *diags = ent_diags_new(u->arena, u->sources);
    json_t *edits = json_array();
    if (diags != NULL &&
        ent_format_file(u->arena, u->sources, u->file, diags, &text) == ENT_FORMAT_DONE &&
        (text.len != len || memcmp(ent_text_str(&text), old, len) != 0)) {
        json_array_append_new(edits, json_pack("{s:o, s:s}", "range", ent_ide_all(u->sources, u->file),
                                               "newText", ent_text_str(&text)));
    }
    ent_text_deinit(&text);
    return edits;
}

static json_t *hover(server *s, json_t *params)
{
    return ask(s, params, answer_hover);
}

static json_t *definition(server *s, json_t *params)
{
    return ask(s, params, answer_definition);
}

static json_t *document_symbol(server *s, json_t *params)
{
    return ask(s, params, answer_outline);
}

static json_t *completion(server *s, json_t *params)
{
    return ask(s, params, answer_completion);
}

static json_t *formatting(server *s, json_t *params)
{
    return ask(s, params, answer_format);
}

static json_t *action(json_t *diagnostic, json_t *fix)
{
    json_t *place = json_object_get(fix, "location");
    const char *uri = json_string_value(json_object_get(place, "uri"));
    if (uri == NULL) {
        return NULL;
    }
    return json_pack("{s:O, s:s, s:[O], s:{s:{s:[{s:O, s:O}]}}}", "title",
                     json_object_get(fix, "title"), "kind", "quickfix", "diagnostics", diagnostic,
                     "edit", "changes", uri, "range", json_object_get(place, "range"), "newText",
                     json_object_get(fix, "newText"));
}

/* The editor gives back the diagnostics at the place, and with them what mends them. */
static json_t *code_action(server *s, json_t *params)
{
    (void)s;
    json_t *out = json_array();
    json_t *diagnostics = json_object_get(json_object_get(params, "context"), "diagnostics");
    size_t i, j;
    json_t *diagnostic, *fix;
    json_array_foreach(diagnostics, i, diagnostic) {
        json_array_foreach(json_object_get(json_object_get(diagnostic, "data"), "fixes"), j, fix) {
            json_array_append_new(out, action(diagnostic, fix));
        }
    }
    return out;
}

/* --- the session --- */

static const struct {
    const char *method;
    json_t *(*answer)(server *s, json_t *params); /* NULL: the parameters name no open document */
} requests[] = {{"initialize", initialize},
                {"shutdown", shut_down},
                {"textDocument/hover", hover},
                {"textDocument/definition", definition},
                {"textDocument/documentSymbol", document_symbol},
                {"textDocument/completion", completion},
                {"textDocument/formatting", formatting},
                {"textDocument/codeAction", code_action}};

static const struct {
    const char *method;
    void (*take)(server *s, json_t *params);
} notifications[] = {{"textDocument/didOpen", did_open},
                     {"textDocument/didChange", did_change},
                     {"textDocument/didClose", did_close},
                     {"textDocument/didSave", did_save}};

static void request(server *s, const char *method, json_t *id, json_t *params)
{
    if (!s->initialized && strcmp(method, "initialize") != 0) {
        fail(s, id, EARLY, "the session has not been initialized");
        return;
    }
    if (s->down || (s->initialized && strcmp(method, "initialize") == 0)) {
        fail(s, id, BAD_REQUEST, s->down ? "the session is shut down" : "the session is initialized already");
        return;
    }
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        if (strcmp(requests[i].method, method) == 0) {
            json_t *result = requests[i].answer(s, params);
            if (result == NULL) {
                fail(s, id, BAD_PARAMETERS, "there is no such open document");
            } else {
                send(s, json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result));
            }
            return;
        }
    }
    fail(s, id, NO_METHOD, "there is no such method");
}

static void notice(server *s, const char *method, json_t *params)
{
    s->left = s->left || strcmp(method, "exit") == 0;
    for (size_t i = 0; s->initialized && !s->down && i < sizeof notifications / sizeof *notifications; i++) {
        if (strcmp(notifications[i].method, method) == 0) {
            notifications[i].take(s, params);
        }
    }
}

static void take(server *s, const char *bytes, size_t len)
{
    json_t *message = json_loadb(bytes, len, JSON_ALLOW_NUL, NULL);
    const char *method = json_string_value(json_object_get(message, "method"));
    json_t *id = json_object_get(message, "id");
    if (message == NULL) {
        fail(s, NULL, BROKEN_JSON, "the message is no JSON");
    } else if (method == NULL && json_object_get(message, "result") == NULL &&
               json_object_get(message, "error") == NULL) {
        fail(s, id, BAD_REQUEST, "the message has no method");
    } else if (method != NULL && id != NULL) {
        request(s, method, id, json_object_get(message, "params"));
    } else if (method != NULL) {
        notice(s, method, json_object_get(message, "params"));
    }
    json_decref(message);
}

int ent_ide_serve(FILE *in, FILE *out, const char *stdlib_dir)
{
    server s = {.in = in, .out = out, .workspace.stdlib_dir = stdlib_dir};
    char *bytes;
    size_t len;
    while (!s.left && (bytes = read_message(&s, &len)) != NULL) {
        take(&s, bytes, len);
        free(bytes);
    }
    ent_ide_workspace_deinit(&s.workspace);
    return s.down ? 0 : 1;
}
