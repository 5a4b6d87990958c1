/* See coverage.h. */
#include "compiler/entente/coverage.h"

#include <string.h>

#include "compiler/entente/expect.h"
#include "compiler/syntax/arena.h"

static bool is_here(const ent_compilation *c, ent_span span, const char *file, uint32_t line,
                    uint32_t column)
{
    ent_position at = ent_source_position(c->sources, span.file, span.start);
    return at.line == line && at.column == column &&
           strcmp(ent_sources_path(c->sources, span.file), file) == 0;
}

static ent_covered_clause *add(const ent_compilation *c, ent_coverage *coverage,
                               const ent_agreement_decl *agreement, const char *name, ent_span span)
{
    for (size_t i = 0; i < coverage->n; i++) {
        ent_covered_clause *known = &coverage->v[i];
        if (strcmp(known->agreement, agreement->name) == 0 &&
            is_here(c, span, known->file, known->line, known->column)) {
            return NULL;
        }
    }
    ent_position at = ent_source_position(c->sources, span.file, span.start);
    ent_covered_clause *clause = &coverage->v[coverage->n++];
    *clause = (ent_covered_clause){.agreement = agreement->name,
                                   .name = name,
                                   .file = ent_sources_path(c->sources, span.file),
                                   .version = agreement->version,
                                   .line = at.line,
                                   .column = at.column};
    return clause;
}

/* In the order of the source within an agreement. */
static void sort_last(ent_coverage *coverage)
{
    for (size_t i = coverage->n - 1; i > 0; i--) {
        ent_covered_clause *a = &coverage->v[i - 1];
        ent_covered_clause *b = &coverage->v[i];
        if (a->agreement != b->agreement || a->line <= b->line) {
            return;
        }
        ent_covered_clause swap = *a;
        *a = *b;
        *b = swap;
    }
}

static const char *step_text(const ent_compilation *c, ent_span span)
{
    char text[256];
    ent_expect_source_text(c, span, text, sizeof text);
    return ent_arena_strdup(c->arena, text);
}

static bool add_objective(const ent_compilation *c, ent_coverage *coverage,
                          const ent_objective_decl *o)
{
    ent_covered_clause *clause = add(c, coverage, o->agreement, o->name, o->span);
    if (!clause) {
        return true;
    }
    clause->steps = ent_arena_alloc_array(c->arena, o->n_steps + 1, sizeof *clause->steps);
    for (size_t i = 0; clause->steps && i < o->n_steps; i++) {
        ent_position at =
            ent_source_position(c->sources, o->steps[i].span.file, o->steps[i].span.start);
        clause->steps[clause->n_steps++] = (ent_covered_step){
            .text = step_text(c, o->steps[i].span), .line = at.line, .column = at.column};
    }
    bool ok = clause->steps != NULL;
    sort_last(coverage);
    return ok;
}

bool ent_coverage_init(const ent_compilation *c, ent_coverage *coverage)
{
    const ent_model *m = c->model;
    *coverage = (ent_coverage){0};
    coverage->v =
        ent_arena_alloc_array(c->arena, m->n_duties + m->n_objectives + 1, sizeof *coverage->v);
    bool ok = coverage->v != NULL;
    for (size_t i = 0; ok && i < m->n_agreements; i++) {
        const ent_agreement_decl *a = m->agreements[i];
        for (size_t k = 0; k < a->n_duties; k++) {
            ent_covered_clause *clause =
                add(c, coverage, a, a->duties[k]->name, a->duties[k]->span);
            if (clause) {
                clause->is_duty = true;
                sort_last(coverage);
            }
        }
        for (size_t k = 0; ok && k < a->n_objectives; k++) {
            ok = add_objective(c, coverage, a->objectives[k]);
        }
    }
    return ok;
}

static bool is_at(const ent_image *p, int64_t place, const char *file, uint32_t line,
                  uint32_t column)
{
    const ent_place_row *row = &p->place[place];
    return row->line == line && row->column == column &&
           strcmp(ent_image_text(p, p->source_file[row->file].path), file) == 0;
}

static void reach(const ent_image *p, const ent_verdict *d, ent_covered_clause *clause)
{
    clause->met |= d->status == ENT_STATUS_MET;
    clause->breach |= d->status == ENT_STATUS_BREACH;
    clause->other |= d->status == ENT_STATUS_EXCUSED || d->status == ENT_STATUS_VOID;
    bool judged = d->status == ENT_STATUS_MET || d->status == ENT_STATUS_BREACH;
    int64_t step = judged ? ent_verdict_step(p, d) : -1;
    for (size_t i = 0; step >= 0 && i < clause->n_steps; i++) {
        clause->steps[i].reached |= is_at(p, p->step[step].place, clause->file,
                                          clause->steps[i].line, clause->steps[i].column);
    }
}

void ent_coverage_add(const ent_scenario_run *run, ent_coverage *coverage)
{
    const ent_image *p = run->program;
    for (size_t i = 0; i < run->n; i++) {
        const ent_verdict *d = &run->decisions[i];
        bool duty = d->kind == ENT_VERDICT_DUTY;
        if ((!duty && d->kind != ENT_VERDICT_OBJECTIVE) || !d->final) {
            continue;
        }
        int64_t place = duty ? p->duty[d->clause].place : p->objective[d->clause].place;
        int64_t agreement = duty ? p->duty[d->clause].agreement : p->objective[d->clause].agreement;
        const char *name = ent_image_text(p, p->agreement[agreement].name);
        for (size_t k = 0; k < coverage->n; k++) {
            ent_covered_clause *clause = &coverage->v[k];
            if (strcmp(clause->agreement, name) == 0 &&
                is_at(p, place, clause->file, clause->line, clause->column)) {
                reach(p, d, clause);
            }
        }
    }
}
