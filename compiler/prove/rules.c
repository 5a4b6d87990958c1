/* Conformance: every rule of the framework holds, on every day on which an amendment changes
 * something.
 *
 * A scope's lanes are run in batches of up to ENT_LANES_MAX; an inner quantifier's lanes are made
 * batch by batch from those of the scope around it and folded into one value a lane at once, so
 * memory is bounded by the rule's nesting, whatever the club's size. */
#include "compiler/prove/rules.h"

#include <stdio.h>
#include <string.h>

#include "compiler/prove/internal.h"

ent_rule_frame *ent_rule_frame_of(ent_rule_run *run, const ent_rule_scope *scope)
{
    size_t i = 0;
    while (run->scopes[i] != scope) {
        i++;
    }
    return &run->frames[i];
}

ent_elements ent_rule_elements(const ent_rule_run *run, const ent_rule_scope *scope)
{
    return run->at.of[scope->quantifier->kids[0]->slot];
}

/* --- reading elements --- */

static const ent_element *bound_element(const ent_rule_run *run, const ent_rule_scope *scope,
                                        const int32_t *bound, const ent_node *variable)
{
    while (scope->quantifier != variable->decl) {
        scope = scope->outer;
    }
    return &ent_rule_elements(run, scope).v[bound[scope->depth - 1]];
}

ent_read ent_rule_read(ent_rule_run *run, const ent_rule_scope *scope, const int32_t *bound,
                       const ent_node *path)
{
    if (path->decl_kind == ENT_DECL_ELEMENT) {
        ent_read base = ent_rule_read(run, scope, bound, path->kids[0]);
        return base.there ? ent_read_field(run->m, &base.element, path->slot) : base;
    }
    ent_element e;
    if (path->decl_kind == ENT_DECL_PARTY) {
        e = ent_element_of_party(path->decl);
    } else if (path->decl_kind == ENT_DECL_SERVICE) {
        e = ent_element_of_service(path->decl);
    } else {
        e = *bound_element(run, scope, bound, path);
    }
    return (ent_read){.there = true, .i = e.index, .element = e};
}

static bool put(ent_rule_run *run, const ent_rule_column *column, const ent_vector *into,
                uint32_t lane, ent_read value)
{
    into->absent[lane] = !value.there;
    if (column->cls == ENT_CLASS_Q) {
        ((ent_q *)into->data)[lane] = value.there ? value.q : ent_q_from_i64(0);
    } else {
        int64_t i = value.there ? value.i : 0;
        if (value.text != NULL) {
            i = ent_strings_intern(run->strings, value.text, strlen(value.text));
            run->out_of_memory = run->out_of_memory || i < 0;
        }
        ((int64_t *)into->data)[lane] = i;
    }
    return !run->out_of_memory;
}

/* --- reductions --- */

static void begin(const ent_rule_column *column, const ent_vector *into, uint32_t n)
{
    memset(into->absent, 0, n);
    for (uint32_t i = 0; i < n; i++) {
        switch (column->cls) {
        case ENT_CLASS_B:
            ((uint8_t *)into->data)[i] = column->node->op == ENT_QUANT_ALL;
            break;
        case ENT_CLASS_I:
            ((int64_t *)into->data)[i] = 0;
            break;
        case ENT_CLASS_F:
            ((double *)into->data)[i] = 0;
            break;
        default:
            ((ent_q *)into->data)[i] = ent_q_from_i64(0);
            break;
        }
    }
}

static bool is_true(const ent_vector *c, uint32_t lane)
{
    return (c->absent == NULL || !c->absent[lane]) && ((const uint8_t *)c->data)[lane] != 0;
}

static void add(ent_rule_run *run, const ent_rule_column *column, const ent_vector *into,
                uint32_t owner, const ent_vector *from, uint32_t lane)
{
    bool fits = true;
    if (from->absent != NULL && from->absent[lane]) {
        return;
    }
    if (column->cls == ENT_CLASS_I) {
        int64_t *sum = (int64_t *)into->data + owner;
        fits = !__builtin_add_overflow(*sum, ((const int64_t *)from->data)[lane], sum);
    } else if (column->cls == ENT_CLASS_F) {
        ((double *)into->data)[owner] += ((const double *)from->data)[lane];
    } else {
        ent_q *sum = (ent_q *)into->data + owner;
        fits = ent_q_add(*sum, ((const ent_q *)from->data)[lane], sum);
    }
    if (!fits && !run->failed) {
        run->failed = true;
        (void)snprintf(run->message, sizeof run->message, "a sum does not fit");
    }
}

static void fold(ent_rule_run *run, const ent_rule_column *column, const ent_vector *into,
                 uint32_t n)
{
    const ent_rule_scope *s = column->inner;
    const ent_rule_frame *frame = ent_rule_frame_of(run, s);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t owner = frame->owner[i];
        bool in = s->guard < 0 || is_true(&frame->outputs[s->guard], i);
        switch (column->node->op) {
        case ENT_QUANT_ALL:
            ((uint8_t *)into->data)[owner] &= is_true(&frame->outputs[s->result], i);
            break;
        case ENT_QUANT_ANY:
            ((uint8_t *)into->data)[owner] |= in;
            break;
        case ENT_QUANT_COUNT:
            ((int64_t *)into->data)[owner] += in;
            break;
        default:
            if (in) {
                add(run, column, into, owner, &frame->outputs[s->result], i);
            }
            break;
        }
    }
}

static bool reduce(ent_rule_run *run, const ent_rule_scope *scope, const ent_rule_column *column,
                   const ent_vector *into, uint32_t n)
{
    const ent_rule_scope *inner = column->inner;
    const ent_rule_frame *outer_frame = ent_rule_frame_of(run, scope);
    ent_rule_frame *frame = ent_rule_frame_of(run, inner);
    size_t elements = ent_rule_elements(run, inner).n;
    uint32_t filled = 0;
    begin(column, into, n);
    for (uint32_t lane = 0; lane < n; lane++) {
        for (size_t e = 0; e < elements; e++) {
            int32_t *bound = frame->bound + (size_t)filled * inner->depth;
            memcpy(bound, outer_frame->bound + (size_t)lane * scope->depth,
                   scope->depth * sizeof *bound);
            bound[scope->depth] = (int32_t)e;
            frame->owner[filled++] = lane;
            if (filled == ENT_LANES_MAX) {
                if (!ent_rule_eval(run, inner, filled)) {
                    return false;
                }
                fold(run, column, into, filled);
                filled = 0;
            }
        }
    }
    if (filled > 0 && !ent_rule_eval(run, inner, filled)) {
        return false;
    }
    fold(run, column, into, filled);
    return true;
}

bool ent_rule_eval(ent_rule_run *run, const ent_rule_scope *scope, uint32_t n)
{
    ent_rule_frame *frame = ent_rule_frame_of(run, scope);
    for (size_t k = 0; k < scope->n_columns; k++) {
        const ent_rule_column *column = &scope->columns[k];
        const ent_vector *into = &frame->inputs[k];
        if (column->inner != NULL) {
            if (!reduce(run, scope, column, into, n)) {
                return false;
            }
            continue;
        }
        for (uint32_t lane = 0; lane < n; lane++) {
            const int32_t *bound = frame->bound + (size_t)lane * scope->depth;
            if (!put(run, column, into, lane, ent_rule_read(run, scope, bound, column->node))) {
                return false;
            }
        }
    }
    const ent_lane_error *errors = NULL;
    uint32_t n_errors = 0;
    if (!ent_vm_run(run->vm, scope->kernel, frame->inputs, n, frame->outputs, NULL, &errors,
                    &n_errors)) {
        run->out_of_memory = true;
        return false;
    }
    if (n_errors > 0 && !run->failed) {
        run->failed = true;
        (void)snprintf(run->message, sizeof run->message, "%s", errors[0].message);
    }
    return true;
}

/* --- one rule --- */

static size_t count_scopes(const ent_rule_scope *s)
{
    size_t n = 1;
    for (size_t i = 0; i < s->n_columns; i++) {
        n += s->columns[i].inner == NULL ? 0 : count_scopes(s->columns[i].inner);
    }
    return n;
}

static bool make_frame(ent_rule_run *run, const ent_rule_scope *s)
{
    static const size_t sizes[] = {1, sizeof(int64_t), sizeof(double), sizeof(ent_q)};
    ent_rule_frame *f = &run->frames[run->n_scopes];
    run->scopes[run->n_scopes++] = s;
    size_t outputs = (size_t)run->program->kernel[s->kernel].n_outputs;
    f->bound =
        ent_arena_alloc_array(run->arena, (size_t)ENT_LANES_MAX * (s->depth + 1), sizeof *f->bound);
    f->owner = ent_arena_alloc_array(run->arena, ENT_LANES_MAX, sizeof *f->owner);
    f->inputs = ent_arena_alloc_array(run->arena, s->n_columns + 1, sizeof *f->inputs);
    f->outputs = ent_arena_alloc_array(run->arena, outputs + 1, sizeof *f->outputs);
    if (f->bound == NULL || f->owner == NULL || f->inputs == NULL || f->outputs == NULL) {
        return false;
    }
    for (size_t i = 0; i < s->n_columns; i++) {
        ent_class cls = s->columns[i].cls;
        f->inputs[i] = (ent_vector){
            .cls = cls,
            .data = ent_arena_alloc_array(run->arena, ENT_LANES_MAX, sizes[cls]),
            .absent = ent_arena_alloc_array(run->arena, ENT_LANES_MAX, 1),
        };
        if (f->inputs[i].data == NULL || f->inputs[i].absent == NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < s->n_columns; i++) {
        if (s->columns[i].inner != NULL && !make_frame(run, s->columns[i].inner)) {
            return false;
        }
    }
    return true;
}

static bool make_frames(ent_rule_run *run, const ent_rule_scope *root)
{
    size_t n = count_scopes(root);
    run->scopes = ent_arena_alloc_array(run->arena, n, sizeof *run->scopes);
    run->frames = ent_arena_alloc_array(run->arena, n, sizeof *run->frames);
    run->n_scopes = 0;
    return run->scopes != NULL && run->frames != NULL && make_frame(run, root);
}

/* Combinations of elements that the scope and those in it look at, capped. */
static int64_t cost(const ent_rule_run *run, const ent_rule_scope *s, int64_t lanes)
{
    int64_t sum = lanes;
    for (size_t i = 0; i < s->n_columns; i++) {
        const ent_rule_scope *inner = s->columns[i].inner;
        if (inner == NULL) {
            continue;
        }
        int64_t n = (int64_t)ent_rule_elements(run, inner).n;
        int64_t more = n > 0 && lanes > ENT_RULE_LANES_MAX / n ? ENT_RULE_LANES_MAX + 1
                                                               : cost(run, inner, lanes * n);
        sum = sum + more > ENT_RULE_LANES_MAX ? ENT_RULE_LANES_MAX + 1 : sum + more;
    }
    return sum;
}

static void report_undecided(ent_rule_run *run, const ent_require_decl *rule, const char *reason)
{
    ent_diag *d = ent_diag_add(run->diags, ENT_DIAG_E0451, rule->span,
                               "rule `%s` cannot be computed: %s", rule->name, reason);
    ent_diag_primary_label(d, "whether it holds is not known");
}

/* Whether the rule holds on the day in hand; what is wrong is reported. */
static bool holds(ent_rule_run *run, const ent_require_decl *rule, const ent_rule_scope *root,
                  int64_t day)
{
    run->failed = false;
    if (cost(run, root, 1) > ENT_RULE_LANES_MAX) {
        report_undecided(run, rule,
                         ent_arena_printf(run->arena,
                                          "it looks at more than %d combinations of elements",
                                          ENT_RULE_LANES_MAX));
        return false;
    }
    if (!ent_rule_eval(run, root, 1)) {
        return false;
    }
    if (run->failed) {
        report_undecided(run, rule, run->message);
        return false;
    }
    if (is_true(&ent_rule_frame_of(run, root)->outputs[root->result], 0)) {
        return true;
    }
    ent_rule_report(run, rule, root, day);
    return false;
}

static bool run_rules(ent_rule_run *run, ent_rule_scope *const *roots)
{
    const ent_framework_decl *f = run->m->framework;
    int64_t *days;
    size_t n_days;
    if (!ent_change_days(run->m, run->arena, &days, &n_days)) {
        return false;
    }
    for (size_t i = 0; i < f->n_requires; i++) {
        if (roots[i] == NULL) {
            continue;
        }
        if (!make_frames(run, roots[i])) {
            return false;
        }
        bool ok = true;
        for (size_t d = 0; ok && d <= n_days; d++) {
            int64_t day = d == 0 ? INT64_MIN : days[d - 1];
            ok = ent_collect_elements(run->m, run->arena, day, &run->at) &&
                 holds(run, &f->requires[i], roots[i], day);
        }
        if (run->out_of_memory || ent_arena_failed(run->arena)) {
            return false;
        }
    }
    return true;
}

static bool load_and_run(ent_rule_run *run, const ent_bytes *bytes, ent_rule_scope *const *roots)
{
    ent_image *program = NULL;
    ent_load_error error = {0};
    char message[200] = "";
    bool ok = ent_image_decode(bytes->p, bytes->n, &program, &error);
    if (!ok) { /* our own mistake, or no memory: nothing is claimed about the rules */
        ent_diag_add(run->diags, ENT_DIAG_E0451, run->m->framework->span,
                     "the rules cannot be computed: %s", error.message);
        return true;
    }
    run->program = program;
    run->strings = ent_strings_new(program);
    run->vm = run->strings == NULL
                  ? NULL
                  : ent_vm_new(program, run->strings, NULL, ENT_LANES_MAX, message, sizeof message);
    ok = run->vm != NULL && run_rules(run, roots);
    ent_vm_free(run->vm);
    ent_strings_free(run->strings);
    ent_image_destroy(program);
    return ok;
}

bool ent_prove_rules(ent_prover *p)
{
    const ent_framework_decl *f = p->m->framework;
    ent_rule_scope **roots = ent_arena_alloc_array(p->arena, f->n_requires + 1, sizeof *roots);
    ent_builder *b = ent_builder_new();
    ent_bytes bytes = {0};
    ent_lower_error error;
    char message[256] = "out of memory";
    bool ok = roots != NULL && b != NULL;
    if (ok && !ent_lower_rules(p->m, p->arena, b, roots, &error)) {
        ok = !error.out_of_memory;
        if (ok) {
            ent_diag_add(p->diags, ENT_DIAG_E0451, error.span, "this rule cannot be computed: %s",
                         error.message);
        }
    } else if (ok && !ent_builder_write(b, &bytes, message, sizeof message)) {
        ent_diag_add(p->diags, ENT_DIAG_E0451, f->span, "the rules cannot be computed: %s",
                     message);
    } else if (ok) {
        ent_rule_run run = {.m = p->m, .arena = p->arena, .diags = p->diags};
        ok = load_and_run(&run, &bytes, roots);
    }
    ent_builder_free(b);
    ent_bytes_deinit(&bytes);
    return ok;
}
