/* The insides of a session: everything kept between rows.  Not installed; only runtime/state, runtime/judge
 * and the session's owner in runtime/ include it.
 *
 * Time moves in slices.  A slice is every row with `at` below the new watermark, of all feeds, in event
 * order.  Within a slice the stages run one after the other over whole columns:
 *
 *   feeds   pending rows -> slice columns -> row kernel -> slots        (feed.c)
 *   spans   slots -> intervals per key                                  (span.c)
 *   duties  slots, intervals -> clocks -> decisions, outcomes           (duty.c, clock.c)
 *   folds   slots, intervals -> one fold per subject and window         (objective.c, fold.c)
 *   close   folds -> measure -> status -> decision                      (objective.c, judge/)
 *
 * Spans come first, so that a row at the very instant of a span's first row is seen in it whatever the
 * order of feeds.  Every stage looks only at rows below the watermark: the outcome is the same for any
 * cut of the input into slices, which tests/property checks. */
#ifndef ENT_STATE_STATE_H
#define ENT_STATE_STATE_H

#include "runtime/bytecode/program.h"
#include "runtime/judge/answer.h"
#include "runtime/judge/verdict.h"
#include "runtime/state/engine.h"
#include "runtime/state/feedstate.h"
#include "runtime/state/map.h"
#include "runtime/state/standing.h"
#include "runtime/time/calendar.h"
#include "runtime/time/interval.h"
#include "runtime/time/window.h"
#include "runtime/time/zone.h"
#include "runtime/vm/strings.h"
#include "runtime/vm/vm.h"

/* Which rows of a feed mean what to a span or duty. */
typedef struct ent_watch_alt {
    int64_t slot; /* -1: every row; ENT_SLOT_TURNS: those that may change who has the key */
    uint8_t bit;  /* one of eight */
} ent_watch_alt;
typedef struct ent_watch {
    int64_t feed;
    int64_t first_key, n_keys;
    ent_watch_alt *alts;
    size_t n_alts;
    bool asks_holder; /* its events say who has the key */
} ent_watch;
typedef struct ent_watches {
    ent_watch *v;
    size_t n;
} ent_watches;

/* With what is asked most often, since the row's columns may be in the cache of the thread that read it. */
typedef struct ent_event {
    int64_t at;
    int64_t key;
    int64_t origin; /* of the row */
    uint32_t lane;
    uint16_t feed; /* index of the feed, which is its declaration order */
    uint16_t tag;  /* which of several watchers */
    uint8_t bits;
    int8_t holder; /* the party that has the key after the row; -1: the duty's own, or nobody asks */
    bool gives;    /* it has it by this very row */
} ent_event;
typedef struct ent_events {
    ent_event *v;
    size_t n, capacity;
    size_t n_collected; /* from how many watches: the rows of one are in order */
    uint64_t *bits;     /* scratch: a byte a row */
    size_t bits_capacity;
    ent_event *dealt; /* scratch: in the order of rows */
    size_t dealt_capacity;
    size_t *ends; /* scratch: by row */
    size_t ends_capacity;
    uint32_t *lanes; /* scratch: those that mean something */
    size_t lanes_capacity;
} ent_events;

#define ENT_NOT_OPEN INT64_MAX

/* Where a row stands. */
typedef struct ent_rowref {
    int64_t origin; /* 0: unknown */
    int32_t feed;
} ent_rowref;
/* A stretch of a span with the rows that made it: intervals that touch are one, these are not. */
typedef struct ent_spanrun {
    int64_t from, to;
    ent_rowref begun, ended;
} ent_spanrun;

typedef struct ent_spankey {
    int64_t key;
    ent_intervals closed;
    int64_t open_from; /* ENT_NOT_OPEN if it is not */
    ent_rowref opened; /* by which row */
    ent_spanrun *runs; /* closed ones, where the span has `keeps_rows` */
    size_t n_runs, runs_capacity;
} ent_spankey;
typedef struct ent_spanstate {
    const ent_span_row *row;
    bool keeps_rows; /* it stops clocks or has a cause: facts name its rows */
    int64_t clocks;  /* where only clocks ask for it, by their own keys: the leader of their duties, else -1 */
    ent_watches watches;
    ent_map keys;
    ent_spankey *v;
    size_t n, capacity;
    uint32_t *spare; /* places of keys that have been forgotten */
    size_t n_spare, spare_capacity;
} ent_spanstate;

typedef enum ent_clock_state {
    ENT_CLOCK_RUNNING = 0,
    ENT_CLOCK_WAITING = 1 /* discharged under `resume until`, not yet final */
} ent_clock_state;

/* Who had the key from `at` on: a party, or -1 for the duty's own. */
typedef struct ent_hold {
    int64_t at, party, origin;
} ent_hold;
typedef enum ent_holds_memory {
    ENT_HOLDS_ALLOCATED = 0,
    ENT_HOLDS_OF_CLOCK = 1, /* behind the clock itself */
    ENT_HOLDS_OF_DUTY = 2   /* one of the duty's pieces, which go round */
} ent_holds_memory;
typedef struct ent_holds {
    ent_hold *v;
    uint32_t n;
    uint32_t capacity : 30;
    uint32_t memory : 2; /* ent_holds_memory */
} ent_holds;

/* A clock that has ended, as an allowance within other duties' clocks. */
typedef struct ent_cover {
    int64_t from, end, due;
    bool has_due;
} ent_cover;
typedef struct ent_covers {
    ent_cover *v;
    size_t n, capacity;
} ent_covers;

/* Whose time a clock was. `excess` lists, for each set of parties (bits), the net time that would not have
 * been had all of them performed; held and over are per party of the program, and may be NULL. */
typedef struct ent_excess {
    uint64_t causes;
    int64_t ns;
} ent_excess;
typedef struct ent_blame_fact {
    int64_t from, to;
    ent_rowref begun, ended; /* by which rows */
    uint64_t causes;
    int64_t span; /* of time that does not count; else -1 */
    bool beyond;
} ent_blame_fact;
typedef struct ent_blame {
    ent_excess *excess;
    size_t n, capacity;
    uint64_t parties; /* that had any of its time */
    int64_t *held, *over;
    ent_blame_fact *facts;
    size_t n_facts, facts_capacity;
} ent_blame;

/* What few clocks need. */
typedef struct ent_clock_more {
    ent_intervals waits; /* between discharge and reopening */
    int64_t changed_at;  /* last change that `following` saw, or INT64_MIN */
} ent_clock_more;

/* Two cache lines, of which most rows of the key need only the first; behind them in the same piece of memory the keys
 * that are not the clock's own and the fields of the trigger's row that its outcome will have. */
typedef struct ent_clock {
    int64_t key;
    int64_t trigger_at;
    int64_t start; /* INT64_MIN: `counting from` has not come yet */
    int64_t allowed_ns;
    ent_holds holds;
    ent_clock_more *more; /* NULL: there was no need of it */
    uint32_t allow;       /* index into the allow table */
    int8_t holder;        /* the party of its last holder; ENT_NO_HOLDER before there is one */
    uint8_t state;        /* ent_clock_state */
    bool field_absent : 1;
    bool excused_when : 1;
    bool resumed : 1; /* was discharged and undone: what it waited for then decides it */
    int64_t origin;
    int64_t field_value; /* what chose the allowance */
    int64_t discharged_at;
    ent_rowref discharged; /* by which row */
    ent_hold first_hold;   /* where `holds` begins */
} ent_clock;
_Static_assert(sizeof(ent_clock) <= 128, "a clock is two cache lines");

#define ENT_NO_HOLDER INT8_MIN
#define ENT_KEY_OWN (ENT_MAP_NONE - 1)

typedef struct ent_outcome {
    int64_t at, due, done, elapsed, allowed;
    bool has_due, has_done, met, excused;
    int64_t key;
    int64_t *saved; /* owned */
    uint8_t *saved_absent;
    int64_t over_ns; /* of an unmet one: net time beyond the allowance, and whose doing it was */
    ent_excess *excess;
    size_t n_excess;
    int64_t origin;
} ent_outcome;

/* Whose time the clocks of a duty were that have been decided; see whose.c. */
typedef struct ent_whose {
    ent_whose_time *times; /* by allowance, then by party */
    size_t *causes;        /* uses of spans `caused by` in which its clocks do not stand still */
    size_t n_causes;
} ent_whose;

typedef struct ent_keytime {
    int64_t key, at;
} ent_keytime;

/* A value of the field that chooses an allowance, and which it chooses; in a table, -1: a free place. */
typedef struct ent_choice {
    int64_t value, allow;
} ent_choice;

typedef struct ent_dutystate {
    const ent_duty_row *row;
    int64_t index;
    ent_choice *choices; /* 2^choice_bits places, found by their values' hashes */
    unsigned choice_bits;
    int64_t otherwise; /* the allowance for a value that is not among them, or none; -1: none */
    /* Duties of the same agreement name and name are versions of one: while a clock of any of them runs
     * for a key, none starts.  The first one's `next_version` begins their chain. */
    int64_t head, next_version;
    ent_watches watches;
    int64_t from, to; /* agreement in force */
    ent_map running;  /* key -> place in clocks, ENT_MAP_NONE when none runs */
    ent_clock **clocks;
    size_t n_clocks, clocks_capacity;
    ent_clock *spare_clocks; /* memory of clocks that have ended, linked by `more` */
    ent_hold *spare_holds;   /* the same for lists of holders, linked by their first word */
    void *clock_blocks;      /* all memory of both, linked */
    ent_map discharged; /* restart: keys whose last clock was discharged, numbered in that order */
    uint32_t n_discharged;
    ent_map counted;    /* retroactive: key -> place in counted_at */
    int64_t *counted_at;
    size_t n_counted, counted_capacity;
    /* decided outcomes that an open window may still want */
    ent_outcome *outcomes;
    size_t n_outcomes, outcomes_capacity;
    bool follows_holder; /* whose time it is follows the feed's holder field */
    bool serves;         /* its clocks are allowances within other duties */
    int64_t leader;      /* the first of the duties that move with it: those linked by versions and allowances */
    int64_t *members;    /* of a leader */
    size_t n_members;
    int64_t *spans;      /* of a leader: those that only its members' clocks ask for */
    size_t n_spans;
    int64_t *allowances; /* duties of other parties whose clocks are allowances within this one's */
    size_t n_allowances;
    ent_map covered; /* key -> place in covers */
    ent_covers *covers;
    size_t n_covers, covers_capacity;
    ent_map held; /* retroactive: key -> place in histories */
    ent_holds *histories;
    size_t n_histories, histories_capacity;
    size_t n_uses;
    uint32_t *key_at; /* by use: its place in a clock's keys, ENT_KEY_OWN, or ENT_MAP_NONE: calendars have no key */
    size_t n_keys;
    const ent_spanuse_row **uses; /* pauses, then excused during, then one an allowance (or NULL), then causes */
    size_t first_excused_use, first_allow_use, first_cause_use;
    size_t n_saved;
    int64_t *saved_fields; /* relative fields of the trigger feed */
    size_t *saved_offsets; /* in 64-bit words */
    size_t saved_words;
    uint64_t without_allowance; /* triggers whose allowance no clause names */
    ent_whose *whose; /* NULL: it is not counted */
} ent_dutystate;

/* Values of 32 bits, as most integers are that are kept. */
typedef struct ent_value_chunk {
    struct ent_value_chunk *next;
    uint32_t n, capacity;
    int32_t v[];
} ent_value_chunk;

/* How often each of the values from `least` came. */
typedef struct ent_value_counts {
    size_t n;     /* of all of them */
    size_t tried; /* how many values were kept when a wider window was last looked for */
    int32_t least;
    uint32_t size;
    uint32_t count[];
} ent_value_counts;

/* One aggregate of one subject in one window: mergeable, plain but for the list of values. */
typedef struct ent_fold_state {
    int64_t rows;     /* rows in the window for the subject, before any condition */
    int64_t observed; /* rows that count for the silence policy */
    int64_t n, good, absent, excluded;
    ent_i128 sum;
    ent_fsum *fsum;
    ent_q qsum;
    bool has_value, failed;
    int64_t ivalue;
    double fvalue;
    ent_q qvalue;
    void *values; /* of percentile: int64_t, double or ent_q */
    size_t n_values, values_capacity;
    ent_value_chunk *narrow; /* more of them, the latest first */
    ent_value_counts *counts; /* and more, or NULL */
    size_t n_narrow;          /* in chunks and counts */
    int64_t good_ns, bad_ns; /* time share */
    int64_t expected;        /* samples, or net time in ns of a time share */
    int64_t missing;         /* of what was expected of each key, what did not come */
} ent_fold_state;

/* The bad samples of one set of causes: what a replay leaves out when all of them perform. The group's own
 * fold counts them, too, but has not their values. */
typedef struct ent_charged {
    uint64_t causes;
    ent_fold_state fold;
} ent_charged;

/* An unmet outcome: met when its causes' excess, left out, brings it within the allowance; `turns`
 * says whether the share's condition would hold then. */
typedef struct ent_unmet {
    int64_t over_ns;
    ent_excess *excess;
    size_t n_excess;
    int64_t origin, at;
    bool turns;
} ent_unmet;

typedef struct ent_group {
    int64_t key;
    ent_fold_state *folds;
    ent_charged *charged;
    size_t n_charged, charged_capacity;
    size_t n_good_values; /* percentiles, once decided: how many of the values were not bad */
    bool whole;           /* percentiles, once decided: the bad values are among the fold's own, too */
    ent_unmet *unmet;
    size_t n_unmet, unmet_capacity;
    ent_fact *facts; /* the first runs of bad samples */
    size_t n_facts, facts_left_out;
} ent_group;

/* The time that `at most` exclusions take out for one key, as of one slice. */
typedef struct ent_capset {
    uint64_t slice;
    ent_intervals set;
} ent_capset;

typedef struct ent_window_state {
    int64_t from, to;       /* as reported: the calendar window, or its part in force */
    int64_t lo;             /* what counts begins here */
    int64_t ends;           /* when it can be decided: `to`, or, of a part of a rolling window, the end of the
                             * whole, because only windows that lie wholly in the period are decided */
    int64_t whole_ns;       /* length of the whole window */
    bool part, closed;
    ent_map keys;
    ent_group *groups;
    size_t n_groups, groups_capacity;
    ent_map caps;           /* `at most` of exclusions: cached per key and slice, see objective.c */
    ent_capset *cap_sets;
    size_t n_cap_sets, cap_sets_capacity;
    ent_map carries;        /* time shares: key -> when it was last asked which dependencies are bad */
    int64_t *carried;
    size_t n_carried, carried_capacity;
    ent_map seen_keys;      /* samples of each key, where a subject has several; of time shares, known ns */
    int64_t *seen;
    size_t n_seen, seen_capacity;
} ent_window_state;

/* What is known of one key of a feed that a fold samples. */
typedef struct ent_tracker {
    int64_t key;
    int64_t subject;
    int64_t first_seen;
    int64_t accounted; /* time share: up to here */
    int64_t last_at;
    int8_t state;      /* -1 unknown, 0 bad, 1 good */
    int64_t service;    /* that the key's rows are about, or -1 */
    int64_t bad_since;  /* time share: when the stretch in the wrong state began, which is at its sample */
    int64_t origin;     /* of that row */
    int64_t row_at, row_origin; /* the row up to which it is being accounted; 0: no row */
    int64_t *use_keys;  /* of the objective's exclusions, then of the fold's causes */
} ent_tracker;
typedef struct ent_trackers {
    ent_map keys;
    ent_tracker *v;
    size_t n, capacity;
} ent_trackers;

/* One sample of a service that others depend on; run_from: when its run of bad samples began. */
typedef struct ent_mark {
    int64_t at, run_from;
    bool bad;
} ent_mark;
typedef struct ent_marks {
    ent_mark *v;
    size_t n, capacity;
} ent_marks;

/* A bad sample, or a stretch in the wrong state, whose roots are not known yet. */
typedef struct ent_suspect {
    int64_t from, to; /* to == from: a sample */
    int64_t key, service;
    int64_t root; /* once settled: its only root, or -1 */
    ent_window_state *window;
    uint32_t group;
    uint32_t tracker; /* of a stretch */
    int64_t first;    /* of a stretch: its first instant in the window, of which `from` may be a later one */
    int64_t origin, until_origin;
    union {
        int64_t i;
        double f;
        ent_q q;
    } value;
} ent_suspect;

/* Whose doing an objective's bad samples are; see cause.c. */
typedef struct ent_causes {
    bool counts_all; /* every row that counts is bad: count and sum against an upper bound */
    bool inverted;   /* a share against an upper bound: bad is what meets the condition */
    bool seeks;      /* roots along the dependencies */
    bool stretches;  /* of a time share */
    bool low_is_bad; /* a value below the limit is bad, else one above it */
    bool equal_is_bad;
    int64_t limit_i; /* the target as the values have it */
    bool limit_beyond; /* the target is beyond all int64 values on the bad side: none is bad */
    double limit_f;
    ent_q limit_q;
    int64_t interval;
    ent_marks *marks;     /* one a service */
    bool borrows;         /* the marks are those of an objective before this one that sees samples alike */
    int64_t settled_until; /* of the slice before: who borrows the marks may ask an interval further back */
    uint8_t *is_dependency;
    uint32_t *visited; /* stamps, one a service */
    uint32_t stamp;
    ent_suspect *suspects;
    size_t n_suspects, suspects_capacity;
} ent_causes;

typedef struct ent_objectivestate {
    const ent_objective_row *row;
    int64_t index;
    const ent_zone *zone;
    int64_t from, to; /* agreement in force */
    bool over_outcomes, started, capped; /* capped: some exclusion is `at most` */
    ent_interval next_each;
    int64_t next_end; /* rolling */
    bool exhausted;
    ent_window_state **active;
    size_t n_active, active_capacity;
    ent_trackers *trackers; /* one a fold */
    ent_causes *causes;     /* NULL: bad samples have no causes of their own, and the supplier answers */
    int64_t lender;         /* an objective before this one whose folds are this one's, too, or -1 */
    bool own_causes;        /* of one with a lender: another limit makes other samples bad */
    bool replays_outcomes;
    const ent_spanuse_row **uses;
    size_t n_uses;
} ent_objectivestate;

/* What is known of each term in one window. */
typedef struct ent_pool_tally {
    int64_t from; /* of the window in the pool's zone */
    uint8_t *marks;
} ent_pool_tally;
typedef struct ent_poolstate {
    const ent_pool_row *row;
    int64_t index;
    const ent_zone *zone;
    int64_t from, to;  /* framework in force */
    ent_interval next; /* the first window that is not decided */
    bool exhausted;
    ent_pool_tally *tallies; /* of windows that are not decided */
    size_t n_tallies, tallies_capacity;
    ent_pool_part *parts; /* of all its decisions */
    size_t n_parts, parts_capacity;
    uint8_t *stack; /* for evaluating the terms */
} ent_poolstate;

struct ent_engine {
    const ent_image *program;
    ent_strings *strings;
    bool owns_strings;
    ent_vm *vm;
    uint32_t lanes_max;
    ent_zone **zones; /* one a string index that names a zone, else NULL */
    ent_calendar **calendars;
    ent_feedstate *feeds;
    ent_spanstate *spans;
    ent_dutystate *duties;
    ent_objectivestate *objectives;
    ent_poolstate *pools;
    ent_tuples tuples;
    ent_events events;    /* scratch */
    ent_intervals pauses; /* scratch */
    struct ent_blaming *blaming; /* scratch of blame.c */
    ent_blame spare_blame;
    ent_answer *spare_answers;    /* whose memory goes round */
    ent_answer *returned_answers; /* of a part: those that the engine has told, added while it may be at work */
    int64_t from, to, watermark;
    bool from_set, to_set, started, ended, failed;
    bool giving; /* decisions are being given out: the state is between two states */
    uint64_t slice; /* number of the slice in hand */
    struct ent_ready *ready; /* which was made ready ahead, or NULL */
    struct ent_parts *parts; /* which have the clocks, or NULL; see parts.h */
    bool is_part;            /* one of another engine's, by its number, and what its slice means */
    size_t number;
    struct ent_meaning *meaning;
    ent_verdict *decisions; /* not yet given out */
    size_t n_decisions, decisions_capacity;
    ent_verdict **order;    /* scratch: decisions are large, so they stay where they are */
    size_t order_capacity;
    size_t settle_at;       /* give out when there are so many */
    struct ent_judge *judge;
    struct ent_claims *claims;
    int64_t claim_hold_ns;  /* decisions wait so long for claims of their credits */
    /* of a copy that is asked how things stand: open windows are decided, each with its budget */
    bool standing;
    ent_budget *budgets;
    size_t budgets_capacity;
    ent_engine_options options;
    ent_warning *notices;
    size_t n_notices, notices_capacity;
};

/* --- util.c --- */
bool ent_fail(ent_engine *s, ent_fault *error, ent_fault_code code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
bool ent_no_memory(ent_fault *error);
/* Makes room for `need` elements; false when memory runs out. */
bool ent_reserve(void **v, size_t *capacity, size_t need, size_t element);
const ent_zone *ent_engine_zone(const ent_engine *s, int64_t zone_string);
ent_verdict *ent_engine_decision(ent_engine *s); /* appended, zeroed; NULL: no memory */
int64_t ent_add_sat(int64_t a, int64_t b);
/* The part of a stretch of which the feed's rows speak; empty: from == to. */
ent_interval ent_engine_heard(const ent_engine *s, int64_t feed, ent_interval stretch);
/* The instants between which the agreement is in force. */
void ent_agreement_period(const ent_engine *s, const ent_agreement_row *agreement, int64_t *from_ns,
                          int64_t *to_ns);

/* --- span.c --- */
bool ent_watches_add(const ent_image *p, ent_watches *w, int64_t pattern, uint8_t bit);
bool ent_watches_add_feed(const ent_image *p, ent_watches *w, int64_t feed, uint8_t bit);
/* Every row but those that leave their key with whoever has it. */
bool ent_watches_add_turns(const ent_image *p, ent_watches *w, int64_t feed, uint8_t bit);
void ent_watches_deinit(ent_watches *w);
/* Forgets what was collected. */
void ent_events_clear(ent_engine *s);
/* Appends to s->events the slice's rows that mean something to w. */
bool ent_watches_collect(ent_engine *s, const ent_watches *w, uint16_t tag);
/* The same of one watch alone, tag 0, dealt out to parts by key: those of parts follow one another, and ends[i] is
 * where those of part i do. */
bool ent_watch_deal(ent_engine *s, const ent_watch *watch, size_t n_parts, size_t *ends);
/* Keys that are numbers handed out one after another come together, and lie together in what is kept by key: so many of
 * them are of one part.  n_parts: a power of two. */
static inline size_t ent_part_of(int64_t key, size_t n_parts)
{
    enum { KEYS_TOGETHER = 64 };
    return (size_t)((uint64_t)key / KEYS_TOGETHER) & (n_parts - 1);
}
/* Puts s->events in event order: instant, feed, row, tag. */
void ent_events_sort(ent_engine *s);
bool ent_spanstate_init(ent_engine *s, ent_spanstate *span, int64_t index, ent_fault *error);
void ent_spanstate_deinit(ent_spanstate *span);
/* Fills s->events with what rows of the slice mean to the span. */
bool ent_spanstate_find(ent_engine *s, const ent_spanstate *span);
bool ent_spanstate_slice(ent_engine *s, ent_spanstate *span);
/* No clock of the key is left, and no later one begins before `before`: lets go of what had ended by then. */
void ent_span_forget(ent_spanstate *span, int64_t key, int64_t before);
/* The key will be asked for soon; once that has had time, what is kept of it will. */
void ent_span_prefetch(const ent_spanstate *span, int64_t key);
void ent_span_prefetch_runs(const ent_spanstate *span, int64_t key);
bool ent_span_contains(const ent_spanstate *span, int64_t key, int64_t at);
/* The row that an event is. */
static inline ent_rowref ent_event_row(const ent_event *e)
{
    return (ent_rowref){e->origin, (int32_t)e->feed};
}
/* The stretch of the key that contains `at`, or the next one; an open one ends at ENT_NOT_OPEN.  false: none. */
bool ent_span_run_after(const ent_spanstate *span, int64_t key, int64_t at, ent_spanrun *out);
/* Adds the time of a span use in [from, to) to the set; key is ignored for calendars. */
bool ent_use_collect(ent_engine *s, const ent_spanuse_row *use, int64_t key, int64_t from,
                     int64_t to, ent_intervals *out);
bool ent_use_contains(ent_engine *s, const ent_spanuse_row *use, int64_t key, int64_t at);

/* --- ahead.c --- */
/* Fills s->events if that was done ahead: lists are numbered by span, then by duty. */
bool ent_ready_events(ent_engine *s, size_t list);
/* Exchanges the lists, and no scratch. */
void ent_events_exchange(ent_events *a, ent_events *b);

/* --- clock.c --- */
/* Net time of a clock in [start, at). */
bool ent_clockstate_elapsed(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t at,
                            int64_t *elapsed_ns);
/* The first and the last instant at which elapsed equals the allowance given, as far as known at `now`. */
bool ent_clockstate_due(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t allowed_ns,
                        int64_t now, bool *has_due, int64_t *due_ns, bool *has_runout, int64_t *runout_ns);

/* The stretches of [start, at) in which the clock ran. */
bool ent_clockstate_slices(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t at,
                           ent_intervals *out);

/* How a clock stands at `now`: what its line and its outcome say. */
typedef struct ent_standing {
    int64_t elapsed, due, runout;
    bool has_due, has_runout, over, excused;
} ent_standing;
/* Leaves in s->pauses what the clock's pauses up to `now` are, if it has begun. */
bool ent_clockstate_stand(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t now,
                          ent_standing *out);
/* The calendar whose time counts; NULL: all time does. */
static inline const ent_calendar *ent_clock_base(const ent_engine *s, const ent_clock *c)
{
    int64_t use = s->program->allow[c->allow].use;
    int64_t calendar = use < 0 ? -1 : s->program->spanuse[use].calendar;
    return calendar < 0 ? NULL : s->calendars[calendar];
}

/* The key of a span use of the clock's duty, INT64_MIN if it has none. */
static inline int64_t ent_clock_key(const ent_dutystate *d, const ent_clock *c, size_t use)
{
    uint32_t at = d->key_at[use];
    return at == ENT_KEY_OWN ? c->key : at == ENT_MAP_NONE ? INT64_MIN : ((const int64_t *)(c + 1))[at];
}
/* The fields of the trigger's row, and which of them are absent. */
static inline int64_t *ent_clock_saved(const ent_dutystate *d, const ent_clock *c, uint8_t **absent)
{
    int64_t *saved = (int64_t *)(c + 1) + d->n_keys;
    *absent = (uint8_t *)(saved + d->saved_words);
    return saved;
}

/* --- hold.c, blame.c --- */
/* Finds for each duty whose clocks are allowances within it, and which duties must move together. */
bool ent_duties_link(ent_engine *s);
/* Takes note of who has the key after this row; hold is the clock's list, or the duty's for a key. */
bool ent_holds_take(ent_engine *s, ent_dutystate *d, ent_holds *holds, const ent_event *e);
/* A clock ended at `end` that is an allowance within other duties. */
bool ent_covers_add(ent_dutystate *d, const ent_clock *c, int64_t end, bool has_due, int64_t due);
/* Forgets, as of `now`, the key's past clocks in all duties that move with d, and its past in the spans that only their
 * clocks ask for, if nothing can ask for them any more. */
void ent_clocks_forget(ent_engine *s, const ent_dutystate *d, int64_t key, int64_t now);
bool ent_holds_reserve(ent_dutystate *d, ent_holds *holds, uint32_t need);
void ent_holds_free(ent_dutystate *d, ent_holds *holds);
/* Whose net time the clock was up to `upto`, and what of it was beyond allowances. */
bool ent_clockstate_blame(ent_engine *s, const ent_dutystate *d, const ent_clock *c, int64_t upto,
                          ent_blame *out);
/* Lets go of it: the next one takes its memory. */
void ent_blame_deinit(ent_engine *s, ent_blame *blame);
void ent_blame_free(ent_blame *blame);
void ent_blaming_free(struct ent_blaming *blaming);
/* The answer for a clock that has run out by `over_ns`; NULL: memory. */
ent_answer *ent_blame_answer(ent_engine *s, const ent_dutystate *d, const ent_clock *c,
                             const ent_blame *blame, bool has_done, int64_t upto,
                             int64_t over_ns);

/* --- whose.c --- */
bool ent_whose_init(const ent_engine *s, ent_dutystate *d);
void ent_whose_deinit(ent_dutystate *d);
/* Counts whose net time a clock was that is decided, right after ent_clockstate_stand as of its discharge; of a breach
 * what was found out about it, else NULL.  false: no memory. */
bool ent_whose_count(ent_engine *s, const ent_dutystate *d, const ent_clock *c, const ent_blame *breach);

/* --- judge/responsible.c --- */
/* Solves the game of a clause whose end is `end`; the answer's parts are the players, and the game says what is left
 * when some perform. */
bool ent_judge_answer(ent_engine *s, int64_t end_ns, ent_answer *answer, ent_game *game);
/* Splits a breach's credit among those who bear it. */
bool ent_judge_split(ent_engine *s, ent_verdict *d);

/* --- duty.c --- */
bool ent_dutystate_init(ent_engine *s, ent_dutystate *d, int64_t index, ent_fault *error);
void ent_dutystate_deinit(ent_dutystate *d);
/* All zero but for its memory of keys and holders; NULL: no memory. */
ent_clock *ent_clock_new(ent_dutystate *d);
/* Fills s->events with what rows of the slice mean to all duties that move with d, their leader. */
bool ent_dutystate_find(ent_engine *s, const ent_dutystate *d);
/* Takes the slice through them. */
bool ent_dutystate_slice(ent_engine *s, ent_dutystate *d, ent_fault *error);
bool ent_dutystate_finish(ent_engine *s, ent_dutystate *d, ent_fault *error);
/* Decides one clock as things stand at the end. */
bool ent_clock_finish(ent_engine *s, ent_dutystate *d, const ent_clock *c);
/* The outcomes with from <= at < to as they are known at `now`, as pending rows of the outcome feed. If blames
 * is not NULL, *blames becomes an array with whose doing each row is (over_ns 0: met), and the rows' origins
 * are places in it; the caller frees it and each one's excess. */
bool ent_dutystate_outcomes(ent_engine *s, int64_t duty, int64_t from, int64_t to, int64_t now,
                            ent_feedstate *outcomes, ent_unmet **blames, ent_fault *error);
void ent_outcome_deinit(ent_outcome *outcome);
void ent_dutystate_forget(ent_dutystate *d, int64_t before);

/* --- fold.c --- */
void ent_fold_deinit(ent_fold_state *state);
/* Takes one row's value in; cls and lane say which. */
bool ent_fold_value(const ent_fold_row *fold, ent_fold_state *state, const ent_colbuf *values,
                    size_t lane);
bool ent_fold_merge(const ent_fold_row *fold, ent_fold_state *into, const ent_fold_state *from);
/* The figure as a value of class *cls; *absent when there is none. */
bool ent_fold_result(const ent_image *p, const ent_fold_row *fold, ent_fold_state *state,
                     int64_t missing, int missing_policy, ent_constant *out, bool *absent,
                     ent_fault *error);

/* --- ranks.c --- */
/* A chunk with room for one more value of 32 bits; NULL: no memory.  Who adds values counts them there and in
 * n_narrow. */
ent_value_chunk *ent_ranks_room(ent_fold_state *state);
bool ent_ranks_merge(ent_fold_state *into, const ent_fold_state *from);
/* The value at the place (from 0) in the order of all integers that are kept; false: no memory. */
bool ent_ranks_select(const ent_fold_state *state, size_t rank, int64_t *out);
/* The same among `n` values, which change their places. */
int64_t ent_select_integer(int64_t *v, size_t n, size_t rank);
void ent_ranks_free(ent_fold_state *state);

/* --- objective.c --- */
bool ent_objectivestate_init(ent_engine *s, ent_objectivestate *o, int64_t index, ent_fault *error);
void ent_objectivestate_deinit(ent_engine *s, ent_objectivestate *o);
bool ent_objectivestate_start(ent_engine *s, ent_objectivestate *o);
bool ent_objectivestate_slice(ent_engine *s, ent_objectivestate *o, int64_t until, ent_fault *error);
bool ent_objectivestate_close(ent_engine *s, ent_objectivestate *o, int64_t until, bool end,
                              ent_fault *error);
/* Lets go of the windows that have been closed, once whoever borrows their folds has decided, too. */
void ent_objectivestate_drop_closed(ent_objectivestate *o);
/* The first end of a window after `after`, of an objective over outcomes; INT64_MAX if none. */
int64_t ent_objectivestate_next_stop(const ent_objectivestate *o, int64_t after);

/* --- pool.c --- */
bool ent_poolstate_init(ent_engine *s, ent_poolstate *pool, int64_t index, ent_fault *error);
void ent_poolstate_deinit(ent_poolstate *pool);
void ent_poolstate_start(const ent_engine *s, ent_poolstate *pool);
/* Takes note of a decision that may be what the pool is paid for. */
bool ent_poolstate_observe(ent_engine *s, ent_poolstate *pool, const ent_verdict *d);
bool ent_poolstate_close(ent_engine *s, ent_poolstate *pool, int64_t until, bool end,
                         ent_fault *error);

/* --- engine.c, finish.c --- */
/* Takes all rows so far, the last of which are of the instant `last`; as ent_engine_advance to it, but that rows of
 * that instant are taken, too, although more of them may come.  Only where it makes no difference in which order
 * rows of one instant are seen. */
bool ent_engine_pass(ent_engine *s, int64_t last, ent_fault *error);
/* Takes the slice through spans and clocks. */
bool ent_engine_move_clocks(ent_engine *s, ent_fault *error);
/* Decides the clocks that still run, and gives out all decisions, which end with them. */
bool ent_engine_finish_clocks(ent_engine *s, ent_fault *error);

/* --- give.c --- */
/* Adds decisions, whose answers are the engine's then; false: no memory. */
bool ent_verdicts_add(ent_engine *s, const ent_verdict *decisions, size_t n);
/* Decisions are settled and given out in heaps of this size, so that memory does not grow with the run. */
enum { ENT_SETTLE_AT = 1024 };
/* Gives out the decisions that are final before then; the others wait. */
bool ent_engine_give_out(ent_engine *s, int64_t before, ent_fault *error);
/* The same if there are enough of them, or the host wants each at once. */
bool ent_engine_give_enough(ent_engine *s, int64_t before, ent_fault *error);
/* All wait: those that parts left with the slice in hand become the engine's. */
bool ent_engine_keep_told(ent_engine *s, ent_fault *error);
/* Gives a decision out; the caller lets go of what it owns. */
bool ent_engine_tell(ent_engine *s, ent_verdict *d, ent_fault *error);
/* Tells the host at once of the clock that has been decided last, if it may come in any order.  false: no memory. */
bool ent_engine_tell_clock(ent_engine *s);

/* --- subject.c --- */
/* The text of the first field of the subject, if it stays where it is; else NULL. */
const char *ent_subject_lasting(const ent_engine *s, const ent_verdict *d);
/* Byte order of two decisions' subjects of one clause. */
int ent_subject_compare(const ent_engine *s, const ent_verdict *a, const ent_verdict *b);
/* The first of the n decisions is told next: tells the processor which subjects' texts will be asked for. */
void ent_subject_look_ahead(const ent_engine *s, ent_verdict *const *decisions, size_t n);

/* --- judge/judge.c --- */
bool ent_judge_met(int compare, const ent_verdict *d, const ent_constant *target);
/* --- claim.c --- */
struct ent_claims *ent_claims_new(void); /* NULL when memory runs out */
void ent_claims_free(struct ent_claims *claims);
/* The longest time for claims that any agreement gives; 0: none. */
int64_t ent_claims_hold(const ent_image *p);
/* Takes the claims of the slice in hand. */
bool ent_claims_slice(ent_engine *s);
/* Fills in whether the decision's credit was claimed, if its agreement asks for that. */
void ent_claims_ask(const ent_engine *s, ent_verdict *d);

/* --- the judge --- */
/* NULL when memory runs out. */
struct ent_judge *ent_judge_new(void);
void ent_judge_free(struct ent_judge *judge);
/* What one funder with that charge puts into the pool, rounded to minor units. */
bool ent_judge_pool_amount(ent_engine *s, const ent_pool_row *pool, const ent_verdict *d,
                           ent_q charge, ent_i128 *minor, ent_fault *error);
/* Gives the decisions of clauses that have become final their credit, caps and earnings back, in the order
 * of window ends and clauses, and then puts them in the order of the ledger. */
bool ent_judge_settle(ent_engine *s, ent_verdict **decisions, size_t n, ent_fault *error);

#endif
