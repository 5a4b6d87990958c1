/* What duty.c and duty_clock.c share. */
#ifndef ENT_STATE_DUTY_PRIVATE_H
#define ENT_STATE_DUTY_PRIVATE_H

#include "runtime/state/state.h"

/* What a row means to a duty. */
enum {
    BIT_TRIGGER = 1,
    BIT_DISCHARGE = 2,
    BIT_VOID = 4,
    BIT_UNDO = 8,
    BIT_UNTIL = 16,
    BIT_COUNT = 32,
    BIT_ROW = 64,
    BIT_HOLD = 128
};

/* Memory that lasts as long as the duty, in blocks whose first word links them; NULL: none. */
void *ent_duty_block(ent_dutystate *d, size_t size);
/* The clock that runs for the key, or NULL. */
static inline ent_clock *ent_clock_of(const ent_dutystate *d, int64_t key)
{
    uint32_t at = ent_map_get(&d->running, key);
    return at == ENT_MAP_NONE ? NULL : d->clocks[at];
}

/* Makes the table of values that choose allowances; false: no memory. */
bool ent_duty_init_choices(const ent_image *p, ent_dutystate *d);
/* The allowance for a value of the field that chooses it; false if no clause names it. */
bool ent_clock_choose(ent_engine *s, const ent_dutystate *d, size_t lane, ent_clock *c);
/* The value of a column of integers or bools; false: absent. */
bool ent_column_value(const ent_colbuf *column, size_t lane, int64_t *value);
/* When the key last had a row that counting begins with; NULL: never, or no memory. */
int64_t *ent_duty_counted_at(ent_dutystate *d, int64_t key, bool make);
/* Who had the key since its first row: for clocks that count from before their trigger. */
ent_holds *ent_duty_history(ent_dutystate *d, int64_t key, bool make);
/* Starts a clock for the event's key unless one runs; false: no memory. */
bool ent_clock_start(ent_engine *s, ent_dutystate *d, const ent_event *e);
/* Removes the key's clock from those that run. */
bool ent_clock_remove(ent_dutystate *d, int64_t key);
/* What few clocks need; made when it is asked for.  NULL: no memory. */
ent_clock_more *ent_clock_more_of(ent_clock *c);
/* Takes note of who has the key after this row. */
bool ent_clock_hold(ent_engine *s, ent_dutystate *d, ent_clock *c, const ent_event *e);
/* Whether a use has the key of its feed's rows. */
bool ent_same_key_fields(const ent_image *p, const ent_spanuse_row *use, const ent_feed_row *feed);
void ent_clock_free(ent_dutystate *d, ent_clock *c);
/* Who had it at that instant; NULL: nobody is known. */
const ent_hold *ent_hold_at(const ent_holds *holds, int64_t at);
/* When the party was within an allowance of its own on the key, as known at `upto`. */
bool ent_allowance_of(ent_engine *s, const ent_dutystate *d, int64_t party, int64_t key, int64_t upto,
                      ent_intervals *out);
#endif
