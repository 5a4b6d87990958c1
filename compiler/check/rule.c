/* The rules of a framework: those that it states itself, and those that a used file offers
 * (`require siam.no_prime`).  Here they are named and typed; whether they hold is proved later
 * (compiler/prove), over the finished model. */
#include "compiler/check/checker.h"

#include <string.h>

/* Whether `name` is what the file of the tree is called, without its folder and `.ent`. */
static bool is_module(ent_checker *ck, const ent_node *file, const char *name)
{
    const char *path = ent_sources_path(ck->sources, file->span.file);
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    size_t len = strlen(name);
    return base != NULL && strncmp(base, name, len) == 0 &&
           (strcmp(base + len, ".ent") == 0 || strcmp(base + len, ".ent.md") == 0);
}

static void report_no_module(ent_checker *ck, const ent_node *n)
{
    ent_span module = {n->span.file, n->name_span.start, n->name_span.start};
    module.start -= (uint32_t)strlen(n->text) + 1;
    module.end = n->name_span.start - 1;
    if (ck->incomplete)
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0226, module,
                               "no file called `%s` is used here", n->text);
    ent_diag_primary_label(d, "whose rules are these?");
    ent_diag_help(d, "add `use std.%s` for a module of the standard library, or `use \"%s.ent\"`",
                  n->text, n->text);
}

/* The rule that the framework asks for by MODULE.NAME, or NULL after a diagnostic. */
static const ent_node *offered(ent_checker *ck, const ent_node *n)
{
    const char **names = NULL;
    size_t n_names = 0;
    bool known = false;
    for (size_t i = 0; i < ck->n_files; i++) {
        if (!is_module(ck, ck->files[i], n->text))
            continue;
        known = true;
        for (size_t j = 0; j < ck->files[i]->n_kids; j++) {
            const ent_node *k = ck->files[i]->kids[j];
            if (k->kind != ENT_NODE_REQUIRE)
                continue;
            if (ent_same(k->name, n->name))
                return k;
            ENT_PUSH_PTR(ck, names, n_names, k->name);
        }
    }
    if (!known) {
        report_no_module(ck, n);
        return NULL;
    }
    if (ent_hidden(ck, n->name, names, n_names))
        return NULL;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0226, n->name_span, "`%s` offers no rule `%s`",
                               n->text, n->name);
    ent_diag_primary_label(d, "not found");
    ent_check_suggest(ck, d, n->name_span, n->name, names, n_names, "it offers");
    return NULL;
}

static ent_node *check_body(ent_checker *ck, const ent_node *body)
{
    ent_env env = ent_env_make(ENT_ENV_RULE, &ck->top);
    return ent_condition(ck, &env, body, "a rule");
}

static bool stated_twice(ent_checker *ck, const ent_framework_decl *f, const ent_node *n)
{
    for (size_t j = 0; j < f->n_requires && n->name != NULL; j++)
        if (ent_same(f->requires[j].name, n->name)) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0213, n->name_span,
                                       "rule `%s` is stated twice", n->name);
            ent_diag_label(d, f->requires[j].span, "first stated here");
            return true;
        }
    return false;
}

static void check_rule(ent_checker *ck, ent_framework_decl *f, const ent_node *n)
{
    if (stated_twice(ck, f, n))
        return;
    const ent_node *from = n->text != NULL ? offered(ck, n) : n;
    if (from == NULL)
        return;
    const ent_node *body = ent_kid(from, 0);
    bool is_signed = body != NULL && body->kind == ENT_NODE_SIGNED;
    ent_require_decl r = {.name = n->name,
                          .title = from->title,
                          .is_underpinning = n->op == 1,
                          .is_signed = is_signed,
                          .expr = body == NULL || is_signed ? NULL : check_body(ck, body),
                          .span = n->name != NULL ? n->name_span : n->span};
    r.stated = from->name != NULL ? from->name_span : r.span;
    ent_require_decl *slot = ENT_PUSH(ck, f->requires, f->n_requires);
    if (slot != NULL)
        *slot = r;
}

static bool is_asked_for(const ent_framework_decl *f, const ent_node *rule)
{
    for (size_t i = 0; i < f->n_requires; i++) {
        ent_span stated = f->requires[i].stated;
        if (stated.file == rule->name_span.file && stated.start == rule->name_span.start)
            return true;
    }
    return false;
}

/* Rules that the author's own files offer are checked though nobody asks for them. */
static void check_idle(ent_checker *ck, const ent_framework_decl *f, const ent_node *rule)
{
    const ent_node *body = ent_kid(rule, 0);
    if (!ent_is_main(ck, rule) || is_asked_for(f, rule))
        return;
    if (body != NULL && body->kind != ENT_NODE_SIGNED)
        (void)check_body(ck, body);
    if (ck->incomplete || ent_diags_error_count(ck->diags) > 0)
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_W0201, rule->name_span,
                               "rule `%s` is never asked for", rule->name);
    ent_diag_label(d, f->span, "the framework does not name it");
    ent_diag_help(d, "a framework asks for it with `require FILE.%s`", rule->name);
}

void ent_check_rules(ent_checker *ck, const ent_node *node)
{
    ent_framework_decl *f = ck->m->framework;
    for (size_t i = 0; i < node->n_kids; i++)
        if (node->kids[i]->kind == ENT_NODE_REQUIRE)
            check_rule(ck, f, node->kids[i]);
    for (size_t i = 0; i < ck->n_files; i++)
        for (size_t j = 0; j < ck->files[i]->n_kids; j++)
            if (ck->files[i]->kids[j]->kind == ENT_NODE_REQUIRE)
                check_idle(ck, f, ck->files[i]->kids[j]);
}
