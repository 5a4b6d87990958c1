/* A session: one program over one stream of facts.
 *
 * Push rows of each feed, advance the watermark, take decisions.  Rows may come in any order as long as they
 * are not below the watermark; what is below it is late: counted, and given back to the caller's
 * report, never used.  A session belongs to one thread at a time; programs are shared. */
#ifndef ENT_STATE_SESSION_H
#define ENT_STATE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/bytecode/program.h"
#include "runtime/judge/decision.h"
#include "runtime/time/interval.h"
#include "runtime/vm/strings.h"
#include "runtime/vm/vm.h"

typedef struct ent_session ent_session;

typedef enum ent_error_code {
    ENT_ERROR_NONE = 0,
    ENT_ERROR_USAGE = 2,       /* the host's mistake */
    ENT_ERROR_DATA = 3,        /* the facts: a figure that does not fit */
    ENT_ERROR_ENVIRONMENT = 4  /* memory, zone files */
} ent_error_code;

typedef struct ent_error {
    ent_error_code code;
    int64_t place; /* index into the program's place table, or -1 */
    char message[512];
} ent_error;

typedef enum ent_notice_kind { ENT_NOTICE_WARN = 0, ENT_NOTICE_RUN_OUT = 1, ENT_NOTICE_BUDGET = 2 } ent_notice_kind;
/* An early warning, or the running out of an allowance. */
typedef struct ent_notice {
    int64_t at_ns;
    uint8_t kind;
    int64_t clause; /* duty or objective index */
    int64_t subject;
    int64_t due_ns;
} ent_notice;

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

typedef struct ent_session_options {
    const char *zone_dir;   /* NULL: /usr/share/zoneinfo */
    uint32_t lanes_max;     /* rows a batch; 0: ENT_LANES_MAX */
    bool has_from, has_to;
    int64_t from_ns, to_ns; /* the evaluated period */
    bool has_as_of;         /* rows recorded after as_of_ns are not known: counted, not used */
    int64_t as_of_ns;
    bool notices;           /* collect notices */
    /* One a feed of the program: the time of which the given rows speak.  Outside of it no sample is expected
     * and no state goes on.  NULL: of all of the period, as the silence policies have it. */
    const ent_interval *heard;
    /* One an agreement of the program: its decisions are marked so and carry no credit.  NULL: all are in force. */
    const bool *not_in_force;
    ent_strings *strings;   /* shared with the reader; NULL: own */
    /* Called for each decision, in ledger order.  false stops the run. */
    bool (*on_decision)(void *user, const ent_session *session, const ent_decision *decision);
    void *user;
} ent_session_options;

/* NULL with *error filled on failure.  The program must outlive the session. */
ent_session *ent_session_new(const ent_program *program, const ent_session_options *options,
                             ent_error *error);
void ent_session_free(ent_session *session);

/* n rows of feed `feed` (index into the program's feed table): one column a field of the feed; columns of
 * fields that are not used may have data NULL.  The bytes are copied.
 * origins: where rows stand, see runtime/feed/origin.h; may be NULL. */
bool ent_session_push(ent_session *session, int64_t feed, const ent_column *columns, size_t n,
                      const int64_t *origins, ent_error *error);
/* No row before `watermark` will come any more. */
bool ent_session_advance(ent_session *session, int64_t watermark, ent_error *error);
/* The input has ended: decides all that is left as of the end of the period. */
bool ent_session_finish(ent_session *session, ent_error *error);

ent_strings *ent_session_strings(ent_session *session);
const ent_program *ent_session_program(const ent_session *session);
const ent_feed_totals *ent_session_feed_totals(const ent_session *session, int64_t feed);
/* The evaluated period, once known. */
bool ent_session_period(const ent_session *session, int64_t *from_ns, int64_t *to_ns);
const ent_zone *ent_session_agreement_zone(const ent_session *session, int64_t agreement);
/* Triggers that started no clock, because no allowance is named for the row (its field is absent). */
uint64_t ent_session_without_allowance(const ent_session *session);
/* NULL when the program has no framework. */
const ent_zone *ent_session_framework_zone(const ent_session *session);
/* The parties of a pool's decision, in the order of their declaration. */
const ent_pool_part *ent_session_pool_parts(const ent_session *session,
                                            const ent_decision *decision, size_t *n);
const ent_notice *ent_session_notices(const ent_session *session, size_t *n);

/* The step of its ladder that an objective's measure stands on (without a measure, the last): an index into the
 * program's step table, or -1 where there is none. */
int64_t ent_decision_step(const ent_program *program, const ent_decision *decision);

/* The subject of a decision: number of fields, and each one's name and value as text. */
size_t ent_session_subject_fields(const ent_session *session, const ent_decision *decision);
const char *ent_session_subject_name(const ent_session *session, const ent_decision *decision,
                                     size_t index);
/* Writes the text of the value into buf when it has to be made; returns it. */
const char *ent_session_subject_text(const ent_session *session, const ent_decision *decision,
                                     size_t index, char *buf, size_t size);
#endif
