/* Calls: functions of the author, built-in ones, previous(f) and changed(f), and type words of
 * declarations.  Invariant: after checking, arguments have exactly the parameters' types; constant
 * arguments (formats, digits, currencies) have moved into the node. */
#include "compiler/check/checker.h"

#include <string.h>

static ent_node *failed(ent_checker *ck, ent_node *n)
{
    if (n == NULL)
        return ck->error_node;
    n->type = ent_ty(ENT_TYPE_ERROR);
    return n;
}

static const struct {
    const char *name;
    ent_builtin id;
    size_t least, most;
    const char *form;
} builtins[] = {
    {"parse_time", ENT_BUILTIN_PARSE_TIME, 2, 3,
     "parse_time(text, \"%d/%m/%Y %H:%M\", \"Europe/London\")"},
    {"lookup", ENT_BUILTIN_LOOKUP, 1, 1, "lookup(text)"},
    {"int", ENT_BUILTIN_INT, 1, 1, "int(text)"},
    {"number", ENT_BUILTIN_NUMBER, 1, 1, "number(x)"},
    {"decimal", ENT_BUILTIN_DECIMAL, 2, 2, "decimal(text, 2)"},
    {"ratio", ENT_BUILTIN_RATIO, 1, 1, "ratio(x)"},
    {"money", ENT_BUILTIN_MONEY, 2, 2, "money(text, \"GBP\")"},
    {"duration", ENT_BUILTIN_DURATION, 1, 1, "duration(text)"},
    {"instant", ENT_BUILTIN_INSTANT, 1, 1, "instant(text)"},
    {"time", ENT_BUILTIN_TIME, 1, 1, "time(text)"},
    {"bool", ENT_BUILTIN_BOOL, 1, 1, "bool(text)"},
    {"abs", ENT_BUILTIN_ABS, 1, 1, "abs(x)"},
    {"min", ENT_BUILTIN_MIN, 2, 16, "min(x, y)"},
    {"max", ENT_BUILTIN_MAX, 2, 16, "max(x, y)"},
    {"round", ENT_BUILTIN_ROUND, 1, 2, "round(x, 2)"},
    {"floor", ENT_BUILTIN_FLOOR, 1, 1, "floor(x)"},
    {"ceil", ENT_BUILTIN_CEIL, 1, 1, "ceil(x)"},
    {"lower", ENT_BUILTIN_LOWER, 1, 1, "lower(text)"},
    {"trim", ENT_BUILTIN_TRIM, 1, 1, "trim(text)"},
    {"starts_with", ENT_BUILTIN_STARTS_WITH, 2, 2, "starts_with(text, \"INC\")"},
    {"ends_with", ENT_BUILTIN_ENDS_WITH, 2, 2, "ends_with(text, \"…\")"},
    {"contains", ENT_BUILTIN_CONTAINS, 2, 2, "contains(text, \"…\")"},
};
#define N_BUILTINS (sizeof builtins / sizeof *builtins)

/* --- arguments --- */

static bool count_wrong(ent_checker *ck, const ent_node *n, const char *name, size_t least,
                        size_t most, const char *form, const ent_span *declared)
{
    size_t given = n->n_kids - 1;
    if (given >= least && given <= most)
        return false;
    ent_diag *d;
    if (least == most)
        d = ent_diag_add(ck->diags, ENT_DIAG_E0310, n->span, "`%s` takes %zu argument%s, not %zu",
                         name, least, least == 1 ? "" : "s", given);
    else
        d = ent_diag_add(ck->diags, ENT_DIAG_E0310, n->span,
                         "`%s` takes %zu to %zu arguments, not %zu", name, least, most, given);
    ent_diag_primary_label(d, "%zu given", given);
    if (declared != NULL)
        ent_diag_label(d, *declared, "declared here");
    if (form != NULL)
        ent_diag_help(d, "its form is `%s`", form);
    return true;
}

static const char *literal_text(ent_checker *ck, const ent_node *n, const char *what)
{
    if (n->kind == ENT_NODE_LITERAL && n->op == ENT_LIT_TEXT)
        return n->text;
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0316, n->span, "%s must be written as a text", what);
    ent_diag_primary_label(d, "a text in quotes is expected here");
    return NULL;
}

static bool literal_digits(ent_checker *ck, const ent_node *n, int32_t *digits)
{
    *digits = 0;
    if (n->kind == ENT_NODE_LITERAL && n->op == ENT_LIT_INT && n->i >= 0 && n->i <= 18) {
        *digits = (int32_t)n->i;
        return true;
    }
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0316, n->span,
                               "the number of digits must be a literal from 0 to 18");
    ent_diag_primary_label(d, "digits after the point");
    return false;
}

static bool check_format(ent_checker *ck, const ent_node *n)
{
    const char *known = "dmYyHIMSfpbBjzZsTFDRe%";
    for (const char *p = n->text; p != NULL && *p != '\0'; p++) {
        if (*p != '%')
            continue;
        p++;
        if (*p != '\0' && strchr(known, *p) != NULL)
            continue;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0317, n->span,
                                   "a time format has no `%%%c`", *p == '\0' ? ' ' : *p);
        ent_diag_primary_label(d, "in this format");
        ent_diag_help(
            d, "day %%d, month %%m or %%b, year %%Y or %%y, hour %%H or %%I with %%p, minute "
               "%%M, second %%S, fraction %%f, offset %%z, seconds since 1970 %%s");
        return false;
    }
    return true;
}

/* --- built-in functions --- */

static bool only_text(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from,
                      size_t first)
{
    bool ok = true;
    for (size_t i = first; i < n->n_kids; i++) {
        const char *what = ent_check_printf(ck, "the argument of `%s` must be", n->kids[0]->name);
        n->kids[i] = ent_expr_of(ck, env, from->kids[i], ent_ty(ENT_TYPE_TEXT), what ? what : "");
        ok = ok && n->kids[i]->type.kind != ENT_TYPE_ERROR;
    }
    return ok;
}

static ent_node *call_parse_time(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from)
{
    const char *zone =
        n->n_kids == 4 ? literal_text(ck, from->kids[3], "the time zone") : env->zone;
    bool ok = zone != NULL;
    if (n->n_kids == 4 && ok)
        ok = ent_check_zone(ck, zone, from->kids[3]->span);
    ok = literal_text(ck, from->kids[2], "the time format") != NULL &&
         check_format(ck, from->kids[2]) && ok;
    n->n_kids = 3;
    n->kids[2] = ent_expr(ck, env, from->kids[2], ent_ty(ENT_TYPE_TEXT));
    n->n_kids = 2;
    ok = only_text(ck, env, n, from, 1) && ok;
    n->n_kids = 3;
    n->text = zone;
    n->type = ent_ty(ENT_TYPE_INSTANT);
    if (zone == NULL && n->n_kids == 3 && from->n_kids == 3) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0441, n->span,
                                   "these times are in no known time zone");
        ent_diag_primary_label(d, "there is no framework whose time zone could be taken");
        ent_diag_help(d, "name it: `parse_time(…, …, \"Europe/London\")`");
        ok = false;
    }
    return ok ? n : failed(ck, n);
}

static ent_node *call_lookup(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from,
                             ent_type hint)
{
    bool ok = only_text(ck, env, n, from, 1);
    n->type = hint;
    if (hint.kind == ENT_TYPE_PARTY || hint.kind == ENT_TYPE_SERVICE)
        return ok ? n : failed(ck, n);
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0306, n->span,
                               "`lookup` gives a party or a service, and neither is expected here");
    if (hint.kind != ENT_TYPE_NONE)
        ent_diag_primary_label(d, "%s is expected here", ent_ty_phrase(ck, hint));
    return failed(ck, n);
}

static ent_node *call_money(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from)
{
    const ent_node *code = from->kids[2];
    const char *iso =
        code->kind == ENT_NODE_NAME ? code->name : literal_text(ck, code, "the currency");
    if (iso == NULL)
        return failed(ck, n);
    if (ent_currency_minor(iso) < 0) {
        ent_report_currency(ck, iso, code->span);
        return failed(ck, n);
    }
    n->n_kids = 2;
    n->type = ent_ty_money(iso);
    return only_text(ck, env, n, from, 1) ? n : failed(ck, n);
}

/* int(text), ratio(text) …: of a text; of a value that converts anyway, the conversion itself. */
static ent_node *call_convert(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from,
                              ent_type want)
{
    n->n_kids = 2;
    n->type = want;
    ent_node *arg = ent_expr(ck, env, from->kids[1], ent_ty(ENT_TYPE_NONE));
    n->kids[1] = arg;
    if (arg->type.kind == ENT_TYPE_ERROR)
        return failed(ck, n);
    if (arg->type.kind == ENT_TYPE_TEXT)
        return n;
    if (want.kind == ENT_TYPE_NUMBER && ent_ty_is_exact(arg->type)) {
        ent_node *c = ent_coerce(ck, env, arg, want);
        return c == NULL ? n : c;
    }
    ent_node *c = ent_coerce(ck, env, arg, want);
    if (c != NULL)
        return c;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0306, arg->span, "`%s` reads a text, not %s",
                               n->kids[0]->name, ent_ty_phrase(ck, arg->type));
    ent_label_type(ck, d, arg, true);
    if (want.kind == ENT_TYPE_INT && ent_ty_is_exact(arg->type))
        ent_diag_help(d, "`floor` and `ceil` make whole numbers of ratios");
    return failed(ck, n);
}

static ent_node *call_exact(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from,
                            int id)
{
    int32_t digits = 0;
    bool ok = n->n_kids < 3 || literal_digits(ck, from->kids[2], &digits);
    n->n_kids = 2;
    n->type = id == ENT_BUILTIN_ROUND ? ent_ty_decimal(digits) : ent_ty(ENT_TYPE_INT);
    const char *what = ent_check_printf(ck, "the argument of `%s` must be", n->kids[0]->name);
    n->kids[1] = ent_expr_of(ck, env, from->kids[1], ent_ty(ENT_TYPE_RATIO), what ? what : "");
    return ok && n->kids[1]->type.kind != ENT_TYPE_ERROR ? n : failed(ck, n);
}

static ent_node *call_ordered(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from,
                              int id)
{
    bool ok = true;
    for (size_t i = 1; i < n->n_kids; i++) {
        ent_node *a = n->kids[i] = ent_expr(ck, env, from->kids[i], ent_ty(ENT_TYPE_NONE));
        bool fits = ent_ty_is_ordered(a->type) &&
                    (id != ENT_BUILTIN_ABS ||
                     (a->type.kind != ENT_TYPE_INSTANT && a->type.kind != ENT_TYPE_TIME));
        if (a->type.kind == ENT_TYPE_ERROR) {
            ok = false;
        } else if (!fits) {
            ent_diag *d =
                ent_diag_add(ck->diags, ENT_DIAG_E0306, a->span, "`%s` cannot be taken of %s",
                             n->kids[0]->name, ent_ty_phrase(ck, a->type));
            ent_label_type(ck, d, a, true);
            ok = false;
        }
    }
    for (int pass = 0; pass < 2; pass++) /* the second brings the first ones to the final type */
        for (size_t i = 2; i < n->n_kids && ok; i++) {
            if (ent_unify(ck, env, &n->kids[1], &n->kids[i]))
                continue;
            ent_diag *d = ent_diag_add(
                ck->diags, ENT_DIAG_E0302, n->kids[i]->span, "cannot compare %s with %s",
                ent_ty_phrase(ck, n->kids[1]->type), ent_ty_phrase(ck, n->kids[i]->type));
            ent_label_type(ck, d, n->kids[1], false);
            ent_label_type(ck, d, n->kids[i], true);
            ok = false;
        }
    n->type = n->n_kids > 1 ? n->kids[1]->type : ent_ty(ENT_TYPE_ERROR);
    return ok ? n : failed(ck, n);
}

static ent_node *call_builtin(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from,
                              size_t b, ent_type hint)
{
    if (count_wrong(ck, n, builtins[b].name, builtins[b].least, builtins[b].most, builtins[b].form,
                    NULL))
        return failed(ck, n);
    n->decl_kind = ENT_DECL_BUILTIN;
    n->slot = (int32_t)builtins[b].id;
    int32_t digits = 0;
    switch (builtins[b].id) {
    case ENT_BUILTIN_PARSE_TIME:
        return call_parse_time(ck, env, n, from);
    case ENT_BUILTIN_LOOKUP:
        return call_lookup(ck, env, n, from, hint);
    case ENT_BUILTIN_INT:
        return call_convert(ck, env, n, from, ent_ty(ENT_TYPE_INT));
    case ENT_BUILTIN_NUMBER:
        return call_convert(ck, env, n, from, ent_ty(ENT_TYPE_NUMBER));
    case ENT_BUILTIN_DECIMAL:
        if (!literal_digits(ck, from->kids[2], &digits))
            return failed(ck, n);
        return call_convert(ck, env, n, from, ent_ty_decimal(digits));
    case ENT_BUILTIN_RATIO:
        return call_convert(ck, env, n, from, ent_ty(ENT_TYPE_RATIO));
    case ENT_BUILTIN_MONEY:
        return call_money(ck, env, n, from);
    case ENT_BUILTIN_DURATION:
        return call_convert(ck, env, n, from, ent_ty(ENT_TYPE_DURATION));
    case ENT_BUILTIN_INSTANT:
        return call_convert(ck, env, n, from, ent_ty(ENT_TYPE_INSTANT));
    case ENT_BUILTIN_TIME:
        return call_convert(ck, env, n, from, ent_ty(ENT_TYPE_TIME));
    case ENT_BUILTIN_BOOL:
        return call_convert(ck, env, n, from, ent_ty(ENT_TYPE_BOOL));
    case ENT_BUILTIN_ROUND:
    case ENT_BUILTIN_FLOOR:
    case ENT_BUILTIN_CEIL:
        return call_exact(ck, env, n, from, (int)builtins[b].id);
    case ENT_BUILTIN_ABS:
    case ENT_BUILTIN_MIN:
    case ENT_BUILTIN_MAX:
        return call_ordered(ck, env, n, from, (int)builtins[b].id);
    case ENT_BUILTIN_LOWER:
    case ENT_BUILTIN_TRIM:
        n->type = ent_ty(ENT_TYPE_TEXT);
        return only_text(ck, env, n, from, 1) ? n : failed(ck, n);
    default:
        n->type = ent_ty(ENT_TYPE_BOOL);
        return only_text(ck, env, n, from, 1) ? n : failed(ck, n);
    }
}

/* --- previous(f), changed(f) --- */

static ent_node *call_previous(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from,
                               bool changed)
{
    const char *name = n->kids[0]->name;
    if (count_wrong(ck, n, name, 1, 1, changed ? "changed(field)" : "previous(field)", NULL))
        return failed(ck, n);
    if (env->kind != ENT_ENV_ROW || env->feed->kind != ENT_FEED_SOURCE) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0318, n->span,
                                   "`%s` asks for an earlier row, and there is none here", name);
        ent_diag_primary_label(d, "it can stand in conditions on the rows of a feed only");
        return failed(ck, n);
    }
    ent_node *f = ent_expr(ck, env, from->kids[1], ent_ty(ENT_TYPE_NONE));
    if (f->type.kind == ENT_TYPE_ERROR)
        return failed(ck, n);
    if (f->decl_kind != ENT_DECL_FIELD) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0318, f->span, "`%s` takes a field", name);
        ent_diag_primary_label(d, "this is not the name of a field of `%s`", env->feed->name);
        return failed(ck, n);
    }
    n->kids[1] = f;
    n->decl_kind = changed ? ENT_DECL_CHANGED : ENT_DECL_PREVIOUS;
    n->decl = f->decl;
    n->slot = f->slot;
    n->type = changed ? ent_ty(ENT_TYPE_BOOL) : f->type;
    return n;
}

/* --- functions of the author --- */

static ent_node *call_fn(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from,
                         ent_symbol *s)
{
    s->used = true;
    ent_fn_decl *fn = s->decl;
    if (fn == NULL)
        return failed(ck, n);
    if (fn->state == 1) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0224, n->span, "function `%s` calls itself",
                                   fn->name);
        ent_diag_primary_label(d, "this call would never end");
        ent_diag_label(d, fn->span, "`%s` is declared here", fn->name);
        ent_diag_note(d, "Entente has no recursion, so that every decision ends");
        return failed(ck, n);
    }
    if (fn->state == 0)
        ent_check_fn(ck, env->scope, s);
    if (count_wrong(ck, n, fn->name, fn->n_params, fn->n_params, NULL, &fn->span))
        return failed(ck, n);
    bool ok = true;
    for (size_t i = 0; i < fn->n_params; i++) {
        const char *what =
            ent_check_printf(ck, "parameter `%s` of `%s` is", fn->params[i].name, fn->name);
        n->kids[i + 1] =
            ent_expr_of(ck, env, from->kids[i + 1], fn->params[i].type, what ? what : "");
        ok = ok && n->kids[i + 1]->type.kind != ENT_TYPE_ERROR;
    }
    n->decl_kind = fn->library != NULL ? ENT_DECL_EXTERN : ENT_DECL_FN;
    n->decl = fn;
    n->type = fn->result;
    return ok ? n : failed(ck, n);
}

static ent_node *report_unknown_fn(ent_checker *ck, ent_env *env, ent_node *n, const char *name)
{
    const char **names = NULL;
    size_t k = 0;
    for (ent_scope *at = env->scope; at != NULL; at = at->outer)
        for (size_t i = 0; i < at->n; i++)
            if (at->v[i].kind == ENT_NODE_FN || at->v[i].kind == ENT_NODE_EXTERN_FN ||
                (at->v[i].kind == ENT_NODE_MEASURE && env->kind == ENT_ENV_MEASURE))
                ENT_PUSH_PTR(ck, names, k, at->v[i].name);
    for (size_t i = 0; i < N_BUILTINS; i++)
        ENT_PUSH_PTR(ck, names, k, builtins[i].name);
    bool measure = env->kind == ENT_ENV_MEASURE;
    if (ent_hidden(ck, name, names, k))
        return failed(ck, n);
    ent_diag *d =
        ent_diag_add(ck->diags, measure ? ENT_DIAG_E0208 : ENT_DIAG_E0209, n->kids[0]->span,
                     "unknown %s `%s`", measure ? "measure or function" : "function", name);
    ent_diag_primary_label(d, "not found");
    ent_check_suggest(ck, d, n->kids[0]->span, name, names, k, "known are");
    return failed(ck, n);
}

ent_node *ent_check_call(ent_checker *ck, ent_env *env, const ent_node *from, ent_type hint)
{
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    const char *name = from->kids[0]->kind == ENT_NODE_NAME ? from->kids[0]->name : NULL;
    if (name == NULL) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0209, from->kids[0]->span, "this cannot be called");
        ent_diag_primary_label(d, "only functions and measures take arguments");
        return failed(ck, n);
    }
    ent_symbol *s = ent_scope_find(env->scope, name, true);
    if (s != NULL && s->kind == ENT_NODE_MEASURE && env->kind == ENT_ENV_MEASURE)
        return ent_check_measure_call(ck, env, from, s);
    if (s != NULL && (s->kind == ENT_NODE_FN || s->kind == ENT_NODE_EXTERN_FN))
        return call_fn(ck, env, n, from, s);
    if (ent_same(name, "previous") || ent_same(name, "changed"))
        return call_previous(ck, env, n, from, ent_same(name, "changed"));
    for (size_t i = 0; i < N_BUILTINS; i++)
        if (ent_same(builtins[i].name, name))
            return call_builtin(ck, env, n, from, i, hint);
    if (s == NULL)
        return report_unknown_fn(ck, env, n, name);
    s->used = true;
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0221, from->kids[0]->span, "%s `%s` takes no arguments",
                     ent_node_kind_name((unsigned)s->kind), name);
    ent_diag_primary_label(d, s->kind == ENT_NODE_MEASURE
                                  ? "a measure can be held by an objective only"
                                  : "a function is expected here");
    ent_diag_label(d, s->span, "declared here");
    return failed(ck, n);
}

/* --- type words and declarations of functions --- */

/* `ticket.priority`: the type of that field. */
static ent_type type_of_field(ent_checker *ck, const ent_node *type)
{
    const ent_node *name = type->kids[0];
    ent_symbol *s = ent_scope_find(&ck->top, name->name, false);
    ent_feed_decl *feed = s != NULL && s->kind == ENT_NODE_FEED ? s->decl : NULL;
    if (feed == NULL) {
        const char **names = NULL;
        size_t n = 0;
        for (size_t i = 0; i < ck->m->n_feeds; i++)
            ENT_PUSH_PTR(ck, names, n, ck->m->feeds[i]->name);
        if (!ck->incomplete) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0204, name->span, "unknown feed `%s`", name->name);
            ent_diag_primary_label(d, "FEED.FIELD stands for the type of a field");
            ent_check_suggest(ck, d, name->span, name->name, names, n, "feeds are");
        }
        return ent_ty(ENT_TYPE_ERROR);
    }
    s->used = true;
    ent_field_decl *field = ent_find_field(feed, type->name);
    if (field == NULL)
        ent_report_unknown_field(ck, feed, type->name, type->name_span);
    return field == NULL ? ent_ty(ENT_TYPE_ERROR) : field->type;
}

ent_type ent_type_of_node(ent_checker *ck, const ent_node *type, bool in_feed)
{
    if (type->op == 2)
        return type_of_field(ck, type);
    static const struct {
        const char *name;
        ent_type_kind kind;
    } words[] = {
        {"bool", ENT_TYPE_BOOL},         {"int", ENT_TYPE_INT},
        {"number", ENT_TYPE_NUMBER},     {"decimal", ENT_TYPE_DECIMAL},
        {"ratio", ENT_TYPE_RATIO},       {"money", ENT_TYPE_MONEY},
        {"duration", ENT_TYPE_DURATION}, {"instant", ENT_TYPE_INSTANT},
        {"time", ENT_TYPE_TIME},         {"text", ENT_TYPE_TEXT},
        {"party", ENT_TYPE_PARTY},       {"service", ENT_TYPE_SERVICE},
    };
    const char *names[sizeof words / sizeof *words];
    size_t n = sizeof words / sizeof *words;
    for (size_t i = 0; i < n; i++) {
        names[i] = words[i].name;
        if (!ent_same(words[i].name, type->name))
            continue;
        ent_type t = ent_ty(words[i].kind);
        if (t.kind == ENT_TYPE_DECIMAL) {
            t.param = (int32_t)(type->i >= 0 && type->i <= 18 ? type->i : 0);
            if (type->i < 0 || type->i > 18) {
                ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0316, type->span,
                                           "a decimal has 0 to 18 digits after the point");
                ent_diag_primary_label(d, "this asks for %lld", (long long)type->i);
            }
        }
        if (t.kind != ENT_TYPE_MONEY)
            return t;
        t.currency = type->text;
        if (t.currency == NULL && ck->m->framework != NULL)
            t.currency = ck->m->framework->currency;
        if (t.currency != NULL && ent_currency_minor(t.currency) >= 0)
            return t;
        ent_diag *d = ent_diag_add(
            ck->diags, ENT_DIAG_E0217, type->span,
            t.currency == NULL ? "money of which currency?" : "unknown currency `%s`", t.currency);
        ent_diag_primary_label(d, "an ISO 4217 code is expected, as in `money GBP`");
        return ent_ty(ENT_TYPE_ERROR);
    }
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0220, type->span, "unknown type `%s`",
                               type->name ? type->name : "");
    ent_diag_primary_label(d, "not a type");
    ent_check_suggest(ck, d, type->span, type->name ? type->name : "", names, n,
                      in_feed ? "types are (besides `one of A, B`)" : "types are");
    return ent_ty(ENT_TYPE_ERROR);
}

void ent_declare_fn(ent_checker *ck, ent_scope *scope, ent_symbol *symbol)
{
    const ent_node *n = symbol->node;
    ent_fn_decl *fn = ent_check_alloc(ck, sizeof *fn);
    if (fn == NULL)
        return;
    symbol->decl = fn;
    *fn = (ent_fn_decl){.index = (int32_t)ck->m->n_fns,
                        .name = n->name,
                        .doc = n->doc,
                        .node = (ent_node *)(uintptr_t)n,
                        .shared = scope == &ck->top,
                        .span = n->name_span};
    ENT_PUSH_PTR(ck, ck->m->fns, ck->m->n_fns, fn);
    const ent_node *list = ent_kid(n, 0);
    for (size_t i = 0; list != NULL && i < list->n_kids; i++) {
        const ent_node *from = list->kids[i];
        for (size_t j = 0; j < fn->n_params; j++)
            if (ent_same(fn->params[j].name, from->name)) {
                ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0214, from->name_span,
                                           "parameter `%s` is declared twice", from->name);
                ent_diag_label(d, fn->params[j].span, "first declared here");
            }
        ent_param_decl *p = ENT_PUSH(ck, fn->params, fn->n_params);
        if (p != NULL)
            *p = (ent_param_decl){.index = (int32_t)i,
                                  .name = from->name,
                                  .span = from->name_span,
                                  .type = ent_type_of_node(ck, from->kids[0], false)};
    }
    fn->result = ent_type_of_node(ck, n->kids[1], false);
    if (n->kind == ENT_NODE_EXTERN_FN) {
        fn->library = ent_kid(n, 2) != NULL ? n->kids[2]->text : "";
        fn->symbol = ent_kid(n, 3) != NULL ? n->kids[3]->text : fn->name;
        fn->state = 2;
    }
}

void ent_check_fn(ent_checker *ck, ent_scope *scope, ent_symbol *symbol)
{
    ent_fn_decl *fn = symbol->decl;
    if (fn == NULL || fn->state != 0)
        return;
    fn->state = 1;
    ent_env env = ent_env_make(ENT_ENV_FN, scope);
    env.fn = fn;
    const char *what = ent_check_printf(ck, "`%s` gives", fn->name);
    fn->body = ent_expr_of(ck, &env, ent_kid(symbol->node, 2), fn->result, what ? what : "");
    fn->state = 2;
}
