/* Aggregates and measures: every aggregate of an objective becomes a fold of its own.
 *
 * What a fold must know is split here, once: which rows take part at all (the event, equalities of
 * keys, the `where` of a value), which condition a share tests, and which absent fields make a row
 * unanswerable.  A measure's expression is checked anew wherever it is used; its key becomes the
 * fold's groups, or, inside a larger expression, one more equality. */
#include "compiler/check/checker.h"

#define MEASURE_DEPTH_MAX 8

static ent_node *failed(ent_checker *ck, ent_node *n)
{
    if (n == NULL)
        return ck->error_node;
    n->type = ent_ty(ENT_TYPE_ERROR);
    return n;
}

static const char *aggregate_word(int op)
{
    static const char *const words[] = {
        [ENT_AGG_SHARE] = "share",
        [ENT_AGG_COUNT] = "count",
        [ENT_AGG_SUM] = "sum",
        [ENT_AGG_AVERAGE] = "average",
        [ENT_AGG_MINIMUM] = "minimum",
        [ENT_AGG_MAXIMUM] = "maximum",
        [ENT_AGG_MEDIAN] = "median",
        [ENT_AGG_PERCENTILE] = "percentile",
        [ENT_AGG_TIME_SHARE] = "time share",
        [ENT_AGG_LONGEST] = "longest",
        [ENT_AGG_FIRST] = "first",
        [ENT_AGG_LAST] = "last",
        [ENT_AGG_TIME_IN] = "time in",
        [ENT_AGG_TIME_OUTSIDE] = "time outside",
    };
    return words[op];
}

static bool over_span(int kind)
{
    return kind == ENT_AGG_LONGEST || kind == ENT_AGG_TIME_IN || kind == ENT_AGG_TIME_OUTSIDE;
}

static bool takes_rows(int kind)
{
    return kind == ENT_AGG_SHARE || kind == ENT_AGG_COUNT || kind == ENT_AGG_TIME_SHARE;
}

/* --- what a condition reads --- */

static void add_field(ent_checker *ck, ent_field_decl ***v, size_t *n, ent_field_decl *f)
{
    for (size_t i = 0; i < *n; i++)
        if ((*v)[i] == f)
            return;
    ENT_PUSH_PTR(ck, *v, *n, f);
}

/* tested: fields under `is absent`; else the others.  previous(f) and changed(f) read no field of
 * the row that could be missing for good: a first row has no previous one. */
static void fields_of(ent_checker *ck, const ent_node *n, bool tested, ent_field_decl ***v,
                      size_t *count)
{
    if (n == NULL)
        return;
    if (n->kind == ENT_NODE_IS_ABSENT) {
        if (tested && n->kids[0]->decl_kind == ENT_DECL_FIELD)
            add_field(ck, v, count, n->kids[0]->decl);
        return;
    }
    if (n->kind == ENT_NODE_CALL &&
        (n->decl_kind == ENT_DECL_PREVIOUS || n->decl_kind == ENT_DECL_CHANGED))
        return;
    if ((n->kind == ENT_NODE_NAME || n->kind == ENT_NODE_MEMBER) &&
        n->decl_kind == ENT_DECL_FIELD) {
        if (!tested)
            add_field(ck, v, count, n->decl);
        return;
    }
    for (size_t i = n->kind == ENT_NODE_CALL ? 1 : 0; i < n->n_kids; i++)
        fields_of(ck, n->kids[i], tested, v, count);
}

static void reads(ent_checker *ck, const ent_node *n, const ent_node *whole, ent_field_decl ***v,
                  size_t *count)
{
    ent_field_decl **tested = NULL, **read = NULL;
    size_t n_tested = 0, n_read = 0;
    fields_of(ck, whole, true, &tested, &n_tested);
    fields_of(ck, n, false, &read, &n_read);
    for (size_t i = 0; i < n_read; i++) {
        bool asked = false;
        for (size_t j = 0; j < n_tested; j++)
            asked = asked || tested[j] == read[i];
        if (!asked)
            add_field(ck, v, count, read[i]);
    }
}

static bool key_equality(ent_checker *ck, const ent_node *n, ent_selected_key *out)
{
    if (n->kind != ENT_NODE_BINARY || n->op != ENT_OP_EQ)
        return false;
    for (int side = 0; side < 2; side++) {
        const ent_node *f = n->kids[side];
        if (f->decl_kind != ENT_DECL_FIELD || f->kind == ENT_NODE_CALL ||
            f->kind == ENT_NODE_COERCE)
            continue;
        ent_field_decl *field = f->decl;
        if ((field->marks & ENT_MARK_KEY) && ent_eval(ck, n->kids[1 - side], &out->value)) {
            out->field = field;
            return true;
        }
    }
    return false;
}

static ent_node *join_and(ent_checker *ck, ent_node *a, ent_node *b)
{
    if (a == NULL)
        return b;
    ent_node *n = ent_check_copy(ck, a), **kids = ent_arena_alloc_array(ck->arena, 2, sizeof *kids);
    if (n == NULL || kids == NULL)
        return ck->error_node;
    kids[0] = a;
    kids[1] = b;
    *n = (ent_node){.kind = ENT_NODE_BINARY,
                    .op = ENT_OP_AND,
                    .n_kids = 2,
                    .kids = kids,
                    .span = ent_span_join(a->span, b->span),
                    .type = ent_ty(ENT_TYPE_BOOL)};
    return n;
}

static void split(ent_checker *ck, ent_fold_decl *fold, ent_node *n, ent_node *whole,
                  ent_node **test)
{
    if (n->kind == ENT_NODE_BINARY && n->op == ENT_OP_AND) {
        split(ck, fold, n->kids[0], whole, test);
        split(ck, fold, n->kids[1], whole, test);
        return;
    }
    ent_selected_key key = {0};
    if (key_equality(ck, n, &key)) {
        ENT_PUSH_PTR(ck, fold->keyed, fold->n_keyed, n);
        ent_selected_key *slot = ENT_PUSH(ck, fold->selected, fold->n_selected);
        if (slot != NULL)
            *slot = key;
    } else if (fold->kind == ENT_AGG_SHARE || fold->kind == ENT_AGG_TIME_SHARE) {
        *test = join_and(ck, *test, n);
        reads(ck, n, whole, &fold->absents, &fold->n_absents);
    } else {
        ENT_PUSH_PTR(ck, fold->select, fold->n_select, n);
        reads(ck, n, whole, &fold->select_absents, &fold->n_select_absents);
    }
}

/* --- what is aggregated --- */

static bool resolve_span(ent_checker *ck, ent_env *env, const ent_node *of, ent_fold_decl *fold)
{
    ent_symbol *s = of->kind == ENT_NODE_NAME ? ent_scope_find(env->scope, of->name, true) : NULL;
    if (s != NULL && s->kind == ENT_NODE_SPAN) {
        s->used = true;
        fold->of = s->decl;
        return fold->of != NULL;
    }
    const char **names = NULL;
    size_t n = 0;
    for (ent_scope *at = env->scope; at != NULL; at = at->outer)
        for (size_t i = 0; i < at->n; i++)
            if (at->v[i].kind == ENT_NODE_SPAN)
                ENT_PUSH_PTR(ck, names, n, at->v[i].name);
    const char *name = of->name ? of->name : "";
    if (s == NULL && ent_hidden(ck, name, names, n))
        return false;
    ent_diag *d = ent_diag_add(ck->diags, s == NULL ? ENT_DIAG_E0207 : ENT_DIAG_E0221, of->span,
                               s == NULL ? "unknown span `%s`" : "`%s` is not a span", name);
    ent_diag_primary_label(d, "`%s` is taken of a span", aggregate_word(fold->kind));
    if (s != NULL) {
        s->used = true;
        ent_diag_label(d, s->span, "declared here as a %s", ent_node_kind_name((unsigned)s->kind));
    }
    ent_check_suggest(ck, d, of->span, name, names, n, "spans in reach are");
    return false;
}

static void report_unknown_part(ent_checker *ck, const ent_feed_decl *feed, const ent_node *of)
{
    const char **names = NULL;
    size_t n = 0;
    for (size_t i = 0; i < feed->n_fields; i++)
        ENT_PUSH_PTR(ck, names, n, feed->fields[i]->name);
    for (size_t i = 0; feed->event != NULL && i < feed->event->enumeration->n_members; i++)
        ENT_PUSH_PTR(ck, names, n, feed->event->enumeration->members[i]);
    if (feed->kind == ENT_FEED_SOURCE && ent_broken(ck, feed->node->span))
        return;
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0205, of->name_span, "`%s` has no field%s `%s`",
                               feed->name, feed->event != NULL ? " or event" : "", of->name);
    ent_diag_primary_label(d, "unknown");
    ent_diag_label(d, feed->span, "`%s` is declared here", feed->name);
    ent_check_suggest(ck, d, of->name_span, of->name, names, n, "it has");
}

static bool resolve_rows(ent_checker *ck, ent_env *env, const ent_node *of, ent_fold_decl *fold,
                         ent_field_decl **field)
{
    if (of->kind == ENT_NODE_NAME) {
        fold->feed = ent_resolve_feed(ck, env->scope, of->name, of->span, true);
        fold->member = -1;
        return fold->feed != NULL;
    }
    if (of->kind != ENT_NODE_MEMBER || !resolve_rows(ck, env, of->kids[0], fold, field))
        return false;
    if (*field == NULL) {
        *field = ent_find_field(fold->feed, of->name);
        if (*field != NULL)
            return true;
        int32_t m = fold->feed->kind == ENT_FEED_SOURCE && fold->feed->event != NULL
                        ? ent_find_member(fold->feed->event->enumeration, of->name)
                        : -1;
        if (m >= 0 && fold->member < 0) {
            fold->member = m;
            return true;
        }
    }
    report_unknown_part(ck, fold->feed, of);
    return false;
}

static ent_type value_result(const ent_fold_decl *fold, ent_type t)
{
    bool adds = ent_ty_is_exact(t) || t.kind == ENT_TYPE_NUMBER || t.kind == ENT_TYPE_MONEY ||
                t.kind == ENT_TYPE_DURATION;
    switch (fold->kind) {
    case ENT_AGG_SUM:
        return adds ? t : ent_ty(ENT_TYPE_NONE);
    case ENT_AGG_AVERAGE:
        return ent_ty_is_exact(t) ? ent_ty(ENT_TYPE_RATIO) : adds ? t : ent_ty(ENT_TYPE_NONE);
    case ENT_AGG_FIRST:
    case ENT_AGG_LAST:
        return t;
    default:
        return ent_ty_is_ordered(t) ? t : ent_ty(ENT_TYPE_NONE);
    }
}

static bool report_field_needed(ent_checker *ck, const ent_fold_decl *fold, const ent_node *of)
{
    const char **names = NULL;
    size_t n = 0;
    for (size_t i = 0; i < fold->feed->n_fields; i++)
        if (value_result(fold, fold->feed->fields[i]->type).kind != ENT_TYPE_NONE)
            ENT_PUSH_PTR(ck, names, n, fold->feed->fields[i]->name);
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0308, of->span,
                               "`%s` is taken of a field, not of rows", aggregate_word(fold->kind));
    ent_diag_primary_label(d, "of which field of `%s`?", fold->feed->name);
    if (n > 0)
        ent_diag_help(d, "write `%s of %s.%s`; fields that it can be taken of: %s",
                      aggregate_word(fold->kind), ent_check_source_text(ck, of->span), names[0],
                      ent_check_join(ck, names, n, 8, " and "));
    return false;
}

static bool resolve_value(ent_checker *ck, ent_fold_decl *fold, const ent_node *of,
                          ent_field_decl *field)
{
    if (takes_rows(fold->kind)) {
        if (field == NULL)
            return true;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0308, of->span,
                                   "`%s` counts rows, not fields", aggregate_word(fold->kind));
        ent_diag_primary_label(d, "`%s` is a field of `%s`", field->name, fold->feed->name);
        const char *rows = ent_check_source_text(ck, of->kids[0]->span);
        if (field->type.kind == ENT_TYPE_BOOL)
            ent_diag_help(d, "write `%s of %s where %s`", aggregate_word(fold->kind), rows,
                          field->name);
        else
            ent_diag_help(d, "write `%s of %s where …`", aggregate_word(fold->kind), rows);
        return false;
    }
    if (field == NULL)
        return report_field_needed(ck, fold, of);
    if (field->type.kind == ENT_TYPE_ERROR)
        return false;
    fold->value_type = field->type;
    if (value_result(fold, field->type).kind == ENT_TYPE_NONE) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0308, of->span, "no `%s` can be taken of %s",
                         aggregate_word(fold->kind), ent_ty_phrase(ck, field->type));
        ent_diag_primary_label(d, "`%s` is %s", field->name, ent_ty_phrase(ck, field->type));
        if (field->feed->kind == ENT_FEED_SOURCE)
            ent_diag_label(d, field->span, "`%s` is declared here", field->name);
        if (fold->kind == ENT_AGG_AVERAGE && field->type.kind == ENT_TYPE_BOOL)
            ent_diag_help(d, "write `share of %s where %s`", fold->feed->name, field->name);
        return false;
    }
    ent_node *v = ent_check_copy(ck, of);
    if (v == NULL)
        return false;
    v->kind = ENT_NODE_NAME;
    v->n_kids = 0;
    v->type = field->type;
    v->decl_kind = ENT_DECL_FIELD;
    v->decl = field;
    v->slot = field->index;
    fold->value = v;
    add_field(ck, &fold->absents, &fold->n_absents, field);
    return true;
}

static ent_type fold_type(const ent_fold_decl *fold)
{
    switch (fold->kind) {
    case ENT_AGG_SHARE:
    case ENT_AGG_TIME_SHARE:
    case ENT_AGG_TIME_OUTSIDE:
        return ent_ty(ENT_TYPE_RATIO);
    case ENT_AGG_COUNT:
        return ent_ty(ENT_TYPE_INT);
    case ENT_AGG_LONGEST:
    case ENT_AGG_TIME_IN:
        return ent_ty(ENT_TYPE_DURATION);
    default:
        return value_result(fold, fold->value_type);
    }
}

/* --- conditions, keys --- */

static bool check_where(ent_checker *ck, ent_env *env, ent_fold_decl *fold, const ent_node *from)
{
    const ent_node *where = ent_kid(from, 1);
    bool share = fold->kind == ENT_AGG_SHARE || fold->kind == ENT_AGG_TIME_SHARE;
    if (where == NULL && share) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0309, from->span, "a share of all rows says nothing");
        ent_diag_primary_label(d, "which of the rows count as good?");
        ent_diag_help(d, "add the condition: `%s of %s where …`", aggregate_word(fold->kind),
                      fold->feed->name);
        return false;
    }
    if (where == NULL)
        return true;
    ent_env row = ent_env_make(ENT_ENV_ROW, env->scope);
    row.feed = fold->feed;
    ent_node *c = ent_condition(ck, &row, where, "the condition after `where`");
    if (c->type.kind == ENT_TYPE_ERROR)
        return false;
    split(ck, fold, c, c, &fold->test);
    if (!share || fold->test != NULL)
        return true;
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0309, where->span,
                     "an equality of the key selects rows; it is no condition of the share");
    ent_diag_primary_label(d, "this says which rows are looked at, not which are good");
    ent_diag_help(d, "add the condition: `%s and …`", ent_check_source_text(ck, where->span));
    return false;
}

static bool key_by_argument(ent_checker *ck, ent_env *env, ent_fold_decl *fold, ent_field_decl *key)
{
    ent_env row = ent_env_make(ENT_ENV_ROW, env->scope);
    row.feed = fold->feed;
    const char *what = ent_check_printf(ck, "`%s` is kept per %s:", env->measure->name, key->name);
    ent_node *arg = ent_expr_of(ck, &row, env->key_arg, key->type, what ? what : "");
    ent_node *f = ent_check_copy(ck, env->key_arg);
    ent_node **kids = ent_arena_alloc_array(ck->arena, 2, sizeof *kids);
    if (f == NULL || kids == NULL || arg->type.kind == ENT_TYPE_ERROR)
        return false;
    *f = (ent_node){.kind = ENT_NODE_NAME,
                    .name = key->name,
                    .span = env->key_arg->span,
                    .type = key->type,
                    .decl_kind = ENT_DECL_FIELD,
                    .decl = key,
                    .slot = key->index};
    ent_node *eq = join_and(ck, f, arg);
    eq->op = ENT_OP_EQ;
    ent_selected_key k = {.field = key};
    if (!ent_eval(ck, arg, &k.value))
        return false;
    ENT_PUSH_PTR(ck, fold->keyed, fold->n_keyed, eq);
    ent_selected_key *slot = ENT_PUSH(ck, fold->selected, fold->n_selected);
    if (slot != NULL)
        *slot = k;
    return true;
}

static bool check_groups(ent_checker *ck, ent_env *env, ent_fold_decl *fold)
{
    const ent_measure_decl *m = env->measure;
    if (m == NULL || m->per == NULL)
        return true;
    if (fold->feed == NULL) {
        fold->by_span_key = ent_same(fold->of->per, m->per);
        if (fold->by_span_key)
            return true;
    }
    ent_field_decl **keys = NULL;
    size_t n = 0;
    if (fold->feed != NULL && ent_per_keys(ck, env->scope, m->per, fold->feed, &keys, &n) &&
        n > 0) {
        if (env->key_arg != NULL)
            return n == 1 && key_by_argument(ck, env, fold, keys[0]);
        fold->groups = keys;
        fold->n_groups = n;
        return true;
    }
    const ent_node *per = ent_clause(m->node, ENT_NODE_PER);
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0446, per == NULL ? m->span : per->span,
                               "%s `%s` has nothing called `%s`", fold->feed ? "feed" : "span",
                               fold->feed ? fold->feed->name : fold->of->name, m->per);
    ent_diag_primary_label(d, "the measure is kept for each of these");
    ent_diag_label(d, fold->span, "and this is taken over `%s`",
                   fold->feed ? fold->feed->name : fold->of->name);
    if (fold->feed != NULL) {
        const char **names = NULL;
        size_t k = 0;
        for (size_t i = 0; i < fold->feed->n_fields; i++)
            ENT_PUSH_PTR(ck, names, k, fold->feed->fields[i]->name);
        ent_check_suggest(ck, d, per == NULL ? m->span : per->name_span, m->per, names, k,
                          "its fields are");
    }
    return false;
}

static bool check_extras(ent_checker *ck, ent_fold_decl *fold, const ent_node *from)
{
    fold->stale_ns = ent_kid(from, 2) != NULL ? from->kids[2]->i : -1;
    if (fold->stale_ns == 0) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0443, from->kids[2]->span,
                                   "a state that is stale at once never holds");
        ent_diag_primary_label(d, "this must be longer than nothing");
        return false;
    }
    if (fold->kind == ENT_AGG_TIME_SHARE && fold->stale_ns < 0 && fold->feed->interval_ns == 0) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0447, from->span,
                                   "nothing says how long a state of `%s` holds", fold->feed->name);
        ent_diag_primary_label(d, "`%s` is not sampled at an interval", fold->feed->name);
        ent_diag_label(d, fold->feed->span, "declared here without `sampled every …`");
        ent_diag_help(d, "say it: `… where … stale after 10m`");
        return false;
    }
    if (fold->kind == ENT_AGG_MEDIAN)
        return ent_q_make(1, 2, &fold->percent);
    if (fold->kind != ENT_AGG_PERCENTILE)
        return true;
    fold->approximate = from->i == 1;
    ent_q hundred = ent_q_from_i64(100);
    if (from->q.den == 0 || !ent_q_div(from->q, hundred, &fold->percent) || from->q.num <= 0 ||
        ent_q_cmp(from->q, hundred) > 0) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0442, from->span,
                                   "a percentile lies above 0 and at most at 100");
        ent_diag_primary_label(d, "there is no such percentile");
        return false;
    }
    return true;
}

ent_node *ent_check_aggregate(ent_checker *ck, ent_env *env, const ent_node *from)
{
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL)
        return ck->error_node;
    if (env->kind != ENT_ENV_MEASURE || env->objective == NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0437, n->span,
                                   "a figure over many rows cannot stand here");
        ent_diag_primary_label(d, env->kind == ENT_ENV_ROW
                                      ? "this condition sees one row at a time"
                                      : "aggregates belong to measures and objectives");
        return failed(ck, n);
    }
    ent_fold_decl *fold = ent_check_alloc(ck, sizeof *fold);
    const ent_node *of = ent_kid(from, 0);
    if (fold == NULL || of == NULL)
        return failed(ck, n);
    *fold = (ent_fold_decl){.kind = from->op,
                            .member = -1,
                            .stale_ns = -1,
                            .node = n,
                            .span = from->span,
                            .percent = ent_q_from_i64(0)};
    ent_field_decl *field = NULL;
    bool ok = over_span(fold->kind)
                  ? resolve_span(ck, env, of, fold)
                  : resolve_rows(ck, env, of, fold, &field) && resolve_value(ck, fold, of, field);
    if (ok && fold->feed != NULL)
        ok = check_where(ck, env, fold, from);
    ok = ok && check_extras(ck, fold, from) && check_groups(ck, env, fold);
    if (!ok)
        return failed(ck, n);
    fold->index = (int32_t)env->objective->n_folds;
    fold->type = fold_type(fold);
    ENT_PUSH_PTR(ck, env->objective->folds, env->objective->n_folds, fold);
    n->n_kids = 0;
    n->kids = NULL;
    n->type = fold->type;
    n->decl_kind = ENT_DECL_FOLD;
    n->decl = fold;
    n->slot = fold->index;
    return n;
}

/* --- measures within expressions --- */

ent_node *ent_check_measure_call(ent_checker *ck, ent_env *env, const ent_node *from,
                                 ent_symbol *symbol)
{
    symbol->used = true;
    ent_measure_decl *m = symbol->decl;
    ent_node *n = ent_check_copy(ck, from);
    if (n == NULL || m == NULL)
        return failed(ck, n);
    if (env->measure_depth >= MEASURE_DEPTH_MAX || env->measure == m) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0224, from->span,
                                   "measure `%s` contains itself", m->name);
        ent_diag_primary_label(d, "so its figure could never be worked out");
        ent_diag_label(d, m->span, "declared here");
        return failed(ck, n);
    }
    const ent_node *arg = from->kind == ENT_NODE_CALL ? ent_kid(from, 1) : NULL;
    if (from->kind == ENT_NODE_CALL && (from->n_kids != 2 || m->per == NULL)) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0310, from->span, "measure `%s` takes %s",
                                   m->name, m->per == NULL ? "no argument" : "one argument");
        ent_diag_primary_label(d, "%zu given", (size_t)from->n_kids - 1);
        ent_diag_label(d, m->span,
                       m->per == NULL ? "declared here without `per`" : "declared here");
        return failed(ck, n);
    }
    bool inherits =
        env->measure != NULL && env->key_arg == NULL && ent_same(env->measure->per, m->per);
    if (arg == NULL && m->per != NULL && !inherits) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0435, from->span, "for which %s?", m->per);
        ent_diag_primary_label(d, "`%s` is kept per %s, and this is part of a larger expression",
                               m->name, m->per);
        ent_diag_label(d, m->span, "declared here");
        ent_diag_help(d, "name one: `%s(…)`", m->name);
        return failed(ck, n);
    }
    ent_env inner = ent_env_make(ENT_ENV_MEASURE, env->scope);
    inner.objective = env->objective;
    inner.measure = m;
    inner.key_arg = arg != NULL ? arg : env->key_arg;
    inner.measure_depth = env->measure_depth + 1;
    return ent_expr(ck, &inner, ent_kid(m->node, 2), ent_ty(ENT_TYPE_NONE));
}
