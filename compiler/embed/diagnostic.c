/* Diagnostics as structs of the public interface: what diag_json.c writes, for hosts. */
#include "compiler/check/check.h"
#include "compiler/embed/embed.h"
#include "compiler/syntax/diag_internal.h"

_Static_assert((int)ENT_DIAGNOSTIC_ERROR == (int)ENT_SEVERITY_ERROR &&
                   (int)ENT_DIAGNOSTIC_WARNING == (int)ENT_SEVERITY_WARNING,
               "severities are the public ones");

/* Names of files are shared by all that is said of them. */
static ent_source_span make_span(ent_arena *arena, const ent_diags *diags, ent_span span)
{
    if (span.file >= ent_sources_count(diags->sources)) {
        return (ent_source_span){.file = NULL};
    }
    ent_position from = ent_source_position(diags->sources, span.file, span.start);
    ent_position to = ent_source_position(diags->sources, span.file, span.end);
    return (ent_source_span){.file = ent_intern_text(arena, ent_sources_path(diags->sources, span.file)),
                             .line = from.line,
                             .column = from.column,
                             .end_line = to.line,
                             .end_column = to.column,
                             .start = span.start,
                             .end = span.end};
}

static const char *copy(ent_arena *arena, const char *text)
{
    return text ? ent_arena_strdup(arena, text) : NULL;
}

static void take_labels(ent_arena *arena, const ent_diags *diags, const ent_diag *d, ent_diagnostic *out)
{
    size_t n = 0;
    for (const diag_label *l = d->labels; l; l = l->next) {
        n++;
    }
    ent_diagnostic_label *labels = ent_arena_alloc_array(arena, n + 1, sizeof *labels);
    for (const diag_label *l = d->labels; labels && l; l = l->next) {
        labels[out->n_labels++] = (ent_diagnostic_label){make_span(arena, diags, l->span), copy(arena, l->message)};
    }
    out->labels = labels;
}

static void take_remarks(ent_arena *arena, const ent_diags *diags, const ent_diag *d, ent_diagnostic *out)
{
    size_t n = 0;
    for (const diag_remark *r = d->remarks; r; r = r->next) {
        n++;
    }
    const char **notes = ent_arena_alloc_array(arena, n + 1, sizeof *notes);
    const char **help = ent_arena_alloc_array(arena, n + 1, sizeof *help);
    ent_diagnostic_fix *fixes = ent_arena_alloc_array(arena, n + 1, sizeof *fixes);
    for (const diag_remark *r = d->remarks; notes && help && fixes && r; r = r->next) {
        const char *message = copy(arena, r->message);
        if (r->replacement) {
            fixes[out->n_fixes++] =
                (ent_diagnostic_fix){make_span(arena, diags, r->span), copy(arena, r->replacement), message};
        } else if (r->is_note) {
            notes[out->n_notes++] = message;
        } else {
            help[out->n_help++] = message;
        }
    }
    out->notes = notes;
    out->help = help;
    out->fixes = fixes;
}

bool ent_compiled_take_diagnostics(ent_compiled *c, ent_diags *diags)
{
    ent_diags_conclude(diags);
    c->diagnostics = ent_arena_alloc_array(c->arena, diags->n + 1, sizeof *c->diagnostics);
    if (!c->diagnostics) {
        return false;
    }
    for (size_t i = 0; i < diags->n; i++) {
        const ent_diag *d = diags->list[i];
        const ent_diag_info *info = ent_diag_code_info(d->code);
        ent_diagnostic *out = &c->diagnostics[i];
        *out = (ent_diagnostic){.code = info->code,
                                .slug = info->slug,
                                .severity = (ent_diagnostic_severity)info->severity,
                                .message = copy(c->arena, d->message),
                                .span = make_span(c->arena, diags, d->span),
                                .label = copy(c->arena, d->label),
                                .example = copy(c->arena, d->example)};
        take_labels(c->arena, diags, d, out);
        take_remarks(c->arena, diags, d, out);
    }
    c->n_diagnostics = diags->n;
    return !ent_arena_failed(c->arena);
}

const ent_diagnostic *ent_compiled_diagnostic(const ent_compiled *c, size_t index)
{
    return index < c->n_diagnostics ? &c->diagnostics[index] : NULL;
}

const char *ent_diagnostic_explanation(const char *code)
{
    return code ? ent_explain_code(code) : NULL;
}
