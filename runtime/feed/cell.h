/* One raw cell: a stretch of text and whether there was any.  It has no length unless it is PRESENT. */
#ifndef ENT_FEED_CELL_H
#define ENT_FEED_CELL_H

#include <stdint.h>

typedef enum ent_cell_state {
    ENT_CELL_MISSING = 0, /* no such column or member, or JSON null */
    ENT_CELL_EMPTY = 1,   /* there, with nothing in it */
    ENT_CELL_PRESENT = 2
} ent_cell_state;

/* From the begin of a cell that is not empty so many bytes may be read, whatever its length. */
enum { ENT_CELL_SLACK = 8 };

typedef struct ent_cell {
    const char *p; /* not terminated; not NULL unless MISSING */
    uint32_t len;
    uint8_t state; /* ent_cell_state */
} ent_cell;

#endif
