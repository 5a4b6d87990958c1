/* What the checker's files share: its state, symbols, environments of expressions.
 *
 * Order of work (check.c): collect file-level names; framework; feeds; calendars, spans, fns;
 * binds; measures; agreements, one per version: members, duties, then objectives; rules, pools,
 * scenarios.
 *
 * Invariants: parsed nodes are never changed (except that FILE trees are shared by versions of an
 * agreement, so a node may be checked many times; equal diagnostics are shown once).  Where
 * something has been reported its type is ENT_TYPE_ERROR, which fits everything.  When memory has
 * run out functions return NULL or the error node, and ent_check returns NULL at its end. */
#ifndef ENT_CHECK_CHECKER_H
#define ENT_CHECK_CHECKER_H

#include "compiler/check/check.h"
#include "compiler/check/model.h"

#define ENT_KEYS_MAX 8

typedef struct ent_symbol {
    int kind; /* ENT_NODE_* of the declaration */
    const char *name;
    const ent_node *node;
    void *decl; /* the model object, once made */
    ent_span span;
    bool used;
    bool is_main; /* of the author's own files: may be warned about */
} ent_symbol;

typedef struct ent_scope {
    ent_symbol *v;
    size_t n, cap;
    struct ent_scope *outer;
    ent_agreement_decl *agreement; /* NULL at file level */
    const char *zone;
} ent_scope;

/* What an expression may speak of. */
typedef enum ent_env_kind {
    ENT_ENV_CONST,   /* literals and functions only                     */
    ENT_ENV_ROW,     /* fields of `feed`                                */
    ENT_ENV_BIND,    /* source columns                                  */
    ENT_ENV_MEASURE, /* aggregates; `objective` collects the folds      */
    ENT_ENV_FN,      /* parameters of `fn`                              */
    ENT_ENV_AMOUNT,  /* charge, figure                                  */
    ENT_ENV_RULE     /* collections and quantified variables            */
} ent_env_kind;

typedef struct ent_var {
    const char *name;
    ent_type type;
    const ent_node *node;
    ent_span span;
} ent_var;

typedef struct ent_env {
    ent_env_kind kind;
    ent_scope *scope;
    ent_feed_decl *feed;
    ent_bind_decl *bind;
    ent_fn_decl *fn;
    ent_objective_decl *objective; /* whose folds are collected, or whose amount this is */
    const char *figure_name;       /* in amounts: the measure's name, or NULL */
    ent_measure_decl *measure;     /* whose expression is being inlined, or NULL */
    unsigned measure_depth;
    ent_var vars[ENT_VARS_MAX];
    size_t n_vars;
    const char *zone;
    const ent_node
        *key_arg; /* `availability(hosting)` within a larger expression: the key, or NULL */
} ent_env;

typedef struct ent_checker {
    ent_arena *arena;
    ent_sources *sources;
    ent_diags *diags;
    const ent_check_options *options;
    ent_node **files;
    size_t n_files, n_main;
    ent_model *m;
    ent_scope top;
    const ent_node **agreement_nodes; /* SLA, OLA */
    size_t n_agreement_nodes;
    const ent_node **amendment_nodes;
    size_t n_amendment_nodes;
    const ent_node **framework_nodes;
    size_t n_framework_nodes;
    ent_node *error_node; /* of type ERROR, without kids */
    int32_t n_clauses;
    bool incomplete; /* a file could not be read or parsed: names may be missing for that reason */
    const char **unknown_feeds; /* reported already, without a suggestion */
    size_t n_unknown_feeds;
    const char **zones_known; /* zone names that loaded */
    size_t n_zones_known;
} ent_checker;

/* --- arena and lists (support.c) --- */
void *ent_check_alloc(ent_checker *ck, size_t bytes);
/* Appends one element of `size` bytes; grows by doubling.  NULL when memory has run out. */
void *ent_check_push(ent_checker *ck, void *array_pp, size_t *n, size_t size);
#define ENT_PUSH(ck, arr, n) ent_check_push((ck), (void *)&(arr), &(n), sizeof *(arr))
/* Appends a pointer; false when memory has run out. */
#define ENT_PUSH_PTR(ck, arr, n, item)                                                             \
    do {                                                                                           \
        void *ent_slot_ = ENT_PUSH(ck, arr, n);                                                    \
        if (ent_slot_ != NULL)                                                                     \
            (arr)[(n)-1] = (item);                                                                 \
    } while (0)

bool ent_same(const char *a, const char *b);
ent_node *ent_check_copy(ent_checker *ck,
                         const ent_node *n);          /* with its own array of the same kids */
const ent_node *ent_kid(const ent_node *n, size_t i); /* NULL if there is none */
const ent_node *ent_clause(const ent_node *n, unsigned kind); /* the first kid of that kind */
/* The source text of a span, blanks and newlines collapsed to one blank. */
const char *ent_check_source_text(ent_checker *ck, ent_span span);
char *ent_check_printf(ent_checker *ck, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "a", "b" or "c": joined with commas and a last word, each in backquotes; at most `max`, then "…".
 */
const char *ent_check_join(ent_checker *ck, const char *const *names, size_t n, size_t max,
                           const char *last);
/* "did you mean" with a fix, or else the list of choices. */
void ent_check_suggest(ent_checker *ck, ent_diag *d, ent_span span, const char *name,
                       const char *const *names, size_t n, const char *what);
/* The path of a file that the file of `span` names. */
const char *ent_check_relative(ent_arena *arena, ent_sources *sources, uint32_t file,
                               const char *path);
/* Without `.` and inner `..`: two names of one file of a reader are one name. */
const char *ent_check_clean(ent_arena *arena, const char *path);
/* A copy of the file's bytes; NULL with an errno value. */
char *ent_check_read(const ent_check_options *options, ent_arena *arena, const char *path, size_t *len,
                     int *error);

/* --- names (names.c) --- */
ent_symbol *ent_scope_add(ent_checker *ck, ent_scope *scope, int kind, const ent_node *node,
                          bool is_main);
ent_symbol *ent_scope_find(ent_scope *scope, const char *name, bool outward);
ent_party_decl *ent_find_party(ent_checker *ck, const char *name); /* also client, integrator */
ent_service_decl *ent_find_service(ent_checker *ck, const char *name);
ent_field_decl *ent_find_field(const ent_feed_decl *feed, const char *name);
int32_t ent_find_member(const ent_enumeration_decl *e, const char *name);
/* The feed, or the outcomes of a duty, that a name stands for; reports what is wrong. */
ent_feed_decl *ent_resolve_feed(ent_checker *ck, ent_scope *scope, const char *name, ent_span span,
                                bool outcomes_too);
ent_party_decl *ent_resolve_party(ent_checker *ck, const char *name, ent_span span);
ent_service_decl *ent_resolve_service(ent_checker *ck, const char *name, ent_span span);
void ent_report_unknown_field(ent_checker *ck, const ent_feed_decl *feed, const char *name,
                              ent_span span);
void ent_report_unknown_member(ent_checker *ck, const ent_enumeration_decl *e, const char *name,
                               ent_span span);
/* True if an unknown name is likely a consequence of a file or declaration that could not be read.
 */
bool ent_hidden(ent_checker *ck, const char *name, const char *const *names, size_t n);
/* True if there is a syntax error in the span: what is missing there may have been lost. */
bool ent_broken(ent_checker *ck, ent_span span);
void ent_report_currency(ent_checker *ck, const char *code, ent_span span);
ent_span ent_name_span(const ent_node *n);
bool ent_check_zone(ent_checker *ck, const char *zone, ent_span span);

/* --- types (types.c) --- */
ent_type ent_ty(ent_type_kind kind);
ent_type ent_ty_money(const char *currency);
ent_type ent_ty_decimal(int32_t digits);
bool ent_ty_same(ent_type a, ent_type b);
bool ent_ty_is_exact(ent_type t);   /* int, decimal, ratio */
bool ent_ty_is_ordered(ent_type t); /* < and > */
bool ent_ty_is_element(ent_type t); /* what a rule's variable stands for, besides party and service */
bool ent_ty_is_named(ent_type t);   /* enumeration, party, service: members are bare names */
const char *ent_ty_text(ent_checker *ck, ent_type t);   /* "duration", "money (GBP)" */
const char *ent_ty_phrase(ent_checker *ck, ent_type t); /* "a duration", "money (GBP)" */
/* The node as a value of `want`, with a COERCE if need be; NULL if the types do not allow it. */
ent_node *ent_coerce(ent_checker *ck, ent_env *env, ent_node *n, ent_type want);
/* Makes both of one type, if they have a common one. */
bool ent_unify(ent_checker *ck, ent_env *env, ent_node **a, ent_node **b);
/* Labels that say of which type a node is and where that comes from. */
void ent_label_type(ent_checker *ck, ent_diag *d, const ent_node *n, bool primary);
ent_node *ent_check_binary(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from);
ent_node *ent_check_compare(ent_checker *ck, ent_env *env, ent_node *n, const ent_node *from);

/* --- constants (constant.c) --- */
bool ent_eval(ent_checker *ck, const ent_node *n, ent_value *out); /* silent */
/* A constant of the type; reports.  `what` is "the target" or the like. */
bool ent_eval_as(ent_checker *ck, ent_env *env, const ent_node *n, ent_type want, const char *what,
                 ent_value *out);
int ent_value_cmp(const ent_value *a, const ent_value *b); /* of one ordered type */

/* --- expressions (expr.c, call.c, aggregate.c) --- */
ent_env ent_env_make(ent_env_kind kind, ent_scope *scope);
ent_node *ent_expr(ent_checker *ck, ent_env *env, const ent_node *n, ent_type hint);
ent_node *ent_condition(ent_checker *ck, ent_env *env, const ent_node *n, const char *where);
/* Checks and coerces; E0306 if it does not fit.  `what`: "the allowance must be". */
ent_node *ent_expr_of(ent_checker *ck, ent_env *env, const ent_node *n, ent_type want,
                      const char *what);
ent_node *ent_check_call(ent_checker *ck, ent_env *env, const ent_node *n, ent_type hint);
ent_node *ent_check_aggregate(ent_checker *ck, ent_env *env, const ent_node *n);
ent_node *ent_check_measure_call(ent_checker *ck, ent_env *env, const ent_node *n,
                                 ent_symbol *symbol);
/* What rules speak of (collection.c). */
bool ent_name_collection(ent_node *n); /* n becomes the collection that it names */
ent_type ent_element_type(ent_checker *ck, ent_type of, const char *name); /* NONE: no such field */
ent_node *ent_check_element(ent_checker *ck, ent_node *n, ent_node *base);
const char *ent_collection_list(ent_checker *ck);
/* choice.c, and what it shares with expr.c */
ent_node *ent_check_branch(ent_checker *ck, ent_env *env, const ent_node *from, ent_type hint);
ent_node *ent_check_if(ent_checker *ck, ent_env *env, const ent_node *from, ent_type hint);
ent_node *ent_check_match(ent_checker *ck, ent_env *env, const ent_node *from, ent_type hint);
/* How many values the type has, if they can be counted out; else 0. */
size_t ent_count_values(const ent_checker *ck, ent_type type);
/* The i-th value that may be tried, as an author would write it; NULL: of that type none is known. */
const char *ent_value_text(ent_checker *ck, ent_type type, int64_t i, ent_value *v);
ent_node *ent_check_quantifier(ent_checker *ck, ent_env *env, const ent_node *from);
bool ent_name_member(ent_checker *ck, ent_node *n,
                     ent_type hint); /* n becomes the member it names */
ent_type ent_named_hint(ent_type t); /* t if its members are bare names, else none */
ent_node *ent_report_unknown(ent_checker *ck, ent_env *env, ent_node *n, ent_type hint);
ent_type ent_peek(ent_checker *ck, ent_env *env, const ent_node *n);
ent_type ent_type_of_node(ent_checker *ck, const ent_node *type, bool in_feed);
bool ent_is_literal(const ent_node *n);

/* --- events, spans (pattern.c) --- */
typedef bool (*ent_keys_of)(ent_checker *ck, void *context, ent_alt_decl *alt);
ent_pattern_decl *ent_check_pattern(ent_checker *ck, ent_scope *scope, const ent_node *event,
                                    ent_keys_of keys, void *context);
/* The feed that all alternatives of an event are of, or NULL; silent. */
ent_feed_decl *ent_event_feed(ent_checker *ck, ent_scope *scope, const ent_node *event);
void ent_check_span(ent_checker *ck, ent_scope *scope, ent_symbol *symbol);
bool ent_check_spanuse(ent_checker *ck, ent_scope *scope, const ent_node *ref,
                       ent_feed_decl *const *feeds, size_t n_feeds, ent_spanuse_decl **uses,
                       size_t *n_uses);
bool ent_span_keys(ent_checker *ck, const ent_span_decl *span, const ent_feed_decl *feed,
                   ent_field_decl ***keys, size_t *n_keys);
/* Fields of `feed` for `per NAME`; silent. */
bool ent_per_keys(ent_checker *ck, ent_scope *scope, const char *per, const ent_feed_decl *feed,
                  ent_field_decl ***keys, size_t *n_keys);

/* --- declarations --- */
void ent_check_framework(ent_checker *ck, const ent_node *node);     /* framework.c */
void ent_check_framework_cap(ent_checker *ck, const ent_node *node); /* what agreements inherit */
void ent_check_rules(ent_checker *ck, const ent_node *node);         /* rule.c */
void ent_check_feed(ent_checker *ck, ent_symbol *symbol);            /* feed.c */
ent_feed_decl *ent_make_outcomes(ent_checker *ck, ent_duty_decl *duty); /* feed.c */
void ent_check_bind(ent_checker *ck, const ent_node *node);             /* bind.c */
void ent_bind_header(ent_checker *ck, const ent_node *node);            /* bind.c */
void ent_check_calendar(ent_checker *ck, ent_scope *scope, ent_symbol *symbol);
void ent_declare_fn(ent_checker *ck, ent_scope *scope, ent_symbol *symbol); /* function.c */
void ent_check_fn(ent_checker *ck, ent_scope *scope, ent_symbol *symbol);
void ent_declare_measure(ent_checker *ck, ent_scope *scope, ent_symbol *symbol); /* measure.c */
void ent_check_measure(ent_checker *ck, ent_scope *scope, ent_symbol *symbol);
void ent_check_agreements(ent_checker *ck); /* agreement.c */

bool ent_is_main(const ent_checker *ck, const ent_node *node); /* check.c */
/* Declares and checks what stands in a scope except duties and objectives (check.c). */
void ent_check_scope(ent_checker *ck, ent_scope *scope);
void ent_use_pattern(ent_pattern_decl *p); /* marks the feeds as used (duty.c) */
void ent_use_spans(ent_spanuse_decl *uses, size_t n);

/* --- cause.c --- */
void ent_check_causes(ent_checker *ck);
ent_duty_decl *ent_declare_duty(ent_checker *ck, ent_scope *scope, ent_symbol *symbol); /* duty.c */
void ent_check_duty(ent_checker *ck, ent_scope *scope, ent_duty_decl *duty);
void ent_check_objective(ent_checker *ck, ent_scope *scope, const ent_node *node); /* objective.c */
ent_amount_decl *ent_check_amount(ent_checker *ck, ent_env *env, const ent_node *n,
                                  const char *currency, bool charge_there); /* credit.c */
/* The caps that stand in a framework, agreement or amendment (also after `replace`). */
void ent_check_caps(ent_checker *ck, ent_scope *scope, const ent_node *node, const char *currency,
                    bool charge_there, ent_cap_decl ***caps, size_t *n_caps);
/* What the agreement puts at risk, and the weights of its members; before its objectives are checked. */
void ent_check_at_risk(ent_checker *ck, ent_scope *scope, const ent_node *node,
                       const ent_node *const *members, size_t n_members);
/* On which claims the credits of a version depend; without a word of its own, on those of the version before. */
void ent_check_claims(ent_checker *ck, ent_scope *scope, const ent_node *node); /* claim.c */
void ent_check_credit(ent_checker *ck, ent_scope *scope, ent_objective_decl *o, const ent_node *n);
void ent_check_ladder(ent_checker *ck, const ent_objective_decl *o,
                      const ent_node *n); /* ladder.c */
/* A bound of the measure's type; one that a whole-number type cannot hold is moved to an
 * equivalent. */
bool ent_check_bound(ent_checker *ck, ent_env *env, const ent_node *n, ent_type want, int compare,
                     const char *what, ent_value *out);
void ent_check_scenario(ent_checker *ck, const ent_node *node); /* scenario.c */
void ent_check_pool(ent_checker *ck, const ent_node *node);     /* pool.c */
/* The first version of the agreement (the framework counts as one); reports an unknown name. */
ent_agreement_decl *ent_resolve_agreement(ent_checker *ck, const char *name, ent_span span);
void ent_check_unused(ent_checker *ck, ent_scope *scope);       /* names.c */
bool ent_effective(ent_checker *ck, const ent_node *node, int64_t *from_day, int64_t *to_day);

#endif
