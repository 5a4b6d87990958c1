/* The items of a draft, which draft.c writes and draft_text.c reads. */
#ifndef ENT_LEDGER_DRAFT_PRIVATE_H
#define ENT_LEDGER_DRAFT_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ent_draft_item {
    ENT_DRAFT_JSON,        /* u32 n, n bytes: members, each with a comma before it */
    ENT_DRAFT_SUBJECT,     /* u16 n, n bytes: the value of the only key field, which needs no escape */
    ENT_DRAFT_CLOCK,       /* ent_draft_clock; status and shortfall come with it */
    ENT_DRAFT_ACCOUNTABLE, /* nothing: as the clause has it */
    ENT_DRAFT_PARTS,       /* nothing: parts follow, then the close */
    ENT_DRAFT_PART,        /* ent_draft_part, n_share bytes */
    ENT_DRAFT_GAP,         /* i64 of a clock */
    ENT_DRAFT_CLOCK_ROWS,  /* nothing: the rows that began and stopped the clock that went before */
    ENT_DRAFT_FACTS,       /* nothing: facts follow, then the close */
    ENT_DRAFT_FACT,        /* ent_draft_fact */
    ENT_DRAFT_CLOSE        /* nothing */
} ent_draft_item;

/* `unused` is zero where the compiler would leave bytes undefined, which go to a file. */
typedef struct ent_draft_clock {
    int64_t at_ns, due_ns, done_ns, elapsed_ns, allowed_ns;
    uint8_t status;
    bool has_due, has_done, open;
    uint8_t unused[4];
} ent_draft_clock;

typedef struct ent_draft_part {
    int64_t held_ns, excess_ns, without_ns;
    uint32_t degree;
    uint8_t party, n_share;
    bool has_share, has_times, has_without, but_for;
    uint8_t unused[6];
} ent_draft_part;

typedef struct ent_draft_fact {
    int64_t from_ns, to_ns;
    int32_t named; /* the span of a pause, the party that held */
    uint8_t kind;  /* ent_fact_kind, of those that a clock has */
    uint8_t unused[3];
} ent_draft_fact;

#endif
