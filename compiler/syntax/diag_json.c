/* Diagnostics for tools: our own JSON and SARIF 2.1.0.  All of them, not the first fifty. */
#include <string.h>

#include "compiler/syntax/diag_internal.h"

static void put_text(ent_text *out, const char *text)
{
    ent_text_json(out, text, strlen(text));
}

static void key(ent_text *out, const char *name)
{
    ent_text_printf(out, ",\"%s\":", name);
}

/* "file":…,"line":…,"column":…,"end_line":…,"end_column":… */
static void put_place(const ent_diags *diags, ent_span span, ent_text *out)
{
    if (span.file >= ent_sources_count(diags->sources)) {
        ent_text_puts(out, "\"file\":null,\"line\":0,\"column\":0,\"end_line\":0,\"end_column\":0");
        return;
    }
    ent_position from = ent_source_position(diags->sources, span.file, span.start);
    ent_position to = ent_source_position(diags->sources, span.file, span.end);
    ent_text_puts(out, "\"file\":");
    put_text(out, ent_sources_path(diags->sources, span.file));
    ent_text_printf(out, ",\"line\":%u,\"column\":%u,\"end_line\":%u,\"end_column\":%u", from.line,
                    from.column, to.line, to.column);
}

enum { WANT_NOTE, WANT_HELP };

static void put_remarks(const ent_diag *d, int want, ent_text *out)
{
    bool first = true;
    ent_text_putc(out, '[');
    for (const diag_remark *r = d->remarks; r != NULL; r = r->next) {
        if (r->replacement == NULL && r->is_note == (want == WANT_NOTE)) {
            ent_text_puts(out, first ? "" : ",");
            put_text(out, r->message);
            first = false;
        }
    }
    ent_text_putc(out, ']');
}

static void put_fixes(const ent_diags *diags, const ent_diag *d, ent_text *out)
{
    bool first = true;
    ent_text_putc(out, '[');
    for (const diag_remark *r = d->remarks; r != NULL; r = r->next) {
        if (r->replacement != NULL) {
            ent_text_puts(out, first ? "{" : ",{");
            put_place(diags, r->span, out);
            ent_text_printf(out, ",\"start\":%u,\"end\":%u", r->span.start, r->span.end);
            key(out, "replacement");
            put_text(out, r->replacement);
            key(out, "message");
            put_text(out, r->message);
            ent_text_putc(out, '}');
            first = false;
        }
    }
    ent_text_putc(out, ']');
}

static void put_labels(const ent_diags *diags, const ent_diag *d, ent_text *out)
{
    ent_text_putc(out, '[');
    for (const diag_label *l = d->labels; l != NULL; l = l->next) {
        ent_text_puts(out, l == d->labels ? "{" : ",{");
        put_place(diags, l->span, out);
        key(out, "message");
        put_text(out, l->message);
        ent_text_putc(out, '}');
    }
    ent_text_putc(out, ']');
}

static const char *severity_text(const ent_diag *d)
{
    return ent_diag_code_info(d->code)->severity == ENT_SEVERITY_ERROR ? "error" : "warning";
}

void ent_diags_render_json(ent_diags *diags, ent_text *out)
{
    ent_diags_conclude(diags);
    ent_text_putc(out, '[');
    for (size_t i = 0; i < diags->n; i++) {
        const ent_diag *d = diags->list[i];
        const ent_diag_info *info = ent_diag_code_info(d->code);
        ent_text_printf(out, "%s\n{\"code\":\"%s\",\"slug\":\"%s\",\"severity\":\"%s\"",
                        i == 0 ? "" : ",", info->code, info->slug, severity_text(d));
        key(out, "message");
        put_text(out, d->message);
        ent_text_putc(out, ',');
        put_place(diags, d->span, out);
        if (d->label != NULL) {
            key(out, "label");
            put_text(out, d->label);
        }
        key(out, "labels");
        put_labels(diags, d, out);
        key(out, "notes");
        put_remarks(d, WANT_NOTE, out);
        key(out, "help");
        put_remarks(d, WANT_HELP, out);
        key(out, "fixes");
        put_fixes(diags, d, out);
        if (d->example != NULL) {
            key(out, "example");
            put_text(out, d->example);
        }
        ent_text_putc(out, '}');
    }
    ent_text_puts(out, diags->n == 0 ? "]\n" : "\n]\n");
}

/* --- SARIF --- */

/* A path as a relative or absolute URI reference: everything but the plain characters in %XX. */
static void put_uri(const char *path, ent_text *out)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    ent_text_puts(out, path[0] == '/' ? "\"file://" : "\"");
    for (const char *p = path; *p != '\0'; p++) {
        if (strchr(plain, *p) != NULL) {
            ent_text_putc(out, *p);
        } else {
            ent_text_printf(out, "%%%02X", (unsigned)(unsigned char)*p);
        }
    }
    ent_text_putc(out, '"');
}

static void put_region(const ent_diags *diags, ent_span span, ent_text *out)
{
    ent_position from = ent_source_position(diags->sources, span.file, span.start);
    ent_position to = ent_source_position(diags->sources, span.file, span.end);
    ent_text_printf(out, "{\"startLine\":%u,\"startColumn\":%u,\"endLine\":%u,\"endColumn\":%u}",
                    from.line, from.column, to.line, to.column);
}

static void put_artifact(const ent_diags *diags, uint32_t file, ent_text *out)
{
    ent_text_puts(out, "\"artifactLocation\":{\"uri\":");
    put_uri(ent_sources_path(diags->sources, file), out);
    ent_text_putc(out, '}');
}

static bool has_place(const ent_diags *diags, ent_span span)
{
    return span.file < ent_sources_count(diags->sources);
}

static void put_location(const ent_diags *diags, ent_span span, const char *message, ent_text *out)
{
    ent_text_puts(out, "{\"physicalLocation\":{");
    put_artifact(diags, span.file, out);
    ent_text_puts(out, ",\"region\":");
    put_region(diags, span, out);
    ent_text_putc(out, '}');
    if (message != NULL) {
        ent_text_puts(out, ",\"message\":{\"text\":");
        put_text(out, message);
        ent_text_putc(out, '}');
    }
    ent_text_putc(out, '}');
}

/* SARIF has one text: message, label, notes and helps as lines of it. */
static void put_message(const ent_diag *d, ent_text *out)
{
    ent_text whole = {0};
    ent_text_puts(&whole, d->message);
    if (d->label != NULL) {
        ent_text_printf(&whole, ": %s", d->label);
    }
    for (const diag_remark *r = d->remarks; r != NULL; r = r->next) {
        ent_text_printf(&whole, "\n%s: %s", r->is_note ? "note" : "help", r->message);
    }
    if (d->example != NULL) {
        ent_text_printf(&whole, "\nfor example:\n%s", d->example);
    }
    ent_text_puts(out, "{\"text\":");
    ent_text_json(out, ent_text_str(&whole), whole.len);
    ent_text_putc(out, '}');
    out->failed = out->failed || whole.failed;
    ent_text_deinit(&whole);
}

static void put_sarif_fixes(const ent_diags *diags, const ent_diag *d, ent_text *out)
{
    const char *before = ",\"fixes\":[";
    for (const diag_remark *r = d->remarks; r != NULL; r = r->next) {
        if (r->replacement == NULL || !has_place(diags, r->span)) {
            continue;
        }
        ent_text_puts(out, before);
        ent_text_puts(out, "{\"description\":{\"text\":");
        put_text(out, r->message);
        ent_text_puts(out, "},\"artifactChanges\":[{");
        put_artifact(diags, r->span.file, out);
        ent_text_puts(out, ",\"replacements\":[{\"deletedRegion\":");
        put_region(diags, r->span, out);
        ent_text_puts(out, ",\"insertedContent\":{\"text\":");
        put_text(out, r->replacement);
        ent_text_puts(out, "}}]}]}");
        before = ",";
    }
    ent_text_puts(out, before[1] == '\0' ? "]" : "");
}

static void put_result(const ent_diags *diags, const ent_diag *d, int rule, ent_text *out)
{
    ent_text_printf(out, "{\"ruleId\":\"%s\",\"ruleIndex\":%d,\"level\":\"%s\",\"message\":",
                    ent_diag_code_info(d->code)->code, rule, severity_text(d));
    put_message(d, out);
    if (has_place(diags, d->span)) {
        ent_text_puts(out, ",\"locations\":[");
        put_location(diags, d->span, NULL, out);
        ent_text_putc(out, ']');
    }
    const char *before = ",\"relatedLocations\":[";
    for (const diag_label *l = d->labels; l != NULL; l = l->next) {
        if (has_place(diags, l->span)) {
            ent_text_puts(out, before);
            put_location(diags, l->span, l->message, out);
            before = ",";
        }
    }
    ent_text_puts(out, before[1] == '\0' ? "]" : "");
    put_sarif_fixes(diags, d, out);
    ent_text_putc(out, '}');
}

/* The rules that occur, and where in the list each stands. */
static void put_rules(const ent_diags *diags, int index[ENT_DIAG_COUNT], ent_text *out)
{
    bool used[ENT_DIAG_COUNT] = {false};
    int n = 0;
    for (size_t i = 0; i < diags->n; i++) {
        used[diags->list[i]->code] = true;
    }
    for (int i = 1; i < ENT_DIAG_COUNT; i++) {
        if (!used[i]) {
            continue;
        }
        const ent_diag_info *info = ent_diag_code_info((ent_diag_code)i);
        ent_text_printf(out, "%s\n{\"id\":\"%s\",\"name\":\"%s\",\"shortDescription\":{\"text\":",
                        n == 0 ? "" : ",", info->code, info->slug);
        put_text(out, info->meaning);
        ent_text_printf(out, "},\"defaultConfiguration\":{\"level\":\"%s\"}}",
                        info->severity == ENT_SEVERITY_ERROR ? "error" : "warning");
        index[i] = n++;
    }
}

void ent_diags_render_sarif(ent_diags *diags, ent_text *out)
{
    int index[ENT_DIAG_COUNT] = {0};
    ent_diags_conclude(diags);
    ent_text_puts(out, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
                       "\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{"
                       "\"name\":\"entente\",\"rules\":[");
    put_rules(diags, index, out);
    ent_text_puts(out, "]}},\"columnKind\":\"unicodeCodePoints\",\"results\":[");
    for (size_t i = 0; i < diags->n; i++) {
        ent_text_puts(out, i == 0 ? "\n" : ",\n");
        put_result(diags, diags->list[i], index[diags->list[i]->code], out);
    }
    ent_text_puts(out, "]}]}\n");
}
