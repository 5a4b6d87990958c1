/* An engine: one program over one stream of facts; a session of the library runs on one.
 *
 * Push rows of each feed, advance the watermark, take decisions.  Rows may come in any order as long as they
 * are not below the watermark; what is below it is late: counted, and given back to the caller's
 * report, never used.  An engine belongs to one thread at a time; programs are shared. */
#ifndef ENT_STATE_ENGINE_H
#define ENT_STATE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/bytecode/program.h"
#include "runtime/judge/verdict.h"
#include "runtime/time/interval.h"
#include "runtime/vm/strings.h"
#include "runtime/vm/vm.h"

typedef struct ent_engine ent_engine;

typedef enum ent_fault_code {
    ENT_FAULT_NONE = 0,
    ENT_FAULT_USAGE = 2,       /* the host's mistake */
    ENT_FAULT_DATA = 3,        /* the facts: a figure that does not fit */
    ENT_FAULT_ENVIRONMENT = 4  /* memory, zone files */
} ent_fault_code;

typedef struct ent_fault {
    ent_fault_code code;
    int64_t place; /* index into the program's place table, or -1 */
    char message[512];
} ent_fault;

typedef enum ent_warning_kind {
    ENT_WARNING_WARN = 0,
    ENT_WARNING_RUN_OUT = 1,
    ENT_WARNING_BUDGET = 2
} ent_warning_kind;
/* An early warning, or the running out of an allowance. */
typedef struct ent_warning {
    int64_t at_ns;
    uint8_t kind;
    int64_t clause; /* duty or objective index */
    int64_t subject;
    int64_t due_ns;
} ent_warning;

typedef struct ent_feed_totals {
    uint64_t rows; /* rows that were pushed */
    uint64_t late;
    uint64_t unknown; /* recorded after `as of` */
    int64_t first_ns, last_ns; /* of the rows; first > last: none */
} ent_feed_totals;

/* One party of a pool: what it put in and what it got out, in minor units of the framework's currency. */
typedef struct ent_pool_part {
    int64_t party;
    ent_i128 in, out;
} ent_pool_part;

typedef struct ent_engine_options {
    const char *zone_dir;   /* NULL: /usr/share/zoneinfo */
    uint32_t lanes_max;     /* rows a batch; 0: ENT_LANES_MAX */
    bool has_from, has_to;
    int64_t from_ns, to_ns; /* the evaluated period */
    bool has_as_of;         /* rows recorded after as_of_ns are not known: counted, not used */
    int64_t as_of_ns;
    bool notices;           /* collect notices */
    bool prompt;            /* give decisions out at every advance, not in heaps */
    bool subjects;          /* on_decision asks for the texts of subjects */
    bool portable;          /* by the general ways only: no folds are shared, and every row is folded by itself */
    bool unplaced;          /* nobody will ask where rows stand: what is said of origins is left out */
    bool whose_time;        /* count whose time clocks were; an engine that does can be neither saved nor restored */
    /* One a feed of the program: the time of which the given rows speak.  Outside of it no sample is expected
     * and no state goes on.  NULL: of all of the period, as the silence policies have it. */
    const ent_interval *heard;
    /* One an agreement of the program: its decisions are marked so and carry no credit.  NULL: all are in force. */
    const bool *not_in_force;
    ent_strings *strings;   /* shared with the reader; NULL: own */
    /* Called for each decision, in ledger order.  false stops the run. */
    bool (*on_decision)(void *user, const ent_engine *session, const ent_verdict *decision);
    /* Called instead, in any order, for decisions of clocks that have no credit: for hosts that only count them.  A
     * divided engine (ahead.h) calls it on the threads that take its parts, and says of which part it is, else 0. */
    void (*on_clock)(void *user, size_t part, const ent_engine *session, const ent_verdict *decision);
    void *user;
} ent_engine_options;

/* NULL with *error filled on failure.  The program must outlive the session. */
ent_engine *ent_engine_new(const ent_image *program, const ent_engine_options *options,
                             ent_fault *error);
void ent_engine_free(ent_engine *session);

/* n rows of feed `feed` (index into the program's feed table): one column a field of the feed; columns of
 * fields that are not used may have data NULL.  The bytes are copied.
 * origins: where rows stand, see runtime/feed/origin.h; may be NULL. */
bool ent_engine_push(ent_engine *session, int64_t feed, const ent_vector *columns, size_t n,
                      const int64_t *origins, ent_fault *error);
/* Where n rows that are pushed next will lie: columns has a place for each field, NULL for one that is not kept.  What
 * is written there and then pushed is not copied.  Valid until the next call of anything else; false: no memory. */
bool ent_engine_room(ent_engine *session, int64_t feed, size_t n, void **columns, int64_t **origins);
/* Takes the rows of an engine of the same program and period, after its own.  Neither may have advanced: an engine
 * is only its rows until then, so this is the same as pushing all of them here.  If it fails halfway, so has
 * `into`. */
bool ent_engine_merge(ent_engine *into, const ent_engine *from, ent_fault *error);
/* No row before `watermark` will come any more. */
bool ent_engine_advance(ent_engine *session, int64_t watermark, ent_fault *error);
/* Gives out what is final below the watermark.  Without it decisions are given out in heaps, and the last at the
 * end; their order is the same. */
bool ent_engine_settle(ent_engine *session, ent_fault *error);
/* The input has ended: decides all that is left as of the end of the period. */
bool ent_engine_finish(ent_engine *session, ent_fault *error);

/* The order of the ledger, of decisions on_decision or on_clock has had. */
int ent_judge_order(const ent_engine *session, const ent_verdict *a, const ent_verdict *b);
ent_strings *ent_engine_strings(ent_engine *session);
const ent_image *ent_engine_program(const ent_engine *session);
const ent_feed_totals *ent_engine_feed_totals(const ent_engine *session, int64_t feed);
/* Rows that wait for the watermark. */
size_t ent_engine_pending(const ent_engine *session);
/* The evaluated period, once known. */
bool ent_engine_period(const ent_engine *session, int64_t *from_ns, int64_t *to_ns);
const ent_zone *ent_engine_agreement_zone(const ent_engine *session, int64_t agreement);
/* Triggers that started no clock, because no allowance is named for the row (its field is absent). */
uint64_t ent_engine_without_allowance(const ent_engine *session);
/* Claims that named no credit there is, or came too late; meant for the end. */
uint64_t ent_engine_claims_unanswered(const ent_engine *session);
/* NULL when the program has no framework. */
const ent_zone *ent_engine_framework_zone(const ent_engine *session);
/* The parties of a pool's decision, in the order of their declaration. */
const ent_pool_part *ent_engine_pool_parts(const ent_engine *session,
                                            const ent_verdict *decision, size_t *n);
const ent_warning *ent_engine_notices(const ent_engine *session, size_t *n);
/* What a party had of a duty's clocks that were met or in breach when they ended. */
typedef struct ent_whose_time {
    uint64_t clocks;   /* of whose net time it had some */
    uint64_t breaches; /* of these */
    uint64_t longest;  /* of these, where it had most of it: of several, the one whose name comes first */
    ent_i128 net_ns;
} ent_whose_time;
/* By the duty's allowances, in the order of the program's table, and then by party.  NULL where that is not counted:
 * nobody asked, its time does not follow holders, or its agreement is not in force. */
const ent_whose_time *ent_engine_whose_time(const ent_engine *session, int64_t duty);
/* Those so far have been told. */
void ent_engine_forget_notices(ent_engine *session);

/* Whether rows of the feed that name no holder leave their key with whoever was named last, for duties to ask. */
bool ent_feed_fills_holder(const ent_image *program, int64_t feed);

/* The step of its ladder that an objective's measure stands on (without a measure, the last): an index into the
 * program's step table, or -1 where there is none. */
int64_t ent_verdict_step(const ent_image *program, const ent_verdict *decision);

/* The subject of a decision: number of fields, and each one's name and value as text. */
size_t ent_engine_subject_fields(const ent_engine *session, const ent_verdict *decision);
const char *ent_engine_subject_name(const ent_engine *session, const ent_verdict *decision,
                                     size_t index);
/* Writes the text of the value into buf when it has to be made; returns it. */
const char *ent_engine_subject_text(const ent_engine *session, const ent_verdict *decision,
                                     size_t index, char *buf, size_t size);
#endif
