/* What is made of the rows of a piece of a file on the thread that reads it, so that whoever takes the rows need not
 * look at each of them.
 *
 *   rows -> maker, one a thread -> made, one a piece -> whoever takes the rows
 *
 * The maker says where the rows are to be written, so that they are not copied. */
#ifndef ENT_FEED_MADE_H
#define ENT_FEED_MADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ent_rows;

typedef struct ent_making {
    void *user; /* NULL: nothing is made */
    void *(*maker_new)(void *user); /* NULL: no memory, as below */
    void (*maker_free)(void *maker);
    void *(*made_new)(void *maker);
    void (*made_free)(void *maker, void *made);
    /* Memory for n more rows, see ent_binder_lend; false: no memory. */
    bool (*room)(void *maker, size_t n, void **columns, int64_t **origins);
    /* The next rows of the piece, whose lines count from its begin.  false: nothing can be made of the piece. */
    bool (*take)(void *maker, const struct ent_rows *rows);
    /* Makes it of all rows taken; false: as above. */
    bool (*make)(void *maker, void *made);
    /* Forgets them. */
    void (*drop)(void *maker);
} ent_making;
#endif
