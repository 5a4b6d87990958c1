/* From a scenario's run to what is told of it.  See test_report.h. */
#include <string.h>

#include "compiler/entente/test_report.h"
#include "compiler/syntax/arena.h"

enum { SUBJECTS_SHOWN = 6 };

static bool is_clause(const ent_image *p, const ent_node *of, const ent_verdict *d)
{
    bool duty = d->kind == ENT_VERDICT_DUTY;
    if (!duty && d->kind != ENT_VERDICT_OBJECTIVE) {
        return false;
    }
    int64_t name = duty ? p->duty[d->clause].name : p->objective[d->clause].name;
    int64_t agreement = duty ? p->duty[d->clause].agreement : p->objective[d->clause].agreement;
    return strcmp(ent_image_text(p, name), of->name) == 0 &&
           strcmp(ent_image_text(p, p->agreement[agreement].name), of->kids[0]->name) == 0;
}

static bool is_used(const ent_image *p, const char *agreement)
{
    for (size_t i = 0; i < p->n_agreement; i++) {
        if (strcmp(ent_image_text(p, p->agreement[i].name), agreement) == 0) {
            return true;
        }
    }
    return false;
}

/* What was decided of the clause where nothing fits `for` and `in`. */
static const char *hint(const ent_compilation *c, const ent_scenario_run *run,
                        const ent_node *expectation)
{
    const ent_node *of = expectation->kids[0];
    ent_text text = {0};
    size_t shown = 0;
    size_t more = 0;
    bool one_for_all = false;
    if (!is_used(run->program, of->kids[0]->name)) {
        return ent_arena_printf(c->arena, "the scenario's `using` leaves out %s",
                                of->kids[0]->name);
    }
    for (size_t i = 0; i < run->n; i++) {
        if (!is_clause(run->program, of, &run->decisions[i])) {
            continue;
        }
        one_for_all = ent_engine_subject_fields(run->session, &run->decisions[i]) == 0;
        if (shown == SUBJECTS_SHOWN) {
            more++;
            continue;
        }
        char line[512];
        ent_expect_decision_text(run, &run->decisions[i], line, sizeof line);
        char *colon = strchr(line, ':');
        if (colon) {
            *colon = 0;
        }
        ent_text_printf(&text, "%s%s", shown++ ? "; " : "", line);
    }
    if (more > 0) {
        ent_text_printf(&text, "; and %zu more", more);
    }
    if (one_for_all && expectation->kids[1]) {
        ent_text_puts(&text, "; it is decided once for all: leave out `for`");
    }
    const char *made =
        shown == 0 ? ent_arena_printf(c->arena, "no fact of this scenario concerns %s.%s",
                                      of->kids[0]->name, of->name)
                   : ent_arena_printf(c->arena, "%s.%s was decided: %s", of->kids[0]->name,
                                      of->name, ent_text_str(&text));
    ent_text_deinit(&text);
    return made;
}

static bool record(const ent_compilation *c, const ent_scenario_run *run, const ent_node *node,
                   ent_test_expectation *out)
{
    char text[1024];
    ent_expectation verdict;
    ent_position at = ent_source_position(c->sources, node->span.file, node->span.start);
    ent_expect_judge(c, run, node, &verdict);
    ent_expect_source_text(c, node->span, text, sizeof text);
    *out = (ent_test_expectation){.text = ent_arena_strdup(c->arena, text),
                                  .line = at.line,
                                  .column = at.column,
                                  .passed = verdict.passed};
    if (verdict.nearest) {
        ent_expect_decision_text(run, verdict.nearest, text, sizeof text);
        out->decided = ent_arena_strdup(c->arena, text);
    } else if (!verdict.passed) {
        out->hint = hint(c, run, node);
    }
    if (!verdict.passed && verdict.n_differences > 0) {
        size_t bytes = verdict.n_differences * sizeof *out->differences;
        out->differences = ent_arena_alloc(c->arena, bytes);
        if (out->differences) {
            memcpy(out->differences, verdict.differences, bytes);
            out->n_differences = verdict.n_differences;
        }
    }
    return !ent_arena_failed(c->arena);
}

bool ent_test_record(const ent_compilation *c, const ent_scenario_run *run, ent_test_case *out)
{
    const ent_node *node = run->node;
    ent_position at = ent_source_position(c->sources, node->span.file, node->span.start);
    *out = (ent_test_case){.title = node->title ? node->title : "",
                           .file = ent_sources_path(c->sources, node->span.file),
                           .line = at.line};
    out->expectations = ent_arena_alloc_array(c->arena, node->n_kids + 1, sizeof *out->expectations);
    if (run->error[0]) {
        at = ent_source_position(c->sources, run->error_span.file, run->error_span.start);
        out->error = ent_arena_strdup(c->arena, run->error);
        out->error_line = at.line;
        out->error_column = at.column;
        return !ent_arena_failed(c->arena);
    }
    for (size_t i = 0; out->expectations && i < node->n_kids; i++) {
        if (node->kids[i]->kind != ENT_NODE_EXPECT) {
            continue;
        }
        ent_test_expectation *e = &out->expectations[out->n_expectations++];
        if (!record(c, run, node->kids[i], e)) {
            return false;
        }
        out->n_failed += !e->passed;
    }
    return out->expectations != NULL;
}
