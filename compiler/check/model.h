/* The model: what the checker has understood of a club, ready to be lowered to tables and kernels.
 *
 * Everything here lives in the compilation's arena and is read-only once `ent_check` has returned
 * without errors.  Arrays are `T **v` / `T *v` with a count; `index` is the object's place in the
 * model's array of its kind, so that it can serve as a table index.  `span` is the place to report.
 *
 * Types are called ..._decl because the shorter names belong to the run-time and the syntax tree.
 *
 * ANNOTATED EXPRESSIONS.  The checker never hands out the parser's expression nodes: each use (a
 * measure in an objective, a condition in two alternatives, a member inherited by an amendment) gets
 * its own copy, so `decl`, `slot` and `type` of a node have one meaning.  In a checked expression
 * every node has `type` set (never ERROR if there were no error diagnostics) and is one of:
 *
 *   LITERAL    type is the literal's own: INT BOOL TEXT DURATION DATE INSTANT TIME as `i`/`text`; MONEY
 *              `q` with type.currency; PERCENT is RATIO, value `q`; DECIMAL is DECIMAL(k) with k in
 *              type.param, value exactly in `q`.  Other types are reached through COERCE.
 *   COERCE     kids[0] converted to `type`.  Made by the checker only; the pairs are
 *              INT -> RATIO, INT -> NUMBER, INT -> DECIMAL(k), DECIMAL(k) -> RATIO,
 *              DECIMAL(k) -> DECIMAL(k2 > k), DECIMAL(k) literal -> NUMBER, RATIO literal -> NUMBER
 *              (nearest), DATE -> INSTANT (local midnight of the zone named by the COERCE node's `text`).
 *              The child need not be a literal, except where said.
 *   NAME       decl_kind says what it is:
 *                ENT_DECL_FIELD     decl ent_field_decl: the field of the row in hand; slot = its index
 *                                   in the feed
 *                ENT_DECL_COLUMN    decl ent_column_decl (binds only): the source column, as text
 *                ENT_DECL_MEMBER    decl ent_enumeration_decl, slot = index of the member in it
 *                ENT_DECL_PARTY     decl ent_party_decl        ENT_DECL_SERVICE  decl ent_service_decl
 *                ENT_DECL_PARAM     decl ent_param_decl: parameter number `slot` of the function whose
 *                                   body this is in
 *                ENT_DECL_CHARGE    the agreement's charge (money; only in amounts of credits)
 *                ENT_DECL_FIGURE    the objective's measure, as decided (only in amounts of credits)
 *                ENT_DECL_VARIABLE  a quantifier's variable (only in `require`): decl is the QUANTIFIER
 *                ENT_DECL_COLLECTION slot ENT_COLLECTION_* (only in `require`)
 *   MEMBER     F.x that is a field of the row in hand: as NAME / ENT_DECL_FIELD.  In `require`,
 *              ENT_DECL_ELEMENT: kids[0] is an element, slot = ENT_ELEMENT_*.
 *   CALL       kids[1..] are the arguments, already coerced to the parameters' types.  decl_kind:
 *                ENT_DECL_FN        decl ent_fn_decl: to be inlined (body with ENT_DECL_PARAM names)
 *                ENT_DECL_EXTERN    decl ent_fn_decl with `library`: to be called by CALL_*
 *                ENT_DECL_PREVIOUS  decl ent_field_decl: previous(f)
 *                ENT_DECL_CHANGED   decl ent_field_decl: changed(f), "f differs from previous(f)"; a first
 *                                   row with a value has changed; two absents have not
 *                ENT_DECL_BUILTIN   slot ENT_BUILTIN_* (below)
 *              A call of a measure never remains: its expression stands in its place.
 *   UNARY      NOT: bool.  NEG: the type of kids[0] (INT NUMBER DECIMAL RATIO MONEY DURATION).
 *   BINARY     AND OR: bool.
 *              == != < <= > >=: both kids have the same type and class (for DECIMAL the same digits);
 *                only == and != on BOOL TEXT ENUM PARTY SERVICE.
 *              + -: both kids and the result have the same type, or INSTANT +- DURATION -> INSTANT, or
 *                INSTANT - INSTANT -> DURATION (int64 arithmetic).
 *              *: INT*INT, NUMBER*NUMBER, RATIO*RATIO; MONEY*RATIO, DURATION*INT, DURATION*RATIO with the
 *                unit on the left (the checker swaps).
 *              /: INT/INT -> RATIO, DURATION/DURATION -> RATIO, MONEY/MONEY -> RATIO, RATIO/RATIO,
 *                NUMBER/NUMBER, MONEY/RATIO -> MONEY, DURATION/RATIO -> DURATION.
 *   IS_ABSENT  kids[0]; op 1: is not absent
 *   IN         kids[0] and the members have one type (as for ==)
 *   IF         kids[0] bool; [1] and [2] have the node's type, or are SKIP (binds)
 *   MATCH      kids[0] subject; ARM: kids[0] LIST of NAME (member, party, service) or LITERAL/COERCE of the
 *              subject's type, NULL for else; kids[1] of the node's type or SKIP.  Where no arm fits and
 *              there is no else: in a bind a bad row; elsewhere the checker has proved that it cannot be.
 *   AGGREGATE  slot = index of the fold in the objective's `folds`; decl = that ent_fold_decl.
 *   QUANTIFIER only in `require`: decl_kind of kids[0] as above
 *   PERCENT_OF MONEY: kids[0] (RATIO literal) of the charge
 */
#ifndef ENT_CHECK_MODEL_H
#define ENT_CHECK_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/syntax/ast.h"
#include "compiler/syntax/source.h"
#include "runtime/bytecode/types.h"
#include "runtime/vm/exact.h"

typedef enum ent_decl_kind {
    ENT_DECL_NONE = 0,
    ENT_DECL_FIELD,
    ENT_DECL_COLUMN,
    ENT_DECL_MEMBER,
    ENT_DECL_PARTY,
    ENT_DECL_SERVICE,
    ENT_DECL_PARAM,
    ENT_DECL_CHARGE,
    ENT_DECL_FIGURE,
    ENT_DECL_VARIABLE,
    ENT_DECL_COLLECTION,
    ENT_DECL_ELEMENT,
    ENT_DECL_FN,
    ENT_DECL_EXTERN,
    ENT_DECL_PREVIOUS,
    ENT_DECL_CHANGED,
    ENT_DECL_BUILTIN,
    ENT_DECL_FOLD
} ent_decl_kind;

/* Built-in functions; the comment gives parameters and result as they are after coercion. */
typedef enum ent_builtin {
    ENT_BUILTIN_NONE = 0,
    ENT_BUILTIN_PARSE_TIME,  /* (TEXT, LITERAL format) -> INSTANT; node->text = zone of times without offset */
    ENT_BUILTIN_LOOKUP,      /* (TEXT) -> node->type: PARTY or SERVICE                              */
    ENT_BUILTIN_INT,         /* (TEXT) -> INT                                                       */
    ENT_BUILTIN_NUMBER,      /* (TEXT | INT | DECIMAL | RATIO) -> NUMBER                            */
    ENT_BUILTIN_DECIMAL,     /* (TEXT) -> DECIMAL(type.param); the digits argument is dropped       */
    ENT_BUILTIN_RATIO,       /* (TEXT) -> RATIO                                                     */
    ENT_BUILTIN_MONEY,       /* (TEXT) -> MONEY(type.currency); the currency argument is dropped    */
    ENT_BUILTIN_DURATION,    /* (TEXT) -> DURATION                                                  */
    ENT_BUILTIN_INSTANT,     /* (TEXT) -> INSTANT                                                   */
    ENT_BUILTIN_TIME,        /* (TEXT) -> TIME                                                      */
    ENT_BUILTIN_BOOL,        /* (TEXT) -> BOOL                                                      */
    ENT_BUILTIN_ABS,         /* (T) -> T: INT NUMBER DECIMAL RATIO MONEY DURATION                   */
    ENT_BUILTIN_MIN,         /* (T, T, ...) -> T, two or more; also INSTANT and TIME                */
    ENT_BUILTIN_MAX,
    ENT_BUILTIN_ROUND,       /* (RATIO) -> DECIMAL(type.param), half-even; the digits argument is dropped */
    ENT_BUILTIN_FLOOR,       /* (RATIO) -> INT                                                      */
    ENT_BUILTIN_CEIL,        /* (RATIO) -> INT                                                      */
    ENT_BUILTIN_LOWER,       /* (TEXT) -> TEXT                                                      */
    ENT_BUILTIN_TRIM,        /* (TEXT) -> TEXT                                                      */
    ENT_BUILTIN_STARTS_WITH, /* (TEXT, TEXT) -> BOOL                                                */
    ENT_BUILTIN_ENDS_WITH,
    ENT_BUILTIN_CONTAINS
} ent_builtin;

enum { /* collections and fields of their elements, in `require` */
    ENT_COLLECTION_PARTIES = 1,
    ENT_COLLECTION_PROVIDERS,
    ENT_COLLECTION_SERVICES,
    ENT_COLLECTION_DEPENDENCIES,
    ENT_COLLECTION_AGREEMENTS,
    ENT_COLLECTION_SLAS,
    ENT_COLLECTION_OLAS,
    ENT_COLLECTION_DUTIES,
    ENT_COLLECTION_OBJECTIVES,
    ENT_COLLECTION_PROMISES /* a clause and a service that it is about */
};
/* How many quantifiers of a rule may stand inside each other. */
#define ENT_VARS_MAX 16

/* What is read of an element; which kinds of elements have it and its type stand in collection.c. */
enum {
    ENT_ELEMENT_NAME = 1,
    ENT_ELEMENT_TITLE,
    ENT_ELEMENT_ROLE,
    ENT_ELEMENT_SUPPLIER,
    ENT_ELEMENT_CUSTOMER,
    ENT_ELEMENT_VERSION,
    ENT_ELEMENT_CONSUMER,
    ENT_ELEMENT_SERVICE,
    ENT_ELEMENT_ON,
    ENT_ELEMENT_PROVIDER,
    ENT_ELEMENT_PARTY,
    ENT_ELEMENT_AGREEMENT,
    ENT_ELEMENT_CHARGE,
    ENT_ELEMENT_ANSWERS_TO,
    ENT_ELEMENT_KIND,
    ENT_ELEMENT_CLAUSE,
    ENT_ELEMENT_TARGET,
    ENT_ELEMENT_ALLOWED,
    ENT_ELEMENT_MEASURED_BY
};

/* A constant, held as its type's class holds it: BOOL INT DURATION INSTANT TIME in `i`; DECIMAL(k) in `i`
 * times 10^k; ENUM, PARTY, SERVICE: index in `i`; RATIO and MONEY in `q`; NUMBER in `f`; TEXT in `text`. */
typedef struct ent_value {
    ent_type type;
    int64_t i;
    ent_q q;
    double f;
    const char *text;
    size_t text_len;
    ent_span span;
} ent_value;

typedef struct ent_agreement_decl ent_agreement_decl;
typedef struct ent_duty_decl ent_duty_decl;
typedef struct ent_feed_decl ent_feed_decl;
typedef struct ent_bind_decl ent_bind_decl;

/* --- the club --- */

typedef struct ent_party_decl {
    int32_t index;
    int role; /* ENT_ROLE_*, or 3: force majeure, which is nobody */
    const char *name, *title;
    const char **aliases;
    size_t n_aliases;
    const char **keys; /* public keys that speak for it, as written */
    size_t n_keys;
    ent_node *node;
    ent_span span; /* of the name */
} ent_party_decl;

typedef struct ent_service_decl {
    int32_t index;
    const char *name, *title;
    ent_party_decl *provider;
    struct ent_service_decl **dependencies;
    size_t n_dependencies;
    const char **aliases;
    size_t n_aliases;
    ent_node *node;
    ent_span span;
} ent_service_decl;

typedef struct ent_amount_decl {
    int kind; /* ENT_AMOUNT_*: NONE; PERCENT: `q` of the charge; MONEY: `q` in `currency`; EXPR: `expr`;
                 WEIGHT: `q` of `of` */
    ent_q q;
    const char *currency;
    ent_node *expr;   /* checked; MONEY, or RATIO: a ratio of the charge (type says which) */
    const struct ent_amount_decl *of; /* what is at risk in the agreement */
    const char *text;                 /* as the author wrote it, blanks collapsed */
    ent_span span;
} ent_amount_decl;

typedef struct ent_cap_decl {
    ent_amount_decl *amount;
    int unit;       /* ENT_UNIT_* */
    int64_t months; /* of `over N months`, else 0 */
    bool weighted;  /* what is at risk: it bounds the credits that are a weight's */
    ent_span span;
} ent_cap_decl;

typedef struct ent_require_decl {
    const char *name, *title;
    bool is_signed;       /* `signed by every party` */
    bool is_underpinning; /* `require underpinning` */
    ent_node *expr;       /* checked, bool; NULL for the two above */
    ent_span span;        /* where the framework asks for it */
    ent_span stated;      /* the rule's name where it is written out; the same without a module */
} ent_require_decl;

typedef struct ent_answers_decl { /* who answers to whom for every objective */
    int from_role, to_role;       /* ENT_ROLE_* */
    ent_span span;
} ent_answers_decl;

typedef struct ent_framework_decl {
    const char *name, *title, *doc;
    int64_t version;
    int64_t from_day, to_day; /* INT64_MIN, INT64_MAX: unbounded; both inclusive */
    const char *zone;         /* "UTC" if it states none */
    const char *currency;     /* NULL if it states none */
    ent_cap_decl **caps;
    size_t n_caps;
    ent_require_decl *requires;
    size_t n_requires;
    ent_answers_decl *answers;
    size_t n_answers;
    unsigned policies; /* bit 1 << ENT_POLICY_* */
    bool is_main;      /* of the author's own files: then the club is thought to be complete */
    ent_node *node;
    ent_span span;
} ent_framework_decl;

/* --- feeds --- */

typedef struct ent_enumeration_decl {
    int32_t index;
    const char *name; /* "FEED.FIELD" */
    const char **members;
    ent_span *member_spans;
    size_t n_members;
} ent_enumeration_decl;

typedef struct ent_field_decl {
    int32_t index; /* in its feed */
    ent_feed_decl *feed;
    const char *name;
    ent_type type;                     /* ENUM: param = index of the enumeration */
    ent_enumeration_decl *enumeration; /* for ENUM */
    unsigned marks;                    /* ENT_MARK_* */
    struct ent_field_decl *source;     /* outcome feeds: the trigger feed's field that it repeats, or NULL */
    ent_span span;
} ent_field_decl;

enum { ENT_FEED_SOURCE = 0, ENT_FEED_OUTCOMES = 1 };

/* Source feeds come first, in declaration order.  Outcome feeds follow, in the duties' order, with the
 * fields at, the trigger feed's keys, due, done, elapsed, allowed, met, excused, then its other fields. */
struct ent_feed_decl {
    int32_t index;
    int kind;
    const char *name;
    ent_duty_decl *duty; /* of OUTCOMES */
    ent_field_decl **fields;
    size_t n_fields;
    ent_field_decl *at, *event, *holder, *recorded; /* NULL where there is none (at: always there) */
    ent_field_decl **keys;
    size_t n_keys;
    int64_t interval_ns, lateness_ns; /* 0: not sampled, none; a bind's own already stands here */
    ent_bind_decl *bind;
    bool used; /* some clause of an agreement reads its rows (source feeds: directly or through a span) */
    const char *doc;
    ent_node *node; /* FEED, or the DUTY */
    ent_span span;
};

typedef struct ent_column_decl {
    int32_t index; /* in its bind */
    const char *name;
    ent_span span;
} ent_column_decl;

typedef struct ent_binding_decl {
    ent_field_decl *field;
    ent_column_decl *column; /* read directly as the field's own type, or NULL */
    ent_node *expr;          /* checked, of the field's type; NULL if `column` */
    ent_span span;
} ent_binding_decl;

struct ent_bind_decl {
    int32_t index;
    ent_feed_decl *feed;
    const char *format; /* "csv", "jsonl" or "prometheus" */
    const char *query;  /* PromQL, NULL: none */
    int separator;      /* a byte, or 0: the default */
    const char **absents;
    size_t n_absents;
    ent_column_decl **columns; /* all that are read, in order of first mention */
    size_t n_columns;
    ent_binding_decl *bindings; /* fields that are not bound are matched by name */
    size_t n_bindings;
    ent_node *node;
    ent_span span;
};

/* --- time --- */

typedef struct ent_opening_decl {
    unsigned days; /* bit 0: Monday */
    int64_t open_ns, close_ns;
    ent_span span;
} ent_opening_decl;

typedef struct ent_closed_decl {
    int64_t day;
    const char *name; /* from an iCalendar file, or NULL */
} ent_closed_decl;

typedef struct ent_calendar_file_decl {
    const char *path;  /* as it was opened */
    const char *bytes; /* its content, for the digest */
    size_t n_bytes;
} ent_calendar_file_decl;

/* Without a zone of its own a calendar is in that of the agreement it is a member of, else the framework's. */
typedef struct ent_calendar_decl {
    int32_t index;
    const char *name, *title, *doc;
    const char *zone; /* never NULL after checking */
    ent_opening_decl *openings;
    size_t n_openings;
    ent_closed_decl *closed;
    size_t n_closed;
    ent_calendar_file_decl *files;
    size_t n_files;
    ent_node *node;
    ent_span span;
} ent_calendar_decl;

/* --- event patterns and spans --- */

typedef struct ent_alt_decl {
    ent_feed_decl *feed;
    int32_t member;     /* the row's event must be this member of feed->event, or -1: any row */
    ent_node **where;   /* all must hold (checked, bool, over the feed's fields); an absent is no */
    size_t n_where;
    ent_field_decl **keys; /* the row's key for the duty or span that the pattern belongs to */
    size_t n_keys;
    ent_span span;
} ent_alt_decl;

typedef struct ent_pattern_decl {
    ent_alt_decl *alts;
    size_t n_alts;
    ent_span span;
} ent_pattern_decl;

typedef struct ent_span_decl {
    int32_t index;
    const char *name, *title, *doc;
    const char *per; /* as written, or NULL: one key */
    ent_pattern_decl *from, *to;
    size_t n_keys;
    ent_type key_types[8];
    const char *key_names[8];
    ent_party_decl *cause; /* `caused by`, or NULL */
    ent_agreement_decl *agreement; /* NULL: shared by all */
    ent_node *node;
    ent_span span;
} ent_span_decl;

/* A use of a calendar or span (exactly one is set).  For a span: how a row of `feed` finds its key; feed
 * NULL (objectives over spans only): the union over all keys. */
typedef struct ent_spanuse_decl {
    ent_calendar_decl *calendar;
    ent_span_decl *of;
    ent_feed_decl *feed;
    ent_field_decl **keys;
    size_t n_keys;
    int64_t at_most_ns; /* -1: no bound */
    ent_span span;
} ent_spanuse_decl;

/* --- functions and measures --- */

typedef struct ent_param_decl {
    int32_t index;
    const char *name;
    ent_type type;
    ent_span span;
} ent_param_decl;

typedef struct ent_fn_decl {
    int32_t index;
    const char *name, *doc;
    ent_param_decl *params;
    size_t n_params;
    ent_type result;
    ent_node *body;      /* checked, of the result's type; NULL for an extern */
    const char *library; /* of an extern */
    const char *symbol;
    ent_node *node;
    ent_span span;
    bool shared; /* of the file, not of an agreement */
    int state; /* the checker's: 0 not begun, 1 in work, 2 done */
} ent_fn_decl;

typedef struct ent_measure_decl {
    int32_t index;
    const char *name, *title, *doc;
    const char *per; /* as written, or NULL */
    ent_party_decl *measured_by;
    ent_agreement_decl *agreement; /* NULL: shared by all */
    ent_node *node;
    ent_span span;
    ent_type type; /* as checked on its own */
} ent_measure_decl;

/* --- clauses --- */

typedef struct ent_allow_decl {
    ent_value *values; /* of duty->allow_field's type; n_values 0: for all (others) */
    size_t n_values;
    int64_t ns;            /* a constant allowance, or -1: */
    ent_node *expr;        /* ... checked, DURATION, over the trigger feed's row */
    ent_spanuse_decl *use; /* `of C`, or NULL: plain time */
    ent_span span;
} ent_allow_decl;

struct ent_duty_decl {
    int32_t index;
    ent_agreement_decl *agreement;
    const char *name, *title, *doc;
    ent_party_decl *party;
    ent_feed_decl *feed; /* of all triggers (and of counting, excused_when, expr of allowances) */
    ent_pattern_decl *trigger, *discharge;
    ent_pattern_decl *void_when; /* or NULL, as the next ones */
    int undo_mode;               /* ENT_UNDO_* */
    ent_pattern_decl *undo, *until, *counting;
    bool retroactive;
    ent_field_decl *allow_field; /* NULL: one allowance for all */
    bool following;
    ent_allow_decl *allows; /* in source order; `otherwise` and unconditional ones have no values */
    size_t n_allows;
    ent_spanuse_decl *pauses;
    size_t n_pauses;
    ent_spanuse_decl *causes; /* spans `caused by` that say whose the clock's time is */
    size_t n_causes;
    ent_node *excused_when; /* checked, bool, over the trigger's row */
    ent_spanuse_decl *excused;
    size_t n_excused;
    bool has_warn;
    ent_q warn;
    ent_amount_decl *credit; /* per breach, or NULL */
    int rounding;            /* ENT_ROUND_* */
    ent_feed_decl *outcomes; /* always there; outcomes->used says whether something reads it */
    int32_t order;           /* of clauses in the source, over duties and objectives */
    ent_node *node;
    ent_span span; /* of the name */
};

typedef struct ent_selected_key { /* `service == hosting` in a condition */
    ent_field_decl *field;
    ent_value value;
} ent_selected_key;

/* One aggregate.  A row takes part if its event is `member` (if that is not -1) and all of `keyed` and
 * `select` hold.  Rows that a missing value kept out are counted as absent: those of the event for
 * which `keyed` holds and either one of `select_absents` is absent, or all of `select` hold and one of
 * `absents` is absent.  (A condition's own `f is absent` takes f out of these lists.) */
typedef struct ent_fold_decl {
    int32_t index; /* in the objective's folds */
    int kind;      /* ENT_AGG_* */
    ent_feed_decl *feed; /* NULL for LONGEST, TIME_IN, TIME_OUTSIDE */
    int32_t member;      /* `count of ticket.opened`: the event, or -1 */
    ent_node **keyed;    /* checked, bool: conjuncts KEY == constant; they select, for a share too */
    size_t n_keyed;
    ent_node **select;   /* checked, bool: the other conjuncts of `where`, unless it is a share's test */
    size_t n_select;
    ent_node *test;  /* of SHARE and TIME_SHARE: checked, bool; NULL elsewhere */
    ent_node *value; /* of SUM AVERAGE MINIMUM MAXIMUM MEDIAN PERCENTILE FIRST LAST: a field (NAME) */
    ent_field_decl **absents; /* read by test and value */
    size_t n_absents;
    ent_field_decl **select_absents; /* read by `select` */
    size_t n_select_absents;
    ent_selected_key *selected; /* the key fields that `keyed` holds to a constant */
    size_t n_selected;
    ent_spanuse_decl *causes; /* spans `caused by` that say whose doing a bad row is */
    size_t n_causes;
    ent_field_decl **groups; /* one group per subject of the objective; empty without a subject */
    size_t n_groups;
    bool by_span_key;  /* span aggregates under a subject: one group per key of the span */
    ent_q percent;     /* 95% for `percentile 95`, 50% for `median` */
    bool approximate;
    int64_t stale_ns;    /* of TIME_SHARE; -1 where not said */
    ent_span_decl *of;   /* of LONGEST, TIME_IN, TIME_OUTSIDE */
    ent_type value_type; /* of the value column; NONE without one */
    ent_type type;       /* of the aggregate */
    ent_node *node;      /* the AGGREGATE */
    ent_span span;
} ent_fold_decl;

typedef struct ent_step_decl {
    int compare; /* ENT_CMP_*; OTHERWISE has no bound */
    ent_value bound;
    ent_amount_decl *amount;
    ent_span span;
} ent_step_decl;

enum { ENT_SUBJECT_NONE = 0, ENT_SUBJECT_LISTED = 1, ENT_SUBJECT_EACH = 2 };

typedef struct ent_objective_decl {
    int32_t index;
    ent_agreement_decl *agreement;
    const char *name, *title, *doc;
    ent_node *expr; /* the measure: checked, over AGGREGATEs */
    ent_fold_decl **folds;
    size_t n_folds;
    ent_type type;                /* of the measure */
    ent_measure_decl *measure;    /* if the expression is one measure; else NULL */
    int subject;                  /* ENT_SUBJECT_*; `per service` without an argument is LISTED: the */
    const char *subject_field;    /* services that the supplier provides.  Name for the ledger. */
    ent_type subject_type;
    ent_enumeration_decl *subject_enumeration;
    ent_value *subjects;
    size_t n_subjects;
    int compare;
    ent_value target; /* of the measure's type */
    const char *target_text;
    int window; /* ENT_UNIT_* */
    int64_t roll_ns, every_ns, every_days; /* of ROLLING: exactly one of the last two is positive */
    ent_spanuse_decl *excluding; /* calendars once; spans once for each feed of the folds */
    size_t n_excluding;
    int missing, no_data;
    ent_step_decl *steps;
    size_t n_steps;
    ent_amount_decl *rate_amount; /* or NULL */
    ent_value rate_per;           /* RATIO (percentage points), or of the measure's type */
    ent_amount_decl *rate_max;
    bool rate_pro_rata, rate_above;
    int rounding;
    bool has_weight;
    ent_q weight;
    int expected_compare; /* ENT_CMP_*, OTHERWISE: none */
    ent_value expected;   /* of the measure's type */
    const char *expected_text;
    bool has_earn_back, earn_expected; /* by the expected level instead of the target */
    ent_q earn_back;
    int64_t earn_windows;
    bool has_warn;
    ent_q warn;
    ent_party_decl *measured_by;
    int32_t order;
    ent_node *node;
    ent_span span;
} ent_objective_decl;

/* A figure that a ladder treats in a way that its author cannot have meant, and where that is reported:
 * the prover shows facts with that figure. */
typedef struct ent_ladder_case {
    struct ent_diag *diag;
    const ent_objective_decl *objective;
    ent_value figure; /* of the measure's type */
    const char *text; /* as it is written */
    bool met;         /* the target, by that figure */
    bool stands;      /* the ladder is odd, but no error */
    const char *once; /* what makes the scenario pass; NULL: a mended ladder */
} ent_ladder_case;

/* A value that a match or the allowances of a duty leave out, and where that is reported. */
typedef struct ent_match_gap {
    struct ent_diag *diag;
    const ent_node *match; /* checked; NULL: it is `duty` whose allowances leave it out */
    ent_value value;
    const char *text; /* as it is written */
    const ent_duty_decl *duty;
} ent_match_gap;

/* `paid when` in postfix order: the objective's versions, or an operator on what stands before it. */
typedef struct ent_term_decl {
    int op; /* ENT_TERM_* */
    ent_objective_decl **goals;
    size_t n_goals;
    ent_span span;
} ent_term_decl;

typedef struct ent_pool_decl {
    int32_t index;
    ent_agreement_decl *agreement; /* the framework's own */
    const char *name, *title, *doc;
    ent_amount_decl *amount;
    ent_party_decl **funders;
    size_t n_funders;
    int unit; /* ENT_UNIT_* */
    bool by_charge;
    ent_term_decl *terms;
    size_t n_terms;
    int32_t order;
    ent_node *node;
    ent_span span;
} ent_pool_decl;

/* Credits that lapse unless they are claimed: a row of the feed claims, and its fields say what (NULL: it has none). */
typedef struct ent_claim_decl {
    ent_feed_decl *feed;
    ent_field_decl *agreement, *clause, *subject, *about;
    int64_t within_ns;
    const ent_node *within; /* as written */
    ent_span span;
} ent_claim_decl;

/* One version of an agreement.  Versions of one agreement stand in order of their dates and never
 * overlap: an amendment ends the version before it. */
struct ent_agreement_decl {
    int32_t index;
    int kind; /* 0 sla, 1 ola */
    const char *name, *title, *doc;
    int64_t version;
    ent_party_decl *supplier, *customer;
    int64_t from_day, to_day; /* INT64_MIN, INT64_MAX: unbounded; both inclusive */
    int64_t term_day;         /* when it would end without the end that its amendment gives it */
    const char *zone;         /* its own or the framework's */
    const char *currency;     /* its own, the charge's or the framework's; NULL if none */
    bool has_charge;
    ent_q charge;
    const char *charge_currency;
    int charge_unit;
    ent_cap_decl **caps; /* its own or the framework's */
    size_t n_caps;
    ent_cap_decl *at_risk; /* or NULL */
    ent_claim_decl *claims; /* NULL: its credits are automatic */
    ent_q weights;         /* the sum of its objectives' */
    ent_duty_decl **duties;
    size_t n_duties;
    ent_objective_decl **objectives;
    size_t n_objectives;
    const ent_node **members; /* of this version, as parsed, in order */
    size_t n_members;
    struct ent_agreement_decl *before; /* the version that it amends, or NULL */
    const char *amendment;             /* name of the amendment, or NULL */
    bool is_framework; /* not an agreement: the framework's own clauses and pools; without an integrator
                          the client is both parties */
    ent_node *node;                    /* SLA, OLA or AMENDMENT */
    ent_span span;
};

/* --- the whole --- */

typedef struct ent_model {
    ent_arena *arena;
    ent_sources *sources;
    ent_framework_decl *framework; /* NULL: none in these files */
    ent_party_decl **parties;
    size_t n_parties;
    ent_party_decl *force; /* force majeure, if some span is caused by it: none of the parties */
    ent_service_decl **services;
    size_t n_services;
    ent_enumeration_decl **enumerations;
    size_t n_enumerations;
    ent_feed_decl **feeds; /* sources first, then outcomes */
    size_t n_feeds;
    ent_bind_decl **binds;
    size_t n_binds;
    ent_calendar_decl **calendars;
    size_t n_calendars;
    ent_span_decl **spans;
    size_t n_spans;
    ent_fn_decl **fns;
    size_t n_fns;
    ent_measure_decl **measures;
    size_t n_measures;
    ent_agreement_decl **agreements;
    size_t n_agreements;
    ent_duty_decl **duties; /* of all agreements */
    size_t n_duties;
    ent_objective_decl **objectives;
    size_t n_objectives;
    ent_node **scenarios; /* SCENARIO nodes, names checked */
    size_t n_scenarios;
    ent_pool_decl **pools;
    size_t n_pools;
    ent_ladder_case *ladder_cases;
    size_t n_ladder_cases;
    ent_match_gap *match_gaps;
    size_t n_match_gaps;
} ent_model;

#endif
