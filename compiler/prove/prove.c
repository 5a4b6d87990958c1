/* The prover's entry and what its parts share.  See prove.h. */
#include "compiler/prove/prove.h"

#include <stdarg.h>
#include <string.h>

#include "compiler/prove/internal.h"

/* --- reporting --- */

ent_diag *ent_prove_report(ent_prover *p, ent_diag_code code, ent_span span, const char *format,
                           ...)
{
    for (size_t i = 0; i < p->n_reported; i++) {
        const ent_reported *r = &p->reported[i];
        if (r->code == code && r->span.file == span.file && r->span.start == span.start) {
            return NULL;
        }
    }
    ent_reported *grown = ent_arena_grow_array(p->arena, p->reported, p->n_reported,
                                               p->n_reported + 1, sizeof *p->reported);
    if (grown == NULL) {
        p->out_of_memory = true;
        return NULL;
    }
    p->reported = grown;
    p->reported[p->n_reported++] = (ent_reported){code, span};
    va_list args;
    va_start(args, format);
    const char *message = ent_arena_vprintf(p->arena, format, args);
    va_end(args);
    return ent_diag_add(p->diags, code, span, "%s", message == NULL ? "" : message);
}

const char *ent_prove_percent(ent_prover *p, ent_q ratio)
{
    char buf[ENT_Q_TEXT_SIZE];
    ent_q percent;
    if (!ent_q_mul(ratio, ent_q_from_i64(100), &percent) ||
        ent_q_format_rounded(percent, 6, true, buf, sizeof buf) == 0) {
        return "?";
    }
    const char *text = ent_arena_printf(p->arena, "%s%%", buf);
    return text == NULL ? "" : text;
}

const char *ent_prove_duration(ent_prover *p, int64_t ns)
{
    static const struct {
        int64_t ns;
        const char *unit;
    } units[] = {{86400000000000, "d"},
                 {3600000000000, "h"},
                 {60000000000, "m"},
                 {1000000000, "s"},
                 {1000000, "ms"}};
    const char *text = "";
    for (size_t i = 0; i < sizeof units / sizeof *units && text != NULL; i++) {
        if (ns >= units[i].ns) {
            text = ent_arena_printf(p->arena, "%s%lld%s", text, (long long)(ns / units[i].ns),
                                    units[i].unit);
            ns %= units[i].ns;
        }
    }
    return text == NULL || text[0] == '\0' ? "0s" : text;
}

const char *ent_prove_title(const char *title, const char *name)
{
    return title != NULL ? title : name;
}

/* --- comparing and walking the model --- */

bool ent_prove_same(const ent_node *a, const ent_node *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    bool texts = (a->text == NULL) == (b->text == NULL) &&
                 (a->text == NULL || strcmp(a->text, b->text) == 0);
    bool same = a->kind == b->kind && a->op == b->op && a->n_kids == b->n_kids && a->i == b->i &&
                a->decl_kind == b->decl_kind && a->slot == b->slot && texts &&
                ent_q_cmp(a->q.den == 0 ? ent_q_from_i64(0) : a->q,
                          b->q.den == 0 ? ent_q_from_i64(0) : b->q) == 0;
    if (same && a->decl_kind != ENT_DECL_VARIABLE && a->decl != b->decl) {
        return false;
    }
    for (uint32_t i = 0; same && i < a->n_kids; i++) {
        same = ent_prove_same(a->kids[i], b->kids[i]);
    }
    return same;
}

static void visit(const ent_service_decl *s, bool *seen, const ent_service_decl **out, size_t *n)
{
    for (size_t i = 0; i < s->n_dependencies; i++) {
        const ent_service_decl *d = s->dependencies[i];
        if (!seen[d->index]) {
            seen[d->index] = true;
            visit(d, seen, out, n);
            out[(*n)++] = d;
        }
    }
}

const ent_service_decl **ent_prove_closure(ent_prover *p, const ent_service_decl *s, size_t *n)
{
    bool *seen = ent_arena_alloc_array(p->arena, p->m->n_services + 1, sizeof *seen);
    const ent_service_decl **out =
        ent_arena_alloc_array(p->arena, p->m->n_services + 1, sizeof *out);
    *n = 0;
    if (seen == NULL || out == NULL) {
        p->out_of_memory = true;
        return NULL;
    }
    visit(s, seen, out, n);
    return out;
}

/* --- the order of proofs --- */

static bool prove_day(ent_prover *p, int64_t day)
{
    if (!ent_collect_elements(p->m, p->arena, day, &p->at)) {
        return false;
    }
    ent_prove_availability(p);
    ent_prove_times(p);
    if (ent_diags_error_count(p->diags) == 0) { /* a broken rule may have said the same */
        ent_prove_accountability(p);
    }
    return !p->out_of_memory;
}

/* What the checker found of ladders and matches is shown, unless there are other mistakes: then the
 * model is not whole. */
static void show_found(ent_prover *p)
{
    size_t errors = p->m->n_match_gaps;
    for (size_t i = 0; i < p->m->n_ladder_cases; i++) {
        errors += !p->m->ladder_cases[i].stands;
    }
    if (p->m->framework != NULL && errors == ent_diags_error_count(p->diags)) {
        ent_prove_ladders(p);
        ent_prove_gaps(p);
    }
}

bool ent_prove(ent_arena *arena, ent_sources *sources, ent_diags *diags, const ent_model *model)
{
    ent_prover p = {.arena = arena, .sources = sources, .diags = diags, .m = model};
    show_found(&p);
    if (ent_diags_error_count(diags) > 0 || model->framework == NULL) {
        return !p.out_of_memory;
    }
    for (size_t i = 0; i < model->framework->n_requires; i++) {
        p.strict = p.strict || model->framework->requires[i].is_underpinning;
    }
    int64_t *days;
    size_t n_days;
    if (!ent_prove_rules(&p) || !ent_change_days(model, arena, &days, &n_days)) {
        return false;
    }
    ent_prove_guards(&p);
    ent_prove_claims(&p);
    ent_prove_watermelons(&p);
    ent_prove_dead(&p);
    bool ok = prove_day(&p, INT64_MIN);
    for (size_t i = 0; ok && i < n_days; i++) {
        ok = prove_day(&p, days[i]);
    }
    return ok;
}
