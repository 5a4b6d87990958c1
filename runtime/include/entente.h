/* libentente: agreements inside a program of yours.
 *
 * A program is what `entente build` wrote: agreements as verified bytecode.  A session is one evaluation of it: rows
 * of facts are pushed, the watermark is advanced, decisions come by callback.  docs/embedding.md walks through
 * a host.
 *
 *     program (shared, never changes)  <--  session (one thread at a time)  <--  rows, watermark
 *                                               |
 *                                               +--> decisions, notices, ledger lines
 *
 * Rules that hold for every declaration, so that they are not said again:
 *   - A function that returns bool returns true when all went well.  Otherwise it fills `error`, which may be NULL,
 *     and what it was to hand out is NULL.
 *   - A program may be used by any number of threads at once.  A session belongs to one thread at a time, and its
 *     callbacks are called in that thread, inside the call that caused them; they must not call the session.
 *   - The library has no globals that a host can see, prints nothing, ends no process, and looks at neither locale,
 *     environment nor signals.  It reads the time zones' files and nothing else.
 *   - Texts are UTF-8.  Instants are nanoseconds since 1970-01-01T00:00:00Z, durations nanoseconds.
 *   - An options struct that is all zero means the defaults, and so does NULL.  `size` may be left 0: then only the
 *     members of edition 0.1 are read.
 *   - Structs that the library hands out by pointer may grow at their end in later versions.
 *
 * All of it is there since 0.1.  Tested by tests/embed. */
#ifndef ENTENTE_H
#define ENTENTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENT_VERSION_MAJOR 0
#define ENT_VERSION_MINOR 1
#define ENT_VERSION_PATCH 0
#define ENT_VERSION_TEXT "0.1.0"
/* Comparable: 0.1.0 is 100. */
#define ENT_VERSION_NUMBER (ENT_VERSION_MAJOR * 10000 + ENT_VERSION_MINOR * 100 + ENT_VERSION_PATCH)

#if defined(__GNUC__)
#define ENT_API __attribute__((visibility("default")))
#else
#define ENT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library in use, as ENT_VERSION_TEXT; stays for ever. */
ENT_API const char *ent_version(void);
/* The same as ENT_VERSION_NUMBER. */
ENT_API int ent_version_number(void);

/* --- errors --- */

typedef enum ent_error_code {
    ENT_OK = 0,
    ENT_ERROR_USAGE = 1,       /* the host asked for something impossible */
    ENT_ERROR_PROGRAM = 2,     /* the bytes are no sound program */
    ENT_ERROR_DATA = 3,        /* a fact does not fit its feed, or a figure does not fit */
    ENT_ERROR_ENVIRONMENT = 4, /* a file of the system is missing: time zones */
    ENT_ERROR_MEMORY = 5,      /* the allocator gave none */
    ENT_ERROR_STOPPED = 6,     /* a callback returned false */
    ENT_ERROR_LIMIT = 7        /* a limit of the options was reached */
} ent_error_code;

/* What went wrong.  The host's own memory; nothing in it is to be freed.
 * row counts from 1 within the push and is 0 when no row is at fault; `field` is "" when no field is.  file, line and
 * column say which place in the agreements' source it is about; line 0: none. */
typedef struct ent_error {
    int code; /* ent_error_code */
    uint32_t line, column, length;
    uint64_t row;
    char field[128];
    char file[256];
    char message[512]; /* for people: one sentence, lower case, no final period */
} ent_error;

/* --- memory --- */

/* All memory of a program or session comes from here.  resize makes (block NULL), changes (both sizes not 0) or frees
 * (new_size 0, returns NULL) a block, aligned as malloc aligns; it returns NULL when it has none, and then the old
 * block is as it was.  It is called in the thread of the call that needs it; a program's also in that of the
 * last release.
 * resize NULL: malloc.  Only the reader of JSON lines and qsort of the C library keep working memory of their own,
 * and give it back before they return. */
typedef struct ent_allocator {
    void *(*resize)(void *user, void *block, size_t old_size, size_t new_size);
    void *user;
} ent_allocator;

/* --- programs --- */

typedef struct ent_program ent_program;

typedef struct ent_load_options {
    size_t size; /* sizeof(ent_load_options), or 0 */
    ent_allocator allocator;
    uint64_t memory_max; /* bytes; 0: no limit */
    /* The libraries that `extern fn … from "lib.so.N"` may use, by exactly these names; a list that ends in NULL, or
     * NULL: none.  A library that is not among them or lacks the function is an error with the declaration's place. */
    const char *const *allow_libraries;
} ent_load_options;

/* Decodes and verifies the bytes of a .entc file; they may be freed afterwards.  What passes cannot crash, loop or
 * reach memory that is not its own, whoever made it.  The program comes with one reference, which is the caller's. */
ENT_API bool ent_program_load(const void *bytes, size_t len, const ent_load_options *options, ent_program **program,
                              ent_error *error);
/* One reference more; returns its argument.  Any thread may call it. */
ENT_API ent_program *ent_program_retain(ent_program *program);
/* One reference less; the last one frees.  NULL is allowed.  Sessions hold a reference of their own. */
ENT_API void ent_program_release(ent_program *program);
/* The digest of the program's meaning, 64 hex digits: the `program` of ledgers.  Lives as long as the program. */
ENT_API const char *ent_program_digest(const ent_program *program);

/* Gives the program a function for its `extern fn NAME(…) -> … from "host"`.  The signature is the C side's view of the
 * declaration, `number(number, int)`, and must be the declared one.  Types:
 *
 *   bool              bool                       decimal(k)       int64_t, in units of 10^-k
 *   int               int64_t                    duration         int64_t, ns
 *   number            double, finite             instant, time    int64_t, ns since 1970, since midnight
 *   text              const char *, UTF-8; as a result it is copied at once, NULL is absent
 *   enum              const char *, the word (declared as FEED.FIELD)
 *   party, service    const char *, the name; as arguments only
 *
 * 1 to 9 parameters.  An absent argument gives an absent result without a call.  The function must be pure, because a
 * ledger follows from agreements and facts, and callable from every thread that has a session; its order and number of
 * calls are not defined.  Before the first session of the program, in one thread. */
ENT_API bool ent_bind(ent_program *program, const char *name, void *function, const char *signature,
                      ent_error *error);

/* A function of the agreements as a function of C: a callback for a library of yours. */
typedef struct ent_function ent_function;

/* Makes one of a `fn` that stands in a file, outside of agreements, has 1 to 9 parameters, calls no `extern fn`, and
 * whose types are those of ent_bind; the signature is the declared one, too.  It keeps a reference to the program; its
 * memory is the program's allocator's, but for the few bytes of code that libffi makes. */
ENT_API bool ent_function_new(ent_program *program, const char *name, const char *signature, ent_function **function,
                              ent_error *error);
/* NULL is allowed.  The pointer is of no use any more. */
ENT_API void ent_function_free(ent_function *function);
/* What to call, cast to a pointer to the C type of the signature; lives as long as the function.  One thread at a time
 * may call it: threads make functions of their own, which is cheap.  It may be called inside the callbacks of sessions.
 * A text that is NULL is an absent argument.  A result that is absent, and that of a call that fails (an overflow, an
 * argument that is not finite, no time of day, or no word or name of its type), is NaN, 0, false or NULL;
 * ent_function_error tells failures.  A text that is given out is good until the next call. */
ENT_API void *ent_function_pointer(const ent_function *function);
/* The first failure since it was last asked for: false, and ENT_ERROR_DATA with the place in the source.  True with
 * ENT_OK: there was none.  An absent result is no failure. */
ENT_API bool ent_function_error(ent_function *function, ent_error *error);

/* --- what is in a program --- */

/* All of this lives as long as the program.  Each question takes an index and answers NULL when there is no such
 * element, so a host counts by asking; titles are NULL where the author gave none. */

typedef enum ent_field_type {
    ENT_FIELD_BOOL = 1,
    ENT_FIELD_INT = 2,
    ENT_FIELD_NUMBER = 3,  /* binary64 */
    ENT_FIELD_DECIMAL = 4, /* exact, `digits` after the point */
    ENT_FIELD_RATIO = 5,
    ENT_FIELD_MONEY = 6,   /* in `currency` */
    ENT_FIELD_DURATION = 7,
    ENT_FIELD_INSTANT = 8,
    ENT_FIELD_TIME = 9,    /* of day */
    ENT_FIELD_TEXT = 10,
    ENT_FIELD_ENUM = 11,   /* one of `words` */
    ENT_FIELD_PARTY = 12,
    ENT_FIELD_SERVICE = 13
} ent_field_type;

typedef struct ent_feed_field {
    const char *name;
    ent_field_type type;
    int digits;                /* of a decimal */
    const char *currency;      /* of money, else NULL */
    const char *const *words;  /* of an enumeration, else NULL */
    size_t n_words;
    bool used;     /* some agreement reads it: a push must have a column for it */
    bool key;      /* it is a part of the feed's key */
    bool holder;   /* it says who holds the matter */
    bool recorded; /* it says when the fact became known */
} ent_feed_field;

typedef struct ent_feed_info {
    const char *name;
    const ent_feed_field *fields;
    size_t n_fields;
    bool used;           /* some agreement reads it; rows of others are counted and ignored */
    int64_t interval_ns; /* `sampled every`, or 0 */
    int64_t lateness_ns; /* how late rows may be: a live host keeps its watermark so far behind */
    bool bound;          /* a `bind` says how a source's columns become fields */
} ent_feed_info;

typedef enum ent_party_kind {
    ENT_PARTY_IS_CLIENT = 0,
    ENT_PARTY_IS_INTEGRATOR = 1,
    ENT_PARTY_IS_PROVIDER = 2,
    ENT_PARTY_IS_NOBODY = 3 /* force majeure */
} ent_party_kind;

typedef struct ent_party_info {
    const char *name, *title;
    ent_party_kind kind;
} ent_party_info;

typedef struct ent_service_info {
    const char *name, *title;
    const char *provider;
    const char *const *depends_on;
    size_t n_depends_on;
} ent_service_info;

typedef enum ent_clause_kind {
    ENT_CLAUSE_OBJECTIVE = 0,
    ENT_CLAUSE_DUTY = 1,
    ENT_CLAUSE_POOL = 2
} ent_clause_kind;

typedef struct ent_clause_info {
    ent_clause_kind kind;
    const char *name, *title;
    const char *target; /* of an objective, e.g. "at least 99.9%"; else NULL */
    const char *file;   /* where it is written */
    int64_t line, column;
} ent_clause_info;

typedef enum ent_agreement_type {
    ENT_AGREEMENT_IS_SLA = 0,
    ENT_AGREEMENT_IS_OLA = 1,
    ENT_AGREEMENT_IS_FRAMEWORK = 2 /* the framework's own clauses and pools */
} ent_agreement_type;

/* One version of an agreement; an amended one has several. */
typedef struct ent_agreement_info {
    ent_agreement_type type;
    const char *name, *title;
    int64_t version;
    const char *supplier, *customer;
    const char *currency; /* NULL: none */
    const ent_clause_info *clauses;
    size_t n_clauses;
    bool needs_signatures; /* it binds only once all of its parties have signed */
} ent_agreement_info;

ENT_API const ent_agreement_info *ent_program_agreement(const ent_program *program, size_t index);
ENT_API const ent_feed_info *ent_program_feed(const ent_program *program, size_t index);
ENT_API const ent_party_info *ent_program_party(const ent_program *program, size_t index);
ENT_API const ent_service_info *ent_program_service(const ent_program *program, size_t index);

/* --- decisions --- */

typedef enum ent_status {
    ENT_STATUS_MET = 0,
    ENT_STATUS_BREACH = 1,
    ENT_STATUS_EXCUSED = 2,
    ENT_STATUS_VOID = 3,
    ENT_STATUS_PROVISIONAL = 4,
    ENT_STATUS_NO_DATA = 5,
    ENT_STATUS_NOT_IN_FORCE = 6, /* the framework wants signatures, and one is lacking */
    ENT_STATUS_COUNT
} ent_status;

/* One field of the key that a decision is about. */
typedef struct ent_subject_field {
    const char *name, *value;
} ent_subject_field;

typedef struct ent_decision_counts {
    int64_t samples, bad, missing, absent, excluded, late;
} ent_decision_counts;

/* What one party answers for. */
typedef struct ent_responsible {
    const char *party;
    const char *share;          /* a reduced fraction, "1" for all of it; NULL: none */
    const char *degree;         /* of responsibility: "1", "1/2", "0" */
    bool but_for;
    const char *held, *excess;  /* of a clock, in seconds */
    const char *amount;         /* what it bears of the credit */
    const char *without;        /* the figure had it performed */
    const char *standard_error; /* of a share that was sampled */
} ent_responsible;

/* What one party put into a pool and got out of it. */
typedef struct ent_pool_share {
    const char *party, *paid_in, *paid_out, *amount;
} ent_pool_share;

/* A decision with the content of its ledger line: figures are the ledger's texts, absent ones are NULL, instants and
 * lengths are also numbers.  A text that contains NUL ends there; the line has all of it.
 * Everything it points to is valid until the callback returns. */
typedef struct ent_decision {
    int64_t seq; /* from 1 */
    ent_clause_kind kind;
    ent_status status;
    bool final; /* a window that is over, or a clock about which nothing can change */
    bool open;  /* the clock still runs */
    const char *agreement;
    int64_t version;
    const char *clause, *title;
    const ent_subject_field *subject;
    size_t n_subject;
    /* an objective's or pool's window, a duty's clock: has_… says which of these are set */
    bool has_window, has_clock, has_due, has_done;
    int64_t from_ns, to_ns;
    int64_t at_ns, due_ns, done_ns, elapsed_ns, allowed_ns;
    const char *measure, *measure_exact, *target, *shortfall;
    const char *expected_level;
    bool has_expected, expected_met; /* has_expected: it is known whether the level hoped for was met */
    bool has_counts;
    ent_decision_counts counts;
    const char *budget_left, *burn_rate;
    const char *credit_amount, *credit_currency, *credit_rule;
    /* of a credit that lapses unless it is claimed: `made`, `open` or `lapsed`, and the amount that lapsed */
    const char *claim, *claim_amount;
    int64_t claim_at_ns, claim_until_ns; /* 0: not made; not claimable */
    const char *pool_fund;
    const char *accountable, *accountable_to;
    const ent_responsible *responsible;
    size_t n_responsible;
    const ent_pool_share *pool;
    size_t n_pool;
    const char *structural_gap;
    const char *const *because; /* the facts that it rests on */
    size_t n_because;
    int64_t because_left_out;
    const char *file; /* the clause's place in the agreements' source */
    int64_t line, column;
    const char *prev, *hash;
    const char *ledger_line; /* the exact line of the ledger, with its newline */
    size_t ledger_line_len;
} ent_decision;

/* An early warning, or the running out of an allowance. */
typedef enum ent_notice_kind {
    ENT_NOTICE_WARNING = 0, /* `warn at` was reached */
    ENT_NOTICE_RUN_OUT = 1  /* the allowance ran out */
} ent_notice_kind;

/* Valid until the callback returns. */
typedef struct ent_notice {
    ent_notice_kind kind;
    int64_t at_ns, due_ns;
    const char *agreement;
    int64_t version;
    const char *clause;
    const ent_subject_field *subject;
    size_t n_subject;
    const char *line; /* as `entente run --notices` writes it, with its newline */
    size_t line_len;
} ent_notice;

/* --- sessions --- */

typedef struct ent_session ent_session;

/* A row of a text that does not fit its feed.  Valid until the callback returns. */
typedef struct ent_refused_row {
    const char *feed;
    uint64_t row, line;  /* in the text, from 1 */
    uint32_t column;     /* number of the cell from 1; 0: the row as a whole, or JSON */
    const char *name;    /* the column's; NULL: the row as a whole */
    const char *cell;    /* what stands there, not terminated; NULL: nothing */
    size_t cell_len;
    const char *text;    /* the whole row, not terminated */
    size_t text_len;
    const char *expected; /* as in "expected ..." */
} ent_refused_row;

typedef enum ent_ledger_mode {
    /* Decisions come as soon as they are final.  The chain begins with a `run` line that says program, version and
     * time zones' release, and, where the host gave them, the period; it cannot know rows that are still to come. */
    ENT_LEDGER_LIVE = 0,
    /* Decisions come at ent_session_finish, after a `run` line that has the rows of each feed and their digest: the
     * same bytes as `entente run --ledger` on the same rows. */
    ENT_LEDGER_WHOLE = 1
} ent_ledger_mode;

typedef struct ent_session_options {
    size_t size; /* sizeof(ent_session_options), or 0 */
    void *user;  /* given to every callback */
    /* Each returns false to stop: the session has then failed (ENT_ERROR_STOPPED) and can only be freed.
     * Decisions come in the ledger's order. */
    bool (*on_decision)(void *user, const ent_decision *decision);
    bool (*on_notice)(void *user, const ent_notice *notice);
    /* Every line of the ledger, the `run` line included, before the decision's own callback; with its newline. */
    bool (*on_line)(void *user, const char *line, size_t len);
    /* A row of ent_session_push_text that does not fit: true leaves it out, and it is counted; false, or no such
     * function, makes the push an error. */
    bool (*on_refused_row)(void *user, const ent_refused_row *row);
    ent_ledger_mode ledger;
    /* The evaluated period [from, to); by default from the first row to just after the last. */
    bool has_from, has_to;
    int64_t from_ns, to_ns;
    /* Rows recorded after as_of_ns are not known: counted, not used. */
    bool has_as_of;
    int64_t as_of_ns;
    /* The folder of the time zones' files; NULL: /usr/share/zoneinfo. */
    const char *zone_dir;
    /* Rows that are worked on at once, 1 to 2048, which bounds the memory of registers; 0: 2048.  Decisions are the
     * same for every value. */
    uint32_t batch_rows_max;
    /* Who has signed, where the framework wants signatures: the text of a .entc.sig file, and of a file of allowed
     * keys beside those that the framework declares; NULL: none.  Agreements that lack a valid signature are not in
     * force.  assume_signed: decide as if every party had signed. */
    const char *signatures;
    size_t signatures_len;
    const char *keys;
    size_t keys_len;
    bool assume_signed;
    ent_allocator allocator; /* resize NULL: the program's */
    /* Limits; 0: none.  A call that would need more fails with ENT_ERROR_LIMIT and the session with it.
     * memory_max: bytes, registers and texts included; instructions_max: of the bytecode in one call, where one
     * instruction over one row counts once; keys_max: entries in the tables of keys (tickets, services ...), where a
     * key counts once in each clause's table that knows it. */
    uint64_t memory_max, instructions_max, keys_max;
} ent_session_options;

/* The options are copied, the texts they point to too.  The session keeps a reference to the program. */
ENT_API bool ent_session_new(ent_program *program, const ent_session_options *options, ent_session **session,
                             ent_error *error);
/* NULL is allowed.  Nothing is decided any more. */
ENT_API void ent_session_free(ent_session *session);

/* How a column holds its values.  What a type of field takes:
 *
 *   bool                     BOOL
 *   int                      INT64; DECIMAL and DOUBLE that are whole numbers
 *   number                   DOUBLE (finite), INT64 (up to 2^53)
 *   decimal, ratio, money    DECIMAL, INT64; never DOUBLE, which is not exact
 *   duration                 DURATION
 *   instant                  INSTANT
 *   time                     DURATION since midnight
 *   text, enumeration, party, service: texts only
 *
 * A column of texts fits every field: a text is read as a cell of a CSV file is (`P1`, `250ms`, `GBP 12.50`, `99.9%`,
 * `2026-01-05T09:00:00Z`, a party's name, title or alias), and an empty text is an absent value. */
typedef enum ent_column_type {
    ENT_COLUMN_BOOL = 1,       /* uint8_t, 0 or not */
    ENT_COLUMN_INT64 = 2,      /* int64_t */
    ENT_COLUMN_DOUBLE = 3,     /* double */
    ENT_COLUMN_DECIMAL = 4,    /* int64_t, in units of 10^-scale */
    ENT_COLUMN_INSTANT = 5,    /* int64_t, ns since 1970 */
    ENT_COLUMN_DURATION = 6,   /* int64_t, ns */
    ENT_COLUMN_TEXT = 7,       /* const char *; `lengths`, or NULL where each ends in NUL; NULL is absent */
    ENT_COLUMN_UTF8 = 8,       /* bytes; `offsets` are int32_t, one more than rows */
    ENT_COLUMN_LARGE_UTF8 = 9, /* bytes; `offsets` are int64_t, one more than rows */
    ENT_COLUMN_ABSENT = 10     /* no data: the field is absent in every row */
} ent_column_type;

/* One field's values.  A list of columns ends with one whose name is NULL; any order. */
typedef struct ent_column {
    const char *name; /* of the field */
    ent_column_type type;
    int scale;              /* of DECIMAL, 0 to 18 */
    const void *data;       /* one value a row, or the bytes of texts */
    const size_t *lengths;  /* of TEXT */
    const void *offsets;    /* of UTF8 and LARGE_UTF8 */
    const uint8_t *present; /* a byte a row, 0: absent; NULL: all are there */
} ent_column;

/* Pushes n rows of a feed, all of them or, on failure, none.  Rows need not be in order, and nothing is kept of the
 * columns.  A used field without a column, a column that no field is called, and a value that does not fit are errors
 * that name field and row.  Rows before the watermark are late: counted, not used. */
ENT_API bool ent_session_push(ent_session *session, const char *feed, const ent_column *columns, size_t n,
                              ent_error *error);

/* The Arrow C Data Interface, as its specification has it. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4
struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif

/* The same from a struct array, a record batch: its children are the columns, by name; children that no field is
 * called are left out.  int8 to uint64, float, double, bool, utf8, large utf8, dictionaries of these, timestamps with
 * a zone, durations, times of day, decimal128 (up to 18 digits after the point, and 64 bits in all), null.
 * Values are read where they stand.  Schema and array stay the caller's, who releases them. */
ENT_API bool ent_session_push_arrow(ent_session *session, const char *feed, const struct ArrowSchema *schema,
                                    const struct ArrowArray *array, ent_error *error);

/* The same from text: `format` is "csv" (with a header), "tsv" or "jsonl"; NULL: what the feed's `bind` says, or what
 * it looks like.  Only here the `bind` is applied: its expressions make fields of the text's columns, and may
 * skip rows. All rows are pushed or, on failure, none.  A column of a field that can do without may be missing. */
ENT_API bool ent_session_push_text(ent_session *session, const char *feed, const char *format, const char *bytes,
                                   size_t len, ent_error *error);

/* No row before `watermark_ns` will come any more: what is final by then is decided.  Going back does nothing. */
ENT_API bool ent_session_advance(ent_session *session, int64_t watermark_ns, ent_error *error);
/* The input has ended: decides all that is left, as of the end of the period.  Only freeing is left after that. */
ENT_API bool ent_session_finish(ent_session *session, ent_error *error);

/* What a target allows to be bad, and what was: of an objective's window. */
typedef enum ent_budget_kind {
    ENT_BUDGET_IS_NONE = 0,
    ENT_BUDGET_IS_SAMPLES = 1,
    ENT_BUDGET_IS_SECONDS = 2,
    ENT_BUDGET_IS_MEASURE = 3 /* in the unit of the measure */
} ent_budget_kind;

/* How an open window or a running clock stands: what the ledger would say if the input ended now, and what is to come.
 * Figures are exact decimals or fractions.  Valid until the callback returns. */
typedef struct ent_clause_standing {
    /* Provisional: clause, subject, window or clock, measure, counts.  `ledger_line` is what its line would say, a JSON
     * object without seq, prev, hash and newline; seq is 0, prev and hash are NULL. */
    const ent_decision *decision;
    ent_status status;            /* as if it were decided now; a clock within its allowance is provisional */
    bool at_risk; /* it stands as a breach; the budget will be gone, or less than a quarter of it is left; of a clock,
                     `warn at` of the allowance, else three quarters, are used up */
    ent_budget_kind budget;
    bool budget_grows; /* with the rows that come */
    const char *budget_allowed, *budget_spent, *budget_left; /* NULL: there is no budget */
    const char *burn_rate; /* 1: the budget is used up at the end of the window; NULL: not known */
    bool has_gone;
    int64_t gone_ns;    /* when the budget will be used up at this rate */
    int64_t left_ns;    /* of a clock's allowance, net; negative: over it */
    const char *holder; /* the party that has it now; NULL: it is no clock */
    bool paused;
} ent_clause_standing;

/* Is told of one after another; false stops (ENT_ERROR_STOPPED). */
typedef struct ent_listener {
    bool (*tell)(void *user, const ent_clause_standing *standing);
    void *user;
} ent_listener;

/* Tells of every open window and clock how it stands at the instant, which is not below the watermark: objectives, then
 * duties, in the order of the program, subjects in byte order.  Nothing is decided and the session goes on as if it had
 * not been asked.  The first question takes as long as saving and restoring the session; more about the same instant
 * cost next to nothing until the session is given rows or advanced. */
ENT_API bool ent_session_standing(ent_session *session, int64_t at_ns, const ent_listener *listener, ent_error *error);

typedef struct ent_row_counts {
    uint64_t rows; /* that were pushed, late ones included */
    uint64_t late;
    uint64_t unknown; /* recorded after `as_of_ns` */
    uint64_t refused; /* left out because they do not fit */
    uint64_t skipped; /* left out by the `bind` */
} ent_row_counts;
/* What became of a feed's rows so far; false: there is no such feed. */
ENT_API bool ent_session_counts(const ent_session *session, const char *feed, ent_row_counts *counts);
typedef struct ent_usage {
    uint64_t memory, memory_peak; /* bytes */
    uint64_t instructions;        /* of the last call; 0 without a limit */
    uint64_t keys;
} ent_usage;
/* What the session takes at present. */
ENT_API void ent_session_usage(const ent_session *session, ent_usage *usage);
/* The evaluated period, once it is known; false until then. */
ENT_API bool ent_session_period(const ent_session *session, int64_t *from_ns, int64_t *to_ns);

/* --- saving --- */

/* Takes the next n bytes; false stops the saving.  `error` may be NULL. */
typedef struct ent_writer {
    bool (*write)(void *user, const void *bytes, size_t n);
    void *user;
    ent_error *error;
} ent_writer;

/* Gives the next n bytes; false: there are not as many.  `options` are those of the session that is made: its period,
 * `as of`, the ledger's mode and whether there are notices are part of what was saved and not looked at; NULL:
 * defaults.  A whole ledger is only kept for callbacks: one that was saved without any is given to none. */
typedef struct ent_reader {
    bool (*read)(void *user, void *bytes, size_t n);
    void *user;
    const ent_session_options *options;
} ent_reader;

/* Writes the whole session: rows not yet below the watermark, running clocks, open windows, and where its ledger's
 * chain stands; of a whole ledger (ENT_LEDGER_WHOLE) also all decisions so far and the digests of the rows, so it grows
 * with them.  The session goes on unchanged. */
ENT_API bool ent_session_save(ent_session *session, const ent_writer *writer);
/* Makes a session of the same program that goes on exactly as the saved one would have.  The bytes are not trusted: a
 * stream that is cut short, changed, or of another program is an error (ENT_ERROR_DATA). */
ENT_API bool ent_session_restore(ent_program *program, const ent_reader *reader, ent_session **session,
                                 ent_error *error);

#ifdef __cplusplus
}
#endif

#endif
