/* Why a decision is what it is, for a person who wants to contest it: from a line of a ledger, the
 * lines around it and, where it is at hand, the source of the clause.
 *
 * read.c      a line of the ledger as a decision
 * clause.c    the clause as it is written
 * others.c    what the same ledger decided about the parties' own agreements
 * reckon.c    the arithmetic: measure, net time, what replays would have left, the split
 * figure.c    figures and instants as people write them
 * notice.c    the page of a warning, which decides nothing
 * page.c      lines of text: wrapping, tables, harmless characters
 * chart.c     the time line
 * text.c, text_shares.c, tree.c   the explanation as a page, and as JSON
 *
 * Nothing is decided here: every figure is the ledger's, or is worked out from its figures and
 * checked against them, and what cannot be worked out is not said.  A ledger is hostile input:
 * whatever its lines hold, nothing is read outside of them.  Everything lives in the arena.  No
 * I/O. Tested by tests/golden/run/explain_* and tests/property/explain_rows.py. */
#ifndef ENT_EXPLAIN_EXPLAIN_H
#define ENT_EXPLAIN_EXPLAIN_H

#include "compiler/syntax/arena.h"
#include "compiler/syntax/source.h"
#include "compiler/syntax/text.h"
#include "runtime/bytecode/program.h"
#include "runtime/ledger/fact.h"
#include "runtime/ledger/json_in.h"
#include "runtime/ledger/verify.h"
#include "runtime/vm/exact.h"

/* A row of a source, or of the text of an agreement. */
typedef struct ent_xrow {
    const char *feed, *file; /* NULL: not said */
    int64_t line, column;    /* line 0: there is no row */
} ent_xrow;

typedef struct ent_xinstant {
    const char *text; /* NULL: there is none */
    int64_t ns;
    bool read; /* text is an instant */
} ent_xinstant;

typedef struct ent_xfact {
    bool read; /* false: only the text is known */
    ent_fact_kind kind;
    const char *text;
    ent_xinstant from, to; /* to: without text, an instant */
    const char *subject, *root, *span;
    const char **parties;
    size_t n_parties;
    int64_t samples;
    ent_xrow source, until;
} ent_xfact;

/* What is NULL was not said. */
typedef struct ent_xparty {
    const char *name;
    const char *share, *degree, *amount, *without, *error, *paid_in, *paid_out;
    bool but_for, has_times;
    int64_t held_ns, excess_ns;
} ent_xparty;

typedef struct ent_xdecision {
    ent_json_slice line;
    int64_t seq, version;
    const char *kind; /* of an adjustment: what it adjusts */
    bool adjustment;
    const char *agreement, *clause, *title, *status;
    const char *subject; /* its values, joined by "/"; NULL: none */
    ent_json_slice subject_json;
    bool has_clock, open;
    ent_xinstant from, to; /* of the window */
    ent_xinstant at, due, done;
    int64_t elapsed_ns, allowed_ns;
    const char *measure, *measure_exact, *target, *shortfall, *gap;
    const char *expected;
    int expected_met; /* -1: not said */
    bool has_counts;
    int64_t samples, bad, missing, absent, excluded, late;
    const char *budget_left, *burn_rate;
    const char *credit, *currency, *rule, *fund;
    ent_json_slice credit_json;
    const char *claim, *lapsed; /* of a credit on claim: its status, and the amount that lapsed */
    ent_xinstant claimed_at, claim_until;
    const char *accountable, *accountable_to;
    ent_xparty *parties; /* responsible ones; of a pool, all */
    size_t n_parties;
    ent_xfact *facts;
    size_t n_facts;
    int64_t left_out;
    ent_xrow source;
    int64_t adjusts_seq;
    const char *adjusts_status, *adjusts_hash, *credit_difference;
    ent_xparty *differences; /* of shares and amounts */
    size_t n_differences;
} ent_xdecision;

/* A line of a watch that decides nothing: a warning, or that a new version was taken over. */
typedef struct ent_xnotice {
    ent_xdecision d; /* what is in a decision, too; `status` is the kind */
    ent_xinstant at, due, gone;
    const char *left, *allowed, *unit, *burn_rate; /* of a budget */
    const char *program, *was;                     /* digests */
} ent_xnotice;

/* A ledger's bytes, cut into lines on demand. */
typedef struct ent_xledger {
    const char *name;
    const char *bytes;
    size_t len;
    bool whole;
    ent_ledger_report report;
    const char *sound_end; /* where the first line that is not sound begins, if it is not whole */
    const char *program;   /* digest of what decided it */
    const char *first, *last; /* the period */
} ent_xledger;

typedef enum ent_xprogram {
    ENT_XPROGRAM_UNKNOWN = 0, /* no source was found, or it does not compile */
    ENT_XPROGRAM_SAME = 1,
    ENT_XPROGRAM_OTHER = 2
} ent_xprogram;

/* The clause in its source. */
typedef struct ent_xclause {
    const char *path;   /* that was read; NULL: none could be */
    const char *wanted; /* as the ledger names it */
    const char *text;   /* without the common indentation; NULL: the clause does not stand there */
    const char *doc;    /* NULL: no doc comment */
    int64_t line;
    bool moved; /* it stands at another line than the ledger says */
    ent_xprogram program;
    const ent_image *image; /* the program, if it compiles; NULL */
} ent_xclause;

/* Another decision of the ledger that bears on this one. */
typedef struct ent_xother {
    ent_xdecision d;
    const char *supplier, *customer, *obliged; /* NULL: the ledger does not say */
    int64_t outcome; /* an outcome that a fact of this decision is: the fact's place; else -1 */
} ent_xother;

/* What would have been left of a breach had these performed. */
typedef struct ent_xreplay {
    uint32_t performing; /* bits over `players` */
    bool read;           /* false: nothing would be left to measure */
    ent_q figure, left;  /* the measure, or net time in ns; the shortfall */
} ent_xreplay;

/* A part of the credit, in minor units; the last one may be that of the structural gap. */
typedef struct ent_xpart {
    const char *party; /* NULL: the gap's */
    ent_q exact;       /* unrounded */
    ent_i128 part;     /* after rounding by largest remainders */
    bool unit;         /* it got one of the units that remained */
    bool has_bears;
    ent_i128 bears; /* what the party bears in all, as the ledger has it */
    bool relief;
} ent_xpart;

typedef enum ent_xmeasuring {
    ENT_XMEASURING_UNKNOWN = 0,
    ENT_XMEASURING_SAMPLES,      /* good of all */
    ENT_XMEASURING_MISSING_DOWN, /* the missing ones count as bad */
    ENT_XMEASURING_MISSING_UP,
    ENT_XMEASURING_TIME /* good time of all time */
} ent_xmeasuring;

typedef struct ent_xreckoning {
    ent_xmeasuring how;
    ent_q measure, target, shortfall; /* of a ratio, with has_exact */
    bool has_exact;
    int64_t bad_ns, total_ns;  /* with ENT_XMEASURING_TIME */
    int64_t wall_ns, still_ns; /* of a clock: from its begin to its end, and what did not count */
    bool has_net;              /* the stretches of the facts add up to the net time */
    const char **players;
    size_t n_players;
    ent_xreplay
        *replays;        /* 2^n_players; NULL: the facts do not say enough, or there are too many */
    ent_q gap, gap_part; /* v(all), and the part of the credit that it is */
    ent_xpart *parts;
    size_t n_parts;
    bool rounded; /* a part is not its exact share */
} ent_xreckoning;

typedef struct ent_explanation {
    const ent_xledger *ledger;
    ent_xdecision d;
    const char *supplier, *customer, *obliged; /* NULL: not known */
    ent_xclause clause;
    ent_xother *others;
    size_t n_others;
    bool others_cut; /* there are more */
    bool traced;     /* rows are named */
    ent_xreckoning r;
} ent_explanation;

/* Whether the bytes begin as a ledger does; fills all but the name.  The bytes must outlive it. */
bool ent_explain_ledger(ent_arena *arena, const char *bytes, size_t len, ent_xledger *out);
/* The next line, without its newline.  *at begins at 0. */
bool ent_explain_next_line(const ent_xledger *ledger, size_t *at, ent_json_slice *line);
/* The line of a decision; false: there is none of that number. */
bool ent_explain_find(const ent_xledger *ledger, int64_t seq, ent_json_slice *line);
/* Whether the line comes before whatever is wrong with the ledger. */
bool ent_explain_is_sound(const ent_xledger *ledger, ent_json_slice line);
/* false: the line is no decision. */
bool ent_explain_read(ent_arena *arena, ent_json_slice line, ent_xdecision *out);
/* false: it is none. */
bool ent_explain_read_notice(ent_arena *arena, ent_json_slice line, ent_xnotice *out);
const char *ent_explain_text(ent_arena *arena, ent_json_slice object, const char *key);

/* Finds the decision's clause in a source file that was loaded. */
void ent_explain_clause(ent_arena *arena, ent_sources *sources, uint32_t file,
                        const ent_xdecision *d, ent_xclause *out);
/* Both need d and clause. */
void ent_explain_others(ent_arena *arena, ent_explanation *x);
void ent_explain_reckon(ent_arena *arena, ent_explanation *x);

/* The explanation as text of at most ENT_EXPLAIN_WIDTH columns, and as one JSON object. */
enum { ENT_EXPLAIN_WIDTH = 92 };
void ent_explain_page(ent_arena *arena, const ent_explanation *x, ent_text *out);
void ent_explain_tree(ent_arena *arena, const ent_explanation *x, ent_text *out);
/* The same of a notice; x has ledger and clause, and its d is the notice's. */
void ent_explain_notice_page(ent_arena *arena, const ent_explanation *x, const ent_xnotice *notice,
                             ent_text *out);
void ent_explain_notice_tree(ent_arena *arena, const ent_explanation *x, const ent_xnotice *notice,
                             ent_text *out);
#endif
